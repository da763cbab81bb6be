#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/data/client_source.h"

namespace fedc::runtime {

inline constexpr std::string_view kSyntheticScheme = "synthetic:";

/// A federation that is computed, client by client, when it is asked for: synthetic(alpha, beta) of Li et al., "Federated Optimization in
/// Heterogeneous Networks" (2020), section 5.1. The law, and what is taken from where, is in docs/data.md.
struct SyntheticSpec {
  enum class Part : std::uint8_t { All, Train, Test };

  std::uint32_t clients = 0;
  /// Standard deviations of u_k and B_k.
  double alpha = 1, beta = 1;
  std::int64_t dim = 60, classes = 10;
  std::uint64_t seed = 0;
  /// Of every client; nothing: min(floor(lognormal(4, 2)) + 50, maxRows).
  std::optional<std::int64_t> rows;
  std::int64_t maxRows = 1000;
  /// All rows, the first floor(0.9 n) of a client, or the rest.
  Part part = Part::All;
};

/// `synthetic:clients=N,key=value,…`. Errors name the part: no clients, a key that is unknown or given twice, a value that is no number or out of
/// range, clients larger than 1 GiB.
Expected<SyntheticSpec, DataError> parseSynthetic(std::string_view text);

/// Features `x: f32[dim]` and `y: i32`. Client k is a function of seed, k and the law's numbers alone: the same bits on any machine, whatever
/// `clients` is. Errors: columns that it does not have, of another type.
Expected<std::shared_ptr<ClientSource>, DataError> openSynthetic(const SyntheticSpec& spec, const std::vector<core::Column>& columns);

/// `client_00000007`: eight digits, so that the order of bytes is that of numbers.
std::string syntheticId(std::size_t client);

/// Rows of clients `first`, `first + 1` …, of the part.
void syntheticRows(const SyntheticSpec& spec, std::uint32_t first, std::span<std::int64_t> rows);

/// What belongs to a client besides its rows.
struct SyntheticModel {
  /// [dim, classes], [classes], [dim].
  std::vector<float> w, b, v;
};
SyntheticModel syntheticModel(const SyntheticSpec& spec, std::uint32_t client);

}  // namespace fedc::runtime
