// Objects: storing, reading, copying, removing.
#include <algorithm>
#include <charconv>
#include <cstring>

#include "edge/s3/internal/body.h"
#include "edge/s3/internal/object_headers.h"
#include "foundation/net/conditions.h"
#include "foundation/net/http_date.h"
#include "foundation/net/range.h"
#include "vault/object/uploads.h"
#include "vault/tier/accesses.h"
#include "vault/tier/rules.h"

namespace atl::s3 {
namespace {

// Up to here the content is read before the answer begins, so that damage is a clear error.
constexpr std::uint64_t kReadAtOnceBytes = 256 * kKiB;

// Answers that lend more than this together copy instead: a client that reads slowly holds what it was lent.
constexpr std::uint64_t kLentBytesMax = 64 * kMiB;

// Shorter answers are over before another thread is awake.
constexpr std::uint64_t kReadAheadBytes = 8 * kMiB;

// The bytes of a version, from a place on. Lent from where they lie in memory, neighbouring chunks as one piece.
class VersionSource final : public net::BodySource {
 public:
  VersionSource(const ServiceContext& context, std::shared_ptr<vault::Vault> vault, catalog::VersionRow version,
                std::uint64_t offset, std::uint64_t length)
      : all_lent_bytes_(context.lent_bytes),
        vault_(std::move(vault)),
        version_(std::make_shared<const catalog::VersionRow>(std::move(version))),
        at_(offset),
        left_(length) {
    if (context.read_ahead && length >= kReadAheadBytes) ahead_.emplace(context.read_ahead);
  }
  VersionSource(const VersionSource&) = delete;
  VersionSource& operator=(const VersionSource&) = delete;
  VersionSource(VersionSource&&) = delete;
  VersionSource& operator=(VersionSource&&) = delete;
  ~VersionSource() override { take_back(); }
  Result<net::Pulled> pull(ByteSpan out) override {
    net::Pulled pulled;
    take_back();
    if (version_->holes.empty() && all_lent_bytes_->load(std::memory_order_relaxed) < kLentBytesMax) {
      ATOLL_TRY(lend());
      counted_bytes_ = lent_.size() + next_.size();
      all_lent_bytes_->fetch_add(counted_bytes_, std::memory_order_relaxed);
      pulled.borrowed = lent_;
    } else {
      lent_ = next_ = {};
      lent_held_ = next_held_ = nullptr;
      ATOLL_ASSIGN(pulled.bytes, copy_to(out));
    }
    const std::size_t given = pulled.bytes + pulled.borrowed.size();
    at_ += given;
    left_ -= given;
    pulled.state = left_ == 0 ? net::Pulled::State::end : net::Pulled::State::more;
    return pulled;
  }

 private:
  static tl::unexpected<Error> is_short() {
    return atl::fail(ErrorKind::damaged, "content.short", "a version has less content than its row says");
  }
  void take_back() { all_lent_bytes_->fetch_sub(std::exchange(counted_bytes_, 0), std::memory_order_relaxed); }
  // Into lent_: the next piece, as long as what follows lies right behind it.
  Result<void> lend() {
    lent_ = std::exchange(next_, {});
    lent_held_ = std::exchange(next_held_, nullptr);
    ATOLL_TRY(vault::read_content_held(vault_->chunks(), version_->content, at_ + lent_.size(), left_ - lent_.size(),
                                       [&](ByteView piece, const std::shared_ptr<const void>& held) -> Result<bool> {
                                         if (lent_.empty()) {
                                           lent_ = piece;
                                           lent_held_ = held;
                                           return true;
                                         }
                                         if (held == lent_held_ && lent_.data() + lent_.size() == piece.data()) {
                                           lent_ = {lent_.data(), lent_.size() + piece.size()};
                                           return true;
                                         }
                                         next_ = piece;
                                         next_held_ = held;
                                         return false;
                                       }));
    if (lent_.empty() && left_ > 0) return is_short();
    // What comes next is open already, its first chunk is next_. What comes behind that begins about as far on as this
    // is long: what is opened by a guess that is a little wrong is wanted later, or is open.
    const std::uint64_t ahead = 2 * lent_.size() + next_.size();
    if (ahead_ && !next_.empty() && ahead < left_) ahead_->want(vault_, version_, at_ + ahead);
    return {};
  }
  Result<std::size_t> copy_to(ByteSpan out) {
    const std::uint64_t wanted = std::min<std::uint64_t>(left_, out.size());
    std::size_t filled = 0;
    ATOLL_TRY(vault::read_version(vault_->chunks(), *version_, at_, wanted, [&](ByteView piece) -> Result<bool> {
      // Not std::ranges::copy: of const bytes libstdc++ 12 makes a loop of it, one byte at a time.
      if (!piece.empty()) std::memcpy(out.data() + filled, piece.data(), piece.size());
      filled += piece.size();
      return true;
    }));
    if (filled != wanted) return is_short();
    return filled;
  }

  std::shared_ptr<std::atomic<std::uint64_t>> all_lent_bytes_;
  std::uint64_t counted_bytes_ = 0;  // in it, by this answer
  std::shared_ptr<vault::Vault> vault_;
  std::shared_ptr<const catalog::VersionRow> version_;
  std::optional<vault::ReadAhead::Reader> ahead_;  // of long answers
  std::uint64_t at_;
  std::uint64_t left_;
  ByteView lent_;
  std::shared_ptr<const void> lent_held_;
  ByteView next_;  // found already, but not behind lent_
  std::shared_ptr<const void> next_held_;
};

net::Representation representation_of(const catalog::VersionRow& version) {
  net::Representation there;
  there.tag = net::EntityTag{vault::etag_of(version), false};
  there.modified_unix_seconds = seconds_of(version.begin_time);
  return there;
}

// What stands for an error where the latest version is a delete marker.
net::Response marker_response(const Exchange& exchange, const Error& error, const ChoiceFailure& failure) {
  net::Response response;
  response.status = facts_of(code_of(error)).status;
  response.headers.add("Content-Type", "application/xml");
  response.headers.add("x-amz-delete-marker", "true");
  if (!failure.marker_id.empty()) response.headers.add("x-amz-version-id", failure.marker_id);
  response.body = error_document(error, "/" + exchange.bucket + "/" + exchange.key, exchange.request_id);
  return response;
}

// Headers of an answer that the address may set.
void override_headers(const Exchange& exchange, net::Headers& headers) {
  if (exchange.claim.is_anonymous) return;
  static constexpr std::pair<std::string_view, std::string_view> kOverrides[] = {
      {"response-content-type", "Content-Type"},
      {"response-content-language", "Content-Language"},
      {"response-expires", "Expires"},
      {"response-cache-control", "Cache-Control"},
      {"response-content-disposition", "Content-Disposition"},
      {"response-content-encoding", "Content-Encoding"}};
  for (const auto& [parameter, header] : kOverrides) {
    const auto value = exchange.parameter(parameter);
    const bool is_clean =
        value && std::ranges::none_of(*value, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
    if (is_clean) headers.set(header, std::string(*value));
  }
}

void write_lock_headers(Exchange& exchange, const catalog::VersionRow& version, net::Headers& headers) {
  const auto terms = terms_of(*exchange.vault->reader(), version);
  if (!terms) return;
  if (terms->mode != catalog::LockMode::none) {
    headers.add("x-amz-object-lock-mode", std::string(name_of(terms->mode)));
    headers.add("x-amz-object-lock-retain-until-date", format_time(terms->until));
  }
  if (terms->mode != catalog::LockMode::none || terms->is_held) {
    headers.add("x-amz-object-lock-legal-hold", terms->is_held ? "ON" : "OFF");
  }
}

void write_version_id(const vault::BucketState& state, const vault::VersionChange& change, net::Headers& headers) {
  if (state.was_ever_versioned()) headers.add("x-amz-version-id", version_text(change.id, change.has_id));
}

// Clients do not fetch what is GLACIER or DEEP_ARCHIVE unless they are told that it was restored. Here it can be read
// at any time.
void write_storage_class(const catalog::VersionRow& version, net::Headers& headers) {
  const std::string storage_class = storage_class_of(version);
  if (storage_class == "STANDARD") return;
  headers.set("x-amz-storage-class", storage_class);
  if (storage_class == "GLACIER" || storage_class == "DEEP_ARCHIVE") {
    headers.set("x-amz-restore", R"(ongoing-request="false", expiry-date="Fri, 31 Dec 9999 00:00:00 GMT")");
  }
}

// By the object's own access list, where neither grants nor the bucket's policy allow it.
Result<void> require_by_list(Exchange& exchange, access::Action action, const catalog::VersionRow& version) {
  ATOLL_ASSIGN(const auto terms, terms_of(*exchange.vault->reader(), version));
  const auto list = access::access_list_named(terms.access_list);
  return exchange.require_with_list(action, list.value_or(access::AccessList::owner_only));
}

struct PartPlace {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::size_t count = 0;  // of parts; 0: it did not come in parts, and is one
};
// The part that partNumber names.
Result<PartPlace> find_part(Exchange& exchange, const catalog::VersionRow& version) {
  ATOLL_ASSIGN(const std::uint64_t number, exchange.number("partNumber", 0, vault::kUploadPartsMax));
  if (number < 1) return fail(Code::InvalidArgument, "partNumber must be from 1 to 10000");
  if (exchange.header("Range")) return fail(Code::InvalidRequest, "Range and partNumber exclude each other");
  ATOLL_ASSIGN(const auto terms, terms_of(*exchange.vault->reader(), version));
  ATOLL_ASSIGN(const auto sizes, vault::read_part_sizes(terms.part_sizes));
  PartPlace part;
  part.count = sizes.size();
  if (sizes.empty() && number == 1) {
    part.length = version.size;
    return part;
  }
  if (number > sizes.size()) return fail(Code::InvalidPart, "The object has no part " + std::to_string(number));
  for (std::size_t at = 0; at + 1 < number; ++at) part.offset += sizes[at];
  part.length = sizes[static_cast<std::size_t>(number) - 1];
  return part;
}

// A stored body's etag: the MD5 where it was computed.
std::string etag_for(const Body& body) { return body.md5() ? to_hex(*body.md5()) : std::string(); }

}  // namespace

Answer get_object(Exchange& exchange) {
  const bool is_head = exchange.operation->operation == Operation::HeadObject;
  const bool names_version = exchange.parameter("versionId").has_value();
  const access::Action action = names_version ? access::Action::read_version
                                : is_head     ? access::Action::read_metadata
                                              : access::Action::read;
  const auto allowed = exchange.require(action);
  ChoiceFailure failure;
  auto chosen = choose_version(exchange, failure);
  if (!allowed) {
    // Its own list may open it. Whether it is there is not told to whoever may not read it.
    if (!chosen) return pass(allowed.error());
    ATOLL_TRY(require_by_list(exchange, action, chosen->version.row));
  }
  if (!chosen) {
    if (failure.is_marker) return marker_response(exchange, chosen.error(), failure);
    return pass(chosen.error());
  }
  const catalog::VersionRow& version = chosen->version.row;
  const net::Headers& headers = exchange.request.headers;
  const std::int64_t now_s = seconds_of(exchange.now);
  const net::Representation there = representation_of(version);
  net::Response response;
  switch (net::evaluate_conditions(headers, "GET", there, now_s, {.takes_bare_tags = true})) {
    case net::Outcome::proceed: break;
    case net::Outcome::precondition_failed: return fail(Code::PreconditionFailed);
    case net::Outcome::not_modified:
      response.status = 304;
      response.headers.add("ETag", quoted(there.tag->opaque));
      response.headers.add("Last-Modified", net::format_http_date(seconds_of(version.begin_time)));
      return response;
  }
  std::uint64_t offset = 0;
  std::uint64_t length = version.size;
  if (exchange.parameter("partNumber")) {
    ATOLL_ASSIGN(const PartPlace part, find_part(exchange, version));
    offset = part.offset;
    length = part.length;
    if (length > 0) {
      response.status = 206;
      response.headers.add("Content-Range", net::format_content_range({offset, length}, version.size));
    }
    if (part.count > 0) response.headers.add("x-amz-mp-parts-count", std::to_string(part.count));
  } else if (const auto range = headers.get("Range"); range && net::range_applies(headers, there, now_s)) {
    const auto wanted = net::parse_range(*range, version.size);
    if (wanted.kind == net::RangeRequest::Kind::unsatisfiable) {
      auto refused = xml_response(error_document(fail(Code::InvalidRange).value(),
                                                 "/" + exchange.bucket + "/" + exchange.key, exchange.request_id));
      refused.status = 416;
      refused.headers.add("Content-Range", net::format_content_range_unsatisfied(version.size));
      return refused;
    }
    if (wanted.kind == net::RangeRequest::Kind::ranges && wanted.ranges.size() == 1) {
      offset = wanted.ranges.front().first;
      length = wanted.ranges.front().length;
      response.status = 206;
      response.headers.add("Content-Range", net::format_content_range(wanted.ranges.front(), version.size));
    }
  }
  write_object_headers(exchange, *chosen, response.headers);
  // Of the whole: clients would compare them with the piece they got.
  if (response.status == 200 && exchange.header_or("x-amz-checksum-mode") == "ENABLED") {
    write_checksum_headers(version, response.headers);
  }
  if (chosen->state.has_object_lock()) write_lock_headers(exchange, version, response.headers);
  write_storage_class(version, response.headers);
  override_headers(exchange, response.headers);
  response.length = length;
  if (is_head) return response;
  exchange.vault->accesses().note(version.object);
  if (length <= kReadAtOnceBytes) {
    Bytes content;
    content.reserve(static_cast<std::size_t>(length));
    ATOLL_TRY(
        vault::read_version(exchange.vault->chunks(), version, offset, length, [&](ByteView piece) -> Result<bool> {
          content.insert(content.end(), piece.begin(), piece.end());
          return true;
        }));
    if (content.size() != length) {
      return atl::fail(ErrorKind::damaged, "content.short", "a version has less content than its row says");
    }
    response.body = std::move(content);
  } else {
    response.body =
        std::make_unique<VersionSource>(exchange.context, std::move(exchange.vault), version, offset, length);
  }
  return response;
}

Answer put_object(Exchange& exchange) {
  // Whether it replaces something, and the right to that, is asked when it is committed.
  ATOLL_TRY(exchange.require(access::Action::write));
  ATOLL_TRY(check_new_key(exchange.key));
  vault::NewVersion fresh;
  fresh.key = exchange.key;
  ATOLL_TRY(read_object_headers(exchange, fresh.version));
  ATOLL_ASSIGN(const vault::VersionTerms terms, read_terms(exchange));
  ATOLL_ASSIGN(const vault::BucketState state, vault::bucket_state(*exchange.vault->reader(), exchange.bucket));
  if (!state.has_object_lock() && (terms.is_held || terms.mode != catalog::LockMode::none)) {
    return fail(Code::InvalidRequest, "The bucket has no object lock");
  }
  ATOLL_ASSIGN(const auto body, Body::open(exchange, !exchange.context.has_fast_etags));
  const std::uint64_t bytes_most = body->length().value_or(exchange.body_bytes_max.value_or(0));
  ATOLL_TRY(exchange.context.access->check_quota(exchange.who, exchange.vault_id, exchange.bucket, bytes_most, 1));
  // Conditions that fail already are told before the body is sent.
  if (net::has_conditions(exchange.request.headers)) {
    ATOLL_ASSIGN(const auto there, exchange.vault->reader()->current(state.bucket.id, exchange.key));
    ATOLL_TRY(write_condition(exchange, true)(there ? &there->version : nullptr));
  }
  body->gather_md5();
  ATOLL_ASSIGN(const auto stored, vault::store_content(
                                      *exchange.vault, state.bucket, body->length().value_or(0), exchange.key,
                                      [&](ByteSpan out) { return body->read(out); },
                                      vault::tier_of_class(fresh.version), [&] { body->settle(); }));
  ATOLL_TRY(body->verify());
  fresh.version.kind =
      exchange.key.ends_with('/') && stored.bytes == 0 ? catalog::EntryKind::marker : catalog::EntryKind::file;
  fresh.version.size = stored.bytes;
  fresh.version.content = stored.content;
  fresh.version.etag = etag_for(*body);
  for (const auto& [algorithm, value] : body->checksums()) {
    fresh.version.checksums[std::string(stored_name_of(algorithm))] = to_hex(value);
  }
  const VersionId id = platform::new_id<VersionId>(*exchange.context.machine);
  vault::VersionChange change;
  vault::BucketState committed;
  ATOLL_TRY(exchange.vault->commit_content(
      [&](const vault::CommitContext& context, vault::ChangeSet& changes) -> Result<void> {
        ATOLL_ASSIGN(committed, vault::bucket_state(context.state, exchange.bucket));
        const bool keeps = committed.versioning() == catalog::Versioning::enabled;
        ATOLL_ASSIGN(change, vault::stage_version(context, changes, committed, fresh, id, exchange.vault->actor(),
                                                  terms, write_condition(exchange, keeps)));
        return {};
      }));
  exchange.note_usage(change);
  net::Response response;
  response.headers.add("ETag", quoted(vault::etag_of(fresh.version)));
  write_version_id(committed, change, response.headers);
  write_checksum_headers(fresh.version, response.headers);
  return response;
}

namespace {

struct CopySource {
  std::string bucket;
  std::string key;
  std::optional<std::string> version;
};

Result<CopySource> parse_copy_source(std::string_view header) {
  CopySource source;
  std::string_view path = header;
  if (const std::size_t at = path.find('?'); at != std::string_view::npos) {
    const std::string_view query = path.substr(at + 1);
    if (query.starts_with("versionId=")) {
      ATOLL_ASSIGN(source.version, uri_decode(query.substr(10), Plus::is_plus));
      path = path.substr(0, at);
    }
  }
  ATOLL_ASSIGN(std::string decoded, uri_decode(path, Plus::is_plus));
  if (decoded.starts_with('/')) decoded.erase(0, 1);
  const std::size_t slash = decoded.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == decoded.size()) {
    return fail(Code::InvalidArgument, "x-amz-copy-source must read BUCKET/key, percent-encoded");
  }
  source.bucket = decoded.substr(0, slash);
  source.key = decoded.substr(slash + 1);
  return source;
}

Result<void> check_source_conditions(const Exchange& exchange, const catalog::VersionRow& version) {
  static constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"x-amz-copy-source-if-match", "If-Match"},
      {"x-amz-copy-source-if-none-match", "If-None-Match"},
      {"x-amz-copy-source-if-modified-since", "If-Modified-Since"},
      {"x-amz-copy-source-if-unmodified-since", "If-Unmodified-Since"}};
  net::Headers conditions;
  for (const auto& [from, to] : kNames) {
    if (const auto value = exchange.header(from)) conditions.add(std::string(to), std::string(*value));
  }
  if (conditions.empty()) return {};
  const auto outcome = net::evaluate_conditions(conditions, "GET", representation_of(version), seconds_of(exchange.now),
                                                {.takes_bare_tags = true});
  if (outcome != net::Outcome::proceed) return fail(Code::PreconditionFailed);
  return {};
}

}  // namespace

Result<Chosen> choose_copy_source(Exchange& exchange) {
  ATOLL_ASSIGN(const CopySource source, parse_copy_source(*exchange.header(kCopySource)));
  ATOLL_TRY(exchange.require(source.version ? access::Action::read_version : access::Action::read, source.bucket,
                             source.key));
  ChoiceFailure failure;
  ATOLL_ASSIGN(Chosen chosen,
               choose_version(*exchange.vault->reader(), source.bucket, source.key, source.version, failure));
  ATOLL_TRY(check_source_conditions(exchange, chosen.version.row));
  return chosen;
}

Result<vault::StoredContent> content_for_copy(Exchange& exchange, const catalog::BucketRow& target,
                                              const catalog::VersionRow& version, std::uint64_t offset,
                                              std::uint64_t length) {
  if (version.content.domain == target.domain && offset == 0 && length == version.size && version.holes.empty()) {
    vault::StoredContent shared;
    shared.use = exchange.vault->chunks().begin_use();
    shared.content = version.content;
    shared.bytes = length;
    return shared;
  }
  // Other keys, a part of it, or holes that S3 does not know: read and stored anew.
  std::uint64_t at = offset;
  const std::uint64_t end = offset + length;
  return vault::store_content(*exchange.vault, target, length, exchange.key, [&](ByteSpan out) -> Result<std::size_t> {
    std::size_t filled = 0;
    const std::uint64_t wanted = std::min<std::uint64_t>(out.size(), end - at);
    ATOLL_TRY(vault::read_version(exchange.vault->chunks(), version, at, wanted, [&](ByteView piece) -> Result<bool> {
      if (!piece.empty()) std::memcpy(out.data() + filled, piece.data(), piece.size());
      filled += piece.size();
      return true;
    }));
    at += filled;
    return filled;
  });
}

Answer copy_object(Exchange& exchange) {
  ATOLL_TRY(exchange.require(access::Action::write));
  ATOLL_TRY(check_new_key(exchange.key));
  ATOLL_ASSIGN(const Chosen source, choose_copy_source(exchange));
  const catalog::VersionRow& from = source.version.row;
  const std::string_view directive = exchange.header_or("x-amz-metadata-directive", "COPY");
  const std::string_view tagging = exchange.header_or("x-amz-tagging-directive", "COPY");
  if ((directive != "COPY" && directive != "REPLACE") || (tagging != "COPY" && tagging != "REPLACE")) {
    return fail(Code::InvalidArgument, "x-amz-metadata-directive and x-amz-tagging-directive are COPY or REPLACE");
  }
  vault::NewVersion fresh;
  fresh.key = exchange.key;
  ATOLL_TRY(read_object_headers(exchange, fresh.version));
  if (directive == "COPY") {
    const std::string storage_class(vault::kStorageClassKey);
    auto wanted = fresh.version.metadata.extract(storage_class);
    fresh.version.metadata = from.metadata;
    fresh.version.metadata.erase(storage_class);  // as S3 has it: a copy is STANDARD where it says nothing else
    if (!wanted.empty()) fresh.version.metadata.insert(std::move(wanted));
    fresh.version.content_type = from.content_type;
    fresh.version.modified = from.modified;
    if (from.has_source && !fresh.version.metadata.contains("mtime")) {
      fresh.version.metadata["mtime"] = format_mtime(from.modified);
    }
  }
  if (tagging == "COPY") fresh.version.tags = from.tags;
  ATOLL_ASSIGN(const vault::VersionTerms terms, read_terms(exchange));
  ATOLL_ASSIGN(const vault::BucketState target, vault::bucket_state(*exchange.vault->reader(), exchange.bucket));
  const bool is_itself =
      source.state.bucket.id == target.bucket.id && source.entry.key == exchange.key && source.version.is_latest;
  if (is_itself && directive == "COPY" && tagging == "COPY" && !exchange.header("x-amz-storage-class")) {
    return fail(Code::InvalidRequest,
                "An object can be copied onto itself only with new metadata, tags or storage class");
  }
  ATOLL_TRY(exchange.context.access->check_quota(exchange.who, exchange.vault_id, exchange.bucket, from.size, 1));
  ATOLL_ASSIGN(const auto stored, content_for_copy(exchange, target.bucket, from, 0, from.size));
  fresh.version.kind = from.kind;
  fresh.version.size = from.size;
  fresh.version.content = stored.content;
  fresh.version.etag = from.etag;
  fresh.version.checksums = from.checksums;
  const VersionId id = platform::new_id<VersionId>(*exchange.context.machine);
  vault::VersionChange change;
  vault::BucketState committed;
  ATOLL_TRY(exchange.vault->commit_content(
      [&](const vault::CommitContext& context, vault::ChangeSet& changes) -> Result<void> {
        ATOLL_ASSIGN(const auto there, context.state.version(from.object, from.version));
        if (!there) return fail(Code::OperationAborted, "What was to be copied was removed meanwhile");
        ATOLL_ASSIGN(committed, vault::bucket_state(context.state, exchange.bucket));
        const bool keeps = committed.versioning() == catalog::Versioning::enabled;
        ATOLL_ASSIGN(change, vault::stage_version(context, changes, committed, fresh, id, exchange.vault->actor(),
                                                  terms, write_condition(exchange, keeps)));
        return {};
      }));
  exchange.note_usage(change);
  xml::Writer writer;
  writer.begin("CopyObjectResult", kNamespace).element("LastModified", format_time(exchange.now));
  writer.element("ETag", quoted(vault::etag_of(fresh.version)));
  write_checksum_elements(fresh.version, writer);
  writer.end();
  net::Response response = xml_response(writer.finish());
  write_version_id(committed, change, response.headers);
  if (source.state.was_ever_versioned()) {
    response.headers.add("x-amz-copy-source-version-id", version_text(source.version.id, source.version.has_id));
  }
  return response;
}

namespace {

struct Removal {
  std::string key;
  std::optional<std::string> version;
  std::string etag;  // empty: any
};

// One object, in a command that may remove several.
Result<vault::VersionChange> stage_removal(const Exchange& exchange, const vault::CommitContext& context,
                                           vault::ChangeSet& changes, const vault::BucketState& state,
                                           const Removal& removal, const VersionId& marker_id) {
  const vault::Condition check = [&](const catalog::VersionRow* current) -> Result<void> {
    if (removal.etag.empty()) return {};
    if (current == nullptr) return fail(Code::NoSuchKey);
    if (removal.etag != "*" && removal.etag != vault::etag_of(*current)) return fail(Code::PreconditionFailed);
    return {};
  };
  if (!removal.version) {
    return vault::stage_removal_by_name(context, changes, state, removal.key, marker_id, exchange.vault->actor(),
                                        check);
  }
  ATOLL_ASSIGN(const auto id, parse_version(*removal.version));
  const bool wants_bypass = net::equal_ignoring_case(exchange.header_or("x-amz-bypass-governance-retention"), "true");
  if (wants_bypass) ATOLL_TRY(exchange.require(access::Action::bypass_retention, exchange.bucket, removal.key));
  return vault::stage_removal_by_id(context, changes, state, removal.key, id, exchange.vault->actor(), wants_bypass);
}

Result<void> require_removal(const Exchange& exchange, const vault::BucketState& state, const Removal& removal) {
  const bool is_for_good = removal.version.has_value();
  return exchange.require(is_for_good                                          ? access::Action::erase
                          : state.versioning() == catalog::Versioning::enabled ? access::Action::remove
                                                                               : access::Action::remove_for_good,
                          exchange.bucket, removal.key);
}

std::string unquoted(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  return std::string(text);
}

}  // namespace

Answer delete_object(Exchange& exchange) {
  Removal removal;
  removal.key = exchange.key;
  if (const auto version = exchange.parameter("versionId")) removal.version = std::string(*version);
  removal.etag = unquoted(exchange.header_or("If-Match"));
  // Whoever may do neither is not told whether the bucket is there.
  if (!exchange.require(access::Action::remove_for_good)) ATOLL_TRY(exchange.require(access::Action::remove));
  ATOLL_ASSIGN(vault::BucketState state, vault::bucket_state(*exchange.vault->reader(), exchange.bucket));
  ATOLL_TRY(require_removal(exchange, state, removal));
  const VersionId marker = platform::new_id<VersionId>(*exchange.context.machine);
  vault::VersionChange change;
  ATOLL_TRY(exchange.vault->commit(
      removal.version ? journal::CommandKind::erase_objects : journal::CommandKind::remove_objects,
      [&](const vault::CommitContext& context, vault::ChangeSet& changes) -> Result<void> {
        ATOLL_ASSIGN(state, vault::bucket_state(context.state, exchange.bucket));
        ATOLL_TRY(require_removal(exchange, state, removal));
        ATOLL_ASSIGN(change, stage_removal(exchange, context, changes, state, removal, marker));
        return {};
      }));
  exchange.note_usage(change);
  net::Response response = empty_response(204);
  if (change.is_marker) response.headers.add("x-amz-delete-marker", "true");
  if (change.id != VersionId{} && state.was_ever_versioned()) {
    response.headers.add("x-amz-version-id", version_text(change.id, change.has_id));
  } else if (removal.version) {
    response.headers.add("x-amz-version-id", *removal.version);
  }
  return response;
}

// One command each: an error of one leaves the others as they are; all of them together are one sync.
Answer delete_objects(Exchange& exchange) {
  ATOLL_ASSIGN(const std::string document, read_document(exchange));
  ATOLL_ASSIGN(const DeleteDocument wanted, read_delete(document));
  // Whoever may remove none of them is not told whether the bucket is there.
  const bool may_any = std::ranges::any_of(wanted.objects, [&](const DeleteDocument::Object& one) {
    return exchange.require(access::Action::remove, exchange.bucket, one.key) ||
           exchange.require(access::Action::remove_for_good, exchange.bucket, one.key);
  });
  if (!may_any) ATOLL_TRY(exchange.require(access::Action::remove, exchange.bucket, wanted.objects.front().key));
  ATOLL_ASSIGN(const vault::BucketState state, vault::bucket_state(*exchange.vault->reader(), exchange.bucket));
  struct Outcome {
    Removal removal;
    VersionId marker;
    vault::VersionChange change;
    vault::BucketState state;
    std::optional<Error> error;
  };
  std::vector<Outcome> outcomes(wanted.objects.size());
  std::vector<vault::CommandBuilder> builders;
  std::vector<std::size_t> places;
  for (std::size_t at = 0; at < outcomes.size(); ++at) {
    Outcome& one = outcomes[at];
    one.removal.key = wanted.objects[at].key;
    if (!wanted.objects[at].version.empty()) one.removal.version = wanted.objects[at].version;
    one.removal.etag = wanted.objects[at].etag;
    one.marker = platform::new_id<VersionId>(*exchange.context.machine);
    const auto allowed = require_removal(exchange, state, one.removal);
    if (!allowed) {
      one.error = allowed.error();
      continue;
    }
    places.push_back(at);
    builders.push_back(
        [&exchange, &one](const vault::CommitContext& context, vault::ChangeSet& changes) -> Result<void> {
          ATOLL_ASSIGN(one.state, vault::bucket_state(context.state, exchange.bucket));
          ATOLL_TRY(require_removal(exchange, one.state, one.removal));
          ATOLL_ASSIGN(one.change, stage_removal(exchange, context, changes, one.state, one.removal, one.marker));
          return {};
        });
  }
  const auto answers = exchange.vault->commit_group(journal::CommandKind::remove_objects, std::move(builders),
                                                    platform::new_id<OperationId>(*exchange.context.machine));
  for (std::size_t at = 0; at < answers.size(); ++at) {
    if (!answers[at]) {
      outcomes[places[at]].error = answers[at].error();
    } else {
      exchange.note_usage(outcomes[places[at]].change);
    }
  }
  xml::Writer writer;
  writer.begin("DeleteResult", kNamespace);
  for (const Outcome& one : outcomes) {
    if (one.error) {
      const CodeFacts& facts = facts_of(code_of(*one.error));
      writer.begin("Error").element("Key", one.removal.key).element("Code", facts.name);
      writer.element("Message", is_message_for_clients(*one.error) ? one.error->message : facts.message);
      if (one.removal.version) writer.element("VersionId", *one.removal.version);
      writer.end();
    } else if (!wanted.is_quiet) {
      writer.begin("Deleted").element("Key", one.removal.key);
      if (one.removal.version) writer.element("VersionId", *one.removal.version);
      if (one.change.is_marker) {
        writer.element("DeleteMarker", "true");
        writer.element("DeleteMarkerVersionId", version_text(one.change.id, one.change.has_id));
      }
      writer.end();
    }
  }
  writer.end();
  return xml_response(writer.finish());
}

namespace {

// Sizes and numbers of a page of the parts; nothing of an object that did not come in parts.
Result<void> write_object_parts(const Exchange& exchange, const catalog::VersionRow& version, xml::Writer& writer) {
  constexpr std::size_t parts_shown_max = 1000;
  const auto number_in = [&](std::string_view name, std::uint64_t otherwise) -> Result<std::uint64_t> {
    const auto text = exchange.header(name);
    if (!text) return otherwise;
    std::uint64_t value = 0;
    const auto read = std::from_chars(text->data(), text->data() + text->size(), value);
    if (read.ec != std::errc() || read.ptr != text->data() + text->size()) {
      return fail(Code::InvalidArgument, std::string(name) + " must be a number");
    }
    return value;
  };
  ATOLL_ASSIGN(const std::uint64_t wanted, number_in("x-amz-max-parts", parts_shown_max));
  ATOLL_ASSIGN(const std::uint64_t marker, number_in("x-amz-part-number-marker", 0));
  ATOLL_ASSIGN(const auto terms, terms_of(*exchange.vault->reader(), version));
  ATOLL_ASSIGN(const auto sizes, vault::read_part_sizes(terms.part_sizes));
  if (sizes.empty()) return {};
  const std::size_t limit = static_cast<std::size_t>(std::min<std::uint64_t>(wanted, parts_shown_max));
  const std::size_t from = static_cast<std::size_t>(std::min<std::uint64_t>(marker, sizes.size()));
  const std::size_t end = std::min(sizes.size(), from + limit);
  writer.begin("ObjectParts").element("PartsCount", std::to_string(sizes.size()));
  writer.element("PartNumberMarker", std::to_string(marker)).element("MaxParts", std::to_string(limit));
  writer.element("IsTruncated", end < sizes.size() ? "true" : "false");
  if (end < sizes.size()) writer.element("NextPartNumberMarker", std::to_string(end));
  for (std::size_t at = from; at < end; ++at) {
    writer.begin("Part").element("PartNumber", std::to_string(at + 1));
    writer.element("Size", std::to_string(sizes[at])).end();
  }
  writer.end();
  return {};
}

}  // namespace

Answer get_object_attributes(Exchange& exchange) {
  ATOLL_TRY(
      exchange.require(exchange.parameter("versionId") ? access::Action::read_version : access::Action::read_metadata));
  const auto wanted = exchange.request.headers.joined("x-amz-object-attributes");
  if (!wanted) return fail(Code::InvalidArgument, "x-amz-object-attributes is missing");
  ChoiceFailure failure;
  auto chosen = choose_version(exchange, failure);
  if (!chosen) {
    if (failure.is_marker) return marker_response(exchange, chosen.error(), failure);
    return pass(chosen.error());
  }
  const auto& headers = exchange.request.headers;
  const catalog::VersionRow& version = chosen->version.row;
  xml::Writer writer;
  writer.begin("GetObjectAttributesResponse", kNamespace);
  if (headers.has_token("x-amz-object-attributes", "ETag")) writer.element("ETag", vault::etag_of(version));
  if (headers.has_token("x-amz-object-attributes", "Checksum") && !version.checksums.empty()) {
    writer.begin("Checksum");
    write_checksum_elements(version, writer);
    writer.end();
  }
  if (headers.has_token("x-amz-object-attributes", "ObjectParts")) {
    ATOLL_TRY(write_object_parts(exchange, version, writer));
  }
  if (headers.has_token("x-amz-object-attributes", "StorageClass")) {
    writer.element("StorageClass", storage_class_of(version));
  }
  if (headers.has_token("x-amz-object-attributes", "ObjectSize")) {
    writer.element("ObjectSize", std::to_string(version.size));
  }
  writer.end();
  net::Response response = xml_response(writer.finish());
  response.headers.add("Last-Modified", net::format_http_date(seconds_of(version.begin_time)));
  if (chosen->state.was_ever_versioned()) {
    response.headers.add("x-amz-version-id", version_text(chosen->version.id, chosen->version.has_id));
  }
  return response;
}

}  // namespace atl::s3
