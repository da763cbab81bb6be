#include <fmt/format.h>
#include <fmt/ranges.h>
#include <cmath>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "compiler/core/text.h"
#include "compiler/driver/budget.h"
#include "compiler/support/limits.h"
#include "compiler/support/plural.h"
#include "runtime/data/inspect.h"
#include "runtime/data/open.h"
#include "runtime/process/json_text.h"
#include "tools/fedc/commands.h"
#include "tools/fedc/cost_report.h"
#include "tools/fedc/number_text.h"
#include "tools/fedc/settings.h"

namespace fedc::cli {

namespace {

using Json = nlohmann::ordered_json;

/// The clients of an entry, by their numbers of rows.
struct Clients {
  std::string path;
  std::vector<std::int64_t> rows;
  /// Of a round.
  std::int64_t cohort = 0;
};

/// 31400 as 31,400.
std::string grouped(std::int64_t number) { return core::costText(core::Fn{}, Dim(number)); }

Expected<Clients> clientsOf(const std::string& path, const std::string& selection, std::optional<std::int64_t> cohort) {
  const auto why = [](const runtime::DataError& e) { return fail(e.help.empty() ? e.message : e.message + "; " + e.help); };
  auto info = runtime::inspectFederation(path);
  if (!info) return why(info.error());
  Clients out{path, std::move(info->rows), 0};
  if (!selection.empty()) {
    auto source = runtime::openData(path, {});
    if (!source) return why(source.error());
    auto selected = runtime::selectClients(selection, **source);
    if (!selected) return tl::unexpected(selected.error());
    std::vector<std::int64_t> rows;
    for (const std::size_t client : *selected) rows.push_back(out.rows[client]);
    out.rows = std::move(rows);
  }
  if (out.rows.empty()) return fail(fmt::format("`{}` has no clients", path));
  const auto odd = std::find_if(out.rows.begin(), out.rows.end(), [](std::int64_t n) { return n < 0; });
  if (odd != out.rows.end()) return fail(fmt::format("`{}`: a client has features of different lengths; `fedc data info {}` says more", path, path));
  const auto count = static_cast<std::int64_t>(out.rows.size());
  out.cohort = cohort.value_or(count);
  if (out.cohort > count) return fail(fmt::format("a cohort of {} clients cannot be drawn from {}", out.cohort, count));
  return out;
}

/// A line of the table of numbers.
std::string spreadLine(const char* name, const Spread& s, const Clients& clients, bool isSum) {
  const auto count = static_cast<double>(clients.rows.size());
  // Of cohorts that are drawn, what is expected: the mean client's times their number.
  const double round = static_cast<double>(s.total) * static_cast<double>(clients.cohort) / count;
  const std::string sums = isSum ? fmt::format("{:>20}{:>20}", grouped(s.total), grouped(std::llround(round))) : "";
  return fmt::format("    {:<9}{:>16}{:>16}{:>16}{}\n", name, grouped(s.least), grouped(s.median), grouped(s.greatest), sums);
}

/// `file.fed:12`, or nothing.
std::string placeText(Span span, const SourceManager& sources) {
  if (!span.isValid()) return {};
  const SourceFile& file = sources.file(span.file);
  return fmt::format("{}:{}", file.path(), file.line(span.begin));
}

std::string typeText(const core::Crossing& c, const Quantity& of) { return core::print(of.fn != nullptr ? *of.fn : core::Fn{}, c.type); }

/// A large update of floats that goes up as it is: what compressors would make of it.
std::string hint(const std::vector<ExchangeCost>& exchanges) {
  constexpr std::int64_t kLarge = 1000;
  std::int64_t floats = 0, leaves = 0, bytes = 0;
  for (const ExchangeCost& e : exchanges) {
    for (const core::Crossing& c : e.crossings) {
      if (c.isDown || !core::isFloat(c.type.elem) || !c.bytes.dim.constant()) continue;
      const std::int64_t n = *c.bytes.dim.constant() / core::elemBytes(c.type.elem);
      if (n < kLarge) continue;
      floats += n;
      bytes += *c.bytes.dim.constant();
      ++leaves;
    }
  }
  if (leaves == 0) return {};
  std::string text = fmt::format("  hint         {} floats go up as they are, {}; the library's compressors would send\n", grouped(floats),
                                 bytesText(static_cast<double>(bytes)));
  for (const Saving& s : savings(floats, leaves)) {
    text += fmt::format("    {:<30}{:>10}, {:.0f} times less ({})\n", s.name, bytesText(static_cast<double>(s.bytes)),
                        static_cast<double>(bytes) / static_cast<double>(s.bytes), s.how);
  }
  return text;
}

/// What no number holds.
std::string notCounted(const EntryCost& entry) {
  return entry.natives.empty() ? "" : fmt::format("  not counted: what the native functions `{}` compute\n", fmt::join(entry.natives, "`, `"));
}

std::string entryText(const EntryCost& entry, const std::optional<Clients>& clients, const SourceManager& sources) {
  if (entry.exchanges.empty()) return fmt::format("{}: no exchange, {} flops at the server\n", entry.entry, entry.server.text()) + notCounted(entry);
  std::string text = fmt::format("{}: {}\n", entry.entry, plural(entry.exchanges.size(), "exchange"));
  for (std::size_t i = 0; i < entry.exchanges.size(); ++i) {
    const ExchangeCost& e = entry.exchanges[i];
    text += fmt::format("  exchange {}{}\n", i + 1, e.selections == 0 ? "" : fmt::format(", with {}", plural(e.selections, "selection")));
    for (const core::Crossing& c : e.crossings) {
      const Quantity bytes{c.bytes.dim, c.bytes.isExact, e.down.fn, c.strings.dim};
      const std::string place = placeText(c.span, sources);
      text +=
          fmt::format("    {:<6} {:<40}{:>16}{}{}\n", c.isDown ? "down" : "up",
                      fmt::format("{}: {}", driver::crossingName(c, sources), typeText(c, e.down)), bytes.bytes(), place.empty() ? "" : "   ", place);
    }
    text += fmt::format("    work   {} flops\n", e.flops.text());
    text += fmt::format("    memory {} B, of it {} B scratch\n", e.memory.text(), e.scratch.text());
  }
  text += "  each client\n";
  text += fmt::format("    down   {}\n    up     {}\n    work   {} flops\n    memory {} B, at most at a time\n", entry.down.bytes(), entry.up.bytes(),
                      entry.flops.text(), entry.memory.text());
  text += fmt::format("  the server {} flops, besides what merging takes\n", entry.server.text());
  text += notCounted(entry);
  if (clients) {
    text += fmt::format("  {} of {}, {} a round\n", plural(clients->rows.size(), "client"), clients->path, clients->cohort);
    text += fmt::format("    {:<9}{:>16}{:>16}{:>16}{:>20}{:>20}\n", "", "least", "median", "greatest", "all clients", "a round");
    text += spreadLine("rows", spreadOf({Dim::variable(0), true, nullptr, {}}, clients->rows), *clients, true);
    text += spreadLine("down", spreadOf(entry.down, clients->rows), *clients, true);
    text += spreadLine("up", spreadOf(entry.up, clients->rows), *clients, true);
    text += spreadLine("flops", spreadOf(entry.flops, clients->rows), *clients, true);
    text += spreadLine("memory", spreadOf(entry.memory, clients->rows), *clients, false);
  }
  return text + hint(entry.exchanges);
}

/// A quantity: its formula, the number if it is one, and its spread over the clients.
Json quantityJson(const Quantity& q, const std::optional<Clients>& clients) {
  Json out{{"formula", q.fn != nullptr ? core::print(*q.fn, q.dim) : core::print(core::Fn{}, q.dim)}, {"exact", q.isExact}};
  if (!q.strings.isConstant(0)) out["strings"] = q.fn != nullptr ? core::print(*q.fn, q.strings) : core::print(core::Fn{}, q.strings);
  out["value"] = q.dim.constant() ? Json(*q.dim.constant()) : Json(nullptr);
  if (clients) {
    const Spread s = spreadOf(q, clients->rows);
    out["least"] = s.least;
    out["median"] = s.median;
    out["greatest"] = s.greatest;
    out["total"] = s.total;
  }
  return out;
}

Json entryJson(const EntryCost& entry, const std::optional<Clients>& clients, const SourceManager& sources) {
  Json out{{"entry", entry.entry}, {"exchanges", Json::array()}};
  for (const ExchangeCost& e : entry.exchanges) {
    Json one{{"crossings", Json::array()}};
    for (const core::Crossing& c : e.crossings) {
      one["crossings"].push_back(Json{{"direction", c.isDown ? "down" : "up"},
                                      {"name", driver::crossingName(c, sources)},
                                      {"type", typeText(c, e.down)},
                                      {"bytes", quantityJson({c.bytes.dim, c.bytes.isExact, e.down.fn, c.strings.dim}, std::nullopt)},
                                      {"at", placeText(c.span, sources)}});
    }
    one["selections"] = e.selections;
    one["down"] = quantityJson(e.down, clients);
    one["up"] = quantityJson(e.up, clients);
    one["flops"] = quantityJson(e.flops, clients);
    one["memory"] = quantityJson(e.memory, clients);
    out["exchanges"].push_back(std::move(one));
  }
  out["down"] = quantityJson(entry.down, clients);
  out["up"] = quantityJson(entry.up, clients);
  out["flops"] = quantityJson(entry.flops, clients);
  out["memory"] = quantityJson(entry.memory, clients);
  if (!entry.natives.empty()) out["not_counted"] = entry.natives;
  if (clients) {
    out["clients"] = clients->rows.size();
    out["cohort"] = clients->cohort;
  }
  return out;
}

}  // namespace

int costCommand(const CommandLine& line, const Console& console) {
  if (!knowsPass(line, console)) return kWrongUsage;
  const auto failed = [&](const Error& error) { return console.report(error), kFailure; };
  driver::Compilation compilation;
  const std::string& path = line.files.front();
  if (!compileFile(compilation, path, compileOptions(line, stderr), false, console)) return kFailure;
  const core::Program& program = *compilation.program;
  if (program.graphs.empty()) return failed({fmt::format("`{}` has nothing to run: it ends with no `main`", path)});
  auto options = runOptions(line.run, driver::factsOf(*compilation.typed), path);
  if (!options) return failed(options.error());

  // What a flag names must be there; what the program names counts if it is.
  std::optional<Clients> train, eval;
  const auto open = [&](std::optional<Clients>& to, const std::string& data, bool isAsked, const std::string& selection,
                        std::optional<std::int64_t> cohort) -> Expected<void> {
    if (data.empty()) return {};
    auto clients = clientsOf(data, selection, cohort);
    if (clients) {
      to = std::move(*clients);
    } else if (isAsked) {
      return tl::unexpected(clients.error());
    } else {
      console.warn(fmt::format("formulas alone: {}", clients.error().message));
    }
    return {};
  };
  if (auto opened = open(train, options->data, line.run.data.has_value(), options->clients, options->clientsPerRound); !opened)
    return failed(opened.error());
  if (auto opened = open(eval, options->evalData, line.run.evalData.has_value(), options->evalClients, std::nullopt); !opened)
    return failed(opened.error());

  std::vector<EntryCost> costs;
  try {
    costs = costsOf(program);
  } catch (const Overgrown& limit) {
    return failed({limit.what});
  }
  std::string text;
  Json all{{"program", path}, {"entries", Json::array()}};
  for (const EntryCost& entry : costs) {
    const std::optional<Clients> none;
    // `init` is done at a client when it first takes part.
    const std::optional<Clients>& clients = entry.exchanges.empty() || entry.entry == "init" ? none : entry.entry == "evaluate" ? eval : train;
    if (line.run.json) {
      all["entries"].push_back(entryJson(entry, clients, compilation.sources));
    } else {
      text += (text.empty() ? "" : "\n") + entryText(entry, clients, compilation.sources);
    }
  }
  if (line.run.json) text = runtime::writeJson(all) + "\n";
  return writeOut(text) ? kSuccess : kFailure;
}

}  // namespace fedc::cli
