#include "edge/s3/lifecycle.h"

#include <algorithm>

#include "edge/s3/documents.h"
#include "vault/object/uploads.h"
#include "vault/tier/rules.h"

namespace atl::s3 {
namespace {

constexpr std::int64_t kDayUs = 86'400LL * 1'000'000;
constexpr std::size_t kCommandsAtOnce = 500;

bool is_old(Timestamp since, std::uint32_t days, Timestamp now) {
  return now.unix_us - since.unix_us >= std::int64_t{days} * kDayUs;
}

class Lifecycle {
 public:
  Lifecycle(vault::Vault& vault, Timestamp now, const std::atomic<bool>* stop)
      : vault_(&vault), now_(now), stop_(stop) {}

  Result<LifecycleReport> run() {
    ATOLL_ASSIGN(const auto settings, vault_->reader()->all<catalog::BucketSettingsRow>());
    for (const auto& row : settings) {
      if (row.lifecycle.empty() || is_stopped()) continue;
      ATOLL_ASSIGN(const auto bucket, vault_->reader()->bucket(row.bucket));
      if (!bucket) continue;
      const auto rules = read_lifecycle(row.lifecycle);
      if (!rules) {
        report_.troubles.push_back("the lifecycle rules of " + bucket->name + ": " + rules.error().message);
        continue;
      }
      rules_ = *rules;
      std::erase_if(rules_, [](const LifecycleRule& rule) { return !rule.is_enabled; });
      ATOLL_TRY(look_through(bucket->name));
      ATOLL_TRY(abort_uploads(bucket->name));
    }
    return report_;
  }

 private:
  [[nodiscard]] bool is_stopped() const { return stop_ != nullptr && stop_->load(); }

  static bool is_meant(const LifecycleRule& rule, const std::string& key, const catalog::VersionRow& version) {
    if (!key.starts_with(rule.prefix)) return false;
    if (rule.size_min > 0 && version.size <= rule.size_min) return false;
    if (rule.size_max > 0 && version.size >= rule.size_max) return false;
    return std::ranges::all_of(rule.tags, [&](const auto& tag) {
      const auto found = version.tags.find(tag.first);
      return found != version.tags.end() && found->second == tag.second;
    });
  }

  [[nodiscard]] bool has_expired(const std::string& key, const catalog::VersionRow& version) const {
    return std::ranges::any_of(rules_, [&](const LifecycleRule& rule) {
      if (!is_meant(rule, key, version)) return false;
      if (rule.expire_days && is_old(version.begin_time, *rule.expire_days, now_)) return true;
      return rule.expire_at_s && now_.unix_us / 1'000'000 >= *rule.expire_at_s;
    });
  }

  // `newer`: how many versions that are no longer current are newer than this one.
  [[nodiscard]] bool has_expired_since(const std::string& key, const catalog::VersionRow& version, Timestamp since,
                                       std::size_t newer) const {
    return std::ranges::any_of(rules_, [&](const LifecycleRule& rule) {
      return rule.noncurrent_days && is_meant(rule, key, version) && is_old(since, *rule.noncurrent_days, now_) &&
             newer >= rule.noncurrent_kept;
    });
  }

  // The class that rules want now; none: the one it has. `newer`: as in has_expired_since(); none of the current one.
  [[nodiscard]] std::optional<std::string> class_due(const std::string& key, const catalog::VersionRow& version,
                                                     Timestamp since, std::optional<std::size_t> newer) const {
    const auto named = version.metadata.find(std::string(vault::kStorageClassKey));
    std::size_t rank = rank_of_class(named == version.metadata.end() ? "STANDARD" : named->second).value_or(0);
    std::optional<std::string> due;
    for (const LifecycleRule& rule : rules_) {
      if (!is_meant(rule, key, version)) continue;
      for (const auto& one : newer ? rule.noncurrent_transitions : rule.transitions) {
        const std::size_t wanted = rank_of_class(one.storage_class).value_or(0);
        const bool is_due = one.at_s ? now_.unix_us / 1'000'000 >= *one.at_s : is_old(since, one.days, now_);
        if (wanted <= rank || !is_due || newer.value_or(0) < one.kept) continue;
        rank = wanted;
        due = one.storage_class;
      }
    }
    return due;
  }

  Result<void> look_through(const std::string& bucket) {
    const bool looks_at_old = std::ranges::any_of(rules_, [](const LifecycleRule& rule) {
      return rule.noncurrent_days.has_value() || !rule.noncurrent_transitions.empty();
    });
    const auto reader = vault_->reader();
    ATOLL_ASSIGN(const vault::BucketState state, vault::bucket_state(*reader, bucket));
    catalog::ListQuery query;
    query.bucket = state.bucket.id;
    query.include_deleted = looks_at_old;
    while (!is_stopped()) {
      ATOLL_ASSIGN(const auto page, reader->list(query));
      for (const auto& item : page.items) {
        if (!item.entry.is_deleted && has_expired(item.entry.key, item.version)) {
          remove(bucket, item.entry.key, item.version.version);
        } else if (!item.entry.is_deleted) {
          const auto due = class_due(item.entry.key, item.version, item.version.begin_time, std::nullopt);
          if (due) move(state, item.entry.key, item.version, *due);
        }
        if (looks_at_old && state.was_ever_versioned()) ATOLL_TRY(look_at_old(*reader, state, item.entry));
        if (removals_.size() + moves_.size() >= kCommandsAtOnce) commit();
      }
      if (!page.has_more) break;
      query.after = page.next_after;
    }
    commit();
    return {};
  }

  Result<void> look_at_old(catalog::CatalogReader& reader, const vault::BucketState& state,
                           const catalog::EntryRow& entry) {
    ATOLL_ASSIGN(const auto all, vault::object_versions(reader, state, entry));
    std::size_t newer = 0;
    for (std::size_t at = 1; at < all.size(); ++at) {
      const auto& one = all[at];
      if (one.is_marker) continue;
      // It was current until the one before it in this list began.
      if (has_expired_since(entry.key, one.row, all[at - 1].begin_time, newer)) {
        remove_version(state.bucket.name, entry.key, one);
      } else if (const auto due = class_due(entry.key, one.row, all[at - 1].begin_time, newer)) {
        move(state, entry.key, one.row, *due);
      }
      ++newer;
    }
    return {};
  }

  void move(const vault::BucketState& state, const std::string& key, const catalog::VersionRow& version,
            const std::string& storage_class) {
    ++report_.versions_moved;
    moves_.push_back([state, key, object = version.object, id = version.version, storage_class](
                         const vault::CommitContext& context, vault::ChangeSet& changes) -> Result<void> {
      ATOLL_ASSIGN(auto now, context.state.version(object, id));
      ATOLL_ASSIGN(const auto entry, context.state.entry(state.bucket.id, key));
      if (!now || !entry || entry->object != object) return {};  // gone meanwhile
      now->metadata[std::string(vault::kStorageClassKey)] = storage_class;
      changes.put(state.bucket.domain, *entry);
      changes.put(state.bucket.domain, *now);
      return {};
    });
  }

  void remove(const std::string& bucket, const std::string& key, const VersionId& expected) {
    ++report_.objects_removed;
    const VersionId marker = platform::new_id<VersionId>(vault_->machine());
    removals_.push_back([this, bucket, key, expected, marker](const vault::CommitContext& context,
                                                              vault::ChangeSet& changes) -> Result<void> {
      ATOLL_ASSIGN(const auto now, vault::bucket_state(context.state, bucket));
      ATOLL_ASSIGN(const auto entry, context.state.entry(now.bucket.id, key));
      if (!entry || entry->is_deleted || entry->version != expected) return {};  // another one is current meanwhile
      ATOLL_TRY(vault::stage_removal_by_name(context, changes, now, key, marker, vault_->actor(), {}));
      return {};
    });
  }

  void remove_version(const std::string& bucket, const std::string& key, const vault::ObjectVersion& version) {
    ++report_.versions_removed;
    const std::optional<VersionId> id = version.has_id ? std::optional(version.id) : std::nullopt;
    removals_.push_back([this, bucket, key, id, expected = version.id](const vault::CommitContext& context,
                                                                       vault::ChangeSet& changes) -> Result<void> {
      ATOLL_ASSIGN(const auto now, vault::bucket_state(context.state, bucket));
      ATOLL_ASSIGN(const auto entry, context.state.entry(now.bucket.id, key));
      if (!entry || (entry->version == expected && !entry->is_deleted)) return {};
      const auto done = vault::stage_removal_by_id(context, changes, now, key, id, vault_->actor(), false);
      const bool is_kept =
          !done && (done.error().kind == ErrorKind::denied || done.error().kind == ErrorKind::conflict);
      if (!done && !is_kept) return pass(done.error());
      return {};
    });
  }

  void commit() {
    commit(journal::CommandKind::remove_objects, removals_);
    commit(journal::CommandKind::tag_objects, moves_);
  }

  void commit(journal::CommandKind kind, std::vector<vault::CommandBuilder>& builders) {
    if (builders.empty()) return;
    const auto answers =
        vault_->commit_group(kind, std::move(builders), platform::new_id<OperationId>(vault_->machine()));
    builders.clear();
    for (const auto& answer : answers) {
      if (!answer && report_.troubles.size() < 10) report_.troubles.push_back(answer.error().message);
    }
  }

  Result<void> abort_uploads(const std::string& bucket) {
    ATOLL_ASSIGN(const auto uploads, vault::Uploads(*vault_).list(bucket));
    for (const auto& upload : uploads) {
      const bool is_over = std::ranges::any_of(rules_, [&](const LifecycleRule& rule) {
        return rule.abort_days && upload.key.starts_with(rule.prefix) && is_old(upload.created, *rule.abort_days, now_);
      });
      if (!is_over || is_stopped()) continue;
      const auto aborted = vault::Uploads(*vault_).abort(upload);
      if (!aborted && aborted.error().id != "upload.not_found") return pass(aborted.error());
      ++report_.uploads_aborted;
    }
    return {};
  }

  vault::Vault* vault_;
  Timestamp now_;
  const std::atomic<bool>* stop_;
  std::vector<LifecycleRule> rules_;
  std::vector<vault::CommandBuilder> removals_;
  std::vector<vault::CommandBuilder> moves_;  // to other storage classes
  LifecycleReport report_;
};

}  // namespace

Result<LifecycleReport> apply_lifecycle(vault::Vault& vault, Timestamp now, const std::atomic<bool>* stop) {
  return Lifecycle(vault, now, stop).run();
}

}  // namespace atl::s3
