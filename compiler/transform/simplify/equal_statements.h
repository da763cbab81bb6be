#pragma once

#include <unordered_map>
#include <vector>

#include "compiler/core/ir.h"

namespace fedc::transform {

/// Statements seen so far in the open blocks, to find equal ones. Statements with regions and definitions of dims are never equal.
class EqualStatements {
 public:
  void open() { scopes_.emplace_back(); }
  void close() { scopes_.pop_back(); }
  /// An equal statement in an open block, or null. `stmt` must live as long as its block.
  const core::Stmt* find(const core::Stmt& stmt) const;
  void insert(const core::Stmt* stmt);

 private:
  std::vector<std::unordered_multimap<std::size_t, const core::Stmt*>> scopes_;
};

}  // namespace fedc::transform
