#include "services/observe/room.h"

#include <algorithm>
#include <cmath>

namespace atl::observe {
namespace {

constexpr double kDaySeconds = 86'400;
constexpr double kDaysOfMonth = 30.44;
constexpr double kDaysMin = 3;
constexpr std::size_t kPointsMin = 4;

std::optional<double> slope_per_day(std::span<const RoomPoint> points) {
  if (points.size() < kPointsMin) return std::nullopt;
  const auto days = [&](const RoomPoint& one) {
    return static_cast<double>(one.unix_s - points.front().unix_s) / kDaySeconds;
  };
  if (days(points.back()) < kDaysMin) return std::nullopt;
  double mean_days = 0;
  double mean_bytes = 0;
  const auto count = static_cast<double>(points.size());
  for (const RoomPoint& one : points) {
    mean_days += days(one) / count;
    mean_bytes += one.bytes / count;
  }
  double both = 0;
  double spread = 0;
  for (const RoomPoint& one : points) {
    both += (days(one) - mean_days) * (one.bytes - mean_bytes);
    spread += (days(one) - mean_days) * (days(one) - mean_days);
  }
  return spread > 0 ? both / spread : 0;
}

}  // namespace

std::optional<RoomForecast> forecast_of_free(std::span<const RoomPoint> points) {
  const auto slope = slope_per_day(points);
  if (!slope) return std::nullopt;
  RoomForecast forecast;
  forecast.grown_bytes_per_day = -*slope;
  constexpr double months_max = 1'200;  // a hundred years: as good as for ever
  if (forecast.grown_bytes_per_day > 0) {
    const double months = points.back().bytes / forecast.grown_bytes_per_day / kDaysOfMonth;
    if (months <= months_max) forecast.months = std::max(months, 0.0);
  }
  return forecast;
}

std::optional<RoomForecast> forecast_of_used(std::span<const RoomPoint> points) {
  const auto slope = slope_per_day(points);
  if (!slope) return std::nullopt;
  return RoomForecast{.grown_bytes_per_day = *slope, .months = std::nullopt};
}

bool RoomHistory::note(const std::string& name, const std::string& where, bool is_free, RoomPoint point) {
  const auto known = courses_.find(name);
  if (known == courses_.end() && courses_.size() >= kPlacesMax) return false;
  Course& course = courses_[name];
  if (course.where != where || course.is_free != is_free) course = {where, is_free, {}};
  // A clock that was set back begins anew, or nothing would be kept until it has caught up.
  if (!course.points.empty() && point.unix_s < course.points.back().unix_s) course.points.clear();
  if (!course.points.empty() && course.points.back().unix_s / kStepSeconds == point.unix_s / kStepSeconds) return false;
  course.points.push_back(point);
  constexpr std::int64_t span_seconds = static_cast<std::int64_t>(kPointsMax) * kStepSeconds;
  while (course.points.front().unix_s < point.unix_s - span_seconds || course.points.size() > kPointsMax)
    course.points.pop_front();
  return true;
}

bool RoomHistory::keep_only(const std::vector<std::string>& names) {
  return std::erase_if(courses_, [&](const auto& one) { return std::ranges::find(names, one.first) == names.end(); }) >
         0;
}

std::optional<RoomForecast> RoomHistory::forecast(const std::string& name) const {
  const auto course = courses_.find(name);
  if (course == courses_.end()) return std::nullopt;
  const std::vector<RoomPoint> points(course->second.points.begin(), course->second.points.end());
  return course->second.is_free ? forecast_of_free(points) : forecast_of_used(points);
}

json::Value RoomHistory::to_json() const {
  json::Value places = json::Value::array();
  for (const auto& [name, course] : courses_) {
    json::Value times = json::Value::array();
    json::Value bytes = json::Value::array();
    for (const RoomPoint& one : course.points) {
      times.push(static_cast<std::uint64_t>(one.unix_s));
      bytes.push(static_cast<std::uint64_t>(one.bytes));
    }
    places.push(json::Value::object()
                    .set("name", name)
                    .set("where", course.where)
                    .set("is_free", course.is_free)
                    .set("times", std::move(times))
                    .set("bytes", std::move(bytes)));
  }
  return json::Value::object().set("places", std::move(places));
}

Result<void> RoomHistory::restore(const json::Value& value) {
  const auto not_kept = [] { return fail(ErrorKind::usage, "room.not_kept", "this is no record of room"); };
  const json::Value* const places = value.find("places");
  if (places == nullptr || places->as_array() == nullptr || places->as_array()->size() > kPlacesMax) return not_kept();
  std::map<std::string, Course> courses;
  for (const json::Value& one : *places->as_array()) {
    Course course;
    ATOLL_ASSIGN(const std::string name, one.text_of("name"));
    ATOLL_ASSIGN(course.where, one.text_of("where"));
    ATOLL_ASSIGN(course.is_free, one.flag_of("is_free"));
    const json::Value* const times = one.find("times");
    const json::Value* const bytes = one.find("bytes");
    if (times == nullptr || bytes == nullptr || times->as_array() == nullptr || bytes->as_array() == nullptr ||
        times->as_array()->size() != bytes->as_array()->size() || times->as_array()->size() > kPointsMax)
      return not_kept();
    for (std::size_t i = 0; i < times->as_array()->size(); ++i) {
      const std::uint64_t* const time = (*times->as_array())[i].as_unsigned();
      const std::uint64_t* const held = (*bytes->as_array())[i].as_unsigned();
      constexpr std::uint64_t time_max = 1ULL << 40U;
      if (time == nullptr || held == nullptr || *time > time_max) return not_kept();
      const auto unix_s = static_cast<std::int64_t>(*time);
      if (!course.points.empty() && unix_s < course.points.back().unix_s) return not_kept();
      course.points.push_back({unix_s, static_cast<double>(*held)});
    }
    courses[name] = std::move(course);
  }
  courses_ = std::move(courses);
  return {};
}

std::string place_name(const std::string& vault, const std::string& copy) { return vault + ": copy " + copy; }

std::vector<LocationRoom> locations_of(const std::vector<VaultHealth>& vaults, const std::vector<Place>& places) {
  std::vector<LocationRoom> out(1);
  LocationRoom& home = out.front();
  home.name = "home";
  home.kind = "home";
  const auto add_disk = [&places](LocationRoom& location) {
    const auto place = std::ranges::find(places, location.name, &Place::name);
    if (place == places.end()) return;
    location.where = place->path;
    if (!place->device) return;
    location.total_bytes = place->total_bytes;
    location.free_bytes = place->available_bytes;
  };
  for (const VaultHealth& vault : vaults)
    home.used_bytes += vault.status.pack_bytes + vault.status.journal_bytes + vault.status.derived_bytes;
  add_disk(home);
  for (const VaultHealth& vault : vaults) {
    for (const CopyHealth& copy : vault.copies) {
      LocationRoom location;
      location.name = place_name(vault.status.name, copy.name);
      location.vault = vault.status.name;
      location.kind = copy.kind;
      location.where = copy.place;
      location.used_bytes = copy.bytes;
      add_disk(location);
      out.push_back(std::move(location));
    }
  }
  return out;
}

}  // namespace atl::observe
