#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "compiler/check/typed.h"
#include "compiler/support/diagnostics.h"
#include "compiler/support/source.h"

namespace fedc::syntax::ast {
struct Module;
}

namespace fedc::check {

/// Finds the text of a module: `name` as written in `use`, from the file that says so. The driver looks beside that file, on the include path and
/// in stdlib; gives the source's file number, or nothing.
using ModuleLoader = std::function<std::optional<std::uint32_t>(const std::string& name, std::uint32_t fromFile)>;

/// Trees of files that were parsed before, without errors: programs that share files among their sources need not parse them again.
using ParsedFiles = std::map<std::uint32_t, std::shared_ptr<const syntax::ast::Module>>;

struct CheckOptions {
  /// `-p name=value`, as text; an unknown name or an unfit value is a diagnostic.
  std::map<std::string, std::string> params;
  ParsedFiles parsed;
  /// The module that has a public function or struct of a name, though nobody uses it: what the help of an unknown name says. May be empty.
  std::function<std::optional<std::string>(const std::string& name)> moduleWith;
};

/// Checks the program whose main file is `file`: loads modules, resolves names, infers types, sizes and placements, makes every implicit step
/// explicit. Gives a program only if no error was reported.
std::optional<TypedProgram> check(SourceManager& sources, std::uint32_t file, const ModuleLoader& load, const CheckOptions& options,
                                  DiagnosticSink& sink);

/// The settings that a `run` block may have.
std::span<const char* const> runSettings();

/// The value of a `param` from the command line; nothing if the text does not fit the type.
std::optional<core::Literal> parseParam(const std::string& text, core::Elem elem);

/// The typed program for people (`fedc emit typed`).
std::string print(const TypedProgram& program);
std::string print(const TypeRef& type, const std::vector<DimVarInfo>& dims);

}  // namespace fedc::check
