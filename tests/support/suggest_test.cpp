#include "compiler/support/suggest.h"

#include <gtest/gtest.h>

#include <vector>

namespace fedc {
namespace {

TEST(Suggest, Distances) {
  EXPECT_EQ(editDistance("", ""), 0u);
  EXPECT_EQ(editDistance("abc", ""), 3u);
  EXPECT_EQ(editDistance("batch", "bacth"), 1u);
  EXPECT_EQ(editDistance("kitten", "sitting"), 3u);
  EXPECT_EQ(editDistance("weight", "weights"), 1u);
  EXPECT_EQ(editDistance("ca", "abc"), 3u);
}

TEST(Suggest, TheNearestThatIsNearEnough) {
  const std::vector<std::string> names{"federated_mean", "federated_min", "federated_sum", "x", "lr", "batch_size"};
  EXPECT_EQ(suggest("federated_maen", names), "federated_mean");
  EXPECT_EQ(suggest("fedrated_sum", names), "federated_sum");
  EXPECT_EQ(suggest("batchSize", names), "batch_size");
  EXPECT_EQ(suggest("LR", names), "lr");
  EXPECT_EQ(suggest("y", names), std::nullopt);
  EXPECT_EQ(suggest("momentum", names), std::nullopt);
  EXPECT_EQ(suggest("anything", {}), std::nullopt);
}

TEST(Suggest, ANameIsNoSuggestionForItself) {
  const std::vector<std::string> names{"mean", "mean_"};
  EXPECT_EQ(suggest("mean", names), "mean_");
}

}  // namespace
}  // namespace fedc
