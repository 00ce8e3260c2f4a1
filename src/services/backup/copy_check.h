// Is a copy still what was shipped to it, and which side can heal the other?
//
// Always true:
//  - Checking changes nothing.
//  - Repairing replaces whole files only, by ones that were checked whole, read back before they count; where both
//  sides
//    are damaged in the same place nothing is touched and it is told.
//  - A pack that the journal calls retired is nobody's loss.
// Thread rules: one thread calls; the work is spread over `workers`.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "services/backup/copy_target.h"
#include "vault/copies.h"
#include "vault/vault.h"

namespace atl::backup {

struct CheckOptions {
  bool reads_data = false;
  double sample_ratio = 1.0;  // of the packs, with reads_data
  unsigned workers = 1;
  // Of repair_copy(): these packs and nothing else of either side, whether or not they were shipped as a whole.
  std::optional<std::set<PackId>> only_packs = {};
  const std::atomic<bool>* stop = nullptr;
  std::function<void(std::uint64_t done, std::uint64_t total)> on_progress;
};

struct CopyDamage {
  std::string where;  // "pack 0193…", "journal archive …", "keyring.2"
  std::string what;
  bool is_here = false;    // in the home; else in the copy
  bool is_healed = false;  // by repair
};
struct CopyCheck {
  std::uint64_t packs = 0, bytes_checked = 0, commands = 0;
  std::uint64_t cold_packs = 0;  // of these packs: only there and of the right size, because nobody can read them now
  std::vector<CopyDamage> damage;
  Lsn last;                          // newest change of the copy
  std::vector<PackId> healed_here;   // or found whole there, where they were asked for: ChunkStore::take_back_pack()
  bool healed_journal_here = false;  // the catalog has to be made anew from it
  [[nodiscard]] bool is_clean() const { return damage.empty(); }
};

// Of the copy alone, against what the vault's rows say has to be there. `conflict` "copy.cold" where data is to be read
// that lies in a cold class.
[[nodiscard]] Result<CopyCheck> check_copy(vault::Vault& vault, CopyTarget& target, const vault::CopyState& state,
                                           const CheckOptions& options);
// Reads every byte of both sides and heals each from the other. The vault is open for writing; what is healed in it is
// seen when it is opened again, packs also once ChunkStore::take_back_pack() was told.
[[nodiscard]] Result<CopyCheck> repair_copy(vault::Vault& vault, CopyTarget& target, const vault::CopyState& state,
                                            const CheckOptions& options);

// Packs that are in use by their rows and that the store, open for writing, could not read something of, or does not
// have. `looks_for_files`: also those whose file went away since, by one listing.
[[nodiscard]] Result<std::set<PackId>> packs_to_mend(vault::Vault& vault, bool looks_for_files);

}  // namespace atl::backup
