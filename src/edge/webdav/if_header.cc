#include "edge/webdav/if_header.h"

#include <algorithm>

namespace atl::webdav {
namespace {

tl::unexpected<Error> bad_if(std::string_view why) {
  return fail(ErrorKind::usage, "dav.bad_if", "the If field cannot be read: " + std::string(why));
}

class IfParser {
 public:
  explicit IfParser(std::string_view text) : rest_(text) {}

  Result<IfField> parse() {
    IfField field;
    std::optional<std::string> resource;
    bool is_tagged = false;
    bool has_list = true;  // behind the resource read last
    for (skip_blanks(); !rest_.empty(); skip_blanks()) {
      if (rest_.front() == '<') {
        if (!field.lists.empty() && !is_tagged) return bad_if("a resource stands behind lists that name none");
        if (!has_list) return bad_if("a resource without a list");
        ATOLL_ASSIGN(resource, between('<', '>'));
        is_tagged = true;
        has_list = false;
      } else if (rest_.front() == '(') {
        ATOLL_ASSIGN(auto list, parse_list());
        list.resource = resource;
        field.lists.push_back(std::move(list));
        has_list = true;
      } else {
        return bad_if("a list begins with '('");
      }
    }
    if (field.lists.empty() || !has_list) return bad_if("there is no list in it");
    return field;
  }

 private:
  void skip_blanks() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t')) rest_.remove_prefix(1);
  }

  // What stands between two marks; at least one character.
  Result<std::string> between(char first, char last) {
    const std::size_t end = rest_.find(last, 1);
    if (rest_.empty() || rest_.front() != first || end == std::string_view::npos || end == 1)
      return bad_if(std::string("something is missing behind '") + first + "'");
    std::string inner(rest_.substr(1, end - 1));
    rest_.remove_prefix(end + 1);
    return inner;
  }

  // "[" entity-tag "]"; a tag may itself hold ']'.
  Result<net::EntityTag> parse_tag() {
    rest_.remove_prefix(1);
    skip_blanks();
    const std::size_t quote = rest_.find('"');
    const std::size_t end = quote == std::string_view::npos ? quote : rest_.find('"', quote + 1);
    if (end == std::string_view::npos) return bad_if("an entity tag stands in quotation marks");
    const auto tag = net::parse_entity_tag(rest_.substr(0, end + 1));
    if (!tag) return bad_if("an entity tag stands in quotation marks");
    rest_.remove_prefix(end + 1);
    skip_blanks();
    if (rest_.empty() || rest_.front() != ']') return bad_if("an entity tag is not closed");
    rest_.remove_prefix(1);
    return *tag;
  }

  Result<IfList> parse_list() {
    rest_.remove_prefix(1);
    IfList list;
    for (;;) {
      skip_blanks();
      if (rest_.empty()) return bad_if("a list is not closed");
      if (rest_.front() == ')') break;
      if (++count_ > kIfConditionsMax)
        return fail(ErrorKind::limit, "dav.bad_if", "the If field holds too many conditions");
      IfCondition condition;
      if (rest_.size() > 3 && net::equal_ignoring_case(rest_.substr(0, 3), "Not")) {
        condition.is_negated = true;
        rest_.remove_prefix(3);
        skip_blanks();
      }
      if (!rest_.empty() && rest_.front() == '<') {
        ATOLL_ASSIGN(condition.token, between('<', '>'));
      } else if (!rest_.empty() && rest_.front() == '[') {
        ATOLL_ASSIGN(condition.tag, parse_tag());
      } else {
        return bad_if("a condition is a token in <> or an entity tag in []");
      }
      list.conditions.push_back(std::move(condition));
    }
    rest_.remove_prefix(1);
    if (list.conditions.empty()) return bad_if("a list is empty");
    return list;
  }

  std::string_view rest_;
  std::size_t count_ = 0;
};

bool holds(const IfCondition& condition, const IfState& state) {
  const bool is_so = condition.tag ? state.tag && net::equal_strongly(*condition.tag, *state.tag)
                                   : std::ranges::find(state.tokens, condition.token) != state.tokens.end();
  return is_so != condition.is_negated;
}

}  // namespace

std::vector<std::string> IfField::tokens() const {
  std::vector<std::string> out;
  for (const IfList& list : lists) {
    for (const IfCondition& condition : list.conditions) {
      if (!condition.tag) out.push_back(condition.token);
    }
  }
  return out;
}

Result<IfField> parse_if(std::string_view text) { return IfParser(text).parse(); }

Result<bool> evaluate_if(const IfField& field,
                         const std::function<Result<IfState>(const std::optional<std::string>& resource)>& state_of) {
  const std::optional<std::string>* last = nullptr;
  IfState state;
  for (const IfList& list : field.lists) {
    if (last == nullptr || *last != list.resource) {
      ATOLL_ASSIGN(state, state_of(list.resource));
      last = &list.resource;
    }
    if (std::ranges::all_of(list.conditions, [&](const IfCondition& condition) { return holds(condition, state); }))
      return true;
  }
  return false;
}

}  // namespace atl::webdav
