// Own vectors and the search: who asks is led by a graph, and the follower takes into it what waits for it.
#include <shared_mutex>

#include "derived/search/search_index.h"

namespace atl::search {
namespace {

constexpr std::size_t kObjectsAtOnce = 256;
// Objects that are compared one by one beside a graph; where more wait, it leads nowhere yet.
constexpr std::size_t kBesideMax = 1'000;

}  // namespace

// Its vectors wait for a graph where there is one for its bucket, unless they are what they were. (Document numbers of
// an object without members never change.)
Result<void> SearchIndex::queue_vectors(const catalog::Listed& listed, const std::optional<ObjectDocuments>& before,
                                        const ObjectDocuments& row) {
  if (before && before->bucket == row.bucket && before->key == row.key && before->extraction == row.extraction)
    return {};
  if (before) ATOLL_TRY(graphs_->remove(before->bucket, before->first));
  left_out_of_graphs_.erase(row.object);
  const bool is_wanted = is_vector_file(listed) && graphs_->covers(row.bucket);
  return book_->set_waiting(row.object, is_wanted, Queue::vectors);
}

Result<void> SearchIndex::begin_wanted_graphs(vault::Vault& vault, const Position& position) {
  const auto wanted = graphs_->take_wanted();
  if (wanted.empty()) return {};
  const auto reader = vault.reader();
  for (const auto& place : wanted) {
    // All of the bucket, so that nothing is missing from it.
    ATOLL_TRY(reader->scan(place.first, "", "", [&](const catalog::Listed& listed) -> Result<bool> {
      if (!is_vector_file(listed)) return true;
      ATOLL_ASSIGN(const auto row, book_->find(listed.entry.object));
      // What the book does not know yet comes with the journal.
      if (row) ATOLL_TRY(book_->set_waiting(row->object, true, Queue::vectors));
      return true;
    }));
    ATOLL_TRY(flush(position));
    ATOLL_TRY(graphs_->begin(vault, place));
  }
  return {};
}

Result<bool> SearchIndex::take_vectors(vault::Vault& vault, const Position& position, const CatchUpOptions& options,
                                       std::int64_t begun_ns) {
  ATOLL_TRY(begin_wanted_graphs(vault, position));
  const auto reader = vault.reader();
  ObjectId after;
  for (;;) {
    ATOLL_ASSIGN(const auto waiting, book_->waiting(after, kObjectsAtOnce, Queue::vectors));
    if (waiting.empty()) break;
    for (const auto& object : waiting) {
      if (is_over(vault, options, begun_ns)) {
        ATOLL_TRY(flush(position));
        return true;
      }
      after = object;
      if (left_out_of_graphs_.contains(object)) continue;
      ATOLL_ASSIGN(const auto row, book_->find(object));
      std::optional<catalog::Listed> listed;
      if (row) {
        ATOLL_ASSIGN(listed, reader->current(row->bucket, row->key));
        // Changed since: the journal brings it anew.
        if (listed && (listed->entry.object != object || listed->version.version != row->version)) continue;
      }
      std::optional<vector::NpyRows> rows;
      if (listed) {
        auto read = read_vectors(vault, listed->version);
        // It stays beside the graph, where whoever asks is told why it cannot be read.
        if (!read) {
          left_out_of_graphs_.insert(object);
          continue;
        }
        rows = std::move(*read);
      }
      if (rows) {
        ATOLL_ASSIGN(const bool is_in, graphs_->put(row->bucket, row->first, *rows));
        if (!is_in) {
          left_out_of_graphs_.insert(object);
          continue;
        }
      }
      ATOLL_TRY(book_->set_waiting(object, false, Queue::vectors));
      ATOLL_TRY(flush_if_full(position));
    }
  }
  return false;
}

Result<std::optional<VectorLead>> SearchIndex::lead_of(const BucketId& bucket, std::span<const float> vector,
                                                       std::size_t limit) const {
  const auto nothing = [] { return std::optional<VectorLead>(); };
  if (book_->waiting_count(Queue::vectors) > kBesideMax) return nothing();
  ATOLL_ASSIGN(const auto nearest, graphs_->nearest(bucket, vector, limit));
  if (!nearest) return nothing();
  VectorLead lead;
  lead.is_exact = nearest->is_exact;
  std::map<std::uint64_t, std::string> keys;  // of documents; empty: of none in this bucket
  for (const auto& row : nearest->rows) {
    auto [at, is_new] = keys.try_emplace(row.document);
    if (is_new) {
      ATOLL_ASSIGN(const auto owner, book_->owner_of(row.document));
      if (owner) {
        ATOLL_ASSIGN(const auto object, book_->find(owner->object));
        if (object && object->bucket == bucket) at->second = object->key;
      }
    }
    lead.rows.push_back({at->second, row.row, static_cast<double>(row.similarity)});
  }
  ATOLL_ASSIGN(const auto waiting, book_->waiting({}, kBesideMax, Queue::vectors));
  for (const auto& object : waiting) {
    ATOLL_ASSIGN(const auto row, book_->find(object));
    if (row && row->bucket == bucket) lead.beside.push_back(row->key);
  }
  return std::optional(std::move(lead));
}

Result<VectorAnswer> SearchIndex::nearest_vectors(vault::Vault& vault, const VectorQuestion& asked_question) const {
  const std::shared_lock shared(parts_mutex_);
  VectorQuestion question = asked_question;
  const auto reader = vault.reader();
  ATOLL_ASSIGN(const auto bucket, reader->bucket_named(question.bucket));
  ATOLL_ASSIGN(const Gates gates, Gates::read(*reader));
  const Gate* const gate = bucket && book_ && !question.shows_quarantined ? gates.of(bucket->id) : nullptr;
  std::set<ObjectId> left_out;
  std::optional<Error> trouble;
  if (gate != nullptr &&
      (!is_finished(bucket->id, gate->text) || book_->verdicts().counts(bucket->id).quarantined > 0)) {
    // A graph knows no gates: the nearest that it leads to could all be in quarantine.
    question.sees_everything = false;
    question.sees = [&, before = asked_question.sees](const catalog::Listed& listed) {
      if (before && !before(listed)) return false;
      const auto held = is_held_listed(*gate, listed);
      if (!held) trouble = held.error();
      if (held && *held && is_vector_file(listed)) left_out.insert(listed.entry.object);
      return held && !*held;
    };
  }
  ATOLL_ASSIGN(auto answer, nearest_of(vault, question));
  if (trouble) return pass(std::move(*trouble));
  answer.quarantined_left_out = left_out.size();
  return answer;
}

Result<VectorAnswer> SearchIndex::nearest_of(vault::Vault& vault, const VectorQuestion& question) const {
  if (!graphs_ || !book_) return own_vectors_.search(vault, question);
  BucketId asked;
  ATOLL_ASSIGN(auto answer,
               own_vectors_.search(vault, question,
                                   [&](const BucketId& bucket, std::span<const float> vector, std::size_t limit) {
                                     asked = bucket;
                                     return lead_of(bucket, vector, limit);
                                   }));
  // Each was compared, and they were many.
  if (answer.is_exact && answer.vectors > kGraphFrom && asked != BucketId{})
    graphs_->want({asked, static_cast<std::uint32_t>(question.vector.size())});
  return answer;
}

}  // namespace atl::search
