#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "compiler/core/births.h"
#include "compiler/core/graph.h"
#include "compiler/driver/pipeline.h"
#include "compiler/support/diagnostics.h"
#include "runtime/graph/watched.h"

namespace fedc::runtime {
struct NonFinite;
}

/// Calls of a graph's functions, done once more by the reference interpreter with a watcher (docs/replay.md).
namespace fedc::driver {

/// A program that was compiled for replays (CompileOptions::trace), with its sources. Null, with what was reported, if it has errors: then the
/// program has them, too.
std::shared_ptr<Compilation> compileForReplay(const std::string& path, CompileOptions options);

/// Where a result of a call that is not finite came from.
struct Origin {
  runtime::GraphCall call;
  /// Whose sites and statements these are.
  std::shared_ptr<const core::Program> program;
  std::optional<core::Birth> birth;
  /// Without a birth: the feature of the client's data that held it.
  std::string feature;
};

/// Looks at the calls of a run for the first one that makes what is not finite of what is, and finds its birth.
class BirthSearch final : public runtime::CallWatch {
 public:
  /// `traced`: compiled for replays; `plain`: as it runs, for what the regrouping of sums has made. `entry`: whose calls these are.
  BirthSearch(std::shared_ptr<const core::Program> traced, std::shared_ptr<const core::Program> plain, const std::string& entry);
  const std::optional<Origin>& found() const { return found_; }

  void before(const runtime::GraphCall& call, const runtime::Signature& signature, const runtime::CallArgs& args) noexcept override;
  void after(const runtime::GraphCall& call, const runtime::Signature& signature, const runtime::CallArgs& args) noexcept override;

 private:
  std::optional<Origin> originIn(const std::shared_ptr<const core::Program>& program, const runtime::GraphCall& call,
                                 const std::vector<std::int64_t>& dims, const std::vector<core::Array>& arguments) const;

  std::shared_ptr<const core::Program> traced_, plain_;
  std::string entry_;
  std::optional<Origin> found_;
  /// How many clients' calls were interpreted without finding anything.
  int inVain_ = 0;
  /// Of the call that is running: the parameters that it writes over.
  std::map<std::size_t, core::Array> overwritten_;
};

/// `0 / 0 is nan`, `the sum of finite numbers is inf`.
std::string birthText(const core::Birth& birth);
/// The first value with a name that what was born reached; null: none. The name with its leaf is the site's message.
const core::Site* reachedName(const Origin& origin);
/// The warning about it, with this message: `client` is its id, empty at the server.
Diagnostic birthDiagnostic(const Origin& origin, const std::string& message, const std::string& client, const SourceManager& sources);

struct ShowOptions {
  /// Only values of these names, at these lines of the program's own file; empty: all.
  std::set<std::string> names;
  std::set<int> lines;
  /// What the standard library names, too.
  bool library = false;
};

/// An error that says what there is, if names or lines are asked for that no value of a client in this entry has.
Expected<void> hasShown(const ShowOptions& options, const Compilation& traced, const std::string& entry);

/// Shows the calls of one client: what the program names, with its value.
class ClientReplay final : public runtime::CallWatch {
 public:
  ClientReplay(std::shared_ptr<const Compilation> traced, std::string entry, std::int64_t position, ShowOptions options);
  /// All that was shown; of the client's calls the first birth that reached what it gives.
  const std::string& text() const { return text_; }
  const std::optional<Origin>& origin() const { return origin_; }

  void before(const runtime::GraphCall& call, const runtime::Signature& signature, const runtime::CallArgs& args) noexcept override;
  void after(const runtime::GraphCall&, const runtime::Signature&, const runtime::CallArgs&) noexcept override {}

 private:
  std::shared_ptr<const Compilation> traced_;
  std::string entry_;
  std::int64_t position_;
  ShowOptions options_;
  std::string text_;
  std::optional<Origin> origin_;
};

/// `f32[784, 10]: min -0.5, max 0.25, mean 0.0125, first 0, 0.1, 0.25, …; 2 not finite, the first at [3, 4]`; small ones whole.
std::string valueText(const core::Array& value);

}  // namespace fedc::driver
