// Who may do what about accounts: nobody hands on what they do not have; signing in and out; links; jobs. Every
// operation as every role: tests/rights.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "edge/rest/testing/rest_world.h"

namespace atl::rest {
namespace {

using testing::Reply;
using testing::RestWorld;

std::string made_token(RestWorld& world, const std::string& user, const std::string& scopes = "[]") {
  return world.as("ada")
      .ask_json("POST", "/api/v1/tokens", R"({"user": ")" + user + R"(", "scopes": )" + scopes + "}")
      .text("token");
}

// `role` at `place` (JSON), by ada; returns a token.
std::string add_user(RestWorld& world, const std::string& name, const std::string& role,
                     const std::string& place = "{}") {
  const auto made = world.as("ada").ask_json(
      "POST", "/api/v1/users",
      R"({"name": ")" + name +
          R"(", "password": "eleven boats", "password_holds": true, "requests_per_second_max": 1000000, "role": ")" +
          role + R"(", "place": )" + place + "}");
  EXPECT_EQ(made.status, 201U) << made.body;
  return made_token(world, name);
}

net::Headers bearer(const std::string& token) {
  net::Headers headers;
  headers.set("Authorization", "Bearer " + token);
  return headers;
}
Reply ask_with(RestWorld& world, const std::string& token, const std::string& method, const std::string& target,
               const std::string& body = {}) {
  auto headers = bearer(token);
  if (!body.empty()) headers.set("Content-Type", "application/json");
  return world.as("").ask(method, target, body, headers);
}

// A manager of accounts who is no owner.
std::string add_manager(RestWorld& world) {
  EXPECT_EQ(world.as("ada")
                .ask_json("PUT", "/api/v1/roles/manager",
                          R"({"rules": [{"actions": ["account_read", "account_manage", "token_self", "list_buckets",
                                                     "list", "read"]}]})")
                .status,
            200U);
  return add_user(world, "max", "manager");
}

TEST(AdminPeople, WhatAPersonStoredIsHandedOverToWhoeverMayListIt) {
  RestWorld world;
  ASSERT_EQ(world.as("ada").ask("PUT", "/api/v1/buckets/photos").status, 201U);
  const std::string zed = add_user(world, "zed", "editor");
  ASSERT_EQ(ask_with(world, zed, "PUT", "/api/v1/buckets/photos/objects/of-zed.txt", "{}").status, 201U);
  const auto by_owner = world.as("ada").ask("GET", "/api/v1/users/zed/export");
  ASSERT_EQ(by_owner.status, 200U) << by_owner.body;
  EXPECT_NE(by_owner.body.find("\"of-zed.txt\""), std::string::npos) << by_owner.body;
  EXPECT_NE(by_owner.body.find("\"left_out\": []"), std::string::npos) << by_owner.body;
  EXPECT_EQ(world.as("ada").ask("GET", "/api/v1/users/nobody/export").status, 404U);
  // Who may look after accounts need not see what is in the vaults.
  ASSERT_EQ(world.as("ada")
                .ask_json("PUT", "/api/v1/roles/registrar",
                          R"({"rules": [{"actions": ["account_read", "account_manage", "token_self"]}]})")
                .status,
            200U);
  const auto by_registrar = ask_with(world, add_user(world, "rita", "registrar"), "GET", "/api/v1/users/zed/export");
  ASSERT_EQ(by_registrar.status, 200U) << by_registrar.body;
  EXPECT_EQ(by_registrar.body.find("of-zed"), std::string::npos) << by_registrar.body;
  EXPECT_NE(by_registrar.body.find("you may not list what is in it"), std::string::npos) << by_registrar.body;
}

TEST(AdminRights, NobodyHandsOnWhatTheyDoNotHave) {
  RestWorld world;
  const std::string max = add_manager(world);
  const auto refused = [&](const std::string& method, const std::string& target, const std::string& body = {}) {
    const auto reply = ask_with(world, max, method, target, body);
    EXPECT_EQ(reply.status, 403U) << method << " " << target << " " << body << reply.body;
    EXPECT_EQ(reply.text("id"), "access.more_than_own");
  };
  // More than their own, to themselves and to others, at once and by way of a group or a role.
  refused("POST", "/api/v1/grants", R"({"subject": "max", "role": "owner"})");
  refused("POST", "/api/v1/grants", R"({"subject": "zoe", "role": "editor", "place": {"bucket": "photos"}})");
  refused("POST", "/api/v1/users", R"({"name": "puppet", "role": "owner"})");
  refused("PUT", "/api/v1/roles/manager", R"({"rules": [{"actions": ["*"]}]})");
  world.as("ada").ask_json("POST", "/api/v1/groups", R"({"name": "owners"})");
  world.as("ada").ask_json("POST", "/api/v1/grants", R"({"subject": "owners", "role": "owner"})");
  refused("PUT", "/api/v1/groups/owners/members/max");
  // Becoming somebody who may more.
  refused("PUT", "/api/v1/users/ada/password", R"({"password": "taken over"})");
  refused("DELETE", "/api/v1/users/ada/totp");
  refused("POST", "/api/v1/tokens", R"({"user": "ada"})");
  refused("POST", "/api/v1/s3-keys", R"({"user": "ada"})");
  refused("PATCH", "/api/v1/users/ada", R"({"is_disabled": true})");
  refused("DELETE", "/api/v1/users/ada");
  refused("POST", "/api/v1/users/ada/erase", R"({"name": "ada"})");
  // What they have themselves they can give.
  EXPECT_EQ(ask_with(world, max, "POST", "/api/v1/grants", R"({"subject": "zoe", "role": "manager"})").status, 201U);
  EXPECT_EQ(ask_with(world, max, "PUT", "/api/v1/users/zoe/password", R"({"password": "eleven boats"})").status, 204U);
  EXPECT_EQ(ask_with(world, max, "POST", "/api/v1/tokens", R"({"user": "zoe"})").status, 201U);
  EXPECT_EQ(ask_with(world, max, "POST", "/api/v1/tokens", "{}").status, 201U);
}

TEST(AdminRights, WhatIsDeniedCannotBeGivenBackByWhoeverItIsDenied) {
  RestWorld world;
  const std::string max = add_manager(world);
  const auto denial = world.as("ada").ask_json(
      "POST", "/api/v1/grants",
      R"({"subject": "max", "role": "reader", "place": {"bucket": "secret"}, "denies": true})");
  ASSERT_EQ(denial.status, 201U) << denial.body;
  EXPECT_EQ(ask_with(world, max, "DELETE", "/api/v1/grants/" + denial.text("id")).status, 403U);
  // Nor by an account of theirs that is not denied.
  EXPECT_EQ(ask_with(world, max, "POST", "/api/v1/grants", R"({"subject": "zoe", "role": "manager"})").status, 403U);
  EXPECT_EQ(world.as("ada").ask("DELETE", "/api/v1/grants/" + denial.text("id")).status, 204U);
}

TEST(AdminRights, ATokenMakesNoneThatMayMoreOrLonger) {
  RestWorld world;
  const std::string scopes = R"([{"role": "reader", "place": {"bucket": "photos"}}, {"role": "reader"}])";
  const auto made =
      world.as("ada").ask_json("POST", "/api/v1/tokens", R"({"scopes": )" + scopes + R"(, "expires": "1d"})");
  ASSERT_EQ(made.status, 201U) << made.body;
  const std::string token = made.text("token");
  EXPECT_EQ(ask_with(world, token, "POST", "/api/v1/tokens", "{}").status, 403U);
  EXPECT_EQ(
      ask_with(world, token, "POST", "/api/v1/tokens", R"({"scopes": [{"role": "owner"}], "expires": "1h"})").status,
      403U);
  EXPECT_EQ(ask_with(world, token, "POST", "/api/v1/tokens", R"({"scopes": [{"role": "reader"}]})").status, 403U);
  EXPECT_EQ(
      ask_with(world, token, "POST", "/api/v1/tokens", R"({"scopes": [{"role": "reader"}], "expires": "2d"})").status,
      403U);
  EXPECT_EQ(
      ask_with(world, token, "POST", "/api/v1/tokens", R"({"scopes": [{"role": "reader"}], "expires": "1h"})").status,
      201U);
  EXPECT_EQ(ask_with(world, token, "POST", "/api/v1/s3-keys", "{}").status, 403U);
  EXPECT_EQ(ask_with(world, token, "PUT", "/api/v1/session/password",
                     R"({"password": "eleven boats", "new_password": "another one"})")
                .status,
            403U);
}

TEST(AdminSessions, SignInCarriesACookieAndWantsTheMark) {
  RestWorld world;
  add_user(world, "eva", "editor");
  const auto plain = world.as("").ask("POST", "/api/v1/session", R"({"name": "eva", "password": "eleven boats"})");
  EXPECT_EQ(plain.status, 415U) << "a page of somebody else can send this";
  const auto in = world.as("").ask_json("POST", "/api/v1/session", R"({"name": "eva", "password": "eleven boats"})");
  ASSERT_EQ(in.status, 201U) << in.body;
  const std::string set = in.header("Set-Cookie");
  EXPECT_NE(set.find("; HttpOnly"), std::string::npos) << set;
  EXPECT_NE(set.find("; SameSite=Strict"), std::string::npos);
  EXPECT_NE(set.find("; Path=/"), std::string::npos);
  EXPECT_EQ(set.find("Secure"), std::string::npos) << "no browser sends a Secure cookie back over http";
  net::Headers cookie;
  cookie.set("Cookie", set.substr(0, set.find(';')));
  const auto shown = world.ask("GET", "/api/v1/session", {}, cookie);
  EXPECT_EQ(shown.text("name"), "eva");
  EXPECT_EQ(shown.text("request_mark"), in.text("request_mark"));
  EXPECT_EQ(world.ask("PUT", "/api/v1/buckets/mine", {}, cookie).status, 403U);
  net::Headers marked = cookie;
  marked.set("Atoll-Request-Mark", in.text("request_mark"));
  EXPECT_EQ(world.ask("PUT", "/api/v1/buckets/mine", {}, marked).status, 201U);
  const auto out = world.ask("DELETE", "/api/v1/session", {}, marked);
  EXPECT_EQ(out.status, 204U);
  EXPECT_NE(out.header("Set-Cookie").find("Max-Age=0"), std::string::npos);
  EXPECT_EQ(world.ask("GET", "/api/v1/session", {}, cookie).status, 401U);
}

TEST(AdminSessions, TooManyAttemptsWait) {
  RestWorld world;
  Reply last;
  for (int i = 0; i < 20 && last.status != 429; ++i)
    last = world.as("").ask_json("POST", "/api/v1/session", R"({"name": "ada", "password": "guess"})");
  EXPECT_EQ(last.status, 429U);
  EXPECT_EQ(last.text("id"), "access.wait");
  EXPECT_GE(std::stoi(last.header("Retry-After")), 1);
}

TEST(AdminShares, ALinkReachesItsPlaceAndNothingElse) {
  RestWorld world;
  world.as("ada").ask("PUT", "/api/v1/buckets/photos");
  world.ask("PUT", "/api/v1/buckets/photos/objects/open/a.txt", "hello");
  world.ask("PUT", "/api/v1/buckets/photos/objects/closed/b.txt", "secret");
  const auto made = world.ask_json("POST", "/api/v1/shares",
                                   R"({"place": {"bucket": "photos", "prefix": "open/"}, "downloads_max": 1,
                                       "password": "link password"})");
  ASSERT_EQ(made.status, 201U) << made.body;
  const std::string link = "/api/v1/shared/" + made.text("secret");
  world.as("");
  EXPECT_EQ(world.ask("GET", link).status, 401U);
  net::Headers headers;
  headers.set("Atoll-Link-Password", "link password");
  const auto shown = world.ask("GET", link, {}, headers);
  EXPECT_EQ(shown.text("name"), "open");
  EXPECT_EQ(shown.body.find("photos"), std::string::npos) << "what lies above is nobody's business";
  for (const std::string key : {"..%2Fclosed%2Fb.txt", "../closed/b.txt", "closed/b.txt", "%2Fclosed%2Fb.txt"})
    EXPECT_GE(world.ask("GET", link + "/content?key=" + key, {}, headers).status, 400U) << key;
  EXPECT_EQ(world.ask("PUT", link + "/files/new.txt", "x", headers).status, 403U);
  EXPECT_EQ(world.ask("GET", link + "/content?key=a.txt", {}, headers).body, "hello");
  EXPECT_EQ(world.ask("GET", link + "/content?key=a.txt", {}, headers).status, 410U);
  // It ends where its maker's right ends.
  EXPECT_EQ(world.as("ada").ask("DELETE", "/api/v1/shares/" + made.text("id")).status, 204U);
  EXPECT_EQ(world.as("").ask("GET", link, {}, headers).status, 401U);
}

TEST(AdminJobs, AreStartedWatchedAndSeenByWhoMay) {
  RestWorld world;
  world.as("ada").ask("PUT", "/api/v1/buckets/photos");
  world.ask("PUT", "/api/v1/buckets/photos/objects/a.txt", "hello");
  const auto started = world.ask_json("POST", "/api/v1/verify", R"({"reads_data": true})");
  ASSERT_EQ(started.status, 202U) << started.body;
  const std::string job = started.header("Location");
  EXPECT_EQ(job, "/api/v1/jobs/" + started.text("id"));
  Reply reply;
  for (int i = 0; i < 3'000; ++i) {
    reply = world.ask("GET", job);
    if (reply.text("state") != "waiting" && reply.text("state") != "running") break;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(reply.text("state"), "done") << reply.body;
  EXPECT_NE(reply.body.find("\"is_clean\":true"), std::string::npos) << reply.body;
  const auto events = world.ask("GET", job + "/events");
  EXPECT_EQ(events.header("Content-Type"), "text/event-stream");
  EXPECT_NE(events.body.find("event: end\n"), std::string::npos) << events.body;
  EXPECT_EQ(world.as("zoe").ask("GET", job).status, 404U);
  EXPECT_EQ(world.as("rob").ask("GET", job).status, 200U);
  EXPECT_EQ(world.as("rob").ask("DELETE", job).status, 403U);
}

}  // namespace
}  // namespace atl::rest
