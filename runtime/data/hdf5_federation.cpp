#include "runtime/data/hdf5_federation.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace fedc::runtime {

namespace {

tl::unexpected<DataError> bad(std::string message, std::string help = {}) {
  return tl::unexpected(DataError{std::move(message), std::move(help), {}});
}

/// The federations that lie where the file was looked for.
std::string neighbours(const std::string& path) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::path(path).has_parent_path() ? fs::path(path).parent_path() : fs::path(".");
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string extension = it->path().extension().string();
    if (extension == ".h5" || extension == ".hdf5") names.push_back(it->path().filename().string());
  }
  if (error) return fmt::format("there is no folder `{}`", folder.string());
  if (names.empty()) return fmt::format("`{}` has no .h5 file", folder.string());
  std::sort(names.begin(), names.end());
  constexpr std::size_t kMost = 6;
  const bool isCut = names.size() > kMost;
  if (isCut) names.resize(kMost);
  return fmt::format("`{}` has `{}`{}", folder.string(), fmt::join(names, "`, `"), isCut ? ", .." : "");
}

}  // namespace

Expected<Hdf5Federation, DataError> openFederation(const std::string& path) {
  Hdf5Federation out;
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) {
    const int why = errno;
    return bad(fmt::format("cannot open `{}`: {}", path, std::strerror(why)), why == ENOENT ? neighbours(path) : "");
  }
  if (S_ISDIR(info.st_mode)) return bad(fmt::format("`{}` is a directory, not an HDF5 file", path));
  if (::access(path.c_str(), R_OK) != 0) return bad(fmt::format("cannot open `{}`: {}", path, std::strerror(errno)));
  out.file = Hdf5Handle(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT));
  if (!out.file) {
    if (H5Fis_hdf5(path.c_str()) > 0) return bad(fmt::format("`{}` is an HDF5 file, but truncated or damaged", path), "copy or download it again");
    return bad(fmt::format("`{}` is not an HDF5 file", path),
               "federated data is HDF5 in the layout `examples/<client id>/<feature>`; docs/data.md shows how to write one");
  }
  out.examples = Hdf5Handle(H5Gopen2(out.file.get(), "examples", H5P_DEFAULT));
  if (!out.examples) {
    const auto names = memberNames(out.file.get());
    return bad(
        fmt::format("`{}` has no group `examples`{}", path, names && !names->empty() ? fmt::format(", it has `{}`", fmt::join(*names, "`, `")) : ""),
        "federated data lies in `examples/<client id>/<feature>`; docs/data.md shows how to write it");
  }
  auto names = memberNames(out.examples.get());
  if (!names) return bad(fmt::format("the list of clients in `{}` cannot be read: the file is damaged", path), "copy or download it again");
  if (names->empty()) return bad(fmt::format("`{}` has no clients: its group `examples` is empty", path));
  out.ids = std::move(*names);
  return out;
}

}  // namespace fedc::runtime
