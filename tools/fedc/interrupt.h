#pragma once

#include <atomic>

namespace fedc::cli {

/// From now on the first Ctrl-C sets the flag that is returned; a second one ends the process, as the system does by itself.
const std::atomic<bool>* catchInterrupt();

}  // namespace fedc::cli
