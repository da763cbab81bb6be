#include "tools/fedc/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "compiler/support/plural.h"
#include "tools/fedc/number_text.h"

namespace fedc::cli {

namespace {

constexpr double kSecondsBetweenLines = 10;
/// A terminal shows no more than this many states a second.
constexpr double kSecondsBetweenStates = 0.05;
/// How much of the newest round's time goes into the smoothed one.
constexpr double kNewest = 0.2;

std::size_t terminalColumns(std::FILE* out) {
  winsize size{};
  if (ioctl(fileno(out), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

int digits(int number) { return static_cast<int>(std::to_string(number).size()); }

}  // namespace

bool hasLine(int round, int rounds, double secondsSinceLine) {
  int step = 1;
  while (round > step * 10) step *= 10;
  return round % step == 0 || round == rounds || secondsSinceLine >= kSecondsBetweenLines;
}

std::string roundText(const runtime::RoundEvent& event, double perSecond) {
  std::string text = fmt::format("round {:>{}}/{}", event.round, digits(event.rounds), event.rounds);
  if (perSecond > 0) {
    text += perSecond >= 1 ? fmt::format("  {:.3g} rounds/s", perSecond) : fmt::format("  {} a round", durationText(1 / perSecond));
    if (event.round < event.rounds) text += fmt::format("  ETA {}", durationText((event.rounds - event.round) / perSecond));
  }
  const std::string metrics = metricsText(event.metrics, true);
  return metrics.empty() ? text : text + "  " + metrics;
}

std::string evalText(const runtime::EvalEvent& event, int rounds) {
  const std::string text =
      fmt::format("round {:>{}} evaluated on {}", event.round, digits(rounds), plural(static_cast<std::size_t>(event.clients), "client"));
  const std::string metrics = metricsText(event.metrics, true);
  return metrics.empty() ? text : text + ": " + metrics;
}

std::string fitted(std::string text, std::size_t columns) {
  std::size_t used = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool isContinuation = (static_cast<unsigned char>(text[i]) & 0xc0) == 0x80;
    if (!isContinuation && ++used > columns) {
      text.resize(i);
      break;
    }
  }
  return text;
}

void Progress::start(const runtime::StartEvent& event) {
  rounds_ = event.rounds;
  shown_ = last_ = Clock::now();
}

/// Where nobody can read it, the run goes on.
void Progress::put(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), out_);
  std::fflush(out_);
}

void Progress::line(const std::string& text) {
  clear();
  put(text + "\n");
  shown_ = Clock::now();
}

void Progress::round(const runtime::RoundEvent& event) {
  const Clock::time_point now = Clock::now();
  const double seconds = std::chrono::duration<double>(now - last_).count();
  last_ = now;
  seconds_ = event.round <= 2 ? seconds : (1 - kNewest) * seconds_ + kNewest * seconds;
  if (mode_ == Mode::Quiet) return;
  const double perSecond = seconds_ > 0 ? 1 / seconds_ : 0;
  const double since = std::chrono::duration<double>(now - shown_).count();
  if (mode_ == Mode::Lines) {
    if (hasLine(event.round, event.rounds, since)) line(roundText(event, perSecond));
    return;
  }
  if (isShown_ && since < kSecondsBetweenStates && event.round != event.rounds) return;
  put("\r\x1b[K" + fitted(roundText(event, perSecond), terminalColumns(out_) - 1));
  isShown_ = true;
  shown_ = now;
}

void Progress::eval(const runtime::EvalEvent& event) {
  if (mode_ != Mode::Quiet) line(evalText(event, rounds_));
}

void Progress::note(const std::string& text) {
  if (mode_ != Mode::Quiet) line(text);
}

void Progress::clear() {
  if (!isShown_) return;
  put("\r\x1b[K");
  isShown_ = false;
}

}  // namespace fedc::cli
