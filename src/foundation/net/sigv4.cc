#include "foundation/net/sigv4.h"

#include <algorithm>

#include "foundation/codec/hmac.h"
#include "foundation/net/uri.h"

namespace atl::net {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// Blanks at both ends go, runs of blanks inside become one.
std::string squeezed(std::string_view value) {
  std::string out;
  for (const char c : trim_blanks(value)) {
    const bool is_blank = c == ' ' || c == '\t';
    if (is_blank && out.ends_with(' ')) continue;
    out += is_blank ? ' ' : c;
  }
  return out;
}

std::string query_of(const AwsRequest& request) {
  std::vector<std::pair<std::string, std::string>> encoded;
  encoded.reserve(request.query.size());
  for (const auto& [name, value] : request.query) encoded.emplace_back(percent_encode(name), percent_encode(value));
  std::ranges::sort(encoded);
  std::string out;
  for (const auto& [name, value] : encoded) {
    if (!out.empty()) out += '&';
    out.append(name).append("=").append(value);
  }
  return out;
}

std::string joined(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string names;
  for (const auto& [name, value] : fields) {
    if (!names.empty()) names += ';';
    names += name;
  }
  return names;
}

}  // namespace

codec::Digest aws_signing_key(std::string_view secret, std::string_view date, std::string_view region,
                              std::string_view service) {
  std::string first = "AWS4";
  first += secret;
  codec::Digest key = codec::hmac_sha256(as_bytes(first), as_bytes(date));
  codec::wipe(first);
  key = codec::hmac_sha256(key, as_bytes(region));
  key = codec::hmac_sha256(key, as_bytes(service));
  return codec::hmac_sha256(key, as_bytes("aws4_request"));
}

std::string format_basic_time(std::int64_t unix_s) {
  std::string out;
  for (const char c : format_rfc3339(Timestamp{unix_s * 1'000'000})) {
    if (c != '-' && c != ':') out += c;
  }
  return out;
}

std::string target_of(const AwsRequest& request) {
  std::string target = encode_path(request.path);
  if (!request.query.empty()) target.append("?").append(query_of(request));
  return target;
}

Headers sign(const AwsRequest& request, const AwsCredentials& credentials, const AwsScope& scope, Timestamp now) {
  const std::string time = format_basic_time(now.unix_us / 1'000'000);
  const std::string date = time.substr(0, 8);
  const std::string body_digest = to_hex(request.body_sha256);
  Headers headers = request.headers;
  headers.set("x-amz-date", time);
  headers.set("x-amz-content-sha256", body_digest);
  if (!credentials.session_token.empty()) headers.set("x-amz-security-token", credentials.session_token);

  std::vector<std::pair<std::string, std::string>> fields;
  for (const Header& header : headers) fields.emplace_back(lower(header.name), squeezed(header.value));
  std::ranges::sort(fields);
  const std::string names = joined(fields);
  std::string canonical = request.method;
  canonical.append("\n").append(encode_path(request.path)).append("\n").append(query_of(request)).append("\n");
  for (const auto& [name, value] : fields) canonical.append(name).append(":").append(value).append("\n");
  canonical.append("\n").append(names).append("\n").append(body_digest);

  const std::string scope_text = date + "/" + scope.region + "/" + scope.service + "/aws4_request";
  std::string text(kAlgorithm);
  text.append("\n").append(time).append("\n").append(scope_text).append("\n");
  text.append(to_hex(codec::sha256(as_bytes(canonical))));
  const codec::Digest key = aws_signing_key(credentials.secret, date, scope.region, scope.service);
  std::string authorization(kAlgorithm);
  authorization.append(" Credential=").append(credentials.access_key).append("/").append(scope_text);
  authorization.append(",SignedHeaders=").append(names);
  authorization.append(",Signature=").append(to_hex(codec::hmac_sha256(key, as_bytes(text))));
  headers.set("Authorization", std::move(authorization));
  return headers;
}

}  // namespace atl::net
