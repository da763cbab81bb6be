#include "tests/kernel/digits_program.h"

#include "compiler/core/builder.h"

namespace fedc::kernel::testing {

using namespace core;

namespace {

Attrs ordered(Attrs a, Order::Kind kind) {
  a.order = Order{kind, 1};
  return a;
}

Atom reduceIn(Builder& b, ReduceKind kind, Atom x, int axis, Order::Kind order, std::optional<Atom> init = {}) {
  Attrs a;
  a.axes = {axis};
  a.reduce = kind;
  std::vector<Atom> args{x};
  if (init) args.push_back(*init);
  return b.emit1(Op::Reduce, args, ordered(a, order));
}

Atom product(Builder& b, Atom x, Atom y, int left, int right, Atom init) {
  Attrs a;
  a.axes = {left};
  a.rhsAxes = {right};
  return b.emit1(Op::Contract, {x, y, init}, ordered(a, Order::Kind::Seq));
}

}  // namespace

Module digitsProgram(int batch, int height, int width, int classes) {
  Module module;
  module.sites.push_back(Site{{}, "label out of range"});
  Fn f;
  f.name = "work1";
  const Dim::Variable rowsVar = f.newDim("R"), stepVar = f.newDim("s"), countVar = f.newDim("n", batch);
  f.dimParams = {rowsVar};
  const Dim R = Dim::variable(rowsVar), s = Dim::variable(stepVar), n = Dim::variable(countVar);
  const Dim features(height * width), C(classes);
  const auto param = [&](Elem e, std::vector<Dim> dims, const char* name) {
    f.params.push_back(f.newVar(Type{e, std::move(dims)}, name));
    return Atom::of(f.params.back());
  };
  const Atom aw = param(Elem::F32, {features, C}, "a.w"), ab = param(Elem::F32, {C}, "a.b"), an = param(Elem::F64, {}, "a.n");
  const Atom lr = param(Elem::F32, {}, "lr"), mw = param(Elem::F32, {features, C}, "m.w"), mb = param(Elem::F32, {C}, "m.b");
  const Atom pixels = param(Elem::F32, {R, Dim(height), Dim(width)}, "pixels"), label = param(Elem::I32, {R}, "label");
  const Atom key = param(Elem::Key, {}, "k");

  Builder b(f, f.body);
  const Atom k0 = b.emit1(Op::FoldIn, {key, Atom::of(Literal::ofInt(Elem::I32, 0))});
  Attrs permute;
  permute.extent = R;
  const Atom order = b.emit1(Op::Permutation, {k0}, permute);
  f.vars[order.var].name = "order";

  Region body;
  const Atom w = Atom::of(b.param(body, f.typeOf(mw.var), "w")), bias = Atom::of(b.param(body, f.typeOf(mb.var), "b"));
  {
    Builder in(f, body.stmts);
    Attrs size;
    size.defines = countVar;
    size.extent = Dim::min(Dim(batch), R - Dim(batch) * s);
    in.emit(Op::DimDef, {}, size);
    const Atom lo = in.mul(in.dimValue(s, Elem::I32), Atom::of(Literal::ofInt(Elem::I32, batch)));
    Attrs part;
    part.dims = {n};
    const Atom i = in.emit1(Op::DynamicSlice, {order, lo}, part);
    const Atom px = in.gather(pixels, i, 0), lb = in.gather(label, i, 0);
    const Atom good = in.binary(Op::And, in.binary(Op::Ge, lb, Atom::of(Literal::ofInt(Elem::I32, 0))),
                                in.binary(Op::Lt, lb, Atom::of(Literal::ofInt(Elem::I32, classes))));
    in.check(good, 0);
    const Atom x = in.reshape(px, {n, features});
    const std::vector<Dim> grid{n, C};
    const Atom zb = product(in, x, w, 1, 0, in.broadcast(bias, grid, {1}));
    f.vars[zb.var].name = "z";
    const Atom m0 = reduceIn(in, ReduceKind::Max, zb, 1, Order::Kind::Lanes);
    f.vars[m0.var].name = "m0";
    const Atom e = in.unary(Op::Exp, in.sub(zb, in.broadcast(m0, grid, {0})));
    const Atom se = reduceIn(in, ReduceKind::Sum, e, 1, Order::Kind::Lanes);
    const Atom nf = in.convert(in.dimValue(n, Elem::I64), Elem::F32);
    const Atom c = in.div(lr, nf);
    const Atom q = in.div(in.broadcast(c, {n}, {}), se);
    f.vars[q.var].name = "q";
    const Atom oh = in.binary(Op::Eq, in.iota(grid, 1, Elem::I32), in.broadcast(lb, grid, {0}));
    const Atom hot = in.select(oh, in.broadcast(c, grid, {}), Atom::of(Literal::zero(Elem::F32)));
    const Atom dz = in.sub(hot, in.mul(e, in.broadcast(q, grid, {0})));
    f.vars[dz.var].name = "dz";
    const Atom w2 = product(in, x, dz, 0, 0, w);
    const Atom b2 = reduceIn(in, ReduceKind::Sum, dz, 0, Order::Kind::Seq, bias);
    body.yields = {w2, b2};
  }
  Attrs loop;
  loop.extent = Dim::ceildiv(R, Dim(batch));
  loop.defines = stepVar;
  loop.carries = 2;
  const std::vector<Atom> trained = b.emit(Op::Loop, {mw, mb}, loop, {std::move(body)});
  f.vars[trained[0].var].name = "w";
  f.vars[trained[1].var].name = "b";
  const Atom rows = b.convert(b.dimValue(R, Elem::I64), Elem::F32);
  const auto accumulate = [&](Atom acc, Atom local, Atom server) {
    const std::vector<Dim> dims = f.typeOf(acc.var).dims;
    return b.emit1(Op::Fma, {b.broadcast(rows, dims, {}), b.sub(local, server), acc});
  };
  f.results = {accumulate(aw, trained[0], mw), accumulate(ab, trained[1], mb), b.add(an, b.convert(rows, Elem::F64))};
  for (const Atom& r : f.results) f.resultTypes.push_back(f.typeOf(r.var));
  f.inPlace = {{0, 0}, {1, 1}, {2, 2}};
  module.fns.push_back(std::move(f));
  return module;
}

}  // namespace fedc::kernel::testing
