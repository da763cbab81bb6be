#include "tests/driver/federation_file.h"

#include <hdf5.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "compiler/core/array.h"
#include "compiler/core/strings.h"

namespace fedc::tests {

namespace {

using Json = nlohmann::ordered_json;

/// The file's type and the type of the bytes at hand.
std::pair<hid_t, hid_t> hdf5Types(core::Elem elem) {
  switch (elem) {
    case core::Elem::Bool:
    case core::Elem::U8: return {H5T_STD_U8LE, H5T_NATIVE_UINT8};
    case core::Elem::I8: return {H5T_STD_I8LE, H5T_NATIVE_INT8};
    case core::Elem::I16: return {H5T_STD_I16LE, H5T_NATIVE_INT16};
    case core::Elem::U16: return {H5T_STD_U16LE, H5T_NATIVE_UINT16};
    case core::Elem::I32: return {H5T_STD_I32LE, H5T_NATIVE_INT32};
    case core::Elem::U32: return {H5T_STD_U32LE, H5T_NATIVE_UINT32};
    case core::Elem::I64: return {H5T_STD_I64LE, H5T_NATIVE_INT64};
    case core::Elem::U64: return {H5T_STD_U64LE, H5T_NATIVE_UINT64};
    case core::Elem::F32: return {H5T_IEEE_F32LE, H5T_NATIVE_FLOAT};
    case core::Elem::F64: return {H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE};
    default: throw std::runtime_error("a feature of this element type cannot be written");
  }
}

double number(const Json& value) {
  if (!value.is_string()) return value.get<double>();
  const std::string text = value;
  if (text == "nan") return NAN;
  if (text == "inf" || text == "-inf") return text == "inf" ? INFINITY : -INFINITY;
  throw std::runtime_error("no number: " + text);
}

void fill(core::Array& array, const Json& value, std::size_t axis, std::int64_t& next) {
  if (axis == array.shape().size()) {
    const core::Elem elem = array.elem();
    if (elem == core::Elem::Str) {
      array.set(next++, {elem, core::intern(value.get<std::string>())});
      return;
    }
    array.set(next++, core::isFloat(elem) ? core::Literal::ofDouble(elem, number(value)) : core::Literal::ofInt(elem, value.get<std::int64_t>()));
    return;
  }
  if (!value.is_array() || static_cast<std::int64_t>(value.size()) != array.shape()[axis])
    throw std::runtime_error("a row has another shape than declared");
  for (const Json& item : value) fill(array, item, axis + 1, next);
}

void check(std::int64_t status) {
  if (status < 0) throw std::runtime_error("HDF5 refused to write a test's data");
}

/// As h5py writes them: UTF-8 of variable length.
void writeTexts(hid_t group, const std::string& name, const core::Array& array, const std::vector<hsize_t>& extents) {
  std::vector<std::string> texts;
  for (const core::StringId s : array.as<core::StringId>()) texts.emplace_back(core::textOf(s));
  std::vector<const char*> pointers;
  for (const std::string& text : texts) pointers.push_back(text.c_str());
  const hid_t type = H5Tcopy(H5T_C_S1);
  check(H5Tset_size(type, H5T_VARIABLE));
  check(H5Tset_cset(type, H5T_CSET_UTF8));
  const hid_t space = H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr);
  const hid_t dataset = H5Dcreate2(group, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  check(dataset);
  if (array.count() > 0) check(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, pointers.data()));
  H5Dclose(dataset);
  H5Sclose(space);
  H5Tclose(type);
}

void writeFeature(hid_t group, const std::string& name, const Json& rows, const core::Type& type) {
  std::vector<std::int64_t> shape = {static_cast<std::int64_t>(rows.size())};
  for (const Dim& dim : type.dims) shape.push_back(dim.constant().value());
  core::Array array(type.elem, shape);
  std::int64_t next = 0;
  fill(array, rows, 0, next);
  const std::vector<hsize_t> extents(shape.begin(), shape.end());
  if (type.elem == core::Elem::Str) return writeTexts(group, name, array, extents);
  const auto [fileType, memoryType] = hdf5Types(type.elem);
  const hid_t space = H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr);
  const hid_t dataset = H5Dcreate2(group, name.c_str(), fileType, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  check(dataset);
  if (array.count() > 0) check(H5Dwrite(dataset, memoryType, H5S_ALL, H5S_ALL, H5P_DEFAULT, array.data()));
  H5Dclose(dataset);
  H5Sclose(space);
}

}  // namespace

void writeFederation(const std::string& path, const Json& clients, const std::vector<core::Column>& columns) {
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  check(file);
  const hid_t examples = H5Gcreate2(file, "examples", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  for (const auto& [client, features] : clients.items()) {
    const hid_t group = H5Gcreate2(examples, client.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    check(group);
    for (const auto& [feature, rows] : features.items()) {
      const auto column = std::find_if(columns.begin(), columns.end(), [&](const core::Column& c) { return c.feature == feature; });
      writeFeature(group, feature, rows, column == columns.end() ? core::Type{core::Elem::F64, {}} : column->type);
    }
    H5Gclose(group);
  }
  H5Gclose(examples);
  H5Fclose(file);
}

}  // namespace fedc::tests
