#pragma once

#include <cstdint>
#include <vector>

namespace fedc::runtime {

/// How a cohort is cut into blocks, a function of its size alone: L = ceil(K / 64) positions a block, the last may be shorter.
struct Blocks {
  static constexpr std::int64_t kMost = 64;
  std::int64_t clients = 0;
  std::int64_t length = 1;
  std::int64_t count = 0;

  static Blocks of(std::int64_t clients);
  std::int64_t first(std::int64_t block) const { return block * length; }
  /// One past the block's last position.
  std::int64_t last(std::int64_t block) const;
};

/// The merge tree over `leaves` blocks: level by level, neighbours (0,1), (2,3) ..; an odd one moves up. Nodes are numbered level by level,
/// the blocks first, the root last.
class MergeTree {
 public:
  explicit MergeTree(std::int64_t leaves);

  struct Up {
    /// -1: this is the root.
    std::int64_t parent = -1;
    /// The parent has only this child: nothing is merged.
    bool alone = false;
    /// This child is the first operand of the merge.
    bool left = false;
  };
  const Up& up(std::int64_t node) const { return up_[static_cast<std::size_t>(node)]; }
  std::int64_t nodes() const { return static_cast<std::int64_t>(up_.size()); }

 private:
  std::vector<Up> up_;
};

}  // namespace fedc::runtime
