#include "compiler/kernel/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/kernel/bufferise.h"
#include "compiler/kernel/fuse.h"
#include "compiler/kernel/layout.h"
#include "compiler/kernel/nests.h"
#include "compiler/kernel/plan.h"
#include "tests/kernel/digits_program.h"

namespace fedc::kernel {
namespace {

using ::testing::HasSubstr;

class Verify : public ::testing::Test {
 protected:
  Verify() : module_(testing::digitsProgram(4, 2, 9, 6)), kernel_(bufferise(module_, module_.fns[0])) {
    fuse(kernel_);
    layout(kernel_);
    plan(kernel_);
  }

  /// The nest of that name.
  Nest& nest(const std::string& name) {
    Nest* found = nullptr;
    forEachStatement(kernel_.body, [&](Statement& s) {
      if (auto* n = std::get_if<Nest>(&s.node); n != nullptr && n->name == name) found = n;
    });
    EXPECT_NE(found, nullptr) << name;
    return *found;
  }
  BufferId buffer(const std::string& name) const {
    for (BufferId b = 0; b < kernel_.buffers.size(); ++b) {
      if (kernel_.buffers[b].name == name) return b;
    }
    ADD_FAILURE() << name;
    return 0;
  }
  std::string problem(Stage stage = Stage::Planned) const { return verify(kernel_, stage).value_or(""); }

  core::Module module_;
  Kernel kernel_;
};

TEST_F(Verify, acceptsWhatThePassesMake) { EXPECT_EQ(problem(), ""); }

TEST_F(Verify, N1AStoreOfEveryPointToOnePlace) {
  nest("z").stores[0].target.index[1].affine = Dim(0);
  EXPECT_THAT(problem(), HasSubstr("N1"));
}

TEST_F(Verify, N1AxesThatMeet) {
  Nest& n = nest("copy_w");
  n.stores[0].target.index[0].affine = Dim::variable(n.axes[1].var);
  n.stores[0].target.index[1].affine = Dim::variable(n.axes[1].var);
  EXPECT_THAT(problem(), HasSubstr("N1"));
}

TEST_F(Verify, N2AReadElsewhere) {
  Nest& n = nest("dz");
  for (Expr& e : n.exprs) {
    if (e.kind == Expr::Kind::Load && e.access.buffer == buffer("z")) e.access.index[1].affine = Dim(0);
  }
  EXPECT_THAT(problem(), HasSubstr("N2"));
}

TEST_F(Verify, N3AnArgumentTwice) {
  kernel_.arguments.push_back(kernel_.arguments[0]);
  EXPECT_THAT(problem(), HasSubstr("N3"));
}

TEST_F(Verify, N4APaddedExtentMerged) {
  Access& a = nest("copy_w").stores[0].target;
  a.shape = {a.shape[0] * a.shape[1]};
  a.index = {Index{a.index[0].affine * Dim(6) + a.index[1].affine, {}, false}};
  EXPECT_THAT(problem(), HasSubstr("N4"));
}

TEST_F(Verify, N4ALetOutOfItsScope) {
  // Buffers of a batch's rows, used after the loop.
  kernel_.body.push_back(Statement{nest("dz")});
  EXPECT_THAT(problem(), HasSubstr("not in scope"));
}

TEST_F(Verify, N7AnIndexThatMayLeave) {
  Nest& n = nest("z");
  for (Expr& e : n.exprs) {
    if (e.kind == Expr::Kind::Load && e.access.buffer == buffer("b")) e.access.index[0].affine = e.access.index[0].affine + Dim(1);
  }
  EXPECT_THAT(problem(), HasSubstr("N7"));
}

TEST_F(Verify, N7AGatherWithoutClamp) {
  Nest& n = nest("z");
  for (Expr& e : n.exprs) {
    for (Index& i : e.access.index) i.clamp = false;
  }
  EXPECT_THAT(problem(), HasSubstr("N7"));
}

TEST_F(Verify, N8AnOperationOfArrays) {
  Nest& n = nest("reduce28");
  for (Expr& e : n.exprs) {
    if (e.kind == Expr::Kind::Scalar) e.op = Op::Sort;
  }
  EXPECT_THAT(problem(), HasSubstr("N8"));
}

TEST_F(Verify, anInputThatIsWritten) {
  nest("copy_w").stores[0].target.buffer = buffer("m.w");
  EXPECT_THAT(problem(), HasSubstr("`m.w` is written"));
}

TEST_F(Verify, layoutHasRun) {
  kernel_.laidOut = false;
  EXPECT_THAT(problem(), HasSubstr("not laid out"));
  EXPECT_EQ(problem(Stage::Nests), "");
}

TEST_F(Verify, buffersOfANestThatOverlap) {
  kernel_.buffers[buffer("b")].offset = kernel_.buffers[buffer("w")].offset;
  EXPECT_THAT(problem(), HasSubstr("overlap"));
  EXPECT_EQ(problem(Stage::LaidOut), "");
}

TEST_F(Verify, anArenaThatIsTooSmall) {
  kernel_.arenaBytes = *kernel_.arenaBytes - Dim(64);
  EXPECT_THAT(problem(), HasSubstr("does not fit"));
}

TEST(Plan, offsetsAreMultiplesOf64AndSharingSavesMemory) {
  const core::Module m = testing::digitsProgram();
  Kernel shared = bufferise(m, m.fns[0]), apart = shared;
  for (Kernel* k : {&shared, &apart}) {
    layout(*k);
    plan(*k, PlanOptions{k == &apart});
    for (const Buffer& b : k->buffers) {
      if (!b.offset) continue;
      EXPECT_EQ(b.offset->evaluate([](Int) { return 137; }) % 64, 0) << b.name;
    }
  }
  const auto bytes = [](const Kernel& k, std::int64_t rows) { return k.arenaBytes->evaluate([&](Int) { return rows; }); };
  EXPECT_LT(bytes(shared, 100), bytes(apart, 100));
  // The tail: u64[2R] and i32[R].
  EXPECT_NEAR(static_cast<double>(bytes(shared, 1100) - bytes(shared, 100)), 1000.0 * 20, 200);
}

TEST(Layout, leavesThatCrossKernels) {
  const auto padding = [](Elem e, std::vector<Dim> dims) { return leafPadding(core::Type{e, std::move(dims)}); };
  EXPECT_EQ(padding(Elem::F32, {Dim(784), Dim(10)}), 16);
  EXPECT_EQ(padding(Elem::F32, {Dim(62)}), 64);
  EXPECT_EQ(padding(Elem::F64, {Dim(32)}), 32);
  EXPECT_EQ(padding(Elem::F32, {}), 0);
  EXPECT_EQ(padding(Elem::I32, {Dim(10)}), 0);
  EXPECT_EQ(padding(Elem::F32, {Dim::variable(0), Dim(10)}), 0);
}

}  // namespace
}  // namespace fedc::kernel
