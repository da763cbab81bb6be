// Strings at the borders of the process: command line, results, files, messages, and the state that is kept.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/cli/binary.h"
#include "tests/golden.h"

namespace fedc::tests {
namespace {

using ::testing::HasSubstr;

const char* const kEcho =
    "struct Named { name: str, tags: str[2] }\n"
    "fn main(x: Named@server, y: {str}@clients, z: str@server) -> (Named@server, {str}@clients, str@server) { (x, y, z) }\n";

TEST(Strings, AResultReadsBack) {
  const Folder folder;
  const std::string program = folder.write("echo.fed", kEcho);
  const std::string x = R"({"name":"zoë \"z\" \\ \n\u0000","tags":["","日本"]})", y = R"(["a","","b c"])";
  for (const char* way : {"--no-cache", "--interpret", "--wire"}) {
    const BinaryResult run = fedc({"run", program, "--arg", "x=" + x, "--arg", "y=" + y, "--arg", "z=plain text, \"quoted\"", way});
    ASSERT_EQ(run.exitCode, 0) << run.err;
    const auto result = nlohmann::json::parse(run.out);
    EXPECT_EQ(result[0], nlohmann::json::parse(x)) << way;
    EXPECT_EQ(result[1], nlohmann::json::parse(y)) << way;
    EXPECT_EQ(result[2], "plain text, \"quoted\"") << way;
    const BinaryResult again =
        fedc({"run", program, "--arg", "x=" + result[0].dump(), "--arg", "y=" + result[1].dump(), "--arg", "z=" + result[2].dump(), way});
    EXPECT_EQ(again.out, run.out) << again.err;
  }
}

TEST(Strings, WhatIsNoString) {
  const Folder folder;
  const std::string program =
      folder.write("echo.fed", "fn main(x: str[2]@server, y: str@server) -> i32@server { f(x, y) }\nfn f(x: str[2], y: str) -> i32 { len(y) }\n");
  const auto wrong = [&](const std::string& x, const std::string& y) {
    const BinaryResult run = fedc({"run", program, "--arg", "x=" + x, "--arg", "y=" + y});
    EXPECT_EQ(run.exitCode, 1) << run.out;
    return run.err;
  };
  EXPECT_THAT(wrong("[\"a\"]", "b"), HasSubstr("1 entries where 2 are wanted"));
  EXPECT_THAT(wrong("[\"a\", 5]", "b"), HasSubstr("x[1] is 5, which is no `str`"));
  EXPECT_THAT(wrong("[\"a\", \"b]", "b"), HasSubstr("is no JSON: it ends too early"));
  EXPECT_THAT(wrong("[\"a\", \"b\"]", std::string(70000, 'x')), HasSubstr("a string of 70000 bytes; at most 65535 are possible"));
}

/// The bytes that `--wire` counts: those of `fedc cost`, and the texts.
TEST(Strings, MessagesWeighTheirTexts) {
  const Folder folder;
  const std::string program = folder.write("echo.fed",
                                           "fn longer(a: str, b: str) -> str { if len(a) > len(b) { a } else { b } }\n"
                                           "fn main(x: {str}@clients, y: str@server) -> str@server {\n"
                                           "  let sent = federated_broadcast(y);\n"
                                           "  federated_aggregate(longer(x, sent), \"\", longer, longer)\n}\n");
  const BinaryResult run = fedc({"run", program, "--wire", "--arg", "x=[\"one\", \"eleven\"]", "--arg", "y=four"});
  ASSERT_EQ(run.exitCode, 0) << run.err;
  EXPECT_EQ(run.out, "\"eleven\"\n");
  // Down: 4 + "four" twice; up: 4 + "four", 4 + "eleven".
  EXPECT_THAT(run.err, HasSubstr("16 B down and 18 B up"));
  const BinaryResult cost = fedc({"cost", program});
  ASSERT_EQ(cost.exitCode, 0) << cost.err;
  EXPECT_THAT(cost.out, HasSubstr("down   4 B and the text of 1 string\n    up     4 B and the text of 1 string\n"));
  const std::string limited = folder.write("limited.fed", "budget { up: 1 kB }\n" + readFile(program));
  const BinaryResult over = fedc({"check", limited});
  EXPECT_EQ(over.exitCode, 1);
  EXPECT_THAT(over.err, HasSubstr("up to 65539 bytes go from each client in a round, `budget` allows 1 kB"));
}

/// Strings in the server's and the clients' state: in one run, and in two processes that number strings differently, wherever clients' state lies.
TEST(Strings, StateGoesOnInAnotherProcess) {
  const Folder folder;
  const std::string program = folder.write("kept.fed", R"(
struct Server { last: str, all: str[3] }
struct Own { words: str[3], n: i32 }
fn word(i: i32, salt: i32) -> str { split("alpha beta gamma delta epsilon zeta eta", " ")[(i * 3 + salt) % 7] }
fn start(k: key) -> Own { Own { words: [word(randint(k, [], 0, 7), 1), "", ""], n: 0 } }
fn init(k: key@server) -> (Server@server, {Own}@clients) { (federated_value(zeros(), server), start(federated_keys(k))) }
fn visit(own: Own) -> Own {
  var o = own;
  o.words[own.n % 3] = word(own.n, len(own.words[0]));
  o.n += 1;
  o
}
fn least(a: str, b: str) -> str { if b == "" || (a != "" && a < b) { a } else { b } }
fn joined(s: Server, w: str) -> Server { Server { last: w, all: [s.all[1], s.all[2], w] } }
fn next(s: (Server@server, {Own}@clients), data: {Example*}@clients, k: key@server) -> ((Server@server, {Own}@clients), i32@server) {
  let (server, own) = s;
  let after = visit(own);
  let w = federated_aggregate(last(after), "", least, least);
  ((joined(server, w), after), len_of(w))
}
fn last(o: Own) -> str { o.words[(o.n - 1) % 3] }
fn len_of(w: str) -> i32 { len(w) }
struct Example { y: i32 }
let main = process(init, next);
)");
  const std::string data = "synthetic:clients=40,rows=1,dim=1";
  const auto begin = [&](const std::string& out, const char* rounds, const char* cache) {
    const BinaryResult run = fedc({"run", program, "--data", data, "--rounds", rounds, "--clients-per-round", "13", "--out", folder.path(out),
                                   "--client-cache", cache, "--checkpoint-every", "1"});
    ASSERT_EQ(run.exitCode, 0) << run.err;
  };
  begin("whole", "8", "1GB");
  const std::string model = readFile(folder.path("whole/model.npz"));
  EXPECT_THAT(model, HasSubstr("'descr': '<U"));
  for (const char* cache : {"1GB", "2kB"}) {
    const std::string out = std::string("parts") + cache;
    begin(out, "3", cache);
    const BinaryResult more = fedc({"resume", folder.path(out), "--rounds", "8", "--threads", "1"});
    ASSERT_EQ(more.exitCode, 0) << more.err;
    EXPECT_EQ(readFile(folder.path(out + "/model.npz")), model) << cache;
  }
}

}  // namespace
}  // namespace fedc::tests
