#include "derived/vector/internal/search.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>

namespace atl::vector::internal {
namespace {

// Looking at one vector after the other costs about as much as a walk that compares this many times the root of all:
// measured, a walk of width 64 compares about as many vectors as a scan of 5,000 takes time for, and a filter that
// leaves one in n makes it n times as wide.
constexpr double kWalkWorth = 5000;
constexpr std::size_t kWidthMax = 20'000;
constexpr int kWideningsMax = 4;

class AlignedCode {
 public:
  AlignedCode(std::span<const float> vector, float scale, std::size_t bytes) : memory_(bytes + kCodeAlign) {
    void* begin = memory_.data();
    std::size_t room = memory_.size();
    code_ = static_cast<std::int8_t*>(std::align(kCodeAlign, bytes, begin, room));
    round_to_codes(vector, scale, {code_, bytes});
  }
  [[nodiscard]] const std::int8_t* get() const { return code_; }

 private:
  std::vector<std::int8_t> memory_;
  std::int8_t* code_;
};

// The nearest so many of what it is shown.
class Best {
 public:
  explicit Best(std::size_t most) : most_(most) { heap_.reserve(std::min<std::size_t>(most, 4096)); }
  void show(const Candidate& candidate) {
    if (heap_.size() == most_) {
      if (!nearer(candidate, heap_.front())) return;
      std::ranges::pop_heap(heap_, nearer);
      heap_.back() = candidate;
    } else {
      heap_.push_back(candidate);
    }
    std::ranges::push_heap(heap_, nearer);  // the farthest in front
  }
  [[nodiscard]] std::vector<Candidate>& all() { return heap_; }

 private:
  std::size_t most_;
  std::vector<Candidate> heap_;
};

class Search {
 public:
  Search(const View& view, const SearchRequest& request, const Filter* filter, std::uint32_t width,
         std::uint64_t documents, RowCache& cache)
      : view_(view), request_(request), filter_(filter), width_(width), documents_(documents), cache_(cache) {}
  Result<SearchResult> run();

 private:
  [[nodiscard]] bool is_meant(Node node) const {
    if (view_.nodes->is_removed(node)) return false;
    return filter_ == nullptr || std::ranges::binary_search(filter_->documents, view_.nodes->document(node));
  }
  void compare(Node node, Best& best) {
    const Nodes& nodes = *view_.nodes;
    best.show({kernels_.dot_codes(code_->get(), nodes.code(node), nodes.shape().code_bytes), node});
    ++result_.compared;
  }
  void scan(Node from, Node to, Best& best) {
    for (Node node = from; node < to; ++node) {
      if (is_meant(node)) compare(node, best);
    }
  }
  [[nodiscard]] bool plan_narrow();
  [[nodiscard]] std::vector<Candidate> gather(std::size_t most, std::size_t width);
  [[nodiscard]] Result<void> rank(const std::vector<Candidate>& candidates);

  const View& view_;
  const SearchRequest& request_;
  const Filter* filter_;
  const std::uint32_t width_;
  const std::uint64_t documents_;
  RowCache& cache_;
  const Kernels& kernels_ = kernels();
  std::vector<float> vector_;
  RowRoom room_;
  std::unique_ptr<AlignedCode> code_;
  std::uint32_t count_ = 0;
  std::uint32_t in_graph_ = 0;
  std::uint32_t living_ = 0;
  std::optional<std::vector<Node>> narrow_;
  bool has_dropped_ = false;  // as not similar enough: what would come behind is less so
  SearchResult result_;
};

// Whether the filter leaves so few that going through them is the cheaper and exact way.
bool Search::plan_narrow() {
  if (filter_ == nullptr || in_graph_ == 0) return false;
  const double most = std::sqrt(kWalkWorth * count_);
  if (static_cast<double>(filter_->documents.size()) > most) return false;
  auto nodes = filter_->nodes_of(filter_->documents);
  if (static_cast<double>(nodes.size()) > most) return false;
  std::erase_if(nodes, [&](Node node) { return node >= count_; });
  narrow_ = std::move(nodes);
  return true;
}

std::vector<Candidate> Search::gather(std::size_t most, std::size_t width) {
  Best best(most);
  result_.exact = true;
  if (narrow_) {
    for (const Node node : *narrow_) {
      if (!view_.nodes->is_removed(node)) compare(node, best);
    }
    return best.all();
  }
  scan(in_graph_, count_, best);
  if (in_graph_ == 0) return best.all();
  result_.exact = false;
  const Walk walk = view_.core->graph.walk(*view_.nodes, code_->get(), std::max(width, most));
  result_.compared += walk.compared;
  std::size_t found = 0;
  for (const Candidate& candidate : walk.nearest) {
    if (candidate.node >= in_graph_ || !is_meant(candidate.node)) continue;
    best.show(candidate);
    ++found;
  }
  // A filter, or removals, that happen to cover where the walk went.
  if (found < std::min<std::size_t>(request_.limit, living_) && (filter_ != nullptr || found < living_)) {
    Best all(most);
    scan(0, count_, all);
    result_.exact = true;
    return all.all();
  }
  return best.all();
}

Result<void> Search::rank(const std::vector<Candidate>& candidates) {
  result_.hits.clear();
  for (const Candidate& candidate : candidates) {
    ATOLL_ASSIGN(const std::uint16_t* const halves, view_.row(candidate.node, cache_, room_));
    const float similarity = kernels_.dot_half(vector_.data(), halves, vector_.size());
    if (similarity < request_.similarity_min) {
      has_dropped_ = true;
      continue;
    }
    result_.hits.push_back({view_.nodes->document(candidate.node), view_.nodes->part(candidate.node),
                            std::clamp(similarity, -1.0F, 1.0F)});
  }
  std::ranges::sort(result_.hits, [](const Hit& a, const Hit& b) {
    if (a.similarity != b.similarity) return a.similarity > b.similarity;
    return a.document != b.document ? a.document < b.document : a.part < b.part;
  });
  if (request_.one_per_document) {
    std::unordered_set<DocumentId> seen;
    std::erase_if(result_.hits, [&](const Hit& hit) { return !seen.insert(hit.document).second; });
  }
  return {};
}

Result<SearchResult> Search::run() {
  if (request_.limit == 0 || !normalise(request_.vector, vector_)) return result_;
  count_ = view_.count();
  in_graph_ = std::min(view_.core->graph_count.load(std::memory_order_acquire), count_);
  living_ = count_ - std::min(count_, view_.core->removed_count.load(std::memory_order_relaxed));
  code_ = std::make_unique<AlignedCode>(vector_, view_.core->scale, view_.nodes->shape().code_bytes);
  double widening = living_ == 0 ? 1 : static_cast<double>(count_) / living_;
  if (!plan_narrow() && filter_ != nullptr && !filter_->documents.empty()) {
    widening *= std::max(1.0, static_cast<double>(documents_) / static_cast<double>(filter_->documents.size()));
  }
  // Whoever asks for a wider walk wants to miss less: bytes alone miss some however wide it is.
  std::size_t most = std::max({kRankedAgain, 2 * request_.limit, std::size_t{width_} / 2});
  for (int round = 1;; ++round) {
    const auto width = static_cast<std::size_t>(std::min<double>(widening * width_, kWidthMax));
    const std::vector<Candidate> candidates = gather(most, width);
    ATOLL_TRY(rank(candidates));
    // Many parts of few documents: look at more of them.
    const bool enough = result_.hits.size() >= request_.limit || candidates.size() < most ||
                        result_.hits.size() == candidates.size() || has_dropped_;
    if (enough || !request_.one_per_document || round == kWideningsMax) break;
    most *= 4;
    widening *= 4;
  }
  if (result_.hits.size() > request_.limit) result_.hits.resize(request_.limit);
  return std::move(result_);
}

}  // namespace

bool normalise(std::span<const float> vector, std::vector<float>& out) {
  double square = 0;
  for (const float number : vector) square += static_cast<double>(number) * static_cast<double>(number);
  if (!(square > 0) || !std::isfinite(square)) return false;
  const double factor = 1 / std::sqrt(square);
  out.resize(vector.size());
  for (std::size_t i = 0; i < vector.size(); ++i) out[i] = static_cast<float>(static_cast<double>(vector[i]) * factor);
  return true;
}

Result<SearchResult> search_view(const View& view, const SearchRequest& request, const Filter* filter,
                                 std::uint32_t width, std::uint64_t documents, RowCache& cache) {
  return Search(view, request, filter, width, documents, cache).run();
}

}  // namespace atl::vector::internal
