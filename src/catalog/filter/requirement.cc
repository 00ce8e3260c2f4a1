#include "catalog/filter/requirement.h"

#include <algorithm>

#include "catalog/filter/internal/letters.h"
#include "catalog/filter/internal/tree.h"
#include "catalog/filter/loose_blanks.h"

namespace atl::filter {
namespace {

using internal::Field;
using internal::Node;
using internal::Operator;
using internal::Term;
using internal::Tree;
using internal::Value;

constexpr std::string_view kReadable = "readable";
constexpr std::size_t kShownBytesMax = 200;  // of a value, in a reason
// Two moments between which every relative time moves.
constexpr Timestamp kOnce{1'700'000'000'000'000};
constexpr Timestamp kLater{1'800'000'000'000'000};

bool is_readable_word(const Term& term) {
  const Value& value = term.values.front();
  return term.field == Field::word && term.values.size() == 1 && value.kind == Value::Kind::contains &&
         value.text == kReadable;
}

// The column at which a part of the canonical text stands in what was typed, from 1; none where it was typed otherwise.
std::optional<std::size_t> column_of(std::string_view typed, std::string_view part) {
  const std::size_t at = typed.find(part);
  if (at == std::string_view::npos) return std::nullopt;
  return 1 + static_cast<std::size_t>(std::ranges::count_if(
                 typed.substr(0, at), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

tl::unexpected<Error> refuse(std::string id, std::string_view typed, const Term& term, const std::string& what,
                             std::string hint) {
  const std::string shown = internal::write_term(term);
  const auto column = column_of(typed, shown);
  return fail(ErrorKind::usage, std::move(id),
              (column ? "filter, column " + std::to_string(*column) + ": " : "filter: ") + shown + ": " + what,
              std::move(hint));
}

bool is_same_time(const Value& a, const Value& b) {
  return a.low_span.begin == b.low_span.begin && a.high_span.begin == b.high_span.begin;
}

Result<void> check_terms(std::string_view typed, const Tree& tree, const Tree& later) {
  for (std::size_t i = 0; i < tree.terms.size(); ++i) {
    const Term& term = tree.terms[i];
    if (term.field == Field::word && !is_readable_word(term)) {
      return refuse("requirement.bare_word", typed, term, "only `readable` stands without a field",
                    "That there is a value: meta.instrument:*. About the name: name:*.csv");
    }
    const bool counts_on = term.field == Field::age || term.field == Field::idle || term.field == Field::accesses;
    const bool is_relative = !std::ranges::equal(term.values, later.terms[i].values, is_same_time);
    if (counts_on || is_relative) {
      return refuse("requirement.changes_by_itself", typed, term, "this changes by itself as time passes",
                    "Ask for what stands in the file, its metadata or its tags, and for times as dates: 2024-05-01.");
    }
  }
  return {};
}

std::string shown_value(std::string_view value) {
  std::string out;
  for (std::size_t at = 0; at < value.size();) {
    const internal::Character character = internal::character_at(value, at);
    if (out.size() + character.length > kShownBytesMax) return out + "…";
    const bool is_shown = character.code >= 0x20 && character.code != 0x7F && character.code < 0x110000;
    out += is_shown ? value.substr(at, character.length) : "?";
    at += character.length;
  }
  return out;
}

// What a term says its field should be: ">=0.9", "a, b or c", "2024..2025"; "" for any value at all.
std::string wanted_words(const Term& term) {
  std::string out;
  for (const Value& value : term.values) {
    if (value.kind == Value::Kind::exists) return {};
    out += (out.empty() ? "" : " or ") + value.shown;
  }
  switch (term.operation) {
    case Operator::matches:
    case Operator::equal: return out;
    case Operator::not_equal: return "anything but " + out;
    default: return std::string(internal::name_of(term.operation)) + out;
  }
}

class Judging {
 public:
  Judging(const Tree& tree, const Candidate& candidate) : tree_(&tree), candidate_(&candidate) {}

  // Why the node is not as wanted; nothing where it is.
  std::vector<Unmet> unmet(const Node& node, bool wanted) const {  // depth at most kDepthMax
    switch (node.kind) {
      case Node::Kind::term: return unmet_term(tree_->terms[node.term], wanted);
      case Node::Kind::inverse: return unmet(child(node, 0), !wanted);
      case Node::Kind::all: return wanted ? every(node, wanted) : one_of(node, wanted);
      case Node::Kind::any: return wanted ? one_of(node, wanted) : every(node, wanted);
    }
    return {};
  }

 private:
  [[nodiscard]] const Node& child(const Node& node, std::size_t at) const { return tree_->nodes[node.children[at]]; }

  // All that is not as it should be.
  [[nodiscard]] std::vector<Unmet> every(const Node& node, bool wanted) const {
    std::vector<Unmet> out;
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      auto those = unmet(child(node, i), wanted);
      out.insert(out.end(), std::make_move_iterator(those.begin()), std::make_move_iterator(those.end()));
    }
    return out;
  }

  // One sentence: none of them is as one of them should be.
  [[nodiscard]] std::vector<Unmet> one_of(const Node& node, bool wanted) const {
    std::string words;
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      const auto those = unmet(child(node, i), wanted);
      if (those.empty()) return {};
      std::string inner;
      for (const Unmet& one : those) inner += (inner.empty() ? "" : " and ") + one.words;
      words += (words.empty() ? "" : "; or ") + inner;
    }
    Unmet out;
    out.condition = (wanted ? "" : "not (") + internal::write_node(*tree_, node) + (wanted ? "" : ")");
    out.words = "none of these holds: " + words;
    if (!wanted) out.words = words;
    return {out};
  }

  [[nodiscard]] std::vector<Unmet> unmet_term(const Term& term, bool wanted) const {
    if (is_readable_word(term)) return unmet_readable(wanted);
    const auto value = value_for(term);
    const bool holds = value.decides ? value.holds : internal::matches_term(term, candidate_->subject);
    // What a content nobody has read may say counts against it either way.
    const bool may_come = term.field == Field::metadata && !value.text && candidate_->reading == Reading::not_yet;
    if (holds == wanted && !may_come) return {};
    Unmet out;
    out.condition = (wanted ? "" : "not ") + internal::write_term(term);
    out.field = field_name(term);
    const std::string name = shown_name(term);
    const std::string wish = wanted_words(term);
    if (value.text) out.value = shown_value(*value.text);
    if (!out.value && !wanted) {
      out.words = name + ": its content was not read yet";
    } else if (!out.value) {
      out.words = name + ": no value" + (wish.empty() ? "" : ", wanted " + wish) +
                  (may_come ? "; its content was not read yet" : "");
    } else if (wish.empty()) {
      out.words = name + " is " + *out.value + ", wanted none";
    } else {
      out.words = name + " is " + *out.value + ", wanted " + (wanted ? "" : "not ") + wish;
    }
    return {out};
  }

  [[nodiscard]] std::vector<Unmet> unmet_readable(bool wanted) const {
    const bool is_readable = candidate_->reading == Reading::done;
    if (is_readable == wanted && candidate_->reading != Reading::not_yet) return {};
    Unmet out;
    out.condition = (wanted ? "" : "not ") + std::string(kReadable);
    out.field = kReadable;
    if (is_readable) {
      out.value = "yes";
      out.words = "can be read, wanted not";
    } else if (candidate_->reading == Reading::not_yet) {
      out.words = "was not read yet";
    } else {
      out.value = shown_value(candidate_->trouble);
      // Most troubles begin so themselves.
      constexpr std::string_view kIt = "It could not be read";
      out.words = out.value->starts_with(kIt) ? "could not be read" + out.value->substr(kIt.size())
                                              : "could not be read: " + *out.value;
    }
    return {out};
  }

  struct Seen {
    std::optional<std::string> text;
    bool decides = false;  // what matches_term() would say does not count
    bool holds = false;
  };

  [[nodiscard]] Seen value_for(const Term& term) const {
    const Subject& subject = candidate_->subject;
    const auto text = [](std::string_view one) {
      return Seen{one.empty() ? std::nullopt : std::optional<std::string>(one)};
    };
    switch (term.field) {
      case Field::tag: return attribute(subject.tags, term.attribute);
      case Field::metadata: {
        Seen by_hand = attribute(subject.metadata, term.attribute);
        return by_hand.text ? by_hand : said(term);
      }
      case Field::size: return subject.size ? text(std::to_string(*subject.size) + " bytes") : Seen{};
      case Field::modified:
        return subject.modified ? text(format_rfc3339(Timestamp{subject.modified->seconds * 1'000'000 +
                                                                subject.modified->nanoseconds / 1000}))
                                : Seen{};
      case Field::stored: return subject.stored ? text(format_rfc3339(*subject.stored)) : Seen{};
      case Field::type: return text(subject.type);
      case Field::content_type: return text(subject.content_type);
      case Field::by: return text(subject.by);
      case Field::key: return text(subject.key);
      case Field::word:
      case Field::name: return text(subject.name);
      case Field::age:
      case Field::idle:
      case Field::accesses: break;  // refused by parse()
    }
    return {};
  }

  static Seen attribute(const std::map<std::string, std::string>* attributes, const std::string& name) {
    if (attributes == nullptr) return {};
    const auto found = attributes->find(name);
    if (found == attributes->end()) return {};
    Seen seen;
    seen.text = found->second;
    return seen;
  }

  // Any of the values of that name is enough.
  [[nodiscard]] Seen said(const Term& term) const {
    Seen seen;
    for (const Said& one : candidate_->said) {
      if (one.name != term.attribute) continue;
      seen.decides = true;
      const bool holds = internal::matches_attribute_text(term, one.value);
      if (!seen.text || (holds && !seen.holds)) seen.text = std::string(one.value);
      seen.holds = seen.holds || holds;
    }
    return seen;
  }

  static std::string field_name(const Term& term) {
    std::string name(internal::name_of(term.field));
    if (term.field == Field::tag || term.field == Field::metadata) name += internal::write_attribute(term.attribute);
    return name;
  }

  static std::string shown_name(const Term& term) {
    if (term.field == Field::metadata) return shown_value(term.attribute);
    if (term.field == Field::tag) return "the tag " + shown_value(term.attribute);
    return std::string(internal::name_of(term.field));
  }

  const Tree* tree_;
  const Candidate* candidate_;
};

}  // namespace

Result<Requirement> Requirement::parse(std::string_view text) {
  const std::string tight = without_loose_blanks(text);
  ATOLL_ASSIGN(auto tree, internal::parse_tree(tight, kOnce));
  if (tree->is_everything) {
    return fail(ErrorKind::usage, "requirement.empty", "nothing is required",
                "For example: meta.quality_score>=0.9 and meta.instrument:* and readable");
  }
  ATOLL_ASSIGN(const auto later, internal::parse_tree(tight, kLater));
  ATOLL_TRY(check_terms(tight, *tree, *later));
  return Requirement(std::move(tree));
}

const std::string& Requirement::text() const { return tree_->text; }

std::vector<Unmet> Requirement::unmet(const Candidate& candidate) const {
  return Judging(*tree_, candidate).unmet(tree_->nodes[tree_->root], true);
}

bool Requirement::needs_said(const Subject& subject) const {
  return std::ranges::any_of(tree_->terms, [&](const Term& term) {
    return term.field == Field::metadata &&
           (subject.metadata == nullptr || !subject.metadata->contains(term.attribute));
  });
}

}  // namespace atl::filter
