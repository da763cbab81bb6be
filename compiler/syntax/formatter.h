#pragma once

// Internal to compiler/syntax: includes ANTLR.
#include <functional>
#include <string>
#include <vector>

#include "compiler/syntax/layout.h"
#include "compiler/syntax/parse_tree.h"
#include "compiler/syntax/trivia.h"

namespace fedc::syntax {

/// Makes a document of the parse tree of a file without errors. Every token is a leaf of the tree and is printed where it stands, with its comments,
/// so none can be lost; what the functions decide is spaces and places for line breaks.
class Formatter {
 public:
  using Parser = grammar::FedParser;
  using Tree = antlr4::tree::ParseTree;
  using Trees = std::vector<Tree*>;
  using Doc = Layout::Doc;

  Formatter(const SourceFile& file, const ParseTree& tree) : file_(file), tree_(tree), trivia_(readTrivia(file, tree.tokens)) {}

  std::string run();

 private:
  /// How the parts between two brackets are laid out.
  struct ListStyle {
    /// Spaces within the brackets: `{ a, b }`.
    bool isSpaced = false;
    std::size_t indent = 2;
    /// As many on a line as fit, instead of one a line.
    bool isFilled = false;
    /// A broken list ends with a comma, one on a line with none. False: the comma stays as it is written.
    bool isCommaFree = true;
    /// A single part stays in its brackets' line.
    bool isWhole = false;
  };
  struct CallList {
    Doc doc = 0;
    /// With only its last argument broken, where that may be: `f(x, |a| {`.
    Doc hugged = 0;
    bool mayHug = false;
  };

  // Tokens and comments (format.cpp).
  static std::size_t firstToken(Tree* tree);
  static std::size_t lastToken(Tree* tree);
  static bool isToken(Tree* tree, std::size_t type);
  std::size_t typeAt(std::size_t token) const { return tree_.tokens.list[token]->getType(); }
  std::string textAt(std::size_t token) const { return std::string(file_.text(spanOf(file_.id(), *tree_.tokens.list[token]))); }
  Doc token(std::size_t index);
  /// The comments of a token, taken: they are printed once.
  Doc before(std::size_t token);
  Doc behind(std::size_t token);
  Doc behind(std::vector<Comment> comments, std::size_t token);
  bool hasComments(std::size_t token) const { return !trivia_[token].before.empty() || (token > 0 && !trivia_[token - 1].behind.empty()); }
  /// `make()` with the comments before and behind it outside of its groups.
  Doc element(std::size_t first, std::size_t last, const std::function<Doc()>& make);
  /// The comments on own lines before a closing bracket, each after a line break; they stand within the brackets.
  std::vector<Doc> beforeClosing(std::size_t token);

  // What holds parts (format.cpp).
  Doc node(Tree* tree);
  Doc sequence(antlr4::ParserRuleContext* context);
  CallList list(const Trees& children, ListStyle style, bool mayHug = false);
  std::vector<Doc> listParts(const Trees& children, const ListStyle& style, std::vector<Doc>& elements, Doc& lastComma);
  static ListStyle styleOf(antlr4::ParserRuleContext* context, const Trees& children);

  // Statements (format_code.cpp).
  Doc spaced(const std::vector<Doc>& parts);
  Doc block(Tree* open, Parser::StatementsContext* statements, Tree* close);
  Doc block(Parser::BlockContext* context) { return block(context->children.front(), context->statements(), context->children.back()); }
  Doc block(Parser::HeadBlockContext* context) { return block(context->children.front(), context->statements(), context->children.back()); }
  Doc useItem(Parser::UseItemContext* context);
  Doc signature(Parser::SignatureContext* context);
  Doc choice(antlr4::ParserRuleContext* context);
  Doc loop(Parser::ForStatementContext* context);

  // Expressions (format_code.cpp).
  Doc lambda(Parser::LambdaContext* context);
  Doc binary(Parser::OperationContext* context);
  Doc postfix(Parser::OperationContext* context);

  const SourceFile& file_;
  const ParseTree& tree_;
  std::vector<Trivia> trivia_;
  Layout layout_;
};

}  // namespace fedc::syntax
