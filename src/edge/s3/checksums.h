// The checksums that S3 clients send with a body, ask for, and compare: CRC-32, CRC-32C, CRC-64/NVME, SHA-1, SHA-256.
// Source: Amazon S3 User Guide, "Checking object integrity".
//
// Always true: on the wire a checksum is base64 of its bytes, highest first. Of an object made of parts it covers the
// whole (full object, CRCs only) or is the checksum of the parts' checksums with "-<parts>" behind it (composite).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "foundation/base/bytes.h"
#include "foundation/codec/hash.h"
#include "foundation/codec/hmac.h"

namespace atl::s3 {

enum class ChecksumAlgorithm : std::uint8_t { crc32, crc32c, crc64nvme, sha1, sha256 };
inline constexpr std::size_t kChecksumAlgorithms = 5;

[[nodiscard]] std::string_view name_of(ChecksumAlgorithm algorithm);         // "CRC32C": in headers' values and XML
[[nodiscard]] std::string_view header_of(ChecksumAlgorithm algorithm);       // "x-amz-checksum-crc32c"
[[nodiscard]] std::string_view stored_name_of(ChecksumAlgorithm algorithm);  // "crc32c": in a version's checksums
[[nodiscard]] std::size_t bytes_of(ChecksumAlgorithm algorithm);
[[nodiscard]] std::optional<ChecksumAlgorithm> algorithm_named(std::string_view name);        // any case
[[nodiscard]] std::optional<ChecksumAlgorithm> algorithm_of_header(std::string_view header);  // any case

class Checksummer {
 public:
  explicit Checksummer(ChecksumAlgorithm algorithm);
  void update(ByteView data);
  [[nodiscard]] Bytes finish();  // once
  [[nodiscard]] ChecksumAlgorithm algorithm() const { return algorithm_; }

 private:
  ChecksumAlgorithm algorithm_;
  std::variant<std::uint32_t, std::uint64_t, codec::Sha1, codec::Sha256> state_;
};

// InvalidRequest where `text` is not base64 of as many bytes.
[[nodiscard]] Result<Bytes> parse_checksum(ChecksumAlgorithm algorithm, std::string_view text);

struct PartChecksum {
  Bytes value;
  std::uint64_t bytes = 0;  // of the part
};
[[nodiscard]] Bytes composite_checksum(ChecksumAlgorithm algorithm, const std::vector<PartChecksum>& parts);
// None for SHA-1 and SHA-256, which cannot be joined.
[[nodiscard]] std::optional<Bytes> full_object_checksum(ChecksumAlgorithm algorithm,
                                                        const std::vector<PartChecksum>& parts);

}  // namespace atl::s3
