// Which commands an undo or a rewind is about, and the list of operations that people choose from.
//
// Always true:
//  - An operation is all commands with one operation id; a command without one is an operation of its own.
//  - Commands that no user meant (checkpoints, packs, jobs, keys, expiry) belong to none of them.
//  - Only envelopes are read to choose; memory grows with the gaps between chosen commands, up to a limit.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vault/vault.h"

namespace atl::vault {

// Where: all of the vault, a bucket, what lies below a prefix, or one object.
struct RewindScope {
  std::string bucket;  // empty: the vault
  std::string key;     // empty: the bucket
  bool is_object = false;
  [[nodiscard]] bool covers(std::string_view bucket_name, std::string_view object_key) const {
    if (bucket.empty()) return true;
    return bucket == bucket_name && (is_object ? key == object_key : object_key.starts_with(key));
  }
  friend bool operator==(const RewindScope&, const RewindScope&) = default;
};

struct UndoRequest {
  // One of: the newest operation; an operation or change by name; everything by somebody and/or since a moment.
  bool is_last = false;
  std::string name;   // operation id, or its unique beginning (8 characters at least), or a change's number
  std::string actor;  // empty: anybody; an account, or one of its programs or runs (foundation/base/actor.h)
  Lsn after;          // only what came later; 0: as far back as the journal reaches
  Lsn up_to;          // 0: up to now
  RewindScope scope;
};

struct CommandSelection {
  std::vector<journal::LsnRange> ranges;  // rising, apart; empty: nothing was chosen
  std::uint64_t commands = 0;
  std::string name;   // "018f…", "4711"; empty for everything since a moment
  std::string words;  // "operation 018f…", "change 4711", "everything by script after change 12"
  [[nodiscard]] bool contains(Lsn lsn) const;
  [[nodiscard]] Lsn first() const { return ranges.front().first; }
  [[nodiscard]] Lsn last() const { return ranges.back().last; }
};

// True for what a user did; false for what the vault does for itself.
[[nodiscard]] bool is_user_command(journal::CommandKind kind);

// `not_found` where nothing is meant; `conflict` where the beginning of an id means several operations.
[[nodiscard]] Result<CommandSelection> select_commands(const Vault& vault, const UndoRequest& request);

// "4711" (a change), "2026-11-20T09:30" (UTC where it names no zone), "2h" (before now): the last change that counts.
[[nodiscard]] Result<Lsn> lsn_at(const Vault& vault, std::string_view moment);

struct OperationSummary {
  OperationId id;  // none: a command of its own
  Lsn first, last;
  Timestamp begun, ended;
  journal::CommandKind kind{};
  std::string actor;
  std::uint64_t commands = 0;
  std::uint64_t objects = 0;  // names that it changed
  bool is_kept = true;        // false: what it did is no longer kept, so it cannot be undone
  std::string undone_by;      // operation id; empty: it stands
  [[nodiscard]] std::string name() const { return id.is_none() ? std::to_string(first.value) : id.text(); }
};
// Newest first, at most `limit`.
[[nodiscard]] Result<std::vector<OperationSummary>> recent_operations(const Vault& vault, std::size_t limit);

}  // namespace atl::vault
