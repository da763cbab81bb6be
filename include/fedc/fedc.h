#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "fedc/export.h"

/// Fed programs inside another program: compile, run, evaluate (docs/embedding.md). Nothing here throws, but for memory that is used up. The C
/// interface over it, whose ABI is stable, is `fedc/c.h`; of this one only the source is: build against the headers of the library that you load.
namespace fedc {

/// `0.1.0`
FEDC_API std::string_view version();

/// Types of elements, as Fed names them. Their numbers are those of `fedc/c.h`. A `bool` is a byte, 0 or 1. A `str` is a `std::uint32_t`, which
/// `stringNumber` gives and `stringText` takes.
enum class ElementType : std::uint8_t { Bool, I8, I16, I32, I64, U8, U16, U32, U64, BF16, F16, F32, F64, Str = 14 };

/// `f32`
FEDC_API std::string_view nameOf(ElementType element);
/// Of one element.
FEDC_API std::size_t bytesOf(ElementType element);

/// The element type of a C++ type; `char` and other types without one do not compile.
template <class T>
constexpr ElementType elementTypeOf();

/// A dense row-major array; at an address that is a multiple of the element's size. A view: `owner`, where there is one, keeps the memory.
struct Array {
  ElementType element = ElementType::F32;
  /// Empty: a scalar.
  std::vector<std::int64_t> shape;
  const void* data = nullptr;
  std::shared_ptr<const void> owner;

  /// Views `values`, whose number is the shape's product.
  template <class T>
  static Array of(std::span<const T> values, std::vector<std::int64_t> shape);
  /// A copy of `values` that owns its memory.
  template <class T>
  static Array copyOf(std::vector<T> values, std::vector<std::int64_t> shape);
  template <class T>
  static Array scalar(T value);

  std::int64_t count() const;
  /// The elements; `T` is their type, of strings `std::uint32_t`.
  template <class T>
  std::span<const T> as() const;
};

/// A leaf of a struct with its path, `model.w`. A key of Fed's random numbers is a `u32[.., 2]`, as JAX shows it.
struct NamedArray {
  std::string name;
  Array value;
};
using NamedArrays = std::vector<NamedArray>;

/// The array of that name; null if there is none.
inline const Array* find(const NamedArrays& arrays, std::string_view name);

/// Something wrong, in a program or its run, or a warning.
struct Problem {
  bool isError = true;
  /// `E0207`, for `fedc explain`; may be empty.
  std::string code;
  std::string message;
  /// Where in the program: lines and columns from 1, columns in code points; `line` 0 if there is no place.
  std::string file;
  std::uint32_t line = 0, column = 0, endLine = 0, endColumn = 0;
  /// As `fedc` shows it: with the lines of the program, notes and help.
  std::string text;
};

struct Failure {
  enum class Kind : std::uint8_t {
    /// An option that does not fit the program, an array that is none.
    Usage,
    /// The program is wrong.
    Compile,
    /// The run ended: data that does not fit, a check of the program that failed.
    Run,
  };
  Kind kind = Kind::Usage;
  /// At least one, in the order of their places.
  std::vector<Problem> problems;
  /// Where in a run, if it is known: the client, the round (from 1; 0 is `init`).
  std::optional<std::string> client;
  std::optional<int> round;

  /// All texts.
  FEDC_API std::string text() const;
  /// One without code and place.
  FEDC_API static Failure of(std::string message);
};

/// A value, or why there is none. `*` and `->` want a value, `error` wants none: anything else throws std::bad_variant_access.
template <class T>
class Result {
 public:
  Result(T value) : held_(std::move(value)) {}
  Result(Failure failure) : held_(std::move(failure)) {}
  explicit operator bool() const { return held_.index() == 0; }
  T& operator*() { return std::get<0>(held_); }
  const T& operator*() const { return std::get<0>(held_); }
  T* operator->() { return &std::get<0>(held_); }
  const T* operator->() const { return &std::get<0>(held_); }
  const Failure& error() const { return std::get<1>(held_); }

 private:
  std::variant<T, Failure> held_;
};

/// The number by which arrays hold a text: UTF-8, at most 65,535 bytes. The same as long as the process lives, for equal texts; what it is means
/// nothing. 0 is the empty text. A text is kept until the process ends.
FEDC_API Result<std::uint32_t> stringNumber(std::string_view text);
/// The text of a number that `stringNumber` or a result gave, for as long as the process lives; of any other an empty one.
FEDC_API std::string_view stringText(std::uint32_t number);

/// Clients and their data: arrays of this program, what a callback gives, or a file. Cheap to copy. An array's first extent is the client's rows, the
/// rest the type of one; `features` are named as the program's struct does (`pixels`; nested: `position.x`), others are not looked at. A
/// program that reads plain values (`f32*`) takes the one feature that there is, whatever its name. The order in which clients are named plays no
/// part.
class FEDC_API Federation {
 public:
  /// None: the data that the program's `run` block names.
  Federation();
  /// Clients in memory, to be added: also one that will have none.
  static Federation inMemory();
  /// Adds a client; only to one in memory. Arrays are used where they lie and not copied: without owner they must stay until the last run ends.
  /// Copies made before do not have it.
  Federation& add(std::string id, NamedArrays features);
  /// Clients whose data is asked for when it is needed, ahead of time where memory allows, and may be asked for again. `read` is called from several
  /// threads at once. What it gives is kept (by `owner`) until it is used, or as long as `RunOptions::dataCache` allows.
  static Federation lazy(std::vector<std::string> ids, std::function<Result<NamedArrays>(const std::string& id)> read);
  /// A file of federated data, or `synthetic:…` (docs/data.md).
  static Federation file(std::string path);

  struct FEDC_LOCAL Impl;
  const std::shared_ptr<Impl>& impl() const { return impl_; }

 private:
  std::shared_ptr<Impl> impl_;
};

/// The type of a leaf. -1 in the shape: the rows of a client, the size of a cohort.
struct Leaf {
  std::string name;
  ElementType element = ElementType::F32;
  std::vector<std::int64_t> shape;
};

struct CompileOptions {
  /// What messages call the source; of a file its path.
  std::string name;
  /// `param`s by name, as text: `0.1`, `20`, `true`.
  std::map<std::string, std::string> params;
  /// Modules by name, as text: what `use` finds besides the standard library.
  std::map<std::string, std::string> modules;
  /// Folders with modules.
  std::vector<std::string> include;
  /// Shared libraries with the program's native functions (docs/native.md). Loading one runs its own initialisation.
  std::vector<std::string> plugins;
  /// The reference interpreter instead of machine code: the same bits, slowly.
  bool interpret = false;
};

/// A round or an evaluation that is done.
struct Round {
  /// From 1; an evaluation's is the round before it, 0 if there was none.
  int round = 0;
  /// Of the whole run.
  int rounds = 0;
  std::int64_t clients = 0;
  double seconds = 0;
  /// What `next` (`evaluate`, `main`) reports.
  NamedArrays report;
  /// What it reports of each client: the clients, and leaves whose first extent they are. Empty where it reports nothing of them.
  std::vector<std::string> clientIds;
  NamedArrays ofClients;
};

/// What a run takes. What is not given is as the program's `run` block has it, else as said here.
/// What clients keep from round to round (`{S}@clients` in a process's state), as a run has left it.
class ClientStates;

struct RunOptions {
  /// Data of the rounds, and of evaluations. Giving one's own data puts aside what the `run` block says of `data`, `eval`, `clients` and
  /// `eval_clients`.
  Federation data, evalData;
  /// Which clients take part: `0..30`, `id,id`, `@file` (docs/data.md); empty: all.
  std::string clients, evalClients;
  /// 1.
  std::optional<int> rounds;
  /// All; `kAllClients` says so where the `run` block says otherwise.
  std::optional<std::int64_t> clientsPerRound;
  static constexpr std::int64_t kAllClients = -1;
  /// 0.
  std::optional<std::uint64_t> seed;
  /// After every so many rounds and after the last; 0, as if not given: after the last.
  std::optional<int> evalEvery;
  /// As many as the machine has. Bits do not depend on it.
  std::optional<int> threads;
  /// Bytes of decoded clients kept in memory: a quarter of the machine's. Arrays in memory count nothing.
  std::optional<std::int64_t> dataCache;
  /// Numbers for `param`s that are not part of a type; the others belong to `CompileOptions`.
  std::map<std::string, double> params;
  /// Plain arguments of `main`, each leaf.
  NamedArrays arguments;
  /// A state to begin with, instead of `init`. It belongs behind `stateRound`: the run goes on with the round after that, to `rounds` in all, with
  /// the bits that one run from the first round to the last would have.
  NamedArrays state;
  int stateRound = 0;
  /// What the clients of that run kept, where they keep state (RunResult::clientStates); null: each begins as `init` says. The run works on a copy.
  std::shared_ptr<const ClientStates> clientStates;
  /// Called on the thread that called `run`, between rounds; false ends the run after this round. May be empty.
  std::function<bool(const Round&)> onRound, onEvaluation;
};

struct RunResult {
  /// Of a process: each round of this run, each evaluation.
  std::vector<Round> rounds, evaluations;
  /// Of a process: the state after the last round.
  NamedArrays state;
  /// Of `main`: its result.
  NamedArrays value;
  /// What its clients keep behind the last round; null if they keep nothing. In memory, beyond a budget in a file that goes with it.
  std::shared_ptr<const ClientStates> clientStates;
  /// The round that `state` belongs behind.
  int lastRound = 0;
  /// A callback ended it before its last round.
  bool stopped = false;
};

/// A compiled program. Cheap to copy; never changes: any number of threads may run it at once.
class FEDC_API Program {
 public:
  /// A process (rounds), or a `main` that runs once. A program with neither cannot be run.
  bool isProcess() const;
  bool hasEvaluate() const;
  /// `main` returns one leaf, no struct or tuple.
  bool hasPlainResult() const;
  const std::vector<Problem>& warnings() const;
  /// What is read of the data of rounds and of evaluations: the type of one row.
  const std::vector<Leaf>& features() const;
  const std::vector<Leaf>& evalFeatures() const;
  /// Of `main`; of a process: state, and report of a round.
  const std::vector<Leaf>& arguments() const;
  const std::vector<Leaf>& state() const;
  const std::vector<Leaf>& report() const;

  Result<RunResult> run(const RunOptions& options = {}) const;
  /// One evaluation of a state, with the bits of `fedc run --rounds 0 --init`: on `options.evalData` (nothing of the rounds is read).
  Result<Round> evaluate(const NamedArrays& state, const RunOptions& options) const;

  struct FEDC_LOCAL Impl;
  explicit Program(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

 private:
  std::shared_ptr<const Impl> impl_;
};

/// Compiles a program. Nothing is read but `source`, `modules`, `plugins`, and files in `include` folders; the standard library is part of libfedc.
FEDC_API Result<Program> compile(std::string_view source, const CompileOptions& options = {});
/// The same for a file, whose modules may lie beside it.
FEDC_API Result<Program> compileFile(const std::string& path, const CompileOptions& options = {});

// Details of templates.

template <class T>
constexpr ElementType elementTypeOf() {
  if constexpr (std::is_same_v<T, bool>)
    return ElementType::Bool;
  else if constexpr (std::is_same_v<T, std::int8_t>)
    return ElementType::I8;
  else if constexpr (std::is_same_v<T, std::int16_t>)
    return ElementType::I16;
  else if constexpr (std::is_same_v<T, std::int32_t>)
    return ElementType::I32;
  else if constexpr (std::is_same_v<T, std::int64_t>)
    return ElementType::I64;
  else if constexpr (std::is_same_v<T, std::uint8_t>)
    return ElementType::U8;
  else if constexpr (std::is_same_v<T, std::uint16_t>)
    return ElementType::U16;
  else if constexpr (std::is_same_v<T, std::uint32_t>)
    return ElementType::U32;
  else if constexpr (std::is_same_v<T, std::uint64_t>)
    return ElementType::U64;
  else if constexpr (std::is_same_v<T, float>)
    return ElementType::F32;
  else {
    static_assert(std::is_same_v<T, double>, "no element type of Fed");
    return ElementType::F64;
  }
}

inline std::int64_t Array::count() const {
  std::int64_t n = 1;
  for (const std::int64_t extent : shape) n *= extent;
  return n;
}

template <class T>
Array Array::of(std::span<const T> values, std::vector<std::int64_t> shape) {
  Array array{elementTypeOf<T>(), std::move(shape), values.data(), nullptr};
  assert(array.count() == static_cast<std::int64_t>(values.size()));
  return array;
}

template <class T>
Array Array::copyOf(std::vector<T> values, std::vector<std::int64_t> shape) {
  const auto held = std::make_shared<const std::vector<T>>(std::move(values));
  Array array = of<T>(std::span<const T>(*held), std::move(shape));
  array.owner = held;
  return array;
}

template <class T>
Array Array::scalar(T value) {
  const auto held = std::make_shared<const T>(value);
  return {elementTypeOf<T>(), {}, held.get(), held};
}

template <class T>
std::span<const T> Array::as() const {
  assert(element == elementTypeOf<T>() || (element == ElementType::Str && std::is_same_v<T, std::uint32_t>));
  return {static_cast<const T*>(data), static_cast<std::size_t>(count())};
}

inline const Array* find(const NamedArrays& arrays, std::string_view name) {
  for (const NamedArray& array : arrays) {
    if (array.name == name) return &array.value;
  }
  return nullptr;
}

}  // namespace fedc
