#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compiler/core/array.h"
#include "compiler/core/graph.h"
#include "compiler/support/expected.h"

namespace fedc::runtime {

/// What is wrong with data. The client's id is added by whoever knows it.
struct DataError {
  std::string message;
  /// The ways out; may be empty.
  std::string help;
  /// Where the program declares the feature.
  std::optional<Span> span;
};

/// One client's data, decoded: for each column that was asked for, `rows` entries, dense, row-major, aligned to the element, better to 64 bytes;
/// where there are no rows, 64 bytes that may be read.
struct ClientColumns {
  std::int64_t rows = 0;
  /// Where a program reads several data: the rows of each. Otherwise empty.
  std::vector<std::int64_t> extents;
  std::vector<const void*> columns;
  /// Keeps the columns alive.
  std::shared_ptr<const void> owner;
  /// Memory that goes when `owner` goes (mapped files count nothing).
  std::int64_t bytes = 0;

  /// What functions take as the extents of a client's data.
  const std::int64_t* dims() const { return extents.empty() ? &rows : extents.data(); }
};

/// A federation's data: a file, memory, or something synthetic. Made for certain columns; reads nothing else.
class ClientSource {
 public:
  virtual ~ClientSource() = default;
  /// Number of clients. Constant.
  virtual std::size_t size() const = 0;
  /// Of client 0 .. size() - 1; in ascending byte order. Constant; thread-safe.
  virtual std::string id(std::size_t client) const = 0;
  /// Reads and decodes one client. Thread-safe; blocks.
  virtual Expected<ClientColumns, DataError> read(std::size_t client) = 0;
  /// Clients that are made, not read: to make one again costs little, so not much memory is given to keeping them.
  virtual bool isGenerated() const { return false; }
};

/// Opens a federation for the columns that a graph reads.
using OpenClients = std::function<Expected<std::shared_ptr<ClientSource>, DataError>(const std::vector<core::Column>&)>;

/// Data in memory: for each client its id and an array for each column, first extent the rows. Ids come in any order, each once. Checks types.
struct MemoryClient {
  std::string id;
  std::vector<core::Array> columns;
  /// Counts if there are no columns.
  std::int64_t rows = 0;
};
Expected<std::shared_ptr<ClientSource>, DataError> memorySource(std::vector<MemoryClient> clients, const std::vector<core::Column>& columns);

/// The data of several sources side by side, joined by the clients' ids: first the first one's columns. Error: a client that not all of them have;
/// `names` is what they are called.
Expected<std::shared_ptr<ClientSource>, DataError> joined(std::vector<std::shared_ptr<ClientSource>> sources, const std::vector<std::string>& names);

/// A part of a source: the clients at these indices (ascending).
std::shared_ptr<ClientSource> restricted(std::shared_ptr<ClientSource> source, std::vector<std::size_t> clients);

/// Which clients of a source a restriction names, ascending. Comma-separated items: `a..b` (indices, b excluded), an id, or, if no
/// client is called so, an index; or `@file`: ids or indices, one a line. Errors: nothing selected, unknown ids (with the nearest), an index past the
/// end.
Expected<std::vector<std::size_t>> selectClients(const std::string& restriction, const ClientSource& source);

}  // namespace fedc::runtime
