// What a server answers while its home is locked: 503, in whatever form the client reads; and the one thing that can be
// done then, giving the passphrase. While it is open, POST /api/v1/unlock alone: for vaults that are locked still.
//
//     GET  anything       503: a page with a form for browsers, problem+json for programs
//     POST /unlock        the form: its mark has to be that of the cookie that came with the page; once it is open,
//     back
//                         (303) to what was asked for
//     POST /api/v1/unlock {"passphrase": "…"}; by the local owner also {}: look at the key files again.
//                         200 {"state": "open"}, or "locked" where another one is needed (of a home that is
//                         open: for another vault)
//     GET  /livez 200, /readyz and /healthz 503 "locked"
//
// Always true:
//  - A passphrase is taken only where nobody reads along: TLS, this machine, or a trusted proxy that does TLS.
//  - No script; the page allows itself nothing but its own style and form (Content-Security-Policy).
//  - Who guesses waits: a few tries an address, then longer and longer; and one a second from everywhere together. The
//    home's owner on the local socket does not wait.
//  - Nothing is told but that it is locked: no names, no numbers of vaults.
//  - A passphrase is in no log, and is kept by nobody but the unlocker.
// Thread rules: any thread.
#pragma once

#include <functional>
#include <string>

#include "edge/serve/unlocker.h"
#include "edge/server/client_origin.h"
#include "foundation/codec/secret.h"
#include "foundation/net/http_message.h"
#include "vault/access/rate_limit.h"

namespace atl::serve {

struct LockedPageSettings {
  server::ProxyTrust proxies;
  std::string base_url;
  std::uint32_t owner_user_id = 0;
};

inline constexpr std::string_view kUnlockPath = "/api/v1/unlock";

class LockedPage {
 public:
  // Borrows the unlocker. `tell` takes words for the log.
  LockedPage(const platform::Machine& machine, Unlocker& unlocker, LockedPageSettings settings,
             std::function<void(const std::string& words)> tell);
  [[nodiscard]] net::Response answer(net::Request& request);
  // It is a request that is answered here while the home is open, too.
  [[nodiscard]] bool takes_while_open(const net::Request& request) const;

 private:
  struct Visit;
  [[nodiscard]] net::Response page(const Visit& visit, unsigned status, std::string_view words, bool has_form);
  [[nodiscard]] net::Response locked(const Visit& visit);
  // Nothing that a page of somebody else had a browser send.
  [[nodiscard]] static bool is_sent_from_here(const Visit& visit);
  [[nodiscard]] net::Response take_form(Visit& visit);
  [[nodiscard]] net::Response take_json(Visit& visit);
  [[nodiscard]] Result<void> check_limits(const Visit& visit);
  // Tries it, and waits until the home is open where it sufficed; false: one more is needed. Empty: key files.
  [[nodiscard]] Result<bool> unlock(const Visit& visit, std::string_view passphrase);
  [[nodiscard]] std::string mark_of(std::string_view cookie) const;

  platform::Machine machine_;
  Unlocker* unlocker_;
  LockedPageSettings settings_;
  std::function<void(const std::string&)> tell_;
  std::string path_prefix_;
  std::string security_policy_;
  codec::SecretKey mark_key_;  // of this process: marks of earlier ones are void
  access::RateLimit rate_;
  access::Lockout lockout_;
};

}  // namespace atl::serve
