#include "compiler/core/native.h"

#include <algorithm>

#include "compiler/transform/specialise/specialiser.h"

/// Calls of native functions, and the functions that their declared derivatives become.
namespace fedc::transform::specialise {

using core::Atom;
using core::Type;

std::shared_ptr<const core::Native> Specialiser::nativeOf(const check::FnInstance& instance) {
  if (const auto found = natives_.find(&instance); found != natives_.end()) return found->second;
  const check::NativeDecl& decl = *instance.native;
  auto native = std::make_shared<core::Native>();
  // Unqualified as in the file, but of two modules with the same names each its own.
  const std::string shown = instance.shown;
  native->name = shown;
  const auto isTaken = [&] {
    return std::any_of(natives_.begin(), natives_.end(), [&](const auto& other) { return other.second->name == native->name; });
  };
  for (int n = 2; isTaken(); ++n) native->name = shown + " #" + std::to_string(n);
  native->symbol = decl.symbol;
  native->derivativeForm = decl.derivativeForm;
  native->span = decl.span;
  for (const Type& t : decl.params) native->params.push_back({t.elem, t.rank()});
  native->result = {decl.result.elem, decl.result.rank()};
  // Its derivative may call it.
  natives_.emplace(&instance, native);
  std::optional<core::Fn> derivative;
  if (instance.derivative) derivative = derivativeOf(instance);
  module_.natives.push_back({native, std::move(derivative)});
  return native;
}

core::Fn Specialiser::derivativeOf(const check::FnInstance& instance) {
  HomeFn home;
  // A home of its own: nothing else is.
  home.home = Home{Home::Kind::Native, static_cast<int>(natives_.size())};
  home.fn.name = "derivative_of_" + instance.native->symbol;
  const InFunction scope(*this, home);
  const Span span = instance.derivative->body->span;
  Env env;
  for (const Dim::Variable v : instance.dims) {
    home.fn.dimParams.push_back(home.fn.newDim(typed_.dims[v].name, typed_.dims[v].bound));
    env.bindDim(v, Dim::variable(home.fn.dimParams.back()));
  }
  const auto parameter = [&](const Type& type, const std::string& name) {
    home.fn.params.push_back(home.fn.newVar(type, name));
    return Value::of(leaf(Atom::of(home.fn.params.back())));
  };
  for (const check::Pattern& p : instance.derivative->params) bindPattern(p, parameter(coreType(p.type, env, span), p.local->name), env);
  const std::size_t own = home.fn.params.size();
  Value value = eval(*instance.derivative->body, env);
  std::size_t given = own;
  if (!instance.native->isElementwise) {
    ++given;
    value = call(function(value, span), {parameter(coreType(instance.result, env, span), "g")}, span);
  }
  for (const Leaf& l : leavesOf(value)) {
    home.fn.results.push_back(useWhole(l, span));
    home.fn.resultTypes.push_back(l.type);
  }
  if (home.fn.params.size() != given) {
    stop(Code::NotYetSupported, span, "the derivative of a native function cannot use a run-time `param` of the program",
         "it is a function of its parameters alone");
  }
  home.fn.body.insert(home.fn.body.begin(), std::make_move_iterator(home.prologue.begin()), std::make_move_iterator(home.prologue.end()));
  return std::move(home.fn);
}

Value Specialiser::callNative(const check::FnInstance& instance, const Args& args, Span span) {
  core::Attrs attrs;
  attrs.native = nativeOf(instance);
  std::vector<Leaf> operands;
  for (const Value& v : args) operands.push_back(v.leaf);
  // An operand of its own statement: no literal.
  const auto whole = [&](const Leaf& l) {
    const Atom a = use(l);
    return a.isLiteral ? builder(span).splat(a.literal, l.type) : a;
  };
  std::vector<Atom> atoms;
  if (instance.native->isElementwise) {
    std::vector<Dim> shape;
    for (const Leaf& l : operands)
      if (shape.empty()) shape = l.type.dims;
    for (const Leaf& l : operands) atoms.push_back(whole(l.type.dims.size() == shape.size() ? l : broadcastTo(l, shape, span)));
    for (std::size_t i = 0; i < operands.size(); ++i) {
      if (operands[i].type.dims.size() == shape.size() && operands[i].type.dims != shape)
        stop(Code::SizesDiffer, span, "the operands have different shapes");
    }
    return value(builder(span).emit1(core::Op::NativeMap, std::move(atoms), std::move(attrs)));
  }
  Env env;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    bindDims(instance.params[i].type, args[i], env);
    atoms.push_back(whole(operands[i]));
  }
  attrs.dims = coreType(instance.result, env, span).dims;
  return value(builder(span).emit1(core::Op::NativeCall, std::move(atoms), std::move(attrs)));
}

}  // namespace fedc::transform::specialise
