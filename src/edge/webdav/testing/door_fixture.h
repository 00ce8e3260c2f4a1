// A WebDAV door over vaults in memory, and requests made by hand.
// Always true: nothing is random but by the machine's seed; requests are made as the user named in `user_`.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "edge/webdav/webdav_door.h"
#include "foundation/xml/xml.h"
#include "vault/testing/test_vault.h"

namespace atl::webdav::testing {

using vault::testing::told;

struct Answer {
  unsigned status = 0;
  net::Headers headers;
  std::string body;
  [[nodiscard]] std::string field(std::string_view name) const { return std::string(headers.get(name).value_or("")); }
  [[nodiscard]] bool has(std::string_view text) const { return body.find(text) != std::string::npos; }
  // How often.
  [[nodiscard]] std::size_t count(std::string_view text) const {
    std::size_t times = 0;
    for (std::size_t at = body.find(text); at != std::string::npos; at = body.find(text, at + 1)) ++times;
    return times;
  }
};

// A body that something happens in the midst of.
class InterruptedBody final : public net::BodyReader {
 public:
  InterruptedBody(std::string content, std::function<void()> meanwhile)
      : content_(std::move(content)), meanwhile_(std::move(meanwhile)) {}
  [[nodiscard]] Result<std::size_t> read(ByteSpan out) override {
    if (meanwhile_) std::exchange(meanwhile_, {})();
    const std::size_t count = std::min(out.size(), content_.size() - at_);
    std::copy_n(content_.begin() + static_cast<std::ptrdiff_t>(at_), count, out.begin());
    at_ += count;
    return count;
  }
  [[nodiscard]] const net::Headers& trailers() const override { return trailers_; }

 private:
  std::string content_;
  std::function<void()> meanwhile_;
  std::size_t at_ = 0;
  net::Headers trailers_;
};

class DoorFixture : public ::testing::Test {
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
    host_ = std::make_unique<server::Host>(machine_.machine(), *access_, settings_);
    host_->add_vault(vault_->head().vault, "main", *vault_);
    std::vector<std::unique_ptr<server::Door>> doors;
    auto door = std::make_unique<WebDavDoor>(machine_.machine());
    door_ = door.get();
    doors.push_back(std::move(door));
    front_ = std::make_unique<server::Front>(*host_, std::move(doors), nullptr);
    add_person("ann", "owner");
    ASSERT_EQ(told(vault::Objects(*vault_).ensure_bucket("docs")), "ok");
    user_ = "ann";
  }

  void add_person(const std::string& name, const std::string& role, const catalog::AccessPlace& place = {}) {
    access::NewPrincipal person;
    person.name = name;
    ASSERT_EQ(told(access_->add_principal(owner_, person)), "ok");
    if (!role.empty()) add_grant(name, role, place);
    tokens_[name] = access_->create_token(owner_, name, "test", {}, {}).value().text;
  }
  void add_grant(const std::string& name, const std::string& role, const catalog::AccessPlace& place = {}) {
    catalog::GrantRow grant;
    grant.role = role;
    grant.place = place;
    ASSERT_EQ(told(access_->add_grant(owner_, name, grant)), "ok");
  }

  Answer ask_with(net::BodyReader& body, const std::string& method, const std::string& target, net::Headers headers,
                  std::optional<std::uint64_t> length) {
    return ask_as_with(user_, body, method, target, std::move(headers), length);
  }
  Answer ask_as_with(const std::string& user, net::BodyReader& body, const std::string& method,
                     const std::string& target, net::Headers headers, std::optional<std::uint64_t> length) {
    headers.set("Host", "files.example");
    if (!user.empty()) headers.set("Authorization", "Bearer " + tokens_.at(user));
    net::Request request{method, target, 11, std::move(headers), length, !length, connection_, body};
    net::Response response = front_->answer(request);
    Answer out;
    out.status = response.status;
    out.headers = response.headers;
    if (const auto* text = std::get_if<std::string>(&response.body)) out.body = *text;
    if (const auto* bytes = std::get_if<Bytes>(&response.body)) out.body = to_string(*bytes);
    if (const auto* source = std::get_if<std::unique_ptr<net::BodySource>>(&response.body)) {
      Bytes piece(1'000);
      for (bool is_end = false; !is_end;) {
        const auto pulled = (*source)->pull(piece);
        EXPECT_EQ(told(pulled), "ok");
        if (!pulled) break;
        const ByteView came = pulled->borrowed.empty() ? ByteView(piece).first(pulled->bytes) : pulled->borrowed;
        EXPECT_TRUE(!came.empty() || pulled->state == net::Pulled::State::end);
        out.body += as_text(came);
        is_end = pulled->state == net::Pulled::State::end;
      }
    }
    if (response.on_sent) response.on_sent({.whole = true, .body_bytes = out.body.size()});
    return out;
  }
  Answer ask(const std::string& method, const std::string& target, net::Headers headers = {},
             const std::string& content = {}) {
    net::MemoryBody body(content);
    return ask_with(body, method, target, std::move(headers), content.size());
  }
  // Of another user than `user_`, from another thread as well.
  Answer ask_as(const std::string& user, const std::string& method, const std::string& target,
                net::Headers headers = {}, const std::string& content = {}) {
    net::MemoryBody body(content);
    return ask_as_with(user, body, method, target, std::move(headers), content.size());
  }
  Answer find(const std::string& target, const std::string& depth = "0", const std::string& names = {}) {
    return ask("PROPFIND", target, {{"Depth", depth}},
               names.empty() ? ""
                             : "<D:propfind xmlns:D='DAV:' xmlns:z='urn:z' xmlns:m='urn:schemas-microsoft-com:'>"
                               "<D:prop>" +
                                   names + "</D:prop></D:propfind>");
  }
  static std::string patch(const std::string& steps) {
    return "<D:propertyupdate xmlns:D='DAV:' xmlns:z='urn:z' xmlns:m='urn:schemas-microsoft-com:'>" + steps +
           "</D:propertyupdate>";
  }
  static std::string lock_body(const std::string& scope = "exclusive") {
    return "<D:lockinfo xmlns:D='DAV:'><D:lockscope><D:" + scope +
           "/></D:lockscope><D:locktype><D:write/></D:locktype><D:owner>me</D:owner></D:lockinfo>";
  }
  std::string lock(const std::string& target, const std::string& depth = "infinity") {
    const Answer answer = ask("LOCK", target, {{"Depth", depth}}, lock_body());
    EXPECT_LT(answer.status, 300U) << answer.body;
    return answer.field("Lock-Token");
  }
  std::vector<std::string> keys(const std::string& bucket = "docs") {
    std::vector<std::string> list;
    const auto reader = vault_->reader();
    const auto row = reader->bucket_named(bucket).value();
    EXPECT_TRUE(reader->scan(row->id, "", "", [&](const catalog::Listed& listed) -> Result<bool> {
      list.push_back(listed.entry.key);
      return true;
    }));
    return list;
  }
  std::size_t version_count(const std::string& key) {
    const auto reader = vault_->reader();
    const auto bucket = reader->bucket_named("docs").value();
    const auto entry = reader->entry(bucket->id, key).value();
    return entry ? reader->versions_of(entry->object).value().size() : 0;
  }
  using Keys = std::vector<std::string>;

  platform::TestMachine machine_;
  net::ConnectionFacts connection_;
  std::unique_ptr<vault::Vault> vault_, control_, second_;
  std::unique_ptr<access::Access> access_;
  server::HostSettings settings_;
  std::unique_ptr<server::Host> host_;
  std::unique_ptr<server::Front> front_;
  WebDavDoor* door_ = nullptr;
  const access::Who owner_ = access::Who::local_owner();
  std::map<std::string, std::string> tokens_;
  std::string user_;
};

}  // namespace atl::webdav::testing
