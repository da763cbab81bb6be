#include "compiler/core/interpret.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "compiler/core/internal_error.h"
#include "compiler/core/op_table.h"
#include "compiler/core/ops/groups.h"
#include "compiler/core/ops/interpret_ops.h"
#include "compiler/core/scalar.h"

namespace fedc::core {

namespace {

class Interpreter {
 public:
  Interpreter(const Fn& fn, std::span<const std::int64_t> dimParams, std::span<const Array> params, Watcher* watcher)
      : fn_(fn), watcher_(watcher), values_(fn.vars.size()), dims_(fn.dims.size(), 0) {
    FEDC_REQUIRE(dimParams.size() == fn.dimParams.size() && params.size() == fn.params.size(),
                 fmt::format("`{}` takes {} dims and {} values, got {} and {}", fn.name, fn.dimParams.size(), fn.params.size(), dimParams.size(),
                             params.size()));
    for (std::size_t i = 0; i < dimParams.size(); ++i) dims_[fn.dimParams[i]] = dimParams[i];
    for (std::size_t i = 0; i < params.size(); ++i) {
      const Type& t = fn.typeOf(fn.params[i]);
      FEDC_REQUIRE(params[i].elem() == t.elem && params[i].shape() == shapeOf(t, dims_),
                   fmt::format("parameter {} of `{}` must be {}", i, fn.name, show(fn, t)));
      values_[fn.params[i]] = params[i];
    }
  }

  InterpretResult run() {
    runStmts(fn_.body);
    InterpretResult out;
    for (std::size_t i = 0; i < fn_.results.size(); ++i) out.results.push_back(valueOfAtom(fn_.results[i], fn_.resultTypes[i]));
    out.failedSite = failedSite_;
    return out;
  }

 private:
  /// A literal takes the shape of its place.
  Array valueOfAtom(const Atom& a, const Type& place) const { return a.isLiteral ? Array::splat(a.literal, shapeOf(place, dims_)) : values_[a.var]; }

  std::int64_t extent(const Dim& d) const { return valueOf(d, dims_); }

  void runStmts(const std::vector<Stmt>& stmts) {
    for (const Stmt& s : stmts) runStmt(s);
  }

  void runStmt(const Stmt& s) {
    switch (s.op) {
      case Op::DimDef: return runDim(s);
      case Op::Loop: return runLoop(s);
      case Op::Cond: return runCond(s);
      case Op::Check: return runCheck(s);
      case Op::Trace: return runTrace(s);
      default: break;
    }
    if (isElementwise(s.op)) {
      runElementwise(s);
    } else {
      runByTable(s);
    }
    if (watcher_ != nullptr) tell(s);
  }

  void tell(const Stmt& s) {
    std::vector<Array> literals;
    literals.reserve(s.args.size());
    std::vector<const Array*> operands, results;
    for (const Atom& a : s.args) operands.push_back(a.isLiteral ? &literals.emplace_back(Array::scalar(a.literal)) : &values_[a.var]);
    for (const Var v : s.results) results.push_back(&values_[v]);
    watcher_->ran(s, operands, results);
  }

  void runTrace(const Stmt& s) {
    if (watcher_ == nullptr) return;
    if (s.args.empty()) return watcher_->traced(s, nullptr);
    const Array value = s.args[0].isLiteral ? Array::scalar(s.args[0].literal) : values_[s.args[0].var];
    watcher_->traced(s, &value);
  }

  void runByTable(const Stmt& s) {
    const OpRow& row = opRow(s.op);
    FEDC_REQUIRE(row.interpret, fmt::format("`{}` cannot be interpreted: run `differentiate` first", opName(s.op)));
    std::vector<Array> literals;
    literals.reserve(s.args.size());
    std::vector<const Array*> operands;
    for (const Atom& a : s.args) {
      if (a.isLiteral) {
        literals.push_back(Array::scalar(a.literal));
        operands.push_back(&literals.back());
      } else {
        operands.push_back(&values_[a.var]);
      }
    }
    std::vector<Array> results;
    row.interpret(fn_, s, operands, dims_, results);
    if (s.op == Op::Compact) dims_[*s.attrs.defines] = results[0].shape()[0];
    for (std::size_t i = 0; i < results.size(); ++i) values_[s.results[i]] = std::move(results[i]);
  }

  void runElementwise(const Stmt& s) {
    const Type& t = fn_.typeOf(s.results[0]);
    std::vector<Elem> elems;
    std::vector<const void*> operands;
    std::vector<std::int64_t> strides;
    for (const Atom& a : s.args) {
      elems.push_back(a.isLiteral ? a.literal.elem : values_[a.var].elem());
      operands.push_back(a.isLiteral ? static_cast<const void*>(&a.literal.bits) : values_[a.var].data());
      strides.push_back(a.isLiteral ? 0 : 1);
    }
    Array out(t.elem, shapeOf(t, dims_));
    runScalar(scalarProgram(s.op, elems, t.elem), operands, strides, out.mutableData(), out.count());
    values_[s.results[0]] = std::move(out);
  }

  void runDim(const Stmt& s) {
    std::int64_t n = extent(s.attrs.extent);
    if (!s.args.empty()) {
      const Literal k = s.args[0].isLiteral ? s.args[0].literal : values_[s.args[0].var].at(0);
      n = std::max<std::int64_t>(0, std::min(k.toInt(), n));
    }
    dims_[*s.attrs.defines] = n;
  }

  void runLoop(const Stmt& s) {
    const Region& body = s.regions[0];
    const std::size_t carries = static_cast<std::size_t>(s.attrs.carries);
    const std::int64_t trips = extent(s.attrs.extent);
    std::vector<Array> carried;
    for (std::size_t i = 0; i < carries; ++i) carried.push_back(valueOfAtom(s.args[i], fn_.typeOf(body.params[i])));
    std::vector<Array> stacks;
    for (std::size_t i = carries; i < s.results.size(); ++i) stacks.push_back(resultArray(fn_, s, i, dims_));
    for (std::int64_t step = 0; step < trips; ++step) {
      const std::int64_t t = s.attrs.reversed ? trips - 1 - step : step;
      if (s.attrs.defines) dims_[*s.attrs.defines] = t;
      if (watcher_ != nullptr) tellStep(s, step, t, trips);
      for (std::size_t i = 0; i < body.params.size(); ++i) {
        values_[body.params[i]] = i < carries ? std::move(carried[i]) : values_[s.args[i].var].row(t);
      }
      runStmts(body.stmts);
      for (std::size_t i = 0; i < carries; ++i) carried[i] = valueOfAtom(body.yields[i], fn_.typeOf(body.params[i]));
      for (std::size_t i = carries; i < body.yields.size(); ++i) {
        const Array row = valueOfAtom(body.yields[i], typeOfAtom(fn_, body.yields[i]));
        Array& stack = stacks[i - carries];
        if (row.bytes() > 0)
          std::memcpy(static_cast<char*>(stack.mutableData()) + t * row.bytes(), row.data(), static_cast<std::size_t>(row.bytes()));
      }
      if (watcher_ == nullptr) continue;
      watcher_->copied(std::span(s.results).subspan(carries), std::span(body.yields).subspan(carries), true);
      watcher_->leave(s);
    }
    if (watcher_ != nullptr) watcher_->copied(std::span(s.results).first(carries), std::span(trips > 0 ? body.yields : s.args).first(carries), false);
    for (std::size_t i = 0; i < s.results.size(); ++i) values_[s.results[i]] = i < carries ? std::move(carried[i]) : std::move(stacks[i - carries]);
  }

  void tellStep(const Stmt& s, std::int64_t step, std::int64_t t, std::int64_t trips) const {
    const Region& body = s.regions[0];
    const std::size_t carries = static_cast<std::size_t>(s.attrs.carries);
    const std::span params(body.params);
    watcher_->copied(params.first(carries), std::span(step == 0 ? s.args : body.yields).first(carries), false);
    watcher_->copied(params.subspan(carries), std::span(s.args).subspan(carries), false);
    watcher_->enter(s, t, trips);
  }

  void runCond(const Stmt& s) {
    const bool p = (s.args[0].isLiteral ? s.args[0].literal : values_[s.args[0].var].at(0)).bits != 0;
    const Region& arm = s.regions[p ? 0 : 1];
    if (watcher_ != nullptr) watcher_->enter(s, 0, 1);
    runStmts(arm.stmts);
    if (watcher_ != nullptr) {
      watcher_->copied(s.results, arm.yields, false);
      watcher_->leave(s);
    }
    std::vector<Array> results;
    for (std::size_t i = 0; i < s.results.size(); ++i) results.push_back(valueOfAtom(arm.yields[i], fn_.typeOf(s.results[i])));
    for (std::size_t i = 0; i < s.results.size(); ++i) values_[s.results[i]] = std::move(results[i]);
  }

  void runCheck(const Stmt& s) {
    bool good = true;
    if (s.args[0].isLiteral) {
      good = s.args[0].literal.bits != 0;
    } else {
      for (std::uint8_t element : values_[s.args[0].var].as<std::uint8_t>()) good = good && element != 0;
    }
    if (!good) failedSite_ = std::min(failedSite_.value_or(s.attrs.site), s.attrs.site);
  }

  const Fn& fn_;
  Watcher* const watcher_;
  std::vector<Array> values_;
  std::vector<std::int64_t> dims_;
  std::optional<std::uint32_t> failedSite_;
};

}  // namespace

InterpretResult interpret(const Fn& fn, std::span<const std::int64_t> dimParams, std::span<const Array> params, Watcher* watcher) {
  const FlushDenormals flush;
  return Interpreter(fn, dimParams, params, watcher).run();
}

}  // namespace fedc::core
