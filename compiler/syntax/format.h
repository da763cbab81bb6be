#pragma once

#include <optional>
#include <string>

#include "compiler/support/diagnostics.h"
#include "compiler/support/source.h"

namespace fedc::syntax {

/// Columns of a line, where its text can be broken.
inline constexpr std::size_t kFormatWidth = 100;

/// The file in the one canonical layout (docs/formatting.md): the same tokens but for commas before a closing bracket, the same comments in the same
/// order. Formatting the result again changes nothing. Nothing, if the file has syntax errors; they are reported.
std::optional<std::string> format(const SourceFile& file, DiagnosticSink& sink);

/// Both have the same tokens, but for commas before a closing bracket, and the same comments: what `format` promises, for whoever writes over a file.
bool hasSameContent(const SourceFile& a, const SourceFile& b);

}  // namespace fedc::syntax
