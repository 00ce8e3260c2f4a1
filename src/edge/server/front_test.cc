#include "edge/server/front.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "vault/access/control.h"
#include "vault/home.h"
#include "vault/testing/test_vault.h"

namespace atl::server {
namespace {

using vault::testing::told;

// So many pieces "ab", by turns lent and written, and then damage where there are none.
class Pieces final : public net::BodySource {
 public:
  explicit Pieces(unsigned count) : left_(count), is_damaged_(count == 0) {}
  [[nodiscard]] Result<net::Pulled> pull(ByteSpan out) override {
    if (is_damaged_) return fail(ErrorKind::damaged, "chunk.damaged", "pack 7 is damaged", "atoll verify --data");
    net::Pulled pulled;
    if (--left_ == 0) pulled.state = net::Pulled::State::end;
    if (left_ % 2 == 0) {
      pulled.borrowed = as_bytes("ab");
    } else {
      std::ranges::copy(as_bytes("ab"), out.begin());
      pulled.bytes = 2;
    }
    return pulled;
  }

 private:
  unsigned left_;
  bool is_damaged_;
};

class EchoDoor final : public Door {
 public:
  [[nodiscard]] std::string_view name() const override { return "echo"; }
  [[nodiscard]] bool takes(const Exchange& exchange) const override {
    return exchange.target.path.starts_with("/echo");
  }
  [[nodiscard]] bool takes_passwords() const override { return true; }
  [[nodiscard]] net::Response answer(Exchange& exchange) override {
    if (exchange.target.path == "/echo/content" || exchange.target.path == "/echo/damaged") {
      net::Response response;
      const bool is_damaged = exchange.target.path == "/echo/damaged";
      response.headers.set("Content-Type", "image/png");
      response.body = std::make_unique<Pieces>(is_damaged ? 0 : 3);
      response.length = 6;
      return response;
    }
    if (exchange.target.path == "/echo/vault") {
      auto use = exchange.use_vault();
      if (!use) return problem(use.error(), exchange.request_id);
      return net::text_response(200, use->name());
    }
    access::Resource resource;
    resource.bucket = "some-bucket";
    if (const auto allowed = exchange.require(access::Action::list, resource); !allowed)
      return problem(allowed.error(), exchange.request_id);
    return net::text_response(200, exchange.who.name + "|" + exchange.remote_address + "|" + exchange.base_url());
  }
};

// A home with the vault `main`, accounts, and one door.
class FrontTest : public ::testing::Test {
 protected:
  void SetUp() override {
    connection_.remote_address = "192.0.2.7";
    ASSERT_EQ(told(vault::testing::create_small(machine_.machine())), "ok");
    vault_ = vault::testing::open_small(machine_.machine()).value();
    const std::string control = "/home/vaults/control";
    ASSERT_EQ(told(vault::testing::create_small(machine_.machine(), control)), "ok");
    control_ = vault::testing::open_small(machine_.machine(), control).value();
    access::AccessOptions options;
    options.password_cost = {.memory_kib = 8 * 1024, .passes = 1};
    access_ = access::Access::open(control_.get(), machine_.machine(), options).value();
    HostSettings settings;
    settings.proxies.networks = {"10.0.0.0/8"};
    settings.base_url = base_url_;
    settings.owner_user_id = 1000;
    host_ = std::make_unique<Host>(machine_.machine(), *access_, settings);
    host_->add_vault(vault_->head().vault, "main", *vault_);
    std::vector<std::unique_ptr<Door>> doors;
    doors.push_back(std::make_unique<EchoDoor>());
    front_ = std::make_unique<Front>(*host_, std::move(doors), [this](const Logged& line) { lines_.push_back(line); });
  }

  net::Response ask(const std::string& method, const std::string& target, net::Headers headers = {}) {
    net::MemoryBody body("");
    headers.set("Host", "files.example");
    net::Request request{method, target, 11, std::move(headers), 0, false, connection_, body};
    auto response = front_->answer(request);
    if (response.on_sent) response.on_sent({true, 0});
    return response;
  }
  static std::string text(const net::Response& response) { return std::get<std::string>(response.body); }

  platform::TestMachine machine_;
  net::ConnectionFacts connection_;
  std::string base_url_;  // set before SetUp()
  std::unique_ptr<vault::Vault> vault_, control_;
  std::unique_ptr<access::Access> access_;
  std::unique_ptr<Host> host_;
  std::unique_ptr<Front> front_;
  std::vector<Logged> lines_;
};

TEST_F(FrontTest, NobodyIsRefusedWithAProblemThatNamesTheRequest) {
  const auto answer = ask("GET", "/echo?secret=1", {{"X-Request-Id", "abc-1"}});
  EXPECT_EQ(answer.status, 401U);
  EXPECT_EQ(answer.headers.get("X-Request-Id"), "abc-1");
  EXPECT_EQ(answer.headers.get("Content-Type"), "application/problem+json");
  EXPECT_NE(text(answer).find("\"request_id\":\"abc-1\""), std::string::npos);
  ASSERT_EQ(lines_.size(), 1U);
  EXPECT_EQ(lines_[0].path, "/echo");  // the query may hold secrets
  EXPECT_EQ(lines_[0].status, 401U);
  // An id that would break the log is not taken.
  EXPECT_NE(ask("GET", "/echo", {{"X-Request-Id", "a\"b"}}).headers.get("X-Request-Id"), "a\"b");
}

TEST_F(FrontTest, ContentThatCannotBeReadIsAnAnswerLikeAnyOther) {
  connection_.is_local_socket = true;
  connection_.peer_user_id = 1000;
  const auto damaged = ask("GET", "/echo/damaged", {{"X-Request-Id", "abc-2"}});
  EXPECT_EQ(damaged.status, 500U);
  EXPECT_EQ(damaged.headers.get("Content-Type"), "application/problem+json");
  EXPECT_EQ(damaged.headers.get("X-Request-Id"), "abc-2");
  EXPECT_NE(text(damaged).find("pack 7 is damaged"), std::string::npos);
  ASSERT_EQ(lines_.size(), 1U);
  EXPECT_EQ(lines_[0].error_id, "chunk.damaged");
  for (const std::string method : {"GET", "HEAD"}) {
    auto whole = ask(method, "/echo/content");
    EXPECT_EQ(whole.status, 200U);
    EXPECT_EQ(whole.headers.get("Content-Type"), "image/png");
    EXPECT_EQ(whole.length, 6U);
    std::string content;
    Bytes room(100);
    auto& source = *std::get<std::unique_ptr<net::BodySource>>(whole.body);
    for (bool is_end = false; !is_end;) {
      const auto pulled = source.pull(room);
      ASSERT_EQ(told(pulled), "ok");
      content += as_text(pulled->borrowed.empty() ? ByteView(room).first(pulled->bytes) : pulled->borrowed);
      is_end = pulled->state == net::Pulled::State::end;
    }
    EXPECT_EQ(content, "ababab");
  }
}

TEST_F(FrontTest, TokensPasswordsAndTheLocalSocketSignIn) {
  const auto owner = access::Who::local_owner();
  access::NewPrincipal ann;
  ann.name = "ann";
  ann.password = "a long password";
  ann.password_holds = access::PasswordHolds::for_good;
  ASSERT_EQ(told(access_->add_principal(owner, ann)), "ok");
  catalog::GrantRow grant;
  grant.role = "reader";
  ASSERT_EQ(told(access_->add_grant(owner, "ann", grant)), "ok");
  const auto token = access_->create_token(owner, "ann", "test", {}, {});
  ASSERT_EQ(told(token), "ok");
  EXPECT_EQ(text(ask("GET", "/echo", {{"Authorization", "Bearer " + token->text}})).substr(0, 4), "ann|");
  EXPECT_EQ(ask("GET", "/echo", {{"Authorization", "Bearer " + token->text + "x"}}).status, 401U);
  const std::string basic = to_base64(as_bytes("ann:a long password"));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask("GET", "/echo", {{"Authorization", "Basic " + basic}}).status, 200U);
  EXPECT_EQ(ask("GET", "/echo", {{"Authorization", "Basic " + to_base64(as_bytes("ann:wrong one"))}}).status, 401U);
  EXPECT_EQ(ask("GET", "/echo", {{"Authorization", "Basic " + to_base64(as_bytes("ann:" + token->text))}}).status,
            200U);
  // What was remembered of a password ends with it, and where a code is wanted from now on.
  ASSERT_EQ(told(access_->set_password(owner, "ann", "another lantern", access::PasswordHolds::for_good)), "ok");
  EXPECT_EQ(ask("GET", "/echo", {{"Authorization", "Basic " + basic}}).status, 401U);
  const std::string other = to_base64(as_bytes("ann:another lantern"));
  EXPECT_EQ(ask("GET", "/echo", {{"Authorization", "Basic " + other}}).status, 200U);
  const std::string secret = access_->new_totp_secret();
  const auto step = static_cast<std::uint64_t>(machine_.clock.peek().unix_us / 1'000'000 / access::kTotpStepSeconds);
  ASSERT_EQ(told(access_->confirm_totp(owner, "ann", secret, access::totp_code(from_base32(secret).value(), step))),
            "ok");
  EXPECT_EQ(ask("GET", "/echo", {{"Authorization", "Basic " + other}}).status, 401U);
  ASSERT_EQ(told(access_->remove_totp(owner, "ann")), "ok");
  EXPECT_EQ(ask("GET", "/echo", {{"Authorization", "Basic " + other}}).status, 200U);
  ASSERT_EQ(told(access_->set_disabled(owner, "ann", true)), "ok");
  EXPECT_NE(ask("GET", "/echo", {{"Authorization", "Basic " + other}}).status, 200U)
      << "what was remembered is off, too";

  connection_ = {};
  connection_.is_local_socket = true;
  connection_.peer_user_id = 1000;
  EXPECT_EQ(text(ask("GET", "/echo")).substr(0, 6), "owner|");
  connection_.peer_user_id = 1001;
  EXPECT_EQ(ask("GET", "/echo").status, 401U);
}

TEST_F(FrontTest, EveryAnswerIsTakenForWhatItSaysItIs) {
  for (const char* target : {"/livez", "/metrics", "/nothing", "/echo"})
    EXPECT_EQ(ask("GET", target).headers.get("X-Content-Type-Options"), "nosniff") << target;
}

TEST_F(FrontTest, OverTlsASessionsCookieHasTheNameThatBrowsersKeepOthersOff) {
  net::MemoryBody body("");
  net::Request request{"GET", "/echo", 11, {}, 0, false, connection_, body};
  Exchange exchange{*host_, request, net::split_target("/echo"), {}, {}, "http", "files.example", {}, {}, {}};
  EXPECT_EQ(session_cookie(exchange), "atoll_session");
  exchange.scheme = "https";
  EXPECT_EQ(session_cookie(exchange), "__Host-atoll_session");
}

TEST_F(FrontTest, BrowsersAreBoundToTlsWhereTheServerIsSaidToBeReachedByIt) {
  EXPECT_FALSE(ask("GET", "/livez").headers.has("Strict-Transport-Security"));
  HostSettings settings;
  settings.base_url = "https://files.example";
  Host public_host(machine_.machine(), *access_, settings);
  Front front(public_host, {}, nullptr);
  net::MemoryBody body("");
  net::Request request{"GET", "/livez", 11, {}, 0, false, connection_, body};
  EXPECT_EQ(front.answer(request).headers.get("Strict-Transport-Security"), "max-age=31536000");
}

TEST_F(FrontTest, ASessionChangesThingsOnlyWithItsMark) {
  const auto owner = access::Who::local_owner();
  access::NewPrincipal ann;
  ann.name = "ann";
  ann.password = "a long password";
  ann.password_holds = access::PasswordHolds::for_good;
  ASSERT_EQ(told(access_->add_principal(owner, ann)), "ok");
  catalog::GrantRow grant;
  grant.role = "owner";
  ASSERT_EQ(told(access_->add_grant(owner, "ann", grant)), "ok");
  const auto who = access_->authenticate_password("ann", "a long password", "", "192.0.2.7");
  ASSERT_EQ(told(who), "ok");
  const auto session = access_->open_session(*who, "192.0.2.7");
  ASSERT_EQ(told(session), "ok");
  const std::string cookie = "other=1; atoll_session=" + session->text;
  EXPECT_EQ(ask("GET", "/echo", {{"Cookie", cookie}}).status, 200U);
  EXPECT_EQ(ask("POST", "/echo", {{"Cookie", cookie}}).status, 403U);
  const auto known = access_->authenticate_session(session->text);
  ASSERT_EQ(told(known), "ok");
  EXPECT_EQ(ask("POST", "/echo", {{"Cookie", cookie}, {"Atoll-Request-Mark", known->request_mark}}).status, 200U);
}

TEST_F(FrontTest, OnlyTrustedProxiesSayWhoTheClientIs) {
  const auto token_of = [&] {
    const auto owner = access::Who::local_owner();
    access::NewPrincipal ann;
    ann.name = "ann";
    ignore_error_on_purpose(access_->add_principal(owner, ann));
    catalog::GrantRow grant;
    grant.role = "reader";
    ignore_error_on_purpose(access_->add_grant(owner, "ann", grant));
    return access_->create_token(owner, "ann", "test", {}, {})->text;
  };
  const net::Headers headers{{"Authorization", "Bearer " + token_of()},
                             {"X-Forwarded-For", "203.0.113.9, 198.51.100.1, 10.0.0.3"},
                             {"X-Forwarded-Proto", "https"},
                             {"X-Forwarded-Host", "outside.example"}};
  EXPECT_EQ(text(ask("GET", "/echo", headers)), "ann|192.0.2.7|http://files.example\n");
  connection_.remote_address = "10.1.2.3";
  EXPECT_EQ(text(ask("GET", "/echo", headers)), "ann|198.51.100.1|https://outside.example\n");
}

TEST_F(FrontTest, HealthNeedsNoAccountAndFiguresDo) {
  EXPECT_EQ(ask("GET", "/livez").status, 200U);
  EXPECT_EQ(ask("GET", "/readyz").status, 200U);
  EXPECT_EQ(ask("POST", "/livez").status, 405U);
  EXPECT_EQ(ask("GET", "/metrics").status, 401U);
  EXPECT_EQ(ask("GET", "/nothing").status, 404U);
  front_->set_ready(false);
  EXPECT_EQ(ask("GET", "/readyz").status, 503U);
  EXPECT_EQ(ask("GET", "/livez").status, 200U);
}

TEST_F(FrontTest, HealthInFullIsForThoseWhoMaySeeIt) {
  for (const char* path : {"/readyz?verbose", "/healthz?verbose=1", "/readyz?a=b&verbose"})
    EXPECT_EQ(ask("GET", path).status, 401U) << path;
  access::NewPrincipal fresh;
  fresh.name = "rita";
  ASSERT_EQ(told(access_->add_principal(access::Who::local_owner(), fresh)), "ok");
  const auto token = access_->create_token(access::Who::local_owner(), "rita", "", {}, {});
  ASSERT_EQ(told(token), "ok");
  const net::Headers rita = {{"Authorization", "Bearer " + token->text}};
  EXPECT_EQ(ask("GET", "/readyz?verbose", rita).status, 403U);
  catalog::GrantRow grant;
  grant.role = "reader";
  ASSERT_EQ(told(access_->add_grant(access::Who::local_owner(), "rita", grant)), "ok");
  EXPECT_EQ(text(ask("GET", "/readyz?verbose", rita)), "[+]server ok\n[+]vault main ok\nreadyz check passed\n");
  host_->set_locked_vaults({"0123"});
  front_->set_ready(false);
  const auto beginning = ask("GET", "/healthz?verbose", rita);
  EXPECT_EQ(beginning.status, 503U);
  EXPECT_EQ(text(beginning),
            "[-]server: beginning or ending\n[+]vault main ok\n[!]vault 0123 is locked\nhealthz check failed\n");
  EXPECT_EQ(text(ask("GET", "/healthz")), "beginning or ending\n") << "others learn no more";
}

TEST_F(FrontTest, WhatIsLockedIsNotReplacedByTheOnlyVaultThatIsOpen) {
  EXPECT_EQ(told(host_->find("")), "ok");
  host_->set_locked_vaults({"0123"});
  EXPECT_EQ(told(host_->find("")), "ok") << "main is the one by default";
  EXPECT_NE(host_->find("archive").error().hint.find("atoll unlock"), std::string::npos);
}

TEST_F(FrontTest, AVaultIsFoundByNameAndIsSharedOrAlone) {
  EXPECT_EQ(text(ask("GET", "/echo/vault")), "main\n");
  EXPECT_EQ(text(ask("GET", "/echo/vault?vault=main")), "main\n");
  EXPECT_EQ(ask("GET", "/echo/vault", {{"Atoll-Vault", "other"}}).status, 404U);
  const auto first = host_->use("main", {});
  const auto second = host_->use("", {});
  ASSERT_EQ(told(first), "ok");
  ASSERT_EQ(told(second), "ok");
  EXPECT_EQ(first->vault().close().has_value(), true);  // of a handle: the vault goes on
  EXPECT_EQ(told(vault::Objects(second->vault()).ensure_bucket("some-bucket")), "ok");
}

class FrontBelowAPathTest : public FrontTest {
 protected:
  FrontBelowAPathTest() { base_url_ = "https://home.example/files"; }
};

TEST_F(FrontBelowAPathTest, AProxyMayTakeThePathAwayOrLeaveIt) {
  EXPECT_EQ(ask("GET", "/files/livez").status, 200U);
  EXPECT_EQ(ask("GET", "/livez").status, 200U);
  EXPECT_EQ(ask("GET", "/filesx/livez").status, 404U);
  EXPECT_EQ(ask("GET", "/files?x").status, 404U);  // "/?x", which nothing takes
}

TEST_F(FrontTest, AServerThatEndsIsNotReady) {
  EXPECT_EQ(ask("GET", "/readyz").status, 200U);
  host_->begin_end();
  EXPECT_EQ(ask("GET", "/readyz").status, 503U);
}

TEST_F(FrontTest, TheLogSaysWhichErrorItWasAndWhoseTrace) {
  ask("GET", "/echo", {{"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}});
  ASSERT_EQ(lines_.size(), 1U);
  EXPECT_EQ(lines_[0].error_id, "access.not_signed_in");
  EXPECT_EQ(lines_[0].error, "") << "the client was told";
  EXPECT_EQ(lines_[0].trace_id, "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(lines_[0].parent_span_id, "b7ad6b7169203331");
  net::MemoryBody body("");
  net::Headers headers;
  headers.set("Host", "files.example");
  net::Request request{"GET", "/livez", 11, std::move(headers), 0, false, connection_, body};
  auto response = front_->answer(request);
  net::Sent broken_off{200, false, 7, Error{ErrorKind::io, "disk.gone", "the disk is gone", ""}};
  response.on_sent(broken_off);
  ASSERT_EQ(lines_.size(), 2U);
  EXPECT_EQ(lines_[1].error_id, "disk.gone");
  EXPECT_EQ(lines_[1].error, "the disk is gone");
  EXPECT_EQ(lines_[1].status, 200U);
  EXPECT_EQ(lines_[1].trace_id, "");
}

TEST_F(FrontTest, QueriesAndErrorsAreCountedByDoor) {
  ask("GET", "/livez");
  ask("POST", "/livez");
  const auto other = observe::door_named("health");
  EXPECT_EQ(host_->door_counts(other).requests.value(), 2U);
  EXPECT_EQ(host_->door_counts(other).queries.count(), 1U);
  EXPECT_EQ(host_->door_counts(other).errors.value(), 0U);
}

TEST(TraceParent, IsReadAsW3cSays) {
  EXPECT_TRUE(is_trace_parent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
  EXPECT_TRUE(is_trace_parent("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more"));
  for (const char* bad : {"", "00-", "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                          "00-00000000000000000000000000000000-b7ad6b7169203331-01",
                          "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
                          "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
                          "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                          "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01"}) {
    EXPECT_FALSE(is_trace_parent(bad)) << bad;
  }
}

}  // namespace
}  // namespace atl::server
