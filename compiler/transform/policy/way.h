#pragma once

#include <set>
#include <string>
#include <vector>

#include "compiler/check/typed.h"
#include "compiler/support/diagnostics.h"

/// How errors show a value's way: by the names that the source gives to what is computed.
namespace fedc::transform::policy {

/// Where a value begins and through which places of the source it went, in that order.
struct Way {
  /// `x` of the data.
  std::string start;
  /// Where the graph says that the data is declared (of a process: itself); none of what is no data.
  Span from;
  std::vector<Span> steps;
};

/// The names of a program's source by the places that they stand for.
class Names {
 public:
  explicit Names(const check::TypedProgram& program);

  /// Shows a way that ends in a call of `what` at `primary`: labels at the names in that file, and the whole as a note.
  void show(const Way& way, const std::string& what, Diagnostic& diagnostic) const;

 private:
  /// The parameter with the clients' data of the function around a place; none if there is no such function.
  Span dataAround(Span place) const;
  /// `let name = value;`
  struct Binding {
    std::string name;
    Span at;
    Span value;
    /// What the value calls by name.
    std::set<std::string> calls;
  };
  struct Function {
    std::string name;
    Span body;
    Span data;
  };
  void walk(const check::Expr& e);
  void add(const check::Stmt& s);
  /// The one binding in a function's body that takes what `callee` gives; null if there is none, or there are several.
  const Binding* takes(const std::string& callee, const Function* in) const;
  template <class T>
  static const T* innermost(const std::vector<T>& all, Span T::* range, Span place);

  std::vector<Binding> bindings_;
  std::vector<Function> functions_;
  bool isProcess_ = false;
};

}  // namespace fedc::transform::policy
