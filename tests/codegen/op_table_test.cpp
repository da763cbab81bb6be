#include "compiler/core/op_table.h"
#include "compiler/core/text.h"
#include "tests/codegen/native_support.h"

namespace fedc::testing {
namespace {

/// Random arguments of a function's types, small non-negative integers so that indices are sometimes inside and sometimes not.
std::vector<core::Array> argumentsOf(const core::Fn& fn, const std::vector<std::int64_t>& dims, std::uint64_t seed, bool odd) {
  std::vector<core::Array> out;
  for (core::Var v : fn.params) {
    const core::Type& t = fn.typeOf(v);
    std::vector<std::int64_t> shape;
    for (const Dim& d : t.dims)
      shape.push_back(d.evaluate([&](Dim::Variable x) {
        for (std::size_t i = 0; i < fn.dimParams.size(); ++i)
          if (fn.dimParams[i] == x) return dims[i];
        return std::int64_t{0};
      }));
    out.push_back(randomArray(t.elem, shape, seed + v, odd, 5));
  }
  return out;
}

class EveryOp : public ::testing::TestWithParam<core::Op> {};

TEST_P(EveryOp, ExampleIsTheSameNatively) {
  const core::OpRow& row = core::opRow(GetParam());
  if (row.lowering == core::Lowering::Removed) GTEST_SKIP() << "removed by differentiate";
  auto module = core::read(row.example);
  ASSERT_TRUE(module) << module.error();
  for (std::size_t f = 0; f < module->fns.size(); ++f) {
    const core::Fn& fn = module->fns[f];
    // Examples of shape operations take parts of fixed size.
    const std::vector<std::int64_t> sizes =
        core::isElementwise(GetParam()) ? std::vector<std::int64_t>{0, 1, 7, 35} : std::vector<std::int64_t>{6, 17, 35};
    for (std::int64_t n : sizes) {
      const std::vector<std::int64_t> dims(fn.dimParams.size(), n);
      SCOPED_TRACE(n);
      const auto number = static_cast<std::size_t>(GetParam()) + static_cast<std::size_t>(n);
      const std::vector<Variant> all = allVariants();
      expectAgreement(*module, f, dims, argumentsOf(fn, dims, 11, false),
                      n == 35 ? someVariants(number, 3) : std::vector<Variant>{all[number % all.size()]});
      expectAgreement(*module, f, dims, argumentsOf(fn, dims, 12, true), {all[(number + 3) % all.size()]});
      if (HasFailure()) return;
    }
  }
}

std::vector<core::Op> allOps() {
  std::vector<core::Op> out;
  for (int i = 0; i < core::kOpCount; ++i) out.push_back(static_cast<core::Op>(i));
  return out;
}

INSTANTIATE_TEST_SUITE_P(Table, EveryOp, ::testing::ValuesIn(allOps()), [](const auto& i) { return std::string(core::opName(i.param)); });

}  // namespace
}  // namespace fedc::testing
