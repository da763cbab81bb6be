#include "runtime/data/synthetic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <numeric>
#include <thread>

#include "runtime/data/inspect.h"
#include "runtime/data/loader.h"
#include "runtime/data/open.h"
#include "runtime/process/run_directory.h"
#include "runtime/value/random.h"
#include "support.h"

// synthetic(alpha, beta) against its law: moments and quantiles in closed form, labels by arithmetic of their own. The tolerances are standard
// errors.
namespace fedc::runtime {
namespace {

using core::Elem;
using testing::HasSubstr;

std::vector<core::Column> both(std::int64_t dim = 60) { return {test::column("x", Elem::F32, {Dim(dim)}), test::column("y", Elem::I32, {})}; }

SyntheticSpec specOf(const std::string& text) {
  auto spec = parseSynthetic("synthetic:" + text);
  EXPECT_TRUE(spec) << (spec ? "" : spec.error().message);
  return spec ? *spec : SyntheticSpec{};
}

std::shared_ptr<ClientSource> sourceOf(const std::string& text, const std::vector<core::Column>& columns) {
  auto source = openData("synthetic:" + text, columns);
  EXPECT_TRUE(source) << (source ? "" : source.error().message);
  return source ? *source : nullptr;
}

struct Client {
  std::vector<float> x;
  std::vector<std::int32_t> y;
  friend bool operator==(const Client&, const Client&) = default;
};

Client clientOf(ClientSource& source, std::size_t client, std::int64_t dim = 60) {
  const auto data = source.read(client);
  EXPECT_TRUE(data);
  Client out;
  const auto* x = static_cast<const float*>(data->columns[0]);
  const auto* y = static_cast<const std::int32_t*>(data->columns[1]);
  out.x.assign(x, x + data->rows * dim);
  out.y.assign(y, y + data->rows);
  return out;
}

/// Mean and variance, and how far off they may be by chance: four and a half standard errors of numbers that are normal.
struct Moments {
  double mean = 0, variance = 0, count = 0;
  template <class Values>
  explicit Moments(const Values& values) : count(static_cast<double>(std::size(values))) {
    for (const double v : values) mean += v / count;
    for (const double v : values) variance += (v - mean) * (v - mean) / (count - 1);
  }
  void expect(double wantedMean, double wantedVariance, const char* what) const {
    EXPECT_NEAR(mean, wantedMean, 4.5 * std::sqrt(wantedVariance / count)) << what;
    EXPECT_NEAR(variance, wantedVariance, 4.5 * wantedVariance * std::sqrt(2 / count)) << what;
  }
};

double meanOf(const std::vector<float>& values) { return Moments(values).mean; }

TEST(Synthetic, ModelsOfClientsFollowTheLaw) {
  const SyntheticSpec spec = specOf("clients=4000,alpha=0.5,beta=2,dim=20,classes=5");
  std::vector<double> u, bias, mean, inW, inV, products, neighbours;
  std::vector<float> before;
  for (std::uint32_t k = 0; k < spec.clients; ++k) {
    const SyntheticModel m = syntheticModel(spec, k);
    ASSERT_EQ(m.w.size(), 100U);
    ASSERT_EQ(m.b.size(), 5U);
    ASSERT_EQ(m.v.size(), 20U);
    u.push_back(meanOf(m.w));
    bias.push_back(meanOf(m.b));
    mean.push_back(meanOf(m.v));
    products.push_back(u.back() * bias.back());
    inW.push_back(Moments(m.w).variance);
    inV.push_back(Moments(m.v).variance);
    if (!before.empty()) neighbours.push_back((before[0] - u[k - 1]) * (m.w[0] - u[k]));
    before = m.w;
  }
  // The mean of a client's W is u_k + N(0, 1/100); alpha and beta are standard deviations.
  Moments(u).expect(0, 0.25 + 0.01, "means of W");
  Moments(bias).expect(0, 0.25 + 0.2, "means of b");
  Moments(mean).expect(0, 4 + 0.05, "means of v");
  // W and b share u_k.
  EXPECT_NEAR(Moments(products).mean, 0.25, 4.5 * std::sqrt(Moments(products).variance / 4000));
  EXPECT_NEAR(Moments(inW).mean, 1, 4.5 * std::sqrt(2.0 / (99 * 4000)));
  EXPECT_NEAR(Moments(inV).mean, 1, 4.5 * std::sqrt(2.0 / (19 * 4000)));
  EXPECT_NEAR(Moments(neighbours).mean, 0, 4.5 / std::sqrt(4000)) << "clients are independent";
}

TEST(Synthetic, RowsFollowTheLaw) {
  constexpr std::int64_t kRows = 20000, kDim = 12;
  const std::string text = "clients=3,dim=12,rows=20000";
  const Client client = clientOf(*sourceOf(text, both(kDim)), 2, kDim);
  const SyntheticModel model = syntheticModel(specOf(text), 2);
  std::vector<std::vector<double>> centred(kDim);
  for (std::int64_t j = 0; j < kDim; ++j) {
    for (std::int64_t r = 0; r < kRows; ++r)
      centred[static_cast<std::size_t>(j)].push_back(static_cast<double>(client.x[static_cast<std::size_t>(r * kDim + j)]) -
                                                     static_cast<double>(model.v[static_cast<std::size_t>(j)]));
    Moments(centred[static_cast<std::size_t>(j)]).expect(0, std::pow(static_cast<double>(j + 1), -1.2), "a feature");
  }
  for (std::size_t i = 0; i < kDim; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const double covariance = std::inner_product(centred[i].begin(), centred[i].end(), centred[j].begin(), 0.0) / kRows;
      EXPECT_NEAR(covariance, 0, 4.5 * std::sqrt(std::pow((i + 1.0) * (j + 1.0), -1.2) / kRows)) << i << ", " << j;
    }
  }
}

TEST(Synthetic, LabelsAreTheGreatestScore) {
  // One block of classes, one that is full, several.
  for (const std::int64_t classes : {1, 2, 10, 16, 17, 40}) {
    const std::string text = "clients=9,dim=30,rows=203,classes=" + std::to_string(classes);
    const auto source = sourceOf(text, both(30));
    std::vector<int> seen(static_cast<std::size_t>(classes));
    int ties = 0;
    for (std::uint32_t k = 0; k < 9; ++k) {
      const Client client = clientOf(*source, k, 30);
      const SyntheticModel m = syntheticModel(specOf(text), k);
      for (std::size_t r = 0; r < 203; ++r) {
        std::vector<double> score(m.b.begin(), m.b.end());
        for (std::size_t c = 0; c < score.size(); ++c)
          for (std::size_t j = 0; j < 30; ++j) score[c] += static_cast<double>(client.x[r * 30 + j]) * static_cast<double>(m.w[j * score.size() + c]);
        const auto best = std::max_element(score.begin(), score.end());
        const auto label = static_cast<std::size_t>(client.y[r]);
        ASSERT_LT(label, score.size());
        ++seen[label];
        // f32 sums differ from these by less.
        if (score[label] != *best) ++ties;
        ASSERT_NEAR(score[label], *best, 1e-4) << "client " << k << ", row " << r;
      }
    }
    EXPECT_LT(ties, 4);
    EXPECT_GT(std::count_if(seen.begin(), seen.end(), [](int n) { return n > 0; }), std::min<std::int64_t>(classes, 9) / 2);
  }
}

TEST(Synthetic, SizesAreLognormalAndCapped) {
  constexpr std::uint32_t kClients = 40000;
  std::vector<std::int64_t> rows(kClients);
  syntheticRows(specOf("clients=40000,max_rows=4000000"), 0, rows);
  EXPECT_GE(*std::min_element(rows.begin(), rows.end()), 50);
  for (const double least : {1.0, 10.0, 55.0, 200.0, 1000.0, 10000.0}) {
    // floor(X) >= t where X >= t; log X is N(4, 2).
    const double wanted = 0.5 * std::erfc((std::log(least) - 4) / 2 / std::sqrt(2.0));
    const auto got =
        static_cast<double>(std::count_if(rows.begin(), rows.end(), [&](std::int64_t n) { return static_cast<double>(n - 50) >= least; }));
    EXPECT_NEAR(got / kClients, wanted, 4.5 * std::sqrt(wanted * (1 - wanted) / kClients)) << least;
  }
  std::vector<std::int64_t> capped(kClients), other(10);
  syntheticRows(specOf("clients=40000"), 0, capped);
  for (std::size_t k = 0; k < kClients; ++k) ASSERT_EQ(capped[k], std::min<std::int64_t>(rows[k], 1000));
  syntheticRows(specOf("clients=40000"), 1234, other);
  EXPECT_EQ(other, std::vector<std::int64_t>(capped.begin() + 1234, capped.begin() + 1244));
  const auto source = sourceOf("clients=40000", both());
  for (const std::size_t k : {0, 77, 39999}) EXPECT_EQ(source->read(k)->rows, capped[k]);
}

TEST(Synthetic, TrainAndTestAreTheClientsRowsCutInTwo) {
  const auto all = sourceOf("clients=40", both()), train = sourceOf("clients=40,part=train", both()), test = sourceOf("clients=40,part=test", both());
  for (std::size_t k = 0; k < 40; ++k) {
    const Client whole = clientOf(*all, k);
    Client joined = clientOf(*train, k);
    EXPECT_EQ(joined.y.size(), whole.y.size() * 9 / 10);
    const Client rest = clientOf(*test, k);
    joined.x.insert(joined.x.end(), rest.x.begin(), rest.x.end());
    joined.y.insert(joined.y.end(), rest.y.begin(), rest.y.end());
    ASSERT_EQ(joined, whole);
  }
  // One row is too few to train on.
  EXPECT_EQ(sourceOf("clients=1,rows=1,part=train", both())->read(0)->rows, 0);
}

TEST(Synthetic, AClientIsTheSameWhateverElseThereIs) {
  const auto few = sourceOf("clients=8", both()), many = sourceOf("clients=100000000", both());
  const std::vector<core::Column> swapped = {both()[1], both()[0]};
  const auto turned = sourceOf("clients=8", swapped), onlyX = sourceOf("clients=8", {both()[0]}), nothing = sourceOf("clients=8", {});
  const auto other = sourceOf("clients=8,seed=1", both());
  for (std::size_t k = 0; k < 8; ++k) {
    const Client client = clientOf(*few, k);
    EXPECT_EQ(client, clientOf(*many, k));
    const auto back = turned->read(k), x = onlyX->read(k), none = nothing->read(k);
    const auto rows = static_cast<std::int64_t>(client.y.size());
    ASSERT_EQ(back->rows, rows);
    EXPECT_EQ(std::memcmp(back->columns[0], client.y.data(), client.y.size() * 4), 0);
    EXPECT_EQ(std::memcmp(back->columns[1], client.x.data(), client.x.size() * 4), 0);
    EXPECT_EQ(std::memcmp(x->columns[0], client.x.data(), client.x.size() * 4), 0);
    EXPECT_EQ(none->rows, rows);
    EXPECT_NE(client.x[0], clientOf(*other, k).x[0]);
  }
}

TEST(Synthetic, ThreadsChangeNothing) {
  std::vector<Client> alone;
  {
    const auto source = sourceOf("clients=64,max_rows=200", both());
    for (std::size_t k = 0; k < 64; ++k) alone.push_back(clientOf(*source, k));
  }
  for (const std::size_t threads : {2, 8}) {
    const auto source = sourceOf("clients=64,max_rows=200", both());
    std::vector<Client> together(64);
    std::vector<std::thread> all;
    for (std::size_t t = 0; t < threads; ++t)
      all.emplace_back([&, t] {
        for (std::size_t k = t; k < 64; k += threads) together[k] = clientOf(*source, k);
      });
    for (std::thread& thread : all) thread.join();
    EXPECT_EQ(together, alone);
  }
}

TEST(Synthetic, BitsAreThoseOfEveryMachine) {
  // FNV of bytes, written down: whoever changes them changes every run on such data.
  const auto source = sourceOf("clients=1000000,alpha=1,beta=1,dim=60,classes=10", both());
  const Client client = clientOf(*source, 123456);
  const auto hash = [](const auto& values) { return clientHash({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(values[0])}); };
  EXPECT_EQ(client.y.size(), 238U);
  EXPECT_EQ(hash(client.x), 17187283409039742444U);
  EXPECT_EQ(hash(client.y), 11447368298923946773U);
}

TEST(Synthetic, IdsAreSortedAndShort) {
  const auto source = sourceOf("clients=100000000", both());
  EXPECT_EQ(source->size(), 100000000U);
  EXPECT_EQ(source->id(0), "client_00000000");
  EXPECT_EQ(source->id(99999999), "client_99999999");
  // No allocation for an id.
  EXPECT_LE(source->id(0).size(), std::string().capacity());
  for (std::size_t k = 1; k < 99999999; k = k * 7 / 3 + 1) EXPECT_LT(source->id(k - 1), source->id(k));
  EXPECT_THAT(*selectClients("client_00000007,10..12", *source), testing::ElementsAre(7, 10, 11));
}

TEST(Synthetic, WhatIsWrongIsNamed) {
  const auto refused = [](const std::string& text) {
    const auto spec = parseSynthetic("synthetic:" + text);
    EXPECT_FALSE(spec) << text;
    return spec ? "" : spec.error().message + "; " + spec.error().help;
  };
  EXPECT_THAT(refused(""), HasSubstr("needs a number of clients; as in `synthetic:clients=1000,"));
  EXPECT_THAT(refused("alpha=1"), HasSubstr("needs a number of clients"));
  EXPECT_THAT(refused("client=5"), HasSubstr("no setting `client`; did you mean `clients`?; it has clients, alpha,"));
  EXPECT_THAT(refused("clients=5,,dim=3"), HasSubstr("no setting ``; it has"));
  EXPECT_THAT(refused("clients"), HasSubstr("`clients` of synthetic data has no value"));
  EXPECT_THAT(refused("clients=5,clients=6"), HasSubstr("`clients` of synthetic data is given twice"));
  for (const char* clients : {"0", "-1", "100000001", "1e3", "", "7 "})
    EXPECT_THAT(refused(std::string("clients=") + clients), HasSubstr("`clients` of synthetic data: a whole number from 1 to 100000000"));
  for (const char* alpha : {"-0.1", "nan", "inf", "x", "", "1e7"})
    EXPECT_THAT(refused(std::string("clients=5,alpha=") + alpha), HasSubstr("`alpha` of synthetic data: a number from 0 to 1e6 is wanted"));
  EXPECT_THAT(refused("clients=5,beta=-1"), HasSubstr("`beta`"));
  EXPECT_THAT(refused("clients=5,dim=0"), HasSubstr("`dim`"));
  EXPECT_THAT(refused("clients=5,classes=0"), HasSubstr("`classes`"));
  EXPECT_THAT(refused("clients=5,seed=-1"), HasSubstr("`seed`"));
  EXPECT_THAT(refused("clients=5,rows=-1"), HasSubstr("`rows`"));
  EXPECT_THAT(refused("clients=5,max_rows=0"), HasSubstr("`max_rows`"));
  EXPECT_THAT(refused("clients=5,part=half"), HasSubstr("`all`, `train` or `test` is wanted, not `half`"));
  EXPECT_THAT(refused("clients=5,rows=7,max_rows=8"), HasSubstr("nothing to limit"));
  EXPECT_THAT(refused("clients=5,dim=100000,classes=100000"), HasSubstr("1 GiB is the most"));
  EXPECT_THAT(refused("clients=5,max_rows=100000000"), HasSubstr("fewer rows by `max_rows=`"));
}

TEST(Synthetic, ColumnsThatItDoesNotHave) {
  const auto refused = [](const core::Column& column) {
    const auto source = openData("synthetic:clients=5", {column});
    EXPECT_FALSE(source);
    return source ? "" : source.error().message + "; " + source.error().help;
  };
  EXPECT_THAT(refused(test::column("label", Elem::I32, {})),
              HasSubstr("no feature `label`; it has `x` and `y`; `struct Example { x: f32[60], y: i32 }`"));
  EXPECT_THAT(refused(test::column("", Elem::F32, {})), HasSubstr("not plain values"));
  EXPECT_THAT(refused(test::column("x", Elem::F32, {Dim(30)})),
              HasSubstr("is `f32[60]` in the data, `f32[30]` in the program; declare `x: f32[60]`, or say `dim=30`"));
  EXPECT_THAT(refused(test::column("x", Elem::F64, {Dim(60)})), testing::EndsWith("declare `x: f32[60]`"));
  EXPECT_THAT(refused(test::column("y", Elem::I64, {})), HasSubstr("is `i32` in the data, `i64` in the program"));
}

TEST(Synthetic, InspectedAndMarked) {
  const auto info = inspectFederation("synthetic:clients=2500,rows=10,dim=7,classes=3");
  ASSERT_TRUE(info);
  EXPECT_EQ(info->clients, 2500U);
  EXPECT_EQ(info->lastId, "client_00002499");
  EXPECT_EQ(info->rows, std::vector<std::int64_t>(2500, 10));
  ASSERT_EQ(info->features.size(), 2U);
  EXPECT_EQ(info->features[0].type, "f32[7]");
  EXPECT_EQ(info->counted, 1000U);
  std::int64_t labels = 0;
  for (const auto& [label, count] : info->features[1].counts) labels += count;
  EXPECT_EQ(labels, 10000);
  EXPECT_FALSE(inspectFederation("synthetic:"));
  EXPECT_EQ(*dataMark("synthetic:clients=5"), *dataMark("synthetic:clients=5"));
  EXPECT_NE(*dataMark("synthetic:clients=5"), *dataMark("synthetic:clients=6"));
}

}  // namespace
}  // namespace fedc::runtime
