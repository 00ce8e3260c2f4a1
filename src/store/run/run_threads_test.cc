// Readers beside a writer, a flusher and a merger. Meant for the thread sanitizer; the answers are checked too.
#include <atomic>

#include "store/run/testing/test_set.h"

namespace atl::run {
namespace {

using namespace testing;  // NOLINT
using platform::SeededRandom;
using platform::TestMachine;

TEST(RunThreads, ReadersSeeEveryFinishedPutWhileRunsAreFlushedAndMerged) {
  TestMachine machine;
  Options options = small_options();
  options.filter_bytes_max = 16 * kKiB;  // some pages resident, some through the cache
  const auto set = must_open(machine, options);
  constexpr std::uint64_t keys = 4000;
  std::vector<std::atomic<std::uint64_t>> versions(keys);  // of the last finished put
  std::atomic<bool> done = false;
  std::atomic<std::uint64_t> wrong = 0;
  std::atomic<std::uint64_t> reads = 0;
  const platform::Machine parts = machine.machine();
  {
    std::vector<std::unique_ptr<platform::Thread>> threads;
    for (std::uint64_t reader = 0; reader < 2; ++reader) {
      threads.push_back(parts.threads.start("reader", [&, reader] {
        SeededRandom random(reader + 1);
        while (!done) {
          const std::uint64_t number = random.below(keys);
          const std::uint64_t least = versions[number].load();
          std::array<std::uint8_t, 28> value{};
          const auto found = set->get_into(spread_key(number), value);
          if (!found || (found->has_value() ? load_le<std::uint64_t>(value.data()) < least : least > 0)) ++wrong;
          ++reads;
        }
      }));
    }
    threads.push_back(parts.threads.start("walker", [&] {
      while (!done) {
        Bytes last;
        std::uint64_t count = 0;
        const auto walked = set->for_each([&](ByteView key, ByteView) -> Result<bool> {
          if (compare(last, key) >= 0) ++wrong;
          last = to_bytes(key);
          ++count;
          return true;
        });
        if (!walked || count > keys) ++wrong;
        if (set->stats().runs > 100) ++wrong;
      }
    }));
    threads.push_back(parts.threads.start("merger", [&] {
      while (!done) {
        if (!set->maybe_merge()) ++wrong;
      }
    }));
    threads.push_back(parts.threads.start("flusher", [&] {
      while (!done) {
        if (set->wants_flush() && !set->flush(as_bytes("state"))) ++wrong;
      }
    }));
    SeededRandom random(9);
    for (std::uint64_t step = 1; step <= 40'000 || reads < 2'000; ++step) {
      const std::uint64_t number = random.below(keys);
      if (!set->put(spread_key(number), value_for(step))) ++wrong;
      versions[number] = step;
    }
    done = true;
  }
  EXPECT_EQ(wrong, 0U);
  for (std::uint64_t number = 0; number < keys; ++number) {
    const auto found = set->get(spread_key(number)).value();
    ASSERT_EQ(found.has_value(), versions[number] > 0);
    ASSERT_TRUE(!found || *found == value_for(versions[number]));
  }
  expect_ok(set->verify());
}

}  // namespace
}  // namespace atl::run
