#include "compiler/codegen/native.h"

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
  NativeFunction(NativeImage::Function function, std::shared_ptr<NativeCode> code, NativeCode::Entry entry)
      : function_(std::move(function)), code_(std::move(code)), entry_(entry) {}

  const runtime::Signature& signature() const override { return function_.signature; }

  std::int64_t arenaBytes(const std::int64_t* dims) const override {
    return function_.arenaBytes.evaluate([&](Dim::Variable v) {
      for (std::size_t d = 0; d < function_.dims.size(); ++d)
        if (function_.dims[d] == v) return dims[d];
      return std::int64_t{0};
    });
  }

  void run(const runtime::CallArgs& args) const noexcept override { entry_(&args); }

 private:
  NativeImage::Function function_;
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

Expected<NativeImage> compileImage(const core::Module& module, const std::vector<bool>& wanted, const NativeOptions& options) {
  NativeImage image;
  std::vector<kernel::LoopKernel> kernels;
  for (std::size_t i = 0; i < module.fns.size(); ++i) {
    if (!wanted[i]) continue;
    const kernel::LoopKernel& kernel = kernels.emplace_back(lowerToLoops(module, module.fns[i], options));
    image.functions.push_back({static_cast<std::uint32_t>(i), signatureOf(module.fns[i]), kernel.arenaBytes, kernel.dims});
  }
  auto objects = compileObjects(kernels, options.target, options.threads);
  if (!objects) return tl::unexpected(objects.error());
  image.objects = std::move(*objects);
  return image;
}

Expected<std::vector<std::shared_ptr<const runtime::Callable>>> linkImage(const NativeImage& image, std::size_t count,
                                                                          std::vector<core::NativeFunction> plugins) {
  auto code = NativeCode::link(image.objects, std::move(plugins));
  if (!code) return tl::unexpected(code.error());
  std::vector<std::shared_ptr<const runtime::Callable>> result(count);
  for (std::size_t k = 0; k < image.functions.size(); ++k)
    result.at(image.functions[k].index) = std::make_shared<NativeFunction>(image.functions[k], *code, (*code)->entry(k));
  return result;
}

Expected<std::vector<std::shared_ptr<const runtime::Callable>>> compileNative(const core::Module& module, const std::vector<bool>& wanted,
                                                                              const NativeOptions& options) {
  auto image = compileImage(module, wanted, options);
  if (!image) return tl::unexpected(image.error());
  return linkImage(*image, module.fns.size(), core::boundFunctions(module));
}

}  // namespace fedc::codegen
