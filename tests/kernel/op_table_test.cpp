#include <gtest/gtest.h>

#include <string>

#include "compiler/core/op_table.h"
#include "compiler/core/text.h"
#include "tests/kernel/compare.h"
#include "tests/native_functions.h"

namespace fedc::kernel {
namespace {

/// The examples of reductions and products in every order; of the other ops as they are.
std::vector<std::string> variants(const core::OpRow& row) {
  std::vector<std::string> out;
  const std::string example(row.example);
  const std::size_t at = example.find("order seq");
  if (at == std::string::npos) return {example};
  for (const char* order : {"seq", "lanes", "split(3, seq)", "split(2, lanes)"}) {
    std::string text = example;
    text.replace(at, 9, std::string("order ") + order);
    out.push_back(text);
  }
  return out;
}

class OpTable : public ::testing::TestWithParam<const core::OpRow*> {};

TEST_P(OpTable, exampleHasTheInterpretersBits) {
  const core::OpRow& row = *GetParam();
  for (const std::string& text : variants(row)) {
    auto module = core::read(text);
    ASSERT_TRUE(module) << module.error() << text;
    tests::bindNatives(*module);
    for (core::Fn& fn : module->fns) {
      for (std::int64_t n : {0, 2, 5, 18}) {
        // Their parts are two rows long.
        if (n == 0 && (row.op == core::Op::DynamicSlice || row.op == core::Op::UpdateSlice)) continue;
        const std::vector<std::int64_t> dims(fn.dimParams.size(), n);
        EXPECT_EQ(testing::differenceOfAll(*module, fn, dims, static_cast<std::uint64_t>(n)), "") << text << "N = " << n;
      }
    }
  }
}

std::vector<const core::OpRow*> rows() {
  std::vector<const core::OpRow*> out;
  for (const core::OpRow& r : core::opTable()) {
    // Transforms never reach bufferise.
    if (r.lowering != core::Lowering::Removed) out.push_back(&r);
  }
  return out;
}

INSTANTIATE_TEST_SUITE_P(All, OpTable, ::testing::ValuesIn(rows()), [](const auto& info) { return std::string(core::opName(info.param->op)); });

}  // namespace
}  // namespace fedc::kernel
