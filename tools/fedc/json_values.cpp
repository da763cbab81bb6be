#include "tools/fedc/json_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <nlohmann/json.hpp>

#include "compiler/core/strings.h"
#include "runtime/process/json_text.h"

namespace fedc::cli {

namespace {

using Json = nlohmann::ordered_json;

/// What to put where a number is not finite; told its place below the leaf and which it is.
using NonFinite = std::function<Json(const std::string& at, const char* is)>;

/// The double whose shortest text is that of the element in its own width: 0.1f is written 0.1.
Json number(core::Literal element, const std::string& at, const NonFinite& nonFinite) {
  switch (element.elem) {
    case core::Elem::Bool: return element.bits != 0;
    case core::Elem::Key: return fmt::format("{:016x}", element.bits);
    case core::Elem::U64: return element.bits;
    case core::Elem::Str: return core::textOf(static_cast<core::StringId>(element.bits));
    default: break;
  }
  if (!core::isFloat(element.elem)) return element.toInt();
  const double value = element.toDouble();
  if (std::isnan(value)) return nonFinite(at, "nan");
  if (std::isinf(value)) return nonFinite(at, value > 0 ? "inf" : "-inf");
  if (element.elem == core::Elem::F64) return value;
  return std::strtod(fmt::format("{}", static_cast<float>(value)).c_str(), nullptr);
}

Json array(const core::Array& value, std::size_t axis, std::int64_t& next, const std::string& at, const NonFinite& nonFinite) {
  if (axis == value.shape().size()) return number(value.at(next++), at, nonFinite);
  Json out = Json::array();
  for (std::int64_t i = 0; i < value.shape()[axis]; ++i) out.push_back(array(value, axis + 1, next, fmt::format("{}[{}]", at, i), nonFinite));
  return out;
}

Json leafJson(const runtime::NamedArray& leaf, const std::string& at, const NonFinite& nonFinite) {
  std::int64_t next = 0;
  return array(leaf.value, 0, next, at, nonFinite);
}

std::string line(const Json& object) { return runtime::writeJson(object) + "\n"; }

/// An event, with the list of what was not finite where there is any.
class Event {
 public:
  explicit Event(const char* name) { object_["event"] = name; }

  Json& operator[](const char* key) { return object_[key]; }

  void metrics(const char* key, const std::vector<runtime::NamedArray>& leaves) {
    Json& out = object_[key] = Json::object();
    for (const runtime::NamedArray& leaf : leaves) {
      out[leaf.name] = leafJson(leaf, fmt::format("{}.{}", key, leaf.name), [this](const std::string& at, const char* is) {
        nonFinite_.push_back(Json{{"at", at}, {"is", is}});
        return Json(nullptr);
      });
    }
  }

  void ofClients(const runtime::ClientReports& reports) {
    if (reports.ids.empty()) return;
    object_["ids"] = reports.ids;
    metrics("of_clients", reports.values);
  }

  std::string text() {
    if (!nonFinite_.empty()) object_["non_finite"] = std::move(nonFinite_);
    return line(object_);
  }

 private:
  Json object_;
  Json nonFinite_ = Json::array();
};

/// Puts a leaf at its path, making objects on the way.
void place(Json& tree, std::string_view path, Json value) {
  const std::size_t dot = path.find('.');
  Json& child = tree[std::string(path.substr(0, dot))];
  if (dot == std::string_view::npos) {
    child = std::move(value);
  } else {
    place(child, path.substr(dot + 1), std::move(value));
  }
}

/// Objects whose keys are 0, 1, 2, .., in any order, are tuples.
Json tuplesAsArrays(Json tree) {
  if (!tree.is_structured()) return tree;
  for (auto& [key, value] : tree.items()) value = tuplesAsArrays(std::move(value));
  if (!tree.is_object() || tree.empty()) return tree;
  Json out = Json::array();
  for (std::size_t i = 0; i < tree.size(); ++i) {
    const auto item = tree.find(std::to_string(i));
    if (item == tree.end()) return tree;
    out.push_back(*item);
  }
  return out;
}

bool isIn(const std::string& part, const std::string& name) { return part.empty() || name == part || name.starts_with(part + "."); }

}  // namespace

std::string startLine(const std::string& program, std::uint64_t seed, const runtime::StartEvent& e) {
  Event event("start");
  event["program"] = program;
  event["rounds"] = e.rounds;
  event["clients"] = e.clients;
  event["clients_per_round"] = e.clientsPerRound;
  event["eval_clients"] = e.evalClients;
  event["threads"] = e.threads;
  event["seed"] = seed;
  event["compile_s"] = e.compileSeconds;
  return event.text();
}

std::string roundLine(const runtime::RoundEvent& e) {
  Event event("round");
  event["round"] = e.round;
  event["rounds"] = e.rounds;
  event["clients"] = e.clients;
  event["seconds"] = e.seconds;
  event.metrics("metrics", e.metrics);
  event.ofClients(e.ofClients);
  return event.text();
}

std::string evalLine(const runtime::EvalEvent& e) {
  Event event("eval");
  event["round"] = e.round;
  event["clients"] = e.clients;
  event["seconds"] = e.seconds;
  event.metrics("metrics", e.metrics);
  event.ofClients(e.ofClients);
  return event.text();
}

std::string bornLine(const runtime::NonFinite& event, const driver::Origin& origin, const std::string& client, const SourceManager& sources) {
  Event out("born");
  out["entry"] = event.entry;
  out["round"] = event.round;
  out["leaves"] = event.leaves;
  if (!event.kept.empty()) out["kept"] = event.kept;
  out["client"] = client.empty() ? Json(nullptr) : Json(client);
  if (!origin.birth) {
    out["feature"] = origin.feature;
    return out.text();
  }
  const core::Birth& birth = *origin.birth;
  const Span span = birth.stmt->span;
  if (span.isValid()) {
    const LineColumn at = sources.file(span.file).lineColumn(span.begin);
    out["file"] = sources.file(span.file).path();
    out["line"] = at.line;
    out["column"] = at.column;
  }
  out["source"] = std::string(sources.text(span));
  out["text"] = driver::birthText(birth);
  const core::Site* named = driver::reachedName(origin);
  out["name"] = named == nullptr ? Json(nullptr) : Json(named->message);
  Json& steps = out["steps"] = Json::array();
  for (const core::LoopStep& step : birth.where.steps) steps.push_back(step.index);
  return out.text();
}

std::string summaryLine(const runtime::RunSummary& s, const std::string& directory) {
  Event event("summary");
  event["rounds"] = s.rounds;
  event["interrupted"] = s.interrupted;
  event["round_s"] = s.roundSeconds;
  event["first_round_s"] = s.firstRoundSeconds;
  event["total_s"] = s.totalSeconds;
  event["compile_s"] = s.compileSeconds;
  event["data_wait_s"] = s.dataWait.total();
  event["data_wait_cold_s"] = s.dataWait.cold;
  event["data_wait_warm_s"] = s.dataWait.warm;
  event["train_s"] = s.times.train;
  event["aggregate_s"] = s.times.aggregate;
  event["evaluate_s"] = s.evaluateSeconds;
  event["directory"] = directory.empty() ? Json(nullptr) : Json(directory);
  if (!s.wire.empty()) {
    Json& wire = event["wire"] = Json::array();
    for (const runtime::WireTotal& w : s.wire)
      wire.push_back(Json{{"entry", w.entry}, {"exchange", w.exchange}, {"clients", w.clients}, {"down", w.down}, {"up", w.up}});
  }
  event.metrics("metrics", s.metrics);
  event.metrics("eval", s.eval);
  return event.text();
}

std::string resultLine(const std::vector<runtime::NamedArray>& leaves, bool whole, const std::vector<std::string>& ofClients) {
  const NonFinite asText = [](const std::string&, const char* is) { return Json(is); };
  if (whole && leaves.size() == 1) return line(leafJson(leaves.front(), "", asText));
  Json tree = Json::object();
  // What clients have of their own is a list of whole values, not a value of lists.
  for (const std::string& part : ofClients) {
    Json list = Json::array();
    std::int64_t clients = 0;
    for (const runtime::NamedArray& leaf : leaves) {
      if (isIn(part, leaf.name)) clients = leaf.value.shape().front();
    }
    for (std::int64_t client = 0; client < clients; ++client) {
      Json one = Json::object();
      for (const runtime::NamedArray& leaf : leaves) {
        if (!isIn(part, leaf.name)) continue;
        Json value = leafJson({leaf.name, leaf.value.row(client)}, "", asText);
        if (leaf.name == part) {
          one = std::move(value);
        } else {
          place(one, std::string_view(leaf.name).substr(part.empty() ? 0 : part.size() + 1), std::move(value));
        }
      }
      list.push_back(std::move(one));
    }
    if (part.empty()) return line(tuplesAsArrays(std::move(list)));
    place(tree, part, std::move(list));
  }
  for (const runtime::NamedArray& leaf : leaves) {
    const bool placed = std::any_of(ofClients.begin(), ofClients.end(), [&](const std::string& part) { return isIn(part, leaf.name); });
    if (!placed) place(tree, leaf.name, leafJson(leaf, "", asText));
  }
  return line(tuplesAsArrays(std::move(tree)));
}

}  // namespace fedc::cli
