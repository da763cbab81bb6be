#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/cli/binary.h"

// Programs and numbers that mean harm, or were made by a generator: each ends soon, in little memory, with an error that names the limit, or is
// handled (docs/language.md, "Limits").
namespace fedc::tests {
namespace {

using ::testing::HasSubstr;

// Sanitizers map terabytes, and are slow.
constexpr unsigned kSeconds = kIsSanitized ? 200 : 20;
constexpr unsigned long kMegabytes = kIsSanitized ? 1UL << 30 : 3000;
constexpr bool kIsMeasured = !kIsSanitized;

std::string repeat(const std::string& text, int count) {
  std::string out;
  out.reserve(text.size() * static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

/// `make(0) make(1) …`, joined.
std::string each(int count, const std::function<std::string(int)>& make, const std::string& between = "\n") {
  std::string out;
  for (int i = 0; i < count; ++i) out += (i == 0 ? "" : between) + make(i);
  return out;
}

std::string n(int i) { return std::to_string(i); }

/// A program whose clients compute `body` from their numbers `data`.
std::string client(const std::string& body, const std::string& before = {}) {
  return before + "\nfn g(data: f32*) -> f32 { " + body + " }\nfn main(data: {f32*}@clients) -> f32@server { federated_mean(g(data)) }\n";
}

/// A process whose round takes the state `m` to `(m, …)`.
std::string process(const std::string& state, const std::string& round, const std::string& before = {}) {
  return before + "\nfn init(k: key@server) -> " + state + "@server { zeros() }\nfn next(m: " + state +
         "@server, data: {f32*}@clients, k: key@server) -> (" + state + "@server, f32@server) { " + round + " }\nlet main = process(init, next);\n";
}

struct Hostile {
  const char* name;
  std::string text;
  /// Nothing: it compiles.
  std::string error;
};

void PrintTo(const Hostile& h, std::ostream* out) { *out << h.name; }

std::vector<Hostile> hostile() {
  constexpr int kMany = 100000;
  const std::string kDeep = "error[E0028]", kLarge = "error[E0408]";
  std::vector<Hostile> out;
  const auto add = [&](const char* name, std::string text, std::string error) { out.push_back({name, std::move(text), std::move(error)}); };

  add("parentheses", client(repeat("(", kMany) + "1" + repeat(")", kMany)), kDeep);
  add("blocks", client(repeat("{ ", kMany) + "1.0" + repeat(" }", kMany)), kDeep);
  add("lambdas", client(repeat("|x| ", kMany) + "1.0"), kDeep);
  add("sums", client("1.0" + repeat(" + 1.0", kMany)), kDeep);
  add("methods", client("data" + repeat(".map(|x| x)", kMany) + ".sum()"), kDeep);
  add("else_if", client("if 1 < 2 { 1.0 } " + repeat("else if 1 < 2 { 1.0 } ", kMany) + "else { 2.0 }"), kDeep);
  add("else_if_within_the_limit", client("if data.count() < 2 { 1.0 } " + repeat("else if data.count() < 2 { 1.0 } ", 400) + "else { 2.0 }"), "");
  add("tuple_types", "fn f(x: " + repeat("(", kMany) + "f32" + repeat(",)", kMany) + ") { }", kDeep);
  add("function_types", "fn f(x: " + repeat("f32 -> ", kMany) + "f32) { }", kDeep);

  add("exponent", client("1e999"), "`1e999` is larger than any f64");
  add("small_exponent", client("1e-999999999"), "");
  add("digits", client("f32(" + std::string(1000000, '1') + ")"), "error[E0007]");
  add("fraction", client("0." + std::string(1000000, '1')), "");
  add("unknown_name", client(std::string(5000000, 'a')), "error[E0101]");
  add("name", client(std::string(1000000, 'a') + "(1.0)", "fn " + std::string(1000000, 'a') + "(x: f32) -> f32 { x }\n"), "");
  add("text", client("\"" + std::string(5000000, 'a') + "\""), "error[E0201]");
  add("long_line", client(std::string(5000000, ' ') + "foo"), "there is no `foo` here");
  add("errors_on_one_line", client(repeat("foo; ", 20000) + "1.0"), "more not shown");
  add("errors_of_types", each(20000, [](int i) { return "fn h_" + n(i) + "(x: Foo" + n(i) + ") -> Bar" + n(i) + " { x }"; }), "more not shown");
  add("signs", repeat("$ ", kMany), "error[E0002]");

  for (const char* extent : {"9223372036854775807", "9223372036854775807, 3", "4294967296, 4294967296", "1099511627776, 1099511627776"}) {
    add("state", process("f32[" + std::string(extent) + "]", "(m, federated_mean(data.sum()))"), "error[E0");
    add("zeros", client("sum(zeros([" + std::string(extent) + "]))"), "error[E0");
  }
  add("rank", client("sum(zeros([" + repeat("1, ", 5000) + "1]))"), "more than 32 axes");
  add("rank_of_a_type", "fn f(x: f32[" + repeat("1, ", 5000) + "1]) -> f32 { sum(x) }\n" + client("1.0"), "more than 32 axes");
  add("array_in_array", client("sum(" + repeat("[", 200) + "1.0" + repeat("]", 200) + ")"), "more than 32 axes");
  add("size_product",
      "fn f(" +
          each(
              30, [](int i) { return "p" + n(i) + ": f32[a" + n(i) + "], q" + n(i) + ": f32[b" + n(i) + "]"; }, ", ") +
          ", x: f32[" +
          each(
              30, [](int i) { return "(a" + n(i) + " + b" + n(i) + ")"; }, " * ") +
          "]) -> f32 { sum(x) }\n" + client("f(" + repeat("zeros([2]), zeros([3]), ", 30) + "zeros([5]))"),
      kLarge);
  add("size_power",
      "fn f(p: f32[a], q: f32[b], x: f32[" + repeat("(a + b) * ", 100) + "1]) -> f32 { sum(x) }\n" + client("f(zeros([2]), zeros([3]), zeros([5]))"),
      kLarge);
  add("size_of_lets",
      client("let n0 = 1; " +
             each(
                 60, [](int i) { return "let n" + n(i + 1) + " = n" + n(i) + " + n" + n(i) + " - n" + n(i) + ";"; }, " ") +
             " sum(zeros([n60]))"),
      "");

  add("doubled_pairs",
      client("let a0 = (1.0, 1.0); " +
             each(
                 60, [](int i) { return "let a" + n(i + 1) + " = (a" + n(i) + ", a" + n(i) + ");"; }, " ") +
             " 1.0"),
      "a type has more than 10000 parts");
  add("doubled_by_calls", client("let a = " + repeat("p(", 60) + "1.0" + repeat(")", 60) + "; 1.0", "fn p<T>(x: T) -> (T, T) { (x, x) }\n"), kLarge);
  const std::string doubled =
      "struct S0 { a: f32, b: f32 }\n" + each(60, [](int i) { return "struct S" + n(i + 1) + " { a: S" + n(i) + ", b: S" + n(i) + " }"; });
  add("doubled_structs", client("let z: S60 = zeros(); 1.0", doubled), "a type has more than 10000 parts");
  add("doubled_state", process("S60", "(m, federated_mean(data.sum()))", doubled), "a type has more than 10000 parts");
  add("doubled_arguments", client("let z: " + repeat("P<", 60) + "f32" + repeat(">", 60) + " = zeros(); 1.0", "struct P<A> { a: A, b: A }\n"),
      "a type has more than 10000 parts");
  add("instances",
      each(30, [](int i) { return "fn h_" + n(i) + "<T>(x: T) -> f32 { h_" + n(i + 1) + "((x, 1.0)) + h_" + n(i + 1) + "((1.0, x)) }"; }) +
          "\nfn h_30<T>(x: T) -> f32 { 1.0 }\n" + client("h_0(1.0)"),
      kLarge);
  add("doubled_calls",
      client("h_60(data.sum())",
             "fn h_0(x: f32) -> f32 { x + 1.0 }\n" +
                 each(60, [](int i) { return "fn h_" + n(i + 1) + "(x: f32) -> f32 { h_" + n(i) + "(x) * h_" + n(i) + "(x + 1.0) }"; }) + "\n"),
      "beyond 100000 statements");
  add("doubled_lambdas",
      client("let h_0 = |x| x + 1.0; " +
             each(
                 60, [](int i) { return "let h_" + n(i + 1) + " = |x| h_" + n(i) + "(x) * h_" + n(i) + "(x);"; }, " ") +
             " h_60(data.sum())"),
      kLarge);
  add("doubled_keys",
      client("let h_0 = |x: key| normal(x, []); " +
             each(
                 60, [](int i) { return "let h_" + n(i + 1) + " = |x: key| h_" + n(i) + "(fold_in(x, 1)) + h_" + n(i) + "(fold_in(x, 2));"; }, " ") +
             " h_60(key(1))"),
      "error[E0");
  add("vmap_of_vmap",
      client("let h_0 = |x| x * x; " +
             each(
                 30, [](int i) { return "let h_" + n(i + 1) + " = vmap(h_" + n(i) + ");"; }, " ") +
             " sum(h_30(zeros([" + repeat("1, ", 29) + "1])))"),
      "");
  add("vmap_written_within", client("sum(" + repeat("vmap(", 60) + "|x| x * x" + repeat(")", 60) + "(zeros([1])))"), "error[E0");
  add("grad_of_grad",
      client("let h_0 = |x: f32| x * x * sin(x); " +
             each(
                 12, [](int i) { return "let h_" + n(i + 1) + " = grad(h_" + n(i) + ");"; }, " ") +
             " h_12(data.sum())"),
      "");
  add("recursion", client("f(1.0)", "fn f<T>(x: T) -> f32 { f((x, x)) }\n"), "error[E0122]");
  add("calls_in_a_row",
      client("h_20000(data.sum())", "fn h_0(x: f32) -> f32 { x + 1.0 }\n" +
                                        each(20000, [](int i) { return "fn h_" + n(i + 1) + "(x: f32) -> f32 { h_" + n(i) + "(x) }"; }) + "\n"),
      "more than 256 one behind the other");
  add("generic_calls_in_a_row",
      client("h_20000(data.sum())",
             "fn h_0<T>(x: T) -> T { x }\n" + each(20000, [](int i) { return "fn h_" + n(i + 1) + "<T>(x: T) -> T { h_" + n(i) + "(x) }"; }) + "\n"),
      "more than 256 one behind the other");
  add("calls_within_the_limit",
      client("h_250(data.sum())", "fn h_0(x: f32) -> f32 { x + 1.0 }\n" +
                                      each(250, [](int i) { return "fn h_" + n(i + 1) + "(x: f32) -> f32 { h_" + n(i) + "(x) }"; }) + "\n"),
      "");
  add("lambdas_in_a_row",
      client("let a0 = |x| x + 1.0; " +
             each(
                 20000, [](int i) { return "let a" + n(i + 1) + " = |x| a" + n(i) + "(x);"; }, " ") +
             " a20000(data.sum())"),
      kLarge);
  add("lets_in_a_row", client("a20000", "let a0 = 1.0;\n" + each(20000, [](int i) { return "let a" + n(i + 1) + " = a" + n(i) + " + 1.0;"; }) + "\n"),
      kLarge);
  add("structs_in_a_row",
      client("let z: S5000 = zeros(); 1.0",
             "struct S0 { a: f32 }\n" + each(5000, [](int i) { return "struct S" + n(i + 1) + " { a: S" + n(i) + " }"; }) + "\n"),
      kLarge);

  add("loop", client("var s = 0.0; for i in 0..1000000000 { s += 1.0; } s"), "");
  add("unrolled", process("f32", "var s = m; for i in 0..1000000 { s = s + federated_mean(data.sum()); } (s, s)"), "must be unrolled");
  add("loops_within_loops",
      client("var s = 0.0; " + each(100, [](int j) { return "for i_" + n(j) + " in 0..10 {"; }, " ") + " s += 1.0; " + repeat("}", 100) + " s"), "");
  add("unrolled_within",
      process("f32", "var s = m; " +
                         each(
                             20, [](int j) { return "for i_" + n(j) + " in 0..10 {"; }, " ") +
                         " s = s + federated_mean(data.sum()); " + repeat("}", 20) + " (s, s)"),
      kLarge);
  add("functions",
      each(kMany, [](int i) { return "fn h_" + n(i) + "(x: f32) -> f32 { x + " + n(i) + ".0 }"; }) + "\n" + client("h_99999(data.sum())"), "");
  add("structs", each(kMany, [](int i) { return "struct S" + n(i) + " { x: f32 }"; }) + "\n" + client("1.0"), "");
  add("statements", client("var s = data.sum();\n" + repeat("s = s * 1.5 + 0.25;\n", kMany) + "s"), "beyond 100000 statements");
  add("array_of_many", client("let a: f32[100001] = [" + repeat("1.0, ", kMany) + "1.0]; sum(a)"), "");
  add("tuple_of_many", client("let t = (" + repeat("1.0, ", kMany) + "1.0); t.0"), kLarge);
  add("shift", client("f32(1 << 100)"), "");
  add("shift_of_a_float", client("1.5 << 2"), "error[E0");
  add("root_of_a_shift", client("sqrt(1 << 2)"), "a float is wanted here");
  add("lets_in_a_body", client("let a0 = data.sum(); " + each(kMany, [](int i) { return "let a" + n(i + 1) + " = 1.0;"; }, " ") + " a0"), "");
  return out;
}

class Limits : public testing::TestWithParam<Hostile> {};

TEST_P(Limits, HostilePrograms) {
  if (!kIsMeasured) GTEST_SKIP() << "depths are for stack frames as the release build has them";
  const Hostile& hostile = GetParam();
  const Folder folder;
  const BinaryResult result = boundedFedc({"emit", "core", folder.write("hostile.fed", hostile.text)}, kSeconds, kMegabytes);
  EXPECT_EQ(result.exitCode, hostile.error.empty() ? 0 : 1) << result.err.substr(0, 2000);
  EXPECT_THAT(result.err.substr(0, 200000), HasSubstr(hostile.error));
  EXPECT_LT(result.err.size(), 200000u) << "an error is for people to read";
  if (!kIsMeasured) return;
  EXPECT_LT(result.cpuSeconds, 10);
  EXPECT_LT(result.peakBytes, 1500LL << 20);
}

INSTANTIATE_TEST_SUITE_P(Programs, Limits, testing::ValuesIn(hostile()),
                         [](const auto& info) { return std::string(info.param.name) + "_" + std::to_string(info.index); });

TEST(Limits, ModulesThatUseEachOther) {
  if (!kIsMeasured) GTEST_SKIP() << "depths are for stack frames as the release build has them";
  const Folder folder;
  constexpr int kModules = 200;
  for (int i = 0; i < kModules; ++i) {
    const std::string next = n((i + 1) % kModules);
    folder.write("m" + n(i) + ".fed", "use m" + next + ".{f_" + next + "};\nfn f_" + n(i) + "(x: f32) -> f32 { f_" + next + "(x) }\n");
  }
  const BinaryResult circle = boundedFedc({"check", folder.write("circle.fed", "use m0.{f_0};\n" + client("f_0(1.0)"))}, kSeconds, kMegabytes);
  EXPECT_EQ(circle.exitCode, 1);
  EXPECT_THAT(circle.err, HasSubstr("error[E0107]"));
  // Without the last `use` it is a chain.
  folder.write("m199.fed", "fn f_199(x: f32) -> f32 { x }\n");
  const BinaryResult chain = boundedFedc({"check", folder.path("circle.fed")}, kSeconds, kMegabytes);
  EXPECT_EQ(chain.exitCode, 0) << chain.err;
  for (int i = 200; i < 5000; ++i) folder.write("m" + n(i) + ".fed", "use m" + n(i + 1) + ";\nfn f_" + n(i) + "(x: f32) -> f32 { x }\n");
  folder.write("m199.fed", "use m200;\nfn f_199(x: f32) -> f32 { x }\n");
  const BinaryResult deep = boundedFedc({"check", folder.path("circle.fed")}, kSeconds, kMegabytes);
  EXPECT_EQ(deep.exitCode, 1);
  EXPECT_THAT(deep.err, HasSubstr("error[E0408]"));
}

TEST(Limits, HostileNumbers) {
  const std::string data = std::string(FEDC_SOURCE_DIR) + "/examples/data/digits_train.h5";
  const Folder folder;
  const auto fails = [&](const std::vector<std::string>& words, int code, const std::string& says) {
    const BinaryResult result = boundedFedc(words, kSeconds, kMegabytes);
    EXPECT_EQ(result.exitCode, code) << says << "\n" << result.err;
    EXPECT_THAT(result.err, HasSubstr(says));
  };
  const std::string count = "struct E { label: i32 }\nfn main(data: {E*}@clients) -> f32@server { federated_mean(f32(data.count())) }\n";
  for (const auto& [setting, says] : {std::pair{"rounds = 99999999999999999999", "error[E0007]"},
                                      {"rounds = -1", "error[E0121]"},
                                      {"threads = 100000000", "is not a whole number from 1 to 4096"},
                                      {"data_cache = \"99999999T\"", "more memory than any machine has"},
                                      {"clients = \"0..99999999999999999999\"", "there is no client"},
                                      {"clients_per_round = 0", "error[E0121]"}}) {
    fails({"run", folder.write("run.fed", "run { data = \"" + data + "\", " + setting + " }\n" + count)}, 1, says);
  }
  const std::string program = folder.write("count.fed", count);
  fails({"run", program, "--data", data, "--rounds", "99999999999999999999"}, 2, "is not a whole number");
  fails({"run", program, "--data", data, "--clients", "0..18446744073709551616"}, 1, "there is no client");
  fails({"run", program, "--data", data, "--data-cache", "1e300"}, 2, "is not a number of bytes");
  fails({"run", program, "--data", data, "--threads", "1000000"}, 2, "is not a whole number");
  const std::string large = folder.write("large.fed", "fn main(x: f32[1048576, 1048576]) -> f32 { sum(x) }\n");
  fails({"run", large, "--arg", "x=[1, 2]"}, 1, "more elements than");
  const std::string memory = folder.write("memory.fed", process("f32[1048576, 1048576]", "(m, federated_mean(data.sum()))"));
  fails({"run", memory, "--data", data, "--rounds", "1"}, 1, "error");
}

}  // namespace
}  // namespace fedc::tests
