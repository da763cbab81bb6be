#include "tests/cli/binary.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <stdexcept>

namespace fedc::tests {

namespace {

/// Reads both pipes to their ends; sends the signal once the text has been seen.
void drain(int out, int err, pid_t child, const std::string& interruptAfter, BinaryResult& result) {
  pollfd ends[] = {{out, POLLIN, 0}, {err, POLLIN, 0}};
  std::string* texts[] = {&result.out, &result.err};
  bool isSent = interruptAfter.empty();
  while (ends[0].fd >= 0 || ends[1].fd >= 0) {
    poll(ends, 2, -1);
    for (int i = 0; i < 2; ++i) {
      if (ends[i].fd < 0 || ends[i].revents == 0) continue;
      char buffer[4096];
      const ssize_t size = read(ends[i].fd, buffer, sizeof buffer);
      if (size <= 0) {
        ends[i].fd = -1;
        continue;
      }
      texts[i]->append(buffer, static_cast<std::size_t>(size));
      if (!isSent && texts[i]->find(interruptAfter) != std::string::npos) {
        kill(child, SIGINT);
        isSent = true;
      }
    }
  }
}

}  // namespace

const char* binaryPath() {
  const char* named = std::getenv("FEDC_BINARY");
  return named != nullptr ? named : FEDC_BINARY;
}

namespace {

BinaryResult start(const std::vector<std::string>& arguments, const std::string& interruptAfter, const std::string& in,
                   const std::function<void()>& inChild) {
  static const Folder scratch;
  const std::string folder = in.empty() ? scratch.path("") : in;
  int out[2], err[2];
  if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  std::vector<char*> argv = {const_cast<char*>(binaryPath())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    dup2(out[1], STDOUT_FILENO);
    dup2(err[1], STDERR_FILENO);
    signal(SIGINT, SIG_DFL);
    if (chdir(folder.c_str()) != 0) _exit(127);
    // Neither the user's cache nor what other tests have left in it.
    setenv("FEDC_CACHE", scratch.path("cache").c_str(), 0);
    inChild();
    execv(binaryPath(), argv.data());
    _exit(127);
  }
  close(out[1]);
  close(err[1]);
  BinaryResult result;
  drain(out[0], err[0], child, interruptAfter, result);
  close(out[0]);
  close(err[0]);
  int status = 0;
  rusage usage{};
  wait4(child, &status, 0, &usage);
  const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6; };
  result.cpuSeconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  result.peakBytes = 1024LL * usage.ru_maxrss;
  result.exitCode = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

}  // namespace

BinaryResult fedc(const std::vector<std::string>& arguments, const std::string& interruptAfter, const std::string& in) {
  return start(arguments, interruptAfter, in, [] {});
}

BinaryResult boundedFedc(const std::vector<std::string>& arguments, unsigned seconds, unsigned long megabytes) {
  return start(arguments, {}, {}, [&] {
    const rlimit time{seconds, seconds}, memory{megabytes << 20, megabytes << 20}, core{0, 0};
    setrlimit(RLIMIT_CPU, &time);
    setrlimit(RLIMIT_DATA, &memory);
    setrlimit(RLIMIT_CORE, &core);
  });
}

BinaryResult fedcOnAFullDisk(const std::vector<std::string>& arguments, unsigned long bytes) {
  return start(arguments, {}, {}, [&] {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit size{bytes, bytes};
    setrlimit(RLIMIT_FSIZE, &size);
  });
}

BinaryResult fedcInto(const std::string& file, const std::vector<std::string>& arguments, int descriptor) {
  return start(arguments, {}, {}, [&] {
    const int to = open(file.c_str(), O_WRONLY);
    dup2(to, descriptor);
  });
}

Folder::Folder() {
  std::string name = (std::filesystem::temp_directory_path() / "fedc_cli_XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = name;
}

Folder::~Folder() { std::filesystem::remove_all(path_); }

std::string Folder::write(const std::string& name, const std::string& text) const {
  const std::string file = path(name);
  std::filesystem::create_directories(std::filesystem::path(file).parent_path());
  std::ofstream(file, std::ios::binary) << text;
  return file;
}

}  // namespace fedc::tests
