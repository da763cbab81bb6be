#pragma once

#include <string_view>

namespace fedc::syntax {

/// Where a word of another language stands when it is meant as one.
enum class ForeignPlace { Declaration, Statement, AfterLet, Operator, Type };

/// A word of Rust, Python or JavaScript that is no word of Fed, and what to write instead.
struct ForeignWord {
  std::string_view word;
  ForeignPlace place;
  std::string_view advice;
  /// Replaces the word where that is all there is to do; else empty.
  std::string_view replacement;
};

/// The row of a word at a place, or null.
const ForeignWord* findForeign(std::string_view word, ForeignPlace place);

}  // namespace fedc::syntax
