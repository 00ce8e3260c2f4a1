// What a CopyTarget does where its place is a prefix of a bucket in an S3 server.
#include <algorithm>
#include <array>

#include "services/backup/copy_target.h"
#include "services/backup/internal/copy_marker.h"
#include "store/blob/s3/s3_blob_store.h"
#include "store/blob/s3/s3_folder_view.h"

namespace atl::backup {
namespace {

using blob::S3Client;
using blob::S3Place;

constexpr std::size_t kWordBytesMax = 200;

Result<std::shared_ptr<S3Client>> client_of(const CopyReach& reach, const S3Place& place) {
  if (!reach.credentials) {
    return fail(ErrorKind::denied, "s3.no_credentials", place.shown() + ": there is no key for this place here",
                "Store one with `atoll copy credentials`.");
  }
  ATOLL_ASSIGN(auto credentials, reach.credentials(place));
  blob::S3ClientOptions options = reach.s3;
  options.stop = reach.stop;
  ATOLL_ASSIGN(auto client, S3Client::open(reach.machine, place, std::move(credentials), options));
  return std::shared_ptr<S3Client>(std::move(client));
}

// None where there is no such object.
Result<std::optional<std::string>> small_object(S3Client& client, std::string_view key, std::size_t bytes_max) {
  Bytes bytes(bytes_max);
  ATOLL_ASSIGN(const auto got, client.get(std::string(key), 0, bytes));
  if (!got) return std::nullopt;
  bytes.resize(*got);
  return to_string(bytes);
}

Result<VaultId> vault_at(S3Client& client) {
  const std::string where = client.place().shown();
  ATOLL_ASSIGN(const auto marker, small_object(client, kMarkerName, kMarkerBytesMax));
  if (marker) return vault_of_marker(*marker, where);
  return fail(ErrorKind::unreachable, "copy.marker_missing",
              "there is no copy in " + where + ": its " + std::string(kMarkerName) + " is missing",
              "Was it emptied? `atoll copy repair` ships everything anew; a new copy is made with `atoll copy add`.");
}

tl::unexpected<Error> other_writer(const std::string& where) {
  return fail(ErrorKind::conflict, "copy.other_writer", "somebody else wrote to the copy in " + where + " meanwhile",
              "Where that is another home: two homes must not share a copy.");
}

}  // namespace

CopyTarget::CopyTarget(const CopyReach& reach, std::shared_ptr<S3Client> client, const VaultId& vault)
    : machine_(reach.machine),
      shown_(client->place().shown()),
      vault_folder_("vaults/" + vault.text()),
      vault_(vault),
      s3_place_(client->place()),
      s3_(client),
      view_(std::make_unique<blob::S3FolderView>(client)),
      // What is rewritten often, or read to know what is there, stays in the standard class.
      packs_(blob::make_s3_blob_store(client, vault_folder_ + "/packs",
                                      {blob::Layout::fan_out, ".pack", client->place().storage_class})),
      journal_(blob::make_s3_blob_store(client, vault_folder_ + "/journal", {blob::Layout::flat, "", ""})),
      heads_(blob::make_s3_blob_store(client, vault_folder_, {blob::Layout::flat, "", ""})) {}

Result<void> CopyTarget::create_s3(const CopyReach& reach, const S3Place& place, const VaultId& vault) {
  ATOLL_ASSIGN(const auto client, client_of(reach, place));
  ATOLL_ASSIGN(const auto listing, client->list("", true));
  const bool has_marker = std::ranges::any_of(listing.objects, [](const auto& o) { return o.key == kMarkerName; });
  if (!has_marker) {
    // What a copy that lost its marker would hold is this vault's to take over, and nobody else's.
    const bool is_free = std::ranges::all_of(listing.objects, [](const auto& o) { return o.key == kWriterName; }) &&
                         std::ranges::all_of(listing.folders, [](const auto& folder) { return folder == "vaults/"; });
    ATOLL_ASSIGN(const auto vaults, client->list("vaults/", true));
    const bool is_ours = std::ranges::all_of(
        vaults.folders, [&](const std::string& folder) { return folder == "vaults/" + vault.text() + "/"; });
    if (!is_free || !is_ours) {
      return fail(ErrorKind::conflict, "copy.folder_not_empty", place.shown() + " holds other objects",
                  "Choose another prefix of that bucket.");
    }
    const auto put = client->put_new(std::string(kMarkerName), as_bytes(marker_of(reach.machine.clock.now(), vault)));
    // Whoever made it: what stands there now counts.
    if (!put && put.error().id != "s3.taken" && put.error().id != "s3.unknown_state") return pass(put.error());
  }
  ATOLL_ASSIGN(const VaultId there, vault_at(*client));
  return check_same_vault(there, vault, place.shown());
}

Result<std::unique_ptr<CopyTarget>> CopyTarget::open_s3(const CopyReach& reach, const S3Place& place,
                                                        const VaultId& vault, Use use, const std::string& lock_path) {
  ATOLL_ASSIGN(const auto client, client_of(reach, place));
  ATOLL_ASSIGN(const VaultId there, vault_at(*client));
  ATOLL_TRY(check_same_vault(there, vault, place.shown()));
  std::unique_ptr<CopyTarget> target(new CopyTarget(reach, client, vault));
  target->use_ = use;
  target->lock_path_ = lock_path;
  ATOLL_TRY(target->lock_s3());
  if (use == Use::read) return target;
  ATOLL_TRY(target->claim_s3());
  // Parts of objects that were never finished are seen by nobody and paid for all the same. A server that does not
  // tell them keeps none that matter here.
  if (const auto uploads = client->list_uploads()) {
    for (const auto& upload : *uploads) ATOLL_TRY(client->abort_upload(upload.key, upload.id));
  }
  return target;
}

Result<VaultId> CopyTarget::vault_in(const CopyReach& reach, const std::string& place) {
  if (!blob::is_s3_place(place)) return vault_in_folder(reach.machine, place);
  ATOLL_ASSIGN(const auto s3, blob::parse_s3_place(place));
  ATOLL_ASSIGN(const auto client, client_of(reach, s3));
  return vault_at(*client);
}

Result<void> CopyTarget::lock_s3() {
  if (lock_path_.empty()) return {};
  ATOLL_TRY(platform::create_directories(machine_.files, platform::parent_of(lock_path_)));
  auto lock =
      machine_.files.lock(lock_path_, use_ == Use::write ? platform::LockMode::exclusive : platform::LockMode::shared);
  if (!lock && lock.error().kind == ErrorKind::locked) {
    return fail(ErrorKind::locked, "copy.locked", "another process is at work on the copy in " + shown_,
                "Wait until it is done.");
  }
  if (!lock) return pass(std::move(lock).error());
  lock_ = std::move(*lock);
  return {};
}

Result<void> CopyTarget::claim_s3() {
  word_ = platform::new_id<OperationId>(machine_).text();
  return s3_->put(std::string(kWriterName), as_bytes(word_));
}

Result<void> CopyTarget::check_writer() const {
  if (use_ == Use::read) {
    ATOLL_ASSIGN(const VaultId there, vault_at(*s3_));
    return check_same_vault(there, vault_, shown_);
  }
  ATOLL_ASSIGN(const auto word, small_object(*s3_, kWriterName, kWordBytesMax));
  if (word && *word == word_) return {};
  if (word) return other_writer(shown_);
  // Emptied behind our back: to be seen as what it is, not as another writer.
  ATOLL_TRY(vault_at(*s3_));
  return other_writer(shown_);
}

Result<void> CopyTarget::wake() {
  if (lock_ != nullptr || !is_s3()) return {};
  return lock_s3();
}

Result<void> CopyTarget::remove_s3(const CopyReach& reach, const S3Place& place, const VaultId& vault,
                                   const std::string& lock_path) {
  ATOLL_ASSIGN(const auto target, open_s3(reach, place, vault, Use::write, lock_path));
  S3Client& client = *target->s3_;
  // Keys first: whatever is left after a broken-off removal opens for nobody.
  for (const char* name : {"keyring", "keyring.2"}) ATOLL_TRY(client.remove(target->vault_folder() + "/" + name));
  ATOLL_ASSIGN(const auto listing, client.list(target->vault_folder() + "/", false));
  for (const auto& object : listing.objects) ATOLL_TRY(client.remove(object.key));
  ATOLL_TRY(client.remove(std::string(kWriterName)));
  return client.remove(std::string(kMarkerName));
}

Result<ColdPacks> CopyTarget::cold_packs() const {
  ColdPacks cold;
  if (!is_s3()) return cold;
  bool is_tried = false;
  const std::string folder = vault_folder_ + "/packs/";
  ATOLL_ASSIGN(const auto listing, s3_->list(folder, false));
  for (const auto& object : listing.objects) {
    if (!blob::is_cold_class(object.storage_class)) continue;
    ATOLL_ASSIGN(const auto head, s3_->head(object.key));
    if (!head) continue;
    if (head->thaw == blob::Thaw::frozen && !is_tried) {
      // Some servers keep a class's name and read the content all the same.
      is_tried = true;
      std::array<std::uint8_t, 1> byte{};
      const auto got = s3_->get(object.key, 0, byte);
      if (got) return ColdPacks{};
      if (got.error().id != "s3.cold") return pass(got.error());
    }
    if (head->thaw == blob::Thaw::frozen) {
      cold.frozen.push_back(object.key);
      cold.frozen_bytes += object.size;
    } else if (head->thaw == blob::Thaw::under_way) {
      cold.under_way.push_back(object.key);
      cold.under_way_bytes += object.size;
    } else {
      ++cold.thawed;
    }
  }
  return cold;
}

Result<void> CopyTarget::check_readable() const {
  ATOLL_ASSIGN(const auto cold, cold_packs());
  if (cold.frozen.empty() && cold.under_way.empty()) return {};
  return fail(ErrorKind::conflict, "copy.cold",
              std::to_string(cold.frozen.size()) + " packs (" + std::to_string(cold.frozen_bytes) + " bytes) of " +
                  shown_ + " lie in a cold class and were not asked for, " + std::to_string(cold.under_way.size()) +
                  " are on their way",
              "Ask for them with `atoll copy thaw`; hours later, when they are there, the same command goes on.");
}

Result<ColdPacks> CopyTarget::request_thaw(unsigned days, const std::string& speed) const {
  ATOLL_ASSIGN(ColdPacks cold, cold_packs());
  for (const std::string& key : cold.frozen) ATOLL_TRY(s3_->request_thaw(key, days, speed));
  return cold;
}

}  // namespace atl::backup
