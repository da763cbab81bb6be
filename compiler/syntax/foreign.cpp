#include "compiler/syntax/foreign.h"

namespace fedc::syntax {
namespace {

constexpr ForeignWord kWords[] = {
    {"def", ForeignPlace::Declaration, "a function is written `fn name(x: T) -> R { … }`", "fn"},
    {"func", ForeignPlace::Declaration, "a function is written `fn name(x: T) -> R { … }`", "fn"},
    {"fun", ForeignPlace::Declaration, "a function is written `fn name(x: T) -> R { … }`", "fn"},
    {"function", ForeignPlace::Declaration, "a function is written `fn name(x: T) -> R { … }`", "fn"},
    {"import", ForeignPlace::Declaration, "a module is imported by `use nn;` or `use nn.{dense};`", "use"},
    {"from", ForeignPlace::Declaration, "names are imported by `use nn.{dense};`", ""},
    {"include", ForeignPlace::Declaration, "a module is imported by `use nn;` or `use nn.{dense};`", "use"},
    {"mod", ForeignPlace::Declaration, "a file is a module; it is imported by `use name;`", "use"},
    {"class", ForeignPlace::Declaration, "data are declared by `struct Name { field: T }`, functions stand beside it", "struct"},
    {"type", ForeignPlace::Declaration, "there are no type aliases; a `struct` names a type", ""},
    {"enum", ForeignPlace::Declaration, "there are no sum types; use a `struct`, or an integer", ""},
    {"trait", ForeignPlace::Declaration, "there are no traits; pass functions, or a `struct` of functions", ""},
    {"impl", ForeignPlace::Declaration, "functions stand at the top of a file; `x.f(y)` is `f(x, y)`", ""},
    {"pub", ForeignPlace::Declaration, "every name is public but those that begin with `_`", ""},
    {"const", ForeignPlace::Declaration, "a constant is written `let name = value;`", "let"},
    {"static", ForeignPlace::Declaration, "a constant is written `let name = value;`", "let"},
    {"async", ForeignPlace::Declaration, "the compiler finds out what runs in parallel; write `fn`", ""},
    {"while", ForeignPlace::Statement, "every program ends: a loop is `for p in items { … }`, over a sequence, an array or a range", ""},
    {"loop", ForeignPlace::Statement, "every program ends: a loop is `for p in items { … }`, over a sequence, an array or a range", ""},
    {"do", ForeignPlace::Statement, "every program ends: a loop is `for p in items { … }`, over a sequence, an array or a range", ""},
    {"return", ForeignPlace::Statement, "the value of a function is its last expression, without `;`", ""},
    {"break", ForeignPlace::Statement, "a `for` runs to its end; choose within it with `if`", ""},
    {"continue", ForeignPlace::Statement, "a `for` runs to its end; choose within it with `if`", ""},
    {"yield", ForeignPlace::Statement, "sequences are made by `map`, `filter` and `flat_map`", ""},
    {"match", ForeignPlace::Statement, "cases are told apart by `if … else if … else`", ""},
    {"switch", ForeignPlace::Statement, "cases are told apart by `if … else if … else`", ""},
    {"elif", ForeignPlace::Statement, "written `else if`", "else if"},
    {"unless", ForeignPlace::Statement, "written `if !condition { … }`", ""},
    {"const", ForeignPlace::Statement, "a value is named by `let name = value;`", "let"},
    {"mut", ForeignPlace::Statement, "what changes is declared by `var name = value;`", "var"},
    {"def", ForeignPlace::Statement, "functions stand at the top of a file; here `let f = |x| …;` names a lambda", ""},
    {"print", ForeignPlace::Statement, "values are shown by `dbg(x)`", ""},
    {"del", ForeignPlace::Statement, "values need not be deleted", ""},
    {"raise", ForeignPlace::Statement, "a condition is checked by `assert(condition, \"why\")`", ""},
    {"throw", ForeignPlace::Statement, "a condition is checked by `assert(condition, \"why\")`", ""},
    {"assert", ForeignPlace::Statement, "written `assert(condition, \"why\")`", ""},
    {"try", ForeignPlace::Statement, "a failed check ends the run; it cannot be caught", ""},
    {"mut", ForeignPlace::AfterLet, "what changes is declared by `var name = value;`", ""},
    {"and", ForeignPlace::Operator, "written `&&`", "&&"},
    {"or", ForeignPlace::Operator, "written `||`", "||"},
    {"not", ForeignPlace::Operator, "written `!`", "!"},
    {"int", ForeignPlace::Type, "an integer of 32 bits is `i32`", "i32"},
    {"integer", ForeignPlace::Type, "an integer of 32 bits is `i32`", "i32"},
    {"long", ForeignPlace::Type, "an integer of 64 bits is `i64`", "i64"},
    {"uint", ForeignPlace::Type, "an integer of 32 bits without sign is `u32`", "u32"},
    {"usize", ForeignPlace::Type, "sizes are `i32`", "i32"},
    {"byte", ForeignPlace::Type, "an integer of 8 bits without sign is `u8`", "u8"},
    {"float", ForeignPlace::Type, "a number with a point is `f32`", "f32"},
    {"double", ForeignPlace::Type, "a number of 64 bits with a point is `f64`", "f64"},
    {"float32", ForeignPlace::Type, "written `f32`", "f32"},
    {"float64", ForeignPlace::Type, "written `f64`", "f64"},
    {"int32", ForeignPlace::Type, "written `i32`", "i32"},
    {"int64", ForeignPlace::Type, "written `i64`", "i64"},
    {"string", ForeignPlace::Type, "text is `str`", "str"},
    {"boolean", ForeignPlace::Type, "written `bool`", "bool"},
};

}  // namespace

const ForeignWord* findForeign(std::string_view word, ForeignPlace place) {
  for (const ForeignWord& row : kWords) {
    if (row.place == place && row.word == word) return &row;
  }
  return nullptr;
}

}  // namespace fedc::syntax
