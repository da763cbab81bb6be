#include "compiler/check/program.h"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "compiler/check/body.h"
#include "compiler/check/keys.h"
#include "compiler/check/typed_walk.h"

namespace fedc::check {

ProgramChecker::ProgramChecker(SourceManager& s, const ModuleLoader& load, const CheckOptions& options, DiagnosticSink& k)
    : sources(s), sink(k), modules(s, load, k), options_(options) {
  out.dims.push_back({"?", std::nullopt, std::nullopt});
}

Dim::Variable ProgramChecker::newDim(std::string name, std::optional<std::int64_t> bound, std::optional<std::uint32_t> local) {
  out.dims.push_back({std::move(name), bound, local});
  return static_cast<Dim::Variable>(out.dims.size() - 1);
}

std::shared_ptr<Local> ProgramChecker::newLocal(std::string name, TypeRef type, Span span, bool isVar) {
  auto l = std::make_shared<Local>();
  l->id = nextLocal_++;
  l->name = std::move(name);
  l->type = std::move(type);
  l->span = span;
  l->isVar = isVar;
  return l;
}

std::uint32_t ProgramChecker::newOpenFunction(OpenFunction f) {
  const std::uint32_t id = nextOpen_++;
  openFunctions.emplace(id, std::move(f));
  return id;
}

const ast::NameExpr* ProgramChecker::nameExpr(const ast::Name& name) {
  names_.push_back(std::make_unique<ast::NameExpr>(name.span));
  names_.back()->name = name.text;
  return names_.back().get();
}

TypeRef ProgramChecker::newParameter(const std::string& name, std::set<std::string> bounds) {
  Type t;
  t.kind = TypeKind::Parameter;
  t.id = nextParameter_++;
  t.shown = name;
  parameters[t.id] = {name, std::move(bounds)};
  return std::make_shared<const Type>(std::move(t));
}

std::string ProgramChecker::print(const Dim& d) const {
  return d.print([&](Dim::Variable v) {
    if ((v & kDimHoleBit) != 0 || v >= out.dims.size()) return std::string("_");
    return out.dims[v].name;
  });
}

std::optional<std::int64_t> ProgramChecker::bound(const Dim& d) const {
  return d.upperBound([&](Dim::Variable v) -> std::optional<std::int64_t> {
    if ((v & kDimHoleBit) != 0 || v >= out.dims.size()) return std::nullopt;
    return out.dims[v].bound;
  });
}

bool ProgramChecker::noteUse(const std::string& user, const std::string& used, Span at) {
  std::vector<Use>& uses = uses_[user];
  const bool isNew = std::none_of(uses.begin(), uses.end(), [&](const Use& u) { return u.used == used; });
  if (isNew) uses.push_back({used, at});
  if (recursive_.count(used) != 0) return false;
  if (!isNew) return true;
  // A way back from `used` to `user` closes a circle.
  std::vector<std::pair<std::string, Span>> path;
  std::set<std::string> seen;
  const std::function<bool(const std::string&)> search = [&](const std::string& from) {
    if (from == user) return true;
    if (!seen.insert(from).second) return false;
    for (const Use& u : uses_[from]) {
      path.emplace_back(u.used, u.at);
      if (search(u.used)) return true;
      path.pop_back();
    }
    return false;
  };
  if (!search(used)) return true;
  recursive_.insert(user);
  recursive_.insert(used);
  std::string chain = fmt::format("`{}` needs `{}`", user, used);
  Diagnostic d(Code::Recursion, at, used == user ? fmt::format("`{}` calls itself", user) : fmt::format("`{}` and `{}` call each other", user, used));
  d.primaryLabel = fmt::format("`{}` needs `{}` here", user, used);
  for (const auto& [name, span] : path) {
    chain += fmt::format(", which needs `{}`", name);
    d.labels.push_back({span, fmt::format("which needs `{}` here", name)});
    recursive_.insert(name);
  }
  if (!path.empty()) d.notes.push_back(chain);
  d.notes.push_back("there is no recursion: every program ends; write a `for`");
  sink.report(std::move(d));
  return false;
}

std::shared_ptr<const FnInstance> ProgramChecker::instantiate(const FnDecl& fn, InstanceArgs args, Span neededAt, const std::string& user) {
  if (!noteUse(user, fn.qualified, neededAt)) return nullptr;
  instantiated_.insert(&fn);
  // Run-time sizes get names of their own, by first occurrence, so that calls that differ in them only share one instance.
  std::vector<std::pair<Dim, Dim>> renamed;
  std::string key = fn.qualified;
  std::vector<Dim::Variable> made;
  const auto canonical = [&](const Dim& d, const std::string& name) -> Dim {
    if (d.constant()) return d;
    if (const auto v = d.asVariable(); v && out.dims[*v].name == "?") return Dim::variable(kUnknownDim);
    for (const auto& [from, to] : renamed)
      if (from == d) return to;
    const auto limit = bound(d);
    key += fmt::format("|{}", limit ? std::to_string(*limit) : "");
    const Dim::Variable v = newDim(name, limit);
    made.push_back(v);
    renamed.emplace_back(d, Dim::variable(v));
    return Dim::variable(v);
  };
  const std::size_t firstDim = out.dims.size();
  for (TypeRef& t : args.types) {
    int n = 0;
    t = mapDims(t, [&](const Dim& d) { return canonical(d, fmt::format("?{}", n++)); });
  }
  for (std::size_t i = 0; i < args.dims.size(); ++i) args.dims[i] = canonical(args.dims[i], fn.dims[i].text);
  for (std::size_t i = 0; i < args.values.size(); ++i)
    if (args.values[i]) args.values[i] = canonical(*args.values[i], fn.item->signature.parameters[i].name.text);
  const auto dimKey = [&](const Dim& d) {
    return d.print([&](Dim::Variable v) { return v == kUnknownDim ? std::string("?") : fmt::format("d{}", v - firstDim); });
  };
  for (const TypeRef& t : args.types) {
    // The variables are fresh: count them from the first.
    const TypeRef relative = mapDims(t, [&](const Dim& d) {
      return d.substitute([&](Dim::Variable v) -> std::optional<Dim> {
        return v == kUnknownDim ? Dim::variable(0) : Dim::variable(static_cast<Dim::Variable>(v - firstDim + 1));
      });
    });
    key += ";" + typeKey(relative);
  }
  for (const Dim& d : args.dims) key += ";" + dimKey(d);
  for (const auto& v : args.values) key += ";" + (v ? dimKey(*v) : "");
  if (const auto it = instances_.find(key); it != instances_.end()) return it->second;
  auto instance = std::make_shared<FnInstance>();
  instance->name = fn.qualified;
  std::string shown;
  for (const TypeRef& t : args.types) shown += (shown.empty() ? "" : ", ") + print(t);
  for (std::size_t i = 0; i < args.dims.size(); ++i) {
    const std::string d = print(args.dims[i]);
    shown += (shown.empty() ? "" : ", ") + (d == fn.dims[i].text ? d : fn.dims[i].text + " = " + d);
  }
  for (std::size_t i = 0; i < args.values.size(); ++i) {
    if (!fn.isSize[i] || !args.values[i]) continue;
    shown += (shown.empty() ? "" : ", ") + fn.item->signature.parameters[i].name.text + " = " + print(*args.values[i]);
  }
  instance->shown = fn.item->signature.name.text + (shown.empty() ? "" : "<" + shown + ">");
  instance->span = fn.item->signature.span;
  instance->federated = fn.federated;
  instance->dims = made;
  instances_.emplace(key, instance);
  made_.push_back(instance);
  queue_.push_back({&fn, instance, std::move(args), neededAt, false});
  return instance;
}

std::shared_ptr<const GlobalLet> ProgramChecker::global(GlobalDecl& g, Span use, const std::string& user) {
  const bool fine = noteUse(user, "let " + g.name, use);
  if (g.state == GlobalDecl::State::Done) return g.value;
  if (g.state == GlobalDecl::State::Checking) {
    if (fine) sink.report(Diagnostic(Code::Recursion, use, fmt::format("`{}` needs its own value", g.name)).at("needed here"));
    return nullptr;
  }
  g.state = GlobalDecl::State::Checking;
  BodyChecker body(*this, "let " + g.name, false);
  const ExprPtr value = body.checkGlobal(g);
  g.state = GlobalDecl::State::Done;
  if (!value) return nullptr;
  g.value = std::make_shared<GlobalLet>();
  g.value->name = g.name;
  g.value->type = value->type;
  g.value->value = value;
  g.value->span = g.item->span;
  return g.value;
}

void ProgramChecker::drain() {
  while (!queue_.empty()) {
    InstanceRequest request = std::move(queue_.front());
    queue_.pop_front();
    BodyChecker body(*this, request.fn->qualified, request.lenient);
    if (!request.args.types.empty() && !request.lenient) body.setOrigin(request.instance->shown, request.neededAt);
    body.checkInstance(request);
  }
}

void ProgramChecker::checkUnused(ModuleInfo& main) {
  for (const auto& fn : main.functions) {
    if (instantiated_.count(fn.get()) != 0) continue;
    InstanceRequest request;
    request.fn = fn.get();
    request.instance = std::make_shared<FnInstance>();
    for (const ast::TypeParameter& p : fn->item->signature.typeParameters) {
      if (p.isDimension) continue;
      std::set<std::string> bounds;
      for (const ast::Name& b : p.bounds) bounds.insert(b.text);
      request.args.types.push_back(newParameter(p.name.text, std::move(bounds)));
    }
    for (const ast::Name& d : fn->dims) request.args.dims.push_back(Dim::variable(newDim(d.text)));
    for (std::size_t i = 0; i < fn->isSize.size(); ++i) {
      std::optional<Dim> value;
      if (fn->isSize[i]) value = Dim::variable(newDim(fn->item->signature.parameters[i].name.text));
      request.args.values.push_back(value);
    }
    request.neededAt = fn->item->signature.name.span;
    request.lenient = true;
    queue_.push_back(std::move(request));
    drain();
  }
}

void ProgramChecker::checkStructs(ModuleInfo& main) {
  for (const auto& s : main.structs) {
    BodyChecker body(*this, "struct " + s->qualified, true);
    body.checkStruct(*s);
  }
}

void ProgramChecker::checkTests(ModuleInfo& main) {
  for (const ast::ItemPtr& item : main.tree->items) {
    const auto* t = ast::tryAs<ast::TestItem>(item.get());
    if (t == nullptr) continue;
    BodyChecker body(*this, "test " + t->name, false);
    TestCase test;
    test.name = t->name;
    test.span = t->span;
    test.body = body.checkTest(*t, &main);
    out.tests.push_back(std::move(test));
  }
}

void ProgramChecker::orderInstances() {
  std::set<const FnInstance*> done;
  std::set<const Expr*> seen;
  std::map<const FnInstance*, std::shared_ptr<const FnInstance>> owners;
  for (const auto& i : made_) owners[i.get()] = i;
  std::function<void(const Expr&)> walk;
  const auto visit = [&](const FnInstance* i) {
    if (!done.insert(i).second) return;
    if (i->body) walk(*i->body);
    if (const auto it = owners.find(i); it != owners.end()) out.instances.push_back(it->second);
  };
  walk = [&](const Expr& e) {
    if (!seen.insert(&e).second) return;
    if (e.instance) visit(e.instance.get());
    if (e.global && e.global->value) walk(*e.global->value);
    forEachChild(e, walk);
  };
  for (const auto& i : made_) visit(i.get());
}

std::optional<TypedProgram> ProgramChecker::run(FileId file) {
  ModuleInfo* main = modules.loadMain(file);
  if (modules.hasSyntaxErrors()) return std::nullopt;
  declareParams(*main);
  declareRun(*main);
  rejectForeignItems();
  checkStructs(*main);
  for (const auto& fn : main->functions) {
    const bool plain = fn->item->signature.typeParameters.empty() && fn->dims.empty() &&
                       std::none_of(fn->isSize.begin(), fn->isSize.end(), [](bool b) { return b; });
    const bool isMain = fn->item->signature.name.text == "main";
    bool generic = false;
    for (const ast::TypeParameter& p : fn->item->signature.typeParameters) generic = generic || !p.isDimension;
    if (!plain && (!isMain || generic)) continue;
    InstanceArgs args;
    for (const ast::Name& d : fn->dims) args.dims.push_back(Dim::variable(newDim(d.text)));
    args.values.resize(fn->isSize.size());
    for (std::size_t i = 0; i < fn->isSize.size(); ++i)
      if (fn->isSize[i]) args.values[i] = Dim::variable(newDim(fn->item->signature.parameters[i].name.text));
    const auto instance = instantiate(*fn, std::move(args), fn->item->signature.name.span, "");
    if (isMain) out.main = instance;
    if (isMain && generic) continue;
  }
  for (const auto& g : main->globals) global(*g, g->item->span, "");
  checkTests(*main);
  drain();
  checkUnused(*main);
  findEntry(*main);
  if (sink.hasErrors()) return std::nullopt;
  orderInstances();
  checkKeys(out, sink);
  if (sink.hasErrors()) return std::nullopt;
  return std::move(out);
}

std::optional<TypedProgram> check(SourceManager& sources, std::uint32_t file, const ModuleLoader& load, const CheckOptions& options,
                                  DiagnosticSink& sink) {
  ProgramChecker program(sources, load, options, sink);
  return program.run(file);
}

}  // namespace fedc::check
