// A place that keeps a second copy of one vault: blob stores, and a marker that says what it is.
//
//     <place>/copy.json                          marker: format, vault id, when it was made
//             copy.lock                          held by whoever writes to the copy
//             vaults/<vault id>/                 as in a home, without anything derived
//               keyring keyring.2 vault.head vault.head.2
//               journal/*.jseg journal/horizon
//               packs/<2 hex>/<id>.pack[.open]
//
// Always true:
//  - Nothing is written to a place whose marker is not there: an empty mount point is never taken for the copy, nor the
//    copy of another vault for this one's.
//  - The marker tells nothing about content.
//  - Everything but marker and lock goes through blob::BlobStore, so that other kinds of places can join; a folder is
//    the one kind there is.
// Format: spec/formats/copy.md. Thread rules: as the stores.
#pragma once

#include <memory>
#include <string>

#include "foundation/platform/machine.h"
#include "store/blob/blob_store.h"

namespace atl::backup {

inline constexpr std::string_view kMarkerName = "copy.json";

class CopyTarget {
 public:
  enum class Use : std::uint8_t { write, read };

  // Makes the folder (its parent has to be there) and its marker. `conflict` where it holds other files or is another
  // vault's copy; a copy of this vault that is there already is taken over.
  [[nodiscard]] static Result<void> create_folder(const platform::Machine& machine, const std::string& folder,
                                                  const VaultId& vault);
  // `unreachable` where folder or marker are missing, `conflict` where it is another vault's, `locked` where another
  // process writes to it, `unsupported` where it was made by a newer program.
  [[nodiscard]] static Result<std::unique_ptr<CopyTarget>> open_folder(const platform::Machine& machine,
                                                                       const std::string& folder, const VaultId& vault,
                                                                       Use use);
  // The vault whose copy lies in `folder`.
  [[nodiscard]] static Result<VaultId> vault_in_folder(const platform::Machine& machine, const std::string& folder);
  // Every file of the copy, keyrings first. Marker and folder last, so that a broken-off removal can be repeated.
  [[nodiscard]] static Result<void> remove_folder(const platform::Machine& machine, const std::string& folder,
                                                  const VaultId& vault);

  // Asked before each round of writing: whether the place still is what it was.
  [[nodiscard]] Result<void> check_marker() const;

  [[nodiscard]] blob::BlobStore& packs() const { return *packs_; }
  [[nodiscard]] blob::BlobStore& journal() const { return *journal_; }  // archives, and `horizon`
  [[nodiscard]] blob::BlobStore& heads() const { return *heads_; }      // keyring and vault.head, each twice
  [[nodiscard]] const VaultId& vault() const { return vault_; }
  [[nodiscard]] const std::string& place() const { return folder_; }
  [[nodiscard]] const std::string& vault_folder() const { return vault_folder_; }

 private:
  CopyTarget(const platform::Machine& machine, std::string folder, const VaultId& vault);
  platform::Machine machine_;
  std::string folder_;
  std::string vault_folder_;
  VaultId vault_;
  std::unique_ptr<platform::FileLock> lock_;
  std::unique_ptr<blob::BlobStore> packs_;
  std::unique_ptr<blob::BlobStore> journal_;
  std::unique_ptr<blob::BlobStore> heads_;
};

// The stores of a vault's folder, as a copy's are: packs, journal.
[[nodiscard]] std::unique_ptr<blob::BlobStore> pack_store(const platform::Machine& machine,
                                                          const std::string& vault_folder);
[[nodiscard]] std::unique_ptr<blob::BlobStore> journal_store(const platform::Machine& machine,
                                                             const std::string& vault_folder);

}  // namespace atl::backup
