#include "tests/driver/program_file.h"

#include <fmt/format.h>

#include <fstream>
#include <regex>
#include <stdexcept>

namespace fedc::tests {

namespace {

struct Directive {
  std::string name;
  std::string text;
};

std::vector<Directive> directives(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::vector<Directive> found;
  static const std::regex kStart(R"(^// ([a-z-]+): (.*)$)");
  static const std::regex kMore(R"(^//   +(.*)$)");
  std::string line;
  while (std::getline(in, line) && line.starts_with("//")) {
    std::smatch match;
    if (std::regex_match(line, match, kStart)) {
      found.push_back({match[1], match[2]});
    } else if (std::regex_match(line, match, kMore) && !found.empty()) {
      found.back().text += " " + match[1].str();
    }
  }
  return found;
}

/// Words, cut at spaces outside of brackets.
std::vector<std::string> words(const std::string& text) {
  std::vector<std::string> out;
  std::string word;
  int depth = 0;
  for (const char c : text) {
    if (c == '[' || c == '{') ++depth;
    if (c == ']' || c == '}') --depth;
    if (c == ' ' && depth == 0) {
      if (!word.empty()) out.push_back(std::move(word));
      word.clear();
    } else {
      word += c;
    }
  }
  if (!word.empty()) out.push_back(std::move(word));
  return out;
}

void number(nlohmann::ordered_json& value, int client) {
  if (value == "i") value = client;
  if (value.is_structured()) {
    for (auto& item : value) number(item, client);
  }
}

/// Writes out `"*150": {..}`.
nlohmann::ordered_json federation(const std::string& text) {
  const nlohmann::ordered_json given = nlohmann::ordered_json::parse(text);
  nlohmann::ordered_json clients = nlohmann::ordered_json::object();
  for (const auto& [id, features] : given.items()) {
    if (!id.starts_with('*')) {
      clients[id] = features;
      continue;
    }
    const int count = std::stoi(id.substr(1));
    for (int client = 0; client < count; ++client) {
      auto own = features;
      number(own, client);
      clients[fmt::format("c{:04}", client)] = std::move(own);
    }
  }
  return clients;
}

ProgramFile::Expectation expectation(const std::string& text) {
  static const std::regex kForm(R"(^(?:(eval|state|clients|eval_clients)\.)?([A-Za-z0-9_.]+) = (.*?)(?: ± ([0-9.e+-]+))?$)");
  std::smatch match;
  if (!std::regex_match(text, match, kForm)) throw std::runtime_error("not an expectation: " + text);
  ProgramFile::Expectation out;
  out.where = match[1].matched ? match[1].str() : "metrics";
  out.leaf = match[2];
  out.value = nlohmann::json::parse(match[3].str());
  if (match[4].matched) out.tolerance = std::stod(match[4]);
  return out;
}

ProgramFile::Failure failure(const std::string& text) {
  static const std::regex kForm(R"(^(E[0-9]{4})(?: "([^"]*)\")?(?: at `(.*)`)?$)");
  std::smatch match;
  if (!std::regex_match(text, match, kForm)) throw std::runtime_error("not an error: " + text);
  return {match[1], match[2], match[3]};
}

}  // namespace

ProgramFile readProgramFile(const std::filesystem::path& path) {
  ProgramFile file;
  file.path = path.string();
  for (const Directive& directive : directives(path)) {
    if (directive.name == "data") {
      file.data = federation(directive.text);
    } else if (directive.name == "eval-data") {
      file.evalData = federation(directive.text);
    } else if (directive.name == "cohort" && directive.text == "none") {
      file.overNobody = true;
    } else if (directive.name == "run") {
      file.flags = words(directive.text);
    } else if (directive.name == "expect") {
      file.expectations.push_back(expectation(directive.text));
    } else if (directive.name == "error") {
      file.failure = failure(directive.text);
    } else if (directive.name == "note") {
      file.notes.push_back(directive.text);
    } else {
      throw std::runtime_error("there is no directive `" + directive.name + ":`");
    }
  }
  if (file.expectations.empty() == !file.failure) throw std::runtime_error("either `// expect:` or `// error:` is wanted");
  return file;
}

}  // namespace fedc::tests
