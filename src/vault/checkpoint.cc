#include "vault/checkpoint.h"

#include <algorithm>

#include "foundation/codec/fields.h"
#include "foundation/codec/hash.h"
#include "store/run/run_set.h"
#include "vault/object/content.h"

namespace atl::vault {
namespace {

using catalog::ContentReference;
using journal::RowChange;
using journal::TableNumber;

// Blocks stay below what the chunk store keeps alone and uncompressed (256 KiB).
constexpr std::size_t kBlockBytesMin = 64 * 1024;
constexpr std::size_t kBlockBytesMax = 160 * 1024;
// One key in 256 may end a block: boundaries depend on keys alone, so that they come back after a change before them.
constexpr std::uint32_t kBoundaryMask = 0xFF;
// A block this long may be ended early to take the following ones over by reference.
constexpr std::size_t kEarlyEndBytes = 16 * 1024;
constexpr std::size_t kRowsPerBatch = 4'000;
constexpr std::uint64_t kRootBytesMax = 64 * kMiB;
constexpr std::uint64_t kJournalBytesBeforeCheckpoint = kGiB;

struct Block {
  Bytes first_key;
  ChunkId chunk;
  std::uint64_t length = 0;
  std::uint64_t rows = 0;
};

struct Table {
  DomainNumber domain;
  TableNumber table{};
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  ContentReference blocks;  // encoded block list
};

struct Root {
  Lsn lsn;
  HistoryId history;
  std::vector<Table> tables;  // sorted by (domain, table)
};

Bytes encode_root(const Root& root) {
  Bytes bytes;
  codec::FieldWriter out(bytes);
  out.put_unsigned(1, root.lsn.value);
  out.put_bytes(2, root.history.view());
  for (const Table& table : root.tables) {
    Bytes one;
    codec::FieldWriter fields(one);
    fields.put_unsigned(1, table.domain.value);
    fields.put_unsigned(2, static_cast<std::uint64_t>(table.table));
    fields.put_unsigned(3, table.rows);
    fields.put_unsigned(4, table.bytes);
    fields.put_bytes(5, encode(table.blocks));
    out.put_bytes_always(3, one);
  }
  return bytes;
}

Result<Table> decode_table(ByteView bytes) {
  Table table;
  codec::FieldReader fields(bytes, "a checkpoint's table");
  ByteView blocks;
  while (fields.next()) {
    switch (fields.field()) {
      case 1: table.domain.value = static_cast<std::uint32_t>(fields.as_unsigned()); break;
      case 2: table.table = static_cast<TableNumber>(fields.as_unsigned()); break;
      case 3: table.rows = fields.as_unsigned(); break;
      case 4: table.bytes = fields.as_unsigned(); break;
      case 5: blocks = fields.as_view(); break;
      default: break;
    }
  }
  ATOLL_TRY(fields.status());
  ATOLL_ASSIGN(table.blocks, catalog::decode_content(blocks));
  return table;
}

Result<Root> decode_root(ByteView bytes) {
  Root root;
  codec::FieldReader fields(bytes, "a checkpoint's root");
  while (fields.next()) {
    switch (fields.field()) {
      case 1: root.lsn.value = fields.as_unsigned(); break;
      case 2: {
        ATOLL_ASSIGN(root.history, HistoryId::from_view(fields.as_view()));
        break;
      }
      case 3: {
        ATOLL_ASSIGN(auto table, decode_table(fields.as_view()));
        root.tables.push_back(std::move(table));
        break;
      }
      default: break;
    }
  }
  ATOLL_TRY(fields.status());
  return root;
}

Bytes encode_blocks(const std::vector<Block>& blocks) {
  Bytes bytes;
  codec::FieldWriter out(bytes);
  for (const Block& block : blocks) {
    Bytes one;
    codec::FieldWriter fields(one);
    fields.put_bytes(1, block.first_key);
    fields.put_bytes(2, block.chunk.view());
    fields.put_unsigned(3, block.length);
    fields.put_unsigned(4, block.rows);
    out.put_bytes_always(1, one);
  }
  return bytes;
}

Result<std::vector<Block>> decode_blocks(ByteView bytes) {
  std::vector<Block> blocks;
  codec::FieldReader list(bytes, "a checkpoint's block list");
  while (list.next()) {
    if (list.field() != 1) continue;
    Block block;
    codec::FieldReader fields(list.as_view(), "a checkpoint's block");
    while (fields.next()) {
      switch (fields.field()) {
        case 1: block.first_key = to_bytes(fields.as_view()); break;
        case 2: {
          const ByteView id = fields.as_view();
          if (id.size() != block.chunk.bytes.size())
            return fail(ErrorKind::damaged, "checkpoint.damaged", "a checkpoint names a chunk wrongly");
          std::copy(id.begin(), id.end(), block.chunk.bytes.begin());
          break;
        }
        case 3: block.length = fields.as_unsigned(); break;
        case 4: block.rows = fields.as_unsigned(); break;
        default: break;
      }
    }
    ATOLL_TRY(fields.status());
    blocks.push_back(std::move(block));
  }
  ATOLL_TRY(list.status());
  return blocks;
}

void append_row(Bytes& block, ByteView key, ByteView row) {
  Bytes one;
  codec::FieldWriter fields(one);
  fields.put_bytes_always(1, key);
  fields.put_bytes_always(2, row);
  codec::FieldWriter(block).put_bytes_always(1, one);
}

struct Row {
  Bytes key;
  Bytes row;
};

Result<std::vector<Row>> read_block(chunk::ChunkStore& chunks, DomainNumber domain, const Block& block) {
  Buffer bytes;
  ATOLL_TRY(chunks.read(block.chunk, domain, bytes));
  const auto damaged = [] {
    return fail(ErrorKind::damaged, "checkpoint.damaged", "a block of a checkpoint is not what was written");
  };
  if (bytes.size() != block.length) return damaged();
  std::vector<Row> rows;
  codec::FieldReader list(bytes.view(), "a checkpoint's block");
  while (list.next()) {
    if (list.field() != 1) continue;
    Row row;
    codec::FieldReader fields(list.as_view(), "a checkpoint's row");
    while (fields.next()) {
      if (fields.field() == 1) row.key = to_bytes(fields.as_view());
      if (fields.field() == 2) row.row = to_bytes(fields.as_view());
    }
    ATOLL_TRY(fields.status());
    if (!rows.empty() && !(compare(rows.back().key, row.key) < 0)) return damaged();
    rows.push_back(std::move(row));
  }
  ATOLL_TRY(list.status());
  if (rows.size() != block.rows || rows.empty()) return damaged();
  return rows;
}

Result<Bytes> read_all(chunk::ChunkStore& chunks, const ContentReference& content) {
  if (content.length > kRootBytesMax)
    return fail(ErrorKind::damaged, "checkpoint.damaged", "a checkpoint's list is impossibly long");
  Bytes bytes;
  ATOLL_TRY(read_content(chunks, content, 0, content.length, [&](ByteView piece) -> Result<bool> {
    bytes.insert(bytes.end(), piece.begin(), piece.end());
    return true;
  }));
  return bytes;
}

Result<ContentReference> write_all(Vault& vault, DomainNumber domain, ByteView bytes) {
  const codec::GearTable* gear = vault.gear(domain);
  if (gear == nullptr)
    return fail(ErrorKind::wrong_key, "domain.no_keys",
                "the keys of domain " + std::to_string(domain.value) + " are gone");
  const auto chunks = vault.chunks().new_writer(domain, chunk::Temperature::warm);
  ContentWriter writer(*chunks, domain, *gear);
  writer.begin(codec::CutterNumber::small);
  ATOLL_TRY(writer.append(bytes));
  return writer.finish();
}

// Old rows of one table and their changes, both in key order, into new blocks.
class TableMerge {
 public:
  TableMerge(Vault& vault, DomainNumber domain, TableNumber table, CheckpointReport& report)
      : vault_(&vault),
        domain_(domain),
        table_(table),
        report_(&report),
        chunks_(vault.chunks().new_writer(domain, chunk::Temperature::warm)) {}

  Result<void> take_old(const Table& old) {
    ATOLL_ASSIGN(const Bytes list, read_all(vault_->chunks(), old.blocks));
    ATOLL_ASSIGN(old_, decode_blocks(list));
    return {};
  }

  // A none `row` deletes.
  Result<void> change(ByteView key, const std::optional<ByteView>& row) {
    ATOLL_TRY(copy_old_below(key));
    if (next_row_ < open_rows_.size() && equal(open_rows_[next_row_].key, key)) ++next_row_;
    if (row) ATOLL_TRY(emit(key, *row));
    return {};
  }

  Result<Table> finish() {
    ATOLL_TRY(copy_open_rows());
    while (next_block_ < old_.size()) ATOLL_TRY(copy_next_block());
    ATOLL_TRY(end_block());
    Table table;
    table.domain = domain_;
    table.table = table_;
    for (const Block& block : blocks_) {
      table.rows += block.rows;
      table.bytes += block.length;
    }
    ATOLL_ASSIGN(table.blocks, write_all(*vault_, domain_, encode_blocks(blocks_)));
    report_->rows += table.rows;
    report_->blocks += blocks_.size();
    return table;
  }

 private:
  Result<void> copy_old_below(ByteView key) {
    for (;;) {
      while (next_row_ < open_rows_.size()) {
        if (!(compare(open_rows_[next_row_].key, key) < 0)) return {};
        ATOLL_TRY(emit(open_rows_[next_row_].key, open_rows_[next_row_].row));
        ++next_row_;
      }
      if (next_block_ == old_.size() || compare(key, old_[next_block_].first_key) < 0) return {};
      // The key lies at or behind the next block's first row: in it, or behind all of it.
      const bool behind = next_block_ + 1 < old_.size() && !(compare(key, old_[next_block_ + 1].first_key) < 0);
      if (behind) {
        ATOLL_TRY(copy_next_block());
      } else {
        ATOLL_TRY(open_next_block());
      }
    }
  }
  Result<void> copy_open_rows() {
    for (; next_row_ < open_rows_.size(); ++next_row_)
      ATOLL_TRY(emit(open_rows_[next_row_].key, open_rows_[next_row_].row));
    return {};
  }
  Result<void> open_next_block() {
    ATOLL_ASSIGN(open_rows_, read_block(vault_->chunks(), domain_, old_[next_block_]));
    next_row_ = 0;
    ++next_block_;
    return {};
  }
  // By reference where the new blocks can end here, else row by row.
  Result<void> copy_next_block() {
    if (building_.size() >= kEarlyEndBytes) ATOLL_TRY(end_block());
    if (building_.empty()) {
      blocks_.push_back(old_[next_block_]);
      ++next_block_;
      ++report_->blocks_reused;
      return {};
    }
    ATOLL_TRY(open_next_block());
    return copy_open_rows();
  }
  Result<void> emit(ByteView key, ByteView row) {
    if (building_.empty()) first_key_ = to_bytes(key);
    append_row(building_, key, row);
    ++building_rows_;
    const bool boundary = (codec::crc32c(key) & kBoundaryMask) == 0;
    if ((building_.size() >= kBlockBytesMin && boundary) || building_.size() >= kBlockBytesMax) return end_block();
    return {};
  }
  Result<void> end_block() {
    if (building_.empty()) return {};
    ATOLL_ASSIGN(const chunk::AddedChunk added, chunks_->add(building_));
    if (added.is_new) report_->bytes_new += building_.size();
    blocks_.push_back({std::move(first_key_), added.id, building_.size(), building_rows_});
    building_.clear();
    building_rows_ = 0;
    return {};
  }

  Vault* vault_;
  DomainNumber domain_;
  TableNumber table_;
  CheckpointReport* report_;
  std::unique_ptr<chunk::ChunkWriter> chunks_;
  std::vector<Block> old_;
  std::size_t next_block_ = 0;
  std::vector<Row> open_rows_;
  std::size_t next_row_ = 0;
  std::vector<Block> blocks_;
  Bytes building_;
  std::uint64_t building_rows_ = 0;
  Bytes first_key_;
};

// (domain, table) as a number that sorts, and back.
std::uint64_t place_of(DomainNumber domain, TableNumber table) {
  return (static_cast<std::uint64_t>(domain.value) << 32) | static_cast<std::uint32_t>(table);
}

Bytes sort_key(std::uint64_t place, ByteView key) {
  Bytes bytes;
  bytes.reserve(8 + key.size());
  append_be64(bytes, place);
  bytes.insert(bytes.end(), key.begin(), key.end());
  return bytes;
}

// The newest state of every row that the commands (after, to] touch, sorted in bounded memory by a run set in staging.
Result<std::unique_ptr<run::RunSet>> collect_changes(Vault& vault, const std::string& folder, Lsn after, Lsn to) {
  codec::SecretKey key;
  vault.machine().random.fill(key.fill());  // a key of the moment: what is left of a broken-off run opens for nobody
  run::Options options;
  options.memtable_bytes_max = 32 * kMiB;
  options.suite = vault.head().suite;
  ATOLL_TRY(platform::create_directories(vault.machine().files, folder));
  ATOLL_ASSIGN(auto changes, run::RunSet::open(vault.machine(), folder, key, vault.head().vault, options, true));
  if (after >= to) return changes;
  ATOLL_TRY(vault.journal().read(after.next(), to, [&](const journal::Command& command) -> Result<bool> {
    for (const auto& payload : command.payloads) {
      if (!payload.plain) continue;
      ATOLL_ASSIGN(const auto rows, journal::decode_row_changes(*payload.plain));
      for (const RowChange& row : rows) {
        Bytes value;
        value.push_back(row.row ? 1 : 0);
        if (row.row) value.insert(value.end(), row.row->begin(), row.row->end());
        ATOLL_TRY(changes->put(sort_key(place_of(payload.domain, row.table), row.key), value));
      }
    }
    return true;
  }));
  return changes;
}

class Merge {
 public:
  Merge(Vault& vault, Root old, CheckpointReport& report) : vault_(&vault), old_(std::move(old)), report_(&report) {}

  Result<bool> change(ByteView key, ByteView value) {
    const std::uint64_t place = load_be64(key.data());
    if (!table_ || place != place_) ATOLL_TRY(begin(place));
    const ByteView row_key = key.subspan(8);
    std::optional<ByteView> row;
    if (value[0] == 1) row = value.subspan(1);
    ATOLL_TRY(table_->change(row_key, row));
    return true;
  }
  Result<std::vector<Table>> finish() {
    ATOLL_TRY(end());
    while (next_old_ < old_.tables.size()) keep_old();
    return std::move(tables_);
  }

 private:
  [[nodiscard]] std::uint64_t old_place() const {
    return place_of(old_.tables[next_old_].domain, old_.tables[next_old_].table);
  }
  void keep_old() {  // without a change: its whole tree by reference
    const Table& table = old_.tables[next_old_++];
    if (vault_->keys().domain(table.domain) == nullptr) return;  // shredded since
    report_->rows += table.rows;
    tables_.push_back(table);
  }
  Result<void> end() {
    if (!table_) return {};
    ATOLL_ASSIGN(auto done, table_->finish());
    if (done.rows > 0) tables_.push_back(std::move(done));
    table_.reset();
    return {};
  }
  Result<void> begin(std::uint64_t place) {
    ATOLL_TRY(end());
    while (next_old_ < old_.tables.size() && old_place() < place) keep_old();
    place_ = place;
    table_ = std::make_unique<TableMerge>(*vault_, DomainNumber{static_cast<std::uint32_t>(place >> 32)},
                                          static_cast<TableNumber>(static_cast<std::uint32_t>(place)), *report_);
    if (next_old_ < old_.tables.size() && old_place() == place) ATOLL_TRY(table_->take_old(old_.tables[next_old_++]));
    return {};
  }

  Vault* vault_;
  Root old_;
  CheckpointReport* report_;
  std::size_t next_old_ = 0;
  std::uint64_t place_ = 0;
  std::unique_ptr<TableMerge> table_;
  std::vector<Table> tables_;
};

Result<Root> read_root(const Vault& vault, ByteView encoded) {
  ATOLL_ASSIGN(const ContentReference content, catalog::decode_content(encoded));
  ATOLL_ASSIGN(const Bytes bytes, read_all(vault.chunks(), content));
  return decode_root(bytes);
}

Result<void> visit_rows(const Vault& vault, const Root& root,
                        const std::function<Result<void>(TableNumber, std::vector<Row>)>& visit) {
  for (const Table& table : root.tables) {
    if (vault.keys().domain(table.domain) == nullptr) continue;
    ATOLL_ASSIGN(const Bytes list, read_all(vault.chunks(), table.blocks));
    ATOLL_ASSIGN(const auto blocks, decode_blocks(list));
    std::uint64_t rows = 0;
    for (const Block& block : blocks) {
      ATOLL_ASSIGN(auto part, read_block(vault.chunks(), table.domain, block));
      rows += part.size();
      ATOLL_TRY(visit(table.table, std::move(part)));
    }
    if (rows != table.rows)
      return fail(ErrorKind::damaged, "checkpoint.damaged", "a checkpoint's table has rows missing");
  }
  return {};
}

}  // namespace

Result<CheckpointReport> make_checkpoint(Vault& vault) {
  const auto alone = vault.hold_past();
  CheckpointReport report;
  report.lsn = vault.journal().last();
  if (report.lsn.value == 0) return report;
  Root old;
  for (const auto& root : vault.head().checkpoints) {
    if (root.history != vault.head().history) continue;
    // An unreadable older checkpoint costs replaying more journal, where that is still there.
    auto read = read_root(vault, root.root);
    if (!read) continue;
    old = std::move(*read);
    break;
  }
  if (old.lsn == report.lsn) return report;
  // Without a base, dropped payloads would silently be missing rows.
  ATOLL_ASSIGN(const auto journal_stats, vault.journal().stats());
  if (old.lsn.next() < journal_stats.first_with_payloads) {
    return fail(ErrorKind::damaged, "checkpoint.no_base",
                "no older checkpoint can be read, and the journal no longer reaches back to the beginning",
                "Run `atoll verify`; restore what it names from a copy. Everything kept is left as it is.");
  }

  const std::string folder = platform::join(vault.folder(), "staging/checkpoint");
  ATOLL_TRY(run::RunSet::remove_all(vault.machine(), folder));
  const auto use = vault.chunks().begin_use();
  const Lsn after = old.lsn;
  Root fresh;
  fresh.lsn = report.lsn;
  fresh.history = vault.head().history;
  {
    ATOLL_ASSIGN(const auto changes, collect_changes(vault, folder, after, report.lsn));
    Merge merge(vault, std::move(old), report);
    ATOLL_TRY(changes->for_each([&](ByteView key, ByteView value) { return merge.change(key, value); }));
    ATOLL_ASSIGN(fresh.tables, merge.finish());
  }
  ATOLL_TRY(run::RunSet::remove_all(vault.machine(), folder));
  ATOLL_ASSIGN(const ContentReference content, write_all(vault, kDefaultDomain, encode_root(fresh)));
  ATOLL_TRY(vault.sync_chunks());
  const Bytes root = encode(content);

  // It counts only once it was read back whole.
  std::uint64_t rows = 0;
  ATOLL_ASSIGN(const Root read_back, read_root(vault, root));
  ATOLL_TRY(visit_rows(vault, read_back, [&](TableNumber, std::vector<Row> part) -> Result<void> {
    rows += part.size();
    return {};
  }));
  if (rows != report.rows)
    return fail(ErrorKind::damaged, "checkpoint.damaged", "a new checkpoint did not read back as it was written");

  catalog::CheckpointRow row;
  row.lsn = report.lsn;
  row.root = root;
  ATOLL_TRY(
      vault.commit(journal::CommandKind::checkpoint, [&](const CommitContext&, ChangeSet& changes) -> Result<void> {
        changes.put(row);
        return {};
      }));
  keyring::VaultHead head = vault.head();
  head.checkpoints.insert(head.checkpoints.begin(), {report.lsn, head.history, root});
  if (head.checkpoints.size() > keyring::kCheckpointRootsMax) head.checkpoints.resize(keyring::kCheckpointRootsMax);
  ATOLL_TRY(vault.store_head(std::move(head)));
  return report;
}

Result<bool> wants_checkpoint(const Vault& vault) {
  ATOLL_ASSIGN(const auto stats, vault.journal().stats());
  std::uint64_t last_bytes = 0;
  Lsn last;
  if (!vault.head().checkpoints.empty()) {
    last = vault.head().checkpoints.front().lsn;
    const auto root = read_root(vault, vault.head().checkpoints.front().root);
    if (!root) return true;
    for (const Table& table : root->tables) last_bytes += table.bytes;
  }
  const std::uint64_t commands = vault.journal().last().value - std::min(vault.journal().last().value, last.value);
  if (commands == 0) return false;
  // Archives do not say where in them an LSN lies; the share of commands since is near enough for a threshold.
  const std::uint64_t kept =
      vault.journal().last().value - std::min(vault.journal().last().value, stats.first_with_payloads.value) + 1;
  const double share =
      std::min(1.0, static_cast<double>(commands) / static_cast<double>(std::max<std::uint64_t>(kept, 1)));
  const auto since = static_cast<std::uint64_t>(static_cast<double>(stats.bytes) * share);
  return since > std::max(kJournalBytesBeforeCheckpoint, last_bytes / 4);
}

Result<void> load_checkpoint(const Vault& vault, ByteView root,
                             const std::function<Result<void>(const std::vector<RowChange>&)>& visit) {
  ATOLL_ASSIGN(const Root decoded, read_root(vault, root));
  std::vector<RowChange> batch;
  ATOLL_TRY(visit_rows(vault, decoded, [&](TableNumber table, std::vector<Row> rows) -> Result<void> {
    for (Row& row : rows) batch.push_back({table, std::move(row.key), std::move(row.row)});
    if (batch.size() < kRowsPerBatch) return {};
    ATOLL_TRY(visit(batch));
    batch.clear();
    return {};
  }));
  if (!batch.empty()) ATOLL_TRY(visit(batch));
  return {};
}

Result<void> find_in_checkpoint(const Vault& vault, ByteView root, DomainNumber domain, TableNumber table,
                                const std::vector<Bytes>& keys,
                                const std::function<Result<void>(ByteView key, Bytes row)>& visit) {
  ATOLL_ASSIGN(const Root decoded, read_root(vault, root));
  const auto found = std::ranges::find_if(decoded.tables,
                                          [&](const Table& one) { return one.domain == domain && one.table == table; });
  if (found == decoded.tables.end() || vault.keys().domain(domain) == nullptr) return {};
  ATOLL_ASSIGN(const Bytes list, read_all(vault.chunks(), found->blocks));
  ATOLL_ASSIGN(const auto blocks, decode_blocks(list));
  std::size_t opened = blocks.size();
  std::vector<Row> rows;
  for (const Bytes& key : keys) {
    // The last block that begins at or before the key.
    const auto above =
        std::ranges::partition_point(blocks, [&](const Block& block) { return !(compare(key, block.first_key) < 0); });
    if (above == blocks.begin()) continue;
    const auto at = static_cast<std::size_t>(above - blocks.begin()) - 1;
    if (at != opened) {
      ATOLL_ASSIGN(rows, read_block(vault.chunks(), domain, blocks[at]));
      opened = at;
    }
    const auto row = std::ranges::partition_point(rows, [&](const Row& one) { return compare(one.key, key) < 0; });
    if (row != rows.end() && equal(row->key, key)) ATOLL_TRY(visit(key, row->row));
  }
  return {};
}

Result<void> visit_checkpoint(const Vault& vault, ByteView root, const CheckpointVisitor& visitor) {
  ATOLL_ASSIGN(const ContentReference content, catalog::decode_content(root));
  ATOLL_TRY(visitor.content(content));
  ATOLL_ASSIGN(const Root decoded, read_root(vault, root));
  for (const Table& table : decoded.tables) {
    if (vault.keys().domain(table.domain) == nullptr) continue;
    ATOLL_TRY(visitor.content(table.blocks));
    ATOLL_ASSIGN(const Bytes list, read_all(vault.chunks(), table.blocks));
    ATOLL_ASSIGN(const auto blocks, decode_blocks(list));
    for (const Block& block : blocks) {
      ATOLL_ASSIGN(const bool wants_rows, visitor.block(table.table, block.chunk));
      if (!wants_rows) continue;
      ATOLL_ASSIGN(const auto rows, read_block(vault.chunks(), table.domain, block));
      for (const Row& row : rows) ATOLL_TRY(visitor.row(table.table, row.key, row.row));
    }
  }
  return {};
}

Result<Lsn> truncate_journal(Vault& vault, Lsn horizon) {
  const auto alone = vault.hold_past();
  const auto& roots = vault.head().checkpoints;
  if (roots.size() < keyring::kCheckpointRootsMax) return Lsn{};  // the two newest stay in any case
  const auto reader = vault.reader();
  ATOLL_ASSIGN(const auto rows, reader->checkpoints());
  // Kept: the newest at or before the horizon, and the two newest. The journal stays from the oldest kept one on.
  Lsn newest_before;
  for (const auto& row : rows) {
    if (row.lsn <= horizon) newest_before = std::max(newest_before, row.lsn);
  }
  Lsn oldest_kept = roots.back().lsn;
  if (newest_before.value > 0) oldest_kept = std::min(oldest_kept, newest_before);
  if (newest_before.value == 0) return Lsn{};  // point-in-time recovery still needs everything
  ATOLL_ASSIGN(const Lsn synced, vault.sync_catalog(oldest_kept));
  const Lsn drop = std::min(oldest_kept, synced);
  if (drop.value == 0) return Lsn{};

  std::vector<Lsn> outdated;
  for (const auto& row : rows) {
    if (row.lsn < oldest_kept) outdated.push_back(row.lsn);
  }
  if (!outdated.empty()) {
    ATOLL_TRY(
        vault.commit(journal::CommandKind::checkpoint, [&](const CommitContext&, ChangeSet& changes) -> Result<void> {
          for (const Lsn lsn : outdated) {
            catalog::CheckpointRow row;
            row.lsn = lsn;
            changes.remove(kDefaultDomain, TableNumber::checkpoints, catalog::key_of(row));
          }
          return {};
        }));
  }
  keyring::VaultHead head = vault.head();
  head.oldest_kept = drop.next();
  ATOLL_TRY(vault.store_head(std::move(head)));
  ATOLL_TRY(vault.journal().archive_full());
  ATOLL_TRY(vault.journal().drop_payloads_up_to(drop));
  return drop;
}

}  // namespace atl::vault
