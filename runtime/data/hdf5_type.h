#pragma once

#include <hdf5.h>

#include <optional>
#include <string>

#include "compiler/core/type.h"

namespace fedc::runtime {

/// The element type of a file type, or how to name it in a message.
struct FileType {
  std::optional<core::Elem> elem;
  std::string name;
  /// Lies in the file as in memory.
  bool asInMemory = false;
};

FileType fileType(hid_t type);
/// HDF5's name of a type in memory; negative: it has none.
hid_t memoryType(core::Elem elem);

}  // namespace fedc::runtime
