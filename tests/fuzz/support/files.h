#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fedc::fuzz {

/// A folder of this process in memory (/dev/shm), emptied at each call: files by their relative paths.
std::string memoryFolder(const std::vector<std::pair<std::string, std::string>>& files);

/// The bytes of a file that must be there.
std::string readFile(const std::filesystem::path& path);

/// A zip archive whose entries have the check sums of what they hold, as far as its directory can be followed: else no change of an entry would be
/// seen by anything but the check sum.
std::string withCheckSums(std::string_view zip);

}  // namespace fedc::fuzz
