#include <functional>

#include <fmt/format.h>

#include <tuple>
#include <utility>

#include "compiler/check/body.h"

/// Operators: numeric literals take the type of the other side, scalars go with anything, vectors go leaf by leaf.
namespace fedc::check {

namespace {

const char* symbol(BinaryOp op) {
  static constexpr const char* kNames[] = {"+", "-", "*", "/", "%", "@", "&&", "||", "&", "|", "^", "<<", ">>", "==", "!=", "<", "<=", ">", ">="};
  return kNames[static_cast<int>(op)];
}

BinaryOp typedOp(ast::BinaryOp op) {
  switch (op) {
    case ast::BinaryOp::Add: return BinaryOp::Add;
    case ast::BinaryOp::Sub: return BinaryOp::Sub;
    case ast::BinaryOp::Mul: return BinaryOp::Mul;
    case ast::BinaryOp::Div: return BinaryOp::Div;
    case ast::BinaryOp::Rem: return BinaryOp::Rem;
    case ast::BinaryOp::MatMul: return BinaryOp::MatMul;
    case ast::BinaryOp::BitAnd: return BinaryOp::BitAnd;
    case ast::BinaryOp::BitOr: return BinaryOp::BitOr;
    case ast::BinaryOp::BitXor: return BinaryOp::BitXor;
    case ast::BinaryOp::ShiftLeft: return BinaryOp::Shl;
    case ast::BinaryOp::ShiftRight: return BinaryOp::Shr;
    case ast::BinaryOp::And: return BinaryOp::And;
    case ast::BinaryOp::Or: return BinaryOp::Or;
    case ast::BinaryOp::Equal: return BinaryOp::Eq;
    case ast::BinaryOp::NotEqual: return BinaryOp::Ne;
    case ast::BinaryOp::Less: return BinaryOp::Lt;
    case ast::BinaryOp::LessEqual: return BinaryOp::Le;
    case ast::BinaryOp::Greater: return BinaryOp::Gt;
    case ast::BinaryOp::GreaterEqual: return BinaryOp::Ge;
  }
  return BinaryOp::Add;
}

}  // namespace

bool BodyChecker::isLiteralHole(const TypeRef& t) { return is(t, TypeKind::Hole) && solver_.hole(t).kind != HoleKind::Any; }

bool BodyChecker::isStructured(const TypeRef& t) const {
  return is(t, TypeKind::Tuple) || is(t, TypeKind::Struct) || is(t, TypeKind::Array) || is(t, TypeKind::Parameter);
}

std::optional<core::Elem> BodyChecker::commonElem(const TypeRef& type) {
  const TypeRef t = solver_.zonk(type);
  const auto leaves = leavesOf(t);
  if (!leaves || leaves->empty()) return std::nullopt;
  for (const Leaf& l : *leaves)
    if (l.type->elem != leaves->front().type->elem) return std::nullopt;
  return leaves->front().type->elem;
}

bool BodyChecker::allLeaves(const TypeRef& type, bool (*want)(core::Elem)) const {
  // A literal inside of a tuple or an array is what it may become.
  const std::function<TypeRef(const TypeRef&)> settled = [&](const TypeRef& in) -> TypeRef {
    if (is(in, TypeKind::Hole) && solver_.holeAt(in->id).kind != HoleKind::Any)
      return scalarType(solver_.holeAt(in->id).kind == HoleKind::Int && want(Elem::I32) ? Elem::I32 : Elem::F32);
    if (is(in, TypeKind::Array)) return arrayType(settled(in->element), in->extent);
    if (!is(in, TypeKind::Tuple)) return in;
    std::vector<TypeRef> items;
    for (const TypeRef& item : in->items) items.push_back(settled(item));
    return tupleType(std::move(items));
  };
  const TypeRef whole = solver_.zonk(type);
  const TypeRef t = is(whole, TypeKind::Hole) ? whole : settled(whole);
  const auto leaves = leavesOf(t);
  // Skolems, and what holds them, are judged where they are known.
  if (!leaves) return lenient_ || is(t, TypeKind::Parameter);
  for (const Leaf& l : *leaves)
    if (!want(l.type->elem)) return false;
  return true;
}

TypeRef BodyChecker::operandError(const MutExpr& a, const MutExpr& b, const std::string& op, Span span, const std::string& note) {
  const TypeRef ta = solver_.zonk(a->type);
  const TypeRef tb = solver_.zonk(b->type);
  const auto name = [&](const TypeRef& t) {
    if (!is(t, TypeKind::Hole)) return "`" + show(t) + "`";
    return std::string(solver_.hole(t).kind == HoleKind::Int ? "an integer literal" : "a float literal");
  };
  for (const auto& [e, t] : {std::pair(a, ta), std::pair(b, tb)})
    if (is(t, TypeKind::Hole) && solver_.hole(t).kind == HoleKind::Any) return openOperand(e, op);
  Diagnostic d(Code::OperandTypes, span, fmt::format("`{}` does not take {} and {}", op, name(ta), name(tb)));
  d.labels.push_back({a->span, name(ta)});
  d.labels.push_back({b->span, name(tb)});
  if (!note.empty()) d.notes.push_back(note);
  // Two numbers of different types: the likely conversion.
  if (is(ta, TypeKind::Tensor) && is(tb, TypeKind::Tensor) && core::isNumeric(ta->elem) && core::isNumeric(tb->elem) && ta->elem != tb->elem) {
    // Bits are those of an integer.
    const bool bits = op == "&" || op == "|" || op == "^" || op == "<<" || op == ">>";
    const bool toLeft = a.get() == assigned_ || (bits ? core::isInteger(ta->elem) : core::isFloat(ta->elem) || !core::isFloat(tb->elem));
    const Elem to = toLeft ? ta->elem : tb->elem;
    const Span at = toLeft ? b->span : a->span;
    if (!bits || core::isInteger(to))
      d.fix = Fix::wrap(at, std::string(core::elemName(to)) + "(", ")", fmt::format("convert to `{}`", core::elemName(to)));
  }
  // A number and a vector of another type.
  for (const auto& [number, tn, whole] : {std::tuple(a, ta, tb), std::tuple(b, tb, ta)}) {
    if (number.get() == assigned_ || !isScalar(tn) || !core::isNumeric(tn->elem) || !isStructured(whole)) continue;
    const auto to = commonElem(whole);
    if (to && core::isNumeric(*to) && *to != tn->elem)
      d.fix = Fix::wrap(number->span, std::string(core::elemName(*to)) + "(", ")", fmt::format("convert to `{}`", core::elemName(*to)));
  }
  report(std::move(d));
  return errorType();
}

TypeRef BodyChecker::openOperand(const MutExpr& e, const std::string& op) {
  report(Diagnostic(Code::CannotInfer, e->span, fmt::format("the type of `{}` must be known here", source(e->span)))
             .at(fmt::format("an operand of `{}` is told no type by its surroundings", op))
             .note("give it a name and a type: `let x: T = ...;`"));
  return errorType();
}

TypeRef BodyChecker::shapeError(const MutExpr& a, const MutExpr& b, const std::string& op, Span span, const std::string& note) {
  const auto varies = [](const Dim& d) { return !d.constant(); };
  const bool open = anyDim(solver_.zonk(a->type), varies) || anyDim(solver_.zonk(b->type), varies);
  report(Diagnostic(Code::ShapeMismatch, span, fmt::format("`{}` does not take the shapes of `{}` and `{}`", op, show(a->type), show(b->type)))
             .label(a->span, fmt::format("`{}`", show(a->type)))
             .label(b->span, fmt::format("`{}`", show(b->type)))
             .note(open            ? "sizes that are known only when the program runs agree after `x as f32[n]`, where `n` is the other's size"
                   : !note.empty() ? note
                                   : "shapes are aligned at their last sizes, and only a size written 1 stretches"));
  return errorType();
}

std::optional<std::vector<Dim>> BodyChecker::broadcast(const std::vector<Dim>& a, const std::vector<Dim>& b) {
  const std::vector<Dim>& longer = a.size() >= b.size() ? a : b;
  const std::vector<Dim>& shorter = a.size() >= b.size() ? b : a;
  std::vector<Dim> out(longer.begin(), longer.end());
  const std::size_t offset = longer.size() - shorter.size();
  for (std::size_t i = 0; i < shorter.size(); ++i) {
    const Dim x = solver_.zonk(longer[offset + i]);
    const Dim y = solver_.zonk(shorter[i]);
    if (x.isConstant(1) && !y.isConstant(1)) {
      out[offset + i] = y;
    } else if (!y.isConstant(1) && !solver_.unifyDims(y, x)) {
      return std::nullopt;
    }
  }
  return out;
}

TypeRef BodyChecker::arithmetic(const TypeRef& left, const TypeRef& right, const MutExpr& ea, const MutExpr& eb, const std::string& op, Span span,
                                bool floatsOnly) {
  TypeRef a = solver_.head(left);
  TypeRef b = solver_.head(right);
  if (isError(a) || isError(b)) return errorType();
  const auto elementOk = [&](Elem e) { return floatsOnly ? core::isFloat(e) : core::isNumeric(e); };
  if (isLiteralHole(a) && isLiteralHole(b)) {
    solver_.unify(b, a);
    if (floatsOnly) solver_.hole(solver_.head(a)).wantsFloat = true;
    return solver_.head(a);
  }
  const auto unknown = [&](const TypeRef& t) { return is(t, TypeKind::Hole) && !isLiteralHole(t); };
  if (unknown(a) || unknown(b)) {
    return openOperand(unknown(a) ? ea : eb, op);
  }
  if (isLiteralHole(a) || isLiteralHole(b)) {
    const TypeRef& literal = isLiteralHole(a) ? a : b;
    const TypeRef& other = isLiteralHole(a) ? b : a;
    if (is(other, TypeKind::Parameter)) return other;
    std::optional<Elem> e;
    if (is(other, TypeKind::Tensor)) {
      e = other->elem;
    } else if (isStructured(other)) {
      settleWithin(other);
      e = commonElem(other);
      if (!e && lenient_) return other;
      if (!e && isUnit(other)) return other;
    }
    if (!e || !elementOk(*e) || !solver_.unify(literal, scalarType(*e))) return operandError(ea, eb, op, span);
    return other;
  }
  if (is(a, TypeKind::Tensor) && is(b, TypeKind::Tensor)) {
    const bool integers = floatsOnly && core::isInteger(a->elem) && core::isInteger(b->elem);
    if (a->elem != b->elem || !elementOk(a->elem))
      return operandError(ea, eb, op, span, integers ? fmt::format("`{}` takes floats: convert before, as in `f32(x)`", op) : "");
    auto dims = broadcast(a->dims, b->dims);
    if (!dims) return shapeError(ea, eb, op, span);
    return tensorType(a->elem, std::move(*dims));
  }
  const bool scalarA = isScalar(a);
  const bool scalarB = isScalar(b);
  if ((scalarA && isStructured(b)) || (scalarB && isStructured(a))) {
    const TypeRef& scalar = scalarA ? a : b;
    const TypeRef& whole = scalarA ? b : a;
    if (elementOk(scalar->elem)) settleWithin(whole, scalar->elem);
    const auto e = commonElem(whole);
    if (isUnit(solver_.zonk(whole))) return whole;
    if (!e && allLeaves(whole, core::isNumeric) && !leavesOf(solver_.zonk(whole))) return whole;
    if (!e || *e != scalar->elem || !elementOk(*e)) {
      std::string other;
      if (const auto leaves = leavesOf(solver_.zonk(whole)); leaves && !e) {
        for (const Leaf& l : *leaves)
          if (other.empty() && l.type->elem != scalar->elem) other = fmt::format("; its leaf `{}` is `{}`", l.path, show(l.type));
      }
      return operandError(ea, eb, op, span,
                          e ? "" : fmt::format("a `{}` goes with a vector whose leaves are all `{}`{}", show(scalar), show(scalar), other));
    }
    return whole;
  }
  if (isStructured(a) && isStructured(b)) {
    if (!solver_.unify(b, a)) return operandError(ea, eb, op, span, "two vectors must have one type");
    settleWithin(a);
    if (!allLeaves(a, floatsOnly ? core::isFloat : core::isNumeric)) {
      std::string why;
      boundMet(solver_.zonk(a), floatsOnly ? "vector" : "num", why);
      return operandError(ea, eb, op, span, why);
    }
    return solver_.zonk(a);
  }
  return operandError(ea, eb, op, span);
}

TypeRef BodyChecker::comparison(BinaryOp op, const TypeRef& left, const TypeRef& right, const MutExpr& ea, const MutExpr& eb, Span span) {
  TypeRef a = solver_.head(left);
  TypeRef b = solver_.head(right);
  if (isError(a) || isError(b)) return errorType();
  const bool equality = op == BinaryOp::Eq || op == BinaryOp::Ne;
  if (isLiteralHole(a) && isLiteralHole(b)) {
    solver_.unify(b, a);
    return boolType();
  }
  if (is(a, TypeKind::Hole) && is(b, TypeKind::Tensor) && isLiteralHole(a)) {
    if (!core::isNumeric(b->elem) || !solver_.unify(a, scalarType(b->elem))) return operandError(ea, eb, symbol(op), span);
    return tensorType(Elem::Bool, b->dims);
  }
  if (is(b, TypeKind::Hole) && is(a, TypeKind::Tensor) && isLiteralHole(b)) {
    if (!core::isNumeric(a->elem) || !solver_.unify(b, scalarType(a->elem))) return operandError(ea, eb, symbol(op), span);
    return tensorType(Elem::Bool, a->dims);
  }
  const auto opaque = [&](const TypeRef& t) { return is(t, TypeKind::Parameter); };
  if (opaque(a) || opaque(b)) {
    if (!solver_.unify(b, a) && !isLiteralHole(a) && !isLiteralHole(b)) return operandError(ea, eb, symbol(op), span);
    return boolType();
  }
  if (!is(a, TypeKind::Tensor) || !is(b, TypeKind::Tensor) || a->elem != b->elem) {
    const bool structured = isStructured(a) && isStructured(b);
    return operandError(ea, eb, symbol(op), span, structured ? "compare fields: only tensors and strings are compared" : "");
  }
  const Elem e = a->elem;
  const bool ok = core::isNumeric(e) || (equality && (e == Elem::Bool || e == Elem::Str)) || e == Elem::Str;
  if (!ok) return operandError(ea, eb, symbol(op), span, e == Elem::Key ? "keys are not compared" : "");
  auto dims = broadcast(a->dims, b->dims);
  if (!dims) return shapeError(ea, eb, symbol(op), span);
  return tensorType(Elem::Bool, std::move(*dims));
}

TypeRef BodyChecker::logic(BinaryOp op, const TypeRef& left, const TypeRef& right, const MutExpr& ea, const MutExpr& eb, Span span) {
  TypeRef a = solver_.head(left);
  TypeRef b = solver_.head(right);
  if (isError(a) || isError(b)) return errorType();
  const bool isBoolean = op == BinaryOp::And || op == BinaryOp::Or;
  const bool isShift = op == BinaryOp::Shl || op == BinaryOp::Shr;
  const std::string takes = isBoolean ? fmt::format("`{}` takes `bool`s", symbol(op))
                            : isShift ? fmt::format("`{}` takes integers", symbol(op))
                                      : fmt::format("`{}` takes integers or `bool`s", symbol(op));
  if (isLiteralHole(a) && isLiteralHole(b) && !isBoolean) {
    const auto isWhole = [&](const TypeRef& t) { return solver_.hole(t).kind == HoleKind::Int && !solver_.hole(t).wantsFloat; };
    if (!isWhole(a) || !isWhole(b)) return operandError(ea, eb, symbol(op), span, takes);
    solver_.unify(b, a);
    const TypeRef both = solver_.head(a);
    solver_.hole(both).wantsInteger = true;
    return both;
  }
  if (isLiteralHole(a) && is(b, TypeKind::Tensor) && solver_.unify(a, scalarType(b->elem))) a = solver_.head(a);
  if (isLiteralHole(b) && is(a, TypeKind::Tensor) && solver_.unify(b, scalarType(a->elem))) b = solver_.head(b);
  const auto fits = [&](const TypeRef& t) {
    if (!is(t, TypeKind::Tensor)) return false;
    if (isBoolean) return t->elem == Elem::Bool;
    if (isShift) return core::isInteger(t->elem);
    return t->elem == Elem::Bool || core::isInteger(t->elem);
  };
  if (!fits(a) || !fits(b) || a->elem != b->elem) return operandError(ea, eb, symbol(op), span, fits(a) && fits(b) ? "" : takes);
  auto dims = broadcast(a->dims, b->dims);
  if (!dims) return shapeError(ea, eb, symbol(op), span);
  return tensorType(a->elem, std::move(*dims));
}

TypeRef BodyChecker::matmul(const TypeRef& left, const TypeRef& right, const MutExpr& ea, const MutExpr& eb, Span span) {
  const TypeRef a = solver_.head(left);
  const TypeRef b = solver_.head(right);
  if (isError(a) || isError(b)) return errorType();
  if (!is(a, TypeKind::Tensor) || !is(b, TypeKind::Tensor) || a->elem != b->elem || !core::isNumeric(a->elem)) {
    return operandError(ea, eb, "@", span, "`@` is the product of two tensors of numbers of one type");
  }
  if (a->dims.empty() || b->dims.empty()) return operandError(ea, eb, "@", span, "a scalar is multiplied by `*`");
  const auto mismatched = [&] {
    const Dim last = solver_.zonk(a->dims.back()), first = solver_.zonk(b->dims[b->dims.size() <= 2 ? 0 : b->dims.size() - 2]);
    const bool batched = b->dims.size() > 2;
    Diagnostic d(Code::ShapeMismatch, span,
                 fmt::format("`@` sums over the last axis of the left, which has {}, and the {} of the right, which has {}", show(last),
                             batched ? "last but one" : "first", show(first)));
    if (batched && last == first) d.message = "`@` of more than two axes is done for each index of the first ones, which must agree";
    d.labels.push_back({ea->span, fmt::format("`{}`", show(ea->type))});
    d.labels.push_back({eb->span, fmt::format("`{}`", show(eb->type))});
    Dim elements = 1;
    for (const Dim& x : a->dims) elements = elements * solver_.zonk(x);
    if (a->dims.size() > 1 && elements == first) d.fix = Fix::wrap(ea->span, "ravel(", ")", "make one row of it");
    report(std::move(d));
    return errorType();
  };
  if (b->dims.size() <= 2) {
    if (!solver_.unifyDims(b->dims[0], a->dims.back())) return mismatched();
    std::vector<Dim> dims(a->dims.begin(), a->dims.end() - 1);
    if (b->dims.size() == 2) dims.push_back(b->dims[1]);
    return tensorType(a->elem, std::move(dims));
  }
  // Higher ranks on the right: the axes before the last two are a batch, as in NumPy.
  if (a->dims.size() != b->dims.size()) return mismatched();
  for (std::size_t i = 0; i + 2 < a->dims.size(); ++i)
    if (!solver_.unifyDims(b->dims[i], a->dims[i])) return mismatched();
  const std::size_t n = a->dims.size();
  if (!solver_.unifyDims(b->dims[n - 2], a->dims[n - 1])) return mismatched();
  std::vector<Dim> dims = a->dims;
  dims[n - 1] = b->dims[n - 1];
  return tensorType(a->elem, std::move(dims));
}

void BodyChecker::settleLiterals(TypeRef& a, TypeRef& b) {
  const auto literal = [&](const TypeRef& t) {
    TypeRef inner = solver_.head(t);
    while (is(inner, TypeKind::Array)) inner = solver_.head(inner->element);
    return isLiteralHole(inner) ? inner : nullptr;
  };
  const auto isArray = [&](const TypeRef& t) { return is(solver_.head(t), TypeKind::Array); };
  const TypeRef x = literal(a), y = literal(b);
  if (!(x && isArray(a)) && !(y && isArray(b))) return;
  if (x && y) {
    solver_.unify(y, x);
    const Hole& h = solver_.hole(solver_.head(x));
    solver_.unify(x, scalarType(h.own()));
  } else {
    const auto e = commonElem(x ? b : a);
    if (e && core::isNumeric(*e)) solver_.unify(x ? x : y, scalarType(*e));
  }
  a = solver_.zonk(a);
  b = solver_.zonk(b);
}

void BodyChecker::settleWithin(const TypeRef& type, std::optional<Elem> to, bool nested) {
  const TypeRef t = solver_.head(type);
  if (isLiteralHole(t)) {
    const Hole& h = solver_.hole(t);
    if (nested) solver_.unify(t, scalarType(to.value_or(h.own())));
    return;
  }
  if (is(t, TypeKind::Placed)) return settleWithin(t->element, to, nested);
  if (is(t, TypeKind::Array)) return settleWithin(t->element, to, true);
  if (is(t, TypeKind::Tuple)) {
    for (const TypeRef& item : t->items) settleWithin(item, to, true);
  }
  if (is(t, TypeKind::Struct)) {
    for (const TypeRef& argument : t->typeArgs) settleWithin(argument, to, true);
  }
}

void BodyChecker::settleAlone(const MutExpr& e) {
  const TypeRef t = solver_.head(e->type);
  if (isError(t)) return;
  settleWithin(t);
  if (!is(t, TypeKind::Hole)) e->type = solver_.zonk(t);
}

MutExpr BodyChecker::binary(BinaryOp op, MutExpr a, MutExpr b, Span span, std::optional<Placement> wanted) {
  Lift lift;
  lift.wanted = wanted;
  lift.isOperator = true;
  TypeRef ta = local(a, lift);
  TypeRef tb = local(b, lift);
  if (lift.failed) return errorExpr(span);
  settleLiterals(ta, tb);
  const auto rejects = [&](const TypeRef& t) {
    const TypeRef h = solver_.head(t);
    return is(h, TypeKind::Function) || is(h, TypeKind::OpenLambda) || is(h, TypeKind::Sequence) || is(h, TypeKind::Range);
  };
  if (rejects(ta) || rejects(tb)) {
    operandError(a, b, symbol(op), span);
    return errorExpr(span);
  }
  TypeRef result;
  switch (op) {
    case BinaryOp::Add:
    case BinaryOp::Sub:
    case BinaryOp::Mul:
    case BinaryOp::Div:
    case BinaryOp::Rem: result = arithmetic(ta, tb, a, b, symbol(op), span, false); break;
    case BinaryOp::MatMul: result = matmul(ta, tb, a, b, span); break;
    case BinaryOp::And:
    case BinaryOp::Or:
    case BinaryOp::BitAnd:
    case BinaryOp::BitOr:
    case BinaryOp::BitXor:
    case BinaryOp::Shl:
    case BinaryOp::Shr: result = logic(op, ta, tb, a, b, span); break;
    default: result = comparison(op, ta, tb, a, b, span); break;
  }
  if (isError(result)) return errorExpr(span);
  MutExpr x = make(ExprKind::Binary, placed(result, lift), span);
  x->binary = op;
  x->operands = {a, b};
  return x;
}

MutExpr BodyChecker::inferBinary(const ast::BinaryExpr& e, const ScopeRef& scope, std::optional<Placement> wanted) {
  // A long chain leans to the left: walk it in a loop, so that its length is no depth.
  std::vector<const ast::BinaryExpr*> chain;
  const ast::Expr* first = &e;
  while (const auto* b = ast::tryAs<ast::BinaryExpr>(first)) {
    chain.push_back(b);
    first = b->left.get();
  }
  MutExpr x = infer(*first, scope);
  for (auto b = chain.rbegin(); b != chain.rend(); ++b) {
    MutExpr right = infer(*(*b)->right, scope);
    x = binary(typedOp((*b)->op), x, right, (*b)->span, wanted);
  }
  return x;
}

MutExpr BodyChecker::inferUnary(const ast::UnaryExpr& e, const ScopeRef& scope, const TypeRef& hint) {
  MutExpr x = infer(*e.operand, scope, hint);
  if (e.op == ast::UnaryOp::Negate && x->kind == ExprKind::Literal && isLiteralHole(solver_.head(x->type)) && !e.operand->isParenthesized) {
    // `-1` is one literal, so that it can be the smallest number of its type.
    x->span = e.span;
    if (core::isFloat(x->literal.elem)) {
      x->literal = core::Literal::ofDouble(Elem::F64, -x->literal.toDouble());
    } else if (x->literal.elem == Elem::I64) {
      x->literal = core::Literal::ofInt(Elem::I64, -x->literal.toInt());
    } else if (x->literal.bits == 0x8000000000000000ull) {
      x->literal.elem = Elem::I64;
    } else {
      return failed(Diagnostic(Code::LiteralRange, e.span, fmt::format("`{}` fits in no integer type", source(e.span))));
    }
    return x;
  }
  Lift lift;
  const TypeRef t = solver_.head(local(x, lift));
  if (isError(t)) return errorExpr(e.span);
  bool ok = false;
  if (e.op == ast::UnaryOp::Not) {
    ok = is(t, TypeKind::Tensor) && t->elem == Elem::Bool;
  } else {
    if (!is(t, TypeKind::Array)) settleWithin(t);
    TypeRef number = t;
    while (is(number, TypeKind::Array)) number = solver_.head(number->element);
    ok = isLiteralHole(number) || (is(t, TypeKind::Tensor) && core::isNumeric(t->elem)) || (isStructured(t) && allLeaves(t, core::isNumeric));
  }
  if (!ok) {
    std::string why;
    if (e.op != ast::UnaryOp::Not && isStructured(t)) boundMet(solver_.zonk(t), "num", why);
    return failed(Diagnostic(Code::OperandTypes, e.span, fmt::format("`{}` does not take `{}`", e.op == ast::UnaryOp::Not ? "!" : "-", show(t)))
                      .label(x->span, why.empty() ? fmt::format("`{}`", show(t)) : why));
  }
  MutExpr u = make(ExprKind::Unary, placed(t, lift), e.span);
  u->unary = e.op == ast::UnaryOp::Not ? UnaryOp::Not : UnaryOp::Neg;
  u->operands = {x};
  return u;
}

MutExpr BodyChecker::convert(core::Elem to, std::vector<Arg>& args, Span span, const ScopeRef&) {
  const std::string name(core::elemName(to));
  if (args.size() != 1 || args[0].name) {
    return failed(Diagnostic(Code::WrongArgumentCount, span, fmt::format("`{}` converts one value", name)).at(fmt::format("{} given", args.size())));
  }
  MutExpr x = args[0].typed ? args[0].typed : infer(*args[0].syntax, args[0].scope);
  Lift lift;
  TypeRef t = solver_.head(local(x, lift));
  if (isError(t)) return errorExpr(span);
  // `u64(5)` is the literal 5 of that type, `u64([5, 6])` an array of such. What a function makes of literals is converted: its other parameters may
  // not take that type.
  TypeRef number = t;
  while (is(number, TypeKind::Array)) number = solver_.head(number->element);
  if (isLiteralHole(number)) {
    const Hole& h = solver_.hole(number);
    const bool fraction = h.kind == HoleKind::Float && !core::isFloat(to);
    const bool whole = to == Elem::Bool || (h.wantsInteger && core::isFloat(to));
    const bool called = x->kind == ExprKind::Call;
    const TypeRef usual = scalarType(h.own());
    solver_.unify(number, fraction || whole || called ? usual : scalarType(to));
    t = solver_.zonk(t);
  }
  if (!is(t, TypeKind::Tensor) || t->elem == Elem::Key || t->elem == Elem::Str) {
    if (is(t, TypeKind::Parameter) && lenient_) return errorExpr(span);
    return failed(Diagnostic(Code::ConversionType, span, fmt::format("`{}` does not convert `{}`", name, show(t)))
                      .label(x->span, fmt::format("`{}`", show(t)))
                      .note("numbers and booleans are converted, element by element"));
  }
  MutExpr c = make(ExprKind::Convert, placed(tensorType(to, t->dims), lift), span);
  c->operands = {x};
  return c;
}

}  // namespace fedc::check
