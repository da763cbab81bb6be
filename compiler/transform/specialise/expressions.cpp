#include <algorithm>
#include <cassert>

#include "compiler/core/op_table.h"
#include "compiler/core/strings.h"
#include "compiler/transform/specialise/sequence.h"

namespace fedc::transform::specialise {

using check::BinaryOp;
using check::ExprKind;
using core::Atom;
using core::Elem;
using core::Op;
using core::Type;

Home Specialiser::join(const Args& values) const {
  Home home;
  auto meet = [&](const Home& h) {
    if (h.kind == Home::Kind::Static) return;
    if (home.kind == Home::Kind::Static) {
      home = h;
      return;
    }
    // What meets clients' values, a plain argument of `main` or what the checker has seen being sent down, is at the clients.
    const bool atClients = home.kind == Home::Kind::Clients || h.kind == Home::Kind::Clients;
    home = Home{atClients ? Home::Kind::Clients : home.kind, std::max(home.level, h.level)};
  };
  std::function<void(const Sequence&)> sequence = [&](const Sequence& s) {
    meet(s.home);
    if (s.argument) meet(join({*s.argument}));
    for (const auto& inner : s.inner) sequence(*inner);
  };
  std::function<void(const Value&)> walk = [&](const Value& v) {
    if (v.kind == Value::Kind::Leaf) meet(v.leaf.home);
    if (v.kind == Value::Kind::Sequence) sequence(*v.sequence);
    for (const Value& item : v.items) walk(item);
  };
  for (const Value& v : values) walk(v);
  return home;
}

Value Specialiser::functionValue(Closure closure) {
  Value v;
  v.kind = Value::Kind::Function;
  v.function = std::make_shared<const Closure>(std::move(closure));
  return v;
}

Value Specialiser::eval(const check::Expr& e, Env& env) {
  const Nested nested(depth_, kMaxEvaluationDepth);
  current_ = e.span;
  switch (e.kind) {
    case ExprKind::Literal: {
      Value v = Value::literal(e.literal);
      return v;
    }
    case ExprKind::String: {
      if (const auto problem = core::stringProblem(e.text)) stop(Code::ProgramTooLarge, e.span, "this is " + *problem);
      return Value::literal({Elem::Str, core::intern(e.text)});
    }
    case ExprKind::Local: {
      const Value* v = env.find(e.local->id);
      if (v == nullptr) {
        // A dimension of the signature used as a value.
        stop(Code::NotYetSupported, e.span, "`" + e.local->name + "` has no value here");
      }
      return *v;
    }
    case ExprKind::Param: return evalParam(e);
    case ExprKind::Global: return evalGlobal(*e.global);
    case ExprKind::Function: {
      Closure c;
      c.kind = Closure::Kind::Instance;
      c.instance = e.instance;
      c.type = e.type;
      c.span = e.span;
      return functionValue(std::move(c));
    }
    case ExprKind::BuiltinFunction: {
      Closure c;
      c.kind = Closure::Kind::Builtin;
      c.builtin = e.builtin;
      c.type = e.type;
      c.span = e.span;
      c.env = env;
      return functionValue(std::move(c));
    }
    case ExprKind::Lambda: {
      Closure c;
      c.kind = e.lambda == nullptr ? Closure::Kind::Open : Closure::Kind::Lambda;
      c.lambda = e.lambda;
      c.type = e.type;
      c.env = env;
      c.span = e.span;
      return functionValue(std::move(c));
    }
    case ExprKind::Resolve: {
      Value base = eval(*e.operands[0], env);
      Closure c = function(base, e.span);
      c.kind = Closure::Kind::Lambda;
      c.lambda = e.lambda;
      c.type = e.type;
      return functionValue(std::move(c));
    }
    case ExprKind::Call: {
      Value f = eval(*e.operands[0], env);
      Args args;
      for (std::size_t i = 1; i < e.operands.size(); ++i) args.push_back(eval(*e.operands[i], env));
      return call(function(f, e.span), std::move(args), e.span);
    }
    case ExprKind::BuiltinCall: return builtinCall(e, env);
    case ExprKind::Struct:
    case ExprKind::Tuple: {
      Args items;
      for (const auto& operand : e.operands) items.push_back(eval(*operand, env));
      return Value::tuple(std::move(items));
    }
    case ExprKind::Update: {
      Value v = eval(*e.operands[0], env);
      for (std::size_t i = 0; i < e.fieldIndices.size(); ++i) v.items[static_cast<std::size_t>(e.fieldIndices[i])] = eval(*e.operands[i + 1], env);
      return v;
    }
    case ExprKind::Array: {
      Args items;
      for (const auto& operand : e.operands) items.push_back(eval(*operand, env));
      if (items.empty()) {
        return zerosLike(e.type, env, &Literal::zero, e.span);
      }
      return stacked(items, e.span);
    }
    case ExprKind::Field:
    case ExprKind::Item: {
      Value v = eval(*e.operands[0], env);
      assert(static_cast<std::size_t>(e.index) < v.items.size());
      return v.items[static_cast<std::size_t>(e.index)];
    }
    case ExprKind::Index: {
      Value v = eval(*e.operands[0], env);
      return index(v, e.subscripts, env, e.span);
    }
    case ExprKind::Unary: {
      Value v = eval(*e.operands[0], env);
      if (e.unary == check::UnaryOp::Neg && v.kind == Value::Kind::Leaf && v.leaf.atom.isLiteral) {
        const Literal& l = v.leaf.atom.literal;
        Literal negated = core::isFloat(l.elem) ? Literal::ofDouble(l.elem, -l.toDouble())
                                                : Literal::ofInt(l.elem, static_cast<std::int64_t>(0U - static_cast<std::uint64_t>(l.toInt())));
        return Value::literal(negated, v.leaf.type);
      }
      Lifted scope(*this, homeOf(v));
      return map(v, [&](const Leaf& l) {
        Leaf r = elementwise(e.unary == check::UnaryOp::Neg ? Op::Neg : Op::Not, {l}, e.span);
        if (e.unary == check::UnaryOp::Neg && l.number) r.number = Dim(0) - *l.number;
        return r;
      });
    }
    case ExprKind::Binary: return evalBinary(e, env);
    case ExprKind::Convert: {
      Value v = eval(*e.operands[0], env);
      Lifted scope(*this, homeOf(v));
      return convert(v, unplaced(e.type)->elem, e.span);
    }
    case ExprKind::As: {
      Value v = eval(*e.operands[0], env);
      Lifted scope(*this, homeOf(v));
      return evalAs(v, unplaced(e.type), env, e.span);
    }
    case ExprKind::If: return evalIf(e, env);
    case ExprKind::Block: {
      // Assignments to outer variables stay; what the block binds itself has other ids and does no harm.
      for (const check::Stmt& s : e.stmts) exec(s, env);
      if (e.operands.empty() || e.operands[0] == nullptr) return Value::unit();
      return eval(*e.operands[0], env);
    }
    case ExprKind::Range: {
      Args items;
      for (const auto& operand : e.operands) items.push_back(eval(*operand, env));
      Value v = Value::tuple(std::move(items));
      v.kind = Value::Kind::Range;
      return v;
    }
    case ExprKind::Place: return eval(*e.operands[0], env);
    case ExprKind::DimValue: return number(evalDim(e.dim, env, e.span), Elem::I32, e.span);
  }
  return Value::unit();
}

Value Specialiser::evalParam(const check::Expr& e) {
  for (const check::Param& p : typed_.params) {
    if (p.name != e.name) continue;
    if (p.isStatic) return Value::literal(p.value);
    Origin origin;
    origin.kind = Origin::Kind::Param;
    origin.name = p.name;
    Leaf l;
    l.home = Home{};
    l.type = Type{p.elem, {}};
    l.atom = Atom::of(param(static_, origin, l.type, p.name));
    return Value::of(std::move(l));
  }
  stop(Code::NotYetSupported, e.span, "the param `" + e.name + "` is unknown");
}

Value Specialiser::evalGlobal(const check::GlobalLet& global) {
  if (auto found = globals_.find(&global); found != globals_.end()) return found->second;
  Value v;
  {
    InHome scope(*this, Home{});
    Env env;
    v = eval(*global.value, env);
  }
  globals_.emplace(&global, v);
  return v;
}

Value Specialiser::evalIf(const check::Expr& e, Env& env) {
  Value condition = eval(*e.operands[0], env);
  auto otherwise = e.operands.size() > 2 ? e.operands[2] : nullptr;
  if (condition.leaf.atom.isLiteral) {
    if (condition.leaf.atom.literal.bits != 0) return eval(*e.operands[1], env);
    return otherwise ? eval(*otherwise, env) : Value::unit();
  }
  if (federated_) {
    // The condition is not placed, so it is computed from params and literals alone, but not known before the run.
    stop(Code::SizeNotKnown, e.operands[0]->span, "a condition between federated steps must be known before the run");
  }
  // Both arms start from the same bindings; what either assigns is a result of the branch.
  const Env before = env;
  std::vector<std::uint32_t> changed;
  auto arm = [&](const check::ExprPtr& body, Env& inner) {
    Value v = body ? eval(*body, inner) : Value::unit();
    for (std::uint32_t id : inner.changedSince(before)) {
      if (std::find(changed.begin(), changed.end(), id) == changed.end()) changed.push_back(id);
    }
    return v;
  };
  core::Region first, second;
  Env thenEnv = before, elseEnv = before;
  Value thenValue, elseValue;
  {
    InRegion scope(*this, first);
    thenValue = arm(e.operands[1], thenEnv);
  }
  {
    InRegion scope(*this, second);
    elseValue = arm(otherwise, elseEnv);
  }
  Args thenAll{thenValue}, elseAll{elseValue};
  for (std::uint32_t id : changed) {
    thenAll.push_back(*thenEnv.find(id));
    elseAll.push_back(*elseEnv.find(id));
  }
  Value a = Value::tuple(std::move(thenAll)), b = Value::tuple(std::move(elseAll));
  std::vector<Leaf> la = leavesOf(a), lb = leavesOf(b);
  if (la.size() != lb.size()) stop(Code::BranchTypes, e.span, "the two arms of this `if` do not give values of one form");
  std::function<void(const Value&, const Value&)> comparable = [&](const Value& x, const Value& y) {
    if (x.kind == Value::Kind::Function || x.kind == Value::Kind::Sequence || y.kind == Value::Kind::Sequence) {
      stop(Code::RunTimeChoice, e.operands[0]->span, "a condition that is not known before the run cannot choose between functions or sequences");
    }
    for (std::size_t i = 0; i < x.items.size() && i < y.items.size(); ++i) comparable(x.items[i], y.items[i]);
  };
  comparable(a, b);
  auto yields = [&](core::Region& region, const std::vector<Leaf>& leaves) {
    InRegion scope(*this, region);
    for (const Leaf& l : leaves) {
      // A scalar literal may stand as a yield; a splat gets its shape.
      region.yields.push_back(useWhole(l, e.span));
    }
  };
  yields(first, la);
  yields(second, lb);
  for (std::size_t i = 0; i < la.size(); ++i) {
    if (la[i].type.dims != lb[i].type.dims) stop(Code::BranchTypes, e.span, "the two arms of this `if` give values of different shapes");
  }
  if (la.empty() && first.stmts.empty() && second.stmts.empty()) return Value::unit();
  Atom p = use(condition.leaf);
  std::vector<core::Region> regions;
  regions.push_back(std::move(first));
  regions.push_back(std::move(second));
  std::vector<Atom> results = builder(e.span).emit(Op::Cond, {p}, {}, std::move(regions));
  std::vector<Leaf> out;
  for (const Atom& r : results) out.push_back(leaf(r));
  Value all = withLeaves(a, out);
  for (std::size_t i = 0; i < changed.size(); ++i) env.bind(changed[i], all.items[i + 1]);
  return all.items[0];
}

Value Specialiser::evalBinary(const check::Expr& e, Env& env) {
  Value a = eval(*e.operands[0], env);
  // `&&` and `||` do not evaluate what they need not.
  if (e.binary == BinaryOp::And || e.binary == BinaryOp::Or) {
    const check::TypeRef type = unplaced(e.type);
    const bool scalar = type->kind == check::TypeKind::Tensor && type->dims.empty();
    if (scalar && a.kind == Value::Kind::Leaf && a.leaf.type.dims.empty()) {
      if (a.leaf.atom.isLiteral) {
        bool first = a.leaf.atom.literal.bits != 0;
        if (first == (e.binary == BinaryOp::Or)) return a;
        return eval(*e.operands[1], env);
      }
      if (!federated_) {
        auto second = [&] {
          Env inner = env;
          return eval(*e.operands[1], inner);
        };
        // A branch only where the right side could fail or costs something: it is evaluated in a region and inlined if it is pure.
        core::Region probe;
        Value b;
        {
          InRegion scope(*this, probe);
          b = second();
        }
        bool checks = false;
        for (const core::Stmt& s : probe.stmts) checks = checks || s.op == Op::Check || s.op == Op::Loop || s.op == Op::Cond;
        if (!checks) {
          for (core::Stmt& s : probe.stmts) here_.into->push_back(std::move(s));
          return binary(e.binary == BinaryOp::And ? BinaryOp::BitAnd : BinaryOp::BitOr, a, b, e.span);
        }
        auto constant = [&](bool v) { return Value::literal(Literal::ofBool(v)); };
        if (e.binary == BinaryOp::And) return branch(a.leaf, e.span, second, [&] { return constant(false); });
        return branch(a.leaf, e.span, [&] { return constant(true); }, second);
      }
    }
    Value b = eval(*e.operands[1], env);
    Lifted scope(*this, join({a, b}));
    return binary(e.binary == BinaryOp::And ? BinaryOp::BitAnd : BinaryOp::BitOr, a, b, e.span);
  }
  Value b = eval(*e.operands[1], env);
  Lifted scope(*this, join({a, b}));
  return binary(e.binary, a, b, e.span);
}

Value Specialiser::convert(const Value& v, Elem to, Span span) {
  return map(v, [&](const Leaf& l) {
    if (l.type.elem == to) return l;
    Type type{to, l.type.dims};
    if (l.atom.isLiteral) {
      const Literal& from = l.atom.literal;
      // What a float becomes as an integer is not known before the run, however it is written.
      if (!core::isFloat(from.elem) || core::isFloat(to)) return Value::literal(core::evaluate(Op::Convert, {&from, 1}, to), type).leaf;
    }
    Leaf r = leaf(builder(span).convert(useWhole(l, span), to));
    if (l.number && core::isInteger(to)) r.number = l.number;
    return r;
  });
}

Value Specialiser::evalAs(const Value& v, const check::TypeRef& type, Env& env, Span span) {
  // Names in the type that are unknown here get the value's sizes; the others are compared at run time.
  bindDims(type, v, env);
  std::function<Value(const Value&, const check::TypeRef&, std::vector<Dim>)> walk = [&](const Value& x, const check::TypeRef& t,
                                                                                         std::vector<Dim> leading) -> Value {
    if (t->kind == check::TypeKind::Array) {
      leading.push_back(evalDim(t->extent, env, span));
      return walk(x, t->element, leading);
    }
    if (x.kind != Value::Kind::Leaf) {
      Value out = x;
      for (std::size_t i = 0; i < x.items.size(); ++i) {
        out.items[i] = walk(x.items[i], t->kind == check::TypeKind::Struct ? t->fields[i].type : t->items[i], leading);
      }
      return out;
    }
    std::vector<Dim> wanted = leading;
    for (const Dim& d : t->dims) wanted.push_back(evalDim(d, env, span));
    if (wanted == x.leaf.type.dims) return x;
    Leaf l = x.leaf;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const Dim& have = l.type.dims[i];
      if (have == wanted[i]) continue;
      if (have.constant() && wanted[i].constant()) {
        stop(Code::SizesDiffer, span,
             "this value has size " + std::to_string(*have.constant()) + " on axis " + std::to_string(i) + ", not " +
                 std::to_string(*wanted[i].constant()));
      }
      Leaf a = number(have, Elem::I64, span).leaf, b = number(wanted[i], Elem::I64, span).leaf;
      check(use(elementwise(Op::Eq, {a, b}, span)), span, "the value's size on axis " + std::to_string(i) + " is not what `as` states");
      // From here on the axis has the stated size. Where the check has refused it, the run goes on to its end on something.
      l = reaching(l, static_cast<int>(i), wanted[i], span);
      std::vector<Dim> zero(l.type.dims.size(), Dim(0)), size = l.type.dims;
      core::Attrs attrs;
      attrs.dims = size;
      attrs.dims[i] = wanted[i];
      std::vector<Atom> operands{useWhole(l, span)};
      for (std::size_t k = 0; k < size.size(); ++k) operands.push_back(Atom::of(Literal::ofInt(Elem::I32, 0)));
      l = leaf(builder(span).emit1(Op::DynamicSlice, operands, attrs));
    }
    return Value::of(l);
  };
  return walk(v, type, {});
}

std::optional<Value> Specialiser::fold(BinaryOp op, const Leaf& a, const Leaf& b) {
  if (!a.atom.isLiteral || !b.atom.isLiteral) return std::nullopt;
  const Literal &x = a.atom.literal, &y = b.atom.literal;
  if (x.elem != y.elem) return std::nullopt;
  if (!a.type.dims.empty() || !b.type.dims.empty()) return std::nullopt;
  if (x.elem == Elem::Bool) {
    if (op == BinaryOp::BitAnd) return Value::literal(Literal::ofBool(x.bits != 0 && y.bits != 0));
    if (op == BinaryOp::BitOr) return Value::literal(Literal::ofBool(x.bits != 0 || y.bits != 0));
    if (op == BinaryOp::Eq) return Value::literal(Literal::ofBool(x.bits == y.bits));
    if (op == BinaryOp::Ne) return Value::literal(Literal::ofBool(x.bits != y.bits));
    return std::nullopt;
  }
  auto comparison = [&](auto p, auto q) -> std::optional<bool> {
    switch (op) {
      case BinaryOp::Eq: return p == q;
      case BinaryOp::Ne: return p != q;
      case BinaryOp::Lt: return p < q;
      case BinaryOp::Le: return p <= q;
      case BinaryOp::Gt: return p > q;
      case BinaryOp::Ge: return p >= q;
      default: return std::nullopt;
    }
  };
  if (x.elem == Elem::Str) {
    const auto compared = comparison(core::compareStrings(static_cast<core::StringId>(x.bits), static_cast<core::StringId>(y.bits)), 0);
    return compared ? std::optional(Value::literal(Literal::ofBool(*compared))) : std::nullopt;
  }
  if (core::isInteger(x.elem)) {
    auto compared = core::isSigned(x.elem) ? comparison(x.toInt(), y.toInt()) : comparison(x.bits, y.bits);
    if (compared) return Value::literal(Literal::ofBool(*compared));
    auto p = static_cast<std::uint64_t>(x.toInt()), q = static_cast<std::uint64_t>(y.toInt());
    switch (op) {
      case BinaryOp::Add: return Value::literal(Literal::ofInt(x.elem, static_cast<std::int64_t>(p + q)));
      case BinaryOp::Sub: return Value::literal(Literal::ofInt(x.elem, static_cast<std::int64_t>(p - q)));
      case BinaryOp::Mul: return Value::literal(Literal::ofInt(x.elem, static_cast<std::int64_t>(p * q)));
      case BinaryOp::Div:
      case BinaryOp::Rem: {
        // Division by zero stays for the run, where it is an error; MIN / -1 too.
        if (y.toInt() == 0 || y.toInt() == -1 || !core::isSigned(x.elem)) return std::nullopt;
        return Value::literal(Literal::ofInt(x.elem, op == BinaryOp::Div ? x.toInt() / y.toInt() : x.toInt() % y.toInt()));
      }
      default: return std::nullopt;
    }
  }
  if (core::isFloat(x.elem)) {
    if (auto compared = comparison(x.toDouble(), y.toDouble())) return Value::literal(Literal::ofBool(*compared));
  }
  Op core = Op::Add;
  switch (op) {
    case BinaryOp::Add: core = Op::Add; break;
    case BinaryOp::Sub: core = Op::Sub; break;
    case BinaryOp::Mul: core = Op::Mul; break;
    case BinaryOp::Div: core = Op::Div; break;
    default: return std::nullopt;
  }
  const Literal operands[2] = {x, y};
  return Value::literal(core::evaluate(core, operands, x.elem));
}

Leaf Specialiser::broadcastTo(const Leaf& l, const std::vector<Dim>& dims, Span span) {
  if (l.type.dims == dims) return l;
  if (l.atom.isLiteral) return Value::literal(l.atom.literal, Type{l.type.elem, dims}).leaf;
  // Trailing dimensions meet; a literal 1 stretches.
  std::size_t skip = dims.size() - l.type.dims.size();
  std::vector<int> axes;
  std::vector<Dim> kept;
  for (std::size_t i = 0; i < l.type.dims.size(); ++i) {
    if (l.type.dims[i].isConstant(1) && !dims[i + skip].isConstant(1)) continue;
    axes.push_back(static_cast<int>(i + skip));
    kept.push_back(l.type.dims[i]);
  }
  Leaf base = kept.size() == l.type.dims.size() ? l : reshape(l, kept, span);
  return leaf(builder(span).broadcast(use(base), dims, axes));
}

std::vector<Dim> Specialiser::align(Leaf& a, Leaf& b, Span span) {
  if (a.type.dims == b.type.dims) return a.type.dims;
  std::vector<Dim> dims;
  std::size_t rank = std::max(a.type.dims.size(), b.type.dims.size());
  for (std::size_t i = 0; i < rank; ++i) {
    auto at = [&](const Leaf& l) -> std::optional<Dim> {
      std::size_t skip = rank - l.type.dims.size();
      if (i < skip) return std::nullopt;
      return l.type.dims[i - skip];
    };
    auto x = at(a), y = at(b);
    if (!x || (y && x->isConstant(1))) {
      dims.push_back(*y);
    } else if (!y || y->isConstant(1) || *x == *y) {
      dims.push_back(*x);
    } else {
      auto name = [&](Dim::Variable v) { return here_.home->fn.dims[v].name; };
      stop(Code::SizesDiffer, span, "the sizes `" + x->print(name) + "` and `" + y->print(name) + "` meet here and are not known to be equal",
           "`as` checks a size at run time");
    }
  }
  a = broadcastTo(a, dims, span);
  b = broadcastTo(b, dims, span);
  return dims;
}

Leaf Specialiser::elementwise(Op op, std::vector<Leaf> operands, Span span) {
  // Literals splat, but a statement needs one variable to have a shape.
  bool variable = false;
  for (const Leaf& l : operands) variable = variable || !l.atom.isLiteral;
  std::vector<Atom> atoms;
  for (const Leaf& l : operands) atoms.push_back(use(l));
  if (!variable && !operands[0].type.dims.empty()) atoms[0] = useWhole(operands[0], span);
  return leaf(builder(span).emit1(op, std::move(atoms)));
}

Leaf Specialiser::matmul(const Leaf& a, const Leaf& b, Span span) {
  // Vectors count as rows on the left and columns on the right; leading axes beyond two are batches of the left operand, or of both.
  int ra = a.type.rank(), rb = b.type.rank();
  assert(ra >= 1 && rb >= 1);
  const Dim& k = a.type.dims.back();
  const Dim& l = b.type.dims[static_cast<std::size_t>(rb >= 2 ? rb - 2 : 0)];
  if (!(k == l)) {
    auto name = [&](Dim::Variable v) { return here_.home->fn.dims[v].name; };
    stop(Code::SizesDiffer, span, "the inner sizes of this product are `" + k.print(name) + "` and `" + l.print(name) + "`");
  }
  std::vector<int> lb, rbatch;
  if (rb > 2) {
    for (int i = 0; i < rb - 2; ++i) {
      lb.push_back(i);
      rbatch.push_back(i);
    }
  }
  return leaf(builder(span).contract(useWhole(a, span), useWhole(b, span), {ra - 1}, {rb >= 2 ? rb - 2 : 0}, lb, rbatch));
}

Leaf Specialiser::binaryLeaf(BinaryOp op, const Leaf& left, const Leaf& right, Span span) {
  if (op == BinaryOp::MatMul) return matmul(left, right, span);
  if (auto folded = fold(op, left, right)) return folded->leaf;
  Leaf a = left, b = right;
  align(a, b, span);
  Op core = Op::Add;
  switch (op) {
    case BinaryOp::Add: core = Op::Add; break;
    case BinaryOp::Sub: core = Op::Sub; break;
    case BinaryOp::Mul: core = Op::Mul; break;
    case BinaryOp::Div: core = Op::Div; break;
    case BinaryOp::Rem: core = Op::Rem; break;
    case BinaryOp::And:
    case BinaryOp::BitAnd: core = Op::And; break;
    case BinaryOp::Or:
    case BinaryOp::BitOr: core = Op::Or; break;
    case BinaryOp::BitXor: core = Op::Xor; break;
    case BinaryOp::Shl: core = Op::Shl; break;
    case BinaryOp::Shr: core = Op::Shr; break;
    case BinaryOp::Eq: core = Op::Eq; break;
    case BinaryOp::Ne: core = Op::Ne; break;
    case BinaryOp::Lt: core = Op::Lt; break;
    case BinaryOp::Le: core = Op::Le; break;
    case BinaryOp::Gt: core = Op::Gt; break;
    case BinaryOp::Ge: core = Op::Ge; break;
    case BinaryOp::MatMul: break;
  }
  if ((core == Op::Div || core == Op::Rem) && core::isInteger(a.type.elem) && !(b.atom.isLiteral && b.atom.literal.bits != 0)) {
    Leaf zero = Value::literal(Literal::zero(b.type.elem), b.type).leaf;
    check(use(elementwise(Op::Ne, {b, zero}, span)), span, core == Op::Div ? "integer division by zero" : "integer remainder by zero");
  }
  // Before and after are a matter of content; equal texts are equal numbers.
  if (a.type.elem == Elem::Str && core != Op::Eq && core != Op::Ne) {
    a = elementwise(Op::StrCompare, {a, b}, span);
    b = Value::literal(Literal::ofInt(Elem::I32, 0), a.type).leaf;
  }
  Leaf out = elementwise(core, {a, b}, span);
  if (a.number && b.number && out.type.dims.empty()) {
    if (op == BinaryOp::Add) out.number = *a.number + *b.number;
    if (op == BinaryOp::Sub) out.number = *a.number - *b.number;
    if (op == BinaryOp::Mul) out.number = *a.number * *b.number;
    auto divisor = b.number->constant();
    if (op == BinaryOp::Div && divisor && *divisor > 0) out.number = Dim::floordiv(*a.number, *b.number);
  }
  return out;
}

Value Specialiser::binary(BinaryOp op, const Value& a, const Value& b, Span span) {
  return zip(a, b, span, [&](const Leaf& x, const Leaf& y) { return binaryLeaf(op, x, y, span); });
}

}  // namespace fedc::transform::specialise
