// What is asked of a vault's search, and what is answered.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/filter/filter.h"
#include "derived/extract/extraction.h"
#include "derived/text/query.h"
#include "foundation/base/ids.h"

namespace atl::search {

inline constexpr std::size_t kLimitMax = 1000;
inline constexpr std::size_t kOffsetMax = 100'000;
// Facets and orders other than by rank are made of so many of the best at most; an answer says where there were more.
inline constexpr std::size_t kCountedMax = 5'000;

struct ObjectName {
  std::string bucket, key;
};

enum class Order : std::uint8_t { rank, name, size, date, modified, stored };

// What of a bucket is seen, by keys and times of storing.
enum class Seen : std::uint8_t {
  no,
  yes,
  ask,  // the key decides, and the span in which the time lies
};
struct PlacesSeen {
  struct Place {
    std::string prefix;
    std::vector<Seen> seen;  // for each span
  };
  // Where spans begin, unix_us, ascending; each reaches to the next one's beginning.
  std::vector<std::int64_t> since_us{INT64_MIN};
  // Ascending, that of the prefix "" first. For a key the longest one decides that it begins with.
  std::vector<Place> places;
};

struct Question {
  std::string words;  // spec/query-line.md; empty: everything the filter chooses
  text::Match match = text::Match::any;
  std::string near;                // what it is about, in any words; empty: asked by `words`
  std::optional<ObjectName> like;  // what is like this one, and never itself; not together with `near`
  // Also where the words alone say little, nothing is looked for by meaning.
  bool words_only = false;
  // Of what is found by meaning, nothing less near than this counts (cosine, -1 to 1); none: as the embedder is used
  // to. Given together with `near`, nothing is found by words alone.
  std::optional<float> near_threshold;
  std::string filter;              // spec/filter.md
  std::vector<std::string> types;  // any of them: format, ending, group, kind
  std::string bucket;              // name; empty: all
  std::string prefix;
  std::string since, until;  // of the date field, both included: "2024-03", "-30d"
  Order order = Order::rank;
  bool is_descending = false;  // of an order that is not by rank
  std::size_t limit = 20;      // 0..kLimitMax
  std::size_t offset = 0;
  std::vector<std::string> facets;  // "type", "year", "month", "day", "language", "bucket", "tag"
  bool wants_snippets = true;
  bool explains = false;           // gives each hit's signals
  bool shows_quarantined = false;  // also what does not meet the gate of its bucket (vault/object/gate.h)
  // What may be told to whoever asks; null: everything.
  std::function<bool(const std::string& bucket, const catalog::Listed& listed)> sees;
  // `sees` lets everything in that bucket through: then counting needs no look at each of what lies there. Null: in
  // none, where there is `sees`.
  std::function<bool(const std::string& bucket)> sees_all_of;
  // What `sees` lets through in that bucket, where keys and times of storing decide it; none: more does. Null: nowhere.
  std::function<std::optional<PlacesSeen>(const std::string& bucket)> places_seen;
  // `sees` of a key where places_seen says "ask". Null: `sees` has to be asked.
  std::function<bool(const std::string& bucket, const std::string& key, std::int64_t stored_us)> sees_key;
};

// What a hit's rank comes from: a field of text ("title", "text", "tags"…), with what the words in it add to the score;
// "meaning", with the similarity of its nearest passage; "picture", with how much it looks like the one asked by.
struct Signal {
  std::string name;
  double score = 0;
};

// The piece that shows why; marks are bytes of `text`.
struct FoundSnippet {
  std::string text;
  std::vector<std::pair<std::size_t, std::size_t>> marks;
  extract::Place place;
  std::size_t line = 0;  // within the place; 0: not known
};

struct Found {
  std::string bucket;
  catalog::Listed listed;
  std::string inside;  // path inside of it, where a member was found: "b.pdf", "inner.zip!/b.pdf"
  double score = 0;
  float similarity = 0;  // of its nearest passage to what was asked, -1 to 1; 0: it was not found by meaning
  std::string title, format, language, trouble;
  bool is_quarantined = false;
  std::optional<FoundSnippet> snippet;
  std::vector<Signal> signals;  // the strongest first; where it was asked for
};

struct FacetCount {
  std::string value;
  std::uint64_t count = 0;
};
struct Facet {
  std::string name;
  std::vector<FacetCount> counts;  // the most frequent first; years, months and days in their order
  bool has_more = false;           // values than are given
};

// What an answer does not cover.
struct Coverage {
  Lsn reached;              // changes that are in the index
  Lsn current;              // of the vault
  bool is_filling = false;  // the first look at everything there is has not ended
  std::uint64_t objects = 0;
  std::uint64_t contents_waiting = 0;  // found by name and facts, not yet by what they say
  std::uint64_t previews_waiting = 0;  // to be made
  std::uint64_t pictures_waiting = 0;  // to be searched for text
  bool knows_meaning = false;          // there are vectors, so that things are found by meaning too
  std::string embedder;                // whose vectors answer: "learned", "http://127.0.0.1:11434 nomic-embed-text"
  std::uint64_t passages = 0;          // that can be found by meaning
  std::uint64_t meaning_waiting = 0;   // documents that have no vectors of this embedder yet
  std::string next_embedder;           // that was chosen, and answers once it has all vectors; empty: none
  std::uint64_t judged = 0;            // files, by the gates of their buckets
  std::uint64_t quarantined = 0;       // of these, those that do not meet them
  std::uint64_t gates_unfinished = 0;  // that changed, and by which not everything of their buckets was judged yet
  std::string meaning_trouble;         // why the embedder does not go on or cannot be asked; empty: it can
  [[nodiscard]] bool is_complete() const { return !is_filling && contents_waiting == 0 && reached >= current; }
};

struct Answer {
  std::vector<Found> found;
  bool has_more = false;
  // How many there are, where it was counted (with facets or an order of its own, or where all fit on the page).
  std::optional<std::uint64_t> total;
  bool is_total_exact = false;
  std::vector<Facet> facets;
  std::vector<std::pair<std::string, std::string>> suggestions;  // a word that stands nowhere, and what is near to it
  std::string words, filter;                                     // as they were understood
  bool asked_meaning = false;                                    // it was looked for by meaning, too
  // Objects that would have been found, and are in quarantine; exact where there are no more than are looked at, and
  // every gate is finished. What is found by meaning counts as far as it was looked at.
  std::uint64_t quarantined_left_out = 0;
  bool is_left_out_exact = true;
  Coverage coverage;
};

}  // namespace atl::search
