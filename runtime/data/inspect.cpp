#include "runtime/data/inspect.h"

#include <algorithm>
#include <cstring>

#include "runtime/data/feature.h"
#include "runtime/data/hdf5_federation.h"
#include "runtime/data/hdf5_type.h"
#include "runtime/data/open.h"
#include "runtime/data/synthetic.h"

namespace fedc::runtime {

namespace {

/// More different values than this are no labels.
constexpr std::size_t kMostLabels = 100;

/// A dataset as its header describes it.
struct Header {
  std::int64_t rows = -1;
  std::string type;
  std::optional<FeatureType> readable;
};

Header header(hid_t group, const std::string& name) {
  Header out;
  const Hdf5Handle dataset(H5Dopen2(group, name.c_str(), H5P_DEFAULT));
  if (!dataset) return out.type = "a group, or damaged", out;
  const Hdf5Handle type(H5Dget_type(dataset.get())), space(H5Dget_space(dataset.get()));
  const int rank = space ? H5Sget_simple_extent_ndims(space.get()) : -1;
  if (!type || rank < 0) return out.type = "damaged", out;
  std::vector<hsize_t> dims(static_cast<std::size_t>(rank));
  if (rank > 0) H5Sget_simple_extent_dims(space.get(), dims.data(), nullptr);
  const FileType inFile = fileType(type.get());
  if (rank == 0) return out.type = "one value for all rows", out;
  out.rows = static_cast<std::int64_t>(std::min<hsize_t>(dims[0], hsize_t{1} << 62));
  if (!inFile.elem) return out.type = inFile.name, out;
  FeatureType have{*inFile.elem, {}};
  for (std::size_t i = 1; i < dims.size(); ++i) have.dims.push_back(static_cast<std::int64_t>(dims[i]));
  out.type = describe(have);
  out.readable = have;
  return out;
}

/// Counts the values of one feature over the first clients; nothing if they are too many to be labels.
std::map<std::int64_t, std::int64_t> countsOf(const std::string& data, const std::string& feature, core::Elem elem, std::size_t clients) {
  core::Column column;
  column.feature = feature;
  column.type = core::Type{elem, {}};
  const auto source = openData(data, {column});
  if (!source) return {};
  std::map<std::int64_t, std::int64_t> counts;
  for (std::size_t client = 0; client < clients; ++client) {
    const auto read = (*source)->read(client);
    if (!read) return {};
    const auto* bytes = static_cast<const char*>(read->columns[0]);
    for (std::int64_t row = 0; row < read->rows; ++row) {
      core::Literal value = core::Literal::zero(elem);
      std::memcpy(&value.bits, bytes + row * core::elemBytes(elem), static_cast<std::size_t>(core::elemBytes(elem)));
      ++counts[value.toInt()];
      if (counts.size() > kMostLabels) return {};
    }
  }
  return counts;
}

Expected<FederationInfo, DataError> inspectSynthetic(const std::string& data) {
  const auto spec = parseSynthetic(data);
  if (!spec) return tl::unexpected(spec.error());
  FederationInfo info;
  info.clients = spec->clients;
  info.firstId = syntheticId(0);
  info.lastId = syntheticId(info.clients - 1);
  info.rows.resize(info.clients);
  syntheticRows(*spec, 0, info.rows);
  info.counted = std::min<std::size_t>(info.clients, 1000);
  info.features = {{"x", describe({core::Elem::F32, {spec->dim}}), true, {}, {}},
                   {"y", "i32", true, {}, countsOf(data, "y", core::Elem::I32, info.counted)}};
  return info;
}

Expected<FederationInfo, DataError> inspectHdf5(const std::string& path) {
  FederationInfo info;
  std::map<std::string, FeatureType> readable;
  {
    Hdf5Lock lock;
    auto federation = openFederation(path);
    if (!federation) return tl::unexpected(federation.error());
    const std::vector<std::string>& ids = federation->ids;
    info.clients = info.counted = ids.size();
    info.firstId = ids.front();
    info.lastId = ids.back();
    std::map<std::string, std::size_t> numbers;
    for (const std::string& id : ids) {
      const Hdf5Handle group(H5Gopen2(federation->examples.get(), id.c_str(), H5P_DEFAULT));
      const auto names = group ? memberNames(group.get()) : std::nullopt;
      std::int64_t rows = names && !names->empty() ? -2 : -1;
      std::vector<bool> seen(info.features.size(), false);
      for (const std::string& name : names.value_or(std::vector<std::string>{})) {
        const Header h = header(group.get(), name);
        rows = rows == -2 || rows == h.rows ? h.rows : -1;
        const auto [at, isNew] = numbers.try_emplace(name, info.features.size());
        if (isNew) {
          info.features.push_back({name, h.type, h.readable.has_value(), {}, {}});
          // Clients before this one lack it.
          if (&id != &ids.front()) info.features.back().exception = ids.front();
          if (h.readable) readable[name] = *h.readable;
          seen.push_back(true);
          continue;
        }
        seen[at->second] = true;
        FeatureInfo& feature = info.features[at->second];
        if (!feature.exception && feature.type != h.type) feature.exception = id;
      }
      for (std::size_t f = 0; f < seen.size(); ++f)
        if (!seen[f] && !info.features[f].exception) info.features[f].exception = id;
      info.rows.push_back(rows);
    }
  }
  for (FeatureInfo& feature : info.features) {
    const auto type = readable.find(feature.name);
    if (feature.exception || type == readable.end() || !type->second.dims.empty() || !core::isInteger(type->second.elem)) continue;
    feature.counts = countsOf(path, feature.name, type->second.elem, info.clients);
  }
  return info;
}

}  // namespace

Expected<FederationInfo, DataError> inspectFederation(const std::string& data) {
  return isGenerated(data) ? inspectSynthetic(data) : inspectHdf5(data);
}

}  // namespace fedc::runtime
