#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compiler/kernel/fuse.h"
#include "compiler/kernel/nests.h"

/// Shared by the rules of pass fuse: fuse_inline.cpp (P), fuse_merge.cpp (E, M).
namespace fedc::kernel {

/// What a load becomes: nothing (it stays), or another expression, or no expression at all (the copy fails).
struct Replacement {
  bool replaces = false;
  std::optional<ExprId> by;
};

/// Copies expressions of one nest to another's list, with axes renamed, accumulators renumbered and some loads replaced.
class Transplant {
 public:
  Transplant(const std::vector<Expr>& from, ExprWriter& into) : from_(from), into_(into) {}

  std::map<Int, Dim> rename;
  int accumulatorShift = 0;
  /// Sees the access as it will be.
  std::function<Replacement(const Access&)> replace;

  std::optional<ExprId> expr(ExprId id);
  std::optional<Access> access(const Access& a);
  std::optional<Store> store(const Store& s);

 private:
  std::optional<ExprId> fresh(Expr e);
  Dim dim(const Dim& d) const;

  const std::vector<Expr>& from_;
  ExprWriter& into_;
  std::map<ExprId, std::optional<ExprId>> done_;
};

/// Scalar operations a point, transcendental ones and random bits counted as many.
int costOf(const std::vector<Expr>& exprs, std::span<const ExprId> roots);
Dim pointsOf(const std::vector<Axis>& axes);
/// N2 for a nest: every read of a written buffer is where it is written, and no buffer is stored twice.
bool readsWhereItWrites(const Nest& nest);

/// Each does what it can in one sweep; true if something changed.
bool inlineProducers(Kernel& kernel, const FuseOptions& options);
bool storeProducersInReductions(Kernel& kernel, const FuseOptions& options);
bool mergeNests(Kernel& kernel, const FuseOptions& options);

inline void decided(const FuseOptions& options, std::string line) {
  if (options.decisions != nullptr) options.decisions->push_back(std::move(line));
}

}  // namespace fedc::kernel
