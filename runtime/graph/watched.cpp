#include "runtime/graph/watched.h"

#include <algorithm>

#include "runtime/value/layout.h"

namespace fedc::runtime {

namespace {

class Watched final : public Callable {
 public:
  Watched(std::shared_ptr<const Callable> inner, GraphCall call, CallWatch& watch) : inner_(std::move(inner)), call_(call), watch_(watch) {}

  const Signature& signature() const override { return inner_->signature(); }
  std::int64_t arenaBytes(const std::int64_t* dims) const override { return inner_->arenaBytes(dims); }

  void run(const CallArgs& args) const noexcept override {
    GraphCall now = call_;
    if (now.role == GraphCall::Role::Client) now.position = calls_++;
    watch_.before(now, signature(), args);
    inner_->run(args);
    watch_.after(now, signature(), args);
  }

 private:
  const std::shared_ptr<const Callable> inner_;
  const GraphCall call_;
  CallWatch& watch_;
  /// One after the other: the serial executor's.
  mutable std::int64_t calls_ = 0;
};

/// The run-time extent of a leaf.
std::int64_t rowsOf(const core::Fn& fn, const CallArgs& args, const core::Type& type) {
  if (type.dims.empty() || type.dims.front().constant()) return 0;
  return type.dims.front().evaluate([&](Dim::Variable v) {
    const auto at = std::find(fn.dimParams.begin(), fn.dimParams.end(), v);
    return at == fn.dimParams.end() ? 0 : args.dims[at - fn.dimParams.begin()];
  });
}

}  // namespace

Executable watched(const Executable& executable, const std::string& entry, CallWatch& watch) {
  auto program = std::make_shared<core::Program>(*executable.program);
  for (core::Graph& graph : program->graphs) {
    for (core::Phase& phase : graph.phases) {
      phase.wire.clear();
      phase.pieces.clear();
    }
  }
  Executable out{program, executable.functions};
  const auto tell = [&](int fn, GraphCall::Role role, int exchange) {
    if (fn < 0) return;
    auto& function = out.functions[static_cast<std::size_t>(fn)];
    function = std::make_shared<Watched>(function, GraphCall{role, exchange, -1, fn}, watch);
  };
  const core::Graph& graph = *program->entry(entry);
  tell(graph.first.fn, GraphCall::Role::First, 0);
  for (std::size_t p = 0; p < graph.phases.size(); ++p) {
    const core::Phase& phase = graph.phases[p];
    const int exchange = static_cast<int>(p) + 1;
    tell(phase.zero.fn, GraphCall::Role::Zero, exchange);
    tell(phase.client, GraphCall::Role::Client, exchange);
    tell(phase.merge, GraphCall::Role::Merge, exchange);
    tell(phase.server.fn, GraphCall::Role::Server, exchange);
  }
  return out;
}

core::Array argumentOf(const core::Fn& fn, const Signature& signature, const CallArgs& args, std::size_t param) {
  return unpack(args.buffers[param], signature.params[param], rowsOf(fn, args, fn.typeOf(fn.params[param])));
}

core::Array resultOf(const core::Fn& fn, const Signature& signature, const CallArgs& args, std::size_t result) {
  const auto isOver = [&](std::size_t r) {
    return std::find_if(signature.inPlace.begin(), signature.inPlace.end(), [&](const auto& p) { return p.second == static_cast<int>(r); });
  };
  const void* from = nullptr;
  if (const auto over = isOver(result); over != signature.inPlace.end()) {
    from = args.buffers[over->first];
  } else {
    std::size_t next = signature.params.size();
    for (std::size_t r = 0; r < result; ++r) next += isOver(r) == signature.inPlace.end() ? 1 : 0;
    from = args.buffers[next];
  }
  return unpack(from, signature.results[result], rowsOf(fn, args, fn.resultTypes[result]));
}

std::vector<std::int64_t> dimsOf(const Signature& signature, const CallArgs& args) { return {args.dims, args.dims + signature.dimParams}; }

}  // namespace fedc::runtime
