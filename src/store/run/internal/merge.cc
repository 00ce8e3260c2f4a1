// See merge.h.
#include "store/run/internal/merge.h"

#include <algorithm>
#include <bit>

namespace atl::run::internal {
namespace {

constexpr std::size_t kFactor = 4;
constexpr std::uint64_t kSmallestClassBytes = 64 * 1024;

// 0 up to 64 KiB, 1 up to 256 KiB, and so on.
unsigned class_of(std::uint64_t bytes) {
  const std::uint64_t units = (bytes - 1) / kSmallestClassBytes;
  return units == 0 ? 0 : static_cast<unsigned>((std::bit_width(units) - 1) / 2 + 1);
}

}  // namespace

MergeSource::MergeSource(std::vector<std::unique_ptr<EntrySource>> newest_first, bool drop_removed)
    : drop_removed_(drop_removed) {
  for (auto& source : newest_first) inputs_.push_back({std::move(source)});
}

Result<bool> MergeSource::next() {
  while (true) {
    Input* best = nullptr;
    for (Input& input : inputs_) {
      if (input.due && !input.ended) {
        ATOLL_ASSIGN(const bool has_one, input.source->next());
        input.due = false;
        input.ended = !has_one;
        if (has_one) input.prefix = key_prefix(input.source->key(), 0);
      }
      if (input.ended) continue;
      if (best == nullptr || input.prefix < best->prefix) {
        best = &input;
      } else if (input.prefix == best->prefix) {
        const auto order = compare(input.source->key(), best->source->key());
        if (order < 0) best = &input;
        if (order == 0) input.due = true;  // older than the one we have
      }
    }
    if (best == nullptr) return false;
    best->due = true;
    key_ = best->source->key();
    value_ = best->source->value();
    removed_ = best->source->removed();
    if (!removed_ || !drop_removed_) return true;
  }
}

std::optional<MergeChoice> choose_merge(const std::vector<std::uint64_t>& bytes_newest_first) {
  std::vector<unsigned> classes;
  for (const std::uint64_t bytes : bytes_newest_first) classes.push_back(class_of(bytes));
  std::vector<unsigned> distinct = classes;
  std::ranges::sort(distinct);
  const auto [from, to] = std::ranges::unique(distinct);
  distinct.erase(from, to);
  for (const unsigned limit : distinct) {
    for (std::size_t first = 0; first < classes.size();) {
      // Only runs of the class itself count, or a few small runs would have a large neighbour rewritten again and
      // again.
      std::size_t of_class = 0;
      std::size_t end = first;
      for (; end < classes.size() && classes[end] <= limit; ++end) of_class += classes[end] == limit ? 1 : 0;
      if (of_class >= kFactor) return MergeChoice{first, end - first};
      first = end + 1;
    }
  }
  return std::nullopt;
}

std::optional<MergeChoice> choose_cheapest(const std::vector<std::uint64_t>& bytes_newest_first) {
  const std::size_t count = std::min(kFactor, bytes_newest_first.size());
  if (count < 2) return std::nullopt;
  std::optional<MergeChoice> best;
  std::uint64_t best_bytes = 0;
  for (std::size_t first = 0; first + count <= bytes_newest_first.size(); ++first) {
    std::uint64_t sum = 0;
    for (std::size_t i = first; i < first + count; ++i) sum += bytes_newest_first[i];
    if (!best || sum < best_bytes) {
      best = MergeChoice{first, count};
      best_bytes = sum;
    }
  }
  return best;
}

}  // namespace atl::run::internal
