#include "compiler/driver/budget.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/core/cost.h"
#include "compiler/core/ops/groups.h"
#include "compiler/core/strings.h"
#include "compiler/support/bytes_text.h"
#include "compiler/support/plural.h"

namespace fedc::driver {

namespace {

using check::Budget;
using core::Crossing;

class Enforcer {
 public:
  Enforcer(const Budget& budget, const core::Program& program, const core::Graph& graph, const SourceManager& sources, DiagnosticSink& sink)
      : budget_(budget), program_(program), graph_(graph), sources_(sources), sink_(sink) {}

  void run() {
    if (budget_.down) bytes(*budget_.down, true);
    if (budget_.up) bytes(*budget_.up, false);
    if (budget_.exchanges) exchanges(*budget_.exchanges);
  }

 private:
  /// A leaf with a bound for its bytes: every dimension that has one is at its greatest; nothing if the clients' data decides.
  struct Leaf {
    Crossing crossing;
    const core::Fn* fn = nullptr;
    std::optional<std::int64_t> bytes;
  };

  std::vector<Leaf> leaves(bool isDown) const {
    std::vector<Leaf> out;
    for (const core::Phase& phase : graph_.phases) {
      const core::Fn* fn = phase.client < 0 ? nullptr : &program_.module.fns[static_cast<std::size_t>(phase.client)];
      for (Crossing& c : core::crossingsOf(program_, graph_, phase)) {
        if (c.isDown != isDown) continue;
        // A text may be as long as a string can be.
        const Dim most = c.bytes.dim + Dim(core::kMaxStringBytes) * c.strings.dim;
        const auto bytes = most.upperBound([&](Dim::Variable v) { return fn == nullptr ? std::nullopt : fn->dims[v].bound; });
        out.push_back({std::move(c), fn, bytes});
      }
    }
    return out;
  }

  static std::string typeText(const Leaf& leaf) {
    return leaf.fn == nullptr ? std::string(core::elemName(leaf.crossing.type.elem)) : core::show(*leaf.fn, leaf.crossing.type);
  }

  std::string nameOf(const Leaf& leaf) const { return crossingName(leaf.crossing, sources_); }

  Span placeOf(const Leaf& leaf, const Budget::Limit& limit) const { return leaf.crossing.span.isValid() ? leaf.crossing.span : limit.span; }

  void bytes(const Budget::Limit& limit, bool isDown) const {
    const std::vector<Leaf> all = leaves(isDown);
    const char* const to = isDown ? "to" : "from";
    std::int64_t sum = 0;
    const Leaf* breaking = nullptr;
    for (const Leaf& leaf : all) {
      if (!leaf.bytes) {
        sink_.report(Diagnostic(Code::BudgetNotKnown, placeOf(leaf, limit),
                                fmt::format("how much goes {} a client depends on its data, and `budget` allows {}", to, limit.text))
                         .at(fmt::format("`{}: {}` crosses", nameOf(leaf), typeText(leaf)))
                         .label(limit.span, "limited here")
                         .note("bound it: `take(n)` before `collect()`, `pad(x, n)`, or a summary of fixed size in its place"));
        return;
      }
      sum += *leaf.bytes;
      if (sum > limit.amount && breaking == nullptr) breaking = &leaf;
    }
    if (breaking == nullptr) return;
    std::vector<const Leaf*> largest;
    for (const Leaf& leaf : all) largest.push_back(&leaf);
    std::stable_sort(largest.begin(), largest.end(), [](const Leaf* a, const Leaf* b) { return *a->bytes > *b->bytes; });
    constexpr std::size_t kShown = 3;
    std::string list;
    for (std::size_t i = 0; i < std::min(kShown, largest.size()); ++i) {
      list += fmt::format("{}`{}: {}` {}", i == 0 ? "" : ", ", nameOf(*largest[i]), typeText(*largest[i]),
                          bytesText(static_cast<double>(*largest[i]->bytes)));
    }
    if (largest.size() > kShown) list += fmt::format(", and {} more", largest.size() - kShown);
    const bool hasTexts = std::any_of(all.begin(), all.end(), [](const Leaf& l) { return l.crossing.type.elem == core::Elem::Str; });
    Diagnostic over =
        Diagnostic(Code::OverBudget, placeOf(*breaking, limit),
                   fmt::format("{}{} bytes go {} each client in a round, `budget` allows {}", hasTexts ? "up to " : "", sum, to, limit.text))
            .at(fmt::format("with `{}`, the limit is passed", nameOf(*breaking)))
            .label(limit.span, fmt::format("{} bytes", limit.amount))
            .note(fmt::format("the largest: {}", list));
    if (hasTexts)
      over.notes.push_back(fmt::format("a string may have {} bytes; its `hash`, or a number for it, has a fixed size", core::kMaxStringBytes));
    over.notes.emplace_back("`fedc cost` lists all that crosses, and how much a compressor of the library saves");
    sink_.report(std::move(over));
  }

  void exchanges(const Budget::Limit& limit) const {
    const auto count = static_cast<std::int64_t>(graph_.phases.size());
    if (count <= limit.amount) return;
    const core::Phase& beyond = graph_.phases[static_cast<std::size_t>(limit.amount)];
    Span at = limit.span;
    for (const Crossing& c : core::crossingsOf(program_, graph_, beyond)) {
      if (!c.span.isValid()) continue;
      at = c.span;
      break;
    }
    sink_.report(Diagnostic(Code::OverBudget, at,
                            fmt::format("a round takes {}, `budget` allows {}", plural(static_cast<std::size_t>(count), "exchange"), limit.text))
                     .at(fmt::format("exchange {} begins here", limit.amount + 1))
                     .label(limit.span, "limited here")
                     .note("what depends on a value that came up and was sent down again takes another exchange"));
  }

  const Budget& budget_;
  const core::Program& program_;
  const core::Graph& graph_;
  const SourceManager& sources_;
  DiagnosticSink& sink_;
};

}  // namespace

std::string crossingName(const core::Crossing& crossing, const SourceManager& sources) {
  if (!crossing.name.empty()) return crossing.name;
  constexpr std::size_t kMost = 40;
  const std::string_view source = sources.text(crossing.span);
  std::string text(source.substr(0, source.find('\n')));
  while (text.ends_with(' ') || text.ends_with('\r')) text.pop_back();
  if (text.empty()) return "a value";
  if (text.size() > kMost) {
    std::size_t end = kMost;
    while ((text[end] & 0xc0) == 0x80) --end;
    text.resize(end);
  }
  return text.size() < source.size() ? text + "…" : text;
}

void enforceBudget(const Budget& budget, const core::Program& program, const SourceManager& sources, DiagnosticSink& sink) {
  for (const char* entry : {"next", "main"}) {
    if (const core::Graph* graph = program.entry(entry)) Enforcer(budget, program, *graph, sources, sink).run();
  }
}

}  // namespace fedc::driver
