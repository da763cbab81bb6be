#include <fmt/format.h>

#include "compiler/check/body.h"

/// Taking values apart.
namespace fedc::check {

Pattern BodyChecker::wildcard(const TypeRef& type, Span span) const {
  Pattern p;
  p.kind = Pattern::Kind::Wildcard;
  p.type = type;
  p.span = span;
  return p;
}

void BodyChecker::bindsOnce(const ast::Pattern& p, std::map<std::string, Span>& seen) {
  const auto all = [&](const std::vector<ast::PatternPtr>& elements) {
    for (const ast::PatternPtr& e : elements) bindsOnce(*e, seen);
  };
  if (p.kind == ast::PatternKind::Name) {
    const ast::Name& name = ast::as<ast::NamePattern>(p).name;
    const auto [first, isNew] = seen.emplace(name.text, name.span);
    if (isNew) return;
    report(
        Diagnostic(Code::DuplicateName, name.span, fmt::format("`{}` is bound twice", name.text)).at("again here").label(first->second, "the first"));
  } else if (p.kind == ast::PatternKind::Tuple) {
    all(ast::as<ast::TuplePattern>(p).elements);
  } else if (p.kind != ast::PatternKind::Wildcard) {
    all(ast::as<ast::ArrayPattern>(p).elements);
  }
}

Pattern BodyChecker::bindPattern(const ast::Pattern& p, const TypeRef& type, ScopeRef& scope, bool isVar, const ExprPtr& definition) {
  Pattern out;
  out.span = p.span;
  out.type = type;
  const TypeRef t = solver_.head(type);
  switch (p.kind) {
    case ast::PatternKind::Wildcard: return out;
    case ast::PatternKind::Name: {
      const ast::Name& name = ast::as<ast::NamePattern>(p).name;
      if (isVar && hasFunction(solver_.zonk(t)) && !isError(t)) {
        report(Diagnostic(Code::FunctionAtRunTime, name.span, fmt::format("a `var` holds run-time values, `{}` is `{}`", name.text, show(t)))
                   .at("use `let`: functions exist at compile time only"));
      }
      if (isVar && is(t, TypeKind::Sequence)) {
        report(Diagnostic(Code::FunctionAtRunTime, name.span, fmt::format("a `var` holds run-time values, `{}` is a sequence", name.text))
                   .at("use `let`"));
      }
      // Sizes that nobody has named are called after the value.
      int unnamed = 0;
      anyDim(solver_.zonk(type), [&](const Dim& d) {
        for (const Dim::Variable v : d.variables()) {
          if ((v & kDimHoleBit) != 0 || program_.out.dims[v].name != "?n") continue;
          program_.out.dims[v].name = "?" + name.text + (unnamed == 0 ? "" : std::to_string(unnamed));
          ++unnamed;
        }
        return false;
      });
      auto local = newLocal(name.text, type, name.span, isVar);
      out.kind = Pattern::Kind::Name;
      out.local = local;
      if (definition && !isVar) program_.definitions[local->id] = definition;
      scope = bindValue(scope, local);
      return out;
    }
    case ast::PatternKind::Tuple: {
      const auto& elements = ast::as<ast::TuplePattern>(p).elements;
      out.kind = Pattern::Kind::Tuple;
      std::vector<TypeRef> items;
      std::optional<Placement> at;
      TypeRef inner = t;
      if (is(t, TypeKind::Placed)) {
        at = t->placement;
        inner = solver_.head(t->element);
      }
      if (is(inner, TypeKind::Tuple)) {
        items = inner->items;
      } else if (const TypeRef tuple = columns(inner)) {
        items = tuple->items;
      }
      const bool isTuple = is(inner, TypeKind::Tuple) || columns(inner) != nullptr;
      if (!isError(t) && (!isTuple || items.size() != elements.size())) {
        Diagnostic d(Code::PatternMismatch, p.span, "");
        d.message =
            isTuple ? fmt::format("the pattern has {} parts, the value {}", elements.size(), items.size()) : fmt::format("`{}` is no tuple", show(t));
        d.primaryLabel = fmt::format("takes apart `{}`", show(t));
        if (!isTuple && is(inner, TypeKind::Struct)) {
          d.notes.emplace_back(
              "one value takes one name, and its fields are read as in `x.field`; a function gives several values by ending in `(a, b)`");
        }
        if (is(inner, TypeKind::Hole)) d.message = "the type of the value must be known to take it apart";
        if (leadingAxis(inner) && is(inner, TypeKind::Tensor)) {
          const Span s = p.span;
          std::string text(program_.sources.text(s));
          if (text.size() >= 2 && text.front() == '(' && text.back() == ')')
            d.fix = Fix::replace(s, "[" + text.substr(1, text.size() - 2) + "]", "the elements of an array are taken apart in brackets");
        }
        report(std::move(d));
        items.clear();
      }
      for (std::size_t i = 0; i < elements.size(); ++i) {
        TypeRef item = i < items.size() ? items[i] : errorType();
        if (at) item = placedType(solver_.head(item), *at);
        ExprPtr part;
        if (definition && definition->kind == ExprKind::Tuple && definition->operands.size() == elements.size()) part = definition->operands[i];
        out.items.push_back(bindPattern(*elements[i], item, scope, isVar, part));
      }
      return out;
    }
    case ast::PatternKind::Array: {
      const auto& elements = ast::as<ast::ArrayPattern>(p).elements;
      out.kind = Pattern::Kind::Array;
      std::optional<Placement> at;
      TypeRef inner = t;
      if (is(t, TypeKind::Placed)) {
        at = t->placement;
        inner = solver_.head(t->element);
      }
      TypeRef element = errorType();
      const auto axis = is(inner, TypeKind::Range) ? std::nullopt : leadingAxis(inner);
      const auto n = static_cast<std::int64_t>(elements.size());
      if (!axis) {
        if (!isError(t)) {
          Diagnostic d(Code::PatternMismatch, p.span, fmt::format("`{}` is no array", show(t)));
          d.primaryLabel = "taken apart as one";
          std::string text(program_.sources.text(p.span));
          if (is(inner, TypeKind::Tuple) && text.size() >= 2 && text.front() == '[')
            d.fix = Fix::replace(p.span, "(" + text.substr(1, text.size() - 2) + ")", "a tuple is taken apart in parentheses");
          report(std::move(d));
        }
      } else {
        element = axis->element;
        solver_.blame(p.span);
        if (!solver_.unifyDims(axis->extent, Dim(n))) {
          report(Diagnostic(Code::PatternMismatch, p.span, fmt::format("the pattern has {} parts, the array {}", n, show(axis->extent)))
                     .at(fmt::format("takes apart `{}`", show(t))));
        }
      }
      if (at) element = placedType(solver_.head(element), *at);
      for (const ast::PatternPtr& e : elements) out.items.push_back(bindPattern(*e, element, scope, isVar));
      return out;
    }
  }
  return out;
}

}  // namespace fedc::check
