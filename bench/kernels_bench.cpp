// Products as kernels: GF/s on one core, beside the peak measured on the spot. `kernels_bench [avx2|avx512]`; built on demand.
#include <fmt/format.h>
#include <immintrin.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "compiler/codegen/jit.h"
#include "compiler/codegen/native.h"
#include "compiler/core/text.h"

namespace {

using namespace fedc;

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

struct AlignedDelete {
  void operator()(float* p) const { ::operator delete[](p, std::align_val_t{64}); }
};

/// Small numbers, none of them denormal.
std::unique_ptr<float, AlignedDelete> numbers(std::int64_t count) {
  std::unique_ptr<float, AlignedDelete> p(static_cast<float*>(::operator new[](static_cast<std::size_t>(count) * 4 + 64, std::align_val_t{64})));
  for (std::int64_t i = 0; i < count + 16; ++i) p.get()[i] = 0.001F * static_cast<float>(i % 97 - 48);
  return p;
}

/// Calls the function on arguments of these many elements until the best time settles.
double bestSeconds(const runtime::Callable& f, std::int64_t rows, const std::vector<std::int64_t>& counts, double about) {
  std::vector<std::unique_ptr<float, AlignedDelete>> memory;
  std::vector<void*> buffers;
  for (std::int64_t n : counts) {
    memory.push_back(numbers(n));
    buffers.push_back(memory.back().get());
  }
  const std::int64_t dims[] = {rows};
  auto arena = numbers(f.arenaBytes(dims) / 4);
  std::int64_t site = runtime::CallArgs::kNoFailure;
  runtime::CallArgs args;
  args.buffers = buffers.data();
  args.dims = dims;
  args.arena = reinterpret_cast<char*>(arena.get());
  args.failedSite = &site;
  double best = 1e9;
  const int times = std::max(5, static_cast<int>(0.01 / about));
  for (int i = 0; i < times; ++i) {
    const double start = seconds();
    f.run(args);
    best = std::min(best, seconds() - start);
  }
  return best;
}

std::int64_t padded(std::int64_t n) { return (n + 15) / 16 * 16; }

/// Ten independent chains of fma in registers: hides the latency of two units.
#define FEDC_PEAK(name, isa, vector, set1, fmadd)                                                                                        \
  __attribute__((target(isa))) double name() {                                                                                           \
    constexpr std::int64_t kSteps = 20000;                                                                                               \
    vector x0 = set1(0), x1 = set1(1), x2 = set1(2), x3 = set1(3), x4 = set1(4), x5 = set1(5), x6 = set1(6), x7 = set1(7), x8 = set1(8), \
           x9 = set1(9);                                                                                                                 \
    const vector a = set1(0.5F), b = set1(0.25F);                                                                                        \
    const double start = seconds();                                                                                                      \
    for (std::int64_t t = 0; t < kSteps; ++t) {                                                                                          \
      x0 = fmadd(x0, a, b), x1 = fmadd(x1, a, b), x2 = fmadd(x2, a, b), x3 = fmadd(x3, a, b), x4 = fmadd(x4, a, b);                      \
      x5 = fmadd(x5, a, b), x6 = fmadd(x6, a, b), x7 = fmadd(x7, a, b), x8 = fmadd(x8, a, b), x9 = fmadd(x9, a, b);                      \
      asm volatile("" : "+v"(x0), "+v"(x1), "+v"(x2), "+v"(x3), "+v"(x4), "+v"(x5), "+v"(x6), "+v"(x7), "+v"(x8), "+v"(x9));             \
    }                                                                                                                                    \
    constexpr std::size_t kWide = sizeof(vector) / sizeof(float);                                                                        \
    return 2.0 * kWide * 10 * kSteps / (seconds() - start);                                                                              \
  }
FEDC_PEAK(peakAvx512, "avx512f", __m512, _mm512_set1_ps, _mm512_fmadd_ps)
FEDC_PEAK(peakAvx2, "avx2,fma", __m256, _mm256_set1_ps, _mm256_fmadd_ps)
#undef FEDC_PEAK

double peakFlops(const codegen::NativeOptions& options) {
  const bool wide = codegen::resolvedFeatures(options.target.features) == codegen::Target::Features::Avx512;
  double best = 0;
  for (int i = 0; i < 500; ++i) best = std::max(best, wide ? peakAvx512() : peakAvx2());
  return best;
}

struct Product {
  const char* what;
  std::int64_t m, k, n;
  enum Kind { Forward, Update, Transposed } kind;
};

void measure(const Product& p, double peak, const codegen::NativeOptions& options) {
  std::string text;
  std::vector<std::int64_t> counts;
  if (p.kind == Product::Update) {
    text = fmt::format(
        "fn f(R; a: f32[R, {0}], b: f32[R, {1}], c: f32[{0}, {1}]) -> (f32[{0}, {1}]) {{\n  r: f32[{0}, {1}] = contract{{axes 0; rhs 0; order "
        "seq}}(a, b, c)\n  return r\n}}\n",
        p.k, p.n);
    counts = {p.m * p.k, p.m * p.n, p.k * padded(p.n)};
  } else {
    const bool t = p.kind == Product::Transposed;
    text = fmt::format(
        "fn f(R; a: f32[R, {0}], b: f32[{1}, {2}]) -> (f32[R, {3}]) {{\n  r: f32[R, {3}] = contract{{axes 1; rhs {4}; order {5}}}(a, b)\n  return "
        "r\n}}\n",
        p.k, t ? p.n : p.k, t ? p.k : p.n, p.n, t ? 1 : 0, t ? "lanes" : "seq");
    counts = {p.m * p.k, t ? p.n * padded(p.k) : p.k * padded(p.n), p.m * p.n};
  }
  auto module = core::read(text);
  if (!module) {
    fmt::print(stderr, "{}\n", module.error());
    return;
  }
  if (p.kind == Product::Update) module->fns[0].inPlace = {{2, 0}};
  const kernel::LoopKernel loops = codegen::lowerToLoops(*module, module->fns[0], options);
  auto compiled = codegen::compileNative(*module, {true}, options);
  if (!compiled) {
    fmt::print(stderr, "{}\n", compiled.error().message);
    return;
  }
  const double flops = 2.0 * static_cast<double>(p.m * p.k * p.n);
  const double rate = flops / bestSeconds(*(*compiled)[0], p.m, counts, flops / peak);
  fmt::print("{:<28} {:>5} x {:>5} x {:>5}  {:<12} {:>6.1f} GF/s  {:>3.0f} %\n", p.what, p.m, p.k, p.n, loops.functions.front().form, rate / 1e9,
             100 * rate / peak);
}

}  // namespace

int main(int argc, char** argv) {
  codegen::NativeOptions options;
  if (argc > 1) options.target.features = std::strcmp(argv[1], "avx2") == 0 ? codegen::Target::Features::Avx2 : codegen::Target::Features::Avx512;
  const double peak = peakFlops(options);
  fmt::print("peak {:.0f} GF/s\n", peak / 1e9);
  constexpr auto kForward = Product::Forward, kUpdate = Product::Update, kTransposed = Product::Transposed;
  constexpr Product kProducts[] = {{"softmax forward", 10, 784, 62, kForward},
                                   {"softmax forward, short batch", 9, 784, 62, kForward},
                                   {"softmax update", 10, 784, 62, kUpdate},
                                   {"lr forward", 10, 784, 10, kForward},
                                   {"lr update", 10, 784, 10, kUpdate},
                                   {"digits forward", 20, 784, 10, kForward},
                                   {"digits update", 20, 784, 10, kUpdate},
                                   {"evaluation", 64, 784, 62, kForward},
                                   {"mlp forward", 20, 784, 128, kForward},
                                   {"mlp update", 20, 784, 128, kUpdate},
                                   {"mlp backward", 20, 128, 784, kTransposed},
                                   {"cnn dense forward", 10, 9216, 128, kForward},
                                   {"cnn dense backward", 10, 128, 9216, kTransposed},
                                   {"cnn dense update", 10, 9216, 128, kUpdate},
                                   {"lstm step", 4, 512, 1024, kForward},
                                   {"lstm backward", 4, 1024, 256, kTransposed},
                                   {"320 rows", 320, 256, 1024, kForward},
                                   {"1024 cubed", 1024, 1024, 1024, kForward},
                                   {"wide layer forward", 20, 784, 1024, kForward},
                                   {"wide layer update", 20, 784, 1024, kUpdate}};
  for (const Product& p : kProducts) measure(p, peak, options);
}
