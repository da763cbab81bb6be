#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace fedc::syntax {

/// A document that knows where it may be broken over lines, in the manner of Wadler ("A prettier printer", 2003): text, places for line breaks, and
/// groups, which stand on one line where they fit and break all their own places where they do not. Parts are numbers into the layout that made them,
/// and may be used several times.
class Layout {
 public:
  using Doc = std::uint32_t;

  Doc text(std::string text);
  Doc empty() { return concat({}); }
  /// A space, or a line break. With `blank`, a break leaves an empty line.
  Doc line(bool blank = false) { return add({Kind::Line, " ", {}, 0, false, blank}); }
  /// Nothing, or a line break.
  Doc softLine(bool blank = false) { return add({Kind::Line, "", {}, 0, false, blank}); }
  /// A line break: no group around it stands on one line.
  Doc hardLine(bool blank = false) { return add({Kind::HardLine, "", {}, 0, true, blank}); }
  /// Breaks every group around it.
  Doc breakAround() { return add({Kind::Concat, "", {}, 0, true, false}); }
  Doc concat(std::vector<Doc> parts) { return add({Kind::Concat, "", std::move(parts), 0, false, false}); }
  Doc indent(std::size_t columns, Doc part) { return add({Kind::Indent, "", {part}, columns, false, false}); }
  Doc group(Doc part) { return add({Kind::Group, "", {part}, 0, false, false}); }
  /// Content, separator, content, …: as many on a line as fit.
  Doc fill(std::vector<Doc> parts) { return add({Kind::Fill, "", std::move(parts), 0, false, false}); }
  /// Text where the group around it is broken.
  Doc ifBroken(std::string text) { return add({Kind::IfBroken, std::move(text), {}, 0, false, false}); }
  /// The first whose text up to its first line break fits, else the last.
  Doc choice(std::vector<Doc> states);
  /// A comment on lines of its own.
  Doc comment(std::string text) { return add({Kind::Comment, std::move(text), {}, 0, true, false}); }
  /// A comment that ends the line; only a comma or semicolon still goes before it.
  Doc trailing(std::string text) { return add({Kind::Trailing, std::move(text), {}, 0, true, false}); }
  /// An empty line, if a comment has just ended.
  Doc blank() { return add({Kind::Blank, "", {}, 0, false, true}); }

  /// The same with its last group broken; the same itself if it does not end with a group.
  Doc withLastBroken(Doc doc);
  /// No group around it can stand on one line.
  bool isBroken(Doc doc) const { return nodes_[doc].isBroken; }

  /// As text of lines up to `width` columns where that can be. Ends with a line break, unless it is empty.
  std::string print(Doc doc, std::size_t width) const;

 private:
  friend class LayoutPrinter;
  enum class Kind : std::uint8_t { Text, Line, HardLine, Concat, Indent, Group, Fill, IfBroken, Choice, Comment, Trailing, Blank };
  struct Node {
    Kind kind;
    std::string text;
    std::vector<Doc> parts;
    std::size_t columns;
    bool isBroken;
    bool isBlank;
  };
  Doc add(Node node);

  std::vector<Node> nodes_;
};

/// Columns of a text without line breaks.
std::size_t columnsOf(std::string_view text);

}  // namespace fedc::syntax
