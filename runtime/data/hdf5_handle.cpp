#include "runtime/data/hdf5_handle.h"

#include <algorithm>

namespace fedc::runtime {
namespace {

std::mutex& lock() {
  static std::mutex mutex;
  return mutex;
}

herr_t addName(hid_t, const char* name, const H5L_info_t*, void* names) {
  try {
    static_cast<std::vector<std::string>*>(names)->emplace_back(name);
    return 0;
  } catch (...) {
    return -1;
  }
}

}  // namespace

Hdf5Lock::Hdf5Lock() : guard_(lock()) {
  // At exit it would close what a damaged file has left open in it, again and again, and say so; nothing is written that has to be closed. Counts
  // before its first call only.
  [[maybe_unused]] static const herr_t isSaid = H5dont_atexit();
  H5Eget_auto2(H5E_DEFAULT, &report_, &reportData_);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

Hdf5Lock::~Hdf5Lock() { H5Eset_auto2(H5E_DEFAULT, report_, reportData_); }

std::optional<std::vector<std::string>> memberNames(hid_t group) {
  std::vector<std::string> names;
  hsize_t at = 0;
  if (H5Literate(group, H5_INDEX_NAME, H5_ITER_NATIVE, &at, addName, &names) < 0) return std::nullopt;
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace fedc::runtime
