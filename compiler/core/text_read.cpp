#include <fmt/format.h>

#include <charconv>
#include <unordered_map>

#include "compiler/core/native.h"
#include "compiler/core/op_table.h"
#include "compiler/core/strings.h"
#include "compiler/core/text.h"
#include "compiler/core/text_lexer.h"
#include "compiler/support/limits.h"

namespace fedc::core {

namespace {

/// What a statement defines, read before its types can be: name and the place of the type's first token.
struct Definition {
  std::string name;
  std::size_t type = 0;
};

class Reader {
 public:
  explicit Reader(std::string_view text) : tokens_(tokenise(text)) {}

  /// Where the reader stands, for what meets a limit.
  const Token& here() const { return peek(); }

  Module module() {
    Module m;
    while (peek().kind != Token::Kind::End) {
      if (accept("site")) {
        const Token& at = peek();
        if (index() != m.sites.size()) failAt(at, "sites must be numbered from 0 on");
        m.sites.push_back(Site{{}, stringToken()});
      } else if (accept("native")) {
        auto native = std::make_shared<Native>();
        native->name = stringToken();
        expect("=");
        native->symbol = stringToken();
        expect("(");
        while (!accept(")")) {
          native->params.push_back(nativeType());
          if (!is(")")) expect(",");
        }
        expect("->");
        native->result = nativeType();
        // The derivative may call the function itself.
        natives_[native->name] = native;
        m.natives.push_back({native, {}});
        if (accept("derivative")) m.natives.back().derivative = function();
      } else {
        m.fns.push_back(function());
      }
    }
    return m;
  }

 private:
  // Tokens.
  const Token& peek(std::size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
  const Token& take() {
    const Token& t = peek();
    if (at_ + 1 < tokens_.size()) ++at_;
    return t;
  }
  bool is(std::string_view text, std::size_t ahead = 0) const {
    const Token& t = peek(ahead);
    return (t.kind == Token::Kind::Name || t.kind == Token::Kind::Symbol) && t.text == text;
  }
  bool accept(std::string_view text) {
    if (!is(text)) return false;
    take();
    return true;
  }
  static std::string shown(const Token& t) { return t.kind == Token::Kind::End ? "the end" : fmt::format("`{}{}`", t.text, t.suffix); }
  void expect(std::string_view text) {
    if (!accept(text)) failAt(peek(), fmt::format("expected `{}`, found {}", text, shown(peek())));
  }
  std::string nameToken() {
    if (peek().kind != Token::Kind::Name) failAt(peek(), fmt::format("expected a name, found {}", shown(peek())));
    return take().text;
  }
  std::string stringToken() {
    if (peek().kind != Token::Kind::String) failAt(peek(), fmt::format("expected a string, found {}", shown(peek())));
    return take().text;
  }
  std::int64_t integer() {
    const bool negative = accept("-");
    const Token& t = peek();
    std::uint64_t magnitude = 0;
    const char* end = t.text.data() + t.text.size();
    if (t.kind != Token::Kind::Number || !t.suffix.empty() || std::from_chars(t.text.data(), end, magnitude).ptr != end) {
      failAt(t, fmt::format("expected a whole number, found {}", shown(t)));
    }
    take();
    return static_cast<std::int64_t>(negative ? 0 - magnitude : magnitude);
  }
  std::size_t index() { return static_cast<std::size_t>(integer()); }

  // Dims and types.
  Dim::Variable dimVariable(const Token& t) const {
    const auto found = dims_.find(t.text);
    if (found == dims_.end()) failAt(t, fmt::format("no dimension is named `{}` here", t.text));
    return found->second;
  }

  Dim factor() {
    const Nested nested(depth_);
    if (accept("(")) {
      const Dim d = dim();
      expect(")");
      return d;
    }
    if (peek().kind == Token::Kind::Number) return Dim(integer());
    const Token& t = take();
    if (t.kind != Token::Kind::Name) failAt(t, fmt::format("expected an extent, found {}", shown(t)));
    if (!is("(")) return Dim::variable(dimVariable(t));
    take();
    const Dim a = dim();
    if (t.text == "next_pow2") {
      expect(")");
      return Dim::nextPow2(a);
    }
    expect(",");
    const Dim b = dim();
    expect(")");
    if (t.text == "ceildiv") return Dim::ceildiv(a, b);
    if (t.text == "floordiv") return Dim::floordiv(a, b);
    if (t.text == "min") return Dim::min(a, b);
    if (t.text == "max") return Dim::max(a, b);
    failAt(t, fmt::format("extents have no function `{}`", t.text));
  }

  Dim product() {
    Dim d = factor();
    while (accept("*")) d = d * factor();
    return d;
  }

  Dim dim() {
    Dim d = accept("-") ? Dim(-1) * product() : product();
    while (is("+") || is("-")) {
      const bool plus = take().text == "+";
      const Dim next = product();
      d = plus ? d + next : d - next;
    }
    return d;
  }

  std::vector<Dim> dimList() {
    std::vector<Dim> out;
    expect("[");
    while (!accept("]")) {
      out.push_back(dim());
      if (!is("]")) expect(",");
    }
    return out;
  }

  Type type() {
    const Token& t = take();
    const auto elem = t.kind == Token::Kind::Name ? elemFromName(t.text) : std::nullopt;
    if (!elem) failAt(t, fmt::format("expected a type, found {}", shown(t)));
    return Type{*elem, is("[") ? dimList() : std::vector<Dim>{}};
  }

  NativeType nativeType() {
    const Token& t = take();
    const auto elem = t.kind == Token::Kind::Name ? elemFromName(t.text) : std::nullopt;
    if (!elem) failAt(t, fmt::format("expected an element type, found {}", shown(t)));
    return {*elem, static_cast<int>(integer())};
  }

  // Names.
  static std::string hint(const std::string& name) { return name[0] == '%' ? std::string() : name; }

  Var define(const Token& at, const std::string& name, Type t) {
    const Var v = fn_->newVar(std::move(t), hint(name));
    if (!vars_.emplace(name, v).second) failAt(at, fmt::format("`{}` is defined twice", name));
    return v;
  }

  Dim::Variable defineDim(const Token& at, const std::string& name, std::optional<std::int64_t> bound) {
    const Dim::Variable v = fn_->newDim(hint(name), bound);
    if (!dims_.emplace(name, v).second) failAt(at, fmt::format("dimension `{}` is defined twice", name));
    return v;
  }

  std::optional<std::int64_t> boundOf(const Dim& d) const {
    return d.upperBound([this](Dim::Variable v) { return fn_->dims[v].bound; });
  }

  // Atoms.
  Literal literal() {
    const Token& first = peek();
    const bool negative = accept("-");
    const Token& t = take();
    const auto elem = elemFromName(t.suffix);
    if (t.kind != Token::Kind::Number || !elem) failAt(first, fmt::format("expected a literal with its type, found {}", shown(t)));
    const std::string digits = (negative ? "-" : "") + t.text;
    const char* end = digits.data() + digits.size();
    std::from_chars_result r{};
    Literal l;
    if (*elem == Elem::F32) {
      float x = 0;
      r = std::from_chars(digits.data(), end, x);
      l = Literal::ofDouble(*elem, x);
    } else if (*elem == Elem::F64) {
      double x = 0;
      r = std::from_chars(digits.data(), end, x);
      l = Literal::ofDouble(*elem, x);
    } else if (*elem == Elem::U64) {
      r = std::from_chars(digits.data(), end, l.bits);
      l.elem = *elem;
    } else if (isInteger(*elem)) {
      std::int64_t x = 0;
      r = std::from_chars(digits.data(), end, x);
      l = Literal::ofInt(*elem, x);
      if (l.toInt() != x) failAt(first, fmt::format("{} is out of range of {}", x, t.suffix));
    } else {
      failAt(first, fmt::format("{} has no numbers", t.suffix));
    }
    if (r.ec != std::errc() || r.ptr != end) failAt(first, fmt::format("{} is no {}", digits, t.suffix));
    return l;
  }

  Literal stringLiteral() {
    const Token& t = take();
    if (const auto problem = stringProblem(t.text)) failAt(t, *problem);
    return {Elem::Str, intern(t.text)};
  }

  Atom atom() {
    if (accept("true")) return Atom::of(Literal::ofBool(true));
    if (accept("false")) return Atom::of(Literal::ofBool(false));
    if (peek().kind == Token::Kind::String) return Atom::of(stringLiteral());
    if (peek().kind == Token::Kind::Number || is("-")) return Atom::of(literal());
    const Token& t = take();
    if (t.kind != Token::Kind::Name) failAt(t, fmt::format("expected an operand, found {}", shown(t)));
    if (const auto elem = elemFromName(t.text); elem && *elem != Elem::Str && accept("(")) {
      const Token& bits = take();
      Literal l{*elem, 0};
      const char* end = bits.text.data() + bits.text.size();
      const bool hex = bits.kind == Token::Kind::Number && bits.text.starts_with("0x");
      if (!hex || std::from_chars(bits.text.data() + 2, end, l.bits, 16).ptr != end) failAt(bits, "expected the bits as 0x..");
      expect(")");
      return Atom::of(l);
    }
    const auto found = vars_.find(t.text);
    if (found == vars_.end()) failAt(t, fmt::format("`{}` is not defined", t.text));
    return Atom::of(found->second);
  }

  std::vector<Atom> atomsUntil(std::string_view close) {
    std::vector<Atom> out;
    while (!is(close)) {
      out.push_back(atom());
      if (!is(close)) expect(",");
    }
    take();
    return out;
  }

  // Attributes.
  std::vector<int> intList() {
    std::vector<int> out;
    do out.push_back(static_cast<int>(integer()));
    while (accept(","));
    return out;
  }

  Order order() {
    Order o;
    if (accept("seq")) return o;
    if (accept("lanes")) {
      o.kind = Order::Kind::Lanes;
      return o;
    }
    expect("split");
    expect("(");
    o.parts = static_cast<int>(integer());
    expect(",");
    o.kind = Order::Kind::SplitLanes;
    if (!accept("lanes")) {
      expect("seq");
      o.kind = Order::Kind::SplitSeq;
    }
    expect(")");
    return o;
  }

  void attribute(Attrs& a) {
    const Token& name = take();
    AttrField field{};
    bool known = false;
    for (int i = 0; i < kAttrFieldCount && !known; ++i) {
      field = static_cast<AttrField>(i);
      known = name.text == attrFieldName(field);
    }
    if (!known) failAt(name, fmt::format("no attribute is named {}", shown(name)));
    static constexpr std::string_view kKinds[] = {"sum", "prod", "max", "min", "and", "or"};
    switch (field) {
      case AttrField::Axes: a.axes = intList(); break;
      case AttrField::RhsAxes: a.rhsAxes = intList(); break;
      case AttrField::Batch: a.batch = intList(); break;
      case AttrField::RhsBatch: a.rhsBatch = intList(); break;
      case AttrField::Dims: a.dims = dimList(); break;
      case AttrField::Starts: a.starts = dimList(); break;
      case AttrField::Strides:
        for (int stride : intList()) a.strides.push_back(stride);
        break;
      case AttrField::Elem: {
        const Token& t = take();
        a.elem = elemFromName(t.text);
        if (!a.elem) failAt(t, fmt::format("expected an element type, found {}", shown(t)));
        break;
      }
      case AttrField::Reduce: {
        const Token& t = take();
        for (std::size_t i = 0; i < std::size(kKinds); ++i) {
          if (kKinds[i] == t.text) a.reduce = static_cast<ReduceKind>(i);
        }
        if (!a.reduce) failAt(t, fmt::format("expected a kind of reduction, found {}", shown(t)));
        break;
      }
      case AttrField::Order: a.order = order(); break;
      case AttrField::Scatter:
        a.scatter = accept("set") ? ScatterMode::Set : ScatterMode::Add;
        if (a.scatter == ScatterMode::Add) expect("add");
        break;
      case AttrField::Site: a.site = static_cast<std::uint32_t>(integer()); break;
      case AttrField::Extent: a.extent = dim(); break;
      case AttrField::Defines: {
        const Token& at = peek();
        a.defines = defineDim(at, nameToken(), boundOf(a.extent));
        break;
      }
      case AttrField::Reversed: a.reversed = true; break;
      case AttrField::Carries: a.carries = static_cast<int>(integer()); break;
      case AttrField::Auxiliary: a.auxiliary = static_cast<int>(integer()); break;
      case AttrField::Native: {
        const Token& at = peek();
        const auto found = natives_.find(stringToken());
        if (found == natives_.end()) failAt(at, fmt::format("no native function is called `{}`", at.text));
        a.native = found->second;
        break;
      }
    }
  }

  // Statements.
  std::vector<Definition> definitions() {
    std::vector<Definition> out;
    if (peek().kind != Token::Kind::Name || !is(":", 1)) return out;
    do {
      Definition d;
      d.name = nameToken();
      expect(":");
      d.type = at_;
      skipType();
      out.push_back(std::move(d));
    } while (accept(","));
    expect("=");
    return out;
  }

  /// The dims of a result may be defined by its own statement, so types are read when that is done.
  void skipType() {
    take();
    if (!accept("[")) return;
    while (!accept("]")) {
      if (peek().kind == Token::Kind::End) failAt(peek(), "expected `]`, found the end");
      take();
    }
  }

  void finish(Stmt s, const Token& at, const std::vector<Definition>& defined, std::vector<Stmt>& into) {
    std::vector<Type> types;
    if (auto problem = inferTypes(*fn_, s, types)) failAt(at, *problem);
    if (types.size() != defined.size()) failAt(at, fmt::format("`{}` has {} results, {} are named", opName(s.op), types.size(), defined.size()));
    const std::size_t after = at_;
    for (std::size_t i = 0; i < types.size(); ++i) {
      at_ = defined[i].type;
      const Token& written = peek();
      if (type() != types[i]) failAt(written, fmt::format("result {} is {}", i, print(*fn_, types[i])));
      s.results.push_back(define(written, defined[i].name, types[i]));
    }
    at_ = after;
    into.push_back(std::move(s));
  }

  std::vector<Var> params() {
    std::vector<Var> out;
    while (peek().kind == Token::Kind::Name && is(":", 1)) {
      const Token& at = peek();
      const std::string name = nameToken();
      expect(":");
      out.push_back(define(at, name, type()));
      if (!accept(",")) break;
    }
    return out;
  }

  Region region(bool arrow) {
    const Nested nested(depth_);
    Region r;
    expect("{");
    if (arrow) {
      r.params = params();
      expect("->");
    }
    while (!accept("yield")) stmt(r.stmts);
    r.yields = atomsUntil("}");
    return r;
  }

  void stmt(std::vector<Stmt>& into) {
    if (is("dim") && !is(":", 1)) return dimStmt(into);
    const std::vector<Definition> defined = definitions();
    const Token& at = peek();
    if (accept("loop")) return loop(at, defined, into);
    Stmt s;
    if (!opFromName(nameToken(), &s.op)) failAt(at, fmt::format("no operation is named {}", shown(at)));
    if (accept("{")) {
      while (!accept("}")) {
        attribute(s.attrs);
        if (!is("}")) expect(";");
      }
    }
    expect("(");
    s.args = atomsUntil(")");
    while (is("{")) s.regions.push_back(region(s.op != Op::Cond));
    finish(std::move(s), at, defined, into);
  }

  void dimStmt(std::vector<Stmt>& into) {
    const Token& at = take();
    Stmt s;
    s.op = Op::DimDef;
    const std::string name = nameToken();
    std::optional<Dim> bound;
    if (accept("<=")) bound = dim();
    expect("=");
    std::optional<std::int64_t> most;
    if (is("clamp") && is("(", 1)) {
      take();
      take();
      if (!bound) failAt(at, "a clamped dimension needs a bound");
      s.attrs.extent = *bound;
      s.args = atomsUntil(")");
      most = boundOf(*bound);
    } else {
      s.attrs.extent = dim();
      most = bound ? bound->constant() : std::nullopt;
      if (bound && !most) failAt(at, "the bound must be a number");
    }
    s.attrs.defines = defineDim(at, name, most);
    finish(std::move(s), at, {}, into);
  }

  void loop(const Token& at, const std::vector<Definition>& defined, std::vector<Stmt>& into) {
    const Nested nested(depth_);
    Stmt s;
    s.op = Op::Loop;
    const Token& indexToken = peek();
    const std::string index = nameToken();
    expect("<");
    s.attrs.extent = dim();
    s.attrs.reversed = accept("reverse");
    Region body;
    const auto operands = [&](std::string_view between) {
      expect("(");
      while (!accept(")")) {
        const Token& param = peek();
        const std::string name = nameToken();
        expect(":");
        const Type t = type();
        expect(between);
        s.args.push_back(atom());
        body.params.push_back(define(param, name, t));
        if (!is(")")) expect(",");
      }
    };
    if (accept("carry")) operands("=");
    s.attrs.carries = static_cast<int>(s.args.size());
    if (accept("each")) operands("in");
    if (index != "_") {
      const auto trips = boundOf(s.attrs.extent);
      s.attrs.defines = defineDim(indexToken, index, trips ? std::optional(*trips - 1) : std::nullopt);
    }
    expect("{");
    while (!accept("next")) stmt(body.stmts);
    expect("(");
    body.yields = atomsUntil(")");
    if (static_cast<int>(body.yields.size()) != s.attrs.carries) failAt(at, fmt::format("{} carries, {} next", s.attrs.carries, body.yields.size()));
    if (accept("emit")) {
      expect("(");
      for (Atom& a : atomsUntil(")")) body.yields.push_back(a);
    }
    expect("}");
    s.regions.push_back(std::move(body));
    finish(std::move(s), at, defined, into);
  }

  Fn function() {
    Fn fn;
    fn_ = &fn;
    vars_.clear();
    dims_.clear();
    expect("fn");
    fn.name = nameToken();
    expect("(");
    while (!accept(";")) {
      const Token& at = peek();
      const std::string name = nameToken();
      std::optional<std::int64_t> bound;
      if (accept("<=")) bound = integer();
      fn.dimParams.push_back(defineDim(at, name, bound));
      if (!is(";")) expect(",");
    }
    fn.params = params();
    expect(")");
    expect("->");
    expect("(");
    // Result types may mention dims of the body: read at the end.
    std::vector<std::size_t> types;
    while (!accept(")")) {
      types.push_back(at_);
      skipType();
      if (!is(")")) expect(",");
    }
    if (accept("inplace")) {
      expect("(");
      while (!accept(")")) {
        const int param = static_cast<int>(integer());
        expect("=");
        fn.inPlace.emplace_back(param, static_cast<int>(integer()));
        if (!is(")")) expect(",");
      }
    }
    expect("{");
    while (!accept("return")) stmt(fn.body);
    const Token& at = peek();
    fn.results = atomsUntil("}");
    if (fn.results.size() != types.size()) failAt(at, fmt::format("{} results, {} result types", fn.results.size(), types.size()));
    const std::size_t after = at_;
    for (std::size_t place : types) {
      at_ = place;
      fn.resultTypes.push_back(type());
    }
    at_ = after;
    return fn;
  }

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int depth_ = 0;
  Fn* fn_ = nullptr;
  std::unordered_map<std::string, Var> vars_;
  std::unordered_map<std::string, Dim::Variable> dims_;
  std::unordered_map<std::string, std::shared_ptr<const Native>> natives_;
};

}  // namespace

Expected<Module, std::string> read(std::string_view text) {
  try {
    Reader reader(text);
    try {
      return reader.module();
    } catch (const Overgrown& limit) {
      failAt(reader.here(), limit.what);
    }
  } catch (const TextError& e) {
    return tl::unexpected<std::string>(e.message);
  }
}

}  // namespace fedc::core
