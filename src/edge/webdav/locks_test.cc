// Locks: who is kept off where, how they end, how many there may be; and the whole table against a plain model.
#include "edge/webdav/locks.h"

#include <gtest/gtest.h>

#include <optional>

#include "foundation/platform/testing/test_machine.h"

namespace atl::webdav {
namespace {

using platform::TestMachine;

LockTable::Wanted wanted(const std::string& place, bool is_deep = true, LockScope scope = LockScope::exclusive,
                         const std::string& principal = "ann") {
  LockTable::Wanted out;
  out.place = place;
  out.is_deep = is_deep;
  out.scope = scope;
  out.principal = principal;
  return out;
}

TEST(WebDavLocks, AnExclusiveLockKeepsAllOthersOffItsPlaceAndWhatLiesBelow) {
  TestMachine machine;
  LockTable locks(machine.machine());
  const auto lock = locks.take(wanted("v/b/x"));
  ASSERT_TRUE(lock);
  EXPECT_TRUE(lock->token.starts_with("opaquelocktoken:"));
  EXPECT_EQ(lock->timeout_s, 3'600);
  const LockHolder ann{"ann", {lock->token}};
  const LockHolder forgetful{"ann", {}};
  const LockHolder thief{"bob", {lock->token}};
  for (const char* place : {"v/b/x", "v/b/x/y", "v/b/x/y/z"}) {
    EXPECT_EQ(locks.first_barred(place, false, ann), "") << place;
    EXPECT_EQ(locks.first_barred(place, false, forgetful), "v/b/x") << place;
    EXPECT_EQ(locks.first_barred(place, false, thief), "v/b/x") << "a token is its maker's alone";
    EXPECT_EQ(locks.take(wanted(place)).error().id, "dav.locked") << place;
    EXPECT_EQ(locks.take(wanted(place, false, LockScope::shared)).error().id, "dav.locked") << place;
  }
  for (const char* place : {"v/b", "v/b/xy", "v/b/w", "v", "w/b/x"}) {
    EXPECT_EQ(locks.first_barred(place, false, forgetful), "") << place;
  }
  EXPECT_EQ(locks.first_barred("v/b", true, forgetful), "v/b/x") << "removing the folder would remove what is locked";
  EXPECT_EQ(locks.take(wanted("v/b")).error().id, "dav.locked") << "a deep lock would cover it";
  EXPECT_TRUE(locks.take(wanted("v/b", false)));
}

TEST(WebDavLocks, SharedLocksShareAndOneTokenOfThemIsEnough) {
  TestMachine machine;
  LockTable locks(machine.machine());
  const auto first = locks.take(wanted("v/b/x", false, LockScope::shared));
  const auto second = locks.take(wanted("v/b/x", false, LockScope::shared, "bob"));
  ASSERT_TRUE(first && second);
  EXPECT_EQ(locks.take(wanted("v/b/x", false)).error().id, "dav.locked");
  EXPECT_EQ(locks.first_barred("v/b/x", false, {"bob", {second->token}}), "");
  EXPECT_EQ(locks.first_barred("v/b/x", false, {"eve", {}}), "v/b/x");
  EXPECT_EQ(locks.first_barred("v/b/x/y", false, {"eve", {}}), "") << "it is not deep";
  EXPECT_EQ(locks.release(second->token, "v/b/x", "ann").error().id, "dav.not_your_lock");
  EXPECT_TRUE(locks.release(second->token, "v/b/x", "bob"));
  EXPECT_EQ(locks.release(second->token, "v/b/x", "bob").error().id, "dav.no_such_lock");
  EXPECT_EQ(locks.count(), 1U);
}

TEST(WebDavLocks, RunOutUnlessTheyAreRefreshed) {
  TestMachine machine;
  LockTable locks(machine.machine());
  auto short_lived = wanted("v/b/x");
  short_lived.timeout_s = 60;
  const auto lock = locks.take(short_lived);
  ASSERT_TRUE(lock);
  machine.clock.advance_s(50);
  EXPECT_EQ(locks.refresh(lock->token, "v/b/x/below", "ann", 60)->timeout_s, 60) << "from below a deep lock, too";
  EXPECT_FALSE(locks.refresh(lock->token, "v/b/x", "bob", 60));
  EXPECT_FALSE(locks.refresh(lock->token, "v/b/elsewhere", "ann", 60));
  machine.clock.advance_s(50);
  EXPECT_EQ(locks.covering("v/b/x").size(), 1U);
  machine.clock.advance_s(20);
  EXPECT_TRUE(locks.covering("v/b/x").empty());
  EXPECT_EQ(locks.first_barred("v/b/x", true, {"bob", {}}), "");
  EXPECT_FALSE(locks.refresh(lock->token, "v/b/x", "ann", 60));
  EXPECT_TRUE(locks.take(wanted("v/b/x", true, LockScope::exclusive, "bob")));
  short_lived.place = "v/b/y";
  short_lived.timeout_s = INT64_MAX;
  EXPECT_EQ(locks.take(short_lived)->timeout_s, 86'400) << "none is for ever";
}

TEST(WebDavLocks, AreBoundedInNumberAndExpiredOnesMakeRoom) {
  TestMachine machine;
  LockTable locks(machine.machine(), {.locks_max = 3, .locks_per_principal_max = 2});
  EXPECT_TRUE(locks.take(wanted("v/a")));
  EXPECT_TRUE(locks.take(wanted("v/b")));
  EXPECT_EQ(locks.take(wanted("v/c")).error().id, "dav.too_many_locks");
  EXPECT_TRUE(locks.take(wanted("v/c", true, LockScope::exclusive, "bob")));
  EXPECT_EQ(locks.take(wanted("v/d", true, LockScope::exclusive, "eve")).error().id, "dav.too_many_locks");
  machine.clock.advance_s(3'601);
  EXPECT_EQ(locks.count(), 0U);
  EXPECT_TRUE(locks.take(wanted("v/d", true, LockScope::exclusive, "eve")));
}

TEST(WebDavLocks, GoWithWhatTheyWereOn) {
  TestMachine machine;
  LockTable locks(machine.machine());
  for (const char* place : {"v/b/x", "v/b/xy", "v/b/z/1", "v/b/z/2"}) ASSERT_TRUE(locks.take(wanted(place)));
  locks.drop("v/b/x");
  EXPECT_EQ(locks.count(), 3U);
  locks.drop("v/b/z");
  EXPECT_EQ(locks.count(), 1U);
  EXPECT_EQ(locks.covering("v/b/xy").size(), 1U);
}

// A list that is searched from end to end.
class PlainLocks {
 public:
  std::vector<Lock> all;

  static bool covers(const Lock& lock, const std::string& place) {
    return lock.place == place || (lock.is_deep && place.starts_with(lock.place + "/"));
  }
  void expire(std::int64_t now) {
    std::erase_if(all, [&](const Lock& lock) { return lock.until_ns <= now; });
  }
  [[nodiscard]] bool may_take(const LockTable::Wanted& one) const {
    for (const Lock& lock : all) {
      const bool meets = covers(lock, one.place) || (one.is_deep && lock.place.starts_with(one.place + "/"));
      if (meets && (lock.scope == LockScope::exclusive || one.scope == LockScope::exclusive)) return false;
    }
    return true;
  }
  [[nodiscard]] bool may_change(const std::string& place, bool with_members, const LockHolder& holder) const {
    std::vector<std::string> places = {place};
    if (with_members) {
      for (const Lock& lock : all) {
        if (lock.place.starts_with(place + "/")) places.push_back(lock.place);
      }
    }
    for (std::size_t i = 0; i < places.size(); ++i) {
      bool is_locked = false;
      bool is_shown = false;
      for (const Lock& lock : all) {
        // Of members only their own locks: what lies above the place asked for was looked at with it.
        if (i == 0 ? !covers(lock, places[i]) : lock.place != places[i]) continue;
        is_locked = true;
        for (const std::string& token : holder.tokens)
          is_shown = is_shown || (token == lock.token && lock.principal == holder.principal);
      }
      if (is_locked && !is_shown) return false;
    }
    return true;
  }
};

TEST(WebDavLocks, DoWhatAPlainListDoes) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    TestMachine machine(seed);
    platform::SeededRandom random(seed);
    LockTable locks(machine.machine());
    PlainLocks model;
    const std::vector<std::string> places = {"v/b", "v/b/x", "v/b/x/y", "v/b/x/y/z", "v/b/xy", "v/c", "v/c/x"};
    const std::vector<std::string> people = {"ann", "bob"};
    for (int step = 0; step < 400; ++step) {
      SCOPED_TRACE("seed " + std::to_string(seed) + " step " + std::to_string(step));
      const std::string& place = places[random.below(places.size())];
      const std::string& person = people[random.below(people.size())];
      model.expire(machine.clock.monotonic_ns());
      switch (random.below(6)) {
        case 0:
        case 1: {
          auto one =
              wanted(place, random.one_in(2), random.one_in(2) ? LockScope::shared : LockScope::exclusive, person);
          one.timeout_s = static_cast<std::int64_t>(1 + random.below(100));
          const auto taken = locks.take(one);
          ASSERT_EQ(taken.has_value(), model.may_take(one));
          if (taken) model.all.push_back(*taken);
          break;
        }
        case 2: {
          if (model.all.empty()) break;
          const std::size_t at = random.below(model.all.size());
          const Lock lock = model.all[at];
          const auto released = locks.release(lock.token, place, person);
          ASSERT_EQ(released.has_value(), PlainLocks::covers(lock, place) && lock.principal == person);
          if (released) model.all.erase(model.all.begin() + static_cast<std::ptrdiff_t>(at));
          break;
        }
        case 3: {
          LockHolder holder{person, {}};
          for (const Lock& lock : model.all) {
            if (random.one_in(2)) holder.tokens.push_back(lock.token);
          }
          const bool with_members = random.one_in(2);
          ASSERT_EQ(locks.first_barred(place, with_members, holder).empty(),
                    model.may_change(place, with_members, holder));
          break;
        }
        case 4: machine.clock.advance_s(static_cast<std::int64_t>(random.below(30))); break;
        default: {
          if (!random.one_in(4)) break;
          locks.drop(place);
          std::erase_if(model.all,
                        [&](const Lock& lock) { return lock.place == place || lock.place.starts_with(place + "/"); });
        }
      }
      model.expire(machine.clock.monotonic_ns());
      ASSERT_EQ(locks.count(), model.all.size());
    }
  }
}

TEST(WebDavLocks, APauseKeepsNewLocksOffWhatGoesAndLeavesTheOthers) {
  TestMachine machine;
  LockTable table(machine.machine());
  const auto takes = [&](const std::string& place, bool is_deep) {
    const auto taken = table.take(wanted(place, is_deep));
    return taken && table.release(taken->token, place, "ann");
  };
  {
    const LockPause pause = table.pause("v/b/f");
    const LockPause again = table.pause("v/b/f");
    EXPECT_FALSE(takes("v/b/f", false));
    EXPECT_FALSE(takes("v/b/f/x", false));
    EXPECT_FALSE(takes("v/b/f/x/y", false));
    EXPECT_FALSE(takes("v/b", false)) << "its members are held by a lock of the folder";
    EXPECT_FALSE(takes("v", true));
    EXPECT_TRUE(takes("v", false));
    EXPECT_TRUE(takes("v/b/fg", true));
    EXPECT_TRUE(takes("v/b/e", true));
    { const LockPause short_one = table.pause("v/b/f"); }
    EXPECT_FALSE(takes("v/b/f", true)) << "the others still hold";
  }
  EXPECT_TRUE(takes("v/b/f", true)) << "both are over";
  EXPECT_TRUE(takes("v", true));
}

}  // namespace
}  // namespace atl::webdav
