#include "tools/fedc/flag_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace fedc::cli {

namespace {

bool isWord(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

}  // namespace

Expected<std::pair<std::string, std::string>> parseAssignment(std::string_view text) {
  const std::size_t at = text.find('=');
  if (at == std::string_view::npos) return fail(fmt::format("`{}` is not of the form name=value", text));
  const std::string_view name = text.substr(0, at);
  const bool isPath = !name.empty() && name.front() != '.' && name.back() != '.' && name.find("..") == std::string_view::npos &&
                      std::all_of(name.begin(), name.end(), [](char c) { return isWord(c) || c == '.'; });
  if (!isPath) return fail(fmt::format("`{}` in `{}` is not a name", name, text));
  if (at + 1 == text.size()) return fail(fmt::format("`{}` has no value", text));
  return std::pair(std::string(name), std::string(text.substr(at + 1)));
}

Expected<runtime::CheckpointEvery> parseCheckpoints(std::string_view text) {
  runtime::CheckpointEvery every;
  const bool isTime = text.ends_with('s');
  const auto value = parseWhole(isTime ? text.substr(0, text.size() - 1) : text, isTime ? 0 : 1, std::numeric_limits<int>::max());
  if (!value) {
    return fail(fmt::format("`{}` is neither a number of rounds (`100`) nor of seconds (`30s`)", text));
  }
  if (isTime) {
    every.seconds = static_cast<double>(*value);
  } else {
    every.rounds = static_cast<int>(*value);
  }
  return every;
}

}  // namespace fedc::cli
