#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "compiler/core/ir.h"

/// What is known of each value of a local function: where it comes from, and what it could say about one client.
namespace fedc::transform::policy {

/// One bit each. Those marked "loses" go when a value is computed on; all others stay with everything that is made of the value.
enum class Fact : std::uint32_t {
  /// The client's data; what it keeps from round to round.
  Data = 1 << 0,
  State = 1 << 1,
  /// Drawn from the client's key: of the run's own key, which is another one in each round, or of any other key, which makes the same draws again.
  Draw = 1 << 2,
  FixedDraw = 1 << 3,
  /// Of a server value: made of the run's own key.
  RunKey = 1 << 4,
  /// A feature of the data or the number of rows as it is, at most moved, converted or shifted (loses).
  Read = 1 << 5,
  /// One number of a client that may tell it from the others: a draw, a part of its state, or a feature (loses).
  Name = 1 << 6,
  /// A bool that is true, or false, for clients of one name.
  TrueOfName = 1 << 7,
  FalseOfName = 1 << 8,
  /// Holds what only clients of one name give.
  Chosen = 1 << 9,
  /// Depends on the client by a name alone, and not so that only one client would give something.
  Named = 1 << 10,
  /// Made of the accumulator.
  Held = 1 << 11,
  /// A single client's value that the source has declassified, or what public values make of it (loses).
  Single = 1 << 12,
  /// Content next to a single value, as in a difference or a quotient: to compare it is to compare the two (loses).
  Relative = 1 << 13,
  /// A number that may be zero for all clients but those of one name: what it multiplies is chosen (loses).
  Mask = 1 << 14,
  /// An array whose elements stand where a draw or a name of the client puts them (loses).
  Placed = 1 << 15,
  /// Of a server value: made of sums over clients.
  Sum = 1 << 16,
  /// Content goes into it in a later turn of the loop.
  Mixed = 1 << 17,
};

using Bits = std::uint32_t;
constexpr Bits operator|(Fact a, Fact b) { return static_cast<Bits>(a) | static_cast<Bits>(b); }
constexpr Bits operator|(Bits a, Fact b) { return a | static_cast<Bits>(b); }
constexpr Bits bit(Fact f) { return static_cast<Bits>(f); }

/// What a client has of its own.
inline constexpr Bits kContent = Fact::Data | Fact::State;
/// What clients can be told apart by, or has been used to: it stays from round to round.
inline constexpr Bits kChoice = Fact::TrueOfName | Fact::FalseOfName | Fact::Chosen | Fact::Named;
/// Whatever differs from client to client.
inline constexpr Bits kClient = kContent | kChoice | Fact::Draw | Fact::FixedDraw;
/// Facts that are lost where values are computed, but not where one of several is taken.
inline constexpr Bits kLingering = Fact::Single | Fact::Relative | Fact::Mask | Fact::Placed;

struct Facts {
  Bits bits = 0;
  /// The enclosing loops and maps, by depth, from turn to turn of which it differs.
  std::uint64_t varies = 0;
  /// Those in each turn of which whatever is chosen in it is chosen anew: examples of a client, not the client.
  std::uint64_t chosenAnew = ~std::uint64_t{0};
  /// Numbers of the edges that it holds single values of.
  std::set<int> edges;

  bool has(Fact f) const { return (bits & bit(f)) != 0; }
  bool any(Bits of) const { return (bits & of) != 0; }
  friend bool operator==(const Facts&, const Facts&) = default;
};

/// Why a variable has a fact: an operand that had one, at a place of the source. No operand: it is where the fact begins.
struct Why {
  std::optional<core::Var> from;
  Fact fact = Fact::Data;
  Span span;
};

/// The facts of all variables of a function, from those of its parameters. Forgets what is declassified.
class FnFacts {
 public:
  explicit FnFacts(const core::Fn& fn) : fn_(&fn), vars_(fn.vars.size()) {}

  void setParam(core::Var v, Facts facts);
  void setDim(Dim::Variable d, Facts facts) { dims_[d] = std::move(facts); }
  /// From its definition on the variable is public.
  void declassify(core::Var v) { declassified_.insert(v); }
  void run();

  const core::Fn& fn() const { return *fn_; }
  const Facts& of(core::Var v) const { return vars_[v]; }
  Facts of(const core::Atom& a) const { return a.isLiteral ? Facts{} : vars_[a.var]; }
  Facts of(const Dim& d) const;
  const Why* why(core::Var v, Fact f) const;
  /// The statement that defines a variable; null for parameters.
  const core::Stmt* definition(core::Var v) const;
  /// Edges whose single values a declassified variable was made of.
  const std::set<int>& released() const { return released_; }

 private:
  void block(const std::vector<core::Stmt>& stmts);
  void stmt(const core::Stmt& s);
  void loop(const core::Stmt& s);
  /// The facts of a loop's body; `takesContent`: which carries content goes into in some turn.
  void turns(const core::Stmt& s, std::uint64_t level, const std::vector<bool>& takesContent);
  /// One number that comes of all turns stands at no place.
  Bits lingering(core::Var v) const;
  void region(const core::Stmt& s);
  void plain(const core::Stmt& s);
  /// A native function may compare and choose: nothing is assumed of it.
  void choiceInside(core::Var to, const core::Stmt& s);
  void turned(core::Var to, const core::Stmt& s);
  /// The two sides of `select` and `cond`.
  void choice(core::Var to, const core::Atom& condition, const core::Atom& yes, const core::Atom& no, Span span);
  bool compare(const core::Stmt& s);
  void place(const core::Stmt& s);
  /// `Chosen`, or a bool that is true or false by a name.
  void choose(core::Var to, std::optional<core::Var> by, Fact because, Span span);
  /// Content that is multiplied by a mask or by fixed draws.
  void product(core::Var to, const core::Stmt& s);
  /// Content that is read at a place of the client's own.
  void readAtPlace(core::Var to, const core::Stmt& s);

  /// Made of nothing but draws, and not drawn anew for each example.
  bool isDrawn(const Facts& facts) const;
  bool isFixed(const Facts& facts) const { return facts.has(Fact::FixedDraw) && isDrawn(facts); }

  /// Those facts of `which` that `from` has.
  void linger(core::Var to, const core::Atom& from, Bits which, Span span);
  /// What of them a computed value has all the same, and where they begin: `total - most`.
  void relate(core::Var to, const core::Stmt& s);
  bool isRead(core::Var v, const core::Stmt& s) const;
  /// Facts that stay; bools of names become `Chosen` or `Named` in what is no bool.
  void flow(core::Var to, const core::Atom& from, Span span);
  void flow(core::Var to, const Dim& from, Span span);
  /// The number of turns goes into what they add up to.
  void flowTurns(core::Var to, const core::Stmt& s, std::uint64_t level);
  void give(core::Var to, Fact fact, std::optional<core::Var> from, Fact because, Span span);
  /// After all that flows into a variable is known: whether it is a name, and whether the source declassifies it.
  void finish(core::Var v, const core::Stmt& s);
  void clear(core::Var v) { vars_[v] = {}; }
  bool isZero(const core::Atom& a) const;
  /// No element is zero, for sure.
  bool isNonzero(const core::Atom& a) const;
  void index(const std::vector<core::Stmt>& stmts);

  const core::Fn* fn_;
  std::vector<Facts> vars_;
  std::map<Dim::Variable, Facts> dims_;
  std::set<core::Var> declassified_;
  std::set<int> released_;
  std::map<std::pair<core::Var, Fact>, Why> why_;
  std::unordered_map<core::Var, const core::Stmt*> definitions_;
  int depth_ = 0;
  /// Of the open loops and maps those whose turns do not come from the client's data.
  std::uint64_t publicLevels_ = 0;
  /// While a loop is gone through to see what goes into its carries: once is enough for the loops in it.
  bool isTentative_ = false;
};

}  // namespace fedc::transform::policy
