#include "compiler/kernel/bufferise.h"

#include <algorithm>
#include <set>

#include "compiler/core/internal_error.h"
#include "compiler/core/op_table.h"
#include "compiler/kernel/bufferiser.h"
#include "compiler/kernel/coalesce.h"

namespace fedc::kernel {

std::int64_t leafPadding(const core::Type& type) {
  if (!core::isFloat(type.elem) || type.dims.empty()) return 0;
  for (const Dim& d : type.dims) {
    if (!d.constant()) return 0;
  }
  return (*type.dims.back().constant() + 15) / 16 * 16;
}

Int Bufferiser::newInt(IntInfo info) {
  kernel_.ints.push_back(std::move(info));
  return static_cast<Int>(kernel_.ints.size() - 1);
}

BufferId Bufferiser::newBuffer(const core::Type& type, std::string name, Buffer::Role role) {
  Buffer b;
  b.name = std::move(name);
  b.elem = type.elem;
  b.extents = type.dims;
  b.role = role;
  kernel_.buffers.push_back(std::move(b));
  return static_cast<BufferId>(kernel_.buffers.size() - 1);
}

void Bufferiser::let(Int var, const Dim& value, std::optional<BufferId> buffer) {
  describeInt(kernel_, var, IntInfo::Kind::Let, value);
  facts_.addLet(var, value, !buffer);
  block_->push_back(Statement{Let{var, value, buffer}});
}

std::vector<Dim> Bufferiser::addAxes(NestDraft& draft, const std::vector<Dim>& extents, bool reduced) {
  static constexpr const char* kNames[] = {"i", "j", "k", "l", "m", "n", "o", "p"};
  std::vector<Dim> at;
  for (const Dim& e : extents) {
    const std::size_t depth = draft.nest.axes.size() + draft.nest.reduceAxes.size();
    const Int var = newInt(IntInfo{IntInfo::Kind::Axis, depth < 8 ? kNames[depth] : "a" + std::to_string(depth), {}, {}});
    (reduced ? draft.nest.reduceAxes : draft.nest.axes).push_back(Axis{var, e});
    at.push_back(Dim::variable(var));
  }
  return at;
}

void Bufferiser::store(NestDraft& draft, BufferId target, const std::vector<Dim>& at, ExprId value) {
  draft.nest.stores.push_back(Store{accessOf(target, kernel_.buffers[target].extents, at), value});
}

void Bufferiser::finish(NestDraft& draft, std::string name) {
  draft.nest.name = std::move(name);
  dropUnused(draft.nest);
  block_->push_back(Statement{std::move(draft.nest)});
}

ExprId Bufferiser::converted(NestDraft& draft, ExprId value, Elem to) {
  return draft.write[value].elem == to ? value : draft.write.scalar(Op::Convert, to, {value});
}

const View& Bufferiser::valueOf(core::Var v) const {
  FEDC_REQUIRE(values_[v].has_value(), "a variable without a value");
  return *values_[v];
}

View Bufferiser::viewOf(const core::Atom& a, const core::Type& place) const { return a.isLiteral ? literalView(place, a.literal) : valueOf(a.var); }

BufferId Bufferiser::result(const core::Stmt& s, std::size_t i) {
  const core::VarInfo& info = fn_.vars[s.results[i]];
  const std::string name = info.name.empty() ? std::string(core::opName(s.op)) + std::to_string(s.results[i]) : info.name;
  const BufferId b = newBuffer(info.type, name);
  define(s.results[i], bufferView(kernel_, b));
  return b;
}

void Bufferiser::copy(const Target& target, const View& view) {
  NestDraft d;
  const std::vector<Dim> at = addAxes(d, view.type.dims);
  std::vector<Dim> place = target.prefix;
  place.insert(place.end(), at.begin(), at.end());
  store(d, target.buffer, place, readAt(view, at, d.write));
  finish(d, "copy_" + kernel_.buffers[target.buffer].name);
}

void Bufferiser::copyAll(std::vector<std::pair<Target, View>> copies) {
  std::erase_if(copies, [&](const auto& c) { return c.first.prefix.empty() && wholeBuffer(kernel_, c.second) == c.first.buffer; });
  for (std::size_t i = 0; i < copies.size(); ++i) {
    bool clobbered = false;
    for (BufferId b : buffersOf(copies[i].second)) {
      for (std::size_t k = 0; k <= i; ++k) clobbered = clobbered || copies[k].first.buffer == b;
    }
    if (clobbered) copies[i].second = materialised(copies[i].second, kernel_.buffers[copies[i].first.buffer].name + "_next");
  }
  for (const auto& [target, view] : copies) copy(target, view);
}

View Bufferiser::materialised(const View& view, const std::string& name) {
  const BufferId b = newBuffer(view.type, name);
  copy(Target{b, {}}, view);
  return bufferView(kernel_, b);
}

BufferId Bufferiser::denseBuffer(const View& view, const std::string& name) {
  if (const auto b = wholeBuffer(kernel_, view)) {
    const Buffer& buffer = kernel_.buffers[*b];
    if (buffer.padLast == 0 || buffer.extents.back().isConstant(buffer.padLast)) return *b;
  }
  return *wholeBuffer(kernel_, materialised(view, name));
}

View Bufferiser::seen(const View& view, const core::Type& type, const std::vector<AxisValue>& map, const std::vector<Expr>& gathers) {
  if (auto v = seenThrough(kernel_, view, type, map, gathers)) return *v;
  auto v = seenThrough(kernel_, materialised(view, "copy"), type, map, gathers);
  FEDC_REQUIRE(v.has_value(), "an index map that is not affine");
  return *v;
}

Kernel Bufferiser::run() {
  kernel_.name = fn_.name;
  for (const core::DimInfo& d : fn_.dims) kernel_.ints.push_back(IntInfo{IntInfo::Kind::Let, d.name, d.bound, {}});
  kernel_.dims = fn_.dimParams;
  for (Int v : fn_.dimParams) kernel_.ints[v].kind = IntInfo::Kind::Param;
  values_.resize(fn_.vars.size());
  block_ = &kernel_.body;

  std::vector<std::optional<BufferId>> places(fn_.results.size());
  for (std::size_t i = 0; i < fn_.params.size(); ++i) {
    const core::VarInfo& info = fn_.vars[fn_.params[i]];
    const auto kept = std::find_if(fn_.inPlace.begin(), fn_.inPlace.end(), [&](const auto& p) { return p.first == static_cast<int>(i); });
    const bool inPlace = kept != fn_.inPlace.end();
    const BufferId b =
        newBuffer(info.type, info.name.empty() ? "p" + std::to_string(i) : info.name, inPlace ? Buffer::Role::InOut : Buffer::Role::In);
    kernel_.buffers[b].padLast = leafPadding(info.type);
    kernel_.arguments.push_back(b);
    define(fn_.params[i], bufferView(kernel_, b));
    if (inPlace) places[static_cast<std::size_t>(kept->second)] = b;
  }
  for (std::size_t i = 0; i < fn_.results.size(); ++i) {
    if (places[i]) continue;
    const core::Atom& a = fn_.results[i];
    const std::string hint = a.isLiteral || fn_.vars[a.var].name.empty() ? "" : "_" + fn_.vars[a.var].name;
    const BufferId b = newBuffer(fn_.resultTypes[i], "out" + std::to_string(i) + hint, Buffer::Role::Out);
    kernel_.buffers[b].padLast = leafPadding(fn_.resultTypes[i]);
    kernel_.arguments.push_back(b);
    places[i] = b;
  }

  statements(fn_.params, fn_.body, fn_.results);

  std::vector<std::pair<Target, View>> copies;
  for (std::size_t i = 0; i < fn_.results.size(); ++i) copies.emplace_back(Target{*places[i], {}}, viewOf(fn_.results[i], fn_.resultTypes[i]));
  copyAll(std::move(copies));
  return std::move(kernel_);
}

void Bufferiser::statements(const std::vector<core::Var>& params, const std::vector<core::Stmt>& stmts, const std::vector<core::Atom>& results) {
  const Place outer = place_;
  for (std::size_t i = 0; i < stmts.size(); ++i) {
    place_ = {params, std::span(stmts).first(i), std::span(stmts).subspan(i + 1), results};
    statement(stmts[i]);
  }
  place_ = outer;
}

namespace {

void addVars(std::span<const core::Atom> atoms, std::set<core::Var>& out) {
  for (const core::Atom& a : atoms) {
    if (!a.isLiteral) out.insert(a.var);
  }
}

void addVars(std::span<const core::Stmt> stmts, std::set<core::Var>& out) {
  for (const core::Stmt& s : stmts) {
    addVars(s.args, out);
    for (const core::Region& r : s.regions) {
      addVars(r.stmts, out);
      addVars(r.yields, out);
    }
  }
}

/// Whether the first has at most half as many elements as the second, for all sizes.
bool isMuchSmaller(const core::Type& a, const core::Type& b) {
  const auto elements = [](const core::Type& type) {
    Dim n(1);
    for (const Dim& d : type.dims) n = n * d;
    return n.constant();
  };
  const auto small = elements(a), large = elements(b);
  return small && large && 2 * *small <= *large;
}

}  // namespace

void Bufferiser::readBefore(core::Var updated, std::initializer_list<View*> operands) {
  const auto buffer = wholeBuffer(kernel_, valueOf(updated));
  if (!buffer || block_ == &kernel_.body) return;
  std::set<core::Var> own(place_.params.begin(), place_.params.end()), later;
  for (const core::Stmt& s : place_.before) own.insert(s.results.begin(), s.results.end());
  addVars(place_.after, later);
  addVars(place_.results, later);
  // What comes from outside the block is there in the next step again.
  if (later.contains(updated) || !own.contains(updated)) return;
  const core::Type& type = fn_.typeOf(updated);
  const auto reads = [&](const View& view) {
    const auto buffers = buffersOf(view);
    return std::find(buffers.begin(), buffers.end(), *buffer) != buffers.end();
  };
  std::vector<View*> views;
  for (View* operand : operands) views.push_back(operand);
  for (const core::Var v : later) {
    if (values_[v] && reads(*values_[v]) && !own.contains(v)) return;
    if (values_[v]) views.push_back(&*values_[v]);
  }
  std::erase_if(views, [&](const View* view) { return !reads(*view); });
  if (!std::all_of(views.begin(), views.end(), [&](const View* view) { return isMuchSmaller(view->type, type); })) return;
  for (View* view : views) *view = materialised(*view, kernel_.buffers[*buffer].name + "_part");
}

void Bufferiser::loop(const core::Stmt& s) {
  const core::Region& body = s.regions[0];
  const std::size_t carries = static_cast<std::size_t>(s.attrs.carries);
  std::vector<BufferId> buffers;
  for (std::size_t i = 0; i < s.results.size(); ++i) {
    const core::VarInfo& info = fn_.vars[s.results[i]];
    std::string name = info.name;
    if (i < carries && name.empty()) name = fn_.vars[body.params[i]].name;
    if (name.empty()) name = (i < carries ? "carry" : "stack") + std::to_string(s.results[i]);
    buffers.push_back(newBuffer(info.type, name));
  }
  for (std::size_t i = 0; i < carries; ++i) copy(Target{buffers[i], {}}, viewOf(s.args[i], typeOf(s, i)));

  const Int t =
      s.attrs.defines ? *s.attrs.defines : newInt(IntInfo{IntInfo::Kind::Loop, "t" + std::to_string(s.results.empty() ? 0 : s.results[0]), {}, {}});
  describeInt(kernel_, t, IntInfo::Kind::Loop, s.attrs.extent - Dim(1));
  const Dim step = Dim::variable(t);
  for (std::size_t i = 0; i < body.params.size(); ++i) {
    if (i < carries) {
      define(body.params[i], bufferView(kernel_, buffers[i]));
      continue;
    }
    std::vector<AxisValue> row{AxisValue{Index{step, {}, false}, {}}};
    const core::Type& type = fn_.typeOf(body.params[i]);
    for (const Dim& c : coordinates(type.dims.size())) row.push_back(AxisValue{Index{c, {}, false}, {}});
    define(body.params[i], seen(valueOf(s.args[i].var), type, row));
  }

  Block* outside = block_;
  const Facts before = facts_;
  For loop{t, s.attrs.extent, s.attrs.reversed, {}};
  block_ = &loop.body;
  facts_.addRange(t, s.attrs.extent);
  statements(body.params, body.stmts, body.yields);
  std::vector<std::pair<Target, View>> copies;
  for (std::size_t i = carries; i < body.yields.size(); ++i) {
    core::Type row = typeOf(s, i);
    row.dims.erase(row.dims.begin());
    copies.emplace_back(Target{buffers[i], {step}}, viewOf(body.yields[i], row));
  }
  for (std::size_t i = 0; i < carries; ++i) copies.emplace_back(Target{buffers[i], {}}, viewOf(body.yields[i], typeOf(s, i)));
  copyAll(std::move(copies));
  block_ = outside;
  facts_ = before;
  block_->push_back(Statement{std::move(loop)});
  for (std::size_t i = 0; i < s.results.size(); ++i) define(s.results[i], bufferView(kernel_, buffers[i]));
}

void Bufferiser::cond(const core::Stmt& s) {
  if (s.args[0].isLiteral) {
    const core::Region& arm = s.regions[s.args[0].literal.bits != 0 ? 0 : 1];
    statements(arm.params, arm.stmts, arm.yields);
    for (std::size_t i = 0; i < s.results.size(); ++i) define(s.results[i], viewOf(arm.yields[i], typeOf(s, i)));
    return;
  }
  const View& p = valueOf(s.args[0].var);
  auto condition = wholeBuffer(kernel_, p);
  if (!condition) condition = wholeBuffer(kernel_, materialised(p, "condition"));
  std::vector<BufferId> buffers;
  for (std::size_t i = 0; i < s.results.size(); ++i) buffers.push_back(result(s, i));
  If branch;
  branch.condition = *condition;
  Block* outside = block_;
  const Facts before = facts_;
  for (std::size_t arm : {0, 1}) {
    block_ = arm == 0 ? &branch.then : &branch.otherwise;
    statements(s.regions[arm].params, s.regions[arm].stmts, s.regions[arm].yields);
    std::vector<std::pair<Target, View>> copies;
    for (std::size_t i = 0; i < buffers.size(); ++i) copies.emplace_back(Target{buffers[i], {}}, viewOf(s.regions[arm].yields[i], typeOf(s, i)));
    copyAll(std::move(copies));
    facts_ = before;
  }
  block_ = outside;
  block_->push_back(Statement{std::move(branch)});
}

namespace {

/// Sets `clamp` on every index of a load that is not proven to lie inside. Of an extent that may be zero there is nothing to load: zero.
void clampLoads(std::vector<Expr>& exprs, const Facts& facts) {
  for (Expr& e : exprs) {
    if (e.kind != Expr::Kind::Load) continue;
    for (std::size_t d = 0; d < e.access.index.size(); ++d) {
      Index& i = e.access.index[d];
      if (!i.clamp && (i.gather || !facts.within(i.affine, e.access.shape[d]))) i.clamp = true;
      if (i.clamp && !facts.nonNegative(e.access.shape[d] - Dim(1))) e.access.zeroOutside = true;
    }
  }
}

void clampBlock(Block& block, Facts facts) {
  for (Statement& s : block) {
    if (auto* n = std::get_if<Nest>(&s.node)) {
      Facts inside = facts;
      inside.addAxes(n->axes);
      inside.addAxes(n->reduceAxes);
      clampLoads(n->exprs, inside);
    } else if (auto* c = std::get_if<Scatter>(&s.node)) {
      Facts inside = facts;
      inside.addAxes(c->axes);
      inside.addAxes(c->updates);
      clampLoads(c->exprs, inside);
    } else if (auto* f = std::get_if<For>(&s.node)) {
      Facts inside = facts;
      inside.addRange(f->var, f->extent);
      clampBlock(f->body, std::move(inside));
    } else if (auto* i = std::get_if<If>(&s.node)) {
      clampBlock(i->then, facts);
      clampBlock(i->otherwise, facts);
    } else if (auto* l = std::get_if<Let>(&s.node)) {
      facts.addLet(l->var, l->value, !l->buffer);
    }
  }
}

}  // namespace

void clampUnproven(Kernel& kernel) { clampBlock(kernel.body, Facts()); }

Kernel bufferiseWithCopies(const core::Module& module, const core::Fn& fn) {
  Kernel kernel = Bufferiser(module, fn).run();
  clampUnproven(kernel);
  return kernel;
}

Kernel bufferise(const core::Module& module, const core::Fn& fn) {
  Kernel kernel = bufferiseWithCopies(module, fn);
  removeDead(kernel);
  coalesce(kernel);
  return kernel;
}

}  // namespace fedc::kernel
