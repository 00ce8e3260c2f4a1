// One call of one operation, as its handler sees it: parameters and body that were checked already, and the vault
// behind the question whether the caller may.
//
// Always true: vault() gives nothing before somebody was asked: the row's guards, require() or a Filter. So a handler
// cannot forget it.
// Thread rules: one thread's, like the request.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edge/rest/operation.h"
#include "edge/rest/state.h"
#include "edge/server/exchange.h"
#include "vault/object/versions.h"

namespace atl::rest {

// What it takes there, as the bucket keeps what was or does not.
[[nodiscard]] access::Action overwrite_action(const vault::BucketState& state);
[[nodiscard]] access::Action remove_action(const vault::BucketState& state);

using PathValues = std::vector<std::pair<std::string_view, std::string>>;

class Call {
 public:
  // Borrows all.
  Call(server::Exchange& exchange, State& state, const Operation& operation, PathValues path, net::Query query)
      : exchange_(&exchange),
        state_(&state),
        operation_(&operation),
        path_(std::move(path)),
        query_(std::move(query)) {}

  [[nodiscard]] server::Exchange& exchange() const { return *exchange_; }
  [[nodiscard]] State& state() const { return *state_; }
  [[nodiscard]] net::Request& request() const { return exchange_->request; }
  [[nodiscard]] const net::Headers& headers() const { return exchange_->request.headers; }
  [[nodiscard]] const Operation& operation() const { return *operation_; }
  [[nodiscard]] const access::Who& who() const { return exchange_->who; }

  // A parameter of the path, decoded; "" where the template has none of this name.
  [[nodiscard]] const std::string& path(std::string_view name) const;
  [[nodiscard]] const std::string& bucket() const { return path("bucket"); }
  [[nodiscard]] const std::string& key() const { return path("key"); }
  // Parameters of the query, as the row declares them.
  [[nodiscard]] bool has(std::string_view name) const { return query_.has(name); }
  [[nodiscard]] std::string text(std::string_view name, std::string_view otherwise = {}) const;
  [[nodiscard]] std::uint64_t number(std::string_view name, std::uint64_t otherwise) const;
  [[nodiscard]] bool flag(std::string_view name) const;  // "true", "1", or no value at all
  // The JSON body, which is as its schema says; null where the row has none.
  [[nodiscard]] const json::Value& body() const { return body_; }

  // May they? `key` empty: the bucket; `bucket` empty, too: the vault.
  [[nodiscard]] Result<void> require(access::Action action, std::string_view bucket = {}, std::string_view key = {},
                                     bool is_prefix = false);
  // Of one version of an object: its age and its tier count.
  [[nodiscard]] Result<void> require(access::Action action, std::string_view bucket, const catalog::Listed& listed);
  // Storing under this key: `write`, `overwrite` or `overwrite_for_good`, as it is there now. Returns the version that
  // was there (none: none), which a builder compares with what it finds.
  [[nodiscard]] Result<VersionId> require_write(const std::string& bucket, const std::string& key);
  // Removing: `remove`, or `remove_for_good` where the bucket keeps no history.
  [[nodiscard]] Result<void> require_remove(const std::string& bucket, std::string_view key, bool is_prefix);
  // Without a record, for many: see Filter.
  [[nodiscard]] bool may(access::Action action, std::string_view bucket, std::string_view key = {},
                         bool is_prefix = false, std::optional<std::uint64_t> age_seconds = {}) const;
  // Of all keys of a bucket at once.
  [[nodiscard]] std::optional<access::KeyPlaces> key_places(std::span<const access::Action> actions,
                                                            std::string_view bucket) const;

  [[nodiscard]] Result<vault::Vault*> vault();
  // Of that vault, once vault() was asked for. `unavailable` "search.not_open" where it has none.
  [[nodiscard]] Result<search::SearchIndex*> search() const;
  // Its share in the vault, for an answer that is made while it is sent; vault() gives nothing afterwards.
  [[nodiscard]] Result<server::VaultUse> take_vault();
  [[nodiscard]] const VaultId& vault_id() const { return vault_id_; }
  [[nodiscard]] std::optional<std::uint64_t> age_seconds(const catalog::VersionRow& version) const;
  [[nodiscard]] std::optional<std::uint64_t> age_seconds(Timestamp stored) const;

  // What the router does: in this order.
  [[nodiscard]] Result<void> check_query() const;
  [[nodiscard]] Result<void> ask_guards();
  [[nodiscard]] Result<void> read_body();
  [[nodiscard]] bool is_decided() const { return is_decided_; }
  // Says that leaving out what may not be seen is the answer to whether they may. Takes one of a capped caller's
  // requests.
  enum class Opens : std::uint8_t { nothing, vault };
  [[nodiscard]] Result<void> begin_filter(Opens opens = Opens::vault);

 private:
  [[nodiscard]] Result<void> open_vault();
  [[nodiscard]] Result<void> refuse_nobody();
  [[nodiscard]] Result<void> ask(const Guard& guard);
  [[nodiscard]] Result<void> look_at(access::Action action, const catalog::VersionRow& version,
                                     access::Resource& asked) const;
  [[nodiscard]] access::Resource resource(std::string_view bucket, std::string_view key, bool is_prefix) const;

  server::Exchange* exchange_;
  State* state_;
  const Operation* operation_;
  PathValues path_;
  net::Query query_;
  json::Value body_;
  VaultId vault_id_;
  std::optional<server::VaultUse> use_;
  bool is_decided_ = false;
};

// For lists: what may not be seen is left out.
class Filter {
 public:
  [[nodiscard]] static Result<Filter> begin(Call& call, access::Action action);
  // Counts what was seen.
  [[nodiscard]] bool sees(std::string_view bucket, std::string_view key = {}, bool is_prefix = false,
                          std::optional<std::uint64_t> age_seconds = {});
  // Whoever did not sign in and saw nothing is told to sign in; others get an empty list.
  [[nodiscard]] Result<void> end() const;

 private:
  Filter(Call& call, access::Action action) : call_(&call), action_(action) {}
  Call* call_;
  access::Action action_;
  bool saw_something_ = false;
};

}  // namespace atl::rest
