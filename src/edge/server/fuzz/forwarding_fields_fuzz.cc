// Forwarded and X-Forwarded-* from foreign bytes: what comes out is an address, a scheme and a host; and nothing at all
// of somebody who is no trusted proxy.
#include "edge/server/client_origin.h"
#include "foundation/net/uri.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using atl::server::ForwardingFields;
  const std::string text = atl::to_string(atl::ByteView(data, size));
  for (const auto fields : {ForwardingFields::x_forwarded, ForwardingFields::forwarded}) {
    for (const bool is_trusted : {true, false}) {
      atl::net::ConnectionFacts connection;
      connection.remote_address = is_trusted ? "10.0.0.1" : "192.0.2.7";
      atl::net::MemoryBody body("");
      const atl::net::Request request{"GET",
                                      "/",
                                      11,
                                      {{"Host", "inner.example"},
                                       {"Forwarded", text},
                                       {"X-Forwarded-For", text},
                                       {"X-Forwarded-Proto", text},
                                       {"X-Forwarded-Host", text}},
                                      0,
                                      false,
                                      connection,
                                      body};
      const auto origin = atl::server::origin_of_client(request, {{"10.0.0.0/8"}, fields});
      ATOLL_INVARIANT(origin.is_through_proxy == is_trusted, "only a trusted proxy is one");
      ATOLL_INVARIANT(atl::server::is_in_network(origin.remote_address, "0.0.0.0/0") ||
                          atl::server::is_in_network(origin.remote_address, "::/0"),
                      "the client has an address");
      ATOLL_INVARIANT(origin.scheme == "http" || origin.scheme == "https", "the scheme is one of two");
      ATOLL_INVARIANT(atl::net::parse_authority(origin.authority).has_value(), "the authority can be read");
      if (!is_trusted) {
        ATOLL_INVARIANT(origin.remote_address == connection.remote_address && origin.authority == "inner.example" &&
                            origin.scheme == "http",
                        "a stranger's fields do not count");
      }
    }
  }
  return 0;
}
