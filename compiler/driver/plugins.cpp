#include "compiler/driver/plugins.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "compiler/support/hash.h"
#include "compiler/support/limits.h"
#include "compiler/support/plural.h"
#include "compiler/support/suggest.h"

namespace fedc::driver {

namespace {

/// Reads the text of a signature.
class SignatureReader {
 public:
  explicit SignatureReader(std::string_view text) : text_(text) {}

  PluginSignature read() {
    expect("(");
    while (!accept(")")) {
      out_.params.push_back(type());
      if (!is(")")) expect(",");
    }
    expect("->");
    out_.result = type();
    if (skip(), at_ != text_.size()) wrong("more than a signature");
    return std::move(out_);
  }

 private:
  struct Wrong {
    std::string what;
  };

 public:
  static Expected<PluginSignature> of(std::string_view text) {
    try {
      return SignatureReader(text).read();
    } catch (const Wrong& w) {
      return fail(w.what);
    } catch (const Overgrown& limit) {
      return fail(limit.what);
    }
  }

 private:
  [[noreturn]] void wrong(const std::string& what) const { throw Wrong{fmt::format("{} at character {}", what, at_ + 1)}; }
  void skip() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool is(std::string_view symbol) {
    skip();
    return text_.substr(at_).starts_with(symbol);
  }
  bool accept(std::string_view symbol) {
    if (!is(symbol)) return false;
    at_ += symbol.size();
    return true;
  }
  void expect(std::string_view symbol) {
    if (!accept(symbol)) wrong(fmt::format("expected `{}`", symbol));
  }
  std::string word() {
    skip();
    const std::size_t begin = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '_')) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  Dim factor() {
    const std::string name = word();
    if (name.empty()) wrong("expected a size");
    if (std::isdigit(static_cast<unsigned char>(name[0])) != 0) {
      std::int64_t n = 0;
      const auto r = std::from_chars(name.data(), name.data() + name.size(), n);
      if (r.ec != std::errc() || r.ptr != name.data() + name.size() || n > kMaxElements) wrong("a number that is no size");
      return Dim(n);
    }
    const auto found = std::find(out_.dims.begin(), out_.dims.end(), name);
    const auto index = static_cast<Dim::Variable>(found - out_.dims.begin());
    if (found == out_.dims.end()) out_.dims.push_back(name);
    return Dim::variable(index);
  }
  Dim product() {
    Dim d = factor();
    while (accept("*")) d = d * factor();
    return d;
  }
  Dim size() {
    Dim d = product();
    while (is("+") || (is("-") && !is("->"))) {
      const bool plus = accept("+");
      if (!plus) expect("-");
      const Dim next = product();
      d = plus ? d + next : d - next;
    }
    return d;
  }
  core::Type type() {
    const std::string name = word();
    const auto elem = core::elemFromName(name);
    if (!elem || *elem == core::Elem::Key || *elem == core::Elem::Str) wrong(fmt::format("`{}` is no type of an element", name));
    core::Type t{*elem, {}};
    if (!accept("[")) return t;
    do t.dims.push_back(size());
    while (accept(","));
    expect("]");
    return t;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  PluginSignature out_;
};

std::string shown(const core::Type& t, const std::function<std::string(Dim::Variable)>& name) {
  std::string out(core::elemName(t.elem));
  for (std::size_t i = 0; i < t.dims.size(); ++i) out += (i == 0 ? "[" : ", ") + t.dims[i].print(name);
  return out + (t.dims.empty() ? "" : "]");
}

/// Takes a loaded library's table apart; a sentence if it is none.
std::optional<std::string> readTable(const fedc_table& table, std::vector<Plugins::Function>& out) {
  constexpr std::int64_t kMost = 100000;
  if (table.count < 0 || table.count > kMost || (table.count > 0 && table.functions == nullptr)) return "its table of functions is damaged";
  for (std::int64_t i = 0; i < table.count; ++i) {
    const fedc_function& f = table.functions[i];
    if (f.name == nullptr || *f.name == 0 || f.signature == nullptr || f.call == nullptr)
      return fmt::format("its function {} has no name, no signature or no code", i + 1);
    auto signature = parseSignature(f.signature);
    if (!signature)
      return fmt::format("the signature of its function `{}`, \"{}\", cannot be read: {}", f.name, f.signature, signature.error().message);
    out.push_back({f.name, f.signature, std::move(*signature), f.call});
  }
  return std::nullopt;
}

std::string contentHash(const std::string& bytes) { return fmt::format("{:016x}{:016x}", hashOf(bytes), hashOf(bytes, 1)); }

Plugins::File loadFile(const std::string& path) {
  Plugins::File file;
  std::error_code error;
  // Never a name for the loader to look for.
  file.path = std::filesystem::absolute(path, error).lexically_normal().string();
  const auto broken = [&](const std::string& why) {
    file.problem = fmt::format("`{}` {}", path, why);
    return file;
  };
  std::ifstream in(file.path, std::ios::binary);
  if (error || std::filesystem::is_directory(file.path, error) || !in)
    return broken(std::filesystem::exists(file.path, error) ? "cannot be read" : "is not there");
  std::ostringstream bytes;
  bytes << in.rdbuf();
  if (!in.good() && !in.eof()) return broken("cannot be read");
  file.hash = contentHash(bytes.str());
  void* handle = dlopen(file.path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* why = dlerror();
    return broken(fmt::format("is no shared library that can be loaded: {}", why != nullptr ? why : "the loader does not say why"));
  }
  file.library = std::shared_ptr<const void>(handle, [](const void* h) { dlclose(const_cast<void*>(h)); });
  const auto* version = static_cast<const std::uint32_t*>(dlsym(handle, "fedc_plugin_abi"));
  if (version == nullptr) return broken("is no plugin: it has no version (`FEDC_PLUGIN` of fedc/plugin.h writes it)");
  if (*version != FEDC_PLUGIN_ABI)
    return broken(fmt::format("is a plugin of version {}, and this fedc loads those of version {}: build it with the fedc/plugin.h of this one",
                              *version, FEDC_PLUGIN_ABI));
  const auto* table = static_cast<const fedc_table*>(dlsym(handle, "fedc_plugin_table"));
  if (table == nullptr) return broken("is no plugin: it has no table of functions (`FEDC_PLUGIN` of fedc/plugin.h writes it)");
  if (const auto problem = readTable(*table, file.functions)) return broken("is a damaged plugin: " + *problem);
  return file;
}

}  // namespace

Expected<PluginSignature> parseSignature(std::string_view text) { return SignatureReader::of(text); }

std::optional<std::string> difference(const check::NativeDecl& declared, const PluginSignature& there, const std::vector<check::DimVarInfo>& dims) {
  if (declared.params.size() != there.params.size())
    return fmt::format("it has {} here and {} there", plural(declared.params.size(), "parameter"), there.params.size());
  std::map<Dim::Variable, Dim> sizes;
  const auto substituted = [&](const Dim& d) {
    return d.substitute([&](Dim::Variable v) {
      const auto found = sizes.find(v);
      return found == sizes.end() ? std::nullopt : std::optional(found->second);
    });
  };
  const auto text = [&](const core::Type& own, const core::Type& other, const std::string& what) {
    return fmt::format("{} is `{}` here and `{}` there", what, shown(own, [&](Dim::Variable v) { return dims.at(v).name; }),
                       shown(other, [&](Dim::Variable v) { return there.dims.at(v); }));
  };
  const auto kindDiffers = [](const core::Type& a, const core::Type& b) { return a.elem != b.elem || a.dims.size() != b.dims.size(); };
  for (std::size_t i = 0; i < declared.params.size(); ++i) {
    const core::Type &own = declared.params[i], &other = there.params[i];
    if (kindDiffers(own, other)) return text(own, other, fmt::format("parameter {}", i + 1));
    for (std::size_t axis = 0; axis < own.dims.size(); ++axis) {
      if (const auto v = other.dims[axis].asVariable()) sizes.emplace(*v, own.dims[axis]);
    }
  }
  if (kindDiffers(declared.result, there.result)) return text(declared.result, there.result, "the result");
  // The plugin's variables and the program's are numbered alike: what no parameter tells must not pass for one of the program's.
  const auto agrees = [&](const core::Type& own, const core::Type& other) {
    for (std::size_t axis = 0; axis < own.dims.size(); ++axis) {
      const std::vector<Dim::Variable> needed = other.dims[axis].variables();
      if (!std::all_of(needed.begin(), needed.end(), [&](Dim::Variable v) { return sizes.contains(v); })) return false;
      if (!(substituted(other.dims[axis]) == own.dims[axis])) return false;
    }
    return true;
  };
  for (std::size_t i = 0; i < declared.params.size(); ++i) {
    if (!agrees(declared.params[i], there.params[i])) return text(declared.params[i], there.params[i], fmt::format("parameter {}", i + 1));
  }
  if (!agrees(declared.result, there.result)) return text(declared.result, there.result, "the result");
  return std::nullopt;
}

std::shared_ptr<const Plugins> Plugins::load(const std::vector<std::string>& paths) {
  auto plugins = std::make_shared<Plugins>();
  for (const std::string& path : paths) plugins->add(loadFile(path));
  return plugins;
}

std::shared_ptr<const Plugins> Plugins::of(const std::string& name, const fedc_table& table) {
  auto plugins = std::make_shared<Plugins>();
  File file;
  file.path = file.hash = name;
  if (const auto problem = readTable(table, file.functions)) file.problem = fmt::format("`{}`: {}", name, *problem);
  plugins->add(std::move(file));
  return plugins;
}

void Plugins::add(File file) {
  for (std::size_t i = 0; i < file.functions.size() && file.problem.empty(); ++i) {
    const std::string& symbol = file.functions[i].symbol;
    const File* other = nullptr;
    if (find(symbol, &other) != nullptr) file.problem = fmt::format("`{}` and `{}` both have a function `{}`", other->path, file.path, symbol);
    for (std::size_t j = 0; j < i; ++j) {
      if (file.functions[j].symbol == symbol) file.problem = fmt::format("`{}` has two functions `{}`", file.path, symbol);
    }
  }
  files_.push_back(std::move(file));
}

bool Plugins::isBroken() const {
  return std::any_of(files_.begin(), files_.end(), [](const File& f) { return !f.problem.empty(); });
}

std::vector<std::string> Plugins::marks() const {
  std::vector<std::string> out;
  for (const File& f : files_) out.push_back(fmt::format("{} {}", f.path, f.hash));
  return out;
}

const Plugins::Function* Plugins::find(const std::string& symbol, const File** file) const {
  for (const File& f : files_) {
    for (const Function& function : f.functions) {
      if (function.symbol != symbol) continue;
      if (file != nullptr) *file = &f;
      return &function;
    }
  }
  return nullptr;
}

std::vector<core::NativeFunction> Plugins::functions() const {
  std::vector<core::NativeFunction> out;
  for (const File& f : files_) {
    for (const Function& function : f.functions) out.push_back({function.symbol, function.call, f.library});
  }
  return out;
}

bool checkNatives(const check::TypedProgram& typed, const Plugins* plugins, DiagnosticSink& sink) {
  if (plugins == nullptr) return true;
  bool isGood = true;
  const auto report = [&](Diagnostic d) {
    isGood = false;
    sink.report(std::move(d));
  };
  // At the first function that needs plugins.
  const Span place = typed.natives.empty() ? Span{} : typed.natives.front()->symbolSpan;
  for (const Plugins::File& file : plugins->files()) {
    if (file.problem.empty()) continue;
    report(Diagnostic(Code::BadPlugin, place, file.problem).at(typed.natives.empty() ? "" : "it was to be looked for there"));
    break;
  }
  if (!isGood) return false;
  for (const auto& decl : typed.natives) {
    const Plugins::File* file = nullptr;
    const Plugins::Function* function = plugins->find(decl->symbol, &file);
    if (function == nullptr) {
      Diagnostic d(Code::MissingNative, decl->symbolSpan, fmt::format("no plugin has a function `{}`", decl->symbol));
      std::vector<std::string> names;
      for (const core::NativeFunction& f : plugins->functions()) names.push_back(f.symbol);
      d.primaryLabel = "not there";
      if (const auto near = suggest(decl->symbol, names)) d.fix = Fix::replace(decl->symbolSpan, "\"" + *near + "\"", "a similar one is there");
      for (const Plugins::File& f : plugins->files()) d.notes.push_back(fmt::format("looked into `{}`", f.path));
      report(std::move(d));
      continue;
    }
    if (const auto reason = difference(*decl, function->signature, typed.dims)) {
      report(Diagnostic(Code::NativeMismatch, decl->span, fmt::format("`{}` is declared otherwise than its plugin has it", decl->name))
                 .at(*reason)
                 .label(decl->symbolSpan, fmt::format("`{}` there", function->text))
                 .note(fmt::format("the plugin is `{}`", file->path)));
    }
  }
  return isGood;
}

bool bindNatives(core::Module& module, const Plugins* plugins, bool mustRun, DiagnosticSink& sink) {
  bool isGood = true;
  for (core::NativeItem& item : module.natives) {
    core::Native& native = *item.native;
    const Plugins::File* file = nullptr;
    if (const Plugins::Function* function = plugins != nullptr ? plugins->find(native.symbol, &file) : nullptr) {
      native.call = function->call;
      native.plugin = file->library;
    } else if (mustRun) {
      isGood = false;
      sink.report(Diagnostic(Code::NoPlugin, native.span, fmt::format("the native function `{}` is called, and no plugin is given", native.name))
                      .at(fmt::format("its code is `{}` of a plugin", native.symbol))
                      .note("`--plugin FILE.so` loads one; none is looked for"));
    }
  }
  return isGood;
}

}  // namespace fedc::driver
