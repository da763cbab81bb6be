#include "runtime/value/buffer.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <new>

namespace fedc::runtime {

std::shared_ptr<char> uninitialised(std::int64_t bytes) {
  constexpr auto alignment = std::align_val_t{kAlignment};
  auto* memory = static_cast<char*>(::operator new(static_cast<std::size_t>(alignedBytes(bytes)), alignment));
  return std::shared_ptr<char>(memory, [](char* p) { ::operator delete(p, alignment); });
}

void Buffer::Free::operator()(char* memory) const { std::free(memory); }

void Buffer::ensure(std::int64_t bytes) {
  bytes = alignedBytes(bytes);
  if (bytes <= capacity_) return;
  data_.reset();
  capacity_ = 0;
  constexpr std::int64_t kHugePage = std::int64_t{2} << 20;
  const bool huge = bytes >= 2 * kHugePage;
  const auto size = static_cast<std::size_t>(bytes);
  void* memory = std::aligned_alloc(huge ? static_cast<std::size_t>(kHugePage) : static_cast<std::size_t>(kAlignment),
                                    huge ? static_cast<std::size_t>((bytes + kHugePage - 1) / kHugePage * kHugePage) : size);
  if (memory == nullptr) throw std::bad_alloc();
  // Models and their scratch are walked from end to end: fewer pages are fewer misses of the TLB. Advice only, so its result does not matter.
  if (huge) ::madvise(memory, size, MADV_HUGEPAGE);
  std::memset(memory, 0, size);
  data_.reset(static_cast<char*>(memory));
  capacity_ = bytes;
}

}  // namespace fedc::runtime
