#include "edge/s3/lifecycle.h"

#include <algorithm>

#include "edge/s3/documents.h"
#include "vault/object/uploads.h"

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

  Result<void> look_through(const std::string& bucket) {
    const bool looks_at_old =
        std::ranges::any_of(rules_, [](const LifecycleRule& rule) { return rule.noncurrent_days.has_value(); });
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
        }
        if (looks_at_old && state.was_ever_versioned()) ATOLL_TRY(look_at_old(*reader, state, item.entry));
        if (builders_.size() >= kCommandsAtOnce) commit();
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
      }
      ++newer;
    }
    return {};
  }

  void remove(const std::string& bucket, const std::string& key, const VersionId& expected) {
    ++report_.objects_removed;
    const VersionId marker = platform::new_id<VersionId>(vault_->machine());
    builders_.push_back([this, bucket, key, expected, marker](const vault::CommitContext& context,
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
    builders_.push_back([this, bucket, key, id, expected = version.id](const vault::CommitContext& context,
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
    if (builders_.empty()) return;
    const auto answers = vault_->commit_group(journal::CommandKind::remove_objects, std::move(builders_),
                                              platform::new_id<OperationId>(vault_->machine()));
    builders_.clear();
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
  std::vector<vault::CommandBuilder> builders_;
  LifecycleReport report_;
};

}  // namespace

Result<LifecycleReport> apply_lifecycle(vault::Vault& vault, Timestamp now, const std::atomic<bool>* stop) {
  return Lifecycle(vault, now, stop).run();
}

}  // namespace atl::s3
