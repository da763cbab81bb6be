#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "compiler/core/ir.h"
#include "compiler/kernel/bounds.h"
#include "compiler/kernel/view.h"

namespace fedc::kernel {

/// A nest under construction: axes with fresh integers, expressions, stores.
struct NestDraft {
  Nest nest;
  ExprWriter write;

  NestDraft() : write(nest.exprs) {}
  NestDraft(const NestDraft&) = delete;
  NestDraft& operator=(const NestDraft&) = delete;
};

/// The state of pass bufferise. Files: bufferise.cpp (functions, loops, copies), bufferise_ops.cpp (one method a group of ops).
class Bufferiser {
 public:
  Bufferiser(const core::Module& module, const core::Fn& fn) : module_(module), fn_(fn) {}

  Kernel run();

 private:
  /// Where a copy goes: a buffer, at `prefix` in its leading axes.
  struct Target {
    BufferId buffer = 0;
    std::vector<Dim> prefix;
  };

  // Integers and buffers.
  Int newInt(IntInfo info);
  BufferId newBuffer(const core::Type& type, std::string name, Buffer::Role role = Buffer::Role::Arena);
  void let(Int var, const Dim& value, std::optional<BufferId> buffer = {});

  // Nests.
  std::vector<Dim> addAxes(NestDraft& draft, const std::vector<Dim>& extents, bool reduced = false);
  void store(NestDraft& draft, BufferId target, const std::vector<Dim>& at, ExprId value);
  void finish(NestDraft& draft, std::string name);
  ExprId converted(NestDraft& draft, ExprId value, Elem to);

  // Values.
  const View& valueOf(core::Var v) const;
  View viewOf(const core::Atom& a, const core::Type& place) const;
  void define(core::Var v, View view) { values_[v] = std::move(view); }
  /// A new buffer for a statement's result, which becomes the variable's value.
  BufferId result(const core::Stmt& s, std::size_t i = 0);
  const core::Type& typeOf(const core::Stmt& s, std::size_t i = 0) const { return fn_.typeOf(s.results[i]); }

  // Copies.
  void copy(const Target& target, const View& view);
  /// All at once: sources are read before any target is written.
  void copyAll(std::vector<std::pair<Target, View>> copies);
  /// The view in a new buffer.
  View materialised(const View& view, const std::string& name);
  /// The view in a buffer of its own shape without padding.
  BufferId denseBuffer(const View& view, const std::string& name);
  /// A view through which all is well, or of a copy of it.
  View seen(const View& view, const core::Type& type, const std::vector<AxisValue>& map, const std::vector<Expr>& gathers = {});

  // Statements.
  /// Of one block; `results` are read behind them.
  void statements(const std::vector<core::Var>& params, const std::vector<core::Stmt>& stmts, const std::vector<core::Atom>& results);
  /// Before a loop's value is updated in part: what is still to be read of it is copied, if that is little, so that pass coalesce can do the update
  /// in place and need not copy all of it in each step. `operands`: what the update itself reads.
  void readBefore(core::Var updated, std::initializer_list<View*> operands);
  void statement(const core::Stmt& s);
  void elementwise(const core::Stmt& s);
  bool integerArithmetic(const core::Stmt& s);
  /// Whether an integer of the kernel, over the coordinates of a value of this type, is always the number that the type holds: it does not wrap.
  bool fits(const Dim& value, const core::Type& type) const;
  void broadcast(const core::Stmt& s);
  void reshape(const core::Stmt& s);
  void transpose(const core::Stmt& s);
  void slice(const core::Stmt& s);
  void reverse(const core::Stmt& s);
  void iota(const core::Stmt& s);
  void dynamicSlice(const core::Stmt& s);
  void updateSlice(const core::Stmt& s);
  void pad(const core::Stmt& s);
  void concat(const core::Stmt& s);
  void reduce(const core::Stmt& s);
  void argReduce(const core::Stmt& s);
  void cumulative(const core::Stmt& s);
  void sort(const core::Stmt& s);
  void contract(const core::Stmt& s);
  void solve(const core::Stmt& s);
  void gather(const core::Stmt& s);
  void scatter(const core::Stmt& s);
  void pick(const core::Stmt& s);
  void keySeed(const core::Stmt& s);
  void split(const core::Stmt& s);
  void foldIn(const core::Stmt& s);
  void randomBits(const core::Stmt& s);
  void permutation(const core::Stmt& s);
  void native(const core::Stmt& s);
  void strings(const core::Stmt& s);
  void dimension(const core::Stmt& s);
  void dimValue(const core::Stmt& s);
  void compact(const core::Stmt& s);
  void loop(const core::Stmt& s);
  void cond(const core::Stmt& s);
  void check(const core::Stmt& s);

  /// A run-time start of a slice as an integer of the kernel, moved so that `size` elements from it lie inside `extent`.
  Dim startOf(const core::Atom& a, const Dim& size, const Dim& extent);
  /// An integer scalar as a fresh integer of the kernel, clamped to [0, most].
  Dim clampedScalar(const core::Atom& a, const Dim& most, Int var, bool fresh);
  /// The index that the integer atom `indices` gives at `at`, clamped into `extent`: affine if it can be, else one load (written to `into`).
  Index indexAt(const core::Atom& indices, const std::vector<Dim>& at, const std::vector<Dim>& extents, const Dim& extent, ExprWriter& into);
  View gathered(const View& data, std::size_t axis, const Index& index, std::vector<AxisValue> map, const core::Type& type,
                const std::vector<Expr>& gathers);

  const core::Module& module_;
  const core::Fn& fn_;
  Kernel kernel_;
  std::vector<std::optional<View>> values_;
  Block* block_ = nullptr;
  /// The block around the statement at hand.
  struct Place {
    std::span<const core::Var> params;
    std::span<const core::Stmt> before, after;
    std::span<const core::Atom> results;
  };
  Place place_;
  Facts facts_;
};

}  // namespace fedc::kernel
