// A native function that says, when the process ends, for how many elements it was called.
#include <fedc/plugin.h>

#include <atomic>
#include <cstdio>

// NOLINTBEGIN(readability-identifier-naming): the names of C.
namespace {

std::atomic<long> calls{0};

struct AtTheEnd {
  ~AtTheEnd() { std::fprintf(stderr, "counted: %ld\n", calls.load()); }
} at_the_end;

float counted(float x) {
  calls.fetch_add(1, std::memory_order_relaxed);
  return 2 * x;
}
FEDC_ELEMENTWISE1(counted, float, float)

}  // namespace
// NOLINTEND(readability-identifier-naming)

FEDC_PLUGIN(FEDC_FUNCTION(counted, "(f32) -> f32"))
