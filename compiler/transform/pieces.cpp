#include "compiler/transform/pieces.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "compiler/core/builder.h"
#include "compiler/core/internal_error.h"
#include "compiler/core/op_table.h"
#include "compiler/transform/rewrite.h"

namespace fedc::transform {

using core::Atom;
using core::ClientInput;
using core::ClientOutput;
using core::Fn;
using core::Op;
using core::Phase;
using core::Piece;
using core::Stmt;
using core::UpEdge;
using core::Var;

namespace {

using Numbers = std::vector<int>;
using Side = Piece::Side;

/// What a piece is to take and to give: values by number, results and checks of the whole function.
struct Wanted {
  Side side = Side::Client;
  std::string name;
  Numbers taken, sent;
  std::vector<std::size_t> results;
  std::set<std::size_t> checks;
  /// Extents of what is sent, and the numbers under which they are.
  std::map<Dim::Variable, int> lengths = {};
};

/// What a piece of the function needs.
struct Needs {
  std::set<std::size_t> stmts;
  std::set<std::size_t> params;
  std::set<int> taken;
  std::set<Dim::Variable> dims;
  /// Values that the piece makes itself.
  std::set<int> made;
  /// Whether the piece is told the lengths of what was sent.
  bool isTold = false;
};

class Cutter {
 public:
  Cutter(const core::Program& program, const core::Graph& graph, const Phase& phase, const Fn& fn)
      : next_(program.module.fns.size()), graph_(graph), phase_(phase), fn_(fn) {
    for (std::size_t i = 0; i < fn_.body.size(); ++i) {
      const Stmt& s = fn_.body[i];
      for (const Var v : s.results) definedBy_[v] = i;
      if (s.attrs.defines) dimDefinedBy_[*s.attrs.defines] = i;
      if (s.op == Op::Cross) values_[crossingOf(s)] = {s.args[0], s.results[0]};
    }
    for (std::size_t i = 0; i < fn_.params.size(); ++i) paramAt_[fn_.params[i]] = i;
  }

  const Fn& fn() const { return fn_; }

  /// Extents that a piece at the server is told, as numbers.
  void cutAtLengths(const std::set<Dim::Variable>& lengths) { lengths_ = lengths; }
  /// A number for something that goes from piece to piece without a mark.
  int newNumber() const { return values_.empty() ? 1 : std::max(1, values_.rbegin()->first + 1); }
  /// Where the function is cut: a value that another piece makes.
  void cutAt(int number) { cuts_[values_.at(number).taken] = number; }
  /// A value that goes from piece to piece without a mark.
  int share(Var v) {
    const int number = newNumber();
    values_[number] = {Atom::of(v), v};
    cuts_[v] = number;
    return number;
  }
  /// A marked value that later pieces take as it was before the mark.
  void cutBefore(int number) {
    const Atom& made = values_.at(number).made;
    if (made.isLiteral || !definedBy_.contains(made.var)) return;
    values_.at(number).taken = made.var;
    cuts_[made.var] = number;
  }
  bool isCut(Var v) const { return cuts_.contains(v); }

  Needs needsOf(const Wanted& wanted) const {
    Needs out;
    out.isTold = wanted.side == Side::Server;
    out.made.insert(wanted.sent.begin(), wanted.sent.end());
    for (const int n : wanted.sent) need(values_.at(n).made, out);
    for (const std::size_t r : wanted.results) need(fn_.results[r], out);
    for (const std::size_t i : wanted.checks) need(i, out);
    for (const auto& [length, number] : wanted.lengths) needDim(Dim::variable(length), out);
    return out;
  }
  Needs needsOf(std::size_t stmt) const {
    Needs out;
    need(stmt, out);
    return out;
  }

  bool isOfClient(std::size_t param) const {
    const ClientInput::Kind kind = phase_.clientInputs[param].kind;
    return kind == ClientInput::Kind::Column || kind == ClientInput::Kind::Key || kind == ClientInput::Kind::Carry ||
           kind == ClientInput::Kind::State || kind == ClientInput::Kind::Row;
  }
  bool isAccumulator(std::size_t param) const { return phase_.clientInputs[param].kind == ClientInput::Kind::Accumulator; }
  /// A server value that is not sent whole: only slices of it.
  bool isSelected(std::size_t param) const {
    const ClientInput& in = phase_.clientInputs[param];
    if (in.kind != ClientInput::Kind::Down || std::find(phase_.down.begin(), phase_.down.end(), in.slot) != phase_.down.end()) return false;
    // An argument that all clients have is not sent either.
    if (graph_.slots[in.slot].place != core::Place::Server) return false;
    return std::none_of(graph_.inputs.begin(), graph_.inputs.end(),
                        [&](const core::Graph::Input& i) { return i.kind == core::Graph::Input::Kind::Param && i.slot == in.slot; });
  }

  /// Makes the piece, if it has anything to do. What it needs and is not given is a parameter of the whole function.
  void make(const Wanted& wanted, const Needs& needs) {
    const bool isClient = wanted.side == Side::Client;
    Piece out;
    out.side = wanted.side;
    Fn fn;
    fn.name = fmt::format("{}.{}", fn_.name, wanted.name);
    fn.dims = fn_.dims;
    fn.vars = fn_.vars;
    if (isClient) fn.dimParams = fn_.dimParams;
    for (const Dim::Variable d : needs.dims) {
      if (isClient) continue;
      fn.dimParams.push_back(d);
      out.extents.push_back(wanted.lengths.at(d));
    }
    const bool gathers = std::any_of(wanted.results.begin(), wanted.results.end(),
                                     [&](std::size_t r) { return phase_.clientOutputs[r].kind == ClientOutput::Kind::Accumulator; });
    for (std::size_t p = 0; p < fn_.params.size(); ++p) {
      if (!needs.params.contains(p) && !(gathers && isAccumulator(p))) continue;
      fn.params.push_back(fn_.params[p]);
      out.inputs.push_back(phase_.clientInputs[p]);
    }
    for (const int n : wanted.taken) {
      if (!needs.taken.contains(n)) continue;
      out.inputs.push_back({ClientInput::Kind::Crossed, 0, n});
      const Var taken = values_.at(n).taken;
      if (!goesAsElements(n)) {
        fn.params.push_back(taken);
        continue;
      }
      const core::Type& type = fn_.typeOf(taken);
      fn.params.push_back(fn.newVar({type.elem, {elementsOf(type)}}));
      Stmt s;
      s.op = Op::Reshape;
      s.args = {Atom::of(fn.params.back())};
      s.attrs.dims = type.dims;
      s.results = {taken};
      fn.body.push_back(std::move(s));
    }
    for (const std::size_t i : needs.stmts) fn.body.push_back(fn_.body[i]);
    core::Builder build(fn, fn.body);
    for (const int n : wanted.sent) {
      Atom made = values_.at(n).made;
      core::Type type = typeOf(n);
      if (goesAsElements(n)) {
        type.dims = {elementsOf(type)};
        made = build.reshape(made, type.dims);
      }
      if (!lengthsOf(n).empty()) out.lengths.push_back(lengthOf(n, type.dims.front(), wanted.lengths));
      fn.results.push_back(made);
      fn.resultTypes.push_back(std::move(type));
      out.outputs.push_back({ClientOutput::Kind::Crossed, 0, n});
    }
    for (const auto& [length, number] : wanted.lengths) {
      if (!isClient) break;
      fn.results.push_back(build.dimValue(Dim::variable(length), core::Elem::I64));
      fn.resultTypes.push_back(core::Type{core::Elem::I64, {}});
      out.outputs.push_back({ClientOutput::Kind::Crossed, 0, number});
    }
    for (const std::size_t r : wanted.results) {
      if (phase_.clientOutputs[r].kind == ClientOutput::Kind::Accumulator) {
        const auto at = std::find_if(out.inputs.begin(), out.inputs.end(), [&](const ClientInput& in) {
          return in.kind == ClientInput::Kind::Accumulator && in.index == phase_.clientOutputs[r].index;
        });
        fn.inPlace.emplace_back(static_cast<int>(at - out.inputs.begin()), static_cast<int>(fn.results.size()));
      }
      fn.results.push_back(fn_.results[r]);
      fn.resultTypes.push_back(fn_.resultTypes[r]);
      out.outputs.push_back(phase_.clientOutputs[r]);
    }
    // Nothing is aggregated, say.
    if (out.outputs.empty() && fn.body.empty()) return;
    out.fn = static_cast<int>(next_ + made_.fns.size());
    made_.fns.push_back(std::move(fn));
    made_.pieces.push_back(std::move(out));
  }

  /// A piece that another cutter has made.
  void add(Piece piece, Fn fn) {
    piece.fn = static_cast<int>(next_ + made_.fns.size());
    made_.fns.push_back(std::move(fn));
    made_.pieces.push_back(std::move(piece));
  }

  Pieces take() { return std::move(made_); }

  /// As the piece that makes it has it: with one key, its mark still says how many there are.
  const core::Type& typeOf(int number) const {
    const Crossed& value = values_.at(number);
    return fn_.typeOf(value.made.isLiteral ? value.taken : value.made.var);
  }
  bool hasKnownSize(Var v) const {
    const core::Type& type = fn_.typeOf(v);
    return std::all_of(type.dims.begin(), type.dims.end(), [](const Dim& d) { return d.constant().has_value(); });
  }
  const Atom& made(int number) const { return values_.at(number).made; }
  /// The extents of a value that the receiver is told.
  std::vector<Dim::Variable> lengthsOf(int number) const {
    std::vector<Dim::Variable> out;
    for (const Dim& d : fn_.typeOf(values_.at(number).taken).dims) {
      if (const auto length = d.asVariable(); length && lengths_.contains(*length)) out.push_back(*length);
    }
    return out;
  }

 private:
  /// A value that goes from piece to piece: what the one makes, and the other's name for it.
  struct Crossed {
    Atom made;
    Var taken = 0;
  };

  /// Memory has room for one run-time extent, the first.
  bool goesAsElements(int number) const {
    const std::vector<Dim>& dims = fn_.typeOf(values_.at(number).taken).dims;
    return std::any_of(dims.begin(), dims.end(), [&](const Dim& d) { return !d.constant() && &d != &dims.front(); });
  }
  static Dim elementsOf(const core::Type& type) {
    Dim out(1);
    for (const Dim& d : type.dims) out = out * d;
    return out;
  }
  core::SentLength lengthOf(int number, const Dim& extent, const std::map<Dim::Variable, int>& numbers) const {
    core::SentLength out{number, {}, 1, most(extent)};
    for (const Dim::Variable length : lengthsOf(number)) out.says.push_back(numbers.at(length));
    if (goesAsElements(number)) {
      for (const Dim& d : fn_.typeOf(values_.at(number).taken).dims) out.times *= d.constant().value_or(1);
    }
    return out;
  }
  /// Over the function's dimension parameters.
  Dim most(const Dim& extent) const {
    return extent.limit([&](Dim::Variable v) -> std::optional<Dim> {
      const auto at = dimDefinedBy_.find(v);
      return at == dimDefinedBy_.end() ? std::nullopt : std::optional(most(fn_.body[at->second].attrs.extent));
    });
  }

  void need(Var v, Needs& out) const {
    if (const auto cut = cuts_.find(v); cut != cuts_.end() && !out.made.contains(cut->second)) {
      out.taken.insert(cut->second);
      return;
    }
    if (const auto at = definedBy_.find(v); at != definedBy_.end()) return need(at->second, out);
    const auto param = paramAt_.find(v);
    FEDC_REQUIRE(param != paramAt_.end(), "a name from nowhere");
    if (!out.params.insert(param->second).second) return;
    for (const Dim& d : fn_.typeOf(v).dims) needDim(d, out);
  }
  void need(std::size_t stmt, Needs& out) const {
    const Stmt& s = fn_.body[stmt];
    if (!out.stmts.insert(stmt).second) return;
    const FreeNames names = freeNames(fn_, std::span(&s, 1));
    for (const Var v : names.vars) need(v, out);
    for (const Dim::Variable d : names.dims) needDim(Dim::variable(d), out);
  }
  void need(const Atom& a, Needs& out) const {
    if (!a.isLiteral) need(a.var, out);
  }
  void needDim(const Dim& dim, Needs& out) const {
    for (const Dim::Variable v : dim.variables()) {
      const auto at = dimDefinedBy_.find(v);
      if (at != dimDefinedBy_.end() && !(out.isTold && lengths_.contains(v))) {
        need(at->second, out);
      } else {
        out.dims.insert(v);
      }
    }
  }

  const std::size_t next_;
  const core::Graph& graph_;
  const Phase& phase_;
  const Fn& fn_;
  std::map<Var, std::size_t> definedBy_, paramAt_;
  std::map<Dim::Variable, std::size_t> dimDefinedBy_;
  std::map<int, Crossed> values_;
  std::map<Var, int> cuts_;
  std::set<Dim::Variable> lengths_;
  Pieces made_;
};

/// Cuts a client function for `--wire`.
class WireCutter {
 public:
  WireCutter(const core::Program& program, const core::Graph& graph, const Phase& phase, const Fn& fn, const std::set<Dim::Variable>& lengths)
      : phase_(phase), cutter_(program, graph, phase, fn), lengths_(lengths) {
    cutter_.cutAtLengths(lengths);
    for (const core::SelectEdge& select : phase.selects) {
      for (const int n : select.keyCrossings) cutter_.cutAt(n);
      for (const int n : select.sliceCrossings) cutter_.cutAt(n);
    }
    for (const UpEdge& up : phase.up)
      for (const int n : up.crossings) cutter_.cutAt(n);
    sideOfChecks();
  }

  Expected<Pieces, Diagnostic> run() {
    Numbers slices, updates;
    for (std::size_t j = 0; j < phase_.selects.size(); ++j) {
      const core::SelectEdge& select = phase_.selects[j];
      span_ = select.span;
      const std::string number = std::to_string(j + 1);
      if (auto problem = piece({Side::Client, "ask" + number, slices, select.keyCrossings, {}, {}})) return tl::unexpected(std::move(*problem));
      if (auto problem = piece({Side::Server, "serve" + number, select.keyCrossings, select.sliceCrossings, {}, checks_[{CheckedBy::Serve, j}]}))
        return tl::unexpected(std::move(*problem));
      slices.insert(slices.end(), select.sliceCrossings.begin(), select.sliceCrossings.end());
    }
    for (const UpEdge& up : phase_.up) {
      if (span_.begin == span_.end) span_ = up.span;
      updates.insert(updates.end(), up.crossings.begin(), up.crossings.end());
    }
    std::vector<std::size_t> kept, accumulators;
    for (std::size_t r = 0; r < phase_.clientOutputs.size(); ++r)
      (phase_.clientOutputs[r].kind == ClientOutput::Kind::Accumulator ? accumulators : kept).push_back(r);
    Wanted work{Side::Client, "work", slices, updates, kept, checks_[{CheckedBy::Work, 0}]};
    Wanted receive{Side::Server, "receive", updates, {}, accumulators, checks_[{CheckedBy::Receive, 0}]};
    int number = cutter_.newNumber();
    for (const Dim::Variable d : cutter_.needsOf(receive).dims)
      if (lengths_.contains(d)) receive.lengths.emplace(d, number++);
    for (const int n : updates)
      for (const Dim::Variable d : cutter_.lengthsOf(n))
        if (receive.lengths.try_emplace(d, number).second) ++number;
    work.lengths = receive.lengths;
    if (auto problem = piece(work)) return tl::unexpected(std::move(*problem));
    if (auto problem = piece(receive)) return tl::unexpected(std::move(*problem));
    return cutter_.take();
  }

 private:
  struct CheckedBy {
    enum Kind { Serve, Work, Receive };
    Kind kind = Work;
    std::size_t select = 0;
    auto operator<=>(const CheckedBy&) const = default;
  };

  /// Each check belongs to the side that has what it looks at.
  void sideOfChecks() {
    std::map<int, std::size_t> keys;
    std::set<int> updates;
    for (std::size_t j = 0; j < phase_.selects.size(); ++j)
      for (const int n : phase_.selects[j].keyCrossings) keys.emplace(n, j);
    for (const UpEdge& up : phase_.up) updates.insert(up.crossings.begin(), up.crossings.end());
    const Fn& fn = cutter_.fn();
    for (std::size_t i = 0; i < fn.body.size(); ++i) {
      if (!hasCheck({fn.body[i]})) continue;
      const Needs needs = cutter_.needsOf(i);
      CheckedBy by;
      for (const std::size_t p : needs.params)
        if (cutter_.isAccumulator(p)) by.kind = CheckedBy::Receive;
      for (const int n : needs.taken) {
        if (updates.contains(n)) by.kind = CheckedBy::Receive;
        if (const auto at = keys.find(n); at != keys.end()) by = {CheckedBy::Serve, at->second};
      }
      const bool selects = std::any_of(needs.params.begin(), needs.params.end(), [&](std::size_t p) { return cutter_.isSelected(p); });
      if (by.kind == CheckedBy::Work && selects) by.kind = CheckedBy::Serve;
      checks_[by].insert(i);
    }
  }

  Diagnostic refused(const std::string& what) const { return Diagnostic(Code::NotYetSupported, span_, what + " cannot be sent by `--wire` yet"); }

  std::optional<Diagnostic> piece(const Wanted& wanted) {
    const bool isServer = wanted.side == Side::Server;
    const Needs needs = cutter_.needsOf(wanted);
    for (const std::size_t p : needs.params) {
      if (isServer ? cutter_.isOfClient(p) : cutter_.isSelected(p))
        return refused(isServer ? "an aggregate that looks at more of a client than its value"
                                : "a value of which clients select parts, used whole,");
    }
    for (const int n : needs.taken) {
      if (std::find(wanted.taken.begin(), wanted.taken.end(), n) == wanted.taken.end()) return refused("a value that both sides work on");
    }
    if (isServer && std::any_of(needs.dims.begin(), needs.dims.end(), [&](Dim::Variable d) { return !wanted.lengths.contains(d); }))
      return refused("a size that depends on the client's data");
    for (const int n : wanted.sent) {
      const std::vector<Dim>& dims = cutter_.typeOf(n).dims;
      const auto open = std::count_if(dims.begin(), dims.end(), [](const Dim& d) { return !d.constant(); });
      if (static_cast<std::size_t>(open) != cutter_.lengthsOf(n).size()) return refused("a value whose size depends on the client's data");
    }
    cutter_.make(wanted, needs);
    return std::nullopt;
  }

  const Phase& phase_;
  Cutter cutter_;
  const std::set<Dim::Variable>& lengths_;
  std::map<CheckedBy, std::set<std::size_t>> checks_;
  /// What a refusal points at.
  Span span_;
};

/// Whether a statement costs more than to look a key up: arithmetic on whole tensors, and whatever is no elementwise operation on a number.
bool computes(const Fn& fn, const Stmt& s) {
  switch (s.op) {
    case Op::Gather:
    case Op::Pick:
    case Op::DynamicSlice:
    case Op::Concat:
    case Op::Pad:
    case Op::Check:
    case Op::DimDef:
    case Op::DimValue:
    case Op::StrCompare: return false;
    default: break;
  }
  if (core::opRow(s.op).lowering == core::Lowering::View) return false;
  // Every value has the axis of the keys, which is 1 long here, or none.
  std::int64_t elements = 1;
  for (const Var v : s.results) {
    for (const Dim& d : fn.typeOf(v).dims) elements *= d.constant().value_or(2);
  }
  // A conversion is an instruction of a copy that is made anyway.
  const bool isCheap = core::isElementwise(s.op) && core::opRow(s.op).cost == core::Cost::Cheap;
  const bool isMove = s.op == Op::Convert || s.op == Op::Select || s.op == Op::Bitcast || s.op == Op::StopGradient;
  return !isCheap || (elements > 1 && !isMove);
}

/// Cuts a client function at the selections whose slices are computed.
class SelectionCutter {
 public:
  SelectionCutter(const core::Program& program, const core::Graph& graph, const Phase& phase, const Fn& fn, const Fn& one)
      : phase_(phase), cutter_(program, graph, phase, fn), one_(program, graph, phase, one) {
    for (const core::SelectEdge& select : phase.selects) {
      for (const int n : select.keyCrossings) one_.cutAt(n);
      for (const int n : select.sliceCrossings) one_.cutAt(n);
    }
  }

  Pieces run() {
    struct Selection {
      std::size_t number;
      Piece serve;
      Fn fn;
    };
    std::vector<Selection> selections;
    std::set<std::size_t> served;
    for (std::size_t j = 0; j < phase_.selects.size(); ++j) {
      std::set<std::size_t> checks = checksOf(phase_.selects[j]);
      auto made = serve(j, checks);
      if (!made) continue;
      selections.push_back({j, std::move(made->pieces.front()), std::move(made->fns.front())});
      served.merge(checks);
    }
    if (selections.empty()) return {};
    for (const Selection& s : selections)
      for (const int n : phase_.selects[s.number].sliceCrossings) cutter_.cutAt(n);
    Wanted rest{Side::Client, "work", {}, {}, {}, {}};
    for (std::size_t r = 0; r < phase_.clientOutputs.size(); ++r) rest.results.push_back(r);
    for (std::size_t i = 0; i < cutter_.fn().body.size(); ++i) {
      if (hasCheck({cutter_.fn().body[i]}) && !served.contains(i)) rest.checks.insert(i);
    }
    Numbers taken;
    for (std::size_t i = 0; i < selections.size(); ++i) {
      const core::SelectEdge& select = phase_.selects[selections[i].number];
      Wanted ask{Side::Client, fmt::format("ask{}", selections[i].number + 1), taken, select.keyCrossings, {}, {}};
      for (const int n : select.keyCrossings) cutter_.cutBefore(n);
      std::vector<Wanted> later{rest};
      for (std::size_t k = i + 1; k < selections.size(); ++k)
        later.push_back({Side::Client, {}, {}, phase_.selects[selections[k].number].keyCrossings, {}, {}});
      for (const int n : shared(ask, later)) ask.sent.push_back(n);
      const Needs needs = cutter_.needsOf(ask);
      cutter_.make(ask, needs);
      cutter_.add(std::move(selections[i].serve), std::move(selections[i].fn));
      taken.insert(taken.end(), ask.sent.begin(), ask.sent.end());
      taken.insert(taken.end(), select.sliceCrossings.begin(), select.sliceCrossings.end());
    }
    rest.taken = taken;
    cutter_.make(rest, cutter_.needsOf(rest));
    return cutter_.take();
  }

 private:
  /// The checks that look at the keys of a selection: they stand in its slices.
  std::set<std::size_t> checksOf(const core::SelectEdge& select) const {
    std::set<std::size_t> out;
    const Fn& fn = one_.fn();
    for (std::size_t i = 0; i < fn.body.size(); ++i) {
      if (!hasCheck({fn.body[i]})) continue;
      const Needs needs = one_.needsOf(i);
      if (std::any_of(select.keyCrossings.begin(), select.keyCrossings.end(), [&](int n) { return needs.taken.contains(n); })) out.insert(i);
    }
    return out;
  }

  std::optional<Pieces> serve(std::size_t j, const std::set<std::size_t>& checks) {
    const core::SelectEdge& select = phase_.selects[j];
    if (select.keyCrossings.size() != 1 || select.sliceCrossings.empty()) return std::nullopt;
    const Wanted wanted{Side::Key, fmt::format("serve{}", j + 1), select.keyCrossings, select.sliceCrossings, {}, checks};
    const Needs needs = one_.needsOf(wanted);
    for (const std::size_t p : needs.params)
      if (one_.isOfClient(p) || one_.isAccumulator(p)) return std::nullopt;
    for (const int n : needs.taken)
      if (n != select.keyCrossings[0]) return std::nullopt;
    if (!needs.dims.empty()) return std::nullopt;
    const Fn& fn = one_.fn();
    if (std::none_of(needs.stmts.begin(), needs.stmts.end(), [&](std::size_t i) { return computes(fn, fn.body[i]); })) return std::nullopt;
    one_.make(wanted, needs);
    return one_.take();
  }

  /// What a piece computes and later ones need, too, is handed on: views of it, and what has no known size, are made again.
  Numbers shared(const Wanted& ask, const std::vector<Wanted>& later) {
    const Fn& fn = cutter_.fn();
    std::set<std::size_t> here;
    for (const std::size_t i : cutter_.needsOf(ask).stmts) {
      const Stmt& s = fn.body[i];
      const bool isKnown = std::all_of(s.results.begin(), s.results.end(), [&](Var v) { return cutter_.hasKnownSize(v); });
      if (isKnown && !s.attrs.defines && core::opRow(s.op).lowering != core::Lowering::View) here.insert(i);
    }
    Numbers out;
    // The last first: once it is handed on, later pieces may have no more use for what it is made of.
    for (auto i = here.rbegin(); i != here.rend(); ++i) {
      const std::set<Var> used = usedBy(later, here);
      for (const Var v : fn.body[*i].results) {
        if (used.contains(v) && !cutter_.isCut(v)) out.push_back(cutter_.share(v));
      }
    }
    return out;
  }

  /// What pieces use in other statements than these.
  std::set<Var> usedBy(const std::vector<Wanted>& pieces, const std::set<std::size_t>& others) const {
    const Fn& fn = cutter_.fn();
    std::set<Var> used;
    std::set<std::size_t> stmts;
    for (const Wanted& w : pieces) {
      for (const std::size_t i : cutter_.needsOf(w).stmts) {
        if (!others.contains(i)) stmts.insert(i);
      }
      for (const std::size_t r : w.results)
        if (!fn.results[r].isLiteral) used.insert(fn.results[r].var);
      for (const int n : w.sent)
        if (!cutter_.made(n).isLiteral) used.insert(cutter_.made(n).var);
    }
    for (const std::size_t i : stmts) used.merge(freeNames(fn, std::span(&fn.body[i], 1)).vars);
    return used;
  }

  const Phase& phase_;
  /// With all of a client's keys, and with one.
  Cutter cutter_, one_;
};

}  // namespace

int crossingOf(const Stmt& mark) { return static_cast<int>(*mark.attrs.extent.constant()); }

Expected<Pieces, Diagnostic> cutForWire(const core::Program& program, const core::Graph& graph, const Phase& phase, const Fn& fn,
                                        const std::set<Dim::Variable>& lengths) {
  return WireCutter(program, graph, phase, fn, lengths).run();
}

Pieces cutAtSelections(const core::Program& program, const core::Graph& graph, const Phase& phase, const Fn& fn, const Fn& one) {
  return SelectionCutter(program, graph, phase, fn, one).run();
}

}  // namespace fedc::transform
