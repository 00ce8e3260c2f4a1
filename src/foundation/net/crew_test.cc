// Threads at an event loop: how many at once, and what happens where they wait.
#include "foundation/net/internal/crew.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace atl::net {
namespace {

// A loop that tests fill by hand: run_one() runs one piece of work or waits for one.
class Loop {
 public:
  void post(std::function<void()> work) {
    const std::lock_guard lock(mutex_);
    work_.push_back(std::move(work));
    changed_.notify_one();
  }
  void end() {
    const std::lock_guard lock(mutex_);
    is_ended_ = true;
    changed_.notify_all();
  }
  bool run_one() {
    std::function<void()> work;
    {
      std::unique_lock lock(mutex_);
      ++at_loop_;
      most_at_loop_ = std::max(most_at_loop_, at_loop_);
      came_.notify_all();
      changed_.wait(lock, [this] { return is_ended_ || !work_.empty(); });
      --at_loop_;
      if (work_.empty()) return false;
      work = std::move(work_.front());
      work_.pop_front();
    }
    work();
    return true;
  }
  void wait_for_waiting(unsigned count) {
    std::unique_lock lock(mutex_);
    came_.wait(lock, [this, count] { return at_loop_ >= count; });
  }
  unsigned most_at_loop() {
    const std::lock_guard lock(mutex_);
    return most_at_loop_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable came_;
  std::deque<std::function<void()>> work_;
  unsigned at_loop_ = 0;
  unsigned most_at_loop_ = 0;
  bool is_ended_ = false;
};

class Running {
 public:
  Running(unsigned members, unsigned places) : crew(members, places) {
    watch_ = std::thread([this] { crew.watch(); });
    for (unsigned at = 0; at < members; ++at)
      threads_.emplace_back([this] { crew.work([this] { return loop.run_one(); }); });
    loop.wait_for_waiting(places);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  Running(Running&&) = delete;
  Running& operator=(Running&&) = delete;
  ~Running() { end(); }
  void end() {
    loop.end();
    for (auto& thread : threads_) thread.join();
    threads_.clear();
    crew.stop();
    if (watch_.joinable()) watch_.join();
  }
  // Runs `work` in a section and says when it is through.
  std::future<void> in_section(Crew::Expected expected, std::function<void()> work) {
    auto done = std::make_shared<std::promise<void>>();
    loop.post([this, expected, work = std::move(work), done] {
      {
        const Crew::Section section(crew, expected);
        work();
      }
      done->set_value();
    });
    return done->get_future();
  }

  Loop loop;
  Crew crew;

 private:
  std::thread watch_;
  std::vector<std::thread> threads_;
};

// A piece of work that ends when another one has run, and so for ever where nobody else is let to the loop.
void expect_that_others_go_on(Crew::Expected expected, unsigned members, unsigned places, unsigned waiting) {
  Running running(members, places);
  std::promise<void> gate;
  const std::shared_future<void> opened = gate.get_future().share();
  std::vector<std::future<void>> ended;
  for (unsigned at = 0; at < waiting; ++at) ended.push_back(running.in_section(expected, [opened] { opened.wait(); }));
  auto last = running.in_section(Crew::Expected::quick, [&gate] { gate.set_value(); });
  last.wait();
  for (auto& one : ended) one.wait();
  running.end();
  EXPECT_LE(running.loop.most_at_loop(), places);
}

TEST(CrewTest, WhoeverSaysThatHeWaitsLetsAnotherOneIn) {
  expect_that_others_go_on(Crew::Expected::waits, 3, 1, 2);
  expect_that_others_go_on(Crew::Expected::waits, 12, 2, 11);
}

TEST(CrewTest, WhoeverTurnsOutToWaitLosesHisPlace) {
  expect_that_others_go_on(Crew::Expected::quick, 3, 1, 2);
  expect_that_others_go_on(Crew::Expected::quick, 12, 2, 11);
}

TEST(CrewTest, ThoseThatWaitedComeBackAndAreNotTooMany) {
  constexpr unsigned places = 2;
  Running running(8, places);
  for (unsigned round = 0; round < 50; ++round) {
    std::vector<std::future<void>> ended;
    for (unsigned at = 0; at < 20; ++at) {
      const auto expected = (round + at) % 3 == 0 ? Crew::Expected::quick : Crew::Expected::waits;
      ended.push_back(running.in_section(expected, [] { std::this_thread::yield(); }));
    }
    for (auto& one : ended) one.wait();
    running.loop.wait_for_waiting(1);
  }
  running.end();
  EXPECT_LE(running.loop.most_at_loop(), places);
}

TEST(CrewTest, ASectionWithinAnotherAndOneOfAStrangeThreadChangeNothing) {
  Running running(2, 1);
  const Crew::Section strange(running.crew, Crew::Expected::waits);
  running
      .in_section(Crew::Expected::quick, [&running] { const Crew::Section inner(running.crew, Crew::Expected::waits); })
      .wait();
  running.loop.wait_for_waiting(1);
  running.end();
  EXPECT_LE(running.loop.most_at_loop(), 1U);
}

TEST(CrewTest, ThoseThatStandByEndWithTheLoop) {
  Running running(16, 1);
  running.end();
  EXPECT_EQ(running.loop.most_at_loop(), 1U);
}

}  // namespace
}  // namespace atl::net
