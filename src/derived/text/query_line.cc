// The line that people type (query.h shows it), read by recursive descent.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <utility>

#include "derived/text/query.h"

namespace atl::text {
namespace {

using Kind = Query::Kind;

constexpr std::int64_t kSecondUs = 1'000'000;
constexpr std::int64_t kSecondsMax = INT64_MAX / kSecondUs / 4;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

tl::unexpected<Error> bad(std::string_view id, std::string what, std::string hint = {}) {
  return fail(ErrorKind::usage, std::string("query.") + std::string(id), std::move(what), std::move(hint));
}

// A time as people write it is an interval: 2024-05 is all of that May. [from, to], both included.
struct Interval {
  std::int64_t from = 0;
  std::int64_t to = 0;
};

bool read_number(std::string_view text, std::int64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::int64_t us_of(std::chrono::sys_days day) {
  return std::chrono::sys_time<std::chrono::microseconds>(day).time_since_epoch().count();
}

Result<Interval> read_time(std::string_view text, Timestamp now) {
  using namespace std::chrono;
  if (text.size() > 1 && text[0] == '-') {
    ATOLL_ASSIGN(const std::int64_t seconds, parse_duration_s(text.substr(1)));
    if (seconds > kSecondsMax) return bad("time", "\"" + std::string(text) + "\" is too long ago");
    const std::int64_t at = now.unix_us - seconds * kSecondUs;
    return Interval{at, at};
  }
  const bool is_year = text.size() == 4 && is_digits(text);
  const bool is_month = text.size() == 7 && is_digits(text.substr(0, 4)) && text[4] == '-' && is_digits(text.substr(5));
  if (is_year || is_month) {
    std::int64_t number = 0;
    if (!read_number(text.substr(0, 4), number)) number = 0;
    const year y(static_cast<int>(number));
    if (is_year) return Interval{us_of(sys_days(y / January / 1)), us_of(sys_days((y + years(1)) / January / 1)) - 1};
    if (!read_number(text.substr(5), number)) number = 0;
    if (number >= 1 && number <= 12) {
      const year_month ym(y, month(static_cast<unsigned>(number)));
      return Interval{us_of(sys_days(ym / 1)), us_of(sys_days((ym + months(1)) / 1)) - 1};
    }
  }
  const auto exact = parse_rfc3339(text);
  if (!exact || exact->seconds > kSecondsMax || exact->seconds < -kSecondsMax) {
    return bad("time", "\"" + std::string(text) + "\" is no time",
               "write 2024, 2024-05, 2024-05-01, 2024-05-01T09:30 or -30d");
  }
  const std::int64_t at = exact->seconds * kSecondUs + exact->nanoseconds / 1000;
  const std::int64_t length = text.size() == 10 ? 86'400 * kSecondUs : (text.size() == 16 ? 60 * kSecondUs : 1);
  return Interval{at, at + length - 1};
}

class LineReader {
 public:
  LineReader(std::string_view line, const Schema& schema, Match match, Timestamp now)
      : line_(line), schema_(schema), match_(match), now_(now) {}

  Result<Query> read() {
    ATOLL_ASSIGN(Query query, read_either(0));
    if (at_ < line_.size()) return bad("bracket", "there is a ) too many at character " + place(), "take it away");
    return query;
  }

 private:
  struct Item {
    Query query;
    enum class Mark : std::uint8_t { none, plus, minus } mark = Mark::none;
  };

  [[nodiscard]] std::string place() const { return std::to_string(at_ + 1); }
  void skip_blanks() {
    while (at_ < line_.size() && is_blank(line_[at_])) ++at_;
  }
  // A word in capitals, alone.
  [[nodiscard]] bool takes(std::string_view word) {
    skip_blanks();
    if (line_.substr(at_, word.size()) != word) return false;
    const std::size_t behind = at_ + word.size();
    if (behind < line_.size() && !is_blank(line_[behind]) && line_[behind] != '(') return false;
    at_ = behind;
    return true;
  }
  [[nodiscard]] bool ends() {
    skip_blanks();
    return at_ == line_.size() || line_[at_] == ')';
  }

  Result<Query> read_either(std::size_t depth) {
    if (depth > kDepthMax) {
      return fail(ErrorKind::limit, "query.depth", "the query has more than 32 brackets in brackets");
    }
    std::vector<Query> parts;
    do {
      if (ends() && !parts.empty()) {
        return bad("or", "OR has nothing behind it at character " + place(), "to look for the word, write \"OR\"");
      }
      ATOLL_ASSIGN(Query part, read_both(depth));
      parts.push_back(std::move(part));
    } while (takes("OR"));
    if (parts.size() == 1) return std::move(parts[0]);
    Query query;
    query.kind = Kind::boolean;
    query.should = std::move(parts);
    return query;
  }

  Result<Query> read_both(std::size_t depth) {
    std::vector<Item> items;
    bool has_and = false;
    while (!ends()) {
      const std::size_t before = at_;
      if (takes("OR")) {
        at_ = before;
        if (items.empty()) {
          return bad("or", "OR has nothing before it at character " + place(), "to look for the word, write \"OR\"");
        }
        break;
      }
      if (takes("AND")) {
        if (items.empty() || ends()) {
          return bad("and", "AND needs something on both sides at character " + place(),
                     "to look for the word, write \"AND\"");
        }
        has_and = true;
      }
      if (is_lone_sign()) {  // a dash between words is none of them
        ++at_;
        continue;
      }
      ATOLL_ASSIGN(Item item, read_item(depth));
      items.push_back(std::move(item));
    }
    return combine(std::move(items), has_and || match_ == Match::all);
  }

  [[nodiscard]] bool is_lone_sign() const {
    if (line_[at_] != '+' && line_[at_] != '-') return false;
    return at_ + 1 == line_.size() || is_blank(line_[at_ + 1]) || line_[at_ + 1] == ')';
  }

  // Whether it is about words, or chooses by a field.
  [[nodiscard]] bool ranks(const Query& query) const {
    if (query.kind == Kind::boolean) {
      const auto one_ranks = [&](const Query& part) { return ranks(part); };
      return std::ranges::any_of(query.must, one_ranks) || std::ranges::any_of(query.should, one_ranks);
    }
    return query.field == kAnyTextField || schema_[static_cast<std::size_t>(query.field)].kind == FieldKind::text;
  }

  [[nodiscard]] Query combine(std::vector<Item> items, bool all) {
    Query query;
    query.kind = Kind::boolean;
    std::vector<Query> any;
    for (Item& item : items) {
      if (item.mark == Item::Mark::minus) {
        query.must_not.push_back(std::move(item.query));
      } else if (all || item.mark == Item::Mark::plus || !ranks(item.query)) {
        query.must.push_back(std::move(item.query));
      } else {
        any.push_back(std::move(item.query));
      }
    }
    const bool has_plus = std::ranges::any_of(items, [](const Item& item) { return item.mark == Item::Mark::plus; });
    if (any.empty() || query.must.empty() || has_plus) {
      query.should = std::move(any);
    } else {
      // Fields choose, words have to be there all the same: type:pdf boiler.
      Query words;
      words.kind = Kind::boolean;
      words.should = std::move(any);
      query.must.push_back(std::move(words));
    }
    if (query.must.empty() && query.should.empty() && query.must_not.empty()) return Query{};
    if (query.must_not.empty() && query.must.size() + query.should.size() == 1) {
      Query only = std::move(query.must.empty() ? query.should[0] : query.must[0]);
      return only;
    }
    return query;
  }

  Result<Item> read_item(std::size_t depth) {
    Item item;
    if (takes("NOT")) {
      item.mark = Item::Mark::minus;
      if (ends()) return bad("not", "NOT has nothing behind it", "to look for the word, write \"NOT\"");
    } else if (line_[at_] == '+' || line_[at_] == '-') {
      item.mark = line_[at_] == '+' ? Item::Mark::plus : Item::Mark::minus;
      ++at_;
    }
    ATOLL_ASSIGN(item.query, read_primary(kAnyTextField, depth));
    return item;
  }

  Result<Query> read_primary(int field, std::size_t depth) {
    skip_blanks();
    if (line_[at_] == '(') {
      const std::string opened = place();
      ++at_;
      const int outer = std::exchange(field_, field == kAnyTextField ? field_ : field);
      auto query = read_either(depth + 1);
      field_ = outer;
      if (!query) return query;
      if (at_ == line_.size()) {
        return bad("bracket", "the ( at character " + opened + " is never closed", "add a )");
      }
      ++at_;
      return query;
    }
    if (line_[at_] == '"') return read_quoted(field == kAnyTextField ? field_ : field);
    if (field == kAnyTextField) {
      const std::size_t begin = at_;
      std::size_t end = at_;
      while (end < line_.size() && is_name(line_[end])) ++end;
      const std::string_view name = line_.substr(begin, end - begin);
      if (end > begin && end < line_.size()) {
        if (line_[end] == ':' && names_field(name, end + 1)) return read_field(name, end, depth);
        if ((line_[end] == '<' || line_[end] == '>' || line_[end] == '=') && typed_field(name) >= 0) {
          return read_field(name, end, depth);
        }
      }
    }
    return read_word(field == kAnyTextField ? field_ : field);
  }

  // -1: there is none that could be typed.
  [[nodiscard]] int typed_field(std::string_view name) const {
    return name.starts_with('.') ? -1 : field_number(schema_, name);
  }

  // "12:30", "http://..." and "note: ..." are words; "titel:boiler" is a mistake that is told.
  [[nodiscard]] bool names_field(std::string_view name, std::size_t behind) const {
    if (typed_field(name) >= 0) return true;
    if (is_digits(name.substr(0, 1)) || behind >= line_.size() || is_blank(line_[behind])) return false;
    return line_.substr(behind, 2) != "//";
  }

  Result<Query> read_field(std::string_view name, std::size_t at, std::size_t depth) {
    const int field = typed_field(name);
    if (field < 0) {
      std::string known;
      for (const Field& one : schema_) {
        if (!one.name.starts_with('.')) known += (known.empty() ? "" : ", ") + one.name;
      }
      return bad("field",
                 "column " + std::to_string(at - name.size() + 1) + ": there is no field \"" + std::string(name) +
                     "\"; there are " + known,
                 "to look for the words, put them in quotes");
    }
    std::string_view comparison = line_.substr(at, 1);
    if (line_.substr(at, 2) == ">=" || line_.substr(at, 2) == "<=") comparison = line_.substr(at, 2);
    at_ = at + comparison.size();
    if (ends() || is_blank(line_[at + comparison.size()])) {
      return bad("value",
                 "there is nothing behind " + std::string(name) + std::string(comparison) + " at character " + place(),
                 "write the value without a space");
    }
    const FieldKind kind = schema_[static_cast<std::size_t>(field)].kind;
    if (kind == FieldKind::number) return read_range(field, comparison);
    if (comparison != ":" && comparison != "=") {
      return bad("comparison", std::string(name) + " is text and cannot be compared by " + std::string(comparison),
                 "write " + std::string(name) + ":");
    }
    if (kind == FieldKind::text) return read_primary(field, depth + 1);
    return read_values(field);
  }

  // Up to a blank, a bracket or one of `ends`; \ takes the next character as it is.
  std::string read_plain(std::string_view ends) {
    std::string out;
    while (at_ < line_.size() && !is_blank(line_[at_]) && line_[at_] != '(' && line_[at_] != ')' && line_[at_] != '"' &&
           ends.find(line_[at_]) == std::string_view::npos) {
      if (line_[at_] == '\\' && at_ + 1 < line_.size()) ++at_;
      out.push_back(line_[at_++]);
    }
    return out;
  }

  Result<std::string> read_quotes() {
    const std::string opened = place();
    std::string out;
    for (++at_; at_ < line_.size() && line_[at_] != '"'; ++at_) {
      if (line_[at_] == '\\' && at_ + 1 < line_.size()) ++at_;
      out.push_back(line_[at_]);
    }
    if (at_ == line_.size()) return bad("quote", "the quote at character " + opened + " is never closed", "add a \"");
    ++at_;
    return out;
  }

  Result<std::optional<unsigned>> read_tilde(unsigned missing, unsigned most, std::string_view what) {
    if (at_ == line_.size() || line_[at_] != '~') return std::optional<unsigned>();
    ++at_;
    const std::size_t begin = at_;
    while (at_ < line_.size() && line_[at_] >= '0' && line_[at_] <= '9') ++at_;
    if (at_ == begin) return std::optional<unsigned>(missing);
    std::int64_t value = 0;
    if (!read_number(line_.substr(begin, at_ - begin), value) || value < 1 || value > most) {
      return bad("tilde", std::string(what) + " takes 1 to " + std::to_string(most) + " behind ~");
    }
    return std::optional<unsigned>(static_cast<unsigned>(value));
  }

  Result<Query> read_quoted(int field) {
    Query query;
    query.kind = Kind::phrase;
    query.field = field;
    ATOLL_ASSIGN(query.text, read_quotes());
    ATOLL_ASSIGN(const auto slop, read_tilde(1, 100, "a phrase"));
    query.slop = slop.value_or(0);
    return query;
  }

  Result<Query> read_word(int field) {
    Query query;
    query.kind = Kind::word;
    query.field = field;
    query.text = read_plain("*~");
    if (at_ < line_.size() && line_[at_] == '*') {
      if (query.text.empty()) {
        return bad("prefix", "a * stands behind the beginning of a word; at character " + place() + " there is none");
      }
      ++at_;
      query.kind = Kind::prefix;
    } else {
      ATOLL_ASSIGN(const auto distance, read_tilde(1, 2, "a fuzzy word"));
      if (distance) query.kind = Kind::fuzzy;
      query.distance = distance.value_or(1);
    }
    if (at_ < line_.size() && !is_blank(line_[at_]) && line_[at_] != ')' && line_[at_] != '(' && line_[at_] != '"') {
      return bad("word", "character " + place() + " cannot stand there: * and ~ end a word",
                 "put a \\ before it, or the word in quotes");
    }
    return query;
  }

  Result<Query> read_values(int field) {
    Query any;
    any.kind = Kind::boolean;
    do {
      Query one;
      one.kind = Kind::value;
      one.field = field;
      if (at_ < line_.size() && line_[at_] == '|') ++at_;
      if (at_ < line_.size() && line_[at_] == '"') {
        ATOLL_ASSIGN(one.text, read_quotes());
      } else {
        const bool is_keyword = schema_[static_cast<std::size_t>(field)].kind == FieldKind::keyword;
        one.text = read_plain(is_keyword ? "|*" : "|");
        if (is_keyword && at_ < line_.size() && line_[at_] == '*') {
          ++at_;
          one.kind = Kind::prefix;
        }
      }
      if (one.text.empty()) return bad("value", "a value is missing at character " + place());
      any.should.push_back(std::move(one));
    } while (at_ < line_.size() && line_[at_] == '|');
    if (any.should.size() == 1) {
      Query only = std::move(any.should[0]);
      return only;
    }
    return any;
  }

  Result<Interval> read_bound(std::string_view text, const Field& field) {
    if (field.is_time) return read_time(text, now_);
    std::int64_t value = 0;
    if (!read_number(text, value)) {
      return bad("number", "\"" + std::string(text) + "\" is no whole number, and " + field.name + " is one");
    }
    return Interval{value, value};
  }

  Result<Query> read_range(int number, std::string_view comparison) {
    const Field& field = schema_[static_cast<std::size_t>(number)];
    Query query;
    query.kind = Kind::range;
    query.field = number;
    std::string text;
    if (line_[at_] == '"') {
      ATOLL_ASSIGN(text, read_quotes());
    } else {
      text = read_plain("");
    }
    const std::size_t dots = text.find("..");
    if (dots != std::string::npos && (comparison == ":" || comparison == "=")) {
      const std::string_view view = text;
      if (text.size() == 2) return bad("range", "a range needs a number on one side of its dots");
      if (dots > 0) {
        ATOLL_ASSIGN(const Interval from, read_bound(view.substr(0, dots), field));
        query.from = from.from;
      }
      if (dots + 2 < text.size()) {
        ATOLL_ASSIGN(const Interval to, read_bound(view.substr(dots + 2), field));
        query.to = to.to;
      }
      if (query.from > query.to) return bad("range", "the range " + text + " begins behind its end", "turn it round");
      return query;
    }
    ATOLL_ASSIGN(const Interval value, read_bound(text, field));
    if (comparison == ">=") {
      query.from = value.from;
    } else if (comparison == "<=") {
      query.to = value.to;
    } else if (comparison == ">") {
      if (value.to == INT64_MAX) return Query{};
      query.from = value.to + 1;
    } else if (comparison == "<") {
      if (value.from == INT64_MIN) return Query{};
      query.to = value.from - 1;
    } else {
      query.from = value.from;
      query.to = value.to;
    }
    return query;
  }

  std::string_view line_;
  const Schema& schema_;
  Match match_;
  Timestamp now_;
  std::size_t at_ = 0;
  int field_ = kAnyTextField;  // of the brackets around
};

}  // namespace

Result<Query> parse_query_line(std::string_view line, const Schema& schema, Match match, Timestamp now) {
  if (line.size() > kLineBytesMax) {
    return fail(ErrorKind::limit, "query.length",
                "a query has at most 8,192 bytes, this one " + std::to_string(line.size()));
  }
  ATOLL_ASSIGN(Query query, LineReader(line, schema, match, now).read());
  ATOLL_TRY(check_query(query, schema, kTermsMax));
  return query;
}

}  // namespace atl::text
