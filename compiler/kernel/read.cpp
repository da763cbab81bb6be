#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <map>

#include "compiler/core/op_table.h"
#include "compiler/core/strings.h"
#include "compiler/core/text_lexer.h"
#include "compiler/kernel/nests.h"
#include "compiler/kernel/text.h"
#include "compiler/support/limits.h"

namespace fedc::kernel {

namespace {

using core::failAt;
using core::Token;

bool isDigit(char c) { return c >= '0' && c <= '9'; }

class Reader {
 public:
  explicit Reader(std::string_view text) : tokens_(core::tokenise(text)) {}

  /// Where the reader stands, for what meets a limit.
  const Token& here() const { return peek(); }

  Kernel run() {
    word("kernel");
    kernel_.name = name();
    expect("(");
    while (!accept(";")) {
      kernel_.dims.push_back(global(name()));
      kernel_.ints[kernel_.dims.back()].kind = IntInfo::Kind::Param;
      if (!is(";")) expect(",");
    }
    while (!accept(")")) {
      kernel_.arguments.push_back(buffer());
      if (!is(")")) expect(",");
    }
    if (acceptWord("laid")) {
      word("out");
      kernel_.laidOut = true;
    }
    word("arena");
    if (!is("{")) {
      kernel_.arenaBytes = dim();
      word("bytes");
    }
    expect("{");
    while (!accept("}")) buffer();
    kernel_.body = block();
    if (peek().kind != Token::Kind::End) failAt(peek(), "expected the end");
    return std::move(kernel_);
  }

 private:
  // Tokens.

  const Token& peek(std::size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
  const Token& take() {
    const Token& t = peek();
    if (at_ + 1 < tokens_.size()) ++at_;
    return t;
  }
  bool atEnd() const { return peek().kind == Token::Kind::End; }
  static std::string shown(const Token& t) { return t.kind == Token::Kind::End ? "the end" : "`" + t.text + t.suffix + "`"; }
  /// `?0` is a name to the lexer.
  bool is(std::string_view symbol) const { return (peek().kind == Token::Kind::Symbol || peek().text == "?0") && peek().text == symbol; }
  bool isWord(std::string_view w) const { return peek().kind == Token::Kind::Name && peek().text == w; }
  bool accept(std::string_view symbol) {
    if (!is(symbol)) return false;
    take();
    return true;
  }
  bool acceptWord(std::string_view w) {
    if (!isWord(w)) return false;
    take();
    return true;
  }
  void expect(std::string_view symbol) {
    if (!accept(symbol)) failAt(peek(), fmt::format("expected `{}`, found {}", symbol, shown(peek())));
  }
  void word(std::string_view w) {
    if (!acceptWord(w)) failAt(peek(), fmt::format("expected `{}`, found {}", w, shown(peek())));
  }
  std::string name() {
    if (peek().kind != Token::Kind::Name) failAt(peek(), fmt::format("expected a name, found {}", shown(peek())));
    return take().text;
  }
  std::int64_t integer() {
    const bool negative = accept("-");
    const Token& t = take();
    std::int64_t v = 0;
    const char* last = t.text.data() + t.text.size();
    const auto [end, error] = std::from_chars(t.text.data(), last, v);
    if (t.kind != Token::Kind::Number || !t.suffix.empty() || error != std::errc() || end != last) {
      failAt(t, fmt::format("expected a whole number, found {}", shown(t)));
    }
    return negative ? 0 - v : v;
  }
  static Elem elem(const Token& at, std::string_view text) {
    const auto e = core::elemFromName(text);
    if (!e) failAt(at, fmt::format("no element type `{}`", text));
    return *e;
  }

  // Integers and extents.

  Int newInt(const std::string& text, IntInfo::Kind kind) {
    kernel_.ints.push_back(IntInfo{kind, text, {}, {}});
    return static_cast<Int>(kernel_.ints.size() - 1);
  }
  /// Dims, loop variables and lets may be mentioned (by extents) before they are defined.
  Int global(const std::string& text) {
    const auto it = globals_.find(text);
    if (it != globals_.end()) return it->second;
    return globals_[text] = newInt(text, IntInfo::Kind::Let);
  }
  Int integerNamed(const std::string& text) {
    const auto it = axes_.find(text);
    return it != axes_.end() ? it->second : global(text);
  }
  /// The integers that a bound is made of must have bounds of their own by now.
  void describe(const Token& at, Int v, IntInfo::Kind kind, const Dim& most, std::optional<std::int64_t> bound) {
    for (Int x : most.variables()) {
      const IntInfo& info = kernel_.ints[x];
      if (info.kind != IntInfo::Kind::Param && !info.limit) failAt(at, fmt::format("`{}` is used before it is defined", info.name));
    }
    kernel_.ints[v].bound = bound;
    describeInt(kernel_, v, kind, most);
  }

  Dim factor() {
    const Nested nested(depth_);
    if (accept("(")) {
      const Dim d = dim();
      expect(")");
      return d;
    }
    if (peek().kind == Token::Kind::Number) return Dim(integer());
    const Token t = peek();
    const std::string text = name();
    if (!accept("(")) return Dim::variable(integerNamed(text));
    const Dim a = dim();
    if (text == "next_pow2") {
      expect(")");
      return Dim::nextPow2(a);
    }
    expect(",");
    const Dim b = dim();
    expect(")");
    if (text == "ceildiv") return Dim::ceildiv(a, b);
    if (text == "floordiv") return Dim::floordiv(a, b);
    if (text == "min") return Dim::min(a, b);
    if (text == "max") return Dim::max(a, b);
    failAt(t, fmt::format("extents have no function `{}`", text));
  }
  Dim product() {
    Dim d = factor();
    while (accept("*")) d = d * factor();
    return d;
  }
  /// `beforeLoad`: a load of a buffer may be added behind it, and is not a part of it.
  Dim dim(bool beforeLoad = false) {
    Dim d = accept("-") ? Dim(-1) * product() : product();
    while ((is("+") || is("-")) && !(beforeLoad && startsLoad(1))) {
      const bool plus = take().text == "+";
      const Dim next = product();
      d = plus ? d + next : d - next;
    }
    return d;
  }
  /// From `ahead` on: the load of a buffer, not an integer.
  bool startsLoad(std::size_t ahead) const {
    const Token& then = peek(ahead + 1);
    return peek(ahead).kind == Token::Kind::Name && then.kind == Token::Kind::Symbol && (then.text == "[" || then.text == "{");
  }

  // Buffers.

  BufferId buffer() {
    Buffer b;
    const Token at = peek();
    b.name = name();
    expect(":");
    const Token type = peek();
    b.elem = elem(type, name());
    if (accept("[")) {
      while (!accept("]")) {
        b.extents.push_back(dim());
        if (accept("|")) b.padLast = integer();
        if (!is("]")) expect(",");
      }
    }
    if (acceptWord("inout")) {
      b.role = Buffer::Role::InOut;
    } else if (acceptWord("out")) {
      b.role = Buffer::Role::Out;
    } else if (acceptWord("in")) {
      b.role = Buffer::Role::In;
    }
    if (acceptWord("slack")) b.slack = integer();
    if (accept("@")) b.offset = dim();
    const BufferId id = static_cast<BufferId>(kernel_.buffers.size());
    if (!buffers_.emplace(b.name, id).second) failAt(at, fmt::format("`{}` is defined twice", b.name));
    kernel_.buffers.push_back(std::move(b));
    return id;
  }
  BufferId bufferNamed() {
    const Token t = peek();
    const auto it = buffers_.find(name());
    if (it == buffers_.end()) failAt(t, fmt::format("no buffer `{}`", t.text));
    return it->second;
  }

  // Statements.

  Block block() {
    Block out;
    expect("{");
    while (!accept("}")) out.push_back(statement());
    return out;
  }

  Statement statement() {
    const Nested nested(depth_);
    const Token t = peek();
    const std::string keyword = name();
    axes_.clear();
    if (keyword == "nest") return Statement{nest()};
    if (keyword == "scatter") return Statement{scatter()};
    if (keyword == "for") {
      For f;
      f.var = global(name());
      expect("<");
      f.extent = dim();
      f.reversed = acceptWord("reverse");
      describe(t, f.var, IntInfo::Kind::Loop, f.extent - Dim(1), {});
      f.body = block();
      return Statement{std::move(f)};
    }
    if (keyword == "if") {
      If i;
      i.condition = bufferNamed();
      i.then = block();
      word("else");
      i.otherwise = block();
      return Statement{std::move(i)};
    }
    if (keyword == "let") return Statement{let(t)};
    if (keyword != "call") failAt(t, fmt::format("expected a statement, found {}", shown(t)));
    Call c;
    c.symbol = name();
    if (c.symbol == "native") c.function = name();
    expect("(");
    while (!accept(";")) {
      c.buffers.push_back(bufferNamed());
      if (!is(";")) expect(",");
    }
    while (!accept(")")) {
      c.ints.push_back(dim());
      if (!is(")")) expect(",");
    }
    if (!isKnown(c)) failAt(t, fmt::format("no call `{}` takes {} buffers", c.symbol, c.buffers.size()));
    return Statement{std::move(c)};
  }

  Let let(const Token& at) {
    Let l;
    l.var = global(name());
    std::optional<std::int64_t> bound;
    if (accept("<=")) bound = integer();
    expect("=");
    if (isWord("clamp") && peek(1).text == "(") {
      take();
      take();
      l.buffer = bufferNamed();
      expect(",");
      l.value = dim();
      expect(")");
    } else {
      l.value = dim();
    }
    describe(at, l.var, IntInfo::Kind::Let, l.value, bound);
    return l;
  }

  std::vector<Axis> axes() {
    std::vector<Axis> out;
    expect("[");
    while (!accept("]")) {
      const std::string text = name();
      expect("<");
      const Dim extent = dim();
      out.push_back(Axis{newInt(text, IntInfo::Kind::Axis), extent});
      axes_[text] = out.back().var;
      if (!is("]")) expect(",");
    }
    return out;
  }

  void enter(std::vector<Expr>& exprs) {
    exprs_ = &exprs;
    shared_.clear();
    accumulators_.clear();
  }
  static bool isNumbered(const std::string& text, char letter) {
    return text.size() > 1 && text[0] == letter && std::all_of(text.begin() + 1, text.end(), isDigit);
  }
  void sharedExpressions() {
    while (isNumbered(peek().text, 'e') && peek(1).text == "=") {
      const std::string text = name();
      expect("=");
      shared_[text] = expr();
    }
  }

  Nest nest() {
    Nest n;
    n.name = name();
    n.axes = axes();
    enter(n.exprs);
    expect("{");
    // Shared expressions may mention the reduced axes and the sums, which come later in the text.
    const std::size_t begin = at_;
    declareReduction(n);
    at_ = begin;
    sharedExpressions();
    if (acceptWord("reduce")) reduction(n);
    while (!accept("}")) {
      if (acceptWord("check")) {
        SiteCheck c;
        c.condition = expr();
        word("site");
        c.site = static_cast<std::uint32_t>(integer());
        n.checks.push_back(c);
      } else {
        n.stores.push_back(store());
      }
    }
    return n;
  }

  /// Looks ahead for the nest's reduction: its axes and the types of its sums.
  void declareReduction(Nest& n) {
    int depth = 1;
    while (depth > 0 && !atEnd() && !(depth == 1 && isWord("reduce"))) {
      if (is("{")) ++depth;
      if (is("}")) --depth;
      take();
    }
    if (!acceptWord("reduce")) return;
    n.reduceAxes = axes();
    while (!is("{") && !atEnd()) take();
    for (depth = 0; !atEnd(); take()) {
      if (is("{")) ++depth;
      if (is("}") && --depth == 0) return;
      if (!isNumbered(peek().text, 'a') || peek(1).text != ":") continue;
      const Elem e = elem(peek(2), peek(2).text);
      // An index is what comes out of a search.
      const bool arg = peek(3).text == "argmax" || peek(3).text == "argmin";
      accumulators_.push_back(arg ? Elem::I32 : e);
    }
  }

  void reduction(Nest& n) {
    // The axes are known by now.
    while (!is("]") && !atEnd()) take();
    expect("]");
    const Token t = peek();
    const std::string order = name();
    if (order == "split") {
      expect("(");
      n.order.parts = static_cast<int>(integer());
      expect(",");
      n.order.kind = name() == "lanes" ? Order::Kind::SplitLanes : Order::Kind::SplitSeq;
      expect(")");
    } else if (order == "lanes" || order == "seq") {
      n.order.kind = order == "lanes" ? Order::Kind::Lanes : Order::Kind::Seq;
    } else {
      failAt(t, fmt::format("no order `{}`", order));
    }
    expect("{");
    while (!accept("}")) {
      if (acceptWord("each")) {
        n.each.push_back(store());
      } else {
        n.accumulations.push_back(accumulation());
      }
    }
  }

  Accumulation accumulation() {
    static constexpr std::string_view kKinds[] = {"sum", "prod", "max", "min", "and", "or", "argmax", "argmin"};
    name();
    expect(":");
    Accumulation a;
    const Token type = peek();
    a.elem = elem(type, name());
    a.fused = acceptWord("fused");
    const Token kind = peek();
    const auto found = std::find(std::begin(kKinds), std::end(kKinds), name());
    if (found == std::end(kKinds)) failAt(kind, fmt::format("no reduction `{}`", kind.text));
    a.kind = static_cast<Accumulation::Kind>(found - std::begin(kKinds));
    expect("=");
    a.value = expr();
    if (acceptWord("init")) a.init = expr();
    return a;
  }

  Scatter scatter() {
    Scatter s;
    s.name = name();
    s.axes = axes();
    word("seq");
    s.updates = axes();
    enter(s.exprs);
    expect("{");
    sharedExpressions();
    s.store.target = access();
    s.mode = is("+=") ? core::ScatterMode::Add : core::ScatterMode::Set;
    if (!accept("+=")) expect("=");
    s.store.value = expr();
    expect("}");
    return s;
  }

  Store store() {
    Store s;
    s.target = access();
    expect("=");
    s.value = expr();
    return s;
  }

  // Expressions.

  Access access() {
    const Nested nested(depth_);
    Access a;
    a.buffer = bufferNamed();
    a.shape = kernel_.buffers[a.buffer].extents;
    if (accept("{")) {
      a.shape.clear();
      while (!accept("}")) {
        a.shape.push_back(dim());
        if (!is("}")) expect(",");
      }
    }
    if (accept("[")) {
      while (!accept("]")) {
        a.index.push_back(index());
        if (!is("]")) expect(",");
      }
    }
    // Nothing is outside of a scalar.
    a.zeroOutside = !a.index.empty() && accept("?0");
    return a;
  }

  Index index() {
    Index i;
    if (!startsLoad(0)) i.affine = dim(true);
    if (startsLoad(0) || accept("+")) {
      Access inner = access();
      const Elem e = kernel_.buffers[inner.buffer].elem;
      i.gather = ExprWriter(*exprs_).load(e, std::move(inner));
    }
    i.clamp = accept("!");
    return i;
  }

  static Literal number(const Token& t, bool negative) {
    const Elem e = elem(t, t.suffix);
    if (core::isFloat(e)) {
      const double v = std::strtod(t.text.c_str(), nullptr);
      return Literal::ofDouble(e, negative ? -v : v);
    }
    std::uint64_t v = 0;
    std::from_chars(t.text.data(), t.text.data() + t.text.size(), v);
    return Literal::ofInt(e, static_cast<std::int64_t>(negative ? 0 - v : v));
  }

  ExprId expr() {
    const Nested nested(depth_);
    ExprWriter w(*exprs_);
    const Token t = peek();
    const bool negative = accept("-");
    if (peek().kind == Token::Kind::Number) return w.literal(number(take(), negative));
    if (peek().kind == Token::Kind::String) {
      const std::string written = take().text;
      if (const auto problem = core::stringProblem(written)) failAt(t, *problem);
      return w.literal({Elem::Str, core::intern(written)});
    }
    if (accept("(")) {
      static const std::map<std::string, Op> ops = {{"+", Op::Add}, {"-", Op::Sub}, {"*", Op::Mul}, {"/", Op::Div}};
      const ExprId a = expr();
      const Token op = take();
      const ExprId b = expr();
      expect(")");
      const auto it = ops.find(op.text);
      if (it == ops.end()) failAt(op, fmt::format("expected an operator, found {}", shown(op)));
      return w.scalar(it->second, w[a].elem, {a, b});
    }
    const std::string text = peek().text;
    if (peek().kind != Token::Kind::Name) failAt(peek(), fmt::format("expected an expression, found {}", shown(peek())));
    if (text.starts_with("inf.")) {
      take();
      const double infinity = std::numeric_limits<double>::infinity();
      return w.literal(Literal::ofDouble(elem(t, text.substr(4)), negative ? -infinity : infinity));
    }
    if (text == "true" || text == "false") {
      take();
      return w.literal(Literal::ofBool(text == "true"));
    }
    if (peek(1).text == "(") return function();
    if (isNumbered(text, 'e')) {
      take();
      const auto it = shared_.find(text);
      if (it == shared_.end()) failAt(t, fmt::format("no expression `{}`", text));
      return it->second;
    }
    if (isNumbered(text, 'a')) {
      take();
      std::size_t i = accumulators_.size();
      std::from_chars(text.data() + 1, text.data() + text.size(), i);
      if (i >= accumulators_.size()) failAt(t, fmt::format("no sum `{}`", text));
      return w.accumulator(accumulators_[i], static_cast<int>(i));
    }
    Access a = access();
    const Elem e = kernel_.buffers[a.buffer].elem;
    return w.load(e, std::move(a));
  }

  /// `i32(dim)`, `f32.bits(0x..)`, `random_bits.u32(key, counter)`, `op(..)`, `convert.f32(..)`.
  ExprId function() {
    ExprWriter w(*exprs_);
    const Token t = peek();
    const std::string text = name();
    expect("(");
    const std::size_t dot = text.rfind('.');
    const std::string head = text.substr(0, dot), tail = dot == std::string::npos ? "" : text.substr(dot + 1);
    if (tail == "bits") {
      const Literal l{elem(t, head), std::strtoull(take().text.c_str(), nullptr, 16)};
      expect(")");
      return w.literal(l);
    }
    if (head == "random_bits") {
      Expr e;
      e.kind = Expr::Kind::RandomBits;
      e.elem = elem(t, tail);
      e.args = {expr()};
      expect(",");
      if (acceptWord("at")) {
        e.dim = dim();
      } else {
        e.args.push_back(expr());
      }
      expect(")");
      return w.add(std::move(e));
    }
    if (const auto e = core::elemFromName(text)) {
      const Dim d = dim();
      expect(")");
      return w.integer(*e, d);
    }
    Op op = Op::Add;
    if (!core::opFromName(head, &op) || !core::isElementwise(op)) failAt(t, fmt::format("no operation `{}`", head));
    std::vector<ExprId> args;
    while (!accept(")")) {
      args.push_back(expr());
      if (!is(")")) expect(",");
    }
    if (args.empty()) failAt(t, fmt::format("`{}` without operands", head));
    Elem result = w[args.back()].elem;
    if (!tail.empty()) result = elem(t, tail);
    if ((op >= Op::Eq && op <= Op::Ge) || op == Op::IsFinite) result = Elem::Bool;
    return w.scalar(op, result, std::move(args));
  }

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int depth_ = 0;
  Kernel kernel_;
  std::map<std::string, Int> globals_, axes_;
  std::map<std::string, BufferId> buffers_;
  std::vector<Expr>* exprs_ = nullptr;
  std::map<std::string, ExprId> shared_;
  std::vector<Elem> accumulators_;
};

}  // namespace

Expected<Kernel, std::string> read(std::string_view text) {
  try {
    Reader reader(text);
    try {
      return reader.run();
    } catch (const Overgrown& limit) {
      failAt(reader.here(), limit.what);
    }
  } catch (const core::TextError& f) {
    return tl::unexpected<std::string>(f.message);
  }
}

}  // namespace fedc::kernel
