#pragma once

#include <string>

#include "compiler/core/graph.h"

namespace fedc::cli {

/// All federated graphs of a program as one drawing: the server on the left, the clients on the right, time downwards; every arrow between them is
/// communication and says which leaves cross and how many bytes, per client.
std::string graphSvg(const core::Program& program);

}  // namespace fedc::cli
