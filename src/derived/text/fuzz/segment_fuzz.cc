// The reader of segments, behind the seals: the plaintext of a real one is changed and everything is sealed again, as
// nobody without the key could. Nothing may crash, hang or take much memory; an error has a name.
#include <algorithm>
#include <memory>

#include "derived/text/internal/format.h"
#include "derived/text/testing/test_index.h"

namespace {

using namespace atl;                  // NOLINT
using namespace atl::text;            // NOLINT
using namespace atl::text::internal;  // NOLINT

struct Sample {
  std::string path;
  Bytes file;
  std::unique_ptr<platform::MemoryFileSystem> disk;
};

Sample make_sample() {
  platform::TestMachine machine;
  auto index = atl::text::testing::open_index(machine).value();
  platform::SeededRandom random(1);
  for (DocumentId id = 0; id < 400; ++id) {
    if (!index->add(atl::text::testing::random_document(random, 20).view(id * 3))) __builtin_trap();
  }
  if (!index->flush({})) __builtin_trap();
  index.reset();
  Sample sample;
  sample.path = machine.files.all_paths("*.segment").at(0);
  sample.file = machine.files.content(sample.path);
  sample.disk = machine.files.clone();
  return sample;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Sample sample = make_sample();
  if (size < 4) return 0;
  Bytes file = sample.file;
  const ByteView header = ByteView(file).first(kHeaderBytes);
  Salt salt{};
  std::copy_n(file.begin() + 40, kSaltBytes, salt.begin());
  codec::Sealer sealer(codec::SealSuite::aes256gcm, segment_key(atl::text::testing::test_key(), salt));
  const auto trailer = parse_file_trailer(ByteView(file).last(kTrailerBytes), file.size());
  if (!trailer) __builtin_trap();
  // Three bytes each: part, place within it, change.
  const auto change = [&](Lane lane, std::uint64_t ordinal, std::uint64_t offset, std::uint64_t stored) {
    const ByteSpan sealed = ByteSpan(file).subspan(offset, stored);
    Bytes plain(stored - codec::kTagBytes);
    if (!sealer.open(codec::counter_nonce(ordinal, static_cast<std::uint32_t>(lane)), header, sealed, plain)) {
      __builtin_trap();
    }
    for (std::size_t i = 0; i + 4 <= size; i += 4) {
      if (data[i] % (trailer->pages + 1) != (lane == Lane::footer ? trailer->pages : ordinal)) continue;
      plain[(data[i + 1] << 8 | data[i + 2]) % plain.size()] ^= data[i + 3];
    }
    sealer.seal(codec::counter_nonce(ordinal, static_cast<std::uint32_t>(lane)), header, plain, sealed);
  };
  for (std::uint64_t page = 0; page < trailer->pages; ++page) {
    const std::uint64_t bytes = page + 1 == trailer->pages ? trailer->last_page_bytes : kPagePlain;
    change(Lane::page, page, kHeaderBytes + page * kPageStored, bytes + codec::kTagBytes);
  }
  change(Lane::footer, 0, trailer->footer_offset, trailer->footer_stored_bytes);

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
