#pragma once

#include <functional>

#include "tests/random/choices.h"

namespace fedc::random {

/// What came of a smaller tree: whether the failure is still there, and what was really decided (a program that got smaller takes fewer choices).
struct Attempt {
  bool fails = false;
  ChoiceTree taken;
};

/// Makes a failing tree smaller as long as `attempt` says that the smaller one fails, too: parts become nothing, or what stands in them; numbers
/// become smaller. At most `attempts` calls. The result fails, and with enough attempts no single step makes it smaller.
ChoiceTree shrink(ChoiceTree tree, const std::function<Attempt(const ChoiceTree&)>& attempt, int attempts = 2000);

}  // namespace fedc::random
