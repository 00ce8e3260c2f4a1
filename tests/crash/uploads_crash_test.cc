// Power cuts at every point of uploads in parts, of replacing without history, of versions that come back: what was
// answered is there, what was not is there whole or not at all, and gc changes nothing of that.
#include <gtest/gtest.h>

#include <cstdio>

#include "vault/keeping/collect.h"
#include "vault/object/uploads.h"
#include "vault/testing/test_vault.h"
#include "vault/verify.h"

namespace atl::vault {
namespace {

using namespace testing;  // NOLINT
using platform::CrashPolicy;
using platform::MemoryFileSystem;
using platform::TestMachine;

// Of every object its content and how many versions and markers it has, of every upload its parts' sizes; in words.
Result<std::string> words_of(Vault& vault) {
  std::string out;
  const auto reader = vault.reader();
  ATOLL_ASSIGN(const auto buckets, reader->buckets());
  for (const auto& bucket : buckets) {
    ATOLL_ASSIGN(const BucketState state, bucket_state(*reader, bucket.name));
    out += bucket.name + (state.versioning() == catalog::Versioning::enabled ? " keeps\n" : " replaces\n");
    catalog::ListQuery query;
    query.bucket = bucket.id;
    query.include_deleted = true;
    ATOLL_ASSIGN(const auto page, reader->list(query));
    for (const auto& item : page.items) {
      ATOLL_ASSIGN(const auto all, object_versions(*reader, state, item.entry));
      out += "  " + item.entry.key + ":";
      for (const auto& one : all) {
        if (one.is_marker) {
          out += " removed";
          continue;
        }
        ATOLL_ASSIGN(const Bytes bytes, bytes_of(vault, one.row));
        out += " " + to_hex(ByteView(codec::sha256(bytes)).first(4));
      }
      out += "\n";
    }
    ATOLL_ASSIGN(const auto uploads, Uploads(vault).list(bucket.name));
    for (const auto& upload : uploads) {
      out += "  uploading " + upload.key + ":";
      ATOLL_ASSIGN(const auto parts, Uploads(vault).parts(upload.id, 0, 100));
      for (const auto& part : parts) out += " " + std::to_string(part.size);
      out += "\n";
    }
  }
  return out;
}

class Play {
 public:
  explicit Play(const platform::Machine& machine) : machine_(machine) {}

  Result<void> run() {
    ATOLL_ASSIGN(vault_, open_small(machine_));
    ATOLL_TRY(step([&] { return make_bucket(); }));
    ATOLL_TRY(step([&] { return put("a", noise(1, 90'000)); }));
    ATOLL_TRY(step([&] { return put("a", noise(2, 90'000)); }));
    ATOLL_TRY(step([&] { return begin("big"); }));
    ATOLL_TRY(step([&] { return part(1, noise(3, 120'000)); }));
    ATOLL_TRY(step([&] { return part(2, noise(4, 50'000)); }));
    ATOLL_TRY(step([&] { return part(1, noise(5, 130'000)); }));
    ATOLL_TRY(step([&] { return complete(); }));
    ATOLL_TRY(step([&] { return remove("a"); }));
    ATOLL_TRY(step([&] { return set_versioning(); }));
    ATOLL_TRY(step([&] { return put("big", noise(6, 10'000)); }));
    ATOLL_TRY(step([&] { return remove("big"); }));
    ATOLL_TRY(step([&] { return remove_latest("big"); }));
    ATOLL_TRY(step([&] { return begin("never"); }));
    ATOLL_TRY(step([&] { return part(1, noise(7, 60'000)); }));
    ATOLL_TRY(step([&] { return abort(); }));
    return vault_->close();
  }
  // After each step that was answered, the first before any.
  std::vector<std::string> states{""};

 private:
  Result<void> step(const std::function<Result<void>()>& work) {
    ATOLL_TRY(work());
    ATOLL_ASSIGN(std::string words, words_of(*vault_));
    states.push_back(std::move(words));
    return {};
  }
  Result<void> make_bucket() {
    ATOLL_TRY(vault_->commit(journal::CommandKind::create_bucket, [&](const CommitContext&, ChangeSet& changes) {
      catalog::BucketRow row;
      row.id = platform::new_id<BucketId>(machine_);
      row.name = "bucket";
      row.keeps_history = false;
      changes.put(row);
      catalog::BucketSettingsRow settings;
      settings.bucket = row.id;
      changes.put(settings);
      return Result<void>{};
    }));
    return {};
  }
  Result<StoredContent> store(const Bytes& bytes) {
    ATOLL_ASSIGN(const BucketState state, bucket_state(*vault_->reader(), "bucket"));
    ByteView rest = bytes;
    return store_content(*vault_, state.bucket, bytes.size(), "x", [&](ByteSpan out) -> Result<std::size_t> {
      const std::size_t count = std::min(out.size(), rest.size());
      std::copy_n(rest.begin(), count, out.begin());
      rest = rest.subspan(count);
      return count;
    });
  }
  Result<void> put(const std::string& key, const Bytes& bytes) {
    ATOLL_ASSIGN(const StoredContent stored, store(bytes));
    NewVersion fresh;
    fresh.key = key;
    fresh.version.size = stored.bytes;
    fresh.version.content = stored.content;
    const VersionId id = platform::new_id<VersionId>(machine_);
    ATOLL_TRY(vault_->commit_content([&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
      ATOLL_ASSIGN(const BucketState state, bucket_state(context.state, "bucket"));
      ATOLL_TRY(stage_version(context, changes, state, fresh, id, "me", {}, {}));
      return {};
    }));
    return {};
  }
  Result<void> remove(const std::string& key) {
    const VersionId marker = platform::new_id<VersionId>(machine_);
    ATOLL_TRY(vault_->commit(journal::CommandKind::remove_objects,
                             [&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
                               ATOLL_ASSIGN(const BucketState state, bucket_state(context.state, "bucket"));
                               ATOLL_TRY(stage_removal_by_name(context, changes, state, key, marker, "me", {}));
                               return {};
                             }));
    return {};
  }
  Result<void> remove_latest(const std::string& key) {
    ATOLL_TRY(vault_->commit(
        journal::CommandKind::erase_objects, [&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
          ATOLL_ASSIGN(const BucketState state, bucket_state(context.state, "bucket"));
          ATOLL_ASSIGN(const auto entry, context.state.entry(state.bucket.id, key));
          ATOLL_ASSIGN(const auto all, object_versions(context.state, state, *entry));
          ATOLL_TRY(stage_removal_by_id(context, changes, state, key, all.front().id, "me", false));
          return {};
        }));
    return {};
  }
  Result<void> set_versioning() {
    ATOLL_TRY(vault_->commit(journal::CommandKind::policy_change,
                             [&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
                               ATOLL_ASSIGN(BucketState state, bucket_state(context.state, "bucket"));
                               auto settings = settings_to_change(state);
                               settings.versioning.push_back({context.lsn, catalog::Versioning::enabled});
                               changes.put(settings);
                               state.bucket.keeps_history = true;
                               changes.put(state.bucket);
                               return {};
                             }));
    return {};
  }
  Result<void> begin(const std::string& key) {
    NewUpload fresh;
    fresh.bucket = "bucket";
    fresh.key = key;
    ATOLL_ASSIGN(const UploadId id, Uploads(*vault_).create(fresh));
    ATOLL_ASSIGN(upload_, Uploads(*vault_).find("bucket", key, id));
    return {};
  }
  Result<void> part(std::uint32_t number, const Bytes& bytes) {
    ATOLL_ASSIGN(const StoredContent stored, store(bytes));
    StoredPart one;
    one.number = number;
    one.content = stored.content;
    one.size = stored.bytes;
    return Uploads(*vault_).put_part(upload_, one);
  }
  Result<void> complete() {
    Uploads::Completion completion;
    ATOLL_ASSIGN(completion.parts, Uploads(*vault_).parts(upload_.id, 0, 100));
    ATOLL_TRY(Uploads(*vault_).complete(upload_, completion));
    return {};
  }
  Result<void> abort() { return Uploads(*vault_).abort(upload_); }

  platform::Machine machine_;
  std::unique_ptr<Vault> vault_;
  catalog::UploadRow upload_;
};

std::string check(std::unique_ptr<MemoryFileSystem> disk, const std::vector<std::string>& states, std::size_t answered,
                  std::uint64_t seed) {
  TestMachine machine(std::move(disk), seed);
  auto vault = open_small(machine.inline_machine());
  if (!vault) return "it does not open: " + told(vault.error());
  const auto expected = [&](const std::string& found) {
    return found == states[answered] || (answered + 1 < states.size() && found == states[answered + 1]);
  };
  const auto found = words_of(**vault);
  if (!found) return "it cannot be read: " + told(found.error());
  if (!expected(*found)) return "expected\n" + states[answered] + "found\n" + *found;
  const auto collected = collect_garbage(**vault, {});
  if (!collected) return "gc: " + told(collected.error());
  const auto again = words_of(**vault);
  if (!again || *again != *found) return "gc changed it to\n" + again.value_or("unreadable");
  const auto verified = verify_vault(**vault, {});
  if (!verified || !verified->is_clean()) return "verify is not content";
  return {};
}

TEST(UploadsCrash, AtEveryPointWhatWasAnsweredIsThere) {
  // Once to learn what each step leads to, once more with the cuts: both are the same, byte for byte.
  std::vector<std::string> states;
  {
    TestMachine machine;
    ASSERT_EQ(told(create_small(machine.inline_machine())), "ok");
    Play play(machine.inline_machine());
    ASSERT_EQ(told(play.run()), "ok");
    states = play.states;
  }
  ASSERT_EQ(states.size(), 17U);
  TestMachine machine;
  ASSERT_EQ(told(create_small(machine.inline_machine())), "ok");
  Play play(machine.inline_machine());
  std::uint64_t points = 0;
  int failures = 0;
  machine.files.before_each_point([&](std::uint64_t point) {
    ++points;
    if (failures >= 5) return;
    const std::size_t answered = play.states.size() - 1;
    for (const CrashPolicy policy : {CrashPolicy::drop_all, CrashPolicy::random}) {
      const std::string wrong = check(machine.files.after_crash(point, policy), states, answered, point + 100);
      if (wrong.empty()) continue;
      ++failures;
      ADD_FAILURE() << "point " << point << " after step " << answered << ": " << wrong;
    }
  });
  const auto played = play.run();
  machine.files.before_each_point(nullptr);
  ASSERT_EQ(told(played), "ok");
  EXPECT_EQ(play.states, states);
  std::printf("uploads: %llu points\n", static_cast<unsigned long long>(points));
  EXPECT_GT(points, 60U);
}

}  // namespace
}  // namespace atl::vault
