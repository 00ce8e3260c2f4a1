// The copies of one open vault, together: which are reachable, a round for each, and what is remembered about them.
//
// Always true:
//  - A copy that cannot be reached, or whose disk is full, keeps nobody from working: it is told, and tried again
//  later.
//  - What is remembered (vault/copies.h) is written after the round that it tells of.
// Thread rules: CopyKeeper by one thread at a time. ShipperThread has one of its own and is told to stop from outside.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "services/backup/shipper.h"
#include "vault/copies.h"

namespace atl::backup {

struct CopyOutcome {
  std::string name;
  std::string place;
  bool is_left_out = false;    // not its time yet; the rest says nothing
  std::optional<Error> error;  // none: it holds everything up to `report.shipped`
  ShipReport report;
};

// What the outer floor knows.
struct CopySurroundings {
  // Whether two paths lie on one disk.
  std::function<bool(const std::string& a, const std::string& b)> is_same_disk;
  std::function<Result<net::AwsCredentials>(const blob::S3Place&)> credentials;
};
// `conflict` "copy.exists" where the vault has a copy of this name, or one in the same place.
[[nodiscard]] Result<void> check_new_copy(vault::Vault& vault, const catalog::CopyRow& row);
// About so much goes over to a new copy: everything, as it lies here.
[[nodiscard]] Result<std::uint64_t> bytes_to_ship(vault::Vault& vault);
// What a copy in S3 is locked by on this machine.
[[nodiscard]] std::string copy_lock_path(const vault::Vault& vault, const std::string& name);

class CopyKeeper {
 public:
  // Reads the rows once. Borrows the vault.
  [[nodiscard]] static Result<std::unique_ptr<CopyKeeper>> open(vault::Vault& vault, CopySurroundings surroundings);
  [[nodiscard]] bool is_empty() const { return copies_.empty(); }
  // One round for each copy, or for the one named (`not_found` where there is none). Targets stay open and locked
  // between rounds until release() or rest().
  [[nodiscard]] Result<std::vector<CopyOutcome>> round(const ShipOptions& options, const std::string& only = {});
  void release();
  // Others may use the copies and the vault until the next use(). What is known about places far away stays.
  void rest();
  void use(vault::Vault& vault);

 private:
  CopyKeeper(vault::Vault& vault, CopySurroundings surroundings)
      : vault_(&vault), surroundings_(std::move(surroundings)) {}
  struct Copy {
    catalog::CopyRow row;
    std::unique_ptr<CopyTarget> target;
    std::unique_ptr<Shipper> shipper;
    Timestamp remembered;
    Lsn remembered_lsn;
    std::int64_t not_before_ns = 0;  // for rounds by the clock
  };
  [[nodiscard]] Result<void> reach(Copy& copy, const ShipOptions& options);
  [[nodiscard]] Result<ShipReport> round_of(Copy& copy, const ShipOptions& options);
  // `begun`: when the round began.
  [[nodiscard]] Result<void> remember(Copy& copy, const ShipReport& report, Timestamp begun);
  vault::Vault* vault_;
  CopySurroundings surroundings_;
  std::vector<Copy> copies_;
};

// Ships four times a second while somebody writes. Short commands have no round; what is left at the end is the
// caller's to ship.
class ShipperThread {
 public:
  // Borrows keeper and machine; does nothing where there is no copy.
  ShipperThread(const platform::Machine& machine, CopyKeeper& keeper);
  ShipperThread(const ShipperThread&) = delete;
  ShipperThread& operator=(const ShipperThread&) = delete;
  ~ShipperThread();
  // Ends the round under way (what it shipped so far counts) and waits for the thread.
  void stop();
  // The longest that a change of this session waited for its shipping to be over, as far as rounds tell.
  [[nodiscard]] std::int64_t longest_lag_us() const { return longest_lag_us_; }  // after stop()
  [[nodiscard]] std::uint64_t rounds() const { return rounds_; }

 private:
  void work();
  platform::Machine machine_;
  CopyKeeper& keeper_;
  std::atomic<bool> is_stopped_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::int64_t longest_lag_us_ = 0;
  std::uint64_t rounds_ = 0;
  std::unique_ptr<platform::Thread> thread_;
};

}  // namespace atl::backup
