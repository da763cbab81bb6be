#include "compiler/core/text_names.h"

#include <cctype>

#include "compiler/core/op.h"

namespace fedc::core {

namespace {

/// Letters, digits, `_.'~`, not beginning with a digit; empty if nothing is left.
std::string clean(const std::string& hint) {
  std::string out;
  for (char c : hint) {
    const bool good = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '\'' || c == '~';
    out += good ? c : '_';
  }
  if (!out.empty() && (std::isalpha(static_cast<unsigned char>(out[0])) == 0 && out[0] != '_')) out.insert(0, "_");
  return out;
}

bool reserved(const std::string& name) {
  static const std::unordered_set<std::string> words = {"fn",    "dim",     "loop",    "cond",     "carry", "each",  "in",        "reverse",
                                                        "next",  "emit",    "yield",   "return",   "true",  "false", "site",      "string",
                                                        "clamp", "inplace", "ceildiv", "floordiv", "min",   "max",   "next_pow2", "_"};
  Op op;
  return words.contains(name) || elemFromName(name).has_value() || opFromName(name, &op);
}

}  // namespace

std::string Names::Scheme::take(const std::string& hint) {
  const std::string base = clean(hint);
  if (base.empty()) return "%" + std::to_string(unnamed_++);
  std::string name = base;
  for (int i = reserved(base) ? 1 : 2; reserved(name) || taken_.contains(name); ++i) name = base + "~" + std::to_string(i);
  taken_.insert(name);
  return name;
}

Names::Names(const Fn& fn) : vars_(fn.vars.size(), "?"), dims_(fn.dims.size()) {
  for (Dim::Variable d : fn.dimParams) defineDim(fn, d);
  for (Var v : fn.params) define(fn, v);
  walk(fn, fn.body);
}

void Names::define(const Fn& fn, Var v) {
  if (v < vars_.size()) vars_[v] = varScheme_.take(fn.vars[v].name);
}

void Names::defineDim(const Fn& fn, Dim::Variable v) {
  if (v < dims_.size() && dims_[v].empty()) dims_[v] = dimScheme_.take(fn.dims[v].name);
}

void Names::walk(const Fn& fn, const std::vector<Stmt>& stmts) {
  // In the order in which the text defines them: a loop's index and parameters before its body, results first.
  for (const Stmt& s : stmts) {
    for (Var v : s.results) define(fn, v);
    if (s.attrs.defines) defineDim(fn, *s.attrs.defines);
    for (const Region& r : s.regions) {
      for (Var v : r.params) define(fn, v);
      walk(fn, r.stmts);
    }
  }
}

std::string Names::dim(Dim::Variable v) const {
  if (v >= dims_.size() || dims_[v].empty()) return "?" + std::to_string(v);
  return dims_[v];
}

std::string Names::print(const Dim& d) const {
  return d.print([this](Dim::Variable v) { return dim(v); });
}

std::string Names::print(const Type& t) const {
  std::string out(elemName(t.elem));
  if (t.dims.empty()) return out;
  out += '[';
  for (std::size_t i = 0; i < t.dims.size(); ++i) out += (i > 0 ? ", " : "") + print(t.dims[i]);
  return out + ']';
}

}  // namespace fedc::core
