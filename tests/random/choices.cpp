#include "tests/random/choices.h"

#include <algorithm>

namespace fedc::random {

std::size_t ChoiceTree::size() const {
  std::size_t n = 1 + numbers.size();
  for (const ChoiceTree& part : parts) n += part.size();
  return n;
}

ChoiceTree& Choices::here() {
  ChoiceTree* at = &taken_;
  for (const std::size_t i : path_) at = &at->parts[i];
  return *at;
}

std::uint32_t Choices::below(std::uint32_t n) {
  std::uint32_t value = 0;
  if (drawing_) {
    value = static_cast<std::uint32_t>(random_() % n);
  } else if (replay_ != nullptr && nextNumber_ < replay_->numbers.size()) {
    value = std::min(replay_->numbers[nextNumber_], n - 1);
  }
  ++nextNumber_;
  here().numbers.push_back(value);
  return value;
}

Choices::Part::Part(Choices& choices)
    : choices_(choices), outerReplay_(choices.replay_), outerNumber_(choices.nextNumber_), outerPart_(choices.nextPart_) {
  const ChoiceTree* tree = outerReplay_;
  choices.replay_ = tree != nullptr && outerPart_ < tree->parts.size() ? &tree->parts[outerPart_] : nullptr;
  choices.nextNumber_ = choices.nextPart_ = 0;
  ChoiceTree& outer = choices.here();
  choices.path_.push_back(outer.parts.size());
  outer.parts.emplace_back();
}

Choices::Part::~Part() {
  choices_.path_.pop_back();
  choices_.replay_ = outerReplay_;
  choices_.nextNumber_ = outerNumber_;
  choices_.nextPart_ = outerPart_ + 1;
}

}  // namespace fedc::random
