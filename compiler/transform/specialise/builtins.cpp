#include <cassert>

#include "compiler/transform/specialise/sequence.h"

namespace fedc::transform::specialise {

using check::Builtin;

namespace {

enum class Group : std::uint8_t {
  Unary,
  Binary,
  Extremum,
  Select,
  Reduction,
  Dot,
  ArgReduction,
  Sort,
  Fill,
  Shape,
  Static,
  Leaves,
  Linear,
  Transform,
  Sequence,
  Random,
  String,
  Check,
  Federated
};

Group groupOf(Builtin b) {
  static constexpr Group groups[] = {
#define FEDC_BUILTIN(id, name, group, signature, doc) Group::group,
#include "compiler/check/builtins.def"
  };
  return groups[static_cast<std::size_t>(b)];
}

/// Which operand is a list of sizes or axes; -1: none.
int listOperand(Builtin b) {
  switch (b) {
    case Builtin::Zeros:
    case Builtin::Ones: return 0;
    case Builtin::Reshape:
    case Builtin::Transpose:
    case Builtin::Uniform:
    case Builtin::Normal:
    case Builtin::TruncatedNormal:
    case Builtin::Rademacher:
    case Builtin::Randint:
    case Builtin::Exponential:
    case Builtin::Gumbel:
    case Builtin::Laplace: return 1;
    case Builtin::Bernoulli: return 2;
    default: return -1;
  }
}

}  // namespace

Value Specialiser::evalInts(const check::Expr& e, Env& env) {
  if (e.kind == check::ExprKind::Array || e.kind == check::ExprKind::Tuple) {
    Args items;
    for (const auto& operand : e.operands) items.push_back(eval(*operand, env));
    return Value::tuple(std::move(items));
  }
  const Value v = eval(e, env);
  if (v.kind != Value::Kind::Leaf || v.leaf.type.dims.empty()) return v;
  if (v.leaf.type.dims[0].isConstant(0)) return Value::tuple({});
  Args items;
  for (std::size_t i = 0; i < v.leaf.numbers.size(); ++i) {
    const auto n = numberOf(v, i);
    if (!n) break;
    items.push_back(number(*n, v.leaf.type.elem, e.span));
  }
  if (items.empty() || !v.leaf.type.dims[0].isConstant(static_cast<std::int64_t>(items.size())))
    stop(Code::SizeNotKnown, e.span, "a shape is written as `[2, n]` or `shape(x)`");
  return Value::tuple(std::move(items));
}

Value Specialiser::mapLeaves(const check::Expr& e, Env& env) {
  std::vector<Value> functions;
  std::size_t i = 0;
  for (; i < e.operands.size(); ++i) {
    Value v = eval(*e.operands[i], env);
    if (v.kind != Value::Kind::Function) break;
    functions.push_back(std::move(v));
  }
  Args args;
  for (; i < e.operands.size(); ++i) args.push_back(eval(*e.operands[i], env));
  Lifted scope(*this, join(args));
  std::vector<Leaf> x = leavesOf(args[0]);
  assert(functions.size() == x.size());
  std::vector<std::vector<Leaf>> others;
  for (const Value& a : args) others.push_back(leavesOf(a));
  Args results;
  for (std::size_t l = 0; l < x.size(); ++l) {
    Args at{Value::of(x[l])};
    for (std::size_t k = 1; k < args.size(); ++k) {
      // Of the same form as x, leaf by leaf; or one row per leaf of x.
      const check::TypeRef& type = unplaced(e.operands[functions.size() + k]->type);
      bool rows = type->kind == check::TypeKind::Tensor && !(x.size() == 1 && args[0].kind == Value::Kind::Leaf && args[k].leaf.type == x[0].type);
      if (rows || type->kind == check::TypeKind::Array) {
        at.push_back(row(args[k], Value::literal(Literal::ofInt(core::Elem::I32, static_cast<std::int64_t>(l))), e.span));
      } else {
        at.push_back(Value::of(others[k][l]));
      }
    }
    results.push_back(call(function(functions[l], e.span), std::move(at), e.span));
  }
  if (e.builtin == Builtin::MapLeaves) {
    std::vector<Leaf> leaves;
    for (const Value& r : results) leaves.push_back(r.leaf);
    return withLeaves(args[0], leaves);
  }
  std::vector<Leaf> parts;
  for (const Value& r : results) {
    std::vector<Dim> dims = r.leaf.type.dims;
    dims.insert(dims.begin(), Dim(1));
    parts.push_back(reshape(r.leaf, dims, e.span));
  }
  if (parts.empty()) return zerosLike(e.type, env, &Literal::zero, e.span);
  return Value::of(concat(std::move(parts), 0, e.span));
}

Value Specialiser::builtinCall(const check::Expr& e, Env& env) {
  if (groupOf(e.builtin) == Group::Leaves) return mapLeaves(e, env);
  OptionalArgs args;
  const int list = listOperand(e.builtin);
  for (std::size_t i = 0; i < e.operands.size(); ++i) {
    if (e.operands[i] == nullptr) {
      args.emplace_back();
    } else if (static_cast<int>(i) == list) {
      args.emplace_back(evalInts(*e.operands[i], env));
    } else {
      args.emplace_back(eval(*e.operands[i], env));
    }
  }
  if (e.builtin == Builtin::AssertClose) return assertClose(args, e.operands[0]->type, e.span);
  return builtin(e.builtin, args, e.type, env, e.span);
}

Value Specialiser::builtin(Builtin b, const OptionalArgs& args, const check::TypeRef& type, Env& env, Span span) {
  const Group group = groupOf(b);
  if (group == Group::Federated) return federatedBuiltin(b, args, type, env, span);
  if (b == Builtin::ClientsOf) return clientsOf(args, span);
  Args present;
  for (const auto& a : args) {
    if (a) present.push_back(*a);
  }
  Lifted scope(*this, join(present));
  const check::TypeRef local = type ? unplaced(type) : type;
  switch (group) {
    case Group::Unary:
    case Group::Binary:
    case Group::Extremum:
    case Group::Select:
    case Group::Reduction:
    case Group::Dot:
    case Group::ArgReduction:
    case Group::Sort: return mathBuiltin(b, args, local, env, span);
    case Group::Fill:
    case Group::Shape:
    case Group::Static:
    case Group::Linear: return shapeBuiltin(b, args, local, env, span);
    case Group::Transform: {
      Closure c;
      c.kind = Closure::Kind::Transform;
      c.builtin = b;
      c.inner = args[0]->function;
      c.type = local;
      c.span = span;
      return functionValue(std::move(c));
    }
    case Group::Sequence: return sequenceBuiltin(b, args, local, env, span);
    case Group::Random: return randomBuiltin(b, args, local, env, span);
    case Group::String: return stringBuiltin(b, args, span);
    case Group::Check: break;
    default: notYet(span, "`" + std::string(check::builtinName(b)) + "`");
  }
  if (b == Builtin::Assert) {
    const Value& condition = *args[0];
    std::string why = args.size() > 1 && args[1] ? textOf(*args[1]) : "the assertion does not hold";
    // In a branch or loop it may never be reached.
    const bool isReached = here_.home == nullptr || here_.into == &here_.home->fn.body;
    if (condition.leaf.atom.isLiteral && isReached && !(entry_ != nullptr && entry_->isTest)) {
      if (condition.leaf.atom.literal.bits == 0) stop(Code::AssertionFails, span, "this assertion does not hold: " + why);
      return Value::unit();
    }
    check(use(condition.leaf), span, why);
    return Value::unit();
  }
  if (b == Builtin::Dbg) {
    traceValue("", local, *args[0], core::Site::Kind::Dbg, span);
    return *args[0];
  }
  notYet(span, "`" + std::string(check::builtinName(b)) + "`");
}

}  // namespace fedc::transform::specialise
