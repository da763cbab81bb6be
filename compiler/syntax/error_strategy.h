#pragma once

// Internal to compiler/syntax: includes ANTLR.
#include <antlr4-runtime.h>

#include <set>

#include "compiler/support/diagnostics.h"
#include "compiler/syntax/tokens.h"

namespace fedc::syntax {

/// Reports syntax errors in the words of the language and resumes at the next statement or declaration: an error within one unwinds
/// to its rule (`statement`, `item`), which skips to where the next one begins.
class ErrorStrategy : public antlr4::DefaultErrorStrategy {
 public:
  ErrorStrategy(const SourceFile& file, const Tokens& tokens, DiagnosticSink& sink) : file_(file), tokens_(tokens), sink_(sink) {}

  void reportError(antlr4::Parser* parser, const antlr4::RecognitionException& error) override;
  void recover(antlr4::Parser* parser, std::exception_ptr error) override;
  antlr4::Token* recoverInline(antlr4::Parser* parser) override;
  void sync(antlr4::Parser* parser) override;

  /// The bytes at which an error was found.
  const std::set<std::uint32_t>& reportedAt() const { return reportedAt_; }

 private:
  /// The error at a token where the grammar takes `expected`.
  void reportAt(antlr4::Parser* parser, antlr4::Token* found, const antlr4::misc::IntervalSet& expected);
  void reportAtTop(antlr4::Token* found);
  void reportInBlock(antlr4::Parser* parser, antlr4::Token* found);
  void skipItem(antlr4::Parser* parser, std::size_t begin);
  void skipStatement(antlr4::Parser* parser, std::size_t begin);
  bool isSilent(Span span) const;
  void add(Diagnostic diagnostic);

  const SourceFile& file_;
  const Tokens& tokens_;
  DiagnosticSink& sink_;
  std::set<std::uint32_t> reportedAt_;
};

}  // namespace fedc::syntax
