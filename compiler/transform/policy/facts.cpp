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

constexpr std::array kAllFacts = {Fact::Data,   Fact::State,  Fact::Draw,     Fact::FixedDraw, Fact::RunKey,      Fact::Read,
                                  Fact::Name,   Fact::Chosen, Fact::Named,    Fact::Held,      Fact::Single,      Fact::TrueOfName,
                                  Fact::Placed, Fact::Mask,   Fact::Relative, Fact::Sum,       Fact::FalseOfName, Fact::Mixed};

/// What is made of a value has them, too.
constexpr Bits kStaying = kContent | kChoice | Fact::Draw | Fact::FixedDraw | Fact::RunKey | Fact::Held | Fact::Sum | Fact::Mixed;

bool isMove(Op op) {
  switch (op) {
    case Op::Broadcast:
    case Op::Reshape:
    case Op::Transpose:
    case Op::Slice:
    case Op::Pad:
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

bool isArithmetic(Op op) { return isElementwise(op) && !isComparison(op); }

/// Content may be added to a draw: that is noise. Where the two meet in anything else, one may decide what is left of the other.
bool isAdditive(const Stmt& s) {
  switch (s.op) {
    case Op::Add:
    case Op::Sub:
    case Op::Concat:
    case Op::Pad:
    case Op::Reduce:
    case Op::Cumulative:
    case Op::Trace: return true;
    default: return isMove(s.op) || isComparison(s.op);
  }
}

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
  vars_[to].chosenAnew &= facts.chosenAnew;
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

void FnFacts::linger(Var to, const Atom& from, Bits which, Span span) {
  const Facts facts = of(from);
  for (const Fact f : kAllFacts) {
    if (facts.has(f) && (which & bit(f)) != 0) give(to, f, from.var, f, span);
  }
}

void FnFacts::choose(Var to, std::optional<Var> by, Fact because, Span span) {
  vars_[to].chosenAnew = 0;
  if (fn_->typeOf(to).elem != core::Elem::Bool) return give(to, Fact::Chosen, by, because, span);
  give(to, Fact::TrueOfName, by, because, span);
  give(to, Fact::FalseOfName, by, because, span);
}

bool FnFacts::isDrawn(const Facts& facts) const {
  if (!facts.any(Fact::Draw | Fact::FixedDraw) || facts.any(kChoice | Fact::Data)) return false;
  // What was drawn once and is kept without change is in FixedDraw; other state may hold data by now.
  return (!facts.has(Fact::State) || facts.has(Fact::FixedDraw)) && (facts.varies & ~publicLevels_) == 0;
}

void FnFacts::flow(Var to, const Dim& from, Span span) {
  const Facts facts = of(from);
  vars_[to].varies |= facts.varies;
  for (const Fact f : kAllFacts) {
    if (facts.has(f) && (kStaying & bit(f)) != 0) give(to, f, std::nullopt, f, span);
  }
}

void FnFacts::flowTurns(Var to, const Stmt& s, std::uint64_t level) {
  Facts& facts = vars_[to];
  const bool isCount = facts.any(kChoice) && !facts.any(kContent) && (facts.chosenAnew & level) != 0;
  facts.chosenAnew &= ~level;
  // How many examples something holds for says no more of one that is chosen.
  if (!isCount) flow(to, s.attrs.extent, s.span);
}

bool FnFacts::isZero(const Atom& a) const {
  if (a.isLiteral) return a.literal.bits == 0;
  const Stmt* s = definition(a.var);
  return s != nullptr && s->op == Op::Broadcast && isZero(s->args[0]);
}

bool FnFacts::isNonzero(const Atom& a) const {
  if (a.isLiteral) return a.literal.bits != 0;
  const Stmt* s = definition(a.var);
  if (s == nullptr || (s->op != Op::Broadcast && s->op != Op::Reshape && s->op != Op::Concat)) return false;
  return std::all_of(s->args.begin(), s->args.end(), [&](const Atom& part) { return isNonzero(part); });
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
        vars_[to].chosenAnew = 0;
      } else {
        flow(to, a, s.span);
      }
    }
    forEachDim(s.attrs, [&](const Dim& d) { flow(to, d, s.span); });
    if (s.attrs.native) choiceInside(to, s);
    if (isReadAtPlace(s.op)) readAtPlace(to, s);
    product(to, s);
    turned(to, s);
    finish(to, s);
  }
}

/// What is true of a name, said the other way round: `!x`, `x ^ true`, `x == false`, `x != true`.
void FnFacts::turned(Var to, const Stmt& s) {
  const auto isGiven = [&](bool value) {
    return std::any_of(s.args.begin(), s.args.end(),
                       [&](const Atom& a) { return a.isLiteral && a.literal.elem == core::Elem::Bool && (a.literal.bits != 0) == value; });
  };
  const bool isTurned = s.op == Op::Not || ((s.op == Op::Xor || s.op == Op::Ne) && isGiven(true)) || (s.op == Op::Eq && isGiven(false));
  const auto x = std::find_if(s.args.begin(), s.args.end(), [](const Atom& a) { return !a.isLiteral; });
  if (!isTurned || x == s.args.end()) return;
  Facts& facts = vars_[to];
  const bool yes = facts.has(Fact::TrueOfName), no = facts.has(Fact::FalseOfName);
  facts.bits &= ~(Fact::TrueOfName | Fact::FalseOfName);
  if (yes) give(to, Fact::FalseOfName, x->var, Fact::TrueOfName, s.span);
  if (no) give(to, Fact::TrueOfName, x->var, Fact::FalseOfName, s.span);
}

void FnFacts::choiceInside(Var to, const Stmt& s) {
  const bool hasContent = std::any_of(s.args.begin(), s.args.end(), [&](const Atom& a) { return of(a).any(kContent); });
  for (const Atom& a : s.args) {
    const Facts facts = of(a);
    if (facts.has(Fact::Name)) {
      choose(to, a.var, Fact::Name, s.span);
    } else if (facts.has(Fact::Read) && facts.varies == 0) {
      choose(to, a.var, Fact::Read, s.span);
    } else if (facts.has(Fact::Relative) || (facts.has(Fact::Single) && hasContent)) {
      choose(to, a.var, facts.has(Fact::Relative) ? Fact::Relative : Fact::Single, s.span);
    }
  }
}

void FnFacts::product(Var to, const Stmt& s) {
  if (isAdditive(s) || fn_->typeOf(to).elem == core::Elem::Key) return;
  const std::size_t factors = s.op == Op::Fma ? 2 : s.args.size();
  for (std::size_t i = 0; i < factors; ++i) {
    const Facts facts = of(s.args[i]);
    if (!facts.has(Fact::Mask) && !isFixed(facts)) continue;
    for (std::size_t j = 0; j < factors; ++j) {
      if (i == j || !of(s.args[j]).any(kContent) || isFixed(of(s.args[j]))) continue;
      choose(to, s.args[i].var, facts.has(Fact::Mask) ? Fact::Mask : Fact::FixedDraw, s.span);
    }
  }
}

void FnFacts::readAtPlace(Var to, const Stmt& s) {
  if (s.args[0].isLiteral) return;
  const core::Type& from = fn_->typeOf(s.args[0].var);
  const bool isOfContent = of(s.args[0]).any(kContent);
  for (std::size_t i = 1; i < s.args.size(); ++i) {
    const Facts at = of(s.args[i]);
    const std::size_t axis = s.op == Op::DynamicSlice ? i - 1 : s.attrs.axes.empty() ? 0 : static_cast<std::size_t>(s.attrs.axes[0]);
    // Rows of data in an order of the client's own are its rows all the same.
    if (axis >= from.dims.size() || of(from.dims[axis]).any(kContent)) continue;
    if (s.op == Op::DynamicSlice && s.attrs.dims[axis] == from.dims[axis]) continue;
    const bool isName = at.has(Fact::Name) || (at.has(Fact::Read) && (at.varies & ~publicLevels_) == 0);
    const bool isScalar = fn_->typeOf(to).rank() == 0;
    if (isOfContent && isFixed(at)) {
      choose(to, s.args[i].var, Fact::FixedDraw, s.span);
    } else if (isOfContent && (isName || isDrawn(at)) && (!isScalar || at.varies != 0)) {
      give(to, Fact::Placed, s.args[i].var, isName ? Fact::Name : Fact::Draw, s.span);
    } else if (!isOfContent && isScalar && at.has(Fact::Name) && !isNonzero(s.args[0])) {
      // Any list of clients is such a table.
      if (fn_->typeOf(to).elem == core::Elem::Bool) {
        choose(to, s.args[i].var, Fact::Name, s.span);
      } else {
        give(to, Fact::Mask, s.args[i].var, Fact::Name, s.span);
      }
    }
  }
}

bool FnFacts::isRead(Var v, const Stmt& s) const {
  const Facts& facts = vars_[v];
  if (!facts.any(kContent)) return false;
  if (s.op == Op::DimValue) return of(s.attrs.extent).has(Fact::Read);
  if (!isMove(s.op) && !isShift(s.op)) return facts.has(Fact::Read);
  int varying = 0;
  const bool isOfRows = isReadAtPlace(s.op) && of(s.args[0]).any(kContent);
  for (std::size_t i = 0; i < s.args.size(); ++i) {
    const Facts from = of(s.args[i]);
    if (!from.any(kContent)) continue;
    // Each example in its turn.
    if (isOfRows && i > 0 && from.varies != 0) continue;
    if (!from.has(Fact::Read)) return false;
    if (from.varies != 0) ++varying;
  }
  // What adds one example to another computes.
  return isMove(s.op) || varying < 2;
}

void FnFacts::relate(Var v, const Stmt& s) {
  const bool isWhole = isArithmetic(s.op) || isMove(s.op) || s.op == Op::Concat || s.op == Op::Pad;
  const bool isReduced = s.op == Op::Reduce || s.op == Op::Cumulative;
  if (!isWhole && !isReduced && !picksOne(s)) return;
  std::optional<Var> single, relative, mask;
  bool hasOther = false, hasContent = false, hasSum = false, isAllRelative = true, isAllMask = true;
  for (const Atom& a : s.args) {
    const Facts from = of(a);
    // One element of an array stands nowhere.
    const bool isElement = !a.isLiteral && fn_->typeOf(a.var).rank() != 0 && fn_->typeOf(v).rank() == 0;
    if (isWhole && from.has(Fact::Placed) && !isElement) give(v, Fact::Placed, a.var, Fact::Placed, s.span);
    if (from.has(Fact::Relative)) relative = a.var;
    if (from.has(Fact::Mask)) mask = a.var;
    if (from.any(kContent)) {
      hasContent = true;
      isAllRelative = isAllRelative && from.has(Fact::Relative);
      isAllMask = isAllMask && from.has(Fact::Mask);
    } else if (from.has(Fact::Mixed)) {
      isAllRelative = isAllMask = false;
    } else if (from.has(Fact::Single)) {
      single = a.var;
    } else if (from.has(Fact::Sum)) {
      hasSum = true;
    }
    hasOther = hasOther || from.any(kClient);
  }
  // A model that was trained with such a value is made of sums.
  if (single && !hasOther && (picksOne(s) || !hasSum)) give(v, Fact::Single, single, Fact::Single, s.span);
  if (s.op == Op::Sign || s.op == Op::ArgReduce) {
    if (relative) give(v, Fact::Mask, relative, Fact::Relative, s.span);
  } else if (isReduced && !picksOne(s)) {
    return;
  } else if (hasContent && single) {
    give(v, Fact::Relative, single, Fact::Single, s.span);
  } else if (relative && isAllRelative && !hasSum) {
    give(v, Fact::Relative, relative, Fact::Relative, s.span);
  }
  if (mask && isAllMask) give(v, Fact::Mask, mask, Fact::Mask, s.span);
}

void FnFacts::finish(Var v, const Stmt& s) {
  Facts& facts = vars_[v];
  const core::Type& type = fn_->typeOf(v);
  if (!s.results.empty()) {
    if (isRead(v, s)) give(v, Fact::Read, std::nullopt, Fact::Read, s.span);
    if (isNumber(type.elem)) relate(v, s);
    bool isName = true, hasClient = false;
    std::optional<Var> name;
    for (const Atom& a : s.args) {
      const Facts from = of(a);
      if (!from.any(kClient)) continue;
      hasClient = true;
      if (from.has(Fact::Name)) name = a.var;
      isName = isName && from.has(Fact::Name);
    }
    const bool isOwnDraw = facts.any(Fact::Draw | Fact::FixedDraw | Fact::State) && !facts.any(kChoice | Fact::Data);
    const bool isOwnRead = facts.has(Fact::Read) && facts.any(kContent);
    if (isNumber(type.elem) && facts.varies == 0 && type.rank() == 0 && (isOwnRead || isOwnDraw))
      give(v, Fact::Name, std::nullopt, Fact::Name, s.span);
    // A name next to public values of any shape: `iota == name`.
    if (isNumber(type.elem) && type.rank() != 0 && hasClient && isName && isElementwise(s.op)) give(v, Fact::Name, name, Fact::Name, s.span);
  }
  if (!declassified_.contains(v)) return;
  released_.insert(facts.edges.begin(), facts.edges.end());
  // That it may be known does not make it something else.
  facts.bits &= Fact::Held | Fact::RunKey | Fact::Single | Fact::Sum;
  facts.edges.clear();
}

bool FnFacts::compare(const Stmt& s) {
  const bool isEqual = s.op == Op::Eq, isUnequal = s.op == Op::Ne;
  for (const std::size_t named : {std::size_t{0}, std::size_t{1}}) {
    const Atom &a = s.args[named], &other = s.args[1 - named];
    const Facts left = of(a), right = of(other);
    // Which of a client's draws is the largest of them is by chance, too.
    const bool areDrawn = isDrawn(left) && isDrawn(right);
    if ((right.any(kClient) && !areDrawn) || left.any(bit(Fact::Held)) || right.any(bit(Fact::Held))) continue;
    const bool byName = (left.has(Fact::Name) || isDrawn(left)) && (isEqual || isUnequal || left.has(Fact::FixedDraw));
    const bool bySingle = (right.has(Fact::Single) && left.any(kContent)) || left.any(Fact::Relative | Fact::Mask);
    if (!byName && !bySingle) continue;
    const Var to = s.results[0];
    clear(to);
    flow(to, other, s.span);
    vars_[to].varies |= left.varies;
    vars_[to].chosenAnew &= left.varies & left.chosenAnew;
    const Fact because = byName ? Fact::Name : left.has(Fact::Data) ? Fact::Data : left.has(Fact::State) ? Fact::State : Fact::Mask;
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
  // What sums decide on is made of them.
  const Bits which = of(condition).has(Fact::Sum) ? kLingering & ~bit(Fact::Single) : kLingering;
  linger(to, yes, which, span);
  linger(to, no, which, span);
  if (of(yes).has(Fact::Read) && of(no).has(Fact::Read)) give(to, Fact::Read, std::nullopt, Fact::Read, span);
  if (condition.isLiteral) return;
  Facts facts = of(condition);
  vars_[to].chosenAnew &= facts.chosenAnew;
  if (isFixed(facts)) facts.bits |= Fact::TrueOfName | Fact::FalseOfName;
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
    if (isPlace && (of(a).has(Fact::Name) || isFixed(of(a)))) {
      choose(to, a.var, of(a).has(Fact::Name) ? Fact::Name : Fact::FixedDraw, s.span);
    } else {
      flow(to, a, s.span);
    }
  }
  forEachDim(s.attrs, [&](const Dim& d) { flow(to, d, s.span); });
  finish(to, s);
}

Bits FnFacts::lingering(Var v) const { return fn_->typeOf(v).rank() == 0 ? kLingering & ~bit(Fact::Placed) : kLingering; }

void FnFacts::turns(const Stmt& s, std::uint64_t level, const std::vector<bool>& takesContent) {
  const core::Region& body = s.regions[0];
  const auto carries = static_cast<std::size_t>(s.attrs.carries);
  // A carry is what was read as long as it is one of the examples' values: from the first turn on, until one is not.
  std::vector<bool> isMoved(carries);
  for (std::size_t i = 0; i < body.params.size(); ++i) {
    const Var param = body.params[i];
    const Facts from = of(s.args[i]);
    clear(param);
    flow(param, s.args[i], s.span);
    linger(param, s.args[i], i < carries ? lingering(param) : kLingering & ~bit(Fact::Placed), s.span);
    vars_[param].varies |= level;
    if (i < carries) {
      isMoved[i] = from.has(Fact::Read) || !from.any(kContent);
      if (takesContent[i]) vars_[param].bits |= bit(Fact::Mixed);
    }
    if (i < carries ? isMoved[i] : from.has(Fact::Read)) give(param, Fact::Read, std::nullopt, Fact::Read, s.span);
  }
  for (bool changed = true; changed;) {
    changed = false;
    block(body.stmts);
    for (std::size_t i = 0; i < carries; ++i) {
      Facts& carry = vars_[body.params[i]];
      const Facts before = carry, yielded = of(body.yields[i]);
      flow(body.params[i], body.yields[i], s.span);
      linger(body.params[i], body.yields[i], lingering(body.params[i]), s.span);
      if (isMoved[i] && yielded.any(kContent) && !yielded.has(Fact::Read)) {
        isMoved[i] = false;
        carry.bits &= ~bit(Fact::Read);
      }
      changed = changed || !(before == carry);
    }
  }
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
  bool isPlaced = false, isPublic = !trip.any(kContent);
  for (std::size_t i = carries; i < body.params.size(); ++i) {
    isPlaced = isPlaced || of(s.args[i]).has(Fact::Placed);
    isPublic = isPublic && !of(s.args[i]).any(kContent);
  }
  const std::uint64_t publicBefore = publicLevels_;
  publicLevels_ = isPublic ? publicLevels_ | level : publicLevels_ & ~level;
  ++depth_;
  // A carry that content goes into is no public number next to a single value, though it begins as one.
  std::vector<bool> takesContent(carries);
  if (!isTentative_) {
    isTentative_ = true;
    turns(s, level, takesContent);
    isTentative_ = false;
    for (std::size_t i = 0; i < carries; ++i) takesContent[i] = vars_[body.params[i]].any(kContent);
  }
  turns(s, level, takesContent);
  --depth_;
  publicLevels_ = publicBefore;
  for (std::size_t i = 0; i < s.results.size(); ++i) {
    const Var to = s.results[i];
    const Atom& yield = body.yields[i];
    clear(to);
    if (i < carries) {
      flow(to, s.args[i], s.span);
      linger(to, s.args[i], lingering(to), s.span);
    }
    flow(to, yield, s.span);
    linger(to, yield, lingering(to), s.span);
    vars_[to].bits &= ~bit(Fact::Mixed);
    if (isPlaced && i >= carries) give(to, Fact::Placed, std::nullopt, Fact::Placed, s.span);
    if (of(yield).has(Fact::Read) && of(yield).any(kContent)) give(to, Fact::Read, std::nullopt, Fact::Read, s.span);
    // So many turns, and none for others.
    if (isFixed(trip) && vars_[to].any(kContent)) choose(to, std::nullopt, Fact::FixedDraw, s.span);
    flowTurns(to, s, level);
    vars_[to].varies &= ~level;
    finish(to, s);
  }
}

void FnFacts::region(const Stmt& s) {
  const bool isMap = s.op == Op::Vmap;
  const std::uint64_t level = std::uint64_t{1} << std::min(depth_, 63);
  bool isPublic = !of(s.attrs.extent).any(kContent);
  std::optional<Var> placed;
  for (const core::Region& r : s.regions) {
    for (std::size_t i = 0; i < r.params.size(); ++i) {
      const Facts from = of(s.args[i]);
      clear(r.params[i]);
      flow(r.params[i], s.args[i], s.span);
      linger(r.params[i], s.args[i], isMap ? kLingering & ~bit(Fact::Placed) : kLingering, s.span);
      if (from.has(Fact::Read)) give(r.params[i], Fact::Read, std::nullopt, Fact::Read, s.span);
      if (isMap) vars_[r.params[i]].varies |= level;
      if (isMap && from.has(Fact::Placed)) placed = s.args[i].var;
      isPublic = isPublic && !from.any(kContent);
    }
  }
  const std::uint64_t publicBefore = publicLevels_;
  if (isMap) {
    publicLevels_ = isPublic ? publicLevels_ | level : publicLevels_ & ~level;
    ++depth_;
  }
  for (const core::Region& r : s.regions) block(r.stmts);
  if (isMap) --depth_;
  publicLevels_ = publicBefore;
  for (std::size_t i = 0; i < s.results.size(); ++i) {
    const Var to = s.results[i];
    clear(to);
    switch (s.op) {
      case Op::Cond: choice(to, s.args[0], s.regions[0].yields[i], s.regions[1].yields[i], s.span); break;
      case Op::Vmap:
      case Op::Checkpoint: {
        const Atom& yield = s.regions[0].yields[i];
        flow(to, yield, s.span);
        linger(to, yield, kLingering, s.span);
        if (placed) give(to, Fact::Placed, placed, Fact::Placed, s.span);
        flowTurns(to, s, isMap ? level : 0);
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
