#include "store/journal/row_change.h"

#include "foundation/codec/fields.h"

namespace atl::journal {
namespace {

// payload = repeated RowChange change = 1. Stored: never renumber.
constexpr std::uint32_t kChange = 1;
enum ChangeField : std::uint32_t { kTable = 1, kKey = 2, kRow = 3 };

// A command holds at most 10,000 rows; more than this in one payload was not written by Atoll, and each costs memory.
constexpr std::size_t kChangesMax = 65'536;

Result<RowChange> decode_change(ByteView encoded) {
  RowChange change;
  std::uint64_t table = 0;
  codec::FieldReader reader(encoded, "a row change of the journal");
  while (reader.next()) {
    switch (reader.field()) {
      case kTable: table = reader.as_unsigned(); break;
      case kKey: change.key = to_bytes(reader.as_view()); break;
      case kRow: change.row = to_bytes(reader.as_view()); break;
      default: break;
    }
  }
  ATOLL_TRY(reader.status());
  if (table == 0 || table > 0xFFFFFFFFU) {
    return fail(ErrorKind::damaged, "journal.row_change_damaged", "a row change of the journal names no table");
  }
  change.table = static_cast<TableNumber>(table);
  return change;
}

}  // namespace

Bytes encode_row_changes(const std::vector<RowChange>& changes) {
  std::size_t size = 0;
  for (const RowChange& change : changes) size += change.key.size() + (change.row ? change.row->size() : 0) + 24;
  Bytes out;
  out.reserve(size);
  codec::FieldWriter writer(out);
  Bytes nested;
  for (const RowChange& change : changes) {
    nested.clear();
    codec::FieldWriter inner(nested);
    inner.put_unsigned(kTable, static_cast<std::uint32_t>(change.table));
    inner.put_bytes(kKey, change.key);
    if (change.row) inner.put_bytes_always(kRow, *change.row);  // an empty row is a row; a missing one is a deletion
    writer.put_bytes_always(kChange, nested);
  }
  return out;
}

Result<std::vector<RowChange>> decode_row_changes(ByteView payload) {
  std::vector<RowChange> changes;
  codec::FieldReader reader(payload, "a journal payload");
  while (reader.next()) {
    if (reader.field() != kChange) continue;
    if (changes.size() == kChangesMax) {
      return fail(ErrorKind::damaged, "journal.row_change_damaged",
                  "a journal payload holds more row changes than a command may");
    }
    ATOLL_ASSIGN(RowChange change, decode_change(reader.as_view()));
    changes.push_back(std::move(change));
  }
  ATOLL_TRY(reader.status());
  return changes;
}

}  // namespace atl::journal
