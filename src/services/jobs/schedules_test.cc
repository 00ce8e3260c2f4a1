#include "services/jobs/schedules.h"
#include "services/jobs/from_elsewhere.h"

#include <gtest/gtest.h>

#include "services/jobs/news.h"
#include "services/jobs/timer.h"
#include "vault/testing/test_vault.h"

namespace atl::jobs {
namespace {

using namespace vault::testing;  // NOLINT
using platform::TestMachine;

std::int64_t utc(Timestamp) { return 0; }

// Answers what it is told to, and keeps what it was asked.
class ScriptedPrograms final : public platform::Programs {
 public:
  Result<platform::ProgramResult> run(const platform::ProgramCall& call) override {
    calls.push_back(call);
    if (call.words.front() == "/bin/atoll") return answer;
    if (!reaches) return platform::ProgramResult{7, "", "no route"};
    return platform::ProgramResult{};
  }
  std::string own_path() override { return "/bin/atoll"; }
  std::int64_t local_time_ahead_s(Timestamp) override { return 0; }
  std::vector<platform::ProgramCall> calls;
  platform::ProgramResult answer;
  bool reaches = true;
};

class Schedules : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(told(create_small(machine_.inline_machine())), "ok");
    auto opened = open_small(machine_.inline_machine());
    ASSERT_EQ(told(opened), "ok");
    vault_ = std::move(*opened);
  }
  catalog::ScheduleRow row(std::vector<std::string> words, std::string rule) {
    catalog::ScheduleRow one;
    one.words = std::move(words);
    one.rule = std::move(rule);
    return one;
  }
  Schedule only() {
    const auto all = schedules(*vault_, utc);
    EXPECT_EQ(told(all), "ok");
    return all && all->size() == 1 ? all->front() : Schedule{};
  }
  void pass_time(std::int64_t seconds) { machine_.clock.advance_us(seconds * 1'000'000); }
  TestMachine machine_;
  std::unique_ptr<vault::Vault> vault_;
};

TEST_F(Schedules, IsDueOnceForEachTimeAndMissedAfterAnHour) {
  ASSERT_EQ(told(add_schedule(*vault_, row({"verify", "--sample", "5%"}, "daily 03:00"))), "ok");
  Schedule one = only();
  EXPECT_EQ(one.row.name, "verify---sample-5%");
  EXPECT_FALSE(one.is_due);  // not for times before it was added
  const Timestamp next = one.next_due;
  machine_.clock.set(next);
  one = only();
  EXPECT_TRUE(one.is_due);
  EXPECT_FALSE(one.is_missed);
  EXPECT_EQ(one.last_due, next);
  pass_time(2 * 3'600);
  EXPECT_TRUE(only().is_missed);
  pass_time(5 * 86'400);  // the machine was off
  one = only();
  EXPECT_TRUE(one.is_missed);
  ScriptedPrograms programs;
  const Timestamp started = machine_.clock.now();
  const auto run = run_schedule(programs, machine_.clock, one, {"--home", "/h"});
  ASSERT_EQ(told(run), "ok");
  EXPECT_EQ(programs.calls.front().words,
            (std::vector<std::string>{"/bin/atoll", "--home", "/h", "verify", "--sample", "5%"}));
  ASSERT_EQ(told(remember_run(*vault_, *run, started)), "ok");
  one = only();  // five missed times are made up for by one run
  EXPECT_FALSE(one.is_due);
  ASSERT_TRUE(one.last_run);
  EXPECT_TRUE(one.last_run->is_ok);
  pass_time(86'400);
  EXPECT_TRUE(only().is_due);
}

TEST_F(Schedules, TellsOfFailuresAndOfThoseItCouldNotTell) {
  auto wanted = row({"copy", "verify", "usb"}, "weekly sun 03:00");
  wanted.news = {"mail:me@example.org", "webhook:https://example.org/x?token=se\"cret", "command:/usr/bin/tell"};
  ASSERT_EQ(told(add_schedule(*vault_, wanted)), "ok");
  ScriptedPrograms programs;
  programs.answer = {0, "fine", ""};
  ASSERT_EQ(told(run_schedule(programs, machine_.clock, only(), {})), "ok");
  EXPECT_EQ(programs.calls.size(), 1U);  // success is told to nobody
  programs.answer = {22, "pack damaged\n", "oh \"no\"\n"};
  programs.calls.clear();
  const auto run = run_schedule(programs, machine_.clock, only(), {});
  ASSERT_EQ(told(run), "ok");
  EXPECT_EQ(run->exit_code, 22);
  ASSERT_EQ(programs.calls.size(), 4U);
  EXPECT_EQ(programs.calls[1].words.front(), "/usr/sbin/sendmail");
  EXPECT_NE(programs.calls[1].input.find("To: me@example.org\nSubject: Atoll: copy-verify-usb ended with 22\n"),
            std::string::npos);
  EXPECT_NE(programs.calls[1].input.find("pack damaged"), std::string::npos);
  for (const std::string& word : programs.calls[2].words)
    EXPECT_EQ(word.find("cret"), std::string::npos);  // not in argv
  EXPECT_NE(programs.calls[2].input.find("url = \"https://example.org/x?token=se\\\"cret\"\n"), std::string::npos);
  EXPECT_EQ(programs.calls[3].words, std::vector<std::string>{"/usr/bin/tell"});
  programs.reaches = false;
  const auto silent = run_schedule(programs, machine_.clock, only(), {});
  ASSERT_EQ(told(silent), "ok");
  ASSERT_EQ(silent->not_told.size(), 3U);
  EXPECT_NE(silent->not_told[0].find("no route"), std::string::npos);
}

TEST_F(Schedules, RefusesWhatCannotRunAlone) {
  EXPECT_EQ(add_schedule(*vault_, row({}, "hourly")).error().id, "schedule.no_command");
  EXPECT_EQ(add_schedule(*vault_, row({"schedule", "run"}, "hourly")).error().id, "schedule.bad_command");
  EXPECT_EQ(add_schedule(*vault_, row({"--home", "x"}, "hourly")).error().id, "schedule.bad_command");
  EXPECT_EQ(add_schedule(*vault_, row({"gc"}, "sometimes")).error().id, "schedule.bad_rule");
  auto bad = row({"gc"}, "hourly");
  for (const char* address :
       {"mail:x", "mail:-x@y", "webhook:ftp://x", "command:rm", "me@example.org", "mail:a@b\nBcc: c@d"}) {
    bad.news = {address};
    EXPECT_EQ(add_schedule(*vault_, bad).error().id, "news.bad_address") << address;
  }
  ASSERT_EQ(told(add_schedule(*vault_, row({"gc"}, "hourly"))), "ok");
  EXPECT_EQ(add_schedule(*vault_, row({"gc"}, "daily 03:00")).error().id, "schedule.exists");
  ASSERT_EQ(told(remove_schedule(*vault_, "gc")), "ok");
  EXPECT_EQ(remove_schedule(*vault_, "gc").error().id, "schedule.not_found");
}

TEST(ScheduleWords, AreSplitAndTypedAndDated) {
  EXPECT_EQ(split_words("put '/my photos' \"a b\" c").value(),
            (std::vector<std::string>{"put", "/my photos", "a b", "c"}));
  EXPECT_EQ(split_words("put 'open").error().id, "schedule.open_quote");
  EXPECT_EQ(typed({"put", "/my photos", "it's", ""}), "put '/my photos' \"it's\" ''");
  const Timestamp now{parse_rfc3339("2026-11-21T22:30:00Z").value().seconds * 1'000'000};
  EXPECT_EQ(words_at({"snapshot", "create", "daily-{date}", "{time}{date}"}, now, [](Timestamp) { return 7'200; }),
            (std::vector<std::string>{"snapshot", "create", "daily-2026-11-22", "2026-11-22T00-302026-11-22"}));
}

TEST(ScheduleTimer, QuotesWhatUnitsAndCronWouldTakeForTheirOwn) {
  const Timer timer = make_timer({"/opt/a b/atoll", "--home", "/d/100% $x \"y\""}, {{"HOME", "/a $b%"}}, "d", false,
                                 "/home/me/.config");
  EXPECT_EQ(timer.units[0].path, "/home/me/.config/systemd/user/atoll-schedule-d.service");
  EXPECT_NE(timer.units[0].text.find("ExecStart=\"/opt/a b/atoll\" \"--home\" \"/d/100%% $$x \\\"y\\\"\" \"schedule\""),
            std::string::npos)
      << timer.units[0].text;
  EXPECT_NE(timer.units[0].text.find("\nEnvironment=\"HOME=/a $b%%\"\nExecStart="), std::string::npos);
  EXPECT_NE(timer.crontab_line.find("'env' 'HOME=/a $b\\%' '/opt/a b/atoll'"), std::string::npos);
  EXPECT_EQ(timer.enable[1],
            (std::vector<std::string>{"systemctl", "--user", "enable", "--now", "atoll-schedule-d.timer"}));
  EXPECT_NE(timer.crontab_line.find("'/d/100\\% $x"), std::string::npos);
  EXPECT_EQ(make_timer({"a"}, {}, "d", true, "/x").units[1].path, "/etc/systemd/system/atoll-schedule-d.timer");
}

TEST(FromElsewhere, TakesWhatNamesNothingOfTheMachine) {
  const auto row = [](std::vector<std::string> words, std::vector<std::string> news = {}) {
    catalog::ScheduleRow made;
    made.words = std::move(words);
    made.news = std::move(news);
    return made;
  };
  EXPECT_TRUE(check_from_elsewhere(row({"verify", "--sample", "5%"}, {"mail:ada@example.org"})));
  EXPECT_TRUE(check_from_elsewhere(row({"snapshot", "create", "daily-{date}", "photos"})));
  for (const auto& refused :
       {row({"put", "/etc", "stolen"}), row({"export", "photos", "/srv"}), row({"verify", "--home", "/other"}),
        row({"verify", "--key-file=/k"}), row({"copy", "add", "/mnt"}), row({}),
        row({"verify"}, {"mail:ada@example.org", "command:/bin/sh"})}) {
    const auto answer = check_from_elsewhere(refused);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::denied);
  }
}

}  // namespace
}  // namespace atl::jobs
