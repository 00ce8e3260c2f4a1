// A segment whose content is changed behind its seals, as nobody without the key could: what its readers have to bear
// is then tried, not what the seals catch already.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <functional>

#include "derived/text/internal/format.h"
#include "derived/text/testing/test_index.h"

namespace atl::text::testing {

struct SegmentSample {
  std::string path;
  Bytes file;
  std::unique_ptr<platform::MemoryFileSystem> disk;  // all of it, with that segment
};

// The segment of an index that lies on the machine's disk and is closed.
inline SegmentSample sample_of(platform::TestMachine& machine) {
  const std::string path = machine.files.all_paths("*.segment").at(0);
  return {path, machine.files.content(path), machine.files.clone()};
}

// Opens every page and the footer of a segment's file, lets `change` have its plaintext (page: its ordinal; the footer:
// as many as there are pages), seals all of it again. Ends the program where the file was no segment.
inline void reseal_segment(Bytes& file, const std::function<void(std::uint64_t page, ByteSpan plain)>& change) {
  using namespace atl::text::internal;  // NOLINT
  const auto trailer = parse_file_trailer(ByteView(file).last(kTrailerBytes), file.size());
  if (!trailer) std::abort();
  const ByteView header = ByteView(file).first(kHeaderBytes);
  Salt salt{};
  std::copy_n(file.begin() + 40, kSaltBytes, salt.begin());
  codec::Sealer sealer(codec::SealSuite::aes256gcm, segment_key(test_key(), salt));
  const auto change_part = [&](Lane lane, std::uint64_t ordinal, std::uint64_t offset, std::uint64_t stored) {
    const ByteSpan sealed = ByteSpan(file).subspan(offset, stored);
    Bytes plain(stored - codec::kTagBytes);
    const auto nonce = codec::counter_nonce(ordinal, static_cast<std::uint32_t>(lane));
    if (!sealer.open(nonce, header, sealed, plain)) std::abort();
    change(lane == Lane::footer ? trailer->pages : ordinal, plain);
    sealer.seal(nonce, header, plain, sealed);
  };
  for (std::uint64_t page = 0; page < trailer->pages; ++page) {
    const std::uint64_t bytes = page + 1 == trailer->pages ? trailer->last_page_bytes : kPagePlain;
    change_part(Lane::page, page, kHeaderBytes + page * kPageStored, bytes + codec::kTagBytes);
  }
  change_part(Lane::footer, 0, trailer->footer_offset, trailer->footer_stored_bytes);
}

}  // namespace atl::text::testing
