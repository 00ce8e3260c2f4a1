// Versions as S3 has them, against a model: what a bucket of each state keeps, shows and gives back.
#include "vault/object/versions.h"

#include <gtest/gtest.h>

#include <random>

#include "vault/history/snapshots.h"
#include "vault/keeping/collect.h"
#include "vault/testing/test_vault.h"

namespace atl::vault {
namespace {

using namespace testing;  // NOLINT
using catalog::Versioning;
using platform::TestMachine;

// One object's versions and markers, newest first, as S3's documentation tells it.
struct Model {
  struct One {
    VersionId id;
    bool has_id = false;
    bool is_marker = false;
    std::string content;
  };
  Versioning state = Versioning::off;
  std::map<std::string, std::vector<One>> objects;

  void drop_null(std::vector<One>& all) {
    std::erase_if(all, [](const One& one) { return !one.has_id; });
  }
  void put(const std::string& key, const VersionId& id, const std::string& content) {
    auto& all = objects[key];
    if (state == Versioning::off) all.clear();
    if (state == Versioning::suspended) drop_null(all);
    all.insert(all.begin(), {id, state == Versioning::enabled, false, content});
  }
  void remove(const std::string& key, const VersionId& marker) {
    auto& all = objects[key];
    if (state == Versioning::off) all.clear();
    if (state == Versioning::off) return;
    const bool was_there = !all.empty() && !all.front().is_marker;
    if (state == Versioning::suspended) drop_null(all);
    const bool has_version = std::ranges::any_of(all, [](const One& one) { return !one.is_marker; });
    if (!has_version) all.clear();  // ours: markers go with the last version
    if (!has_version || (state == Versioning::enabled && !was_there)) return;
    all.insert(all.begin(), {marker, state == Versioning::enabled, true, ""});
  }
  void remove_id(const std::string& key, std::size_t place) {
    auto& all = objects[key];
    all.erase(all.begin() + static_cast<std::ptrdiff_t>(place));
    if (std::ranges::none_of(all, [](const One& one) { return !one.is_marker; })) all.clear();
  }
};

class VersionsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(told(create_small(machine_.inline_machine())), "ok");
    reopen();
  }
  void reopen() {
    vault_.reset();
    auto opened = open_small(machine_.inline_machine());
    ASSERT_EQ(told(opened), "ok");
    vault_ = std::move(*opened);
  }
  // As S3's CreateBucket does it.
  void make_bucket() {
    catalog::BucketRow row;
    row.id = platform::new_id<BucketId>(vault_->machine());
    row.name = "bucket";
    row.keeps_history = false;
    const auto made =
        vault_->commit(journal::CommandKind::create_bucket, [&](const CommitContext&, ChangeSet& changes) {
          changes.put(row);
          catalog::BucketSettingsRow settings;
          settings.bucket = row.id;
          changes.put(settings);
          return Result<void>{};
        });
    ASSERT_EQ(told(made), "ok");
  }
  void set_versioning(Versioning wanted) {
    const auto done = vault_->commit(journal::CommandKind::policy_change,
                                     [&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
                                       ATOLL_ASSIGN(BucketState state, bucket_state(context.state, "bucket"));
                                       auto settings = settings_to_change(state);
                                       settings.versioning.push_back({context.lsn, wanted});
                                       changes.put(settings);
                                       state.bucket.keeps_history = true;
                                       changes.put(state.bucket);
                                       return {};
                                     });
    ASSERT_EQ(told(done), "ok");
  }
  Result<VersionChange> put(const std::string& key, const std::string& content, const VersionTerms& lock = {},
                            const Condition& check = {}) {
    ATOLL_ASSIGN(const BucketState state, bucket_state(*vault_->reader(), "bucket"));
    std::string_view rest = content;
    ATOLL_ASSIGN(const auto stored,
                 store_content(*vault_, state.bucket, content.size(), key, [&](ByteSpan out) -> Result<std::size_t> {
                   const std::size_t count = std::min(out.size(), rest.size());
                   std::copy_n(rest.begin(), count, out.begin());
                   rest.remove_prefix(count);
                   return count;
                 }));
    NewVersion fresh;
    fresh.key = key;
    fresh.version.size = content.size();
    fresh.version.content = stored.content;
    VersionChange change;
    const VersionId id = platform::new_id<VersionId>(vault_->machine());
    ATOLL_TRY(vault_->commit_content([&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
      ATOLL_ASSIGN(const BucketState now, bucket_state(context.state, "bucket"));
      ATOLL_ASSIGN(change, stage_version(context, changes, now, fresh, id, "me", lock, check));
      return {};
    }));
    return change;
  }
  Result<VersionChange> remove(const std::string& key) {
    VersionChange change;
    const VersionId id = platform::new_id<VersionId>(vault_->machine());
    ATOLL_TRY(vault_->commit(journal::CommandKind::remove_objects,
                             [&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
                               ATOLL_ASSIGN(const BucketState now, bucket_state(context.state, "bucket"));
                               ATOLL_ASSIGN(change, stage_removal_by_name(context, changes, now, key, id, "me", {}));
                               return {};
                             }));
    return change;
  }
  Result<VersionChange> remove_id(const std::string& key, const std::optional<VersionId>& id, bool bypass = false) {
    VersionChange change;
    ATOLL_TRY(vault_->commit(journal::CommandKind::erase_objects,
                             [&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
                               ATOLL_ASSIGN(const BucketState now, bucket_state(context.state, "bucket"));
                               ATOLL_ASSIGN(change, stage_removal_by_id(context, changes, now, key, id, "me", bypass));
                               return {};
                             }));
    return change;
  }
  std::vector<ObjectVersion> versions(const std::string& key) {
    const auto reader = vault_->reader();
    const auto state = bucket_state(*reader, "bucket").value();
    const auto entry = reader->entry(state.bucket.id, key).value();
    if (!entry) return {};
    if (entry->is_deleted && !state.was_ever_versioned()) return {};
    return object_versions(*reader, state, *entry).value();
  }
  std::string content_of(const catalog::VersionRow& row) {
    const auto bytes = bytes_of(*vault_, row);
    return bytes ? to_string(*bytes) : "unreadable: " + bytes.error().message;
  }
  // What a reader without a version id sees; "-" where nothing is there.
  std::string current(const std::string& key) {
    const auto reader = vault_->reader();
    const auto state = bucket_state(*reader, "bucket").value();
    const auto listed = reader->current(state.bucket.id, key).value();
    return listed ? content_of(listed->version) : "-";
  }
  void compare(const Model& model, const std::string& key) {
    const auto found = versions(key);
    static const std::vector<Model::One> kNone;
    const auto expected = model.objects.find(key);
    const auto& all = expected == model.objects.end() ? kNone : expected->second;
    ASSERT_EQ(found.size(), all.size()) << key;
    for (std::size_t at = 0; at < all.size(); ++at) {
      SCOPED_TRACE(key + " " + std::to_string(at));
      EXPECT_EQ(found[at].is_marker, all[at].is_marker);
      EXPECT_EQ(found[at].has_id, all[at].has_id);
      EXPECT_EQ(found[at].is_latest, at == 0);
      EXPECT_EQ(found[at].id, all[at].id);
      if (all[at].is_marker) continue;
      EXPECT_EQ(content_of(found[at].row), all[at].content);
    }
    EXPECT_EQ(current(key), all.empty() || all.front().is_marker ? "-" : all.front().content);
  }

  TestMachine machine_;
  std::unique_ptr<Vault> vault_;
};

TEST_F(VersionsTest, RandomChangesGiveWhatTheModelSays) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  make_bucket();
  Model model;
  const std::vector<std::string> keys = {"a", "a/b", "ä b+c"};
  for (int step = 0; step < 250; ++step) {
    SCOPED_TRACE("step " + std::to_string(step));
    const std::string& key = keys[random() % keys.size()];
    const auto dice = random() % 20;
    if (dice < 8) {
      const std::string content = "content " + std::to_string(step);
      const auto done = put(key, content);
      ASSERT_EQ(told(done), "ok");
      EXPECT_EQ(done->has_id, model.state == Versioning::enabled);
      model.put(key, done->id, content);
    } else if (dice < 12) {
      const auto done = remove(key);
      ASSERT_EQ(told(done), "ok");
      model.remove(key, done->id);
    } else if (dice < 18) {
      auto& all = model.objects[key];
      if (all.empty()) {
        EXPECT_FALSE(remove_id(key, std::nullopt)->existed);
        continue;
      }
      const std::size_t place = random() % all.size();
      const auto done = remove_id(key, all[place].has_id ? std::optional(all[place].id) : std::nullopt);
      ASSERT_EQ(told(done), "ok");
      EXPECT_EQ(done->is_marker, all[place].is_marker);
      model.remove_id(key, place);
    } else if (dice == 18 && step > 60) {
      model.state = model.state == Versioning::enabled ? Versioning::suspended : Versioning::enabled;
      set_versioning(model.state);
    } else if (dice == 19) {
      reopen();
    }
    for (const std::string& one : keys) compare(model, one);
    if (HasFatalFailure()) return;
  }
  ASSERT_TRUE(vault_->rebuild()) << "the catalog comes back from the journal";
  for (const std::string& one : keys) compare(model, one);
}

TEST_F(VersionsTest, WithoutVersioningNothingOfWhatWasReplacedStays) {
  make_bucket();
  const auto totals = [&] {
    const auto done = collect_garbage(*vault_, {});
    EXPECT_EQ(told(done), "ok");
    return vault_->chunks().totals().raw_bytes;
  };
  ASSERT_TRUE(put("keep", to_string(noise(1, 50'000))));
  const auto before = totals();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(put("a", to_string(noise(10 + static_cast<std::uint64_t>(i), 300'000))));
  ASSERT_TRUE(remove("a"));
  ASSERT_TRUE(vault_->settle());
  reopen();
  EXPECT_LT(totals(), before + 100'000) << "at once, not after the horizon";
  EXPECT_EQ(current("keep"), to_string(noise(1, 50'000)));
}

TEST_F(VersionsTest, WhatASnapshotHoldsEndsInPlaceOfGoing) {
  make_bucket();
  ASSERT_TRUE(put("a", "first"));
  NewSnapshot snapshot;
  snapshot.name = "s";
  snapshot.bucket = "bucket";
  ASSERT_EQ(told(create_snapshot(*vault_, snapshot)), "ok");
  ASSERT_EQ(told(put("a", "second")), "ok");
  ASSERT_EQ(told(remove("a")), "ok");
  EXPECT_EQ(current("a"), "-");
  const auto reader = vault_->reader();
  const auto bucket = reader->bucket_named("bucket").value();
  const auto entry = reader->entry(bucket->id, "a").value();
  ASSERT_TRUE(entry) << "its history is there";
  EXPECT_EQ(reader->versions_of(entry->object)->size(), 1U);
  ASSERT_TRUE(put("a", "third"));
  EXPECT_EQ(current("a"), "third");
}

TEST_F(VersionsTest, ABucketOfAPutIsVersionedAndItsRemovalsAreMarkers) {
  ASSERT_TRUE(put_bytes(*vault_, "bucket", "a", as_bytes("one")));
  ASSERT_TRUE(put("a", "two"));
  EXPECT_EQ(versions("a").size(), 2U);
  ASSERT_TRUE(Objects(*vault_).remove({"bucket", "a", false}));
  auto all = versions("a");
  ASSERT_EQ(all.size(), 3U);
  EXPECT_TRUE(all[0].is_marker && all[0].is_latest && all[0].has_id);
  EXPECT_EQ(versions("a")[0].id, all[0].id) << "the same each time";
  const auto undone = remove_id("a", all[0].id);
  ASSERT_EQ(told(undone), "ok");
  EXPECT_TRUE(undone->is_marker);
  EXPECT_EQ(current("a"), "two");
}

TEST_F(VersionsTest, TheRuleForLabelsNamesThemAsItNamesThoseOfAPut) {
  ASSERT_TRUE(put_bytes(*vault_, "bucket", "a", as_bytes("one")));
  ASSERT_EQ(told(vault_->commit(journal::CommandKind::policy_change,
                                [&](const CommitContext&, ChangeSet& changes) -> Result<void> {
                                  catalog::PolicyRow row;
                                  row.keeps_all = true;
                                  row.labels = "semantic";
                                  changes.put(row);
                                  return {};
                                })),
            "ok");
  EXPECT_EQ(put("a", "two").value().stored.version.label, "1.0.0");
  EXPECT_EQ(put("a", "three").value().stored.version.label, "1.1.0");
  ASSERT_TRUE(put_bytes(*vault_, "bucket", "a", as_bytes("four")));
  EXPECT_EQ(put("a", "five").value().stored.version.label, "1.3.0");
  ASSERT_TRUE(remove("a"));
  EXPECT_EQ(put("a", "six").value().stored.version.label, "1.4.0") << "counted on from what was removed";
}

TEST_F(VersionsTest, LocksKeepVersionsFromEveryWayToRemoveThem) {
  make_bucket();
  set_versioning(Versioning::enabled);
  ASSERT_TRUE(vault_->commit(journal::CommandKind::policy_change,
                             [&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
                               ATOLL_ASSIGN(const BucketState state, bucket_state(context.state, "bucket"));
                               auto settings = settings_to_change(state);
                               settings.has_object_lock = true;
                               settings.default_lock = catalog::LockMode::governance;
                               settings.default_lock_seconds = 86'400;
                               changes.put(settings);
                               return {};
                             }));
  const auto governed = put("a", "one").value();
  EXPECT_EQ(remove_id("a", governed.id).error().kind, ErrorKind::denied);
  ASSERT_TRUE(remove("a")) << "a marker may be put over it";
  EXPECT_EQ(current("a"), "-");
  EXPECT_EQ(told(remove_id("a", governed.id, true)), "ok") << "with the right to";
  VersionTerms lock;
  lock.mode = catalog::LockMode::compliance;
  lock.until = {machine_.clock.peek().unix_us + 86'400'000'000};
  const auto kept = put("b", "two", lock).value();
  EXPECT_EQ(remove_id("b", kept.id, true).error().id, "version.locked") << "nobody";
  machine_.clock.advance_s(86'401);
  EXPECT_EQ(told(remove_id("b", kept.id)), "ok") << "until its time is over";
  lock = {};
  lock.is_held = true;
  const auto held = put("c", "three", lock).value();
  machine_.clock.advance_s(86'400 * 400);
  EXPECT_EQ(remove_id("c", held.id, true).error().id, "version.locked");
}

TEST_F(VersionsTest, AConditionIsAskedInTheStateTheCommandIsBuiltOn) {
  make_bucket();
  const Condition absent = [](const catalog::VersionRow* current) -> Result<void> {
    if (current == nullptr) return {};
    return fail(ErrorKind::conflict, "test.there", "there");
  };
  EXPECT_EQ(told(put("a", "one", {}, absent)), "ok");
  EXPECT_EQ(put("a", "two", {}, absent).error().id, "test.there");
  EXPECT_EQ(current("a"), "one");
}

TEST_F(VersionsTest, RecordsOfReplacementsGoOnceNothingHoldsThemAnyMore) {
  make_bucket();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(put("a", "content " + std::to_string(i)));
  EXPECT_EQ(vault_->reader()->row_count(journal::TableNumber::erasures).value(), 19U);
  machine_.clock.advance_s(86'400 * 40);
  CollectOptions options;
  options.trusts_clock = true;
  ASSERT_EQ(told(collect_garbage(*vault_, options)), "ok");
  machine_.clock.advance_s(86'400 * 40);
  ASSERT_EQ(told(collect_garbage(*vault_, options)), "ok");
  EXPECT_EQ(vault_->reader()->row_count(journal::TableNumber::erasures).value(), 0U);
  EXPECT_EQ(current("a"), "content 19");
}

}  // namespace
}  // namespace atl::vault
