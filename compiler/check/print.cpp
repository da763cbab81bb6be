#include <fmt/format.h>

#include "compiler/check/check.h"
#include "compiler/check/types.h"

/// The typed program as text, for people: Fed with every type, every default and every lifting written out.
namespace fedc::check {

namespace {

class Printer {
 public:
  explicit Printer(const TypedProgram& program) : program_(program) {}

  std::string run() {
    for (const Param& p : program_.params)
      line(fmt::format("param {}: {} = {}{}", p.name, core::elemName(p.elem), literal(p.value), p.isStatic ? "" : "  // at run time"));
    for (const auto& i : program_.instances) instance(*i);
    if (program_.process) {
      line(fmt::format("let {}: {} =", program_.process->name, type(program_.process->type)));
      line("  " + expr(*program_.process->value, 1));
      static constexpr const char* kNames[] = {"init", "next", "evaluate"};
      for (std::size_t i = 0; i < program_.processTypes.size() && i < 3; ++i)
        line(fmt::format("process {}: {}", kNames[i], type(program_.processTypes[i])));
    }
    if (program_.main) line("main: " + program_.main->shown);
    for (const TestCase& t : program_.tests) {
      line(fmt::format("test \"{}\"", t.name));
      line("  " + expr(*t.body, 1));
    }
    return std::move(out_);
  }

 private:
  std::string type(const TypeRef& t) const { return check::print(t, program_.dims); }
  void line(const std::string& s) { out_ += s + "\n"; }
  static std::string indent(int depth) { return std::string(static_cast<std::size_t>(depth) * 2, ' '); }
  std::string dim(const Dim& d) const {
    return d.print([&](Dim::Variable v) { return v < program_.dims.size() ? program_.dims[v].name : std::string("_"); });
  }

  static std::string literal(const core::Literal& l) {
    if (l.elem == Elem::Bool) return l.bits != 0 ? "true" : "false";
    if (core::isFloat(l.elem)) return fmt::format("{}", l.toDouble());
    if (l.elem == Elem::U64) return std::to_string(l.bits);
    return std::to_string(l.toInt());
  }

  static std::string local(const LocalRef& l) { return l ? fmt::format("{}#{}", l->name, l->id) : "_"; }

  std::string pattern(const Pattern& p) const {
    switch (p.kind) {
      case Pattern::Kind::Wildcard: return "_";
      case Pattern::Kind::Name: return local(p.local) + ": " + type(p.local->type);
      case Pattern::Kind::Tuple:
      case Pattern::Kind::Array: {
        std::string s;
        for (const Pattern& i : p.items) s += (s.empty() ? "" : ", ") + pattern(i);
        return p.kind == Pattern::Kind::Tuple ? "(" + s + ")" : "[" + s + "]";
      }
    }
    return "_";
  }

  void instance(const FnInstance& i) {
    std::string params;
    for (const Pattern& p : i.params)
      params += (params.empty() ? "" : ", ") + pattern(p) + (p.kind == Pattern::Kind::Wildcard ? ": " + type(p.type) : "");
    if (i.native) {
      line(fmt::format("native fn {}({}) -> {} = \"{}\"", i.shown, params, type(i.result), i.native->symbol));
      if (i.derivative) line("  derivative " + lambda(*i.derivative, 1));
      return;
    }
    line(fmt::format("{}fn {}({}) -> {} =", i.federated ? "federated " : "", i.shown, params, type(i.result)));
    line("  " + (i.body ? expr(*i.body, 1) : "..."));
  }

  std::string lambda(const LambdaBody& l, int depth) const {
    std::string params;
    for (const Pattern& p : l.params) params += (params.empty() ? "" : ", ") + pattern(p);
    return "|" + params + "| " + expr(*l.body, depth);
  }

  std::string subscripts(const std::vector<Subscript>& path, int depth, const TypeRef& of) const {
    std::string out;
    std::string list;
    (void)of;
    const auto flush = [&] {
      if (!list.empty()) out += "[" + list + "]";
      list.clear();
    };
    for (const Subscript& s : path) {
      const auto add = [&](const std::string& text) { list += (list.empty() ? "" : ", ") + text; };
      switch (s.kind) {
        case Subscript::Kind::Field:
        case Subscript::Kind::Item:
          flush();
          out += "." + std::to_string(s.index);
          break;
        case Subscript::Kind::At: add(expr(*s.at, depth)); break;
        case Subscript::Kind::Gather: add("gather " + expr(*s.at, depth)); break;
        case Subscript::Kind::Range: add((s.at ? expr(*s.at, depth) : "") + ".." + (s.to ? expr(*s.to, depth) : "")); break;
        case Subscript::Kind::All: add(":"); break;
      }
    }
    flush();
    return out;
  }

  std::string statement(const Stmt& s, int depth) const {
    switch (s.kind) {
      case Stmt::Kind::Let: return "let " + pattern(s.pattern) + " = " + expr(*s.value, depth);
      case Stmt::Kind::Var: return "var " + pattern(s.pattern) + " = " + expr(*s.value, depth);
      case Stmt::Kind::Expr: return expr(*s.value, depth);
      case Stmt::Kind::Assign: {
        std::string targets;
        for (const Stmt::Target& t : s.targets) targets += (targets.empty() ? "" : ", ") + local(t.local) + subscripts(t.path, depth, t.type);
        return (s.targets.size() == 1 ? targets : "(" + targets + ")") + " = " + expr(*s.value, depth);
      }
      case Stmt::Kind::For: {
        std::string assigned;
        for (const LocalRef& l : s.assigned) assigned += " " + local(l);
        return "for " + pattern(s.pattern) + " in " + expr(*s.value, depth) + " assigns" + (assigned.empty() ? " nothing " : assigned + " ") +
               expr(*s.body, depth);
      }
    }
    return "";
  }

  std::string list(const std::vector<ExprPtr>& items, std::size_t from, int depth) const {
    std::string s;
    for (std::size_t i = from; i < items.size(); ++i) s += (i == from ? "" : ", ") + (items[i] ? expr(*items[i], depth) : std::string("_"));
    return s;
  }

  /// A step at a placement says where.
  std::string at(const Expr& e) const {
    if (e.type->kind != TypeKind::Placed) return "";
    return e.type->placement == Placement::Server ? "@s" : e.type->placement == Placement::Clients ? "@c" : "=c";
  }

  std::string expr(const Expr& e, int depth) const {
    static constexpr const char* kOps[] = {"+", "-", "*", "/", "%", "@", "&&", "||", "&", "|", "^", "<<", ">>", "==", "!=", "<", "<=", ">", ">="};
    switch (e.kind) {
      case ExprKind::Literal: return literal(e.literal) + (isScalar(e.type, Elem::F32) || isScalar(e.type, Elem::I32) ? "" : ":" + type(e.type));
      case ExprKind::String: return fmt::format("\"{}\"", e.text);
      case ExprKind::Local: return local(e.local);
      case ExprKind::Param: return e.name;
      case ExprKind::Global: return e.global->name;
      case ExprKind::Function: return e.instance ? e.instance->shown : "fn";
      case ExprKind::BuiltinFunction: return builtin(e.builtin);
      case ExprKind::Lambda: return e.lambda ? lambda(*e.lambda, depth) : fmt::format("open#{}", e.lambdaId);
      case ExprKind::Resolve: return fmt::format("{} as ({})", expr(*e.operands[0], depth), lambda(*e.lambda, depth));
      case ExprKind::Call: {
        const Expr& f = *e.operands[0];
        const bool simple = f.kind == ExprKind::Function || f.kind == ExprKind::Local || f.kind == ExprKind::Field;
        return (simple ? expr(f, depth) : "(" + expr(f, depth) + ")") + at(e) + "(" + list(e.operands, 1, depth) + "): " + type(e.type);
      }
      case ExprKind::BuiltinCall: return builtin(e.builtin) + at(e) + "(" + list(e.operands, 0, depth) + "): " + type(e.type);
      case ExprKind::Struct: {
        TypeRef t = e.type->kind == TypeKind::Placed ? e.type->element : e.type;
        std::string s;
        for (std::size_t i = 0; i < e.operands.size(); ++i) {
          const std::string name = i < t->fields.size() ? t->fields[i].name : std::to_string(i);
          s += (i == 0 ? "" : ", ") + name + ": " + expr(*e.operands[i], depth);
        }
        return type(t) + at(e) + " { " + s + " }";
      }
      case ExprKind::Update: {
        std::string s;
        for (std::size_t i = 0; i < e.fieldIndices.size(); ++i) s += fmt::format(".{}: {}, ", e.fieldIndices[i], expr(*e.operands[i + 1], depth));
        return "{ " + s + ".." + expr(*e.operands[0], depth) + " }";
      }
      case ExprKind::Tuple: return "(" + list(e.operands, 0, depth) + ")";
      case ExprKind::Array: return "[" + list(e.operands, 0, depth) + "]";
      case ExprKind::Field: {
        TypeRef t = e.operands[0]->type;
        if (t->kind == TypeKind::Placed) t = t->element;
        while (t->kind == TypeKind::Array) t = t->element;
        const auto index = static_cast<std::size_t>(e.index);
        return expr(*e.operands[0], depth) + "." +
               (t->kind == TypeKind::Struct && index < t->fields.size() ? t->fields[index].name : std::to_string(index));
      }
      case ExprKind::Item: return expr(*e.operands[0], depth) + "." + std::to_string(e.index);
      case ExprKind::Index: return expr(*e.operands[0], depth) + subscripts(e.subscripts, depth, e.type);
      case ExprKind::Unary: return std::string(e.unary == UnaryOp::Neg ? "-" : "!") + expr(*e.operands[0], depth);
      case ExprKind::Binary:
        return fmt::format("({} {}{} {})", expr(*e.operands[0], depth), kOps[static_cast<int>(e.binary)], at(e), expr(*e.operands[1], depth));
      case ExprKind::Convert: return type(e.type) + "(" + expr(*e.operands[0], depth) + ")";
      case ExprKind::As: return "(" + expr(*e.operands[0], depth) + " as " + type(e.type) + ")";
      case ExprKind::If: {
        std::string s = "if " + expr(*e.operands[0], depth) + " { " + expr(*e.operands[1], depth) + " }";
        if (e.operands.size() > 2) s += " else { " + expr(*e.operands[2], depth) + " }";
        return s;
      }
      case ExprKind::Block: {
        std::string s = "{\n";
        for (const Stmt& stmt : e.stmts) s += indent(depth + 1) + statement(stmt, depth + 1) + ";\n";
        if (!e.operands.empty() && e.operands[0]) s += indent(depth + 1) + expr(*e.operands[0], depth + 1) + "\n";
        return s + indent(depth) + "}";
      }
      case ExprKind::Range: return expr(*e.operands[0], depth) + ".." + expr(*e.operands[1], depth);
      case ExprKind::Place: return fmt::format("place({}: {})", expr(*e.operands[0], depth), type(e.type));
      case ExprKind::DimValue: return dim(e.dim);
    }
    return "";
  }

  static const char* builtin(Builtin b) {
    static constexpr const char* kNames[] = {
#define FEDC_BUILTIN(id, name, group, signature, doc) name,
#include "compiler/check/builtins.def"
    };
    return kNames[static_cast<std::size_t>(b)];
  }

  const TypedProgram& program_;
  std::string out_;
};

}  // namespace

std::string print(const TypedProgram& program) { return Printer(program).run(); }

}  // namespace fedc::check
