#include "foundation/net/http_client.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>
#include <thread>

#include "foundation/net/http_server.h"
#include "foundation/net/testing/raw_client.h"
#include "foundation/net/tls.h"
#include "foundation/platform/posix_machine.h"

namespace atl::net {
namespace {

class RepeatSource final : public BodySource {
 public:
  explicit RepeatSource(std::uint64_t bytes) : left_(bytes) {}
  Result<Pulled> pull(ByteSpan out) override {
    Pulled pulled;
    pulled.bytes = static_cast<std::size_t>(std::min<std::uint64_t>(left_, out.size()));
    std::fill_n(out.begin(), pulled.bytes, std::uint8_t{'r'});
    left_ -= pulled.bytes;
    if (left_ == 0) pulled.state = Pulled::State::end;
    return pulled;
  }

 private:
  std::uint64_t left_;
};

Response describe(Request& request) {
  std::uint64_t sum = 0;
  Bytes buffer(64 * 1024);
  while (true) {
    const auto count = request.body.read(buffer);
    if (!count) return text_response(400, count.error().id);
    if (*count == 0) break;
    sum += *count;
  }
  if (request.target == "/large") {
    Response response;
    response.body = std::make_unique<RepeatSource>(20'000'000);
    return response;
  }
  auto response = text_response(request.target == "/missing" ? 404 : 200, request.method + " " + request.target);
  response.headers.add("X-Body-Bytes", std::to_string(sum));
  response.headers.add("X-Connection", std::to_string(request.connection.id));
  response.headers.add("X-Tls", request.connection.is_tls ? "yes" : "no");
  response.headers.add("X-Seen", std::string(request.headers.get("X-Given").value_or("absent")));
  response.headers.add("X-Chunked", request.is_chunked ? "yes" : "no");
  return response;
}

class HttpClientTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto identity = make_self_signed(machine_.machine(), {"localhost", "127.0.0.1", "::1"}, 30);
    ASSERT_TRUE(identity) << identity.error().message;
    identity_ = *identity;
    Endpoint plain;
    Endpoint tls;
    tls.is_tls = true;
    ServerOptions options;
    options.threads = 4;
    options.small_body_bytes = 1000;
    auto server = HttpServer::start(machine_.machine(), {plain, tls}, &identity_, options, describe);
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
    plain_ = "http://127.0.0.1:" + std::to_string(server_->endpoints()[0].port);
    tls_ = "https://127.0.0.1:" + std::to_string(server_->endpoints()[1].port);
  }
  static std::unique_ptr<HttpClient> client(const ClientOptions& options = {}) {
    auto opened = HttpClient::open(options);
    EXPECT_TRUE(opened);
    return std::move(*opened);
  }
  static ClientRequest get(std::string url) {
    ClientRequest request;
    request.url = std::move(url);
    return request;
  }

  platform::PosixMachine machine_;
  TlsIdentity identity_;
  std::unique_ptr<HttpServer> server_;
  std::string plain_;
  std::string tls_;
};

TEST_F(HttpClientTest, GetsAnswersOverOneConnection) {
  const auto http = client();
  std::set<std::string> connections;
  for (int round = 0; round < 3; ++round) {
    auto request = get(plain_ + "/a/../b%20c?d");
    request.headers = {{"X-Given", "here"}};
    const auto response = http->send(request);
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, 200U);
    EXPECT_EQ(as_text(response->body), "GET /a/../b%20c?d\n");
    EXPECT_EQ(response->headers.get("X-Seen"), "here");
    connections.insert(std::string(*response->headers.get("X-Connection")));
  }
  EXPECT_EQ(connections.size(), 1U);
  EXPECT_EQ(http->send(get(plain_ + "/missing"))->status, 404U);
  auto head = get(plain_ + "/");
  head.method = "HEAD";
  const auto response = http->send(head);
  EXPECT_EQ(response->headers.get("Content-Length"), "7");
  EXPECT_TRUE(response->body.empty());
}

TEST_F(HttpClientTest, SendsBodiesFromMemoryAndFromSources) {
  const auto http = client();
  const std::string content(5000, 'm');
  auto request = get(plain_ + "/put");
  request.method = "PUT";
  request.body = as_bytes(content);
  auto response = http->send(request);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(as_text(response->body), "PUT /put\n");
  EXPECT_EQ(response->headers.get("X-Body-Bytes"), "5000");
  RepeatSource known(30'000'000);
  request.body = &known;
  request.body_length = 30'000'000;
  response = http->send(request);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->headers.get("X-Body-Bytes"), "30000000");
  EXPECT_EQ(response->headers.get("X-Chunked"), "no");
  RepeatSource unknown(300'000);
  request.body = &unknown;
  request.body_length.reset();
  request.method = "POST";
  response = http->send(request);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->headers.get("X-Body-Bytes"), "300000");
  EXPECT_EQ(response->headers.get("X-Chunked"), "yes");
}

TEST_F(HttpClientTest, StreamsOrRefusesLargeAnswers) {
  const auto http = client();
  auto request = get(plain_ + "/large");
  request.body_bytes_max = 1000;
  EXPECT_EQ(http->send(request).error().id, "client.too_large");
  std::uint64_t sum = 0;
  unsigned status = 0;
  request.on_head = [&](const ClientResponse& head) -> Result<void> {
    EXPECT_EQ(sum, 0U);
    status = head.status;
    return {};
  };
  request.on_body = [&](ByteView piece) -> Result<void> {
    sum += piece.size();
    return {};
  };
  ASSERT_TRUE(http->send(request));
  EXPECT_EQ(sum, 20'000'000U);
  EXPECT_EQ(status, 200U);
  request.on_head = nullptr;
  request.on_body = [](ByteView) -> Result<void> { return fail(ErrorKind::no_space, "test.full", "full"); };
  EXPECT_EQ(http->send(request).error().id, "test.full");
  std::atomic<bool> stop = true;
  request.on_body = nullptr;
  request.stop = &stop;
  EXPECT_EQ(http->send(request).error().kind, ErrorKind::interrupted);
}

TEST_F(HttpClientTest, TrustsAuthoritiesAndPinnedCertificatesOnly) {
  EXPECT_EQ(client()->send(get(tls_ + "/")).error().id, "client.untrusted");
  ClientOptions by_authority;
  by_authority.authorities_pem = identity_.certificate_chain_pem;
  const auto trusted = client(by_authority)->send(get(tls_ + "/"));
  ASSERT_TRUE(trusted) << trusted.error().message;
  EXPECT_EQ(trusted->headers.get("X-Tls"), "yes");
  ClientOptions by_pin;
  by_pin.pinned_certificate_sha256 = certificate_facts(identity_.certificate_chain_pem)->sha256;
  const auto pinned = client(by_pin)->send(get(tls_ + "/large"));
  ASSERT_FALSE(pinned);
  EXPECT_EQ(pinned.error().id, "client.too_large");
  const auto small = client(by_pin)->send(get(tls_ + "/"));
  ASSERT_TRUE(small) << small.error().message;
  (*by_pin.pinned_certificate_sha256)[0] ^= 1;
  EXPECT_EQ(client(by_pin)->send(get(tls_ + "/")).error().id, "client.untrusted");
}

TEST_F(HttpClientTest, StreamsThroughTls) {
  ClientOptions options;
  options.authorities_pem = identity_.certificate_chain_pem;
  const auto http = client(options);
  RepeatSource source(10'000'000);
  auto request = get(tls_ + "/large");
  request.method = "PUT";
  request.body = &source;
  request.body_length = 10'000'000;
  std::uint64_t sum = 0;
  request.on_body = [&](ByteView piece) -> Result<void> {
    sum += piece.size();
    return {};
  };
  const auto response = http->send(request);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(sum, 20'000'000U);
}

TEST_F(HttpClientTest, NewConnectionsAreShownTheNewCertificate) {
  ClientOptions old_pin;
  old_pin.pinned_certificate_sha256 = certificate_facts(identity_.certificate_chain_pem)->sha256;
  const auto open = client(old_pin);
  ASSERT_TRUE(open->send(get(tls_ + "/")));
  const auto renewed = make_self_signed(machine_.machine(), {"localhost"}, 30);
  ASSERT_TRUE(server_->set_identity(*renewed));
  EXPECT_TRUE(open->send(get(tls_ + "/"))) << "over the open connection";
  EXPECT_EQ(client(old_pin)->send(get(tls_ + "/")).error().id, "client.untrusted");
  ClientOptions new_pin;
  new_pin.pinned_certificate_sha256 = certificate_facts(renewed->certificate_chain_pem)->sha256;
  EXPECT_TRUE(client(new_pin)->send(get(tls_ + "/")));
  TlsIdentity mixed{renewed->certificate_chain_pem, identity_.private_key_pem};
  EXPECT_EQ(server_->set_identity(mixed).error().id, "tls.key_does_not_match");
  EXPECT_TRUE(client(new_pin)->send(get(tls_ + "/")));
}

TEST_F(HttpClientTest, PlainRequestsAtATlsPortAreToldSo) {
  testing::RawClient raw(server_->endpoints()[1]);
  raw.send(testing::get_request("/"));
  const auto answer = raw.answer();
  EXPECT_EQ(answer.status, 400U);
  EXPECT_TRUE(answer.is_whole);
  EXPECT_NE(answer.body.find("HTTPS"), std::string::npos);
}

TEST_F(HttpClientTest, ASilentHandshakeIsBrokenOff) {
  ServerOptions options;
  options.threads = 1;
  options.handshake_timeout_ms = 100;
  Endpoint tls;
  tls.is_tls = true;
  auto server = HttpServer::start(machine_.machine(), {tls}, &identity_, options, describe);
  ASSERT_TRUE(server);
  testing::RawClient silent((*server)->endpoints()[0]);
  EXPECT_TRUE(silent.is_closed_by_server());
  (*server)->stop();
  EXPECT_EQ((*server)->stats().tls_handshakes_failed, 1U);
}

TEST_F(HttpClientTest, ConnectsToALocalSocket) {
  Endpoint local;
  local.kind = Endpoint::Kind::local;
  local.path = ::testing::TempDir() + "/atoll-client-" + std::to_string(::getpid());
  auto server = HttpServer::start(machine_.machine(), {local}, nullptr, {.threads = 1}, describe);
  ASSERT_TRUE(server) << server.error().message;
  ClientOptions options;
  options.local_socket_path = local.path;
  const auto response = client(options)->send(get("http://atoll/x"));
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(as_text(response->body), "GET /x\n");
}

TEST_F(HttpClientTest, SaysWhatIsWrong) {
  ClientOptions options;
  options.connect_timeout_ms = 500;
  options.total_timeout_ms = 500;
  const auto http = client(options);
  EXPECT_EQ(http->send(get("ftp://127.0.0.1/")).error().kind, ErrorKind::usage);
  EXPECT_EQ(http->send(get("http://127.0.0.1:1/")).error().id, "client.unreachable");
  auto request = get(plain_ + "/");
  request.headers = {{"X", "a\r\nY: b"}};
  EXPECT_EQ(http->send(request).error().id, "client.bad_request");
  request = get(plain_ + "/\r\nX: y");
  EXPECT_EQ(http->send(request).error().id, "client.bad_request");
}

TEST(TlsTest, MadeCertificatesAreGoodForTheirNames) {
  platform::PosixMachine machine;
  const auto identity = make_self_signed(machine.machine(), {"atoll.lan", "192.0.2.7", "2001:db8::1"}, 10);
  ASSERT_TRUE(identity) << identity.error().message;
  EXPECT_TRUE(check_identity(*identity));
  const auto facts = certificate_facts(identity->certificate_chain_pem);
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->names, (std::vector<std::string>{"atoll.lan", "192.0.2.7", "2001:db8::1"}));
  const auto seconds = (facts->not_after.unix_us - facts->not_before.unix_us) / 1'000'000;
  EXPECT_EQ(seconds, 10 * 86'400 + 3600);
  EXPECT_EQ(make_self_signed(machine.machine(), {"a b"}, 10).error().id, "tls.bad_name");
  EXPECT_EQ(make_self_signed(machine.machine(), {"a,DNS:evil"}, 10).error().id, "tls.bad_name");
  EXPECT_EQ(make_self_signed(machine.machine(), {}, 10).error().id, "tls.bad_name");
  EXPECT_EQ(check_identity({"nothing", identity->private_key_pem}).error().id, "tls.bad_certificate");
  EXPECT_EQ(check_identity({identity->certificate_chain_pem, "nothing"}).error().id, "tls.bad_key");
  EXPECT_EQ(read_identity(machine.machine().files, "/no/such/file", "/no/such/key").error().id, "tls.no_certificate");
}

}  // namespace
}  // namespace atl::net
