// The C interface: each function is the C++ one of the same name. Exceptions end here.
#include <exception>
#include <memory>
#include <new>

#include "embed/c_values.h"
#include "embed/failures.h"
#include "embed/federation.h"

using fedc::embed::fromC;
using fedc::embed::toC;

struct fedc_error {
  int kind = FEDC_ERROR_USAGE;
  fedc::Failure failure;
  std::string text;
  std::vector<fedc_problem> problems;
};

struct fedc_compile_options {
  fedc::CompileOptions options;
};

struct fedc_program {
  fedc::Program program;
  std::vector<fedc_problem> warnings;
  std::vector<fedc_leaf> leaves[5];
};

struct fedc_federation {
  fedc::Federation federation;
};

struct fedc_run_options {
  fedc::RunOptions options;
};

struct fedc_result {
  fedc::RunResult result;
  std::vector<fedc_named_array> state, value;
  struct Round {
    fedc::embed::RoundParts parts;
    fedc_round round;
  };
  std::vector<Round> rounds, evaluations;
};

struct fedc_client_states {
  std::shared_ptr<const fedc::ClientStates> states;
};

/// A client that is being read.
struct fedc_client {
  fedc::NamedArrays features;
  std::shared_ptr<const void> owner;
  std::string failure = "nothing was given";
};

namespace {

/// Memory that is used up leaves no room to say much.
fedc_error* outOfMemory() {
  static fedc_error error = [] {
    fedc_error e;
    e.failure = fedc::embed::failure(fedc::Failure::Kind::Run, "there is not enough memory");
    e.kind = FEDC_ERROR_MEMORY;
    e.text = e.failure.text();
    e.problems.push_back(toC(e.failure.problems.front()));
    return e;
  }();
  return &error;
}

fedc_error* make(fedc::Failure failure) {
  auto error = std::make_unique<fedc_error>();
  error->failure = std::move(failure);
  using Kind = fedc::Failure::Kind;
  const Kind kind = error->failure.kind;
  error->kind = kind == Kind::Compile ? FEDC_ERROR_COMPILE : kind == Kind::Run ? FEDC_ERROR_RUN : FEDC_ERROR_USAGE;
  error->text = error->failure.text();
  for (const fedc::Problem& problem : error->failure.problems) error->problems.push_back(toC(problem));
  return error.release();
}

/// Calls `body`; a failure, or memory that is used up, goes to `error`, and the result is `otherwise`.
template <class T, class Body>
T guarded(fedc_error** error, T otherwise, const Body& body) noexcept {
  if (error != nullptr) *error = nullptr;
  try {
    auto result = body();
    if (result) return *result;
    if (error != nullptr) *error = make(result.error());
  } catch (const std::bad_alloc&) {
    if (error != nullptr) *error = outOfMemory();
  } catch (const std::exception& other) {
    if (error != nullptr) *error = make(fedc::Failure::of(other.what()));
  }
  return otherwise;
}

/// Memory for an option: a C program has no way to hear that there is none, as with any small allocation of its own.
template <class Body>
void setting(const Body& body) noexcept {
  body();
}

std::string textOf(const char* text) { return text == nullptr ? std::string() : std::string(text); }

fedc::Result<fedc_program*> programOf(fedc::Result<fedc::Program> compiled) {
  if (!compiled) return compiled.error();
  auto program = std::make_unique<fedc_program>(fedc_program{*compiled, {}, {}});
  for (const fedc::Problem& problem : program->program.warnings()) program->warnings.push_back(toC(problem));
  program->leaves[FEDC_LEAVES_FEATURES] = toC(program->program.features());
  program->leaves[FEDC_LEAVES_EVAL_FEATURES] = toC(program->program.evalFeatures());
  program->leaves[FEDC_LEAVES_ARGUMENTS] = toC(program->program.arguments());
  program->leaves[FEDC_LEAVES_STATE] = toC(program->program.state());
  program->leaves[FEDC_LEAVES_REPORT] = toC(program->program.report());
  return program.release();
}

const fedc::CompileOptions& optionsOf(const fedc_compile_options* options) {
  static const fedc::CompileOptions none;
  return options == nullptr ? none : options->options;
}

const fedc::RunOptions& optionsOf(const fedc_run_options* options) {
  static const fedc::RunOptions none;
  return options == nullptr ? none : options->options;
}

fedc_result* resultOf(fedc::RunResult run) {
  auto result = std::make_unique<fedc_result>();
  result->result = std::move(run);
  result->state = toC(result->result.state);
  result->value = toC(result->result.value);
  const auto list = [](const std::vector<fedc::Round>& rounds, std::vector<fedc_result::Round>& out) {
    out.resize(rounds.size());
    for (std::size_t i = 0; i < rounds.size(); ++i) out[i].round = toC(rounds[i], out[i].parts);
  };
  list(result->result.rounds, result->rounds);
  list(result->result.evaluations, result->evaluations);
  return result.release();
}

std::function<bool(const fedc::Round&)> listener(fedc_on_round call, void* context) {
  if (call == nullptr) return {};
  return [=](const fedc::Round& round) {
    fedc::embed::RoundParts parts;
    const fedc_round c = toC(round, parts);
    return call(context, &c) == 0;
  };
}

int addLeaf(fedc::NamedArrays& leaves, const fedc_named_array* leaf, fedc_error** error) {
  return guarded<int>(error, 1, [&]() -> fedc::Result<int> {
    auto array = fromC(*leaf);
    if (!array) return array.error();
    leaves.push_back(std::move(*array));
    return 0;
  });
}

}  // namespace

extern "C" {

int fedc_abi_version(void) { return FEDC_ABI_VERSION; }
const char* fedc_version(void) { return fedc::version().data(); }

void fedc_error_free(fedc_error* error) {
  if (error != nullptr && error->kind != FEDC_ERROR_MEMORY) delete error;
}
int fedc_error_kind(const fedc_error* error) { return error->kind; }
const char* fedc_error_text(const fedc_error* error) { return error->text.c_str(); }
size_t fedc_error_count(const fedc_error* error) { return error->problems.size(); }
const fedc_problem* fedc_error_problem(const fedc_error* error, size_t index) {
  return index < error->problems.size() ? &error->problems[index] : nullptr;
}
const char* fedc_error_client(const fedc_error* error) { return error->failure.client ? error->failure.client->c_str() : nullptr; }
int32_t fedc_error_round(const fedc_error* error) { return error->failure.round.value_or(-1); }

int fedc_string(const char* text, size_t length, uint32_t* number, fedc_error** error) {
  return guarded<int>(error, 1, [&]() -> fedc::Result<int> {
    auto made = fedc::stringNumber(std::string_view(text, length));
    if (!made) return made.error();
    *number = *made;
    return 0;
  });
}
const char* fedc_string_text(uint32_t number, size_t* length) {
  const std::string_view text = fedc::stringText(number);
  if (text.empty() && number != 0) return nullptr;
  if (length != nullptr) *length = text.size();
  return text.empty() ? "" : text.data();
}

fedc_compile_options* fedc_compile_options_new(void) { return new (std::nothrow) fedc_compile_options; }
void fedc_compile_options_free(fedc_compile_options* options) { delete options; }
void fedc_compile_options_name(fedc_compile_options* options, const char* name) {
  setting([&] { options->options.name = textOf(name); });
}
void fedc_compile_options_param(fedc_compile_options* options, const char* name, const char* value) {
  setting([&] { options->options.params[textOf(name)] = textOf(value); });
}
void fedc_compile_options_module(fedc_compile_options* options, const char* name, const char* text) {
  setting([&] { options->options.modules[textOf(name)] = textOf(text); });
}
void fedc_compile_options_plugin(fedc_compile_options* options, const char* file) {
  setting([&] { options->options.plugins.push_back(textOf(file)); });
}
void fedc_compile_options_include(fedc_compile_options* options, const char* folder) {
  setting([&] { options->options.include.push_back(textOf(folder)); });
}
void fedc_compile_options_interpret(fedc_compile_options* options, int interpret) { options->options.interpret = interpret != 0; }

fedc_program* fedc_compile(const char* source, size_t length, const fedc_compile_options* options, fedc_error** error) {
  return guarded<fedc_program*>(error, nullptr, [&] { return programOf(fedc::compile(std::string_view(source, length), optionsOf(options))); });
}
fedc_program* fedc_compile_file(const char* path, const fedc_compile_options* options, fedc_error** error) {
  return guarded<fedc_program*>(error, nullptr, [&] { return programOf(fedc::compileFile(textOf(path), optionsOf(options))); });
}
void fedc_program_free(fedc_program* program) { delete program; }

size_t fedc_program_warning_count(const fedc_program* program) { return program->warnings.size(); }
const fedc_problem* fedc_program_warning(const fedc_program* program, size_t index) {
  return index < program->warnings.size() ? &program->warnings[index] : nullptr;
}
int fedc_program_is_process(const fedc_program* program) { return program->program.isProcess() ? 1 : 0; }
int fedc_program_has_evaluate(const fedc_program* program) { return program->program.hasEvaluate() ? 1 : 0; }
int fedc_program_has_plain_result(const fedc_program* program) { return program->program.hasPlainResult() ? 1 : 0; }
const fedc_leaf* fedc_program_leaves(const fedc_program* program, int which, size_t* count) {
  const bool isKnown = which >= FEDC_LEAVES_FEATURES && which <= FEDC_LEAVES_REPORT;
  *count = isKnown ? program->leaves[which].size() : 0;
  return *count == 0 ? nullptr : program->leaves[which].data();
}

fedc_federation* fedc_federation_new(void) {
  return guarded<fedc_federation*>(nullptr, nullptr,
                                   [] { return fedc::Result<fedc_federation*>(new fedc_federation{fedc::Federation::inMemory()}); });
}
void fedc_federation_free(fedc_federation* federation) { delete federation; }
int fedc_federation_add(fedc_federation* federation, const char* id, const fedc_named_array* features, size_t count, fedc_error** error) {
  return guarded<int>(error, 1, [&]() -> fedc::Result<int> {
    auto arrays = fromC(features, count);
    if (!arrays) return arrays.error();
    federation->federation.add(textOf(id), std::move(*arrays));
    const std::string& misuse = federation->federation.impl()->misuse;
    if (!misuse.empty()) return fedc::Failure::of(misuse);
    return 0;
  });
}
fedc_federation* fedc_federation_lazy(const char* const* ids, size_t count, fedc_read read, void* context) {
  return guarded<fedc_federation*>(nullptr, nullptr, [&] {
    auto reader = [read, context](const std::string& id) -> fedc::Result<fedc::NamedArrays> {
      fedc_client client;
      read(context, id.c_str(), &client);
      if (!client.failure.empty()) return fedc::Failure::of(client.failure);
      for (fedc::NamedArray& feature : client.features) feature.value.owner = client.owner;
      return std::move(client.features);
    };
    return fedc::Result<fedc_federation*>(new fedc_federation{fedc::Federation::lazy(std::vector<std::string>(ids, ids + count), std::move(reader))});
  });
}
void fedc_client_set(fedc_client* client, const fedc_named_array* features, size_t count, void (*release)(void* owner), void* owner) {
  setting([&] {
    client->owner = std::shared_ptr<const void>(owner, [release, owner](const void*) {
      if (release != nullptr) release(owner);
    });
    auto arrays = fromC(features, count);
    client->failure = arrays ? "" : arrays.error().problems.front().message;
    if (arrays) client->features = std::move(*arrays);
  });
}
void fedc_client_fail(fedc_client* client, const char* message) {
  setting([&] { client->failure = message == nullptr || *message == '\0' ? "no reason was given" : message; });
}
fedc_federation* fedc_federation_file(const char* path) {
  return guarded<fedc_federation*>(nullptr, nullptr,
                                   [&] { return fedc::Result<fedc_federation*>(new fedc_federation{fedc::Federation::file(textOf(path))}); });
}

fedc_run_options* fedc_run_options_new(void) { return new (std::nothrow) fedc_run_options; }
void fedc_run_options_free(fedc_run_options* options) { delete options; }
void fedc_run_options_data(fedc_run_options* options, const fedc_federation* data) {
  options->options.data = data == nullptr ? fedc::Federation() : data->federation;
}
void fedc_run_options_eval_data(fedc_run_options* options, const fedc_federation* data) {
  options->options.evalData = data == nullptr ? fedc::Federation() : data->federation;
}
void fedc_run_options_clients(fedc_run_options* options, const char* clients) {
  setting([&] { options->options.clients = textOf(clients); });
}
void fedc_run_options_eval_clients(fedc_run_options* options, const char* clients) {
  setting([&] { options->options.evalClients = textOf(clients); });
}
void fedc_run_options_rounds(fedc_run_options* options, int32_t rounds) { options->options.rounds = rounds; }
void fedc_run_options_clients_per_round(fedc_run_options* options, int64_t count) { options->options.clientsPerRound = count; }
void fedc_run_options_seed(fedc_run_options* options, uint64_t seed) { options->options.seed = seed; }
void fedc_run_options_eval_every(fedc_run_options* options, int32_t rounds) { options->options.evalEvery = rounds; }
void fedc_run_options_threads(fedc_run_options* options, int32_t threads) { options->options.threads = threads; }
void fedc_run_options_data_cache(fedc_run_options* options, int64_t bytes) { options->options.dataCache = bytes; }
void fedc_run_options_param(fedc_run_options* options, const char* name, double value) {
  setting([&] { options->options.params[textOf(name)] = value; });
}
int fedc_run_options_argument(fedc_run_options* options, const fedc_named_array* argument, fedc_error** error) {
  return addLeaf(options->options.arguments, argument, error);
}
int fedc_run_options_state(fedc_run_options* options, const fedc_named_array* leaf, fedc_error** error) {
  return addLeaf(options->options.state, leaf, error);
}
void fedc_run_options_state_round(fedc_run_options* options, int32_t round) { options->options.stateRound = round; }
void fedc_run_options_client_states(fedc_run_options* options, const fedc_client_states* states) {
  options->options.clientStates = states == nullptr ? nullptr : states->states;
}
void fedc_run_options_on_round(fedc_run_options* options, fedc_on_round call, void* context) {
  setting([&] { options->options.onRound = listener(call, context); });
}
void fedc_run_options_on_evaluation(fedc_run_options* options, fedc_on_round call, void* context) {
  setting([&] { options->options.onEvaluation = listener(call, context); });
}

fedc_result* fedc_run(const fedc_program* program, const fedc_run_options* options, fedc_error** error) {
  return guarded<fedc_result*>(error, nullptr, [&]() -> fedc::Result<fedc_result*> {
    auto run = program->program.run(optionsOf(options));
    if (!run) return run.error();
    return resultOf(std::move(*run));
  });
}
fedc_result* fedc_evaluate(const fedc_program* program, const fedc_run_options* options, fedc_error** error) {
  return guarded<fedc_result*>(error, nullptr, [&]() -> fedc::Result<fedc_result*> {
    auto evaluation = program->program.evaluate(optionsOf(options).state, optionsOf(options));
    if (!evaluation) return evaluation.error();
    fedc::RunResult run;
    run.evaluations.push_back(std::move(*evaluation));
    return resultOf(std::move(run));
  });
}
void fedc_result_free(fedc_result* result) { delete result; }

const fedc_named_array* fedc_result_arrays(const fedc_result* result, int which, size_t* count) {
  const std::vector<fedc_named_array> none;
  const auto& arrays = which == FEDC_RESULT_STATE ? result->state : which == FEDC_RESULT_VALUE ? result->value : none;
  *count = arrays.size();
  return arrays.empty() ? nullptr : arrays.data();
}
size_t fedc_result_round_count(const fedc_result* result) { return result->rounds.size(); }
const fedc_round* fedc_result_round(const fedc_result* result, size_t index) {
  return index < result->rounds.size() ? &result->rounds[index].round : nullptr;
}
size_t fedc_result_evaluation_count(const fedc_result* result) { return result->evaluations.size(); }
const fedc_round* fedc_result_evaluation(const fedc_result* result, size_t index) {
  return index < result->evaluations.size() ? &result->evaluations[index].round : nullptr;
}
int32_t fedc_result_last_round(const fedc_result* result) { return result->result.lastRound; }
int fedc_result_stopped(const fedc_result* result) { return result->result.stopped ? 1 : 0; }
fedc_client_states* fedc_result_client_states(const fedc_result* result) {
  if (result->result.clientStates == nullptr) return nullptr;
  // NULL where memory is used up, too.
  return new (std::nothrow) fedc_client_states{result->result.clientStates};
}
void fedc_client_states_free(fedc_client_states* states) { delete states; }

}  // extern "C"
