#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/spin_mutex.h>
#include <oneapi/tbb/task_arena.h>

#include <atomic>
#include <cstring>
#include <limits>
#include <mutex>
#include <optional>
#include <thread>

#include "runtime/clock.h"
#include "runtime/graph/client_call.h"
#include "runtime/graph/executor.h"
#include "runtime/graph/tree.h"

namespace fedc::runtime {

struct Workers::Impl {
  explicit Impl(int threads)
      : count(threads), control(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(threads)), arena(threads) {
    arena.initialize();
  }
  int count;
  tbb::global_control control;
  tbb::task_arena arena;
};

Workers::Workers(int threads)
    : impl_(std::make_unique<Impl>(threads > 0 ? threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency())))) {}
Workers::~Workers() = default;
int Workers::count() const { return impl_->count; }

namespace {

namespace flow = tbb::flow;

constexpr std::int64_t kNowhere = std::numeric_limits<std::int64_t>::max();

/// The slots of the arena that have nothing to do help with the caller's nests. Isolated: while the caller waits it must not start another client,
/// whose call would use the same buffers.
class ArenaTeam final : public Team {
 public:
  explicit ArenaTeam(int threads) : parts_(std::int64_t{4} * threads) {}

  void run(void (*nest)(const void* context, std::int64_t lo, std::int64_t hi), const void* context, std::int64_t extent) noexcept override {
    const std::int64_t grain = std::max<std::int64_t>(1, extent / parts_);
    tbb::this_task_arena::isolate([&] {
      tbb::parallel_for(tbb::blocked_range<std::int64_t>(0, extent, static_cast<std::size_t>(grain)),
                        [&](const tbb::blocked_range<std::int64_t>& r) { nest(context, r.begin(), r.end()); });
    });
  }

 private:
  const std::int64_t parts_;
};

/// Accumulator blocks that nobody uses now; the last one returned is the first to go out, since it is still in a cache.
class Pool {
 public:
  void setSize(std::int64_t bytes) { bytes_ = bytes; }
  char* take() {
    {
      const tbb::spin_mutex::scoped_lock lock(mutex_);
      if (!free_.empty()) {
        char* block = free_.back();
        free_.pop_back();
        return block;
      }
    }
    auto fresh = std::make_unique<Buffer>(bytes_);
    char* block = fresh->data();
    const tbb::spin_mutex::scoped_lock lock(mutex_);
    all_.push_back(std::move(fresh));
    free_.reserve(all_.size());
    return block;
  }
  void give(char* block) {
    if (block == nullptr) return;
    const tbb::spin_mutex::scoped_lock lock(mutex_);
    free_.push_back(block);
  }

 private:
  tbb::spin_mutex mutex_;
  std::int64_t bytes_ = 0;
  std::vector<std::unique_ptr<Buffer>> all_;
  std::vector<char*> free_;
};

/// One phase as a flow graph. The token is the block: it has one client under way at a time.
class PhaseFlow {
 public:
  PhaseFlow(const PhasePlan& phase, GraphValues& values, WaitMeter& meter, int threads, Team* team);

  /// Runs the clients of the phase and merges; the merged accumulator stays until `finish`.
  std::optional<Failure> run(const Cohort& cohort);
  const char* merged() const { return root_; }
  char* zero() { return zero_.data(); }
  /// Between runs. Of the seconds that this phase took, all but waiting is shared out as its workers were busy.
  void addTo(GraphTimes& times) const;
  /// Spent in `run`.
  double seconds() const { return seconds_; }
  void finish();

 private:
  struct Block;
  struct Worker;
  using DataNode = flow::async_node<Block*, Block*>;
  using Gateway = DataNode::gateway_type;

  struct Block final : Loader::Request {
    PhaseFlow* flow = nullptr;
    std::int64_t index = 0;
    std::int64_t position = 0;
    std::int64_t last = 0;
    char* accumulator = nullptr;
    bool aborted = false;
    Gateway* gateway = nullptr;
    void missing() noexcept override { flow->meter_.wait(1, cold()); }
    void ready() noexcept override {
      // The graph may be gone as soon as it has stopped waiting for this block.
      Gateway* const to = gateway;
      flow->meter_.wait(-1, cold());
      to->try_put(this);
      to->release_wait();
    }
  };

  Block* issue(tbb::flow_control& control);
  void fetch(Block* block, Gateway& gateway) noexcept;
  void train(Block* block) noexcept;
  bool advance(Block* block) noexcept;
  void climb(Block* block) noexcept;
  void failAt(Failure failure) noexcept;
  Worker& worker();
  /// The team, if there are threads without a block of their own.
  Team* idle() const { return unfinished_.load(std::memory_order_relaxed) < threads_ ? team_ : nullptr; }

  const PhasePlan& phase_;
  GraphValues& values_;
  WaitMeter& meter_;
  const int threads_;
  Team* const team_;
  /// Blocks of this run that are not merged yet.
  std::atomic<std::int64_t> unfinished_{0};

  // The cohort of this run.
  const Cohort* cohort_ = nullptr;
  Blocks cut_;
  std::vector<Block> blocks_;
  std::int64_t issued_ = 0;
  std::int64_t leaves_ = -1;
  std::optional<MergeTree> tree_;
  /// For each inner node of the tree the child that arrived first.
  std::unique_ptr<std::atomic<char*>[]> waiting_;
  std::int64_t waitingSize_ = 0;
  char* root_ = nullptr;

  // The lowest failure: of a client, and of a merge (by the number of the node that it makes).
  std::atomic<std::int64_t> failedPosition_{kNowhere};
  std::mutex failureMutex_;
  Failure failure_;
  std::int64_t failedNode_ = kNowhere;
  std::uint32_t failedNodeSite_ = 0;

  Pool pool_;
  Buffer zero_;
  /// By slot of the task arena; `turn` says for which run a worker's call was prepared.
  struct Worker {
    ClientCall call;
    std::uint64_t turn = 0;
    /// Seconds with clients, and with merges.
    double trained = 0, merged = 0;
  };
  std::vector<Worker> workers_;
  std::uint64_t turn_ = 0;
  double seconds_ = 0;

  flow::graph graph_;
  flow::input_node<Block*> source_;
  flow::limiter_node<Block*> limiter_;
  DataNode data_;
  flow::function_node<Block*, Block*> train_;
  flow::multifunction_node<Block*, std::tuple<Block*, Block*>, flow::lightweight> next_;
  flow::function_node<Block*, flow::continue_msg> merge_;
};

PhaseFlow::PhaseFlow(const PhasePlan& phase, GraphValues& values, WaitMeter& meter, int threads, Team* team)
    : phase_(phase),
      values_(values),
      meter_(meter),
      threads_(threads),
      team_(team),
      blocks_(static_cast<std::size_t>(Blocks::kMost)),
      zero_(phase.accumulatorBytes),
      workers_(static_cast<std::size_t>(threads)),
      source_(graph_, [this](tbb::flow_control& control) { return issue(control); }),
      limiter_(graph_, static_cast<std::size_t>(threads) + 1),
      data_(graph_, flow::unlimited, [this](Block* block, Gateway& gateway) noexcept { fetch(block, gateway); }),
      train_(graph_, flow::unlimited,
             [this](Block* block) noexcept {
               train(block);
               return block;
             }),
      next_(graph_, flow::unlimited,
            [this](Block* block, auto& ports) noexcept {
              if (advance(block)) {
                std::get<0>(ports).try_put(block);
              } else {
                std::get<1>(ports).try_put(block);
              }
            }),
      merge_(graph_, flow::unlimited, [this](Block* block) noexcept {
        climb(block);
        return flow::continue_msg{};
      }) {
  pool_.setSize(phase.accumulatorBytes);
  flow::make_edge(source_, limiter_);
  flow::make_edge(limiter_, data_);
  flow::make_edge(data_, train_);
  flow::make_edge(train_, next_);
  flow::make_edge(flow::output_port<0>(next_), data_);
  flow::make_edge(flow::output_port<1>(next_), merge_);
  flow::make_edge(merge_, limiter_.decrementer());
}

std::optional<Failure> PhaseFlow::run(const Cohort& cohort) {
  cohort_ = &cohort;
  cut_ = Blocks::of(static_cast<std::int64_t>(cohort.clients.size()));
  issued_ = 0;
  unfinished_ = cut_.count;
  failedPosition_ = kNowhere;
  failedNode_ = kNowhere;
  ++turn_;
  root_ = nullptr;
  if (cut_.count == 0) {
    root_ = pool_.take();
    std::memcpy(root_, zero_.data(), static_cast<std::size_t>(phase_.accumulatorBytes));
    return std::nullopt;
  }
  if (leaves_ != cut_.count) {
    leaves_ = cut_.count;
    tree_.emplace(leaves_);
    waitingSize_ = tree_->nodes();
    waiting_ = std::make_unique<std::atomic<char*>[]>(static_cast<std::size_t>(waitingSize_));
  }
  const auto start = Clock::now();
  source_.activate();
  graph_.wait_for_all();
  seconds_ += secondsSince(start);
  for (std::int64_t node = 0; node < waitingSize_; ++node) {
    // After a failure some first arrivals have waited in vain.
    pool_.give(waiting_[static_cast<std::size_t>(node)].exchange(nullptr));
  }
  if (failedPosition_ != kNowhere) {
    finish();
    return failure_;
  }
  if (failedNode_ != kNowhere) {
    finish();
    return Failure{Failure::Kind::Check, -1, failedNodeSite_, {}};
  }
  return std::nullopt;
}

void PhaseFlow::addTo(GraphTimes& times) const {
  double trained = 0, merged = 0;
  for (const Worker& worker : workers_) {
    trained += worker.trained;
    merged += worker.merged;
  }
  const double busy = trained + merged;
  if (busy == 0) return;
  times.train += seconds_ * trained / busy;
  times.aggregate += seconds_ * merged / busy;
}

void PhaseFlow::finish() { pool_.give(std::exchange(root_, nullptr)); }

/// The next block, in order; none after a failure below it.
PhaseFlow::Block* PhaseFlow::issue(tbb::flow_control& control) {
  if (issued_ == cut_.count || cut_.first(issued_) > failedPosition_.load()) {
    control.stop();
    return nullptr;
  }
  Block& block = blocks_[static_cast<std::size_t>(issued_)];
  block.flow = this;
  block.index = issued_;
  block.position = cut_.first(issued_);
  block.last = cut_.last(issued_);
  block.accumulator = nullptr;
  block.aborted = false;
  ++issued_;
  return &block;
}

void PhaseFlow::fetch(Block* block, Gateway& gateway) noexcept {
  if (phase_.readsData) {
    const std::uint32_t client = cohort_->clients[static_cast<std::size_t>(block->position)];
    block->gateway = &gateway;
    // Before the request: its answer may come at once, on another thread.
    gateway.reserve_wait();
    if (!cohort_->loader->request({cohort_->source, client, cohort_->step}, *block)) return;
    gateway.try_put(block);
    gateway.release_wait();
    return;
  }
  gateway.try_put(block);
}

PhaseFlow::Worker& PhaseFlow::worker() {
  Worker& worker = workers_[static_cast<std::size_t>(tbb::this_task_arena::current_thread_index())];
  if (worker.turn != turn_) {
    worker.turn = turn_;
    worker.call.begin(phase_, values_);
  }
  return worker;
}

void PhaseFlow::failAt(Failure failure) noexcept {
  const std::lock_guard lock(failureMutex_);
  if (failure.position >= failedPosition_.load()) return;
  failure_ = std::move(failure);
  failedPosition_ = failure_.position;
}

void PhaseFlow::train(Block* block) noexcept {
  const std::int64_t position = block->position;
  // A failure below this position has decided the run already.
  block->aborted = position > failedPosition_.load(std::memory_order_relaxed);
  const ClientColumns* columns = phase_.readsData ? block->data() : nullptr;
  if (!block->aborted && phase_.readsData && columns == nullptr) {
    failAt({Failure::Kind::Data, position, 0, block->error()});
    block->aborted = true;
  }
  if (!block->aborted) {
    meter_.compute(1);
    if (block->accumulator == nullptr) {
      block->accumulator = pool_.take();
      std::memcpy(block->accumulator, zero_.data(), static_cast<std::size_t>(phase_.accumulatorBytes));
    }
    Worker& own = worker();
    const auto start = Clock::now();
    auto failure = own.call.client(*cohort_, position, columns, block->accumulator, idle());
    own.trained += secondsSince(start);
    meter_.compute(-1);
    if (failure) {
      failAt(std::move(*failure));
      block->aborted = true;
    }
  }
}

/// To the block's next client; false if the block is done.
bool PhaseFlow::advance(Block* block) noexcept {
  if (phase_.readsData) cohort_->loader->release(*block);
  ++block->position;
  if (block->position > failedPosition_.load(std::memory_order_relaxed)) block->aborted = true;
  return !block->aborted && block->position < block->last;
}

void PhaseFlow::climb(Block* block) noexcept {
  unfinished_.fetch_sub(1, std::memory_order_relaxed);
  char* accumulator = block->accumulator;
  if (block->aborted) {
    pool_.give(accumulator);
    return;
  }
  for (std::int64_t node = block->index;;) {
    const MergeTree::Up& up = tree_->up(node);
    if (up.parent < 0) {
      root_ = accumulator;
      return;
    }
    if (!up.alone) {
      // The second to arrive merges and goes on.
      char* const other = waiting_[static_cast<std::size_t>(up.parent)].exchange(accumulator, std::memory_order_acq_rel);
      if (other == nullptr) return;
      waiting_[static_cast<std::size_t>(up.parent)].store(nullptr, std::memory_order_relaxed);
      char* const left = up.left ? accumulator : other;
      char* const right = up.left ? other : accumulator;
      if (phase_.merge != nullptr) {
        meter_.compute(1);
        Worker& own = worker();
        const auto start = Clock::now();
        const std::int64_t failed = own.call.merge(left, right, idle());
        own.merged += secondsSince(start);
        meter_.compute(-1);
        if (failed != CallArgs::kNoFailure) {
          const std::lock_guard lock(failureMutex_);
          if (up.parent < failedNode_) {
            failedNode_ = up.parent;
            failedNodeSite_ = static_cast<std::uint32_t>(failed);
          }
        }
      }
      pool_.give(right);
      accumulator = left;
    }
    node = up.parent;
  }
}

class FlowExecutor final : public GraphExecutor {
 public:
  FlowExecutor(GraphPlan plan, std::shared_ptr<Workers> workers)
      : plan_(std::move(plan)), values_(plan_), workers_(std::move(workers)), meter_(workers_->count()) {
    if (workers_->count() > 1) team_.emplace(workers_->count());
    workers_->impl().arena.execute([&] {
      for (const PhasePlan& phase : plan_.phases) phases_.push_back(std::make_unique<PhaseFlow>(phase, values_, meter_, workers_->count(), team()));
    });
  }

  Expected<std::vector<Leaf>, Failure> run(std::span<const Leaf> inputs, const Cohort& cohort) override {
    std::optional<Failure> failure;
    workers_->impl().arena.execute([&] {
      const auto start = Clock::now();
      const double clients = clientSeconds();
      failure = graph(inputs, cohort);
      serverSeconds_ += secondsSince(start) - (clientSeconds() - clients);
    });
    std::vector<Leaf> outputs;
    if (!failure) {
      for (std::size_t i = 0; i < plan_.outputs.size(); ++i) outputs.push_back(values_.output(i));
      for (std::size_t i = 0; i < plan_.clientResults.size(); ++i) outputs.push_back(values_.clientResult(i));
    }
    // Merged accumulators are read by later phases and by the outputs.
    for (auto& phase : phases_) phase->finish();
    if (failure) return tl::unexpected(std::move(*failure));
    return outputs;
  }

  std::vector<WireCount> wire() const override { return values_.counted(); }

  GraphTimes times() override {
    GraphTimes times;
    for (const auto& phase : phases_) phase->addTo(times);
    times.wait = meter_.total();
    // What was lost to waiting is in the phases' seconds.
    const double clients = times.train + times.aggregate;
    const double busy = clients > 0 ? std::max(0.0, 1 - times.wait.total() / clients) : 0;
    times.train *= busy;
    times.aggregate = times.aggregate * busy + serverSeconds_;
    return times;
  }

 private:
  Team* team() { return team_ ? &*team_ : nullptr; }
  double clientSeconds() const {
    double seconds = 0;
    for (const auto& phase : phases_) seconds += phase->seconds();
    return seconds;
  }
  static Failure atServer(std::uint32_t site) { return {Failure::Kind::Check, -1, site, {}}; }

  std::optional<Failure> graph(std::span<const Leaf> inputs, const Cohort& cohort) {
    values_.begin(static_cast<std::int64_t>(cohort.clients.size()));
    values_.setInputs(inputs);
    if (const auto site = values_.call(plan_.first, team())) return atServer(*site);
    for (std::size_t p = 0; p < phases_.size(); ++p) {
      const PhasePlan& phase = plan_.phases[p];
      PhaseFlow& flow = *phases_[p];
      if (const auto site = values_.zero(phase, flow.zero(), team())) return atServer(*site);
      if (auto failure = flow.run(cohort)) return failure;
      values_.receive(phase, flow.merged());
      if (const auto site = values_.call(phase.server, team())) return atServer(*site);
    }
    return std::nullopt;
  }

  GraphPlan plan_;
  GraphValues values_;
  std::shared_ptr<Workers> workers_;
  WaitMeter meter_;
  /// None where there is one thread.
  std::optional<ArenaTeam> team_;
  std::vector<std::unique_ptr<PhaseFlow>> phases_;
  double serverSeconds_ = 0;
};

}  // namespace

std::unique_ptr<GraphExecutor> flowExecutor(GraphPlan plan, std::shared_ptr<Workers> workers) {
  return std::make_unique<FlowExecutor>(std::move(plan), std::move(workers));
}

}  // namespace fedc::runtime
