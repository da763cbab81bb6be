#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "compiler/kernel/bufferise.h"
#include "compiler/kernel/fuse.h"
#include "compiler/kernel/layout.h"
#include "compiler/kernel/loops.h"
#include "compiler/kernel/plan.h"
#include "compiler/kernel/schedule.h"
#include "tests/kernel/digits_program.h"

namespace fedc::kernel {
namespace {

using ::testing::HasSubstr;

/// A scheduled training step, of which each test breaks something.
class LoopsVerify : public ::testing::Test {
 protected:
  LoopsVerify() : module_(testing::digitsProgram(4, 2, 9, 6)) {
    Kernel k = bufferise(module_, module_.fns[0]);
    fuse(k);
    layout(k);
    plan(k);
    kernel_ = schedule(k, Machine::avx512());
  }

  std::string problem() const { return verify(kernel_).value_or(""); }

  NestFunction& function(const std::string& form) {
    for (NestFunction& f : kernel_.functions)
      if (f.form.starts_with(form)) return f;
    ADD_FAILURE() << "no nest has the form " << form;
    return kernel_.functions.front();
  }

  /// The first statement of a kind, outer ones first.
  template <class Kind>
  static Kind* first(LoopBlock& block) {
    for (LoopStatement& s : block) {
      if (auto* found = std::get_if<Kind>(&s.node)) return found;
      if (auto* f = std::get_if<LoopFor>(&s.node))
        if (Kind* inside = first<Kind>(f->body)) return inside;
      if (auto* u = std::get_if<LoopUnroll>(&s.node))
        if (Kind* inside = first<Kind>(u->body)) return inside;
    }
    return nullptr;
  }
  template <class Kind>
  static Kind* first(UniformBlock& block) {
    for (UniformStatement& s : block) {
      if (auto* found = std::get_if<Kind>(&s.node)) return found;
      if (auto* f = std::get_if<UniformFor>(&s.node))
        if (Kind* inside = first<Kind>(f->body)) return inside;
    }
    return nullptr;
  }
  NestCall& callOf(const NestFunction& f) {
    const int number = static_cast<int>(&f - kernel_.functions.data());
    NestCall* found = nullptr;
    const std::function<void(UniformBlock&)> visit = [&](UniformBlock& b) {
      for (UniformStatement& s : b) {
        if (auto* c = std::get_if<NestCall>(&s.node); c != nullptr && c->function == number) found = c;
        if (auto* loop = std::get_if<UniformFor>(&s.node)) visit(loop->body);
      }
    };
    visit(kernel_.body);
    EXPECT_NE(found, nullptr);
    return *found;
  }

  core::Module module_;
  LoopKernel kernel_;
};

TEST_F(LoopsVerify, acceptsWhatTheScheduleMakes) { EXPECT_EQ(problem(), ""); }

TEST_F(LoopsVerify, anIntegerThatIsNotBound) {
  NestFunction& f = function("outer");
  first<StoreValue>(f.body)->offset = Dim::variable(static_cast<Int>(f.ints.size()));
  EXPECT_THAT(problem(), HasSubstr("used where it is not bound"));
}

TEST_F(LoopsVerify, theRangeOfALoopThatIsNotSplit) {
  NestFunction& f = function("outer");
  ASSERT_FALSE(f.split);
  first<LoopFor>(f.body)->begin = Dim::variable(static_cast<Int>(f.uniforms));
  EXPECT_THAT(problem(), HasSubstr("`lo` is used where it is not bound"));
  f.split = Dim(3);
  EXPECT_EQ(problem(), "");
}

TEST_F(LoopsVerify, L4ALoopThatGoesNowhere) {
  first<LoopFor>(function("outer").body)->step = 0;
  EXPECT_THAT(problem(), HasSubstr("a loop goes forward"));
}

TEST_F(LoopsVerify, L4NoCopies) {
  first<LoopUnroll>(function("outer").body)->count = 0;
  EXPECT_THAT(problem(), HasSubstr("unrolled at least once"));
}

TEST_F(LoopsVerify, aRegisterThatIsNotDeclared) {
  first<SetRegister>(function("outer").body)->reg = 99;
  EXPECT_THAT(problem(), HasSubstr("set where it is not declared"));
}

TEST_F(LoopsVerify, aRegisterOfAnotherType) {
  NestFunction& f = function("outer");
  f.registers[static_cast<std::size_t>(first<DeclareRegister>(f.body)->reg)].elem = Elem::F64;
  EXPECT_THAT(problem(), HasSubstr("another type"));
}

TEST_F(LoopsVerify, L5LanesInAScalarRegister) {
  NestFunction& f = function("outer");
  for (RegisterInfo& r : f.registers) r.lanes = false;
  EXPECT_NE(problem(), "");
}

TEST_F(LoopsVerify, L5LanesInAScalarStore) {
  first<StoreValue>(function("outer").body)->lanes = false;
  EXPECT_THAT(problem(), HasSubstr("lanes are stored as one element"));
}

TEST_F(LoopsVerify, aStoreToWhatIsOnlyRead) {
  NestFunction& f = function("outer");
  f.buffers[first<StoreValue>(f.body)->buffer].written = false;
  EXPECT_THAT(problem(), HasSubstr("only read"));
}

TEST_F(LoopsVerify, checksThatAreNotAnnounced) {
  NestFunction* checking = nullptr;
  for (NestFunction& f : kernel_.functions)
    if (f.checks) checking = &f;
  ASSERT_NE(checking, nullptr);
  checking->checks = false;
  EXPECT_THAT(problem(), HasSubstr("it checks, and is not said to"));
  checking->checks = true;
  function("outer").checks = true;
  EXPECT_THAT(problem(), HasSubstr("it is said to check, and does not"));
}

TEST_F(LoopsVerify, aCallWithAnotherNumberOfIntegers) {
  callOf(function("outer")).ints.emplace_back(1);
  EXPECT_THAT(problem(), HasSubstr("integers, has"));
}

TEST_F(LoopsVerify, aCallWithAnotherNumberOfBuffers) {
  callOf(function("outer")).buffers.pop_back();
  EXPECT_THAT(problem(), HasSubstr("buffers, has"));
}

TEST_F(LoopsVerify, aCallOfNoFunction) {
  first<NestCall>(kernel_.body)->function = 99;
  EXPECT_THAT(problem(), HasSubstr("names no function"));
}

TEST_F(LoopsVerify, L6OneBufferUnderTwoNames) {
  NestCall& c = callOf(function("outer"));
  c.buffers.back() = c.buffers.front();
  EXPECT_THAT(problem(), HasSubstr("under two names"));
}

TEST_F(LoopsVerify, aBufferOfAnotherType) {
  NestCall& c = callOf(function("outer"));
  kernel_.buffers[c.buffers.front()].elem = Elem::I8;
  EXPECT_THAT(problem(), HasSubstr("as another type"));
}

TEST_F(LoopsVerify, anInputThatIsWritten) {
  NestFunction& f = function("outer");
  NestCall& c = callOf(f);
  for (std::size_t b = 0; b < f.buffers.size(); ++b)
    if (f.buffers[b].written) kernel_.buffers[c.buffers[b]].role = Buffer::Role::In;
  EXPECT_THAT(problem(), HasSubstr("writes the input"));
}

TEST_F(LoopsVerify, L3ABarrierUnderACondition) {
  kernel_.body.push_back({Barrier{}});
  EXPECT_EQ(problem(), "");
  UniformIf branch;
  branch.then.push_back({Barrier{}});
  kernel_.body.push_back({branch});
  EXPECT_THAT(problem(), HasSubstr("under a condition"));
}

TEST_F(LoopsVerify, aPhaseSeesItsThreadAndBlock) {
  NestFunction& f = function("outer");
  kernel_.body.push_back({PhaseCall{Dim(32), callOf(f)}});
  EXPECT_THAT(problem(), HasSubstr("integers, has"));
  f.uniforms += 2;
  std::vector<Dim>& ints = callOf(f).ints;
  ints.insert(ints.end(), 2, Dim(0));
  EXPECT_EQ(problem(), "");
}

}  // namespace
}  // namespace fedc::kernel
