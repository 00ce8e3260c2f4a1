// A parsed filter. Nodes stand in one vector, children before their parents, so that no node owns another and a tree of
// any shape is freed without recursion. A tree is not copied or moved once its numbers are made.
//
// Always true: the tree is at most kDepthMax deep; an `all` or `any` node has at least two children, none of its own
// kind; `inverse` never stands over `inverse`; a term has at least one value.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/filter/filter.h"
#include "catalog/filter/glob.h"
#include "catalog/filter/internal/values.h"

namespace atl::filter::internal {

enum class Field : std::uint8_t {
  word,
  name,
  key,
  type,
  size,
  modified,
  stored,
  content_type,
  by,
  age,
  idle,
  accesses,
  tag,
  metadata
};
enum class Operator : std::uint8_t { matches, equal, not_equal, less, less_or_equal, greater, greater_or_equal };

[[nodiscard]] std::string_view name_of(Field field);  // as written before the operator; "tag." and "meta." with the dot
[[nodiscard]] std::string_view name_of(Operator operation);

struct Value {
  enum class Kind : std::uint8_t {
    exists,        // *
    text,          // equal byte by byte; for tag and metadata also by value where is_number or is_time
    pattern,       // glob
    contains,      // folded `text`
    size,          // low_size; of age and idle: seconds
    time,          // low_span
    count,         // low_count
    size_range,    // low_size..high_size
    count_range,   // low_count..high_count
    time_range,    // low_span..high_span
    number_range,  // low_number..high_number
  };
  Kind kind = Kind::text;
  bool has_low = true;
  bool has_high = true;
  std::uint64_t low_size = 0;
  std::uint64_t high_size = 0;
  double low_count = 0;
  double high_count = 0;
  Span low_span;
  Span high_span;
  Number low_number;  // views into `text` and `high_text`, made when the tree has its final place
  Number high_number;
  bool is_number = false;  // of tag and metadata: the unquoted text is one
  bool is_time = false;
  std::string text;       // without quotes and escapes; of a number range the low side
  std::string high_text;  // of a number range the high side
  std::optional<Glob> glob;
  std::string shown;  // as the canonical text writes it
};

struct Term {
  Field field = Field::word;
  Operator operation = Operator::matches;
  std::string attribute;  // name of the tag or the metadata
  std::vector<Value> values;
};

struct Node {
  enum class Kind : std::uint8_t { all, any, inverse, term };
  Kind kind = Kind::term;
  std::uint32_t term = 0;
  std::vector<std::uint32_t> children;
};

struct Tree {
  std::vector<Node> nodes;
  std::vector<Term> terms;
  std::uint32_t root = 0;
  bool is_everything = true;  // no nodes
  std::string text;
};

// As filter::parse(), which this is the first half of.
[[nodiscard]] Result<std::shared_ptr<const Tree>> parse_tree(std::string_view text, Timestamp now);
// A term that is asked by itself.
[[nodiscard]] bool matches_term(const Term& term, const Subject& subject);
// A term about a tag or metadata, of a value that there is.
[[nodiscard]] bool matches_attribute_text(const Term& term, std::string_view text);
// The canonical text of one term, or of all below one node.
[[nodiscard]] std::string write_term(const Term& term);
[[nodiscard]] std::string write_node(const Tree& tree, const Node& node);
// The canonical text of `tree`.
[[nodiscard]] std::string write_text(const Tree& tree);
// Bare or quoted, as the canonical text writes the name of a tag or of metadata.
[[nodiscard]] std::string write_attribute(std::string_view name);
[[nodiscard]] std::string quote(std::string_view text);
[[nodiscard]] bool is_bare_name_byte(char c);

}  // namespace atl::filter::internal
