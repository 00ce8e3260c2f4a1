// The few fields of a row that the catalog needs while it applies and scans, read without building the whole struct.
// Always true: what is read here is what decode_*() would read; rows that those refuse for one of these fields are
// refused here too.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "catalog/rows.h"

namespace atl::catalog {

struct EntryView {
  ObjectId object;
  VersionId version;
  bool is_deleted = false;
};
[[nodiscard]] Result<EntryView> view_entry(ByteView row);

struct VersionView {
  EntryKind kind = EntryKind::file;
  bool has_source = false;
  std::uint32_t mode = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint64_t size = 0;
  FileTime modified;
  FileTime changed;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t begin = 0;                            // LSNs
  std::uint64_t end = 0;                              // 0: current
  std::string_view label;                             // into the row
  std::vector<std::array<std::uint8_t, 32>> sources;  // object id, version id of those in this vault
  [[nodiscard]] bool is_indexed() const { return end != 0 || !label.empty() || !sources.empty(); }
};
[[nodiscard]] Result<VersionView> view_version(ByteView row);

// The public decoders with the key in parts.
[[nodiscard]] Result<EntryRow> decode_entry_of(const BucketId& bucket, std::string_view key, ByteView row);
[[nodiscard]] Result<VersionRow> decode_version_of(const ObjectId& object, const VersionId& version, ByteView row);

// What every key of a table has to look like; `damaged` otherwise.
[[nodiscard]] Result<void> check_entry_key(ByteView key);
inline constexpr std::size_t kIdBytes = 16;
inline constexpr std::size_t kVersionKeyBytes = 32;
inline constexpr std::size_t kEntryKeyBytesMax = 16'384;

}  // namespace atl::catalog
