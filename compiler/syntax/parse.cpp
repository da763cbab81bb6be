#include "compiler/syntax/parse.h"

#include "compiler/syntax/builder.h"
#include "compiler/syntax/error_strategy.h"
#include "compiler/syntax/parse_tree.h"

namespace fedc::syntax {
namespace {

/// A copy that ANTLR may own: the preparer's tokens are read again by the builder.
std::vector<std::unique_ptr<antlr4::Token>> copyOf(const std::vector<std::unique_ptr<antlr4::Token>>& tokens) {
  std::vector<std::unique_ptr<antlr4::Token>> result;
  result.reserve(tokens.size());
  for (const auto& token : tokens) {
    const auto& from = static_cast<const antlr4::CommonToken&>(*token);
    auto copy = std::make_unique<antlr4::CommonToken>(from.getType());
    copy->setStartIndex(from.getStartIndex());
    copy->setStopIndex(from.getStopIndex());
    result.push_back(std::move(copy));
  }
  return result;
}

}  // namespace

ParseTree parseTree(const SourceFile& file, DiagnosticSink& sink) {
  const std::size_t errorsBefore = sink.errorCount();
  ParseTree result;
  result.tokens = readTokens(file, sink);
  if (!result.tokens.isUsable) {
    result.module = std::make_unique<ast::Module>();
    result.module->file = file.id();
    return result;
  }
  result.source = std::make_unique<antlr4::ListTokenSource>(copyOf(result.tokens.list));
  result.stream = std::make_unique<RepairStream>(result.source.get(), result.tokens.depth);
  result.parser = std::make_unique<grammar::FedParser>(result.stream.get());
  grammar::FedParser& parser = *result.parser;
  parser.removeErrorListeners();
  auto* interpreter = parser.getInterpreter<antlr4::atn::ParserATNSimulator>();

  // Programs without error need no more than SLL prediction, which is four times as fast; errors are found again with the full one.
  if (sink.errorCount() == errorsBefore) {
    interpreter->setPredictionMode(antlr4::atn::PredictionMode::SLL);
    parser.setErrorHandler(std::make_shared<antlr4::BailErrorStrategy>());
    try {
      const std::set<std::uint32_t> none;
      result.root = parser.module();
      result.module = Builder(file, result.tokens, none, sink).module(result.root);
      return result;
    } catch (const antlr4::ParseCancellationException&) {
      parser.reset();
    }
  }
  interpreter->setPredictionMode(antlr4::atn::PredictionMode::LL);
  auto strategy = std::make_shared<ErrorStrategy>(file, result.tokens, *result.stream, sink);
  parser.setErrorHandler(strategy);
  result.root = parser.module();
  result.module = Builder(file, result.tokens, strategy->reportedAt(), sink).module(result.root);
  return result;
}

std::unique_ptr<ast::Module> parse(const SourceFile& file, DiagnosticSink& sink) { return parseTree(file, sink).module; }

}  // namespace fedc::syntax
