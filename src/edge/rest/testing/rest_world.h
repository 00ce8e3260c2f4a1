// A home in memory with accounts, one vault and the REST door, for tests: requests go in as a client writes them,
// answers come out whole.
// Always true: nothing is random but by the machine's seed. `ada` owns everything, `rob` reads, `ann` is an agent
// (reads and appends), `zoe` has no right at all.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "derived/search/search_index.h"
#include "edge/rest/operation.h"
#include "edge/server/front.h"
#include "edge/server/watched_host.h"
#include "foundation/platform/testing/test_machine.h"
#include "store/blob/s3/testing/fake_s3.h"
#include "vault/testing/test_vault.h"

namespace atl::rest::testing {

struct Reply {
  unsigned status = 0;
  net::Headers headers;
  std::string body;   // as much of it as was made
  std::string error;  // why the body broke off, or empty
  [[nodiscard]] json::Value json() const;
  [[nodiscard]] std::string header(std::string_view name) const { return std::string(headers.get(name).value_or("")); }
  [[nodiscard]] std::string text(std::string_view member) const;  // of the JSON object; "" where there is none
  [[nodiscard]] std::uint64_t number(std::string_view member) const;
};

class RestWorld {
 public:
  RestWorld();
  RestWorld(const RestWorld&) = delete;
  RestWorld& operator=(const RestWorld&) = delete;
  RestWorld(RestWorld&&) = delete;
  RestWorld& operator=(RestWorld&&) = delete;
  ~RestWorld();

  // As the one who signed in last with as(); "" is nobody. "{s3}" in a body is an S3 server of this world's, begun when
  // it is first named: "s3://bucket/NAME?{s3}". Its key is in s3_key(), as members of a body.
  Reply ask(const std::string& method, const std::string& target, std::string body = {}, net::Headers headers = {});
  Reply ask_json(const std::string& method, const std::string& target, const std::string& body,
                 net::Headers headers = {});
  [[nodiscard]] static std::string s3_key();
  // From the server's own machine, or from another over an open connection.
  void come_from_here(bool is_here) { connection_.remote_address = is_here ? "127.0.0.1" : "192.0.2.7"; }
  RestWorld& as(std::string_view name) {
    name_ = name;
    return *this;
  }
  [[nodiscard]] vault::Vault& vault() { return *vault_; }
  [[nodiscard]] access::Access& access() { return *access_; }
  [[nodiscard]] platform::TestMachine& machine() { return machine_; }
  [[nodiscard]] server::Host& host() { return *host_; }
  // What a running server does beside requests, once; with what it began at its end.
  void tend();
  // The door anew, as after a restart of the server; others may stand before it.
  void restart_door(std::vector<std::unique_ptr<server::Door>> others = {});

  void wait_for_jobs();  // until every job has ended

 private:
  // What was started is over before the next request, so that nothing happens beside it: a minute at most.
  [[nodiscard]] std::string s3_endpoint();
  platform::TestMachine machine_;
  net::ConnectionFacts connection_;
  std::unique_ptr<vault::Vault> vault_, control_;
  std::unique_ptr<search::SearchIndex> search_;
  std::unique_ptr<access::Access> access_;
  std::unique_ptr<server::PlaceKeys> place_keys_;
  std::unique_ptr<blob::testing::FakeS3> s3_;
  std::unique_ptr<server::Host> host_;
  std::unique_ptr<platform::Programs> programs_;
  std::unique_ptr<server::WatchedHost> watched_;
  std::unique_ptr<observe::Observer> observer_;
  std::unique_ptr<server::Front> front_;
  std::map<std::string, std::string, std::less<>> tokens_;
  std::string name_ = "ada";
};

// "" where `value` is as the schema says, else what is not.
[[nodiscard]] std::string differs(std::string_view schema, const json::Value& value);

}  // namespace atl::rest::testing
