#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <filesystem>

#include "compiler/driver/reference.h"
#include "compiler/syntax/parse.h"
#include "runtime/data/hdf5_write.h"
#include "runtime/value/whole_file.h"
#include "tools/fedc/commands.h"

namespace fedc::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kProgram =
    R"fed(// Which of three kinds is a flower? A client is a garden: its flowers stay there, only models and sums leave it.
use fed_avg.{fed_avg};
use nn.{softmax_cross_entropy};
use optim.{sgd};

param lr: f32 = 0.1;
param batch: i32 = 10;

run { data = "data/train.h5", eval = "data/test.h5", rounds = 20, clients_per_round = 8 }

struct Flower { size: f32[4], kind: i32 }
struct Model { w: f32[4, 3], b: f32[3] }
struct Metrics { loss: f32, accuracy: f32 }

// All of this is about one flower.
fn logits(m: Model, f: Flower) -> f32[3] { f.size @ m.w + m.b }

fn loss(m: Model, f: Flower) -> f32 { softmax_cross_entropy(logits(m, f), f.kind) }

fn metrics(m: Model, f: Flower) -> Metrics {
  Metrics { loss: loss(m, f), accuracy: f32(argmax(logits(m, f)) == f.kind) }
}

// A garden trains a copy of the model on its own flowers, the server takes the mean of what was learnt.
let main = fed_avg(
  init = |_| zeros(),
  loss = loss,
  client = sgd(lr),
  server = sgd(1.0),
  batch = batch,
  metrics = metrics,
);
)fed";

constexpr std::string_view kReadme = R"md(# NAME

A federated program in the language Fed. `NAME.fed` is the program, `data/` holds 40 gardens to train on and 12 to evaluate on (made up by `fedc new`).

```
fedc run NAME.fed                             trains for 20 rounds
fedc run NAME.fed -p lr=0.5 --rounds 100      other settings; `run` and `param` in the program are the defaults
fedc resume runs/NAME-1 --rounds 40           goes on with the first run, which was kept: its metrics, state and model
fedc check NAME.fed                           says what is wrong, runs nothing
fedc fmt NAME.fed                             lays the program out
fedc data info data/train.h5                  says what the data holds
fedc doc fed_avg                              says what a function does; `fedc doc` lists all
fedc emit typed NAME.fed                      the program with everything implicit written out
```

To try next, in `NAME.fed`:

- `use optim.{momentum};` and `client = momentum(lr)`: another optimizer at the clients
- `server = sgd(0.5)`: the server goes half of the way
- a hidden layer: `fedc doc nn` lists layers; `struct Model { hidden: Dense<4, 8>, out: Dense<8, 3> }`

Data of your own is an HDF5 file with `examples/<client>/<feature>`; the fields of `struct Flower` are the features that are read.
)md";

/// The same numbers on every machine.
class Numbers {
 public:
  /// SplitMix64 (Steele et al., 2014), as a number in [0, 1).
  double uniform() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
  }
  /// Nearly normal, without a library function that differs between machines.
  double normal() {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += uniform();
    return sum;
  }

 private:
  std::uint64_t state_ = 1;
};

/// Gardens of flowers of three kinds; each garden has a favourite kind, and a soil on which everything grows a little larger or smaller.
std::vector<runtime::WrittenClient> gardens(Numbers& numbers, int count, int first) {
  constexpr double kSizes[3][4] = {{-1.2, 0.9, -1.3, -1.2}, {0.1, -0.8, 0.3, 0.1}, {1.0, -0.1, 1.1, 1.2}};
  std::vector<runtime::WrittenClient> result;
  for (int g = 0; g < count; ++g) {
    const int favourite = static_cast<int>(3 * numbers.uniform());
    const double soil = 0.3 * numbers.normal();
    const int flowers = 10 + static_cast<int>(30 * numbers.uniform());
    std::vector<float> sizes;
    std::vector<std::int32_t> kinds;
    for (int i = 0; i < flowers; ++i) {
      const int kind = numbers.uniform() < 0.6 ? favourite : static_cast<int>(3 * numbers.uniform());
      for (const double size : kSizes[kind]) sizes.push_back(static_cast<float>(size + soil + 0.7 * numbers.normal()));
      kinds.push_back(kind);
    }
    result.push_back({fmt::format("garden_{:02}", first + g), {{"kind", 0, std::move(kinds)}, {"size", 4, std::move(sizes)}}});
  }
  return result;
}

std::string withName(std::string_view text, const std::string& name) {
  std::string result(text);
  for (std::size_t at = 0; (at = result.find("NAME", at)) != std::string::npos; at += name.size()) result.replace(at, 4, name);
  return result;
}

/// Why a project cannot be called so; nothing if it can: its program is a module, which others may `use`.
std::optional<std::string> whyNot(const std::string& name) {
  if (name.empty() || name == "." || name == "..") return "it names no folder of its own";
  const auto isFirst = [](unsigned char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  const auto isRest = [&](unsigned char c) { return isFirst(c) || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  if (!isFirst(static_cast<unsigned char>(name.front()))) return "a name begins with a small letter";
  if (!std::all_of(name.begin(), name.end(), isRest)) return "a name is made of ASCII letters, digits and `_`";
  SourceManager sources;
  DiagnosticSink sink;
  syntax::parse(sources.add("name", fmt::format("use {};", name)), sink);
  if (sink.hasErrors()) return "it is a word of the language";
  if (const auto library = driver::readLibrary()) {
    const auto isSame = [&](const driver::ModuleReference& module) { return module.name == name; };
    if (std::any_of(library->modules.begin(), library->modules.end(), isSame) || name == "prelude") {
      return "the library has a module of this name, which the program would hide";
    }
  }
  return std::nullopt;
}

Expected<void> fill(const fs::path& folder, const std::string& name) {
  std::error_code error;
  fs::create_directories(folder / "data", error);
  if (error) return fail(fmt::format("cannot make the folder `{}`: {}", folder.string(), error.message()));
  Numbers numbers;
  for (const auto& [file, count, first] : {std::tuple("train.h5", 40, 0), std::tuple("test.h5", 12, 40)}) {
    if (auto written = runtime::writeFederation((folder / "data" / file).string(), gardens(numbers, count, first)); !written) return written;
  }
  const std::pair<std::string, std::string> files[] = {
      {name + ".fed", std::string(kProgram)}, {"README.md", withName(kReadme, name)}, {".gitignore", "runs/\n"}};
  for (const auto& [file, text] : files) {
    if (auto written = runtime::writeWhole((folder / file).string(), text); !written) return written;
  }
  return {};
}

/// All of it or nothing.
Expected<void> make(const fs::path& folder, const std::string& name) {
  std::error_code error;
  if (fs::exists(folder, error) && !fs::is_directory(folder, error))
    return fail(fmt::format("`{}` is there already, and is no folder", folder.string()));
  if (fs::is_directory(folder, error) && !fs::is_empty(folder, error)) {
    return fail(fmt::format("the folder `{}` is there already, and is not empty", folder.string()));
  }
  const bool wasThere = fs::exists(folder, error);
  auto filled = fill(folder, name);
  if (filled) return {};
  if (!wasThere) {
    fs::remove_all(folder, error);
  } else {
    // It was empty.
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) fs::remove_all(it->path(), error);
  }
  return filled;
}

}  // namespace

int newCommand(const CommandLine& line, const Console& console) {
  fs::path folder = line.name;
  while (folder.has_relative_path() && folder.filename().empty()) folder = folder.parent_path();
  const std::string name = folder.filename().string();
  if (const auto reason = whyNot(name)) {
    console.report(Error{fmt::format("a project cannot be called `{}`: {}", name, *reason)});
    return kFailure;
  }
  if (auto made = make(folder, name); !made) {
    console.report(made.error());
    return kFailure;
  }
  const std::string shown = folder.string();
  const std::string program = name + ".fed";
  const std::size_t width = std::max<std::size_t>(program.size(), 9);
  const std::string text = fmt::format(
      "{0}/\n  {1:<{4}}  the program\n  {2:<{4}}  what to try next\n  {3:<{4}}  40 clients to train on, 12 to evaluate on\n\ncd {0} && fedc run "
      "{1}\n",
      shown, program, "README.md", "data/", width);
  return writeOut(text) ? kSuccess : kFailure;
}

}  // namespace fedc::cli
