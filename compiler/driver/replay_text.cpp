#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "compiler/core/finite.h"
#include "compiler/core/op_table.h"
#include "compiler/core/strings.h"
#include "compiler/driver/replay.h"
#include "runtime/process/run_record.h"

namespace fedc::driver {

namespace {

using core::Op;

/// Arrays up to this are shown whole; of longer ones so many elements.
constexpr std::int64_t kWhole = 8;
constexpr std::int64_t kFirst = 4;

std::string scalarText(core::Literal value) {
  if (value.elem == core::Elem::Key) return fmt::format("key {:016x}", value.bits);
  if (value.elem == core::Elem::Str) return core::quoted(core::textOf(static_cast<core::StringId>(value.bits)));
  // A NaN has no sign that means anything.
  return core::isNan(value) ? "nan" : runtime::exactText(value);
}

double numberOf(core::Literal value) {
  if (core::isFloat(value.elem)) return value.toDouble();
  return value.elem == core::Elem::U64 ? static_cast<double>(value.bits) : static_cast<double>(value.toInt());
}

/// Six digits are enough to see what is what.
std::string roundText(double value) { return fmt::format("{:.6g}", value); }

/// `[3, 4]` of the element at a place in row-major order.
std::string placeText(const std::vector<std::int64_t>& shape, std::int64_t flat) {
  std::vector<std::int64_t> at(shape.size());
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    at[axis] = flat % shape[axis];
    flat /= shape[axis];
  }
  return fmt::format("[{}]", fmt::join(at, ", "));
}

std::string elementsText(const core::Array& value, std::int64_t count) {
  std::vector<std::string> texts;
  for (std::int64_t i = 0; i < count; ++i) texts.push_back(scalarText(value.at(i)));
  return fmt::format("{}", fmt::join(texts, ", "));
}

const char* signOf(Op op) {
  switch (op) {
    case Op::Add: return "+";
    case Op::Sub: return "-";
    case Op::Mul: return "*";
    case Op::Div: return "/";
    case Op::Rem: return "%";
    default: return nullptr;
  }
}

std::string wholeText(const core::Stmt& s) {
  switch (s.op) {
    case Op::Reduce: return s.attrs.reduce == core::ReduceKind::Prod ? "the product" : "the sum";
    case Op::Cumulative: return s.attrs.reduce == core::ReduceKind::Prod ? "a running product" : "a running sum";
    case Op::Contract: return "a sum of products";
    case Op::Scatter: return "a sum of what goes to one place";
    default: return fmt::format("`{}`", core::opName(s.op));
  }
}

std::string frameText(const core::Site& site) {
  return site.kind == core::Site::Kind::Derivative ? "its derivative is computed for this" : fmt::format("in this call of `{}`", site.message);
}

}  // namespace

std::string valueText(const core::Array& value) {
  if (value.shape().empty()) return scalarText(value.at(0));
  const std::int64_t count = value.count();
  const std::string type = fmt::format("{}[{}]", core::elemName(value.elem()), fmt::join(value.shape(), ", "));
  if (count <= kWhole) return fmt::format("{}: {}", type, elementsText(value, count));
  if (!core::isNumeric(value.elem())) return fmt::format("{}: first {}, …", type, elementsText(value, kFirst));
  double least = INFINITY, greatest = -INFINITY, sum = 0;
  std::int64_t finite = 0, first = -1;
  for (std::int64_t i = 0; i < count; ++i) {
    const double x = numberOf(value.at(i));
    if (!std::isfinite(x)) {
      if (first < 0) first = i;
      continue;
    }
    ++finite;
    least = std::min(least, x);
    greatest = std::max(greatest, x);
    sum += x;
  }
  std::string text = type + ": ";
  if (finite > 0)
    text += fmt::format("min {}, max {}, mean {}, ", roundText(least), roundText(greatest), roundText(sum / static_cast<double>(finite)));
  text += fmt::format("first {}, …", elementsText(value, kFirst));
  if (first >= 0) text += fmt::format("; {} not finite, the first at {}", count - finite, placeText(value.shape(), first));
  return text;
}

std::string birthText(const core::Birth& birth) {
  const std::string value = scalarText(birth.value);
  std::vector<std::string> operands;
  for (const core::Literal operand : birth.operands) operands.push_back(scalarText(operand));
  if (const char* sign = signOf(birth.stmt->op); sign != nullptr && operands.size() == 2)
    return fmt::format("{} {} {} is {}", operands[0], sign, operands[1], value);
  if (birth.stmt->op == Op::Fma && operands.size() == 3) return fmt::format("{} * {} + {} is {}", operands[0], operands[1], operands[2], value);
  if (!operands.empty()) return fmt::format("{}({}) is {}", core::opName(birth.stmt->op), fmt::join(operands, ", "), value);
  return fmt::format("{} of {} numbers is {}", wholeText(*birth.stmt), birth.ofInfinities ? "infinite" : "finite", value);
}

const core::Site* reachedName(const Origin& origin) {
  if (!origin.birth) return nullptr;
  for (const int reached : origin.birth->reached) {
    const core::Site& site = origin.program->module.sites[static_cast<std::size_t>(reached)];
    if (site.kind == core::Site::Kind::Named) return &site;
  }
  return nullptr;
}

Diagnostic birthDiagnostic(const Origin& origin, const std::string& message, const std::string& client, const SourceManager& sources) {
  const std::string where = client.empty() ? "at the server" : fmt::format("at client `{}`", client);
  if (!origin.birth) {
    Diagnostic d(Code::NonFiniteBorn, Span{}, message);
    d.notes.push_back(fmt::format("`{}` in the data of client `{}` is not finite", origin.feature, client));
    return d;
  }
  const core::Birth& birth = *origin.birth;
  const core::Module& module = origin.program->module;
  Diagnostic d(Code::NonFiniteBorn, birth.stmt->span, message);
  d.primaryLabel = fmt::format("{} {}", birthText(birth), where);
  // The calls around it, the innermost first.
  for (int call = birth.where.call; call >= 0 && d.labels.size() < 3; call = module.sites[static_cast<std::size_t>(call)].within) {
    const core::Site& site = module.sites[static_cast<std::size_t>(call)];
    // The first is the entry, which nobody calls.
    if (site.within >= 0 && site.span.isValid() && site.span != d.primary) d.labels.push_back({site.span, frameText(site)});
  }
  if (const core::Site* named = reachedName(origin))
    d.notes.push_back(fmt::format("it goes to `{}`, at {}", named->message, sources.describe(named->span)));
  if (birth.shape.find('[') != std::string::npos) d.notes.push_back(fmt::format("in element {} of {}", birth.element, birth.shape));
  for (const core::LoopStep& step : birth.where.steps)
    d.notes.push_back(fmt::format("in step {} of 0 to {} of the loop at {}", step.index, step.trips - 1, sources.describe(step.loop->span)));
  return d;
}

}  // namespace fedc::driver
