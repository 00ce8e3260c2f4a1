// What smartctl and nvme-cli say about a drive: asked, and read. Names and units: smartctl(8) and its JSON output; NVMe
// Base Specification 1.4 5.14.1.2; vendors' ATA attributes as drivedb.h of smartmontools names them.
#include <algorithm>
#include <array>
#include <cmath>

#include "foundation/base/units.h"
#include "foundation/json/json.h"
#include "services/observe/drives.h"

namespace atl::observe {
namespace {

constexpr std::uint64_t kNvmeDataUnitBytes = 512'000;  // a thousand blocks of 512 bytes
constexpr double kKelvin = 273.15;
constexpr std::size_t kAnswerBytesMax = 1024 * 1024;
constexpr std::uint64_t kTooLarge = UINT64_MAX / (64 * kMiB);

std::optional<std::uint64_t> number_in(const json::Value* value, std::string_view name) {
  const json::Value* const found = value == nullptr ? nullptr : value->find(name);
  if (found == nullptr || found->as_unsigned() == nullptr) return std::nullopt;
  return *found->as_unsigned();
}

std::optional<std::uint64_t> bytes_in(const json::Value* value, std::string_view name, std::uint64_t unit) {
  const auto count = number_in(value, name);
  if (!count || *count > kTooLarge) return std::nullopt;
  return *count * unit;
}

// What is left of 100; a drive that says it is used up more than that has nothing left.
double left_of(std::uint64_t used_percent) {
  return 100.0 - static_cast<double>(std::min<std::uint64_t>(used_percent, 100));
}

void read_nvme_log(const json::Value& log, std::string_view used_name, DriveWear& wear) {
  if (const auto used = number_in(&log, used_name)) wear.health_percent = left_of(*used);
  wear.written_bytes = bytes_in(&log, "data_units_written", kNvmeDataUnitBytes);
  wear.read_bytes = bytes_in(&log, "data_units_read", kNvmeDataUnitBytes);
  wear.unreadable_sectors = number_in(&log, "media_errors");
  wear.hours = number_in(&log, "power_on_hours");
  if (const auto warning = number_in(&log, "critical_warning"); warning && !wear.passed) wear.passed = *warning == 0;
}

struct Attribute {
  std::uint64_t id = 0;
  std::string name;
  std::optional<std::uint64_t> value;  // normalised: 100 or so is new
  std::optional<std::uint64_t> raw;
};

std::vector<Attribute> attributes_in(const json::Value& all) {
  std::vector<Attribute> out;
  const json::Value* const ata = all.find("ata_smart_attributes");
  const json::Value* const table = ata == nullptr ? nullptr : ata->find("table");
  if (table == nullptr || table->as_array() == nullptr) return out;
  for (const json::Value& row : *table->as_array()) {
    Attribute one;
    one.id = number_in(&row, "id").value_or(0);
    one.name = row.text_of("name").value_or("");
    one.value = number_in(&row, "value");
    one.raw = number_in(row.find("raw"), "value");
    out.push_back(std::move(one));
  }
  return out;
}

// Attributes whose normalised value counts down from 100 with the life of the cells.
bool is_life(const Attribute& one) {
  constexpr std::array<std::string_view, 9> names = {
      "Wear_Leveling_Count",     "SSD_Life_Left",          "Media_Wearout_Indicator",
      "Percent_Lifetime_Remain", "Percent_Life_Remaining", "Remaining_Lifetime_Perc",
      "Drive_Life_Remaining%",   "Perc_Rated_Life_Remain", "SSD_Life_Left_Perc"};
  return std::ranges::find(names, one.name) != names.end();
}

std::optional<std::uint64_t> written_by(const Attribute& one, std::uint64_t block_bytes) {
  if (!one.raw || *one.raw > kTooLarge) return std::nullopt;
  if (one.name == "Total_LBAs_Written") return *one.raw * block_bytes;
  if (one.name == "Host_Writes_32MiB") return *one.raw * 32 * kMiB;
  if (one.name == "Host_Writes_MiB" || one.name == "Total_Writes_MiB") return *one.raw * kMiB;
  constexpr std::array<std::string_view, 3> gib = {"Host_Writes_GiB", "Total_Writes_GiB", "Lifetime_Writes_GiB"};
  if (std::ranges::find(gib, one.name) != gib.end() && *one.raw < UINT64_MAX / kGiB) return *one.raw * kGiB;
  return std::nullopt;
}

void read_ata(const json::Value& all, DriveWear& wear) {
  const std::uint64_t block = std::clamp<std::uint64_t>(number_in(&all, "logical_block_size").value_or(512), 512, 4096);
  for (const Attribute& one : attributes_in(all)) {
    // 197 Current_Pending_Sector, 198 Offline_Uncorrectable: the same numbers with all makers.
    if ((one.id == 197 || one.id == 198) && one.raw)
      wear.unreadable_sectors = std::max(wear.unreadable_sectors.value_or(0), *one.raw);
    if (is_life(one) && one.value && *one.value <= 100 && !wear.health_percent)
      wear.health_percent = static_cast<double>(*one.value);
    if (const auto written = written_by(one, block)) wear.written_bytes = written;
  }
  wear.hours = number_in(all.find("power_on_time"), "hours");
}

KnownWear ask(platform::Programs& programs, const Drive& drive, const std::atomic<bool>* stop) {
  KnownWear known;
  platform::ProgramCall call;
  call.shows_errors = false;
  call.output_bytes_max = kAnswerBytesMax;
  call.stop = stop;
  const std::string path = "/dev/" + drive.name;
  // `timeout` (coreutils) ends a program that waits for a disk that does not answer.
  call.words = {"timeout", "--kill-after=5", "20", "smartctl", "--json", "--xall", "--nocheck=standby", path};
  const auto smart = programs.run(call);
  constexpr int not_found = 127;  // as timeout(1) says it
  if (smart && smart->exit_code != not_found) {
    // The exit code is made of bits (smartctl(8)): 1 bad command line, 2 the device could not be opened; higher ones
    // tell of the disk, and the text is whole all the same.
    auto parsed = parse_smartctl(smart->output);
    if (parsed && (parsed->health_percent || parsed->passed || parsed->written_bytes || parsed->temperature_celsius)) {
      known.wear = std::move(*parsed);
      known.source = "smartctl";
      return known;
    }
    known.unknown_because = (smart->exit_code & 2) != 0 ? "smartctl may not open the drive, or it sleeps"
                                                        : "smartctl tells nothing of this drive";
    return known;
  }
  if (drive.kind == DriveKind::nvme) {
    call.words = {"timeout", "--kill-after=5", "20", "nvme", "smart-log", "--output-format=json", path};
    const auto nvme = programs.run(call);
    if (nvme && nvme->exit_code == 0) {
      if (auto parsed = parse_nvme(nvme->output)) {
        known.wear = std::move(*parsed);
        known.source = "nvme";
        return known;
      }
    }
  }
  known.unknown_because = "smartctl is not installed";
  return known;
}

}  // namespace

Result<DriveWear> parse_smartctl(std::string_view text) {
  ATOLL_ASSIGN(const json::Value all, json::Value::parse(text, {.bytes_max = kAnswerBytesMax, .depth_max = 32}));
  if (!all.is_object()) return fail(ErrorKind::usage, "drive.no_answer", "this is not what smartctl prints");
  DriveWear wear;
  wear.model = all.text_of("model_name").value_or("");
  wear.serial = all.text_of("serial_number").value_or("");
  if (const json::Value* const status = all.find("smart_status"); status != nullptr) {
    const json::Value* const passed = status->find("passed");
    if (passed != nullptr && passed->as_bool() != nullptr) wear.passed = *passed->as_bool();
  }
  if (const auto celsius = number_in(all.find("temperature"), "current"))
    wear.temperature_celsius = static_cast<double>(*celsius);
  if (const json::Value* const log = all.find("nvme_smart_health_information_log"); log != nullptr) {
    read_nvme_log(*log, "percentage_used", wear);
  } else {
    read_ata(all, wear);
    if (const auto used = number_in(all.find("endurance_used"), "current_percent"))
      wear.health_percent = left_of(*used);
  }
  return wear;
}

Result<DriveWear> parse_nvme(std::string_view text) {
  ATOLL_ASSIGN(const json::Value all, json::Value::parse(text, {.bytes_max = kAnswerBytesMax, .depth_max = 32}));
  if (!all.is_object()) return fail(ErrorKind::usage, "drive.no_answer", "this is not what nvme prints");
  DriveWear wear;
  read_nvme_log(all, all.find("percent_used") != nullptr ? "percent_used" : "percentage_used", wear);
  if (const auto kelvin = number_in(&all, "temperature"); kelvin && *kelvin > 200 && *kelvin < 500)
    wear.temperature_celsius = std::round(static_cast<double>(*kelvin) - kKelvin);
  return wear;
}

WearByDrive ask_for_wear(platform::Programs& programs, const std::vector<Drive>& drives,
                         const std::atomic<bool>* stop) {
  WearByDrive out;
  for (const Drive& drive : drives) {
    if (drive.kind == DriveKind::made_up) continue;
    auto known = ask(programs, drive, stop);
    if (stop != nullptr && stop->load()) break;  // what it says now is no word of the drive's
    out[drive.name] = std::move(known);
  }
  return out;
}

}  // namespace atl::observe
