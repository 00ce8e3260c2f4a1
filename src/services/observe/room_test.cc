#include "services/observe/room.h"

#include <gtest/gtest.h>

namespace atl::observe {
namespace {

constexpr std::int64_t kStart = 1'790'000'000 / RoomHistory::kStepSeconds * RoomHistory::kStepSeconds;

std::int64_t at(double days) { return kStart + static_cast<std::int64_t>(days * 86'400); }

TEST(Room, IsForecastFromItsWholeCourse) {
  std::vector<RoomPoint> points;
  EXPECT_FALSE(forecast_of_free(points));
  for (int i = 0; i <= 8; ++i) points.push_back({at(i * 0.25), (100.0 - i) * 1e9});
  EXPECT_FALSE(forecast_of_free(points)) << "two days are too few";
  for (int i = 9; i <= 40; ++i) points.push_back({at(i * 0.25), (100.0 - i) * 1e9});  // 4 GB a day, 60 left
  const auto fills = forecast_of_free(points);
  ASSERT_TRUE(fills && fills->months);
  EXPECT_NEAR(fills->grown_bytes_per_day, 4e9, 1e6);
  EXPECT_NEAR(*fills->months, 15 / 30.44, 0.01);
  const auto used = forecast_of_used(points);
  ASSERT_TRUE(used);
  EXPECT_NEAR(used->grown_bytes_per_day, -4e9, 1e6) << "what is held becomes less";
  EXPECT_FALSE(used->months) << "it has no end";
  for (auto& one : points) one.bytes = 100e9;
  EXPECT_FALSE(forecast_of_free(points)->months) << "it does not fill";
  for (std::size_t i = 0; i < points.size(); ++i) points[i].bytes = 100e9 - static_cast<double>(i);
  EXPECT_FALSE(forecast_of_free(points)->months) << "ten thousand years are for ever";
}

TEST(Room, APointIsKeptForEachStepOfThirtyDays) {
  RoomHistory history;
  EXPECT_TRUE(history.note("main: copy usb", "/mnt/usb", true, {at(0), 5e9}));
  EXPECT_FALSE(history.note("main: copy usb", "/mnt/usb", true, {at(0.1), 4e9})) << "the same six hours";
  for (int i = 1; i <= 400; ++i) {
    const double free = i < 280 ? 5e9 : 5e9 - (i - 280) * 1e7;
    EXPECT_TRUE(history.note("main: copy usb", "/mnt/usb", true, {at(i * 0.25), free}));
  }
  const auto now = history.forecast("main: copy usb");
  ASSERT_TRUE(now && now->months);
  EXPECT_NEAR(now->grown_bytes_per_day, 4e7, 1e6) << "what was before these thirty days does not count";
  EXPECT_FALSE(history.forecast("main: copy other"));
}

TEST(Room, APlaceElsewhereOrAClockSetBackBeginsAnew) {
  RoomHistory history;
  const auto fill = [&](const std::string& where, bool is_free, double from_days) {
    for (int i = 0; i <= 20; ++i) history.note("usb", where, is_free, {at(from_days + i * 0.25), 9e9 - i * 1e6});
  };
  fill("/mnt/a", true, 0);
  ASSERT_TRUE(history.forecast("usb"));
  history.note("usb", "/mnt/b", true, {at(5.25), 1e9});
  EXPECT_FALSE(history.forecast("usb"));
  fill("/mnt/b", true, 6);
  ASSERT_TRUE(history.forecast("usb"));
  history.note("usb", "/mnt/b", true, {at(1), 1e9});
  EXPECT_FALSE(history.forecast("usb"));
  fill("/mnt/b", true, 6);
  ASSERT_TRUE(history.forecast("usb"));
  history.note("usb", "/mnt/b", false, {at(12), 1e9});
  EXPECT_FALSE(history.forecast("usb")) << "free room and what is held are not one course";
}

TEST(Room, IsKeptAsItIsAndOnlyOfPlacesThatThereAre) {
  RoomHistory history;
  for (int i = 0; i <= 20; ++i) {
    history.note("usb", "/mnt/a", true, {at(i * 0.25), 9e9 - i * 1e6});
    history.note("cloud", "s3://b", false, {at(i * 0.25), i * 1e6});
  }
  RoomHistory again;
  ASSERT_TRUE(again.restore(history.to_json()));
  EXPECT_EQ(again.to_json().text(), history.to_json().text());
  EXPECT_NEAR(again.forecast("cloud")->grown_bytes_per_day, 4e6, 1);
  EXPECT_FALSE(again.keep_only({"usb", "cloud"}));
  EXPECT_TRUE(again.keep_only({"usb"}));
  EXPECT_FALSE(again.forecast("cloud"));
  for (const char* text : {R"({})", R"({"places":[{"name":"a","times":[1],"bytes":[]}]})",
                           R"({"places":[{"name":"a","times":[2,1],"bytes":[1,1]}]})",
                           R"({"places":[{"name":"a","times":[1.5],"bytes":[1]}]})", R"({"places":[7]})"}) {
    EXPECT_FALSE(again.restore(json::Value::parse(text).value())) << text;
    EXPECT_TRUE(again.forecast("usb")) << "nothing is changed by what cannot be read";
  }
}

TEST(Room, LocationsAreTheHomeAndEachCopy) {
  VaultHealth vault;
  vault.status.name = "main";
  vault.status.pack_bytes = 100;
  vault.status.journal_bytes = 10;
  vault.status.derived_bytes = 1;
  vault.copies.resize(2);
  vault.copies[0].name = "usb";
  vault.copies[0].place = "/mnt/usb";
  vault.copies[0].kind = "folder";
  vault.copies[0].bytes = 90;
  vault.copies[1].name = "far";
  vault.copies[1].place = "s3://host/bucket";
  vault.copies[1].kind = "s3";
  Place home{.name = "home", .path = "/home", .device = 1, .total_bytes = 1'000, .available_bytes = 400, .drives = {}};
  Place unplugged{.name = "main: copy usb", .path = "/mnt/usb", .device = {}, .drives = {}};
  const auto locations = locations_of({vault}, {home, unplugged});
  ASSERT_EQ(locations.size(), 3U);
  EXPECT_EQ(locations[0].used_bytes, 111U);
  EXPECT_EQ(locations[0].free_bytes, 400U);
  EXPECT_EQ(locations[1].name, "main: copy usb");
  EXPECT_EQ(locations[1].used_bytes, 90U);
  EXPECT_FALSE(locations[1].free_bytes) << "it is not plugged in";
  EXPECT_EQ(locations[2].kind, "s3");
  EXPECT_EQ(locations[2].vault, "main");
}

}  // namespace
}  // namespace atl::observe
