#include "edge/mcp/resources.h"

#include "catalog/entry_kind.h"
#include "edge/mcp/tool.h"
#include "edge/rest/answers.h"
#include "vault/object/objects.h"

namespace atl::mcp {
namespace {

using access::Action;
using json::Value;

constexpr std::string_view kCursorMark = "resources:";
constexpr std::uint64_t kLookedAtMax = 10'000;  // of one page, where much may not be seen

// Where a page ended: bucket's name, NUL, key.
struct Position {
  std::string bucket, key;
};

Result<Position> position_of(const Value& params) {
  ATOLL_ASSIGN(const std::string cursor, params.text_of("cursor"));
  if (cursor.empty()) return Position{};
  const auto bytes = from_base32(cursor);
  const std::string text = bytes ? to_string(*bytes) : std::string();
  const std::size_t end = text.find('\0');
  if (!text.starts_with(kCursorMark) || end == std::string::npos)
    return fail(ErrorKind::usage, "http.bad_cursor", "this cursor is not of resources/list", "Give back `nextCursor`.");
  return Position{text.substr(kCursorMark.size(), end - kCursorMark.size()), text.substr(end + 1)};
}

Value entry_of(std::string_view bucket, const catalog::Listed& listed) {
  const std::string& key = listed.entry.key;
  Value out = Value::object();
  out.set("uri", uri_of(bucket, key)).set("name", key.substr(key.rfind('/') + 1));
  out.set("title", std::string(bucket) + "/" + key);
  if (!listed.version.content_type.empty()) out.set("mimeType", listed.version.content_type);
  out.set("size", listed.version.size);
  Value notes = Value::object();
  notes.set("lastModified", format_rfc3339(listed.version.begin_time));
  return out.set("annotations", std::move(notes));
}

}  // namespace

Result<Value> list_resources(rest::Call& call, const Value& params) {
  ATOLL_ASSIGN(const Position after, position_of(params));
  ATOLL_ASSIGN(auto seen, rest::Filter::begin(call, Action::list));
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  const auto reader = vault->reader();
  ATOLL_ASSIGN(const auto buckets, reader->buckets());
  Value list = Value::array();
  Position last;
  std::uint64_t looked_at = 0;
  bool has_more = false;
  for (const auto& bucket : buckets) {
    if (has_more || bucket.name < after.bucket) continue;
    const std::string behind = bucket.name == after.bucket ? after.key : std::string();
    ATOLL_TRY(reader->scan(bucket.id, "", behind, [&](const catalog::Listed& listed) -> Result<bool> {
      has_more = list.as_array()->size() == kResourcesPage || looked_at == kLookedAtMax;
      if (has_more) return false;
      ++looked_at;
      last = {bucket.name, listed.entry.key};
      if (listed.version.kind != catalog::EntryKind::file) return true;
      if (seen.sees(bucket.name, listed.entry.key, false, call.age_seconds(listed.version)))
        list.push(entry_of(bucket.name, listed));
      return true;
    }));
  }
  Value out = Value::object();
  out.set("resources", std::move(list));
  if (has_more) {
    const std::string position = std::string(kCursorMark) + last.bucket + std::string(1, '\0') + last.key;
    out.set("nextCursor", to_base32(as_bytes(position)));
  }
  call.exchange().note_read(Action::list, call.vault_id(), "", "", 0);
  return out;
}

Value resource_templates() {
  Value one = Value::object();
  one.set("uriTemplate", std::string(kScheme) + "{bucket}/{+key}")
      .set("name", "object")
      .set("title", "A stored object");
  one.set("description",
          "Any stored object by its bucket and key, the key percent-encoded; with ?version=ID an earlier state of it.");
  return Value::object().set("resourceTemplates", Value::array().push(std::move(one)));
}

Result<Value> read_resource(rest::Call& call, const Value& params) {
  ATOLL_ASSIGN(const std::string uri, params.text_of("uri"));
  ATOLL_ASSIGN(const auto address, parse_uri(uri));
  ATOLL_ASSIGN(const auto found, find_object(call, Action::read, address.bucket, address.key, address.version));
  const auto& version = found.version;
  if (version.kind != catalog::EntryKind::file && version.kind != catalog::EntryKind::marker) {
    return fail(ErrorKind::conflict, "object.no_file",
                quoted(address.key) + " is a " + std::string(catalog::word_of(version.kind)) + ", not a file");
  }
  if (version.size > kResourceBytesMax) {
    return fail(ErrorKind::limit, "mcp.resource_too_large",
                quoted(address.key) + " has " + std::to_string(version.size) + " bytes; a resource is read up to " +
                    std::to_string(kResourceBytesMax),
                "The tool `get` reads it in parts.");
  }
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  std::string content;
  content.reserve(version.size);
  ATOLL_TRY(vault::Objects(*vault).read(version, 0, version.size, [&](ByteView piece) -> Result<bool> {
    content += as_text(piece);
    return true;
  }));
  const bool is_text = is_utf8(content) && content.find('\0') == std::string::npos;
  Value one = Value::object();
  one.set("uri", uri);
  const std::string otherwise = is_text ? "text/plain" : "application/octet-stream";
  one.set("mimeType", version.content_type.empty() ? otherwise : version.content_type);
  if (is_text) {
    one.set("text", std::move(content));
  } else {
    one.set("blob", to_base64(as_bytes(content)));
  }
  call.exchange().note_read(address.version.empty() ? Action::read : Action::read_version, call.vault_id(),
                            address.bucket, address.key, version.size);
  return Value::object().set("contents", Value::array().push(std::move(one)));
}

}  // namespace atl::mcp
