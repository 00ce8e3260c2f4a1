// A watch over a scripted watcher: what is looked at when, what waits, and what happens when the folder goes away.
#include "vault/folder/watch.h"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>

#include "foundation/platform/testing/scripted_watcher.h"
#include "vault/folder/mirror.h"
#include "vault/testing/folder_fixture.h"

namespace atl::vault {
namespace {

namespace fs = std::filesystem;
using namespace testing;  // NOLINT
using platform::ScriptedWatchers;
using platform::WatchEvent;
using Kind = platform::WatchEvent::Kind;

TEST(WatchNews, ScopesAndTheirLimit) {
  News news(2'000);
  news.take({Kind::changed, "a/b/file"});
  news.take({Kind::folder_came, "new/deep/"});
  news.take({Kind::changed, "mode/"});
  news.take({Kind::closed, "top"});
  news.take({Kind::written, "log/growing"});
  EXPECT_TRUE(news.has_later());
  news.begin_round();
  ASSERT_NE(news.scope(), nullptr);
  EXPECT_EQ(*news.scope(),
            (PutScope{{"", false}, {"a/b/", false}, {"mode/", false}, {"new/", false}, {"new/deep/", true}}));
  EXPECT_TRUE(news.is_empty());
  news.take_later();
  news.begin_round();
  EXPECT_EQ(*news.scope(), (PutScope{{"log/", false}}));
  news.take_back();
  news.take({Kind::overflow, ""});
  news.begin_round();
  EXPECT_EQ(news.scope(), nullptr);
  for (std::size_t i = 0; i <= kNewsFoldersMax; ++i) news.take({Kind::changed, std::to_string(i) + "/x"});
  news.begin_round();
  EXPECT_EQ(news.scope(), nullptr);
}

TEST(WatchNews, AFileIsTakenWhenItIsClosedOrWasLeftAlone) {
  News news(2'000);
  platform::NodeInfo info;
  info.changed = {1000, 500'000'000};
  const std::string name = "sub/file";
  const Timestamp soon{1'001'000'000};
  const Timestamp late{1'002'500'000};
  const Timestamp before{999'000'000};
  EXPECT_TRUE(news.is_held_back({name, info, false}, soon));
  EXPECT_TRUE(news.has_later());
  EXPECT_FALSE(news.is_held_back({name, info, false}, late));
  EXPECT_FALSE(news.is_held_back({name, info, false}, before));  // another machine's clock
  news.take({Kind::closed, name});
  EXPECT_FALSE(news.is_held_back({name, info, false}, soon));
  EXPECT_TRUE(news.is_held_back({name, info, false}, soon));  // that word was for one round
  news.take({Kind::closed, name});
  news.take({Kind::written, name});  // opened and written to again
  EXPECT_TRUE(news.is_held_back({name, info, false}, soon));
  news.take({Kind::closed, name});
  EXPECT_TRUE(news.is_held_back({name, info, true}, late));  // stored already; it is only to be proven
  EXPECT_FALSE(news.is_held_back({name, info, true}, {1'004'500'000}));
}

class WatchedFolder : public FolderFixture {
 protected:
  void SetUp() override {
    FolderFixture::SetUp();
    watchers_.waits = [this](std::int64_t time_ms) { machine_.clock.advance_us(time_ms * 1000); };
    watchers_.at_end = [this] { stop_ = true; };
    options_.stop = &stop_;
  }
  Result<void> watch() {
    WatchCallbacks callbacks;
    callbacks.on_word = [this](const std::string& id, const std::string&) { words_.push_back(id); };
    callbacks.store = [this](const WatchRound& round) -> Result<RoundResult> {
      if (!errors_.empty()) {
        const Error error = errors_.front();
        errors_.pop_front();
        return pass(error);
      }
      FolderPutOptions options;
      options.scope = round.scope;
      options.is_held_back = round.is_held_back;
      options.keeps_unmounted = mirrors_;
      const FolderPutSummary done = put(options);
      rounds_.push_back(round.scope == nullptr ? "everything" : "some");
      RoundResult result;
      result.did_something = done.files_new + done.files_changed > 0;
      if (mirrors_) {
        ATOLL_ASSIGN(const auto removed, remove_vanished(*vault_, *tree_, source(), "bucket", options, {}, {}));
        result.did_something = result.did_something || removed.files_removed > 0;
      }
      return result;
    };
    return watch_folder(machine_.machine(), *tree_, watchers_, path("in"), options_, callbacks);
  }
  void then(std::function<void()> before, std::vector<WatchEvent> events) {
    watchers_.steps.push_back({std::move(before), std::move(events), std::nullopt});
  }

  ScriptedWatchers watchers_;
  WatchOptions options_;
  std::atomic<bool> stop_ = false;
  bool mirrors_ = false;
  std::vector<std::string> words_, rounds_;
  std::deque<Error> errors_;
};

TEST_F(WatchedFolder, FirstEverythingThenWhatIsToldAndNothingElse) {
  fs::create_directories(path("in/told"));
  fs::create_directories(path("in/untold"));
  write("in/a", "1");
  then([&] { write("in/told/b", "2"), write("in/untold/c", "3"); }, {{Kind::closed, "told/b"}});
  then(
      [&] {
        fs::create_directories(path("in/new/deep"));
        write("in/new/deep/d", "4");
      },
      {{Kind::folder_came, "new/"}});
  ASSERT_EQ(told(watch()), "ok");
  EXPECT_EQ(rounds_, (std::vector<std::string>{"everything", "some"}));
  EXPECT_EQ(keys(),
            (std::set<std::string>{"./", "a", "told/", "told/b", "untold/", "new/", "new/deep/", "new/deep/d"}));
}

TEST_F(WatchedFolder, AfterLostWordsEverythingIsLookedAt) {
  fs::create_directories(path("in/sub"));
  then([&] { write("in/sub/b", "2"); }, {{Kind::overflow, ""}});
  then(nullptr, {});
  ASSERT_EQ(told(watch()), "ok");
  EXPECT_TRUE(keys().contains("sub/b"));
  EXPECT_EQ(rounds_, (std::vector<std::string>{"everything", "everything"}));
}

TEST_F(WatchedFolder, WhereNothingIsToldItLooksByItselfAndSaysSo) {
  watchers_.refuses = Error{ErrorKind::limit, "watch.limit", "no more", "sysctl", 0};
  for (int i = 0; i < 3; ++i) then([this, i] { write("in/" + std::to_string(i), "x"); }, {});
  ASSERT_EQ(told(watch()), "ok");
  EXPECT_EQ(words_, std::vector<std::string>{"watch.polling"});
  EXPECT_EQ(keys(), (std::set<std::string>{"./", "0", "1", "2"}));
}

TEST_F(WatchedFolder, WatchesThatRunOutLaterMakeItPoll) {
  fs::create_directories(path("in/sub"));
  watchers_.steps.push_back(
      {[&] { write("in/sub/a", "x"); }, {}, Error{ErrorKind::limit, "watch.limit", "no more", "sysctl", 0}});
  then(nullptr, {});
  ASSERT_EQ(told(watch()), "ok");
  EXPECT_EQ(words_, (std::vector<std::string>{"watch.watching", "watch.polling"}));
  EXPECT_TRUE(keys().contains("sub/a"));
}

TEST_F(WatchedFolder, AFolderThatVanishesIsWaitedForAndNeverMirroredAsEmpty) {
  mirrors_ = true;
  write("in/a", "x");
  write("in/b", "x");
  const auto away = [&] { fs::rename(path("in"), path("away")); };
  const auto mount_point = [&] { fs::create_directory(path("in")); };
  const auto back = [&] {
    fs::remove(path("in"));
    fs::rename(path("away"), path("in"));
    fs::remove(path("in/b"));
    write("in/c", "y");
  };
  then(away, {{Kind::root_gone, ""}});
  then(nullptr, {});  // the pauses of an absent folder
  then(mount_point, {});
  then(nullptr, {});
  then(back, {});
  then(nullptr, {});
  ASSERT_EQ(told(watch()), "ok");
  EXPECT_EQ(words_, (std::vector<std::string>{"watch.watching", "watch.folder_gone", "watch.watching"}));
  EXPECT_EQ(rounds_, (std::vector<std::string>{"everything", "everything"}));
  EXPECT_EQ(watchers_.watched, 2);
  EXPECT_EQ(keys(), (std::set<std::string>{"./", "a", "c"}));
}

TEST_F(WatchedFolder, DeletionsCountOnlyInAMirrorAndALastFileIsNotRemoved) {
  mirrors_ = true;
  fs::create_directories(path("in/sub/deep"));
  write("in/a", "x");
  write("in/sub/deep/b", "x");
  then([&] { fs::remove_all(path("in/sub")); }, {{Kind::changed, "sub/"}});
  then(nullptr, {});
  then(nullptr, {});
  then([&] { fs::remove(path("in/a")); }, {{Kind::changed, "a"}});
  then(nullptr, {});
  then(nullptr, {});
  ASSERT_EQ(told(watch()), "ok");
  EXPECT_EQ(words_, (std::vector<std::string>{"watch.watching", "mirror.source_empty"}));
  EXPECT_EQ(keys(), (std::set<std::string>{"./", "a"}));
}

TEST_F(WatchedFolder, ALockedVaultIsTriedAgainAndOtherErrorsEndIt) {
  write("in/a", "x");
  errors_ = {{ErrorKind::locked, "vault.locked", "in use", "", 0},
             {ErrorKind::locked, "vault.locked", "in use", "", 0}};
  for (int i = 0; i < 4; ++i) then(nullptr, {});
  ASSERT_EQ(told(watch()), "ok");
  EXPECT_EQ(words_, (std::vector<std::string>{"watch.watching", "vault.locked"}));
  EXPECT_TRUE(keys().contains("a"));
  stop_ = false;
  errors_ = {{ErrorKind::damaged, "pack.damaged", "bad", "", 0}};
  EXPECT_EQ(watch().error().id, "pack.damaged");
}

}  // namespace
}  // namespace atl::vault
