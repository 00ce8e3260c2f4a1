#include "services/backup/copy_target.h"

#include <algorithm>

#include "services/backup/internal/copy_marker.h"
#include "store/blob/disk_blob_store.h"

namespace atl::backup {
namespace {

using platform::join;

std::string marker_path(const std::string& folder) { return join(folder, kMarkerName); }

Result<VaultId> read_marker(const platform::Machine& machine, const std::string& folder) {
  const auto text = platform::read_whole(machine.files, marker_path(folder), kMarkerBytesMax);
  if (!text) {
    if (text.error().kind != ErrorKind::not_found) return pass(text.error());
    return fail(ErrorKind::unreachable, "copy.marker_missing",
                "there is no copy in " + folder + ": its " + std::string(kMarkerName) + " is missing",
                "Is its disk mounted there? A new copy is made with `atoll copy add`.");
  }
  return vault_of_marker(as_text(*text), folder);
}

Result<void> check_vault(const platform::Machine& machine, const std::string& folder, const VaultId& vault) {
  ATOLL_ASSIGN(const VaultId there, read_marker(machine, folder));
  return check_same_vault(there, vault, folder);
}

}  // namespace

std::unique_ptr<blob::BlobStore> pack_store(const platform::Machine& machine, const std::string& vault_folder) {
  return blob::make_disk_blob_store(machine, join(vault_folder, "packs"), {blob::Layout::fan_out, ".pack", 64});
}
std::unique_ptr<blob::BlobStore> journal_store(const platform::Machine& machine, const std::string& vault_folder) {
  return blob::make_disk_blob_store(machine, join(vault_folder, "journal"), {blob::Layout::flat, "", 16});
}

CopyTarget::CopyTarget(const platform::Machine& machine, const std::string& folder, const VaultId& vault)
    : machine_(machine),
      shown_(folder),
      vault_folder_(join(join(folder, "vaults"), vault.text())),
      vault_(vault),
      packs_(pack_store(machine, vault_folder_)),
      journal_(journal_store(machine, vault_folder_)),
      heads_(blob::make_disk_blob_store(machine, vault_folder_, {blob::Layout::flat, "", 4})) {}

Result<void> CopyTarget::create_folder(const platform::Machine& machine, const std::string& folder,
                                       const VaultId& vault) {
  platform::FileSystem& files = machine.files;
  ATOLL_ASSIGN(const auto there, files.stat(folder));
  if (there && there->kind != platform::FileKind::directory)
    return fail(ErrorKind::conflict, "copy.no_folder", folder + " is no folder");
  if (!there) {
    // One folder, not a whole path: a mistyped or unmounted disk must not be taken for a place.
    const std::string parent = platform::parent_of(folder);
    ATOLL_ASSIGN(const auto above, files.stat(parent.empty() ? "/" : parent));
    if (!above) {
      return fail(ErrorKind::unreachable, "copy.no_parent", "the folder " + parent + " does not exist",
                  "Mount the disk, or make the folder first.");
    }
    ATOLL_TRY(files.create_directory(folder));
    ATOLL_TRY(files.sync_directory(parent.empty() ? "/" : parent));
  } else {
    ATOLL_ASSIGN(const auto entries, files.list(folder));
    const auto has = [&](std::string_view name) {
      return std::ranges::any_of(entries, [&](const auto& entry) { return entry.name == name; });
    };
    if (has(kMarkerName)) return check_vault(machine, folder, vault);
    // A disk's own folder is no content of anybody's.
    const bool is_free = std::ranges::all_of(entries, [](const auto& entry) {
      return entry.name == "lost+found" || entry.name == std::string(kMarkerName) + ".new" || entry.name == "copy.lock";
    });
    if (!is_free) {
      return fail(ErrorKind::conflict, "copy.folder_not_empty", folder + " holds other files",
                  "Choose an empty or a new folder.");
    }
  }
  return platform::replace_whole(files, marker_path(folder), as_bytes(marker_of(machine.clock.now(), vault)));
}

Result<std::unique_ptr<CopyTarget>> CopyTarget::open_folder(const platform::Machine& machine, const std::string& folder,
                                                            const VaultId& vault, Use use) {
  ATOLL_TRY(check_vault(machine, folder, vault));
  std::unique_ptr<CopyTarget> target(new CopyTarget(machine, folder, vault));
  auto lock = machine.files.lock(join(folder, "copy.lock"),
                                 use == Use::write ? platform::LockMode::exclusive : platform::LockMode::shared);
  if (lock) {
    target->lock_ = std::move(*lock);
  } else if (lock.error().kind == ErrorKind::locked) {
    return fail(ErrorKind::locked, "copy.locked", "another process is at work on the copy in " + folder,
                "Wait until it is done.");
  } else if (use == Use::write) {
    return pass(std::move(lock).error());
  }  // a read-only disk cannot be locked, and needs no lock
  return target;
}

Result<VaultId> CopyTarget::vault_in_folder(const platform::Machine& machine, const std::string& folder) {
  return read_marker(machine, folder);
}

Result<void> CopyTarget::remove_folder(const platform::Machine& machine, const std::string& folder,
                                       const VaultId& vault) {
  platform::FileSystem& files = machine.files;
  {
    ATOLL_ASSIGN(const auto target, open_folder(machine, folder, vault, Use::write));
    const std::string& inside = target->vault_folder();
    ATOLL_ASSIGN(const auto there, files.stat(inside));
    if (there) {
      // Keys first: whatever is left after a broken-off removal opens for nobody.
      for (const char* name : {"keyring", "keyring.2"}) ATOLL_TRY(files.remove_file(join(inside, name)));
      ATOLL_TRY(files.sync_directory(inside));
      ATOLL_TRY(platform::remove_tree(files, inside));
    }
  }
  ATOLL_TRY(files.remove_directory(join(folder, "vaults")));
  ATOLL_TRY(files.remove_file(join(folder, "copy.lock")));
  ATOLL_TRY(files.remove_file(marker_path(folder)));
  ATOLL_TRY(files.sync_directory(folder));
  ignore_error_on_purpose(files.remove_directory(folder));  // a mount point, or with foreign files in it: it stays
  return {};
}

Result<void> CopyTarget::check_marker() const { return s3_ ? check_writer() : check_vault(machine_, shown_, vault_); }

Result<void> CopyTarget::create(const CopyReach& reach, const std::string& place, const VaultId& vault) {
  if (!blob::is_s3_place(place)) return create_folder(reach.machine, place, vault);
  ATOLL_ASSIGN(const auto s3, blob::parse_s3_place(place));
  return create_s3(reach, s3, vault);
}

Result<std::unique_ptr<CopyTarget>> CopyTarget::open(const CopyReach& reach, const std::string& place,
                                                     const VaultId& vault, Use use, const std::string& lock_path) {
  if (!blob::is_s3_place(place)) return open_folder(reach.machine, place, vault, use);
  ATOLL_ASSIGN(const auto s3, blob::parse_s3_place(place));
  return open_s3(reach, s3, vault, use, lock_path);
}

Result<void> CopyTarget::remove(const CopyReach& reach, const std::string& place, const VaultId& vault,
                                const std::string& lock_path) {
  if (!blob::is_s3_place(place)) return remove_folder(reach.machine, place, vault);
  ATOLL_ASSIGN(const auto s3, blob::parse_s3_place(place));
  return remove_s3(reach, s3, vault, lock_path);
}

// A folder is opened anew for each round: that costs little, and its lock lies there for every machine.
bool CopyTarget::rest() {
  lock_.reset();
  return is_s3();
}

}  // namespace atl::backup
