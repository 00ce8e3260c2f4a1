#include "derived/search/fact_columns.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <optional>

#include "derived/search/names.h"

namespace atl::search {
namespace {

constexpr std::size_t kTypesMax = 60'000;  // endings may be anything; beyond it they are "other"
constexpr std::size_t kLanguagesMax = 1'000;
constexpr std::string_view kOtherType = "other";
constexpr std::size_t kFacetValuesMax = 50;
constexpr std::size_t kIntervalsMax = 1'000;

std::optional<Interval> interval_of(std::string_view facet) {
  if (facet == "day") return Interval::day;
  if (facet == "month") return Interval::month;
  if (facet == "year") return Interval::year;
  return std::nullopt;
}

std::int64_t day_of(std::int64_t unix_us) {
  const std::chrono::sys_time<std::chrono::microseconds> time{std::chrono::microseconds{unix_us}};
  return std::chrono::floor<std::chrono::days>(time).time_since_epoch().count();
}

std::int64_t us_of_day(std::int64_t day) { return std::chrono::microseconds(std::chrono::days(day)).count(); }

}  // namespace

std::uint32_t WordNumbers::number_of(std::string_view word, std::size_t most, std::string_view otherwise) {
  const std::string key(word);
  if (const auto at = numbers_.find(key); at != numbers_.end()) return at->second;
  if (words_.size() >= most && word != otherwise) return number_of(otherwise, most, otherwise);
  const auto number = static_cast<std::uint32_t>(words_.size());
  numbers_.emplace(key, number);
  words_.push_back(key);
  return number;
}

std::string type_counted(const DocumentFacts& facts, std::string_view key) {
  if (!facts.format.empty() && facts.format != "unknown") return facts.format;
  const std::string_view name = last_part(key);
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot + 1 == name.size()) return std::string(kOtherType);
  return std::string(name.substr(dot + 1));
}

std::string interval_text(std::int64_t unix_us, Interval interval) {
  const std::size_t length = interval == Interval::day ? 10 : interval == Interval::month ? 7 : 4;
  return format_rfc3339(Timestamp{unix_us}).substr(0, length);
}

Facet make_facet(std::string_view name, const std::map<std::string, std::uint64_t>& counts) {
  Facet facet;
  facet.name = name;
  for (const auto& [value, count] : counts) facet.counts.push_back({value, count});
  const bool is_of_time = interval_of(name).has_value();
  if (!is_of_time) {
    std::ranges::stable_sort(facet.counts, [](const FacetCount& a, const FacetCount& b) { return a.count > b.count; });
  }
  const std::size_t most = is_of_time ? kIntervalsMax : kFacetValuesMax;
  facet.has_more = facet.counts.size() > most;
  if (!facet.has_more) return facet;
  // Of times the latest stay.
  if (is_of_time) {
    facet.counts.erase(facet.counts.begin(), facet.counts.end() - static_cast<std::ptrdiff_t>(most));
  } else {
    facet.counts.resize(most);
  }
  return facet;
}

bool is_column_facet(std::string_view name) {
  return name == "type" || name == "language" || name == "bucket" || interval_of(name).has_value();
}

Result<void> FactColumns::fill(const DocumentBook& book) {
  const std::unique_lock alone(mutex_);
  if (is_filled_ || is_too_much_) return {};
  // First where each lies and what its name ends in, then what the documents say of themselves.
  ATOLL_TRY(book.for_each([&](const ObjectDocuments& row) -> Result<bool> {
    Facts facts;
    facts.bucket = bucket_number(row.bucket);
    facts.type = types_.number_of(type_counted({}, row.key), kTypesMax, kOtherType);
    for (std::uint32_t i = 0; i < row.count; ++i) set(row.first + i, facts);
    return !is_too_much_;
  }));
  ATOLL_TRY(book.for_each_document([&](std::uint64_t document, const DocumentFacts& facts) -> Result<bool> {
    const auto page = pages_.find(document / kPageDocuments);
    if (page == pages_.end()) return !is_too_much_;
    Facts& here = page->second->facts[document % kPageDocuments];
    if (here.bucket == 0) return true;
    if (!facts.format.empty() && facts.format != "unknown")
      here.type = types_.number_of(facts.format, kTypesMax, kOtherType);
    here.language = static_cast<std::uint16_t>(languages_.number_of(facts.language, kLanguagesMax, ""));
    here.date_us = facts.date_us;
    return true;
  }));
  if (is_too_much_) {
    clear();
    is_too_much_ = true;
  }
  is_filled_ = !is_too_much_;
  return {};
}

bool FactColumns::is_filled() const {
  const std::shared_lock shared(mutex_);
  return is_filled_;
}

void FactColumns::put(const ObjectDocuments& row, const std::vector<DocumentFacts>& documents) {
  const std::unique_lock alone(mutex_);
  if (!is_filled_) return;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    Facts facts;
    facts.bucket = bucket_number(row.bucket);
    facts.type = types_.number_of(type_counted(documents[i], row.key), kTypesMax, kOtherType);
    facts.language = static_cast<std::uint16_t>(languages_.number_of(documents[i].language, kLanguagesMax, ""));
    facts.date_us = documents[i].date_us;
    set(row.first + i, facts);
  }
  if (!is_too_much_) return;
  clear();
  is_too_much_ = true;
}

void FactColumns::remove(const ObjectDocuments& row) {
  const std::unique_lock alone(mutex_);
  if (!is_filled_) return;
  for (std::uint64_t document = row.first; document < row.first + row.count; ++document) {
    const auto page = pages_.find(document / kPageDocuments);
    if (page == pages_.end()) continue;
    Facts& facts = page->second->facts[document % kPageDocuments];
    if (facts.bucket == 0) continue;
    facts = {};
    if (--page->second->documents == 0) pages_.erase(page);
  }
}

void FactColumns::forget() {
  const std::unique_lock alone(mutex_);
  clear();
}

void FactColumns::clear() {
  is_filled_ = is_too_much_ = false;
  pages_.clear();
  types_ = {};
  languages_ = {};
  buckets_.clear();
}

std::uint16_t FactColumns::bucket_number(const BucketId& bucket) {
  const auto at = buckets_.find(bucket);
  if (at != buckets_.end()) return at->second;
  if (buckets_.size() == UINT16_MAX) {
    is_too_much_ = true;
    return 0;
  }
  const auto number = static_cast<std::uint16_t>(buckets_.size() + 1);
  buckets_.emplace(bucket, number);
  return number;
}

void FactColumns::set(std::uint64_t document, const Facts& facts) {
  auto& page = pages_[document / kPageDocuments];
  if (!page) page = std::make_unique<Page>();
  Facts& here = page->facts[document % kPageDocuments];
  if (here.bucket == 0) ++page->documents;
  here = facts;
  is_too_much_ = is_too_much_ || pages_.size() > kPagesMax;
}

template <class Visit>
void FactColumns::for_each(std::span<const std::uint64_t> documents, Visit visit) const {
  std::uint64_t page_number = UINT64_MAX;
  const Page* page = nullptr;
  for (const std::uint64_t document : documents) {
    if (document / kPageDocuments != page_number) {
      page_number = document / kPageDocuments;
      const auto at = pages_.find(page_number);
      page = at == pages_.end() ? nullptr : at->second.get();
    }
    if (page != nullptr) visit(document, page->facts[document % kPageDocuments]);
  }
}

FactColumns::Counted FactColumns::count(std::span<const std::uint64_t> documents,
                                        const std::map<BucketId, std::string>& buckets,
                                        std::span<const std::string> facets) const {
  const std::shared_lock shared(mutex_);
  std::vector<const std::string*> names(buckets_.size() + 1);
  for (const auto& [bucket, number] : buckets_) {
    if (const auto at = buckets.find(bucket); at != buckets.end()) names[number] = &at->second;
  }
  std::vector<std::uint64_t> types(types_.size()), languages(languages_.size()), places(names.size());
  std::unordered_map<std::int64_t, std::uint64_t> days;
  const bool counts_days =
      std::ranges::any_of(facets, [](const std::string& name) { return interval_of(name).has_value(); });
  Counted counted;
  for_each(documents, [&](std::uint64_t, const Facts& facts) {
    if (names[facts.bucket] == nullptr) return;
    ++counted.total;
    ++types[facts.type];
    ++languages[facts.language];
    ++places[facts.bucket];
    if (counts_days) ++days[day_of(facts.date_us)];
  });
  for (const std::string& name : facets) {
    std::map<std::string, std::uint64_t> counts;
    const auto add_words = [&](const WordNumbers& words, const std::vector<std::uint64_t>& by_number) {
      for (std::uint32_t i = 1; i < by_number.size(); ++i) {
        if (by_number[i] > 0) counts[words.word(i)] = by_number[i];
      }
    };
    if (name == "type") add_words(types_, types);
    if (name == "language") add_words(languages_, languages);
    for (std::size_t i = 1; name == "bucket" && i < places.size(); ++i) {
      if (places[i] > 0) counts[*names[i]] = places[i];
    }
    if (const auto interval = interval_of(name)) {
      for (const auto& [day, count] : days) counts[interval_text(us_of_day(day), *interval)] += count;
    }
    counted.facets.push_back(make_facet(name, counts));
  }
  return counted;
}

}  // namespace atl::search
