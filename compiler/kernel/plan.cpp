#include "compiler/kernel/plan.h"

#include <algorithm>
#include <map>

#include "compiler/kernel/liveness.h"

namespace fedc::kernel {

Dim capacityBytes(const Kernel& kernel, const Buffer& buffer) {
  Dim n(core::elemBytes(buffer.elem));
  for (std::size_t i = 0; i < buffer.extents.size(); ++i) {
    Dim e = i + 1 == buffer.extents.size() && buffer.padLast > 0 ? Dim(buffer.padLast) : limitOf(kernel, buffer.extents[i]);
    if (i == 0) e = e + Dim(buffer.slack);
    n = n * e;
  }
  return n;
}

namespace {

/// From the first to the last position at which a buffer's bytes matter, inclusive.
struct Interval {
  std::int64_t first = -1;
  std::int64_t last = -1;

  void include(std::int64_t at) {
    if (first < 0) first = at;
    first = std::min(first, at);
    last = std::max(last, at);
  }
  bool overlaps(const Interval& o) const { return first <= o.last && o.first <= last; }
};

class Intervals {
 public:
  explicit Intervals(const Kernel& kernel) : kernel_(kernel), intervals_(kernel.buffers.size()) { visit(kernel.body); }
  const Interval& operator[](BufferId b) const { return intervals_[b]; }

 private:
  void touch(const Statement& s) {
    const Effects e = effectsOf(s);
    for (BufferId b : e.reads) intervals_[b].include(at_);
    for (BufferId b : e.writes) intervals_[b].include(at_);
    ++at_;
  }

  void visit(const Block& block) {
    for (const Statement& s : block) {
      if (const auto* f = std::get_if<For>(&s.node)) {
        const std::int64_t begin = at_++;
        visit(f->body);
        const std::int64_t end = at_++;
        // What an iteration sees of an earlier one, or of the outside, lives through the whole loop.
        const Effects all = effectsOf(f->body);
        std::vector<BufferId> touched = all.reads;
        touched.insert(touched.end(), all.writes.begin(), all.writes.end());
        for (BufferId b : touched) {
          const bool outside = intervals_[b].first < begin || usedAfter(b, s);
          if (!outside && madeInEachIteration(f->body, b)) continue;
          intervals_[b].include(begin);
          intervals_[b].include(end);
        }
      } else if (const auto* i = std::get_if<If>(&s.node)) {
        intervals_[i->condition].include(at_++);
        visit(i->then);
        visit(i->otherwise);
      } else {
        touch(s);
      }
    }
  }

  /// The first statement of the body that touches the buffer gives it a whole new content.
  bool madeInEachIteration(const Block& body, BufferId b) const {
    for (const Statement& s : body) {
      const Effects e = effectsOf(s);
      if (!e.readsFrom(b) && !e.writesTo(b)) continue;
      if (const auto* f = std::get_if<For>(&s.node)) return !e.readsFrom(b) || madeInEachIteration(f->body, b);
      if (std::holds_alternative<If>(s.node)) return false;
      return overwrites(kernel_, s, e, b) || (!e.readsFrom(b) && writtenInParts(body, b));
    }
    return true;
  }

  /// Stores come before all reads in the block's order (parts of a concat, rows of a stack).
  bool writtenInParts(const Block& body, BufferId b) const {
    bool read = false;
    for (const Statement& s : body) {
      const Effects e = effectsOf(s);
      if (e.writesTo(b) && (read || e.readsFrom(b))) return false;
      read = read || e.readsFrom(b);
    }
    return true;
  }

  bool usedAfter(BufferId b, const Statement& loop) const {
    bool seen = false, used = false;
    const std::function<void(const Block&)> walk = [&](const Block& block) {
      for (const Statement& s : block) {
        if (&s == &loop) {
          seen = true;
          continue;
        }
        if (const auto* f = std::get_if<For>(&s.node)) {
          walk(f->body);
        } else if (const auto* i = std::get_if<If>(&s.node)) {
          used = used || (seen && i->condition == b);
          walk(i->then);
          walk(i->otherwise);
        } else if (seen) {
          const Effects e = effectsOf(s);
          used = used || e.readsFrom(b) || e.writesTo(b);
        }
      }
    };
    walk(kernel_.body);
    return used;
  }

  const Kernel& kernel_;
  std::vector<Interval> intervals_;
  std::int64_t at_ = 0;
};

std::int64_t aligned(std::int64_t bytes) { return (std::max<std::int64_t>(bytes, 1) + 63) / 64 * 64; }

}  // namespace

void plan(Kernel& kernel, PlanOptions options) {
  const Effects used = effectsOf(kernel.body);
  const Intervals intervals(kernel);
  struct Placed {
    BufferId id;
    std::int64_t offset, size;
  };
  std::vector<Placed> fixed;
  std::vector<BufferId> open;
  for (BufferId id = 0; id < kernel.buffers.size(); ++id) {
    Buffer& b = kernel.buffers[id];
    b.offset.reset();
    if (b.role != Buffer::Role::Arena || !(used.readsFrom(id) || used.writesTo(id))) continue;
    const auto size = capacityBytes(kernel, b).constant();
    if (size) {
      fixed.push_back(Placed{id, 0, aligned(*size)});
    } else {
      open.push_back(id);
    }
  }
  // Large ones first, each at the lowest offset that is free while it lives.
  std::stable_sort(fixed.begin(), fixed.end(), [](const Placed& a, const Placed& b) { return a.size > b.size; });
  std::int64_t total = 0;
  for (std::size_t i = 0; i < fixed.size(); ++i) {
    std::vector<const Placed*> others;
    for (std::size_t k = 0; k < i; ++k) {
      if (options.noSharing || intervals[fixed[k].id].overlaps(intervals[fixed[i].id])) others.push_back(&fixed[k]);
    }
    std::sort(others.begin(), others.end(), [](const Placed* a, const Placed* b) { return a->offset < b->offset; });
    std::int64_t offset = 0;
    for (const Placed* o : others) {
      if (o->offset >= offset + fixed[i].size) break;
      offset = std::max(offset, o->offset + o->size);
    }
    fixed[i].offset = offset;
    total = std::max(total, offset + fixed[i].size);
    kernel.buffers[fixed[i].id].offset = Dim(offset);
  }
  Dim end(total);
  for (BufferId id : open) {
    kernel.buffers[id].offset = end;
    end = end + Dim(64) * Dim::ceildiv(capacityBytes(kernel, kernel.buffers[id]), Dim(64));
  }
  kernel.arenaBytes = end;
}

}  // namespace fedc::kernel
