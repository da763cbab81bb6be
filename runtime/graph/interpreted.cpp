#include <algorithm>
#include <cassert>
#include <cstring>

#include "compiler/core/interpret.h"
#include "runtime/graph/executable.h"
#include "runtime/value/layout.h"

namespace fedc::runtime {
namespace {

class Interpreted final : public Callable {
 public:
  Interpreted(std::shared_ptr<const core::Program> program, const core::Fn& fn, Signature signature)
      : program_(std::move(program)), fn_(fn), signature_(std::move(signature)) {}

  const Signature& signature() const override { return signature_; }
  std::int64_t arenaBytes(const std::int64_t*) const override { return 0; }

  void run(const CallArgs& args) const noexcept override {
    const std::span<const std::int64_t> dims(args.dims, static_cast<std::size_t>(signature_.dimParams));
    const auto shape = [&](const core::Type& type) {
      std::vector<std::int64_t> extents;
      for (const Dim& dim : type.dims) {
        extents.push_back(dim.evaluate([&](Dim::Variable v) {
          const auto at = std::find(fn_.dimParams.begin(), fn_.dimParams.end(), v);
          return at == fn_.dimParams.end() ? 0 : dims[static_cast<std::size_t>(at - fn_.dimParams.begin())];
        }));
      }
      return extents;
    };
    std::vector<core::Array> params;
    for (std::size_t i = 0; i < fn_.params.size(); ++i) {
      const core::Type& type = fn_.typeOf(fn_.params[i]);
      params.push_back(core::Array::view(type.elem, shape(type), args.buffers[i], nullptr));
    }
    // A result may be a parameter, or a part of one, that another result is written over.
    for (const auto& [param, result] : fn_.inPlace) params[static_cast<std::size_t>(param)].mutableData();
    const core::InterpretResult out = core::interpret(fn_, dims, params);
    std::size_t next = params.size();
    for (std::size_t r = 0; r < fn_.resultTypes.size(); ++r) {
      const auto over = std::find_if(fn_.inPlace.begin(), fn_.inPlace.end(), [&](const auto& p) { return p.second == static_cast<int>(r); });
      void* to = over != fn_.inPlace.end() ? args.buffers[over->first] : args.buffers[next++];
      const core::Array& value = out.results[r];
      if (value.count() != 0) std::memcpy(to, value.data(), static_cast<std::size_t>(value.bytes()));
    }
    if (out.failedSite) *args.failedSite = std::min(*args.failedSite, static_cast<std::int64_t>(*out.failedSite));
  }

 private:
  std::shared_ptr<const core::Program> program_;
  const core::Fn& fn_;
  Signature signature_;
};

/// Nothing if a leaf has a form that no buffer can have; then no graph may name the function.
std::optional<Signature> signatureOf(const core::Fn& fn) {
  Signature s;
  s.name = fn.name;
  s.dimParams = static_cast<int>(fn.dimParams.size());
  for (const core::Var v : fn.params) {
    auto layout = denseLayout(fn.typeOf(v));
    if (!layout) return std::nullopt;
    s.params.push_back(*layout);
  }
  for (const core::Type& type : fn.resultTypes) {
    auto layout = denseLayout(type);
    if (!layout) return std::nullopt;
    s.results.push_back(*layout);
  }
  s.inPlace = fn.inPlace;
  return s;
}

}  // namespace

Executable interpreted(std::shared_ptr<const core::Program> program) {
  Executable executable;
  for (const core::Fn& fn : program->module.fns) {
    auto signature = signatureOf(fn);
    executable.functions.push_back(signature ? std::make_shared<Interpreted>(program, fn, std::move(*signature)) : nullptr);
  }
  executable.program = std::move(program);
  return executable;
}

}  // namespace fedc::runtime
