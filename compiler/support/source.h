#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/support/expected.h"

namespace fedc {

/// Index of a file in its `SourceManager`.
using FileId = std::uint32_t;

/// The file of a span that stands in no file (built-in functions).
inline constexpr FileId kNoFile = 0xffffffffu;

/// A half-open range of bytes [begin, end) of one file.
struct Span {
  FileId file = kNoFile;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;

  /// False for what stands in no file.
  bool isValid() const { return file != kNoFile; }
  std::uint32_t size() const { return end - begin; }
  bool contains(Span inner) const { return file == inner.file && begin <= inner.begin && inner.end <= end; }
  /// The empty span before, and after, this one: where a fix inserts text.
  Span start() const { return {file, begin, begin}; }
  Span stop() const { return {file, end, end}; }
  auto operator<=>(const Span&) const = default;
};

/// The smallest span that holds both; the other one when one is not valid.
Span join(Span a, Span b);

/// Line and column, both from 1; a column is a Unicode code point (a tab is one).
struct LineColumn {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  auto operator<=>(const LineColumn&) const = default;
};

/// A source text and where its lines begin. Texts of 4 GiB and more are not accepted (`SourceManager::load` says so).
class SourceFile {
 public:
  SourceFile(FileId id, std::string path, std::string text);

  FileId id() const { return id_; }
  /// As the user wrote it; shown in diagnostics.
  const std::string& path() const { return path_; }
  std::string_view text() const { return text_; }
  /// The bytes of a span of this file, cut at the end of the text.
  std::string_view text(Span span) const;
  /// The whole file.
  Span span() const;
  /// Of a byte offset; an offset past the end counts as the end.
  LineColumn lineColumn(std::uint32_t offset) const;
  /// Of a byte offset: its line, from 1.
  std::uint32_t line(std::uint32_t offset) const;
  /// How many lines there are; an empty file has one.
  std::uint32_t lineCount() const { return static_cast<std::uint32_t>(lineStarts_.size()); }
  /// Byte offset of the first byte of a line (from 1).
  std::uint32_t lineStart(std::uint32_t line) const;
  /// The text of a line (from 1) without its line break.
  std::string_view lineText(std::uint32_t line) const;

 private:
  FileId id_;
  std::string path_;
  std::string text_;
  std::vector<std::uint32_t> lineStarts_;
};

/// The source files of one compilation. References to files stay valid as long as the manager lives.
class SourceManager {
 public:
  SourceManager() = default;
  /// Begins with the files of another manager, under their ids; their texts are shared, and stay.
  static SourceManager sharing(const SourceManager& other);
  SourceManager(const SourceManager&) = delete;
  SourceManager& operator=(const SourceManager&) = delete;
  SourceManager(SourceManager&&) noexcept = default;
  SourceManager& operator=(SourceManager&&) noexcept = default;

  /// Adds a text under a name (tests, built-in text).
  const SourceFile& add(std::string path, std::string text);
  /// Reads a file. Errors: missing, not readable, a directory, 4 GiB or more.
  Expected<const SourceFile*> load(const std::string& path);
  /// The file of an id that this manager gave out.
  const SourceFile& file(FileId id) const;
  bool has(FileId id) const { return id < files_.size(); }
  std::size_t size() const { return files_.size(); }
  /// The bytes of a span; empty for a span in no file.
  std::string_view text(Span span) const;
  /// `path:line:column` of a span's beginning; `<built in>` for a span in no file.
  std::string describe(Span span) const;

 private:
  std::vector<std::shared_ptr<const SourceFile>> files_;
};

}  // namespace fedc
