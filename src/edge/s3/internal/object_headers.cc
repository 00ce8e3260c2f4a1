#include "edge/s3/internal/object_headers.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "edge/s3/access_lists.h"
#include "edge/s3/checksums.h"
#include "foundation/net/conditions.h"
#include "foundation/net/http_date.h"
#include "vault/tier/rules.h"

namespace atl::s3 {
namespace {

constexpr std::string_view kMeta = "x-amz-meta-";
constexpr std::string_view kStored = "header:";
constexpr std::size_t kMetadataBytesMax = 8 * 1024;
constexpr std::array<std::string_view, 5> kStandard{"Cache-Control", "Content-Disposition", "Content-Encoding",
                                                    "Content-Language", "Expires"};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && net::equal_ignoring_case(text.substr(0, prefix.size()), prefix);
}

bool can_be_header_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool can_be_header_value(std::string_view value) {
  return std::ranges::none_of(value, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

// "aws-chunked,gzip" says how the body came, and that what is in it is gzip.
std::string without_aws_chunked(std::string_view value) {
  std::string out;
  while (true) {
    const std::size_t comma = value.find(',');
    const std::string_view one = net::trim_blanks(value.substr(0, comma));
    if (!one.empty() && !net::equal_ignoring_case(one, "aws-chunked")) {
      if (!out.empty()) out += ", ";
      out += one;
    }
    if (comma == std::string_view::npos) return out;
    value.remove_prefix(comma + 1);
  }
}

}  // namespace

std::optional<FileTime> parse_mtime(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  if (is_negative) text.remove_prefix(1);
  const std::size_t dot = text.find('.');
  const std::string_view whole = text.substr(0, dot);
  FileTime time;
  const auto read = std::from_chars(whole.data(), whole.data() + whole.size(), time.seconds);
  if (whole.empty() || whole.size() > 12 || read.ec != std::errc() || read.ptr != whole.data() + whole.size()) {
    return std::nullopt;
  }
  if (dot != std::string_view::npos) {
    std::string digits(text.substr(dot + 1, 9));
    if (digits.empty() || text.size() - dot - 1 > 18) return std::nullopt;
    digits.resize(9, '0');
    const auto fraction = std::from_chars(digits.data(), digits.data() + 9, time.nanoseconds);
    if (fraction.ec != std::errc() || fraction.ptr != digits.data() + 9) return std::nullopt;
  }
  if (is_negative) {
    time.seconds = -time.seconds;
    if (time.nanoseconds > 0) {
      time.seconds -= 1;
      time.nanoseconds = 1'000'000'000 - time.nanoseconds;
    }
  }
  return time;
}

std::string format_mtime(FileTime time) {
  std::string sign;
  if (time.seconds < 0) {
    sign = "-";
    if (time.nanoseconds > 0) {
      time.seconds += 1;
      time.nanoseconds = 1'000'000'000 - time.nanoseconds;
    }
    time.seconds = -time.seconds;
  }
  std::string out = sign + std::to_string(time.seconds);
  if (time.nanoseconds == 0) return out;
  std::string digits = std::to_string(1'000'000'000 + time.nanoseconds).substr(1);
  while (digits.ends_with('0')) digits.pop_back();
  return out + "." + digits;
}

Result<void> check_headers(const Exchange& exchange) {
  for (const HeaderView& header : exchange.headers) {
    if (starts_with_ignoring_case(header.name, "x-amz-server-side-encryption-")) {
      return fail(Code::NotImplemented,
                  "Encryption with keys of one's own is not done: the vault is encrypted as a whole");
    }
  }
  for (const std::string_view name : {"x-amz-website-redirect-location", "x-amz-write-offset-bytes"}) {
    if (exchange.header(name))
      return fail(Code::NotImplemented, "The header " + std::string(name) + " is not known here");
  }
  const std::string_view encryption = exchange.header_or("x-amz-server-side-encryption");
  if (!encryption.empty() && (encryption != "AES256" || exchange.vault->head().suite == codec::SealSuite::none)) {
    return fail(Code::NotImplemented, "Only AES256 is done, in an encrypted vault");
  }
  return {};
}

Result<void> read_object_headers(const Exchange& exchange, catalog::VersionRow& version) {
  ATOLL_TRY(check_headers(exchange));
  std::size_t bytes = 0;
  for (const HeaderView& header : exchange.headers) {
    if (!starts_with_ignoring_case(header.name, kMeta)) continue;
    const std::string name = lower(header.name.substr(kMeta.size()));
    bytes += name.size() + header.value.size();
    if (name.empty()) return fail(Code::InvalidArgument, "A metadata header has no name");
    std::string& value = version.metadata[name];
    if (!value.empty()) value += ",";
    value += net::trim_blanks(header.value);
  }
  if (bytes > kMetadataBytesMax) return fail(Code::MetadataTooLarge);
  for (const std::string_view name : kStandard) {
    const auto value = exchange.header(name);
    if (!value) continue;
    std::string kept = name == "Content-Encoding" ? without_aws_chunked(*value) : std::string(*value);
    if (!kept.empty()) version.metadata[std::string(kStored) + lower(name)] = std::move(kept);
  }
  version.content_type = exchange.header_or("Content-Type");
  if (const auto tags = exchange.header("x-amz-tagging")) {
    ATOLL_ASSIGN(version.tags, read_tagging_header(*tags));
  }
  if (const auto name = exchange.header("x-amz-storage-class"); name && *name != "STANDARD") {
    if (!is_storage_class(*name)) return fail(Code::InvalidStorageClass);
    version.metadata[std::string(vault::kStorageClassKey)] = std::string(*name);
  }
  version.mode = 0644;
  version.modified = {seconds_of(exchange.now), static_cast<std::uint32_t>(exchange.now.unix_us % 1'000'000 * 1000)};
  if (const auto mtime = version.metadata.find("mtime"); mtime != version.metadata.end()) {
    if (const auto time = parse_mtime(mtime->second)) version.modified = *time;
  }
  return {};
}

Result<vault::VersionTerms> read_terms(const Exchange& exchange) {
  vault::VersionTerms terms;
  ATOLL_ASSIGN(const auto list, read_list_headers(exchange.request.headers, [&]() -> Result<Owners> {
                 ATOLL_ASSIGN(const auto state, vault::bucket_state(*exchange.vault->reader(), exchange.bucket));
                 return Owners{exchange.vault->actor(), owner_of(state)};
               }));
  if (list && opens_something(*list)) ATOLL_TRY(exchange.require(access::Action::bucket_access_write));
  if (list && *list != access::AccessList::owner_only) terms.access_list = name_of(*list);
  const auto mode = exchange.header("x-amz-object-lock-mode");
  const auto until = exchange.header("x-amz-object-lock-retain-until-date");
  if (mode.has_value() != until.has_value()) {
    return fail(Code::InvalidArgument, "x-amz-object-lock-mode and x-amz-object-lock-retain-until-date come together");
  }
  if (mode) {
    const auto known = lock_mode_named(*mode);
    const auto time = parse_rfc3339(*until);
    if (!known || !time) return fail(Code::InvalidArgument, "The object lock's mode or date is not valid");
    terms.mode = *known;
    terms.until = {time->seconds * 1'000'000};
    if (terms.until <= exchange.now) return fail(Code::InvalidArgument, "The retain until date must be in the future");
  }
  const std::string_view hold = exchange.header_or("x-amz-object-lock-legal-hold", "OFF");
  if (hold != "ON" && hold != "OFF")
    return fail(Code::InvalidArgument, "x-amz-object-lock-legal-hold must be ON or OFF");
  terms.is_held = hold == "ON";
  return terms;
}

std::string quoted(std::string_view etag) { return "\"" + std::string(etag) + "\""; }

std::string storage_class_of(const catalog::VersionRow& version) {
  const auto found = version.metadata.find(std::string(vault::kStorageClassKey));
  return found == version.metadata.end() ? "STANDARD" : found->second;
}

namespace {

// Calls with the algorithm, the value as clients know it, and whether it is of parts.
template <class Visit>
void for_each_checksum(const catalog::VersionRow& version, const Visit& visit) {
  for (const auto& [name, value] : version.checksums) {
    const bool is_composite = name.ends_with("-composite");
    const auto algorithm = algorithm_named(std::string_view(name).substr(0, name.find('-')));
    const std::size_t dash = value.find('-');
    const auto bytes = from_hex(std::string_view(value).substr(0, dash));
    if (!algorithm || !bytes || bytes->size() != bytes_of(*algorithm)) continue;
    visit(*algorithm, to_base64(*bytes) + (dash == std::string::npos ? "" : value.substr(dash)), is_composite);
  }
}

}  // namespace

void write_checksum_headers(const catalog::VersionRow& version, net::Headers& headers) {
  for_each_checksum(version, [&](ChecksumAlgorithm algorithm, const std::string& value, bool is_composite) {
    headers.add(std::string(header_of(algorithm)), value);
    headers.set("x-amz-checksum-type", is_composite ? "COMPOSITE" : "FULL_OBJECT");
  });
}

void write_checksum_elements(const catalog::VersionRow& version, xml::Writer& writer) {
  for_each_checksum(version, [&](ChecksumAlgorithm algorithm, const std::string& value, bool is_composite) {
    writer.element("Checksum" + std::string(name_of(algorithm)), value);
    writer.element("ChecksumType", is_composite ? "COMPOSITE" : "FULL_OBJECT");
  });
}

void write_object_headers(const Exchange& exchange, const Chosen& chosen, net::Headers& headers) {
  const catalog::VersionRow& version = chosen.version.row;
  headers.add("Last-Modified", net::format_http_date(seconds_of(version.begin_time)));
  headers.add("ETag", quoted(vault::etag_of(version)));
  headers.add("Accept-Ranges", "bytes");
  const auto& type = version.content_type;
  headers.add("Content-Type", type.empty() || !can_be_header_value(type) ? "binary/octet-stream" : type);
  std::size_t missing = 0;
  for (const auto& [name, value] : version.metadata) {
    if (name == "mtime" && version.has_source) continue;
    const bool is_standard = name.starts_with(kStored);
    if (!can_be_header_value(value) || (!is_standard && !can_be_header_name(name))) {
      ++missing;
    } else if (!is_standard) {
      headers.add(std::string(kMeta) + name, value);
    } else if (const std::string own = name.substr(kStored.size()); can_be_header_name(own)) {
      headers.set(own, value);
    }
  }
  if (missing > 0) headers.add("x-amz-missing-meta", std::to_string(missing));
  if (version.has_source) headers.add(std::string(kMeta) + "mtime", format_mtime(version.modified));
  if (!version.tags.empty()) headers.add("x-amz-tagging-count", std::to_string(version.tags.size()));
  if (chosen.state.was_ever_versioned()) {
    headers.add("x-amz-version-id", version_text(chosen.version.id, chosen.version.has_id));
  }
  if (exchange.vault->head().suite != codec::SealSuite::none) headers.add("x-amz-server-side-encryption", "AES256");
}

vault::Condition write_condition(const Exchange& exchange, bool is_versioned) {
  return [&exchange, is_versioned](const catalog::VersionRow* current) -> Result<void> {
    if (current != nullptr) {
      ATOLL_TRY(exchange.require(is_versioned ? access::Action::overwrite : access::Action::overwrite_for_good));
    } else {
      ATOLL_TRY(exchange.require(access::Action::write));
    }
    if (!net::has_conditions(exchange.request.headers)) return {};
    net::Representation there;
    there.exists = current != nullptr;
    if (current != nullptr) {
      there.tag = net::EntityTag{vault::etag_of(*current), false};
      there.modified_unix_seconds = seconds_of(current->begin_time);
    } else if (exchange.header("If-Match")) {
      return fail(Code::NoSuchKey);
    }
    const auto outcome = net::evaluate_conditions(exchange.request.headers, "PUT", there, seconds_of(exchange.now),
                                                  {.takes_bare_tags = true});
    if (outcome != net::Outcome::proceed) return fail(Code::PreconditionFailed);
    return {};
  };
}

}  // namespace atl::s3
