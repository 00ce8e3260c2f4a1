#include "edge/s3/internal/body.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "edge/s3/documents.h"

namespace atl::s3 {
namespace {

constexpr std::uint64_t kObjectBytesMax = 1ULL << 60;

Result<std::uint64_t> parse_length(std::string_view text, std::string_view name) {
  std::uint64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size() || value > kObjectBytesMax) {
    return fail(Code::InvalidArgument, std::string(name) + " must be a number of bytes");
  }
  return value;
}

}  // namespace

Result<std::unique_ptr<Body>> Body::open(Exchange& exchange, bool wants_md5, std::optional<ChecksumAlgorithm> also,
                                         ChecksumsOf checksums) {
  std::unique_ptr<Body> body(new Body(exchange));  // NOLINT: the constructor is private
  ATOLL_TRY(body->read_headers(wants_md5, also, checksums));
  return body;
}

Result<void> Body::read_headers(bool wants_md5, std::optional<ChecksumAlgorithm> also, ChecksumsOf of) {
  const net::Request& request = exchange_->request;
  const Claim& claim = exchange_->claim;
  length_ = request.content_length;
  if (!request.is_chunked && !length_) length_ = 0;
  std::vector<std::string> trailer_names;
  if (is_chunked(claim.payload)) {
    const auto decoded = exchange_->header("x-amz-decoded-content-length");
    if (!decoded) return fail(Code::MissingContentLength, "x-amz-decoded-content-length is missing");
    ATOLL_ASSIGN(length_, parse_length(*decoded, "x-amz-decoded-content-length"));
    if (const auto trailers = exchange_->request.headers.joined("x-amz-trailer")) {
      if (claim.payload == PayloadKind::signed_chunks) {
        return fail(Code::InvalidRequest, "x-amz-trailer needs one of the payload words that end in -TRAILER");
      }
      ATOLL_ASSIGN(trailer_names, parse_trailer_names(*trailers));
    }
    for (const std::string& name : trailer_names) expected_trailers_.push_back(*algorithm_of_header(name));
    ChunkedBody::Settings settings{claim, exchange_->signing_key, *length_, trailer_names};
    net::BodyReader& source = request.body;
    chunks_ = std::make_unique<ChunkedBody>([&source](ByteSpan out) { return source.read(out); }, std::move(settings));
  } else if (claim.payload == PayloadKind::hashed) {
    sha256_.emplace();
  }
  if (const auto text = exchange_->header("Content-MD5")) {
    auto expected = from_base64(net::trim_blanks(*text));
    if (!expected || expected->size() != 16) return fail(Code::InvalidDigest);
    md5_expected_ = std::move(*expected);
    wants_md5 = true;
  } else if (const auto most = length_ ? length_ : exchange_->body_bytes_max; !most || *most > kEtagIsMd5UpToBytes) {
    wants_md5 = false;
  }
  if (wants_md5) md5_.emplace();
  for (std::size_t at = 0; at < kChecksumAlgorithms && of == ChecksumsOf::body; ++at) {
    const auto algorithm = static_cast<ChecksumAlgorithm>(at);
    const auto text = exchange_->header(header_of(algorithm));
    if (!text) continue;
    ATOLL_ASSIGN(expected_[algorithm], parse_checksum(algorithm, net::trim_blanks(*text)));
  }
  if (expected_.size() + expected_trailers_.size() > 1) {
    return fail(Code::InvalidRequest, "Only one checksum can be sent with a body");
  }
  for (const std::string_view name : {"x-amz-sdk-checksum-algorithm", "x-amz-checksum-algorithm"}) {
    const auto text = exchange_->header(name);
    if (!text) continue;
    const auto algorithm = algorithm_named(*text);
    if (!algorithm) return fail(Code::InvalidRequest, std::string(name) + " names no checksum that is known here");
    if (expected_.empty() && expected_trailers_.empty() && !also) also = algorithm;
  }
  const auto add = [&](ChecksumAlgorithm algorithm) {
    const bool is_there =
        std::ranges::any_of(checksummers_, [&](const Checksummer& one) { return one.algorithm() == algorithm; });
    if (!is_there) checksummers_.emplace_back(algorithm);
  };
  for (const auto& [algorithm, value] : expected_) add(algorithm);
  for (const ChecksumAlgorithm algorithm : expected_trailers_) add(algorithm);
  if (also) add(*also);
  return {};
}

void Body::gather_md5() {
  const auto& gatherer = exchange_->context.md5;
  if (!gatherer || !md5_ || length_.value_or(UINT64_MAX) < Md5Gatherer::kPieceBytesMin) return;
  md5_.reset();
  gathered_md5_.emplace(*gatherer);
}

Result<std::size_t> Body::read(ByteSpan out) {
  ATOLL_ASSIGN(const std::size_t count, chunks_ ? chunks_->read(out) : exchange_->request.body.read(out));
  const ByteView piece = ByteView(out).first(count);
  bytes_ += count;
  if (sha256_) sha256_->update(piece);
  if (md5_) md5_->update(piece);
  if (gathered_md5_) hash(piece, count > 0 && count < out.size());
  for (Checksummer& one : checksummers_) one.update(piece);
  return count;
}

void Body::hash(ByteView piece, bool is_more_to_come) {
  ATOLL_INVARIANT(gathered_.empty() || piece.empty() || gathered_.data() + gathered_.size() == piece.data(),
                  "a body is read into one place until that is full");
  if (gathered_.empty()) {
    gathered_ = piece;
  } else {
    gathered_ = {gathered_.data(), gathered_.size() + piece.size()};
  }
  if (is_more_to_come) return;
  gathered_md5_->hand_in(std::exchange(gathered_, {}));
  if (!piece.empty()) settle();  // else it is the end, and they stay for a while
}

void Body::settle() {
  if (gathered_md5_) gathered_md5_->settle();
}

Result<void> Body::verify() {
  if (length_ && bytes_ != *length_) {
    return fail(Code::IncompleteBody, std::to_string(bytes_) + " bytes came of " + std::to_string(*length_));
  }
  if (sha256_) {
    const std::string digest = to_hex(sha256_->finish());
    std::string claimed = exchange_->claim.payload_hash;
    for (char& c : claimed) {
      if (c >= 'A' && c <= 'F') c = static_cast<char>(c + 32);
    }
    if (digest != claimed) return fail(Code::XAmzContentSHA256Mismatch);
  }
  if (md5_ || gathered_md5_) {
    md5_value_ = md5_ ? md5_->finish() : gathered_md5_->finish();
    if (md5_expected_ && !equal(*md5_expected_, *md5_value_)) {
      return fail(Code::BadDigest, "Content-MD5 does not match the body that was received");
    }
  }
  for (Checksummer& one : checksummers_) values_[one.algorithm()] = one.finish();
  for (const ChecksumAlgorithm algorithm : expected_trailers_) {
    ATOLL_ASSIGN(expected_[algorithm],
                 parse_checksum(algorithm, chunks_->trailers().at(std::string(header_of(algorithm)))));
  }
  for (const auto& [algorithm, value] : expected_) {
    if (values_.at(algorithm) != value) {
      return fail(Code::BadDigest,
                  "The " + std::string(name_of(algorithm)) + " does not match the body that was received");
    }
  }
  return {};
}

Result<std::string> read_document(Exchange& exchange, ChecksumsOf checksums) {
  ATOLL_ASSIGN(const auto body, Body::open(exchange, false, std::nullopt, checksums));
  if (body->length().value_or(0) > kDocumentBytesMax) {
    return fail(Code::EntityTooLarge, "A document of " + std::to_string(*body->length()) + " bytes is too long");
  }
  std::string document;
  Bytes piece(64 * 1024);
  for (;;) {
    ATOLL_ASSIGN(const std::size_t count, body->read(piece));
    if (count == 0) break;
    if (document.size() + count > kDocumentBytesMax) return fail(Code::EntityTooLarge);
    document.append(as_text(ByteView(piece).first(count)));
  }
  ATOLL_TRY(body->verify());
  return document;
}

}  // namespace atl::s3
