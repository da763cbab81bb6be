#include <fmt/format.h>

#include <set>

#include "compiler/kernel/loops.h"

namespace fedc::kernel {

namespace {

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

/// One nest function: names are bound before they are used, registers are declared, lanes are where they are said to be (L4, L5, L6).
class FunctionVerifier {
 public:
  explicit FunctionVerifier(const NestFunction& fn) : fn_(fn) {
    for (int i = 0; i < fn.uniforms + (fn.split ? 2 : 0); ++i) ints_.insert(static_cast<Int>(i));
  }

  std::optional<std::string> run() {
    block(fn_.body);
    if (!checks_ && fn_.checks) fail("it is said to check, and does not");
    return problem_;
  }

 private:
  void fail(std::string what) {
    if (!problem_) problem_ = fmt::format("`{}`: {}", fn_.name, what);
  }

  void dim(const Dim& d) {
    for (Int v : d.variables())
      if (ints_.count(v) == 0) fail(fmt::format("the integer `{}` is used where it is not bound", v < fn_.ints.size() ? fn_.ints[v].name : "?"));
  }

  const Value& at(ValueId id) const { return fn_.values[static_cast<std::size_t>(id)]; }

  /// True if it has lanes.
  bool value(ValueId id) {
    const Value& v = at(id);
    dim(v.dim);
    dim(v.laneStep);
    bool lanes = false;
    for (ValueId a : v.args) lanes = value(a) || lanes;
    if (v.offsets && !value(*v.offsets)) fail("offsets have lanes");
    if (v.mask) value(*v.mask);
    switch (v.kind) {
      case Value::Kind::Register: {
        if (registers_.count(v.reg) == 0) {
          fail("a register is read where it is not declared");
          break;
        }
        const RegisterInfo& r = fn_.registers[static_cast<std::size_t>(v.reg)];
        if (r.lanes != v.lanes || r.elem != v.elem) fail("a register is read as something else");
        break;
      }
      case Value::Kind::Let:
        if (lets_.count(v.let) == 0) fail(fmt::format("`x{}` is used where it is not bound", v.let));
        break;
      case Value::Kind::Scalar:
      case Value::Kind::Primitive:
      case Value::Kind::RandomBits:
        if (lanes != v.lanes) fail("an operation has lanes if and only if an operand has");
        break;
      case Value::Kind::Fold:
      case Value::Kind::FoldIndex:
        if (!lanes || v.lanes) fail("a fold is a scalar of lanes");
        break;
      case Value::Kind::Load:
        if (v.offsets && !v.lanes) fail("one element has no offsets");
        if (v.elem != fn_.buffers[v.buffer].elem) fail("a load has its buffer's type");
        break;
      default: break;
    }
    return v.lanes;
  }

  void block(const LoopBlock& statements) {
    const std::set<Int> ints = ints_;
    const std::set<int> lets = lets_, registers = registers_;
    for (const LoopStatement& s : statements)
      std::visit(Overloaded{
                     [&](const LoopFor& f) {
                       dim(f.begin);
                       dim(f.end);
                       if (f.step < 1) fail("a loop goes forward");
                       const bool fresh = ints_.insert(f.var).second;
                       block(f.body);
                       if (fresh) ints_.erase(f.var);
                     },
                     [&](const LoopUnroll& u) {
                       if (u.count < 1) fail("a loop is unrolled at least once");
                       const bool fresh = ints_.insert(u.var).second;
                       block(u.body);
                       if (fresh) ints_.erase(u.var);
                     },
                     [&](const DeclareRegister& d) { registers_.insert(d.reg); },
                     [&](const LetInt& l) {
                       dim(l.dim);
                       if (l.value && value(*l.value)) fail("an integer has no lanes");
                       ints_.insert(l.var);
                     },
                     [&](const LetValue& l) {
                       value(l.value);
                       lets_.insert(l.let);
                     },
                     [&](const SetRegister& r) {
                       if (registers_.count(r.reg) == 0) return fail("a register is set where it is not declared");
                       dim(r.index);
                       const RegisterInfo& info = fn_.registers[static_cast<std::size_t>(r.reg)];
                       if (value(r.value) && !info.lanes) fail("lanes are put into a scalar register");
                       if (at(r.value).elem != info.elem) fail("a register is set to another type");
                     },
                     [&](const StoreValue& st) {
                       dim(st.offset);
                       if (!fn_.buffers[st.buffer].written) fail("a buffer is stored to that is only read");
                       if (value(st.value) && !st.lanes) fail("lanes are stored as one element");
                       if (at(st.value).elem != fn_.buffers[st.buffer].elem) fail("a store has its buffer's type");
                       if (st.offsets) value(*st.offsets);
                       if (st.mask) value(*st.mask);
                     },
                     [&](const Prefetch& p) { dim(p.offset); },
                     [&](const RequireTrue& r) {
                       checks_ = true;
                       if (!fn_.checks) fail("it checks, and is not said to");
                       value(r.condition);
                       if (at(r.condition).elem != Elem::Bool) fail("a check is of a bool");
                       if (r.mask) value(*r.mask);
                     },
                 },
                 s.node);
    ints_ = ints;
    lets_ = lets;
    registers_ = registers;
  }

  const NestFunction& fn_;
  std::set<Int> ints_;
  std::set<int> lets_;
  std::set<int> registers_;
  bool checks_ = false;
  std::optional<std::string> problem_;
};

/// The uniform level: calls fit their functions, buffers are disjoint arguments, barriers stand between phases only (L1, L2, L3).
class KernelVerifier {
 public:
  explicit KernelVerifier(const LoopKernel& kernel) : kernel_(kernel) {}

  std::optional<std::string> run() {
    for (const NestFunction& f : kernel_.functions)
      if (auto p = FunctionVerifier(f).run()) return p;
    block(kernel_.body, false);
    return problem_;
  }

 private:
  void fail(std::string what) {
    if (!problem_) problem_ = std::move(what);
  }

  void call(const NestCall& c, int extraInts) {
    if (c.function < 0 || c.function >= static_cast<int>(kernel_.functions.size())) return fail("a call names no function");
    const NestFunction& f = kernel_.functions[static_cast<std::size_t>(c.function)];
    if (c.buffers.size() != f.buffers.size()) fail(fmt::format("`{}` is called with {} buffers, has {}", f.name, c.buffers.size(), f.buffers.size()));
    if (static_cast<int>(c.ints.size()) + extraInts != f.uniforms)
      fail(fmt::format("`{}` is called with {} integers, has {}", f.name, c.ints.size(), f.uniforms));
    std::set<BufferId> seen;
    for (std::size_t b = 0; b < c.buffers.size() && b < f.buffers.size(); ++b) {
      if (!seen.insert(c.buffers[b]).second) fail(fmt::format("`{}` gets `{}` under two names", f.name, kernel_.buffers[c.buffers[b]].name));
      if (kernel_.buffers[c.buffers[b]].elem != f.buffers[b].elem)
        fail(fmt::format("`{}` gets `{}` as another type", f.name, kernel_.buffers[c.buffers[b]].name));
      if (f.buffers[b].written && kernel_.buffers[c.buffers[b]].role == Buffer::Role::In)
        fail(fmt::format("`{}` writes the input `{}`", f.name, kernel_.buffers[c.buffers[b]].name));
    }
  }

  void block(const UniformBlock& statements, bool conditional) {
    for (const UniformStatement& s : statements)
      std::visit(Overloaded{
                     [&](const NestCall& c) { call(c, 0); },
                     [&](const PhaseCall& p) { call(p.call, 2); },
                     [&](const UniformFor& f) { block(f.body, conditional); },
                     [&](const UniformIf& i) {
                       block(i.then, true);
                       block(i.otherwise, true);
                     },
                     [&](const Barrier&) {
                       if (conditional) fail("a barrier stands under a condition");
                     },
                     [](const auto&) {},
                 },
                 s.node);
  }

  const LoopKernel& kernel_;
  std::optional<std::string> problem_;
};

}  // namespace

std::optional<std::string> verify(const LoopKernel& kernel) { return KernelVerifier(kernel).run(); }

}  // namespace fedc::kernel
