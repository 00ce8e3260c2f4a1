#include "edge/s3/chunked_body.h"

#include <algorithm>
#include <charconv>

#include "edge/s3/checksums.h"
#include "edge/s3/errors.h"
#include "foundation/codec/hmac.h"

namespace atl::s3 {
namespace {

constexpr std::string_view kSignatureName = "chunk-signature=";
constexpr std::string_view kTrailerSignature = "x-amz-trailer-signature";

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

ChunkedBody::ChunkedBody(ReadSome read, Settings settings)
    : read_(std::move(read)), settings_(std::move(settings)), buffer_(kBufferBytes) {
  previous_signature_ = settings_.claim.signature;
}

Result<std::size_t> ChunkedBody::read(ByteSpan out) {
  if (failed_) return pass(*failed_);
  auto count = step(out);
  if (!count) failed_ = count.error();
  return count;
}

Result<bool> ChunkedBody::fill() {
  if (from_ == to_) from_ = to_ = 0;
  if (to_ == buffer_.size()) {  // a line that does not fit behind what is there: what is used goes
    std::copy(buffer_.data() + from_, buffer_.data() + to_, buffer_.data());
    to_ -= from_;
    from_ = 0;
  }
  ATOLL_ASSIGN(const std::size_t count, read_(buffer_.span().subspan(to_)));
  to_ += count;
  return count > 0;
}

Result<std::string> ChunkedBody::line(std::size_t bytes_max) {
  std::size_t looked_at = 0;
  while (true) {
    const std::string_view there = as_text(buffer_.view().subspan(from_, to_ - from_));
    const std::size_t end = there.find('\n', looked_at);
    if (end == std::string_view::npos ? there.size() > bytes_max : end > bytes_max) {
      return fail(Code::InvalidRequest,
                  "A line of the chunked body is longer than " + std::to_string(bytes_max) + " bytes");
    }
    if (end != std::string_view::npos) {
      std::string found(there.substr(0, end));
      from_ += end + 1;
      if (found.ends_with('\r')) found.pop_back();
      return found;
    }
    looked_at = there.size();
    ATOLL_ASSIGN(const bool more, fill());
    if (!more) return fail(Code::IncompleteBody, "The chunked body ends in the middle of a line");
  }
}

Result<void> ChunkedBody::begin_chunk() {
  ATOLL_ASSIGN(const std::string header, line(kChunkLineBytesMax));
  const std::size_t semicolon = header.find(';');
  const std::string_view digits = std::string_view(header).substr(0, semicolon);
  std::uint64_t size = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
  // At most 2^60 bytes: sums cannot overflow.
  if (digits.empty() || digits.size() > 15 || parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size()) {
    return fail(Code::InvalidRequest, "A chunk of the body has no length in hexadecimal digits");
  }
  if (size > settings_.decoded_bytes - total_) {
    return fail(Code::IncompleteBody, "The chunks are longer than x-amz-decoded-content-length");
  }
  chunk_signature_.clear();
  if (is_signed()) {
    const std::string_view extension =
        semicolon == std::string::npos ? std::string_view() : std::string_view(header).substr(semicolon + 1);
    if (!extension.starts_with(kSignatureName)) return fail(Code::InvalidRequest, "A chunk of the body is not signed");
    chunk_signature_ = extension.substr(kSignatureName.size());
    chunk_digest_.emplace();
  }
  chunk_left_ = size;
  is_last_ = size == 0;
  at_ = At::data;
  return {};
}

Result<void> ChunkedBody::end_chunk() {
  if (is_signed()) {
    std::string expected =
        s3::chunk_signature(settings_.key, settings_.claim, previous_signature_, chunk_digest_->finish());
    if (!codec::equal_in_constant_time(as_bytes(expected), as_bytes(chunk_signature_))) {
      return fail(Code::SignatureDoesNotMatch, "The signature of a chunk of the body does not match");
    }
    previous_signature_ = std::move(expected);
  }
  if (!is_last_) {
    at_ = At::end_of_data;
    return {};
  }
  if (total_ != settings_.decoded_bytes) {
    return fail(Code::IncompleteBody, "The chunks are shorter than x-amz-decoded-content-length");
  }
  at_ = At::trailers;
  return {};
}

// Clients end these lines with \r\n or \n, and put an empty line before the signature or not: all that is left is read,
// and empty lines say nothing.
Result<void> ChunkedBody::read_trailers() {
  std::string rest;
  while (true) {
    rest.append(as_text(buffer_.view().subspan(from_, to_ - from_)));
    from_ = to_ = 0;
    if (rest.size() > kTrailerBytesMax) {
      return fail(Code::InvalidRequest, "The trailers are longer than " + std::to_string(kTrailerBytesMax) + " bytes");
    }
    ATOLL_ASSIGN(const bool more, fill());
    if (!more) break;
  }
  std::optional<std::string> signature;
  for (std::string_view left = rest; !left.empty();) {
    const std::size_t end = left.find('\n');
    std::string_view one = left.substr(0, end);
    left = end == std::string_view::npos ? std::string_view() : left.substr(end + 1);
    if (one.ends_with('\r')) one.remove_suffix(1);
    if (one.empty()) continue;
    const std::size_t colon = one.find(':');
    if (colon == std::string_view::npos || colon == 0) {
      return fail(Code::InvalidRequest, "What follows the last chunk is no trailer");
    }
    if (signature) return fail(Code::InvalidRequest, "A trailer stands behind the trailers' signature");
    std::string name = lower(trimmed(one.substr(0, colon)));
    std::string value(trimmed(one.substr(colon + 1)));
    if (name == kTrailerSignature && is_signed() && has_trailers()) {
      signature = std::move(value);
      continue;
    }
    const auto& names = settings_.trailer_names;
    if (!has_trailers() || std::ranges::find(names, name) == names.end()) {
      return fail(Code::InvalidRequest, "The trailer " + name + " was not announced in x-amz-trailer");
    }
    if (!trailers_.emplace(name, std::move(value)).second) {
      return fail(Code::InvalidRequest, "The trailer " + name + " stands twice");
    }
  }
  for (const std::string& name : settings_.trailer_names) {
    if (!trailers_.contains(name)) return fail(Code::IncompleteBody, "The trailer " + name + " is missing");
  }
  if (is_signed() && has_trailers()) {
    std::string text;
    for (const auto& [name, value] : trailers_) text.append(name).append(":").append(value).append("\n");
    const std::string expected = trailer_signature(settings_.key, settings_.claim, previous_signature_, text);
    if (!signature || !codec::equal_in_constant_time(as_bytes(expected), as_bytes(*signature))) {
      return fail(Code::SignatureDoesNotMatch, "The signature of the trailers does not match");
    }
  }
  at_ = At::done;
  return {};
}

Result<std::size_t> ChunkedBody::step(ByteSpan out) {
  while (true) {
    switch (at_) {
      case At::done: return 0;
      case At::chunk_line: ATOLL_TRY(begin_chunk()); break;
      case At::trailers: ATOLL_TRY(read_trailers()); break;
      case At::end_of_data: {
        ATOLL_ASSIGN(const std::string nothing, line(1));
        if (!nothing.empty()) return fail(Code::InvalidRequest, "A chunk of the body is longer than its length says");
        at_ = At::chunk_line;
        break;
      }
      case At::data: {
        if (chunk_left_ == 0) {
          ATOLL_TRY(end_chunk());
          break;
        }
        if (out.empty()) return 0;
        std::size_t count = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), chunk_left_));
        if (from_ != to_) {
          count = std::min(count, to_ - from_);
          std::copy_n(buffer_.data() + from_, count, out.data());
          from_ += count;
        } else {  // straight into the reader's own memory
          ATOLL_ASSIGN(count, read_(out.first(count)));
          if (count == 0) return fail(Code::IncompleteBody, "The body ends in the middle of a chunk");
        }
        if (chunk_digest_ && is_signed()) chunk_digest_->update(out.first(count));
        chunk_left_ -= count;
        total_ += count;
        return count;
      }
    }
  }
}

std::string signed_chunk(const SigningKey& key, const Claim& claim, std::string& previous, ByteView data) {
  previous = s3::chunk_signature(key, claim, previous, codec::sha256(data));
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), data.size(), 16).ptr;
  std::string out(digits.data(), end);
  out.append(";").append(kSignatureName).append(previous).append("\r\n").append(as_text(data));
  if (!data.empty()) out += "\r\n";
  return out;
}

Result<std::vector<std::string>> parse_trailer_names(std::string_view header) {
  std::vector<std::string> names;
  while (!header.empty()) {
    const std::size_t comma = header.find(',');
    std::string name = lower(trimmed(header.substr(0, comma)));
    header = comma == std::string_view::npos ? std::string_view() : header.substr(comma + 1);
    if (name.empty()) continue;
    if (!algorithm_of_header(name)) {
      return fail(Code::InvalidRequest, "The value of x-amz-trailer is no checksum's header: " + name.substr(0, 64));
    }
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace atl::s3
