#include "compiler/codegen/native.h"

#include "compiler/codegen/jit.h"
#include "compiler/kernel/bufferise.h"
#include "compiler/kernel/fuse.h"

namespace fedc::codegen {

namespace {

runtime::LeafLayout layoutOf(const core::Type& type) {
  runtime::LeafLayout out;
  out.elem = type.elem;
  for (const Dim& d : type.dims) out.dims.push_back(d.constant().value_or(-1));
  out.padLast = kernel::leafPadding(type);
  return out;
}

runtime::Signature signatureOf(const core::Fn& fn) {
  runtime::Signature s;
  s.name = fn.name;
  s.dimParams = static_cast<int>(fn.dimParams.size());
  for (core::Var v : fn.params) s.params.push_back(layoutOf(fn.typeOf(v)));
  for (const core::Type& t : fn.resultTypes) s.results.push_back(layoutOf(t));
  s.inPlace = fn.inPlace;
  return s;
}

class NativeFunction final : public runtime::Callable {
 public:
  NativeFunction(runtime::Signature signature, const kernel::LoopKernel& kernel, std::shared_ptr<NativeCode> code, NativeCode::Entry entry)
      : signature_(std::move(signature)), arenaBytes_(kernel.arenaBytes), dims_(kernel.dims), code_(std::move(code)), entry_(entry) {}

  const runtime::Signature& signature() const override { return signature_; }

  std::int64_t arenaBytes(const std::int64_t* dims) const override {
    return arenaBytes_.evaluate([&](Dim::Variable v) {
      for (std::size_t d = 0; d < dims_.size(); ++d)
        if (dims_[d] == v) return dims[d];
      return std::int64_t{0};
    });
  }

  void run(const runtime::CallArgs& args) const noexcept override { entry_(&args); }

 private:
  runtime::Signature signature_;
  Dim arenaBytes_;
  std::vector<kernel::Int> dims_;
  std::shared_ptr<NativeCode> code_;
  NativeCode::Entry entry_;
};

}  // namespace

kernel::Kernel lowerToNests(const core::Module& module, const core::Fn& fn, const NativeOptions& options) {
  kernel::Kernel k = kernel::bufferise(module, fn);
  if (options.fuse) kernel::fuse(k);
  kernel::layout(k, options.layout);
  kernel::plan(k, options.plan);
  return k;
}

kernel::LoopKernel lowerToLoops(const core::Module& module, const core::Fn& fn, const NativeOptions& options) {
  return kernel::schedule(lowerToNests(module, fn, options), machineOf(options.target), options.schedule);
}

Expected<std::vector<std::shared_ptr<const runtime::Callable>>> compileNative(const core::Module& module, const std::vector<bool>& wanted,
                                                                              const NativeOptions& options) {
  std::vector<std::size_t> numbers;
  std::vector<kernel::LoopKernel> kernels;
  for (std::size_t i = 0; i < module.fns.size(); ++i) {
    if (!wanted[i]) continue;
    numbers.push_back(i);
    kernels.push_back(lowerToLoops(module, module.fns[i], options));
  }
  auto objects = compileObjects(kernels, options.target, options.threads);
  if (!objects) return tl::unexpected(objects.error());
  auto code = NativeCode::link(*objects);
  if (!code) return tl::unexpected(code.error());
  std::vector<std::shared_ptr<const runtime::Callable>> result(module.fns.size());
  for (std::size_t k = 0; k < numbers.size(); ++k)
    result[numbers[k]] = std::make_shared<NativeFunction>(signatureOf(module.fns[numbers[k]]), kernels[k], *code, (*code)->entry(k));
  return result;
}

}  // namespace fedc::codegen
