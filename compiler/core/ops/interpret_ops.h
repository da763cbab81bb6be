#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compiler/core/array.h"
#include "compiler/core/ir.h"

namespace fedc::core {

using Arrays = std::span<const Array* const>;
using DimValues = std::span<const std::int64_t>;

/// The value of an extent, and the shape of a type, for given values of the dimension variables.
std::int64_t valueOf(const Dim& d, DimValues dims);
std::vector<std::int64_t> shapeOf(const Type& t, DimValues dims);
/// A zeroed array for a statement's result.
Array resultArray(const Fn& fn, const Stmt& s, std::size_t result, DimValues dims);

// The interpreter's column of the op table: each appends the statement's results.
void runBroadcast(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results);
void runCross(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results);
void runReshape(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results);
void runTranspose(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results);
void runSlice(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results);
void runReverse(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results);
void runIota(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results);
void runDynamicSlice(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results);
void runUpdateSlice(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results);
void runPad(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results);
void runConcat(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results);
void runReduce(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results);
void runArgReduce(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results);
void runCumulative(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results);
void runSort(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results);
void runContract(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results);
void runSolve(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results);
void runGather(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results);
void runNative(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results);
void runScatter(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results);
void runPick(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results);
void runKeySeed(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results);
void runSplit(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results);
void runFoldIn(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results);
void runRandomBits(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results);
void runPermutation(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results);
void runStrCompare(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results);
void runStrLength(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results);
void runStrHash(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results);
void runStrCount(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results);
void runStrBytes(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results);
void runStrSplit(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results);
void runDimValue(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results);
void runCompact(const Fn& fn, const Stmt& s, Arrays operands, DimValues dims, std::vector<Array>& results);

}  // namespace fedc::core
