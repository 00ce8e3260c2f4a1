#include "vault/rewind/item_code.h"

#include "foundation/codec/fields.h"

namespace atl::vault {
namespace {

namespace field {
constexpr std::uint32_t step = 1;
constexpr std::uint32_t bucket = 2;
constexpr std::uint32_t key = 3;
constexpr std::uint32_t table = 4;
constexpr std::uint32_t why = 5;
constexpr std::uint32_t bytes = 6;
constexpr std::uint32_t bucket_id = 7;
constexpr std::uint32_t object = 8;
constexpr std::uint32_t target_object = 9;
constexpr std::uint32_t target_version = 10;
constexpr std::uint32_t target = 11;
constexpr std::uint32_t is_there_now = 12;
constexpr std::uint32_t version_now = 13;
constexpr std::uint32_t words_now = 14;
constexpr std::uint32_t row_key = 15;
constexpr std::uint32_t row_target = 16;
constexpr std::uint32_t row_now = 17;
constexpr std::uint32_t row_bytes = 18;
constexpr std::uint32_t is_of_past = 19;
}  // namespace field

}  // namespace

Bytes encode_item(const UndoItem& item) {
  Bytes encoded;
  codec::FieldWriter out(encoded);
  out.put_unsigned(field::step, static_cast<std::uint64_t>(item.step));
  out.put_text(field::bucket, item.bucket);
  out.put_text(field::key, item.key);
  out.put_unsigned(field::table, static_cast<std::uint64_t>(item.table));
  out.put_text(field::why, item.why);
  out.put_unsigned(field::bytes, item.bytes);
  out.put_bytes(field::bucket_id, item.bucket_id.view());
  out.put_bytes(field::object, item.object.view());
  if (item.target) {
    out.put_bytes(field::target_object, item.target->object.view());
    out.put_bytes(field::target_version, item.target->version.view());
    out.put_bytes_always(field::target, catalog::encode(*item.target));
  }
  out.put_unsigned(field::is_there_now, item.is_there_now ? 1 : 0);
  out.put_bytes(field::version_now, item.version_now.view());
  out.put_bytes(field::words_now, item.words_now);
  out.put_bytes(field::row_key, item.row_key);
  if (item.row_target) out.put_bytes_always(field::row_target, *item.row_target);
  if (item.row_now) out.put_bytes_always(field::row_now, *item.row_now);
  out.put_unsigned(field::row_bytes, item.row_bytes);
  out.put_unsigned(field::is_of_past, item.is_of_past ? 1 : 0);
  return encoded;
}

Result<UndoItem> decode_item(ByteView value) {
  UndoItem item;
  Bytes target_key;
  std::optional<ByteView> target;
  codec::FieldReader in(value, "a step of an undo");
  while (in.next()) {
    switch (in.field()) {
      case field::step: item.step = static_cast<UndoStep>(in.as_unsigned()); break;
      case field::bucket: item.bucket = in.as_string(); break;
      case field::key: item.key = in.as_string(); break;
      case field::table: item.table = static_cast<journal::TableNumber>(in.as_unsigned()); break;
      case field::why: item.why = in.as_string(); break;
      case field::bytes: item.bytes = in.as_unsigned(); break;
      case field::bucket_id: {
        ATOLL_ASSIGN(item.bucket_id, BucketId::from_view(in.as_view()));
        break;
      }
      case field::object: {
        ATOLL_ASSIGN(item.object, ObjectId::from_view(in.as_view()));
        break;
      }
      case field::target_object:
      case field::target_version: {
        const ByteView id = in.as_view();
        target_key.insert(target_key.end(), id.begin(), id.end());
        break;
      }
      case field::target: target = in.as_view(); break;
      case field::is_there_now: item.is_there_now = in.as_unsigned() != 0; break;
      case field::version_now: {
        ATOLL_ASSIGN(item.version_now, VersionId::from_view(in.as_view()));
        break;
      }
      case field::words_now: item.words_now = to_bytes(in.as_view()); break;
      case field::row_key: item.row_key = to_bytes(in.as_view()); break;
      case field::row_target: item.row_target = to_bytes(in.as_view()); break;
      case field::row_now: item.row_now = to_bytes(in.as_view()); break;
      case field::row_bytes: item.row_bytes = in.as_unsigned(); break;
      case field::is_of_past: item.is_of_past = in.as_unsigned() != 0; break;
      default: break;
    }
  }
  ATOLL_TRY(in.status());
  if (target) {
    ATOLL_ASSIGN(item.target, catalog::decode_version(target_key, *target));
  }
  return item;
}

}  // namespace atl::vault
