#include "compiler/syntax/expectation.h"

#include <fmt/format.h>
#include <algorithm>
#include <deque>
#include <set>
#include <utility>
#include <vector>

#include "FedParser.h"

namespace fedc::syntax {
namespace {

using antlr4::atn::ATNState;
using antlr4::misc::IntervalSet;
using grammar::FedParser;

/// The states to which rules return, innermost first.
struct Stack {
  const Stack* outer;
  ATNState* follow;
};

/// Runs the automaton of the grammar on all ways at once. Precedence is ignored: it only rules out operators, which are not shown.
class Simulation {
 public:
  explicit Simulation(const antlr4::atn::ATN& atn) : atn_(atn) {}

  void start(std::size_t state, antlr4::RuleContext* context) { close(atn_.states[state], base(context)); }

  void step(std::size_t token) {
    const std::vector<Config> before = std::move(ready_);
    ready_.clear();
    seen_.clear();
    for (const Config& config : before) {
      for (const auto* transition : config.state->transitions) {
        if (!transition->isEpsilon() && transition->matches(token, 1, atn_.maxTokenType)) close(transition->target, config.stack);
      }
    }
  }

  IntervalSet expected() const {
    IntervalSet result;
    for (const Config& config : ready_) {
      for (const auto* transition : config.state->transitions) {
        if (!transition->isEpsilon()) result.addAll(transition->label());
      }
    }
    return result;
  }

 private:
  struct Config {
    ATNState* state;
    const Stack* stack;
  };

  const Stack* push(const Stack* outer, ATNState* follow) {
    stacks_.push_back({outer, follow});
    return &stacks_.back();
  }

  const Stack* base(antlr4::RuleContext* context) {
    std::vector<ATNState*> follows;
    for (auto* at = context; at != nullptr && at->parent != nullptr && at->invokingState != ATNState::INVALID_STATE_NUMBER;
         at = static_cast<antlr4::RuleContext*>(at->parent)) {
      const auto* call = static_cast<const antlr4::atn::RuleTransition*>(atn_.states[at->invokingState]->transitions[0]);
      follows.push_back(call->followState);
    }
    const Stack* stack = nullptr;
    for (std::size_t i = follows.size(); i-- > 0;) stack = push(stack, follows[i]);
    return stack;
  }

  void close(ATNState* first, const Stack* stack) {
    std::vector<Config> work{{first, stack}};
    while (!work.empty()) {
      const Config config = work.back();
      work.pop_back();
      if (!seen_.emplace(config.state, config.stack).second) continue;
      if (config.state->getStateType() == ATNState::RULE_STOP) {
        if (config.stack != nullptr) work.push_back({config.stack->follow, config.stack->outer});
        continue;
      }
      bool consumes = false;
      for (const auto* transition : config.state->transitions) {
        if (transition->getSerializationType() == antlr4::atn::Transition::RULE) {
          const auto* call = static_cast<const antlr4::atn::RuleTransition*>(transition);
          work.push_back({call->target, push(config.stack, call->followState)});
        } else if (transition->isEpsilon()) {
          work.push_back({transition->target, config.stack});
        } else {
          consumes = true;
        }
      }
      if (consumes) ready_.push_back(config);
    }
  }

  const antlr4::atn::ATN& atn_;
  std::deque<Stack> stacks_;
  std::vector<Config> ready_;
  std::set<std::pair<ATNState*, const Stack*>> seen_;
};

constexpr std::size_t kSoftKeywords[] = {FedParser::PARAM,      FedParser::RUN, FedParser::POLICY, FedParser::BUDGET, FedParser::NATIVE,
                                         FedParser::DERIVATIVE, FedParser::OF,  FedParser::TEST,   FedParser::PLACE};
constexpr std::size_t kReserved[] = {FedParser::SCALAR, FedParser::USE,  FedParser::STRUCT, FedParser::FN,           FedParser::LET,
                                     FedParser::VAR,    FedParser::FOR,  FedParser::IF,     FedParser::STATEMENT_IF, FedParser::ELSE,
                                     FedParser::AS,     FedParser::TRUE, FedParser::FALSE};
constexpr std::size_t kContinuations[] = {FedParser::DOT,
                                          FedParser::DOT_DOT,
                                          FedParser::LPAREN,
                                          FedParser::LBRACKET,
                                          FedParser::AS,
                                          FedParser::STAR,
                                          FedParser::SLASH,
                                          FedParser::PERCENT,
                                          FedParser::AT,
                                          FedParser::PLUS,
                                          FedParser::MINUS,
                                          FedParser::SHIFT_LEFT,
                                          FedParser::AMP,
                                          FedParser::CARET,
                                          FedParser::PIPE,
                                          FedParser::EQUAL,
                                          FedParser::NOT_EQUAL,
                                          FedParser::LT,
                                          FedParser::GT,
                                          FedParser::LESS_EQUAL,
                                          FedParser::OR_OR,
                                          FedParser::GREATER_EQUAL,
                                          FedParser::AND_AND,
                                          FedParser::PLUS_ASSIGN,
                                          FedParser::MINUS_ASSIGN,
                                          FedParser::STAR_ASSIGN,
                                          FedParser::SLASH_ASSIGN,
                                          FedParser::PERCENT_ASSIGN,
                                          FedParser::AT_ASSIGN,
                                          FedParser::AMP_ASSIGN,
                                          FedParser::PIPE_ASSIGN,
                                          FedParser::CARET_ASSIGN,
                                          FedParser::SHIFT_LEFT_ASSIGN,
                                          FedParser::SHIFT_RIGHT_ASSIGN};
constexpr std::size_t kExpressionStarts[] = {FedParser::INT,        FedParser::FLOAT,  FedParser::TRUE,     FedParser::FALSE,      FedParser::STRING,
                                             FedParser::LOWER_NAME, FedParser::SCALAR, FedParser::IF,       FedParser::UPPER_NAME, FedParser::MINUS,
                                             FedParser::UNDERSCORE, FedParser::LPAREN, FedParser::LBRACKET, FedParser::LBRACE,     FedParser::NOT,
                                             FedParser::OR_OR,      FedParser::PIPE};

bool isWithin(const antlr4::RuleContext* context, std::size_t rule) {
  return context != nullptr && (context->getRuleIndex() == rule ||
                                (context->parent != nullptr && static_cast<antlr4::RuleContext*>(context->parent)->getRuleIndex() == rule));
}

/// Takes groups of tokens out of a set and names them.
class Describer {
 public:
  Describer(const IntervalSet& expected, const antlr4::RuleContext* context) : context_(context) {
    for (const ssize_t type : expected.toList()) left_.insert(static_cast<std::size_t>(type));
  }

  std::string run() {
    const bool isExpression = has(FedParser::INT) && has(FedParser::MINUS) && has(FedParser::LBRACKET);
    if (has(FedParser::FN) && has(FedParser::STRUCT) && !has(FedParser::LOWER_NAME)) {
      take("a declaration", {FedParser::FN, FedParser::STRUCT, FedParser::USE, FedParser::LET});
      remove(kSoftKeywords);
    } else if (isExpression) {
      takeExpression();
    } else if (has(FedParser::SCALAR) && has(FedParser::LBRACE) && has(FedParser::UPPER_NAME)) {
      if (has(FedParser::INT)) nouns_.emplace_back("a dimension");
      take("a type", {FedParser::SCALAR, FedParser::LBRACE, FedParser::LPAREN, FedParser::LOWER_NAME, FedParser::UPPER_NAME, FedParser::INT});
      remove(kSoftKeywords);
    } else if (has(FedParser::SCALAR) && has(FedParser::UPPER_NAME) && has(FedParser::LPAREN) && !has(FedParser::UNDERSCORE)) {
      take("a type", {FedParser::SCALAR, FedParser::LPAREN, FedParser::LOWER_NAME, FedParser::UPPER_NAME});
      remove(kSoftKeywords);
    } else if (has(FedParser::UNDERSCORE) && has(FedParser::LPAREN)) {
      take("a pattern", {FedParser::UNDERSCORE, FedParser::LPAREN, FedParser::LBRACKET});
      removeNames();
    } else if (has(FedParser::LOWER_NAME)) {
      take(has(FedParser::INT) ? "a name or number" : "a name", {FedParser::INT, FedParser::FLOAT, FedParser::UNDERSCORE});
      removeNames();
    }
    removeContinuations();
    std::vector<std::string> parts = nouns_;
    // An open statement ends with `;`; that its block may end too needs no word.
    if (has(FedParser::SEMI)) left_.erase(FedParser::RBRACE);
    for (const std::size_t type : left_) {
      std::string part = spell(type);
      if (std::find(parts.begin(), parts.end(), part) == parts.end()) parts.push_back(std::move(part));
    }
    if (parts.empty()) return "something else";
    std::string result = parts.front();
    for (std::size_t i = 1; i < parts.size(); ++i) result += (i + 1 == parts.size() ? " or " : ", ") + parts[i];
    return result;
  }

 private:
  bool has(std::size_t type) const { return left_.contains(type); }
  void take(std::string noun, std::initializer_list<std::size_t> types) {
    nouns_.push_back(std::move(noun));
    for (const std::size_t type : types) left_.erase(type);
  }
  template <std::size_t N>
  void remove(const std::size_t (&types)[N]) {
    for (const std::size_t type : types) left_.erase(type);
  }
  void removeNames() {
    left_.erase(FedParser::LOWER_NAME);
    left_.erase(FedParser::UPPER_NAME);
    remove(kSoftKeywords);
    remove(kReserved);
  }

  void takeExpression() {
    if (has(FedParser::LET)) {
      take("a statement", {FedParser::LET, FedParser::VAR, FedParser::FOR, FedParser::STATEMENT_IF, FedParser::BLOCK_LBRACE});
    } else if (has(FedParser::QUESTION)) {
      take("a dimension", {FedParser::QUESTION});
    } else if (has(FedParser::COLON) && has(FedParser::DOT_DOT)) {
      take("an index", {FedParser::COLON, FedParser::DOT_DOT});
    } else {
      nouns_.emplace_back("an expression");
    }
    remove(kExpressionStarts);
    remove(kSoftKeywords);
  }

  void removeContinuations() {
    const auto isLeft = [this](std::size_t type) { return has(type); };
    // One of them alone is what is asked for, as `(` after the name of a function.
    if (std::count_if(std::begin(kContinuations), std::end(kContinuations), isLeft) < 3) return;
    const bool closesLambda = has(FedParser::PIPE) && isWithin(context_, FedParser::RuleLambda);
    const bool closesAngle =
        has(FedParser::GT) && (isWithin(context_, FedParser::RuleNamedType) || isWithin(context_, FedParser::RuleTypeParameters) ||
                               isWithin(context_, FedParser::RuleTypeArgument));
    const std::set<std::size_t> before = left_;
    remove(kContinuations);
    if (closesLambda) left_.insert(FedParser::PIPE);
    if (closesAngle) left_.insert(FedParser::GT);
    if (left_.empty() && nouns_.empty()) nouns_.emplace_back("an operator");
  }

  static std::string spell(std::size_t type) {
    switch (type) {
      case antlr4::Token::EOF: return "the end of the file";
      case FedParser::STRING: return "a string";
      case FedParser::INT: return "an integer";
      case FedParser::FLOAT: return "a number";
      case FedParser::LOWER_NAME:
      case FedParser::UPPER_NAME: return "a name";
      case FedParser::SCALAR: return "a scalar type";
      case FedParser::PLACE: return "`server` or `clients`";
      case FedParser::BLOCK_LBRACE: return "`{`";
      case FedParser::STATEMENT_IF: return "`if`";
      default: {
        const std::string literal = vocabulary().getLiteralName(type);
        return literal.size() > 2 ? fmt::format("`{}`", literal.substr(1, literal.size() - 2)) : "something else";
      }
    }
  }
  static antlr4::dfa::Vocabulary& vocabulary() {
    static FedParser parser(nullptr);
    static antlr4::dfa::Vocabulary all = parser.getVocabulary();
    return all;
  }

  const antlr4::RuleContext* context_;
  std::set<std::size_t> left_;
  std::vector<std::string> nouns_;
};

}  // namespace

IntervalSet expectedAfter(antlr4::Parser* parser, std::size_t state, antlr4::RuleContext* context, const antlr4::Token* start,
                          const antlr4::Token* offending) {
  Simulation simulation(parser->getATN());
  simulation.start(state, context);
  antlr4::TokenStream* tokens = parser->getTokenStream();
  for (std::size_t i = start->getTokenIndex(); i < offending->getTokenIndex(); ++i) simulation.step(tokens->get(i)->getType());
  return simulation.expected();
}

IntervalSet expectedWith(antlr4::Parser* parser, std::size_t inserted) {
  Simulation simulation(parser->getATN());
  simulation.start(parser->getState(), parser->getContext());
  simulation.step(inserted);
  return simulation.expected();
}

std::string describeExpected(const IntervalSet& expected, const antlr4::RuleContext* context) { return Describer(expected, context).run(); }

std::string describeContext(const antlr4::RuleContext* context) {
  for (; context != nullptr; context = static_cast<const antlr4::RuleContext*>(context->parent)) {
    if (dynamic_cast<const FedParser::CallOperationContext*>(context) != nullptr) return " in this call";
    if (dynamic_cast<const FedParser::IndexOperationContext*>(context) != nullptr) return " in these brackets";
    if (dynamic_cast<const FedParser::TuplePrimaryContext*>(context) != nullptr) return " in these parentheses";
    if (dynamic_cast<const FedParser::ArrayPrimaryContext*>(context) != nullptr) return " in this array";
    if (dynamic_cast<const FedParser::StructPrimaryContext*>(context) != nullptr) return " in this struct literal";
    switch (context->getRuleIndex()) {
      case FedParser::RuleStructItem: return " in this struct";
      case FedParser::RuleSignature: return " in this signature";
      case FedParser::RuleUseItem: return " in this `use`";
      case FedParser::RuleParamItem: return " in this `param`";
      case FedParser::RuleRunItem: return " in this `run` block";
      case FedParser::RuleBudgetItem: return " in this budget";
      case FedParser::RuleNativeItem: return " in this native function";
      case FedParser::RuleDerivativeItem: return " in this derivative";
      case FedParser::RuleTestItem: return " in this test";
      case FedParser::RuleDimensions: return " in these brackets";
      case FedParser::RuleNamedType:
      case FedParser::RuleTypeParameters: return " in these type arguments";
      case FedParser::RuleLambda: return " in this lambda";
      case FedParser::RuleBinding: return " in this declaration";
      case FedParser::RuleBlock:
      case FedParser::RuleGroup: return "";
      default: break;
    }
  }
  return "";
}

std::string describeFound(const antlr4::Token& token, std::string_view text) {
  if (token.getType() == antlr4::Token::EOF) return "the end of the file";
  if (token.getType() == FedParser::STRING && text.size() > 24) return "a string";
  return fmt::format("`{}`", text);
}

bool beginsExpression(std::size_t type) {
  return std::find(std::begin(kExpressionStarts), std::end(kExpressionStarts), type) != std::end(kExpressionStarts) ||
         std::find(std::begin(kSoftKeywords), std::end(kSoftKeywords), type) != std::end(kSoftKeywords);
}

}  // namespace fedc::syntax
