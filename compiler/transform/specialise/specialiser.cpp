#include "compiler/transform/specialise/specialiser.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "compiler/check/check.h"
#include "compiler/core/builder.h"
#include "compiler/core/op_table.h"
#include "compiler/transform/rewrite.h"
#include "compiler/transform/transplant.h"

namespace fedc::transform::specialise {

using core::Atom;
using core::Elem;
using core::Literal;
using core::Op;
using core::Type;

namespace {

/// Bounds what a program may grow to when everything is inlined (docs/passes.md, 3).
constexpr std::size_t kMaxStatements = 100000;

}  // namespace

Specialiser::Specialiser(const check::TypedProgram& typed, core::Module& module, DiagnosticSink& sink, bool trace)
    : typed_(typed), module_(module), sink_(sink), trace_(trace) {
  static_.fn.name = "static";
  here_ = Place{&static_, &static_.fn.body};
}

HomeFn& Specialiser::homeFn(Home home) {
  if (home.kind == Home::Kind::Static) return static_;
  auto& slot = entry_->homes[home];
  if (slot == nullptr) {
    slot = std::make_unique<HomeFn>();
    slot->home = home;
    // The dimension parameters that such a function can have: rows of the client's data; the size of the cohort, lengths of sequences.
    if (home.kind == Home::Kind::Clients) {
      for (std::size_t d = 0; d < std::max<std::size_t>(1, entry_->data.size()); ++d) slot->fn.newDim(d == 0 ? "R" : "R" + std::to_string(d));
    }
    if (home.kind == Home::Kind::Server) {
      slot->fn.newDim("K");
      for (const std::string& sequence : entry_->sequences) slot->fn.newDim(sequence);
    }
  }
  return *slot;
}

core::Var Specialiser::param(HomeFn& home, const Origin& origin, Type type, const std::string& name) {
  auto found = home.params.find(origin);
  if (found != home.params.end()) return found->second;
  core::Var v = home.fn.newVar(std::move(type), name);
  home.fn.params.push_back(v);
  home.origins.push_back(origin);
  home.params.emplace(origin, v);
  return v;
}

void Specialiser::copyStatic(const core::Stmt& definition, HomeFn& into) {
  const auto defined = [&](const std::function<bool(const core::Stmt&)>& defines) -> const core::Stmt& {
    const auto found = std::find_if(static_.fn.body.begin(), static_.fn.body.end(), defines);
    assert(found != static_.fn.body.end() && "what is static has a definition at the top level");
    return *found;
  };
  const FreeNames free = freeNames(static_.fn, {&definition, 1});
  for (const core::Var v : free.vars) {
    if (into.copied.contains(v)) continue;
    const auto at = std::find(static_.fn.params.begin(), static_.fn.params.end(), v);
    if (at == static_.fn.params.end()) {
      copyStatic(defined([&](const core::Stmt& s) { return std::find(s.results.begin(), s.results.end(), v) != s.results.end(); }), into);
    } else {
      copyParam(static_cast<std::size_t>(at - static_.fn.params.begin()), into);
    }
  }
  for (const Dim::Variable d : free.dims) {
    if (!into.copiedDims.contains(d))
      copyStatic(defined([&](const core::Stmt& s) { return s.attrs.defines == d && s.op == core::Op::DimDef; }), into);
  }
  into.prologue.push_back(transplant(static_.fn, definition, into.fn, into.copied, into.copiedDims));
}

void Specialiser::copyParam(std::size_t i, HomeFn& into) {
  const core::Var v = static_.fn.params[i];
  const core::VarInfo& info = static_.fn.vars[v];
  // Two accumulators are all that a merge is given: there a param is its value.
  const auto given = std::find_if(typed_.params.begin(), typed_.params.end(), [&](const check::Param& p) {
    return into.home.kind == Home::Kind::Merge && static_.origins[i].kind == Origin::Kind::Param && p.name == static_.origins[i].name;
  });
  into.copied[v] = given == typed_.params.end() ? Atom::of(param(into, static_.origins[i], info.type, info.name))
                                                : core::Builder(into.fn, into.prologue).splat(given->value, info.type);
}

/// The statements that the variable depends on are copied, in their order.
Atom Specialiser::importStatic(const Leaf& leaf, HomeFn& into) {
  const core::Var v = leaf.atom.var;
  if (into.copied.contains(v)) return into.copied.at(v);
  const auto at = std::find(static_.fn.params.begin(), static_.fn.params.end(), v);
  if (at != static_.fn.params.end()) {
    copyParam(static_cast<std::size_t>(at - static_.fn.params.begin()), into);
  } else {
    copyStatic(*std::find_if(static_.fn.body.begin(), static_.fn.body.end(),
                             [&](const core::Stmt& s) { return std::find(s.results.begin(), s.results.end(), v) != s.results.end(); }),
               into);
  }
  return into.copied.at(v);
}

void Specialiser::importChecks(std::size_t from) {
  std::function<bool(const core::Stmt&)> checks = [&](const core::Stmt& s) {
    return s.op == core::Op::Check || std::any_of(s.regions.begin(), s.regions.end(),
                                                  [&](const core::Region& r) { return std::any_of(r.stmts.begin(), r.stmts.end(), checks); });
  };
  for (std::size_t i = from; i < static_.fn.body.size(); ++i) {
    if (!checks(static_.fn.body[i])) continue;
    HomeFn& server = homeFn(Home{Home::Kind::Server, 0});
    const core::Stmt& s = static_.fn.body[i];
    if (s.results.empty() || !server.copied.contains(s.results.front())) copyStatic(s, server);
  }
}

Atom Specialiser::use(const Leaf& leaf) {
  if (leaf.atom.isLiteral || leaf.home == here_.home->home) return leaf.atom;
  HomeFn& to = *here_.home;
  if (leaf.home.kind == Home::Kind::Static) return importStatic(leaf, to);
  HomeFn& from = homeFn(leaf.home);
  const core::VarInfo& info = from.fn.vars[leaf.atom.var];
  // What is a parameter there comes here from the same place.
  for (std::size_t i = 0; i < from.fn.params.size(); ++i) {
    if (from.fn.params[i] != leaf.atom.var) continue;
    const Origin& origin = from.origins[i];
    bool same = origin.kind != Origin::Kind::Accumulator && origin.kind != Origin::Kind::Right && origin.kind != Origin::Kind::Collected;
    if (leaf.home.kind == Home::Kind::Server && to.home.kind == Home::Kind::Clients) same = false;
    if (same) return Atom::of(param(to, origin, info.type, info.name));
  }
  if (leaf.home.kind == Home::Kind::Server && to.home.kind != Home::Kind::Server) {
    for (const Dim& d : info.type.dims) {
      if (!d.constant()) stop(Code::SizeNotKnown, current_, "what leaves the server has a size that is not known before the run");
    }
  }
  if (leaf.home.kind == Home::Kind::Server && !isKnownOutside(info.type))
    stop(Code::SizeNotKnown, current_, "the size of this value is known only where it is made");
  Origin origin;
  origin.kind = leaf.home.kind == Home::Kind::Clients ? Origin::Kind::Carry : Origin::Kind::Server;
  origin.from = leaf.home;
  origin.var = leaf.atom.var;
  for (const Dim& d : info.type.dims) {
    if (!d.constant() && leaf.home.kind == Home::Kind::Clients) {
      stop(Code::CarryWithoutSize, here_.into->empty() ? Span{} : here_.into->back().span,
           "a client value whose size depends on the client's data is used after another exchange");
    }
  }
  return Atom::of(param(to, origin, info.type, info.name));
}

/// Whether the runtime can tell an extent of a server's value: it is made of the cohort's size and lengths of sequences.
bool Specialiser::isKnownOutside(const Type& type) const {
  const auto known = static_cast<Dim::Variable>(kLengths + entry_->sequences.size());
  for (std::size_t i = 0; i < type.dims.size(); ++i) {
    bool outside = true;
    type.dims[i].substitute([&](Dim::Variable v) -> std::optional<Dim> { return outside = outside && v < known, std::nullopt; });
    if (!outside || (i > 0 && !type.dims[i].constant())) return false;
  }
  return true;
}

void Specialiser::noResult(const check::TypeRef& type, Span span) {
  notYet(span, fmt::format("`{}` as a result of an entry point", check::print(type, typed_.dims)),
         "a sequence is none: `s.collect()` makes an array of it, of a size that is known");
}

Atom Specialiser::useWhole(const Leaf& leaf, Span span) {
  Atom a = use(leaf);
  if (!a.isLiteral || leaf.type.dims.empty()) return a;
  return builder(span).splat(a.literal, leaf.type);
}

Leaf Specialiser::leaf(Atom atom, Type type) {
  checkSize(type);
  Leaf l;
  l.home = atom.isLiteral ? Home{} : here_.home->home;
  l.atom = atom;
  l.type = std::move(type);
  if (l.type.dims.empty() && core::isInteger(l.type.elem)) {
    if (atom.isLiteral) {
      l.number = Dim(atom.literal.toInt());
    } else if (auto found = loopIndices_.find({here_.home->home, atom.var}); found != loopIndices_.end()) {
      l.number = found->second;
    }
  }
  return l;
}

Leaf Specialiser::leaf(Atom atom) {
  Type type = atom.isLiteral ? Type{atom.literal.elem, {}} : here_.home->fn.typeOf(atom.var);
  if (++emitted_ > kMaxStatements) {
    std::string calls;
    for (const auto& [name, span] : chain_) calls += (calls.empty() ? "" : " > ") + name;
    stop(Code::ProgramTooLarge, chain_.empty() ? Span{} : chain_.front().second,
         "the program grows beyond " + std::to_string(kMaxStatements) + " statements when its calls are inlined", "while in: " + calls);
  }
  return leaf(atom, std::move(type));
}

Value Specialiser::number(const Dim& d, core::Elem elem, Span span) {
  if (auto c = d.constant()) return Value::literal(Literal::ofInt(elem, *c));
  Leaf l = leaf(builder(span).dimValue(d, elem));
  l.number = d;
  return Value::of(std::move(l));
}

Home Specialiser::homeOf(const Value& value) const { return join({value}); }

Span Specialiser::callInOwnFile(Span span, std::string& name) const {
  const FileId own = typed_.process          ? typed_.process->span.file
                     : typed_.main           ? typed_.main->span.file
                     : !typed_.tests.empty() ? typed_.tests.front().span.file
                                             : kNoFile;
  if (span.file == own || own == kNoFile) return span;
  for (std::size_t i = chain_.size(); i-- > 0;) {
    if (chain_[i].second.file != own) continue;
    // A lambda of the file may be all that it calls: then what it calls.
    std::size_t named = i;
    while (named + 1 < chain_.size() && chain_[named].first == "lambda") ++named;
    name = chain_[named].first;
    return chain_[i].second;
  }
  return span;
}

Span Specialiser::userSpan(Span span) const {
  std::string name;
  return callInOwnFile(span, name);
}

std::uint32_t Specialiser::site(Span span, std::string message) {
  // A check inside a library function is reported at the call in the user's own file; one in a module of the user's where it stands.
  std::string function;
  if (typed_.library.contains(span.file)) span = callInOwnFile(span, function);
  if (!function.empty()) message += " (in `" + function + "`)";
  module_.sites.push_back({span, std::move(message)});
  return static_cast<std::uint32_t>(module_.sites.size() - 1);
}

void Specialiser::check(Atom condition, Span span, std::string message) {
  if (condition.isLiteral && condition.literal.bits != 0) return;
  builder(span).check(condition, site(span, std::move(message)));
}

void Specialiser::checkAll(const Leaf& condition, Span span, std::string message) {
  const Leaf all = reduction(check::Builtin::All, Value::of(condition), std::nullopt, span).leaf;
  if (!all.atom.isLiteral) return check(use(all), span, std::move(message));
  if (all.atom.literal.bits == 0) stop(Code::AssertionFails, span, std::move(message));
}

void Specialiser::stop(Code code, Span span, std::string message, std::string note) {
  Diagnostic d(code, span, std::move(message));
  if (!note.empty()) d.notes.push_back(std::move(note));
  // The first is the entry itself, which nobody calls.
  for (std::size_t i = chain_.size(); i-- > 1 && d.labels.size() < 3;) {
    if (chain_[i].second.isValid() && !(chain_[i].second == span))
      d.labels.push_back({chain_[i].second, "in this call of `" + chain_[i].first + "`"});
  }
  sink_.report(std::move(d));
  throw Stop{};
}

void Specialiser::reportLimit(const Overgrown& limit) {
  try {
    stop(Code::ProgramTooLarge, current_, limit.what, "docs/language.md lists the limits");
  } catch (const Stop&) {  // NOLINT(bugprone-empty-catch): reported is all that it shall be
  }
}

void Specialiser::notYet(Span span, const std::string& what, const std::string& otherwise) {
  stop(Code::NotYetSupported, span, what + " cannot be compiled yet",
       otherwise.empty() ? "it is checked, but this version has no code for it" : otherwise);
}

std::optional<Dim> Specialiser::numberOf(const Value& v) {
  if (v.kind != Value::Kind::Leaf) return std::nullopt;
  if (v.leaf.number && (v.leaf.home == here_.home->home || v.leaf.number->constant())) return v.leaf.number;
  return std::nullopt;
}

std::optional<Dim> Specialiser::numberOf(const Value& v, std::size_t i) {
  if (v.kind != Value::Kind::Leaf || i >= v.leaf.numbers.size()) return std::nullopt;
  const Dim& n = v.leaf.numbers[i];
  return v.leaf.home == here_.home->home || n.constant() ? std::optional(n) : std::nullopt;
}

Dim Specialiser::dimOf(const Value& v, Span span, const char* what) {
  if (auto n = numberOf(v)) return *n;
  stop(Code::SizeNotKnown, span, std::string(what) + " must be known before the run, or be a size of an argument");
}

std::int64_t Specialiser::constantOf(const Value& v, Span span, const char* what) {
  auto n = numberOf(v);
  if (n && n->constant()) return *n->constant();
  if (n && v.kind == Value::Kind::Leaf && !v.leaf.atom.isLiteral && loopIndices_.contains({v.leaf.home, v.leaf.atom.var}))
    throw NeedsNumber{v.leaf.atom.var};
  stop(Code::SizeNotKnown, span, std::string(what) + " must be a number that is known before the run");
}

Dim Specialiser::dimFrom(const Value& v, const Dim& bound, Span span) {
  if (auto n = numberOf(v); n && n->constant()) return *n;
  core::Stmt s;
  s.op = core::Op::DimDef;
  s.span = span;
  s.attrs.extent = bound;
  const auto constant = bound.constant();
  // The statement takes i32 and i64; what an i64 cannot hold is above any bound.
  const Elem elem = v.leaf.type.elem;
  Atom length = use(v.leaf);
  if (elem == Elem::U64) length = builder(span).binary(Op::Min, length, Atom::of(Literal::ofInt(elem, constant.value_or(kMostSteps))));
  if (elem != Elem::I32 && elem != Elem::I64) length = builder(span).convert(length, Elem::I64);
  s.args.push_back(length);
  s.attrs.defines = here_.home->fn.newDim("m", constant);
  Dim d = Dim::variable(*s.attrs.defines);
  here_.into->push_back(std::move(s));
  return d;
}

Dim Specialiser::stepsFrom(const Value& lo, const Value& hi, Span span) {
  const Elem elem = lo.leaf.type.elem;
  Value first = lo, last = hi;
  const bool fromZero = lo.leaf.atom.isLiteral && lo.leaf.atom.literal.bits == 0;
  if (core::elemBytes(elem) < 4 || elem == Elem::U32 || (elem == Elem::I32 && !fromZero)) {
    // The difference of two i8 need not be one.
    first = convert(lo, Elem::I64, span);
    last = convert(hi, Elem::I64, span);
  } else if (elem == Elem::U64 || !fromZero) {
    first = Value::of(leaf(builder(span).binary(Op::Min, use(lo.leaf), use(hi.leaf))));
  }
  return dimFrom(binary(check::BinaryOp::Sub, last, first, span), Dim(kMostSteps), span);
}

Dim Specialiser::namedDim(const std::string& name, const Dim& extent, Span span) {
  core::Stmt s;
  s.op = core::Op::DimDef;
  s.span = span;
  s.attrs.extent = extent;
  s.attrs.defines = here_.home->fn.newDim(name, extent.upperBound([&](Dim::Variable v) { return here_.home->fn.dims[v].bound; }));
  const Dim d = Dim::variable(*s.attrs.defines);
  here_.into->push_back(std::move(s));
  return d;
}

std::optional<Dim> Specialiser::knownDim(const Dim& d, const Env& env) {
  if (d.constant()) return d;
  bool missing = false;
  Dim out = d.substitute([&](Dim::Variable v) -> std::optional<Dim> {
    auto found = env.findDim(v);
    if (!found) missing = true;
    return found;
  });
  return missing ? std::nullopt : std::optional(out);
}

Dim Specialiser::evalDim(const Dim& d, const Env& env, Span span) {
  if (const auto known = knownDim(d, env)) return *known;
  stop(Code::SizeNotKnown, span, "a size of this value is not known here", "give it a type with sizes that are in scope");
}

Type Specialiser::coreType(const check::TypeRef& type, const Env& env, Span span) {
  assert(type->kind == check::TypeKind::Tensor);
  Type t{type->elem, {}};
  for (const Dim& d : type->dims) t.dims.push_back(evalDim(d, env, span));
  checkSize(t);
  return t;
}

void Specialiser::checkSize(const Type& type) {
  if (type.dims.size() > kMaxRank) throw Overgrown{"a tensor has more than " + std::to_string(kMaxRank) + " axes"};
  std::int64_t elements = 1;
  for (const Dim& d : type.dims) {
    const auto extent = d.constant();
    if (!extent || *extent <= 0) continue;
    if (*extent > kMaxElements / elements) throw Overgrown{"a tensor has more than " + std::to_string(kMaxElements) + " elements"};
    elements *= *extent;
  }
}

void Specialiser::bindDimsAt(const std::vector<Dim>& declared, const Leaf& leaf, std::size_t skip, Env& env) {
  for (std::size_t i = 0; i < declared.size() && i + skip < leaf.type.dims.size(); ++i) {
    const Dim& d = declared[i];
    for (Dim::Variable v : d.variables()) {
      if (env.findDim(v)) continue;
      Dim partly = d.substitute([&](Dim::Variable w) { return env.findDim(w); });
      if (auto solved = partly.solveFor(v, leaf.type.dims[i + skip])) env.bindDim(v, *solved);
    }
  }
}

void Specialiser::bindDims(const check::TypeRef& type, const Value& value, Env& env) {
  using check::TypeKind;
  // Columns of structs carry the array's extent in front of every leaf.
  std::function<void(const check::TypeRef&, const Value&, std::vector<Dim>)> walk = [&](const check::TypeRef& t, const Value& v,
                                                                                        std::vector<Dim> leading) {
    switch (t->kind) {
      case TypeKind::Placed: walk(t->element, v, leading); return;
      case TypeKind::Tensor:
        if (v.kind == Value::Kind::Leaf) {
          leading.insert(leading.end(), t->dims.begin(), t->dims.end());
          bindDimsAt(leading, v.leaf, 0, env);
        }
        return;
      case TypeKind::Array:
        leading.push_back(t->extent);
        walk(t->element, v, leading);
        return;
      case TypeKind::Tuple:
        for (std::size_t i = 0; i < t->items.size() && i < v.items.size(); ++i) walk(t->items[i], v.items[i], leading);
        return;
      case TypeKind::Struct:
        for (std::size_t i = 0; i < t->fields.size() && i < v.items.size(); ++i) walk(t->fields[i].type, v.items[i], leading);
        return;
      default: return;
    }
  };
  walk(type, value, {});
}

Value Specialiser::zerosLike(const check::TypeRef& type, const Env& env, Literal (*make)(core::Elem), Span span, std::vector<Dim> leading) {
  using check::TypeKind;
  switch (type->kind) {
    case TypeKind::Placed: return zerosLike(type->element, env, make, span, std::move(leading));
    case TypeKind::Tensor: {
      Type t = coreType(type, env, span);
      t.dims.insert(t.dims.begin(), leading.begin(), leading.end());
      return Value::literal(make(t.elem), t);
    }
    case TypeKind::Array: leading.push_back(evalDim(type->extent, env, span)); return zerosLike(type->element, env, make, span, std::move(leading));
    case TypeKind::Tuple: {
      Args items;
      for (const auto& t : type->items) items.push_back(zerosLike(t, env, make, span, leading));
      return Value::tuple(std::move(items));
    }
    case TypeKind::Struct: {
      Args items;
      for (const auto& f : type->fields) items.push_back(zerosLike(f.type, env, make, span, leading));
      return Value::tuple(std::move(items));
    }
    default: stop(Code::NotYetSupported, span, "a value of this type cannot be filled");
  }
}

Value Specialiser::map(const Value& v, const std::function<Leaf(const Leaf&)>& f) {
  if (v.kind == Value::Kind::Leaf) return Value::of(f(v.leaf));
  Value out = v;
  for (Value& item : out.items) item = map(item, f);
  return out;
}

Value Specialiser::zip(const Value& a, const Value& b, Span span, const std::function<Leaf(const Leaf&, const Leaf&)>& f) {
  if (a.kind == Value::Kind::Leaf && b.kind == Value::Kind::Leaf) return Value::of(f(a.leaf, b.leaf));
  // A scalar meets every leaf of a vector.
  if (a.kind == Value::Kind::Leaf) {
    return map(b, [&](const Leaf& l) { return f(a.leaf, l); });
  }
  if (b.kind == Value::Kind::Leaf) {
    return map(a, [&](const Leaf& l) { return f(l, b.leaf); });
  }
  assert(a.items.size() == b.items.size() && "the checker compares the types of leafwise operands");
  Value out = a;
  for (std::size_t i = 0; i < a.items.size(); ++i) out.items[i] = zip(a.items[i], b.items[i], span, f);
  return out;
}

}  // namespace fedc::transform::specialise
