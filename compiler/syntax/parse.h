#pragma once

#include <memory>

#include "compiler/support/diagnostics.h"
#include "compiler/support/source.h"
#include "compiler/syntax/ast.h"

namespace fedc::syntax {

/// Brackets may be nested this deep.
inline constexpr int kMaxBracketDepth = 256;
/// Brackets, operators, calls and fields on the way from the top of a declaration to any of its parts, prefixes counted four times:
/// bounds the depth of the tree.
inline constexpr int kMaxTreeDepth = 500;

/// Parses a file. Never null: after syntax errors (reported to the sink) the module holds the declarations that could be read, so
/// ask `sink.hasErrors()` before checking it.
std::unique_ptr<ast::Module> parse(const SourceFile& file, DiagnosticSink& sink);

}  // namespace fedc::syntax
