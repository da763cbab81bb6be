#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tests/random/generator.h"

/// The library's ways to bring what clients have together: aggregators, compressors, sums in bounds, questions about all data.
namespace fedc::random {

std::string Generator::bound() {
  used("aggregate", "fixed");
  switch (choices_.below(4)) {
    case 0: return fmt::format("fixed({})", oneOf({"1.0", "0.0", "0.1", "100.0"}));
    case 1: return fmt::format("{}({}, start = 2.0)", used("aggregate", "quantile"), oneOf({"0.5", "0.9"}));
    case 2: return fmt::format("{}(fixed(1.0), 2.0)", used("aggregate", "scaled"));
    default: return fmt::format("{}(quantile(0.5, noise = 1.0), 0.5, plus = 0.125)", (used("aggregate", "quantile"), used("aggregate", "scaled")));
  }
}

std::string Generator::compressor() {
  const auto by = [&](const char* name, const std::string& arguments) { return fmt::format("{}({})", used("compress", name), arguments); };
  switch (choices_.below(5)) {
    case 0: return by("uniform_levels", oneOf({"16", "3", "200", "4, arithmetic = true", "5, width = 8"}));
    case 1: return by("binary", "");
    case 2: return by("terngrad", oneOf({"", "cut = 0.5"}));
    case 3: return by("signs", "");
    default: return by("drive", "");
  }
}

std::string Generator::aggregator(int depth) {
  const auto by = [&](const char* name, const std::string& arguments) { return fmt::format("{}({})", used("aggregate", name), arguments); };
  const std::uint32_t which = choices_.below(depth > 0 ? 12 : 7);
  switch (which) {
    case 0: return by("average", "");
    case 1: return by("average_or_zero", "");
    case 2: return by("total", "");
    case 3:
    case 4: return fmt::format("{}({})", used("compress", "compressed"), compressor());
    case 5: return fmt::format("{}({})", used("secure", "secure_total"), bound());
    case 6: return by("average_of", fmt::format("{}({})", used("secure", "secure_total"), bound()));
    default: break;
  }
  std::string limit = which == 9 || which == 10 ? bound() : "";
  const std::string inner = choices_.part([&] { return aggregator(depth - 1); });
  switch (which) {
    case 7: return by("unweighted", inner);
    case 8: return by("counted", inner);
    case 9: return by("clipped", fmt::format("{}, {}", limit, inner));
    case 10: return by("zeroed", fmt::format("{}, {}", limit, inner));
    default: return fmt::format("{}({})", used("compress", "rotated"), inner);
  }
}

/// One round of an aggregator of the library; of one that counts, the count is a value, too.
void Generator::throughAggregator(Body& body, const Placed& x) {
  const std::string by = choices_.part([&] { return aggregator(2); });
  const std::string weight = choices_.chance(50) ? fmt::format(", weight = {}(data)", generic("weight")) : "";
  const std::string key = body.key ? foldedKey(body) : "federated_value(key(5), server)";
  const std::string both = fresh("s");
  body.statements.push_back(fmt::format("let {} = {}({}, {}, {}{});", both, used("aggregate", "aggregate_once"), x.name, by, key, weight));
  if (by.starts_with("counted")) bind(body, Placed::At::Server, Type::scalar(Elem::I32), both + ".0.clients");
  bind(body, Placed::At::Server, x.type, both + ".1");
}

/// A sum of integers, or of floats as integers, in bounds.
void Generator::boundedSum(Body& body, const Placed& x, Elem elem) {
  const auto number = [&](int n) { return fmt::format("{}({})", core::elemName(elem), n); };
  if (core::isFloat(elem)) {
    return void(bind(body, Placed::At::Server, x.type,
                     fmt::format("{}({}, -8.0, {})", used("secure", "federated_quantized_sum"), x.name, oneOf({"8.0", "0.5"}))));
  }
  const int low = core::isSigned(elem) ? -static_cast<int>(choices_.below(4)) : 0, high = 1 + static_cast<int>(choices_.below(9));
  switch (choices_.below(3)) {
    case 0:
      bind(body, Placed::At::Server, x.type,
           fmt::format("{}({}, {}, {})", used("secure", "federated_clamped_sum"), x.name, number(low), number(high)));
      return;
    case 1:
      bind(body, Placed::At::Server, x.type,
           fmt::format("{}({}, {}, {})", used("secure", "federated_modular_clipped_sum"), x.name, number(low), number(high)));
      return;
    default:
      bind(body, Placed::At::Server, Type::tuple({Type::scalar(Elem::I32), Type::scalar(Elem::I32)}),
           fmt::format("{}({}, {}, {})", used("secure", "federated_outside"), x.name, number(low), number(high)));
      return;
  }
}

/// A question about all data of all clients.
void Generator::question(Body& body) {
  const auto about = [&](const Type& what, bool below, std::uint32_t n) {
    const Scope outer = scope_;
    scope_ = {};
    scope_.variables = params_;
    std::string f = lambda({example_}, [&] {
      const std::string value = expression(what);
      return below ? fmt::format("i32(abs(f32({})) % {}.0)", value, n) : value;
    });
    scope_ = outer;
    return f;
  };
  const Type item = Type::scalar(Elem::I64);
  switch (choices_.below(5)) {
    case 0: {
      const std::uint32_t bins = 2 + choices_.below(6);
      const Type counts = Type::tensor(Elem::I64, {Size(static_cast<std::int64_t>(bins))});
      const std::string name = fresh("s");
      body.statements.push_back(fmt::format("let {}: {}@server = {}(data, {});", name, text(counts), used("analytics", "federated_histogram"),
                                            about(Type::scalar(Elem::I32), !risky_, bins)));
      body.values.push_back({name, counts, Placed::At::Server});
      return;
    }
    case 1:
      bind(body, Placed::At::Server, Type::tensor(Elem::F32, {Size(2)}),
           fmt::format("{}(data, {}, f64([0.25, 0.9]), -4.0, 4.0, steps = {})", used("analytics", "federated_quantiles"),
                       about(Type::scalar(Elem::F32), false, 0), 1 + choices_.below(4)));
      return;
    case 2:
      bind(body, Placed::At::Server, Type::scalar(Elem::F32),
           fmt::format("{}(data, {}, registers = 128)", used("analytics", "federated_distinct_count"), about(item, false, 0)));
      return;
    case 3: {
      const Type most = Type::tuple({Type::tensor(Elem::I64, {Size(2)}), Type::tensor(Elem::I64, {Size(2)})});
      bind(body, Placed::At::Server, most,
           fmt::format("{}(data, {}, bits = 8, top = 2)", used("analytics", "federated_frequent_items"), about(item, false, 0)));
      return;
    }
    default: {
      const Type most = Type::tuple({Type::tensor(Elem::I64, {Size(2)}), Type::tensor(Elem::I64, {Size(2)})});
      bind(body, Placed::At::Server, most,
           fmt::format("{}(data, {}, i64([0, 1, 2, -1]), 2, rows = 3, columns = 16)", used("analytics", "federated_heavy_hitters"),
                       about(item, false, 0)));
      return;
    }
  }
}

}  // namespace fedc::random
