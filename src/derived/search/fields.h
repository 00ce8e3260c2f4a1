// The fields by which objects are found, and how an object and what was understood of it become documents with them.
// Always true: the numbers of fields are those of the stored index: a change of this list is a new index
// (kSchemaVersion). Thread rules: pure.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "derived/extract/extraction.h"
#include "derived/search/document_book.h"
#include "derived/text/document.h"
#include "derived/text/schema.h"

namespace atl::search {

inline constexpr std::uint32_t kSchemaVersion = 2;

enum class FieldNumber : std::uint8_t {
  title,    // text
  text,     // text: what it says
  tags,     // text: names and values of tags
  about,    // text: metadata by hand, and what the format says about itself
  creator,  // text: authors, artists, senders
  words,    // text: the words of its name and of the folders above
  name,     // substring: anywhere within the last part of the key
  type,     // keyword: format, ending, group ("pdf", "document", "image"), kind ("file", "directory")
  language,
  tag,     // keyword: "k", "k=v"
  bucket,  // keyword: its id; only what searches add themselves
  size,    // number
  modified,
  stored,
  date,  // time: when it was made or happened, as far as it says so; else when it was changed
  year,
  pages,
  width,
  height,
  duration,  // seconds
  folder,    // keyword: folder_value() of the folders above, of the object that holds it; only what searches add
};
[[nodiscard]] constexpr std::uint8_t number(FieldNumber field) { return static_cast<std::uint8_t>(field); }

[[nodiscard]] text::Schema schema();

// Of the folders that a key lies in the first so many are indexed.
inline constexpr std::size_t kFoldersMax = 16;
// The deepest folder that is indexed of those that everything beginning with `prefix` lies in, as a key begins: "a/b/",
// or "".
[[nodiscard]] std::string_view known_folder(std::string_view prefix);
// How the index knows a folder of a bucket: a digest, because keyword fields fold letters and names of folders do not.
[[nodiscard]] std::string folder_value(const BucketId& bucket, std::string_view folder);

// Documents with the texts they point to. Not copyable: the views are into itself.
class Documents {
 public:
  Documents() = default;
  Documents(const Documents&) = delete;
  Documents& operator=(const Documents&) = delete;
  Documents(Documents&&) = default;
  Documents& operator=(Documents&&) = default;
  ~Documents() = default;
  [[nodiscard]] const std::vector<text::Document>& all() const { return documents_; }

 private:
  friend class DocumentBuilder;
  std::vector<text::Document> documents_;
  std::deque<std::string> texts_;
};

// The object first, then its members in order. `extraction` null: nothing is known of its content. Ids count from
// `first`.
[[nodiscard]] Documents documents_of(const catalog::Listed& listed, const extract::Extraction* extraction,
                                     std::uint64_t first);

// Of the same documents, in the same order.
[[nodiscard]] std::vector<DocumentFacts> facts_of(const catalog::Listed& listed, const extract::Extraction* extraction);

// When it was made or happened, in microseconds since 1970: as the content says, else when the file was changed, else
// when it was stored. `extraction` may be null.
[[nodiscard]] std::int64_t date_of(const catalog::VersionRow& version, const extract::Extraction* extraction);
// "2024-05-01T10:00:00Z" or a beginning of it; EXIF's "2024:05:01 10:00:00"; "D:20240501…" as PDF has it.
[[nodiscard]] std::optional<std::int64_t> parse_date_us(std::string_view text);

}  // namespace atl::search
