#pragma once

#include "compiler/kernel/ir.h"

namespace fedc::kernel {

struct LayoutOptions {
  /// False: arena buffers stay dense and get no slack. Arguments keep their padding. Changes no bits.
  bool padArena = true;
};

/// Decides where each element of a buffer lies: reserve of the last extent (16 lanes), slack rows; strides are row-major (stridesOf).
///
/// Arguments have the layout of their type (leafPadding). An arena buffer is padded if its last extent is static and at least kLeastPadded, every
/// access keeps that extent, no runtime function sees it, and every store runs along the whole of it. An arena buffer whose first extent is known
/// at run time only gets kSlack entries behind it, which row tiles may overrun. Where a padded result is stored in parts, the kernel first
/// fills it with zeros.
void layout(Kernel& kernel, LayoutOptions options = {});

inline constexpr std::int64_t kLanePadding = 16;
inline constexpr std::int64_t kLeastPadded = 5;
inline constexpr std::int64_t kSlack = 16;

}  // namespace fedc::kernel
