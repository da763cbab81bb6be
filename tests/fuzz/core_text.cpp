// The reader of Core IR's text, and its verifier. What is read prints to a text that reads to the same.
// links: fedc_core
#include "compiler/core/text.h"
#include "tests/fuzz/support/require.h"

namespace fedc::fuzz {

bool core_text(std::string_view input);

bool core_text(std::string_view input) {
  const auto module = core::read(input);
  if (!module) {
    require(module.error().starts_with("line "), "an error begins with its place");
    return false;
  }
  const std::string text = core::print(*module);
  const auto again = core::read(text);
  require(again.has_value(), "what was printed can be read: " + (again ? "" : again.error()));
  require(core::print(*again) == text, "what was read again prints the same");
  bool sound = false;
  for (const bool passed : {false, true}) {
    const core::VerifyOptions options{passed, passed};
    const bool holds = !core::verify(*module, options).has_value();
    require(holds == !core::verify(*again, options).has_value(), "what was read again is as sound");
    sound = sound || holds;
  }
  return sound;
}

}  // namespace fedc::fuzz
