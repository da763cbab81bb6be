#include "compiler/core/strings.h"

#include <cassert>

#include "compiler/transform/specialise/specialiser.h"

// What is known of literals is worked out here; the rest is ops of Core IR.
namespace fedc::transform::specialise {

using check::Builtin;
using core::Elem;
using core::Op;

namespace {

std::string_view textOf(const Leaf& l) {
  assert(l.atom.isLiteral && l.type.elem == Elem::Str);
  return core::textOf(static_cast<core::StringId>(l.atom.literal.bits));
}

}  // namespace

std::string Specialiser::textOf(const Value& v) { return std::string(specialise::textOf(v.leaf)); }

Value Specialiser::stringBuiltin(Builtin b, const OptionalArgs& args, Span span) {
  const Leaf& s = args[0]->leaf;
  const bool known = s.atom.isLiteral;
  const auto integer = [](Elem e, std::int64_t value) { return Value::literal(Literal::ofInt(e, value)); };
  const auto length = [&] {
    return known ? integer(Elem::I32, static_cast<std::int64_t>(specialise::textOf(s).size())) : Value::of(elementwise(Op::StrLength, {s}, span));
  };
  // As many elements as a run-time number says, at most `most`.
  const auto widened = [&](Op op, const std::vector<Leaf>& operands, const Value& count, std::int64_t most) {
    core::Attrs attrs;
    attrs.extent = dimFrom(count, Dim(most), span);
    std::vector<core::Atom> atoms;
    for (const Leaf& l : operands) atoms.push_back(use(l));
    return Value::of(leaf(builder(span).emit1(op, std::move(atoms), attrs)));
  };
  switch (b) {
    case Builtin::Len: return length();
    case Builtin::Bytes: return widened(Op::StrBytes, {s}, length(), core::kMaxStringBytes);
    case Builtin::Hash: {
      const Leaf seed = convert(*args[1], Elem::I64, span).leaf;
      if (known && seed.atom.isLiteral)
        return integer(Elem::U64, static_cast<std::int64_t>(core::hashString(specialise::textOf(s), seed.atom.literal.toInt())));
      return Value::of(elementwise(Op::StrHash, {s, seed}, span));
    }
    default: break;
  }
  const Leaf& by = args[1]->leaf;
  const char* const empty = "the separator of `split` is the empty string";
  const Leaf written = binaryLeaf(check::BinaryOp::Ne, by, Value::literal({Elem::Str, core::kEmptyString}).leaf, span);
  if (!written.atom.isLiteral) {
    check(use(written), span, empty);
  } else if (written.atom.literal.bits == 0) {
    stop(Code::AssertionFails, span, empty);
  }
  const Value parts = known && by.atom.isLiteral ? integer(Elem::I32, core::countParts(specialise::textOf(s), specialise::textOf(by)))
                                                 : Value::of(elementwise(Op::StrCount, {s, by}, span));
  return widened(Op::StrSplit, {s, by}, parts, core::kMaxStringBytes + 1);
}

}  // namespace fedc::transform::specialise
