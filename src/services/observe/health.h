// How a home is: what its vaults, copies, disks and schedules say about themselves, and the readings from which alarms
// are judged. `atoll stat`, /metrics, the page and the alarms all stand on this one look.
//
// Always true: nothing here is changed by looking. What cannot be found out is none or a reading of level `unknown`.
// Thread rules: plain functions.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "services/jobs/rule.h"
#include "services/observe/alarms.h"
#include "services/observe/drives.h"
#include "store/keyring/keyring.h"
#include "vault/status.h"

namespace atl::observe {

struct CopyHealth {
  std::string name;
  std::string place;
  std::string kind;
  bool is_known = false;  // it was whole once, and what this machine remembers of it could be read
  bool is_same_disk = false;
  bool verify_ok = true;
  std::uint64_t lag_changes = 0;
  std::int64_t lag_seconds = 0;  // since it last had everything; 0: it has
  std::uint64_t bytes = 0;
  std::optional<Timestamp> synced, verified, data_verified;
};
struct ScheduleHealth {
  std::string name;
  Timestamp next_due;
  std::optional<Timestamp> last_run;
  bool last_ok = true;
  bool is_missed = false;
  Timestamp due;  // the run that was missed
};
struct VaultHealth {
  vault::VaultStatus status;
  std::optional<Error> write_trouble;
  keyring::Keyring::KitState kit = keyring::Keyring::KitState::not_needed;
  std::array<std::uint64_t, 3> tier_bytes{};  // hot, warm, cold
  std::vector<CopyHealth> copies;
  std::vector<ScheduleHealth> schedules;
  std::optional<std::string> drill_failed;  // the name of a drill whose last run was bad
  Timestamp first_stored;                   // the first change; 0: none yet
};
[[nodiscard]] Result<std::vector<CopyHealth>> copies_of(vault::Vault& vault);
[[nodiscard]] Result<VaultHealth> vault_health(vault::Vault& vault, const jobs::LocalTime& ahead_s);
[[nodiscard]] std::string_view name_of(keyring::Keyring::KitState state);  // "never_saved"

// The number of the device that a path lies on, as stat tells; none where there is no such path.
using DeviceOf = std::function<std::optional<std::uint64_t>(const std::string& path)>;
// The home, or a copy in a folder, as a place on a file system.
[[nodiscard]] Place place_at(platform::FileSystem& files, const DeviceOf& device_of, std::string name,
                             std::string path);

void add_readings(const VaultHealth& vault, Timestamp now, std::vector<Reading>& out);
// Of the vault that holds the accounts, `control`, which nobody names when copying what they stored: it needs a copy as
// soon as others have one, or a home made anew from theirs has no accounts.
void add_accounts_reading(const std::vector<VaultHealth>& vaults, bool are_accounts_copied, std::vector<Reading>& out);
void add_readings(const std::vector<Place>& places, std::vector<Reading>& out);
void add_readings(const std::vector<Drive>& drives, std::vector<Reading>& out);
// The kinds that each of the functions above gives, for who did not look at that part.
[[nodiscard]] const std::vector<std::string_view>& kinds_of_vaults();
[[nodiscard]] const std::vector<std::string_view>& kinds_of_drives();  // and places

// "12,408 files stored: 8.1 GB in 5.3 GB, two copies." and the worst point.
[[nodiscard]] std::string sentence_of(const std::vector<VaultHealth>& vaults, const std::vector<Alarm>& alarms);

}  // namespace atl::observe
