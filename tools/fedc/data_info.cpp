#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "compiler/support/plural.h"
#include "runtime/data/inspect.h"
#include "runtime/data/open.h"
#include "tools/fedc/commands.h"
#include "tools/fedc/number_text.h"

namespace fedc::cli {

namespace {

bool isName(const std::string& text) {
  const auto part = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  return !text.empty() && std::isdigit(static_cast<unsigned char>(text[0])) == 0 && std::all_of(text.begin(), text.end(), part);
}

/// A line of the struct to paste; what cannot stand there is a comment that says why.
std::string field(const runtime::FeatureInfo& feature) {
  std::string why;
  if (!feature.isReadable) {
    why = fmt::format("is {}; fedc does not read it", feature.type);
  } else if (feature.exception) {
    why = fmt::format("({}) is missing or has another type at client `{}`", feature.type, *feature.exception);
  } else if (!isName(feature.name)) {
    why = fmt::format("({}) has a name that Fed cannot write", feature.type);
  }
  return why.empty() ? fmt::format("  {}: {},\n", feature.name, feature.type) : fmt::format("  // `{}` {}\n", feature.name, why);
}

std::string rowsText(const std::vector<std::int64_t>& all) {
  std::vector<std::int64_t> rows;
  std::copy_if(all.begin(), all.end(), std::back_inserter(rows), [](std::int64_t n) { return n >= 0; });
  std::sort(rows.begin(), rows.end());
  const auto odd = all.size() - rows.size();
  std::string text;
  if (!rows.empty()) text = fmt::format("a client has {} to {} examples, median {}\n", rows.front(), rows.back(), rows[rows.size() / 2]);
  const auto empty = std::count(rows.begin(), rows.end(), 0);
  if (empty > 0) text += fmt::format("{} client{} no examples\n", empty, empty == 1 ? " has" : "s have");
  if (odd > 0) text += fmt::format("{} client{} features of different lengths\n", odd, odd == 1 ? " has" : "s have");
  return text;
}

/// `counted`: only so many clients were; 0: all.
std::string countsText(const runtime::FeatureInfo& feature, std::size_t counted) {
  std::string values = "  value", counts = "  rows ";
  std::string text = fmt::format("\n{}: {}{}\n", feature.name, plural(feature.counts.size(), "different value"),
                                 counted == 0 ? "" : fmt::format(" at the first {} clients", counted));
  const auto flush = [&] {
    text += values + "\n" + counts + "\n";
    values = "  value";
    counts = "  rows ";
  };
  for (const auto& [value, count] : feature.counts) {
    const std::size_t width = std::max(std::to_string(value).size(), std::to_string(count).size()) + 2;
    if (values.size() + width > 100) flush();
    values += fmt::format("{:>{}}", value, width);
    counts += fmt::format("{:>{}}", count, width);
  }
  flush();
  return text;
}

}  // namespace

int dataInfoCommand(const CommandLine& line, const Console& console) {
  const std::string& path = line.files.front();
  const auto info = runtime::inspectFederation(path);
  if (!info) {
    console.report(Error{info.error().help.empty() ? info.error().message : info.error().message + "; " + info.error().help});
    return kFailure;
  }
  std::error_code ignored;
  const std::string size = runtime::isGenerated(path) ? "generated" : bytesText(static_cast<double>(std::filesystem::file_size(path, ignored)));
  std::int64_t examples = 0;
  for (const std::int64_t n : info->rows) examples += std::max<std::int64_t>(n, 0);
  std::string text = fmt::format("{}: {}, {} examples, {}\n", path, plural(info->clients, "client"), examples, size);
  text += rowsText(info->rows);
  text += fmt::format("ids: {}{}\n", info->firstId, info->clients > 1 ? " .. " + info->lastId : "");
  text += "\nstruct Example {\n";
  for (const runtime::FeatureInfo& feature : info->features) text += field(feature);
  text += "}\n";
  for (const runtime::FeatureInfo& feature : info->features)
    if (!feature.counts.empty()) text += countsText(feature, info->counted < info->clients ? info->counted : 0);
  return writeOut(text) ? kSuccess : kFailure;
}

}  // namespace fedc::cli
