#pragma once

// Internal to compiler/syntax: includes ANTLR.
#include <memory>
#include <set>
#include <vector>

#include "FedParser.h"
#include "compiler/support/diagnostics.h"
#include "compiler/syntax/ast.h"
#include "compiler/syntax/tokens.h"

namespace fedc::syntax {

/// Makes the AST from ANTLR's tree and refuses what the grammar takes beyond the language. Declarations and statements with a syntax
/// error (reported before) are left out.
class Builder {
 public:
  using Parser = grammar::FedParser;

  /// `reportedAt`: bytes at which the parser found errors.
  Builder(const SourceFile& file, const Tokens& tokens, const std::set<std::uint32_t>& reportedAt, DiagnosticSink& sink)
      : file_(file), tokens_(tokens), reportedAt_(reportedAt), sink_(sink) {}

  std::unique_ptr<ast::Module> module(Parser::ModuleContext* context);

 private:
  // Declarations (build_items.cpp).
  ast::ItemPtr item(Parser::ItemContext* context);
  ast::ItemPtr useItem(Parser::UseItemContext* context);
  ast::ItemPtr paramItem(Parser::ParamItemContext* context);
  ast::ItemPtr runItem(Parser::RunItemContext* context);
  ast::ItemPtr policyItem(Parser::PolicyItemContext* context);
  ast::ItemPtr budgetItem(Parser::BudgetItemContext* context);
  ast::ItemPtr structItem(Parser::StructItemContext* context);
  ast::ItemPtr functionItem(Parser::FunctionItemContext* context);
  ast::ItemPtr nativeItem(Parser::NativeItemContext* context);
  ast::ItemPtr derivativeItem(Parser::DerivativeItemContext* context);
  ast::ItemPtr testItem(Parser::TestItemContext* context);
  ast::ItemPtr letItem(Parser::LetItemContext* context);
  ast::Signature signature(Parser::SignatureContext* context);
  std::vector<ast::TypeParameter> typeParameters(Parser::TypeParametersContext* context);
  ast::Parameter parameter(Parser::ParameterContext* context);

  // Statements (build_statements.cpp).
  ast::Block block(Span span, Parser::StatementsContext* context);
  ast::Block block(Parser::BlockContext* context);
  ast::Block block(Parser::HeadBlockContext* context);
  void closedStatement(Parser::ClosedStatementContext* context, bool isLast, ast::Block& out);
  void openStatement(Parser::OpenStatementContext* context, bool isLast, ast::Block& out);
  template <class Stmt>
  ast::StmtPtr bindingStatement(Span span, Parser::BindingContext* context);
  ast::StmtPtr forStatement(Parser::ForStatementContext* context);
  ast::StmtPtr assignStatement(Parser::ExpressionStatementContext* context);
  void requireTarget(const ast::Expr& target);
  /// `isThere`: the statement or declaration ends with a `;`.
  void requireSemicolon(bool isThere, antlr4::ParserRuleContext* context, const char* what);

  // Expressions (build_expressions.cpp, build_primaries.cpp).
  ast::ExprPtr expression(Parser::ExpressionContext* context);
  ast::ExprPtr lambda(Parser::LambdaContext* context);
  ast::ExprPtr operation(Parser::OperationContext* context);
  ast::ExprPtr call(Parser::CallOperationContext* context);
  ast::ExprPtr index(Parser::IndexOperationContext* context);
  ast::ExprPtr tupleField(Parser::TupleFieldOperationContext* context);
  ast::ExprPtr binary(Parser::BinaryOperationContext* context);
  ast::ExprPtr shift(Parser::ShiftOperationContext* context);
  ast::ExprPtr primary(Parser::PrimaryContext* context);
  ast::ExprPtr structLiteral(Parser::StructPrimaryContext* context);
  /// `otherwise`: the block of the last `else`, or null.
  ast::ExprPtr ifExpression(Span span, Parser::ConditionContext* first, Parser::HeadBlockContext* then,
                            const std::vector<Parser::ElseIfContext*>& more, Parser::BlockContext* otherwise);
  ast::ExprPtr condition(Parser::ConditionContext* context);
  std::vector<ast::Argument> arguments(const std::vector<Parser::ArgumentContext*>& contexts);
  ast::ExprPtr makeInt(Span span);
  ast::ExprPtr makeName(Span span);
  ast::ExprPtr makeBinary(ast::BinaryOp op, Span opSpan, ast::ExprPtr left, ast::ExprPtr right, Span span);

  // Types and patterns (build_types.cpp).
  ast::TypePtr type(Parser::TypeContext* context);
  ast::TypePtr castType(Parser::CastTypeContext* context);
  ast::TypePtr namedType(Parser::NamedTypeContext* context);
  ast::TypePtr scalarType(Span span);
  ast::TypePtr tupleOf(Span span, const std::vector<Parser::TypeContext*>& elements, bool hasTrailingComma);
  ast::TypePtr arrayOf(ast::TypePtr element, Parser::DimensionsContext* context);
  ast::TypePtr withSuffixes(ast::TypePtr base, const std::vector<Parser::TypeSuffixContext*>& suffixes);
  ast::ExprPtr dimensionSum(Parser::DimensionSumContext* context);
  ast::ExprPtr dimensionProduct(Parser::DimensionProductContext* context);
  ast::ExprPtr dimensionFactor(Parser::DimensionFactorContext* context);
  ast::PatternPtr pattern(Parser::PatternContext* context);

  // Names and places.
  Span span(antlr4::ParserRuleContext* context) const;
  Span span(antlr4::tree::TerminalNode* node) const;
  Span span(antlr4::Token* token) const;
  ast::Name name(antlr4::ParserRuleContext* context) const;
  ast::Name name(antlr4::tree::TerminalNode* node) const;
  /// A name that is declared: a reserved word is an error.
  ast::Name bindingName(Parser::BindingNameContext* context);
  std::string_view text(Span span) const { return file_.text(span); }
  std::string docBefore(antlr4::ParserRuleContext* context) const;
  static ast::Place placeOf(std::string_view text);

  template <class Node>
  std::unique_ptr<Node> make(Span span) {
    auto node = std::make_unique<Node>(span);
    if constexpr (requires { node->id; }) node->id = nextId_++;
    return node;
  }

  const SourceFile& file_;
  const Tokens& tokens_;
  const std::set<std::uint32_t>& reportedAt_;
  DiagnosticSink& sink_;
  ast::NodeId nextId_ = 0;
  /// Within the target of an assignment, where `_` may stand.
  bool isTarget_ = false;
};

}  // namespace fedc::syntax
