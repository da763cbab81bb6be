#include <fmt/format.h>

#include "compiler/syntax/builder.h"
#include "compiler/syntax/literals.h"

namespace fedc::syntax {

using namespace ast;

namespace {

bool isUpper(std::string_view name) {
  const std::size_t first = name.find_first_not_of('_');
  return first != std::string_view::npos && name[first] >= 'A' && name[first] <= 'Z';
}

}  // namespace

Span Builder::span(antlr4::Token* token) const { return spanOf(file_.id(), *token); }
Span Builder::span(antlr4::tree::TerminalNode* node) const { return span(node->getSymbol()); }
Span Builder::span(antlr4::ParserRuleContext* context) const { return join(span(context->getStart()), span(context->getStop())); }

Name Builder::name(antlr4::ParserRuleContext* context) const { return {std::string(text(span(context))), span(context)}; }
Name Builder::name(antlr4::tree::TerminalNode* node) const { return {std::string(text(span(node))), span(node)}; }

Name Builder::bindingName(Parser::BindingNameContext* context) {
  if (context->reserved() != nullptr) sink_.report(reservedWordError(file_, span(context)));
  return name(context);
}

std::string Builder::docBefore(antlr4::ParserRuleContext* context) const {
  const auto found = tokens_.docs.find(span(context->getStart()).begin);
  return found == tokens_.docs.end() ? std::string() : found->second;
}

Place Builder::placeOf(std::string_view text) { return text == "server" ? Place::Server : Place::Clients; }

std::unique_ptr<Module> Builder::module(Parser::ModuleContext* context) {
  auto result = std::make_unique<Module>();
  result->file = file_.id();
  for (Parser::ItemContext* child : context->item()) {
    if (child->exception != nullptr) continue;
    ItemPtr built = item(child);
    built->doc = docBefore(child);
    result->items.push_back(std::move(built));
  }
  result->nodeCount = nextId_;
  return result;
}

ItemPtr Builder::item(Parser::ItemContext* context) {
  if (auto* use = context->useItem()) return useItem(use);
  if (auto* param = context->paramItem()) return paramItem(param);
  if (auto* run = context->runItem()) return runItem(run);
  if (auto* policy = context->policyItem()) return policyItem(policy);
  if (auto* budget = context->budgetItem()) return budgetItem(budget);
  if (auto* record = context->structItem()) return structItem(record);
  if (auto* function = context->functionItem()) return functionItem(function);
  if (auto* native = context->nativeItem()) return nativeItem(native);
  if (auto* derivative = context->derivativeItem()) return derivativeItem(derivative);
  if (auto* test = context->testItem()) return testItem(test);
  return letItem(context->letItem());
}

ItemPtr Builder::useItem(Parser::UseItemContext* context) {
  auto result = make<UseItem>(span(context));
  for (auto* part : context->modulePath()->name()) result->path.push_back(name(part));
  if (auto* names = context->useNames()) {
    result->names.emplace();
    for (auto* part : names->name()) result->names->push_back(name(part));
  }
  requireSemicolon(context->SEMI() != nullptr, context, "`use`");
  return result;
}

ItemPtr Builder::paramItem(Parser::ParamItemContext* context) {
  auto result = make<ParamItem>(span(context));
  result->name = bindingName(context->bindingName());
  if (auto* written = context->type()) {
    result->type = type(written);
  } else {
    sink_.report(Diagnostic(Code::MissingType, result->name.span, fmt::format("`param {}` needs a type", result->name.text))
                     .help(Fix::insert(result->name.span.stop(), ": f32", "for example")));
  }
  if (auto* value = context->expression()) {
    result->value = expression(value);
  } else {
    const Span after = context->type() != nullptr ? span(context->type()).stop() : result->name.span.stop();
    sink_.report(Diagnostic(Code::MissingDefault, result->name.span, fmt::format("`param {}` needs a value", result->name.text))
                     .note("the command line may give another one: `-p name=value`")
                     .help(Fix::insert(after, " = 1", "for example")));
  }
  requireSemicolon(context->SEMI() != nullptr, context, "`param`");
  return result;
}

ItemPtr Builder::runItem(Parser::RunItemContext* context) {
  auto result = make<RunItem>(span(context));
  for (auto* entry : context->runEntry()) result->entries.push_back({name(entry->name()), expression(entry->expression())});
  return result;
}

ItemPtr Builder::policyItem(Parser::PolicyItemContext* context) {
  auto result = make<PolicyItem>(span(context));
  result->name = name(context->name());
  requireSemicolon(context->SEMI() != nullptr, context, "`policy`");
  return result;
}

ItemPtr Builder::budgetItem(Parser::BudgetItemContext* context) {
  auto result = make<BudgetItem>(span(context));
  for (auto* entry : context->budgetEntry()) {
    BudgetEntry built;
    built.name = name(entry->name(0));
    const Span amount = span(entry->amount);
    if (entry->INT() != nullptr) {
      built.amount = makeInt(amount);
    } else {
      auto number = make<FloatExpr>(amount);
      if (auto value = parseFloat(text(amount), amount, sink_)) {
        number->value = value->value;
        number->text = std::move(value->text);
      }
      built.amount = std::move(number);
    }
    if (entry->unit != nullptr) built.unit = name(entry->unit);
    result->entries.push_back(std::move(built));
  }
  return result;
}

ItemPtr Builder::structItem(Parser::StructItemContext* context) {
  auto result = make<StructItem>(span(context));
  result->name = bindingName(context->bindingName());
  if (!isUpper(result->name.text) && context->bindingName()->reserved() == nullptr) {
    std::string proper = result->name.text;
    proper[0] = static_cast<char>(proper[0] >= 'a' && proper[0] <= 'z' ? proper[0] - 'a' + 'A' : proper[0]);
    Diagnostic diagnostic(Code::LowerCaseType, result->name.span, fmt::format("the struct `{}` begins in lower case", result->name.text));
    diagnostic.notes.emplace_back("types begin with a capital, values and dimensions in lower case");
    if (isUpper(proper)) diagnostic.fix = Fix::replace(result->name.span, proper, "write it with a capital");
    sink_.report(std::move(diagnostic));
  }
  if (auto* parameters = context->typeParameters()) result->parameters = typeParameters(parameters);
  for (auto* field : context->structField()) {
    result->fields.push_back({docBefore(field), bindingName(field->bindingName()), type(field->type())});
  }
  return result;
}

std::vector<TypeParameter> Builder::typeParameters(Parser::TypeParametersContext* context) {
  std::vector<TypeParameter> result;
  for (auto* parameter : context->typeParameter()) {
    TypeParameter built;
    built.name = bindingName(parameter->bindingName());
    built.isDimension = !isUpper(built.name.text);
    for (auto* bound : parameter->name()) built.bounds.push_back(name(bound));
    if (built.isDimension && !built.bounds.empty()) {
      sink_.report(Diagnostic(Code::LowerCaseType, built.name.span, fmt::format("`{}` is a dimension and has no bounds", built.name.text))
                       .note("a type parameter begins with a capital, a dimension in lower case"));
    }
    result.push_back(std::move(built));
  }
  return result;
}

Parameter Builder::parameter(Parser::ParameterContext* context) {
  Parameter result;
  result.span = span(context);
  result.name = context->bindingName() != nullptr ? bindingName(context->bindingName()) : name(context->UNDERSCORE());
  if (auto* written = context->type()) {
    result.type = type(written);
  } else {
    sink_.report(Diagnostic(Code::MissingType, result.name.span, fmt::format("parameter `{}` needs a type", result.name.text))
                     .note("only the parameters of a lambda may leave it out"));
  }
  if (auto* value = context->expression()) result.value = expression(value);
  return result;
}

Signature Builder::signature(Parser::SignatureContext* context) {
  Signature result;
  result.span = span(context);
  result.name = bindingName(context->bindingName());
  if (auto* parameters = context->typeParameters()) result.typeParameters = typeParameters(parameters);
  for (auto* part : context->parameter()) result.parameters.push_back(parameter(part));
  if (auto* written = context->type()) result.result = type(written);
  return result;
}

ItemPtr Builder::functionItem(Parser::FunctionItemContext* context) {
  auto result = make<FunctionItem>(span(context));
  result->signature = signature(context->signature());
  result->body = block(context->block());
  return result;
}

ItemPtr Builder::nativeItem(Parser::NativeItemContext* context) {
  auto result = make<NativeItem>(span(context));
  result->function.signature = signature(context->signature());
  result->symbolSpan = span(context->STRING());
  result->symbol = parseString(text(result->symbolSpan), result->symbolSpan, sink_);
  requireSemicolon(context->SEMI() != nullptr, context, "`native fn`");
  return result;
}

ItemPtr Builder::derivativeItem(Parser::DerivativeItemContext* context) {
  auto result = make<DerivativeItem>(span(context));
  result->function = name(context->name());
  for (auto* parameter : context->bindingName()) result->parameters.push_back(bindingName(parameter));
  result->value = expression(context->expression());
  requireSemicolon(context->SEMI() != nullptr, context, "`derivative of`");
  return result;
}

ItemPtr Builder::testItem(Parser::TestItemContext* context) {
  auto result = make<TestItem>(span(context));
  result->nameSpan = span(context->STRING());
  result->name = parseString(text(result->nameSpan), result->nameSpan, sink_);
  result->body = block(context->block());
  return result;
}

ItemPtr Builder::letItem(Parser::LetItemContext* context) {
  auto result = make<LetItem>(span(context));
  auto* binding = context->binding();
  result->pattern = pattern(binding->pattern());
  if (auto* written = binding->type()) result->type = type(written);
  result->value = expression(binding->expression());
  requireSemicolon(context->SEMI() != nullptr, context, "`let`");
  return result;
}

}  // namespace fedc::syntax
