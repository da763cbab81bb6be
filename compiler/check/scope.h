#pragma once

#include <memory>
#include <string>

#include "compiler/check/typed.h"
#include "compiler/support/unchain.h"

namespace fedc::check {

struct ModuleInfo;
struct Scope;
using ScopeRef = std::shared_ptr<const Scope>;

/// What a name means at a place: an immutable chain, so that a lambda keeps the names of where it was written. The root knows the module.
struct Scope {
  enum class Kind {
    /// The end of the chain: the module's own names come next.
    Module,
    /// A local value.
    Value,
    /// A type parameter.
    Type,
    /// A dimension: an i32 value and a size.
    Dimension,
    /// A lambda begins: what is beyond is captured.
    Lambda,
  };
  Kind kind = Kind::Module;
  ScopeRef parent;
  std::string name;
  const ModuleInfo* module = nullptr;
  LocalRef local;
  TypeRef type;
  Dim dim;
  ~Scope() { unchain(parent, &Scope::parent); }
};

inline ScopeRef moduleScope(const ModuleInfo* module) {
  auto s = std::make_shared<Scope>();
  s->module = module;
  return s;
}

inline ScopeRef lambdaScope(ScopeRef parent) {
  auto s = std::make_shared<Scope>();
  s->kind = Scope::Kind::Lambda;
  s->module = parent->module;
  s->parent = std::move(parent);
  return s;
}

inline ScopeRef bindValue(ScopeRef parent, const LocalRef& local) {
  auto s = std::make_shared<Scope>();
  s->kind = Scope::Kind::Value;
  s->module = parent->module;
  s->parent = std::move(parent);
  s->name = local->name;
  s->local = local;
  return s;
}

inline ScopeRef bindType(ScopeRef parent, std::string name, TypeRef type) {
  auto s = std::make_shared<Scope>();
  s->kind = Scope::Kind::Type;
  s->module = parent->module;
  s->parent = std::move(parent);
  s->name = std::move(name);
  s->type = std::move(type);
  return s;
}

inline ScopeRef bindDim(ScopeRef parent, std::string name, Dim dim) {
  auto s = std::make_shared<Scope>();
  s->kind = Scope::Kind::Dimension;
  s->module = parent->module;
  s->parent = std::move(parent);
  s->name = std::move(name);
  s->dim = std::move(dim);
  return s;
}

}  // namespace fedc::check
