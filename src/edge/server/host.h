// What a running server has open: the vaults of one home, its accounts, its figures.
//
// Always true:
//  - A request works on a vault through a VaultUse: a handle of its own that stamps its caller on every change, and a
//    share in the vault. Work that needs a vault for itself (shredding, making the catalog anew) waits until every use
//    has ended and keeps new ones waiting meanwhile.
//  - Vaults stay open as long as the Host.
// Thread rules: everything from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edge/server/client_origin.h"
#include "edge/server/jobs.h"
#include "edge/server/metrics.h"
#include "edge/server/place_keys.h"
#include "foundation/platform/host_tree.h"
#include "foundation/platform/machine.h"
#include "foundation/platform/programs.h"
#include "services/observe/monitor.h"
#include "vault/access/access.h"
#include "vault/vault.h"

namespace atl::observe {
class Observer;
}
namespace atl::search {
class SearchIndex;
}

namespace atl::server {

// Requests of one door, since the server was started.
struct DoorCounts {
  Counter requests;
  Counter errors;     // 5xx
  Histogram queries;  // of those that change nothing: from the header to the first byte of the answer
};

struct HostSettings {
  std::string version = "0";
  std::string base_url;  // as clients reach it, "https://files.example"; empty: from each request
  ProxyTrust proxies;
  std::string s3_domain;  // buckets as subdomains of it; empty: path style only
  std::string s3_region = "us-east-1";
  bool s3_fast_etags = false;  // no MD5 is computed but where a client sends one along
  bool repairs = true;         // what turns out to be damaged is mended from a copy by itself
  std::string default_vault = "main";
  std::uint32_t owner_user_id = 0;  // whoever runs the server: through the local socket they may do everything
  // Of the machine, for copies and schedules; null, in tests: these are refused.
  platform::HostTree* disks = nullptr;
  platform::Programs* programs = nullptr;
  PlaceKeys* place_keys = nullptr;  // null, in tests: copies lie in folders only
  std::string home_folder;
  std::string metrics_token;  // what /metrics wants as a bearer; empty: readable by whoever may, and from this machine
};

// Many share it, or one has it alone; whoever wants it alone goes before those that come later. Released on any thread
// (a mutex of the library could not be), for the answer of a request is sent by others than began it.
class Gate {
 public:
  class Held {
   public:
    Held() = default;
    Held(Gate& gate, bool is_alone) : gate_(&gate), is_alone_(is_alone) {}
    Held(Held&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)), is_alone_(other.is_alone_) {}
    Held& operator=(Held&& other) noexcept {
      release();
      gate_ = std::exchange(other.gate_, nullptr);
      is_alone_ = other.is_alone_;
      return *this;
    }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    ~Held() { release(); }
    [[nodiscard]] bool is_held() const { return gate_ != nullptr; }

   private:
    void release();
    Gate* gate_ = nullptr;
    bool is_alone_ = false;
  };
  // Not held where the time passed first.
  [[nodiscard]] Held share(std::chrono::milliseconds wait);
  [[nodiscard]] Held take_alone(std::chrono::milliseconds wait);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t sharing_ = 0;  // guarded by mutex_, as all below
  std::size_t waiting_alone_ = 0;
  bool is_alone_ = false;
};

class Host;

// A vault for one request. Ends when destroyed; not held while a client is waited for longer than it takes to send it
// an answer.
class VaultUse {
 public:
  VaultUse(VaultUse&&) noexcept = default;
  VaultUse& operator=(VaultUse&&) noexcept = default;
  VaultUse(const VaultUse&) = delete;
  VaultUse& operator=(const VaultUse&) = delete;
  ~VaultUse() = default;

  [[nodiscard]] vault::Vault& vault() const { return *handle_; }
  [[nodiscard]] const VaultId& id() const { return id_; }
  [[nodiscard]] const std::string& name() const { return *name_; }
  // By which its objects are found; null: it has none.
  [[nodiscard]] search::SearchIndex* search() const { return search_; }

 private:
  friend class Host;
  VaultUse() = default;
  Gate::Held held_;
  std::unique_ptr<vault::Vault> handle_;
  VaultId id_;
  const std::string* name_ = nullptr;
  search::SearchIndex* search_ = nullptr;
};

class Host {
 public:
  // `access` is borrowed.
  Host(const platform::Machine& machine, access::Access& access, HostSettings settings);
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  Host(Host&&) = delete;
  Host& operator=(Host&&) = delete;
  ~Host();

  // `vault` and `search` are borrowed. Also while there are requests: a vault that was unlocked later.
  void add_vault(const VaultId& id, const std::string& name, vault::Vault& vault,
                 search::SearchIndex* search = nullptr);

  // By name or id; "" is the default vault, or the only one. `not_found` "vault.not_found"; `locked` "vault.busy" where
  // it is being worked on alone for longer than a request should wait.
  [[nodiscard]] Result<VaultUse> use(std::string_view name_or_id, const vault::Caller& caller);
  [[nodiscard]] Result<VaultUse> use(const VaultId& id, const vault::Caller& caller);
  // Alone. Waits until every use has ended; `locked` "vault.busy" where that takes more than a minute.
  [[nodiscard]] Result<VaultUse> use_alone(std::string_view name_or_id, const vault::Caller& caller);
  [[nodiscard]] Result<VaultId> find(std::string_view name_or_id) const;
  struct Listed {
    VaultId id;
    std::string name;
  };
  [[nodiscard]] std::vector<Listed> vaults() const;
  // Those of the home that nothing given so far opens, by their ids: their names are locked, too. Where there is one,
  // no other is meant by default for being the only one that is open.
  void set_locked_vaults(std::vector<std::string> ids);
  [[nodiscard]] std::vector<std::string> locked_vaults() const;

  [[nodiscard]] access::Access& access() const { return *access_; }
  [[nodiscard]] Metrics& metrics() { return metrics_; }
  // The last kAlarmsMax, newest first; since the server was started.
  static constexpr std::size_t kAlarmsMax = 100;
  struct Alarmed {
    Timestamp time;
    access::Alarm alarm;
  };
  void note_alarm(const access::Alarm& alarm);
  [[nodiscard]] std::vector<Alarmed> alarms() const;
  // By the number that observe::door_named() gives.
  [[nodiscard]] DoorCounts& door_counts(std::size_t door) { return door_counts_.at(door); }
  // Who watches this home; null: nobody. Borrowed; set before the first request, and lives as long as these.
  void set_observer(observe::Observer* observer) { observer_ = observer; }
  [[nodiscard]] observe::Observer* observer() const { return observer_; }
  // Stopped before the vaults are closed.
  [[nodiscard]] JobRunner& jobs() { return jobs_; }
  [[nodiscard]] const HostSettings& settings() const { return settings_; }
  [[nodiscard]] const platform::Machine& machine() const { return machine_; }
  [[nodiscard]] std::int64_t started_monotonic_ns() const { return started_ns_; }
  // From now on nothing waits for news: streams of events end with what they have.
  void begin_end() { is_ending_ = true; }
  [[nodiscard]] bool is_ending() const { return is_ending_; }

 private:
  struct Open {
    VaultId id;
    std::string name;
    vault::Vault* vault = nullptr;
    search::SearchIndex* search = nullptr;
    Gate gate;
  };
  [[nodiscard]] Result<Open*> open_named(std::string_view name_or_id) const;
  [[nodiscard]] static Result<VaultUse> share(Open& open, const vault::Caller& caller);
  platform::Machine machine_;
  access::Access* access_;
  HostSettings settings_;
  Metrics metrics_;
  std::array<DoorCounts, observe::kDoorCount> door_counts_;
  observe::Observer* observer_ = nullptr;
  mutable std::shared_mutex vaults_mutex_;
  std::vector<std::unique_ptr<Open>> vaults_;  // guarded by vaults_mutex_; each stays where it is
  std::vector<std::string> locked_vaults_;     // guarded by vaults_mutex_
  std::int64_t started_ns_ = 0;
  std::atomic<bool> is_ending_ = false;
  mutable std::mutex alarms_mutex_;
  std::deque<Alarmed> alarms_;  // guarded by alarms_mutex_
  JobRunner jobs_;              // last: its threads end before anything else goes
};

}  // namespace atl::server
