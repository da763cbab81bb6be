#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compiler/check/typed.h"
#include "compiler/core/ir.h"
#include "compiler/support/unchain.h"

/// What Fed values are while a program is specialised: run-time leaves, and everything that exists at compile time only.
namespace fedc::transform::specialise {

/// The function under construction in which a leaf is computed: where it lives in the federated graph.
struct Home {
  enum class Kind : std::uint8_t {
    /// Known without any placed value; its statements are copied to where they are used.
    Static,
    /// The server's step after exchange number `level` (0: before the first).
    Server,
    /// The clients' work of exchange number `level` (from 1).
    Clients,
    /// The initial accumulator, and the merging of two, of exchange `level`.
    Zero,
    Merge,
    /// The derivative of native function number `level`.
    Native,
  };
  Kind kind = Kind::Static;
  int level = 0;
  auto operator<=>(const Home&) const = default;
};

struct Leaf {
  Home home;
  core::Atom atom;
  core::Type type;
  /// The value of an integer scalar, where it is known as a polynomial in dimensions.
  std::optional<Dim> number;
  /// Those of a vector of integers, where all are known so; else empty.
  std::vector<Dim> numbers;
};

struct Closure;
struct Sequence;

struct Value {
  enum class Kind : std::uint8_t {
    Leaf,
    /// Tuples, structs and columns of structs: items. A unit is an empty tuple.
    Tuple,
    Function,
    Sequence,
    /// items = first, end
    Range,
  };
  Kind kind = Kind::Tuple;
  Leaf leaf;
  std::vector<Value> items;
  std::shared_ptr<const Closure> function;
  std::shared_ptr<const Sequence> sequence;

  static Value of(Leaf leaf);
  static Value literal(core::Literal literal);
  static Value literal(core::Literal literal, core::Type type);
  static Value tuple(std::vector<Value> items);
  static Value unit() { return tuple({}); }
};

/// Persistent bindings of locals and dimension variables: a later binding hides an earlier one; copies are snapshots.
class Env {
 public:
  void bind(std::uint32_t local, Value value);
  void bindDim(Dim::Variable v, Dim value);
  const Value* find(std::uint32_t local) const;
  std::optional<Dim> findDim(Dim::Variable v) const;
  /// The locals bound since `before`, which is an earlier state of this environment, that were bound in it already.
  std::vector<std::uint32_t> changedSince(const Env& before) const;

 private:
  struct Node {
    bool isDim = false;
    std::uint32_t id = 0;
    Value value;
    Dim dim;
    std::shared_ptr<const Node> next;
    ~Node() { unchain(next, &Node::next); }
  };
  std::shared_ptr<const Node> head_;
};

/// A function value.
struct Closure {
  enum class Kind : std::uint8_t { Lambda, Open, Instance, Builtin, Transform };
  Kind kind = Kind::Lambda;
  std::shared_ptr<const check::LambdaBody> lambda;
  std::shared_ptr<const check::FnInstance> instance;
  /// Builtin, Transform (grad, vmap ..): which.
  check::Builtin builtin = check::Builtin::Exp;
  check::TypeRef type;
  /// Transform: of what.
  std::shared_ptr<const Closure> inner;
  Env env;
  Span span;
};

/// All leaves, in order.
void leavesOf(const Value& value, std::vector<Leaf>& out);
std::vector<Leaf> leavesOf(const Value& value);
/// `like` with its leaves replaced, in order. Functions and sequences are kept.
Value withLeaves(const Value& like, const std::vector<Leaf>& leaves);

/// The type's leaf paths: `model.w`; `prefix` is put in front.
void leafNames(const check::TypeRef& type, const std::string& prefix, std::vector<std::string>& out);

/// How files and messages name a leaf: one without a path is the whole value.
std::string leafName(const std::string& path);

/// A Fed type without its placement.
check::TypeRef unplaced(const check::TypeRef& type);
bool isPlaced(const check::TypeRef& type);

}  // namespace fedc::transform::specialise
