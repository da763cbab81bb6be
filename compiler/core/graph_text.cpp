#include <fmt/format.h>

#include <algorithm>

#include "compiler/core/cost.h"
#include "compiler/core/ops/groups.h"
#include "compiler/core/text.h"

namespace fedc::core {

namespace {

/// 31400 as 31,400.
std::string thousands(const std::string& digits) {
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return out;
}

/// Groups the digits of the numbers in an extent's text.
std::string grouped(const std::string& text) {
  std::string out, digits;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const bool digit = i < text.size() && text[i] >= '0' && text[i] <= '9';
    const bool inName = digits.empty() && i > 0 && (std::isalpha(static_cast<unsigned char>(text[i - 1])) != 0 || text[i - 1] == '_');
    if (digit && !inName) {
      digits += text[i];
      continue;
    }
    out += thousands(digits);
    digits.clear();
    if (i < text.size()) out += text[i];
  }
  return out;
}

class GraphPrinter {
 public:
  GraphPrinter(const Program& program, const Graph& graph) : program_(program), graph_(graph) {}

  std::string text() {
    out_ = fmt::format("graph {}\n", graph_.entry);
    for (const Graph::Input& in : graph_.inputs) line(1, "in", fmt::format("{} {}", kind(in.kind), slot(in.slot)));
    for (const Column& c : graph_.columns) line(1, "data", column(c));
    for (const SlotInfo& s : graph_.clientState) line(1, "kept", leaf(s));
    step(1, "server", graph_.first);
    for (std::size_t i = 0; i < graph_.phases.size(); ++i) phase(i);
    for (const Graph::Output& o : graph_.outputs) line(1, "out", output(o));
    for (const Graph::ClientResult& r : graph_.clientResults) line(1, "out", output(r));
    return std::move(out_);
  }

  std::string dot() {
    out_ = fmt::format("digraph {} {{\n  rankdir=TB;\n  node [shape=box, fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\"];\n",
                       quoted(graph_.entry));
    std::string inputs = graph_.entry;
    for (const Graph::Input& in : graph_.inputs) inputs += fmt::format("\n{} {}", kind(in.kind), slot(in.slot));
    node("in", inputs, "shape=ellipse");
    std::string before = "in";
    if (graph_.first.fn >= 0) {
      node("server0", serverLabel(graph_.first), "style=filled, fillcolor=\"#e8eefc\"");
      edge(before, "server0", "");
      before = "server0";
    }
    if (!graph_.columns.empty()) {
      std::string data = "client data";
      for (const Column& c : graph_.columns) data += "\n" + column(c);
      node("data", data, "shape=cylinder");
    }
    for (std::size_t i = 0; i < graph_.phases.size(); ++i) {
      const Phase& p = graph_.phases[i];
      const PhaseCost cost = costOf(program_, graph_, p);
      const std::string clients = fmt::format("clients{}", i + 1), server = fmt::format("server{}", i + 1);
      node(clients, fmt::format("clients {}\n{} flops", fnName(p.client), clientFlops(p, cost)),
           "peripheries=2, style=filled, fillcolor=\"#eaf6ea\"");
      std::string down = fmt::format("down {} B{}", bytes(p, cost.traffic.down, cost.traffic.downStrings), names(p.down));
      for (const SelectEdge& e : p.selects) down += fmt::format("\nselect: {} by {}", leaves(p, e.slices), byKeys(p, e));
      edge(before, clients, down);
      if (usesColumns(p)) edge("data", clients, "");
      node(server, serverLabel(p.server), "style=filled, fillcolor=\"#e8eefc\"");
      std::string up = fmt::format("up {} B", bytes(p, cost.traffic.up, cost.traffic.upStrings));
      for (const UpEdge& e : p.up) up += fmt::format("\n{}: {}", upKind(e.kind), leaves(p, e.leaves));
      edge(clients, server, up);
      if (before != "in") edge(before, server, "");
      before = server;
    }
    std::string outputs = "out";
    for (const Graph::Output& o : graph_.outputs) outputs += "\n" + output(o);
    for (const Graph::ClientResult& r : graph_.clientResults) outputs += "\n" + output(r);
    node("out", outputs, "shape=ellipse");
    edge(before, "out", "");
    return std::move(out_) + "}\n";
  }

 private:
  std::string dim(const Dim& d) const {
    return d.print([this](Dim::Variable v) { return v < graph_.dims.size() ? graph_.dims[v].name : fmt::format("?{}", v); });
  }
  /// Over the dims of the clients' function: its row count.
  std::string bytes(const Phase& p, const Dim& d, const Dim& strings) const {
    const auto number = [&](const Dim& n) { return grouped(p.client < 0 ? dim(n) : show(fn(p.client), n)); };
    return number(d) + (strings.isConstant(0) ? "" : fmt::format(" + the text of {} strings", number(strings)));
  }

  std::string type(const Type& t) const {
    std::string out(elemName(t.elem));
    for (std::size_t i = 0; i < t.dims.size(); ++i) out += (i == 0 ? "[" : ", ") + dim(t.dims[i]);
    return t.dims.empty() ? out : out + "]";
  }
  std::string leaf(const SlotInfo& s) const { return fmt::format("{}: {}", s.name, type(s.type)); }
  std::string name(Slot s) const { return graph_.slots[s].name.empty() ? fmt::format("%{}", s) : graph_.slots[s].name; }
  std::string slot(Slot s) const { return fmt::format("{}: {}", name(s), type(graph_.slots[s].type)); }
  /// Under the name by which it leaves the program, if it has one.
  std::string output(const Graph::Output& o) const {
    const std::string as = o.name.empty() || o.name == name(o.slot) ? "" : fmt::format("{} = ", o.name);
    return fmt::format("{} {}{}", o.kind == Graph::Output::Kind::State ? "state" : "report", as, slot(o.slot));
  }
  std::string output(const Graph::ClientResult& r) const {
    return fmt::format("{} {}", r.allEqual ? "at all clients" : "of each client", slot(r.slot));
  }
  std::string leaves(const Phase& p, const std::vector<SlotInfo>& list) const {
    std::string out;
    for (const SlotInfo& s : list)
      out += fmt::format("{}{}: {}", out.empty() ? "" : ", ", s.name, p.client < 0 ? type(s.type) : show(fn(p.client), s.type));
    return out;
  }
  std::string byKeys(const Phase& p, const SelectEdge& e) const {
    const bool isOnce = std::any_of(p.pieces.begin(), p.pieces.end(), [&](const Piece& piece) {
      return piece.side == Piece::Side::Key && !e.sliceCrossings.empty() && piece.outputs.front().index == e.sliceCrossings.front();
    });
    return leaves(p, e.keys) + (isOnce ? "   once a key" : "");
  }
  std::string column(const Column& c) const {
    Type row = c.type;
    const std::string argument = c.argument == 0 ? "" : fmt::format(" of argument {}", c.argument);
    return fmt::format("{}: {} a row{}", c.feature, type(row), argument);
  }
  std::string names(const std::vector<Slot>& slots) const {
    std::string out;
    for (Slot s : slots) out += "\n" + slot(s);
    return out;
  }

  static std::string_view kind(Graph::Input::Kind k) {
    static constexpr std::string_view kNames[] = {"state", "key", "argument", "param", "argument of each client", "sequence"};
    return kNames[static_cast<int>(k)];
  }
  static std::string_view upKind(UpEdge::Kind k) {
    static constexpr std::string_view kNames[] = {"sum", "aggregate", "collect", "secure_sum", "secure_sum_bitwidth", "secure_modular_sum"};
    return kNames[static_cast<int>(k)];
  }

  const Fn& fn(int index) const { return program_.module.fns[static_cast<std::size_t>(index)]; }
  std::string fnName(int index) const { return index < 0 ? "nothing" : fn(index).name; }

  std::string clientFlops(const Phase& p, const PhaseCost& cost) const { return p.client < 0 ? "0" : grouped(show(fn(p.client), cost.client)); }

  std::string serverLabel(const ServerStep& s) const {
    if (s.fn < 0) return "server";
    return fmt::format("server {}\n{} flops", fnName(s.fn), grouped(show(fn(s.fn), flops(fn(s.fn)))));
  }

  static bool usesColumns(const Phase& p) {
    for (const ClientInput& in : p.clientInputs) {
      if (in.kind == ClientInput::Kind::Column) return true;
    }
    return false;
  }

  void line(int depth, std::string_view head, const std::string& rest) {
    out_ += fmt::format("{}{:<{}}{}\n", std::string(2 * static_cast<std::size_t>(depth), ' '), head, 14 - 2 * depth, rest);
  }

  void step(int depth, std::string_view head, const ServerStep& s) {
    if (s.fn < 0) return;
    std::string in, result;
    for (Slot x : s.inputs) in += (in.empty() ? "" : ", ") + name(x);
    for (Slot x : s.outputs) result += (result.empty() ? "" : ", ") + slot(x);
    const std::string arrow = result.empty() ? "" : " -> " + result;
    line(depth, head, fmt::format("{}({}){}   {} flops", fnName(s.fn), in, arrow, grouped(show(fn(s.fn), flops(fn(s.fn))))));
  }

  std::string input(const ClientInput& in, const Phase& p) const {
    switch (in.kind) {
      case ClientInput::Kind::Accumulator: return fmt::format("sum {}", p.accumulator[static_cast<std::size_t>(in.index)].name);
      case ClientInput::Kind::Column: return fmt::format("data {}", graph_.columns[static_cast<std::size_t>(in.index)].feature);
      case ClientInput::Kind::Key: return fmt::format("key {} by client id", name(in.slot));
      case ClientInput::Kind::Carry: return fmt::format("carry {}", name(in.slot));
      case ClientInput::Kind::State: return fmt::format("state {}", graph_.clientState[static_cast<std::size_t>(in.index)].name);
      case ClientInput::Kind::Crossed: return fmt::format("crossed {}", in.index);
      case ClientInput::Kind::Row: return fmt::format("own {}", name(in.slot));
      case ClientInput::Kind::Down: break;
    }
    return name(in.slot);
  }

  std::string output(const ClientOutput& o, const Phase& p) const {
    switch (o.kind) {
      case ClientOutput::Kind::Accumulator: return fmt::format("sum {}", p.accumulator[static_cast<std::size_t>(o.index)].name);
      case ClientOutput::Kind::Carry: return fmt::format("carry {}", name(o.slot));
      case ClientOutput::Kind::State: return fmt::format("state {}", graph_.clientState[static_cast<std::size_t>(o.index)].name);
      case ClientOutput::Kind::Crossed: return fmt::format("crossed {}", o.index);
      case ClientOutput::Kind::Collect: break;
    }
    return fmt::format("collect {}", name(o.slot));
  }

  void phase(std::size_t i) {
    const Phase& p = graph_.phases[i];
    const PhaseCost cost = costOf(program_, graph_, p);
    out_ += fmt::format("  phase {}\n", i + 1);
    for (Slot s : p.down) line(2, "down", slot(s));
    for (const SelectEdge& e : p.selects) line(2, "select", fmt::format("{} by {}", leaves(p, e.slices), byKeys(p, e)));
    std::string in, result;
    for (const ClientInput& x : p.clientInputs) in += (in.empty() ? "" : ", ") + input(x, p);
    for (const ClientOutput& x : p.clientOutputs) result += (result.empty() ? "" : ", ") + output(x, p);
    line(2, "clients", fmt::format("{}({}) -> ({})   {} flops", fnName(p.client), in, result, clientFlops(p, cost)));
    for (const UpEdge& e : p.up) line(2, "up", fmt::format("{} {}", upKind(e.kind), leaves(p, e.leaves)));
    line(2, "bytes",
         fmt::format("{} down, {} up, each client", bytes(p, cost.traffic.down, cost.traffic.downStrings),
                     bytes(p, cost.traffic.up, cost.traffic.upStrings)));
    step(2, "zero", p.zero);
    if (p.merge >= 0) line(2, "merge", fmt::format("{}   {} flops", fnName(p.merge), grouped(show(fn(p.merge), cost.merge))));
    step(2, "server", p.server);
  }

  static std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (char c : text) {
      if (c == '\n') {
        out += "\\n";
        continue;
      }
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    return out + "\"";
  }

  void node(const std::string& name, const std::string& label, std::string_view style) {
    out_ += fmt::format("  {} [label={}, {}];\n", name, quoted(label), style);
  }
  void edge(const std::string& from, const std::string& to, const std::string& label) {
    out_ += fmt::format("  {} -> {}", from, to);
    if (!label.empty()) out_ += fmt::format(" [label={}]", quoted(label));
    out_ += ";\n";
  }

  const Program& program_;
  const Graph& graph_;
  std::string out_;
};

}  // namespace

std::string costText(const Fn& fn, const Dim& dim) { return grouped(show(fn, dim)); }

std::string printGraph(const Program& program, const Graph& graph) { return GraphPrinter(program, graph).text(); }
std::string printDot(const Program& program, const Graph& graph) { return GraphPrinter(program, graph).dot(); }

}  // namespace fedc::core
