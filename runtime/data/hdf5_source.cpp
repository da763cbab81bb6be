#include "runtime/data/hdf5_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <new>

#include "compiler/core/strings.h"
#include "runtime/data/chunks.h"
#include "runtime/data/feature.h"
#include "runtime/data/hdf5_federation.h"
#include "runtime/data/hdf5_handle.h"
#include "runtime/data/hdf5_type.h"
#include "runtime/value/buffer.h"

namespace fedc::runtime {
namespace {

tl::unexpected<DataError> bad(std::string message, std::string help = {}, std::optional<Span> span = {}) {
  return tl::unexpected(DataError{std::move(message), std::move(help), span});
}

/// More than any file can hold.
constexpr hsize_t kMostRows = hsize_t{1} << 48;

/// The whole file, mapped; empty if the system cannot.
class Mapping {
 public:
  Mapping() = default;
  explicit Mapping(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    struct stat info{};
    if (::fstat(fd, &info) == 0 && info.st_size > 0) {
      void* memory = ::mmap(nullptr, static_cast<std::size_t>(info.st_size), PROT_READ, MAP_SHARED, fd, 0);
      if (memory != MAP_FAILED) {
        data_ = static_cast<const char*>(memory);
        size_ = static_cast<std::size_t>(info.st_size);
      }
    }
    ::close(fd);
  }
  ~Mapping() {
    if (data_ != nullptr) ::munmap(const_cast<char*>(data_), size_);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  const char* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  const char* data_ = nullptr;
  std::size_t size_ = 0;
};

/// One feature of one client, found and checked.
struct Found {
  enum class Way { Mapped, Chunked, Read };
  Way way = Way::Read;
  std::int64_t rows = 0;
  std::int64_t bytes = 0;
  /// Mapped: where in the file.
  std::uint64_t offset = 0;
  ChunkedData chunks;
  /// Read: filled under the lock.
  std::shared_ptr<char> memory;
  /// Of strings: their texts, row by row.
  std::vector<std::string> texts;
};

/// The extents of a dataset's chunks. Checked here, because HDF5 trusts those in a damaged file, and crashes.
Expected<std::vector<hsize_t>, DataError> chunkExtents(hid_t dataset, hid_t plist, std::size_t rank, std::uint64_t elementBytes,
                                                       std::int64_t dataBytes) {
  std::vector<hsize_t> chunk(rank), most(rank);
  const Hdf5Handle space(H5Dget_space(dataset));
  const int wanted = static_cast<int>(rank);
  if (!space || H5Pget_chunk(plist, wanted, chunk.data()) != wanted || H5Sget_simple_extent_dims(space.get(), nullptr, most.data()) != wanted) {
    return bad("its chunks cannot be read: the file is damaged");
  }
  std::uint64_t bytes = elementBytes;
  for (std::size_t axis = 0; axis < rank; ++axis) {
    const bool tooLong = most[axis] != H5S_UNLIMITED && chunk[axis] > most[axis];
    if (tooLong || chunk[axis] == 0 || __builtin_mul_overflow(bytes, chunk[axis], &bytes))
      return bad("its chunks have impossible extents: the file is damaged");
  }
  if (bytes > std::max<std::uint64_t>(std::uint64_t{1} << 28, 4 * static_cast<std::uint64_t>(dataBytes))) {
    return bad("its chunks are far larger than its data: the file is damaged");
  }
  return chunk;
}

class Hdf5Source final : public ClientSource {
 public:
  Hdf5Source(std::string path, std::vector<core::Column> columns, std::vector<FeatureType> types)
      : path_(std::move(path)), columns_(std::move(columns)), types_(std::move(types)) {}
  ~Hdf5Source() override {
    Hdf5Lock lock;
    examples_ = {};
    file_ = {};
  }

  Expected<void, DataError> open();
  std::size_t size() const override { return ids_.size(); }
  std::string id(std::size_t client) const override { return ids_[client]; }
  Expected<ClientColumns, DataError> read(std::size_t client) override;

 private:
  Expected<std::vector<Found>, DataError> find(const std::string& id, std::int64_t& rows) const;
  Expected<Found, DataError> findFeature(hid_t group, const std::string& id, std::size_t column) const;
  Expected<void, DataError> locate(hid_t dataset, hid_t type, const FileType& fileType, std::size_t column, Found& found) const;
  Expected<void, DataError> readTexts(hid_t dataset, hid_t type, std::size_t column, Found& found) const;
  Expected<bool, DataError> readChunks(hid_t dataset, hid_t plist, const std::vector<hsize_t>& dims, const std::vector<hsize_t>& chunk,
                                       Found& found) const;
  Expected<std::int64_t, DataError> rowsOfAnyFeature(hid_t group, const std::string& id) const;

  std::string path_;
  std::vector<core::Column> columns_;
  std::vector<FeatureType> types_;
  std::vector<std::string> ids_;
  Hdf5Handle file_;
  Hdf5Handle examples_;
  std::shared_ptr<const Mapping> mapping_;
  bool userBlock_ = false;
};

Expected<void, DataError> Hdf5Source::open() {
  mapping_ = std::make_shared<const Mapping>(path_);
  Hdf5Lock lock;
  auto opened = openFederation(path_);
  if (!opened) return tl::unexpected(opened.error());
  file_ = std::move(opened->file);
  examples_ = std::move(opened->examples);
  ids_ = std::move(opened->ids);
  const Hdf5Handle creation(H5Fget_create_plist(file_.get()));
  hsize_t userBlock = 0;
  userBlock_ = !creation || H5Pget_userblock(creation.get(), &userBlock) < 0 || userBlock != 0;
  return {};
}

Expected<std::int64_t, DataError> Hdf5Source::rowsOfAnyFeature(hid_t group, const std::string& id) const {
  const auto names = memberNames(group);
  for (const std::string& name : names.value_or(std::vector<std::string>{})) {
    const Hdf5Handle dataset(H5Dopen2(group, name.c_str(), H5P_DEFAULT));
    const Hdf5Handle space(dataset ? H5Dget_space(dataset.get()) : -1);
    if (!space || H5Sget_simple_extent_ndims(space.get()) < 1) continue;
    std::vector<hsize_t> dims(static_cast<std::size_t>(H5Sget_simple_extent_ndims(space.get())));
    if (H5Sget_simple_extent_dims(space.get(), dims.data(), nullptr) < 0) continue;
    if (dims[0] > kMostRows) return bad(fmt::format("feature `{}` of client `{}` claims {} rows: it is damaged", name, id, dims[0]));
    return static_cast<std::int64_t>(dims[0]);
  }
  return bad(fmt::format("client `{}` has no features, so its rows cannot be counted", id));
}

Expected<std::vector<Found>, DataError> Hdf5Source::find(const std::string& id, std::int64_t& rows) const {
  const Hdf5Handle group(H5Gopen2(examples_.get(), id.c_str(), H5P_DEFAULT));
  if (!group) return bad(fmt::format("client `{}` is not a group of features in `{}`", id, path_));
  std::vector<Found> found;
  if (columns_.empty()) {
    const auto count = rowsOfAnyFeature(group.get(), id);
    if (!count) return tl::unexpected(count.error());
    rows = *count;
  }
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    auto feature = findFeature(group.get(), id, c);
    if (!feature) return tl::unexpected(feature.error());
    if (c > 0 && feature->rows != rows) {
      return bad(fmt::format("the features of client `{}` differ in length: `{}` has {} rows, `{}` has {}", id, columns_[0].feature, rows,
                             columns_[c].feature, feature->rows),
                 {}, columns_[c].span);
    }
    rows = feature->rows;
    found.push_back(std::move(*feature));
  }
  return found;
}

Expected<Found, DataError> Hdf5Source::findFeature(hid_t group, const std::string& id, std::size_t column) const {
  const core::Column& declared = columns_[column];
  const FeatureType& wanted = types_[column];
  std::string name = declared.feature;
  if (name.empty()) {
    // A sequence of plain values: the client's only feature, whatever it is called.
    const auto names = memberNames(group);
    if (!names || names->size() != 1) {
      return bad(fmt::format("client `{}` has {} features, the program reads one without a name", id, names ? names->size() : 0),
                 names && !names->empty() ? fmt::format("declare a struct that names the feature: `{}`", fmt::join(*names, "`, `")) : "",
                 declared.span);
    }
    name = names->front();
  }
  Hdf5Handle dataset;
  if (H5Lexists(group, name.c_str(), H5P_DEFAULT) > 0) {
    dataset = Hdf5Handle(H5Dopen2(group, name.c_str(), H5P_DEFAULT));
    if (!dataset) return bad(fmt::format("feature `{}` of client `{}` is not a dataset, or damaged", name, id), {}, declared.span);
  } else {
    // A nested struct's field `a.b` may be a dataset `a.b`, or `b` in a group `a`.
    std::string path = name;
    std::replace(path.begin(), path.end(), '.', '/');
    if (path != name) dataset = Hdf5Handle(H5Dopen2(group, path.c_str(), H5P_DEFAULT));
  }
  if (!dataset) {
    const auto names = memberNames(group);
    const bool any = names && !names->empty();
    return bad(fmt::format("client `{}` has no feature `{}`{}", id, name, any ? fmt::format(", it has `{}`", fmt::join(*names, "`, `")) : ""),
               any ? "name the struct's fields as the features are named in the file, or rewrite the file" : "", declared.span);
  }
  const Hdf5Handle type(H5Dget_type(dataset.get())), space(H5Dget_space(dataset.get()));
  const int rank = space ? H5Sget_simple_extent_ndims(space.get()) : -1;
  if (!type || rank < 0) return bad(fmt::format("feature `{}` of client `{}` is damaged", name, id), {}, declared.span);
  std::vector<hsize_t> dims(static_cast<std::size_t>(rank));
  if (rank > 0) H5Sget_simple_extent_dims(space.get(), dims.data(), nullptr);
  const FileType inFile = fileType(type.get());
  if (!inFile.elem) {
    return bad(fmt::format("feature `{}` of client `{}` is {} in the data, `{}` in the program", name, id, inFile.name, describe(wanted)),
               fmt::format("rewrite the data so that every row of `{}` is `{}`", name, describe(wanted)), declared.span);
  }
  if (rank == 0) {
    return bad(fmt::format("feature `{}` of client `{}` is one value, `{}`, without a first extent that counts the rows", name, id, inFile.name), {},
               declared.span);
  }
  FeatureType have{*inFile.elem, {}};
  for (std::size_t i = 1; i < dims.size(); ++i) have.dims.push_back(static_cast<std::int64_t>(dims[i]));
  if (!(have == wanted)) {
    DataError error = typeMismatch(declared, wanted, describe(have), id);
    return tl::unexpected(std::move(error));
  }
  Found found;
  found.rows = static_cast<std::int64_t>(dims[0]);
  // Deflate makes at most 1032 bytes of one: what claims more is a damaged header, and must not become an allocation.
  const std::int64_t most = static_cast<std::int64_t>(std::max<std::size_t>(mapping_->size(), 1)) * 1032;
  if (dims[0] > kMostRows || __builtin_mul_overflow(found.rows, wanted.bytes(), &found.bytes) || found.bytes > most) {
    return bad(fmt::format("feature `{}` of client `{}` claims {} rows, more than the file can hold: it is damaged", name, id, dims[0]), {},
               declared.span);
  }
  if (auto located = locate(dataset.get(), type.get(), inFile, column, found); !located) {
    DataError error = located.error();
    error.message = fmt::format("feature `{}` of client `{}`: {}", name, id, error.message);
    error.span = declared.span;
    return tl::unexpected(std::move(error));
  }
  return found;
}

Expected<void, DataError> Hdf5Source::locate(hid_t dataset, hid_t type, const FileType& inFile, std::size_t column, Found& found) const {
  if (found.bytes == 0) return {};
  const Hdf5Handle plist(H5Dget_create_plist(dataset));
  const H5D_layout_t layout = plist ? H5Pget_layout(plist.get()) : H5D_LAYOUT_ERROR;
  if (layout == H5D_CONTIGUOUS && inFile.asInMemory && !userBlock_ && H5Pget_external_count(plist.get()) == 0 && mapping_->data() != nullptr) {
    const haddr_t offset = H5Dget_offset(dataset);
    if (offset != HADDR_UNDEF) {
      if (offset > mapping_->size() || static_cast<std::uint64_t>(found.bytes) > mapping_->size() - offset)
        return bad("its data ends past the end of the file: the file is truncated");
      found.way = Found::Way::Mapped;
      found.offset = offset;
      return {};
    }
  }
  if (layout == H5D_CHUNKED) {
    std::vector<hsize_t> dims{static_cast<hsize_t>(found.rows)};
    for (const std::int64_t dim : types_[column].dims) dims.push_back(static_cast<hsize_t>(dim));
    found.chunks.elementBytes = H5Tget_size(type);
    const auto chunk = chunkExtents(dataset, plist.get(), dims.size(), found.chunks.elementBytes, found.bytes);
    if (!chunk) return tl::unexpected(chunk.error());
    if (inFile.asInMemory) {
      found.chunks.shape.assign(dims.begin(), dims.end());
      found.chunks.chunk.assign(chunk->begin(), chunk->end());
      const auto raw = readChunks(dataset, plist.get(), dims, *chunk, found);
      if (!raw) return tl::unexpected(raw.error());
      if (*raw) {
        found.way = Found::Way::Chunked;
        return {};
      }
    }
  }
  found.way = Found::Way::Read;
  if (types_[column].elem == core::Elem::Str) return readTexts(dataset, type, column, found);
  found.memory = uninitialised(found.bytes);
  // What has no native type in memory is read as it lies in the file.
  const hid_t native = memoryType(types_[column].elem);
  if (native < 0 && !inFile.asInMemory) return bad("its byte order is not this machine's, and fedc does not convert this type");
  if (H5Dread(dataset, native < 0 ? type : native, H5S_ALL, H5S_ALL, H5P_DEFAULT, found.memory.get()) < 0) {
    return bad("it cannot be read: the file is damaged, or compressed by a filter that is not installed");
  }
  return {};
}

/// Some rows at a time, so that no header makes it take more memory than the file can fill.
Expected<void, DataError> Hdf5Source::readTexts(hid_t dataset, hid_t type, std::size_t column, Found& found) const {
  const auto unreadable = [] { return bad("it cannot be read: the file is damaged, or compressed by a filter that is not installed"); };
  const bool isVariable = H5Tis_variable_str(type) > 0;
  const std::size_t size = H5Tget_size(type);
  const H5T_str_t padding = H5Tget_strpad(type);
  const std::int64_t most = static_cast<std::int64_t>(std::max<std::size_t>(mapping_->size(), 1)) * 1032;
  if (!isVariable && (size == 0 || static_cast<std::int64_t>(size) > most)) return bad("its strings are longer than the file: it is damaged");
  const Hdf5Handle memory(H5Tcopy(type));
  std::vector<hsize_t> start(types_[column].dims.size() + 1, 0), count{1};
  for (const std::int64_t dim : types_[column].dims) count.push_back(static_cast<hsize_t>(dim));
  hsize_t each = 1;
  for (const hsize_t n : count) each *= n;
  constexpr std::size_t kBytesAtOnce = std::size_t{1} << 20;
  const hsize_t rowsAtOnce = std::max<hsize_t>(1, kBytesAtOnce / (each * size));
  const Hdf5Handle space(H5Dget_space(dataset));
  if (!memory || !space) return unreadable();
  std::int64_t total = 0;
  std::vector<char> entries;
  for (start[0] = 0; start[0] < static_cast<hsize_t>(found.rows); start[0] += count[0]) {
    count[0] = std::min<hsize_t>(rowsAtOnce, static_cast<hsize_t>(found.rows) - start[0]);
    const hsize_t elements = count[0] * each;
    const Hdf5Handle part(H5Screate_simple(1, &elements, nullptr));
    if (!part || H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr) < 0) return unreadable();
    entries.assign(elements * size, 0);
    if (H5Dread(dataset, memory.get(), part.get(), space.get(), H5P_DEFAULT, entries.data()) < 0) return unreadable();
    for (hsize_t i = 0; i < elements; ++i) {
      const char* const entry = entries.data() + i * size;
      std::string& text = found.texts.emplace_back();
      if (isVariable) {
        const char* written = nullptr;
        std::memcpy(static_cast<void*>(&written), entry, sizeof written);
        if (written != nullptr) text = written;
      } else {
        text.assign(entry, size);
        if (padding == H5T_STR_NULLTERM) text.resize(std::min(text.find('\0'), size));
        if (padding == H5T_STR_NULLPAD) text.resize(text.find_last_not_of('\0') + 1);
        if (padding == H5T_STR_SPACEPAD) text.resize(text.find_last_not_of(' ') + 1);
      }
      total += static_cast<std::int64_t>(text.size());
    }
    if (isVariable) H5Dvlen_reclaim(memory.get(), part.get(), H5P_DEFAULT, entries.data());
    if (total > most) return bad("its strings are longer than the file can hold: it is damaged");
  }
  return {};
}

/// Reads the chunks as they are; false if HDF5 itself has to decode them (other filters, chunks that were never written).
Expected<bool, DataError> Hdf5Source::readChunks(hid_t dataset, hid_t plist, const std::vector<hsize_t>& dims, const std::vector<hsize_t>& chunk,
                                                 Found& found) const {
  ChunkedData& out = found.chunks;
  const int filters = H5Pget_nfilters(plist);
  for (int i = 0; i < filters; ++i) {
    unsigned flags = 0, config = 0;
    std::size_t values = 0;
    const H5Z_filter_t filter = H5Pget_filter2(plist, static_cast<unsigned>(i), &flags, &values, nullptr, 0, nullptr, &config);
    if (filter == H5Z_FILTER_DEFLATE) {
      out.filters.push_back(ChunkFilter::Deflate);
    } else if (filter == H5Z_FILTER_SHUFFLE) {
      out.filters.push_back(ChunkFilter::Shuffle);
    } else {
      return false;
    }
  }
  // Without a filter HDF5 says how long a chunk should be, and H5Dread_chunk writes as much as the file says that it is.
  if (out.filters.empty()) return false;
  const std::size_t rank = dims.size();
  std::vector<hsize_t> origin(rank, 0);
  // Chunks do not overlap: else a small file could be read any number of times.
  hsize_t unread = mapping_->size();
  while (true) {
    hsize_t stored = 0;
    if (H5Dget_chunk_storage_size(dataset, origin.data(), &stored) < 0 || stored == 0) return false;
    if (stored > unread) return bad("its chunks are larger than the file: the file is damaged");
    unread -= stored;
    RawChunk raw;
    raw.origin.assign(origin.begin(), origin.end());
    raw.bytes.resize(stored);
    if (H5Dread_chunk(dataset, H5P_DEFAULT, origin.data(), &raw.skipped, raw.bytes.data()) < 0)
      return bad("a chunk cannot be read: the file is truncated or damaged");
    out.chunks.push_back(std::move(raw));
    std::size_t axis = rank;
    while (axis > 0 && (origin[axis - 1] += chunk[axis - 1]) >= dims[axis - 1]) origin[--axis] = 0;
    if (axis == 0) return true;
  }
}

Expected<ClientColumns, DataError> Hdf5Source::read(std::size_t client) {
  const std::string& id = ids_[client];
  try {
    ClientColumns out;
    std::vector<Found> found;
    {
      Hdf5Lock lock;
      auto features = find(id, out.rows);
      if (!features) return tl::unexpected(features.error());
      found = std::move(*features);
    }
    // Everything below runs outside the lock. One block holds what cannot be used where it lies.
    struct Owner {
      std::shared_ptr<const Mapping> mapping;
      std::vector<std::shared_ptr<char>> blocks;
    };
    auto owner = std::make_shared<Owner>();
    owner->mapping = mapping_;
    for (std::size_t c = 0; c < found.size(); ++c) {
      Found& feature = found[c];
      if (feature.way == Found::Way::Mapped) {
        const char* data = mapping_->data() + feature.offset;
        if (reinterpret_cast<std::uintptr_t>(data) % kAlignment == 0 && types_[c].elem != core::Elem::Bool) {
          // Page faults belong to this thread, not to the kernel that will read the rows.
          constexpr std::uintptr_t kPage = 4096;
          volatile char sink = 0;
          for (std::int64_t at = 0; at < feature.bytes; at += static_cast<std::int64_t>(kPage)) sink = data[at];
          static_cast<void>(sink);
          out.columns.push_back(data);
          continue;
        }
        feature.memory = uninitialised(feature.bytes);
        std::memcpy(feature.memory.get(), data, static_cast<std::size_t>(feature.bytes));
      } else if (feature.way == Found::Way::Chunked) {
        feature.memory = uninitialised(feature.bytes);
        if (const auto decoded = decode(feature.chunks, feature.memory.get()); !decoded) {
          return bad(fmt::format("feature `{}` of client `{}`: {}: the file is damaged", columns_[c].feature, id, decoded.error().message), {},
                     columns_[c].span);
        }
        feature.chunks = {};
      } else if (feature.memory == nullptr) {
        feature.memory = uninitialised(feature.bytes);
      }
      for (std::size_t i = 0; i < feature.texts.size(); ++i) {
        if (const auto problem = core::stringProblem(feature.texts[i])) {
          return bad(fmt::format("feature `{}` of client `{}`, row {}: {}", columns_[c].feature, id,
                                 i / (feature.texts.size() / static_cast<std::size_t>(feature.rows)), *problem),
                     "strings are UTF-8: rewrite the data", columns_[c].span);
        }
        reinterpret_cast<core::StringId*>(feature.memory.get())[i] = core::intern(feature.texts[i]);
      }
      if (types_[c].elem == core::Elem::Bool) {
        // A bool is 0 or 1 in memory, whatever the enumeration in the file says.
        for (std::int64_t i = 0; i < feature.bytes; ++i) feature.memory.get()[i] = feature.memory.get()[i] != 0 ? 1 : 0;
      }
      out.columns.push_back(feature.memory.get());
      out.bytes += alignedBytes(feature.bytes);
      owner->blocks.push_back(std::move(feature.memory));
    }
    out.owner = std::move(owner);
    return out;
  } catch (const std::bad_alloc&) {
    return bad(fmt::format("client `{}` does not fit in memory", id));
  }
}

}  // namespace

Expected<std::shared_ptr<ClientSource>, DataError> openHdf5(const std::string& path, const std::vector<core::Column>& columns) {
  std::vector<FeatureType> types;
  for (const core::Column& column : columns) {
    const auto type = featureType(column);
    if (!type) return tl::unexpected(type.error());
    types.push_back(*type);
  }
  auto source = std::make_shared<Hdf5Source>(path, columns, std::move(types));
  if (auto opened = source->open(); !opened) return tl::unexpected(opened.error());
  return source;
}

}  // namespace fedc::runtime
