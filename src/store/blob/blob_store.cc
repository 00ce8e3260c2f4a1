#include "store/blob/blob_store.h"

#include <algorithm>

namespace atl::blob {

bool is_valid_blob_name(std::string_view name) {
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  return !name.empty() && name.size() <= 200 && name.front() != '.' && !name.ends_with(".open") &&
         std::ranges::all_of(name, is_allowed);
}

Result<void> BlobStore::fetch_exact(std::string_view name, std::uint64_t offset, ByteSpan out) const {
  ATOLL_ASSIGN(const std::size_t got, fetch(name, offset, out));
  if (got == out.size()) return {};
  return fail(ErrorKind::damaged, "blob.short",
              "'" + std::string(name) + "' ends too early: " + std::to_string(out.size()) +
                  " bytes were expected at offset " + std::to_string(offset) + ", " + std::to_string(got) +
                  " are there");
}

}  // namespace atl::blob
