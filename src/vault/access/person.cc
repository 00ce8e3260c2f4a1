// All about one person: handed over, and erased.
#include <algorithm>

#include "vault/access/access.h"

namespace atl::access {
namespace {

std::string quoted(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      out += "\\u00";
      out += digits[byte >> 4U];
      out += digits[byte & 15U];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

class Json {
 public:
  Json& text(std::string_view name, std::string_view value) {
    // Names of objects may be no UTF-8.
    return raw(name, is_utf8(value) ? quoted(value) : quoted("base64:" + to_base64(as_bytes(value))));
  }
  Json& time(std::string_view name, Timestamp value) {
    return value.unix_us == 0 ? raw(name, "null") : raw(name, quoted(format_rfc3339(value)));
  }
  Json& number(std::string_view name, std::uint64_t value) { return raw(name, std::to_string(value)); }
  Json& flag(std::string_view name, bool value) { return raw(name, value ? "true" : "false"); }
  Json& raw(std::string_view name, std::string_view value) {
    fields_ += (fields_.empty() ? "" : ", ") + quoted(name) + ": " + std::string(value);
    return *this;
  }
  [[nodiscard]] std::string whole() const { return "{" + fields_ + "}"; }

 private:
  std::string fields_;
};

std::string list(std::string_view name, const std::vector<std::string>& items) {
  std::string text = "  " + quoted(name) + ": [";
  for (std::size_t i = 0; i < items.size(); ++i) text += std::string(i == 0 ? "" : ",") + "\n    " + items[i];
  return text + (items.empty() ? "]" : "\n  ]");
}

std::string_view kind_word(PrincipalKind kind) {
  switch (kind) {
    case PrincipalKind::person: return "person";
    case PrincipalKind::agent: return "agent";
    case PrincipalKind::service: return "service";
    case PrincipalKind::group: return "group";
  }
  return "unknown";
}

}  // namespace

Result<std::string> Access::export_person(std::string_view name) {
  ATOLL_ASSIGN(const auto row, find_principal(name));
  const auto current = view();
  const AccessRows& rows = current->rows();
  Json account;
  account.text("id", row.id.text()).text("name", row.name).text("kind", kind_word(row.kind));
  account.text("display_name", row.display_name).text("email", row.email).time("created", row.created);
  account.flag("is_disabled", row.is_disabled).flag("has_password", !row.password_hash.empty());
  account.flag("has_one_time_codes", !row.totp_secret.empty());
  std::vector<std::string> groups, grants, tokens, keys, sessions, shares, quotas, records;
  for (const auto& one : rows.memberships) {
    const auto* const group = current->principal(one.group);
    if (one.member == row.id && group != nullptr)
      groups.push_back(Json().text("name", group->name).time("since", one.created).whole());
  }
  for (const auto& one : rows.grants) {
    if (one.subject != row.id) continue;
    grants.push_back(Json()
                         .text("id", one.id.text())
                         .text("role", one.role)
                         .text("bucket", one.place.bucket)
                         .text("prefix", one.place.prefix)
                         .flag("denies", one.denies)
                         .time("created", one.created)
                         .time("expires", one.expires)
                         .whole());
  }
  for (const auto& one : rows.tokens) {
    if (one.principal != row.id) continue;
    tokens.push_back(Json()
                         .text("id", one.id.text())
                         .text("label", one.label)
                         .time("created", one.created)
                         .time("expires", one.expires)
                         .number("last_used_day", one.last_used_day)
                         .whole());
  }
  for (const auto& one : rows.s3_keys) {
    if (one.principal != row.id) continue;
    keys.push_back(Json()
                       .text("access_key_id", one.access_key_id)
                       .text("label", one.label)
                       .time("created", one.created)
                       .number("last_used_day", one.last_used_day)
                       .whole());
  }
  for (const auto& one : rows.sessions) {
    if (one.principal != row.id) continue;
    sessions.push_back(
        Json().text("address", one.address).time("created", one.created).time("expires", one.expires).whole());
  }
  for (const auto& one : rows.shares) {
    if (one.made_by != row.id) continue;
    shares.push_back(Json()
                         .text("id", one.id.text())
                         .text("label", one.label)
                         .text("bucket", one.place.bucket)
                         .text("prefix", one.place.prefix)
                         .number("downloads", one.downloads)
                         .time("created", one.created)
                         .time("expires", one.expires)
                         .whole());
  }
  for (const auto& one : rows.quotas) {
    if (one.principal != row.id) continue;
    quotas.push_back(Json()
                         .text("bucket", one.bucket)
                         .number("bytes_max", one.bytes_max)
                         .number("objects_max", one.objects_max)
                         .whole());
  }
  AuditQuery query;
  query.actor = row.name;
  ATOLL_TRY(audit_->for_each(query, [&](const AuditRecord& one) -> Result<bool> {
    records.push_back(Json()
                          .time("time", one.time)
                          .text("action", one.action)
                          .text("address", one.address)
                          .text("bucket", one.bucket)
                          .text("key", one.key)
                          .flag("is_allowed", one.is_allowed)
                          .number("count", one.count)
                          .whole());
    return true;
  }));
  return "{\n  \"account\": " + account.whole() + ",\n" + list("groups", groups) + ",\n" + list("grants", grants) +
         ",\n" + list("tokens", tokens) + ",\n" + list("s3_keys", keys) + ",\n" + list("sessions", sessions) + ",\n" +
         list("links", shares) + ",\n" + list("quotas", quotas) + ",\n" + list("audit", records) + "\n}\n";
}

Result<Access::Erased> Access::erase_person(const Who& by, std::string_view name) {
  ATOLL_ASSIGN(const auto row, find_principal(name));
  const auto current = view();
  const AccessRows& rows = current->rows();
  Erased erased;
  erased.rows = 1;
  const auto count = [&](const auto& all, const auto& is_theirs) {
    erased.rows += static_cast<std::uint64_t>(std::ranges::count_if(all, is_theirs));
  };
  count(rows.memberships, [&](const auto& one) { return one.member == row.id || one.group == row.id; });
  count(rows.grants, [&](const auto& one) { return one.subject == row.id; });
  count(rows.tokens, [&](const auto& one) { return one.principal == row.id; });
  count(rows.s3_keys, [&](const auto& one) { return one.principal == row.id; });
  count(rows.sessions, [&](const auto& one) { return one.principal == row.id; });
  count(rows.shares, [&](const auto& one) { return one.made_by == row.id; });
  count(rows.quotas, [&](const auto& one) { return one.principal == row.id; });
  // The audit first: as long as the account is there, this can be done again.
  ATOLL_ASSIGN(erased.audit_records, audit_->erase_actor(row.name, "erased", by.name));
  ATOLL_TRY(remove_principal(by, row.name));
  return erased;
}

}  // namespace atl::access
