#pragma once

#include <string>
#include <vector>

#include "compiler/driver/replay.h"
#include "runtime/process/run.h"

namespace fedc::cli {

/// The lines of `fedc run --json`: one JSON object each, ending in a line break; the first key is `event`. Floats are written with the fewest digits
/// that read back to the same number; what is not finite is `null` and is listed under `non_finite` (`{"at": "metrics.loss", "is": "nan"}`).
std::string startLine(const std::string& program, std::uint64_t seed, const runtime::StartEvent& event);
std::string roundLine(const runtime::RoundEvent& event);
std::string evalLine(const runtime::EvalEvent& event);
/// Where a value that is not finite was born; `client`: its id, empty at the server.
std::string bornLine(const runtime::NonFinite& event, const driver::Origin& origin, const std::string& client, const SourceManager& sources);
/// `directory`: empty if the run is not kept.
std::string summaryLine(const runtime::RunSummary& summary, const std::string& directory);

/// What `fn main` returned, as one JSON value on a line: structs are objects, tuples and tensors arrays, numbers and bools themselves. `whole`: the
/// result is one leaf, not a struct or tuple with a leaf in it. Numbers that are not finite are the strings "nan", "inf", "-inf".
std::string resultLine(const std::vector<runtime::NamedArray>& leaves, bool whole, const std::vector<std::string>& ofClients = {});

}  // namespace fedc::cli
