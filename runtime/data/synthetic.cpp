#include "runtime/data/synthetic.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <immintrin.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <new>

#include "compiler/core/normal.h"
#include "compiler/core/ops/join.h"
#include "compiler/core/scalar.h"
#include "compiler/support/suggest.h"
#include "runtime/data/feature.h"
#include "runtime/value/buffer.h"
#include "runtime/value/random.h"

namespace fedc::runtime {
namespace {

tl::unexpected<DataError> bad(std::string message, std::string help = {}, std::optional<Span> span = {}) {
  return tl::unexpected(DataError{std::move(message), std::move(help), span});
}

constexpr const char* kExample = "`synthetic:clients=1000,alpha=1,beta=1,dim=60,classes=10`";

/// Of one client.
constexpr std::int64_t kMostBytes = std::int64_t{1} << 30;
/// As many as ids have digits for.
constexpr std::int64_t kMostClients = 100'000'000;

/// Which draws of a client a key is for.
enum class Draw : std::uint32_t { Scalars, Weights, Bias, Mean, Rows };

Key clientRoot(const SyntheticSpec& spec, std::uint32_t client) { return foldIn(seedKey(spec.seed), client); }
Key keyOf(Key client, Draw draw) { return foldIn(client, static_cast<std::uint32_t>(draw)); }

/// u_k, B_k and the exponent of n_k, standard normal.
std::array<float, 3> scalarsOf(Key client) {
  std::array<float, 3> z{};
  core::randomNormals(keyOf(client, Draw::Scalars), 0, z);
  return z;
}

std::vector<float> normalsAround(Key key, float mean, std::int64_t count) {
  std::vector<float> values(static_cast<std::size_t>(count));
  core::randomNormals(key, 0, values);
  for (float& value : values) value += mean;
  return values;
}

/// f of each value, by fedc's own scalar function: the same bits on any machine.
void apply(core::Op op, std::span<const double> x, std::span<double> out, const double* y = nullptr) {
  const core::FlushDenormals flush;
  const core::Elem types[] = {core::Elem::F64, core::Elem::F64};
  const void* operands[] = {x.data(), y};
  const std::int64_t strides[] = {1, 0};
  core::runScalar(core::scalarProgram(op, std::span(types, y == nullptr ? 1 : 2), core::Elem::F64), operands, strides, out.data(),
                  static_cast<std::int64_t>(x.size()));
}

/// First row and one past the last of a client of n rows.
std::pair<std::int64_t, std::int64_t> rowsOfPart(SyntheticSpec::Part part, std::int64_t n) {
  const std::int64_t cut = n * 9 / 10;
  switch (part) {
    case SyntheticSpec::Part::All: return {0, n};
    case SyntheticSpec::Part::Train: return {0, cut};
    case SyntheticSpec::Part::Test: return {cut, n};
  }
  return {0, n};
}

/// n_k of each client whose exponents are given; they are overwritten.
void sizesOf(const SyntheticSpec& spec, std::span<double> z, std::span<std::int64_t> sizes) {
  if (spec.rows) return std::fill(sizes.begin(), sizes.end(), *spec.rows);
  for (double& x : z) x = 4 + 2 * x;
  apply(core::Op::Exp, z, z);
  // Capped before it is an integer: any double may come out.
  for (std::size_t i = 0; i < z.size(); ++i) sizes[i] = std::min(spec.maxRows, static_cast<std::int64_t>(std::min(z[i], 1e9)) + 50);
}

/// Classes that are worked on together; a model has a multiple of it, where what is too much never wins.
constexpr std::int64_t kLanes = 16;

/// The best of `kLanes` classes, from `first` on, for four rows, whose best before are given: the greatest of b + x W, summed from the first feature
/// to the last; of equals the first.
FEDC_SIMD void bestOfLanes(std::int64_t dim, std::int64_t width, const float* x, const float* w, const float* b, std::int32_t first, float* best,
                           std::int32_t* y) {
  // In registers: two vectors a row.
  __m256 low[4], high[4];
#pragma GCC unroll 4
  for (int r = 0; r < 4; ++r) low[r] = _mm256_loadu_ps(b), high[r] = _mm256_loadu_ps(b + 8);
  for (std::int64_t j = 0; j < dim; ++j) {
    const __m256 wLow = _mm256_loadu_ps(w + j * width), wHigh = _mm256_loadu_ps(w + j * width + 8);
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) {
      const __m256 value = _mm256_broadcast_ss(x + r * dim + j);
      low[r] = _mm256_fmadd_ps(value, wLow, low[r]);
      high[r] = _mm256_fmadd_ps(value, wHigh, high[r]);
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < 4; ++r) {
    // The greatest in every lane; the first lane that has it.
    __m256 most = _mm256_max_ps(low[r], high[r]);
    most = _mm256_max_ps(most, _mm256_permute2f128_ps(most, most, 1));
    most = _mm256_max_ps(most, _mm256_shuffle_ps(most, most, 0x4E));
    most = _mm256_max_ps(most, _mm256_shuffle_ps(most, most, 0xB1));
    const int inLow = _mm256_movemask_ps(_mm256_cmp_ps(low[r], most, _CMP_EQ_OQ));
    const int inHigh = _mm256_movemask_ps(_mm256_cmp_ps(high[r], most, _CMP_EQ_OQ));
    const float score = _mm256_cvtss_f32(most);
    if (score > best[r]) best[r] = score, y[r] = first + std::countr_zero(static_cast<unsigned>(inLow | inHigh << 8));
  }
}

/// x = v + sd z in place.
FEDC_SIMD void scale(std::int64_t rows, std::int64_t dim, const float* sd, const float* v, float* x) {
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t j = 0; j < dim; ++j) x[r * dim + j] = __builtin_fmaf(sd[j], x[r * dim + j], v[j]);
}

class SyntheticSource final : public ClientSource {
 public:
  SyntheticSource(const SyntheticSpec& spec, std::vector<bool> isLabel) : spec_(spec), isLabel_(std::move(isLabel)) {
    // The standard deviation of feature j, counted from 1, is j^-0.6.
    std::vector<double> sd(static_cast<std::size_t>(spec.dim));
    for (std::size_t j = 0; j < sd.size(); ++j) sd[j] = static_cast<double>(j + 1);
    const double power = -0.6;
    apply(core::Op::Pow, sd, sd, &power);
    sd_.assign(sd.begin(), sd.end());
  }

  std::size_t size() const override { return spec_.clients; }
  std::string id(std::size_t client) const override { return syntheticId(client); }
  bool isGenerated() const override { return true; }

  Expected<ClientColumns, DataError> read(std::size_t client) override try {
    const auto k = static_cast<std::uint32_t>(client);
    std::int64_t n = 0;
    double z = scalarsOf(clientRoot(spec_, k))[2];
    sizesOf(spec_, {&z, 1}, {&n, 1});
    const auto [first, last] = rowsOfPart(spec_.part, n);
    ClientColumns out;
    out.rows = last - first;
    if (isLabel_.empty()) return out;
    const SyntheticModel model = syntheticModel(spec_, k);
    // Up to three rows more, so that labels are made four at a time.
    const std::int64_t whole = (out.rows + 3) / 4 * 4, xBytes = alignedBytes(whole * spec_.dim * 4), yBytes = alignedBytes(whole * 4);
    const std::shared_ptr<char> memory = uninitialised(xBytes + yBytes);
    auto* x = reinterpret_cast<float*>(memory.get());
    auto* y = reinterpret_cast<std::int32_t*>(memory.get() + xBytes);
    core::randomNormals(keyOf(clientRoot(spec_, k), Draw::Rows), static_cast<std::uint64_t>(first * spec_.dim),
                        {x, static_cast<std::size_t>(out.rows * spec_.dim)});
    scale(out.rows, spec_.dim, sd_.data(), model.v.data(), x);
    std::fill(x + out.rows * spec_.dim, x + whole * spec_.dim, 0.0F);
    if (std::find(isLabel_.begin(), isLabel_.end(), true) != isLabel_.end()) label(model, whole, x, y);
    for (const bool isLabel : isLabel_) out.columns.push_back(isLabel ? static_cast<const void*>(y) : x);
    out.owner = memory;
    // What holds them counts: clients may be smaller than that.
    out.bytes = xBytes + yBytes + 512;
    return out;
  } catch (const std::bad_alloc&) {
    return bad(fmt::format("client `{}` does not fit in memory", syntheticId(client)));
  }

 private:
  void label(const SyntheticModel& model, std::int64_t rows, const float* x, std::int32_t* y) const {
    const std::int64_t width = (spec_.classes + kLanes - 1) / kLanes * kLanes;
    std::vector<float> w(static_cast<std::size_t>(spec_.dim * width)), b(static_cast<std::size_t>(width), -std::numeric_limits<float>::infinity());
    for (std::int64_t j = 0; j < spec_.dim; ++j) std::copy_n(model.w.data() + j * spec_.classes, spec_.classes, w.data() + j * width);
    std::copy(model.b.begin(), model.b.end(), b.begin());
    for (std::int64_t r = 0; r < rows; r += 4) {
      std::array<float, 4> best{};
      best.fill(-std::numeric_limits<float>::infinity());
      std::fill_n(y + r, 4, 0);
      for (std::int64_t c = 0; c < width; c += kLanes)
        bestOfLanes(spec_.dim, width, x + r * spec_.dim, w.data() + c, b.data() + c, static_cast<std::int32_t>(c), best.data(), y + r);
    }
  }

  const SyntheticSpec spec_;
  /// For each column whether it is y, or x.
  const std::vector<bool> isLabel_;
  std::vector<float> sd_;
};

template <class T>
bool number(std::string_view text, T& to) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), to);
  return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

}  // namespace

Expected<SyntheticSpec, DataError> parseSynthetic(std::string_view text) {
  const std::vector<std::string> known = {"clients", "alpha", "beta", "dim", "classes", "seed", "rows", "max_rows", "part"};
  SyntheticSpec spec;
  std::vector<std::string> seen;
  std::string_view rest = text.substr(kSyntheticScheme.size());
  while (!rest.empty()) {
    const std::string_view item = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), item.size() + 1));
    const std::size_t equals = item.find('=');
    const std::string key(item.substr(0, equals));
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      const auto meant = suggest(key, known);
      return bad(fmt::format("synthetic data has no setting `{}`{}", key, meant ? fmt::format("; did you mean `{}`?", *meant) : ""),
                 fmt::format("it has {}", fmt::join(known, ", ")));
    }
    if (equals == std::string_view::npos) return bad(fmt::format("`{}` of synthetic data has no value", key), fmt::format("as in {}", kExample));
    if (std::find(seen.begin(), seen.end(), key) != seen.end()) return bad(fmt::format("`{}` of synthetic data is given twice", key));
    seen.push_back(key);
    const std::string_view value = item.substr(equals + 1);
    std::optional<DataError> error;
    const auto wrong = [](std::string message) { return DataError{std::move(message), {}, {}}; };
    const auto whole = [&](std::int64_t least, std::int64_t most) {
      std::int64_t n = 0;
      if (!number(value, n) || n < least || n > most)
        error = wrong(fmt::format("`{}` of synthetic data: a whole number from {} to {} is wanted, not `{}`", key, least, most, value));
      return n;
    };
    const auto deviation = [&] {
      double x = 0;
      if (!number(value, x) || !(x >= 0 && x <= 1e6))
        error = wrong(fmt::format("`{}` of synthetic data: a number from 0 to 1e6 is wanted, not `{}`", key, value));
      return x;
    };
    if (key == "clients") {
      spec.clients = static_cast<std::uint32_t>(whole(1, kMostClients));
    } else if (key == "alpha") {
      spec.alpha = deviation();
    } else if (key == "beta") {
      spec.beta = deviation();
    } else if (key == "dim") {
      spec.dim = whole(1, 100'000);
    } else if (key == "classes") {
      spec.classes = whole(1, 100'000);
    } else if (key == "seed") {
      spec.seed = static_cast<std::uint64_t>(whole(0, std::numeric_limits<std::int64_t>::max()));
    } else if (key == "rows") {
      spec.rows = whole(0, 100'000'000);
    } else if (key == "max_rows") {
      spec.maxRows = whole(1, 100'000'000);
    } else if (value == "all" || value == "train" || value == "test") {
      spec.part = value == "all" ? SyntheticSpec::Part::All : value == "train" ? SyntheticSpec::Part::Train : SyntheticSpec::Part::Test;
    } else {
      return bad(fmt::format("`part` of synthetic data: `all`, `train` or `test` is wanted, not `{}`", value));
    }
    if (error) return tl::unexpected(std::move(*error));
  }
  if (spec.clients == 0) return bad("synthetic data needs a number of clients", fmt::format("as in {}", kExample));
  const auto gave = [&](const char* key) { return std::find(seen.begin(), seen.end(), key) != seen.end(); };
  if (spec.rows && gave("max_rows")) return bad("`rows` and `max_rows` of synthetic data: a number of rows for all clients leaves nothing to limit");
  const std::int64_t most = spec.rows.value_or(spec.maxRows), bytes = (most * (spec.dim + 1) + spec.dim * spec.classes) * 4;
  if (bytes > kMostBytes) {
    return bad(
        fmt::format("a client of {} rows, `dim={}` and `classes={}` would take {} bytes; 1 GiB is the most", most, spec.dim, spec.classes, bytes),
        fmt::format("fewer rows by `{}=`", spec.rows ? "rows" : "max_rows"));
  }
  return spec;
}

std::string syntheticId(std::size_t client) { return fmt::format("client_{:08}", client); }

void syntheticRows(const SyntheticSpec& spec, std::uint32_t first, std::span<std::int64_t> rows) {
  std::vector<double> z(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) z[i] = scalarsOf(clientRoot(spec, first + static_cast<std::uint32_t>(i)))[2];
  sizesOf(spec, z, rows);
  for (std::int64_t& n : rows) {
    const auto [from, to] = rowsOfPart(spec.part, n);
    n = to - from;
  }
}

SyntheticModel syntheticModel(const SyntheticSpec& spec, std::uint32_t client) {
  const Key key = clientRoot(spec, client);
  const std::array<float, 3> z = scalarsOf(key);
  const float u = static_cast<float>(spec.alpha) * z[0], mean = static_cast<float>(spec.beta) * z[1];
  return {normalsAround(keyOf(key, Draw::Weights), u, spec.dim * spec.classes), normalsAround(keyOf(key, Draw::Bias), u, spec.classes),
          normalsAround(keyOf(key, Draw::Mean), mean, spec.dim)};
}

Expected<std::shared_ptr<ClientSource>, DataError> openSynthetic(const SyntheticSpec& spec, const std::vector<core::Column>& columns) {
  const FeatureType x{core::Elem::F32, {spec.dim}}, y{core::Elem::I32, {}};
  const std::string way = fmt::format("`struct Example {{ x: {}, y: i32 }}` reads it", describe(x));
  std::vector<bool> isLabel;
  for (const core::Column& column : columns) {
    if (column.feature != "x" && column.feature != "y") {
      return bad(column.feature.empty() ? "synthetic data has two features, `x` and `y`, not plain values"
                                        : fmt::format("synthetic data has no feature `{}`; it has `x` and `y`", column.feature),
                 way, column.span);
    }
    isLabel.push_back(column.feature == "y");
    const auto declared = featureType(column);
    if (!declared) return tl::unexpected(declared.error());
    const FeatureType& made = isLabel.back() ? y : x;
    if (*declared == made) continue;
    std::string ways = fmt::format("declare `{}: {}`", column.feature, describe(made));
    if (!isLabel.back() && declared->elem == x.elem && declared->dims.size() == 1) ways += fmt::format(", or say `dim={}`", declared->dims[0]);
    return bad(fmt::format("feature `{}` is `{}` in the data, `{}` in the program", column.feature, describe(made), describe(*declared)), ways,
               column.span);
  }
  return std::make_shared<SyntheticSource>(spec, std::move(isLabel));
}

}  // namespace fedc::runtime
