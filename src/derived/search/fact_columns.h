// What facets count, of every document, in memory: so that all of a hundred thousand matches are counted in the time in
// which a hundred of them would be looked up.
//
// Always true:
//  - Empty until the first question that counts; then filled from the book, and kept the same as the book by put() and
//    remove() until forget().
//  - Memory: 16 bytes a document, in pages that go when their last document does; at most kPagesMax pages (128 MiB).
//    Where a vault has more, is_filled() stays false and counts are made of the best hits alone.
// Thread rules: any thread. put() and remove() wait for a count that goes on, which takes milliseconds.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "derived/search/document_book.h"
#include "derived/search/question.h"

namespace atl::search {

// Words that come again and again, by number. 0 is "".
class WordNumbers {
 public:
  // Beyond `most` words every new one is `otherwise`.
  [[nodiscard]] std::uint32_t number_of(std::string_view word, std::size_t most, std::string_view otherwise);
  [[nodiscard]] const std::string& word(std::uint32_t number) const { return words_[number]; }
  [[nodiscard]] std::size_t size() const { return words_.size(); }

 private:
  std::unordered_map<std::string, std::uint32_t> numbers_{{"", 0}};
  std::vector<std::string> words_{""};
};

// What a document is counted as: its format, else the ending of its object's name, else "other".
[[nodiscard]] std::string type_counted(const DocumentFacts& facts, std::string_view key);

// The days, months or years of what is counted, in UTC.
enum class Interval : std::uint8_t { day, month, year };
[[nodiscard]] std::string interval_text(std::int64_t unix_us, Interval interval);  // "2024-05-01", "2024-05", "2024"

// Counts of one facet, in the order of answers.
[[nodiscard]] Facet make_facet(std::string_view name, const std::map<std::string, std::uint64_t>& counts);
// type, language, bucket, year, month and day: what the columns know. Others need each hit's row.
[[nodiscard]] bool is_column_facet(std::string_view name);

class FactColumns {
 public:
  static constexpr std::size_t kPageDocuments = 4096;
  static constexpr std::size_t kPagesMax = 2048;

  // Reads the book, where that was not done yet.
  [[nodiscard]] Result<void> fill(const DocumentBook& book);
  [[nodiscard]] bool is_filled() const;
  void put(const ObjectDocuments& row, const std::vector<DocumentFacts>& documents);
  void remove(const ObjectDocuments& row);
  void forget();

  // Of those documents that lie in one of the buckets (by id; the values are their names), facet by facet, and how many
  // they are.
  struct Counted {
    std::vector<Facet> facets;
    std::uint64_t total = 0;
  };
  [[nodiscard]] Counted count(std::span<const std::uint64_t> documents, const std::map<BucketId, std::string>& buckets,
                              std::span<const std::string> facets) const;

 private:
  struct Facts {
    std::int64_t date_us = 0;
    std::uint32_t type = 0;
    std::uint16_t language = 0;
    std::uint16_t bucket = 0;  // 0: no document of this number
  };
  struct Page {
    std::array<Facts, kPageDocuments> facts{};
    std::uint32_t documents = 0;
  };
  [[nodiscard]] std::uint16_t bucket_number(const BucketId& bucket);
  void set(std::uint64_t document, const Facts& facts);
  void clear();  // alone
  // Calls with the facts of each document that there is. `documents` may be in any order; neighbours are found faster.
  template <class Visit>
  void for_each(std::span<const std::uint64_t> documents, Visit visit) const;

  mutable std::shared_mutex mutex_;  // guards all of it; alone: changing
  bool is_filled_ = false;
  bool is_too_much_ = false;
  std::map<std::uint64_t, std::unique_ptr<Page>> pages_;
  WordNumbers types_, languages_;
  std::map<BucketId, std::uint16_t> buckets_;  // from 1
};

}  // namespace atl::search
