#include "edge/s3/service.h"

#include <algorithm>
#include <array>

#include "edge/s3/documents.h"
#include "edge/s3/internal/body.h"
#include "edge/s3/internal/exchange.h"
#include "edge/s3/permissions.h"
#include "edge/server/version_facts.h"
#include "foundation/net/uri.h"

namespace atl::s3 {
namespace {

// Bucket and key of an address. The key is everything behind the bucket, also where it begins or ends with slashes.
Result<void> read_address(Exchange& exchange) {
  const Target target = split_target(exchange.request.target);
  ATOLL_ASSIGN(exchange.parameters, parse_parameters(target.query));
  std::string_view path = target.path;
  if (path.starts_with('/')) path.remove_prefix(1);
  ATOLL_ASSIGN(std::string decoded, uri_decode(path, Plus::is_plus));
  const std::string& root = exchange.context.root_domain;
  if (!root.empty()) {
    const auto authority = net::parse_authority(exchange.authority);
    if (authority && authority->host.size() > root.size() + 1 && authority->host.ends_with("." + root)) {
      exchange.bucket = authority->host.substr(0, authority->host.size() - root.size() - 1);
      exchange.key = std::move(decoded);
      exchange.resource = exchange.key.empty() ? ResourceKind::bucket : ResourceKind::object;
      return {};
    }
  }
  const std::size_t slash = decoded.find('/');
  exchange.bucket = decoded.substr(0, slash);
  if (slash != std::string::npos) exchange.key = decoded.substr(slash + 1);
  exchange.resource = exchange.bucket.empty() ? ResourceKind::service
                      : exchange.key.empty()  ? ResourceKind::bucket
                                              : ResourceKind::object;
  return {};
}

Result<void> authenticate(Exchange& exchange, SigningKeys& keys) {
  const RequestView view{exchange.request.method, exchange.signed_target, exchange.headers};
  ATOLL_ASSIGN(exchange.claim, read_claim(view, {exchange.now, exchange.context.region}));
  if (exchange.claim.is_anonymous) return admit(exchange, std::nullopt);
  const auto identity = exchange.context.access->s3_key(exchange.claim.access_key);
  exchange.signing_key = signing_key_of(keys, exchange.claim, identity);
  const auto verified = verify(view, exchange.claim, exchange.signing_key);
  if (!identity) return fail(Code::InvalidAccessKeyId);
  ATOLL_TRY(verified);
  return admit(exchange, identity);
}

Answer dispatch(Exchange& exchange) {
  using enum Operation;
  switch (exchange.operation->operation) {
    case ListBuckets: return list_buckets(exchange);
    case HeadBucket: return head_bucket(exchange);
    case CreateBucket: return create_bucket(exchange);
    case DeleteBucket: return delete_bucket(exchange);
    case GetBucketLocation:
    case GetBucketVersioning:
    case GetBucketTagging:
    case GetBucketCors:
    case GetBucketLifecycleConfiguration:
    case GetBucketEncryption:
    case GetObjectLockConfiguration: return get_bucket_setting(exchange);
    case PutBucketVersioning:
    case PutBucketTagging:
    case DeleteBucketTagging:
    case PutBucketCors:
    case DeleteBucketCors:
    case PutBucketLifecycleConfiguration:
    case DeleteBucketLifecycle:
    case PutObjectLockConfiguration: return change_bucket_setting(exchange);
    case GetBucketPolicy:
    case PutBucketPolicy:
    case DeleteBucketPolicy:
    case GetBucketPolicyStatus: return bucket_policy(exchange);
    case GetBucketAcl:
    case PutBucketAcl: return bucket_acl(exchange);
    case ListObjects:
    case ListObjectsV2: return list_objects(exchange);
    case ListObjectVersions: return list_object_versions(exchange);
    case ListMultipartUploads: return list_uploads(exchange);
    case DeleteObjects: return delete_objects(exchange);
    case GetObject:
    case HeadObject: return get_object(exchange);
    case PutObject: return put_object(exchange);
    case CopyObject: return copy_object(exchange);
    case DeleteObject: return delete_object(exchange);
    case GetObjectAttributes: return get_object_attributes(exchange);
    case GetObjectAcl:
    case PutObjectAcl: return object_acl(exchange);
    case GetObjectTagging:
    case PutObjectTagging:
    case DeleteObjectTagging: return object_tagging(exchange);
    case GetObjectRetention:
    case PutObjectRetention: return object_retention(exchange);
    case GetObjectLegalHold:
    case PutObjectLegalHold: return object_legal_hold(exchange);
    case CreateMultipartUpload: return create_upload(exchange);
    case UploadPart:
    case UploadPartCopy: return upload_part(exchange);
    case CompleteMultipartUpload: return complete_upload(exchange);
    case AbortMultipartUpload: return abort_upload(exchange);
    case ListParts: return list_parts(exchange);
    case PostObject:  // answered before: its form says who asks
    case Preflight:
    case NotDone: break;
  }
  return fail(Code::NotImplemented);
}

Answer answer(Exchange& exchange, SigningKeys& keys) {
  ATOLL_TRY(read_address(exchange));
  if (exchange.request.method == "OPTIONS") {
    return preflight(exchange.context, exchange.request, exchange.bucket);
  }
  ATOLL_ASSIGN(exchange.operation, find_operation(exchange.request.method, exchange.resource, exchange.parameters,
                                                  exchange.header(kCopySource).has_value()));
  if (exchange.operation->operation == Operation::PostObject) return post_object(exchange, keys);
  ATOLL_TRY(authenticate(exchange, keys));
  return dispatch(exchange);
}

net::Response error_response(const Exchange& exchange, const Error& error) {
  const CodeFacts& facts = facts_of(code_of(error));
  net::Response response;
  response.status = facts.status;
  if (facts.status != 304) {
    response.headers.add("Content-Type", "application/xml");
    const Target target = split_target(exchange.request.target);
    const auto path = uri_decode(target.path, Plus::is_plus);
    response.body = error_document(error, path ? *path : std::string(target.path), exchange.request_id);
  }
  if (facts.status == 503) response.headers.add("Retry-After", "1");
  response.trouble = error;
  return response;
}

}  // namespace

net::Response Service::handle(net::Request& request, const RequestFacts& facts,
                              const std::function<void(const RequestRecord&)>& on_request) const {
  Exchange exchange(context_, request, facts);
  Answer done = answer(exchange, *keys_);
  net::Response response = done ? std::move(*done) : error_response(exchange, done.error());
  add_cors(exchange, response);
  response.headers.add("x-amz-request-id", facts.request_id);
  if (on_request) {
    RequestRecord record;
    if (exchange.operation != nullptr) {
      record.operation = exchange.operation->name;
      record.action = exchange.operation->action;
      const bool is_object = exchange.resource == ResourceKind::object;
      record.is_read = done && response.status < 300 &&
                       (record.action == access::Action::list || record.action == access::Action::read_history ||
                        (is_object && record.action == access::Action::read));
      if (exchange.operation->operation == Operation::GetObject) record.bytes = response.length.value_or(0);
    }
    record.who = &exchange.who;
    record.vault = exchange.vault_id;
    record.bucket = exchange.bucket;
    record.key = exchange.key;
    record.status = response.status;
    record.error = done ? nullptr : &done.error();
    on_request(record);
  }
  return response;
}

// ---- Exchange and what the handlers share

SigningKey signing_key_of(SigningKeys& keys, const Claim& claim, const std::optional<access::S3Identity>& identity) {
  return keys.of(identity ? claim.access_key : std::string(), identity ? identity->secret : "no secret", claim.date,
                 claim.region);
}

Result<void> admit(Exchange& exchange, const std::optional<access::S3Identity>& identity) {
  exchange.who = identity ? identity->who : access::Who::nobody();
  if (identity) exchange.vault_id = identity->vault;
  exchange.view = exchange.context.access->view();
  exchange.who.address = exchange.remote_address;
  exchange.who.request_id = exchange.request_id;
  ATOLL_TRY(exchange.context.access->take_request(exchange.who));
  vault::Caller caller;
  caller.actor = exchange.who.name.empty() ? "nobody" : exchange.who.name;
  caller.origin = exchange.who.address;
  caller.request_id = exchange.request_id;
  ATOLL_ASSIGN(exchange.vault, exchange.context.open_vault(exchange.vault_id, caller));
  exchange.vault_id = exchange.vault->head().vault;
  return {};
}

std::optional<std::string_view> Exchange::parameter(std::string_view name) const {
  for (const auto& [one, value] : parameters) {
    if (one == name) return value;
  }
  return std::nullopt;
}

Result<std::uint64_t> Exchange::number(std::string_view name, std::uint64_t otherwise, std::uint64_t max) const {
  const auto text = parameter(name);
  if (!text || text->empty()) return otherwise;
  std::uint64_t value = 0;
  for (const char c : *text) {
    if (c < '0' || c > '9' || value > max) return fail(Code::InvalidArgument, std::string(name) + " must be a number");
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (value > max) return fail(Code::InvalidArgument, std::string(name) + " is at most " + std::to_string(max));
  return value;
}

Result<void> Exchange::decide(access::Action action, access::Resource asked) const {
  asked.vault = vault_id;
  asked.permission = permission_of(operation->operation, action);
  asked.is_secure = is_secure;
  // Which bucket it is matters only where a policy or list speaks of one of that name, or the object has a list.
  const bool needs_id = opens_something(asked.list) || view->bucket_rules(vault_id, asked.bucket) != nullptr;
  if (needs_id && !asked.bucket.empty()) {
    ATOLL_ASSIGN(const auto row, vault->reader()->bucket_named(asked.bucket));
    if (row) asked.bucket_id = row->id;
  }
  if (view->decide(who, action, asked, now).allowed) return {};
  // The right may hang on the age or tier of what is there now; those of other versions are not told.
  const bool means_current =
      !asked.is_prefix && !asked.key.empty() && action != access::Action::read_version && !parameter("versionId");
  if (means_current && vault) {
    const auto reader = vault->reader();
    ATOLL_ASSIGN(const auto row, reader->bucket_named(asked.bucket));
    if (row) {
      ATOLL_ASSIGN(const auto there, reader->current(row->id, asked.key));
      if (there) {
        ATOLL_TRY(server::add_version_facts(*context.access, who, action, *vault, there->version, now, asked));
        if (view->decide(who, action, asked, now).allowed) return {};
      }
    }
  }
  return fail(Code::AccessDenied,
              "Access denied: the right \"" + std::string(access::name_of(action)) + "\" is needed");
}

Result<void> Exchange::require(access::Action action, std::string_view of_bucket, std::string_view of_key) const {
  access::Resource asked;
  asked.bucket = of_bucket;
  asked.key = of_key;
  return decide(action, asked);
}

Result<void> Exchange::require_prefix(access::Action action, std::string_view prefix) const {
  access::Resource asked;
  asked.bucket = bucket;
  asked.key = prefix;
  asked.is_prefix = true;
  return decide(action, asked);
}

Result<void> Exchange::require_with_list(access::Action action, access::AccessList list) const {
  access::Resource asked;
  asked.bucket = bucket;
  asked.key = key;
  asked.list = list;
  return decide(action, asked);
}

net::Response xml_response(std::string document) {
  net::Response response;
  response.headers.add("Content-Type", "application/xml");
  response.body = std::move(document);
  return response;
}

net::Response empty_response(unsigned status) {
  net::Response response;
  response.status = status;
  return response;
}

std::int64_t seconds_of(Timestamp time) {
  return time.unix_us >= 0 ? time.unix_us / 1'000'000 : (time.unix_us - 999'999) / 1'000'000;
}

std::string format_time(Timestamp time) {
  const std::int64_t seconds = seconds_of(time);
  std::string text = format_rfc3339(Timestamp{seconds * 1'000'000});
  const std::int64_t ms = (time.unix_us - seconds * 1'000'000) / 1000;
  const std::string digits = std::to_string(1000 + ms).substr(1);
  if (text.ends_with('Z')) text.pop_back();
  return text + "." + digits + "Z";
}

std::string version_text(const VersionId& id, bool has_id) { return has_id ? to_base32(id.view()) : "null"; }

Result<std::optional<VersionId>> parse_version(std::string_view text) {
  if (text == "null") return std::optional<VersionId>();
  const auto bytes = from_base32(text);
  if (bytes) {
    const auto id = VersionId::from_view(*bytes);
    if (id) return std::optional<VersionId>(*id);
  }
  return fail(Code::InvalidArgument, "versionId is not one that this server gave");
}

Result<void> check_new_key(std::string_view key) {
  if (key.size() > 1024) return fail(Code::KeyTooLongError);
  if (key.empty() || !is_utf8(key) || key.find('\0') != std::string_view::npos) {
    return fail(Code::InvalidArgument, "A key is UTF-8 without a zero byte");
  }
  return {};
}

bool is_shown(catalog::EntryKind kind) {
  return kind == catalog::EntryKind::file || kind == catalog::EntryKind::marker;
}

Result<Chosen> choose_version(catalog::CatalogReader& reader, const std::string& bucket, const std::string& key,
                              const std::optional<std::string>& version_id, ChoiceFailure& failure) {
  Chosen chosen;
  ATOLL_ASSIGN(chosen.state, vault::bucket_state(reader, bucket));
  if (!version_id) {
    // Entry and version in one look: this is what most requests ask for.
    ATOLL_ASSIGN(auto listed, reader.current(chosen.state.bucket.id, key, true));
    if (!listed || !is_shown(listed->version.kind)) return fail(Code::NoSuchKey);
    if (listed->entry.is_deleted) {
      failure.is_marker = chosen.state.was_ever_versioned();
      if (failure.is_marker) {
        ATOLL_ASSIGN(const auto all, vault::object_versions(reader, chosen.state, listed->entry));
        if (!all.empty()) failure.marker_id = version_text(all.front().id, all.front().has_id);
      }
      return fail(Code::NoSuchKey);
    }
    chosen.version.id = listed->version.version;
    chosen.version.has_id = chosen.state.has_id(listed->version.begin);
    chosen.version.is_latest = true;
    chosen.version.begin = listed->version.begin;
    chosen.version.begin_time = listed->version.begin_time;
    chosen.version.row = std::move(listed->version);
    chosen.entry = std::move(listed->entry);
    return chosen;
  }
  ATOLL_ASSIGN(const auto wanted, parse_version(*version_id));
  ATOLL_ASSIGN(auto entry, reader.entry(chosen.state.bucket.id, key));
  if (!entry || (entry->is_deleted && !chosen.state.was_ever_versioned())) return fail(Code::NoSuchVersion);
  ATOLL_ASSIGN(auto all, vault::object_versions(reader, chosen.state, *entry));
  const auto found = std::ranges::find_if(
      all, [&](const vault::ObjectVersion& one) { return wanted ? one.id == *wanted : !one.has_id; });
  if (found == all.end() || (!found->is_marker && !is_shown(found->row.kind))) return fail(Code::NoSuchVersion);
  if (found->is_marker) {
    failure.is_marker = true;
    failure.marker_id = *version_id;
    return fail(Code::MethodNotAllowed, "That version is a delete marker");
  }
  chosen.version = std::move(*found);
  chosen.entry = std::move(*entry);
  return chosen;
}

Result<Chosen> choose_version(Exchange& exchange, ChoiceFailure& failure) {
  std::optional<std::string> id;
  if (const auto text = exchange.parameter("versionId")) id = std::string(*text);
  return choose_version(*exchange.vault->reader(), exchange.bucket, exchange.key, id, failure);
}

void write_owner(xml::Writer& writer, std::string_view element, std::string_view name) {
  writer.begin(element).element("ID", access::canonical_id(name)).element("DisplayName", name).end();
}

}  // namespace atl::s3
