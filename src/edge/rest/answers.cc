#include "edge/rest/answers.h"

#include "foundation/codec/hash.h"

namespace atl::rest {

using json::Value;

void set_name(Value& object, std::string_view name, std::string_view bytes) {
  object.set(name, bytes);
  if (!is_utf8(bytes)) object.set(std::string(name) + "_b64", to_base64(as_bytes(bytes)));
}

Result<std::string> name_from(const Value& body, std::string_view name) {
  const std::string encoded_name = std::string(name) + "_b64";
  const Value* const plain = body.find(name);
  const Value* const encoded = body.find(encoded_name);
  if (encoded == nullptr) return body.text_of(name);
  if (plain != nullptr) {
    return fail(ErrorKind::usage, "json.both_names",
                "\"" + std::string(name) + "\" and \"" + encoded_name + "\" say the same: give one");
  }
  ATOLL_ASSIGN(const std::string text, body.text_of(encoded_name));
  const auto bytes = from_base64(text);
  if (!bytes) return fail(ErrorKind::usage, "json.bad_base64", "\"" + encoded_name + "\" is no base64");
  return to_string(*bytes);
}

Value object_json(std::string_view bucket, const catalog::Listed& listed) {
  const auto& version = listed.version;
  Value out = Value::object();
  out.set("bucket", bucket);
  set_name(out, "key", listed.entry.key);
  out.set("type", word_of(version.kind)).set("size", version.size);
  out.set("modified", format_rfc3339(version.modified)).set("stored", format_rfc3339(version.begin_time));
  out.set("version", version.version.text()).set("etag", etag(version.version)).set("lsn", version.begin.value);
  if (!version.content_type.empty()) out.set("content_type", version.content_type);
  if (!version.tags.empty()) out.set("tags", version.tags);
  if (!version.metadata.empty()) out.set("metadata", version.metadata);
  if (!version.link_target.empty()) set_name(out, "link_target", version.link_target);
  if (!version.label.empty()) out.set("label", version.label);
  if (listed.entry.is_deleted) out.set("deleted", format_rfc3339(listed.entry.deleted_at));
  return out;
}

std::string etag(const VersionId& version) { return "\"" + version.text() + "\""; }

net::Representation representation(const catalog::VersionRow& version) {
  return {true, net::EntityTag{version.version.text(), false}, version.begin_time.unix_us / 1'000'000};
}

Result<std::optional<vault::Moment>> moment_of(Call& call, std::string_view parameter) {
  if (!call.has(parameter)) return std::nullopt;
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(auto moment, vault::parse_moment(*vault, call.text(parameter)));
  return moment;
}

Result<std::optional<Timestamp>> since_of(const Call& call) {
  if (!call.has("since")) return std::nullopt;
  const std::string text = call.text("since");
  if (const auto time = parse_rfc3339(text)) return Timestamp{time->seconds * 1'000'000 + time->nanoseconds / 1000};
  if (const auto ago = parse_duration_s(text)) return Timestamp{call.exchange().now().unix_us - *ago * 1'000'000};
  return fail(ErrorKind::usage, "http.bad_query", "`since` takes a time: 2026-11-13, or 3d (ago)");
}

namespace {

std::string mark_of(const Call& call) {
  std::string list(call.operation().id);
  for (const std::string_view piece : {std::string_view(call.bucket()), std::string_view(call.key())})
    list += "\n" + std::string(piece);
  for (const Parameter& one : call.operation().query) {
    if (one.name == "cursor" || one.name == "limit") continue;
    list += "\n" + std::string(one.name) + (call.has(one.name) ? "=" : "-") + call.text(one.name);
  }
  return std::string(as_text(ByteView(codec::blake3(as_bytes(list))).first(6)));
}

}  // namespace

std::string make_cursor(const Call& call, std::string_view position) {
  return to_base32(as_bytes(mark_of(call) + std::string(position)));
}

Result<std::string> position_of(const Call& call) {
  if (!call.has("cursor")) return std::string();
  const auto bytes = from_base32(call.text("cursor"));
  const std::string mark = mark_of(call);
  if (!bytes || !as_text(*bytes).starts_with(mark)) {
    return fail(ErrorKind::usage, "http.bad_cursor", "this cursor is not of this list",
                "Give back `next_cursor` of the page before, with the same other parameters.");
  }
  return to_string(*bytes).substr(mark.size());
}

std::string attachment(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    plain += byte < 0x20 || byte >= 0x7F || c == '"' || c == '\\' || c == '/' ? '_' : c;
  }
  std::string out = "attachment; filename=\"" + plain + "\"";
  if (is_utf8(name)) out += "; filename*=UTF-8''" + net::percent_encode(name);
  return out;
}

net::Response no_content() {
  net::Response response;
  response.status = 204;
  return response;
}
net::Response created(const Value& value) { return server::json_response(201, value); }
net::Response ok(const Value& value) { return server::json_response(200, value); }

Parameter limit_parameter() { return {"limit", ParameterType::number, "How many at most.", {}, 1, kPageMax, "1000"}; }
Parameter cursor_parameter() { return {"cursor", ParameterType::text, "`next_cursor` of the page before."}; }
Parameter as_of_parameter() {
  return {
      "as_of", ParameterType::text,
      "The state of that moment: a time (2026-11-13T09:00), a day (its end), so long ago (3h, 2d), a change's number, "
      "or a snapshot's name."};
}
Parameter prefix_parameter() { return {"prefix", ParameterType::text, "Only keys that begin with this."}; }
Parameter dry_run_parameter() { return {"dry_run", ParameterType::flag, "Only say what would be done."}; }

}  // namespace atl::rest
