#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "tools/fedc/commands.h"

// The manual page is made of the table of commands, so that it says what the program takes.
namespace fedc::cli {

namespace {

/// Text for roff. What stands in backticks is bold.
std::string roff(std::string_view text) {
  std::string result;
  bool isBold = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80) {
      // roff's input is ASCII: \[u2026] is a character of Unicode.
      const int more = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1;
      std::uint32_t point = byte & (0x3fU >> more);
      for (int k = 0; k < more && i + 1 < text.size(); ++k) point = point << 6 | (static_cast<unsigned char>(text[++i]) & 0x3fU);
      result += fmt::format("\\[u{:04X}]", point);
      continue;
    }
    switch (c) {
      case '\\': result += "\\e"; break;
      case '-': result += "\\-"; break;
      case '`':
        isBold = !isBold;
        result += isBold ? "\\fB" : "\\fR";
        break;
      case '\'': result += "\\(aq"; break;
      default: result += c;
    }
  }
  // A point at the beginning of a line would be a request.
  return result.starts_with('.') ? "\\&" + result : result;
}

std::string bold(std::string_view text) { return "\\fB" + roff(text) + "\\fR"; }

/// `-p, --param NAME=VALUE`
std::string flagText(const FlagInfo& flag) {
  std::string text;
  for (const std::string& name : flag.names) text += (text.empty() ? "" : ", ") + bold(name);
  return flag.takesValue ? text + " \\fI" + roff(flag.value) + "\\fR" : text;
}

std::string item(const std::string& head, std::string_view text) { return fmt::format(".TP\n{}\n{}\n", head, roff(text)); }

bool isShared(const FlagInfo& flag) {
  const std::string& name = flag.names.back();
  return name == "--help" || name == "--error-format" || name == "--color";
}

std::string commandText(const CommandInfo& command) {
  std::string usage = bold("fedc " + command.name);
  if (!std::all_of(command.flags.begin(), command.flags.end(), isShared)) usage += " [\\fIflags\\fR]";
  for (const FlagInfo& argument : command.positionals)
    usage += fmt::format(" \\fI{}\\fR{}", roff(argument.names.front()), argument.repeats ? " ..." : "");
  std::string text = fmt::format(".SS {}\n{}.\n", usage, roff(command.help));
  for (const FlagInfo& argument : command.positionals) text += item("\\fI" + roff(argument.names.front()) + "\\fR", argument.help);
  for (const FlagInfo& flag : command.flags)
    if (!isShared(flag)) text += item(flagText(flag), flag.help);
  return text;
}

struct Named {
  const char* name;
  const char* text;
};

constexpr Named kExits[] = {
    {"0", "success"},
    {"1", "the program, its data or the machine is at fault"},
    {"2", "wrong usage"},
    {"130", "ended by Ctrl-C; a run has finished its round and can be resumed"},
};

constexpr Named kVariables[] = {
    {"FEDC_STDLIB", "the folder of the standard library; by default ../share/fedc/stdlib beside the program"},
    {"FEDC_CACHE", "the folder of compiled programs; by default fedc in `XDG_CACHE_HOME` or ~/.cache"},
    {"NO_COLOR", "no colours, whatever the terminal"},
};

constexpr Named kFiles[] = {
    {"runs/NAME-N", "a run: metrics.csv, evaluations.csv, state/, model.npz. `fedc resume` goes on with it"},
    {"~/.cache/fedc", "programs that were compiled before"},
};

constexpr Named kExamples[] = {
    {"fedc new flowers", "a folder with a program, data for it, and what to try next"},
    {"fedc check flowers/flowers.fed", "errors, before anything runs"},
    {"fedc run flowers/flowers.fed --rounds 50 -p lr=0.05", "fifty rounds with another value of a param"},
    {"fedc resume runs/flowers-1", "goes on with a run that was interrupted"},
    {"fedc replay runs/flowers-1 --round 3 --client ID", "every value that a client named in a round"},
    {"fedc explain E0207", "what an error means, with a wrong and a right program"},
    {"fedc doc federated_mean", "what a function is"},
};

template <std::size_t N>
std::string section(std::string_view title, const Named (&rows)[N]) {
  std::string text = fmt::format(".SH {}\n", title);
  for (const Named& row : rows) text += item(bold(row.name), row.text);
  return text;
}

}  // namespace

std::string manualPage() {
  std::string text = fmt::format(
      ".\\\" Written by `fedc doc --man`.\n.TH FEDC 1 \"\" \"fedc {}\" \"User Commands\"\n.SH NAME\nfedc \\- compile and run Fed, a language for "
      "federated computations\n"
      ".SH SYNOPSIS\n.B fedc\n\\fIcommand\\fR [\\fIflags\\fR] [\\fIarguments\\fR]\n.PP\n.B fedc\n[\\fB\\-\\-help\\fR|\\fB\\-\\-version\\fR]\n"
      ".SH DESCRIPTION\nA Fed program says where each value lives, at the server or at clients, and what crosses between them. fedc checks it, "
      "compiles it to machine code, and\n"
      "runs its rounds on the data of many clients on this machine. Results go to standard output, errors and progress to standard error.\n.SH "
      "COMMANDS\n",
      FEDC_VERSION);
  const std::vector<CommandInfo> commands = commandTable();
  for (const CommandInfo& command : commands) text += commandText(command);
  text += ".SH \"FLAGS OF ALL COMMANDS\"\n";
  for (const FlagInfo& flag : commands.front().flags)
    if (isShared(flag)) text += item(flagText(flag), flag.help);
  text += section("\"EXIT STATUS\"", kExits) + section("ENVIRONMENT", kVariables) + section("FILES", kFiles) + section("EXAMPLES", kExamples);
  return text +
         ".SH \"SEE ALSO\"\nThe language, the library and the commands are described in share/doc/fedc, the library also in share/doc/fedc/reference "
         "as HTML.\n";
}

}  // namespace fedc::cli
