// What the quality gates of buckets say of objects: judged or not, passed or in quarantine.
//
// Always true:
//  - A verdict belongs to a name in a bucket, and there is one only for what a gate judged.
//  - The documents of everything in quarantine are known in memory: two bits for each document number, so that asking
//    costs nothing, and no more than 250 KB for a million documents.
//  - For each bucket that has or had a gate stands how far its objects were judged by it: after a change of the gate
//    all of them are judged again, in the order of their names, also across restarts.
//  - Derived: rows of the document book, flushed with it.
// Thread rules: reading from any thread, writing by one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "derived/search/object_documents.h"
#include "foundation/base/ids.h"
#include "store/run/run_set.h"

namespace atl::search {

enum class Verdict : std::uint8_t {  // stored
  none = 0,
  passed = 1,
  quarantined = 2,
};

struct VerdictCounts {
  std::uint64_t judged = 0;
  std::uint64_t quarantined = 0;
};

// How far the objects of a bucket were judged by that gate.
struct GateProgress {
  std::string gate;
  std::string after;  // names up to this one were
  bool is_done = false;
  friend bool operator==(const GateProgress&, const GateProgress&) = default;
};

class VerdictBook {
 public:
  explicit VerdictBook(run::RunSet& runs) : runs_(&runs) {}  // borrowed

  // Once, before anything is asked.
  [[nodiscard]] Result<void> load();
  // Of the object in its row, with the documents it has now.
  [[nodiscard]] Result<void> set(const ObjectDocuments& row, Verdict verdict);
  [[nodiscard]] Result<Verdict> of(const BucketId& bucket, std::string_view key) const;
  [[nodiscard]] bool is_quarantined(std::uint64_t document) const;
  // All in quarantine, ascending.
  [[nodiscard]] std::vector<std::uint64_t> documents() const;
  // The first documents of the objects that those belong to, each once. `documents`: in quarantine, ascending.
  [[nodiscard]] std::vector<std::uint64_t> firsts_of(const std::vector<std::uint64_t>& documents) const;
  [[nodiscard]] VerdictCounts counts(const BucketId& bucket) const;
  [[nodiscard]] VerdictCounts counts() const;  // of all buckets
  // Names in quarantine that begin with `prefix`, those behind `after`, in their order.
  [[nodiscard]] Result<void> for_each_quarantined(const BucketId& bucket, std::string_view prefix,
                                                  std::string_view after,
                                                  const std::function<Result<bool>(std::string_view key)>& visit) const;

  [[nodiscard]] std::map<BucketId, GateProgress> progress() const;
  // Everything in it was judged by that gate.
  [[nodiscard]] bool is_finished(const BucketId& bucket, std::string_view gate) const;
  // None: it has no gate, and nothing of it is judged.
  [[nodiscard]] Result<void> set_progress(const BucketId& bucket, const std::optional<GateProgress>& progress);

 private:
  void mark(std::uint64_t first, std::uint32_t count, bool is_in);

  run::RunSet* runs_;
  mutable std::shared_mutex mutex_;    // guards what follows
  std::vector<std::uint64_t> bits_;    // a bit for each document in quarantine
  std::vector<std::uint64_t> firsts_;  // of these, those that are the first of their object
  std::map<BucketId, VerdictCounts> counts_;
  std::map<BucketId, GateProgress> progress_;
};

}  // namespace atl::search
