#include "vault/access/access.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

#include "foundation/platform/testing/test_machine.h"
#include "vault/access/person_export.h"
#include "vault/rewind/selection.h"
#include "vault/rewind/undo.h"
#include "vault/testing/test_vault.h"

namespace atl::access {
namespace {

using platform::TestMachine;
using vault::testing::create_small;
using vault::testing::open_small;
using vault::testing::told;

AccessOptions cheap() {
  AccessOptions options;
  options.password_cost = {8, 1};
  return options;
}

class AccessTest : public ::testing::Test {
 protected:
  AccessTest() {
    EXPECT_EQ(told(create_small(machine_.inline_machine())), "ok");
    reopen();
  }
  void reopen() {
    access_.reset();
    if (vault_) {
      EXPECT_EQ(told(vault_->close()), "ok");
    }
    vault_.reset();
    auto opened = open_small(machine_.inline_machine());
    ASSERT_EQ(told(opened), "ok");
    vault_ = std::move(*opened);
    auto access = Access::open(vault_.get(), machine_.inline_machine(), cheap());
    ASSERT_EQ(told(access), "ok");
    access_ = std::move(*access);
  }
  catalog::PrincipalRow add(const std::string& name, PrincipalKind kind = PrincipalKind::person,
                            const std::string& password = "") {
    NewPrincipal fresh;
    fresh.name = name;
    fresh.kind = kind;
    fresh.password = password;
    fresh.password_holds = PasswordHolds::for_good;
    auto added = access_->add_principal(owner_, fresh);
    EXPECT_EQ(told(added), "ok");
    return added.value_or(catalog::PrincipalRow{});
  }
  catalog::GrantRow grant(const std::string& subject, const std::string& role, const AccessPlace& place = {}) {
    catalog::GrantRow row;
    row.role = role;
    row.place = place;
    auto added = access_->add_grant(owner_, subject, row);
    EXPECT_EQ(told(added), "ok");
    return added.value_or(catalog::GrantRow{});
  }
  Result<Who> login(const std::string& name, const std::string& password, const std::string& code = "",
                    const std::string& address = "10.0.0.1") {
    machine_.clock.advance_s(20);  // beyond the rate limit of the address
    return access_->authenticate_password(name, password, code, address);
  }
  Result<std::string> whole_export(std::string_view name) {
    ATOLL_ASSIGN(const auto document, access_->begin_export(name));
    return document->next();
  }
  VaultId main() {
    VaultId id;
    id.bytes.fill(3);
    return id;
  }
  // Who makes links, and a link to a folder that may be used twice.
  Who sign_in_an_editor_of_photos() {
    add("anna", PrincipalKind::person, "correct horse");
    grant("anna", "editor", {main(), "photos", ""});
    return login("anna", "correct horse").value();
  }
  catalog::ShareRow link_to_2024() {
    catalog::ShareRow wanted;
    wanted.place = {main(), "photos", "2024/"};
    wanted.is_prefix = true;
    wanted.downloads_max = 2;
    return wanted;
  }

  TestMachine machine_;
  const Who owner_ = Who::local_owner();
  std::unique_ptr<vault::Vault> vault_;
  std::unique_ptr<Access> access_;
};

TEST_F(AccessTest, WhatWasSetUpIsThereAfterReopening) {
  add("anna", PrincipalKind::person, "correct horse");
  add("family", PrincipalKind::group);
  ASSERT_EQ(told(access_->add_member(owner_, "family", "anna")), "ok");
  grant("family", "editor", {main(), "photos", ""});
  const auto token = access_->create_token(owner_, "anna", "laptop", {}, {});
  ASSERT_EQ(told(token), "ok");
  reopen();
  const auto who = login("anna", "correct horse");
  ASSERT_EQ(told(who), "ok");
  EXPECT_TRUE(access_->decide(*who, Action::write, {main(), "photos", "a", false, Tier::hot, {}}).allowed);
  EXPECT_FALSE(access_->decide(*who, Action::write, {main(), "music", "a", false, Tier::hot, {}}).allowed);
  EXPECT_EQ(access_->require(*who, Action::write, {main(), "music", "a", false, Tier::hot, {}}).error().kind,
            ErrorKind::denied);
  EXPECT_EQ(access_->require(Who::nobody(), Action::status, {}).error().id, "access.not_signed_in");
  const auto by_token = access_->authenticate_token(token->text);
  ASSERT_EQ(told(by_token), "ok");
  EXPECT_EQ(by_token->name, "anna");
  // The commands name who made them.
  bool found = false;
  ASSERT_TRUE(
      vault_->journal().read_envelopes({1}, vault_->journal().last(), [&](const auto& envelope) -> Result<bool> {
        found = found || (envelope.kind == journal::CommandKind::access_change && envelope.actor == "owner");
        return true;
      }));
  EXPECT_TRUE(found);
}

TEST_F(AccessTest, NamesAreUniqueAndChecked) {
  add("anna");
  NewPrincipal fresh;
  fresh.name = "anna";
  fresh.kind = PrincipalKind::group;
  EXPECT_EQ(access_->add_principal(owner_, fresh).error().id, "access.name_taken");
  for (const char* bad : {"", "Anna", "-a", "a b", "everyone", "owner", "ä"}) {
    fresh.name = bad;
    EXPECT_EQ(access_->add_principal(owner_, fresh).error().id, "access.bad_name") << bad;
  }
  fresh.name = "ben";
  fresh.kind = PrincipalKind::person;
  fresh.password = "short";
  EXPECT_EQ(access_->add_principal(owner_, fresh).error().id, "access.bad_password");
}

TEST_F(AccessTest, CommonPasswordsAreRefused) {
  NewPrincipal fresh;
  fresh.name = "hubertina";
  fresh.email = "quastelberger@example.org";
  for (const char* common : {"password1", "12345678", "hubertina", "hubertina1", "quastelberger", "atoll123"}) {
    fresh.password = common;
    EXPECT_EQ(access_->add_principal(owner_, fresh).error().id, "access.common_password") << common;
  }
  add("hubertina", PrincipalKind::person, "correct horse");
  EXPECT_EQ(access_->set_password(owner_, "hubertina", "iloveyou1").error().id, "access.common_password");
  EXPECT_TRUE(login("hubertina", "correct horse"));
}

TEST_F(AccessTest, APasswordThatWasGivenOutServesToSetAnotherAndNothingElse) {
  NewPrincipal fresh;
  fresh.name = "anna";
  fresh.password = "correct horse";
  ASSERT_EQ(told(access_->add_principal(owner_, fresh)), "ok");
  grant("anna", "owner");
  const auto token = access_->create_token(owner_, "anna", "laptop", {}, {});
  reopen();
  const Who anna = login("anna", "correct horse").value();
  EXPECT_TRUE(anna.must_change_password);
  const auto session = access_->open_session(anna, "10.0.0.1");
  ASSERT_EQ(told(session), "ok");
  const Who in = access_->authenticate_session(session->text).value();
  for (const Who& who : {anna, in}) {
    for (const auto& info : kActions) {
      EXPECT_EQ(access_->decide(who, info.action, {main(), "photos", "a"}).allowed, info.action == Action::token_self)
          << info.name;
    }
    EXPECT_EQ(access_->require(who, Action::read, {main(), "photos", "a"}).error().id, "access.password_issued");
    EXPECT_EQ(access_->create_token(who, "anna", "", {}, {}).error().id, "access.password_issued");
    EXPECT_EQ(access_->create_s3_key(who, "anna", main(), "").error().id, "access.password_issued");
    EXPECT_EQ(access_->confirm_totp(who, "anna", access_->new_totp_secret(), "123456").error().id, "access.bad_code");
  }
  EXPECT_TRUE(
      access_->decide(access_->authenticate_token(token->text).value(), Action::read, {main(), "photos", "a"}).allowed)
      << "a token is no password";
  EXPECT_EQ(access_->set_password(in, "anna", "correct horse").error().id, "access.same_password");
  ASSERT_EQ(told(access_->set_password(in, "anna", "another horse")), "ok");
  EXPECT_FALSE(access_->authenticate_session(session->text));
  reopen();
  const Who after = login("anna", "another horse").value();
  EXPECT_FALSE(after.must_change_password);
  EXPECT_TRUE(access_->decide(after, Action::read, {main(), "photos", "a"}).allowed);
  ASSERT_EQ(told(access_->set_password(owner_, "anna", "third horse rides")), "ok");
  EXPECT_TRUE(login("anna", "third horse rides")->must_change_password) << "somebody else knows it again";
  ASSERT_EQ(told(access_->set_password(owner_, "anna", "fourth horse rides", PasswordHolds::for_good)), "ok");
  EXPECT_FALSE(login("anna", "fourth horse rides")->must_change_password);
}

TEST_F(AccessTest, AnIssuedPasswordOfAnotherIsNotSetWithOnesOwn) {
  NewPrincipal fresh;
  fresh.name = "anna";
  fresh.password = "correct horse";
  ASSERT_EQ(told(access_->add_principal(owner_, fresh)), "ok");
  grant("anna", "owner");
  add("ben", PrincipalKind::person, "another horse");
  const Who anna = login("anna", "correct horse").value();
  EXPECT_EQ(access_->set_password(anna, "ben", "third horse rides").error().id, "access.password_issued");
  EXPECT_TRUE(login("ben", "another horse"));
}

TEST_F(AccessTest, WrongNamesAndWrongPasswordsSayTheSameAndAreLockedOut) {
  add("anna", PrincipalKind::person, "correct horse");
  const auto wrong_name = login("nobody-here", "correct horse");
  const auto wrong_password = login("anna", "wrong horse");
  ASSERT_FALSE(wrong_name);
  ASSERT_FALSE(wrong_password);
  EXPECT_EQ(told(wrong_name), told(wrong_password));
  EXPECT_EQ(wrong_name.error().kind, ErrorKind::wrong_key);
  for (unsigned i = 0; i < Lockout::kFreeFailures; ++i) EXPECT_FALSE(login("anna", "wrong horse"));
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(login("anna", "wrong horse"));
  while (access_->authenticate_password("anna", "wrong horse", "", "10.0.0.1").error().id != "access.wait")
    machine_.clock.advance_s(20);
  const auto locked = login("anna", "correct horse");
  ASSERT_FALSE(locked);
  EXPECT_EQ(locked.error().id, "access.wait");
  EXPECT_EQ(told(login("anna", "correct horse", "", "10.0.0.2")), "ok") << "from elsewhere she still comes in";
  machine_.clock.advance_s(901);
  EXPECT_EQ(told(login("anna", "correct horse")), "ok");
}

TEST_F(AccessTest, AnAddressThatTriesManyNamesIsSlowedDown) {
  int slowed = 0;
  for (int i = 0; i < 30; ++i) {
    const auto tried = access_->authenticate_password("name" + std::to_string(i), "whatever", "", "10.0.0.9");
    ASSERT_FALSE(tried);
    if (tried.error().id == "access.wait") ++slowed;
  }
  EXPECT_GE(slowed, 19);
}

TEST_F(AccessTest, OneTimeCodesAreAskedForAndUsedOnce) {
  add("anna", PrincipalKind::person, "correct horse");
  const std::string secret = access_->new_totp_secret();
  const auto code = [&](int steps_ahead) {
    const auto step = static_cast<std::uint64_t>(machine_.clock.peek().unix_us / 1'000'000 / 30 + steps_ahead);
    return totp_code(from_base32(secret).value(), step);
  };
  EXPECT_EQ(access_->confirm_totp(owner_, "anna", secret, "000000").error().id, "access.bad_code");
  ASSERT_EQ(told(access_->confirm_totp(owner_, "anna", secret, code(0))), "ok");
  EXPECT_EQ(login("anna", "correct horse").error().id, "access.code_needed");
  EXPECT_EQ(login("anna", "wrong horse").error().id, "access.not_signed_in") << "no word about codes before";
  machine_.clock.advance_s(60);
  const std::string good = code(1);
  EXPECT_EQ(told(login("anna", "correct horse", good)), "ok");
  EXPECT_EQ(login("anna", "correct horse", good).error().id, "access.not_signed_in");
  ASSERT_EQ(told(access_->remove_totp(owner_, "anna")), "ok");
  EXPECT_EQ(told(login("anna", "correct horse")), "ok");
}

TEST_F(AccessTest, SessionsEndByClosingByTimeAndByANewPassword) {
  add("anna", PrincipalKind::person, "correct horse");
  const Who anna = login("anna", "correct horse").value();
  const auto first = access_->open_session(anna, "10.0.0.1");
  const auto second = access_->open_session(anna, "10.0.0.1");
  ASSERT_EQ(told(first), "ok");
  ASSERT_EQ(told(second), "ok");
  const auto who = access_->authenticate_session(first->text);
  ASSERT_EQ(told(who), "ok");
  EXPECT_EQ(who->request_mark, first->row.request_mark);
  EXPECT_FALSE(access_->authenticate_token(first->text)) << "a session is no token";
  ASSERT_EQ(told(access_->close_session(first->text)), "ok");
  EXPECT_FALSE(access_->authenticate_session(first->text));
  EXPECT_TRUE(access_->authenticate_session(second->text));
  machine_.clock.advance_s(15 * 86'400);
  EXPECT_FALSE(access_->authenticate_session(second->text));
  const auto third = access_->open_session(anna, "10.0.0.1");
  ASSERT_EQ(told(access_->set_password(owner_, "anna", "another horse")), "ok");
  EXPECT_FALSE(access_->authenticate_session(third->text));
  EXPECT_FALSE(login("anna", "correct horse"));
  EXPECT_TRUE(login("anna", "another horse"));
  ASSERT_EQ(told(access_->tidy()), "ok");
  EXPECT_EQ(access_->view()->rows().sessions.size(), 1U) << "the one that expired is gone";
}

TEST_F(AccessTest, TokensExpireAreRevokedAndRememberTheirLastDay) {
  add("anna");
  const Timestamp soon{machine_.clock.peek().unix_us + 60'000'000};
  const auto token = access_->create_token(owner_, "anna", "laptop", {{"reader", {}}}, soon);
  ASSERT_EQ(told(token), "ok");
  const auto who = access_->authenticate_token(token->text);
  ASSERT_EQ(told(who), "ok");
  EXPECT_EQ(who->scopes.size(), 1U);
  ASSERT_EQ(told(access_->tidy()), "ok");
  EXPECT_GT(access_->view()->rows().tokens[0].last_used_day, 20'000U);
  machine_.clock.advance_s(61);
  EXPECT_FALSE(access_->authenticate_token(token->text));
  const auto another = access_->create_token(owner_, "anna", "", {}, {});
  ASSERT_EQ(told(access_->revoke_token(owner_, another->row.id)), "ok");
  EXPECT_FALSE(access_->authenticate_token(another->text));
  EXPECT_EQ(access_->revoke_token(owner_, another->row.id).error().kind, ErrorKind::not_found);
  for (const char* wrong : {"", "atl_", "atl_aaaa", "Bearer x"}) EXPECT_FALSE(access_->authenticate_token(wrong));
}

TEST_F(AccessTest, S3KeysBelongToOneVaultAndGoWithTheirAccount) {
  add("backup", PrincipalKind::service);
  const auto key = access_->create_s3_key(owner_, "backup", main(), "restic");
  ASSERT_EQ(told(key), "ok");
  const auto found = access_->s3_key(key->access_key_id);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->secret, key->secret);
  EXPECT_EQ(found->who.only_vault, main());
  EXPECT_FALSE(access_->s3_key("ATLKNOSUCHKEYATALL22"));
  const auto brought = access_->create_s3_key(owner_, "backup", main(), "", "AKIAIOSFODNN7EXAMPLE", "0123456789abcdef");
  ASSERT_EQ(told(brought), "ok");
  EXPECT_EQ(access_->create_s3_key(owner_, "backup", main(), "", "AKIAIOSFODNN7EXAMPLE", "0123456789abcdef").error().id,
            "access.key_exists");
  ASSERT_EQ(told(access_->set_disabled(owner_, "backup", true)), "ok");
  EXPECT_FALSE(access_->s3_key(key->access_key_id));
  ASSERT_EQ(told(access_->set_disabled(owner_, "backup", false)), "ok");
  ASSERT_EQ(told(access_->revoke_s3_key(owner_, brought->access_key_id)), "ok");
  ASSERT_EQ(told(access_->remove_principal(owner_, "backup")), "ok");
  EXPECT_FALSE(access_->s3_key(key->access_key_id));
  EXPECT_TRUE(access_->view()->rows().s3_keys.empty());
}

TEST_F(AccessTest, LinksHandOnWhatTheirMakerMayAndNoMore) {
  const Who anna = sign_in_an_editor_of_photos();
  const catalog::ShareRow wanted = link_to_2024();
  const auto share = access_->create_share(anna, wanted, "open sesame");
  ASSERT_EQ(told(share), "ok");
  EXPECT_EQ(access_->authenticate_share(share->text, "", "1.2.3.4").error().id, "share.password_needed");
  EXPECT_EQ(access_->authenticate_share(share->text, "wrong one", "1.2.3.4").error().id, "share.bad_password");
  const std::string longest(kPasswordBytesMax, 'p');
  const auto guarded = access_->create_share(anna, wanted, longest);
  ASSERT_EQ(told(guarded), "ok");
  EXPECT_EQ(access_->authenticate_share(guarded->text, longest + "q", "5.6.7.8").error().id, "share.bad_password");
  EXPECT_EQ(told(access_->authenticate_share(guarded->text, longest, "5.6.7.8")), "ok");
  const auto who = access_->authenticate_share(share->text, "open sesame", "1.2.3.4");
  ASSERT_EQ(told(who), "ok");
  const Resource photo{main(), "photos", "2024/a", false, Tier::hot, {}};
  EXPECT_TRUE(access_->decide(*who, Action::read, photo).allowed);
  EXPECT_FALSE(access_->decide(*who, Action::write, photo).allowed);
  EXPECT_EQ(told(access_->count_download(share->row.id)), "ok");
  EXPECT_EQ(told(access_->count_download(share->row.id)), "ok");
  EXPECT_EQ(access_->count_download(share->row.id).error().id, "share.used_up");
  const auto grants = access_->view()->rows().grants;
  ASSERT_EQ(told(access_->remove_grant(owner_, grants[0].id)), "ok");
  EXPECT_FALSE(access_->decide(*who, Action::read, photo).allowed);
  ASSERT_EQ(told(access_->revoke_share(owner_, share->row.id)), "ok");
  EXPECT_EQ(access_->authenticate_share(share->text, "open sesame", "1.2.3.4").error().id, "share.not_found");
  EXPECT_EQ(access_->create_share(owner_, wanted, "").error().id, "share.no_maker");
}

TEST_F(AccessTest, TheLastOwnerStays) {
  add("anna");
  add("ben");
  add("admins", PrincipalKind::group);
  const auto direct = grant("anna", "owner");
  EXPECT_EQ(access_->set_disabled(owner_, "anna", true).error().id, "access.last_owner");
  EXPECT_EQ(access_->remove_principal(owner_, "anna").error().id, "access.last_owner");
  EXPECT_EQ(access_->remove_grant(owner_, direct.id).error().id, "access.last_owner");
  catalog::GrantRow denial;
  denial.role = "reader";
  denial.denies = true;
  EXPECT_EQ(access_->add_grant(owner_, "everyone", denial).error().id, "access.last_owner");
  grant("admins", "owner");
  ASSERT_EQ(told(access_->add_member(owner_, "admins", "ben")), "ok");
  EXPECT_EQ(told(access_->remove_grant(owner_, direct.id)), "ok");
  EXPECT_EQ(access_->remove_member(owner_, "admins", "ben").error().id, "access.last_owner");
  EXPECT_EQ(access_->remove_principal(owner_, "admins").error().id, "access.last_owner");
}

TEST_F(AccessTest, RolesOfOnesOwn) {
  catalog::RoleRow role;
  role.name = "curator";
  role.rules = {{false, {"read", "tag"}, {}, 0, 0}};
  ASSERT_EQ(told(access_->put_role(owner_, role)), "ok");
  add("anna");
  grant("anna", "curator");
  EXPECT_EQ(access_->remove_role(owner_, "curator").error().id, "access.role_in_use");
  role.name = "editor";
  EXPECT_EQ(access_->put_role(owner_, role).error().id, "access.preset_role");
  role.name = "pilot";
  role.rules[0].actions = {"fly"};
  EXPECT_EQ(access_->put_role(owner_, role).error().id, "access.bad_action");
  catalog::GrantRow everyone;
  everyone.role = "owner";
  EXPECT_EQ(access_->add_grant(owner_, "everyone", everyone).error().id, "access.too_much");
  EXPECT_EQ(access_->add_grant(owner_, "nobody-here", everyone).error().kind, ErrorKind::not_found);
  ASSERT_EQ(told(access_->remove_grant(owner_, access_->view()->rows().grants[0].id)), "ok");
  EXPECT_EQ(told(access_->remove_role(owner_, "curator")), "ok");
}

TEST_F(AccessTest, AgentsHaveARateAndOthersHaveNone) {
  add("helper", PrincipalKind::agent);
  add("anna");
  Who agent, person;
  agent.principal = access_->view()->principal_named("helper")->id;
  agent.kind = PrincipalKind::agent;
  person.principal = access_->view()->principal_named("anna")->id;
  int refused = 0;
  for (int i = 0; i < 150; ++i) {
    EXPECT_EQ(told(access_->take_request(person)), "ok");
    const auto taken = access_->take_request(agent);
    if (!taken) {
      ++refused;
      EXPECT_EQ(taken.error().id, "access.too_many_requests");
    }
  }
  EXPECT_GE(refused, 45);
  machine_.clock.advance_s(1);
  EXPECT_EQ(told(access_->take_request(agent)), "ok");
}

// The role says it, of whatever kind the account is.
TEST_F(AccessTest, WhoeverActsAsAnAgentHasItsRate) {
  add("helper");
  add("anna");
  add("helpers", PrincipalKind::group);
  add("member");
  ASSERT_EQ(told(access_->add_member(owner_, "helpers", "member")), "ok");
  grant("helper", "agent");
  grant("helpers", "agent");
  grant("anna", "agent");
  grant("anna", "editor");
  const auto refused_of = [&](std::string_view name) {
    Who who;
    who.principal = access_->view()->principal_named(name)->id;
    int refused = 0;
    for (int i = 0; i < 150; ++i) refused += access_->take_request(who) ? 0 : 1;
    return refused;
  };
  EXPECT_GE(refused_of("helper"), 45);
  EXPECT_GE(refused_of("member"), 45);
  EXPECT_EQ(refused_of("anna"), 0) << "an editor, too";
}

TEST_F(AccessTest, PartsOfADownloadAreOneAndNoMoreThanTwiceTheFile) {
  const Who anna = sign_in_an_editor_of_photos();
  const catalog::ShareRow wanted = link_to_2024();
  const auto share = access_->create_share(anna, wanted, "");
  ASSERT_EQ(told(share), "ok");
  const auto part = [&](const std::string& key, const std::string& address, std::uint64_t offset) {
    return told(access_->count_download(share->row.id, {key, address, offset, 100 - offset, 100}));
  };
  const auto is_used_up = [](const std::string& answer) { return answer.find("share.used_up") != std::string::npos; };
  EXPECT_EQ(part("a", "1.2.3.4", 0), "ok");
  EXPECT_EQ(part("a", "1.2.3.4", 40), "ok") << "goes on";
  EXPECT_EQ(part("a", "1.2.3.4", 70), "ok");
  EXPECT_EQ(part("a", "1.2.3.4", 1), "ok") << "more than twice the file: the second download";
  EXPECT_TRUE(is_used_up(part("b", "1.2.3.4", 1))) << "never begun";
  EXPECT_TRUE(is_used_up(part("a", "5.6.7.8", 40))) << "somebody else";
  EXPECT_TRUE(is_used_up(part("a", "1.2.3.4", 0)));
  EXPECT_EQ(part("a", "1.2.3.4", 60), "ok");
}

TEST_F(AccessTest, ADisabledAccountIsSignedOutForGood) {
  add("anna", PrincipalKind::person, "correct horse");
  add("boss");
  grant("boss", "owner");
  const Who anna = login("anna", "correct horse").value();
  const auto session = access_->open_session(anna, "1.2.3.4");
  ASSERT_EQ(told(session), "ok");
  EXPECT_EQ(told(access_->authenticate_session(session->text)), "ok");
  machine_.clock.advance_s(1);
  ASSERT_EQ(told(access_->set_disabled(owner_, "anna", true)), "ok");
  EXPECT_NE(told(access_->authenticate_session(session->text)), "ok");
  ASSERT_EQ(told(access_->set_disabled(owner_, "anna", false)), "ok");
  EXPECT_NE(told(access_->authenticate_session(session->text)), "ok");
}

TEST_F(AccessTest, QuotasCountWhatIsThereAndWhatIsNoted) {
  auto& files = *vault_;  // any vault will do: its objects are counted
  const VaultId id = files.keys().vault();
  ASSERT_TRUE(vault::testing::put_bytes(files, "photos", "a", vault::testing::noise(1, 700)));
  ASSERT_TRUE(vault::testing::put_bytes(files, "music", "b", vault::testing::noise(2, 300)));
  add("anna");
  ASSERT_EQ(told(access_->usage().count(files, true)), "ok");
  EXPECT_EQ(access_->usage().of(id, "photos", ""), (Used{700, 1}));
  EXPECT_EQ(access_->usage().of({}, "", ""), (Used{1000, 2}));
  EXPECT_EQ(access_->usage().of(id, "photos", files.actor()), (Used{700, 1}));
  ASSERT_EQ(told(access_->usage().count(files, true)), "ok") << "counting twice changes nothing";
  EXPECT_EQ(access_->usage().of({}, "", ""), (Used{1000, 2}));
  EXPECT_EQ(access_->usage().of({}, "", files.actor()), (Used{1000, 2}));
  catalog::QuotaRow quota;
  quota.vault = id;
  quota.bucket = "photos";
  quota.bytes_max = 1000;
  quota.objects_max = 3;
  ASSERT_EQ(told(access_->set_quota(owner_, quota)), "ok");
  Who anna;
  anna.principal = access_->view()->principal_named("anna")->id;
  anna.name = "anna";
  EXPECT_EQ(told(access_->check_quota(anna, id, "photos", 300, 1)), "ok");
  EXPECT_EQ(access_->check_quota(anna, id, "photos", 301, 1).error().id, "quota.exceeded");
  EXPECT_EQ(access_->check_quota(anna, id, "photos", UINT64_MAX, 0).error().id, "quota.exceeded");
  EXPECT_EQ(access_->check_quota(anna, id, "photos", 0, 3).error().id, "quota.exceeded");
  EXPECT_EQ(told(access_->check_quota(anna, id, "music", 5000, 9)), "ok");
  access_->usage().note(id, "photos", "anna", {200, 1});
  EXPECT_EQ(access_->check_quota(anna, id, "photos", 101, 1).error().id, "quota.exceeded");
  catalog::QuotaRow hers;
  hers.principal = anna.principal;
  hers.bytes_max = 250;
  ASSERT_EQ(told(access_->set_quota(owner_, hers)), "ok");
  EXPECT_EQ(access_->check_quota(anna, id, "music", 51, 1).error().id, "quota.exceeded");
  EXPECT_EQ(told(access_->check_quota(anna, id, "music", 50, 1)), "ok");
  access_->usage().note(id, "photos", "anna", {-200, -1});
  EXPECT_EQ(told(access_->check_quota(anna, id, "music", 250, 1)), "ok");
  // What runs of her agents store is hers.
  access_->usage().note(id, "photos", "anna/chat/r1", {100, 1});
  EXPECT_EQ(access_->check_quota(anna, id, "music", 151, 1).error().id, "quota.exceeded");
  access_->usage().note(id, "photos", "anna/chat/r1", {-100, -1});
  ASSERT_EQ(told(access_->set_quota(owner_, catalog::QuotaRow{id, {}, "photos", 0, 0, {}, {}})), "ok");
  EXPECT_EQ(told(access_->check_quota(anna, id, "photos", 250, 9)), "ok");
  ASSERT_TRUE(vault::testing::put_bytes(*files.acting_for({"anna/chat/r2", "", ""}), "music", "c",
                                        vault::testing::noise(3, 90)));
  ASSERT_EQ(told(access_->usage().count(files, true)), "ok");
  EXPECT_EQ(access_->usage().of({}, "", "anna"), (Used{90, 1}));
}

TEST_F(AccessTest, AllAboutAPersonIsHandedOverAndErased) {
  add("anna", PrincipalKind::person, "correct horse");
  grant("anna", "editor", {main(), "photos", ""});
  ASSERT_TRUE(access_->create_token(owner_, "anna", "her laptop", {}, {}));
  ASSERT_TRUE(login("anna", "correct horse", "", "192.168.7.7"));
  const auto exported = whole_export("anna");
  ASSERT_EQ(told(exported), "ok");
  for (const char* part : {"\"name\":\"anna\"", "her laptop", "editor", "192.168.7.7", "sign_in"})
    EXPECT_NE(exported->find(part), std::string::npos) << part << *exported;
  EXPECT_EQ(exported->find("argon2"), std::string::npos) << "no secrets";
  const auto erased = access_->erase_person(owner_, "anna");
  ASSERT_EQ(told(erased), "ok");
  EXPECT_EQ(erased->rows, 3U);
  EXPECT_EQ(erased->audit_records, 1U);
  EXPECT_EQ(whole_export("anna").error().kind, ErrorKind::not_found);
  std::size_t seen = 0;
  ASSERT_TRUE(access_->audit().for_each({}, [&](const AuditRecord& record) -> Result<bool> {
    EXPECT_NE(record.actor, "anna");
    EXPECT_NE(record.address, "192.168.7.7");
    ++seen;
    return true;
  }));
  EXPECT_EQ(seen, 2U) << "the sign-in of somebody, and that it was erased";
  const auto verified = access_->audit().verify();
  ASSERT_EQ(told(verified), "ok");
  EXPECT_FALSE(verified->first_broken) << verified->what;
}

TEST_F(AccessTest, ARefusalSaysThatARightIsForABucketAlone) {
  add("anna", PrincipalKind::person, "correct horse");
  add("ben", PrincipalKind::person, "correct horse");
  add("keepers", PrincipalKind::group);
  ASSERT_EQ(told(access_->add_member(owner_, "keepers", "anna")), "ok");
  grant("keepers", "auditor", {main(), "photos", ""});
  const auto anna = login("anna", "correct horse");
  const auto refused = access_->require(*anna, Action::audit_read, {});
  ASSERT_EQ(refused.error().id, "access.denied");
  EXPECT_NE(refused.error().hint.find("They may in photos, and this is about the whole home"), std::string::npos)
      << refused.error().hint;
  for (const auto& [name, action] : {std::pair("anna", Action::write), std::pair("ben", Action::audit_read)}) {
    const auto who = login(name, "correct horse");
    EXPECT_EQ(access_->require(*who, action, {}).error().hint.find("photos"), std::string::npos) << name;
  }
}

TEST_F(AccessTest, AHomeWithoutAccountsLetsOnlyItsOwnerIn) {
  auto none = Access::open(nullptr, machine_.inline_machine(), cheap());
  ASSERT_EQ(told(none), "ok");
  EXPECT_FALSE((*none)->authenticate_token("atl_x"));
  EXPECT_FALSE((*none)->authenticate_password("anna", "correct horse", "", "::1"));
  EXPECT_TRUE((*none)->decide(owner_, Action::server_admin, {}).allowed);
  EXPECT_FALSE((*none)->decide(Who::nobody(), Action::status, {}).allowed);
  NewPrincipal fresh;
  fresh.name = "anna";
  EXPECT_EQ((*none)->add_principal(owner_, fresh).error().id, "access.read_only");
}

TEST_F(AccessTest, DecisionsGoOnWhileRightsChange) {
  add("anna");
  const auto token = access_->create_token(owner_, "anna", "", {}, {});
  ASSERT_EQ(told(token), "ok");
  std::atomic<bool> stops = false;
  std::atomic<std::uint64_t> allowed = 0, denied = 0, wrong = 0;
  {
    std::vector<std::unique_ptr<platform::Thread>> threads;
    for (int i = 0; i < 3; ++i) {
      threads.push_back(machine_.machine().threads.start("decides", [&] {
        while (!stops.load()) {
          const auto who = access_->authenticate_token(token->text);
          if (!who) {
            ++wrong;
            continue;
          }
          const bool may = access_->decide(*who, Action::read, {main(), "photos", "a", false, Tier::hot, {}}).allowed;
          ++(may ? allowed : denied);
          AuditRecord record;
          record.actor = who->name;
          record.action = "read";
          record.is_allowed = may;
          access_->audit().note(std::move(record));
        }
      }));
    }
    for (int i = 0; i < 30 || allowed.load() == 0 || denied.load() == 0; ++i) {
      const auto given = grant("anna", "reader", {main(), "photos", ""});
      EXPECT_EQ(told(access_->audit().flush()), "ok");
      EXPECT_EQ(told(access_->remove_grant(owner_, given.id)), "ok");
    }
    stops = true;
  }
  EXPECT_EQ(wrong.load(), 0U);
  const auto verified = access_->audit().verify();
  ASSERT_EQ(told(verified), "ok");
  EXPECT_FALSE(verified->first_broken) << verified->what;
  std::uint64_t recorded = 0;
  ASSERT_TRUE(access_->audit().for_each({}, [&](const AuditRecord& record) -> Result<bool> {
    recorded += record.count;
    return true;
  }));
  EXPECT_EQ(recorded, allowed.load() + denied.load());
}

TEST_F(AccessTest, UndoNeverTakesAChangeOfAccountsBack) {
  add("anna");
  EXPECT_FALSE(vault::is_user_command(journal::CommandKind::access_change));
  EXPECT_FALSE(vault::is_user_command(journal::CommandKind::audit));
  vault::UndoRequest request;
  request.is_last = true;
  const auto selected = vault::select_commands(*vault_, request);
  EXPECT_TRUE(!selected || selected->commands == 0);
}

// Power cuts at every point of a run of changes: what was answered is there, what was not is there whole or not at all.
TEST(AccessCrash, AtEveryPointAccountsAreThoseThatWereAnswered) {
  TestMachine machine;
  ASSERT_EQ(told(create_small(machine.inline_machine())), "ok");
  const Who owner = Who::local_owner();
  std::vector<std::string> answered;  // one word for each change, as `words_of` finds them
  std::string under_way;
  const auto words_of = [](const AccessView& view) {
    std::vector<std::string> words;
    for (const auto& row : view.rows().principals)
      words.push_back("principal " + row.name + (row.is_disabled ? " disabled" : ""));
    for (const auto& row : view.rows().grants) words.push_back("grant " + row.role);
    for (const auto& row : view.rows().tokens) words.push_back("token " + row.label);
    for (const auto& row : view.rows().memberships)
      words.push_back(row.created.unix_us > 0 ? "member " : "member at no time");
    std::ranges::sort(words);
    return words;
  };
  std::uint64_t points = 0;
  std::vector<std::vector<std::string>> possible = {{}};
  machine.files.before_each_point([&](std::uint64_t point) {
    ++points;
    for (const auto policy : {platform::CrashPolicy::drop_all, platform::CrashPolicy::random}) {
      TestMachine rebooted(machine.files.after_crash(point, policy), point + 7);
      auto vault = open_small(rebooted.inline_machine());
      ASSERT_EQ(told(vault), "ok") << point;
      auto access = Access::open(vault->get(), rebooted.inline_machine(), cheap());
      ASSERT_EQ(told(access), "ok") << point;
      const auto found = words_of(*(*access)->view());
      EXPECT_TRUE(std::ranges::find(possible, found) != possible.end())
          << "point " << point << ", after " << under_way << ": " << found.size() << " rows";
      const auto verified = (*access)->audit().verify();
      ASSERT_EQ(told(verified), "ok") << point;
      EXPECT_FALSE(verified->first_broken) << point << verified->what;
      access->reset();
      vault->reset();
    }
  });
  auto vault = open_small(machine.inline_machine());
  ASSERT_EQ(told(vault), "ok");
  {
    auto access = Access::open(vault->get(), machine.inline_machine(), cheap());
    ASSERT_EQ(told(access), "ok");
    const auto step = [&](const std::string& name, std::vector<std::string> after, const auto& work) {
      std::ranges::sort(after);
      under_way = name;
      possible = {words_of(*(*access)->view()), after};
      EXPECT_EQ(told(work()), "ok") << name;
      EXPECT_EQ(words_of(*(*access)->view()), after) << name;
      possible = {after};
    };
    NewPrincipal fresh;
    fresh.name = "anna";
    fresh.password = "correct horse";
    step("add", {"principal anna"}, [&] { return (*access)->add_principal(owner, fresh); });
    NewPrincipal group;
    group.name = "team";
    group.kind = PrincipalKind::group;
    step("group", {"principal anna", "principal team"}, [&] { return (*access)->add_principal(owner, group); });
    step("member", {"principal anna", "principal team", "member "},
         [&] { return (*access)->add_member(owner, "team", "anna"); });
    catalog::GrantRow grant;
    grant.role = "reader";
    step("grant", {"principal anna", "principal team", "member ", "grant reader"},
         [&] { return (*access)->add_grant(owner, "team", grant); });
    step("token", {"principal anna", "principal team", "member ", "grant reader", "token laptop"},
         [&] { return (*access)->create_token(owner, "anna", "laptop", {}, {}); });
    step("disable", {"principal anna disabled", "principal team", "member ", "grant reader", "token laptop"},
         [&] { return (*access)->set_disabled(owner, "anna", true); });
    AuditRecord record;
    record.actor = "anna";
    record.action = "read";
    (*access)->audit().note(record);
    step("audit", {"principal anna disabled", "principal team", "member ", "grant reader", "token laptop"},
         [&] { return (*access)->audit().flush(); });
    step("erase", {"principal team", "grant reader"}, [&] { return (*access)->erase_person(owner, "anna"); });
    access->reset();
  }
  EXPECT_EQ(told((*vault)->close()), "ok");
  machine.files.before_each_point(nullptr);
  EXPECT_GT(points, 40U);
}

}  // namespace
}  // namespace atl::access
