#include <fmt/format.h>

#include <vector>

#include "compiler/support/render.h"
#include "compiler/support/suggest.h"
#include "tools/fedc/commands.h"

namespace fedc::cli {

int explainCommand(const CommandLine& line, const Console& console) {
  if (const CodeInfo* info = findCode(line.code)) return writeOut(renderExplanation(*info)) ? kSuccess : kFailure;
  std::vector<std::string> numbers;
  for (const CodeInfo& info : codeTable()) numbers.emplace_back(info.number);
  const auto meant = suggest(line.code, numbers);
  console.report(Error{fmt::format("there is no error code `{}`{}", line.code, meant ? fmt::format("; did you mean `{}`?", *meant) : "")});
  return kFailure;
}

}  // namespace fedc::cli
