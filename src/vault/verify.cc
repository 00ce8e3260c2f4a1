#include "vault/verify.h"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "catalog/s3_rows.h"
#include "foundation/codec/hash.h"
#include "foundation/platform/file_system.h"
#include "vault/checks.h"
#include "vault/chunk_sorter.h"
#include "vault/object/content.h"

namespace atl::vault {
namespace {

constexpr std::size_t kLostKept = 100'000;
// To look up one chunk takes as long as to pass over about so many.
constexpr std::uint64_t kPassedPerLookUp = 4;

class VerifyRun {
 public:
  VerifyRun(Vault& vault, const VerifyVaultOptions& options) : vault_(&vault), options_(&options) {}

  Result<VerifySummary> run() {
    const std::int64_t started_ns = vault_->machine().clock.monotonic_ns();
    const Timestamp started = vault_->machine().clock.now();
    ATOLL_TRY(check_keys());
    // Journal and catalog are one thread's work each way; the packs keep the others busy meanwhile.
    Result<journal::JournalVerifyReport> journal;
    Result<void> pages;
    std::optional<std::uint64_t> whole_objects;
    auto rows = vault_->machine().threads.start("verify-rows", [&] {
      journal = vault_->journal().verify(heals());
      const auto reader = vault_->reader();  // one for both: what it has read it keeps
      pages = reader->check();
      if (pages) whole_objects = count_whole_objects(*reader);
    });
    const auto chunks = check_chunks();
    rows->join();
    if (!journal) return pass(journal.error());
    tell(*journal);
    ATOLL_TRY(chunks);
    ATOLL_TRY(pages);
    if (whole_objects && has_sound_chunks_) {
      summary_.objects = *whole_objects;
    } else if (!summary_.was_interrupted) {
      ATOLL_TRY(check_objects());
      summary_.was_interrupted = is_stopped();
    }
    summary_.seconds = static_cast<double>(vault_->machine().clock.monotonic_ns() - started_ns) * 1e-9;
    if (vault_->is_writable() && !summary_.was_interrupted) ATOLL_TRY(remember(started));
    return std::move(summary_);
  }

 private:
  [[nodiscard]] bool is_stopped() const { return options_->stop != nullptr && options_->stop->load(); }
  [[nodiscard]] bool heals() const { return options_->heals && vault_->is_writable(); }

  Result<void> check_keys() {
    // A bad copy is found by opening and, in a writable vault, was mended then.
    if (vault_->keys().was_damaged()) {
      summary_.damage.push_back({"keyring", "one of its two files was damaged", vault_->is_writable()});
    }
    const auto loaded = keyring::load_vault_head(vault_->machine(), vault_->folder(), vault_->keys(),
                                                 heals() ? keyring::HealHead::yes : keyring::HealHead::no);
    if (!loaded) return pass(loaded.error());
    for (const std::string& finding : loaded->findings)
      summary_.damage.push_back({"vault.head", finding, loaded->healed});
    return {};
  }

  void tell(const journal::JournalVerifyReport& report) {
    summary_.commands = report.commands;
    summary_.bytes_checked += report.bytes;
    for (const auto& damage : report.damages) {
      summary_.damage.push_back({damage.file, damage.what, damage.healed});
    }
    for (const auto& lost : report.lost) {
      summary_.damage.push_back({"journal",
                                 "changes " + std::to_string(lost.first.value) + " to " +
                                     std::to_string(lost.last.value) +
                                     " can no longer be read; the catalog still holds what they made",
                                 false});
    }
  }

  Result<void> check_chunks() {
    chunk::VerifyOptions options;
    options.data = options_->reads_data;
    options.sample_ratio = options_->sample_ratio;
    std::array<std::uint8_t, 8> seed{};
    vault_->machine().random.fill(seed);
    options.seed = load_le<std::uint64_t>(seed.data());
    options.heal = heals();
    options.threads =
        options_->workers > 0 ? options_->workers : std::max(1U, vault_->machine().threads.hardware_count());
    const auto reader = vault_->reader();
    ATOLL_ASSIGN(const auto packs, reader->packs());
    for (const auto& pack : packs) {
      // The file of a retired one may be gone already.
      if (vault_->keys().domain(pack.domain) != nullptr && pack.retired.value == 0) options.expected.push_back(pack.id);
    }
    options.progress = [this](std::uint64_t done, std::uint64_t total) {
      if (options_->on_progress) options_->on_progress(done, total);
      return !is_stopped();
    };
    const auto report = vault_->chunks().verify(options);
    if (!report) {
      if (report.error().kind != ErrorKind::interrupted) return pass(report.error());
      summary_.was_interrupted = true;
      return {};
    }
    has_sound_chunks_ = report->is_clean();
    summary_.packs = report->packs;
    summary_.chunks = report->chunks;
    summary_.bytes_checked += report->bytes_read;
    for (const auto& damage : report->damage) {
      // Begun, and then the power went before its first sync: no command ever referred into it, and none can.
      const bool is_known = std::ranges::any_of(packs, [&](const auto& row) { return row.id == damage.pack; });
      if (!is_known && damage.area == "header") continue;
      summary_.damage.push_back({"pack " + damage.pack.text() + ", " + damage.area, damage.message, damage.is_healed});
      lost_chunks_.insert(damage.lost_chunks.begin(), damage.lost_chunks.end());
    }
    for (const PackId& pack : report->missing_packs) {
      summary_.damage.push_back({"pack " + pack.text(), "its file is missing", false});
    }
    if (report->index_entries_missing + report->index_entries_wrong > 0) {
      summary_.damage.push_back({"chunk index",
                                 std::to_string(report->index_entries_missing) + " chunks were not in it and " +
                                     std::to_string(report->index_entries_wrong) + " entries led nowhere",
                                 vault_->is_writable()});
    }
    return {};
  }

  // The number of versions, where the index knows every chunk of each of them and of all uploads; none where it does
  // not, or where that cannot be told. Runs beside the check of the packs, so it says nothing about chunks that this
  // finds lost: where there is anything wrong, check_objects() looks again, one by one, and names it.
  //
  // Ids are sorted and met by one pass over the index, so that the work for each does not grow with the vault.
  std::optional<std::uint64_t> count_whole_objects(catalog::CatalogReader& reader) {
    std::uint64_t versions = 0;
    ChunkSorter wanted(vault_->machine(), vault_->head().suite, platform::join(vault_->folder(), "staging"),
                       [this](std::uint64_t bytes) { return vault_->check_room(bytes); });
    bool goes_on = true;  // nothing is missing so far, and nobody stops this
    const auto look_up = [&]() -> Result<void> {
      ATOLL_ASSIGN(goes_on, are_all_known(wanted));
      wanted.clear();
      return {};
    };
    const auto add = [&](const ChunkId& id) -> Result<void> {
      wanted.add(id);
      if (is_stopped()) goes_on = false;
      return wanted.is_full() ? look_up() : Result<void>();
    };
    const auto add_content = [&](const catalog::ContentReference& content) -> Result<void> {
      if (vault_->keys().domain(content.domain) == nullptr) return {};  // shredded on purpose
      if (content.depth == 0) {
        for (const auto& part : content.parts) ATOLL_TRY(add(part.chunk));
        return {};
      }
      return for_each_chunk(vault_->chunks(), content, [&](const ChunkId& id, bool) -> Result<bool> {
        ATOLL_TRY(add(id));
        return goes_on;
      });
    };
    const auto visit = [&]() -> Result<void> {
      ATOLL_TRY(reader.for_each_row(journal::TableNumber::versions, [&](ByteView key, ByteView row) -> Result<bool> {
        ATOLL_ASSIGN(const auto version, catalog::decode_version(key, row));
        ++versions;
        ATOLL_TRY(add_content(version.content));
        return goes_on;
      }));
      if (!goes_on) return {};
      ATOLL_TRY(
          reader.for_each_row(journal::TableNumber::upload_parts, [&](ByteView key, ByteView row) -> Result<bool> {
            catalog::UploadPartRow part;
            ATOLL_TRY(catalog::decode(key, row, part));
            ATOLL_ASSIGN(const auto content, catalog::decode_content(part.content));
            ATOLL_TRY(add_content(content));
            return goes_on;
          }));
      if (!goes_on) return {};
      return look_up();
    };
    if (!visit() || !goes_on) return std::nullopt;
    return versions;
  }

  // Whether the index knows all of them; false also where this is stopped.
  Result<bool> are_all_known(ChunkSorter& wanted) {
    const std::uint64_t chunks = vault_->chunks().totals().chunks;
    bool goes_on = true;
    const auto look_up = [&](const ChunkId& id) -> Result<void> {
      ATOLL_ASSIGN(const bool is_known, vault_->chunks().contains(id));
      goes_on = is_known && !is_stopped();
      return {};
    };
    if (chunks / kPassedPerLookUp <= wanted.count()) {
      ATOLL_TRY(vault_->chunks().for_each_location([&](const chunk::ChunkPlace& place) -> Result<bool> {
        for (;;) {
          ATOLL_ASSIGN(const ChunkId* id, wanted.peek());
          if (id == nullptr || is_stopped()) return false;
          if (*id > place.id) return true;
          // One that the pass did not meet may have been moved meanwhile.
          if (*id != place.id || place.is_in_condemned_pack) ATOLL_TRY(look_up(*id));
          if (!goes_on) return false;
          wanted.advance();
        }
      }));
    }
    while (goes_on && !is_stopped()) {
      ATOLL_ASSIGN(const ChunkId* id, wanted.peek());
      if (id == nullptr) return true;
      ATOLL_TRY(look_up(*id));
      wanted.advance();
    }
    return false;
  }

  // Whether each version's chunks are there at all (index), and none of those found lost.
  Result<void> check_objects() {
    const auto reader = vault_->reader();
    ATOLL_ASSIGN(const auto buckets, reader->buckets());
    for (const auto& bucket : buckets) names_[bucket.id] = bucket.name;
    // Every version, ended ones too; the entry tells its key.
    std::unordered_map<ObjectId, std::pair<std::string, VersionId>> keys;
    std::vector<catalog::VersionRow> broken;
    ATOLL_TRY(reader->for_each_row(journal::TableNumber::versions, [&](ByteView key, ByteView row) -> Result<bool> {
      ATOLL_ASSIGN(auto version, catalog::decode_version(key, row));
      ++summary_.objects;
      ATOLL_ASSIGN(const bool whole, is_whole(version.content));
      if (!whole && broken.size() < kLostKept) broken.push_back(std::move(version));
      return !is_stopped();
    }));
    ATOLL_TRY(check_uploads(*reader));
    if (broken.empty()) return {};
    std::unordered_set<ObjectId> wanted;
    for (const auto& version : broken) wanted.insert(version.object);
    ATOLL_TRY(reader->for_each_row(journal::TableNumber::entries, [&](ByteView key, ByteView row) -> Result<bool> {
      ATOLL_ASSIGN(auto entry, catalog::decode_entry(key, row));
      if (wanted.contains(entry.object))
        keys[entry.object] = {entry.key, entry.is_deleted ? VersionId{} : entry.version};
      return true;
    }));
    for (const auto& version : broken) {
      LostObject lost;
      lost.bucket = names_[version.bucket];
      lost.key = keys[version.object].first;
      lost.version = version.version;
      lost.is_current = keys[version.object].second == version.version;
      summary_.lost.push_back(std::move(lost));
    }
    return {};
  }

  // Parts of uploads under way.
  Result<void> check_uploads(catalog::CatalogReader& reader) {
    return reader.for_each_row(journal::TableNumber::upload_parts, [&](ByteView key, ByteView row) -> Result<bool> {
      catalog::UploadPartRow part;
      ATOLL_TRY(catalog::decode(key, row, part));
      ATOLL_ASSIGN(const auto content, catalog::decode_content(part.content));
      ATOLL_ASSIGN(const bool whole, is_whole(content));
      if (!whole) {
        summary_.damage.push_back({"part " + std::to_string(part.number) + " of upload " + part.upload.text(),
                                   "some of its content is lost: upload it again", false});
      }
      return !is_stopped();
    });
  }

  Result<bool> is_whole(const catalog::ContentReference& content) {
    if (vault_->keys().domain(content.domain) == nullptr) return true;  // shredded on purpose
    for (const auto& part : content.parts) {
      ATOLL_ASSIGN(const bool there, is_there(part.chunk, content.domain));
      if (!there) return false;
    }
    if (content.depth == 0) return true;
    bool whole = true;
    const auto walked = for_each_chunk(vault_->chunks(), content, [&](const ChunkId& id, bool) -> Result<bool> {
      ATOLL_ASSIGN(whole, is_there(id, content.domain));
      return whole;
    });
    if (!walked) {
      if (walked.error().kind != ErrorKind::damaged && walked.error().kind != ErrorKind::not_found)
        return pass(walked.error());
      return false;
    }
    return whole;
  }

  // What one pack has lost may have been stored again in another one, or still be readable where only its list is gone.
  Result<bool> is_there(const ChunkId& id, DomainNumber domain) {
    if (!lost_chunks_.contains(id)) return vault_->chunks().contains(id);
    if (const auto known = still_readable_.find(id); known != still_readable_.end()) return known->second;
    Buffer bytes;
    const auto read = vault_->chunks().read(id, domain, bytes);
    if (!read && read.error().kind != ErrorKind::damaged && read.error().kind != ErrorKind::not_found)
      return pass(read.error());
    const keyring::DomainKeys* keys = vault_->keys().domain(domain);
    const bool is_good = read && keys != nullptr && codec::blake3_keyed(keys->id_key, bytes.view()) == id.bytes;
    still_readable_[id] = is_good;
    return is_good;
  }

  Result<void> remember(Timestamp started) {
    catalog::JobRow job;
    job.kind = "verify";
    job.name = options_->reads_data && options_->sample_ratio >= 1.0 ? "data"
               : options_->reads_data                                ? "sample"
                                                                     : "structure";
    job.started = started;
    job.is_ok = summary_.is_clean();
    job.facts["packs"] = std::to_string(summary_.packs);
    job.facts["chunks"] = std::to_string(summary_.chunks);
    job.facts["damage"] = std::to_string(summary_.damage.size());
    job.facts["lost"] = std::to_string(summary_.lost.size());
    const auto noted = vault_->commit(
        journal::CommandKind::job_change, [&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
          ATOLL_TRY(put_check(context, changes, job, summary_.bytes_checked, summary_.damage.size()));
          if (job.name != "data") return {};
          catalog::JobRow structure = job;  // a full check contains the structure check
          structure.name = "structure";
          return put_contained_check(context, changes, std::move(structure));
        });
    // A full disk must not hide what was found.
    if (!noted && noted.error().kind != ErrorKind::no_space) return pass(noted.error());
    return {};
  }

  Vault* vault_;
  const VerifyVaultOptions* options_;
  VerifySummary summary_;
  bool has_sound_chunks_ = false;                     // the packs and their index: nothing was found
  std::unordered_set<ChunkId> lost_chunks_;           // from some pack
  std::unordered_map<ChunkId, bool> still_readable_;  // of those
  std::map<BucketId, std::string> names_;
};

}  // namespace

Result<VerifySummary> verify_vault(Vault& vault, const VerifyVaultOptions& options) {
  return VerifyRun(vault, options).run();
}

}  // namespace atl::vault
