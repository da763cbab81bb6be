#pragma once

#include <hdf5.h>

#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// Private to runtime/data: the only place where HDF5's own header appears besides hdf5_source.cpp.
namespace fedc::runtime {

/// HDF5 has one lock at best; ours also makes its error stack silent for the calls inside.
class Hdf5Lock {
 public:
  Hdf5Lock();
  ~Hdf5Lock();
  Hdf5Lock(const Hdf5Lock&) = delete;
  Hdf5Lock& operator=(const Hdf5Lock&) = delete;

 private:
  std::lock_guard<std::mutex> guard_;
  H5E_auto2_t report_ = nullptr;
  void* reportData_ = nullptr;
};

/// An HDF5 identifier that is given back. Made and destroyed under an Hdf5Lock.
class Hdf5Handle {
 public:
  Hdf5Handle() = default;
  explicit Hdf5Handle(hid_t id) : id_(id) {}
  ~Hdf5Handle() {
    if (id_ >= 0) H5Idec_ref(id_);
  }
  Hdf5Handle(Hdf5Handle&& other) noexcept : id_(std::exchange(other.id_, -1)) {}
  Hdf5Handle& operator=(Hdf5Handle&& other) noexcept {
    std::swap(id_, other.id_);
    return *this;
  }
  explicit operator bool() const { return id_ >= 0; }
  hid_t get() const { return id_; }

 private:
  hid_t id_ = -1;
};

/// Names of a group's members, ascending by byte.
std::optional<std::vector<std::string>> memberNames(hid_t group);

}  // namespace fedc::runtime
