#include "runtime/data/feature.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <limits>

namespace fedc::runtime {

std::int64_t FeatureType::bytes() const {
  std::int64_t bytes = core::elemBytes(elem);
  for (const std::int64_t dim : dims) {
    if (__builtin_mul_overflow(bytes, dim, &bytes)) return std::numeric_limits<std::int64_t>::max();
  }
  return bytes;
}

std::string describe(const FeatureType& type) {
  if (type.dims.empty()) return std::string(core::elemName(type.elem));
  return fmt::format("{}[{}]", core::elemName(type.elem), fmt::join(type.dims, ", "));
}

Expected<FeatureType, DataError> featureType(const core::Column& column) {
  FeatureType type;
  type.elem = column.type.elem;
  if (type.elem == core::Elem::Key) {
    return tl::unexpected(DataError{
        fmt::format("feature `{}` is declared `{}`; reading that from a file is not supported yet", column.feature, core::elemName(type.elem)),
        {},
        column.span});
  }
  for (const Dim& dim : column.type.dims) {
    const auto extent = dim.constant();
    if (!extent) {
      return tl::unexpected(DataError{
          fmt::format("feature `{}` has an extent that is not a constant; reading that is not supported yet", column.feature), {}, column.span});
    }
    type.dims.push_back(*extent);
  }
  return type;
}

DataError typeMismatch(const core::Column& column, const FeatureType& declared, const std::string& found, const std::string& client) {
  const std::string& name = column.feature;
  return {fmt::format("feature `{}` of client `{}` is `{}` in the data, `{}` in the program", name, client, found, describe(declared)),
          fmt::format("declare `{}: {}` and convert where it is used, or rewrite the data as `{}`", name.empty() ? "value" : name, found,
                      describe(declared)),
          column.span};
}

}  // namespace fedc::runtime
