#include "edge/server/client_origin.h"

#include <gtest/gtest.h>

namespace atl::server {
namespace {

class ClientOriginTest : public ::testing::Test {
 protected:
  ClientOrigin origin(net::Headers headers) {
    headers.set("Host", "inner.example:7070");
    net::MemoryBody body("");
    const net::Request request{"GET", "/", 11, std::move(headers), 0, false, connection_, body};
    return origin_of_client(request, trust_);
  }
  bool is_private_request(net::Headers headers) {
    headers.set("Host", "inner.example:7070");
    net::MemoryBody body("");
    const net::Request request{"GET", "/", 11, std::move(headers), 0, false, connection_, body};
    return is_private(request, origin_of_client(request, trust_));
  }
  void SetUp() override { connection_.remote_address = "10.0.0.1"; }

  net::ConnectionFacts connection_;
  ProxyTrust trust_{{"10.0.0.0/8"}, ForwardingFields::x_forwarded};
};

TEST_F(ClientOriginTest, AStrangersFieldsDoNotCount) {
  connection_.remote_address = "192.0.2.7";
  const auto found = origin({{"X-Forwarded-For", "203.0.113.9"},
                             {"X-Forwarded-Proto", "https"},
                             {"X-Forwarded-Host", "evil.example"},
                             {"Forwarded", "for=203.0.113.9;proto=https"}});
  EXPECT_EQ(found.remote_address, "192.0.2.7");
  EXPECT_EQ(found.scheme, "http");
  EXPECT_EQ(found.authority, "inner.example:7070");
  EXPECT_FALSE(found.is_through_proxy);
}

TEST_F(ClientOriginTest, TheLastAddressThatIsNoProxyIsTheClient) {
  EXPECT_EQ(origin({{"X-Forwarded-For", "1.1.1.1, 203.0.113.9, 10.2.3.4"}}).remote_address, "203.0.113.9");
  EXPECT_EQ(origin({{"X-Forwarded-For", "10.9.9.9"}}).remote_address, "10.9.9.9");
  EXPECT_EQ(origin({{"X-Forwarded-For", "1.1.1.1, nonsense, 10.2.3.4"}}).remote_address, "10.2.3.4");
  EXPECT_EQ(origin({}).remote_address, "10.0.0.1");
  EXPECT_EQ(origin({{"X-Forwarded-Proto", "https"}, {"X-Forwarded-Host", "files.example"}}).scheme, "https");
  EXPECT_EQ(origin({{"X-Forwarded-Host", "files.example"}}).authority, "files.example");
  EXPECT_EQ(origin({{"X-Forwarded-Proto", "gopher"}, {"X-Forwarded-Host", "a b"}}).authority, "inner.example:7070");
}

// A proxy that writes one kind of fields passes the client's own of the other kind on.
TEST_F(ClientOriginTest, OnlyTheFieldsThatTheProxyWritesCount) {
  const net::Headers both = {{"Forwarded", "for=198.51.100.1;proto=https;host=a.example"},
                             {"X-Forwarded-For", "203.0.113.9"}};
  EXPECT_EQ(origin(both).remote_address, "203.0.113.9");
  EXPECT_EQ(origin(both).scheme, "http");
  trust_.fields = ForwardingFields::forwarded;
  EXPECT_EQ(origin(both).remote_address, "198.51.100.1");
  EXPECT_EQ(origin(both).scheme, "https");
  EXPECT_EQ(origin(both).authority, "a.example");
}

TEST_F(ClientOriginTest, TheFieldOfTheStandardIsReadWhole) {
  trust_.fields = ForwardingFields::forwarded;
  EXPECT_EQ(origin({{"Forwarded", "for=\"[2001:db8::17]:4711\""}}).remote_address, "2001:db8::17");
  EXPECT_EQ(origin({{"Forwarded", "For=192.0.2.60:80;PROTO=https;by=10.1.1.1, for=10.0.0.9"}}).remote_address,
            "192.0.2.60");
  EXPECT_EQ(origin({{"Forwarded", "for=unknown;proto=https"}}).remote_address, "10.0.0.1");
  EXPECT_EQ(origin({{"Forwarded", "for=192.0.2.1;host=\"b.example:8443\""}}).authority, "b.example:8443");
  EXPECT_EQ(origin({{"Forwarded", "for=192.0.2.1;note=\"a,b;for=6.6.6.6\""}}).remote_address, "192.0.2.1");
  for (const char* broken : {"", ";", ",,,", "for", "for=", "for=\"", "for=[", "=;=,", "for=\"\\"})
    EXPECT_EQ(origin({{"Forwarded", broken}}).remote_address, "10.0.0.1") << broken;
}

TEST_F(ClientOriginTest, WhatIsPrivate) {
  EXPECT_FALSE(is_private_request({}));
  EXPECT_TRUE(is_private_request({{"X-Forwarded-Proto", "https"}, {"X-Forwarded-For", "192.0.2.7"}}));
  connection_.remote_address = "127.0.0.1";
  EXPECT_TRUE(is_private_request({}));
  // A proxy of this machine that nobody vouches for may bring anybody.
  EXPECT_FALSE(is_private_request({{"X-Forwarded-For", "192.0.2.7"}}));
  EXPECT_FALSE(is_private_request({{"X-Forwarded-For", "192.0.2.7"}, {"X-Forwarded-Proto", "https"}}));
  connection_.remote_address = "192.0.2.7";
  connection_.is_tls = true;
  EXPECT_TRUE(is_private_request({}));
  connection_ = {};
  connection_.is_local_socket = true;
  EXPECT_TRUE(is_private_request({}));
}

TEST(BaseUrls, TheirPathIsTakenOffTargets) {
  EXPECT_EQ(path_of_base_url("https://home.example"), "");
  EXPECT_EQ(path_of_base_url("https://home.example/"), "");
  EXPECT_EQ(path_of_base_url("https://home.example/files/x/"), "/files/x");
  EXPECT_EQ(path_of_base_url(""), "");
  const auto without = [](std::string target, std::string_view prefix) {
    return remove_path_prefix(target, prefix) ? target : "no";
  };
  EXPECT_EQ(without("/files/a?b", "/files"), "/a?b");
  EXPECT_EQ(without("/files", "/files"), "/");
  EXPECT_EQ(without("/files?b", "/files"), "/?b");
  EXPECT_EQ(without("/filesystem", "/files"), "no");
  EXPECT_EQ(without("/a", "/files"), "no");
  EXPECT_EQ(without("/a", ""), "no");
}

}  // namespace
}  // namespace atl::server
