#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "runtime/data/client_source.h"

namespace fedc::runtime {

/// Reads clients on threads of its own, ahead of their use, and keeps decoded ones in memory up to a budget of bytes; the least recently used
/// go first. A client that is in use, or about to be (planned), stays. Generated clients have a small budget of their own.
class Loader {
 public:
  struct Options {
    /// Bytes of decoded clients; clients in use may exceed it.
    std::int64_t cacheBytes = 0;
    /// Threads that read and decode.
    int threads = 2;
  };
  using SourceId = std::uint32_t;

  /// One client of one source, at one step of a run. Steps ascend (rounds and evaluations, numbered through); a client may be requested several
  /// times in a step, which is one use.
  struct Use {
    SourceId source = 0;
    std::uint32_t client = 0;
    std::int64_t step = 0;
  };

  class Entry;

  /// A wish for a client's data, kept by whoever waits for it; after `release` it can be used again.
  class Request {
   public:
    virtual ~Request() = default;
    /// The data, once it is there; null if it cannot be read.
    const ClientColumns* data() const;
    /// Why it cannot be read.
    const DataError& error() const;
    /// Whether this wish made the client be read for the first time.
    bool cold() const { return cold_; }

   protected:
    /// Called by `Loader::request`, inside its lock, before it says that the data is not there yet.
    virtual void missing() noexcept {}
    /// Called once, on a reading thread, if `Loader::request` said that the data is not there yet.
    virtual void ready() noexcept = 0;

   private:
    friend class Loader;
    Entry* entry_ = nullptr;
    Request* next_ = nullptr;
    bool cold_ = false;
  };

  explicit Loader(Options options);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  /// Before any use of it.
  SourceId add(std::shared_ptr<ClientSource> source);
  const ClientSource& source(SourceId id) const;

  /// What will be requested, in order, a piece at a time: `next` appends the next uses, or returns false when there are no more. It is called on
  /// the reading threads, one at a time. A use whose step the client has already been requested in is not planned any more.
  void plan(std::function<bool(std::vector<Use>&)> next);

  /// True: the data, or its error, is there. False: `request.ready()` will be called. Either way the client stays until `release`.
  bool request(Use use, Request& request);
  /// The same, waiting for the data.
  void wait(Use use, Request& request);
  void release(Request& request);

  struct Statistics {
    std::int64_t cachedBytes = 0;
    std::uint64_t reads = 0;
    std::uint64_t evictions = 0;
  };
  Statistics statistics() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fedc::runtime
