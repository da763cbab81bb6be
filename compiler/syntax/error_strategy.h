#pragma once

// Internal to compiler/syntax: includes ANTLR.
#include <antlr4-runtime.h>

#include <optional>
#include <set>

#include "compiler/support/diagnostics.h"
#include "compiler/syntax/repair_stream.h"
#include "compiler/syntax/tokens.h"

namespace fedc::syntax {

/// Reports syntax errors in the words of the language. A forgotten `;`, `,`, `:` or `->` is put in, and the parser goes on; another
/// error unwinds to the rule of its statement or declaration, which skips to where the next one begins.
class ErrorStrategy : public antlr4::DefaultErrorStrategy {
 public:
  ErrorStrategy(const SourceFile& file, const Tokens& tokens, RepairStream& stream, DiagnosticSink& sink)
      : file_(file), tokens_(tokens), stream_(stream), sink_(sink) {}

  void reportError(antlr4::Parser* parser, const antlr4::RecognitionException& error) override;
  void recover(antlr4::Parser* parser, std::exception_ptr error) override;
  antlr4::Token* recoverInline(antlr4::Parser* parser) override;
  void sync(antlr4::Parser* parser) override;

  /// The bytes at which an error was found.
  const std::set<std::uint32_t>& reportedAt() const { return reportedAt_; }

 private:
  /// Puts in the one token that makes sense of the current one; reports it. False when there is none.
  bool repair(antlr4::Parser* parser, const antlr4::misc::IntervalSet& expected);
  void reportMissing(antlr4::Parser* parser, std::size_t type);
  /// The error at a token where the grammar takes `expected`.
  void reportAt(antlr4::Parser* parser, antlr4::Token* found, const antlr4::misc::IntervalSet& expected);
  /// A name in small letters where a type stands.
  void reportNoType(Span span);
  void reportAtTop(antlr4::Token* found);
  void reportInBlock(antlr4::Token* found);
  void addNotes(Diagnostic& diagnostic, antlr4::Parser* parser, antlr4::Token* found) const;
  void skipItem(antlr4::Parser* parser, std::size_t begin);
  void skipStatement(antlr4::Parser* parser, std::size_t begin);
  bool isSilent(Span span) const;
  void add(Diagnostic diagnostic);
  antlr4::Token* previous(const antlr4::Token* token) const;

  const SourceFile& file_;
  const Tokens& tokens_;
  RepairStream& stream_;
  DiagnosticSink& sink_;
  std::set<std::uint32_t> reportedAt_;
  /// Where skipping after an error ended: what is missing there is part of that error.
  std::optional<std::size_t> resumedAt_;
};

}  // namespace fedc::syntax
