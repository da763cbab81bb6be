#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <set>

#include "compiler/core/op_table.h"
#include "compiler/core/strings.h"
#include "compiler/kernel/nests.h"
#include "compiler/kernel/text.h"

namespace fedc::kernel {

namespace {

/// A name as the reader takes it.
std::string plainName(std::string name) {
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_' && c != '.') c = '_';
  }
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0])) != 0 || name[0] == '.') name = "_" + name;
  return name;
}

/// `a0` and `e0` are accumulators and shared expressions.
bool isReserved(const std::string& name) {
  if (name == "true" || name == "false") return true;
  return name.size() > 1 && (name[0] == 'a' || name[0] == 'e') &&
         std::all_of(name.begin() + 1, name.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

std::string unique(std::set<std::string>& taken, const std::string& hint) {
  std::string name = plainName(hint);
  if (isReserved(name)) name += '_';
  const std::string base = name;
  for (int i = 2; !taken.insert(name).second; ++i) name = fmt::format("{}_{}", base, i);
  return name;
}

std::string_view accumulationName(Accumulation::Kind k) {
  static constexpr std::string_view kNames[] = {"sum", "prod", "max", "min", "and", "or", "argmax", "argmin"};
  return kNames[static_cast<int>(k)];
}

std::string orderName(const Order& o) {
  switch (o.kind) {
    case Order::Kind::Seq: return "seq";
    case Order::Kind::Lanes: return "lanes";
    case Order::Kind::SplitSeq: return fmt::format("split({}, seq)", o.parts);
    case Order::Kind::SplitLanes: break;
  }
  return fmt::format("split({}, lanes)", o.parts);
}

class Printer {
 public:
  explicit Printer(const Kernel& kernel) : kernel_(kernel) {
    std::set<std::string> taken;
    for (const Buffer& b : kernel.buffers) names_.push_back(unique(taken, b.name));
    // Dims, loop variables and lets have names of their own; axes only within their nest.
    taken.clear();
    ints_.resize(kernel.ints.size());
    for (std::size_t i = 0; i < ints_.size(); ++i) {
      if (kernel.ints[i].kind != IntInfo::Kind::Axis) ints_[i] = unique(taken, kernel.ints[i].name);
    }
    for (std::size_t i = 0; i < ints_.size(); ++i) {
      if (kernel.ints[i].kind == IntInfo::Kind::Axis) ints_[i] = plainName(kernel.ints[i].name);
      while (kernel.ints[i].kind == IntInfo::Kind::Axis && taken.contains(ints_[i])) ints_[i] += '_';
    }
  }

  std::string run() {
    std::string dims;
    for (Int v : kernel_.dims) dims += (dims.empty() ? "" : ", ") + ints_[v];
    out_ = fmt::format("kernel {}({};", plainName(kernel_.name), dims);
    std::set<BufferId> arguments(kernel_.arguments.begin(), kernel_.arguments.end());
    const char* separator = " ";
    for (BufferId b : kernel_.arguments) {
      out_ += separator + buffer(b);
      separator = ", ";
    }
    out_ += kernel_.laidOut ? ")\nlaid out\narena" : ")\narena";
    if (kernel_.arenaBytes) out_ += fmt::format(" {} bytes", dim(*kernel_.arenaBytes));
    out_ += " {";
    const Effects used = effectsOf(kernel_.body);
    for (BufferId b = 0; b < kernel_.buffers.size(); ++b) {
      if (!arguments.contains(b) && (used.readsFrom(b) || used.writesTo(b))) out_ += "\n  " + buffer(b);
    }
    out_ += "\n}\n{\n";
    block(kernel_.body, 1);
    return out_ + "}\n";
  }

  std::string one(const Statement& s) {
    statement(s, 0);
    return out_;
  }

 private:
  std::string dim(const Dim& d) const {
    return d.print([this](Int v) { return v < ints_.size() ? ints_[v] : "?" + std::to_string(v); });
  }

  const std::string& name(BufferId b) const { return names_[b]; }

  std::string buffer(BufferId id) {
    const Buffer& b = kernel_.buffers[id];
    std::string s = fmt::format("{}: {}", name(id), core::elemName(b.elem));
    if (!b.extents.empty()) {
      s += '[';
      for (std::size_t i = 0; i < b.extents.size(); ++i) {
        s += (i > 0 ? ", " : "") + dim(b.extents[i]);
        if (i + 1 == b.extents.size() && b.padLast > 0 && !b.extents[i].isConstant(b.padLast)) s += fmt::format("|{}", b.padLast);
      }
      s += ']';
    }
    static constexpr std::string_view kRoles[] = {" in", " inout", " out", ""};
    s += kRoles[static_cast<int>(b.role)];
    if (b.slack > 0) s += fmt::format(" slack {}", b.slack);
    if (b.offset) s += " @" + dim(*b.offset);
    return s;
  }

  void line(int depth, const std::string& text) { out_ += std::string(static_cast<std::size_t>(2 * depth), ' ') + text + '\n'; }

  void block(const Block& b, int depth) {
    for (const Statement& s : b) statement(s, depth);
  }

  std::string axes(const std::vector<Axis>& axes) const {
    std::string s;
    for (const Axis& a : axes) s += fmt::format("{}{}<{}", s.empty() ? "" : ", ", ints_[a.var], dim(a.extent));
    return '[' + s + ']';
  }

  void statement(const Statement& s, int depth) {
    if (const auto* n = std::get_if<Nest>(&s.node)) {
      nest(*n, depth);
    } else if (const auto* c = std::get_if<Scatter>(&s.node)) {
      line(depth, fmt::format("scatter {} {} seq {} {{", plainName(c->name), axes(c->axes), axes(c->updates)));
      share(c->exprs, rootsOf(*c), depth + 1);
      line(depth + 1, fmt::format("{} {} {}", access(c->store.target), c->mode == core::ScatterMode::Add ? "+=" : "=", expr(c->store.value)));
      line(depth, "}");
    } else if (const auto* call = std::get_if<Call>(&s.node)) {
      std::string args;
      for (BufferId b : call->buffers) args += (args.empty() ? "" : ", ") + name(b);
      args += ';';
      for (std::size_t i = 0; i < call->ints.size(); ++i) args += (i > 0 ? ", " : " ") + dim(call->ints[i]);
      line(depth, fmt::format("call {}{}{}({})", call->symbol, call->function.empty() ? "" : " ", call->function, args));
    } else if (const auto* f = std::get_if<For>(&s.node)) {
      line(depth, fmt::format("for {} < {}{} {{", ints_[f->var], dim(f->extent), f->reversed ? " reverse" : ""));
      block(f->body, depth + 1);
      line(depth, "}");
    } else if (const auto* i = std::get_if<If>(&s.node)) {
      line(depth, fmt::format("if {} {{", name(i->condition)));
      block(i->then, depth + 1);
      line(depth, "} else {");
      block(i->otherwise, depth + 1);
      line(depth, "}");
    } else if (const auto* l = std::get_if<Let>(&s.node)) {
      const IntInfo& info = kernel_.ints[l->var];
      std::string bound = info.bound ? fmt::format(" <= {}", *info.bound) : "";
      line(depth, l->buffer ? fmt::format("let {}{} = clamp({}, {})", ints_[l->var], bound, name(*l->buffer), dim(l->value))
                            : fmt::format("let {}{} = {}", ints_[l->var], bound, dim(l->value)));
    }
  }

  void nest(const Nest& n, int depth) {
    line(depth, fmt::format("nest {} {} {{", plainName(n.name), axes(n.axes)));
    share(n.exprs, rootsOf(n), depth + 1);
    if (!n.accumulations.empty() || !n.reduceAxes.empty()) {
      line(depth + 1, fmt::format("reduce {} {} {{", axes(n.reduceAxes), orderName(n.order)));
      for (std::size_t i = 0; i < n.accumulations.size(); ++i) {
        const Accumulation& a = n.accumulations[i];
        line(depth + 2, fmt::format("a{}: {} {}{} = {}{}", i, core::elemName(a.elem), a.fused ? "fused " : "", accumulationName(a.kind),
                                    expr(a.value), a.init ? " init " + expr(*a.init) : ""));
      }
      for (const Store& s : n.each) line(depth + 2, fmt::format("each {} = {}", access(s.target), expr(s.value)));
      line(depth + 1, "}");
    }
    for (const Store& s : n.stores) line(depth + 1, fmt::format("{} = {}", access(s.target), expr(s.value)));
    for (const SiteCheck& c : n.checks) line(depth + 1, fmt::format("check {} site {}", expr(c.condition), c.site));
    line(depth, "}");
  }

  /// Names the operations of a nest that are used more than once.
  void share(const std::vector<Expr>& exprs, const std::vector<ExprId>& roots, int depth) {
    exprs_ = &exprs;
    shared_.clear();
    std::map<ExprId, int> uses;
    for (ExprId r : roots) ++uses[r];
    std::vector<ExprId> order;
    forEachExpr(exprs, roots, [&](ExprId id) {
      const Expr& e = exprs[static_cast<std::size_t>(id)];
      for (ExprId a : e.args) ++uses[a];
      order.push_back(id);
    });
    for (ExprId id : order) {
      const Expr& e = exprs[static_cast<std::size_t>(id)];
      if (uses[id] < 2 || (e.kind != Expr::Kind::Scalar && e.kind != Expr::Kind::RandomBits)) continue;
      const std::string text = expr(id);
      shared_[id] = fmt::format("e{}", shared_.size());
      line(depth, fmt::format("{} = {}", shared_[id], text));
    }
  }

  std::string access(const Access& a) {
    const Buffer& b = kernel_.buffers[a.buffer];
    std::string s = name(a.buffer);
    if (a.shape != b.extents) {
      s += "{";
      for (std::size_t i = 0; i < a.shape.size(); ++i) s += (i > 0 ? ", " : "") + dim(a.shape[i]);
      s += "}";
    }
    if (a.index.empty()) return s;
    s += '[';
    for (std::size_t i = 0; i < a.index.size(); ++i) {
      const Index& x = a.index[i];
      std::string t;
      if (!x.affine.isConstant(0) || !x.gather) t = dim(x.affine);
      if (x.gather) {
        t += (t.empty() ? "" : " + ") + expr(*x.gather);
        // A scalar has no brackets of its own; here it needs them to be told from an integer.
        if ((*exprs_)[static_cast<std::size_t>(*x.gather)].access.index.empty()) t += "[]";
      }
      s += (i > 0 ? ", " : "") + t + (x.clamp ? "!" : "");
    }
    return s + ']' + (a.zeroOutside ? "?0" : "");
  }

  std::string expr(ExprId id) {
    if (const auto it = shared_.find(id); it != shared_.end()) return it->second;
    const Expr& e = (*exprs_)[static_cast<std::size_t>(id)];
    switch (e.kind) {
      case Expr::Kind::Literal: return print(e.literal);
      case Expr::Kind::Integer: return fmt::format("{}({})", core::elemName(e.elem), dim(e.dim));
      case Expr::Kind::Load: return access(e.access);
      case Expr::Kind::Accumulator: return fmt::format("a{}", e.accumulator);
      case Expr::Kind::RandomBits:
        return fmt::format("random_bits.{}({}, {})", core::elemName(e.elem), expr(e.args[0]),
                           e.args.size() > 1 ? expr(e.args[1]) : "at " + dim(e.dim));
      case Expr::Kind::Scalar: break;
    }
    if (e.args.size() == 2) {
      const char* infix = e.op == Op::Add ? "+" : e.op == Op::Sub ? "-" : e.op == Op::Mul ? "*" : e.op == Op::Div ? "/" : nullptr;
      if (infix != nullptr) return fmt::format("({} {} {})", expr(e.args[0]), infix, expr(e.args[1]));
    }
    std::string s(core::opName(e.op));
    if (e.op == Op::Convert || e.op == Op::Bitcast) s += fmt::format(".{}", core::elemName(e.elem));
    s += '(';
    for (std::size_t i = 0; i < e.args.size(); ++i) s += (i > 0 ? ", " : "") + expr(e.args[i]);
    return s + ')';
  }

  const Kernel& kernel_;
  std::string out_;
  std::vector<std::string> names_;
  std::vector<std::string> ints_;
  const std::vector<Expr>* exprs_ = nullptr;
  std::map<ExprId, std::string> shared_;
};

}  // namespace

std::string print(Literal l) {
  const std::string suffix(core::elemName(l.elem));
  const std::string bits = fmt::format("{}.bits(0x{:x})", suffix, l.bits);
  if (l.elem == Elem::Bool) return l.bits != 0 ? "true" : "false";
  if (l.elem == Elem::Str) return core::quoted(core::textOf(static_cast<core::StringId>(l.bits)));
  if (l.elem == Elem::Key) return bits;
  if (!core::isFloat(l.elem)) {
    return l.elem == Elem::U64 ? fmt::format("{}{}", l.bits, suffix) : fmt::format("{}{}", l.toInt(), suffix);
  }
  const double d = l.toDouble();
  if (std::isinf(d)) return (d < 0 ? "-inf." : "inf.") + suffix;
  // The shortest text that reads back as the same number; a NaN by its bits.
  if (std::isnan(d)) return bits;
  const std::string text = l.elem == Elem::F64 ? fmt::format("{}", d) : fmt::format("{}", static_cast<float>(d));
  return text + (text.find_first_of(".e") == std::string::npos ? ".0" : "") + suffix;
}

std::string print(const Kernel& kernel) { return Printer(kernel).run(); }
std::string print(const Kernel& kernel, const Statement& statement) { return Printer(kernel).one(statement); }

}  // namespace fedc::kernel
