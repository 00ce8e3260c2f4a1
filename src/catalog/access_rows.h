// The rows of a home's own affairs: who there is, what they may do, what they sign in with, and what was done.
//
// Always true:
//  - They stand in the vault named `control` only, in its default domain. Few in number (audit batches apart), read
//    whole.
//  - As for every row (catalog/rows.h): decode(encode(row)) == row, fields of newer programs stay in `unknown`.
//  - What signs in is kept as a digest (tokens, sessions, links) or stretched (passwords). Three secrets have to be
//    known again and are kept as they are, in the sealed vault: S3 secrets, one-time-password secrets, request marks.
//  - Roles, actions and tiers are kept by name: rules written by a newer program say what they mean.
// Declared with numbers in spec/formats/rows.proto.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "catalog/keeping_rows.h"
#include "catalog/rows.h"
#include "foundation/codec/hash.h"
#include "store/journal/row_change.h"

namespace atl {

using PrincipalId = Uuid<struct PrincipalTag>;  // people, agents, services and groups
using GrantId = Uuid<struct GrantTag>;
using TokenId = Uuid<struct TokenTag>;
using ShareId = Uuid<struct ShareTag>;

}  // namespace atl

namespace atl::catalog {

enum class PrincipalKind : std::uint8_t { person = 1, agent = 2, service = 3, group = 4 };  // stored

struct PrincipalRow {  // key: id
  PrincipalId id;
  std::string name;  // unique among all kinds; what commands and records call it
  PrincipalKind kind = PrincipalKind::person;
  std::string display_name;
  std::string email;
  std::string password_hash;  // "$argon2id$v=19$m=…,t=…,p=1$salt$hash"; empty: no password
  std::string totp_secret;    // base32; empty: none (RFC 6238)
  bool is_disabled = false;
  Timestamp created;
  std::uint32_t requests_per_second_max = 0;  // 0: what the kind has (agents 50, others no limit)
  std::uint64_t totp_last_step = 0;           // a code of this or an earlier step is used up
  Timestamp sessions_valid_from;              // what was opened before (a password change) is over
  bool is_password_issued = false;            // somebody else knows it: to be changed before anything else is done
  Bytes unknown;
  friend bool operator==(const PrincipalRow&, const PrincipalRow&) = default;
};

struct MembershipRow {  // key: group id, member id
  PrincipalId group;
  PrincipalId member;  // no group
  Timestamp created;
  Bytes unknown;
  friend bool operator==(const MembershipRow&, const MembershipRow&) = default;
};

// One line of a role. Every condition that is set has to hold.
struct RoleRule {
  bool denies = false;               // a rule that denies wins over any that allows
  std::vector<std::string> actions;  // names; "*": all
  std::vector<std::string> tiers;    // "hot", "warm", "cold"; empty: any
  std::uint64_t age_seconds_min = 0;
  std::uint64_t age_seconds_max = 0;  // 0: no limit
  friend bool operator==(const RoleRule&, const RoleRule&) = default;
};

struct RoleRow {  // key: name
  std::string name;
  std::string description;
  std::vector<RoleRule> rules;
  Timestamp created;
  Bytes unknown;
  friend bool operator==(const RoleRow&, const RoleRow&) = default;
};

// Where a grant, a token's scope or a share holds: everything that is left empty holds everywhere.
struct AccessPlace {
  VaultId vault;
  std::string bucket;  // by name: also of one that is made later
  std::string prefix;  // of keys
  friend bool operator==(const AccessPlace&, const AccessPlace&) = default;
};

struct GrantRow {  // key: id
  GrantId id;
  PrincipalId subject;  // a principal or a group; kEveryone, kSignedIn
  std::string role;     // a preset or a role of this home
  AccessPlace place;
  bool denies = false;             // what the role allows is denied here
  std::vector<std::string> tiers;  // empty: any
  std::uint64_t age_seconds_max = 0;
  Timestamp expires;  // 0: never
  Timestamp created;
  std::string actor;
  Bytes unknown;
  friend bool operator==(const GrantRow&, const GrantRow&) = default;
};

// What a token may do at most: the role's actions, there.
struct TokenScope {
  std::string role;
  AccessPlace place;
  friend bool operator==(const TokenScope&, const TokenScope&) = default;
};

struct TokenRow {  // key: id
  TokenId id;
  codec::Digest digest{};  // BLAKE3 of the secret's 32 random bytes
  PrincipalId principal;
  std::string label;
  std::vector<TokenScope> scopes;  // empty: all that its principal may
  Timestamp created;
  Timestamp expires;                // 0: never
  std::uint32_t last_used_day = 0;  // days since 1970, UTC; 0: never used
  Bytes unknown;
  friend bool operator==(const TokenRow&, const TokenRow&) = default;
};

struct S3KeyRow {             // key: access key id
  std::string access_key_id;  // 20 of A-Z and 2-7, or as it was brought along: 16 to 128 of A-Z a-z 0-9 _
  std::string secret;         // SigV4 needs it as it is
  VaultId vault;
  PrincipalId principal;
  std::string label;
  bool is_disabled = false;
  Timestamp created;
  std::uint32_t last_used_day = 0;
  Bytes unknown;
  friend bool operator==(const S3KeyRow&, const S3KeyRow&) = default;
};

struct SessionRow {  // key: BLAKE3 of the cookie's 32 random bytes
  codec::Digest digest{};
  PrincipalId principal;
  std::string request_mark;  // against forged requests (CSRF): sent in a header with whatever changes something
  std::string address;
  Timestamp created;
  Timestamp expires;
  Bytes unknown;
  friend bool operator==(const SessionRow&, const SessionRow&) = default;
};

// A link that lets whoever has it read (or leave) something without an account.
struct ShareRow {  // key: id
  ShareId id;
  codec::Digest digest{};           // BLAKE3 of the link's 32 random bytes
  AccessPlace place;                // vault and bucket are set
  bool is_prefix = false;           // place.prefix is a prefix, else one key
  VersionId version;                // none: whatever is current
  bool takes_uploads = false;       // nothing is read; files may be left under the prefix
  std::string password_hash;        // empty: none
  std::uint64_t downloads_max = 0;  // 0: no limit
  std::uint64_t downloads = 0;
  PrincipalId made_by;  // the link ends where its maker's right ends
  std::string label;
  Timestamp created;
  Timestamp expires;  // 0: never
  Bytes unknown;
  friend bool operator==(const ShareRow&, const ShareRow&) = default;
};

struct QuotaRow {                 // key: vault id, principal id, bucket's name
  VaultId vault;                  // none: over all vaults together
  PrincipalId principal;          // none: whoever it is
  std::string bucket;             // empty: over all buckets together
  std::uint64_t bytes_max = 0;    // 0: no limit
  std::uint64_t objects_max = 0;  // 0: no limit
  Timestamp created;
  Bytes unknown;
  friend bool operator==(const QuotaRow&, const QuotaRow&) = default;
};

// Something that was done or refused without a command that says so itself: reads, sign-ins, refusals.
struct AuditRecord {
  Timestamp time;
  std::string actor;    // "" where nobody was signed in
  std::string address;  // from where
  std::string request_id;
  std::string action;  // an action's name, or "sign_in", "sign_out"
  VaultId vault;
  std::string bucket;
  std::string key;
  bool is_allowed = true;
  std::string reason;       // id of what decided
  std::uint64_t count = 1;  // of equal records one after the other
  std::uint64_t bytes = 0;
  friend bool operator==(const AuditRecord&, const AuditRecord&) = default;
};

struct AuditBatchRow {       // key: number, 8 bytes, big-endian
  std::uint64_t number = 0;  // dense, from 1
  codec::Digest previous{};  // chain of the batch before; zeros for the first
  codec::Digest chain{};     // BLAKE3(previous || number, big-endian || records)
  Bytes records;             // encoded one after the other, as they are chained
  std::uint64_t record_count = 0;
  Timestamp first_time;
  Timestamp last_time;
  Bytes unknown;
  friend bool operator==(const AuditBatchRow&, const AuditBatchRow&) = default;
};

// A value of the home itself: thresholds of alarms, the end of the audit chain.
struct HomeSettingRow {  // key: name
  std::string name;
  std::string value;
  Bytes unknown;
  friend bool operator==(const HomeSettingRow&, const HomeSettingRow&) = default;
};

// Stand for people in grants; no rows of theirs exist.
inline constexpr PrincipalId kEveryone{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};  // also who did not sign in
inline constexpr PrincipalId kSignedIn{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}};

[[nodiscard]] Bytes key_of(const PrincipalRow& row);
[[nodiscard]] Bytes key_of(const MembershipRow& row);
[[nodiscard]] Bytes key_of(const RoleRow& row);
[[nodiscard]] Bytes key_of(const GrantRow& row);
[[nodiscard]] Bytes key_of(const TokenRow& row);
[[nodiscard]] Bytes key_of(const S3KeyRow& row);
[[nodiscard]] Bytes key_of(const SessionRow& row);
[[nodiscard]] Bytes key_of(const ShareRow& row);
[[nodiscard]] Bytes key_of(const QuotaRow& row);
[[nodiscard]] Bytes key_of(const AuditBatchRow& row);
[[nodiscard]] Bytes key_of(const HomeSettingRow& row);
[[nodiscard]] Bytes encode(const PrincipalRow& row);
[[nodiscard]] Bytes encode(const MembershipRow& row);
[[nodiscard]] Bytes encode(const RoleRow& row);
[[nodiscard]] Bytes encode(const GrantRow& row);
[[nodiscard]] Bytes encode(const TokenRow& row);
[[nodiscard]] Bytes encode(const S3KeyRow& row);
[[nodiscard]] Bytes encode(const SessionRow& row);
[[nodiscard]] Bytes encode(const ShareRow& row);
[[nodiscard]] Bytes encode(const QuotaRow& row);
[[nodiscard]] Bytes encode(const AuditBatchRow& row);
[[nodiscard]] Bytes encode(const HomeSettingRow& row);
// Replaces `out`. `damaged` where a key or field cannot be.
[[nodiscard]] Result<void> decode(ByteView key, ByteView row, PrincipalRow& out);
[[nodiscard]] Result<void> decode(ByteView key, ByteView row, MembershipRow& out);
[[nodiscard]] Result<void> decode(ByteView key, ByteView row, RoleRow& out);
[[nodiscard]] Result<void> decode(ByteView key, ByteView row, GrantRow& out);
[[nodiscard]] Result<void> decode(ByteView key, ByteView row, TokenRow& out);
[[nodiscard]] Result<void> decode(ByteView key, ByteView row, S3KeyRow& out);
[[nodiscard]] Result<void> decode(ByteView key, ByteView row, SessionRow& out);
[[nodiscard]] Result<void> decode(ByteView key, ByteView row, ShareRow& out);
[[nodiscard]] Result<void> decode(ByteView key, ByteView row, QuotaRow& out);
[[nodiscard]] Result<void> decode(ByteView key, ByteView row, AuditBatchRow& out);
[[nodiscard]] Result<void> decode(ByteView key, ByteView row, HomeSettingRow& out);

// As they stand in AuditBatchRow::records.
void append_record(const AuditRecord& record, Bytes& records);
[[nodiscard]] Result<std::vector<AuditRecord>> decode_records(ByteView records);

template <>
inline constexpr journal::TableNumber kTableOf<PrincipalRow> = journal::TableNumber::principals;
template <>
inline constexpr journal::TableNumber kTableOf<MembershipRow> = journal::TableNumber::memberships;
template <>
inline constexpr journal::TableNumber kTableOf<RoleRow> = journal::TableNumber::roles;
template <>
inline constexpr journal::TableNumber kTableOf<GrantRow> = journal::TableNumber::grants;
template <>
inline constexpr journal::TableNumber kTableOf<TokenRow> = journal::TableNumber::tokens;
template <>
inline constexpr journal::TableNumber kTableOf<S3KeyRow> = journal::TableNumber::s3_keys;
template <>
inline constexpr journal::TableNumber kTableOf<SessionRow> = journal::TableNumber::sessions;
template <>
inline constexpr journal::TableNumber kTableOf<ShareRow> = journal::TableNumber::shares;
template <>
inline constexpr journal::TableNumber kTableOf<QuotaRow> = journal::TableNumber::quotas;
template <>
inline constexpr journal::TableNumber kTableOf<AuditBatchRow> = journal::TableNumber::audit_batches;
template <>
inline constexpr journal::TableNumber kTableOf<HomeSettingRow> = journal::TableNumber::home_settings;

}  // namespace atl::catalog
