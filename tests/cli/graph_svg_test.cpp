#include "tools/fedc/graph_svg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fedc::cli {
namespace {

using ::testing::HasSubstr;

core::Program averaging() {
  core::Program program;
  core::Fn client;
  client.name = "next.clients<1>";
  program.module.fns.push_back(client);
  core::Graph graph;
  graph.entry = "next";
  graph.slots = {{"w", {core::Elem::F32, {Dim(784), Dim(10)}}, core::Place::Server},
                 {"w'", {core::Elem::F32, {Dim(784), Dim(10)}}, core::Place::Server}};
  graph.inputs = {{core::Graph::Input::Kind::State, 0, "w", {}, {}}};
  graph.columns = {{0, "pixels", {core::Elem::F32, {Dim(784)}}, {}}};
  core::Phase phase;
  phase.down = {0};
  phase.client = 0;
  phase.clientInputs = {{core::ClientInput::Kind::Column, 0, 0}};
  core::UpEdge up;
  up.leaves = {{"delta", {core::Elem::F32, {Dim(784), Dim(10)}}, core::Place::Clients}};
  phase.up = {up};
  graph.phases.push_back(phase);
  graph.outputs = {{core::Graph::Output::Kind::State, 1, "w"}};
  program.graphs.push_back(graph);
  return program;
}

TEST(GraphSvg, NamesWhatCrossesWithItsBytes) {
  const std::string svg = graphSvg(averaging());
  EXPECT_TRUE(svg.starts_with("<svg ")) << svg;
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
  EXPECT_THAT(svg, HasSubstr(">w (31.4 kB)<"));
  EXPECT_THAT(svg, HasSubstr(">sum: delta (31.4 kB)<"));
  EXPECT_THAT(svg, HasSubstr("reads pixels"));
  EXPECT_THAT(svg, HasSubstr("next.clients&lt;1&gt;"));
}

TEST(GraphSvg, TagsAreBalanced) {
  const std::string svg = graphSvg(averaging());
  const auto count = [&](std::string_view what) {
    int n = 0;
    for (std::size_t at = svg.find(what); at != std::string::npos; at = svg.find(what, at + 1)) ++n;
    return n;
  };
  EXPECT_EQ(count("<text "), count("</text>"));
  EXPECT_GT(count("<rect "), 3);
  EXPECT_EQ(count("<polyline "), 2);
}

}  // namespace
}  // namespace fedc::cli
