#include "compiler/support/read_whole.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace fedc {

Expected<std::string> readWhole(const std::string& path) {
  std::error_code status;
  if (std::filesystem::is_directory(path, status)) return fail(fmt::format("`{}` is a directory", path));
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(fmt::format("cannot open `{}`: {}", path, std::strerror(errno != 0 ? errno : ENOENT)));
  // Not by iterators of the buffer, which throw where the system cannot read.
  std::string text;
  char piece[1 << 16];
  do {
    in.read(piece, sizeof piece);
    text.append(piece, static_cast<std::size_t>(in.gcount()));
  } while (in);
  if (in.bad()) return fail(fmt::format("cannot read `{}`: {}", path, std::strerror(errno)));
  return text;
}

}  // namespace fedc
