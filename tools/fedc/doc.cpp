#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "compiler/driver/modules.h"
#include "compiler/driver/reference.h"
#include "compiler/driver/reference_pages.h"
#include "compiler/support/suggest.h"
#include "tools/fedc/commands.h"

namespace fedc::cli {

namespace {

namespace fs = std::filesystem;
using driver::Entry;
using driver::ModuleReference;

/// All that can be asked for.
struct Known {
  driver::Library library;
  std::vector<driver::Section> builtins;
  /// The user's file, and the modules beside it that it uses.
  std::vector<ModuleReference> own;
};

std::string indented(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c != '\n' && (result.empty() || result.back() == '\n')) result += "  ";
    result += c;
  }
  return result;
}

/// An entry with a line on where it comes from.
std::string entryText(const Entry& entry, const std::string& where) {
  return fmt::format("{}\n\n{}  {}\n", entry.signature, entry.doc.empty() ? "" : indented(entry.doc) + "\n\n", where);
}

std::string firstSentence(const std::string& doc) {
  std::string text = doc.substr(0, doc.find("\n\n"));
  std::replace(text.begin(), text.end(), '\n', ' ');
  const std::size_t end = text.find(". ");
  return end == std::string::npos ? text : text.substr(0, end + 1);
}

/// A line for each entry: what it is, its name, its first sentence, or for want of one the rest of its declaration.
std::string listing(const std::vector<Entry>& entries) {
  const auto head = [](const Entry& entry) {
    const std::string word = entry.signature.substr(0, entry.signature.find(' '));
    const bool isDeclared = word == "fn" || word == "native" || word == "struct" || word == "param";
    return isDeclared ? fmt::format("{:<6} {}", word, entry.name) : entry.name;
  };
  const auto said = [](const Entry& entry) {
    if (!entry.doc.empty() || entry.signature.empty()) return firstSentence(entry.doc);
    const std::string rest = entry.signature.substr(entry.signature.find(entry.name) + entry.name.size());
    std::string line;
    for (const char c : rest) {
      if (c != '\n' && (c != ' ' || !line.ends_with(' '))) line += c;
      if (c == '\n' && !line.ends_with('(')) line += ' ';
    }
    return line.starts_with(' ') ? line.substr(1) : line;
  };
  std::size_t width = 0;
  for (const Entry& entry : entries) width = std::max(width, head(entry).size());
  std::string text;
  for (const Entry& entry : entries) {
    std::string line = fmt::format("  {:<{}}  {}", head(entry), width, said(entry));
    while (line.ends_with(' ')) line.pop_back();
    text += line + "\n";
  }
  return text;
}

/// `isOwn`: the user's, whose imports nobody asks for.
std::string moduleText(const ModuleReference& module, bool isOwn) {
  std::string text = fmt::format("module {}\n\n", module.name);
  if (!module.about.empty()) text += fmt::format("  {}\n\n", module.about);
  text += listing(module.entries);
  if (!isOwn) {
    std::string last;
    for (const auto& [name, from] : module.brings) {
      text += from == last ? ", " + name : fmt::format("{}  of {}: {}", last.empty() ? "" : "\n", from, name);
      last = from;
    }
    if (!last.empty()) text += "\n";
  }
  return text + fmt::format("\n  {}\n", module.path);
}

std::string overview(const Known& known) {
  std::string text = "Functions that the compiler itself knows:\n\n";
  for (const driver::Section& section : known.builtins) {
    std::string names;
    for (const Entry& entry : section.entries) names += (names.empty() ? "" : " ") + entry.name;
    text += fmt::format("  {}\n    {}\n", section.title, names);
  }
  std::vector<Entry> modules;
  for (const ModuleReference& module : known.library.modules) modules.push_back({module.name, "", module.about, {}, 0});
  text += fmt::format("\nModules of the library:\n\n{}\n`fedc doc NAME` tells about a name, `fedc doc MODULE` lists a module.\n", listing(modules));
  return text;
}

class Finder {
 public:
  explicit Finder(const Known& known) : known_(known) {}

  /// What a name means, one text each.
  std::vector<std::string> find(const std::string& name) {
    const std::size_t dot = name.rfind('.');
    if (dot != std::string::npos && dot > 0 && dot + 1 < name.size() && name[dot - 1] != '.') {
      const std::string head = name.substr(0, dot), tail = name.substr(dot + 1);
      for (const ModuleReference& module : known_.own) member(module, head, tail, true);
      for (const ModuleReference& module : known_.library.modules) member(module, head, tail, false);
      return std::move(found_);
    }
    for (const ModuleReference& module : known_.own) inModule(module, name, true);
    for (const driver::Section& section : known_.builtins) {
      for (const Entry& entry : section.entries) {
        if (entry.name == name) add(entry, "built in: no `use` is needed");
      }
    }
    for (const ModuleReference& module : known_.library.modules) inModule(module, name, false);
    const std::string word = name.size() > 1 && name.front() == '@' ? name.substr(1) : name;
    for (const Entry& entry : driver::wordReference()) {
      if (entry.name == word) add(entry, "a word of the language: docs/language.md");
    }
    return std::move(found_);
  }

  /// For a name that is nowhere.
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto* modules : {&known_.own, &known_.library.modules}) {
      for (const ModuleReference& module : *modules) {
        all.push_back(module.name);
        for (const Entry& entry : module.entries) all.push_back(entry.name);
        for (const Entry& entry : module.entries) all.push_back(module.name + "." + entry.name);
      }
    }
    for (const driver::Section& section : known_.builtins) {
      for (const Entry& entry : section.entries) all.push_back(entry.name);
    }
    for (const Entry& entry : driver::wordReference()) all.push_back(entry.name);
    return all;
  }

 private:
  void add(const Entry& entry, const std::string& where) {
    const std::string text = entryText(entry, where);
    if (std::find(found_.begin(), found_.end(), text) == found_.end()) found_.push_back(text);
  }

  void add(const ModuleReference& module, const Entry& entry, bool isOwn) {
    const std::string place = fmt::format("{}:{}", module.path, entry.line);
    const auto& prelude = known_.library.prelude;
    if (isOwn)
      add(entry, place);
    else if (std::find(prelude.begin(), prelude.end(), entry.name) != prelude.end())
      add(entry, "in the prelude: no `use` is needed; " + place);
    else
      add(entry, fmt::format("`use {}.{{{}}};` {}", module.name, entry.name, place));
  }

  void inModule(const ModuleReference& module, const std::string& name, bool isOwn) {
    if (module.name == name) found_.push_back(moduleText(module, isOwn));
    for (const Entry& entry : module.entries) {
      if (entry.name == name) add(module, entry, isOwn);
    }
  }

  /// `module.name`, `folder.name`, `Struct.field`, and what a module passes on.
  void member(const ModuleReference& module, const std::string& head, const std::string& tail, bool isOwn) {
    const bool isHere = module.name == head || fs::path(module.path).parent_path().filename() == head;
    for (const Entry& entry : module.entries) {
      const bool hasField = entry.name == head && std::find(entry.fields.begin(), entry.fields.end(), tail) != entry.fields.end();
      if ((isHere && entry.name == tail) || hasField) add(module, entry, isOwn);
    }
    if (module.name != head) return;
    for (const auto& [name, from] : module.brings) {
      if (name != tail) continue;
      for (const ModuleReference& other : known_.library.modules) {
        if (other.name == from) inModule(other, name, isOwn);
      }
    }
  }

  const Known& known_;
  std::vector<std::string> found_;
};

/// Reads the user's file and the modules beside it that it uses; false after a report. What is known already is not read again.
bool readOwn(const std::string& path, Known& known, const Console& console) {
  SourceManager sources;
  DiagnosticSink sink;
  auto file = sources.load(path);
  if (!file) return console.report(file.error()), false;
  auto module = driver::moduleReference(**file, sink);
  if (!module) return console.report(sink, sources), false;
  driver::ModuleFinder finder(sources, {});
  const FileId main = (*file)->id();
  const auto placeOf = [](const std::string& name) { return fs::weakly_canonical(name).string(); };
  std::set<std::string> read;
  for (const auto* modules : {&known.library.modules, &known.own})
    for (const ModuleReference& each : *modules) read.insert(placeOf(each.path));
  std::vector<ModuleReference> used;
  for (const std::string& name : module->uses) {
    const auto id = finder.find(name, main);
    if (!id || read.contains(placeOf(sources.file(*id).path()))) continue;
    DiagnosticSink quiet;
    if (auto other = driver::moduleReference(sources.file(*id), quiet)) used.push_back(std::move(*other));
  }
  if (!read.contains(placeOf(path))) known.own.push_back(std::move(*module));
  for (ModuleReference& each : used) known.own.push_back(std::move(each));
  return true;
}

/// Writes the pages of the library, or of files of the user's own.
int writePages(const CommandLine& line, Known& known, const Console& console) {
  for (const std::string& name : line.names) {
    if (!name.ends_with(".fed"))
      return console.report(Error{fmt::format("`{}` is no file of Fed: pages are of files, or of the whole library", name)}), kFailure;
    if (!readOwn(name, known, console)) return kFailure;
  }
  std::set<std::string> stems;
  for (const ModuleReference& module : known.own) {
    if (!stems.insert(module.name).second)
      return console.report(Error{fmt::format("two files are called `{}.fed`, and a page has one name", module.name)}), kFailure;
  }
  for (const auto& [folder, form] : {std::pair(line.markdownTo, driver::PageForm::Markdown), std::pair(line.htmlTo, driver::PageForm::Html)}) {
    if (folder.empty()) continue;
    std::vector<driver::PageFile> files;
    if (line.names.empty()) {
      auto pages = driver::libraryPages(known.library, form);
      if (!pages) return console.report(pages.error()), kFailure;
      files = std::move(*pages);
    } else {
      files = driver::ownPages(known.own, fs::path(line.names.front()).stem().string(), form);
    }
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) return console.report(Error{fmt::format("cannot make the folder `{}`: {}", folder, error.message())}), kFailure;
    for (const driver::PageFile& file : files) {
      const std::string path = (fs::path(folder) / file.name).string();
      std::ofstream out(path, std::ios::binary);
      out << file.text;
      out.close();
      if (!out) return console.report(Error{fmt::format("cannot write `{}`", path)}), kFailure;
    }
    if (!writeOut(fmt::format("{}: {} files\n", folder, files.size()))) return kFailure;
  }
  return kSuccess;
}

}  // namespace

int docCommand(const CommandLine& line, const Console& console) {
  if (line.manual) return writeOut(manualPage()) ? kSuccess : kFailure;
  Known known;
  auto library = driver::readLibrary();
  if (!library) return console.report(library.error()), kFailure;
  known.library = std::move(*library);
  known.builtins = driver::builtinReference();
  if (!line.markdownTo.empty() || !line.htmlTo.empty()) return writePages(line, known, console);
  if (!line.within.empty() && !readOwn(line.within, known, console)) return kFailure;
  if (line.names.empty()) return writeOut(known.own.empty() ? overview(known) : moduleText(known.own.front(), true)) ? kSuccess : kFailure;
  std::string text;
  for (const std::string& name : line.names) {
    std::vector<std::string> found;
    if (name.ends_with(".fed")) {
      Known one;
      if (!readOwn(name, one, console)) return kFailure;
      found.push_back(moduleText(one.own.front(), true));
    } else {
      Finder finder(known);
      found = finder.find(name);
      if (found.empty()) {
        const auto meant = suggest(name, finder.names());
        console.report(Error{fmt::format("there is nothing called `{}`{}", name, meant ? fmt::format("; did you mean `{}`?", *meant) : "")});
        return kFailure;
      }
    }
    for (const std::string& one : found) text += (text.empty() ? "" : "\n") + one;
  }
  return writeOut(text) ? kSuccess : kFailure;
}

}  // namespace fedc::cli
