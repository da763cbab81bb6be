#include <fmt/format.h>

#include "compiler/core/scalar.h"
#include "compiler/transform/specialise/sequence.h"

/// Secure sums. What a client adds is checked where it is, then goes up as u64: a cohort has fewer than 2^32 clients, so that only a sum of 64-bit
/// integers could wrap, which is checked, too. They stay edges of their own in the graph: a protocol takes their place without a change of programs.
namespace fedc::transform::specialise {

using check::BinaryOp;
using check::Builtin;
using core::Elem;
using core::Literal;
using core::Op;
using core::Type;

namespace {

core::UpEdge::Kind kindOf(Builtin b) {
  switch (b) {
    case Builtin::FederatedSecureSum: return core::UpEdge::Kind::SecureSum;
    case Builtin::FederatedSecureSumBitwidth: return core::UpEdge::Kind::SecureSumBitwidth;
    default: return core::UpEdge::Kind::SecureModularSum;
  }
}

bool isWide(Elem e) { return e == Elem::I64 || e == Elem::U64; }

Leaf whole(Elem elem, std::int64_t value) { return Value::literal(Literal::ofInt(elem, value)).leaf; }

}  // namespace

Value Specialiser::secureSum(Builtin b, const Value& x, const Value& limit, Span span) {
  const std::string name = check::builtinName(b);
  const std::vector<Leaf> limits = leavesOf(limit);
  // A number that is known, as messages show it.
  const auto shown = [](const Leaf& m) -> std::string {
    if (!m.atom.isLiteral || !m.type.dims.empty()) return "";
    return fmt::format(" ({})", core::isSigned(m.type.elem) ? std::to_string(m.atom.literal.toInt()) : std::to_string(m.atom.literal.bits));
  };
  // A literal for leaves of several types, in the type of each. No integer of a type is above its largest one.
  const auto limitOf = [&](std::size_t i) {
    const Leaf& m = limits.size() == 1 ? limits[0] : limits[i];
    const Elem e = leavesOf(x)[i].type.elem;
    if (b == Builtin::FederatedSecureSumBitwidth || m.type.elem == e || !m.atom.isLiteral) return m;
    const Literal most = core::reduceIdentity(core::ReduceKind::Min, e);
    const std::int64_t number = m.atom.literal.toInt();
    const bool fits = number <= 0 || static_cast<std::uint64_t>(number) <= most.bits;
    if (!fits && b == Builtin::FederatedSecureModularSum)
      stop(Code::AssertionFails, span, fmt::format("the modulus of `{}` is above what `{}` can hold", name, core::elemName(e)));
    return whole(e, fits ? number : most.toInt());
  };
  const auto wide = [&](const Leaf& l) { return convert(Value::of(l), Elem::U64, span).leaf; };
  const auto leafwise = [&](const Value& form, const std::function<Leaf(std::size_t)>& make) {
    std::vector<Leaf> out;
    for (std::size_t i = 0, n = leavesOf(form).size(); i < n; ++i) out.push_back(make(i));
    return withLeaves(form, out);
  };

  /// What a client adds, checked against the limit: from 0, as u64.
  const auto taken = [&](const Leaf& q, const Leaf& m) {
    const Leaf zero = whole(q.type.elem, 0);
    if (b == Builtin::FederatedSecureModularSum) {
      checkAll(binaryLeaf(BinaryOp::Gt, m, whole(m.type.elem, 0), span), span, fmt::format("the modulus of `{}` is not above 0", name));
      // The remainder that is never negative, whatever the sign of q.
      const Leaf r = binaryLeaf(BinaryOp::Rem, q, m, span);
      if (!core::isSigned(q.type.elem)) return wide(r);
      return wide(elementwise(Op::Select, {binaryLeaf(BinaryOp::Lt, r, zero, span), binaryLeaf(BinaryOp::Add, r, m, span), r}, span));
    }
    if (core::isSigned(q.type.elem)) {
      checkAll(binaryLeaf(BinaryOp::Ge, q, zero, span), span, fmt::format("a client gives a negative number to `{}`", name));
    }
    if (b == Builtin::FederatedSecureSum) {
      if (core::isSigned(m.type.elem))
        checkAll(binaryLeaf(BinaryOp::Ge, m, whole(m.type.elem, 0), span), span, fmt::format("`max` of `{}` is below 0", name));
      checkAll(binaryLeaf(BinaryOp::Le, q, m, span), span, fmt::format("a client gives a number above `max`{} to `{}`", shown(m), name));
      return wide(q);
    }
    if (m.atom.isLiteral && (m.atom.literal.toInt() < 1 || m.atom.literal.toInt() > 64))
      stop(Code::AssertionFails, span, fmt::format("the bits of `{}` are not 1 to 64", name));
    const Leaf bits = convert(Value::of(m), Elem::I64, span).leaf;
    const Leaf fits = binaryLeaf(BinaryOp::And, binaryLeaf(BinaryOp::Ge, bits, whole(Elem::I64, 1), span),
                                 binaryLeaf(BinaryOp::Le, bits, whole(Elem::I64, 64), span), span);
    checkAll(fits, span, fmt::format("the bits of `{}` are not 1 to 64", name));
    const Leaf unused = binaryLeaf(BinaryOp::Sub, whole(Elem::U64, 64), wide(bits), span);
    const Leaf most = binaryLeaf(BinaryOp::Shr, Value::literal(core::reduceIdentity(core::ReduceKind::Min, Elem::U64)).leaf, unused, span);
    checkAll(binaryLeaf(BinaryOp::Le, wide(q), most, span), span,
             fmt::format("a client gives a number of more bits than `bits`{} to `{}`", shown(m), name));
    return wide(q);
  };
  const std::vector<Leaf> added = leavesOf(x);
  const auto sum = [&](const Leaf& a, const Leaf& y, std::size_t i) {
    const Leaf s = binaryLeaf(BinaryOp::Add, a, y, span);
    if (!isWide(added[i].type.elem)) return s;
    checkAll(binaryLeaf(BinaryOp::Ge, s, a, span), span, fmt::format("the sum of `{}` needs more than 64 bits", name));
    return s;
  };
  const auto reduced = [&](const Leaf& a, const Leaf& y, std::size_t i) {
    // a and y are below the modulus; a sum that wraps is above it.
    const Leaf m = wide(limitOf(i));
    const Leaf s = binaryLeaf(BinaryOp::Add, a, y, span);
    const Leaf above = binaryLeaf(BinaryOp::Or, binaryLeaf(BinaryOp::Lt, s, a, span), binaryLeaf(BinaryOp::Ge, s, m, span), span);
    return elementwise(Op::Select, {above, binaryLeaf(BinaryOp::Sub, s, m, span), s}, span);
  };
  const auto add = [&](const Value& a, const Value& y) {
    const std::vector<Leaf> as = leavesOf(a), ys = leavesOf(y);
    return leafwise(x, [&](std::size_t i) { return b == Builtin::FederatedSecureModularSum ? reduced(as[i], ys[i], i) : sum(as[i], ys[i], i); });
  };
  const auto zero = [&] {
    return map(x, [&](const Leaf& l) { return Value::literal(Literal::zero(Elem::U64), Type{Elem::U64, l.type.dims}).leaf; });
  };
  // Checked, and reduced, before it is sent: what crosses is all that the server learns.
  const auto sent = [&] {
    const Home home = homeOf(x);
    InHome scope(*this, Home{Home::Kind::Clients, std::max(1, home.level)});
    const std::vector<core::SlotInfo> names = slotsOf(x, "x");
    return leafwise(x, [&](std::size_t i) {
      const Leaf l = convert(Value::of(taken(added[i], limitOf(i))), added[i].type.elem, span).leaf;
      if (!l.atom.isLiteral && l.home.kind != Home::Kind::Static) homeFn(l.home).fn.vars[l.atom.var].name = names[i].name;
      return l;
    });
  };
  const auto accumulate = [&](const Value& a, const Value& y) {
    const std::vector<Leaf> ys = leavesOf(y);
    return add(a, leafwise(x, [&](std::size_t i) { return wide(ys[i]); }));
  };
  const auto report = [&](const Value& a) {
    return zip(a, x, span, [&](const Leaf& s, const Leaf& l) {
      if (l.type.elem != Elem::U64) {
        checkAll(binaryLeaf(BinaryOp::Le, s, wide(Value::literal(core::reduceIdentity(core::ReduceKind::Min, l.type.elem)).leaf), span), span,
                 fmt::format("the sum of `{}` does not fit `{}`", name, core::elemName(l.type.elem)));
      }
      return convert(Value::of(s), l.type.elem, span).leaf;
    });
  };
  return aggregate(kindOf(b), sent(), zero, accumulate, add, report, span);
}

}  // namespace fedc::transform::specialise
