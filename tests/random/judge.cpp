#include "tests/random/judge.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <functional>
#include <regex>

#include <fmt/format.h>

#include "compiler/check/typed_walk.h"
#include "compiler/codegen/native.h"
#include "compiler/core/text.h"
#include "compiler/driver/compile.h"
#include "compiler/driver/library.h"
#include "compiler/driver/plugins.h"
#include "compiler/driver/run_diagnostic.h"
#include "compiler/kernel/text.h"
#include "compiler/support/render.h"
#include "compiler/transform/cross.h"
#include "compiler/transform/cut.h"
#include "compiler/transform/rewrite.h"
#include "compiler/transform/simplify.h"
#include "compiler/transform/specialise.h"
#include "runtime/process/run.h"
#include "tests/codegen/native_support.h"
#include "tests/driver/federation_file.h"
#include "tests/random/natives.h"
#include "tests/random/rounding.h"
#include "tests/random/slopes.h"
#include "tools/fedc/number_text.h"
#include "tools/fedc/settings.h"

namespace fedc::random {

namespace {

using Leaves = std::vector<runtime::NamedArray>;

/// What came of a run: the reports of all rounds and the state, or an error.
struct Outcome {
  Leaves values;
  std::string error;
  std::optional<std::uint32_t> site;
};

/// A function whose scratch and results are filled with NaN before each call, whose padding must be zero after, and whose nests are cut at random.
class Poisoned final : public runtime::Callable {
 public:
  Poisoned(std::shared_ptr<const runtime::Callable> inner, bool team) : inner_(std::move(inner)), team_(team) {}
  const runtime::Signature& signature() const override { return inner_->signature(); }
  std::int64_t arenaBytes(const std::int64_t* dims) const override { return inner_->arenaBytes(dims); }

  void run(const runtime::CallArgs& args) const noexcept override {
    const runtime::Signature& s = signature();
    std::memset(args.arena, 0xff, static_cast<std::size_t>(inner_->arenaBytes(args.dims)));
    std::size_t next = s.params.size();
    for (std::size_t r = 0; r < s.results.size(); ++r) {
      const bool inPlace = std::any_of(s.inPlace.begin(), s.inPlace.end(), [&](const auto& p) { return p.second == static_cast<int>(r); });
      if (inPlace) continue;
      const bool known = std::all_of(s.results[r].dims.begin(), s.results[r].dims.end(), [](std::int64_t d) { return d >= 0; });
      if (known) std::memset(args.buffers[next], 0xff, static_cast<std::size_t>(s.results[r].bytes()));
      ++next;
    }
    testing::RandomTeam team;
    runtime::CallArgs inner = args;
    if (team_) inner.team = &team;
    inner_->run(inner);
  }

 private:
  std::shared_ptr<const runtime::Callable> inner_;
  bool team_;
};

std::string withoutQuotes(const std::string& text) { return std::regex_replace(text, std::regex("`[^`]*`|[0-9]+"), "_"); }

class Judge {
 public:
  Judge(const Program& program, std::uint64_t turn, std::string folder) : given_(program), turn_(turn), folder_(std::move(folder)) {}

  Verdict run() {
    try {
      stages();
    } catch (const Wrong&) {
    }
    return std::move(verdict_);
  }

  Usage used() {
    quick_ = true;
    try {
      if (frontEnd()) {
        countBuiltins();
        countOps();
        for (const driver::CorePass& pass : driver::corePasses()) {
          apply(pass);
          countOps();
        }
      }
    } catch (const Wrong&) {
    }
    return std::move(usage_);
  }

 private:
  struct Wrong {};
  [[noreturn]] void wrong(std::string kind, std::string report) {
    verdict_.kind = std::move(kind);
    verdict_.report = std::move(report);
    throw Wrong{};
  }

  /// False if a check fails before the run: right, and nothing to run.
  bool frontEnd() {
    driver::CompileOptions options;
    options.params = given_.params;
    options.library = &driver::Library::standard();
    options.plugins = ownPlugins();
    compilation_.sources = options.library->sources();
    const FileId file = compilation_.sources.add(folder_ + "/random.fed", given_.source).id();
    if (!driver::checkSource(compilation_, file, options)) {
      if (knownBefore()) return false;
      refused("check");
    }
    for (transform::specialise::Entry& entry : transform::specialiseProgram(*compilation_.typed, program_.module, compilation_.sink)) {
      program_.graphs.push_back(transform::cut(std::move(entry), program_.module));
    }
    if (compilation_.sink.hasErrors()) {
      if (knownBefore()) return false;
      refused("specialise");
    }
    driver::bindNatives(program_.module, ownPlugins().get(), true, compilation_.sink);
    verify("specialise", {});
    return true;
  }

  /// Whether a check of values that are known before the run was reported; what else was may come of it.
  bool knownBefore() {
    const auto known = [](const Diagnostic& d) {
      const bool index =
          d.code == Code::IndexType && (d.message.ends_with("is out of range") || d.message.find("does not lie in") != std::string::npos);
      const bool size = d.code == Code::SizeNotStatic && d.message.find("cannot be -") != std::string::npos;
      return d.code == Code::IndexOutOfRange || d.code == Code::AssertionFails || index || size;
    };
    const auto& all = compilation_.sink.diagnostics();
    if (std::none_of(all.begin(), all.end(), known)) return false;
    verdict_.outcome = "refused";
    return true;
  }

  void refused(const std::string& stage) {
    const auto& all = compilation_.sink.diagnostics();
    const std::string first = all.empty() ? "" : fmt::format("{} {}", codeInfo(all[0].code).number, withoutQuotes(all[0].message));
    wrong(fmt::format("{} refuses: {}", stage, first), renderText(compilation_.sink, compilation_.sources));
  }

  void verify(std::string_view stage, core::VerifyOptions options) {
    if (quick_) return;
    if (const auto problem = core::verify(program_.module, options))
      wrong(fmt::format("verifier after {}: {}", stage, withoutQuotes(*problem)), *problem);
    const std::string text = core::print(program_.module);
    const auto again = core::read(text);
    if (!again) wrong(fmt::format("text after {}: {}", stage, withoutQuotes(again.error())), again.error() + "\n" + text);
    if (core::print(*again) != text)
      wrong(fmt::format("text after {} differs", stage), text + "\n--- read and printed again ---\n" + core::print(*again));
  }

  void apply(const driver::CorePass& pass) {
    driver::runPass(pass, program_.module, [&](Diagnostic d) { compilation_.sink.report(std::move(d)); });
    if (compilation_.sink.hasErrors()) refused(std::string(pass.name));
    core::VerifyOptions options;
    options.transformed = pass.transformed;
    options.ordered = pass.ordered;
    verify(pass.name, options);
  }

  void stages() {
    verdict_.outcome = "ran";
    if (!frontEnd()) return;
    prepareRun();
    const core::Module specialised = program_.module;
    std::optional<Outcome> before;
    core::Module previous;
    if (!hasTransforms(specialised)) {
      previous = specialised;
      before = interpret(previous);
    } else {
      // The transforms are what these ops mean; streams must not matter to them.
      previous = differentiated(specialised);
      before = interpret(previous);
      slopes(specialised);
    }
    for (const driver::CorePass& pass : driver::corePasses()) {
      const core::Module input = program_.module;
      apply(pass);
      if (!pass.transformed && hasTransforms(specialised)) continue;
      if (pass.name == "simplify") {
        core::Module exact = input;
        for (core::Fn& fn : exact.fns) transform::simplifyReported(fn, true);
        const Outcome after = interpret(exact);
        compare("simplify, exact rules", previous, *before, after, true);
      }
      const bool free = pass.name == "simplify" || pass.name == "order" || (pass.name == "differentiate" && hasTransforms(specialised));
      const Outcome after = interpret(program_.module);
      compare(std::string(pass.name), previous, *before, after, !free);
      previous = program_.module;
      before = after;
    }
    if (!before->error.empty()) verdict_.outcome = "failed";
    wire(*before);
    selections(*before);
    natives(*before);
  }

  /// The program behind pass `cross`; null after a finding.
  std::shared_ptr<const core::Program> cut(transform::CutFor cutFor) {
    auto pieces = std::make_shared<core::Program>(program_);
    if (auto done = transform::cross(*pieces, cutFor); !done) {
      wrong("cross: " + withoutQuotes(done.error().message), done.error().message);
      return nullptr;
    }
    core::VerifyOptions options;
    options.transformed = options.ordered = true;
    if (const auto problem = core::verify(pieces->module, options)) wrong("verifier after cross: " + withoutQuotes(*problem), *problem);
    return pieces;
  }

  /// Clients that work in steps, with every message encoded and decoded.
  void wire(const Outcome& want) {
    if (const auto steps = cut(transform::CutFor::Wire)) compareBits("wire", want, execute(runtime::interpreted(steps), 2, false));
  }

  /// Slices that are made once for each distinct key.
  void selections(const Outcome& want) {
    const auto pieces = cut(transform::CutFor::Selections);
    if (!pieces) return;
    const auto isCut = [](const core::Graph& graph) {
      return std::any_of(graph.phases.begin(), graph.phases.end(), [](const core::Phase& phase) { return !phase.pieces.empty(); });
    };
    if (std::none_of(pieces->graphs.begin(), pieces->graphs.end(), isCut)) return;
    compareBits("selections", want, execute(runtime::interpreted(pieces), 2, false));
  }

  core::Module differentiated(core::Module module) {
    driver::runPass(driver::corePasses()[1], module, [&](Diagnostic d) { compilation_.sink.report(std::move(d)); });
    if (compilation_.sink.hasErrors()) refused("differentiate");
    return module;
  }

  void slopes(core::Module module) {
    const auto site = checkSlopes(module);
    if (!site) return;
    ++verdict_.compared["slopes"];
    const Outcome o = interpret(differentiated(std::move(module)));
    if (o.site == site) wrong("derivative", o.error);
  }

  void natives(const Outcome& want) {
    const auto final = cut(transform::CutFor::Selections);
    const auto functions = [&](const codegen::NativeOptions& options) {
      auto made = codegen::compileNative(final->module, std::vector<bool>(final->module.fns.size(), true), options);
      if (!made) wrong("native code: " + made.error().message, made.error().message);
      return std::move(*made);
    };
    codegen::NativeOptions usual;
    usual.threads = 1;
    usual.target.verify = true;
    const runtime::Executable native{final, functions(usual)};
    for (const int threads : {1, 2}) {
      compareBits(fmt::format("native, {} thread{}", threads, threads == 1 ? "" : "s"), want, execute(native, threads, false));
    }
    const std::vector<testing::Variant> variants = testing::allVariants();
    const testing::Variant& v = variants[turn_ % variants.size()];
    codegen::NativeOptions options = v.options;
    options.threads = 1;
    runtime::Executable poisoned{final, functions(options)};
    for (auto& f : poisoned.functions)
      if (f) f = std::make_shared<Poisoned>(f, v.team);
    compareBits("native, " + v.name, want, execute(poisoned, 1, true));
    if (turn_ % 4 == 0) kernelTexts(usual);
  }

  /// Each line with its characters in order: terms of an extent stand in the order of their variables' numbers, which no text keeps.
  static std::string ordered(std::string text) {
    for (auto begin = text.begin(); begin != text.end();) {
      const auto end = std::find(begin, text.end(), '\n');
      std::sort(begin, end);
      begin = end == text.end() ? end : end + 1;
    }
    return text;
  }

  void kernelTexts(const codegen::NativeOptions& options) {
    for (const core::Fn& fn : program_.module.fns) {
      const std::string text = kernel::print(codegen::lowerToNests(program_.module, fn, options));
      const auto again = kernel::read(text);
      if (!again) wrong("text of a kernel: " + withoutQuotes(again.error()), again.error() + "\n" + text);
      const std::string printed = kernel::print(*again);
      if (printed != text && ordered(printed) != ordered(text))
        wrong("text of a kernel differs", text + "\n--- read and printed again ---\n" + printed);
    }
  }

  static bool hasTransforms(const core::Module& module) {
    bool any = false;
    for (const core::Fn& fn : module.fns) {
      transform::forEachStmt(fn.body, [&](const core::Stmt& s) {
        any = any || s.op == core::Op::Vjp || s.op == core::Op::Jvp || s.op == core::Op::Vmap || s.op == core::Op::Checkpoint ||
              s.op == core::Op::StopGradient;
      });
    }
    return any;
  }

  void prepareRun() {
    auto given = cli::giveArguments(given_.arguments, program_, run_);
    if (!given) wrong("arguments: " + withoutQuotes(given.error().message), given.error().message);
    run_.rounds = given_.rounds;
    run_.clientsPerRound = given_.clientsPerRound;
    run_.seed = given_.seed;
    for (const check::Param& p : compilation_.typed->params)
      if (!p.isStatic) run_.params[p.name] = p.value.toDouble();
    const auto write = [&](const std::optional<nlohmann::ordered_json>& data, const char* name, const char* entry, std::string& to) {
      if (!data) return;
      const core::Graph* graph = program_.entry(entry);
      const std::vector<core::Column> columns = graph == nullptr ? std::vector<core::Column>{} : graph->columns;
      to = folder_ + "/" + name;
      // What is not read has no type here.
      nlohmann::ordered_json read = nlohmann::ordered_json::object();
      for (const auto& [client, features] : data->items()) {
        read[client] = nlohmann::ordered_json::object();
        for (const core::Column& column : columns) read[client][column.feature] = features[column.feature];
      }
      tests::writeFederation(to, read, columns);
    };
    write(given_.data, "data.h5", program_.entry("main") != nullptr ? "main" : "next", run_.data);
    write(given_.evalData, "eval.h5", "evaluate", run_.evalData);
    if (given_.evalData) run_.evalEvery = 1;
  }

  Outcome interpret(const core::Module& module) {
    auto program = std::make_shared<core::Program>(program_);
    program->module = module;
    return execute(runtime::interpreted(program), 1, true);
  }

  Outcome execute(const runtime::Executable& executable, int threads, bool serial) {
    runtime::RunOptions options = run_;
    options.threads = threads;
    options.serial = serial;
    Outcome out;
    runtime::RunEvents events;
    const auto add = [&](const std::string& name, const Leaves& leaves) {
      for (const runtime::NamedArray& leaf : leaves) out.values.push_back({name + leaf.name, leaf.value});
    };
    events.round = [&](const runtime::RoundEvent& e) {
      add(fmt::format("round {} ", e.round), e.metrics);
      add(fmt::format("round {} clients ", e.round), e.ofClients.values);
    };
    events.eval = [&](const runtime::EvalEvent& e) {
      add(fmt::format("evaluation {} ", e.round), e.metrics);
      add(fmt::format("evaluation {} clients ", e.round), e.ofClients.values);
    };
    auto summary = runtime::run(executable, options, events);
    if (summary) {
      add("state ", summary->state);
      if (out.values.empty()) add("", summary->metrics);
      return out;
    }
    const runtime::RunError& e = summary.error();
    out.site = e.site;
    if (e.kind != runtime::RunError::Kind::Check) wrong("run: " + withoutQuotes(e.message), e.message);
    out.error = fmt::format("{} (site {}, round {}, client {})", e.message, e.site ? static_cast<int>(*e.site) : -1, e.round.value_or(-1),
                            e.client.value_or("none"));
    return out;
  }

  static std::string shown(const Outcome& o) { return o.error.empty() ? cli::metricsText(o.values, false, 200) : "error: " + o.error; }

  /// Nothing, or the first difference.
  static std::string difference(const Outcome& a, const Outcome& b) {
    if (a.error != b.error || a.values.size() != b.values.size()) return "other outcomes";
    for (std::size_t i = 0; i < a.values.size(); ++i) {
      if (a.values[i].name != b.values[i].name) return "other leaves";
      if (!a.values[i].value.sameBits(b.values[i].value)) return a.values[i].name;
    }
    return {};
  }

  void compareBits(const std::string& stage, const Outcome& want, const Outcome& got) {
    const std::string d = difference(want, got);
    ++verdict_.compared["same bits"];
    if (d.empty()) return;
    wrong(stage, fmt::format("{}: {}\n  wanted {}\n  got    {}", stage, d, shown(want), shown(got)));
  }

  void compare(const std::string& stage, const core::Module& module, const Outcome& want, const Outcome& got, bool exact) {
    if (difference(want, got).empty() || exact) return compareBits(stage, want, got);
    core::Module watched = module;
    const std::uint32_t site = watch(watched);
    const Outcome seen = interpret(watched);
    if (seen.site == site) {
      ++verdict_.compared["not comparable"];
      return;
    }
    std::vector<Outcome> others;
    for (std::uint64_t seed = 1; seed <= 4; ++seed) others.push_back(interpret(perturbed(module, seed)));
    for (const Outcome& o : others) {
      if (o.error == want.error && o.values.size() == want.values.size()) continue;
      ++verdict_.compared["not comparable"];
      return;
    }
    if (want.error != got.error || want.values.size() != got.values.size()) return compareBits(stage, want, got);
    for (std::size_t i = 0; i < want.values.size(); ++i) {
      if (!withinRounding(want.values[i].value, got.values[i].value, others, i)) return compareBits(stage, want, got);
    }
    ++verdict_.compared["rounded"];
  }

  static bool withinRounding(const core::Array& want, const core::Array& got, const std::vector<Outcome>& others, std::size_t leaf) {
    if (want.sameBits(got)) return true;
    if (want.elem() != got.elem() || want.shape() != got.shape()) return false;
    if (!core::isFloat(want.elem())) {
      // Whole numbers move where a comparison of floats does.
      return std::any_of(others.begin(), others.end(), [&](const Outcome& o) { return !o.values[leaf].value.sameBits(want); });
    }
    double spread = 0, size = 0;
    for (std::int64_t k = 0; k < want.count(); ++k) {
      const double x = want.at(k).toDouble();
      if (std::isfinite(x)) size = std::max(size, std::abs(x));
      for (const Outcome& o : others) {
        if (o.values[leaf].value.shape() != want.shape()) return true;
        const double d = std::abs(o.values[leaf].value.at(k).toDouble() - x);
        spread = std::isnan(d) ? INFINITY : std::max(spread, d);
      }
    }
    const double ulp = want.elem() == core::Elem::F64 ? 0x1p-50 : want.elem() == core::Elem::F32 ? 0x1p-21 : 0x1p-7;
    for (std::int64_t k = 0; k < want.count(); ++k) {
      if (got.at(k) == want.at(k)) continue;
      const double d = std::abs(got.at(k).toDouble() - want.at(k).toDouble());
      if (!(d <= 4 * spread + ulp * size)) return false;
    }
    return true;
  }

  void countIn(const std::vector<core::Stmt>& stmts, const std::string& prefix) {
    for (const core::Stmt& s : stmts) {
      const std::string name(core::opName(s.op));
      ++usage_[prefix + name];
      const bool derivative = s.op == core::Op::Vjp || s.op == core::Op::Jvp;
      for (const core::Region& r : s.regions) countIn(r.stmts, derivative || s.op == core::Op::Vmap ? name + " " : prefix);
    }
  }
  void countOps() {
    for (const core::Fn& fn : program_.module.fns) countIn(fn.body, "");
  }

  void countBuiltins() {
    static constexpr const char* kNames[] = {
#define FEDC_BUILTIN(id, name, group, signature, doc) name,
#include "compiler/check/builtins.def"
    };
    const std::function<void(const check::Expr&)> walk = [&](const check::Expr& e) {
      const bool builtin = e.kind == check::ExprKind::BuiltinCall || e.kind == check::ExprKind::BuiltinFunction;
      if (builtin) ++usage_[std::string("builtin ") + kNames[static_cast<std::size_t>(e.builtin)]];
      check::forEachChild(e, walk);
    };
    for (const auto& instance : compilation_.typed->instances) {
      if (instance->body) walk(*instance->body);
    }
    if (compilation_.typed->process) walk(*compilation_.typed->process->value);
  }

  const Program& given_;
  std::uint64_t turn_;
  std::string folder_;
  driver::Compilation compilation_;
  core::Program program_;
  runtime::RunOptions run_;
  /// Only what is used is asked for.
  bool quick_ = false;
  Verdict verdict_;
  Usage usage_;
};

}  // namespace

Verdict judge(const Program& program, std::uint64_t turn, const std::string& folder) { return Judge(program, turn, folder).run(); }

Usage usage(const Program& program) { return Judge(program, 0, "").used(); }

}  // namespace fedc::random
