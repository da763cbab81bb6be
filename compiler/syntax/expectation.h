#pragma once

// Internal to compiler/syntax: includes ANTLR.
#include <antlr4-runtime.h>

#include <string>

namespace fedc::syntax {

/// The tokens that the grammar takes at `offending`, when a decision that began at `start` found no way there: the grammar's automaton
/// is run over the tokens between them. (ANTLR itself only knows what it takes at `start`.)
antlr4::misc::IntervalSet expectedAfter(antlr4::Parser* parser, std::size_t state, antlr4::RuleContext* context, const antlr4::Token* start,
                                        const antlr4::Token* offending);

/// The tokens that the grammar takes after one more token of type `inserted`.
antlr4::misc::IntervalSet expectedWith(antlr4::Parser* parser, std::size_t inserted);

/// "an expression", "`,` or `)`": a set of tokens in a user's words, for an error within `context`. Operators that could go on with a
/// finished expression are left out where anything else is possible.
std::string describeExpected(const antlr4::misc::IntervalSet& expected, const antlr4::RuleContext* context);

/// " in this call", or nothing: where within a larger thing an error is.
std::string describeContext(const antlr4::RuleContext* context);

/// "`foo`", "the end of the file".
std::string describeFound(const antlr4::Token& token, std::string_view text);

/// True when an expression can begin with the token.
bool beginsExpression(std::size_t type);

}  // namespace fedc::syntax
