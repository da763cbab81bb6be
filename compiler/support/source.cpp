#include "compiler/support/source.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "compiler/support/read_whole.h"

namespace fedc {

Span join(Span a, Span b) {
  if (!a.isValid() || !b.isValid() || a.file != b.file) return a.isValid() ? a : b;
  return {a.file, std::min(a.begin, b.begin), std::max(a.end, b.end)};
}

SourceFile::SourceFile(FileId id, std::string path, std::string text) : id_(id), path_(std::move(path)), text_(std::move(text)) {
  lineStarts_.push_back(0);
  for (std::size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\n') lineStarts_.push_back(static_cast<std::uint32_t>(i + 1));
  }
}

std::string_view SourceFile::text(Span span) const {
  const std::size_t begin = std::min<std::size_t>(span.begin, text_.size());
  const std::size_t end = std::min<std::size_t>(span.end, text_.size());
  return std::string_view(text_).substr(begin, end > begin ? end - begin : 0);
}

Span SourceFile::span() const { return {id_, 0, static_cast<std::uint32_t>(text_.size())}; }

std::uint32_t SourceFile::line(std::uint32_t offset) const {
  const auto after = std::upper_bound(lineStarts_.begin(), lineStarts_.end(), offset);
  return static_cast<std::uint32_t>(after - lineStarts_.begin());
}

LineColumn SourceFile::lineColumn(std::uint32_t offset) const {
  const std::uint32_t end = std::min(offset, static_cast<std::uint32_t>(text_.size()));
  const std::uint32_t at = line(end);
  std::uint32_t column = 1;
  // Bytes 10xxxxxx continue a code point.
  for (std::uint32_t i = lineStart(at); i < end; ++i) column += (static_cast<unsigned char>(text_[i]) & 0xc0u) != 0x80u ? 1 : 0;
  return {at, column};
}

std::uint32_t SourceFile::lineStart(std::uint32_t line) const { return lineStarts_[std::clamp(line, 1u, lineCount()) - 1]; }

std::string_view SourceFile::lineText(std::uint32_t line) const {
  const std::uint32_t begin = lineStart(line);
  std::size_t end = line < lineCount() ? lineStarts_[line] - 1 : text_.size();
  if (end > begin && text_[end - 1] == '\r') --end;
  return std::string_view(text_).substr(begin, end - begin);
}

SourceManager SourceManager::sharing(const SourceManager& other) {
  SourceManager manager;
  manager.files_ = other.files_;
  return manager;
}

const SourceFile& SourceManager::add(std::string path, std::string text) {
  return *files_.emplace_back(std::make_shared<const SourceFile>(static_cast<FileId>(files_.size()), std::move(path), std::move(text)));
}

Expected<const SourceFile*> SourceManager::load(const std::string& path) {
  auto text = readWhole(path);
  if (!text) return tl::unexpected(text.error());
  if (text->size() >= std::numeric_limits<std::uint32_t>::max()) return fail(fmt::format("`{}` is larger than 4 GiB", path));
  return &add(path, std::move(*text));
}

const SourceFile& SourceManager::file(FileId id) const { return *files_.at(id); }

std::string_view SourceManager::text(Span span) const { return has(span.file) ? file(span.file).text(span) : std::string_view(); }

std::string SourceManager::describe(Span span) const {
  if (!has(span.file)) return "<built in>";
  const LineColumn at = file(span.file).lineColumn(span.begin);
  return fmt::format("{}:{}:{}", file(span.file).path(), at.line, at.column);
}

}  // namespace fedc
