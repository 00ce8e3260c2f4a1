// A watcher whose words are the test's: what is told, when it refuses, what happens while it waits.
// Thread rules: one thread.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "foundation/platform/file_watcher.h"

namespace atl::platform {

class ScriptedWatchers final : public FileWatchers {
 public:
  struct Step {
    std::function<void()> before;  // what happens while the watcher waits; may be null
    std::vector<WatchEvent> events;
    std::optional<Error> fails;
  };
  // Answers of wait() one after the other; when they are used up, `at_end` is called at each further one.
  std::deque<Step> steps;
  std::function<void()> at_end;
  std::optional<Error> refuses;                     // watch() answers so
  std::function<void(std::int64_t time_ms)> waits;  // told how long each wait and pause would be: a clock to turn
  int watched = 0;                                  // how often watch() was called
  int pauses = 0;

  Result<std::unique_ptr<FileWatcher>> watch(const std::string& /*path*/,
                                             const std::function<bool(const std::string&)>& /*enters*/) override {
    ++watched;
    if (refuses) return pass(*refuses);
    return std::make_unique<Watcher>(*this);
  }
  void pause(std::int64_t time_ms) override {
    ++pauses;
    static_cast<void>(next(time_ms));
  }

 private:
  class Watcher final : public FileWatcher {
   public:
    explicit Watcher(ScriptedWatchers& owner) : owner_(&owner) {}
    Result<std::vector<WatchEvent>> wait(std::int64_t timeout_ms) override { return owner_->next(timeout_ms); }

   private:
    ScriptedWatchers* owner_;
  };

  Result<std::vector<WatchEvent>> next(std::int64_t time_ms) {
    if (waits) waits(time_ms);
    if (steps.empty()) {
      if (at_end) at_end();
      return std::vector<WatchEvent>{};
    }
    const Step step = std::move(steps.front());
    steps.pop_front();
    if (step.before) step.before();
    if (step.fails) return pass(*step.fails);
    return step.events;
  }
};

}  // namespace atl::platform
