#include "tests/check/support.h"

namespace fedc {
namespace {

const std::map<std::string, std::string> kHelper = {
    {"helper", "struct _Hidden { x: f32 }\nfn _twice(x: f32) -> f32 { 2 * x }\nfn twice(x: f32) -> f32 { _twice(x) }\n"}};

TEST(Modules, APrivateNameIsPrivateHoweverItIsReached) {
  for (const char* text : {"use helper.{_twice};\nfn f(x: f32) -> f32 { x }", "use helper;\nfn f(x: f32) -> f32 { helper._twice(x) }",
                           "use helper;\nfn f(x: f32[3]) -> f32[3] { vmap(helper._twice)(x) }", "use helper;\nfn f(h: helper._Hidden) -> f32 { h.x }",
                           "use helper;\nfn f(x: f32) -> f32 { let h = helper._Hidden { x: x }; h.x }"}) {
    const auto c = tests::checkText(text, {}, "main.fed", kHelper);
    EXPECT_TRUE(c.has(Code::PrivateName)) << text << "\n" << c.report();
    EXPECT_EQ(c.sink.errorCount(), 1u) << text << "\n" << c.report();
  }
  EXPECT_TRUE(tests::checkText("use helper;\nfn f(x: f32) -> f32 { helper.twice(x) }", {}, "main.fed", kHelper).program.has_value());
}

TEST(Modules, AMissingNameIsMissingHoweverItIsReached) {
  for (const char* text : {"use helper.{twic};\nfn f(x: f32) -> f32 { x }", "use helper;\nfn f(x: f32) -> f32 { helper.twic(x) }",
                           "use helper;\nfn f(x: f32[3]) -> f32[3] { vmap(helper.twic)(x) }", "use helper;\nfn f(h: helper.Twic) -> f32 { 1.0 }",
                           "use helper;\nfn f(x: f32) -> f32 { let h = helper.Twic { x: x }; 1.0 }"}) {
    const auto c = tests::checkText(text, {}, "main.fed", kHelper);
    EXPECT_TRUE(c.has(Code::UnknownImport)) << text << "\n" << c.report();
    EXPECT_EQ(c.sink.errorCount(), 1u) << text << "\n" << c.report();
  }
}

}  // namespace
}  // namespace fedc
