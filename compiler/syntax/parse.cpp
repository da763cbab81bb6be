#include "compiler/syntax/parse.h"

#include <antlr4-runtime.h>

#include "FedParser.h"
#include "compiler/syntax/builder.h"
#include "compiler/syntax/error_strategy.h"
#include "compiler/syntax/repair_stream.h"
#include "compiler/syntax/tokens.h"

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

std::unique_ptr<ast::Module> parse(const SourceFile& file, DiagnosticSink& sink) {
  const std::size_t errorsBefore = sink.errorCount();
  const Tokens tokens = readTokens(file, sink);
  if (!tokens.isUsable) {
    auto empty = std::make_unique<ast::Module>();
    empty->file = file.id();
    return empty;
  }
  antlr4::ListTokenSource source(copyOf(tokens.list));
  RepairStream stream(&source, tokens.depth);
  grammar::FedParser parser(&stream);
  parser.removeErrorListeners();
  auto* interpreter = parser.getInterpreter<antlr4::atn::ParserATNSimulator>();

  // Programs without error need no more than SLL prediction, which is four times as fast; errors are found again with the full one.
  if (sink.errorCount() == errorsBefore) {
    interpreter->setPredictionMode(antlr4::atn::PredictionMode::SLL);
    parser.setErrorHandler(std::make_shared<antlr4::BailErrorStrategy>());
    try {
      const std::set<std::uint32_t> none;
      return Builder(file, tokens, none, sink).module(parser.module());
    } catch (const antlr4::ParseCancellationException&) {
      parser.reset();
    }
  }
  interpreter->setPredictionMode(antlr4::atn::PredictionMode::LL);
  auto strategy = std::make_shared<ErrorStrategy>(file, tokens, stream, sink);
  parser.setErrorHandler(strategy);
  grammar::FedParser::ModuleContext* tree = parser.module();
  return Builder(file, tokens, strategy->reportedAt(), sink).module(tree);
}

}  // namespace fedc::syntax
