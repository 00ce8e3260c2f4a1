#include "edge/s3/signature.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "edge/s3/errors.h"
#include "foundation/codec/hmac.h"
#include "foundation/net/sigv4.h"

namespace atl::s3 {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";
constexpr std::string_view kEmptyDigest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return lower(c); });
  return out;
}

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, {}, [](char c) { return lower(c); }, [](char c) { return lower(c); });
}

bool is_hex_digest(std::string_view text) {
  return text.size() == 64 &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// Blanks at both ends go, runs of blanks inside become one.
std::string trimmed(std::string_view value) {
  if (value.find_first_of(" \t") == std::string_view::npos) return std::string(value);
  std::string out;
  for (const char c : value) {
    const bool is_blank = c == ' ' || c == '\t';
    if (is_blank && (out.empty() || out.back() == ' ')) continue;
    out += is_blank ? ' ' : c;
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t at = text.find(by);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string canonical_path(std::string_view path) {
  if (path.empty()) return "/";
  const auto decoded = uri_decode(path, Plus::is_plus);
  return decoded ? uri_encode(*decoded, Slash::kept) : std::string(path);
}

Result<std::string> canonical_query(std::string_view query) {
  ATOLL_ASSIGN(Parameters parameters, parse_parameters(query));
  std::vector<std::pair<std::string, std::string>> encoded;
  for (const auto& [name, value] : parameters) {
    if (name != "X-Amz-Signature") {
      encoded.emplace_back(uri_encode(name, Slash::encoded), uri_encode(value, Slash::encoded));
    }
  }
  std::ranges::sort(encoded);
  std::string out;
  for (const auto& [name, value] : encoded) {
    if (!out.empty()) out += '&';
    out.append(name).append("=").append(value);
  }
  return out;
}

// As the client wrote it: for those that encode otherwise than S3 says, but sign what they send.
std::string query_as_sent(std::string_view query) {
  std::vector<std::string> parts;
  for (const std::string_view one : split(query, '&')) {
    if (one.empty() || one.starts_with("X-Amz-Signature=")) continue;
    parts.emplace_back(one);
    if (one.find('=') == std::string_view::npos) parts.back() += '=';
  }
  std::ranges::sort(parts);
  std::string out;
  for (const std::string& part : parts) {
    if (!out.empty()) out += '&';
    out += part;
  }
  return out;
}

std::string canonical(const RequestView& request, const Claim& claim, std::string_view path, std::string_view query) {
  std::string out;
  out.reserve(512);
  out.append(request.method).append("\n").append(path).append("\n").append(query).append("\n");
  std::string names;
  for (const std::string& name : claim.signed_headers) {
    if (!names.empty()) names += ';';
    names += name;
    out.append(name).append(":");
    bool is_first = true;
    for (const HeaderView& header : request.headers) {
      if (!same_name(header.name, name)) continue;
      if (!std::exchange(is_first, false)) out += ',';
      out += trimmed(header.value);
    }
    out += '\n';
  }
  out.append("\n").append(names).append("\n").append(claim.payload_hash);
  return out;
}

std::string string_to_sign(const Claim& claim, std::string_view canonical_text) {
  std::string out(kAlgorithm);
  out.append("\n").append(claim.time).append("\n").append(claim.scope()).append("\n");
  return out.append(to_hex(codec::sha256(as_bytes(canonical_text))));
}

std::string mac_hex(const SigningKey& key, std::string_view text) {
  return to_hex(codec::hmac_sha256(key, as_bytes(text)));
}

Result<void> set_payload(Claim& claim, std::string_view hash) {
  claim.payload_hash = hash;
  if (hash == kUnsignedPayload) {
    claim.payload = PayloadKind::unsigned_body;
  } else if (hash == "STREAMING-AWS4-HMAC-SHA256-PAYLOAD") {
    claim.payload = PayloadKind::signed_chunks;
  } else if (hash == "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER") {
    claim.payload = PayloadKind::signed_chunks_and_trailer;
  } else if (hash == "STREAMING-UNSIGNED-PAYLOAD-TRAILER") {
    claim.payload = PayloadKind::unsigned_and_trailer;
  } else if (hash.starts_with("STREAMING-AWS4-ECDSA")) {
    return fail(Code::InvalidRequest, "Signatures of version 4A (ECDSA) are not known here: use AWS4-HMAC-SHA256");
  } else if (is_hex_digest(lower(hash))) {
    claim.payload = PayloadKind::hashed;
  } else {
    return fail(Code::InvalidArgument,
                "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, one of the STREAMING words, or a SHA-256");
  }
  return {};
}

Result<void> set_credential(Claim& claim, std::string_view credential, Code code, const ClaimRules& rules) {
  const auto parts = split(credential, '/');
  if (parts.size() < 5 || parts.back() != "aws4_request" || parts[parts.size() - 2] != "s3") {
    return fail(code, "The credential must read KEY/DATE/REGION/s3/aws4_request");
  }
  const std::size_t tail = parts.size() - 4;
  claim.date = parts[tail];
  claim.region = parts[tail + 1];
  // What is left in front may hold slashes of its own.
  claim.access_key = credential.substr(0, static_cast<std::size_t>(parts[tail].data() - credential.data()) - 1);
  if (claim.access_key.empty() || claim.access_key.size() > 128)
    return fail(code, "The credential names no access key");
  if (!rules.region.empty() && claim.region != rules.region) {
    return fail(code, "The region is wrong: '" + claim.region + "' where '" + rules.region + "' is expected");
  }
  return {};
}

Result<void> set_time(Claim& claim, std::string_view text, Code code) {
  const auto time = parse_basic_time(text);
  if (!time) return fail(code, "X-Amz-Date must be a time like 20130524T000000Z");
  claim.time = text;
  claim.time_s = *time;
  if (claim.date != text.substr(0, 8)) return fail(code, "The credential's date is not that of X-Amz-Date");
  return {};
}

Result<void> set_signed_headers(Claim& claim, std::string_view names, Code code) {
  for (const std::string_view name : split(names, ';')) {
    if (name.empty() || lower(name) != name) return fail(code, "SignedHeaders must be lower-case names with ; between");
    if (std::ranges::find(claim.signed_headers, name) != claim.signed_headers.end()) {
      return fail(code, "SignedHeaders names a header twice");
    }
    claim.signed_headers.emplace_back(name);
  }
  return {};
}

bool is_signed(const Claim& claim, std::string_view name) {
  return std::ranges::any_of(claim.signed_headers, [&](const std::string& one) { return same_name(one, name); });
}

// Whoever holds a signed request must not be able to make it mean something else.
Result<void> check_coverage(const RequestView& request, const Claim& claim) {
  if (!is_signed(claim, "host")) return fail(Code::AccessDenied, "The Host header must be signed");
  for (const HeaderView& header : request.headers) {
    if (lower(header.name.substr(0, 6)) == "x-amz-" && !is_signed(claim, header.name)) {
      return fail(Code::AccessDenied, "The header " + lower(header.name) + " is not signed");
    }
  }
  return {};
}

Result<Claim> claim_of_header(const RequestView& request, std::string_view authorization, const ClaimRules& rules) {
  constexpr auto malformed = Code::AuthorizationHeaderMalformed;
  Claim claim;
  std::string_view rest = authorization.substr(kAlgorithm.size());
  std::string_view credential;
  std::string_view names;
  for (std::string_view part : split(rest, ',')) {
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) return fail(malformed);
    const std::string_view name = part.substr(0, equals);
    const std::string_view value = part.substr(equals + 1);
    if (name == "Credential") credential = value;
    if (name == "SignedHeaders") names = value;
    if (name == "Signature") claim.signature = value;
  }
  ATOLL_TRY(set_credential(claim, credential, malformed, rules));
  ATOLL_TRY(set_signed_headers(claim, names, malformed));
  if (!is_hex_digest(claim.signature)) return fail(malformed, "The signature must be 64 hexadecimal digits");
  const auto time = request.header("x-amz-date");
  if (!time) return fail(Code::AccessDenied, "The header x-amz-date is missing");
  ATOLL_TRY(set_time(claim, *time, malformed));
  const auto hash = request.header("x-amz-content-sha256");
  if (!hash) return fail(Code::InvalidRequest, "The header x-amz-content-sha256 is missing");
  ATOLL_TRY(set_payload(claim, *hash));
  const std::int64_t now_s = rules.now.unix_us / 1'000'000;
  if (claim.time_s > now_s + kClockSkewMax_s || claim.time_s < now_s - kClockSkewMax_s) {
    return fail(Code::RequestTimeTooSkewed);
  }
  ATOLL_TRY(check_coverage(request, claim));
  return claim;
}

Result<Claim> claim_of_link(const RequestView& request, const Parameters& parameters, const ClaimRules& rules) {
  constexpr auto malformed = Code::AuthorizationQueryParametersError;
  Claim claim;
  claim.is_query = true;
  const auto value_of = [&](std::string_view name) -> Result<std::string_view> {
    const std::string_view* found = nullptr;
    std::string_view value;
    for (const auto& [parameter, text] : parameters) {
      if (parameter != name) continue;
      if (found != nullptr) return fail(malformed, "The parameter " + parameter + " stands twice in the address");
      value = text;
      found = &value;
    }
    if (found == nullptr) return fail(malformed, "The parameter " + std::string(name) + " is missing in the address");
    return value;
  };
  ATOLL_ASSIGN(const auto algorithm, value_of("X-Amz-Algorithm"));
  if (algorithm != kAlgorithm) {
    return fail(malformed, "X-Amz-Algorithm must be AWS4-HMAC-SHA256");
  }
  ATOLL_ASSIGN(const auto credential, value_of("X-Amz-Credential"));
  ATOLL_TRY(set_credential(claim, credential, malformed, rules));
  ATOLL_ASSIGN(const auto time, value_of("X-Amz-Date"));
  ATOLL_TRY(set_time(claim, time, malformed));
  ATOLL_ASSIGN(const auto names, value_of("X-Amz-SignedHeaders"));
  ATOLL_TRY(set_signed_headers(claim, names, malformed));
  ATOLL_ASSIGN(const auto signature, value_of("X-Amz-Signature"));
  claim.signature = signature;
  if (!is_hex_digest(claim.signature)) return fail(malformed, "The signature must be 64 hexadecimal digits");
  ATOLL_ASSIGN(const auto expires, value_of("X-Amz-Expires"));
  const auto read = std::from_chars(expires.data(), expires.data() + expires.size(), claim.expires_s);
  if (read.ec != std::errc() || read.ptr != expires.data() + expires.size() || claim.expires_s < 1 ||
      claim.expires_s > kLinkAgeMax_s) {
    return fail(malformed, "X-Amz-Expires must be between 1 and 604800 seconds");
  }
  std::string_view hash = kUnsignedPayload;
  if (const auto header = request.header("x-amz-content-sha256")) hash = *header;
  for (const auto& [parameter, text] : parameters) {
    if (same_name(parameter, "X-Amz-Content-Sha256")) hash = text;
    if (same_name(parameter, "X-Amz-Security-Token") && !text.empty()) return fail(Code::InvalidToken);
  }
  ATOLL_TRY(set_payload(claim, hash));
  const std::int64_t now_s = rules.now.unix_us / 1'000'000;
  if (claim.time_s > now_s + kClockSkewMax_s) return fail(Code::AccessDenied, "The link does not hold yet");
  if (now_s > claim.time_s + claim.expires_s) return fail(Code::AccessDenied, "The link has expired");
  ATOLL_TRY(check_coverage(request, claim));
  return claim;
}

}  // namespace

std::optional<std::string_view> RequestView::header(std::string_view name) const {
  for (const HeaderView& one : headers) {
    if (same_name(one.name, name)) return one.value;
  }
  return std::nullopt;
}

Result<Claim> read_claim(const RequestView& request, const ClaimRules& rules) {
  ATOLL_ASSIGN(const Parameters parameters, parse_parameters(split_target(request.target).query));
  const auto has = [&](std::string_view name) {
    return std::ranges::any_of(parameters, [&](const auto& one) { return one.first == name; });
  };
  const auto authorization = request.header("Authorization");
  const bool has_link = has("X-Amz-Algorithm") || has("X-Amz-Signature") || has("X-Amz-Credential");
  static constexpr std::string_view kOnlyVersion4 =
      "Only signatures of version 4 (AWS4-HMAC-SHA256) are taken: tell your client to use signature version 4";
  if (has("Signature") && has("AWSAccessKeyId")) return fail(Code::InvalidRequest, std::string(kOnlyVersion4));
  if (!request.header("x-amz-security-token").value_or("").empty()) return fail(Code::InvalidToken);
  if (authorization) {
    if (has_link) {
      return fail(Code::InvalidArgument, "Only one way to sign is allowed: a header or parameters in the address");
    }
    // "AWS4-HMAC-SHA256 Credential=…": a blank must follow, AWS4-HMAC-SHA256X is something else.
    if (authorization->starts_with(kAlgorithm) && authorization->size() > kAlgorithm.size() &&
        (*authorization)[kAlgorithm.size()] == ' ') {
      return claim_of_header(request, *authorization, rules);
    }
    return fail(Code::InvalidRequest, std::string(kOnlyVersion4));
  }
  if (has_link) return claim_of_link(request, parameters, rules);
  Claim claim;
  claim.is_anonymous = true;
  if (const auto hash = request.header("x-amz-content-sha256")) {
    ATOLL_TRY(set_payload(claim, *hash));
    if (claim.payload == PayloadKind::signed_chunks || claim.payload == PayloadKind::signed_chunks_and_trailer) {
      return fail(Code::AccessDenied, "Signed chunks want a signed request");
    }
  }
  return claim;
}

Result<Claim> claim_of_form(const FormSignature& fields, const ClaimRules& rules) {
  constexpr auto malformed = Code::AuthorizationQueryParametersError;
  if (fields.algorithm != kAlgorithm) {
    return fail(Code::InvalidRequest,
                "Only forms with a signature of version 4 are taken: x-amz-algorithm must be AWS4-HMAC-SHA256");
  }
  Claim claim;
  ATOLL_TRY(set_credential(claim, fields.credential, malformed, rules));
  ATOLL_TRY(set_time(claim, fields.date, malformed));
  claim.signature = fields.signature;
  if (!is_hex_digest(claim.signature)) return fail(malformed, "The signature must be 64 hexadecimal digits");
  // How long it holds is what its policy says.
  if (claim.time_s > rules.now.unix_us / 1'000'000 + kClockSkewMax_s)
    return fail(Code::AccessDenied, "The form does not hold yet");
  return claim;
}

SigningKey signing_key(std::string_view secret, std::string_view date, std::string_view region) {
  return net::aws_signing_key(secret, date, region, "s3");
}

std::string canonical_request(const RequestView& request, const Claim& claim) {
  const Target target = split_target(request.target);
  const auto query = canonical_query(target.query);
  return canonical(request, claim, canonical_path(target.path), query ? *query : query_as_sent(target.query));
}

SigningKey SigningKeys::of(const std::string& access_key, std::string_view secret, const std::string& date,
                           const std::string& region) {
  constexpr std::size_t keys_max = 256;  // regions are the client's words, so there is no end to them
  auto place = std::tuple(access_key, date, region);
  {
    const std::lock_guard lock(mutex_);
    const auto found = made_.find(place);
    if (found != made_.end() && found->second.secret == secret) return found->second.key;
  }
  const SigningKey key = signing_key(secret, date, region);
  const std::lock_guard lock(mutex_);
  if (made_.size() >= keys_max) made_.clear();
  made_.insert_or_assign(std::move(place), Made{std::string(secret), key});
  return key;
}

Result<void> verify(const RequestView& request, const Claim& claim, const SigningKey& key) {
  if (claim.is_anonymous) return fail(Code::AccessDenied, "The request is not signed");
  const auto holds = [&](const std::string& text) {
    return codec::equal_in_constant_time(as_bytes(mac_hex(key, string_to_sign(claim, text))),
                                         as_bytes(claim.signature));
  };
  const std::string text = canonical_request(request, claim);
  if (holds(text)) return {};
  const Target target = split_target(request.target);
  const std::string sent =
      canonical(request, claim, target.path.empty() ? "/" : target.path, query_as_sent(target.query));
  if (sent != text && holds(sent)) return {};
  return fail(Code::SignatureDoesNotMatch);
}

Result<void> verify_policy(std::string_view policy, const Claim& claim, const SigningKey& key) {
  if (codec::equal_in_constant_time(as_bytes(mac_hex(key, policy)), as_bytes(claim.signature))) return {};
  return fail(Code::SignatureDoesNotMatch);
}

std::string chunk_signature(const SigningKey& key, const Claim& claim, std::string_view previous,
                            const codec::Digest& chunk_digest) {
  std::string text = "AWS4-HMAC-SHA256-PAYLOAD\n";
  text.append(claim.time).append("\n").append(claim.scope()).append("\n").append(previous).append("\n");
  text.append(kEmptyDigest).append("\n").append(to_hex(chunk_digest));
  return mac_hex(key, text);
}

std::string trailer_signature(const SigningKey& key, const Claim& claim, std::string_view previous,
                              std::string_view canonical_trailers) {
  std::string text = "AWS4-HMAC-SHA256-TRAILER\n";
  text.append(claim.time).append("\n").append(claim.scope()).append("\n").append(previous).append("\n");
  text.append(to_hex(codec::sha256(as_bytes(canonical_trailers))));
  return mac_hex(key, text);
}

namespace {

Claim own_claim(const Credentials& credentials, Timestamp now) {
  Claim claim;
  claim.time_s = now.unix_us / 1'000'000;
  claim.time = format_basic_time(claim.time_s);
  claim.date = claim.time.substr(0, 8);
  claim.region = credentials.region;
  claim.access_key = credentials.access_key;
  return claim;
}

std::string joined_names(const Claim& claim) {
  std::string names;
  for (const std::string& name : claim.signed_headers) {
    if (!names.empty()) names += ';';
    names += name;
  }
  return names;
}

}  // namespace

Result<std::vector<AddedHeader>> sign(const RequestView& request, const Credentials& credentials, Timestamp now,
                                      std::string_view payload_hash) {
  Claim claim = own_claim(credentials, now);
  ATOLL_TRY(set_payload(claim, payload_hash));
  std::vector<AddedHeader> added{{"x-amz-date", claim.time}, {"x-amz-content-sha256", claim.payload_hash}};
  std::vector<HeaderView> all(request.headers.begin(), request.headers.end());
  for (const AddedHeader& header : added) all.push_back({header.name, header.value});
  for (const HeaderView& header : all) {
    std::string name = lower(header.name);
    if (std::ranges::find(claim.signed_headers, name) == claim.signed_headers.end()) {
      claim.signed_headers.push_back(std::move(name));
    }
  }
  std::ranges::sort(claim.signed_headers);
  const std::string text = canonical_request({request.method, request.target, all}, claim);
  const SigningKey key = signing_key(credentials.secret, claim.date, claim.region);
  std::string authorization(kAlgorithm);
  authorization.append(" Credential=").append(claim.access_key).append("/").append(claim.scope());
  authorization.append(",SignedHeaders=").append(joined_names(claim));
  authorization.append(",Signature=").append(mac_hex(key, string_to_sign(claim, text)));
  added.push_back({"Authorization", std::move(authorization)});
  return added;
}

Result<std::string> presign(std::string_view method, std::string_view target, std::string_view host,
                            const Credentials& credentials, Timestamp now, std::int64_t expires_s) {
  if (expires_s < 1 || expires_s > kLinkAgeMax_s) {
    return fail(Code::InvalidArgument, "A link holds for 1 to 604800 seconds");
  }
  Claim claim = own_claim(credentials, now);
  claim.payload_hash = kUnsignedPayload;
  claim.signed_headers = {"host"};
  std::string link(target);
  link += target.find('?') == std::string_view::npos ? '?' : '&';
  link.append("X-Amz-Algorithm=").append(kAlgorithm);
  link.append("&X-Amz-Credential=").append(uri_encode(claim.access_key + "/" + claim.scope(), Slash::encoded));
  link.append("&X-Amz-Date=").append(claim.time).append("&X-Amz-Expires=").append(std::to_string(expires_s));
  link.append("&X-Amz-SignedHeaders=host");
  const std::array headers{HeaderView{"host", host}};
  const std::string text = canonical_request({method, link, headers}, claim);
  const SigningKey key = signing_key(credentials.secret, claim.date, claim.region);
  return link.append("&X-Amz-Signature=").append(mac_hex(key, string_to_sign(claim, text)));
}

std::string format_basic_time(std::int64_t unix_s) { return net::format_basic_time(unix_s); }

std::optional<std::int64_t> parse_basic_time(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
  for (std::size_t at = 0; at < 15; ++at) {
    if (at != 8 && (text[at] < '0' || text[at] > '9')) return std::nullopt;
  }
  const std::array<char, 20> extended{text[0],  text[1],  text[2], text[3],  '-',      text[4],  text[5],
                                      '-',      text[6],  text[7], 'T',      text[9],  text[10], ':',
                                      text[11], text[12], ':',     text[13], text[14], 'Z'};
  const auto time = parse_rfc3339({extended.data(), extended.size()});
  if (!time) return std::nullopt;
  return time->seconds;
}

}  // namespace atl::s3
