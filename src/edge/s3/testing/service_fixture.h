// A home in memory with S3's service over it, an account for each of some roles, and requests as a client sends them.
#pragma once

#include "edge/s3/service.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "edge/s3/checksums.h"
#include "edge/s3/chunked_body.h"
#include "edge/s3/lifecycle.h"
#include "edge/s3/operations.h"
#include "edge/s3/signature.h"
#include "edge/s3/testing/signed_form.h"
#include "foundation/platform/testing/test_machine.h"
#include "foundation/xml/xml.h"
#include "vault/testing/test_vault.h"
#include "vault/tier/tiers.h"

namespace atl::s3 {

using vault::testing::create_small;
using vault::testing::noise;
using vault::testing::open_small;
using vault::testing::told;

struct Reply {
  unsigned status = 0;
  net::Headers headers;
  std::string body;
  [[nodiscard]] std::string code() const {
    const auto root = xml::read(body);
    return root ? std::string(root->text_of("Code")) : "";
  }
};

class ServiceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto machine = machine_.inline_machine();
    ASSERT_EQ(told(create_small(machine)), "ok");
    ASSERT_EQ(told(create_small(machine, "/home/vaults/control")), "ok");
    reopen();
    for (const auto& [name, role] : std::vector<std::pair<std::string, std::string>>{
             {"owner", "owner"}, {"editor", "editor"}, {"reader", "reader"}, {"nobody", ""}}) {
      access::NewPrincipal fresh;
      fresh.name = name + "-person";
      ASSERT_EQ(told(access_->add_principal(local_, fresh)), "ok");
      if (!role.empty()) {
        catalog::GrantRow grant;
        grant.role = role;
        ASSERT_EQ(told(access_->add_grant(local_, fresh.name, grant)), "ok");
      }
      const auto key = access_->create_s3_key(local_, fresh.name, vault_->head().vault, "test");
      ASSERT_EQ(told(key), "ok");
      credentials_[name] = {key->access_key_id, key->secret, "us-east-1"};
    }
    ASSERT_EQ(call("PUT", "/bucket").status, 200U);
  }
  void reopen() {
    access_.reset();
    service_.reset();
    vault_.reset();
    control_.reset();
    const auto machine = machine_.inline_machine();
    auto opened = open_small(machine);
    ASSERT_EQ(told(opened), "ok");
    vault_ = std::move(*opened);
    auto control = open_small(machine, "/home/vaults/control");
    ASSERT_EQ(told(control), "ok");
    control_ = std::move(*control);
    access::AccessOptions options;
    options.password_cost = {8, 1};
    auto access = access::Access::open(control_.get(), machine, options);
    ASSERT_EQ(told(access), "ok");
    access_ = std::move(*access);
    ServiceContext context;
    plain_ = std::make_unique<platform::Machine>(machine);
    context.machine = plain_.get();
    context.access = access_.get();
    context.root_domain = "s3.example";
    context.open_vault = [this](const VaultId&, const vault::Caller& caller) -> Result<std::shared_ptr<vault::Vault>> {
      return std::shared_ptr<vault::Vault>(vault_->acting_for(caller));
    };
    service_ = std::make_unique<Service>(context);
    context_ = context;
  }

  using Fields = std::vector<std::pair<std::string, std::string>>;
  // Sent as it is.
  Reply send(const std::string& method, const std::string& target, const Fields& fields, const std::string& body = {}) {
    net::MemoryBody reader(body);
    const net::ConnectionFacts connection{};
    net::Request request{method, target, 11, {}, body.size(), false, connection, reader};
    for (const auto& [name, value] : fields) request.headers.add(name, value);
    net::Response response = service_->handle(request, {"R" + std::to_string(++requests_), "192.0.2.1", "", ""});
    Reply reply;
    reply.status = response.status;
    reply.headers = response.headers;
    if (const auto* text = std::get_if<std::string>(&response.body)) reply.body = *text;
    if (const auto* bytes = std::get_if<Bytes>(&response.body)) reply.body = to_string(*bytes);
    if (auto* source = std::get_if<std::unique_ptr<net::BodySource>>(&response.body)) {
      Bytes piece(100'000);
      for (;;) {
        const auto pulled = (*source)->pull(piece);
        if (!pulled) {
          reply.body += "broken: " + pulled.error().message;
          break;
        }
        reply.body.append(as_text(pulled->borrowed.empty() ? ByteView(piece).first(pulled->bytes) : pulled->borrowed));
        if (pulled->state == net::Pulled::State::end) break;
      }
    }
    return reply;
  }
  // Signed by whom; `hash` as in x-amz-content-sha256.
  Fields signed_fields(const std::string& method, const std::string& target, Fields fields, const std::string& hash,
                       const std::string& who = "owner") {
    fields.insert(fields.begin(), {"Host", "server:7070"});
    std::vector<HeaderView> views;
    for (const auto& [name, value] : fields) views.push_back({name, value});
    const auto added = sign({method, target, views}, credentials_.at(who), machine_.clock.peek(), hash);
    EXPECT_EQ(told(added), "ok");
    for (const auto& [name, value] : *added) fields.emplace_back(name, value);
    return fields;
  }
  Reply call(const std::string& method, const std::string& target, const std::string& body = {}, Fields fields = {},
             const std::string& who = "owner") {
    const std::string hash = to_hex(codec::sha256(as_bytes(body)));
    return send(method, target, signed_fields(method, target, std::move(fields), hash, who), body);
  }
  // A form with a policy of `conditions`.
  Reply post_form(testing::FormPairs fields, const std::string& conditions, const std::string& content,
                  const std::string& who = "owner", const std::string& target = "/bucket") {
    for (auto& one : testing::signed_policy(credentials_.at(who), machine_.clock.peek(), conditions))
      fields.push_back(std::move(one));
    const auto form = testing::form_of(fields, "C:\\fakepath\\a b.txt", content);
    return send("POST", target, {{"Host", "server:7070"}, {"Content-Type", form.content_type}}, form.body);
  }
  Reply unsigned_call(const std::string& method, const std::string& target) {
    return send(method, target, {{"Host", "server:7070"}});
  }
  Reply get(const std::string& key) { return call("GET", "/bucket/" + key); }

  // An upload in chunks; `change` may spoil what is sent.
  Reply upload_chunks(const std::string& data, PayloadKind kind, const std::function<void(std::string&)>& change = {}) {
    const bool is_signed = kind != PayloadKind::unsigned_and_trailer;
    const std::string hash = kind == PayloadKind::signed_chunks ? "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
                             : kind == PayloadKind::signed_chunks_and_trailer
                                 ? "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
                                 : "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
    Fields fields{{"Content-Encoding", "aws-chunked,gzip"},
                  {"x-amz-decoded-content-length", std::to_string(data.size())}};
    if (kind != PayloadKind::signed_chunks) fields.emplace_back("x-amz-trailer", "x-amz-checksum-crc64nvme");
    fields = signed_fields("PUT", "/bucket/chunks", fields, hash);
    std::vector<HeaderView> views;
    for (const auto& [name, value] : fields) views.push_back({name, value});
    const Claim claim = read_claim({"PUT", "/bucket/chunks", views}, {machine_.clock.peek(), ""}).value();
    const SigningKey key = signing_key(credentials_.at("owner").secret, claim.date, claim.region);
    std::string previous = claim.signature;
    std::string sent;
    for (std::size_t at = 0; at < data.size(); at += 70'000) {
      const std::string piece = data.substr(at, 70'000);
      if (is_signed) {
        sent += signed_chunk(key, claim, previous, as_bytes(piece));
      } else {
        std::array<char, 20> digits{};
        std::snprintf(digits.data(), digits.size(), "%zx", piece.size());
        sent.append(digits.data()).append("\r\n").append(piece).append("\r\n");
      }
    }
    sent += is_signed ? signed_chunk(key, claim, previous, {}) : "0\r\n";
    if (kind != PayloadKind::signed_chunks) {
      Checksummer checksum(ChecksumAlgorithm::crc64nvme);
      checksum.update(as_bytes(data));
      const std::string line = "x-amz-checksum-crc64nvme:" + to_base64(checksum.finish());
      sent += line + "\r\n";
      if (is_signed) sent += "x-amz-trailer-signature:" + trailer_signature(key, claim, previous, line + "\n") + "\r\n";
    }
    sent += "\r\n";
    if (change) change(sent);
    return send("PUT", "/bucket/chunks", fields, sent);
  }

  platform::TestMachine machine_;
  std::unique_ptr<platform::Machine> plain_;
  std::unique_ptr<vault::Vault> vault_;
  std::unique_ptr<vault::Vault> control_;
  std::unique_ptr<access::Access> access_;
  ServiceContext context_;
  std::unique_ptr<Service> service_;
  const access::Who local_ = access::Who::local_owner();
  std::map<std::string, Credentials> credentials_;
  int requests_ = 0;
};

}  // namespace atl::s3
