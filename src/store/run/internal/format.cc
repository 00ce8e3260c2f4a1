// See format.h and spec/formats/run.md.
#include "store/run/internal/format.h"

#include <algorithm>

#include "foundation/codec/hash.h"
#include "store/run/run_set.h"

namespace atl::run::internal {
namespace {

constexpr std::string_view kRunMagic = "atollrun";
constexpr std::string_view kTrailerMagic = "atollrue";
constexpr std::string_view kManifestMagic = "atollrum";
constexpr std::uint16_t kMajor = 0;
constexpr std::uint16_t kMinor = 0;
constexpr std::size_t kFooterHeadBytes = 48;
constexpr std::size_t kManifestHeadBytes = 24;
constexpr std::size_t kManifestRunBytes = 40;

// The first 56 bytes of every header: magic, version, feature masks, vault, salt.
void put_common(ByteWriter& out, std::string_view magic, const VaultId& vault, const Salt& salt) {
  out.put_bytes(as_bytes(magic));
  out.put(kMajor);
  out.put(kMinor);
  out.put(std::uint32_t{0});  // compatible features
  out.put(std::uint32_t{0});  // read-only features
  out.put(std::uint32_t{0});  // incompatible features
  out.put_bytes(vault.view());
  out.put_bytes(salt);
}

// Checks magic, CRC, version and features, in this order: only bytes known to be whole may say "unsupported".
Result<void> check_common(ByteView header, std::string_view magic, std::string_view what) {
  if (header.size() < kHeaderBytes) return damaged("run.header_short", std::string(what) + " is cut off in its header");
  if (!equal(header.first(8), as_bytes(magic))) {
    return damaged("run.header_magic", std::string(what) + " does not begin as one");
  }
  if (codec::crc32c(header.first(kHeaderBytes - 4)) != load_le<std::uint32_t>(header.data() + kHeaderBytes - 4)) {
    return damaged("run.header_checksum", std::string(what) + " has a damaged header");
  }
  if (load_le<std::uint16_t>(header.data() + 8) != kMajor || load_le<std::uint32_t>(header.data() + 20) != 0) {
    return fail(ErrorKind::unsupported, "run.version",
                std::string(what) + " was written by a newer program in a way this one does not know",
                "use the newer program, or let this one rebuild the index");
  }
  return {};
}

std::array<std::uint8_t, kHeaderBytes> with_checksum(Bytes bytes) {
  ATOLL_INVARIANT(bytes.size() <= kHeaderBytes - 4, "a header outgrew its room");
  std::array<std::uint8_t, kHeaderBytes> header{};
  std::ranges::copy(bytes, header.begin());
  store_le(header.data() + kHeaderBytes - 4, codec::crc32c(ByteView(header).first(kHeaderBytes - 4)));
  return header;
}

bool all_zero(ByteView bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

Salt salt_at(const std::uint8_t* from) {
  Salt salt{};
  std::copy_n(from, kSaltBytes, salt.begin());
  return salt;
}

}  // namespace

tl::unexpected<Error> damaged(std::string_view id, std::string_view what) {
  return fail(ErrorKind::damaged, std::string(id), std::string(what), "the index will be rebuilt from what it indexes");
}

std::size_t entries_per_block(std::size_t entry_bytes, bool has_removals) {
  if (!has_removals) return kBlockPlain / entry_bytes;
  std::size_t count = kBlockPlain * 8 / (entry_bytes * 8 + 1);
  while (count * entry_bytes + (count + 7) / 8 > kBlockPlain) --count;
  return count;
}

std::size_t RunHeader::entries_per_block() const {
  return internal::entries_per_block(std::size_t{key_width} + value_width, has_removals);
}

std::array<std::uint8_t, kHeaderBytes> encode(const RunHeader& header) {
  Bytes bytes;
  ByteWriter out(bytes);
  put_common(out, kRunMagic, header.vault, header.salt);
  out.put(static_cast<std::uint8_t>(header.suite));
  out.put(static_cast<std::uint8_t>(header.mode));
  out.put(static_cast<std::uint8_t>(header.has_removals ? 1 : 0));
  out.put(header.filter_probes);
  out.put(header.key_width);
  out.put(std::uint16_t{0});
  out.put(header.value_width);
  out.put(header.blocks_per_page);
  out.put(header.prefix_skip);
  out.put(std::uint32_t{0});
  out.put(header.number);
  return with_checksum(std::move(bytes));
}

Result<RunHeader> parse_run_header(ByteView stored) {
  ATOLL_TRY(check_common(stored, kRunMagic, "a run file"));
  if (stored.size() != kHeaderStored || !all_zero(stored.subspan(kHeaderBytes))) {
    return damaged("run.header_padding", "a run file has a damaged header");
  }
  const std::uint8_t* at = stored.data();
  RunHeader header;
  std::copy_n(at + 24, 16, header.vault.bytes.begin());
  header.salt = salt_at(at + 40);
  const std::uint8_t suite = at[56];
  const std::uint8_t mode = at[57];
  const std::uint8_t flags = at[58];
  header.filter_probes = at[59];
  header.key_width = load_le<std::uint16_t>(at + 60);
  header.value_width = load_le<std::uint32_t>(at + 64);
  header.blocks_per_page = load_le<std::uint32_t>(at + 68);
  header.prefix_skip = load_le<std::uint32_t>(at + 72);
  header.number = load_le<std::uint64_t>(at + 80);
  const bool known = suite <= 1 && (mode == 1 || mode == 2) && flags <= 1 && header.filter_probes >= 1 &&
                     header.filter_probes <= 7 && header.prefix_skip <= kKeyBytesMax && header.number != 0;
  if (!known) return damaged("run.header_fields", "a run file has impossible values in its header");
  header.suite = static_cast<codec::SealSuite>(suite);
  header.mode = static_cast<Mode>(mode);
  header.has_removals = flags == 1;
  if (header.mode == Mode::fixed) {
    const bool fits = header.key_width >= 1 && header.value_width <= kFixedEntryBytesMax &&
                      header.key_width + header.value_width <= kFixedEntryBytesMax && header.blocks_per_page >= 1 &&
                      header.blocks_per_page <= kFilterPageBits;
    if (!fits) return damaged("run.header_fields", "a run file has impossible widths in its header");
  }
  return header;
}

Bytes encode(const RunFooter& footer) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.put(footer.entries);
  out.put(footer.removals);
  out.put(footer.blocks);
  out.put(footer.pages);
  out.put(footer.data_end);
  out.put(static_cast<std::uint16_t>(footer.min_key.size()));
  out.put(static_cast<std::uint16_t>(footer.max_key.size()));
  out.put(std::uint32_t{0});
  out.put_bytes(footer.min_key);
  out.put_bytes(footer.max_key);
  return bytes;
}

std::uint64_t index_plain_bytes(Mode mode, std::uint64_t blocks, std::uint64_t pages) {
  return mode == Mode::fixed ? blocks * 8 : blocks * 16 + pages * 4;
}

std::uint64_t index_stored_bytes(std::uint64_t plain_bytes) {
  return plain_bytes + (plain_bytes + kIndexChunkPlain - 1) / kIndexChunkPlain * codec::kTagBytes;
}

Result<RunFooter> parse_run_footer(ByteView plain, const RunHeader& header, std::uint64_t file_bytes) {
  ByteReader in(plain, "the footer of a run");
  RunFooter footer;
  ATOLL_ASSIGN(footer.entries, in.get<std::uint64_t>());
  ATOLL_ASSIGN(footer.removals, in.get<std::uint64_t>());
  ATOLL_ASSIGN(footer.blocks, in.get<std::uint64_t>());
  ATOLL_ASSIGN(footer.pages, in.get<std::uint64_t>());
  ATOLL_ASSIGN(footer.data_end, in.get<std::uint64_t>());
  ATOLL_ASSIGN(const std::uint16_t min_bytes, in.get<std::uint16_t>());
  ATOLL_ASSIGN(const std::uint16_t max_bytes, in.get<std::uint16_t>());
  ATOLL_ASSIGN(const std::uint32_t reserved, in.get<std::uint32_t>());
  ATOLL_ASSIGN(const ByteView min_key, in.get_bytes(min_bytes));
  ATOLL_ASSIGN(const ByteView max_key, in.get_bytes(max_bytes));
  footer.min_key = to_bytes(min_key);
  footer.max_key = to_bytes(max_key);
  const auto bad = [] { return damaged("run.footer_fields", "the footer of a run file contradicts itself"); };
  if (in.remaining() != 0 || reserved != 0) return bad();
  if (min_bytes < 1 || max_bytes < 1 || min_bytes > kKeyBytesMax || max_bytes > kKeyBytesMax) return bad();
  // Each block and page takes 4 KiB at least, which bounds all counts by the length of the file.
  const std::uint64_t blocks_max = file_bytes / kBlockStored;
  if (footer.blocks < 1 || footer.blocks > blocks_max || footer.pages < 1 || footer.pages > footer.blocks) return bad();
  if (footer.entries < footer.blocks || footer.entries > blocks_max * kBlockStored ||
      footer.removals > footer.entries || (footer.removals > 0 && !header.has_removals)) {
    return bad();
  }
  if (compare(footer.min_key, footer.max_key) > 0) return bad();
  if (header.prefix_skip > std::min(min_bytes, max_bytes) ||
      !equal(ByteView(footer.min_key).first(header.prefix_skip), ByteView(footer.max_key).first(header.prefix_skip))) {
    return bad();
  }
  if (header.mode == Mode::fixed) {
    const std::uint64_t per_block = header.entries_per_block();
    const bool agrees = min_bytes == header.key_width && max_bytes == header.key_width &&
                        footer.blocks == (footer.entries + per_block - 1) / per_block &&
                        footer.pages == (footer.blocks + header.blocks_per_page - 1) / header.blocks_per_page &&
                        footer.data_end == kHeaderStored + (footer.blocks + footer.pages) * kBlockStored;
    if (!agrees) return bad();
  } else if (footer.data_end < kHeaderStored + (footer.blocks + footer.pages) * kBlockStored ||
             footer.data_end > file_bytes) {
    return bad();
  }
  return footer;
}

std::array<std::uint8_t, kTrailerBytes> encode(const RunTrailer& trailer) {
  std::array<std::uint8_t, kTrailerBytes> bytes{};
  std::ranges::copy(as_bytes(kTrailerMagic), bytes.begin());
  store_le(bytes.data() + 8, trailer.footer_offset);
  store_le(bytes.data() + 16, trailer.footer_stored_bytes);
  store_le(bytes.data() + 24, trailer.file_bytes);
  store_le(bytes.data() + kTrailerBytes - 4, codec::crc32c(ByteView(bytes).first(kTrailerBytes - 4)));
  return bytes;
}

Result<RunTrailer> parse_run_trailer(ByteView stored, std::uint64_t file_bytes) {
  const auto bad = [] { return damaged("run.trailer_damaged", "a run file is cut off or damaged at its end"); };
  if (stored.size() != kTrailerBytes || !equal(stored.first(8), as_bytes(kTrailerMagic))) return bad();
  if (codec::crc32c(stored.first(kTrailerBytes - 4)) != load_le<std::uint32_t>(stored.data() + kTrailerBytes - 4)) {
    return bad();
  }
  RunTrailer trailer;
  trailer.footer_offset = load_le<std::uint64_t>(stored.data() + 8);
  trailer.footer_stored_bytes = load_le<std::uint32_t>(stored.data() + 16);
  trailer.file_bytes = load_le<std::uint64_t>(stored.data() + 24);
  constexpr std::size_t footer_max = kFooterHeadBytes + 2 * kKeyBytesMax + codec::kTagBytes;
  const bool agrees = trailer.file_bytes == file_bytes && trailer.footer_stored_bytes >= codec::kTagBytes &&
                      trailer.footer_stored_bytes <= footer_max &&
                      trailer.footer_stored_bytes + kTrailerBytes + kHeaderStored <= file_bytes &&
                      trailer.footer_offset == file_bytes - kTrailerBytes - trailer.footer_stored_bytes;
  if (!agrees) return bad();
  return trailer;
}

Bytes encode_manifest(const Manifest& manifest, const VaultId& vault, const Salt& salt, codec::SealSuite suite,
                      const codec::SecretKey& index_key) {
  Bytes plain;
  ByteWriter body(plain);
  body.put(manifest.next_number);
  body.put(static_cast<std::uint32_t>(manifest.runs.size()));
  body.put(static_cast<std::uint32_t>(manifest.state.size()));
  body.put(std::uint64_t{0});
  for (const RunInfo& run : manifest.runs) {
    body.put(run.number);
    body.put(run.file_bytes);
    body.put(run.entries);
    body.put_bytes(run.salt);
  }
  body.put_bytes(manifest.state);

  Bytes head;
  ByteWriter out(head);
  put_common(out, kManifestMagic, vault, salt);
  out.put(static_cast<std::uint8_t>(suite));
  out.put_zeros(7);
  out.put(static_cast<std::uint64_t>(plain.size()));
  const auto header = with_checksum(std::move(head));

  Bytes file(kHeaderBytes + plain.size() + codec::kTagBytes);
  std::ranges::copy(header, file.begin());
  codec::Sealer sealer(suite, codec::derive_key(index_key, salt, "atoll run manifest"));
  const ByteSpan sealed = ByteSpan(file).subspan(kHeaderBytes);
  sealer.seal(codec::counter_nonce(0), header, plain, sealed);
  Bytes opened(plain.size());
  ATOLL_INVARIANT(sealer.open(codec::counter_nonce(0), header, sealed, opened) && opened == plain,
                  "a sealed manifest does not open again");
  return file;
}

Result<Manifest> parse_manifest(ByteView stored, const VaultId& vault, codec::SealSuite suite,
                                const codec::SecretKey& index_key) {
  ATOLL_TRY(check_common(stored, kManifestMagic, "the manifest of an index"));
  const ByteView header = stored.first(kHeaderBytes);
  if (!equal(header.subspan(24, 16), vault.view())) {
    return damaged("run.vault", "the manifest of an index belongs to another vault");
  }
  // The expected suite, not the stored one, decides: an unsealed file must not pass for a sealed one.
  if (header[56] != static_cast<std::uint8_t>(suite)) {
    return damaged("run.suite", "the manifest of an index is sealed in another way than its vault");
  }
  const auto bad = [] { return damaged("run.manifest_damaged", "the manifest of an index is damaged"); };
  const ByteView sealed = stored.subspan(kHeaderBytes);
  const auto plain_bytes = load_le<std::uint64_t>(header.data() + 64);
  if (sealed.size() < codec::kTagBytes || plain_bytes != sealed.size() - codec::kTagBytes ||
      stored.size() > kManifestBytesMax) {
    return bad();
  }
  Bytes plain(sealed.size() - codec::kTagBytes);
  codec::Sealer sealer(suite, codec::derive_key(index_key, header.subspan(40, kSaltBytes), "atoll run manifest"));
  if (!sealer.open(codec::counter_nonce(0), header, sealed, plain)) return bad();

  ByteReader in(plain, "the manifest of an index");
  Manifest manifest;
  ATOLL_ASSIGN(manifest.next_number, in.get<std::uint64_t>());
  ATOLL_ASSIGN(const std::uint32_t runs, in.get<std::uint32_t>());
  ATOLL_ASSIGN(const std::uint32_t state_bytes, in.get<std::uint32_t>());
  ATOLL_ASSIGN(const std::uint64_t reserved, in.get<std::uint64_t>());
  if (reserved != 0 || runs > kRunsInManifestMax || state_bytes > kStateBytesMax ||
      plain.size() != kManifestHeadBytes + std::uint64_t{runs} * kManifestRunBytes + state_bytes) {
    return bad();
  }
  for (std::uint32_t i = 0; i < runs; ++i) {
    RunInfo run;
    ATOLL_ASSIGN(run.number, in.get<std::uint64_t>());
    ATOLL_ASSIGN(run.file_bytes, in.get<std::uint64_t>());
    ATOLL_ASSIGN(run.entries, in.get<std::uint64_t>());
    ATOLL_ASSIGN(const ByteView salt, in.get_bytes(kSaltBytes));
    run.salt = salt_at(salt.data());
    if (run.number == 0 || run.number >= manifest.next_number || run.file_bytes < kHeaderStored + kTrailerBytes) {
      return bad();
    }
    manifest.runs.push_back(run);
  }
  ATOLL_ASSIGN(const ByteView state, in.get_bytes(state_bytes));
  manifest.state = to_bytes(state);
  return manifest;
}

std::string run_file_name(std::uint64_t number) {
  Bytes big_endian;
  append_be64(big_endian, number);
  return to_hex(big_endian) + ".run";
}

codec::SecretKey run_file_key(const codec::SecretKey& index_key, const Salt& salt) {
  return codec::derive_key(index_key, salt, "atoll run");
}

}  // namespace atl::run::internal
