#include "compiler/core/array.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "compiler/core/finite.h"

namespace fedc::core {

namespace {

constexpr std::size_t kAlignment = 64;

/// Zeroed memory, a multiple of the alignment, so that full vectors may be read at the end.
std::shared_ptr<void> allocate(std::int64_t bytes) {
  const std::size_t size = (static_cast<std::size_t>(bytes) + kAlignment - 1) / kAlignment * kAlignment + kAlignment;
  void* p = ::operator new(size, std::align_val_t(kAlignment));
  std::memset(p, 0, size);
  return std::shared_ptr<void>(p, [](void* q) { ::operator delete(q, std::align_val_t(kAlignment)); });
}

}  // namespace

Array::Array(Elem elem, std::vector<std::int64_t> shape) : elem_(elem), shape_(std::move(shape)) {
  auto memory = allocate(bytes());
  data_ = memory.get();
  owner_ = std::move(memory);
}

Array Array::view(Elem elem, std::vector<std::int64_t> shape, const void* data, std::shared_ptr<const void> keepAlive) {
  Array a;
  a.elem_ = elem;
  a.shape_ = std::move(shape);
  a.owner_ = std::move(keepAlive);
  a.data_ = data;
  a.borrowed_ = true;
  return a;
}

Array Array::scalar(Literal value) { return splat(value, {}); }

Array Array::splat(Literal value, std::vector<std::int64_t> shape) {
  Array a(value.elem, std::move(shape));
  const std::int64_t n = a.count();
  if (value.bits != 0) {
    char* out = static_cast<char*>(a.mutableData());
    const int width = elemBytes(value.elem);
    for (std::int64_t i = 0; i < n; ++i) std::memcpy(out + i * width, &value.bits, static_cast<std::size_t>(width));
  }
  return a;
}

std::int64_t Array::count() const {
  std::int64_t n = 1;
  for (std::int64_t d : shape_) n *= d;
  return n;
}

std::int64_t Array::bytes() const { return count() * elemBytes(elem_); }

void* Array::mutableData() {
  if (borrowed_ || owner_.use_count() != 1) {
    auto memory = allocate(bytes());
    if (bytes() > 0) std::memcpy(memory.get(), data_, static_cast<std::size_t>(bytes()));
    data_ = memory.get();
    owner_ = std::move(memory);
    borrowed_ = false;
  }
  // Made here, by allocate, and seen by nobody else.
  return const_cast<void*>(data_);
}

Literal Array::at(std::int64_t flat) const {
  Literal l{elem_, 0};
  const int width = elemBytes(elem_);
  std::memcpy(&l.bits, static_cast<const char*>(data_) + flat * width, static_cast<std::size_t>(width));
  return l;
}

void Array::set(std::int64_t flat, Literal value) {
  const int width = elemBytes(elem_);
  std::memcpy(static_cast<char*>(mutableData()) + flat * width, &value.bits, static_cast<std::size_t>(width));
}

Array Array::reshaped(std::vector<std::int64_t> shape) const {
  Array a = *this;
  a.shape_ = std::move(shape);
  return a;
}

Array Array::row(std::int64_t t) const {
  Array a = *this;
  a.shape_.erase(a.shape_.begin());
  a.data_ = static_cast<const char*>(data_) + t * a.bytes();
  a.borrowed_ = true;
  return a;
}

bool Array::sameBits(const Array& other) const {
  if (elem_ != other.elem_ || shape_ != other.shape_) return false;
  const std::int64_t n = count();
  if (n == 0 || std::memcmp(data_, other.data_, static_cast<std::size_t>(bytes())) == 0) return true;
  if (!isFloat(elem_)) return false;
  for (std::int64_t i = 0; i < n; ++i) {
    const Literal a = at(i), b = other.at(i);
    if (a.bits != b.bits && !(isNan(a) && isNan(b))) return false;
  }
  return true;
}

}  // namespace fedc::core
