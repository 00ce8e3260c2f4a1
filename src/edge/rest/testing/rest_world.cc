#include "edge/rest/testing/rest_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <thread>

#include "derived/search/testing/simple_reader.h"
#include "edge/rest/rest_door.h"
#include "edge/rest/schema.h"

namespace atl::rest::testing {
namespace {

constexpr std::size_t kPullBytes = 64 * 1024;
constexpr int kPullsMax = 100'000;

void read_source(net::BodySource& source, Reply& reply) {
  Bytes room(kPullBytes);
  for (int i = 0; i < kPullsMax; ++i) {
    const auto pulled = source.pull(room);
    if (!pulled) {
      reply.error = pulled.error().id;
      return;
    }
    reply.body += as_text(pulled->borrowed.empty() ? ByteView(room).first(pulled->bytes) : pulled->borrowed);
    // What waits for news is not waited for: tests look at what came so far.
    if (pulled->state != net::Pulled::State::more) return;
  }
  reply.error = "the body does not end";
}

class RememberedKeys final : public server::PlaceKeys {
 public:
  [[nodiscard]] Result<net::AwsCredentials> find(const std::string& place) const override {
    const std::lock_guard lock(mutex_);
    const auto found = keys_.find(bucket_of(place));
    if (found != keys_.end()) return found->second;
    return fail(ErrorKind::denied, "s3.no_credentials", place + ": no key for it is known here");
  }
  [[nodiscard]] Result<void> keep(const std::string& place, const net::AwsCredentials& credentials) const override {
    const std::lock_guard lock(mutex_);
    keys_[bucket_of(place)] = credentials;
    return {};
  }

 private:
  static std::string bucket_of(const std::string& place) {
    const auto parsed = blob::parse_s3_place(place);
    return parsed ? parsed->endpoint + " " + parsed->bucket : place;
  }
  mutable std::mutex mutex_;
  mutable std::map<std::string, net::AwsCredentials> keys_;  // guarded by mutex_
};

}  // namespace

json::Value Reply::json() const {
  auto value = json::Value::parse(body, {.bytes_max = 64 * 1024 * 1024, .depth_max = 64});
  EXPECT_TRUE(value) << body;
  return value.value_or(json::Value());
}

std::string Reply::text(std::string_view member) const { return json().text_of(member).value_or("(no text)"); }
std::uint64_t Reply::number(std::string_view member) const { return json().number_of(member).value_or(UINT64_MAX); }

RestWorld::RestWorld() {
  come_from_here(false);
  EXPECT_EQ(vault::testing::told(vault::testing::create_small(machine_.machine())), "ok");
  vault_ = vault::testing::open_small(machine_.machine()).value();
  const std::string control = "/home/vaults/control";
  EXPECT_EQ(vault::testing::told(vault::testing::create_small(machine_.machine(), control)), "ok");
  control_ = vault::testing::open_small(machine_.machine(), control).value();
  access::AccessOptions options;
  options.password_cost = {.memory_kib = 8 * 1024, .passes = 1};
  access_ = access::Access::open(control_.get(), machine_.machine(), options).value();
  const auto owner = access::Who::local_owner();
  for (const auto& [name, role] :
       std::map<std::string, std::string>{{"ada", "owner"}, {"rob", "reader"}, {"ann", "agent"}, {"zoe", ""}}) {
    access::NewPrincipal fresh;
    fresh.name = name;
    EXPECT_EQ(vault::testing::told(access_->add_principal(owner, fresh)), "ok");
    if (!role.empty()) {
      catalog::GrantRow grant;
      grant.role = role;
      EXPECT_EQ(vault::testing::told(access_->add_grant(owner, name, grant)), "ok");
    }
    tokens_[name] = access_->create_token(owner, name, "test", {}, {}).value().text;
  }
  place_keys_ = std::make_unique<RememberedKeys>();
  server::HostSettings settings;
  settings.place_keys = place_keys_.get();
  host_ = std::make_unique<server::Host>(machine_.machine(), *access_, settings);
  search_ = search::SearchIndex::open(*vault_, search::testing::simple_reader(), true).value();
  search_->set_picture_readers(search::testing::simple_pictures());
  host_->add_vault(vault_->head().vault, "main", *vault_, search_.get());
  programs_ = platform::make_posix_programs();
  watched_ = std::make_unique<server::WatchedHost>(*host_);
  observer_ = std::make_unique<observe::Observer>(observe::Observer::Parts{
      machine_.machine(), *programs_, *control_, "/home",
      [](const std::string&) { return std::optional<std::uint64_t>(); }, *watched_, [](const std::string&) {}});
  host_->set_observer(observer_.get());
  restart_door();
}

RestWorld::~RestWorld() = default;

void RestWorld::restart_door(std::vector<std::unique_ptr<server::Door>> others) {
  others.push_back(std::make_unique<RestDoor>());
  front_ = std::make_unique<server::Front>(*host_, std::move(others), std::function<void(const server::Logged&)>());
}

std::string RestWorld::s3_key() {
  const auto credentials = blob::testing::FakeS3::credentials();
  return R"("access_key_id": ")" + credentials.access_key + R"(", "secret_access_key": ")" + credentials.secret + "\"";
}

std::string RestWorld::s3_endpoint() {
  if (!s3_) s3_ = std::make_unique<blob::testing::FakeS3>();
  return "endpoint=" + s3_->place("any").endpoint;
}

Reply RestWorld::ask(const std::string& method, const std::string& target, std::string body, net::Headers headers) {
  constexpr std::string_view mark = "{s3}";
  if (const auto at = body.find(mark); at != std::string::npos) body.replace(at, mark.size(), s3_endpoint());
  headers.set("Host", "files.example");
  // As a running server would have by now.
  const bool searches = target.find("search") != std::string::npos || target.find("understood") != std::string::npos ||
                        target.starts_with("/mcp");
  if (searches) {
    EXPECT_EQ(vault::testing::told(search_->catch_up(*vault_, {})), "ok");
  }
  if (!name_.empty()) headers.set("Authorization", "Bearer " + tokens_.at(name_));
  const std::uint64_t length = body.size();
  net::MemoryBody content(std::move(body));
  net::Request request{method, target, 11, std::move(headers), length, false, connection_, content};
  auto response = front_->answer(request);
  Reply reply;
  reply.status = response.status;
  reply.headers = response.headers;
  if (auto* const text = std::get_if<std::string>(&response.body)) reply.body = *text;
  if (auto* const bytes = std::get_if<Bytes>(&response.body)) reply.body = to_string(*bytes);
  if (auto* const source = std::get_if<std::unique_ptr<net::BodySource>>(&response.body)) {
    read_source(**source, reply);
    const bool is_right = !response.length || *response.length == reply.body.size() || !reply.error.empty();
    EXPECT_TRUE(is_right) << "the body has " << reply.body.size() << " bytes, announced were "
                          << response.length.value_or(0);
  }
  if (response.on_sent) response.on_sent({reply.status, true, reply.body.size()});
  if (reply.status == 202) wait_for_jobs();
  return reply;
}

void RestWorld::tend() {
  front_->tend();
  wait_for_jobs();
}

void RestWorld::wait_for_jobs() {
  const auto is_over = [](const server::JobFacts& facts) { return facts.ended.unix_us != 0; };
  for (int i = 0; i < 6'000 && !std::ranges::all_of(host_->jobs().list(), is_over); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

Reply RestWorld::ask_json(const std::string& method, const std::string& target, const std::string& body,
                          net::Headers headers) {
  headers.set("Content-Type", "application/json");
  return ask(method, target, body, std::move(headers));
}

std::string differs(std::string_view schema, const json::Value& value) {
  const json::Value* const wanted = schema_named(schema);
  if (wanted == nullptr) return "there is no schema " + std::string(schema);
  const auto checked = schema::check(*wanted, value);
  return checked ? "" : checked.error().message;
}

}  // namespace atl::rest::testing
