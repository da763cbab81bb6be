#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/core/array.h"
#include "compiler/core/interpret.h"
#include "compiler/core/ir.h"
#include "compiler/core/op_table.h"
#include "compiler/core/text.h"

/// What the tests of the Core passes share: programs from text, random operands, transforms around a function.
namespace fedc::transform {

/// Reads a module; a text that does not read is a failure of the test.
core::Module readModule(std::string_view text);

/// Replaces every whole word.
std::string replaceWord(std::string text, std::string_view word, std::string_view with);

/// Fails if the function is not well formed.
void expectVerified(const core::Module& module, const core::Fn& fn, core::VerifyOptions options, std::string_view what);

/// Random operands of a function: floats in (0.25, 0.85), integers in [0, 3), bools, keys. Every element is another one.
std::vector<core::Array> randomOperands(const core::Fn& fn, std::span<const std::int64_t> dims, std::uint64_t seed);
core::Array randomFloats(core::Elem elem, std::vector<std::int64_t> shape, std::mt19937_64& random);
std::vector<std::int64_t> shapeOf(const core::Fn& fn, const core::Type& type, std::span<const std::int64_t> dims);

/// Positions of the float parameters and of the float results.
std::vector<std::size_t> floatParams(const core::Fn& fn);
std::vector<std::size_t> floatResults(const core::Fn& fn);

/// `fn` as the region of a `vjp` by all float parameters: (params.., a cotangent for each float result..) -> (float results.., gradients..).
core::Fn withVjp(const core::Fn& fn);
/// `fn` as the region of a `jvp`: (params.., a tangent for each float parameter..) -> (float results.., tangents..).
core::Fn withJvp(const core::Fn& fn);
/// `fn` as the region of a `vmap` over n rows of the marked parameters: -> (results.., each with n rows).
core::Fn withVmap(const core::Fn& fn, const std::vector<bool>& mapped, std::int64_t n);

/// Row i of an array, and arrays stacked.
core::Array rowOf(const core::Array& a, std::int64_t i);
core::Array stackOf(const std::vector<core::Array>& rows);

/// sum x_i y_i in f64.
double dot(const core::Array& x, const core::Array& y);
/// x + h·v.
core::Array moved(const core::Array& x, const core::Array& v, double h);
/// The largest |x - y| / max(1, |x|).
double distance(const core::Array& x, const core::Array& y);

/// How many statements of an op, at any depth.
int countOps(const core::Fn& fn, core::Op op);

/// Checks reverse and forward mode of a function against finite differences and each other, and that the values keep their bits.
/// `fn` may hold transforms itself.
void expectDerivatives(const core::Module& module, const core::Fn& fn, const std::vector<std::int64_t>& dims, double tolerance = 2e-7);

/// The whole middle as the driver runs it, verifying after each pass; a diagnostic is a failure.
void runMiddle(core::Module& module, core::Fn& fn);

}  // namespace fedc::transform
