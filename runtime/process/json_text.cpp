#include "runtime/process/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace fedc::runtime {
namespace {

using Json = nlohmann::ordered_json;

bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isOfWord(char c) { return isDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '+' || c == '-' || c == '_'; }

/// A word outside of strings, as JSON has it.
std::string strictWord(std::string_view word) {
  for (const auto& [loose, strict] : {std::pair{"nan", "\"nan\""},
                                      {"-nan", "\"nan\""},
                                      {"NaN", "\"nan\""},
                                      {"inf", "\"inf\""},
                                      {"Infinity", "\"inf\""},
                                      {"-inf", "\"-inf\""},
                                      {"-Infinity", "\"-inf\""}}) {
    if (word == loose) return strict;
  }
  std::string out(word);
  std::size_t dot = out.find('.');
  if (dot == std::string::npos) return out;
  if (dot == 0 || !isDigit(out[dot - 1])) out.insert(dot++, "0");
  if (dot + 1 == out.size() || !isDigit(out[dot + 1])) out.insert(dot + 1, "0");
  return out;
}

/// A text with strict words, and where each part of it stood.
class Strict {
 public:
  explicit Strict(std::string_view loose) {
    for (std::size_t at = 0; at < loose.size();) {
      std::size_t end = at + 1;
      if (loose[at] == '"') {
        while (end < loose.size() && loose[end] != '"') end += loose[end] == '\\' ? 2 : 1;
        end = std::min(end + 1, loose.size());
        text_ += loose.substr(at, end - at);
      } else if (isOfWord(loose[at])) {
        while (end < loose.size() && isOfWord(loose[end])) ++end;
        const std::string_view word = loose.substr(at, end - at);
        const std::string strict = strictWord(word);
        if (strict != word) changes_.push_back({text_.size(), text_.size() + strict.size(), at, end});
        text_ += strict;
      } else {
        text_ += loose[at];
      }
      at = end;
    }
  }

  const std::string& text() const { return text_; }

  /// A place in it, in the loose text.
  std::size_t looseAt(std::size_t at) const {
    const auto behind = std::upper_bound(changes_.begin(), changes_.end(), at, [](std::size_t place, const Change& c) { return place < c.begin; });
    if (behind == changes_.begin()) return at;
    const Change& change = behind[-1];
    return at < change.end ? change.looseBegin : at - change.end + change.looseEnd;
  }

 private:
  struct Change {
    std::size_t begin, end, looseBegin, looseEnd;
  };

  std::string text_;
  std::vector<Change> changes_;
};

/// Makes the value of what the parser sees. Unlike the parser's own it does not drop the first of two equal keys.
class Builder final : public nlohmann::json_sax<Json> {
 public:
  explicit Builder(std::string_view loose, const Strict& strict) : loose_(loose), strict_(strict) {}

  Expected<Json> value() && {
    if (!problem_.empty()) return fail(std::move(problem_));
    return std::move(root_);
  }

  bool null() override { return put(nullptr); }
  bool boolean(bool v) override { return put(v); }
  bool number_integer(number_integer_t v) override { return put(v); }
  bool number_unsigned(number_unsigned_t v) override { return put(v); }
  bool number_float(number_float_t v, const string_t& /*text*/) override { return put(v); }
  bool string(string_t& v) override { return put(std::move(v)); }
  bool binary(binary_t& /*v*/) override { return wrong("it is binary"); }
  bool start_object(std::size_t /*size*/) override { return open(Json::object()); }
  bool start_array(std::size_t /*size*/) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    Open& object = open_.back();
    if (!object.keys.insert(name).second) return wrong(fmt::format("the key `{}` is there twice", name));
    object.key = std::move(name);
    return true;
  }

  bool parse_error(std::size_t position, const std::string& token, const nlohmann::detail::exception& error) override {
    constexpr int kOverflow = 406;
    if (error.id == kOverflow) return wrong(fmt::format("`{}` is larger than any float", token));
    if (position > strict_.text().size()) return wrong(fmt::format("`{}` is no JSON: it ends too early", shortened(loose_)));
    const std::size_t at = strict_.looseAt(position - std::min<std::size_t>(position, 1));
    if (at == 0) return wrong(fmt::format("`{}` is no JSON", shortened(loose_)));
    // Bytes 10xxxxxx continue a character.
    const auto before = std::count_if(loose_.begin(), loose_.begin() + static_cast<std::ptrdiff_t>(at), [](char c) { return (c & 0xc0) != 0x80; });
    return wrong(fmt::format("`{}` is no JSON: at character {}, `{}`", shortened(loose_), before + 1, shortened(loose_.substr(at))));
  }

 private:
  /// An array or object that is not over.
  struct Open {
    Json value;
    std::set<std::string> keys;
    std::string key;
  };

  static std::string shortened(std::string_view text) {
    std::size_t most = 40;
    if (text.size() <= most) return std::string(text);
    while (most > 0 && (text[most] & 0xc0) == 0x80) --most;
    return std::string(text.substr(0, most)) + "…";
  }

  bool wrong(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }
  bool put(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (Open& in = open_.back(); in.value.is_array()) {
      in.value.push_back(std::move(value));
    } else {
      // Its keys are different: it need not look for them.
      in.value.get_ptr<Json::object_t*>()->emplace_back(std::move(in.key), std::move(value));
    }
    return true;
  }
  bool open(Json value) {
    constexpr std::size_t kDeepest = 100;
    if (open_.size() == kDeepest) return wrong(fmt::format("its values are nested more than {} deep", kDeepest));
    open_.push_back({std::move(value), {}, {}});
    return true;
  }
  bool close() {
    Json value = std::move(open_.back().value);
    open_.pop_back();
    return put(std::move(value));
  }

  std::string_view loose_;
  const Strict& strict_;
  std::vector<Open> open_;
  Json root_;
  std::string problem_;
};

void append(const Json& value, std::string& text) {
  switch (value.type()) {
    case Json::value_t::object: {
      const char* before = "{";
      for (const auto& [key, item] : value.items()) {
        text += before;
        append(key, text);
        text += ':';
        append(item, text);
        before = ",";
      }
      text += value.empty() ? "{}" : "}";
      break;
    }
    case Json::value_t::array: {
      const char* before = "[";
      for (const Json& item : value) {
        text += before;
        append(item, text);
        before = ",";
      }
      text += value.empty() ? "[]" : "]";
      break;
    }
    case Json::value_t::number_float: {
      const double number = value.get<double>();
      const std::string digits = fmt::format("{}", number);
      text += std::isfinite(number) ? digits : "null";
      if (digits.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
      break;
    }
    default: text += value.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
}

}  // namespace

Expected<Json> readJson(std::string_view text) {
  const Strict strict(text);
  Builder builder(text, strict);
  Json::sax_parse(strict.text(), &builder);
  return std::move(builder).value();
}

std::string writeJson(const Json& value) {
  std::string text;
  append(value, text);
  return text;
}

}  // namespace fedc::runtime
