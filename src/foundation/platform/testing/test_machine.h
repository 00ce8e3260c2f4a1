// A whole machine for tests: files in memory, a clock that the test turns, bytes from a seed.
// Thread rules: all parts may be used from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "foundation/platform/machine.h"
#include "foundation/platform/posix_machine.h"
#include "foundation/platform/testing/memory_file_system.h"

namespace atl::platform {

// Starts at 2026-01-01T00:00:00Z; each look moves it by `step_us`, so that no two looks see the same time.
class ManualClock final : public Clock {
 public:
  static constexpr std::int64_t kStartUnixUs = 1'767'225'600'000'000;
  explicit ManualClock(std::int64_t start_unix_us = kStartUnixUs, std::int64_t step_us = 1)
      : unix_us_(start_unix_us), step_us_(step_us) {}
  [[nodiscard]] Timestamp now() override { return {unix_us_.fetch_add(step_us_)}; }
  [[nodiscard]] std::int64_t monotonic_ns() override { return monotonic_us_.fetch_add(step_us_) * 1000; }

  [[nodiscard]] Timestamp peek() const { return {unix_us_.load()}; }  // moves nothing
  void set(Timestamp time) { unix_us_.store(time.unix_us); }          // the wall clock alone, backwards too
  void advance_us(std::int64_t us) {                                  // time passes on both
    unix_us_.fetch_add(us);
    monotonic_us_.fetch_add(us);
  }
  void advance_s(std::int64_t seconds) { advance_us(seconds * 1'000'000); }
  void set_step_us(std::int64_t step_us) { step_us_.store(step_us); }

 private:
  std::atomic<std::int64_t> unix_us_;
  std::atomic<std::int64_t> monotonic_us_ = 1'000'000;
  std::atomic<std::int64_t> step_us_;
};

// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014). Predictable: for tests only.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  void fill(ByteSpan out) override;
  [[nodiscard]] std::uint64_t next();
  [[nodiscard]] std::uint64_t below(std::uint64_t bound);  // 0..bound-1; bound > 0
  [[nodiscard]] bool one_in(std::uint64_t n) { return below(n) == 0; }
  [[nodiscard]] Bytes bytes(std::size_t count);

 private:
  std::mutex mutex_;
  std::uint64_t state_;  // guarded by mutex_
};

// Runs each body to its end inside start(): only for bodies that end by themselves and wait for nobody.
class InlineThreads final : public Threads {
 public:
  [[nodiscard]] unsigned hardware_count() override { return 1; }
  [[nodiscard]] std::unique_ptr<Thread> start(const std::string& name, std::function<void()> body) override;
};

struct TestMachine {
  explicit TestMachine(std::uint64_t seed = 1) : TestMachine(std::make_unique<MemoryFileSystem>(), seed) {}
  // Over a disk that exists: clone() or after_crash() of another. A rebooted machine should get another seed.
  explicit TestMachine(std::unique_ptr<MemoryFileSystem> disk, std::uint64_t seed = 2);
  TestMachine(const TestMachine&) = delete;
  TestMachine& operator=(const TestMachine&) = delete;
  TestMachine(TestMachine&&) = delete;
  TestMachine& operator=(TestMachine&&) = delete;
  ~TestMachine();

  // Borrows from this object. Real threads.
  [[nodiscard]] Machine machine() { return {files, clock, random, threads}; }
  // The same with InlineThreads.
  [[nodiscard]] Machine inline_machine() { return {files, clock, random, inline_threads}; }

 private:
  std::unique_ptr<MemoryFileSystem> disk_;  // before `files`, which refers to it

 public:
  MemoryFileSystem& files;
  ManualClock clock;
  SeededRandom random;
  PosixThreads threads;
  InlineThreads inline_threads;
};

}  // namespace atl::platform
