#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstring>

#include "compiler/core/strings.h"
#include "runtime/process/run.h"
#include "runtime/process/weights.h"
#include "runtime/value/layout.h"
#include "runtime/value/npy.h"
#include "runtime/value/npz.h"
#include "support.h"

namespace fedc::runtime {
namespace {

using core::Array;
using core::Elem;
using testing::HasSubstr;

LeafLayout layout(Elem elem, std::vector<std::int64_t> dims, std::int64_t pad = 0) { return {elem, std::move(dims), pad}; }

TEST(Layout, Bytes) {
  EXPECT_EQ(layout(Elem::F32, {}).bytes(), 64);
  EXPECT_EQ(layout(Elem::F32, {17}).bytes(), 128);
  EXPECT_EQ(layout(Elem::F32, {784, 10}, 16).bytes(), 784 * 16 * 4);
  EXPECT_EQ(layout(Elem::I32, {-1}).bytes(100), 448);
  EXPECT_EQ(layout(Elem::F32, {-1, 28, 28}).bytes(0), 64);
  EXPECT_TRUE(layout(Elem::F32, {3, 16}, 16) == layout(Elem::F32, {3, 16}));
  EXPECT_FALSE(layout(Elem::F32, {3, 10}, 16) == layout(Elem::F32, {3, 10}));
}

TEST(Layout, PackingPadsWithZerosAndUnpackingGivesTheSameBack) {
  EXPECT_TRUE(rc::check([] {
    const auto dims = *rc::gen::container<std::vector<std::int64_t>>(*rc::gen::inRange<std::size_t>(0, 4), rc::gen::inRange<std::int64_t>(0, 7));
    const Elem elem = *rc::gen::element(Elem::Bool, Elem::I32, Elem::F32, Elem::F64, Elem::Key);
    const std::int64_t pad = *rc::gen::element<std::int64_t>(0, 8, 16);
    Array array(elem, dims);
    auto* bytes = static_cast<unsigned char*>(array.mutableData());
    for (std::int64_t i = 0; i < array.bytes(); ++i) bytes[i] = static_cast<unsigned char>(*rc::gen::inRange(1, 255));
    LeafLayout to = layout(elem, dims, pad);
    if (!dims.empty() && *rc::gen::arbitrary<bool>()) to.dims[0] = -1;
    if (to.dims.size() == 1 && to.dims[0] < 0) to.padLast = 0;
    const std::int64_t rows = dims.empty() ? 0 : dims[0];
    Buffer buffer(to.bytes(rows));
    std::memset(buffer.data(), 0xff, static_cast<std::size_t>(buffer.capacity()));
    pack(array, to, buffer.data());
    RC_ASSERT(unpack(buffer.data(), to, rows).sameBits(array));
    // Every entry of the padding is zero: the bytes of the values have no zero among them.
    const std::int64_t last = dims.empty() ? 1 : dims.back(), stride = std::max(last, to.padLast), size = core::elemBytes(elem);
    std::int64_t lines = 1;
    for (std::size_t i = 0; i + 1 < dims.size(); ++i) lines *= dims[i];
    if (last > 0) {
      for (std::int64_t line = 0; line < lines; ++line) {
        for (std::int64_t b = last * size; b < stride * size; ++b) RC_ASSERT(buffer.data()[line * stride * size + b] == 0);
      }
    }
  }));
}

std::vector<NamedArray> sample() {
  std::vector<NamedArray> arrays;
  arrays.push_back({"w", test::arrayOf<float>(Elem::F32, {2, 3}, {1, -2.5f, 3, 4, 5, 1e-30f})});
  arrays.push_back({"n", test::arrayOf<std::int64_t>(Elem::I64, {}, {-7})});
  arrays.push_back({"flags", test::arrayOf<std::uint8_t>(Elem::Bool, {3}, {1, 0, 1})});
  arrays.push_back({"empty", Array(Elem::F64, {0, 4})});
  return arrays;
}

TEST(Npz, RoundTrip) {
  const test::TemporaryDirectory directory;
  ASSERT_TRUE(writeNpz(directory / "a.npz", sample()));
  auto back = readNpz(directory / "a.npz");
  ASSERT_TRUE(back) << back.error().message;
  const auto arrays = sample();
  ASSERT_EQ(back->size(), arrays.size());
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    EXPECT_EQ((*back)[i].name, arrays[i].name);
    EXPECT_TRUE((*back)[i].value.sameBits(arrays[i].value)) << arrays[i].name;
  }
  // Equal weights are equal files.
  ASSERT_TRUE(writeNpz(directory / "b.npz", sample()));
  EXPECT_EQ(test::readFile(directory / "a.npz"), test::readFile(directory / "b.npz"));
}

TEST(Npz, RoundTripOfAnyShape) {
  const test::TemporaryDirectory directory;
  EXPECT_TRUE(rc::check([&] {
    const auto dims = *rc::gen::container<std::vector<std::int64_t>>(*rc::gen::inRange<std::size_t>(0, 5), rc::gen::inRange<std::int64_t>(0, 5));
    const Elem elem = *rc::gen::element(Elem::I8, Elem::U16, Elem::F16, Elem::U32, Elem::I64, Elem::U64, Elem::F64);
    Array array(elem, dims);
    auto* bytes = static_cast<unsigned char*>(array.mutableData());
    for (std::int64_t i = 0; i < array.bytes(); ++i) bytes[i] = *rc::gen::arbitrary<unsigned char>();
    RC_ASSERT(writeNpz(directory / "a.npz", {{"x", array}}).has_value());
    const auto back = readNpz(directory / "a.npz");
    RC_ASSERT(back.has_value());
    RC_ASSERT(back->at(0).value.sameBits(array));
  }));
}

TEST(Npz, TruncatedOrDamagedIsAnErrorNeverACrash) {
  const test::TemporaryDirectory directory;
  ASSERT_TRUE(writeNpz(directory / "a.npz", sample()));
  const std::string whole = test::readFile(directory / "a.npz");
  for (std::size_t size = 0; size < whole.size(); size += 3) {
    test::writeFile(directory / "cut.npz", whole.substr(0, size));
    EXPECT_FALSE(readNpz(directory / "cut.npz")) << size;
  }
  // A flipped bit is noticed by the check sum, by a header that cannot be read, or by arrays that are not what they were.
  const auto arrays = sample();
  int accepted = 0;
  for (std::size_t at = 0; at < whole.size(); at += 2) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << at % 8));
    test::writeFile(directory / "bad.npz", damaged);
    const auto back = readNpz(directory / "bad.npz");
    if (!back || back->size() != arrays.size()) continue;
    ++accepted;
    // Only names and unused fields (dates, versions) may change unnoticed.
    for (std::size_t i = 0; i < arrays.size(); ++i) EXPECT_TRUE((*back)[i].value.sameBits(arrays[i].value)) << at;
  }
  EXPECT_LT(accepted, static_cast<int>(whole.size()) / 2);
}

/// A small file must not become a large amount of memory.
TEST(Npz, EntriesThatShareTheirBytesAreRefused) {
  const test::TemporaryDirectory directory;
  ASSERT_TRUE(writeNpz(directory / "a.npz", {{"x", Array(Elem::F32, {1000})}}));
  const std::string whole = test::readFile(directory / "a.npz");
  constexpr std::size_t kEndSize = 22;
  const std::size_t central = whole.rfind("PK\x01\x02");
  ASSERT_NE(central, std::string::npos);
  const std::string entry = whole.substr(central, whole.size() - kEndSize - central);
  std::string end = whole.substr(whole.size() - kEndSize);
  // Entries on this disk, and in all.
  end[8] = end[10] = 3;
  test::writeFile(directory / "three.npz", whole.substr(0, central) + entry + entry + entry + end);
  const auto read = readNpz(directory / "three.npz");
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message, HasSubstr("entries overlap"));
}

TEST(Npz, ErrorsInWords) {
  const test::TemporaryDirectory directory;
  EXPECT_THAT(readNpz(directory / "none.npz").error().message, HasSubstr("No such file"));
  test::writeFile(directory / "text.npz", std::string(100, 'x'));
  EXPECT_THAT(readNpz(directory / "text.npz").error().message, HasSubstr("is not an .npz file"));
  EXPECT_THAT(writeNpz(directory / "no/such/dir.npz", sample()).error().message, HasSubstr("cannot write"));
  EXPECT_THAT(writeNpz(directory / "b.npz", {{"x", Array(Elem::BF16, {2})}}).error().message, HasSubstr("NumPy has no element type `bf16`"));
  EXPECT_THAT(writeNpz(directory / "b.npz", {{"x", Array(Elem::F32, {2})}, {"x", Array(Elem::F32, {2})}}).error().message, HasSubstr("two leaves"));
  EXPECT_FALSE(std::filesystem::exists(directory / "b.npz"));
}

TEST(Npz, FortranOrderIsPutInOurs) {
  std::string header = "{'descr': '<i4', 'fortran_order': True, 'shape': (2, 3), }";
  header.resize(117, ' ');
  std::string bytes("\x93NUMPY\x01\0\x76\0", 10);
  bytes += header + '\n';
  // Column by column.
  for (const std::int32_t v : {11, 21, 12, 22, 13, 23}) bytes.append(reinterpret_cast<const char*>(&v), sizeof v);
  const auto array = fromNpy(bytes);
  ASSERT_TRUE(array) << array.error().message;
  EXPECT_THAT(array->as<std::int32_t>(), testing::ElementsAre(11, 12, 13, 21, 22, 23));
}

/// A Python with NumPy, or nothing.
std::string numpy() {
  for (const char* python : {"python3", "/usr/bin/python3"}) {
    if (std::system((std::string(python) + " -c 'import numpy' 2>/dev/null").c_str()) == 0) return python;
  }
  return "";
}

TEST(Npz, NumpyReadsOursAndWeReadNumpys) {
  const std::string python = numpy();
  if (python.empty()) GTEST_SKIP() << "no Python with NumPy here";
  const test::TemporaryDirectory directory;
  auto arrays = sample();
  Array keys(Elem::Key, {2});
  keys.asMutable<std::uint64_t>()[0] = 0x0000000100000002u;
  keys.asMutable<std::uint64_t>()[1] = 0xffffffff00000007u;
  arrays.push_back({"key", keys});
  ASSERT_TRUE(writeNpz(directory / "ours.npz", arrays));
  test::writeFile(directory / "check.py", R"(
import sys
import numpy as np
a = np.load(sys.argv[1])
assert sorted(a.files) == ["empty", "flags", "key", "n", "w"], a.files
assert a["w"].dtype == np.float32 and a["w"].tolist() == [[1, -2.5, 3], [4, 5, float(np.float32(1e-30))]]
assert a["n"].dtype == np.int64 and a["n"].shape == () and a["n"] == -7
assert a["flags"].dtype == bool and a["flags"].tolist() == [True, False, True]
assert a["empty"].shape == (0, 4) and a["empty"].dtype == np.float64
assert a["key"].dtype == np.uint32 and a["key"].tolist() == [[1, 2], [0xffffffff, 7]]
w = np.arange(6, dtype=np.float32).reshape(2, 3)
np.savez(sys.argv[2], w=w, f=np.asfortranarray(w), half=w.astype(np.float16))
np.savez_compressed(sys.argv[3], w=w, n=np.int32(5))
np.savez(sys.argv[4], w=w.astype(">f4"))
)");
  const std::string command = python + " " + (directory / "check.py") + " " + (directory / "ours.npz") + " " + (directory / "plain.npz") + " " +
                              (directory / "packed.npz") + " " + (directory / "big.npz");
  ASSERT_EQ(std::system(command.c_str()), 0);
  const Array w = test::arrayOf<float>(Elem::F32, {2, 3}, {0, 1, 2, 3, 4, 5});
  auto plain = readNpz(directory / "plain.npz");
  ASSERT_TRUE(plain) << plain.error().message;
  EXPECT_TRUE((*plain)[0].value.sameBits(w));
  EXPECT_TRUE((*plain)[1].value.sameBits(w)) << "Fortran order";
  EXPECT_EQ((*plain)[2].value.elem(), Elem::F16);
  auto packed = readNpz(directory / "packed.npz");
  ASSERT_TRUE(packed) << packed.error().message;
  EXPECT_TRUE((*packed)[0].value.sameBits(w));
  EXPECT_EQ((*packed)[1].value.at(0).toInt(), 5);
  EXPECT_THAT(readNpz(directory / "big.npz").error().message, HasSubstr("`>f4`"));
}

TEST(Weights, NamesLoseWhatTheyHaveInCommon) {
  using testing::ElementsAre;
  EXPECT_THAT(fileNames({"m.w", "m.b"}), ElementsAre("w", "b"));
  EXPECT_THAT(fileNames({"s.0.w", "s.0.b"}), ElementsAre("w", "b"));
  EXPECT_THAT(fileNames({"s.0.w", "s.1.w"}), ElementsAre("0.w", "1.w"));
  EXPECT_THAT(fileNames({"m.w"}), ElementsAre("w"));
  EXPECT_THAT(fileNames({"m"}), ElementsAre("m"));
  EXPECT_THAT(fileNames({"m", "m.b"}), ElementsAre("m", "m.b"));
  EXPECT_THAT(fileNames({}), ElementsAre());
}

/// What `--arg x=TEXT` gives for an argument of this type.
Expected<Array> argumentOf(const core::Type& type, std::string_view text) {
  core::Graph main;
  main.slots.push_back({"x", type, core::Place::Server});
  core::Graph::Input x;
  x.kind = core::Graph::Input::Kind::Argument;
  x.name = "x";
  main.inputs.push_back(x);
  auto read = readArguments({{"x", std::string(text)}}, &main);
  if (!read) return fail(read.error().message);
  return read->values.at("x");
}

TEST(Argument, HugeTypesAreRefusedBeforeMemoryIsAskedFor) {
  const core::Type huge{Elem::F32, {Dim(std::int64_t{1} << 40), Dim(std::int64_t{1} << 40)}};
  EXPECT_THAT(argumentOf(huge, "[1, 2]").error().message, HasSubstr("more elements than"));
}

TEST(Argument, NumbersAndNestedLists) {
  const auto parse = [](Elem elem, std::vector<Dim> dims, std::string_view text) { return argumentOf({elem, std::move(dims)}, text); };
  EXPECT_EQ(parse(Elem::F32, {}, "2.5")->as<float>()[0], 2.5f);
  EXPECT_EQ(parse(Elem::I8, {}, "-128")->at(0).toInt(), -128);
  EXPECT_EQ(parse(Elem::U64, {}, "18446744073709551615")->as<std::uint64_t>()[0], ~std::uint64_t{0});
  EXPECT_TRUE(parse(Elem::Bool, {}, "true")->at(0).bits == 1);
  const auto m = parse(Elem::I32, {Dim(2), Dim(2)}, "[[1, 2],[3,4]]");
  ASSERT_TRUE(m);
  EXPECT_EQ(m->as<std::int32_t>()[3], 4);
  EXPECT_TRUE(parse(Elem::F32, {Dim(0)}, "[]"));
  const auto loose = parse(Elem::F32, {Dim(6)}, "[.5, -.5, 5., nan, -inf, \"inf\"]");
  ASSERT_TRUE(loose);
  EXPECT_THAT(loose->as<float>().subspan(0, 3), ::testing::ElementsAre(0.5f, -0.5f, 5.0f));
  EXPECT_TRUE(std::isnan(loose->as<float>()[3]));
  EXPECT_EQ(loose->as<float>()[4], -INFINITY);
  EXPECT_EQ(loose->as<float>()[5], INFINITY);
  for (const auto& [elem, dims, text] : std::vector<std::tuple<Elem, std::vector<Dim>, std::string>>{{Elem::F32, {}, "x"},
                                                                                                     {Elem::F32, {}, ""},
                                                                                                     {Elem::F32, {}, "1 2"},
                                                                                                     {Elem::I8, {}, "128"},
                                                                                                     {Elem::U8, {}, "-1"},
                                                                                                     {Elem::U8, {}, "256"},
                                                                                                     {Elem::I32, {}, "1.5"},
                                                                                                     {Elem::F32, {}, "1e39"},
                                                                                                     {Elem::F64, {}, "1e400"},
                                                                                                     {Elem::F32, {}, "[1]"},
                                                                                                     {Elem::U8, {}, "[1]"},
                                                                                                     {Elem::Bool, {}, "1"},
                                                                                                     {Elem::I32, {Dim(2)}, "[1]"},
                                                                                                     {Elem::I32, {Dim(2)}, "[1,2,3]"},
                                                                                                     {Elem::I32, {Dim(2)}, "1,2"},
                                                                                                     {Elem::I32, {Dim(2)}, "[1,2"},
                                                                                                     {Elem::I32, {Dim(2)}, "[1,]"},
                                                                                                     {Elem::Key, {}, "1"}}) {
    EXPECT_FALSE(parse(elem, dims, text)) << text;
  }
}

core::Array stringsOf(const std::vector<std::string>& texts, std::vector<std::int64_t> shape) {
  core::Array a(Elem::Str, std::move(shape));
  for (std::size_t i = 0; i < texts.size(); ++i) a.set(static_cast<std::int64_t>(i), {Elem::Str, core::intern(texts[i])});
  return a;
}

TEST(Npy, StringsAreNumPys) {
  // Two code points are the longest: `é` is one.
  const core::Array value = stringsOf({"", "é", "ab"}, {3});
  const auto bytes = toNpy(value);
  ASSERT_TRUE(bytes);
  EXPECT_THAT(*bytes, ::testing::HasSubstr("'descr': '<U2', 'fortran_order': False, 'shape': (3,)"));
  EXPECT_EQ(bytes->substr(128), std::string("\0\0\0\0\0\0\0\0\xe9\0\0\0\0\0\0\0a\0\0\0b\0\0\0", 24));
  EXPECT_TRUE(fromNpy(*bytes)->sameBits(value));
  for (const core::Array& other :
       {stringsOf({"\xf0\x9f\x98\x80", "zoë", "a\n", std::string("in\0side", 7)}, {2, 2}), stringsOf({}, {0}), stringsOf({""}, {})}) {
    const auto saved = toNpy(other);
    ASSERT_TRUE(saved);
    EXPECT_TRUE(fromNpy(*saved)->sameBits(other));
  }
  EXPECT_FALSE(toNpy(stringsOf({std::string("end\0", 4)}, {1})));
  // `S` has bytes; `<U` with a number that is no character.
  std::string ofBytes = *bytes;
  ofBytes.replace(ofBytes.find("<U2"), 3, "|S8");
  EXPECT_FALSE(fromNpy(ofBytes)) << "its second string is no UTF-8";
  std::string broken = *bytes;
  broken[128 + 8 + 2] = '\x20';
  EXPECT_FALSE(fromNpy(broken));
  broken.resize(130);
  EXPECT_FALSE(fromNpy(broken));
}

}  // namespace
}  // namespace fedc::runtime
