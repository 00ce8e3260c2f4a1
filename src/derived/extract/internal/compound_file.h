// The container of Office 97: files in a file ([MS-CFB], version 3 and 4).
// Always true: every sector number, chain and size is checked before use; a chain that turns back on itself ends.
// Complexity: opening is linear in the file, a stream in its length.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "foundation/base/bytes.h"

namespace atl::extract {

class CompoundFile {
 public:
  struct Stream {
    std::string path;  // "Storage/Stream", in UTF-8
    std::uint64_t size = 0;
    std::uint32_t first_sector = 0;
  };
  // `damaged` "extract.malformed".
  [[nodiscard]] static Result<CompoundFile> open(Bytes bytes);
  [[nodiscard]] const std::vector<Stream>& streams() const { return streams_; }
  [[nodiscard]] bool has(std::string_view path) const { return find(path) != nullptr; }
  // As much of it as can be read; empty where there is none of that path.
  [[nodiscard]] Bytes read(std::string_view path) const;

 private:
  explicit CompoundFile(Bytes bytes) : bytes_(std::move(bytes)) {}
  [[nodiscard]] const Stream* find(std::string_view path) const;
  [[nodiscard]] ByteView sector(std::uint32_t number) const;
  [[nodiscard]] Bytes chain(std::uint32_t first, std::uint64_t bytes_max) const;
  void read_directory(std::uint32_t first_sector);

  Bytes bytes_;
  std::size_t sector_bytes_ = 512;
  std::size_t small_sector_bytes_ = 64;
  std::uint64_t small_stream_bytes_ = 4096;
  std::vector<std::uint32_t> next_;        // sector -> sector
  std::vector<std::uint32_t> small_next_;  // the same of small sectors, which lie in small_
  Bytes small_;
  std::vector<Stream> streams_;
};

}  // namespace atl::extract
