#include "runtime/process/seen_states.h"

#include "compiler/core/finite.h"
#include "runtime/value/layout.h"

namespace fedc::runtime {

std::optional<Failure> SeenStates::write(std::int64_t position, const std::string& id, const char* from) noexcept {
  for (std::size_t i = 0; i < seen_.size(); ++i) {
    const LeafLayout& leaf = plan_.leaves[i];
    const char* const at = from + plan_.offsets[i];
    if (core::firstNonFinite(leaf.elem, at, elementCount(leaf, 0)) < 0) continue;
    const int kind = core::nonFiniteKind(core::Array::view(leaf.elem, leaf.dims, at, nullptr));
    seen_[i].fetch_or(1u << kind, std::memory_order_relaxed);
  }
  return states_.write(position, id, from);
}

}  // namespace fedc::runtime
