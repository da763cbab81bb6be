#include "compiler/driver/replay.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/core/finite.h"
#include "compiler/support/suggest.h"
#include "compiler/transform/rewrite.h"

namespace fedc::driver {

namespace {

using core::Array;
using core::Births;
using core::Site;
using runtime::CallArgs;
using runtime::GraphCall;
using runtime::Signature;

/// A constant that is not finite, which every client gives, is not looked into without end.
constexpr int kMostClients = 100;

const core::Fn& functionOf(const core::Program& program, const GraphCall& call) { return program.module.fns[static_cast<std::size_t>(call.fn)]; }

std::vector<Array> argumentsOf(const core::Fn& fn, const Signature& signature, const CallArgs& args) {
  std::vector<Array> out;
  for (std::size_t i = 0; i < fn.params.size(); ++i) out.push_back(runtime::argumentOf(fn, signature, args, i));
  return out;
}

/// The first birth behind results that are not finite; else a feature of the client's data.
std::optional<Origin> originOf(const std::shared_ptr<const core::Program>& program, const std::string& entry, const GraphCall& call,
                               const Births& births, const std::vector<Array>& results) {
  const core::Fn& fn = functionOf(*program, call);
  std::optional<std::size_t> first, param;
  for (std::size_t r = 0; r < results.size(); ++r) {
    if (core::isFinite(results[r])) continue;
    const Births::Cause cause = births.causeOf(fn.results[r]);
    if (cause.birth) first = std::min(first.value_or(*cause.birth), *cause.birth);
    if (cause.param) param = std::min(param.value_or(*cause.param), *cause.param);
  }
  if (first) return Origin{call, program, births.births()[*first], {}};
  if (!param || call.role != GraphCall::Role::Client) return std::nullopt;
  const core::Graph& graph = *program->entry(entry);
  const core::ClientInput& in = graph.phases[static_cast<std::size_t>(call.exchange - 1)].clientInputs[*param];
  if (in.kind != core::ClientInput::Kind::Column) return std::nullopt;
  const std::string& feature = graph.columns[static_cast<std::size_t>(in.index)].feature;
  return Origin{call, program, std::nullopt, feature.empty() ? "value" : feature};
}

}  // namespace

std::shared_ptr<Compilation> compileForReplay(const std::string& path, CompileOptions options) {
  options.trace = true;
  options.wire = false;
  options.print = nullptr;
  auto compilation = std::make_shared<Compilation>();
  const auto checked = checkProgram(*compilation, path, options);
  if (!checked || !*checked || !lowerProgram(*compilation, options)) return nullptr;
  return compilation;
}

BirthSearch::BirthSearch(std::shared_ptr<const core::Program> traced, std::shared_ptr<const core::Program> plain, const std::string& entry)
    : traced_(std::move(traced)), plain_(std::move(plain)), entry_(entry) {}

void BirthSearch::before(const GraphCall& call, const Signature& signature, const CallArgs& args) noexcept {
  if (found_) return;
  overwritten_.clear();
  for (const auto& [param, result] : signature.inPlace) {
    const auto p = static_cast<std::size_t>(param);
    overwritten_[p] = runtime::argumentOf(functionOf(*traced_, call), signature, args, p);
  }
}

void BirthSearch::after(const GraphCall& call, const Signature& signature, const CallArgs& args) noexcept {
  if (found_) return;
  const core::Fn& fn = functionOf(*traced_, call);
  bool makes = false;
  for (std::size_t r = 0; r < fn.results.size() && !makes; ++r) {
    if (core::isFinite(runtime::resultOf(fn, signature, args, r))) continue;
    const auto over =
        std::find_if(signature.inPlace.begin(), signature.inPlace.end(), [&](const auto& p) { return p.second == static_cast<int>(r); });
    makes = over == signature.inPlace.end() || core::isFinite(overwritten_.at(static_cast<std::size_t>(over->first)));
  }
  if (!makes) return;
  if (call.role == GraphCall::Role::Client && inVain_++ >= kMostClients) return;
  std::vector<Array> arguments = argumentsOf(fn, signature, args);
  for (auto& [param, value] : overwritten_) arguments[param] = value;
  const std::vector<std::int64_t> dims = runtime::dimsOf(signature, args);
  found_ = originIn(traced_, call, dims, arguments);
  if (!found_) found_ = originIn(plain_, call, dims, arguments);
}

std::optional<Origin> BirthSearch::originIn(const std::shared_ptr<const core::Program>& program, const GraphCall& call,
                                            const std::vector<std::int64_t>& dims, const std::vector<Array>& arguments) const {
  const core::Fn& fn = functionOf(*program, call);
  Births births(fn, arguments);
  const core::InterpretResult out = core::interpret(fn, dims, arguments, &births);
  return originOf(program, entry_, call, births, out.results);
}

namespace {

bool isOwn(const Compilation& traced, Span span) { return span.isValid() && !traced.typed->library.contains(span.file); }

/// Whether a value is called this, or is a leaf of what is.
bool isNamed(const Site& site, const std::string& name) { return site.message == name || site.message.starts_with(name + "."); }

/// Of the file that is first, the program's; 0: it stands in another.
int lineOf(const SourceManager& sources, const Site& site) {
  return site.span.isValid() && site.span.file == 0 ? static_cast<int>(sources.file(0).line(site.span.begin)) : 0;
}

/// `7, 13, 16`, or the first of many.
template <class T>
std::string listed(const std::set<T>& all, const char* form) {
  constexpr std::size_t kMost = 20;
  std::string text;
  std::size_t count = 0;
  for (const T& one : all) {
    if (++count > kMost) return text + ", …";
    text += (text.empty() ? "" : ", ") + fmt::format(fmt::runtime(form), one);
  }
  return text;
}

/// Writes down what a function's traces show, indented by the calls and loops around.
class Transcript final : public Births {
 public:
  Transcript(const core::Fn& fn, std::span<const Array> params, const Compilation& traced, const ShowOptions& options)
      : Births(fn, params), traced_(traced), sources_(traced.sources), module_(traced.program->module), options_(options) {}

  std::string take() { return std::move(text_); }

  void ran(const core::Stmt& stmt, std::span<const Array* const> operands, std::span<const Array* const> results) override {
    const std::size_t before = births().size();
    Births::ran(stmt, operands, results);
    for (std::size_t b = before; b < births().size(); ++b) bear(births()[b]);
  }

  void traced(const core::Stmt& trace, const Array* value) override {
    Births::traced(trace, value);
    if (value == nullptr) return;
    const Site& site = module_.sites[trace.attrs.site];
    if (!isWanted(site)) return;
    const bool isDbg = site.kind == Site::Kind::Dbg;
    std::string name = isDbg ? std::string(sources_.text(site.span)) : site.message;
    if (isDbg && !site.message.empty()) name += "." + site.message;
    if (!core::isFinite(*value)) name = "! " + name;
    line(site.span, fmt::format("{} = {}", name, valueText(*value)));
  }

  void enter(const core::Stmt& stmt, std::int64_t index, std::int64_t trips) override {
    Births::enter(stmt, index, trips);
    if (stmt.op == core::Op::Loop) callAtLoop_.push_back(now().call);
  }
  void leave(const core::Stmt& stmt) override {
    Births::leave(stmt);
    if (stmt.op == core::Op::Loop) callAtLoop_.pop_back();
  }

 private:
  /// A call (its site), or a step of a loop.
  struct Frame {
    int call = -1;
    const core::Stmt* loop = nullptr;
    std::int64_t index = 0, trips = 0;
    bool operator==(const Frame& other) const { return call == other.call && loop == other.loop && index == other.index; }
  };

  /// Births in a loop are many; the first tell.
  static constexpr std::size_t kShownBirths = 20;

  bool isWanted(const Site& site) const {
    if (!options_.library && !isOwn(traced_, site.span)) return false;
    const auto isOf = [&](const std::string& name) { return isNamed(site, name); };
    if (!options_.names.empty() && std::none_of(options_.names.begin(), options_.names.end(), isOf)) return false;
    return options_.lines.empty() || options_.lines.contains(lineOf(sources_, site));
  }

  void bear(const core::Birth& birth) {
    if (!options_.names.empty() || !options_.lines.empty()) return;
    ++born_;
    if (born_ <= kShownBirths) line(birth.stmt->span, fmt::format("! {}", birthText(birth)));
    if (born_ == kShownBirths + 1) text_ += "              ! (further births are not shown)\n";
  }

  /// The calls from the outermost to this one, without what `from` is in already.
  void addCalls(int to, int from, std::vector<Frame>& frames) const {
    std::vector<int> calls;
    for (int call = to; call >= 0 && call != from; call = module_.sites[static_cast<std::size_t>(call)].within) calls.push_back(call);
    for (std::size_t i = calls.size(); i-- > 0;) frames.push_back({calls[i], nullptr, 0, 0});
  }

  std::vector<Frame> frames() const {
    std::vector<Frame> out;
    int call = -1;
    const auto& steps = now().steps;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      addCalls(callAtLoop_[i], call, out);
      call = callAtLoop_[i];
      out.push_back({-1, steps[i].loop, steps[i].index, steps[i].trips});
    }
    addCalls(now().call, call, out);
    return out;
  }

  std::string textOf(const Frame& frame) const {
    if (frame.loop != nullptr) {
      std::string_view head = sources_.text(frame.loop->span);
      head = head.substr(0, std::min(head.find_first_of("{\n"), std::size_t{60}));
      while (head.ends_with(' ')) head.remove_suffix(1);
      return fmt::format("{}: step {} of 0 to {}", head, frame.index, frame.trips - 1);
    }
    const Site& site = module_.sites[static_cast<std::size_t>(frame.call)];
    return site.kind == Site::Kind::Derivative ? "the derivative" : site.message;
  }

  Span spanOf(const Frame& frame) const {
    return frame.loop != nullptr ? frame.loop->span : module_.sites[static_cast<std::size_t>(frame.call)].span;
  }

  void write(Span span, std::size_t depth, const std::string& text) {
    std::string place;
    if (span.isValid()) {
      const SourceFile& file = sources_.file(span.file);
      std::string name = file.path().substr(file.path().rfind('/') + 1);
      if (name.ends_with(".fed")) name.resize(name.size() - 4);
      place = span.file == 0 ? std::to_string(file.line(span.begin)) : fmt::format("{}:{}", name, file.line(span.begin));
    }
    text_ += fmt::format("{:>10} | {}{}\n", place, std::string(2 * depth, ' '), text);
  }

  void line(Span span, const std::string& text) {
    const std::vector<Frame> frames = this->frames();
    const auto same = static_cast<std::size_t>(std::mismatch(frames.begin(), frames.end(), shown_.begin(), shown_.end()).first - frames.begin());
    for (std::size_t depth = same; depth < frames.size(); ++depth) write(spanOf(frames[depth]), depth, textOf(frames[depth]));
    shown_ = frames;
    write(span, frames.size(), text);
  }

  const Compilation& traced_;
  const SourceManager& sources_;
  const core::Module& module_;
  const ShowOptions& options_;
  std::string text_;
  /// The calls and loops of the last line, and the call around each loop that runs.
  std::vector<Frame> shown_;
  std::vector<int> callAtLoop_;
  std::size_t born_ = 0;
};

}  // namespace

Expected<void> hasShown(const ShowOptions& options, const Compilation& traced, const std::string& entry) {
  const core::Module& module = traced.program->module;
  std::vector<const Site*> own, others;
  for (const core::Phase& phase : traced.program->entry(entry)->phases) {
    if (phase.client < 0) continue;
    transform::forEachStmt(module.fns[static_cast<std::size_t>(phase.client)].body, [&](const core::Stmt& s) {
      if (s.op != core::Op::Trace) return;
      const Site& site = module.sites[s.attrs.site];
      if (site.kind != Site::Kind::Named && site.kind != Site::Kind::Dbg) return;
      (options.library || isOwn(traced, site.span) ? own : others).push_back(&site);
    });
  }
  std::set<std::string> names;
  std::set<int> lines;
  for (const Site* site : own) {
    if (site->kind == Site::Kind::Named) names.insert(site->message.substr(0, site->message.find('.')));
    if (const int line = lineOf(traced.sources, *site); line > 0) lines.insert(line);
  }
  for (const std::string& name : options.names) {
    const auto has = [&](const std::vector<const Site*>& sites) {
      return std::any_of(sites.begin(), sites.end(), [&](const Site* s) { return isNamed(*s, name); });
    };
    if (has(own)) continue;
    const auto meant = suggest(name, std::vector<std::string>(names.begin(), names.end()));
    const std::string hint = has(others) ? "; the library has one, which `--library` shows"
                             : meant     ? fmt::format(", did you mean `{}`?", *meant)
                                         : "";
    return fail(fmt::format("--let {}: `{}` computes no value of this name at a client{}; there are {}", name, entry, hint, listed(names, "`{}`")));
  }
  for (const int line : options.lines) {
    if (!lines.contains(line))
      return fail(
          fmt::format("--line {}: `{}` computes no value that this line names at a client; lines with one: {}", line, entry, listed(lines, "{}")));
  }
  return {};
}

ClientReplay::ClientReplay(std::shared_ptr<const Compilation> traced, std::string entry, std::int64_t position, ShowOptions options)
    : traced_(std::move(traced)), entry_(std::move(entry)), position_(position), options_(std::move(options)) {}

void ClientReplay::before(const GraphCall& call, const Signature& signature, const CallArgs& args) noexcept {
  if (call.role != GraphCall::Role::Client || call.position != position_) return;
  const std::shared_ptr<const core::Program> program = traced_->program;
  const core::Fn& fn = functionOf(*program, call);
  const std::vector<Array> arguments = argumentsOf(fn, signature, args);
  Transcript transcript(fn, arguments, *traced_, options_);
  const core::InterpretResult out = core::interpret(fn, runtime::dimsOf(signature, args), arguments, &transcript);
  if (program->entry(entry_)->phases.size() > 1) text_ += fmt::format("exchange {}\n", call.exchange);
  text_ += transcript.take();
  if (!origin_) origin_ = originOf(program, entry_, call, transcript, out.results);
}

}  // namespace fedc::driver
