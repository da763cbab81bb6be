#include "runtime/graph/call.h"

namespace fedc::runtime {

std::int64_t call(const Callable& fn, void* const* buffers, const std::int64_t* dims, Buffer& arena, Team* team) {
  arena.ensure(fn.arenaBytes(dims));
  std::int64_t failed = CallArgs::kNoFailure;
  CallArgs args;
  args.buffers = buffers;
  args.dims = dims;
  args.arena = arena.data();
  args.failedSite = &failed;
  args.team = team;
  fn.run(args);
  return failed;
}

}  // namespace fedc::runtime
