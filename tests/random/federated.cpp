#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tests/random/generator.h"

/// Entries: what stands where, what crosses between clients and server, processes of several rounds.
namespace fedc::random {

Program Generator::make() {
  Program program;
  palette_.clear();
  for (int i = 0; i < 3; ++i) palette_.push_back(2 + static_cast<std::int64_t>(choices_.below(4)));
  risky_ = choices_.chance(12);
  fuel_ = 20 + static_cast<int>(choices_.below(100));
  program.seed = choices_.below(1000);
  std::vector<std::string> params;
  choices_.part([&] {
    if (choices_.chance(25)) {
      params.push_back(fmt::format("param rate: f32 = {};", oneOf({"0.5", "1.0", "0.1", "3.0"})));
      params_.push_back({"rate", Type::scalar(Elem::F32), false});
      if (choices_.chance(50)) program.params["rate"] = oneOf({"0.25", "2", "-1"});
    }
    if (choices_.chance(15)) {
      params.push_back(fmt::format("param width: i32 = {};", 1 + choices_.below(5)));
      params_.push_back({"width", Type::scalar(Elem::I32), false});
    }
    if (choices_.chance(15)) {
      params.emplace_back("param flag: bool = true;");
      params_.push_back({"flag", Type::scalar(Elem::Bool), false});
      if (choices_.chance(50)) program.params["flag"] = "false";
    }
  });
  makeStructs();
  example_ = choices_.part([&] { return makeExample(); });
  std::string entry;
  switch (choices_.below(10)) {
    case 0:
    case 1:
    case 2: entry = plainMain(program); break;
    case 3:
    case 4:
    case 5:
    case 6: entry = federatedMain(program); break;
    case 7:
    case 8: entry = process(program); break;
    default: entry = trained(program); break;
  }
  for (const auto& [module, names] : uses_) program.source += fmt::format("use {}.{{{}}};\n", module, fmt::join(names, ", "));
  for (const std::string& n : natives_) program.source += n + "\n";
  for (const std::string& p : params) program.source += p + "\n";
  for (const std::string& i : items_) program.source += i + "\n";
  program.source += entry + "\n";
  return program;
}

std::string Generator::plainMain(Program& program) {
  Function f;
  f.name = "main";
  std::vector<std::string> heads;
  scope_ = {};
  scope_.variables = params_;
  for (std::uint32_t i = 0, n = choices_.below(4); i < n; ++i) {
    choices_.part([&] {
      const Type type = someType();
      const std::string name = fresh("a");
      heads.push_back(fmt::format("{}: {}", name, text(type)));
      scope_.variables.push_back({name, type, false});
      arguments(name, type, program);
    });
  }
  if (choices_.chance(40)) {
    heads.emplace_back("k: key");
    scope_.key = "k";
  }
  Type result = someType();
  if (choices_.chance(50)) result = Type::tuple({result, someType()});
  const std::string body = block([&] {
    statements(5);
    return expression(result);
  });
  return item(f, heads, text(result), body);
}

Generator::Placed& Generator::bind(Body& body, Placed::At at, const Type& type, const std::string& value) {
  const std::string name = fresh(at == Placed::At::Server ? "s" : at == Placed::At::Clients ? "c" : "d");
  body.statements.push_back(fmt::format("let {} = {};", name, value));
  body.values.push_back({name, type, at});
  return body.values.back();
}

std::vector<Generator::Placed> Generator::at(const Body& body, Placed::At at) const {
  std::vector<Placed> out;
  for (auto v = body.values.rbegin(); v != body.values.rend(); ++v)
    if (v->at == at || (at == Placed::At::Clients && v->at == Placed::At::AllClients)) out.push_back(*v);
  return out;
}

std::string Generator::foldedKey(const Body& body) { return body.key ? fmt::format("fold_in(k, {})", names_++) : ""; }

std::string Generator::localCall(Body& body, Placed::At at, const Type& want) {
  const std::vector<Placed> values = this->at(body, at);
  std::vector<Type> params;
  std::vector<std::string> arguments;
  for (std::uint32_t i = 0, n = 1 + choices_.below(2); i < n && !values.empty(); ++i) {
    const Placed& v = oneOf(values);
    params.push_back(v.type);
    arguments.push_back(v.name);
  }
  const Function f = makeFunction(want, params, "");
  if (f.takesKey) {
    if (!body.key) {
      arguments.push_back(fmt::format("key({})", choices_.below(100)));
    } else {
      arguments.push_back(at == Placed::At::Server ? foldedKey(body) : fmt::format("federated_keys({})", foldedKey(body)));
    }
  }
  return fmt::format("{}({})", f.name, fmt::join(arguments, ", "));
}

void Generator::value(Body& body) {
  const Scope outer = scope_;
  scope_ = {};
  scope_.variables = params_;
  scope_.statements = &body.statements;
  const Type type = someType();
  const std::string v = let(type, literal(type));
  scope_ = outer;
  bind(body, Placed::At::Server, type, fmt::format("federated_value({}, server)", v));
}

void Generator::work(Body& body) {
  std::vector<Type> params;
  std::vector<std::string> arguments = {"data"};
  const std::vector<Placed> clients = at(body, Placed::At::Clients), server = at(body, Placed::At::Server);
  if (!clients.empty() && choices_.chance(40)) {
    const Placed& v = oneOf(clients);
    params.push_back(v.type);
    arguments.push_back(v.name);
  }
  if (!server.empty() && choices_.chance(60)) {
    const Placed& v = oneOf(server);
    params.push_back(v.type);
    arguments.push_back(fmt::format("federated_broadcast({})", v.name));
  }
  Type want = someType(choices_.chance(60));
  if (!allLeaves(want, core::isNumeric)) want = Type::scalar(Elem::F32);
  const Function f = makeFunction(want, params, "", true);
  arguments.push_back(body.key ? fmt::format("federated_keys({})", foldedKey(body)) : fmt::format("key({})", choices_.below(100)));
  bind(body, Placed::At::Clients, want, fmt::format("{}({})", f.name, fmt::join(arguments, ", ")));
}

void Generator::aggregate(Body& body) {
  using At = Placed::At;
  if (at(body, At::Clients).empty()) choices_.part([&] { work(body); });
  const Placed x = oneOf(at(body, At::Clients));
  const bool numeric = allLeaves(x.type, core::isNumeric);
  const auto elem = commonElem(x.type);
  if (elem && core::isInteger(*elem) && choices_.chance(30)) return secureSum(body, x);
  if (elem && x.type.isScalar() && (core::isInteger(*elem) || elem == Elem::F32) && choices_.chance(8)) return boundedSum(body, x, *elem);
  if (elem == Elem::F32 && isVector(x.type) && x.type.kind != Type::Kind::Array && choices_.chance(15)) return throughAggregator(body, x);
  if (choices_.chance(5)) return question(body);
  switch (numeric ? choices_.below(8) : 6) {
    case 0:
    case 1: bind(body, At::Server, x.type, fmt::format("federated_sum({})", x.name)); return;
    case 2:
    case 3: {
      if (!isVector(x.type) || commonElem(x.type) != Elem::F32) break;
      std::string weight;
      if (choices_.chance(60)) {
        std::vector<std::string> scalars;
        for (const Placed& v : at(body, At::Clients))
          if (v.type.isScalar(Elem::F32)) scalars.push_back(v.name);
        weight = fmt::format(", weight = {}", scalars.empty() || !risky_ ? fmt::format("{}(data)", generic("weight")) : oneOf(scalars));
      }
      bind(body, At::Server, x.type, fmt::format("federated_mean({}{})", x.name, weight));
      return;
    }
    case 4: bind(body, At::Server, x.type, fmt::format("federated_{}({})", oneOf({"min", "max"}), x.name)); return;
    case 5: {
      const Type zero = someType(), report = someType();
      const Scope outer = scope_;
      scope_ = {};
      scope_.variables = params_;
      scope_.statements = &body.statements;
      const std::string z = let(zero, literal(zero));
      scope_.variables = params_;
      const std::string accumulate = lambda({zero, x.type}, [&] { return expression(zero); });
      const std::string merge = lambda({zero, zero}, [&] { return expression(zero); });
      const std::string shown = choices_.chance(60) ? fmt::format(", report = {}", lambda({zero}, [&] { return expression(report); })) : "";
      scope_ = outer;
      bind(body, At::Server, shown.empty() ? zero : report,
           fmt::format("federated_aggregate({}, {}, accumulate = {}, merge = {}{})", x.name, z, accumulate, merge, shown));
      return;
    }
    case 6: {
      if (x.type.kind == Type::Kind::Array) break;
      // Every value: stated to be so many, or given to a function over their number.
      const std::string all = fmt::format("federated_collect({})", x.name);
      if (choices_.chance(50) && x.type.isTensor()) {
        const Type rows = rowsOf(x.type, body.clients);
        bind(body, At::Server, rows, fmt::format("{} as {}", all, text(rows)));
        return;
      }
      const Type want = someType();
      const std::string n = fresh("n");
      const Function f = makeFunction(want, {rowsOf(x.type, Size(n))}, n);
      const std::string k = !f.takesKey ? "" : body.key ? ", " + foldedKey(body) : ", key(1)";
      bind(body, At::Server, want, fmt::format("{}({}{})", f.name, all, k));
      return;
    }
    default: break;
  }
  bind(body, At::Server, x.type, numeric ? fmt::format("federated_sum({})", x.name) : fmt::format("federated_collect({})[0]", x.name));
}

/// A secure sum of integers that are first brought below its bound; a program that may fail does not bring them there.
void Generator::secureSum(Body& body, const Placed& x) {
  const std::string bound = fmt::format("{}", 2 + choices_.below(60));
  const std::string y = risky_ ? x.name : fmt::format("({0} % {1} + {1}) % {1}", x.name, bound);
  std::string call;
  switch (choices_.below(3)) {
    case 0: call = fmt::format("federated_secure_sum({}, max = {})", y, bound); break;
    case 1: call = fmt::format("federated_secure_sum_bitwidth({}, bits = 6)", y); break;
    default: call = fmt::format("federated_secure_modular_sum({}, modulus = {})", x.name, bound); break;
  }
  bind(body, Placed::At::Server, x.type, call);
}

/// Slices of a server value by keys that are made of what the clients have.
void Generator::selectByKey(Body& body) {
  using At = Placed::At;
  const auto server = at(body, At::Server);
  if (server.empty()) return;
  const Placed value = oneOf(server);
  const Type keys = Type::tensor(Elem::I32, {Size(static_cast<std::int64_t>(1 + choices_.below(4)))});
  if (at(body, At::Clients).empty()) choices_.part([&] { work(body); });
  const Placed& asked = bind(body, At::Clients, keys, localCall(body, At::Clients, keys));
  const std::string k = asked.name;
  const Type want = someType();
  const Scope outer = scope_;
  scope_ = {};
  scope_.mapped = true;
  scope_.variables = params_;
  const std::string take = lambda({value.type, Type::scalar(Elem::I32)}, [&] { return expression(want); });
  scope_ = outer;
  bind(body, At::Clients, rowsOf(want, keys.dims[0]), fmt::format("federated_select({}, {}, {})", k, value.name, take));
}

/// The same exchange several times: a `for` over what the server holds, in which steps may differ.
void Generator::rounds(Body& body) {
  using At = Placed::At;
  std::vector<Placed> values;
  for (const Placed& v : at(body, At::Server))
    if (allLeaves(v.type, core::isNumeric)) values.push_back(v);
  if (values.empty()) return;
  const Placed from = oneOf(values);
  const Function local = makeFunction(from.type, {from.type}, "", true);
  const std::string v = fresh("s");
  body.statements.push_back(fmt::format("var {} = {};", v, from.name));
  const std::string i = fresh("j");
  const std::string k = body.key ? fmt::format("federated_keys(fold_in({}, {}))", foldedKey(body), i) : "key(7)";
  std::string step = fmt::format("{} = federated_sum({}(data, federated_broadcast({}), {}));", v, local.name, v, k);
  if (choices_.chance(40)) {
    // What is not placed decides, before anything is done.
    std::vector<std::string> conditions = {i + " % 2 == 0", i + " > 0", fmt::format("{} == {}", i, choices_.below(3))};
    for (const Variable& p : params_)
      if (p.type.isScalar(Elem::Bool)) conditions.push_back(p.name);
    const Function other = makeFunction(from.type, {from.type}, "");
    const std::string otherwise = fmt::format("{} = {}({}{});", v, other.name, v,
                                              !other.takesKey ? ""
                                              : body.key      ? fmt::format(", fold_in({}, {})", foldedKey(body), i)
                                                              : ", key(3)");
    step = fmt::format("if {} {{ {} }}", oneOf(conditions), step);
    if (choices_.chance(70)) step += fmt::format(" else {{ {} }}", otherwise);
  }
  body.statements.push_back(fmt::format("for {} in 0..{} {{ {} }}", i, 1 + choices_.below(3), step));
  body.values.push_back({v, from.type, At::Server});
}

void Generator::federatedStep(Body& body) {
  using At = Placed::At;
  const auto server = at(body, At::Server), clients = at(body, At::Clients);
  // Without clients, what only the server does.
  const std::uint32_t step = choices_.below(12);
  switch (body.data || (step >= 7 && step <= 10) ? step : 7) {
    case 0: return;
    case 1:
    case 2: return work(body);
    case 3:
    case 4:
    case 5: return aggregate(body);
    case 6:
      if (!server.empty()) {
        const Placed x = oneOf(server);
        bind(body, At::AllClients, x.type, fmt::format("federated_broadcast({})", x.name));
      }
      return;
    case 7:
      if (!server.empty()) {
        const Type want = someType();
        bind(body, At::Server, want, localCall(body, At::Server, want));
      }
      return;
    case 8:
      if (!clients.empty()) {
        Type want = someType();
        bind(body, At::Clients, want, localCall(body, At::Clients, want));
      }
      return;
    case 9: {
      // Operators, where their operands are.
      const bool there = choices_.chance(50);
      const auto& values = there ? clients : server;
      if (values.empty()) return;
      const Placed a = oneOf(values);
      if (!allLeaves(a.type, core::isNumeric)) return;
      std::vector<std::string> same;
      for (const Placed& v : values)
        if (v.type == a.type) same.push_back(v.name);
      bind(body, there ? At::Clients : At::Server, a.type, fmt::format("{} {} {}", a.name, oneOf({"+", "-", "*"}), oneOf(same)));
      return;
    }
    case 10: {
      switch (choices_.below(body.data ? 5 : 4)) {
        case 0: return value(body);
        case 4: return selectByKey(body);
        case 1:
          if (clients.size() >= 2) {
            const Placed a = oneOf(clients), b = oneOf(clients);
            bind(body, At::Clients, Type::tuple({a.type, b.type}), fmt::format("federated_zip({}, {})", a.name, b.name));
          }
          return;
        default: {
          const bool there = choices_.chance(50);
          const auto& values = there ? clients : server;
          if (values.empty()) return;
          const Placed x = oneOf(values);
          const Type want = someType();
          const Scope outer = scope_;
          scope_ = {};
          scope_.variables = params_;
          const std::string f = lambda({x.type}, [&] { return expression(want); });
          scope_ = outer;
          bind(body, there ? At::Clients : At::Server, want, fmt::format("{}({}, {})", there ? "federated_map" : "federated_apply", f, x.name));
          return;
        }
      }
    }
    default: return choices_.part([&] { rounds(body); });
  }
}

std::vector<Generator::Placed> Generator::results(Body& body, std::size_t most) {
  std::vector<Placed> server = at(body, Placed::At::Server);
  if (server.empty()) {
    choices_.part([&] { body.data ? aggregate(body) : value(body); });
    server = at(body, Placed::At::Server);
  }
  std::vector<Placed> out;
  for (std::size_t i = 0; i < server.size() && i < most; ++i) out.push_back(server[i]);
  return out;
}

std::string Generator::written(const Body& body, const std::string& value) {
  std::string out = "{\n";
  for (const std::string& s : body.statements) out += "  " + s + "\n";
  return out + "  " + value + "\n}";
}

std::string Generator::federatedMain(Program& program) {
  Body body;
  std::vector<std::string> heads;
  body.data = !choices_.chance(8);
  if (body.data) {
    body.clients = choices_.chance(5) ? 60 + static_cast<std::int64_t>(choices_.below(30)) : 1 + static_cast<std::int64_t>(choices_.below(5));
    program.data = choices_.part([&] { return federation(body.clients); });
    heads.emplace_back("data: {Example*}@clients");
  }
  body.key = choices_.chance(60);
  if (body.key) heads.emplace_back("k: key@server");
  choices_.part([&] {
    if (!choices_.chance(40)) return;
    const Type type = someType();
    heads.push_back(fmt::format("m: {}@server", text(type)));
    body.values.push_back({"m", type, Placed::At::Server});
    arguments("m", type, program);
  });
  choices_.part([&] {
    if (!body.data || !choices_.chance(25)) return;
    const Type type = someType();
    if (choices_.chance(30)) {
      heads.push_back(fmt::format("own: {}@clients", text(type)));
      body.values.push_back({"own", type, Placed::At::AllClients});
      return arguments("own", type, program);
    }
    heads.push_back(fmt::format("own: {{{}}}@clients", text(type)));
    body.values.push_back({"own", type, Placed::At::Clients});
    clientArguments("own", type, program);
  });
  for (std::uint32_t i = 0, n = 2 + choices_.below(5); i < n; ++i) choices_.part([&] { federatedStep(body); });
  const auto last = results(body, 1 + choices_.below(3));
  std::vector<std::string> names;
  std::vector<Type> types;
  for (const Placed& v : last) {
    names.push_back(v.name);
    types.push_back(v.type);
  }
  std::string type = text(types.size() == 1 ? types[0] : Type::tuple(types)) + "@server";
  std::string result = names.size() == 1 ? names[0] : fmt::format("({})", fmt::join(names, ", "));
  if (const auto clients = at(body, Placed::At::Clients); !clients.empty() && choices_.chance(20)) {
    const Placed each = oneOf(clients);
    type = fmt::format("({}, {{{}}}@clients)", type, text(each.type));
    result = fmt::format("({}, {})", result, each.name);
  }
  return fmt::format("fn main({}) -> {} {}", fmt::join(heads, ", "), type, written(body, result));
}

/// A report and its type: what the server has seen, what each client has, or both.
std::pair<std::string, std::string> Generator::report(Body& body) {
  choices_.part([&] { aggregate(body); });
  const Placed atServer = body.values.back();
  const std::string type = text(atServer.type) + "@server";
  const auto clients = at(body, Placed::At::Clients);
  if (clients.empty() || !choices_.chance(35)) return {atServer.name, type};
  const Placed each = oneOf(clients);
  const std::string eachType = fmt::format("{{{}}}@clients", text(each.type));
  if (choices_.chance(30)) return {each.name, eachType};
  return {fmt::format("({}, {})", atServer.name, each.name), fmt::format("({}, {})", type, eachType)};
}

std::string Generator::process(Program& program) {
  const std::int64_t clients = 1 + static_cast<std::int64_t>(choices_.below(5));
  program.data = choices_.part([&] { return federation(clients); });
  program.rounds = 1 + static_cast<int>(choices_.below(3));
  std::int64_t cohort = clients;
  if (choices_.chance(30)) {
    cohort = 1 + static_cast<std::int64_t>(choices_.below(static_cast<std::uint32_t>(clients)));
    program.clientsPerRound = cohort;
  }
  const Type state = choices_.part([&] { return someType(choices_.chance(60)); });
  const Function begin = choices_.part([&] { return makeFunction(state, {}, ""); });
  const std::string first = begin.takesKey ? begin.name + "(fold_in(k, 0))" : fmt::format("federated_value({}(), server)", begin.name);
  // What clients keep, if they do: what each begins with, and what it is after a round.
  std::optional<Type> kept;
  std::string firstKept;
  choices_.part([&] {
    if (!choices_.chance(35)) return;
    kept = someType();
    const Function own = makeFunction(*kept, {}, "");
    firstKept = own.takesKey ? own.name + "(federated_keys(fold_in(k, 1)))" : fmt::format("federated_value({}(), clients)", own.name);
  });
  const std::string both = kept ? fmt::format("({}@server, {{{}}}@clients)", text(state), text(*kept)) : text(state) + "@server";
  std::string out = fmt::format("fn init(k: key@server) -> {} {{ {} }}\n", both, kept ? fmt::format("({}, {})", first, firstKept) : first);
  const std::string head = fmt::format("s: {}, data: {{Example*}}@clients", both);
  const auto begun = [&](bool keyed, std::int64_t members) {
    Body body;
    body.data = true;
    body.key = keyed;
    body.clients = members;
    if (!kept) {
      body.values.push_back({"s", state, Placed::At::Server});
      return body;
    }
    bind(body, Placed::At::Server, state, "s.0");
    bind(body, Placed::At::Clients, *kept, "s.1");
    return body;
  };
  Body body = begun(true, cohort);
  for (std::uint32_t i = 0, n = 2 + choices_.below(4); i < n; ++i) choices_.part([&] { federatedStep(body); });
  const auto [shown, shownType] = choices_.part([&] { return report(body); });
  const std::string next = choices_.part([&] { return localCall(body, Placed::At::Server, state); });
  std::string after = bind(body, Placed::At::Server, state, next).name;
  if (kept) {
    const std::string own = choices_.part([&] {
      work(body);
      const Placed worked = body.values.back();
      const Function f = makeFunction(*kept, {*kept, worked.type}, "");
      return fmt::format("{}(s.1, {}{})", f.name, worked.name, f.takesKey ? fmt::format(", federated_keys({})", foldedKey(body)) : "");
    });
    after = fmt::format("({}, {})", after, bind(body, Placed::At::Clients, *kept, own).name);
  }
  out += fmt::format("fn next({}, k: key@server) -> ({}, {}) {}\n", head, both, shownType, written(body, fmt::format("({}, {})", after, shown)));
  if (!choices_.chance(40)) return out + "let main = process(init, next);";
  const std::int64_t others = 1 + static_cast<std::int64_t>(choices_.below(3));
  program.evalData = choices_.part([&] { return federation(others); });
  Body evaluation = begun(false, others);
  const auto [quality, qualityType] = choices_.part([&] { return report(evaluation); });
  out += fmt::format("fn evaluate({}) -> {} {}\n", head, qualityType, written(evaluation, quality));
  return out + "let main = process(init, next, evaluate);";
}

/// The library's training, with a random loss.
std::string Generator::trained(Program& program) {
  const std::int64_t clients = 1 + static_cast<std::int64_t>(choices_.below(4));
  program.data = choices_.part([&] { return federation(clients); });
  program.rounds = 1 + static_cast<int>(choices_.below(3));
  Type model = Type::tensor(Elem::F32, {oneOf(palette_)});
  for (const Struct& s : structs_)
    if (commonElem(s.type) == Elem::F32 && choices_.chance(60)) model = s.type;
  const Type example = example_;
  const auto functionOf = [&](const Type& result, std::vector<Type> params, bool differentiable, bool keyed) {
    const Scope outer = scope_;
    scope_ = {};
    scope_.differentiable = differentiable;
    scope_.mapped = true;
    Function f = makeFunction(result, params, "");
    scope_ = outer;
    // The library gives a key or none, whatever the function takes.
    std::vector<std::string> names, given;
    for (std::size_t i = 0; i < params.size(); ++i) names.push_back(fresh("x"));
    given = names;
    if (keyed) names.emplace_back("k");
    if (f.takesKey) given.emplace_back(keyed ? "k" : "key(1)");
    return fmt::format("|{}| {}({})", fmt::join(names, ", "), f.name, fmt::join(given, ", "));
  };
  const std::string init = choices_.part([&] { return functionOf(model, {}, false, true); });
  const std::string loss = choices_.part([&] { return functionOf(Type::scalar(Elem::F32), {model, example}, true, true); });
  const auto optimizer = [&] {
    const std::string name = oneOf({"sgd", "momentum", "adam"});
    used("optim", "Optimizer");
    return fmt::format("{}({})", used("optim", name.c_str()), oneOf({"0.1", "0.01", "1.0"}));
  };
  const std::string client = optimizer(), server = optimizer();
  std::string more;
  if (choices_.chance(30)) more += fmt::format(", epochs = {}", 1 + choices_.below(2));
  if (choices_.chance(30)) more += fmt::format(", penalty = {}(0.1)", used("fed_avg", "proximal"));
  if (choices_.chance(50)) {
    const Type quality = Type::scalar(Elem::F32);
    more += fmt::format(", metrics = {}", choices_.part([&] { return functionOf(quality, {model, example}, false, false); }));
    program.evalData = choices_.part([&] { return federation(2); });
  }
  return fmt::format("let main = {}(init = {}, loss = {}, client = {}, server = {}, batch = {}{});", used("fed_avg", "fed_avg"), init, loss, client,
                     server, 1 + choices_.below(4), more);
}

}  // namespace fedc::random
