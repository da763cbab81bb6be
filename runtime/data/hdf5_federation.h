#pragma once

#include <string>
#include <vector>

#include "runtime/data/client_source.h"
#include "runtime/data/hdf5_handle.h"

namespace fedc::runtime {

/// An open file in TensorFlow Federated's layout.
struct Hdf5Federation {
  Hdf5Handle file;
  /// The group whose members are the clients.
  Hdf5Handle examples;
  /// Ascending by byte, at least one.
  std::vector<std::string> ids;
};

/// Opens a file and reads its list of clients, under an Hdf5Lock. Errors: no such file, a directory, not HDF5, truncated, no `examples`, no clients.
Expected<Hdf5Federation, DataError> openFederation(const std::string& path);

}  // namespace fedc::runtime
