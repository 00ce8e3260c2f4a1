// Where a thing has to lie to be an answer: the bucket and the beginning of keys that are asked for, and the places
// that whoever asks may see. As much of it as can be is said to the word index, which knows each thing's bucket and
// folders, so that nothing has to be looked up only to be left out.
//
// Always true: what constrain() leaves out may be left out; what it lets through may still have to be left out: where
// is_guarded() says so by a look at each thing, where needs_keys() by its key.
// Thread rules: const after of(); any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "derived/search/question.h"
#include "derived/text/query.h"

namespace atl::search {

class Places {
 public:
  Places() = default;
  [[nodiscard]] static Result<Places> of(const Question& question, catalog::CatalogReader& reader);

  // Those that are asked, with their names.
  [[nodiscard]] const std::map<BucketId, std::string>& buckets() const { return buckets_; }
  [[nodiscard]] const std::string* name_of(const BucketId& bucket) const;  // null: not asked
  // Of these: where each thing has to be asked about by itself.
  [[nodiscard]] const std::map<BucketId, std::string>& guarded() const { return guarded_; }
  [[nodiscard]] bool is_guarded(const BucketId& bucket) const { return guarded_.contains(bucket); }
  // The beginning of keys ends within a name, or too deep: constrain() says less than it.
  [[nodiscard]] bool needs_keys() const { return needs_keys_; }
  // constrain() says something.
  [[nodiscard]] bool is_narrow() const { return !conditions_.empty(); }
  // Adds to what must hold.
  void constrain(text::Query& query) const;

 private:
  void ask_for(const Question& question);
  void let_see(const Question& question);

  std::map<BucketId, std::string> buckets_;
  std::map<BucketId, std::string> guarded_;
  bool needs_keys_ = false;
  std::vector<text::Query> conditions_;
};

}  // namespace atl::search
