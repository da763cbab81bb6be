#include <fmt/format.h>
#include <algorithm>
#include <map>
#include <vector>

#include "compiler/support/elsewhere.h"
#include "compiler/support/render.h"
#include "compiler/support/text_width.h"

namespace fedc {
namespace {

constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kRed = "\x1b[1;31m";
constexpr std::string_view kYellow = "\x1b[1;33m";
constexpr std::string_view kBlue = "\x1b[1;34m";
constexpr std::string_view kGreen = "\x1b[1;32m";
constexpr std::string_view kReset = "\x1b[0m";

/// A longer line is shown in part, this many bytes of it.
constexpr std::size_t kLongestLine = 400, kShownOfLong = 160;

/// A source line, or the part of it around an offset, with an ellipsis where it is cut.
class ShownLine {
 public:
  /// `around`: an offset in the line that shall be seen.
  ShownLine(std::string_view line, std::size_t around) {
    if (line.size() <= kLongestLine) {
      shown_ = displayLine(line);
      return;
    }
    first_ = characterBegin(line, around > kShownOfLong / 2 ? std::min(around - kShownOfLong / 2, line.size()) : 0);
    const std::size_t last = characterBegin(line, std::min(first_ + kShownOfLong, line.size()));
    shown_ = displayLine(line.substr(first_, last - first_));
    if (first_ > 0) {
      shown_.text = "…" + shown_.text;
      for (std::uint32_t& column : shown_.columns) ++column;
    }
    if (last < line.size()) shown_.text += "…";
  }
  const std::string& text() const { return shown_.text; }
  /// Of an offset in the line; what is not shown counts to the nearest that is.
  std::uint32_t column(std::size_t offset) const {
    return shown_.columns[std::min(offset > first_ ? offset - first_ : 0, shown_.columns.size() - 1)];
  }

 private:
  DisplayLine shown_;
  std::size_t first_ = 0;
};

/// A marked stretch of one line, in bytes from its begin.
struct Mark {
  std::uint32_t begin;
  std::uint32_t end;
  bool isPrimary;
  std::string text;
};

/// The marks of a file by line.
using MarksOfFile = std::map<std::uint32_t, std::vector<Mark>>;

/// A row below a source line, drawn column by column; remembers which cells belong to the primary span.
class Row {
 public:
  void put(std::uint32_t column, std::string_view text, bool isPrimary) {
    std::size_t size = 1;
    bool isValid = true;
    for (std::size_t i = 0; i < text.size(); i += size) {
      const char32_t c = decodeUtf8(text, i, size, isValid);
      if (cells_.size() <= column) cells_.resize(column + 1);
      cells_[column] = {std::string(text.substr(i, size)), isPrimary};
      const std::uint32_t width = displayWidth(c);
      // A wide character leaves the next cell empty, not a space.
      if (width == 2) {
        cells_.resize(std::max<std::size_t>(cells_.size(), column + 2));
        cells_[column + 1] = {std::string(), isPrimary, true};
      }
      column += std::max(width, 1u);
    }
  }

  std::string str(std::string_view primaryColor, std::string_view otherColor, bool colors) const {
    std::string result;
    std::string_view current;
    for (const Cell& cell : cells_) {
      const bool isBlank = cell.text.empty();
      const std::string_view wanted = isBlank ? current : cell.isPrimary ? primaryColor : otherColor;
      if (colors && wanted != current) {
        if (!current.empty()) result += kReset;
        result += wanted;
        current = wanted;
      }
      if (isBlank) {
        if (!cell.isTail) result += ' ';
      } else {
        result += cell.text;
      }
    }
    if (!current.empty()) result += kReset;
    return result;
  }

 private:
  struct Cell {
    std::string text;
    bool isPrimary = false;
    bool isTail = false;
  };
  std::vector<Cell> cells_;
};

class TextRenderer {
 public:
  TextRenderer(const Diagnostic& diagnostic, const SourceManager& sources, RenderOptions options)
      : diagnostic_(diagnostic), sources_(sources), colors_(options.colors), isError_(codeInfo(diagnostic.code).severity == Severity::Error) {}

  std::string render() {
    header();
    collectMarks();
    measureGutter();
    excerpts();
    tail();
    return std::move(out_);
  }

 private:
  std::string paint(std::string_view color, std::string_view text) const {
    return colors_ ? fmt::format("{}{}{}", color, text, kReset) : std::string(text);
  }
  std::string_view primaryColor() const { return isError_ ? kRed : kYellow; }

  void header() {
    const CodeInfo& info = codeInfo(diagnostic_.code);
    out_ += paint(primaryColor(), fmt::format("{}[{}]", isError_ ? "error" : "warning", info.number));
    out_ += paint(kBold, fmt::format(": {}", diagnostic_.message)) + "\n";
  }

  void collectMarks() {
    addMark(diagnostic_.primary, true, diagnostic_.primaryLabel);
    for (const Label& label : diagnostic_.labels) addMark(label.span, false, label.text);
  }

  void addMark(Span span, bool isPrimary, const std::string& text) {
    if (!sources_.has(span.file)) {
      if (!text.empty()) loose_.push_back(text);
      return;
    }
    const SourceFile& file = sources_.file(span.file);
    if (std::find(order_.begin(), order_.end(), span.file) == order_.end()) order_.push_back(span.file);
    MarksOfFile& marks = marks_[span.file];
    const std::uint32_t first = file.line(span.begin);
    const std::uint32_t last = file.line(span.end > span.begin ? span.end - 1 : span.begin);
    if (first == last) {
      marks[first].push_back(markOnLine(file, first, span.begin, span.end, isPrimary, text));
      return;
    }
    // A span of several lines is marked where it begins, to the end of that line, and on its last line, where its text stands.
    const std::uint32_t firstEnd = file.lineStart(first) + static_cast<std::uint32_t>(file.lineText(first).size());
    marks[first].push_back(markOnLine(file, first, span.begin, firstEnd, isPrimary, ""));
    const std::string_view lastText = file.lineText(last);
    const std::size_t indent = std::min(lastText.find_first_not_of(" \t"), lastText.size());
    marks[last].push_back(markOnLine(file, last, file.lineStart(last) + static_cast<std::uint32_t>(indent), span.end, isPrimary, text));
  }

  static Mark markOnLine(const SourceFile& file, std::uint32_t line, std::uint32_t begin, std::uint32_t end, bool isPrimary,
                         const std::string& text) {
    const std::uint32_t start = file.lineStart(line);
    return {begin > start ? begin - start : 0, end > start ? end - start : 0, isPrimary, text};
  }

  /// Turns offsets into columns.
  static void place(Mark& mark, const ShownLine& line) {
    mark.begin = line.column(mark.begin);
    mark.end = std::max(line.column(mark.end), mark.begin + 1);
  }

  /// What a line of its marks is shown by.
  static ShownLine shownLine(const SourceFile& file, std::uint32_t line, std::vector<Mark>& marks) {
    const auto primary = std::find_if(marks.begin(), marks.end(), [](const Mark& mark) { return mark.isPrimary; });
    ShownLine shown(file.lineText(line), primary == marks.end() ? marks.front().begin : primary->begin);
    for (Mark& mark : marks) place(mark, shown);
    return shown;
  }

  void measureGutter() {
    std::uint32_t highest = 1;
    for (const auto& [file, marks] : marks_) highest = std::max(highest, marks.rbegin()->first);
    if (diagnostic_.fix) {
      for (const Edit& edit : diagnostic_.fix->edits) {
        if (!sources_.has(edit.span.file)) continue;
        const auto added = std::count(edit.replacement.begin(), edit.replacement.end(), '\n');
        highest = std::max(highest, sources_.file(edit.span.file).line(edit.span.end) + static_cast<std::uint32_t>(added));
      }
    }
    gutter_ = std::to_string(highest).size();
  }

  void blankLine() { out_ += std::string(gutter_ + 1, ' ') + paint(kBlue, "|") + "\n"; }

  void sourceLine(std::uint32_t number, std::string_view text) {
    out_ += paint(kBlue, fmt::format("{:>{}} |", number, gutter_));
    if (!text.empty()) out_ += fmt::format(" {}", text);
    out_ += "\n";
  }

  void rowLine(const Row& row, std::string_view primary, std::string_view other) {
    out_ += std::string(gutter_ + 1, ' ') + paint(kBlue, "|") + " " + row.str(primary, other, colors_) + "\n";
  }

  void excerpts() {
    bool isFirst = true;
    for (const FileId id : order_) {
      const SourceFile& file = sources_.file(id);
      MarksOfFile& marks = marks_[id];
      std::string place = fmt::format("{}:{}", file.path(), marks.begin()->first);
      if (isFirst && diagnostic_.primary.file == id) place = sources_.describe(diagnostic_.primary);
      out_ += std::string(gutter_, ' ') + paint(kBlue, isFirst ? "-->" : ":::") + " " + place + "\n";
      blankLine();
      isFirst = false;
      std::uint32_t previous = 0;
      for (auto& [line, onLine] : marks) {
        if (previous != 0 && line == previous + 2) sourceLine(previous + 1, ShownLine(file.lineText(previous + 1), 0).text());
        if (previous != 0 && line > previous + 2) out_ += paint(kBlue, "...") + "\n";
        sourceLine(line, shownLine(file, line, onLine).text());
        markRows(onLine);
        previous = line;
      }
    }
  }

  void markRows(std::vector<Mark> marks) {
    std::stable_sort(marks.begin(), marks.end(), [](const Mark& a, const Mark& b) { return a.begin < b.begin; });
    Row underline;
    for (const bool isPrimary : {false, true}) {
      for (const Mark& mark : marks) {
        if (mark.isPrimary == isPrimary) underline.put(mark.begin, std::string(mark.end - mark.begin, isPrimary ? '^' : '-'), isPrimary);
      }
    }
    // The text of the last mark stands beside it, unless another mark reaches further.
    const Mark& last = marks.back();
    const bool isBeside = std::all_of(marks.begin(), marks.end(), [&](const Mark& mark) { return mark.end <= last.end; });
    if (isBeside && !last.text.empty()) underline.put(last.end + 1, last.text, last.isPrimary);
    rowLine(underline, primaryColor(), kBlue);

    // The others hang below, from the right to the left, each on a line of its own.
    std::vector<const Mark*> hanging;
    for (const Mark& mark : marks) {
      if (!mark.text.empty() && !(isBeside && &mark == &last)) hanging.push_back(&mark);
    }
    if (hanging.empty()) return;
    const auto stems = [&](std::size_t count) {
      Row row;
      for (std::size_t i = 0; i < count; ++i) row.put(hanging[i]->begin, "|", hanging[i]->isPrimary);
      return row;
    };
    rowLine(stems(hanging.size()), primaryColor(), kBlue);
    for (std::size_t i = hanging.size(); i-- > 0;) {
      Row row = stems(i);
      row.put(hanging[i]->begin, hanging[i]->text, hanging[i]->isPrimary);
      rowLine(row, primaryColor(), kBlue);
    }
  }

  void tail() {
    const bool hasTail = !loose_.empty() || !diagnostic_.notes.empty() || diagnostic_.fix;
    if (hasTail && !order_.empty()) blankLine();
    for (const std::string& text : loose_) note(text);
    for (const std::string& text : diagnostic_.notes) note(text);
    if (diagnostic_.fix) fix(*diagnostic_.fix);
  }

  void note(std::string_view text) {
    const std::string indent(gutter_ + 1, ' ');
    out_ += indent + paint(kBlue, "=") + " " + paint(kBold, "note") + ": ";
    for (const char c : text) {
      out_ += c;
      if (c == '\n') out_ += indent + "        ";
    }
    out_ += "\n";
  }

  void fix(const Fix& fix) {
    out_ += paint(kGreen, "help") + ": " + fix.help + "\n";
    std::vector<Edit> edits = fix.edits;
    std::erase_if(edits, [&](const Edit& edit) { return !sources_.has(edit.span.file); });
    if (edits.empty()) return;
    std::stable_sort(edits.begin(), edits.end(), [](const Edit& a, const Edit& b) { return a.span < b.span; });
    const SourceFile& file = sources_.file(edits.front().span.file);
    std::erase_if(edits, [&](const Edit& edit) { return edit.span.file != file.id(); });
    // A correction of a line that is not shown as a whole is said, not shown.
    for (const Edit& edit : edits) {
      if (edit.replacement.size() > kLongestLine) return;
      for (std::uint32_t line = file.line(edit.span.begin); line <= file.line(edit.span.end); ++line)
        if (file.lineText(line).size() > kLongestLine) return;
    }
    blankLine();
    const bool isRemoval = std::all_of(edits.begin(), edits.end(), [](const Edit& edit) { return edit.replacement.empty(); });
    isRemoval ? removedText(file, edits) : correctedText(file, edits);
  }

  /// Nothing is inserted: the lines as they are, `-` under what goes away.
  void removedText(const SourceFile& file, const std::vector<Edit>& edits) {
    std::map<std::uint32_t, Row> rows;
    for (const Edit& edit : edits) {
      const std::uint32_t line = file.line(edit.span.begin);
      Mark mark = markOnLine(file, line, edit.span.begin, edit.span.end, false, "");
      place(mark, ShownLine(file.lineText(line), 0));
      rows[line].put(mark.begin, std::string(mark.end - mark.begin, '-'), true);
    }
    for (const auto& [line, row] : rows) {
      sourceLine(line, displayLine(file.lineText(line)).text);
      rowLine(row, kRed, kRed);
    }
  }

  /// The lines as they would be, `+` under what is inserted and `~` under what replaces something.
  void correctedText(const SourceFile& file, const std::vector<Edit>& edits) {
    const std::uint32_t firstLine = file.line(edits.front().span.begin);
    const std::uint32_t lastLine = file.line(edits.back().span.end);
    std::uint32_t at = file.lineStart(firstLine);
    const std::uint32_t stop = file.lineStart(lastLine) + static_cast<std::uint32_t>(file.lineText(lastLine).size());
    std::string text;
    std::string kinds;
    const auto add = [&](std::string_view piece, char kind) {
      text += piece;
      kinds.append(piece.size(), kind);
    };
    for (const Edit& edit : edits) {
      if (edit.span.begin < at) continue;
      add(file.text({file.id(), at, edit.span.begin}), ' ');
      add(edit.replacement, edit.span.size() == 0 ? '+' : '~');
      at = edit.span.end;
    }
    add(file.text({file.id(), at, std::max(at, stop)}), ' ');

    std::uint32_t number = firstLine;
    for (std::size_t begin = 0; begin <= text.size(); ++number) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      const std::string_view kindsOfLine = std::string_view(kinds).substr(begin, end - begin);
      if (kindsOfLine.find_first_not_of(' ') != std::string_view::npos) {
        const DisplayLine shown = displayLine(std::string_view(text).substr(begin, end - begin));
        sourceLine(number, shown.text);
        Row row;
        for (std::size_t i = 0; i < kindsOfLine.size(); ++i) {
          const std::uint32_t width = shown.columns[i + 1] - shown.columns[i];
          if (kindsOfLine[i] != ' ' && width > 0) row.put(shown.columns[i], std::string(width, kindsOfLine[i]), false);
        }
        rowLine(row, kGreen, kGreen);
      }
      begin = end + 1;
    }
  }

  const Diagnostic& diagnostic_;
  const SourceManager& sources_;
  bool colors_;
  bool isError_;
  std::size_t gutter_ = 1;
  std::string out_;
  std::vector<FileId> order_;
  std::map<FileId, MarksOfFile> marks_;
  /// Texts of labels that stand in no file.
  std::vector<std::string> loose_;
};

}  // namespace

std::string renderText(const Diagnostic& diagnostic, const SourceManager& sources, RenderOptions options) {
  return TextRenderer(diagnostic, sources, options).render();
}

std::string renderText(const DiagnosticSink& sink, const SourceManager& sources, RenderOptions options) {
  std::string result;
  for (const Diagnostic& diagnostic : sink.sorted()) {
    if (!result.empty()) result += "\n";
    result += renderText(diagnostic, sources, options);
  }
  if (sink.suppressedCount() > 0) result += fmt::format("\n{} more not shown\n", sink.suppressedCount());
  return result;
}

std::string renderExplanation(const CodeInfo& info) {
  const auto indented = [](std::string_view program) {
    std::string result = "  ";
    for (const char c : program) {
      result += c;
      if (c == '\n') result += "  ";
    }
    return result;
  };
  std::string text = fmt::format("{}: {}\n\n{}\n\nwrong:\n\n{}\n\nright:\n\n{}\n", info.number, info.title, info.explanation, indented(info.wrong),
                                 indented(info.right));
  bool isFirst = true;
  for (const Elsewhere& row : elsewhereTable()) {
    if (row.code != info.code) continue;
    text += fmt::format("{}  {}: {}\n", isFirst ? "\nelsewhere:\n\n" : "", row.system, row.text);
    isFirst = false;
  }
  return text;
}

}  // namespace fedc
