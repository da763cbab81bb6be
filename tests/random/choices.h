#pragma once

#include <cstdint>
#include <random>
#include <utility>
#include <vector>

namespace fedc::random {

/// Everything that was decided while a program was made: numbers, and the same of each part of it (an expression, a statement). Since a part has
/// its own numbers, one can be made simpler without the others becoming something else.
struct ChoiceTree {
  std::vector<std::uint32_t> numbers;
  std::vector<ChoiceTree> parts;

  friend bool operator==(const ChoiceTree&, const ChoiceTree&) = default;
  /// How many numbers and parts there are; what a shrinker makes smaller first.
  std::size_t size() const;
};

/// Where a generator's decisions come from: drawn from a seed, or taken from a tree. 0 is the simplest choice everywhere, and what is taken where a
/// tree has no more numbers; so every tree means a program.
class Choices {
 public:
  explicit Choices(std::uint64_t seed) : random_(seed) {}
  explicit Choices(const ChoiceTree& replay) : replay_(&replay) {}

  /// 0 .. n - 1; n is at least 1.
  std::uint32_t below(std::uint32_t n);
  /// True in so many of a hundred cases; the simplest choice is false.
  bool chance(std::uint32_t percent) { return below(100) >= 100 - percent; }

  /// `make` decides about a part of what is made.
  template <class F>
  auto part(F&& make) {
    const Part part(*this);
    return std::forward<F>(make)();
  }

  /// What was decided so far: the same tree gives the same program.
  const ChoiceTree& taken() const { return taken_; }

 private:
  /// Goes into the next part, and out again.
  class Part {
   public:
    explicit Part(Choices& choices);
    ~Part();
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;

   private:
    Choices& choices_;
    const ChoiceTree* outerReplay_;
    std::size_t outerNumber_, outerPart_;
  };
  ChoiceTree& here();

  std::mt19937_64 random_;
  const ChoiceTree* replay_ = nullptr;
  bool drawing_ = replay_ == nullptr;
  std::size_t nextNumber_ = 0, nextPart_ = 0;
  ChoiceTree taken_;
  /// The way from `taken_` to the part that is being made.
  std::vector<std::size_t> path_;

 public:
  Choices(const Choices&) = delete;
  Choices& operator=(const Choices&) = delete;
};

}  // namespace fedc::random
