#include "edge/server/exchange.h"

#include <algorithm>

#include "edge/errors/error_table.h"

namespace atl::server {
namespace {

// "Try again in 12 s." names the wait; where nothing does, a second.
std::string retry_after(const Error& error) {
  constexpr std::string_view words = "Try again in ";
  std::string seconds;
  if (error.hint.starts_with(words)) {
    for (const char c : error.hint.substr(words.size())) {
      if (c < '0' || c > '9') break;
      seconds += c;
    }
  }
  return seconds.empty() ? "1" : seconds;
}

}  // namespace

std::string Exchange::base_url() const {
  if (!host.settings().base_url.empty()) return host.settings().base_url;
  return scheme + "://" + authority;
}

bool Exchange::is_closed_way() const {
  const bool is_here = remote_address.empty() || remote_address == "::1" || remote_address.starts_with("127.");
  return is_here || base_url().starts_with("https://");
}

Result<void> Exchange::require(access::Action action, const access::Resource& resource) {
  auto& access = host.access();
  ATOLL_TRY(access.take_request(who));
  const auto answer = access.require(who, action, resource);
  if (!answer) {
    catalog::AuditRecord record;
    record.actor = who.name;
    record.address = remote_address;
    record.request_id = request_id;
    record.action = access::name_of(action);
    record.vault = resource.vault;
    record.bucket = resource.bucket;
    record.key = resource.key;
    record.is_allowed = false;
    record.reason = answer.error().id;
    access.audit().note(std::move(record));
  }
  return answer;
}

bool Exchange::may(access::Action action, const access::Resource& resource) const {
  return host.access().decide(who, action, resource).allowed;
}

Result<VaultUse> Exchange::use_vault() {
  if (const auto named = request.headers.get("Atoll-Vault"); named) return host.use(*named, caller());
  if (target.query) {
    ATOLL_ASSIGN(const auto query, net::Query::parse(*target.query));
    if (const auto named = query.get("vault"); named) return host.use(*named, caller());
  }
  return host.use("", caller());
}

void Exchange::note_read(access::Action action, const VaultId& vault, std::string_view bucket, std::string_view key,
                         std::uint64_t bytes) {
  catalog::AuditRecord record;
  record.actor = who.name;
  record.address = remote_address;
  record.request_id = request_id;
  record.action = access::name_of(action);
  record.vault = vault;
  record.bucket = bucket;
  record.key = key;
  record.reason = "grant";
  record.bytes = bytes;
  host.access().audit().note(std::move(record));
}

net::Response problem(const Error& error, std::string_view request_id) {
  const edge::ErrorRow& row = edge::row_of(error);
  const bool is_inside = row.http_status == 500 && error.kind != ErrorKind::damaged;
  json::Value body;
  body.set("type", "urn:atoll:error:" + error.id).set("title", row.title).set("status", row.http_status);
  body.set("detail",
           is_inside ? std::string("something failed inside; the log says more under this request id") : error.message);
  if (!error.hint.empty() && !is_inside) body.set("hint", error.hint);
  body.set("id", error.id).set("request_id", request_id);
  auto response = json_response(row.http_status, body);
  response.headers.set("Content-Type", "application/problem+json");
  response.trouble = error;
  if (row.http_status == 401) response.headers.set("WWW-Authenticate", "Bearer realm=\"atoll\"");
  if (row.http_status == 429 || row.http_status == 503) response.headers.set("Retry-After", retry_after(error));
  return response;
}

std::optional<std::string_view> cookie(const net::Headers& headers, std::string_view name) {
  for (std::string_view field : headers.all("Cookie")) {
    while (!field.empty()) {
      const std::size_t end = std::min(field.find(';'), field.size());
      const std::string_view pair = net::trim_blanks(field.substr(0, end));
      if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=')
        return pair.substr(name.size() + 1);
      field.remove_prefix(std::min(end + 1, field.size()));
    }
  }
  return std::nullopt;
}

std::string_view session_cookie(const Exchange& exchange) {
  return exchange.base_url().starts_with("https://") ? "__Host-atoll_session" : "atoll_session";
}

net::Response json_response(unsigned status, const json::Value& value) {
  net::Response response;
  response.status = status;
  response.headers.set("Content-Type", "application/json");
  response.body = value.text() + "\n";
  return response;
}

Result<json::Value> json_body(net::Request& request, std::size_t bytes_max) {
  const auto type = request.headers.get("Content-Type");
  if (type && !type->starts_with("application/json") && type->find("+json") == std::string_view::npos) {
    return fail(ErrorKind::usage, "http.unsupported_media_type",
                "the body has to be application/json, not " + std::string(*type));
  }
  // Nothing is unpacked, so that nothing grows.
  if (request.headers.has("Content-Encoding")) {
    return fail(ErrorKind::usage, "http.unsupported_media_type",
                "a JSON body is taken as it is, without Content-Encoding");
  }
  ATOLL_ASSIGN(const Bytes body, net::read_all(request.body, bytes_max));
  return json::Value::parse(as_text(body),
                            {.bytes_max = bytes_max, .depth_max = 32, .repeats = json::Repeats::refused});
}

}  // namespace atl::server
