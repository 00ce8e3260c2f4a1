// The versions of objects as S3 understands them: a bucket keeps every version under an id, or one without.
//
//                 enabled                        off                        suspended
//   put           old one ends, new one          old one is gone for good   the one without an id is replaced
//   remove        a delete marker is the latest  gone for good              the same, and a marker without an id
//   remove id     that one is gone for good; what was before it is the latest again
//
// Always true:
//  - "Gone for good" is an erasure (catalog/keeping_rows.h): gc frees the content at once. What a snapshot keeps ends
//  in
//    place of that; what a lock or the bucket's retention keeps is refused where it was named by its id.
//  - Which versions have no id follows from when they began (BucketSettingsRow::versioning): nothing is stored for it.
//    At most one of an object counts as the one without; older ones, which other doors than S3 made, have their ids.
//  - A bucket without settings of its own that keeps history (`atoll put` made it) has versioning enabled.
//  - An object that was removed without a marker shows one all the same, as its latest.
// The stage functions are parts of a command's builder (vault/commit.h).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/s3_rows.h"
#include "vault/object/objects.h"

namespace atl::vault {

struct BucketState {
  catalog::BucketRow bucket;
  std::optional<catalog::BucketSettingsRow> settings;

  [[nodiscard]] catalog::Versioning versioning() const;
  [[nodiscard]] bool was_ever_versioned() const;
  // Whether a version that began then is known by its id.
  [[nodiscard]] bool has_id(Lsn begin) const;
  [[nodiscard]] bool has_object_lock() const { return settings && settings->has_object_lock; }
};
[[nodiscard]] Result<BucketState> bucket_state(catalog::CatalogReader& state, const std::string& name);  // `not_found`
// To be changed and put back: made where there is none, so that nothing changes by its being there.
[[nodiscard]] catalog::BucketSettingsRow settings_to_change(const BucketState& state);

// One of an object's versions, or a delete marker among them.
struct ObjectVersion {
  VersionId id;
  bool has_id = true;  // false: known as "null"
  bool is_latest = false;
  bool is_marker = false;
  Lsn begin;
  Timestamp begin_time;
  catalog::VersionRow row;  // not of a marker
};
// Newest first.
[[nodiscard]] Result<std::vector<ObjectVersion>> object_versions(catalog::CatalogReader& reader,
                                                                 const BucketState& state,
                                                                 const catalog::EntryRow& entry);

// Asked in the state that a command is built on, with the current version or null; its error refuses the command.
using Condition = std::function<Result<void>(const catalog::VersionRow* current)>;

struct VersionChange {
  VersionId id;  // of the version or marker that was made or removed
  bool has_id = false;
  bool is_marker = false;
  bool existed = false;  // there was something by that name before
  // Of what a reader without an id sees.
  std::int64_t bytes_change = 0;
  std::int64_t objects_change = 0;
  catalog::Listed stored;  // by stage_version(): as the command has it, whatever others make of it afterwards
};

// Of a version that is to be made; see catalog::VersionTermsRow.
struct VersionTerms {
  catalog::LockMode mode = catalog::LockMode::none;
  Timestamp until;
  bool is_held = false;
  std::string access_list;
  std::string part_sizes;
};

// A new version in every case, with exactly the words it brings. `conflict` "label.taken" changes nothing.
[[nodiscard]] Result<VersionChange> stage_version(const CommitContext& context, ChangeSet& changes,
                                                  const BucketState& state, const NewVersion& fresh,
                                                  const VersionId& id, const std::string& actor,
                                                  const VersionTerms& terms, const Condition& check);
[[nodiscard]] Result<VersionChange> stage_removal_by_name(const CommitContext& context, ChangeSet& changes,
                                                          const BucketState& state, const std::string& key,
                                                          const VersionId& marker_id, const std::string& actor,
                                                          const Condition& check);
// `id`: none means the one without an id. `denied` "version.locked", `conflict` "erase.kept".
[[nodiscard]] Result<VersionChange> stage_removal_by_id(const CommitContext& context, ChangeSet& changes,
                                                        const BucketState& state, const std::string& key,
                                                        const std::optional<VersionId>& id, const std::string& actor,
                                                        bool may_bypass_governance);

// `denied` "version.locked" where a lock keeps the version from being removed for good.
[[nodiscard]] Result<void> check_lock(catalog::CatalogReader& state, const catalog::VersionRow& version, Timestamp now,
                                      bool may_bypass_governance);

// Changes with the content and with nothing else: what was stored with it, else a digest of the content reference and
// "-1", which S3's clients know not to compare with an MD5.
[[nodiscard]] std::string etag_of(const catalog::VersionRow& version);
[[nodiscard]] std::string etag_of(const catalog::ContentReference& content, std::uint64_t size);

// Streams from `read` into chunks; those that are new go to packs of `tier`, those that are there stay where they are.
// The reference is good for a command of commit_content(); `use` is kept until that has returned. What was read lies
// where `read` wrote it until its `out` is full, and after the end until `settle` was called, which it always is.
struct StoredContent {
  std::unique_ptr<chunk::ChunkUse> use;
  catalog::ContentReference content;
  std::uint64_t bytes = 0;
  std::uint64_t new_bytes = 0;
};
[[nodiscard]] Result<StoredContent> store_content(Vault& vault, const catalog::BucketRow& bucket,
                                                  std::uint64_t expected_bytes, std::string_view name,
                                                  const Objects::ReadSome& read,
                                                  chunk::Temperature tier = chunk::Temperature::warm,
                                                  const std::function<void()>& settle = {});

}  // namespace atl::vault
