#include "compiler/check/program.h"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "compiler/check/body.h"
#include "compiler/check/keys.h"
#include "compiler/check/typed_walk.h"
#include "compiler/support/limits.h"

namespace fedc::check {

ProgramChecker::ProgramChecker(SourceManager& s, const ModuleLoader& load, const CheckOptions& options, DiagnosticSink& k)
    : sources(s), sink(k), modules(s, load, options.parsed, k), options_(options) {
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

void ProgramChecker::spellOut(Fix& fix) const {
  for (Edit& edit : fix.edits) {
    if (edit.replacement.empty()) continue;
    const auto begins = [&](const auto& name) { return name->span.file == edit.span.file && name->span.begin == edit.span.begin; };
    const auto name = std::find_if(names_.begin(), names_.end(), begins);
    if (name != names_.end()) edit.replacement.insert(0, (*name)->name + ": ");
  }
}

TypeRef ProgramChecker::newParameter(const std::string& name, std::set<std::string> bounds) {
  Type t;
  t.kind = TypeKind::Parameter;
  t.id = nextParameter_++;
  t.shown = name;
  parameters[t.id] = {name, std::move(bounds)};
  return makeType(std::move(t));
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

std::size_t ProgramChecker::userNamed(const std::string& name) {
  const auto [at, isNew] = userNumbers_.try_emplace(name, users_.size());
  if (isNew) users_.push_back({name, {}, {}, 0});
  return at->second;
}

/// Makes everybody's chain longer than that of what it needs, now that `user` needs `used`. False if that closes a circle; nothing has changed then.
bool ProgramChecker::lengthenChains(std::size_t user, std::size_t used) {
  std::vector<std::pair<std::size_t, int>> undo;
  std::vector<std::size_t> waiting;
  const auto lengthen = [&](std::size_t at, int least) {
    if (users_[at].chain >= least) return;
    undo.emplace_back(at, users_[at].chain);
    users_[at].chain = least;
    waiting.push_back(at);
  };
  bool circle = user == used;
  if (!circle) lengthen(user, users_[used].chain + 1);
  while (!waiting.empty() && !circle) {
    const std::size_t at = waiting.back();
    waiting.pop_back();
    circle = at == used;
    if (users_[at].chain > kMaxCallChain) {
      throw Overgrown{
          fmt::format("`{}` needs a function that needs another, and so on, more than {} one behind the other", users_[used].name, kMaxCallChain)};
    }
    for (const std::size_t by : users_[at].usedBy) lengthen(by, users_[at].chain + 1);
  }
  if (!circle) return true;
  while (!undo.empty()) {
    users_[undo.back().first].chain = undo.back().second;
    undo.pop_back();
  }
  return false;
}

bool ProgramChecker::noteUse(const std::string& user, const std::string& used, Span at) {
  const std::size_t from = userNamed(user), to = userNamed(used);
  if (recursive_.count(to) != 0) return false;
  if (!users_[from].known.insert(to).second) return true;
  here = at;
  if (lengthenChains(from, to)) {
    users_[from].uses.push_back({to, at});
    users_[to].usedBy.push_back(from);
    return true;
  }
  // The way back from `used` to `user`, for the message.
  std::vector<Use> path;
  std::set<std::size_t> seen;
  const std::function<bool(std::size_t)> search = [&](std::size_t here) {
    if (here == from) return true;
    if (!seen.insert(here).second) return false;
    for (const Use& u : users_[here].uses) {
      path.push_back(u);
      if (search(u.used)) return true;
      path.pop_back();
    }
    return false;
  };
  search(to);
  recursive_.insert({from, to});
  std::string chain = fmt::format("`{}` needs `{}`", user, used);
  Diagnostic d(Code::Recursion, at, used == user ? fmt::format("`{}` calls itself", user) : fmt::format("`{}` and `{}` call each other", user, used));
  d.primaryLabel = fmt::format("`{}` needs `{}` here", user, used);
  for (const Use& u : path) {
    const std::string& name = users_[u.used].name;
    chain += fmt::format(", which needs `{}`", name);
    d.labels.push_back({u.at, fmt::format("which needs `{}` here", name)});
    recursive_.insert(u.used);
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
  if (!args.types.empty() && ++genericInstances_ > kMaxGenericInstances)
    throw Overgrown{fmt::format("generic functions are needed for more than {} different types", kMaxGenericInstances)};
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
    // A derivative may need its function, which does not need it.
    BodyChecker body(*this, (request.fn->nativeItem != nullptr ? "derivative of " : "") + request.fn->qualified, request.lenient);
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

void ProgramChecker::declareNatives() {
  for (const auto& m : modules.all()) {
    for (const auto& fn : m->functions) {
      if (fn->nativeItem == nullptr) continue;
      BodyChecker body(*this, fn->qualified, false);
      fn->native = body.checkNative(*fn);
      if (fn->native) out.natives.push_back(fn->native);
    }
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
  std::map<const FnInstance*, std::shared_ptr<const FnInstance>> owners;
  for (const auto& i : made_) owners[i.get()] = i;
  // What a body mentions, module-level values followed into; bodies share expressions.
  const auto mentioned = [](const Expr& body) {
    std::vector<const FnInstance*> found;
    std::set<const Expr*> seen;
    std::vector<const Expr*> waiting = {&body};
    while (!waiting.empty()) {
      const Expr& e = *waiting.back();
      waiting.pop_back();
      if (!seen.insert(&e).second) continue;
      if (e.instance) found.push_back(e.instance.get());
      if (e.global && e.global->value) waiting.push_back(e.global->value.get());
      const std::size_t first = waiting.size();
      forEachChild(e, [&](const Expr& child) { waiting.push_back(&child); });
      std::reverse(waiting.begin() + static_cast<std::ptrdiff_t>(first), waiting.end());
    }
    return found;
  };
  // As deep as calls are (kMaxCallChain).
  std::set<const FnInstance*> done;
  const std::function<void(const FnInstance*)> visit = [&](const FnInstance* i) {
    if (!done.insert(i).second) return;
    for (const ExprPtr& body : {i->body, i->derivative ? i->derivative->body : nullptr}) {
      if (!body) continue;
      for (const FnInstance* inner : mentioned(*body)) visit(inner);
    }
    if (const auto it = owners.find(i); it != owners.end()) out.instances.push_back(it->second);
  };
  for (const auto& i : made_) visit(i.get());
}

std::optional<TypedProgram> ProgramChecker::run(FileId file) {
  ModuleInfo* main = modules.loadMain(file);
  if (modules.hasSyntaxErrors()) return std::nullopt;
  declareParams(*main);
  declareRun(*main);
  declareBudget(*main);
  declarePolicies(*main);
  rejectForeignItems();
  declareNatives();
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
  try {
    return program.run(file);
  } catch (const Overgrown& limit) {
    Diagnostic d(Code::ProgramTooLarge, program.here, limit.what);
    d.primaryLabel = "met here";
    d.notes.emplace_back("docs/language.md lists the limits");
    sink.report(std::move(d));
    return std::nullopt;
  }
}

}  // namespace fedc::check
