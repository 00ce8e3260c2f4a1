// One request to the WebDAV door.
// Always true: methods give errors as values, and answer() makes the answer of them; nothing is changed before rights,
// conditions and locks were asked.
// Thread rules: one thread, like the request.
#pragma once

#include <optional>
#include <string>

#include "edge/server/exchange.h"
#include "edge/webdav/answers.h"
#include "edge/webdav/if_header.h"
#include "edge/webdav/locks.h"
#include "edge/webdav/tree.h"

namespace atl::webdav {

inline constexpr std::string_view kMethodNames =
    "OPTIONS, GET, HEAD, PUT, DELETE, PROPFIND, PROPPATCH, MKCOL, COPY, MOVE, LOCK, UNLOCK";

class Visit {
 public:
  Visit(server::Exchange& exchange, LockTable& locks) : exchange_(&exchange), locks_(&locks) {}
  [[nodiscard]] net::Response answer();

 private:
  enum class Depth : std::uint8_t { zero, one, infinity };

  // visit.cc
  [[nodiscard]] Result<net::Response> dispatch();
  [[nodiscard]] Result<void> open();
  [[nodiscard]] Result<Depth> depth(Depth otherwise) const;
  [[nodiscard]] std::string base_path() const { return base_path_of(exchange_->base_url()); }
  [[nodiscard]] const net::Headers& headers() const { return exchange_->request.headers; }
  [[nodiscard]] std::int64_t now_s() const { return exchange_->now().unix_us / 1'000'000; }
  // `whole`: everything below a folder is meant, too.
  [[nodiscard]] Result<void> require(access::Action action, const Node& node, bool whole = false);
  [[nodiscard]] Result<void> require_at(access::Action action, const Place& place, std::string_view key, bool whole,
                                        const catalog::VersionRow* version);
  // To store under a name that holds `version` now, or nothing.
  [[nodiscard]] access::Action storing_over(const Node& node, bool exists) const;
  [[nodiscard]] access::Action removing_from(const Node& node) const;
  // If, If-Match, If-None-Match, If-(Un)modified-Since; from then on the tokens of If count as submitted.
  [[nodiscard]] Result<void> check_conditions(const Node& node);
  [[nodiscard]] Result<void> check_if(catalog::CatalogReader& state);  // If alone, as parsed by check_conditions
  [[nodiscard]] Result<IfState> state_of(catalog::CatalogReader& state, const std::optional<std::string>& resource);
  // Of a resource of the If field; none: nothing is known of it, so nothing holds there.
  [[nodiscard]] std::optional<Place> place_of(const std::optional<std::string>& resource) const;
  [[nodiscard]] std::vector<Place> places_named() const;
  [[nodiscard]] net::Representation representation_of(const Node& node) const;
  [[nodiscard]] Result<void> check_lock(const Place& place, bool with_members);
  // The folder a new name is made in: there, and not locked by others.
  [[nodiscard]] Result<void> check_parent(const Place& place);
  [[nodiscard]] static net::Representation representation_of(const catalog::VersionRow* version);

  // visit_read.cc
  [[nodiscard]] net::Response options() const;
  [[nodiscard]] net::Response propfind_above();  // "/": one member, /dav/
  [[nodiscard]] Result<net::Response> propfind();
  [[nodiscard]] Result<net::Response> get();
  [[nodiscard]] Result<net::Response> get_folder(const Node& node);
  // Vaults and buckets that may be seen: what is below /dav/.
  [[nodiscard]] Result<std::vector<Node>> root_members(const Renderer& renderer);

  // visit_write.cc
  [[nodiscard]] Result<net::Response> put();
  [[nodiscard]] Result<net::Response> make_collection();
  [[nodiscard]] Result<net::Response> remove();
  [[nodiscard]] Result<net::Response> proppatch();
  [[nodiscard]] Result<net::Response> copy_or_move(bool is_move);
  [[nodiscard]] Result<Place> destination();

  // visit_lock.cc
  [[nodiscard]] Result<net::Response> lock();
  [[nodiscard]] Result<net::Response> refresh_lock();
  [[nodiscard]] Result<net::Response> unlock();
  [[nodiscard]] net::Response lock_response(unsigned status, const std::vector<Lock>& locks) const;

  server::Exchange* exchange_;
  LockTable* locks_;
  Place place_;
  std::optional<server::VaultUse> use_;
  std::optional<Tree> tree_;
  LockHolder holder_;
  std::optional<IfField> if_field_;
  std::string condition_;  // the precondition element that goes with an error
};

}  // namespace atl::webdav
