#include "compiler/check/foreign_names.h"

#include <algorithm>
#include <iterator>

namespace fedc::check {

namespace {

constexpr ForeignName kNames[] = {
    {"federated_weighted_mean", "the weighted mean is `federated_mean(x, weight = w)`", "federated_mean"},
    {"federated_unweighted_mean", "the mean is `federated_mean(x)`", "federated_mean"},
    {"federated_reduce", "`federated_aggregate(x, zero, accumulate = |a, x| .., merge = |a, b| ..)` joins values by a function", ""},
    {"federated_map_all_equal", "`federated_map(f, x)`, or `f(x)`, is the same at all clients where x is", "federated_map"},
    {"federated_zip_at_clients", "written `federated_zip(a, b)`, or `(a, b)`", "federated_zip"},
    {"federated_zip_at_server", "two values at the server are a pair, `(a, b)`", ""},
    {"federated_value_at_clients", "written `federated_value(x, clients)`", ""},
    {"federated_value_at_server", "written `federated_value(x, server)`", ""},
    {"federated_eval", "a function without arguments is called, and its value placed: `federated_value(f(), server)`, or at the clients", ""},
    {"federated_eval_at_clients", "a function without arguments is called, and its value placed: `federated_value(f(), clients)`", ""},
    {"federated_eval_at_server", "a function without arguments is called, and its value placed: `federated_value(f(), server)`", ""},
    {"federated_secure_select", "`federated_select(keys, value, f)` is what there is; the server learns the keys", "federated_select"},
    {"sequence_map", "written `s.map(f)`", ""},
    {"sequence_reduce", "written `s.fold(zero, |a, e| ..)`", ""},
    {"sequence_sum", "written `s.sum()`", ""},
    {"generic_zero", "`zeros()` has the type that its surroundings ask for", "zeros"},
    {"generic_plus", "written `a + b`, leaf by leaf", ""},
    {"federated_computation", "a federated computation is a function with placed parameters: `fn f(x: {f32}@clients) -> f32@server { .. }`", ""},
    {"tf_computation", "a local computation is a function without placements: `fn f(x: f32) -> f32 { .. }`", ""},
    {"tff", "intrinsics have no module: `federated_mean(x)`", ""},
    {"np", "functions of numbers have no module: `sum(x)`, `exp(x)`", ""},
    {"jnp", "functions of numbers have no module: `sum(x)`, `exp(x)`", ""},
    {"numpy", "functions of numbers have no module: `sum(x)`, `exp(x)`", ""},
    {"jax", "written `grad(f)`, `vmap(f)`, `normal(k, [n])`, without a module", ""},
    {"tf", "functions of numbers have no module: `sum(x)`, `exp(x)`; layers are in module `nn`", ""},
    {"torch", "functions of numbers have no module: `sum(x)`, `exp(x)`; layers are in module `nn`", ""},
    {"reduce_sum", "written `sum(x)`, or `sum(x, axis = 0)`", "sum"},
    {"reduce_mean", "written `mean(x)`, or `mean(x, axis = 0)`", "mean"},
    {"reduce_max", "written `max(x)`, or `max(x, axis = 0)`", "max"},
    {"matmul", "the matrix product is `a @ b`", ""},
    {"zeros_like", "`zeros()` has the type that its surroundings ask for: `let z: T = zeros();`", ""},
    {"ones_like", "`ones()` has the type that its surroundings ask for: `let z: T = ones();`", ""},
    {"arange", "the numbers from 0 to n - 1 are `0..n`", ""},
    {"astype", "a type's name converts: `f32(x)`", ""},
    {"cast", "a type's name converts: `f32(x)`", ""},
    {"tree_map", "written `map_leaves(f, x)`", "map_leaves"},
};

}  // namespace

std::span<const ForeignName> foreignNames() { return kNames; }

const ForeignName* foreignName(std::string_view name) {
  const auto at = std::find_if(std::begin(kNames), std::end(kNames), [&](const ForeignName& n) { return n.name == name; });
  return at == std::end(kNames) ? nullptr : at;
}

}  // namespace fedc::check
