#pragma once

#include <chrono>
#include <cstdio>
#include <string>

#include "runtime/process/run.h"

namespace fedc::cli {

/// Which rounds get a line where there is no terminal: all up to 10, then every tenth, from 100 every hundredth, and so on; the last; and whatever
/// comes ten seconds or more after the last line.
bool hasLine(int round, int rounds, double secondsSinceLine);

/// `round  12/100  8.31 rounds/s  ETA 11 s  loss 0.3124  accuracy 0.9103`; `perSecond` 0: not known yet.
std::string roundText(const runtime::RoundEvent& event, double perSecond);
/// `round  10 evaluated on 20 clients: loss 0.3124  accuracy 0.9103`
std::string evalText(const runtime::EvalEvent& event, int rounds);

/// Cut to a terminal's width, at the end of a UTF-8 character.
std::string fitted(std::string text, std::size_t columns);

/// Shows how a run goes on: one line that is written over and over on a terminal, whole lines elsewhere, nothing if it is quiet.
class Progress {
 public:
  enum class Mode { Live, Lines, Quiet };

  Progress(Mode mode, std::FILE* out) : mode_(mode), out_(out) {}
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void start(const runtime::StartEvent& event);
  void round(const runtime::RoundEvent& event);
  void eval(const runtime::EvalEvent& event);
  /// A line of its own, unless it is quiet.
  void note(const std::string& text);
  /// Takes the live line away, before something else is written.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  void put(const std::string& text);
  void line(const std::string& text);

  Mode mode_;
  std::FILE* out_;
  int rounds_ = 0;
  bool isShown_ = false;
  Clock::time_point shown_;
  /// Smoothed seconds of a round, evaluations included; the first round, which warms everything up, counts only until there is a second.
  double seconds_ = 0;
  Clock::time_point last_;
};

}  // namespace fedc::cli
