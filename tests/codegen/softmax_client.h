#pragma once

#include "compiler/core/builder.h"
#include "compiler/core/ir.h"

namespace fedc::testing {

/// Work of a client of FedAvg with softmax regression (worked-examples A3, A5): one epoch in a shuffled order, batches of `batch`, then
/// a += R * (w - m). Params: lr, m.w, m.b, x[R, inputs], label[R], key, a.w, a.b, a.n (the last three in place).
inline core::Fn softmaxClient(std::int64_t inputs, std::int64_t classes, std::int64_t batch) {
  using namespace core;
  Fn fn;
  fn.name = "client";
  const Dim::Variable rows = fn.newDim("R");
  fn.dimParams = {rows};
  const Dim rowCount = Dim::variable(rows);
  const Type w{Elem::F32, {inputs, classes}}, b{Elem::F32, {classes}};
  auto param = [&](Type t, std::string name) {
    fn.params.push_back(fn.newVar(std::move(t), std::move(name)));
    return Atom::of(fn.params.back());
  };
  const Atom lr = param({Elem::F32, {}}, "lr"), mw = param(w, "m.w"), mb = param(b, "m.b"), x = param({Elem::F32, {rowCount, inputs}}, "x");
  const Atom label = param({Elem::I32, {rowCount}}, "label"), key = param({Elem::Key, {}}, "key");
  const Atom aw = param(w, "a.w"), ab = param(b, "a.b"), an = param({Elem::F64, {}}, "a.n");
  Builder top(fn, fn.body);
  Attrs shuffle;
  shuffle.extent = rowCount;
  const Atom k0 = top.emit1(Op::FoldIn, {key, Atom::of(Literal::ofInt(Elem::I32, 0))});
  const Atom order = top.emit1(Op::Permutation, {k0}, shuffle);

  Attrs loop;
  loop.extent = Dim::ceildiv(rowCount, batch);
  loop.carries = 2;
  const Dim::Variable step = fn.newDim("s");
  loop.defines = step;
  Region body;
  body.params = {fn.newVar(w, "w"), fn.newVar(b, "b")};
  const Atom cw = Atom::of(body.params[0]), cb = Atom::of(body.params[1]);
  {
    Builder in(fn, body.stmts);
    const Dim start = Dim(batch) * Dim::variable(step);
    Attrs count;
    count.defines = fn.newDim("n", batch);
    count.extent = Dim::min(batch, rowCount - start);
    in.emit(Op::DimDef, {}, count);
    const Dim n = Dim::variable(*count.defines);
    const Atom at = in.dimValue(start, Elem::I32);
    Attrs cut;
    cut.dims = {n};
    const Atom i = in.emit1(Op::DynamicSlice, {order, at}, cut);
    const Atom px = in.gather(x, i, 0), lb = in.gather(label, i, 0);
    auto seq = [](Attrs a) {
      a.order = Order{Order::Kind::Seq, 1};
      return a;
    };
    auto lanes = [](Attrs a) {
      a.order = Order{Order::Kind::Lanes, 1};
      return a;
    };
    Attrs forward;
    forward.axes = {1};
    forward.rhsAxes = {0};
    const Atom z = in.emit1(Op::Contract, {px, cw, in.broadcast(cb, {n, classes}, {1})}, seq(forward));
    Attrs row;
    row.axes = {1};
    row.reduce = ReduceKind::Max;
    const Atom m0 = in.emit1(Op::Reduce, {z}, lanes(row));
    const Atom e = in.unary(Op::Exp, in.sub(z, in.broadcast(m0, {n, classes}, {0})));
    row.reduce = ReduceKind::Sum;
    const Atom se = in.emit1(Op::Reduce, {e}, lanes(row));
    const Atom c = in.div(lr, in.dimValue(n, Elem::F32));
    const Atom q = in.div(in.broadcast(c, {n}, {}), se);
    const Atom oh = in.binary(Op::Eq, in.iota({n, classes}, 1, Elem::I32), in.broadcast(lb, {n, classes}, {0}));
    const Atom hit = in.select(oh, in.broadcast(c, {n, classes}, {}), Atom::of(Literal::ofDouble(Elem::F32, 0)));
    const Atom dz = in.sub(hit, in.mul(e, in.broadcast(q, {n, classes}, {0})));
    Attrs backward;
    backward.axes = {0};
    backward.rhsAxes = {0};
    const Atom w2 = in.emit1(Op::Contract, {px, dz, cw}, seq(backward));
    Attrs column;
    column.axes = {0};
    column.reduce = ReduceKind::Sum;
    const Atom b2 = in.emit1(Op::Reduce, {dz, cb}, seq(column));
    body.yields = {w2, b2};
  }
  const std::vector<Atom> trained = top.emit(Op::Loop, {mw, mb}, loop, {std::move(body)});
  const Atom weight = top.dimValue(rowCount, Elem::F32);
  fn.results = {top.emit1(Op::Fma, {top.broadcast(weight, w.dims, {}), top.sub(trained[0], mw), aw}),
                top.emit1(Op::Fma, {top.broadcast(weight, b.dims, {}), top.sub(trained[1], mb), ab}), top.add(an, top.convert(weight, Elem::F64))};
  fn.resultTypes = {w, b, {Elem::F64, {}}};
  fn.inPlace = {{6, 0}, {7, 1}, {8, 2}};
  return fn;
}

}  // namespace fedc::testing
