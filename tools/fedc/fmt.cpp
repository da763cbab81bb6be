#include "compiler/syntax/format.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <iterator>

#include "runtime/value/whole_file.h"
#include "tools/fedc/commands.h"

namespace fedc::cli {

namespace {

/// Reads the file, or standard input for `-`.
Expected<const SourceFile*> source(SourceManager& sources, const std::string& path) {
  if (path != "-") return sources.load(path);
  std::string text(std::istreambuf_iterator<char>(std::cin), {});
  if (std::ferror(stdin) != 0) return fail(fmt::format("cannot read standard input: {}", std::strerror(errno)));
  return &sources.add("<standard input>", std::move(text));
}

/// Writes through links, and keeps who may read the file.
Expected<void> replace(const std::string& path, const std::string& text) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path target = fs::canonical(path, error);
  if (error) return fail(fmt::format("cannot write `{}`: {}", path, error.message()));
  const fs::perms permissions = fs::status(target, error).permissions();
  if (auto written = runtime::writeWhole(target.string(), text); !written) return written;
  fs::permissions(target, permissions, error);
  if (error) return fail(fmt::format("cannot set the permissions of `{}`: {}", path, error.message()));
  return {};
}

/// True if all is well: laid out, or with `--check` laid out already.
bool formatFile(const CommandLine& line, const std::string& path, const Console& console) {
  SourceManager sources;
  DiagnosticSink sink;
  auto file = source(sources, path);
  if (!file) return console.report(file.error()), false;
  const auto text = syntax::format(**file, sink);
  console.report(sink, sources);
  if (!text) return false;
  if (!syntax::hasSameContent(**file, sources.add(path, *text))) {
    console.report(Error{fmt::format("`{}` is left as it is: its layout would lose something, which is a mistake in fedc; please report it", path)});
    return false;
  }
  const bool isSame = *text == (*file)->text();
  if (line.onlyCheck) return isSame || (writeOut((*file)->path() + "\n"), false);
  if (path == "-") return writeOut(*text);
  if (isSame) return true;
  if (auto written = replace(path, *text); !written) return console.report(written.error()), false;
  return true;
}

}  // namespace

int fmtCommand(const CommandLine& line, const Console& console) {
  bool isGood = true;
  for (const std::string& path : line.files) isGood = formatFile(line, path, console) && isGood;
  return isGood ? kSuccess : kFailure;
}

}  // namespace fedc::cli
