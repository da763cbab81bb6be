#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compiler/core/type.h"
#include "compiler/support/dim.h"
#include "compiler/support/source.h"

/// Types of Fed as the checker and the specialiser see them.
namespace fedc::check {

class Type;
using TypeRef = std::shared_ptr<const Type>;

enum class Placement : std::uint8_t {
  /// `T@server`
  Server,
  /// `{T}@clients`
  Clients,
  /// `T@clients`: the same value at every client
  AllClients,
};

enum class TypeKind : std::uint8_t {
  /// elem[dims]; rank 0 is a scalar; keys and strings are elements too. `T[n]` of a tensor T is a tensor with n in front.
  Tensor,
  /// items; () is the unit type
  Tuple,
  /// a nominal struct: `name`, fields (already instantiated), typeArgs, dimArgs
  Struct,
  /// n values of a tuple or struct (columns); element, extent
  Array,
  /// one client's data, streamed; element
  Sequence,
  /// items -> element
  Function,
  /// element at a placement
  Placed,
  /// `a..b` before it is used: a sequence of i32 known to `for`, vmap and indexing
  Range,
  /// a lambda without known parameter types; checked at each call
  OpenLambda,
  /// a type parameter inside a generic body that is checked on its own
  Parameter,
  /// an unknown being inferred; never in a finished typed program
  Hole,
  /// after an error: fits everything, reports nothing
  Error,
};

struct Field {
  std::string name;
  TypeRef type;
  /// Where it is declared.
  Span span;
};

class Type {
 public:
  TypeKind kind = TypeKind::Error;
  core::Elem elem = core::Elem::F32;
  std::vector<Dim> dims;
  std::vector<TypeRef> items;
  TypeRef element;
  Dim extent;
  Placement placement = Placement::Server;
  /// Struct: qualified name (`fed_avg.FedAvg`), for equality; `shown` is what the user wrote.
  std::string name;
  std::string shown;
  std::vector<Field> fields;
  std::vector<TypeRef> typeArgs;
  std::vector<Dim> dimArgs;
  /// Parameter, Hole: a unique number.
  std::uint32_t id = 0;
  /// This one and all in it, counted as often as they occur; a solved hole counts as one (see limits.h).
  std::uint32_t parts = 1;
  /// How deep types lie in it.
  std::uint32_t depth = 1;
};

/// What is known of a dimension variable that occurs in types of a typed program.
struct DimVarInfo {
  std::string name;
  /// Static upper bound (`batch(b)` gives b).
  std::optional<std::int64_t> bound;
  /// The immutable i32 local whose value this is, for sizes that are values (`x[0..k]`); such a variable is in scope with its local.
  std::optional<std::uint32_t> local;
};

}  // namespace fedc::check
