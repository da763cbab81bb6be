#include "tests/kernel/compare.h"

#include <fmt/format.h>

#include <random>

#include "compiler/core/interpret.h"
#include "compiler/core/ops/interpret_ops.h"
#include "compiler/kernel/bufferise.h"
#include "compiler/kernel/evaluate.h"
#include "compiler/kernel/fuse.h"
#include "compiler/kernel/layout.h"
#include "compiler/kernel/plan.h"
#include "compiler/kernel/text.h"
#include "compiler/kernel/verify.h"
#include "tests/some_strings.h"

namespace fedc::kernel::testing {

using core::Array;

std::vector<Array> randomParams(const core::Fn& fn, const std::vector<std::int64_t>& dims, std::uint64_t seed, std::int64_t limit) {
  std::mt19937_64 random(seed);
  std::vector<std::int64_t> values(fn.dims.size(), 0);
  for (std::size_t i = 0; i < dims.size(); ++i) values[fn.dimParams[i]] = dims[i];
  std::vector<Array> out;
  for (core::Var v : fn.params) {
    const core::Type& t = fn.typeOf(v);
    Array a(t.elem, core::shapeOf(t, values));
    for (std::int64_t i = 0; i < a.count(); ++i) {
      core::Literal l = core::Literal::zero(t.elem);
      if (core::isFloat(t.elem)) {
        const double x = std::normal_distribution<double>()(random);
        l = core::Literal::ofDouble(t.elem, random() % 8 == 0 ? 0.0 : x);
      } else if (core::isInteger(t.elem)) {
        l = core::Literal::ofInt(t.elem, static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(limit)));
      } else if (t.elem == Elem::Bool) {
        l = core::Literal::ofBool(random() % 2 == 0);
      } else if (t.elem == Elem::Str) {
        l = fedc::testing::someString(random());
      } else {
        l.bits = random();
      }
      a.set(i, l);
    }
    out.push_back(std::move(a));
  }
  return out;
}

std::string difference(const core::Fn& fn, const Kernel& kernel, const std::vector<std::int64_t>& dims, const std::vector<Array>& params) {
  const core::InterpretResult expected = core::interpret(fn, dims, params);
  const Evaluation got = evaluate(kernel, fn, dims, params);
  if (!got.violation.empty()) return got.violation;
  if (got.failedSite != expected.failedSite) return "another check failed";
  if (expected.failedSite) return "";
  for (std::size_t i = 0; i < expected.results.size(); ++i) {
    const Array &a = expected.results[i], &b = got.results[i];
    if (a.sameBits(b)) continue;
    if (a.shape() != b.shape() || a.elem() != b.elem()) return fmt::format("result {} has another type", i);
    for (std::int64_t k = 0; k < a.count(); ++k) {
      if (a.at(k).bits != b.at(k).bits) {
        return fmt::format("result {}[{}]: interpreter {} ({:x}), kernel {} ({:x})", i, k, a.at(k).toDouble(), a.at(k).bits, b.at(k).toDouble(),
                           b.at(k).bits);
      }
    }
  }
  return "";
}

std::string differenceOfAll(const core::Module& module, const core::Fn& fn, const std::vector<std::int64_t>& dims, std::uint64_t seed,
                            std::int64_t limit) {
  const std::vector<Array> params = randomParams(fn, dims, seed, limit);
  const auto check = [&](const std::string& name, const Kernel& k, Stage stage) -> std::string {
    if (const auto p = verify(k, stage)) return name + ": " + *p;
    // The text says everything.
    const std::string text = print(k);
    const auto again = read(text);
    if (!again) return name + ": " + again.error() + "\n" + text;
    if (print(*again) != text) return name + ": read and printed again:\n" + print(*again) + "instead of\n" + text;
    if (const auto p = verify(*again, stage)) return name + ", read: " + *p;
    const std::string d = difference(fn, *again, dims, params);
    return d.empty() ? "" : name + ": " + d + "\n" + print(k);
  };
  if (std::string d = check("bufferise with copies", bufferiseWithCopies(module, fn), Stage::Nests); !d.empty()) return d;
  const Kernel plain = bufferise(module, fn);
  if (std::string d = check("bufferise", plain, Stage::Nests); !d.empty()) return d;
  for (unsigned rules = 0; rules < 16; ++rules) {
    FuseOptions f;
    f.inlineProducers = (rules & 1) != 0;
    f.epilogues = (rules & 2) != 0;
    f.merge = (rules & 4) != 0;
    f.reuse = (rules & 8) != 0;
    Kernel k = plain;
    fuse(k, f);
    const std::string name = fmt::format("fuse {}", rules);
    if (std::string d = check(name, k, Stage::Nests); !d.empty()) return d;
    layout(k, LayoutOptions{(rules & 1) == 0});
    if (std::string d = check(name + ", layout", k, Stage::LaidOut); !d.empty()) return d;
    plan(k, PlanOptions{(rules & 2) == 0});
    if (std::string d = check(name + ", plan", k, Stage::Planned); !d.empty()) return d;
    if (rules != 15) continue;
    // As the pipeline has it.
    k = plain;
    fuse(k);
    layout(k);
    plan(k);
    if (std::string d = check("all passes", k, Stage::Planned); !d.empty()) return d;
  }
  return "";
}

}  // namespace fedc::kernel::testing
