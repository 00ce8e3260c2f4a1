#include "vault/object/versions.h"

#include <algorithm>

#include "foundation/codec/hash.h"
#include "vault/history/snapshots.h"
#include "vault/keeping/erase.h"
#include "vault/keeping/policy.h"
#include "vault/object/labels.h"

namespace atl::vault {
namespace {

using catalog::BucketSettingsRow;
using catalog::DeleteMarkerRow;
using catalog::EntryRow;
using catalog::LockMode;
using catalog::VersionRow;
using catalog::VersionTermsRow;
using journal::TableNumber;

constexpr std::uint64_t kRoomAskedEvery = 8 * kMiB;

// Of a removal that left no marker: made from its LSN, so that it stays the same.
VersionId unmarked_id(Lsn deleted) {
  VersionId id;
  id.bytes.fill(0xFF);
  for (int at = 0; at < 8; ++at) {
    id.bytes[static_cast<std::size_t>(15 - at)] = static_cast<std::uint8_t>(deleted.value >> (8 * at));
  }
  return id;
}

Result<std::optional<VersionTermsRow>> terms_of(catalog::CatalogReader& state, const VersionRow& version) {
  VersionTermsRow named;
  named.object = version.object;
  named.version = version.version;
  return state.one<VersionTermsRow>(catalog::key_of(named));
}

Result<std::vector<DeleteMarkerRow>> markers_of(catalog::CatalogReader& reader, const ObjectId& object) {
  std::vector<DeleteMarkerRow> markers;
  ATOLL_TRY(reader.for_each_row_under(TableNumber::delete_markers, object.view(),
                                      [&](ByteView key, ByteView row) -> Result<bool> {
                                        ATOLL_TRY(catalog::decode(key, row, markers.emplace_back()));
                                        return true;
                                      }));
  return markers;
}

// One change of one object, built up and then written.
class Change {
 public:
  Change(const CommitContext& context, ChangeSet& changes, const BucketState& state, const std::string& key,
         const std::string& actor)
      : context_(&context), changes_(&changes), state_(&state), key_(&key), actor_(&actor) {}

  [[nodiscard]] DomainNumber domain() const { return state_->bucket.domain; }

  void end(VersionRow version) {
    version.end = context_->lsn;
    version.end_time = context_->commit_time;
    changes_->put(domain(), version);
  }
  // The current version again, after what came later is gone.
  void bring_back(VersionRow version) {
    version.end = {};
    version.end_time = {};
    changes_->put(domain(), version);
  }

  // `conflict` "erase.kept" where a snapshot or the bucket's retention keeps it.
  Result<void> erase(const VersionRow& version, std::string_view reason, bool may_bypass_governance) {
    ATOLL_TRY(check_lock(context_->state, version, context_->commit_time, may_bypass_governance));
    ATOLL_ASSIGN(auto snapshots, context_->state.all<catalog::SnapshotRow>());
    if (SnapshotGuard(std::move(snapshots)).keeps(version, *key_)) {
      return fail(ErrorKind::conflict, "erase.kept",
                  "a snapshot keeps this version of " + state_->bucket.name + "/" + *key_,
                  "Delete the snapshot first, if nobody needs it.");
    }
    ATOLL_ASSIGN(const EffectivePolicy policy, policy_of(context_->state, state_->bucket));
    if (const auto until = retained_until(policy, span_of(version), context_->commit_time)) {
      return fail(ErrorKind::conflict, "erase.kept",
                  "the policy of this bucket keeps this version of " + *key_ + " until " + format_rfc3339(*until));
    }
    catalog::ErasureRow erasure;
    erasure.object = version.object;
    erasure.version = version.version;
    erasure.bucket = version.bucket;
    erasure.lsn = context_->lsn;
    erasure.time = context_->commit_time;
    erasure.actor = *actor_;
    erasure.reason = reason;
    erasure.bytes = version.content.length;
    erasure.begin = version.begin;
    erasure.begin_time = version.begin_time;
    erasure.end = version.end;
    erasure.end_time = version.end_time;
    changes_->put(erasure);
    changes_->remove(domain(), TableNumber::versions, catalog::key_of(version));
    ATOLL_ASSIGN(const auto lock, terms_of(context_->state, version));
    if (lock) changes_->remove(*lock);
    return {};
  }
  // Erased, or where something keeps it ended. True: it is gone.
  Result<bool> replace(const VersionRow& version) {
    const auto erased = erase(version, kReplacedReason, false);
    if (erased) return true;
    if (erased.error().kind != ErrorKind::conflict && erased.error().kind != ErrorKind::denied) {
      return pass(erased.error());
    }
    if (version.end.value == 0) end(version);
    return false;
  }

  // What the entry says once `rest` (newest first) is all there is. Without a version left it goes, and markers with
  // it.
  Result<void> settle(EntryRow entry, const std::vector<ObjectVersion>& rest) {
    const auto newest = std::ranges::find_if(rest, [](const ObjectVersion& one) { return !one.is_marker; });
    if (newest == rest.end()) {
      ATOLL_ASSIGN(const auto markers, markers_of(context_->state, entry.object));
      for (const DeleteMarkerRow& marker : markers) changes_->remove(marker);
      changes_->remove(domain(), TableNumber::entries, catalog::key_of(entry));
      return {};
    }
    entry.version = newest->id;
    const ObjectVersion& latest = rest.front();
    entry.is_deleted = latest.is_marker;
    entry.deleted_at = latest.is_marker ? latest.begin_time : Timestamp{};
    entry.deleted_lsn = latest.is_marker ? latest.begin : Lsn{};
    if (!latest.is_marker && latest.row.end.value != 0) bring_back(latest.row);
    changes_->put(domain(), entry);
    return {};
  }

  void put_marker(const ObjectId& object, const VersionId& id) {
    DeleteMarkerRow marker;
    marker.object = object;
    marker.version = id;
    marker.bucket = state_->bucket.id;
    marker.begin = context_->lsn;
    marker.begin_time = context_->commit_time;
    marker.actor = *actor_;
    changes_->put(marker);
  }
  void remove_marker(const ObjectId& object, const VersionId& id) {
    DeleteMarkerRow marker;
    marker.object = object;
    marker.version = id;
    changes_->remove(marker);
  }

  // Where versioning is suspended: the version and the marker without an id make room. What is left, newest first.
  Result<std::vector<ObjectVersion>> without_null(const EntryRow& entry) {
    ATOLL_ASSIGN(const auto all, object_versions(context_->state, *state_, entry));
    std::vector<ObjectVersion> rest;
    for (const ObjectVersion& one : all) {
      if (one.has_id) {
        rest.push_back(one);
      } else if (one.is_marker) {
        remove_marker(entry.object, one.id);
      } else {
        ATOLL_ASSIGN(const bool is_gone, replace(one.row));
        if (!is_gone) rest.push_back(one);
      }
    }
    return rest;
  }

 private:
  const CommitContext* context_;
  ChangeSet* changes_;
  const BucketState* state_;
  const std::string* key_;
  const std::string* actor_;
};

std::int64_t size_of(const std::optional<VersionRow>& version) {
  return version ? static_cast<std::int64_t>(version->size) : 0;
}

Result<std::optional<VersionRow>> current_of(const CommitContext& context, const std::optional<EntryRow>& entry) {
  if (!entry || entry->is_deleted) return std::nullopt;
  return context.state.version(entry->object, entry->version);
}

}  // namespace

catalog::Versioning BucketState::versioning() const {
  if (!settings) return bucket.keeps_history ? catalog::Versioning::enabled : catalog::Versioning::off;
  return settings->versioning_now();
}
bool BucketState::was_ever_versioned() const { return settings ? !settings->versioning.empty() : bucket.keeps_history; }
bool BucketState::has_id(Lsn begin) const {
  if (!settings) return bucket.keeps_history;
  return settings->versioning_at(begin) == catalog::Versioning::enabled;
}

Result<BucketState> bucket_state(catalog::CatalogReader& state, const std::string& name) {
  ATOLL_ASSIGN(auto bucket, state.bucket_named(name));
  if (!bucket) {
    return fail(ErrorKind::not_found, "bucket.not_found", "there is no bucket \"" + name + "\"",
                "`atoll ls` lists the buckets.");
  }
  ATOLL_ASSIGN(auto settings, state.one<BucketSettingsRow>(bucket->id.view()));
  return BucketState{std::move(*bucket), std::move(settings)};
}

BucketSettingsRow settings_to_change(const BucketState& state) {
  if (state.settings) return *state.settings;
  BucketSettingsRow settings;
  settings.bucket = state.bucket.id;
  if (state.bucket.keeps_history) settings.versioning.push_back({Lsn{}, catalog::Versioning::enabled});
  return settings;
}

Result<std::vector<ObjectVersion>> object_versions(catalog::CatalogReader& reader, const BucketState& state,
                                                   const EntryRow& entry) {
  ATOLL_ASSIGN(auto rows, reader.versions_of(entry.object));
  std::vector<ObjectVersion> all;
  for (VersionRow& row : rows) {
    ObjectVersion one;
    one.id = row.version;
    one.has_id = state.has_id(row.begin);
    one.begin = row.begin;
    one.begin_time = row.begin_time;
    one.row = std::move(row);
    all.push_back(std::move(one));
  }
  ATOLL_ASSIGN(const auto markers, markers_of(reader, entry.object));
  bool is_marked = false;
  for (const DeleteMarkerRow& marker : markers) {
    ObjectVersion one;
    one.id = marker.version;
    one.has_id = state.has_id(marker.begin);
    one.is_marker = true;
    one.begin = marker.begin;
    one.begin_time = marker.begin_time;
    is_marked = is_marked || (entry.is_deleted && marker.begin >= entry.deleted_lsn);
    all.push_back(std::move(one));
  }
  if (entry.is_deleted && !is_marked && state.was_ever_versioned()) {
    ObjectVersion one;
    one.id = unmarked_id(entry.deleted_lsn);
    one.is_marker = true;
    one.begin = entry.deleted_lsn;
    one.begin_time = entry.deleted_at;
    all.push_back(std::move(one));
  }
  std::ranges::stable_sort(all, [](const ObjectVersion& a, const ObjectVersion& b) { return a.begin > b.begin; });
  bool has_null = false;
  for (ObjectVersion& one : all) {
    if (!one.has_id && std::exchange(has_null, true)) one.has_id = true;
  }
  if (!all.empty()) all.front().is_latest = all.front().is_marker == entry.is_deleted;
  return all;
}

Result<void> check_lock(catalog::CatalogReader& state, const VersionRow& version, Timestamp now,
                        bool may_bypass_governance) {
  ATOLL_ASSIGN(const auto lock, terms_of(state, version));
  if (!lock || !lock->forbids_at(now)) return {};
  if (!lock->is_held && lock->mode == LockMode::governance && may_bypass_governance) return {};
  return fail(ErrorKind::denied, "version.locked",
              lock->is_held ? "a legal hold keeps this version"
                            : "object lock keeps this version until " + format_rfc3339(lock->until));
}

Result<VersionChange> stage_version(const CommitContext& context, ChangeSet& changes, const BucketState& state,
                                    const NewVersion& fresh, const VersionId& id, const std::string& actor,
                                    const VersionTerms& terms, const Condition& check) {
  ATOLL_ASSIGN(auto entry, context.state.entry(state.bucket.id, fresh.key));
  ATOLL_ASSIGN(const auto old, current_of(context, entry));
  if (check) ATOLL_TRY(check(old ? &*old : nullptr));
  if (entry && !fresh.version.label.empty()) {
    ATOLL_TRY(
        check_label_free(context.state, entry->object, id, fresh.version.label, state.bucket.name + "/" + fresh.key));
  }
  LabelScheme scheme = LabelScheme::none;
  if (fresh.version.label.empty() && fresh.version.kind != catalog::EntryKind::directory) {
    ATOLL_ASSIGN(scheme, label_scheme(context.state, state.bucket));
  }
  // Labels by rule count on from the last version, also of an object that was removed.
  std::optional<VersionRow> last;
  if (entry && scheme != LabelScheme::none) {
    ATOLL_ASSIGN(last, context.state.version(entry->object, entry->version));
  }
  Change change(context, changes, state, fresh.key, actor);
  VersionChange done;
  done.id = id;
  done.has_id = state.versioning() == catalog::Versioning::enabled;
  done.existed = old.has_value();
  done.bytes_change = static_cast<std::int64_t>(fresh.version.size) - size_of(old);
  done.objects_change = old ? 0 : 1;

  if (entry && state.versioning() == catalog::Versioning::suspended) {
    ATOLL_TRY(change.without_null(*entry));
    if (old && state.has_id(old->begin)) change.end(*old);
  } else if (old && done.has_id) {
    change.end(*old);
  } else if (old) {
    ATOLL_TRY(change.replace(*old));
  }
  if (!entry) {
    entry.emplace();
    entry->bucket = state.bucket.id;
    entry->key = fresh.key;
    entry->object.bytes = id.bytes;
  }
  entry->version = id;
  entry->is_deleted = false;
  entry->deleted_at = {};
  entry->deleted_lsn = {};
  changes.put(state.bucket.domain, *entry);

  VersionRow version = fresh.version;
  version.object = entry->object;
  version.version = id;
  version.bucket = state.bucket.id;
  version.begin = context.lsn;
  version.begin_time = context.commit_time;
  version.end = {};
  version.end_time = {};
  version.actor = actor;
  if (scheme != LabelScheme::none) {
    ATOLL_ASSIGN(version.label, next_label(context, scheme, last ? &*last : nullptr, version, fresh.change));
  }
  changes.put(state.bucket.domain, version);
  done.stored = {*entry, version};

  VersionTermsRow row;
  row.object = version.object;
  row.version = id;
  row.access_list = terms.access_list;
  row.part_sizes = terms.part_sizes;
  if (state.has_object_lock()) {
    row.mode = terms.mode;
    row.until = terms.until;
    row.is_held = terms.is_held;
  }
  if (state.has_object_lock() && row.mode == LockMode::none && state.settings->default_lock != LockMode::none) {
    row.mode = state.settings->default_lock;
    row.until = {context.commit_time.unix_us +
                 static_cast<std::int64_t>(state.settings->default_lock_seconds) * 1'000'000};
  }
  const bool says_something =
      row.mode != LockMode::none || row.is_held || !row.access_list.empty() || !row.part_sizes.empty();
  if (says_something) changes.put(row);
  return done;
}

Result<VersionChange> stage_removal_by_name(const CommitContext& context, ChangeSet& changes, const BucketState& state,
                                            const std::string& key, const VersionId& marker_id,
                                            const std::string& actor, const Condition& check) {
  ATOLL_ASSIGN(auto entry, context.state.entry(state.bucket.id, key));
  ATOLL_ASSIGN(const auto old, current_of(context, entry));
  if (check) ATOLL_TRY(check(old ? &*old : nullptr));
  VersionChange done;
  if (!entry) return done;
  Change change(context, changes, state, key, actor);
  done.existed = old.has_value();
  done.bytes_change = -size_of(old);
  done.objects_change = old ? -1 : 0;
  switch (state.versioning()) {
    case catalog::Versioning::off: {
      if (!old) return done;
      ATOLL_ASSIGN(const bool is_gone, change.replace(*old));
      std::vector<ObjectVersion> rest;
      ATOLL_ASSIGN(const auto all, object_versions(context.state, state, *entry));
      for (const ObjectVersion& one : all) {
        if (!is_gone || one.is_marker || one.id != old->version) rest.push_back(one);
      }
      // What is left is history of another door's making, or kept by a snapshot: it does not come back.
      ObjectVersion removed;
      removed.is_marker = true;
      removed.begin = context.lsn;
      removed.begin_time = context.commit_time;
      rest.insert(rest.begin(), std::move(removed));
      ATOLL_TRY(change.settle(*entry, rest));
      return done;
    }
    case catalog::Versioning::enabled: {
      done.is_marker = true;
      done.has_id = true;
      if (!old) {  // the marker that is there says it already
        ATOLL_ASSIGN(const auto all, object_versions(context.state, state, *entry));
        if (!all.empty()) done.id = all.front().id;
        if (!all.empty()) done.has_id = all.front().has_id;
        return done;
      }
      change.end(*old);
      break;
    }
    case catalog::Versioning::suspended: {
      ATOLL_ASSIGN(auto rest, change.without_null(*entry));
      if (old && state.has_id(old->begin)) change.end(*old);
      const bool has_version = std::ranges::any_of(rest, [](const ObjectVersion& one) { return !one.is_marker; });
      if (!has_version) {
        ATOLL_TRY(change.settle(*entry, rest));
        return done;
      }
      const auto newest = std::ranges::find_if(rest, [](const ObjectVersion& one) { return !one.is_marker; });
      entry->version = newest->id;
      done.is_marker = true;
      break;
    }
  }
  done.id = marker_id;
  change.put_marker(entry->object, marker_id);
  entry->is_deleted = true;
  entry->deleted_at = context.commit_time;
  entry->deleted_lsn = context.lsn;
  changes.put(state.bucket.domain, *entry);
  return done;
}

Result<VersionChange> stage_removal_by_id(const CommitContext& context, ChangeSet& changes, const BucketState& state,
                                          const std::string& key, const std::optional<VersionId>& id,
                                          const std::string& actor, bool may_bypass_governance) {
  VersionChange done;
  ATOLL_ASSIGN(auto entry, context.state.entry(state.bucket.id, key));
  if (!entry) return done;
  ATOLL_ASSIGN(auto all, object_versions(context.state, state, *entry));
  const auto found =
      std::ranges::find_if(all, [&](const ObjectVersion& one) { return id ? one.id == *id : !one.has_id; });
  if (found == all.end()) return done;
  // In a bucket that was never versioned nothing comes back, whatever other doors left there.
  if (!state.was_ever_versioned()) {
    if (entry->is_deleted || !found->is_latest) return done;
    return stage_removal_by_name(context, changes, state, key, {}, actor, {});
  }
  Change change(context, changes, state, key, actor);
  done.id = found->id;
  done.has_id = found->has_id;
  done.is_marker = found->is_marker;
  done.existed = true;
  const bool was_latest = found->is_latest;
  if (found->is_marker) {
    change.remove_marker(entry->object, found->id);
  } else {
    if (was_latest) {
      done.bytes_change -= static_cast<std::int64_t>(found->row.size);
      --done.objects_change;
    }
    ATOLL_TRY(change.erase(found->row, "removed by its id", may_bypass_governance));
  }
  all.erase(found);
  if (was_latest && !all.empty() && !all.front().is_marker) {
    done.bytes_change += static_cast<std::int64_t>(all.front().row.size);
    ++done.objects_change;
  }
  if (!was_latest && entry->is_deleted && (all.empty() || !all.front().is_marker)) {
    return fail(ErrorKind::damaged, "entry.inconsistent", "the versions of " + key + " contradict each other",
                "Run `atoll doctor --rebuild`.");
  }
  ATOLL_TRY(change.settle(*entry, all));
  return done;
}

std::string etag_of(const catalog::ContentReference& content, std::uint64_t size) {
  codec::Blake3 digest;
  digest.update(catalog::encode(content));
  Bytes length;
  append_be64(length, size);
  digest.update(length);
  return to_hex(ByteView(digest.digest()).first(16)) + "-1";
}

std::string etag_of(const VersionRow& version) {
  if (!version.etag.empty()) return version.etag;
  if (version.holes.empty()) return etag_of(version.content, version.size);
  codec::Blake3 digest;
  digest.update(catalog::encode(version.content));
  Bytes numbers;
  append_be64(numbers, version.size);
  for (const catalog::Hole& hole : version.holes) {
    append_be64(numbers, hole.offset);
    append_be64(numbers, hole.length);
  }
  digest.update(numbers);
  return to_hex(ByteView(digest.digest()).first(16)) + "-1";
}

namespace {

class Settled {
 public:
  explicit Settled(const std::function<void()>& settle) : settle_(settle) {}
  Settled(const Settled&) = delete;
  Settled& operator=(const Settled&) = delete;
  Settled(Settled&&) = delete;
  Settled& operator=(Settled&&) = delete;
  ~Settled() {
    if (settle_) settle_();
  }

 private:
  const std::function<void()>& settle_;
};

}  // namespace

Result<StoredContent> store_content(Vault& vault, const catalog::BucketRow& bucket, std::uint64_t expected_bytes,
                                    std::string_view name, const Objects::ReadSome& read, chunk::Temperature tier,
                                    const std::function<void()>& settle) {
  ATOLL_TRY(vault.check_room(std::min(expected_bytes, kRoomAskedEvery)));
  const codec::GearTable* gear = vault.gear(bucket.domain);
  if (gear == nullptr) {
    return fail(ErrorKind::wrong_key, "bucket.no_keys",
                "the keys of bucket \"" + bucket.name + "\" are gone: nothing can be stored in it");
  }
  StoredContent stored;
  stored.use = vault.chunks().begin_use();
  const auto chunks = vault.chunks().new_writer(bucket.domain, tier);
  ContentWriter writer(*chunks, bucket.domain, *gear);
  Bytes first;
  const Settled settled(settle);  // before the bytes of `writer` and `first` go, whatever the end
  if (wants_first_bytes(expected_bytes, name)) {
    first.resize(kFirstBytesLookedAt);
    std::size_t filled = 0;
    while (filled < first.size()) {
      ATOLL_ASSIGN(const std::size_t count, read(ByteSpan(first).subspan(filled)));
      if (count == 0) break;
      filled += count;
    }
    first.resize(filled);
  }
  writer.begin(choose_cutter(expected_bytes, name, first),
               expected_bytes > 0 ? std::optional(expected_bytes) : std::nullopt);
  ATOLL_TRY(writer.append(first));
  stored.bytes = first.size();
  std::uint64_t asked = 0;
  for (;;) {
    ATOLL_ASSIGN(const std::size_t count, read(writer.space()));
    if (count == 0) break;
    stored.bytes += count;
    asked += count;
    if (asked >= kRoomAskedEvery) {
      ATOLL_TRY(vault.check_room(kRoomAskedEvery));
      asked = 0;
    }
    ATOLL_TRY(writer.advance(count));
  }
  ATOLL_ASSIGN(stored.content, writer.finish());
  stored.new_bytes = writer.new_bytes();
  ATOLL_TRY(chunks->flush());
  return stored;
}

}  // namespace atl::vault
