// A file of weights (`--init`, a checkpoint): an .npz archive, or the bytes of a single .npy. What is read can be written and reads to the same.
// links: fedc_runtime
#include "runtime/process/weights.h"
#include "runtime/value/npy.h"
#include "runtime/value/npz.h"
#include "tests/fuzz/support/files.h"
#include "tests/fuzz/support/require.h"

namespace fedc::fuzz {

bool weights(std::string_view input);

namespace {

core::SlotInfo leaf(const char* name, core::Elem elem, std::vector<Dim> dims) {
  core::SlotInfo slot;
  slot.name = name;
  slot.type = core::Type{elem, std::move(dims)};
  return slot;
}

}  // namespace

bool weights(std::string_view input) {
  if (input.starts_with("\x93NUMPY")) {
    const auto array = runtime::fromNpy(input);
    if (!array) return false;
    const auto bytes = runtime::toNpy(*array);
    require(bytes.has_value(), "what was read can be written");
    const auto again = runtime::fromNpy(*bytes);
    require(again && again->sameBits(*array), "what was written reads to the same");
    return true;
  }
  const std::string path = memoryFolder({{"state.npz", withCheckSums(input)}}) + "/state.npz";
  const auto arrays = runtime::readNpz(path);
  if (!arrays) return false;
  const std::vector<core::SlotInfo> leaves = {leaf("m.w", core::Elem::F32, {Dim(2), Dim(3)}), leaf("m.b", core::Elem::F32, {Dim(3)}),
                                              leaf("m.k", core::Elem::Key, {})};
  const auto state = runtime::stateOf(*arrays, path, leaves);
  return state.has_value();
}

}  // namespace fedc::fuzz
