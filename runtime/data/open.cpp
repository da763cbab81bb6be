#include "runtime/data/open.h"

#include "runtime/data/hdf5_source.h"
#include "runtime/data/synthetic.h"

namespace fedc::runtime {

bool isGenerated(std::string_view data) { return data.starts_with(kSyntheticScheme); }

Expected<std::shared_ptr<ClientSource>, DataError> openData(const std::string& data, const std::vector<core::Column>& columns) {
  if (!isGenerated(data)) return openHdf5(data, columns);
  const auto spec = parseSynthetic(data);
  if (!spec) return tl::unexpected(spec.error());
  return openSynthetic(*spec, columns);
}

}  // namespace fedc::runtime
