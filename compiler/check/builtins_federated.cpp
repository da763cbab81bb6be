#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "compiler/check/body.h"

/// Typing rules of the intrinsics that move values between placements.
namespace fedc::check {

MutExpr BodyChecker::builtinFederated(Builtin b, std::vector<Arg*>& a, Span span, const TypeRef& hint) {
  const std::string name = builtinName(b);
  switch (b) {
    case Builtin::FederatedAggregate: return federatedAggregate(a, span, hint);
    case Builtin::FederatedSelect: return federatedSelect(a, span);
    case Builtin::FederatedSecureSum:
    case Builtin::FederatedSecureSumBitwidth:
    case Builtin::FederatedSecureModularSum: return federatedSecure(b, a, span);
    case Builtin::Declassify: {
      MutExpr why = inferArg(a[0], stringType());
      if (isError(solver_.head(why->type))) return errorExpr(span);
      if (why->kind != ExprKind::String) {
        return failed(Diagnostic(Code::BuiltinArgument, why->span, "the reason of a `declassify` is written out as a string")
                          .at(fmt::format("`{}`", show(why->type))));
      }
      if (std::all_of(why->text.begin(), why->text.end(), [](unsigned char c) { return std::isspace(c) != 0; })) {
        return failed(Diagnostic(Code::BuiltinArgument, why->span, "the reason of a `declassify` is empty")
                          .at("why may it be known?")
                          .note("`fedc check` lists the reasons for those who read the policy"));
      }
      MutExpr x = inferArg(a[1], hint);
      const TypeRef t = solver_.zonk(x->type);
      if (isError(t)) return errorExpr(span);
      const TypeRef inner = is(t, TypeKind::Placed) ? t->element : t;
      if (is(inner, TypeKind::Sequence) || hasFunction(inner)) {
        return failed(Diagnostic(Code::BuiltinArgument, x->span, "`declassify` takes a run-time value")
                          .at(fmt::format("`{}`", show(t)))
                          .note("declassify what is made of the data, not the data itself"));
      }
      return builtinNode(b, {why, x}, x->type, span);
    }
    case Builtin::FederatedValue: {
      const auto* at = ast::tryAs<ast::NameExpr>(a[1]->syntax);
      if (at == nullptr || (at->name != "server" && at->name != "clients")) {
        return failed(
            Diagnostic(Code::BuiltinArgument, a[1]->span, "the second argument of `federated_value` is `server` or `clients`").at("no placement"));
      }
      const bool server = at->name == "server";
      TypeRef inner;
      if (hint) {
        TypeRef want = solver_.head(hint);
        if (is(want, TypeKind::Placed)) inner = want->element;
      }
      MutExpr x = inferArg(a[0], inner);
      const TypeRef t = solver_.zonk(x->type);
      if (isError(t)) return errorExpr(span);
      if (hasPlacedValue(t)) {
        return failed(
            Diagnostic(Code::PlacementMismatch, x->span, fmt::format("`{}` is placed already", source(x->span))).at(fmt::format("`{}`", show(t))));
      }
      if (hasFunction(t)) return builtinError(span, x, "a function has no placement");
      MutExpr e = builtinNode(b, {x, nullptr}, placedType(x->type, server ? Placement::Server : Placement::AllClients), span);
      e->name = at->name;
      return e;
    }
    default: break;
  }

  // One value in, one value out.
  const bool fromServer = b == Builtin::FederatedBroadcast || b == Builtin::FederatedKeys;
  TypeRef inner;
  if (hint) {
    const TypeRef want = solver_.head(hint);
    if (is(want, TypeKind::Placed) && b != Builtin::FederatedCollect)
      inner = placedType(want->element, fromServer ? Placement::Server : Placement::Clients);
  }
  a[0]->at = fromServer ? Placement::Server : Placement::Clients;
  MutExpr x = inferArg(a[0], inner);
  TypeRef t = expectPlaced(x, fromServer ? Placement::Server : Placement::Clients, name);
  if (!t) return errorExpr(span);
  t = solver_.head(t);
  if (is(t, TypeKind::Sequence)) {
    Diagnostic d(Code::BuiltinArgument, x->span, fmt::format("`{}` moves values, a sequence stays where it is", name));
    d.primaryLabel = fmt::format("`{}`", show(x->type));
    d.notes.emplace_back(fromServer ? "send what was made of it, not the sequence"
                                    : "work on it at the clients and bring what comes of it, as in `federated_sum(f(data))`");
    return failed(std::move(d));
  }
  switch (b) {
    case Builtin::FederatedBroadcast: return builtinNode(b, {x}, placedType(t, Placement::AllClients), span);
    case Builtin::FederatedKeys:
      if (!solver_.unify(t, keyType())) return builtinError(span, x, fmt::format("`federated_keys` takes a key, found `{}`", show(t)));
      return builtinNode(b, {x}, placedType(keyType(), Placement::Clients), span);
    case Builtin::FederatedSum: {
      if (isLiteralHole(t)) return builtinNode(b, {x}, placedType(t, Placement::Server), span);
      const bool shape = is(t, TypeKind::Tensor) || isStructured(t);
      if (!shape || !allLeaves(t, core::isNumeric)) {
        std::string why;
        boundMet(solver_.zonk(t), "num", why);
        Diagnostic d(Code::BoundNotMet, span, fmt::format("`federated_sum` adds numbers, found `{}`", show(t)));
        d.labels.push_back({x->span, why.empty() ? fmt::format("`{}`", show(t)) : why});
        if (is(t, TypeKind::Tensor) && t->elem == Elem::Bool) d.fix = Fix::wrap(x->span, "i32(", ")", "make 0 and 1 of it");
        return failed(std::move(d));
      }
      return builtinNode(b, {x}, placedType(t, Placement::Server), span);
    }
    default: {
      // federated_collect
      const TypeRef z = solver_.zonk(t);
      if (mentionsUnknown(z)) return builtinError(span, x, fmt::format("values of different sizes (`{}`) cannot be stacked", show(z)));
      return builtinNode(b, {x}, placedType(openUnknown(arrayType(z, unknownDim(std::nullopt)), ""), Placement::Server), span);
    }
  }
}

MutExpr BodyChecker::federatedAggregate(std::vector<Arg*>& a, Span span, const TypeRef& hint) {
  MutExpr x = inferArg(a[0]);
  const TypeRef value = expectPlaced(x, Placement::Clients, "federated_aggregate");
  MutExpr zero = inferArg(a[1]);
  if (!value || isError(solver_.head(zero->type))) return errorExpr(span);
  const TypeRef tz = solver_.zonk(zero->type);
  if (hasPlacedValue(tz)) {
    return failed(Diagnostic(Code::PlacementMismatch, zero->span, "the `zero` of an aggregation is unplaced: it is the same everywhere")
                      .at(fmt::format("`{}`", show(tz))));
  }
  const TypeRef acc = zero->type;
  const TypeRef element = solver_.zonk(value);
  // The functions say what an open `zero` is.
  const bool accKnown = solver_.typesKnown(acc);
  const auto accumulate = [&] {
    const Aside aside(*this, [&] {
      return fmt::format("`accumulate` takes the accumulator, `{0}`, and one client's value, `{1}`; it gives the accumulator, `{0}` like `zero`",
                         show(solver_.zonk(acc)), show(element));
    });
    return functionArg(a[2], {acc, element}, acc);
  };
  const auto join = [&] {
    const Aside aside(
        *this, [&] { return fmt::format("`merge` joins two accumulators: both are `{0}`, and so is what it gives", show(solver_.zonk(acc))); });
    return functionArg(a[3], {acc, acc}, acc);
  };
  MutExpr merge;
  MutExpr add;
  if (!accKnown && a[2]->syntax != nullptr && isOpenSyntax(*a[2]->syntax, a[2]->scope) && !isOpenSyntax(*a[3]->syntax, a[3]->scope)) {
    merge = join();
    add = accumulate();
  } else {
    add = accumulate();
    merge = join();
  }
  if (isError(solver_.head(add->type)) || isError(solver_.head(merge->type))) return errorExpr(span);
  const TypeRef za = solver_.zonk(acc);
  if (solver_.typesKnown(za) && !leavesOf(za) && !lenient_) {
    return builtinError(span, zero, fmt::format("an accumulator is a run-time value, found `{}`", show(za)));
  }
  if (mentionsUnknown(za)) return builtinError(span, zero, fmt::format("an accumulator has one size for all clients, `{}` has not", show(za)));
  TypeRef result = acc;
  MutExpr report;
  if (a[4] != nullptr) {
    TypeRef inner;
    if (hint && is(solver_.head(hint), TypeKind::Placed)) inner = solver_.head(hint)->element;
    if (inner && is(solver_.head(inner), TypeKind::Hole)) inner = nullptr;
    report = functionArg(a[4], {acc}, inner);
    const TypeRef t = solver_.head(report->type);
    if (!is(t, TypeKind::Function)) return errorExpr(span);
    result = t->element;
    if (hasFunction(solver_.zonk(result))) return builtinError(span, report, "an aggregation gives run-time values");
  }
  return builtinNode(Builtin::FederatedAggregate, {x, zero, add, merge, report}, placedType(result, Placement::Server), span);
}

MutExpr BodyChecker::federatedSelect(std::vector<Arg*>& a, Span span) {
  MutExpr keys = tensorArg(a[0]);
  const TypeRef tk = expectPlaced(keys, Placement::Clients, "federated_select");
  MutExpr value = inferArg(a[1]);
  const TypeRef tv = expectPlaced(value, Placement::Server, "federated_select");
  if (!tk || !tv) return errorExpr(span);
  const TypeRef k = solver_.zonk(tk);
  if (!is(k, TypeKind::Tensor) || k->elem != Elem::I32 || k->dims.size() != 1) {
    Diagnostic d(Code::BuiltinArgument, keys->span,
                 fmt::format("the keys of `federated_select` are `{{i32[k]}}@clients`, found `{}`", show(keys->type)));
    d.primaryLabel = fmt::format("`{}`", show(keys->type));
    if (is(k, TypeKind::Tensor) && k->dims.size() == 1 && core::isNumeric(k->elem)) d.fix = Fix::wrap(keys->span, "i32(", ")", "convert to `i32`");
    return failed(std::move(d));
  }
  MutExpr select = functionArg(a[2], {solver_.zonk(tv), intType()}, nullptr);
  const TypeRef t = solver_.head(select->type);
  if (!is(t, TypeKind::Function)) return errorExpr(span);
  const TypeRef u = solver_.zonk(t->element);
  if (solver_.typesKnown(u) && !leavesOf(u) && !lenient_)
    return builtinError(span, select, fmt::format("`select` gives run-time values, found `{}`", show(u)));
  return builtinNode(Builtin::FederatedSelect, {keys, value, select}, placedType(arrayType(u, k->dims[0]), Placement::Clients), span);
}

MutExpr BodyChecker::federatedSecure(Builtin b, std::vector<Arg*>& a, Span span) {
  const std::string name = builtinName(b);
  MutExpr x = inferArg(a[0]);
  const TypeRef t = expectPlaced(x, Placement::Clients, name);
  if (!t) return errorExpr(span);
  settleWithin(t);
  const TypeRef z = solver_.zonk(t);
  if (!isLiteralHole(z) && (!(is(z, TypeKind::Tensor) || isStructured(z)) || !allLeaves(z, core::isInteger))) {
    Diagnostic d(Code::BuiltinArgument, x->span, fmt::format("`{}` adds integers, found `{}`", name, show(z)));
    d.primaryLabel = fmt::format("`{}`", show(x->type));
    if (allLeaves(z, core::isFloat))
      d.notes.emplace_back(
          "`federated_quantized_sum(x, low = .., high = ..)` of module `secure` makes integers of floats within bounds, and adds those");
    return failed(std::move(d));
  }
  MutExpr limit;
  if (b != Builtin::FederatedSecureSumBitwidth) {
    limit = inferArg(a[1], t);
    if (isError(solver_.head(limit->type))) return errorExpr(span);
    if (const TypeRef placed = solver_.zonk(limit->type); hasPlacedValue(placed)) {
      const char* const which = b == Builtin::FederatedSecureSum ? "max" : "modulus";
      return failed(
          Diagnostic(Code::PlacementMismatch, limit->span, fmt::format("`{}` of `{}` is unplaced: it is agreed on before the round", which, name))
              .at(fmt::format("`{}`", show(placed)))
              .note(fmt::format("write a number that no client goes beyond, as in `{} = 1000`, or a `param`", which)));
    }
    // One number bounds every leaf; else a value of the same type.
    const TypeRef tl = solver_.head(limit->type);
    const auto e = commonElem(z);
    // A literal, whatever the leaves' types: it is one of 64 bits, and each leaf is held to it.
    const bool isForAll = isLiteralHole(tl) && !isLiteralHole(z) && solver_.unify(tl, scalarType(e.value_or(Elem::I64)));
    if (!isForAll && !(e && isScalar(tl, *e)) && !solver_.unify(tl, z)) {
      return mismatch(limit, tl, {z, x->span, fmt::format("what is added is `{}`", show(z))});
    }
  } else {
    limit = wantInt(a[1], "`bits`");
    if (isError(solver_.head(limit->type))) return errorExpr(span);
  }
  return builtinNode(b, {x, limit}, placedType(t, Placement::Server), span);
}

}  // namespace fedc::check
