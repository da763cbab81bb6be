#include "compiler/transform/policy/way.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "compiler/check/typed_walk.h"

namespace fedc::transform::policy {

namespace {

/// Names of a way that are shown; of a longer one its ends.
constexpr std::size_t kMostNames = 8;
constexpr std::size_t kMostLabels = 4;

void namesOf(const check::Pattern& p, std::vector<std::string>& out) {
  if (p.local) out.push_back(p.local->name);
  for (const check::Pattern& item : p.items) namesOf(item, out);
}

void callsOf(const check::Expr& e, std::set<std::string>& out) {
  if (e.instance) out.insert(e.instance->name.substr(e.instance->name.find_last_of('.') + 1));
  if (e.kind == check::ExprKind::Call && !e.operands.empty() && e.operands[0]) {
    const check::Expr* callee = e.operands[0].get();
    while (callee->kind == check::ExprKind::Resolve && callee->operands[0]) callee = callee->operands[0].get();
    if (callee->local) out.insert(callee->local->name);
  }
  check::forEachChild(e, [&](const check::Expr& child) { callsOf(child, out); });
}

/// `federated.federated_mean` is `federated_mean` to its user.
std::string unqualified(const std::string& name) { return name.substr(name.find_last_of('.') + 1); }

}  // namespace

Names::Names(const check::TypedProgram& program) {
  for (const auto& instance : program.instances) {
    if (!instance->body) continue;
    Span data;
    for (const check::Pattern& p : instance->params) {
      const check::TypeRef type = p.local ? p.local->type : p.type;
      if (!type || type->kind != check::TypeKind::Placed || type->element->kind != check::TypeKind::Sequence) continue;
      data = p.local ? p.local->span : p.span;
    }
    functions_.push_back({unqualified(instance->name), instance->body->span, data});
    walk(*instance->body);
  }
  isProcess_ = program.process != nullptr;
  if (program.process && program.process->value) walk(*program.process->value);
}

void Names::add(const check::Stmt& s) {
  std::vector<std::string> names;
  Span at = s.pattern.span;
  if (s.kind == check::Stmt::Kind::Assign) {
    for (const check::Stmt::Target& t : s.targets) {
      if (!t.local) continue;
      names.push_back(t.local->name);
      at = t.span;
    }
  } else {
    namesOf(s.pattern, names);
  }
  if (names.empty() || !s.value) return;
  bindings_.push_back({fmt::format("{}", fmt::join(names, ", ")), at, s.value->span, {}});
  callsOf(*s.value, bindings_.back().calls);
}

const Names::Binding* Names::takes(const std::string& callee, const Function* in) const {
  const Binding* found = nullptr;
  for (const Binding& b : bindings_) {
    if (in == nullptr || !in->body.contains(b.at) || !b.calls.contains(callee)) continue;
    // Instances of a generic function have one source.
    if (found != nullptr && !(found->at == b.at)) return nullptr;
    found = &b;
  }
  return found;
}

void Names::walk(const check::Expr& e) {
  for (const check::Stmt& s : e.stmts) add(s);
  check::forEachChild(e, [&](const check::Expr& child) { walk(child); });
}

template <class T>
const T* Names::innermost(const std::vector<T>& all, Span T::* range, Span place) {
  const T* found = nullptr;
  for (const T& one : all) {
    if ((one.*range).contains(place) && (found == nullptr || (one.*range).size() < (found->*range).size())) found = &one;
  }
  return found;
}

Span Names::dataAround(Span place) const {
  const Function* found = nullptr;
  for (const Function& f : functions_) {
    if (f.data.isValid() && f.body.contains(place) && (found == nullptr || f.body.size() < found->body.size())) found = &f;
  }
  return found == nullptr ? Span{} : found->data;
}

void Names::show(const Way& way, const std::string& what, Diagnostic& diagnostic) const {
  const FileId own = diagnostic.primary.file;
  const Function* end = innermost(functions_, &Function::body, diagnostic.primary);
  std::vector<std::string> shown = {way.start};
  std::vector<Label> labels;
  std::set<std::string> seen;
  Span from = dataAround(diagnostic.primary);
  for (std::size_t i = 0; i < way.steps.size() && !from.isValid(); ++i) from = dataAround(way.steps[i]);
  if (!from.isValid() && !isProcess_) from = way.from;
  if (way.from.isValid() && from.isValid() && from.file == own) labels.push_back({from, "the clients' data comes in here"});
  // What was passed last, by the name under which others call it.
  std::string passed;
  const auto pass = [&](const Binding& binding, const std::string& name) {
    if (!seen.insert(name).second) return;
    shown.push_back(name);
    labels.push_back({binding.at, fmt::format("goes through `{}`", binding.name)});
  };
  const auto bridge = [&](const Function* to) {
    const Binding* binding = takes(passed, to);
    if (binding != nullptr && binding->at.file == own && !binding->value.contains(diagnostic.primary))
      pass(*binding, fmt::format("`{}`", binding->name));
  };
  for (const Span step : way.steps) {
    const Function* function = innermost(functions_, &Function::body, step);
    const Binding* binding = innermost(bindings_, &Binding::value, step);
    // A binding around the whole call says nothing of what goes on in it.
    if (binding != nullptr && (step.file != own || binding->value.contains(diagnostic.primary))) binding = nullptr;
    const bool isElsewhere = function != nullptr && function != end && (end == nullptr || function->name != end->name);
    if (binding == nullptr && !isElsewhere) continue;
    bridge(function != nullptr && function->body.file == own ? function : end);
    passed = isElsewhere ? function->name : binding->name;
    const std::string in = isElsewhere ? fmt::format("`{}`", function->name) : "";
    if (binding != nullptr) {
      pass(*binding, fmt::format("`{}`", binding->name) + (isElsewhere ? " in " + in : ""));
    } else if (seen.insert(in).second) {
      shown.push_back(in);
    }
  }
  bridge(end);
  if (const std::string last = fmt::format("`{}`", what); shown.back() != last) shown.push_back(last);
  if (shown.size() > kMostNames) {
    shown.erase(shown.begin() + kMostNames / 2, shown.end() - static_cast<std::ptrdiff_t>(kMostNames / 2));
    shown.insert(shown.begin() + kMostNames / 2, "…");
  }
  if (labels.size() > kMostLabels) labels.erase(labels.begin() + 2, labels.end() - static_cast<std::ptrdiff_t>(kMostLabels - 2));
  for (Label& label : labels) {
    const bool isTwice = std::any_of(diagnostic.labels.begin(), diagnostic.labels.end(), [&](const Label& l) { return l.span == label.span; });
    if (!isTwice && !(label.span == diagnostic.primary)) diagnostic.labels.push_back(std::move(label));
  }
  diagnostic.notes.push_back(fmt::format("the way of the value: {}", fmt::join(shown, " → ")));
}

}  // namespace fedc::transform::policy
