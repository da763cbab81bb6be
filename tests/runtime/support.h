#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "compiler/core/array.h"
#include "compiler/core/graph.h"
#include "runtime/data/client_source.h"

namespace fedc::runtime::test {

/// A directory that goes with the test.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "fedc-test-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

inline std::string readFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline void writeFile(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

/// The project's shared reference files, or nothing where they are not mounted.
inline std::string sharedPath(const std::string& name) {
  const char* given = std::getenv("FEDC_SHARED");
  const std::filesystem::path root = given != nullptr ? std::filesystem::path(given) : std::filesystem::path(FEDC_SOURCE_DIR) / ".." / "shared";
  const auto path = root / name;
  return std::filesystem::exists(path) ? path.string() : std::string();
}

template <class T>
core::Array arrayOf(core::Elem elem, std::vector<std::int64_t> shape, const std::vector<T>& values) {
  core::Array array(elem, std::move(shape));
  std::copy(values.begin(), values.end(), array.asMutable<T>().begin());
  return array;
}

inline core::Column column(std::string feature, core::Elem elem, std::vector<Dim> dims = {}) {
  core::Column c;
  c.feature = std::move(feature);
  c.type = core::Type{elem, std::move(dims)};
  c.span = Span{0, 10, 20};
  return c;
}

/// A program whose functions exercise everything that an executor does; see programs.cpp.
///   next(m: f32[3], k: key, data x: f32[3]): phase 1 sums (column sums of x) + noise(client key) + m, counts rows, carries c = row count,
///     collects it, fails at site 0 where a value of x is 1000 or more; the server makes m' = m + s / n (site 1: n is 0);
///     phase 2 sums c * m', with the carried c; it collects nothing.
///   outputs: state m', report n, second sum, the collected counts.
std::shared_ptr<core::Program> twoPhaseProgram();

/// init, next and evaluate of a process over column `x: f32[3]`, with param `lr`: next as phase 1 above, evaluate sums x.
std::shared_ptr<core::Program> processProgram();

/// `clients` clients with 1 to 5 rows of f32[3], by a fixed rule; client i's first value is 1000 if `bad` holds i.
std::vector<MemoryClient> memoryClients(int clients, const std::vector<int>& bad = {});

/// Writes the same clients as HDF5.
void writeClients(const std::string& path, const std::vector<MemoryClient>& clients);

}  // namespace fedc::runtime::test
