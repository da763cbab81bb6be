#include <algorithm>
#include <cmath>
#include <numeric>

#include "compiler/core/ops/interpret_ops.h"
#include "compiler/core/threefry.h"

namespace fedc::core {

int permutationRounds(std::int64_t n) {
  return static_cast<int>(std::ceil(3.0 * std::log(static_cast<double>(std::max<std::int64_t>(n, 1))) / std::log(4294967295.0)));
}

void randomPermutation(std::uint64_t key, std::int64_t n, std::int32_t* out) {
  std::iota(out, out + n, 0);
  // Bits in the high half, position in the low half: a plain sort of these is the stable sort by bits.
  std::vector<std::uint64_t> order(static_cast<std::size_t>(n));
  std::vector<std::int32_t> before(static_cast<std::size_t>(n));
  for (int round = permutationRounds(n); round > 0; --round) {
    const std::uint64_t bitsKey = threefry(key, 1);
    key = threefry(key, 0);
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = (static_cast<std::uint64_t>(randomBits(bitsKey, i)) << 32) | i;
    std::sort(order.begin(), order.end());
    std::copy_n(out, n, before.begin());
    for (std::size_t i = 0; i < order.size(); ++i) out[i] = before[static_cast<std::size_t>(order[i] & 0xffffffffu)];
  }
}

void runKeySeed(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results) {
  Array out = resultArray(fn, s, 0, dims);
  const auto seeds = operands[0]->as<std::uint64_t>();
  const auto keys = out.asMutable<std::uint64_t>();
  for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = seeds[i];
  results.push_back(std::move(out));
}

void runSplit(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results) {
  Array out = resultArray(fn, s, 0, dims);
  const auto keys = operands[0]->as<std::uint64_t>();
  const auto to = out.asMutable<std::uint64_t>();
  const std::size_t n = keys.empty() ? 0 : to.size() / keys.size();
  for (std::size_t i = 0; i < to.size(); ++i) to[i] = threefry(keys[i / n], i % n);
  results.push_back(std::move(out));
}

void runFoldIn(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results) {
  Array out = resultArray(fn, s, 0, dims);
  const auto keys = operands[0]->as<std::uint64_t>();
  const auto data = operands[1]->as<std::uint32_t>();
  const auto to = out.asMutable<std::uint64_t>();
  for (std::size_t i = 0; i < to.size(); ++i) to[i] = threefry(keys[s.args[0].isLiteral ? 0 : i], data[s.args[1].isLiteral ? 0 : i]);
  results.push_back(std::move(out));
}

void runRandomBits(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results) {
  Array out = resultArray(fn, s, 0, dims);
  const auto keys = operands[0]->as<std::uint64_t>();
  const auto to = out.asMutable<std::uint32_t>();
  const std::size_t n = keys.empty() ? 0 : to.size() / keys.size();
  for (std::size_t i = 0; i < to.size(); ++i) to[i] = randomBits(keys[i / n], i % n);
  results.push_back(std::move(out));
}

void runPermutation(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results) {
  Array out = resultArray(fn, s, 0, dims);
  const auto keys = operands[0]->as<std::uint64_t>();
  const std::int64_t n = out.shape().back();
  const auto to = out.asMutable<std::int32_t>();
  for (std::size_t k = 0; k < keys.size(); ++k) randomPermutation(keys[k], n, to.data() + static_cast<std::int64_t>(k) * n);
  results.push_back(std::move(out));
}

}  // namespace fedc::core
