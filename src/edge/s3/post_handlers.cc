// Uploads from HTML forms: the form's fields take the place of headers, and a signed policy that of a signed request.
// Source: Amazon S3 API Reference, "POST Object".
#include <algorithm>
#include <array>

#include "edge/s3/documents.h"
#include "edge/s3/form_reader.h"
#include "edge/s3/internal/exchange.h"
#include "edge/s3/post_policy.h"

namespace atl::s3 {
namespace {

// The file of a form, as the content of a request.
class FileBody final : public net::BodyReader {
 public:
  FileBody(FormReader& form, std::uint64_t bytes_min, std::uint64_t bytes_max)
      : form_(&form), bytes_min_(bytes_min), bytes_max_(bytes_max) {}
  Result<std::size_t> read(ByteSpan out) override {
    ATOLL_ASSIGN(const std::size_t count, form_->read_file(out));
    bytes_ += count;
    if (bytes_ > bytes_max_) return fail(Code::EntityTooLarge, "The file is larger than the form's policy allows");
    if (count == 0 && bytes_ < bytes_min_)
      return fail(Code::EntityTooSmall, "The file is smaller than the form's policy allows");
    return count;
  }

 private:
  FormReader* form_;
  std::uint64_t bytes_min_;
  std::uint64_t bytes_max_;
  std::uint64_t bytes_ = 0;
};

// Fields that mean the header of the same name.
bool is_header(std::string_view field) {
  static constexpr std::array<std::string_view, 8> kNames{"content-type",        "content-md5",        "cache-control",
                                                          "content-disposition", "content-encoding",   "expires",
                                                          "content-language",    "x-amz-storage-class"};
  static constexpr std::array<std::string_view, 6> kBeginnings{"x-amz-meta-",        "x-amz-object-lock-",
                                                               "x-amz-checksum-",    "x-amz-sdk-checksum-",
                                                               "x-amz-server-side-", "x-amz-website-"};
  return std::ranges::find(kNames, field) != kNames.end() ||
         std::ranges::any_of(kBeginnings, [&](std::string_view one) { return field.starts_with(one); });
}

Result<net::Headers> headers_of(const FormFields& form) {
  net::Headers headers;
  for (const auto& [name, value] : form.fields) {
    if (is_header(name)) headers.add(name, value);
  }
  if (const auto list = form.get("acl")) headers.add("x-amz-acl", std::string(*list));
  if (const auto tagging = form.get("tagging")) {
    ATOLL_ASSIGN(const Tags tags, read_tagging(*tagging, kObjectTagsMax));
    std::string text;
    for (const auto& [name, value] : tags) {
      if (!text.empty()) text += '&';
      text.append(uri_encode(name, Slash::encoded)).append("=").append(uri_encode(value, Slash::encoded));
    }
    headers.add("x-amz-tagging", std::move(text));
  }
  return headers;
}

// Who asks, as the form's fields say. The policy, where there is one: without one a form is nobody's.
Result<std::optional<PostPolicy>> authenticate(Exchange& exchange, const FormFields& form, SigningKeys& keys) {
  const auto field = [&](std::string_view name) { return form.get(name).value_or(""); };
  if (!field("x-amz-security-token").empty()) return fail(Code::InvalidToken);
  const auto policy = form.get("policy");
  const bool is_signed = form.get("x-amz-signature") || form.get("signature") || form.get("awsaccesskeyid");
  if (!policy) {
    if (is_signed) return fail(Code::InvalidArgument, "A form with a signature needs the policy that is signed");
    exchange.claim.is_anonymous = true;
    ATOLL_TRY(admit(exchange, std::nullopt));
    return std::optional<PostPolicy>();
  }
  ATOLL_ASSIGN(exchange.claim, claim_of_form({field("x-amz-algorithm"), field("x-amz-credential"), field("x-amz-date"),
                                              field("x-amz-signature")},
                                             {exchange.now, exchange.context.region}));
  const auto identity = exchange.context.access->s3_key(exchange.claim.access_key);
  const auto verified = verify_policy(*policy, exchange.claim, signing_key_of(keys, exchange.claim, identity));
  if (!identity) return fail(Code::InvalidAccessKeyId);
  ATOLL_TRY(verified);
  ATOLL_ASSIGN(PostPolicy read, read_post_policy(*policy));
  ATOLL_TRY(check_post_policy(read, form, exchange.bucket, exchange.now));
  ATOLL_TRY(admit(exchange, identity));
  return std::optional(std::move(read));
}

// ${filename} becomes what the browser calls the file.
std::string with_file_name(std::string_view text, std::string_view file_name) {
  constexpr std::string_view mark = "${filename}";
  std::string out;
  while (true) {
    const std::size_t at = text.find(mark);
    out += text.substr(0, at);
    if (at == std::string_view::npos) return out;
    out += file_name;
    text.remove_prefix(at + mark.size());
  }
}

// Where the browser is sent; none where the field names no address of a page.
std::optional<std::string> redirect_of(const FormFields& form, const Exchange& exchange, std::string_view etag) {
  const auto given = form.get("success_action_redirect") ? form.get("success_action_redirect") : form.get("redirect");
  if (!given || !(given->starts_with("https://") || given->starts_with("http://"))) return std::nullopt;
  const bool is_clean = std::ranges::all_of(*given, [](char c) { return c > 0x20 && c < 0x7F; });
  if (!is_clean) return std::nullopt;
  std::string out(given->substr(0, given->find('#')));
  out += out.find('?') == std::string::npos ? '?' : '&';
  out.append("bucket=").append(uri_encode(exchange.bucket, Slash::encoded));
  out.append("&key=").append(uri_encode(exchange.key, Slash::encoded));
  return out.append("&etag=").append(uri_encode(etag, Slash::encoded));
}

net::Response answer_of(const FormFields& form, const Exchange& exchange, const net::Response& stored, bool is_signed) {
  const std::string etag(stored.headers.get("ETag").value_or(""));
  const std::string place = (exchange.is_secure ? "https://" : "http://") + exchange.authority +
                            std::string(split_target(exchange.signed_target).path);
  const std::string location = place + (place.ends_with('/') ? "" : "/") + uri_encode(exchange.key, Slash::kept);
  net::Response response;
  response.headers = stored.headers;
  // Only where somebody with a key has signed it: else any page could send people on by way of this server.
  const auto redirect = is_signed ? redirect_of(form, exchange, etag) : std::nullopt;
  if (redirect) {
    response.status = 303;
    response.headers.add("Location", *redirect);
    return response;
  }
  response.headers.add("Location", location);
  const std::string_view wanted = form.get("success_action_status").value_or("");
  response.status = wanted == "200" ? 200 : wanted == "201" ? 201 : 204;
  if (response.status == 201) {
    xml::Writer writer;
    writer.begin("PostResponse").element("Location", location).element("Bucket", exchange.bucket);
    writer.element("Key", exchange.key).element("ETag", etag).end();
    response.headers.add("Content-Type", "application/xml");
    response.body = writer.finish();
  }
  return response;
}

}  // namespace

Answer post_object(Exchange& exchange, SigningKeys& keys) {
  if (exchange.header("Authorization") || exchange.parameter("X-Amz-Signature")) {
    return fail(Code::InvalidRequest, "A form carries its signature in its fields, not in a header or the address");
  }
  const auto boundary = form_boundary(exchange.header_or("Content-Type"));
  if (!boundary) {
    return fail(Code::PreconditionFailed, "What is posted to a bucket must be a form of the type multipart/form-data");
  }
  net::BodyReader& source = exchange.request.body;
  FormReader reader([&source](ByteSpan out) { return source.read(out); }, *boundary);
  ATOLL_ASSIGN(FormFields form, reader.read_fields());
  const auto key = std::ranges::find(form.fields, "key", [](const auto& one) -> std::string_view { return one.first; });
  if (key == form.fields.end()) return fail(Code::InvalidArgument, "A form upload needs a field named key");
  // Before the policy is asked: it speaks of what will be stored.
  key->second = with_file_name(key->second, form.file_name);
  exchange.key = key->second;
  ATOLL_ASSIGN(const auto policy, authenticate(exchange, form, keys));

  FileBody body(reader, policy ? policy->bytes_min : 0, policy ? policy->bytes_max : UINT64_MAX);
  ATOLL_ASSIGN(net::Headers headers, headers_of(form));
  net::Request upload{.method = "PUT",
                      .target = exchange.request.target,
                      .version = exchange.request.version,
                      .headers = std::move(headers),
                      .content_length = std::nullopt,
                      .is_chunked = true,
                      .connection = exchange.request.connection,
                      .body = body};
  Exchange inner(exchange.context, upload,
                 {exchange.request_id, exchange.remote_address, exchange.authority, "", exchange.is_secure});
  inner.bucket = exchange.bucket;
  inner.key = exchange.key;
  inner.resource = ResourceKind::object;
  inner.claim = exchange.claim;
  inner.who = exchange.who;
  inner.view = exchange.view;
  inner.vault_id = exchange.vault_id;
  inner.vault = exchange.vault;
  inner.body_bytes_max = exchange.request.content_length;
  if (policy && inner.body_bytes_max) inner.body_bytes_max = std::min(*inner.body_bytes_max, policy->bytes_max);
  ATOLL_ASSIGN(inner.operation, find_operation("PUT", ResourceKind::object, {}, false));
  ATOLL_ASSIGN(const auto stored, put_object(inner));
  return answer_of(form, exchange, stored, policy.has_value());
}

}  // namespace atl::s3
