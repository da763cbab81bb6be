#include "runtime/value/wire.h"
#include "compiler/core/strings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/value/layout.h"

// The bytes of docs/wire.md, written out.
namespace fedc::runtime {
namespace {

using core::Array;
using core::Elem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

LeafLayout layout(Elem elem, std::vector<std::int64_t> dims, std::int64_t padLast = 0) {
  LeafLayout out;
  out.elem = elem;
  out.dims = std::move(dims);
  out.padLast = padLast;
  return out;
}

template <class T>
WireBytes encoded(Elem elem, std::vector<std::int64_t> dims, const std::vector<T>& values) {
  WireBytes bytes;
  encodeLeaf(values.data(), layout(elem, std::move(dims)), 0, bytes);
  return bytes;
}

TEST(Wire, NumbersAreLittleEndian) {
  EXPECT_THAT(encoded<std::int32_t>(Elem::I32, {2}, {1, -2}), ElementsAre(1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff));
  EXPECT_THAT(encoded<std::uint16_t>(Elem::U16, {}, {0x1234}), ElementsAre(0x34, 0x12));
  // 1.0f is 0x3f800000.
  EXPECT_THAT(encoded<float>(Elem::F32, {}, {1.0F}), ElementsAre(0, 0, 0x80, 0x3f));
  EXPECT_THAT(encoded<std::uint64_t>(Elem::Key, {}, {0x0102030405060708}), ElementsAre(8, 7, 6, 5, 4, 3, 2, 1));
}

TEST(Wire, StringsAreLengthAndText) {
  const std::vector<core::StringId> strings = {core::intern("ab"), core::kEmptyString, core::intern("é")};
  WireBytes bytes;
  encodeLeaf(strings.data(), layout(Elem::Str, {3}), 0, bytes);
  EXPECT_THAT(bytes, ElementsAre(2, 0, 0, 0, 'a', 'b', 0, 0, 0, 0, 2, 0, 0, 0, 0xc3, 0xa9));
  std::vector<core::StringId> again(3, 77);
  WireReader reader(bytes);
  ASSERT_TRUE(reader.leaf(layout(Elem::Str, {3}), again.data()));
  EXPECT_TRUE(reader.end());
  EXPECT_EQ(again, strings);
  const auto refused = [](WireBytes wrong) {
    core::StringId one = 0;
    WireReader of(wrong);
    const auto read = of.leaf(layout(Elem::Str, {}), &one);
    return read ? std::string("read") : read.error().message;
  };
  EXPECT_EQ(refused({1, 0}), "a leaf of strings cannot be read: 2 bytes are left where the length of a string takes 4");
  EXPECT_EQ(refused({9, 0, 0, 0, 'a'}), "a leaf of strings cannot be read: 1 bytes are left of the 9 of a string");
  EXPECT_EQ(refused({1, 0, 0, 0, 0xff}), "a leaf of strings cannot be read: bytes that are not UTF-8: 0xff at byte 0");
}

TEST(Wire, BoolsAreEightToAByte) {
  EXPECT_THAT(encoded<std::uint8_t>(Elem::Bool, {}, {1}), ElementsAre(1));
  EXPECT_THAT(encoded<std::uint8_t>(Elem::Bool, {10}, {1, 0, 1, 0, 0, 0, 0, 1, 0, 1}), ElementsAre(0x85, 0x02));
  EXPECT_EQ(wireBytes(layout(Elem::Bool, {8})), 1);
  EXPECT_EQ(wireBytes(layout(Elem::Bool, {9})), 2);
  EXPECT_EQ(wireBytes(layout(Elem::Bool, {3, 3})), 2) << "a leaf is packed as a whole";
  EXPECT_EQ(wireBytes(layout(Elem::Bool, {0})), 0);
}

TEST(Wire, WhatHasALengthBeginsWithIt) {
  const std::vector<std::int16_t> rows = {5, 6, 7, 8};
  WireBytes bytes;
  encodeLeaf(rows.data(), layout(Elem::I16, {-1, 2}), 2, bytes);
  EXPECT_THAT(bytes, ElementsAre(2, 0, 0, 0, 0, 0, 0, 0, 5, 0, 6, 0, 7, 0, 8, 0));
  EXPECT_EQ(wireBytes(layout(Elem::I16, {-1, 2}), 2), 16);
  WireReader reader(bytes);
  const auto length = reader.rows(layout(Elem::I16, {-1, 2}), 10);
  ASSERT_TRUE(length);
  EXPECT_EQ(*length, 2);
  std::vector<std::int16_t> again(4);
  ASSERT_TRUE(reader.leaf(layout(Elem::I16, {-1, 2}), *length, again.data()));
  EXPECT_EQ(again, rows);
  EXPECT_TRUE(reader.end());
  WireReader tooLong(bytes);
  EXPECT_THAT(tooLong.rows(layout(Elem::I16, {-1, 2}), 1).error().message, HasSubstr("has 2 rows, at most 1"));
}

TEST(Wire, PaddingDoesNotCross) {
  // Two rows of three, each reserved up to 4.
  const std::vector<float> padded = {1, 2, 3, 0, 4, 5, 6, 0};
  const LeafLayout wide = layout(Elem::F32, {2, 3}, 4);
  WireBytes bytes;
  encodeLeaf(padded.data(), wide, 0, bytes);
  EXPECT_EQ(bytes.size(), 24U);
  EXPECT_EQ(bytes, (encoded<float>(Elem::F32, {2, 3}, {1, 2, 3, 4, 5, 6})));
  std::vector<float> back(8, 9.0F);
  WireReader reader(bytes);
  ASSERT_TRUE(reader.leaf(wide, back.data()));
  EXPECT_EQ(back, padded);
}

TEST(Wire, LeavesFollowEachOther) {
  WireBytes bytes;
  const std::uint8_t flag = 1;
  const double number = -0.0;
  encodeLeaf(&flag, layout(Elem::Bool, {}), 0, bytes);
  encodeLeaf(&number, layout(Elem::F64, {}), 0, bytes);
  EXPECT_THAT(bytes, ElementsAre(1, 0, 0, 0, 0, 0, 0, 0, 0x80));
}

TEST(Wire, WhatIsNoMessageIsRefused) {
  WireBytes bytes = {1, 2, 3};
  float number = 0;
  EXPECT_THAT(WireReader(bytes).leaf(layout(Elem::F32, {}), &number).error().message, HasSubstr("3 of its 4 bytes"));
  std::vector<std::uint8_t> bools(3);
  bytes = {0x08};
  EXPECT_THAT(WireReader(bytes).leaf(layout(Elem::Bool, {3}), bools.data()).error().message, HasSubstr("behind the last bool"));
  bytes = {0x05, 0};
  WireReader reader(bytes);
  ASSERT_TRUE(reader.leaf(layout(Elem::Bool, {3}), bools.data()));
  EXPECT_THAT(bools, ElementsAre(1, 0, 1));
  EXPECT_THAT(reader.end().error().message, HasSubstr("1 bytes are left"));
  bytes = {1, 0, 0};
  EXPECT_THAT(WireReader(bytes).rows(layout(Elem::I8, {-1}), 5).error().message, HasSubstr("within the length"));
  bytes = {0, 0, 0, 0, 0, 0, 0, 0x80};
  EXPECT_FALSE(WireReader(bytes).rows(layout(Elem::I8, {-1}), 5)) << "a length with the highest bit";
}

}  // namespace
}  // namespace fedc::runtime
