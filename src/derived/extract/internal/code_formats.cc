// Programs as people write them: the language, and the names of what they define. Found line by line by the words that
// each language puts before a name; not a parser, so a name in a long comment may be taken for one.
#include <algorithm>
#include <array>
#include <set>

#include "derived/extract/internal/plain_text.h"
#include "derived/extract/internal/readers.h"

namespace atl::extract {
namespace {

constexpr std::size_t kSymbolsMax = 400;
constexpr std::size_t kLineBytesMax = 2000;  // longer ones are made by machines

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

std::string_view word_at(std::string_view text) {
  std::size_t end = 0;
  while (end < text.size() && is_word(text[end])) ++end;
  return text.substr(0, end);
}

struct Language {
  std::string_view id;
  std::string_view name;
  std::array<std::string_view, 10> keywords;  // before a name
  bool has_c_functions = false;               // "type name(…) {"
};
constexpr std::array kLanguages{
    Language{"python", "Python", {"def", "class"}, false},
    Language{"javascript", "JavaScript", {"function", "class", "function*"}, false},
    Language{"typescript", "TypeScript", {"function", "class", "interface", "enum", "type", "namespace"}, false},
    Language{"php", "PHP", {"function", "class", "interface", "trait", "enum"}, false},
    Language{"java", "Java", {"class", "interface", "enum", "record"}, true},
    Language{"c", "C", {"struct", "enum", "union"}, true},
    Language{"cpp", "C++", {"struct", "class", "enum", "union", "namespace", "concept"}, true},
    Language{"header", "C++", {"struct", "class", "enum", "union", "namespace", "concept"}, true},
    Language{"csharp", "C#", {"class", "interface", "enum", "struct", "record", "namespace"}, true},
    Language{"go", "Go", {"func", "type"}, false},
    Language{"rust", "Rust", {"fn", "struct", "enum", "trait", "mod", "type"}, false},
    Language{"ruby", "Ruby", {"def", "class", "module"}, false},
    Language{"perl", "Perl", {"sub", "package"}, false},
    Language{"lua", "Lua", {"function"}, false},
    Language{"r", "R", {}, false},
    Language{"swift", "Swift", {"func", "class", "struct", "enum", "protocol"}, false},
    Language{"kotlin", "Kotlin", {"fun", "class", "interface", "object"}, false},
    Language{"shell", "Shell", {"function"}, false},
    Language{"batch", "Batch", {}, false},
    Language{"css", "CSS", {}, false},
};

// What stands between two names of a definition and does not matter: "pub async fn", "export default class".
std::string_view keyword_and_name(std::string_view line, const Language& language) {
  std::size_t at = 0;
  for (std::size_t words = 0; words < 6 && at < line.size(); ++words) {
    while (at < line.size() && (line[at] == ' ' || line[at] == '\t')) ++at;
    const std::string_view word = word_at(line.substr(at));
    if (word.empty()) return {};
    at += word.size();
    if (std::ranges::find(language.keywords, word) == language.keywords.end()) continue;
    while (at < line.size() && (line[at] == ' ' || line[at] == '\t' || line[at] == '*')) ++at;
    if (language.id == "go" && at < line.size() && line[at] == '(') {  // the receiver of a method
      at = std::min(line.find(')', at), line.size() - 1) + 1;
      while (at < line.size() && line[at] == ' ') ++at;
    }
    std::string_view name = word_at(line.substr(at));
    if (name == "class" || name == "struct") return word_at(trim(line.substr(at + name.size())));  // enum class
    return name;
  }
  return {};
}

constexpr std::array<std::string_view, 14> kNoFunctions{"if",     "for",   "while",  "switch", "return",
                                                        "sizeof", "catch", "else",   "do",     "new",
                                                        "throw",  "case",  "delete", "defined"};

// "static int name(int x) {", "void Class::name() const": a word before the first bracket, another before that word,
// and nothing that a call has.
std::string_view c_function(std::string_view line) {
  const std::size_t bracket = line.find('(');
  if (bracket == std::string_view::npos || bracket == 0 || line.ends_with(';') || line.starts_with('#')) return {};
  if (line.substr(0, bracket).find_first_of("=\"'/+-!.,<?") != std::string_view::npos &&
      line.substr(0, bracket).find('<') == std::string_view::npos)
    return {};
  std::size_t begin = bracket;
  while (begin > 0 && is_word(line[begin - 1])) --begin;
  const std::string_view name = line.substr(begin, bracket - begin);
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return {};
  if (trim(line.substr(0, begin)).empty()) return {};
  if (std::ranges::find(kNoFunctions, name) != kNoFunctions.end()) return {};
  const std::string_view first = word_at(trim(line));
  if (std::ranges::find(kNoFunctions, first) != kNoFunctions.end()) return {};
  return name;
}

std::string_view assigned_function(std::string_view line, const Language& language) {
  if (language.id == "shell") {
    const std::string_view name = word_at(line);
    if (!name.empty() && trim(line.substr(name.size())).starts_with("()")) return name;
  }
  if (language.id == "r" && line.find("function(") != std::string_view::npos) return word_at(line);
  if ((language.id == "javascript" || language.id == "typescript") && line.find("=>") != std::string_view::npos) {
    for (const std::string_view keyword : {"const ", "let ", "var ", "export const "})
      if (line.starts_with(keyword)) return word_at(line.substr(keyword.size()));
  }
  return {};
}

// Words of SQL, in small letters, with their punctuation apart.
class SqlWords {
 public:
  explicit SqlWords(std::string_view text) : text_(text) {}
  // Empty at the end.
  std::string_view next() {
    for (;;) {
      while (at_ < text_.size() && static_cast<unsigned char>(text_[at_]) <= ' ') ++at_;
      if (text_.substr(at_).starts_with("--") || text_.substr(at_).starts_with('#')) {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (text_.substr(at_).starts_with("/*")) {
        const std::size_t end = text_.find("*/", at_ + 2);
        at_ = end == std::string_view::npos ? text_.size() : end + 2;
      } else {
        break;
      }
    }
    if (at_ >= text_.size()) return {};
    const char c = text_[at_];
    if (c == '\'' || c == '"' || c == '`' || c == '[') {
      const std::size_t end = std::min(text_.find(c == '[' ? ']' : c, at_ + 1), text_.size());
      const std::string_view word = text_.substr(at_ + 1, end - at_ - 1);
      at_ = std::min(end + 1, text_.size());
      return word.empty() ? std::string_view("''") : word;
    }
    const std::string_view word = word_at(text_.substr(at_));
    const std::string_view token = word.empty() ? text_.substr(at_, 1) : word;
    at_ += token.size();
    return token;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

constexpr std::array<std::string_view, 8> kNoColumns{"primary", "foreign",    "unique", "key",
                                                     "index",   "constraint", "check",  "fulltext"};

}  // namespace

Result<void> read_code(Job& job) {
  ATOLL_ASSIGN(const std::string text, read_as_text(job));
  job.out.text(text);
  const auto* const language = std::ranges::find(kLanguages, job.format.id, &Language::id);
  if (language == kLanguages.end()) return {};
  const bool is_c_header = language->id == "header" && text.find("class ") == std::string::npos &&
                           text.find("namespace ") == std::string::npos && text.find("template") == std::string::npos;
  job.out.field(field::kCodeLanguage, is_c_header ? "C" : language->name);
  std::set<std::string, std::less<>> symbols;
  std::uint64_t lines = 0;
  std::string_view left = text;
  while (!left.empty()) {
    const std::size_t end = left.find('\n');
    const std::string_view line = trim(left.substr(0, end));
    const bool is_indented = left[0] == ' ' || left[0] == '\t';
    left.remove_prefix(end == std::string_view::npos ? left.size() : end + 1);
    ++lines;
    if (line.size() > kLineBytesMax || symbols.size() >= kSymbolsMax) continue;
    if (line.starts_with("//") || line.starts_with('*') || line.starts_with("/*")) continue;
    if (line.starts_with('#') && (language->id == "python" || language->id == "shell" || language->id == "ruby"))
      continue;
    std::string_view symbol = keyword_and_name(line, *language);
    if (symbol.empty()) symbol = assigned_function(line, *language);
    const bool may_be_function =
        language->has_c_functions && (!is_indented || language->id == "java" || language->id == "csharp");
    if (symbol.empty() && may_be_function) symbol = c_function(line);
    if (!symbol.empty() && symbol.size() <= 200) symbols.emplace(symbol);
  }
  if (!job.out.extraction().is_truncated) job.out.number(field::kLineCount, lines);
  for (const std::string& symbol : symbols) job.out.field(field::kSymbol, symbol);
  return {};
}

Result<void> read_sql(Job& job) {
  ATOLL_ASSIGN(const std::string text, read_as_text(job));
  job.out.text(text);
  const std::string begin = lower(std::string_view(text).substr(0, 4096));
  if (begin.find("mysql dump") != std::string::npos || begin.find("mariadb dump") != std::string::npos) {
    job.out.field(field::kEngine, "MySQL");
  } else if (begin.find("postgresql database dump") != std::string::npos) {
    job.out.field(field::kEngine, "PostgreSQL");
  } else if (begin.find("pragma foreign_keys") != std::string::npos) {
    job.out.field(field::kEngine, "SQLite");
  }
  SqlWords words(text);
  for (std::string_view word = words.next(); !word.empty(); word = words.next()) {
    if (lower(word) != "create") continue;
    word = words.next();
    while (lower(word) == "temporary" || lower(word) == "temp" || lower(word) == "unlogged") word = words.next();
    if (lower(word) != "table") continue;
    word = words.next();
    if (lower(word) == "if") {  // not exists
      words.next();
      words.next();
      word = words.next();
    }
    std::string table(word);
    word = words.next();
    while (word == ".") {
      table = words.next();
      word = words.next();
    }
    job.out.field(field::kTable, table);
    if (word != "(") continue;
    int depth = 1;
    bool begins_column = true;
    while (depth > 0 && !(word = words.next()).empty()) {
      if (word == "(") ++depth;
      if (word == ")") --depth;
      if (begins_column && depth == 1 && word != "," && std::ranges::find(kNoColumns, lower(word)) == kNoColumns.end())
        job.out.field(field::kColumn, table + "." + std::string(word));
      begins_column = depth == 1 && word == ",";
    }
  }
  return {};
}

}  // namespace atl::extract
