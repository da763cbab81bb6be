#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "compiler/support/plural.h"
#include "tools/fedc/commands.h"
#include "tools/fedc/test_run.h"

namespace fedc::cli {

namespace {

/// The files that are named, and those of the folders that are.
Expected<std::vector<std::string>> filesOf(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::error_code error;
    if (!std::filesystem::is_directory(path, error)) {
      files.push_back(path);
      continue;
    }
    std::vector<std::string> inside;
    for (auto at = std::filesystem::recursive_directory_iterator(path, error); !error && at != std::filesystem::recursive_directory_iterator();
         at.increment(error)) {
      if (at->path().extension() == ".fed") inside.push_back(at->path().string());
    }
    if (error) return fail(fmt::format("`{}` cannot be read: {}", path, error.message()));
    if (inside.empty()) return fail(fmt::format("`{}` has no file of Fed in it", path));
    std::sort(inside.begin(), inside.end());
    files.insert(files.end(), inside.begin(), inside.end());
  }
  return files;
}

/// A file's tests, run by a process of its own: one that breaks takes no other with it.
struct Child {
  pid_t process = -1;
  int output = -1;
  std::string text;
  bool isDone = false;
  int status = 0;
};

/// Counts first, then what is to be shown.
std::string packed(const TestReport& report) {
  return fmt::format("{} {} {}\n{}", report.passed, report.failed, report.isBroken ? 1 : 0, report.text);
}

TestReport unpacked(const Child& child, const std::string& path) {
  TestReport report;
  int broken = 0, read = 0;
  if (child.status == 0 && std::sscanf(child.text.c_str(), "%d %d %d%n", &report.passed, &report.failed, &broken, &read) == 3) {
    report.isBroken = broken != 0;
    report.text = child.text.substr(static_cast<std::size_t>(read) + 1);
    return report;
  }
  report.isBroken = true;
  report.text = WIFSIGNALED(child.status) ? fmt::format("error: the tests of `{}` were ended by signal {}\n", path, WTERMSIG(child.status))
                                          : fmt::format("error: the tests of `{}` could not be run\n", path);
  return report;
}

bool start(Child& child, const CommandLine& line, const std::string& path, bool colors) {
  int ends[2];
  if (pipe(ends) != 0) return false;
  child.process = fork();
  if (child.process == 0) {
    close(ends[0]);
    const std::string text = packed(runTests(line, path, colors));
    std::size_t done = 0;
    while (done < text.size()) {
      const ssize_t written = write(ends[1], text.data() + done, text.size() - done);
      if (written <= 0) break;
      done += static_cast<std::size_t>(written);
    }
    _exit(done == text.size() ? 0 : 1);
  }
  close(ends[1]);
  child.output = ends[0];
  if (child.process < 0) close(ends[0]);
  return child.process > 0;
}

/// Reads what there is; the child is done at the end of it.
void receive(Child& child) {
  char piece[4096];
  const ssize_t size = read(child.output, piece, sizeof piece);
  if (size > 0) {
    child.text.append(piece, static_cast<std::size_t>(size));
    return;
  }
  close(child.output);
  waitpid(child.process, &child.status, 0);
  child.isDone = true;
}

}  // namespace

int testCommand(const CommandLine& line, const Console& console) {
  if (!knowsPass(line, console)) return kWrongUsage;
  auto files = filesOf(line.files);
  if (!files) return console.report(files.error()), kFailure;
  const auto jobs = static_cast<std::size_t>(line.jobs > 0 ? line.jobs : std::max(1, static_cast<int>(std::thread::hardware_concurrency())));
  const bool colors = line.color == ColorMode::Always;

  std::vector<Child> children(files->size());
  std::size_t next = 0, shown = 0;
  int passed = 0, failed = 0, broken = 0;
  std::fflush(stdout);
  while (shown < children.size()) {
    std::vector<pollfd> wait;
    std::vector<std::size_t> which;
    for (std::size_t i = 0; i < next; ++i) {
      if (!children[i].isDone) which.push_back(i);
    }
    while (next < children.size() && which.size() < jobs) {
      if (!start(children[next], line, (*files)[next], colors)) return console.report(Error{"no process could be started for the tests"}), kFailure;
      which.push_back(next++);
    }
    for (const std::size_t i : which) wait.push_back({children[i].output, POLLIN, 0});
    if (!wait.empty() && poll(wait.data(), wait.size(), -1) < 0) continue;
    for (std::size_t w = 0; w < wait.size(); ++w) {
      if (wait[w].revents != 0) receive(children[which[w]]);
    }
    // In the order of the files, whichever is done first.
    for (; shown < children.size() && children[shown].isDone; ++shown) {
      const TestReport report = unpacked(children[shown], (*files)[shown]);
      std::fwrite(report.text.data(), 1, report.text.size(), stderr);
      passed += report.passed;
      failed += report.failed;
      broken += report.isBroken ? 1 : 0;
      if (report.passed + report.failed > 0)
        writeOut(fmt::format(
            "{}: {}\n", (*files)[shown],
            report.failed == 0 ? fmt::format("{} passed", report.passed) : fmt::format("{} failed, {} passed", report.failed, report.passed)));
    }
  }
  std::string total = fmt::format("{} passed", plural(static_cast<std::size_t>(passed), "test"));
  if (failed > 0) total += fmt::format(", {} failed", failed);
  if (broken > 0) total += fmt::format(", {} not run", plural(static_cast<std::size_t>(broken), "file"));
  writeOut(total + "\n");
  if (passed + failed + broken == 0) {
    console.report(Error{line.filter.empty() ? "there is no `test \"name\" { … }`" : fmt::format("no test has `{}` in its name", line.filter)});
    return kFailure;
  }
  return failed == 0 && broken == 0 ? kSuccess : kFailure;
}

}  // namespace fedc::cli
