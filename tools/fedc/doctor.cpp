#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "compiler/codegen/target.h"
#include "compiler/driver/cache.h"
#include "compiler/driver/compile.h"
#include "compiler/driver/modules.h"
#include "compiler/support/plural.h"
#include "runtime/process/run.h"
#include "runtime/versions.h"
#include "tools/fedc/commands.h"
#include "tools/fedc/number_text.h"

namespace fedc::cli {

namespace {

/// A line of the report; `isGood` is false where fedc cannot work like this.
struct Finding {
  std::string what;
  std::string text;
  bool isGood = true;
};

Finding processor() {
  using Features = codegen::Target::Features;
  const std::string name = codegen::hostProcessor();
  if (codegen::hostRuns(Features::Avx512)) return {"processor", name + ", AVX-512: sixteen lanes in a register"};
  if (codegen::hostRuns(Features::Avx2)) return {"processor", name + ", AVX2: sixteen lanes in two registers"};
  return {"processor", name + ": lacks AVX2 or FMA, fedc needs x86-64-v3", false};
}

Finding memory() {
  const long long all = runtime::machineMemory();
  if (all == 0) return {"memory", "its size is not known; `--data-cache` takes 1 GiB"};
  return {"memory", fmt::format("{}; `--data-cache` takes {} of it", bytesText(static_cast<double>(all)), bytesText(static_cast<double>(all) / 4))};
}

Finding library() {
  namespace fs = std::filesystem;
  const std::string folder = driver::stdlibFolder();
  std::error_code error;
  int modules = 0;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) modules += it->path().extension() == ".fed";
  if (error || modules == 0) return {"library", fmt::format("no modules in `{}`; FEDC_STDLIB names its folder", folder), false};
  return {"library", fmt::format("{} ({} modules)", folder, modules)};
}

Finding cache() {
  const auto cache = driver::ArtifactCache::open(driver::ArtifactCache::defaultFolder());
  if (!cache) return {"cache", cache.error().message + (cache.error().isUnsafe ? "" : ": every run compiles"), !cache.error().isUnsafe};
  const auto holds = cache->statistics();
  return {"cache", fmt::format("{} ({}, {})", cache->folder(), plural(holds.files, "file"), bytesText(static_cast<double>(holds.bytes)))};
}

/// A program through all stages.
Finding program() {
  const auto start = std::chrono::steady_clock::now();
  const auto failed = [](const std::string& why) { return Finding{"a program", why, false}; };
  driver::Compilation compilation;
  const FileId file = compilation.sources.add("doctor.fed", "fn main() -> f32 { sum(3 * [1.0, 2.0, 4.0]) }\n").id();
  if (!driver::checkSource(compilation, file, {}) || !driver::lowerProgram(compilation, {})) return failed("does not compile");
  auto executable = driver::compileExecutable(compilation, {});
  if (!executable) return failed(executable.error().message);
  const auto summary = runtime::run(*executable, {});
  if (!summary) return failed(summary.error().message);
  const double got = summary->metrics.empty() ? 0 : summary->metrics.front().value.at(0).toDouble();
  if (got != 21) return failed(fmt::format("gives {} instead of 21", got));
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  return {"a program", fmt::format("compiles and runs: {}", durationText(seconds.count()))};
}

}  // namespace

int doctorCommand(const CommandLine& line, const Console& console) {
  (void)line;
  (void)console;
  const unsigned threads = std::max(1U, std::thread::hardware_concurrency());
  std::vector<Finding> findings = {{"fedc", FEDC_VERSION},
                                   processor(),
                                   {"threads", fmt::format("{}; `--threads` says otherwise, results do not depend on it", threads)},
                                   memory(),
                                   {"LLVM", codegen::llvmVersion()},
                                   {"oneTBB", runtime::tbbVersion()},
                                   {"HDF5", runtime::hdf5Version()},
                                   cache(),
                                   library()};
  findings.push_back(findings[1].isGood && findings.back().isGood ? program() : Finding{"a program", "not tried", false});
  bool isGood = true;
  std::string text;
  for (const Finding& f : findings) {
    text += fmt::format("{} {:<10} {}\n", f.isGood ? " " : "!", f.what, f.text);
    isGood = isGood && f.isGood;
  }
  if (!writeOut(text)) return kFailure;
  return isGood ? kSuccess : kFailure;
}

}  // namespace fedc::cli
