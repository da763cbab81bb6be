#include "runtime/graph/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "runtime/value/layout.h"

namespace fedc::runtime {
namespace {

using core::ClientInput;
using core::ClientOutput;
using core::Slot;

class Planner {
 public:
  Planner(const Executable& executable, const core::Graph& graph) : executable_(executable), graph_(graph) {}

  Expected<GraphPlan> plan() {
    plan_.graph = &graph_;
    made_.assign(graph_.slots.size(), -1);
    position_.assign(graph_.slots.size(), -1);
    for (const core::SlotInfo& leaf : graph_.clientState) {
      auto layout = denseLayout(leaf.type);
      if (!layout) return fail(fmt::format("client state `{}` of `{}`: {}", leaf.name, graph_.entry, layout.error().message));
      if (!layout->dims.empty() && layout->dims[0] < 0) return fail(fmt::format("client state `{}` of `{}` has no size", leaf.name, graph_.entry));
      plan_.state.offsets.push_back(plan_.state.bytes);
      // No element is wider than this.
      plan_.state.bytes += (layout->bytes() + 7) / 8 * 8;
      plan_.state.leaves.push_back(std::move(*layout));
    }
    for (const core::Column& column : graph_.columns) {
      if (column.argument < 0 || static_cast<std::size_t>(column.argument) >= std::max<std::size_t>(1, graph_.data.size()))
        return fail(fmt::format("`{}` reads `{}` of data that it does not have", graph_.entry, column.feature));
    }
    for (const core::Graph::Input& input : graph_.inputs) {
      if (!slotExists(input.slot)) return error_;
      auto layout = denseLayout(graph_.slots[input.slot].type);
      if (!layout) return fail(fmt::format("input `{}` of `{}`: {}", input.name, graph_.entry, layout.error().message));
      // The cell that holds the input as it comes; consumers of other layouts get cells of their own.
      made_[input.slot] = cell(input.slot, preferred(input.slot).value_or(*layout));
    }
    server(graph_.first, plan_.first, "first");
    for (std::size_t p = 0; p < graph_.phases.size() && !failed_; ++p) phase(graph_.phases[p], static_cast<int>(p));
    for (const core::Graph::Output& output : graph_.outputs) {
      if (failed_) break;
      plan_.outputs.push_back(read(output.slot, std::nullopt, "an output"));
    }
    for (const core::Graph::ClientResult& result : graph_.clientResults) {
      if (failed_ || !slotExists(result.slot)) break;
      if (position_[result.slot] < 0) fault(fmt::format("`{}` gives `{}`, which no client makes", graph_.entry, result.name));
      plan_.clientResults.push_back(position_[result.slot]);
    }
    for (const core::Graph::Input& input : graph_.inputs) {
      std::vector<int> cells;
      for (std::size_t c = 0; c < plan_.cells.size(); ++c) {
        if (plan_.cells[c].slot == input.slot) cells.push_back(static_cast<int>(c));
      }
      plan_.inputs.push_back(std::move(cells));
    }
    if (failed_) return error_;
    placeConversions();
    return std::move(plan_);
  }

 private:
  bool fault(std::string message) {
    if (!failed_) error_ = fail(std::move(message));
    failed_ = true;
    return false;
  }

  bool slotExists(Slot slot) {
    if (slot < graph_.slots.size()) return true;
    return fault(fmt::format("`{}` names slot {}, it has {}", graph_.entry, slot, graph_.slots.size()));
  }

  const Callable* function(int index, const char* what) {
    if (index < 0 || static_cast<std::size_t>(index) >= executable_.functions.size() ||
        executable_.functions[static_cast<std::size_t>(index)] == nullptr) {
      fault(fmt::format("`{}` has no function for {}", graph_.entry, what));
      return nullptr;
    }
    return executable_.functions[static_cast<std::size_t>(index)].get();
  }

  int cell(Slot slot, const LeafLayout& layout) {
    for (std::size_t c = 0; c < plan_.cells.size(); ++c) {
      if (plan_.cells[c].slot == slot && plan_.cells[c].layout == layout) return static_cast<int>(c);
    }
    const std::vector<Dim>& dims = graph_.slots[slot].type.dims;
    plan_.cells.push_back({slot, layout, dims.empty() ? Dim(0) : dims.front()});
    return static_cast<int>(plan_.cells.size() - 1);
  }

  /// The layout in which a slot's first reader wants it.
  std::optional<LeafLayout> preferred(Slot slot) const {
    const auto look = [&](int fn, const std::vector<Slot>& inputs) -> std::optional<LeafLayout> {
      if (fn < 0 || static_cast<std::size_t>(fn) >= executable_.functions.size() || executable_.functions[static_cast<std::size_t>(fn)] == nullptr)
        return std::nullopt;
      const Signature& signature = executable_.functions[static_cast<std::size_t>(fn)]->signature();
      for (std::size_t i = 0; i < inputs.size() && i < signature.params.size(); ++i) {
        if (inputs[i] == slot) return signature.params[i];
      }
      return std::nullopt;
    };
    if (auto layout = look(graph_.first.fn, graph_.first.inputs)) return layout;
    const auto ofClient = [&](int fn, const std::vector<ClientInput>& inputs) {
      std::vector<Slot> down;
      for (const ClientInput& input : inputs) down.push_back(input.kind == ClientInput::Kind::Down ? input.slot : ~Slot{0});
      return look(fn, down);
    };
    for (const core::Phase& phase : graph_.phases) {
      if (phase.pieces.empty()) {
        if (auto layout = ofClient(phase.client, phase.clientInputs)) return layout;
      }
      for (const core::Piece& piece : phase.pieces) {
        if (auto layout = ofClient(piece.fn, piece.inputs)) return layout;
      }
      if (auto layout = look(phase.zero.fn, phase.zero.inputs)) return layout;
      if (auto layout = look(phase.server.fn, phase.server.inputs)) return layout;
    }
    return std::nullopt;
  }

  /// The cell from which to read a slot in a layout (nothing: as it is made).
  int read(Slot slot, const std::optional<LeafLayout>& layout, const std::string& who) {
    if (!slotExists(slot)) return 0;
    if (made_[slot] < 0) {
      fault(fmt::format("{} of `{}` reads `{}` before it is made", who, graph_.entry, graph_.slots[slot].name));
      return 0;
    }
    const LeafLayout& have = plan_.cells[static_cast<std::size_t>(made_[slot])].layout;
    if (!layout) return made_[slot];
    if (!sameEntries(have, *layout)) {
      fault(fmt::format("{} of `{}` takes `{}` with another type than it has", who, graph_.entry, graph_.slots[slot].name));
      return 0;
    }
    return cell(slot, *layout);
  }

  int make(Slot slot, const LeafLayout& layout, const std::string& who) {
    if (!slotExists(slot)) return 0;
    if (made_[slot] >= 0) {
      fault(fmt::format("{} of `{}` makes `{}`, which is there already", who, graph_.entry, graph_.slots[slot].name));
      return 0;
    }
    return made_[slot] = cell(slot, layout);
  }

  /// A client's own row of a stack.
  bool rowOf(const ClientInput& in, ClientBuffer& buffer) {
    buffer.index = read(in.slot, std::nullopt, "the clients");
    if (failed_) return true;
    const LeafLayout& stacked = plan_.cells[static_cast<std::size_t>(buffer.index)].layout;
    if (stacked.dims.empty() || !sameEntries(rowLayout(stacked), buffer.layout)) return false;
    buffer.row = rowLayout(stacked);
    buffer.stride = rowStride(stacked);
    return true;
  }

  bool stateLeaf(int index, const LeafLayout& layout, const std::string& who) {
    if (index < 0 || static_cast<std::size_t>(index) >= plan_.state.leaves.size())
      return fault(fmt::format("`{}` names leaf {} of the client state, there are {}", who, index, plan_.state.leaves.size()));
    if (sameEntries(plan_.state.leaves[static_cast<std::size_t>(index)], layout)) return true;
    return fault(fmt::format("`{}` has another type for client state `{}`", who, graph_.clientState[static_cast<std::size_t>(index)].name));
  }

  bool arity(const Callable& fn, std::size_t params, std::size_t results, const std::string& who) {
    const Signature& s = fn.signature();
    if (s.params.size() == params && s.results.size() == results) return true;
    return fault(fmt::format("{} of `{}` calls `{}` with {} values for {} results, it takes {} and gives {}", who, graph_.entry, s.name, params,
                             results, s.params.size(), s.results.size()));
  }

  /// A server function. Without `slots` (zero) its `results` become no slots.
  void server(const core::ServerStep& step, ServerPlan& out, const std::string& who, bool slots = true, std::size_t results = 0) {
    if (failed_) return;
    if (step.fn < 0) {
      if (!step.inputs.empty() || !step.outputs.empty() || results != 0)
        fault(fmt::format("{} of `{}` has values but no function", who, graph_.entry));
      return;
    }
    out.fn = function(step.fn, who.c_str());
    if (failed_ || !arity(*out.fn, step.inputs.size(), slots ? step.outputs.size() : results, who)) return;
    const Signature& s = out.fn->signature();
    if (s.dimParams != 0 && static_cast<std::size_t>(s.dimParams) != graph_.dims.size()) {
      // One alone is the cohort's size.
      if (s.dimParams != 1 || !graph_.dims.empty()) {
        fault(fmt::format("{} of `{}` has {} run-time extents, the graph has {}", who, graph_.entry, s.dimParams, graph_.dims.size()));
        return;
      }
    }
    out.inPlace = s.inPlace;
    for (std::size_t i = 0; i < step.inputs.size(); ++i) out.inputs.push_back(read(step.inputs[i], s.params[i], who));
    for (std::size_t i = 0; slots && i < step.outputs.size() && !failed_; ++i) out.outputs.push_back(make(step.outputs[i], s.results[i], who));
  }

  void phase(const core::Phase& phase, int number) {
    PhasePlan out;
    out.number = static_cast<std::size_t>(number);
    const auto who = [&](const char* what) { return fmt::format("{} of phase {}", what, number); };
    // The client function, or the last piece of it, says how the accumulator lies.
    const bool isCut = !phase.pieces.empty();
    const std::vector<ClientInput>& inputs = isCut ? phase.pieces.back().inputs : phase.clientInputs;
    const std::vector<ClientOutput>& outputs = isCut ? phase.pieces.back().outputs : phase.clientOutputs;
    const Callable* const client = function(isCut ? phase.pieces.back().fn : phase.client, who("the clients").c_str());
    if (failed_ || !arity(*client, inputs.size(), outputs.size(), who("the clients"))) return;
    out.client.fn = client;
    const Signature& s = client->signature();
    if (isCut) selections(phase, out);
    if (failed_) return;
    out.accumulator.resize(phase.accumulator.size());
    std::vector<bool> known(phase.accumulator.size(), false);
    out.readsData = out.readsData || s.dimParams > 0;
    if (static_cast<std::size_t>(s.dimParams) > std::max<std::size_t>(1, graph_.data.size())) {
      fault(fmt::format("`{}` has {} run-time extents, the clients have data of {} kinds", s.name, s.dimParams, graph_.data.size()));
      return;
    }
    for (std::size_t i = 0; i < inputs.size() && !failed_; ++i) {
      const ClientInput& input = inputs[i];
      ClientBuffer buffer{input.kind, input.index, s.params[i]};
      switch (input.kind) {
        case ClientInput::Kind::Accumulator:
          if (input.index < 0 || static_cast<std::size_t>(input.index) >= known.size() || known[static_cast<std::size_t>(input.index)]) {
            fault(fmt::format("`{}` names accumulator leaf {}, there are {}", s.name, input.index, known.size()));
            break;
          }
          known[static_cast<std::size_t>(input.index)] = true;
          out.accumulator[static_cast<std::size_t>(input.index)] = s.params[i];
          break;
        case ClientInput::Kind::Down: buffer.index = read(input.slot, s.params[i], who("the clients")); break;
        case ClientInput::Kind::Key:
          buffer.index = read(input.slot, std::nullopt, who("the clients"));
          if (!failed_ && (s.params[i].elem != core::Elem::Key || !s.params[i].dims.empty()))
            fault(fmt::format("`{}` takes a key as something else", s.name));
          break;
        case ClientInput::Kind::Column: {
          if (input.index < 0 || static_cast<std::size_t>(input.index) >= graph_.columns.size()) {
            fault(fmt::format("`{}` names column {}, there are {}", s.name, input.index, graph_.columns.size()));
            break;
          }
          const core::Column& column = graph_.columns[static_cast<std::size_t>(input.index)];
          LeafLayout dense;
          dense.elem = column.type.elem;
          dense.dims.push_back(-1);
          for (const Dim& dim : column.type.dims) dense.dims.push_back(dim.constant().value_or(-2));
          if (!(dense == s.params[i])) fault(fmt::format("`{}` takes column `{}` with another type or layout than it has", s.name, column.feature));
          out.readsData = true;
          break;
        }
        case ClientInput::Kind::Carry:
          if (!slotExists(input.slot)) break;
          buffer.index = position_[input.slot];
          if (buffer.index < 0) {
            fault(fmt::format("`{}` takes carry `{}` before it is made", s.name, graph_.slots[input.slot].name));
          } else if (!sameEntries(plan_.positions[static_cast<std::size_t>(buffer.index)].layout, s.params[i])) {
            fault(fmt::format("`{}` takes carry `{}` with another type than it has", s.name, graph_.slots[input.slot].name));
          }
          break;
        case ClientInput::Kind::State: out.readsState = stateLeaf(input.index, s.params[i], s.name); break;
        case ClientInput::Kind::Crossed:
          if (!isCut) fault(fmt::format("`{}` takes what crosses, which only a piece of it does", s.name));
          if (!failed_) buffer.index = value(crossed_, input.index, s.params[i], out.selections->values);
          break;
        case ClientInput::Kind::Row: {
          if (!rowOf(input, buffer))
            fault(fmt::format("`{}` takes a row of `{}` with another type than it has", s.name, graph_.slots[input.slot].name));
          break;
        }
      }
      out.client.params.push_back(buffer);
    }
    if (failed_) return;
    for (std::size_t leaf = 0; leaf < known.size(); ++leaf) {
      if (!known[leaf]) {
        fault(fmt::format("`{}` leaves accumulator `{}` alone", s.name, phase.accumulator[leaf].name));
        return;
      }
      out.offsets.push_back(out.accumulatorBytes);
      out.accumulatorBytes += out.accumulator[leaf].bytes();
    }
    results(outputs, s, out);
    if (failed_) return;

    if (!phase.wire.empty()) wire(phase, out);
    if (failed_) return;

    server(phase.zero, out.zero, who("zero"), false, phase.accumulator.size());
    if (failed_) return;
    for (std::size_t leaf = 0; leaf < known.size(); ++leaf) {
      if (!sameEntries(out.zero.fn->signature().results[leaf], out.accumulator[leaf])) {
        fault(fmt::format("zero and clients of phase {} disagree about accumulator `{}`", number, phase.accumulator[leaf].name));
        return;
      }
    }
    if (!phase.accumulator.empty()) mergeFunction(phase, out, number);
    if (failed_) return;

    if (phase.accumulatorSlots.size() > phase.accumulator.size()) fault(fmt::format("phase {} has more accumulator slots than leaves", number));
    for (std::size_t leaf = 0; leaf < phase.accumulatorSlots.size() && !failed_; ++leaf) {
      out.merged.emplace_back(make(phase.accumulatorSlots[leaf], out.accumulator[leaf], who("the merge")), static_cast<int>(leaf));
    }
    for (const auto& [from, to] : phase.collected) {
      if (failed_ || !slotExists(from) || !slotExists(to)) break;
      if (position_[from] < 0) {
        fault(fmt::format("phase {} collects `{}`, which no client makes", number, graph_.slots[from].name));
        break;
      }
      const LeafLayout& row = plan_.positions[static_cast<std::size_t>(position_[from])].layout;
      LeafLayout stacked = row;
      stacked.dims.insert(stacked.dims.begin(), -1);
      out.collected.emplace_back(make(to, stacked, who("collect")), position_[from]);
    }
    server(phase.server, out.server, who("the server"));
    plan_.phases.push_back(std::move(out));
  }

  void results(const std::vector<ClientOutput>& outputs, const Signature& s, PhasePlan& out) {
    for (std::size_t i = 0; i < outputs.size() && !failed_; ++i) {
      const ClientOutput& output = outputs[i];
      ClientResult result{output.kind, output.index, s.results[i], -1};
      for (const auto& [parameter, r] : s.inPlace) {
        if (r == static_cast<int>(i)) result.parameter = parameter;
      }
      if (output.kind == ClientOutput::Kind::Crossed) {
        fault(fmt::format("`{}` gives what crosses, which only a piece of it before the last does", s.name));
      } else if (output.kind == ClientOutput::Kind::State) {
        if (result.parameter >= 0) fault(fmt::format("`{}` writes its state over a parameter", s.name));
        if (!failed_ && stateLeaf(output.index, s.results[i], s.name)) stateLeaves_.insert(output.index);
        out.writesState = true;
      } else if (output.kind == ClientOutput::Kind::Accumulator) {
        if (output.index < 0 || static_cast<std::size_t>(output.index) >= out.accumulator.size() ||
            !sameEntries(out.accumulator[static_cast<std::size_t>(output.index)], s.results[i])) {
          fault(fmt::format("`{}` gives back another accumulator than it takes", s.name));
        } else if (result.parameter >= 0) {
          const ClientBuffer& over = out.client.params[static_cast<std::size_t>(result.parameter)];
          if (over.kind != ClientInput::Kind::Accumulator || over.index != output.index)
            fault(fmt::format("`{}` writes over a parameter that is not its accumulator", s.name));
        }
      } else if (result.parameter >= 0) {
        fault(fmt::format("`{}` writes a client value over a parameter", s.name));
      } else if (slotExists(output.slot)) {
        // A value may be both carried and collected: one place for both.
        if (position_[output.slot] < 0) {
          position_[output.slot] = static_cast<int>(plan_.positions.size());
          plan_.positions.push_back({output.slot, s.results[i]});
        }
        result.index = position_[output.slot];
      }
      out.client.results.push_back(result);
    }
    // A record is written as a whole.
    if (out.writesState && stateLeaves_.size() != plan_.state.leaves.size()) fault(fmt::format("`{}` makes a part of the client state", s.name));
    stateLeaves_.clear();
  }

  /// The index of a value that goes from piece to piece. It has one layout: that in which its first reader takes it, or in which it is made.
  template <class Known, class Name>
  int value(Known& known, Name name, const LeafLayout& layout, std::vector<LeafLayout>& values) {
    const auto [at, isNew] = known.emplace(name, static_cast<int>(values.size()));
    if (isNew) values.push_back(layout);
    if (!(values[static_cast<std::size_t>(at->second)] == layout))
      fault(fmt::format("two pieces of `{}` disagree about a value that goes from one to the other", graph_.entry));
    return at->second;
  }

  const Callable* pieceFunction(const core::Piece& piece) {
    const Callable* fn = function(piece.fn, "a piece of the clients' work");
    if (!failed_) arity(*fn, piece.inputs.size(), piece.outputs.size(), "a piece of the clients' work");
    return fn;
  }

  /// `crossed(number, layout)` is the index of a value that goes from piece to piece; `sent(input, layout)` of a server's value or key, if the piece
  /// takes it as it was sent.
  template <class Crossed, class Sent>
  PiecePlan planPiece(const core::Piece& piece, const Callable& fn, PhasePlan& out, const Crossed& crossed, const Sent& sent) {
    const Signature& s = fn.signature();
    PiecePlan made;
    made.isServer = piece.side != core::Piece::Side::Client;
    made.fn = &fn;
    for (std::size_t p = 0; p < piece.inputs.size() && !failed_; ++p) {
      const ClientInput& in = piece.inputs[p];
      ClientBuffer buffer{in.kind, in.index, s.params[p]};
      const bool isServers = in.kind == ClientInput::Kind::Down || in.kind == ClientInput::Kind::Key;
      if (const std::optional<int> as = isServers ? sent(in, s.params[p]) : std::nullopt) {
        buffer.kind = ClientInput::Kind::Crossed;
        buffer.index = *as;
      } else if (isServers) {
        buffer.index = read(in.slot, in.kind == ClientInput::Kind::Key ? std::nullopt : std::optional(s.params[p]), "the clients");
      } else if (in.kind == ClientInput::Kind::Crossed) {
        buffer.index = crossed(in.index, s.params[p]);
      } else if (in.kind == ClientInput::Kind::Carry) {
        buffer.index = position_[in.slot];
      } else if (in.kind == ClientInput::Kind::Row) {
        rowOf(in, buffer);
      } else if (in.kind == ClientInput::Kind::State) {
        out.readsState = stateLeaf(in.index, s.params[p], s.name) || out.readsState;
      }
      out.readsData = out.readsData || in.kind == ClientInput::Kind::Column;
      made.params.push_back(buffer);
    }
    for (std::size_t r = 0; r < piece.outputs.size() && !failed_; ++r) {
      const ClientOutput& output = piece.outputs[r];
      ClientResult result{output.kind, output.index, s.results[r], -1};
      for (const auto& [parameter, which] : s.inPlace)
        if (which == static_cast<int>(r)) result.parameter = parameter;
      if (output.kind == ClientOutput::Kind::Crossed) result.index = crossed(output.index, s.results[r]);
      if (output.kind == ClientOutput::Kind::Carry || output.kind == ClientOutput::Kind::Collect) result.index = position_[output.slot];
      made.results.push_back(result);
    }
    return made;
  }

  /// The selections that come before the last piece of a client's work.
  void selections(const core::Phase& phase, PhasePlan& out) {
    out.selections.emplace();
    SelectionsPlan& plan = *out.selections;
    crossed_.clear();
    if (phase.pieces.size() % 2 == 0) fault(fmt::format("`{}` has a selection without slices", graph_.entry));
    const auto crossed = [&](int number, const LeafLayout& layout) { return value(crossed_, number, layout, plan.values); };
    const auto notSent = [](const ClientInput&, const LeafLayout&) { return std::optional<int>(); };
    // The last piece takes the slices as a client's, which a piece at the server makes row by row.
    std::map<int, LeafLayout> slices;
    for (const core::Piece& piece : phase.pieces) {
      const Callable* fn = pieceFunction(piece);
      if (failed_) return;
      for (std::size_t p = 0; piece.side == core::Piece::Side::Client && p < piece.inputs.size(); ++p)
        if (piece.inputs[p].kind == ClientInput::Kind::Crossed) slices.emplace(piece.inputs[p].index, fn->signature().params[p]);
    }
    for (std::size_t i = 0; i + 2 < phase.pieces.size() && !failed_; i += 2) {
      SelectionPlan made;
      made.ask = planPiece(phase.pieces[i], *pieceFunction(phase.pieces[i]), out, crossed, notSent);
      serve(phase.pieces[i + 1], slices, out, made);
      plan.selections.push_back(std::move(made));
    }
  }

  void serve(const core::Piece& piece, const std::map<int, LeafLayout>& slices, PhasePlan& out, SelectionPlan& made) {
    SelectionsPlan& plan = *out.selections;
    const Callable& fn = *pieceFunction(piece);
    // It takes one key and gives rows, which are not among the values themselves.
    const auto notAValue = [](int, const LeafLayout&) { return 0; };
    made.serve = planPiece(piece, fn, out, notAValue, [](const ClientInput&, const LeafLayout&) { return std::optional<int>(); });
    if (failed_) return;
    if (made.ask.results.empty() || made.ask.results.front().kind != ClientOutput::Kind::Crossed) {
      fault(fmt::format("nothing asks for the slices of `{}`", fn.signature().name));
      return;
    }
    made.keys = made.ask.results.front().index;
    const LeafLayout& key = plan.values[static_cast<std::size_t>(made.keys)];
    made.count = key.dims.empty() ? 0 : key.dims.front();
    made.keyBytes = core::elemBytes(key.elem);
    for (std::size_t r = 0; r < piece.outputs.size(); ++r) {
      const LeafLayout& row = made.serve.results[r].layout;
      const auto asked = slices.find(piece.outputs[r].index);
      // Nobody takes it.
      LeafLayout all = row;
      if (asked != slices.end()) all = asked->second;
      if (row.dims.empty() || all.dims.empty() || all.dims.front() < 0 || !sameEntries(rowLayout(row), rowLayout(all)) ||
          rowStride(row) != rowStride(all)) {
        fault(fmt::format("`{}` makes another slice than is asked for", fn.signature().name));
        return;
      }
      if (asked != slices.end()) made.slices.push_back({value(crossed_, piece.outputs[r].index, all, plan.values), rowStride(all), made.rowBytes});
      made.rowBytes += alignedBytes(row.bytes());
    }
  }

  /// The client's work in steps.
  void wire(const core::Phase& phase, PhasePlan& out) {
    WirePlan plan;
    std::map<Slot, int> down, keys;
    std::map<int, int> crossed;
    std::vector<const Callable*> fns;
    for (const core::Piece& piece : phase.wire) {
      fns.push_back(pieceFunction(piece));
      if (failed_) return;
    }
    // What is sent first, as the client's steps take it.
    const auto wanted = [&](ClientInput::Kind kind, Slot slot) -> std::optional<LeafLayout> {
      for (std::size_t i = 0; i < fns.size(); ++i) {
        for (std::size_t p = 0; phase.wire[i].side == core::Piece::Side::Client && p < phase.wire[i].inputs.size(); ++p) {
          const ClientInput& in = phase.wire[i].inputs[p];
          if (in.kind == kind && in.slot == slot) return fns[i]->signature().params[p];
        }
      }
      return std::nullopt;
    };
    for (const Slot slot : phase.down) {
      plan.down.push_back(read(slot, wanted(ClientInput::Kind::Down, slot), "the clients"));
      value(down, slot, plan_.cells[static_cast<std::size_t>(plan.down.back())].layout, plan.values);
    }
    for (const Slot slot : core::keysOf(phase)) {
      plan.keys.push_back(read(slot, std::nullopt, "the clients"));
      value(keys, slot, plan_.cells[static_cast<std::size_t>(plan.keys.back())].layout, plan.values);
    }
    for (std::size_t i = 0; i < fns.size() && !failed_; ++i) {
      const core::Piece& piece = phase.wire[i];
      const auto sent = [&](const ClientInput& in, const LeafLayout& layout) -> std::optional<int> {
        if (in.kind == ClientInput::Kind::Key) return value(keys, in.slot, layout, plan.values);
        if (piece.side != core::Piece::Side::Client || !down.contains(in.slot)) return std::nullopt;
        return value(down, in.slot, layout, plan.values);
      };
      const auto index = [&](int number, const LeafLayout& layout) { return value(crossed, number, layout, plan.values); };
      plan.steps.push_back(planPiece(piece, *fns[i], out, index, sent));
      for (const int number : piece.extents) {
        if (!crossed.contains(number)) return void(fault(fmt::format("nobody says how long what `{}` takes is", fns[i]->signature().name)));
        plan.steps.back().extents.push_back(crossed.at(number));
      }
      if (piece.side == core::Piece::Side::Client) plan.sizes = executable_.program->module.fns[static_cast<std::size_t>(piece.fn)].dimParams;
    }
    plan.lengths.resize(plan.values.size());
    plan.isLength.resize(plan.values.size());
    for (const core::Piece& piece : phase.wire) {
      for (const core::SentLength& length : piece.lengths) {
        const bool isThere = std::all_of(length.says.begin(), length.says.end(), [&](int n) { return crossed.contains(n); });
        if (!isThere || !crossed.contains(length.value)) return void(fault(fmt::format("a length of `{}` belongs to nothing", graph_.entry)));
        LengthPlan& made = plan.lengths[static_cast<std::size_t>(crossed.at(length.value))];
        made.times = length.times;
        made.most = length.most;
        for (const int n : length.says) {
          made.says.push_back(crossed.at(n));
          plan.isLength[static_cast<std::size_t>(made.says.back())] = true;
        }
      }
    }
    out.wire = std::move(plan);
  }

  void mergeFunction(const core::Phase& phase, PhasePlan& out, int number) {
    const std::size_t leaves = phase.accumulator.size();
    out.merge = function(phase.merge, fmt::format("the merge of phase {}", number).c_str());
    if (failed_ || !arity(*out.merge, 2 * leaves, leaves, fmt::format("the merge of phase {}", number))) return;
    const Signature& s = out.merge->signature();
    if (s.dimParams != 0) {
      fault(fmt::format("the merge of phase {} has run-time extents", number));
      return;
    }
    for (std::size_t leaf = 0; leaf < leaves; ++leaf) {
      if (!(s.params[leaf] == out.accumulator[leaf]) || !(s.params[leaves + leaf] == out.accumulator[leaf]) ||
          !(s.results[leaf] == out.accumulator[leaf])) {
        fault(fmt::format("merge and clients of phase {} disagree about accumulator `{}`", number, phase.accumulator[leaf].name));
        return;
      }
    }
    for (const auto& [parameter, result] : s.inPlace) {
      if (parameter != result) {
        fault(fmt::format("the merge of phase {} writes over something else than its first operand", number));
        return;
      }
    }
  }

  /// Every cell that is not the one in which its slot is made is filled right after that.
  void placeConversions() {
    std::vector<Conversion> pending;
    for (std::size_t c = 0; c < plan_.cells.size(); ++c) {
      const int made = made_[plan_.cells[c].slot];
      if (made != static_cast<int>(c)) pending.emplace_back(made, static_cast<int>(c));
    }
    const auto take = [&](const std::vector<int>& cells, std::vector<Conversion>& to) {
      for (const Conversion& conversion : pending) {
        if (std::find(cells.begin(), cells.end(), conversion.first) != cells.end()) to.push_back(conversion);
      }
    };
    take(plan_.first.outputs, plan_.first.conversions);
    for (PhasePlan& phase : plan_.phases) {
      std::vector<int> cells;
      for (const auto& [cell, leaf] : phase.merged) cells.push_back(cell);
      for (const auto& [cell, position] : phase.collected) cells.push_back(cell);
      take(cells, phase.conversions);
      take(phase.server.outputs, phase.server.conversions);
    }
  }

  const Executable& executable_;
  const core::Graph& graph_;
  GraphPlan plan_;
  /// For each slot the cell in which it is made (-1: not yet), and its index among position values.
  std::vector<int> made_;
  std::vector<int> position_;
  /// Values that go from piece to piece in the phase at hand, by number.
  std::map<int, int> crossed_;
  /// What of the client state the phase at hand makes.
  std::set<int> stateLeaves_;
  bool failed_ = false;
  tl::unexpected<Error> error_{Error{}};
};

}  // namespace

bool GraphPlan::readsData() const {
  return std::any_of(phases.begin(), phases.end(), [](const PhasePlan& phase) { return phase.readsData; });
}

Expected<GraphPlan> planGraph(const Executable& executable, const core::Graph& graph) { return Planner(executable, graph).plan(); }

}  // namespace fedc::runtime
