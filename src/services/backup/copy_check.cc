#include "services/backup/copy_check.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include "services/backup/transport.h"
#include "store/chunk/pack_check.h"
#include "store/chunk/pack_format.h"
#include "store/journal/journal.h"

namespace atl::backup {
namespace {

using platform::join;

constexpr std::size_t kPieceBytes = 1024 * 1024;

// Whether a pack is in the sample does not depend on which others there are, and is another one next time.
bool is_sampled(const PackId& id, std::uint64_t seed, double ratio) {
  if (ratio >= 1.0) return true;
  const std::uint64_t mixed = (seed ^ load_le<std::uint64_t>(id.bytes.data() + 8)) * 0x9E3779B97F4A7C15ULL;
  return static_cast<double>(mixed >> 11U) * 0x1.0p-53 < ratio;
}

// Runs `work(i)` for 0..count-1 on several threads; the first error ends it.
Result<void> in_parallel(const platform::Machine& machine, unsigned workers, std::size_t count,
                         const std::function<Result<void>(std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> has_failed = false;
  std::mutex mutex;
  std::optional<Error> error;
  const auto body = [&] {
    for (;;) {
      const std::size_t i = next.fetch_add(1);
      if (i >= count || has_failed.load()) return;
      auto done = work(i);
      if (done) continue;
      const std::lock_guard lock(mutex);
      if (!error) error = std::move(done).error();
      has_failed.store(true);
    }
  };
  std::vector<std::unique_ptr<platform::Thread>> threads;
  for (unsigned i = 1; i < std::min<std::size_t>(workers, count); ++i)
    threads.push_back(machine.threads.start("check", body));
  body();
  for (auto& thread : threads) thread->join();
  if (error) return pass(std::move(*error));
  return {};
}

class Checking {
 public:
  Checking(vault::Vault& vault, CopyTarget& target, const vault::CopyState& state, const CheckOptions& options)
      : vault_(vault),
        target_(target),
        state_(state),
        options_(options),
        pacer_(vault.machine().clock, 0, options.stop),
        packs_here_(pack_store(vault.machine(), vault.folder())),
        journal_here_(journal_store(vault.machine(), vault.folder())) {
    std::array<std::uint8_t, 8> seed{};
    vault.machine().random.fill(seed);
    seed_ = load_le<std::uint64_t>(seed.data());
  }

  Result<CopyCheck> check() {
    ATOLL_TRY(target_.check_marker());
    if (options_.reads_data) ATOLL_TRY(target_.check_readable());
    ATOLL_TRY(check_heads());
    ATOLL_TRY(open_journal_there());
    ATOLL_TRY(check_journal_there());
    ATOLL_TRY(gather_packs());
    ATOLL_TRY(in_parallel(vault_.machine(), options_.workers, packs_.size(),
                          [this](std::size_t i) { return check_one(packs_[i]); }));
    return finish();
  }

  Result<CopyCheck> repair() {
    ATOLL_TRY(target_.check_marker());
    if (options_.only_packs) {
      ATOLL_TRY(gather_wanted());
      ATOLL_TRY(in_parallel(vault_.machine(), options_.workers, packs_.size(),
                            [this](std::size_t i) { return mend_pack(packs_[i]); }));
      return finish();
    }
    ATOLL_TRY(target_.check_readable());
    ATOLL_TRY(mend_heads());
    ATOLL_TRY(gather_packs());
    ATOLL_TRY(in_parallel(vault_.machine(), options_.workers, packs_.size(),
                          [this](std::size_t i) { return mend_pack(packs_[i]); }));
    // The journal here first: what is sent there comes from it.
    ATOLL_TRY(open_journal_there());
    ATOLL_TRY(mend_journal_here());
    ATOLL_TRY(mend_journal_there());
    return finish();
  }

 private:
  struct Pack {
    PackId id;
    bool is_in_use = false;
    std::uint64_t bytes = 0;
  };

  Result<CopyCheck> finish() {
    std::ranges::sort(found_.damage, {}, &CopyDamage::where);
    std::ranges::sort(found_.healed_here);
    return std::move(found_);
  }
  void say(CopyDamage damage) {
    const std::lock_guard lock(mutex_);
    found_.damage.push_back(std::move(damage));
  }
  Result<void> progress(std::uint64_t bytes) {
    {
      const std::lock_guard lock(mutex_);
      done_bytes_ += bytes;
      if (options_.on_progress) options_.on_progress(std::min(done_bytes_, total_bytes_), total_bytes_);
    }
    return pacer_.check_stop();
  }

  // The packs that have to be in the copy, and whatever else lies there.
  Result<void> gather_packs() {
    std::map<PackId, Pack> packs;
    const auto reader = vault_.reader();
    ATOLL_ASSIGN(const auto rows, reader->packs());
    for (const auto& row : rows) {
      const bool is_shipped = row.created <= state_.shipped_time;
      if (row.retired.value == 0 && is_shipped) packs[row.id] = {row.id, true, 0};
    }
    ATOLL_ASSIGN(const auto blobs, target_.packs().enumerate());
    for (const auto& blob : blobs) {
      const auto id = chunk::pack_of_blob_name(blob.name);
      if (!id) continue;
      Pack& pack = packs[*id];
      pack.id = *id;
      pack.bytes = std::max(pack.bytes, blob.size);
    }
    for (const auto& [id, pack] : packs) {
      packs_.push_back(pack);
      total_bytes_ += pack.bytes;
    }
    return {};
  }

  // Those that were asked for; what has no row that needs it is nobody's loss.
  Result<void> gather_wanted() {
    const auto reader = vault_.reader();
    ATOLL_ASSIGN(const auto rows, reader->packs());
    for (const auto& row : rows) {
      if (row.retired.value != 0 || !options_.only_packs->contains(row.id)) continue;
      const std::string name = chunk::pack_blob_name(row.id);
      ATOLL_ASSIGN(const auto info_here, packs_here_->stat(name));
      ATOLL_ASSIGN(const auto info_there, target_.packs().stat(name));
      const Pack pack{row.id, true, std::max(info_here ? info_here->size : 0, info_there ? info_there->size : 0)};
      packs_.push_back(pack);
      total_bytes_ += pack.bytes;
    }
    return {};
  }

  // ---- checking the copy

  Result<void> check_heads() {
    platform::FileSystem& files = target_.machine().files;
    const auto keyring = keyring::Keyring::image(files, target_.vault_folder());
    const auto head = keyring::vault_head_image(files, target_.vault_folder());
    const auto check = [&](const char* name, const Result<Bytes>& best) {
      const auto bytes = platform::read_whole(files, join(target_.vault_folder(), name), 2 * kMiB);
      if (best && bytes && equal(*bytes, *best)) return;
      say({name, best ? "it is missing or damaged; its twin is whole" : "it and its twin are missing or damaged", false,
           false});
    };
    check("keyring", keyring);
    check("keyring.2", keyring);
    check("vault.head", head);
    check("vault.head.2", head);
    return {};
  }

  Result<void> open_journal_there() {
    journal::JournalOptions options;
    options.writable = false;
    ATOLL_ASSIGN(journal_there_, journal::Journal::open(target_.machine(), target_.vault_folder(),
                                                        journal::JournalKeys::from(vault_.keys()), options));
    found_.last = journal_there_->last();
    return {};
  }

  Result<void> check_journal_there() {
    ATOLL_ASSIGN(const auto report, journal_there_->verify(false));
    found_.commands = report.commands;
    found_.bytes_checked += report.bytes;
    for (const auto& damage : report.damages) say({"journal " + damage.file, damage.what, false, false});
    if (found_.last < state_.shipped) {
      say({"journal",
           "it ends at change " + std::to_string(found_.last.value) + ", but " + std::to_string(state_.shipped.value) +
               " was shipped",
           false, false});
    }
    return {};
  }

  Result<void> check_one(const Pack& pack) {
    ATOLL_TRY(pacer_.check_stop());
    const bool reads_data = options_.reads_data && is_sampled(pack.id, seed_, options_.sample_ratio);
    ATOLL_ASSIGN(const auto info, target_.packs().stat(chunk::pack_blob_name(pack.id)));
    if (info && !info->is_finished) return progress(pack.bytes);  // still growing here, or a leftover
    const auto checked = chunk::check_pack(target_.packs(), vault_.keys(), pack.id, reads_data);
    if (!checked && checked.error().id == "s3.cold") return check_cold(pack, info);
    if (!checked) return pass(checked.error());
    const auto& check = *checked;
    {
      const std::lock_guard lock(mutex_);
      ++found_.packs;
      found_.bytes_checked += check.bytes_read;
    }
    if (!check.damage.empty() && (pack.is_in_use || info)) say({"pack " + pack.id.text(), check.damage, false, false});
    return progress(pack.bytes);
  }

  // What is frozen is only looked at from outside.
  Result<void> check_cold(const Pack& pack, const std::optional<blob::BlobInfo>& info) {
    ATOLL_ASSIGN(const auto here, packs_here_->stat(chunk::pack_blob_name(pack.id)));
    {
      const std::lock_guard lock(mutex_);
      ++found_.packs;
      ++found_.cold_packs;
    }
    if (here && here->is_finished && info && here->size != info->size)
      say({"pack " + pack.id.text(), "it has another size than the one here", false, false});
    return progress(pack.bytes);
  }

  // ---- repair

  Result<void> mend_heads() {
    ATOLL_TRY(check_heads());
    platform::FileSystem& files = vault_.machine().files;
    ATOLL_ASSIGN(const Bytes keyring, keyring::Keyring::image(files, vault_.folder()));
    ATOLL_ASSIGN(const Bytes head, keyring::vault_head_image(files, vault_.folder()));
    for (CopyDamage& damage : found_.damage) {
      const Bytes& image = damage.where.starts_with("keyring") ? keyring : head;
      ATOLL_TRY(carry_small(image, target_.heads(), damage.where, pacer_));
      damage.is_healed = true;
    }
    return {};
  }

  Result<bool> carry_pack(const blob::BlobStore& from, blob::BlobStore& to, const PackId& id) {
    const std::string name = chunk::pack_blob_name(id);
    ATOLL_ASSIGN(const auto info, from.stat(name));
    if (!info || !info->is_finished) return false;
    const auto read = [&](std::uint64_t offset, ByteSpan out) { return from.fetch(name, offset, out); };
    const auto carried = carry_whole(read, info->size, id.bytes, to, name, 0, IfDamaged::refuse, pacer_);
    if (!carried && carried.error().id == "copy.source_damaged") return false;
    if (!carried) return pass(carried.error());
    return true;
  }

  // As far as it was shipped. Whoever takes it back finishes it, as at the next opening of a vault that died.
  Result<void> bring_unfinished(const PackId& id, std::uint64_t size) {
    const std::string name = chunk::pack_blob_name(id);
    ATOLL_ASSIGN(const auto writer, packs_here_->receive(name));
    Buffer piece(kPieceBytes);
    for (std::uint64_t at = 0; at < size;) {
      const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(kPieceBytes, size - at));
      ATOLL_ASSIGN(const std::size_t got, target_.packs().fetch_unfinished(name, at, piece.span().first(wanted)));
      if (got == 0) break;
      ATOLL_TRY(writer->append(piece.view().first(got)));
      ATOLL_TRY(pacer_.wrote(got));
      at += got;
    }
    return writer->sync();
  }

  // By the parity of the pack's own file. That may have been made when the damage was there already, so only a look at
  // the groups tells whether it helped.
  Result<bool> mend_by_parity(blob::BlobStore& store, const PackId& id) {
    ATOLL_ASSIGN(const bool is_written, carry_pack(store, store, id));
    if (!is_written) return false;
    ATOLL_ASSIGN(const auto check, chunk::check_pack(store, vault_.keys(), id, true));
    return check.damage.empty();
  }

  Result<void> mend_pack(const Pack& pack) {
    ATOLL_TRY(pacer_.check_stop());
    const std::string name = chunk::pack_blob_name(pack.id);
    ATOLL_ASSIGN(const auto info_here, packs_here_->stat(name));
    ATOLL_ASSIGN(const auto info_there, target_.packs().stat(name));
    const bool is_open =
        (info_here && !info_here->is_finished) || (!info_here && info_there && !info_there->is_finished);
    // One that is being written is shipped, not mended; what no row names any more is removed by the next round.
    if (is_open && options_.only_packs) {
      const auto open_here = vault_.chunks().open_packs();
      const bool is_written_to = std::ranges::find(open_here, pack.id, &chunk::OpenPack::id) != open_here.end();
      CopyDamage damage{"pack " + pack.id.text(), "it was lost while it was being written", true, false};
      if (!info_here && !is_written_to) {
        ATOLL_TRY(bring_unfinished(pack.id, info_there->size));
        damage.is_healed = true;
        const std::lock_guard lock(mutex_);
        found_.healed_here.push_back(pack.id);
      }
      say(std::move(damage));
      return progress(pack.bytes);
    }
    if (is_open || (!info_here && !pack.is_in_use)) return progress(pack.bytes);
    ATOLL_ASSIGN(const auto here, chunk::check_pack(*packs_here_, vault_.keys(), pack.id, true));
    ATOLL_ASSIGN(const auto there, chunk::check_pack(target_.packs(), vault_.keys(), pack.id, true));
    {
      const std::lock_guard lock(mutex_);
      ++found_.packs;
      found_.bytes_checked += here.bytes_read + there.bytes_read;
    }
    const std::string where = "pack " + pack.id.text();
    CopyDamage damage_here{where, here.damage, true, false};
    CopyDamage damage_there{where, there.damage, false, false};
    if (!here.damage.empty()) {
      // From the other side, and where that is bad too from this side's own parity.
      if (there.damage.empty()) {
        ATOLL_ASSIGN(damage_here.is_healed, carry_pack(target_.packs(), *packs_here_, pack.id));
      }
      if (!damage_here.is_healed) {
        ATOLL_ASSIGN(damage_here.is_healed, mend_by_parity(*packs_here_, pack.id));
      }
      if (!damage_here.is_healed && !there.damage.empty()) {
        ATOLL_ASSIGN(damage_there.is_healed, mend_by_parity(target_.packs(), pack.id));
        if (damage_there.is_healed) {
          ATOLL_ASSIGN(damage_here.is_healed, carry_pack(target_.packs(), *packs_here_, pack.id));
        }
      }
      say(damage_here);
    }
    if (!there.damage.empty()) {
      if (!damage_there.is_healed && (here.damage.empty() || damage_here.is_healed)) {
        ATOLL_ASSIGN(damage_there.is_healed, carry_pack(*packs_here_, target_.packs(), pack.id));
      }
      say(damage_there);
    }
    if (damage_here.is_healed || (options_.only_packs && here.damage.empty())) {
      const std::lock_guard lock(mutex_);
      found_.healed_here.push_back(pack.id);
    }
    return progress(pack.bytes);
  }

  static bool lies_in(const journal::ArchiveName& name, const journal::LsnRange& lost) {
    return name.first <= lost.last && lost.first <= name.last;
  }

  Result<void> mend_journal_here() {
    ATOLL_ASSIGN(const auto report, vault_.journal().verify(true));
    for (const auto& damage : report.damages) {
      if (!damage.lost) say({"journal " + damage.file, damage.what, true, damage.healed});
    }
    const auto archives = vault_.journal().archives();
    std::set<std::pair<Lsn, Lsn>> done;
    for (const auto& lost : report.lost) {
      // An archive that has lost something is written anew as a whole; where the file is gone, what it held.
      std::vector<journal::LsnRange> wanted;
      for (const auto& name : archives) {
        if (lies_in(name, lost)) wanted.push_back({name.first, name.last});
      }
      if (wanted.empty()) wanted.push_back(lost);
      for (const auto& range : wanted) {
        if (!done.insert({range.first, range.last}).second) continue;
        CopyDamage damage{
            "journal, changes " + std::to_string(range.first.value) + " to " + std::to_string(range.last.value),
            "they cannot be read", true, false};
        if (range.last <= journal_there_->last()) {
          const auto written = journal_there_->write_archive_of(range, *journal_here_);
          if (!written && written.error().kind != ErrorKind::damaged) return written;
          damage.is_healed = written.has_value();
          found_.healed_journal_here = found_.healed_journal_here || damage.is_healed;
        }
        say(std::move(damage));
      }
    }
    return {};
  }

  Result<void> mend_journal_there() {
    ATOLL_ASSIGN(const auto report, journal_there_->verify(false));
    found_.commands = report.commands;
    found_.bytes_checked += report.bytes;
    std::set<std::string> files;
    for (const auto& damage : report.damages) {
      if (journal::parse_archive_name(damage.file)) files.insert(damage.file);
    }
    for (const std::string& file : files) {
      const auto name = *journal::parse_archive_name(file);
      CopyDamage damage{"journal " + file, "it is damaged", false, false};
      if (name.last <= vault_.journal().last() && !found_.healed_journal_here) {
        const auto written = vault_.journal().write_archive_of({name.first, name.last}, target_.journal());
        if (!written && written.error().kind != ErrorKind::damaged && written.error().kind != ErrorKind::not_found)
          return written;
        damage.is_healed = written.has_value();
      }
      say(std::move(damage));
    }
    // What is missing there altogether the next round ships.
    return {};
  }

  vault::Vault& vault_;
  CopyTarget& target_;
  const vault::CopyState& state_;
  const CheckOptions& options_;
  Pacer pacer_;
  std::unique_ptr<blob::BlobStore> packs_here_;
  std::unique_ptr<blob::BlobStore> journal_here_;
  std::unique_ptr<journal::Journal> journal_there_;
  std::uint64_t seed_ = 0;
  std::vector<Pack> packs_;
  std::uint64_t total_bytes_ = 0;
  std::mutex mutex_;
  std::uint64_t done_bytes_ = 0;  // guarded by mutex_
  CopyCheck found_;               // damage and counts: guarded by mutex_
};

}  // namespace

Result<CopyCheck> check_copy(vault::Vault& vault, CopyTarget& target, const vault::CopyState& state,
                             const CheckOptions& options) {
  return Checking(vault, target, state, options).check();
}

Result<CopyCheck> repair_copy(vault::Vault& vault, CopyTarget& target, const vault::CopyState& state,
                              const CheckOptions& options) {
  return Checking(vault, target, state, options).repair();
}

Result<std::set<PackId>> packs_to_mend(vault::Vault& vault, bool looks_for_files) {
  std::set<PackId> bad;
  const auto doubted = vault.chunks().doubted_packs();
  bad.insert(doubted.begin(), doubted.end());
  if (looks_for_files) {
    // A disk that is not mounted any more is nothing to be written anew on the one below it.
    ATOLL_ASSIGN(const auto head, vault.machine().files.stat(platform::join(vault.folder(), "vault.head")));
    if (!head) {
      return fail(ErrorKind::io, "vault.folder_gone", "the folder of the vault is not there: " + vault.folder(),
                  "Mount its disk again.");
    }
    ATOLL_ASSIGN(const auto missing, vault.chunks().missing_packs());
    bad.insert(missing.begin(), missing.end());
  } else if (bad.empty()) {
    return bad;  // asked often
  }
  std::set<PackId> known;
  for (const auto& pack : vault.chunks().list_packs()) known.insert(pack.id);
  std::set<PackId> out;
  const auto reader = vault.reader();
  ATOLL_ASSIGN(const auto rows, reader->packs());
  for (const auto& row : rows) {
    const bool is_unknown = looks_for_files && !known.contains(row.id);
    if (row.retired.value == 0 && (is_unknown || bad.contains(row.id))) out.insert(row.id);
  }
  return out;
}

}  // namespace atl::backup
