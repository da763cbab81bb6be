#pragma once

#include <string_view>

namespace fedc::tests {

/// Adds up the rows of its clients: the state is the sum so far, the report the round's mean, the number of rows, and a key of the round.
inline constexpr std::string_view kSums = R"(
param scale: f32 = 1.0;
param width: i32 = 3;
run { rounds = 2, clients_per_round = 2, seed = 7 }
struct Row { x: f32[width], flag: bool }
struct State { total: f32[width], rows: i32 }
struct Report { mean: f32[width], rows: i32, flags: i32 }
fn sums(data: Row*) -> (f32[width], i32) { (data.map(|r| scale * r.x).sum(), data.count()) }
fn flags(data: Row*) -> i32 { data.map(|r| i32(r.flag)).sum() }
fn init(k: key@server) -> State@server { State { total: zeros(), rows: 0 } }
fn next(s: State@server, data: {Row*}@clients, k: key@server) -> (State@server, Report@server) {
  let (x, n) = sums(data);
  let total = federated_sum(x);
  let rows = federated_sum(n);
  (State { total: s.total + total, rows: s.rows + rows }, Report { mean: total / f32(rows), rows: rows, flags: federated_sum(flags(data)) })
}
fn evaluate(s: State@server, data: {Row*}@clients) -> f32@server { sum(s.total) + f32(federated_sum(data.count())) }
let main = process(init, next, evaluate);
)";

inline constexpr std::string_view kMain = R"(
struct Point { x: f32, y: f32 }
struct Both { sum: f32, row: i32[2] }
fn main(p: Point@server, row: i32[2]@server) -> Both@server { Both { sum: p.x + p.y, row: row * 2 } }
)";

}  // namespace fedc::tests
