#pragma once

#include <cstdint>
#include <string_view>

namespace fedc::core {

/// The operations of Core IR. The table that says everything about each is in op_table.h; this list only names them.
enum class Op : std::uint8_t {
#define FEDC_OP(id, name) id,
#include "compiler/core/ops.def"
#undef FEDC_OP
};

inline constexpr int kOpCount = 0
#define FEDC_OP(id, name) +1
#include "compiler/core/ops.def"
#undef FEDC_OP
    ;

std::string_view opName(Op op);
/// Op by its printed name; false if there is none.
bool opFromName(std::string_view name, Op* op);

enum class ReduceKind : std::uint8_t { Sum, Prod, Max, Min, And, Or };

/// The order of a reduction's additions, part of its meaning (docs: core-ir, "order").
///   seq    one accumulator, reduced axes in the order listed, row-major, ascending; products by fma.
///   lanes  the last reduced axis is dealt to 16 accumulators by index mod 16, each seq (outer reduced axes outside), then folded
///          i+8, i+4, i+2, i+1.
///   split  the reduced index space is cut into `parts` contiguous parts, each `inner`, then a pairwise tree.
struct Order {
  enum class Kind : std::uint8_t { Seq, Lanes, SplitSeq, SplitLanes };
  Kind kind = Kind::Seq;
  int parts = 1;
  friend bool operator==(const Order&, const Order&) = default;
};

enum class ScatterMode : std::uint8_t { Add, Set };

}  // namespace fedc::core
