#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/check/typed.h"
#include "compiler/core/graph.h"
#include "compiler/support/diagnostics.h"
#include "compiler/support/expected.h"
#include "compiler/support/policy.h"
#include "compiler/support/source.h"
#include "compiler/transform/policy.h"

namespace fedc::driver {

class Library;
class Plugins;

/// A pass on one local function of Core IR, with what must hold after it.
struct CorePass {
  std::string_view name;
  Expected<void, Diagnostic> (*run)(core::Module&, core::Fn&);
  /// No transform op is left; every reduction has its order.
  bool transformed;
  bool ordered;
  std::string_view reason;
  /// Runs for a replay, too.
  bool replays;
};

/// Passes 5 to 9, in order.
std::span<const CorePass> corePasses();
/// Runs a pass on every function of a module, derivatives of native functions first: what one needs comes before it. Behind `differentiate` there are
/// none.
void runPass(const CorePass& pass, core::Module& module, const std::function<void(Diagnostic)>& report);

struct CompileOptions {
  /// `-p name=value`
  std::map<std::string, std::string> params;
  /// `--include`
  std::vector<std::string> include;
  /// `--policy`: proved besides those that the program names.
  Policies policies;
  /// What the compilation's sources begin with (`Library::addTo`), if so.
  const Library* library = nullptr;
  /// Modules by name, as text, for a program that is no file (ModuleFinder); may be null.
  const std::map<std::string, std::string>* modules = nullptr;
  /// `--plugin`; may be null.
  std::shared_ptr<const Plugins> plugins;
  /// The program is to be run: an error for native functions that are called and in no plugin.
  bool willRun = false;
  /// For `--wire`: client functions in steps, too (core::Phase::wire).
  bool wire = false;
  /// For a replay: `trace` statements name what is computed, and only the passes run that the interpreter needs. Functions have the numbers,
  /// parameters and results that they have without.
  bool trace = false;
  /// Verify after every pass (tests, `--verify`); otherwise after specialise, differentiate and order.
  bool verify = false;
  /// Receives the program after each pass: the pass's name and the text. Only for the pass named `printAfter`, or all if it is `all`.
  std::string printAfter;
  std::function<void(std::string_view pass, const std::string& text)> print;
};

/// A module that was looked for: under this name, from this file; what was found.
struct ModuleLookup {
  std::string name;
  FileId from = 0;
  std::optional<FileId> found;
};

/// What a run needs of a program besides its functions.
struct ProgramFacts {
  std::vector<check::Param> params;
  check::RunDefaults run;
  Policies policies;
  /// `main` returns one leaf, not a struct or tuple around one.
  bool isOneLeaf = false;
};
ProgramFacts factsOf(const check::TypedProgram& program);

/// One compilation: the sources, what was said about them, and how far it came.
struct Compilation {
  SourceManager sources;
  DiagnosticSink sink;
  std::vector<ModuleLookup> lookups;
  std::optional<check::TypedProgram> typed;
  std::shared_ptr<core::Program> program;
  /// What the source declassifies, once lowered.
  std::vector<transform::Release> releases;
};

/// Errors: an `--include` that is no folder.
Expected<void> includesAreFolders(const CompileOptions& options);
/// Passes 1 and 2: reads and checks a program. False if an error was reported to `compilation.sink`; a main file that cannot be read
/// is the Error, as is an `--include` that is no folder.
Expected<bool> checkProgram(Compilation& compilation, const std::string& path, const CompileOptions& options);
/// The same for a file that is already among the sources.
bool checkSource(Compilation& compilation, FileId file, const CompileOptions& options);

/// Passes 3 to 9: from the typed program to Core IR ready for kernels. False if an error was reported.
bool lowerProgram(Compilation& compilation, const CompileOptions& options);
/// The same for its `test` blocks whose names have `filter` in them: a graph each, called as the test is.
bool lowerTests(Compilation& compilation, const CompileOptions& options, const std::string& filter);

}  // namespace fedc::driver
