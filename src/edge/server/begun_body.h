// Content whose first piece is made before its answer is begun: what cannot be read at all is an answer like any other,
// with the words and the numbers that a client and the log expect, and not a connection that breaks.
#pragma once

#include "foundation/net/http_message.h"

namespace atl::server {

// Pulls the first piece of a body whose length is said, and puts it back in front of the others. Nothing else is
// touched. The error is the source's; the answer is of no use then.
[[nodiscard]] Result<void> begin_body(net::Response& response);

}  // namespace atl::server
