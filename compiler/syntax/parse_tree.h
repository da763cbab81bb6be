#pragma once

// Internal to compiler/syntax: includes ANTLR.
#include <antlr4-runtime.h>

#include <memory>

#include "FedParser.h"
#include "compiler/support/diagnostics.h"
#include "compiler/support/source.h"
#include "compiler/syntax/ast.h"
#include "compiler/syntax/repair_stream.h"
#include "compiler/syntax/tokens.h"

namespace fedc::syntax {

/// A file as ANTLR's tree, with what owns its nodes and tokens, and the AST that was made from it. In a file without errors token i of the
/// tree is `tokens.list[i]`.
struct ParseTree {
  Tokens tokens;
  std::unique_ptr<antlr4::ListTokenSource> source;
  std::unique_ptr<RepairStream> stream;
  std::unique_ptr<grammar::FedParser> parser;
  /// Null when there is nothing to parse: no text, or nested too deep.
  grammar::FedParser::ModuleContext* root = nullptr;
  /// Never null.
  std::unique_ptr<ast::Module> module;
};

/// What `parse` does, with its steps kept.
ParseTree parseTree(const SourceFile& file, DiagnosticSink& sink);

}  // namespace fedc::syntax
