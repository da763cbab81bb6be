#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace fedc {

// How large a program may get beyond what its text shows (docs/language.md, "Limits"); what its text shows is bounded in
// compiler/syntax/parse.h. Far above what programs need, far below what takes minutes or gigabytes.

/// Parts of one type, counted as often as they occur: fields, items, arguments, and the type itself.
inline constexpr std::uint32_t kMaxTypeParts = 10000;
/// Types within each other.
inline constexpr std::uint32_t kMaxTypeDepth = 256;
/// Axes of a tensor; HDF5's own limit.
inline constexpr std::size_t kMaxRank = 32;
/// A size; products of a few of them do not overflow.
inline constexpr std::int64_t kMaxExtent = std::int64_t{1} << 40;
/// Elements of a tensor.
inline constexpr std::int64_t kMaxElements = std::int64_t{1} << 46;
/// Terms of an extent's polynomial, and factors in one of them.
inline constexpr std::size_t kMaxDimTerms = 1000, kMaxDimFactors = 64;
/// Functions and module-level values that need each other, one behind the other.
inline constexpr int kMaxCallChain = 256;
/// Generic functions for their types and sizes.
inline constexpr std::size_t kMaxGenericInstances = 10000;
/// Expressions within each other: as they are checked, lambdas followed into; as they are evaluated, calls followed into. A level of the first takes
/// 4 KB of stack, one of the second 2 KB, under sanitizers some times that.
inline constexpr int kMaxExpressionDepth = 500, kMaxEvaluationDepth = 1000;
/// Steps of inference through unknown types in one function.
inline constexpr std::size_t kMaxInferenceSteps = 20000000;

/// Thrown where a limit is met, deep inside of a stage, with a sentence that says which. The stage reports it, as E0408, and lets nothing out.
struct Overgrown {
  std::string what;
};

/// Counts a level of recursion for its lifetime.
class Nested {
 public:
  explicit Nested(int& depth, int most = kMaxExpressionDepth) : depth_(depth) {
    if (++depth_ > most) {
      --depth_;
      throw Overgrown{"expressions, with the functions that they call, are nested more than " + std::to_string(most) + " deep"};
    }
  }
  ~Nested() { --depth_; }
  Nested(const Nested&) = delete;
  Nested& operator=(const Nested&) = delete;

 private:
  int& depth_;
};

}  // namespace fedc
