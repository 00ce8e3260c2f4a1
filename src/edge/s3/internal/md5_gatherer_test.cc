// Whoever hashes, and with how many others: the digest is that of the body.
#include "edge/s3/internal/md5_gatherer.h"

#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "foundation/codec/hash.h"
#include "foundation/platform/testing/test_machine.h"

namespace atl::s3 {
namespace {

Bytes noise(unsigned seed, std::size_t size) {
  std::mt19937_64 random(seed);
  Bytes bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

// Pieces of all lengths around those that are worth it, and the time to do other things between.
void hash_bodies(Md5Gatherer& gatherer, unsigned seed) {
  std::mt19937_64 random(seed);
  for (unsigned round = 0; round < 8; ++round) {
    const Bytes body = noise(seed * 100 + round, random() % 700'000);
    Md5Gatherer::Gathered gathered(gatherer);
    for (ByteView left = body; !left.empty();) {
      const std::size_t count = std::min<std::size_t>(left.size(), 1 + random() % 300'000);
      Bytes piece(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(count));
      gathered.hand_in(piece);
      if (random() % 2 == 0) std::this_thread::yield();
      gathered.settle();
      std::ranges::fill(piece, 0);  // they are not needed any more
      left = left.subspan(count);
    }
    EXPECT_EQ(to_hex(gathered.finish()), to_hex(codec::md5(body)));
  }
}

TEST(Md5Gatherer, ManyBodiesAtOnce) {
  platform::TestMachine twin;
  const platform::Machine machine = twin.machine();
  Md5Gatherer gatherer(machine, 10'000);
  std::vector<std::thread> threads;
  for (unsigned seed = 1; seed <= 20; ++seed) threads.emplace_back([&, seed] { hash_bodies(gatherer, seed); });
  for (auto& thread : threads) thread.join();
}

TEST(Md5Gatherer, WhoeverWillNotWaitHashesForThoseThatWait) {
  platform::TestMachine twin;
  const platform::Machine machine = twin.machine();
  Md5Gatherer gatherer(machine, 0);
  std::vector<std::thread> threads;
  for (unsigned seed = 1; seed <= 6; ++seed) threads.emplace_back([&, seed] { hash_bodies(gatherer, seed); });
  for (auto& thread : threads) thread.join();
}

TEST(Md5Gatherer, ABodyThatIsGivenUpLeavesNothingBehind) {
  platform::TestMachine twin;
  const platform::Machine machine = twin.machine();
  Md5Gatherer gatherer(machine);
  const Bytes kept = noise(2, 200'000);
  Md5Gatherer::Gathered whole(gatherer);
  whole.hand_in(kept);
  for (unsigned round = 0; round < 20; ++round) {
    const Bytes body = noise(round, 100'000);
    Md5Gatherer::Gathered gathered(gatherer);
    gathered.hand_in(body);
  }
  EXPECT_EQ(to_hex(whole.finish()), to_hex(codec::md5(kept)));
}

}  // namespace
}  // namespace atl::s3
