#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tests/random/generator.h"

/// Statements, blocks, lambdas, functions and structs of random programs.
namespace fedc::random {

std::string Generator::let(const Type& type, const std::string& value, bool assignable) {
  const std::string name = fresh("v");
  scope_.statements->push_back(fmt::format("{} {}: {} = {};", assignable ? "var" : "let", name, text(type), value));
  scope_.variables.push_back({name, type, assignable});
  return name;
}

std::string Generator::block(const Make& value) {
  const Scope outer = scope_;
  std::vector<std::string> statements;
  scope_.statements = &statements;
  std::string last = value();
  scope_ = outer;
  if (!last.empty()) statements.push_back(std::move(last));
  return fmt::format("{{ {} }}", fmt::join(statements, " "));
}

std::string Generator::lambda(const std::vector<Type>& params, const Make& body, const std::string& key) {
  const Scope outer = scope_;
  std::vector<std::string> heads;
  for (Variable& v : scope_.variables) v.assignable = false;
  for (const Type& type : params) {
    const std::string name = fresh("x");
    heads.push_back(fmt::format("{}: {}", name, text(type)));
    scope_.variables.push_back({name, type, false});
  }
  if (!key.empty()) {
    heads.push_back(key + ": key");
    scope_.key = key;
  }
  const std::string inner = block(body);
  scope_ = outer;
  return fmt::format("|{}| {}", fmt::join(heads, ", "), inner);
}

void Generator::statements(int most) {
  const int n = static_cast<int>(choices_.below(static_cast<std::uint32_t>(most) + 1));
  for (int i = 0; i < n; ++i) choices_.part([&] { statement(); });
}

void Generator::statement() {
  auto& out = *scope_.statements;
  const bool hasVar = std::any_of(scope_.variables.begin(), scope_.variables.end(), [](const Variable& v) { return v.assignable; });
  switch (fuel_ <= 0 ? 0 : choices_.below(hasVar ? 13 : 8)) {
    case 0: return;
    case 1:
    case 2: {
      const Type type = someType();
      let(type, expression(type));
      return;
    }
    case 3:
    case 4: {
      const Type type = someType();
      let(type, expression(type), true);
      return;
    }
    case 5: {
      const Type a = someType(), b = someType();
      const std::string x = fresh("p"), y = fresh("p");
      const std::string pair = expression(Type::tuple({a, b}));
      out.push_back(fmt::format("let ({}, {}): {} = {};", x, y, text(Type::tuple({a, b})), pair));
      scope_.variables.push_back({x, a, false});
      scope_.variables.push_back({y, b, false});
      return;
    }
    case 6: {
      const std::string c = expression(Type::scalar(Elem::Bool));
      if (risky_ && choices_.chance(25)) {
        out.push_back(fmt::format("assert({}, \"as it was drawn\");", c));
      } else {
        out.push_back(fmt::format("assert(({}) || !false, \"never\");", c));
      }
      return;
    }
    case 7: {
      // A local function.
      const Type from = someType(), to = someType();
      const std::string f = fresh("local");
      out.push_back(fmt::format("let {} = {};", f, lambda({from}, [&] { return expression(to); })));
      let(to, fmt::format("{}({})", f, expression(from)));
      return;
    }
    case 8:
    case 9: return assignment();
    case 10:
    case 11: return rangeLoop();
    default: return branch();
  }
}

void Generator::assignment() {
  std::vector<Variable> targets;
  for (const Variable& v : scope_.variables)
    if (v.assignable) targets.push_back(v);
  const Variable target = oneOf(targets);
  std::string path = target.name;
  Type type = target.type;
  for (int step = 0; step < 3 && choices_.chance(40); ++step) {
    if (type.kind == Type::Kind::Struct || type.kind == Type::Kind::Tuple) {
      const std::size_t i = choices_.below(static_cast<std::uint32_t>(type.items.size()));
      path += "." + (type.kind == Type::Kind::Tuple ? std::to_string(i) : type.fields[i]);
      const Type inner = type.items[i];
      type = inner;
    } else if (const auto rows = leading(type); rows && !(rows->extent.isNumber() && rows->extent.number == 0)) {
      if (type.isTensor() && rows->extent.isNumber() && choices_.chance(25)) {
        const std::int64_t from = choices_.below(static_cast<std::uint32_t>(rows->extent.number));
        path += fmt::format("[{}..]", from);
        type = rowsOf(rows->element, rows->extent.number - from);
        break;
      }
      path += fmt::format("[{}]", position(rows->extent));
      type = rows->element;
      // One index may stand behind another, but not behind a field of what was indexed.
      break;
    } else {
      break;
    }
  }
  std::string op = "=";
  if (const auto elem = commonElem(type); elem && *elem != Elem::Bool && choices_.chance(60)) {
    op = core::isInteger(*elem) ? oneOf({"+=", "-=", "*="}) : oneOf({"+=", "-=", "*=", "/="});
    if (core::isInteger(*elem) && type.isTensor() && choices_.chance(20)) op = oneOf({"&=", "|=", "^="});
  }
  scope_.statements->push_back(fmt::format("{} {} {};", path, op, expression(type)));
}

void Generator::rangeLoop() {
  const auto assign = [&] {
    statements(2);
    assignment();
    return std::string();
  };
  // Over the rows of something, or over numbers.
  std::vector<Variable> arrays;
  for (const Variable& v : scope_.variables)
    if (leading(v.type)) arrays.push_back(v);
  const Scope outer = scope_;
  if (!arrays.empty() && choices_.chance(30)) {
    const Variable rows = oneOf(arrays);
    const std::string e = fresh("e");
    scope_.variables.push_back({e, leading(rows.type)->element, false});
    const std::string body = block(assign);
    scope_ = outer;
    scope_.statements->push_back(fmt::format("for {} in {} {}", e, rows.name, body));
    return;
  }
  const std::string i = fresh("j");
  std::string to = std::to_string(choices_.below(5));
  if (!scope_.mapped && choices_.chance(30)) to = fmt::format("abs({}) % 5", expression(Type::scalar(Elem::I32)));
  scope_.variables.push_back({i, Type::scalar(Elem::I32), false});
  if (!scope_.key.empty()) {
    const std::string k = fresh("k");
    const std::string folded = fmt::format("let {} = fold_in({}, {});", k, scope_.key, i);
    scope_.key = k;
    const std::string body = block([&] {
      scope_.statements->push_back(folded);
      return assign();
    });
    scope_ = outer;
    scope_.statements->push_back(fmt::format("for {} in 0..{} {}", i, to, body));
    return;
  }
  const std::string body = block(assign);
  scope_ = outer;
  scope_.statements->push_back(fmt::format("for {} in 0..{} {}", i, to, body));
}

void Generator::branch() {
  const auto assign = [&] {
    statements(1);
    assignment();
    return std::string();
  };
  const std::string c = expression(Type::scalar(Elem::Bool));
  std::string made = fmt::format("if ({}) {}", c, block(assign));
  if (choices_.chance(40)) made += fmt::format(" else if ({}) {}", expression(Type::scalar(Elem::Bool)), block(assign));
  if (choices_.chance(50)) made += fmt::format(" else {}", block(assign));
  scope_.statements->push_back(made);
}

std::string Generator::item(const Function& function, const std::vector<std::string>& params, const std::string& result, const std::string& body) {
  return fmt::format("fn {}({}) -> {} {}", function.name, fmt::join(params, ", "), result, body);
}

Function Generator::makeFunction(const Type& result, std::vector<Type> params, const std::string& size, bool data) {
  const Scope outer = scope_;
  const int outerFuel = fuel_, outerDepth = depth_;
  Function f;
  f.name = fresh(data ? "work" : "fn");
  f.params = std::move(params);
  f.result = result;
  f.size = size;
  f.differentiable = outer.differentiable || (!data && choices_.chance(40));
  f.mapped = outer.mapped || (!data && choices_.chance(40));
  f.takesKey = data || choices_.chance(20);
  ++functionDepth_;
  fuel_ = std::min(outerFuel, data ? 40 : 14);
  const int given = fuel_;
  depth_ = 0;
  scope_ = {};
  scope_.differentiable = f.differentiable;
  scope_.mapped = f.mapped;
  scope_.variables = params_;
  std::vector<std::string> heads;
  if (data) {
    scope_.sequences.push_back({"data", example_});
    heads.push_back(fmt::format("data: {}*", text(example_)));
  }
  if (!size.empty()) scope_.variables.push_back({size, Type::scalar(Elem::I32), false});
  for (const Type& type : f.params) {
    const std::string name = fresh("a");
    heads.push_back(fmt::format("{}: {}", name, text(type)));
    scope_.variables.push_back({name, type, false});
  }
  if (f.takesKey) {
    heads.emplace_back("k: key");
    scope_.key = "k";
  }
  const std::string body = block([&] {
    statements(data ? 4 : 2);
    return expression(result);
  });
  items_.push_back(item(f, heads, text(result), body));
  fuel_ = outerFuel - (given - fuel_);
  depth_ = outerDepth;
  scope_ = outer;
  --functionDepth_;
  if (!data) functions_.push_back(f);
  return f;
}

const Function& Generator::someFunction(const Type& want, const std::vector<Type>& given) {
  std::vector<std::size_t> fitting;
  for (std::size_t i = 0; i < functions_.size(); ++i) {
    const Function& f = functions_[i];
    if (f.result == want && f.size.empty() && (f.differentiable || !scope_.differentiable) && (f.mapped || !scope_.mapped) && given.empty())
      fitting.push_back(i);
  }
  if (!fitting.empty() && choices_.chance(50)) return functions_[oneOf(fitting)];
  std::vector<Type> params = given;
  for (std::uint32_t i = 0, n = given.empty() ? 1 + choices_.below(2) : choices_.below(2); i < n; ++i)
    params.push_back(someType(scope_.differentiable));
  makeFunction(want, std::move(params), "");
  return functions_.back();
}

std::string Generator::call(const Function& function, const std::vector<std::string>& given, const Size& size) {
  const Function f = function;
  std::vector<std::string> arguments = given;
  for (std::size_t i = given.size(); i < f.params.size(); ++i) {
    arguments.push_back(expression(f.size.empty() ? f.params[i] : replaced(f.params[i], Size(f.size), size)));
  }
  if (f.takesKey) arguments.push_back(key());
  return fmt::format("{}({})", f.name, fmt::join(arguments, ", "));
}

void Generator::makeStructs() {
  for (std::uint32_t i = 0, n = 1 + choices_.below(3); i < n; ++i) {
    choices_.part([&] {
      Struct s;
      s.type.kind = Type::Kind::Struct;
      s.type.name = s.type.literal = fmt::format("S{}", i);
      const bool vector = choices_.chance(70);
      const Elem elem = vector ? someFloat() : Elem::F32;
      std::vector<std::string> fields;
      for (std::uint32_t f = 0, m = 1 + choices_.below(3); f < m; ++f) {
        s.type.fields.push_back(std::string(1, static_cast<char>('a' + f)));
        if (!structs_.empty() && choices_.chance(20) && (!vector || isVector(structs_.back().type))) {
          s.type.items.push_back(structs_.back().type);
        } else {
          s.type.items.push_back(someTensor(vector ? elem : someElem()));
        }
        fields.push_back(s.type.fields.back() + ": " + text(s.type.items.back()));
      }
      items_.push_back(fmt::format("struct {} {{ {} }}", s.type.name, fmt::join(fields, ", ")));
      structs_.push_back(std::move(s));
    });
  }
  choices_.part([&] {
    if (!choices_.chance(40)) return;
    items_.emplace_back("struct Pair<A, B> { first: A, second: B }");
    Struct s;
    s.type.kind = Type::Kind::Struct;
    s.type.literal = "Pair";
    s.type.fields = {"first", "second"};
    s.type.items = {someTensor(someElem()), someTensor(someElem(), 1)};
    s.type.name = fmt::format("Pair<{}, {}>", text(s.type.items[0]), text(s.type.items[1]));
    structs_.push_back(std::move(s));
  });
  choices_.part([&] {
    if (!choices_.chance(40)) return;
    items_.emplace_back("struct Layer<i, o> { w: f32[i, o], b: f32[o] }");
    Struct s;
    const Size i = oneOf(palette_), o = oneOf(palette_);
    s.type.kind = Type::Kind::Struct;
    s.type.literal = "Layer";
    s.type.fields = {"w", "b"};
    s.type.items = {Type::tensor(Elem::F32, {i, o}), Type::tensor(Elem::F32, {o})};
    s.type.name = fmt::format("Layer<{}, {}>", i.text(), o.text());
    structs_.push_back(std::move(s));
  });
}

}  // namespace fedc::random
