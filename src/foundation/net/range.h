// The Range and Content-Range fields for bytes (RFC 9110 section 14).
// Always true: a range that comes out lies inside the content and is not empty.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace atl::net {

struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t length = 0;  // at least 1
  [[nodiscard]] std::uint64_t last() const { return first + length - 1; }
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

struct RangeRequest {
  enum class Kind : std::uint8_t {
    whole,          // no range, another unit, or not well formed: answered 200 as if the field were not there
    ranges,         // 206; more than one may also be answered 200 with everything
    unsatisfiable,  // 416 with Content-Range: bytes */size
  };
  Kind kind = Kind::whole;
  std::vector<ByteRange> ranges;  // in the order asked for; unsatisfiable ones left out
};

// `field` is the value of Range ("bytes=0-499", "bytes=500-", "bytes=-500", "bytes=0-0,-1"); `size` the content's. More
// than `ranges_max` ranges count as not well formed.
[[nodiscard]] RangeRequest parse_range(std::string_view field, std::uint64_t size, std::size_t ranges_max = 100);
// "bytes 0-499/1234"
[[nodiscard]] std::string format_content_range(const ByteRange& range, std::uint64_t size);
// "bytes */1234", of an answer 416.
[[nodiscard]] std::string format_content_range_unsatisfied(std::uint64_t size);

}  // namespace atl::net
