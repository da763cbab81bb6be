#include "tools/fedc/graph_svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "compiler/core/cost.h"
#include "tools/fedc/number_text.h"

namespace fedc::cli {

namespace {

constexpr int kMargin = 24;
constexpr int kBoxWidth = 300;
constexpr int kGap = 340;
constexpr int kLineHeight = 18;
constexpr int kPadding = 12;
/// From a crossing line down to the box that it reaches.
constexpr int kArrowRoom = 18;
constexpr int kServerX = kMargin;
constexpr int kClientsX = kMargin + kBoxWidth + kGap;
constexpr int kWidth = kClientsX + kBoxWidth + kMargin;
/// More leaves than this are counted, not named.
constexpr std::size_t kNamedLeaves = 4;

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string leavesText(const std::vector<core::SlotInfo>& leaves) {
  // An extent that is not known (a client's rows) counts once.
  double bytes = 0;
  std::string names;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    bytes += static_cast<double>(core::wireBytes(leaves[i].type).evaluate([](Dim::Variable) { return 1; }));
    if (i < kNamedLeaves) names += (i == 0 ? "" : ", ") + leaves[i].name;
  }
  if (leaves.size() > kNamedLeaves) names += fmt::format(", .. {} leaves", leaves.size());
  return fmt::format("{} ({})", names, bytesText(bytes));
}

const char* upName(core::UpEdge::Kind kind) {
  using Kind = core::UpEdge::Kind;
  switch (kind) {
    case Kind::Sum: return "sum";
    case Kind::Aggregate: return "aggregate";
    case Kind::Collect: return "collect";
    case Kind::SecureSum: return "secure sum";
    case Kind::SecureSumBitwidth: return "secure sum, bounded bits";
    case Kind::SecureModularSum: return "secure modular sum";
  }
  return "";
}

class Drawing {
 public:
  explicit Drawing(const core::Program& program) : program_(program) {}

  std::string draw() {
    for (const core::Graph& graph : program_.graphs) drawGraph(graph);
    return fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" font-family=\"monospace\" font-size=\"13\">\n"
        "<defs><marker id=\"tip\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\">"
        "<path d=\"M0,0 L10,5 L0,10 z\" fill=\"#333\"/></marker></defs>\n"
        "<rect width=\"{0}\" height=\"{1}\" fill=\"#fff\"/>\n{2}</svg>\n",
        kWidth, y_ + kMargin, out_);
  }

 private:
  void text(int x, int y, std::string_view what, std::string_view extra = {}) {
    out_ += fmt::format("<text x=\"{}\" y=\"{}\"{}{}>{}</text>\n", x, y, extra.empty() ? "" : " ", extra, escaped(what));
  }

  /// Gives the height.
  int box(int x, int y, const std::vector<std::string>& lines, const char* fill) {
    const int height = 2 * kPadding + static_cast<int>(lines.size()) * kLineHeight;
    out_ += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"6\" fill=\"{}\" stroke=\"#333\"/>\n", x, y, kBoxWidth, height, fill);
    for (std::size_t i = 0; i < lines.size(); ++i) text(x + kPadding, y + kPadding + 13 + static_cast<int>(i) * kLineHeight, lines[i]);
    return height;
  }

  std::string functionText(int fn) const {
    if (fn < 0) return "nothing to compute";
    const core::Fn& function = program_.module.fns[static_cast<std::size_t>(fn)];
    return fmt::format("{}: {} steps", function.name, function.body.size());
  }

  static std::vector<core::SlotInfo> slots(const core::Graph& graph, const std::vector<core::Slot>& numbers) {
    std::vector<core::SlotInfo> out;
    for (const core::Slot s : numbers) out.push_back(graph.slots[s]);
    return out;
  }

  void serverBox(const core::ServerStep& step, std::vector<std::string> lines) {
    lines.insert(lines.begin(), functionText(step.fn));
    lines.insert(lines.begin(), "server");
    y_ += box(kServerX, y_, lines, "#dbe9f6");
  }

  /// An arrow between the lanes, what crosses above it.
  void cross(bool down, const std::vector<std::string>& what) {
    const int from = y_;
    for (const std::string& each : what) {
      y_ += kLineHeight;
      text(kServerX + kBoxWidth + 8, y_, each, "fill=\"#333\"");
    }
    y_ += 6;
    const int lanes[] = {kServerX + kBoxWidth / 2, kClientsX + kBoxWidth / 2};
    const int start = lanes[down ? 0 : 1];
    const int stop = lanes[down ? 1 : 0];
    out_ += fmt::format("<polyline points=\"{0},{1} {0},{2} {3},{2} {3},{4}\" fill=\"none\" stroke=\"#333\" marker-end=\"url(#tip)\"/>\n", start,
                        from, y_, stop, y_ + kArrowRoom);
    y_ += kArrowRoom;
  }

  void drawPhase(const core::Graph& graph, const core::Phase& phase) {
    std::vector<std::string> down;
    if (!phase.down.empty()) down.push_back(leavesText(slots(graph, phase.down)));
    for (const core::SelectEdge& edge : phase.selects)
      down.push_back(fmt::format("select: {} by {}", leavesText(edge.slices), leavesText(edge.keys)));
    if (down.empty()) down.emplace_back("nothing");
    cross(true, down);
    std::vector<std::string> lines = {"clients", functionText(phase.client)};
    std::vector<std::string> columns;
    for (const core::ClientInput& input : phase.clientInputs) {
      if (input.kind == core::ClientInput::Kind::Column) columns.push_back(graph.columns[static_cast<std::size_t>(input.index)].feature);
    }
    if (!columns.empty()) lines.push_back(fmt::format("reads {}", fmt::join(columns, ", ")));
    y_ += box(kClientsX, y_, lines, "#fbe8d3");
    std::vector<std::string> up;
    for (const core::UpEdge& edge : phase.up) up.push_back(fmt::format("{}: {}", upName(edge.kind), leavesText(edge.leaves)));
    cross(false, up);
    std::vector<std::string> merges;
    if (phase.merge >= 0) merges.push_back(fmt::format("merge: {} leaves", phase.accumulator.size()));
    serverBox(phase.server, merges);
  }

  void drawGraph(const core::Graph& graph) {
    y_ += kMargin + kLineHeight;
    text(kServerX, y_, graph.entry, "font-size=\"18\" font-weight=\"bold\"");
    y_ += kPadding;
    std::vector<std::string> inputs;
    for (const core::Graph::Input& input : graph.inputs) inputs.push_back(input.name);
    serverBox(graph.first, inputs.empty() ? std::vector<std::string>{} : std::vector<std::string>{fmt::format("takes {}", fmt::join(inputs, ", "))});
    for (const core::Phase& phase : graph.phases) drawPhase(graph, phase);
    std::vector<core::SlotInfo> results;
    for (const core::Graph::Output& output : graph.outputs) results.push_back({output.name, graph.slots[output.slot].type, core::Place::Server});
    y_ += kLineHeight + 4;
    text(kServerX, y_, "gives " + (results.empty() ? std::string("nothing") : leavesText(results)));
  }

  const core::Program& program_;
  std::string out_;
  int y_ = 0;
};

}  // namespace

std::string graphSvg(const core::Program& program) { return Drawing(program).draw(); }

}  // namespace fedc::cli
