// The disks below the home and its copies, as the system tells of them.
//
//     a path's device number ─► /proc/self/mountinfo, /sys/block, slaves of dm and md ─► whole disks
//     of each: model, kind, size  /sys/block/X;  traffic  /proc/diskstats;  temperature  hwmon (nvme, drivetemp)
//              wear, bytes written, its own verdict  smartctl --json, else nvme-cli, where installed and allowed
//
// Always true:
//  - What nobody could tell is none, with the reason in `unknown_because`; nothing is guessed.
//  - Everything is read through the platform, in bounded pieces; a program gets 20 s and 1 MiB of output. A disk that
//    sleeps is not woken (smartctl --nocheck=standby).
// Sources: kernel.org Documentation/ABI/stable/sysfs-block, admin-guide/iostats.rst, hwmon/sysfs-interface.rst,
// hwmon/drivetemp.rst; proc(5) for mountinfo; NVMe Base Specification 1.4, 5.14.1.2 (SMART / Health Information).
// Thread rules: one thread at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/error.h"
#include "foundation/platform/file_system.h"
#include "foundation/platform/programs.h"

namespace atl::observe {

enum class DriveKind : std::uint8_t { unknown, spinning, solid_state, nvme, card, made_up };
[[nodiscard]] std::string_view name_of(DriveKind kind);

// What a drive tells of itself.
struct DriveWear {
  std::optional<double> temperature_celsius;
  std::optional<double> health_percent;        // what is left; 0 where it is worn out
  std::optional<bool> passed;                  // its own verdict
  std::optional<std::uint64_t> written_bytes;  // in its life
  std::optional<std::uint64_t> read_bytes;
  std::optional<std::uint64_t> unreadable_sectors;  // it waits to replace, or could not
  std::optional<std::uint64_t> hours;               // it was on
  std::string model, serial;
};
// `smartctl --json --xall` and `nvme smart-log --output-format=json`. `usage` where it is none; what is missing in it
// is none.
[[nodiscard]] Result<DriveWear> parse_smartctl(std::string_view text);
[[nodiscard]] Result<DriveWear> parse_nvme(std::string_view text);

struct Drive {
  std::string name;  // "nvme0n1"
  DriveKind kind = DriveKind::unknown;
  std::string model;
  std::uint64_t capacity_bytes = 0;  // 0: unknown
  std::uint64_t read_bytes = 0;      // since the machine was started
  std::uint64_t written_bytes = 0;
  std::optional<double> read_bytes_per_second;  // since the last look
  std::optional<double> written_bytes_per_second;
  std::vector<std::string> holds;  // "home", "main: copy usb"
  DriveWear wear;
  std::string wear_source;  // "smartctl", "nvme", "sysfs", or empty
  std::string unknown_because;
};

// A file system that holds the home or a copy.
struct Place {
  std::string name;
  std::string path;
  std::optional<std::uint64_t> device;  // as stat tells; none: not reachable
  std::uint64_t total_bytes = 0;
  std::uint64_t available_bytes = 0;  // to this user
  std::vector<std::string> drives;    // names; empty: unknown
  // 100 where nothing is available to this user; none where it is not reachable.
  [[nodiscard]] std::optional<double> used_percent() const;
};

// What a drive said when it was asked, or why it said nothing.
struct KnownWear {
  DriveWear wear;
  std::string source;
  std::string unknown_because;
};
using WearByDrive = std::map<std::string, KnownWear>;
// Runs the programs; may take 20 s for each drive, and for ever where a drive does not answer at all, unless `stop` is
// set meanwhile: then what was told so far.
[[nodiscard]] WearByDrive ask_for_wear(platform::Programs& programs, const std::vector<Drive>& drives,
                                       const std::atomic<bool>* stop = nullptr);

// A file of /proc or /sys, of at most 1 MiB; none where it cannot be read.
[[nodiscard]] std::optional<std::string> system_text(platform::FileSystem& system, const std::string& path);

class DriveWatch {
 public:
  // Borrows it.
  explicit DriveWatch(platform::FileSystem& system) : system_(&system) {}

  // Whole disks below a file system, by the device number that stat gives for a path on it; sorted. None where it lies
  // on no disk that can be found (memory, network).
  [[nodiscard]] std::vector<std::string> drives_below(std::uint64_t device) const;
  // All drives below the places (whose `drives` are filled in), with what /sys and /proc say now.
  [[nodiscard]] std::vector<Drive> look(std::vector<Place>& places, std::int64_t now_monotonic_ns);
  // look() carries it on from then on. What a drive told before stays where it tells nothing now: it sleeps.
  void take_wear(WearByDrive fresh);

 private:
  struct Traffic {
    std::uint64_t read_bytes = 0;
    std::uint64_t written_bytes = 0;
    std::int64_t at_ns = 0;
  };
  [[nodiscard]] std::optional<std::string> text_at(const std::string& path) const {
    return system_text(*system_, path);
  }
  [[nodiscard]] std::optional<std::uint64_t> number_at(const std::string& path) const;
  [[nodiscard]] std::vector<std::string> names_in(const std::string& path) const;
  [[nodiscard]] std::optional<std::string> block_of(const std::string& major_minor) const;
  [[nodiscard]] std::optional<std::string> source_of_mount(const std::string& major_minor) const;
  void add_whole_disks(const std::string& name, int depth, std::vector<std::string>& out) const;
  [[nodiscard]] Drive facts_of(const std::string& name) const;
  [[nodiscard]] std::optional<double> temperature_of(const std::string& name) const;
  [[nodiscard]] std::map<std::string, Traffic> traffic(std::int64_t now_ns) const;

  platform::FileSystem* system_;
  std::map<std::string, Traffic> before_;
  WearByDrive known_;
};

}  // namespace atl::observe
