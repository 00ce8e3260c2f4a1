// Segments that contradict themselves behind their seals: every eleventh byte of one is changed, and nothing worse than
// an error comes of it, whoever reads on: questions, verify, merging.
#include "derived/text/testing/resealed_segment.h"

namespace atl::text {
namespace {

using testing::ids_of;
using testing::open_index;
using testing::random_document;

// 135 documents: words in all, so that there are blocks, and words in one.
testing::SegmentSample make_sample() {
  platform::TestMachine machine;
  auto index = testing::must_open(machine);
  platform::SeededRandom random(4);
  for (DocumentId id = 0; id < 135; ++id) {
    auto document = random_document(random, 4);
    document.title += "common";
    document.body.resize(std::min<std::size_t>(document.body.size(), 9));
    testing::expect_ok(index->add(document.view(id * 3)));
  }
  testing::expect_ok(index->flush({}));
  index.reset();
  return testing::sample_of(machine);
}

// Whether anything noticed.
bool read_all(const testing::SegmentSample& sample, const Bytes& file) {
  platform::TestMachine machine(sample.disk->clone(), 1);
  machine.files.set_content(sample.path, file);
  auto index = open_index(machine);
  if (!index) return true;
  bool noticed = !ids_of(**index, "w1 common \"w1 w2\" name:file year:2001.. w2~ w1*").has_value();
  noticed = !(*index)->verify().has_value() || noticed;
  noticed = !(*index)->remove(30).has_value() || noticed;
  return !(*index)->merge_all().has_value() || noticed;
}

TEST(SegmentDamage, AnyByteBehindTheSealsMayBeWrong) {
  const testing::SegmentSample sample = make_sample();
  std::vector<std::size_t> bytes;
  Bytes same = sample.file;
  testing::reseal_segment(same, [&](std::uint64_t, ByteSpan plain) { bytes.push_back(plain.size()); });
  EXPECT_EQ(same, sample.file);
  EXPECT_FALSE(read_all(sample, same));
  std::size_t tried = 0;
  std::size_t noticed = 0;
  // Eleven has no part in common with the sizes of what stands in rows.
  for (std::size_t part = 0; part < bytes.size(); ++part) {
    for (std::size_t at = 0; at < bytes[part]; at += 11) {
      const std::uint8_t change = at % 2 == 0 ? 0x01 : 0xFF;
      Bytes file = sample.file;
      testing::reseal_segment(file, [&](std::uint64_t page, ByteSpan plain) {
        if (page == part) plain[at] ^= change;
      });
      ++tried;
      if (read_all(sample, file)) ++noticed;
    }
  }
  std::printf("%zu changes, %zu noticed\n", tried, noticed);
  EXPECT_GT(noticed, 0U);  // most only change what is found: nobody without the key can make them
}

}  // namespace
}  // namespace atl::text
