#include "compiler/kernel/loops.h"

#include <fmt/format.h>

#include <functional>

#include "compiler/core/type.h"
#include "compiler/kernel/text.h"

namespace fedc::kernel {

namespace {

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

std::string_view primName(core::Prim p) {
  using core::Prim;
  switch (p) {
    case Prim::Constant: return "constant";
    case Prim::Operand: return "operand";
    case Prim::Add: return "add";
    case Prim::Sub: return "sub";
    case Prim::Mul: return "mul";
    case Prim::Div: return "div";
    case Prim::Neg: return "neg";
    case Prim::Fma: return "fma";
    case Prim::Sqrt: return "sqrt";
    case Prim::Floor: return "floor";
    case Prim::Ceil: return "ceil";
    case Prim::RoundEven: return "round";
    case Prim::Trunc: return "trunc";
    case Prim::Abs: return "abs";
    case Prim::Min: return "min";
    case Prim::Rem: return "rem";
    case Prim::And: return "and";
    case Prim::Or: return "or";
    case Prim::Xor: return "xor";
    case Prim::Not: return "not";
    case Prim::Shl: return "shl";
    case Prim::Shr: return "shr";
    case Prim::MulHigh: return "mulhigh";
    case Prim::Eq: return "eq";
    case Prim::Ne: return "ne";
    case Prim::Lt: return "lt";
    case Prim::Le: return "le";
    case Prim::Gt: return "gt";
    case Prim::Ge: return "ge";
    case Prim::Select: return "select";
    case Prim::Convert: return "convert";
    case Prim::Bitcast: return "bitcast";
  }
  return "?";
}

std::string_view foldName(Accumulation::Kind k) {
  static constexpr std::string_view kNames[] = {"sum", "prod", "max", "min", "and", "or", "argmax", "argmin"};
  return kNames[static_cast<std::size_t>(k)];
}

class FunctionPrinter {
 public:
  FunctionPrinter(const NestFunction& fn, bool anonymous) : fn_(fn), anonymous_(anonymous) {}

  std::string run() {
    std::string out = anonymous_ ? "fn" : fmt::format("fn {} // {}\n  ", fn_.name, fn_.form);
    out += "(";
    for (std::size_t b = 0; b < fn_.buffers.size(); ++b)
      out += fmt::format("{}{}{}: {}", b == 0 ? "" : ", ", bufferName(static_cast<BufferId>(b)), fn_.buffers[b].written ? "!" : "",
                         core::elemName(fn_.buffers[b].elem));
    out += ";";
    for (int i = 0; i < fn_.uniforms; ++i) out += fmt::format("{} {}", i == 0 ? "" : ",", intName(static_cast<Int>(i)));
    if (fn_.split)
      out +=
          fmt::format("; steps {}..{} of {}", intName(static_cast<Int>(fn_.uniforms)), intName(static_cast<Int>(fn_.uniforms) + 1), text(*fn_.split));
    out += ") {\n";
    block(fn_.body, 1, out);
    return out + "}\n";
  }

  std::string bufferName(BufferId b) const { return anonymous_ ? fmt::format("b{}", b) : fn_.buffers[b].name; }

 private:
  std::string intName(Int i) const {
    if (anonymous_ || i >= fn_.ints.size()) return fmt::format("i{}", i);
    // Integers of one name are told apart by their number.
    const std::string& name = fn_.ints[i].name;
    for (Int other = 0; other < fn_.ints.size(); ++other)
      if (other != i && fn_.ints[other].name == name) return fmt::format("{}{}", name, i);
    return name;
  }

  std::string text(const Dim& d) const {
    return d.print([this](Dim::Variable v) { return intName(v); });
  }

  std::string text(ValueId id) const {
    const Value& v = fn_.values[static_cast<std::size_t>(id)];
    auto args = [&] {
      std::string s;
      for (ValueId a : v.args) s += (s.empty() ? "" : ", ") + text(a);
      return s;
    };
    auto wide = [&](std::string_view name) { return fmt::format("{}{}", name, v.lanes ? "16" : ""); };
    switch (v.kind) {
      case Value::Kind::Literal: return print(v.literal);
      case Value::Kind::Integer:
        if (!v.lanes) return fmt::format("({}):{}", text(v.dim), core::elemName(v.elem));
        return fmt::format("({} + lane*({})):{}", text(v.dim), text(v.laneStep), core::elemName(v.elem));
      case Value::Kind::Load: {
        std::string s =
            fmt::format("{} {}[{}{}]", wide(v.mask ? "loadm" : "load"), bufferName(v.buffer), text(v.dim), v.offsets ? " + " + text(*v.offsets) : "");
        return v.mask ? s + " ? " + text(*v.mask) : s;
      }
      case Value::Kind::Register:
        return fn_.registers[static_cast<std::size_t>(v.reg)].count == 1 ? registerName(v.reg)
                                                                         : fmt::format("{}[{}]", registerName(v.reg), text(v.dim));
      case Value::Kind::Let: return fmt::format("x{}", v.let);
      case Value::Kind::Scalar:
        return fmt::format("{}{}({})", core::opName(v.op),
                           v.op == Op::Convert || v.op == Op::Bitcast ? fmt::format(".{}", core::elemName(v.elem)) : "", args());
      case Value::Kind::Primitive: return fmt::format("{}.{}({})", primName(v.prim), core::elemName(v.elem), args());
      case Value::Kind::RandomBits: return fmt::format("{}.{}({})", wide("random_bits"), core::elemName(v.elem), args());
      case Value::Kind::Fold: return fmt::format("fold16({}, {})", foldName(v.fold), args());
      case Value::Kind::FoldIndex: return fmt::format("fold16({}, {})", foldName(v.fold), args());
      case Value::Kind::LaneMask: return fmt::format("(lane16 < {})", text(v.dim));
    }
    return {};
  }

  std::string registerName(int r) const {
    return anonymous_ ? fmt::format("r{}", r) : fmt::format("{}_{}", fn_.registers[static_cast<std::size_t>(r)].name, r);
  }

  void block(const LoopBlock& statements, int indent, std::string& out) const {
    for (const LoopStatement& s : statements) {
      out.append(static_cast<std::size_t>(indent) * 2, ' ');
      std::visit(Overloaded{
                     [&](const LoopFor& f) {
                       out += fmt::format("for {} = {} < {} step {} {{\n", intName(f.var), text(f.begin), text(f.end), f.step);
                       block(f.body, indent + 1, out);
                       out.append(static_cast<std::size_t>(indent) * 2, ' ');
                       out += "}\n";
                     },
                     [&](const LoopUnroll& u) {
                       out += fmt::format("unroll {} < {} {{\n", intName(u.var), u.count);
                       block(u.body, indent + 1, out);
                       out.append(static_cast<std::size_t>(indent) * 2, ' ');
                       out += "}\n";
                     },
                     [&](const DeclareRegister& d) {
                       const RegisterInfo& r = fn_.registers[static_cast<std::size_t>(d.reg)];
                       out += fmt::format("reg {}: {}[{}]{}\n", registerName(d.reg), core::elemName(r.elem), r.count, r.lanes ? " x16" : "");
                     },
                     [&](const LetInt& l) { out += fmt::format("let {} = {}\n", intName(l.var), l.value ? text(*l.value) : text(l.dim)); },
                     [&](const LetValue& l) { out += fmt::format("let x{} = {}\n", l.let, text(l.value)); },
                     [&](const SetRegister& r) { out += fmt::format("{}[{}] = {}\n", registerName(r.reg), text(r.index), text(r.value)); },
                     [&](const StoreValue& st) {
                       out += fmt::format("{}{} {}[{}{}] = {}{}\n", st.mask ? "storem" : "store", st.lanes ? "16" : "", bufferName(st.buffer),
                                          text(st.offset), st.offsets ? " + " + text(*st.offsets) : "", text(st.value),
                                          st.mask ? " where " + text(*st.mask) : "");
                     },
                     [&](const Prefetch& p) { out += fmt::format("prefetch {}[{}]\n", bufferName(p.buffer), text(p.offset)); },
                     [&](const RequireTrue& r) {
                       out += fmt::format("check {}{} site {}\n", text(r.condition), r.mask ? " where " + text(*r.mask) : "", r.site);
                     },
                 },
                 s.node);
    }
  }

  const NestFunction& fn_;
  bool anonymous_;
};

class KernelPrinter {
 public:
  explicit KernelPrinter(const LoopKernel& kernel) : kernel_(kernel) {}

  std::string run() {
    std::string out = fmt::format("kernel {}(", kernel_.name);
    for (std::size_t d = 0; d < kernel_.dims.size(); ++d) out += fmt::format("{}{}", d == 0 ? "" : ", ", kernel_.ints[kernel_.dims[d]].name);
    out += ";\n";
    for (BufferId b : kernel_.arguments) out += "    " + buffer(kernel_.buffers[b]) + "\n";
    out += ") arena " + text(kernel_.arenaBytes) + " {\n";
    for (const Buffer& b : kernel_.buffers)
      if (b.role == Buffer::Role::Arena) out += "    " + buffer(b) + "\n";
    out += "} {\n";
    block(kernel_.body, 1, out);
    out += "}\n";
    for (const NestFunction& f : kernel_.functions) out += print(f);
    return out;
  }

 private:
  std::string text(const Dim& d) const {
    return d.print([this](Dim::Variable v) { return v < kernel_.ints.size() ? kernel_.ints[v].name : fmt::format("i{}", v); });
  }

  std::string buffer(const Buffer& b) const {
    static constexpr std::string_view kRoles[] = {"in", "inout", "out", "arena"};
    std::string out = fmt::format("{}: {}[", b.name, core::elemName(b.elem));
    for (std::size_t d = 0; d < b.extents.size(); ++d) {
      out += (d == 0 ? "" : ", ") + text(b.extents[d]);
      if (d + 1 == b.extents.size() && b.padLast != 0) out += fmt::format("|{}", b.padLast);
      if (d == 0 && b.slack != 0) out += fmt::format("+{}", b.slack);
    }
    out += fmt::format("] {}", kRoles[static_cast<std::size_t>(b.role)]);
    if (b.offset) out += " @" + text(*b.offset);
    return out;
  }

  std::string name(BufferId b) const { return kernel_.buffers[b].name; }

  std::string callText(const NestCall& c) const {
    std::string out = kernel_.functions[static_cast<std::size_t>(c.function)].name + "(";
    for (std::size_t b = 0; b < c.buffers.size(); ++b) out += (b == 0 ? "" : ", ") + name(c.buffers[b]);
    out += ";";
    for (std::size_t i = 0; i < c.ints.size(); ++i) out += (i == 0 ? " " : ", ") + text(c.ints[i]);
    return out + ")";
  }

  void block(const UniformBlock& statements, int indent, std::string& out) const {
    const std::string margin(static_cast<std::size_t>(indent) * 2, ' ');
    for (const UniformStatement& s : statements)
      std::visit(Overloaded{
                     [&](const NestCall& c) { out += margin + callText(c) + "\n"; },
                     [&](const Call& c) {
                       out += fmt::format("{}call {}{}{}(", margin, c.symbol, c.function.empty() ? "" : " ", c.function);
                       for (std::size_t b = 0; b < c.buffers.size(); ++b) out += (b == 0 ? "" : ", ") + name(c.buffers[b]);
                       out += ";";
                       for (std::size_t i = 0; i < c.ints.size(); ++i) out += (i == 0 ? " " : ", ") + text(c.ints[i]);
                       out += ")\n";
                     },
                     [&](const UniformFor& f) {
                       out += fmt::format("{}for {} < {}{} {{\n", margin, kernel_.ints[f.var].name, text(f.extent), f.reversed ? " reverse" : "");
                       block(f.body, indent + 1, out);
                       out += margin + "}\n";
                     },
                     [&](const UniformIf& i) {
                       out += fmt::format("{}if {} {{\n", margin, name(i.condition));
                       block(i.then, indent + 1, out);
                       if (!i.otherwise.empty()) {
                         out += margin + "} else {\n";
                         block(i.otherwise, indent + 1, out);
                       }
                       out += margin + "}\n";
                     },
                     [&](const Let& l) {
                       out += fmt::format("{}let {} = {}\n", margin, kernel_.ints[l.var].name,
                                          l.buffer ? fmt::format("clamp({}, 0, {})", name(*l.buffer), text(l.value)) : text(l.value));
                     },
                     [&](const PhaseCall& p) { out += fmt::format("{}phase [{}] {}\n", margin, text(p.threads), callText(p.call)); },
                     [&](const Barrier& b) { out += fmt::format("{}barrier {}\n", margin, b.scope == Barrier::Scope::Block ? "block" : "group"); },
                 },
                 s.node);
  }

  const LoopKernel& kernel_;
};

}  // namespace

std::string print(const NestFunction& function) { return FunctionPrinter(function, false).run(); }
std::string printAnonymous(const NestFunction& function) { return FunctionPrinter(function, true).run(); }
std::string print(const LoopKernel& kernel) { return KernelPrinter(kernel).run(); }

}  // namespace fedc::kernel
