#include <fmt/format.h>

#include "compiler/check/body.h"

/// grad, value_and_grad, jvp, vjp, vmap, checkpoint: functions of functions.
namespace fedc::check {

std::optional<Builtin> BodyChecker::transformNamed(const ast::Expr& callee, const ScopeRef& scope) const {
  const auto* name = ast::tryAs<ast::NameExpr>(&callee);
  if (name == nullptr) return std::nullopt;
  const NameMeaning m = lookup(name->name, scope);
  if (m.kind != NameMeaning::Kind::Builtin) return std::nullopt;
  switch (m.builtin) {
    case Builtin::Grad:
    case Builtin::ValueAndGrad:
    case Builtin::Jvp:
    case Builtin::Vjp:
    case Builtin::Vmap:
    case Builtin::CheckpointFn: return m.builtin;
    default: return std::nullopt;
  }
}

const ast::Expr* BodyChecker::transformOperand(const ast::CallExpr& e, Builtin b) {
  if (e.arguments.size() == 1 && !e.arguments[0].name) return e.arguments[0].value.get();
  report(Diagnostic(Code::WrongArgumentCount, e.span, fmt::format("`{}` takes one function", builtinName(b)))
             .at(fmt::format("{} given", e.arguments.size()))
             .note(fmt::format("its arguments follow in a second pair of parentheses: `{}(f)(x)`", builtinName(b))));
  return nullptr;
}

std::vector<TypeRef> BodyChecker::innerParams(Builtin b, const std::vector<TypeRef>& params, Span span, bool& ok) {
  ok = true;
  if (b == Builtin::Jvp || b == Builtin::Vjp) {
    if (params.size() == 2) return {params[0]};
    report(Diagnostic(Code::WrongArgumentCount, span, fmt::format("a function made by `{}` takes two values", builtinName(b)))
               .at(fmt::format("{} given", params.size())));
    ok = false;
    return {};
  }
  if (b != Builtin::Vmap) return params;
  std::vector<TypeRef> inner;
  std::optional<Dim> extent;
  for (const TypeRef& p : params) {
    const TypeRef t = solver_.zonk(p);
    const auto axis = leadingAxis(t);
    if (!axis) {
      if (!isError(t)) {
        Diagnostic d(Code::BuiltinArgument, span, fmt::format("`vmap` goes along the leading axis of every argument, `{}` has none", show(t)));
        d.primaryLabel = "one argument has no leading axis";
        d.notes.push_back("what is the same for all rows is captured: `vmap(|x| f(x, y))(xs)`");
        report(std::move(d));
      }
      ok = false;
      return {};
    }
    solver_.blame(span);
    if (extent && !solver_.unifyDims(axis->extent, *extent)) {
      report(Diagnostic(Code::ShapeMismatch, span,
                        fmt::format("the arguments of `vmap` have leading sizes {} and {}", show(*extent), show(axis->extent)))
                 .at("they must agree"));
      ok = false;
      return {};
    }
    if (!extent) extent = axis->extent;
    inner.push_back(axis->element);
  }
  return inner;
}

MutExpr BodyChecker::transformNode(Builtin b, MutExpr f, const std::vector<TypeRef>& params, Span span) {
  const TypeRef t = solver_.zonk(f->type);
  if (isError(t)) return f;
  const std::string name = builtinName(b);
  if (!is(t, TypeKind::Function)) {
    return failed(Diagnostic(Code::NotAFunction, f->span, fmt::format("`{}` takes a function, found `{}`", name, show(t))).at("no function"));
  }
  bool federated = hasPlacedValue(t->element);
  for (const TypeRef& p : t->items) federated = federated || hasPlacedValue(p);
  if (federated) {
    return failed(Diagnostic(Code::NotDifferentiable, f->span, fmt::format("`{}` takes local functions, this one is federated", name))
                      .at(fmt::format("`{}`", show(t))));
  }
  if (t->items.empty()) {
    return failed(
        Diagnostic(Code::NotDifferentiable, f->span, fmt::format("`{}` takes a function with parameters", name)).at(fmt::format("`{}`", show(t))));
  }
  TypeRef result;
  std::vector<TypeRef> own = params;
  const bool derivative = b == Builtin::Grad || b == Builtin::ValueAndGrad || b == Builtin::Jvp || b == Builtin::Vjp;
  if (derivative && isLiteralHole(solver_.head(t->items[0]))) solver_.unify(t->items[0], scalarType(Elem::F32));
  if (derivative && !allLeaves(t->items[0], core::isFloat)) {
    const TypeRef x = solver_.zonk(t->items[0]);
    std::string why;
    boundMet(x, "vector", why);
    return failed(
        Diagnostic(Code::NotDifferentiable, f->span, fmt::format("`{}` differentiates by the first argument, and `{}` is no vector", name, show(x)))
            .at(why.empty() ? "no vector" : why));
  }
  switch (b) {
    case Builtin::Grad:
    case Builtin::ValueAndGrad: {
      const TypeRef r = solver_.head(t->element);
      const bool pair = is(r, TypeKind::Tuple) && r->items.size() == 2;
      const TypeRef value = solver_.head(pair ? r->items[0] : r);
      const bool isFloat = isLiteralHole(value) ? solver_.unify(value, scalarType(Elem::F32)) : isScalar(value) && core::isFloat(value->elem);
      if (!isFloat) {
        return failed(Diagnostic(Code::NotDifferentiable, f->span, fmt::format("`{}` takes a function that gives `f32` or `(f32, A)`", name))
                          .at(fmt::format("this one gives `{}`", show(r)))
                          .note(fmt::format("a loss is one number: let it end in the `mean(..)` or `sum(..)` of what `{}` gives", source(f->span))));
      }
      result = b == Builtin::Grad ? (pair ? tupleType({t->items[0], r->items[1]}) : t->items[0]) : tupleType({r, t->items[0]});
      break;
    }
    case Builtin::Jvp: result = tupleType({t->element, t->element}); break;
    case Builtin::Vjp: result = tupleType({t->element, t->items[0]}); break;
    case Builtin::CheckpointFn: result = t->element; break;
    default: {
      if (hasFunction(solver_.zonk(t->element)) || is(solver_.head(t->element), TypeKind::Sequence)) {
        return failed(Diagnostic(Code::FunctionAtRunTime, f->span,
                                 fmt::format("`vmap` stacks run-time values, this function gives a {}",
                                             hasFunction(solver_.zonk(t->element)) ? "function" : "sequence"))
                          .at("cannot be stacked"));
      }
      own.resize(t->items.size());
      const auto axis = leadingAxis(solver_.zonk(own[0]));
      if (mentionsUnknown(t->element)) {
        return failed(
            Diagnostic(Code::ShapeMismatch, f->span, fmt::format("`vmap` stacks values of one shape, this function gives `{}`", show(t->element)))
                .at("its size may differ from row to row"));
      }
      result = arrayType(solver_.zonk(t->element), axis ? axis->extent : Dim(1));
      break;
    }
  }
  MutExpr x = make(ExprKind::BuiltinCall, functionType(own, result), span);
  x->builtin = b;
  x->operands = {f};
  return x;
}

MutExpr BodyChecker::transformCallable(Builtin b, const ast::CallExpr& e, const ScopeRef& scope, const std::vector<TypeRef>& params, bool mayDrop) {
  const ast::Expr* operand = transformOperand(e, b);
  if (operand == nullptr) return errorExpr(e.span);
  std::vector<TypeRef> opened;
  std::vector<Dim::Variable> born;
  for (const TypeRef& p : params) opened.push_back(openUnknown(p, "", &born));
  bool ok = true;
  const std::vector<TypeRef> inner = innerParams(b, opened, e.span, ok);
  if (!ok) return errorExpr(e.span);
  MutExpr f = callable(*operand, scope, inner, nullptr, mayDrop, operand->span);
  if (isError(solver_.head(f->type))) return f;
  const TypeRef t = solver_.head(f->type);
  if ((b == Builtin::Jvp || b == Builtin::Vjp) && is(t, TypeKind::Function)) {
    const TypeRef tangent = b == Builtin::Jvp ? t->items[0] : t->element;
    solver_.blame(e.span);
    if (!solver_.unify(params[1], tangent)) {
      return failed(Diagnostic(Code::TypeMismatch, e.span,
                               fmt::format("`{}` takes `{}` as its second value, found `{}`", builtinName(b), show(tangent), show(params[1])))
                        .at(fmt::format("called with `{}` and `{}`", show(params[0]), show(params[1]))));
    }
  }
  std::vector<TypeRef> own = opened;
  if (b != Builtin::Jvp && b != Builtin::Vjp && is(t, TypeKind::Function)) own.resize(std::min(own.size(), t->items.size()));
  MutExpr x = transformNode(b, f, own, e.span);
  if (born.empty() || isError(x->type)) return x;
  // Outside, the sizes of the parameters are unknown again.
  const TypeRef type = x->type;
  std::vector<TypeRef> outer(params.begin(), params.begin() + static_cast<std::ptrdiff_t>(type->items.size()));
  x->type = functionType(std::move(outer), closeUnknown(type->element, born));
  return x;
}

MutExpr BodyChecker::inferTransform(Builtin b, const ast::CallExpr& e, const ScopeRef& scope, const TypeRef& hint) {
  const ast::Expr* operand = transformOperand(e, b);
  if (operand == nullptr) return errorExpr(e.span);
  const TypeRef want = hint ? solver_.head(hint) : nullptr;
  if (want && is(want, TypeKind::Function)) return transformCallable(b, e, scope, want->items, true);
  const bool keepsParams = b == Builtin::Grad || b == Builtin::ValueAndGrad || b == Builtin::CheckpointFn;
  if (!keepsParams || isOpenSyntax(*operand, scope)) return openFunction(e, scope, e.span);
  MutExpr f = infer(*operand, scope, nullptr);
  const TypeRef t = solver_.head(f->type);
  if (isError(t)) return errorExpr(e.span);
  if (!is(t, TypeKind::Function)) {
    if (is(t, TypeKind::OpenLambda)) return openFunction(e, scope, e.span);
    return failed(
        Diagnostic(Code::NotAFunction, operand->span, fmt::format("`{}` takes a function, found `{}`", builtinName(b), show(t))).at("no function"));
  }
  return transformNode(b, f, t->items, e.span);
}

MutExpr BodyChecker::callTransformed(Builtin b, const ast::CallExpr& callee, std::vector<Arg>& args, Span span, const ScopeRef& scope) {
  const ast::Expr* operand = transformOperand(callee, b);
  if (operand == nullptr) return errorExpr(span);
  for (const Arg& a : args) {
    if (!a.name) continue;
    return failed(Diagnostic(Code::UnknownArgument, a.name->span, fmt::format("a function made by `{}` has no named parameters", builtinName(b)))
                      .at("named here"));
  }
  const bool keepsParams = b == Builtin::Grad || b == Builtin::ValueAndGrad || b == Builtin::CheckpointFn;
  if (keepsParams && !isOpenSyntax(*operand, scope)) {
    MutExpr f = infer(*operand, scope, nullptr);
    const TypeRef t = solver_.head(f->type);
    if (isError(t)) return errorExpr(span);
    if (is(t, TypeKind::Function)) {
      MutExpr transformed = transformNode(b, f, t->items, callee.span);
      return callValue(transformed, args, span, nullptr);
    }
  }
  Lift lift;
  std::vector<TypeRef> params;
  bool ok = true;
  for (Arg& a : args) {
    if (!a.typed) a.typed = infer(*a.syntax, a.scope, nullptr);
    TypeRef t = solver_.head(local(a.typed, lift));
    ok = ok && !isError(t);
    if (isLiteralHole(t) && b != Builtin::Vmap && b != Builtin::CheckpointFn) {
      if (&a == &args[0]) solver_.hole(t).wantsFloat = true;
    }
    params.push_back(t);
  }
  if (!ok || lift.failed) {
    // What is captured is still looked at, for its own errors.
    return errorExpr(span);
  }
  if (args.empty()) {
    return failed(Diagnostic(Code::WrongArgumentCount, span, fmt::format("a function made by `{}` takes values", builtinName(b))).at("none given"));
  }
  MutExpr f = transformCallable(b, callee, scope, params, false);
  const TypeRef t = solver_.head(f->type);
  if (!is(t, TypeKind::Function)) return errorExpr(span);
  MutExpr x = make(ExprKind::Call, placed(callResult(t->element), lift), span);
  x->operands = {f};
  for (const Arg& a : args) x->operands.push_back(a.typed);
  return x;
}

}  // namespace fedc::check
