#include "tools/fedc/command_line.h"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <limits>

#include "compiler/driver/compile.h"
#include "compiler/support/diagnostics.h"
#include "compiler/support/suggest.h"
#include "tools/fedc/flag_values.h"

namespace fedc::cli {

namespace {

/// A flag with a value that `parse` reads; `set` stores it. Its error is CLI11's.
template <class Parse, class Set>
CLI::Option* add(CLI::App* app, const std::string& name, const std::string& shown, const std::string& help, const Parse& parse, const Set& set) {
  return app
      ->add_option_function<std::string>(
          name,
          [name, parse, set](const std::string& text) {
            auto value = parse(text);
            if (!value) throw CLI::ValidationError(name, value.error().message);
            set(std::move(*value));
          },
          help)
      ->type_name(shown);
}

/// A flag that collects `name=value`, one for each name.
CLI::Option* addAssignments(CLI::App* app, const std::string& name, const std::string& help, std::map<std::string, std::string>& to) {
  return app
      ->add_option_function<std::vector<std::string>>(
          name,
          [name, &to](const std::vector<std::string>& texts) {
            for (const std::string& text : texts) {
              auto pair = parseAssignment(text);
              if (!pair) throw CLI::ValidationError(name, pair.error().message);
              if (!to.emplace(pair->first, pair->second).second) throw CLI::ValidationError(name, fmt::format("`{}` is given twice", pair->first));
            }
          },
          help)
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

/// One of a few words.
template <class T>
CLI::Option* addChoice(CLI::App* app, const std::string& name, const std::string& help, const std::vector<std::pair<std::string, T>>& choices,
                       T& to) {
  std::string shown;
  for (const auto& [word, value] : choices) shown += (shown.empty() ? "" : "|") + word;
  const auto parse = [choices, shown](const std::string& text) -> Expected<T> {
    for (const auto& [word, value] : choices) {
      if (word == text) return value;
    }
    return fail(fmt::format("`{}` is none of {}", text, shown));
  };
  return add(app, name, shown, help, parse, [&to](T value) { to = std::move(value); });
}

auto whole(std::int64_t least, std::int64_t most = std::numeric_limits<int>::max()) {
  return [least, most](const std::string& text) { return parseWhole(text, least, most); };
}

auto notEmpty() {
  return [](const std::string& text) -> Expected<std::string> {
    if (text.empty()) return fail("it is empty");
    return text;
  };
}

void addCompilation(CLI::App* app, CommandLine& line) {
  addAssignments(app, "-p,--param", "value of a `param` of the program", line.params);
  add(app, "--include", "DIR", "folder with modules for `use`; may be repeated", notEmpty(),
      [&](std::string folder) { line.include.push_back(std::move(folder)); })
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->trigger_on_parse();
  add(app, "--plugin", "F.so", "shared library with native functions; may be repeated", notEmpty(),
      [&](std::string file) { line.plugins.push_back(std::move(file)); })
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->trigger_on_parse();
  app->add_flag("--verify", line.verify, "verify the intermediate program after every pass");
  add(app, "--print-after", "PASS", "print the program after this pass (or `all`)", notEmpty(),
      [&](std::string pass) { line.printAfter = std::move(pass); });
}

/// Names, one for each flag or separated by commas.
void addPolicies(CLI::App* app, RunFlags& run) {
  const auto parse = [](const std::string& text) -> Expected<Policies> {
    Policies all;
    for (std::size_t begin = 0; begin <= text.size();) {
      const std::size_t end = std::min(text.find(',', begin), text.size());
      const std::string name = text.substr(begin, end - begin);
      begin = end + 1;
      if (const auto policy = policyFromName(name)) {
        all.insert(*policy);
        continue;
      }
      std::vector<std::string> known = policyNames();
      for (std::string& one : known) std::replace(one.begin(), one.end(), '_', '-');
      const auto meant = suggest(name, known);
      return fail(fmt::format("there is no policy `{}`{}; there are {}", name, meant ? fmt::format(", did you mean `{}`?", *meant) : "",
                              fmt::join(known, ", ")));
    }
    return all;
  };
  add(app, "--policy", "aggregate-only|secure|no-client-state", "what is proved of the program before it runs; may be repeated", parse,
      [&](const Policies& all) { run.policies.insert(all.begin(), all.end()); })
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->trigger_on_parse();
}

void addMessages(CLI::App* app, CommandLine& line) {
  addChoice(app, "--error-format", "how errors are written", {{"text", ErrorFormat::Text}, {"json", ErrorFormat::Json}}, line.errorFormat);
  addChoice(app, "--color", "colours in messages", {{"auto", ColorMode::Auto}, {"always", ColorMode::Always}, {"never", ColorMode::Never}},
            line.color);
}

void addFile(CLI::App* app, CommandLine& line) {
  add(app, "FILE", "", "the program", notEmpty(), [&](std::string file) { line.files = {std::move(file)}; })->required();
}

/// `PATH`, or `NAME=PATH` for one of several data.
void addData(CLI::App* app, const std::string& name, const std::string& help, std::optional<std::string>& one,
             std::map<std::string, std::string>& parts) {
  add(app, name, "[NAME=]PATH", help, notEmpty(),
      [&one, &parts, name](const std::string& text) {
        const std::size_t at = text.find('=');
        const bool isName = at != std::string::npos && at > 0 && at + 1 < text.size() && std::isdigit(static_cast<unsigned char>(text[0])) == 0 &&
                            std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at),
                                        [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.'; });
        if (isName) {
          const std::string part = text.substr(0, at);
          if (!parts.emplace(part, text.substr(at + 1)).second) throw CLI::ValidationError(name, fmt::format("`{}` is given twice", part));
        } else if (one) {
          throw CLI::ValidationError(name,
                                     fmt::format("it is given twice: `{}` and `{}`; several data have names, `{} NAME=PATH`", *one, text, name));
        } else {
          one = text;
        }
      })
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->trigger_on_parse();
}

void addCheckpoints(CLI::App* app, RunFlags& run) {
  add(
      app, "--checkpoint-every", "N|Ns", "write the directory's state every N rounds or seconds; default: 10s",
      [](const std::string& t) { return parseCheckpoints(t); }, [&](runtime::CheckpointEvery v) { run.checkpointEvery = v; });
}

/// What may be said anew of a run that goes on: nothing of it changes bits.
void addResume(CLI::App* app, CommandLine& line) {
  RunFlags& run = line.run;
  add(app, "DIR", "DIR", "the run's directory", notEmpty(), [&](std::string v) { line.files = {std::move(v)}; })->required();
  add(app, "--rounds", "N", "rounds in all; default: as it began", whole(0), [&](std::int64_t v) { run.rounds = static_cast<int>(v); });
  add(app, "--threads", "T", "worker threads", whole(1, 4096), [&](std::int64_t v) { run.threads = static_cast<int>(v); });
  app->add_flag("--json", run.json, "results as JSON, one object per line");
  addCheckpoints(app, run);
}

void addReplay(CLI::App* app, CommandLine& line) {
  add(app, "DIR", "DIR", "the run's directory", notEmpty(), [&](std::string v) { line.files = {std::move(v)}; })->required();
  add(app, "--round", "R", "which round, from 1", whole(1), [&](std::int64_t v) { line.round = static_cast<int>(v); })->required();
  add(app, "--client", "ID", "which client of its cohort", notEmpty(), [&](std::string v) { line.client = std::move(v); })->required();
  addData(app, "--data", "the clients' data, if it has moved", line.run.data, line.run.dataParts);
  add(app, "--let", "NAME", "only values of this name; may be repeated", notEmpty(), [&](std::string v) { line.lets.push_back(std::move(v)); })
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->trigger_on_parse();
  add(app, "--line", "N", "only values that this line of the program names; may be repeated", whole(1),
      [&](std::int64_t v) { line.lines.push_back(static_cast<int>(v)); })
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->trigger_on_parse();
  app->add_flag("--library", line.library, "what the standard library names, too");
}

void addRun(CLI::App* app, CommandLine& line) {
  RunFlags& run = line.run;
  addFile(app, line);
  addData(app, "--data", "the clients' data: HDF5 in TensorFlow Federated's layout, or `synthetic:clients=N,…`", run.data, run.dataParts);
  addData(app, "--eval-data", "the data of `evaluate`", run.evalData, run.evalDataParts);
  add(app, "--rounds", "N", "rounds of the process", whole(0), [&](std::int64_t v) { run.rounds = static_cast<int>(v); });
  add(
      app, "--clients-per-round", "K|all", "clients drawn for each round", [](const std::string& t) { return parseCohortSize(t); },
      [&](std::optional<std::int64_t> v) { run.clientsPerRound = v; });
  addPolicies(app, run);
  add(
      app, "--min-clients", "N", "the fewest clients of a round; default: 10 under `aggregate-only`, else 0",
      [](const std::string& t) { return parseWhole(t, 1, std::numeric_limits<std::int64_t>::max()); }, [&](std::int64_t v) { run.minClients = v; });
  add(app, "--clients", "A..B|ID,ID|@FILE", "the clients that take part; default: all", notEmpty(),
      [&](std::string v) { run.clients = std::move(v); });
  add(app, "--eval-clients", "A..B|ID,ID|@FILE", "the clients of `evaluate`; default: all", notEmpty(),
      [&](std::string v) { run.evalClients = std::move(v); });
  add(
      app, "--seed", "S", "seed of all random numbers; default 0", [](const std::string& t) { return parseSeed(t); },
      [&](std::uint64_t v) { run.seed = v; });
  addAssignments(app, "--arg", "argument of `main`, as JSON; what clients have of their own is a list, an entry for each", run.arguments);
  add(app, "--threads", "T", "worker threads; default: one per core. Results do not depend on it", whole(1, 4096),
      [&](std::int64_t v) { run.threads = static_cast<int>(v); });
  add(app, "--eval-every", "N", "evaluate after every N rounds; default: only after the last", whole(0),
      [&](std::int64_t v) { run.evalEvery = static_cast<int>(v); });
  app->add_flag("--json", run.json, "results as JSON, one object per line");
  add(app, "--save", "F.npz", "write the state after the last round", notEmpty(), [&](std::string v) { run.save = std::move(v); });
  add(app, "--init", "F.npz", "start from a saved state", notEmpty(), [&](std::string v) { run.init = std::move(v); });
  CLI::Option* out = add(app, "--out", "DIR", "the run's directory, which `fedc resume` goes on with; default: runs/NAME-N", notEmpty(),
                         [&](std::string v) { run.out = std::move(v); });
  app->add_flag("--no-out", run.noOut, "keep no directory")->excludes(out);
  addCheckpoints(app, run);
  app->add_flag("--no-cache", run.noCache, "compile, whatever was compiled before");
  app->add_flag("--interpret", run.interpret, "run the reference interpreter: slow, same bits");
  app->add_flag("--wire", run.wire, "encode, count and decode every message: same bits");
  add(
      app, "--data-cache", "BYTES", "memory for decoded clients (64M, 1G); default: a quarter of the machine's",
      [](const std::string& t) { return parseBytes(t); }, [&](std::int64_t v) { run.dataCache = v; });
  add(
      app, "--client-cache", "BYTES", "memory for what clients keep from round to round; default: 256M; the rest is in a file",
      [](const std::string& t) { return parseBytes(t); }, [&](std::int64_t v) { run.clientCache = v; });
  addCompilation(app, line);
}

void addCheck(CLI::App* app, CommandLine& line) {
  app->add_option("FILE", line.files, "the programs")->required()->type_name("");
  addData(app, "--data", "check that this data is what the programs declare", line.run.data, line.run.dataParts);
  addPolicies(app, line.run);
  addCompilation(app, line);
}

void addTest(CLI::App* app, CommandLine& line) {
  app->add_option("FILE", line.files, "programs, or folders of them")->required()->type_name("");
  add(app, "--filter", "TEXT", "only tests whose name has this text in it", notEmpty(), [&](std::string v) { line.filter = std::move(v); });
  add(app, "--jobs", "N", "files at a time; default: one per core", whole(1, 4096), [&](std::int64_t v) { line.jobs = static_cast<int>(v); });
  addChoice(app, "--how", "compiled, by the reference interpreter, or both, which must agree bit for bit; default: both",
            {{"both", TestWay::Both}, {"native", TestWay::Native}, {"interpret", TestWay::Interpret}}, line.way);
  addCompilation(app, line);
}

void addCost(CLI::App* app, CommandLine& line) {
  RunFlags& run = line.run;
  addFile(app, line);
  add(app, "--data", "PATH", "the clients' data, for numbers instead of formulas; default: `data` of the `run` block", notEmpty(),
      [&](std::string v) { run.data = std::move(v); });
  add(app, "--eval-data", "PATH", "the data of `evaluate`", notEmpty(), [&](std::string v) { run.evalData = std::move(v); });
  add(
      app, "--clients-per-round", "K|all", "clients drawn for each round", [](const std::string& t) { return parseCohortSize(t); },
      [&](std::optional<std::int64_t> v) { run.clientsPerRound = v; });
  add(app, "--clients", "A..B|ID,ID|@FILE", "the clients that take part; default: all", notEmpty(),
      [&](std::string v) { run.clients = std::move(v); });
  add(app, "--eval-clients", "A..B|ID,ID|@FILE", "the clients of `evaluate`; default: all", notEmpty(),
      [&](std::string v) { run.evalClients = std::move(v); });
  app->add_flag("--json", run.json, "one JSON object");
  addCompilation(app, line);
}

void addFmt(CLI::App* app, CommandLine& line) {
  app->add_option("FILE", line.files, "the files; `-` is standard input, laid out on standard output")->required()->type_name("");
  app->add_flag("--check", line.onlyCheck, "list the files that would change, write none; exit code 1 if there are any");
}

void addDoc(CLI::App* app, CommandLine& line) {
  app->add_option("NAME", line.names, "functions, structs, modules or words; files of Fed; without: what there is")->type_name("F.fed");
  CLI::Option* in = add(app, "--in", "F.fed", "look into this file, too", notEmpty(), [&](std::string v) { line.within = std::move(v); });
  add(app, "--markdown", "DIR", "write pages into this folder: of the files that are named, else of the library", notEmpty(), [&](std::string v) {
    line.markdownTo = std::move(v);
  })->excludes(in);
  add(app, "--html", "DIR", "the same as HTML, with a search box", notEmpty(), [&](std::string v) { line.htmlTo = std::move(v); })->excludes(in);
  app->add_flag("--man", line.manual, "the manual page of fedc, for `man -l -`");
}

void addEmit(CLI::App* app, CommandLine& line) {
  const auto stage = [](const std::string& text) -> Expected<std::string> {
    const std::vector<std::string> stages = emitStages();
    if (std::find(stages.begin(), stages.end(), text) != stages.end()) return text;
    const auto meant = suggest(text, stages);
    return fail(fmt::format("there is no stage `{}`{}; there are {}", text, meant ? fmt::format(", did you mean `{}`?", *meant) : "",
                            fmt::join(stages, ", ")));
  };
  add(app, "STAGE", "", fmt::format("one of {}", fmt::join(emitStages(), ", ")), stage, [&](std::string v) {
    line.stage = std::move(v);
  })->required();
  addFile(app, line);
  addChoice(app, "--format", "of the graph; svg is a drawing", {{"text", GraphFormat::Text}, {"dot", GraphFormat::Dot}, {"svg", GraphFormat::Svg}},
            line.format);
  addCompilation(app, line);
}

/// Names the first flag or word that nobody expected, and what the user may have meant.
std::string unexpected(const CLI::App& app) {
  std::vector<std::string> known;
  const auto chosen = app.get_subcommands();
  if (chosen.empty()) {
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) known.push_back(command->get_name());
    known.insert(known.end(), {"--help", "--version"});
  } else {
    for (const CLI::Option* option : chosen.front()->get_options()) {
      for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
    }
  }
  const std::vector<std::string> words = app.remaining(true);
  if (words.empty()) return "a command is missing";
  // A flag that is not known leaves its value behind, too.
  const auto flag = std::find_if(words.begin(), words.end(), [](const std::string& word) { return word.starts_with('-'); });
  std::string word = flag == words.end() ? words.front() : *flag;
  word = word.substr(0, word.find('='));
  const auto meant = suggest(word, known);
  return fmt::format("`{}` is not expected here{}", word, meant ? fmt::format("; did you mean `{}`?", *meant) : "");
}

std::string usageText(const CLI::App& app, const CLI::ParseError& error) {
  const auto chosen = app.get_subcommands();
  const bool isUnexpected = error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError) || chosen.empty();
  std::string message = isUnexpected ? unexpected(app) : error.what();
  while (!message.empty() && (message.back() == '\n' || message.back() == '.')) message.pop_back();
  const std::string command = chosen.empty() ? "fedc" : "fedc " + chosen.front()->get_name();
  return fmt::format("fedc: {}\n`{} --help` lists what there is\n", message, command);
}

}  // namespace

std::vector<std::string> emitStages() { return {"ast", "typed", "core", "graph", "kernel", "llvm", "asm"}; }

namespace {

void addExplain(CLI::App* app, CommandLine& line) {
  add(app, "CODE", "", "as in `error[E0207]`", notEmpty(), [&](std::string v) { line.code = std::move(v); })->required();
}

void addDataInfo(CLI::App* app, CommandLine& line) {
  add(app, "FILE", "F.h5", "HDF5 in TensorFlow Federated's layout, or `synthetic:clients=N,…`", notEmpty(), [&](std::string v) {
    line.files = {std::move(v)};
  })->required();
}

void addNew(CLI::App* app, CommandLine& line) {
  add(app, "NAME", "", "the folder, and the program in it", notEmpty(), [&](std::string v) { line.name = std::move(v); })->required();
}

void addCompletion(CLI::App* app, CommandLine& line) {
  addChoice<std::string>(app, "SHELL", "the shell that reads it", {{"bash", "bash"}, {"zsh", "zsh"}, {"fish", "fish"}}, line.name)->required();
}

struct CommandRow {
  Command meaning;
  /// `data info`: a command of a group.
  const char* name;
  const char* help;
  /// Its flags, but for those of all commands.
  void (*add)(CLI::App*, CommandLine&);
};

/// In the order of `--help`.
constexpr CommandRow kCommands[] = {
    {Command::Run, "run", "compile a program and run its rounds", addRun},
    {Command::Resume, "resume", "go on with a run that was ended or killed", addResume},
    {Command::Replay, "replay", "run a client of a round again, and show each value", addReplay},
    {Command::Check, "check", "report errors, run nothing", addCheck},
    {Command::Test, "test", "run the `test` blocks of programs", addTest},
    {Command::Cost, "cost", "what a round sends and computes, before it runs", addCost},
    {Command::Emit, "emit", "print a stage of the pipeline", addEmit},
    {Command::Fmt, "fmt", "lay programs out in the canonical way", addFmt},
    {Command::Explain, "explain", "explain an error code, with a wrong and a right program", addExplain},
    {Command::Doc, "doc", "say what a function, a struct, a module or a word is", addDoc},
    {Command::New, "new", "make a folder with a program that runs", addNew},
    {Command::DataInfo, "data info", "what a federation holds, and the `struct` that reads it", addDataInfo},
    {Command::Doctor, "doctor", "what fedc finds on this machine", [](CLI::App*, CommandLine&) {}},
    {Command::Completion, "completion", "print a script that completes command lines", addCompletion},
};

/// Groups of commands.
constexpr std::pair<std::string_view, const char*> kGroups[] = {{"data", "look at data"}};

void addFlags(CLI::App* command, const CommandRow& row, CommandLine& line) {
  row.add(command, line);
  addMessages(command, line);
}

CLI::App* addCommand(CLI::App& app, const CommandRow& row) {
  const std::string name = row.name;
  const std::size_t space = name.find(' ');
  if (space == std::string::npos) return app.add_subcommand(name, row.help);
  const std::string group = name.substr(0, space);
  const auto there = app.get_subcommands([&](CLI::App* command) { return command->get_name() == group; });
  CLI::App* parent = there.empty() ? nullptr : there.front();
  if (parent == nullptr) {
    const auto* const found = std::find_if(std::begin(kGroups), std::end(kGroups), [&](const auto& g) { return g.first == group; });
    parent = app.add_subcommand(group, found->second);
    parent->require_subcommand(1);
  }
  return parent->add_subcommand(name.substr(space + 1), row.help);
}

/// Sets the program up; what is parsed goes to `line`. Gives the commands in the order of `--help`. The flags of a command are there once it is met.
std::vector<std::pair<CLI::App*, const CommandRow*>> addCommands(CLI::App& app, CommandLine& line) {
  app.set_version_flag("--version", std::string("fedc " FEDC_VERSION));
  app.require_subcommand(1);
  app.failure_message([](const CLI::App*, const CLI::Error& e) { return std::string(e.what()); });
  std::vector<std::pair<CLI::App*, const CommandRow*>> commands;
  for (const CommandRow& row : kCommands) {
    CLI::App* command = addCommand(app, row);
    command->preparse_callback([&row, &line, command](std::size_t) { addFlags(command, row, line); });
    commands.emplace_back(command, &row);
  }
  return commands;
}

/// The words that a value may be: those of lists that are long or made elsewhere, else those in its name, `auto|always|never`.
std::vector<std::string> choicesOf(const std::string& name, const std::string& value) {
  if (name == "STAGE") return emitStages();
  if (name == "--print-after") {
    std::vector<std::string> passes = driver::passNames();
    passes.emplace_back("all");
    return passes;
  }
  std::vector<std::string> words;
  if (name == "CODE") {
    for (const CodeInfo& info : codeTable()) words.emplace_back(info.number);
    return words;
  }
  const bool isList =
      value.find('|') != std::string::npos && std::all_of(value.begin(), value.end(), [](char c) { return c == '|' || (c >= 'a' && c <= 'z'); });
  if (!isList) return {};
  for (std::size_t at = 0; at <= value.size();) {
    const std::size_t end = std::min(value.find('|', at), value.size());
    words.push_back(value.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

FlagInfo flagInfo(const CLI::Option& option) {
  FlagInfo info;
  for (const std::string& name : option.get_snames()) info.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) info.names.push_back("--" + name);
  if (option.get_positional()) info.names.push_back(option.get_name(true));
  info.help = option.get_description();
  info.takesValue = option.get_items_expected_max() > 0;
  info.value = info.takesValue ? option.get_type_name() : "";
  if (option.get_positional() && info.value.empty()) info.value = info.names.front() == "FILE" ? "F.fed" : info.names.front();
  info.repeats = option.get_items_expected_max() > 1 || option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll;
  info.choices = choicesOf(info.names.back(), info.value);
  return info;
}

}  // namespace

std::vector<CommandInfo> commandTable() {
  CommandLine line;
  CLI::App app("", "fedc");
  std::vector<CommandInfo> table;
  for (const auto& [command, row] : addCommands(app, line)) {
    addFlags(command, *row, line);
    CommandInfo info{row->name, row->help, {}, {}};
    for (const CLI::Option* option : command->get_options()) (option->get_positional() ? info.positionals : info.flags).push_back(flagInfo(*option));
    table.push_back(std::move(info));
  }
  return table;
}

Expected<CommandLine, Usage> parseCommandLine(std::vector<std::string> arguments) {
  CommandLine line;
  CLI::App app("Compiles and runs Fed, a language for federated computations.", "fedc");
  const auto commands = addCommands(app, line);

  const bool nothing = arguments.empty();
  line.words = arguments;
  std::reverse(arguments.begin(), arguments.end());
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    const auto chosen = app.get_subcommands();
    return tl::unexpected(Usage{0, (chosen.empty() ? &app : chosen.front())->help("", CLI::AppFormatMode::Normal)});
  } catch (const CLI::CallForVersion& version) {
    return tl::unexpected(Usage{0, std::string(version.what()) + "\n"});
  } catch (const CLI::ParseError& error) {
    if (nothing) return tl::unexpected(Usage{2, app.help()});
    return tl::unexpected(Usage{2, usageText(app, error)});
  }
  for (const auto& [command, row] : commands)
    if (command->parsed()) line.command = row->meaning;
  return line;
}

}  // namespace fedc::cli
