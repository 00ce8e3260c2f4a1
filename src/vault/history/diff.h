// What differs between two states: names below a prefix, the lines of two texts, the ranges of two contents.
//
// Always true: nothing is held whole but two texts of at most kTextBytesMax each; names are walked side by side,
// contents are compared by their chunks' digests, without reading a byte of them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vault/history/past.h"
#include "vault/object/content.h"

namespace atl::vault {

inline constexpr std::uint64_t kTextBytesMax = 4ULL << 20;

struct Difference {
  enum class Kind : std::uint8_t { added, removed, changed };
  Kind kind = Kind::changed;
  const catalog::Listed* before = nullptr;  // good during the call only; null where added
  const catalog::Listed* after = nullptr;   // null where removed
  bool is_content = false;                  // changed: bytes, kind or link target
  bool is_facts = false;                    // changed: mode, owner, time, attributes
  bool is_words = false;                    // changed: metadata, tags, content type, label
};
// Everything under `prefix` that differs, in key order. False stops.
[[nodiscard]] Result<void> diff_names(View& before, View& after, const BucketId& bucket, std::string_view prefix,
                                      const std::function<Result<bool>(const Difference&)>& visit);

struct Range {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  friend bool operator==(const Range&, const Range&) = default;
};
struct ContentDifference {
  std::uint64_t shared_bytes = 0;  // of the newer content that the older one has too, wherever
  std::vector<Range> changed;      // of the newer content's stored bytes (without holes): what the older one lacks
  std::uint64_t changed_bytes = 0;
};
// `limit` where the older content has more than 8 million chunks.
[[nodiscard]] Result<ContentDifference> diff_contents(chunk::ChunkStore& chunks,
                                                      const catalog::ContentReference& before,
                                                      const catalog::ContentReference& after);

// Without NUL in its first 8 KiB, as git and grep decide.
[[nodiscard]] bool looks_like_text(std::string_view bytes);
// Unified hunks with three lines of context, no header; empty for equal texts, none where they differ in more than
// 20,000 lines. Source: E. Myers, "An O(ND) Difference Algorithm and Its Variations", 1986.
[[nodiscard]] std::optional<std::string> diff_lines(std::string_view before, std::string_view after);

}  // namespace atl::vault
