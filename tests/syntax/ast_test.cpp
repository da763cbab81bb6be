#include "compiler/syntax/ast.h"

#include <gtest/gtest.h>

#include "compiler/support/render.h"
#include "compiler/syntax/parse.h"
#include "compiler/syntax/print.h"

namespace fedc {
namespace {

namespace ast = syntax::ast;

class Ast : public ::testing::Test {
 protected:
  SourceManager sources;

  std::unique_ptr<ast::Module> parse(const std::string& text) {
    DiagnosticSink sink;
    auto module = syntax::parse(sources.add("test.fed", text), sink);
    EXPECT_TRUE(sink.diagnostics().empty()) << renderText(sink, sources);
    return module;
  }
  /// An expression, printed.
  std::string expr(const std::string& text) {
    const auto module = parse("let x = " + text + ";");
    return module->items.empty() ? "" : syntax::print(*ast::as<ast::LetItem>(*module->items[0]).value);
  }
  std::string type(const std::string& text) {
    const auto module = parse("fn f(x: " + text + ") { }");
    return module->items.empty() ? "" : syntax::print(*ast::as<ast::FunctionItem>(*module->items[0]).signature.parameters[0].type);
  }
  std::string body(const std::string& text) { return syntax::print(*parse("fn f() { " + text + " }")); }
};

TEST_F(Ast, Precedence) {
  EXPECT_EQ(expr("a + b * c"), "(+ a (* b c))");
  EXPECT_EQ(expr("a - b - c"), "(- (- a b) c)");
  EXPECT_EQ(expr("-a.b @ c"), "(@ (- (. a b)) c)");
  EXPECT_EQ(expr("x @ w + b"), "(+ (@ x w) b)");
  EXPECT_EQ(expr("a || b && c == d + 1"), "(|| a (&& b (== c (+ d 1))))");
  EXPECT_EQ(expr("a | b ^ c & d << 2"), "(| a (^ b (& c (<< d 2))))");
  EXPECT_EQ(expr("h >> 63 == 0"), "(== (>> h 63) 0)");
  EXPECT_EQ(expr("a + 1..b * 2"), "(.. (+ a 1) (* b 2))");
  EXPECT_EQ(expr("!a == b"), "(== (! a) b)");
  EXPECT_EQ(expr("-x as f32[n] * y"), "(* (as (- x) (array f32 n)) y)");
  EXPECT_EQ(expr("x as i32 < y"), "(< (as x i32) y)");
  EXPECT_EQ(expr("(a + b) * c"), "(* (+ a b) c)");
  EXPECT_EQ(expr("a <= b"), "(<= a b)");
}

TEST_F(Ast, Postfix) {
  EXPECT_EQ(expr("a.0.1"), "(. (. a 0) 1)");
  EXPECT_EQ(expr("a.0.w[1]"), "(index (. (. a 0) w) 1)");
  EXPECT_EQ(expr("data.shuffle(k).repeat(2)"), "(call (. (call (. data shuffle) k) repeat) 2)");
  EXPECT_EQ(expr("f(x, weight = n, |a| a)"), "(call f x (weight = n) (lambda (a) a))");
  EXPECT_EQ(expr("x[:, 1..n, ..2, 3.., i]"), "(index x : (.. 1 n) (.. _ 2) (.. 3 _) i)");
  EXPECT_EQ(expr("grad(loss)(m, b)"), "(call (call grad loss) m b)");
  EXPECT_EQ(expr("f(clients = 1, server = 2)"), "(call f (clients = 1) (server = 2))");
}

TEST_F(Ast, Literals) {
  EXPECT_EQ(expr("0xff + 1_000 + 0b11 + 0o17"), "(+ (+ (+ 255 1000) 3) 15)");
  EXPECT_EQ(expr("18446744073709551615"), "18446744073709551615");
  EXPECT_EQ(expr("[1e-8, 1_0.5, 2E+3]"), "(array 1e-8 10.5 2E+3)");
  EXPECT_EQ(expr(R"("a\n\"\\\x41\u{e9}")"), "\"a\\n\\\"\\\\A\xc3\xa9\"");
  EXPECT_EQ(expr("(true, false)"), "(tuple true false)");
  EXPECT_EQ(expr("()"), "(tuple)");
  EXPECT_EQ(expr("(1,)"), "(tuple 1)");
  EXPECT_EQ(expr("[]"), "(array)");
}

TEST_F(Ast, StructLiterals) {
  EXPECT_EQ(expr("Model { w, b: 1 }"), "(struct Model w (b: 1))");
  EXPECT_EQ(expr("Model { b: b, ..m }"), "(struct Model (b: b) (.. m))");
  EXPECT_EQ(expr("nn.Dense { w: 1 }"), "(struct nn.Dense (w: 1))");
  EXPECT_EQ(expr("Empty { }"), "(struct Empty)");
  // In the head of an `if` a capital name before `{` is a value.
  EXPECT_EQ(expr("if n > N { a } else { b }"), "(if (> n N) (then (result a)) (else (result b)))");
  EXPECT_EQ(expr("if f(P { x: 1 }) { a } else { b }"), "(if (call f (struct P (x: 1))) (then (result a)) (else (result b)))");
}

TEST_F(Ast, Lambdas) {
  EXPECT_EQ(expr("|| 1"), "(lambda () 1)");
  EXPECT_EQ(expr("|_, (a, b), [c], m: Model@server| a || b"), "(lambda (_ (tuple a b) (array c) (: m (at-server Model))) (|| a b))");
  EXPECT_EQ(expr("|x| |y| x + y"), "(lambda (x) (lambda (y) (+ x y)))");
  EXPECT_EQ(expr("|x| { let y = x; y }"), "(lambda (x) (block (let y x) (result y)))");
}

TEST_F(Ast, Types) {
  EXPECT_EQ(type("f32[28, n + 1, ?]"), "(array f32 28 (+ n 1) ?)");
  EXPECT_EQ(type("{Example*}@clients"), "(per-client (sequence Example))");
  EXPECT_EQ(type("(str, i64)[top]@server"), "(at-server (array (tuple str i64) top))");
  EXPECT_EQ(type("E[?]*"), "(sequence (array E ?))");
  EXPECT_EQ(type("(M, E[?], key) -> f32"), "(-> (M (array E ?) key) f32)");
  EXPECT_EQ(type("(A) -> (B) -> C@clients"), "(-> (A) (-> (B) (at-clients C)))");
  EXPECT_EQ(type("() -> ()"), "(-> () (tuple))");
  EXPECT_EQ(type("(A)"), "A");
  EXPECT_EQ(type("Adam<Adam<M>>"), "(Adam (Adam M))");
  EXPECT_EQ(type("Dense<9216, i + 2 * o>"), "(Dense (dim 9216) (dim (+ i (* 2 o))))");
  EXPECT_EQ(type("Packet<max(2, next_pow2(size(M)))>"), "(Packet (dim (call max 2 (call next_pow2 (call size M)))))");
  EXPECT_EQ(type("Process<(S<M>@server, {M}@clients), {E*}@clients, f32[d], ()>"),
            "(Process (tuple (at-server (S M)) (per-client M)) (per-client (sequence E)) (array f32 d) (tuple))");
  EXPECT_EQ(type("nn.Dense<(n - 1) * 2, o / 3 % 4>"), "(nn.Dense (dim (* (- n 1) 2)) (dim (% (/ o 3) 4)))");
}

TEST_F(Ast, StatementsAndResults) {
  EXPECT_EQ(body("let (a, _) = x; var b: f32 = 1; b += a; (b, _) = y; b"),
            "(fn f (parameters) (body (let (tuple a _) x) (var (: b f32) 1) (+= b a) (= (tuple b _) y) (result b)))\n");
  // An `if` that begins a statement ends with its brace; what follows is another statement.
  EXPECT_EQ(body("if a { b } (c, d)"), "(fn f (parameters) (body (do (if a (then (result b)))) (result (tuple c d))))\n");
  EXPECT_EQ(body("if a { b } else { c }"), "(fn f (parameters) (body (result (if a (then (result b)) (else (result c))))))\n");
  EXPECT_EQ(body("if a { b } else { c };"), "(fn f (parameters) (body (do (if a (then (result b)) (else (result c))))))\n");
  EXPECT_EQ(body("for i in 0..n { x[i] = 1; } { let y = 1; } y"),
            "(fn f (parameters) (body (for i (.. 0 n) (do (= (index x i) 1))) (do (block (let y 1))) (result y)))\n");
  EXPECT_EQ(body("for a in b { for c in d { e; } }"), "(fn f (parameters) (body (for a b (do (for c d (do (do e)))))))\n");
  EXPECT_EQ(body("if a { 1 } else if b { 2 } else { 3 }"),
            "(fn f (parameters) (body (result (if a (then (result 1)) b (then (result 2)) (else (result 3))))))\n");
  EXPECT_EQ(body("x >>= 1; x <<= 2; x @= w; x ^= y;"), "(fn f (parameters) (body (>>= x 1) (<<= x 2) (@= x w) (^= x y)))\n");
  EXPECT_EQ(body("let y = if a { b } else { c } + 1; y"),
            "(fn f (parameters) (body (let y (+ (if a (then (result b)) (else (result c))) 1)) (result y)))\n");
}

TEST_F(Ast, Declarations) {
  EXPECT_EQ(syntax::print(*parse(R"(use nn;
use a.b.{c, D,};
param lr: f32 = 0.1;
run { data = "x.h5", rounds = 100, }
policy aggregate_only;
budget { up: 50 kB, down: 1.5 MB, exchanges: 1 }
struct Dense<i, M: vector + num> { /// weights
  w: f32[i], m: M }
native fn erfinv(x: f32) -> f32 = "symbol";
derivative of erfinv(x) = x * 2;
test "a b" { assert(true); }
let (a, b): (f32, i32) = c;
)")),
            R"((use nn)
(use a.b (names c D))
(param lr f32 0.1)
(run (data = "x.h5") (rounds = 100))
(policy aggregate_only)
(budget (up: 50 kB) (down: 1.5 MB) (exchanges: 1))
(struct Dense (generic i (M: vector num)) (w: (array f32 i) (doc "weights")) (m: M))
(native fn erfinv (parameters (x: f32)) (returns f32) (symbol "symbol"))
(derivative erfinv (x) (* x 2))
(test "a b" (body (do (call assert true))))
(let (: (tuple a b) (tuple f32 i32)) c)
)");
}

TEST_F(Ast, WordsThatAreNamesElsewhere) {
  EXPECT_EQ(body("let test = run; let policy = budget.native; let server = clients; of(derivative, param)"),
            "(fn f\n  (parameters)\n"
            "  (body (let test run) (let policy (. budget native)) (let server clients) (result (call of derivative param))))\n");
}

TEST_F(Ast, DocsBelongToWhatFollows) {
  const auto module =
      parse("/// One.\n///\n///  Two.  \n// no doc\nfn f() { }\n\n//// four\nfn g() { }\n/// of g2\n/* between */ let g2 = 1;\n/// dangling\n");
  EXPECT_EQ(module->items[0]->doc, "One.\n\n Two.");
  EXPECT_EQ(module->items[1]->doc, "");
  EXPECT_EQ(module->items[2]->doc, "of g2");
}

TEST_F(Ast, SpansAreBytesOfTheFile) {
  const auto module = parse("\xef\xbb\xbf// \xc3\xa9\nlet x = f(\"\xc3\xa9\") + (y);\n");
  const auto& let = ast::as<ast::LetItem>(*module->items[0]);
  EXPECT_EQ(sources.text(let.span), "let x = f(\"\xc3\xa9\") + (y);");
  const auto& sum = ast::as<ast::BinaryExpr>(*let.value);
  EXPECT_EQ(sources.text(sum.left->span), "f(\"\xc3\xa9\")");
  EXPECT_EQ(sources.text(sum.opSpan), "+");
  EXPECT_EQ(sources.text(sum.right->span), "y");
  EXPECT_TRUE(sum.right->isParenthesized);
}

TEST_F(Ast, NodeIdsAreDistinct) {
  const auto module = parse("fn f(x: f32) -> f32 { x + 1 }");
  const auto& function = ast::as<ast::FunctionItem>(*module->items[0]);
  const auto& sum = ast::as<ast::BinaryExpr>(*function.body.result);
  EXPECT_NE(sum.id, sum.left->id);
  EXPECT_NE(sum.left->id, sum.right->id);
  EXPECT_GT(module->nodeCount, 4u);
  EXPECT_LT(sum.id, module->nodeCount);
}

TEST_F(Ast, LongNodesTakeALineEach) {
  const std::string text =
      syntax::print(*parse("let x = f(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, "
                           "cccccccccccccccccccccccccccccccccccccccccccccc);"));
  EXPECT_EQ(text, R"((let
  x
  (call
    f
    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
    cccccccccccccccccccccccccccccccccccccccccccccc))
)");
}

}  // namespace
}  // namespace fedc
