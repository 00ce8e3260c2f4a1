// The quality gates of a vault's buckets as they are set, and who is in quarantine by them.
//
// Always true:
//  - Only files are judged. By their name and facts, tags, metadata, and by what their contents say about themselves;
//    what counts on a content that nobody has read yet is not met until it was read.
//  - A judgement is derived: made by the follower, kept in the verdict book, made anew with the index. A list of
//    reasons is made when it is asked for, by the gate that is set then.
// Thread rules: values.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/filter/requirement.h"
#include "derived/extract/extraction.h"
#include "derived/search/object_documents.h"
#include "derived/search/question.h"

namespace atl::search {

struct Gate {
  std::string text;
  std::optional<filter::Requirement> requirement;  // none: a newer program wrote it, and nothing meets it here
};

class Gates {
 public:
  [[nodiscard]] static Result<Gates> read(catalog::CatalogReader& reader);
  [[nodiscard]] const Gate* of(const BucketId& bucket) const;  // null: it has none
  [[nodiscard]] const std::map<BucketId, Gate>& all() const { return gates_; }

 private:
  std::map<BucketId, Gate> gates_;
};

// Why an object does not meet it; empty: it does. `extraction` null: its content was not read yet, or it has none, or
// the gate does not ask what it says. `trouble`: of reading it.
[[nodiscard]] std::vector<filter::Unmet> unmet_of(const Gate& gate, const catalog::Listed& listed,
                                                  const extract::Extraction* extraction, filter::Reading reading,
                                                  std::string_view trouble);

struct QuarantineQuestion {
  std::string bucket;  // name; empty: all, in the order of their names
  std::string prefix;
  std::optional<ObjectName> after;  // what stands behind this one
  std::size_t limit = 20;           // 1..kLimitMax
  // What may be told to whoever asks; null: everything.
  std::function<bool(const std::string& bucket, const catalog::Listed& listed)> sees;
};

struct Quarantined {
  std::string bucket;
  catalog::Listed listed;
  std::vector<filter::Unmet> reasons;
};

struct QuarantineAnswer {
  std::vector<Quarantined> objects;
  bool has_more = false;
  Coverage coverage;
};

// Of one bucket.
struct GateState {
  BucketId bucket;
  std::string name;
  std::string gate;
  std::uint64_t judged = 0, quarantined = 0;
  bool is_finished = false;  // false: it changed, and not everything was judged by it yet
};

}  // namespace atl::search
