#include "catalog/access_rows.h"

#include "catalog/internal/row_fields.h"

namespace atl::catalog {
namespace {

constexpr std::size_t kIdBytes = 16;
constexpr std::size_t kDigestBytes = 32;

tl::unexpected<Error> bad_key(std::string_view what) {
  return fail(ErrorKind::damaged, "row.bad_key", "the key of " + std::string(what) + " is damaged",
              "Run `atoll verify` to see what is affected.");
}

// Field numbers as in spec/formats/rows.proto: stored, never renumbered. What stands in the key is not repeated.
template <class Fields, class Rule>
void describe_rule(Fields& fields, Rule& rule) {
  fields.number(1, rule.denies);
  fields.texts(2, rule.actions);
  fields.texts(3, rule.tiers);
  fields.number(4, rule.age_seconds_min);
  fields.number(5, rule.age_seconds_max);
}

template <class Fields, class Scope>
void describe_scope(Fields& fields, Scope& scope) {
  fields.text(1, scope.role);
  fields.id(2, scope.place.vault);
  fields.text(3, scope.place.bucket);
  fields.text(4, scope.place.prefix);
}

template <class Fields, class Record>
void describe_record(Fields& fields, Record& record) {
  fields.time(1, record.time);
  fields.text(2, record.actor);
  fields.text(3, record.address);
  fields.text(4, record.request_id);
  fields.text(5, record.action);
  fields.id(6, record.vault);
  fields.text(7, record.bucket);
  fields.text(8, record.key);
  fields.number(9, record.is_allowed);
  fields.text(10, record.reason);
  fields.number(11, record.count);
  fields.number(12, record.bytes);
}

template <class Fields, class Row>
void describe(Fields& fields, Row& row, const PrincipalRow* /*which*/) {
  fields.text(1, row.name);
  fields.enumeration(2, row.kind);
  fields.text(3, row.display_name);
  fields.text(4, row.email);
  fields.text(5, row.password_hash);
  fields.text(6, row.totp_secret);
  fields.number(7, row.is_disabled);
  fields.time(8, row.created);
  fields.number(9, row.requests_per_second_max);
  fields.number(10, row.totp_last_step);
  fields.time(11, row.sessions_valid_from);
  fields.number(12, row.is_password_issued);
  fields.rest(row.unknown);
}

template <class Fields, class Row>
void describe(Fields& fields, Row& row, const MembershipRow* /*which*/) {
  fields.time(1, row.created);
  fields.rest(row.unknown);
}

template <class Fields, class Row>
void describe(Fields& fields, Row& row, const RoleRow* /*which*/) {
  fields.text(1, row.description);
  fields.messages(2, row.rules, [](auto& inner, auto& value) { describe_rule(inner, value); });
  fields.time(3, row.created);
  fields.rest(row.unknown);
}

template <class Fields, class Row>
void describe(Fields& fields, Row& row, const GrantRow* /*which*/) {
  fields.id(1, row.subject);
  fields.text(2, row.role);
  fields.id(3, row.place.vault);
  fields.text(4, row.place.bucket);
  fields.text(5, row.place.prefix);
  fields.number(6, row.denies);
  fields.texts(7, row.tiers);
  fields.number(8, row.age_seconds_max);
  fields.time(9, row.expires);
  fields.time(10, row.created);
  fields.text(11, row.actor);
  fields.rest(row.unknown);
}

template <class Fields, class Row>
void describe(Fields& fields, Row& row, const TokenRow* /*which*/) {
  fields.id(1, row.digest);
  fields.id(2, row.principal);
  fields.text(3, row.label);
  fields.messages(4, row.scopes, [](auto& inner, auto& value) { describe_scope(inner, value); });
  fields.time(5, row.created);
  fields.time(6, row.expires);
  fields.number(7, row.last_used_day);
  fields.rest(row.unknown);
}

template <class Fields, class Row>
void describe(Fields& fields, Row& row, const S3KeyRow* /*which*/) {
  fields.text(1, row.secret);
  fields.id(2, row.vault);
  fields.id(3, row.principal);
  fields.text(4, row.label);
  fields.number(5, row.is_disabled);
  fields.time(6, row.created);
  fields.number(7, row.last_used_day);
  fields.rest(row.unknown);
}

template <class Fields, class Row>
void describe(Fields& fields, Row& row, const SessionRow* /*which*/) {
  fields.id(1, row.principal);
  fields.text(2, row.request_mark);
  fields.text(3, row.address);
  fields.time(4, row.created);
  fields.time(5, row.expires);
  fields.rest(row.unknown);
}

template <class Fields, class Row>
void describe(Fields& fields, Row& row, const ShareRow* /*which*/) {
  fields.id(1, row.digest);
  fields.id(2, row.place.vault);
  fields.text(3, row.place.bucket);
  fields.text(4, row.place.prefix);
  fields.number(5, row.is_prefix);
  fields.id(6, row.version);
  fields.number(7, row.takes_uploads);
  fields.text(8, row.password_hash);
  fields.number(9, row.downloads_max);
  fields.number(10, row.downloads);
  fields.id(11, row.made_by);
  fields.text(12, row.label);
  fields.time(13, row.created);
  fields.time(14, row.expires);
  fields.rest(row.unknown);
}

template <class Fields, class Row>
void describe(Fields& fields, Row& row, const QuotaRow* /*which*/) {
  fields.number(1, row.bytes_max);
  fields.number(2, row.objects_max);
  fields.time(3, row.created);
  fields.rest(row.unknown);
}

template <class Fields, class Row>
void describe(Fields& fields, Row& row, const AuditBatchRow* /*which*/) {
  fields.id(1, row.previous);
  fields.id(2, row.chain);
  fields.raw(3, row.records);
  fields.number(4, row.record_count);
  fields.time(5, row.first_time);
  fields.time(6, row.last_time);
  fields.rest(row.unknown);
}

template <class Fields, class Row>
void describe(Fields& fields, Row& row, const HomeSettingRow* /*which*/) {
  fields.text(1, row.value);
  fields.rest(row.unknown);
}

template <class Row>
Bytes encode_row(const Row& row) {
  Bytes out;
  Writing fields(out);
  describe(fields, row, static_cast<const Row*>(nullptr));
  return out;
}

template <class Row>
Result<void> decode_row(ByteView row, std::string_view what, Row& out) {
  return read_fields(row, what, [&](Reading& fields) { describe(fields, out, static_cast<const Row*>(nullptr)); });
}

Result<std::string> name_from(ByteView key, std::string_view what) {
  if (key.empty()) return bad_key(what);
  return to_string(key);
}

template <class... Parts>
Bytes joined(const Parts&... parts) {
  Bytes key;
  (key.insert(key.end(), parts.begin(), parts.end()), ...);
  return key;
}

}  // namespace

Bytes key_of(const PrincipalRow& row) { return to_bytes(row.id.view()); }
Bytes key_of(const MembershipRow& row) { return joined(row.group.bytes, row.member.bytes); }
Bytes key_of(const RoleRow& row) { return to_bytes(as_bytes(row.name)); }
Bytes key_of(const GrantRow& row) { return to_bytes(row.id.view()); }
Bytes key_of(const TokenRow& row) { return to_bytes(row.id.view()); }
Bytes key_of(const S3KeyRow& row) { return to_bytes(as_bytes(row.access_key_id)); }
Bytes key_of(const SessionRow& row) { return to_bytes(ByteView(row.digest)); }
Bytes key_of(const ShareRow& row) { return to_bytes(row.id.view()); }
Bytes key_of(const QuotaRow& row) { return joined(row.vault.bytes, row.principal.bytes, as_bytes(row.bucket)); }
Bytes key_of(const AuditBatchRow& row) {
  Bytes key;
  append_be64(key, row.number);
  return key;
}
Bytes key_of(const HomeSettingRow& row) { return to_bytes(as_bytes(row.name)); }

Bytes encode(const PrincipalRow& row) { return encode_row(row); }
Bytes encode(const MembershipRow& row) { return encode_row(row); }
Bytes encode(const RoleRow& row) { return encode_row(row); }
Bytes encode(const GrantRow& row) { return encode_row(row); }
Bytes encode(const TokenRow& row) { return encode_row(row); }
Bytes encode(const S3KeyRow& row) { return encode_row(row); }
Bytes encode(const SessionRow& row) { return encode_row(row); }
Bytes encode(const ShareRow& row) { return encode_row(row); }
Bytes encode(const QuotaRow& row) { return encode_row(row); }
Bytes encode(const AuditBatchRow& row) { return encode_row(row); }
Bytes encode(const HomeSettingRow& row) { return encode_row(row); }

Result<void> decode(ByteView key, ByteView row, PrincipalRow& out) {
  out = {};
  out.kind = {};
  ATOLL_ASSIGN(out.id, PrincipalId::from_view(key));
  ATOLL_TRY(decode_row(row, "an account", out));
  if (out.kind < PrincipalKind::person || out.kind > PrincipalKind::group)
    return fail(ErrorKind::unsupported, "row.newer", "an account is of a kind that this program does not know",
                "Use the version of Atoll that made it, or a newer one.");
  return {};
}
Result<void> decode(ByteView key, ByteView row, MembershipRow& out) {
  out = {};
  if (key.size() != 2 * kIdBytes) return bad_key("a membership");
  ATOLL_ASSIGN(out.group, PrincipalId::from_view(key.first(kIdBytes)));
  ATOLL_ASSIGN(out.member, PrincipalId::from_view(key.subspan(kIdBytes)));
  return decode_row(row, "a membership", out);
}
Result<void> decode(ByteView key, ByteView row, RoleRow& out) {
  out = {};
  ATOLL_ASSIGN(out.name, name_from(key, "a role"));
  return decode_row(row, "a role", out);
}
Result<void> decode(ByteView key, ByteView row, GrantRow& out) {
  out = {};
  ATOLL_ASSIGN(out.id, GrantId::from_view(key));
  return decode_row(row, "a grant", out);
}
Result<void> decode(ByteView key, ByteView row, TokenRow& out) {
  out = {};
  ATOLL_ASSIGN(out.id, TokenId::from_view(key));
  return decode_row(row, "a token", out);
}
Result<void> decode(ByteView key, ByteView row, S3KeyRow& out) {
  out = {};
  ATOLL_ASSIGN(out.access_key_id, name_from(key, "an S3 key"));
  return decode_row(row, "an S3 key", out);
}
Result<void> decode(ByteView key, ByteView row, SessionRow& out) {
  out = {};
  if (key.size() != kDigestBytes) return bad_key("a session");
  std::ranges::copy(key, out.digest.begin());
  return decode_row(row, "a session", out);
}
Result<void> decode(ByteView key, ByteView row, ShareRow& out) {
  out = {};
  ATOLL_ASSIGN(out.id, ShareId::from_view(key));
  return decode_row(row, "a link", out);
}
Result<void> decode(ByteView key, ByteView row, QuotaRow& out) {
  out = {};
  if (key.size() < 2 * kIdBytes) return bad_key("a quota");
  ATOLL_ASSIGN(out.vault, VaultId::from_view(key.first(kIdBytes)));
  ATOLL_ASSIGN(out.principal, PrincipalId::from_view(key.subspan(kIdBytes, kIdBytes)));
  out.bucket = to_string(key.subspan(2 * kIdBytes));
  return decode_row(row, "a quota", out);
}
Result<void> decode(ByteView key, ByteView row, AuditBatchRow& out) {
  out = {};
  if (key.size() != sizeof(std::uint64_t)) return bad_key("a batch of audit records");
  out.number = load_be64(key.data());
  return decode_row(row, "a batch of audit records", out);
}
Result<void> decode(ByteView key, ByteView row, HomeSettingRow& out) {
  out = {};
  ATOLL_ASSIGN(out.name, name_from(key, "a setting of the home"));
  return decode_row(row, "a setting of the home", out);
}

void append_record(const AuditRecord& record, Bytes& records) {
  Bytes inner;
  Writing fields(inner);
  describe_record(fields, record);
  FieldWriter(records).put_bytes_always(1, inner);
}

Result<std::vector<AuditRecord>> decode_records(ByteView records) {
  std::vector<AuditRecord> out;
  FieldReader reader(records, "audit records");
  while (reader.next()) {
    if (reader.field() != 1) continue;
    AuditRecord& record = out.emplace_back();
    record.is_allowed = false;
    record.count = 0;
    FieldReader inner(reader.as_view(), "an audit record");
    while (inner.next()) {
      Reading fields(inner);
      describe_record(fields, record);
      if (fields.is_bad()) {
        return fail(ErrorKind::damaged, "row.bad_field", "an audit record holds a value that cannot be",
                    "Run `atoll verify` to see what is affected.");
      }
    }
    ATOLL_TRY(inner.status());
  }
  ATOLL_TRY(reader.status());
  return out;
}

}  // namespace atl::catalog
