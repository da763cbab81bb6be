#include "tools/fedc/summary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "compiler/support/plural.h"
#include "tools/fedc/number_text.h"

namespace fedc::cli {

namespace {

std::string row(const char* name, const std::string& value) { return fmt::format("{:<10} {}\n", name, value); }

/// `compile 212 ms (17 %), data 31.0 ms (3 %), ..`: what is nothing is left out.
std::string spentText(const runtime::RunSummary& s) {
  const double named = s.times.wait.total() + s.times.train + s.times.aggregate + s.evaluateSeconds;
  const std::pair<const char*, double> parts[] = {{"compile", s.compileSeconds},   {"data", s.times.wait.total()},
                                                  {"train", s.times.train},        {"aggregate", s.times.aggregate},
                                                  {"evaluate", s.evaluateSeconds}, {"rest", std::max(0.0, s.totalSeconds - named)}};
  const double all = s.compileSeconds + s.totalSeconds;
  std::string text;
  for (const auto& [name, seconds] : parts) {
    const double percent = all > 0 ? 100 * seconds / all : 0;
    if (percent < 0.5) continue;
    text += fmt::format("{}{} {} ({:.0f} %)", text.empty() ? "" : ", ", name, durationText(seconds), percent);
  }
  return text;
}

std::string changeText(const std::string& name, const std::string& from, const std::string& to) { return fmt::format("{} {} -> {}", name, from, to); }

/// `loss 0.4312 -> 0.3912`, for each number that both have.
void addChanges(std::vector<std::string>& changes, const char* prefix, const runtime::Numbers& before, const runtime::Numbers& now) {
  for (const auto& [name, value] : now) {
    const auto old = std::find_if(before.begin(), before.end(), [&, &name = name](const auto& other) { return other.first == name; });
    if (old != before.end()) changes.push_back(changeText(prefix + name, numberText(old->second), numberText(value)));
  }
}

std::string joined(const std::vector<std::string>& parts) { return fmt::format("{}", fmt::join(parts, ", ")); }

}  // namespace

std::string summaryTable(const runtime::RunSummary& s, const Ending& e) {
  std::string text;
  text += row("rounds", s.interrupted      ? fmt::format("{} of {} (interrupted)", s.rounds, e.wantedRounds)
                        : e.begunAfter > 0 ? fmt::format("{}, {} of them now", s.rounds, s.rounds - e.begunAfter)
                                           : std::to_string(s.rounds));
  if (s.rounds - e.begunAfter > 1) {
    text += row("time", fmt::format("{} in all, {} a round (median), {} the first", durationText(s.compileSeconds + s.totalSeconds),
                                    durationText(s.roundSeconds), durationText(s.firstRoundSeconds)));
  } else {
    text += row("time", durationText(s.compileSeconds + s.totalSeconds));
  }
  text += row("spent", spentText(s));
  if (e.down && e.up) {
    text += row("traffic", fmt::format("{} down and {} up, each client of a round", bytesText(static_cast<double>(*e.down)),
                                       bytesText(static_cast<double>(*e.up))));
  }
  text += wireTable(s);
  const auto hasMore = [&](const std::vector<runtime::NamedArray>& metrics) {
    return !metrics.empty() && !(e.hasTable && std::all_of(metrics.begin(), metrics.end(), [](const auto& m) { return m.value.shape().empty(); }));
  };
  if (hasMore(s.metrics)) text += row("metrics", metricsText(s.metrics, false));
  if (hasMore(s.eval)) text += row("eval", metricsText(s.eval, false));
  if (!e.init.empty()) text += row("start", fmt::format("the weights in {}, at round 1", e.init));
  if (!e.saved.empty()) text += row("saved", e.saved);
  if (!e.kept.empty()) text += row("kept", e.kept);
  if (!s.reports.ids.empty() || !s.evalReports.ids.empty())
    text += row("clients", e.kept.empty() ? "what is reported of each is kept in a run's directory only" : "what is reported of each: clients.csv");
  return text;
}

std::string wireTable(const runtime::RunSummary& s) {
  std::string text;
  for (const runtime::WireTotal& w : s.wire) {
    if (w.clients == 0) continue;
    text += row(text.empty() ? "wire" : "",
                fmt::format("{}, exchange {}: {} B down and {} B up, {} B and {} B each of {}", w.entry, w.exchange, w.down, w.up, w.down / w.clients,
                            w.up / w.clients, plural(static_cast<std::size_t>(w.clients), "client")));
  }
  return text;
}

std::string comparisonTable(const runtime::RunOutcome& before, const runtime::RunOutcome& now) {
  const runtime::RunRecord &a = before.record, &b = now.record;
  std::vector<std::string> causes;
  if (a.programHash != b.programHash) causes.emplace_back("the program");
  for (const auto& [name, value] : b.settings) {
    const auto old = a.settings.find(name);
    if (old == a.settings.end() || old->second != value)
      causes.push_back(changeText(name, old == a.settings.end() || old->second.empty() ? "none" : old->second, value.empty() ? "none" : value));
  }
  for (const auto& [name, value] : a.settings)
    if (b.settings.count(name) == 0) causes.push_back(changeText(name, value, "none"));
  const auto sameSetting = [&](const char* name) {
    const auto x = a.settings.find(name), y = b.settings.find(name);
    return x != a.settings.end() && y != b.settings.end() && x->second == y->second;
  };
  // A file of the same name with other bytes.
  if (a.dataHash != b.dataHash && sameSetting("--data")) causes.emplace_back("the bytes of the data");
  if (a.evalDataHash != b.evalDataHash && sameSetting("--eval-data")) causes.emplace_back("the bytes of the evaluation's data");
  if (a.version != b.version) causes.push_back(changeText("fedc", a.version, b.version));
  if (a.processor != b.processor) causes.push_back(changeText("processor", a.processor, b.processor));
  // Interrupted, or begun with fewer rounds and gone on with.
  const bool isAsFar = before.rounds == now.rounds;
  if (!isAsFar && sameSetting("--rounds")) causes.push_back(changeText("rounds done", std::to_string(before.rounds), std::to_string(now.rounds)));

  std::vector<std::string> effects;
  const bool isSame = isAsFar && before.stateHash == now.stateHash;
  if (isSame) {
    effects.emplace_back("the same bits");
  } else {
    addChanges(effects, "", before.metrics, now.metrics);
    addChanges(effects, "eval ", before.eval, now.eval);
    if (effects.empty()) effects.emplace_back("another state");
  }
  effects.push_back(fmt::format("{} -> {} a round", durationText(before.roundSeconds), durationText(now.roundSeconds)));
  return row("before", before.path) + row("changed", causes.empty() ? "nothing" : joined(causes)) + row("effect", joined(effects));
}

}  // namespace fedc::cli
