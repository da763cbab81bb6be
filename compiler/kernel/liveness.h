#pragma once

#include <map>
#include <vector>

#include "compiler/kernel/nests.h"

namespace fedc::kernel {

/// Which buffers still matter: after a statement, those whose content some later read (in this or a later iteration) may see.
class Liveness {
 public:
  explicit Liveness(const Kernel& kernel);

  /// `statement` is one of the kernel's, by address.
  bool liveAfter(const Statement& statement, BufferId b) const { return after_.at(&statement)[b]; }
  const Effects& effects(const Statement& statement) const { return effects_.at(&statement); }
  /// Every statement that is not a loop or a branch, in order.
  const std::vector<const Statement*>& leaves() const { return leaves_; }

 private:
  using Set = std::vector<bool>;
  void analyse(const Kernel& kernel, const Block& block, Set& live);
  void find(const Block& block);

  std::map<const Statement*, Set> after_;
  std::map<const Statement*, Effects> effects_;
  std::vector<const Statement*> leaves_;
};

/// True if the statement gives `b` a whole new content without looking at the old one.
bool overwrites(const Kernel& kernel, const Statement& statement, BufferId b);

}  // namespace fedc::kernel
