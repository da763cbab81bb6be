#include "compiler/kernel/schedule_frame.h"

#include <algorithm>

#include "compiler/core/internal_error.h"

namespace fedc::kernel {

namespace {

std::size_t mix(std::size_t a, std::size_t b) { return a * 0x9e3779b97f4a7c15u + b; }

std::size_t hashOf(const Value& v) {
  std::size_t h = static_cast<std::size_t>(v.kind);
  h = mix(h, static_cast<std::size_t>(v.elem));
  h = mix(h, v.literal.bits);
  h = mix(h, v.dim.hash());
  h = mix(h, v.buffer);
  h = mix(h, static_cast<std::size_t>(v.reg) * 31 + static_cast<std::size_t>(v.let));
  h = mix(h, static_cast<std::size_t>(v.op) * 64 + static_cast<std::size_t>(v.prim));
  for (ValueId a : v.args) h = mix(h, static_cast<std::size_t>(a));
  return h;
}

}  // namespace

Frame::Frame(NestFunction& function) : fn_(function) {
  levels_.emplace_back();
  for (Int i = 0; i < static_cast<Int>(fn_.ints.size()); ++i) levelOf_[i] = 0;
}

Int Frame::newInt(std::string name, std::optional<std::int64_t> bound) {
  fn_.ints.push_back({IntInfo::Kind::Let, std::move(name), bound, {}});
  return static_cast<Int>(fn_.ints.size() - 1);
}

int Frame::newRegister(std::string name, Elem elem, std::int64_t count, bool lanes) {
  fn_.registers.push_back({std::move(name), elem, count, lanes});
  return static_cast<int>(fn_.registers.size() - 1);
}

void Frame::openFor(Int var, Dim begin, Dim end, std::int64_t step) {
  Level level;
  level.kind = Level::Kind::For;
  level.loop = {var, std::move(begin), std::move(end), step, {}};
  level.bound.push_back(var);
  levelOf_[var] = levels_.size();
  levels_.push_back(std::move(level));
}

void Frame::openUnroll(Int var, std::int64_t count) {
  Level level;
  level.kind = Level::Kind::Unroll;
  level.count = count;
  level.var = var;
  level.bound.push_back(var);
  levelOf_[var] = levels_.size();
  levels_.push_back(std::move(level));
}

void Frame::close() {
  FEDC_REQUIRE(levels_.size() > 1, "no loop is open");
  Level level = std::move(levels_.back());
  levels_.pop_back();
  for (Int i : level.bound) {
    levelOf_.erase(i);
    bindings_.erase(i);
  }
  LoopBlock& parent = levels_.back().block;
  if (level.block.empty()) return;
  if (level.kind == Level::Kind::For) {
    level.loop.body = std::move(level.block);
    parent.push_back({std::move(level.loop)});
  } else {
    parent.push_back({LoopUnroll{level.var, level.count, std::move(level.block)}});
  }
}

void Frame::closeTo(std::size_t depth) {
  while (levels_.size() > depth) close();
}

void Frame::finish() {
  closeTo(1);
  fn_.body = std::move(levels_.front().block);
}

void Frame::bind(Int var, Dim dim) {
  Level& level = levels_.back();
  std::set<Int> mentioned;
  mentionsOf(dim, mentioned);
  // Bound before to something else (the same axis in another loop): what is known of values that mention it no longer holds.
  if (auto it = bindingMentions_.find(var); it != bindingMentions_.end() && it->second != mentioned) mentions_.clear();
  bindingMentions_[var] = std::move(mentioned);
  LetInt let{var, std::move(dim), std::nullopt};
  bindings_[var] = let;
  level.block.push_back({let});
  level.bound.push_back(var);
  levelOf_[var] = levels_.size() - 1;
}

Int Frame::bindValue(std::string name, ValueId value) {
  const Place where = placeOf(value);
  const ValueId available = place(value);
  const std::size_t at = where.unrolled.empty() ? where.loop : where.unrolled.back();
  Int var = newInt(std::move(name));
  bindingMentions_[var] = mentions(value);
  LetInt let{var, 0, available};
  bindings_[var] = let;
  levels_[at].block.push_back({let});
  levels_[at].bound.push_back(var);
  levelOf_[var] = at;
  return var;
}

void Frame::append(LoopStatement statement) { levels_.back().block.push_back(std::move(statement)); }

void Frame::declare(int reg) { append({DeclareRegister{reg}}); }

ValueId Frame::add(Value value) {
  for (ValueId a : value.args) value.lanes = value.lanes || (isLanes(a) && value.kind != Value::Kind::Fold && value.kind != Value::Kind::FoldIndex);
  std::vector<ValueId>& bucket = known_[hashOf(value)];
  for (ValueId id : bucket)
    if (this->value(id) == value) return id;
  fn_.values.push_back(std::move(value));
  const ValueId id = static_cast<ValueId>(fn_.values.size() - 1);
  bucket.push_back(id);
  return id;
}

ValueId Frame::literal(Literal literal) {
  Value v;
  v.kind = Value::Kind::Literal;
  v.elem = literal.elem;
  v.literal = literal;
  return add(std::move(v));
}

ValueId Frame::integer(Dim dim, Elem elem, Dim laneStep) {
  Value v;
  v.kind = Value::Kind::Integer;
  v.elem = elem;
  v.dim = std::move(dim);
  v.lanes = !laneStep.isConstant(0);
  v.laneStep = std::move(laneStep);
  return add(std::move(v));
}

ValueId Frame::reg(int reg, Dim index) {
  Value v;
  v.kind = Value::Kind::Register;
  v.elem = fn_.registers[static_cast<std::size_t>(reg)].elem;
  v.lanes = fn_.registers[static_cast<std::size_t>(reg)].lanes;
  v.reg = reg;
  v.dim = std::move(index);
  return add(std::move(v));
}

ValueId Frame::scalar(Op op, Elem elem, std::vector<ValueId> args) {
  Value v;
  v.kind = Value::Kind::Scalar;
  v.elem = elem;
  v.op = op;
  v.args = std::move(args);
  return add(std::move(v));
}

ValueId Frame::primitive(core::Prim prim, Elem elem, std::vector<ValueId> args, Elem from) {
  Value v;
  v.kind = Value::Kind::Primitive;
  v.elem = elem;
  v.from = from;
  v.prim = prim;
  v.args = std::move(args);
  return add(std::move(v));
}

ValueId Frame::convert(ValueId id, Elem elem) {
  if (value(id).elem == elem) return id;
  return scalar(Op::Convert, elem, {id});
}

ValueId Frame::laneMask(Dim count) {
  Value v;
  v.kind = Value::Kind::LaneMask;
  v.elem = Elem::Bool;
  v.lanes = true;
  v.dim = std::move(count);
  return add(std::move(v));
}

void Frame::mentionsOf(const Dim& dim, std::set<Int>& into) const {
  for (Int i : dim.variables()) {
    into.insert(i);
    if (auto it = bindingMentions_.find(i); it != bindingMentions_.end()) into.insert(it->second.begin(), it->second.end());
  }
}

const std::set<Int>& Frame::mentions(ValueId id) const {
  if (auto it = mentions_.find(id); it != mentions_.end()) return it->second;
  const Value& v = value(id);
  std::set<Int> result;
  mentionsOf(v.dim, result);
  mentionsOf(v.laneStep, result);
  auto join = [&](ValueId other) {
    const std::set<Int>& m = mentions(other);
    result.insert(m.begin(), m.end());
  };
  for (ValueId a : v.args) join(a);
  if (v.offsets) join(*v.offsets);
  if (v.mask) join(*v.mask);
  if (v.kind == Value::Kind::Let)
    if (auto it = letMentions_.find(v.let); it != letMentions_.end()) result.insert(it->second.begin(), it->second.end());
  if (v.kind == Value::Kind::Register) {
    if (auto it = registerMentions_.find(v.reg); it != registerMentions_.end()) {
      result.insert(it->second.begin(), it->second.end());
    }
  }
  return mentions_.emplace(id, std::move(result)).first->second;
}

bool Frame::isPinned(ValueId id) const {
  if (auto it = pinned_.find(id); it != pinned_.end()) return it->second;
  const Value& v = value(id);
  bool result =
      (v.kind == Value::Kind::Register && registerMentions_.count(v.reg) == 0) || (v.kind == Value::Kind::Let && pinnedLets_.count(v.let) != 0);
  for (ValueId a : v.args) result = result || isPinned(a);
  if (v.offsets) result = result || isPinned(*v.offsets);
  if (v.mask) result = result || isPinned(*v.mask);
  pinned_[id] = result;
  return result;
}

bool Frame::isTrivial(ValueId id) const {
  switch (value(id).kind) {
    case Value::Kind::Literal:
    case Value::Kind::Let:
    case Value::Kind::Register: return true;
    case Value::Kind::LaneMask: return true;
    case Value::Kind::Integer:
      // Rounding, minimum and maximum are worth a name; sums and products fold into addresses.
      for (const Dim::Term& t : value(id).dim.terms())
        for (const Dim::Atom& a : t.atoms)
          if (a.kind != Dim::AtomKind::Variable) return false;
      return true;
    default: return false;
  }
}

Frame::Place Frame::placeOf(ValueId id) const {
  Place result;
  if (isPinned(id)) {
    for (std::size_t l = 0; l < levels_.size(); ++l) {
      if (levels_[l].kind == Level::Kind::Unroll) {
        result.unrolled.push_back(l);
      } else {
        result.loop = l;
        result.unrolled.clear();
      }
    }
    return result;
  }
  std::set<std::size_t> unrolled;
  for (Int i : mentions(id)) {
    auto it = levelOf_.find(i);
    if (it == levelOf_.end()) continue;
    if (levels_[it->second].kind == Level::Kind::Unroll) {
      unrolled.insert(it->second);
    } else {
      result.loop = std::max(result.loop, it->second);
    }
  }
  result.unrolled.assign(unrolled.begin(), unrolled.end());
  return result;
}

bool Frame::samePlace(ValueId a, ValueId b) const { return placeOf(a) == placeOf(b); }

ValueId Frame::place(ValueId id) {
  if (isTrivial(id)) return id;
  const Place where = placeOf(id);
  std::size_t innermostLoop = 0;
  for (std::size_t l = 0; l < levels_.size(); ++l)
    if (levels_[l].kind != Level::Kind::Unroll) innermostLoop = l;
  // Levels inside the value's loop that it does not mention; copies of one do not count.
  bool mentionsAll = where.loop == innermostLoop;
  for (std::size_t l = innermostLoop + 1; l < levels_.size() && mentionsAll; ++l)
    mentionsAll = levels_[l].count == 1 || std::count(where.unrolled.begin(), where.unrolled.end(), l) != 0;
  if (mentionsAll) return id;

  // A prefix of the unrolled levels, directly inside the value's loop: a name in that level's block.
  bool prefix = where.unrolled.empty() || where.loop == innermostLoop;
  for (std::size_t k = 0; k < where.unrolled.size() && prefix; ++k) {
    for (std::size_t l = (k == 0 ? where.loop : where.unrolled[k - 1]) + 1; l < where.unrolled[k]; ++l) prefix = prefix && levels_[l].count == 1;
  }
  const std::size_t at = where.unrolled.empty() || !prefix ? where.loop : where.unrolled.back();
  if (auto it = levels_[at].placed.find(id); it != levels_[at].placed.end()) return it->second;

  Value named;
  named.elem = value(id).elem;
  named.lanes = value(id).lanes;
  if (prefix) {
    named.kind = Value::Kind::Let;
    named.let = fn_.lets++;
    letMentions_[named.let] = mentions(id);
    levels_[at].block.push_back({LetValue{named.let, id}});
  } else {
    std::int64_t count = 1;
    Dim index = 0;
    std::vector<std::size_t> copied;
    for (std::size_t l : where.unrolled) {
      index = index * Dim(levels_[l].count) + Dim::variable(levels_[l].var);
      count *= levels_[l].count;
      copied.push_back(l);
    }
    const int array = newRegister("h" + std::to_string(fn_.registers.size()), named.elem, count, named.lanes);
    registerMentions_[array] = mentions(id);
    // The integers bound inside the copied levels are bound again, in the order in which they were made.
    LoopBlock body;
    for (Int i : mentions(id)) {
      auto bound = bindings_.find(i);
      if (bound == bindings_.end()) continue;
      if (levels_[levelOf_.at(i)].kind == Level::Kind::Unroll) body.push_back({bound->second});
    }
    body.push_back({SetRegister{array, index, id}});
    for (auto l = copied.rbegin(); l != copied.rend(); ++l) {
      LoopBlock outer;
      outer.push_back({LoopUnroll{levels_[*l].var, levels_[*l].count, std::move(body)}});
      body = std::move(outer);
    }
    LoopBlock& block = levels_[at].block;
    block.push_back({DeclareRegister{array}});
    for (LoopStatement& s : body) block.push_back(std::move(s));
    named.kind = Value::Kind::Register;
    named.reg = array;
    named.dim = index;
  }
  const ValueId result = add(std::move(named));
  levels_[at].placed[id] = result;
  return result;
}

ValueId Frame::share(ValueId id) {
  if (isTrivial(id)) return id;
  const ValueId placed = place(id);
  if (placed != id) return placed;
  // Where place() would look for it: outside of levels with one copy, so that what is placed later can name it.
  const Place where = placeOf(id);
  Level& level = levels_[where.unrolled.empty() ? where.loop : where.unrolled.back()];
  if (auto it = level.placed.find(id); it != level.placed.end()) return it->second;
  Value named;
  named.kind = Value::Kind::Let;
  named.elem = value(id).elem;
  named.lanes = value(id).lanes;
  named.let = fn_.lets++;
  letMentions_[named.let] = mentions(id);
  if (isPinned(id)) pinnedLets_.insert(named.let);
  level.block.push_back({LetValue{named.let, id}});
  const ValueId result = add(std::move(named));
  level.placed[id] = result;
  return result;
}

}  // namespace fedc::kernel
