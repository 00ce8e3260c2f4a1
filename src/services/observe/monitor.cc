#include "services/observe/monitor.h"

#include <algorithm>
#include <bit>

#include "foundation/codec/hash.h"

namespace atl::observe {
namespace {

constexpr std::string_view kMagic = "ATOLFIGS";
constexpr std::uint32_t kFormat = 1;
constexpr std::size_t kHeaderBytes = 64;
constexpr std::size_t kSlotBytes = 8 + kFigureCount * 8 + 8;

std::uint64_t offset_of(std::size_t ring) {
  std::uint64_t at = kHeaderBytes;
  for (std::size_t i = 0; i < ring; ++i) at += kRings.at(i).samples * kSlotBytes;
  return at;
}

// The names of all figures: a program with others begins anew.
std::uint32_t layout_mark() {
  std::uint32_t mark = 0;
  for (const auto& figure : kFigures) mark = codec::crc32c(as_bytes(figure.name), mark);
  for (const auto& ring : kRings)
    mark = codec::crc32c(as_bytes(std::to_string(ring.step_seconds) + "x" + std::to_string(ring.samples)), mark);
  return mark;
}

Bytes make_header() {
  Bytes header(kHeaderBytes);
  std::ranges::copy(as_bytes(kMagic), header.begin());
  store_le<std::uint32_t>(header.data() + 8, kFormat);
  store_le<std::uint32_t>(header.data() + 12, layout_mark());
  return header;
}

double share_of(std::uint64_t part, std::uint64_t all) { return static_cast<double>(part) / static_cast<double>(all); }

}  // namespace

std::size_t door_named(std::string_view name) {
  const auto* const found = std::ranges::find(kDoors, name);
  return found == kDoors.end() ? kDoorCount - 1 : static_cast<std::size_t>(found - kDoors.begin());
}

std::optional<std::size_t> figure_named(std::string_view name) {
  const auto* const found = std::ranges::find(kFigures, name, &FigureInfo::name);
  if (found == kFigures.end()) return std::nullopt;
  return static_cast<std::size_t>(found - kFigures.begin());
}

std::uint64_t Traffic::requests() const {
  std::uint64_t sum = 0;
  for (const Door& door : doors) sum += door.requests;
  return sum;
}

std::uint64_t Traffic::errors() const {
  std::uint64_t sum = 0;
  for (const Door& door : doors) sum += door.errors;
  return sum;
}

LatencyCounts Traffic::queries() const {
  LatencyCounts sum;
  for (const Door& door : doors) sum += door.queries;
  return sum;
}

void fill_traffic(Sample& sample, const Traffic& before, const Traffic& now, double seconds) {
  if (seconds <= 0) return;
  const auto rate = [seconds](std::uint64_t from, std::uint64_t to) {
    return static_cast<double>(to - std::min(from, to)) / seconds;
  };
  sample[Figure::received_bytes_per_second] = rate(before.received_bytes, now.received_bytes);
  sample[Figure::sent_bytes_per_second] = rate(before.sent_bytes, now.sent_bytes);
  for (std::size_t i = 0; i < kDoorCount; ++i) {
    const auto& then = before.doors.at(i);
    const auto& door = now.doors.at(i);
    sample.values.at(static_cast<std::size_t>(Figure::requests_per_second) + i) = rate(then.requests, door.requests);
    const LatencyCounts queries = door.queries.since(then.queries);
    if (queries.total() > 0)
      sample.values.at(static_cast<std::size_t>(Figure::door_p99_seconds) + i) = queries.quantile(0.99);
  }
  sample[Figure::errors_per_second] = rate(before.errors(), now.errors());
  const LatencyCounts queries = now.queries().since(before.queries());
  if (queries.total() > 0) {
    sample[Figure::query_p50_seconds] = queries.quantile(0.5);
    sample[Figure::query_p95_seconds] = queries.quantile(0.95);
    sample[Figure::query_p99_seconds] = queries.quantile(0.99);
  }
  const std::uint64_t hits = now.cache_hits - std::min(before.cache_hits, now.cache_hits);
  const std::uint64_t misses = now.cache_misses - std::min(before.cache_misses, now.cache_misses);
  if (hits + misses > 0) sample[Figure::cache_hit_ratio] = share_of(hits, hits + misses);
  sample[Figure::connections] = static_cast<double>(now.connections);
}

Result<std::unique_ptr<Monitor>> Monitor::open(platform::FileSystem& files, const std::string& folder) {
  ATOLL_TRY(platform::create_directories(files, folder));
  const std::string path = platform::join(folder, "figures");
  ATOLL_ASSIGN(auto file, files.open(path, platform::OpenMode::create_or_open));
  const std::uint64_t whole = offset_of(kRings.size());
  ATOLL_ASSIGN(const std::uint64_t size, file->size());
  Bytes header(kHeaderBytes);
  const Bytes wanted = make_header();
  ATOLL_ASSIGN(const std::size_t count, file->read_at(0, header));
  if (size != whole || count != kHeaderBytes || header != wanted) {
    ATOLL_TRY(file->set_size(0));
    ATOLL_TRY(file->set_size(whole));  // a hole: room is taken as samples come
    ATOLL_TRY(file->write_at(0, wanted));
  }
  return std::unique_ptr<Monitor>(new Monitor(std::move(file)));
}

// Not synced: what a power cut takes is a few points of a plot.
Result<void> Monitor::add(std::size_t ring, const Sampled& sampled) {
  const Ring& kind = kRings.at(ring);
  Bytes slot(kSlotBytes);
  store_le<std::uint64_t>(slot.data(), static_cast<std::uint64_t>(sampled.unix_s));
  for (std::size_t i = 0; i < kFigureCount; ++i)
    store_le<std::uint64_t>(slot.data() + 8 + i * 8, std::bit_cast<std::uint64_t>(sampled.sample.values.at(i)));
  store_le<std::uint32_t>(slot.data() + kSlotBytes - 8, codec::crc32c(ByteView(slot).first(kSlotBytes - 8)));
  const std::uint64_t number = static_cast<std::uint64_t>(sampled.unix_s / kind.step_seconds) % kind.samples;
  const std::lock_guard lock(mutex_);
  return file_->write_at(offset_of(ring) + number * kSlotBytes, slot);
}

Result<std::vector<Sampled>> Monitor::samples(std::size_t ring, std::int64_t since_unix_s,
                                              std::int64_t until_unix_s) const {
  const Ring& kind = kRings.at(ring);
  Bytes all(kind.samples * kSlotBytes);
  {
    const std::lock_guard lock(mutex_);
    ATOLL_ASSIGN(const std::size_t count, file_->read_at(offset_of(ring), all));
    all.resize(count);
  }
  std::vector<Sampled> out;
  for (std::size_t at = 0; at + kSlotBytes <= all.size(); at += kSlotBytes) {
    const ByteView slot = ByteView(all).subspan(at, kSlotBytes);
    Sampled one;
    one.unix_s = static_cast<std::int64_t>(load_le<std::uint64_t>(slot.data()));
    if (one.unix_s <= 0 || one.unix_s < since_unix_s || one.unix_s > until_unix_s) continue;
    if (load_le<std::uint32_t>(slot.data() + kSlotBytes - 8) != codec::crc32c(slot.first(kSlotBytes - 8))) continue;
    for (std::size_t i = 0; i < kFigureCount; ++i)
      one.sample.values.at(i) = std::bit_cast<double>(load_le<std::uint64_t>(slot.data() + 8 + i * 8));
    out.push_back(one);
  }
  std::ranges::sort(out, {}, &Sampled::unix_s);
  return out;
}

std::size_t Monitor::ring_for(std::int64_t since_unix_s, std::int64_t until_unix_s, std::uint64_t samples_max) {
  const auto span = static_cast<std::uint64_t>(std::max<std::int64_t>(until_unix_s - since_unix_s, 0));
  for (std::size_t i = 0; i + 1 < kRings.size(); ++i) {
    const auto step = static_cast<std::uint64_t>(kRings.at(i).step_seconds);
    if (span <= step * kRings.at(i).samples && span / step <= samples_max) return i;
  }
  return kRings.size() - 1;
}

std::vector<RoomPoint> course_of(const std::vector<Sampled>& samples, Figure figure) {
  std::vector<RoomPoint> points;
  for (const Sampled& one : samples)
    if (const double value = one.sample[figure]; !std::isnan(value)) points.push_back({one.unix_s, value});
  return points;
}

}  // namespace atl::observe
