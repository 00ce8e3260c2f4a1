#include "edge/mcp/answer.h"

#include <array>

#include "edge/mcp/budget.h"
#include "foundation/base/bytes.h"
#include "foundation/net/uri.h"
#include "vault/object/objects.h"

namespace atl::mcp {
namespace {

using json::Value;

constexpr std::size_t kMarkBytes = 6;
constexpr std::string_view kVersionQuery = "?version=";
constexpr std::size_t kUriBytesMax = 3 * vault::kKeyBytesMax + 1024;

Value text_block(std::string text) { return Value::object().set("type", "text").set("text", std::move(text)); }

}  // namespace

Answer::Answer(platform::Random& random) {
  std::array<std::uint8_t, kMarkBytes> bits{};
  random.fill(bits);
  mark_ = to_hex(bits);
}

std::string Answer::framed(std::string_view source, std::string_view stored) const {
  std::string text = "<<stored " + mark_ + " " + std::string(source) + ">>\n" + std::string(stored);
  if (!text.ends_with('\n')) text += '\n';
  return text + "<<end " + mark_ + ">>";
}

void Answer::say(std::string text) {
  tokens_ += tokens_of(text);
  content_.push(text_block(std::move(text)));
}

void Answer::quote(std::string_view source, std::string_view stored) { say(framed(source, stored)); }

std::uint64_t Answer::tokens_to_quote(std::string_view source, std::string_view stored) const {
  return tokens_of(framed(source, stored));
}

void Answer::bytes(std::string_view uri, std::string_view media_type, ByteView content, bool is_image) {
  Value block = Value::object();
  if (is_image) {
    block.set("type", "image").set("data", to_base64(content)).set("mimeType", media_type);
  } else {
    Value resource = Value::object();
    resource.set("uri", uri).set("mimeType", media_type).set("blob", to_base64(content));
    block.set("type", "resource").set("resource", std::move(resource));
  }
  content_.push(std::move(block));
}

Value Answer::result() && {
  Value out = Value::object();
  out.set("content", std::move(content_));
  if (!structured_.is_null()) out.set("structuredContent", std::move(structured_));
  return out.set("isError", false);
}

Value failed_result(const Error& error) {
  const bool is_inside = error.kind == ErrorKind::io || error.kind == ErrorKind::failed;
  std::string words = is_inside ? "something failed inside; the server's log says more" : error.message;
  if (!error.hint.empty() && !is_inside) words += ". " + error.hint;
  Value out = Value::object();
  out.set("content", Value::array().push(text_block(words + " (" + error.id + ")"))).set("isError", true);
  return out.set("_meta", Value::object().set("atoll/error", error.id));
}

std::string quoted(std::string_view name) {
  std::string out;
  json::append_quoted(out, name);
  return out;
}

std::string uri_of(std::string_view bucket, std::string_view key, std::string_view version) {
  std::string uri = std::string(kScheme) + std::string(bucket) + "/" + net::percent_encode(key, "/");
  if (!version.empty()) uri += std::string(kVersionQuery) + std::string(version);
  return uri;
}

Result<ResourceAddress> parse_uri(std::string_view uri) {
  const auto bad = [&](const std::string& why) {
    return fail(ErrorKind::usage, "mcp.bad_uri", quoted(uri.substr(0, 200)) + " names no stored object: " + why,
                "It is atoll://BUCKET/KEY, the key percent-encoded.");
  };
  if (!uri.starts_with(kScheme)) return bad("it does not begin with atoll://");
  if (uri.size() > kUriBytesMax) return bad("it is too long");
  std::string_view rest = uri.substr(kScheme.size());
  ResourceAddress out;
  if (rest.find('#') != std::string_view::npos) return bad("a '#' in a key is written %23");
  if (const std::size_t query = rest.find('?'); query != std::string_view::npos) {
    if (!rest.substr(query).starts_with(kVersionQuery)) return bad("behind '?' only version= can stand");
    out.version = rest.substr(query + kVersionQuery.size());
    rest = rest.substr(0, query);
  }
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos || slash + 1 == rest.size()) return bad("there is no key");
  out.bucket = rest.substr(0, slash);
  if (const auto name = vault::check_bucket_name(out.bucket); !name) return bad(name.error().message);
  auto key = net::percent_decode(rest.substr(slash + 1));
  if (!key) return bad(key.error().message);
  if (const auto checked = vault::check_key(*key); !checked) return bad(checked.error().message);
  out.key = std::move(*key);
  return out;
}

}  // namespace atl::mcp
