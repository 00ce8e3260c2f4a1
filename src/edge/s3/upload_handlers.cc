// Uploads in parts.
#include <algorithm>

#include "edge/s3/internal/body.h"
#include "edge/s3/internal/object_headers.h"
#include "foundation/net/range.h"
#include "vault/object/uploads.h"
#include "vault/tier/rules.h"

namespace atl::s3 {
namespace {

constexpr std::uint64_t kPartBytesMin = 5 * kMiB;
constexpr std::size_t kPartsShownMax = 1000;

Result<UploadId> parse_upload(const Exchange& exchange) {
  const auto bytes = from_base32(exchange.parameter("uploadId").value_or(""));
  if (!bytes) return fail(Code::NoSuchUpload);
  const auto id = UploadId::from_view(*bytes);
  if (!id) return fail(Code::NoSuchUpload);
  return *id;
}

Result<catalog::UploadRow> find_upload(Exchange& exchange) {
  ATOLL_ASSIGN(const UploadId id, parse_upload(exchange));
  auto row = vault::Uploads(*exchange.vault).find(exchange.bucket, exchange.key, id);
  if (!row && row.error().id == "upload.not_found") return fail(Code::NoSuchUpload);
  return row;
}

// An upload is written to, finished and ended by who began it, or by who may remove there: for all others it is none.
Result<catalog::UploadRow> find_own_upload(Exchange& exchange) {
  ATOLL_ASSIGN(auto row, find_upload(exchange));
  if (row.actor != exchange.vault->actor() && !exchange.require(access::Action::remove))
    return fail(Code::NoSuchUpload);
  return row;
}

Answer as_s3(Answer answer) {
  if (!answer && answer.error().id == "upload.not_found") return fail(Code::NoSuchUpload);
  return answer;
}

std::string part_etag(const catalog::UploadPartRow& part) { return part.etag; }

}  // namespace

Answer create_upload(Exchange& exchange) {
  ATOLL_TRY(exchange.require(access::Action::write));
  ATOLL_TRY(check_new_key(exchange.key));
  vault::NewUpload fresh;
  fresh.bucket = exchange.bucket;
  fresh.key = exchange.key;
  ATOLL_TRY(read_object_headers(exchange, fresh.version));
  ATOLL_ASSIGN(fresh.terms, read_terms(exchange));
  std::optional<ChecksumAlgorithm> algorithm;
  for (const std::string_view name : {"x-amz-checksum-algorithm", "x-amz-sdk-checksum-algorithm"}) {
    const auto text = exchange.header(name);
    if (!text) continue;
    algorithm = algorithm_named(*text);
    if (!algorithm) return fail(Code::InvalidRequest, std::string(name) + " names no checksum that is known here");
    break;
  }
  const std::string_view type = exchange.header_or("x-amz-checksum-type");
  if (!type.empty() && type != "COMPOSITE" && type != "FULL_OBJECT") {
    return fail(Code::InvalidRequest, "x-amz-checksum-type must be COMPOSITE or FULL_OBJECT");
  }
  if (algorithm) {
    fresh.checksum_algorithm = stored_name_of(*algorithm);
    const bool is_sha = *algorithm == ChecksumAlgorithm::sha1 || *algorithm == ChecksumAlgorithm::sha256;
    const bool is_64 = *algorithm == ChecksumAlgorithm::crc64nvme;
    if ((is_sha && type == "FULL_OBJECT") || (is_64 && type == "COMPOSITE")) {
      return fail(Code::InvalidRequest, "That checksum cannot be of the type " + std::string(type));
    }
    fresh.is_full_object_checksum = type == "FULL_OBJECT" || (type.empty() && is_64);
  }
  ATOLL_ASSIGN(const UploadId id, vault::Uploads(*exchange.vault).create(fresh));
  xml::Writer writer;
  writer.begin("InitiateMultipartUploadResult", kNamespace).element("Bucket", exchange.bucket);
  writer.element("Key", exchange.key).element("UploadId", to_base32(id.view())).end();
  net::Response response = xml_response(writer.finish());
  if (algorithm) {
    response.headers.add("x-amz-checksum-algorithm", std::string(name_of(*algorithm)));
    response.headers.add("x-amz-checksum-type", fresh.is_full_object_checksum ? "FULL_OBJECT" : "COMPOSITE");
  }
  return response;
}

namespace {

Answer put_part(Exchange& exchange, const catalog::UploadRow& upload, std::uint32_t number) {
  std::optional<ChecksumAlgorithm> also;
  if (!upload.checksum_algorithm.empty()) also = algorithm_named(upload.checksum_algorithm);
  ATOLL_ASSIGN(const auto body, Body::open(exchange, true, also));
  ATOLL_TRY(exchange.context.access->check_quota(exchange.who, exchange.vault_id, exchange.bucket,
                                                 body->length().value_or(0), 0));
  ATOLL_ASSIGN(const auto bucket, exchange.vault->reader()->bucket(upload.bucket));
  if (!bucket) return fail(Code::NoSuchBucket);
  // The name decides how it is cut; the length of all is not known yet.
  ATOLL_ASSIGN(const auto becomes, catalog::decode_version(Bytes(32), upload.version));
  body->gather_md5();
  ATOLL_ASSIGN(const auto stored, vault::store_content(
                                      *exchange.vault, *bucket, body->length().value_or(0), upload.key,
                                      [&](ByteSpan out) { return body->read(out); }, vault::tier_of_class(becomes),
                                      [&] { body->settle(); }));
  ATOLL_TRY(body->verify());
  vault::StoredPart part;
  part.number = number;
  part.content = stored.content;
  part.size = stored.bytes;
  part.etag = body->md5() ? to_hex(*body->md5()) : vault::etag_of(stored.content, stored.bytes).substr(0, 32);
  net::Response response = empty_response(200);
  for (const auto& [algorithm, value] : body->checksums()) {
    part.checksums.emplace_back(stored_name_of(algorithm), to_hex(value));
    response.headers.add(std::string(header_of(algorithm)), to_base64(value));
  }
  ATOLL_TRY(vault::Uploads(*exchange.vault).put_part(upload, part));
  response.headers.add("ETag", quoted(part.etag));
  return response;
}

Answer copy_part(Exchange& exchange, const catalog::UploadRow& upload, std::uint32_t number) {
  ATOLL_ASSIGN(const Chosen source, choose_copy_source(exchange));
  const catalog::VersionRow& from = source.version.row;
  std::uint64_t offset = 0;
  std::uint64_t length = from.size;
  if (const auto range = exchange.header("x-amz-copy-source-range")) {
    const auto wanted = net::parse_range(*range, from.size);
    if (wanted.kind != net::RangeRequest::Kind::ranges || wanted.ranges.size() != 1) {
      return fail(Code::InvalidRange, "x-amz-copy-source-range must read bytes=FIRST-LAST, inside of the object");
    }
    offset = wanted.ranges.front().first;
    length = wanted.ranges.front().length;
  }
  ATOLL_TRY(exchange.context.access->check_quota(exchange.who, exchange.vault_id, exchange.bucket, length, 0));
  ATOLL_ASSIGN(const auto bucket, exchange.vault->reader()->bucket(upload.bucket));
  if (!bucket) return fail(Code::NoSuchBucket);
  ATOLL_ASSIGN(const auto stored, content_for_copy(exchange, *bucket, from, offset, length));
  vault::StoredPart part;
  part.number = number;
  part.content = stored.content;
  part.size = length;
  part.etag = vault::etag_of(stored.content, length).substr(0, 32);
  ATOLL_TRY(vault::Uploads(*exchange.vault).put_part(upload, part, &from));
  xml::Writer writer;
  writer.begin("CopyPartResult", kNamespace).element("LastModified", format_time(exchange.now));
  writer.element("ETag", quoted(part.etag)).end();
  return xml_response(writer.finish());
}

}  // namespace

Answer upload_part(Exchange& exchange) {
  ATOLL_TRY(exchange.require(access::Action::write));
  ATOLL_ASSIGN(const std::uint64_t number, exchange.number("partNumber", 0, vault::kUploadPartsMax));
  if (number < 1) return fail(Code::InvalidArgument, "partNumber must be from 1 to 10000");
  ATOLL_ASSIGN(const auto upload, find_own_upload(exchange));
  const bool is_copy = exchange.operation->operation == Operation::UploadPartCopy;
  return as_s3(is_copy ? copy_part(exchange, upload, static_cast<std::uint32_t>(number))
                       : put_part(exchange, upload, static_cast<std::uint32_t>(number)));
}

namespace {

// The parts that are named, as they are stored. InvalidPart, InvalidPartOrder, EntityTooSmall.
Result<std::vector<catalog::UploadPartRow>> chosen_parts(Exchange& exchange, const catalog::UploadRow& upload,
                                                         const CompleteDocument& document) {
  ATOLL_ASSIGN(const auto stored, vault::Uploads(*exchange.vault).parts(upload.id, 0, vault::kUploadPartsMax));
  std::vector<catalog::UploadPartRow> parts;
  std::uint32_t before = 0;
  for (const CompleteDocument::Part& named : document.parts) {
    if (named.number <= before) return fail(Code::InvalidPartOrder);
    before = named.number;
    const auto found = std::ranges::lower_bound(stored, named.number, {}, &catalog::UploadPartRow::number);
    if (found == stored.end() || found->number != named.number || part_etag(*found) != named.etag) {
      return fail(Code::InvalidPart,
                  "Part " + std::to_string(named.number) + " was not uploaded, or its ETag is another");
    }
    for (const auto& [algorithm, text] : named.checksums) {
      ATOLL_ASSIGN(const Bytes value, parse_checksum(algorithm, text));
      const auto kept = std::ranges::find(found->checksums, std::string(stored_name_of(algorithm)),
                                          [](const auto& pair) { return pair.first; });
      if (kept != found->checksums.end() && kept->second != to_hex(value)) {
        return fail(Code::InvalidPart, "The checksum of part " + std::to_string(named.number) + " is another");
      }
    }
    if (!parts.empty() && parts.back().size < kPartBytesMin) return fail(Code::EntityTooSmall);
    parts.push_back(*found);
  }
  return parts;
}

// Of all the parts, where each has one of the algorithm; the key under which a version keeps it, and the value.
Result<std::optional<std::pair<std::string, std::string>>> joined_checksum(
    const Exchange& exchange, const catalog::UploadRow& upload, const std::vector<catalog::UploadPartRow>& parts) {
  const auto none = std::optional<std::pair<std::string, std::string>>();
  if (upload.checksum_algorithm.empty()) return none;
  const auto algorithm = algorithm_named(upload.checksum_algorithm);
  if (!algorithm) return none;
  std::vector<PartChecksum> values;
  for (const auto& part : parts) {
    const auto kept =
        std::ranges::find(part.checksums, upload.checksum_algorithm, [](const auto& pair) { return pair.first; });
    if (kept == part.checksums.end()) return none;  // of a part that was copied
    ATOLL_ASSIGN(Bytes value, from_hex(kept->second));
    values.push_back({std::move(value), part.size});
  }
  if (upload.is_full_object_checksum) {
    const auto full = full_object_checksum(*algorithm, values);
    if (!full) return none;
    if (const auto claimed = exchange.header(header_of(*algorithm))) {
      ATOLL_ASSIGN(const Bytes value, parse_checksum(*algorithm, *claimed));
      if (value != *full) return fail(Code::BadDigest, "The checksum of the whole object does not match its parts");
    }
    return std::optional(std::pair(upload.checksum_algorithm, to_hex(*full)));
  }
  return std::optional(std::pair(upload.checksum_algorithm + "-composite",
                                 to_hex(composite_checksum(*algorithm, values)) + "-" + std::to_string(parts.size())));
}

// The MD5 of the parts' digests and their number, as S3 has it; of parts without an MD5 it is no MD5 of anything else.
std::string joined_etag(const std::vector<catalog::UploadPartRow>& parts) {
  codec::Md5 digest;
  for (const auto& part : parts) {
    const auto bytes = from_hex(part.etag);
    digest.update(bytes ? ByteView(*bytes) : as_bytes(part.etag));
  }
  return to_hex(digest.finish()) + "-" + std::to_string(parts.size());
}

}  // namespace

Answer complete_upload(Exchange& exchange) {
  ATOLL_TRY(exchange.require(access::Action::write));
  ATOLL_ASSIGN(const auto upload, find_own_upload(exchange));
  ATOLL_ASSIGN(const std::string text, read_document(exchange, ChecksumsOf::object));
  ATOLL_ASSIGN(const CompleteDocument document, read_complete(text));
  vault::Uploads::Completion completion;
  ATOLL_ASSIGN(completion.parts, chosen_parts(exchange, upload, document));
  std::uint64_t size = 0;
  for (const auto& part : completion.parts) size += part.size;
  if (const auto claimed = exchange.header("x-amz-mp-object-size"); claimed && *claimed != std::to_string(size)) {
    return fail(Code::InvalidRequest, "x-amz-mp-object-size is not the sum of the parts");
  }
  completion.etag = joined_etag(completion.parts);
  ATOLL_ASSIGN(const auto checksum, joined_checksum(exchange, upload, completion.parts));
  if (checksum) completion.checksums.insert(*checksum);
  ATOLL_ASSIGN(const vault::BucketState state, vault::bucket_state(*exchange.vault->reader(), exchange.bucket));
  completion.check = write_condition(exchange, state.versioning() == catalog::Versioning::enabled);
  auto completed = vault::Uploads(*exchange.vault).complete(upload, completion);
  if (!completed && completed.error().id == "upload.not_found") return fail(Code::NoSuchUpload);
  if (!completed) return pass(completed.error());
  exchange.note_usage(completed->change);
  catalog::VersionRow version;
  version.checksums = completion.checksums;
  xml::Writer writer;
  writer.begin("CompleteMultipartUploadResult", kNamespace);
  writer.element("Location", "/" + exchange.bucket + "/" + uri_encode(exchange.key, Slash::kept));
  writer.element("Bucket", exchange.bucket).element("Key", exchange.key).element("ETag", quoted(completion.etag));
  write_checksum_elements(version, writer);
  writer.end();
  net::Response response = xml_response(writer.finish());
  if (state.was_ever_versioned()) {
    response.headers.add("x-amz-version-id", version_text(completed->change.id, completed->change.has_id));
  }
  return response;
}

Answer abort_upload(Exchange& exchange) {
  ATOLL_TRY(exchange.require(access::Action::write));
  ATOLL_ASSIGN(const auto upload, find_own_upload(exchange));
  const auto aborted = vault::Uploads(*exchange.vault).abort(upload);
  if (!aborted && aborted.error().id == "upload.not_found") return fail(Code::NoSuchUpload);
  if (!aborted) return pass(aborted.error());
  return empty_response(204);
}

Answer list_parts(Exchange& exchange) {
  ATOLL_TRY(exchange.require(access::Action::write));
  ATOLL_ASSIGN(const auto upload, find_upload(exchange));
  ATOLL_ASSIGN(const std::uint64_t wanted, exchange.number("max-parts", kPartsShownMax, INT32_MAX));
  ATOLL_ASSIGN(const std::uint64_t after, exchange.number("part-number-marker", 0, INT32_MAX));
  const std::size_t limit = static_cast<std::size_t>(std::min<std::uint64_t>(wanted, kPartsShownMax));
  ATOLL_ASSIGN(auto parts,
               vault::Uploads(*exchange.vault).parts(upload.id, static_cast<std::uint32_t>(after), limit + 1));
  const bool has_more = parts.size() > limit;
  if (has_more) parts.pop_back();
  xml::Writer writer;
  writer.begin("ListPartsResult", kNamespace).element("Bucket", exchange.bucket).element("Key", exchange.key);
  writer.element("UploadId", to_base32(upload.id.view()));
  write_owner(writer, "Initiator", upload.actor);
  write_owner(writer, "Owner", upload.actor);
  writer.element("StorageClass", "STANDARD").element("PartNumberMarker", std::to_string(after));
  if (has_more && !parts.empty()) writer.element("NextPartNumberMarker", std::to_string(parts.back().number));
  writer.element("MaxParts", std::to_string(limit)).element("IsTruncated", has_more ? "true" : "false");
  if (const auto algorithm = algorithm_named(upload.checksum_algorithm)) {
    writer.element("ChecksumAlgorithm", name_of(*algorithm));
    writer.element("ChecksumType", upload.is_full_object_checksum ? "FULL_OBJECT" : "COMPOSITE");
  }
  for (const auto& part : parts) {
    writer.begin("Part").element("PartNumber", std::to_string(part.number));
    writer.element("LastModified", format_time(part.modified)).element("ETag", quoted(part.etag));
    writer.element("Size", std::to_string(part.size));
    for (const auto& [name, value] : part.checksums) {
      const auto algorithm = algorithm_named(name);
      const auto bytes = from_hex(value);
      if (algorithm && bytes) writer.element("Checksum" + std::string(name_of(*algorithm)), to_base64(*bytes));
    }
    writer.end();
  }
  writer.end();
  return xml_response(writer.finish());
}

}  // namespace atl::s3
