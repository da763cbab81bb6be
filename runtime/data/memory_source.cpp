#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "runtime/data/client_source.h"
#include "runtime/data/feature.h"

namespace fedc::runtime {
namespace {

class MemorySource final : public ClientSource {
 public:
  explicit MemorySource(std::vector<MemoryClient> clients) : clients_(std::move(clients)) {}
  std::size_t size() const override { return clients_.size(); }
  std::string id(std::size_t client) const override { return clients_[client].id; }
  Expected<ClientColumns, DataError> read(std::size_t client) override {
    const MemoryClient& from = clients_[client];
    ClientColumns columns;
    columns.rows = from.rows;
    auto keep = std::make_shared<std::vector<core::Array>>(from.columns);
    for (const core::Array& array : *keep) columns.columns.push_back(array.data());
    columns.owner = keep;
    return columns;
  }

 private:
  std::vector<MemoryClient> clients_;
};

class RestrictedSource final : public ClientSource {
 public:
  RestrictedSource(std::shared_ptr<ClientSource> source, std::vector<std::size_t> clients)
      : source_(std::move(source)), clients_(std::move(clients)) {}
  std::size_t size() const override { return clients_.size(); }
  std::string id(std::size_t client) const override { return source_->id(clients_[client]); }
  bool isGenerated() const override { return source_->isGenerated(); }
  Expected<ClientColumns, DataError> read(std::size_t client) override { return source_->read(clients_[client]); }

 private:
  std::shared_ptr<ClientSource> source_;
  std::vector<std::size_t> clients_;
};

}  // namespace

Expected<std::shared_ptr<ClientSource>, DataError> memorySource(std::vector<MemoryClient> clients, const std::vector<core::Column>& columns) {
  std::sort(clients.begin(), clients.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  for (std::size_t i = 0; i < clients.size(); ++i) {
    MemoryClient& client = clients[i];
    if (i > 0 && clients[i - 1].id == client.id) return tl::unexpected(DataError{fmt::format("client `{}` is given twice", client.id), {}, {}});
    if (client.columns.size() != columns.size()) {
      return tl::unexpected(
          DataError{fmt::format("client `{}` has {} columns, the program reads {}", client.id, client.columns.size(), columns.size()), {}, {}});
    }
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const core::Array& array = client.columns[c];
      const auto declared = featureType(columns[c]);
      if (!declared) return tl::unexpected(declared.error());
      const FeatureType found{array.elem(),
                              array.shape().empty() ? array.shape() : std::vector<std::int64_t>(array.shape().begin() + 1, array.shape().end())};
      if (array.shape().empty() || !(found == *declared)) return tl::unexpected(typeMismatch(columns[c], *declared, describe(found), client.id));
      if (c > 0 && array.shape().front() != client.rows) {
        return tl::unexpected(
            DataError{fmt::format("the columns of client `{}` differ in length: {} and {}", client.id, client.rows, array.shape().front()), {}, {}});
      }
      client.rows = array.shape().front();
    }
  }
  return std::make_shared<MemorySource>(std::move(clients));
}

std::shared_ptr<ClientSource> restricted(std::shared_ptr<ClientSource> source, std::vector<std::size_t> clients) {
  return std::make_shared<RestrictedSource>(std::move(source), std::move(clients));
}

}  // namespace fedc::runtime
