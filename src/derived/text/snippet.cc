#include "derived/text/snippet.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <tuple>

#include "derived/text/internal/words.h"

namespace atl::text {
namespace {

using internal::Piece;
using internal::Surface;
using internal::Words;

// What the query wants to see marked: terms by number, beginnings and near words.
struct Wanted {
  std::map<std::string, std::size_t> terms;
  std::vector<std::pair<std::string, std::size_t>> prefixes;
  struct Near {
    std::string word;
    unsigned distance;
    std::size_t number;
  };
  std::vector<Near> near;
  // Terms of a phrase by number, each with its place in it.
  struct Phrase {
    std::vector<std::pair<std::size_t, std::uint32_t>> terms;
    unsigned slop = 0;
  };
  std::vector<Phrase> phrases;
  std::size_t count = 0;
};

void collect(const Query& query, const SnippetOptions& options, Words& words, Wanted& wanted) {
  if (query.kind == Query::Kind::boolean) {
    for (const Query& part : query.must) collect(part, options, words, wanted);
    for (const Query& part : query.should) collect(part, options, words, wanted);
    return;
  }
  if (query.field != kAnyTextField && options.field != kAnyTextField && query.field != options.field) return;
  const std::size_t number = wanted.count++;
  if (query.kind == Query::Kind::prefix) {
    wanted.prefixes.emplace_back(Words::fold(query.text), number);
  } else if (query.kind == Query::Kind::fuzzy) {
    wanted.near.push_back({Words::fold(query.text), query.distance, number});
  } else if (query.kind == Query::Kind::word || query.kind == Query::Kind::phrase) {
    const internal::Analysed analysed = internal::analyse(words, query.text, options.language);
    if (analysed.is_one_character) wanted.prefixes.emplace_back(analysed.parts[0].first, number);
    Wanted::Phrase phrase;
    phrase.slop = query.slop;
    for (const auto& [term, place] : analysed.parts) {
      const auto [at, is_new] = wanted.terms.emplace(term, wanted.count);
      if (is_new) ++wanted.count;
      phrase.terms.emplace_back(at->second, place);
    }
    if (phrase.terms.size() > 1) wanted.phrases.push_back(std::move(phrase));
    for (const std::string& whole : analysed.wholes) wanted.terms.emplace(whole, number);
  }
}

unsigned distance_between(const std::u32string& a, const std::u32string& b) {
  std::vector<unsigned> above(b.size() + 1);
  std::vector<unsigned> line(b.size() + 1);
  for (std::size_t i = 0; i <= b.size(); ++i) above[i] = static_cast<unsigned>(i);
  for (std::size_t row = 1; row <= a.size(); ++row) {
    line[0] = static_cast<unsigned>(row);
    for (std::size_t i = 1; i <= b.size(); ++i) {
      line[i] = std::min({above[i] + 1, line[i - 1] + 1, above[i - 1] + (a[row - 1] == b[i - 1] ? 0 : 1)});
    }
    std::swap(above, line);
  }
  return above.back();
}

constexpr std::size_t kUnwanted = SIZE_MAX;

std::size_t number_of(const Wanted& wanted, const Piece& piece) {
  if (const auto found = wanted.terms.find(piece.term); found != wanted.terms.end()) return found->second;
  for (const auto& [prefix, number] : wanted.prefixes) {
    if (piece.word.starts_with(prefix)) return number;
  }
  for (const auto& near : wanted.near) {
    if (piece.word.size() > near.word.size() + 8) continue;
    // Two neighbours that changed places are two changes here and one there: marked a little more than was found.
    const unsigned distance = distance_between(internal::code_points(piece.word), internal::code_points(near.word));
    if (distance <= near.distance + 1) return near.number;
  }
  return kUnwanted;
}

struct Found {
  Mark mark;
  std::size_t number = 0;
  std::uint32_t place = 0;  // of the word, counted as the index does
};

// Where the phrase that begins with `found[first]` ends; none where it does not stand there.
std::optional<std::size_t> end_of_phrase(const std::vector<Found>& found, std::size_t first,
                                         const Wanted::Phrase& phrase) {
  if (found[first].number != phrase.terms.front().first) return std::nullopt;
  std::size_t at = first;
  for (const auto& [number, place] : phrase.terms) {
    const std::uint32_t from = found[first].place + place - phrase.terms.front().second;
    const std::uint32_t until = from + phrase.slop;
    while (at < found.size() && found[at].place <= until && (found[at].place < from || found[at].number != number))
      ++at;
    if (at == found.size() || found[at].place > until) return std::nullopt;
  }
  return at;
}

std::size_t to_character(std::string_view text, std::size_t at) {
  while (at > 0 && at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80) --at;
  return at;
}

// To the blank at or before `at`, if there is one near; words are not cut where it can be helped.
std::size_t to_blank_before(std::string_view text, std::size_t at, std::size_t least) {
  constexpr std::size_t reach = 24;
  for (std::size_t i = at; i > least && at - i < reach; --i) {
    if (i == 0 || text[i - 1] == ' ' || text[i - 1] == '\n') return i;
  }
  return std::max(least, to_character(text, at));
}

}  // namespace

Snippet make_snippet(std::string_view text, const Query& query, const SnippetOptions& options) {
  text = internal::cut_text(text, kSnippetTextMax);
  Words words;
  Wanted wanted;
  collect(query, options, words, wanted);
  std::vector<Found> found;
  std::vector<Piece> pieces;
  std::uint32_t place = 0;
  words.splitter().split(text, [&](const Surface& surface) {
    words.pieces(text.substr(surface.begin, surface.end - surface.begin), surface.is_gram, options.language, pieces);
    for (const Piece& piece : pieces) {
      const std::size_t number = number_of(wanted, piece);
      if (number != kUnwanted)
        found.push_back({{surface.begin + piece.begin, surface.begin + piece.end}, number, place});
      if (!piece.stays) ++place;
    }
  });
  Snippet snippet;
  if (found.empty()) {
    snippet.end = text.size() <= options.bytes ? text.size() : to_blank_before(text, options.bytes, 0);
    return snippet;
  }
  // By where a phrase ends: one past where the last such begins.
  std::vector<std::size_t> phrase_begins(found.size(), 0);
  for (std::size_t first = 0; first < found.size(); ++first) {
    for (const auto& phrase : wanted.phrases) {
      if (const auto end = end_of_phrase(found, first, phrase)) phrase_begins[*end] = first + 1;
    }
  }
  // The stretch of that many bytes with a phrase in it, then with the most different words, then with the most marks,
  // then the first.
  std::vector<std::size_t> seen(wanted.count);
  std::size_t different = 0;
  std::size_t best = 0;
  std::tuple<bool, std::size_t, std::size_t> best_value{false, 0, 0};
  std::size_t first = 0;
  std::size_t phrase_begin = 0;  // one past it
  for (std::size_t last = 0; last < found.size(); ++last) {
    if (seen[found[last].number]++ == 0) ++different;
    while (found[last].mark.end - found[first].mark.begin > options.bytes && first < last) {
      if (--seen[found[first++].number] == 0) --different;
    }
    phrase_begin = std::max(phrase_begin, phrase_begins[last]);
    const std::tuple value{phrase_begin > first, different, last - first + 1};
    if (value > best_value) {
      best_value = value;
      best = first;
    }
  }
  std::size_t end_mark = best;
  while (end_mark + 1 < found.size() && found[end_mark + 1].mark.end <= found[best].mark.begin + options.bytes) {
    ++end_mark;
  }
  snippet.has_phrase = std::get<0>(best_value);
  snippet.words = std::get<1>(best_value);
  const std::size_t taken = found[end_mark].mark.end - found[best].mark.begin;
  const std::size_t around = options.bytes > taken ? (options.bytes - taken) / 2 : 0;
  const std::size_t begin = found[best].mark.begin;
  snippet.begin = begin <= around ? 0 : to_blank_before(text, begin - around, 0);
  const std::size_t end = std::min(text.size(), found[end_mark].mark.end + around);
  snippet.end = end == text.size() ? end : to_blank_before(text, end, found[end_mark].mark.end);
  for (const Found& one : found) {
    if (one.mark.begin < snippet.begin || one.mark.end > snippet.end) continue;
    // A whole and its parts, and pairs of characters, overlap: one mark for all.
    if (!snippet.marks.empty() && one.mark.begin < snippet.marks.back().end) {
      snippet.marks.back().end = std::max(snippet.marks.back().end, one.mark.end);
    } else {
      snippet.marks.push_back(one.mark);
    }
  }
  const auto before = text.substr(0, snippet.marks.empty() ? snippet.begin : snippet.marks.front().begin);
  snippet.line = 1 + static_cast<std::size_t>(std::ranges::count(before, '\n'));
  return snippet;
}

}  // namespace atl::text
