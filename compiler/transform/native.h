#pragma once

#include <optional>
#include <vector>

#include "compiler/core/builder.h"
#include "compiler/support/diagnostics.h"
#include "compiler/support/expected.h"

/// Derivatives of native functions, by what the program declares (docs/native.md).
namespace fedc::transform {

/// Appends what a native statement's operands get of its result's cotangent; nothing for operands that are no floats. `site`: what asks for it.
/// Error: the function has no derivative, or one that needs itself.
Expected<std::vector<std::optional<core::Atom>>, Diagnostic> nativeCotangents(const core::Module& module, core::Builder& build,
                                                                              const core::Stmt& stmt, const core::Atom& cotangent, Span site);

/// Appends the tangent of a native statement's result; at least one of its operands has one.
Expected<core::Atom, Diagnostic> nativeTangent(const core::Module& module, core::Builder& build, const core::Stmt& stmt,
                                               const std::vector<std::optional<core::Atom>>& tangents, Span site);

}  // namespace fedc::transform
