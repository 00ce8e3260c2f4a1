#include "derived/text/internal/buffer.h"

#include <algorithm>

#include "derived/text/internal/segment_writer.h"

namespace atl::text::internal {
namespace {

constexpr std::uint32_t kListFlag = 0x8000'0000U;   // in emissions_
constexpr std::uint32_t kStaysFlag = 0x8000'0000U;  // in tokens_ and lists_: the next word stands at the same place

std::uint16_t context_of(std::uint8_t field, Language language, bool is_gram) {
  return static_cast<std::uint16_t>(unsigned{field} << 6 | unsigned{is_gram} << 5 | static_cast<unsigned>(language));
}

// Numbers of a table in the order of (context, bytes); memcmp order of the keys they become.
std::vector<std::uint32_t> sorted_numbers(const StringTable& table, const std::vector<std::uint32_t>& counts) {
  struct Item {
    std::uint64_t prefix;
    std::uint32_t number;
  };
  std::vector<Item> items;
  items.reserve(table.size());
  for (std::uint32_t number = 0; number < table.size(); ++number) {
    if (counts[number] == 0) continue;
    const std::string_view text = table.text(number);
    std::array<std::uint8_t, 8> head{};
    head[0] = static_cast<std::uint8_t>(table.context(number));
    std::copy_n(text.begin(), std::min<std::size_t>(text.size(), 7), head.begin() + 1);
    items.push_back({load_be64(head.data()), number});
  }
  std::ranges::sort(items, [&](const Item& a, const Item& b) {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    return table.text(a.number) < table.text(b.number);
  });
  std::vector<std::uint32_t> numbers;
  numbers.reserve(items.size());
  for (const Item& item : items) numbers.push_back(item.number);
  return numbers;
}

Bytes key_of(std::uint8_t space, std::string_view text) {
  Bytes key(text.size() + 1, space);
  std::ranges::copy(text, key.begin() + 1);
  return key;
}

}  // namespace

Buffer::Buffer(const Schema& schema, std::uint64_t hash_seed)
    : schema_(schema), surfaces_(hash_seed), terms_(hash_seed), lexicon_(hash_seed) {}

std::size_t Buffer::memory_bytes() const {
  return surfaces_.memory_bytes() + terms_.memory_bytes() * 2 + lexicon_.memory_bytes() +
         (emissions_.capacity() + lists_.capacity() + surface_counts_.capacity() + surface_lexicon_.capacity() +
          lexicon_lists_.capacity()) *
             4 +
         tokens_.size() * (4 + sizeof(Occurrence)) + runs_.capacity() * sizeof(Run) +
         numbers_.capacity() * sizeof(NumberValue) + entries_.size() * (sizeof(Entry) + 48 + schema_.size());
}

bool Buffer::remove(DocumentId id) { return by_id_.erase(id) > 0; }

std::vector<DocumentId> Buffer::ids() const {
  std::vector<DocumentId> ids;
  ids.reserve(by_id_.size());
  for (const auto& [id, entry] : by_id_) ids.push_back(id);
  std::ranges::sort(ids);
  return ids;
}

std::uint32_t Buffer::term_number(std::uint8_t field, std::string_view term) {
  bool fresh = false;
  return terms_.intern(field, term, fresh);
}

std::uint32_t Buffer::learn(std::uint8_t field, Language language, std::string_view surface, bool is_gram) {
  words_.pieces(surface, is_gram, language, pieces_);
  const auto in_lexicon = [&](const Piece& piece) {
    std::string entry = piece.word;
    entry.push_back('\0');
    if (piece.term != piece.word) entry += piece.term;
    bool fresh = false;
    return lexicon_.intern(kWordSpace, entry, fresh);
  };
  surface_counts_.push_back(0);
  surface_lexicon_.push_back(static_cast<std::uint32_t>(lexicon_lists_.size()));
  lexicon_lists_.push_back(is_gram ? 0 : static_cast<std::uint32_t>(pieces_.size()));
  if (!is_gram) {
    for (const Piece& piece : pieces_) lexicon_lists_.push_back(in_lexicon(piece));
  }
  if (pieces_.size() == 1) return term_number(field, pieces_[0].term);
  const auto list = static_cast<std::uint32_t>(lists_.size());
  lists_.push_back(static_cast<std::uint32_t>(pieces_.size()));
  for (const Piece& piece : pieces_) {
    lists_.push_back(term_number(field, piece.term) | (piece.stays ? kStaysFlag : 0));
  }
  return kListFlag | list;
}

void Buffer::emit(std::uint32_t surface) {
  ++surface_counts_[surface];
  const std::uint32_t emission = emissions_[surface];
  if ((emission & kListFlag) == 0) {
    tokens_.push_back(emission);
    return;
  }
  const std::size_t list = emission & ~kListFlag;
  tokens_.insert(tokens_.end(), lists_.begin() + static_cast<std::ptrdiff_t>(list + 1),
                 lists_.begin() + static_cast<std::ptrdiff_t>(list + 1 + lists_[list]));
}

void Buffer::add_words(const TextValue& value) {
  if (value.language != Language::none) languages_ |= 1U << static_cast<unsigned>(value.language);
  languages_ |= 1U;
  const std::uint16_t word_context = context_of(value.field, value.language, false);
  const std::uint16_t gram_context = context_of(value.field, value.language, true);
  words_.splitter().split(value.text, [&](const Surface& surface) {
    const std::string_view text = value.text.substr(surface.begin, surface.end - surface.begin);
    if (text.size() > UINT16_MAX) return;
    bool fresh = false;
    const std::uint32_t number = surfaces_.intern(surface.is_gram ? gram_context : word_context, text, fresh);
    if (fresh) emissions_.push_back(learn(value.field, value.language, text, surface.is_gram));
    emit(number);
  });
}

void Buffer::add(const Document& document) {
  Entry entry;
  entry.id = document.id;
  entry.first_token = tokens_.size();
  entry.first_run = runs_.size();
  entry.first_number = numbers_.size();
  for (const TextValue& value : document.texts) {
    const std::size_t before = tokens_.size();
    switch (schema_[value.field].kind) {
      case FieldKind::text: add_words(value); break;
      case FieldKind::keyword: {
        const std::string folded = Words::fold(value.text);
        tokens_.push_back(term_number(value.field, cut_text(folded, kTermBytesMax)));
        break;
      }
      case FieldKind::substring: {
        const std::string folded = Words::fold(value.text);
        for (const std::string_view gram : grams_of(folded)) tokens_.push_back(term_number(value.field, gram));
        break;
      }
      case FieldKind::number: break;
    }
    runs_.push_back({value.field, static_cast<std::uint32_t>(tokens_.size() - before)});
  }
  numbers_.insert(numbers_.end(), document.numbers.begin(), document.numbers.end());
  entry.runs = static_cast<std::uint32_t>(runs_.size() - entry.first_run);
  entry.numbers = static_cast<std::uint32_t>(document.numbers.size());
  by_id_[document.id] = static_cast<std::uint32_t>(entries_.size());
  entries_.push_back(entry);
}

struct Buffer::Inverted {
  std::vector<std::uint32_t> order;     // entries_ of living documents by id
  std::vector<std::uint32_t> counts;    // occurrences, by term
  std::vector<std::size_t> begins;      // of a term's occurrences
  std::vector<Occurrence> occurrences;  // by term, document, position
  std::vector<Bytes> lengths;           // by field, one code a document; empty for fields without
};

Buffer::Inverted Buffer::invert() const {
  Inverted result;
  result.order.reserve(by_id_.size());
  for (const auto& [id, entry] : by_id_) result.order.push_back(entry);
  std::ranges::sort(result.order, {}, [&](std::uint32_t entry) { return entries_[entry].id; });
  result.counts.resize(terms_.size());
  for (const std::uint32_t number : result.order) {
    const Entry& entry = entries_[number];
    std::size_t tokens = 0;
    for (std::uint32_t run = 0; run < entry.runs; ++run) tokens += runs_[entry.first_run + run].tokens;
    for (std::size_t i = 0; i < tokens; ++i) ++result.counts[tokens_[entry.first_token + i] & ~kStaysFlag];
  }
  result.begins.resize(terms_.size());
  std::size_t total = 0;
  for (std::size_t term = 0; term < terms_.size(); ++term) {
    result.begins[term] = total;
    total += result.counts[term];
  }
  result.occurrences.resize(total);
  result.lengths.resize(schema_.size());
  for (std::size_t field = 0; field < schema_.size(); ++field) {
    if (schema_[field].kind == FieldKind::text) result.lengths[field].resize(result.order.size());
  }
  std::vector<std::size_t> next = result.begins;
  std::vector<std::uint32_t> position(schema_.size());
  std::vector<std::uint64_t> words(schema_.size());
  for (std::uint32_t doc = 0; doc < result.order.size(); ++doc) {
    const Entry& entry = entries_[result.order[doc]];
    std::size_t at = entry.first_token;
    for (std::uint32_t run = 0; run < entry.runs; ++run) {
      const auto [field, tokens] = runs_[entry.first_run + run];
      if (position[field] > 0) position[field] += kValueGap;
      const std::uint32_t first = position[field];
      std::uint32_t here = first;
      for (const std::size_t end = at + tokens; at < end; ++at) {
        const std::uint32_t term = tokens_[at] & ~kStaysFlag;
        result.occurrences[next[term]++] = {doc, here};
        if ((tokens_[at] & kStaysFlag) == 0) ++here;
      }
      position[field] = here;
      words[field] += here - first;
    }
    for (std::uint32_t run = 0; run < entry.runs; ++run) {
      const std::uint8_t field = runs_[entry.first_run + run].field;
      if (words[field] > 0 && !result.lengths[field].empty()) result.lengths[field][doc] = length_code(words[field]);
      words[field] = 0;
      position[field] = 0;
    }
  }
  return result;
}

Result<SegmentInfo> Buffer::write(const FileContext& context, const std::string& folder, std::uint64_t number,
                                  const Salt& salt) const {
  const Inverted inverted = invert();
  const auto docs = static_cast<std::uint32_t>(inverted.order.size());
  ATOLL_ASSIGN(auto writer, SegmentWriter::create(context, folder, number, salt, docs, schema_));
  for (std::size_t field = 0; field < schema_.size(); ++field) {
    if (std::ranges::all_of(inverted.lengths[field], [](std::uint8_t code) { return code == 0; })) continue;
    ATOLL_TRY(writer->set_lengths(static_cast<std::uint8_t>(field), inverted.lengths[field]));
  }
  std::vector<std::uint32_t> positions;
  for (const std::uint32_t term : sorted_numbers(terms_, inverted.counts)) {
    ATOLL_TRY(writer->begin_term(key_of(static_cast<std::uint8_t>(terms_.context(term)), terms_.text(term))));
    const Occurrence* at = inverted.occurrences.data() + inverted.begins[term];
    const Occurrence* const end = at + inverted.counts[term];
    while (at != end) {
      const std::uint32_t doc = at->doc;
      positions.clear();
      for (; at != end && at->doc == doc; ++at) positions.push_back(at->position);
      ATOLL_TRY(writer->add_posting(doc, static_cast<std::uint32_t>(positions.size()), positions));
    }
    ATOLL_TRY(writer->end_term());
  }
  std::vector<std::uint32_t> word_counts(lexicon_.size());
  for (std::size_t surface = 0; surface < surface_counts_.size(); ++surface) {
    const std::size_t list = surface_lexicon_[surface];
    for (std::uint32_t i = 0; i < lexicon_lists_[list]; ++i) {
      word_counts[lexicon_lists_[list + 1 + i]] += surface_counts_[surface];
    }
  }
  for (const std::uint32_t word : sorted_numbers(lexicon_, word_counts)) {
    ATOLL_TRY(writer->add_word(key_of(kWordSpace, lexicon_.text(word)), word_counts[word]));
  }
  ATOLL_TRY(writer->add_column(kWordSpace, [&](std::uint32_t doc) -> Result<std::optional<std::int64_t>> {
    return signed_id(entries_[inverted.order[doc]].id);
  }));
  for (std::size_t field = 0; field < schema_.size(); ++field) {
    if (schema_[field].kind != FieldKind::number) continue;
    ATOLL_TRY(writer->add_column(static_cast<std::uint8_t>(field),
                                 [&](std::uint32_t doc) -> Result<std::optional<std::int64_t>> {
                                   const Entry& entry = entries_[inverted.order[doc]];
                                   std::optional<std::int64_t> value;
                                   for (std::uint32_t i = 0; i < entry.numbers; ++i) {
                                     const NumberValue& one = numbers_[entry.first_number + i];
                                     if (one.field == field) value = one.value;
                                   }
                                   return value;
                                 }));
  }
  return writer->finish(languages_);
}

}  // namespace atl::text::internal
