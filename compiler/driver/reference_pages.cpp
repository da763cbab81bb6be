#include "compiler/driver/reference_pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "compiler/driver/reference_links.h"

namespace fedc::driver {

namespace fs = std::filesystem;

namespace {

constexpr const char* kBuiltIn = "built_in";

template <class Parts>
std::string joined(const Parts& parts, std::string_view separator) {
  std::string result;
  for (const std::string& part : parts) result += (result.empty() ? "" : std::string(separator)) + part;
  return result;
}

std::string code(std::string_view text) { return fmt::format("`{}`", text); }

/// What an entry is: `fn`, `struct`, `param`; what is built in has no word for it.
std::string kindOf(const Entry& entry) {
  for (const char* kind : {"fn", "struct", "param"})
    if (entry.signature.starts_with(std::string(kind) + " ")) return kind;
  return "built in";
}

std::string firstSentence(const std::string& doc) {
  const auto paragraphs = paragraphsOf(doc);
  if (paragraphs.empty()) return "";
  std::string text = paragraphs.front();
  std::replace(text.begin(), text.end(), '\n', ' ');
  const std::size_t end = text.find(". ");
  return end == std::string::npos ? text : text.substr(0, end + 1);
}

ReferencePage modulePage(const ModuleReference& module, const std::string& path, const std::string& use) {
  // The index has these names.
  const bool isTaken = module.name == "index" || module.name == "README";
  ReferencePage page{module.name + (isTaken ? "_" : ""), module.name, module.about, path, use, {}, module.brings};
  page.sections.push_back({"", "", module.entries});
  return page;
}

/// What stands above and beside the pages.
struct Book {
  std::string title;
  /// Markdown, paragraphs.
  std::string about;
  std::vector<ReferencePage> pages;
};

// ------------------------------------------------------------------------------------------------------------------------- Markdown

class MarkdownBook {
 public:
  explicit MarkdownBook(const Book& book) : book_(book), links_(book.pages) {}

  std::vector<PageFile> files() const {
    std::vector<PageFile> all{{"README.md", index()}};
    for (const ReferencePage& page : book_.pages) all.push_back({page.stem + ".md", pageText(page)});
    return all;
  }

 private:
  static constexpr const char* kNote = "<!-- Written by `fedc doc --markdown`. What it says stands in the sources; change those. -->\n\n";

  std::string index() const {
    std::string text = fmt::format("# {}\n\n{}{}\n\n| | |\n|---|---|\n", book_.title, kNote, book_.about);
    for (const ReferencePage& page : book_.pages) text += fmt::format("| [{0}]({1}.md) | {2} |\n", page.title, page.stem, page.about);
    return text;
  }

  /// The name of a heading, as GitHub makes it; a second one of the same name has a number.
  static std::string anchor(const ReferenceTarget& target) {
    const auto lower = [](std::string name) {
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      return name;
    };
    const std::string wanted = lower(target.entry->name);
    // The page's own title is a heading, too.
    int before = lower(target.page->title) == wanted ? 1 : 0;
    for (const Section& section : target.page->sections) {
      if (lower(section.title) == wanted) ++before;
      for (const Entry& entry : section.entries) {
        if (&entry == target.entry) return wanted + (before > 0 ? fmt::format("-{}", before) : "");
        if (lower(entry.name) == wanted) ++before;
      }
    }
    return wanted;
  }

  std::string linked(const LinkedText& part, const ReferencePage& from) const {
    const std::string text = part.isCode ? code(part.text) : part.text;
    if (part.target.entry == nullptr) return text;
    return fmt::format("[{}]({}#{})", text, part.target.page == &from ? "" : part.target.page->stem + ".md", anchor(part.target));
  }

  std::string entryText(const Entry& entry, const ReferencePage& page) const {
    std::string text = fmt::format("### {}\n\n```\n{}\n```\n\n", entry.name, entry.signature);
    // A block of code holds no links.
    std::vector<std::string> names;
    for (const LinkedText& part : links_.signature(entry, page)) {
      if (part.target.entry == nullptr) continue;
      const std::string link = linked(part, page);
      if (std::find(names.begin(), names.end(), link) == names.end()) names.push_back(link);
    }
    for (const std::string& paragraph : paragraphsOf(entry.doc)) {
      for (const LinkedText& part : links_.paragraph(paragraph, entry, page)) text += linked(part, page);
      text += "\n\n";
    }
    if (!names.empty()) text += fmt::format("See {}.\n\n", joined(names, ", "));
    return text;
  }

  std::string pageText(const ReferencePage& page) const {
    std::string text = fmt::format("# {}\n\n{}", page.title, kNote);
    text += page.path.empty() ? page.about : fmt::format("`{}`. {}", page.path, page.about);
    text += "\n\n";
    if (!page.use.empty()) text += page.use + "\n\n";
    for (const Section& section : page.sections) {
      if (!section.title.empty()) text += fmt::format("## {}\n\n", section.title);
      if (!section.about.empty()) text += section.about + "\n\n";
      for (const Entry& entry : section.entries) text += entryText(entry, page);
    }
    while (text.ends_with("\n\n")) text.pop_back();
    return text;
  }

  const Book& book_;
  ReferenceLinks links_;
};

// ----------------------------------------------------------------------------------------------------------------------------- HTML

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&': result += "&amp;"; break;
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      case '"': result += "&quot;"; break;
      default: result += c;
    }
  }
  return result;
}

/// A string of JavaScript.
std::string inScript(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    // `<` cannot end the script.
    if (c == '"' || c == '\\') {
      result += fmt::format("\\{}", c);
    } else if (c == '\n') {
      result += ' ';
    } else if (c == '<') {
      result += "\\u003c";
    } else {
      result += c;
    }
  }
  return result + "\"";
}

constexpr const char* kStyle = R"css(:root { color-scheme: light dark; --line: #8884; --link: light-dark(#0b57a4, #8ab8f0); --soft: #8881; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 75rem; display: grid; grid-template-columns: 13rem 1fr; gap: 2rem; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; }
nav { position: sticky; top: 1rem; align-self: start; max-height: calc(100vh - 2rem); overflow: auto; }
nav a { display: block; padding: .1rem 0; }
nav a[aria-current] { font-weight: bold; }
main { min-width: 0; }
a { color: var(--link); text-decoration: none; }
a:hover, a:focus { text-decoration: underline; }
input { width: 100%; padding: .4rem .6rem; font: inherit; border: 1px solid var(--line); border-radius: .3rem; }
#found { list-style: none; margin: .3rem 0 1.5rem; padding: 0; }
#found li { padding: .2rem .6rem; }
#found li[aria-selected=true] { background: var(--soft); }
#found small, .where { opacity: .7; }
h1 { margin: .8rem 0 .3rem; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
h3 { margin: 2rem 0 .3rem; font-family: ui-monospace, monospace; }
h3 a { color: inherit; }
h3:target { background: var(--soft); }
pre { background: var(--soft); padding: .6rem .8rem; overflow-x: auto; border-radius: .3rem; margin: .3rem 0; }
code, pre { font: .92rem/1.45 ui-monospace, monospace; }
p { margin: .4rem 0; }
table { border-collapse: collapse; }
td { padding: .25rem 1rem .25rem 0; vertical-align: top; }
@media (max-width: 50rem) { body { display: block; } nav { position: static; max-height: none; columns: 3; margin-bottom: 1rem; } }
)css";

/// Behind the list `entries` of [name, kind, module, address, first sentence].
constexpr const char* kSearch = R"js(
const box = document.getElementById("search"), list = document.getElementById("found");
let chosen = 0;
function rank(entry, text) {
  const name = entry[0].toLowerCase(), full = entry[2].toLowerCase() + "." + name;
  if (name === text || full === text) return 0;
  if (name.startsWith(text)) return 1;
  if (name.includes(text) || full.startsWith(text)) return 2;
  return text.split(/\s+/).every(word => (full + " " + entry[4].toLowerCase()).includes(word)) ? 3 : -1;
}
function show() {
  const text = box.value.trim().toLowerCase();
  const found = text === "" ? [] : entries.map(e => [rank(e, text), e]).filter(([r]) => r >= 0);
  found.sort(([r, a], [s, b]) => r - s || a[0].localeCompare(b[0]));
  chosen = 0;
  list.replaceChildren(...found.slice(0, 20).map(([, e]) => {
    const item = document.createElement("li"), link = document.createElement("a"), more = document.createElement("small");
    link.href = e[3];
    link.textContent = e[0];
    more.textContent = " " + e[1] + (e[2] ? ", " + e[2] : "") + (e[4] ? ": " + e[4] : "");
    item.append(link, more);
    return item;
  }));
  if (text !== "" && found.length === 0) list.textContent = "nothing of this name";
  choose(0);
}
function choose(step) {
  const items = list.children;
  if (items.length === 0) return;
  chosen = Math.min(Math.max(chosen + step, 0), items.length - 1);
  for (let i = 0; i < items.length; ++i) items[i].setAttribute("aria-selected", i === chosen);
  items[chosen].scrollIntoView({ block: "nearest" });
}
box.addEventListener("input", show);
box.addEventListener("keydown", event => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) { event.preventDefault(); choose(step); }
  if (event.key === "Escape") { box.value = ""; show(); }
  if (event.key === "Enter" && list.children[chosen]) location.href = list.children[chosen].querySelector("a").href;
});
document.addEventListener("keydown", event => {
  if (event.key === "/" && document.activeElement !== box) { event.preventDefault(); box.focus(); }
});
)js";

class HtmlBook {
 public:
  explicit HtmlBook(const Book& book) : book_(book), links_(book.pages) {}

  std::vector<PageFile> files() const {
    std::vector<PageFile> all{{"index.html", index()}};
    for (const ReferencePage& page : book_.pages) all.push_back({page.stem + ".html", pageText(page)});
    all.push_back({"style.css", kStyle});
    all.push_back({"search.js", search()});
    return all;
  }

 private:
  static std::string anchor(const ReferenceTarget& target) {
    int before = 0;
    for (const Section& section : target.page->sections) {
      for (const Entry& entry : section.entries) {
        if (&entry == target.entry) return target.entry->name + (before > 0 ? fmt::format("-{}", before) : "");
        if (entry.name == target.entry->name) ++before;
      }
    }
    return target.entry->name;
  }

  static std::string address(const ReferenceTarget& target) { return fmt::format("{}.html#{}", target.page->stem, anchor(target)); }

  static std::string linked(const LinkedText& part) {
    const std::string text = escaped(part.text);
    if (part.target.entry == nullptr) return text;
    return fmt::format("<a href=\"{}\">{}</a>", address(part.target), text);
  }

  /// Text with code between backticks; nothing else of Markdown occurs in what is said about pages.
  static std::string plainText(const std::string& text) {
    std::string result;
    bool inCode = false;
    for (const char c : text) {
      if (c == '`') {
        result += inCode ? "</code>" : "<code>";
        inCode = !inCode;
      } else {
        result += escaped(std::string_view(&c, 1));
      }
    }
    return result;
  }

  std::string frame(const std::string& title, const std::string& stem, const std::string& body) const {
    std::string nav = fmt::format("<a href=\"index.html\"{}>{}</a>\n", stem == "index" ? " aria-current=\"page\"" : "", escaped(book_.title));
    for (const ReferencePage& page : book_.pages)
      nav += fmt::format("<a href=\"{0}.html\"{2}>{1}</a>\n", page.stem, escaped(page.title), stem == page.stem ? " aria-current=\"page\"" : "");
    return fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
        "content=\"width=device-width\">\n<title>{}</title>\n"
        "<link rel=\"stylesheet\" href=\"style.css\">\n</head>\n<body>\n<nav>\n{}</nav>\n<main>\n"
        "<input id=\"search\" type=\"search\" placeholder=\"search (/)\" aria-label=\"search\" autocomplete=\"off\">\n<ul "
        "id=\"found\"></ul>\n{}</main>\n"
        "<script src=\"search.js\"></script>\n</body>\n</html>\n",
        escaped(title), nav, body);
  }

  std::string index() const {
    std::string body = fmt::format("<h1>{}</h1>\n", escaped(book_.title));
    for (const std::string& paragraph : paragraphsOf(book_.about)) body += fmt::format("<p>{}</p>\n", plainText(paragraph));
    body += "<table>\n";
    for (const ReferencePage& page : book_.pages)
      body += fmt::format("<tr><td><a href=\"{}.html\">{}</a></td><td>{}</td></tr>\n", page.stem, escaped(page.title), plainText(page.about));
    return frame(book_.title, "index", body + "</table>\n");
  }

  std::string entryText(const Entry& entry, const ReferencePage& page) const {
    const std::string id = anchor({&page, &entry});
    std::string text = fmt::format("<h3 id=\"{0}\"><a href=\"#{0}\">{1}</a></h3>\n<pre>", escaped(id), escaped(entry.name));
    for (const LinkedText& part : links_.signature(entry, page)) text += linked(part);
    text += "</pre>\n";
    for (const std::string& paragraph : paragraphsOf(entry.doc)) {
      text += "<p>";
      for (const LinkedText& part : links_.paragraph(paragraph, entry, page))
        text += part.isCode ? "<code>" + linked(part) + "</code>" : linked(part);
      text += "</p>\n";
    }
    if (!page.path.empty()) text += fmt::format("<p class=\"where\"><small>{}:{}</small></p>\n", escaped(page.path), entry.line);
    return text;
  }

  std::string pageText(const ReferencePage& page) const {
    std::string body = fmt::format("<h1>{}</h1>\n<p>{}</p>\n", escaped(page.title), plainText(page.about));
    if (!page.use.empty()) body += fmt::format("<p>{}</p>\n", plainText(page.use));
    for (const Section& section : page.sections) {
      if (!section.title.empty()) body += fmt::format("<h2>{}</h2>\n", escaped(section.title));
      if (!section.about.empty()) body += fmt::format("<p>{}</p>\n", plainText(section.about));
      for (const Entry& entry : section.entries) body += entryText(entry, page);
    }
    return frame(page.title, page.stem, body);
  }

  std::string search() const {
    std::string text = "// [name, kind, module, address, first sentence]\nconst entries = [\n";
    for (const ReferencePage& page : book_.pages) {
      for (const Section& section : page.sections) {
        for (const Entry& entry : section.entries) {
          const std::string module = page.path.empty() ? "" : page.title;
          text += fmt::format("[{}, {}, {}, {}, {}],\n", inScript(entry.name), inScript(kindOf(entry)), inScript(module),
                              inScript(address({&page, &entry})), inScript(firstSentence(entry.doc)));
        }
      }
    }
    return text + "];\n" + kSearch;
  }

  const Book& book_;
  ReferenceLinks links_;
};

std::vector<PageFile> filesOf(const Book& book, PageForm form) {
  return form == PageForm::Markdown ? MarkdownBook(book).files() : HtmlBook(book).files();
}

/// How the names of a module of the library are brought into a program.
std::string useOf(const Library& library, const ModuleReference& module) {
  std::vector<std::string> free, rest;
  for (const Entry& entry : module.entries) {
    const bool isFree = std::find(library.prelude.begin(), library.prelude.end(), entry.name) != library.prelude.end();
    (isFree ? free : rest).push_back(entry.name);
  }
  if (rest.empty()) return free.empty() ? "" : "All of it is in the prelude: no `use` is needed.";
  std::vector<std::string> quotedFree;
  for (const std::string& name : free) quotedFree.push_back(code(name));
  return fmt::format("`use {}.{{{}}};`{}", module.name, joined(rest, ", "),
                     free.empty() ? "" : fmt::format(" In the prelude: {}.", joined(quotedFree, ", ")));
}

}  // namespace

Expected<std::vector<PageFile>> libraryPages(const Library& library, PageForm form) {
  std::vector<std::string> missing;
  ReferencePage builtIn{kBuiltIn, "Built in", "What the compiler itself knows: no `use` is needed.", "", "", builtinReference(), {}};
  std::size_t count = 0;
  for (const Section& section : builtIn.sections) {
    count += section.entries.size();
    for (const Entry& entry : section.entries)
      if (entry.doc.empty()) missing.push_back(fmt::format("builtins.def: `{}` has no sentence", entry.name));
  }
  std::vector<std::string> free;
  for (const std::string& name : library.prelude) free.push_back(code(name));
  Book book;
  book.title = "The standard library";
  book.about = fmt::format(
      "The {} functions that the compiler itself knows, and modules, which are Fed: each is a file that can be read, copied and changed. `fedc doc "
      "NAME` shows the same in the "
      "terminal.\n\nThe prelude, which every program sees, adds {}.",
      count, joined(free, ", "));
  book.pages.push_back(std::move(builtIn));
  for (const ModuleReference& module : library.modules) {
    const std::string path = "stdlib/" + fs::path(module.path).lexically_relative(library.folder).generic_string();
    for (const Entry& entry : module.entries)
      if (entry.doc.empty()) missing.push_back(fmt::format("{}: `{}` has no `///`", path, entry.name));
    book.pages.push_back(modulePage(module, path, useOf(library, module)));
  }
  if (!missing.empty()) return fail(joined(missing, "\n"));
  return filesOf(book, form);
}

std::vector<PageFile> ownPages(const std::vector<ModuleReference>& modules, const std::string& title, PageForm form) {
  Book book;
  book.title = title;
  for (const ModuleReference& module : modules) book.pages.push_back(modulePage(module, fs::path(module.path).filename().string(), ""));
  return filesOf(book, form);
}

}  // namespace fedc::driver
