// Many objects from a stream into one bucket: content cut and stored as it comes, rows committed some thousands at a
// time.
//
// Always true:
//  - What flush() answered is durable; a broken-off run keeps whole batches, and the same stream again finds them
//    unchanged.
//  - Memory is bounded by a batch of rows and one window of content.
//  - What was begun on stays until it is flushed, whatever a collection does meanwhile.
// Thread rules: one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "vault/object/versions.h"

namespace atl::vault {

class BulkWriter {
 public:
  struct Counts {
    std::uint64_t created = 0, updated = 0, unchanged = 0;
    std::uint64_t bytes = 0;            // of content that came
    std::uint64_t new_bytes = 0;        // of chunks that were not there before
    std::uint64_t labels_left_out = 0;  // another version of the object has them, or they are none
  };
  // What old words mean where the content and all facts are what they were.
  enum class Words : std::uint8_t {
    replace,      // new metadata makes a new version
    keep_of_same  // the object stays as it is: the new words only describe where new content came from
  };

  // For callers who ask about each object, as if it were put alone.
  struct Told {
    std::string key;
    PutEffect effect = PutEffect::unchanged;
    std::uint64_t size = 0;
    std::optional<catalog::VersionRow> before;  // what was there, where it was changed
    std::optional<Error> refused;               // by `check`, or because its label is taken: nothing was changed
  };
  struct Rules {
    // On the committing thread, in the state that is changed, with the current version or null. Its error leaves out
    // this one object.
    std::function<Result<void>(const std::string& key, const catalog::VersionRow* current)> check;
    // Once for each object that was added, as soon as what became of it is durable.
    std::function<void(const Told&)> on_done;
  };

  // `bucket` exists. `wrong_key` where its keys are gone.
  [[nodiscard]] static Result<std::unique_ptr<BulkWriter>> open(Vault& vault, const catalog::BucketRow& bucket);
  BulkWriter(const BulkWriter&) = delete;
  BulkWriter& operator=(const BulkWriter&) = delete;
  BulkWriter(BulkWriter&&) = delete;
  BulkWriter& operator=(BulkWriter&&) = delete;
  ~BulkWriter() = default;  // what was not flushed is not stored

  // One content at a time; `first_bytes`, where wants_first_bytes(), come again with append(). begin() drops what was
  // begun and not finished.
  void begin(std::uint64_t expected_bytes, std::string_view name, ByteView first_bytes = {});
  [[nodiscard]] Result<void> append(ByteView bytes);
  // `version` holds kind, facts and words; content is filled in here, and size too where there are no holes.
  [[nodiscard]] Result<void> finish(const std::string& key, catalog::VersionRow version, Words words = Words::replace);
  // Said of every version that does not say it itself. Once, before the first.
  void set_origin(Origin origin) { origin_ = std::move(origin); }
  // From then on what was there becomes what the bucket's versioning makes of it (stage_version()), not history in any
  // case; a version with words (metadata, tags, type) of its own replaces one with others, one without any leaves those
  // of the same content and facts as they are. Once, before the first.
  void set_rules(Rules rules) { rules_ = std::move(rules); }
  // An object whose content needs nothing more: a folder, a link, or content that is stored already.
  [[nodiscard]] Result<void> add(const std::string& key, catalog::VersionRow version, Words words = Words::replace);
  // The version that `key` will have or has; none where there is no such object.
  [[nodiscard]] Result<std::optional<catalog::VersionRow>> find(const std::string& key);
  // Says of an object that was added, or is there, that other names share it (VersionRow::link_group).
  [[nodiscard]] Result<void> mark_linked(const std::string& key, const Bytes& link_group);
  [[nodiscard]] Result<void> flush();
  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  void say_origin(NewVersion& fresh, const std::vector<catalog::Source>& sources) const;
  BulkWriter(Vault& vault, catalog::BucketRow bucket, const codec::GearTable& gear);
  struct Pending {
    catalog::VersionRow version;
    Words words = Words::replace;
  };

  using Batch = std::map<std::string, Pending>;
  [[nodiscard]] Result<void> stage_carried(const CommitContext& context, ChangeSet& changes,
                                           Batch::const_iterator first, Batch::const_iterator end);
  [[nodiscard]] Result<void> stage_by_rules(const CommitContext& context, ChangeSet& changes,
                                            Batch::const_iterator first, Batch::const_iterator end);
  [[nodiscard]] Result<Told> stage_one(const CommitContext& context, ChangeSet& changes, const BucketState& bucket,
                                       const NewVersion& fresh);

  Vault* vault_;
  catalog::BucketRow bucket_;
  std::unique_ptr<chunk::ChunkUse> use_;
  std::unique_ptr<chunk::ChunkWriter> chunks_;
  ContentWriter writer_;
  OperationId operation_;
  Origin origin_;
  std::optional<Rules> rules_;
  std::vector<Told> told_;  // of the commands under way
  Batch batch_;             // a key stands in a command once
  std::uint64_t batch_bytes_ = 0;
  std::uint64_t batch_row_bytes_ = 0;
  std::int64_t last_flush_ns_ = 0;
  Counts counts_;
};

}  // namespace atl::vault
