#pragma once

#include <string>

namespace fedc::runtime {

/// Of the libraries that this process has loaded.
std::string tbbVersion();
std::string hdf5Version();

/// Bytes of memory in this machine; 0: unknown.
long long machineMemory();

}  // namespace fedc::runtime
