#include "compiler/check/body.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

namespace fedc::check {

namespace {

/// Errors that the types of a lambda's parameters and result may explain.
bool isAboutTypes(Code code) {
  switch (code) {
    case Code::TypeMismatch:
    case Code::ShapeMismatch:
    case Code::OperandTypes:
    case Code::PatternMismatch:
    case Code::UnknownField:
    case Code::LambdaParameters: return true;
    default: return false;
  }
}

}  // namespace

BodyChecker::BodyChecker(ProgramChecker& program, std::string user, bool lenient)
    : program_(program),
      user_(std::move(user)),
      lenient_(lenient),
      errorsBefore_(program.sink.errorCount()),
      solver_(program.out.dims, [this](const Type& t) { return rebuildStruct(t); }, lenient) {}

MutExpr BodyChecker::make(ExprKind kind, TypeRef type, Span span) {
  auto e = std::make_shared<Expr>();
  e->kind = kind;
  e->type = std::move(type);
  e->span = span;
  nodes_.push_back(e);
  return e;
}

MutExpr BodyChecker::errorExpr(Span span) { return make(ExprKind::Tuple, errorType(), span); }

MutExpr BodyChecker::failed(Diagnostic d) {
  const Span span = d.primary;
  report(std::move(d));
  return errorExpr(span);
}

MutExpr BodyChecker::localExpr(const LocalRef& local, Span span) {
  MutExpr e = make(ExprKind::Local, local->type, span);
  e->local = local;
  return e;
}

MutExpr BodyChecker::intExpr(std::int64_t value, Span span) {
  MutExpr e = make(ExprKind::Literal, intType(), span);
  e->literal = core::Literal::ofInt(Elem::I64, value);
  return e;
}

MutExpr BodyChecker::dimExpr(const Dim& d, Span span) {
  const Dim z = solver_.zonk(d);
  if (const auto c = z.constant()) return intExpr(*c, span);
  MutExpr e = make(ExprKind::DimValue, intType(), span);
  e->dim = z;
  return e;
}

MutExpr BodyChecker::placeExpr(MutExpr e, TypeRef type) {
  MutExpr p = make(ExprKind::Place, std::move(type), e->span);
  p->operands = {std::move(e)};
  return p;
}

MutExpr BodyChecker::fieldExpr(MutExpr object, int index, TypeRef type, Span span) {
  MutExpr e = make(ExprKind::Field, std::move(type), span);
  e->operands = {std::move(object)};
  e->index = index;
  return e;
}

std::shared_ptr<Local> BodyChecker::newLocal(const std::string& name, TypeRef type, Span span, bool isVar) {
  auto l = program_.newLocal(name, std::move(type), span, isVar);
  lastLocal_ = l->id;
  locals_.push_back(l);
  return l;
}

void BodyChecker::report(Diagnostic d) {
  if (d.fix) program_.spellOut(*d.fix);
  if (!asides_.empty() && isAboutTypes(d.code)) d.notes.push_back(asides_.back()());
  if (!originName_.empty() && origin_.isValid()) {
    if (d.primary.file != origin_.file) {
      // In a library: the call is what a user can change.
      d.labels.insert(d.labels.begin(), {d.primary, d.primaryLabel.empty() ? "here" : d.primaryLabel});
      d.primary = origin_;
      d.primaryLabel = fmt::format("in this use of `{}`", originName_);
      d.fix.reset();
    } else {
      d.labels.push_back({origin_, fmt::format("found while checking `{}`, needed here", originName_)});
    }
  }
  program_.sink.report(std::move(d));
}

TypeRef BodyChecker::withoutLiterals(const TypeRef& t) const {
  const auto all = [&](const std::vector<TypeRef>& types) {
    std::vector<TypeRef> out;
    for (const TypeRef& i : types) out.push_back(withoutLiterals(i));
    return out;
  };
  switch (t->kind) {
    case TypeKind::Hole: {
      const Hole& h = solver_.holeAt(t->id);
      if (h.kind == HoleKind::Any) return t;
      return scalarType(h.own());
    }
    case TypeKind::Tuple: return tupleType(all(t->items));
    case TypeKind::Array: return arrayType(withoutLiterals(t->element), t->extent);
    case TypeKind::Sequence: return sequenceType(withoutLiterals(t->element));
    case TypeKind::Placed: return placedType(withoutLiterals(t->element), t->placement);
    case TypeKind::Function: return functionType(all(t->items), withoutLiterals(t->element));
    default: return t;
  }
}

std::string BodyChecker::show(const TypeRef& t) const { return program_.print(withoutLiterals(solver_.zonk(t))); }

std::string BodyChecker::source(Span span) const {
  std::string text(program_.sources.text(span));
  std::string out;
  bool space = false;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (blank && space) continue;
    out += blank ? ' ' : c;
    space = blank;
  }
  if (out.size() > 40) out = out.substr(0, 37) + "...";
  return out;
}

void BodyChecker::later(std::function<bool(bool)> f) {
  if (!f(false)) deferred_.push_back(std::move(f));
}

void BodyChecker::settle() {
  for (bool progress = true; progress;) {
    const std::size_t before = solver_.progress();
    solver_.retryDims();
    std::vector<std::function<bool(bool)>> waiting;
    waiting.swap(deferred_);
    for (auto& f : waiting)
      if (!f(false)) deferred_.push_back(std::move(f));
    progress = solver_.progress() != before;
  }
}

void BodyChecker::finish(Mark m) {
  settle();
  bool defaulted = false;
  for (std::size_t i = m.holes; i < solver_.holeCount(); ++i) {
    const Hole& h = solver_.holeAt(i);
    if (h.solution || h.kind == HoleKind::Any) continue;
    if (h.wantsFloat && h.wantsInteger) {
      const Span span = h.span;
      solver_.solveHole(i, errorType());
      report(Diagnostic(Code::TypeMismatch, span, "shifts and operations on bits give whole numbers, a float is wanted here").at("no float"));
      continue;
    }
    solver_.solveHole(i, scalarType(h.own()));
    defaulted = true;
  }
  if (defaulted) settle();
  // After an error in the statement, what it leaves open follows from that.
  bool reported = program_.sink.errorCount() != m.errors;
  for (std::size_t i = m.holes; i < solver_.holeCount(); ++i) {
    const Hole h = solver_.holeAt(i);
    if (h.solution) continue;
    solver_.solveHole(i, errorType());
    if (reported) continue;
    reported = true;
    report(Diagnostic(Code::CannotInfer, h.span, fmt::format("cannot tell {}", h.what))
               .at("nothing in this statement says it")
               .note("write the type, as in `let x: f32[10] = ...;`"));
  }
  for (std::size_t i = m.dims; i < solver_.dimHoleCount(); ++i) {
    const DimHole h = solver_.dimHoleAt(i);
    if (h.solution) continue;
    solver_.solveDimHole(i, unknownDim(std::nullopt));
    if (reported || lenient_) continue;
    reported = true;
    report(Diagnostic(Code::CannotInfer, h.span, fmt::format("cannot tell {}", h.what))
               .at("nothing in this statement says it")
               .note("write the type of the result, as in `let x: f32[10] = ...;`"));
  }
  for (const Solver::DimEquation& e : solver_.takeEquations()) {
    if (reported) break;
    report(Diagnostic(Code::ShapeMismatch, e.span, fmt::format("a size is `{}` here, but must be `{}`", show(e.found), show(e.expected)))
               .at("does not fit the other sizes"));
  }
}

void BodyChecker::finaliseLiteral(Expr& e) {
  if (!isScalar(e.type)) return;
  const Elem elem = e.type->elem;
  const core::Literal raw = e.literal;
  if (elem == Elem::Bool || elem == raw.elem) return;
  if (!core::isNumeric(elem)) return;
  if (core::isFloat(raw.elem)) {
    e.literal = core::Literal::ofDouble(elem, raw.toDouble());
    if (std::isfinite(raw.toDouble()) && !std::isfinite(e.literal.toDouble())) {
      report(Diagnostic(Code::LiteralRange, e.span, fmt::format("`{}` is too large for `{}`", source(e.span), core::elemName(elem)))
                 .at(fmt::format("a number of type `{}` is wanted here", core::elemName(elem)))
                 .note("`highest()` is an infinity"));
    }
    return;
  }
  const bool isBig = raw.elem == Elem::U64;
  if (core::isFloat(elem)) {
    e.literal = core::Literal::ofDouble(elem, isBig ? static_cast<double>(raw.bits) : static_cast<double>(raw.toInt()));
    return;
  }
  const int bits = core::elemBytes(elem) * 8;
  bool fits = true;
  if (isBig) {
    fits = !core::isSigned(elem) && bits == 64;
  } else {
    const std::int64_t v = raw.toInt();
    if (core::isSigned(elem)) {
      fits = bits == 64 || (v >= -(std::int64_t{1} << (bits - 1)) && v < (std::int64_t{1} << (bits - 1)));
    } else {
      fits = v >= 0 && (bits == 64 || v < (std::int64_t{1} << bits));
    }
  }
  if (!fits) {
    report(Diagnostic(Code::LiteralRange, e.span, fmt::format("`{}` does not fit in `{}`", source(e.span), core::elemName(elem)))
               .at(fmt::format("a number of type `{}` is wanted here", core::elemName(elem))));
    return;
  }
  e.literal = isBig ? core::Literal{elem, raw.bits} : core::Literal::ofInt(elem, raw.toInt());
}

void BodyChecker::finaliseInstance(const PendingInstance& p) {
  InstanceArgs args;
  bool isClosed = true;
  const ast::Signature& s = p.signature.fn->item->signature;
  std::size_t typeIndex = 0;
  for (const ast::TypeParameter& tp : s.typeParameters) {
    if (tp.isDimension) continue;
    const TypeRef t = solver_.zonk(p.signature.types[typeIndex++]);
    args.types.push_back(t);
    if (anyPart(t, [](const Type& q) { return q.kind == TypeKind::Hole || q.kind == TypeKind::Error; })) return;
    if (anyPart(t, [](const Type& q) { return q.kind == TypeKind::Parameter; })) isClosed = false;
    for (const ast::Name& bound : tp.bounds) {
      std::string why;
      if (boundMet(t, bound.text, why)) continue;
      const bool isMean = p.signature.fn->qualified.ends_with("federated_mean");
      Diagnostic d(isMean ? Code::IntegerMean : Code::BoundNotMet, p.span,
                   isMean ? fmt::format("the mean of `{}` is not defined", show(t))
                          : fmt::format("`{}` is `{}` here, which does not meet its bound `{}`", tp.name.text, show(t), bound.text));
      d.primaryLabel = why;
      if (is(t, TypeKind::Parameter) && !isMean) {
        d.message = fmt::format("the type parameter `{}` does not meet the bound `{}`", show(t), bound.text);
        d.notes.push_back(fmt::format("ask for it where `{0}` is declared: `<{0}: {1}>`", show(t), bound.text));
      }
      d.labels.push_back({bound.span, fmt::format("`{}` asks for `{}: {}`", s.name.text, tp.name.text, bound.text)});
      if (isMean) d.notes.push_back("convert integers before they are averaged, as in `f32(x)`");
      report(std::move(d));
      return;
    }
  }
  for (const Dim& d : p.signature.dims) {
    args.dims.push_back(solver_.zonk(d));
    if (!solver_.known(args.dims.back()) || solver_.isUnknown(args.dims.back())) return;
    // A size of a body that is checked for any size says nothing about a call: the callee is checked for any size itself.
    if (lenient_ && !args.dims.back().constant()) isClosed = false;
  }
  for (std::size_t i = 0; i < s.parameters.size(); ++i) {
    std::optional<Dim> value;
    const auto* scalar = ast::tryAs<ast::ScalarType>(s.parameters[i].type.get());
    const bool isInt = scalar != nullptr && scalar->scalar == ast::Scalar::I32;
    if (isInt && i < p.args.size() && p.args[i]) value = staticDim(*p.args[i]);
    if (value && !value->constant() && !p.signature.fn->isSize[i]) value.reset();
    args.values.push_back(value);
  }
  if (!isClosed) return;
  p.node->instance = program_.instantiate(*p.signature.fn, std::move(args), p.span, user_);
}

void BodyChecker::finalise() {
  // What is forced may put off more.
  for (settle(); !deferred_.empty(); settle()) {
    for (const auto& f : std::exchange(deferred_, {})) f(true);
  }
  finish({0, 0, errorsBefore_});
  const std::function<void(Pattern&)> close = [&](Pattern& p) {
    if (p.type) p.type = solver_.zonk(p.type);
    for (Pattern& i : p.items) close(i);
  };
  const auto closePath = [&](std::vector<Subscript>& path) {
    for (Subscript& s : path) s.extent = solver_.zonk(s.extent);
  };
  // Filling in the fields of a struct makes nodes and locals of their sizes: these lists may grow under way.
  for (std::size_t i = 0; i < locals_.size(); ++i) {
    const auto l = locals_[i];
    l->type = solver_.zonk(l->type);
  }
  for (std::size_t i = 0; i < lambdas_.size(); ++i) {
    const auto l = lambdas_[i];
    for (Pattern& p : l->params) close(p);
  }
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const MutExpr e = nodes_[i];
    e->type = solver_.zonk(e->type);
    if (e->kind == ExprKind::DimValue) {
      e->dim = solver_.zonk(e->dim);
      if (const auto c = e->dim.constant()) {
        e->kind = ExprKind::Literal;
        e->literal = core::Literal::ofInt(Elem::I64, *c);
      }
    }
    if (e->kind == ExprKind::Literal) finaliseLiteral(*e);
    closePath(e->subscripts);
    for (Stmt& s : e->stmts) {
      close(s.pattern);
      for (Stmt::Target& t : s.targets) {
        t.type = solver_.zonk(t.type);
        closePath(t.path);
      }
    }
  }
  for (const PendingInstance& p : std::exchange(pending_, {})) finaliseInstance(p);
}

}  // namespace fedc::check
