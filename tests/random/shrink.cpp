#include "tests/random/shrink.h"

#include <algorithm>
#include <utility>

namespace fedc::random {

namespace {

using Path = std::vector<std::size_t>;

ChoiceTree* at(ChoiceTree& tree, const Path& path) {
  ChoiceTree* part = &tree;
  for (const std::size_t i : path) {
    if (i >= part->parts.size()) return nullptr;
    part = &part->parts[i];
  }
  return part;
}

/// Every part, the larger ones first.
void collect(const ChoiceTree& tree, Path& path, std::vector<std::pair<std::size_t, Path>>& out) {
  for (std::size_t i = 0; i < tree.parts.size(); ++i) {
    path.push_back(i);
    out.emplace_back(tree.parts[i].size(), path);
    collect(tree.parts[i], path, out);
    path.pop_back();
  }
}

std::vector<Path> parts(const ChoiceTree& tree) {
  std::vector<std::pair<std::size_t, Path>> found;
  Path path;
  collect(tree, path, found);
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<Path> out;
  for (auto& [size, where] : found) out.push_back(std::move(where));
  return out;
}

void numbersOf(const ChoiceTree& tree, std::vector<std::uint32_t>& out) {
  out.insert(out.end(), tree.numbers.begin(), tree.numbers.end());
  for (const ChoiceTree& part : tree.parts) numbersOf(part, out);
}

/// Smaller trees first; among equals the one with the smaller numbers.
bool simpler(const ChoiceTree& a, const ChoiceTree& b) {
  if (a.size() != b.size()) return a.size() < b.size();
  std::vector<std::uint32_t> x, y;
  numbersOf(a, x);
  numbersOf(b, y);
  return x < y;
}

/// How many parts there are is decided before they are made.
constexpr std::size_t kCounts = 4;

class Shrinker {
 public:
  Shrinker(ChoiceTree tree, const std::function<Attempt(const ChoiceTree&)>& attempt, int attempts)
      : best_(std::move(tree)), attempt_(attempt), left_(attempts) {}

  ChoiceTree run() {
    bool again = true;
    while (again && left_ > 0) {
      again = removeParts();
      again = hoistParts() || again;
      again = lowerNumbers() || again;
    }
    return std::move(best_);
  }

 private:
  bool improves(const ChoiceTree& tree) {
    if (left_ <= 0 || !simpler(tree, best_)) return false;
    --left_;
    Attempt tried = attempt_(tree);
    if (!tried.fails || !simpler(tried.taken, best_)) return false;
    best_ = std::move(tried.taken);
    return true;
  }

  /// A step at each part of the best tree so far; the list is made anew after a success, and goes on where it was.
  template <class Step>
  bool eachPart(const Step& step) {
    bool any = false;
    std::vector<Path> todo = parts(best_);
    for (std::size_t i = 0; i < todo.size() && left_ > 0; ++i) {
      if (!step(todo[i])) continue;
      any = true;
      todo = parts(best_);
      --i;
      if (i + 1 > todo.size()) break;
    }
    return any;
  }

  bool removeParts() {
    return eachPart([&](const Path& path) {
      ChoiceTree smaller = best_;
      ChoiceTree* part = at(smaller, path);
      if (part == nullptr) return false;
      if (!part->numbers.empty() || !part->parts.empty()) {
        *part = {};
        if (improves(smaller)) return true;
      }
      // Its successors take its place.
      smaller = best_;
      Path outer = path;
      outer.pop_back();
      auto& siblings = at(smaller, outer)->parts;
      siblings.erase(siblings.begin() + static_cast<std::ptrdiff_t>(path.back()));
      if (improves(smaller)) return true;
      // And one of the numbers beside it says how many there are.
      for (std::size_t i = 0; i < at(best_, outer)->numbers.size(); ++i) {
        ChoiceTree fewer = smaller;
        std::uint32_t& number = at(fewer, outer)->numbers[i];
        if (number == 0 || i >= kCounts) continue;
        --number;
        if (improves(fewer)) return true;
      }
      return false;
    });
  }

  bool hoistParts() {
    return eachPart([&](const Path& path) {
      const ChoiceTree* part = at(best_, path);
      if (part == nullptr) return false;
      for (std::size_t i = 0; i < part->parts.size(); ++i) {
        ChoiceTree smaller = best_;
        ChoiceTree inner = at(smaller, path)->parts[i];
        *at(smaller, path) = std::move(inner);
        if (improves(smaller)) return true;
        part = at(best_, path);
      }
      return false;
    });
  }

  bool lowerNumbers() {
    bool any = false;
    std::vector<Path> all = parts(best_);
    all.insert(all.begin(), Path{});
    for (const Path& path : all) {
      for (std::size_t i = 0; left_ > 0; ++i) {
        const ChoiceTree* part = at(best_, path);
        if (part == nullptr || i >= part->numbers.size()) break;
        any = lower(path, i) || any;
      }
    }
    return any;
  }

  bool lower(const Path& path, std::size_t i) {
    const auto tryValue = [&](std::uint32_t value) {
      ChoiceTree smaller = best_;
      ChoiceTree* part = at(smaller, path);
      if (part == nullptr || i >= part->numbers.size() || part->numbers[i] <= value) return false;
      part->numbers[i] = value;
      return improves(smaller);
    };
    if (tryValue(0)) return true;
    bool any = false;
    std::uint32_t low = 0;
    for (;;) {
      const ChoiceTree* part = at(best_, path);
      if (part == nullptr || i >= part->numbers.size() || part->numbers[i] <= low + 1) return any;
      const std::uint32_t middle = low + (part->numbers[i] - low) / 2;
      if (tryValue(middle)) {
        any = true;
      } else {
        low = middle;
      }
    }
  }

  ChoiceTree best_;
  const std::function<Attempt(const ChoiceTree&)>& attempt_;
  int left_;
};

}  // namespace

ChoiceTree shrink(ChoiceTree tree, const std::function<Attempt(const ChoiceTree&)>& attempt, int attempts) {
  return Shrinker(std::move(tree), attempt, attempts).run();
}

}  // namespace fedc::random
