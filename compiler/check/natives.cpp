#include <algorithm>

#include <fmt/format.h>

#include "compiler/check/body.h"
#include "compiler/support/plural.h"
#include "include/fedc/plugin.h"

/// Native functions: what their declarations say, their derivatives, and calls of those over scalars on whole tensors.
namespace fedc::check {

namespace {

bool isIdentifier(const std::string& s) {
  const auto isLetter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !s.empty() && isLetter(s[0]) && std::all_of(s.begin(), s.end(), [&](char c) { return isLetter(c) || (c >= '0' && c <= '9'); });
}

/// Numbers and bools; of tensors of them every size has a name.
bool canPass(const TypeRef& t) {
  return is(t, TypeKind::Tensor) && (core::isNumeric(t->elem) || t->elem == Elem::Bool) &&
         std::none_of(t->dims.begin(), t->dims.end(), [](const Dim& d) { return d.mentions(kUnknownDim); });
}

}  // namespace

std::shared_ptr<const NativeDecl> BodyChecker::checkNative(const FnDecl& fn) {
  const ast::Signature& signature = fn.item->signature;
  const std::string& name = signature.name.text;
  const auto refuse = [&](Span at, const std::string& message, const char* label) {
    report(Diagnostic(Code::BadNative, at, message).at(label));
    return nullptr;
  };
  for (const ast::TypeParameter& p : signature.typeParameters) {
    if (!p.isDimension)
      return refuse(p.name.span, fmt::format("the native function `{}` has a type parameter", name), "C has one function for one type");
  }
  if (!isIdentifier(fn.nativeItem->symbol))
    return refuse(fn.nativeItem->symbolSpan, fmt::format("\"{}\" is no name of a C function", fn.nativeItem->symbol), "no name");
  if (signature.parameters.empty() || signature.parameters.size() > FEDC_PLUGIN_MAX_INPUTS)
    return refuse(signature.name.span,
                  fmt::format("a native function has 1 to {} parameters, `{}` has {}", FEDC_PLUGIN_MAX_INPUTS, name, signature.parameters.size()),
                  "cannot be passed");
  if (!signature.result)
    return refuse(signature.name.span, fmt::format("the native function `{}` gives nothing", name), "it has no effects: a result is wanted");
  for (std::size_t i = 0; i < fn.isSize.size(); ++i) {
    if (fn.isSize[i])
      return refuse(signature.parameters[i].name.span,
                    fmt::format("`{}` is a size of the native function `{}`", signature.parameters[i].name.text, name),
                    "sizes come from the types of what is passed");
  }
  InstanceArgs args;
  for (const ast::Name& d : fn.dims) args.dims.push_back(Dim::variable(program_.newDim(d.text)));
  args.values.resize(fn.isSize.size());
  const OpenSignature s = signatureOf(fn, args);
  auto decl = std::make_shared<NativeDecl>();
  decl->name = fn.qualified;
  decl->symbol = fn.nativeItem->symbol;
  decl->span = signature.span;
  decl->symbolSpan = fn.nativeItem->symbolSpan;
  for (std::size_t i = 0; i <= s.params.size(); ++i) {
    const bool isResult = i == s.params.size();
    const TypeRef t = isResult ? s.result : s.params[i];
    const Span at = isResult                       ? signature.result->span
                    : signature.parameters[i].type ? signature.parameters[i].type->span
                                                   : signature.parameters[i].span;
    if (isError(t)) return nullptr;
    if (!canPass(t)) {
      Diagnostic d(Code::BadNative, at, fmt::format("`{}` cannot be passed to a native function", show(t)));
      d.primaryLabel = "no number, no `bool`, no tensor of them whose sizes have names";
      if (is(t, TypeKind::Placed)) d.notes.emplace_back("it is called where the value is: its local type is written");
      if (is(t, TypeKind::Sequence)) d.notes.emplace_back("`data.take(100).collect()` makes a tensor of a sequence");
      report(std::move(d));
      return nullptr;
    }
    (isResult ? decl->result : decl->params.emplace_back()) = core::Type{t->elem, t->dims};
  }
  // A size that stands alone somewhere is read off what is passed.
  for (std::size_t i = 0; i < args.dims.size(); ++i) {
    const bool isTold = std::any_of(decl->params.begin(), decl->params.end(),
                                    [&](const core::Type& t) { return std::find(t.dims.begin(), t.dims.end(), args.dims[i]) != t.dims.end(); });
    if (!isTold) return refuse(fn.dims[i].span, fmt::format("no parameter of `{}` has the size `{}`", name, fn.dims[i].text), "nothing tells it");
  }
  const auto isScalar = [](const core::Type& t) { return t.dims.empty(); };
  decl->isElementwise = isScalar(decl->result) && std::all_of(decl->params.begin(), decl->params.end(), isScalar);
  std::string names;
  for (const ast::Parameter& p : signature.parameters) names += (names.empty() ? "" : ", ") + p.name.text;
  decl->derivativeForm = fmt::format("derivative of {}({}) = {}…;", name, names, decl->isElementwise ? "" : "|g| ");
  return decl;
}

void BodyChecker::checkNativeInstance(const FnDecl& fn, const OpenSignature& s, FnInstance& instance) {
  instance.native = fn.native;
  const ast::DerivativeItem* item = fn.derivative;
  if (fn.native == nullptr || item == nullptr) return;
  ScopeRef scope = s.scope;
  auto lambda = std::make_shared<LambdaBody>();
  std::vector<TypeRef> slopes;
  for (std::size_t i = 0; i < s.params.size(); ++i) {
    auto local = newLocal(item->parameters[i].text, s.params[i], item->parameters[i].span);
    Pattern pattern;
    pattern.kind = Pattern::Kind::Name;
    pattern.span = item->parameters[i].span;
    pattern.type = s.params[i];
    pattern.local = local;
    lambda->params.push_back(std::move(pattern));
    scope = bindValue(scope, local);
    if (core::isFloat(s.params[i]->elem)) slopes.push_back(fn.native->isElementwise ? s.result : s.params[i]);
  }
  if (slopes.empty() || !core::isFloat(s.result->elem)) {
    report(Diagnostic(Code::BadDerivative, item->function.span, fmt::format("`{}` has no derivative: floats come from floats", item->function.text))
               .at(slopes.empty() ? "it takes no float" : "it gives no float")
               .label(fn.item->signature.span, "declared here"));
    return;
  }
  TypeRef want = slopes.size() == 1 ? slopes[0] : tupleType(slopes);
  if (!fn.native->isElementwise) want = functionType({s.result}, want);
  const Mark m = mark();
  const std::string why = fn.native->isElementwise
                              ? fmt::format("its derivative by {}: `{}`", slopes.size() == 1 ? "its parameter" : "each float parameter", show(want))
                              : fmt::format("its derivative takes the result's cotangent to that of {}: `{}`",
                                            slopes.size() == 1 ? "its parameter" : "each float parameter", show(want));
  lambda->body = check(*item->value, scope, {want, fn.item->signature.span, why});
  finish(m);
  lambdas_.push_back(lambda);
  finalise();
  instance.derivative = lambda.get();
  program_.out.derivatives.push_back(std::move(lambda));
}

namespace {

/// Whether what stands in an expression says more about its type than the parameter, which may be one number where it gives many.
bool saysItsType(const ast::Expr& e) {
  if (const auto* unary = ast::tryAs<ast::UnaryExpr>(&e)) return saysItsType(*unary->operand);
  if (const auto* call = ast::tryAs<ast::CallExpr>(&e)) return !call->arguments.empty();
  return ast::tryAs<ast::IfExpr>(&e) != nullptr || ast::tryAs<ast::BlockExpr>(&e) != nullptr;
}

}  // namespace

MutExpr BodyChecker::callOnTensors(const OpenSignature& s, const std::vector<Arg*>& given, Span span) {
  const NativeDecl& native = *s.fn->native;
  bool isMapped = false;
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (given[i] == nullptr) return nullptr;
    Arg& a = *given[i];
    if (!a.typed) a.typed = infer(*a.syntax, a.scope, saysItsType(*a.syntax) ? nullptr : s.params[i]);
    // Numbers written out in an array are of the parameter's type.
    TypeRef number = solver_.head(a.typed->type);
    while (is(number, TypeKind::Array)) number = solver_.head(number->element);
    if (number != solver_.head(a.typed->type) && isLiteralHole(number) && solver_.attempt([&] { return solver_.unify(number, s.params[i]); }))
      a.typed->type = solver_.zonk(a.typed->type);
    TypeRef t = solver_.head(a.typed->type);
    if (is(t, TypeKind::Placed)) t = solver_.head(t->element);
    isMapped = isMapped || (is(t, TypeKind::Tensor) && !t->dims.empty());
  }
  if (!isMapped) return nullptr;
  Lift lift;
  std::optional<std::vector<Dim>> shape;
  Span shapedAt;
  bool fine = true;
  std::vector<MutExpr> operands;
  for (std::size_t i = 0; i < given.size(); ++i) {
    Arg& a = *given[i];
    const ast::Parameter& p = s.fn->item->signature.parameters[i];
    TypeRef t = solver_.head(local(a.typed, lift));
    if (isError(t) || lift.failed) return errorExpr(span);
    TypeRef want = s.params[i];
    if (is(t, TypeKind::Tensor) && !t->dims.empty()) {
      if (!shape) {
        shape = t->dims;
        shapedAt = a.span;
      }
      want = tensorType(native.params[i].elem, *shape);
    }
    const std::string why = shapedAt.isValid() && shapedAt != a.span && !want->dims.empty()
                                ? fmt::format("`{}` goes element by element over this shape", s.fn->item->signature.name.text)
                                : fmt::format("`{}` of `{}` is `{}`", p.name.text, s.fn->item->signature.name.text, show(s.params[i]));
    const Span at = shapedAt.isValid() && shapedAt != a.span && !want->dims.empty() ? shapedAt : p.type->span;
    solver_.blame(a.span);
    if (!solver_.unify(t, want)) {
      mismatch(a.typed, t, {want, at, why});
      fine = false;
    }
    operands.push_back(a.typed);
  }
  if (!fine) return errorExpr(span);
  MutExpr callee = make(ExprKind::Function, functionType(s.params, s.result), span);
  MutExpr call = make(ExprKind::Call, placed(tensorType(native.result.elem, *shape), lift), span);
  call->operands.push_back(callee);
  for (const MutExpr& o : operands) call->operands.push_back(o);
  pending_.push_back({callee, s, operands, span});
  return call;
}

}  // namespace fedc::check
