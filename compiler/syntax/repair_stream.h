#pragma once

// Internal to compiler/syntax: includes ANTLR.
#include <antlr4-runtime.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace fedc::syntax {

/// A token stream into which a forgotten token can be put where the parser stands, so that it goes on as if it had been written.
class RepairStream : public antlr4::CommonTokenStream {
 public:
  /// `depth`: of each token, see Tokens.
  RepairStream(antlr4::TokenSource* source, std::vector<std::uint32_t> depth) : CommonTokenStream(source), depth_(std::move(depth)) { fill(); }

  /// Inserts an empty token before the current one.
  void insertHere(std::size_t type) {
    const std::size_t at = index();
    auto token = std::make_unique<antlr4::CommonToken>(type);
    const std::size_t offset = at == 0 ? 0 : _tokens[at - 1]->getStopIndex() + 1;
    token->setStartIndex(offset);
    token->setStopIndex(offset - 1);
    _tokens.insert(_tokens.begin() + static_cast<std::ptrdiff_t>(at), std::move(token));
    depth_.insert(depth_.begin() + static_cast<std::ptrdiff_t>(at), depth_[at]);
    for (std::size_t i = at; i < _tokens.size(); ++i) static_cast<antlr4::CommonToken&>(*_tokens[i]).setTokenIndex(i);
  }

  /// Takes the current token for one of another type.
  void retypeHere(std::size_t type) { static_cast<antlr4::CommonToken&>(*_tokens[index()]).setType(type); }

  std::uint32_t depthAt(std::size_t index) const { return depth_[index]; }

 private:
  std::vector<std::uint32_t> depth_;
};

}  // namespace fedc::syntax
