#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace fedc::runtime {

/// Every buffer that a kernel sees begins at a multiple of this many bytes, and is that long or longer.
inline constexpr std::int64_t kAlignment = 64;

/// `bytes` rounded up to the alignment; at least one unit.
constexpr std::int64_t alignedBytes(std::int64_t bytes) { return bytes <= 0 ? kAlignment : (bytes + kAlignment - 1) / kAlignment * kAlignment; }

/// Aligned memory whose bytes are all written by whoever asks for it.
std::shared_ptr<char> uninitialised(std::int64_t bytes);

/// Aligned memory that grows and never shrinks. Its content is lost when it grows; fresh memory is zero.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::int64_t bytes) { ensure(bytes); }

  /// Makes room for at least `bytes`.
  void ensure(std::int64_t bytes);
  char* data() const { return data_.get(); }
  std::int64_t capacity() const { return capacity_; }

 private:
  struct Free {
    void operator()(char* memory) const;
  };
  std::unique_ptr<char, Free> data_;
  std::int64_t capacity_ = 0;
};

}  // namespace fedc::runtime
