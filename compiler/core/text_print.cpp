#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "compiler/core/native.h"
#include "compiler/core/op_table.h"
#include "compiler/core/strings.h"
#include "compiler/core/text.h"
#include "compiler/core/text_names.h"

namespace fedc::core {

namespace {

std::string number(double value, bool single) {
  char buffer[64];
  const auto end = single ? std::to_chars(buffer, buffer + sizeof buffer, static_cast<float>(value)).ptr
                          : std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  std::string out(buffer, end);
  if (out.find_first_of(".e") == std::string::npos) out += ".0";
  return out;
}

std::string join(const std::vector<std::string>& parts) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) out += (i > 0 ? ", " : "") + parts[i];
  return out;
}

template <class Number>
std::string list(const std::vector<Number>& numbers) {
  std::string out;
  for (std::size_t i = 0; i < numbers.size(); ++i) out += (i > 0 ? "," : "") + std::to_string(numbers[i]);
  return out;
}

class Printer {
 public:
  explicit Printer(const Fn& fn) : fn_(fn), names_(fn) {}

  std::string function() {
    std::string dims, params, types;
    for (Dim::Variable d : fn_.dimParams) {
      if (!dims.empty()) dims += ", ";
      dims += names_.dim(d);
      if (fn_.dims[d].bound) dims += fmt::format(" <= {}", *fn_.dims[d].bound);
    }
    for (Var v : fn_.params) params += (params.empty() ? "" : ", ") + typed(v);
    for (const Type& t : fn_.resultTypes) types += (types.empty() ? "" : ", ") + names_.print(t);
    out_ += fmt::format("fn {}({};{}{}) -> ({})", fn_.name, dims, params.empty() ? "" : " ", params, types);
    if (!fn_.inPlace.empty()) {
      std::vector<std::string> pairs;
      for (const auto& [param, result] : fn_.inPlace) pairs.push_back(fmt::format("{} = {}", param, result));
      out_ += fmt::format(" inplace ({})", join(pairs));
    }
    out_ += " {\n";
    stmts(fn_.body, 1);
    out_ += fmt::format("  return{}{}\n}}\n", fn_.results.empty() ? "" : " ", atoms(fn_.results));
    return std::move(out_);
  }

  std::string statement(const Stmt& s) {
    stmt(s, 0);
    if (!out_.empty() && out_.back() == '\n') out_.pop_back();
    return std::move(out_);
  }

 private:
  std::string typed(Var v) const { return fmt::format("{}: {}", names_.var(v), names_.print(fn_.typeOf(v))); }
  std::string atom(const Atom& a) const { return a.isLiteral ? print(a.literal) : names_.var(a.var); }
  std::string atoms(std::span<const Atom> list) const {
    std::vector<std::string> parts;
    for (const Atom& a : list) parts.push_back(atom(a));
    return join(parts);
  }
  std::string dims(const std::vector<Dim>& list) const {
    std::vector<std::string> parts;
    for (const Dim& d : list) parts.push_back(names_.print(d));
    return "[" + join(parts) + "]";
  }

  void indent(int depth) { out_.append(2 * static_cast<std::size_t>(depth), ' '); }

  void stmts(const std::vector<Stmt>& list, int depth) {
    for (const Stmt& s : list) stmt(s, depth);
  }

  static std::string order(Order o) {
    switch (o.kind) {
      case Order::Kind::Seq: return "seq";
      case Order::Kind::Lanes: return "lanes";
      case Order::Kind::SplitSeq: return fmt::format("split({}, seq)", o.parts);
      case Order::Kind::SplitLanes: break;
    }
    return fmt::format("split({}, lanes)", o.parts);
  }

  /// `name value`, or nothing for what is not said.
  std::string attribute(const Attrs& a, AttrField f) const {
    static constexpr std::string_view kKinds[] = {"sum", "prod", "max", "min", "and", "or"};
    std::string value;
    switch (f) {
      case AttrField::Axes: value = list(a.axes); break;
      case AttrField::RhsAxes: value = list(a.rhsAxes); break;
      case AttrField::Batch: value = list(a.batch); break;
      case AttrField::RhsBatch: value = list(a.rhsBatch); break;
      case AttrField::Dims: value = dims(a.dims); break;
      case AttrField::Starts:
        if (!a.starts.empty()) value = dims(a.starts);
        break;
      case AttrField::Strides: value = list(a.strides); break;
      case AttrField::Elem:
        if (a.elem) value = elemName(*a.elem);
        break;
      case AttrField::Reduce:
        if (a.reduce) value = kKinds[static_cast<int>(*a.reduce)];
        break;
      case AttrField::Order:
        if (a.order) value = order(*a.order);
        break;
      case AttrField::Scatter: value = a.scatter == ScatterMode::Add ? "add" : "set"; break;
      case AttrField::Site: value = std::to_string(a.site); break;
      case AttrField::Extent: value = names_.print(a.extent); break;
      case AttrField::Defines:
        if (a.defines) value = names_.dim(*a.defines);
        break;
      case AttrField::Reversed: return a.reversed ? "reversed" : "";
      case AttrField::Carries: value = std::to_string(a.carries); break;
      case AttrField::Auxiliary:
        if (a.auxiliary != 0) value = std::to_string(a.auxiliary);
        break;
      case AttrField::Native:
        if (a.native) value = quoted(a.native->name);
        break;
    }
    return value.empty() ? "" : fmt::format("{} {}", attrFieldName(f), value);
  }

  std::string attributes(const Stmt& s) const {
    std::string out;
    for (AttrField f : opRow(s.op).attributes) {
      const std::string a = attribute(s.attrs, f);
      if (!a.empty()) out += (out.empty() ? "" : "; ") + a;
    }
    return out.empty() ? "" : "{" + out + "}";
  }

  void stmt(const Stmt& s, int depth) {
    indent(depth);
    if (s.op == Op::DimDef) return dimDefinition(s);
    std::vector<std::string> results;
    for (Var v : s.results) results.push_back(typed(v));
    if (!results.empty()) out_ += join(results) + " = ";
    if (s.op == Op::Loop && s.regions.size() == 1) return loop(s, depth);
    out_ += fmt::format("{}{}({})", opName(s.op), attributes(s), atoms(s.args));
    for (const Region& r : s.regions) region(r, depth, s.op != Op::Cond);
    out_ += '\n';
  }

  void dimDefinition(const Stmt& s) {
    const std::string name = s.attrs.defines ? names_.dim(*s.attrs.defines) : "?";
    if (!s.args.empty()) {
      out_ += fmt::format("dim {} <= {} = clamp({})\n", name, names_.print(s.attrs.extent), atom(s.args[0]));
      return;
    }
    std::string bound;
    if (s.attrs.defines && *s.attrs.defines < fn_.dims.size() && fn_.dims[*s.attrs.defines].bound) {
      bound = fmt::format(" <= {}", *fn_.dims[*s.attrs.defines].bound);
    }
    out_ += fmt::format("dim {}{} = {}\n", name, bound, names_.print(s.attrs.extent));
  }

  void region(const Region& r, int depth, bool arrow) {
    std::vector<std::string> params;
    for (Var v : r.params) params.push_back(typed(v));
    out_ += " {";
    if (arrow) out_ += (params.empty() ? "" : " ") + join(params) + " ->";
    out_ += '\n';
    stmts(r.stmts, depth + 1);
    indent(depth + 1);
    out_ += fmt::format("yield{}{}\n", r.yields.empty() ? "" : " ", atoms(r.yields));
    indent(depth);
    out_ += '}';
  }

  void loop(const Stmt& s, int depth) {
    const Region& body = s.regions[0];
    const std::size_t carries = static_cast<std::size_t>(s.attrs.carries);
    out_ += fmt::format("loop {} < {}", s.attrs.defines ? names_.dim(*s.attrs.defines) : "_", names_.print(s.attrs.extent));
    if (s.attrs.reversed) out_ += " reverse";
    std::vector<std::string> carried, rows;
    for (std::size_t i = 0; i < body.params.size() && i < s.args.size(); ++i) {
      if (i < carries) {
        carried.push_back(fmt::format("{} = {}", typed(body.params[i]), atom(s.args[i])));
      } else {
        rows.push_back(fmt::format("{} in {}", typed(body.params[i]), atom(s.args[i])));
      }
    }
    if (!carried.empty()) out_ += fmt::format(" carry ({})", join(carried));
    if (!rows.empty()) out_ += fmt::format(" each ({})", join(rows));
    out_ += " {\n";
    stmts(body.stmts, depth + 1);
    indent(depth + 1);
    const std::span<const Atom> yields = body.yields;
    const std::size_t next = std::min(carries, yields.size());
    out_ += fmt::format("next ({})", atoms(yields.first(next)));
    if (yields.size() > next) out_ += fmt::format(" emit ({})", atoms(yields.subspan(next)));
    out_ += '\n';
    indent(depth);
    out_ += "}\n";
  }

  const Fn& fn_;
  Names names_;
  std::string out_;
};

}  // namespace

std::string print(Literal l) {
  switch (l.elem) {
    case Elem::Bool: return l.bits != 0 ? "true" : "false";
    case Elem::Str: return quoted(textOf(static_cast<StringId>(l.bits)));
    case Elem::F32:
    case Elem::F64:
      if (std::isfinite(l.toDouble())) return number(l.toDouble(), l.elem == Elem::F32) + std::string(elemName(l.elem));
      break;
    default:
      if (l.elem == Elem::U64) return fmt::format("{}u64", l.bits);
      if (isInteger(l.elem)) return fmt::format("{}{}", l.toInt(), elemName(l.elem));
      break;
  }
  return fmt::format("{}({:#x})", elemName(l.elem), l.bits);
}

std::string print(const Fn& fn) { return Printer(fn).function(); }
std::string print(const Fn& fn, const Stmt& stmt) { return Printer(fn).statement(stmt); }
std::string print(const Fn& fn, const Type& type) { return Names(fn).print(type); }
std::string print(const Fn& fn, const Dim& dim) { return Names(fn).print(dim); }

std::string print(const Module& module) {
  std::string out;
  for (std::size_t i = 0; i < module.sites.size(); ++i) out += fmt::format("site {} {}\n", i, quoted(module.sites[i].message));
  for (const NativeItem& item : module.natives) {
    std::vector<std::string> params;
    const auto type = [](const NativeType& t) { return fmt::format("{} {}", elemName(t.elem), t.rank); };
    for (const NativeType& t : item.native->params) params.push_back(type(t));
    out += fmt::format("native {} = {}({}) -> {}", quoted(item.native->name), quoted(item.native->symbol), join(params), type(item.native->result));
    out += item.derivative ? " derivative " + print(*item.derivative) : "\n";
  }
  for (const Fn& fn : module.fns) out += print(fn);
  return out;
}

}  // namespace fedc::core
