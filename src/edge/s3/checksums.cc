#include "edge/s3/checksums.h"

#include <algorithm>
#include <array>

#include "edge/s3/errors.h"
#include "foundation/codec/crc.h"

namespace atl::s3 {
namespace {

struct Facts {
  std::string_view name;
  std::string_view header;
  std::string_view stored;
  std::size_t bytes;
};
// In the order of ChecksumAlgorithm.
constexpr std::array<Facts, kChecksumAlgorithms> kFacts{{
    {"CRC32", "x-amz-checksum-crc32", "crc32", 4},
    {"CRC32C", "x-amz-checksum-crc32c", "crc32c", 4},
    {"CRC64NVME", "x-amz-checksum-crc64nvme", "crc64nvme", 8},
    {"SHA1", "x-amz-checksum-sha1", "sha1", 20},
    {"SHA256", "x-amz-checksum-sha256", "sha256", 32},
}};
const Facts& facts(ChecksumAlgorithm algorithm) { return kFacts.at(static_cast<std::size_t>(algorithm)); }

bool same_letters(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

template <class Word>
Bytes big_endian(Word value) {
  Bytes bytes(sizeof(Word));
  for (std::size_t at = sizeof(Word); at-- > 0; value >>= 8) bytes[at] = static_cast<std::uint8_t>(value);
  return bytes;
}

std::uint64_t number(const Bytes& bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

}  // namespace

std::string_view name_of(ChecksumAlgorithm algorithm) { return facts(algorithm).name; }
std::string_view header_of(ChecksumAlgorithm algorithm) { return facts(algorithm).header; }
std::string_view stored_name_of(ChecksumAlgorithm algorithm) { return facts(algorithm).stored; }
std::size_t bytes_of(ChecksumAlgorithm algorithm) { return facts(algorithm).bytes; }

std::optional<ChecksumAlgorithm> algorithm_named(std::string_view name) {
  for (std::size_t at = 0; at < kFacts.size(); ++at) {
    if (same_letters(kFacts.at(at).name, name)) return static_cast<ChecksumAlgorithm>(at);
  }
  return std::nullopt;
}

std::optional<ChecksumAlgorithm> algorithm_of_header(std::string_view header) {
  for (std::size_t at = 0; at < kFacts.size(); ++at) {
    if (same_letters(kFacts.at(at).header, header)) return static_cast<ChecksumAlgorithm>(at);
  }
  return std::nullopt;
}

Checksummer::Checksummer(ChecksumAlgorithm algorithm) : algorithm_(algorithm) {
  switch (algorithm) {
    case ChecksumAlgorithm::crc32:
    case ChecksumAlgorithm::crc32c: state_ = std::uint32_t{0}; break;
    case ChecksumAlgorithm::crc64nvme: state_ = std::uint64_t{0}; break;
    case ChecksumAlgorithm::sha1: state_.emplace<codec::Sha1>(); break;
    case ChecksumAlgorithm::sha256: state_.emplace<codec::Sha256>(); break;
  }
}

void Checksummer::update(ByteView data) {
  switch (algorithm_) {
    case ChecksumAlgorithm::crc32: state_ = codec::crc32(data, std::get<std::uint32_t>(state_)); break;
    case ChecksumAlgorithm::crc32c: state_ = codec::crc32c(data, std::get<std::uint32_t>(state_)); break;
    case ChecksumAlgorithm::crc64nvme: state_ = codec::crc64nvme(data, std::get<std::uint64_t>(state_)); break;
    case ChecksumAlgorithm::sha1: std::get<codec::Sha1>(state_).update(data); break;
    case ChecksumAlgorithm::sha256: std::get<codec::Sha256>(state_).update(data); break;
  }
}

Bytes Checksummer::finish() {
  switch (algorithm_) {
    case ChecksumAlgorithm::crc32:
    case ChecksumAlgorithm::crc32c: return big_endian(std::get<std::uint32_t>(state_));
    case ChecksumAlgorithm::crc64nvme: return big_endian(std::get<std::uint64_t>(state_));
    case ChecksumAlgorithm::sha1: {
      const auto digest = std::get<codec::Sha1>(state_).finish();
      return {digest.begin(), digest.end()};
    }
    case ChecksumAlgorithm::sha256: break;
  }
  const auto digest = std::get<codec::Sha256>(state_).finish();
  return {digest.begin(), digest.end()};
}

Result<Bytes> parse_checksum(ChecksumAlgorithm algorithm, std::string_view text) {
  auto bytes = from_base64(text);
  if (!bytes || bytes->size() != bytes_of(algorithm)) {
    return fail(Code::InvalidRequest, "The value of " + std::string(header_of(algorithm)) + " is no " +
                                          std::string(name_of(algorithm)) + " in base64");
  }
  return std::move(*bytes);
}

Bytes composite_checksum(ChecksumAlgorithm algorithm, const std::vector<PartChecksum>& parts) {
  Checksummer of_all(algorithm);
  for (const PartChecksum& part : parts) of_all.update(part.value);
  return of_all.finish();
}

std::optional<Bytes> full_object_checksum(ChecksumAlgorithm algorithm, const std::vector<PartChecksum>& parts) {
  std::uint64_t joined = 0;
  for (const PartChecksum& part : parts) {
    const std::uint64_t value = number(part.value);
    switch (algorithm) {
      case ChecksumAlgorithm::crc32:
        joined = codec::join_crc32(static_cast<std::uint32_t>(joined), static_cast<std::uint32_t>(value), part.bytes);
        break;
      case ChecksumAlgorithm::crc32c:
        joined = codec::join_crc32c(static_cast<std::uint32_t>(joined), static_cast<std::uint32_t>(value), part.bytes);
        break;
      case ChecksumAlgorithm::crc64nvme: joined = codec::join_crc64nvme(joined, value, part.bytes); break;
      case ChecksumAlgorithm::sha1:
      case ChecksumAlgorithm::sha256: return std::nullopt;
    }
  }
  if (algorithm == ChecksumAlgorithm::crc64nvme) return big_endian(joined);
  return big_endian(static_cast<std::uint32_t>(joined));
}

}  // namespace atl::s3
