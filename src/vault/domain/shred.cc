#include "vault/domain/shred.h"

#include <algorithm>
#include <array>
#include <set>

#include "vault/object/objects.h"

namespace atl::vault {
namespace {

using catalog::BucketRow;
using catalog::DomainRow;
using catalog::PackRow;

constexpr std::int64_t kMicrosecondsPerSecond = 1'000'000;
constexpr std::size_t kPackRowsPerCommand = 5'000;

Result<std::uint64_t> retention_seconds(catalog::CatalogReader& reader, const BucketId& bucket) {
  catalog::PolicyRow policy;
  policy.bucket = bucket;
  ATOLL_ASSIGN(auto row, reader.one<catalog::PolicyRow>(key_of(policy)));
  if (!row) {
    policy.bucket = {};
    ATOLL_ASSIGN(row, reader.one<catalog::PolicyRow>(key_of(policy)));
  }
  return row ? row->retention_seconds : 0;
}

}  // namespace

Result<BucketRow> create_bucket(Vault& vault, const std::string& name, bool has_own_keys) {
  ATOLL_TRY(check_bucket_name(name));
  if (has_own_keys && vault.head().suite == codec::SealSuite::none) {
    return fail(ErrorKind::unsupported, "bucket.not_encrypted",
                "this vault is not encrypted: a bucket in it cannot have keys of its own",
                "Make an encrypted vault for it: atoll vault create NAME");
  }
  const auto taken = [&name] {
    return fail(ErrorKind::conflict, "bucket.exists", "bucket \"" + name + "\" exists already");
  };
  {
    const auto reader = vault.reader();
    ATOLL_ASSIGN(const auto there, reader->bucket_named(name));
    if (there) return taken();
  }
  BucketRow row;
  row.id = platform::new_id<BucketId>(vault.machine());
  row.name = name;
  // The key first: a domain that no bucket names, after a crash in between, does no harm.
  if (has_own_keys) {
    ATOLL_ASSIGN(row.domain, vault.keys().add_domain());
  }
  ATOLL_TRY(vault.commit(journal::CommandKind::create_bucket,
                         [&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
                           ATOLL_ASSIGN(const auto there, context.state.bucket_named(name));
                           if (there) return taken();
                           row.created = context.commit_time;
                           changes.put(row);
                           if (has_own_keys) {
                             DomainRow domain;
                             domain.number = row.domain;
                             domain.bucket_name = name;
                             domain.created = context.commit_time;
                             changes.put(domain);
                           }
                           return {};
                         }));
  return row;
}

Result<ShredPlan> plan_shred(Vault& vault, const std::string& bucket_name) {
  const auto reader = vault.reader();
  ATOLL_ASSIGN(auto bucket, reader->bucket_named(bucket_name));
  if (!bucket) {
    return fail(ErrorKind::not_found, "bucket.not_found", "there is no bucket \"" + bucket_name + "\"",
                "`atoll ls` lists the buckets.");
  }
  if (bucket->domain == kDefaultDomain) {
    return fail(ErrorKind::conflict, "shred.no_own_keys",
                "bucket \"" + bucket_name + "\" has no keys of its own: its content may be shared with other buckets",
                "`atoll rm -r --forever " + bucket_name +
                    "` removes it for good; buckets made with --key-domain can be shredded.");
  }
  ShredPlan plan;
  ATOLL_ASSIGN(const auto snapshots, reader->all<catalog::SnapshotRow>());
  for (const auto& snapshot : snapshots) {
    if (snapshot.bucket != bucket->id) continue;
    if (snapshot.is_held) {
      return fail(ErrorKind::conflict, "shred.held",
                  "snapshot \"" + snapshot.name + "\" of this bucket is held" +
                      (snapshot.hold_reason.empty() ? std::string() : " (" + snapshot.hold_reason + ")"),
                  "`atoll snapshot release " + snapshot.name + "` ends the hold.");
    }
    plan.snapshots.push_back(snapshot.name);
  }
  ATOLL_ASSIGN(const std::uint64_t retention, retention_seconds(*reader, bucket->id));
  const std::int64_t kept_since =
      vault.machine().clock.now().unix_us - static_cast<std::int64_t>(retention) * kMicrosecondsPerSecond;
  ATOLL_TRY(reader->for_each_row(journal::TableNumber::versions, [&](ByteView key, ByteView row) -> Result<bool> {
    ATOLL_ASSIGN(const auto version, catalog::decode_version(key, row));
    if (version.bucket != bucket->id) return true;
    if (retention > 0 && version.begin_time.unix_us > kept_since) {
      return fail(ErrorKind::conflict, "shred.retention",
                  "the policy of bucket \"" + bucket_name + "\" keeps everything for " +
                      std::to_string(retention / 86'400) + " days, and something in it is younger");
    }
    ++plan.versions;
    plan.bytes += version.size;
    return true;
  }));
  ATOLL_ASSIGN(const auto totals, reader->totals(bucket->id));
  plan.objects = totals.objects();
  for (const chunk::PackInfo& pack : vault.chunks().list_packs()) {
    if (pack.domain != bucket->domain) continue;
    ++plan.packs;
    plan.stored_bytes += pack.stored_bytes;
  }
  ATOLL_ASSIGN(const auto copies, reader->all<catalog::CopyRow>());
  for (const auto& copy : copies) plan.elsewhere.push_back("copy " + copy.name);
  const auto kit = vault.keys().kit_state();
  if (kit == keyring::Keyring::KitState::saved || kit == keyring::Keyring::KitState::stale)
    plan.elsewhere.emplace_back("recovery kit");
  plan.bucket = std::move(*bucket);
  return plan;
}

Result<DomainRow> shred(Vault& vault, const std::string& bucket_name, const std::string& reason) {
  ATOLL_ASSIGN(const ShredPlan plan, plan_shred(vault, bucket_name));
  const DomainNumber number = plan.bucket.domain;
  ATOLL_TRY(vault.commit(journal::CommandKind::key_change,
                         [&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
                           DomainRow row;
                           row.number = number;
                           ATOLL_ASSIGN(auto there, context.state.one<DomainRow>(key_of(row)));
                           if (there) row = std::move(*there);
                           row.bucket_name = bucket_name;
                           row.destroying = context.commit_time;
                           row.actor = vault.actor();
                           row.reason = reason;
                           row.objects = plan.objects;
                           row.bytes = plan.bytes;
                           row.unconfirmed = plan.elsewhere;
                           changes.put(row);
                           changes.remove(kDefaultDomain, journal::TableNumber::buckets, catalog::key_of(plan.bucket));
                           for (const std::string& name : plan.snapshots) {
                             catalog::SnapshotRow snapshot;
                             snapshot.name = name;
                             changes.remove(snapshot);
                           }
                           return {};
                         }));
  ATOLL_TRY(vault.finish_shredding());
  DomainRow named;
  named.number = number;
  const auto reader = vault.reader();
  ATOLL_ASSIGN(auto record, reader->one<DomainRow>(key_of(named)));
  ATOLL_INVARIANT(record && record->destroyed.unix_us != 0, "what was begun above was finished");
  return std::move(*record);
}

Result<void> Vault::finish_shredding() {
  std::vector<DomainRow> begun;
  {
    const auto state = reader();
    ATOLL_ASSIGN(const auto domains, state->all<DomainRow>());
    std::ranges::copy_if(domains, std::back_inserter(begun), [](const DomainRow& row) {
      return row.destroying.unix_us != 0 && row.destroyed.unix_us == 0;
    });
  }
  if (begun.empty()) return {};
  // Everything that may hold one of the keys, or something opened with it, goes and comes back without.
  core_->committer.reset();
  ATOLL_TRY(core_->chunks->close());
  core_->chunks.reset();
  ATOLL_TRY(core_->journal->close());
  core_->journal.reset();
  {
    const std::lock_guard lock(core_->mutex);
    for (const DomainRow& row : begun) core_->gears.erase(row.number);
  }
  for (const DomainRow& row : begun) {
    if (core_->keys->domain(row.number) != nullptr) ATOLL_TRY(core_->keys->destroy_domain(row.number));
  }
  ATOLL_TRY(core_->keys->replace_local_key());
  ATOLL_TRY(open_journal(core_->catalog->applied()));
  ATOLL_TRY(rebuild());
  std::set<DomainNumber> gone;
  for (const DomainRow& row : begun) gone.insert(row.number);
  return remove_packs_of(gone, begun);
}

Result<void> Vault::remove_packs_of(const std::set<DomainNumber>& gone, std::vector<DomainRow> records) {
  std::vector<PackId> packs_of_them;
  for (const chunk::PackInfo& pack : core_->chunks->list_packs()) {
    if (gone.contains(pack.domain)) packs_of_them.push_back(pack.id);
  }
  core_->chunks->condemn_again(packs_of_them);
  for (const PackId& pack : packs_of_them) ATOLL_TRY(core_->chunks->remove_pack(pack));
  std::vector<PackRow> rows;
  {
    const auto state = reader();
    ATOLL_ASSIGN(const auto packs, state->packs());
    std::ranges::copy_if(packs, std::back_inserter(rows),
                         [&](const PackRow& pack) { return gone.contains(pack.domain); });
  }
  // The record last: until it is there, the next open does all of this again.
  for (std::size_t at = 0; at < rows.size(); at += kPackRowsPerCommand) {
    ATOLL_TRY(commit(journal::CommandKind::pack_change, [&](const CommitContext&, ChangeSet& changes) -> Result<void> {
      for (std::size_t i = at; i < std::min(rows.size(), at + kPackRowsPerCommand); ++i)
        changes.remove(kDefaultDomain, journal::TableNumber::packs, catalog::key_of(rows[i]));
      return {};
    }));
  }
  ATOLL_TRY(
      commit(journal::CommandKind::key_change, [&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
        for (DomainRow& record : records) {
          record.destroyed = context.commit_time;
          changes.put(record);
        }
        return {};
      }));
  return {};
}

Result<void> confirm_shred(Vault& vault, DomainNumber domain, const std::string& elsewhere) {
  ATOLL_TRY(vault.commit(journal::CommandKind::key_change,
                         [&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
                           DomainRow row;
                           row.number = domain;
                           ATOLL_ASSIGN(auto there, context.state.one<DomainRow>(key_of(row)));
                           if (there && std::erase(there->unconfirmed, elsewhere) > 0) changes.put(*there);
                           return {};
                         }));
  return {};
}

}  // namespace atl::vault
