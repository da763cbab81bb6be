#pragma once

#include <string>
#include <utility>
#include <vector>

namespace fedc::embed {

/// The standard library as it was when libfedc was built: path and text of each file, by path. Made by the build.
std::vector<std::pair<std::string, std::string>> libraryTexts();

}  // namespace fedc::embed
