// What the tests of this module share: an index over files in memory, and documents from a seed.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "derived/text/text_index.h"
#include "foundation/platform/testing/test_machine.h"

namespace atl::text::testing {

inline constexpr const char* kFolder = "/vault/indexes/text";

enum : std::uint8_t { kTitle = 0, kBody = 1, kType = 2, kName = 3, kYear = 4 };

inline Schema test_schema() {
  return {{"title", FieldKind::text, 2.0F, false},
          {"body", FieldKind::text, 1.0F, false},
          {"type", FieldKind::keyword, 1.0F, false},
          {"name", FieldKind::substring, 1.0F, false},
          {"year", FieldKind::number, 1.0F, false}};
}

inline codec::SecretKey test_key(std::uint8_t fill = 7) {
  codec::SecretKey key;
  for (auto& byte : key.fill()) byte = fill;
  return key;
}

inline VaultId test_vault(std::uint8_t fill = 3) {
  VaultId vault;
  vault.bytes.fill(fill);
  return vault;
}

// A small cache, so that pages come and go.
inline Options small_options() {
  Options options;
  options.buffer_bytes_max = kMiB;
  options.cache_bytes_max = 256 * kKiB;
  return options;
}

inline Result<std::unique_ptr<TextIndex>> open_index(platform::TestMachine& machine,
                                                     const Options& options = small_options(), bool writable = true) {
  return TextIndex::open(machine.machine(), kFolder, test_key(), test_vault(), test_schema(), options, writable);
}

inline std::unique_ptr<TextIndex> must_open(platform::TestMachine& machine, const Options& options = small_options(),
                                            bool writable = true) {
  auto index = open_index(machine, options, writable);
  EXPECT_TRUE(index.has_value()) << index.error().id << ": " << index.error().message;
  return index ? std::move(*index) : nullptr;
}

template <class T>
void expect_ok(const Result<T>& result) {
  EXPECT_TRUE(result.has_value()) << result.error().id << ": " << result.error().message;
}

// A document that owns its text.
struct OwnedDocument {
  std::string title;
  std::string body;
  std::string type;
  std::string name;
  std::int64_t year = 0;
  Language language = Language::none;

  [[nodiscard]] Document view(DocumentId id) const {
    Document document;
    document.id = id;
    if (!title.empty()) document.texts.push_back({kTitle, title, language});
    if (!body.empty()) document.texts.push_back({kBody, body, language});
    if (!type.empty()) document.texts.push_back({kType, type});
    if (!name.empty()) document.texts.push_back({kName, name});
    if (year != 0) document.numbers.push_back({kYear, year});
    return document;
  }
  friend bool operator==(const OwnedDocument&, const OwnedDocument&) = default;
};

// Words w0, w1, ... where low numbers are much more frequent.
inline std::string random_word(platform::SeededRandom& random, std::uint64_t words) {
  const std::uint64_t a = random.below(words);
  const std::uint64_t b = random.below(a + 1);
  return "w" + std::to_string(random.below(b + 1));
}

inline OwnedDocument random_document(platform::SeededRandom& random, std::uint64_t words = 60) {
  OwnedDocument document;
  const auto text = [&](std::uint64_t most) {
    std::string out;
    for (std::uint64_t i = random.below(most + 1); i > 0; --i) out += random_word(random, words) + " ";
    return out;
  };
  document.title = text(4);
  document.body = text(random.one_in(20) ? 200 : 30);
  if (!random.one_in(3)) document.type = random.one_in(2) ? "pdf" : "odt";
  if (!random.one_in(3)) document.name = "File" + std::to_string(random.below(50)) + ".Txt";
  if (!random.one_in(3)) document.year = 2000 + static_cast<std::int64_t>(random.below(25));
  return document;
}

inline Result<std::vector<DocumentId>> ids_of(const TextIndex& index, std::string_view line, Match match = Match::any) {
  ATOLL_ASSIGN(Query query, parse_query_line(line, test_schema(), match, Timestamp{1'767'225'600'000'000}));
  SearchRequest request;
  request.query = std::move(query);
  request.limit = 1000;
  ATOLL_ASSIGN(const SearchResult result, index.search(request));
  std::vector<DocumentId> ids;
  for (const Hit& hit : result.hits) ids.push_back(hit.id);
  return ids;
}

}  // namespace atl::text::testing
