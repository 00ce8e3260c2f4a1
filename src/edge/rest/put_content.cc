#include "edge/rest/put_content.h"

#include "edge/rest/answers.h"
#include "foundation/codec/hash.h"
#include "vault/object/content.h"

namespace atl::rest {
namespace {

using access::Action;

// What the counters of quotas have to learn of a committed change.
void note_usage(const Call& call, const catalog::BucketRow& bucket, const catalog::VersionRow& now,
                const std::optional<catalog::VersionRow>& before) {
  auto& usage = call.exchange().host.access().usage();
  if (before) usage.note(call.vault_id(), bucket.name, before->actor, {-static_cast<std::int64_t>(before->size), -1});
  usage.note(call.vault_id(), bucket.name, now.actor, {static_cast<std::int64_t>(now.size), 1});
}

}  // namespace

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

Result<PutDone> put_content(Call& call, PutOrder order, const ReadSome& read) {
  ATOLL_TRY(vault::check_key(order.key));
  ATOLL_ASSIGN(const VersionId expected, call.require_write(order.bucket, order.key));
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(const auto bucket, vault::Objects(*vault).bucket(order.bucket));
  {
    const auto reader = vault->reader();
    ATOLL_ASSIGN(const auto there, reader->current(bucket.id, order.key));
    if (order.check) ATOLL_TRY(order.check(there ? &there->version : nullptr));
  }
  auto& access = call.exchange().host.access();
  ATOLL_TRY(
      access.check_quota(call.who(), call.vault_id(), bucket.name, order.length_hint, expected.is_none() ? 1 : 0));
  ATOLL_TRY(vault->check_room(order.length_hint));
  const codec::GearTable* const gear = vault->gear(bucket.domain);
  if (gear == nullptr) {
    return fail(ErrorKind::wrong_key, "bucket.no_keys",
                "the keys of bucket \"" + bucket.name + "\" are gone: nothing can be stored in it");
  }
  const auto use = vault->chunks().begin_use();
  const auto chunks = vault->chunks().new_writer(bucket.domain, chunk::Temperature::warm);
  vault::ContentWriter writer(*chunks, bucket.domain, *gear);
  writer.begin(vault::choose_cutter(order.length_hint, order.key));
  codec::Sha256 sha256;
  std::uint64_t size = 0;
  for (;;) {
    const ByteSpan space = writer.space();
    ATOLL_ASSIGN(const std::size_t count, read(space));
    if (count == 0) break;
    if (!order.sha256.empty()) sha256.update(space.first(count));
    size += count;
    ATOLL_TRY(writer.advance(count));
    // A body of unknown length is stopped where the quota ends.
    if (size > order.length_hint)
      ATOLL_TRY(access.check_quota(call.who(), call.vault_id(), bucket.name, size, expected.is_none() ? 1 : 0));
  }
  vault::NewVersion fresh;
  fresh.key = order.key;
  fresh.version = std::move(order.facts);
  fresh.version.kind = order.key.ends_with('/') && size == 0 ? catalog::EntryKind::marker : catalog::EntryKind::file;
  fresh.version.size = size;
  if (!order.sha256.empty()) {
    if (to_hex(sha256.finish()) != order.sha256) {
      return fail(ErrorKind::usage, "http.digest_mismatch", "the content that came is not what its digest says",
                  "Send it again.");
    }
    fresh.version.checksums["sha256"] = order.sha256;
  }
  ATOLL_ASSIGN(fresh.version.content, writer.finish());
  if (fresh.version.modified == FileTime{}) {
    const Timestamp now = call.exchange().now();
    fresh.version.modified = {now.unix_us / 1'000'000, static_cast<std::uint32_t>(now.unix_us % 1'000'000 * 1000)};
  }
  fresh.version.mode = 0644;

  PutDone done;
  std::optional<catalog::VersionRow> before;
  const VersionId id = platform::new_id<VersionId>(vault->machine());
  ATOLL_TRY(vault->commit_content([&](const vault::CommitContext& context, vault::ChangeSet& changes) -> Result<void> {
    ATOLL_ASSIGN(const auto still, context.state.bucket(bucket.id));
    if (!still) return fail(ErrorKind::not_found, "bucket.not_found", "the bucket was removed meanwhile");
    ATOLL_ASSIGN(auto there, context.state.current(bucket.id, order.key));
    if (order.check) ATOLL_TRY(order.check(there ? &there->version : nullptr));
    // Somebody was quicker: storing has become overwriting, which may need another right.
    const Action overwrites = bucket.keeps_history ? Action::overwrite : Action::overwrite_for_good;
    if (there && expected.is_none() && !call.may(overwrites, bucket.name, order.key, false)) {
      return fail(ErrorKind::denied, "access.denied",
                  bucket.name + "/" + order.key + " was stored meanwhile, and " + "overwriting is not allowed");
    }
    if (there) before = there->version;
    ATOLL_ASSIGN(done.effect, vault::stage_put(context, changes, bucket, fresh, id, vault->actor(), {}));
    return {};
  }));
  const auto reader = vault->reader();
  ATOLL_ASSIGN(auto listed, reader->current(bucket.id, order.key));
  if (!listed) {
    return fail(ErrorKind::conflict, "object.changed",
                bucket.name + "/" + order.key + " was stored, and removed by somebody else since");
  }
  if (done.effect != vault::PutEffect::unchanged) {
    catalog::VersionRow now = fresh.version;
    now.actor = vault->actor();
    note_usage(call, bucket, now, before);
  }
  done.listed = std::move(*listed);
  done.new_bytes = writer.new_bytes();
  return done;
}

}  // namespace atl::rest
