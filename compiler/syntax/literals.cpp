#include "compiler/syntax/literals.h"

#include <fmt/format.h>
#include <algorithm>
#include <cctype>
#include <charconv>

#include "compiler/support/text_width.h"

namespace fedc::syntax {
namespace {

std::string withoutUnderscores(std::string_view text) {
  std::string result(text);
  std::erase(result, '_');
  return result;
}

bool isDigit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

/// What begins with a number and goes on with letters: a suffix, a bad exponent, a digit of another base.
void reportMalformed(std::string_view text, Span span, DiagnosticSink& sink) {
  std::size_t digits = 0;
  while (digits < text.size() && (isDigit(text[digits]) || text[digits] == '_' || text[digits] == '.')) ++digits;
  const std::string_view number = text.substr(0, digits);
  const std::string_view rest = text.substr(digits);
  Diagnostic diagnostic(Code::InvalidNumber, span, fmt::format("`{}` is not a number", text));
  constexpr std::string_view kScalars[] = {"i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "bf16", "f16", "f32", "f64"};
  const std::string_view type = rest.starts_with("_") ? rest.substr(1) : rest;
  if (std::find(std::begin(kScalars), std::end(kScalars), type) != std::end(kScalars)) {
    diagnostic.notes.emplace_back("a literal has the type that its place wants, and no suffix");
    diagnostic.fix = Fix::replace(span, fmt::format("{}({})", type, number), "convert it");
  } else if (rest == "f" || rest == "F" || rest == "L" || rest == "u" || rest == "l" || rest == "U") {
    diagnostic.notes.emplace_back("a literal has the type that its place wants, and no suffix");
    diagnostic.fix = Fix::replace(span, std::string(number), "leave it out");
  } else if (rest.starts_with("e") || rest.starts_with("E")) {
    diagnostic.notes.emplace_back("an exponent is written `1e-8`");
  } else if (number == "0" && !rest.empty() && std::string_view("xbo").find(rest.front()) != std::string_view::npos) {
    diagnostic.notes.emplace_back("`0x` takes hexadecimal digits, `0b` binary, `0o` octal ones");
  } else if (number.find('.') == std::string_view::npos) {
    diagnostic.notes.emplace_back("a name does not begin with a digit");
  }
  sink.report(std::move(diagnostic));
}

void appendUtf8(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0u | code >> 6);
    out += static_cast<char>(0x80u | (code & 0x3fu));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0u | code >> 12);
    out += static_cast<char>(0x80u | (code >> 6 & 0x3fu));
    out += static_cast<char>(0x80u | (code & 0x3fu));
  } else {
    out += static_cast<char>(0xf0u | code >> 18);
    out += static_cast<char>(0x80u | (code >> 12 & 0x3fu));
    out += static_cast<char>(0x80u | (code >> 6 & 0x3fu));
    out += static_cast<char>(0x80u | (code & 0x3fu));
  }
}

std::optional<std::uint32_t> parseHex(std::string_view digits) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::uint64_t> parseInt(std::string_view text, Span span, DiagnosticSink& sink) {
  std::string digits = withoutUnderscores(text);
  int base = 10;
  if (digits.size() > 1 && digits[0] == '0' && !isDigit(digits[1])) {
    base = digits[1] == 'x' ? 16 : digits[1] == 'b' ? 2 : digits[1] == 'o' ? 8 : 0;
    digits.erase(0, 2);
  }
  std::uint64_t value = 0;
  const char* end = digits.data() + digits.size();
  if (base != 0 && !digits.empty()) {
    const auto [stop, error] = std::from_chars(digits.data(), end, value, base);
    if (stop == end && error == std::errc()) return value;
    if (stop == end && error == std::errc::result_out_of_range) {
      sink.report(Diagnostic(Code::NumberOutOfRange, span, fmt::format("`{}` does not fit into 64 bits", text))
                      .note("the largest integer literal is 18446744073709551615"));
      return std::nullopt;
    }
  }
  reportMalformed(text, span, sink);
  return std::nullopt;
}

std::optional<FloatValue> parseFloat(std::string_view text, Span span, DiagnosticSink& sink) {
  FloatValue result{0, withoutUnderscores(text)};
  const char* begin = result.text.data();
  const char* end = begin + result.text.size();
  const auto [stop, error] = std::from_chars(begin, end, result.value);
  if (stop != end || error == std::errc::invalid_argument) {
    reportMalformed(text, span, sink);
    return std::nullopt;
  }
  if (error == std::errc::result_out_of_range) {
    // Too large and too small give the same error: a number below 1 is too small.
    const std::size_t exponent = result.text.find_first_of("eE");
    const bool isSmall = exponent == std::string::npos ? result.text.starts_with("0") : result.text.substr(exponent + 1).starts_with("-");
    if (isSmall) {
      result.value = 0;
      return result;
    }
    sink.report(Diagnostic(Code::NumberOutOfRange, span, fmt::format("`{}` is larger than any f64", text))
                    .note("the largest f64 is about 1.8e308; `inf` is infinity"));
    return std::nullopt;
  }
  return result;
}

std::string parseString(std::string_view text, Span span, DiagnosticSink& sink) {
  std::string result;
  const std::size_t end = text.size() > 1 && text.back() == '"' ? text.size() - 1 : text.size();
  std::size_t i = 1;
  const auto bad = [&](std::size_t size, const char* what) {
    const Span at{span.file, static_cast<std::uint32_t>(span.begin + i), static_cast<std::uint32_t>(span.begin + i + size)};
    sink.report(Diagnostic(Code::InvalidEscape, at, fmt::format("`{}` is {}", text.substr(i, size), what))
                    .note("the escapes are `\\n` `\\r` `\\t` `\\0` `\\\\` `\\\"` `\\x41` `\\u{1F600}`"));
    i += size;
  };
  while (i < end) {
    if (text[i] != '\\') {
      result += text[i++];
      continue;
    }
    if (i + 1 >= end) {
      // The end of an unclosed string, reported before.
      break;
    }
    constexpr std::string_view kNames = "nrt0\\\"";
    constexpr std::string_view kValues("\n\r\t\0\\\"", 6);
    const char name = text[i + 1];
    if (const std::size_t known = kNames.find(name); known != std::string_view::npos) {
      result += kValues[known];
      i += 2;
    } else if (name == 'x') {
      const std::string_view digits = text.substr(i + 2, std::min<std::size_t>(2, end - i - 2));
      const std::optional<std::uint32_t> value = parseHex(digits);
      if (digits.size() != 2 || !value) {
        bad(2, "not followed by two hexadecimal digits");
        continue;
      }
      result += static_cast<char>(*value);
      i += 4;
    } else if (name == 'u') {
      const std::size_t close = text.substr(0, end).find('}', i);
      const bool isBraced = i + 2 < end && text[i + 2] == '{' && close != std::string_view::npos;
      const std::optional<std::uint32_t> value = isBraced ? parseHex(text.substr(i + 3, close - i - 3)) : std::nullopt;
      if (!value || *value > 0x10ffff || (*value >= 0xd800 && *value <= 0xdfff)) {
        bad(isBraced ? close - i + 1 : 2, "not a Unicode character, as in `\\u{1F600}`");
        continue;
      }
      appendUtf8(result, *value);
      i = close + 1;
    } else {
      std::size_t size = 2;
      while (i + size < end && (static_cast<unsigned char>(text[i + size]) & 0xc0u) == 0x80u) ++size;
      bad(size, "not an escape");
    }
  }
  if (findInvalidUtf8(result) != std::string_view::npos) {
    sink.report(Diagnostic(Code::InvalidEscape, span, "the bytes of this string are not UTF-8")
                    .note("`\\x80` to `\\xff` are parts of a character: write the character, or its code as in `\\u{e9}`"));
  }
  return result;
}

}  // namespace fedc::syntax
