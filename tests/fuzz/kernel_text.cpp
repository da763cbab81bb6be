// The reader of Kernel IR's text, and its verifier at each stage. What is read prints to a text that reads to the same.
// links: fedc_kernel
#include "compiler/kernel/text.h"
#include "compiler/kernel/verify.h"
#include "tests/fuzz/support/require.h"

namespace fedc::fuzz {

bool kernel_text(std::string_view input);

bool kernel_text(std::string_view input) {
  const auto kernel = kernel::read(input);
  if (!kernel) {
    require(kernel.error().starts_with("line "), "an error begins with its place");
    return false;
  }
  const std::string text = kernel::print(*kernel);
  const auto again = kernel::read(text);
  require(again.has_value(), "what was printed can be read: " + (again ? "" : again.error()));
  require(kernel::print(*again) == text, "what was read again prints the same");
  bool sound = false;
  for (const kernel::Stage stage : {kernel::Stage::Nests, kernel::Stage::LaidOut, kernel::Stage::Planned}) {
    if (!kernel::verify(*kernel, stage)) sound = true;
  }
  return sound;
}

}  // namespace fedc::fuzz
