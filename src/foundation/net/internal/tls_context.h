// The settings of TLS that a server's connections share.
// Always true: TLS 1.2 with forward secrecy and authenticated encryption, or TLS 1.3; the only protocol offered is
// HTTP/1.1.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "foundation/net/tls.h"

namespace atl::net {

[[nodiscard]] Result<std::shared_ptr<boost::asio::ssl::context>> make_server_context(const TlsIdentity& identity);

}  // namespace atl::net
