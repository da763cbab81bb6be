#include "compiler/transform/streams.h"

#include <algorithm>
#include <iterator>

#include "compiler/core/builder.h"
#include "compiler/transform/rewrite.h"

namespace fedc::transform {

using core::Atom;
using core::Builder;
using core::Fn;
using core::Op;
using core::Region;
using core::Stmt;
using core::Type;
using core::Var;

namespace {

// The rows first, first + 1, .. of an array, one for each step; reading them backwards: the last row is read first.
struct Walk {
  Dim first;
  bool backwards = false;
};

class Streams {
 public:
  explicit Streams(Fn& fn) : fn_(fn) {
    forEachStmt(fn.body, [&](const Stmt& s) {
      if (s.op == Op::DimValue) numbers_[s.results[0]] = s.attrs.extent;
      if (s.op == Op::Convert && !s.args[0].isLiteral && core::isInteger(*s.attrs.elem))
        if (auto n = numbers_.find(s.args[0].var); n != numbers_.end()) numbers_[s.results[0]] = Dim(n->second);
    });
  }

  void run(std::vector<Stmt>& stmts) {
    std::vector<Stmt> out;
    for (Stmt& s : stmts) {
      substitute(s, names_);
      for (Region& r : s.regions) {
        run(r.stmts);
        for (Atom& y : r.yields) y = names_.apply(y);
      }
      if (s.op != Op::Loop) {
        out.push_back(std::move(s));
        continue;
      }
      unchangedCarries(s, out);
      writtenRows(s, out);
      out.push_back(std::move(s));
      // What is left of `out[..] = e` around the stack.
      std::ranges::move(after_, std::back_inserter(out));
      after_.clear();
    }
    stmts = std::move(out);
  }

  void finish() {
    for (Atom& r : fn_.results) r = names_.apply(r);
  }

 private:
  // A value even where it is a scalar: not every operand may be a literal.
  Atom shaped(Builder& b, const Atom& a, const Type& type) { return a.isLiteral ? b.splat(a.literal, type) : a; }

  static void eraseCarry(Stmt& loop, std::size_t i) {
    const auto at = [&](auto& v) { v.erase(v.begin() + static_cast<std::ptrdiff_t>(i)); };
    at(loop.args);
    at(loop.results);
    at(loop.regions[0].params);
    at(loop.regions[0].yields);
    --loop.attrs.carries;
  }

  void unchangedCarries(Stmt& loop, std::vector<Stmt>& before) {
    Region& body = loop.regions[0];
    for (std::size_t i = static_cast<std::size_t>(loop.attrs.carries); i-- > 0;) {
      if (body.yields[i] != Atom::of(body.params[i])) continue;
      Builder build(fn_, before, loop.span);
      const Atom value = shaped(build, loop.args[i], fn_.vars[body.params[i]].type);
      Substitution inside;
      inside.vars[body.params[i]] = value;
      names_.vars[loop.results[i]] = value;
      eraseCarry(loop, i);
      substitute(body, inside);
    }
  }

  // Whether row `start` of `array` in step t is a walk over rows that exist.
  std::optional<Walk> walk(const Stmt& loop, const Dim& start, const Dim& rows) const {
    const Dim t = Dim::variable(*loop.attrs.defines);
    const Dim& trip = loop.attrs.extent;
    Walk w;
    if (Dim first = start - t; !first.mentions(*loop.attrs.defines)) {
      w.first = first;
    } else if (Dim last = start + t; !last.mentions(*loop.attrs.defines)) {
      w.first = last - trip + Dim(1);
      w.backwards = true;
    } else {
      return std::nullopt;
    }
    const auto low = w.first.constant();
    const auto room = (rows - w.first - trip).constant();
    if (!low || *low < 0 || !room || *room < 0) return std::nullopt;
    return w;
  }

  std::optional<Dim> number(const Atom& a) const {
    if (a.isLiteral) return core::isInteger(a.literal.elem) ? std::optional(Dim(a.literal.toInt())) : std::nullopt;
    auto found = numbers_.find(a.var);
    return found == numbers_.end() ? std::nullopt : std::optional(found->second);
  }

  // The walk if the statement reads one row of a variable in each step.
  std::optional<Walk> rowRead(const Stmt& loop, const Stmt& s) const {
    if (s.args.empty() || s.args[0].isLiteral) return std::nullopt;
    const Type& type = fn_.vars[s.args[0].var].type;
    if (type.rank() == 0) return std::nullopt;
    if (s.op == Op::Slice) {
      if (!s.attrs.dims[0].isConstant(1)) return std::nullopt;
      for (std::size_t i = 1; i < type.dims.size(); ++i)
        if (!s.attrs.starts[i].isConstant(0) || s.attrs.dims[i] != type.dims[i] || (!s.attrs.strides.empty() && s.attrs.strides[i] != 1))
          return std::nullopt;
      return walk(loop, s.attrs.starts[0], type.dims[0]);
    }
    if (s.op == Op::Gather && s.attrs.axes[0] == 0) {
      if (s.args[1].isLiteral || fn_.vars[s.args[1].var].type.rank() != 0) return std::nullopt;
      const auto at = number(s.args[1]);
      return at ? walk(loop, *at, type.dims[0]) : std::nullopt;
    }
    if (s.op == Op::DynamicSlice) {
      if (!s.attrs.dims[0].isConstant(1)) return std::nullopt;
      for (std::size_t i = 1; i < type.dims.size(); ++i)
        if (s.attrs.dims[i] != type.dims[i]) return std::nullopt;
      const auto at = number(s.args[1]);
      return at ? walk(loop, *at, type.dims[0]) : std::nullopt;
    }
    return std::nullopt;
  }

  // Names defined in a loop: its parameters, everything in its body.
  std::set<Var> defined(const Stmt& loop) const {
    std::set<Var> names(loop.regions[0].params.begin(), loop.regions[0].params.end());
    forEachStmt(loop.regions[0].stmts, [&](const Stmt& s) {
      names.insert(s.results.begin(), s.results.end());
      for (const Region& r : s.regions) names.insert(r.params.begin(), r.params.end());
    });
    return names;
  }

  // The rows of an array as a stacked input of the loop, the row of step t in its place t.
  Var addRows(Stmt& loop, std::vector<Stmt>& before, const Atom& array, const Walk& w) {
    Builder build(fn_, before, loop.span);
    const Type type = fn_.vars[array.var].type;
    std::vector<Dim> starts(type.dims.size(), Dim(0)), sizes = type.dims;
    starts[0] = w.first;
    sizes[0] = loop.attrs.extent;
    Atom rows = array;
    if (sizes != type.dims) rows = build.slice(array, starts, sizes);
    if (w.backwards) {
      core::Attrs reverse;
      reverse.axes = {0};
      rows = build.emit1(Op::Reverse, {rows}, reverse);
    }
    for (std::size_t i = static_cast<std::size_t>(loop.attrs.carries); i < loop.args.size(); ++i)
      if (loop.args[i] == rows) return loop.regions[0].params[i];
    loop.args.push_back(rows);
    Type row = type;
    row.dims.erase(row.dims.begin());
    loop.regions[0].params.push_back(fn_.newVar(row, fn_.vars[array.var].name));
    return loop.regions[0].params.back();
  }

  // Replaces the reads of one row of `arrays` in the body, at any depth, by the row.
  template <class Wanted>
  void readRows(Stmt& loop, std::vector<Stmt>& before, const Wanted& wanted) {
    struct Read {
      Atom array;
      Walk walk;
      Var row;
    };
    std::vector<Read> reads;
    const auto rewrite = [&](auto&& self, std::vector<Stmt>& stmts) -> void {
      for (Stmt& s : stmts) {
        for (Region& r : s.regions) self(self, r.stmts);
        const auto w = rowRead(loop, s);
        if (!w) continue;
        const std::optional<Atom> array = wanted(s.args[0]);
        if (!array) continue;
        auto known = std::ranges::find_if(
            reads, [&](const Read& r) { return r.array == *array && r.walk.first == w->first && r.walk.backwards == w->backwards; });
        if (known == reads.end()) {
          reads.push_back({*array, *w, addRows(loop, before, *array, *w)});
          known = reads.end() - 1;
        }
        // A row in the shape that the statement gave.
        const Type type = fn_.vars[s.results[0]].type;
        s.op = Op::Reshape;
        s.attrs = {};
        s.attrs.dims = type.dims;
        s.args = {Atom::of(known->row)};
      }
    };
    rewrite(rewrite, loop.regions[0].stmts);
  }

  void writtenRows(Stmt& loop, std::vector<Stmt>& before) {
    for (std::size_t i = static_cast<std::size_t>(loop.attrs.carries); i-- > 0;) writtenCarry(loop, i, before);
    const std::set<Var> inside = defined(loop);
    readRows(loop, before, [&](const Atom& a) -> std::optional<Atom> {
      if (a.isLiteral || inside.contains(a.var)) return std::nullopt;
      return a;
    });
  }

  void writtenCarry(Stmt& loop, std::size_t i, std::vector<Stmt>& before) {
    Region& body = loop.regions[0];
    const Var carry = body.params[i];
    const Type type = fn_.vars[carry].type;
    const Atom& next = body.yields[i];
    if (next.isLiteral || type.rank() == 0) return;
    const auto update = std::ranges::find_if(body.stmts, [&](const Stmt& s) { return s.results == std::vector<Var>{next.var}; });
    if (update == body.stmts.end() || update->op != Op::UpdateSlice || update->args[0] != Atom::of(carry) || update->args[1].isLiteral) return;
    const Type part = fn_.vars[update->args[1].var].type;
    if (!part.dims[0].isConstant(1)) return;
    for (std::size_t k = 1; k < type.dims.size(); ++k)
      if (part.dims[k] != type.dims[k]) return;
    const auto at = number(update->args[2]);
    const auto w = at ? walk(loop, *at, type.dims[0]) : std::nullopt;
    if (!w) return;
    // Everything else that sees the carry reads the row that is about to be written; nothing else sees what was written.
    int uses = 0, reads = 0, later = 0;
    forEachStmt(body.stmts, [&](const Stmt& s) {
      for (const Atom& a : s.args) {
        uses += a == Atom::of(carry) ? 1 : 0;
        later += a == next ? 1 : 0;
      }
      const auto r = !s.args.empty() && s.args[0] == Atom::of(carry) ? rowRead(loop, s) : std::nullopt;
      if (r && r->first == w->first && r->backwards == w->backwards) ++reads;
      for (const Region& r2 : s.regions)
        for (const Atom& y : r2.yields) {
          uses += y == Atom::of(carry) ? 1 : 0;
          later += y == next ? 1 : 0;
        }
    });
    for (std::size_t k = 0; k < body.yields.size(); ++k) {
      uses += body.yields[k] == Atom::of(carry) ? 1 : 0;
      later += k != i && body.yields[k] == next ? 1 : 0;
    }
    if (later != 0 || uses != reads + 1) return;

    Builder build(fn_, before, loop.span);
    const Atom start = shaped(build, loop.args[i], type);
    if (reads > 0)
      readRows(loop, before, [&](const Atom& a) -> std::optional<Atom> { return a == Atom::of(carry) ? std::optional(start) : std::nullopt; });
    Type row = type, stack = type;
    row.dims.erase(row.dims.begin());
    stack.dims[0] = loop.attrs.extent;
    Builder within(fn_, body.stmts, update->span);
    const Atom part1 = update->args[1];
    // `update` moves when the body grows.
    std::erase_if(body.stmts, [&](const Stmt& s) { return s.results == std::vector<Var>{next.var}; });
    const Atom emitted = within.reshape(part1, row.dims);
    const Var result = loop.results[i];
    const Var stacked = fn_.newVar(stack, fn_.vars[result].name);
    eraseCarry(loop, i);
    body.yields.push_back(emitted);
    loop.results.push_back(stacked);
    Builder after(fn_, after_, loop.span);
    Atom rows = Atom::of(stacked);
    if (w->backwards) {
      core::Attrs reverse;
      reverse.axes = {0};
      rows = after.emit1(Op::Reverse, {rows}, reverse);
    }
    if (stack.dims != type.dims) {
      const core::Elem elem = core::Elem::I32;
      std::vector<Atom> args{start, rows, Atom::of(core::Literal::ofInt(elem, *w->first.constant()))};
      for (std::size_t k = 1; k < type.dims.size(); ++k) args.push_back(Atom::of(core::Literal::ofInt(elem, 0)));
      rows = after.emit1(Op::UpdateSlice, args);
    }
    names_.vars[result] = rows;
  }

  Fn& fn_;
  Substitution names_;
  // Integer scalars that are a dim's number.
  std::unordered_map<Var, Dim> numbers_;
  std::vector<Stmt> after_;
};

}  // namespace

void streams(core::Module&, Fn& fn) {
  Streams pass(fn);
  pass.run(fn.body);
  pass.finish();
  eliminateDead(fn);
}

}  // namespace fedc::transform
