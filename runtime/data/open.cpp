#include "runtime/data/open.h"

#include <fmt/format.h>

#include "compiler/support/suggest.h"
#include "runtime/data/hdf5_source.h"
#include "runtime/data/synthetic.h"

namespace fedc::runtime {

bool isGenerated(std::string_view data) { return data.starts_with(kSyntheticScheme); }

Expected<std::shared_ptr<ClientSource>, DataError> openData(const std::string& data, const std::vector<core::Column>& columns) {
  if (!isGenerated(data)) {
    auto opened = openHdf5(data, columns);
    // A scheme with a slip of the pen is no file either.
    const std::size_t colon = data.find(':');
    const std::vector<std::string> schemes = {std::string(kSyntheticScheme.substr(0, kSyntheticScheme.size() - 1))};
    if (const auto meant = suggest(data.substr(0, colon), schemes); !opened && colon != std::string::npos && meant)
      opened.error().help = fmt::format("is it `{}{}`?", *meant, data.substr(colon));
    return opened;
  }
  const auto spec = parseSynthetic(data);
  if (!spec) return tl::unexpected(spec.error());
  return openSynthetic(*spec, columns);
}

}  // namespace fedc::runtime
