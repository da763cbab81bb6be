#include <algorithm>
#include <cassert>

#include "compiler/transform/specialise/sequence.h"

namespace fedc::transform::specialise {

using check::Builtin;
using core::Atom;
using core::Elem;
using core::Op;
using core::Type;

namespace {

/// Rows of a mapped sequence that are computed at once where it is summed (docs/specialise.md).
constexpr std::int64_t kRowBlock = 64;

}  // namespace

Value Specialiser::fetchRows(const Value& columns, const Rows& rows, Span span) {
  return map(columns, [&](const Leaf& l) {
    std::vector<Dim> inner(l.type.dims.begin() + 1, l.type.dims.end());
    std::vector<Dim> block = inner;
    if (rows.kind != Rows::Kind::One) block.insert(block.begin(), rows.size);
    if (l.atom.isLiteral) return Value::literal(l.atom.literal, Type{l.type.elem, block}).leaf;
    // There is no row to fetch: what is done with it is never run.
    if (rows.kind == Rows::Kind::One && l.type.dims.front().isConstant(0))
      return Value::literal(Literal::zero(l.type.elem), Type{l.type.elem, inner}).leaf;
    switch (rows.kind) {
      case Rows::Kind::One: return row(Value::of(l), rows.at, span).leaf;
      case Rows::Kind::Block: {
        if (auto n = numberOf(rows.at); n && n->isConstant(0) && rows.size == l.type.dims[0]) return l;
        core::Attrs attrs;
        attrs.dims = block;
        std::vector<Atom> operands{use(l), use(rows.at.leaf)};
        for (std::size_t i = 0; i < inner.size(); ++i) operands.push_back(Atom::of(Literal::ofInt(Elem::I32, 0)));
        return leaf(builder(span).emit1(Op::DynamicSlice, operands, attrs));
      }
      case Rows::Kind::Vector: return leaf(builder(span).gather(use(l), use(rows.at.leaf), 0));
    }
    return l;
  });
}

Specialiser::Plan Specialiser::planValue(const Value& v, Span span) {
  Plan p;
  if (v.kind == Value::Kind::Range) {
    Value lo = v.items[0];
    auto a = numberOf(v.items[0]), b = numberOf(v.items[1]);
    if (a && b) {
      Dim n = *b - *a;
      p.count = n.constant() ? Dim(std::max<std::int64_t>(*n.constant(), 0)) : Dim::max(n, Dim(0));
    } else {
      p.count = stepsFrom(v.items[0], v.items[1], span);
    }
    p.fetch = [this, lo, span](const Rows& rows) {
      Elem elem = lo.leaf.type.elem;
      if (rows.kind == Rows::Kind::One) return binary(check::BinaryOp::Add, convert(rows.at, elem, span), lo, span);
      if (rows.kind == Rows::Kind::Vector) return binary(check::BinaryOp::Add, convert(rows.at, elem, span), lo, span);
      Leaf positions = leaf(builder(span).iota({rows.size}, 0, elem));
      Value from = binary(check::BinaryOp::Add, convert(rows.at, elem, span), lo, span);
      return binary(check::BinaryOp::Add, Value::of(positions), from, span);
    };
    return p;
  }
  if (v.kind == Value::Kind::Sequence) return plan(*v.sequence, Value::literal(Literal::ofInt(Elem::I32, 0)), std::nullopt, span);
  std::vector<Leaf> leaves = leavesOf(v);
  if (leaves.empty()) stop(Code::NotYetSupported, span, "a sequence of values without content cannot be compiled yet");
  p.count = leaves[0].type.dims.at(0);
  p.fetch = [this, v, span](const Rows& rows) { return fetchRows(v, rows, span); };
  return p;
}

Specialiser::Plan Specialiser::plan(const Sequence& s, const Value& pass, const std::optional<Dim>& demand, Span span) {
  using K = Sequence::Kind;
  using R = Rows;
  auto i32 = [&](const Dim& d) { return number(d, Elem::I32, span); };
  auto shift = [this, span](const R& rows, const Value& by) {
    R out = rows;
    out.at = binary(check::BinaryOp::Add, rows.at, by, span);
    return out;
  };
  // Looks positions up in an order: i32[n].
  auto through = [this, span](const Plan& inner, const Leaf& order, const R& rows) {
    R out;
    if (rows.kind == R::Kind::One) {
      out.kind = R::Kind::One;
      out.at = row(Value::of(order), rows.at, span);
    } else {
      out.kind = R::Kind::Vector;
      out.at = fetchRows(Value::of(order), rows, span);
      out.size = rows.size;
    }
    return inner.fetch(out);
  };
  switch (s.kind) {
    case K::Columns: {
      Plan p;
      p.count = s.rows;
      Value columns = s.columns;
      p.fetch = [this, columns, span](const R& rows) { return fetchRows(columns, rows, span); };
      return p;
    }
    case K::Map: {
      Plan inner = plan(*s.inner[0], pass, demand, span);
      Plan p = inner;
      auto f = s.function;
      p.fetch = [this, inner, f, span](const R& rows) {
        Value x = inner.fetch(rows);
        if (rows.kind == R::Kind::One) return call(*f, {x}, span);
        return vmapOver(rows.size, {x}, span, [&](const Args& element) { return call(*f, {element[0]}, span); });
      };
      return p;
    }
    case K::Enumerate: {
      Plan inner = plan(*s.inner[0], pass, demand, span);
      Plan p = inner;
      p.fetch = [this, inner, span](const R& rows) {
        Value x = inner.fetch(rows);
        Value position = rows.at;
        if (rows.kind == R::Kind::Block) {
          Leaf steps = leaf(builder(span).iota({rows.size}, 0, Elem::I32));
          position = binary(check::BinaryOp::Add, Value::of(steps), rows.at, span);
        }
        return Value::tuple({position, x});
      };
      return p;
    }
    case K::Zip: {
      Plan a = plan(*s.inner[0], pass, demand, span), b = plan(*s.inner[1], pass, demand, span);
      Plan p;
      p.endless = a.endless && b.endless;
      p.count = a.endless && b.endless ? a.count * b.count : a.endless ? a.firstOf(b.count) : b.firstOf(a.count);
      p.fetch = [a, b](const R& rows) { return Value::tuple({a.fetch(rows), b.fetch(rows)}); };
      return p;
    }
    case K::Take: {
      auto known = numberOf(*s.argument);
      Dim want = known ? (known->constant() ? Dim(std::max<std::int64_t>(*known->constant(), 0)) : Dim::max(*known, Dim(0)))
                       : dimFrom(*s.argument, Dim(kMostSteps), span);
      Plan inner = plan(*s.inner[0], pass, demand ? Dim::min(*demand, want) : want, span);
      Plan p = inner;
      p.endless = false;
      p.count = inner.firstOf(want);
      return p;
    }
    case K::Skip: {
      Value by = convert(*s.argument, Elem::I32, span);
      auto known = numberOf(*s.argument);
      if (known && known->constant().value_or(0) < 0) return plan(*s.inner[0], pass, demand, span);
      Dim skip = known ? *known : dimFrom(*s.argument, Dim(kMostPositions), span);
      if (!known) by = i32(skip);
      Plan inner = plan(*s.inner[0], pass, demand ? std::optional<Dim>(*demand + skip) : demand, span);
      Plan p = inner;
      if (!inner.endless) p.count = Dim::max(inner.count - skip, Dim(0));
      p.fetch = [inner, shift, by](const R& rows) { return inner.fetch(shift(rows, by)); };
      return p;
    }
    case K::Shuffle: {
      Plan inner = plan(*s.inner[0], pass, std::nullopt, span);
      if (inner.endless) stop(Code::EndlessSequence, span, "an endless sequence cannot be shuffled", "`take` some of it first");
      Leaf key = foldIn(s.argument->leaf, convert(pass, Elem::I32, span).leaf, span);
      core::Attrs attrs;
      attrs.extent = inner.count;
      Leaf order = leaf(builder(span).emit1(Op::Permutation, {use(key)}, attrs));
      Plan p = inner;
      p.fetch = [inner, through, order](const R& rows) { return through(inner, order, rows); };
      return p;
    }
    case K::Filter: {
      Plan inner = plan(*s.inner[0], pass, demand, span);
      if (inner.endless) stop(Code::EndlessSequence, span, "an endless sequence cannot be filtered", "`take` some of it first");
      R all;
      all.kind = R::Kind::Block;
      all.at = Value::literal(Literal::ofInt(Elem::I32, 0));
      all.size = inner.count;
      Value x = inner.fetch(all);
      auto f = s.function;
      Value mask = vmapOver(inner.count, {x}, span, [&](const Args& element) { return call(*f, {element[0]}, span); });
      core::Attrs attrs;
      attrs.extent = inner.count;
      attrs.defines = here_.home->fn.newDim("kept", inner.count.constant());
      Leaf order = leaf(builder(span).emit1(Op::Compact, {useWhole(mask.leaf, span)}, attrs));
      Plan p;
      p.count = Dim::variable(*attrs.defines);
      p.fetch = [inner, through, order](const R& rows) { return through(inner, order, rows); };
      return p;
    }
    case K::FlatMap: {
      // Every element gives the same, known number of elements.
      Plan inner = plan(*s.inner[0], pass, std::nullopt, span);
      auto f = s.function;
      std::optional<Dim> width;
      {
        core::Region probe;
        InRegion scope(*this, probe);
        R first;
        first.at = Value::literal(Literal::ofInt(Elem::I32, 0));
        Value y = call(*f, {inner.fetch(first)}, span);
        std::vector<Leaf> leaves = leavesOf(y);
        if (!leaves.empty() && !leaves[0].type.dims.empty()) width = leaves[0].type.dims[0];
      }
      if (!width || !width->constant() || *width->constant() == 0) notYet(span, "`flat_map` with a length that differs from element to element");
      const std::int64_t k = *width->constant();
      Plan p;
      p.endless = inner.endless;
      p.count = inner.count * Dim(k);
      p.fetch = [this, inner, f, k, span](const R& rows) {
        auto one = [&](const Value& position) {
          Value wide = Value::literal(Literal::ofInt(Elem::I32, k));
          R outer;
          outer.at = binary(check::BinaryOp::Div, position, wide, span);
          Value y = call(*f, {inner.fetch(outer)}, span);
          return row(y, binary(check::BinaryOp::Rem, position, wide, span), span);
        };
        if (rows.kind == R::Kind::One) return one(rows.at);
        Value positions = rows.at;
        if (rows.kind == R::Kind::Block) {
          positions = binary(check::BinaryOp::Add, Value::of(leaf(builder(span).iota({rows.size}, 0, Elem::I32))), rows.at, span);
        }
        return vmapOver(rows.size, {positions}, span, [&](const Args& at) { return one(at[0]); });
      };
      return p;
    }
    case K::Repeat: {
      // Passes pass * e .. pass * e + e - 1 of the inner sequence, one after the other.
      std::function<bool(const Sequence&)> shuffles = [&](const Sequence& q) {
        if (q.kind == K::Shuffle) return true;
        return std::any_of(q.inner.begin(), q.inner.end(), [&](const auto& i) { return shuffles(*i); });
      };
      const bool varies = shuffles(*s.inner[0]);
      // What is made of each element by itself is made of the repeated ones: then only the order differs from pass to pass.
      const K outer = s.inner[0]->kind;
      if (varies && (outer == K::Map || outer == K::Filter || outer == K::FlatMap)) {
        auto repetition = std::make_shared<Sequence>(s);
        repetition->inner = s.inner[0]->inner;
        Sequence of = *s.inner[0];
        of.inner = {std::move(repetition)};
        return plan(of, pass, demand, span);
      }
      // The inner sequence is planned for the elements and for the positions of each pass: its sizes are the same in both.
      std::function<std::shared_ptr<const Sequence>(const std::shared_ptr<const Sequence>&)> sized = [&](const std::shared_ptr<const Sequence>& q) {
        auto copy = std::make_shared<Sequence>(*q);
        for (auto& inner : copy->inner) inner = sized(inner);
        const bool cuts = q->kind == K::Take || q->kind == K::Skip;
        if (cuts && !numberOf(*q->argument)) copy->argument = i32(dimFrom(*q->argument, Dim(kMostPositions), span));
        return std::shared_ptr<const Sequence>(copy);
      };
      const std::shared_ptr<const Sequence> repeated = varies ? sized(s.inner[0]) : s.inner[0];
      std::optional<Dim> times;
      Value count;
      if (s.argument) {
        auto known = numberOf(*s.argument);
        times = known ? (known->constant() ? Dim(std::max<std::int64_t>(*known->constant(), 0)) : *known)
                      : dimFrom(*s.argument, Dim(kMostPositions), span);
        count = i32(*times);
        if (times->isConstant(1)) return plan(*repeated, pass, demand, span);
      }
      auto base = [&]() -> Value {
        if (!s.argument) return Value::literal(Literal::ofInt(Elem::I32, 0));
        return binary(check::BinaryOp::Mul, convert(pass, Elem::I32, span), count, span);
      };
      // Below all that shuffles, or takes from it, is what does not differ: it is planned once, and the order of a pass are positions in it.
      std::optional<Plan> source;
      std::shared_ptr<const Sequence> order = repeated;
      if (varies) {
        std::vector<const Sequence*> chain;
        const Sequence* root = repeated.get();
        for (; shuffles(*root); root = root->inner[0].get()) {
          if (root->kind != K::Shuffle && root->kind != K::Take && root->kind != K::Skip)
            notYet(span, "`repeat` of a sequence that is joined or batched after it was shuffled", "join or batch behind `repeat`");
          chain.push_back(root);
        }
        source = plan(*root, pass, std::nullopt, span);
        auto positions = std::make_shared<Sequence>(*root);
        positions->kind = K::Columns;
        positions->columns = Value::of(leaf(builder(span).iota({source->count}, 0, Elem::I32)));
        positions->rows = source->count;
        positions->inner.clear();
        order = std::move(positions);
        for (auto q = chain.rbegin(); q != chain.rend(); ++q) {
          auto copy = std::make_shared<Sequence>(**q);
          copy->inner = {order};
          order = std::move(copy);
        }
      }
      Plan first = plan(*order, varies ? base() : pass, std::nullopt, span);
      if (first.endless || (source && source->endless)) stop(Code::EndlessSequence, span, "an endless sequence cannot be repeated");
      Plan p;
      p.endless = !times;
      if (times) p.count = first.count * *times;
      if (!varies) {
        // The same elements again: positions modulo the length. Nothing of nothing is never fetched.
        Dim n = first.count;
        p.fetch = [this, first, n, span](const R& rows) {
          Dim some = n.constant() ? Dim(std::max<std::int64_t>(*n.constant(), 1)) : Dim::max(n, Dim(1));
          Value length = number(some, Elem::I32, span);
          R inner = rows;
          if (rows.kind == R::Kind::Block) {
            inner.kind = R::Kind::Vector;
            inner.at = binary(check::BinaryOp::Add, Value::of(leaf(builder(span).iota({rows.size}, 0, Elem::I32))), rows.at, span);
          }
          Leaf x = inner.at.leaf, y = length.leaf;
          if (x.atom.isLiteral) {
            if (auto folded = fold(check::BinaryOp::Rem, x, y)) {
              inner.at = *folded;
              return first.fetch(inner);
            }
            x = leaf(useWhole(x, span), x.type);
          }
          align(x, y, span);
          inner.at = Value::of(elementwise(Op::Rem, {x, y}, span));
          return first.fetch(inner);
        };
        if (!times) {
          // An endless repetition of nothing is nothing; whoever takes from it sees that through this count.
          p.count = n;
        }
        return p;
      }
      if (!times && !demand) stop(Code::EndlessSequence, span, "an endless `repeat()` needs a `take`");
      // A different order in each pass: the orders of all passes, one after the other.
      Dim n = first.count;
      Dim passes = times ? *times : Dim::ceildiv(*demand, Dim::max(n, Dim(1)));
      std::vector<Value> orders;
      Value start = base();
      auto positionsOf = [&](const Value& at) {
        Plan inner = plan(*order, at, std::nullopt, span);
        R all;
        all.kind = R::Kind::Block;
        all.at = Value::literal(Literal::ofInt(Elem::I32, 0));
        all.size = inner.count;
        return inner.fetch(all);
      };
      loop(
          passes, {}, span, "pass",
          [&](const Value& p, const std::vector<Value>&) { return std::vector<Value>{positionsOf(binary(check::BinaryOp::Add, start, p, span))}; },
          &orders);
      Leaf all = reshape(orders[0].leaf, {passes * n}, span);
      p.count = times ? n * *times : n;
      p.fetch = [of = *source, through, all](const R& rows) { return through(of, all, rows); };
      return p;
    }
    case K::Batch: {
      auto size = numberOf(*s.argument);
      if (!size) stop(Code::SizeNotKnown, span, "the size of a batch must be known before the run");
      if (size->constant() && *size->constant() < 1)
        stop(Code::IndexOutOfRange, span, "a batch holds at least one element, not " + std::to_string(*size->constant()));
      const Dim& b = *size;
      Plan inner = plan(*s.inner[0], pass, demand ? std::optional<Dim>(*demand * b) : demand, span);
      Plan p;
      p.endless = inner.endless;
      p.count = Dim::ceildiv(inner.count, b);
      const bool endless = inner.endless;
      p.fetch = [this, inner, b, endless, span](const R& rows) {
        if (rows.kind != R::Kind::One)
          notYet(span, "a whole sequence of batches", "take them one by one: `for b in s.batch(n) { .. }`, or `s.batch(n).fold(zero, |a, b| ..)`");
        Value at = binary(check::BinaryOp::Mul, rows.at, number(b, Elem::I32, span), span);
        R block;
        block.kind = R::Kind::Block;
        block.at = at;
        if (endless) {
          block.size = b;
        } else {
          Dim lo = dimOf(at, span, "the position of a batch");
          block.size = namedDim("n", Dim::min(b, inner.count - lo), span);
        }
        return inner.fetch(block);
      };
      return p;
    }
  }
  return {};
}

Value Specialiser::sequenceBuiltin(Builtin b, const OptionalArgs& args, const check::TypeRef& type, Env& env, Span span) {
  (void)type;
  (void)env;
  auto sequence = [&](const Value& v) -> std::shared_ptr<const Sequence> {
    if (v.kind == Value::Kind::Sequence) return v.sequence;
    auto s = std::make_shared<Sequence>();
    s->kind = Sequence::Kind::Columns;
    s->span = span;
    s->home = homeOf(v);
    if (v.kind == Value::Kind::Range) {
      Plan p = planValue(v, span);
      Rows all;
      all.kind = Rows::Kind::Block;
      all.at = Value::literal(Literal::ofInt(Elem::I32, 0));
      all.size = p.count;
      s->columns = p.fetch(all);
      s->rows = p.count;
      return s;
    }
    s->columns = v;
    std::vector<Leaf> leaves = leavesOf(v);
    if (leaves.empty()) stop(Code::NotYetSupported, span, "a sequence of values without content cannot be compiled yet");
    s->rows = leaves[0].type.dims.at(0);
    return s;
  };
  auto made = [&](Sequence::Kind kind) {
    Sequence s;
    s.kind = kind;
    s.span = span;
    s.inner.push_back(sequence(*args[0]));
    s.home = s.inner[0]->home;
    return s;
  };
  auto wrap = [&](Sequence s) {
    Value v;
    v.kind = Value::Kind::Sequence;
    v.sequence = std::make_shared<const Sequence>(std::move(s));
    return v;
  };
  switch (b) {
    case Builtin::Map:
    case Builtin::Filter:
    case Builtin::FlatMap: {
      Sequence s = made(b == Builtin::Map ? Sequence::Kind::Map : b == Builtin::Filter ? Sequence::Kind::Filter : Sequence::Kind::FlatMap);
      s.function = args[1]->function;
      return wrap(std::move(s));
    }
    case Builtin::Zip: {
      Sequence s = made(Sequence::Kind::Zip);
      s.inner.push_back(sequence(*args[1]));
      if (s.home.kind == Home::Kind::Static) s.home = s.inner[1]->home;
      return wrap(std::move(s));
    }
    case Builtin::Enumerate: return wrap(made(Sequence::Kind::Enumerate));
    case Builtin::Take:
    case Builtin::Skip:
    case Builtin::Shuffle:
    case Builtin::Repeat:
    case Builtin::Batch: {
      static const std::map<Builtin, Sequence::Kind> kinds = {{Builtin::Take, Sequence::Kind::Take},
                                                              {Builtin::Skip, Sequence::Kind::Skip},
                                                              {Builtin::Shuffle, Sequence::Kind::Shuffle},
                                                              {Builtin::Repeat, Sequence::Kind::Repeat},
                                                              {Builtin::Batch, Sequence::Kind::Batch}};
      Sequence s = made(kinds.at(b));
      if (args.size() > 1 && args[1]) s.argument = *args[1];
      return wrap(std::move(s));
    }
    case Builtin::Count: {
      Plan p = planValue(*args[0], span);
      if (p.endless) stop(Code::EndlessSequence, span, "an endless sequence has no count");
      return number(p.count, Elem::I32, span);
    }
    case Builtin::Fold: {
      Plan p = planValue(*args[0], span);
      if (p.endless) stop(Code::EndlessSequence, span, "an endless sequence cannot be folded", "`take` some of it first");
      const Closure f = function(*args[2], span);
      std::vector<Value> out = loop(p.count, {*args[1]}, span, "i", [&](const Value& i, const std::vector<Value>& now) {
        Rows one;
        one.at = i;
        return std::vector<Value>{call(f, {now[0], p.fetch(one)}, span)};
      });
      return out[0];
    }
    case Builtin::Collect: return collectSequence(*args[0], span);
    default: notYet(span, "this operation on sequences");
  }
}

/// Whether the elements are made of batches, which are fetched one by one, and are themselves of one size.
std::optional<Value> Specialiser::elementOfBatches(const Value& seq, const Plan& p) {
  if (seq.kind != Value::Kind::Sequence) return std::nullopt;
  const Sequence* q = seq.sequence.get();
  while (q->kind == Sequence::Kind::Map || q->kind == Sequence::Kind::Enumerate || q->kind == Sequence::Kind::Take || q->kind == Sequence::Kind::Skip)
    q = q->inner[0].get();
  if (q->kind != Sequence::Kind::Batch) return std::nullopt;
  core::Region probe;
  InRegion scope(*this, probe);
  Rows one;
  one.at = Value::literal(Literal::ofInt(Elem::I32, 0));
  Value like = p.fetch(one);
  for (const Leaf& l : leavesOf(like)) {
    for (const Dim& d : l.type.dims)
      if (!d.constant()) return std::nullopt;
  }
  return like;
}

Value Specialiser::collectSequence(const Value& seq, Span span) {
  Plan p = planValue(seq, span);
  if (p.endless) stop(Code::EndlessSequence, span, "an endless sequence cannot be collected", "`take` some of it first");
  if (elementOfBatches(seq, p)) {
    std::vector<Value> rows;
    loop(
        p.count, {}, span, "batch",
        [&](const Value& i, const std::vector<Value>&) {
          Rows one;
          one.at = i;
          return std::vector<Value>{p.fetch(one)};
        },
        &rows);
    return rows[0];
  }
  Rows all;
  all.kind = Rows::Kind::Block;
  all.at = Value::literal(Literal::ofInt(Elem::I32, 0));
  all.size = p.count;
  return p.fetch(all);
}

Value Specialiser::sumSequence(const Value& seq, Span span) {
  Plan p = planValue(seq, span);
  if (p.endless) stop(Code::EndlessSequence, span, "an endless sequence cannot be summed", "`take` some of it first");
  if (const auto element = elementOfBatches(seq, p)) {
    Value zero = map(*element, [&](const Leaf& l) { return Value::literal(Literal::zero(l.type.elem), l.type).leaf; });
    return loop(p.count, {zero}, span, "batch", [&](const Value& i, const std::vector<Value>& now) {
      Rows one;
      one.at = i;
      return std::vector<Value>{
          zip(now[0], p.fetch(one), span, [&](const Leaf& sum, const Leaf& l) { return elementwise(Op::Add, {sum, l}, span); })};
    })[0];
  }
  // What one element looks like gives the zero; the probe's statements are dropped.
  Value like;
  {
    core::Region probe;
    InRegion scope(*this, probe);
    Rows one;
    one.at = Value::literal(Literal::ofInt(Elem::I32, 0));
    like = p.fetch(one);
  }
  Value zero = map(like, [&](const Leaf& l) { return Value::literal(Literal::zero(l.type.elem), l.type).leaf; });
  // Blocks of rows at once; within a block the additions keep the order of the sequence.
  Dim steps = Dim::ceildiv(p.count, Dim(kRowBlock));
  std::vector<Value> out = loop(steps, {zero}, span, "block", [&](const Value& i, const std::vector<Value>& now) {
    Value at = binary(check::BinaryOp::Mul, i, Value::literal(Literal::ofInt(Elem::I32, kRowBlock)), span);
    Rows block;
    block.kind = Rows::Kind::Block;
    block.at = at;
    block.size = namedDim("n", Dim::min(Dim(kRowBlock), p.count - dimOf(at, span, "the position of a block")), span);
    Value x = p.fetch(block);
    return std::vector<Value>{zip(now[0], x, span, [&](const Leaf& acc, const Leaf& l) {
      core::Attrs attrs;
      attrs.reduce = core::ReduceKind::Sum;
      attrs.axes = {0};
      return leaf(builder(span).emit1(Op::Reduce, {useWhole(l, span), use(acc)}, attrs));
    })};
  });
  return out[0];
}

void Specialiser::forSequence(const check::Stmt& s, const Value& seq, Env& env) {
  if (federated_) stop(Code::NotYetSupported, s.span, "a loop over clients' data is local work: put it into a function that takes the sequence");
  std::vector<Value> carries;
  for (const auto& local : s.assigned) carries.push_back(*env.find(local->id));
  // Passes over batches repeat the batches, so they are a loop around the loop; the order of each pass is its own.
  std::function<std::vector<Value>(const Sequence&, const Value&, const std::vector<Value>&)> run =
      [&](const Sequence& q, const Value& pass, const std::vector<Value>& now) -> std::vector<Value> {
    const bool ofBatches = q.kind == Sequence::Kind::Repeat && q.argument && !q.inner.empty() && q.inner[0]->kind == Sequence::Kind::Batch;
    if (ofBatches) {
      auto known = numberOf(*q.argument);
      Dim times = known ? *known : dimFrom(*q.argument, Dim(kMostPositions), s.span);
      Value base = binary(check::BinaryOp::Mul, pass, number(times, Elem::I32, s.span), s.span);
      return loop(times, now, s.span, "pass", [&](const Value& i, const std::vector<Value>& inside) {
        return run(*q.inner[0], binary(check::BinaryOp::Add, base, i, s.span), inside);
      });
    }
    Plan p = plan(q, pass, std::nullopt, s.span);
    if (p.endless) stop(Code::EndlessSequence, s.span, "this loop over an endless sequence has no end", "`take` some of it first");
    return loop(p.count, now, s.span, s.pattern.local ? s.pattern.local->name : "step", [&](const Value& i, const std::vector<Value>& inside) {
      Env inner = env;
      for (std::size_t k = 0; k < inside.size(); ++k) inner.bind(s.assigned[k]->id, inside[k]);
      Rows one;
      one.at = i;
      bindPattern(s.pattern, p.fetch(one), inner);
      eval(*s.body, inner);
      std::vector<Value> next;
      for (const auto& local : s.assigned) next.push_back(*inner.find(local->id));
      return next;
    });
  };
  std::vector<Value> after = run(*seq.sequence, Value::literal(Literal::ofInt(Elem::I32, 0)), carries);
  for (std::size_t k = 0; k < after.size(); ++k) env.bind(s.assigned[k]->id, after[k]);
}

}  // namespace fedc::transform::specialise
