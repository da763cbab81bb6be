#include <fmt/format.h>

#include <algorithm>

#include "runtime/data/client_source.h"

namespace fedc::runtime {
namespace {

class JoinedSource final : public ClientSource {
 public:
  explicit JoinedSource(std::vector<std::shared_ptr<ClientSource>> sources) : sources_(std::move(sources)) {}
  std::size_t size() const override { return sources_.front()->size(); }
  std::string id(std::size_t client) const override { return sources_.front()->id(client); }
  bool isGenerated() const override {
    return std::all_of(sources_.begin(), sources_.end(), [](const auto& s) { return s->isGenerated(); });
  }
  Expected<ClientColumns, DataError> read(std::size_t client) override {
    ClientColumns all;
    auto owners = std::make_shared<std::vector<std::shared_ptr<const void>>>();
    for (const auto& source : sources_) {
      auto one = source->read(client);
      if (!one) return one;
      if (all.extents.empty()) all.rows = one->rows;
      all.extents.push_back(one->rows);
      all.columns.insert(all.columns.end(), one->columns.begin(), one->columns.end());
      all.bytes += one->bytes;
      owners->push_back(std::move(one->owner));
    }
    all.owner = std::move(owners);
    return all;
  }

 private:
  std::vector<std::shared_ptr<ClientSource>> sources_;
};

}  // namespace

Expected<std::shared_ptr<ClientSource>, DataError> joined(std::vector<std::shared_ptr<ClientSource>> sources, const std::vector<std::string>& names) {
  // Ids ascend in each, so the first place where two differ names a client that one of them lacks.
  const auto lacks = [&](std::size_t has, std::size_t without, std::size_t client) {
    return tl::unexpected(DataError{fmt::format("client `{}` is in `{}` and not in `{}`", sources[has]->id(client), names[has], names[without]),
                                    "clients take part with all their data (`--data NAME=FILE`): each file has the same ids",
                                    {}});
  };
  for (std::size_t s = 1; s < sources.size(); ++s) {
    const std::size_t common = std::min(sources[0]->size(), sources[s]->size());
    for (std::size_t c = 0; c < common; ++c) {
      const std::string a = sources[0]->id(c), b = sources[s]->id(c);
      if (a != b) return a < b ? lacks(0, s, c) : lacks(s, 0, c);
    }
    if (sources[0]->size() != sources[s]->size()) return sources[0]->size() > common ? lacks(0, s, common) : lacks(s, 0, common);
  }
  return std::make_shared<JoinedSource>(std::move(sources));
}

}  // namespace fedc::runtime
