// A tar archive read from its beginning to its end, once, as it comes.
//
// Always true:
//  - Nothing of it is parsed but numbers, names and lengths, each in its bounds; contents pass by unread. That is why
//  it
//    is the one reader of foreign bytes that needs no process of its own (foundation/archive has those that do).
//  - Memory: one buffer (kBufferBytes) and one entry's header (kHeaderBytesMax), whatever the archive claims.
//  - An entry that cannot be taken (`refusal`) costs only itself: reading goes on behind it.
//  - Names are bytes as the archive has them; where they may lead is for the caller to say.
// Formats: v7, ustar and pax (POSIX.1-2017, pax, "Extended Description"), GNU tar's long names and numbers ("Basic Tar
// Format" in its manual). Not taken, entry by entry: sparse files, parts of multi-volume archives, devices, pipes.
// Thread rules: a value of one thread. Errors: `usage` "tar.malformed" and "tar.broken_off", `limit`
// "tar.header_too_large", and what the given function answers. After an error nothing more can be read.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foundation/base/bytes.h"
#include "foundation/base/error.h"
#include "foundation/base/time.h"

namespace atl::tar {

inline constexpr std::size_t kBlockBytes = 512;
inline constexpr std::size_t kBufferBytes = 256 * 1024;
inline constexpr std::size_t kHeaderBytesMax = 1024 * 1024;  // of the extended headers of one entry
inline constexpr std::uint64_t kContentBytesMax = 1ULL << 60;

enum class Kind : std::uint8_t { file, folder, symlink, hard_link };

struct Entry {
  Kind kind = Kind::file;
  std::string name;         // a folder's may or may not end with '/'
  std::string link_target;  // of links
  std::uint64_t size = 0;   // of a file
  std::uint32_t mode = 0;   // permission bits
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  FileTime modified;
  std::vector<std::pair<std::string, Bytes>> attributes;     // extended attributes (SCHILY.xattr.*), sorted by name
  std::vector<std::pair<std::string, std::string>> records;  // other extended records, in their order: "VENDOR.word"
  std::string refusal;  // not empty: why it cannot be taken, as the rest of a sentence about it; it has no content here
};

class Reader {
 public:
  // Fills a span, returns how much; 0 at the end. Fewer than asked for is fine.
  using Read = std::function<Result<std::size_t>(ByteSpan out)>;
  explicit Reader(Read read) : read_(std::move(read)), buffer_(kBufferBytes) {}

  // The next entry, after what is left of the one before; none at the end of the archive.
  [[nodiscard]] Result<std::optional<Entry>> next();
  // The next piece of the content of the entry given last, good until the next call; empty at its end.
  [[nodiscard]] Result<ByteView> content();
  // Entries given so far, refused ones included.
  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  struct Words;  // what extended headers say of the next entry

  [[nodiscard]] Result<bool> fill();                             // the buffer, where it is empty; false: nothing comes
  [[nodiscard]] Result<ByteView> some(std::uint64_t bytes_max);  // 1..bytes_max of what comes
  [[nodiscard]] Result<bool> block();                            // into block_; false: nothing comes
  [[nodiscard]] Result<void> skip(std::uint64_t bytes);
  [[nodiscard]] Result<std::string> extended_header(std::uint64_t bytes, std::size_t& budget);
  [[nodiscard]] Result<void> take_records(const std::string& text, bool is_global, Words& words);
  [[nodiscard]] Result<void> take_record(std::string_view name, std::string_view value, Words& words) const;
  [[nodiscard]] Result<void> skip_sparse_map();
  [[nodiscard]] Result<Entry> entry_of(char type, Words words);
  [[nodiscard]] Result<void> end();
  [[nodiscard]] tl::unexpected<Error> malformed(const std::string& why) const;
  [[nodiscard]] tl::unexpected<Error> broken_off() const;

  Read read_;
  Buffer buffer_;
  std::size_t begin_ = 0;  // of what was read and not yet handed on
  std::size_t end_ = 0;
  std::array<std::uint8_t, kBlockBytes> block_{};
  std::vector<std::pair<std::string, std::string>> global_;  // of global extended headers: times and owners
  std::uint64_t left_ = 0;                                   // of the current content
  std::uint64_t behind_ = 0;                                 // what is passed over before the next header
  std::uint64_t count_ = 0;
  bool is_at_end_ = false;
};

}  // namespace atl::tar
