// Brings a second copy up to date: one round ships what is missing there and takes away what is gone here.
//
//     what is here (pack rows, head, keyring, horizon) ─► L, the journal's last change ─► the packs' durable lengths
//       ─► ship keyring ─► packs ─► archives, and the tail up to L as an archive of its own
//       ─► head ─► horizon ─► archives that lost their payloads ─► remove what is superseded or retired
//
// Always true:
//  - At any moment, also after either machine died, the copy opens as a vault at some change it had reached: packs
//    before the commands that refer into them, checkpoints before the journal that may go because of them, removals
//    after the journal that says why. (One exception: a copy that was away for longer than the journal reaches back,
//    while the gap is being closed; then it says so and does not open.)
//  - Only what was read back and compared counts as shipped.
//  - Nothing is removed there because a file is missing here: only because the journal says that it is retired, or
//    because a larger archive covers it.
//  - A copy that is ahead of this vault, or holds another continuation of it, is left alone: `conflict`.
//  - Shipping makes no commands.
// Thread rules: one thread at a time; the vault may be written to meanwhile.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <unordered_map>

#include "foundation/codec/hash.h"
#include "services/backup/copy_target.h"
#include "services/backup/transport.h"
#include "store/journal/archive_name.h"
#include "vault/vault.h"

namespace atl::backup {

struct ShipOptions {
  std::uint64_t bytes_per_second_max = 0;
  const std::atomic<bool>* stop = nullptr;
  std::function<void(std::uint64_t done, std::uint64_t total)> on_progress;
  std::function<void(const std::string&)> on_notice;  // what of the source could not be read whole
  // Rounds come by the clock: one that is too early for a place, or that follows a failure in a place far away at once,
  // is left out.
  bool is_by_clock = false;
};

struct ShipReport {
  Lsn shipped;              // the copy holds everything up to here
  Timestamp shipped_time;   // commit time of that change
  std::uint64_t bytes = 0;  // written in this round
  std::uint64_t packs = 0, archives = 0, removed = 0;
  std::uint64_t copy_bytes = 0;  // of all that lies there
};

class Shipper {
 public:
  // All are borrowed, the vault and what of `options` is one until the end of a round. A vault opened for reading ships
  // what is archived and sealed, and refuses with `locked` while another process has packs open.
  Shipper(vault::Vault& vault, CopyTarget& target, ShipOptions options);
  ~Shipper();
  [[nodiscard]] Result<ShipReport> round();
  // The same vault, opened anew since the last round. What is known about the other side stays.
  void use(vault::Vault& vault) { vault_ = &vault; }

 private:
  struct OpenBlob {
    std::unique_ptr<blob::BlobWriter> writer;
    std::uint64_t bytes = 0;  // there, synced and compared
  };
  struct There {
    std::uint64_t size = 0;
    bool is_finished = false;
  };
  // What was true here before L was noted.
  struct Here {
    Bytes keyring, head, horizon;
    std::set<PackId> used;  // by the rows
    std::set<PackId> packs;
    Lsn last;
    Timestamp last_time;
    std::vector<chunk::PackInfo> infos;  // listed after `last` was noted
    std::map<PackId, std::uint64_t> open;
  };

  [[nodiscard]] Result<ShipReport> try_round();
  [[nodiscard]] Result<Here> look_here();
  [[nodiscard]] Result<void> look_there();
  [[nodiscard]] Result<void> check_same_past(const Here& here);
  [[nodiscard]] Result<void> ship_packs(const Here& here);
  [[nodiscard]] Result<void> ship_sealed(const chunk::PackInfo& pack);
  [[nodiscard]] Result<void> ship_open(const PackId& id, std::uint64_t durable_bytes);
  [[nodiscard]] Result<std::uint64_t> equal_beginning(const std::string& name, std::uint64_t bytes);
  [[nodiscard]] Result<void> ship_journal(const Here& here);
  [[nodiscard]] Result<void> ship_archive(const journal::ArchiveName& archive);
  [[nodiscard]] Result<bool> is_same_archive(const journal::ArchiveName& archive);
  [[nodiscard]] Result<void> ship_tail(const Here& here);
  [[nodiscard]] Result<void> replace_rewritten(const Here& here);
  [[nodiscard]] Result<void> remove_superseded();
  [[nodiscard]] Result<void> remove_retired(const Here& here);
  [[nodiscard]] blob::ReadBack read_back() const {
    return target_.is_trusted() ? blob::ReadBack::trusts_store : blob::ReadBack::yes;
  }
  // Up to which change the archives there reach without a hole, from the first one kept here on.
  [[nodiscard]] Lsn covered(Lsn first) const;
  void notice(const std::string& words) const;

  [[nodiscard]] Result<void> ship_small(ByteView bytes, blob::BlobStore& to, const std::string& name);

  vault::Vault* vault_;
  CopyTarget& target_;
  ShipOptions options_;
  Pacer pacer_;
  std::unique_ptr<blob::BlobStore> packs_here_;
  bool knows_there_ = false;
  std::map<PackId, There> packs_there_;
  std::map<std::pair<Lsn, Lsn>, std::uint64_t> archives_there_;  // finished ones: size
  std::map<PackId, OpenBlob> open_;
  std::set<PackId> damaged_here_;  // whose unfinished ones there are better: looked at once in a session
  struct Stamp {
    std::uint64_t size = 0;
    std::int64_t modified_unix_us = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };
  std::map<std::pair<Lsn, Lsn>, Stamp> same_archives_;  // of the files here that were found equal there
  std::map<std::string, codec::Digest> small_there_;    // small files that were compared or written in this session
  ShipReport report_;
  std::uint64_t total_bytes_ = 0;
};

}  // namespace atl::backup
