#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/random/choices.h"
#include "tests/random/program.h"
#include "tests/random/type.h"

namespace fedc::random {

struct Variable {
  std::string name;
  Type type;
  bool assignable = false;
};

/// One client's data in scope.
struct SequenceVariable {
  std::string name;
  Type element;
};

/// What stands where an expression is made, and what it must keep to.
struct Scope {
  std::vector<Variable> variables;
  std::vector<SequenceVariable> sequences;
  /// A key that is only ever folded, so that no draw meets another; empty: there is none.
  std::string key;
  /// Where statements go.
  std::vector<std::string>* statements = nullptr;
  /// What is made is differentiated: no staircases.
  bool differentiable = false;
  /// What is made is mapped: no size and no number of steps that differs from row to row.
  bool mapped = false;
};

/// A function item. `size`: the name of the dimension that it is quantified over; empty: none.
struct Function {
  std::string name;
  std::vector<Type> params;
  Type result;
  std::string size;
  bool differentiable = false;
  bool mapped = false;
  bool takesKey = false;
};

/// A struct, its parameters already filled in.
struct Struct {
  Type type;
};

/// Makes a program from choices, top down by type: an expression is made for a wanted type, where many forms may give it, one is chosen. Every part
/// of a program has `fuel`; without, what is left becomes a variable or a literal.
class Generator {
 public:
  explicit Generator(Choices& choices) : choices_(choices) {}
  Program make();

 private:
  using Make = std::function<std::string()>;
  using Options = std::vector<std::pair<std::uint32_t, Make>>;
  struct Sequence {
    std::string text;
    Type element;
  };

  // generator.cpp: expressions, leaves, types.
  std::string expression(const Type& want);
  std::string leaf(const Type& want);
  std::string literal(const Type& want);
  std::string number(Elem elem, bool bare = false);
  /// Variables, and parts of them, of exactly this type.
  std::vector<std::string> named(const Type& want) const;
  std::string choose(const Options& options);
  bool strict() const { return scope_.differentiable || scope_.mapped; }
  Type someType(bool vector = false);
  Type someTensor(Elem elem, std::size_t maxRank = 2);
  Elem someElem();
  Elem someFloat() { return choices_.chance(25) ? Elem::F64 : Elem::F32; }
  Size someSize();
  std::string fresh(const char* prefix) { return prefix + std::to_string(names_++); }
  template <class T>
  const T& oneOf(const std::vector<T>& values) {
    return values[choices_.below(static_cast<std::uint32_t>(values.size()))];
  }
  std::string oneOf(std::initializer_list<const char*> words) { return *(words.begin() + choices_.below(static_cast<std::uint32_t>(words.size()))); }
  /// A folded key; without a key in scope, one made of a number.
  std::string key();
  /// A position below `size`: kept in range but for programs that may fail.
  std::string position(const Size& size);

  // statements.cpp: statements, blocks, lambdas, functions, structs.
  void statement();
  void statements(int most);
  std::string block(const Make& value);
  std::string lambda(const std::vector<Type>& params, const Make& body, const std::string& key = {});
  std::string let(const Type& type, const std::string& value, bool assignable = false);
  void assignment();
  void rangeLoop();
  void branch();
  const Function& someFunction(const Type& want, const std::vector<Type>& given = {});
  std::string call(const Function& function, const std::vector<std::string>& given = {}, const Size& size = {});
  Function makeFunction(const Type& result, std::vector<Type> params, const std::string& size, bool data = false);
  std::string item(const Function& function, const std::vector<std::string>& params, const std::string& result, const std::string& body);
  void makeStructs();
  /// The name of one of a few generic functions, declared when it is first used.
  std::string generic(const char* name);
  /// A function of the library, brought by `use` when it is first used.
  std::string used(const char* module, const char* name);

  // What may give a type; each adds its forms.
  void elementwise(const Type& want, Options& out);
  void strings(const Type& want, Options& out);
  void structures(const Type& want, Options& out);
  void shapes(const Type& want, Options& out);
  void reductions(const Type& want, Options& out);
  void products(const Type& want, Options& out);
  void control(const Type& want, Options& out);
  void transforms(const Type& want, Options& out);
  void draws(const Type& want, Options& out);
  void sequences(const Type& want, Options& out);
  void library(const Type& want, Options& out);

  std::string someText(int depth);
  std::string separator();
  std::vector<Size> stretched(const std::vector<Size>& dims);
  std::string loss(const Type& of, Elem elem, std::string variable);
  std::string chain(const Type& of, Elem elem, const std::string& variable);
  Sequence sequence(bool batches);
  std::string matrix(Elem elem, const Size& n);

  // federated.cpp: entries.
  /// A value of a federated body.
  struct Placed {
    enum class At : std::uint8_t { Server, Clients, AllClients };
    std::string name;
    Type type;
    At at = At::Server;
  };
  struct Body {
    std::vector<Placed> values;
    std::vector<std::string> statements;
    bool data = false;
    bool key = false;
    std::int64_t clients = 0;
  };
  std::string plainMain(Program& program);
  std::string federatedMain(Program& program);
  std::string process(Program& program);
  std::string trained(Program& program);
  void federatedStep(Body& body);
  /// An unplaced value, placed.
  void value(Body& body);
  void work(Body& body);
  void aggregate(Body& body);
  void rounds(Body& body);
  void secureSum(Body& body, const Placed& x);
  void selectByKey(Body& body);
  // aggregators.cpp
  std::string bound();
  std::string compressor();
  std::string aggregator(int depth);
  void throughAggregator(Body& body, const Placed& x);
  void boundedSum(Body& body, const Placed& x, Elem elem);
  void question(Body& body);
  Placed& bind(Body& body, Placed::At at, const Type& type, const std::string& value);
  /// Values at a place; those that are the same at all clients are at each client, too.
  std::vector<Placed> at(const Body& body, Placed::At at) const;
  /// A call of a local function with values of one place.
  std::string localCall(Body& body, Placed::At at, const Type& want);
  std::vector<Placed> results(Body& body, std::size_t most);
  std::pair<std::string, std::string> report(Body& body);
  std::string foldedKey(const Body& body);
  static std::string written(const Body& body, const std::string& value);

  // data.cpp
  Type makeExample();
  nlohmann::ordered_json federation(std::int64_t clients);
  nlohmann::ordered_json values(const Type& type, std::uint32_t kind, std::mt19937_64& random);
  void arguments(const std::string& path, const Type& type, Program& program);
  /// One value of a type, as `--arg` reads it.
  nlohmann::ordered_json argument(const Type& type, std::uint32_t kind, std::mt19937_64& random);
  /// An argument with a value for each client of the data.
  void clientArguments(const std::string& name, const Type& type, Program& program);

  Choices& choices_;
  Scope scope_;
  /// Declarations of native functions that are called.
  std::set<std::string> natives_;
  std::vector<std::string> items_;
  std::vector<Struct> structs_;
  std::vector<Function> functions_;
  Type example_;
  std::vector<std::int64_t> palette_;
  /// module -> names.
  std::map<std::string, std::set<std::string>> uses_;
  /// The program's params, in scope everywhere.
  std::vector<Variable> params_;
  int fuel_ = 0;
  int depth_ = 0;
  int names_ = 0;
  int functionDepth_ = 0;
  /// Checks of this program may fail.
  bool risky_ = false;
};

}  // namespace fedc::random
