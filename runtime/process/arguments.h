#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/core/array.h"
#include "compiler/core/graph.h"
#include "compiler/support/expected.h"
#include "runtime/data/client_source.h"

namespace fedc::runtime {

struct RunError;

/// Which clients something is given for.
struct GivenClients {
  /// Empty: by place, in the order of the clients' ids.
  std::vector<std::string> ids;
  std::int64_t count = 0;
};

/// An argument of `main` with a value of its own for each client.
struct ClientArgument {
  std::string name;
  GivenClients clients;
  /// By the names of the graph's inputs; the first extent goes over the clients as they are given.
  std::map<std::string, core::Array> leaves;
};

/// Clients' data that is given as an argument: for each client the graph's columns of that data, in their order.
struct ClientDataArgument {
  std::string name;
  GivenClients clients;
  std::vector<std::vector<core::Array>> columns;
};

/// What `--arg` says of an entry point.
struct Arguments {
  /// At the server, or the same everywhere, by the names of the graph's inputs; a sequence's leaves have its length as first extent.
  std::map<std::string, core::Array> values;
  std::vector<ClientArgument> ofClients;
  /// By the number of the data argument.
  std::map<int, ClientDataArgument> data;
};

/// Reads the texts of `--arg name=JSON`, where a name is that of a parameter, or of a part of one that is at the server. Structs are objects, tuples,
/// tensors and sequences lists, infinities and NaN `"inf"`, `"-inf"`, `"nan"`, keys 16 hexadecimal digits; what clients have of their own is a list
/// with an entry for each, or an object by id. So what `main` prints reads back. Of data each example has all features that are declared. Errors:
/// what `main` does not have, what has no value or two, what does not fit. Data that is left out may come from files. `main` may be null.
Expected<Arguments, RunError> readArguments(const std::map<std::string, std::string>& texts, const core::Graph* main);

/// The ids of clients that are given by place alone: numbers of equal length.
std::vector<std::string> idsByPlace(std::int64_t count);

}  // namespace fedc::runtime
