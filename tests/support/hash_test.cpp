#include "compiler/support/hash.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace fedc {
namespace {

TEST(Hash, OfEveryLengthAndEveryBit) {
  std::set<std::uint64_t> seen;
  std::string text;
  for (int length = 0; length < 100; ++length) {
    EXPECT_TRUE(seen.insert(hashOf(text)).second) << length;
    for (std::size_t bit = 0; bit < 8 * text.size(); ++bit) {
      std::string other = text;
      other[bit / 8] = static_cast<char>(other[bit / 8] ^ (1 << (bit % 8)));
      EXPECT_TRUE(seen.insert(hashOf(other)).second) << length << " bit " << bit;
    }
    text += '\0';
  }
}

TEST(Hash, SeedsAndOrder) {
  EXPECT_NE(hashOf("a", 1), hashOf("a", 2));
  EXPECT_NE(hashOf("a", hashOf("b")), hashOf("b", hashOf("a")));
  EXPECT_NE(hashOf("ab"), hashOf("b", hashOf("a")));
  // Files hold hashes: they must not change.
  EXPECT_EQ(hashOf(""), 0xf9f42784647a5110U);
  EXPECT_EQ(hashOf("federated averaging, round by round", 7), 0x80c150eca484eceaU);
}

}  // namespace
}  // namespace fedc
