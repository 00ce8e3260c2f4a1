// Active log segments: the bytes of their header and groups, and finding the groups again.
//
// Always true:
//  - A group is whole 4 KiB blocks and describes itself: salt, epoch and segment number, LSNs, length, two CRC-32Cs. A
//    group of a file's earlier life carries another salt and is never taken for one of this life.
//  - What a scan reports has passed its checksums. What lies between two reported groups and is not zero-length is
//    damage; what follows the last one is empty, stale or torn.
// Format: spec/formats/journal.md. Thread rules: functions without state; a FileSealers belongs to one thread.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "foundation/platform/file_system.h"
#include "store/journal/internal/sealing.h"

namespace atl::journal {

inline constexpr std::size_t kBlockBytes = 4096;
inline constexpr std::size_t kSegmentHeaderBytes = 2 * kBlockBytes;  // the same block twice
inline constexpr std::size_t kGroupHeaderBytes = 128;
inline constexpr std::size_t kGroupBytesMax = 64 * 1024 * 1024;

[[nodiscard]] constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t step) {
  return (value + step - 1) / step * step;
}

struct SegmentHeader {
  VaultId vault;
  HistoryId history;
  std::uint64_t epoch = 0;   // one per session
  std::uint64_t number = 0;  // one per segment, rising; also the file's name
  Salt salt{};
  codec::SealSuite suite = codec::SealSuite::none;
  Lsn first_lsn;  // of its first group: everything below was synced before this segment was begun
  codec::Digest chain_before{};
  Timestamp time_before;    // commit time of the command before first_lsn
  Bytes sealed_notes;       // see seal_notes()
  bool is_rebuilt = false;  // not stored: both copies were unreadable, this is what the groups tell
};

[[nodiscard]] Bytes encode_segment_header(const SegmentHeader& header);  // one block
[[nodiscard]] Result<SegmentHeader> decode_segment_header(ByteView block);

// Checkpoint roots and the like; `out` is notes plus a tag.
[[nodiscard]] Bytes seal_notes(FileSealers& sealers, ByteView notes);
[[nodiscard]] std::optional<Bytes> open_notes(FileSealers& sealers, ByteView sealed);

struct GroupHeader {
  Salt salt{};
  std::uint64_t epoch = 0;
  std::uint64_t number = 0;
  Lsn first_lsn;
  Lsn synced_lsn;  // everything up to here was synced when this was written
  std::uint32_t count = 0;
  std::uint32_t envelope_bytes = 0;  // sealed
  std::uint32_t total_bytes = 0;     // whole blocks
  std::uint32_t used_bytes = 0;      // up to the padding
  codec::Digest previous_chain{};
  std::uint32_t body_crc = 0;
  [[nodiscard]] Lsn last_lsn() const { return {first_lsn.value + count - 1}; }
};
// None: these bytes are no group header (wrong magic, checksum or impossible numbers).
[[nodiscard]] std::optional<GroupHeader> decode_group_header(ByteView bytes);

// What of a command goes into a group; borrows.
struct GroupItem {
  Lsn lsn;
  ByteView envelope;
  std::span<const Payload> payloads;
};

// Bytes a group of these commands takes, padding included.
[[nodiscard]] std::uint64_t sealed_group_bytes(std::span<const GroupItem> items);

// Replaces `out` with the whole group. A payload without bytes stays without. `chain` is moved on.
[[nodiscard]] Result<void> seal_group(const SegmentHeader& segment, FileSealers& sealers,
                                      std::span<const GroupItem> items, Lsn synced, codec::Digest& chain, Buffer& out);

struct OpenedGroup {
  GroupHeader header;
  std::vector<StoredCommand> commands;
  codec::Digest chain_after{};
};
// `bytes` is a whole group. Checks checksums, tags, LSNs and digests: `damaged` otherwise. Payloads of a destroyed
// domain come without bytes; with_payloads = false leaves all of them out.
[[nodiscard]] Result<OpenedGroup> open_group(ByteView bytes, FileSealers& sealers, bool with_payloads);

struct GroupPlace {
  std::uint64_t offset = 0;
  std::uint32_t bytes = 0;
  Lsn first;
  std::uint32_t count = 0;
  codec::Digest previous_chain{};
  [[nodiscard]] Lsn last() const { return {first.value + count - 1}; }
};

struct SegmentScan {
  std::vector<GroupPlace> groups;   // rising LSNs
  std::uint64_t end = 0;            // just behind the last group
  std::uint64_t damaged_bytes = 0;  // between groups, or before the first
  std::uint64_t torn_bytes = 0;     // of this life, behind the last group: cut by a crash, or damaged
};

// Reads the header (either copy; else rebuilds it from the groups, which must carry `number`). `damaged` where nothing
// tells what this segment is, `unsupported` for a newer format.
[[nodiscard]] Result<SegmentHeader> read_segment_header(const platform::File& file, std::uint64_t number,
                                                        const JournalKeys& keys);
// Reads every byte once. A block the medium does not give back counts as damaged.
[[nodiscard]] Result<SegmentScan> scan_segment(const platform::File& file, const SegmentHeader& header);

[[nodiscard]] Result<OpenedGroup> read_group(const platform::File& file, const GroupPlace& place, FileSealers& sealers,
                                             bool with_payloads);

}  // namespace atl::journal
