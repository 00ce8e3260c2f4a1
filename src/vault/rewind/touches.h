// What chosen commands did to each object and to each row of the small tables: how it stood before them, how after.
//
// Always true:
//  - Taken from the commands themselves: one that replaces or removes a version writes it whole with its end, and that
//    is how the object stood before. Where a command changed a version in place (tags), the record names the version
//    row and the command, and RowsAt tells how it stood before that.
//  - Commands of others in between count: what is put back is the state before the newest run of chosen commands, so
//    that the work of others before that run stays.
//  - Memory is bounded: records lie in a run set.
#pragma once

#include <optional>
#include <string>

#include "store/journal/command.h"
#include "vault/rewind/rows_at.h"

namespace atl::vault {

// How an object stood before a command.
enum class Before : std::uint8_t {
  absent = 0,
  image = 1,    // the version, whole
  look_up = 2,  // the version's row as it stood before `moment`
  lost = 3,     // the command took the version away for good
};

struct TouchedObject {
  ObjectId object;
  BucketId bucket;
  std::string key;
  DomainNumber domain;
  Lsn moment;  // of the first command of the newest run
  Before before = Before::absent;
  VersionId before_version;
  Bytes before_row;  // of `image`, encoded, as if it had not ended
  bool is_there_after = false;
  VersionId after_version;
  Bytes after_words;        // words_of() the version; empty: not known
  bool is_foreign = false;  // somebody else's command touched it after the last chosen one
};

// A row of the small tables (buckets, policies, snapshots, schedules).
struct TouchedRow {
  journal::TableNumber table{};
  Bytes key;
  Lsn moment;
  std::optional<Bytes> after;
  bool is_foreign = false;
};

// Words of a version that had ended already when a command changed them: label, author, description, origin.
struct TouchedVersion {
  ObjectId object;
  VersionId version;
  BucketId bucket;
  std::string key;
  DomainNumber domain;
  Lsn moment;  // of the first command of the newest run
  Bytes after_words;
  bool is_foreign = false;
};

// What may change in a version without making a new one: tags, label, author, description, origin; as a digest.
[[nodiscard]] Bytes words_of(const catalog::VersionRow& version);
[[nodiscard]] bool can_be_put_back(journal::TableNumber table);

class Touches {
 public:
  // Records are kept in `set` under keys beginning with 'o', 'v' and 'r'.
  explicit Touches(StagedSet& set) : set_(&set) {}

  // In rising order. `from_first`: what is put back is the state before the very first chosen command.
  [[nodiscard]] Result<void> take(const journal::Command& command, bool is_chosen, bool from_first);
  [[nodiscard]] Result<void> for_each_object(const std::function<Result<void>(const TouchedObject&)>& visit);
  [[nodiscard]] Result<void> for_each_version(const std::function<Result<void>(const TouchedVersion&)>& visit);
  [[nodiscard]] Result<void> for_each_row(const std::function<Result<void>(const TouchedRow&)>& visit);
  // Versions that the chosen commands removed for good.
  [[nodiscard]] std::uint64_t erased() const { return erased_; }

 private:
  struct ObjectChange;
  [[nodiscard]] Result<void> take_objects(const journal::Command& command, const journal::Payload& payload,
                                          const std::vector<journal::RowChange>& changes, bool is_chosen,
                                          bool from_first);
  [[nodiscard]] Result<void> note_object(TouchedObject fresh, bool is_chosen, bool from_first);
  [[nodiscard]] Result<void> note_version(TouchedVersion fresh, bool is_chosen, bool from_first);
  [[nodiscard]] Result<void> note_row(const journal::RowChange& change, Lsn lsn, bool is_chosen, bool from_first);

  StagedSet* set_;
  std::uint64_t erased_ = 0;
};

}  // namespace atl::vault
