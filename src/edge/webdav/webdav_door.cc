#include "edge/webdav/webdav_door.h"

#include "edge/webdav/answers.h"
#include "edge/webdav/internal/visit.h"

namespace atl::webdav {

bool WebDavDoor::takes(const server::Exchange& exchange) const {
  const std::string_view path = exchange.target.path;
  if (path == "/dav" || path.starts_with("/dav/")) return true;
  const std::string& method = exchange.request.method;
  if (path != "/" && path != "*") return false;
  // A browser's question before a request to another origin is not ours.
  return method == "PROPFIND" ||
         (method == "OPTIONS" && !exchange.request.headers.has("Access-Control-Request-Method"));
}

net::Response WebDavDoor::answer(server::Exchange& exchange) { return Visit(exchange, locks_).answer(); }

net::Response WebDavDoor::refuse(const server::Exchange& exchange, const Error& error) {
  return answer_error(error, exchange.request_id);
}

}  // namespace atl::webdav
