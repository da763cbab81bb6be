#include "compiler/transform/policy/facts.h"

#include <algorithm>
#include <array>

#include "compiler/transform/rewrite.h"

namespace fedc::transform::policy {

using core::Atom;
using core::Op;
using core::Stmt;
using core::Var;

namespace {

constexpr std::array kAllFacts = {Fact::Data,       Fact::State,       Fact::Draw,   Fact::FixedDraw, Fact::RunKey, Fact::Read,  Fact::Name,
                                  Fact::TrueOfName, Fact::FalseOfName, Fact::Chosen, Fact::Named,     Fact::Held,   Fact::Single};

/// What is made of a value has them, too.
constexpr Bits kStaying =
    kContent | Fact::Draw | Fact::FixedDraw | Fact::RunKey | Fact::TrueOfName | Fact::FalseOfName | Fact::Chosen | Fact::Named | Fact::Held;

bool isMove(Op op) {
  switch (op) {
    case Op::Broadcast:
    case Op::Reshape:
    case Op::Transpose:
    case Op::Slice:
    case Op::Reverse:
    case Op::DynamicSlice:
    case Op::Gather:
    case Op::Pick:
    case Op::Convert:
    case Op::Bitcast:
    case Op::DimValue:
    case Op::StopGradient:
    case Op::StrBytes:
    case Op::StrSplit:
    case Op::Cross: return true;
    default: return false;
  }
}

/// Different operands give different results, the others being the same; of hashes nearly all.
bool isShift(Op op) { return op == Op::Add || op == Op::Sub || op == Op::Neg || op == Op::Xor || op == Op::Mul || op == Op::StrHash; }

/// A single value is still one after it. What a plugin computes may be anything.
bool picksOne(const Stmt& s) {
  if (s.attrs.native) return true;
  if (isMove(s.op) || s.op == Op::Sort || s.op == Op::Min || s.op == Op::Max || s.op == Op::ArgReduce) return true;
  return s.op == Op::Reduce && s.attrs.reduce && (*s.attrs.reduce == core::ReduceKind::Min || *s.attrs.reduce == core::ReduceKind::Max);
}

bool isComparison(Op op) { return op == Op::Eq || op == Op::Ne || op == Op::Lt || op == Op::Le || op == Op::Gt || op == Op::Ge; }

/// Each element of the result depends on the same element of the operands, if on any.
bool isElementwise(Op op) { return op <= Op::Digamma || op == Op::Broadcast || op == Op::Reshape; }

bool isNumber(core::Elem e) { return e != core::Elem::Bool && e != core::Elem::Key; }

bool isReadAtPlace(Op op) { return op == Op::Gather || op == Op::Pick || op == Op::DynamicSlice; }

}  // namespace

const Why* FnFacts::why(Var v, Fact f) const {
  const auto found = why_.find({v, f});
  return found == why_.end() ? nullptr : &found->second;
}

const Stmt* FnFacts::definition(Var v) const {
  const auto found = definitions_.find(v);
  return found == definitions_.end() ? nullptr : found->second;
}

void FnFacts::index(const std::vector<Stmt>& stmts) {
  for (const Stmt& s : stmts) {
    for (const Var v : s.results) definitions_[v] = &s;
    for (const core::Region& r : s.regions) index(r.stmts);
  }
}

Facts FnFacts::of(const Dim& d) const {
  Facts out;
  for (const Dim::Variable v : d.variables()) {
    const auto found = dims_.find(v);
    if (found == dims_.end()) continue;
    out.bits |= found->second.bits;
    out.varies |= found->second.varies;
  }
  if (!d.asVariable()) out.bits &= ~bit(Fact::Read);
  return out;
}

void FnFacts::give(Var to, Fact fact, std::optional<Var> from, Fact because, Span span) {
  if (vars_[to].has(fact)) return;
  vars_[to].bits |= bit(fact);
  why_.try_emplace({to, fact}, Why{from, because, span});
}

void FnFacts::flow(Var to, const Atom& from, Span span) {
  if (from.isLiteral) return;
  const Facts facts = vars_[from.var];
  vars_[to].varies |= facts.varies;
  vars_[to].edges.insert(facts.edges.begin(), facts.edges.end());
  const bool isBool = fn_->typeOf(to).elem == core::Elem::Bool;
  for (const Fact f : kAllFacts) {
    if (!facts.has(f) || (kStaying & bit(f)) == 0) continue;
    if (!isBool && f == Fact::TrueOfName) {
      give(to, Fact::Chosen, from.var, f, span);
    } else if (!isBool && f == Fact::FalseOfName) {
      give(to, Fact::Named, from.var, f, span);
    } else {
      give(to, f, from.var, f, span);
    }
  }
}

void FnFacts::flow(Var to, const Dim& from, Span span) {
  const Facts facts = of(from);
  vars_[to].varies |= facts.varies;
  for (const Fact f : kAllFacts) {
    if (facts.has(f) && (kStaying & bit(f)) != 0) give(to, f, std::nullopt, f, span);
  }
}

bool FnFacts::isZero(const Atom& a) const {
  if (a.isLiteral) return a.literal.bits == 0;
  const Stmt* s = definition(a.var);
  return s != nullptr && s->op == Op::Broadcast && isZero(s->args[0]);
}

void FnFacts::setParam(Var v, Facts facts) {
  vars_[v] = std::move(facts);
  const core::Type& type = fn_->typeOf(v);
  if (vars_[v].has(Fact::Read) && type.rank() == 0 && isNumber(type.elem)) vars_[v].bits |= bit(Fact::Name);
}

void FnFacts::run() {
  index(fn_->body);
  for (const Var v : fn_->params) {
    if (declassified_.contains(v)) finish(v, {});
  }
  block(fn_->body);
}

void FnFacts::block(const std::vector<Stmt>& stmts) {
  for (const Stmt& s : stmts) stmt(s);
}

void FnFacts::stmt(const Stmt& s) {
  switch (s.op) {
    case Op::Check: return;
    case Op::Loop: loop(s); return;
    case Op::Cond:
    case Op::Vmap:
    case Op::Vjp:
    case Op::Jvp:
    case Op::Checkpoint: region(s); return;
    case Op::Select:
      clear(s.results[0]);
      choice(s.results[0], s.args[0], s.args[1], s.args[2], s.span);
      finish(s.results[0], s);
      return;
    case Op::UpdateSlice:
    case Op::Scatter: place(s); return;
    default:
      if (isComparison(s.op) && compare(s)) return;
      plain(s);
  }
}

void FnFacts::plain(const Stmt& s) {
  if (s.attrs.defines) {
    Facts facts = of(s.attrs.extent);
    for (const Atom& a : s.args) {
      const Facts more = of(a);
      facts.bits |= more.bits & kStaying;
      facts.varies |= more.varies;
    }
    facts.bits &= ~bit(Fact::Read);
    dims_[*s.attrs.defines] = std::move(facts);
  }
  for (const Var to : s.results) {
    clear(to);
    for (std::size_t i = 0; i < s.args.size(); ++i) {
      const Atom& a = s.args[i];
      // Which of the public rows was read says no more than the name does.
      const bool isByName = isReadAtPlace(s.op) && i > 0 && of(a).has(Fact::Name) && !of(s.args[0]).any(kContent);
      if (isByName) {
        give(to, Fact::Named, a.var, Fact::Name, s.span);
      } else {
        flow(to, a, s.span);
      }
    }
    forEachDim(s.attrs, [&](const Dim& d) { flow(to, d, s.span); });
    if (s.attrs.native) choiceInside(to, s);
    if (s.op == Op::Not) {
      Facts& facts = vars_[to];
      const bool yes = facts.has(Fact::TrueOfName), no = facts.has(Fact::FalseOfName);
      facts.bits &= ~(Fact::TrueOfName | Fact::FalseOfName);
      if (yes) give(to, Fact::FalseOfName, s.args[0].var, Fact::TrueOfName, s.span);
      if (no) give(to, Fact::TrueOfName, s.args[0].var, Fact::FalseOfName, s.span);
    }
    finish(to, s);
  }
}

void FnFacts::choiceInside(Var to, const Stmt& s) {
  const bool hasContent = std::any_of(s.args.begin(), s.args.end(), [&](const Atom& a) { return of(a).any(kContent); });
  for (const Atom& a : s.args) {
    const Facts facts = of(a);
    const bool isOfClient = facts.has(Fact::Name) || (facts.has(Fact::Read) && facts.varies == 0);
    if (!isOfClient && !(facts.has(Fact::Single) && hasContent)) continue;
    const Fact because = facts.has(Fact::Name) ? Fact::Name : isOfClient ? Fact::Read : Fact::Single;
    if (fn_->typeOf(to).elem == core::Elem::Bool) {
      give(to, Fact::TrueOfName, a.var, because, s.span);
      give(to, Fact::FalseOfName, a.var, because, s.span);
    } else {
      give(to, Fact::Chosen, a.var, because, s.span);
    }
  }
}

void FnFacts::finish(Var v, const Stmt& s) {
  Facts& facts = vars_[v];
  const core::Type& type = fn_->typeOf(v);
  if (!s.results.empty()) {
    // Read, Single: as long as values are only moved.
    bool isRead = isMove(s.op) || isShift(s.op), isSingle = false, isName = true, hasClient = false;
    std::optional<Var> name, single;
    for (const Atom& a : s.args) {
      const Facts from = of(a);
      if (from.any(kContent) && !from.has(Fact::Read)) isRead = false;
      if (from.has(Fact::Single)) single = a.var;
      if (!from.any(kClient)) continue;
      hasClient = true;
      if (from.has(Fact::Name)) name = a.var;
      isName = isName && from.has(Fact::Name);
    }
    if (s.op == Op::DimValue) isRead = of(s.attrs.extent).has(Fact::Read);
    isRead = isRead && facts.any(kContent);
    isSingle = single && picksOne(s);
    if (isRead) give(v, Fact::Read, std::nullopt, Fact::Read, s.span);
    if (isSingle) give(v, Fact::Single, single, Fact::Single, s.span);
    const Bits other = Fact::TrueOfName | Fact::FalseOfName | Fact::Chosen | Fact::Named;
    const bool isOwnDraw = facts.any(Fact::Draw | Fact::FixedDraw | Fact::State) && !facts.has(Fact::Data) && !facts.any(other);
    if (isNumber(type.elem) && facts.varies == 0 && type.rank() == 0 && (isRead || isOwnDraw)) give(v, Fact::Name, std::nullopt, Fact::Name, s.span);
    // A name next to public values of any shape: `iota == name`.
    if (isNumber(type.elem) && type.rank() != 0 && hasClient && isName && isElementwise(s.op)) give(v, Fact::Name, name, Fact::Name, s.span);
  }
  if (!declassified_.contains(v)) return;
  released_.insert(facts.edges.begin(), facts.edges.end());
  // That it may be known does not make it something else.
  facts.bits &= Fact::Held | Fact::RunKey | Fact::Single;
  facts.edges.clear();
}

bool FnFacts::compare(const Stmt& s) {
  const bool isEqual = s.op == Op::Eq, isUnequal = s.op == Op::Ne;
  for (const std::size_t named : {std::size_t{0}, std::size_t{1}}) {
    const Atom &a = s.args[named], &other = s.args[1 - named];
    const Facts left = of(a), right = of(other);
    if (right.any(kClient) || left.any(bit(Fact::Held)) || right.any(bit(Fact::Held))) continue;
    const bool byName = left.has(Fact::Name) && (isEqual || isUnequal || left.has(Fact::FixedDraw));
    const bool bySingle = right.has(Fact::Single) && left.any(kContent);
    if (!byName && !bySingle) continue;
    const Var to = s.results[0];
    clear(to);
    flow(to, other, s.span);
    vars_[to].varies |= left.varies;
    const Fact because = byName ? Fact::Name : left.has(Fact::Data) ? Fact::Data : Fact::State;
    if (!isUnequal) give(to, Fact::TrueOfName, a.var, because, s.span);
    if (!isEqual) give(to, Fact::FalseOfName, a.var, because, s.span);
    finish(to, s);
    return true;
  }
  return false;
}

void FnFacts::choice(Var to, const Atom& condition, const Atom& yes, const Atom& no, Span span) {
  flow(to, yes, span);
  flow(to, no, span);
  if (condition.isLiteral) return;
  const Facts facts = of(condition);
  vars_[to].varies |= facts.varies;
  vars_[to].edges.insert(facts.edges.begin(), facts.edges.end());
  const Bits ofName = Fact::TrueOfName | Fact::FalseOfName;
  for (const Fact f : kAllFacts) {
    if (facts.has(f) && (kStaying & ~ofName & bit(f)) != 0) give(to, f, condition.var, f, span);
  }
  if (fn_->typeOf(to).elem == core::Elem::Bool) {
    for (const Fact f : {Fact::TrueOfName, Fact::FalseOfName})
      if (facts.has(f)) give(to, f, condition.var, f, span);
    return;
  }
  const auto side = [&](Fact f, const Atom& mine, const Atom& others) {
    if (!facts.has(f)) return;
    const bool chosen = of(mine).any(kContent) || (!of(others).any(kContent) && !isZero(mine));
    give(to, chosen ? Fact::Chosen : Fact::Named, condition.var, f, span);
  };
  side(Fact::TrueOfName, yes, no);
  side(Fact::FalseOfName, no, yes);
}

void FnFacts::place(const Stmt& s) {
  const Var to = s.results[0];
  clear(to);
  const bool isScatter = s.op == Op::Scatter;
  for (std::size_t i = 0; i < s.args.size(); ++i) {
    const Atom& a = s.args[i];
    const bool isPlace = isScatter ? i == 1 : i > 1;
    if (isPlace && of(a).has(Fact::Name)) {
      give(to, Fact::Chosen, a.var, Fact::Name, s.span);
    } else {
      flow(to, a, s.span);
    }
  }
  forEachDim(s.attrs, [&](const Dim& d) { flow(to, d, s.span); });
  finish(to, s);
}

void FnFacts::loop(const Stmt& s) {
  const core::Region& body = s.regions[0];
  const auto carries = static_cast<std::size_t>(s.attrs.carries);
  const std::uint64_t level = std::uint64_t{1} << std::min(depth_, 63);
  const Facts trip = of(s.attrs.extent);
  if (s.attrs.defines) {
    Facts facts = trip;
    facts.bits &= ~bit(Fact::Read);
    facts.varies |= level;
    dims_[*s.attrs.defines] = std::move(facts);
  }
  for (std::size_t i = 0; i < body.params.size(); ++i) {
    clear(body.params[i]);
    flow(body.params[i], s.args[i], s.span);
    vars_[body.params[i]].varies |= level;
    if (i >= carries && of(s.args[i]).has(Fact::Read)) give(body.params[i], Fact::Read, std::nullopt, Fact::Read, s.span);
  }
  ++depth_;
  for (bool changed = true; changed;) {
    changed = false;
    block(body.stmts);
    for (std::size_t i = 0; i < carries; ++i) {
      const Facts before = vars_[body.params[i]];
      flow(body.params[i], body.yields[i], s.span);
      changed = changed || !(before == vars_[body.params[i]]);
    }
  }
  --depth_;
  for (std::size_t i = 0; i < s.results.size(); ++i) {
    const Var to = s.results[i];
    clear(to);
    if (i < carries) flow(to, s.args[i], s.span);
    flow(to, body.yields[i], s.span);
    flow(to, s.attrs.extent, s.span);
    vars_[to].varies &= ~level;
    finish(to, s);
  }
}

void FnFacts::region(const Stmt& s) {
  const bool isMap = s.op == Op::Vmap;
  const std::uint64_t level = std::uint64_t{1} << std::min(depth_, 63);
  for (const core::Region& r : s.regions) {
    for (std::size_t i = 0; i < r.params.size(); ++i) {
      clear(r.params[i]);
      flow(r.params[i], s.args[i], s.span);
      if (of(s.args[i]).has(Fact::Read)) give(r.params[i], Fact::Read, std::nullopt, Fact::Read, s.span);
      if (isMap) vars_[r.params[i]].varies |= level;
    }
  }
  if (isMap) ++depth_;
  for (const core::Region& r : s.regions) block(r.stmts);
  if (isMap) --depth_;
  for (std::size_t i = 0; i < s.results.size(); ++i) {
    const Var to = s.results[i];
    clear(to);
    switch (s.op) {
      case Op::Cond: choice(to, s.args[0], s.regions[0].yields[i], s.regions[1].yields[i], s.span); break;
      case Op::Vmap:
      case Op::Checkpoint: {
        const Atom& yield = s.regions[0].yields[i];
        flow(to, yield, s.span);
        flow(to, s.attrs.extent, s.span);
        if (of(yield).has(Fact::Read)) give(to, Fact::Read, std::nullopt, Fact::Read, s.span);
        break;
      }
      default:
        // A derivative is made of all that goes in and comes out.
        for (const Atom& a : s.args) flow(to, a, s.span);
        for (const Atom& a : s.regions[0].yields) flow(to, a, s.span);
    }
    if (isMap) vars_[to].varies &= ~level;
    finish(to, s);
  }
}

}  // namespace fedc::transform::policy
