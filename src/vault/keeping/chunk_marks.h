// A number for each chunk of many contents, kept sorted on disk in bounded memory: how strongly something needs it, how
// warm it should lie.
//
// Always true:
//  - Chunks stand in the set by 12 bytes of their keyed digest. Two chunks that shared them would share their mark.
//  - The mark given last counts, so the strongest comes last. 0 is no mark.
// Thread rules: find() and contains() from any thread; the rest from one.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "catalog/rows.h"
#include "store/run/run_set.h"
#include "vault/vault.h"

namespace atl::vault {

class ChunkMarks {
 public:
  // In `folder`, emptied first, under a key that nobody keeps.
  [[nodiscard]] static Result<std::unique_ptr<ChunkMarks>> make(Vault& vault, const std::string& folder);
  ChunkMarks(const ChunkMarks&) = delete;
  ChunkMarks& operator=(const ChunkMarks&) = delete;
  ChunkMarks(ChunkMarks&&) = delete;
  ChunkMarks& operator=(ChunkMarks&&) = delete;
  ~ChunkMarks();  // removes the folder

  [[nodiscard]] Result<void> add(const ChunkId& id, std::uint8_t mark);
  // With every list chunk below it.
  [[nodiscard]] Result<void> add_content(const catalog::ContentReference& content, std::uint8_t mark);
  [[nodiscard]] Result<bool> contains(const ChunkId& id) const;
  [[nodiscard]] Result<std::uint8_t> find(const ChunkId& id) const;

  // Asked for ids in ascending order, page by page through the set.
  class Cursor {
   public:
    explicit Cursor(const ChunkMarks& marks) : marks_(&marks) {}
    [[nodiscard]] Result<std::uint8_t> find(const ChunkId& id);
    // Marked chunks that were not asked for so far, all that follow included: those that nothing holds.
    [[nodiscard]] Result<std::uint64_t> count_unasked();

   private:
    [[nodiscard]] Result<bool> next();
    const ChunkMarks* marks_;
    struct Marked {
      std::array<std::uint8_t, 12> id{};
      std::uint8_t mark = 0;
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
  ChunkMarks(Vault& vault, std::string folder) : vault_(&vault), folder_(std::move(folder)) {}
  [[nodiscard]] Result<void> add_list(DomainNumber domain, const catalog::ContentReference::Part& list, unsigned depth,
                                      std::uint8_t mark);
  Vault* vault_;
  std::string folder_;
  std::unique_ptr<run::RunSet> set_;
};

// A set that lives in a folder of staging, opened empty under a key of the moment.
[[nodiscard]] Result<std::unique_ptr<run::RunSet>> make_scratch_set(Vault& vault, const std::string& folder,
                                                                    std::size_t memory_bytes);

}  // namespace atl::vault
