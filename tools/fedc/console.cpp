#include "tools/fedc/console.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "compiler/support/render.h"

namespace fedc::cli {

namespace {

bool isSet(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

/// https://no-color.org: any value of NO_COLOR but the empty one.
bool wantsColors(ColorMode mode) {
  if (mode != ColorMode::Auto) return mode == ColorMode::Always;
  const char* terminal = std::getenv("TERM");
  return isatty(STDERR_FILENO) != 0 && !isSet("NO_COLOR") && terminal != nullptr && std::string_view(terminal) != "dumb";
}

void writeErr(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stderr); }

}  // namespace

Console::Console(ColorMode color, ErrorFormat format) : colors_(wantsColors(color)), format_(format) {}

void Console::report(const DiagnosticSink& sink, const SourceManager& sources) const {
  writeErr(format_ == ErrorFormat::Json ? renderJson(sink, sources) : renderText(sink, sources, {colors_}));
}

void Console::report(const Diagnostic& diagnostic, const SourceManager& sources) const {
  writeErr(format_ == ErrorFormat::Json ? renderJson(diagnostic, sources) : renderText(diagnostic, sources, {colors_}));
}

void Console::report(const Error& error) const { write("error", "31", error.message); }

void Console::warn(const std::string& what) const { write("warning", "33", what); }

void Console::write(const char* severity, const char* color, const std::string& message) const {
  if (format_ == ErrorFormat::Json) {
    const nlohmann::ordered_json object{{"code", nullptr}, {"severity", severity}, {"message", message}, {"file", nullptr}};
    writeErr(object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
  } else {
    writeErr(colors_ ? fmt::format("\x1b[1;{}m{}\x1b[0m\x1b[1m: {}\x1b[0m\n", color, severity, message) : fmt::format("{}: {}\n", severity, message));
  }
}

namespace {

/// Of the first write that failed; 0: none.
int writeError = 0;

bool flushed() {
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return true;
  if (writeError == 0) writeError = errno != 0 ? errno : EIO;
  return false;
}

}  // namespace

bool writeOut(std::string_view text) {
  // What is longer than the buffer goes out at once.
  errno = 0;
  const bool isTaken = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (!isTaken && writeError == 0) writeError = errno != 0 ? errno : EIO;
  return isTaken && flushed();
}

std::optional<std::string> outputProblem() {
  flushed();
  return writeError == 0 ? std::nullopt : std::optional<std::string>(std::strerror(writeError));
}

}  // namespace fedc::cli
