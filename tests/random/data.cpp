#include <cmath>
#include <functional>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tests/random/generator.h"

/// Clients' data and arguments of random programs, and their text.
namespace fedc::random {

using Json = nlohmann::ordered_json;

namespace {

Json shown(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return value;
}

/// A number of a kind: 0 zeros, 1 small whole numbers, 2 between 0 and 1, 3 normal, 4 what is at the ends.
Json numberOf(Elem elem, std::uint32_t kind, std::mt19937_64& random) {
  const auto small = static_cast<std::int64_t>(random() % 7);
  if (core::isFloat(elem)) {
    const double wide = elem == Elem::F64 ? 1e300 : elem == Elem::F16 ? 6e4 : 3e38;
    const double ends[] = {0.0, -0.0, NAN, INFINITY, -INFINITY, 1e-40, -1e-40, wide, -wide, 1.0, -1.0};
    const double unit = static_cast<double>(random() >> 11) * 0x1p-53;
    switch (kind) {
      case 0: return 0.0;
      case 1: return static_cast<double>(small) - 2;
      case 2: return static_cast<double>(static_cast<float>(unit));
      case 3: return static_cast<double>(static_cast<float>((unit - 0.5) * 8));
      default: return shown(ends[random() % 11]);
    }
  }
  const int bits = core::elemBytes(elem) * 8;
  if (kind == 0) return 0;
  if (elem == Elem::Bool) return static_cast<std::int64_t>(random() % 2);
  if (kind < 4) return core::isSigned(elem) ? small - 2 : small;
  const std::uint64_t top = bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
  if (core::isSigned(elem)) {
    const auto most = static_cast<std::int64_t>(top >> 1);
    const std::int64_t ends[] = {most, -most - 1, -1, 0, most - 1};
    return ends[random() % 5];
  }
  // HDF5's writer takes signed numbers; their bits are the same.
  return static_cast<std::int64_t>(random() % 3 == 0 ? (top >> 1) : random() % 2 == 0 && bits < 64 ? top : 0);
}

}  // namespace

Type Generator::makeExample() {
  Type t;
  t.kind = Type::Kind::Struct;
  t.name = t.literal = "Example";
  std::vector<std::string> fields;
  for (std::uint32_t i = 0, n = 1 + choices_.below(3); i < n; ++i) {
    Elem elem = someElem();
    if (elem == Elem::Bool || elem == Elem::F16 || elem == Elem::BF16) elem = Elem::I32;
    t.fields.push_back(std::string(1, static_cast<char>('p' + i)));
    t.items.push_back(someTensor(elem));
    fields.push_back(t.fields.back() + ": " + text(t.items.back()));
  }
  items_.push_back(fmt::format("struct Example {{ {} }}", fmt::join(fields, ", ")));
  return t;
}

Json Generator::values(const Type& type, std::uint32_t kind, std::mt19937_64& random) {
  if (type.isScalar()) return numberOf(type.elem, kind, random);
  Json out = Json::array();
  const auto rows = leading(type);
  for (std::int64_t i = 0; i < rows->extent.number; ++i) out.push_back(values(rows->element, kind, random));
  return out;
}

Json Generator::federation(std::int64_t clients) {
  Json out = Json::object();
  const bool many = clients > 8;
  const std::uint32_t usual = choices_.below(4);
  for (std::int64_t c = 0; c < clients; ++c) {
    choices_.part([&] {
      static constexpr std::int64_t kCounts[] = {1, 2, 0, 3, 5, 7, 4, 20, 70};
      const std::uint32_t which = choices_.below(many ? 3 : choices_.chance(4) ? 9 : 7);
      const std::uint32_t kind = choices_.chance(10) ? 4 : usual;
      std::mt19937_64 random(choices_.below(1000));
      Json features = Json::object();
      for (std::size_t f = 0; f < example_.fields.size(); ++f) {
        features[example_.fields[f]] = values(rowsOf(example_.items[f], kCounts[which]), kind, random);
      }
      out[fmt::format("c{:02}", c)] = std::move(features);
    });
  }
  return out;
}

void Generator::arguments(const std::string& path, const Type& type, Program& program) {
  if (!type.isTensor()) {
    for (std::size_t i = 0; i < type.items.size(); ++i) {
      arguments(path + "." + (type.kind == Type::Kind::Tuple ? std::to_string(i) : type.fields[i]), type.items[i], program);
    }
    return;
  }
  const std::uint32_t kind = choices_.chance(8) ? 4 : choices_.below(4);
  std::mt19937_64 random(choices_.below(1000));
  std::string shown = values(type, kind, random).dump();
  std::erase(shown, '"');
  if (type.elem == Elem::Bool) {
    std::string words;
    for (const char c : shown) words += c == '0' ? "false" : c == '1' ? "true" : std::string(1, c);
    shown = words;
  }
  program.arguments[path] = shown;
}

Json Generator::argument(const Type& type, std::uint32_t kind, std::mt19937_64& random) {
  switch (type.kind) {
    case Type::Kind::Tensor: {
      Json out = values(type, kind, random);
      if (type.elem != Elem::Bool) return out;
      const std::function<Json(const Json&)> words = [&](const Json& v) -> Json {
        if (!v.is_array()) return v != 0;
        Json all = Json::array();
        for (const Json& each : v) all.push_back(words(each));
        return all;
      };
      return words(out);
    }
    case Type::Kind::Tuple: {
      Json out = Json::array();
      for (const Type& item : type.items) out.push_back(argument(item, kind, random));
      return out;
    }
    default: break;
  }
  // A struct; an array of structs is one of columns.
  const bool array = type.kind == Type::Kind::Array;
  const Type& fields = array ? type.items[0] : type;
  Json out = Json::object();
  for (std::size_t i = 0; i < fields.items.size(); ++i) {
    const std::string name = fields.kind == Type::Kind::Tuple ? std::to_string(i) : fields.fields[i];
    out[name] = argument(array ? rowsOf(fields.items[i], type.extent) : fields.items[i], kind, random);
  }
  return out;
}

void Generator::clientArguments(const std::string& name, const Type& type, Program& program) {
  const std::uint32_t usual = choices_.below(4);
  Json out = Json::object();
  for (const auto& [client, features] : program.data->items()) {
    choices_.part([&] {
      const std::uint32_t kind = choices_.chance(8) ? 4 : usual;
      std::mt19937_64 random(choices_.below(1000));
      out[client] = argument(type, kind, random);
    });
  }
  program.arguments[name] = out.dump();
}

std::string Program::file() const {
  std::string out;
  if (data) out += fmt::format("// data: {}\n", data->dump());
  if (evalData) out += fmt::format("// eval-data: {}\n", evalData->dump());
  std::string flags;
  if (rounds != 1) flags += fmt::format(" --rounds {}", rounds);
  if (clientsPerRound) flags += fmt::format(" --clients-per-round {}", *clientsPerRound);
  if (seed != 0) flags += fmt::format(" --seed {}", seed);
  for (const auto& [name, value] : params) flags += fmt::format(" -p {}={}", name, value);
  for (const auto& [name, value] : arguments) flags += fmt::format(" --arg {}={}", name, value);
  if (!flags.empty()) out += fmt::format("// run:{}\n", flags);
  return out + source;
}

Program makeProgram(Choices& choices) { return Generator(choices).make(); }

}  // namespace fedc::random
