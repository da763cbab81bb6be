#include "runtime/data/hdf5_type.h"

#include <fmt/format.h>

#include <bit>

namespace fedc::runtime {

namespace {

std::string describeSize(std::size_t size) { return size == 1 ? "1 byte" : fmt::format("{} bytes", size); }

}  // namespace

FileType fileType(hid_t type) {
  using core::Elem;
  const H5T_class_t kind = H5Tget_class(type);
  const std::size_t size = H5Tget_size(type);
  const bool little = H5Tget_order(type) == H5T_ORDER_LE || size == 1;
  FileType out;
  out.asInMemory = little == (std::endian::native == std::endian::little) || size == 1;
  if (kind == H5T_INTEGER) {
    const bool isSigned = H5Tget_sign(type) != H5T_SGN_NONE;
    const bool whole = H5Tget_precision(type) == 8 * size;
    if (whole && size == 1) out.elem = isSigned ? Elem::I8 : Elem::U8;
    if (whole && size == 2) out.elem = isSigned ? Elem::I16 : Elem::U16;
    if (whole && size == 4) out.elem = isSigned ? Elem::I32 : Elem::U32;
    if (whole && size == 8) out.elem = isSigned ? Elem::I64 : Elem::U64;
    out.name = fmt::format("an integer of {}", describeSize(size));
  } else if (kind == H5T_FLOAT) {
    std::size_t sign = 0, exponent = 0, exponentSize = 0, mantissa = 0, mantissaSize = 0;
    H5Tget_fields(type, &sign, &exponent, &exponentSize, &mantissa, &mantissaSize);
    if (size == 2 && exponentSize == 5 && mantissaSize == 10) out.elem = Elem::F16;
    if (size == 2 && exponentSize == 8 && mantissaSize == 7) out.elem = Elem::BF16;
    if (size == 4 && exponentSize == 8 && mantissaSize == 23) out.elem = Elem::F32;
    if (size == 8 && exponentSize == 11 && mantissaSize == 52) out.elem = Elem::F64;
    out.name = fmt::format("a float of {}", describeSize(size));
  } else if (kind == H5T_ENUM && size == 1) {
    // How h5py writes bool: an enumeration of FALSE and TRUE.
    out.elem = Elem::Bool;
    out.name = "an enumeration";
  } else if (kind == H5T_STRING) {
    out.elem = Elem::Str;
    out.asInMemory = false;
  } else if (kind == H5T_VLEN) {
    out.name = "ragged (rows of different lengths)";
  } else if (kind == H5T_COMPOUND) {
    out.name = "a compound of several values";
  } else {
    out.name = "of an HDF5 type that fedc does not read";
  }
  if (out.elem) out.name = std::string(core::elemName(*out.elem));
  return out;
}

hid_t memoryType(core::Elem elem) {
  using core::Elem;
  switch (elem) {
    case Elem::I8: return H5T_NATIVE_INT8;
    case Elem::I16: return H5T_NATIVE_INT16;
    case Elem::I32: return H5T_NATIVE_INT32;
    case Elem::I64: return H5T_NATIVE_INT64;
    case Elem::U8: return H5T_NATIVE_UINT8;
    case Elem::U16: return H5T_NATIVE_UINT16;
    case Elem::U32: return H5T_NATIVE_UINT32;
    case Elem::U64: return H5T_NATIVE_UINT64;
    case Elem::F32: return H5T_NATIVE_FLOAT;
    case Elem::F64: return H5T_NATIVE_DOUBLE;
    default: return -1;
  }
}

}  // namespace fedc::runtime
