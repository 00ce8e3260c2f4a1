#include "services/observe/drives.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

namespace atl::observe {
namespace {

constexpr std::size_t kTextBytesMax = 1024 * 1024;
constexpr std::uint64_t kSectorBytes = 512;  // of the kernel's counters, whatever the disk has (iostats.rst)
constexpr int kStackDepthMax = 8;            // crypt on lvm on raid on a partition …
constexpr std::string_view kBlock = "/sys/block/";
constexpr double kMilli = 1000;

std::string trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ' || text.back() == '\0')) text.remove_suffix(1);
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return std::string(text);
}

template <class Number>
std::optional<Number> parse_number(std::string_view text, int base = 10) {
  Number value{};
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> out;
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t begin = line.find_first_not_of(' ', at);
    if (begin == std::string_view::npos) break;
    at = std::min(line.find(' ', begin), line.size());
    out.push_back(line.substr(begin, at - begin));
  }
  return out;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

// As glibc's gnu_dev_major and gnu_dev_minor take st_dev apart (makedev(3)).
std::string major_minor_of(std::uint64_t device) {
  const std::uint64_t major = ((device >> 8) & 0xfff) | ((device >> 32) & ~std::uint64_t{0xfff});
  const std::uint64_t minor = (device & 0xff) | ((device >> 12) & ~std::uint64_t{0xff});
  return std::to_string(major) + ":" + std::to_string(minor);
}

}  // namespace

std::string_view name_of(DriveKind kind) {
  switch (kind) {
    case DriveKind::unknown: return "unknown";
    case DriveKind::spinning: return "spinning";
    case DriveKind::solid_state: return "solid_state";
    case DriveKind::nvme: return "nvme";
    case DriveKind::card: return "card";
    case DriveKind::made_up: return "virtual";
  }
  return "unknown";
}

std::optional<double> Place::used_percent() const {
  if (!device || total_bytes == 0) return std::nullopt;
  const std::uint64_t free = std::min(available_bytes, total_bytes);
  return 100.0 * static_cast<double>(total_bytes - free) / static_cast<double>(total_bytes);
}

std::optional<std::string> system_text(platform::FileSystem& system, const std::string& path) {
  const auto file = system.open(path, platform::OpenMode::read);
  if (!file) return std::nullopt;
  // Not by its size: the kernel's files say 0 or 4096.
  std::string text;
  std::array<std::uint8_t, 16 * 1024> piece{};
  while (text.size() < kTextBytesMax) {
    const auto count = (*file)->read_at(text.size(), piece);
    if (!count) return std::nullopt;
    if (*count == 0) break;
    text += as_text(ByteView(piece).first(*count));
  }
  return text;
}

std::optional<std::uint64_t> DriveWatch::number_at(const std::string& path) const {
  const auto text = text_at(path);
  return text ? parse_number<std::uint64_t>(trimmed(*text)) : std::nullopt;
}

std::vector<std::string> DriveWatch::names_in(const std::string& path) const {
  std::vector<std::string> names;
  const auto entries = system_->list(path);
  if (entries)
    for (const auto& entry : *entries) names.push_back(entry.name);
  return names;
}

// The name below /sys/block, of a whole disk or of a partition's disk.
std::optional<std::string> DriveWatch::block_of(const std::string& major_minor) const {
  const auto is_it = [&](const std::string& folder) {
    const auto text = text_at(folder + "/dev");
    return text && trimmed(*text) == major_minor;
  };
  for (const std::string& disk : names_in(std::string(kBlock.substr(0, kBlock.size() - 1)))) {
    const std::string folder = std::string(kBlock) + disk;
    if (is_it(folder)) return disk;
    for (const std::string& part : names_in(folder))
      if (part.starts_with(disk) && is_it(platform::join(folder, part))) return disk;
  }
  return std::nullopt;
}

// File systems over several devices (btrfs) have a number of their own: their mount names one of the devices.
std::optional<std::string> DriveWatch::source_of_mount(const std::string& major_minor) const {
  const auto text = text_at("/proc/self/mountinfo");
  if (!text) return std::nullopt;
  for (const std::string_view line : lines_of(*text)) {
    const auto fields = split(line);
    if (fields.size() < 5 || fields[2] != major_minor) continue;
    const auto dash = std::ranges::find(fields, "-");
    if (fields.end() - dash < 3) continue;
    const std::string_view source = dash[2];
    if (source.starts_with("/dev/")) return std::string(source.substr(5));
  }
  return std::nullopt;
}

void DriveWatch::add_whole_disks(const std::string& name, int depth, std::vector<std::string>& out) const {
  const auto below = names_in(std::string(kBlock) + name + "/slaves");
  if (below.empty() || depth == kStackDepthMax) {
    out.push_back(name);
    return;
  }
  for (const std::string& one : below) {
    const auto number = text_at(std::string(kBlock) + name + "/slaves/" + one + "/dev");
    const auto disk = number ? block_of(trimmed(*number)) : std::nullopt;
    add_whole_disks(disk.value_or(one), depth + 1, out);
  }
}

std::vector<std::string> DriveWatch::drives_below(std::uint64_t device) const {
  const std::string number = major_minor_of(device);
  auto name = block_of(number);
  if (!name) {
    const auto source = source_of_mount(number);
    if (!source) return {};
    // "nvme0n1p2" is a folder in that of its disk; "mapper/root" is a link whose name is in /sys/block/dm-N/dm/name.
    for (const std::string& disk : names_in(std::string(kBlock.substr(0, kBlock.size() - 1)))) {
      const std::string folder = std::string(kBlock) + disk;
      const auto mapped = text_at(folder + "/dm/name");
      const bool is_mapped = mapped && "mapper/" + trimmed(*mapped) == *source;
      if (disk == *source || is_mapped || text_at(platform::join(folder, *source) + "/dev")) name = disk;
    }
    if (!name) return {};
  }
  std::vector<std::string> out;
  add_whole_disks(*name, 0, out);
  std::ranges::sort(out);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::optional<double> DriveWatch::temperature_of(const std::string& name) const {
  const std::string device = std::string(kBlock) + name + "/device";
  // hwmon stands beside the device (nvme), or one folder further down (drivetemp).
  for (const std::string& first : names_in(device)) {
    if (!first.starts_with("hwmon")) continue;
    const std::string folder = platform::join(device, first);
    if (const auto here = number_at(folder + "/temp1_input")) return static_cast<double>(*here) / kMilli;
    for (const std::string& second : names_in(folder))
      if (const auto here = number_at(platform::join(folder, second) + "/temp1_input"))
        return static_cast<double>(*here) / kMilli;
  }
  return std::nullopt;
}

Drive DriveWatch::facts_of(const std::string& name) const {
  Drive drive;
  drive.name = name;
  const std::string folder = std::string(kBlock) + name;
  drive.capacity_bytes = number_at(folder + "/size").value_or(0) * kSectorBytes;
  drive.model = trimmed(text_at(folder + "/device/model").value_or(text_at(folder + "/device/name").value_or("")));
  const auto rotates = number_at(folder + "/queue/rotational");
  const std::string vendor = trimmed(text_at(folder + "/device/vendor").value_or(""));
  if (name.starts_with("nvme")) {
    drive.kind = DriveKind::nvme;
  } else if (name.starts_with("mmcblk")) {
    drive.kind = DriveKind::card;
  } else if (name.starts_with("vd") || name.starts_with("xvd") || name.starts_with("loop") ||
             name.starts_with("zram") || drive.model.find("QEMU") != std::string::npos || vendor == "VMware") {
    drive.kind = DriveKind::made_up;
  } else if (rotates) {
    drive.kind = *rotates == 0 ? DriveKind::solid_state : DriveKind::spinning;
  }
  if (const auto known = known_.find(name); known != known_.end()) {
    drive.wear = known->second.wear;
    drive.wear_source = known->second.source;
    drive.unknown_because = known->second.unknown_because;
    if (!drive.wear.model.empty()) drive.model = drive.wear.model;
  }
  if (const auto now = temperature_of(name)) drive.wear.temperature_celsius = now;
  if (drive.kind == DriveKind::card && !drive.wear.health_percent) {
    // "0x01 0x02": steps of ten percent that are used up, of two kinds of cells (JEDEC eMMC 5.1, DEVICE_LIFE_TIME_EST);
    // 0 says nothing.
    std::uint64_t worst = 0;
    const std::string text = trimmed(text_at(folder + "/device/life_time").value_or(""));
    for (std::string_view field : split(text)) {
      if (field.starts_with("0x")) field.remove_prefix(2);
      worst = std::max(worst, parse_number<std::uint64_t>(field, 16).value_or(0));
    }
    if (worst > 0) {
      drive.wear.health_percent = worst >= 11 ? 0.0 : 100.0 - 10.0 * static_cast<double>(worst - 1);
      drive.wear_source = "sysfs";
    }
  }
  if (drive.kind == DriveKind::made_up && drive.unknown_because.empty())
    drive.unknown_because = "a virtual disk tells nothing of the real one";
  return drive;
}

std::map<std::string, DriveWatch::Traffic> DriveWatch::traffic(std::int64_t now_ns) const {
  std::map<std::string, Traffic> out;
  const auto text = text_at("/proc/diskstats");
  if (!text) return out;
  for (const std::string_view line : lines_of(*text)) {
    const auto fields = split(line);
    if (fields.size() < 10) continue;
    const auto read = parse_number<std::uint64_t>(fields[5]);
    const auto written = parse_number<std::uint64_t>(fields[9]);
    if (read && written) out[std::string(fields[2])] = {*read * kSectorBytes, *written * kSectorBytes, now_ns};
  }
  return out;
}

std::vector<Drive> DriveWatch::look(std::vector<Place>& places, std::int64_t now_monotonic_ns) {
  std::map<std::string, std::vector<std::string>> holds;
  for (Place& place : places) {
    place.drives = place.device ? drives_below(*place.device) : std::vector<std::string>();
    for (const std::string& drive : place.drives) holds[drive].push_back(place.name);
  }
  auto now = traffic(now_monotonic_ns);
  std::vector<Drive> out;
  for (auto& [name, what] : holds) {
    Drive drive = facts_of(name);
    drive.holds = std::move(what);
    if (const auto counted = now.find(name); counted != now.end()) {
      const Traffic& current = counted->second;
      drive.read_bytes = current.read_bytes;
      drive.written_bytes = current.written_bytes;
      const auto earlier = before_.find(name);
      const double seconds =
          earlier == before_.end() ? 0 : static_cast<double>(current.at_ns - earlier->second.at_ns) * 1e-9;
      // Counters begin anew where a drive was taken out and put in again.
      if (seconds > 0 && current.read_bytes >= earlier->second.read_bytes &&
          current.written_bytes >= earlier->second.written_bytes) {
        drive.read_bytes_per_second = static_cast<double>(current.read_bytes - earlier->second.read_bytes) / seconds;
        drive.written_bytes_per_second =
            static_cast<double>(current.written_bytes - earlier->second.written_bytes) / seconds;
      }
    }
    out.push_back(std::move(drive));
  }
  before_ = std::move(now);
  return out;
}

void DriveWatch::take_wear(WearByDrive fresh) {
  for (auto& [name, wear] : fresh) {
    const auto earlier = known_.find(name);
    if (!wear.source.empty() || earlier == known_.end() || earlier->second.source.empty()) continue;
    wear = earlier->second;
    wear.wear.temperature_celsius.reset();
  }
  known_ = std::move(fresh);
}

}  // namespace atl::observe
