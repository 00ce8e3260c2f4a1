// Writes one run file from entries in ascending key order, as a stream.
// Always true: memory is one write buffer, one block, one filter page and 8 bytes (16 in variable mode) per block
// written; what is sealed is opened and compared before it is written; the file counts only once finish() has synced
// it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "foundation/base/bytes.h"
#include "foundation/codec/seal.h"
#include "foundation/platform/file_system.h"
#include "store/run/internal/entry.h"
#include "store/run/internal/format.h"
#include "store/run/internal/run.h"

namespace atl::run::internal {

class RunWriter {
 public:
  // `summary` bounds what will be added; `filter_entries_per_page` says how many keys share a filter page. A file of
  // that name that is there already is a leftover and is replaced.
  [[nodiscard]] static Result<std::unique_ptr<RunWriter>> create(const RunContext& context, const std::string& folder,
                                                                 std::uint64_t number, const Salt& salt,
                                                                 const Summary& summary,
                                                                 std::size_t filter_entries_per_page);
  // A value is ignored where `removed`.
  [[nodiscard]] Result<void> add(ByteView key, ByteView value, bool removed);
  [[nodiscard]] std::uint64_t entries() const { return footer_.entries; }
  // At least one entry was added. The file and everything in it is synced, its name is not.
  [[nodiscard]] Result<RunInfo> finish();

 private:
  RunWriter(const RunContext& context, RunHeader header, std::uint64_t entries_max, std::size_t filter_entries_per_page,
            std::unique_ptr<platform::File> file);
  [[nodiscard]] Result<void> end_block();
  [[nodiscard]] Result<void> end_page();
  [[nodiscard]] Result<void> seal(Lane lane, std::uint64_t ordinal, ByteView plain);
  [[nodiscard]] Result<void> write(ByteView bytes);
  [[nodiscard]] Result<void> write_buffered();
  [[nodiscard]] Result<void> write_index();

  // Fixed after construction.
  RunHeader header_;
  std::array<std::uint8_t, kHeaderBytes> aad_;
  std::uint64_t hash_seed_;
  std::size_t entries_per_block_ = 0;  // fixed mode
  std::size_t entries_per_page_;
  std::unique_ptr<platform::File> file_;
  codec::Sealer sealer_;
  // State of the stream.
  RunFooter footer_;
  std::uint64_t file_bytes_ = 0;  // buffered bytes included
  Bytes buffered_;
  Bytes block_;
  Bytes removed_bits_;  // fixed mode
  std::uint64_t block_entries_ = 0;
  Bytes page_;
  std::uint64_t page_blocks_ = 0;
  std::uint64_t page_entries_ = 0;
  Bytes sealed_;
  Bytes opened_;
  std::vector<std::uint64_t> prefixes_;
  std::vector<std::uint64_t> offsets_;
  std::vector<std::uint32_t> page_firsts_;
};

}  // namespace atl::run::internal
