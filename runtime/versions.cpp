#include "runtime/versions.h"

#include <hdf5.h>
#include <oneapi/tbb/version.h>
#include <unistd.h>

#include <algorithm>

#include "runtime/data/hdf5_handle.h"

namespace fedc::runtime {

std::string tbbVersion() { return TBB_runtime_version(); }

std::string hdf5Version() {
  const Hdf5Lock lock;
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(release);
}

long long machineMemory() {
  const long pages = ::sysconf(_SC_PHYS_PAGES), page = ::sysconf(_SC_PAGE_SIZE);
  return pages > 0 && page > 0 ? static_cast<long long>(pages) * page : 0;
}

}  // namespace fedc::runtime
