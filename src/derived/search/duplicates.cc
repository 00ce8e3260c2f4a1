#include "derived/search/duplicates.h"

#include <algorithm>
#include <bit>
#include <map>
#include <mutex>
#include <numeric>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "derived/search/fields.h"
#include "derived/search/likeness.h"
#include "derived/search/quarantine.h"
#include "derived/search/search_index.h"
#include "vault/object/objects.h"

namespace atl::search {
namespace {

// Bounds of memory: some 32 MiB for objects that may be alike, 12 MiB each for sketches and members of groups.
constexpr std::size_t kComparedMax = 500'000;
constexpr std::size_t kPicturesMax = 1'000'000;
constexpr std::size_t kSketchesMax = 50'000;
constexpr std::size_t kMembersMax = 500'000;
// Of one list of candidates; texts of a template fill long ones.
constexpr std::size_t kListMax = 4'096;
constexpr std::size_t kLeadersMax = 8;
constexpr std::uint64_t kPictureComparisonsMax = 2'000'000'000;

// Sets that grow together (Tarjan, "Efficiency of a good but not linear set union algorithm", 1975), of things counted
// from 0.
class Sets {
 public:
  std::uint32_t add() {
    parents_.push_back(static_cast<std::uint32_t>(parents_.size()));
    return parents_.back();
  }
  std::uint32_t root_of(std::uint32_t one) {
    while (parents_[one] != one) one = parents_[one] = parents_[parents_[one]];
    return one;
  }
  void join(std::uint32_t a, std::uint32_t b) { parents_[root_of(a)] = root_of(b); }
  [[nodiscard]] std::size_t size() const { return parents_.size(); }

 private:
  std::vector<std::uint32_t> parents_;
};

// Objects that may be alike, with the sets they fall into.
class Candidates {
 public:
  // None where there are too many already.
  std::optional<std::uint32_t> number_of(const ObjectId& object) {
    const auto at = numbers_.find(object);
    if (at != numbers_.end()) return at->second;
    if (objects_.size() == kComparedMax) return std::nullopt;
    const std::uint32_t number = sets_.add();
    numbers_.emplace(object, number);
    objects_.push_back(object);
    return number;
  }
  [[nodiscard]] Sets& sets() { return sets_; }
  // Those of two and more.
  [[nodiscard]] std::vector<std::vector<ObjectId>> together() {
    std::map<std::uint32_t, std::vector<ObjectId>> by_root;
    for (std::uint32_t i = 0; i < objects_.size(); ++i) by_root[sets_.root_of(i)].push_back(objects_[i]);
    std::vector<std::vector<ObjectId>> out;
    for (auto& [root, objects] : by_root) {
      if (objects.size() > 1) out.push_back(std::move(objects));
    }
    return out;
  }

 private:
  std::unordered_map<ObjectId, std::uint32_t> numbers_;
  std::vector<ObjectId> objects_;
  Sets sets_;
};

// Pairs of hashes that differ in few bits, by multi-index hashing (Norouzi, Punjani, Fleet, CVPR 2012): of two hashes
// that differ in at most `distance` bits one of four quarters differs in at most distance / 4.
class NearHashes {
 public:
  NearHashes(const std::vector<std::uint64_t>& hashes, int distance) : hashes_(&hashes), distance_(distance) {}

  // False where it was broken off, for there were too many to compare.
  bool for_each_pair(const std::function<void(std::uint32_t, std::uint32_t)>& visit) {
    for (unsigned quarter = 0; quarter < 4; ++quarter) {
      index(quarter);
      for (std::uint32_t i = 0; i < hashes_->size(); ++i) {
        const std::uint32_t own = part(i, quarter);
        if (!probe(i, own, visit)) return false;
        for (unsigned a = 0; a < 16 && distance_ >= 4; ++a) {
          if (!probe(i, own ^ (1U << a), visit)) return false;
          for (unsigned b = a + 1; b < 16 && distance_ >= 8; ++b) {
            if (!probe(i, own ^ (1U << a) ^ (1U << b), visit)) return false;
          }
        }
      }
    }
    return true;
  }

 private:
  [[nodiscard]] std::uint32_t part(std::uint32_t i, unsigned quarter) const {
    return static_cast<std::uint32_t>((*hashes_)[i] >> (16 * quarter)) & 0xFFFFU;
  }
  void index(unsigned quarter) {
    begins_.assign(0x10001, 0);
    for (std::uint32_t i = 0; i < hashes_->size(); ++i) ++begins_[part(i, quarter) + 1];
    std::partial_sum(begins_.begin(), begins_.end(), begins_.begin());
    order_.resize(hashes_->size());
    auto next = begins_;
    for (std::uint32_t i = 0; i < hashes_->size(); ++i) order_[next[part(i, quarter)]++] = i;
  }
  bool probe(std::uint32_t i, std::uint32_t value, const std::function<void(std::uint32_t, std::uint32_t)>& visit) {
    compared_ += begins_[value + 1] - begins_[value];
    for (std::uint32_t at = begins_[value]; at < begins_[value + 1]; ++at) {
      const std::uint32_t j = order_[at];
      if (j > i && std::popcount((*hashes_)[i] ^ (*hashes_)[j]) <= distance_) visit(i, j);
    }
    return compared_ < kPictureComparisonsMax;
  }

  const std::vector<std::uint64_t>* hashes_;
  int distance_;
  std::vector<std::uint32_t> begins_;  // by part: where its hashes begin in order_
  std::vector<std::uint32_t> order_;
  std::uint64_t compared_ = 0;
};

// Of a version's stored bytes, in pieces that contents may share. Content of many chunks is one piece, its list.
using Pieces = std::map<ChunkId, std::uint64_t>;
Pieces pieces_of(const catalog::VersionRow& version) {
  Pieces pieces;
  for (const auto& part : version.content.parts) pieces[part.chunk] = part.length;
  return pieces;
}
std::uint64_t bytes_of(const Pieces& pieces) {
  return std::accumulate(pieces.begin(), pieces.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const auto& piece) { return sum + piece.second; });
}

void count_what_goes(DuplicateGroup& group) {
  std::map<ChunkId, std::uint32_t> holders;
  Pieces all;
  for (const auto& member : group.members) {
    group.bytes += member.listed.version.size;
    for (const auto& [chunk, length] : pieces_of(member.listed.version)) {
      ++holders[chunk];
      all[chunk] = length;
    }
  }
  for (auto& member : group.members) {
    for (const auto& [chunk, length] : pieces_of(member.listed.version)) {
      if (holders[chunk] == 1) member.frees += length;
    }
  }
  group.frees = bytes_of(all) - bytes_of(pieces_of(group.members.front().listed.version));
}

}  // namespace

class DuplicateSearch {
 public:
  using IsHeld = std::function<Result<bool>(const catalog::Listed& listed)>;  // in quarantine
  DuplicateSearch(const LikenessBook& likeness, const DocumentBook& book, vault::Vault& vault,
                  const DuplicateQuestion& question, IsHeld is_held)
      : likeness_(&likeness),
        book_(&book),
        question_(&question),
        is_held_(std::move(is_held)),
        reader_(vault.reader()) {}

  Result<DuplicateAnswer> run() {
    ATOLL_TRY(read_buckets());
    switch (question_->like) {
      case Likeness::exact: ATOLL_TRY(gather_exact()); break;
      case Likeness::text: ATOLL_TRY(gather_texts()); break;
      case Likeness::picture: ATOLL_TRY(gather_pictures()); break;
    }
    prune();
    DuplicateAnswer answer;
    answer.group_count = group_count_;
    answer.extra_count = extra_count_;
    answer.bytes = extra_bytes_;
    answer.is_complete = is_complete_;
    for (std::size_t at = question_->offset; at < groups_.size() && answer.groups.size() < question_->limit; ++at) {
      ATOLL_ASSIGN(auto group, show(groups_[at]));
      if (group.members.size() > 1) answer.groups.push_back(std::move(group));
    }
    answer.has_more = groups_.size() > question_->offset + question_->limit;
    answer.quarantined_left_out = held_.size();
    return answer;
  }

 private:
  struct Member {
    ObjectId object;
    std::string bucket;
    catalog::Listed listed;
    Signature signature;
  };
  // A group with as little of it as is needed to find it again.
  struct Gathered {
    std::vector<std::pair<ObjectId, double>> members;  // and how much like the first
    std::uint64_t bytes = 0;                           // of all but the first
    bool has_more = false;
  };

  Result<void> read_buckets() {
    ATOLL_ASSIGN(const auto buckets, reader_->buckets());
    for (const auto& bucket : buckets) {
      if (question_->bucket.empty() || bucket.name == question_->bucket) bucket_names_[bucket.id] = bucket.name;
    }
    if (question_->bucket.empty() || !bucket_names_.empty()) return {};
    return fail(ErrorKind::not_found, "bucket.not_found", "there is no bucket " + question_->bucket,
                "`atoll ls` lists them.");
  }

  // None of what is not asked for, may not be seen, is in quarantine, or is not any more what it was when it was looked
  // at.
  Result<std::optional<Member>> member(const ObjectId& object) {
    ATOLL_ASSIGN(const auto row, book_->find(object));
    if (!row || !row->key.starts_with(question_->prefix)) return std::nullopt;
    const auto bucket = bucket_names_.find(row->bucket);
    if (bucket == bucket_names_.end()) return std::nullopt;
    ATOLL_ASSIGN(auto listed, reader_->current(row->bucket, row->key));
    if (!listed || listed->entry.object != object) return std::nullopt;
    ATOLL_ASSIGN(auto signature, likeness_->find(object));
    if (!signature || signature->content != content_digest(listed->version)) return std::nullopt;
    if (question_->sees && !question_->sees(bucket->second, *listed)) return std::nullopt;
    ATOLL_ASSIGN(const bool is_held, is_held_(*listed));
    if (is_held) {
      held_.insert(object);
      return std::nullopt;
    }
    return Member{object, bucket->second, std::move(*listed), *signature};
  }

  Result<std::vector<Member>> members(const std::vector<ObjectId>& objects) {
    std::vector<Member> out;
    for (const auto& object : objects) {
      ATOLL_ASSIGN(auto one, member(object));
      if (one) out.push_back(std::move(*one));
    }
    std::ranges::stable_sort(out, [this](const Member& a, const Member& b) { return is_rather_kept(a, b); });
    return out;
  }

  [[nodiscard]] bool is_rather_kept(const Member& a, const Member& b) const {
    const auto& one = a.listed.version;
    const auto& other = b.listed.version;
    switch (question_->like) {
      case Likeness::exact: break;
      case Likeness::text: {
        const std::int64_t date = date_of(one, nullptr);
        const std::int64_t other_date = date_of(other, nullptr);
        if (date != other_date) return date > other_date;
        break;
      }
      case Likeness::picture:
        if (one.size != other.size) return one.size > other.size;
        break;
    }
    return std::tie(one.begin, a.object) < std::tie(other.begin, b.object);
  }

  [[nodiscard]] double likeness_of(const Signature& a, const Signature& b) const {
    if (a.content == b.content) return 1;
    if (question_->like == Likeness::text && a.text && b.text) return similarity(*a.text, *b.text);
    if (question_->like == Likeness::picture && a.picture && b.picture)
      return picture_similarity(*a.picture, *b.picture);
    return 0;
  }

  Result<void> gather_exact() {
    return likeness_->for_each_same_content(kGroupMembersMax,
                                            [&](const std::vector<ObjectId>& objects, bool is_cut) -> Result<bool> {
                                              ATOLL_ASSIGN(const auto all, members(objects));
                                              Gathered group;
                                              for (const auto& one : all) group.members.emplace_back(one.object, 1.0);
                                              if (all.size() > 1)
                                                group.bytes = all.front().listed.version.size * (all.size() - 1);
                                              group.has_more = is_cut;
                                              keep(std::move(group));
                                              return true;
                                            });
  }

  Result<void> gather_texts() {
    Candidates candidates;
    ATOLL_TRY(
        likeness_->for_each_same_band(kListMax, [&](const std::vector<ObjectId>& objects, bool is_cut) -> Result<bool> {
          is_complete_ = is_complete_ && !is_cut;
          std::vector<std::uint32_t> leaders;
          std::vector<TextSketch> sketches;
          for (const auto& object : objects) {
            const auto number = candidates.number_of(object);
            if (!number) {
              is_complete_ = false;
              return false;
            }
            ATOLL_ASSIGN(const auto sketch, sketch_of_object(object));
            if (!sketch) continue;
            bool is_led = false;
            for (std::size_t i = 0; i < leaders.size() && !is_led; ++i) {
              auto& sets = candidates.sets();
              is_led = sets.root_of(leaders[i]) == sets.root_of(*number);
              if (!is_led && similarity(sketches[i], *sketch) >= question_->threshold) {
                sets.join(*number, leaders[i]);
                is_led = true;
              }
            }
            if (is_led || leaders.size() == kLeadersMax) continue;
            leaders.push_back(*number);
            sketches.push_back(*sketch);
          }
          return true;
        }));
    return divide(candidates);
  }

  Result<std::optional<TextSketch>> sketch_of_object(const ObjectId& object) {
    const auto at = sketches_.find(object);
    if (at != sketches_.end()) return at->second;
    ATOLL_ASSIGN(const auto signature, likeness_->find(object));
    if (!signature || !signature->text) return std::nullopt;
    if (sketches_.size() == kSketchesMax) sketches_.clear();
    sketches_.emplace(object, *signature->text);
    return signature->text;
  }

  Result<void> gather_pictures() {
    std::vector<std::pair<std::uint64_t, ObjectId>> pictures;
    ATOLL_TRY(likeness_->for_each_picture([&](const ObjectId& object, std::uint64_t picture) -> Result<bool> {
      is_complete_ = pictures.size() < kPicturesMax;
      if (is_complete_) pictures.emplace_back(picture, object);
      return is_complete_;
    }));
    std::ranges::sort(pictures);
    // Each hash once: the same picture a hundred times is compared with others once.
    std::vector<std::uint64_t> hashes;
    std::vector<std::size_t> begins;
    for (std::size_t i = 0; i < pictures.size(); ++i) {
      if (i > 0 && pictures[i].first == pictures[i - 1].first) continue;
      hashes.push_back(pictures[i].first);
      begins.push_back(i);
    }
    begins.push_back(pictures.size());
    Candidates candidates;
    const auto join = [&](std::size_t a, std::size_t b) {
      const auto one = candidates.number_of(pictures[a].second);
      const auto other = candidates.number_of(pictures[b].second);
      if (one && other) candidates.sets().join(*one, *other);
      is_complete_ = is_complete_ && one && other;
    };
    for (std::size_t i = 0; i < hashes.size(); ++i) {
      for (std::size_t at = begins[i] + 1; at < begins[i + 1]; ++at) join(begins[i], at);
    }
    const int distance = static_cast<int>((1 - question_->threshold) * 64 + 1e-9);
    NearHashes near(hashes, distance);
    const bool was_whole = near.for_each_pair([&](std::uint32_t a, std::uint32_t b) { join(begins[a], begins[b]); });
    is_complete_ = is_complete_ && was_whole;
    pictures.clear();
    return divide(candidates);
  }

  // Sets hold what is like something in them; groups what is like the one that is kept.
  Result<void> divide(Candidates& candidates) {
    for (auto& objects : candidates.together()) {
      if (objects.size() > kListMax) {
        objects.resize(kListMax);
        is_complete_ = false;
      }
      ATOLL_ASSIGN(auto left, members(objects));
      while (left.size() > 1) {
        const Signature first = left.front().signature;
        Gathered group;
        std::vector<Member> others;
        bool has_other_content = false;
        for (auto& one : left) {
          const double alike = likeness_of(first, one.signature);
          if (alike < question_->threshold) {
            others.push_back(std::move(one));
            continue;
          }
          if (!group.members.empty()) group.bytes += one.listed.version.size;
          has_other_content = has_other_content || one.signature.content != first.content;
          group.has_more = group.has_more || group.members.size() == kGroupMembersMax;
          if (group.members.size() < kGroupMembersMax) group.members.emplace_back(one.object, alike);
        }
        if (group.members.size() > 1) {
          std::ranges::stable_sort(group.members.begin() + 1, group.members.end(),
                                   [](const auto& a, const auto& b) { return a.second > b.second; });
        }
        // Copies of one content alone are not alike but the same: asked for as such.
        if (has_other_content) keep(std::move(group));
        left = std::move(others);
      }
    }
    return {};
  }

  void keep(Gathered group) {
    if (group.members.size() < 2) return;
    ++group_count_;
    extra_count_ += group.members.size() - 1;
    extra_bytes_ += group.bytes;
    members_ += group.members.size();
    groups_.push_back(std::move(group));
    if (groups_.size() >= 2 * kGroupsMax || members_ > kMembersMax) prune();
  }

  // Leaves the groups that take the most room.
  void prune() {
    std::ranges::stable_sort(groups_, [](const Gathered& a, const Gathered& b) {
      return a.bytes != b.bytes ? a.bytes > b.bytes : a.members.front().first < b.members.front().first;
    });
    members_ = 0;
    std::size_t kept = 0;
    while (kept < std::min(groups_.size(), kGroupsMax) && members_ + groups_[kept].members.size() <= kMembersMax / 2)
      members_ += groups_[kept++].members.size();
    is_complete_ = is_complete_ && kept == groups_.size();
    groups_.resize(kept);
  }

  Result<DuplicateGroup> show(const Gathered& gathered) {
    DuplicateGroup group;
    group.has_more = gathered.has_more;
    for (const auto& [object, alike] : gathered.members) {
      ATOLL_ASSIGN(auto one, member(object));
      if (one) group.members.push_back({std::move(one->bucket), std::move(one->listed), alike, 0});
    }
    if (!group.members.empty()) count_what_goes(group);
    return group;
  }

  const LikenessBook* likeness_;
  const DocumentBook* book_;
  const DuplicateQuestion* question_;
  IsHeld is_held_;
  std::unordered_set<ObjectId> held_;
  std::unique_ptr<catalog::CatalogReader> reader_;
  std::map<BucketId, std::string> bucket_names_;
  std::unordered_map<ObjectId, TextSketch> sketches_;
  std::vector<Gathered> groups_;
  std::size_t members_ = 0;  // of groups_
  std::uint64_t group_count_ = 0, extra_count_ = 0, extra_bytes_ = 0;
  bool is_complete_ = true;
};

namespace {

Result<void> check(const DuplicateQuestion& question) {
  const double least = question.like == Likeness::text      ? kTextLikenessMin
                       : question.like == Likeness::picture ? kPictureLikenessMin
                                                            : 0.0;
  if (question.like != Likeness::exact && !(question.threshold >= least && question.threshold <= 1)) {
    return fail(ErrorKind::usage, "search.bad_threshold",
                std::string("how much alike two of them have to be is ") +
                    (question.like == Likeness::text ? "0.8 to 1 of texts" : "0.85 to 1 of pictures"),
                "Less alike than that, too few of those that are there would be found.");
  }
  if (question.limit == 0 || question.limit > kLimitMax || question.offset > kGroupsMax) {
    return fail(ErrorKind::limit, "search.too_far",
                "at most " + std::to_string(kLimitMax) + " groups at once, and the first " + std::to_string(kGroupsMax),
                "Ask within a bucket or folder.");
  }
  return {};
}

}  // namespace

Result<std::vector<const Duplicate*>> remove_extras(vault::Vault& vault, std::span<const DuplicateGroup> groups) {
  const auto operation = platform::new_id<OperationId>(vault.machine());
  std::vector<const Duplicate*> removed;
  for (const auto& group : groups) {
    std::vector<const Duplicate*> of_group;
    const auto stage = [&](const vault::CommitContext& context, vault::ChangeSet& changes) -> Result<void> {
      for (const auto& member : group.members) {
        const auto& [bucket_id, key] = std::tie(member.listed.entry.bucket, member.listed.entry.key);
        ATOLL_ASSIGN(const auto entry, context.state.entry(bucket_id, key));
        const bool is_as_shown = entry && !entry->is_deleted && entry->version == member.listed.version.version;
        const bool is_first = &member == &group.members.front();
        if (is_first && !is_as_shown) return {};
        if (is_first || !is_as_shown) continue;
        ATOLL_ASSIGN(const auto bucket, context.state.bucket(bucket_id));
        if (!bucket) continue;
        ATOLL_TRY(vault::stage_remove(context, changes, *bucket, key));
        of_group.push_back(&member);
      }
      return {};
    };
    ATOLL_TRY(vault.commit(journal::CommandKind::remove_objects, stage, operation));
    removed.insert(removed.end(), of_group.begin(), of_group.end());
  }
  return removed;
}

Result<DuplicateAnswer> SearchIndex::duplicates(vault::Vault& vault, const DuplicateQuestion& question) const {
  ATOLL_TRY(check(question));
  ATOLL_ASSIGN(const auto covered, coverage(vault));
  const std::shared_lock shared(parts_mutex_);
  ATOLL_TRY(check_open());
  const bool is_of_pictures = question.like == Likeness::picture;
  const auto reader = vault.reader();
  ATOLL_ASSIGN(const auto gates, Gates::read(*reader));
  const auto is_held = [&](const catalog::Listed& listed) -> Result<bool> {
    const Gate* const gate = question.shows_quarantined ? nullptr : gates.of(listed.entry.bucket);
    return gate == nullptr ? Result<bool>(false) : is_held_listed(*gate, listed);
  };
  ATOLL_ASSIGN(auto answer, DuplicateSearch(*likeness_, *book_, vault, question, is_held).run());
  if (is_of_pictures && answer.group_count == 0 && covered.previews_waiting > 0 &&
      !pictures_->readers().make_previews) {
    return fail(ErrorKind::unsupported, "duplicates.no_pictures",
                "pictures cannot be looked at here, so not all of them can be compared",
                "The program atoll-previews does that, where it lies beside atoll and --previews is not off. Pictures "
                "that are the same to the byte are found as exact duplicates.");
  }
  answer.is_complete = answer.is_complete && is_likeness_whole_ && covered.is_complete();
  if (is_of_pictures) answer.is_complete = answer.is_complete && covered.previews_waiting == 0;
  answer.coverage = covered;
  return answer;
}

}  // namespace atl::search
