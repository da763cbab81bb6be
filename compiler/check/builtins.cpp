#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "compiler/check/body.h"
#include "compiler/support/suggest.h"

/// What all builtins share: their parameters, and from a builtin to its group's rule.
namespace fedc::check {

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
  static constexpr Group kGroups[] = {
#define FEDC_BUILTIN(id, name, group, signature, doc) Group::group,
#include "compiler/check/builtins.def"
  };
  return kGroups[static_cast<std::size_t>(b)];
}

/// Names of the parameters, in order. `?`: may be left out. `..`: any number.
std::string parametersText(Builtin b) {
  switch (groupOf(b)) {
    case Group::Unary: return "x";
    case Group::Extremum: return "x y? axis?";
    case Group::Select: return "c a b";
    case Group::Dot: return "x y";
    case Group::ArgReduction: return "x axis?";
    case Group::Transform: return "f";
    case Group::Leaves: return "f ..";
    default: break;
  }
  switch (b) {
    case Builtin::Pow: return "x y";
    case Builtin::Atan2: return "y x";
    case Builtin::Norm: return "x";
    case Builtin::Sum:
    case Builtin::Prod:
    case Builtin::Mean:
    case Builtin::Any:
    case Builtin::All: return "x axis?";
    case Builtin::Sort: return "x axis?";
    case Builtin::Argsort:
    case Builtin::Cumsum: return "x";
    case Builtin::TopK: return "x k";
    case Builtin::Zeros:
    case Builtin::Ones: return "shape?";
    case Builtin::Highest:
    case Builtin::Lowest: return "";
    case Builtin::Full: return "v";
    case Builtin::Reshape: return "x shape";
    case Builtin::Ravel:
    case Builtin::Unravel:
    case Builtin::Reverse: return "x";
    case Builtin::Transpose: return "x axes?";
    case Builtin::Concat: return "..";
    case Builtin::Pad: return "x size";
    case Builtin::ShapeOf:
    case Builtin::Size:
    case Builtin::Len:
    case Builtin::Leaves: return "x";
    case Builtin::Ilog2:
    case Builtin::NextPow2: return "n";
    case Builtin::Solve: return "a b";
    case Builtin::Conv2d: return "x kernel";
    case Builtin::MaxPool: return "x k";
    case Builtin::Map:
    case Builtin::Filter:
    case Builtin::FlatMap: return "s f";
    case Builtin::Zip: return "s t";
    case Builtin::Enumerate:
    case Builtin::Count:
    case Builtin::Collect: return "s";
    case Builtin::Take:
    case Builtin::Skip:
    case Builtin::Batch: return "s n";
    case Builtin::Repeat: return "s n?";
    case Builtin::Shuffle: return "s k";
    case Builtin::Fold: return "s zero f";
    case Builtin::KeyOf: return "seed";
    case Builtin::Split: return "k n?";
    case Builtin::FoldIn: return "k i";
    case Builtin::CloneKey: return "k";
    case Builtin::Uniform:
    case Builtin::TruncatedNormal: return "k shape lo? hi?";
    case Builtin::Randint: return "k shape lo hi";
    case Builtin::Bernoulli: return "k p shape";
    case Builtin::PermutationOf: return "k n";
    case Builtin::Normal:
    case Builtin::Rademacher:
    case Builtin::Exponential:
    case Builtin::Gumbel:
    case Builtin::Laplace: return "k shape";
    case Builtin::Bytes: return "s";
    case Builtin::Hash: return "s seed";
    case Builtin::Assert: return "c why";
    case Builtin::Dbg: return "x";
    case Builtin::AssertClose: return "a b tolerance?";
    case Builtin::ClientsOf: return "..";
    case Builtin::FederatedBroadcast:
    case Builtin::FederatedSum:
    case Builtin::FederatedCollect: return "x";
    case Builtin::FederatedValue: return "x at";
    case Builtin::FederatedAggregate: return "x zero accumulate merge report?";
    case Builtin::FederatedSelect: return "keys value select";
    case Builtin::FederatedSecureSum: return "x max";
    case Builtin::FederatedSecureSumBitwidth: return "x bits";
    case Builtin::FederatedSecureModularSum: return "x modulus";
    case Builtin::FederatedKeys: return "k";
    case Builtin::Declassify: return "why x";
    default: return "x";
  }
}

}  // namespace

const BuiltinParameters& builtinParameters(Builtin b) {
  static std::map<Builtin, BuiltinParameters> table = [] {
    std::map<Builtin, BuiltinParameters> all;
    constexpr Builtin kEvery[] = {
#define FEDC_BUILTIN(id, name, group, signature, doc) Builtin::id,
#include "compiler/check/builtins.def"
    };
    for (const Builtin each : kEvery) {
      BuiltinParameters p;
      const std::string text = parametersText(each);
      for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find(' ', at), text.size());
        std::string word = text.substr(at, end - at);
        at = end + 1;
        if (word == "..") {
          p.variadic = true;
          continue;
        }
        p.optional.push_back(word.back() == '?');
        if (word.back() == '?') word.pop_back();
        p.names.push_back(word);
      }
      all.emplace(each, std::move(p));
    }
    return all;
  }();
  return table.at(b);
}

MutExpr BodyChecker::builtinNode(Builtin b, Operands operands, TypeRef type, Span span) {
  MutExpr x = make(ExprKind::BuiltinCall, std::move(type), span);
  x->builtin = b;
  x->operands.assign(operands.begin(), operands.end());
  return x;
}

bool BodyChecker::matchArguments(Builtin b, std::vector<Arg>& args, std::vector<Arg*>& out, Span span) {
  const BuiltinParameters& p = builtinParameters(b);
  const std::string name = builtinName(b);
  const auto written = [&] { return fmt::format("it is written `{}{}`", name, builtinSignature(b)); };
  out.assign(p.names.size(), nullptr);
  if (p.variadic) {
    for (std::size_t i = 0; i < p.names.size(); ++i) {
      if (i >= args.size()) {
        report(Diagnostic(Code::MissingArgument, span, fmt::format("`{}` needs `{}`", name, p.names[i])).at("not given").note(written()));
        return false;
      }
      out[i] = &args[i];
    }
    return true;
  }
  std::size_t position = 0;
  for (Arg& a : args) {
    std::size_t index = p.names.size();
    if (a.name) {
      for (std::size_t i = 0; i < p.names.size(); ++i)
        if (p.names[i] == a.name->text) index = i;
      if (index == p.names.size()) {
        Diagnostic d(Code::UnknownArgument, a.name->span, fmt::format("`{}` has no parameter `{}`", name, a.name->text));
        d.primaryLabel = "no such parameter";
        if (const auto near = suggest(a.name->text, p.names)) {
          d.fix = Fix::replace(a.name->span, *near, "a similar parameter exists");
        } else {
          d.notes.push_back(written());
        }
        report(std::move(d));
        return false;
      }
    } else {
      index = position++;
      if (index >= p.names.size()) {
        const bool any = std::find(p.optional.begin(), p.optional.end(), true) != p.optional.end();
        report(Diagnostic(Code::WrongArgumentCount, a.span,
                          fmt::format("`{}` takes {}{}", name, any ? "at most " : "", plural(p.names.size(), "argument")))
                   .at("one too many")
                   .note(written()));
        return false;
      }
    }
    if (out[index] != nullptr) {
      report(Diagnostic(Code::DuplicateArgument, a.name ? a.name->span : a.span, fmt::format("`{}` is given twice", p.names[index]))
                 .at("again here")
                 .label(out[index]->span, "given here already"));
      return false;
    }
    out[index] = &a;
  }
  std::string missing;
  for (std::size_t i = 0; i < p.names.size(); ++i)
    if (out[i] == nullptr && !p.optional[i]) missing += (missing.empty() ? "`" : ", `") + p.names[i] + "`";
  if (!missing.empty()) {
    // A reason is a string that is written out; what stands alone is the value.
    if (b == Builtin::Declassify && args.size() == 1 && !args[0].name && !(args[0].syntax && args[0].syntax->kind == ast::ExprKind::String))
      missing = "a reason";
    report(Diagnostic(Code::MissingArgument, span, fmt::format("`{}` needs {}", name, missing)).at("not given").note(written()));
    return false;
  }
  return true;
}

MutExpr BodyChecker::inferArg(Arg* a, const TypeRef& hint) {
  if (a == nullptr) return nullptr;
  if (!a->typed) {
    const auto* operation = a->at && !placementOf(hint) ? ast::tryAs<ast::BinaryExpr>(a->syntax) : nullptr;
    a->typed = operation != nullptr ? inferBinary(*operation, a->scope, a->at) : infer(*a->syntax, a->scope, hint);
  }
  return a->typed;
}

MutExpr BodyChecker::tensorArg(Arg* a) {
  MutExpr e = inferArg(a);
  if (e) settleAlone(e);
  return e;
}

MutExpr BodyChecker::checkArg(Arg* a, const TypeRef& want, const std::string& why) {
  if (a == nullptr) return nullptr;
  return a->typed = coerce(inferArg(a, want), {want, a->span, why});
}

MutExpr BodyChecker::wantInt(Arg* a, const std::string& what) {
  if (a == nullptr) return nullptr;
  MutExpr e = inferArg(a, intType());
  Lift lift;
  const TypeRef t = solver_.head(local(e, lift));
  if (isError(t)) return e;
  if (isLiteralHole(t)) {
    if (!solver_.unify(t, intType())) return a->typed = mismatch(e, t, {intType(), a->span, what + " is an `i32`"});
    return e;
  }
  if (!isScalar(t) || !core::isInteger(t->elem)) return a->typed = mismatch(e, t, {intType(), a->span, what + " is an `i32`"});
  return a->typed = e;
}

MutExpr BodyChecker::functionArg(Arg* a, const std::vector<TypeRef>& params, const TypeRef& result) {
  if (a->typed) return a->typed = callableOf(a->typed, params, result, true, a->span);
  return a->typed = callable(*a->syntax, a->scope, params, result, true, a->span);
}

MutExpr BodyChecker::builtinError(Span span, const MutExpr& operand, const std::string& text) {
  Diagnostic d(Code::BuiltinArgument, span, text);
  if (operand) d.labels.push_back({operand->span, fmt::format("`{}`", show(operand->type))});
  return failed(std::move(d));
}

MutExpr BodyChecker::numberError(const MutExpr& number, const std::string& text) {
  return failed(Diagnostic(Code::BuiltinArgument, number->span, text).at("out of range"));
}

MutExpr BodyChecker::leavesError(Span span, const MutExpr& operand, const TypeRef& type, const std::string& bound, const std::string& text) {
  const TypeRef t = solver_.zonk(type);
  std::string why;
  if (!bound.empty() && isStructured(t)) boundMet(t, bound, why);
  Diagnostic d(Code::BuiltinArgument, span, text);
  d.labels.push_back({operand->span, why.empty() ? fmt::format("`{}`", show(operand->type)) : why});
  if (bound == "vector" && is(t, TypeKind::Tensor) && core::isInteger(t->elem)) d.fix = Fix::wrap(operand->span, "f32(", ")", "convert it before");
  if (bound == "num" && is(t, TypeKind::Tensor) && t->elem == Elem::Bool) d.fix = Fix::wrap(operand->span, "i32(", ")", "make 0 and 1 of it");
  return failed(std::move(d));
}

MutExpr BodyChecker::callBuiltin(Builtin b, std::vector<Arg>& args, Span span, const ScopeRef& scope, const TypeRef& hint) {
  (void)scope;
  // Where the result is wanted, its argument is.
  if (groupOf(b) != Group::Federated && !args.empty()) args[0].at = placementOf(hint);
  std::vector<Arg*> a;
  if (!matchArguments(b, args, a, span)) {
    for (Arg& x : args)
      if (!x.typed && x.syntax->kind != ast::ExprKind::Lambda && x.syntax->kind != ast::ExprKind::Name) x.typed = infer(*x.syntax, x.scope);
    return errorExpr(span);
  }
  switch (groupOf(b)) {
    case Group::Unary: return builtinUnary(b, a, span);
    case Group::Binary: return builtinBinary(b, a, span);
    case Group::Extremum: return builtinExtremum(b, a, span);
    case Group::Select: return builtinWhere(a, span);
    case Group::Reduction: return builtinReduction(b, a, span);
    case Group::Dot: return builtinDot(a, span);
    case Group::ArgReduction: return builtinArg(b, a, span);
    case Group::Sort: return builtinSort(b, a, span);
    case Group::Fill: return builtinFill(b, a, span, hint);
    case Group::Shape: return builtinShape(b, a, args, span, hint);
    case Group::Static: return builtinStatic(b, a, span);
    case Group::Leaves: return builtinLeaves(b, args, span);
    case Group::Linear: return builtinLinear(b, a, span);
    case Group::Sequence: return builtinSequence(b, a, span);
    case Group::Random: return builtinRandom(b, a, span);
    case Group::String: return builtinString(b, a, span);
    case Group::Check: return builtinCheck(b, a, args, span);
    case Group::Federated: return builtinFederated(b, a, span, hint);
    case Group::Transform: break;
  }
  return failed(Diagnostic(Code::CannotInfer, span, fmt::format("`{}` cannot be used in this way", builtinName(b)))
                    .at(fmt::format("written `{}(f)(x)`", builtinName(b))));
}

}  // namespace fedc::check
