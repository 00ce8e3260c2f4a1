// Who is this, may they do that: accounts, what they sign in with, and their rights, over the open control vault.
//
// Always true:
//  - Every change is one command of the control vault; when it is answered it is durable, and the next decision sees
//    it. Requests under way keep the view they began with.
//  - Secrets are returned once, when they are made; afterwards only S3 secrets and one-time-password secrets are known.
//  - Signing in takes the same work for names that exist and for those that do not, and says the same.
//  - Whoever signed in with a password that was given to them may do nothing but set one of their own: `denied`
//    "access.password_issued".
//  - The last way to administer is kept: nobody can remove or disable the last principal with the role `owner`
//    everywhere, where there is one.
// Errors of signing in are `wrong_key` (ids "access.not_signed_in", "access.code_needed"), `limit` ("access.wait", with
// the wait in the hint) and `denied` ("access.disabled"). Of changes: `usage`, `not_found`, `conflict`.
// Thread rules: any thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "vault/access/audit.h"
#include "vault/access/decision.h"
#include "vault/access/rate_limit.h"
#include "vault/access/sign_in.h"
#include "vault/access/usage.h"
#include "vault/vault.h"

namespace atl::access {

class PersonExport;
struct NamedVault;
struct UnreadVault;

struct AccessOptions {
  codec::PassphraseCost password_cost;
  std::int64_t session_seconds = 14LL * 86'400;
  double logins_per_second = 1.0;  // per address
  double login_burst = 10.0;
  double agent_requests_per_second = 50.0;
  double agent_burst = 100.0;
};

// A secret and the row it belongs to. The text is shown once and nowhere kept.
struct NewToken {
  catalog::TokenRow row;
  std::string text;
};
struct NewSession {
  catalog::SessionRow row;
  std::string text;  // for the cookie
};
struct NewShare {
  catalog::ShareRow row;
  std::string text;  // for the link
};
struct S3Identity {
  Who who;
  std::string secret;
  VaultId vault;
};

// A password that somebody else gives to a person. One's own choice holds for good.
enum class PasswordHolds : bool {
  until_sign_in,  // with it nothing can be done but setting another one
  for_good,
};

struct NewPrincipal {
  std::string name;  // 1 to 64 of a-z 0-9 . _ @ -, beginning with a letter or digit
  PrincipalKind kind = PrincipalKind::person;
  std::string display_name;
  std::string email;
  std::string password;  // empty: none; of a person: to be changed at the first sign-in, unless
  PasswordHolds password_holds = PasswordHolds::until_sign_in;
  std::uint32_t requests_per_second_max = 0;
};

class Access {
 public:
  // `control` is open and outlives this object. Null: a home without accounts, where nobody signs in and only the local
  // owner may do anything.
  [[nodiscard]] static Result<std::unique_ptr<Access>> open(vault::Vault* control, const platform::Machine& machine,
                                                            const AccessOptions& options);
  Access(const Access&) = delete;
  Access& operator=(const Access&) = delete;
  Access(Access&&) = delete;
  Access& operator=(Access&&) = delete;
  ~Access();

  // --- Who is this?
  // "atl_…", from `Authorization: Bearer`.
  [[nodiscard]] Result<Who> authenticate_token(std::string_view text);
  // `code` of the authenticator app, or empty. Where one is needed and missing: "access.code_needed", and only after
  // the password was right.
  [[nodiscard]] Result<Who> authenticate_password(std::string_view name, std::string_view password,
                                                  std::string_view code, const std::string& address);
  [[nodiscard]] Result<NewSession> open_session(const Who& who, const std::string& address);
  [[nodiscard]] Result<Who> authenticate_session(std::string_view text);
  [[nodiscard]] Result<void> close_session(std::string_view text);
  // None where there is no such key, or it or its principal is disabled. The caller checks the signature.
  [[nodiscard]] std::optional<S3Identity> s3_key(std::string_view access_key_id);
  // `password` where the link has one. Counts nothing: see count_download().
  [[nodiscard]] Result<Who> authenticate_share(std::string_view text, std::string_view password,
                                               const std::string& address);
  // Before a download through a link is answered; `limit` "share.used_up" where none is left.
  [[nodiscard]] Result<void> count_download(const ShareId& id);
  // The same for a part of a file. What goes on where a download was broken off is that download, for the same address
  // and up to twice the file's bytes in all; anything else is another one.
  struct DownloadPart {
    std::string key, address;
    std::uint64_t offset = 0, length = 0, size = 0;
  };
  [[nodiscard]] Result<void> count_download(const ShareId& id, const DownloadPart& part);

  // --- May they do that?
  [[nodiscard]] Decision decide(const Who& who, Action action, const Resource& resource) const;
  // The same as an error: `denied` "access.denied", or `wrong_key` "access.not_signed_in" where nobody signed in.
  [[nodiscard]] Result<void> require(const Who& who, Action action, const Resource& resource) const;
  // For many decisions about one state, without a lock.
  [[nodiscard]] std::shared_ptr<const AccessView> view() const;
  // Agents, and whoever has a cap of their own: `limit` "access.too_many_requests", the wait in the hint.
  [[nodiscard]] Result<void> take_request(const Who& who);

  // --- How much may they store? `limit` "quota.exceeded", naming the quota. Asked before a write; what was committed
  // is noted in usage() (see there for what is exact).
  [[nodiscard]] Result<void> check_quota(const Who& who, const VaultId& vault, const std::string& bucket,
                                         std::uint64_t add_bytes, std::uint64_t add_objects) const;
  [[nodiscard]] Usage& usage() { return usage_; }

  // --- Accounts. `by` is whom the command names; whether they may is the caller's to ask first.
  [[nodiscard]] Result<catalog::PrincipalRow> add_principal(const Who& by, const NewPrincipal& fresh);
  // `usage` "access.bad_password" (too short or long), "access.common_password", "access.same_password" (where another
  // one than the issued one is asked for).
  [[nodiscard]] Result<void> set_password(const Who& by, std::string_view name, std::string_view password,
                                          PasswordHolds holds = PasswordHolds::until_sign_in);
  [[nodiscard]] Result<void> set_disabled(const Who& by, std::string_view name, bool is_disabled);
  struct PrincipalChange {
    std::optional<std::string> display_name, email;
    std::optional<std::uint32_t> requests_per_second_max;
  };
  [[nodiscard]] Result<void> change_principal(const Who& by, std::string_view name, const PrincipalChange& change);
  // With its memberships, grants, tokens, keys, sessions, links and quotas.
  [[nodiscard]] Result<void> remove_principal(const Who& by, std::string_view name);
  // A new secret for the app (base32); it counts once a code of it was given to confirm_totp().
  [[nodiscard]] std::string new_totp_secret();
  [[nodiscard]] Result<void> confirm_totp(const Who& by, std::string_view name, const std::string& secret,
                                          std::string_view code);
  [[nodiscard]] Result<void> remove_totp(const Who& by, std::string_view name);

  [[nodiscard]] Result<void> add_member(const Who& by, std::string_view group, std::string_view member);
  [[nodiscard]] Result<void> remove_member(const Who& by, std::string_view group, std::string_view member);
  // Made, or its rules replaced.
  [[nodiscard]] Result<void> put_role(const Who& by, catalog::RoleRow role);
  [[nodiscard]] Result<void> remove_role(const Who& by, const std::string& name);  // `conflict` while it is granted
  // `subject`: a principal's or group's name, "everyone", "signed-in". id and times are filled in.
  [[nodiscard]] Result<catalog::GrantRow> add_grant(const Who& by, std::string_view subject, catalog::GrantRow grant);
  [[nodiscard]] Result<void> remove_grant(const Who& by, const GrantId& id);

  [[nodiscard]] Result<NewToken> create_token(const Who& by, std::string_view principal, const std::string& label,
                                              std::vector<catalog::TokenScope> scopes, Timestamp expires);
  [[nodiscard]] Result<void> revoke_token(const Who& by, const TokenId& id);
  // With a key id and secret brought along where both are given.
  [[nodiscard]] Result<catalog::S3KeyRow> create_s3_key(const Who& by, std::string_view principal, const VaultId& vault,
                                                        const std::string& label, const std::string& access_key_id = {},
                                                        const std::string& secret = {});
  [[nodiscard]] Result<void> revoke_s3_key(const Who& by, const std::string& access_key_id);
  // place, is_prefix, version, takes_uploads, downloads_max, label and expires are taken from `share`.
  [[nodiscard]] Result<NewShare> create_share(const Who& by, const catalog::ShareRow& share, std::string_view password);
  [[nodiscard]] Result<void> revoke_share(const Who& by, const ShareId& id);
  // Both limits 0: the quota is removed.
  [[nodiscard]] Result<void> set_quota(const Who& by, const catalog::QuotaRow& quota);
  [[nodiscard]] Result<void> set_home_setting(const Who& by, const std::string& name, const std::string& value);

  // Policy and access list of a bucket: `change` gets what is said of it now (of a bucket of that id; of an earlier one
  // of the same name nothing is left), and its error changes nothing. Where nothing is left to say the setting goes.
  [[nodiscard]] Result<void> change_bucket_access(const Who& by, const VaultId& vault, std::string_view bucket,
                                                  const BucketId& id,
                                                  const std::function<Result<void>(BucketAccess&)>& change);
  // Read as it would be taken: with the accounts of now. `usage` "bucket_policy.malformed".
  [[nodiscard]] Result<BucketPolicy> read_policy(std::string_view document, std::string_view bucket) const;

  // --- All about one person, as JSON (vault/access/person_export.h); and its end. What others need to go on (the
  // number of a change, its time) stays. Without vaults only the account, its rights and the records of it. May not
  // outlive this, nor the vaults.
  [[nodiscard]] Result<std::unique_ptr<PersonExport>> begin_export(std::string_view name);
  [[nodiscard]] Result<std::unique_ptr<PersonExport>> begin_export(std::string_view name,
                                                                   std::vector<NamedVault> vaults,
                                                                   std::vector<UnreadVault> left_out);
  struct Erased {
    std::uint64_t rows = 0;
    std::uint64_t audit_records = 0;  // in which name and address were replaced
  };
  // remove_principal(), and name and address replaced in the audit (whose chain is made anew from there, with a record
  // that says so).
  [[nodiscard]] Result<Erased> erase_person(const Who& by, std::string_view name);

  // Expired sessions, and last-used days: now and then, by the server's clock.
  [[nodiscard]] Result<void> tidy();

  [[nodiscard]] Audit& audit() { return *audit_; }
  // The vault that holds all this; null where there is none.
  [[nodiscard]] vault::Vault* control() const { return control_; }

 private:
  using Build = std::function<Result<void>(const vault::CommitContext&, vault::ChangeSet&)>;
  Access(vault::Vault* control, const platform::Machine& machine, const AccessOptions& options);
  // One command, and the view anew.
  [[nodiscard]] Result<void> change(const Who& by, const Build& build);
  [[nodiscard]] Result<void> load();
  [[nodiscard]] Result<catalog::PrincipalRow> find_principal(std::string_view name) const;
  // Of a refusal that is about more than one bucket: one in which they may, for the words of it.
  [[nodiscard]] std::optional<std::string> bucket_where_allowed(const Who& who, Action action,
                                                                const Resource& resource) const;
  void note_sign_in(const std::string& name, const std::string& address, bool is_allowed, std::string_view reason);
  [[nodiscard]] Result<void> take_login(const std::string& address, const std::string& key);
  [[nodiscard]] static Who who_of(const catalog::PrincipalRow& row);

  vault::Vault* control_;
  platform::Machine machine_;
  AccessOptions options_;
  std::string dummy_hash_;  // checked where a name does not exist
  Usage usage_;
  RateLimit login_rate_, request_rate_;
  Lockout lockout_;
  std::unique_ptr<Audit> audit_;

  std::mutex downloads_mutex_;
  // Guarded by downloads_mutex_: link, address and key of what was counted -> bytes that go with it.
  std::map<std::tuple<ShareId, std::string, std::string>, std::uint64_t> downloads_;
  std::mutex change_mutex_;  // one change at a time; taken before view_mutex_
  mutable std::mutex view_mutex_;
  std::shared_ptr<const AccessView> view_;  // guarded by view_mutex_
  std::mutex used_mutex_;
  std::map<TokenId, std::uint32_t> used_tokens_;       // guarded by used_mutex_; last-used days not written yet
  std::map<std::string, std::uint32_t> used_s3_keys_;  // guarded by used_mutex_
};

}  // namespace atl::access
