#include "compiler/driver/compile.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "compiler/codegen/jit.h"
#include "compiler/codegen/native.h"
#include "compiler/driver/plugins.h"
#include "compiler/kernel/loops.h"
#include "compiler/kernel/text.h"
#include "compiler/support/limits.h"

namespace fedc::driver {

namespace {

/// The functions that the graphs call; the others are leftovers that nobody compiles.
std::vector<bool> calledFunctions(const core::Program& program) {
  std::vector<bool> called(program.module.fns.size(), false);
  const auto mark = [&](int fn) {
    if (fn >= 0) called[static_cast<std::size_t>(fn)] = true;
  };
  for (const core::Graph& graph : program.graphs) {
    mark(graph.first.fn);
    for (const core::Phase& phase : graph.phases) {
      mark(phase.zero.fn);
      if (phase.pieces.empty()) mark(phase.client);
      mark(phase.merge);
      mark(phase.server.fn);
      for (const core::Piece& piece : phase.wire) mark(piece.fn);
      for (const core::Piece& piece : phase.pieces) mark(piece.fn);
    }
  }
  return called;
}

codegen::NativeOptions nativeOptions() {
  codegen::NativeOptions options;
  options.threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  return options;
}

/// For `--print-after=plan` and `schedule`: the kernels are made once more, so that compiling itself stays free of printing.
void printKernels(const core::Program& program, const CompileOptions& options) {
  if (!options.print) return;
  const auto wants = [&](std::string_view pass) { return options.printAfter == pass || options.printAfter == "all"; };
  const std::vector<bool> called = calledFunctions(program);
  const codegen::NativeOptions native = nativeOptions();
  const auto each = [&](std::string_view pass, const auto& text) {
    if (!wants(pass)) return;
    std::string all;
    for (std::size_t i = 0; i < called.size(); ++i) {
      if (called[i]) all += text(program.module.fns[i]) + "\n";
    }
    options.print(pass, all);
  };
  each("plan", [&](const core::Fn& fn) { return kernel::print(codegen::lowerToNests(program.module, fn, native)); });
  each("schedule", [&](const core::Fn& fn) { return kernel::print(codegen::lowerToLoops(program.module, fn, native)); });
}

/// What the kernels' sizes cannot become is an error like those of the machine.
template <class F>
auto withinLimits(const F& compile) -> decltype(compile()) {
  try {
    return compile();
  } catch (const Overgrown& limit) {
    return fail(limit.what);
  }
}

Expected<std::string> emitted(const Compilation& compilation, const CompileOptions& options, NativeStage stage) {
  const core::Program& program = *compilation.program;
  const codegen::NativeOptions native = nativeOptions();
  printKernels(program, options);
  const std::vector<bool> called = calledFunctions(program);
  std::string text;
  for (std::size_t i = 0; i < called.size(); ++i) {
    if (!called[i]) continue;
    const core::Fn& fn = program.module.fns[i];
    if (!text.empty()) text += "\n";
    const kernel::LoopKernel loops = codegen::lowerToLoops(program.module, fn, native);
    switch (stage) {
      case NativeStage::Kernel: text += kernel::print(codegen::lowerToNests(program.module, fn, native)) + "\n" + kernel::print(loops); break;
      case NativeStage::Llvm: text += fmt::format("; {}\n", fn.name) + codegen::llvmText(loops, native.target); break;
      case NativeStage::Assembly: text += fmt::format("# {}\n", fn.name) + codegen::assemblyText(loops, native.target); break;
    }
  }
  return text;
}

}  // namespace

Expected<codegen::NativeImage> compileImage(const Compilation& compilation, const CompileOptions& options) {
  return withinLimits([&] {
    const core::Program& program = *compilation.program;
    printKernels(program, options);
    return codegen::compileImage(program.module, calledFunctions(program), nativeOptions());
  });
}

Expected<runtime::Executable> linkExecutable(std::shared_ptr<const core::Program> program, const codegen::NativeImage& image,
                                             const Plugins* plugins) {
  auto functions =
      codegen::linkImage(image, program->module.fns.size(), plugins != nullptr ? plugins->functions() : std::vector<core::NativeFunction>());
  if (!functions) return tl::unexpected(functions.error());
  return runtime::Executable{std::move(program), std::move(*functions)};
}

Expected<runtime::Executable> compileExecutable(const Compilation& compilation, const CompileOptions& options, const ExecutableOptions& how) {
  if (how.interpret) return runtime::interpreted(compilation.program);
  auto image = compileImage(compilation, options);
  if (!image) return tl::unexpected(image.error());
  return linkExecutable(compilation.program, *image, options.plugins.get());
}

Expected<std::string> emitNative(const Compilation& compilation, const CompileOptions& options, NativeStage stage) {
  return withinLimits([&] { return emitted(compilation, options, stage); });
}

std::vector<std::string> passNames() {
  std::vector<std::string> names = {"check", "specialise"};
  for (const CorePass& pass : corePasses()) names.emplace_back(pass.name);
  names.insert(names.end(), {"cross", "plan", "schedule"});
  return names;
}

}  // namespace fedc::driver
