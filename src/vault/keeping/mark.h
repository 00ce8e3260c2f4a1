// Which chunks anything in the vault still needs: read from every root, kept sorted on disk in bounded memory.
//
// Always true:
//  - Roots are the catalog's rows, every checkpoint that is kept, and every command behind the oldest of them that the
//    journal still holds, and parts of uploads under way; only versions that were erased for good are left out.
//  - What cannot be read is an error, never an empty answer: whoever frees space stops then.
//  - Two chunks that shared a mark (chunk_marks.h) would both be kept.
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
#include "vault/keeping/chunk_marks.h"
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

// ChunkMarks whose marks are reasons.
class LiveSet {
 public:
  [[nodiscard]] static Result<std::unique_ptr<LiveSet>> make(Vault& vault, const std::string& folder) {
    ATOLL_ASSIGN(auto marks, ChunkMarks::make(vault, folder));
    return std::make_unique<LiveSet>(std::move(marks));
  }
  explicit LiveSet(std::unique_ptr<ChunkMarks> marks) : marks_(std::move(marks)) {}

  [[nodiscard]] Result<void> add(const ChunkId& id, Keeper keeper) { return marks_->add(id, mark_of(keeper)); }
  [[nodiscard]] Result<void> add_content(const catalog::ContentReference& content, Keeper keeper) {
    return marks_->add_content(content, mark_of(keeper));
  }
  [[nodiscard]] Result<bool> contains(const ChunkId& id) const { return marks_->contains(id); }
  [[nodiscard]] Result<void> settle() { return marks_->settle(); }

  class Cursor {
   public:
    explicit Cursor(const LiveSet& live) : cursor_(*live.marks_) {}
    [[nodiscard]] Result<Keeper> find(const ChunkId& id) {
      ATOLL_ASSIGN(const std::uint8_t mark, cursor_.find(id));
      return static_cast<Keeper>(mark);
    }
    [[nodiscard]] Result<std::uint64_t> count_unasked() { return cursor_.count_unasked(); }

   private:
    ChunkMarks::Cursor cursor_;
  };

 private:
  static std::uint8_t mark_of(Keeper keeper) { return static_cast<std::uint8_t>(keeper); }
  std::unique_ptr<ChunkMarks> marks_;
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

}  // namespace atl::vault
