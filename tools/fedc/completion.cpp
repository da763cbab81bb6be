#include <fmt/format.h>

#include <algorithm>

#include "tools/fedc/commands.h"

// All three scripts are made of the table of commands, so that they know what the program takes.
namespace fedc::cli {

namespace {

enum class Kind { Nothing, Words, Files, Folders };

/// What completes a value: words, files (with an ending, or all), folders.
struct Completion {
  Kind kind = Kind::Nothing;
  std::string words;
  std::string ending;
};

std::string joined(const std::vector<std::string>& parts, std::string_view separator = " ") {
  std::string result;
  for (const std::string& part : parts) result += (result.empty() ? "" : std::string(separator)) + part;
  return result;
}

Completion completionOf(const FlagInfo& flag) {
  if (!flag.choices.empty()) return {Kind::Words, joined(flag.choices), ""};
  if (flag.value.ends_with(".npz") || flag.value.ends_with(".h5") || flag.value.ends_with(".fed")) {
    return {Kind::Files, "", flag.value.substr(flag.value.rfind('.') + 1)};
  }
  if (flag.value == "DIR") return {Kind::Folders, "", ""};
  if (flag.value == "PATH" || flag.value == "[NAME=]PATH") return {Kind::Files, "", ""};
  return {};
}

std::vector<std::string> topWords() {
  std::vector<std::string> words;
  for (const CommandInfo& command : commandTable()) {
    const std::string first = command.name.substr(0, command.name.find(' '));
    if (std::find(words.begin(), words.end(), first) == words.end()) words.push_back(first);
  }
  return words;
}

/// The words that may follow a word that is no command by itself: `info` after `data`.
std::vector<CommandInfo> innerOf(const std::string& word) {
  std::vector<CommandInfo> inner;
  for (const CommandInfo& command : commandTable()) {
    if (command.name.starts_with(word + " ")) inner.push_back(command);
  }
  return inner;
}

// ----------------------------------------------------------------------------------------------------------------------------- bash

std::string bashAction(const Completion& completion) {
  switch (completion.kind) {
    case Kind::Words: return fmt::format("_fedc_words '{}'", completion.words);
    case Kind::Files: return fmt::format("_fedc_files '{}'", completion.ending);
    case Kind::Folders: return "_fedc_folders";
    case Kind::Nothing: break;
  }
  return ":";
}

std::string bashScript() {
  std::string script = R"sh(# Completion of fedc in bash. Written by `fedc completion bash`.
_fedc_words() { COMPREPLY=($(compgen -W "$1" -- "$cur")); }
_fedc_folders() {
  local IFS=$'\n'
  compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen -d -- "$cur"))
}
_fedc_files() {
  local IFS=$'\n'
  compopt -o filenames 2>/dev/null
  if [[ -n $1 ]]; then
    COMPREPLY=($(compgen -f -X "!*.$1" -- "$cur") $(compgen -d -- "$cur"))
  else
    COMPREPLY=($(compgen -f -- "$cur"))
  fi
}
_fedc() {
  local cur=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command= at word
  COMPREPLY=()
  if [[ $cur == = ]]; then
    cur=
  elif [[ $previous == = ]]; then
    previous=${COMP_WORDS[COMP_CWORD-2]}
  fi
  for ((at = 1; at < COMP_CWORD; at++)); do
    if [[ ${COMP_WORDS[at]} != -* ]]; then
      command=${COMP_WORDS[at]}
      break
    fi
  done
)sh";
  std::string flags, values, rest;
  for (const std::string& word : topWords()) {
    const std::vector<CommandInfo> inner = innerOf(word);
    if (inner.empty()) continue;
    std::vector<std::string> names;
    for (const CommandInfo& command : inner) names.push_back(command.name.substr(word.size() + 1));
    script +=
        fmt::format("  if [[ $command == {} ]]; then\n    if ((at + 1 >= COMP_CWORD)); then\n      _fedc_words '{} --help'\n      return\n    fi\n",
                    word, joined(names));
    script += "    at=$((at + 1))\n    command+=\" ${COMP_WORDS[at]}\"\n  fi\n";
  }
  for (const CommandInfo& command : commandTable()) {
    std::vector<std::string> names;
    for (const FlagInfo& flag : command.flags) {
      for (const std::string& name : flag.names) {
        names.push_back(name);
        if (flag.takesValue) values += fmt::format("    '{} {}') {}; return ;;\n", command.name, name, bashAction(completionOf(flag)));
      }
    }
    flags += fmt::format("      '{}') _fedc_words '{}' ;;\n", command.name, joined(names));
    if (command.positionals.empty()) continue;
    const Completion first = completionOf(command.positionals.front());
    if (command.positionals.size() == 1) {
      rest += fmt::format("    '{}') {} ;;\n", command.name, bashAction(first));
      continue;
    }
    // A word, then files: the word is the one of the list that stands there already.
    std::string pattern = first.words;
    std::replace(pattern.begin(), pattern.end(), ' ', '|');
    rest += fmt::format(
        "    '{}')\n      for word in \"${{COMP_WORDS[@]:at+1:COMP_CWORD-at-1}}\"; do\n        case $word in\n          {}) {}; return ;;\n"
        "        esac\n      done\n      {}\n      ;;\n",
        command.name, pattern, bashAction(completionOf(command.positionals[1])), bashAction(first));
  }
  script += fmt::format("  if [[ -z $command ]]; then\n    _fedc_words '{} --help --version'\n    return\n  fi\n", joined(topWords()));
  script += "  case \"$command $previous\" in\n" + values + "  esac\n";
  script += "  if [[ $cur == -* ]]; then\n    case $command in\n" + flags + "    esac\n    return\n  fi\n";
  return script + "  case $command in\n" + rest + "  esac\n}\ncomplete -F _fedc fedc\n";
}

// ------------------------------------------------------------------------------------------------------------------------------ zsh

/// Within single quotes, with `\` before what `_arguments` and `_describe` read themselves.
std::string zshText(std::string_view text, std::string_view special) {
  std::string result;
  for (const char c : text) {
    if (c == '\'')
      result += "'\\''";
    else if (special.find(c) != std::string_view::npos)
      result += std::string("\\") + c;
    else
      result += c;
  }
  return result;
}

std::string zshAction(const FlagInfo& flag) {
  const Completion completion = completionOf(flag);
  switch (completion.kind) {
    case Kind::Words: return fmt::format("({})", completion.words);
    case Kind::Files: return completion.ending.empty() ? "_files" : fmt::format("_files -g \"*.{}\"", completion.ending);
    case Kind::Folders: return "_files -/";
    case Kind::Nothing: break;
  }
  return " ";
}

std::string zshArguments(const CommandInfo& command) {
  std::string text = "_arguments -s";
  for (const FlagInfo& flag : command.flags) {
    const std::string value = flag.takesValue ? fmt::format(":{}:{}", zshText(flag.value, "\\:[]"), zshAction(flag)) : "";
    for (const std::string& name : flag.names) {
      text += fmt::format(" \\\n        '{}{}[{}]{}'", flag.repeats ? "*" : "", name, zshText(flag.help, "\\[]"), value);
    }
  }
  for (std::size_t i = 0; i < command.positionals.size(); ++i) {
    const FlagInfo& positional = command.positionals[i];
    const std::string place = positional.repeats ? "*" : std::to_string(i + 1);
    text += fmt::format(" \\\n        '{}:{}:{}'", place, positional.names.front(), zshAction(positional));
  }
  return text;
}

std::string zshScript() {
  std::string script = "#compdef fedc\n# Completion of fedc in zsh. Written by `fedc completion zsh`.\n_fedc() {\n";
  script += "  local -a commands inner\n  commands=(\n";
  for (const std::string& word : topWords()) {
    std::string help;
    for (const CommandInfo& command : commandTable()) {
      if (command.name == word || command.name.starts_with(word + " ")) help = command.help;
    }
    script += fmt::format("    '{}:{}'\n", word, zshText(help, "\\:"));
  }
  script +=
      "  )\n  if (( CURRENT == 2 )); then\n    _describe command commands\n    return\n  fi\n  local command=$words[2]\n"
      "  shift words\n  (( CURRENT-- ))\n";
  for (const std::string& word : topWords()) {
    const std::vector<CommandInfo> inner = innerOf(word);
    if (inner.empty()) continue;
    script += fmt::format("  if [[ $command == {} ]]; then\n    if (( CURRENT == 2 )); then\n      inner=(", word);
    for (const CommandInfo& command : inner) script += fmt::format(" '{}:{}'", command.name.substr(word.size() + 1), zshText(command.help, "\\:"));
    script += " )\n      _describe command inner\n      return\n    fi\n    command+=\" $words[2]\"\n    shift words\n    (( CURRENT-- ))\n  fi\n";
  }
  script += "  case $command in\n";
  for (const CommandInfo& command : commandTable()) script += fmt::format("    '{}')\n      {}\n      ;;\n", command.name, zshArguments(command));
  return script + "  esac\n}\n_fedc \"$@\"\n";
}

// ----------------------------------------------------------------------------------------------------------------------------- fish

std::string fishText(std::string_view text) {
  std::string result;
  for (const char c : text) result += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return result;
}

std::string fishAction(const FlagInfo& flag) {
  const Completion completion = completionOf(flag);
  switch (completion.kind) {
    case Kind::Words: return fmt::format(" -xa '{}'", completion.words);
    case Kind::Files: return completion.ending.empty() ? " -rF" : fmt::format(" -xa '(__fish_complete_suffix .{})'", completion.ending);
    case Kind::Folders: return " -xa '(__fish_complete_directories)'";
    case Kind::Nothing: break;
  }
  return " -x";
}

std::string fishScript() {
  std::string script = "# Completion of fedc in fish. Written by `fedc completion fish`.\ncomplete -c fedc -f\n";
  script +=
      "complete -c fedc -n __fish_use_subcommand -l help -d 'show help'\ncomplete -c fedc -n __fish_use_subcommand -l version -d 'show the "
      "version'\n";
  for (const CommandInfo& command : commandTable()) {
    const std::size_t space = command.name.find(' ');
    const std::string first = command.name.substr(0, space);
    std::string condition = fmt::format("__fish_seen_subcommand_from {}", first);
    if (space == std::string::npos) {
      script += fmt::format("complete -c fedc -n __fish_use_subcommand -a {} -d '{}'\n", first, fishText(command.help));
    } else {
      const std::string inner = command.name.substr(space + 1);
      script += fmt::format("complete -c fedc -n __fish_use_subcommand -a {}\n", first);
      script += fmt::format("complete -c fedc -n '{}; and not __fish_seen_subcommand_from {}' -a {} -d '{}'\n", condition, inner, inner,
                            fishText(command.help));
      condition += fmt::format("; and __fish_seen_subcommand_from {}", inner);
    }
    for (const FlagInfo& flag : command.flags) {
      script += fmt::format("complete -c fedc -n '{}'", condition);
      for (const std::string& name : flag.names) script += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      script += fmt::format("{} -d '{}'\n", flag.takesValue ? fishAction(flag) : "", fishText(flag.help));
    }
    for (const FlagInfo& positional : command.positionals) {
      const std::string action = fishAction(positional);
      if (action == " -x") continue;
      script += fmt::format("complete -c fedc -n '{}'{}\n", condition, action == " -rF" ? " -F" : action.substr(0, 2) + action.substr(3));
    }
  }
  return script;
}

}  // namespace

int completionCommand(const CommandLine& line, const Console& console) {
  (void)console;
  const std::string script = line.name == "bash" ? bashScript() : line.name == "zsh" ? zshScript() : fishScript();
  return writeOut(script) ? kSuccess : kFailure;
}

}  // namespace fedc::cli
