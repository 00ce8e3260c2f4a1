#include "services/observe/drives.h"

#include <gtest/gtest.h>

#include <functional>

#include "foundation/platform/testing/test_machine.h"

namespace atl::observe {
namespace {

using platform::TestMachine;
constexpr std::int64_t kSecondNs = 1'000'000'000;

// As makedev(3) packs small numbers.
constexpr std::uint64_t device(std::uint64_t major, std::uint64_t minor) { return major << 8 | minor; }

class FakePrograms final : public platform::Programs {
 public:
  Result<platform::ProgramResult> run(const platform::ProgramCall& call) override {
    calls.push_back(call);
    return answer(call);
  }
  std::string own_path() override { return "/bin/atoll"; }
  std::int64_t local_time_ahead_s(Timestamp) override { return 0; }
  std::function<platform::ProgramResult(const platform::ProgramCall&)> answer = [](const auto&) {
    return platform::ProgramResult{127, "", "not found"};
  };
  std::vector<platform::ProgramCall> calls;
};

class Drives : public ::testing::Test {
 protected:
  void file(const std::string& path, const std::string& text) { machine_.files.set_content(path, as_bytes(text)); }
  void disk(const std::string& name, const std::string& number, const std::string& rotational) {
    file("/sys/block/" + name + "/dev", number + "\n");
    file("/sys/block/" + name + "/size", "3907029168\n");
    file("/sys/block/" + name + "/queue/rotational", rotational + "\n");
    file("/sys/block/" + name + "/device/model", "Model " + name + "   \n");
  }
  void SetUp() override {
    disk("sda", "8:0", "1");
    file("/sys/block/sda/sda1/dev", "8:1\n");
    file("/sys/block/sda/device/hwmon/hwmon3/temp1_input", "41000\n");
    disk("nvme0n1", "259:0", "0");
    file("/sys/block/nvme0n1/nvme0n1p2/dev", "259:2\n");
    file("/sys/block/nvme0n1/device/hwmon1/temp1_input", "52850\n");
    disk("mmcblk0", "179:0", "0");
    file("/sys/block/mmcblk0/device/life_time", "0x01 0x03\n");
    disk("vda", "254:0", "1");
    // A volume, encrypted, over a mirror of two disks.
    disk("sdb", "8:16", "0");
    disk("sdc", "8:32", "0");
    file("/sys/block/md0/dev", "9:0\n");
    file("/sys/block/md0/slaves/sdb/dev", "8:16\n");
    file("/sys/block/md0/slaves/sdc/dev", "8:32\n");
    file("/sys/block/dm-0/dev", "253:0\n");
    file("/sys/block/dm-0/dm/name", "vault\n");
    file("/sys/block/dm-0/slaves/md0/dev", "9:0\n");
    file("/proc/self/mountinfo",
         "22 1 0:40 / /data rw,relatime shared:1 - btrfs /dev/nvme0n1p2 rw\n"
         "23 1 0:41 / /safe rw - btrfs /dev/mapper/vault rw\n"
         "24 1 0:42 / /tmp rw - tmpfs tmpfs rw\n");
    traffic(1'000, 2'000);
  }
  void traffic(std::uint64_t read_sectors, std::uint64_t written_sectors) {
    file("/proc/diskstats", "   8       0 sda 9 0 " + std::to_string(read_sectors) + " 5 7 0 " +
                                std::to_string(written_sectors) + " 5 0 0 0\n   8       1 sda1 1 1 1\n");
  }
  std::vector<Drive> look(DriveWatch& watch, std::uint64_t of, std::int64_t at_s = 1) {
    std::vector<Place> places(1);
    places[0].name = "home";
    places[0].device = of;
    return watch.look(places, at_s * kSecondNs);
  }
  TestMachine machine_;
  DriveWatch watch_{machine_.files};
};

using Names = std::vector<std::string>;

TEST_F(Drives, WholeDisksAreFoundBelowPartitionsMirrorsVolumesAndBtrfs) {
  EXPECT_EQ(watch_.drives_below(device(8, 1)), Names{"sda"});
  EXPECT_EQ(watch_.drives_below(device(8, 0)), Names{"sda"});
  EXPECT_EQ(watch_.drives_below(device(259, 2)), Names{"nvme0n1"});
  EXPECT_EQ(watch_.drives_below(device(253, 0)), (Names{"sdb", "sdc"}));
  EXPECT_EQ(watch_.drives_below(device(0, 40)), Names{"nvme0n1"});
  EXPECT_EQ(watch_.drives_below(device(0, 41)), (Names{"sdb", "sdc"}));
  EXPECT_EQ(watch_.drives_below(device(0, 42)), Names{}) << "memory";
  EXPECT_EQ(watch_.drives_below(device(77, 7)), Names{});
}

TEST_F(Drives, FactsAreThoseOfTheSystem) {
  const auto nvme = look(watch_, device(259, 2)).at(0);
  EXPECT_EQ(nvme.kind, DriveKind::nvme);
  EXPECT_EQ(nvme.model, "Model nvme0n1");
  EXPECT_EQ(nvme.capacity_bytes, 3'907'029'168ULL * 512);
  EXPECT_DOUBLE_EQ(nvme.wear.temperature_celsius.value(), 52.85);
  EXPECT_FALSE(nvme.wear.health_percent);
  EXPECT_FALSE(nvme.wear.passed);
  EXPECT_EQ(nvme.holds, Names{"home"});
  const auto sda = look(watch_, device(8, 1)).at(0);
  EXPECT_EQ(sda.kind, DriveKind::spinning);
  EXPECT_DOUBLE_EQ(sda.wear.temperature_celsius.value(), 41);
  const auto card = look(watch_, device(179, 0)).at(0);
  EXPECT_EQ(card.kind, DriveKind::card);
  EXPECT_DOUBLE_EQ(card.wear.health_percent.value(), 80);
  const auto made_up = look(watch_, device(254, 0)).at(0);
  EXPECT_EQ(made_up.kind, DriveKind::made_up);
  EXPECT_FALSE(made_up.wear.temperature_celsius);
  EXPECT_NE(made_up.unknown_because, "");
}

TEST_F(Drives, TrafficIsTheDifferenceOfTwoLooks) {
  const auto first = look(watch_, device(8, 1), 100).at(0);
  EXPECT_EQ(first.read_bytes, 512'000U);
  EXPECT_FALSE(first.read_bytes_per_second);
  traffic(1'000 + 2'000, 2'000 + 40'000);
  const auto second = look(watch_, device(8, 1), 110).at(0);
  EXPECT_DOUBLE_EQ(second.read_bytes_per_second.value(), 2'000 * 512 / 10.0);
  EXPECT_DOUBLE_EQ(second.written_bytes_per_second.value(), 40'000 * 512 / 10.0);
  traffic(5, 5);
  EXPECT_FALSE(look(watch_, device(8, 1), 120).at(0).read_bytes_per_second) << "the counters began anew";
}

constexpr std::string_view kNvme = R"({"model_name": "ACME 990", "serial_number": "S1",
  "smart_status": {"passed": true}, "temperature": {"current": 71},
  "nvme_smart_health_information_log": {"critical_warning": 0, "percentage_used": 2, "data_units_written": 44921875,
    "data_units_read": 1, "media_errors": 0, "power_on_hours": 900}})";
constexpr std::string_view kAta = R"({"model_name": "ACME SSD", "logical_block_size": 512,
  "smart_status": {"passed": false}, "temperature": {"current": 33}, "power_on_time": {"hours": 12},
  "ata_smart_attributes": {"table": [
    {"id": 177, "name": "Wear_Leveling_Count", "value": 88, "raw": {"value": 130}},
    {"id": 197, "name": "Current_Pending_Sector", "value": 100, "raw": {"value": 8}},
    {"id": 198, "name": "Offline_Uncorrectable", "value": 100, "raw": {"value": 3}},
    {"id": 241, "name": "Total_LBAs_Written", "value": 99, "raw": {"value": 2000000}}]}})";

TEST_F(Drives, WhatSmartctlSaysIsRead) {
  const auto nvme = parse_smartctl(kNvme).value();
  EXPECT_EQ(nvme.model, "ACME 990");
  EXPECT_DOUBLE_EQ(nvme.temperature_celsius.value(), 71);
  EXPECT_DOUBLE_EQ(nvme.health_percent.value(), 98);
  EXPECT_EQ(nvme.written_bytes.value(), 23'000'000'000'000ULL);
  EXPECT_TRUE(nvme.passed.value());
  const auto ata = parse_smartctl(kAta).value();
  EXPECT_DOUBLE_EQ(ata.health_percent.value(), 88);
  EXPECT_EQ(ata.written_bytes.value(), 1'024'000'000U);
  EXPECT_EQ(ata.unreadable_sectors.value(), 8U);
  EXPECT_FALSE(ata.passed.value());
  EXPECT_EQ(ata.hours.value(), 12U);
  const auto empty = parse_smartctl("{}").value();
  EXPECT_FALSE(empty.health_percent || empty.passed || empty.temperature_celsius || empty.written_bytes);
  const auto worn = parse_smartctl(R"({"nvme_smart_health_information_log": {"percentage_used": 255}})").value();
  EXPECT_DOUBLE_EQ(worn.health_percent.value(), 0);
  const auto endless =
      parse_smartctl(R"({"nvme_smart_health_information_log": {"data_units_written": 18446744073709551615}})").value();
  EXPECT_FALSE(endless.written_bytes);
  for (const char* bad : {"", "smartctl: no", "[]", "7", "{"}) EXPECT_FALSE(parse_smartctl(bad)) << bad;
  const auto log = parse_nvme(R"({"critical_warning": 4, "temperature": 325, "percent_used": 11})").value();
  EXPECT_DOUBLE_EQ(log.temperature_celsius.value(), 52);
  EXPECT_DOUBLE_EQ(log.health_percent.value(), 89);
  EXPECT_FALSE(log.passed.value());
}

TEST_F(Drives, WhoIsAskedIsTheDriveAndASleepingOneKeepsWhatItToldBefore) {
  FakePrograms programs;
  const auto drives = look(watch_, device(259, 2));
  auto wear = ask_for_wear(programs, drives);
  ASSERT_EQ(programs.calls.size(), 2U);
  EXPECT_EQ(programs.calls[0].words.back(), "/dev/nvme0n1");
  EXPECT_EQ(programs.calls[0].words.front(), "timeout");
  EXPECT_EQ(programs.calls[1].words.at(3), "nvme");
  watch_.take_wear(std::move(wear));
  EXPECT_EQ(look(watch_, device(259, 2)).at(0).unknown_because, "smartctl is not installed");
  programs.answer = [](const auto&) { return platform::ProgramResult{0, std::string(kNvme), ""}; };
  watch_.take_wear(ask_for_wear(programs, drives));
  auto known = look(watch_, device(259, 2)).at(0);
  EXPECT_DOUBLE_EQ(known.wear.health_percent.value(), 98);
  EXPECT_DOUBLE_EQ(known.wear.temperature_celsius.value(), 52.85) << "the system's is newer";
  EXPECT_EQ(known.wear_source, "smartctl");
  EXPECT_EQ(known.model, "ACME 990");
  programs.answer = [](const auto&) { return platform::ProgramResult{2, "{\"smartctl\": {\"exit_status\": 2}}", ""}; };
  watch_.take_wear(ask_for_wear(programs, drives));
  known = look(watch_, device(259, 2)).at(0);
  EXPECT_DOUBLE_EQ(known.wear.health_percent.value(), 98);
  // One whose verdict is bad ends with other bits (smartctl(8)), and is believed.
  programs.answer = [](const auto&) { return platform::ProgramResult{8, std::string(kAta), ""}; };
  watch_.take_wear(ask_for_wear(programs, drives));
  EXPECT_FALSE(look(watch_, device(259, 2)).at(0).wear.passed.value());
  // A virtual disk is not asked.
  programs.calls.clear();
  EXPECT_TRUE(ask_for_wear(programs, look(watch_, device(254, 0))).empty());
  EXPECT_TRUE(programs.calls.empty());
}

TEST_F(Drives, ASystemThatTellsNothingGivesNothing) {
  TestMachine bare;
  DriveWatch watch(bare.files);
  EXPECT_TRUE(look(watch, device(8, 1)).empty());
  file("/sys/block/sda/size", "many\n");
  file("/proc/diskstats", "what\n8 0 sda x x x x x x x\n");
  const auto odd = look(watch_, device(8, 1)).at(0);
  EXPECT_EQ(odd.capacity_bytes, 0U);
  EXPECT_EQ(odd.read_bytes, 0U);
}

TEST(Places, FillIsOfWhatTheUserCanHave) {
  Place place;
  place.total_bytes = 1'000;
  place.available_bytes = 149;
  EXPECT_FALSE(place.used_percent()) << "not reachable";
  place.device = 1;
  EXPECT_NEAR(place.used_percent().value(), 85.1, 1e-9);
  place.available_bytes = 5'000;
  EXPECT_DOUBLE_EQ(place.used_percent().value(), 0);
  place.total_bytes = 0;
  EXPECT_FALSE(place.used_percent());
}

}  // namespace
}  // namespace atl::observe
