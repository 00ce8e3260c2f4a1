// Archives: what a full segment becomes. Compressed, sealed, with parity, never changed in place.
//
//     header + notes | block | block | ... | index | footer      protected by the parity section behind them
//     block = clear header, section table, sections (envelopes; then one per key domain)
//
// Always true:
//  - Envelopes are the bytes that were appended; digests and chain are those of the segment.
//  - A block is read alone. One that fails its checksum or tag is healed from parity; beyond that its LSN range is
//  named.
//  - Blocks describe themselves, so an archive whose index and footer are gone beyond parity is still walked.
// Format: spec/formats/journal.md. Thread rules: ArchiveReader's const members from any thread; ArchiveWriter one
// thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "foundation/codec/compress.h"
#include "foundation/platform/machine.h"
#include "store/journal/archive_name.h"
#include "store/journal/internal/sealing.h"

namespace atl::journal {

inline constexpr std::size_t kArchiveHeaderBytes = 256;
inline constexpr std::size_t kArchiveBlockAlign = 64;
inline constexpr std::size_t kArchiveBlockHeaderBytes = 64;
inline constexpr std::size_t kArchiveFooterBytes = 128;
inline constexpr std::uint32_t kArchiveRawMax = 48 * 1024 * 1024;  // one command and one block's worth before it

// What stands in the header: what was true before the first command.
struct ArchiveHeader {
  VaultId vault;
  HistoryId history;
  Salt salt{};
  codec::SealSuite suite = codec::SealSuite::none;
  std::uint64_t epoch = 0;           // the newest session and
  std::uint64_t segment_number = 0;  // segment whose commands are in it
  Lsn first;
  codec::Digest chain_before{};
  Timestamp time_before;
  Bytes sealed_notes;
};

struct ArchiveBlockPlace {
  std::uint64_t offset = 0;
  std::uint32_t bytes = 0;
  std::uint32_t count = 0;
  Lsn first;
  Timestamp first_time;
  Timestamp last_time;
  [[nodiscard]] Lsn last() const { return {first.value + count - 1}; }
};

// What stands in the footer.
struct ArchiveFooter {
  Lsn last;
  Timestamp last_time;
  codec::Digest chain_after{};
  std::uint64_t index_offset = 0;
  std::uint32_t block_count = 0;
  std::uint32_t index_crc = 0;
  std::uint64_t payloads_present = 0;
  std::uint64_t payloads_gone = 0;
};

// Where an archive's bytes go: a file of the journal's folder, or a blob of a second copy.
class ArchiveSink {
 public:
  ArchiveSink() = default;
  ArchiveSink(const ArchiveSink&) = delete;
  ArchiveSink& operator=(const ArchiveSink&) = delete;
  virtual ~ArchiveSink() = default;
  [[nodiscard]] virtual Result<void> append(ByteView bytes) = 0;
  [[nodiscard]] virtual Result<std::size_t> read_at(std::uint64_t offset, ByteSpan out) const = 0;
  [[nodiscard]] virtual Result<void> finish() = 0;  // synced; last call
};

class ArchiveWriter {
 public:
  // Makes `path` anew (an unfinished one of that name is removed first).
  [[nodiscard]] static Result<std::unique_ptr<ArchiveWriter>> begin(const platform::Machine& machine,
                                                                    const JournalKeys& keys, std::string path,
                                                                    ArchiveHeader header, ByteView notes,
                                                                    std::uint64_t block_bytes);
  [[nodiscard]] static Result<std::unique_ptr<ArchiveWriter>> begin(const platform::Machine& machine,
                                                                    const JournalKeys& keys,
                                                                    std::unique_ptr<ArchiveSink> sink,
                                                                    ArchiveHeader header, ByteView notes,
                                                                    std::uint64_t block_bytes);
  // LSNs follow each other densely from header.first. A payload without bytes is written as gone.
  [[nodiscard]] Result<void> add(const StoredCommand& stored);
  // Writes index, footer and parity and finishes the sink; of a file: synced, the caller renames it to archive_name().
  [[nodiscard]] Result<ArchiveFooter> finish();
  [[nodiscard]] const ArchiveHeader& header() const { return header_; }
  [[nodiscard]] const codec::Digest& chain() const { return footer_.chain_after; }  // after what was added so far

 private:
  ArchiveWriter(const JournalKeys& keys, std::unique_ptr<ArchiveSink> sink, ArchiveHeader header,
                std::uint64_t block_bytes);
  [[nodiscard]] Result<void> write(ByteView bytes);
  [[nodiscard]] Result<void> write_block();
  struct Section {
    std::uint32_t domain = 0;
    Bytes plain;
  };
  [[nodiscard]] Result<void> seal_section(const Section& section, ByteView aad, std::uint32_t number, Bytes& table,
                                          Bytes& body);

  std::unique_ptr<ArchiveSink> sink_;
  ArchiveHeader header_;
  FileSealers sealers_;
  std::uint64_t block_bytes_;
  std::uint64_t position_ = 0;
  codec::Compressor compressor_;
  codec::Decompressor decompressor_;
  Buffer compressed_;
  Buffer scratch_;
  // The block being filled.
  std::vector<Section> sections_;  // [0] is the envelopes
  ArchiveBlockPlace block_;
  std::size_t block_plain_bytes_ = 0;
  // So far.
  std::uint32_t next_section_ = 0;
  std::vector<ArchiveBlockPlace> index_;
  ArchiveFooter footer_;
};

class ArchiveReader {
 public:
  // `name` gives the LSNs it must hold. `damaged` where neither footer nor blocks can be read; `wrong_key` for another
  // vault's; `unsupported` for a newer format.
  [[nodiscard]] static Result<std::unique_ptr<ArchiveReader>> open(platform::FileSystem& files, const std::string& path,
                                                                   const ArchiveName& name, const JournalKeys& keys);
  [[nodiscard]] const ArchiveHeader& header() const { return header_; }
  [[nodiscard]] const ArchiveFooter& footer() const { return footer_; }
  [[nodiscard]] const ArchiveName& name() const { return name_; }
  [[nodiscard]] const std::vector<ArchiveBlockPlace>& blocks() const { return blocks_; }
  [[nodiscard]] std::uint64_t file_bytes() const { return file_bytes_; }
  // False: the footer or index was beyond parity; blocks() was found by walking and may have gaps.
  [[nodiscard]] bool has_index() const { return has_index_; }
  [[nodiscard]] Bytes notes() const;

  // The commands of one block, in order. Checks checksum, tags, LSNs and digests; heals from parity in memory.
  [[nodiscard]] Result<std::vector<StoredCommand>> read_block(const ArchiveBlockPlace& place, bool with_payloads) const;
  // Compares everything with its checksums. `damaged` where no parity record is left.
  [[nodiscard]] Result<blob::ParityMap::Damage> check() const;
  // Writes the file as it was first written.
  [[nodiscard]] Result<void> rewrite(platform::FileSystem& files, const std::string& path) const;

 private:
  ArchiveReader(const JournalKeys& keys, ArchiveName name) : keys_(&keys), name_(name) {}
  [[nodiscard]] blob::ReadRange reader() const;
  [[nodiscard]] Result<void> read_healed(std::uint64_t offset, ByteSpan out) const;
  [[nodiscard]] Result<void> load_header();
  [[nodiscard]] Result<void> load_index(std::uint64_t protected_length, bool healed);
  [[nodiscard]] Result<void> walk_blocks();
  [[nodiscard]] Result<std::vector<StoredCommand>> open_block(ByteView bytes, const ArchiveBlockPlace& place,
                                                              bool with_payloads) const;

  const JournalKeys* keys_;
  ArchiveName name_;
  std::unique_ptr<platform::File> file_;
  std::uint64_t file_bytes_ = 0;
  ArchiveHeader header_;
  ArchiveFooter footer_;
  std::vector<ArchiveBlockPlace> blocks_;
  bool has_index_ = true;
};

}  // namespace atl::journal
