#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/data/client_source.h"

namespace fedc::runtime {

/// A file in TensorFlow Federated's layout: `examples/<client id>/<feature>`, first extent the client's rows. Opening reads the ids only; a
/// client's features are found, checked against `columns` and decoded when it is read. Contiguous features are mapped (and copied only if they
/// are not aligned), chunked ones are read raw and decoded outside HDF5's lock.
///
/// Errors, never a crash: no such file, not HDF5, truncated, no `examples`, no clients; per client: a feature missing, of another type, ragged,
/// features of different lengths, damaged chunks.
Expected<std::shared_ptr<ClientSource>, DataError> openHdf5(const std::string& path, const std::vector<core::Column>& columns);

}  // namespace fedc::runtime
