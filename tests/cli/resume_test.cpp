#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <thread>

#include "tests/cli/binary.h"
#include "tests/golden.h"

// Runs as directories: begun, killed, gone on with.
namespace fedc::tests {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

const std::string kSource = FEDC_SOURCE_DIR;
const std::string kDigits = kSource + "/examples/digits_softmax.fed";

/// Lines of a table without the column `seconds`, which differs from run to run.
std::vector<std::string> linesOf(const std::string& path) {
  std::vector<std::string> out;
  std::ifstream in(path);
  int seconds = -1;
  for (std::string line; std::getline(in, line);) {
    std::vector<std::string> cells;
    std::stringstream stream(line);
    for (std::string cell; std::getline(stream, cell, ',');) cells.push_back(cell);
    for (std::size_t i = 0; i < cells.size(); ++i)
      if (cells[i] == "seconds") seconds = static_cast<int>(i);
    std::string kept;
    for (std::size_t i = 0; i < cells.size(); ++i) kept += static_cast<int>(i) == seconds ? "" : cells[i] + ",";
    out.push_back(kept);
  }
  return out;
}

std::vector<std::string> run(const std::string& out, int rounds) {
  return {"run", kDigits, "--rounds", std::to_string(rounds), "--eval-every", "7", "--checkpoint-every", "1", "--out", out};
}

TEST(Resume, ADirectoryHoldsTheRun) {
  const Folder folder;
  const std::string out = folder.path("run"), saved = folder.path("saved.npz");
  std::vector<std::string> arguments = run(out, 10);
  arguments.insert(arguments.end(), {"--save", saved, "-p", "lr=0.2"});
  const BinaryResult result = fedc(arguments);
  ASSERT_EQ(result.exitCode, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("kept       " + out));
  EXPECT_EQ(readFile(out + "/model.npz"), readFile(saved));
  const auto record = nlohmann::json::parse(readFile(out + "/run.json"));
  EXPECT_EQ(record["program"], kDigits);
  EXPECT_EQ(record["arguments"].get<std::vector<std::string>>(), arguments);
  EXPECT_EQ(record["program_hash"].get<std::string>().size(), 16U);
  const std::vector<std::string> lines = linesOf(out + "/metrics.csv");
  ASSERT_EQ(lines.size(), 11U);
  EXPECT_EQ(lines[0], "round,loss,accuracy,state,");
  EXPECT_EQ(lines[10].substr(0, 3), "10,");
  EXPECT_EQ(linesOf(out + "/evaluations.csv").size(), 3U) << "head, rounds 7 and 10";
  // Another run does not write over it.
  const BinaryResult again = fedc(arguments);
  EXPECT_EQ(again.exitCode, 1);
  EXPECT_THAT(again.err, HasSubstr("holds a run already"));
}

TEST(Resume, MoreRoundsAreTheSameAsAllAtOnce) {
  const Folder folder;
  const std::string parts = folder.path("parts"), whole = folder.path("whole");
  ASSERT_EQ(fedc(run(whole, 20)).exitCode, 0);
  ASSERT_EQ(fedc(run(parts, 6)).exitCode, 0);
  for (const char* rounds : {"6", "13", "20"}) {
    const BinaryResult more = fedc({"resume", parts, "--rounds", rounds, "--threads", "1"});
    ASSERT_EQ(more.exitCode, 0) << more.err;
  }
  EXPECT_EQ(readFile(parts + "/model.npz"), readFile(whole + "/model.npz"));
  EXPECT_EQ(linesOf(parts + "/metrics.csv"), linesOf(whole + "/metrics.csv"));
}

// What rounds and evaluations report of each client, in one file; an evaluation that was not over is done again, its clients' lines with it.
TEST(Resume, ReportsOfClients) {
  const Folder folder;
  const std::string program = folder.write("p.fed", R"(struct Example { x: f32[1], y: i32 }
struct Seen { count: i32, classes: i32[2] }
fn look(data: Example*) -> Seen {
  var classes: i32[2] = zeros();
  for e in data { classes[e.y] += 1; }
  Seen { count: data.count(), classes: classes }
}
let main = process(
  init = |k| federated_value(0, server),
  next = |s, data: {Example*}@clients, k| { let seen = look(data); (s + federated_sum(seen.count), seen) },
  evaluate = |s, data: {Example*}@clients| (federated_sum(data.count()), f32(data.count()) * 0.5),
);
)");
  const auto begin = [&](const std::string& out, const char* rounds) -> std::vector<std::string> {
    const std::string data = "synthetic:clients=9,rows=5,dim=1,classes=2";
    return {"run",          program, "--data",         data,   "--eval-data", data, "--rounds", rounds, "--clients-per-round", "2",
            "--eval-every", "2",     "--eval-clients", "0..3", "--out",       out};
  };
  const std::string whole = folder.path("whole"), parts = folder.path("parts");
  const BinaryResult result = fedc(begin(whole, "4"));
  ASSERT_EQ(result.exitCode, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("clients    what is reported of each: clients.csv\n"));
  const std::vector<std::string> lines = linesOf(whole + "/clients.csv");
  ASSERT_EQ(lines.size(), 1U + 4 * 2 + 2 * 3);
  EXPECT_EQ(lines[0], "round,in,client,count,classes[0],classes[1],value,");
  EXPECT_THAT(lines[1], ::testing::MatchesRegex("1,next,client_0000000[0-8],5,[0-5],[0-5],"));
  EXPECT_EQ(lines[5], "2,evaluate,client_00000000,,,,2.5,");
  EXPECT_EQ(lines[7], "2,evaluate,client_00000002,,,,2.5,");
  const std::string all = readFile(whole + "/clients.csv");
  ASSERT_EQ(fedc(begin(parts, "3")).exitCode, 0);
  ASSERT_EQ(fedc({"resume", parts, "--rounds", "4"}).exitCode, 0);
  EXPECT_EQ(linesOf(parts + "/clients.csv"), [&] {
    // The shorter run's last evaluation was behind round 3.
    std::vector<std::string> wanted = lines;
    for (int i = 0; i < 3; ++i) wanted.insert(wanted.begin() + 10 + i, "3" + lines[static_cast<std::size_t>(5 + i)].substr(1));
    return wanted;
  }());
  // As a kill leaves it between the clients' lines and the evaluation's, within a line.
  const std::string evaluations = readFile(whole + "/evaluations.csv");
  std::ofstream(whole + "/evaluations.csv") << evaluations.substr(0, evaluations.rfind("4,"));
  std::ofstream(whole + "/clients.csv") << all.substr(0, all.size() - 6);
  ASSERT_EQ(fedc({"resume", whole}).exitCode, 0);
  EXPECT_EQ(readFile(whole + "/clients.csv"), all);
  EXPECT_EQ(readFile(whole + "/evaluations.csv"), evaluations);
  // Without a directory nothing keeps them but the events.
  std::vector<std::string> unkept = begin("", "1");
  unkept.resize(unkept.size() - 2);
  unkept.insert(unkept.end(), {"--no-out", "--json"});
  const BinaryResult json = fedc(unkept);
  ASSERT_EQ(json.exitCode, 0) << json.err;
  std::stringstream events(json.out);
  std::string line;
  std::getline(events, line);
  std::getline(events, line);
  const auto round = nlohmann::json::parse(line);
  EXPECT_EQ(round["ids"].size(), 2U);
  EXPECT_EQ(round["of_clients"]["count"], nlohmann::json({5, 5}));
}

/// The words of a run into a directory.
using Begin = std::function<std::vector<std::string>(const std::string& out)>;

/// Killed at so many moments, among them while files are written, a run goes on to the same bits as one that was left alone.
void surviveKills(const Begin& begin, int wanted) {
  const Folder folder;
  const std::string whole = folder.path("whole"), killed = folder.path("killed");
  const auto start = std::chrono::steady_clock::now();
  ASSERT_EQ(fedc(begin(whole)).exitCode, 0);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::mt19937 random(50);
  int kills = 0, runs = 0;
  while (kills < wanted) {
    const std::string out = killed + std::to_string(runs++);
    for (bool isFirst = true;; isFirst = false) {
      std::vector<std::string> arguments = isFirst ? begin(out) : std::vector<std::string>{"resume", out};
      std::vector<char*> argv = {const_cast<char*>(binaryPath())};
      for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
      argv.push_back(nullptr);
      const pid_t child = fork();
      if (child == 0) {
        const int nothing = open("/dev/null", O_WRONLY);
        dup2(nothing, STDOUT_FILENO);
        dup2(nothing, STDERR_FILENO);
        execv(binaryPath(), argv.data());
        _exit(127);
      }
      // Somewhere between the start and a little after the usual end.
      const double wait = std::uniform_real_distribution<double>(0, 1.1)(random) * seconds;
      std::this_thread::sleep_for(std::chrono::duration<double>(wait));
      const bool isKilled = kills < wanted && kill(child, SIGKILL) == 0;
      int status = 0;
      waitpid(child, &status, 0);
      if (isKilled && WIFSIGNALED(status)) {
        ++kills;
        // Killed before there was a directory: begin again.
        if (!fs::exists(out + "/run.json")) {
          fs::remove_all(out);
          break;
        }
        continue;
      }
      ASSERT_TRUE(WIFEXITED(status)) << status;
      ASSERT_EQ(WEXITSTATUS(status), 0) << "after " << kills << " kills";
      break;
    }
    if (!fs::exists(out + "/run.json")) continue;
    if (kills >= wanted) {
      ASSERT_EQ(fedc({"resume", out}).exitCode, 0);
    }
    EXPECT_EQ(readFile(out + "/model.npz"), readFile(whole + "/model.npz")) << "after " << kills << " kills";
    EXPECT_EQ(linesOf(out + "/metrics.csv"), linesOf(whole + "/metrics.csv")) << "after " << kills << " kills";
    EXPECT_EQ(linesOf(out + "/evaluations.csv"), linesOf(whole + "/evaluations.csv")) << "after " << kills << " kills";
    EXPECT_EQ(fs::exists(out + "/clients.csv"), fs::exists(whole + "/clients.csv"));
    if (fs::exists(whole + "/clients.csv")) {
      EXPECT_EQ(readFile(out + "/clients.csv"), readFile(whole + "/clients.csv")) << "after " << kills << " kills";
    }
  }
}

constexpr int kFewer = kIsSanitized ? 5 : 1;

TEST(Resume, FiftyKills) {
  surviveKills([](const std::string& out) { return run(out, 400); }, 50 / kFewer);
}

// Its rounds add up what clients keep: a client whose state were of another round than the server's would show in every later line. Few of them fit
// in memory, so that rows are written between commits.
TEST(Resume, ClientStateSurvivesKills) {
  const Folder folder;
  std::ofstream(folder.path("visits.fed")) << R"(struct Example { x: f32[1], y: i32 }
struct Kept { visits: i32, path: f32[100] }

fn init(k: key@server) -> (f32@server, {Kept}@clients) { (federated_value(0.0, server), federated_value(zeros(), clients)) }

fn visit(own: Kept, level: f32, data: Example*, k: key) -> Kept {
  let sum = data.map(|e| e.x[0]).sum();
  Kept { visits: own.visits + 1, path: own.path * 0.9 + sum + level + normal(k, [100]) }
}

fn next(s: (f32@server, {Kept}@clients), data: {Example*}@clients, k: key@server) -> ((f32@server, {Kept}@clients), (i32@server, {i32}@clients)) {
  let (level, own) = s;
  let after = visit(own, federated_broadcast(level), data, federated_keys(k));
  let mean = federated_mean(mean(after.path));
  ((mean, after), (federated_sum(after.visits), after.visits))
}

fn evaluate(s: (f32@server, {Kept}@clients), data: {Example*}@clients) -> (f32@server, {f32}@clients) {
  (federated_sum(sum(s.1.path)), mean(s.1.path))
}

let main = process(init, next, evaluate);
)";
  const std::string data = "synthetic:clients=300,rows=3,dim=1,classes=2", program = folder.path("visits.fed");
  const auto begin = [&](const std::string& out) -> std::vector<std::string> {
    return {"run",
            program,
            "--data",
            data,
            "--eval-data",
            data,
            "--rounds",
            "120",
            "--clients-per-round",
            "40",
            "--eval-every",
            "30",
            "--checkpoint-every",
            "2",
            "--client-cache",
            "20K",
            "--out",
            out};
  };
  surviveKills(begin, 20 / kFewer);
  // Everything in memory, no directory, the interpreter: the same rounds.
  std::vector<std::string> plain = begin(folder.path("run"));
  ASSERT_EQ(fedc(plain).exitCode, 0);
  const auto metrics = linesOf(folder.path("run") + "/metrics.csv");
  plain.resize(plain.size() - 4);
  for (const std::string flag : {"--interpret", "--no-cache"}) {
    const std::string other = folder.path("other" + flag);
    std::vector<std::string> arguments = plain;
    arguments.insert(arguments.end(), {"--out", other, flag});
    ASSERT_EQ(fedc(arguments).exitCode, 0);
    EXPECT_EQ(linesOf(other + "/metrics.csv"), metrics) << flag;
  }
}

TEST(Resume, WhatCannotGoOnSaysWhy) {
  const Folder folder;
  const std::string out = folder.path("run");
  const std::string program = folder.write("p.fed",
                                           "struct Example { label: i32 }\n"
                                           "run { data = \"" +
                                               kSource +
                                               "/examples/data/digits_test.h5\" }\n"
                                               "fn init(k: key@server) -> f32@server { 0.0 }\n"
                                               "fn next(x: f32@server, data: {Example*}@clients, k: key@server) -> (f32@server, f32@server) {\n"
                                               "  (x + f32(federated_sum(data.count())), x)\n"
                                               "}\n"
                                               "let main = process(init, next);\n");
  ASSERT_EQ(fedc({"run", program, "--rounds", "3", "--out", out}).exitCode, 0);
  const auto failure = [&](const std::vector<std::string>& arguments) {
    const BinaryResult result = fedc(arguments);
    EXPECT_EQ(result.exitCode, 1) << result.out;
    return result.err;
  };
  EXPECT_THAT(failure({"resume", folder.path("nothing")}), HasSubstr("is not the directory of a run"));
  {
    // In use by another process.
    const int fd = open((out + "/.lock").c_str(), O_RDWR);
    ASSERT_EQ(flock(fd, LOCK_EX | LOCK_NB), 0);
    EXPECT_THAT(failure({"resume", out, "--rounds", "4"}), HasSubstr("another fedc is running"));
    close(fd);
  }
  const std::string model = readFile(out + "/model.npz"), record = readFile(out + "/run.json"), state = readFile(out + "/state/checkpoint.npz");
  const auto put = [](const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; };
  put(program, readFile(program) + "// changed\n");
  EXPECT_THAT(failure({"resume", out, "--rounds", "4"}), HasSubstr("its program has changed"));
  put(program, readFile(program).substr(0, readFile(program).size() - 11));
  for (const std::string& text : {std::string("{"), std::string("[]"), std::string("{\"format\": 99}"), record.substr(0, record.size() / 2)}) {
    put(out + "/run.json", text);
    EXPECT_THAT(failure({"resume", out, "--rounds", "4"}), ::testing::AnyOf(HasSubstr("is damaged"), HasSubstr("another version")));
  }
  put(out + "/run.json", record);
  for (std::size_t cut : {std::size_t{0}, std::size_t{10}, state.size() / 2, state.size() - 1}) {
    put(out + "/state/checkpoint.npz", state.substr(0, cut));
    EXPECT_THAT(failure({"resume", out, "--rounds", "4"}), HasSubstr("checkpoint.npz"));
  }
  std::string flipped = state;
  flipped[state.size() / 3] = static_cast<char>(flipped[state.size() / 3] ^ 0x40);
  put(out + "/state/checkpoint.npz", flipped);
  EXPECT_THAT(failure({"resume", out, "--rounds", "4"}), HasSubstr("checkpoint.npz"));
  EXPECT_EQ(readFile(out + "/model.npz"), model) << "nothing was written over";
  put(out + "/state/checkpoint.npz", state);
  EXPECT_EQ(fedc({"resume", out, "--rounds", "4"}).exitCode, 0);
  // Directories that are something else.
  EXPECT_THAT(failure({"run", program, "--out", folder.path("")}), HasSubstr("is not an empty directory"));
  EXPECT_THAT(failure({"run", program, "--out", program}), HasSubstr("is not an empty directory"));
  const std::string once = folder.write("once.fed", "fn main(x: f32) -> f32 { x }\n");
  EXPECT_THAT(failure({"run", once, "--arg", "x=1", "--out", folder.path("once")}), HasSubstr("`main` runs once"));
}

/// A run of four rounds with reports of each client, among them texts, some of which are quoted in CSV.
std::vector<std::string> namedClients(const Folder& folder, const std::string& out, const char* rounds) {
  const std::string program = folder.write("named.fed", R"(struct Example { x: f32[1], y: i32 }
fn word(n: i32) -> str { if n > 2 { "many, \"3\" or\nmore" } else { "few" } }
let main = process(
  init = |k| federated_value(0, server),
  next = |s, data: {Example*}@clients, k| (s + federated_sum(data.count()), word(data.count())),
  evaluate = |s, data: {Example*}@clients| word(data.count() - 3),
);
)");
  const std::string data = "synthetic:clients=3,rows=4,dim=1,classes=2";
  return {"run", program, "--data", data, "--eval-data", data, "--rounds", rounds, "--eval-every", "1", "--checkpoint-every", "1", "--out", out};
}

TEST(Resume, TextsOfClientsAreTexts) {
  const Folder folder;
  const std::string whole = folder.path("whole"), parts = folder.path("parts");
  ASSERT_EQ(fedc(namedClients(folder, whole, "4")).exitCode, 0);
  ASSERT_EQ(fedc(namedClients(folder, parts, "2")).exitCode, 0);
  ASSERT_EQ(fedc({"resume", parts, "--rounds", "4"}).exitCode, 0);
  const std::string table = readFile(whole + "/clients.csv");
  EXPECT_THAT(table, ::testing::StartsWith("round,in,client,value\n1,next,client_00000000,\"many, \"\"3\"\" or\nmore\"\n"));
  EXPECT_THAT(table, HasSubstr("\n1,evaluate,client_00000002,few\n"));
  EXPECT_EQ(readFile(parts + "/clients.csv"), table);
}

/// Each file of the directory, by its path in it.
std::map<std::string, std::string> filesOf(const std::string& directory) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(directory))
    if (entry.is_regular_file()) files[fs::relative(entry.path(), directory).string()] = readFile(entry.path().string());
  return files;
}

TEST(Resume, DamagedTablesAreRefusedAndNothingIsWritten) {
  const Folder folder;
  const std::string run = folder.path("run");
  ASSERT_EQ(fedc(namedClients(folder, run, "4")).exitCode, 0);
  const auto refusal = [&](const std::string& file, const std::function<std::optional<std::string>(const std::string&)>& damage) {
    const std::string copy = folder.path("copy");
    fs::remove_all(copy);
    fs::copy(run, copy, fs::copy_options::recursive);
    const auto text = damage(readFile(copy + "/" + file));
    fs::remove(copy + "/" + file);
    if (text) std::ofstream(copy + "/" + file, std::ios::binary) << *text;
    const auto before = filesOf(copy);
    const BinaryResult result = fedc({"resume", copy, "--rounds", "5"});
    EXPECT_EQ(result.exitCode, 1) << file << result.out;
    EXPECT_EQ(filesOf(copy), before) << file;
    return result.err;
  };
  for (const std::string file : {"metrics.csv", "evaluations.csv", "clients.csv"}) {
    const std::string damaged = "/" + file + "` is damaged: ";
    EXPECT_THAT(refusal(file, [](const std::string&) { return std::nullopt; }),
                HasSubstr(damaged + "it is missing, and the checkpoint is of round 4"));
    EXPECT_THAT(refusal(file, [](const std::string&) { return "junk\nand more\n"; }), HasSubstr(damaged));
    EXPECT_THAT(refusal(file, [](const std::string& text) { return text + "5,5,5,5,5,5\n"; }), HasSubstr(damaged));
    EXPECT_THAT(refusal(file, [](const std::string& text) { return text.substr(0, text.find('\n') + 1) + "x" + text.substr(text.find('\n') + 1); }),
                HasSubstr(damaged + "line 2 is of no round: it begins with `x1`"));
  }
  const auto withoutLastLine = [](const std::string& text) { return text.substr(0, text.rfind("\n4,") + 1); };
  EXPECT_THAT(refusal("metrics.csv", withoutLastLine), HasSubstr("it ends with round 3, and the checkpoint is of round 4"));
  EXPECT_THAT(refusal("metrics.csv", [](const std::string&) { return ""; }), HasSubstr("it ends with round 0, and the checkpoint is of round 4"));
  const auto withoutSecond = [](std::string text) { return text.erase(text.find("\n2,"), text.find("\n3,") - text.find("\n2,")); };
  EXPECT_THAT(refusal("metrics.csv", withoutSecond), HasSubstr("line 3 is of round 3 where round 2 is due"));
  // The checkpoint knows how much was written.
  for (const std::string file : {"evaluations.csv", "clients.csv"}) {
    const std::string damaged = "/" + file + "` is damaged: it has ";
    EXPECT_THAT(refusal(file, [](const std::string&) { return ""; }), HasSubstr(damaged + "0 bytes of the rounds up to 4, and "));
    EXPECT_THAT(refusal(file, [](std::string text) { return text.erase(text.find("\n3") + 1); }), HasSubstr(damaged));
  }
  EXPECT_THAT(refusal("clients.csv", withoutSecond), HasSubstr("/clients.csv` is damaged: it has "));
}

TEST(Resume, NoMoreRoundsThanThereAreChangeNothing) {
  const Folder folder;
  const std::string out = folder.path("run"), whole = folder.path("whole");
  ASSERT_EQ(fedc(run(out, 3)).exitCode, 0);
  const std::string evaluations = readFile(out + "/evaluations.csv");
  for (const char* rounds : {"0", "2", "3"}) {
    const BinaryResult result = fedc({"resume", out, "--rounds", rounds});
    EXPECT_EQ(result.exitCode, 0) << result.err;
    EXPECT_EQ(readFile(out + "/evaluations.csv"), evaluations) << rounds;
  }
  ASSERT_EQ(fedc({"resume", out, "--rounds", "5"}).exitCode, 0);
  ASSERT_EQ(fedc(run(whole, 5)).exitCode, 0);
  EXPECT_EQ(readFile(out + "/model.npz"), readFile(whole + "/model.npz"));
}

TEST(Resume, ReportsNamedAsTheTablesOwnColumns) {
  const Folder folder;
  const std::string program = folder.write("p.fed", R"(param by: f32 = 1.0;
struct Example { x: f32[1], y: i32 }
struct Report { round: f32, seconds: f32, state: i32 }
struct Of { client: i32 }
fn report(s: f32) -> Report { Report { round: 9, seconds: 7, state: 3 } }
fn of(data: Example*) -> Of { Of { client: data.count() } }
fn next(s: f32@server, data: {Example*}@clients, k: key@server) -> (f32@server, (Report@server, {Of}@clients)) {
  (s + by, (report(s), of(data)))
}
let main = process(|k| federated_value(0.0, server), next);
)");
  const auto begin = [&](const std::string& out, const char* by) {
    return fedc(
        {"run", program, "--data", "synthetic:clients=3,rows=5,dim=1,classes=2", "--rounds", "2", "-p", std::string("by=") + by, "--out", out}, {},
        folder.path(""));
  };
  ASSERT_EQ(begin("runs/a", "1").exitCode, 0);
  EXPECT_THAT(readFile(folder.path("runs/a/metrics.csv")), HasSubstr("round,metrics.round,metrics.seconds,metrics.state,seconds,state\n1,9,7,3,"));
  EXPECT_THAT(readFile(folder.path("runs/a/clients.csv")), HasSubstr("round,in,client,metrics.client\n1,next,client_00000000,5\n"));
  const BinaryResult replay = fedc({"replay", "runs/a", "--round", "2", "--client", "client_00000001"}, {}, folder.path(""));
  EXPECT_EQ(replay.exitCode, 0) << replay.err;
  const BinaryResult other = begin("runs/b", "5");
  ASSERT_EQ(other.exitCode, 0) << other.err;
  EXPECT_EQ(other.out.find("the same bits"), std::string::npos) << other.out;
}

TEST(Save, WhatIsNoFileIsLeftAndRefusedBeforeTheRun) {
  const Folder folder;
  const std::string program = folder.write("p.fed", "fn main() -> f32 { 3 }\n");
  ASSERT_EQ(mkfifo(folder.path("pipe").c_str(), 0644), 0);
  fs::create_directories(folder.path("kept"));
  fs::create_symlink("kept/w.npz", folder.path("link"));
  fs::create_symlink("loop", folder.path("loop"));
  const auto save = [&](const std::string& to) { return fedc({"run", program, "--save", to}, {}, folder.path("")); };
  for (const auto& [to, why] : {std::pair{"pipe", "it is no regular file"},
                                {"kept", "it is a folder"},
                                {"none/w.npz", "No such file or directory"},
                                {"loop", "Too many levels of symbolic links"}}) {
    const BinaryResult result = save(to);
    EXPECT_EQ(result.exitCode, 1) << to;
    EXPECT_EQ(result.out, "") << to;
    EXPECT_EQ(result.err, std::string("error: cannot write `") + to + "`: " + why + "\n");
  }
  EXPECT_TRUE(fs::is_fifo(folder.path("pipe")));
  // A link stays one, to a file that is not there and to one that is.
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(save("link").exitCode, 0);
    EXPECT_TRUE(fs::is_symlink(folder.path("link")));
    EXPECT_TRUE(fs::is_regular_file(folder.path("kept/w.npz")));
  }
}

TEST(Resume, ClientStateThatIsGoneIsRefused) {
  const Folder folder;
  const std::string run = folder.path("run"), store = run + "/state/clients.sqlite";
  const std::string program = folder.write("count.fed", R"(struct Example { x: f32[1], y: i32 }
fn init(k: key@server) -> (i32@server, {i32}@clients) { (federated_value(0, server), federated_value(0, clients)) }
fn next(s: (i32@server, {i32}@clients), data: {Example*}@clients, k: key@server) -> ((i32@server, {i32}@clients), i32@server) {
  let after = s.1 + 1;
  ((s.0 + federated_sum(data.count()), after), federated_sum(after))
}
let main = process(init, next);
)");
  ASSERT_EQ(fedc({"run", program, "--data", "synthetic:clients=3,rows=4,dim=1,classes=2", "--rounds", "2", "--out", run}).exitCode, 0);
  const std::string kept = readFile(store), metrics = readFile(run + "/metrics.csv");
  fs::remove(store);
  BinaryResult result = fedc({"resume", run, "--rounds", "3"});
  EXPECT_EQ(result.exitCode, 1);
  EXPECT_THAT(result.err, HasSubstr("is damaged: `state/clients.sqlite` is missing, without which `state/checkpoint-2.npz` is of no use"));
  EXPECT_FALSE(fs::exists(store));
  std::ofstream(store, std::ios::binary) << "";
  result = fedc({"resume", run, "--rounds", "3"});
  EXPECT_EQ(result.exitCode, 1);
  EXPECT_THAT(result.err, HasSubstr("clients.sqlite` is damaged: it is empty, and there is `state/checkpoint-2.npz`"));
  EXPECT_EQ(readFile(run + "/metrics.csv"), metrics);
  std::ofstream(store, std::ios::binary) << kept;
  EXPECT_EQ(fedc({"resume", run, "--rounds", "3"}).exitCode, 0);
}

TEST(Resume, ADirectoryWhereAFileShallBe) {
  const Folder folder;
  const std::string run = folder.path("run");
  ASSERT_EQ(fedc(namedClients(folder, run, "2")).exitCode, 0);
  for (const char* file : {"run.json", "metrics.csv", "evaluations.csv", "clients.csv", "state/checkpoint.npz"}) {
    const std::string path = run + "/" + file;
    const std::string before = readFile(path);
    fs::remove(path);
    fs::create_directory(path);
    const BinaryResult result = fedc({"resume", run, "--rounds", "3"});
    EXPECT_EQ(result.exitCode, 1) << file;
    EXPECT_THAT(result.err, HasSubstr("`" + path + "` is a directory"));
    fs::remove(path);
    std::ofstream(path, std::ios::binary) << before;
  }
  std::vector<std::string> arguments = namedClients(folder, folder.path("new"), "2");
  arguments.insert(arguments.end(), {"--init", run});
  const BinaryResult init = fedc(arguments);
  EXPECT_EQ(init.exitCode, 1);
  EXPECT_THAT(init.err, HasSubstr("`" + run + "` is a directory"));
  // What is a file, and cannot be read.
  const BinaryResult unreadable = fedc({"check", "/proc/self/mem"});
  EXPECT_EQ(unreadable.exitCode, 1);
  EXPECT_THAT(unreadable.err, HasSubstr("cannot read `/proc/self/mem`"));
}

TEST(Resume, EveryRunIsKeptUnlessItIsNotWanted) {
  const Folder folder;
  const std::string here = folder.path("");
  const auto first = fedc({"run", kDigits, "--rounds", "3"}, {}, here);
  ASSERT_EQ(first.exitCode, 0) << first.err;
  EXPECT_THAT(first.out, HasSubstr("kept       runs/digits_softmax-1\n"));
  EXPECT_EQ(first.out.find("before"), std::string::npos);
  const auto second = fedc({"run", kDigits, "--rounds", "3", "-p", "lr=0.2"}, {}, here);
  EXPECT_THAT(second.out, HasSubstr("kept       runs/digits_softmax-2\n"
                                    "before     runs/digits_softmax-1\n"
                                    "changed    lr 0.1 -> 0.2\n"
                                    "effect     loss "));
  const auto third = fedc({"run", kDigits, "--rounds", "3", "-p", "lr=0.2", "--threads", "1"}, {}, here);
  EXPECT_THAT(third.out, HasSubstr("changed    nothing\neffect     the same bits, "));
  // Neither a hole in the numbers nor other runs are in the way.
  fs::remove_all(here + "/runs/digits_softmax-2");
  fs::create_directory(here + "/runs/digits_softmax-x");
  EXPECT_THAT(fedc({"run", kDigits, "--rounds", "2", "--json"}, {}, here).out, HasSubstr("\"directory\":\"runs/digits_softmax-4\""));
  for (const std::vector<std::string>& none : {std::vector<std::string>{"--rounds", "2", "--no-out"}, {"--rounds", "0"}}) {
    std::vector<std::string> arguments = {"run", kDigits};
    arguments.insert(arguments.end(), none.begin(), none.end());
    const auto result = fedc(arguments, {}, here);
    EXPECT_EQ(result.exitCode, 0);
    EXPECT_EQ(result.out.find("kept"), std::string::npos) << result.out;
  }
  EXPECT_FALSE(fs::exists(here + "/runs/digits_softmax-5"));
  EXPECT_EQ(fedc({"run", kDigits, "--out", "x", "--no-out"}, {}, here).exitCode, 2);
}

TEST(Resume, WhereNothingCanBeKeptARunSaysSo) {
  const BinaryResult result = fedc({"run", kDigits, "--rounds", "2"}, {}, "/proc");
  EXPECT_EQ(result.exitCode, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("warning: this run is not kept: cannot make `runs`: "));
  EXPECT_THAT(result.err, HasSubstr("`--no-out` keeps none"));
}

TEST(Resume, AStartWithWeightsIsNoResumption) {
  const Folder folder;
  ASSERT_EQ(fedc(run(folder.path("a"), 3)).exitCode, 0);
  const BinaryResult start = fedc({"run", kDigits, "--rounds", "2", "--init", folder.path("a") + "/model.npz"}, {}, folder.path(""));
  ASSERT_EQ(start.exitCode, 0) << start.err;
  EXPECT_THAT(start.err, HasSubstr("a start at round 1 with the weights in `" + folder.path("a") + "/model.npz`, not a resumption\n"));
  EXPECT_THAT(start.out, HasSubstr("start      the weights in " + folder.path("a") + "/model.npz, at round 1\n"));
}

/// No file may be longer than 20 kB, as on a disk that is full: the model has 31.
TEST(Resume, AFullDiskEndsTheRunAndLosesNothing) {
  const Folder folder;
  const std::string out = folder.path("run"), whole = folder.path("whole");
  ASSERT_EQ(fedc(run(whole, 5)).exitCode, 0);
  const BinaryResult full = fedcOnAFullDisk(run(out, 5), 20000);
  EXPECT_EQ(full.exitCode, 1);
  EXPECT_THAT(full.err, HasSubstr("cannot write `" + out + "/state/checkpoint.npz`"));
  EXPECT_FALSE(fs::exists(out + "/model.npz"));
  const BinaryResult more = fedc({"resume", out});
  ASSERT_EQ(more.exitCode, 0) << more.err;
  EXPECT_EQ(readFile(out + "/model.npz"), readFile(whole + "/model.npz"));
  EXPECT_EQ(linesOf(out + "/metrics.csv"), linesOf(whole + "/metrics.csv"));
  // Where nothing can be made.
  const BinaryResult nowhere = fedc({"run", kDigits, "--rounds", "2", "--out", "/proc/fedc"});
  EXPECT_EQ(nowhere.exitCode, 1);
  EXPECT_THAT(nowhere.err, HasSubstr("cannot make `/proc/fedc`"));
}

}  // namespace
}  // namespace fedc::tests
