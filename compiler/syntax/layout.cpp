#include "compiler/syntax/layout.h"

#include <algorithm>
#include <ranges>

#include "compiler/support/text_width.h"

namespace fedc::syntax {

std::size_t columnsOf(std::string_view text) {
  std::size_t columns = 0;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t size = 1;
    bool isValid = true;
    columns += displayWidth(decodeUtf8(text, at, size, isValid));
    at += size;
  }
  return columns;
}

Layout::Doc Layout::add(Node node) {
  for (const Doc part : node.parts) node.isBroken = node.isBroken || nodes_[part].isBroken;
  nodes_.push_back(std::move(node));
  return static_cast<Doc>(nodes_.size() - 1);
}

Layout::Doc Layout::text(std::string text) { return add({Kind::Text, std::move(text), {}, 0, false, false}); }

Layout::Doc Layout::choice(std::vector<Doc> states) {
  // Only the first decides about the groups around: the others are for where it does not fit.
  const bool isBroken = nodes_[states.front()].isBroken;
  nodes_.push_back({Kind::Choice, "", std::move(states), 0, isBroken, false});
  return static_cast<Doc>(nodes_.size() - 1);
}

Layout::Doc Layout::withLastBroken(Doc doc) {
  Node node = nodes_[doc];
  switch (node.kind) {
    case Kind::Group:
      node.isBroken = true;
      nodes_.push_back(std::move(node));
      return static_cast<Doc>(nodes_.size() - 1);
    case Kind::Choice: return node.parts.back();
    case Kind::Concat:
    case Kind::Indent:
      if (node.parts.empty()) return doc;
      node.parts.back() = withLastBroken(node.parts.back());
      return add(std::move(node));
    default: return doc;
  }
}

/// Prettier's algorithm: a stack of documents to print, each flat or broken.
class LayoutPrinter {
 public:
  LayoutPrinter(const Layout& layout, std::size_t width) : layout_(layout), width_(width) {}

  std::string run(Layout::Doc doc) {
    stack_.push_back({doc, 0, false, 0});
    while (!stack_.empty()) {
      const Command command = stack_.back();
      stack_.pop_back();
      step(command);
    }
    if (!out_.empty() && (!isLineStart_ || !pending_.empty())) newLine(0, false);
    return std::move(out_);
  }

 private:
  using Kind = Layout::Kind;
  using Node = Layout::Node;
  struct Command {
    Layout::Doc doc;
    std::size_t indent;
    bool isFlat;
    /// Of a fill: the first part that is not printed yet.
    std::size_t at;
  };

  const Node& nodeOf(Layout::Doc doc) const { return layout_.nodes_[doc]; }

  void step(const Command& command) {
    const Node& node = nodeOf(command.doc);
    const auto push = [&](Layout::Doc doc, bool isFlat) { stack_.push_back({doc, command.indent, isFlat, 0}); };
    switch (node.kind) {
      case Kind::Text: write(node.text, command.indent); break;
      case Kind::IfBroken:
        if (!command.isFlat) write(node.text, command.indent);
        break;
      case Kind::Line:
        if (command.isFlat)
          write(node.text, command.indent);
        else
          newLine(command.indent, node.isBlank);
        break;
      case Kind::HardLine: newLine(command.indent, node.isBlank); break;
      case Kind::Blank:
        if (isAfterComment_) newLine(command.indent, true);
        break;
      case Kind::Concat:
        for (const Layout::Doc part : node.parts | std::views::reverse) push(part, command.isFlat);
        break;
      case Kind::Indent: stack_.push_back({node.parts.front(), command.indent + node.columns, command.isFlat, 0}); break;
      case Kind::Group: {
        const bool isFlat = command.isFlat || (!node.isBroken && fits({{node.parts.front(), true}}, command.indent));
        push(node.parts.front(), isFlat);
        break;
      }
      case Kind::Choice: {
        if (command.isFlat) return push(node.parts.front(), true);
        Layout::Doc chosen = node.parts.back();
        for (const Layout::Doc state : node.parts) {
          if (!fits({{state, !nodeOf(state).isBroken}}, command.indent)) continue;
          chosen = state;
          break;
        }
        push(chosen, false);
        break;
      }
      case Kind::Fill: stepFill(command); break;
      case Kind::Comment:
        if (!isLineStart_) newLine(command.indent, false);
        write(node.text, command.indent);
        isAfterComment_ = true;
        break;
      case Kind::Trailing: pending_.push_back(command); break;
    }
  }

  void stepFill(const Command& command) {
    const Node& node = nodeOf(command.doc);
    if (command.at >= node.parts.size()) return;
    const Layout::Doc part = node.parts[command.at];
    bool isFlat = command.isFlat;
    if (!isFlat && command.at % 2 == 0) isFlat = !nodeOf(part).isBroken && fits({{part, true}}, command.indent);
    // A separator is a space where the next content still fits on the line.
    if (!isFlat && command.at % 2 == 1) isFlat = !nodeOf(part).isBroken && fits({{node.parts[command.at + 1], true}, {part, true}}, command.indent);
    stack_.push_back({command.doc, command.indent, command.isFlat, command.at + 1});
    stack_.push_back({part, command.indent, isFlat, 0});
  }

  struct Part {
    Layout::Doc doc;
    bool isFlat;
    /// Behind what is tried: its groups may still be broken.
    bool isRest = false;
    std::size_t at = 0;
  };

  /// What `todo` holds (the last first), and what follows it up to the next place for a break, fits on what is left of the line.
  bool fits(std::vector<Part> todo, std::size_t indent) const {
    std::size_t left = width_ > column(indent) ? width_ - column(indent) : 0;
    std::size_t rest = stack_.size();
    const auto take = [&](std::size_t columns) {
      if (columns > left) return false;
      left -= columns;
      return true;
    };
    while (true) {
      if (todo.empty()) {
        if (rest == 0) return true;
        const Command& command = stack_[--rest];
        todo.push_back({command.doc, command.isFlat, true, command.at});
      }
      const Part next = todo.back();
      todo.pop_back();
      const Node& node = nodeOf(next.doc);
      const bool isGroupFlat = next.isRest ? next.isFlat && !node.isBroken : !node.isBroken;
      switch (node.kind) {
        case Kind::Text:
          if (!take(columnsOf(node.text))) return false;
          break;
        case Kind::IfBroken:
          if (!next.isFlat && !take(columnsOf(node.text))) return false;
          break;
        case Kind::Line:
          if (!next.isFlat) return true;
          if (!take(node.text.size())) return false;
          break;
        case Kind::HardLine:
        case Kind::Comment: return true;
        case Kind::Trailing:
        case Kind::Blank: break;
        case Kind::Concat:
        case Kind::Indent:
          for (const Layout::Doc part : node.parts | std::views::reverse) todo.push_back({part, next.isFlat, next.isRest});
          break;
        case Kind::Fill:
          for (std::size_t i = node.parts.size(); i-- > next.at;) todo.push_back({node.parts[i], next.isFlat, next.isRest});
          break;
        case Kind::Group:
        case Kind::Choice: todo.push_back({node.parts.front(), isGroupFlat, next.isRest}); break;
      }
    }
  }

  std::size_t column(std::size_t indent) const { return isLineStart_ || isAfterComment_ ? indent : column_; }

  void write(const std::string& text, std::size_t indent) {
    if (text.empty()) return;
    // A comment that ends the line lets only these pass.
    const bool isHeld = !pending_.empty() && text != "," && text != ";";
    if ((isHeld || isAfterComment_ || isLineStart_) && text == " ") return;
    if (isHeld || isAfterComment_) newLine(indent, false);
    if (isLineStart_) {
      out_.append(indent, ' ');
      column_ = indent;
      isLineStart_ = false;
    }
    out_ += text;
    const std::size_t last = text.rfind('\n');
    column_ = last == std::string::npos ? column_ + columnsOf(text) : columnsOf(std::string_view(text).substr(last + 1));
  }

  void newLine(std::size_t indent, bool isBlank) {
    isAfterComment_ = false;
    for (std::size_t i = 0; i < pending_.size(); ++i) {
      // Two comments never share a line: the second would become part of the first.
      if (i > 0) {
        out_ += '\n';
        out_.append(pending_[i].indent, ' ');
      } else if (!isLineStart_) {
        trim();
        out_ += "  ";
      }
      out_ += nodeOf(pending_[i].doc).text;
      isLineStart_ = false;
    }
    pending_.clear();
    if (out_.empty()) return;
    if (!isLineStart_) {
      trim();
      out_ += '\n';
    }
    if (isBlank && !out_.ends_with("\n\n")) out_ += '\n';
    isLineStart_ = true;
    column_ = indent;
  }

  void trim() {
    while (out_.ends_with(' ')) out_.pop_back();
  }

  const Layout& layout_;
  std::size_t width_;
  std::string out_;
  std::vector<Command> stack_;
  /// Comments for the end of this line.
  std::vector<Command> pending_;
  std::size_t column_ = 0;
  bool isLineStart_ = true;
  /// What follows stands on a new line.
  bool isAfterComment_ = false;
};

std::string Layout::print(Doc doc, std::size_t width) const { return LayoutPrinter(*this, width).run(doc); }

}  // namespace fedc::syntax
