// The reader of run files. First byte even: the rest stands at a place of a real run file, unsealed damage. Odd: the
// rest changes the plaintext of one and everything is sealed again, so that the code behind the authentication is
// reached too. Nothing may crash or hang; wrong answers are possible only where the seals are right, and then they are
// the sealer's.
#include <algorithm>
#include <memory>

#include "foundation/codec/hash.h"
#include "foundation/platform/testing/test_machine.h"
#include "store/run/internal/filter.h"
#include "store/run/internal/merge.h"
#include "store/run/internal/run.h"
#include "store/run/internal/run_writer.h"

namespace {

using namespace atl;                 // NOLINT
using namespace atl::run::internal;  // NOLINT

struct Segment {
  Lane lane;
  std::uint64_t ordinal;
  std::uint64_t offset;
  std::uint64_t stored_bytes;
};

struct Sample {
  RunInfo info;
  Bytes file;
  std::vector<Segment> segments;
  std::vector<Bytes> keys;
};

struct Setup {
  codec::SecretKey key;
  VaultId vault;
  BlockCache cache{0};
};

RunContext context_of(Setup& setup, platform::TestMachine& machine) {
  return {machine.files, setup.key, setup.vault, codec::SealSuite::aes256gcm, 5, setup.cache};
}

// A real run file and where its sealed parts stand.
Sample make_sample(bool fixed) {
  Setup setup;
  platform::TestMachine machine;
  const RunContext context = context_of(setup, machine);
  Sample sample;
  platform::SeededRandom random(1);
  for (int i = 0; i < 300; ++i) sample.keys.push_back(random.bytes(fixed ? 32 : 1 + random.below(60)));
  if (!fixed) sample.keys.push_back(Bytes(5000, 7));
  std::ranges::sort(sample.keys);
  const auto repeated = std::ranges::unique(sample.keys);
  sample.keys.erase(repeated.begin(), repeated.end());
  Summary summary;
  summary.entries = sample.keys.size();
  summary.has_removals = true;
  for (const Bytes& key : sample.keys) summary.widths.add_key(key.size());
  summary.widths.add_value(28);
  summary.min_key = sample.keys.front();
  summary.max_key = sample.keys.back();
  if (!machine.files.create_directory("/r")) __builtin_trap();
  auto writer = RunWriter::create(context, "/r", 1, {}, summary, 100).value();
  for (std::size_t i = 0; i < sample.keys.size(); ++i) {
    if (!writer->add(sample.keys[i], Bytes(28, 1), i % 7 == 0)) __builtin_trap();
  }
  sample.info = writer->finish().value();
  sample.file = machine.files.content("/r/" + run_file_name(1));

  const RunHeader header = parse_run_header(ByteView(sample.file).first(kHeaderStored)).value();
  const RunTrailer trailer = parse_run_trailer(ByteView(sample.file).last(kTrailerBytes), sample.file.size()).value();
  codec::Sealer sealer(header.suite, run_file_key(setup.key, header.salt));
  const ByteView aad = ByteView(sample.file).first(kHeaderBytes);
  const auto try_open = [&](Lane lane, std::uint64_t ordinal, std::uint64_t offset, std::uint64_t stored) {
    if (offset + stored > sample.file.size()) return false;
    Bytes plain(stored - codec::kTagBytes);
    if (!sealer.open(codec::counter_nonce(ordinal, static_cast<std::uint32_t>(lane)), aad,
                     ByteView(sample.file).subspan(offset, stored), plain)) {
      return false;
    }
    sample.segments.push_back({lane, ordinal, offset, stored});
    std::ranges::copy(plain, sample.file.begin() + static_cast<std::ptrdiff_t>(offset));  // kept open
    return true;
  };
  if (!try_open(Lane::footer, 0, trailer.footer_offset, trailer.footer_stored_bytes)) __builtin_trap();
  std::uint64_t at = kHeaderStored;
  std::uint64_t blocks = 0;
  std::uint64_t pages = 0;
  while (at < trailer.footer_offset) {
    if (try_open(Lane::data, blocks, at, kBlockStored)) {
      ++blocks;
      at += kBlockStored;
    } else if (try_open(Lane::filter, pages, at, kBlockStored)) {
      ++pages;
      at += kBlockStored;
    } else if (const std::uint64_t large = kEntryHeadBytes + 5000 + 28 + codec::kTagBytes;
               try_open(Lane::data, blocks, at, large)) {
      ++blocks;
      at += large;
    } else if (try_open(Lane::data, blocks, at, large - 28)) {
      ++blocks;
      at += large - 28;
    } else {
      if (!try_open(Lane::index, 0, at, trailer.footer_offset - at)) __builtin_trap();
      at = trailer.footer_offset;
    }
  }
  return sample;
}

void seal_all(Sample& sample, Setup& setup) {
  store_le(sample.file.data() + kHeaderBytes - 4, codec::crc32c(ByteView(sample.file).first(kHeaderBytes - 4)));
  const ByteSpan trailer = ByteSpan(sample.file).last(kTrailerBytes);
  store_le(trailer.data() + kTrailerBytes - 4, codec::crc32c(ByteView(trailer).first(kTrailerBytes - 4)));
  Salt salt{};
  std::copy_n(sample.file.begin() + 40, kSaltBytes, salt.begin());
  sample.info.salt = salt;
  sample.info.number = load_le<std::uint64_t>(sample.file.data() + 80);
  sample.info.entries = load_le<std::uint64_t>(sample.file.data() + sample.segments[0].offset);
  codec::Sealer sealer(codec::SealSuite::aes256gcm, run_file_key(setup.key, salt));
  for (const Segment& part : sample.segments) {
    const ByteSpan place = ByteSpan(sample.file).subspan(part.offset, part.stored_bytes);
    const Bytes plain = to_bytes(ByteView(place).first(part.stored_bytes - codec::kTagBytes));
    sealer.seal(codec::counter_nonce(part.ordinal, static_cast<std::uint32_t>(part.lane)),
                ByteView(sample.file).first(kHeaderBytes), plain, place);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Sample fixed_sample = make_sample(true);
  static const Sample variable_sample = make_sample(false);
  if (size < 2) return 0;
  Sample sample = (data[0] & 2) != 0 ? variable_sample : fixed_sample;
  Setup setup;
  const bool before_sealing = (data[0] & 1) != 0;
  const bool is_long = (data[0] & 4) != 0;  // one long piece instead of many small changes
  ByteView rest(data + 1, size - 1);
  if (!before_sealing) seal_all(sample, setup);
  // Changes: u16 place in quarters of the interesting parts, then a byte (or all the rest).
  while (rest.size() >= 4) {
    const std::uint64_t wanted = load_le<std::uint16_t>(rest.data());
    const Segment& part = sample.segments[rest[2] % sample.segments.size()];
    std::uint64_t at = part.offset + wanted % part.stored_bytes;
    if ((rest[2] & 0x80) != 0) at = wanted % kHeaderBytes;
    if ((rest[2] & 0xC0) == 0xC0) at = sample.file.size() - 1 - wanted % kTrailerBytes;
    const std::size_t count = is_long ? rest.size() - 3 : 1;
    for (std::size_t i = 0; i < count && at + i < sample.file.size(); ++i) sample.file[at + i] = rest[3 + i];
    rest = rest.subspan(3 + count);
  }
  if (before_sealing) seal_all(sample, setup);

  platform::TestMachine machine;
  machine.files.set_content("/r/" + run_file_name(sample.info.number), sample.file);
  const RunContext context = context_of(setup, machine);
  const auto run = Run::open(context, "/r", sample.info, (data[0] & 8) != 0 ? 1'000'000 : 0);
  if (!run) return 0;
  for (std::size_t i = 0; i < sample.keys.size(); i += 5) {
    Bytes value;
    ValueTarget target;
    target.bytes = &value;
    (void)(*run)->find(sample.keys[i], hash_key(sample.keys[i], context.hash_seed), target);
    (void)(*run)->find(Bytes(32, data[1]), sample.keys[i].size(), target);
  }
  (void)(*run)->verify();
  // Merging it with itself into a new run exercises cursor and writer.
  Summary summary = (*run)->summary();
  std::vector<std::unique_ptr<EntrySource>> cursors;
  cursors.push_back((*run)->cursor({}));
  cursors.push_back((*run)->cursor(sample.keys[sample.keys.size() / 2]));
  MergeSource merged(std::move(cursors), false);
  auto writer = RunWriter::create(context, "/r", 2, {}, summary, 100);
  if (!writer) __builtin_trap();
  while (true) {
    const auto has_one = merged.next();
    if (!has_one || !*has_one) break;
    if (!(*writer)->add(merged.key(), merged.value(), merged.removed())) return 0;
  }
  if ((*writer)->entries() > 0) (void)(*writer)->finish();
  return 0;
}
