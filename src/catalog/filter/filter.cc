#include "catalog/filter/filter.h"

#include <algorithm>

#include "catalog/filter/internal/letters.h"
#include "catalog/filter/internal/tree.h"
#include "foundation/base/actor.h"

namespace atl::filter {
namespace {

using internal::Field;
using internal::Node;
using internal::Operator;
using internal::Span;
using internal::Term;
using internal::Tree;
using internal::Value;

bool holds(Operator operation, int order) {
  switch (operation) {
    case Operator::matches:
    case Operator::equal: return order == 0;
    case Operator::not_equal: return order != 0;
    case Operator::less: return order < 0;
    case Operator::less_or_equal: return order <= 0;
    case Operator::greater: return order > 0;
    case Operator::greater_or_equal: return order >= 0;
  }
  return false;
}

// Where a moment lies to an interval: before, in or behind it.
int place(FileTime time, const Span& span) { return time < span.begin ? -1 : time < span.end ? 0 : 1; }

int sign_of(int order) { return order < 0 ? -1 : order > 0 ? 1 : 0; }

bool matches_text(const Term& term, const Value& value, std::string_view text) {
  switch (value.kind) {
    case Value::Kind::exists: return true;
    case Value::Kind::pattern: return value.glob->matches(text);
    case Value::Kind::contains: return internal::contains_folded(text, value.text);
    default: return holds(term.operation, sign_of(text.compare(value.text)));
  }
}

bool matches_size(const Term& term, const Value& value, std::uint64_t size) {
  switch (value.kind) {
    case Value::Kind::exists: return true;
    case Value::Kind::size_range:
      return (!value.has_low || size >= value.low_size) && (!value.has_high || size <= value.high_size);
    default: return holds(term.operation, size < value.low_size ? -1 : size > value.low_size ? 1 : 0);
  }
}

bool matches_count(const Term& term, const Value& value, double count) {
  switch (value.kind) {
    case Value::Kind::exists: return true;
    case Value::Kind::count_range:
      return (!value.has_low || count >= value.low_count) && (!value.has_high || count <= value.high_count);
    default: return holds(term.operation, count < value.low_count ? -1 : count > value.low_count ? 1 : 0);
  }
}

bool matches_time(const Term& term, const Value& value, FileTime time) {
  switch (value.kind) {
    case Value::Kind::exists: return true;
    case Value::Kind::time_range:
      return (!value.has_low || place(time, value.low_span) >= 0) &&
             (!value.has_high || place(time, value.high_span) <= 0);
    default: return holds(term.operation, place(time, value.low_span));
  }
}

// Text that may be a number or a time; what the filter's value is decides how they compare.
bool matches_attribute(const Term& term, const Value& value, std::string_view text) {
  switch (value.kind) {
    case Value::Kind::number_range: {
      const auto number = internal::parse_number(text);
      return number && (!value.has_low || compare(*number, value.low_number) >= 0) &&
             (!value.has_high || compare(*number, value.high_number) <= 0);
    }
    case Value::Kind::time_range: {
      const auto span = internal::parse_time(text);
      return span && matches_time(term, value, span->begin);
    }
    case Value::Kind::text: {
      const bool is_typed = value.is_number || value.is_time;
      const bool is_equality = term.operation == Operator::matches || term.operation == Operator::equal ||
                               term.operation == Operator::not_equal;
      if (!is_typed || (is_equality && text == value.text)) return matches_text(term, value, text);
      if (value.is_number) {
        const auto number = internal::parse_number(text);
        if (number) return holds(term.operation, compare(*number, value.low_number));
      } else if (const auto span = internal::parse_time(text)) {
        return matches_time(term, value, span->begin);
      }
      return term.operation == Operator::not_equal;  // of another kind: certainly not equal, and in no order
    }
    default: return matches_text(term, value, text);
  }
}

template <class Match>
bool any_value(const Term& term, const Match& match) {
  return std::any_of(term.values.begin(), term.values.end(), match);
}

bool matches_attribute_of(const Term& term, const std::map<std::string, std::string>* attributes) {
  if (attributes == nullptr) return false;
  const auto found = attributes->find(term.attribute);
  if (found == attributes->end()) return false;
  return internal::matches_attribute_text(term, found->second);
}

bool matches_present_text(const Term& term, std::string_view text) {
  return !text.empty() && any_value(term, [&](const Value& value) { return matches_text(term, value, text); });
}

// An account means all of its programs and runs.
bool matches_actor(const Term& term, const Value& value, std::string_view actor) {
  if (value.kind != Value::Kind::text) return matches_text(term, value, actor);
  return is_by(actor, value.text) == (term.operation != Operator::not_equal);
}

std::string_view without_parameters(std::string_view content_type) {
  content_type = content_type.substr(0, content_type.find(';'));
  while (content_type.ends_with(' ')) content_type.remove_suffix(1);
  return content_type;
}

}  // namespace

bool internal::matches_attribute_text(const Term& term, std::string_view text) {
  return any_value(term, [&](const Value& value) { return matches_attribute(term, value, text); });
}

bool internal::matches_term(const Term& term, const Subject& subject) {
  switch (term.field) {
    case Field::word:
    case Field::name: return matches_present_text(term, subject.name);
    case Field::key: return matches_present_text(term, subject.key);
    case Field::type: return matches_present_text(term, subject.type);
    case Field::content_type: return matches_present_text(term, without_parameters(subject.content_type));
    case Field::by:
      return !subject.by.empty() &&
             any_value(term, [&](const Value& value) { return matches_actor(term, value, subject.by); });
    case Field::size:
      return subject.size &&
             any_value(term, [&](const Value& value) { return matches_size(term, value, *subject.size); });
    case Field::modified:
      return subject.modified &&
             any_value(term, [&](const Value& value) { return matches_time(term, value, *subject.modified); });
    case Field::stored: {
      if (!subject.stored) return false;
      const FileTime stored = internal::to_file_time(*subject.stored);
      return any_value(term, [&](const Value& value) { return matches_time(term, value, stored); });
    }
    case Field::age:
    case Field::idle: {
      const auto& seconds = term.field == Field::age ? subject.age_s : subject.idle_s;
      return seconds && any_value(term, [&](const Value& value) { return matches_size(term, value, *seconds); });
    }
    case Field::accesses:
      return subject.accesses &&
             any_value(term, [&](const Value& value) { return matches_count(term, value, *subject.accesses); });
    case Field::tag: return matches_attribute_of(term, subject.tags);
    case Field::metadata: return matches_attribute_of(term, subject.metadata);
  }
  return false;
}

namespace {

using internal::matches_term;

bool matches_node(const Tree& tree, const Node& node, const Subject& subject) {  // depth at most kDepthMax
  const auto matches_child = [&](std::uint32_t child) { return matches_node(tree, tree.nodes[child], subject); };
  switch (node.kind) {
    case Node::Kind::term: return matches_term(tree.terms[node.term], subject);
    case Node::Kind::inverse: return !matches_child(node.children.front());
    case Node::Kind::all: return std::all_of(node.children.begin(), node.children.end(), matches_child);
    case Node::Kind::any: return std::any_of(node.children.begin(), node.children.end(), matches_child);
  }
  return false;
}

void keep_common(std::string& prefix, std::string_view other) {
  const auto [mine, theirs] = std::mismatch(prefix.begin(), prefix.end(), other.begin(), other.end());
  prefix.erase(mine, prefix.end());
}

std::string prefix_of_term(const Term& term) {
  const bool is_equality = term.operation == Operator::matches || term.operation == Operator::equal;
  if (term.field != Field::key || !is_equality) return {};
  std::optional<std::string> common;
  for (const Value& value : term.values) {
    const std::string_view prefix = value.kind == Value::Kind::pattern ? value.glob->literal_prefix() : value.text;
    if (!common) {
      common = prefix;
    } else {
      keep_common(*common, prefix);
    }
  }
  return common.value_or("");
}

std::string prefix_of_node(const Tree& tree, const Node& node) {
  switch (node.kind) {
    case Node::Kind::term: return prefix_of_term(tree.terms[node.term]);
    case Node::Kind::inverse: return {};
    case Node::Kind::all: {  // each prefix holds for every match, so the longest does
      std::string longest;
      for (const std::uint32_t child : node.children) {
        std::string prefix = prefix_of_node(tree, tree.nodes[child]);
        if (prefix.size() > longest.size()) longest = std::move(prefix);
      }
      return longest;
    }
    case Node::Kind::any: {
      std::string common = prefix_of_node(tree, tree.nodes[node.children.front()]);
      for (const std::uint32_t child : node.children) keep_common(common, prefix_of_node(tree, tree.nodes[child]));
      return common;
    }
  }
  return {};
}

// Adds the types that the node leaves out; false where it says anything else.
bool types_left_out(const Tree& tree, const Node& node, std::vector<std::string>& types) {
  if (node.kind == Node::Kind::all) {
    return std::ranges::all_of(node.children,
                               [&](std::uint32_t child) { return types_left_out(tree, tree.nodes[child], types); });
  }
  if (node.kind != Node::Kind::inverse) return false;
  const Node& inner = tree.nodes[node.children.front()];
  if (inner.kind != Node::Kind::term) return false;
  const Term& term = tree.terms[inner.term];
  const bool is_of_type =
      term.field == Field::type && (term.operation == Operator::matches || term.operation == Operator::equal);
  if (!is_of_type ||
      !std::ranges::all_of(term.values, [](const Value& value) { return value.kind == Value::Kind::text; }))
    return false;
  for (const Value& value : term.values) types.push_back(value.text);
  return true;
}

}  // namespace

Filter::Filter() : tree_(std::make_shared<const Tree>()) {}

bool Filter::matches(const Subject& subject) const {
  return tree_->is_everything || matches_node(*tree_, tree_->nodes[tree_->root], subject);
}

const std::string& Filter::text() const { return tree_->text; }

bool Filter::matches_everything() const { return tree_->is_everything; }

bool Filter::asks_for_accesses() const {
  return std::ranges::any_of(
      tree_->terms, [](const Term& term) { return term.field == Field::idle || term.field == Field::accesses; });
}

std::string Filter::key_prefix() const {
  return tree_->is_everything ? std::string() : prefix_of_node(*tree_, tree_->nodes[tree_->root]);
}

std::optional<std::vector<std::string>> Filter::only_types_left_out() const {
  std::vector<std::string> types;
  if (tree_->is_everything || types_left_out(*tree_, tree_->nodes[tree_->root], types)) return types;
  return std::nullopt;
}

}  // namespace atl::filter
