// Figures of the server as a whole, for /metrics.
#pragma once

#include "edge/server/host.h"
#include "foundation/net/http_server.h"

namespace atl::serve {

// Borrows both, until the host's metrics were asked for the last time.
void add_figures(server::Host& host, const net::HttpServer& listening);

}  // namespace atl::serve
