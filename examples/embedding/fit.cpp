// Compiles fit.fed, runs it on points in memory, and prints the line: fit [FILE]
#include <fedc/fedc.h>

#include <cstdio>
#include <string>
#include <vector>

static int failed(const fedc::Failure& failure) {
  std::fputs(failure.text().c_str(), stderr);
  return 1;
}

int main(int argc, char** argv) {
  const auto program = fedc::compileFile(argc > 1 ? argv[1] : "fit.fed");
  if (!program) return failed(program.error());

  // Points of y = 2x - 1, a few for each of three clients.
  std::vector<std::vector<float>> xs = {{-1, -0.5, 0}, {0.25, 0.5}, {0.75, 1, -0.25, 0.125}}, ys;
  for (const auto& x : xs) {
    std::vector<float>& y = ys.emplace_back();
    for (const float value : x) y.push_back(2 * value - 1);
  }
  // The arrays are used where they lie.
  fedc::RunOptions options;
  for (std::size_t i = 0; i < xs.size(); ++i) {
    const auto rows = static_cast<std::int64_t>(xs[i].size());
    options.data.add("client" + std::to_string(i), {{"x", fedc::Array::of<float>(xs[i], {rows})}, {"y", fedc::Array::of<float>(ys[i], {rows})}});
  }
  options.rounds = 200;
  options.onRound = [](const fedc::Round& round) {
    if (round.round % 50 == 0) std::printf("round %d loss %.6f\n", round.round, fedc::find(round.report, "loss")->as<float>()[0]);
    return true;
  };
  const auto result = program->run(options);
  if (!result) return failed(result.error());
  std::printf("slope %.3f offset %.3f\n", fedc::find(result->state, "slope")->as<float>()[0], fedc::find(result->state, "offset")->as<float>()[0]);
  return 0;
}
