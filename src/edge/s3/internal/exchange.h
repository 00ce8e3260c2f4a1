// One request while it is answered: what it asks, who asks, and the vault it is about.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edge/s3/errors.h"
#include "edge/s3/operations.h"
#include "edge/s3/service.h"
#include "edge/s3/signature.h"
#include "edge/s3/uri_encoding.h"
#include "foundation/xml/xml.h"
#include "vault/object/versions.h"

namespace atl::s3 {

inline constexpr std::string_view kCopySource = "x-amz-copy-source";
inline constexpr std::string_view kNamespace = "http://s3.amazonaws.com/doc/2006-03-01/";

struct Exchange {
  Exchange(const ServiceContext& service_context, net::Request& asked, const RequestFacts& facts)
      : context(service_context),
        request(asked),
        request_id(facts.request_id),
        remote_address(facts.remote_address),
        is_secure(facts.is_secure),
        authority(facts.authority.empty() ? asked.headers.get("Host").value_or("") : facts.authority),
        signed_target(facts.path_prefix + asked.target),
        now(service_context.machine->clock.now()) {
    for (const net::Header& one : asked.headers) {
      const bool is_host = net::equal_ignoring_case(one.name, "Host");
      headers.push_back({one.name, is_host ? std::string_view(authority) : std::string_view(one.value)});
    }
  }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  Exchange(Exchange&&) = delete;
  Exchange& operator=(Exchange&&) = delete;
  ~Exchange() = default;
  const ServiceContext& context;
  net::Request& request;
  std::string request_id;
  std::string remote_address;
  bool is_secure;
  std::string authority;
  std::string signed_target;  // as the client wrote it
  Timestamp now;

  std::vector<HeaderView> headers;  // as they were signed: behind a proxy with the Host that the client saw
  Parameters parameters;
  std::string bucket;
  std::string key;
  ResourceKind resource = ResourceKind::service;
  const OperationRow* operation = nullptr;

  // Of a body whose length is not known: it has no more than that.
  std::optional<std::uint64_t> body_bytes_max;

  Claim claim;
  SigningKey signing_key{};
  access::Who who;
  std::shared_ptr<const access::AccessView> view;  // accounts, grants and policies as they were when the request came
  VaultId vault_id;
  std::shared_ptr<vault::Vault> vault;

  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const {
    return request.headers.get(name);
  }
  [[nodiscard]] std::string_view header_or(std::string_view name, std::string_view otherwise = "") const {
    return header(name).value_or(otherwise);
  }
  // The first of that name; none where there is none.
  [[nodiscard]] std::optional<std::string_view> parameter(std::string_view name) const;
  // InvalidArgument where it is no number, or above `max`.
  [[nodiscard]] Result<std::uint64_t> number(std::string_view name, std::uint64_t otherwise, std::uint64_t max) const;

  // AccessDenied.
  [[nodiscard]] Result<void> require(access::Action action) const { return require(action, bucket, key); }
  [[nodiscard]] Result<void> require(access::Action action, std::string_view of_bucket, std::string_view of_key) const;
  // What was committed, for quotas.
  void note_usage(const vault::VersionChange& change) const {
    context.access->usage().note(vault_id, bucket, vault->actor(), {change.bytes_change, change.objects_change});
  }
  [[nodiscard]] Result<void> require_prefix(access::Action action, std::string_view prefix) const;
  // The same of an object with an access list of its own.
  [[nodiscard]] Result<void> require_with_list(access::Action action, access::AccessList list) const;

 private:
  [[nodiscard]] Result<void> decide(access::Action action, access::Resource asked) const;
};

// Who asks and the vault it is about, once the signature is known to hold; nobody where there is no identity. SlowDown,
// and what opening the vault says.
[[nodiscard]] Result<void> admit(Exchange& exchange, const std::optional<access::S3Identity>& identity);
// The key that signs for the claim: of a key that nobody has one that fits nothing, made with the same work.
[[nodiscard]] SigningKey signing_key_of(SigningKeys& keys, const Claim& claim,
                                        const std::optional<access::S3Identity>& identity);

// The whole body, verified as the signature says it is: for documents. Of a document about another thing's content
// checksums in headers are that thing's.
enum class ChecksumsOf : bool { body, object };
[[nodiscard]] Result<std::string> read_document(Exchange& exchange, ChecksumsOf checksums = ChecksumsOf::body);

[[nodiscard]] net::Response xml_response(std::string document);
[[nodiscard]] net::Response empty_response(unsigned status);

// "2026-11-21T10:00:00.000Z"
[[nodiscard]] std::string format_time(Timestamp time);
[[nodiscard]] std::int64_t seconds_of(Timestamp time);  // rounded down

// A version's id as S3 writes it: 26 letters, or "null".
[[nodiscard]] std::string version_text(const VersionId& id, bool has_id);
// None: "null". NoSuchVersion... is said by the caller; InvalidArgument where it cannot be an id.
[[nodiscard]] Result<std::optional<VersionId>> parse_version(std::string_view text);

// 1 to 1,024 bytes of UTF-8 without NUL. KeyTooLongError, InvalidArgument.
[[nodiscard]] Result<void> check_new_key(std::string_view key);

// The stored object that a request for reading means: the current one, or versionId.
struct Chosen {
  vault::BucketState state;
  catalog::EntryRow entry;
  vault::ObjectVersion version;
};
// NoSuchKey, NoSuchVersion, MethodNotAllowed (a delete marker by its id). A missing key whose latest is a delete marker
// is told by `is_marker`.
struct ChoiceFailure {
  bool is_marker = false;
  std::string marker_id;
};
[[nodiscard]] Result<Chosen> choose_version(Exchange& exchange, ChoiceFailure& failure);
[[nodiscard]] Result<Chosen> choose_version(catalog::CatalogReader& reader, const std::string& bucket,
                                            const std::string& key, const std::optional<std::string>& version_id,
                                            ChoiceFailure& failure);

// What x-amz-copy-source names, readable, with its conditions fulfilled.
[[nodiscard]] Result<Chosen> choose_copy_source(Exchange& exchange);
// Its content for an object of `target`: shared where it can be, else read and stored anew.
[[nodiscard]] Result<vault::StoredContent> content_for_copy(Exchange& exchange, const catalog::BucketRow& target,
                                                            const catalog::VersionRow& version, std::uint64_t offset,
                                                            std::uint64_t length);

// What holds of a version beside its row; nothing in it where nothing was said.
[[nodiscard]] Result<catalog::VersionTermsRow> terms_of(catalog::CatalogReader& reader,
                                                        const catalog::VersionRow& version);
// The version that an operation on its attributes is about, for whoever may.
[[nodiscard]] Result<Chosen> find_version(Exchange& exchange);
// Changes its attributes, read anew in the state that the command is built on.
[[nodiscard]] Result<void> change_version(
    Exchange& exchange, const Chosen& chosen,
    const std::function<Result<void>(const vault::CommitContext&, vault::ChangeSet&, catalog::VersionRow&,
                                     catalog::EntryRow&)>& change);

// Kinds of entries that S3 shows: files, and folder markers that S3 made.
[[nodiscard]] bool is_shown(catalog::EntryKind kind);

using Answer = Result<net::Response>;

// By family, each in a file of its own.
[[nodiscard]] Answer list_buckets(Exchange& exchange);
[[nodiscard]] Answer head_bucket(Exchange& exchange);
[[nodiscard]] Answer create_bucket(Exchange& exchange);
[[nodiscard]] Answer delete_bucket(Exchange& exchange);
[[nodiscard]] Answer get_bucket_setting(Exchange& exchange);     // all Get… of a bucket
[[nodiscard]] Answer change_bucket_setting(Exchange& exchange);  // all Put… and Delete… of one
[[nodiscard]] Answer list_objects(Exchange& exchange);           // both versions
[[nodiscard]] Answer list_object_versions(Exchange& exchange);
[[nodiscard]] Answer get_object(Exchange& exchange);  // and HeadObject
[[nodiscard]] Answer put_object(Exchange& exchange);
// An upload from a form, whose fields say who asks.
[[nodiscard]] Answer post_object(Exchange& exchange, SigningKeys& keys);
[[nodiscard]] Answer copy_object(Exchange& exchange);
[[nodiscard]] Answer delete_object(Exchange& exchange);
[[nodiscard]] Answer delete_objects(Exchange& exchange);
[[nodiscard]] Answer get_object_attributes(Exchange& exchange);
[[nodiscard]] Answer object_acl(Exchange& exchange);
[[nodiscard]] Answer bucket_policy(Exchange& exchange);  // Get, Put, Delete, status
[[nodiscard]] Answer bucket_acl(Exchange& exchange);
[[nodiscard]] Answer object_tagging(Exchange& exchange);
[[nodiscard]] Answer object_retention(Exchange& exchange);
[[nodiscard]] Answer object_legal_hold(Exchange& exchange);
[[nodiscard]] Answer create_upload(Exchange& exchange);
[[nodiscard]] Answer upload_part(Exchange& exchange);  // and UploadPartCopy
[[nodiscard]] Answer complete_upload(Exchange& exchange);
[[nodiscard]] Answer abort_upload(Exchange& exchange);
[[nodiscard]] Answer list_parts(Exchange& exchange);
[[nodiscard]] Answer list_uploads(Exchange& exchange);
[[nodiscard]] Answer preflight(const ServiceContext& context, const net::Request& request, const std::string& bucket);
// The headers that the bucket's CORS rules add to an answer.
void add_cors(const Exchange& exchange, net::Response& response);

// Who made a bucket.
[[nodiscard]] std::string owner_of(const vault::BucketState& state);
[[nodiscard]] Result<void> set_bucket_list(const Exchange& exchange, const BucketId& bucket, access::AccessList list);

// Who a bucket and what lies in it belongs to, for XML: an id of 64 digits made from the name, and the name.
void write_owner(xml::Writer& writer, std::string_view element, std::string_view name);

}  // namespace atl::s3
