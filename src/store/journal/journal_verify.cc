// Verify: every checksum, tag, digest and link of the chain; healing of archives.
#include <algorithm>

#include "store/journal/internal/core.h"

namespace atl::journal {
namespace {

class Verifier {
 public:
  Verifier(JournalCore& core, bool heal) : core_(core), heal_(heal) {}

  Result<JournalVerifyReport> run() {
    std::vector<ArchivePlace> archives;
    std::vector<std::shared_ptr<Segment>> segments;
    std::vector<std::vector<GroupPlace>> groups;
    Lsn last;
    {
      const std::lock_guard lock(core_.mutex);
      archives = core_.archives;
      segments = core_.segments;
      for (const auto& segment : segments) groups.push_back(segment->groups);
      expected_ = core_.horizon.first_kept;
      last = core_.position.last;
    }
    for (const ArchivePlace& place : archives) ATOLL_TRY(check_archive(place));
    for (std::size_t i = 0; i < segments.size(); ++i) ATOLL_TRY(check_segment(*segments[i], groups[i]));
    if (expected_ <= last) {
      lose("journal", "acknowledged commands are missing at the end", expected_, last);
    }
    ATOLL_TRY(check_horizon());
    return std::move(report_);
  }

 private:
  void lose(const std::string& file, std::string what, Lsn first, Lsn last) {
    report_.damages.push_back({file, std::move(what), LsnRange{first, last}, false});
    add_lost(report_.lost, first, last);
    expected_ = last.next();
    chain_.reset();
  }

  void reach(const std::string& file, Lsn first) {
    if (first > expected_) lose(file, "commands before it are missing", expected_, {first.value - 1});
  }

  void check_link(const std::string& file, const codec::Digest& before) {
    if (before == codec::Digest{}) chain_.reset();  // begins anew
    if (chain_ && *chain_ != before) {
      report_.damages.push_back(
          {file, "it does not continue the commands before it (the chain is broken)", std::nullopt, false});
    }
    chain_ = before;
  }

  void count(const StoredCommand& stored, const codec::SecretKey& key) {
    ++report_.commands;
    for (const Payload& payload : stored.command.payloads) ++(payload.plain ? report_.payloads : report_.payloads_gone);
    if (chain_) chain_ = next_chain(key, *chain_, stored.envelope_bytes);
    if (stored.command.envelope.commit_time < time_) {
      report_.damages.push_back({"journal",
                                 "the commit time of LSN " + std::to_string(stored.command.envelope.lsn.value) +
                                     " lies before that of an earlier command",
                                 std::nullopt, false});
    }
    time_ = std::max(time_, stored.command.envelope.commit_time);
    expected_ = stored.command.envelope.lsn.next();
  }

  Result<void> check_archive(const ArchivePlace& place) {
    const std::string file = place.file_name();
    ++report_.files;
    report_.bytes += place.bytes;
    reach(file, place.first);
    auto opened = ArchiveReader::open(core_.machine.files, core_.path_of(file), place.name(), core_.keys);
    if (!opened) {
      if (opened.error().kind == ErrorKind::not_found && !core_.options.writable) return pass(opened.error());
      if (opened.error().kind != ErrorKind::damaged && opened.error().kind != ErrorKind::io &&
          opened.error().kind != ErrorKind::not_found)
        return pass(opened.error());
      lose(file, opened.error().message, expected_, place.last);
      return {};
    }
    const ArchiveReader& reader = **opened;
    const auto checked = reader.check();
    if (!checked && checked.error().kind != ErrorKind::damaged) return pass(checked.error());
    const bool is_clean = checked && checked->is_none() && reader.has_index();
    if (!is_clean) ATOLL_TRY(tell_archive_damage(file, reader, checked));

    // It may begin before the one before it ends: then its chain is followed to where that one ended and joined there.
    const codec::SecretKey key = chain_key(core_.keys);
    std::optional<codec::Digest> own_chain = reader.header().chain_before;
    bool is_joined = place.first >= expected_;
    if (is_joined) check_link(file, *own_chain);
    for (const ArchiveBlockPlace& block : reader.blocks()) {
      if (block.last() >= expected_) reach(file, block.first);
      const auto commands = reader.read_block(block, true);
      if (!commands) {
        if (commands.error().kind != ErrorKind::damaged) return pass(commands.error());
        own_chain.reset();
        if (block.last() >= expected_)
          lose(file, commands.error().message, std::max(block.first, expected_), block.last());
        continue;
      }
      for (const StoredCommand& stored : *commands) {
        if (stored.command.envelope.lsn < expected_) {
          if (own_chain) own_chain = next_chain(key, *own_chain, stored.envelope_bytes);
          continue;
        }
        if (!is_joined && own_chain) check_link(file, *own_chain);
        is_joined = true;
        count(stored, key);
      }
    }
    if (expected_ <= place.last) lose(file, "its end cannot be read", expected_, place.last);
    if (chain_ && reader.has_index() && *chain_ != reader.footer().chain_after) {
      report_.damages.push_back(
          {file, "its envelopes are not those it was written with (the chain is broken)", std::nullopt, false});
    }
    return {};
  }

  Result<void> tell_archive_damage(const std::string& file, const ArchiveReader& reader,
                                   const Result<blob::ParityMap::Damage>& checked) {
    JournalDamage damage{file, {}, std::nullopt, false};
    const bool can_heal = checked && checked->can_heal && reader.has_index();
    if (!checked) {
      damage.what = "nothing of its parity can be read";
    } else {
      damage.what = std::to_string(checked->blocks.size()) + " blocks of data and " +
                    std::to_string(checked->parity.size()) + " of parity are damaged" +
                    (checked->metadata ? ", and a part of the parity's table" : "") +
                    (can_heal ? "; parity restores them" : "; beyond repair by parity");
    }
    if (can_heal && heal_ && core_.options.writable) {
      const std::string unfinished = core_.path_of(file + ".tmp");
      const auto mend = [&]() -> Result<void> {
        ATOLL_TRY(reader.rewrite(core_.machine.files, unfinished));
        ATOLL_TRY(core_.machine.files.rename(unfinished, core_.path_of(file)));
        return core_.machine.files.sync_directory(core_.folder);
      };
      if (const auto mended = mend(); mended) {
        damage.healed = true;
      } else {
        ignore_error_on_purpose(core_.machine.files.remove_file(unfinished));
        if (mended.error().kind != ErrorKind::damaged && mended.error().kind != ErrorKind::no_space) return mended;
        damage.what += "; writing it anew failed: " + mended.error().message;
      }
    }
    report_.damages.push_back(std::move(damage));
    return {};
  }

  Result<void> check_segment(const Segment& segment, const std::vector<GroupPlace>& groups) {
    const std::string file = segment.path.substr(segment.path.rfind('/') + 1);
    ++report_.files;
    for (std::uint64_t copy = 0; copy < 2; ++copy) {
      Bytes block(kBlockBytes);
      const auto read = platform::read_exact(*segment.file, copy * kBlockBytes, block, file);
      const auto header = read ? decode_segment_header(block) : Result<SegmentHeader>(pass(read.error()));
      if (!header || header->salt != segment.header.salt) {
        report_.damages.push_back(
            {file, std::string(copy == 0 ? "the first" : "the second") + " copy of its header is damaged", std::nullopt,
             false});
      }
    }
    FileSealers sealers(core_.keys, FileFamily::segment, segment.header.salt);
    for (const GroupPlace& place : groups) {
      report_.bytes += place.bytes;
      reach(file, place.first);
      const auto opened = read_group(*segment.file, place, sealers, true);
      if (!opened) {
        if (opened.error().kind != ErrorKind::damaged) return pass(opened.error());
        lose(file, opened.error().message, std::max(place.first, expected_), place.last());
        continue;
      }
      if (place.first == expected_) check_link(file, place.previous_chain);
      for (const StoredCommand& stored : opened->commands) {
        if (stored.command.envelope.lsn >= expected_) count(stored, sealers.chain_key());
      }
    }
    return {};
  }

  Result<void> check_horizon() {
    const auto bytes = platform::read_whole(core_.machine.files, core_.path_of("horizon"), 4096);
    if (!bytes && bytes.error().kind == ErrorKind::not_found) return {};
    const auto horizon = bytes ? decode_horizon(*bytes, core_.keys.vault) : Result<Horizon>(pass(bytes.error()));
    if (horizon) return {};
    JournalDamage damage{"horizon", horizon.error().message, std::nullopt, false};
    if (heal_ && core_.options.writable) {
      Horizon known;
      {
        const std::lock_guard lock(core_.mutex);
        known = core_.horizon;
      }
      ATOLL_TRY(core_.write_horizon(known));
      damage.healed = true;
    }
    report_.damages.push_back(std::move(damage));
    return {};
  }

  JournalCore& core_;
  bool heal_;
  JournalVerifyReport report_;
  Lsn expected_{1};
  Timestamp time_{INT64_MIN};
  std::optional<codec::Digest> chain_;  // none: the first command after a hole
};

}  // namespace

Result<JournalVerifyReport> Journal::verify(bool heal) {
  const std::lock_guard guard(state_->maintenance);
  return Verifier(*state_, heal).run();
}

}  // namespace atl::journal
