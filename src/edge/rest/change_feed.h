// What happened in a vault, change by change, from the journal: the pages and the stream of /api/v1/changes.
//
// Always true:
//  - A change is told when it is durable, once, in the order of LSNs; all of one command or nothing of it.
//  - Only what the reader may watch and list is told; what else happened only moves the position on.
//  - Below the horizon nothing is told: "journal.below_horizon" with the LSN to start from.
// Thread rules: one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "edge/server/exchange.h"
#include "foundation/json/json.h"

namespace atl::rest {

// What a feed is of. Copied: a stream outlives its request.
struct FeedQuery {
  VaultId vault;
  access::Who who;
  std::string bucket;  // empty: all
  std::string prefix;
};

struct FeedChange {
  Lsn lsn;
  std::vector<json::Value> items;  // the schema "FeedChange", in the order of the command's rows
};

class ChangeFeed {
 public:
  ChangeFeed(server::Host& host, FeedQuery query) : host_(&host), query_(std::move(query)) {}

  // "journal.below_horizon" where what follows `after` is no longer kept.
  [[nodiscard]] static Result<void> check_horizon(vault::Vault& vault, Lsn after);
  // Commands after `after`, each with what the reader may see (there may be nothing); `visit` returns false to stop.
  // Returns the last command that was looked at. At most kCommandsPerRead.
  [[nodiscard]] Result<Lsn> read(vault::Vault& vault, Lsn after,
                                 const std::function<Result<bool>(FeedChange)>& visit);
  // True while whoever signed in still may: neither they nor their token were disabled.
  [[nodiscard]] bool is_still_allowed() const;

  static constexpr std::uint64_t kCommandsPerRead = 1000;

 private:
  [[nodiscard]] Result<FeedChange> change_of(catalog::CatalogReader& reader, const journal::Command& command) const;
  [[nodiscard]] bool sees(const access::AccessView& view, std::string_view bucket, std::string_view key) const;
  server::Host* host_;
  FeedQuery query_;
};

// The same without an end, as server-sent events (HTML Living Standard, section 9.2): the last item of a command carries
// its LSN as `id`, so that a client that comes back goes on behind a whole command. A comment every 15 s, and an `id`
// alone where nothing could be told for a while. Ends after an hour: the client comes back with Last-Event-ID.
class FeedStream final : public net::BodySource {
 public:
  FeedStream(server::Host& host, FeedQuery query, vault::Caller caller, Lsn after);
  [[nodiscard]] Result<net::Pulled> pull(ByteSpan out) override;

 private:
  [[nodiscard]] Result<void> gather();
  [[nodiscard]] net::Pulled hand_out(ByteSpan out, net::Pulled::State when_empty);
  server::Host* host_;
  VaultId vault_;
  vault::Caller caller_;
  ChangeFeed feed_;
  Lsn at_;
  Lsn told_;
  std::string text_;  // not handed out yet
  std::size_t text_at_ = 0;
  std::int64_t begun_ns_ = 0;
  std::int64_t last_sent_ns_ = 0;
};

}  // namespace atl::rest
