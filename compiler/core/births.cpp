#include "compiler/core/births.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "compiler/core/finite.h"
#include "compiler/core/op_table.h"

namespace fedc::core {

namespace {

/// Greatest and least of finite numbers are finite; of nobody they are the identity, which is meant.
bool choosesOnly(const Stmt& s) {
  const bool reduces = s.op == Op::Reduce || s.op == Op::ArgReduce || s.op == Op::Cumulative;
  return reduces && (s.attrs.reduce == ReduceKind::Max || s.attrs.reduce == ReduceKind::Min);
}

Literal elementOf(const Array& array, std::int64_t i) { return array.at(array.shape().empty() ? 0 : i); }

}  // namespace

void Position::enter(const Stmt& stmt, std::int64_t index, std::int64_t trips) {
  outer_.push_back(now_.call);
  if (stmt.op == Op::Loop) now_.steps.push_back({&stmt, index, trips});
}

void Position::leave(const Stmt& stmt) {
  if (stmt.op == Op::Loop) now_.steps.pop_back();
  now_.call = outer_.back();
  outer_.pop_back();
}

Births::Births(const Fn& fn, std::span<const Array> params) {
  for (std::size_t i = 0; i < params.size(); ++i) {
    if (!isFinite(params[i])) marks_[fn.params[i]] = i;
  }
}

Births::Mark Births::earlier(Mark a, Mark b) {
  if (a == kNone || b == kNone) return a == kNone ? b : a;
  if ((a < kBirths) != (b < kBirths)) return std::max(a, b);
  return std::min(a, b);
}

Births::Mark Births::markOf(const Atom& a) const {
  if (a.isLiteral) return kNone;
  const auto found = marks_.find(a.var);
  return found == marks_.end() ? kNone : found->second;
}

Births::Mark Births::bear(const Stmt& stmt, const Array& result, std::int64_t element, std::vector<Literal> operands, bool ofInfinities) {
  Birth birth;
  birth.stmt = &stmt;
  birth.where = position_.now();
  birth.shape = fmt::format("{}[{}]", elemName(result.elem()), fmt::join(result.shape(), ", "));
  if (result.shape().empty()) birth.shape = elemName(result.elem());
  birth.element = element;
  birth.value = result.at(element);
  birth.operands = std::move(operands);
  birth.ofInfinities = ofInfinities;
  births_.push_back(std::move(birth));
  return kBirths + births_.size() - 1;
}

Births::Mark Births::elementwise(const Stmt& stmt, std::span<const Array* const> operands, const Array& result, Mark brought) {
  const auto operandsAt = [&](std::int64_t i) {
    std::vector<Literal> at;
    for (const Array* operand : operands) at.push_back(elementOf(*operand, i));
    return at;
  };
  Mark mark = brought;
  std::int64_t ofInfinities = -1;
  for (std::int64_t i = firstNonFinite(result); i >= 0 && i < result.count(); ++i) {
    const Literal value = result.at(i);
    if (isFinite(value)) continue;
    std::vector<Literal> at = operandsAt(i);
    if (std::all_of(at.begin(), at.end(), [](Literal l) { return isFinite(l); })) return earlier(mark, bear(stmt, result, i, std::move(at), false));
    if (ofInfinities < 0 && isNan(value) && std::none_of(at.begin(), at.end(), isNan)) ofInfinities = i;
  }
  if (ofInfinities >= 0 && (mark == kNone || mark < kBirths)) mark = bear(stmt, result, ofInfinities, operandsAt(ofInfinities), true);
  return mark;
}

Births::Mark Births::whole(const Stmt& stmt, std::span<const Array* const> operands, const Array& result, Mark brought) {
  if (choosesOnly(stmt)) return brought;
  const std::int64_t at = firstNonFinite(result);
  if (std::all_of(operands.begin(), operands.end(), [](const Array* a) { return isFinite(*a); })) return bear(stmt, result, at, {}, false);
  const bool ofInfinities = hasNan(result) && std::none_of(operands.begin(), operands.end(), [](const Array* a) { return hasNan(*a); });
  return ofInfinities && (brought == kNone || brought < kBirths) ? bear(stmt, result, at, {}, true) : brought;
}

void Births::ran(const Stmt& stmt, std::span<const Array* const> operands, std::span<const Array* const> results) {
  for (std::size_t r = 0; r < results.size(); ++r) {
    marks_.erase(stmt.results[r]);
    if (isFinite(*results[r])) continue;
    Mark brought = kNone;
    for (std::size_t i = 0; i < operands.size(); ++i) {
      if (!isFinite(*operands[i])) brought = earlier(brought, markOf(stmt.args[i]));
    }
    const Mark mark = isElementwise(stmt.op) ? elementwise(stmt, operands, *results[r], brought) : whole(stmt, operands, *results[r], brought);
    if (mark != kNone) marks_[stmt.results[r]] = mark;
  }
}

void Births::enter(const Stmt& stmt, std::int64_t index, std::int64_t trips) {
  position_.enter(stmt, index, trips);
  // The stacks that an earlier run of the whole loop has made are not these.
  if (stmt.op != Op::Loop || index != (stmt.attrs.reversed ? trips - 1 : 0)) return;
  for (std::size_t i = static_cast<std::size_t>(stmt.attrs.carries); i < stmt.results.size(); ++i) marks_.erase(stmt.results[i]);
}

void Births::traced(const Stmt& trace, const Array* value) {
  if (value == nullptr) return position_.call(trace);
  const Mark mark = markOf(trace.args[0]);
  if (mark == kNone || mark < kBirths || isFinite(*value)) return;
  std::vector<int>& reached = births_[mark - kBirths].reached;
  const int site = static_cast<int>(trace.attrs.site);
  if (reached.size() < Birth::kMostReached && std::find(reached.begin(), reached.end(), site) == reached.end()) reached.push_back(site);
}

void Births::copied(std::span<const Var> to, std::span<const Atom> from, bool part) {
  std::vector<Mark> marks;
  for (const Atom& a : from) marks.push_back(markOf(a));
  for (std::size_t i = 0; i < to.size(); ++i) {
    const Mark mark = part ? earlier(markOf(Atom::of(to[i])), marks[i]) : marks[i];
    if (mark == kNone) {
      marks_.erase(to[i]);
    } else {
      marks_[to[i]] = mark;
    }
  }
}

Births::Cause Births::causeOf(const Atom& result) const {
  const Mark mark = markOf(result);
  if (mark == kNone) return {};
  return mark < kBirths ? Cause{std::nullopt, mark} : Cause{mark - kBirths, std::nullopt};
}

}  // namespace fedc::core
