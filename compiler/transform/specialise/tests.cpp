#include <algorithm>

#include "compiler/transform/specialise/specialiser.h"

/// `test "name" { .. }` blocks: entries of their own, whose clients and expectations stand in them.
namespace fedc::transform::specialise {

Value Specialiser::clientsOf(const OptionalArgs& args, Span span) {
  if (entry_ == nullptr || !entry_->isTest) stop(Code::TestOnly, span, "`clients` is for tests: a program's clients come with its data");
  const auto count = static_cast<std::int64_t>(args.size());
  if (entry_->cohort && *entry_->cohort != count) {
    stop(Code::CohortsDiffer, span,
         "these are " + std::to_string(count) + " clients, and the test has " + std::to_string(*entry_->cohort) + " already");
  }
  entry_->cohort = count;
  Args items;
  for (const auto& a : args) items.push_back(*a);
  // One value of all of them, at the server; each client has its row.
  Home home = join(items);
  if (home.kind == Home::Kind::Static) home = Home{Home::Kind::Server, 0};
  InHome scope(*this, home);
  std::vector<std::vector<Leaf>> rows;
  for (const Value& item : items) rows.push_back(leavesOf(item));
  std::vector<Leaf> stacked;
  for (std::size_t l = 0; l < rows[0].size(); ++l) {
    std::vector<Leaf> parts;
    for (auto& r : rows) {
      if (!(r[l].type == rows[0][l].type)) stop(Code::SizesDiffer, span, "the clients' values have different sizes");
      for (const Dim& d : r[l].type.dims) {
        if (!d.constant()) stop(Code::SizeNotKnown, span, "what a client has here is of a size that is not known before the run");
      }
      std::vector<Dim> dims = r[l].type.dims;
      dims.insert(dims.begin(), Dim(1));
      parts.push_back(reshape(leaf(useWhole(r[l], span)), dims, span));
    }
    stacked.push_back(concat(std::move(parts), 0, span));
    // A value of the server's own, which clients can be given rows of.
    if (stacked.back().atom.isLiteral) stacked.back() = leaf(builder(span).splat(stacked.back().atom.literal, stacked.back().type));
  }
  return ownRows(withLeaves(items[0], stacked));
}

Value Specialiser::assertClose(const OptionalArgs& args, const check::TypeRef& type, Span span) {
  if (entry_ == nullptr || !entry_->isTest) stop(Code::TestOnly, span, "`assert_close` is for tests", "`assert` checks in a program");
  if (!federated_) {
    stop(Code::TestOnly, span, "`assert_close` compares what a test has, not what is inside of local work",
         "give the values back and compare them in the test");
  }
  core::Graph::Assertion assertion;
  assertion.span = span;
  const Value &found = *args[0], &expected = *args[1];
  std::vector<Leaf> a = leavesOf(found), b = leavesOf(expected);
  if (a.size() != b.size()) stop(Code::SizesDiffer, span, "the two values have different parts");
  for (const auto* side : {&a, &b}) {
    for (const Leaf& l : *side) assertion.ofClients = assertion.ofClients || l.home.kind == Home::Kind::Clients;
  }
  int level = 0;
  for (const auto& [l, exchange] : entry_->exchanges) level = std::max(level, l);
  leafNames(type, "", assertion.leaves);
  const auto keep = [&](const std::vector<Leaf>& leaves, std::vector<std::size_t>& at) {
    for (const Leaf& l : leaves) {
      if (!assertion.ofClients) {
        InHome scope(*this, Home{Home::Kind::Server, level});
        if (!isKnownOutside(l.type)) stop(Code::SizeNotKnown, span, "the size of this value is known only where it is made");
        at.push_back(entry_->results.size());
        entry_->results.push_back({core::Graph::Output::Kind::Report, leaf(use(l), l.type), "value"});
        continue;
      }
      for (const Dim& d : l.type.dims) {
        if (!d.constant()) stop(Code::SizeNotKnown, span, "a value at the clients has a size that differs from client to client");
      }
      const int own = l.home.kind == Home::Kind::Clients ? l.home.level : l.home.kind == Home::Kind::Server ? l.home.level + 1 : 1;
      entry_->exchanges[own];
      homeFn(Home{Home::Kind::Server, own});
      InHome scope(*this, Home{Home::Kind::Clients, own});
      at.push_back(entry_->atClients.size());
      entry_->atClients.push_back({leaf(use(l), l.type), "value", "", false});
    }
  };
  keep(a, assertion.found);
  keep(b, assertion.expected);
  if (args.size() > 2 && args[2]) {
    InHome scope(*this, Home{Home::Kind::Server, level});
    assertion.tolerance = entry_->results.size();
    entry_->results.push_back({core::Graph::Output::Kind::Report, leaf(use(args[2]->leaf), args[2]->leaf.type), "tolerance"});
  }
  entry_->assertions.push_back(std::move(assertion));
  return Value::unit();
}

void Specialiser::endTest(Span span) {
  int last = 0;
  for (const auto& [level, exchange] : entry_->exchanges) last = std::max(last, level);
  homeFn(Home{Home::Kind::Server, last});
  if (last > 0 && !entry_->cohort) {
    stop(Code::CohortsDiffer, span, "this test works on clients, and nothing says how many there are",
         "`clients(1.0, 2.0)` makes two, with a value each");
  }
}

std::vector<Entry> Specialiser::tests(const std::string& filter) {
  std::vector<Entry> out;
  for (const check::TestCase& test : typed_.tests) {
    if (test.name.find(filter) == std::string::npos) continue;
    auto entry = runEntry(test.name, [&] {
      entry_->isTest = true;
      Env env;
      eval(*test.body, env);
      endTest(test.span);
    });
    if (entry) out.push_back(std::move(*entry));
  }
  return out;
}

}  // namespace fedc::transform::specialise
