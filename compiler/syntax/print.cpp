#include "compiler/syntax/print.h"

#include <fmt/format.h>
#include <vector>

namespace fedc::syntax {

using namespace ast;

namespace {

constexpr std::size_t kLineWidth = 120;

/// A node of the printed tree: an atom (no children), or `(text child…)`.
struct Tree {
  std::string text;
  std::vector<Tree> children;
  bool isList = false;
};

Tree atom(std::string text) { return {std::move(text), {}, false}; }
Tree list(std::string head, std::vector<Tree> children = {}) { return {std::move(head), std::move(children), true}; }

std::string quoted(std::string_view bytes) {
  std::string result = "\"";
  for (const char c : bytes) {
    if (c == '"' || c == '\\')
      result += std::string("\\") + c;
    else if (c == '\n')
      result += "\\n";
    else if (c == '\r')
      result += "\\r";
    else if (c == '\t')
      result += "\\t";
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      result += fmt::format("\\x{:02x}", static_cast<unsigned>(c));
    else
      result += c;
  }
  return result + "\"";
}

std::string dotted(const std::vector<Name>& path, const std::string& name) {
  std::string result;
  for (const Name& part : path) result += part.text + ".";
  return result + name;
}

Tree tree(const Expr& expr);
Tree tree(const TypeExpr& type);
Tree tree(const Pattern& pattern);
Tree tree(const Stmt& stmt);
Tree tree(const Block& block, const char* head);

template <class Nodes>
std::vector<Tree> trees(const Nodes& nodes) {
  std::vector<Tree> result;
  for (const auto& node : nodes) result.push_back(tree(*node));
  return result;
}

std::vector<Tree> names(const std::vector<Name>& all) {
  std::vector<Tree> result;
  for (const Name& name : all) result.push_back(atom(name.text));
  return result;
}

const char* spellingOf(Place place) { return place == Place::Server ? "server" : "clients"; }

Tree tree(const TypeExpr& type) {
  switch (type.kind) {
    case TypeKind::Scalar: return atom(spelling(as<ScalarType>(type).scalar));
    case TypeKind::Named: {
      const auto& named = as<NamedType>(type);
      if (named.arguments.empty()) return atom(dotted(named.path, named.name.text));
      Tree result = list(dotted(named.path, named.name.text));
      for (const TypeArgument& argument : named.arguments) {
        result.children.push_back(argument.type ? tree(*argument.type) : list("dim", {tree(*argument.dimension)}));
      }
      return result;
    }
    case TypeKind::Tuple: return list("tuple", trees(as<TupleType>(type).elements));
    case TypeKind::Array: {
      const auto& array = as<ArrayType>(type);
      Tree result = list("array", {tree(*array.element)});
      for (const Dimension& dimension : array.dimensions) result.children.push_back(dimension.value ? tree(*dimension.value) : atom("?"));
      return result;
    }
    case TypeKind::Sequence: return list("sequence", {tree(*as<SequenceType>(type).element)});
    case TypeKind::Function: {
      const auto& function = as<FunctionType>(type);
      return list("->", {list("", trees(function.parameters)), tree(*function.result)});
    }
    case TypeKind::Placed: return list(fmt::format("at-{}", spellingOf(as<PlacedType>(type).place)), {tree(*as<PlacedType>(type).inner)});
    case TypeKind::PerClient: return list("per-client", {tree(*as<PerClientType>(type).inner)});
  }
  return atom("?");
}

Tree tree(const Pattern& pattern) {
  switch (pattern.kind) {
    case PatternKind::Name: return atom(as<NamePattern>(pattern).name.text);
    case PatternKind::Wildcard: return atom("_");
    case PatternKind::Tuple: return list("tuple", trees(as<TuplePattern>(pattern).elements));
    case PatternKind::Array: return list("array", trees(as<ArrayPattern>(pattern).elements));
  }
  return atom("?");
}

Tree tree(const Block& block, const char* head) {
  Tree result = list(head, trees(block.statements));
  if (block.result) result.children.push_back(list("result", {tree(*block.result)}));
  return result;
}

Tree fieldsOf(const StructExpr& literal) {
  Tree result = list(fmt::format("struct {}", dotted(literal.path, literal.name.text)));
  for (const FieldValue& field : literal.fields) {
    result.children.push_back(field.value ? list(field.name.text + ":", {tree(*field.value)}) : atom(field.name.text));
  }
  if (literal.base) result.children.push_back(list("..", {tree(*literal.base)}));
  return result;
}

Tree branchesOf(const IfExpr& choice) {
  Tree result = list("if");
  for (const IfBranch& branch : choice.branches) {
    result.children.push_back(tree(*branch.condition));
    result.children.push_back(tree(branch.block, "then"));
  }
  if (choice.otherwise) result.children.push_back(tree(*choice.otherwise, "else"));
  return result;
}

Tree lambdaTree(const LambdaExpr& lambda) {
  Tree parameters = list("");
  for (const LambdaParameter& parameter : lambda.parameters) {
    Tree pattern = tree(*parameter.pattern);
    parameters.children.push_back(parameter.type ? list(":", {std::move(pattern), tree(*parameter.type)}) : std::move(pattern));
  }
  return list("lambda", {std::move(parameters), tree(*lambda.body)});
}

Tree tree(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::Int: return atom(std::to_string(as<IntExpr>(expr).value));
    case ExprKind::Float: return atom(as<FloatExpr>(expr).text);
    case ExprKind::Bool: return atom(as<BoolExpr>(expr).value ? "true" : "false");
    case ExprKind::String: return atom(quoted(as<StringExpr>(expr).value));
    case ExprKind::Name: return atom(as<NameExpr>(expr).name);
    case ExprKind::Wildcard: return atom("_");
    case ExprKind::Tuple: return list("tuple", trees(as<TupleExpr>(expr).elements));
    case ExprKind::Array: return list("array", trees(as<ArrayExpr>(expr).elements));
    case ExprKind::Struct: return fieldsOf(as<StructExpr>(expr));
    case ExprKind::Block: return tree(as<BlockExpr>(expr).block, "block");
    case ExprKind::If: return branchesOf(as<IfExpr>(expr));
    case ExprKind::Lambda: return lambdaTree(as<LambdaExpr>(expr));
    case ExprKind::Call: {
      const auto& call = as<CallExpr>(expr);
      Tree result = list("call", {tree(*call.callee)});
      for (const Argument& argument : call.arguments) {
        result.children.push_back(argument.name ? list(argument.name->text + " =", {tree(*argument.value)}) : tree(*argument.value));
      }
      return result;
    }
    case ExprKind::Field: return list(".", {tree(*as<FieldExpr>(expr).object), atom(as<FieldExpr>(expr).name.text)});
    case ExprKind::TupleField: {
      const auto& field = as<TupleFieldExpr>(expr);
      return list(".", {tree(*field.object), atom(std::to_string(field.index))});
    }
    case ExprKind::Index: {
      const auto& index = as<IndexExpr>(expr);
      Tree result = list("index", {tree(*index.object)});
      for (const IndexItem& item : index.items) result.children.push_back(item.value ? tree(*item.value) : atom(":"));
      return result;
    }
    case ExprKind::Unary: return list(spelling(as<UnaryExpr>(expr).op), {tree(*as<UnaryExpr>(expr).operand)});
    case ExprKind::Binary: {
      const auto& binary = as<BinaryExpr>(expr);
      return list(spelling(binary.op), {tree(*binary.left), tree(*binary.right)});
    }
    case ExprKind::Range: {
      const auto& range = as<RangeExpr>(expr);
      return list("..", {range.low ? tree(*range.low) : atom("_"), range.high ? tree(*range.high) : atom("_")});
    }
    case ExprKind::As: return list("as", {tree(*as<AsExpr>(expr).value), tree(*as<AsExpr>(expr).type)});
  }
  return atom("?");
}

/// `let`, `var`, at the top or in a block.
Tree bindingTree(const char* head, const Pattern& pattern, const TypeExpr* type, const Expr& value) {
  Tree bound = tree(pattern);
  if (type != nullptr) bound = list(":", {std::move(bound), tree(*type)});
  return list(head, {std::move(bound), tree(value)});
}

Tree tree(const Stmt& stmt) {
  switch (stmt.kind) {
    case StmtKind::Let: {
      const auto& let = as<LetStmt>(stmt);
      return bindingTree("let", *let.pattern, let.type.get(), *let.value);
    }
    case StmtKind::Var: {
      const auto& var = as<VarStmt>(stmt);
      return bindingTree("var", *var.pattern, var.type.get(), *var.value);
    }
    case StmtKind::Assign: {
      const auto& assign = as<AssignStmt>(stmt);
      return list(assign.op ? fmt::format("{}=", spelling(*assign.op)) : "=", {tree(*assign.target), tree(*assign.value)});
    }
    case StmtKind::For: {
      const auto& loop = as<ForStmt>(stmt);
      return list("for", {tree(*loop.pattern), tree(*loop.items), tree(loop.body, "do")});
    }
    case StmtKind::Expr: return list("do", {tree(*as<ExprStmt>(stmt).expr)});
  }
  return atom("?");
}

Tree typeParametersTree(const std::vector<TypeParameter>& parameters) {
  Tree result = list("generic");
  for (const TypeParameter& parameter : parameters) {
    result.children.push_back(parameter.bounds.empty() ? atom(parameter.name.text) : list(parameter.name.text + ":", names(parameter.bounds)));
  }
  return result;
}

void addSignature(Tree& result, const Signature& signature) {
  if (!signature.typeParameters.empty()) result.children.push_back(typeParametersTree(signature.typeParameters));
  Tree parameters = list("parameters");
  for (const Parameter& parameter : signature.parameters) {
    Tree built = list(parameter.name.text + ":");
    if (parameter.type) built.children.push_back(tree(*parameter.type));
    if (parameter.value) built.children.push_back(list("=", {tree(*parameter.value)}));
    parameters.children.push_back(std::move(built));
  }
  result.children.push_back(std::move(parameters));
  if (signature.result) result.children.push_back(list("returns", {tree(*signature.result)}));
}

Tree structTree(const StructItem& item) {
  Tree result = list(fmt::format("struct {}", item.name.text));
  if (!item.parameters.empty()) result.children.push_back(typeParametersTree(item.parameters));
  for (const StructField& field : item.fields) {
    Tree built = list(field.name.text + ":", {tree(*field.type)});
    if (!field.doc.empty()) built.children.push_back(list("doc", {atom(quoted(field.doc))}));
    result.children.push_back(std::move(built));
  }
  return result;
}

Tree budgetTree(const BudgetItem& item) {
  Tree result = list("budget");
  for (const BudgetEntry& entry : item.entries) {
    Tree built = list(entry.name.text + ":", {tree(*entry.amount)});
    if (entry.unit) built.children.push_back(atom(entry.unit->text));
    result.children.push_back(std::move(built));
  }
  return result;
}

Tree bodyOf(const Item& item) {
  switch (item.kind) {
    case ItemKind::Use: {
      const auto& use = as<UseItem>(item);
      Tree result = list("use", {atom(dotted({use.path.begin(), use.path.end() - 1}, use.path.back().text))});
      if (use.names) result.children.push_back(list("names", names(*use.names)));
      return result;
    }
    case ItemKind::Param: {
      const auto& param = as<ParamItem>(item);
      Tree result = list(fmt::format("param {}", param.name.text));
      if (param.type) result.children.push_back(tree(*param.type));
      if (param.value) result.children.push_back(tree(*param.value));
      return result;
    }
    case ItemKind::Run: {
      Tree result = list("run");
      for (const RunEntry& entry : as<RunItem>(item).entries) result.children.push_back(list(entry.name.text + " =", {tree(*entry.value)}));
      return result;
    }
    case ItemKind::Policy: return list("policy", {atom(as<PolicyItem>(item).name.text)});
    case ItemKind::Budget: return budgetTree(as<BudgetItem>(item));
    case ItemKind::Struct: return structTree(as<StructItem>(item));
    case ItemKind::Function: {
      const auto& function = as<FunctionItem>(item);
      Tree result = list(fmt::format("fn {}", function.signature.name.text));
      addSignature(result, function.signature);
      result.children.push_back(tree(function.body, "body"));
      return result;
    }
    case ItemKind::Native: {
      const auto& native = as<NativeItem>(item);
      Tree result = list(fmt::format("native fn {}", native.function.signature.name.text));
      addSignature(result, native.function.signature);
      result.children.push_back(list("symbol", {atom(quoted(native.symbol))}));
      return result;
    }
    case ItemKind::Derivative: {
      const auto& derivative = as<DerivativeItem>(item);
      return list(fmt::format("derivative {}", derivative.function.text), {list("", names(derivative.parameters)), tree(*derivative.value)});
    }
    case ItemKind::Test: return list(fmt::format("test {}", quoted(as<TestItem>(item).name)), {tree(as<TestItem>(item).body, "body")});
    case ItemKind::Let: {
      const auto& let = as<LetItem>(item);
      return bindingTree("let", *let.pattern, let.type.get(), *let.value);
    }
  }
  return atom("?");
}

Tree tree(const Item& item) {
  Tree result = bodyOf(item);
  if (!item.doc.empty()) result.children.insert(result.children.begin(), list("doc", {atom(quoted(item.doc))}));
  return result;
}

std::string flat(const Tree& node) {
  if (!node.isList) return node.text;
  std::string result = "(" + node.text;
  for (const Tree& child : node.children) {
    if (result.size() > 1) result += ' ';
    result += flat(child);
  }
  return result + ")";
}

/// A node on one line if it fits, else its children below it. `flat` is tried once a level: fine for bounded depth.
void layout(const Tree& node, std::size_t indent, std::string& out) {
  std::string line = flat(node);
  out.append(indent, ' ');
  if (!node.isList || node.children.empty() || indent + line.size() <= kLineWidth) {
    out += line;
    return;
  }
  out += "(" + node.text;
  for (const Tree& child : node.children) {
    out += "\n";
    layout(child, indent + 2, out);
  }
  out += ")";
}

}  // namespace

std::string print(const Module& module) {
  std::string result;
  for (const ItemPtr& item : module.items) {
    layout(tree(*item), 0, result);
    result += "\n";
  }
  return result;
}

std::string print(const Expr& expr) { return flat(tree(expr)); }
std::string print(const TypeExpr& type) { return flat(tree(type)); }
std::string print(const Pattern& pattern) { return flat(tree(pattern)); }

}  // namespace fedc::syntax
