#include "services/backup/shipper.h"

#include <algorithm>

#include "store/chunk/pack_check.h"
#include "store/chunk/pack_format.h"
#include "store/journal/journal.h"

namespace atl::backup {
namespace {

using platform::join;

constexpr std::size_t kPieceBytes = 1024 * 1024;
constexpr int kRoundTries = 4;
// Of a tail that no archive covers yet; more are written anew as one.
constexpr std::size_t kTailPiecesMax = 32;
// Enough of an archive to tell two of the same name apart: its random salt lies within.
constexpr std::size_t kArchiveHeadBytes = 256;

std::string name_of(const PackId& id) { return chunk::pack_blob_name(id); }

// The vault's packs may change under a round: then it is begun again.
tl::unexpected<Error> moved_away(const std::string& what) {
  return fail(ErrorKind::conflict, "copy.source_moved", what + " was moved or removed while it was copied",
              "Try again.");
}

}  // namespace

Shipper::Shipper(vault::Vault& vault, CopyTarget& target, ShipOptions options)
    : vault_(&vault),
      target_(target),
      options_(std::move(options)),
      pacer_(vault.machine().clock, options_.bytes_per_second_max, options_.stop),
      packs_here_(pack_store(vault.machine(), vault.folder())) {
  pacer_.on_progress = [this](std::uint64_t bytes) {
    if (options_.on_progress) options_.on_progress(bytes, std::max(bytes, total_bytes_));
  };
}

Shipper::~Shipper() = default;

void Shipper::notice(const std::string& words) const {
  if (options_.on_notice) options_.on_notice(words);
}

Result<ShipReport> Shipper::round() {
  for (int tries = 1;; ++tries) {
    auto report = try_round();
    if (!report) {
      // What was believed about the other side may be wrong now.
      knows_there_ = false;
      open_.clear();
    }
    if (!report && report.error().id == "copy.source_moved" && tries < kRoundTries) continue;
    return report;
  }
}

Result<ShipReport> Shipper::try_round() {
  report_ = {};
  const std::uint64_t bytes_before = pacer_.bytes();
  ATOLL_TRY(target_.check_marker());
  ATOLL_ASSIGN(const Here here, look_here());
  if (!knows_there_) {
    ATOLL_TRY(look_there());
    ATOLL_TRY(check_same_past(here));
    knows_there_ = true;
  }
  for (const char* name : {"keyring", "keyring.2"}) ATOLL_TRY(ship_small(here.keyring, target_.heads(), name));
  ATOLL_TRY(ship_packs(here));
  // A copy that was away for longer than payloads are kept cannot be continued change by change. It gets the horizon
  // first, so that nobody takes what lies there meanwhile for a whole past.
  ATOLL_ASSIGN(const auto stats, vault_->journal().stats());
  const Lsn first_there = archives_there_.empty() ? Lsn{1} : archives_there_.begin()->first.first;
  const bool has_gap = covered(first_there).next() < stats.first_with_payloads;
  if (has_gap && !here.horizon.empty()) ATOLL_TRY(ship_small(here.horizon, target_.journal(), "horizon"));
  ATOLL_TRY(ship_journal(here));
  for (const char* name : {"vault.head", "vault.head.2"}) ATOLL_TRY(ship_small(here.head, target_.heads(), name));
  if (!here.horizon.empty()) ATOLL_TRY(ship_small(here.horizon, target_.journal(), "horizon"));
  ATOLL_TRY(replace_rewritten(here));
  ATOLL_TRY(remove_superseded());
  ATOLL_TRY(remove_retired(here));
  report_.shipped = here.last;
  report_.shipped_time = here.last_time;
  report_.bytes = pacer_.bytes() - bytes_before;
  for (const auto& [id, there] : packs_there_) report_.copy_bytes += there.size;
  for (const auto& [range, size] : archives_there_) report_.copy_bytes += size;
  return report_;
}

// To look at each of them every second would be most of what a place far away has to do.
Result<void> Shipper::ship_small(ByteView bytes, blob::BlobStore& to, const std::string& name) {
  const codec::Digest digest = codec::blake3(bytes);
  const auto known = small_there_.find(name);
  if (target_.is_s3() && known != small_there_.end() && known->second == digest) return {};
  ATOLL_TRY(carry_small(bytes, to, name, pacer_));
  small_there_[name] = digest;
  return {};
}

// The order matters: what is read first may be older than L, never newer; the packs are listed after L, so that they
// hold whatever the changes up to L refer to.
Result<Shipper::Here> Shipper::look_here() {
  Here here;
  platform::FileSystem& files = vault_->machine().files;
  {
    const auto reader = vault_->reader();
    ATOLL_ASSIGN(const auto rows, reader->packs());
    for (const auto& row : rows) {
      if (row.retired.value == 0) here.used.insert(row.id);
    }
  }
  for (const auto& pack : vault_->chunks().list_packs()) here.packs.insert(pack.id);
  ATOLL_ASSIGN(here.keyring, keyring::Keyring::image(files, vault_->folder()));
  // Truncation stores the head before it moves the horizon.
  here.horizon = vault_->journal().horizon_image();
  ATOLL_ASSIGN(here.head, keyring::vault_head_image(files, vault_->folder()));
  if (vault_->is_writable()) {
    // Time first: read the other way round it could be that of a later change.
    here.last_time = vault_->journal().last_commit_time();
    here.last = vault_->journal().last();
  } else {
    ATOLL_ASSIGN(const auto stats, vault_->journal().stats());
    here.last = stats.archives > 0 ? stats.last_archived : Lsn{};
    here.last_time = vault_->journal().last_commit_time();
  }
  for (const auto& open : vault_->chunks().open_packs()) here.open[open.id] = open.durable_bytes;
  here.infos = vault_->chunks().list_packs();
  if (!vault_->is_writable() && std::ranges::any_of(here.infos, [](const auto& info) { return !info.is_sealed; })) {
    return fail(ErrorKind::locked, "copy.writer_active",
                "another process is writing to this vault, and ships by itself", "Wait until it is done.");
  }
  for (const auto& info : here.infos) here.packs.insert(info.id);
  return here;
}

Result<void> Shipper::look_there() {
  packs_there_.clear();
  archives_there_.clear();
  same_archives_.clear();
  small_there_.clear();
  open_.clear();
  ATOLL_ASSIGN(const auto packs, target_.packs().enumerate());
  for (const auto& blob : packs) {
    const auto id = chunk::pack_of_blob_name(blob.name);
    if (!id) continue;
    if (!blob.is_finished && packs_there_.contains(*id)) {  // a replacement that was broken off
      ATOLL_TRY(target_.packs().remove_unfinished(blob.name));
      continue;
    }
    packs_there_[*id] = {blob.size, blob.is_finished};
  }
  ATOLL_ASSIGN(const auto archives, target_.journal().enumerate());
  for (const auto& blob : archives) {
    if (!blob.is_finished) {
      ATOLL_TRY(target_.journal().remove_unfinished(blob.name));
      continue;
    }
    const auto name = journal::parse_archive_name(blob.name);
    if (name) archives_there_[{name->first, name->last}] = blob.size;
  }
  return {};
}

// The newest change that is there has to be the one that is here under the same number.
Result<void> Shipper::check_same_past(const Here& here) {
  if (archives_there_.empty()) return {};
  Lsn newest;
  for (const auto& [range, size] : archives_there_) newest = std::max(newest, range.second);
  if (newest > here.last && newest > vault_->journal().last()) {
    return fail(ErrorKind::conflict, "copy.ahead",
                "the copy in " + target_.place() + " holds changes up to " + std::to_string(newest.value) +
                    ", this vault only up to " + std::to_string(vault_->journal().last().value) +
                    ": nothing was written to it",
                "This home is older than its copy, or was brought back from an older state. Look at the copy with "
                "`atoll restore-home` into another folder; only then remove it with `atoll copy remove`.");
  }
  const auto envelope_at = [&](const journal::Journal& journal, Bytes& envelope) {
    return journal.read(newest, newest, [&](const journal::Command& command) -> Result<bool> {
      envelope = journal::encode_envelope(command.envelope);
      return false;
    });
  };
  journal::JournalOptions options;
  options.writable = false;
  ATOLL_ASSIGN(const auto there, journal::Journal::open(target_.machine(), target_.vault_folder(),
                                                        journal::JournalKeys::from(vault_->keys()), options));
  Bytes envelope_here;
  Bytes envelope_there;
  // Damage on either side is repair's to judge; a change that was truncated here cannot be compared.
  if (!envelope_at(*there, envelope_there) || !envelope_at(vault_->journal(), envelope_here)) return {};
  if (equal(envelope_here, envelope_there)) return {};
  return fail(
      ErrorKind::conflict, "copy.forked",
      "the copy in " + target_.place() + " holds another continuation of this vault: its change " +
          std::to_string(newest.value) + " is not the one here; nothing was written to it",
      "Two homes write to this copy, or this one was brought back from an older state. Give each its own copy.");
}

Result<void> Shipper::ship_packs(const Here& here) {
  total_bytes_ = pacer_.bytes();
  std::map<PackId, std::uint64_t> open_later;
  for (const auto& open : vault_->chunks().open_packs()) open_later[open.id] = open.durable_bytes;
  for (const auto& pack : here.infos) {
    const auto there = packs_there_.find(pack.id);
    if (pack.is_sealed && (there == packs_there_.end() || !there->second.is_finished))
      total_bytes_ +=
          pack.stored_bytes - std::min(pack.stored_bytes, there == packs_there_.end() ? 0 : there->second.size);
  }
  for (const auto& pack : here.infos) {
    ATOLL_TRY(pacer_.check_stop());
    const auto open = here.open.find(pack.id);
    if (pack.is_sealed) {
      ATOLL_TRY(ship_sealed(pack));
    } else if (open != here.open.end()) {
      ATOLL_TRY(ship_open(pack.id, open->second));
    } else if (!open_later.contains(pack.id)) {
      // Left unfinished by an earlier session and not sealed yet for want of room. (One begun after L is not needed.)
      ATOLL_TRY(ship_open(pack.id, pack.stored_bytes));
    }
  }
  return {};
}

Result<void> Shipper::ship_sealed(const chunk::PackInfo& pack) {
  const auto there = packs_there_.find(pack.id);
  if (there != packs_there_.end() && there->second.is_finished) {
    // A finished pack was compared and never changes; where the lengths differ, the one here has lost something.
    if (there->second.size != pack.stored_bytes)
      notice("pack " + pack.id.text() + " is not the same here and in the copy; `atoll copy repair` looks into it");
    return {};
  }
  if (damaged_here_.contains(pack.id)) return {};  // told
  const std::string name = name_of(pack.id);
  ATOLL_ASSIGN(const auto info, packs_here_->stat(name));
  if (!info) {
    const auto now = vault_->chunks().list_packs();
    if (std::ranges::none_of(now, [&](const auto& other) { return other.id == pack.id; })) return moved_away(name);
    notice("pack " + pack.id.text() + " is missing here and could not be copied");
    return {};
  }
  if (!info->is_finished) return moved_away(name);
  open_.erase(pack.id);
  // What lies there unfinished may be all that a home restored now would have of it: it is written on, not begun anew.
  std::uint64_t keep = 0;
  if (there != packs_there_.end()) {
    const std::uint64_t shared = std::min(there->second.size, info->size);
    ATOLL_ASSIGN(keep, equal_beginning(name, shared));
    // What was shipped was compared then. Where it differs now the disk spoiled it here, and the parity that came with
    // the sealing may be that of the damage.
    if (keep < shared) {
      ATOLL_ASSIGN(const auto check, chunk::check_pack(*packs_here_, vault_->keys(), pack.id, true));
      if (!check.damage.empty()) {
        notice("pack " + pack.id.text() + " is damaged here (" + check.damage +
               "); the copy keeps what it has of it, which `atoll restore-home` reads");
        damaged_here_.insert(pack.id);
        return {};
      }
    }
  }
  const auto read = [&](std::uint64_t offset, ByteSpan out) { return packs_here_->fetch(name, offset, out); };
  const auto carried =
      carry_whole(read, info->size, pack.id.bytes, target_.packs(), name, keep, IfDamaged::carry, pacer_, read_back());
  if (!carried && carried.error().id == "copy.source_damaged") {
    notice("pack " + pack.id.text() + " is damaged here beyond its parity; its beginning is in the copy");
    return {};
  }
  if (!carried) return pass(carried.error());
  if (carried->is_damaged)
    notice("pack " + pack.id.text() + " is damaged here beyond its parity; it was copied as it is");
  packs_there_[pack.id] = {info->size, true};
  ++report_.packs;
  return {};
}

// How many of the first `bytes` are the same here and there.
Result<std::uint64_t> Shipper::equal_beginning(const std::string& name, std::uint64_t bytes) {
  Buffer a(kPieceBytes);
  Buffer b(kPieceBytes);
  for (std::uint64_t at = 0; at < bytes;) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(kPieceBytes, bytes - at));
    ATOLL_ASSIGN(const std::size_t got_here, packs_here_->fetch(name, at, a.span().first(wanted)));
    ATOLL_ASSIGN(const std::size_t got_there, target_.packs().fetch_unfinished(name, at, b.span().first(wanted)));
    const ByteView here = a.view().first(std::min(got_here, got_there));
    const ByteView there = b.view().first(here.size());
    if (!equal(here, there)) {
      return at + static_cast<std::uint64_t>(std::ranges::mismatch(here, there).in1 - here.begin());
    }
    at += here.size();
    if (here.size() < wanted) return at;
  }
  return bytes;
}

Result<void> Shipper::ship_open(const PackId& id, std::uint64_t durable_bytes) {
  const std::string name = name_of(id);
  OpenBlob& blob = open_[id];
  if (!blob.writer) {
    if (durable_bytes == 0) return {};
    const auto there = packs_there_.find(id);
    if (there != packs_there_.end() && there->second.is_finished) return {};
    if (there == packs_there_.end()) {
      ATOLL_TRY(target_.packs().remove_unfinished(name));
      ATOLL_ASSIGN(blob.writer, target_.packs().receive(name));
    } else {
      ATOLL_ASSIGN(blob.bytes, equal_beginning(name, std::min(there->second.size, durable_bytes)));
      ATOLL_ASSIGN(blob.writer, target_.packs().adopt(name, blob.bytes));
    }
  }
  if (blob.bytes >= durable_bytes) return {};
  codec::Blake3 written;
  Buffer piece(kPieceBytes);
  const std::uint64_t from = blob.bytes;
  for (std::uint64_t at = from; at < durable_bytes;) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(kPieceBytes, durable_bytes - at));
    const auto got = packs_here_->fetch(name, at, piece.span().first(wanted));
    if (!got && got.error().kind == ErrorKind::not_found) return moved_away(name);
    if (!got) return pass(got.error());
    if (*got < wanted) return fail(ErrorKind::damaged, "copy.source_short", "'" + name + "' ends too early");
    written.update(piece.view().first(wanted));
    ATOLL_TRY(blob.writer->append(piece.view().first(wanted)));
    ATOLL_TRY(pacer_.wrote(wanted));
    at += wanted;
  }
  ATOLL_TRY(blob.writer->sync());
  codec::Blake3 there;
  for (std::uint64_t at = target_.is_trusted() ? durable_bytes : from; at < durable_bytes;) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(kPieceBytes, durable_bytes - at));
    ATOLL_ASSIGN(const std::size_t got, target_.packs().fetch_unfinished(name, at, piece.span().first(wanted)));
    there.update(piece.view().first(got));
    at += got;
    if (got < wanted) break;
  }
  if (!target_.is_trusted() && there.digest() != written.digest()) {
    return fail(ErrorKind::io, "blob.not_read_back", "'" + name + "' did not read back as it was written",
                "The copy's disk, or what leads to it, is failing; the original is untouched.");
  }
  blob.bytes = durable_bytes;
  packs_there_[id] = {durable_bytes, false};
  return {};
}

Lsn Shipper::covered(Lsn first) const {
  Lsn reached{first.value - 1};
  for (const auto& [range, size] : archives_there_) {  // by first change
    if (range.first > reached.next()) break;
    reached = std::max(reached, range.second);
  }
  return reached;
}

Result<void> Shipper::ship_journal(const Here& here) {
  if (here.last.value == 0) return {};
  // Archives that end behind L name packs that were perhaps not shipped: the tail brings what of them counts.
  for (const journal::ArchiveName& archive : vault_->journal().archives()) {
    if (archive.last > here.last) break;
    if (archives_there_.contains({archive.first, archive.last})) continue;
    ATOLL_TRY(pacer_.check_stop());
    ATOLL_TRY(ship_archive(archive));
  }
  return ship_tail(here);
}

Result<void> Shipper::ship_archive(const journal::ArchiveName& archive) {
  const std::string name = journal::archive_name(archive.first, archive.last);
  const std::string path = join(join(vault_->folder(), "journal"), name);
  const auto file = vault_->machine().files.open(path, platform::OpenMode::read);
  if (!file && file.error().kind == ErrorKind::not_found) return moved_away(name);
  if (!file) return pass(file.error());
  ATOLL_ASSIGN(const std::uint64_t size, (*file)->size());
  ATOLL_ASSIGN(const auto info, vault_->machine().files.stat(path));
  const auto read = [&](std::uint64_t offset, ByteSpan out) { return (*file)->read_at(offset, out); };
  // What is there already is not given up for something worse.
  const IfDamaged if_damaged = covered(archive.first) >= archive.last ? IfDamaged::refuse : IfDamaged::carry;
  const auto carried = carry_whole(read, size, journal::archive_tag(archive.first, archive.last), target_.journal(),
                                   name, 0, if_damaged, pacer_, read_back());
  if (!carried && carried.error().id == "copy.source_damaged") {
    notice("the journal archive " + name + " is damaged here and whole in the copy: run `atoll copy repair`");
    return {};
  }
  if (!carried) return pass(carried.error());
  if (carried->is_damaged) notice("the journal archive " + name + " is damaged here; it was copied as it is");
  archives_there_[{archive.first, archive.last}] = size;
  if (info && info->size == size) same_archives_[{archive.first, archive.last}] = {info->size, info->modified_unix_us};
  ++report_.archives;
  return {};
}

Result<void> Shipper::ship_tail(const Here& here) {
  ATOLL_ASSIGN(const auto stats, vault_->journal().stats());
  const Lsn reached = covered(stats.first_kept);
  if (reached >= here.last) return {};
  const auto write = [&](Lsn first) -> Result<void> {
    ATOLL_TRY(vault_->journal().write_archive_of({first, here.last}, target_.journal()));
    const std::string name = journal::archive_name(first, here.last);
    ATOLL_ASSIGN(const auto info, target_.journal().stat(name));
    ATOLL_INVARIANT(info.has_value(), "what was committed is there");
    archives_there_[{first, here.last}] = info->size;
    ++report_.archives;
    return pacer_.wrote(info->size);
  };
  std::size_t pieces = 0;
  Lsn first_piece = reached.next();
  const auto names = vault_->journal().archives();
  for (const auto& [range, size] : archives_there_) {
    const bool is_ours = std::ranges::any_of(names, [&](const journal::ArchiveName& name) {
      return name.first == range.first && name.last == range.second;
    });
    if (is_ours) continue;
    ++pieces;
    first_piece = std::min(first_piece, std::max(range.first, stats.first_kept));
  }
  // One piece a second is many after an hour. Written anew as one, they are superseded by it.
  return write(pieces >= kTailPiecesMax ? first_piece : reached.next());
}

Result<bool> Shipper::is_same_archive(const journal::ArchiveName& archive) {
  const std::string name = journal::archive_name(archive.first, archive.last);
  const std::string path = join(join(vault_->folder(), "journal"), name);
  ATOLL_ASSIGN(const auto info, vault_->machine().files.stat(path));
  if (!info) return true;  // merged away since
  const Stamp stamp{info->size, info->modified_unix_us};
  const auto known = same_archives_.find({archive.first, archive.last});
  if (known != same_archives_.end() && known->second == stamp) return true;
  Bytes here(kArchiveHeadBytes);
  Bytes there(kArchiveHeadBytes);
  const auto file = vault_->machine().files.open(path, platform::OpenMode::read);
  if (!file && file.error().kind == ErrorKind::not_found) return true;
  if (!file) return pass(file.error());
  ATOLL_ASSIGN(const std::size_t got_here, (*file)->read_at(0, here));
  ATOLL_ASSIGN(const std::size_t got_there, target_.journal().fetch(name, 0, there));
  if (got_here != got_there || !equal(here, there) || archives_there_[{archive.first, archive.last}] != info->size)
    return false;
  same_archives_[{archive.first, archive.last}] = stamp;
  return true;
}

// Of the same name and not the same: payloads were dropped or erased here, or what lies there is a piece of ours.
Result<void> Shipper::replace_rewritten(const Here& here) {
  for (const journal::ArchiveName& archive : vault_->journal().archives()) {
    if (archive.last > here.last || !archives_there_.contains({archive.first, archive.last})) continue;
    ATOLL_ASSIGN(const bool is_same, is_same_archive(archive));
    if (!is_same) ATOLL_TRY(ship_archive(archive));
  }
  return {};
}

Result<void> Shipper::remove_superseded() {
  ATOLL_ASSIGN(const auto stats, vault_->journal().stats());
  const auto names = vault_->journal().archives();
  // Kept: the archives of this vault that are there. What these and the pieces behind them cover may go.
  std::vector<std::pair<Lsn, Lsn>> kept;
  for (const journal::ArchiveName& name : names) {
    if (archives_there_.contains({name.first, name.last})) kept.emplace_back(name.first, name.last);
  }
  const auto is_covered = [&](const std::pair<Lsn, Lsn>& range) {
    Lsn reached{range.first.value - 1};
    for (const auto& [first, last] : kept) {
      if (first <= reached.next()) reached = std::max(reached, last);
    }
    return reached >= range.second;
  };
  std::vector<std::pair<Lsn, Lsn>> pieces;
  for (const auto& [range, size] : archives_there_) {
    if (!std::ranges::binary_search(kept, range)) pieces.push_back(range);
  }
  // Larger ones first, so that a piece covered by a larger piece goes.
  std::ranges::sort(pieces, [](const auto& a, const auto& b) {
    return a.second.value - a.first.value > b.second.value - b.first.value;
  });
  for (const auto& range : pieces) {
    const bool is_below = range.second < stats.first_kept;
    if (!is_below && !is_covered(range)) {
      kept.insert(std::ranges::upper_bound(kept, range), range);
      continue;
    }
    ATOLL_TRY(target_.journal().remove(journal::archive_name(range.first, range.second)));
    archives_there_.erase(range);
    same_archives_.erase(range);
    ++report_.removed;
  }
  return {};
}

Result<void> Shipper::remove_retired(const Here& here) {
  // What was lost here is no reason to lose it there as well.
  if (!vault_->journal().recovery().lost.empty()) return {};
  std::vector<PackId> gone;
  for (const auto& [id, there] : packs_there_) {
    if (!here.packs.contains(id) && !here.used.contains(id)) gone.push_back(id);
  }
  for (const PackId& id : gone) {
    open_.erase(id);
    ATOLL_TRY(target_.packs().remove(name_of(id)));
    ATOLL_TRY(target_.packs().remove_unfinished(name_of(id)));
    packs_there_.erase(id);
    ++report_.removed;
  }
  return {};
}

}  // namespace atl::backup
