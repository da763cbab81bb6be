#include <functional>
#include <set>

#include "tests/check/support.h"

namespace fedc {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> allPrograms() {
  std::vector<fs::path> all;
  const fs::path root = FEDC_SOURCE_DIR;
  for (const fs::path& folder : {root / "examples", root / "examples" / "extend", root / "bench", root / "stdlib", root / "stdlib" / "learn",
                                 root / "tests" / "check" / "programs"})
    for (const fs::path& f : tests::filesIn(folder, ".fed")) all.push_back(f);
  return all;
}

std::string nameOf(const ::testing::TestParamInfo<fs::path>& info) { return tests::testName(fs::relative(info.param, FEDC_SOURCE_DIR).string()); }

/// The examples, the library, and the programs with which the language was designed (all of FedJAX's algorithms, a CNN, an LSTM with its text
/// pipeline, client state, analytics, compression), each beside the modules that it uses.
class Program : public ::testing::TestWithParam<fs::path> {};

TEST_P(Program, HasNoErrors) {
  const auto c = tests::checkFile(GetParam().string());
  EXPECT_TRUE(c.program.has_value()) << c.report();
  EXPECT_EQ(c.sink.errorCount(), 0u) << c.report();
}

INSTANTIATE_TEST_SUITE_P(All, Program, ::testing::ValuesIn(allPrograms()), nameOf);

/// No hole, parameter or error is left in a finished program.
void expectClosed(const check::TypeRef& t, const std::string& where) {
  ASSERT_NE(t, nullptr) << where;
  using check::TypeKind;
  EXPECT_TRUE(t->kind != TypeKind::Hole && t->kind != TypeKind::Parameter && t->kind != TypeKind::Error) << where;
  for (const auto& i : t->items) expectClosed(i, where);
  for (const auto& i : t->typeArgs) expectClosed(i, where);
  for (const auto& f : t->fields) expectClosed(f.type, where);
  if (t->element) expectClosed(t->element, where);
  for (const Dim& d : t->dims)
    for (const Dim::Variable v : d.variables()) EXPECT_EQ(v & 0x80000000u, 0u) << where;
}

void expectClosed(const check::Expr& e, const std::string& where) {
  expectClosed(e.type, where);
  EXPECT_TRUE(e.kind != check::ExprKind::Function || e.instance != nullptr) << where;
  EXPECT_TRUE(e.kind != check::ExprKind::Local || e.local != nullptr) << where;
  EXPECT_TRUE(e.kind != check::ExprKind::Literal || e.literal.elem == e.type->elem) << where;
  for (const auto& o : e.operands)
    if (o) expectClosed(*o, where);
  for (const auto& s : e.stmts) {
    if (s.value) expectClosed(*s.value, where);
    if (s.body) expectClosed(*s.body, where);
    for (const auto& t : s.targets) expectClosed(t.type, where);
  }
  if (e.lambda) {
    for (const auto& p : e.lambda->params) expectClosed(p.type, where);
    expectClosed(*e.lambda->body, where);
  }
}

TEST_P(Program, IsClosed) {
  const auto c = tests::checkFile(GetParam().string());
  ASSERT_TRUE(c.program.has_value()) << c.report();
  for (const auto& i : c.program->instances) {
    ASSERT_NE(i->body, nullptr) << i->shown;
    expectClosed(*i->body, i->shown);
    expectClosed(i->result, i->shown);
    for (const auto& p : i->params) expectClosed(p.type, i->shown);
  }
}

/// Instances come after those that they call, and each stands once.
TEST_P(Program, CalleesComeFirst) {
  const auto c = tests::checkFile(GetParam().string());
  ASSERT_TRUE(c.program.has_value());
  std::set<const check::FnInstance*> seen;
  std::function<void(const check::Expr&)> walk = [&](const check::Expr& e) {
    EXPECT_TRUE(!e.instance || seen.count(e.instance.get()) == 1) << (e.instance ? e.instance->shown : "");
    for (const auto& o : e.operands)
      if (o) walk(*o);
    for (const auto& s : e.stmts) {
      if (s.value) walk(*s.value);
      if (s.body) walk(*s.body);
    }
    if (e.lambda) walk(*e.lambda->body);
  };
  for (const auto& i : c.program->instances) {
    walk(*i->body);
    EXPECT_TRUE(seen.insert(i.get()).second) << i->shown;
  }
}

TEST(Entry, ProcessOfTheDigits) {
  const auto c = tests::checkFile(std::string(FEDC_SOURCE_DIR) + "/examples/digits_softmax.fed");
  ASSERT_TRUE(c.program.has_value()) << c.report();
  ASSERT_NE(c.program->process, nullptr);
  EXPECT_TRUE(c.program->hasEvaluate);
  ASSERT_EQ(c.program->processTypes.size(), 3u);
  EXPECT_EQ(check::print(c.program->processTypes[1], c.program->dims),
            "(Model@server, {Example*}@clients, key@server) -> (Model@server, Metrics@server)");
  EXPECT_EQ(c.program->run.data, "data/digits_train.h5");
  ASSERT_EQ(c.program->params.size(), 3u);
  EXPECT_FALSE(c.program->params[0].isStatic);
  EXPECT_TRUE(c.program->params[1].isStatic);
}

TEST(Entry, ParamsOfTheCommandLine) {
  check::CheckOptions options;
  options.params = {{"lr", "0.5"}, {"batch", "7"}};
  const auto c = tests::checkFile(std::string(FEDC_SOURCE_DIR) + "/examples/digits_softmax.fed", options);
  ASSERT_TRUE(c.program.has_value()) << c.report();
  EXPECT_FLOAT_EQ(static_cast<float>(c.program->params[0].value.toDouble()), 0.5F);
  EXPECT_EQ(c.program->params[1].value.toInt(), 7);
}

TEST(Entry, ParamsOfEveryKind) {
  const std::string text = "param flag: bool = true;\nparam large: u64 = 1;\nparam small: i8 = -1;\nparam rate: f64 = 2;\n";
  check::CheckOptions options;
  options.params = {{"flag", "0"}, {"large", "18446744073709551615"}, {"small", "-128"}, {"rate", "1e-3"}};
  const auto c = tests::checkText(text, options);
  ASSERT_TRUE(c.program.has_value()) << c.report();
  EXPECT_EQ(c.program->params[0].value.bits, 0u);
  EXPECT_EQ(c.program->params[1].value.bits, 18446744073709551615u);
  EXPECT_EQ(c.program->params[2].value.toInt(), -128);
  EXPECT_EQ(c.program->params[3].value.toDouble(), 1e-3);

  for (const auto& [name, value] :
       std::multimap<std::string, std::string>{{"flag", "maybe"}, {"large", "-1"}, {"large", "1x"}, {"small", "128"}, {"rate", ""}}) {
    options.params = {{name, value}};
    EXPECT_TRUE(tests::checkText(text, options).has(Code::BadParamValue)) << name << "=" << value;
  }
}

TEST(Entry, NoEvaluate) {
  const auto c = tests::checkText(R"(
fn init(k: key@server) -> f32@server { 0.0 }
fn next(s: f32@server, x: {f32}@clients, k: key@server) -> (f32@server, f32@server) { (s + federated_sum(x), s) }
let main = process(init, next);
)");
  ASSERT_TRUE(c.program.has_value()) << c.report();
  EXPECT_FALSE(c.program->hasEvaluate);
}

}  // namespace
}  // namespace fedc
