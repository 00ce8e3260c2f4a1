#include "store/journal/internal/segment.h"

#include <algorithm>

#include "foundation/codec/hash.h"

namespace atl::journal {
namespace {

constexpr std::string_view kSegmentMagic{"ATLJWAL\0", 8};
constexpr std::string_view kGroupMagic{"ATLJGRP\0", 8};
constexpr std::uint16_t kMajor = 0;
constexpr std::uint16_t kMinor = 0;
constexpr std::size_t kNotesAt = 256;
constexpr std::size_t kHeaderCrcAt = kBlockBytes - 4;
constexpr std::size_t kGroupAadBytes = 120;
constexpr std::size_t kBodyCrcAt = 120;
constexpr std::size_t kGroupCrcAt = 124;
// Nonce lanes of the envelope key. Payload keys use the payload's ordinal as lane.
constexpr std::uint32_t kEnvelopeLane = 0xFFFFFFFFU;
constexpr std::uint32_t kNotesLane = 0xFFFFFFFEU;

tl::unexpected<Error> group_damaged(Lsn first, std::string_view why) {
  return fail(ErrorKind::damaged, "journal.group_damaged",
              "the journal group at LSN " + std::to_string(first.value) + " is damaged: " + std::string(why));
}

// What a group's sections take before padding.
std::uint64_t envelope_plain_bytes(std::span<const GroupItem> items) {
  std::uint64_t size = 0;
  for (const GroupItem& item : items) size += 4 + item.envelope.size() + item.payloads.size();
  return size;
}

std::uint64_t used_group_bytes(std::span<const GroupItem> items) {
  std::uint64_t size = kGroupHeaderBytes + envelope_plain_bytes(items) + codec::kTagBytes;
  for (const GroupItem& item : items) {
    for (const Payload& payload : item.payloads) {
      if (payload.plain) size += payload.plain->size() + codec::kTagBytes;
    }
  }
  return size;
}

void encode_group_header(const GroupHeader& header, std::uint8_t* out) {
  std::memcpy(out, kGroupMagic.data(), 8);
  std::memcpy(out + 8, header.salt.data(), 32);
  store_le<std::uint64_t>(out + 40, header.epoch);
  store_le<std::uint64_t>(out + 48, header.number);
  store_le<std::uint64_t>(out + 56, header.first_lsn.value);
  store_le<std::uint64_t>(out + 64, header.synced_lsn.value);
  store_le<std::uint32_t>(out + 72, header.count);
  store_le<std::uint32_t>(out + 76, header.envelope_bytes);
  store_le<std::uint32_t>(out + 80, header.total_bytes);
  store_le<std::uint32_t>(out + 84, header.used_bytes);
  std::memcpy(out + 88, header.previous_chain.data(), 32);
}

}  // namespace

Bytes encode_segment_header(const SegmentHeader& header) {
  ATOLL_INVARIANT(kNotesAt + header.sealed_notes.size() <= kHeaderCrcAt, "notes are limited before they come here");
  Bytes out;
  ByteWriter writer(out);
  writer.put_bytes(as_bytes(kSegmentMagic));
  writer.put<std::uint16_t>(kMajor);
  writer.put<std::uint16_t>(kMinor);
  writer.put<std::uint32_t>(0);  // compatible
  writer.put<std::uint32_t>(0);  // read-only
  writer.put<std::uint32_t>(0);  // incompatible
  writer.put_bytes(header.vault.view());
  writer.put_bytes(header.history.view());
  writer.put<std::uint64_t>(header.epoch);
  writer.put<std::uint64_t>(header.number);
  writer.put_bytes(header.salt);
  writer.put<std::uint64_t>(header.first_lsn.value);
  writer.put_bytes(header.chain_before);
  writer.put<std::int64_t>(header.time_before.unix_us);
  writer.put<std::uint32_t>(static_cast<std::uint32_t>(header.suite));
  writer.put<std::uint32_t>(static_cast<std::uint32_t>(header.sealed_notes.size()));
  writer.put_zeros(kNotesAt - writer.size());
  writer.put_bytes(header.sealed_notes);
  writer.put_zeros(kHeaderCrcAt - writer.size());
  writer.put<std::uint32_t>(codec::crc32c(out));
  return out;
}

Result<SegmentHeader> decode_segment_header(ByteView block) {
  const auto damaged = [](std::string_view why) {
    return fail(ErrorKind::damaged, "journal.segment_header_damaged",
                "a journal segment's header is damaged: " + std::string(why));
  };
  if (block.size() != kBlockBytes) return damaged("it is too short");
  if (!equal(block.first(8), as_bytes(kSegmentMagic))) return damaged("it does not begin as one");
  if (load_le<std::uint32_t>(block.data() + kHeaderCrcAt) != codec::crc32c(block.first(kHeaderCrcAt)))
    return damaged("its checksum is wrong");
  ByteReader reader(block.subspan(8), "a journal segment's header");
  ATOLL_ASSIGN(const auto major, reader.get<std::uint16_t>());
  ATOLL_TRY(reader.get<std::uint16_t>());
  ATOLL_TRY(reader.get<std::uint32_t>());
  ATOLL_TRY(reader.get<std::uint32_t>());
  ATOLL_ASSIGN(const auto incompatible, reader.get<std::uint32_t>());
  if (major != kMajor || incompatible != 0) {
    return fail(ErrorKind::unsupported, "journal.segment_unsupported",
                "this journal segment was written by a newer Atoll",
                "Use the Atoll version that wrote it, or a later one.");
  }
  SegmentHeader header;
  ATOLL_ASSIGN(const ByteView vault, reader.get_bytes(16));
  ATOLL_ASSIGN(header.vault, VaultId::from_view(vault));
  ATOLL_ASSIGN(const ByteView history, reader.get_bytes(16));
  ATOLL_ASSIGN(header.history, HistoryId::from_view(history));
  ATOLL_ASSIGN(header.epoch, reader.get<std::uint64_t>());
  ATOLL_ASSIGN(header.number, reader.get<std::uint64_t>());
  ATOLL_ASSIGN(const ByteView salt, reader.get_bytes(header.salt.size()));
  std::copy(salt.begin(), salt.end(), header.salt.begin());
  ATOLL_ASSIGN(header.first_lsn.value, reader.get<std::uint64_t>());
  ATOLL_ASSIGN(const ByteView chain, reader.get_bytes(header.chain_before.size()));
  std::copy(chain.begin(), chain.end(), header.chain_before.begin());
  ATOLL_ASSIGN(header.time_before.unix_us, reader.get<std::int64_t>());
  ATOLL_ASSIGN(const auto suite, reader.get<std::uint32_t>());
  ATOLL_ASSIGN(const auto notes_bytes, reader.get<std::uint32_t>());
  if (suite > static_cast<std::uint32_t>(codec::SealSuite::aes256gcm)) {
    return fail(ErrorKind::unsupported, "journal.segment_unsupported",
                "this journal segment is sealed in a way this Atoll does not know",
                "Use the Atoll version that wrote it, or a later one.");
  }
  header.suite = static_cast<codec::SealSuite>(suite);
  if (notes_bytes > kHeaderCrcAt - kNotesAt || header.first_lsn.value == 0)
    return damaged("it holds numbers that make no sense");
  header.sealed_notes = to_bytes(block.subspan(kNotesAt, notes_bytes));
  return header;
}

Bytes seal_notes(FileSealers& sealers, ByteView notes) {
  if (notes.empty()) return {};
  Bytes out(notes.size() + codec::kTagBytes);
  sealers.envelopes().seal(codec::counter_nonce(0, kNotesLane), sealers.keys().vault.view(), notes, out);
  return out;
}

std::optional<Bytes> open_notes(FileSealers& sealers, ByteView sealed) {
  if (sealed.empty()) return Bytes{};
  if (sealed.size() < codec::kTagBytes) return std::nullopt;
  Bytes out(sealed.size() - codec::kTagBytes);
  if (!sealers.envelopes().open(codec::counter_nonce(0, kNotesLane), sealers.keys().vault.view(), sealed, out))
    return std::nullopt;
  return out;
}

std::optional<GroupHeader> decode_group_header(ByteView bytes) {
  if (bytes.size() < kGroupHeaderBytes || !equal(bytes.first(8), as_bytes(kGroupMagic))) return std::nullopt;
  const std::uint8_t* const at = bytes.data();
  if (load_le<std::uint32_t>(at + kGroupCrcAt) != codec::crc32c(bytes.first(kGroupCrcAt))) return std::nullopt;
  GroupHeader header;
  std::memcpy(header.salt.data(), at + 8, 32);
  header.epoch = load_le<std::uint64_t>(at + 40);
  header.number = load_le<std::uint64_t>(at + 48);
  header.first_lsn.value = load_le<std::uint64_t>(at + 56);
  header.synced_lsn.value = load_le<std::uint64_t>(at + 64);
  header.count = load_le<std::uint32_t>(at + 72);
  header.envelope_bytes = load_le<std::uint32_t>(at + 76);
  header.total_bytes = load_le<std::uint32_t>(at + 80);
  header.used_bytes = load_le<std::uint32_t>(at + 84);
  std::memcpy(header.previous_chain.data(), at + 88, 32);
  header.body_crc = load_le<std::uint32_t>(at + kBodyCrcAt);
  const bool is_sane = header.count > 0 && header.first_lsn.value > 0 && header.first_lsn.value <= (1ULL << 62) &&
                       header.total_bytes % kBlockBytes == 0 && header.total_bytes <= kGroupBytesMax &&
                       header.used_bytes <= header.total_bytes &&
                       header.total_bytes - header.used_bytes < kBlockBytes &&
                       header.envelope_bytes >= codec::kTagBytes &&
                       std::uint64_t{kGroupHeaderBytes} + header.envelope_bytes <= header.used_bytes &&
                       header.count <= header.envelope_bytes / 4;
  if (!is_sane) return std::nullopt;
  return header;
}

std::uint64_t sealed_group_bytes(std::span<const GroupItem> items) {
  return round_up(used_group_bytes(items), kBlockBytes);
}

Result<void> seal_group(const SegmentHeader& segment, FileSealers& sealers, std::span<const GroupItem> items,
                        Lsn synced, codec::Digest& chain, Buffer& out) {
  ATOLL_INVARIANT(!items.empty(), "a group has commands");
  const std::uint64_t used = used_group_bytes(items);
  const std::uint64_t total = round_up(used, kBlockBytes);
  if (total > kGroupBytesMax) {
    return fail(ErrorKind::limit, "journal.command_too_large",
                "a command of " + std::to_string(used) + " bytes does not fit into one journal group");
  }
  GroupHeader header;
  header.salt = segment.salt;
  header.epoch = segment.epoch;
  header.number = segment.number;
  header.first_lsn = items.front().lsn;
  header.synced_lsn = synced;
  header.count = static_cast<std::uint32_t>(items.size());
  header.envelope_bytes = static_cast<std::uint32_t>(envelope_plain_bytes(items) + codec::kTagBytes);
  header.total_bytes = static_cast<std::uint32_t>(total);
  header.used_bytes = static_cast<std::uint32_t>(used);
  header.previous_chain = chain;

  out.clear();
  out.resize(total);
  std::memset(out.data() + used, 0, total - used);
  encode_group_header(header, out.data());
  const ByteView aad(out.data(), kGroupAadBytes);

  codec::Digest next = chain;
  Bytes envelopes;
  envelopes.reserve(header.envelope_bytes);
  ByteWriter writer(envelopes);
  for (const GroupItem& item : items) {
    writer.put<std::uint32_t>(static_cast<std::uint32_t>(item.envelope.size()));
    writer.put_bytes(item.envelope);
    for (const Payload& payload : item.payloads) writer.put<std::uint8_t>(payload.plain ? 1 : 0);
    next = next_chain(sealers.chain_key(), next, item.envelope);
  }
  Buffer scratch;
  std::size_t at = kGroupHeaderBytes;
  ATOLL_TRY(seal_checked(sealers.envelopes(), codec::counter_nonce(header.first_lsn.value, kEnvelopeLane), aad,
                         envelopes, out.span().subspan(at, header.envelope_bytes), scratch));
  at += header.envelope_bytes;
  for (const GroupItem& item : items) {
    for (std::size_t ordinal = 0; ordinal < item.payloads.size(); ++ordinal) {
      const Payload& payload = item.payloads[ordinal];
      if (!payload.plain) continue;
      codec::Sealer* const sealer = sealers.payloads(payload.domain);
      if (sealer == nullptr) {
        return fail(ErrorKind::usage, "journal.unknown_domain",
                    "there is no key for domain " + std::to_string(payload.domain.value));
      }
      const std::size_t bytes = payload.plain->size() + codec::kTagBytes;
      ATOLL_TRY(seal_checked(*sealer, codec::counter_nonce(item.lsn.value, static_cast<std::uint32_t>(ordinal)), aad,
                             *payload.plain, out.span().subspan(at, bytes), scratch));
      at += bytes;
    }
  }
  ATOLL_INVARIANT(at == used, "a group is as long as was counted");
  store_le<std::uint32_t>(out.data() + kBodyCrcAt, codec::crc32c(out.view().subspan(kGroupHeaderBytes)));
  store_le<std::uint32_t>(out.data() + kGroupCrcAt, codec::crc32c(out.view().first(kGroupCrcAt)));
  chain = next;
  return {};
}

Result<OpenedGroup> open_group(ByteView bytes, FileSealers& sealers, bool with_payloads) {
  const auto header = decode_group_header(bytes);
  if (!header || header->total_bytes != bytes.size()) return group_damaged({}, "its header is not one");
  if (header->body_crc != codec::crc32c(bytes.subspan(kGroupHeaderBytes)))
    return group_damaged(header->first_lsn, "its checksum is wrong");
  OpenedGroup opened;
  opened.header = *header;
  const ByteView aad = bytes.first(kGroupAadBytes);
  Bytes envelopes(header->envelope_bytes - codec::kTagBytes);
  if (!sealers.envelopes().open(codec::counter_nonce(header->first_lsn.value, kEnvelopeLane), aad,
                                bytes.subspan(kGroupHeaderBytes, header->envelope_bytes), envelopes)) {
    return group_damaged(header->first_lsn, "its envelopes do not open");
  }
  std::size_t at = kGroupHeaderBytes + header->envelope_bytes;
  codec::Digest chain = header->previous_chain;
  ByteReader reader(envelopes, "a journal group's envelopes");
  for (std::uint32_t i = 0; i < header->count; ++i) {
    StoredCommand stored;
    ATOLL_ASSIGN(const auto length, reader.get<std::uint32_t>());
    ATOLL_ASSIGN(const ByteView encoded, reader.get_bytes(length));
    ATOLL_ASSIGN(stored.command.envelope, decode_envelope(encoded));
    const Envelope& envelope = stored.command.envelope;
    if (envelope.lsn.value != header->first_lsn.value + i)
      return group_damaged(header->first_lsn, "its LSNs are not dense");
    stored.envelope_bytes = to_bytes(encoded);
    chain = next_chain(sealers.chain_key(), chain, encoded);
    ATOLL_ASSIGN(const ByteView present, reader.get_bytes(envelope.payload_digests.size()));
    for (std::size_t ordinal = 0; ordinal < envelope.payload_digests.size(); ++ordinal) {
      const PayloadDigest& expected = envelope.payload_digests[ordinal];
      Payload payload{expected.domain, std::nullopt};
      if (present[ordinal] > 1) return group_damaged(header->first_lsn, "it holds numbers that make no sense");
      if (present[ordinal] == 1) {
        if (expected.length + codec::kTagBytes > header->used_bytes - at)
          return group_damaged(header->first_lsn, "a payload reaches beyond its end");
        const ByteView sealed = bytes.subspan(at, expected.length + codec::kTagBytes);
        at += sealed.size();
        codec::Sealer* const sealer = with_payloads ? sealers.payloads(expected.domain) : nullptr;
        if (sealer != nullptr) {
          Bytes plain(expected.length);
          if (!sealer->open(codec::counter_nonce(envelope.lsn.value, static_cast<std::uint32_t>(ordinal)), aad, sealed,
                            plain)) {
            return group_damaged(header->first_lsn, "a payload does not open");
          }
          const auto digest = sealers.digester().digest(expected.domain, plain);
          if (!digest || *digest != expected.digest)
            return group_damaged(header->first_lsn, "a payload is not what its digest says");
          payload.plain = std::move(plain);
        }
      }
      stored.command.payloads.push_back(std::move(payload));
    }
    opened.commands.push_back(std::move(stored));
  }
  if (reader.remaining() != 0 || at != header->used_bytes)
    return group_damaged(header->first_lsn, "its lengths do not add up");
  opened.chain_after = chain;
  return opened;
}

namespace {

constexpr int kReadTriesMax = 3;

// Reads up to out.size() bytes; what the medium does not give back reads as zeros, which no checksum takes for data.
std::size_t read_or_zero(const platform::File& file, std::uint64_t offset, ByteSpan out) {
  const auto count = file.read_at(offset, out);
  if (count) return *count;
  std::size_t done = 0;
  for (; done < out.size(); done += kBlockBytes) {
    const ByteSpan block = out.subspan(done, std::min(kBlockBytes, out.size() - done));
    const auto part = file.read_at(offset + done, block);
    if (!part) std::memset(block.data(), 0, block.size());
    if (part && *part < block.size()) return done + *part;
  }
  return out.size();
}

// Walks the blocks of one file; windows keep the number of reads small where there is nothing to find.
class BlockWalker {
 public:
  BlockWalker(const platform::File& file, std::uint64_t size) : file_(&file), size_(size) {}
  // The group header's bytes at `offset`, or less at the end.
  ByteView header_at(std::uint64_t offset) {
    if (offset < window_at_ || offset + kGroupHeaderBytes > window_at_ + window_.size()) {
      window_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kWindowBytes, size_ - offset)));
      window_at_ = offset;
      window_.resize(read_or_zero(*file_, offset, window_.span()));
    }
    const auto at = static_cast<std::size_t>(offset - window_at_);
    if (at >= window_.size()) return {};
    return window_.view().subspan(at, std::min(kBlockBytes, window_.size() - at));
  }

 private:
  static constexpr std::uint64_t kWindowBytes = 256 * 1024;
  const platform::File* file_;
  std::uint64_t size_;
  std::uint64_t window_at_ = 0;
  Buffer window_;
};

bool is_zero(ByteView bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

// Looks like the beginning of a group of this life, whatever its checksum says.
bool resembles_own_group(ByteView block, const Salt& salt) {
  return block.size() >= 40 && equal(block.first(8), as_bytes(kGroupMagic)) && equal(block.subspan(8, 32), salt);
}

}  // namespace

Result<SegmentHeader> read_segment_header(const platform::File& file, std::uint64_t number, const JournalKeys& keys) {
  ATOLL_ASSIGN(const std::uint64_t size, file.size());
  std::optional<Error> why;
  for (std::uint64_t copy = 0; copy < 2; ++copy) {
    Bytes block(kBlockBytes);
    if (read_or_zero(file, copy * kBlockBytes, block) < kBlockBytes) break;
    auto header = decode_segment_header(block);
    if (header) {
      if (header->vault != keys.vault) {
        return fail(ErrorKind::wrong_key, "journal.other_vault",
                    "a journal segment belongs to vault " + header->vault.text());
      }
      return header;
    }
    if (header.error().kind == ErrorKind::unsupported) return pass(header.error());
    if (!why) why = header.error();
  }
  BlockWalker walker(file, size);
  for (std::uint64_t at = kSegmentHeaderBytes; at + kBlockBytes <= size; at += kBlockBytes) {
    const auto group = decode_group_header(walker.header_at(at));
    if (!group || group->number != number) continue;
    SegmentHeader header;
    header.vault = keys.vault;
    header.epoch = group->epoch;
    header.number = group->number;
    header.salt = group->salt;
    header.suite = keys.suite;
    header.first_lsn = group->first_lsn;
    header.chain_before = group->previous_chain;
    header.is_rebuilt = true;
    return header;
  }
  if (why) return pass(*why);
  return fail(ErrorKind::damaged, "journal.segment_header_damaged", "a journal segment is shorter than its header");
}

Result<SegmentScan> scan_segment(const platform::File& file, const SegmentHeader& header) {
  ATOLL_ASSIGN(const std::uint64_t size, file.size());
  SegmentScan scan;
  scan.end = kSegmentHeaderBytes;
  BlockWalker walker(file, size);
  Buffer body;
  std::uint64_t suspect_bytes = 0;  // since the last good group; damage if another good one follows
  std::uint64_t at = kSegmentHeaderBytes;
  while (at + kBlockBytes <= size) {
    const ByteView block = walker.header_at(at);
    const auto group = decode_group_header(block);
    if (!group || group->salt != header.salt || group->number != header.number) {
      if (group ? group->salt == header.salt : resembles_own_group(block, header.salt)) suspect_bytes += kBlockBytes;
      at += kBlockBytes;
      continue;
    }
    bool is_good = group->total_bytes <= size - at;
    if (is_good) {
      body.resize(group->total_bytes);
      is_good = read_or_zero(file, at, body.span()) == body.size() &&
                group->body_crc == codec::crc32c(body.view().subspan(kGroupHeaderBytes));
    }
    if (is_good && (scan.groups.empty() || group->first_lsn > scan.groups.back().last())) {
      scan.damaged_bytes += at - scan.end;
      suspect_bytes = 0;
      scan.groups.push_back({at, group->total_bytes, group->first_lsn, group->count, group->previous_chain});
      at += group->total_bytes;
      scan.end = at;
      continue;
    }
    // The header is good, so its length is: nothing of its body is looked at as if it were a group.
    suspect_bytes += group->total_bytes;
    at += std::min<std::uint64_t>(group->total_bytes, size - at);
  }
  // Behind the last group: zeros, groups of an earlier life, or a group that a crash cut.
  scan.torn_bytes = suspect_bytes;
  if (scan.torn_bytes == 0 && scan.end + kBlockBytes <= size) {
    const ByteView next = walker.header_at(scan.end);
    if (!is_zero(next) && !decode_group_header(next)) scan.torn_bytes = kBlockBytes;
  }
  return scan;
}

Result<OpenedGroup> read_group(const platform::File& file, const GroupPlace& place, FileSealers& sealers,
                               bool with_payloads) {
  Buffer bytes(place.bytes);
  // What is taken for damage here is set aside for good: a cable that slips for a moment must not cost a command.
  auto read = platform::read_exact(file, place.offset, bytes.span(), "a journal group");
  for (int tries = 1; !read && read.error().kind == ErrorKind::io && tries < kReadTriesMax; ++tries)
    read = platform::read_exact(file, place.offset, bytes.span(), "a journal group");
  if (!read) {
    if (read.error().kind == ErrorKind::io)
      return group_damaged(place.first, "the medium does not give it back: " + read.error().message);
    return pass(read.error());
  }
  auto opened = open_group(bytes.view(), sealers, with_payloads);
  if (!opened) return opened;
  if (opened->header.first_lsn != place.first || opened->header.count != place.count) {
    return group_damaged(place.first, "another group lies in its place");
  }
  return opened;
}

}  // namespace atl::journal
