// Random filters, written down with random spelling, against an evaluator that knows nothing of the parser: it works on
// the tree that the text was written from, and tries everything.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <memory>
#include <random>
#include <vector>

#include "catalog/filter/filter.h"
#include "foundation/base/bytes.h"

namespace atl::filter {
namespace {

constexpr Timestamp kNow{1'795'167'000LL * 1'000'000};  // 2026-11-20T09:30:00Z

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(engine_() % limit); }
  bool chance(std::size_t one_in) { return below(one_in) == 0; }
  template <class T>
  const T& of(const std::vector<T>& choices) {
    return choices[below(choices.size())];
  }

 private:
  std::mt19937_64 engine_;
};

// A subject that owns what it shows.
struct Thing {
  std::string key;
  std::string name;
  std::string type;
  std::string content_type;
  std::optional<std::uint64_t> size;
  std::optional<FileTime> modified;
  std::map<std::string, std::string> tags;
  std::map<std::string, std::string> metadata;

  [[nodiscard]] Subject subject() const {
    Subject result;
    result.key = key;
    result.name = name;
    result.type = type;
    result.content_type = content_type;
    result.size = size;
    result.modified = modified;
    result.tags = &tags;
    result.metadata = &metadata;
    return result;
  }
};

const std::vector<std::string> kNames = {"a",    "ab",          "b.x", "a b", "*",        "A",   "and",
                                         "x\"y", "back\\slash", "(1)", "a:b", "\xc3\xa4", "\xff"};
const std::vector<std::string> kAttributeValues = {"1", "2",   "10", "-1", "1.0",        "02",
                                                   "x", "a b", "",   "a",  "2024-05-01", "2024-05-02T10:00:00Z"};
const std::vector<std::string> kTypes = {"file", "directory", "symlink"};
const std::vector<std::uint64_t> kSizes = {0, 1, 999, 1000, 1024, 2000, 1'000'000};
const std::vector<int> kDays = {1, 2, 3, 4, 5};

std::int64_t day_begin_s(int day) { return parse_rfc3339("2024-05-0" + std::to_string(day))->seconds; }

Thing random_thing(Random& random) {
  Thing thing;
  thing.name = random.of(kNames);
  for (std::size_t i = random.below(3); i-- > 0;) thing.key += random.of(kNames) + "/";
  thing.key += thing.name;
  thing.type = random.of(kTypes);
  if (!random.chance(4)) thing.size = random.of(kSizes);
  if (!random.chance(4)) {
    thing.modified =
        FileTime{day_begin_s(random.of(kDays)) + (random.chance(2) ? 86'399 : 0), random.chance(2) ? 999'999'999U : 0U};
  }
  for (const std::string name : {"t", "odd name", "u.v"}) {
    if (random.chance(2)) thing.tags[name] = random.of(kAttributeValues);
    if (random.chance(2)) thing.metadata[name] = random.of(kAttributeValues);
  }
  return thing;
}

// The tree a text is written from. `truth` answers for a leaf.
struct Clause {
  enum class Kind { leaf, all, any, inverse } kind = Kind::leaf;
  std::string text;  // of a leaf
  std::function<bool(const Thing&)> truth;
  std::vector<std::unique_ptr<Clause>> parts;
};

bool evaluate(const Clause& clause, const Thing& thing) {
  bool result = clause.kind == Clause::Kind::all;
  switch (clause.kind) {
    case Clause::Kind::leaf: return clause.truth(thing);
    case Clause::Kind::inverse: return !evaluate(*clause.parts[0], thing);
    case Clause::Kind::all:
      for (const auto& part : clause.parts) result = evaluate(*part, thing) && result;
      return result;
    case Clause::Kind::any:
      for (const auto& part : clause.parts) result = evaluate(*part, thing) || result;
      return result;
  }
  return false;
}

// `text` spelt so that it means itself: quoted, escaped, or bare where nothing in it means anything.
std::string spell(Random& random, const std::string& text) {
  const bool is_plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
  });
  if (is_plain && text != "and" && random.chance(2)) return text;
  std::string result;
  if (!text.empty() && random.chance(2)) {
    for (const char c : text) result += std::string("\\") + c;
    return result;
  }
  for (const char c : text) result += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return "\"" + result + "\"";
}

bool compare(const std::string& operation, int order) {
  if (operation == ":" || operation == "=") return order == 0;
  if (operation == "!=") return order != 0;
  if (operation == "<") return order < 0;
  if (operation == "<=") return order <= 0;
  if (operation == ">") return order > 0;
  return order >= 0;
}
const std::vector<std::string> kOperators = {":", "=", "!=", "<", "<=", ">", ">="};

template <class T>
int order_of(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

bool is_short_number(const std::string& text) {
  char* end = nullptr;
  std::strtod(text.c_str(), &end);
  return !text.empty() && *end == '\0';
}

std::unique_ptr<Clause> random_leaf(Random& random) {
  auto leaf = std::make_unique<Clause>();
  const std::string operation = random.of(kOperators);
  switch (random.below(8)) {
    case 0: {  // a bare word
      std::string word = random.of(kNames);
      leaf->text = spell(random, word);
      const auto lower = [](std::string text) {
        std::transform(text.begin(), text.end(), text.begin(),
                       [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
        return text;
      };
      leaf->truth = [word = lower(word), lower](const Thing& thing) {
        return lower(thing.name).find(word) != std::string::npos;
      };
      break;
    }
    case 1: {  // a name or a key against text
      const bool is_key = random.chance(2);
      const std::string value = random.of(kNames);
      leaf->text = std::string(is_key ? "key" : "name") + operation + spell(random, value);
      leaf->truth = [=](const Thing& thing) {
        const std::string& text = is_key ? thing.key : thing.name;
        return compare(operation, order_of(text, value));  // std::string compares bytes as unsigned, as keys do
      };
      break;
    }
    case 2: {  // a prefix pattern over keys
      const std::string value = random.of(kNames);
      leaf->text = "key:" + spell(random, value) + "**";
      leaf->truth = [=](const Thing& thing) { return thing.key.starts_with(value); };
      break;
    }
    case 3: {
      const std::string one = random.of(kTypes);
      const std::string two = random.of(kTypes);
      leaf->text = "type:" + one + "|" + two;
      leaf->truth = [=](const Thing& thing) { return thing.type == one || thing.type == two; };
      break;
    }
    case 4: {
      const std::uint64_t size = random.of(kSizes);
      std::string written = std::to_string(size);
      if (size == 1000) written = random.of(std::vector<std::string>{"1000", "1kB", "1k", "1.0K"});
      if (size == 1024) written = random.of(std::vector<std::string>{"1024", "1KiB", "1Ki"});
      leaf->text = "size" + operation + written;
      leaf->truth = [=](const Thing& thing) { return thing.size && compare(operation, order_of(*thing.size, size)); };
      break;
    }
    case 5: {  // whole days, and ranges of them
      const int from = random.of(kDays);
      const int to = std::max(from, random.of(kDays));
      const bool is_range = random.chance(2);
      leaf->text = "modified" + (is_range ? ":" : operation) + "2024-05-0" + std::to_string(from);
      if (is_range) leaf->text += "..2024-05-0" + std::to_string(to);
      leaf->truth = [=](const Thing& thing) {
        if (!thing.modified) return false;
        const std::int64_t day = (thing.modified->seconds - day_begin_s(1)) / 86'400 + 1;
        if (is_range) return day >= from && day <= to;
        return compare(operation, order_of<std::int64_t>(day, from));
      };
      break;
    }
    case 6: {  // there at all
      const bool is_tag = random.chance(2);
      const std::string name = random.of(std::vector<std::string>{"t", "odd name", "u.v", "gone"});
      leaf->text = (is_tag ? (name == "t" && random.chance(2) ? "tag:" : "tag.") : "meta.") +
                   (name == "odd name" ? "\"odd name\"" : name);
      if (!leaf->text.starts_with("tag:")) leaf->text += ":*";
      leaf->truth = [=](const Thing& thing) { return (is_tag ? thing.tags : thing.metadata).contains(name); };
      break;
    }
    default: {  // numbers and text
      const bool is_tag = random.chance(2);
      const std::string name = random.of(std::vector<std::string>{"t", "odd\\ name", "u.v"});
      const std::string plain_name = name == "odd\\ name" ? "odd name" : name;
      const std::string value = random.of(std::vector<std::string>{"1", "2", "10", "-1", "1.00", "x", "a"});
      const bool is_quoted = random.chance(3);
      leaf->text = (is_tag ? "tag." : "meta.") + name + operation + (is_quoted ? "\"" + value + "\"" : value);
      leaf->truth = [=](const Thing& thing) {
        const auto& attributes = is_tag ? thing.tags : thing.metadata;
        if (!attributes.contains(plain_name)) return false;
        const std::string& text = attributes.at(plain_name);
        if (is_quoted || !is_short_number(value)) return compare(operation, order_of(text, value));
        if (!is_short_number(text)) return operation == "!=";
        return compare(operation, order_of(std::atof(text.c_str()), std::atof(value.c_str())));
      };
      break;
    }
  }
  return leaf;
}

std::unique_ptr<Clause> random_clause(Random& random, int depth) {
  if (depth == 0 || random.chance(3)) return random_leaf(random);
  auto clause = std::make_unique<Clause>();
  clause->kind = random.of(std::vector<Clause::Kind>{Clause::Kind::all, Clause::Kind::any, Clause::Kind::inverse});
  const std::size_t count = clause->kind == Clause::Kind::inverse ? 1 : 2 + random.below(2);
  for (std::size_t i = 0; i < count; ++i) clause->parts.push_back(random_clause(random, depth - 1));
  return clause;
}

int strength(Clause::Kind kind) {
  return kind == Clause::Kind::any ? 0 : kind == Clause::Kind::all ? 1 : kind == Clause::Kind::inverse ? 2 : 3;
}

// With needless brackets, blanks and spellings of the three words thrown in.
std::string write(Random& random, const Clause& clause, int around) {
  const bool needs_brackets = strength(clause.kind) < around;
  const bool has_brackets = needs_brackets || random.chance(6);
  std::string text;
  if (clause.kind == Clause::Kind::leaf) {
    text = clause.text;
  } else if (clause.kind == Clause::Kind::inverse) {
    text = random.of(std::vector<std::string>{"not ", "NOT  ", "not\t"}) + write(random, *clause.parts[0], 2);
  } else {
    for (std::size_t i = 0; i < clause.parts.size(); ++i) {
      if (i != 0) {
        text += clause.kind == Clause::Kind::any ? random.of(std::vector<std::string>{" or ", " OR ", "  or\n"})
                                                 : random.of(std::vector<std::string>{" and ", " ", "  ", " And "});
      }
      text += write(random, *clause.parts[i], strength(clause.kind) + 1);
    }
  }
  return has_brackets ? "( " + text + random.of(std::vector<std::string>{")", " )"}) : text;
}

void run(std::uint64_t seed, int rounds) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  std::size_t hits = 0;
  std::size_t asked = 0;
  for (int round = 0; round < rounds; ++round) {
    const auto clause = random_clause(random, 4);
    const std::string text = write(random, *clause, 0);
    const auto filter = parse(text, kNow);
    ASSERT_TRUE(filter.has_value()) << text << ": " << filter.error().message;
    const auto again = parse(filter->text(), kNow);
    ASSERT_TRUE(again.has_value()) << text << " became " << filter->text() << ": " << again.error().message;
    ASSERT_EQ(again->text(), filter->text()) << text;
    const std::string prefix = filter->key_prefix();
    ASSERT_EQ(again->key_prefix(), prefix);
    for (int i = 0; i < 20; ++i) {
      const Thing thing = random_thing(random);
      const bool expected = evaluate(*clause, thing);
      ASSERT_EQ(filter->matches(thing.subject()), expected) << text << " on " << thing.key;
      ASSERT_EQ(again->matches(thing.subject()), expected) << filter->text() << " on " << thing.key;
      if (expected) {
        ASSERT_TRUE(thing.key.starts_with(prefix)) << text << " on " << thing.key << " with prefix " << prefix;
      }
      hits += expected ? 1 : 0;
      ++asked;
    }
  }
  EXPECT_GT(hits, asked / 5);
  EXPECT_LT(hits, asked * 4 / 5);
}

TEST(FilterProperty, RandomFiltersAgreeWithANaiveEvaluator) {
  for (const std::uint64_t seed : {1ULL, 20'261'120ULL, 0xdeadbeefULL}) run(seed, 3000);
}

// What is thrown at the parser is a filter or a clear error, and a filter's own text is a filter again.
TEST(FilterProperty, AnyTextIsAFilterOrAClearError) {
  constexpr std::uint64_t kSeed = 7;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  Random random(kSeed);
  const std::vector<std::string> parts = {
      "name", "key", "meta.", "tag:", "tag.", "size", "modified", ":",  "=", "!=", "<",    ">=",  "*",   "?",
      "[",    "]",   "(",     ")",    "|",    "..",   "\"",       "\\", " ", "\n", "\xc3", "a",   "and", "or",
      "not",  "1",   "10MB",  "2024", "-1d",  "\"\"", "!",        "/",  "x", "-",  "^",    "\xa4"};
  std::size_t filters = 0;
  for (int round = 0; round < 60'000; ++round) {
    std::string text;
    for (std::size_t i = random.below(9); i-- > 0;) text += random.of(parts);
    const auto filter = parse(text, kNow);
    if (!filter) {
      ASSERT_TRUE(filter.error().id.starts_with("filter.")) << text;
      ASSERT_TRUE(filter.error().message.starts_with("filter, column ")) << filter.error().message;
      ASSERT_FALSE(filter.error().hint.empty()) << text << ": " << filter.error().message;
      ASSERT_TRUE(is_utf8(filter.error().message + filter.error().hint)) << text;
      continue;
    }
    ++filters;
    const auto again = parse(filter->text(), kNow);
    ASSERT_TRUE(again.has_value()) << text << " became " << filter->text() << ": " << again.error().message;
    ASSERT_EQ(again->text(), filter->text()) << text;
    const Thing thing = random_thing(random);
    ASSERT_EQ(again->matches(thing.subject()), filter->matches(thing.subject())) << text;
  }
  EXPECT_GT(filters, 5000U);
}

}  // namespace
}  // namespace atl::filter
