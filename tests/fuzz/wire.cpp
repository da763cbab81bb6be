// A message of docs/wire.md. The first bytes say which leaves it should hold, one a byte up to a 0; what follows is the message. What is accepted
// encodes to the same bytes.
// links: fedc_runtime
#include <vector>

#include "runtime/value/layout.h"
#include "runtime/value/wire.h"
#include "tests/fuzz/support/require.h"

namespace fedc::fuzz {

bool wire(std::string_view input);

namespace {

constexpr std::int64_t kMostRows = 64;

/// Element type from the low 4 bits, shape from the next 2 bits, padding from the highest.
runtime::LeafLayout layoutOf(unsigned char code) {
  runtime::LeafLayout out;
  out.elem = static_cast<core::Elem>((code & 15) % core::kElemCount);
  switch (code >> 4 & 3) {
    case 0: break;
    case 1: out.dims = {11}; break;
    case 2: out.dims = {3, 5}; break;
    default: out.dims = {-1, 3}; break;
  }
  if (code >= 128 && !out.dims.empty()) out.padLast = 16;
  return out;
}

}  // namespace

bool wire(std::string_view input) {
  std::vector<runtime::LeafLayout> leaves;
  std::size_t at = 0;
  while (at < input.size() && input[at] != 0) leaves.push_back(layoutOf(static_cast<unsigned char>(input[at++])));
  if (at++ >= input.size()) return false;
  const std::vector<std::uint8_t> message(input.begin() + static_cast<std::ptrdiff_t>(at), input.end());
  runtime::WireReader reader(message);
  runtime::WireBytes again;
  for (const runtime::LeafLayout& layout : leaves) {
    const auto rows = reader.rows(layout, kMostRows);
    if (!rows) return false;
    runtime::Buffer memory(layout.bytes(*rows));
    if (!reader.leaf(layout, *rows, memory.data())) return false;
    runtime::encodeLeaf(memory.data(), layout, *rows, again);
  }
  if (!reader.end()) return false;
  require(again == message, "what was decoded encodes to the same bytes");
  return true;
}

}  // namespace fedc::fuzz
