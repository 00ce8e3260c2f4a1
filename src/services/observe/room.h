// How the room at each place goes, and when it will be full: the disk of the home, each copy, each tier.
//
// Always true:
//  - A forecast stands on at least three days of what was seen; of less there is none. It is a straight line through
//    the last thirty days (least squares), which one day of much or little does not turn.
//  - Where the free room of a place is known, the forecast is of it, whoever fills it. Where it is not (a store in the
//    cloud), or does not matter (a tier), it is of what Atoll holds there, and never ends.
// Thread rules: plain values; RoomHistory is of one thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "foundation/base/error.h"
#include "foundation/json/json.h"
#include "services/observe/health.h"

namespace atl::observe {

struct RoomPoint {
  std::int64_t unix_s = 0;
  double bytes = 0;
};
struct RoomForecast {
  double grown_bytes_per_day = 0;  // negative: it becomes less
  std::optional<double> months;    // until nothing is free; none: not within a hundred years, or it has no end
};
// In order of time.
[[nodiscard]] std::optional<RoomForecast> forecast_of_free(std::span<const RoomPoint> points);
[[nodiscard]] std::optional<RoomForecast> forecast_of_used(std::span<const RoomPoint> points);

// What was seen of places, a point for every six hours of the last thirty days.
class RoomHistory {
 public:
  static constexpr std::int64_t kStepSeconds = 6 * 3'600;
  static constexpr std::size_t kPointsMax = 120;
  static constexpr std::size_t kPlacesMax = 256;

  // `where` it lies belongs to it: a place of the same name elsewhere, or one whose free room was not known before,
  // begins anew. True where something was kept: the first look of each step is.
  bool note(const std::string& name, const std::string& where, bool is_free, RoomPoint point);
  // Places that are not among `names` are forgotten.
  bool keep_only(const std::vector<std::string>& names);
  [[nodiscard]] std::optional<RoomForecast> forecast(const std::string& name) const;

  [[nodiscard]] json::Value to_json() const;
  // Replaces all that is held; `usage` for what is no such record, and nothing is changed.
  [[nodiscard]] Result<void> restore(const json::Value& value);

 private:
  struct Course {
    std::string where;
    bool is_free = false;  // the points are of free room, not of what is held
    std::deque<RoomPoint> points;
  };
  std::map<std::string, Course> courses_;
};

struct LocationRoom {
  std::string name;   // "home", "main: copy usb"
  std::string vault;  // of a copy
  std::string kind;   // "home", "folder", "s3"
  std::string where;
  std::uint64_t used_bytes = 0;                          // by Atoll
  std::optional<std::uint64_t> total_bytes, free_bytes;  // none: not reachable, or not known there
  std::optional<RoomForecast> forecast;
};
// The home first. `places` are the home and the copies in folders, as looked at now.
[[nodiscard]] std::vector<LocationRoom> locations_of(const std::vector<VaultHealth>& vaults,
                                                     const std::vector<Place>& places);
// The name of a copy as a place.
[[nodiscard]] std::string place_name(const std::string& vault, const std::string& copy);

struct TierRoom {
  std::string_view name;  // hot, warm, cold
  std::uint64_t used_bytes = 0;
  std::optional<RoomForecast> forecast;
};
inline constexpr std::array<std::string_view, 3> kTierNames = {"hot", "warm", "cold"};

}  // namespace atl::observe
