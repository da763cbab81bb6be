#include "compiler/driver/reference_links.h"

#include <algorithm>
#include <cctype>
#include <set>

namespace fedc::driver {

namespace {

bool isWord(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

bool isLetter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// The end of the word that begins at `at`.
std::size_t wordEnd(const std::string& text, std::size_t at) {
  while (at < text.size() && isWord(text[at])) ++at;
  return at;
}

/// Names in front of a `:` or in type parameters: what the signature itself declares.
std::set<std::string> declaredIn(const std::string& signature) {
  std::set<std::string> names;
  for (std::size_t at = 0; at < signature.size();) {
    if (!isLetter(signature[at])) {
      ++at;
      continue;
    }
    const std::size_t end = wordEnd(signature, at);
    const std::size_t next = signature.find_first_not_of("? ", end);
    if (next != std::string::npos && signature[next] == ':') names.insert(signature.substr(at, end - at));
    at = end;
  }
  return names;
}

}  // namespace

ReferenceLinks::ReferenceLinks(const std::vector<ReferencePage>& pages) {
  for (const ReferencePage& page : pages) {
    for (const Section& section : page.sections) {
      for (const Entry& entry : section.entries) targets_[entry.name].push_back({&page, &entry});
    }
  }
  for (auto& [name, all] : targets_)
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.page->path.empty() < b.page->path.empty(); });
}

ReferenceTarget ReferenceLinks::find(const std::string& name, const ReferencePage& from) const {
  const auto known = targets_.find(name);
  if (known == targets_.end()) return {};
  for (const ReferenceTarget& target : known->second)
    if (target.page == &from) return target;
  for (const auto& [brought, module] : from.brings) {
    if (brought != name) continue;
    for (const ReferenceTarget& target : known->second)
      if (target.page->title == module) return target;
  }
  return known->second.front();
}

std::vector<LinkedText> ReferenceLinks::signature(const Entry& entry, const ReferencePage& from) const {
  const std::string& text = entry.signature;
  const std::set<std::string> declared = declaredIn(text);
  std::vector<LinkedText> parts;
  std::string plain;
  for (std::size_t at = 0; at < text.size();) {
    if (!isLetter(text[at]) || (at > 0 && isWord(text[at - 1]))) {
      plain += text[at++];
      continue;
    }
    const std::size_t end = wordEnd(text, at);
    const std::string word = text.substr(at, end - at);
    at = end;
    const bool isType = std::isupper(static_cast<unsigned char>(word[0])) != 0;
    const bool isCall = end < text.size() && text[end] == '(';
    const ReferenceTarget target = (isType || isCall) && word != entry.name && !declared.contains(word) ? find(word, from) : ReferenceTarget{};
    if (target.entry == nullptr) {
      plain += word;
      continue;
    }
    if (!plain.empty()) parts.push_back({plain, true, {}});
    plain.clear();
    parts.push_back({word, true, target});
  }
  if (!plain.empty()) parts.push_back({plain, true, {}});
  return parts;
}

std::vector<LinkedText> ReferenceLinks::paragraph(const std::string& text, const Entry& entry, const ReferencePage& from) const {
  const std::set<std::string> declared = declaredIn(entry.signature);
  std::vector<LinkedText> parts;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t open = text.find('`', at);
    const std::size_t close = open == std::string::npos ? open : text.find('`', open + 1);
    if (close == std::string::npos) {
      parts.push_back({text.substr(at), false, {}});
      break;
    }
    if (open > at) parts.push_back({text.substr(at, open - at), false, {}});
    const std::string code = text.substr(open + 1, close - open - 1);
    const std::size_t end = wordEnd(code, 0);
    const bool isName = !code.empty() && isLetter(code[0]) && (end == code.size() || code[end] == '(');
    const std::string name = code.substr(0, end);
    const bool isOther = name != entry.name && !declared.contains(name);
    parts.push_back({code, true, isName && isOther ? find(name, from) : ReferenceTarget{}});
    at = close + 1;
  }
  return parts;
}

std::vector<std::string> paragraphsOf(const std::string& doc) {
  std::vector<std::string> paragraphs;
  std::string current;
  const auto finish = [&] {
    if (!current.empty()) paragraphs.push_back(current);
    current.clear();
  };
  for (std::size_t at = 0; at < doc.size();) {
    const std::size_t end = std::min(doc.find('\n', at), doc.size());
    const std::string line = doc.substr(at, end - at);
    at = end + 1;
    if (line.empty() || line.starts_with("Error") || line.starts_with("Source:")) finish();
    if (!line.empty()) current += (current.empty() ? "" : "\n") + line;
  }
  finish();
  return paragraphs;
}

}  // namespace fedc::driver
