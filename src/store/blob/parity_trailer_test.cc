#include "store/blob/parity_trailer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "foundation/platform/testing/test_machine.h"

namespace atl::blob {
namespace {

using platform::SeededRandom;

constexpr FileTag kTag{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

ReadRange reader_of(const Bytes& file) {
  return [&file](std::uint64_t offset, ByteSpan out) -> Result<std::size_t> {
    if (offset >= file.size()) return std::size_t{0};
    const std::size_t count = std::min(out.size(), file.size() - static_cast<std::size_t>(offset));
    std::copy_n(file.begin() + static_cast<std::ptrdiff_t>(offset), count, out.begin());
    return count;
  };
}

Bytes with_parity(Bytes file, const ParityOptions& options = {}) {
  const Bytes before = file;
  const auto done = append_parity(reader_of(before), before.size(), kTag, options, [&](ByteView bytes) -> Result<void> {
    file.insert(file.end(), bytes.begin(), bytes.end());
    return {};
  });
  EXPECT_TRUE(done) << done.error().message;
  return file;
}

void damage(Bytes& file, std::size_t offset, std::size_t length) {
  for (std::size_t i = offset; i < std::min(file.size(), offset + length); ++i)
    file[i] = static_cast<std::uint8_t>(~file[i]);
}

// The damaged file still gives its bytes, and a rewritten one equals the first.
void expect_heals(const Bytes& good, const Bytes& bad, std::size_t protected_length) {
  const auto map = ParityMap::open(reader_of(bad), bad.size(), kTag);
  ASSERT_TRUE(map) << map.error().message;
  ASSERT_EQ(map->protected_length(), protected_length);
  const auto found = map->check(reader_of(bad), nullptr).value();
  ASSERT_TRUE(found.can_heal);
  ASSERT_EQ(found.is_none(), good == bad);
  Bytes healed;
  const auto rewritten = map->rewrite(reader_of(bad), [&](ByteView bytes) -> Result<void> {
    healed.insert(healed.end(), bytes.begin(), bytes.end());
    return {};
  });
  ASSERT_TRUE(rewritten) << rewritten.error().message;
  ASSERT_TRUE(healed == good);
  Bytes content(protected_length);
  ASSERT_TRUE(map->read_healed(reader_of(bad), 0, content));
  ASSERT_TRUE(std::equal(content.begin(), content.end(), good.begin()));
}

TEST(ParityTrailer, WholeFileIsFoundCleanForManyLengths) {
  SeededRandom random(7);
  for (const std::size_t length :
       {1U, 100U, 4095U, 4096U, 4097U, 8192U, 65536U, 65537U, 69632U, 69633U, 300000U, 2097152U, 2097153U, 2200000U}) {
    for (const unsigned parity : {0U, 1U, 4U}) {
      SCOPED_TRACE(std::to_string(length) + " bytes, " + std::to_string(parity) + " parity blocks");
      const Bytes file = with_parity(random.bytes(length), {32, parity});
      EXPECT_EQ(ParityMap::protected_length(reader_of(file), file.size(), kTag), length);
      const auto map = ParityMap::open(reader_of(file), file.size(), kTag).value();
      EXPECT_EQ(map.file_length(), file.size());
      EXPECT_TRUE(map.check(reader_of(file), nullptr).value().is_none());
      Bytes content(length);
      EXPECT_FALSE(map.read_healed(reader_of(file), 0, content).value());
      EXPECT_TRUE(std::equal(content.begin(), content.end(), file.begin()));
    }
  }
}

TEST(ParityTrailer, CostIsSmall) {
  EXPECT_LE(with_parity(Bytes(1000, 1)).size(), 1000 + 3096 + 4096 + 4096 + 200U);
  EXPECT_LE(with_parity(Bytes(10 * 1024, 1)).size(), 10 * 1024 * 2 + 13 * 1024U);
  EXPECT_LE(with_parity(Bytes(1 << 20, 1)).size(), (1 << 20) + 80 * 1024U);
  EXPECT_LE(with_parity(Bytes(16 << 20, 1)).size(), (16 << 20) * 1.04);
}

TEST(ParityTrailer, AnyRunOf4KiBHealsInAnyFile) {
  SeededRandom random(11);
  for (const std::size_t length : {1U, 3000U, 4096U, 4097U, 9000U, 60000U}) {
    const Bytes good = with_parity(random.bytes(length));
    for (std::size_t offset = 0; offset < good.size(); offset += length < 9000 ? 61 : 509) {
      SCOPED_TRACE(std::to_string(length) + " bytes, damaged at " + std::to_string(offset));
      Bytes bad = good;
      damage(bad, offset, 4096);
      expect_heals(good, bad, length);
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(ParityTrailer, AnyRunOf64KiBHealsInFilesBeyond64KiB) {
  SeededRandom random(13);
  for (const std::size_t length : {65537U, 70000U, 200'000U, 2'097'152U, 2'097'153U, 2'097'153U + 65536U, 2'300'000U}) {
    const Bytes good = with_parity(random.bytes(length));
    std::vector<std::size_t> offsets;
    for (std::size_t at = 0; at < good.size(); at += length < 1'000'000 ? 4096 : 65536) offsets.push_back(at);
    for (int i = 0; i < 25; ++i) offsets.push_back(random.below(good.size()));
    // Around the end of the protected bytes, where block, table and parity meet.
    for (int i = -8; i < 8; ++i)
      offsets.push_back(static_cast<std::size_t>(static_cast<std::int64_t>(length) + i * 9001));
    for (const std::size_t offset : offsets) {
      SCOPED_TRACE(std::to_string(length) + " bytes, damaged at " + std::to_string(offset));
      Bytes bad = good;
      damage(bad, offset, 65536);
      expect_heals(good, bad, length);
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(ParityTrailer, CutEndAndJunkBehindHeal) {
  SeededRandom random(17);
  const Bytes good = with_parity(random.bytes(400'000));
  Bytes cut = good;
  cut.resize(cut.size() - 65536);
  expect_heals(good, cut, 400'000);
  Bytes longer = good;
  longer.resize(longer.size() + 100, 5);
  expect_heals(good, longer, 400'000);
}

TEST(ParityTrailer, UnreadableSectorsHeal) {
  SeededRandom random(19);
  for (const std::size_t length : {300'000U, 2'500'000U}) {
    const Bytes good = with_parity(random.bytes(length));
    for (const std::size_t bad_at : {std::size_t{0}, length / 2, length - 1, good.size() - 50}) {
      SCOPED_TRACE(bad_at);
      const ReadRange read = [&](std::uint64_t offset, ByteSpan out) -> Result<std::size_t> {
        if (offset <= bad_at && bad_at < offset + out.size()) return fail(ErrorKind::io, "file.io", "bad sector");
        return reader_of(good)(offset, out);
      };
      const auto map = ParityMap::open(read, good.size(), kTag);
      ASSERT_TRUE(map);
      Bytes content(length);
      ASSERT_EQ(map->read_healed(read, 0, content).value(), bad_at < length);
      EXPECT_TRUE(std::equal(content.begin(), content.end(), good.begin()));
    }
  }
}

TEST(ParityTrailer, SeveralRunsHealWithMoreParityAndTooManyAreNamed) {
  SeededRandom random(23);
  const std::size_t length = 3'000'000;
  const Bytes good = with_parity(random.bytes(length), {32, 3});
  const auto stripes = ParityMap::open(reader_of(good), good.size(), kTag).value().parity_blocks() / 3;
  Bytes bad = good;
  for (std::size_t i = 0; i < 3; ++i) damage(bad, i * static_cast<std::size_t>(stripes) * 65536 + 5, 1);
  expect_heals(good, bad, length);
  damage(bad, 3 * static_cast<std::size_t>(stripes) * 65536 + 5, 1);
  const auto map = ParityMap::open(reader_of(bad), bad.size(), kTag).value();
  const auto found = map.check(reader_of(bad), nullptr).value();
  EXPECT_FALSE(found.can_heal);
  EXPECT_EQ(found.blocks.size(), 4U);
  Bytes part(10);
  EXPECT_EQ(map.read_healed(reader_of(bad), 0, part).error().id, "parity.beyond_repair");
  EXPECT_FALSE(map.read_healed(reader_of(bad), 65536, part).value());  // another stripe
}

TEST(ParityTrailer, AStoredCopyOfAnotherFileIsNotTakenForThisOne) {
  SeededRandom random(29);
  const Bytes inner = with_parity(random.bytes(5000));
  Bytes outer = random.bytes(777);
  outer.insert(outer.end(), inner.begin(), inner.end());
  EXPECT_EQ(ParityMap::open(reader_of(outer), outer.size(), kTag).error().id, "parity.not_found");  // at another place
  FileTag other = kTag;
  other[0] ^= 1;
  EXPECT_EQ(ParityMap::open(reader_of(inner), inner.size(), other).error().id, "parity.not_found");
}

TEST(ParityTrailer, ProgressStopsTheCheck) {
  const Bytes file = with_parity(Bytes(100'000, 3));
  const auto map = ParityMap::open(reader_of(file), file.size(), kTag).value();
  EXPECT_EQ(map.check(reader_of(file), [](std::uint64_t) { return false; }).error().kind, ErrorKind::interrupted);
}

// The example of spec/formats/parity.md, and its formula, worked out here once more from the page alone.
TEST(ParityTrailer, BytesAreThoseOfTheFormatPage) {
  SeededRandom random(37);
  const Bytes small = with_parity(random.bytes(5000));
  EXPECT_EQ(small.size(), 20'592U);
  EXPECT_EQ(as_text(small).find("ATLPARIT"), 8'208U);
  EXPECT_EQ(as_text(small).rfind("ATLPARIT"), 20'496U);
  EXPECT_TRUE(std::equal(small.begin(), small.begin() + 4096, small.begin() + 12'288));
  EXPECT_TRUE(std::equal(small.begin() + 4096, small.begin() + 5000, small.begin() + 16'384));

  const auto multiply = [](unsigned a, unsigned b) {
    unsigned product = 0;
    for (; b != 0; b >>= 1U) {
      if ((b & 1U) != 0) product ^= a;
      a <<= 1U;
      if ((a & 0x100U) != 0) a ^= 0x11DU;
    }
    return product;
  };
  const auto inverse = [&](unsigned a) {
    unsigned b = 1;
    while (multiply(a, b) != 1) ++b;
    return b;
  };
  constexpr std::size_t kBlock = 4096;
  const std::size_t length = 100 * kBlock;  // n = 100, S = 17, K = 6
  const Bytes file = with_parity(random.bytes(length), {32, 2});
  const std::size_t parity_begin = length + kBlock;
  for (std::size_t j = 0; j < 34; ++j) {
    const std::size_t stripe = (100 + j) % 17;
    const auto row = static_cast<unsigned>(j / 17);
    for (const std::size_t at : {std::size_t{0}, kBlock - 1}) {
      unsigned sum = 0;
      for (unsigned c = 0; c < 6; ++c) {
        const std::size_t block = stripe + c * 17;
        if (block < 100) sum ^= multiply(inverse((6 + row) ^ c), file[block * kBlock + at]);
      }
      ASSERT_EQ(file[parity_begin + j * kBlock + at], sum) << "parity block " << j;
    }
  }
}

TEST(ParityTrailer, MadeInTwoPassesWhereThereIsMuchOfIt) {
  SeededRandom random(31);
  const std::size_t length = 12'000'000;  // 2 data + 4 parity blocks a stripe: more parity than is kept in memory
  const Bytes good = with_parity(random.bytes(length), {2, 4});
  Bytes bad = good;
  damage(bad, 1'000'000, 65536);
  expect_heals(good, bad, length);
}

}  // namespace
}  // namespace atl::blob
