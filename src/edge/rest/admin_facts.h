// How accounts and their rights look in answers, how bodies name places and ends, and what nobody may hand on.
//
// Always true:
//  - Nobody gives a right away that they do not have themselves: the checks here ask for every action a role names,
//    at the place where it is to hold, as the one decision function answers for whoever asks. What depends on a tier or
//    an age cannot be told there and counts as missing.
//  - Secrets stand in no answer but the one that made them.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "edge/rest/answers.h"
#include "edge/rest/schema.h"

namespace atl::rest {

[[nodiscard]] std::string_view word_of(catalog::PrincipalKind kind);
// The name of a grant's subject or a secret's owner; its id where the account is gone.
[[nodiscard]] std::string name_of_subject(const access::AccessView& view, const PrincipalId& id);
[[nodiscard]] const catalog::PrincipalRow* find_user(const access::AccessView& view, std::string_view name);

// The schemas "User", "Grant", "Place", "RoleRule".
[[nodiscard]] json::Value user_json(const catalog::PrincipalRow& row);
[[nodiscard]] json::Value grant_json(const Call& call, const access::AccessView& view, const catalog::GrantRow& row);
[[nodiscard]] json::Value job_json(const server::JobFacts& facts);  // the schema "Job"
[[nodiscard]] json::Value place_json(const Call& call, const catalog::AccessPlace& place);
// {"vault": …, "bucket": …, "prefix": …}; a bucket without a vault lies in the request's. Null: everywhere.
[[nodiscard]] Result<catalog::AccessPlace> place_of(Call& call, const json::Value* body);
[[nodiscard]] Result<std::vector<catalog::TokenScope>> scopes_of(Call& call, const json::Value& body);
[[nodiscard]] json::Value scopes_json(const Call& call, const std::vector<catalog::TokenScope>& scopes);
// "30d" from now, or a time; "" never.
[[nodiscard]] Result<Timestamp> end_of(const Call& call, const json::Value& body, std::string_view member = "expires");
// Where `time` is set.
void set_time(json::Value& object, std::string_view name, Timestamp time);
void set_day(json::Value& object, std::string_view name, std::uint32_t day);

// Refusals are `denied` "access.more_than_own".
[[nodiscard]] Result<void> require_holds(Call& call, const access::ActionSet& actions,
                                         const catalog::AccessPlace& place);
[[nodiscard]] Result<void> require_holds_role(Call& call, std::string_view role, const catalog::AccessPlace& place);
// Whoever changes what an account signs in with could become it: so they need all it may do. Everybody has that of
// themselves, unless a token narrows them.
[[nodiscard]] Result<void> require_reaches(Call& call, const catalog::PrincipalRow& row);
// The account of this name, and require_reaches().
[[nodiscard]] Result<catalog::PrincipalRow> reachable_user(Call& call, std::string_view name);
// `denied` where the caller signed in with a token that is narrower than its account: what they make would be wider.
[[nodiscard]] Result<void> require_whole(const Call& call, std::string_view what);
// Themselves; `conflict` "access.no_account" for this machine's own user, who has none.
[[nodiscard]] Result<catalog::PrincipalRow> own_row(const Call& call);

[[nodiscard]] inline access::Access& accounts_of(const Call& call) { return call.exchange().host.access(); }

// A page of rows that are in memory: behind the cursor, in the order of what `mark` says of each (a text, unique).
template <class Row, class Mark, class Show>
[[nodiscard]] Result<net::Response> page_of(Call& call, std::vector<Row> rows, std::string_view name, const Mark& mark,
                                            const Show& show) {
  ATOLL_ASSIGN(const std::string after, position_of(call));
  std::ranges::sort(rows, {}, mark);
  const std::uint64_t limit = call.number("limit", kPageMax);
  json::Value list = json::Value::array();
  json::Value out = json::Value::object();
  std::string last;
  for (const Row& row : rows) {
    std::string at(mark(row));
    if (at <= after) continue;
    if (list.as_array()->size() == limit) {
      out.set("next_cursor", make_cursor(call, last));
      break;
    }
    list.push(show(row));
    last = std::move(at);
  }
  return ok(out.set(name, std::move(list)));
}
[[nodiscard]] json::Value list_schema(std::string_view words, std::string_view name, std::string_view of);

}  // namespace atl::rest
