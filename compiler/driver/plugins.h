#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/check/typed.h"
#include "compiler/core/native.h"
#include "compiler/support/diagnostics.h"
#include "compiler/support/expected.h"

namespace fedc::driver {

/// `(f32[n], i32) -> f32[2*n]`: what a plugin says of its function.
struct PluginSignature {
  std::vector<core::Type> params;
  core::Type result;
  /// Names of its dimension variables.
  std::vector<std::string> dims;
};
/// The error is a sentence.
Expected<PluginSignature> parseSignature(std::string_view text);

/// Why a declaration is none of the function with that signature; nothing if it is: sizes of the plugin's may be any of the declaration's.
std::optional<std::string> difference(const check::NativeDecl& declared, const PluginSignature& there, const std::vector<check::DimVarInfo>& dims);

/// The shared libraries that `--plugin` names, loaded as long as this or what it gives is held. What is wrong with one is kept and reported with the
/// program (`checkNatives`). Loading runs the library's own initialisation: nothing but what the user names is ever loaded.
class Plugins {
 public:
  struct Function {
    std::string symbol;
    /// As written, and read.
    std::string text;
    PluginSignature signature;
    fedc_native call = nullptr;
  };
  struct File {
    std::string path;
    /// Of the file's bytes; empty if they could not be read.
    std::string hash;
    /// Why it is no plugin; empty if it is.
    std::string problem;
    std::vector<Function> functions;
    std::shared_ptr<const void> library;
  };

  static std::shared_ptr<const Plugins> load(const std::vector<std::string>& paths);
  /// Of functions that are in this process; for tests.
  static std::shared_ptr<const Plugins> of(const std::string& name, const fedc_table& table);

  const std::vector<File>& files() const { return files_; }
  bool isBroken() const;
  /// For keys and records: a line for each file, path and hash.
  std::vector<std::string> marks() const;
  /// Null if no file has it.
  const Function* find(const std::string& symbol, const File** file = nullptr) const;
  /// All of them, to be linked with kernels.
  std::vector<core::NativeFunction> functions() const;

 private:
  void add(File file);
  std::vector<File> files_;
};

/// Compares every native function that the program's files declare with the plugins; reports what is wrong with either. Without plugins there is
/// nothing to compare. False after an error.
bool checkNatives(const check::TypedProgram& typed, const Plugins* plugins, DiagnosticSink& sink);

/// Gives the module's native functions their code, where there is some. `mustRun`: reports those without. False after an error.
bool bindNatives(core::Module& module, const Plugins* plugins, bool mustRun, DiagnosticSink& sink);

}  // namespace fedc::driver
