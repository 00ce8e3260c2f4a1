#include "edge/serve/lock_door.h"

namespace atl::serve {

net::Response LockDoor::answer(server::Exchange& exchange) {
  exchange.route = "POST " + std::string(kLockPath);
  if (exchange.request.method != "POST") {
    auto refused = server::problem({ErrorKind::usage, "http.method_not_allowed", "only POST", ""}, exchange.request_id);
    refused.headers.set("Allow", "POST");
    return refused;
  }
  if (const auto allowed = exchange.require(access::Action::server_admin, {}); !allowed)
    return server::problem(allowed.error(), exchange.request_id);
  *is_ordered_ = true;
  return server::json_response(202, json::Value::object().set("state", "locking"));
}

}  // namespace atl::serve
