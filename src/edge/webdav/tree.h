// The tree of files and folders that a vault's buckets are to WebDAV, and how it is changed.
//
// Always true:
//  - A folder is an entry of kind `directory` or `marker` with the key "a/b/", or whatever stands before a '/' in the
//    key of an object (an implied folder). It stays when its last member goes: removing and moving out give an implied
//    folder its entry.
//  - A file `x` and objects below `x/` may both be there: "x" is the file, "x/" the folder.
//  - Links, devices and the like are not shown; they go along where their folder is removed, copied or moved.
//  - Everything is a command of the vault: what was replaced or removed stays in the history, unless S3 switched that
//    off for the bucket (vault/object/versions.h). Many objects are many commands of one operation, so that one undo
//    takes all of them back; broken off, whole commands are there.
// Thread rules: one thread, like the vault handle it works on.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "edge/webdav/place.h"
#include "foundation/net/conditions.h"
#include "vault/access/usage.h"
#include "vault/object/objects.h"
#include "vault/object/versions.h"
#include "vault/vault.h"

namespace atl::webdav {

enum class NodeKind : std::uint8_t { nothing, vault, bucket, folder, file, hidden };

struct Node {
  NodeKind kind = NodeKind::nothing;
  Place place;
  std::optional<catalog::BucketRow> bucket;  // where there is such a bucket
  bool keeps_versions = true;                // of its bucket: what is replaced or removed stays in the history
  std::optional<catalog::Listed> listed;     // of a file; of a folder that has an entry of its own

  [[nodiscard]] bool exists() const { return kind != NodeKind::nothing; }
  [[nodiscard]] bool is_folder() const {
    return kind == NodeKind::folder || kind == NodeKind::bucket || kind == NodeKind::vault;
  }
  [[nodiscard]] bool is_file() const { return kind == NodeKind::file; }
  [[nodiscard]] const catalog::VersionRow* version() const { return listed ? &listed->version : nullptr; }
};

// Of a file's content: the same content has the same tag, whatever its name and properties.
[[nodiscard]] net::EntityTag tag_of(const catalog::VersionRow& version);
[[nodiscard]] FileTime modified_of(const catalog::VersionRow& version);

struct Members {
  std::vector<Node> nodes;  // files, then folders
  std::string next_after;
  bool has_more = false;
};

class Tree {
 public:
  // What a bucket came to hold more or less of, of one actor, once that is committed.
  using NoteUsage = std::function<void(const std::string& bucket, const std::string& actor, const access::Used&)>;
  Tree(vault::Vault& vault, NoteUsage note) : vault_(&vault), note_(std::move(note)) {}

  [[nodiscard]] Result<Node> look(const Place& place);
  // As `reader` has it: of a check, what is there when the change is made.
  [[nodiscard]] static Result<Node> look_in(catalog::CatalogReader& reader, const Place& place);
  // Of a bucket or folder, in the order of keys, at most `limit` at once. `after`: next_after of the page before.
  [[nodiscard]] Result<Members> members(const Node& folder, const std::string& after, std::size_t limit);
  [[nodiscard]] Result<std::vector<Node>> buckets(const Place& root);

  // Asked with everything, and with what is at the place, as it is when the change is made, between all other changes;
  // an error refuses the change.
  using Check = std::function<Result<void>(catalog::CatalogReader& state, const catalog::Listed* now)>;
  // Of changes that take several commands.
  struct Terms {
    Check check;
    // Files that `check` looks at, wherever they are. Those that go, go by the command that asks it, so that it is true
    // of them when they do.
    std::vector<Place> named;
  };

  struct NewFile {
    std::optional<std::uint64_t> expected_bytes;  // none: content comes until it ends
    std::uint64_t hinted_bytes = 0;               // where expected_bytes is none: how many they may be; 0: unknown
    std::string content_type;
    std::optional<FileTime> modified;                                  // none: now
    std::function<void(std::map<std::string, std::string>&)> relabel;  // of the metadata; may be empty
  };
  struct Stored {
    bool is_new = false;
    catalog::VersionRow version;
  };
  // `read` as of Objects::put. Words and tags of the file before stay.
  [[nodiscard]] Result<Stored> put(const Node& target, const vault::Objects::ReadSome& read, const NewFile& file,
                                   const Check& check);
  [[nodiscard]] Result<void> make_folder(const Node& target, const Check& check);
  // New words, and a new time where one is given, of a file or folder (bucket). A new version.
  [[nodiscard]] Result<void> relabel(const Node& target,
                                     const std::function<Result<void>(catalog::VersionRow&)>& change);
  // A file, or a folder with all below it. Not a bucket. Of a folder the check sees the entry of its own.
  [[nodiscard]] Result<void> remove(const Node& target, const Terms& terms);

  struct Transfer {
    bool removes_source = false;  // moves
    bool is_deep = true;          // false: of a folder itself only
  };
  // What is at `to` is replaced. Neither lies within the other; both buckets exist. The check is asked by the first
  // command that removes what is replaced, where that is removed by itself, and by the first one that stores.
  [[nodiscard]] Result<void> transfer(const Node& from, const Node& to, const Transfer& how, const Terms& terms);
  // Files and bytes of a file or folder.
  [[nodiscard]] Result<vault::SelectionCount> count(const Node& node);

 private:
  struct Changed;
  using Batch = std::vector<catalog::Listed>;
  // Everything at and below the node, in batches that fit into a command; those of `named` that are there in the first
  // one. `limit` "dav.too_many_named" where they do not fit into one.
  [[nodiscard]] Result<void> in_batches(const Node& node, bool is_deep, const std::vector<Place>& named,
                                        const std::function<Result<void>(const Batch&)>& work);
  // The check is asked in the first command.
  [[nodiscard]] Result<void> remove_with(const Node& target, const OperationId& operation, bool keeps_parent,
                                         const Terms& terms);
  [[nodiscard]] catalog::VersionRow new_folder() const;
  [[nodiscard]] Result<void> keep_parent(const vault::CommitContext& context, vault::ChangeSet& changes,
                                         const vault::BucketState& state, const Place& removed,
                                         const OperationId& operation) const;
  [[nodiscard]] Result<void> stage(const vault::CommitContext& context, vault::ChangeSet& changes,
                                   const vault::BucketState& state, const std::string& key, catalog::VersionRow version,
                                   const OperationId& operation, Changed& changed) const;
  // Whether it was there.
  [[nodiscard]] Result<bool> stage_removal(const vault::CommitContext& context, vault::ChangeSet& changes,
                                           const vault::BucketState& state, const catalog::Listed& item,
                                           Changed& changed) const;
  // Content as the keys of the target's bucket have it; true where it was stored anew.
  [[nodiscard]] Result<bool> bring_into(const catalog::BucketRow& target, catalog::VersionRow& version);
  void note(const Changed& changed) const;
  template <class Id>
  [[nodiscard]] Id new_id() const {
    return platform::new_id<Id>(vault_->machine());
  }

  vault::Vault* vault_;
  NoteUsage note_;
};

}  // namespace atl::webdav
