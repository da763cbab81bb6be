#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <thread>

#include "compiler/core/strings.h"
#include "hdf5_writer.h"
#include "runtime/data/hdf5_source.h"
#include "support.h"

namespace fedc::runtime {
namespace {

using core::Elem;
using test::Hdf5Writer;
using test::HowStored;
using testing::AllOf;
using testing::HasSubstr;

std::vector<float> ramp(std::size_t count) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(i) * 0.25f - 3;
  return values;
}

class Hdf5 : public testing::Test {
 protected:
  /// The error of opening, or of reading the first client.
  DataError errorOf(const std::vector<core::Column>& columns) {
    auto source = openHdf5(path, columns);
    if (!source) return source.error();
    auto data = (*source)->read(0);
    EXPECT_FALSE(data) << "no error";
    return data ? DataError{} : data.error();
  }
  ClientColumns readAll(const std::vector<core::Column>& columns, std::size_t client = 0) {
    auto source = openHdf5(path, columns);
    EXPECT_TRUE(source) << (source ? "" : source.error().message);
    if (!source) return {};
    auto data = (*source)->read(client);
    EXPECT_TRUE(data) << (data ? "" : data.error().message);
    return data ? *data : ClientColumns{};
  }
  test::TemporaryDirectory directory;
  std::string path = directory / "data.h5";
  std::vector<core::Column> x = {test::column("x", Elem::F32, {Dim(5), Dim(7)})};
};

TEST_F(Hdf5, EveryWayToLieInAFileGivesTheSameNumbers) {
  const auto values = ramp(11 * 35);
  {
    Hdf5Writer w(path);
    const auto one = [&](const std::string& client, HowStored how, hid_t type = H5T_IEEE_F32LE) {
      w.write(client, "x", type, H5T_NATIVE_FLOAT, {11, 5, 7}, values.data(), how);
    };
    one("contiguous", {});
    one("chunked", {{4, 2, 3}});
    one("chunk of everything", {{11, 5, 7}});
    one("chunk larger than the data", {{64, 5, 7}});
    one("deflate", {{4, 2, 3}, false, true});
    one("shuffle", {{4, 2, 3}, true, false});
    one("shuffle and deflate", {{3, 5, 2}, true, true});
    one("check sums", {{4, 2, 3}, false, true, true});
    one("big endian", {}, H5T_IEEE_F32BE);
    one("big endian, deflate", {{4, 2, 3}, true, true}, H5T_IEEE_F32BE);
    // Written in part: what is missing is zero.
    w.write("never written", "x", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, {11, 5, 7}, nullptr, {{4, 2, 3}, false, true});
  }
  auto source = openHdf5(path, x);
  ASSERT_TRUE(source);
  EXPECT_EQ((*source)->size(), 11u);
  for (std::size_t c = 0; c < (*source)->size(); ++c) {
    auto data = (*source)->read(c);
    ASSERT_TRUE(data) << (*source)->id(c) << ": " << data.error().message;
    EXPECT_EQ(data->rows, 11);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(data->columns[0]) % 64, 0u);
    const auto* numbers = static_cast<const float*>(data->columns[0]);
    const bool zero = (*source)->id(c) == "never written";
    for (std::size_t i = 0; i < values.size(); ++i) ASSERT_EQ(numbers[i], zero ? 0 : values[i]) << (*source)->id(c) << " at " << i;
  }
}

TEST_F(Hdf5, AUserBlockMovesEverything) {
  const auto values = ramp(2 * 35);
  {
    Hdf5Writer w(path, 1024);
    w.write("a", "x", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, {2, 5, 7}, values.data());
    w.write("b", "x", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, {2, 5, 7}, values.data(), {{1, 5, 7}, false, true});
  }
  for (const std::size_t client : {0u, 1u}) {
    const auto data = readAll(x, client);
    ASSERT_EQ(data.columns.size(), 1u);
    EXPECT_EQ(static_cast<const float*>(data.columns[0])[69], values[69]);
  }
}

TEST_F(Hdf5, EveryElementType) {
  const std::vector<std::int32_t> whole = {1, 0, 3};
  const hid_t boolean = H5Tenum_create(H5T_NATIVE_INT8);
  const std::int8_t off = 0, on = 1;
  H5Tenum_insert(boolean, "FALSE", &off);
  H5Tenum_insert(boolean, "TRUE", &on);
  const std::int8_t flags[3] = {1, 0, 1};
  const std::pair<Elem, hid_t> types[] = {
      {Elem::I8, H5T_STD_I8LE},   {Elem::I16, H5T_STD_I16LE}, {Elem::I32, H5T_STD_I32LE}, {Elem::I64, H5T_STD_I64LE},  {Elem::U8, H5T_STD_U8LE},
      {Elem::U16, H5T_STD_U16LE}, {Elem::U32, H5T_STD_U32LE}, {Elem::U64, H5T_STD_U64LE}, {Elem::F32, H5T_IEEE_F32LE}, {Elem::F64, H5T_IEEE_F64LE}};
  {
    Hdf5Writer w(path);
    for (const auto& [elem, type] : types) w.write("c", std::string(core::elemName(elem)), type, H5T_NATIVE_INT32, {3}, whole.data());
    w.write("c", "bool", boolean, boolean, {3}, flags);
  }
  H5Tclose(boolean);
  std::vector<core::Column> columns;
  for (const auto& [elem, type] : types) columns.push_back(test::column(std::string(core::elemName(elem)), elem));
  columns.push_back(test::column("bool", Elem::Bool));
  const auto data = readAll(columns);
  ASSERT_EQ(data.columns.size(), columns.size());
  for (std::size_t c = 0; c + 1 < columns.size(); ++c) {
    const auto array = core::Array::view(columns[c].type.elem, {3}, data.columns[c], nullptr);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(array.at(i).toDouble(), whole[static_cast<std::size_t>(i)]) << columns[c].feature;
  }
  EXPECT_EQ(static_cast<const char*>(data.columns.back())[2], 1);
}

TEST_F(Hdf5, OnlyWhatIsNamedIsRead) {
  const auto values = ramp(35);
  {
    Hdf5Writer w(path);
    w.write("c", "x", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, {1, 5, 7}, values.data());
    // Another feature, with another length, of a type that cannot be read.
    const hid_t text = H5Tcopy(H5T_C_S1);
    H5Tset_size(text, H5T_VARIABLE);
    const char* words[3] = {"a", "b", "c"};
    w.write("c", "snippets", text, text, {3}, words);
    H5Tclose(text);
  }
  EXPECT_EQ(readAll(x).rows, 1);
  // No columns: rows are counted by the first feature.
  EXPECT_EQ(readAll({}).rows, 3);
}

TEST_F(Hdf5, AFieldWithoutNameIsTheOnlyFeature) {
  const auto values = ramp(4);
  {
    Hdf5Writer w(path);
    w.write("c", "whatever", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, {4}, values.data());
    w.write("d", "one", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, {4}, values.data());
    w.write("d", "two", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, {4}, values.data());
  }
  const std::vector<core::Column> plain = {test::column("", Elem::F32)};
  EXPECT_EQ(readAll(plain, 0).rows, 4);
  auto source = openHdf5(path, plain);
  auto second = (*source)->read(1);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, HasSubstr("2 features"));
}

TEST_F(Hdf5, IdsAreInByteOrder) {
  const auto values = ramp(35);
  {
    Hdf5Writer w(path);
    for (const char* id : {"b", "a10", "a2", "\xc3\xa4", "B"}) w.write(id, "x", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, {1, 5, 7}, values.data());
  }
  auto source = openHdf5(path, x);
  ASSERT_TRUE(source);
  std::vector<std::string> ids;
  for (std::size_t c = 0; c < (*source)->size(); ++c) ids.push_back((*source)->id(c));
  EXPECT_THAT(ids, testing::ElementsAre("B", "a10", "a2", "b", "\xc3\xa4"));
}

TEST_F(Hdf5, NoRowsIsAClientToo) {
  {
    Hdf5Writer w(path);
    w.write("c", "x", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, {0, 5, 7}, nullptr);
  }
  EXPECT_EQ(readAll(x).rows, 0);
}

// What a file can have wrong.

TEST_F(Hdf5, MissingFile) {
  EXPECT_THAT(errorOf(x).message, AllOf(HasSubstr("cannot open"), HasSubstr("No such file")));
  path = directory / "";
  EXPECT_THAT(errorOf(x).message, HasSubstr("is a directory"));
}

TEST_F(Hdf5, NotHdf5) {
  test::writeFile(path, "client,x\na,1\n");
  EXPECT_THAT(errorOf(x).message, HasSubstr("is not an HDF5 file"));
  EXPECT_THAT(errorOf(x).help, HasSubstr("examples/<client id>/<feature>"));
  test::writeFile(path, "");
  EXPECT_THAT(errorOf(x).message, HasSubstr("is not an HDF5 file"));
}

TEST_F(Hdf5, NoExamples) {
  {
    const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    H5Gclose(H5Gcreate2(file, "clients", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Fclose(file);
  }
  EXPECT_THAT(errorOf(x).message, AllOf(HasSubstr("no group `examples`"), HasSubstr("`clients`")));
  {
    Hdf5Writer w(path);
  }
  EXPECT_THAT(errorOf(x).message, HasSubstr("no clients"));
}

TEST_F(Hdf5, MissingFeatureNamesThoseThatAreThere) {
  const auto values = ramp(35);
  {
    Hdf5Writer w(path);
    w.write("c", "pixels", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, {1, 5, 7}, values.data());
    w.write("c", "label", H5T_STD_I32LE, H5T_NATIVE_FLOAT, {1}, values.data());
  }
  const DataError error = errorOf(x);
  EXPECT_THAT(error.message, AllOf(HasSubstr("client `c` has no feature `x`"), HasSubstr("`label`, `pixels`")));
  EXPECT_TRUE(error.span.has_value());
}

TEST_F(Hdf5, OtherTypeShowsBothSidesAndBothWaysOut) {
  const auto values = ramp(70);
  {
    Hdf5Writer w(path);
    w.write("c", "x", H5T_STD_U8LE, H5T_NATIVE_FLOAT, {2, 5, 7}, values.data());
    w.write("d", "x", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, {2, 7, 5}, values.data());
  }
  const DataError error = errorOf(x);
  EXPECT_EQ(error.message, "feature `x` of client `c` is `u8[5, 7]` in the data, `f32[5, 7]` in the program");
  EXPECT_THAT(error.help, AllOf(HasSubstr("declare `x: u8[5, 7]`"), HasSubstr("rewrite the data as `f32[5, 7]`")));
  // The second client is checked when it is read.
  auto source = openHdf5(path, x);
  ASSERT_TRUE(source);
  EXPECT_EQ((*source)->read(1).error().message, "feature `x` of client `d` is `f32[7, 5]` in the data, `f32[5, 7]` in the program");
}

TEST_F(Hdf5, Strings) {
  const auto fixed = [](std::size_t size, H5T_str_t padding) {
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, size);
    H5Tset_strpad(type, padding);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
  };
  const hid_t variable = fixed(H5T_VARIABLE, H5T_STR_NULLTERM), zeros = fixed(6, H5T_STR_NULLPAD), spaces = fixed(6, H5T_STR_SPACEPAD),
              ended = fixed(6, H5T_STR_NULLTERM);
  // Of variable length: many, in more than one piece; a pointer that is null is an empty string.
  std::vector<std::string> many;
  for (int i = 0; i < 100'000; ++i) many.push_back(i % 3 == 0 ? "" : "text number " + std::to_string(i % 1000));
  std::vector<const char*> pointers;
  for (const std::string& text : many) pointers.push_back(text.c_str());
  {
    Hdf5Writer w(path);
    w.write("a", "many", variable, variable, {many.size()}, pointers.data());
    w.write("b", "many", variable, variable, {many.size()}, pointers.data(), {{1024}, true, true});
    const char* const pairs[] = {"zo\xc3\xab", "", "b c", "d"};
    w.write("c", "pairs", variable, variable, {2, 2}, pairs);
    w.write("c", "zeros", zeros, zeros, {2}, "ab\0\0\0\0 x y z");
    w.write("c", "spaces", spaces, spaces, {2}, "ab    whole!");
    w.write("c", "ended", ended, ended, {2}, "ab\0cd\0\0\0\0\0\0\0");
    w.write("c", "chunked", zeros, zeros, {2}, "ab\0\0\0\0 x y z", {{1}, false, true});
  }
  const auto textsOf = [](const ClientColumns& data, std::size_t column, std::int64_t count) {
    std::vector<std::string> out;
    for (std::int64_t i = 0; i < count; ++i) out.emplace_back(core::textOf(static_cast<const core::StringId*>(data.columns[column])[i]));
    return out;
  };
  for (const std::size_t client : {0u, 1u}) {
    const auto data = readAll({test::column("many", Elem::Str)}, client);
    ASSERT_EQ(data.rows, 100'000);
    EXPECT_EQ(textsOf(data, 0, data.rows), many);
  }
  std::vector<core::Column> columns = {test::column("pairs", Elem::Str, {Dim(2)})};
  for (const char* name : {"zeros", "spaces", "ended", "chunked"}) columns.push_back(test::column(name, Elem::Str));
  const auto data = readAll(columns, 2);
  ASSERT_EQ(data.columns.size(), 5u);
  EXPECT_THAT(textsOf(data, 0, 4), testing::ElementsAre("zo\xc3\xab", "", "b c", "d"));
  EXPECT_THAT(textsOf(data, 1, 2), testing::ElementsAre("ab", " x y z"));
  EXPECT_THAT(textsOf(data, 2, 2), testing::ElementsAre("ab", "whole!"));
  EXPECT_THAT(textsOf(data, 3, 2), testing::ElementsAre("ab", ""));
  EXPECT_THAT(textsOf(data, 4, 2), testing::ElementsAre("ab", " x y z"));
  for (const hid_t type : {variable, zeros, spaces, ended}) H5Tclose(type);
}

TEST_F(Hdf5, TextThatIsNoString) {
  const hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, H5T_VARIABLE);
  const std::string longest(70'000, 'x');
  for (const auto& [bad, why] : std::vector<std::pair<std::string, std::string>>{
           {"zo\xeb", "feature `x` of client `c`, row 1: bytes that are not UTF-8: 0xeb at byte 2"}, {longest, "row 1: a string of 70000 bytes"}}) {
    {
      Hdf5Writer w(path);
      const char* texts[] = {"good", bad.c_str()};
      w.write("c", "x", type, type, {2}, texts);
    }
    EXPECT_THAT(errorOf({test::column("x", Elem::Str)}).message, HasSubstr(why));
  }
  H5Tclose(type);
}

TEST_F(Hdf5, RaggedTextAndCompoundFeatures) {
  std::vector<core::Column> columns = {test::column("x", Elem::F32)};
  const auto write = [&](const std::function<void(Hdf5Writer&)>& body) {
    Hdf5Writer w(path);
    body(w);
  };
  write([](Hdf5Writer& w) {
    const hid_t ragged = H5Tvlen_create(H5T_NATIVE_FLOAT);
    float numbers[3] = {1, 2, 3};
    const hvl_t rows[2] = {{1, numbers}, {3, numbers}};
    w.write("c", "x", ragged, ragged, {2}, rows);
    H5Tclose(ragged);
  });
  EXPECT_THAT(errorOf(columns).message, HasSubstr("ragged"));
  write([](Hdf5Writer& w) {
    const hid_t text = H5Tcopy(H5T_C_S1);
    H5Tset_size(text, H5T_VARIABLE);
    const char* words[1] = {"a"};
    w.write("c", "x", text, text, {1}, words);
    H5Tclose(text);
  });
  EXPECT_THAT(errorOf(columns).message, HasSubstr("is `str` in the data, `f32` in the program"));
  write([](Hdf5Writer& w) {
    const hid_t pair = H5Tcreate(H5T_COMPOUND, 8);
    H5Tinsert(pair, "a", 0, H5T_NATIVE_FLOAT);
    H5Tinsert(pair, "b", 4, H5T_NATIVE_INT);
    const char zeros[8] = {};
    w.write("c", "x", pair, pair, {1}, zeros);
    H5Tclose(pair);
  });
  EXPECT_THAT(errorOf(columns).message, HasSubstr("compound"));
  write([](Hdf5Writer& w) {
    const float one = 1;
    w.write("c", "x", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, {}, &one);
  });
  EXPECT_THAT(errorOf(columns).message, HasSubstr("without a first extent"));
}

TEST_F(Hdf5, FeaturesOfDifferentLength) {
  const auto values = ramp(35 * 3);
  {
    Hdf5Writer w(path);
    w.write("c", "x", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, {3, 5, 7}, values.data());
    w.write("c", "label", H5T_STD_I32LE, H5T_NATIVE_FLOAT, {2}, values.data());
  }
  EXPECT_THAT(errorOf({x[0], test::column("label", Elem::I32)}).message,
              AllOf(HasSubstr("differ in length"), HasSubstr("3 rows"), HasSubstr("has 2")));
}

TEST_F(Hdf5, AClientThatIsNoGroup) {
  const auto values = ramp(35);
  {
    Hdf5Writer w(path);
    const hsize_t one = 1;
    const hid_t space = H5Screate_simple(1, &one, nullptr);
    H5Dclose(H5Dcreate2(w.examples(), "c", H5T_IEEE_F32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Sclose(space);
  }
  EXPECT_THAT(errorOf(x).message, HasSubstr("client `c` is not a group"));
}

TEST_F(Hdf5, TruncatedAnywhereIsAnErrorOrWhole) {
  const auto values = ramp(11 * 35);
  {
    Hdf5Writer w(path);
    for (const char* id : {"a", "b", "c"}) w.write(id, "x", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, {11, 5, 7}, values.data(), {{4, 5, 7}, false, true});
    w.write("d", "x", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, {11, 5, 7}, values.data());
  }
  const std::string whole = test::readFile(path);
  int errors = 0;
  for (std::size_t size = 0; size < whole.size(); size += 97) {
    const std::string cut = directory / ("cut" + std::to_string(size));
    test::writeFile(cut, whole.substr(0, size));
    auto source = openHdf5(cut, x);
    if (!source) {
      ++errors;
      if (size >= 8) {
        EXPECT_THAT(source.error().message, HasSubstr("truncated or damaged"));
      }
      continue;
    }
    for (std::size_t c = 0; c < (*source)->size(); ++c) (*source)->read(c).map_error([&](const DataError&) { ++errors; });
  }
  EXPECT_GT(errors, static_cast<int>(whole.size() / 97) - 2);
}

TEST_F(Hdf5, DamagedChunksAreErrors) {
  const auto values = ramp(11 * 35);
  {
    Hdf5Writer w(path);
    w.write("a", "x", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, {11, 5, 7}, values.data(), {{11, 5, 7}, false, true});
  }
  const std::string whole = test::readFile(path);
  // zlib streams begin with 0x78; damage some bytes after it.
  std::size_t at = 0;
  bool found = false;
  for (std::size_t i = 0; i + 1 < whole.size() && !found; ++i) {
    if (whole[i] == '\x78' && (whole[i + 1] == '\x5e' || whole[i + 1] == '\x9c')) {
      at = i;
      found = true;
    }
  }
  ASSERT_TRUE(found);
  std::string damaged = whole;
  for (std::size_t i = at + 20; i < at + 60; ++i) damaged[i] = static_cast<char>(damaged[i] ^ 0x5a);
  test::writeFile(path, damaged);
  EXPECT_THAT(errorOf(x).message, HasSubstr("cannot be inflated"));
}

TEST_F(Hdf5, ImpossibleChunksAreErrors) {
  const auto values = ramp(11 * 35);
  for (const bool fletcher : {false, true}) {
    {
      Hdf5Writer w(path);
      w.write("a", "x", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, {11, 5, 7}, values.data(), {{4, 2, 3}, false, true, fletcher});
    }
    // The layout message holds the extents of a chunk and the size of an element, each in four bytes.
    const std::string extents("\4\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0", 16);
    std::string bytes = test::readFile(path);
    const std::size_t at = bytes.find(extents);
    ASSERT_NE(at, std::string::npos);
    bytes[at + 6] = '\xb0';
    test::writeFile(path, bytes);
    EXPECT_THAT(errorOf(x).message, HasSubstr("impossible extents"));
  }
}

TEST_F(Hdf5, ManyThreadsReadAtOnce) {
  const auto values = ramp(64 * 35);
  {
    Hdf5Writer w(path);
    for (int c = 0; c < 16; ++c) {
      w.write("c" + std::to_string(c), "x", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, {64, 5, 7}, values.data(), {{8, 5, 7}, c % 2 == 0, true});
    }
  }
  auto source = openHdf5(path, x);
  ASSERT_TRUE(source);
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < 32; ++i) {
        auto data = (*source)->read((i + static_cast<std::size_t>(t) * 5) % 16);
        if (!data || static_cast<const float*>(data->columns[0])[64 * 35 - 1] != values.back()) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Hdf5Real, TheShippedDigits) {
  auto source = openHdf5(std::string(FEDC_SOURCE_DIR) + "/examples/data/digits_train.h5",
                         {test::column("pixels", Elem::F32, {Dim(28), Dim(28)}), test::column("label", Elem::I32)});
  ASSERT_TRUE(source) << source.error().message;
  ASSERT_EQ((*source)->size(), 60u);
  std::set<std::int32_t> classes;
  for (std::size_t c = 0; c < 60; ++c) {
    auto data = (*source)->read(c);
    ASSERT_TRUE(data) << data.error().message;
    const auto* labels = static_cast<const std::int32_t*>(data->columns[1]);
    classes.insert(labels, labels + data->rows);
  }
  EXPECT_EQ(classes, (std::set<std::int32_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(Hdf5Real, DigitsOfTheSharedData) {
  const std::string path = test::sharedPath("data/digits_train.h5");
  if (path.empty()) GTEST_SKIP() << "no shared data here: set FEDC_SHARED";
  const std::vector<core::Column> columns = {test::column("pixels", Elem::F32, {Dim(28), Dim(28)}), test::column("label", Elem::I32)};
  auto source = openHdf5(path, columns);
  ASSERT_TRUE(source);
  EXPECT_EQ((*source)->size(), 539u);
  std::int64_t rows = 0;
  double ink = 0;
  for (std::size_t c = 0; c < 539; c += 50) {
    auto data = (*source)->read(c);
    ASSERT_TRUE(data);
    rows += data->rows;
    const auto* pixels = static_cast<const float*>(data->columns[0]);
    const auto* labels = static_cast<const std::int32_t*>(data->columns[1]);
    for (std::int64_t i = 0; i < data->rows * 784; ++i) {
      ASSERT_TRUE(pixels[i] >= 0 && pixels[i] <= 1);
      ink += 1 - pixels[i];
    }
    for (std::int64_t i = 0; i < data->rows; ++i) ASSERT_TRUE(labels[i] >= 0 && labels[i] <= 9);
  }
  EXPECT_GT(rows, 11 * 19);
  // MNIST's mean ink is 0.13.
  EXPECT_NEAR(ink / static_cast<double>(rows * 784), 0.13, 0.02);
}

TEST(Hdf5Real, ShakespearesSpeeches) {
  const std::string path = test::sharedPath("data/shakespeare_train.h5");
  if (path.empty()) GTEST_SKIP() << "no shared data here: set FEDC_SHARED";
  auto other = openHdf5(path, {test::column("snippets", Elem::I32, {Dim(80)})});
  ASSERT_TRUE(other);
  EXPECT_THAT((*other)->read(0).error().message, HasSubstr("is `str` in the data, `i32[80]` in the program"));
  auto source = openHdf5(path, {test::column("snippets", Elem::Str)});
  ASSERT_TRUE(source);
  const auto first = (*source)->read(0);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->rows, 1);
  EXPECT_EQ(core::textOf(*static_cast<const core::StringId*>(first->columns[0])), "We understand it, and thank heaven for you.");
}

}  // namespace
}  // namespace fedc::runtime
