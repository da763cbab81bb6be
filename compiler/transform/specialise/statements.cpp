#include <algorithm>
#include <cassert>

#include "compiler/transform/specialise/sequence.h"

namespace fedc::transform::specialise {

using core::Atom;
using core::Elem;
using core::Op;

namespace {

/// A range that is unrolled between federated steps: each step is an exchange (docs/language.md).
constexpr std::int64_t kMaxUnrolled = 4096;

}  // namespace

void Specialiser::bindPattern(const check::Pattern& p, const Value& v, Env& env) {
  switch (p.kind) {
    case check::Pattern::Kind::Wildcard: break;
    case check::Pattern::Kind::Name:
      if (p.local->type) bindDims(p.local->type, v, env);
      env.bind(p.local->id, v);
      break;
    case check::Pattern::Kind::Tuple:
      for (std::size_t i = 0; i < p.items.size(); ++i) bindPattern(p.items[i], v.items[i], env);
      break;
    case check::Pattern::Kind::Array: {
      Lifted scope(*this, homeOf(v));
      for (std::size_t i = 0; i < p.items.size(); ++i) {
        bindPattern(p.items[i], row(v, Value::literal(Literal::ofInt(Elem::I32, static_cast<std::int64_t>(i))), p.span), env);
      }
      break;
    }
  }
}

void Specialiser::exec(const check::Stmt& s, Env& env) {
  switch (s.kind) {
    case check::Stmt::Kind::Let:
    case check::Stmt::Kind::Var: {
      Value v = eval(*s.value, env);
      bindPattern(s.pattern, v, env);
      tracePattern(s.pattern, v);
      break;
    }
    case check::Stmt::Kind::Assign: assign(s, env); break;
    case check::Stmt::Kind::For: execFor(s, env); break;
    case check::Stmt::Kind::Expr: eval(*s.value, env); break;
  }
}

void Specialiser::assign(const check::Stmt& s, Env& env) {
  Value v = eval(*s.value, env);
  for (std::size_t i = 0; i < s.targets.size(); ++i) {
    const check::Stmt::Target& target = s.targets[i];
    if (target.local == nullptr) continue;
    const Value& part = s.targets.size() == 1 ? v : v.items[i];
    const Value* old = env.find(target.local->id);
    assert(old != nullptr);
    Lifted scope(*this, join({*old, part}));
    Value next = replaceAt(*old, target.path, 0, part, env, target.span);
    traceValue(target.local->name, target.local->type, next, core::Site::Kind::Named, target.span, old);
    env.bind(target.local->id, std::move(next));
  }
}

Value Specialiser::branch(const Leaf& condition, Span span, const std::function<Value()>& then, const std::function<Value()>& otherwise) {
  core::Region first, second;
  Value a, b;
  auto arm = [&](core::Region& region, const std::function<Value()>& f) {
    InRegion scope(*this, region);
    Value v = f();
    for (const Leaf& l : leavesOf(v)) region.yields.push_back(useWhole(l, span));
    return v;
  };
  a = arm(first, then);
  b = arm(second, otherwise);
  Atom p = use(condition);
  std::vector<core::Region> regions;
  regions.push_back(std::move(first));
  regions.push_back(std::move(second));
  std::vector<Leaf> out;
  for (const Atom& r : builder(span).emit(Op::Cond, {p}, {}, std::move(regions))) out.push_back(leaf(r));
  return withLeaves(a, out);
}

std::vector<Value> Specialiser::loop(const Dim& trip, const std::vector<Value>& carries, Span span, const std::string& indexName,
                                     const std::function<std::vector<Value>(const Value&, const std::vector<Value>&)>& body,
                                     std::vector<Value>* emitted) {
  core::Fn& fn = here_.home->fn;
  core::Attrs attrs;
  attrs.extent = trip;
  std::optional<std::int64_t> bound;
  if (auto t = trip.constant()) bound = std::max<std::int64_t>(*t - 1, 0);
  attrs.defines = fn.newDim(indexName, bound);
  core::Region region;
  std::vector<Atom> operands;
  std::vector<Value> inside;
  std::size_t total = 0;
  for (const Value& c : carries) {
    std::vector<Leaf> params;
    for (const Leaf& l : leavesOf(c)) {
      operands.push_back(useWhole(l, span));
      core::Var v = fn.newVar(l.type, operands.back().isLiteral ? "" : fn.vars[operands.back().var].name);
      region.params.push_back(v);
      params.push_back(leaf(Atom::of(v)));
      ++total;
    }
    inside.push_back(withLeaves(c, params));
  }
  attrs.carries = static_cast<int>(total);
  std::vector<Value> next;
  {
    InRegion scope(*this, region);
    Value index = number(Dim::variable(*attrs.defines), Elem::I32, span);
    if (!index.leaf.atom.isLiteral) {
      loopIndices_.emplace(std::pair(here_.home->home, index.leaf.atom.var), Dim::variable(*attrs.defines));
    }
    next = body(index, inside);
    assert(next.size() >= carries.size());
    for (std::size_t i = 0; i < next.size(); ++i) {
      std::vector<Leaf> leaves = leavesOf(next[i]);
      std::vector<Leaf> before = i < carries.size() ? leavesOf(carries[i]) : leaves;
      if (leaves.size() != before.size()) stop(Code::BranchTypes, span, "a variable changes its form from step to step of this loop");
      for (std::size_t k = 0; k < leaves.size(); ++k) {
        if (i < carries.size() && (leaves[k].type.dims != before[k].type.dims || leaves[k].type.elem != before[k].type.elem)) {
          stop(Code::BranchTypes, span, "a variable changes its shape from step to step of this loop",
               "a `var` keeps the type that it was declared with");
        }
        region.yields.push_back(useWhole(leaves[k], span));
      }
    }
  }
  std::vector<core::Region> regions;
  regions.push_back(std::move(region));
  std::vector<Atom> results = builder(span).emit(Op::Loop, std::move(operands), attrs, std::move(regions));
  std::vector<Value> out;
  std::size_t at = 0;
  auto take = [&](const Value& like) {
    std::vector<Leaf> leaves;
    for (std::size_t k = leavesOf(like).size(); k > 0; --k) leaves.push_back(leaf(results[at++]));
    return withLeaves(like, leaves);
  };
  for (const Value& c : carries) out.push_back(take(c));
  if (emitted != nullptr) {
    for (std::size_t i = carries.size(); i < next.size(); ++i) emitted->push_back(take(next[i]));
  }
  return out;
}

void Specialiser::unroll(const check::Stmt& s, const std::function<Value(std::int64_t)>& element, std::int64_t count, Env& env) {
  if (count > kMaxUnrolled) {
    stop(Code::ProgramTooLarge, s.span,
         "this loop must be unrolled and has " + std::to_string(count) + " steps, more than " + std::to_string(kMaxUnrolled));
  }
  for (std::int64_t i = 0; i < count; ++i) {
    bindPattern(s.pattern, element(i), env);
    eval(*s.body, env);
  }
}

void Specialiser::execFor(const check::Stmt& s, Env& env) {
  Value over = eval(*s.value, env);
  if (over.kind == Value::Kind::Sequence) {
    forSequence(s, over, env);
    return;
  }
  const bool range = over.kind == Value::Kind::Range;
  Value first = range ? over.items[0] : Value::literal(Literal::ofInt(Elem::I32, 0));
  Dim lo(0), hi(0);
  if (range) {
    Elem elem = first.leaf.type.elem;
    auto known = [&](const Value& v) -> Dim {
      if (auto n = numberOf(v)) return *n;
      if (federated_) stop(Code::SizeNotKnown, s.span, "the bounds of a loop between federated steps must be known before the run");
      return Dim::variable(0);
    };
    bool runtime = !numberOf(over.items[0]) || !numberOf(over.items[1]);
    if (!runtime || federated_) {
      lo = known(over.items[0]);
      hi = known(over.items[1]);
    } else {
      // The number of steps is a run-time value.
      hi = stepsFrom(over.items[0], over.items[1], s.span);
      lo = Dim(0);
    }
    auto element = [&](std::int64_t i) { return Value::literal(Literal::ofInt(elem, i)); };
    auto a = lo.constant(), b = hi.constant();
    if (federated_) {
      if (!a || !b) stop(Code::SizeNotKnown, s.span, "the bounds of a loop between federated steps must be known before the run");
      unroll(s, [&](std::int64_t i) { return element(*a + i); }, std::max<std::int64_t>(*b - *a, 0), env);
      return;
    }
    std::vector<Value> carries;
    for (const auto& local : s.assigned) carries.push_back(*env.find(local->id));
    // A loop over values that exist at compile time only is unrolled.
    bool compileTime = false;
    std::function<void(const Value&)> scan = [&](const Value& v) {
      compileTime = compileTime || v.kind == Value::Kind::Function || v.kind == Value::Kind::Sequence;
      for (const Value& item : v.items) scan(item);
    };
    for (const Value& c : carries) scan(c);
    const std::size_t mark = here_.into->size(), calls = chain_.size();
    core::Var index = 0;
    if (!compileTime) {
      try {
        Dim trip = runtime ? hi : (a && b ? Dim(std::max<std::int64_t>(*b - *a, 0)) : Dim::max(hi - lo, Dim(0)));
        std::vector<Value> after =
            loop(trip, carries, s.span, s.pattern.local ? s.pattern.local->name : "i", [&](const Value& i, const std::vector<Value>& now) {
              index = i.leaf.atom.isLiteral ? 0 : i.leaf.atom.var;
              Env inner = env;
              for (std::size_t k = 0; k < now.size(); ++k) inner.bind(s.assigned[k]->id, now[k]);
              Value position = first.leaf.atom.isLiteral && first.leaf.atom.literal.toInt() == 0 && elem == Elem::I32
                                   ? i
                                   : binary(check::BinaryOp::Add, convert(i, elem, s.span), first, s.span);
              if (!position.leaf.atom.isLiteral && position.leaf.number)
                loopIndices_.emplace(std::pair(here_.home->home, position.leaf.atom.var), *position.leaf.number);
              bindPattern(s.pattern, position, inner);
              eval(*s.body, inner);
              std::vector<Value> next;
              for (const auto& local : s.assigned) next.push_back(*inner.find(local->id));
              return next;
            });
        for (std::size_t k = 0; k < after.size(); ++k) env.bind(s.assigned[k]->id, after[k]);
        return;
      } catch (const NeedsNumber&) {
        here_.into->resize(mark);
        chain_.resize(calls);
        told_ = kUntold;
        if (!a || !b) stop(Code::SizeNotKnown, s.span, "this loop's index is used as a size, so its bounds must be known before the run");
      }
    }
    if (!a || !b) stop(Code::SizeNotKnown, s.span, "the bounds of this loop must be known before the run");
    unroll(s, [&](std::int64_t i) { return element(*a + i); }, std::max<std::int64_t>(*b - *a, 0), env);
    return;
  }
  // Over an array: its rows.
  std::vector<Leaf> leaves = leavesOf(over);
  if (leaves.empty()) stop(Code::NotYetSupported, s.span, "a loop over values without content cannot be compiled yet");
  Dim n = leaves[0].type.dims.at(0);
  if (federated_) {
    auto count = n.constant();
    if (!count) stop(Code::SizeNotKnown, s.span, "the number of steps of a loop between federated steps must be known before the run");
    unroll(
        s,
        [&](std::int64_t i) {
          Lifted scope(*this, homeOf(over));
          return row(over, Value::literal(Literal::ofInt(Elem::I32, i)), s.span);
        },
        *count, env);
    return;
  }
  std::vector<Value> carries;
  for (const auto& local : s.assigned) carries.push_back(*env.find(local->id));
  std::vector<Value> after = loop(n, carries, s.span, "i", [&](const Value& i, const std::vector<Value>& now) {
    Env inner = env;
    for (std::size_t k = 0; k < now.size(); ++k) inner.bind(s.assigned[k]->id, now[k]);
    bindPattern(s.pattern, row(over, i, s.span), inner);
    eval(*s.body, inner);
    std::vector<Value> next;
    for (const auto& local : s.assigned) next.push_back(*inner.find(local->id));
    return next;
  });
  for (std::size_t k = 0; k < after.size(); ++k) env.bind(s.assigned[k]->id, after[k]);
}

}  // namespace fedc::transform::specialise
