#include "vault/access/published.h"

#include <algorithm>
#include <map>

#include "catalog/s3_rows.h"

namespace atl::access {
namespace {

bool is_over(Timestamp expires, Timestamp now) { return expires.unix_us != 0 && expires <= now; }

void look_at_grants(const AccessView& view, Timestamp now, std::vector<PublicPlace>& out) {
  for (const auto& row : view.rows().grants) {
    if (row.subject != catalog::kEveryone || row.denies || is_over(row.expires, now)) continue;
    const CompiledRole* const role = view.role(row.role);
    if (role == nullptr) continue;
    PublicPlace place;
    for (const CompiledRule& rule : *role) {
      if (rule.denies) continue;
      for (const ActionInfo& action : kActions) {
        if (action.action == Action::token_self) continue;  // whoever is nobody has none of their own
        if (!rule.actions.test(static_cast<std::size_t>(action.action))) continue;
        (action.changes ? place.writes : place.reads) = true;
      }
    }
    if (!place.reads && !place.writes) continue;
    place.by = OpenedBy::grant;
    place.place = row.place;
    place.id = row.id.text();
    place.role = row.role;
    place.expires = row.expires;
    out.push_back(std::move(place));
  }
}

void look_at_buckets(const AccessView& view, std::vector<PublicPlace>& out) {
  for (const auto& row : view.rows().settings) {
    const auto named = bucket_of_setting(row.name);
    const AccessView::BucketRules* const rules = named ? view.bucket_rules(named->vault, named->bucket) : nullptr;
    if (rules == nullptr) continue;
    PublicPlace place;
    place.place = {named->vault, named->bucket, ""};
    place.reads = true;  // nobody in particular is allowed more, by neither
    if (rules->said.list == AccessList::public_read) {
      place.by = OpenedBy::access_list;
      out.push_back(place);
    }
    if (rules->policy.is_public()) {
      place.by = OpenedBy::policy;
      out.push_back(place);
    }
  }
}

void look_at_links(const AccessView& view, Timestamp now, std::vector<PublicPlace>& out) {
  for (const auto& row : view.rows().shares) {
    const catalog::PrincipalRow* const maker = view.principal(row.made_by);
    if (maker == nullptr || maker->is_disabled || is_over(row.expires, now)) continue;
    if (!row.takes_uploads && row.downloads_max != 0 && row.downloads >= row.downloads_max) continue;
    PublicPlace place;
    place.by = OpenedBy::link;
    place.place = row.place;
    place.id = row.id.text();
    place.reads = !row.takes_uploads;
    place.writes = row.takes_uploads;
    place.has_password = !row.password_hash.empty();
    place.made_by = row.made_by;
    place.label = row.label;
    place.expires = row.expires;
    out.push_back(std::move(place));
  }
}

}  // namespace

std::string_view name_of(OpenedBy by) {
  switch (by) {
    case OpenedBy::grant: return "grant";
    case OpenedBy::access_list: return "access_list";
    case OpenedBy::object_list: return "object_list";
    case OpenedBy::policy: return "policy";
    case OpenedBy::link: return "link";
  }
  return "grant";
}

std::string PublicPlace::mark() const {
  return std::string(name_of(by)) + " " + (id.empty() ? place.vault.text() + " " + place.bucket : id);
}

std::vector<PublicPlace> public_places(const AccessView& view, Timestamp now) {
  std::vector<PublicPlace> out;
  look_at_grants(view, now, out);
  look_at_buckets(view, out);
  look_at_links(view, now, out);
  std::ranges::sort(out, {}, &PublicPlace::mark);
  return out;
}

Result<void> add_public_objects(vault::Vault& vault, const VaultId& id, std::vector<PublicPlace>& places) {
  const auto reader = vault.reader();
  std::map<BucketId, std::uint64_t> counts;
  ATOLL_TRY(reader->for_each_row(journal::TableNumber::version_locks, [&](ByteView key, ByteView row) -> Result<bool> {
    catalog::VersionTermsRow terms;
    ATOLL_TRY(decode(key, row, terms));
    if (access_list_named(terms.access_list) != AccessList::public_read) return true;
    ATOLL_ASSIGN(const auto version, reader->version(terms.object, terms.version));
    if (version && version->end.value == 0) ++counts[version->bucket];
    return true;
  }));
  for (const auto& [bucket, count] : counts) {
    ATOLL_ASSIGN(const auto row, reader->bucket(bucket));
    if (!row) continue;
    PublicPlace place;
    place.by = OpenedBy::object_list;
    place.place = {id, row->name, ""};
    place.reads = true;
    place.objects = count;
    places.push_back(std::move(place));
  }
  std::ranges::sort(places, {}, &PublicPlace::mark);
  return {};
}

}  // namespace atl::access
