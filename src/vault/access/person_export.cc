#include "vault/access/person_export.h"

#include <algorithm>

#include "catalog/entry_kind.h"
#include "foundation/base/actor.h"
#include "foundation/json/json.h"
#include "vault/access/access.h"

namespace atl::access {
namespace {

using catalog::PrincipalKind;
using json::Value;

constexpr std::size_t kPieceBytes = 64 * 1024;
constexpr std::size_t kPageObjects = 500;
constexpr std::size_t kLookedAtMax = 50'000;  // rows and records of a piece
constexpr std::size_t kIndent = 2;

std::string_view kind_word(PrincipalKind kind) {
  switch (kind) {
    case PrincipalKind::person: return "person";
    case PrincipalKind::agent: return "agent";
    case PrincipalKind::service: return "service";
    case PrincipalKind::group: return "group";
  }
  return "unknown";
}

void set_bytes(Value& object, std::string_view name, std::string_view bytes) {
  object.set(name, bytes);
  if (!is_utf8(bytes)) object.set(std::string(name) + "_b64", to_base64(as_bytes(bytes)));
}

Value time_or_null(Timestamp time) { return time.unix_us == 0 ? Value() : Value(format_rfc3339(time)); }

// A list of the document's first level, one item a line.
void add_list(std::string& out, std::string_view name, const json::Array& items) {
  out += ",\n  ";
  json::append_quoted(out, name);
  out += ": [";
  for (std::size_t i = 0; i < items.size(); ++i) {
    out += i == 0 ? "\n    " : ",\n    ";
    items[i].append_to(out);
  }
  out += items.empty() ? "]" : "\n  ]";
}

Value place_json(const catalog::AccessPlace& place) {
  Value out = Value::object();
  if (!place.vault.is_none()) out.set("vault", place.vault.text());
  out.set("bucket", place.bucket);
  set_bytes(out, "prefix", place.prefix);
  return out;
}

Value account_json(const catalog::PrincipalRow& row) {
  return Value::object()
      .set("id", row.id.text())
      .set("name", row.name)
      .set("kind", kind_word(row.kind))
      .set("display_name", row.display_name)
      .set("email", row.email)
      .set("created", format_rfc3339(row.created))
      .set("is_disabled", row.is_disabled)
      .set("has_password", !row.password_hash.empty())
      .set("has_one_time_codes", !row.totp_secret.empty());
}

// The account and its rights: of one person, so small.
std::string head_of(const AccessView& view, const catalog::PrincipalRow& person) {
  const AccessRows& rows = view.rows();
  json::Array groups, grants, tokens, keys, sessions, shares, quotas;
  for (const auto& one : rows.memberships) {
    const auto* const group = view.principal(one.group);
    if (one.member == person.id && group != nullptr)
      groups.push_back(Value::object().set("name", group->name).set("since", format_rfc3339(one.created)));
  }
  for (const auto& one : rows.grants) {
    if (one.subject != person.id) continue;
    Value grant = place_json(one.place);
    grant.set("id", one.id.text()).set("role", one.role).set("denies", one.denies);
    grants.push_back(grant.set("created", format_rfc3339(one.created)).set("expires", time_or_null(one.expires)));
  }
  for (const auto& one : rows.tokens) {
    if (one.principal != person.id) continue;
    tokens.push_back(Value::object()
                         .set("id", one.id.text())
                         .set("label", one.label)
                         .set("created", format_rfc3339(one.created))
                         .set("expires", time_or_null(one.expires))
                         .set("last_used_day", one.last_used_day));
  }
  for (const auto& one : rows.s3_keys) {
    if (one.principal != person.id) continue;
    keys.push_back(Value::object()
                       .set("access_key_id", one.access_key_id)
                       .set("label", one.label)
                       .set("created", format_rfc3339(one.created))
                       .set("last_used_day", one.last_used_day));
  }
  for (const auto& one : rows.sessions) {
    if (one.principal != person.id) continue;
    sessions.push_back(Value::object()
                           .set("address", one.address)
                           .set("created", format_rfc3339(one.created))
                           .set("expires", time_or_null(one.expires)));
  }
  for (const auto& one : rows.shares) {
    if (one.made_by != person.id) continue;
    Value share = place_json(one.place);
    share.set("id", one.id.text()).set("label", one.label).set("downloads", one.downloads);
    shares.push_back(share.set("created", format_rfc3339(one.created)).set("expires", time_or_null(one.expires)));
  }
  for (const auto& one : rows.quotas) {
    if (one.principal != person.id) continue;
    quotas.push_back(
        Value::object().set("bucket", one.bucket).set("bytes_max", one.bytes_max).set("objects_max", one.objects_max));
  }
  std::string out = "{\n  \"account\": " + account_json(person).text();
  add_list(out, "groups", groups);
  add_list(out, "grants", grants);
  add_list(out, "tokens", tokens);
  add_list(out, "s3_keys", keys);
  add_list(out, "sessions", sessions);
  add_list(out, "links", shares);
  add_list(out, "quotas", quotas);
  return out;
}

Value record_json(const AuditRecord& record) {
  Value out = Value::object();
  out.set("time", format_rfc3339(record.time)).set("action", record.action).set("address", record.address);
  out.set("bucket", record.bucket);
  set_bytes(out, "key", record.key);
  return out.set("is_allowed", record.is_allowed).set("count", record.count);
}

Value version_json(const std::string& bucket, const catalog::EntryRow& entry, const catalog::VersionRow& version) {
  Value out = Value::object();
  out.set("bucket", bucket);
  set_bytes(out, "key", entry.key);
  out.set("version", version.version.text()).set("time", format_rfc3339(version.begin_time)).set("by", version.actor);
  out.set("type", word_of(version.kind)).set("size", version.size);
  // The last version of a removed object has not been replaced, and is no longer there all the same.
  const bool is_there = version.end.value == 0 && !entry.is_deleted;
  out.set("is_current", is_there);
  if (!is_there) out.set("ended", format_rfc3339(version.end.value != 0 ? version.end_time : entry.deleted_at));
  if (!version.content_type.empty()) out.set("content_type", version.content_type);
  if (!version.label.empty()) out.set("label", version.label);
  if (!version.author.empty()) out.set("author", version.author);
  if (!version.description.empty()) out.set("description", version.description);
  if (!version.tags.empty()) out.set("tags", version.tags);
  if (!version.metadata.empty()) out.set("metadata", version.metadata);
  if (!version.link_target.empty()) set_bytes(out, "link_target", version.link_target);
  return out;
}

Value change_json(const journal::Envelope& envelope) {
  Value out = Value::object();
  out.set("change", envelope.lsn.value).set("time", format_rfc3339(envelope.commit_time)).set("by", envelope.actor);
  return out.set("action", journal::name_of(envelope.kind)).set("address", envelope.origin);
}

}  // namespace

PersonExport::PersonExport(const AccessView& view, const catalog::PrincipalRow& person, Audit& audit,
                           std::vector<NamedVault> vaults, std::vector<UnreadVault> left_out)
    : name_(person.name),
      head_(head_of(view, person)),
      audit_(&audit),
      vaults_(std::move(vaults)),
      left_out_(std::move(left_out)) {}

Result<std::string> PersonExport::next() {
  std::string out;
  // What is looked at in vain is bounded, too: whoever waits for the piece gets a sign of life.
  looked_at_ = 0;
  while (out.size() < kPieceBytes && looked_at_ < kLookedAtMax && part_ != Part::nothing) {
    switch (part_) {
      case Part::account:
        out = std::move(head_) + ",\n  \"audit\": [";
        part_ = Part::audit;
        break;
      case Part::audit: ATOLL_TRY(add_audit(out)); break;
      case Part::vault: ATOLL_TRY(begin_vault(out)); break;
      case Part::stored: ATOLL_TRY(add_stored(out)); break;
      case Part::changes: ATOLL_TRY(add_changes(out)); break;
      case Part::end: add_end(out); break;
      case Part::nothing: break;
    }
  }
  if (out.empty() && part_ != Part::nothing) out = "\n";  // between two items, where blanks mean nothing
  return out;
}

void PersonExport::add_item(std::string& out, std::string_view item, std::size_t depth) {
  out += is_first_ ? "\n" : ",\n";
  out.append(kIndent * depth, ' ');
  out += item;
  is_first_ = false;
}

void PersonExport::close_list(std::string& out, std::size_t depth) {
  if (!is_first_) {
    out += '\n';
    out.append(kIndent * depth, ' ');
  }
  out += ']';
  is_first_ = true;
}

Result<void> PersonExport::add_audit(std::string& out) {
  AuditQuery query;
  query.actor = name_;
  if (batch_ == 0) {
    ATOLL_ASSIGN(batch_, audit_->first_batch());
  }
  ATOLL_ASSIGN(const auto records, audit_->batch(batch_++, query));
  if (records) {
    for (const auto& record : *records) add_item(out, record_json(record).text(), 2);
    return {};
  }
  close_list(out, 1);
  const bool is_account_alone = vaults_.empty() && left_out_.empty();
  if (is_account_alone) {
    out += "\n}\n";
  } else {
    out += ",\n  \"vaults\": [";
  }
  part_ = is_account_alone ? Part::nothing : Part::vault;
  return {};
}

Result<void> PersonExport::begin_vault(std::string& out) {
  if (vault_at_ == vaults_.size()) {
    out += vaults_.empty() ? "]" : "\n  ]";
    part_ = Part::end;
    return {};
  }
  const NamedVault& one = vaults_[vault_at_];
  out += vault_at_ == 0 ? "\n    {\"vault\": " : ",\n    {\"vault\": ";
  json::append_quoted(out, one.name);
  out += ", \"stored\": [";
  ATOLL_ASSIGN(buckets_, one.vault->reader()->buckets());
  bucket_at_ = 0;
  has_page_ = false;
  version_ = {};
  part_ = Part::stored;
  return {};
}

Result<void> PersonExport::add_stored(std::string& out) {
  if (bucket_at_ == buckets_.size()) {
    close_list(out, 2);
    out += ", \"changes\": [";
    ATOLL_ASSIGN(const auto stats, vaults_[vault_at_].vault->journal().stats());
    change_ = std::max(stats.first_kept, Lsn{1});
    part_ = Part::changes;
    return {};
  }
  if (!has_page_ || page_at_ == page_.items.size()) {
    if (has_page_ && !page_.has_more) {
      has_page_ = false;
      ++bucket_at_;
      return {};
    }
    catalog::ListQuery query;
    query.bucket = buckets_[bucket_at_].id;
    query.limit = kPageObjects;
    query.include_deleted = true;
    if (has_page_) query.after = page_.next_after;
    ATOLL_ASSIGN(page_, vaults_[vault_at_].vault->reader()->list(query));
    page_at_ = 0;
    has_page_ = true;
    return {};
  }
  return add_versions(out);
}

// Of one object, as many as the piece has room for.
Result<void> PersonExport::add_versions(std::string& out) {
  const catalog::EntryRow& entry = page_.items[page_at_].entry;
  bool is_full = false;
  ATOLL_TRY(vaults_[vault_at_].vault->reader()->for_each_version(
      entry.object,
      [&](const catalog::VersionRow& version) -> Result<bool> {
        version_ = version.version;
        if (is_by(version.actor, name_))
          add_item(out, version_json(buckets_[bucket_at_].name, entry, version).text(), 3);
        is_full = out.size() >= kPieceBytes || ++looked_at_ >= kLookedAtMax;
        return !is_full;
      },
      version_));
  if (is_full) return {};  // the object's next version follows
  version_ = {};
  ++page_at_;
  ++looked_at_;
  return {};
}

Result<void> PersonExport::add_changes(std::string& out) {
  const auto& journal = vaults_[vault_at_].vault->journal();
  const Lsn last = journal.last();
  bool is_full = false;
  if (change_ <= last) {
    ATOLL_TRY(journal.read_envelopes(change_, last, [&](const journal::Envelope& envelope) -> Result<bool> {
      change_ = Lsn{envelope.lsn.value + 1};
      if (is_by(envelope.actor, name_)) add_item(out, change_json(envelope).text(), 3);
      is_full = out.size() >= kPieceBytes || ++looked_at_ >= kLookedAtMax;
      return !is_full;
    }));
  }
  if (is_full) return {};
  close_list(out, 2);
  out += '}';
  ++vault_at_;
  part_ = Part::vault;
  return {};
}

void PersonExport::add_end(std::string& out) {
  json::Array items;
  for (const auto& one : left_out_) items.push_back(Value::object().set("vault", one.name).set("reason", one.reason));
  add_list(out, "left_out", items);
  out += "\n}\n";
  part_ = Part::nothing;
}

}  // namespace atl::access
