// Archives and compressed files of every kind that libarchive reads: zip, tar, 7z, rar, cab, iso, cpio, ar, lha, rpm;
// gzip, bzip2, xz, zstd, lz4. Foreign bytes: for locked-in readers.
// Always true: reads through the given function only; opens no file; memory does not grow with the archive (but for the
// dictionaries of its compression).
// Thread rules: a value of one thread. Errors: `damaged` "archive.malformed" with what libarchive says, and what the
// given function answers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "foundation/base/bytes.h"
#include "foundation/base/time.h"

namespace atl::archive {

struct Entry {
  std::string path;  // as the archive has it: any bytes, any path
  std::uint64_t size = 0;
  bool is_size_known = false;
  std::optional<FileTime> modified;
  bool is_folder = false;
  bool is_file = false;  // neither folder nor link nor device
  bool is_encrypted = false;
};

class Reader {
 public:
  using Read = std::function<Result<std::size_t>(std::uint64_t offset, ByteSpan out)>;  // 0 at the end
  // `size` of the whole. `is_bare`: one compressed file without an archive in it is an entry of its own, named "data".
  [[nodiscard]] static Result<Reader> open(Read read, std::uint64_t size, bool is_bare = false);
  Reader(Reader&&) noexcept;
  Reader& operator=(Reader&&) noexcept;
  ~Reader();

  // None at the end.
  [[nodiscard]] Result<std::optional<Entry>> next();
  // Of the entry given last, one piece after the other; 0 at its end. Holes are read as zeros.
  [[nodiscard]] Result<std::size_t> read(ByteSpan out);

 private:
  struct State;
  explicit Reader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace atl::archive
