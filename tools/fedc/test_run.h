#pragma once

#include <string>

#include "tools/fedc/command_line.h"

namespace fedc::cli {

/// What came of the tests of one file.
struct TestReport {
  int passed = 0;
  int failed = 0;
  /// The file itself is wrong: nothing of it was run.
  bool isBroken = false;
  /// Everything that is to be shown, a failure after the other.
  std::string text;
};

/// Compiles the `test` blocks of a file and runs them in the ways that the command line asks for, over the clients that they make themselves.
TestReport runTests(const CommandLine& line, const std::string& path, bool colors);

}  // namespace fedc::cli
