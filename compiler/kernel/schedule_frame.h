#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "compiler/kernel/loops.h"

namespace fedc::kernel {

/// A nest function under construction: loops are opened from outside in, and each value is computed as far out as what it mentions allows.
/// A value that mentions an unrolled index but not the loop around the unrolling is computed outside that loop into a register array.
class Frame {
 public:
  explicit Frame(NestFunction& function);

  NestFunction& function() { return fn_; }

  /// A fresh integer, bound by whoever asks.
  Int newInt(std::string name, std::optional<std::int64_t> bound = {});
  int newRegister(std::string name, Elem elem, std::int64_t count, bool lanes);

  // Loops. Every open has one close; what is appended in between goes into the loop's body.
  void openFor(Int var, Dim begin, Dim end, std::int64_t step);
  /// Copies only if count > 1; otherwise var is bound to 0.
  void openUnroll(Int var, std::int64_t count);
  void close();
  std::size_t depth() const { return levels_.size(); }
  /// Closes until `depth` levels are left.
  void closeTo(std::size_t depth);
  /// Closes everything and hands the body to the function.
  void finish();

  /// Binds var to a number in the innermost block.
  void bind(Int var, Dim dim);
  /// Binds a fresh integer to a scalar integer value, placed as far out as possible.
  Int bindValue(std::string name, ValueId value);

  void append(LoopStatement statement);
  void declare(int reg);

  // Values; equal ones are one.
  ValueId add(Value value);
  ValueId literal(Literal literal);
  ValueId integer(Dim dim, Elem elem, Dim laneStep = 0);
  ValueId reg(int reg, Dim index);
  ValueId scalar(Op op, Elem elem, std::vector<ValueId> args);
  ValueId primitive(core::Prim prim, Elem elem, std::vector<ValueId> args, Elem from = Elem::I64);
  ValueId convert(ValueId value, Elem elem);
  ValueId laneMask(Dim count);
  const Value& value(ValueId id) const { return fn_.values[static_cast<std::size_t>(id)]; }
  bool isLanes(ValueId id) const { return value(id).lanes; }

  /// The value made available where its parent is: computed further out if it can be.
  ValueId place(ValueId id);
  /// True if a and b would be computed at the same place.
  bool samePlace(ValueId a, ValueId b) const;
  /// Names the value in its block so that several statements share it.
  ValueId share(ValueId id);

 private:
  struct Level {
    enum class Kind : std::uint8_t { Root, For, Unroll };
    Kind kind = Kind::Root;
    LoopFor loop;
    std::int64_t count = 1;
    Int var = 0;
    LoopBlock block;
    std::vector<Int> bound;
    std::map<ValueId, ValueId> placed;
  };
  /// Where a value belongs: the innermost loop it mentions, and the unrolled levels inside of that.
  struct Place {
    std::size_t loop = 0;
    std::vector<std::size_t> unrolled;
    friend bool operator==(const Place&, const Place&) = default;
  };

  Place placeOf(ValueId id) const;
  const std::set<Int>& mentions(ValueId id) const;
  /// Reads a register that the templates set themselves: used where it is read.
  bool isPinned(ValueId id) const;
  void mentionsOf(const Dim& dim, std::set<Int>& into) const;
  bool isTrivial(ValueId id) const;

  NestFunction& fn_;
  std::vector<Level> levels_;
  std::unordered_map<std::size_t, std::vector<ValueId>> known_;
  mutable std::map<ValueId, std::set<Int>> mentions_;
  std::map<Int, std::size_t> levelOf_;
  /// How an integer was bound, for integers bound in unrolled levels.
  std::map<Int, LetInt> bindings_;
  std::map<Int, std::set<Int>> bindingMentions_;
  std::map<int, std::set<Int>> letMentions_;
  mutable std::map<ValueId, bool> pinned_;
  std::set<int> pinnedLets_;
  /// Register arrays made by `place`: what the stored values mention.
  std::map<int, std::set<Int>> registerMentions_;
};

}  // namespace fedc::kernel
