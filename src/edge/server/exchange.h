// One request as the doors (REST, S3, WebDAV) see it: who asks, from where, under which number; and what they may.
// Always true: remote address, scheme and authority are the client's, as a trusted proxy tells them, else as the
// connection shows them. What is refused stands in the record of reads and refusals (the audit).
// Thread rules: one thread's, like the request.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "edge/server/host.h"
#include "foundation/json/json.h"
#include "foundation/net/http_message.h"
#include "foundation/net/uri.h"

namespace atl::server {

struct Exchange {
  Host& host;
  net::Request& request;
  net::Target target;  // views into request.target, from which the base URL's path was taken off
  std::string request_id;
  std::string remote_address;  // "" of a local socket
  std::string scheme;          // "http", "https"
  std::string authority;       // "files.example:8443"
  std::string path_prefix;     // what stood before request.target where the client wrote it: "/files", or nothing
  access::Who who;
  // For figures and logs: "GET /api/v1/buckets/{bucket}". Set by the door; a small fixed set.
  std::string route;
  OperationId operation{};  // of an agent's run: what it changes belongs to it

  [[nodiscard]] vault::Caller caller() const {
    return {who.name.empty() ? "nobody" : who.name, origin(), request_id, operation};
  }
  [[nodiscard]] std::string origin() const { return remote_address.empty() ? "local" : remote_address; }
  // "https://files.example:8443", without a slash at its end.
  [[nodiscard]] std::string base_url() const;
  // By TLS, or inside this machine: nobody between can read what is sent.
  [[nodiscard]] bool is_closed_way() const;
  [[nodiscard]] Timestamp now() const { return host.machine().clock.now(); }

  // May they? A refusal is noted. Errors: `denied`, `wrong_key` "access.not_signed_in", `limit` for a rate cap.
  [[nodiscard]] Result<void> require(access::Action action, const access::Resource& resource);
  // Without a record: for leaving out of a list what may not be seen.
  [[nodiscard]] bool may(access::Action action, const access::Resource& resource) const;
  // Of the default vault, or the one that the header Atoll-Vault or the query's `vault` names.
  [[nodiscard]] Result<VaultUse> use_vault();
  // A read that was answered.
  void note_read(access::Action action, const VaultId& vault, std::string_view bucket, std::string_view key,
                 std::uint64_t bytes);
};

// An error as `application/problem+json` (RFC 9457): type, title, status, detail, plus `id`, `hint`, `request_id`.
// Details of what is wrong inside (io, failed) stay in the log.
[[nodiscard]] net::Response problem(const Error& error, std::string_view request_id);
[[nodiscard]] net::Response json_response(unsigned status, const json::Value& value);
// The value of one cookie (RFC 6265 section 4.2); none where it is not there.
[[nodiscard]] std::optional<std::string_view> cookie(const net::Headers& headers, std::string_view name);
// What the session's cookie is called. Over TLS its name itself keeps others off: browsers take one that begins with
// "__Host-" only from this host, over TLS, and for all of it.
[[nodiscard]] std::string_view session_cookie(const Exchange& exchange);
// The request's JSON body; `usage` where it is none, "http.unsupported_media_type" where it says it is something else.
[[nodiscard]] Result<json::Value> json_body(net::Request& request, std::size_t bytes_max = 1024 * 1024);

}  // namespace atl::server
