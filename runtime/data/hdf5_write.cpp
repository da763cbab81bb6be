#include "runtime/data/hdf5_write.h"

#include <fmt/format.h>

#include "runtime/data/hdf5_handle.h"
#include "runtime/value/whole_file.h"

namespace fedc::runtime {

namespace {

/// A property list without times, which would make two files differ.
Hdf5Handle withoutTimes(hid_t kind) {
  Hdf5Handle list(H5Pcreate(kind));
  H5Pset_obj_track_times(list.get(), false);
  return list;
}

bool writeColumn(hid_t group, const WrittenColumn& column) {
  return std::visit(
      [&](const auto& values) {
        constexpr bool kIsFloat = std::is_same_v<decltype(values), const std::vector<float>&>;
        const hid_t type = kIsFloat ? H5T_NATIVE_FLOAT : H5T_NATIVE_INT32;
        const hsize_t extents[] = {values.size() / std::max<std::size_t>(1, column.width), column.width};
        const Hdf5Handle space(H5Screate_simple(column.width == 0 ? 1 : 2, extents, nullptr));
        const Hdf5Handle list = withoutTimes(H5P_DATASET_CREATE);
        const Hdf5Handle dataset(H5Dcreate2(group, column.name.c_str(), type, space.get(), H5P_DEFAULT, list.get(), H5P_DEFAULT));
        return dataset && H5Dwrite(dataset.get(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) >= 0;
      },
      column.values);
}

}  // namespace

Expected<void> writeFederation(const std::string& path, const std::vector<WrittenClient>& clients) {
  const Hdf5Lock lock;
  const auto failed = [&] { return fail(fmt::format("cannot write `{}`", path)); };
  // In memory: a file that libhdf5 cannot write to its end stays open in it, and stops the process at its exit.
  constexpr std::size_t kGrowth = std::size_t{1} << 20;
  const Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS));
  if (!access || H5Pset_fapl_core(access.get(), kGrowth, false) < 0) return failed();
  const Hdf5Handle file(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access.get()));
  if (!file) return failed();
  const Hdf5Handle list = withoutTimes(H5P_GROUP_CREATE);
  const auto group = [&](hid_t parent, const std::string& name) {
    return Hdf5Handle(H5Gcreate2(parent, name.c_str(), H5P_DEFAULT, list.get(), H5P_DEFAULT));
  };
  const Hdf5Handle examples = group(file.get(), "examples");
  if (!examples) return failed();
  for (const WrittenClient& client : clients) {
    const Hdf5Handle place = group(examples.get(), client.id);
    if (!place) return failed();
    for (const WrittenColumn& column : client.columns) {
      if (!writeColumn(place.get(), column)) return failed();
    }
  }
  if (H5Fflush(file.get(), H5F_SCOPE_LOCAL) < 0) return failed();
  const ssize_t size = H5Fget_file_image(file.get(), nullptr, 0);
  if (size <= 0) return failed();
  std::string image(static_cast<std::size_t>(size), '\0');
  if (H5Fget_file_image(file.get(), image.data(), image.size()) != size) return failed();
  return writeWhole(path, image);
}

}  // namespace fedc::runtime
