// The bytes around the files of a zip or tar archive that is written from its beginning to its end, once.
//
// Always true:
//  - zip (PKWARE APPNOTE 6.3.10): files are stored, not compressed; sizes stand in front, the CRC-32 behind each file (data
//    descriptor); zip64 fields (4.5.3) where a number does not fit into 32 bits; names that are UTF-8 are marked so (bit
//    11); times stand as MS-DOS wants them (UTC, steps of 2 s) and exactly in the extended timestamp field (0x5455).
//  - tar (POSIX.1-2017 pax, "ustar" with extended headers): an extended header stands before a file where its name is
//    long or no ASCII, its size is 8 GiB or more, or its time has a fraction.
//  - A name in an archive never leads out of the folder it is unpacked in: see safe_name().
// What a file holds is written by the caller between begin() and end(), exactly as many bytes as were announced.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/bytes.h"
#include "foundation/base/time.h"

namespace atl::rest {

struct ArchiveEntry {
  enum class Kind : std::uint8_t { file, folder, symlink };
  std::string name;  // with '/' at the end of a folder's
  Kind kind = Kind::file;
  std::uint64_t size = 0;  // of a file
  std::uint32_t mode = 0644;
  FileTime modified;
  std::string link_target;  // of a symlink
};

class ArchiveFormat {
 public:
  virtual ~ArchiveFormat() = default;
  // Each appends to `out`.
  virtual void begin(const ArchiveEntry& entry, std::string& out) = 0;
  virtual void content(ByteView bytes) = 0;  // passes by, for checksums
  virtual void end(const ArchiveEntry& entry, std::string& out) = 0;
  virtual void finish(std::string& out) = 0;
  // Bytes that are kept until finish() because of one more entry with this name.
  [[nodiscard]] virtual std::uint64_t kept_bytes(std::string_view name) const = 0;
};
[[nodiscard]] std::unique_ptr<ArchiveFormat> zip_format();
[[nodiscard]] std::unique_ptr<ArchiveFormat> tar_format();

// Without '/' at its beginning, with "_" for every "." and ".." between slashes and for what is empty between two of
// them, NUL and backslashes.
[[nodiscard]] std::string safe_name(std::string_view key);

}  // namespace atl::rest
