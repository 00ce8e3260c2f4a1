// Which chunks anything in the vault still needs: read from every root, kept sorted on disk in bounded memory.
//
// Always true:
//  - Roots are the catalog's rows, every checkpoint that is kept, and every command behind the oldest of them that the
//    journal still holds, and parts of uploads under way; only versions that were erased for good are left out.
//  - What cannot be read is an error, never an empty answer: whoever frees space stops then.
//  - Chunks stand in the set by 12 bytes of their keyed digest. Two chunks that shared them would both be kept.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "catalog/rows.h"
#include "store/run/run_set.h"
#include "vault/vault.h"

namespace atl::vault {

// Why a chunk stays, the strongest reason last.
enum class Keeper : std::uint8_t {
  nobody = 0,
  horizon = 1,   // only an earlier moment that the journal can go back to
  history = 2,   // an ended version that its bucket's policy keeps
  snapshot = 3,  // an ended version that a snapshot keeps
  current = 4,   // a version that is there
  own = 5,       // the vault's own checkpoints
};
inline constexpr std::size_t kKeepers = 6;

class LiveSet {
 public:
  // In `folder`, emptied first, under a key that nobody keeps.
  [[nodiscard]] static Result<std::unique_ptr<LiveSet>> make(Vault& vault, const std::string& folder);
  LiveSet(const LiveSet&) = delete;
  LiveSet& operator=(const LiveSet&) = delete;
  LiveSet(LiveSet&&) = delete;
  LiveSet& operator=(LiveSet&&) = delete;
  ~LiveSet();  // removes the folder

  // The reason given last counts, so the strongest comes last.
  [[nodiscard]] Result<void> add(const ChunkId& id, Keeper keeper);
  // With every list chunk below it.
  [[nodiscard]] Result<void> add_content(const catalog::ContentReference& content, Keeper keeper);
  [[nodiscard]] Result<bool> contains(const ChunkId& id) const;

  // Asked for ids in ascending order, page by page through the set.
  class Cursor {
   public:
    explicit Cursor(const LiveSet& live) : live_(&live) {}
    [[nodiscard]] Result<Keeper> find(const ChunkId& id);
    // Marked chunks that were not asked for so far, all that follow included: those that nothing holds.
    [[nodiscard]] Result<std::uint64_t> count_unasked();

   private:
    [[nodiscard]] Result<bool> next();
    const LiveSet* live_;
    struct Marked {
      std::array<std::uint8_t, 12> id{};
      Keeper keeper{};
    };
    std::vector<Marked> page_;
    std::size_t at_ = 0;
    Bytes from_;
    bool is_end_ = false;
    std::optional<std::array<std::uint8_t, 12>> asked_;  // found last
    std::uint64_t unasked_ = 0;
  };
  // Before a Cursor: what is in memory goes to disk, so that pages are read without copying it.
  [[nodiscard]] Result<void> settle();

 private:
  LiveSet(Vault& vault, std::string folder) : vault_(&vault), folder_(std::move(folder)) {}
  [[nodiscard]] Result<void> add_list(DomainNumber domain, const catalog::ContentReference::Part& list, unsigned depth,
                                      Keeper keeper);
  Vault* vault_;
  std::string folder_;
  std::unique_ptr<run::RunSet> set_;
};

// The past that stays reachable.
struct KeptPast {
  std::vector<catalog::CheckpointRow> checkpoints;
  Lsn journal_after;  // commands behind it are roots
};
struct MarkOptions {
  const std::atomic<bool>* stop = nullptr;  // `interrupted`
  // Versions that count as gone from the catalog though their rows are there (a preview). Null: none.
  const run::RunSet* gone = nullptr;
};
[[nodiscard]] Result<void> mark_roots(Vault& vault, const KeptPast& past, const MarkOptions& options, LiveSet& live);

// A set that lives in a folder of staging, opened empty under a key of the moment.
[[nodiscard]] Result<std::unique_ptr<run::RunSet>> make_scratch_set(Vault& vault, const std::string& folder,
                                                                    std::size_t memory_bytes);

}  // namespace atl::vault
