// A run's directory as `fedc resume` meets it. The input is run.json, metrics.csv, evaluations.csv, clients.csv and state/checkpoint.npz, one behind
// the other, with lines `====` between; what is missing at the end is not there.
// links: fedc_cli
#include <array>

#include "runtime/process/run_directory.h"
#include "tests/fuzz/support/files.h"
#include "tests/fuzz/support/require.h"
#include "tools/fedc/command_line.h"

namespace fedc::fuzz {

bool run_directory(std::string_view input);

bool run_directory(std::string_view input) {
  constexpr std::string_view kBetween = "\n====\n";
  constexpr std::array kNames = {"run.json", "metrics.csv", "evaluations.csv", "clients.csv", "state/checkpoint.npz"};
  std::vector<std::pair<std::string, std::string>> files;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    const bool isLast = i + 1 == kNames.size();
    const std::size_t end = isLast ? std::string_view::npos : input.find(kBetween);
    std::string content(input.substr(0, end));
    if (isLast) content = withCheckSums(content);
    files.emplace_back(kNames[i], std::move(content));
    if (end == std::string_view::npos) break;
    input.remove_prefix(end + kBetween.size());
  }
  const std::string path = memoryFolder(files);
  int round = 0;
  std::string seed;
  {
    auto directory = runtime::RunDirectory::open(path);
    if (!directory) return false;
    (void)cli::parseCommandLine((*directory)->record().arguments);
    auto checkpoint = (*directory)->checkpoint();
    if (!checkpoint) return false;
    if (*checkpoint) round = (*checkpoint)->round;
    (*directory)->keepReports({{"count", {}}, {"w", {2}}});
    if (auto started = (*directory)->startAfter(round); !started) return false;
    const std::vector<runtime::NamedArray> metrics = {{"loss", core::Array::scalar(core::Literal::ofDouble(core::Elem::F32, 0.5))}};
    const runtime::ClientReports reports = {{"a,\"b\"\n"},
                                            {{"count", core::Array(core::Elem::I32, {1})}, {"w", core::Array(core::Elem::F32, {1, 2})}}};
    auto state = *checkpoint ? (*checkpoint)->state : std::vector<runtime::NamedArray>();
    if (round < 2147483647) {
      // Two leaves of one name are refused when they are written.
      if (auto written = (*directory)->round(round + 1, 0.25, metrics, reports, std::move(state), {1, 0}); !written) return false;
      ++round;
    }
  }
  auto again = runtime::RunDirectory::open(path);
  require(again.has_value(), "a directory that went on can be opened again");
  auto checkpoint = (*again)->checkpoint();
  require(checkpoint && *checkpoint && (*checkpoint)->round == round, "its checkpoint is that of the last round");
  return true;
}

}  // namespace fedc::fuzz
