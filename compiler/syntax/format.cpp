#include "compiler/syntax/format.h"

#include <algorithm>
#include <utility>

#include "compiler/syntax/formatter.h"

namespace fedc::syntax {

using antlr4::ParserRuleContext;
using antlr4::tree::TerminalNode;

namespace {

bool isOpening(std::size_t type) {
  using Parser = grammar::FedParser;
  return type == Parser::LPAREN || type == Parser::LBRACKET || type == Parser::LBRACE || type == Parser::LT;
}

std::size_t closingOf(std::size_t type) {
  using Parser = grammar::FedParser;
  switch (type) {
    case Parser::LPAREN: return Parser::RPAREN;
    case Parser::LBRACKET: return Parser::RBRACKET;
    case Parser::LBRACE: return Parser::RBRACE;
    default: return Parser::GT;
  }
}

/// Rules whose parts stand without spaces between them.
bool isTight(std::size_t rule) {
  using Parser = grammar::FedParser;
  switch (rule) {
    case Parser::RuleModulePath:
    case Parser::RuleRange:
    case Parser::RuleIndexItem:
    case Parser::RuleType:
    case Parser::RuleTypeSuffix:
    case Parser::RuleCastType:
    case Parser::RuleNamedType:
    case Parser::RuleDimensionFactor: return true;
    default: return false;
  }
}

/// What an expression is, without the rules on the way to it: a lambda, a primary, or itself.
antlr4::tree::ParseTree* bare(antlr4::tree::ParseTree* tree) {
  using Parser = grammar::FedParser;
  while (tree->children.size() == 1 && dynamic_cast<Parser::PrimaryContext*>(tree) == nullptr) tree = tree->children.front();
  return tree;
}

/// An argument that opens a bracket of its own at the end of the call's line: `f(x, |a| {`.
bool opensBracket(antlr4::tree::ParseTree* argument, bool isOnly) {
  using Parser = grammar::FedParser;
  antlr4::tree::ParseTree* value = bare(argument->children.back());
  while (auto* lambda = dynamic_cast<Parser::LambdaContext*>(value)) {
    value = bare(lambda->expression());
    if (dynamic_cast<Parser::LambdaContext*>(value) == nullptr) return dynamic_cast<Parser::BlockPrimaryContext*>(value) != nullptr;
  }
  return dynamic_cast<Parser::BlockPrimaryContext*>(value) != nullptr || dynamic_cast<Parser::StructPrimaryContext*>(value) != nullptr ||
         dynamic_cast<Parser::ArrayPrimaryContext*>(value) != nullptr || (isOnly && dynamic_cast<Parser::TuplePrimaryContext*>(value) != nullptr);
}

/// A number, a name, a sign before it: nothing that would read better on a line of its own.
bool isAtom(antlr4::tree::ParseTree* tree) {
  return tree->children.empty() || (tree->children.size() <= 2 && isAtom(tree->children.back()) && isAtom(tree->children.front()));
}

}  // namespace

std::size_t Formatter::firstToken(Tree* tree) {
  if (auto* leaf = dynamic_cast<TerminalNode*>(tree)) return leaf->getSymbol()->getTokenIndex();
  return static_cast<ParserRuleContext*>(tree)->getStart()->getTokenIndex();
}

std::size_t Formatter::lastToken(Tree* tree) {
  if (auto* leaf = dynamic_cast<TerminalNode*>(tree)) return leaf->getSymbol()->getTokenIndex();
  return static_cast<ParserRuleContext*>(tree)->getStop()->getTokenIndex();
}

bool Formatter::isToken(Tree* tree, std::size_t type) {
  auto* leaf = dynamic_cast<TerminalNode*>(tree);
  return leaf != nullptr && leaf->getSymbol()->getType() == type;
}

Formatter::Doc Formatter::before(std::size_t token) {
  const std::vector<Comment> comments = std::exchange(trivia_[token].before, {});
  std::vector<Doc> parts;
  for (const Comment& comment : comments) {
    if (comment.isAfterBlank) parts.push_back(layout_.blank());
    parts.push_back(comment.isOwnLine ? layout_.comment(comment.text) : layout_.text(comment.text + " "));
  }
  if (!comments.empty() && trivia_[token].isAfterBlank) parts.push_back(layout_.blank());
  return layout_.concat(std::move(parts));
}

Formatter::Doc Formatter::behind(std::size_t token) { return behind(std::exchange(trivia_[token].behind, {}), token); }

Formatter::Doc Formatter::behind(std::vector<Comment> comments, std::size_t token) {
  const std::size_t type = typeAt(token);
  const bool isTightOpening = type == Parser::LPAREN || type == Parser::LBRACKET;
  std::vector<Doc> parts;
  for (Comment& comment : comments) {
    if (comment.text.starts_with("//")) {
      parts.push_back(layout_.trailing(std::move(comment.text)));
      continue;
    }
    if (!isTightOpening || !parts.empty()) parts.push_back(layout_.text(" "));
    parts.push_back(layout_.text(std::move(comment.text)));
  }
  return layout_.concat(std::move(parts));
}

Formatter::Doc Formatter::token(std::size_t index) {
  const Doc first = before(index);
  const Doc text = layout_.text(textAt(index));
  return layout_.concat({first, text, behind(index)});
}

Formatter::Doc Formatter::element(std::size_t first, std::size_t last, const std::function<Doc()>& make) {
  const bool isBare = trivia_[first].before.empty() && trivia_[last].behind.empty();
  if (isBare) return make();
  const Doc head = before(first);
  std::vector<Comment> comments = std::exchange(trivia_[last].behind, {});
  const Doc body = make();
  return layout_.concat({head, body, behind(std::move(comments), last)});
}

std::vector<Formatter::Doc> Formatter::beforeClosing(std::size_t token) {
  std::vector<Doc> parts;
  for (const Comment& comment : std::exchange(trivia_[token].before, {})) {
    parts.push_back(layout_.hardLine(comment.isAfterBlank && typeAt(token - 1) != Parser::LBRACE));
    parts.push_back(layout_.comment(comment.text));
  }
  return parts;
}

Formatter::ListStyle Formatter::styleOf(ParserRuleContext* context, const Trees& children) {
  ListStyle style;
  const bool isSingle = children.size() <= 3 || (children.size() == 4 && isToken(children[2], Parser::COMMA));
  switch (context->getRuleIndex()) {
    case Parser::RuleStructItem:
    case Parser::RuleRunItem:
    case Parser::RuleBudgetItem: style.isSpaced = true; break;
    case Parser::RuleSignature: style.indent = 4; break;
    case Parser::RuleTypeParameters:
      style.indent = 4;
      style.isFilled = true;
      break;
    case Parser::RuleType:
    case Parser::RuleCastType:
    case Parser::RulePattern:
      // `(A,)` is a tuple, `(A)` is none; `{T}@clients` takes no comma.
      style.isCommaFree = !isSingle;
      break;
    case Parser::RuleDimensionFactor: style.isCommaFree = !isSingle; break;
    case Parser::RuleDimensions: style.isWhole = true; break;
    case Parser::RuleOperation: style.isWhole = isToken(children.front(), Parser::LBRACKET); break;
    case Parser::RulePrimary:
      style.isSpaced = dynamic_cast<Parser::StructPrimaryContext*>(context) != nullptr;
      style.isCommaFree = !isSingle || dynamic_cast<Parser::TuplePrimaryContext*>(context) == nullptr;
      if (auto* array = dynamic_cast<Parser::ArrayPrimaryContext*>(context)) style.isFilled = std::ranges::all_of(array->expression(), isAtom);
      break;
    default: break;
  }
  return style;
}

std::vector<Formatter::Doc> Formatter::listParts(const Trees& children, const ListStyle& style, std::vector<Doc>& elements, Doc& lastComma) {
  std::vector<Doc> parts;
  for (std::size_t i = 1; i + 1 < children.size(); ++i) {
    Tree* child = children[i];
    const std::size_t first = firstToken(child);
    const bool isBlank = i > 1 && trivia_[first].beginsAfterBlank();
    if (i > 1)
      parts.push_back(layout_.line(isBlank));
    else if (!style.isFilled)
      parts.push_back(style.isSpaced ? layout_.line() : layout_.softLine());
    const Doc value = element(first, lastToken(child), [&] { return node(child); });
    const bool hasComma = i + 2 < children.size();
    const bool isLast = i + 2 + (hasComma ? 1 : 0) >= children.size();
    Doc comma = layout_.empty();
    if (hasComma && (!isLast || !style.isCommaFree)) {
      comma = token(firstToken(children[i + 1]));
    } else if (style.isCommaFree) {
      comma = layout_.ifBroken(",");
      if (hasComma) {
        const std::size_t written = firstToken(children[i + 1]);
        const Doc head = before(written);
        comma = layout_.concat({head, comma, behind(written)});
        // A comma before a bracket on the next line asks for a part a line.
        if (trivia_[lastToken(children.back())].isAfterBreak) comma = layout_.concat({comma, layout_.breakAround()});
      }
    }
    if (isLast) lastComma = comma;
    elements.push_back(isLast ? value : layout_.concat({value, comma}));
    parts.push_back(elements.back());
    if (hasComma) ++i;
  }
  return parts;
}

Formatter::CallList Formatter::list(const Trees& children, ListStyle style, bool mayHug) {
  const std::size_t opening = firstToken(children.front());
  const std::size_t closing = lastToken(children.back());
  const bool hasComma = isToken(children[children.size() - 2], Parser::COMMA);
  const bool isCommented = !trivia_[opening].behind.empty();
  const bool isCommaCommented = hasComma && (hasComments(closing - 1) || hasComments(closing));
  const Doc open = token(opening);
  std::vector<Doc> elements;
  Doc lastComma = layout_.empty();
  std::vector<Doc> parts = listParts(children, style, elements, lastComma);
  const bool isEmpty = parts.empty();
  if (style.isFilled && !isEmpty) parts = {layout_.softLine(), layout_.fill(std::move(parts))};
  parts.push_back(lastComma);
  const std::vector<Doc> comments = beforeClosing(closing);
  parts.insert(parts.end(), comments.begin(), comments.end());
  const Doc behindClosing = behind(closing);
  const Doc close = token(closing);
  const auto whole = [&](Doc doc) { return layout_.isBroken(behindClosing) ? layout_.concat({doc, behindClosing}) : doc; };
  const Doc inner = layout_.isBroken(behindClosing) ? close : layout_.concat({close, behindClosing});
  if (isEmpty && comments.empty())
    return {whole(layout_.group(layout_.concat({open, isCommented ? layout_.softLine() : layout_.empty(), inner}))), 0, false};
  // One index or size: breaking around it helps nobody.
  if (style.isWhole && elements.size() == 1 && comments.empty() && !isCommented && !isCommaCommented) {
    return {whole(layout_.concat({open, elements.front(), inner})), 0, false};
  }
  const Doc content = layout_.indent(style.indent, layout_.concat(std::move(parts)));
  const Doc full = layout_.group(layout_.concat({open, content, style.isSpaced && !isEmpty ? layout_.line() : layout_.softLine(), inner}));
  if (!mayHug || isEmpty || isCommented || isCommaCommented || !comments.empty()) return {whole(full), 0, false};
  // The last argument may open its bracket on the call's line if nothing else of the call is broken.
  const Doc last = elements.back();
  elements.pop_back();
  Tree* lastTree = children[children.size() - (hasComma ? 3 : 2)];
  const bool asksForLines = hasComma && trivia_[closing].isAfterBreak;
  const auto isBroken = [&](Doc doc) { return layout_.isBroken(doc); };
  if (asksForLines || std::ranges::any_of(elements, isBroken) || !opensBracket(lastTree, elements.empty())) return {whole(full), 0, false};
  std::vector<Doc> head = {open};
  for (const Doc value : elements) {
    head.push_back(value);
    head.push_back(layout_.text(" "));
  }
  const Doc front = layout_.concat(std::move(head));
  const Doc natural = layout_.concat({front, last, inner});
  const Doc hugged = layout_.concat({front, layout_.withLastBroken(last), inner});
  return {whole(layout_.choice({natural, hugged, layout_.withLastBroken(full)})), hugged, true};
}

Formatter::Doc Formatter::sequence(ParserRuleContext* context) {
  const Trees& children = context->children;
  const bool isRuleTight = isTight(context->getRuleIndex());
  std::vector<Doc> parts;
  for (std::size_t i = 0; i < children.size(); ++i) {
    const std::size_t type = dynamic_cast<TerminalNode*>(children[i]) != nullptr ? typeAt(firstToken(children[i])) : 0;
    const bool isArrow = type == Parser::ARROW || (i > 0 && isToken(children[i - 1], Parser::ARROW));
    const bool isAttached = type == Parser::COMMA || type == Parser::SEMI || type == Parser::COLON || type == Parser::LPAREN ||
                            type == Parser::LBRACKET || type == Parser::LT || dynamic_cast<Parser::TypeParametersContext*>(children[i]) != nullptr ||
                            (i > 0 && isToken(children[i - 1], Parser::DOT_DOT));
    if (i > 0 && (isArrow || (!isRuleTight && !isAttached))) parts.push_back(layout_.text(" "));
    if (!isOpening(type)) {
      parts.push_back(node(children[i]));
      continue;
    }
    std::size_t end = i;
    while (!isToken(children[end], closingOf(type))) ++end;
    const Trees bracketed(children.begin() + static_cast<std::ptrdiff_t>(i), children.begin() + static_cast<std::ptrdiff_t>(end) + 1);
    parts.push_back(list(bracketed, styleOf(context, bracketed)).doc);
    i = end;
  }
  return parts.size() == 1 ? parts.front() : layout_.concat(std::move(parts));
}

Formatter::Doc Formatter::node(Tree* tree) {
  // Rules that only pass on one part take no stack: expressions may be nested deep.
  while (tree->children.size() == 1) tree = tree->children.front();
  if (auto* leaf = dynamic_cast<TerminalNode*>(tree)) return token(leaf->getSymbol()->getTokenIndex());
  if (auto* use = dynamic_cast<Parser::UseItemContext*>(tree)) return useItem(use);
  if (auto* body = dynamic_cast<Parser::BlockContext*>(tree)) return block(body);
  if (auto* body = dynamic_cast<Parser::HeadBlockContext*>(tree)) return block(body);
  if (auto* body = dynamic_cast<Parser::BlockStatementContext*>(tree)) {
    return block(body->children.front(), body->statements(), body->children.back());
  }
  if (auto* body = dynamic_cast<Parser::BlockPrimaryContext*>(tree)) {
    return layout_.group(block(body->children.front(), body->statements(), body->children.back()));
  }
  if (auto* repeated = dynamic_cast<Parser::ForStatementContext*>(tree)) return loop(repeated);
  if (auto* chosen = dynamic_cast<Parser::IfStatementContext*>(tree)) return choice(chosen);
  if (auto* chosen = dynamic_cast<Parser::IfPrimaryContext*>(tree)) return layout_.group(choice(chosen));
  if (auto* more = dynamic_cast<Parser::ElseIfContext*>(tree)) return choice(more);
  if (auto* head = dynamic_cast<Parser::SignatureContext*>(tree)) return signature(head);
  if (auto* function = dynamic_cast<Parser::LambdaContext*>(tree)) return lambda(function);
  if (auto* operation = dynamic_cast<Parser::OperationContext*>(tree)) {
    if (dynamic_cast<Parser::BinaryOperationContext*>(tree) != nullptr || dynamic_cast<Parser::ShiftOperationContext*>(tree) != nullptr) {
      return binary(operation);
    }
    if (dynamic_cast<Parser::UnaryOperationContext*>(tree) != nullptr) {
      const Doc op = node(tree->children[0]);
      return layout_.concat({op, node(tree->children[1])});
    }
    if (dynamic_cast<Parser::AsOperationContext*>(tree) == nullptr) return postfix(operation);
  }
  return sequence(static_cast<ParserRuleContext*>(tree));
}

std::string Formatter::run() {
  std::vector<Doc> parts;
  for (Tree* child : tree_.root->children) {
    const std::size_t first = firstToken(child);
    const bool isEnd = isToken(child, antlr4::Token::EOF);
    if (isEnd && trivia_[first].before.empty()) break;
    parts.push_back(layout_.hardLine(trivia_[first].beginsAfterBlank()));
    if (isEnd)
      parts.push_back(before(first));
    else
      parts.push_back(element(first, lastToken(child), [&] { return layout_.group(node(child)); }));
  }
  return layout_.print(layout_.concat(std::move(parts)), kFormatWidth);
}

namespace {

/// The tokens but for commas before a closing bracket, and the comments, with what each is.
std::vector<std::string> contentOf(const SourceFile& file) {
  DiagnosticSink sink;
  const Tokens tokens = readTokens(file, sink);
  std::vector<std::string> content;
  for (const auto& token : tokens.list) {
    const std::size_t type = token->getType();
    const bool isClosing = type == grammar::FedParser::RPAREN || type == grammar::FedParser::RBRACKET || type == grammar::FedParser::RBRACE ||
                           type == grammar::FedParser::GT;
    if (isClosing && !content.empty() && content.back() == ",") content.pop_back();
    content.emplace_back(file.text(spanOf(file.id(), *token)));
  }
  for (const Span span : tokens.comments) content.push_back(commentText(file.text(span)));
  return content;
}

}  // namespace

bool hasSameContent(const SourceFile& a, const SourceFile& b) { return contentOf(a) == contentOf(b); }

std::optional<std::string> format(const SourceFile& file, DiagnosticSink& sink) {
  const std::size_t errorsBefore = sink.errorCount();
  const ParseTree tree = parseTree(file, sink);
  if (sink.errorCount() > errorsBefore) return std::nullopt;
  return Formatter(file, tree).run();
}

}  // namespace fedc::syntax
