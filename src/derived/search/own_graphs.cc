#include "derived/search/own_graphs.h"

#include <algorithm>
#include <charconv>

#include "foundation/platform/file_system.h"

namespace atl::search {
namespace {

using platform::join;

// An index takes so many rows under one number; an object has a number for each so many.
constexpr std::uint64_t kRowsTogether = 4096;
constexpr unsigned kPartBits = 14;  // of a number: kVectorFileBytesMax is no more than 2^14 times kRowsTogether rows
constexpr std::size_t kWantedMax = 64;
constexpr std::size_t kIndexBufferBytes = 8 * kMiB;
constexpr std::size_t kIndexCacheBytes = 8 * kMiB;
constexpr std::string_view kEmbedder = "own vectors";

std::string folder_of(const vault::Vault& vault) { return join(join(vault.folder(), "indexes"), "vectors"); }

std::string name_of(const OwnGraphs::Place& place) { return place.first.text() + "." + std::to_string(place.second); }

std::optional<OwnGraphs::Place> place_named(std::string_view name) {
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto bucket = BucketId::parse(name.substr(0, dot));
  std::uint32_t dimension = 0;
  const char* const end = name.data() + name.size();
  const auto [at, error] = std::from_chars(name.data() + dot + 1, end, dimension);
  if (!bucket || error != std::errc() || at != end) return std::nullopt;
  return OwnGraphs::Place(*bucket, dimension);
}

std::uint64_t number_of(std::uint64_t document, std::uint64_t part) { return (document << kPartBits) + part; }

}  // namespace

Result<OwnGraphs::Graph> OwnGraphs::open_graph(vault::Vault& vault, const Place& place) {
  const auto head = vault.head();
  const std::string name = name_of(place);
  vector::Config config;
  config.dimension = place.second;
  config.embedder = kEmbedder;
  vector::Options options;
  options.suite = head.suite;
  options.buffer_bytes_max = kIndexBufferBytes;
  options.cache_bytes_max = kIndexCacheBytes;
  ATOLL_ASSIGN(auto index, vector::VectorIndex::open(vault.machine(), join(folder_of(vault), name),
                                                     vault.keys().derived_key("indexes/vectors/" + name), head.vault,
                                                     config, options, true));
  return Graph(std::move(index));
}

Result<std::unique_ptr<OwnGraphs>> OwnGraphs::open(vault::Vault& vault) {
  std::unique_ptr<OwnGraphs> made(new OwnGraphs());
  auto& files = vault.machine().files;
  const std::string folder = folder_of(vault);
  ATOLL_ASSIGN(const auto there, files.stat(folder));
  if (!there) return made;
  ATOLL_ASSIGN(const auto entries, files.list(folder));
  for (const auto& entry : entries) {
    const auto place = place_named(entry.name);
    if (place && made->graphs_.size() < kGraphsMax) {
      auto graph = open_graph(vault, *place);
      if (graph) {
        made->graphs_.emplace(*place, std::move(*graph));
        continue;
      }
      if (graph.error().kind == ErrorKind::io) return pass(graph.error());
    }
    ATOLL_TRY(platform::remove_tree(files, join(folder, entry.name)));
  }
  return made;
}

Result<void> OwnGraphs::remove_all(vault::Vault& vault) {
  return platform::remove_tree(vault.machine().files, folder_of(vault));
}

void OwnGraphs::want(const Place& place) {
  const std::lock_guard lock(mutex_);
  if (!graphs_.contains(place) && wanted_.size() < kWantedMax) wanted_.insert(place);
}

std::set<OwnGraphs::Place> OwnGraphs::take_wanted() {
  const std::lock_guard lock(mutex_);
  return std::exchange(wanted_, {});
}

Result<bool> OwnGraphs::begin(vault::Vault& vault, const Place& place) {
  if (graphs().size() >= kGraphsMax) return false;
  // Nothing is left of one that was there before.
  ATOLL_TRY(vector::VectorIndex::remove_all(vault.machine(), join(folder_of(vault), name_of(place))));
  ATOLL_ASSIGN(auto graph, open_graph(vault, place));
  // On disk from here on: what waits for it was flushed before.
  ATOLL_TRY(graph->flush(as_bytes("begun")));
  const std::lock_guard lock(mutex_);
  graphs_.emplace(place, std::move(graph));
  return true;
}

bool OwnGraphs::covers(const BucketId& bucket) const {
  const std::lock_guard lock(mutex_);
  const auto at = graphs_.lower_bound(Place(bucket, 0));
  return at != graphs_.end() && at->first.first == bucket;
}

std::vector<std::pair<OwnGraphs::Place, OwnGraphs::Graph>> OwnGraphs::graphs() const {
  const std::lock_guard lock(mutex_);
  return {graphs_.begin(), graphs_.end()};
}

OwnGraphs::Graph OwnGraphs::graph_at(const Place& place) const {
  const std::lock_guard lock(mutex_);
  const auto at = graphs_.find(place);
  return at == graphs_.end() ? nullptr : at->second;
}

Result<void> OwnGraphs::remove(const BucketId& bucket, std::uint64_t document) {
  for (const auto& [place, graph] : graphs()) {
    if (place.first != bucket) continue;
    for (std::uint64_t part = 0; graph->contains(number_of(document, part)); ++part)
      ATOLL_TRY(graph->remove(number_of(document, part)));
  }
  return {};
}

Result<bool> OwnGraphs::put(const BucketId& bucket, std::uint64_t document, const vector::NpyRows& rows) {
  ATOLL_TRY(remove(bucket, document));
  const Graph graph = graph_at({bucket, rows.dimension});
  if (!graph || rows.rows() == 0) return true;
  std::uint64_t bytes = 0;
  for (const auto& [place, one] : graphs()) bytes += one->stats().memory_bytes;
  const std::uint64_t one_row = rows.dimension + std::uint64_t{8} * graph->config().links + 30;
  if (bytes + one_row * rows.rows() > kGraphBytesMax) return false;
  std::vector<float> together;
  for (std::uint64_t begin = 0; begin < rows.rows(); begin += kRowsTogether) {
    together.clear();
    for (std::uint64_t row = begin; row < std::min<std::uint64_t>(begin + kRowsTogether, rows.rows()); ++row) {
      const auto numbers = rows.row(row);
      const std::size_t at = together.size();
      together.insert(together.end(), numbers.begin(), numbers.end());
      // Compared anew it is near to nothing.
      if (!vector::has_direction(numbers)) {
        std::fill_n(together.begin() + static_cast<std::ptrdiff_t>(at), rows.dimension, 0.0F);
        together[at] = 1;
      }
    }
    ATOLL_TRY(graph->put(number_of(document, begin / kRowsTogether), together));
  }
  return true;
}

bool OwnGraphs::wants_flush() const {
  return std::ranges::any_of(graphs(), [](const auto& one) { return one.second->wants_flush(); });
}

Result<void> OwnGraphs::flush() {
  for (const auto& [place, graph] : graphs()) ATOLL_TRY(graph->flush(graph->state()));
  return {};
}

Result<bool> OwnGraphs::build() {
  bool has_more = false;
  for (const auto& [place, graph] : graphs()) {
    ATOLL_ASSIGN(const bool was_done, graph->maybe_build());
    has_more = has_more || was_done;
  }
  return has_more;
}

Result<std::optional<OwnGraphs::Nearest>> OwnGraphs::nearest(const BucketId& bucket, std::span<const float> vector,
                                                             std::size_t limit) const {
  const Graph graph = graph_at({bucket, static_cast<std::uint32_t>(vector.size())});
  if (!graph || graph->stats().vectors < kGraphFrom) return std::optional<Nearest>();
  vector::SearchRequest request;
  request.vector = vector;
  request.limit = limit;
  request.width = static_cast<std::uint32_t>(std::max<std::size_t>(limit, vector::Options{}.search_width));
  request.one_per_document = false;
  ATOLL_ASSIGN(const auto found, graph->search(request));
  Nearest nearest;
  nearest.is_exact = found.exact;
  for (const auto& hit : found.hits) {
    const std::uint64_t part = hit.document & ((std::uint64_t{1} << kPartBits) - 1);
    nearest.rows.push_back({hit.document >> kPartBits, part * kRowsTogether + hit.part, hit.similarity});
  }
  return std::optional<Nearest>(std::move(nearest));
}

}  // namespace atl::search
