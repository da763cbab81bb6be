#include "compiler/check/modules.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "compiler/check/types.h"
#include "compiler/support/limits.h"
#include "compiler/support/plural.h"
#include "compiler/support/suggest.h"
#include "compiler/syntax/parse.h"

namespace fedc::check {

namespace {

std::string joinPath(const std::vector<ast::Name>& path) {
  std::string s;
  for (const ast::Name& n : path) s += (s.empty() ? "" : ".") + n.text;
  return s;
}

bool isLower(const std::string& s) { return !s.empty() && ((s[0] >= 'a' && s[0] <= 'z') || s[0] == '_'); }

/// Calls `f` for every name that is written as a size in the type.
void forEachSizeName(const ast::Expr& e, const std::function<void(const ast::NameExpr&)>& f) {
  if (const auto* n = ast::tryAs<ast::NameExpr>(&e)) {
    if (isLower(n->name)) f(*n);
  } else if (const auto* b = ast::tryAs<ast::BinaryExpr>(&e)) {
    forEachSizeName(*b->left, f);
    forEachSizeName(*b->right, f);
  } else if (const auto* u = ast::tryAs<ast::UnaryExpr>(&e)) {
    forEachSizeName(*u->operand, f);
  } else if (const auto* c = ast::tryAs<ast::CallExpr>(&e)) {
    for (const ast::Argument& a : c->arguments) forEachSizeName(*a.value, f);
  }
}

void forEachSizeName(const ast::TypeExpr& t, const std::function<void(const ast::NameExpr&)>& f) {
  switch (t.kind) {
    case ast::TypeKind::Scalar: break;
    case ast::TypeKind::Named:
      for (const ast::TypeArgument& a : ast::as<ast::NamedType>(t).arguments) {
        if (a.type) forEachSizeName(*a.type, f);
        if (a.dimension) forEachSizeName(*a.dimension, f);
      }
      break;
    case ast::TypeKind::Tuple:
      for (const ast::TypePtr& e : ast::as<ast::TupleType>(t).elements) forEachSizeName(*e, f);
      break;
    case ast::TypeKind::Array: {
      const auto& a = ast::as<ast::ArrayType>(t);
      forEachSizeName(*a.element, f);
      for (const ast::Dimension& d : a.dimensions)
        if (d.value) forEachSizeName(*d.value, f);
      break;
    }
    case ast::TypeKind::Sequence: forEachSizeName(*ast::as<ast::SequenceType>(t).element, f); break;
    case ast::TypeKind::Function: {
      const auto& fn = ast::as<ast::FunctionType>(t);
      for (const ast::TypePtr& p : fn.parameters) forEachSizeName(*p, f);
      forEachSizeName(*fn.result, f);
      break;
    }
    case ast::TypeKind::Placed: forEachSizeName(*ast::as<ast::PlacedType>(t).inner, f); break;
    case ast::TypeKind::PerClient: forEachSizeName(*ast::as<ast::PerClientType>(t).inner, f); break;
  }
}

/// A placed type that is a value's, not a function's.
bool isPlaced(const ast::TypeExpr& t) {
  if (t.kind == ast::TypeKind::Placed || t.kind == ast::TypeKind::PerClient) return true;
  if (const auto* tuple = ast::tryAs<ast::TupleType>(&t))
    return std::any_of(tuple->elements.begin(), tuple->elements.end(), [](const ast::TypePtr& e) { return isPlaced(*e); });
  return false;
}

}  // namespace

ModuleInfo* ModuleTable::loadMain(FileId file) {
  if (const auto prelude = load_("prelude", file)) prelude_ = loadFile("prelude", *prelude, true);
  main_ = loadFile("", file, false);
  return main_;
}

ModuleInfo* ModuleTable::loadFile(const std::string& name, FileId file, bool isPrelude) {
  const std::string& path = sources_.file(file).path();
  for (const auto& m : modules_)
    if (sources_.file(m->file).path() == path) return m.get();
  auto owned = std::make_unique<ModuleInfo>();
  ModuleInfo* m = owned.get();
  m->name = name;
  m->file = file;
  m->isPrelude = isPrelude;
  const std::size_t before = sink_.errorCount();
  const auto parsed = parsed_.find(file);
  m->tree = parsed != parsed_.end() ? parsed->second : syntax::parse(sources_.file(file), sink_);
  syntaxErrors_ = syntaxErrors_ || sink_.errorCount() != before;
  modules_.push_back(std::move(owned));
  loading_.emplace_back(file, name);
  declare(*m);
  declareDerivatives(*m);
  resolveUses(*m, isPrelude);
  loading_.pop_back();
  for (const auto& fn : m->functions) quantify(*fn);
  return m;
}

void ModuleTable::declare(ModuleInfo& m) {
  const auto qualified = [&](const std::string& name) { return m.name.empty() ? name : m.name + "." + name; };
  const auto add = [&](const ast::Name& name, ItemRef item) {
    item.span = name.span;
    const auto [it, isNew] = m.own.emplace(name.text, item);
    if (!isNew) {
      sink_.report(Diagnostic(Code::DuplicateName, name.span, fmt::format("`{}` is declared twice in this file", name.text))
                       .at("again here")
                       .label(it->second.span, "first declared here"));
    }
  };
  const auto bounds = [&](const std::vector<ast::TypeParameter>& parameters) {
    static const std::vector<std::string> kBounds{"vector", "num", "ord", "tensor", "placed"};
    for (const ast::TypeParameter& p : parameters) {
      for (const ast::Name& b : p.bounds) {
        if (std::find(kBounds.begin(), kBounds.end(), b.text) != kBounds.end()) continue;
        Diagnostic d(Code::UnknownBound, b.span, fmt::format("there is no bound `{}`", b.text));
        d.primaryLabel = "not a bound";
        if (const auto near = suggest(b.text, kBounds)) d.fix = Fix::replace(b.span, *near, "a similar bound exists");
        d.notes.push_back("the bounds are `vector`, `num`, `ord`, `tensor` and `placed`");
        sink_.report(std::move(d));
      }
    }
  };
  const auto once = [&](const auto& list, const char* what) {
    std::map<std::string, Span> seen;
    for (const auto& one : list) {
      const auto [first, isNew] = seen.emplace(one.name.text, one.name.span);
      if (isNew || one.name.text == "_") continue;
      sink_.report(Diagnostic(Code::DuplicateName, one.name.span, fmt::format("there are two {} `{}`", what, one.name.text))
                       .at("again here")
                       .label(first->second, "the first"));
    }
  };
  const auto signature = [&](const ast::Signature& s) {
    bounds(s.typeParameters);
    once(s.typeParameters, "type parameters");
    once(s.parameters, "parameters");
  };
  for (const ast::ItemPtr& item : m.tree->items) {
    if (const auto* s = ast::tryAs<ast::StructItem>(item.get())) {
      bounds(s->parameters);
      once(s->parameters, "parameters");
      once(s->fields, "fields");
    }
    if (const auto* f = ast::tryAs<ast::FunctionItem>(item.get())) signature(f->signature);
    if (const auto* n = ast::tryAs<ast::NativeItem>(item.get())) signature(n->function.signature);
    ItemRef ref;
    if (const auto* s = ast::tryAs<ast::StructItem>(item.get())) {
      auto d = std::make_unique<StructDecl>();
      d->module = &m;
      d->item = s;
      d->qualified = qualified(s->name.text);
      // Of two with one name only the first is there, as in `own`.
      const auto [first, isNew] = structs_.emplace(d->qualified, d.get());
      ref.kind = ItemRef::Kind::Struct;
      ref.structDecl = first->second;
      if (isNew) m.structs.push_back(std::move(d));
      add(s->name, ref);
    } else if (const auto* f = ast::tryAs<ast::FunctionItem>(item.get())) {
      auto d = std::make_unique<FnDecl>();
      d->module = &m;
      d->item = f;
      d->qualified = qualified(f->signature.name.text);
      ref.kind = ItemRef::Kind::Function;
      ref.fn = d.get();
      m.functions.push_back(std::move(d));
      add(f->signature.name, ref);
    } else if (const auto* n = ast::tryAs<ast::NativeItem>(item.get())) {
      auto d = std::make_unique<FnDecl>();
      d->module = &m;
      d->item = &n->function;
      d->nativeItem = n;
      d->qualified = qualified(n->function.signature.name.text);
      ref.kind = ItemRef::Kind::Function;
      ref.fn = d.get();
      m.functions.push_back(std::move(d));
      add(n->function.signature.name, ref);
    } else if (const auto* l = ast::tryAs<ast::LetItem>(item.get())) {
      const auto* name = ast::tryAs<ast::NamePattern>(l->pattern.get());
      if (name == nullptr) {
        sink_.report(Diagnostic(Code::NotYet, l->pattern->span, "a `let` at the top of a file with a pattern is not supported yet")
                         .at("give it a name, and take it apart where it is used"));
        continue;
      }
      auto d = std::make_unique<GlobalDecl>();
      d->module = &m;
      d->item = l;
      d->name = qualified(name->name.text);
      ref.kind = ItemRef::Kind::Global;
      ref.global = d.get();
      m.globals.push_back(std::move(d));
      add(name->name, ref);
    } else if (const auto* p = ast::tryAs<ast::ParamItem>(item.get())) {
      auto d = std::make_unique<ParamDecl>();
      d->module = &m;
      d->item = p;
      ref.kind = ItemRef::Kind::Param;
      ref.param = d.get();
      m.params.push_back(std::move(d));
      add(p->name, ref);
    }
  }
}

void ModuleTable::declareDerivatives(ModuleInfo& m) {
  for (const ast::ItemPtr& item : m.tree->items) {
    const auto* derivative = ast::tryAs<ast::DerivativeItem>(item.get());
    if (derivative == nullptr) continue;
    const ast::Name& name = derivative->function;
    const auto wrong = [&](const std::string& message, const char* label) { return Diagnostic(Code::BadDerivative, name.span, message).at(label); };
    const auto found = m.own.find(name.text);
    FnDecl* fn = found != m.own.end() && found->second.kind == ItemRef::Kind::Function ? found->second.fn : nullptr;
    if (fn == nullptr) {
      Diagnostic d = wrong(fmt::format("this file declares no function `{}`", name.text), "not declared here");
      std::vector<std::string> natives;
      for (const auto& other : m.functions)
        if (other->nativeItem != nullptr) natives.push_back(other->item->signature.name.text);
      if (const auto near = suggest(name.text, natives)) d.fix = Fix::replace(name.span, *near, "a similar native function exists");
      sink_.report(std::move(d));
    } else if (fn->nativeItem == nullptr) {
      sink_.report(wrong(fmt::format("`{}` is no native function: its derivative follows from its body", name.text), "needs no derivative")
                       .label(fn->item->signature.name.span, "declared here"));
    } else if (fn->derivative != nullptr) {
      sink_.report(wrong(fmt::format("`{}` has two derivatives", name.text), "again here").label(fn->derivative->function.span, "the first one"));
    } else if (derivative->parameters.size() != fn->item->signature.parameters.size()) {
      sink_.report(wrong(fmt::format("`{}` has {}, its derivative {}", name.text, plural(fn->item->signature.parameters.size(), "parameter"),
                                     derivative->parameters.size()),
                         "the same parameters are wanted")
                       .label(fn->item->signature.name.span, "declared here"));
    } else {
      fn->derivative = derivative;
    }
  }
}

ModuleInfo* ModuleTable::use(ModuleInfo& from, const ast::UseItem& item, bool isPrelude) {
  const std::string name = joinPath(item.path);
  const Span span = join(item.path.front().span, item.path.back().span);
  const auto file = load_(name, from.file);
  if (!file) {
    sink_.report(Diagnostic(Code::UnknownModule, span, fmt::format("there is no module `{}`", name))
                     .at("not found")
                     .note("looked beside this file, on the include path and in the standard library"));
    return nullptr;
  }
  const std::string& path = sources_.file(*file).path();
  for (std::size_t i = 0; i < loading_.size(); ++i) {
    if (sources_.file(loading_[i].first).path() != path) continue;
    std::string chain;
    for (std::size_t j = i; j < loading_.size(); ++j)
      chain += fmt::format("`{}` uses ", loading_[j].second.empty() ? sources_.file(loading_[j].first).path() : loading_[j].second);
    sink_.report(Diagnostic(Code::ImportCycle, span, fmt::format("`{}` uses itself", name))
                     .at("this closes the circle")
                     .note(chain + fmt::format("`{}`", name)));
    return nullptr;
  }
  if (loading_.size() > static_cast<std::size_t>(kMaxCallChain)) {
    sink_.report(Diagnostic(Code::ProgramTooLarge, span, fmt::format("more than {} modules use each other in a row", kMaxCallChain))
                     .at("this one is too far from the main file")
                     .note("docs/language.md lists the limits"));
    return nullptr;
  }
  return loadFile(name, *file, isPrelude);
}

void ModuleTable::resolveUses(ModuleInfo& m, bool isPrelude) {
  for (const ast::ItemPtr& item : m.tree->items) {
    const auto* u = ast::tryAs<ast::UseItem>(item.get());
    if (u == nullptr) continue;
    ModuleInfo* target = use(m, *u, isPrelude);
    if (!u->names) {
      ItemRef ref;
      ref.kind = ItemRef::Kind::Module;
      ref.module = target;
      ref.span = u->path.back().span;
      if (target == nullptr) ref.kind = ItemRef::Kind::Broken;
      m.imported[u->path.back().text] = ref;
      continue;
    }
    ItemRef broken;
    broken.kind = ItemRef::Kind::Broken;
    if (target == nullptr) {
      for (const ast::Name& n : *u->names) m.imported[n.text] = broken;
      continue;
    }
    for (const ast::Name& n : *u->names) {
      m.imported[n.text] = member(*target, n);
    }
  }
}

void ModuleTable::quantify(FnDecl& fn) const {
  const ast::Signature& s = fn.item->signature;
  fn.isSize.assign(s.parameters.size(), false);
  for (const ast::TypeParameter& p : s.typeParameters)
    if (p.isDimension) fn.dims.push_back(p.name);
  const auto visit = [&](const ast::NameExpr& n) {
    for (const ast::Name& d : fn.dims)
      if (d.text == n.name) return;
    for (std::size_t i = 0; i < s.parameters.size(); ++i) {
      const auto* scalar = ast::tryAs<ast::ScalarType>(s.parameters[i].type.get());
      if (s.parameters[i].name.text == n.name && scalar != nullptr && scalar->scalar == ast::Scalar::I32) {
        fn.isSize[i] = true;
        return;
      }
    }
    for (const ast::Parameter& p : s.parameters) {
      if (p.name.text != n.name || !p.type) continue;
      sink_.report(Diagnostic(Code::TypeMismatch, n.span, fmt::format("a size is an `i32`, `{}` is an argument of another type", n.name))
                       .at("no size")
                       .label(p.type->span, fmt::format("`{}` is `{}`", n.name, sources_.text(p.type->span)))
                       .note("a size of an argument gets a name where the argument's type is written, as in `x: f32[n]`"));
      break;
    }
    const ItemRef item = lookup(fn.module, n.name);
    if (item.kind == ItemRef::Kind::Param || item.kind == ItemRef::Kind::Global) return;
    fn.dims.push_back({n.name, n.span});
  };
  for (const ast::Parameter& p : s.parameters) {
    if (!p.type) continue;
    forEachSizeName(*p.type, visit);
    fn.federated = fn.federated || isPlaced(*p.type);
  }
  if (s.result) {
    forEachSizeName(*s.result, visit);
    fn.federated = fn.federated || isPlaced(*s.result);
  }
}

ItemRef ModuleTable::lookupIn(const ModuleInfo* module, const std::string& name) const {
  if (const auto it = module->own.find(name); it != module->own.end()) return it->second;
  if (const auto it = module->imported.find(name); it != module->imported.end() && it->second.kind != ItemRef::Kind::Module) return it->second;
  return {};
}

ItemRef ModuleTable::member(const ModuleInfo& module, const ast::Name& name) const {
  const ItemRef found = lookupIn(&module, name.text);
  ItemRef broken;
  broken.kind = ItemRef::Kind::Broken;
  if (found.kind == ItemRef::Kind::None) {
    std::vector<std::string> names;
    for (const auto* table : {&module.own, &module.imported})
      for (const auto& [key, value] : *table)
        if (key[0] != '_' && value.kind != ItemRef::Kind::Module) names.push_back(key);
    Diagnostic d(Code::UnknownImport, name.span, fmt::format("module `{}` has no `{}`", module.name, name.text));
    d.primaryLabel = "not declared there";
    if (const auto near = suggest(name.text, names)) d.fix = Fix::replace(name.span, *near, "a similar name exists");
    sink_.report(std::move(d));
    return broken;
  }
  if (name.text[0] != '_') return found;
  sink_.report(Diagnostic(Code::PrivateName, name.span, fmt::format("`{}` is private to module `{}`", name.text, module.name))
                   .at("a name that begins with `_` is for its own file only")
                   .label(found.span, "declared here"));
  return broken;
}

ItemRef ModuleTable::lookup(const ModuleInfo* from, const std::string& name) const {
  if (const auto it = from->own.find(name); it != from->own.end()) return it->second;
  if (const auto it = from->imported.find(name); it != from->imported.end()) return it->second;
  if (prelude_ != nullptr && !from->isPrelude && !name.empty() && name[0] != '_') {
    if (const ItemRef item = lookupIn(prelude_, name); item.kind != ItemRef::Kind::None) return item;
  }
  return {};
}

ItemRef ModuleTable::lookupFunction(const ModuleInfo* from, const std::string& name) const {
  for (const auto* table : {&from->own, &from->imported}) {
    const auto it = table->find(name);
    if (it != table->end() && it->second.kind == ItemRef::Kind::Function) return it->second;
  }
  if (prelude_ != nullptr && !from->isPrelude) {
    if (const ItemRef item = lookupIn(prelude_, name); item.kind == ItemRef::Kind::Function) return item;
  }
  return {};
}

std::vector<std::string> ModuleTable::visibleNames(const ModuleInfo* from, const std::function<bool(const ItemRef&)>& want) const {
  std::vector<std::string> names;
  // Nobody will see the report that wants them.
  if (sink_.suppressedCount() > 0) return names;
  for (const auto& [name, item] : from->own)
    if (want(item)) names.push_back(name);
  for (const auto& [name, item] : from->imported)
    if (want(item)) names.push_back(name);
  if (prelude_ != nullptr && !from->isPrelude) {
    for (const auto* table : {&prelude_->own, &prelude_->imported})
      for (const auto& [name, item] : *table)
        if (name[0] != '_' && want(item)) names.push_back(name);
  }
  return names;
}

const StructDecl* ModuleTable::findStruct(const std::string& qualified) const {
  const auto it = structs_.find(qualified);
  return it == structs_.end() ? nullptr : it->second;
}

}  // namespace fedc::check
