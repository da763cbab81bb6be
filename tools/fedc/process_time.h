#pragma once

namespace fedc::cli {

/// Seconds since the system started this process, loading of shared libraries included; exact to a clock tick of the system (10 ms), never too few.
double secondsSinceStart();

}  // namespace fedc::cli
