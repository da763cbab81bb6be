#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace fedc::tests {

/// What a program of tests/programs says of itself in the comments at its top. A directive that goes on indents its next lines by two more spaces.
///
///   // data: {"a": {"x": [1, 2]}, "b": {"x": []}}    the federation: clients, features, rows (`eval-data:` for `evaluate`)
///   // data: {"*150": {"x": ["i", 1]}}              150 clients; "i" is the client's number
///   // cohort: none                                  instead of `data`: `main` over nobody, which no file of data can say
///   // run: --rounds 3 -p lr=0.5 --arg x=[1, 2]      flags of `fedc run`; `--plugin NAME.so` is one of tests/plugins
///   // expect: loss = 0.693147 ± 1e-6                a leaf of the last report; `eval.NAME` of the last evaluation, `state.NAME` of the state,
///                                                 `clients.NAME`, `eval_clients.NAME` of what both have of each client
///   // expect: w = [1, 2]                            without ± the bits must be those of the literal in the leaf's type
///   // error: E0501 "out of range" at `x[i]`         the run fails, with this code, a message that holds the text, at exactly this source text
///   // note: at client `b`                           the error has this note
///
/// A program must have at least one `expect` or `error`.
struct ProgramFile {
  struct Expectation {
    /// `metrics`, `eval`, `state`, `clients` or `eval_clients`, and the leaf.
    std::string where;
    std::string leaf;
    nlohmann::json value;
    std::optional<double> tolerance;
  };
  struct Failure {
    std::string code;
    std::string text;
    std::string at;
  };

  std::string path;
  std::optional<nlohmann::ordered_json> data;
  std::optional<nlohmann::ordered_json> evalData;
  bool overNobody = false;
  std::vector<std::string> flags;
  std::vector<Expectation> expectations;
  std::optional<Failure> failure;
  std::vector<std::string> notes;
};

/// Reads the directives; throws std::runtime_error that names what is wrong with them.
ProgramFile readProgramFile(const std::filesystem::path& path);

}  // namespace fedc::tests
