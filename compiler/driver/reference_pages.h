#pragma once

#include <string>
#include <vector>

#include "compiler/driver/reference.h"

/// The reference as a folder of pages, with links between them: docs/stdlib/ as Markdown, or HTML with a search box. Nothing in a page comes from
/// elsewhere.
namespace fedc::driver {

enum class PageForm { Markdown, Html };

/// A file of the folder.
struct PageFile {
  std::string name;
  std::string text;
};

/// The library: an index, a page of the functions that are built in, a page of each module. Error: what has no documentation, an entry a line.
Expected<std::vector<PageFile>> libraryPages(const Library& library, PageForm form);

/// Files of the user's own: an index and a page of each. What has no `///` is shown without. `title` stands above the index.
std::vector<PageFile> ownPages(const std::vector<ModuleReference>& modules, const std::string& title, PageForm form);

}  // namespace fedc::driver
