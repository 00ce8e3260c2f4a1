// A running server as something to watch: what services/observe asks for, out of a Host.
// Always true: a vault is held only while it is looked at; one that is in use alone is passed over.
// Thread rules: as observe::Watched; set_… before the first look.
#pragma once

#include <functional>

#include "edge/server/host.h"
#include "foundation/net/http_server.h"
#include "services/observe/observer.h"

namespace atl::server {

class WatchedHost final : public observe::Watched {
 public:
  explicit WatchedHost(Host& host) : host_(&host) {}
  void set_network(std::function<net::ServerStats()> stats) { network_ = std::move(stats); }
  void set_certificate_end(Timestamp end) { certificate_end_ = end; }

  void each_vault(const std::function<void(const VaultId&, const std::string&, vault::Vault*)>& visit) override;
  [[nodiscard]] observe::Traffic traffic() override;
  [[nodiscard]] observe::Settings settings() override;
  [[nodiscard]] std::vector<std::string> locked_vaults() override { return host_->locked_vaults(); }
  [[nodiscard]] std::optional<Timestamp> certificate_end() override { return certificate_end_; }

 private:
  Host* host_;
  std::function<net::ServerStats()> network_;
  std::optional<Timestamp> certificate_end_;
};

// An alarm of the audit as one of the observer's: "alarm.mass_read" is "mass_read".
void note_alarm(observe::Observer& observer, const access::Alarm& alarm);

// What the observer knows, for /metrics.
void write_health(const observe::Health& health, MetricWriter& out);

}  // namespace atl::server
