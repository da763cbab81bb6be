#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "compiler/core/op_table.h"

namespace fedc::core {

/// The rows of each group, appended in the order of ops.def; one file a group.
void elementwiseRows(std::vector<OpRow>& rows);
void shapeRows(std::vector<OpRow>& rows);
void reduceRows(std::vector<OpRow>& rows);
void productRows(std::vector<OpRow>& rows);
void indexRows(std::vector<OpRow>& rows);
void randomRows(std::vector<OpRow>& rows);
void nativeRows(std::vector<OpRow>& rows);
void stringRows(std::vector<OpRow>& rows);
void controlRows(std::vector<OpRow>& rows);

using Operands = std::span<const Type* const>;
using Problem = std::optional<std::string>;

/// The element type of an operand, whether variable or literal.
Elem elemOf(const Stmt& s, Operands types, std::size_t i);
/// The type of an atom; a literal's is a scalar.
Type typeOfAtom(const Fn& fn, const Atom& a);
/// For type errors: `f32[n, 10]`, with the names of the function's dims.
std::string show(const Fn& fn, const Type& t);
std::string show(const Fn& fn, const Dim& d);
/// "`reduce`: what went wrong".
std::string problem(const Stmt& s, const std::string& what);
/// Axes are distinct and within [0, rank).
bool axesFit(std::span<const int> axes, int rank);

}  // namespace fedc::core
