#include "runtime/process/arguments.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "compiler/core/strings.h"
#include "compiler/support/suggest.h"
#include "runtime/data/feature.h"
#include "runtime/process/json_text.h"
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

  /// Room for as many values as these extents say, one if there are none. Every element takes a character at least of `characters`: what a text
  /// cannot hold is not made room for, unless it is small (and has a better message).
  void reserve(std::vector<std::int64_t> before, std::size_t characters) {
    constexpr std::int64_t kSmall = 1 << 16;
    before.insert(before.end(), dims.begin(), dims.end());
    std::int64_t elements = 1;
    bool fits = true;
    for (const std::int64_t extent : before) fits = fits && !__builtin_mul_overflow(elements, extent, &elements);
    if (!fits || elements > std::max(kSmall, static_cast<std::int64_t>(characters)))
      throw Unfit{fmt::format("a value of type `{}` has more elements than the text given for it has characters", describe({elem, dims}))};
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
  /// The part at a path; null: there is none.
  const Form* at(std::string_view path) const {
    const std::size_t dot = path.find('.');
    const auto part = std::find_if(parts.begin(), parts.end(), [&](const Form& p) { return p.name == path.substr(0, dot); });
    if (part == parts.end()) return nullptr;
    return dot == std::string_view::npos ? &*part : part->at(path.substr(dot + 1));
  }
  /// The paths of its parts, of their parts, and so on.
  void addPaths(const std::string& own, std::vector<std::string>& to) const {
    to.push_back(own);
    for (const Form& part : parts) part.addPaths(own + "." + part.name, to);
  }
  void addLeaves(std::vector<std::size_t>& to) const {
    if (leaf) to.push_back(*leaf);
    for (const Form& part : parts) part.addLeaves(to);
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
    if (json.is_number()) {
      const Literal number = Literal::ofDouble(elem, json.get<double>());
      if (!std::isfinite(number.toDouble()))
        throw Unfit{fmt::format("{} is {}, which is larger than any `{}`", at, shown(json), core::elemName(elem))};
      return number;
    }
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
  /// Of data the leaves that the graph reads, in its order.
  std::vector<std::string> columns;

  /// One value, whose parts may be given apart.
  bool isAtServer() const { return kind == Graph::Input::Kind::Argument && data < 0; }

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
    // All that is declared, whether it is read or not.
    for (const core::Column& feature : main.data[d].features) data.add(feature.feature, feature.feature, feature.type, 0);
    for (const core::Column& column : main.columns) {
      if (column.argument == data.data) data.columns.push_back(column.feature);
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

void sequence(Parameter& p, const Json& json, const std::string& at, std::size_t characters) {
  if (!json.is_array()) throw Unfit{fmt::format("{} is {} where a list is wanted", at, shown(json))};
  for (LeafValues& leaf : p.leaves) leaf.reserve({static_cast<std::int64_t>(json.size())}, characters);
  for (std::size_t i = 0; i < json.size(); ++i) fill(p.leaves, p.form, json[i], fmt::format("{}[{}]", at, i));
}

std::string ofClient(const Parameter& p, const GivenClients& clients, std::size_t c) {
  return clients.ids.empty() ? fmt::format("{}[{}]", p.name, c) : fmt::format("{}.{}", p.name, clients.ids[c]);
}

void takeData(Parameter& p, const Json& json, std::size_t characters, Arguments& out) {
  ClientDataArgument data;
  data.name = p.name;
  const auto values = perClient(json, p.name, data.clients);
  for (std::size_t c = 0; c < values.size(); ++c) {
    sequence(p, *values[c], ofClient(p, data.clients, c), characters);
    std::vector<Array> columns;
    for (const std::string& column : p.columns) {
      const auto leaf = std::find_if(p.leaves.begin(), p.leaves.end(), [&](const LeafValues& l) { return l.name == column; });
      columns.push_back(leaf->array);
    }
    data.columns.push_back(std::move(columns));
  }
  out.data.emplace(p.data, std::move(data));
}

void takeOfClients(Parameter& p, const Json& json, std::size_t characters, Arguments& out) {
  ClientArgument argument;
  argument.name = p.name;
  const auto values = perClient(json, p.name, argument.clients);
  for (LeafValues& leaf : p.leaves) leaf.reserve({argument.clients.count}, characters);
  for (std::size_t c = 0; c < values.size(); ++c) fill(p.leaves, p.form, *values[c], ofClient(p, argument.clients, c));
  for (LeafValues& leaf : p.leaves) argument.leaves.emplace(leaf.name, std::move(leaf.array));
  out.ofClients.push_back(std::move(argument));
}

/// The value of a parameter at the server, or of a part of one.
void takeAtServer(Parameter& p, const Form& form, const Json& json, const std::string& name, std::size_t characters, Arguments& out) {
  std::vector<std::size_t> leaves;
  form.addLeaves(leaves);
  for (const std::size_t leaf : leaves) p.leaves[leaf].reserve({}, characters);
  fill(p.leaves, form, json, name);
  for (const std::size_t leaf : leaves) out.values[p.leaves[leaf].name] = std::move(p.leaves[leaf].array);
}

/// A string that is the whole value may stand without quotes.
Json jsonOf(const Parameter& p, const Form& form, const std::string& text) {
  if (p.isAtServer() && form.leaf && p.leaves[*form.leaf].elem == Elem::Str && p.leaves[*form.leaf].dims.empty() && !text.starts_with('"'))
    return text;
  auto json = readJson(text);
  if (json) return std::move(*json);
  if (!p.isAtServer() || !form.leaf) throw Unfit{json.error().message};
  const LeafValues& leaf = p.leaves[*form.leaf];
  throw Unfit{fmt::format("{}; a value of type `{}` is wanted", json.error().message, describe({leaf.elem, leaf.dims}))};
}

/// Which texts are for a parameter, and for which parts of it.
class Reader {
 public:
  /// `name`: the one that is being read.
  Reader(const std::map<std::string, std::string>& texts, const Graph& main, std::string& name)
      : texts_(texts), parameters_(parametersOf(main)), name_(name) {}

  void read(Arguments& out) {
    for (const auto& [name, text] : texts_) {
      name_ = name;
      take(text, out);
    }
  }

  /// What has no value; of data and sequences, which may come from files, nothing is said.
  std::optional<RunError> missing(const Arguments& out) const {
    for (const Parameter& p : parameters_) {
      if (p.data >= 0 || p.kind == Graph::Input::Kind::Sequence) continue;
      if (p.kind == Graph::Input::Kind::ClientArgument) {
        if (!givenBy_.contains({p.name, p.leaves.front().name}))
          return problem(fmt::format("argument `{}` of `main` has no value", p.name),
                         fmt::format("`--arg {}=[…]`, an entry for each client", p.name));
        continue;
      }
      for (const LeafValues& leaf : p.leaves) {
        if (!out.values.contains(leaf.name))
          return problem(fmt::format("argument `{}` of `main` has no value", leaf.name), fmt::format("`--arg {}=VALUE`", leaf.name));
      }
    }
    return std::nullopt;
  }

  static RunError problem(std::string message, std::string help = {}) {
    RunError error;
    error.message = std::move(message);
    error.help = std::move(help);
    return error;
  }

 private:
  void take(const std::string& text, Arguments& out) {
    for (Parameter& p : parameters_) {
      const bool isWhole = name_ == p.name;
      if (!isWhole && !(p.isAtServer() && name_.starts_with(p.name + "."))) continue;
      const Form* form = isWhole ? &p.form : p.form.at(std::string_view(name_).substr(p.name.size() + 1));
      if (form != nullptr) return put(p, *form, jsonOf(p, *form, text), name_, text.size(), out);
    }
    if (partsOf(name_).empty()) unknown();
    const auto json = readJson(text);
    if (!json) throw Unfit{json.error().message};
    split(name_, *json, text.size(), out);
  }

  void put(Parameter& p, const Form& form, const Json& json, const std::string& name, std::size_t characters, Arguments& out) {
    claim(p, form);
    if (p.data >= 0) {
      takeData(p, json, characters, out);
    } else if (p.kind == Graph::Input::Kind::ClientArgument) {
      takeOfClients(p, json, characters, out);
    } else if (p.kind == Graph::Input::Kind::Sequence) {
      sequence(p, json, p.name, characters);
      for (LeafValues& leaf : p.leaves) out.values[leaf.name] = std::move(leaf.array);
    } else {
      takeAtServer(p, form, json, name, characters, out);
    }
  }

  /// The names below this one, where it is a tuple whose items are parameters of their own.
  std::set<std::string> partsOf(const std::string& name) const {
    std::set<std::string> parts;
    for (const Parameter& p : parameters_)
      if (p.name.starts_with(name + ".")) parts.insert(p.name.substr(0, p.name.find('.', name.size() + 1)));
    return parts;
  }

  /// A tuple's list goes to its items.
  void split(const std::string& name, const Json& json, std::size_t characters, Arguments& out) {
    const auto own = std::find_if(parameters_.begin(), parameters_.end(), [&](const Parameter& p) { return p.name == name; });
    if (own != parameters_.end()) return put(*own, own->form, json, name, characters, out);
    const std::size_t parts = partsOf(name).size();
    if (!json.is_array()) throw Unfit{fmt::format("{} is {} where a list of {} is wanted", name, shown(json), parts)};
    if (json.size() != parts) throw Unfit{fmt::format("{} has {} entries where {} are wanted", name, json.size(), parts)};
    for (std::size_t i = 0; i < parts; ++i) split(fmt::format("{}.{}", name, i), json[i], characters, out);
  }

  /// Each leaf has one value.
  void claim(const Parameter& p, const Form& form) {
    std::vector<std::size_t> leaves;
    form.addLeaves(leaves);
    for (const std::size_t leaf : leaves) {
      const auto [by, isNew] = givenBy_.emplace(std::pair(p.name, p.leaves[leaf].name), name_);
      if (!isNew) throw Unfit{fmt::format("`--arg {}` gives it, too; leave out one of the two", by->second)};
    }
  }

  [[noreturn]] void unknown() const {
    std::vector<std::string> known;
    for (const Parameter& p : parameters_) {
      if (p.isAtServer()) {
        p.form.addPaths(p.name, known);
      } else {
        known.push_back(p.name);
      }
    }
    if (known.empty()) throw Unfit{"`main` takes no arguments"};
    const auto meant = suggest(name_, known);
    throw Unfit{
        fmt::format("`main` has no such argument{}; it has {}", meant ? fmt::format(", did you mean `{}`?", *meant) : "", fmt::join(known, ", "))};
  }

  const std::map<std::string, std::string>& texts_;
  std::vector<Parameter> parameters_;
  std::string& name_;
  /// Of each leaf, by its parameter's name and its own, the `--arg` with its value.
  std::map<std::pair<std::string, std::string>, std::string> givenBy_;
};

}  // namespace

std::vector<std::string> idsByPlace(std::int64_t count) {
  const std::size_t width = fmt::format("{}", count - 1).size();
  std::vector<std::string> ids;
  for (std::int64_t i = 0; i < count; ++i) ids.push_back(fmt::format("{:0{}}", i, width));
  return ids;
}

Expected<Arguments, RunError> readArguments(const std::map<std::string, std::string>& texts, const Graph* main) {
  Arguments out;
  if (main == nullptr) {
    if (texts.empty()) return out;
    return tl::unexpected(
        Reader::problem(fmt::format("--arg {}: the program has no function `main`, which alone takes arguments", texts.begin()->first)));
  }
  std::string name;
  try {
    Reader reader(texts, *main, name);
    reader.read(out);
    if (auto missing = reader.missing(out)) return tl::unexpected(std::move(*missing));
  } catch (const Unfit& unfit) {
    return tl::unexpected(Reader::problem(name.empty() ? unfit.message : fmt::format("--arg {}: {}", name, unfit.message)));
  }
  return out;
}

}  // namespace fedc::runtime
