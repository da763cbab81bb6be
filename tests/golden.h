#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace fedc::tests {

/// The bytes of a file; a test failure when it cannot be read.
inline std::string readFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in.good()) << "cannot read " << path;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// The files of a folder with an extension, sorted: globbed, so that none is forgotten.
inline std::vector<std::filesystem::path> filesIn(const std::filesystem::path& folder, const std::string& extension) {
  std::vector<std::filesystem::path> result;
  if (!std::filesystem::is_directory(folder)) return result;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == extension) result.push_back(entry.path());
  }
  std::sort(result.begin(), result.end());
  return result;
}

/// Compares with the text of `expected`; `FEDC_UPDATE=1` in the environment writes it instead.
inline void expectGolden(const std::string& actual, const std::filesystem::path& expected) {
  const char* update = std::getenv("FEDC_UPDATE");
  if (update != nullptr && std::string(update) == "1") {
    std::ofstream(expected, std::ios::binary) << actual;
    return;
  }
  ASSERT_TRUE(std::filesystem::exists(expected)) << expected << " is missing; FEDC_UPDATE=1 writes it";
  EXPECT_EQ(readFile(expected), actual) << "FEDC_UPDATE=1 rewrites " << expected;
}

/// A name for a parametrised test: letters and digits only.
inline std::string testName(const std::string& text) {
  std::string result;
  for (const char c : text) result += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return result;
}

}  // namespace fedc::tests
