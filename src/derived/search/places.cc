#include "derived/search/places.h"

#include <algorithm>

#include "derived/search/asked_words.h"
#include "derived/search/fields.h"

namespace atl::search {
namespace {

// Conditions for the places of one question: beyond them asking about each thing is no slower.
constexpr std::size_t kConditionsMax = 400;
// Spans of time in which things are asked about by key. Beyond them the catalog is asked.
constexpr std::size_t kAskedMax = 16;

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

bool is_indexed(std::string_view place) { return place.empty() || known_folder(place).size() == place.size(); }

// As seen, but with folders that the index knows alone: what lies in one of them, and in no longer one, is seen as it
// says, or has to be asked about where the index cannot tell what is and what is not.
using Folders = std::map<std::string, std::vector<Seen>>;

const std::vector<Seen>* deepest(const PlacesSeen& seen, std::string_view key) {
  const PlacesSeen::Place* found = nullptr;
  for (const auto& place : seen.places) {
    if (key.starts_with(place.prefix) && (found == nullptr || place.prefix.size() > found->prefix.size()))
      found = &place;
  }
  return found == nullptr ? nullptr : &found->seen;
}

Folders folders_of(const PlacesSeen& seen) {
  Folders folders;
  for (const auto& place : seen.places) {
    const std::string folder(known_folder(place.prefix));
    if (const auto* const there = deepest(seen, folder); there != nullptr) folders.emplace(folder, *there);
  }
  for (const auto& place : seen.places) {
    if (is_indexed(place.prefix)) continue;
    auto& merged = folders[std::string(known_folder(place.prefix))];
    merged.resize(place.seen.size(), Seen::no);
    for (std::size_t i = 0; i < merged.size(); ++i) {
      if (merged[i] != place.seen[i]) merged[i] = Seen::ask;
    }
  }
  return folders;
}

// Spans that follow each other, from the first to before the last.
struct Spans {
  std::size_t from = 0, to = 0;
};

bool is_whole(const Spans& spans, const PlacesSeen& seen) {
  return spans.from == 0 && spans.to == seen.since_us.size();
}

text::Query stored_in(const Spans& spans, const PlacesSeen& seen) {
  text::Query range;
  range.kind = text::Query::Kind::range;
  range.field = number(FieldNumber::stored);
  range.from = seen.since_us[spans.from];
  if (spans.to < seen.since_us.size()) range.to = seen.since_us[spans.to] - 1;
  return range;
}

// Their last moment: clocks that go on while it is asked make what was stored older, and that is still in the same
// span.
std::int64_t time_in(const Spans& spans, const PlacesSeen& seen) {
  return spans.to < seen.since_us.size() ? seen.since_us[spans.to] - 1 : INT64_MAX;
}

// What lies in the folder and was stored in those spans, without the folders within it of which another thing is said.
text::Query in_folder_then(const BucketId& bucket, const Folders& folders, const Folders::const_iterator& folder,
                           const Spans& spans, const PlacesSeen& seen) {
  text::Query part = boolean();
  part.must.push_back(in_folder(bucket, folder->first));
  if (!is_whole(spans, seen)) part.must.push_back(stored_in(spans, seen));
  for (auto other = std::next(folder); other != folders.end() && other->first.starts_with(folder->first); ++other) {
    bool is_same = true;
    for (std::size_t i = spans.from; i < spans.to; ++i)
      is_same = is_same && other->second[i] == folder->second[spans.from];
    if (!is_same) part.must_not.push_back(in_folder(bucket, other->first));
  }
  return part;
}

std::size_t conditions_in(const text::Query& query) {
  if (query.kind != text::Query::Kind::boolean) return 1;
  std::size_t count = 0;
  for (const auto* const parts : {&query.must, &query.should, &query.must_not}) {
    for (const text::Query& part : *parts) count += conditions_in(part);
  }
  return count;
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

Places::Look Places::look(const BucketId& bucket, std::string_view key) const {
  const auto found = looked_at_.find(bucket);
  if (found == looked_at_.end()) return Look::none;
  if (!found->second) return Look::by_catalog;
  const auto* const there = deepest(*found->second, key);
  // The index may not know the place, so what is not seen has to be asked about as well.
  if (there != nullptr && std::ranges::all_of(*there, [](Seen one) { return one == Seen::yes; })) return Look::none;
  return found->second->since_us.size() == 1 ? Look::by_key : Look::by_catalog;
}

void Places::constrain(text::Query& query) const {
  query.must.insert(query.must.end(), wanted_.begin(), wanted_.end());
  if (!is_limited_) return;
  text::Query either = sure_;
  for (const Asked& one : asked_) {
    if (one.where.kind == text::Query::Kind::everything) return;
    either.should.insert(either.should.end(), one.where.should.begin(), one.where.should.end());
  }
  // Of nothing that is seen nothing is found: an index has no bucket of this id.
  if (either.should.empty()) either.should.push_back(in_bucket(BucketId()));
  query.must.push_back(std::move(either));
}

void Places::constrain_to_sure(text::Query& query) const {
  query.must.insert(query.must.end(), wanted_.begin(), wanted_.end());
  if (!is_limited_) return;
  query.must.push_back(sure_.should.empty() ? in_bucket(BucketId()) : sure_);
}

void Places::constrain_to(const Asked& asked, text::Query& query) const {
  query.must.insert(query.must.end(), wanted_.begin(), wanted_.end());
  query.must.push_back(asked.where);
}

void Places::ask_for(const Question& question) {
  if (question.bucket.empty() || buckets_.empty()) {
    needs_keys_ = !question.prefix.empty();
    return;
  }
  const std::string_view folder = known_folder(question.prefix);
  wanted_.push_back(in_folder(buckets_.begin()->first, folder));
  needs_keys_ = folder.size() != question.prefix.size();
}

void Places::let_see(const Question& question) {
  sure_ = boolean();
  for (const auto& [id, name] : buckets_) {
    if (question.sees_all_of && question.sees_all_of(name)) {
      sure_.should.push_back(in_bucket(id));
      continue;
    }
    is_limited_ = true;
    if (auto seen = question.places_seen ? question.places_seen(name) : std::nullopt) {
      let_see(id, *seen, question.sees_key != nullptr);
    } else {
      looked_at_[id] = std::nullopt;
      add_asked(in_bucket(id), std::nullopt);
    }
  }
  std::size_t conditions = conditions_in(sure_);
  for (const Asked& one : asked_) conditions += conditions_in(one.where);
  if (!is_limited_ || conditions <= kConditionsMax) return;
  sure_.should.clear();
  asked_.clear();
  asked_.emplace_back().where = everything();
  for (const auto& [id, name] : buckets_) {
    if (!question.sees_all_of || !question.sees_all_of(name)) looked_at_[id] = std::nullopt;
  }
}

void Places::let_see(const BucketId& bucket, const PlacesSeen& seen, bool has_keys) {
  const Folders folders = folders_of(seen);
  for (auto folder = folders.begin(); folder != folders.end(); ++folder) {
    const auto& says = folder->second;
    for (Spans spans; spans.from < says.size(); spans.from = spans.to) {
      const Seen what = says[spans.from];
      spans.to = spans.from + 1;
      // Each span by itself where its time is asked with.
      while (spans.to < says.size() && says[spans.to] == what && what != Seen::ask) ++spans.to;
      if (what == Seen::no) continue;
      text::Query part = in_folder_then(bucket, folders, folder, spans, seen);
      if (what == Seen::yes) {
        sure_.should.push_back(std::move(part));
        continue;
      }
      add_asked(std::move(part), has_keys ? std::optional(time_in(spans, seen)) : std::nullopt);
      looked_at_[bucket] = has_keys ? std::optional(seen) : std::nullopt;
    }
  }
}

void Places::add_asked(text::Query where, std::optional<std::int64_t> stored_us) {
  auto there = std::ranges::find(asked_, stored_us, &Asked::stored_us);
  if (there == asked_.end() && asked_.size() >= kAskedMax) {
    stored_us.reset();
    there = std::ranges::find(asked_, stored_us, &Asked::stored_us);
  }
  if (there == asked_.end()) there = asked_.insert(asked_.end(), {boolean(), stored_us});
  there->where.should.push_back(std::move(where));
}

}  // namespace atl::search
