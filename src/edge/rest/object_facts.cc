#include "edge/rest/object_facts.h"

#include <algorithm>

#include "edge/rest/answers.h"
#include "foundation/net/http_date.h"
#include "vault/object/labels.h"

namespace atl::rest {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
  return out;
}

// A token of RFC 9110 section 5.6.2.
bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool can_stand_in_a_field(std::string_view text) {
  return net::trim_blanks(text) == text &&
         std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

Result<std::map<std::string, std::string>> parse_tags(std::string_view text) {
  if (text.starts_with('{')) {
    ATOLL_ASSIGN(
        const auto value,
        json::Value::parse(text, {.bytes_max = kMetadataBytesMax, .depth_max = 2, .repeats = json::Repeats::refused}));
    return json::Value::object().set("Atoll-Tags", value).texts_of("Atoll-Tags");
  }
  ATOLL_ASSIGN(const auto query, net::Query::parse(text, net::Plus::literal, kTagsMax));
  std::map<std::string, std::string> out;
  for (const auto& pair : query.pairs()) out[pair.name] = pair.value.value_or("");
  return out;
}

}  // namespace

Result<void> check_words(const catalog::VersionRow& version) {
  std::size_t bytes = 0;
  for (const auto* const map : {&version.metadata, &version.tags}) {
    for (const auto& [name, value] : *map) {
      bytes += name.size() + value.size();
      if (name.empty()) return fail(ErrorKind::usage, "object.no_name", "metadata and tags need names");
    }
  }
  if (bytes <= kMetadataBytesMax && version.tags.size() <= kTagsMax) return {};
  return fail(ErrorKind::limit, "object.too_many_words",
              "metadata and tags of one object have at most " + std::to_string(kMetadataBytesMax) + " bytes and " +
                  std::to_string(kTagsMax) + " tags");
}

Result<catalog::VersionRow> facts_of(const net::Headers& headers, Timestamp now) {
  catalog::VersionRow facts;
  facts.modified = {now.unix_us / 1'000'000, static_cast<std::uint32_t>(now.unix_us % 1'000'000 * 1000)};
  facts.mode = 0644;
  facts.content_type = headers.get("Content-Type").value_or("");
  facts.description = headers.get("Atoll-Description").value_or("");
  facts.author = headers.get("Atoll-Author").value_or("");
  facts.label = headers.get("Atoll-Label").value_or("");
  vault::Origin said;
  said.label = facts.label;
  said.author = facts.author;
  said.description = facts.description;
  ATOLL_TRY(vault::check_origin(said));
  for (const auto& field : headers) {
    if (field.name.size() <= kMetadataField.size() ||
        !net::equal_ignoring_case(std::string_view(field.name).substr(0, kMetadataField.size()), kMetadataField)) {
      continue;
    }
    facts.metadata[lower(std::string_view(field.name).substr(kMetadataField.size()))] = field.value;
  }
  if (const auto tags = headers.get("Atoll-Tags"); tags) {
    ATOLL_ASSIGN(facts.tags, parse_tags(*tags));
  }
  if (const auto modified = headers.get("Atoll-Modified"); modified) {
    const auto time = parse_rfc3339(*modified);
    if (!time) return fail(ErrorKind::usage, "http.bad_field", "Atoll-Modified takes a time: 2026-11-13T09:00:00Z");
    facts.modified = *time;
    facts.has_source = true;
  }
  ATOLL_TRY(check_words(facts));
  return facts;
}

std::vector<HeaderParameter> word_parameters() {
  return {{"Atoll-Meta-*", "Metadata; the name in lower case."},
          {"Atoll-Tags", "Tags, as name=value&name=value or as a JSON object."},
          {"Atoll-Description", "What changed and why."},
          {"Atoll-Author", "Who is answerable for the content."},
          {"Atoll-Label", "A name for the version, which no other version of its object has."}};
}

Result<std::string> sha256_of(const net::Headers& headers) {
  for (const std::string_view name : {"Repr-Digest", "Content-Digest"}) {
    const auto field = headers.joined(name);
    if (!field) continue;
    const std::size_t at = lower(*field).find("sha-256=:");
    if (at == std::string::npos) continue;  // an algorithm that is not known here is passed over (RFC 9530 section 2)
    const std::size_t begin = at + 9;
    const std::size_t end = field->find(':', begin);
    const auto bytes = end == std::string::npos ? from_base64("!") : from_base64(field->substr(begin, end - begin));
    if (!bytes || bytes->size() != 32) {
      return fail(ErrorKind::usage, "http.bad_field",
                  std::string(name) + " takes sha-256=:<base64 of 32 bytes>: (RFC 9530)");
    }
    return to_hex(*bytes);
  }
  return std::string();
}

void set_facts(net::Headers& headers, const catalog::VersionRow& version) {
  headers.set("ETag", etag(version.version));
  headers.set("Last-Modified", net::format_http_date(version.begin_time.unix_us / 1'000'000));
  headers.set("Content-Type", version.content_type.empty() || !can_stand_in_a_field(version.content_type)
                                  ? "application/octet-stream"
                                  : version.content_type);
  headers.set("Atoll-Version", version.version.text());
  headers.set("Atoll-Modified", format_rfc3339(version.modified));
  std::string tags;
  for (const auto& [name, value] : version.tags)
    tags += (tags.empty() ? "" : "&") + net::percent_encode(name) + "=" + net::percent_encode(value);
  if (!tags.empty()) headers.set("Atoll-Tags", tags);
  for (const auto& [name, value] : version.metadata) {
    if (is_token(name) && can_stand_in_a_field(value)) headers.set(std::string(kMetadataField) + name, value);
  }
  if (const auto sha256 = version.checksums.find("sha256"); sha256 != version.checksums.end()) {
    if (const auto bytes = from_hex(sha256->second); bytes)
      headers.set("Repr-Digest", "sha-256=:" + to_base64(*bytes) + ":");
  }
}

}  // namespace atl::rest
