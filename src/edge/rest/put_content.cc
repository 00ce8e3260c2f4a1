#include "edge/rest/put_content.h"

#include "edge/rest/answers.h"
#include "foundation/codec/hash.h"

namespace atl::rest {

using access::Action;

Result<void> check_conditions(const Call& call, const catalog::VersionRow* there) {
  if (!net::has_conditions(call.headers())) return {};
  const auto state = there == nullptr ? net::Representation{false, {}, {}} : representation(*there);
  const auto outcome =
      net::evaluate_conditions(call.headers(), call.request().method, state, call.exchange().now().unix_us / 1'000'000);
  if (outcome == net::Outcome::proceed) return {};
  return fail(ErrorKind::conflict, "http.precondition_failed",
              there == nullptr ? "there is no such object, and the request wants a certain one"
                               : "the object is now at version " + there->version.text(),
              "Look at it again before changing it.");
}

vault::Condition still_may_write(const Call& call, const std::string& bucket, const std::string& key,
                                 const VersionId& decided, vault::Condition check) {
  return [&call, bucket, key, decided, check = std::move(check)](const catalog::VersionRow* there) -> Result<void> {
    if (check) ATOLL_TRY(check(there));
    if (there == nullptr || !decided.is_none()) return {};
    if (call.may(Action::overwrite, bucket, key, false, call.age_seconds(*there)) &&
        call.may(Action::overwrite_for_good, bucket, key, false, call.age_seconds(*there))) {
      return {};
    }
    return fail(ErrorKind::conflict, "object.changed", bucket + "/" + key + " was stored by somebody else meanwhile",
                "Look at it, and try again.");
  };
}

void note_stored(const Call& call, const std::string& bucket, std::uint64_t size, const catalog::VersionRow* before) {
  if (before != nullptr) note_removed(call, bucket, *before);
  call.exchange().host.access().usage().note(call.vault_id(), bucket, call.exchange().caller().actor,
                                             {static_cast<std::int64_t>(size), 1});
}

void note_removed(const Call& call, const std::string& bucket, const catalog::VersionRow& before) {
  call.exchange().host.access().usage().note(call.vault_id(), bucket, before.actor,
                                             {-static_cast<std::int64_t>(before.size), -1});
}

Result<PutDone> put_content(Call& call, PutOrder order, const ReadSome& read) {
  ATOLL_TRY(vault::check_key(order.key));
  ATOLL_ASSIGN(const VersionId decided, call.require_write(order.bucket, order.key));
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  const auto reader = vault->reader();
  ATOLL_ASSIGN(const auto bucket, vault::bucket_state(*reader, order.bucket));
  const std::uint64_t objects_added = decided.is_none() ? 1 : 0;
  if (order.check) {
    ATOLL_ASSIGN(const auto there, reader->current(bucket.bucket.id, order.key));
    ATOLL_TRY(order.check(there ? &there->version : nullptr));
  }
  auto& access = call.exchange().host.access();
  ATOLL_TRY(access.check_quota(call.who(), call.vault_id(), order.bucket, order.length_hint, objects_added));
  codec::Sha256 sha256;
  std::uint64_t size = 0;
  const auto read_and_look = [&](ByteSpan out) -> Result<std::size_t> {
    ATOLL_ASSIGN(const std::size_t count, read(out));
    if (!order.sha256.empty()) sha256.update(out.first(count));
    size += count;
    // A body of unknown length is stopped where the quota ends.
    if (size > order.length_hint)
      ATOLL_TRY(access.check_quota(call.who(), call.vault_id(), order.bucket, size, objects_added));
    return count;
  };
  ATOLL_ASSIGN(auto stored, vault::store_content(*vault, bucket.bucket, order.length_hint, order.key, read_and_look));
  vault::NewVersion fresh;
  fresh.key = order.key;
  fresh.version = std::move(order.facts);
  fresh.version.kind = order.key.ends_with('/') && size == 0 ? catalog::EntryKind::marker : catalog::EntryKind::file;
  fresh.version.size = size;
  fresh.version.content = std::move(stored.content);
  if (!order.sha256.empty()) {
    if (to_hex(sha256.finish()) != order.sha256) {
      return fail(ErrorKind::usage, "http.digest_mismatch", "the content that came is not what its digest says",
                  "Send it again.");
    }
    fresh.version.checksums["sha256"] = order.sha256;
  }

  PutDone done;
  done.new_bytes = stored.new_bytes;
  std::optional<catalog::VersionRow> before;
  const VersionId id = platform::new_id<VersionId>(vault->machine());
  const auto check = still_may_write(call, order.bucket, order.key, decided, order.check);
  ATOLL_TRY(vault->commit_content([&](const vault::CommitContext& context, vault::ChangeSet& changes) -> Result<void> {
    ATOLL_ASSIGN(const auto now, vault::bucket_state(context.state, order.bucket));
    const auto look = [&](const catalog::VersionRow* there) -> Result<void> {
      ATOLL_TRY(check(there));
      if (there != nullptr) before = *there;
      return {};
    };
    ATOLL_ASSIGN(auto change, vault::stage_version(context, changes, now, fresh, id, vault->actor(), {}, look));
    done.listed = std::move(change.stored);
    return {};
  }));
  done.existed = before.has_value();
  note_stored(call, order.bucket, size, before ? &*before : nullptr);
  return done;
}

}  // namespace atl::rest
