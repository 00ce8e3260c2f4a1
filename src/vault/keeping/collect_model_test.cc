// Random lives of a vault with policies, snapshots, erasures, gc, crashes of the process and rebuilds, against a model
// that knows every version ever stored and says which of them must be readable.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <map>

#include "vault/checkpoint.h"
#include "vault/keeping/collect.h"
#include "vault/keeping/erase.h"
#include "vault/testing/test_vault.h"
#include "vault/verify.h"

namespace atl::vault {
namespace {

using namespace testing;  // NOLINT
using platform::TestMachine;

constexpr std::int64_t kDay = 86'400;

struct Stored {
  std::string key;
  Bytes bytes;
  catalog::VersionRow row;  // as it was when it was stored
  Lsn end;                  // 0: current
  bool is_erased = false;
};

class Life {
 public:
  explicit Life(std::uint64_t seed) : random_(seed), machine_(seed) {}

  void run(int steps) {
    ASSERT_EQ(told(create_small(machine_.inline_machine())), "ok");
    open();
    catalog::PolicyRow rules;
    rules.keep_within_seconds = (1 + random_.below(20)) * kDay;
    if (random_.one_in(2)) rules.keep_daily_seconds = 40 * kDay;
    rules.horizon_seconds = (1 + random_.below(30)) * kDay;
    rules.audit_seconds = rules.horizon_seconds + random_.below(30) * kDay;
    ASSERT_EQ(told(vault_->commit(journal::CommandKind::policy_change,
                                  [&](const CommitContext&, ChangeSet& changes) -> Result<void> {
                                    changes.put(rules);
                                    return {};
                                  })),
              "ok");
    for (int step = 0; step < steps && !::testing::Test::HasFatalFailure(); ++step) {
      SCOPED_TRACE("step " + std::to_string(step));
      one_step();
    }
    collect(true);
    check();
  }
  [[nodiscard]] std::uint64_t freed() const { return freed_; }
  [[nodiscard]] std::uint64_t gone() const { return gone_; }

 private:
  void open() {
    vault_.reset();
    auto opened = open_small(machine_.inline_machine());
    ASSERT_EQ(told(opened), "ok");
    vault_ = std::move(*opened);
  }
  std::string some_key() { return "k" + std::to_string(random_.below(8)); }

  void one_step() {
    switch (random_.below(14)) {
      case 0:
      case 1:
      case 2:
      case 3: return put(some_key());
      case 4: return remove(some_key());
      case 5: return erase_some(some_key());
      case 6: return snapshot();
      case 7: return machine_.clock.advance_s(static_cast<std::int64_t>(random_.below(9 * kDay)));
      case 8: {
        ASSERT_EQ(told(make_checkpoint(*vault_)), "ok");
        return;
      }
      case 9: return collect(random_.one_in(4));
      case 10: {
        collect(false);
        return check();
      }
      case 11: {
        if (random_.one_in(2)) ASSERT_EQ(told(vault_->close()), "ok");
        open();
        return check();
      }
      case 12: {
        if (!random_.one_in(3)) return;
        ASSERT_EQ(told(vault_->rebuild()), "ok");
        return check();
      }
      default: {
        ASSERT_EQ(told(vault_->close()), "ok");
        return open();
      }
    }
  }

  Stored* current(const std::string& key) {
    for (Stored& one : stored_)
      if (one.key == key && one.end.value == 0 && !one.is_erased) return &one;
    return nullptr;
  }

  void put(const std::string& key) {
    const std::uint64_t sizes[] = {random_.below(3000), random_.below(60'000), random_.below(600'000)};
    const std::uint64_t size = sizes[random_.below(3)];
    const Bytes bytes = random_.one_in(2) ? noise(random_.below(5), size) : words(random_.below(50), size);
    Stored* const before = current(key);
    ASSERT_EQ(told(put_bytes(*vault_, "docs", key, bytes)), "ok");
    const auto found = Objects(*vault_).find("docs", key);
    ASSERT_EQ(told(found), "ok");
    if (before != nullptr) {
      if (before->row.version == found->version.version) return;  // the same again
      before->end = found->version.begin;
    }
    stored_.push_back({key, bytes, found->version, {}, false});
  }

  void remove(const std::string& key) {
    Stored* const before = current(key);
    if (before == nullptr) return;
    ASSERT_EQ(told(Objects(*vault_).remove({"docs", key, false})), "ok");
    before->end = vault_->journal().last();
  }

  [[nodiscard]] bool is_in_snapshot(const Stored& one) const {
    return std::ranges::any_of(snapshots_, [&](const auto& row) {
      return one.key.starts_with(row.second.prefix) && one.row.begin <= row.second.lsn &&
             (one.end.value == 0 || row.second.lsn < one.end);
    });
  }

  void erase_some(const std::string& key) {
    const bool only_old = random_.one_in(3);
    bool is_kept = false;
    std::vector<Stored*> meant;
    for (Stored& one : stored_) {
      if (one.key != key || one.is_erased || (only_old && one.end.value == 0)) continue;
      const auto row = vault_->reader()->version(one.row.object, one.row.version);
      ASSERT_EQ(told(row), "ok");
      if (!*row) continue;  // expired
      meant.push_back(&one);
      is_kept = is_kept || is_in_snapshot(one);
    }
    const auto erased =
        erase(*vault_, {{"docs", key, false}, only_old ? EraseWhich::old : EraseWhich::all, {}, "because"});
    if (meant.empty() || is_kept) {
      ASSERT_FALSE(erased);
      ASSERT_EQ(erased.error().kind, meant.empty() ? ErrorKind::not_found : ErrorKind::conflict) << told(erased);
      return;
    }
    ASSERT_EQ(told(erased), "ok");
    ASSERT_EQ(erased->versions, meant.size());
    for (Stored* one : meant) one->is_erased = true;
  }

  void snapshot() {
    const bool deletes = !snapshots_.empty() && random_.one_in(2);
    catalog::SnapshotRow row;
    row.name = deletes ? snapshots_.begin()->first : "s" + std::to_string(random_.below(1000));
    if (!deletes) {
      const auto bucket = Objects(*vault_).ensure_bucket("docs");
      ASSERT_EQ(told(bucket), "ok");
      row.bucket = bucket->id;
      row.prefix = random_.one_in(2) ? "" : some_key();
      row.lsn = vault_->journal().last();
    }
    ASSERT_EQ(told(vault_->commit(journal::CommandKind::snapshot_change,
                                  [&](const CommitContext&, ChangeSet& changes) -> Result<void> {
                                    if (deletes) {
                                      changes.remove(row);
                                    } else {
                                      changes.put(row);
                                    }
                                    return {};
                                  })),
              "ok");
    if (deletes) {
      snapshots_.erase(row.name);
    } else {
      snapshots_[row.name] = row;
    }
  }

  [[nodiscard]] std::uint64_t pack_bytes() const {
    std::uint64_t bytes = 0;
    for (const std::string& path : machine_.files.all_paths("*.pack")) bytes += machine_.files.content(path).size();
    return bytes;
  }

  void collect(bool ends_past) {
    CollectOptions options;
    options.trusts_clock = true;
    options.dead_share_min = random_.one_in(2) ? 0.0 : 0.3;
    if (ends_past) options.horizon_seconds = 0;
    const auto report = collect_garbage(*vault_, options);
    ASSERT_EQ(told(report), "ok");
    freed_ += report->bytes_freed;
    reaches_back_to_ = std::max(reaches_back_to_, report->reaches_back_to);
    // What nothing needs is gone: straight after, without time passing, there is nothing more to free.
    CollectOptions again = options;
    again.is_dry_run = true;
    again.horizon_seconds = std::nullopt;
    const auto rest = collect_garbage(*vault_, again);
    ASSERT_EQ(told(rest), "ok");
    ASSERT_EQ(rest->expired.gone.versions, 0U);
    ASSERT_EQ(rest->packs_removed, 0U);
    if (!ends_past) {
      // As previewed: what a preview says is what the run then does, byte for byte where whole packs go.
      const std::uint64_t before = pack_bytes();
      const auto third = collect_garbage(*vault_, [&] {
        CollectOptions real = options;
        real.dead_share_min = again.dead_share_min;
        return real;
      }());
      ASSERT_EQ(told(third), "ok");
      ASSERT_EQ(pack_bytes(), before - third->bytes_freed);
    }
  }

  void check() {
    for (Stored& one : stored_) {
      SCOPED_TRACE(one.key + " of change " + std::to_string(one.row.begin.value));
      const auto row = vault_->reader()->version(one.row.object, one.row.version);
      ASSERT_EQ(told(row), "ok");
      if (one.end.value == 0) {
        ASSERT_EQ(row->has_value(), !one.is_erased);
      }
      if (one.is_erased) {
        ASSERT_FALSE(*row);
        const auto erasure = vault_->reader()->one<catalog::ErasureRow>(catalog::key_of(one.row));
        ASSERT_TRUE(erasure && *erasure);
        continue;
      }
      if (is_in_snapshot(one)) {
        ASSERT_TRUE(*row);
      }
      // Seen by a state at or behind the first that can be gone back to?
      const bool is_in_reach = one.end.value == 0 || one.end > reaches_back_to_;
      if (!*row && !is_in_reach) {
        ++gone_;
        continue;
      }
      const auto bytes = bytes_of(*vault_, one.row);
      ASSERT_EQ(told(bytes), "ok");
      ASSERT_TRUE(*bytes == one.bytes);
    }
    VerifyVaultOptions options;
    options.workers = 1;
    const auto summary = verify_vault(*vault_, options);
    ASSERT_EQ(told(summary), "ok");
    ASSERT_TRUE(summary->is_clean()) << (summary->damage.empty() ? "lost" : summary->damage.front().what);
  }

  platform::SeededRandom random_;
  TestMachine machine_;
  std::unique_ptr<Vault> vault_;
  std::vector<Stored> stored_;
  std::map<std::string, catalog::SnapshotRow> snapshots_;
  Lsn reaches_back_to_;
  std::uint64_t freed_ = 0;
  std::uint64_t gone_ = 0;
};

TEST(CollectModel, WhatIsNeededIsThereAndWhatIsNotIsGone) {
  std::uint64_t freed = 0;
  std::uint64_t gone = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Life life(seed);
    life.run(70);
    if (::testing::Test::HasFatalFailure()) return;
    freed += life.freed();
    gone += life.gone();
  }
  std::printf("%llu bytes freed, %llu times a version was rightly gone\n", static_cast<unsigned long long>(freed),
              static_cast<unsigned long long>(gone));
  EXPECT_GT(freed, 10 * kMiB);
  EXPECT_GT(gone, 100U);
}

}  // namespace
}  // namespace atl::vault
