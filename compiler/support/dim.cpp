#include "compiler/support/dim.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "compiler/support/limits.h"

namespace fedc {

struct DimFactory {
  static Dim make(std::vector<Dim::Term> terms) { return Dim(std::move(terms)); }
};

struct Dim::Node {
  std::vector<Term> terms;
  std::size_t hash = 0;
};

namespace {

using Term = Dim::Term;
using Atom = Dim::Atom;
using AtomKind = Dim::AtomKind;

std::strong_ordering compareAtoms(const Atom& a, const Atom& b) {
  if (auto c = a.kind <=> b.kind; c != 0) return c;
  if (auto c = a.variable <=> b.variable; c != 0) return c;
  return std::lexicographical_compare_three_way(a.operands.begin(), a.operands.end(), b.operands.begin(), b.operands.end());
}

std::strong_ordering compareProducts(const std::vector<Atom>& a, const std::vector<Atom>& b) {
  return std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end(), compareAtoms);
}

std::int64_t floorQuotient(std::int64_t a, std::int64_t b) {
  std::int64_t q = a / b;
  return q - ((a % b != 0 && (a < 0) != (b < 0)) ? 1 : 0);
}

std::int64_t ceilQuotient(std::int64_t a, std::int64_t b) {
  std::int64_t q = a / b;
  return q + ((a % b != 0 && (a < 0) == (b < 0)) ? 1 : 0);
}

std::int64_t nextPowerOfTwo(std::int64_t a) {
  if (a <= 1) return 1;
  return static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(a)));
}

std::int64_t wrapAdd(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

std::int64_t wrapMul(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
}

/// Sorts terms, joins equal products, drops zeros.
std::vector<Term> normalise(std::vector<Term> terms) {
  for (Term& t : terms) std::sort(t.atoms.begin(), t.atoms.end(), [](const Atom& a, const Atom& b) { return compareAtoms(a, b) < 0; });
  std::sort(terms.begin(), terms.end(), [](const Term& a, const Term& b) { return compareProducts(a.atoms, b.atoms) < 0; });
  std::vector<Term> out;
  for (Term& t : terms) {
    if (!out.empty() && compareProducts(out.back().atoms, t.atoms) == 0) {
      out.back().coefficient = wrapAdd(out.back().coefficient, t.coefficient);
    } else {
      out.push_back(std::move(t));
    }
  }
  std::erase_if(out, [](const Term& t) { return t.coefficient == 0; });
  return out;
}

std::size_t mix(std::size_t seed, std::size_t value) { return seed ^ (value + 0x9e3779b97f4a7c15ull + (seed << 6) + (seed >> 2)); }

std::size_t hashTerms(const std::vector<Term>& terms) {
  std::size_t h = 0x5bd1e995;
  for (const Term& t : terms) {
    h = mix(h, std::hash<std::int64_t>{}(t.coefficient));
    for (const Atom& a : t.atoms) {
      h = mix(h, static_cast<std::size_t>(a.kind) * 31 + a.variable);
      for (const Dim& d : a.operands) h = mix(h, d.hash());
    }
  }
  return h;
}

/// A closed interval; a missing end is infinite.
struct Range {
  std::optional<std::int64_t> low, high;
};

__extension__ typedef __int128 Wide;

std::optional<std::int64_t> narrow(Wide w) {
  if (w > Wide(INT64_MAX) || w < Wide(INT64_MIN)) return std::nullopt;
  return static_cast<std::int64_t>(w);
}

Range addRanges(const Range& a, const Range& b) {
  Range r;
  if (a.low && b.low) r.low = narrow(Wide(*a.low) + *b.low);
  if (a.high && b.high) r.high = narrow(Wide(*a.high) + *b.high);
  return r;
}

Range mulRanges(const Range& a, const Range& b) {
  Range r;
  if (a.low && a.high && b.low && b.high) {
    const Wide c[] = {Wide(*a.low) * *b.low, Wide(*a.low) * *b.high, Wide(*a.high) * *b.low, Wide(*a.high) * *b.high};
    r.low = narrow(*std::min_element(std::begin(c), std::end(c)));
    r.high = narrow(*std::max_element(std::begin(c), std::end(c)));
    return r;
  }
  const auto isZero = [](const Range& x) { return x.low == std::optional<std::int64_t>(0) && x.high == std::optional<std::int64_t>(0); };
  if (isZero(a) || isZero(b)) return Range{0, 0};
  if (a.low && b.low && *a.low >= 0 && *b.low >= 0) r.low = narrow(Wide(*a.low) * *b.low);
  return r;
}

Range scaleRange(const Range& a, std::int64_t k) {
  const auto scale = [k](const std::optional<std::int64_t>& x) { return x ? narrow(Wide(*x) * k) : std::nullopt; };
  if (k >= 0) return Range{scale(a.low), scale(a.high)};
  return Range{scale(a.high), scale(a.low)};
}

Range rangeOf(const Dim& d, const std::function<std::optional<std::int64_t>(Dim::Variable)>& bound);

Range rangeOfAtom(const Atom& atom, const std::function<std::optional<std::int64_t>(Dim::Variable)>& bound) {
  if (atom.kind == AtomKind::Variable) return Range{0, bound(atom.variable)};
  const Range a = rangeOf(atom.operands[0], bound);
  if (atom.kind == AtomKind::NextPow2) {
    return Range{a.low ? nextPowerOfTwo(*a.low) : 1, a.high ? std::optional(nextPowerOfTwo(*a.high)) : std::nullopt};
  }
  const Range b = rangeOf(atom.operands[1], bound);
  Range r;
  switch (atom.kind) {
    case AtomKind::Min:
      if (a.low && b.low) r.low = std::min(*a.low, *b.low);
      if (a.high && b.high) {
        r.high = std::min(*a.high, *b.high);
      } else {
        r.high = a.high ? a.high : b.high;
      }
      return r;
    case AtomKind::Max:
      if (a.high && b.high) r.high = std::max(*a.high, *b.high);
      if (a.low && b.low) {
        r.low = std::max(*a.low, *b.low);
      } else {
        r.low = a.low ? a.low : b.low;
      }
      return r;
    case AtomKind::Ceildiv:
    case AtomKind::Floordiv: {
      // Only division by what is known to be positive is bounded.
      if (!b.low || *b.low < 1) return r;
      const auto quotient = atom.kind == AtomKind::Ceildiv ? ceilQuotient : floorQuotient;
      if (a.low) r.low = *a.low >= 0 ? (b.high ? quotient(*a.low, *b.high) : 0) : quotient(*a.low, *b.low);
      if (a.high) r.high = *a.high >= 0 ? quotient(*a.high, *b.low) : (b.high ? quotient(*a.high, *b.high) : 0);
      return r;
    }
    case AtomKind::Variable:
    case AtomKind::NextPow2: break;
  }
  return r;
}

Range rangeOf(const Dim& d, const std::function<std::optional<std::int64_t>(Dim::Variable)>& bound) {
  Range sum{0, 0};
  for (const Term& t : d.terms()) {
    Range product{1, 1};
    for (const Atom& a : t.atoms) product = mulRanges(product, rangeOfAtom(a, bound));
    sum = addRanges(sum, scaleRange(product, t.coefficient));
  }
  return sum;
}

Overgrown tooManyTerms() { return {"a size is a sum of more than " + std::to_string(kMaxDimTerms) + " terms"}; }

/// One term in normal form as an extent.
Dim fromTerm(Term term) {
  if (term.coefficient == 0) return Dim();
  return DimFactory::make({std::move(term)});
}

/// One opaque atom as an extent.
Dim makeAtom(AtomKind kind, std::vector<Dim> operands) {
  Atom a;
  a.kind = kind;
  a.operands = std::move(operands);
  return fromTerm(Term{1, {std::move(a)}});
}

/// Both divisions for a constant positive divisor: multiples of it leave, common factors cancel.
template <class Quotient>
Dim divide(AtomKind kind, const Dim& a, const Dim& b, Quotient quotient) {
  const auto divisor = b.constant();
  if (auto dividend = a.constant(); dividend && divisor) return *divisor == 0 ? Dim(0) : Dim(quotient(*dividend, *divisor));
  if (!divisor || *divisor <= 0) {
    if (divisor && *divisor == 0) return Dim(0);
    return makeAtom(kind, {a, b});
  }
  Dim whole, rest;
  std::int64_t common = *divisor;
  std::int64_t constantPart = 0;
  for (const Term& t : a.terms()) {
    const std::int64_t q = floorQuotient(t.coefficient, *divisor);
    const std::int64_t r = t.coefficient - q * *divisor;
    whole = whole + fromTerm(Term{q, t.atoms});
    rest = rest + fromTerm(Term{r, t.atoms});
    if (t.atoms.empty()) {
      constantPart = r;
    } else {
      common = std::gcd(common, r);
    }
  }
  if (auto c = rest.constant()) return whole + Dim(quotient(*c, *divisor));
  if (common == 1) return whole + makeAtom(kind, {rest, b});
  // (g x + c) / (g d) rounds like (x + c / g) / d.
  Dim reduced(quotient(constantPart, common));
  for (const Term& t : rest.terms()) {
    if (!t.atoms.empty()) reduced = reduced + fromTerm(Term{t.coefficient / common, t.atoms});
  }
  return whole + divide(kind, reduced, Dim(*divisor / common), quotient);
}

}  // namespace

Dim::Dim() = default;

Dim::Dim(std::vector<Term> terms) {
  if (terms.empty()) return;
  if (terms.size() > kMaxDimTerms) throw tooManyTerms();
  auto node = std::make_shared<Node>();
  node->hash = hashTerms(terms);
  node->terms = std::move(terms);
  node_ = std::move(node);
}

Dim::Dim(std::int64_t constant) {
  if (constant != 0) *this = Dim(std::vector<Term>{Term{constant, {}}});
}

Dim Dim::variable(Variable v) {
  Atom a;
  a.variable = v;
  return Dim(std::vector<Term>{Term{1, {std::move(a)}}});
}

Dim Dim::ceildiv(const Dim& a, const Dim& b) { return divide(AtomKind::Ceildiv, a, b, ceilQuotient); }
Dim Dim::floordiv(const Dim& a, const Dim& b) { return divide(AtomKind::Floordiv, a, b, floorQuotient); }

Dim Dim::min(const Dim& a, const Dim& b) {
  if (auto difference = (a - b).constant()) return *difference <= 0 ? a : b;
  return a < b ? makeAtom(AtomKind::Min, {a, b}) : makeAtom(AtomKind::Min, {b, a});
}

Dim Dim::max(const Dim& a, const Dim& b) {
  if (auto difference = (a - b).constant()) return *difference >= 0 ? a : b;
  return a < b ? makeAtom(AtomKind::Max, {a, b}) : makeAtom(AtomKind::Max, {b, a});
}

Dim Dim::nextPow2(const Dim& a) {
  if (auto c = a.constant()) return Dim(nextPowerOfTwo(*c));
  return makeAtom(AtomKind::NextPow2, {a});
}

Dim operator+(const Dim& a, const Dim& b) {
  if (!a.node_) return b;
  if (!b.node_) return a;
  std::vector<Term> terms = a.terms();
  terms.insert(terms.end(), b.terms().begin(), b.terms().end());
  if (terms.size() > 4 * kMaxDimTerms) throw tooManyTerms();
  return Dim(normalise(std::move(terms)));
}

Dim operator-(const Dim& a, const Dim& b) { return a + Dim(-1) * b; }

Dim operator*(const Dim& a, const Dim& b) {
  std::vector<Term> terms;
  // Equal terms join later, so a product may be refused that would have fewer: four times as many are computed.
  if (a.terms().size() * b.terms().size() > 4 * kMaxDimTerms) throw tooManyTerms();
  for (const Term& x : a.terms()) {
    for (const Term& y : b.terms()) {
      Term t{wrapMul(x.coefficient, y.coefficient), x.atoms};
      t.atoms.insert(t.atoms.end(), y.atoms.begin(), y.atoms.end());
      if (t.atoms.size() > kMaxDimFactors) throw Overgrown{"a size is a product of more than " + std::to_string(kMaxDimFactors) + " sizes"};
      terms.push_back(std::move(t));
    }
  }
  return Dim(normalise(std::move(terms)));
}

bool operator==(const Dim& a, const Dim& b) {
  if (a.node_ == b.node_) return true;
  if (!a.node_ || !b.node_ || a.node_->hash != b.node_->hash) return false;
  return (a <=> b) == 0;
}

std::strong_ordering operator<=>(const Dim& a, const Dim& b) {
  if (a.node_ == b.node_) return std::strong_ordering::equal;
  return std::lexicographical_compare_three_way(a.terms().begin(), a.terms().end(), b.terms().begin(), b.terms().end(),
                                                [](const Term& x, const Term& y) {
                                                  if (auto c = compareProducts(x.atoms, y.atoms); c != 0) return c;
                                                  return x.coefficient <=> y.coefficient;
                                                });
}

const std::vector<Dim::Term>& Dim::terms() const {
  static const std::vector<Term> none;
  return node_ ? node_->terms : none;
}

std::optional<std::int64_t> Dim::constant() const {
  if (!node_) return 0;
  if (node_->terms.size() == 1 && node_->terms[0].atoms.empty()) return node_->terms[0].coefficient;
  return std::nullopt;
}

bool Dim::isConstant(std::int64_t value) const { return constant() == std::optional(value); }

std::optional<Dim::Variable> Dim::asVariable() const {
  if (!node_ || node_->terms.size() != 1) return std::nullopt;
  const Term& t = node_->terms[0];
  if (t.coefficient != 1 || t.atoms.size() != 1 || t.atoms[0].kind != AtomKind::Variable) return std::nullopt;
  return t.atoms[0].variable;
}

namespace {
void collectVariables(const Dim& d, std::vector<Dim::Variable>& out) {
  for (const Term& t : d.terms()) {
    for (const Atom& a : t.atoms) {
      if (a.kind == AtomKind::Variable) out.push_back(a.variable);
      for (const Dim& x : a.operands) collectVariables(x, out);
    }
  }
}
}  // namespace

std::vector<Dim::Variable> Dim::variables() const {
  std::vector<Variable> out;
  collectVariables(*this, out);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

bool Dim::mentions(Variable v) const {
  const std::vector<Variable> all = variables();
  return std::binary_search(all.begin(), all.end(), v);
}

Dim Dim::substitute(const std::function<std::optional<Dim>(Variable)>& f) const {
  if (!node_ || constant()) return *this;
  Dim sum;
  for (const Term& t : node_->terms) {
    Dim product(t.coefficient);
    for (const Atom& a : t.atoms) {
      std::vector<Dim> operands;
      for (const Dim& x : a.operands) operands.push_back(x.substitute(f));
      Dim factor;
      switch (a.kind) {
        case AtomKind::Variable: {
          const auto replacement = f(a.variable);
          factor = replacement ? *replacement : variable(a.variable);
          break;
        }
        case AtomKind::Ceildiv: factor = ceildiv(operands[0], operands[1]); break;
        case AtomKind::Floordiv: factor = floordiv(operands[0], operands[1]); break;
        case AtomKind::Min: factor = min(operands[0], operands[1]); break;
        case AtomKind::Max: factor = max(operands[0], operands[1]); break;
        case AtomKind::NextPow2: factor = nextPow2(operands[0]); break;
      }
      product = product * factor;
    }
    sum = sum + product;
  }
  return sum;
}

std::int64_t Dim::evaluate(const std::function<std::int64_t(Variable)>& value) const {
  std::int64_t sum = 0;
  for (const Term& t : terms()) {
    std::int64_t product = t.coefficient;
    for (const Atom& a : t.atoms) {
      std::int64_t x = 0;
      if (a.kind == AtomKind::Variable) {
        x = value(a.variable);
      } else {
        const std::int64_t p = a.operands[0].evaluate(value);
        const std::int64_t q = a.operands.size() > 1 ? a.operands[1].evaluate(value) : 0;
        switch (a.kind) {
          case AtomKind::Ceildiv: x = q == 0 ? 0 : q == -1 ? wrapMul(p, -1) : ceilQuotient(p, q); break;
          case AtomKind::Floordiv: x = q == 0 ? 0 : q == -1 ? wrapMul(p, -1) : floorQuotient(p, q); break;
          case AtomKind::Min: x = std::min(p, q); break;
          case AtomKind::Max: x = std::max(p, q); break;
          case AtomKind::NextPow2: x = nextPowerOfTwo(p); break;
          case AtomKind::Variable: break;
        }
      }
      product = wrapMul(product, x);
    }
    sum = wrapAdd(sum, product);
  }
  return sum;
}

std::optional<std::int64_t> Dim::upperBound(const std::function<std::optional<std::int64_t>(Variable)>& bound) const {
  return rangeOf(*this, bound).high;
}

Dim Dim::limit(const std::function<std::optional<Dim>(Variable)>& most) const {
  const auto varies = [&](const Dim& d) {
    const std::vector<Variable> names = d.variables();
    return std::any_of(names.begin(), names.end(), [&](Variable v) { return most(v).has_value(); });
  };
  const auto limitOfAtom = [&](const Atom& a) -> Dim {
    if (a.kind == AtomKind::Variable) return most(a.variable).value_or(variable(a.variable));
    const Dim first = a.operands[0].limit(most);
    switch (a.kind) {
      case AtomKind::Min: return min(first, a.operands[1].limit(most));
      case AtomKind::Max: return max(first, a.operands[1].limit(most));
      case AtomKind::Ceildiv: return varies(a.operands[1]) ? first : ceildiv(first, a.operands[1]);
      case AtomKind::Floordiv: return varies(a.operands[1]) ? first : floordiv(first, a.operands[1]);
      case AtomKind::NextPow2: return nextPow2(first);
      case AtomKind::Variable: break;
    }
    return first;
  };
  Dim sum;
  for (const Term& t : terms()) {
    Dim term(t.coefficient);
    // What varies is at least zero, so that subtracting it can be left out.
    if (t.coefficient < 0 && std::any_of(t.atoms.begin(), t.atoms.end(), [&](const Atom& a) { return varies(fromTerm({1, {a}})); })) continue;
    for (const Atom& a : t.atoms) term = term * limitOfAtom(a);
    sum = sum + term;
  }
  return sum;
}

std::optional<Dim> Dim::solveFor(Variable v, const Dim& target) const {
  std::int64_t slope = 0;
  Dim rest;
  for (const Term& t : terms()) {
    const Dim term = fromTerm(t);
    if (!term.mentions(v)) {
      rest = rest + term;
    } else if (t.atoms.size() == 1 && t.atoms[0].kind == AtomKind::Variable && slope == 0) {
      slope = t.coefficient;
    } else {
      return std::nullopt;
    }
  }
  if (slope == 0) return std::nullopt;
  Dim numerator = target - rest;
  if (slope < 0) {
    numerator = Dim(-1) * numerator;
    slope = wrapMul(slope, -1);
  }
  if (auto c = numerator.constant(); c && *c % slope != 0) return std::nullopt;
  return floordiv(numerator, Dim(slope));
}

namespace {

std::string printAtom(const Atom& a, const std::function<std::string(Dim::Variable)>& name) {
  if (a.kind == AtomKind::Variable) return name(a.variable);
  static constexpr const char* kNames[] = {"", "ceildiv", "floordiv", "min", "max", "next_pow2"};
  std::string out = kNames[static_cast<int>(a.kind)];
  out += '(';
  for (std::size_t i = 0; i < a.operands.size(); ++i) {
    if (i > 0) out += ", ";
    out += a.operands[i].print(name);
  }
  return out + ')';
}

/// The term without its sign.
std::string printTerm(const Term& t, const std::function<std::string(Dim::Variable)>& name) {
  const std::uint64_t magnitude = t.coefficient < 0 ? 0 - static_cast<std::uint64_t>(t.coefficient) : static_cast<std::uint64_t>(t.coefficient);
  std::string out;
  if (magnitude != 1 || t.atoms.empty()) out = std::to_string(magnitude);
  for (const Atom& a : t.atoms) {
    if (!out.empty()) out += '*';
    out += printAtom(a, name);
  }
  return out;
}

}  // namespace

std::string Dim::print(const std::function<std::string(Variable)>& name) const {
  if (!node_) return "0";
  // Positive products, the constant, negative products: `R - 20*s`, `20 - s`, `R + 1`.
  std::vector<const Term*> order;
  const auto pick = [&](auto wanted) {
    for (const Term& t : node_->terms) {
      if (wanted(t)) order.push_back(&t);
    }
  };
  pick([](const Term& t) { return !t.atoms.empty() && t.coefficient > 0; });
  pick([](const Term& t) { return t.atoms.empty() && t.coefficient > 0; });
  pick([](const Term& t) { return !t.atoms.empty() && t.coefficient < 0; });
  pick([](const Term& t) { return t.atoms.empty() && t.coefficient < 0; });
  std::string out;
  for (const Term* t : order) {
    if (out.empty()) {
      if (t->coefficient < 0) out = "-";
    } else {
      out += t->coefficient < 0 ? " - " : " + ";
    }
    out += printTerm(*t, name);
  }
  return out;
}

std::size_t Dim::hash() const { return node_ ? node_->hash : 0; }

}  // namespace fedc
