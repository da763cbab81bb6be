#include "compiler/support/source.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace fedc {
namespace {

TEST(Source, LinesAndColumns) {
  const SourceFile file(0, "a.fed",
                        "ab\nc\xc3\xa9"
                        "d\r\n\nlast");
  EXPECT_EQ(file.lineCount(), 4u);
  EXPECT_EQ(file.lineColumn(0), (LineColumn{1, 1}));
  // The line break belongs to its line.
  EXPECT_EQ(file.lineColumn(2), (LineColumn{1, 3}));
  EXPECT_EQ(file.lineColumn(3), (LineColumn{2, 1}));
  // After `é`, two bytes and one column.
  EXPECT_EQ(file.lineColumn(6), (LineColumn{2, 3}));
  EXPECT_EQ(file.lineColumn(1000), (LineColumn{4, 5}));
  EXPECT_EQ(file.lineText(1), "ab");
  EXPECT_EQ(file.lineText(2),
            "c\xc3\xa9"
            "d");
  EXPECT_EQ(file.lineText(3), "");
  EXPECT_EQ(file.lineText(4), "last");
}

TEST(Source, EmptyFileHasOneLine) {
  const SourceFile file(0, "a.fed", "");
  EXPECT_EQ(file.lineCount(), 1u);
  EXPECT_EQ(file.lineColumn(0), (LineColumn{1, 1}));
  EXPECT_EQ(file.lineText(1), "");
}

TEST(Source, SharedFilesKeepTheirIdsAndOutliveWhereTheyCameFrom) {
  SourceManager shared;
  {
    SourceManager library;
    library.add("a.fed", "one");
    library.add("b.fed", "two");
    shared = SourceManager::sharing(library);
    EXPECT_EQ(&shared.file(1), &library.file(1));
  }
  EXPECT_EQ(shared.file(1).text(), "two");
  EXPECT_EQ(shared.add("c.fed", "three").id(), 2U);
  EXPECT_EQ(shared.size(), 3U);
}

TEST(Source, SpansJoin) {
  EXPECT_EQ(join(Span{0, 3, 5}, Span{0, 1, 4}), (Span{0, 1, 5}));
  EXPECT_EQ(join(Span{}, Span{0, 1, 4}), (Span{0, 1, 4}));
  EXPECT_EQ(join(Span{0, 1, 4}, Span{}), (Span{0, 1, 4}));
  EXPECT_TRUE((Span{0, 1, 9}).contains(Span{0, 1, 4}));
  EXPECT_FALSE((Span{0, 1, 9}).contains(Span{1, 1, 4}));
}

TEST(Source, ManagerKeepsReferences) {
  SourceManager sources;
  const SourceFile& first = sources.add("first.fed", "let a = 1;");
  for (int i = 0; i < 100; ++i) sources.add("more.fed", "x");
  EXPECT_EQ(first.path(), "first.fed");
  EXPECT_EQ(sources.text({first.id(), 4, 5}), "a");
  EXPECT_EQ(sources.describe({first.id(), 4, 5}), "first.fed:1:5");
  EXPECT_EQ(sources.text(Span{}), "");
  EXPECT_EQ(sources.describe(Span{}), "<built in>");
}

TEST(Source, LoadReadsBytesAndSaysWhyNot) {
  const std::filesystem::path path = std::filesystem::temp_directory_path() / "fedc_source_test.fed";
  std::ofstream(path, std::ios::binary) << "let a = 1;\r\n";
  SourceManager sources;
  const auto file = sources.load(path.string());
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ((*file)->text(), "let a = 1;\r\n");
  std::filesystem::remove(path);
  const auto missing = sources.load(path.string());
  ASSERT_FALSE(missing.has_value());
  EXPECT_NE(missing.error().message.find("No such file"), std::string::npos);
  const auto folder = sources.load(std::filesystem::temp_directory_path().string());
  ASSERT_FALSE(folder.has_value());
  EXPECT_NE(folder.error().message.find("is a directory"), std::string::npos);
}

}  // namespace
}  // namespace fedc
