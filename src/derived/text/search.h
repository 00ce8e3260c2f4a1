// What a search is told and what it answers.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "derived/text/document.h"
#include "derived/text/query.h"

namespace atl::text {

// Okapi BM25's two knobs: how soon a repeated word stops to count more, and how much long texts are held back.
struct Ranking {
  double k1 = 1.2;  // 0..10
  double b = 0.75;  // 0..1
};

// After which hit the next page begins: the last one's. Holds while the index is unchanged; over a changed one pages
// may repeat or leave out what moved.
struct SearchCursor {
  std::uint32_t score = 0;  // exact, in the index's own unit
  DocumentId id = 0;
};

struct SearchRequest {
  Query query;
  std::size_t limit = 10;  // 0..kHitsMax
  std::optional<SearchCursor> after;
  Ranking ranking;
  // Only these, ascending; what stands in no segment is passed over. Null: all.
  const std::vector<DocumentId>* only = nullptr;
  bool count = false;  // how many match in all: then nothing is skipped, and it takes longer
  // Told of each that matches, in no order, and also of those beyond `limit`; nothing is skipped then. May be null.
  std::function<void(DocumentId)> on_match;
};
inline constexpr std::size_t kHitsMax = 1'000'000;

struct Hit {
  DocumentId id = 0;
  double score = 0;
  SearchCursor cursor;
};
struct SearchResult {
  std::vector<Hit> hits;               // the highest score first; equal ones by id
  std::optional<std::uint64_t> total;  // where it was asked for
};

// A word of the index near to what was asked.
struct Suggestion {
  std::string word;
  unsigned distance = 0;
  std::uint64_t count = 0;  // how often it was written
};

}  // namespace atl::text
