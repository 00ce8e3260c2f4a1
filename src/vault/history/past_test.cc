// A bucket's past against a plain model of it, and snapshots.
#include "vault/history/past.h"

#include <gtest/gtest.h>

#include <map>

#include "vault/history/snapshots.h"
#include "vault/testing/test_vault.h"

namespace atl::vault {
namespace {

using namespace testing;  // NOLINT
using platform::SeededRandom;
using platform::TestMachine;

using State = std::map<std::string, std::string>;  // key -> content

State read_state(Vault& vault, View& view, const std::string& bucket_name, const std::string& prefix = {}) {
  State state;
  const auto bucket = view.bucket(bucket_name);
  EXPECT_EQ(told(bucket), "ok");
  const auto scanned = view.scan(bucket->id, prefix, "", [&](const catalog::Listed& listed) -> Result<bool> {
    ATOLL_ASSIGN(const Bytes bytes, bytes_of(vault, listed.version));
    EXPECT_TRUE(state.emplace(listed.entry.key, to_string(bytes)).second);
    return true;
  });
  EXPECT_EQ(told(scanned), "ok");
  return state;
}

// What list() with a delimiter has to give.
void expect_listing(View& view, const BucketId& bucket, const State& expected, const std::string& prefix,
                    std::size_t limit) {
  std::vector<std::string> wanted;
  for (const auto& [key, content] : expected) {
    if (!key.starts_with(prefix)) continue;
    const std::size_t slash = key.find('/', prefix.size());
    const std::string one = slash == std::string::npos ? key : key.substr(0, slash + 1) + "*";
    if (wanted.empty() || wanted.back() != one) wanted.push_back(one);
  }
  std::vector<std::string> found;
  catalog::ListQuery query;
  query.bucket = bucket;
  query.prefix = prefix;
  query.delimiter = "/";
  query.limit = limit;
  for (;;) {
    const auto page = view.list(query);
    ASSERT_EQ(told(page), "ok");
    ASSERT_LE(page->items.size() + page->common_prefixes.size(), limit);
    std::vector<std::string> both;
    for (const auto& item : page->items) both.push_back(item.entry.key);
    for (const auto& folder : page->common_prefixes) both.push_back(folder + "*");
    std::ranges::sort(both);
    found.insert(found.end(), both.begin(), both.end());
    if (!page->has_more) break;
    query.after = page->next_after;
  }
  EXPECT_EQ(found, wanted) << "prefix " << prefix << ", pages of " << limit;
}

TEST(Past, IsExactlyWhatTheModelRemembers) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SeededRandom random(seed);
    TestMachine machine(seed);
    ASSERT_EQ(told(create_small(machine.inline_machine())), "ok");
    const auto vault = std::move(*open_small(machine.inline_machine()));
    Objects objects(*vault);
    ASSERT_EQ(told(objects.ensure_bucket("some-bucket")), "ok");
    struct Known {
      Lsn lsn;
      Timestamp time;
      State state;
    };
    std::vector<Known> past{{vault->journal().last(), vault->journal().last_commit_time(), {}}};
    State state;
    const auto some_key = [&] {
      static const char* const keys[] = {"a", "a/b", "a/c/d", "a0", "b/", "b/x", "b/x/y", "c", "\xFF", "\xFF/z"};
      return std::string(keys[random.below(std::size(keys))]);
    };
    for (int step = 0; step < 120; ++step) {
      machine.clock.advance_us(static_cast<std::int64_t>(random.below(3)) * 500'000);  // sometimes not at all
      const std::string key = some_key();
      if (random.below(3) > 0 || state.empty()) {
        const std::string content = "content " + std::to_string(random.below(30));
        ASSERT_EQ(told(put_bytes(*vault, "some-bucket", key, as_bytes(content))), "ok");
        state[key] = content;
      } else if (state.contains(key) && random.one_in(3)) {
        const std::string to = some_key();
        const bool is_free = !state.contains(to);
        const auto moved = objects.move({"some-bucket", key, false}, "some-bucket", to, false);
        ASSERT_EQ(moved.has_value(), is_free && to != key);
        if (moved) {
          state[to] = state[key];
          state.erase(key);
        }
      } else if (state.contains(key)) {
        ASSERT_EQ(told(objects.remove({"some-bucket", key, false})), "ok");
        state.erase(key);
      }
      past.push_back({vault->journal().last(), vault->journal().last_commit_time(), state});
    }
    const auto reader = vault->reader();
    const auto bucket = objects.bucket("some-bucket").value();
    for (int check = 0; check < 50; ++check) {
      std::size_t at = random.below(past.size());
      Moment moment;
      moment.lsn = past[at].lsn;
      if (random.one_in(2)) {  // the last change of that time counts
        moment.is_by_time = true;
        moment.time = past[at].time;
        while (at + 1 < past.size() && past[at + 1].time == moment.time) ++at;
      }
      View view(*reader, moment);
      ASSERT_EQ(read_state(*vault, view, "some-bucket"), past[at].state) << "at " << at;
      for (const char* prefix : {"", "a", "a/", "b/x", "nothing"}) {
        expect_listing(view, bucket.id, past[at].state, prefix, 1 + random.below(4));
      }
      for (const char* key : {"a", "a/b", "\xFF", "none"}) {
        const auto one = view.current(bucket.id, key);
        ASSERT_EQ(told(one), "ok");
        EXPECT_EQ(one->has_value(), past[at].state.contains(key));
      }
    }
    View now(*reader, std::nullopt);
    EXPECT_EQ(read_state(*vault, now, "some-bucket"), state);
  }
}

class Moments : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(told(create_small(machine_.inline_machine())), "ok");
    vault_ = std::move(*open_small(machine_.inline_machine()));
    ASSERT_EQ(told(put_bytes(*vault_, "some-bucket", "a/one", as_bytes("1"))), "ok");
    ASSERT_EQ(told(put_bytes(*vault_, "some-bucket", "a/two", as_bytes("22"))), "ok");
  }
  NewSnapshot snapshot(const std::string& name) {
    NewSnapshot wanted;
    wanted.name = name;
    wanted.bucket = "some-bucket";
    return wanted;
  }
  TestMachine machine_;
  std::unique_ptr<Vault> vault_;
};

TEST_F(Moments, AreReadInEveryForm) {
  const Lsn last = vault_->journal().last();
  EXPECT_EQ(parse_moment(*vault_, std::to_string(last.value))->lsn, last);
  EXPECT_EQ(parse_moment(*vault_, "lsn:1")->lsn, Lsn{1});
  machine_.clock.advance_s(3'600);
  const auto ago = parse_moment(*vault_, "10m");
  ASSERT_EQ(told(ago), "ok");
  EXPECT_NEAR(static_cast<double>(ago->time.unix_us), static_cast<double>(machine_.clock.now().unix_us - 600'000'000),
              100);
  const std::string today = format_rfc3339(machine_.clock.now()).substr(0, 10);
  EXPECT_NEAR(static_cast<double>(parse_moment(*vault_, today)->time.unix_us),  // so far
              static_cast<double>(machine_.clock.now().unix_us), 100);
  EXPECT_EQ(parse_moment(*vault_, "2001-02-03")->time.unix_us,
            parse_rfc3339("2001-02-04").value().seconds * 1'000'000 - 1);
  ASSERT_EQ(told(create_snapshot(*vault_, snapshot("figure-3"))), "ok");
  EXPECT_EQ(parse_moment(*vault_, "figure-3")->lsn, last);
  EXPECT_EQ(parse_moment(*vault_, "snapshot:figure-3")->lsn, last);
  for (const char* text : {"", "yesterday", "99999", "lsn:x", "2999-01-01", "snapshot:none", "-5"})
    EXPECT_EQ(parse_moment(*vault_, text).error().kind, ErrorKind::usage) << text;
}

TEST_F(Moments, ASnapshotShowsItsStateWhateverComes) {
  const auto made = create_snapshot(*vault_, snapshot("before"));
  ASSERT_EQ(told(made), "ok");
  EXPECT_EQ(made->objects, 2U);
  EXPECT_EQ(made->bytes, 3U);
  ASSERT_EQ(told(put_bytes(*vault_, "some-bucket", "a/one", as_bytes("changed"))), "ok");
  ASSERT_EQ(told(Objects(*vault_).remove({"some-bucket", "a/two", false})), "ok");
  const auto reader = vault_->reader();
  View view(*reader, parse_moment(*vault_, "before").value());
  EXPECT_EQ(read_state(*vault_, view, "some-bucket"), (State{{"a/one", "1"}, {"a/two", "22"}}));
  const SnapshotGuard guard(reader->all<catalog::SnapshotRow>().value());
  const auto entry = reader->entry(made->bucket, "a/one").value();
  const auto versions = reader->versions_of(entry->object).value();
  EXPECT_FALSE(guard.keeps(versions[0], "a/one"));  // of now
  EXPECT_TRUE(guard.keeps(versions[1], "a/one"));
  EXPECT_EQ(create_snapshot(*vault_, snapshot("before")).error().id, "snapshot.exists");
  for (const char* name : {"", "3rd", "a b", "a/b", "-x", "a:b"})
    EXPECT_EQ(create_snapshot(*vault_, snapshot(name)).error().id, "snapshot.bad_name") << name;
  NewSnapshot empty = snapshot("empty");
  empty.prefix = "nothing/";
  EXPECT_EQ(create_snapshot(*vault_, empty).error().id, "snapshot.empty");
}

TEST_F(Moments, AHeldSnapshotIsRemovedByNobody) {
  ASSERT_EQ(told(create_snapshot(*vault_, snapshot("audit"))), "ok");
  ASSERT_EQ(told(hold_snapshot(*vault_, "audit", true, "court")), "ok");
  EXPECT_EQ(delete_snapshot(*vault_, "audit").error().id, "snapshot.held");
  ASSERT_EQ(told(hold_snapshot(*vault_, "audit", false, "")), "ok");
  ASSERT_EQ(told(delete_snapshot(*vault_, "audit")), "ok");
  EXPECT_EQ(delete_snapshot(*vault_, "audit").error().id, "snapshot.not_found");
}

TEST(SnapshotRules, AreThoseOfRestic) {
  std::vector<catalog::SnapshotRow> rows;
  const std::int64_t hour_us = 3'600'000'000;
  const std::int64_t newest = parse_rfc3339("2026-11-21T12:30:00Z").value().seconds * 1'000'000;
  for (int i = 0; i < 24 * 40; ++i) {  // hourly for forty days
    catalog::SnapshotRow row;
    row.name = "s" + std::to_string(1'000 + i);
    row.time = {newest - i * hour_us};
    rows.push_back(row);
  }
  const auto kept = [&](KeepSnapshots keep) { return rows.size() - snapshots_to_prune(rows, keep).size(); };
  EXPECT_EQ(kept({.last = 5}), 5U);
  EXPECT_EQ(kept({.hourly = 7}), 7U);
  EXPECT_EQ(kept({.daily = 7}), 7U);
  EXPECT_EQ(kept({.weekly = 3}), 3U);
  EXPECT_EQ(kept({.monthly = 12}), 2U);  // there are no more months
  EXPECT_EQ(kept({.yearly = 5}), 1U);
  EXPECT_EQ(kept({.within_seconds = 86'400}), 25U);  // both ends count
  EXPECT_EQ(kept({.last = 1, .daily = 2}), 2U);      // today's newest is the last one
  rows[700].is_held = true;
  EXPECT_EQ(kept({.last = 1}), 2U);
  EXPECT_TRUE(snapshots_to_prune({}, {.last = 1}).empty());
}

}  // namespace
}  // namespace atl::vault
