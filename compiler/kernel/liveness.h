#pragma once

#include <functional>
#include <map>
#include <vector>

#include "compiler/kernel/nests.h"

namespace fedc::kernel {

/// Which buffers still matter: after a statement, those whose content some later read (in this or a later iteration) may see. Kept up to date
/// while buffers are joined; statements must stay where they are.
class Liveness {
 public:
  /// A statement that is not a loop or a branch, with what it does and what lives after it.
  struct Leaf {
    Statement* statement = nullptr;
    const Block* block = nullptr;
    Effects effects;
    std::vector<bool> after;
  };

  explicit Liveness(Kernel& kernel);

  const std::vector<Leaf>& leaves() const { return leaves_; }
  /// The leaves that touch a buffer, in order.
  const std::vector<std::size_t>& touching(BufferId b) const { return touching_[b]; }
  bool isCondition(BufferId b) const { return isCondition_[b]; }
  /// From now on `x` is `y`: renames it in all statements, by `access` where it is accessed.
  void join(BufferId x, BufferId y, const std::function<void(Access&)>& access);
  /// The leaf does nothing any more: it becomes an empty nest.
  void clear(std::size_t leaf);

 private:
  using Set = std::vector<bool>;
  void find(Block& block);
  void analyse(const Block& block, Set& live);

  Kernel& kernel_;
  std::vector<Leaf> leaves_;
  std::map<const Statement*, std::size_t> indexOf_;
  std::vector<std::vector<std::size_t>> touching_;
  std::vector<bool> isCondition_;
  std::vector<If*> branches_;
};

/// True if the statement gives `b` a whole new content without looking at the old one.
bool overwrites(const Kernel& kernel, const Statement& statement, const Effects& effects, BufferId b);

}  // namespace fedc::kernel
