#include "runtime/data/inspect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hdf5_writer.h"
#include "support.h"

namespace fedc::runtime {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

class Inspect : public testing::Test {
 protected:
  const FeatureInfo& feature(const FederationInfo& info, const std::string& name) {
    for (const FeatureInfo& f : info.features)
      if (f.name == name) return f;
    ADD_FAILURE() << "no feature " << name;
    return info.features.front();
  }
  test::TemporaryDirectory directory;
  std::string path = directory / "data.h5";
};

TEST_F(Inspect, SaysWhatAFileHolds) {
  {
    test::Hdf5Writer w(path);
    const std::vector<float> x(3 * 4, 1.5F);
    const std::vector<std::int8_t> label = {-1, 2, 2};
    const std::vector<std::int32_t> odd = {7, 8};
    w.write("a", "x", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, {3, 4}, x.data());
    w.write("a", "label", H5T_STD_I8LE, H5T_NATIVE_INT8, {3}, label.data());
    w.write("b", "x", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, {2, 4}, x.data());
    w.write("b", "label", H5T_STD_I8LE, H5T_NATIVE_INT8, {2}, label.data());
    w.write("b", "extra", H5T_STD_I32LE, H5T_NATIVE_INT32, {2}, odd.data());
    w.write("c", "x", H5T_IEEE_F64LE, H5T_NATIVE_FLOAT, {2, 4}, x.data());
    w.write("c", "label", H5T_STD_I8LE, H5T_NATIVE_INT8, {1}, label.data());
  }
  const auto info = inspectFederation(path);
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->clients, 3U);
  EXPECT_EQ(info->firstId + info->lastId, "ac");
  EXPECT_THAT(info->rows, ElementsAre(3, 2, -1)) << "the features of c differ in length";
  EXPECT_EQ(feature(*info, "x").type, "f32[4]");
  EXPECT_EQ(feature(*info, "x").exception, "c") << "f64 there";
  EXPECT_TRUE(feature(*info, "x").counts.empty());
  EXPECT_FALSE(feature(*info, "label").exception);
  EXPECT_THAT(feature(*info, "label").counts, ElementsAre(Pair(-1, 3), Pair(2, 3)));
  EXPECT_EQ(feature(*info, "extra").exception, "a") << "missing there";
}

TEST_F(Inspect, NamesWhatIsNotRead) {
  {
    test::Hdf5Writer w(path);
    const hid_t text = H5Tcopy(H5T_C_S1);
    H5Tset_size(text, 4);
    w.write("a", "text", text, text, {2}, "abcdefgh");
    H5Tclose(text);
    const float one = 1;
    w.write("a", "scalar", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, {}, &one);
  }
  const auto info = inspectFederation(path);
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_TRUE(feature(*info, "text").isReadable);
  EXPECT_EQ(feature(*info, "text").type, "str");
  EXPECT_FALSE(feature(*info, "scalar").isReadable);
}

TEST_F(Inspect, TooManyValuesAreNoLabels) {
  {
    test::Hdf5Writer w(path);
    std::vector<std::int32_t> many(101);
    for (std::size_t i = 0; i < many.size(); ++i) many[i] = static_cast<std::int32_t>(i);
    w.write("a", "id", H5T_STD_I32LE, H5T_NATIVE_INT32, {101}, many.data());
  }
  const auto info = inspectFederation(path);
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_TRUE(feature(*info, "id").counts.empty());
}

TEST_F(Inspect, FilesThatAreNoFederations) {
  EXPECT_THAT(inspectFederation(directory / "none.h5").error().message, HasSubstr("cannot open"));
  test::writeFile(path, "not HDF5 at all");
  EXPECT_THAT(inspectFederation(path).error().message, HasSubstr("is not an HDF5 file"));
}

}  // namespace
}  // namespace fedc::runtime
