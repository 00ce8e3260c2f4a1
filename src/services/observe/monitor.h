// Key figures of a server over time, for plots: four rings of samples in one file of fixed size.
//
//     every 10 s for an hour · every minute for a day · every quarter of an hour for 30 days · every 6 h for a year
//
// Always true:
//  - A sample tells of the whole step that ends at its time: rates and percentiles are of that step's own counts, not
//    averages of finer samples.
//  - What was not known is NaN. A step during which no server ran has no sample.
//  - The file is derived: one that is missing, of another layout or damaged is begun anew; a damaged sample is left
//  out.
//    It holds sizes, times and counts, no name.
// Format: spec/formats/health.md. Thread rules: any thread.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/latency_histogram.h"
#include "foundation/base/time.h"
#include "foundation/platform/file_system.h"
#include "services/observe/room.h"

namespace atl::observe {

// Where requests come in, as figures tell them apart; what is none of these is `other`.
inline constexpr std::array<std::string_view, 6> kDoors = {"rest", "s3", "webdav", "commands", "page", "other"};
inline constexpr std::size_t kDoorCount = kDoors.size();
[[nodiscard]] std::size_t door_named(std::string_view name);

// What a server has counted since it was started.
struct Traffic {
  struct Door {
    std::uint64_t requests = 0;
    std::uint64_t errors = 0;  // 5xx
    LatencyCounts queries;     // of requests that change nothing, to the first byte of the answer
  };
  std::array<Door, kDoorCount> doors;
  std::uint64_t received_bytes = 0;
  std::uint64_t sent_bytes = 0;
  std::uint64_t cache_hits = 0;
  std::uint64_t cache_misses = 0;
  std::uint64_t connections = 0;         // open now
  std::uint64_t requests_in_flight = 0;  // now

  [[nodiscard]] std::uint64_t requests() const;
  [[nodiscard]] std::uint64_t errors() const;
  [[nodiscard]] LatencyCounts queries() const;
};

enum class Figure : std::uint8_t {
  received_bytes_per_second,
  sent_bytes_per_second,
  requests_per_second,  // of each door: six
  errors_per_second = requests_per_second + kDoorCount,
  query_p50_seconds,
  query_p95_seconds,
  query_p99_seconds,
  door_p99_seconds,  // of each door: six
  cache_hit_ratio = door_p99_seconds + kDoorCount,
  connections,
  files,
  logical_bytes,
  unique_bytes,
  pack_bytes,
  journal_bytes,
  derived_bytes,
  hot_bytes,
  warm_bytes,
  cold_bytes,
  copies_bytes,
  total_bytes,
  available_bytes,
  dedup_ratio,
  copy_lag_seconds,
  drive_read_bytes_per_second,
  drive_written_bytes_per_second,
  drive_temperature_celsius,
  drive_health_percent,
  memory_bytes,
  count_
};
inline constexpr std::size_t kFigureCount = static_cast<std::size_t>(Figure::count_);

struct FigureInfo {
  std::string_view name;
  std::string_view words;
};
// In the order of Figure.
inline constexpr std::array<FigureInfo, kFigureCount> kFigures = {{
    {"received_bytes_per_second", "that came in over the network"},
    {"sent_bytes_per_second", "that went out over the network"},
    {"requests_per_second_rest", "requests to /api/v1"},
    {"requests_per_second_s3", "requests of S3 clients"},
    {"requests_per_second_webdav", "requests of WebDAV clients"},
    {"requests_per_second_commands", "commands from this and other machines"},
    {"requests_per_second_page", "requests of the web page"},
    {"requests_per_second_other", "all other requests"},
    {"errors_per_second", "requests that failed inside"},
    {"query_p50_seconds", "half of the reading requests were answered in so long"},
    {"query_p95_seconds", "19 of 20 of them"},
    {"query_p99_seconds", "99 of 100 of them"},
    {"query_p99_seconds_rest", "the same of /api/v1"},
    {"query_p99_seconds_s3", "of S3"},
    {"query_p99_seconds_webdav", "of WebDAV"},
    {"query_p99_seconds_commands", "of commands"},
    {"query_p99_seconds_page", "of the web page"},
    {"query_p99_seconds_other", "of all others"},
    {"cache_hit_ratio", "share of reads that found their group in memory"},
    {"connections", "open at the end of the step"},
    {"files", "stored, at the end of the step, as all below"},
    {"logical_bytes", "of current versions, as a reader sees them"},
    {"unique_bytes", "of chunks, before compression"},
    {"pack_bytes", "of packs on disk"},
    {"journal_bytes", "of journals on disk"},
    {"derived_bytes", "of catalogs and indexes"},
    {"hot_bytes", "of packs in the tier hot"},
    {"warm_bytes", "of packs in the tier warm"},
    {"cold_bytes", "of packs in the tier cold"},
    {"copies_bytes", "of all copies"},
    {"total_bytes", "of the file system of the home"},
    {"available_bytes", "free on it"},
    {"dedup_ratio", "logical by unique bytes"},
    {"copy_lag_seconds", "since when the copy that is furthest behind has not had everything"},
    {"drive_read_bytes_per_second", "of all drives below the home and its copies"},
    {"drive_written_bytes_per_second", "of all these drives"},
    {"drive_temperature_celsius", "of the hottest of them"},
    {"drive_health_percent", "of the most worn of them"},
    {"memory_bytes", "of the server's process"},
}};
[[nodiscard]] std::optional<std::size_t> figure_named(std::string_view name);

struct Sample {
  Sample() { values.fill(std::numeric_limits<double>::quiet_NaN()); }
  std::array<double, kFigureCount> values{};
  double& operator[](Figure figure) { return values.at(static_cast<std::size_t>(figure)); }
  double operator[](Figure figure) const { return values.at(static_cast<std::size_t>(figure)); }
};
// Rates and percentiles of what came between two looks, `seconds` apart; everything else is left.
void fill_traffic(Sample& sample, const Traffic& before, const Traffic& now, double seconds);

struct Ring {
  std::int64_t step_seconds = 0;
  std::uint64_t samples = 0;
};
inline constexpr std::array<Ring, 4> kRings = {{{10, 360}, {60, 1440}, {900, 2880}, {21'600, 1460}}};

struct Sampled {
  std::int64_t unix_s = 0;  // the end of its step, a multiple of it
  Sample sample;
};

class Monitor {
 public:
  // `folder` is made where it is missing. `files` is borrowed.
  [[nodiscard]] static Result<std::unique_ptr<Monitor>> open(platform::FileSystem& files, const std::string& folder);

  [[nodiscard]] Result<void> add(std::size_t ring, const Sampled& sampled);
  // In order of time, both ends included.
  [[nodiscard]] Result<std::vector<Sampled>> samples(std::size_t ring, std::int64_t since_unix_s,
                                                     std::int64_t until_unix_s) const;
  // The finest ring that reaches back to `since` and has at most `samples_max` steps until `until`; the coarsest where
  // none has.
  [[nodiscard]] static std::size_t ring_for(std::int64_t since_unix_s, std::int64_t until_unix_s,
                                            std::uint64_t samples_max);

 private:
  explicit Monitor(std::unique_ptr<platform::File> file) : file_(std::move(file)) {}
  mutable std::mutex mutex_;
  std::unique_ptr<platform::File> file_;  // guarded by mutex_
};

// The course of one figure, where it was known.
[[nodiscard]] std::vector<RoomPoint> course_of(const std::vector<Sampled>& samples, Figure figure);

}  // namespace atl::observe
