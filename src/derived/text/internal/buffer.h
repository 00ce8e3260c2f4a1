// Documents that are in no segment yet, as one list of term numbers in the order of the text; inverted by a counting
// sort when a segment is written.
//
// Always true: at most one living document an id. A surface is looked at letter by letter once; from then on a table
// tells its terms. Memory is counted and bounded by the owner: 4 bytes a word and the tables; while written 8 more a
// word. Thread rules: one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "derived/text/document.h"
#include "derived/text/internal/paged_file.h"
#include "derived/text/internal/string_table.h"
#include "derived/text/internal/words.h"
#include "derived/text/schema.h"

namespace atl::text::internal {

// Between two values of one field: no phrase is that long.
inline constexpr std::uint32_t kValueGap = 100;

class Buffer {
 public:
  Buffer(const Schema& schema, std::uint64_t hash_seed);
  // Fields and kinds were checked.
  void add(const Document& document);
  bool remove(DocumentId id);
  [[nodiscard]] std::uint32_t living() const { return static_cast<std::uint32_t>(by_id_.size()); }
  // What writing it will take at most, the buffer itself included.
  [[nodiscard]] std::size_t memory_bytes() const;
  [[nodiscard]] std::vector<DocumentId> ids() const;  // ascending
  // A segment with all living documents in the order of their ids. There is at least one.
  [[nodiscard]] Result<SegmentInfo> write(const FileContext& context, const std::string& folder, std::uint64_t number,
                                          const Salt& salt) const;

 private:
  struct Run {
    std::uint8_t field = 0;
    std::uint32_t tokens = 0;
  };
  struct Entry {
    DocumentId id = 0;
    std::size_t first_token = 0;
    std::size_t first_run = 0;
    std::size_t first_number = 0;
    std::uint32_t runs = 0;
    std::uint32_t numbers = 0;
  };
  struct Occurrence {
    std::uint32_t doc;
    std::uint32_t position;
  };
  struct Inverted;
  void add_words(const TextValue& value);
  void emit(std::uint32_t surface);
  std::uint32_t learn(std::uint8_t field, Language language, std::string_view surface, bool is_gram);
  std::uint32_t term_number(std::uint8_t field, std::string_view term);
  [[nodiscard]] Inverted invert() const;

  const Schema schema_;
  Words words_;
  StringTable surfaces_;
  StringTable terms_;  // context: the field
  StringTable lexicon_;
  std::vector<std::uint32_t> emissions_;  // by surface: a term, or kListFlag and a place in lists_
  std::vector<std::uint32_t> lists_;      // count, then that many terms with kStaysFlag
  std::vector<std::uint32_t> surface_counts_;
  std::vector<std::uint32_t> surface_lexicon_;  // by surface: place in lexicon_lists_
  std::vector<std::uint32_t> lexicon_lists_;    // count, then that many numbers of lexicon_
  std::vector<std::uint32_t> tokens_;
  std::vector<Run> runs_;
  std::vector<NumberValue> numbers_;
  std::vector<Entry> entries_;
  std::unordered_map<DocumentId, std::uint32_t> by_id_;  // living ones -> entries_
  std::uint32_t languages_ = 0;
  std::vector<Piece> pieces_;
};

}  // namespace atl::text::internal
