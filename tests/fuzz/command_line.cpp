// The words of a command line, a line each, and what is read out of them: selections of clients, arguments of `main`, settings of a `run` block (the
// lines behind a line `run {`).
// links: fedc_cli
#include <algorithm>

#include "runtime/data/client_source.h"
#include "tests/fuzz/support/require.h"
#include "tools/fedc/command_line.h"
#include "tools/fedc/settings.h"

namespace fedc::fuzz {

bool command_line(std::string_view input);

namespace {

core::Type type(core::Elem elem, std::vector<Dim> dims) { return core::Type{elem, std::move(dims)}; }

/// A federation of ids alone.
class Ids final : public runtime::ClientSource {
 public:
  std::size_t size() const override { return ids_.size(); }
  std::string id(std::size_t client) const override { return ids_[client]; }
  Expected<runtime::ClientColumns, runtime::DataError> read(std::size_t) override { return runtime::ClientColumns{}; }

 private:
  const std::vector<std::string> ids_ = {"", "0", "0..2", "1", "a", "b,c", "writer_0000", "writer_0001", "writer_0007", "\xff"};
};

}  // namespace

bool command_line(std::string_view input) {
  std::vector<std::string> words;
  driver::ProgramFacts program;
  bool inBlock = false;
  while (!input.empty()) {
    const std::size_t end = std::min(input.find('\n'), input.size());
    const std::string word(input.substr(0, end));
    input.remove_prefix(std::min(end + 1, input.size()));
    if (word == "run {") {
      inBlock = true;
    } else if (!inBlock) {
      words.push_back(word);
    } else if (const std::size_t at = word.find('='); at != std::string::npos) {
      program.run.others[word.substr(0, at)] = word.substr(at + 1);
    }
  }
  const auto line = cli::parseCommandLine(words);
  if (!line) {
    require(line.error().exitCode == 0 || line.error().exitCode == 2, "help and version are 0, wrong usage 2");
    require(!line.error().text.empty(), "whoever is refused is told why");
    return false;
  }
  const auto options = cli::runOptions(line->run, program, "folder/program.fed");
  const Ids ids;
  bool good = options.has_value();
  for (const std::string& clients : {line->run.clients.value_or(""), options ? options->clients : ""}) {
    // A list in a file is another input.
    if (clients.starts_with('@')) continue;
    const auto selected = runtime::selectClients(clients, ids);
    good = good && selected.has_value();
    require(!selected || std::is_sorted(selected->begin(), selected->end()), "a selection is ascending");
    require(!selected || (!selected->empty() && selected->back() < ids.size()), "a selection is of clients that are there");
  }
  const core::Type types[] = {type(core::Elem::F32, {}),
                              type(core::Elem::Bool, {Dim(2)}),
                              type(core::Elem::I8, {Dim(2), Dim(2)}),
                              type(core::Elem::U64, {Dim(0), Dim(3)}),
                              type(core::Elem::F64, {Dim(1), Dim(1), Dim(1)}),
                              type(core::Elem::I64, {}),
                              type(core::Elem::BF16, {Dim(3)}),
                              type(core::Elem::Key, {}),
                              type(core::Elem::F32, {Dim(std::int64_t{1} << 40), Dim(std::int64_t{1} << 40)})};
  for (const auto& [name, text] : line->run.arguments) {
    for (const core::Type& t : types) {
      core::Graph main;
      main.slots.push_back({name, t, core::Place::Server});
      core::Graph::Input input;
      input.kind = core::Graph::Input::Kind::Argument;
      input.name = name;
      main.inputs.push_back(input);
      (void)runtime::readArguments({{name, text}}, &main);
    }
  }
  return good;
}

}  // namespace fedc::fuzz
