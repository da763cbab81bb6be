#include "compiler/check/keys.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include <fmt/format.h>

#include "compiler/check/typed_walk.h"
#include "compiler/check/types.h"
#include "compiler/support/limits.h"

namespace fedc::check {

namespace {

/// What is done to a key.
enum class Use : std::uint8_t { Fold, FoldClients, Draw, Split, Move };

const char* verb(Use u) {
  switch (u) {
    case Use::Fold: return "folded";
    case Use::FoldClients: return "folded for the clients";
    case Use::Draw: return "drawn from";
    case Use::Split: return "split";
    case Use::Move: return "passed on";
  }
  return "";
}

/// Two folds are two keys; but folding for the clients twice gives each client the same key twice.
bool compatible(Use a, Use b) {
  const auto fold = [](Use u) { return u == Use::Fold || u == Use::FoldClients; };
  return fold(a) && fold(b) && !(a == Use::FoldClients && b == Use::FoldClients);
}

/// A key, or a value that holds keys, by where it is stored: a local and a path into it.
struct Ref {
  std::uint32_t local = 0;
  std::string path;
  auto operator<=>(const Ref&) const = default;
};

struct Record {
  Use use = Use::Move;
  Span span;
};

using State = std::map<Ref, std::vector<Record>>;

bool holdsKey(const TypeRef& t) {
  if (!t) return false;
  switch (t->kind) {
    case TypeKind::Tensor: return t->elem == Elem::Key;
    case TypeKind::Tuple: return std::any_of(t->items.begin(), t->items.end(), holdsKey);
    case TypeKind::Struct: return std::any_of(t->fields.begin(), t->fields.end(), [](const Field& f) { return holdsKey(f.type); });
    case TypeKind::Array:
    case TypeKind::Placed:
    case TypeKind::Sequence: return holdsKey(t->element);
    default: return false;
  }
}

/// `a` holds `b`, or the other way round. `[*]`, an element nobody knows, may be another one than the next `[*]`.
bool overlap(const std::string& a, const std::string& b) {
  const std::string& shorter = a.size() <= b.size() ? a : b;
  const std::string& longer = a.size() <= b.size() ? b : a;
  if (!longer.starts_with(shorter)) return false;
  if (longer.size() != shorter.size() && longer[shorter.size()] != '.' && longer[shorter.size()] != '[') return false;
  return shorter.find("[*]") == std::string::npos;
}

/// Expressions that are looked at, in one program.
constexpr std::size_t kMaxKeySteps = 10000000;

class KeyChecker {
 public:
  explicit KeyChecker(DiagnosticSink& sink) : sink_(sink) {}

  void body(const std::vector<Pattern>& params, const Expr& e) {
    state_.clear();
    aliases_.clear();
    lambdas_.clear();
    for (const Pattern& p : params) fresh(p);
    consume(e);
  }

 private:
  // --- what a pattern binds

  void fresh(const Pattern& p) {
    if (p.local) {
      aliases_.erase(p.local->id);
      lambdas_.erase(p.local->id);
      forget({p.local->id, ""});
    }
    for (const Pattern& i : p.items) fresh(i);
  }

  void forget(const Ref& r) {
    for (auto it = state_.begin(); it != state_.end();) {
      const bool inside = it->first.local == r.local && it->first.path.starts_with(r.path);
      it = inside ? state_.erase(it) : std::next(it);
    }
  }

  /// Binds to a value that stands in a local already: another name for the same keys.
  void alias(const Pattern& p, const Ref& r) {
    if (p.local) {
      aliases_[p.local->id] = r;
      names_[p.local->id] = p.local->name;
      types_[p.local->id] = p.local->type;
    }
    for (std::size_t i = 0; i < p.items.size(); ++i) {
      const bool array = p.kind == Pattern::Kind::Array;
      alias(p.items[i], {r.local, r.path + (array ? fmt::format("[{}]", i) : fmt::format(".{}", i))});
    }
  }

  void bind(const Pattern& p, const Expr& value) {
    fresh(p);
    if (p.kind == Pattern::Kind::Tuple && value.kind == ExprKind::Tuple && value.operands.size() == p.items.size()) {
      for (std::size_t i = 0; i < p.items.size(); ++i) bind(p.items[i], *value.operands[i]);
      return;
    }
    if (p.kind == Pattern::Kind::Name && (value.kind == ExprKind::Lambda || value.kind == ExprKind::Resolve)) {
      // Its captures are used where it is called.
      lambdas_[p.local->id] = &value;
      return;
    }
    const auto r = visit(value);
    if (r && p.kind != Pattern::Kind::Wildcard) alias(p, *r);
  }

  // --- what an expression does

  /// The stored keys that the expression stands for, without using them; otherwise everything in it is used.
  std::optional<Ref> visit(const Expr& e) {
    const Nested nested(depth_);
    if (++steps_ > kMaxKeySteps) throw Overgrown{"the uses of random keys are too many to follow through all calls of lambdas"};
    switch (e.kind) {
      case ExprKind::Local: {
        if (const LambdaBody* l = lambdaOf(e)) enter(*l, {}, false);
        if (!holdsKey(e.type)) return std::nullopt;
        names_[e.local->id] = e.local->name;
        types_[e.local->id] = e.local->type;
        spans_[e.local->id] = e.local->span;
        if (const auto it = aliases_.find(e.local->id); it != aliases_.end()) return it->second;
        return Ref{e.local->id, ""};
      }
      case ExprKind::Global: {
        if (!holdsKey(e.type)) return std::nullopt;
        const std::uint32_t id = kGlobals + globals_.emplace(e.global.get(), static_cast<std::uint32_t>(globals_.size())).first->second;
        names_[id] = e.global->name;
        types_[id] = e.type;
        spans_[id] = e.global->span;
        return Ref{id, ""};
      }
      case ExprKind::Field:
      case ExprKind::Item: {
        const auto r = visit(*e.operands[0]);
        if (!r || !holdsKey(e.type)) return std::nullopt;
        return Ref{r->local, r->path + fmt::format(".{}", e.index)};
      }
      case ExprKind::Index: {
        const auto r = visit(*e.operands[0]);
        for (const Subscript& s : e.subscripts) {
          if (s.at) consume(*s.at);
          if (s.to) consume(*s.to);
        }
        if (!r || !holdsKey(e.type)) return std::nullopt;
        std::string path = r->path;
        for (const Subscript& s : e.subscripts) {
          const bool known = s.kind == Subscript::Kind::At && s.at->kind == ExprKind::Literal;
          path += known ? fmt::format("[{}]", s.at->literal.toInt()) : "[*]";
        }
        return Ref{r->local, path};
      }
      case ExprKind::Place: return visit(*e.operands[0]);
      case ExprKind::Block: {
        for (const Stmt& s : e.stmts) statement(s);
        if (e.operands.empty() || !e.operands[0]) return std::nullopt;
        return visit(*e.operands[0]);
      }
      case ExprKind::If: {
        consume(*e.operands[0]);
        const State before = state_;
        consume(*e.operands[1]);
        const State first = state_;
        state_ = before;
        if (e.operands.size() > 2 && e.operands[2]) consume(*e.operands[2]);
        // Only one of the two happens, but either may have.
        for (const auto& [ref, records] : first) {
          auto& all = state_[ref];
          for (const Record& r : records)
            if (std::none_of(all.begin(), all.end(), [&](const Record& x) { return x.span == r.span && x.use == r.use; })) all.push_back(r);
        }
        return std::nullopt;
      }
      case ExprKind::Call: call(e); return std::nullopt;
      case ExprKind::BuiltinCall: builtin(e); return std::nullopt;
      case ExprKind::Lambda:
        // Passed on: whoever gets it calls it.
        if (e.lambda) enter(*e.lambda, {}, false);
        return std::nullopt;
      case ExprKind::Resolve:
        if (e.lambda) enter(*e.lambda, {}, false);
        return std::nullopt;
      default: forEachChild(e, [&](const Expr& child) { consume(child); }); return std::nullopt;
    }
  }

  /// The value is used as a whole; keys in it move on.
  void consume(const Expr& e) {
    if (const auto r = visit(e)) note(*r, Use::Move, e.span);
  }

  void enter(const LambdaBody& l, const std::vector<std::optional<Ref>>& args, bool many) {
    const bool takesKeys = std::any_of(args.begin(), args.end(), [](const auto& a) { return a.has_value(); });
    if (active_.count(&l) != 0 || (!takesKeys && keyless_.count(&l) != 0)) return;
    active_.insert(&l);
    const std::size_t before = notes_;
    // What a mapped lambda takes from outside, it takes for every element.
    for (int pass = 0; pass < passes(many); ++pass) {
      repeating_ += pass;
      for (std::size_t i = 0; i < l.params.size(); ++i) {
        fresh(l.params[i]);
        if (i < args.size() && args[i]) alias(l.params[i], *args[i]);
      }
      consume(*l.body);
      repeating_ -= pass;
    }
    active_.erase(&l);
    // What uses no key needs no second look, however often it is called.
    if (notes_ == before && !takesKeys) keyless_.insert(&l);
  }

  const LambdaBody* lambdaOf(const Expr& f) const {
    if ((f.kind == ExprKind::Lambda || f.kind == ExprKind::Resolve) && f.lambda) return f.lambda.get();
    if (f.kind == ExprKind::Local) {
      const auto it = lambdas_.find(f.local->id);
      if (it != lambdas_.end()) return it->second->lambda.get();
    }
    return nullptr;
  }

  void call(const Expr& e) {
    const Expr& f = *e.operands[0];
    const LambdaBody* body = lambdaOf(f);
    if (body == nullptr) {
      if (f.kind == ExprKind::BuiltinCall) {
        transform(f);
      } else if (f.kind != ExprKind::Function) {
        visit(f);
      }
      for (std::size_t i = 1; i < e.operands.size(); ++i) consume(*e.operands[i]);
      return;
    }
    std::vector<std::optional<Ref>> args;
    for (std::size_t i = 1; i < e.operands.size(); ++i) args.push_back(visit(*e.operands[i]));
    enter(*body, args, false);
  }

  /// `vmap(f)` calls f for every row; the derivatives call it once.
  void transform(const Expr& e) {
    const bool many = e.builtin == Builtin::Vmap;
    for (const ExprPtr& o : e.operands) {
      if (!o) continue;
      if (const LambdaBody* l = lambdaOf(*o)) {
        enter(*l, {}, many);
      } else if (o->kind == ExprKind::BuiltinCall) {
        if (passes(many) > 1) {
          repeatChild(*o);
        } else {
          transform(*o);
        }
      } else {
        visit(*o);
      }
    }
  }

  /// How often to go through what happens many times. What is within a second pass had its own second pass in the first one.
  int passes(bool many) const { return many && repeating_ == 0 ? 2 : 1; }

  void repeatChild(const Expr& inner) {
    transform(inner);
    ++repeating_;
    transform(inner);
    --repeating_;
  }

  void builtin(const Expr& e) {
    const auto key = [&](std::size_t i, Use use) {
      for (std::size_t k = 0; k < e.operands.size(); ++k) {
        if (!e.operands[k]) continue;
        if (k != i) {
          consume(*e.operands[k]);
        } else if (const auto r = visit(*e.operands[k])) {
          note(*r, use, e.operands[k]->span);
        }
      }
    };
    switch (e.builtin) {
      case Builtin::FoldIn: return key(0, Use::Fold);
      case Builtin::Split: return key(0, Use::Split);
      case Builtin::FederatedKeys: return key(0, Use::FoldClients);
      case Builtin::Uniform:
      case Builtin::Normal:
      case Builtin::TruncatedNormal:
      case Builtin::Bernoulli:
      case Builtin::Rademacher:
      case Builtin::Randint:
      case Builtin::PermutationOf:
      case Builtin::Exponential:
      case Builtin::Gumbel:
      case Builtin::Laplace: return key(0, Use::Draw);
      case Builtin::Shuffle: return key(1, Use::Draw);
      case Builtin::CloneKey:
      case Builtin::Len:
      case Builtin::Size:
      case Builtin::ShapeOf: visit(*e.operands[0]); return;
      case Builtin::Grad:
      case Builtin::ValueAndGrad:
      case Builtin::Jvp:
      case Builtin::Vjp:
      case Builtin::Vmap:
      case Builtin::CheckpointFn: return transform(e);
      case Builtin::Map:
      case Builtin::Filter:
      case Builtin::FlatMap:
      case Builtin::Fold:
      case Builtin::FederatedAggregate:
      case Builtin::FederatedSelect:
        for (const ExprPtr& o : e.operands) {
          if (!o) continue;
          if (const LambdaBody* l = lambdaOf(*o)) {
            enter(*l, {}, true);
          } else {
            consume(*o);
          }
        }
        return;
      case Builtin::MapLeaves:
      case Builtin::EachLeaf: {
        // One typed lambda per leaf, all of one source text: the first two stand for all.
        std::size_t seen = 0;
        for (const ExprPtr& o : e.operands) {
          if (!o) continue;
          const LambdaBody* l = lambdaOf(*o);
          if (l == nullptr) {
            consume(*o);
          } else if (seen++ < 2) {
            repeating_ += seen > 1 ? 1 : 0;
            enter(*l, {}, false);
            repeating_ -= seen > 1 ? 1 : 0;
          }
        }
        return;
      }
      default: forEachChild(e, [&](const Expr& child) { consume(child); }); return;
    }
  }

  void statement(const Stmt& s) {
    switch (s.kind) {
      case Stmt::Kind::Let:
      case Stmt::Kind::Var: bind(s.pattern, *s.value); return;
      case Stmt::Kind::Expr: consume(*s.value); return;
      case Stmt::Kind::Assign: {
        consume(*s.value);
        // `x[i] += y` is written out as `x[i] = x[i] + y`, with one and the same `i`.
        std::set<const Expr*> inValue;
        const std::function<void(const Expr&)> note = [&](const Expr& e) {
          inValue.insert(&e);
          forEachChild(e, note);
        };
        note(*s.value);
        for (const Stmt::Target& t : s.targets) {
          if (!t.local) continue;
          std::string path;
          bool known = true;
          for (const Subscript& p : t.path) {
            if (p.at && !inValue.contains(p.at.get())) consume(*p.at);
            if (p.to && !inValue.contains(p.to.get())) consume(*p.to);
            if (p.kind == Subscript::Kind::Field || p.kind == Subscript::Kind::Item) {
              path += fmt::format(".{}", p.index);
            } else {
              known = false;
            }
          }
          if (!known) continue;
          aliases_.erase(t.local->id);
          forget({t.local->id, path});
        }
        return;
      }
      case Stmt::Kind::For: {
        consume(*s.value);
        for (int pass = 0; pass < passes(true); ++pass) {
          repeating_ += pass;
          fresh(s.pattern);
          consume(*s.body);
          repeating_ -= pass;
        }
        return;
      }
    }
  }

  /// Fields are known by their number; a user knows them by name.
  std::string pathOf(const Ref& r) const {
    const auto it = types_.find(r.local);
    TypeRef t = it == types_.end() ? nullptr : it->second;
    std::string out;
    for (std::size_t at = 0; at < r.path.size();) {
      const std::size_t end = std::min(r.path.find_first_of(".[", at + 1), r.path.size());
      const std::string part = r.path.substr(at, end - at);
      at = end;
      while (t && (t->kind == TypeKind::Placed || (t->kind == TypeKind::Array && part[0] == '.'))) t = t->element;
      const std::size_t index = part[0] == '.' ? std::stoul(part.substr(1)) : 0;
      const bool isField = t && t->kind == TypeKind::Struct && part[0] == '.' && index < t->fields.size();
      out += isField ? "." + t->fields[index].name : part;
      if (isField) {
        t = t->fields[index].type;
      } else if (t && t->kind == TypeKind::Tuple && part[0] == '.' && index < t->items.size()) {
        t = t->items[index];
      } else {
        t = t && t->kind == TypeKind::Array ? t->element : nullptr;
      }
    }
    return out;
  }

  std::string nameOf(const Ref& r) const {
    const auto it = names_.find(r.local);
    return it == names_.end() ? "key" + r.path : it->second + pathOf(r);
  }

  void note(const Ref& r, Use use, Span span) {
    ++notes_;
    for (const auto& [other, records] : state_) {
      if (other.local != r.local || !overlap(other.path, r.path)) continue;
      for (const Record& before : records) {
        if (compatible(before.use, use)) continue;
        report(r, use, span, before);
        // One report for a key is enough.
        forget({r.local, r.path});
        return;
      }
    }
    state_[r].push_back({use, span});
  }

  void report(const Ref& r, Use use, Span span, const Record& before) {
    const std::string name = nameOf(r);
    if (before.span == span && repeating_ > 0) {
      Diagnostic d(Code::KeyInLoop, span, fmt::format("`{}` is {} again in every step", name, verb(use)));
      d.primaryLabel = fmt::format("the same key each time, so the same numbers");
      if (const auto it = spans_.find(r.local); it != spans_.end() && it->second != span)
        d.labels.push_back({it->second, "the key comes from outside"});
      d.notes.push_back(fmt::format("a loop or a mapped lambda folds its index into the key: `fold_in({}, i)`", name));
      sink_.report(std::move(d));
      return;
    }
    Diagnostic d(Code::KeyReuse, span, fmt::format("the key `{}` is used twice", name));
    d.primaryLabel = before.span == span ? fmt::format("{} here, each time that it is called", verb(use)) : fmt::format("{} here", verb(use));
    if (before.span != span) d.labels.push_back({before.span, fmt::format("{} here already", verb(before.use))});
    d.notes.push_back(fmt::format("make two keys of it: `let [a, b] = split({});`; if the same numbers are wanted, say `clone({})`", name, name));
    sink_.report(std::move(d));
  }

  DiagnosticSink& sink_;
  State state_;
  std::map<std::uint32_t, Ref> aliases_;
  std::map<std::uint32_t, const Expr*> lambdas_;
  /// `let`s of modules, numbered behind the locals. What another function does with them is not seen.
  static constexpr std::uint32_t kGlobals = 0x80000000u;
  std::map<const GlobalLet*, std::uint32_t> globals_;
  std::map<std::uint32_t, std::string> names_;
  std::map<std::uint32_t, TypeRef> types_;
  std::map<std::uint32_t, Span> spans_;
  std::set<const LambdaBody*> active_;
  std::set<const LambdaBody*> keyless_;
  std::size_t notes_ = 0;
  int repeating_ = 0;
  int depth_ = 0;
  std::size_t steps_ = 0;
};

}  // namespace

void checkKeys(const TypedProgram& program, DiagnosticSink& sink) {
  KeyChecker checker(sink);
  for (const auto& i : program.instances) {
    if (i->body) checker.body(i->params, *i->body);
    if (i->derivative) checker.body(i->derivative->params, *i->derivative->body);
  }
  if (program.process) checker.body({}, *program.process->value);
  for (const TestCase& t : program.tests) checker.body({}, *t.body);
}

}  // namespace fedc::check
