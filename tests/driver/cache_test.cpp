#include "compiler/driver/cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "compiler/driver/cached_program.h"
#include "compiler/driver/compile.h"
#include "runtime/process/run.h"

namespace fedc::driver {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class CacheTest : public testing::Test {
 protected:
  CacheTest() {
    std::string name = (fs::temp_directory_path() / "fedc_cache_XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~CacheTest() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  ArtifactCache open(std::int64_t most = ArtifactCache::kMostBytes) const {
    auto cache = ArtifactCache::open(path("cache"), most);
    EXPECT_TRUE(cache) << cache.error().message;
    return std::move(*cache);
  }
  /// The only file of the cache.
  std::string onlyFile() const {
    std::vector<std::string> files;
    for (const auto& entry : fs::directory_iterator(path("cache"))) files.push_back(entry.path().string());
    EXPECT_EQ(files.size(), 1U);
    return files.at(0);
  }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name);
  }

  std::string folder_;
};

TEST_F(CacheTest, GivesBackWhatWasStored) {
  const ArtifactCache cache = open();
  EXPECT_EQ(cache.load("a"), std::nullopt);
  const std::string content("x\0y", 3);
  EXPECT_TRUE(cache.store("a", content));
  EXPECT_TRUE(cache.store("b", ""));
  EXPECT_EQ(cache.load("a"), content);
  EXPECT_EQ(cache.load("b"), "");
  EXPECT_TRUE(cache.store("a", "new"));
  EXPECT_EQ(open().load("a"), "new");
  EXPECT_EQ(cache.statistics().files, 2);
  struct stat info = {};
  ASSERT_EQ(stat(path("cache").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700U);
}

TEST_F(CacheTest, EveryChangedByteIsNoticed) {
  const ArtifactCache cache = open();
  ASSERT_TRUE(cache.store("key", "content"));
  const std::string file = onlyFile();
  std::ifstream in(file, std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(in)), {});
  const auto put = [&](const std::string& bytes) { std::ofstream(file, std::ios::binary) << bytes; };
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string other = whole;
    other[i] = static_cast<char>(other[i] ^ 1);
    put(other);
    EXPECT_EQ(cache.load("key"), std::nullopt) << i;
    put(whole.substr(0, i));
    EXPECT_EQ(cache.load("key"), std::nullopt) << i;
  }
  put(whole + " ");
  EXPECT_EQ(cache.load("key"), std::nullopt);
  put(whole);
  EXPECT_EQ(cache.load("key"), "content");
}

TEST_F(CacheTest, TakesNoCodeThatOthersCouldHaveWritten) {
  const ArtifactCache cache = open();
  ASSERT_TRUE(cache.store("key", "content"));
  const std::string file = onlyFile();
  chmod(file.c_str(), 0620);
  EXPECT_EQ(cache.load("key"), std::nullopt);
  chmod(file.c_str(), 0600);
  EXPECT_EQ(cache.load("key"), "content");
  fs::rename(file, path("elsewhere"));
  fs::create_symlink(path("elsewhere"), file);
  EXPECT_EQ(cache.load("key"), std::nullopt);
  fs::remove(file);
  // Not even waited for.
  ASSERT_EQ(mkfifo(file.c_str(), 0600), 0);
  EXPECT_EQ(cache.load("key"), std::nullopt);

  const auto refusal = [&](const std::string& folder) {
    auto refused = ArtifactCache::open(folder);
    EXPECT_FALSE(refused);
    return refused ? ArtifactCache::Refusal{} : refused.error();
  };
  chmod(path("cache").c_str(), 0770);
  EXPECT_THAT(refusal(path("cache")).message, HasSubstr("may be written by others"));
  EXPECT_TRUE(refusal(path("cache")).isUnsafe);
  chmod(path("cache").c_str(), 0700);
  fs::create_directory_symlink(path("cache"), path("link"));
  EXPECT_THAT(refusal(path("link")).message, HasSubstr("is no folder"));
  EXPECT_THAT(refusal(write("file", "")).message, HasSubstr("is no folder"));
  EXPECT_FALSE(refusal("/proc/fedc").isUnsafe);
  EXPECT_FALSE(refusal("").isUnsafe);
  if (geteuid() == 0) {
    fs::create_directory(path("theirs"));
    ASSERT_EQ(chown(path("theirs").c_str(), 1, 1), 0);
    EXPECT_THAT(refusal(path("theirs")).message, HasSubstr("belongs to another user"));
  }
}

TEST_F(CacheTest, TheLongestUnusedGo) {
  const ArtifactCache cache = open(10'000);
  const std::string content(2'000, 'x');
  const auto ago = [&](const std::string& key, int seconds) {
    ASSERT_TRUE(cache.store(key, content));
    for (const auto& entry : fs::directory_iterator(path("cache"))) {
      std::error_code error;
      const auto used = fs::last_write_time(entry.path(), error);
      if (fs::file_time_type::clock::now() - used < std::chrono::seconds(5))
        fs::last_write_time(entry.path(), fs::file_time_type::clock::now() - std::chrono::seconds(seconds));
    }
  };
  ago("first", 400);
  ago("second", 300);
  ago("third", 200);
  ago("fourth", 100);
  EXPECT_EQ(cache.load("first"), content);
  // Over 10,000: down to 7,500, by those that were not used.
  ASSERT_TRUE(cache.store("fifth", content));
  EXPECT_EQ(cache.load("second"), std::nullopt);
  EXPECT_EQ(cache.load("third"), std::nullopt);
  for (const char* key : {"first", "fourth", "fifth"}) EXPECT_EQ(cache.load(key), content) << key;
  EXPECT_LE(cache.statistics().bytes, 7'500);
}

TEST_F(CacheTest, ManyAtOnce) {
  const ArtifactCache cache = open(200'000);
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) {
        const std::string key = std::to_string((i * 7 + t) % 5);
        const auto found = cache.load(key);
        if (found && *found != std::string(10'000, key[0])) ++wrong;
        if (!cache.store(key, std::string(10'000, key[0]))) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

/// A program of two files, with a param of each kind.
class CachedProgram : public CacheTest {
 protected:
  CachedProgram() {
    write("helper.fed", "fn scaled(x: f32, by: f32) -> f32 { x * by }\n");
    program_ = write("main.fed",
                     "use helper.{scaled};\n"
                     "param rate: f32 = 0.5;\n"
                     "param size: i32 = 3;\n"
                     "fn main(x: f32) -> f32 { scaled(x, rate) + f32(size) }\n");
  }

  static CompileOptions with(std::map<std::string, std::string> params) {
    CompileOptions options;
    options.params = std::move(params);
    return options;
  }
  /// Compiles and stores it. False if it is not kept.
  bool keep(const CompileOptions& options = {}) {
    Compilation compilation;
    if (!checkProgram(compilation, program_, options).value_or(false) || !lowerProgram(compilation, options)) return false;
    auto image = compileImage(compilation, options);
    return image && keepArtifact(open(), program_, options, compilation, *image);
  }
  std::optional<Artifact> find(const CompileOptions& options = {}) {
    SourceManager sources;
    return findArtifact(open(), program_, options, sources);
  }
  /// What an artifact's program gives for x = 2.
  static double result(Artifact artifact) {
    auto executable = linkExecutable(std::make_shared<core::Program>(artifact.program), artifact.image, nullptr);
    EXPECT_TRUE(executable);
    runtime::RunOptions options;
    for (const check::Param& param : artifact.facts.params)
      if (!param.isStatic) options.params[param.name] = param.value.toDouble();
    options.arguments["x"] = core::Array::scalar(core::Literal::ofDouble(core::Elem::F32, 2));
    auto summary = runtime::run(*executable, options);
    EXPECT_TRUE(summary);
    return summary ? summary->metrics.at(0).value.at(0).toDouble() : 0;
  }

  std::string program_;
};

TEST_F(CachedProgram, RunsWithoutBeingCompiled) {
  EXPECT_FALSE(find());
  ASSERT_TRUE(keep());
  auto artifact = find();
  ASSERT_TRUE(artifact);
  EXPECT_TRUE(artifact->facts.isOneLeaf);
  EXPECT_EQ(result(*artifact), 4);
  // All that was written is read.
  EXPECT_EQ(encode(*artifact), encode(*decode(encode(*artifact))));
}

TEST_F(CachedProgram, AParamThatIsNotCompiledInIsANumberOfTheRun) {
  ASSERT_TRUE(keep());
  auto artifact = find(with({{"rate", "4"}}));
  ASSERT_TRUE(artifact);
  EXPECT_EQ(result(*artifact), 11);
  EXPECT_EQ(result(*find()), 4) << "the default, not the last value";
  EXPECT_FALSE(find(with({{"size", "5"}}))) << "compiled in";
  ASSERT_TRUE(keep(with({{"size", "5"}, {"rate", "4"}})));
  EXPECT_EQ(result(*find(with({{"size", "5"}}))), 6);
  // Compiling says what is wrong with them.
  EXPECT_FALSE(find(with({{"rate", "fast"}})));
  EXPECT_FALSE(find(with({{"rat", "4"}})));
}

TEST_F(CachedProgram, AChangedSourceIsCompiledAgain) {
  ASSERT_TRUE(keep());
  write("helper.fed", "fn scaled(x: f32, by: f32) -> f32 { x - by }\n");
  EXPECT_FALSE(find());
  ASSERT_TRUE(keep());
  EXPECT_EQ(result(*find()), 4.5);
  fs::remove(path("helper.fed"));
  EXPECT_FALSE(find());
}

TEST_F(CachedProgram, AFileThatHidesAModuleIsSeen) {
  fs::create_directory(path("include"));
  fs::rename(path("helper.fed"), path("include/helper.fed"));
  CompileOptions options;
  options.include = {path("include")};
  ASSERT_TRUE(keep(options));
  ASSERT_TRUE(find(options));
  EXPECT_FALSE(find());
  // Beside the program comes first.
  fs::copy_file(path("include/helper.fed"), path("helper.fed"));
  EXPECT_TRUE(find(options)) << "the same text";
  write("helper.fed", "fn scaled(x: f32, by: f32) -> f32 { by }\n");
  EXPECT_FALSE(find(options));
}

TEST_F(CachedProgram, BytesThatAreNoArtifactAreNone) {
  ASSERT_TRUE(keep());
  const std::string bytes = encode(*find());
  // Every cut, and a byte flipped in each place before the code: refused, or an artifact; never a crash.
  for (std::size_t cut = 0; cut < std::min<std::size_t>(bytes.size(), 3'000); ++cut) EXPECT_EQ(decode(bytes.substr(0, cut)), std::nullopt) << cut;
  for (std::size_t at = 0; at < std::min<std::size_t>(bytes.size(), 3'000); ++at) {
    std::string other = bytes;
    other[at] = static_cast<char>(other[at] ^ 0xff);
    (void)decode(other);
  }
  EXPECT_EQ(decode(bytes + " "), std::nullopt);
}

}  // namespace
}  // namespace fedc::driver
