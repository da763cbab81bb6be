#pragma once

#include <map>
#include <string>
#include <vector>

#include "compiler/driver/reference.h"

/// Which names of the reference's pages lead where.
namespace fedc::driver {

/// A page before it is written: a module, or the functions that are built in.
struct ReferencePage {
  /// Of its file, without the ending.
  std::string stem;
  std::string title;
  std::string about;
  /// The file that it is about; empty for what is built in.
  std::string path;
  /// Behind the text about it: how its names are brought into a program.
  std::string use;
  std::vector<Section> sections;
  /// Names of other modules that it passes on: name and module.
  std::vector<std::pair<std::string, std::string>> brings;
};

/// Where a name is explained.
struct ReferenceTarget {
  const ReferencePage* page = nullptr;
  const Entry* entry = nullptr;
};

/// A piece of text: plain, code, and maybe a link.
struct LinkedText {
  std::string text;
  bool isCode = false;
  ReferenceTarget target;
};

class ReferenceLinks {
 public:
  explicit ReferenceLinks(const std::vector<ReferencePage>& pages);

  /// What `name` means on a page: its own, what it uses, else the one of that name in all pages. No entry: nothing is known.
  ReferenceTarget find(const std::string& name, const ReferencePage& from) const;

  /// A signature: types, and functions that defaults call, are links; the entry's own name and its parameters are not.
  std::vector<LinkedText> signature(const Entry& entry, const ReferencePage& from) const;

  /// A paragraph: what stands in backticks is code, and a link if it is a name or begins with a call of one.
  std::vector<LinkedText> paragraph(const std::string& text, const Entry& entry, const ReferencePage& from) const;

 private:
  /// By name; modules before what is built in.
  std::map<std::string, std::vector<ReferenceTarget>> targets_;
};

/// The paragraphs of a documentation: ended by an empty line; what begins with "Error" or "Source:" is one of its own.
std::vector<std::string> paragraphsOf(const std::string& doc);

}  // namespace fedc::driver
