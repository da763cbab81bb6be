#include "runtime/process/weights.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>

#include "runtime/data/feature.h"
#include "runtime/value/npz.h"

namespace fedc::runtime {
namespace {

std::vector<std::string> components(const std::string& path) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find('.', at), path.size());
    parts.push_back(path.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

std::string describeArray(core::Elem elem, const std::vector<std::int64_t>& shape) { return describe(FeatureType{elem, shape}); }

/// Keys are saved as pairs of words.
core::Array asKeys(const core::Array& words) {
  core::Array keys(core::Elem::Key, {words.shape().begin(), words.shape().end() - 1});
  const auto from = words.as<std::uint32_t>();
  const auto to = keys.asMutable<std::uint64_t>();
  for (std::size_t i = 0; i < to.size(); ++i) to[i] = std::uint64_t{from[2 * i]} << 32 | from[2 * i + 1];
  return keys;
}

}  // namespace

std::vector<std::string> fileNames(const std::vector<std::string>& leaves) {
  std::vector<std::vector<std::string>> paths;
  for (const std::string& leaf : leaves) paths.push_back(components(leaf));
  std::size_t common = 0;
  while (std::all_of(paths.begin(), paths.end(), [&](const auto& p) { return p.size() > common + 1 && p[common] == paths[0][common]; })) {
    if (paths.empty()) break;
    ++common;
  }
  std::vector<std::string> names;
  for (const auto& path : paths) names.push_back(fmt::format("{}", fmt::join(path.begin() + static_cast<std::ptrdiff_t>(common), path.end(), ".")));
  return names;
}

Expected<std::vector<Leaf>> loadState(const std::string& path, const std::vector<core::SlotInfo>& leaves) {
  auto arrays = readNpz(path);
  if (!arrays) return tl::unexpected(arrays.error());
  return stateOf(*arrays, path, leaves);
}

Expected<std::vector<Leaf>> stateOf(const std::vector<NamedArray>& arrays, const std::string& path, const std::vector<core::SlotInfo>& leaves) {
  std::vector<std::string> paths, present;
  for (const core::SlotInfo& leaf : leaves) paths.push_back(leaf.name);
  for (const NamedArray& array : arrays) present.push_back(array.name);
  const std::vector<std::string> names = fileNames(paths);
  std::vector<Leaf> state;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const auto at = std::find(present.begin(), present.end(), names[i]);
    if (at == present.end()) return fail(fmt::format("`{}` has no `{}`, it has `{}`", path, names[i], fmt::join(present, "`, `")));
    core::Array value = arrays[static_cast<std::size_t>(at - present.begin())].value;
    const auto layout = denseLayout(leaves[i].type);
    if (!layout) return fail(fmt::format("`{}`: {}", leaves[i].name, layout.error().message));
    if (layout->elem == core::Elem::Key && value.elem() == core::Elem::U32 && !value.shape().empty() && value.shape().back() == 2)
      value = asKeys(value);
    if (value.elem() != layout->elem || value.shape() != layout->dims) {
      return fail(fmt::format("`{}` in `{}` is `{}`, the program's state has `{}`", names[i], path, describeArray(value.elem(), value.shape()),
                              describeArray(layout->elem, layout->dims)));
    }
    state.push_back(Leaf::of(value, *layout));
  }
  for (const std::string& name : present) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      return fail(fmt::format("`{}` has `{}`, which the program's state has not; it has `{}`", path, name, fmt::join(names, "`, `")));
    }
  }
  return state;
}

}  // namespace fedc::runtime
