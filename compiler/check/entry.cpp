#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include <fmt/format.h>

#include "compiler/check/body.h"
#include "compiler/check/program.h"
#include "compiler/support/suggest.h"

/// What a program says about its run: params, the `run` block, and where it is entered.
namespace fedc::check {

namespace {

constexpr std::array<const char*, 12> kRunSettings = {"data", "eval",    "rounds",     "clients_per_round", "clients",      "eval_clients",
                                                      "seed", "threads", "eval_every", "data_cache",        "client_cache", "min_clients"};

/// The number that a literal (or `-` and a literal) stands for, in a type.
std::optional<core::Literal> constantOf(const ast::Expr& e, Elem elem) {
  const ast::Expr* value = &e;
  bool negative = false;
  if (const auto* u = ast::tryAs<ast::UnaryExpr>(value); u != nullptr && u->op == ast::UnaryOp::Negate) {
    negative = true;
    value = u->operand.get();
  }
  if (const auto* b = ast::tryAs<ast::BoolExpr>(value)) {
    if (elem != Elem::Bool || negative) return std::nullopt;
    return core::Literal::ofBool(b->value);
  }
  if (const auto* i = ast::tryAs<ast::IntExpr>(value)) {
    if (core::isFloat(elem)) {
      const auto d = static_cast<double>(i->value);
      return core::Literal::ofDouble(elem, negative ? -d : d);
    }
    if (!core::isInteger(elem)) return std::nullopt;
    const int bits = core::elemBytes(elem) * 8;
    const std::uint64_t largest =
        core::isSigned(elem) ? (std::uint64_t{1} << (bits - 1)) - 1 : (bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1);
    if (negative ? (!core::isSigned(elem) ? i->value != 0 : i->value > largest + 1) : i->value > largest) return std::nullopt;
    if (!negative && i->value > 0x7fffffffffffffffull) return core::Literal{elem, i->value};
    const auto v = static_cast<std::int64_t>(i->value);
    return core::Literal::ofInt(elem, negative ? static_cast<std::int64_t>(0 - i->value) : v);
  }
  if (const auto* f = ast::tryAs<ast::FloatExpr>(value)) {
    if (!core::isFloat(elem)) return std::nullopt;
    return core::Literal::ofDouble(elem, negative ? -f->value : f->value);
  }
  return std::nullopt;
}

}  // namespace

std::span<const char* const> runSettings() { return kRunSettings; }

std::optional<core::Literal> parseParam(const std::string& text, Elem elem) {
  if (elem == Elem::Bool) {
    if (text == "true" || text == "1") return core::Literal::ofBool(true);
    if (text == "false" || text == "0") return core::Literal::ofBool(false);
    return std::nullopt;
  }
  if (core::isFloat(elem)) {
    if (text.empty()) return std::nullopt;
    char* end = nullptr;
    const double d = std::strtod(text.c_str(), &end);
    if (*end != '\0') return std::nullopt;
    const core::Literal value = core::Literal::ofDouble(elem, d);
    // What overflows is no infinity that was asked for.
    const bool isWritten = text.find_first_of("iI") != std::string::npos;
    return std::isinf(value.toDouble()) && !isWritten ? std::nullopt : std::optional(value);
  }
  const char* first = text.data();
  const char* last = first + text.size();
  if (elem == Elem::U64) {
    std::uint64_t v = 0;
    const auto r = std::from_chars(first, last, v);
    if (r.ec != std::errc() || r.ptr != last) return std::nullopt;
    return core::Literal{elem, v};
  }
  std::int64_t v = 0;
  const auto r = std::from_chars(first, last, v);
  if (r.ec != std::errc() || r.ptr != last) return std::nullopt;
  const int bits = core::elemBytes(elem) * 8;
  if (bits < 64) {
    const std::int64_t low = core::isSigned(elem) ? -(std::int64_t{1} << (bits - 1)) : 0;
    const std::int64_t high = core::isSigned(elem) ? (std::int64_t{1} << (bits - 1)) - 1 : (std::int64_t{1} << bits) - 1;
    if (v < low || v > high) return std::nullopt;
  }
  return core::Literal::ofInt(elem, v);
}

void ProgramChecker::setParam(Param& p, const ast::ParamItem& item) {
  const auto given = options_.params.find(p.name);
  if (given == options_.params.end()) return;
  if (const auto v = parseParam(given->second, p.elem)) {
    p.value = *v;
    return;
  }
  sink.report(Diagnostic(Code::BadParamValue, item.name.span,
                         fmt::format("`-p {}={}` does not fit: the param is `{}`", p.name, given->second, core::elemName(p.elem)))
                  .at(fmt::format("declared as `{}`", core::elemName(p.elem))));
}

void ProgramChecker::declareParams(ModuleInfo& main) {
  for (const auto& decl : main.params) {
    const ast::ParamItem& item = *decl->item;
    decl->index = out.params.size();
    Param p;
    p.name = item.name.text;
    p.span = item.name.span;
    const auto* scalar = ast::tryAs<ast::ScalarType>(item.type.get());
    const auto elem = scalar != nullptr ? core::elemFromName(ast::spelling(scalar->scalar)) : std::nullopt;
    if (!elem || *elem == Elem::Key || *elem == Elem::Str) {
      sink.report(
          Diagnostic(Code::ParamType, item.type ? item.type->span : item.name.span, fmt::format("the param `{}` is a number or a `bool`", p.name))
              .at("no number and no `bool`"));
      out.params.push_back(std::move(p));
      continue;
    }
    p.elem = *elem;
    p.isStatic = !core::isFloat(*elem);
    p.value = core::Literal::zero(*elem);
    if (item.value) {
      if (const auto v = constantOf(*item.value, *elem)) {
        p.value = *v;
        p.fallback = *v;
      } else {
        const ast::Expr* value = item.value.get();
        if (const auto* u = ast::tryAs<ast::UnaryExpr>(value); u != nullptr && u->op == ast::UnaryOp::Negate) value = u->operand.get();
        const bool isWritten = value->kind == ast::ExprKind::Int || value->kind == ast::ExprKind::Float || value->kind == ast::ExprKind::Bool;
        sink.report(
            Diagnostic(Code::ParamType, item.value->span, fmt::format("the default of `{}` is a literal of type `{}`", p.name, core::elemName(*elem)))
                .at(isWritten ? fmt::format("no `{}`", core::elemName(*elem)) : "not written out")
                .label(item.type->span, "declared here"));
      }
    }
    setParam(p, item);
    out.params.push_back(std::move(p));
  }
  for (const auto& [name, value] : options_.params) {
    const bool known = std::any_of(out.params.begin(), out.params.end(), [&, n = name](const Param& p) { return p.name == n; });
    if (known) continue;
    std::vector<std::string> names;
    for (const Param& p : out.params) names.push_back(p.name);
    // At the params that there are, or at the program's beginning.
    const Span place = out.params.empty() ? Span{main.file, 0, 0} : out.params.front().span;
    Diagnostic d(Code::UnknownParam, place, fmt::format("`-p {}={}`: the program has no param `{}`", name, value, name));
    if (const auto near = suggest(name, names)) d.notes.push_back(fmt::format("did you mean `{}`?", *near));
    std::string all;
    for (const std::string& n : names) all += (all.empty() ? "`" : ", `") + n + "`";
    d.notes.push_back(all.empty() ? "it declares none" : "its params are " + all);
    sink.report(std::move(d));
  }
}

void ProgramChecker::declareRun(ModuleInfo& main) {
  for (const ast::ItemPtr& item : main.tree->items) {
    const auto* run = ast::tryAs<ast::RunItem>(item.get());
    if (run == nullptr) continue;
    for (const ast::RunEntry& e : run->entries) {
      const std::string& name = e.name.text;
      if (std::none_of(kRunSettings.begin(), kRunSettings.end(), [&](const char* s) { return name == s; })) {
        const std::vector<std::string> names(kRunSettings.begin(), kRunSettings.end());
        Diagnostic d(Code::UnknownRunSetting, e.name.span, fmt::format("`run` has no setting `{}`", name));
        d.primaryLabel = "not a setting";
        if (const auto near = suggest(name, names)) d.fix = Fix::replace(e.name.span, *near, "a similar setting exists");
        sink.report(std::move(d));
        continue;
      }
      const auto* text = ast::tryAs<ast::StringExpr>(e.value.get());
      const auto* number = ast::tryAs<ast::IntExpr>(e.value.get());
      const auto* word = ast::tryAs<ast::NameExpr>(e.value.get());
      const auto wrong = [&](const char* what) {
        sink.report(Diagnostic(Code::UnknownRunSetting, e.value->span, fmt::format("`{}` of `run` is {}", name, what)).at("does not fit"));
      };
      if (name == "data" || name == "eval") {
        if (text == nullptr) {
          wrong("a string");
        } else {
          (name == "data" ? out.run.data : out.run.eval) = text->value;
          if (name == "eval") out.run.evalSpan = join(e.name.span, e.value->span);
        }
      } else if (name == "rounds") {
        if (number == nullptr || number->value > 0x7fffffff) {
          wrong("a number");
        } else {
          out.run.rounds = static_cast<std::int64_t>(number->value);
        }
      } else if (name == "clients_per_round" && number != nullptr) {
        if (number->value == 0 || number->value > 0x7fffffff) {
          wrong("a positive number, or `all`");
        } else {
          out.run.clientsPerRound = static_cast<std::int64_t>(number->value);
        }
      } else if (text != nullptr) {
        out.run.others[name] = text->value;
      } else if (number != nullptr) {
        out.run.others[name] = std::to_string(number->value);
      } else if (word != nullptr) {
        out.run.others[name] = word->name;
      } else {
        wrong("a string, a number or a word");
      }
    }
  }
}

namespace {

/// Bytes of a unit; 0: no unit.
std::int64_t bytesOfUnit(const std::string& unit) {
  constexpr std::int64_t k = 1000, ki = 1024;
  constexpr std::array<std::pair<const char*, std::int64_t>, 7> kUnits = {
      {{"B", 1}, {"kB", k}, {"MB", k * k}, {"GB", k * k * k}, {"KiB", ki}, {"MiB", ki * ki}, {"GiB", ki * ki * ki}}};
  const auto found = std::find_if(kUnits.begin(), kUnits.end(), [&](const auto& u) { return unit == u.first; });
  return found == kUnits.end() ? 0 : found->second;
}

}  // namespace

void ProgramChecker::declareBudget(ModuleInfo& main) {
  for (const ast::ItemPtr& item : main.tree->items) {
    const auto* budget = ast::tryAs<ast::BudgetItem>(item.get());
    if (budget == nullptr) continue;
    for (const ast::BudgetEntry& e : budget->entries) declareLimit(e);
  }
}

void ProgramChecker::declareLimit(const ast::BudgetEntry& e) {
  const std::string& name = e.name.text;
  const auto wrong = [&](Span at, const std::string& message, const char* label) { return Diagnostic(Code::BadBudget, at, message).at(label); };
  const std::vector<std::string> known = {"up", "down", "exchanges"};
  std::optional<Budget::Limit>* const limit = name == "up"          ? &out.budget.up
                                              : name == "down"      ? &out.budget.down
                                              : name == "exchanges" ? &out.budget.exchanges
                                                                    : nullptr;
  if (limit == nullptr) {
    Diagnostic d = wrong(e.name.span, fmt::format("`budget` has no limit `{}`", name), "not a limit");
    if (const auto near = suggest(name, known)) d.fix = Fix::replace(e.name.span, *near, "a similar limit exists");
    d.notes.emplace_back("its limits are `up`, `down` and `exchanges`");
    return sink.report(std::move(d));
  }
  if (*limit) return sink.report(wrong(e.name.span, fmt::format("`{}` is limited twice", name), "again").label((*limit)->span, "the first limit"));
  const Span amount = e.unit ? Span{e.amount->span.file, e.amount->span.begin, e.unit->span.end} : e.amount->span;
  Budget::Limit made;
  made.span = {amount.file, e.name.span.begin, amount.end};
  made.text = std::string(sources.text(amount));
  const auto* whole = ast::tryAs<ast::IntExpr>(e.amount.get());
  const auto* fraction = ast::tryAs<ast::FloatExpr>(e.amount.get());
  if (name == "exchanges") {
    if (e.unit) return sink.report(wrong(e.unit->span, "`exchanges` is a number without a unit", "no unit here"));
    if (whole == nullptr) return sink.report(wrong(e.amount->span, "`exchanges` is a whole number", "not whole"));
    made.amount = static_cast<std::int64_t>(std::min<std::uint64_t>(whole->value, 1U << 30));
    *limit = std::move(made);
    return;
  }
  if (!e.unit) {
    Diagnostic d = wrong(e.amount->span, fmt::format("`{}` is a number of bytes with a unit", name), "in which unit?");
    d.notes.emplace_back("units: B, kB, MB, GB (powers of 1000), KiB, MiB, GiB (powers of 1024)");
    return sink.report(std::move(d));
  }
  const std::int64_t unit = bytesOfUnit(e.unit->text);
  if (unit == 0) {
    Diagnostic d = wrong(e.unit->span, fmt::format("`{}` is no unit of bytes", e.unit->text), "unknown unit");
    for (const char* near : {"B", "kB", "MB", "GB", "KiB", "MiB", "GiB"}) {
      const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b)); };
      const std::string_view text = near;
      if (std::equal(text.begin(), text.end(), e.unit->text.begin(), e.unit->text.end(), same))
        d.fix = Fix::replace(e.unit->span, near, "a byte is a capital `B`");
    }
    d.notes.emplace_back("units: B, kB, MB, GB (powers of 1000), KiB, MiB, GiB (powers of 1024)");
    return sink.report(std::move(d));
  }
  const double bytes = (whole != nullptr ? static_cast<double>(whole->value) : fraction != nullptr ? fraction->value : 0) * static_cast<double>(unit);
  // Part of a byte is no byte. What is larger than every message is as good as no limit.
  made.amount = bytes < 0x1p62 ? static_cast<std::int64_t>(bytes) : std::int64_t{1} << 62;
  *limit = std::move(made);
}

void ProgramChecker::declarePolicies(ModuleInfo& main) {
  for (const ast::ItemPtr& item : main.tree->items) {
    const auto* policy = ast::tryAs<ast::PolicyItem>(item.get());
    if (policy == nullptr) continue;
    const ast::Name& name = policy->name;
    if (const auto known = policyFromName(name.text)) {
      out.policies.insert(*known);
      continue;
    }
    const std::vector<std::string> names = policyNames();
    Diagnostic d(Code::UnknownPolicy, name.span, fmt::format("there is no policy `{}`", name.text));
    d.primaryLabel = "not a policy";
    if (const auto near = suggest(name.text, names)) d.fix = Fix::replace(name.span, *near, "a similar policy exists");
    d.notes.push_back(fmt::format("the policies are `{}`", fmt::join(names, "`, `")));
    sink.report(std::move(d));
  }
}

void ProgramChecker::rejectForeignItems() {
  for (const auto& m : modules.all()) {
    const bool isMain = m->name.empty();
    for (const ast::ItemPtr& item : m->tree->items) {
      const bool own = item->kind == ast::ItemKind::Param || item->kind == ast::ItemKind::Run || item->kind == ast::ItemKind::Budget ||
                       item->kind == ast::ItemKind::Policy;
      if (own && !isMain && !m->isPrelude) {
        const Span at = item->kind == ast::ItemKind::Param ? ast::as<ast::ParamItem>(*item).name.span : item->span;
        sink.report(Diagnostic(Code::ParamOutsideMain, at, "only the file that is run declares `param`s, `run`, `budget` and policies")
                        .at(fmt::format("declared in module `{}`", m->name))
                        .note("a module takes what it needs as arguments of its functions"));
      }
    }
  }
}

void ProgramChecker::findEntry(ModuleInfo& main) {
  const auto it = main.own.find("main");
  if (it == main.own.end()) return;
  const ItemRef& item = it->second;
  if (item.kind == ItemRef::Kind::Function) {
    if (item.fn->nativeItem != nullptr) {
      sink.report(Diagnostic(Code::EntryType, item.span, "`main` is a native function").at("cannot be run").note("a `fn main(..)` may call it"));
      return;
    }
    for (const ast::TypeParameter& p : item.fn->item->signature.typeParameters) {
      if (p.isDimension) continue;
      sink.report(Diagnostic(Code::EntryType, p.name.span, "`main` has no type parameters: nobody says what they are").at("a type parameter"));
      return;
    }
    for (const ast::Parameter& p : item.fn->item->signature.parameters) {
      if (p.value) {
        sink.report(Diagnostic(Code::EntryType, p.value->span, fmt::format("`{}` of `main` has a default, which nobody would use", p.name.text))
                        .at("not looked at")
                        .note(fmt::format("`main` is given its arguments: `--arg {}=..`; what may be left out is a `param`", p.name.text)));
      }
      if (!p.type || p.type->kind != ast::TypeKind::Sequence) continue;
      const std::string element(sources.text(ast::as<ast::SequenceType>(*p.type).element->span));
      sink.report(Diagnostic(Code::EntryType, p.type->span, fmt::format("`{}` of `main` is one client's data, and no client is named", p.name.text))
                      .at("the data of one client")
                      .note(fmt::format("`main` sees the data of all clients, as `{}: {{{}*}}@clients`; its result comes to the server, as in "
                                        "`federated_sum(..)`",
                                        p.name.text, element)));
    }
    if (const auto& result = item.fn->item->signature.result; result && out.main && hasFunction(out.main->result)) {
      sink.report(Diagnostic(Code::EntryType, result->span, fmt::format("`main` gives a value of the run, found `{}`", print(out.main->result)))
                      .at("functions exist at compile time only")
                      .note("an algorithm of rounds is run by `let main = ..;`, a function by calling it: `fn main(x: f32) -> f32 { f(x) }`"));
    }
    return;
  }
  if (item.kind != ItemRef::Kind::Global || !item.global->value) return;
  const TypeRef t = item.global->value->type;
  const bool process = is(t, TypeKind::Struct) && t->shown == "Process" && t->fields.size() == 3 && is(t->fields[0].type, TypeKind::Function) &&
                       is(t->fields[1].type, TypeKind::Function) && is(t->fields[2].type, TypeKind::Function);
  if (!process) {
    sink.report(Diagnostic(Code::EntryType, item.span, fmt::format("`main` is a function or a `Process`, found `{}`", print(t)))
                    .at(fmt::format("`{}`", print(t)))
                    .note("`let main = process(init, next);`, or a library's algorithm, or `fn main(..)`"));
    return;
  }
  out.process = item.global->value;
  for (const Field& f : t->fields) out.processTypes.push_back(f.type);
  TypeRef q = t->fields[2].type->element;
  if (is(q, TypeKind::Placed)) q = q->element;
  out.hasEvaluate = !isUnit(q);
}

}  // namespace fedc::check
