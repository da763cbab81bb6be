#include "compiler/codegen/calls.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <type_traits>
#include <utility>

#include "compiler/core/linalg.h"
#include "compiler/core/native.h"
#include "compiler/core/strings.h"
#include "compiler/core/threefry.h"
#include "compiler/core/type.h"
#include "runtime/graph/callable.h"

namespace fedc::codegen {

namespace {

/// Random bits in the high half, position in the low half; written out flat so that the compiler makes vectors of it; AVX2 is the least that fedc
/// runs on.
__attribute__((optimize("O3"), target("avx2"))) void drawKeys(std::uint64_t key, std::int64_t n, std::uint64_t* out) {
  const std::uint32_t k0 = static_cast<std::uint32_t>(key >> 32), k1 = static_cast<std::uint32_t>(key);
  const std::uint32_t k2 = k0 ^ k1 ^ 0x1BD11BDAu;
  for (std::int64_t i = 0; i < n; ++i) {
    std::uint32_t x0 = k0, x1 = static_cast<std::uint32_t>(i) + k1;
#define FEDC_ROUND(r)                \
  x0 += x1;                          \
  x1 = (x1 << r) | (x1 >> (32 - r)); \
  x1 ^= x0;
#define FEDC_ODD FEDC_ROUND(13) FEDC_ROUND(15) FEDC_ROUND(26) FEDC_ROUND(6)
#define FEDC_EVEN FEDC_ROUND(17) FEDC_ROUND(29) FEDC_ROUND(16) FEDC_ROUND(24)
    FEDC_ODD x0 += k1;
    x1 += k2 + 1;
    FEDC_EVEN x0 += k2;
    x1 += k0 + 2;
    FEDC_ODD x0 += k0;
    x1 += k1 + 3;
    FEDC_EVEN x0 += k1;
    x1 += k2 + 4;
    FEDC_ODD x0 += k2;
    x1 += k0 + 5;
#undef FEDC_ROUND
#undef FEDC_ODD
#undef FEDC_EVEN
    out[i] = (static_cast<std::uint64_t>(x0 ^ x1) << 32) | static_cast<std::uint32_t>(i);
  }
}

/// Sorts by the high half, stable: four counting passes of eight bits; `data` holds the result.
void sortByHighHalf(std::uint64_t* data, std::uint64_t* other, std::int64_t n) {
  std::array<std::array<std::uint32_t, 256>, 4> counts{};
  for (std::int64_t i = 0; i < n; ++i)
    for (std::size_t d = 0; d < 4; ++d) ++counts[d][(data[i] >> (32 + 8 * d)) & 255u];
  for (std::size_t d = 0; d < 4; ++d) {
    std::uint32_t start = 0;
    for (std::uint32_t& c : counts[d]) start += std::exchange(c, start);
    for (std::int64_t i = 0; i < n; ++i) other[counts[d][(data[i] >> (32 + 8 * d)) & 255u]++] = data[i];
    std::swap(data, other);
  }
}

/// The same for few: by insertion.
void insertionSort(std::uint64_t* data, std::int64_t n) {
  for (std::int64_t i = 1; i < n; ++i) {
    const std::uint64_t x = data[i];
    std::int64_t j = i;
    for (; j > 0 && data[j - 1] > x; --j) data[j] = data[j - 1];
    data[j] = x;
  }
}

void permutation(void* const* buffers, const std::int64_t* ints) noexcept {
  auto* out = static_cast<std::int32_t*>(buffers[0]);
  std::uint64_t key = *static_cast<const std::uint64_t*>(buffers[1]);
  auto* draws = static_cast<std::uint64_t*>(buffers[2]);
  const std::int64_t n = ints[0];
  for (std::int64_t i = 0; i < n; ++i) out[i] = static_cast<std::int32_t>(i);
  for (int round = core::permutationRounds(n); round > 0; --round) {
    drawKeys(core::threefry(key, 1), n, draws);
    key = core::threefry(key, 0);
    if (n <= 24) {
      insertionSort(draws, n);
    } else {
      sortByHighHalf(draws, draws + n, n);
    }
    // The positions, moved by the order that the rounds before have made; the draws' low halves are no longer needed after this.
    for (std::int64_t i = 0; i < n; ++i) draws[i] = static_cast<std::uint32_t>(out[draws[i] & 0xffffffffu]);
    for (std::int64_t i = 0; i < n; ++i) out[i] = static_cast<std::int32_t>(draws[i]);
  }
}

/// Stable merge sort of positions by `less`; the result is in `order`.
template <class Less>
void mergeSort(std::int64_t* order, std::int64_t* other, std::int64_t n, const Less& less) {
  std::int64_t* from = order;
  std::int64_t* to = other;
  for (std::int64_t width = 1; width < n; width *= 2) {
    for (std::int64_t low = 0; low < n; low += 2 * width) {
      const std::int64_t middle = std::min(low + width, n), high = std::min(low + 2 * width, n);
      std::merge(from + low, from + middle, from + middle, from + high, to + low, less);
    }
    std::swap(from, to);
  }
  if (from != order) std::copy_n(from, n, order);
}

template <class T>
bool isNan(T x) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::isnan(x);
  } else {
    return false;
  }
}

template <class T>
void sortColumn(const T* keys, std::int64_t stride, std::int64_t n, std::int64_t* order, std::int64_t* other) {
  mergeSort(order, other, n, [=](std::int64_t a, std::int64_t b) {
    const T x = keys[a * stride], y = keys[b * stride];
    // NaN after everything else.
    if (isNan(x) || isNan(y)) return !isNan(x);
    return x < y;
  });
}

float halfValue(core::Elem elem, std::uint16_t bits) {
  if (elem == core::Elem::BF16) return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
  const std::uint32_t exponent = (bits >> 10) & 31u, mantissa = bits & 1023u;
  float magnitude = 0;
  if (exponent == 31u) {
    magnitude = std::bit_cast<float>(0x7f800000u | (mantissa << 13));
  } else if (exponent == 0) {
    magnitude = static_cast<float>(mantissa) * 0x1p-24f;
  } else {
    magnitude = std::bit_cast<float>(((exponent + 112u) << 23) | (mantissa << 13));
  }
  return (bits & 0x8000u) != 0 ? -magnitude : magnitude;
}

void sortKeys(core::Elem elem, const void* keys, std::int64_t stride, std::int64_t n, std::int64_t* order, std::int64_t* other) {
  using core::Elem;
  switch (elem) {
    case Elem::I8: return sortColumn(static_cast<const std::int8_t*>(keys), stride, n, order, other);
    case Elem::I16: return sortColumn(static_cast<const std::int16_t*>(keys), stride, n, order, other);
    case Elem::I32: return sortColumn(static_cast<const std::int32_t*>(keys), stride, n, order, other);
    case Elem::I64: return sortColumn(static_cast<const std::int64_t*>(keys), stride, n, order, other);
    case Elem::Bool:
    case Elem::U8: return sortColumn(static_cast<const std::uint8_t*>(keys), stride, n, order, other);
    case Elem::U16: return sortColumn(static_cast<const std::uint16_t*>(keys), stride, n, order, other);
    case Elem::U32: return sortColumn(static_cast<const std::uint32_t*>(keys), stride, n, order, other);
    case Elem::Str: {
      const auto* ids = static_cast<const core::StringId*>(keys);
      return mergeSort(order, other, n, [=](std::int64_t a, std::int64_t b) { return core::compareStrings(ids[a * stride], ids[b * stride]) < 0; });
    }
    case Elem::U64:
    case Elem::Key: return sortColumn(static_cast<const std::uint64_t*>(keys), stride, n, order, other);
    case Elem::F32: return sortColumn(static_cast<const float*>(keys), stride, n, order, other);
    case Elem::F64: return sortColumn(static_cast<const double*>(keys), stride, n, order, other);
    case Elem::F16:
    case Elem::BF16: {
      const auto* bits = static_cast<const std::uint16_t*>(keys);
      return mergeSort(order, other, n, [=](std::int64_t a, std::int64_t b) {
        const float x = halfValue(elem, bits[a * stride]), y = halfValue(elem, bits[b * stride]);
        if (x != x || y != y) return x == x && y != y;
        return x < y;
      });
    }
  }
}

void sort(void* const* buffers, const std::int64_t* ints) noexcept {
  const std::int64_t operands = ints[0];
  const std::int64_t* elems = ints + 2;
  const std::int64_t outer = elems[operands], n = elems[operands + 1], inner = elems[operands + 2];
  auto* order = static_cast<std::int64_t*>(buffers[2 * operands]);
  const auto keyElem = static_cast<core::Elem>(elems[0]);
  const std::int64_t keyBytes = core::elemBytes(keyElem);
  for (std::int64_t o = 0; o < outer; ++o) {
    for (std::int64_t i = 0; i < inner; ++i) {
      const std::int64_t start = o * n * inner + i;
      for (std::int64_t k = 0; k < n; ++k) order[k] = k;
      sortKeys(keyElem, static_cast<const char*>(buffers[0]) + start * keyBytes, inner, n, order, order + n);
      for (std::int64_t m = 0; m < operands; ++m) {
        const std::int64_t bytes = core::elemBytes(static_cast<core::Elem>(elems[m]));
        const char* from = static_cast<const char*>(buffers[m]) + start * bytes;
        char* to = static_cast<char*>(buffers[operands + m]) + start * bytes;
        for (std::int64_t k = 0; k < n; ++k) std::memcpy(to + k * inner * bytes, from + order[k] * inner * bytes, static_cast<std::size_t>(bytes));
      }
    }
  }
}

void compact(void* const* buffers, const std::int64_t* ints) noexcept {
  const auto* mask = static_cast<const std::uint8_t*>(buffers[0]);
  auto* out = static_cast<std::int32_t*>(buffers[1]);
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < ints[0]; ++i) {
    out[count] = static_cast<std::int32_t>(i);
    count += mask[i] != 0 ? 1 : 0;
  }
  // What lies beyond the count is never read, but it is defined.
  for (std::int64_t i = count; i < ints[0]; ++i) out[i] = 0;
  *static_cast<std::int64_t*>(buffers[2]) = count;
}

void solve(void* const* buffers, const std::int64_t* ints) noexcept {
  const auto elem = static_cast<core::Elem>(ints[0]);
  const std::int64_t batch = ints[1], n = ints[2], k = ints[3], bytes = core::elemBytes(elem);
  for (std::int64_t b = 0; b < batch; ++b)
    core::choleskySolve(elem, n, k, static_cast<const char*>(buffers[0]) + b * n * n * bytes,
                        static_cast<const char*>(buffers[1]) + b * n * k * bytes, static_cast<char*>(buffers[2]) + b * n * k * bytes, buffers[3]);
}

void native(void* const* buffers, const std::int64_t* ints) noexcept {
  const std::int64_t count = ints[0];
  std::array<fedc_input, FEDC_PLUGIN_MAX_INPUTS> inputs{};
  const std::int64_t* at = ints + 1;
  for (std::int64_t i = 0; i < count; at += at[0] + 1, ++i) inputs[static_cast<std::size_t>(i)] = {buffers[i + 1], at + 1, at[0]};
  const fedc_output output{buffers[count + 1], at + 1, at[0]};
  // The linker gives the function's address, as data.
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
  reinterpret_cast<fedc_native>(buffers[0])(inputs.data(), &output);
}

std::string_view stringAt(const void* strings, std::int64_t i) { return core::textOf(static_cast<const core::StringId*>(strings)[i]); }

// Called as calls.def names them.
// NOLINTBEGIN(readability-identifier-naming)
void str_compare(void* const* buffers, const std::int64_t* ints) noexcept {
  const auto *x = static_cast<const core::StringId*>(buffers[0]), *y = static_cast<const core::StringId*>(buffers[1]);
  auto* out = static_cast<std::int32_t*>(buffers[2]);
  for (std::int64_t i = 0; i < ints[0]; ++i) {
    const int order = core::compareStrings(x[i * ints[1]], y[i * ints[2]]);
    out[i] = (order > 0) - (order < 0);
  }
}

void str_length(void* const* buffers, const std::int64_t* ints) noexcept {
  auto* out = static_cast<std::int32_t*>(buffers[1]);
  for (std::int64_t i = 0; i < ints[0]; ++i) out[i] = static_cast<std::int32_t>(stringAt(buffers[0], i * ints[1]).size());
}

void str_hash(void* const* buffers, const std::int64_t* ints) noexcept {
  const auto* seeds = static_cast<const std::int64_t*>(buffers[1]);
  auto* out = static_cast<std::uint64_t*>(buffers[2]);
  for (std::int64_t i = 0; i < ints[0]; ++i) out[i] = core::hashString(stringAt(buffers[0], i * ints[1]), seeds[i * ints[2]]);
}

void str_count(void* const* buffers, const std::int64_t* ints) noexcept {
  auto* out = static_cast<std::int32_t*>(buffers[2]);
  for (std::int64_t i = 0; i < ints[0]; ++i)
    out[i] = static_cast<std::int32_t>(core::countParts(stringAt(buffers[0], i * ints[1]), stringAt(buffers[1], i * ints[2])));
}

void str_bytes(void* const* buffers, const std::int64_t* ints) noexcept {
  const auto room = static_cast<std::size_t>(ints[2]);
  auto* out = static_cast<char*>(buffers[1]);
  for (std::int64_t i = 0; i < ints[0]; ++i, out += room) {
    const std::size_t length = stringAt(buffers[0], i * ints[1]).copy(out, room);
    std::fill(out + length, out + room, '\0');
  }
}

void str_split(void* const* buffers, const std::int64_t* ints) noexcept {
  const std::int64_t room = ints[3];
  auto* out = static_cast<core::StringId*>(buffers[2]);
  for (std::int64_t i = 0; i < ints[0]; ++i, out += room)
    core::splitString(stringAt(buffers[0], i * ints[1]), stringAt(buffers[1], i * ints[2]), out, room);
}
// NOLINTEND(readability-identifier-naming)

constexpr RuntimeCall kCalls[] = {
#define FEDC_CALL(name, arguments, doc) {#name, arguments, doc, &name},
#include "compiler/codegen/calls.def"
#undef FEDC_CALL
};

}  // namespace

TeamFunction teamFunction() {
  return [](void* team, void (*range)(const void*, std::int64_t, std::int64_t), const void* context, std::int64_t extent) noexcept {
    static_cast<runtime::Team*>(team)->run(range, context, extent);
  };
}

std::string stringSymbol(std::string_view text) {
  // Two hashes of 64 bits: that two texts of one program share both is not to be expected.
  return fmt::format("fedc_string_{:016x}{:016x}", core::hashString(text, 0), core::hashString(text, 1));
}

std::span<const RuntimeCall> runtimeCalls() { return kCalls; }

const RuntimeCall* findRuntimeCall(std::string_view name) {
  const auto* it = std::find_if(std::begin(kCalls), std::end(kCalls), [&](const RuntimeCall& c) { return c.name == name; });
  return it == std::end(kCalls) ? nullptr : it;
}

}  // namespace fedc::codegen
