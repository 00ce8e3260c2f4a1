// Searches, changes, building and rewriting beside each other (run under the thread sanitizer too).
#include <atomic>

#include "derived/vector/testing/test_vectors.h"

namespace atl::vector {
namespace {

using namespace testing;  // NOLINT

TEST(VectorThreads, SearchesGiveWholeAnswersWhileAllElseGoesOn) {
  platform::TestMachine machine;
  constexpr std::uint32_t dimension = 8;
  constexpr DocumentId stable = 200;
  auto index = must_open(machine, test_config(dimension));
  platform::SeededRandom random(1);
  Model model;
  // The steady ones point one way, those that come and go another.
  const auto vector_near = [&](std::size_t axis) {
    Vector vector = random_vector(random, dimension);
    for (float& number : vector) number *= 0.05F;
    vector[axis] += 1;
    return vector;
  };
  for (DocumentId id = 0; id < stable; ++id) {
    model[id] = {vector_near(0)};
    expect_ok(index->put(id, model[id][0]));
  }
  expect_ok(index->build_all(2));
  expect_ok(index->flush(as_bytes("0")));
  std::vector<DocumentId> even;
  for (DocumentId id = 0; id < stable; id += 2) even.push_back(id);
  const Vector question = [] {
    Vector vector(dimension, 0);
    vector[0] = 1;
    return vector;
  }();
  std::atomic<bool> stop = false;
  std::atomic<int> searches = 0;
  const auto search = [&] {
    while (!stop) {
      SearchRequest request;
      request.vector = question;
      request.limit = 20;
      const auto found = index->search(request);
      ASSERT_TRUE(found.has_value()) << found.error().message;
      ASSERT_EQ(found->hits.size(), 20U);
      for (const Hit& hit : found->hits) ASSERT_LT(hit.document, stable);
      request.only = even;
      request.limit = 200;
      const auto filtered = index->search(request);
      ASSERT_TRUE(filtered.has_value()) << filtered.error().message;
      ASSERT_EQ(filtered->hits.size(), even.size());
      ASSERT_EQ(index->vectors_of(7)->size(), dimension);
      ++searches;
    }
  };
  const auto first = machine.machine().threads.start("search-1", search);
  const auto second = machine.machine().threads.start("search-2", search);
  const auto builder = machine.machine().threads.start("build", [&] {
    while (!stop) expect_ok(index->build_all(2));
  });
  for (int round = 0; round < 40 || (searches < 20 && round < 5000); ++round) {
    for (int i = 0; i < 20; ++i) {
      const DocumentId id = stable + random.below(100);
      if (random.one_in(3)) {
        expect_ok(index->remove(id));
        model.erase(id);
      } else {
        model[id] = {vector_near(1)};
        expect_ok(index->put(id, model[id][0]));
      }
    }
    expect_ok(index->flush(as_bytes(std::to_string(round))));
    expect_ok(index->maybe_build(2));
  }
  stop = true;
  first->join();
  second->join();
  builder->join();
  expect_ok(index->build_all());
  expect_ok(index->flush({}));
  expect_ok(index->verify());
  EXPECT_EQ(index->stats().vectors, model.size());
  index = must_open(machine, test_config(dimension));
  EXPECT_EQ(index->stats().vectors, model.size());
}

}  // namespace
}  // namespace atl::vector
