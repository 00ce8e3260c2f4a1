// The record of what was asked and of what was read: kept in memory for a second at most, then in the control vault, in
// batches whose digests form a chain. What was written stands in the journal of its vault already (who, from where, in
// which request), sealed and chained there; it is not repeated here.
//
// Always true:
//  - note() never waits for the disk. Where the disk does not take a batch it is kept and tried again; beyond
//    kPendingMax records the oldest are counted and dropped, and the next batch says how many.
//  - A power cut loses the last second of these records, nothing else.
//  - chain(n) = BLAKE3(chain(n - 1) || n, 8 bytes, big-endian || records of n): whoever changes, removes or inserts one
//    has to change every later batch, and the command that wrote it stands in the journal.
// Thread rules: note() from any thread; flush() from any; one Audit a control vault.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "catalog/access_rows.h"
#include "foundation/platform/machine.h"
#include "vault/vault.h"

namespace atl::access {

using catalog::AuditRecord;

// Something people should hear of now.
struct Alarm {
  std::string id;  // "alarm.failed_logins", "alarm.mass_read", "alarm.mass_delete", "alarm.audit_damaged"
  std::string actor;
  std::string address;
  std::uint64_t count = 0;
  std::uint64_t window_seconds = 0;
  std::string words;
};

struct AuditThresholds {             // 0: no such alarm
  std::uint64_t failed_logins = 10;  // of one name or address
  std::uint64_t reads = 10'000;      // of one actor
  std::uint64_t removals = 1'000;    // of one actor
  std::uint64_t window_seconds = 300;
};

struct AuditQuery {
  std::string actor;  // empty: any; of an account its runs too (foundation/base/actor.h)
  std::string action;
  std::string bucket;
  std::string address;
  Timestamp since;
  Timestamp until{INT64_MAX};
  bool only_denied = false;
};

class Audit {
 public:
  static constexpr std::size_t kPendingMax = 100'000;
  static constexpr std::int64_t kFlushAfterNs = 1'000'000'000;

  // `control` may be null (records go nowhere) or opened for reading.
  Audit(vault::Vault* control, const platform::Machine& machine);
  Audit(const Audit&) = delete;
  Audit& operator=(const Audit&) = delete;
  Audit(Audit&&) = delete;
  Audit& operator=(Audit&&) = delete;
  ~Audit();  // flushes; what that fails with is lost

  // Time is filled in. Equal records of one second (all but key, bytes and count) of reads and lists of one actor under
  // one bucket are counted together once there are more than 64 of them.
  void note(AuditRecord record);
  // Writes what there is; by the server's clock every second, and before it ends.
  [[nodiscard]] Result<void> flush();
  [[nodiscard]] bool is_due() const;  // something waits for a second already

  // Called on the thread that noted, once a window for each actor (or address) and kind.
  void on_alarm(std::function<void(const Alarm&)> tell);
  void set_thresholds(const AuditThresholds& thresholds);

  // Records in order of time; `visit` returns false to stop.
  [[nodiscard]] Result<void> for_each(const AuditQuery& query,
                                      const std::function<Result<bool>(const AuditRecord&)>& visit);

  // Those of one batch, for who reads a long record piece by piece: numbers are dense, from first_batch(). None: there
  // is no such batch (yet).
  [[nodiscard]] Result<std::uint64_t> first_batch();
  [[nodiscard]] Result<std::optional<std::vector<AuditRecord>>> batch(std::uint64_t number, const AuditQuery& query);

  struct VerifyReport {
    std::uint64_t batches = 0;
    std::uint64_t records = 0;
    std::optional<std::uint64_t> first_broken;  // number of the batch
    std::string what;                           // is wrong with it, for people
  };
  // The chain from its first batch to its end, and in the journal (as far back as it reaches) that every batch was
  // written once, by a command that writes records. A break is told as an alarm too.
  [[nodiscard]] Result<VerifyReport> verify();

  struct Report {
    std::uint64_t records = 0;
    std::uint64_t denied = 0;
    std::uint64_t failed_sign_ins = 0;
    std::map<std::string, std::uint64_t> by_actor, by_action, denied_by_actor, failed_by_address;
    Timestamp first, last;
  };
  [[nodiscard]] Result<Report> report(const AuditQuery& query);

  // Ends the batches of which every record is older than `before`, oldest first; what is left is a chain from there,
  // whose beginning is kept with the home. Says so in a record of its own. Returns how many records went. `damaged`
  // "audit.broken" where those are not what was written: tampering is not cleared away.
  [[nodiscard]] Result<std::uint64_t> drop_before(Timestamp before, const std::string& by);

  // Of Access::erase_person(): rewrites every batch that names `actor`, with `instead` for the name and no address, and
  // the chain from there on. Returns how many records were changed.
  [[nodiscard]] Result<std::uint64_t> erase_actor(const std::string& actor, const std::string& instead,
                                                  const std::string& by);

 private:
  struct Window {
    std::int64_t begin_ns = 0;
    std::uint64_t count = 0;
    bool is_told = false;
  };
  void count_for_alarms(const AuditRecord& record, std::int64_t now_ns, std::vector<Alarm>& alarms);
  [[nodiscard]] std::optional<Alarm> count(const std::string& kind, const std::string& whom, std::uint64_t by,
                                           std::uint64_t threshold, std::int64_t now_ns);

  vault::Vault* control_;
  platform::Machine machine_;
  std::mutex flush_mutex_;  // one batch at a time; taken before mutex_
  mutable std::mutex mutex_;
  std::vector<AuditRecord> pending_;                 // guarded by mutex_, as all below
  std::map<std::string, std::uint64_t> run_counts_;  // records of the second under way, by what they share
  std::map<std::string, std::size_t> run_places_;
  std::int64_t second_ns_ = 0;
  std::int64_t oldest_ns_ = 0;
  std::uint64_t dropped_ = 0;
  AuditThresholds thresholds_;
  std::function<void(const Alarm&)> tell_;
  std::map<std::string, Window> windows_;
};

}  // namespace atl::access
