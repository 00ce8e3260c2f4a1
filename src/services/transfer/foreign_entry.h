// One thing found in a foreign source, as it goes from the locked-in reader to the importer, and the kinds of frames.
// Always true: decode() believes nothing: what it accepts is a version with sane numbers, whatever sent it.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "catalog/rows.h"
#include "foundation/sandbox/sandbox.h"

namespace atl::transfer {

enum class FrameType : std::uint8_t {
  entry = sandbox::kFirstFrameType,  // a ForeignEntry; data, then end or abandoned follow
  data = 17,
  data_aside = 18,  // belongs to the content but not to what identifies it (a mailbox's own header lines)
  end = 19,         // holes: offset (8), length (8), …
  abandoned = 20,   // why it could not be read to its end
  problem = 21,     // path, NUL, words: something that was left out
  record = 22,      // a ForeignEntry that has no content here
};

inline constexpr std::uint64_t kContentBytesMax = 1ULL << 60;
inline constexpr std::size_t kHolesMax = 4096;

struct ForeignEntry {
  std::string path;  // as the source has it
  // Written by Atoll's own export: `path` is the key, to the byte.
  bool is_exact = false;
  bool has_content = false;          // data frames follow, also where they are empty
  bool is_named_by_content = false;  // `path` gets the content's digest and ".eml"
  std::string hard_link_to;          // another entry's path
  std::string file;                  // plain export: where the bytes lie below its folder
  std::string parameter;             // record: what it describes, as its reader and its asker agree
  catalog::VersionRow version;
};

[[nodiscard]] Bytes encode(const ForeignEntry& entry);
[[nodiscard]] Result<ForeignEntry> decode_entry(ByteView bytes);
[[nodiscard]] Bytes encode_holes(const std::vector<catalog::Hole>& holes);
[[nodiscard]] Result<std::vector<catalog::Hole>> decode_holes(ByteView bytes);

// The key of a foreign path below `prefix`: no part is empty, "." or "..". `was_changed` where such a part, or a
// leading '/', was left out. Empty where nothing is left.
struct SafeKey {
  std::string key;
  bool was_changed = false;
};
[[nodiscard]] SafeKey safe_key(std::string_view path, bool is_folder, std::string_view prefix);

}  // namespace atl::transfer
