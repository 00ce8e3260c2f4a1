// From text to tree. The grammar stands in spec/filter.md; each function below is one of its rules.
#include <algorithm>
#include <array>
#include <utility>

#include "catalog/filter/filter.h"
#include "catalog/filter/internal/letters.h"
#include "catalog/filter/internal/lexer.h"
#include "catalog/filter/internal/tree.h"

namespace atl::filter {
namespace {

using internal::Field;
using internal::Lexer;
using internal::Node;
using internal::Operator;
using internal::Term;
using internal::Tree;
using internal::Value;
using internal::Word;

constexpr std::size_t kNone = std::string::npos;
constexpr std::string_view kFieldList =
    "name, key, type, size, modified, stored, age, idle, accesses, content_type, by, tag.<name>, meta.<name>";

struct FieldName {
  std::string_view text;
  Field field;
};
constexpr std::array<FieldName, 13> kFieldNames = {{{"name", Field::name},
                                                    {"key", Field::key},
                                                    {"path", Field::key},
                                                    {"type", Field::type},
                                                    {"size", Field::size},
                                                    {"modified", Field::modified},
                                                    {"stored", Field::stored},
                                                    {"age", Field::age},
                                                    {"idle", Field::idle},
                                                    {"accesses", Field::accesses},
                                                    {"content_type", Field::content_type},
                                                    {"kind", Field::content_type},
                                                    {"by", Field::by}}};

constexpr std::array<std::string_view, 8> kTypes = {"file",   "directory",   "symlink",      "fifo",
                                                    "socket", "char_device", "block_device", "marker"};

// Letters to change, add, drop or swap to get from one word to the other (both short).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, changed}));
    }
  }
  return row[b.size()];
}

bool is_typed_attribute(Field field) { return field == Field::tag || field == Field::metadata; }

class Parser {
 public:
  Parser(std::string_view text, Timestamp now, Tree& tree) : lexer_(text), now_(now), tree_(&tree) {}

  Result<void> parse() {
    lexer_.skip_blanks();
    if (lexer_.is_at_end()) return {};
    ATOLL_ASSIGN(tree_->root, either(0));
    if (!lexer_.is_at_end()) {
      return usage("unbalanced", lexer_.position(), "a ) closes nothing",
                   "Remove it, or quote it if it is meant as text.");
    }
    tree_->is_everything = false;
    return {};
  }

 private:
  [[nodiscard]] tl::unexpected<Error> usage(std::string_view id, std::size_t at, std::string_view what,
                                            std::string hint) const {
    return lexer_.error(ErrorKind::usage, "filter." + std::string(id), at, what, std::move(hint));
  }
  [[nodiscard]] tl::unexpected<Error> limit(std::string_view id, std::size_t at, std::string_view what,
                                            std::string hint) const {
    return lexer_.error(ErrorKind::limit, "filter." + std::string(id), at, what, std::move(hint));
  }

  std::uint32_t add_node(Node node) {
    tree_->nodes.push_back(std::move(node));
    return static_cast<std::uint32_t>(tree_->nodes.size() - 1);
  }

  // Joins `parts`, taking over the children of parts of the same kind.
  std::uint32_t join(Node::Kind kind, std::vector<std::uint32_t> parts) {
    if (parts.size() == 1) return parts.front();
    Node node;
    node.kind = kind;
    for (const std::uint32_t part : parts) {
      if (tree_->nodes[part].kind == kind) {
        const auto& children = tree_->nodes[part].children;
        node.children.insert(node.children.end(), children.begin(), children.end());
      } else {
        node.children.push_back(part);
      }
    }
    return add_node(std::move(node));
  }

  Result<std::uint32_t> either(std::size_t depth) {
    std::vector<std::uint32_t> parts;
    do {
      ATOLL_ASSIGN(const std::uint32_t part, both(depth));
      parts.push_back(part);
      lexer_.skip_blanks();
    } while (lexer_.take_keyword("or"));
    return join(Node::Kind::any, std::move(parts));
  }

  Result<std::uint32_t> both(std::size_t depth) {
    std::vector<std::uint32_t> parts;
    for (;;) {
      ATOLL_ASSIGN(const std::uint32_t part, negated(depth));
      parts.push_back(part);
      lexer_.skip_blanks();
      if (lexer_.take_keyword("and")) continue;
      if (lexer_.is_at_end() || lexer_.rest().front() == ')' || is_before("or")) break;
    }
    return join(Node::Kind::all, std::move(parts));
  }

  [[nodiscard]] bool is_before(std::string_view keyword) const {
    Lexer ahead = lexer_;
    return ahead.take_keyword(keyword);
  }

  Result<std::uint32_t> negated(std::size_t depth) {
    lexer_.skip_blanks();
    const std::size_t at = lexer_.position();
    const bool is_inverse = lexer_.take_keyword("not");
    const bool is_group = !is_inverse && lexer_.take("(");
    if (!is_inverse && !is_group) return term();
    if (depth == kDepthMax) {
      return limit("too_deep", at, "brackets and \"not\" stand more than " + std::to_string(kDepthMax) + " deep",
                   "Write the filter flatter.");
    }
    if (is_group) {
      ATOLL_ASSIGN(const std::uint32_t inner, either(depth + 1));
      if (!lexer_.take(")")) return usage("unbalanced", at, "a ( is not closed", "Add the closing bracket.");
      return inner;
    }
    ATOLL_ASSIGN(const std::uint32_t inner, negated(depth + 1));
    if (tree_->nodes[inner].kind == Node::Kind::inverse) return tree_->nodes[inner].children.front();
    Node node;
    node.kind = Node::Kind::inverse;
    node.children.push_back(inner);
    return add_node(std::move(node));
  }

  Result<std::uint32_t> term() {
    const std::size_t at = lexer_.position();
    if (lexer_.is_at_end() || lexer_.rest().front() == ')' || is_before("and") || is_before("or")) {
      return usage("missing_term", at, "something to look for is missing here",
                   "To look for one of the words and, or, not, quote it: \"and\".");
    }
    Term result;
    Lexer before = lexer_;
    ATOLL_ASSIGN(const bool has_field, field(result));
    if (!has_field) {
      lexer_ = before;
      result = Term{};
    }
    if (result.values.empty()) {
      ATOLL_TRY(values(result));
    }
    value_count_ += result.values.size();
    if (value_count_ > kTermsMax) {
      return limit("too_many_terms", at, "more than " + std::to_string(kTermsMax) + " values",
                   "Split the filter into several.");
    }
    Node node;
    node.term = static_cast<std::uint32_t>(tree_->terms.size());
    tree_->terms.push_back(std::move(result));
    return add_node(std::move(node));
  }

  // Takes "field operator" and for "tag:x" all of it; false where a bare word stands here.
  Result<bool> field(Term& out) {
    const std::size_t at = lexer_.position();
    const std::string_view here = lexer_.rest();
    if (operator_at(here) != 0) {
      return usage("bad_operator", at, "an operator without a field before it",
                   "Write a comparison without blanks: size>10MB. Quote a word that begins with such a character.");
    }
    for (const auto& [prefix, kind] : {std::pair<std::string_view, Field>{"tag.", Field::tag},
                                       {"meta.", Field::metadata},
                                       {"metadata.", Field::metadata}}) {
      if (!here.starts_with(prefix)) continue;
      lexer_.take(prefix);
      out.field = kind;
      return attribute(out, false);
    }
    if (here.starts_with("tag:")) {
      lexer_.take("tag:");
      out.field = Field::tag;
      return attribute(out, true);
    }
    const auto is_word_byte = [](char c) { return internal::is_bare_name_byte(c) && c != '/' && c != '@'; };
    const auto length =
        static_cast<std::size_t>(std::find_if_not(here.begin(), here.end(), is_word_byte) - here.begin());
    const std::string_view name = here.substr(0, length);
    if (length == 0 || operator_at(here.substr(length)) == 0) return false;
    const auto* found = std::find_if(kFieldNames.begin(), kFieldNames.end(),
                                     [&](const FieldName& known) { return known.text == name; });
    if (found == kFieldNames.end()) {
      if (name.front() >= '0' && name.front() <= '9') return false;  // a time of day, a ratio: 12:30
      return unknown_field(name, at);
    }
    lexer_.take(name);
    out.field = found->field;
    return take_operator(out);
  }

  static std::size_t operator_at(std::string_view text) {
    for (const std::string_view two : {"!=", "<=", ">=", "=="}) {
      if (text.starts_with(two)) return 2;
    }
    return !text.empty() && (text[0] == ':' || text[0] == '=' || text[0] == '<' || text[0] == '>') ? 1 : 0;
  }

  Result<bool> take_operator(Term& out) {
    const std::string_view text = lexer_.rest().substr(0, operator_at(lexer_.rest()));
    if (text.empty()) return false;
    for (const Operator operation : {Operator::matches, Operator::equal, Operator::not_equal, Operator::less,
                                     Operator::less_or_equal, Operator::greater, Operator::greater_or_equal}) {
      if (internal::name_of(operation) == text) out.operation = operation;
    }
    if (out.field == Field::type && out.operation != Operator::matches && out.operation != Operator::equal &&
        out.operation != Operator::not_equal) {
      return usage("bad_operator", lexer_.position(), "types have no order", "Use type:, type= or type!=.");
    }
    if (out.field == Field::by && out.operation != Operator::matches && out.operation != Operator::equal &&
        out.operation != Operator::not_equal) {
      return usage("bad_operator", lexer_.position(), "accounts have no order", "Use by:, by= or by!=.");
    }
    if ((out.field == Field::age || out.field == Field::idle) && (text[0] == '=' || text[0] == '!')) {
      return usage("bad_operator", lexer_.position(), "nothing is a span of time old to the second",
                   "Use age>90d, age<12h or age:30d..90d.");
    }
    if (text == "==") out.operation = Operator::equal;
    lexer_.take(text);
    return true;
  }

  // Behind "tag.", "meta." or "tag:": the name and, where it follows, the operator.
  Result<bool> attribute(Term& out, bool may_stand_alone) {
    const std::size_t at = lexer_.position();
    ATOLL_ASSIGN(Word name, lexer_.take_attribute());
    ATOLL_ASSIGN(const bool has_operator, take_operator(out));
    if (!has_operator && !may_stand_alone) return false;  // a bare word such as meta.json
    if (name.text.empty())
      return usage("bad_name", at, "the name is missing", "Write tag:project or meta.project=coral.");
    if (name.text.size() > kFieldNameBytesMax) {
      return limit("too_long", at, "the name of a field has at most " + std::to_string(kFieldNameBytesMax) + " bytes",
                   "");
    }
    out.attribute = std::move(name.text);
    if (has_operator) return true;
    if (!lexer_.is_at_end() && !internal::is_blank(lexer_.rest().front()) && lexer_.rest().front() != ')') {
      return usage("bad_name", lexer_.position(), "this character cannot stand in a bare name",
                   "Quote the name: tag:\"my tag\".");
    }
    Value any;
    any.kind = Value::Kind::exists;
    any.shown = "*";
    out.values.push_back(std::move(any));
    return true;
  }

  [[nodiscard]] tl::unexpected<Error> unknown_field(std::string_view name, std::size_t at) const {
    const std::string shown = printable(name);
    std::string hint;
    if (name == "tag") {
      hint = "Write tag:project or tag.project=coral.";
    } else if (name == "meta" || name == "metadata") {
      hint = "Write meta.project=coral.";
    } else {
      std::string_view nearest;
      std::size_t nearest_distance = 3;
      for (const FieldName& known : kFieldNames) {
        const std::size_t d = distance(name.substr(0, 32), known.text);
        if (d < nearest_distance) {
          nearest = known.text;
          nearest_distance = d;
        }
      }
      if (!nearest.empty()) hint = "Did you mean " + std::string(nearest) + "? ";
      hint +=
          "Fields are " + std::string(kFieldList) + ". To look for the word itself, quote it: \"" + shown + ":...\".";
    }
    return usage("unknown_field", at, "there is no field \"" + shown + "\"", std::move(hint));
  }

  Result<void> values(Term& out) {
    ATOLL_ASSIGN(const Word word, lexer_.take_word());
    if (word.text.empty() && !word.was_quoted) {
      return usage("missing_value", word.at, "the value is missing",
                   "Write it right behind the operator, without a blank.");
    }
    const bool has_alternatives = out.operation == Operator::matches;
    for (std::size_t from = 0;;) {
      const std::size_t bar = has_alternatives ? bar_behind(word, from) : kNone;
      const Word part = word.part(from, bar == kNone ? kNone : bar - from);
      if (part.text.empty() && !part.was_quoted) {
        return usage("missing_value", word.at, "an alternative beside | is missing",
                     "Quote a | that is meant as itself.");
      }
      ATOLL_ASSIGN(Value next, value(out, part));
      out.values.push_back(std::move(next));
      if (bar == kNone) return {};
      from = bar + 1;
    }
  }

  // The next | that separates; one between brackets belongs to the value, so that each alternative is balanced by
  // itself.
  static std::size_t bar_behind(const Word& word, std::size_t from) {
    std::size_t depth = 0;
    for (std::size_t i = from; i < word.text.size(); ++i) {
      if (word.is_plain(i, '(')) ++depth;
      if (word.is_plain(i, ')')) --depth;
      if (depth == 0 && word.is_plain(i, '|')) return i;
    }
    return kNone;
  }

  Result<Value> value(const Term& term, const Word& word) {
    if (term.field == Field::word) return bare_word(word);
    const bool is_match = term.operation == Operator::matches;
    if (is_match && word.is_exactly("*") && term.field != Field::name && term.field != Field::key) {
      Value any;
      any.kind = Value::Kind::exists;
      any.shown = "*";
      return any;
    }
    switch (term.field) {
      case Field::type: return type(word);
      case Field::size:
      case Field::age:
      case Field::idle: return amount(term, word);
      case Field::accesses: return count(term, word);
      case Field::modified:
      case Field::stored: return time(term, word);
      case Field::tag:
      case Field::metadata:
        if (is_match) {
          ATOLL_ASSIGN(auto ranged, typed_range(word));
          if (ranged) return std::move(*ranged);
        }
        break;
      default: break;
    }
    if (is_match && word.has_wildcards()) {
      const bool is_path = term.field == Field::name || term.field == Field::key;
      return pattern(word, is_path ? GlobKind::path : GlobKind::text);
    }
    Value result = plain(word);
    if (is_typed_attribute(term.field) && !word.was_quoted) {
      const bool is_equality = is_match || term.operation == Operator::equal || term.operation == Operator::not_equal;
      if (internal::parse_number(word.text)) {
        result.is_number = true;
      } else if (const auto span = internal::parse_time(word.text)) {
        result.is_time = true;
        result.low_span = *span;
      } else if (const auto moment = internal::parse_relative_time(word.text, now_); moment && !is_equality) {
        result.is_time = true;
        result.low_span = *moment;
      }
    }
    return result;
  }

  // What the canonical text shows of a value that is no pattern: quoted where it was, since that can mean something.
  static Value plain(const Word& word) {
    Value result;
    result.kind = Value::Kind::text;
    result.text = word.text;
    result.shown = word.was_quoted ? internal::quote(word.text) : word.text;
    return result;
  }

  Result<Value> bare_word(const Word& word) {
    if (word.text.size() > kWordBytesMax) {
      return limit("too_long", word.at, "a bare word has at most " + std::to_string(kWordBytesMax) + " bytes",
                   "Use name= or key= for a long name.");
    }
    if (word.text.find('/') != std::string::npos) {
      return usage("bad_pattern", word.at, "names hold no '/', so this word can never be found in one",
                   "To look at whole keys write key:" + printable(word.text));
    }
    if (word.has_wildcards()) return pattern(word, GlobKind::path);
    Value result = plain(word);
    result.kind = Value::Kind::contains;
    result.text = internal::fold(word.text);
    return result;
  }

  // A part of the user's text that can stand in a message: short, without control characters, well-formed UTF-8.
  static std::string printable(std::string_view text) {
    std::string result;
    for (std::size_t at = 0; at < text.size() && result.size() < 64;) {
      const internal::Character character = internal::character_at(text, at);
      const bool is_shown = character.code >= 0x20 && character.code != 0x7f && character.code < internal::kRawByteBase;
      result += is_shown ? text.substr(at, character.length) : "?";
      at += character.length;
    }
    return result;
  }

  Result<Value> pattern(const Word& word, GlobKind kind) {
    std::string text;
    Value result;
    result.kind = Value::Kind::pattern;
    for (std::size_t i = 0; i < word.text.size();) {
      if (!word.is_literal[i]) {
        text += word.text[i];
        result.shown += word.text[i];
        ++i;
        continue;
      }
      std::size_t end = i;
      for (; end < word.text.size() && word.is_literal[end]; ++end) {
        // Also before what needs none: inside [...] more characters mean something. Never inside a UTF-8 character.
        if (static_cast<unsigned char>(word.text[end]) < 0x80) text += '\\';
        text += word.text[end];
      }
      result.shown += end - i == 1 ? "\\" + word.text.substr(i, 1) : internal::quote(word.text.substr(i, end - i));
      i = end;
    }
    // Empty quotes quote nothing, but keep a word from being read as a field or a keyword.
    if (!word.empty_quotes.empty()) result.shown.insert(0, "\"\"");
    auto glob = Glob::compile(text, kind);
    if (!glob) {
      const Error& error = glob.error();
      if (error.kind == ErrorKind::limit) return limit("too_long", word.at, error.message, "Shorten it.");
      return usage("bad_pattern", word.at, error.message, "Quote or escape characters that are meant as themselves.");
    }
    result.glob = std::move(*glob);
    return result;
  }

  Result<Value> type(const Word& word) {
    Value result = plain(word);
    if (result.text == "dir" || result.text == "folder") result.text = "directory";
    if (result.text == "link") result.text = "symlink";
    if (std::find(kTypes.begin(), kTypes.end(), result.text) == kTypes.end()) {
      return usage("bad_type", word.at, "\"" + printable(word.text) + "\" is no type",
                   "Types are file, directory, symlink, fifo, socket, char_device, block_device, marker.");
    }
    result.shown = result.text;
    return result;
  }

  // The two sides of a..b, either of which may be empty; nothing where there are no dots.
  static std::optional<std::pair<Word, Word>> split_range(const Term& term, const Word& word) {
    if (term.operation != Operator::matches) return std::nullopt;
    const std::size_t dots = word.find_plain("..");
    if (dots == kNone) return std::nullopt;
    return std::pair(word.part(0, dots), word.part(dots + 2, kNone));
  }

  [[nodiscard]] tl::unexpected<Error> bad_range(const Word& word, std::string_view what) const {
    return usage("bad_range", word.at, what,
                 "Write both ends, the lower one first, or leave one out: 1MB..2MB, 2024.., ..-30d");
  }

  Result<Value> count(const Term& term, const Word& word) {
    const auto parse = [&](const Word& part) -> Result<double> {
      const auto number = internal::parse_number(part.text);
      if (number) return number->value;
      return usage("bad_number", part.at, "\"" + printable(part.text) + "\" is no number", "Write 3, 0.5 or 1..10.");
    };
    Value result = plain(word);
    result.shown = word.text;
    const auto sides = split_range(term, word);
    if (!sides) {
      result.kind = Value::Kind::count;
      ATOLL_ASSIGN(result.low_count, parse(word));
      return result;
    }
    result.kind = Value::Kind::count_range;
    result.has_low = !sides->first.text.empty();
    result.has_high = !sides->second.text.empty();
    if (!result.has_low && !result.has_high) return bad_range(word, "the range has no ends");
    if (result.has_low) {
      ATOLL_ASSIGN(result.low_count, parse(sides->first));
    }
    if (result.has_high) {
      ATOLL_ASSIGN(result.high_count, parse(sides->second));
    }
    if (result.has_low && result.has_high && result.low_count > result.high_count)
      return bad_range(word, "the range runs backwards");
    return result;
  }

  // Bytes, or seconds of a span of time.
  Result<Value> amount(const Term& term, const Word& word) {
    const auto parse = [&](const Word& part) -> Result<std::uint64_t> {
      if (term.field != Field::size) {
        const auto seconds = internal::parse_span_s(part.text);
        if (seconds) return *seconds;
        return usage("bad_span", part.at, "\"" + printable(part.text) + "\" is no span of time",
                     "Write a number and a unit: 12h, 30d, 8w, 1y.");
      }
      const auto bytes = internal::parse_byte_count(part.text);
      if (bytes) return *bytes;
      return usage("bad_size", part.at, "\"" + printable(part.text) + "\" is no size",
                   "Write a number and a unit: 4096, 64MiB, 1.5GB.");
    };
    Value result = plain(word);
    result.shown = word.text;
    const auto sides = split_range(term, word);
    if (!sides) {
      if (term.field != Field::size && term.operation == Operator::matches) {
        return usage("bad_operator", word.at, "nothing is a span of time old to the second",
                     "Use age>90d, age<12h or age:30d..90d.");
      }
      result.kind = Value::Kind::size;
      ATOLL_ASSIGN(result.low_size, parse(word));
      return result;
    }
    result.kind = Value::Kind::size_range;
    result.has_low = !sides->first.text.empty();
    result.has_high = !sides->second.text.empty();
    if (!result.has_low && !result.has_high) return bad_range(word, "the range has no ends");
    if (result.has_low) {
      ATOLL_ASSIGN(result.low_size, parse(sides->first));
    }
    if (result.has_high) {
      ATOLL_ASSIGN(result.high_size, parse(sides->second));
    }
    if (result.has_low && result.has_high && result.low_size > result.high_size)
      return bad_range(word, "the range runs backwards");
    return result;
  }

  struct Moment {
    internal::Span span;
    bool is_relative = false;
  };
  Result<Moment> moment(const Word& word) {
    if (const auto span = internal::parse_time(word.text)) return Moment{*span, false};
    if (const auto span = internal::parse_relative_time(word.text, now_)) return Moment{*span, true};
    return usage("bad_time", word.at, "\"" + printable(word.text) + "\" is no time",
                 "Write 2024, 2024-05-01, 2024-05-01T09:30Z, or -30d for 30 days ago.");
  }

  Result<Value> time(const Term& term, const Word& word) {
    Value result = plain(word);
    const auto sides = split_range(term, word);
    if (!sides) {
      result.kind = Value::Kind::time;
      ATOLL_ASSIGN(const Moment at, moment(word));
      const bool is_equality = term.operation == Operator::matches || term.operation == Operator::equal ||
                               term.operation == Operator::not_equal;
      if (at.is_relative && is_equality) {
        const std::string name(internal::name_of(term.field));
        return usage(
            "bad_operator", word.at, "nothing is equal to a moment such as " + printable(word.text),
            "Since then: " + name + ">" + printable(word.text) + ", before it: " + name + "<" + printable(word.text));
      }
      result.low_span = at.span;
      result.shown = show_time(word.text);
      return result;
    }
    ATOLL_TRY(fill_time_range(result, word, *sides));
    return result;
  }

  // A time may be written with a blank in place of the T.
  static std::string show_time(const std::string& text) {
    return text.find(' ') != kNone ? internal::quote(text) : text;
  }

  Result<void> fill_time_range(Value& result, const Word& word, const std::pair<Word, Word>& sides) {
    result.kind = Value::Kind::time_range;
    result.has_low = !sides.first.text.empty();
    result.has_high = !sides.second.text.empty();
    if (!result.has_low && !result.has_high) return bad_range(word, "the range has no ends");
    Moment low;
    Moment high;
    if (result.has_low) {
      ATOLL_ASSIGN(low, moment(sides.first));
    }
    if (result.has_high) {
      ATOLL_ASSIGN(high, moment(sides.second));
    }
    // One fixed and one relative end may cross as time goes on; that is no mistake of the writer.
    if (result.has_low && result.has_high && low.is_relative == high.is_relative && low.span.begin > high.span.begin) {
      return bad_range(word, "the range runs backwards");
    }
    result.low_span = low.span;
    result.high_span = high.span;
    result.shown = show_time(sides.first.text) + ".." + show_time(sides.second.text);
    return {};
  }

  // tag. and meta.: a range only where each side that is there is a number, or each is a time; else text with two dots.
  Result<std::optional<Value>> typed_range(const Word& word) {
    if (word.was_quoted) return std::nullopt;
    const std::size_t dots = word.find_plain("..");
    if (dots == kNone || word.text.size() == 2) return std::nullopt;
    const std::pair sides(word.part(0, dots), word.part(dots + 2, kNone));
    const auto is_number = [](const Word& side) { return side.text.empty() || internal::parse_number(side.text); };
    const auto is_moment = [&](const Word& side) {
      return side.text.empty() || internal::parse_time(side.text) || internal::parse_relative_time(side.text, now_);
    };
    Value result = plain(word);
    if (is_number(sides.first) && is_number(sides.second)) {
      result.kind = Value::Kind::number_range;
      result.has_low = !sides.first.text.empty();
      result.has_high = !sides.second.text.empty();
      result.text = sides.first.text;
      result.high_text = sides.second.text;
      if (result.has_low && result.has_high &&
          compare(*internal::parse_number(result.text), *internal::parse_number(result.high_text)) > 0) {
        return bad_range(word, "the range runs backwards");
      }
      return result;
    }
    if (!is_moment(sides.first) || !is_moment(sides.second)) return std::nullopt;
    ATOLL_TRY(fill_time_range(result, word, sides));
    return result;
  }

  Lexer lexer_;
  Timestamp now_;
  Tree* tree_;
  std::size_t value_count_ = 0;
};

void make_numbers(Tree& tree) {
  for (Term& term : tree.terms) {
    for (Value& value : term.values) {
      value.low_number = internal::parse_number(value.text).value_or(internal::Number{});
      value.high_number = internal::parse_number(value.high_text).value_or(internal::Number{});
    }
  }
}

}  // namespace

Result<std::shared_ptr<const Tree>> internal::parse_tree(std::string_view text, Timestamp now) {
  const auto too_long = [] {
    return fail(ErrorKind::limit, "filter.too_long", "a filter has at most " + std::to_string(kTextBytesMax) + " bytes",
                "Split the filter into several.");
  };
  if (text.size() > kTextBytesMax) return too_long();
  auto tree = std::make_shared<Tree>();
  ATOLL_TRY(Parser(text, now, *tree).parse());
  tree->text = internal::write_text(*tree);
  if (tree->text.size() > kTextBytesMax) return too_long();  // it has to be a filter again
  make_numbers(*tree);
  return std::shared_ptr<const Tree>(std::move(tree));
}

Result<Filter> parse(std::string_view text, Timestamp now) {
  ATOLL_ASSIGN(auto tree, internal::parse_tree(text, now));
  return Filter(std::move(tree));
}

}  // namespace atl::filter
