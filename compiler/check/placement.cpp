#include <fmt/format.h>

#include "compiler/check/body.h"
#include "compiler/support/bytes_text.h"

/// Lifting: a local operation on values of one placement is done there.
namespace fedc::check {

std::string BodyChecker::describePlace(Placement p) const { return p == Placement::Server ? "at the server" : "at the clients"; }

std::optional<Placement> BodyChecker::placementOf(const TypeRef& t) {
  const TypeRef head = t ? solver_.head(t) : nullptr;
  return head && is(head, TypeKind::Placed) ? std::optional(head->placement) : std::nullopt;
}

TypeRef BodyChecker::local(MutExpr& e, Lift& lift) {
  const TypeRef t = solver_.head(e->type);
  if (is(t, TypeKind::Placed)) {
    joinPlacement(lift, t->placement, e);
    return t->element;
  }
  if (is(t, TypeKind::Tuple) && hasPlacedValue(solver_.zonk(t))) {
    std::optional<Placement> at;
    TypeRef inner;
    if (!split(t, at, inner)) {
      // Its items are at different places: name two of them.
      MutExpr server;
      MutExpr clients;
      for (std::size_t i = 0; i < t->items.size(); ++i) {
        const TypeRef item = solver_.head(t->items[i]);
        if (!is(item, TypeKind::Placed)) continue;
        const MutExpr part = e->kind == ExprKind::Tuple ? std::const_pointer_cast<Expr>(e->operands[i]) : e;
        (item->placement == Placement::Server ? server : clients) = part;
      }
      if (server && clients && server != clients) {
        reportPlacements(server, clients, lift);
      } else {
        report(Diagnostic(Code::PlacementMismatch, e->span, fmt::format("`{}` holds values of two placements", source(e->span)))
                   .at(fmt::format("`{}`", show(t)))
                   .note("take it apart by `let (a, b) = ..;`, and bring its parts together by an intrinsic"));
      }
      lift.failed = true;
      return errorType();
    }
    joinPlacement(lift, *at, e);
    e = placeExpr(e, placedType(inner, *at));
    return inner;
  }
  return t;
}

void BodyChecker::joinPlacement(Lift& lift, Placement at, const MutExpr& e) {
  if (!lift.at) {
    lift.at = at;
    lift.first = e;
    return;
  }
  const bool serverBefore = *lift.at == Placement::Server;
  const bool serverNow = at == Placement::Server;
  if (serverBefore != serverNow) {
    if (!lift.failed) reportPlacements(serverBefore ? lift.first : e, serverBefore ? e : lift.first, lift);
    lift.failed = true;
    return;
  }
  if (at == Placement::Clients) lift.at = at;
}

void BodyChecker::reportPlacements(const MutExpr& server, const MutExpr& clients, const Lift& lift) {
  const bool serverFirst = server->span.begin <= clients->span.begin;
  const std::string a = fmt::format("`{}` is at the server", source(server->span));
  const std::string b = fmt::format("`{}` is at the clients", source(clients->span));
  Diagnostic d(Code::PlacementMismatch, server->span, serverFirst ? a + ", " + b : b + ", " + a);
  d.labels.push_back({clients->span, fmt::format("`{}`", show(clients->type))});
  const auto declared = server->kind == ExprKind::Local ? program_.typeSpans.find(server->local->id) : program_.typeSpans.end();
  if (declared != program_.typeSpans.end() && server->kind == ExprKind::Local) {
    d.labels.push_back({declared->second, fmt::format("`{}` is put at the server here", server->local->name)});
  } else {
    d.primaryLabel = fmt::format("`{}`", show(server->type));
  }
  const TypeRef t = solver_.zonk(server->type), each = solver_.zonk(clients->type);
  const auto bytes = is(t, TypeKind::Placed) ? bytesOf(t->element) : std::nullopt;
  if (is(t, TypeKind::Placed) && isScalar(t->element, Elem::Key)) {
    d.fix = Fix::wrap(server->span, "federated_keys(", ")", "give each client a key of its own");
    report(std::move(d));
    return;
  }
  const bool meetAtServer = lift.wanted ? *lift.wanted == Placement::Server : lift.isOperator;
  if (meetAtServer && (lift.isOperator || lift.isStruct) && is(each, TypeKind::Placed) && each->placement == Placement::Clients) {
    // What differs from client to client is brought together before it meets a value of the server.
    // Who divides by the number of clients wants the sum.
    const bool isCounted = source(server->span).find("federated_count(") != std::string::npos;
    const bool canMean = allLeaves(each->element, core::isFloat) && !isCounted;
    const char* const intrinsic = canMean ? "federated_mean(" : "federated_sum(";
    if (lift.isStruct) {
      // Or it is meant to stay with them.
      d.notes.push_back(fmt::format("a struct is at one place: bring it to the server, `{}{})`, or return a tuple, whose parts may be at several",
                                    intrinsic, source(clients->span)));
    } else {
      d.fix = Fix::wrap(clients->span, intrinsic, ")",
                        canMean ? "bring it to the server: a mean over the clients" : "bring it to the server: a sum over the clients");
    }
    report(std::move(d));
    return;
  }
  d.fix = Fix::wrap(
      server->span, "federated_broadcast(", ")",
      bytes ? fmt::format("send it to the clients ({} to each, each round)", bytesText(static_cast<double>(*bytes))) : "send it to the clients");
  report(std::move(d));
}

TypeRef BodyChecker::expectPlaced(MutExpr& e, Placement at, const std::string& callee) {
  const TypeRef t = solver_.zonk(e->type);
  if (isError(t)) return nullptr;
  std::optional<Placement> place;
  TypeRef inner;
  if (!split(t, place, inner)) {
    Lift lift;
    local(e, lift);
    return nullptr;
  }
  if (hasFunction(inner)) {
    report(Diagnostic(Code::FunctionAtRunTime, e->span, fmt::format("`{}` takes run-time values, found `{}`", callee, show(t)))
               .at("exists at compile time only"));
    return nullptr;
  }
  const bool wantServer = at == Placement::Server;
  if (place && (*place == Placement::Server) != wantServer) {
    Diagnostic d(Code::PlacementMismatch, e->span,
                 fmt::format("`{}` takes a value {}, `{}` is {}", callee, describePlace(at), source(e->span), describePlace(*place)));
    d.primaryLabel = fmt::format("`{}`", show(t));
    if (e->kind == ExprKind::Local) {
      if (const auto it = program_.typeSpans.find(e->local->id); it != program_.typeSpans.end())
        d.labels.push_back({it->second, fmt::format("`{}` is put {} here", e->local->name, describePlace(*place))});
    }
    if (const auto b = builtinNamed(callee)) d.notes.push_back(fmt::format("it is written `{}{}`", callee, builtinSignature(*b)));
    if (callee == "federated_broadcast") d.notes.emplace_back(kAggregate);
    report(std::move(d));
    return nullptr;
  }
  const TypeRef target = placedType(inner, at);
  if (!is(t, TypeKind::Placed) || t->placement != at) e = placeExpr(e, target);
  return inner;
}

}  // namespace fedc::check
