#include "derived/search/places.h"

#include <algorithm>

#include "derived/search/asked_words.h"
#include "derived/search/fields.h"

namespace atl::search {
namespace {

// Parts of one condition: beyond them asking about each thing is no slower.
constexpr std::size_t kPartsMax = 200;

text::Query boolean() {
  text::Query query;
  query.kind = text::Query::Kind::boolean;
  return query;
}

text::Query in_bucket(const BucketId& bucket) { return value_query(FieldNumber::bucket, bucket.text()); }

// What lies below a folder the index knows; "" is the bucket itself.
text::Query in_folder(const BucketId& bucket, std::string_view folder) {
  return folder.empty() ? in_bucket(bucket) : value_query(FieldNumber::folder, folder_value(bucket, folder));
}

bool is_indexed(std::string_view place) {
  return place.empty() || (place.ends_with('/') && known_folder(place).size() == place.size());
}

// The places that are seen, each without those within it that are not.
std::vector<text::Query> seen_places(const BucketId& bucket, const KeyPlacesSeen& seen) {
  std::vector<text::Query> parts;
  for (const auto& [place, is_seen] : seen) {
    if (!is_seen) continue;
    text::Query part = boolean();
    part.must.push_back(in_folder(bucket, place));
    for (const auto& [other, is_other_seen] : seen) {
      if (!is_other_seen && other.size() > place.size() && other.starts_with(place)) {
        part.must_not.push_back(in_folder(bucket, other));
      }
    }
    parts.push_back(std::move(part));
  }
  return parts;
}

}  // namespace

Result<Places> Places::of(const Question& question, catalog::CatalogReader& reader) {
  Places places;
  ATOLL_ASSIGN(const auto buckets, reader.buckets());
  for (const auto& bucket : buckets) {
    if (question.bucket.empty() || bucket.name == question.bucket) places.buckets_[bucket.id] = bucket.name;
  }
  places.ask_for(question);
  if (question.sees) places.let_see(question);
  return places;
}

const std::string* Places::name_of(const BucketId& bucket) const {
  const auto found = buckets_.find(bucket);
  return found == buckets_.end() ? nullptr : &found->second;
}

void Places::constrain(text::Query& query) const {
  query.must.insert(query.must.end(), conditions_.begin(), conditions_.end());
}

void Places::ask_for(const Question& question) {
  if (question.bucket.empty() || buckets_.empty()) {
    needs_keys_ = !question.prefix.empty();
    return;
  }
  const std::string_view folder = known_folder(question.prefix);
  conditions_.push_back(in_folder(buckets_.begin()->first, folder));
  needs_keys_ = folder.size() != question.prefix.size();
}

void Places::let_see(const Question& question) {
  text::Query either = boolean();
  bool is_limited = false;
  for (const auto& [id, name] : buckets_) {
    if (question.sees_all_of && question.sees_all_of(name)) {
      either.should.push_back(in_bucket(id));
      continue;
    }
    is_limited = true;
    auto seen = question.places_seen ? question.places_seen(name) : std::nullopt;
    const bool is_known = seen && std::ranges::all_of(*seen, [](const auto& place) { return is_indexed(place.first); });
    if (!is_known) {
      guarded_[id] = name;
      either.should.push_back(in_bucket(id));
      continue;
    }
    for (auto& part : seen_places(id, *seen)) either.should.push_back(std::move(part));
  }
  if (!is_limited) return;
  if (either.should.size() <= kPartsMax) {
    // Of nothing that is seen nothing is found: an index has no bucket of this id.
    if (either.should.empty()) either.should.push_back(in_bucket(BucketId()));
    conditions_.push_back(std::move(either));
    return;
  }
  for (const auto& [id, name] : buckets_) {
    if (!question.sees_all_of || !question.sees_all_of(name)) guarded_[id] = name;
  }
}

}  // namespace atl::search
