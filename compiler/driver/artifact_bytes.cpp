#include <map>
#include <type_traits>

#include "compiler/driver/artifact.h"

namespace fedc::driver {

namespace {

// `fields(archive, x)` names what makes up an x, once for both directions; `Writer` and `Reader` say what becomes of a number, a text, a list.

template <class T>
constexpr bool kIsPlain = std::is_arithmetic_v<T> || std::is_enum_v<T>;

class Writer {
 public:
  static constexpr bool kReads = false;

  template <class... T>
  void operator()(T&... items) {
    (item(items), ...);
  }
  std::string take() { return std::move(bytes_); }

 private:
  template <class T>
  void item(T& x) {
    if constexpr (kIsPlain<T>) {
      bytes_.append(reinterpret_cast<const char*>(&x), sizeof x);
    } else {
      fields(*this, x);
    }
  }
  void item(std::string& x) {
    count(x.size());
    bytes_ += x;
  }
  template <class T>
  void item(std::vector<T>& x) {
    count(x.size());
    for (T& e : x) item(e);
  }
  template <class T>
  void item(std::optional<T>& x) {
    bytes_ += x ? '\1' : '\0';
    if (x) item(*x);
  }
  template <class A, class B>
  void item(std::pair<A, B>& x) {
    item(x.first);
    item(x.second);
  }
  void item(std::map<std::string, std::string>& x) {
    count(x.size());
    for (auto& [name, value] : x) {
      std::string key = name;
      item(key);
      item(value);
    }
  }
  void count(std::uint64_t n) { item(n); }

  std::string bytes_;
};

class Reader {
 public:
  static constexpr bool kReads = true;

  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  template <class... T>
  void operator()(T&... items) {
    (item(items), ...);
  }
  void refuse() { good_ = false; }
  bool good() const { return good_; }
  bool atEnd() const { return rest_.empty(); }

 private:
  template <class T>
  void item(T& x) {
    if constexpr (std::is_same_v<T, bool>) {
      char byte = 0;
      item(byte);
      if (byte != 0 && byte != 1) refuse();
      x = byte == 1;
    } else if constexpr (kIsPlain<T>) {
      if (!good_ || rest_.size() < sizeof x) return refuse();
      rest_.copy(reinterpret_cast<char*>(&x), sizeof x);
      rest_.remove_prefix(sizeof x);
    } else {
      fields(*this, x);
    }
  }
  void item(std::string& x) {
    const std::uint64_t size = count();
    if (!good_) return;
    x = rest_.substr(0, size);
    rest_.remove_prefix(size);
  }
  template <class T>
  void item(std::vector<T>& x) {
    // As long as there are bytes: a count alone takes no memory.
    for (std::uint64_t left = count(); good_ && left > 0; --left) item(x.emplace_back());
  }
  template <class T>
  void item(std::optional<T>& x) {
    bool has = false;
    item(has);
    if (good_ && has) item(x.emplace());
  }
  template <class A, class B>
  void item(std::pair<A, B>& x) {
    item(x.first);
    item(x.second);
  }
  void item(std::map<std::string, std::string>& x) {
    for (std::uint64_t left = count(); good_ && left > 0; --left) {
      std::pair<std::string, std::string> entry;
      item(entry);
      x.insert(std::move(entry));
    }
  }
  /// Every item has a byte at least.
  std::uint64_t count() {
    std::uint64_t n = 0;
    item(n);
    if (n > rest_.size()) refuse();
    return good_ ? n : 0;
  }

  std::string_view rest_;
  bool good_ = true;
};

/// An enumerator past the last one is no value.
template <class A, class E>
void choice(A& a, E& x, E last) {
  a(x);
  if constexpr (A::kReads) {
    if (x > last) a.refuse();
  }
}

// Extents: a sum of products of atoms, whose operands are extents.

constexpr int kDeepest = 16;

void extent(Writer& a, Dim& dim) {
  std::uint32_t terms = static_cast<std::uint32_t>(dim.terms().size());
  a(terms);
  for (const Dim::Term& term : dim.terms()) {
    std::int64_t coefficient = term.coefficient;
    std::uint32_t atoms = static_cast<std::uint32_t>(term.atoms.size());
    a(coefficient, atoms);
    for (const Dim::Atom& atom : term.atoms) {
      Dim::AtomKind kind = atom.kind;
      Dim::Variable variable = atom.variable;
      a(kind, variable);
      for (Dim operand : atom.operands) extent(a, operand);
    }
  }
}

Dim atomOf(Reader& a, int depth);

void extent(Reader& a, Dim& dim, int depth) {
  std::uint32_t terms = 0;
  a(terms);
  if (depth > kDeepest) a.refuse();
  dim = Dim(0);
  for (; a.good() && terms > 0; --terms) {
    std::int64_t coefficient = 0;
    std::uint32_t atoms = 0;
    a(coefficient, atoms);
    // No extent is a product of more.
    if (atoms > 64) a.refuse();
    Dim product(coefficient);
    for (; a.good() && atoms > 0; --atoms) product = product * atomOf(a, depth);
    dim = dim + product;
  }
}

Dim atomOf(Reader& a, int depth) {
  Dim::AtomKind kind{};
  Dim::Variable variable = 0;
  choice(a, kind, Dim::AtomKind::NextPow2);
  a(variable);
  if (!a.good()) return Dim(0);
  if (kind == Dim::AtomKind::Variable) return Dim::variable(variable);
  Dim x, y;
  extent(a, x, depth + 1);
  if (kind == Dim::AtomKind::NextPow2) return Dim::nextPow2(x);
  extent(a, y, depth + 1);
  if (!a.good()) return Dim(0);
  switch (kind) {
    case Dim::AtomKind::Ceildiv:
    case Dim::AtomKind::Floordiv:
      if (y.isConstant(0)) {
        a.refuse();
        return Dim(0);
      }
      return kind == Dim::AtomKind::Ceildiv ? Dim::ceildiv(x, y) : Dim::floordiv(x, y);
    case Dim::AtomKind::Min: return Dim::min(x, y);
    default: return Dim::max(x, y);
  }
}

}  // namespace

// In the archives' namespace, where their templates look for them.
namespace {

void fields(Writer& a, Dim& x) { extent(a, x); }
void fields(Reader& a, Dim& x) { extent(a, x, 0); }

template <class A>
void fields(A& a, Span& x) {
  a(x.file, x.begin, x.end);
}

template <class A>
void elem(A& a, core::Elem& x) {
  choice(a, x, core::Elem::Str);
}

template <class A>
void fields(A& a, core::Type& x) {
  elem(a, x.elem);
  a(x.dims);
}

template <class A>
void fields(A& a, core::Literal& x) {
  elem(a, x.elem);
  a(x.bits);
}

template <class A>
void fields(A& a, core::DimInfo& x) {
  a(x.name, x.bound);
}

template <class A>
void fields(A& a, core::Fn& x) {
  a(x.name, x.dims, x.dimParams);
}

template <class A>
void fields(A& a, core::Site& x) {
  a(x.span, x.message);
}

template <class A>
void fields(A& a, core::Module& x) {
  a(x.fns, x.sites);
}

template <class A>
void fields(A& a, core::SlotInfo& x) {
  a(x.name, x.type);
  choice(a, x.place, core::Place::Clients);
}

template <class A>
void fields(A& a, core::ClientInput& x) {
  choice(a, x.kind, core::ClientInput::Kind::Row);
  a(x.slot, x.index);
}

template <class A>
void fields(A& a, core::ClientOutput& x) {
  choice(a, x.kind, core::ClientOutput::Kind::Crossed);
  a(x.slot, x.index);
}

template <class A>
void fields(A& a, core::ServerStep& x) {
  a(x.fn, x.inputs, x.outputs);
}

template <class A>
void fields(A& a, core::UpEdge& x) {
  choice(a, x.kind, core::UpEdge::Kind::SecureModularSum);
  a(x.span, x.leaves, x.crossings);
}

template <class A>
void fields(A& a, core::SelectEdge& x) {
  a(x.span, x.keys, x.slices, x.keyCrossings, x.sliceCrossings);
}

template <class A>
void fields(A& a, core::SentLength& x) {
  a(x.value, x.says, x.times, x.most);
}

template <class A>
void fields(A& a, core::Piece& x) {
  choice(a, x.side, core::Piece::Side::Key);
  a(x.fn, x.inputs, x.outputs, x.lengths, x.extents);
}

template <class A>
void fields(A& a, core::Phase& x) {
  a(x.down, x.downAt, x.selects, x.up, x.accumulator, x.zero, x.client, x.clientInputs, x.clientOutputs, x.wire, x.pieces, x.merge,
    x.accumulatorSlots, x.collected, x.server);
}

template <class A>
void fields(A& a, core::Column& x) {
  a(x.argument, x.feature, x.type, x.span);
}

template <class A>
void fields(A& a, core::Graph::Input& x) {
  choice(a, x.kind, core::Graph::Input::Kind::Sequence);
  a(x.slot, x.name, x.span, x.part);
}

template <class A>
void fields(A& a, core::Graph::Output& x) {
  choice(a, x.kind, core::Graph::Output::Kind::Report);
  a(x.slot, x.name);
}

template <class A>
void fields(A& a, core::Graph::Data& x) {
  a(x.name, x.span, x.features);
}

template <class A>
void fields(A& a, core::Graph::ClientResult& x) {
  a(x.slot, x.name, x.part, x.allEqual);
}

template <class A>
void fields(A& a, core::Graph& x) {
  a(x.entry, x.dims, x.slots, x.columns, x.inputs, x.data, x.clientState, x.first, x.phases, x.outputs, x.clientResults);
}

template <class A>
void fields(A& a, core::Program& x) {
  a(x.module, x.graphs);
}

template <class A>
void fields(A& a, check::Param& x) {
  a(x.name);
  elem(a, x.elem);
  a(x.value, x.fallback, x.isStatic, x.span);
}

template <class A>
void fields(A& a, check::RunDefaults& x) {
  a(x.data, x.eval, x.evalSpan, x.rounds, x.clientsPerRound, x.others);
}

template <class A>
void fields(A& a, ProgramFacts& x) {
  std::vector<Policy> policies(x.policies.begin(), x.policies.end());
  a(x.params, x.run, policies, x.isOneLeaf);
  x.policies = {policies.begin(), policies.end()};
}

template <class A>
void fields(A& a, ModuleLookup& x) {
  a(x.name, x.from, x.found);
}

template <class A>
void fields(A& a, runtime::LeafLayout& x) {
  elem(a, x.elem);
  a(x.dims, x.padLast);
}

template <class A>
void fields(A& a, runtime::Signature& x) {
  a(x.name, x.dimParams, x.params, x.results, x.inPlace);
}

template <class A>
void fields(A& a, codegen::NativeImage::Function& x) {
  a(x.index, x.signature, x.arenaBytes, x.dims);
}

template <class A>
void fields(A& a, codegen::NativeImage& x) {
  a(x.functions, x.objects.objects, x.objects.symbols, x.objects.strings);
}

template <class A>
void fields(A& a, Artifact& x) {
  a(x.lookups, x.sourceHashes, x.facts, x.program, x.image);
}

}  // namespace

std::string encode(const Artifact& artifact) {
  Writer writer;
  // The archive takes what it could also fill in; writing changes nothing.
  fields(writer, const_cast<Artifact&>(artifact));
  return writer.take();
}

std::optional<Artifact> decode(std::string_view bytes) {
  Reader reader(bytes);
  Artifact artifact;
  fields(reader, artifact);
  if (!reader.good() || !reader.atEnd()) return std::nullopt;
  return artifact;
}

}  // namespace fedc::driver
