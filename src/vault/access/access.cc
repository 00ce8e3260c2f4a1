// Opening, signing in and deciding; what changes accounts is in accounts.cc.
#include "vault/access/access.h"

#include <algorithm>

namespace atl::access {
namespace {

constexpr std::size_t kDownloadsRememberedMax = 1'000;  // beyond that a download that goes on counts as another
constexpr std::int64_t kUsPerSecond = 1'000'000;
constexpr double kNameLoginsPerSecond = 1.0;
constexpr double kNameLoginBurst = 30.0;

tl::unexpected<Error> not_signed_in() {
  return fail(ErrorKind::wrong_key, "access.not_signed_in", "name and password, or the token, do not fit",
              "Sign in again; whoever manages the accounts can set a new password.");
}

tl::unexpected<Error> wait(std::uint64_t wait_ms, std::string id, std::string_view what) {
  return fail(ErrorKind::limit, std::move(id), std::string(what),
              "Try again in " + std::to_string((wait_ms + 999) / 1000) + " s.");
}

tl::unexpected<Error> password_is_issued() {
  return fail(ErrorKind::denied, "access.password_issued",
              "this password was given out by somebody else and serves to set another one, nothing more",
              "Sign in to the server's page, which asks for a new one; programs: PUT /api/v1/session/password.");
}

bool is_over(const Timestamp& expires, const Timestamp& now) { return expires.unix_us != 0 && expires <= now; }

std::uint32_t day_of(Timestamp time) {
  return static_cast<std::uint32_t>(std::max<std::int64_t>(time.unix_us, 0) / (86'400LL * kUsPerSecond));
}

}  // namespace

Access::Access(vault::Vault* control, const platform::Machine& machine, const AccessOptions& options)
    : control_(control), machine_(machine), options_(options), audit_(std::make_unique<Audit>(control, machine)) {}

Access::~Access() { ignore_error_on_purpose(tidy()); }

Result<std::unique_ptr<Access>> Access::open(vault::Vault* control, const platform::Machine& machine,
                                             const AccessOptions& options) {
  std::unique_ptr<Access> access(new Access(control, machine, options));
  // Stretching this takes as long as a real one, and nothing fits it: salt and hash are random.
  std::array<std::uint8_t, 16> salt{};
  std::array<std::uint8_t, 32> hash{};
  machine.random.fill(salt);
  machine.random.fill(hash);
  const auto bare = [](ByteView bytes) {
    std::string text = to_base64(bytes);
    while (text.ends_with('=')) text.pop_back();
    return text;
  };
  access->dummy_hash_ = "$argon2id$v=19$m=" + std::to_string(options.password_cost.memory_kib) +
                        ",t=" + std::to_string(options.password_cost.passes) + ",p=1$" + bare(salt) + "$" + bare(hash);
  ATOLL_TRY(access->load());
  return access;
}

Result<void> Access::load() {
  AccessRows rows;
  if (control_ != nullptr) {
    const auto reader = control_->reader();
    ATOLL_TRY(reader->begin_snapshot());
    ATOLL_ASSIGN(rows.principals, reader->all<catalog::PrincipalRow>());
    ATOLL_ASSIGN(rows.memberships, reader->all<catalog::MembershipRow>());
    ATOLL_ASSIGN(rows.roles, reader->all<catalog::RoleRow>());
    ATOLL_ASSIGN(rows.grants, reader->all<catalog::GrantRow>());
    ATOLL_ASSIGN(rows.tokens, reader->all<catalog::TokenRow>());
    ATOLL_ASSIGN(rows.s3_keys, reader->all<catalog::S3KeyRow>());
    ATOLL_ASSIGN(rows.sessions, reader->all<catalog::SessionRow>());
    ATOLL_ASSIGN(rows.shares, reader->all<catalog::ShareRow>());
    ATOLL_ASSIGN(rows.quotas, reader->all<catalog::QuotaRow>());
    ATOLL_ASSIGN(rows.settings, reader->all<catalog::HomeSettingRow>());
    reader->end_snapshot();
  }
  AuditThresholds thresholds;
  for (const auto& setting : rows.settings) {
    const std::uint64_t number = std::strtoull(setting.value.c_str(), nullptr, 10);
    if (setting.name == "alarm.failed_logins") thresholds.failed_logins = number;
    if (setting.name == "alarm.reads") thresholds.reads = number;
    if (setting.name == "alarm.removals") thresholds.removals = number;
    if (setting.name == "alarm.window_seconds") thresholds.window_seconds = number;
  }
  audit_->set_thresholds(thresholds);
  auto fresh = std::make_shared<const AccessView>(std::move(rows));
  const std::lock_guard lock(view_mutex_);
  view_.swap(fresh);  // the old one goes after the lock
  return {};
}

std::shared_ptr<const AccessView> Access::view() const {
  const std::lock_guard lock(view_mutex_);
  return view_;
}

Result<void> Access::change(const Who& by, const Build& build) {
  if (control_ == nullptr || !control_->is_writable())
    return fail(ErrorKind::conflict, "access.read_only", "accounts were opened for reading only");
  if (by.must_change_password) return password_is_issued();
  vault::Caller caller;
  caller.actor = by.name.empty() ? "nobody" : by.name;
  caller.origin = by.address;
  caller.request_id = by.request_id;
  ATOLL_TRY(control_->acting_for(std::move(caller))->commit(journal::CommandKind::access_change, build));
  return load();
}

Who Access::who_of(const catalog::PrincipalRow& row) {
  Who who;
  who.principal = row.id;
  who.name = row.name;
  who.kind = row.kind;
  return who;
}

void Access::note_sign_in(const std::string& name, const std::string& address, bool is_allowed,
                          std::string_view reason) {
  AuditRecord record;
  record.actor = name;
  record.address = address;
  record.action = "sign_in";
  record.is_allowed = is_allowed;
  record.reason = std::string(reason);
  audit_->note(std::move(record));
}

Result<void> Access::take_login(const std::string& address, const std::string& key) {
  const std::int64_t now_ns = machine_.clock.monotonic_ns();
  if (const auto wait_ms = lockout_.wait_ms(key, now_ns); wait_ms > 0)
    return wait(wait_ms, "access.wait", "too many failed sign-ins");
  if (const auto wait_ms =
          login_rate_.take("address " + address, options_.logins_per_second, options_.login_burst, now_ns);
      wait_ms > 0) {
    return wait(wait_ms, "access.wait", "too many sign-ins from this address");
  }
  return {};
}

Result<Who> Access::authenticate_token(std::string_view text) {
  const auto digest = digest_of_secret(text, kTokenKind);
  const auto now = view();
  const catalog::TokenRow* const token = digest ? now->token_of(*digest) : nullptr;
  const Timestamp time = machine_.clock.now();
  const catalog::PrincipalRow* const row = token != nullptr ? now->principal(token->principal) : nullptr;
  if (row == nullptr || is_over(token->expires, time)) return not_signed_in();
  if (row->is_disabled) return fail(ErrorKind::denied, "access.disabled", "the account " + row->name + " is disabled");
  Who who = who_of(*row);
  who.token = token->id;
  who.scopes = token->scopes;
  if (const std::uint32_t day = day_of(time); token->last_used_day != day) {
    const std::lock_guard lock(used_mutex_);
    used_tokens_[token->id] = day;
  }
  return who;
}

Result<Who> Access::authenticate_password(std::string_view name, std::string_view password, std::string_view code,
                                          const std::string& address) {
  const std::string key(name.substr(0, 64));
  const std::string place = key + '\0' + address;
  if (const auto taken = take_login(address, place); !taken) {
    note_sign_in(key, address, false, taken.error().id);
    return pass(taken.error());
  }
  // Many addresses that try one name share this; it locks nobody out for longer than a second.
  const std::int64_t now_ns = machine_.clock.monotonic_ns();
  if (const auto wait_ms = login_rate_.take("name " + key, kNameLoginsPerSecond, kNameLoginBurst, now_ns);
      wait_ms > 0) {
    note_sign_in(key, address, false, "access.wait");
    return wait(wait_ms, "access.wait", "too many sign-ins of this name");
  }
  const auto current = view();
  const catalog::PrincipalRow* const row = current->principal_named(name);
  const bool has_password = row != nullptr && !row->password_hash.empty() && password.size() <= kPasswordBytesMax;
  const auto fits = check_password(has_password ? row->password_hash : dummy_hash_,
                                   password.size() <= kPasswordBytesMax ? password : std::string_view{});
  const auto refuse = [&](std::string_view reason) {
    lockout_.note_failure(place, machine_.clock.monotonic_ns());
    note_sign_in(key, address, false, reason);
  };
  if (!fits && has_password) return pass(fits.error());
  if (!has_password || !fits || !*fits) {
    refuse("access.not_signed_in");
    return not_signed_in();
  }
  if (row->is_disabled) {
    note_sign_in(key, address, false, "access.disabled");
    return fail(ErrorKind::denied, "access.disabled", "the account " + row->name + " is disabled");
  }
  if (!row->totp_secret.empty()) {
    if (code.empty()) {
      return fail(ErrorKind::wrong_key, "access.code_needed", "a code of the authenticator app is needed",
                  "Give the six digits that it shows.");
    }
    ATOLL_ASSIGN(const Bytes secret, from_base32(row->totp_secret));
    const PrincipalId id = row->id;
    std::optional<std::uint64_t> step;
    {
      // A code is used once: whoever comes second finds it used.
      const std::lock_guard changing(change_mutex_);
      const auto* const newest = view()->principal(id);
      step = newest == nullptr ? std::nullopt : check_totp(secret, code, machine_.clock.now(), newest->totp_last_step);
      if (step && control_ != nullptr && control_->is_writable()) {
        catalog::PrincipalRow used = *newest;
        used.totp_last_step = *step;
        ATOLL_TRY(change(who_of(used), [&](const auto& /*context*/, vault::ChangeSet& changes) -> Result<void> {
          changes.put(used);
          return {};
        }));
      }
    }
    if (!step) {
      refuse("access.bad_code");
      return not_signed_in();
    }
  }
  lockout_.note_success(place);
  note_sign_in(key, address, true, "password");
  Who who = who_of(*row);
  who.address = address;
  who.must_change_password = row->is_password_issued;
  return who;
}

Result<NewSession> Access::open_session(const Who& who, const std::string& address) {
  NewSession fresh;
  auto secret = new_secret(machine_.random, kSessionKind);
  fresh.text = std::move(secret.text);
  fresh.row.digest = secret.digest;
  fresh.row.principal = who.principal;
  std::array<std::uint8_t, 16> mark{};
  machine_.random.fill(mark);
  fresh.row.request_mark = to_hex(mark);
  fresh.row.address = address;
  const std::lock_guard changing(change_mutex_);
  if (view()->principal(who.principal) == nullptr) return not_signed_in();
  Who by = who;
  by.must_change_password = false;  // a session is how another one can be set
  ATOLL_TRY(change(by, [&](const vault::CommitContext& /*context*/, vault::ChangeSet& changes) -> Result<void> {
    fresh.row.created = machine_.clock.now();
    fresh.row.expires.unix_us = fresh.row.created.unix_us + options_.session_seconds * kUsPerSecond;
    changes.put(fresh.row);
    return {};
  }));
  return fresh;
}

Result<Who> Access::authenticate_session(std::string_view text) {
  const auto digest = digest_of_secret(text, kSessionKind);
  const auto current = view();
  const catalog::SessionRow* const session = digest ? current->session_of(*digest) : nullptr;
  const catalog::PrincipalRow* const row = session != nullptr ? current->principal(session->principal) : nullptr;
  if (row == nullptr || is_over(session->expires, machine_.clock.now()) || session->created < row->sessions_valid_from)
    return not_signed_in();
  if (row->is_disabled) return fail(ErrorKind::denied, "access.disabled", "the account " + row->name + " is disabled");
  Who who = who_of(*row);
  who.request_mark = session->request_mark;
  who.must_change_password = row->is_password_issued;
  return who;
}

Result<void> Access::close_session(std::string_view text) {
  const auto digest = digest_of_secret(text, kSessionKind);
  const std::lock_guard changing(change_mutex_);
  const auto current = view();
  const catalog::SessionRow* const session = digest ? current->session_of(*digest) : nullptr;
  if (session == nullptr) return {};  // over already
  const auto* const row = current->principal(session->principal);
  return change(row != nullptr ? who_of(*row) : Who::nobody(),
                [&](const vault::CommitContext& /*context*/, vault::ChangeSet& changes) -> Result<void> {
                  changes.remove(*session);
                  return {};
                });
}

std::optional<S3Identity> Access::s3_key(std::string_view access_key_id) {
  const auto current = view();
  const catalog::S3KeyRow* const key = current->s3_key(access_key_id);
  const catalog::PrincipalRow* const row = key != nullptr ? current->principal(key->principal) : nullptr;
  if (row == nullptr || key->is_disabled || row->is_disabled) return std::nullopt;
  S3Identity identity;
  identity.who = who_of(*row);
  identity.who.only_vault = key->vault;
  identity.who.access_key_id = key->access_key_id;
  identity.secret = key->secret;
  identity.vault = key->vault;
  if (const std::uint32_t day = day_of(machine_.clock.now()); key->last_used_day != day) {
    const std::lock_guard lock(used_mutex_);
    used_s3_keys_[key->access_key_id] = day;
  }
  return identity;
}

Result<Who> Access::authenticate_share(std::string_view text, std::string_view password, const std::string& address) {
  const auto digest = digest_of_secret(text, kShareKind);
  const auto current = view();
  const catalog::ShareRow* const share = digest ? current->share_of(*digest) : nullptr;
  const catalog::PrincipalRow* const maker = share != nullptr ? current->principal(share->made_by) : nullptr;
  if (maker == nullptr || maker->is_disabled || is_over(share->expires, machine_.clock.now())) {
    return fail(ErrorKind::wrong_key, "share.not_found", "there is no such link, or it has ended",
                "Ask whoever sent it for a new one.");
  }
  const std::string name = "link " + share->id.text();
  if (!share->password_hash.empty()) {
    const std::string place = name + '\0' + address;
    ATOLL_TRY(take_login(address, place));
    if (password.empty()) return fail(ErrorKind::wrong_key, "share.password_needed", "this link needs a password");
    const bool is_short_enough = password.size() <= kPasswordBytesMax;
    ATOLL_ASSIGN(const bool fits,
                 check_password(share->password_hash, is_short_enough ? password : std::string_view{}));
    if (!is_short_enough || !fits) {
      lockout_.note_failure(place, machine_.clock.monotonic_ns());
      note_sign_in(name, address, false, "share.bad_password");
      return fail(ErrorKind::wrong_key, "share.bad_password", "the link's password does not fit");
    }
    lockout_.note_success(place);
  }
  Who who = who_of(*maker);
  who.name = name;
  who.address = address;
  who.share = *share;
  return who;
}

Result<void> Access::count_download(const ShareId& id) {
  const std::lock_guard changing(change_mutex_);
  const auto current = view();
  const auto found = std::ranges::find(current->rows().shares, id, &catalog::ShareRow::id);
  if (found == current->rows().shares.end()) return fail(ErrorKind::not_found, "share.not_found", "the link has ended");
  if (found->downloads_max == 0) return {};
  if (found->downloads >= found->downloads_max) {
    return fail(ErrorKind::limit, "share.used_up", "this link was used as often as it may be",
                "Ask whoever sent it for a new one.");
  }
  catalog::ShareRow counted = *found;
  ++counted.downloads;
  Who who;
  who.name = "link " + id.text();
  return change(who, [&](const vault::CommitContext& /*context*/, vault::ChangeSet& changes) -> Result<void> {
    changes.put(counted);
    return {};
  });
}

Result<void> Access::count_download(const ShareId& id, const DownloadPart& part) {
  const auto current = view();
  const auto found = std::ranges::find(current->rows().shares, id, &catalog::ShareRow::id);
  if (found != current->rows().shares.end() && found->downloads_max == 0) return {};
  const auto place = std::tuple(id, part.address, part.key);
  if (part.offset > 0) {
    const std::lock_guard lock(downloads_mutex_);
    const auto before = downloads_.find(place);
    if (before != downloads_.end() && before->second >= part.length) {
      before->second -= part.length;
      return {};
    }
  }
  ATOLL_TRY(count_download(id));
  const std::lock_guard lock(downloads_mutex_);
  if (downloads_.size() >= kDownloadsRememberedMax) downloads_.clear();
  downloads_[place] = 2 * part.size - std::min(2 * part.size, part.length);
  return {};
}

Decision Access::decide(const Who& who, Action action, const Resource& resource) const {
  return view()->decide(who, action, resource, machine_.clock.now());
}

Result<void> Access::require(const Who& who, Action action, const Resource& resource) const {
  const Decision decision = decide(who, action, resource);
  if (decision.allowed) return {};
  const std::string what = "to " + std::string(info_of(action).words) +
                           (resource.bucket.empty() ? "" : " in " + std::string(resource.bucket));
  if (decision.reason == "issued_password") return password_is_issued();
  if (decision.reason == "not_signed_in") {
    return fail(ErrorKind::wrong_key, "access.not_signed_in", "nobody signed in, and " + what + " needs an account",
                "Sign in, or send a token.");
  }
  std::string hint = "Whoever manages the accounts can allow it: atoll grant add.";
  if (const auto bucket = bucket_where_allowed(who, action, resource)) {
    hint = "They may in " + *bucket + ", and this is about " +
           (resource.vault.is_none() ? "the whole home" : "the whole vault") +
           ". Whoever manages the accounts can allow it: atoll grant add " + who.name + " ROLE, without a bucket.";
  }
  return fail(ErrorKind::denied, "access.denied", who.name + " may not " + what.substr(3), std::move(hint));
}

std::optional<std::string> Access::bucket_where_allowed(const Who& who, Action action, const Resource& resource) const {
  constexpr std::size_t kLooksMax = 64;  // of a grant each: this is asked by whoever is refused
  if (!resource.bucket.empty() || who.share || who.principal.is_none()) return std::nullopt;
  const auto current = view();
  std::size_t looks = 0;
  for (const catalog::GrantRow& grant : current->rows().grants) {
    if (grant.denies || grant.place.bucket.empty() || looks == kLooksMax) continue;
    const bool is_theirs = grant.subject == who.principal ||
                           std::ranges::any_of(current->rows().memberships, [&](const catalog::MembershipRow& row) {
                             return row.member == who.principal && row.group == grant.subject;
                           });
    if (!is_theirs) continue;
    ++looks;
    Resource narrower;
    narrower.vault = grant.place.vault;
    narrower.bucket = grant.place.bucket;
    narrower.key = grant.place.prefix;
    narrower.is_prefix = true;
    if (decide(who, action, narrower).allowed) return grant.place.bucket;
  }
  return std::nullopt;
}

Result<void> Access::take_request(const Who& who) {
  if (who.is_local_owner || who.principal.is_none()) return {};
  const auto current = view();
  const auto* const row = current->principal(who.principal);
  double per_second = row != nullptr ? row->requests_per_second_max : 0;
  double burst = per_second * 2;
  if (per_second == 0) {
    if (who.kind != PrincipalKind::agent && !current->acts_as_agent(who.principal)) return {};
    per_second = options_.agent_requests_per_second;
    burst = options_.agent_burst;
  }
  const auto wait_ms = request_rate_.take(who.principal.text(), per_second, burst, machine_.clock.monotonic_ns());
  if (wait_ms > 0) return wait(wait_ms, "access.too_many_requests", who.name + " asks too often");
  return {};
}

Result<void> Access::check_quota(const Who& who, const VaultId& vault, const std::string& bucket,
                                 std::uint64_t add_bytes, std::uint64_t add_objects) const {
  const auto current = view();
  for (const catalog::QuotaRow& quota : current->rows().quotas) {
    if (!quota.vault.is_none() && quota.vault != vault) continue;
    if (!quota.bucket.empty() && quota.bucket != bucket) continue;
    if (!quota.principal.is_none() && quota.principal != who.principal) continue;
    std::string actor;
    if (!quota.principal.is_none()) {
      const auto* const row = current->principal(quota.principal);
      if (row == nullptr) continue;
      actor = row->name;
    }
    const Used used = usage_.of(quota.vault, quota.bucket, actor);
    const auto passes = [](std::int64_t has, std::uint64_t adds, std::uint64_t max) {
      const auto now = static_cast<std::uint64_t>(std::max<std::int64_t>(has, 0));
      return max != 0 && adds > 0 && (now > max || adds > max - now);
    };
    const std::string whose =
        (actor.empty() ? "" : " of " + actor) + (quota.bucket.empty() ? "" : " in " + quota.bucket);
    if (passes(used.bytes, add_bytes, quota.bytes_max)) {
      return fail(ErrorKind::limit, "quota.exceeded",
                  "the quota" + whose + " is " + std::to_string(quota.bytes_max) + " bytes, " +
                      std::to_string(used.bytes) + " are used and " + std::to_string(add_bytes) +
                      " more were asked for",
                  "Remove something, or ask for more: atoll quota set.");
    }
    if (passes(used.objects, add_objects, quota.objects_max)) {
      return fail(ErrorKind::limit, "quota.exceeded",
                  "the quota" + whose + " is " + std::to_string(quota.objects_max) + " objects, and " +
                      std::to_string(used.objects) + " are there",
                  "Remove something, or ask for more: atoll quota set.");
    }
  }
  return {};
}

Result<void> Access::tidy() {
  ATOLL_TRY(audit_->flush());
  if (control_ == nullptr || !control_->is_writable()) return {};
  std::map<TokenId, std::uint32_t> tokens;
  std::map<std::string, std::uint32_t> s3_keys;
  {
    const std::lock_guard lock(used_mutex_);
    tokens.swap(used_tokens_);
    s3_keys.swap(used_s3_keys_);
  }
  const std::lock_guard changing(change_mutex_);
  const auto current = view();
  const Timestamp now = machine_.clock.now();
  constexpr std::size_t rows_max = 5'000;
  Who who;
  who.name = "atoll";
  const auto build = [&](const vault::CommitContext& /*context*/, vault::ChangeSet& changes) -> Result<void> {
    for (catalog::TokenRow row : current->rows().tokens) {
      const auto used = tokens.find(row.id);
      if (used == tokens.end() || changes.count() >= rows_max) continue;
      row.last_used_day = used->second;
      changes.put(row);
    }
    for (catalog::S3KeyRow row : current->rows().s3_keys) {
      const auto used = s3_keys.find(row.access_key_id);
      if (used == s3_keys.end() || changes.count() >= rows_max) continue;
      row.last_used_day = used->second;
      changes.put(row);
    }
    for (const catalog::SessionRow& row : current->rows().sessions) {
      if (is_over(row.expires, now) && changes.count() < rows_max) changes.remove(row);
    }
    return {};
  };
  const bool has_expired =
      std::ranges::any_of(current->rows().sessions, [&](const auto& row) { return is_over(row.expires, now); });
  if (tokens.empty() && s3_keys.empty() && !has_expired) return {};
  return change(who, build);
}

}  // namespace atl::access
