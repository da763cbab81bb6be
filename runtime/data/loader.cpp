#include "runtime/data/loader.h"

#include <algorithm>
#include <cassert>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <semaphore>
#include <thread>
#include <utility>

namespace fedc::runtime {

class Loader::Entry {
 public:
  enum class Status : std::uint8_t { Absent, Queued, Loading, Ready, Failed };
  Status status = Status::Absent;
  Use use;
  /// Requests that have it now.
  std::uint32_t pins = 0;
  /// Uses in the read-ahead window.
  std::uint32_t planned = 0;
  /// Places in the queue of what is read ahead.
  std::uint32_t queued = 0;
  ClientColumns data;
  DataError error;
  Request* waiting = nullptr;
  /// Neighbours in its shelf's list.
  Entry* newer = nullptr;
  Entry* older = nullptr;
  bool listed = false;
};

struct Loader::State {
  /// Decoded clients under one budget.
  struct Shelf {
    std::int64_t budget = 0;
    /// Bytes that are there, and (as a guess) that are being read.
    std::int64_t cached = 0, loading = 0;
    /// What may be evicted; least recently used first.
    Entry* oldest = nullptr;
    Entry* newest = nullptr;
  };

  struct Source {
    std::shared_ptr<ClientSource> source;
    /// Of the clients that somebody wants or that are kept; the others have none, so that memory does not grow with all who ever took part.
    std::vector<std::unique_ptr<Entry>> entries;
    /// For each client: the last step in which it was requested, or -1; whether it has been read.
    std::vector<std::int64_t> lastStep;
    std::vector<bool> everRead;
    std::int64_t readBytes = 0;
    std::int64_t readClients = 0;
    Shelf* shelf = nullptr;
  };
  /// Generated clients get no more than this: a small federation stays, of a large one enough is made ahead that nobody waits.
  static constexpr std::int64_t kMostGenerated = std::int64_t{32} << 20;
  /// Uses beyond this many are not planned: the window costs memory and says nothing more about the near future.
  static constexpr std::size_t kWindow = 8192;

  Options options;
  mutable std::mutex mutex;
  std::condition_variable work;
  bool stop = false;
  int sleeping = 0;
  std::vector<Source> sources;
  std::deque<Entry*> wanted;
  std::function<bool(std::vector<Use>&)> next;
  bool planning = false;
  std::deque<Entry*> ahead;
  std::size_t window = 0;
  Shelf files, generated;
  std::uint64_t reads = 0, evictions = 0;
  std::vector<std::thread> threads;

  Entry& entry(Use use) {
    auto& slot = sources[use.source].entries[use.client];
    if (slot == nullptr) {
      slot = std::make_unique<Entry>();
      slot->use = use;
    }
    return *slot;
  }

  std::int64_t& lastStep(const Entry& e) { return sources[e.use.source].lastStep[e.use.client]; }
  Shelf& shelf(const Entry& e) { return *sources[e.use.source].shelf; }

  /// Forgets a client that nobody wants and of which nothing is kept.
  void settle(Entry& e) {
    if (e.pins != 0 || e.planned != 0 || e.queued != 0) return;
    if (e.status == Entry::Status::Absent) sources[e.use.source].entries[e.use.client] = nullptr;
  }

  void unlist(Entry& e) {
    if (!e.listed) return;
    Shelf& s = shelf(e);
    (e.older != nullptr ? e.older->newer : s.oldest) = e.newer;
    (e.newer != nullptr ? e.newer->older : s.newest) = e.older;
    e.older = e.newer = nullptr;
    e.listed = false;
  }

  void list(Entry& e) {
    unlist(e);
    if (e.status != Entry::Status::Ready || e.pins != 0 || e.planned != 0) return;
    Shelf& s = shelf(e);
    e.older = s.newest;
    (s.newest != nullptr ? s.newest->newer : s.oldest) = &e;
    s.newest = &e;
    e.listed = true;
  }

  /// Evicts until `more` bytes fit, as far as there is something to evict. What goes is handed out, to be freed outside the lock.
  bool makeRoom(Shelf& s, std::int64_t more, std::vector<ClientColumns>& gone) {
    while (s.cached + more > s.budget && s.oldest != nullptr) {
      Entry& e = *s.oldest;
      unlist(e);
      s.cached -= e.data.bytes;
      gone.push_back(std::move(e.data));
      e.data = {};
      e.status = Entry::Status::Absent;
      settle(e);
      ++evictions;
    }
    return s.cached + more <= s.budget;
  }

  std::int64_t estimate(const Entry& e) const {
    const Source& s = sources[e.use.source];
    return s.readClients == 0 ? 0 : s.readBytes / s.readClients;
  }

  /// The next client to read ahead, if there is one and it fits.
  Entry* nextAhead(std::vector<ClientColumns>& gone) {
    while (!ahead.empty()) {
      Entry& e = *ahead.front();
      const bool isWanted = e.planned != 0 && e.status == Entry::Status::Absent;
      if (isWanted && !makeRoom(shelf(e), shelf(e).loading + estimate(e), gone)) return nullptr;
      ahead.pop_front();
      --e.queued;
      if (isWanted) return &e;
      settle(e);
    }
    return nullptr;
  }

  /// Asks for more uses if the window has room. The lock is open while the callback runs.
  bool extendPlan(std::unique_lock<std::mutex>& lock) {
    if (!next || planning || !ahead.empty() || window >= kWindow) return false;
    planning = true;
    std::vector<Use> uses;
    lock.unlock();
    const bool more = next(uses);
    lock.lock();
    planning = false;
    if (!more) next = nullptr;
    for (const Use use : uses) {
      if (sources[use.source].lastStep[use.client] >= use.step) continue;
      Entry& e = entry(use);
      ++e.planned;
      ++e.queued;
      ++window;
      unlist(e);
      ahead.push_back(&e);
    }
    if (sleeping != 0) work.notify_all();
    return true;
  }

  void serve() {
    std::vector<ClientColumns> gone;
    std::unique_lock lock(mutex);
    while (!stop) {
      Entry* e = nullptr;
      if (!wanted.empty()) {
        e = wanted.front();
        wanted.pop_front();
      } else if (e = nextAhead(gone); e == nullptr) {
        if (extendPlan(lock)) continue;
        if (!gone.empty()) {
          lock.unlock();
          gone.clear();
          lock.lock();
          continue;
        }
        ++sleeping;
        work.wait(lock);
        --sleeping;
        continue;
      }
      read(*e, lock, gone);
    }
  }

  void read(Entry& e, std::unique_lock<std::mutex>& lock, std::vector<ClientColumns>& gone) {
    e.status = Entry::Status::Loading;
    Source& s = sources[e.use.source];
    ClientSource& source = *s.source;
    const std::int64_t guess = estimate(e);
    s.shelf->loading += guess;
    lock.unlock();
    gone.clear();
    auto result = source.read(e.use.client);
    lock.lock();
    s.shelf->loading -= guess;
    s.everRead[e.use.client] = true;
    Request* request = std::exchange(e.waiting, nullptr);
    if (result) {
      e.data = std::move(*result);
      s.readBytes += e.data.bytes;
      ++s.readClients;
      ++reads;
      s.shelf->cached += e.data.bytes;
      e.status = Entry::Status::Ready;
      if (e.pins == 0 && e.planned == 0) list(e);
      makeRoom(*s.shelf, 0, gone);
    } else {
      e.error = std::move(result.error());
      e.status = Entry::Status::Failed;
    }
    lock.unlock();
    while (request != nullptr) {
      Request* const following = request->next_;
      request->ready();
      request = following;
    }
    lock.lock();
  }
};

const ClientColumns* Loader::Request::data() const { return entry_->status == Entry::Status::Ready ? &entry_->data : nullptr; }

const DataError& Loader::Request::error() const { return entry_->error; }

Loader::Loader(Options options) : state_(std::make_unique<State>()) {
  state_->options = options;
  state_->files.budget = options.cacheBytes;
  state_->generated.budget = std::min(options.cacheBytes, State::kMostGenerated);
  for (int i = 0; i < std::max(1, options.threads); ++i) state_->threads.emplace_back([this] { state_->serve(); });
}

Loader::~Loader() {
  {
    std::lock_guard lock(state_->mutex);
    state_->stop = true;
  }
  state_->work.notify_all();
  for (std::thread& thread : state_->threads) thread.join();
}

Loader::SourceId Loader::add(std::shared_ptr<ClientSource> source) {
  std::lock_guard lock(state_->mutex);
  State::Source s;
  s.entries.resize(source->size());
  s.lastStep.resize(source->size(), -1);
  s.everRead.resize(source->size());
  s.shelf = source->isGenerated() ? &state_->generated : &state_->files;
  s.source = std::move(source);
  state_->sources.push_back(std::move(s));
  return static_cast<SourceId>(state_->sources.size() - 1);
}

const ClientSource& Loader::source(SourceId id) const {
  std::lock_guard lock(state_->mutex);
  return *state_->sources[id].source;
}

void Loader::plan(std::function<bool(std::vector<Use>&)> next) {
  {
    std::lock_guard lock(state_->mutex);
    // Without a cache there is nowhere to read ahead to.
    if (state_->options.cacheBytes > 0) state_->next = std::move(next);
  }
  state_->work.notify_all();
}

bool Loader::request(Use use, Request& request) {
  State& s = *state_;
  bool wake = false, there = true;
  {
    std::lock_guard lock(s.mutex);
    Entry& e = s.entry(use);
    assert(request.entry_ == nullptr);
    request.entry_ = &e;
    request.cold_ = !s.sources[use.source].everRead[use.client];
    ++e.pins;
    s.unlist(e);
    std::int64_t& last = s.lastStep(e);
    const bool first = last < use.step;
    last = std::max(last, use.step);
    if (first && e.planned != 0) {
      --e.planned;
      // Wake a reader only now and then: it will find room for many.
      if (--s.window < State::kWindow / 2) wake = s.sleeping != 0 && (s.next != nullptr || !s.ahead.empty());
    }
    if (e.status != Entry::Status::Ready && e.status != Entry::Status::Failed) {
      request.next_ = e.waiting;
      e.waiting = &request;
      there = false;
      request.missing();
      if (e.status == Entry::Status::Absent) {
        e.status = Entry::Status::Queued;
        s.wanted.push_back(&e);
        wake = true;
      }
    }
  }
  if (wake) s.work.notify_one();
  return there;
}

void Loader::wait(Use use, Request& request) {
  struct Waiter final : Request {
    std::binary_semaphore done{0};
    void ready() noexcept override { done.release(); }
  } waiter;
  if (!this->request(use, waiter)) waiter.done.acquire();
  request.entry_ = waiter.entry_;
  request.cold_ = waiter.cold_;
}

void Loader::release(Request& request) {
  State& s = *state_;
  std::vector<ClientColumns> gone;
  bool wake = false;
  {
    std::lock_guard lock(s.mutex);
    Entry& e = *request.entry_;
    request.entry_ = nullptr;
    if (--e.pins == 0) {
      s.list(e);
      State::Shelf& shelf = s.shelf(e);
      if (shelf.cached > shelf.budget) s.makeRoom(shelf, 0, gone);
      wake = s.sleeping != 0 && !s.ahead.empty();
    }
  }
  if (wake) s.work.notify_one();
}

Loader::Statistics Loader::statistics() const {
  std::lock_guard lock(state_->mutex);
  return {state_->files.cached + state_->generated.cached, state_->reads, state_->evictions};
}

}  // namespace fedc::runtime
