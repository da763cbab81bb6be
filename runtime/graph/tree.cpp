#include "runtime/graph/tree.h"

#include <algorithm>

namespace fedc::runtime {

Blocks Blocks::of(std::int64_t clients) {
  Blocks blocks;
  blocks.clients = clients;
  blocks.length = std::max<std::int64_t>(1, (clients + kMost - 1) / kMost);
  blocks.count = (clients + blocks.length - 1) / blocks.length;
  return blocks;
}

std::int64_t Blocks::last(std::int64_t block) const { return std::min(clients, (block + 1) * length); }

MergeTree::MergeTree(std::int64_t leaves) {
  std::int64_t base = 0;
  for (std::int64_t width = leaves; width > 1; width = (width + 1) / 2) {
    for (std::int64_t i = 0; i < width; ++i) {
      up_.push_back({base + width + i / 2, i % 2 == 0 && i + 1 == width, i % 2 == 0});
    }
    base += width;
  }
  if (leaves > 0) up_.push_back({});
}

}  // namespace fedc::runtime
