// What is asked of a word index: a tree, and the line that people type.
//
// The query line, in short:
//
//   boiler invoice              any of the words; the more and the rarer, the higher (Match::all: every word)
//   +boiler -draft              must be there, must not
//   "boiler invoice"            side by side, in this order; "boiler invoice"~3 with up to 3 words between
//   boil*                       words that begin so
//   boiler~  boiler~2           words one (two) letters away
//   title:boiler                in one field; title:(boiler OR invoice), title:"boiler invoice", title:boil*
//   type:pdf|odt                keyword fields: exactly; one of several
//   name:port                   substring fields: anywhere within
//   year:2019  year:2019..2021  year>=2019  modified:2024-05..      number and time fields
//   a AND b OR NOT (c d)        in capitals; AND binds tighter than OR
//
// Always true: reading a line never fails by surprise: what cannot be understood is an error that says where and what
// to write instead. A tree that was read from a line stays within kDepthMax and kTermsMax.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "derived/text/schema.h"
#include "foundation/base/error.h"
#include "foundation/base/time.h"

namespace atl::text {

inline constexpr std::size_t kDepthMax = 32;         // brackets within brackets
inline constexpr std::size_t kTermsMax = 128;        // words, phrases and so on of one query line
inline constexpr std::size_t kAskedTermsMax = 1024;  // of a query: with what the program adds to a line
inline constexpr std::size_t kLineBytesMax = 8192;   // of a query line

inline constexpr int kAnyTextField = -1;

struct Query {
  enum class Kind : std::uint8_t {
    nothing,     // matches no document
    everything,  // matches every document, score 0
    word,        // text is analysed; more than one word in it becomes a phrase
    phrase,      // text is analysed; `slop` more words may stand between
    prefix,      // words that begin with text; does not rank
    fuzzy,       // words at most `distance` (1 or 2) letters away, ranked lower the further they are
    value,       // keyword field: exactly this; substring field: contains it; does not rank
    range,       // number field: from <= value <= to; does not rank
    boolean      // must all, must_not none, should: any (at least one where there is no must)
  };
  Kind kind = Kind::nothing;
  int field = kAnyTextField;
  std::string text;
  unsigned slop = 0;
  unsigned distance = 1;
  std::int64_t from = INT64_MIN;
  std::int64_t to = INT64_MAX;
  float boost = 1;
  std::vector<Query> must;
  std::vector<Query> should;
  std::vector<Query> must_not;
};

enum class Match : std::uint8_t { any, all };
// `now` is what relative times (modified:-30d..) count from. Error: `usage`, "query.*".
[[nodiscard]] Result<Query> parse_query_line(std::string_view line, const Schema& schema, Match match, Timestamp now);

// Depth and number of terms, fields and their kinds, distances. Error: `usage`, `limit`.
[[nodiscard]] Result<void> check_query(const Query& query, const Schema& schema, std::size_t terms_max);

}  // namespace atl::text
