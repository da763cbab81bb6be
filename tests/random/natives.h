#pragma once

#include <memory>

#include "compiler/driver/plugins.h"

namespace fedc::random {

/// The native functions that generated programs may declare: `eased` over scalars, `mirrored` over arrays.
std::shared_ptr<const driver::Plugins> ownPlugins();

}  // namespace fedc::random
