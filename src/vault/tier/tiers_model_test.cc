// Random lives of a vault whose rules, reads and moves come in any order, with gc, crashes of the process and rebuilds:
// everything that was stored is read back after each move, and lies where a model says.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>

#include "vault/keeping/collect.h"
#include "vault/keeping/policy.h"
#include "vault/testing/test_vault.h"
#include "vault/tier/tiers.h"
#include "vault/verify.h"

namespace atl::vault {
namespace {

using namespace testing;  // NOLINT
using chunk::Temperature;
using platform::TestMachine;

constexpr std::int64_t kDay = 86'400;

class Life {
 public:
  explicit Life(std::uint64_t seed) : random_(seed), machine_(seed) {}

  void run(int steps) {
    ASSERT_EQ(told(create_small(machine_.inline_machine())), "ok");
    open();
    set_rules();
    for (int step = 0; step < steps && !::testing::Test::HasFatalFailure(); ++step) {
      SCOPED_TRACE("step " + std::to_string(step));
      one_step();
    }
    move();
  }
  [[nodiscard]] std::uint64_t moved() const { return moved_; }
  [[nodiscard]] std::uint64_t certain() const { return certain_; }

 private:
  // What a rule says, told without the language.
  struct ModelRule {
    Temperature tier = Temperature::warm;
    char prefix = 0;         // of the key; 0: any
    std::int64_t days = -1;  // older than; -1: any
    bool wants_unread = false;
    [[nodiscard]] std::string text() const {
      std::string filter = "type:file";
      if (prefix != 0) filter += std::string(" and key:") + prefix + "*";
      if (days >= 0) filter += " and age>" + std::to_string(days) + "d";
      if (wants_unread) filter += " and accesses < 0.4";
      return std::string(name_of(tier)) + " if " + filter;
    }
  };
  struct Model {
    Bytes bytes;
    catalog::VersionRow row;
    std::string key;
    double accesses = 0;  // as of `counted`
    Timestamp counted;
    std::int64_t noted_us = 0;
    bool is_current = true;
  };

  void open() {
    vault_.reset();
    auto opened = open_small(machine_.inline_machine());
    ASSERT_EQ(told(opened), "ok");
    vault_ = std::move(*opened);
  }
  std::string some_key() {
    return std::string(1, static_cast<char>('a' + random_.below(3))) + std::to_string(random_.below(4));
  }
  Model* current(const std::string& key) {
    for (Model& one : stored_)
      if (one.key == key && one.is_current) return &one;
    return nullptr;
  }

  void one_step() {
    switch (random_.below(12)) {
      case 0:
      case 1:
      case 2: return put(some_key());
      case 3: {
        const std::string key = some_key();
        Model* one = current(key);
        if (one == nullptr) return;
        ASSERT_EQ(told(Objects(*vault_).remove({"docs", key, false})), "ok");
        one->is_current = false;
        return;
      }
      case 4:
      case 5: return read(some_key());
      case 6: return machine_.clock.advance_s(static_cast<std::int64_t>(1 + random_.below(9 * kDay)));
      case 7: return set_rules();
      case 8:
      case 9: return move();
      case 10: {
        CollectOptions options;
        options.trusts_clock = true;
        options.dead_share_min = random_.one_in(2) ? 0.0 : 0.3;
        ASSERT_EQ(told(collect_garbage(*vault_, options)), "ok");
        return;
      }
      default: {
        const std::uint64_t how = random_.below(4);
        if (how == 0) {
          ASSERT_EQ(told(vault_->rebuild()), "ok");
          return;
        }
        // Killed: counts that were in memory are lost.
        vault_->accesses().flush();
        if (how != 1) {
          ASSERT_EQ(told(vault_->close()), "ok");
        }
        return open();
      }
    }
  }

  void put(const std::string& key) {
    const std::uint64_t sizes[] = {1 + random_.below(3000), 1 + random_.below(60'000), 1 + random_.below(400'000)};
    const std::uint64_t size = sizes[random_.below(3)];
    const Bytes bytes = random_.one_in(2) ? noise(random_.below(4), size) : words(random_.below(50), size);
    Model* const before = current(key);
    ASSERT_EQ(told(put_bytes(*vault_, "docs", key, bytes)), "ok");
    const auto found = Objects(*vault_).find("docs", key);
    ASSERT_EQ(told(found), "ok");
    if (before != nullptr && before->row.version == found->version.version) return;
    Model fresh{bytes, found->version, key, 0, {}, 0, true};
    // Reads are an object's, not a version's.
    for (const Model& one : stored_) {
      if (one.row.object != found->version.object || one.counted < fresh.counted) continue;
      fresh.accesses = one.accesses;
      fresh.counted = one.counted;
      fresh.noted_us = one.noted_us;
    }
    if (before != nullptr) before->is_current = false;
    stored_.push_back(std::move(fresh));
  }

  void read(const std::string& key) {
    Model* const one = current(key);
    if (one == nullptr) return;
    const auto found = Objects(*vault_).find("docs", key);
    ASSERT_EQ(told(found), "ok");
    ASSERT_EQ(told(Objects(*vault_).read(found->version, 0, found->version.size,
                                         [](ByteView) -> Result<bool> { return true; })),
              "ok");
    const Timestamp now = machine_.clock.peek();
    if (one->noted_us != 0 && now.unix_us - one->noted_us < 120'000'000) {
      is_vague_.insert(key);  // the same minute or the next: which of them counts is not the model's affair
    }
    one->accesses = decayed({one->accesses, one->counted}, now, kHalfLifeSeconds) + 1;
    one->counted = now;
    one->noted_us = now.unix_us;
  }

  void set_rules() {
    rules_.clear();
    for (std::uint64_t i = random_.below(4); i-- > 0;) {
      ModelRule rule;
      rule.tier = kTiersHottestFirst[random_.below(3)];
      if (random_.one_in(2)) rule.prefix = static_cast<char>('a' + random_.below(3));
      if (random_.one_in(2)) rule.days = static_cast<std::int64_t>(random_.below(20));
      rule.wants_unread = random_.one_in(3);
      rules_.push_back(rule);
    }
    catalog::PolicyRow row;
    row.keep_within_seconds = 20 * kDay;
    row.horizon_seconds = 10 * kDay;
    row.audit_seconds = 30 * kDay;
    for (const ModelRule& rule : rules_) row.tier_rules.push_back(rule.text());
    ASSERT_EQ(told(check_policy(row)), "ok");
    ASSERT_EQ(told(vault_->commit(journal::CommandKind::policy_change,
                                  [&](const CommitContext&, ChangeSet& changes) -> Result<void> {
                                    changes.put(row);
                                    return {};
                                  })),
              "ok");
  }

  // None where it is too close to a rule's edge to tell.
  std::optional<Temperature> wanted(const Model& one) const {
    const Timestamp now = machine_.clock.peek();
    for (const ModelRule& rule : rules_) {
      if (rule.prefix != 0 && one.key[0] != rule.prefix) continue;
      if (rule.days >= 0) {
        const std::int64_t age_us = now.unix_us - one.row.begin_time.unix_us - rule.days * kDay * 1'000'000;
        if (age_us > -60'000'000 && age_us < 60'000'000) return std::nullopt;
        if (age_us < 0) continue;
      }
      if (rule.wants_unread) {
        const double count = one.is_current ? decayed({one.accesses, one.counted}, now, kHalfLifeSeconds) : 0;
        if (one.is_current && is_vague_.contains(one.key)) return std::nullopt;
        if (count > 0.39 && count < 0.41) return std::nullopt;
        if (count >= 0.4) continue;
      }
      return rule.tier;
    }
    return Temperature::warm;
  }

  void move() {
    TierOptions options;
    options.misplaced_share_min = 0;
    ASSERT_EQ(told(vault_->chunks().seal_packs()), "ok");  // what is being written is left alone
    TierOptions look = options;
    look.is_dry_run = true;
    look.measures = random_.one_in(4);
    const auto preview = move_tiers(*vault_, look);
    ASSERT_EQ(told(preview), "ok");
    if (random_.one_in(4)) {  // in two parts
      TierOptions part = options;
      part.bytes_max = 1 + random_.below(300'000);
      ASSERT_EQ(told(move_tiers(*vault_, part)), "ok");
    }
    const auto report = move_tiers(*vault_, options);
    ASSERT_EQ(told(report), "ok");
    ASSERT_TRUE(report->troubles.empty());
    moved_ += report->bytes_written;
    const auto again = move_tiers(*vault_, look);
    ASSERT_EQ(told(again), "ok");
    ASSERT_EQ(again->packs, 0U);
    check();
  }

  void check() {
    std::map<ChunkId, Temperature> hottest;
    bool is_certain = true;
    const auto reader = vault_->reader();
    for (const Model& one : stored_) {
      const auto row = reader->version(one.row.object, one.row.version);
      ASSERT_EQ(told(row), "ok");
      if (!*row) {
        ASSERT_FALSE(one.is_current);
        continue;  // its time was over
      }
      const auto bytes = bytes_of(*vault_, one.row);
      ASSERT_EQ(told(bytes), "ok");
      ASSERT_TRUE(*bytes == one.bytes) << one.key;
      const auto tier = wanted(one);
      is_certain = is_certain && tier.has_value();
      for (const auto& part : one.row.content.parts) {
        const auto [found, is_new] = hottest.try_emplace(part.chunk, tier.value_or(Temperature::warm));
        if (!is_new) found->second = std::min(found->second, tier.value_or(Temperature::warm));
      }
    }
    if (is_certain) {
      const auto packs = vault_->chunks().list_packs();
      for (const auto& [id, tier] : hottest) {
        const auto place = vault_->chunks().place_of(id);
        ASSERT_EQ(told(place), "ok");
        ASSERT_TRUE(*place);
        const auto pack = std::ranges::find(packs, (*place)->pack, &chunk::PackInfo::id);
        ASSERT_NE(pack, packs.end());
        ASSERT_EQ(name_of(pack->temperature), name_of(tier));
      }
      ++certain_;
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
  std::vector<Model> stored_;
  std::vector<ModelRule> rules_;
  std::set<std::string> is_vague_;
  std::uint64_t moved_ = 0;
  std::uint64_t certain_ = 0;
};

TEST(TiersModel, EverythingStaysAndLiesWhereTheModelSays) {
  std::uint64_t moved = 0;
  std::uint64_t certain = 0;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Life life(seed);
    life.run(60);
    if (::testing::Test::HasFatalFailure()) return;
    moved += life.moved();
    certain += life.certain();
  }
  std::printf("%llu bytes moved, %llu times all places compared\n", static_cast<unsigned long long>(moved),
              static_cast<unsigned long long>(certain));
  EXPECT_GT(moved, 10 * kMiB);
  EXPECT_GT(certain, 30U);
}

}  // namespace
}  // namespace atl::vault
