// Where a thing has to lie to be an answer: the bucket and the beginning of keys that are asked for, and the places and
// times of storing that whoever asks may see. As much of it as can be is said to the word index, which knows each
// thing's bucket, folders and time, so that nothing has to be looked up only to be left out.
//
// Always true: what constrain() leaves out may be left out; what it lets through may still have to be left out: by its
// key where needs_keys(), as look() says where !is_sure().
// Thread rules: const after of(); any thread.
#pragma once

#include <cstdint>
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
  // Things each of which has to be asked about.
  struct Asked {
    text::Query where;
    // By their keys, as if stored then; none: by what the catalog says of them.
    std::optional<std::int64_t> stored_us;
  };
  // How it is asked about what constrain() let through.
  enum class Look : std::uint8_t {
    none,
    by_key,  // Question::sees_key, with any time
    by_catalog
  };

  Places() = default;
  [[nodiscard]] static Result<Places> of(const Question& question, catalog::CatalogReader& reader);

  // Those that are asked, with their names.
  [[nodiscard]] const std::map<BucketId, std::string>& buckets() const { return buckets_; }
  [[nodiscard]] const std::string* name_of(const BucketId& bucket) const;  // null: not asked
  // The beginning of keys ends within a name, or too deep: constrain() says less than it.
  [[nodiscard]] bool needs_keys() const { return needs_keys_; }
  // Nothing has to be asked about.
  [[nodiscard]] bool is_sure() const { return asked_.empty(); }
  [[nodiscard]] const std::vector<Asked>& asked() const { return asked_; }
  [[nodiscard]] Look look(const BucketId& bucket, std::string_view key) const;
  // Adds to what must hold: for all that may be told, for what surely may be, for what has to be asked about.
  void constrain(text::Query& query) const;
  void constrain_to_sure(text::Query& query) const;
  void constrain_to(const Asked& asked, text::Query& query) const;

 private:
  void ask_for(const Question& question);
  void let_see(const Question& question);
  void let_see(const BucketId& bucket, const PlacesSeen& seen, bool has_keys);
  // Each of the things must be asked about that lie there and were stored between the two.
  void add_asked(text::Query where, std::optional<std::int64_t> stored_us);

  std::map<BucketId, std::string> buckets_;
  bool needs_keys_ = false;
  std::vector<text::Query> wanted_;  // what is asked for
  bool is_limited_ = false;          // not everything of it may be told, but only
  text::Query sure_;                 // this surely,
  std::vector<Asked> asked_;         // and these, if they are seen
  // Of buckets in which something has to be asked about; none: by the catalog.
  std::map<BucketId, std::optional<PlacesSeen>> looked_at_;
};

}  // namespace atl::search
