// The reference's two examples (66,560 bytes of 'a' in chunks of 64 KiB and 1 KiB), the dialects of clients, and what
// must not pass.
#include "edge/s3/chunked_body.h"

#include <gtest/gtest.h>

#include <random>

#include "edge/s3/errors.h"

namespace atl::s3 {
namespace {

const std::string kBody(66'560, 'a');

Claim claim_of(PayloadKind kind, std::string signature) {
  Claim claim;
  claim.date = "20130524";
  claim.time = "20130524T000000Z";
  claim.region = "us-east-1";
  claim.payload = kind;
  claim.signature = std::move(signature);
  return claim;
}

SigningKey key() { return signing_key("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "20130524", "us-east-1"); }

struct Outcome {
  std::string data;
  std::string error;  // code, or empty
  std::map<std::string, std::string> trailers;
};

// Feeds `sent` in pieces of random sizes, so that every border falls everywhere.
Outcome decode(const std::string& sent, ChunkedBody::Settings settings, std::uint64_t seed = 1) {
  std::mt19937_64 random(seed);
  std::size_t at = 0;
  const std::size_t step_max = seed == 0 ? sent.size() + 1 : 1 + random() % 3000;
  ChunkedBody body(
      [&](ByteSpan out) -> Result<std::size_t> {
        const std::size_t count = std::min({out.size(), sent.size() - at, std::size_t{1} + random() % step_max});
        std::copy_n(sent.data() + at, count, out.data());
        at += count;
        return count;
      },
      std::move(settings));
  Outcome outcome;
  Bytes piece(1 + random() % 5000);
  while (true) {
    const auto count = body.read(piece);
    if (!count) {
      outcome.error = facts_of(code_of(count.error())).name;
      EXPECT_FALSE(body.read(piece)) << "an error stays";
      return outcome;
    }
    if (*count == 0) break;
    outcome.data.append(as_text(ByteView(piece).first(*count)));
  }
  EXPECT_EQ(body.read(piece).value(), 0U);
  outcome.trailers = body.trailers();
  return outcome;
}

std::string example_without_trailer() {
  return "10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n" +
         kBody.substr(0, 65'536) +
         "\r\n400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n" +
         kBody.substr(65'536) +
         "\r\n0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n";
}
ChunkedBody::Settings settings_without_trailer() {
  return {claim_of(PayloadKind::signed_chunks, "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"),
          key(),
          kBody.size(),
          {}};
}

std::string example_with_trailer() {
  return "10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n" +
         kBody.substr(0, 65'536) +
         "\r\n400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n" +
         kBody.substr(65'536) +
         "\r\n0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n"
         "x-amz-checksum-crc32c:sOO8/Q==\r\n"
         "x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n";
}
ChunkedBody::Settings settings_with_trailer() {
  return {claim_of(PayloadKind::signed_chunks_and_trailer,
                   "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"),
          key(),
          kBody.size(),
          {"x-amz-checksum-crc32c"}};
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(ChunkedBody, ExamplesComeOutHoweverTheyArrive) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Outcome plain = decode(example_without_trailer(), settings_without_trailer(), seed);
    EXPECT_EQ(plain.error, "");
    EXPECT_TRUE(plain.data == kBody);
    const Outcome trailer = decode(example_with_trailer(), settings_with_trailer(), seed);
    EXPECT_EQ(trailer.error, "");
    EXPECT_TRUE(trailer.data == kBody);
    EXPECT_EQ(trailer.trailers.at("x-amz-checksum-crc32c"), "sOO8/Q==");
  }
}

TEST(ChunkedBody, DialectsOfClientsAreTaken) {
  // A bare newline and an empty line before the signature.
  EXPECT_EQ(decode(replaced(example_with_trailer(), "Q==\r\n", "Q==\n\r\n"), settings_with_trailer()).error, "");
  // Nothing behind the last line.
  std::string cut = example_with_trailer();
  cut.resize(cut.size() - 4);
  EXPECT_EQ(decode(cut, settings_with_trailer()).error, "");
  cut = example_without_trailer();
  cut.resize(cut.size() - 2);
  EXPECT_EQ(decode(cut, settings_without_trailer()).error, "");
}

TEST(ChunkedBody, AFlippedByteAnywhereIsFound) {
  const std::string whole = example_with_trailer();
  std::mt19937_64 random(7);
  int accepted = 0;
  for (int round = 0; round < 300; ++round) {
    std::string sent = whole;
    // Half of them in the lines between the data.
    const std::size_t at = round % 2 == 0 ? random() % whole.size() : whole.size() - 1 - random() % 330;
    sent[at] = static_cast<char>(sent[at] ^ (1 << random() % 8));
    const Outcome outcome = decode(sent, settings_with_trailer());
    if (outcome.error.empty()) {
      ++accepted;  // only what says nothing: the kind of an end of line, the case of a trailer's name
      EXPECT_TRUE(outcome.data == kBody) << at;
      EXPECT_EQ(outcome.trailers.at("x-amz-checksum-crc32c"), "sOO8/Q==") << at;
    }
  }
  EXPECT_LT(accepted, 60);
}

TEST(ChunkedBody, WhatWasCutOffReorderedOrAddedIsFound) {
  const std::string whole = example_without_trailer();
  for (const std::size_t size : {0UL, 5UL, 90UL, 66'000UL, whole.size() - 100, whole.size() - 5}) {
    EXPECT_EQ(decode(whole.substr(0, size), settings_without_trailer()).error, "IncompleteBody") << size;
  }
  EXPECT_EQ(decode(whole + "more", settings_without_trailer()).error, "InvalidRequest");
  EXPECT_EQ(decode(replaced(whole, "10000;", "0ffff;"), settings_without_trailer()).error, "SignatureDoesNotMatch");
  EXPECT_EQ(decode(replaced(whole, "10000;", "fffffffffffffff;"), settings_without_trailer()).error, "IncompleteBody");
  EXPECT_EQ(decode(replaced(whole, "10000;", "10000000000000000;"), settings_without_trailer()).error,
            "InvalidRequest");
  EXPECT_EQ(decode(replaced(whole, "10000;", "-1;"), settings_without_trailer()).error, "InvalidRequest");
  EXPECT_EQ(decode(replaced(whole, "10000;", "0x1;"), settings_without_trailer()).error, "InvalidRequest");
  EXPECT_EQ(decode(replaced(whole, "10000;chunk-signature=", "10000;signature="), settings_without_trailer()).error,
            "InvalidRequest");
  EXPECT_EQ(decode(std::string(5000, '0'), settings_without_trailer()).error, "InvalidRequest") << "an endless line";
  auto settings = settings_without_trailer();
  settings.decoded_bytes += 1;
  EXPECT_EQ(decode(whole, settings).error, "IncompleteBody");
  settings.decoded_bytes = 100;
  EXPECT_EQ(decode(whole, settings).error, "IncompleteBody");
}

TEST(ChunkedBody, UnsignedChunksHaveTheirTrailer) {
  ChunkedBody::Settings settings{claim_of(PayloadKind::unsigned_and_trailer, ""), {}, 5, {"x-amz-checksum-crc32"}};
  for (const char* end : {"\r\n", "\r\n\r\n", "\n\r\n\r\n", ""}) {
    const Outcome outcome = decode(std::string("5\r\nhello\r\n0\r\nX-Amz-Checksum-CRC32: NhCmhg==") + end, settings);
    EXPECT_EQ(outcome.error, "");
    EXPECT_EQ(outcome.data, "hello");
    EXPECT_EQ(outcome.trailers.at("x-amz-checksum-crc32"), "NhCmhg==");
  }
  const auto error = [&](const std::string& sent) { return decode(sent, settings).error; };
  EXPECT_EQ(error("5\r\nhello\r\n0\r\n\r\n"), "IncompleteBody") << "announced and missing";
  EXPECT_EQ(error("5\r\nhello\r\n0\r\nx-amz-checksum-crc32:a\r\nx-amz-checksum-crc32:b\r\n"), "InvalidRequest");
  EXPECT_EQ(error("5\r\nhello\r\n0\r\nx-amz-checksum-sha1:a\r\n\r\n"), "InvalidRequest") << "not announced";
  EXPECT_EQ(error("5\r\nhello!\r\n0\r\n\r\n"), "InvalidRequest");
  EXPECT_EQ(error("5\r\nhello\r\n0\r\nx-amz-checksum-crc32:" + std::string(20'000, 'a') + "\r\n\r\n"),
            "InvalidRequest");
  EXPECT_EQ(error("5\r\nhello\r\n0\r\n:x\r\n\r\n"), "InvalidRequest");
}

TEST(ChunkedBody, SignedChunksOfOursAreRead) {
  const Claim claim = claim_of(PayloadKind::signed_chunks, std::string(64, '0'));
  for (const std::size_t size : {0UL, 1UL, 100'000UL}) {
    std::string previous = claim.signature;
    const std::string data(size, 'x');
    std::string sent;
    if (size > 0) sent += signed_chunk(key(), claim, previous, as_bytes(data));
    sent += signed_chunk(key(), claim, previous, {});
    const Outcome outcome = decode(sent, {claim, key(), size, {}});
    EXPECT_EQ(outcome.error, "");
    EXPECT_TRUE(outcome.data == data);
  }
}

TEST(TrailerNames, OnlyChecksumsMayComeLast) {
  EXPECT_EQ(parse_trailer_names(" X-Amz-Checksum-CRC32 , x-amz-checksum-sha256").value(),
            (std::vector<std::string>{"x-amz-checksum-crc32", "x-amz-checksum-sha256"}));
  EXPECT_FALSE(parse_trailer_names("authorization"));
  EXPECT_TRUE(parse_trailer_names("").value().empty());
}

}  // namespace
}  // namespace atl::s3
