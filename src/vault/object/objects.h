// Buckets and objects of a vault, one at a time: what the command line, and later REST and S3, do with them.
//
// Always true:
//  - A key is 1..16,384 bytes without NUL, compared with memcmp, never normalised.
//  - A bucket's name follows S3's rules and is unique in its vault.
//  - Overwriting keeps the object's id and ends the old version; removing keeps the entry as deleted.
//  - A command that changes anything a reader sees of an object puts its entry, also where the entry stays as it is:
//    the journal alone says which names a command touched. A version that ends is written whole, with its end.
//  - What is answered is durable.
//  - Content, facts and metadata make a version. Label, author, description, sources and transformation are said of
//  one:
//    given anew for content that stays as it is, they are attached to the current version where it says nothing there
//    yet, and begin a new version with the same content where it says something else.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "vault/object/content.h"
#include "vault/object/labels.h"
#include "vault/vault.h"

namespace atl::vault {

inline constexpr std::size_t kKeyBytesMax = 16'384;

// S3: 3..63 of a-z 0-9 . -, beginning and ending with a letter or digit, no "..", not shaped like an IPv4 address.
[[nodiscard]] Result<void> check_bucket_name(std::string_view name);
[[nodiscard]] Result<void> check_key(std::string_view key);
// The rule by which a folder gets its bucket: its last name, A-Z lowered, everything else but a-z 0-9 - . turned into
// '-', runs of '-' made one, ends trimmed, cut at 63; shorter than 3: "-files" is added. "My Photos" -> "my-photos".
[[nodiscard]] std::string bucket_name_for(std::string_view folder_path);

// "bucket" or "bucket/key…"
struct Address {
  std::string bucket;
  std::string key;         // or prefix; may be empty
  bool has_slash = false;  // "bucket/" was written
};
[[nodiscard]] Result<Address> parse_address(std::string_view text);

// What a new version is made of besides its content; the committing thread adds ids, LSN and times.
struct NewVersion {
  std::string key;
  catalog::VersionRow version;  // object, version, bucket, begin*, end*, actor, operation are filled in on commit
  // What label, author, description, sources and transformation in `version` are:
  enum class Words : std::uint8_t {
    carried,       // of a version that is new; where nothing changes they are left out, and so is a label that is taken
    given_to_new,  // the same, but a label that is taken is a conflict
    given,         // said by somebody of this object: see the top of this file
  };
  Words words = Words::carried;
  ChangeSize change = ChangeSize::automatic;  // for semantic labels
};
enum class PutEffect : std::uint8_t { created, updated, unchanged };

// True where a reader could tell no difference in what an object is; facts that only serve to recognise an unchanged
// source are left out, and so are label, author and sources.
[[nodiscard]] bool reads_the_same(const catalog::VersionRow& a, const catalog::VersionRow& b);
// Adds to `changes` what putting `fresh` means in the state that `context` shows: a new object, a new version of an old
// one, or only newer facts about the source where content and everything a reader sees are the same.
[[nodiscard]] Result<PutEffect> stage_put(const CommitContext& context, ChangeSet& changes,
                                          const catalog::BucketRow& bucket, const NewVersion& fresh,
                                          const VersionId& version_id, std::string_view actor,
                                          const OperationId& operation, LabelScheme scheme);
// The same for one object: looks up the bucket's label_scheme() by itself.
[[nodiscard]] Result<PutEffect> stage_put(const CommitContext& context, ChangeSet& changes,
                                          const catalog::BucketRow& bucket, const NewVersion& fresh,
                                          const VersionId& version_id, std::string_view actor,
                                          const OperationId& operation);
// `not_found` where there is no such object.
[[nodiscard]] Result<void> stage_remove(const CommitContext& context, ChangeSet& changes,
                                        const catalog::BucketRow& bucket, std::string_view key);

struct PutRequest {
  std::map<std::string, std::string> metadata;
  std::map<std::string, std::string> tags;
  std::string content_type;
  Origin origin = {};
};

// What a copy or move says of where its versions come from.
struct CopyOrigin {
  Origin origin;               // said besides
  bool records_source = true;  // that they are copies, and of which version
};

struct Selection {  // objects named by key or by prefix
  std::string bucket;
  std::string prefix;
  bool is_recursive = false;  // false: exactly the object `prefix`
};
struct SelectionCount {
  std::uint64_t objects = 0;
  std::uint64_t bytes = 0;
};

class Objects {
 public:
  explicit Objects(Vault& vault) : vault_(&vault) {}

  // The bucket, made where it is missing.
  [[nodiscard]] Result<catalog::BucketRow> ensure_bucket(const std::string& name);
  [[nodiscard]] Result<catalog::BucketRow> bucket(const std::string& name);  // `not_found`
  [[nodiscard]] Result<std::vector<catalog::BucketRow>> buckets();
  // Refused with `conflict` while objects, their history or snapshots are in it. Its policy goes with it.
  [[nodiscard]] Result<void> remove_bucket(const std::string& name);
  [[nodiscard]] Result<void> check_removable(const std::string& name);

  // Streams from `read` (fills a span, returns the count, 0 at the end) into one new version.
  using ReadSome = std::function<Result<std::size_t>(ByteSpan)>;
  struct PutResult {
    PutEffect effect = PutEffect::created;
    VersionId version;
    std::uint64_t bytes = 0;
    std::uint64_t new_bytes = 0;
    Lsn lsn;
  };
  [[nodiscard]] Result<PutResult> put(const std::string& bucket, const std::string& key, const ReadSome& read,
                                      const PutRequest& request);

  struct Found {
    catalog::BucketRow bucket;
    catalog::EntryRow entry;
    catalog::VersionRow version;
  };
  [[nodiscard]] Result<Found> find(const std::string& bucket, const std::string& key);  // `not_found`
  // Counts as an access (vault/tier/accesses.h); what only checks or copies reads with read_version().
  [[nodiscard]] Result<void> read(const catalog::VersionRow& version, std::uint64_t offset, std::uint64_t length,
                                  const std::function<Result<bool>(ByteView)>& visit);

  // Objects that the selection names, folders' entries included when recursive.
  [[nodiscard]] Result<SelectionCount> count(const Selection& selection);
  [[nodiscard]] Result<SelectionCount> remove(const Selection& selection);
  // A copy names the version it is of as its source, with the transformation "copy", and leaves the label behind. A
  // moved version keeps its label (where the target has none like it) and all it says, and names its former self as one
  // more source. Target key or prefix as cp and mv do: a recursive selection's keys get `to_prefix` in place of
  // `prefix`. Content is shared, not copied. `conflict` where a target exists, unless `replace`.
  [[nodiscard]] Result<SelectionCount> copy(const Selection& from, const std::string& to_bucket,
                                            const std::string& to_prefix, bool replace, const CopyOrigin& origin = {});
  // One command per batch: both names change together or not at all.
  [[nodiscard]] Result<SelectionCount> move(const Selection& from, const std::string& to_bucket,
                                            const std::string& to_prefix, bool replace, const CopyOrigin& origin = {});

  struct Labels {
    std::map<std::string, std::string> set;
    std::vector<std::string> remove;
  };
  // Tags change in place; metadata makes a new version.
  // `check`, where given, sees each version before it is changed, on the committing thread: its error changes nothing
  // of that command.
  using CheckVersion = std::function<Result<void>(const catalog::VersionRow&)>;
  [[nodiscard]] Result<SelectionCount> tag(const Selection& selection, const Labels& tags, const Labels& metadata,
                                           const CheckVersion& check = {});
  // Per key its own metadata; keys that do not exist are returned.
  [[nodiscard]] Result<std::vector<std::string>> set_metadata(
      const std::string& bucket, const std::map<std::string, std::map<std::string, std::string>>& by_key);

 private:
  Vault* vault_;
};

}  // namespace atl::vault
