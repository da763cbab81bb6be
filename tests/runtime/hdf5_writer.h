#pragma once

#include <gtest/gtest.h>
#include <hdf5.h>

#include <string>
#include <vector>

namespace fedc::runtime::test {

/// How a feature is stored.
struct HowStored {
  std::vector<hsize_t> chunk;
  bool shuffle = false, deflate = false, fletcher = false;
};

/// Writes federations for these tests; everything is open until it goes.
class Hdf5Writer {
 public:
  explicit Hdf5Writer(const std::string& path, hsize_t userBlock = 0) {
    const hid_t creation = H5Pcreate(H5P_FILE_CREATE);
    if (userBlock != 0) H5Pset_userblock(creation, userBlock);
    file_ = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation, H5P_DEFAULT);
    H5Pclose(creation);
    examples_ = H5Gcreate2(file_, "examples", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  }
  ~Hdf5Writer() {
    H5Gclose(examples_);
    H5Fclose(file_);
  }
  void write(const std::string& client, const std::string& feature, hid_t fileType, hid_t memoryType, std::vector<hsize_t> dims, const void* data,
             HowStored how = {}) {
    const hid_t group = H5Lexists(examples_, client.c_str(), H5P_DEFAULT) > 0
                            ? H5Gopen2(examples_, client.c_str(), H5P_DEFAULT)
                            : H5Gcreate2(examples_, client.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    std::vector<hsize_t> most = dims;
    if (!how.chunk.empty()) most[0] = H5S_UNLIMITED;
    const hid_t space = dims.empty() ? H5Screate(H5S_SCALAR) : H5Screate_simple(static_cast<int>(dims.size()), dims.data(), most.data());
    const hid_t plist = H5Pcreate(H5P_DATASET_CREATE);
    if (!how.chunk.empty()) H5Pset_chunk(plist, static_cast<int>(how.chunk.size()), how.chunk.data());
    if (how.shuffle) H5Pset_shuffle(plist);
    if (how.deflate) H5Pset_deflate(plist, 6);
    if (how.fletcher) H5Pset_fletcher32(plist);
    const hid_t dataset = H5Dcreate2(group, feature.c_str(), fileType, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    ASSERT_GE(dataset, 0);
    if (data != nullptr) {
      ASSERT_GE(H5Dwrite(dataset, memoryType, H5S_ALL, H5S_ALL, H5P_DEFAULT, data), 0);
    }
    H5Dclose(dataset);
    H5Pclose(plist);
    H5Sclose(space);
    H5Gclose(group);
  }
  hid_t examples() const { return examples_; }
  hid_t file() const { return file_; }

 private:
  hid_t file_ = -1, examples_ = -1;
};

}  // namespace fedc::runtime::test
