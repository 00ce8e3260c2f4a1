#include "store/blob/s3/s3_place.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "foundation/base/bytes.h"
#include "foundation/net/http_message.h"
#include "foundation/net/uri.h"

namespace atl::blob {
namespace {

constexpr std::string_view kScheme = "s3://";
constexpr std::size_t kPrefixBytesMax = 500;
constexpr std::uint32_t kEveryMax_s = 24 * 3600;

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

tl::unexpected<Error> bad_place(std::string why) {
  return fail(ErrorKind::usage, "s3.bad_place", std::move(why), "Write it as s3://BUCKET/PREFIX.");
}

Result<void> check_names(const S3Place& place) {
  const bool is_bucket = place.bucket.size() >= 3 && place.bucket.size() <= 63 &&
                         is_letter_or_digit(place.bucket.front()) && std::ranges::all_of(place.bucket, [](char c) {
                           return is_letter_or_digit(c) || c == '.' || c == '-' || c == '_';
                         });
  if (!is_bucket) return bad_place("\"" + place.bucket.substr(0, 80) + "\" cannot be a bucket's name");
  const bool is_prefix = place.prefix.size() <= kPrefixBytesMax && std::ranges::all_of(place.prefix, [](char c) {
                           return is_letter_or_digit(c) || c == '.' || c == '-' || c == '_' || c == '/';
                         });
  if (!is_prefix || place.prefix.find("//") != std::string::npos) {
    return bad_place("a prefix is made of letters, digits, '.', '-', '_' and single '/'");
  }
  return {};
}

Result<void> check_endpoint(std::string_view endpoint) {
  const std::size_t scheme = endpoint.starts_with("https://") ? 8 : endpoint.starts_with("http://") ? 7 : 0;
  const std::string_view authority = endpoint.substr(scheme);
  if (scheme == 0 || authority.find_first_of("/?#@") != std::string_view::npos || !net::parse_authority(authority)) {
    return fail(ErrorKind::usage, "s3.bad_endpoint", "\"" + std::string(endpoint.substr(0, 200)) + "\" is no endpoint",
                "Write it as https://HOST or https://HOST:PORT.");
  }
  return {};
}

std::string amazon_endpoint(const std::string& region) { return "https://s3." + region + ".amazonaws.com"; }
// Certificates of Amazon's hold for one label before the host.
bool fits_in_host(const std::string& bucket) { return bucket.find('.') == std::string::npos; }

template <class Number>
std::optional<Number> number_of(std::string_view text) {
  Number value{};
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_word(std::string_view text, std::size_t size_max) {
  return !text.empty() && text.size() <= size_max &&
         std::ranges::all_of(text, [](char c) { return is_letter_or_digit(c) || c == '-' || c == '_'; });
}

Result<void> take(S3Place& place, const net::QueryPair& pair, std::optional<bool>& is_bucket_in_host) {
  const std::string value = pair.value.value_or("");
  const auto bad = [&] { return bad_place("\"" + value.substr(0, 80) + "\" is no value of " + pair.name); };
  if (pair.name == "endpoint") {
    ATOLL_TRY(check_endpoint(value));
    place.endpoint = value;
  } else if (pair.name == "region") {
    if (!is_word(value, 64)) return bad();
    place.region = value;
  } else if (pair.name == "class") {
    if (!is_word(value, 64)) return bad();
    place.storage_class = value;
  } else if (pair.name == "address") {
    if (value != "host" && value != "path") return bad();
    is_bucket_in_host = value == "host";
  } else if (pair.name == "check") {
    if (value != "read" && value != "sha256") return bad();
    place.trusts_sha256 = value == "sha256";
  } else if (pair.name == "every") {
    const auto seconds = number_of<std::uint32_t>(value);
    if (!seconds || *seconds == 0 || *seconds > kEveryMax_s) return bad();
    place.every_s = *seconds;
  } else if (pair.name == "price") {
    const auto price = number_of<double>(value);
    if (!price || !(*price >= 0) || *price > 1e9) return bad();
    place.price_per_gib_month = *price;
  } else if (pair.name == "fingerprint") {
    const auto digest = from_hex(value);
    if (!digest || digest->size() != 32) return bad();
    place.fingerprint = value;
  } else {
    return bad_place("\"" + pair.name.substr(0, 80) + "\" is nothing that an S3 place has");
  }
  return {};
}

std::string price_text(double price) {
  std::array<char, 64> text{};
  const auto written = std::to_chars(text.data(), text.data() + text.size(), price);
  return {text.data(), written.ptr};
}

}  // namespace

bool is_s3_place(std::string_view text) { return text.starts_with(kScheme); }

bool is_cold_class(std::string_view storage_class) {
  // GLACIER_IR is read like any other.
  return storage_class == "GLACIER" || storage_class == "DEEP_ARCHIVE";
}

bool S3Place::is_cold() const { return is_cold_class(storage_class); }

double S3Place::cost_per_month(std::uint64_t bytes) const {
  constexpr double gib = 1024.0 * 1024 * 1024;
  return static_cast<double>(bytes) / gib * price_per_gib_month;
}

std::string S3Place::shown() const {
  std::string text = std::string(kScheme) + bucket + (prefix.empty() ? "" : "/" + prefix);
  if (endpoint != amazon_endpoint(region)) text += " at " + endpoint.substr(endpoint.find("//") + 2);
  return text;
}

Result<S3Place> parse_s3_place(std::string_view text) {
  if (!is_s3_place(text)) return bad_place("\"" + std::string(text.substr(0, 80)) + "\" does not begin with s3://");
  const net::Target target = net::split_target(text.substr(kScheme.size()));
  S3Place place;
  const std::size_t slash = target.path.find('/');
  place.bucket = target.path.substr(0, slash);
  std::string_view prefix = slash == std::string_view::npos ? std::string_view() : target.path.substr(slash + 1);
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  while (prefix.starts_with('/')) prefix.remove_prefix(1);
  place.prefix = prefix;
  ATOLL_TRY(check_names(place));
  std::optional<bool> is_bucket_in_host;
  if (target.query) {
    ATOLL_ASSIGN(const auto query, net::Query::parse(*target.query));
    for (const auto& pair : query.pairs()) ATOLL_TRY(take(place, pair, is_bucket_in_host));
  }
  const bool is_amazon = place.endpoint.empty();
  if (is_amazon) place.endpoint = amazon_endpoint(place.region);
  place.is_bucket_in_host = is_bucket_in_host.value_or(is_amazon && fits_in_host(place.bucket));
  return place;
}

std::string format(const S3Place& place) {
  std::string text = std::string(kScheme) + place.bucket + (place.prefix.empty() ? "" : "/" + place.prefix);
  char before = '?';
  const auto add = [&](std::string_view name, std::string_view value) {
    text += std::exchange(before, '&');
    text.append(name).append("=").append(net::percent_encode(value, ":/"));
  };
  const bool is_amazon = place.endpoint == amazon_endpoint(place.region);
  if (!is_amazon) add("endpoint", place.endpoint);
  add("region", place.region);
  if (place.is_bucket_in_host != (is_amazon && fits_in_host(place.bucket)))
    add("address", place.is_bucket_in_host ? "host" : "path");
  if (!place.storage_class.empty()) add("class", place.storage_class);
  if (place.trusts_sha256) add("check", "sha256");
  if (place.every_s != 1) add("every", std::to_string(place.every_s));
  if (place.price_per_gib_month > 0) add("price", price_text(place.price_per_gib_month));
  if (!place.fingerprint.empty()) add("fingerprint", place.fingerprint);
  return text;
}

std::optional<std::string> setting_of(std::string_view text, std::string_view profile, std::string_view name) {
  bool is_inside = false;
  std::optional<std::string> found;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    line = net::trim_blanks(line);
    if (line.starts_with('[') && line.ends_with(']')) {
      std::string_view section = net::trim_blanks(line.substr(1, line.size() - 2));
      if (section.starts_with("profile ")) section = net::trim_blanks(section.substr(8));
      is_inside = section == profile;
      continue;
    }
    const std::size_t equals = line.find('=');
    if (!is_inside || line.starts_with('#') || line.starts_with(';') || equals == std::string_view::npos) continue;
    if (!net::equal_ignoring_case(net::trim_blanks(line.substr(0, equals)), name)) continue;
    found = std::string(net::trim_blanks(line.substr(equals + 1)));
  }
  return found;
}

Result<net::AwsCredentials> parse_credentials(std::string_view text, std::string_view profile) {
  net::AwsCredentials credentials;
  credentials.access_key = setting_of(text, profile, "aws_access_key_id").value_or("");
  credentials.secret = setting_of(text, profile, "aws_secret_access_key").value_or("");
  credentials.session_token = setting_of(text, profile, "aws_session_token").value_or("");
  if (!credentials.access_key.empty() && !credentials.secret.empty()) return credentials;
  return fail(ErrorKind::usage, "s3.no_credentials",
              "there is no aws_access_key_id with its aws_secret_access_key below [" + std::string(profile) + "]",
              "Write both as `name = value` lines.");
}

std::string format(const net::AwsCredentials& credentials) {
  std::string text = "[default]\naws_access_key_id = " + credentials.access_key +
                     "\naws_secret_access_key = " + credentials.secret + "\n";
  if (!credentials.session_token.empty()) text += "aws_session_token = " + credentials.session_token + "\n";
  return text;
}

}  // namespace atl::blob
