#include "compiler/check/typed_walk.h"

namespace fedc::check {

void forEachChild(const Expr& e, const std::function<void(const Expr&)>& f) {
  const auto one = [&](const ExprPtr& p) {
    if (p) f(*p);
  };
  const auto path = [&](const std::vector<Subscript>& subscripts) {
    for (const Subscript& s : subscripts) {
      one(s.at);
      one(s.to);
    }
  };
  for (const Stmt& s : e.stmts) {
    one(s.value);
    for (const Stmt::Target& t : s.targets) path(t.path);
    one(s.body);
  }
  for (const ExprPtr& o : e.operands) one(o);
  path(e.subscripts);
  if (e.lambda) one(e.lambda->body);
}

}  // namespace fedc::check
