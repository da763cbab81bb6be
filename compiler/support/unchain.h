#pragma once

#include <memory>
#include <utility>

namespace fedc {

/// Lets go of a chain of shared nodes, one after the other, as far as nobody else holds them. Left to themselves their destructors would call each
/// other, as deep as the chain is long: a body of 100,000 statements has such chains. `next`: the pointer within a node.
template <class Node>
void unchain(std::shared_ptr<const Node>& first, std::shared_ptr<const Node> Node::* next) {
  std::shared_ptr<const Node> node = std::move(first);
  while (node != nullptr && node.use_count() == 1) {
    // Ours alone, and made as what it is, not as a constant.
    std::shared_ptr<const Node> rest = std::move(const_cast<Node&>(*node).*next);
    node = std::move(rest);
  }
}

}  // namespace fedc
