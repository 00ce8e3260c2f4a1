// The reader of segments, behind the seals: the plaintext of a real one is changed and everything is sealed again, as
// nobody without the key could. Nothing may crash, hang or take much memory; an error has a name.
#include <memory>

#include "derived/text/testing/resealed_segment.h"

namespace {

using namespace atl;        // NOLINT
using namespace atl::text;  // NOLINT

atl::text::testing::SegmentSample make_sample() {
  platform::TestMachine machine;
  auto index = atl::text::testing::open_index(machine).value();
  platform::SeededRandom random(1);
  for (DocumentId id = 0; id < 400; ++id) {
    if (!index->add(atl::text::testing::random_document(random, 20).view(id * 3))) __builtin_trap();
  }
  if (!index->flush({})) __builtin_trap();
  index.reset();
  return atl::text::testing::sample_of(machine);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const atl::text::testing::SegmentSample sample = make_sample();
  if (size < 4) return 0;
  Bytes file = sample.file;
  std::uint64_t parts = 0;
  atl::text::testing::reseal_segment(file, [&](std::uint64_t page, ByteSpan) { parts = page + 1; });
  // Four bytes each: part, place within it, change.
  atl::text::testing::reseal_segment(file, [&](std::uint64_t page, ByteSpan plain) {
    for (std::size_t i = 0; i + 4 <= size; i += 4) {
      if (data[i] % parts != page) continue;
      const auto place = static_cast<std::size_t>(data[i + 1] << 8 | data[i + 2]);
      plain[place % plain.size()] ^= data[i + 3];
    }
  });

  platform::TestMachine machine(sample.disk->clone(), 1);
  machine.files.set_content(sample.path, file);
  auto index = atl::text::testing::open_index(machine);
  if (!index) return 0;
  for (const std::string_view line :
       {"w1 w2 w3", "+w1 +w2 -w5", "\"w1 w2\"", "w1*", "w2~", "name:file", "year:2001..", "type:pdf w1", "title:w0"}) {
    ignore_error_on_purpose(atl::text::testing::ids_of(**index, line));
  }
  ignore_error_on_purpose((*index)->suggest("w33", 5));
  ignore_error_on_purpose((*index)->verify());
  ignore_error_on_purpose((*index)->remove(30));
  ignore_error_on_purpose((*index)->merge_all());
  return 0;
}
