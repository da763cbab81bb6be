#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/support/diagnostics.h"
#include "compiler/support/expected.h"
#include "compiler/support/source.h"

/// What programs can use, with what is said about it: the rows of `builtins.def` and `words.def`, and the `///` of modules. The source of `fedc doc`
/// and of docs/stdlib/.
namespace fedc::driver {

/// A function, a struct, a param, a word.
struct Entry {
  std::string name;
  /// As it is declared: `fn f(x: f32) -> f32`, a whole struct; of a function that is built in its form, `sum(x, axis?)`.
  std::string signature;
  /// May be empty; lines as they are written.
  std::string doc;
  /// Of a struct.
  std::vector<std::string> fields;
  /// From 1; 0 for what stands in no file of Fed.
  std::uint32_t line = 0;
};

/// Functions or words that belong together.
struct Section {
  std::string title;
  std::string about;
  std::vector<Entry> entries;
};

/// A file of Fed: what it declares for others.
struct ModuleReference {
  std::string name;
  std::string path;
  /// The comment at its top, as one line.
  std::string about;
  std::vector<Entry> entries;
  /// The modules that it uses.
  std::vector<std::string> uses;
  /// What it passes on of them: name and module.
  std::vector<std::pair<std::string, std::string>> brings;
};

/// The functions that the compiler itself knows, in the sections of `builtins.def`.
std::vector<Section> builtinReference();
/// Keywords, signs, places, scalar types.
const std::vector<Entry>& wordReference();

/// Reads a file; nothing, if it has syntax errors (reported). Layout does not matter: signatures are shown as `fedc fmt` lays them out.
std::optional<ModuleReference> moduleReference(const SourceFile& file, DiagnosticSink& sink);

struct Library {
  /// Without the prelude; those at the top of the folder first, then by path.
  std::vector<ModuleReference> modules;
  /// What every program sees without `use`.
  std::vector<std::string> prelude;
  std::string folder;
};

/// Reads the standard library. Errors: a file that cannot be read or has syntax errors, no modules.
Expected<Library> readLibrary();

}  // namespace fedc::driver
