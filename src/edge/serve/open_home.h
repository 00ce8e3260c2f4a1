// A home while it is open: its vaults, accounts, doors and what runs by the clock; from unlocking to locking.
//
// Always true:
//  - Whoever answers requests keeps it alive until the answer was sent; it is closed after the last of them.
//  - close() leaves vaults as a clean end does; destroyed without it, they are as after a crash.
// Thread rules: begin_end() and close() by the thread that opened it.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "derived/search/search_index.h"
#include "edge/serve/first_start.h"
#include "edge/serve/housekeeping.h"
#include "edge/serve/log.h"
#include "edge/serve/server.h"
#include "edge/serve/trace_sink.h"
#include "edge/server/watched_host.h"
#include "vault/home.h"

namespace atl::serve {

class OpenHome {
 public:
  // What it borrows, for as long as it lives.
  struct Surroundings {
    const cli::ServeRequest& request;
    cli::Environment& environment;
    Log& log;
    const MakeDoors& make_doors;
    const net::HttpServer& listening;
    std::atomic<bool>& lock_ordered;
    std::optional<Timestamp> certificate_end;
  };
  [[nodiscard]] static Result<std::unique_ptr<OpenHome>> open(vault::Home& home, const vault::UnlockSecrets& secrets,
                                                              const Surroundings& around);
  OpenHome(const OpenHome&) = delete;
  OpenHome& operator=(const OpenHome&) = delete;
  OpenHome(OpenHome&&) = delete;
  OpenHome& operator=(OpenHome&&) = delete;
  ~OpenHome();

  // The first account of a home that has none.
  [[nodiscard]] Result<std::optional<FirstCredentials>> make_first_account();
  // The vaults that are locked still and that these open, while everything goes on: Unlocker::give(). One call at a
  // time; not while it closes.
  [[nodiscard]] Result<bool> open_more(const vault::UnlockSecrets& secrets);
  // From here on it is ready, and what goes by the clock goes.
  void start();
  [[nodiscard]] server::Front& front() { return *front_; }
  // Jobs, commands and streams end; requests that take little go on.
  void begin_end();
  [[nodiscard]] Result<void> close();

 private:
  OpenHome(vault::Home& home, const Surroundings& around);
  // Of what is locked those that these open; the others are noted.
  [[nodiscard]] Result<void> open_vaults(const vault::UnlockSecrets& secrets);
  [[nodiscard]] vault::VaultOptions vault_options() const;
  void let_first_vault_open_accounts();
  void watch();
  [[nodiscard]] std::unique_ptr<search::SearchIndex> open_search(vault::Vault& vault) const;
  [[nodiscard]] search::PictureReaders picture_readers() const;
  [[nodiscard]] Result<void> follow();
  [[nodiscard]] Result<void> embed();
  [[nodiscard]] server::HostSettings settings(std::uint32_t owner_user_id) const;

  vault::Home* home_;
  Surroundings around_;
  std::unique_ptr<server::PlaceKeys> place_keys_;
  std::unique_ptr<vault::Vault> control_;
  std::unique_ptr<access::Access> access_;
  std::vector<std::unique_ptr<vault::Vault>> vaults_;
  std::vector<std::unique_ptr<search::SearchIndex>> searches_;  // of those that have one
  std::unique_ptr<server::Host> host_;
  std::unique_ptr<server::WatchedHost> watched_;
  std::unique_ptr<observe::Observer> observer_;
  std::unique_ptr<TraceSink> traces_;  // null: none is wanted
  std::atomic<bool> is_ending_ = false;
  std::unique_ptr<server::Front> front_;
  std::unique_ptr<Housekeeping> housekeeping_;
};

}  // namespace atl::serve
