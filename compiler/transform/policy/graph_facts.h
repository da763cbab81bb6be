#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "compiler/core/graph.h"
#include "compiler/support/policy.h"
#include "compiler/transform/policy/facts.h"
#include "compiler/transform/policy/way.h"

namespace fedc::transform::policy {

/// Why an edge is not proved.
enum class Problem : std::uint8_t { NotASum, Collected, OneClient, NotSecure, Keys };

/// An edge that is not proved, and the value that shows it.
struct Finding {
  Problem problem = Problem::NotASum;
  int phase = 0;
  const core::UpEdge* edge = nullptr;
  const core::SelectEdge* select = nullptr;
  /// A fact of a variable of the client function; none where the function does not have the value any more.
  std::optional<core::Var> var;
  Fact fact = Fact::Data;
  /// NotASum: what is no addition, in `accumulate` or in `merge`. OneClient: where a client is chosen.
  Span at;
  bool inMerge = false;
};

/// What is known of the leaves of a process's state by what any graph puts into them: those at the server, those that clients keep.
struct StateFacts {
  std::map<std::string, Bits> server, clients;
  friend bool operator==(const StateFacts&, const StateFacts&) = default;
};

/// The facts of all functions and slots of a graph.
class GraphFacts {
 public:
  /// Adds what the graph leaves in the state to `state`.
  GraphFacts(const core::Program& program, const core::Graph& graph, const Policies& policies, StateFacts& state);

  /// What is not proved and not declassified either, in the order of the phases.
  const std::vector<Finding>& findings() const { return findings_; }
  Way way(const Finding& finding) const;

 private:
  void serverStep(const core::ServerStep& step);
  void phase(const core::Phase& p, int number);
  void edge(const core::Phase& p, const core::UpEdge& e, int number);
  void select(const core::Phase& p, const core::SelectEdge& e, int number);
  std::optional<Finding> problemOf(const core::Phase& p, const core::UpEdge& e, const std::vector<core::Atom>& leaves) const;
  FnFacts& facts(int fn);
  Facts clientInput(const core::ClientInput& in) const;
  void setSlot(core::Slot slot, Facts facts, int fn, const core::Atom& from);
  void disclose(const Facts& facts) { disclosed_.insert(facts.edges.begin(), facts.edges.end()); }
  Facts slot(core::Slot s) const;

  const core::Program& program_;
  const core::Graph& graph_;
  const Policies& policies_;
  StateFacts& state_;
  std::map<int, std::unique_ptr<FnFacts>> fns_;
  std::map<core::Slot, Facts> slots_;
  /// Where a slot's value is computed.
  std::map<core::Slot, std::pair<int, core::Var>> makers_;
  std::set<core::Slot> declassifiedSlots_;
  std::set<int> declassifiedColumns_;
  /// Of the edges that are not proved, by number: those of which a value comes out as it is, and those that the source declassifies.
  std::vector<Finding> pending_;
  std::set<int> disclosed_, released_;
  std::vector<Finding> findings_;
};

/// `federated_sum`: what makes such an edge.
std::string_view intrinsicOf(core::UpEdge::Kind kind);

}  // namespace fedc::transform::policy
