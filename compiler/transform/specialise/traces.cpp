#include "compiler/transform/specialise/sequence.h"

namespace fedc::transform::specialise {

using core::Atom;
using core::Op;
using core::Site;

namespace {

/// Statements of the static home are copied one by one to where they are used, and a native function's derivative is not of one caller.
bool isCopied(Home home) { return home.kind == Home::Kind::Static || home.kind == Home::Kind::Native; }

}  // namespace

int Specialiser::callSite() {
  int site = -1;
  for (const auto& [name, span] : chain_) {
    const auto [known, isNew] = calls_.emplace(std::tuple(site, name, span), static_cast<int>(module_.sites.size()));
    if (isNew) module_.sites.push_back({span, name, Site::Kind::Call, site});
    site = known->second;
  }
  return site;
}

void Specialiser::traceCall() {
  if (isCopied(here_.home->home)) return;
  const int call = callSite();
  if (call == told_ || call < 0) return;
  told_ = call;
  core::Attrs attrs;
  attrs.site = static_cast<std::uint32_t>(call);
  core::Builder(here_.home->fn, *here_.into).emit(Op::Trace, {}, attrs);
}

void Specialiser::traceDerivative(Span span) {
  if (!trace_ || isCopied(here_.home->home)) return;
  core::Attrs attrs;
  attrs.site = static_cast<std::uint32_t>(module_.sites.size());
  module_.sites.push_back({span, "", Site::Kind::Derivative, callSite()});
  core::Builder(here_.home->fn, *here_.into).emit(Op::Trace, {}, attrs);
}

void Specialiser::tracePattern(const check::Pattern& p, const Value& v) {
  if (!trace_) return;
  switch (p.kind) {
    case check::Pattern::Kind::Name: traceValue(p.local->name, p.local->type, v, Site::Kind::Named, p.span); break;
    case check::Pattern::Kind::Tuple:
      for (std::size_t i = 0; i < p.items.size(); ++i) tracePattern(p.items[i], v.items[i]);
      break;
    case check::Pattern::Kind::Array: {
      Lifted scope(*this, homeOf(v));
      for (std::size_t i = 0; i < p.items.size(); ++i) {
        if (p.items[i].kind == check::Pattern::Kind::Wildcard) continue;
        tracePattern(p.items[i], row(v, Value::literal(core::Literal::ofInt(core::Elem::I32, static_cast<std::int64_t>(i))), p.span));
      }
      break;
    }
    case check::Pattern::Kind::Wildcard: break;
  }
}

void Specialiser::traceValue(const std::string& name, const check::TypeRef& type, const Value& v, Site::Kind kind, Span span, const Value* before) {
  if (!trace_) return;
  const std::vector<Leaf> leaves = leavesOf(v);
  const std::vector<Leaf> old = before != nullptr ? leavesOf(*before) : std::vector<Leaf>();
  std::vector<std::string> names;
  if (type != nullptr) leafNames(type, name, names);
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    if (old.size() == leaves.size() && old[i].home == leaves[i].home && old[i].atom == leaves[i].atom) continue;
    const Site site{span, names.size() == leaves.size() ? names[i] : name, kind};
    if (federated_) {
      const InHome scope(*this, leaves[i].home);
      traceLeaf(leaves[i], site);
    } else {
      traceLeaf(leaves[i], site);
    }
  }
}

void Specialiser::traceLeaf(const Leaf& l, const Site& site) {
  // What was made elsewhere is shown there.
  if (isCopied(here_.home->home) || !(l.atom.isLiteral || l.home == here_.home->home)) return;
  const Atom atom = useWhole(l, site.span);
  core::Attrs attrs;
  attrs.site = static_cast<std::uint32_t>(module_.sites.size());
  module_.sites.push_back(site);
  builder(site.span).emit(Op::Trace, {atom}, attrs);
}

}  // namespace fedc::transform::specialise
