#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "compiler/core/ir.h"

namespace fedc::core {

/// Names of a function's variables and dimension variables for printing: unique, taken from the hints, in the order of definition; without a
/// hint `%0`, `%1` ... Reading a printed function gives the same names again.
class Names {
 public:
  explicit Names(const Fn& fn);
  const std::string& var(Var v) const { return vars_[v]; }
  std::string dim(Dim::Variable v) const;
  std::string print(const Dim& d) const;
  std::string print(const Type& t) const;

 private:
  class Scheme {
   public:
    std::string take(const std::string& hint);

   private:
    std::unordered_set<std::string> taken_;
    int unnamed_ = 0;
  };
  void define(const Fn& fn, Var v);
  void defineDim(const Fn& fn, Dim::Variable v);
  void walk(const Fn& fn, const std::vector<Stmt>& stmts);

  Scheme varScheme_, dimScheme_;
  std::vector<std::string> vars_, dims_;
};

}  // namespace fedc::core
