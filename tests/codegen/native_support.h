#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <random>
#include <string>
#include <vector>

#include "compiler/codegen/native.h"
#include "compiler/core/array.h"
#include "compiler/core/interpret.h"
#include "compiler/kernel/loops.h"
#include "runtime/graph/callable.h"
#include "tests/some_strings.h"

namespace fedc::testing {

struct AlignedDelete {
  void operator()(char* p) const { ::operator delete[](p, std::align_val_t{64}); }
};
using Aligned = std::unique_ptr<char[], AlignedDelete>;

/// Memory whose every byte is 0xff (NaN as a float): what nobody wrote shows.
inline Aligned poisoned(std::int64_t bytes) {
  bytes = std::max<std::int64_t>(bytes, 64);
  Aligned p(static_cast<char*>(::operator new[](static_cast<std::size_t>(bytes), std::align_val_t{64})));
  std::memset(p.get(), 0xff, static_cast<std::size_t>(bytes));
  return p;
}

/// Bytes of a leaf with these extents in its layout.
inline std::int64_t leafBytes(const runtime::LeafLayout& layout, const std::vector<std::int64_t>& shape) {
  std::int64_t n = core::elemBytes(layout.elem);
  for (std::size_t d = 0; d < shape.size(); ++d) n *= d + 1 == shape.size() && layout.padLast != 0 ? layout.padLast : shape[d];
  return (n + 63) / 64 * 64;
}

inline Aligned pack(const runtime::LeafLayout& layout, const core::Array& a) {
  Aligned p = poisoned(leafBytes(layout, a.shape()));
  const std::int64_t width = core::elemBytes(layout.elem);
  if (layout.padLast == 0) {
    if (a.count() != 0) std::memcpy(p.get(), a.data(), static_cast<std::size_t>(a.count() * width));
    return p;
  }
  const std::int64_t last = a.shape().back(), rows = last == 0 ? 0 : a.count() / last;
  for (std::int64_t r = 0; r < rows; ++r) {
    std::memset(p.get() + r * layout.padLast * width, 0, static_cast<std::size_t>(layout.padLast * width));
    std::memcpy(p.get() + r * layout.padLast * width, static_cast<const char*>(a.data()) + r * last * width, static_cast<std::size_t>(last * width));
  }
  return p;
}

/// The array, and that its padding is zero.
inline core::Array unpack(const runtime::LeafLayout& layout, const std::vector<std::int64_t>& shape, const char* p, const std::string& what) {
  core::Array out(layout.elem, shape);
  const std::int64_t width = core::elemBytes(layout.elem);
  char* to = static_cast<char*>(out.mutableData());
  if (layout.padLast == 0) {
    if (out.count() != 0) std::memcpy(to, p, static_cast<std::size_t>(out.count() * width));
    return out;
  }
  const std::int64_t last = shape.back(), rows = last == 0 ? 0 : out.count() / last;
  for (std::int64_t r = 0; r < rows; ++r) {
    const char* row = p + r * layout.padLast * width;
    std::memcpy(to + r * last * width, row, static_cast<std::size_t>(last * width));
    for (std::int64_t b = last * width; b < layout.padLast * width; ++b) {
      if (row[b] != 0) ADD_FAILURE() << what << ": the padding of row " << r << " is not zero";
    }
  }
  return out;
}

/// Cuts every range at random and runs the pieces in a random order, as threads might.
class RandomTeam final : public runtime::Team {
 public:
  void run(void (*nest)(const void* context, std::int64_t lo, std::int64_t hi), const void* context, std::int64_t extent) noexcept override {
    ++ranges;
    std::vector<std::pair<std::int64_t, std::int64_t>> pieces;
    for (std::int64_t lo = 0; lo < extent;) {
      const std::int64_t hi = std::min(extent, lo + 1 + static_cast<std::int64_t>(random_() % 4));
      pieces.emplace_back(lo, hi);
      lo = hi;
    }
    std::shuffle(pieces.begin(), pieces.end(), random_);
    for (const auto& [lo, hi] : pieces) nest(context, lo, hi);
  }
  int ranges = 0;

 private:
  std::mt19937 random_{7};
};

struct NativeRun {
  std::vector<core::Array> results;
  std::int64_t failedSite = runtime::CallArgs::kNoFailure;
};

/// Calls a function on dense arrays, with poisoned scratch and results. What is only read lies an element behind a multiple of 64 bytes, as a
/// client's column may.
inline NativeRun runNative(const runtime::Callable& callable, const std::vector<std::int64_t>& dims, const std::vector<core::Array>& params,
                           const std::vector<std::vector<std::int64_t>>& resultShapes, runtime::Team* team = nullptr) {
  const runtime::Signature& s = callable.signature();
  std::vector<Aligned> memory;
  std::vector<void*> buffers;
  for (std::size_t i = 0; i < params.size(); ++i) {
    const bool isWritten = std::any_of(s.inPlace.begin(), s.inPlace.end(), [&](const auto& pair) { return pair.first == static_cast<int>(i); });
    const std::int64_t shift = isWritten ? 0 : core::elemBytes(s.params[i].elem), bytes = leafBytes(s.params[i], params[i].shape());
    memory.push_back(poisoned(bytes + 64));
    std::memcpy(memory.back().get() + shift, pack(s.params[i], params[i]).get(), static_cast<std::size_t>(bytes));
    buffers.push_back(memory.back().get() + shift);
  }
  std::vector<const char*> results(s.results.size(), nullptr);
  for (const auto& [param, result] : s.inPlace) results[static_cast<std::size_t>(result)] = memory[static_cast<std::size_t>(param)].get();
  for (std::size_t r = 0; r < s.results.size(); ++r) {
    if (results[r] != nullptr) continue;
    memory.push_back(poisoned(leafBytes(s.results[r], resultShapes[r])));
    buffers.push_back(memory.back().get());
    results[r] = memory.back().get();
  }
  Aligned arena = poisoned(callable.arenaBytes(dims.data()));
  NativeRun run;
  runtime::CallArgs args;
  args.buffers = buffers.data();
  args.dims = dims.data();
  args.arena = arena.get();
  args.failedSite = &run.failedSite;
  args.team = team;
  callable.run(args);
  for (std::size_t r = 0; r < s.results.size(); ++r) run.results.push_back(unpack(s.results[r], resultShapes[r], results[r], s.name));
  return run;
}

/// Equal bits, but one NaN is as good as another.
inline ::testing::AssertionResult sameValues(const core::Array& got, const core::Array& want) {
  if (got.elem() != want.elem() || got.shape() != want.shape()) return ::testing::AssertionFailure() << "other type or shape";
  const std::int64_t width = core::elemBytes(got.elem());
  for (std::int64_t i = 0; i < got.count(); ++i) {
    const char* a = static_cast<const char*>(got.data()) + i * width;
    const char* b = static_cast<const char*>(want.data()) + i * width;
    if (std::memcmp(a, b, static_cast<std::size_t>(width)) == 0) continue;
    if (core::isFloat(got.elem()) && std::isnan(got.at(i).toDouble()) && std::isnan(want.at(i).toDouble())) continue;
    return ::testing::AssertionFailure() << "element " << i << " of " << got.count() << ": " << got.at(i).toDouble() << " (bits " << std::hex
                                         << got.at(i).bits << ") instead of " << want.at(i).toDouble() << " (bits " << want.at(i).bits << ")";
  }
  return ::testing::AssertionSuccess();
}

/// The processors, efforts and schedules under which every function must give the same bits.
struct Variant {
  std::string name;
  codegen::NativeOptions options;
  /// Every nest that can be is run in pieces.
  bool team = false;
};

inline std::vector<Variant> allVariants() {
  using Features = codegen::Target::Features;
  std::vector<Variant> out;
  for (Features f : {Features::Avx2, Features::Avx512}) {
    if (!codegen::hostRuns(f)) continue;
    const std::string cpu = f == Features::Avx2 ? "avx2" : "avx512";
    for (int level : {1, 2, 3}) {
      codegen::NativeOptions o;
      o.target = {f, level, true};
      out.push_back({cpu + " O" + std::to_string(level), o, false});
    }
    codegen::NativeOptions serial;
    serial.target = {f, 1, true};
    serial.schedule.serial = true;
    out.push_back({cpu + " serial", serial, false});
    codegen::NativeOptions dense;
    dense.target = {f, 1, true};
    dense.layout.padArena = false;
    dense.plan.noSharing = true;
    out.push_back({cpu + " dense, nothing shared", dense, false});
    codegen::NativeOptions unfused;
    unfused.target = {f, 1, true};
    unfused.fuse = false;
    out.push_back({cpu + " unfused", unfused, false});
    codegen::NativeOptions shared;
    shared.target = {f, 1, true};
    shared.schedule.leastSplit = 0;
    out.push_back({cpu + " in pieces", shared, true});
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      codegen::NativeOptions random;
      random.target = {f, 1, true};
      random.schedule.randomSeed = seed * 7919;
      random.schedule.leastSplit = seed % 2 == 0 ? 0 : codegen::NativeOptions{}.schedule.leastSplit;
      out.push_back({cpu + " random " + std::to_string(seed), random, seed % 2 == 0});
    }
  }
  return out;
}

/// Some of them, other ones for other numbers: the default for each processor, and `more` of the rest in turn.
inline std::vector<Variant> someVariants(std::size_t number, std::size_t more = 1) {
  std::vector<Variant> all = allVariants(), some;
  for (Variant& v : all)
    if (v.name == "avx512 O2" || v.name == "avx2 O2") some.push_back(v);
  for (std::size_t k = 0; k < more; ++k) some.push_back(all[(number * 5 + k * 7) % all.size()]);
  return some;
}

inline std::vector<std::vector<std::int64_t>> shapesOf(const std::vector<core::Array>& arrays) {
  std::vector<std::vector<std::int64_t>> out;
  for (const core::Array& a : arrays) out.push_back(a.shape());
  return out;
}

/// Runs function `number` of the module by the interpreter and natively in every variant; all must agree, bit for bit.
inline void expectAgreement(const core::Module& module, std::size_t number, const std::vector<std::int64_t>& dims,
                            const std::vector<core::Array>& params, const std::vector<Variant>& variants = allVariants()) {
  const core::Fn& fn = module.fns[number];
  const core::InterpretResult want = core::interpret(fn, dims, params);
  std::vector<bool> wanted(module.fns.size(), false);
  wanted[number] = true;
  for (const Variant& v : variants) {
    SCOPED_TRACE(fn.name + ", " + v.name);
    auto compiled = codegen::compileNative(module, wanted, v.options);
    ASSERT_TRUE(compiled) << compiled.error().message;
    RandomTeam team;
    const NativeRun got = runNative(*(*compiled)[number], dims, params, shapesOf(want.results), v.team ? &team : nullptr);
    for (std::size_t r = 0; r < want.results.size(); ++r) EXPECT_TRUE(sameValues(got.results[r], want.results[r])) << "result " << r;
    const std::int64_t site = want.failedSite ? static_cast<std::int64_t>(*want.failedSite) : runtime::CallArgs::kNoFailure;
    EXPECT_EQ(got.failedSite, site);
    if (::testing::Test::HasFailure()) {
      ADD_FAILURE() << kernel::print(codegen::lowerToLoops(module, fn, v.options));
      return;
    }
  }
}

/// Values of all kinds; `odd`: with infinities, NaN, zeros of both signs.
inline core::Array randomArray(core::Elem elem, std::vector<std::int64_t> shape, std::uint64_t seed, bool odd = false, std::int64_t below = 0) {
  core::Array a(elem, std::move(shape));
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  for (std::int64_t i = 0; i < a.count(); ++i) {
    if (core::isFloat(elem)) {
      double v = normal(random);
      if (odd) {
        const double special[] = {0.0, -0.0, INFINITY, -INFINITY, NAN};
        if (random() % 8 == 0) v = special[random() % 5];
      }
      a.set(i, core::Literal::ofDouble(elem, v));
    } else if (elem == core::Elem::Bool) {
      a.set(i, core::Literal::ofBool(random() % 2 == 0));
    } else if (elem == core::Elem::Str) {
      a.set(i, someString(random()));
    } else if (below > 0) {
      a.set(i, core::Literal::ofInt(elem, static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(below))));
    } else if (elem == core::Elem::Key) {
      a.set(i, core::Literal{elem, random()});
    } else {
      a.set(i, core::Literal::ofInt(elem, static_cast<std::int64_t>(random())));
    }
  }
  return a;
}

}  // namespace fedc::testing
