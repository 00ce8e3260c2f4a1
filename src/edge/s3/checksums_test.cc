#include "edge/s3/checksums.h"

#include <gtest/gtest.h>

namespace atl::s3 {
namespace {

std::string of(ChecksumAlgorithm algorithm, std::string_view text) {
  Checksummer checksum(algorithm);
  checksum.update(as_bytes(text.substr(0, text.size() / 2)));
  checksum.update(as_bytes(text.substr(text.size() / 2)));
  return to_base64(checksum.finish());
}

TEST(Checksums, AreBase64OfTheBytesHighestFirst) {
  EXPECT_EQ(of(ChecksumAlgorithm::crc32, "123456789"), "y/Q5Jg==");
  EXPECT_EQ(of(ChecksumAlgorithm::crc32c, "123456789"), "4waSgw==");
  EXPECT_EQ(of(ChecksumAlgorithm::crc64nvme, "123456789"), "rosUhgp5mIg=");
  EXPECT_EQ(of(ChecksumAlgorithm::sha1, "abc"), "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=");
  EXPECT_EQ(of(ChecksumAlgorithm::sha256, "abc"), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
  EXPECT_EQ(of(ChecksumAlgorithm::crc32c, std::string(66'560, 'a')), "sOO8/Q==") << "the reference's example";
}

TEST(Checksums, AreKnownByNameAndHeaderWhateverTheCase) {
  for (std::size_t at = 0; at < kChecksumAlgorithms; ++at) {
    const auto algorithm = static_cast<ChecksumAlgorithm>(at);
    EXPECT_EQ(algorithm_named(name_of(algorithm)), algorithm);
    EXPECT_EQ(algorithm_named(stored_name_of(algorithm)), algorithm);
    EXPECT_EQ(algorithm_of_header(header_of(algorithm)), algorithm);
    EXPECT_EQ(Checksummer(algorithm).finish().size(), bytes_of(algorithm));
  }
  EXPECT_EQ(algorithm_of_header("X-Amz-Checksum-Crc32"), ChecksumAlgorithm::crc32);
  EXPECT_FALSE(algorithm_named("md5"));
  EXPECT_FALSE(algorithm_of_header("x-amz-checksum-type"));
}

TEST(Checksums, OfTheWrongLengthAreRefused) {
  EXPECT_TRUE(parse_checksum(ChecksumAlgorithm::crc32, "y/Q5Jg=="));
  EXPECT_FALSE(parse_checksum(ChecksumAlgorithm::crc32, "y/Q5"));
  EXPECT_FALSE(parse_checksum(ChecksumAlgorithm::crc32, "no base64"));
  EXPECT_FALSE(parse_checksum(ChecksumAlgorithm::sha256, ""));
}

TEST(Checksums, OfPartsGiveThatOfTheWholeWhereTheyCan) {
  for (std::size_t at = 0; at < kChecksumAlgorithms; ++at) {
    const auto algorithm = static_cast<ChecksumAlgorithm>(at);
    std::vector<PartChecksum> parts;
    std::string whole;
    Bytes joined;
    for (const std::size_t size : {1000UL, 1UL, 70'000UL, 0UL}) {
      const std::string part(size, static_cast<char>('a' + size % 26));
      whole += part;
      Checksummer checksum(algorithm);
      checksum.update(as_bytes(part));
      parts.push_back({checksum.finish(), size});
      joined.insert(joined.end(), parts.back().value.begin(), parts.back().value.end());
    }
    const auto full = full_object_checksum(algorithm, parts);
    EXPECT_EQ(full.has_value(), at < 3);
    if (full) {
      EXPECT_EQ(to_base64(*full), of(algorithm, whole)) << name_of(algorithm);
    }
    EXPECT_EQ(to_base64(composite_checksum(algorithm, parts)), of(algorithm, as_text(joined)));
  }
}

}  // namespace
}  // namespace atl::s3
