#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "compiler/check/check.h"
#include "compiler/check/type.h"

/// Building and asking types; no inference in here.
namespace fedc::check {

using core::Elem;

/// The dimension variable of `?`. Every variable whose name in the table is "?" is a size that nobody has named.
inline constexpr Dim::Variable kUnknownDim = 0;
/// Variables with this bit stand for sizes being inferred (see solver.h); they never reach a typed program.
inline constexpr Dim::Variable kDimHoleBit = 0x80000000u;

/// A finished type, its parts counted. Throws Overgrown where a limit is met, as do the functions below.
TypeRef makeType(Type t);
TypeRef errorType();
TypeRef scalarType(Elem elem);
TypeRef tensorType(Elem elem, std::vector<Dim> dims);
TypeRef boolType();
TypeRef intType();
TypeRef stringType();
TypeRef keyType();
TypeRef unitType();
TypeRef tupleType(std::vector<TypeRef> items);
/// `element[extent]`: of a tensor a tensor, else columns.
TypeRef arrayType(TypeRef element, Dim extent);
TypeRef sequenceType(TypeRef element);
TypeRef functionType(std::vector<TypeRef> params, TypeRef result);
TypeRef placedType(TypeRef element, Placement at);
/// `a..b` of integers; extent is b - a.
TypeRef rangeType(Elem elem, Dim extent);
TypeRef openLambdaType(std::uint32_t id);

inline bool is(const TypeRef& t, TypeKind k) { return t->kind == k; }
inline bool isError(const TypeRef& t) { return t->kind == TypeKind::Error; }
bool isScalar(const TypeRef& t);
bool isScalar(const TypeRef& t, Elem e);
bool isUnit(const TypeRef& t);
bool isTensorOf(const TypeRef& t, bool (*want)(Elem));

/// True if some part of the type (through every constructor and type argument, not through struct fields) satisfies `f`.
bool anyPart(const TypeRef& t, const std::function<bool(const Type&)>& f);
bool anyDim(const TypeRef& t, const std::function<bool(const Dim&)>& f);
/// A placed type outside of function types and type arguments: what makes a value federated.
bool hasPlacedValue(const TypeRef& t);
/// A function, or a struct or tuple that holds one: exists at compile time only.
bool hasFunction(const TypeRef& t);

/// Rebuilds the type with every dimension replaced; stops where `stop` says so (null: nowhere). Struct fields are rebuilt too.
TypeRef mapDims(const TypeRef& t, const std::function<Dim(const Dim&)>& f, const std::function<bool(const Type&)>& stop = nullptr);

/// Extent and element of the leading axis of T[n] (tensor of rank at least 1, array, range); nothing otherwise.
struct LeadingAxis {
  Dim extent;
  TypeRef element;
};
std::optional<LeadingAxis> leadingAxis(const TypeRef& t);

/// One tensor of a value: `w`, `opt.0`, with the dims of the arrays around it in front.
struct Leaf {
  std::string path;
  TypeRef type;
};
/// The tensors of a run-time value in order; nothing if the type is or holds something else (a parameter, a function, a sequence).
std::optional<std::vector<Leaf>> leavesOf(const TypeRef& t);
/// Number of elements of all leaves.
std::optional<Dim> sizeOf(const TypeRef& t);
/// Bytes of all leaves, if every extent is a number, and the bytes are one.
std::optional<std::int64_t> bytesOf(const TypeRef& t);

/// As `print` of check.h, with names of dimension variables from a function.
std::string printType(const TypeRef& t, const std::function<std::string(Dim::Variable)>& name);
std::string placementName(Placement p);

}  // namespace fedc::check
