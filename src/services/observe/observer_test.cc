// A home in memory under watch: what is seen, judged, kept and told.
#include "services/observe/observer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "services/jobs/schedules.h"
#include "vault/copies.h"
#include "vault/testing/test_vault.h"

namespace atl::observe {
namespace {

using namespace vault::testing;  // NOLINT
using platform::TestMachine;

class FakePrograms final : public platform::Programs {
 public:
  Result<platform::ProgramResult> run(const platform::ProgramCall& call) override {
    calls.push_back(call);
    return platform::ProgramResult{reaches ? 0 : 7, "", "no route"};
  }
  std::string own_path() override { return "/bin/atoll"; }
  std::int64_t local_time_ahead_s(Timestamp) override { return 0; }
  std::vector<platform::ProgramCall> calls;
  bool reaches = true;
};

class FakeWatched final : public Watched {
 public:
  explicit FakeWatched(vault::Vault& vault) : vault_(&vault) {}
  void each_vault(const std::function<void(const VaultId&, const std::string&, vault::Vault*)>& visit) override {
    visit(vault_->head().vault, "main", is_in_use_alone ? nullptr : vault_);
  }
  Traffic traffic() override { return counted; }
  Settings settings() override { return set; }
  std::vector<std::string> locked_vaults() override { return locked; }
  std::optional<Timestamp> certificate_end() override { return certificate; }
  Traffic counted;
  Settings set;
  std::vector<std::string> locked;
  std::optional<Timestamp> certificate;
  bool is_in_use_alone = false;

 private:
  vault::Vault* vault_;
};

class Observing : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(told(create_small(machine_.inline_machine())), "ok");
    ASSERT_EQ(told(create_small(machine_.inline_machine(), kControl)), "ok");
    vault_ = std::move(open_small(machine_.inline_machine()).value());
    control_ = std::move(open_small(machine_.inline_machine(), kControl).value());
    watched_ = std::make_unique<FakeWatched>(*vault_);
    restart();
  }
  void restart() {
    observer_.reset();
    observer_ = std::make_unique<Observer>(
        Observer::Parts{machine_.inline_machine(), programs_, *control_, "/home",
                        [this](const std::string& path) { return path.starts_with("/home") ? device_ : std::nullopt; },
                        *watched_, [this](const std::string& words) { said_.push_back(words); }});
  }
  std::shared_ptr<const Health> look_after(std::int64_t seconds) {
    machine_.clock.advance_s(seconds);
    observer_->look();
    return observer_->health();
  }
  Level level_of(std::string_view kind, const std::string& subject) {
    for (const auto& one : observer_->health()->alarms)
      if (one.kind == kind && one.subject == subject) return one.level;
    return Level::unknown;
  }
  static constexpr const char* kControl = "/home/vaults/control";
  TestMachine machine_;
  FakePrograms programs_;
  std::optional<std::uint64_t> device_ = 0x801;
  std::unique_ptr<vault::Vault> vault_, control_;
  std::unique_ptr<FakeWatched> watched_;
  std::unique_ptr<Observer> observer_;
  std::vector<std::string> said_;
};

TEST_F(Observing, WhatStatCallsNotSafeIsAnAlarmWithItsCommand) {
  ASSERT_EQ(told(put_bytes(*vault_, "photos", "one", noise(1, 5'000))), "ok");
  const auto health = observer_->health();
  const std::string name = health->vaults.at(0).status.name;
  EXPECT_EQ(level_of("one_copy", name), Level::warning);
  EXPECT_EQ(level_of("kit_not_saved", name), Level::warning);
  EXPECT_EQ(level_of("verify_overdue", name), Level::warning);
  EXPECT_EQ(level_of("writes_refused", name), Level::good);
  EXPECT_EQ(health->level, Level::warning);
  EXPECT_NE(health->sentence.find("1 file stored"), std::string::npos) << health->sentence;
  for (const auto& alarm : health->alarms) {
    if (alarm.level < Level::warning) continue;
    EXPECT_FALSE(alarm.advice.empty()) << alarm.kind;
    EXPECT_FALSE(alarm.words.empty()) << alarm.kind;
  }
}

TEST_F(Observing, AccountsWantACopyOnceOthersHaveOne) {
  const auto add_copy = [](vault::Vault& vault) {
    return told(vault.commit(journal::CommandKind::copy_change,
                             [](const vault::CommitContext& context, vault::ChangeSet& changes) -> Result<void> {
                               catalog::CopyRow row;
                               row.name = "usb";
                               row.kind = std::string(vault::kCopyKindFolder);
                               row.place = "/mnt/usb";
                               row.created = context.commit_time;
                               changes.put(row);
                               return {};
                             }));
  };
  look_after(10);
  EXPECT_EQ(level_of("accounts_not_copied", ""), Level::unknown);
  ASSERT_EQ(add_copy(*vault_), "ok");
  look_after(10);
  EXPECT_EQ(level_of("accounts_not_copied", ""), Level::warning);
  ASSERT_EQ(add_copy(*control_), "ok");
  look_after(10);
  EXPECT_LT(level_of("accounts_not_copied", ""), Level::warning);
}

TEST_F(Observing, EveryKindOfReadingHasAKindAndIsNamedAsLookedAt) {
  // A kind that the lists of what was looked at leave out would end its alarm whenever a vault is busy.
  VaultHealth vault;
  vault.status.name = "main";
  vault.status.files = 1;
  vault.status.findings = {{"copy.one_only", "x", ""},        {"kit.stale", "x", ""},
                           {"encryption.none", "x", ""},      {"verify.found_damage", "x", ""},
                           {"keyring.damaged_copy", "x", ""}, {"new.finding", "x", ""}};
  vault.copies.resize(1);
  vault.copies[0].is_known = true;
  vault.copies[0].synced = Timestamp{1};
  vault.schedules.resize(1);
  std::vector<Reading> readings;
  add_readings(vault, machine_.clock.now(), readings);
  add_accounts_reading({vault}, false, readings);
  for (const auto& one : readings) {
    EXPECT_NE(find_kind(one.kind), nullptr) << one.kind;
    const bool is_named = std::ranges::find(kinds_of_vaults(), one.kind) != kinds_of_vaults().end();
    EXPECT_TRUE(is_named) << one.kind;
  }
  for (const auto kind : kinds_of_vaults()) EXPECT_NE(find_kind(kind), nullptr) << kind;
}

TEST_F(Observing, CapacityTripsAbove85AndTellsOnceEachWay) {
  watched_->set.news = {"command:/bin/tell"};
  watched_->set.limits = {{"one_copy", {}}, {"kit_not_saved", {}}, {"verify_overdue", {}}};
  // Figures take room, too: next to this it is nothing.
  ASSERT_EQ(told(put_bytes(*vault_, "photos", "one", noise(1, 5'000'000))), "ok");
  const std::uint64_t used = machine_.files.used_bytes();
  machine_.files.set_capacity_bytes(used * 10);
  look_after(10);
  EXPECT_LT(level_of("capacity", "home"), Level::warning);
  EXPECT_EQ(observer_->tell_news(), 0U) << (said_.empty() ? "" : said_.back());
  machine_.files.set_capacity_bytes(used + used / 10);
  const auto full = look_after(10);
  EXPECT_EQ(level_of("capacity", "home"), Level::warning) << full->places.at(0).used_percent().value_or(-1);
  EXPECT_EQ(observer_->tell_news(), 1U);
  ASSERT_EQ(programs_.calls.size(), 1U);
  EXPECT_EQ(programs_.calls[0].words.front(), "/bin/tell");
  EXPECT_NE(programs_.calls[0].input.find("warning: capacity (home)"), std::string::npos) << programs_.calls[0].input;
  for (int i = 0; i < 20; ++i) {
    look_after(10);
    EXPECT_EQ(observer_->tell_news(), 0U);
  }
  machine_.files.set_capacity_bytes(used * 10);
  look_after(1'000);
  EXPECT_EQ(observer_->tell_news(), 1U);
  EXPECT_EQ(programs_.calls.size(), 2U);
  EXPECT_NE(programs_.calls[1].input.find("well again"), std::string::npos);
  EXPECT_EQ(observer_->health()->history.size(), 2U);
}

TEST_F(Observing, NewsThatCannotBeSentIsTriedAgain) {
  watched_->set.news = {"command:/bin/tell"};
  programs_.reaches = false;
  ASSERT_EQ(told(put_bytes(*vault_, "photos", "one", noise(1, 5'000))), "ok");
  look_after(10);
  EXPECT_GT(observer_->tell_news(), 0U);
  EXPECT_EQ(programs_.calls.size(), 1U);
  EXPECT_EQ(observer_->tell_news(), 0U);
  EXPECT_EQ(programs_.calls.size(), 1U) << "not at once";
  programs_.reaches = true;
  machine_.clock.advance_s(61);
  EXPECT_EQ(observer_->tell_news(), 0U);
  EXPECT_EQ(programs_.calls.size(), 2U);
  machine_.clock.advance_s(61);
  observer_->tell_news();
  EXPECT_EQ(programs_.calls.size(), 2U);
}

TEST_F(Observing, AfterARestartNothingIsToldAgainAndDamageOfWhatIsKeptHurtsNothing) {
  watched_->set.news = {"command:/bin/tell"};
  ASSERT_EQ(told(put_bytes(*vault_, "photos", "one", noise(1, 5'000))), "ok");
  look_after(10);
  EXPECT_GT(observer_->tell_news(), 0U);
  const std::size_t history = observer_->health()->history.size();
  restart();
  look_after(10);
  EXPECT_EQ(observer_->tell_news(), 0U);
  EXPECT_EQ(observer_->health()->history.size(), history);
  const std::string path = std::string(kControl) + "/indexes/health/alarms";
  // Sealed: names of copies, schedules and people are in it.
  const std::string kept = to_string(machine_.files.content(path));
  EXPECT_EQ(kept.find("one_copy"), std::string::npos);
  machine_.files.flip_bits(path, kept.size() / 2);
  said_.clear();
  restart();
  EXPECT_EQ(said_.size(), 1U);
  look_after(10);
  EXPECT_GT(observer_->tell_news(), 0U);
}

TEST_F(Observing, AVaultInUseAloneKeepsItsAlarms) {
  ASSERT_EQ(told(put_bytes(*vault_, "photos", "one", noise(1, 5'000))), "ok");
  look_after(10);
  const auto before = observer_->health();
  watched_->is_in_use_alone = true;
  const auto busy = look_after(100);
  EXPECT_EQ(busy->vaults.size(), 1U);
  EXPECT_EQ(busy->level, before->level);
  // From the very first look on: nothing is known, and nothing that was kept ends by that.
  observer_->tell_news();
  restart();
  look_after(10);
  EXPECT_EQ(observer_->health()->level, Level::warning);
  EXPECT_EQ(observer_->tell_news(), 0U);
}

TEST_F(Observing, SlowAndFailingRequestsAreAlarmsOnceThereAreEnough) {
  look_after(10);
  LatencyHistogram slow;
  const auto serve = [&](int count, double seconds, std::uint64_t errors) {
    for (int i = 0; i < count; ++i) slow.note(seconds);
    watched_->counted.doors[0].queries = slow.counts();
    watched_->counted.doors[0].requests += static_cast<std::uint64_t>(count);
    watched_->counted.doors[0].errors += errors;
  };
  serve(99, 0.5, 0);
  look_after(10);
  EXPECT_EQ(level_of("query_p99", ""), Level::unknown) << "too few to tell";
  serve(1, 0.5, 30);
  const auto health = look_after(10);
  EXPECT_EQ(level_of("query_p99", ""), Level::warning);
  EXPECT_EQ(level_of("request_errors", ""), Level::critical);
  EXPECT_GT(health->now[Figure::query_p99_seconds], 0.4);
  for (int i = 0; i < 32; ++i) {
    serve(20, 0.001, 0);
    look_after(10);
  }
  EXPECT_LT(level_of("query_p99", ""), Level::warning) << "five minutes later it is over";
  EXPECT_LT(level_of("request_errors", ""), Level::warning);
}

TEST_F(Observing, EventsLastAnHour) {
  look_after(10);
  observer_->note_event("failed_logins", "ada", "10 failed sign-ins of ada");
  look_after(10);
  EXPECT_EQ(level_of("failed_logins", "ada"), Level::warning);
  look_after(3'000);
  EXPECT_EQ(level_of("failed_logins", "ada"), Level::warning);
  look_after(700);
  EXPECT_LT(level_of("failed_logins", "ada"), Level::warning);
}

TEST_F(Observing, ContentThatCannotBeReadIsAnAlarmAtTheNextLook) {
  const Bytes content = noise(1, 700'000);
  ASSERT_EQ(told(put_bytes(*vault_, "photos", "one", content)), "ok");
  vault_.reset();
  vault_ = std::move(open_small(machine_.inline_machine()).value());
  watched_ = std::make_unique<FakeWatched>(*vault_);
  restart();
  look_after(10);
  EXPECT_EQ(level_of("damaged_read", "main"), Level::unknown);
  const std::string packs = std::string(kFolder) + "/packs/*";
  for (const auto& path : machine_.files.all_paths(packs)) {
    Bytes broken = machine_.files.content(path);
    for (std::size_t at = 4096; at < broken.size(); at += 7) broken[at] ^= 0xFF;
    machine_.files.overwrite(path, 0, broken);
  }
  EXPECT_FALSE(bytes_of(*vault_, "photos", "one"));
  look_after(10);
  EXPECT_EQ(level_of("damaged_read", "main"), Level::critical);
  // Who stores it again has it again, under the old name too.
  ASSERT_EQ(told(put_bytes(*vault_, "photos", "again", content)), "ok");
  EXPECT_EQ(bytes_of(*vault_, "photos", "one").value(), content);
  // What the store found bad when it was built on again counts from when it is seen.
  look_after(10);
  look_after(6 * 86'400);
  EXPECT_EQ(level_of("damaged_read", "main"), Level::critical);
  look_after(2 * 86'400);
  EXPECT_LT(level_of("damaged_read", "main"), Level::warning);
}

TEST_F(Observing, ARepairIsSaidOnTheAlarmAndWhatCanBeReadAgainIsNone) {
  const Bytes content = noise(1, 700'000);
  ASSERT_EQ(told(put_bytes(*vault_, "photos", "one", content)), "ok");
  vault_.reset();
  vault_ = std::move(open_small(machine_.inline_machine()).value());
  watched_ = std::make_unique<FakeWatched>(*vault_);
  restart();
  look_after(10);
  const auto alarm = [&](const std::string& kind) {
    const auto health = look_after(10);
    const auto found = std::ranges::find(health->alarms, kind, &Alarm::kind);
    return found == health->alarms.end() ? Alarm{} : *found;
  };
  observer_->note_event("damaged_read", "main", "It is damaged.");
  EXPECT_TRUE(observer_->has_event("damaged_read", "main"));
  observer_->note_repair("main", "A repair is under way.", "Nothing.");
  EXPECT_EQ(alarm("damaged_read").words, "It is damaged. A repair is under way.");
  EXPECT_EQ(alarm("damaged_read").advice, "Nothing.");
  observer_->note_repair("main", "", "");
  EXPECT_EQ(alarm("damaged_read").words, "It is damaged.");
  observer_->end_event("damaged_read", "main");
  EXPECT_FALSE(observer_->has_event("damaged_read", "main"));
  look_after(10);
  EXPECT_LT(level_of("damaged_read", "main"), Level::warning);
  // Mended between two looks: what was met is told, but nothing is lost.
  const std::string path = machine_.files.all_paths(std::string(kFolder) + "/packs/*").at(0);
  const Bytes whole = machine_.files.content(path);
  machine_.files.erase(path);
  EXPECT_FALSE(bytes_of(*vault_, "photos", "one"));
  machine_.files.set_content(path, whole);
  EXPECT_EQ(bytes_of(*vault_, "photos", "one").value(), content);
  look_after(10);
  EXPECT_LT(level_of("damaged_read", "main"), Level::warning);
  EXPECT_EQ(level_of("healed_read", "main"), Level::warning);
}

TEST_F(Observing, ClockCertificateLockedVaultsAndMissedSchedules) {
  ASSERT_EQ(told(put_bytes(*vault_, "photos", "one", noise(1, 5'000))), "ok");
  catalog::ScheduleRow row;
  row.words = {"verify"};
  row.rule = "every 1h";
  row.name = "check";
  ASSERT_EQ(told(jobs::add_schedule(*vault_, row)), "ok");
  look_after(10);
  const std::string name = observer_->health()->vaults.at(0).status.name;
  EXPECT_LT(level_of("schedule_missed", name + ": check"), Level::warning);
  watched_->locked = {"other"};
  watched_->certificate = Timestamp{machine_.clock.peek().unix_us + 5LL * 86'400 * 1'000'000};
  look_after(2 * 3'600 + 1'800);
  EXPECT_EQ(level_of("schedule_missed", name + ": check"), Level::warning);
  EXPECT_EQ(level_of("vault_locked", "other"), Level::warning);
  EXPECT_EQ(level_of("certificate", ""), Level::warning);
  EXPECT_EQ(level_of("clock", ""), Level::unknown);
  machine_.clock.set({machine_.clock.peek().unix_us - 7'200'000'000});
  look_after(61);
  EXPECT_EQ(level_of("clock", name), Level::good) << "the last change is older than that";
  EXPECT_EQ(level_of("clock", ""), Level::warning);
}

TEST_F(Observing, FiguresAreKeptForEachStepAndAcrossARestart) {
  ASSERT_EQ(told(put_bytes(*vault_, "photos", "one", noise(1, 50'000))), "ok");
  for (int i = 0; i < 400; ++i) {
    watched_->counted.sent_bytes += 5'000;
    look_after(10);
  }
  const auto at = [&](std::size_t ring) { return observer_->monitor()->samples(ring, 0, INT64_MAX).value(); };
  EXPECT_EQ(at(0).size(), kRings[0].samples);
  EXPECT_NEAR(static_cast<double>(at(1).size()), 66, 1);
  EXPECT_NEAR(static_cast<double>(at(2).size()), 4, 1);
  EXPECT_NEAR(at(0).back().sample[Figure::sent_bytes_per_second], 500, 1);
  EXPECT_NEAR(at(1).back().sample[Figure::sent_bytes_per_second], 500, 1);
  EXPECT_EQ(at(1).back().sample[Figure::files], 1);
  EXPECT_GT(at(1).back().sample[Figure::warm_bytes] + at(1).back().sample[Figure::hot_bytes], 0);
  const std::size_t before = at(1).size();
  restart();
  look_after(3'600);
  look_after(10);
  EXPECT_LE(at(1).size(), before + 1) << "a step during which nothing ran has no sample";
}

TEST_F(Observing, FiguresThatCannotBeKeptAreAnAlarmAndNoEnd) {
  observer_.reset();
  machine_.files.fail_next(platform::Operation::open, "*figures");
  restart();
  look_after(10);
  EXPECT_EQ(observer_->monitor(), nullptr);
  EXPECT_EQ(level_of("monitor", "figures"), Level::warning);
  EXPECT_EQ(said_.size(), 1U);
}

TEST_F(Observing, TheRoomOfACopyIsForecastAcrossRestarts) {
  ASSERT_EQ(told(vault_->commit(journal::CommandKind::copy_change,
                                [](const vault::CommitContext& context, vault::ChangeSet& changes) -> Result<void> {
                                  catalog::CopyRow row;
                                  row.name = "usb";
                                  row.kind = std::string(vault::kCopyKindFolder);
                                  row.place = "/home/usb";
                                  row.created = context.commit_time;
                                  changes.put(row);
                                  return {};
                                })),
            "ok");
  ASSERT_EQ(told(platform::create_directories(machine_.files, "/home/usb")), "ok");
  const std::uint64_t used = machine_.files.used_bytes();
  machine_.files.set_capacity_bytes(used + 1'000'000'000);
  const auto location = [this] {
    const auto health = observer_->health();
    EXPECT_EQ(health->locations.size(), 2U);
    return health->locations.back();
  };
  look_after(10);
  EXPECT_EQ(location().kind, "folder");
  EXPECT_FALSE(location().forecast);
  for (int i = 1; i <= 16; ++i) {
    machine_.files.set_capacity_bytes(used + 1'000'000'000 - static_cast<std::uint64_t>(i) * 50'000'000);
    if (i == 8) restart();
    look_after(RoomHistory::kStepSeconds);
  }
  ASSERT_TRUE(location().forecast && location().forecast->months);
  EXPECT_NEAR(location().forecast->grown_bytes_per_day, 200e6, 5e6);
  EXPECT_NE(level_of("room", location().name), Level::unknown) << "it is judged as the home's disk is";
  EXPECT_EQ(observer_->health()->tiers[0].name, "hot");
}

TEST(ObserverSettings, RowsThatCannotBeReadAreLeftOut) {
  const auto settings = settings_of({{"alarm.limits.capacity", "80:90", {}},
                                     {"alarm.limits.nothing", "80", {}},
                                     {"alarm.limits.drive_health", "what", {}},
                                     {"alarm.reads", "5", {}},
                                     {"news.alarms", R"(["mail:me@example.org", "webhook:https://x.example/y"])", {}}});
  EXPECT_EQ(settings.limits, (LimitsByName{{"capacity", {80, 90}}}));
  EXPECT_EQ(settings.news.size(), 2U);
  EXPECT_TRUE(settings_of({{"news.alarms", "mail:me", {}}}).news.empty());
}

TEST(ObserverSettings, WhoIsToldIsKeptAndReadAgain) {
  const std::vector<std::string> addresses{"mail:me@example.org", "webhook:https://x.example/\"y\""};
  EXPECT_EQ(settings_of({{std::string(kNewsName), row_of_news(addresses), {}}}).news, addresses);
  EXPECT_TRUE(settings_of({{std::string(kNewsName), row_of_news({}), {}}}).news.empty());
}

}  // namespace
}  // namespace atl::observe
