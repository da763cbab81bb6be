#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "compiler/core/type.h"

namespace fedc::runtime {

/// How a leaf lies in memory: row-major, the last extent reserved up to `padLast` (0: dense), the entries in between zero.
struct LeafLayout {
  core::Elem elem = core::Elem::F32;
  /// Static extents; -1: the extent is a run-time number (a client's rows, a cohort's size), only in the first place.
  std::vector<std::int64_t> dims;
  std::int64_t padLast = 0;

  /// Bytes for `rows` in place of a run-time extent; a multiple of 64, at least 64.
  std::int64_t bytes(std::int64_t rows = 0) const;
};

/// Splits the range of a nest's first axis over idle threads. Bits do not depend on how.
class Team {
 public:
  virtual ~Team() = default;
  virtual void run(void (*nest)(const void* context, std::int64_t lo, std::int64_t hi), const void* context, std::int64_t extent) noexcept = 0;
};

/// The call of one local function. `buffers`: params in order, then the results that are not in place; each 64-byte aligned (what is only read:
/// aligned to its elements) and laid out as the signature says. `failedSite` keeps the lowest failing check (kNoFailure: none).
struct CallArgs {
  static constexpr std::int64_t kNoFailure = std::numeric_limits<std::int64_t>::max();
  void* const* buffers = nullptr;
  const std::int64_t* dims = nullptr;
  char* arena = nullptr;
  std::int64_t* failedSite = nullptr;
  Team* team = nullptr;
};

struct Signature {
  std::string name;
  int dimParams = 0;
  std::vector<LeafLayout> params;
  std::vector<LeafLayout> results;
  /// (parameter, result): the result is written over the parameter.
  std::vector<std::pair<int, int>> inPlace;
};

/// A local function of Core IR, ready to run: native, or interpreted. Thread-safe; allocates nothing when native.
class Callable {
 public:
  virtual ~Callable() = default;
  virtual const Signature& signature() const = 0;
  /// Bytes of scratch that `run` needs for these dims; 64-byte aligned.
  virtual std::int64_t arenaBytes(const std::int64_t* dims) const = 0;
  virtual void run(const CallArgs& args) const noexcept = 0;
};

}  // namespace fedc::runtime
