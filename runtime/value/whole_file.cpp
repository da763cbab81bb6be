#include "runtime/value/whole_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

namespace fedc::runtime {

Expected<void> writeWhole(const std::string& path, std::string_view content) {
  const std::string part = fmt::format("{}.part{}", path, ::getpid());
  const auto failed = [&] {
    const std::string why = std::strerror(errno);
    ::unlink(part.c_str());
    return fail(fmt::format("cannot write `{}`: {}", path, why));
  };
  {
    std::ofstream out(part, std::ios::binary | std::ios::trunc);
    if (out) out.write(content.data(), static_cast<std::streamsize>(content.size()));
    out.flush();
    if (!out) return failed();
  }
  if (::rename(part.c_str(), path.c_str()) != 0) return failed();
  return {};
}

}  // namespace fedc::runtime
