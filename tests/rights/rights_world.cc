#include "rights_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "edge/mcp/mcp_door.h"
#include "edge/s3/door.h"
#include "edge/s3/testing/signed_form.h"
#include "edge/webdav/webdav_door.h"
#include "foundation/codec/hash.h"

namespace atl::rights {
namespace {

using vault::testing::told;

constexpr std::array kRoles = {
    Role{'o', "owner", 'o'},
    Role{'e', "editor", 'e'},
    Role{'r', "reader", 'r'},
    Role{'a', "agent", 'a'},
    Role{'u', "auditor", 'u'},
    Role{'m', "admin", 'o'},
    Role{'p', "physics_engine", 'p'},
    Role{'b', "observer", 'b'},
    Role{'v', "archivist", 'v'},
    Role{'q', "quantum_engineer", 'q'},
    Role{'t', "real_time_processor", 't'},
    Role{'y', "analytics_engine", 'y'},
    Role{'d', "data_scientist", 'd'},
    Role{'S', "an owner whose token is for reading", 'r'},
    Role{'D', "an owner whom everything is denied", 0},
    Role{'X', "an owner whose grant has run out", 0},
    Role{'0', "an account without a role", 0},
    Role{'n', "nobody", 0},
    Role{'l', "somebody who gives a link's secret as a token", 0},
};

}  // namespace

std::span<const Role> roles() { return kRoles; }

bool may(const Role& role, std::string_view letters) {
  return role.as != 0 && letters.find(role.as) != std::string_view::npos;
}

RightsWorld::RightsWorld(const Role& role) {
  std::vector<std::unique_ptr<server::Door>> doors;
  doors.push_back(s3::make_door(world_.host()));
  doors.push_back(std::make_unique<webdav::WebDavDoor>(world_.machine().machine()));
  doors.push_back(std::make_unique<mcp::McpDoor>(world_.machine().machine()));
  world_.restart_door(std::move(doors));

  auto& access = world_.access();
  const auto owner = access::Who::local_owner();
  access::NewPrincipal person;
  person.name = "somebody";
  person.password = "first lantern";
  person.requests_per_second_max = 1'000'000;
  EXPECT_EQ(told(access.add_principal(owner, person)), "ok");
  const auto grant = [&](std::string_view name, bool denies, Timestamp expires) {
    catalog::GrantRow row;
    row.role = name;
    row.denies = denies;
    row.expires = expires;
    EXPECT_EQ(told(access.add_grant(owner, person.name, row)), "ok");
  };
  std::vector<catalog::TokenScope> scopes;
  const auto& patterns = access::role_templates();
  if (access::preset_role(role.words) != nullptr) {
    grant(role.words, false, {});
  } else if (const auto found = std::ranges::find(patterns, role.words, &access::PresetRole::name);
             found != patterns.end()) {
    EXPECT_EQ(told(access.put_role(owner, {std::string(found->name), "", found->rules, {}, {}})), "ok");
    grant(role.words, false, {});
  } else if (role.letter == 'S') {
    grant("owner", false, {});
    scopes = {{"reader", {}}};
  } else if (role.letter == 'D') {
    grant("owner", false, {});
    grant("owner", true, {});
  } else if (role.letter == 'X') {
    const auto soon = world_.machine().clock.peek().unix_us + 1'000'000;
    grant("owner", false, {soon});
  }
  if (role.letter == 'l') {
    catalog::ShareRow share;
    share.place.vault = world_.vault().head().vault;
    share.place.bucket = "photos";
    share.is_prefix = true;
    EXPECT_EQ(told(vault::Objects(world_.vault()).ensure_bucket("photos")), "ok");
    auto maker = access::Who::local_owner();
    maker.principal = access.view()->principal_named("ada")->id;
    const auto made = access.create_share(maker, share, "");
    EXPECT_EQ(told(made), "ok");
    authorization_ = "Bearer " + made->text;
    EXPECT_EQ(ask_as_owner("DELETE", "/api/v1/buckets/photos").status, 204U);
  } else if (role.letter != 'n') {
    const auto token = access.create_token(owner, person.name, "test", scopes, {});
    EXPECT_EQ(told(token), "ok");
    authorization_ = "Bearer " + token->text;
  }
  const auto key_of = [&](std::string_view name) -> s3::Credentials {
    const auto key = access.create_s3_key(owner, name, world_.vault().head().vault, "test");
    EXPECT_EQ(told(key), "ok");
    return {key->access_key_id, key->secret, "us-east-1"};
  };
  owner_s3_key_ = key_of("ada");
  // An S3 key has no scope, and a link none at all.
  if (role.letter != 'n' && role.letter != 'l') s3_key_ = key_of(person.name);
  if (role.letter == 'X') world_.machine().clock.advance_s(10);
}

Reply RightsWorld::ask(const std::string& method, const std::string& target, const std::string& body,
                       const net::Headers& headers) {
  net::Headers fields = headers;
  if (!authorization_.empty()) fields.set("Authorization", authorization_);
  return world_.as("").ask(method, target, body, std::move(fields));
}

Reply RightsWorld::ask_as_owner(const std::string& method, const std::string& target, const std::string& body,
                                net::Headers headers) {
  return world_.as("ada").ask(method, target, body, std::move(headers));
}

Reply RightsWorld::ask_s3(const std::string& method, const std::string& target, const std::string& body,
                          Fields fields) {
  return ask_signed(s3_key_, method, target, body, std::move(fields));
}

Reply RightsWorld::ask_s3_as_owner(const std::string& method, const std::string& target, const std::string& body,
                                   Fields fields) {
  return ask_signed(owner_s3_key_, method, target, body, std::move(fields));
}

Reply RightsWorld::ask_signed(const s3::Credentials& who, const std::string& method, const std::string& target,
                              const std::string& body, Fields fields) {
  if (body == kForm) {
    s3::testing::FormPairs pairs{{"key", "posted"}};
    if (!who.access_key.empty()) {
      for (auto& one : s3::testing::signed_policy(who, world_.machine().clock.peek(), R"({"key":"posted"})"))
        pairs.push_back(std::move(one));
    }
    auto form = s3::testing::form_of(pairs, "file.txt", "posted");
    net::Headers headers;
    headers.add("Content-Type", form.content_type);
    return world_.as("").ask(method, target, form.body, std::move(headers));
  }
  const std::string hash = to_hex(codec::sha256(as_bytes(body)));
  if (who.access_key.empty()) {
    fields.emplace_back("x-amz-content-sha256", hash);
  } else {
    std::vector<s3::HeaderView> views{{"Host", "files.example"}};
    for (const auto& [name, value] : fields) views.push_back({name, value});
    const auto added = s3::sign({method, target, views}, who, world_.machine().clock.peek(), hash);
    EXPECT_EQ(told(added), "ok");
    for (const auto& [name, value] : *added) fields.emplace_back(name, value);
  }
  net::Headers headers;
  for (const auto& [name, value] : fields) headers.add(name, value);
  return world_.as("").ask(method, target, body, std::move(headers));
}

}  // namespace atl::rights
