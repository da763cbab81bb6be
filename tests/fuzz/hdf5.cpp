// A federation in HDF5, as hostile as its writer can make it: the input is a recipe, read byte by byte, of which libhdf5 makes a file, so that what
// reaches our reader is any type, shape, layout, filter pipeline and chunk that a file can hold. libhdf5 itself is not under test (docs/data.md,
// "Files from strangers"): bytes of its own structures are left alone.
// links: fedc_runtime
#include <hdf5.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "runtime/data/hdf5_source.h"
#include "runtime/data/inspect.h"
#include "tests/fuzz/support/files.h"
#include "tests/fuzz/support/require.h"

namespace fedc::fuzz {

bool hdf5(std::string_view input);

namespace {

/// The input, byte by byte; zeros when it is used up.
class Recipe {
 public:
  explicit Recipe(std::string_view bytes) : bytes_(bytes) {}
  std::size_t below(std::size_t count) { return byte() % count; }
  bool flag() { return (byte() & 1) != 0; }
  unsigned byte() {
    if (bytes_.empty()) return 0;
    const auto value = static_cast<unsigned char>(bytes_.front());
    bytes_.remove_prefix(1);
    return value;
  }
  std::string text(std::size_t most) {
    const std::size_t size = std::min({static_cast<std::size_t>(byte()), most, bytes_.size()});
    std::string out(bytes_.substr(0, size));
    bytes_.remove_prefix(size);
    return out;
  }
  /// Mostly small, now and then what overflows.
  hsize_t extent() {
    static constexpr hsize_t kExtents[] = {
        0, 1, 2, 3, 4, 5, 7, 100, 65536, hsize_t{1} << 31, hsize_t{1} << 40, (hsize_t{1} << 62) + 1, hsize_t{1} << 63};
    const unsigned b = byte();
    return b < 0xe0 ? kExtents[b % 6] : kExtents[b % std::size(kExtents)];
  }

 private:
  std::string_view bytes_;
};

/// An identifier that is given back, whatever kind it is of; negative ones are the errors of whoever made them.
class Id {
 public:
  explicit Id(hid_t id) : id_(id) {}
  ~Id() {
    if (id_ >= 0) H5Idec_ref(id_);
  }
  Id(const Id&) = delete;
  Id& operator=(const Id&) = delete;
  operator hid_t() const { return id_; }

 private:
  hid_t id_;
};

constexpr const char* kNames[] = {"x", "y", "a.b", "a", "b", "", ".", "x/y"};

hid_t elementType(Recipe& r) {
  switch (r.below(24)) {
    case 0: return H5Tcopy(H5T_IEEE_F32LE);
    case 1: return H5Tcopy(H5T_IEEE_F32BE);
    case 2: return H5Tcopy(H5T_IEEE_F64LE);
    case 3: return H5Tcopy(H5T_STD_I8LE);
    case 4: return H5Tcopy(H5T_STD_U8LE);
    case 5: return H5Tcopy(H5T_STD_I16BE);
    case 6: return H5Tcopy(H5T_STD_I32LE);
    case 7: return H5Tcopy(H5T_STD_U32LE);
    case 8: return H5Tcopy(H5T_STD_I64LE);
    case 9: return H5Tcopy(H5T_STD_U64BE);
    case 10: {
      const hid_t t = H5Tcopy(H5T_STD_U8LE);
      H5Tset_size(t, 1 + r.below(20));
      return t;
    }
    case 11: {
      const hid_t t = H5Tcopy(H5T_STD_I32LE);
      H5Tset_precision(t, 1 + r.below(32));
      H5Tset_offset(t, r.below(32));
      return t;
    }
    case 12: {
      // f16, bf16, and what only looks like them.
      const hid_t t = H5Tcopy(H5T_IEEE_F32LE);
      const std::size_t exponent = 1 + r.below(14);
      H5Tset_fields(t, 15, 15 - exponent, exponent, 0, 15 - exponent);
      H5Tset_precision(t, 16);
      H5Tset_size(t, 2 + r.below(3));
      return t;
    }
    case 13: {
      const hid_t t = H5Tcreate(H5T_COMPOUND, 8);
      H5Tinsert(t, "r", 0, H5T_IEEE_F32LE);
      H5Tinsert(t, "i", 4, H5T_IEEE_F32LE);
      return t;
    }
    case 14: return H5Tvlen_create(H5T_IEEE_F32LE);
    case 15: {
      const hid_t t = H5Tcopy(H5T_C_S1);
      H5Tset_size(t, r.flag() ? H5T_VARIABLE : 1 + r.below(9));
      return t;
    }
    case 16: {
      const hid_t t = H5Tenum_create(r.flag() ? H5T_STD_I8LE : H5T_STD_I32LE);
      const int values[] = {0, 1};
      H5Tenum_insert(t, "FALSE", &values[0]);
      H5Tenum_insert(t, "TRUE", &values[1]);
      return t;
    }
    case 17: return H5Tcreate(H5T_OPAQUE, 1 + r.below(9));
    case 18: return H5Tcopy(H5T_STD_REF_OBJ);
    case 19: {
      const hsize_t extents[] = {1 + r.below(4)};
      return H5Tarray_create2(H5T_IEEE_F32LE, 1, extents);
    }
    case 20: return H5Tcopy(H5T_UNIX_D32LE);
    case 21: return H5Tcopy(H5T_STD_B8LE);
    default: return H5Tcopy(H5T_IEEE_F32LE);
  }
}

/// Bytes of the recipe as the chunks of a dataset, as they would lie in a file. False if there are none. libhdf5 itself reads past its buffers where
/// a chunk that it decodes is shorter than it should be: such chunks are written only where our reader decodes them, which it does if every chunk is
/// there, in this machine's byte order, and no filter is another than deflate and shuffle.
bool chunks(Recipe& r, hid_t dataset, hid_t type, hid_t plist, const std::vector<hsize_t>& dims, const std::vector<hsize_t>& chunk) {
  std::size_t count = 1, bytes = H5Tget_size(type);
  for (std::size_t axis = 0; axis < dims.size(); ++axis) {
    count *= dims[axis] > 64 ? 64 : static_cast<std::size_t>((dims[axis] + chunk[axis] - 1) / chunk[axis]);
    bytes = chunk[axis] > 4096 || bytes > 4096 ? 4097 : bytes * static_cast<std::size_t>(chunk[axis]);
  }
  const int filters = H5Pget_nfilters(plist);
  bool isOurs = filters > 0 && H5Tget_order(type) != H5T_ORDER_BE;
  for (int i = 0; i < filters; ++i) {
    unsigned flags = 0, config = 0;
    std::size_t values = 0;
    const H5Z_filter_t filter = H5Pget_filter2(plist, static_cast<unsigned>(i), &flags, &values, nullptr, 0, nullptr, &config);
    isOurs = isOurs && (filter == H5Z_FILTER_DEFLATE || filter == H5Z_FILTER_SHUFFLE);
  }
  if (!r.flag() || count == 0 || count > 8 || (!isOurs && (filters > 0 || bytes > 4096))) return false;
  std::vector<hsize_t> origin(dims.size(), 0);
  while (true) {
    const std::uint32_t skipped = r.byte() & 7;
    std::string content = r.text(200);
    content.resize(std::max(content.size(), isOurs ? 1 : bytes));
    H5Dwrite_chunk(dataset, H5P_DEFAULT, skipped, origin.data(), content.size(), content.data());
    std::size_t axis = dims.size();
    while (axis > 0 && (origin[axis - 1] += chunk[axis - 1]) >= dims[axis - 1]) origin[--axis] = 0;
    if (axis == 0) return true;
  }
}

void dataset(Recipe& r, hid_t group, const char* name) {
  const Id type(elementType(r));
  std::vector<hsize_t> dims(r.below(5)), most;
  for (hsize_t& extent : dims) extent = r.extent();
  most = dims;
  if (!most.empty() && r.flag()) most[0] = H5S_UNLIMITED;
  const Id space(dims.empty() ? H5Screate(r.flag() ? H5S_SCALAR : H5S_NULL)
                              : H5Screate_simple(static_cast<int>(dims.size()), dims.data(), most.data()));
  const Id plist(H5Pcreate(H5P_DATASET_CREATE));
  std::vector<hsize_t> chunk;
  // libhdf5 may crash when it writes through these: they are in the file, but it does not apply them.
  bool isFragile = false;
  const std::size_t layout = r.below(5);
  if (layout == 0) {
    H5Pset_layout(plist, H5D_COMPACT);
  } else if (layout <= 2 && !dims.empty()) {
    for (std::size_t i = 0; i < dims.size(); ++i) chunk.push_back(std::max<hsize_t>(1, r.extent()));
    H5Pset_chunk(plist, static_cast<int>(chunk.size()), chunk.data());
    for (std::size_t filters = r.below(5); filters > 0; --filters) {
      switch (r.below(6)) {
        case 0: H5Pset_deflate(plist, 1); break;
        case 1: H5Pset_shuffle(plist); break;
        case 2: H5Pset_fletcher32(plist); break;
        case 3: isFragile |= H5Pset_scaleoffset(plist, H5Z_SO_INT, 0) >= 0; break;
        case 4: isFragile |= H5Pset_nbit(plist) >= 0; break;
        default: {
          const unsigned values[] = {1, 2, 3};
          H5Pset_filter(plist, static_cast<H5Z_filter_t>(300 + r.byte()), H5Z_FLAG_OPTIONAL, r.below(4), values);
        }
      }
    }
  } else if (r.below(8) == 7) {
    H5Pset_external(plist, "/dev/null", 0, H5F_UNLIMITED);
  }
  // The early time would write all of it, however long it claims to be.
  H5Pset_alloc_time(plist, chunk.empty() && layout != 0 ? H5D_ALLOC_TIME_LATE : H5D_ALLOC_TIME_DEFAULT);
  H5Pset_fill_time(plist, H5D_FILL_TIME_NEVER);
  const Id made(H5Dcreate2(group, name, type, space, H5P_DEFAULT, plist, H5P_DEFAULT));
  if (made < 0) return;
  if (!chunk.empty() && chunks(r, made, type, plist, dims, chunk)) return;
  // libhdf5's own count of the points overflows.
  std::uint64_t points = H5Sget_simple_extent_npoints(space) > 0 ? 1 : 0;
  for (const hsize_t extent : dims) points = std::min<std::uint64_t>(extent, 1000) * points;
  const std::size_t size = H5Tget_size(type);
  const H5T_class_t kind = H5Tget_class(type);
  // Text and ragged rows would be read through pointers.
  const bool plain = kind == H5T_INTEGER || kind == H5T_FLOAT || kind == H5T_ENUM || kind == H5T_OPAQUE || kind == H5T_COMPOUND;
  if (plain && !isFragile && r.flag() && points > 0 && points < 1000 && size < 64) {
    std::vector<char> data(static_cast<std::size_t>(points) * size);
    for (char& byte : data) byte = static_cast<char>(r.byte());
    std::uint64_t chunkBytes = size;
    for (const hsize_t extent : chunk) chunkBytes = extent > 1000 ? 1 << 20 : chunkBytes * extent;
    if (chunkBytes < 1 << 20) H5Dwrite(made, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data.data());
  }
}

void client(Recipe& r, hid_t examples, const std::string& id) {
  const Id group(H5Gcreate2(examples, id.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  if (group < 0) return;
  for (std::size_t features = r.below(4); features > 0; --features) {
    const char* name = kNames[r.below(std::size(kNames))];
    switch (r.below(16)) {
      case 0: H5Lcreate_soft("/examples", group, name, H5P_DEFAULT, H5P_DEFAULT); break;
      case 1: H5Lcreate_soft("nowhere", group, name, H5P_DEFAULT, H5P_DEFAULT); break;
      case 2: H5Lcreate_external("/dev/null", "/", group, name, H5P_DEFAULT, H5P_DEFAULT); break;
      case 3: {
        const Id inner(H5Gcreate2(group, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
        if (inner >= 0) dataset(r, inner, "b");
        break;
      }
      default: dataset(r, group, name); break;
    }
  }
}

/// The file that a recipe makes, in memory.
std::string made(Recipe& r) {
  const Id access(H5Pcreate(H5P_FILE_ACCESS));
  H5Pset_fapl_core(access, 1 << 16, 0);
  if (r.flag()) H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
  const Id creation(H5Pcreate(H5P_FILE_CREATE));
  if (r.below(16) == 15) H5Pset_userblock(creation, 512);
  const Id file(H5Fcreate("in memory", H5F_ACC_TRUNC, creation, access));
  require(file >= 0, "a file in memory");
  {
    const Id examples(H5Gcreate2(file, r.below(16) == 15 ? "exmples" : "examples", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    for (std::size_t clients = r.below(4); clients > 0; --clients) {
      if (r.below(16) == 15) {
        dataset(r, examples, "no group");
      } else {
        client(r, examples, r.flag() ? r.text(20) : "c" + std::to_string(clients));
      }
    }
  }
  H5Fflush(file, H5F_SCOPE_GLOBAL);
  const ssize_t size = H5Fget_file_image(file, nullptr, 0);
  require(size > 0, "its bytes");
  std::string image(static_cast<std::size_t>(size), '\0');
  H5Fget_file_image(file, image.data(), image.size());
  return image;
}

core::Column column(Recipe& r) {
  static constexpr core::Elem kElems[] = {core::Elem::F32, core::Elem::F64, core::Elem::I32, core::Elem::I64,  core::Elem::U8,
                                          core::Elem::I8,  core::Elem::I16, core::Elem::U64, core::Elem::Bool, core::Elem::F16};
  core::Column out;
  out.feature = r.below(8) == 7 ? "" : kNames[r.below(3)];
  out.type.elem = kElems[r.below(std::size(kElems))];
  for (std::size_t rank = r.below(4); rank > 0; --rank) out.type.dims.push_back(Dim(static_cast<std::int64_t>(r.extent() & 0x7fffffffffffffff)));
  return out;
}

/// Every byte that a client's columns are said to have can be read.
bool readAll(const std::string& path, const std::vector<core::Column>& columns) {
  const auto source = runtime::openHdf5(path, columns);
  if (!source) {
    require(!source.error().message.empty(), "a refusal has a reason");
    return false;
  }
  bool good = true;
  unsigned sum = 0;
  for (std::size_t i = 0; i < (*source)->size(); ++i) {
    const auto data = (*source)->read(i);
    good = good && data.has_value();
    if (!data) continue;
    require(data->rows >= 0 && data->columns.size() == columns.size(), "a client has rows, and what was asked for");
    for (std::size_t c = 0; c < columns.size(); ++c) {
      std::int64_t bytes = data->rows * core::elemBytes(columns[c].type.elem);
      for (const Dim& extent : columns[c].type.dims) bytes *= *extent.constant();
      const auto* at = static_cast<const unsigned char*>(data->columns[c]);
      for (std::int64_t b = 0; b < bytes; ++b) sum += at[b];
    }
  }
  // Keeps the reading from being optimised away.
  asm volatile("" : : "r"(sum));
  return good;
}

}  // namespace

bool hdf5(std::string_view input) {
  static const bool silent = H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr) >= 0;
  require(silent, "libhdf5 can be told to be silent");
  Recipe r(input);
  std::vector<core::Column> columns;
  for (std::size_t count = r.below(3); count > 0; --count) columns.push_back(column(r));
  const std::string image = made(r);
  const std::string path = memoryFolder({{"data.h5", image}}) + "/data.h5";
  (void)runtime::inspectFederation(path);
  return readAll(path, columns);
}

}  // namespace fedc::fuzz
