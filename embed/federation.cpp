#include "embed/federation.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <new>
#include <numeric>

#include "embed/values.h"
#include "runtime/data/client_source.h"
#include "runtime/data/feature.h"
#include "runtime/value/buffer.h"

namespace fedc {

Federation::Federation() = default;

Federation Federation::inMemory() {
  Federation federation;
  federation.impl_ = std::make_shared<Impl>();
  return federation;
}

Federation& Federation::add(std::string id, NamedArrays features) {
  if (impl_ == nullptr) *this = inMemory();
  // Who has been given this federation keeps the clients that it had.
  if (impl_.use_count() > 1) impl_ = std::make_shared<Impl>(*impl_);
  if (auto* memory = std::get_if<Impl::Memory>(&impl_->kind)) {
    memory->clients.push_back({std::move(id), std::move(features)});
  } else {
    impl_->misuse = "clients can be added to a federation in memory only";
  }
  return *this;
}

Federation Federation::lazy(std::vector<std::string> ids, std::function<Result<NamedArrays>(const std::string& id)> read) {
  Federation federation = inMemory();
  federation.impl_->kind = Impl::Lazy{std::move(ids), std::move(read)};
  return federation;
}

Federation Federation::file(std::string path) {
  Federation federation = inMemory();
  federation.impl_->kind = Impl::File{std::move(path)};
  return federation;
}

namespace embed {
namespace {

using runtime::ClientColumns;
using runtime::DataError;

tl::unexpected<DataError> bad(std::string message, std::string help = {}, std::optional<Span> span = {}) {
  return tl::unexpected(DataError{std::move(message), std::move(help), span});
}

/// What a kernel may look at where there are no rows.
alignas(runtime::kAlignment) constexpr char kNothing[runtime::kAlignment] = {};

/// The features that a program reads, each with the type of a row.
class Reader {
 public:
  static Expected<Reader, DataError> of(const std::vector<core::Column>& columns) {
    Reader reader;
    for (const core::Column& column : columns) {
      auto type = runtime::featureType(column);
      if (!type) return tl::unexpected(type.error());
      reader.columns_.push_back({column, std::move(*type)});
    }
    return reader;
  }

  /// Checks a client's arrays; the columns point into them. `owner` stays empty.
  Expected<ClientColumns, DataError> read(const std::string& id, const NamedArrays& features) const {
    ClientColumns out;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      auto array = find(id, features, columns_[c]);
      if (!array) return tl::unexpected(array.error());
      const std::int64_t rows = (*array)->shape.front();
      if (c > 0 && rows != out.rows) {
        return bad(fmt::format("the features of client `{}` differ in length: `{}` has {} rows, `{}` has {}", id, columns_[0].declared.feature,
                               out.rows, columns_[c].declared.feature, rows),
                   {}, columns_[c].declared.span);
      }
      out.rows = rows;
      out.columns.push_back((*array)->count() == 0 ? kNothing : (*array)->data);
    }
    // A program that only counts its rows.
    if (columns_.empty() && !features.empty()) {
      const std::vector<std::int64_t>& shape = features.front().value.shape;
      if (shape.empty()) return bad(fmt::format("feature `{}` of client `{}` has no first extent that counts the rows", features.front().name, id));
      out.rows = shape.front();
    }
    return out;
  }

 private:
  struct Column {
    core::Column declared;
    runtime::FeatureType type;
  };

  static Expected<const Array*, DataError> find(const std::string& id, const NamedArrays& features, const Column& column) {
    const std::string& name = column.declared.feature;
    const Array* array = name.empty() && features.size() == 1 ? &features.front().value : fedc::find(features, name);
    const Span span = column.declared.span;
    if (array == nullptr) {
      std::vector<std::string> names;
      for (const NamedArray& feature : features) names.push_back(feature.name);
      if (name.empty()) return bad(fmt::format("client `{}` has {} features, the program reads one without a name", id, names.size()), {}, span);
      return bad(fmt::format("client `{}` has no feature `{}`{}", id, name,
                             names.empty() ? std::string(": it has none") : fmt::format(", it has `{}`", fmt::join(names, "`, `"))),
                 {}, span);
    }
    const std::string what = fmt::format("feature `{}` of client `{}`", name, id);
    if (auto good = checkArray(*array); !good) return bad(fmt::format("{} {}", what, good.error().message), {}, span);
    if (array->shape.empty()) return bad(fmt::format("{} is one value, without a first extent that counts the rows", what), {}, span);
    const std::vector<std::int64_t> row(array->shape.begin() + 1, array->shape.end());
    if (static_cast<core::Elem>(array->element) != column.type.elem || row != column.type.dims) {
      const std::string wanted = runtime::describe(column.type), found = describe(array->element, row);
      return bad(fmt::format("{} is `{}` in the data, `{}` in the program", what, found, wanted),
                 fmt::format("declare `{}: {}` and convert where it is used, or give it as `{}`", name.empty() ? "value" : name, found, wanted),
                 span);
    }
    if (auto good = checkElements(*array); !good) return bad(fmt::format("{} {}", what, good.error().message), {}, span);
    return array;
  }

  std::vector<Column> columns_;
};

/// The order of ids. Error: one that is there twice.
Expected<std::vector<std::size_t>, DataError> order(std::size_t count, const std::function<const std::string&(std::size_t)>& id) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return id(a) < id(b); });
  for (std::size_t i = 1; i < count; ++i) {
    if (id(order[i - 1]) == id(order[i])) return bad(fmt::format("client `{}` is given twice", id(order[i])));
  }
  return order;
}

/// Arrays of the caller, all checked before the run.
class MemorySource final : public runtime::ClientSource {
 public:
  static Expected<std::shared_ptr<runtime::ClientSource>, DataError> open(const std::shared_ptr<const Federation::Impl>& federation,
                                                                          const std::vector<core::Column>& columns) {
    auto source = std::make_shared<MemorySource>();
    const auto& clients = std::get<Federation::Impl::Memory>(federation->kind).clients;
    auto reader = Reader::of(columns);
    if (!reader) return tl::unexpected(reader.error());
    auto sorted = order(clients.size(), [&](std::size_t i) -> const std::string& { return clients[i].id; });
    if (!sorted) return tl::unexpected(sorted.error());
    for (const std::size_t i : *sorted) {
      auto columnsOf = reader->read(clients[i].id, clients[i].features);
      if (!columnsOf) return tl::unexpected(columnsOf.error());
      columnsOf->owner = federation;
      source->clients_.push_back({&clients[i].id, std::move(*columnsOf)});
    }
    return source;
  }
  std::size_t size() const override { return clients_.size(); }
  std::string id(std::size_t client) const override { return *clients_[client].id; }
  Expected<ClientColumns, DataError> read(std::size_t client) override { return clients_[client].columns; }

 private:
  struct Client {
    const std::string* id;
    ClientColumns columns;
  };
  std::vector<Client> clients_;
};

class LazySource final : public runtime::ClientSource {
 public:
  LazySource(std::shared_ptr<const Federation::Impl> federation, Reader reader, std::vector<std::size_t> order)
      : federation_(std::move(federation)), reader_(std::move(reader)), order_(std::move(order)) {}
  std::size_t size() const override { return order_.size(); }
  std::string id(std::size_t client) const override { return lazy().ids[order_[client]]; }
  Expected<ClientColumns, DataError> read(std::size_t client) override {
    const std::string& id = lazy().ids[order_[client]];
    auto given = lazy().read(id);
    if (!given) return bad(fmt::format("client `{}` cannot be read: {}", id, given.error().problems.front().message));
    auto columns = reader_.read(id, *given);
    if (!columns) return columns;
    for (const NamedArray& feature : *given) columns->bytes += feature.value.count() * static_cast<std::int64_t>(bytesOf(feature.value.element));
    columns->owner = std::make_shared<NamedArrays>(std::move(*given));
    return columns;
  }

 private:
  const Federation::Impl::Lazy& lazy() const { return std::get<Federation::Impl::Lazy>(federation_->kind); }

  std::shared_ptr<const Federation::Impl> federation_;
  Reader reader_;
  std::vector<std::size_t> order_;
};

Expected<std::shared_ptr<runtime::ClientSource>, DataError> openLazy(std::shared_ptr<const Federation::Impl> federation,
                                                                     const std::vector<core::Column>& columns) {
  auto reader = Reader::of(columns);
  if (!reader) return tl::unexpected(reader.error());
  const std::vector<std::string>& ids = std::get<Federation::Impl::Lazy>(federation->kind).ids;
  auto sorted = order(ids.size(), [&](std::size_t i) -> const std::string& { return ids[i]; });
  if (!sorted) return tl::unexpected(sorted.error());
  return std::make_shared<LazySource>(std::move(federation), std::move(*reader), std::move(*sorted));
}

}  // namespace

void useFederation(const Federation& federation, std::string& path, runtime::OpenClients& open) {
  path.clear();
  const std::shared_ptr<const Federation::Impl> impl = federation.impl();
  if (!impl->misuse.empty()) {
    open = [impl](const std::vector<core::Column>&) { return bad(impl->misuse); };
    return;
  }
  if (const auto* file = std::get_if<Federation::Impl::File>(&impl->kind)) {
    path = file->path;
  } else if (std::holds_alternative<Federation::Impl::Lazy>(impl->kind)) {
    open = [impl](const std::vector<core::Column>& columns) { return openLazy(impl, columns); };
  } else {
    open = [impl](const std::vector<core::Column>& columns) { return MemorySource::open(impl, columns); };
  }
}

}  // namespace embed
}  // namespace fedc
