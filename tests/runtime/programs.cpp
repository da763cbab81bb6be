#include <hdf5.h>

#include <algorithm>

#include "compiler/core/builder.h"
#include "support.h"

namespace fedc::runtime::test {
namespace {

using core::Atom;
using core::Attrs;
using core::Builder;
using core::ClientInput;
using core::ClientOutput;
using core::Elem;
using core::Fn;
using core::Graph;
using core::Literal;
using core::Op;
using core::Place;
using core::Type;
using core::Var;

const Type kVector{Elem::F32, {Dim(3)}};
const Type kScalar{Elem::F32, {}};
const Type kKey{Elem::Key, {}};

struct FnMaker {
  explicit FnMaker(std::string name) { fn.name = std::move(name); }
  Var param(Type type, std::string name) {
    fn.params.push_back(fn.newVar(std::move(type), std::move(name)));
    return fn.params.back();
  }
  Builder build() { return Builder(fn, fn.body); }
  void result(Atom atom, Type type) {
    fn.results.push_back(atom);
    fn.resultTypes.push_back(std::move(type));
  }
  Fn fn;
};

/// The plain sequential order, as pass `order` would write it.
Atom sum(Builder& b, Atom a, std::vector<int> axes) {
  const Atom out = b.reduce(core::ReduceKind::Sum, a, std::move(axes));
  b.stmts().back().attrs.order = core::Order{};
  return out;
}

Atom all(Builder& b, Atom a, std::vector<int> axes) {
  const Atom out = b.reduce(core::ReduceKind::And, a, std::move(axes));
  b.stmts().back().attrs.order = core::Order{};
  return out;
}

int add(core::Program& p, FnMaker& maker) {
  p.module.fns.push_back(std::move(maker.fn));
  return static_cast<int>(p.module.fns.size()) - 1;
}

core::Slot slot(Graph& g, std::string name, Type type, Place place = Place::Server) {
  g.slots.push_back({std::move(name), std::move(type), place});
  return static_cast<core::Slot>(g.slots.size() - 1);
}

int zeroFn(core::Program& p, const std::vector<Type>& leaves) {
  FnMaker zero("zero");
  for (const Type& type : leaves) {
    Builder b = zero.build();
    zero.result(type.rank() == 0 ? Atom::of(Literal::zero(type.elem)) : b.splat(Literal::zero(type.elem), type), type);
  }
  return add(p, zero);
}

int mergeFn(core::Program& p, const std::vector<Type>& leaves) {
  FnMaker merge("merge");
  std::vector<Var> a, b;
  for (const Type& type : leaves) a.push_back(merge.param(type, "a"));
  for (const Type& type : leaves) b.push_back(merge.param(type, "b"));
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    Builder build = merge.build();
    merge.result(build.add(Atom::of(a[i]), Atom::of(b[i])), leaves[i]);
    merge.fn.inPlace.emplace_back(static_cast<int>(i), static_cast<int>(i));
  }
  return add(p, merge);
}

/// work(R; a.s, a.n, m, x: f32[R, 3], k) -> (a.s', a.n', c): see support.h.
int workFn(core::Program& p, bool counts) {
  FnMaker work("work");
  const Dim::Variable rows = work.fn.newDim("R");
  work.fn.dimParams = {rows};
  const Var s = work.param(kVector, "a.s"), n = work.param(kScalar, "a.n"), m = work.param(kVector, "m");
  const Var x = work.param({Elem::F32, {Dim::variable(rows), Dim(3)}}, "x"), k = work.param(kKey, "k");
  Builder b = work.build();
  b.check(all(b, b.binary(Op::Lt, Atom::of(x), Atom::of(Literal::ofDouble(Elem::F32, 1000))), {0, 1}), 0);
  Attrs bits;
  bits.dims = {Dim(3)};
  const Atom noise = b.convert(b.emit1(Op::RandomBits, {Atom::of(k)}, bits), Elem::F32);
  const Atom count = b.convert(b.dimValue(Dim::variable(rows), Elem::I64), Elem::F32);
  Atom update = b.add(sum(b, Atom::of(x), {0}), b.mul(noise, Atom::of(Literal::ofDouble(Elem::F32, 1e-9))));
  update = b.add(update, Atom::of(m));
  work.result(b.add(Atom::of(s), update), kVector);
  work.result(b.add(Atom::of(n), count), kScalar);
  work.fn.inPlace = {{0, 0}, {1, 1}};
  if (counts) work.result(count, kScalar);
  return add(p, work);
}

/// server(m, s, n) -> m + s / n, n (check 1: n != 0).
int serverFn(core::Program& p) {
  FnMaker server("server");
  const Var m = server.param(kVector, "m"), s = server.param(kVector, "s"), n = server.param(kScalar, "n");
  Builder b = server.build();
  b.check(b.binary(Op::Ne, Atom::of(n), Atom::of(Literal::ofDouble(Elem::F32, 0))), 1);
  server.result(b.add(Atom::of(m), b.div(Atom::of(s), Atom::of(n))), kVector);
  return add(p, server);
}

ClientInput input(ClientInput::Kind kind, core::Slot s, int index = 0) { return {kind, s, index}; }
ClientOutput output(ClientOutput::Kind kind, core::Slot s, int index = 0) { return {kind, s, index}; }

}  // namespace

std::shared_ptr<core::Program> twoPhaseProgram() {
  auto p = std::make_shared<core::Program>();
  p->module.sites = {{Span{0, 1, 2}, "a value of x is too large"}, {Span{0, 3, 4}, "mean over nobody"}};
  Graph g;
  g.entry = "next";
  g.dims.push_back({"K", std::nullopt});
  g.columns.push_back(column("x", Elem::F32, {Dim(3)}));
  const auto m = slot(g, "m", kVector), k = slot(g, "k", kKey);
  g.inputs = {{Graph::Input::Kind::State, m, "m", {}, {}}, {Graph::Input::Kind::Key, k, "k", {}, {}}};
  const auto s1 = slot(g, "s", kVector), n1 = slot(g, "n", kScalar), c = slot(g, "c", kScalar, Place::Clients);
  const auto stacked = slot(g, "counts", {Elem::F32, {Dim::variable(0)}}), next = slot(g, "m'", kVector), s2 = slot(g, "s2", kVector);

  core::Phase one;
  one.down = {m};
  one.accumulator = {{"s", kVector, Place::Server}, {"n", kScalar, Place::Server}};
  one.zero.fn = zeroFn(*p, {kVector, kScalar});
  one.client = workFn(*p, true);
  one.clientInputs = {input(ClientInput::Kind::Accumulator, 0, 0), input(ClientInput::Kind::Accumulator, 0, 1), input(ClientInput::Kind::Down, m),
                      input(ClientInput::Kind::Column, 0, 0), input(ClientInput::Kind::Key, k)};
  one.clientOutputs = {output(ClientOutput::Kind::Accumulator, 0, 0), output(ClientOutput::Kind::Accumulator, 0, 1),
                       output(ClientOutput::Kind::Carry, c)};
  one.merge = mergeFn(*p, {kVector, kScalar});
  one.accumulatorSlots = {s1, n1};
  one.collected = {{c, stacked}};
  one.server = {serverFn(*p), {m, s1, n1}, {next}};

  FnMaker work("work2");
  const Var a = work.param(kVector, "a"), carried = work.param(kScalar, "c"), model = work.param(kVector, "m'");
  Builder b = work.build();
  work.result(b.add(Atom::of(a), b.mul(Atom::of(model), Atom::of(carried))), kVector);
  work.fn.inPlace = {{0, 0}};
  core::Phase two;
  two.down = {next};
  two.accumulator = {{"s2", kVector, Place::Server}};
  two.zero.fn = zeroFn(*p, {kVector});
  two.client = add(*p, work);
  two.clientInputs = {input(ClientInput::Kind::Accumulator, 0, 0), input(ClientInput::Kind::Carry, c), input(ClientInput::Kind::Down, next)};
  two.clientOutputs = {output(ClientOutput::Kind::Accumulator, 0, 0)};
  two.merge = mergeFn(*p, {kVector});
  two.accumulatorSlots = {s2};

  g.phases = {one, two};
  g.outputs = {{Graph::Output::Kind::State, next, "m"},
               {Graph::Output::Kind::Report, n1, "n"},
               {Graph::Output::Kind::Report, s2, "s2"},
               {Graph::Output::Kind::Report, stacked, "counts"}};
  p->graphs.push_back(g);
  return p;
}

std::shared_ptr<core::Program> processProgram() {
  auto p = std::make_shared<core::Program>();
  p->module.sites = {{Span{0, 1, 2}, "a value of x is too large"}, {Span{0, 3, 4}, "mean over nobody"}};
  const int zero = zeroFn(*p, {kVector, kScalar}), merge = mergeFn(*p, {kVector, kScalar}), work = workFn(*p, false), server = serverFn(*p);

  Graph init;
  init.entry = "init";
  {
    FnMaker fn("init");
    const Var k = fn.param(kKey, "k");
    Builder b = fn.build();
    Attrs bits;
    bits.dims = {Dim(3)};
    const Atom noise = b.convert(b.emit1(Op::RandomBits, {Atom::of(k)}, bits), Elem::F32);
    fn.result(b.mul(noise, Atom::of(Literal::ofDouble(Elem::F32, 1e-10))), kVector);
    const auto key = slot(init, "k", kKey), m = slot(init, "m.w", kVector);
    init.inputs = {{Graph::Input::Kind::Key, key, "k", {}, {}}};
    init.first = {add(*p, fn), {key}, {m}};
    init.outputs = {{Graph::Output::Kind::State, m, "w"}};
  }

  Graph next;
  next.entry = "next";
  next.dims.push_back({"K", std::nullopt});
  next.columns.push_back(column("x", Elem::F32, {Dim(3)}));
  {
    const auto m = slot(next, "m.w", kVector), k = slot(next, "k", kKey), lr = slot(next, "lr", kScalar);
    next.inputs = {
        {Graph::Input::Kind::State, m, "m.w", {}, {}}, {Graph::Input::Kind::Key, k, "k", {}, {}}, {Graph::Input::Kind::Param, lr, "lr", {}, {}}};
    const auto s = slot(next, "s", kVector), n = slot(next, "n", kScalar), out = slot(next, "m'.w", kVector), scaled = slot(next, "scaled", kVector);
    FnMaker scale("scale");
    const Var v = scale.param(kVector, "v"), by = scale.param(kScalar, "lr");
    Builder b = scale.build();
    scale.result(b.mul(Atom::of(v), Atom::of(by)), kVector);
    next.first = {add(*p, scale), {m, lr}, {scaled}};
    core::Phase phase;
    phase.down = {scaled};
    phase.accumulator = {{"s", kVector, Place::Server}, {"n", kScalar, Place::Server}};
    phase.zero.fn = zero;
    phase.client = work;
    phase.clientInputs = {input(ClientInput::Kind::Accumulator, 0, 0), input(ClientInput::Kind::Accumulator, 0, 1),
                          input(ClientInput::Kind::Down, scaled), input(ClientInput::Kind::Column, 0, 0), input(ClientInput::Kind::Key, k)};
    phase.clientOutputs = {output(ClientOutput::Kind::Accumulator, 0, 0), output(ClientOutput::Kind::Accumulator, 0, 1)};
    phase.merge = merge;
    phase.accumulatorSlots = {s, n};
    phase.server = {server, {m, s, n}, {out}};
    next.phases = {phase};
    next.outputs = {{Graph::Output::Kind::State, out, "w"}, {Graph::Output::Kind::Report, n, "examples"}};
  }

  Graph evaluate;
  evaluate.entry = "evaluate";
  evaluate.dims.push_back({"K", std::nullopt});
  evaluate.columns.push_back(column("x", Elem::F32, {Dim(3)}));
  {
    FnMaker work2("evaluate.work");
    const Dim::Variable rows = work2.fn.newDim("R");
    work2.fn.dimParams = {rows};
    const Var a = work2.param(kVector, "a"), x = work2.param({Elem::F32, {Dim::variable(rows), Dim(3)}}, "x"), m = work2.param(kVector, "m");
    Builder b = work2.build();
    work2.result(b.add(Atom::of(a), b.add(sum(b, Atom::of(x), {0}), Atom::of(m))), kVector);
    work2.fn.inPlace = {{0, 0}};
    const auto state = slot(evaluate, "m.w", kVector), s = slot(evaluate, "s", kVector);
    evaluate.inputs = {{Graph::Input::Kind::State, state, "m.w", {}, {}}};
    core::Phase phase;
    phase.accumulator = {{"s", kVector, Place::Server}};
    phase.zero.fn = zeroFn(*p, {kVector});
    phase.client = add(*p, work2);
    phase.clientInputs = {input(ClientInput::Kind::Accumulator, 0, 0), input(ClientInput::Kind::Column, 0, 0), input(ClientInput::Kind::Down, state)};
    phase.clientOutputs = {output(ClientOutput::Kind::Accumulator, 0, 0)};
    phase.merge = mergeFn(*p, {kVector});
    phase.accumulatorSlots = {s};
    evaluate.phases = {phase};
    evaluate.outputs = {{Graph::Output::Kind::Report, s, "sum"}};
  }
  p->graphs = {init, next, evaluate};
  return p;
}

std::vector<MemoryClient> memoryClients(int clients, const std::vector<int>& bad) {
  std::vector<MemoryClient> out;
  for (int i = 0; i < clients; ++i) {
    MemoryClient client;
    client.id = "client_" + std::string(i < 10 ? "00" : i < 100 ? "0" : "") + std::to_string(i);
    const int rows = 1 + i * 7 % 5;
    core::Array x(Elem::F32, {rows, 3});
    auto values = x.asMutable<float>();
    // Sums of these depend on their order, so that a wrong tree shows in the bits.
    for (std::size_t j = 0; j < values.size(); ++j) values[j] = 0.1f * static_cast<float>(i + 1) + 1.0f / static_cast<float>(3 + j);
    if (std::find(bad.begin(), bad.end(), i) != bad.end()) values[0] = 1000;
    client.columns.push_back(std::move(x));
    client.rows = rows;
    out.push_back(std::move(client));
  }
  return out;
}

void writeClients(const std::string& path, const std::vector<MemoryClient>& clients) {
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t examples = H5Gcreate2(file, "examples", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  for (const MemoryClient& client : clients) {
    const hid_t group = H5Gcreate2(examples, client.id.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    const std::vector<hsize_t> dims(client.columns[0].shape().begin(), client.columns[0].shape().end());
    const hid_t space = H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr);
    const hid_t dataset = H5Dcreate2(group, "x", H5T_IEEE_F32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, client.columns[0].data());
    H5Dclose(dataset);
    H5Sclose(space);
    H5Gclose(group);
  }
  H5Gclose(examples);
  H5Fclose(file);
}

}  // namespace fedc::runtime::test
