#include <cassert>

#include "compiler/transform/specialise/sequence.h"

namespace fedc::transform::specialise {

using check::Builtin;
using core::Atom;
using core::Op;
using core::Type;

namespace {

bool mentionsPlacement(const check::TypeRef& type) {
  if (type == nullptr) return false;
  if (isPlaced(type)) return true;
  if (type->kind != check::TypeKind::Tuple) return false;
  for (const auto& item : type->items) {
    if (mentionsPlacement(item)) return true;
  }
  return false;
}

bool mentionsPlacement(const check::Pattern& p) {
  if (mentionsPlacement(p.type) || (p.local && mentionsPlacement(p.local->type))) return true;
  for (const auto& item : p.items) {
    if (mentionsPlacement(item)) return true;
  }
  return false;
}

}  // namespace

const Closure& Specialiser::function(const Value& v, Span span) const {
  if (v.kind != Value::Kind::Function) const_cast<Specialiser*>(this)->stop(Code::NotYetSupported, span, "a function was expected here");
  return *v.function;
}

bool Specialiser::isFederated(const Closure& f) const {
  switch (f.kind) {
    case Closure::Kind::Instance: return f.instance->federated;
    case Closure::Kind::Lambda: {
      for (const auto& p : f.lambda->params) {
        if (mentionsPlacement(p)) return true;
      }
      return mentionsPlacement(f.lambda->body->type);
    }
    default: return false;
  }
}

Value Specialiser::call(const Closure& f, Args args, Span span) {
  if (isFederated(f)) {
    assert(federated_ && "the checker lets only federated code call federated functions");
    const auto& params = f.kind == Closure::Kind::Instance ? f.instance->params : f.lambda->params;
    Env env = f.env;
    chain_.emplace_back(f.kind == Closure::Kind::Instance ? f.instance->name : "lambda", span);
    for (std::size_t i = 0; i < params.size(); ++i) bindPattern(params[i], args[i], env);
    Value v = eval(f.kind == Closure::Kind::Instance ? *f.instance->body : *f.lambda->body, env);
    chain_.pop_back();
    return v;
  }
  if (f.kind == Closure::Kind::Builtin) {
    OptionalArgs optional(args.begin(), args.end());
    check::TypeRef type = f.type && f.type->kind == check::TypeKind::Function ? f.type->element : f.type;
    Env env = f.env;
    return builtin(f.builtin, optional, type, env, span);
  }
  Lifted scope(*this, join(args));
  return callLocal(f, std::move(args), span);
}

Value Specialiser::callLocal(const Closure& f, Args args, Span span) {
  switch (f.kind) {
    case Closure::Kind::Transform: return callTransform(f, std::move(args), span);
    case Closure::Kind::Builtin: return call(f, std::move(args), span);
    case Closure::Kind::Open: stop(Code::NotYetSupported, span, "this lambda was not checked for these arguments");
    case Closure::Kind::Instance:
    case Closure::Kind::Lambda: break;
  }
  const bool instance = f.kind == Closure::Kind::Instance;
  if (instance && f.instance->native) return callNative(*f.instance, args, span);
  const auto& params = instance ? f.instance->params : f.lambda->params;
  if (args.size() < params.size()) stop(Code::NotYetSupported, span, "this call has too few arguments");
  Env env = f.env;
  chain_.emplace_back(instance ? f.instance->name : "lambda", span);
  for (std::size_t i = 0; i < params.size(); ++i) bindPattern(params[i], args[i], env);
  Value v = eval(instance ? *f.instance->body : *f.lambda->body, env);
  chain_.pop_back();
  return v;
}

Value Specialiser::callTransform(const Closure& f, Args args, Span span) {
  switch (f.builtin) {
    case Builtin::Vmap: return vmap(*f.inner, args, span);
    case Builtin::Grad:
    case Builtin::ValueAndGrad: return differentiate(f, std::move(args), span);
    case Builtin::Jvp: return callJvp(*f.inner, std::move(args), span);
    case Builtin::Vjp: return callVjp(*f.inner, std::move(args), span);
    case Builtin::CheckpointFn: return callCheckpoint(*f.inner, std::move(args), span);
    default: stop(Code::NotYetSupported, span, "not a transformation");
  }
}

Value Specialiser::vmapOver(const Dim& n, const Args& args, Span span, const std::function<Value(const Args&)>& body) {
  core::Fn& fn = here_.home->fn;
  core::Region region;
  std::vector<Atom> operands;
  Args rows;
  for (const Value& arg : args) {
    std::vector<Leaf> inner;
    for (const Leaf& l : leavesOf(arg)) {
      Type type = l.type;
      if (type.dims.empty()) stop(Code::NotYetSupported, span, "`vmap` needs a leading axis on every argument");
      if (!(type.dims.front() == n)) {
        auto name = [&](Dim::Variable v) { return fn.dims[v].name; };
        stop(Code::SizesDiffer, span,
             "the arguments of `vmap` have leading sizes `" + n.print(name) + "` and `" + type.dims.front().print(name) + "`");
      }
      type.dims.erase(type.dims.begin());
      if (l.atom.isLiteral) {
        inner.push_back(Value::literal(l.atom.literal, type).leaf);
        continue;
      }
      operands.push_back(use(l));
      core::Var v = fn.newVar(type, fn.vars[operands.back().var].name);
      region.params.push_back(v);
      inner.push_back(leaf(Atom::of(v)));
    }
    rows.push_back(withLeaves(arg, inner));
  }
  Value result;
  std::vector<Leaf> leaves;
  {
    InRegion scope(*this, region);
    result = body(rows);
    leaves = leavesOf(result);
    for (const Leaf& l : leaves) {
      if (!l.atom.isLiteral) region.yields.push_back(use(l));
    }
  }
  core::Attrs attrs;
  attrs.extent = n;
  std::vector<Atom> results;
  bool used = !region.yields.empty();
  for (const core::Stmt& s : region.stmts) used = used || s.op == Op::Check || s.op == Op::Trace || !s.regions.empty();
  if (used) {
    std::vector<core::Region> regions;
    regions.push_back(std::move(region));
    results = builder(span).emit(Op::Vmap, std::move(operands), attrs, std::move(regions));
    told_ = kUntold;
  }
  std::size_t next = 0;
  for (Leaf& l : leaves) {
    if (l.atom.isLiteral) {
      l.type.dims.insert(l.type.dims.begin(), n);
      l.number.reset();
      l.numbers.clear();
    } else {
      l = leaf(results[next++]);
    }
  }
  return withLeaves(result, leaves);
}

Value Specialiser::vmap(const Closure& f, const Args& args, Span span) {
  Args arrays;
  std::optional<Dim> n;
  for (const Value& arg : args) {
    Value v = arg;
    if (v.kind == Value::Kind::Range) {
      Dim lo = dimOf(v.items[0], span, "the start of a mapped range"), hi = dimOf(v.items[1], span, "the end of a mapped range");
      core::Elem elem = v.items[0].leaf.type.elem;
      Leaf positions = leaf(builder(span).iota({hi - lo}, 0, elem));
      v = binary(check::BinaryOp::Add, Value::of(positions), v.items[0], span);
    }
    for (const Leaf& l : leavesOf(v)) {
      if (!n && !l.type.dims.empty()) n = l.type.dims.front();
    }
    arrays.push_back(std::move(v));
  }
  if (!n) stop(Code::NotYetSupported, span, "`vmap` over arguments without content cannot be compiled yet");
  return vmapOver(*n, arrays, span, [&](const Args& rows) { return call(f, rows, span); });
}

Value Specialiser::differentiate(const Closure& f, Args args, Span span) {
  // There is nothing to differentiate by, and so much is the derivative.
  if (leavesOf(args[0]).empty()) {
    const Value slope = args[0];
    const Value value = call(*f.inner, std::move(args), span);
    if (f.builtin != Builtin::Grad) return Value::tuple({value, slope});
    return value.kind == Value::Kind::Tuple ? Value::tuple({slope, value.items[1]}) : slope;
  }
  core::Fn& fn = here_.home->fn;
  core::Region region;
  std::vector<Atom> operands;
  std::vector<Leaf> inner;
  for (const Leaf& l : leavesOf(args[0])) {
    operands.push_back(useWhole(l, span));
    core::Var v = fn.newVar(l.type, operands.back().isLiteral ? "" : fn.vars[operands.back().var].name);
    region.params.push_back(v);
    inner.push_back(leaf(Atom::of(v)));
  }
  core::Attrs attrs;
  attrs.carries = static_cast<int>(operands.size());
  Value x = args[0];
  args[0] = withLeaves(x, inner);
  Value result;
  std::vector<Leaf> leaves;
  {
    InRegion scope(*this, region);
    result = call(*f.inner, args, span);
    leaves = leavesOf(result);
    for (const Leaf& l : leaves) region.yields.push_back(useWhole(l, span));
    traceDerivative(span);
  }
  if (leaves.empty() || !leaves[0].type.dims.empty() || !core::isFloat(leaves[0].type.elem)) {
    stop(Code::NotYetSupported, span, "a differentiated function gives a scalar float first");
  }
  attrs.auxiliary = static_cast<int>(leaves.size()) - 1;
  operands.push_back(Atom::of(Literal::one(leaves[0].type.elem)));
  std::vector<core::Region> regions;
  regions.push_back(std::move(region));
  std::vector<Atom> results = builder(span).emit(Op::Vjp, std::move(operands), attrs, std::move(regions));
  told_ = kUntold;
  std::vector<Leaf> values, slopes;
  for (std::size_t i = 0; i < results.size(); ++i) (i < leaves.size() ? values : slopes).push_back(leaf(results[i]));
  Value value = withLeaves(result, values);
  Value slope = withLeaves(x, slopes);
  const bool hasAux = result.kind == Value::Kind::Tuple;
  if (f.builtin == Builtin::Grad) return hasAux ? Value::tuple({slope, value.items[1]}) : slope;
  return Value::tuple({value, slope});
}

Value Specialiser::callVjp(const Closure& f, Args args, Span span) {
  if (leavesOf(args[0]).empty()) return Value::tuple({call(f, {args[0]}, span), args[0]});
  core::Fn& fn = here_.home->fn;
  core::Region region;
  std::vector<Atom> operands;
  std::vector<Leaf> inner;
  for (const Leaf& l : leavesOf(args[0])) {
    operands.push_back(useWhole(l, span));
    core::Var v = fn.newVar(l.type);
    region.params.push_back(v);
    inner.push_back(leaf(Atom::of(v)));
  }
  core::Attrs attrs;
  attrs.carries = static_cast<int>(operands.size());
  Value result;
  std::vector<Leaf> leaves;
  {
    InRegion scope(*this, region);
    result = call(f, {withLeaves(args[0], inner)}, span);
    leaves = leavesOf(result);
    for (const Leaf& l : leaves) region.yields.push_back(useWhole(l, span));
    traceDerivative(span);
  }
  for (const Leaf& l : leavesOf(args[1])) operands.push_back(useWhole(l, span));
  std::vector<core::Region> regions;
  regions.push_back(std::move(region));
  std::vector<Atom> results = builder(span).emit(Op::Vjp, std::move(operands), attrs, std::move(regions));
  told_ = kUntold;
  std::vector<Leaf> values, slopes;
  for (std::size_t i = 0; i < results.size(); ++i) (i < leaves.size() ? values : slopes).push_back(leaf(results[i]));
  return Value::tuple({withLeaves(result, values), withLeaves(args[0], slopes)});
}

Value Specialiser::callJvp(const Closure& f, Args args, Span span) {
  if (leavesOf(args[0]).empty()) {
    const Value value = call(f, {args[0]}, span);
    return Value::tuple({value, map(value, [](const Leaf& l) { return Value::literal(Literal::zero(l.type.elem), l.type).leaf; })});
  }
  core::Fn& fn = here_.home->fn;
  core::Region region;
  std::vector<Atom> operands;
  std::vector<Leaf> inner;
  for (const Leaf& l : leavesOf(args[0])) {
    operands.push_back(useWhole(l, span));
    core::Var v = fn.newVar(l.type);
    region.params.push_back(v);
    inner.push_back(leaf(Atom::of(v)));
  }
  core::Attrs attrs;
  attrs.carries = static_cast<int>(operands.size());
  for (const Leaf& l : leavesOf(args[1])) operands.push_back(useWhole(l, span));
  Value result;
  std::vector<Leaf> leaves;
  {
    InRegion scope(*this, region);
    result = call(f, {withLeaves(args[0], inner)}, span);
    leaves = leavesOf(result);
    for (const Leaf& l : leaves) region.yields.push_back(useWhole(l, span));
  }
  std::vector<core::Region> regions;
  regions.push_back(std::move(region));
  std::vector<Atom> results = builder(span).emit(Op::Jvp, std::move(operands), attrs, std::move(regions));
  told_ = kUntold;
  std::vector<Leaf> values, tangents;
  for (std::size_t i = 0; i < results.size(); ++i) (i < leaves.size() ? values : tangents).push_back(leaf(results[i]));
  return Value::tuple({withLeaves(result, values), withLeaves(result, tangents)});
}

Value Specialiser::callCheckpoint(const Closure& f, Args args, Span span) {
  core::Region region;
  Value result;
  std::vector<Leaf> leaves;
  {
    InRegion scope(*this, region);
    result = call(f, std::move(args), span);
    leaves = leavesOf(result);
    for (const Leaf& l : leaves) region.yields.push_back(useWhole(l, span));
  }
  std::vector<core::Region> regions;
  regions.push_back(std::move(region));
  std::vector<Leaf> out;
  for (const Atom& a : builder(span).emit(Op::Checkpoint, {}, {}, std::move(regions))) out.push_back(leaf(a));
  told_ = kUntold;
  return withLeaves(result, out);
}

}  // namespace fedc::transform::specialise
