#include "derived/search/position.h"

#include "derived/extract/extraction.h"
#include "derived/search/fields.h"
#include "foundation/codec/fields.h"

namespace atl::search {

Bytes encode(const Position& position) {
  Bytes out;
  codec::FieldWriter writer(out);
  writer.put_unsigned(1, kSchemaVersion);
  writer.put_unsigned(2, extract::kExtractorVersion);
  writer.put_bytes(3, position.history.view());
  writer.put_unsigned(4, position.lsn.value);
  writer.put_unsigned(5, position.is_scanning ? 1 : 0);
  writer.put_bytes(6, position.bucket.view());
  writer.put_text(7, position.key);
  return out;
}

std::optional<Position> decode_position(ByteView encoded) {
  Position position;
  position.is_scanning = false;
  std::uint64_t schema = 0;
  std::uint64_t extractor = 0;
  bool is_sound = true;
  codec::FieldReader reader(encoded, "position of the search");
  while (reader.next()) {
    switch (reader.field()) {
      case 1: schema = reader.as_unsigned(); break;
      case 2: extractor = reader.as_unsigned(); break;
      case 3: {
        const auto history = HistoryId::from_view(reader.as_view());
        is_sound = is_sound && history.has_value();
        if (history) position.history = *history;
        break;
      }
      case 4: position.lsn.value = reader.as_unsigned(); break;
      case 5: position.is_scanning = reader.as_unsigned() != 0; break;
      case 6: {
        const auto bucket = BucketId::from_view(reader.as_view());
        is_sound = is_sound && bucket.has_value();
        if (bucket) position.bucket = *bucket;
        break;
      }
      case 7: position.key = reader.as_string(); break;
      default: break;
    }
  }
  if (!is_sound || !reader.status() || schema != kSchemaVersion || extractor != extract::kExtractorVersion)
    return std::nullopt;
  return position;
}

}  // namespace atl::search
