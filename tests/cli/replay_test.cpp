#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/cli/binary.h"

// Where values that are not finite were born, and `fedc replay`.
namespace fedc::tests {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kSource = FEDC_SOURCE_DIR;
const std::string kData = kSource + "/examples/data/digits_train.h5";

/// Softmax regression on digits in which one client, which alone has 86 examples, divides 0 by 0 in step 2 of its 5 (writer_0071, by HDF5's own
/// tools).
const char* const kPlanted = R"(use nn.{softmax_cross_entropy};

struct Example { pixels: f32[28, 28], label: i32 }
struct Model { w: f32[784, 10], b: f32[10] }

fn loss(m: Model, e: Example) -> f32 {
  let row = reshape(1 - e.pixels, [784]);
  softmax_cross_entropy(row @ m.w + m.b, e.label)
}

fn batch_loss(m: Model, b: Example[n]) -> f32 { mean(vmap(|e| loss(m, e))(b)) }

fn scaled(x: f32[10], by: f32) -> f32[10] { dbg(x * (by / by)) }

fn train(start: Model, data: Example*) -> (Model, f32) {
  var m = start;
  var step: i32 = 0;
  for batch in data.batch(20) {
    let slope = grad(batch_loss)(m, batch);
    let away = f32(abs(data.count() - 86) + abs(step - 2));
    m.w -= 0.1 * slope.w;
    m.b -= 0.1 * scaled(slope.b, away);
    step += 1;
  }
  (m - start, f32(data.count()))
}

fn init(k: key@server) -> Model@server { zeros() }

fn next(m: Model@server, data: {Example*}@clients, k: key@server) -> (Model@server, f32@server) {
  let (delta, n) = train(federated_broadcast(m), data);
  let average = federated_mean(delta, weight = n);
  (m + average, federated_sum(n))
}

let main = process(init, next);
)";
constexpr int kPlantedLine = 13;

std::string linesWith(const std::string& text, const std::string& part) {
  std::stringstream in(text);
  std::string out;
  for (std::string line; std::getline(in, line);)
    if (line.find(part) != std::string::npos) out += line + "\n";
  return out;
}

/// Every file of a folder with its bytes.
std::map<std::string, std::string> filesOf(const std::string& folder) {
  std::map<std::string, std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    out[entry.path().string()].assign(std::istreambuf_iterator<char>(in), {});
  }
  return out;
}

std::vector<std::string> digitsRun(const std::string& program, const std::string& out, int rounds) {
  return {"run", program, "--data", kData, "--rounds", std::to_string(rounds), "--out", out, "--no-cache"};
}

TEST(Replay, APlantedZeroByZeroIsNamedByTheRunAndByTheReplay) {
  const Folder folder;
  const std::string program = folder.write("planted.fed", kPlanted), out = folder.path("run");
  std::vector<std::string> arguments = digitsRun(program, out, 2);
  arguments.emplace_back("--json");
  const BinaryResult run = fedc(arguments);
  ASSERT_EQ(run.exitCode, 0) << run.err;

  // Client, step, line and leaf, in the run's report: once, and the run goes on.
  const std::string place = "planted.fed:" + std::to_string(kPlantedLine) + ":";
  EXPECT_THAT(run.err, AllOf(HasSubstr("warning[E0511]: `w`, `b` are not finite after round 1"), HasSubstr(place),
                             HasSubstr("fn scaled(x: f32[10], by: f32) -> f32[10] { dbg(x * (by / by)) }"),
                             HasSubstr("^^^^^^^ 0 / 0 is nan at client `writer_0071`")));
  EXPECT_THAT(run.err, AllOf(HasSubstr("in step 2 of 0 to 4 of the loop at"), HasSubstr("planted.fed:18:3"), HasSubstr("in this call of `scaled`"),
                             HasSubstr("it goes to `m.b`, at")));
  EXPECT_THAT(run.err, HasSubstr("fedc replay " + out + " --round 1 --client writer_0071"));
  EXPECT_EQ(run.err.find("warning[E0511]"), run.err.rfind("warning[E0511]"));
  const auto born = nlohmann::json::parse(linesWith(run.out, "\"born\""));
  EXPECT_EQ(born["client"], "writer_0071");
  EXPECT_EQ(born["round"], 1);
  EXPECT_EQ(born["line"], kPlantedLine);
  EXPECT_EQ(born["source"], "by / by");
  EXPECT_EQ(born["name"], "m.b");
  EXPECT_EQ(born["text"], "0 / 0 is nan");
  EXPECT_EQ(born["steps"], nlohmann::json({2}));
  EXPECT_EQ(born["leaves"], nlohmann::json({"w", "b"}));
  EXPECT_THAT(linesWith(run.out, "\"summary\""), HasSubstr("\"rounds\":2"));

  // The same in the replay, which changes nothing of the run.
  const auto before = filesOf(out);
  const BinaryResult replay = fedc({"replay", out, "--round", "1", "--client", "writer_0071"});
  ASSERT_EQ(replay.exitCode, 0) << replay.err;
  EXPECT_EQ(filesOf(out), before);
  EXPECT_THAT(replay.out, AllOf(HasSubstr("round 1, client `writer_0071`, number "), HasSubstr(" of 60\n")));
  EXPECT_THAT(linesWith(replay.out, "! 0 / 0 is nan"), HasSubstr("        13 | "));
  const std::size_t mark = replay.out.find("! 0 / 0 is nan");
  ASSERT_NE(mark, std::string::npos);
  EXPECT_THAT(replay.out.substr(0, mark), AllOf(HasSubstr("for batch in data.batch(20): step 2 of 0 to 4"), Not(HasSubstr("step 3 of 0 to 4"))));
  EXPECT_THAT(replay.out.substr(0, mark), Not(HasSubstr("! m.")));
  const std::string after = replay.out.substr(mark);
  EXPECT_LT(after.find("! dbg(x * (by / by)) = f32[10]: first nan, nan, nan, nan, …; 10 not finite"), after.find("! m.b = f32[10]"));
  EXPECT_LT(after.find("! m.b = f32[10]"), after.find("step 3 of 0 to 4"));
  EXPECT_THAT(after, HasSubstr("step 3 of 0 to 4"));
  EXPECT_THAT(replay.out, AllOf(HasSubstr("what it gives in round 1 is not finite"), HasSubstr(place), HasSubstr("in step 2 of 0 to 4")));
  // Each `let` and assignment of the step, with its line.
  for (const char* line : {"        19 |", "        20 |", "        21 |", "        22 |", "        23 |"}) EXPECT_THAT(replay.out, HasSubstr(line));
  EXPECT_THAT(replay.out,
              AllOf(HasSubstr("slope.w = f32[784, 10]: min "), HasSubstr("away = 2\n"), HasSubstr("away = 0\n"), HasSubstr("step = 5\n")));

  // Another client of the same round, and only what is asked for of it.
  const BinaryResult other = fedc({"replay", out, "--round", "1", "--client", "writer_0017", "--let", "away", "--line", "20"});
  ASSERT_EQ(other.exitCode, 0) << other.err;
  EXPECT_EQ(linesWith(other.out, "not finite"), "");
  EXPECT_EQ(linesWith(other.out, "slope"), "");
  // 122 examples, 36 more than 86.
  EXPECT_THAT(linesWith(other.out, "away = "), AllOf(HasSubstr("away = 38\n"), HasSubstr("away = 37\n"), HasSubstr("away = 36\n")));
}

// What clients keep is looked at, though nothing of it comes to the server.
TEST(Replay, WhatClientsKeepIsLookedAt) {
  const Folder folder;
  const std::string program = folder.write("keeps.fed", R"(struct Example { pixels: f32[28, 28], label: i32 }
struct Mine { seen: f32, share: f32[2] }

fn init() -> (i32@server, {Mine}@clients) { (federated_value(0, server), federated_value(Mine { seen: 0, share: zeros() }, clients)) }

fn more(mine: Mine, data: Example*) -> Mine {
  let rest = f32(abs(data.count() - 86));
  Mine { seen: mine.seen + f32(data.count()), share: [1.0, 1.0 / rest] }
}

fn next(s: (i32@server, {Mine}@clients), data: {Example*}@clients) -> ((i32@server, {Mine}@clients), i32@server) {
  let n = federated_count(s.1);
  ((s.0 + n, more(s.1, data)), n)
}

let main = process(init, next);
)");
  const std::string out = folder.path("run");
  std::vector<std::string> arguments = digitsRun(program, out, 2);
  arguments.emplace_back("--json");
  const BinaryResult run = fedc(arguments);
  ASSERT_EQ(run.exitCode, 0) << run.err;
  EXPECT_THAT(run.err, AllOf(HasSubstr("warning[E0511]: `1.share` of what clients keep is not finite after round 1"), HasSubstr("keeps.fed:8:"),
                             HasSubstr("1 / 0 is inf at client `writer_0071`")));
  EXPECT_EQ(run.err.find("warning[E0511]"), run.err.rfind("warning[E0511]"));
  const auto born = nlohmann::json::parse(linesWith(run.out, "\"born\""));
  EXPECT_EQ(born["kept"], nlohmann::json({"1.share"}));
  EXPECT_EQ(born["leaves"], nlohmann::json::array());
  EXPECT_EQ(born["client"], "writer_0071");
}

TEST(Replay, AnyRoundIsReachedFromTheStartAndHeldAgainstTheRun) {
  const Folder folder;
  const std::string out = folder.path("run");
  const BinaryResult run = fedc({"run", kSource + "/examples/digits_softmax.fed", "--rounds", "6", "--out", out});
  ASSERT_EQ(run.exitCode, 0) << run.err;
  EXPECT_EQ(linesWith(run.err, "E0511"), "") << "nothing is said where all is finite";

  const BinaryResult nobody = fedc({"replay", out, "--round", "4", "--client", "writer_9999"});
  EXPECT_EQ(nobody.exitCode, 1);
  EXPECT_THAT(nobody.err, AllOf(HasSubstr("client `writer_9999` takes no part in round 4"), HasSubstr("its 10 clients are `writer_")));
  const std::string id = nobody.err.substr(nobody.err.find("clients are `") + 13, 11);

  const BinaryResult replay = fedc({"replay", out, "--round", "4", "--client", id});
  ASSERT_EQ(replay.exitCode, 0) << replay.err;
  EXPECT_THAT(replay.out,
              AllOf(HasSubstr("round 4, client `" + id + "`"), HasSubstr("for b in data.shuffle(k).repeat(epochs).batch(batch): step 0 of 0 to ")));
  EXPECT_THAT(replay.out, HasSubstr("m.w = f32[784, 10]: "));

  const BinaryResult late = fedc({"replay", out, "--round", "9", "--client", id});
  EXPECT_EQ(late.exitCode, 1);
  EXPECT_THAT(late.err, HasSubstr("has 6 rounds, there is no round 9"));

  // A run that had another state after round 2 is not this one.
  std::string table;
  {
    std::ifstream in(out + "/metrics.csv");
    int number = 0;
    for (std::string line; std::getline(in, line); ++number)
      table += (number == 2 ? line.substr(0, line.rfind(',')) + ",0123456789abcdef" : line) + "\n";
  }
  std::ofstream(out + "/metrics.csv") << table;
  const BinaryResult differs = fedc({"replay", out, "--round", "4", "--client", id});
  EXPECT_EQ(differs.exitCode, 1);
  EXPECT_THAT(differs.err, AllOf(HasSubstr("round 2 gives another state than it did"), HasSubstr("0123456789abcdef")));
  EXPECT_EQ(differs.out, "");
}

TEST(Replay, WhatHasChangedIsNotReplayed) {
  const Folder folder;
  const std::string program = folder.write("planted.fed", kPlanted), out = folder.path("run");
  ASSERT_EQ(fedc(digitsRun(program, out, 1)).exitCode, 0);
  std::string text = kPlanted;
  text.replace(text.find("0.1"), 3, "0.2");
  folder.write("planted.fed", text);
  const BinaryResult changed = fedc({"replay", out, "--round", "1", "--client", "writer_0071"});
  EXPECT_EQ(changed.exitCode, 1);
  EXPECT_THAT(changed.err, HasSubstr("cannot be replayed: its program has changed since it began"));
  const BinaryResult none = fedc({"replay", folder.path("nothing"), "--round", "1", "--client", "a"});
  EXPECT_EQ(none.exitCode, 1);
  EXPECT_THAT(none.err, HasSubstr("is not the directory of a run"));
  EXPECT_EQ(fedc({"replay", out, "--client", "a"}).exitCode, 2);
}

const char* const kClientState = R"(struct Example { x: f32[3] }

fn step(kept: f32, data: Example*) -> f32 { let now = kept + f32(data.count()); dbg(now) }
fn init(k: key@server) -> (f32@server, {f32}@clients) { (federated_value(0.0, server), federated_value(1.0, clients)) }
fn next(s: (f32@server, {f32}@clients), data: {Example*}@clients, k: key@server) -> ((f32@server, {f32}@clients), f32@server) {
  let kept = step(s.1, data);
  let all = federated_sum(kept);
  ((s.0 + all, kept), all)
}

let main = process(init, next);
)";

TEST(Replay, WhatClientsKeepIsAsItWas) {
  const Folder folder;
  const std::string program = folder.write("kept.fed", kClientState), out = folder.path("run");
  const BinaryResult run = fedc({"run", program, "--data", "synthetic:clients=4,rows=3,dim=3", "--rounds", "5", "--out", out});
  ASSERT_EQ(run.exitCode, 0) << run.err;
  const auto before = filesOf(out);
  const BinaryResult replay = fedc({"replay", out, "--round", "3", "--client", "client_00000002"});
  ASSERT_EQ(replay.exitCode, 0) << replay.err;
  // 1 at first, 3 more in each of three rounds.
  EXPECT_THAT(replay.out, AllOf(HasSubstr("now = 10\n"), HasSubstr("dbg(now) = 10\n")));
  EXPECT_EQ(filesOf(out), before);
}

TEST(Replay, ARoundThatFailedIsShownFromTheCheckpointBeforeIt) {
  const Folder folder;
  const std::string program = folder.write("failing.fed", R"(struct Example { x: f32[3] }

fn step(s: f32, data: Example*) -> f32 {
  let seen = s + f32(data.count());
  assert(seen < 8.0, "too far");
  seen
}
fn init(k: key@server) -> f32@server { 0.0 }
fn next(s: f32@server, data: {Example*}@clients, k: key@server) -> (f32@server, f32@server) {
  let all = federated_max(step(federated_broadcast(s), data));
  (all, all)
}

let main = process(init, next);
)");
  const std::string out = folder.path("run");
  const BinaryResult run = fedc({"run", program, "--data", "synthetic:clients=3,rows=3,dim=3", "--rounds", "5", "--out", out});
  ASSERT_EQ(run.exitCode, 1);
  EXPECT_THAT(run.err, HasSubstr("in round 3"));
  const BinaryResult replay = fedc({"replay", out, "--round", "3", "--client", "client_00000000"});
  EXPECT_EQ(replay.exitCode, 1);
  EXPECT_THAT(replay.out, HasSubstr("         4 |     seen = 9\n"));
  EXPECT_THAT(replay.err, AllOf(HasSubstr("E0501"), HasSubstr("too far")));
  // The rounds before it, from the start.
  const BinaryResult second = fedc({"replay", out, "--round", "2", "--client", "client_00000001"});
  EXPECT_EQ(second.exitCode, 0) << second.err;
  EXPECT_THAT(second.out, HasSubstr("seen = 6\n"));
}

TEST(Replay, ABirthInADerivativeNamesTheGrad) {
  const Folder folder;
  // The forward value is masked, its derivative 0 * inf is not.
  const std::string program = folder.write("slope.fed", R"(struct Example { x: f32[3] }

fn energy(w: f32[3], e: Example) -> f32 { let r = sqrt(sum(w * w)); sum(r * e.x) }
fn train(w: f32[3], data: Example*) -> f32[3] {
  let slope = grad(|w| mean(vmap(|e| energy(w, e))(data.collect())))(w);
  slope / log(w)
}
fn init(k: key@server) -> f32[3]@server { [1.0, 2.0, 3.0] }
fn next(w: f32[3]@server, data: {Example*}@clients, k: key@server) -> (f32[3]@server, f32@server) {
  let new = federated_mean(train(federated_broadcast(w), data));
  (new, norm(new))
}

let main = process(init, next);
)");
  const BinaryResult run = fedc({"run", program, "--data", "synthetic:clients=2,rows=3,dim=3", "--rounds", "1", "--no-out"});
  ASSERT_EQ(run.exitCode, 0) << run.err;
  EXPECT_THAT(run.err, AllOf(HasSubstr("slope.fed:6:3"), HasSubstr(" / 0 is "), HasSubstr("at client `client_00000000`"),
                             HasSubstr("in element 0 of f32[3]")));

  std::string text = R"(struct Example { x: f32[3] }

fn energy(w: f32[3], e: Example) -> f32 { sum(e.x) * pow(sum(w), 0.5) }
fn train(w: f32[3], data: Example*) -> f32[3] {
  let slope = grad(|w| mean(vmap(|e| energy(w, e))(data.collect())))(w);
  slope
}
fn init(k: key@server) -> f32[3]@server { zeros() }
fn next(w: f32[3]@server, data: {Example*}@clients, k: key@server) -> (f32[3]@server, f32@server) {
  let new = federated_mean(train(federated_broadcast(w), data));
  (new, norm(new))
}

let main = process(init, next);
)";
  const BinaryResult derived =
      fedc({"run", folder.write("derived.fed", text), "--data", "synthetic:clients=2,rows=3,dim=3", "--rounds", "1", "--no-out"});
  ASSERT_EQ(derived.exitCode, 0) << derived.err;
  EXPECT_THAT(derived.err, AllOf(HasSubstr("derived.fed:3:"), HasSubstr("its derivative is computed for this"), HasSubstr("it goes to `slope`")));
}

TEST(Replay, WhatTheDataHoldsIsNoBirthButNamed) {
  const Folder folder;
  const std::string program = folder.write("given.fed", R"(struct Example { x: f32 }

fn main(data: {Example*}@clients) -> f32@server { federated_sum(data.map(|e| e.x).sum()) }
)");
  const BinaryResult run = fedc({"run", program, "--arg", R"(data={"a": [{"x": 1}], "b": [{"x": "nan"}, {"x": 2}]})"});
  ASSERT_EQ(run.exitCode, 0) << run.err;
  EXPECT_EQ(run.out, "\"nan\"\n");
  EXPECT_THAT(run.err,
              AllOf(HasSubstr("warning[E0511]: `value` is not finite after `main`"), HasSubstr("`x` in the data of client `b` is not finite")));
}

TEST(Replay, WhatIsNotThereIsNamed) {
  const Folder folder;
  const std::string program = folder.write("steps.fed", R"(struct Example { x: f32[3] }

fn train(w: f32, data: Example*) -> f32 {
  let seen = data.map(|e| sum(e.x)).sum();
  let limit = 3.0 - w;
  assert(w < 3.0, "w is small");
  limit + 0.0 * seen
}
fn init(k: key@server) -> f32@server { 0.0 }
fn next(w: f32@server, data: {Example*}@clients, k: key@server) -> (f32@server, f32@server) {
  let sent = federated_broadcast(w);
  let other = federated_mean(train(sent, data));
  (w + 1.0, other)
}
fn evaluate(w: f32@server, data: {Example*}@clients) -> f32@server { federated_sum(data.map(|e| sum(e.x)).sum() / 0.0) }

let main = process(init, next, evaluate);
)");
  const std::string data = "synthetic:clients=2,rows=3,dim=3", out = folder.path("run");
  const auto begin = [&](const std::string& rounds, const std::string& to) {
    return fedc({"run", program, "--data", data, "--eval-data", data, "--clients", "0..1", "--rounds", rounds, "--out", to});
  };
  ASSERT_EQ(begin("2", out).exitCode, 0);
  const auto replay = [](const std::string& run, const std::string& round, const std::vector<std::string>& more) {
    std::vector<std::string> words = {"replay", run, "--round", round, "--client", "client_00000000"};
    words.insert(words.end(), more.begin(), more.end());
    return fedc(words);
  };
  EXPECT_THAT(replay(out, "2", {"--let", "limit", "--line", "5"}).out, HasSubstr("limit = 2"));
  const auto error = [&](const std::string& run, const std::string& round, const std::vector<std::string>& more) {
    const BinaryResult result = replay(run, round, more);
    EXPECT_EQ(result.exitCode, 1) << result.out;
    EXPECT_EQ(result.out, "");
    return result.err;
  };
  EXPECT_THAT(error(out, "1", {"--let", "limt"}),
              HasSubstr("--let limt: `next` computes no value of this name at a client, did you mean `limit`?; there are `limit`, `seen`"));
  EXPECT_THAT(error(out, "1", {"--line", "999"}),
              HasSubstr("--line 999: `next` computes no value that this line names at a client; lines with one: 4, 5"));
  // All rounds are over: the next never took place.
  EXPECT_THAT(error(out, "3", {}), HasSubstr("has 2 rounds, there is no round 3"));
  EXPECT_THAT(error(out, "4", {}), HasSubstr("has 2 rounds, there is no round 4"));
  // The fourth ends by an error.
  const std::string failed = folder.path("failed");
  ASSERT_EQ(begin("5", failed).exitCode, 1);
  const BinaryResult fourth = replay(failed, "4", {});
  EXPECT_EQ(fourth.exitCode, 1);
  EXPECT_THAT(fourth.out, HasSubstr("round 4, client `client_00000000`"));
  EXPECT_THAT(error(failed, "5", {}), HasSubstr("has 3 rounds, there is no round 5"));
  // Born in the evaluation, at a client that `next` does not know.
  const BinaryResult other = fedc({"replay", out, "--round", "2", "--client", "client_00000001"});
  EXPECT_EQ(other.exitCode, 1);
  EXPECT_THAT(other.err, HasSubstr("client `client_00000001` takes no part in round 2"));
  EXPECT_THAT(other.err, HasSubstr("its client is `client_00000000`; what `evaluate` does is not replayed"));
}

TEST(Replay, OnlyEvaluateHasClients) {
  const Folder folder;
  const std::string program = folder.write("eval.fed", R"(struct Example { x: f32[3] }

fn init(k: key@server) -> f32@server { 0.0 }
fn next(w: f32@server, data: {Example*}@clients, k: key@server) -> (f32@server, f32@server) { (w + 1.0, w) }
fn evaluate(w: f32@server, data: {Example*}@clients) -> f32@server { federated_sum(f32(data.count()) / 0.0) }

let main = process(init, next, evaluate);
)");
  const std::string out = folder.path("run");
  const std::string data = "synthetic:clients=2,rows=3,dim=3";
  const BinaryResult run = fedc({"run", program, "--data", data, "--eval-data", data, "--rounds", "2", "--out", out});
  ASSERT_EQ(run.exitCode, 0) << run.err;
  const BinaryResult replay = fedc({"replay", out, "--round", "2", "--client", "client_00000000"});
  EXPECT_EQ(replay.exitCode, 1);
  EXPECT_THAT(replay.err, HasSubstr("`next` of this program has no clients; what `evaluate` does is not replayed"));
}

TEST(Replay, TheServersBirthsAreTheServers) {
  const Folder folder;
  const std::string program = folder.write("server.fed", R"(struct Example { x: f32[3] }

fn init(k: key@server) -> f32@server { 0.0 }
fn next(s: f32@server, data: {Example*}@clients, k: key@server) -> (f32@server, f32@server) {
  let n = federated_sum(f32(data.count()));
  let quotient = s / (n - 6.0);
  (quotient, n)
}

let main = process(init, next);
)");
  const BinaryResult run = fedc({"run", program, "--data", "synthetic:clients=2,rows=3,dim=3", "--rounds", "2", "--no-out"});
  ASSERT_EQ(run.exitCode, 0) << run.err;
  EXPECT_THAT(run.err, AllOf(HasSubstr("warning[E0511]"), HasSubstr("server.fed:6:18"), HasSubstr("0 / 0 is nan at the server"),
                             HasSubstr("it goes to `quotient`")));
}

TEST(Replay, TheSecondExchangeAndEveryWayToRun) {
  const Folder folder;
  const std::string program = folder.write("second.fed", R"(struct Example { x: f32[3] }

fn ratio(all: f32, data: Example*) -> f32 {
  let left = all - 2.0 * f32(data.count());
  left / left
}
fn init(k: key@server) -> f32@server { 0.0 }
fn next(s: f32@server, data: {Example*}@clients, k: key@server) -> (f32@server, f32@server) {
  let all = federated_sum(f32(data.count()));
  let ratios = federated_sum(ratio(federated_broadcast(all), data));
  (s + ratios, all)
}

let main = process(init, next);
)");
  const std::string out = folder.path("run");
  for (const char* way : {"--no-cache", "--wire", "--interpret"}) {
    const BinaryResult run = fedc({"run", program, "--data", "synthetic:clients=2,rows=3,dim=3", "--rounds", "2", way, "--out", out + way});
    ASSERT_EQ(run.exitCode, 0) << run.err;
    EXPECT_THAT(run.err, AllOf(HasSubstr("`value` is not finite after round 1"), HasSubstr("second.fed:5:3"),
                               HasSubstr("0 / 0 is nan at client `client_00000000`")))
        << way;
  }
  const BinaryResult replay = fedc({"replay", out + "--wire", "--round", "2", "--client", "client_00000001"});
  ASSERT_EQ(replay.exitCode, 0) << replay.err;
  EXPECT_THAT(replay.out, AllOf(HasSubstr("exchange 1\n"), HasSubstr("exchange 2\n"), HasSubstr("left = 0\n"), HasSubstr("! 0 / 0 is nan")));
}

TEST(Replay, InfinitiesThatAreMeantAreNotReported) {
  const Folder folder;
  const std::string program = folder.write("meant.fed", R"(struct Example { x: f32[3] }

fn largest(data: Example*) -> f32 {
  let none: f32 = lowest();
  data.fold(none, |a, e| max(a, where(e.x[0] > 1e30, e.x[0], none)))
}
fn init(k: key@server) -> f32@server { highest() }
fn next(s: f32@server, data: {Example*}@clients, k: key@server) -> (f32@server, f32@server) {
  (s, federated_max(largest(data)))
}

let main = process(init, next);
)");
  const BinaryResult run = fedc({"run", program, "--data", "synthetic:clients=2,rows=3,dim=3", "--rounds", "2", "--no-out"});
  ASSERT_EQ(run.exitCode, 0) << run.err;
  EXPECT_EQ(linesWith(run.err, "E0511"), "") << run.err;
}

TEST(Dbg, ShowsInAReplayAndChangesNoBitOfARun) {
  const Folder folder;
  const std::string body = R"(struct Example { x: f32[3] }

fn energy(w: f32[3], e: Example) -> f32 { let s = DBG(sum(w * e.x)); s * s }
fn train(w: f32[3], data: Example*) -> f32[3] {
  var now = w;
  for b in data.batch(2) { now -= 0.01 * grad(|w| mean(vmap(|e| energy(w, e))(b)))(now); }
  DBG(now)
}
fn init(k: key@server) -> f32[3]@server { [1.0, 2.0, 3.0] }
fn next(w: f32[3]@server, data: {Example*}@clients, k: key@server) -> (f32[3]@server, f32@server) {
  let new = federated_mean(train(federated_broadcast(DBG(w)), data));
  (DBG(new), norm(new))
}

let main = process(init, next);
)";
  std::vector<std::string> hashes;
  std::string out;
  for (const char* with : {"dbg", ""}) {
    std::string text = body;
    for (std::size_t at = text.find("DBG"); at != std::string::npos; at = text.find("DBG")) text.replace(at, 3, with);
    const std::string name = *with == '\0' ? "without" : "with";
    const std::string program = folder.write(name + ".fed", text);
    out = folder.path(name);
    const BinaryResult run = fedc({"run", program, "--data", "synthetic:clients=3,rows=5,dim=3", "--rounds", "3", "--out", out});
    ASSERT_EQ(run.exitCode, 0) << run.err;
    EXPECT_EQ(run.out.find("dbg"), std::string::npos);
    std::ifstream in(out + "/metrics.csv");
    for (std::string line; std::getline(in, line);) hashes.push_back(line.substr(line.rfind(',')));
  }
  ASSERT_EQ(hashes.size(), 8U);
  EXPECT_EQ(std::vector<std::string>(hashes.begin(), hashes.begin() + 4), std::vector<std::string>(hashes.begin() + 4, hashes.end()));

  const BinaryResult replay = fedc({"replay", folder.path("with"), "--round", "2", "--client", "client_00000001"});
  ASSERT_EQ(replay.exitCode, 0) << replay.err;
  // Both rows of a batch at once, in each of three steps, the last of which has one.
  EXPECT_THAT(linesWith(replay.out, "dbg(sum(w * e.x))"), AllOf(HasSubstr("f32[2]: "), HasSubstr("f32[1]: ")));
  EXPECT_THAT(linesWith(replay.out, "dbg(now)"), HasSubstr("f32[3]: "));
}

}  // namespace
}  // namespace fedc::tests
