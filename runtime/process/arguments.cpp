#include "runtime/process/arguments.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "compiler/core/strings.h"
#include "compiler/support/suggest.h"
#include "runtime/process/run.h"

namespace fedc::runtime {
namespace {

using core::Array;
using core::Elem;
using core::Graph;
using core::Literal;
using Json = nlohmann::ordered_json;

/// Unwinds from the place in a value that does not fit.
struct Unfit {
  std::string message;
};

std::string shown(const Json& json) {
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  constexpr std::size_t kMost = 40;
  if (text.size() > kMost) text = text.substr(0, kMost) + "…";
  return text;
}

/// A leaf that is being filled with one value after the other.
struct LeafValues {
  std::string name;
  Elem elem = Elem::F32;
  /// Of one value.
  std::vector<std::int64_t> dims;
  Array array;
  std::int64_t next = 0;

  void reserve(std::vector<std::int64_t> before) {
    before.insert(before.end(), dims.begin(), dims.end());
    array = Array(elem, std::move(before));
    next = 0;
  }
};

/// The form of a value: a leaf, or what is in it, in order, by name.
struct Form {
  std::string name;
  std::optional<std::size_t> leaf;
  std::vector<Form> parts;

  void add(std::string_view path, std::size_t which) {
    if (path.empty()) {
      leaf = which;
      return;
    }
    const std::size_t dot = path.find('.');
    const std::string_view head = path.substr(0, dot);
    auto at = std::find_if(parts.begin(), parts.end(), [&](const Form& p) { return p.name == head; });
    if (at == parts.end()) at = parts.insert(parts.end(), Form{std::string(head), {}, {}});
    at->add(dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1), which);
  }
  bool isTuple() const {
    std::size_t i = 0;
    return std::all_of(parts.begin(), parts.end(), [&](const Form& p) { return p.name == std::to_string(i++); });
  }
};

Literal literalOf(Elem elem, const Json& json, const std::string& at) {
  const auto unfit = [&]() -> Unfit { return {fmt::format("{} is {}, which is no `{}`", at, shown(json), core::elemName(elem))}; };
  if (elem == Elem::Bool) {
    if (!json.is_boolean()) throw unfit();
    return Literal::ofBool(json.get<bool>());
  }
  if (elem == Elem::Key) {
    std::uint64_t bits = 0;
    const std::string text = json.is_string() ? json.get<std::string>() : "";
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits, 16);
    if (text.size() != 16 || error != std::errc() || end != text.data() + text.size()) throw unfit();
    return {elem, bits};
  }
  if (elem == Elem::Str) {
    if (!json.is_string()) throw unfit();
    const auto& text = json.get_ref<const std::string&>();
    if (const auto problem = core::stringProblem(text)) throw Unfit{fmt::format("{} is {}", at, *problem)};
    return {elem, core::intern(text)};
  }
  if (core::isFloat(elem)) {
    if (json.is_number()) return Literal::ofDouble(elem, json.get<double>());
    if (json == "nan") return Literal::ofDouble(elem, NAN);
    if (json == "inf" || json == "-inf") return Literal::ofDouble(elem, json == "inf" ? INFINITY : -INFINITY);
    throw unfit();
  }
  if (!core::isInteger(elem) || !json.is_number_integer()) throw unfit();
  const int bits = 8 * core::elemBytes(elem);
  if (json.is_number_unsigned()) {
    const auto number = json.get<std::uint64_t>();
    const int room = core::isSigned(elem) ? bits - 1 : bits;
    if (room < 64 && number >> room != 0) throw unfit();
    return {elem, number};
  }
  const auto number = json.get<std::int64_t>();
  if (!core::isSigned(elem) || (bits < 64 && number < -(std::int64_t{1} << (bits - 1)))) throw unfit();
  return Literal::ofInt(elem, number);
}

void fill(LeafValues& leaf, const Json& json, std::size_t axis, const std::string& at) {
  if (axis == leaf.dims.size()) {
    leaf.array.set(leaf.next++, literalOf(leaf.elem, json, at));
    return;
  }
  const std::int64_t extent = leaf.dims[axis];
  if (!json.is_array()) throw Unfit{fmt::format("{} is {} where a list of {} is wanted", at, shown(json), extent)};
  if (static_cast<std::int64_t>(json.size()) != extent) throw Unfit{fmt::format("{} has {} entries where {} are wanted", at, json.size(), extent)};
  for (std::size_t i = 0; i < json.size(); ++i) fill(leaf, json[i], axis + 1, fmt::format("{}[{}]", at, i));
}

void fill(std::vector<LeafValues>& leaves, const Form& form, const Json& json, const std::string& at) {
  if (form.leaf) {
    fill(leaves[*form.leaf], json, 0, at);
    return;
  }
  if (form.isTuple() && json.is_array()) {
    if (json.size() != form.parts.size()) throw Unfit{fmt::format("{} has {} entries where {} are wanted", at, json.size(), form.parts.size())};
    for (std::size_t i = 0; i < json.size(); ++i) fill(leaves, form.parts[i], json[i], fmt::format("{}[{}]", at, i));
    return;
  }
  std::vector<std::string> names;
  for (const Form& part : form.parts) names.push_back("`" + part.name + "`");
  if (form.isTuple()) throw Unfit{fmt::format("{} is {} where a list of {} is wanted", at, shown(json), names.size())};
  if (!json.is_object()) throw Unfit{fmt::format("{} is {} where an object with {} is wanted", at, shown(json), fmt::join(names, ", "))};
  for (const auto& [name, value] : json.items()) {
    const bool known = std::any_of(form.parts.begin(), form.parts.end(), [&, n = name](const Form& p) { return p.name == n; });
    if (!known) throw Unfit{fmt::format("{} has `{}`, which is none of {}", at, name, fmt::join(names, ", "))};
  }
  for (const Form& part : form.parts) {
    const auto value = json.find(part.name);
    if (value == json.end()) throw Unfit{fmt::format("{} lacks `{}`", at, part.name)};
    fill(leaves, part, *value, fmt::format("{}.{}", at, part.name));
  }
}

/// One parameter of `main`, or one placed part of it: its leaves and how its value is written.
struct Parameter {
  std::string name;
  Graph::Input::Kind kind = Graph::Input::Kind::Argument;
  /// Of the graph's data; -1: an input.
  int data = -1;
  Form form;
  std::vector<LeafValues> leaves;

  /// Whether a value with a first extent of its own is made of several.
  bool ofClients() const { return kind == Graph::Input::Kind::ClientArgument || data >= 0; }

  void add(const std::string& path, const std::string& leaf, const core::Type& type, std::size_t skip) {
    LeafValues values;
    values.name = leaf;
    values.elem = type.elem;
    for (std::size_t d = skip; d < type.dims.size(); ++d) {
      const auto extent = type.dims[d].constant();
      if (!extent) throw Unfit{fmt::format("`{}` has a size that is not known before the run", leaf)};
      values.dims.push_back(*extent);
    }
    form.add(path, leaves.size());
    leaves.push_back(std::move(values));
  }
};

std::vector<Parameter> parametersOf(const Graph& main) {
  std::vector<Parameter> out;
  for (const Graph::Input& input : main.inputs) {
    using Kind = Graph::Input::Kind;
    if (input.kind != Kind::Argument && input.kind != Kind::ClientArgument && input.kind != Kind::Sequence) continue;
    const std::string part = input.part.empty() ? input.name : input.part;
    if (out.empty() || out.back().name != part) {
      out.emplace_back();
      out.back().name = part;
      out.back().kind = input.kind;
    }
    out.back().add(input.name == part ? "" : input.name.substr(part.size() + 1), input.name, main.slots[input.slot].type,
                   input.kind == Kind::Argument ? 0 : 1);
  }
  for (std::size_t d = 0; d < main.data.size(); ++d) {
    Parameter data;
    data.name = main.data[d].name;
    data.data = static_cast<int>(d);
    for (const core::Column& column : main.columns) {
      if (column.argument == data.data) data.add(column.feature, column.feature, column.type, 0);
    }
    out.push_back(std::move(data));
  }
  return out;
}

/// The values of all clients, and who they are.
std::vector<const Json*> perClient(const Json& json, const std::string& name, GivenClients& clients) {
  std::vector<const Json*> out;
  if (json.is_object()) {
    for (const auto& [id, value] : json.items()) {
      clients.ids.push_back(id);
      out.push_back(&value);
    }
  } else if (json.is_array()) {
    for (const Json& value : json) out.push_back(&value);
  } else {
    throw Unfit{fmt::format("{} is {} where a list with an entry for each client is wanted", name, shown(json))};
  }
  clients.count = static_cast<std::int64_t>(out.size());
  if (out.empty()) throw Unfit{fmt::format("{} has no entry: there is no client", name)};
  return out;
}

void sequence(Parameter& p, const Json& json, const std::string& at) {
  if (!json.is_array()) throw Unfit{fmt::format("{} is {} where a list is wanted", at, shown(json))};
  for (LeafValues& leaf : p.leaves) leaf.reserve({static_cast<std::int64_t>(json.size())});
  for (std::size_t i = 0; i < json.size(); ++i) fill(p.leaves, p.form, json[i], fmt::format("{}[{}]", at, i));
}

void take(Parameter& p, const Json& json, Arguments& out) {
  if (p.data >= 0) {
    ClientDataArgument data;
    data.name = p.name;
    const auto values = perClient(json, p.name, data.clients);
    for (std::size_t c = 0; c < values.size(); ++c) {
      sequence(p, *values[c], data.clients.ids.empty() ? fmt::format("{}[{}]", p.name, c) : fmt::format("{}.{}", p.name, data.clients.ids[c]));
      std::vector<Array> columns;
      for (const LeafValues& leaf : p.leaves) columns.push_back(leaf.array);
      data.columns.push_back(std::move(columns));
    }
    out.data.emplace(p.data, std::move(data));
    return;
  }
  if (p.kind == Graph::Input::Kind::ClientArgument) {
    ClientArgument argument;
    argument.name = p.name;
    const auto values = perClient(json, p.name, argument.clients);
    for (LeafValues& leaf : p.leaves) leaf.reserve({argument.clients.count});
    for (std::size_t c = 0; c < values.size(); ++c) {
      fill(p.leaves, p.form, *values[c],
           argument.clients.ids.empty() ? fmt::format("{}[{}]", p.name, c) : fmt::format("{}.{}", p.name, argument.clients.ids[c]));
    }
    for (LeafValues& leaf : p.leaves) argument.leaves.emplace(leaf.name, std::move(leaf.array));
    out.ofClients.push_back(std::move(argument));
    return;
  }
  if (p.kind == Graph::Input::Kind::Sequence) {
    sequence(p, json, p.name);
  } else {
    for (LeafValues& leaf : p.leaves) leaf.reserve({});
    fill(p.leaves, p.form, json, p.name);
  }
  for (LeafValues& leaf : p.leaves) out.values[leaf.name] = std::move(leaf.array);
}

}  // namespace

std::vector<std::string> idsByPlace(std::int64_t count) {
  const std::size_t width = fmt::format("{}", count - 1).size();
  std::vector<std::string> ids;
  for (std::int64_t i = 0; i < count; ++i) ids.push_back(fmt::format("{:0{}}", i, width));
  return ids;
}

Expected<Arguments> readArguments(const std::map<std::string, std::string>& texts, const Graph* main) {
  Arguments out;
  std::vector<std::string> known;
  std::set<std::string> given;
  std::string name;
  try {
    std::vector<Parameter> parameters;
    if (main != nullptr) parameters = parametersOf(*main);
    for (Parameter& p : parameters) {
      known.push_back(p.name);
      name = p.name;
      if (const auto text = texts.find(p.name); text != texts.end()) {
        given.insert(p.name);
        const bool isPlain = p.kind == Graph::Input::Kind::Argument && p.data < 0 && p.leaves.size() == 1 && p.leaves[0].name == p.name;
        if (isPlain) {
          core::Type type{p.leaves[0].elem, {}};
          for (const std::int64_t d : p.leaves[0].dims) type.dims.emplace_back(d);
          auto value = parseArgument(type, text->second);
          if (!value) throw Unfit{value.error().message};
          out.values[p.name] = std::move(*value);
          continue;
        }
        const Json json = Json::parse(text->second, nullptr, false);
        if (json.is_discarded()) throw Unfit{fmt::format("`{}` is no JSON", text->second)};
        take(p, json, out);
        continue;
      }
      if (p.kind != Graph::Input::Kind::Argument || p.data >= 0) continue;
      for (const LeafValues& leaf : p.leaves) {
        if (leaf.name != p.name) known.push_back(leaf.name);
        const auto text = texts.find(leaf.name);
        if (text == texts.end()) continue;
        name = leaf.name;
        given.insert(leaf.name);
        core::Type type{leaf.elem, {}};
        for (const std::int64_t d : leaf.dims) type.dims.emplace_back(d);
        auto value = parseArgument(type, text->second);
        if (!value) throw Unfit{value.error().message};
        out.values[leaf.name] = std::move(*value);
      }
    }
    for (const auto& [other, text] : texts) {
      if (given.contains(other)) continue;
      if (known.empty()) return fail(fmt::format("--arg {}: {}", other, main == nullptr ? "the program has no `main`" : "`main` takes no arguments"));
      const auto meant = suggest(other, known);
      return fail(fmt::format("--arg {}: `main` has no such argument{}; it has {}", other, meant ? fmt::format(", did you mean `{}`?", *meant) : "",
                              fmt::join(known, ", ")));
    }
    for (const Parameter& p : parameters) {
      if (p.data >= 0 || p.kind == Graph::Input::Kind::Sequence || given.contains(p.name)) continue;
      const bool ofClients = p.kind == Graph::Input::Kind::ClientArgument;
      for (const LeafValues& leaf : p.leaves) {
        if (ofClients) {
          return fail(fmt::format("argument `{}` of `main` has no value; give it with `--arg {}=[…]`, an entry for each client", p.name, p.name));
        }
        if (out.values.count(leaf.name) == 0)
          return fail(fmt::format("argument `{}` of `main` has no value; give it with `--arg {}=VALUE`", leaf.name, leaf.name));
      }
    }
  } catch (const Unfit& unfit) {
    return fail(fmt::format("--arg {}: {}", name, unfit.message));
  }
  return out;
}

}  // namespace fedc::runtime
