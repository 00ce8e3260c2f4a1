#include "vault/history/object_difference.h"

#include <algorithm>

namespace atl::vault {
namespace {

Result<std::string> text_of(chunk::ChunkStore& chunks, const catalog::VersionRow& version) {
  std::string text;
  text.reserve(version.size);
  ATOLL_TRY(read_version(chunks, version, 0, version.size, [&](ByteView piece) -> Result<bool> {
    text += as_text(piece);
    return true;
  }));
  return text;
}

}  // namespace

Result<ObjectDifference> diff_objects(chunk::ChunkStore& chunks, std::string_view key,
                                      const catalog::VersionRow& before, const catalog::VersionRow& after,
                                      std::string_view row_column, std::size_t rows_max) {
  ObjectDifference out;
  out.is_same_content = before.content == after.content && before.holes == after.holes && before.size == after.size;
  const std::uint64_t larger = std::max(before.size, after.size);
  const bool may_be_table = is_named_table(key, after.content_type) && larger <= kTableBytesMax;
  if (!row_column.empty() && !may_be_table) {
    return fail(ErrorKind::usage, "diff.no_table",
                "'" + std::string(key) + "' is not compared by rows: that is done for CSV and TSV up to " +
                    std::to_string(kTableBytesMax >> 20U) + " MiB");
  }
  if (out.is_same_content) return out;
  if (may_be_table || larger <= kTextBytesMax) {
    ATOLL_ASSIGN(const std::string old_text, text_of(chunks, before));
    ATOLL_ASSIGN(const std::string new_text, text_of(chunks, after));
    const bool is_text = looks_like_text(old_text) && looks_like_text(new_text);
    if (may_be_table && is_text) {
      const auto old_table = parse_table(old_text);
      const auto new_table = old_table ? parse_table(new_text) : std::nullopt;
      if (new_table) {
        ATOLL_ASSIGN(out.table, diff_tables(*old_table, *new_table, row_column, rows_max));
      } else if (!row_column.empty()) {
        return fail(ErrorKind::usage, "diff.no_table",
                    "'" + std::string(key) +
                        "' is no table in both states: names of columns in the first line, each "
                        "once, and no row with more fields than those");
      }
    }
    if (is_text && larger <= kTextBytesMax) out.lines = diff_lines(old_text, new_text);
  }
  if (!out.lines && !out.table && before.content.domain == after.content.domain) {
    ATOLL_ASSIGN(out.ranges, diff_contents(chunks, before.content, after.content));
  }
  return out;
}

}  // namespace atl::vault
