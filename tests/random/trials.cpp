#include "tests/random/trials.h"

#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <sstream>

#include <fmt/format.h>

#include "compiler/driver/pipeline.h"
#include "tests/random/shrink.h"

namespace fedc::random {

namespace {

using Json = nlohmann::ordered_json;

/// No program takes so much of the processor, shrunk or not; nor so long, on a machine that has other things to do.
constexpr unsigned kSeconds = 60, kWaits = 20 * kSeconds;

void startClocks() {
  alarm(kWaits);
  const itimerval limit = {{0, 0}, {kSeconds, 0}};
  setitimer(ITIMER_PROF, &limit, nullptr);
}

/// A folder that goes with the object; in memory where there is such a place.
class Folder {
 public:
  Folder() {
    const std::filesystem::path base = std::filesystem::is_directory("/dev/shm") ? "/dev/shm" : std::filesystem::temp_directory_path();
    path_ = base / fmt::format("fedc_random_{}", getpid());
    std::filesystem::create_directories(path_);
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

/// What a process said, line by line, and how it ended.
struct Ended {
  std::vector<Json> lines;
  /// Empty: as it should.
  std::string badly;
};

/// `work` in a process of its own: what it gives to `say` arrives here.
Ended isolated(const std::function<void(const std::function<void(const Json&)>& say)>& work) {
  int ends[2];
  if (pipe(ends) != 0) return {{}, "no pipe"};
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0) return {{}, "no process"};
  if (child == 0) {
    close(ends[0]);
    startClocks();
    const auto say = [&](const Json& line) {
      startClocks();
      const std::string text = line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
      for (std::size_t done = 0; done < text.size();) {
        const ssize_t n = write(ends[1], text.data() + done, text.size() - done);
        if (n <= 0) _exit(3);
        done += static_cast<std::size_t>(n);
      }
    };
    try {
      work(say);
    } catch (const std::exception& e) {
      say(Json::object({{"thrown", e.what()}}));
      _exit(4);
    }
    _exit(0);
  }
  close(ends[1]);
  std::string all;
  char buffer[1 << 16];
  for (ssize_t n = 0; (n = read(ends[0], buffer, sizeof buffer)) > 0;) all.append(buffer, static_cast<std::size_t>(n));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  Ended out;
  std::istringstream in(all);
  for (std::string line; std::getline(in, line);) out.lines.push_back(Json::parse(line, nullptr, false));
  if (WIFSIGNALED(status)) {
    const int s = WTERMSIG(status);
    out.badly = s == SIGALRM || s == SIGPROF ? "does not end" : s == SIGABRT ? "aborts" : fmt::format("crashes (signal {})", s);
  } else if (WEXITSTATUS(status) != 0) {
    out.badly = fmt::format("ends with {}", WEXITSTATUS(status));
    if (!out.lines.empty() && out.lines.back().contains("thrown")) out.badly = "throws " + out.lines.back().value("thrown", "");
  }
  return out;
}

/// What is slow at first and is known to all processes that are made afterwards: the parser's tables.
void warm() {
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(FEDC_SOURCE_DIR) / "tests" / "programs")) {
    if (entry.path().extension() != ".fed") continue;
    driver::Compilation compilation;
    static_cast<void>(driver::checkProgram(compilation, entry.path().string(), {}));
  }
}

ChoiceTree treeOf(std::uint64_t seed) {
  Choices choices(seed);
  makeProgram(choices);
  return choices.taken();
}

/// The verdict on the program of a tree.
struct Tried {
  std::string kind, report;
  ChoiceTree taken;
};

Tried attempt(const ChoiceTree& tree, std::uint64_t turn, const std::string& folder) {
  Tried out;
  Choices choices(tree);
  const Program program = makeProgram(choices);
  out.taken = choices.taken();
  const Ended ended = isolated([&](const auto& say) {
    const Verdict v = judge(program, turn, folder);
    say(Json::object({{"kind", v.kind}, {"report", v.report}}));
  });
  if (!ended.badly.empty()) {
    out.kind = ended.badly;
  } else if (!ended.lines.empty()) {
    out.kind = ended.lines[0].value("kind", "");
    out.report = ended.lines[0].value("report", "");
  }
  return out;
}

Finding shrunk(std::uint64_t seed, const std::string& kind, const std::string& folder, int attempts) {
  const ChoiceTree tree = shrink(
      treeOf(seed),
      [&](const ChoiceTree& smaller) {
        Tried t = attempt(smaller, seed, folder);
        return Attempt{t.kind == kind, std::move(t.taken)};
      },
      attempts);
  const Tried last = attempt(tree, seed, folder);
  Choices choices(tree);
  return {seed, kind, last.report, makeProgram(choices)};
}

}  // namespace

Trials tryPrograms(const TrialOptions& options) {
  const Folder folder;
  warm();
  Trials out;
  std::uint64_t next = options.first;
  const std::uint64_t end = options.first + options.count;
  // Memory of machine code is not given back within a process.
  constexpr std::uint64_t kPerProcess = 250;
  while (next < end) {
    const std::uint64_t last = std::min(end, next + kPerProcess);
    const Ended ended = isolated([&](const auto& say) {
      for (std::uint64_t seed = next; seed < last; ++seed) {
        say(Json::object({{"begin", seed}}));
        Choices choices(seed);
        const Program program = makeProgram(choices);
        const Verdict v = judge(program, seed, folder.path());
        say(Json::object({{"end", seed}, {"kind", v.kind}, {"outcome", v.outcome}, {"compared", v.compared}}));
        if (!v.kind.empty() && !options.keepGoing) return;
      }
    });
    std::vector<std::pair<std::uint64_t, std::string>> failed;
    std::uint64_t begun = next;
    for (const Json& line : ended.lines) {
      if (line.contains("begin")) begun = line["begin"];
      if (!line.contains("end")) continue;
      ++out.counts["programs"];
      if (const std::string kind = line["kind"]; !kind.empty()) {
        failed.emplace_back(line["end"], kind);
        continue;
      }
      ++out.counts[line["outcome"].get<std::string>()];
      for (const auto& [how, n] : line["compared"].items()) out.counts[how] += n.get<std::int64_t>();
    }
    if (!ended.badly.empty()) failed.emplace_back(begun, ended.badly);
    next = begun + 1;
    for (const auto& [seed, kind] : failed) {
      ++out.counts["findings"];
      const bool seen = std::any_of(out.findings.begin(), out.findings.end(), [&, &k = kind](const Finding& f) { return f.kind == k; });
      if (seen) continue;
      out.findings.push_back(shrunk(seed, kind, folder.path(), options.shrinkAttempts));
      if (options.keepGoing) fmt::print("{}\n", text(out.findings.back()));
      std::fflush(stdout);
    }
    if (!failed.empty() && !options.keepGoing) return out;
  }
  return out;
}

std::string text(const Finding& f) {
  return fmt::format(
      "seed {}: {}\n{}\n--- the program, as small as it was found ---\n{}--- to see it again ---\nFEDC_RANDOM_SEED={} FEDC_RANDOM_COUNT=1 "
      "build/bin/random_tests --gtest_filter='*Programs*/0'\n",
      f.seed, f.kind, f.report, f.program.file(), f.seed);
}

}  // namespace fedc::random
