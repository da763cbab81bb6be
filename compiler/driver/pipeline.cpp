#include "compiler/driver/pipeline.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "compiler/check/check.h"
#include "compiler/core/text.h"
#include "compiler/driver/budget.h"
#include "compiler/driver/library.h"
#include "compiler/driver/modules.h"
#include "compiler/driver/plugins.h"
#include "compiler/support/limits.h"
#include "compiler/transform/cross.h"
#include "compiler/transform/cut.h"
#include "compiler/transform/differentiate.h"
#include "compiler/transform/hoist.h"
#include "compiler/transform/order.h"
#include "compiler/transform/simplify.h"
#include "compiler/transform/specialise.h"
#include "compiler/transform/streams.h"

namespace fedc::driver {

namespace {

/// For passes that no user program can make fail.
template <void (*Pass)(core::Module&, core::Fn&)>
Expected<void, Diagnostic> always(core::Module& module, core::Fn& fn) {
  Pass(module, fn);
  return {};
}

/// The whole middle, in order. What comes after is per kernel: compiler/codegen/native.cpp.
constexpr CorePass kCorePasses[] = {
    {"streams", always<transform::streams>, false, false,
     "x[t] and out[t] = e become stacked inputs and outputs: before differentiate, or derivatives cost T squared", true},
    {"differentiate", transform::differentiate, true, false, "removes vjp, jvp, vmap and checkpoint, innermost first", true},
    {"simplify", always<transform::simplify>, true, false, "folds, joins equal values, drops dead ones; forms init and fma", false},
    {"hoist", always<transform::hoist>, true, false, "what does not change in a loop leaves it", false},
    {"order", always<transform::order>, true, true, "fixes the order of every reduction: the last pass that may change bits", true},
};

/// A violated invariant is a defect of the compiler, not of the program: the pass is named and nothing is run.
[[noreturn]] void invariantViolated(std::string_view pass, const core::Fn& fn, const std::string& what) {
  std::fprintf(stderr, "fedc: internal error after pass `%.*s` in `%s`: %s\n", static_cast<int>(pass.size()), pass.data(), fn.name.c_str(),
               what.c_str());
  std::abort();
}

void verify(std::string_view pass, const core::Module& module, bool transformed, bool ordered) {
  core::VerifyOptions options;
  options.transformed = transformed;
  options.ordered = ordered;
  const auto each = [&](const core::Fn& fn) {
    if (auto violation = core::verify(module, fn, options)) invariantViolated(pass, fn, *violation);
  };
  for (const core::NativeItem& item : module.natives) {
    if (item.derivative) each(*item.derivative);
  }
  for (const core::Fn& fn : module.fns) each(fn);
}

}  // namespace

std::span<const CorePass> corePasses() { return kCorePasses; }

void runPass(const CorePass& pass, core::Module& module, const std::function<void(Diagnostic)>& report) {
  bool isGood = true;
  const auto run = [&](core::Fn& fn) {
    auto done = pass.run(module, fn);
    if (!done) report(std::move(done.error()));
    isGood = isGood && done;
  };
  for (core::NativeItem& item : module.natives) {
    if (item.derivative) run(*item.derivative);
  }
  // What needs it would say the same again.
  if (!isGood) return;
  for (core::Fn& fn : module.fns) run(fn);
  if (!pass.transformed) return;
  for (core::NativeItem& item : module.natives) item.derivative.reset();
}

Expected<void> includesAreFolders(const CompileOptions& options) {
  std::error_code error;
  for (const std::string& folder : options.include) {
    if (std::filesystem::is_directory(folder, error)) continue;
    return fail(fmt::format("`--include {}`: {}", folder, std::filesystem::exists(folder, error) ? "it is no folder" : "there is no such folder"));
  }
  return {};
}

Expected<bool> checkProgram(Compilation& compilation, const std::string& path, const CompileOptions& options) {
  if (auto good = includesAreFolders(options); !good) return tl::unexpected(good.error());
  auto file = compilation.sources.load(path);
  if (!file) return tl::unexpected(file.error());
  return checkSource(compilation, (*file)->id(), options);
}

namespace {

std::set<FileId> libraryFiles(const SourceManager& sources, const Library* library) {
  std::set<FileId> out;
  std::error_code error;
  const std::string folder = std::filesystem::weakly_canonical(stdlibFolder(), error).string() + "/";
  for (FileId f = 0; f < sources.size(); ++f) {
    const bool isThere = library == nullptr && std::filesystem::weakly_canonical(sources.file(f).path(), error).string().starts_with(folder);
    if (isThere || (library != nullptr && library->has(f))) out.insert(f);
  }
  return out;
}

}  // namespace

bool checkSource(Compilation& compilation, FileId file, const CompileOptions& options) {
  ModuleFinder finder(compilation.sources, options.include, options.library, options.modules);
  check::CheckOptions checkOptions;
  checkOptions.params = options.params;
  if (options.library != nullptr) checkOptions.parsed = options.library->parsed();
  checkOptions.moduleWith = [&finder](const std::string& name) { return finder.having(name); };
  const auto find = [&](const std::string& name, FileId from) { return compilation.lookups.emplace_back(name, from, finder.find(name, from)).found; };
  compilation.typed = check::check(compilation.sources, file, find, checkOptions, compilation.sink);
  if (compilation.typed) compilation.typed->library = libraryFiles(compilation.sources, options.library);
  if (compilation.typed && !checkNatives(*compilation.typed, options.plugins.get(), compilation.sink)) return false;
  if (compilation.typed && options.print && (options.printAfter == "check" || options.printAfter == "all")) {
    options.print("check", check::print(*compilation.typed));
  }
  return compilation.typed.has_value() && !compilation.sink.hasErrors();
}

ProgramFacts factsOf(const check::TypedProgram& program) {
  ProgramFacts facts{program.params, program.run, program.policies, false};
  if (program.main) {
    check::TypeRef type = program.main->result;
    while (type->kind == check::TypeKind::Placed) type = type->element;
    facts.isOneLeaf = type->kind == check::TypeKind::Tensor;
  }
  return facts;
}

namespace {

/// Throws Overgrown where a limit is met that only sizes can meet: what the passes do to extents.
bool lower(Compilation& compilation, const CompileOptions& options, const std::optional<std::string>& tests) {
  auto program = std::make_shared<core::Program>();
  auto print = [&](std::string_view pass) {
    if (options.print && (options.printAfter == pass || options.printAfter == "all")) options.print(pass, core::print(program->module));
  };
  const check::TypedProgram& typed = *compilation.typed;
  Policies policies = options.policies;
  policies.insert(typed.policies.begin(), typed.policies.end());
  // A test works on values that stand in it, not on anybody's.
  if (tests) policies.clear();
  transform::checkPlacements(typed, policies, compilation.sink);
  if (compilation.sink.hasErrors()) return false;
  for (transform::specialise::Entry& entry : tests ? transform::specialiseTests(typed, *tests, program->module, compilation.sink)
                                                   : transform::specialiseProgram(typed, program->module, compilation.sink, options.trace)) {
    program->graphs.push_back(transform::cut(std::move(entry), program->module));
  }
  if (compilation.sink.hasErrors()) return false;
  verify("specialise", program->module, false, false);
  print("specialise");
  if (!options.trace) {
    transform::provePolicies(*program, typed, policies, compilation.sink);
    compilation.releases = transform::releasesOf(*program);
  }
  if (compilation.sink.hasErrors()) return false;
  for (const CorePass& pass : kCorePasses) {
    if (options.trace && !pass.replays) continue;
    runPass(pass, program->module, [&](Diagnostic d) { compilation.sink.report(std::move(d)); });
    if (compilation.sink.hasErrors()) return false;
    if (options.verify || pass.name == "differentiate" || pass.name == "order") verify(pass.name, program->module, pass.transformed, pass.ordered);
    print(pass.name);
  }
  const auto cutFor = options.trace ? transform::CutFor::Replay : options.wire ? transform::CutFor::Wire : transform::CutFor::Selections;
  if (auto done = transform::cross(*program, cutFor); !done) compilation.sink.report(done.error());
  if (compilation.sink.hasErrors()) return false;
  verify("cross", program->module, true, true);
  print("cross");
  if (!bindNatives(program->module, options.plugins.get(), options.willRun, compilation.sink)) return false;
  if (!options.trace) enforceBudget(compilation.typed->budget, *program, compilation.sources, compilation.sink);
  if (compilation.sink.hasErrors()) return false;
  compilation.program = std::move(program);
  return true;
}

bool lowerWithinLimits(Compilation& compilation, const CompileOptions& options, const std::optional<std::string>& tests) {
  try {
    return lower(compilation, options, tests);
  } catch (const Overgrown& limit) {
    const auto& typed = *compilation.typed;
    const Span span = typed.process ? typed.process->span : typed.main ? typed.main->span : Span{};
    compilation.sink.report(Diagnostic(Code::ProgramTooLarge, span, limit.what).note("docs/language.md lists the limits"));
    return false;
  }
}

}  // namespace

bool lowerProgram(Compilation& compilation, const CompileOptions& options) { return lowerWithinLimits(compilation, options, std::nullopt); }

bool lowerTests(Compilation& compilation, const CompileOptions& options, const std::string& filter) {
  return lowerWithinLimits(compilation, options, filter);
}

}  // namespace fedc::driver
