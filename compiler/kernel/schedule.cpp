#include "compiler/kernel/schedule.h"

#include <algorithm>
#include <map>
#include <random>
#include <string>

#include "compiler/kernel/schedule_plan.h"

namespace fedc::kernel {

Machine Machine::avx2() { return {"avx2", 8, 6, 6}; }
Machine Machine::avx512() { return {"avx512", 32, 26, 10}; }

namespace {

/// Rewrites a nest into the numbering of its function: uniforms first, then axes; buffers in the order in which they are met.
class Localiser {
 public:
  explicit Localiser(const Kernel& kernel) : kernel_(kernel) {}

  LocalNest nest(const Nest& n) {
    out_.name = n.name;
    out_.order = n.order;
    begin(n.axes, n.reduceAxes, n.exprs, [&](auto&& visit) {
      for (const Store& s : n.each) visit(s.target);
      for (const Store& s : n.stores) visit(s.target);
    });
    out_.accumulations = n.accumulations;
    for (const Store& s : n.each) out_.each.push_back({access(s.target, true), s.value});
    for (const Store& s : n.stores) out_.stores.push_back({access(s.target, true), s.value});
    out_.checks = n.checks;
    finish(n.axes, n.reduceAxes, n.exprs);
    return std::move(out_);
  }

  LocalNest scatter(const Scatter& n) {
    out_.name = n.name;
    begin(n.axes, n.updates, n.exprs, [&](auto&& visit) { visit(n.store.target); });
    out_.stores.push_back({access(n.store.target, true), n.store.value});
    finish(n.axes, n.updates, n.exprs);
    return std::move(out_);
  }

  std::vector<BufferId> buffers;
  std::vector<Dim> ints;

 private:
  template <class Targets>
  void begin(const std::vector<Axis>& axes, const std::vector<Axis>& inner, const std::vector<Expr>& exprs, const Targets& targets) {
    std::vector<Int> used;
    auto note = [&](const Dim& d) {
      for (Int i : d.variables())
        if (std::find(used.begin(), used.end(), i) == used.end()) used.push_back(i);
    };
    auto noteAccess = [&](const Access& a) {
      for (const Dim& d : a.shape) note(d);
      for (const Index& i : a.index) note(i.affine);
    };
    for (const Axis& a : axes) note(a.extent);
    for (const Axis& a : inner) note(a.extent);
    for (const Expr& e : exprs) {
      note(e.dim);
      noteAccess(e.access);
    }
    targets(noteAccess);
    auto isAxis = [&](Int i) {
      auto is = [&](const Axis& a) { return a.var == i; };
      return std::any_of(axes.begin(), axes.end(), is) || std::any_of(inner.begin(), inner.end(), is);
    };
    for (Int i : used)
      if (!isAxis(i)) {
        number_[i] = static_cast<Int>(out_.ints.size());
        out_.ints.push_back(kernel_.ints[i]);
        ints.push_back(Dim::variable(i));
      }
    out_.uniforms = static_cast<int>(out_.ints.size());
    // The range of a split loop.
    for (const char* name : {"lo", "hi"}) out_.ints.push_back({IntInfo::Kind::Let, name, {}, {}});
    for (const std::vector<Axis>* list : {&axes, &inner})
      for (const Axis& a : *list) {
        number_[a.var] = static_cast<Int>(out_.ints.size());
        IntInfo info = kernel_.ints[a.var];
        if (auto bound = a.extent.upperBound([&](Int v) { return kernel_.ints[v].bound; })) info.bound = std::max<std::int64_t>(*bound - 1, 0);
        out_.ints.push_back(std::move(info));
      }
  }

  void finish(const std::vector<Axis>& axes, const std::vector<Axis>& inner, const std::vector<Expr>& exprs) {
    for (const Axis& a : axes) out_.axes.push_back({number_.at(a.var), dim(a.extent)});
    for (const Axis& a : inner) out_.reduceAxes.push_back({number_.at(a.var), dim(a.extent)});
    for (Expr e : exprs) {
      e.dim = dim(e.dim);
      if (e.kind == Expr::Kind::Load) e.access = access(e.access, false);
      out_.exprs.push_back(std::move(e));
    }
  }

  Dim dim(const Dim& d) const {
    return d.substitute([&](Int v) -> std::optional<Dim> { return Dim::variable(number_.at(v)); });
  }

  Access access(Access a, bool written) {
    auto it = std::find(buffers.begin(), buffers.end(), a.buffer);
    const auto local = static_cast<BufferId>(it - buffers.begin());
    if (it == buffers.end()) {
      const Buffer& b = kernel_.buffers[a.buffer];
      buffers.push_back(a.buffer);
      out_.buffers.push_back({b.elem, b.padLast, b.name, false});
    }
    if (written) out_.buffers[local].written = true;
    a.buffer = local;
    for (Dim& d : a.shape) d = dim(d);
    for (Index& i : a.index) i.affine = dim(i.affine);
    return a;
  }

  const Kernel& kernel_;
  LocalNest out_;
  std::map<Int, Int> number_;
};

class Scheduler {
 public:
  Scheduler(const Kernel& kernel, const Machine& machine, const ScheduleOptions& options) : kernel_(kernel), machine_(machine), options_(options) {
    if (options.randomSeed) random_.emplace(*options.randomSeed);
  }

  LoopKernel run() {
    out_.name = kernel_.name;
    out_.ints = kernel_.ints;
    out_.dims = kernel_.dims;
    out_.buffers = kernel_.buffers;
    out_.arguments = kernel_.arguments;
    out_.arenaBytes = kernel_.arenaBytes.value_or(Dim(0));
    out_.body = block(kernel_.body);
    return std::move(out_);
  }

 private:
  UniformBlock block(const Block& in) {
    UniformBlock out;
    for (const Statement& s : in) std::visit([&](const auto& node) { out.push_back({lower(node)}); }, s.node);
    return out;
  }

  decltype(UniformStatement::node) lower(const Nest& n) {
    Localiser local(kernel_);
    LocalNest nest = local.nest(n);
    joinAxes(nest);
    const NestPlan plan = planNest(nest, false, machine_, options_, random_ ? &*random_ : nullptr);
    return call(local, generateNest(nest, plan, options_.leastSplit));
  }

  decltype(UniformStatement::node) lower(const Scatter& n) {
    Localiser local(kernel_);
    LocalNest nest = local.scatter(n);
    const NestPlan plan = planNest(nest, true, machine_, options_, random_ ? &*random_ : nullptr);
    return call(local, generateScatter(nest, plan, n.mode));
  }

  decltype(UniformStatement::node) lower(const Call& c) { return c; }
  decltype(UniformStatement::node) lower(const Let& l) { return l; }
  decltype(UniformStatement::node) lower(const For& f) { return UniformFor{f.var, f.extent, f.reversed, block(f.body)}; }
  decltype(UniformStatement::node) lower(const If& i) { return UniformIf{i.condition, block(i.then), block(i.otherwise)}; }

  NestCall call(Localiser& local, NestFunction fn) {
    const std::string key = printAnonymous(fn);
    auto [it, fresh] = known_.try_emplace(key, static_cast<int>(out_.functions.size()));
    if (fresh) out_.functions.push_back(std::move(fn));
    return {it->second, std::move(local.buffers), std::move(local.ints)};
  }

  const Kernel& kernel_;
  const Machine& machine_;
  const ScheduleOptions& options_;
  std::optional<std::mt19937_64> random_;
  LoopKernel out_;
  std::map<std::string, int> known_;
};

}  // namespace

LoopKernel schedule(const Kernel& kernel, const Machine& machine, const ScheduleOptions& options) {
  return Scheduler(kernel, machine, options).run();
}

}  // namespace fedc::kernel
