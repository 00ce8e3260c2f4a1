// Searches, changes and merges beside each other (run under the thread sanitizer too).
#include <atomic>

#include "derived/text/testing/test_index.h"

namespace atl::text {
namespace {

using namespace testing;  // NOLINT

TEST(TextThreads, SearchesSeeWholeAnswersWhileSegmentsComeAndGo) {
  platform::TestMachine machine;
  auto index = must_open(machine);
  constexpr DocumentId stable = 300;
  for (DocumentId id = 0; id < stable; ++id) {
    OwnedDocument document;
    document.body = id % 2 == 0 ? "even steady" : "odd steady";
    expect_ok(index->add(document.view(id)));
  }
  expect_ok(index->flush(as_bytes("0")));
  std::atomic<bool> stop = false;
  std::atomic<int> searches = 0;
  const auto search = [&] {
    while (!stop) {
      const auto even = ids_of(*index, "+even +steady");
      ASSERT_TRUE(even.has_value()) << even.error().message;
      ASSERT_EQ(even->size(), stable / 2);
      for (const DocumentId id : *even) ASSERT_EQ(id % 2, 0U);
      ASSERT_TRUE(ids_of(*index, "moving steady").has_value());
      ++searches;
    }
  };
  const auto first = machine.machine().threads.start("search-1", search);
  const auto second = machine.machine().threads.start("search-2", search);
  const auto merger = machine.machine().threads.start("merge", [&] {
    while (!stop) expect_ok(index->maybe_merge());
  });
  platform::SeededRandom random(1);
  for (int round = 0; round < 60 || (searches < 20 && round < 5000); ++round) {
    for (int i = 0; i < 10; ++i) {
      const DocumentId id = stable + random.below(100);
      OwnedDocument document;
      document.body = "moving";
      if (random.one_in(3)) {
        expect_ok(index->remove(id));
      } else {
        expect_ok(index->add(document.view(id)));
      }
    }
    expect_ok(index->flush(as_bytes(std::to_string(round))));
  }
  stop = true;
  first->join();
  second->join();
  merger->join();
  expect_ok(index->merge_all());
  expect_ok(index->verify());
  EXPECT_EQ(ids_of(*index, "steady")->size(), stable);
}

}  // namespace
}  // namespace atl::text
