// A place that keeps a second copy of one vault: blob stores, and a marker that says what it is. A folder, or a prefix
// of a bucket in an S3 server.
//
//     <place>/copy.json                          marker: format, vault id, when it was made
//             copy.lock                          of a folder: held by whoever writes to the copy
//             copy.writer                        in S3: a random word of whoever wrote last
//             vaults/<vault id>/                 as in a home, without anything derived
//               keyring keyring.2 vault.head vault.head.2
//               journal/*.jseg journal/horizon
//               packs/<2 hex>/<id>.pack[.open]
//
// Always true:
//  - Nothing is written to a place whose marker is not there: an empty mount point is never taken for the copy, nor the
//    copy of another vault for this one's.
//  - The marker tells nothing about content.
//  - What is written but marker and lock goes through blob::BlobStore; what reads whole folders reads through
//  machine().
//  - In S3, where nobody can hold a lock for another machine, each round first looks whether its own word still stands
//    in copy.writer. Where it does not, somebody else wrote since: what was known about the place is forgotten
//    (`conflict` "copy.other_writer"), and the next session compares the pasts again before it writes. On one machine
//    writers exclude each other by a lock file in the home.
// Format: spec/formats/copy.md. Thread rules: as the stores.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "foundation/platform/machine.h"
#include "store/blob/blob_store.h"
#include "store/blob/s3/s3_client.h"
#include "store/blob/s3/s3_place.h"

namespace atl::backup {

inline constexpr std::string_view kMarkerName = "copy.json";
inline constexpr std::string_view kWriterName = "copy.writer";

// How places are reached from here.
struct CopyReach {
  platform::Machine machine;
  // The keys for a place in S3. Null where nobody knows any.
  std::function<Result<net::AwsCredentials>(const blob::S3Place&)> credentials = nullptr;
  const std::atomic<bool>* stop = nullptr;
  blob::S3ClientOptions s3 = {};
};

// What a cold class keeps from being read.
struct ColdPacks {
  std::vector<std::string> frozen;     // names; nobody asked for them yet
  std::vector<std::string> under_way;  // asked for
  std::uint64_t frozen_bytes = 0, under_way_bytes = 0;
  std::uint64_t thawed = 0;
};

class CopyTarget {
 public:
  enum class Use : std::uint8_t { write, read };

  // The four below take a folder's path or the text of an S3 place, and do what the functions of each kind do.
  // `lock_path`: of a place in S3, the file that writers and readers of this machine lock; "" for none.
  [[nodiscard]] static Result<void> create(const CopyReach& reach, const std::string& place, const VaultId& vault);
  [[nodiscard]] static Result<std::unique_ptr<CopyTarget>> open(const CopyReach& reach, const std::string& place,
                                                                const VaultId& vault, Use use,
                                                                const std::string& lock_path);
  [[nodiscard]] static Result<VaultId> vault_in(const CopyReach& reach, const std::string& place);
  [[nodiscard]] static Result<void> remove(const CopyReach& reach, const std::string& place, const VaultId& vault,
                                           const std::string& lock_path);

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
  // Between rounds others on this machine may use the place: a lock is given up, and taken again before the next one.
  // False where that is not worth it: the target is to be closed.
  [[nodiscard]] bool rest();
  [[nodiscard]] Result<void> wake();
  // At least so long from the beginning of one round to that of the next.
  [[nodiscard]] std::uint32_t every_s() const { return s3_place_ ? s3_place_->every_s : 1; }
  // What the place took over whole counts without being read back: it compared digests itself.
  [[nodiscard]] bool is_trusted() const { return s3_place_ && s3_place_->trusts_sha256; }
  // Packs of the copy that cannot be read now. Takes a request for each pack in a cold class.
  [[nodiscard]] Result<ColdPacks> cold_packs() const;
  // `conflict` "copy.cold" where cold_packs() names any.
  [[nodiscard]] Result<void> check_readable() const;
  // Asks for those that nobody asked for yet.
  [[nodiscard]] Result<ColdPacks> request_thaw(unsigned days, const std::string& speed) const;

  [[nodiscard]] blob::BlobStore& packs() const { return *packs_; }
  [[nodiscard]] blob::BlobStore& journal() const { return *journal_; }  // archives, and `horizon`
  [[nodiscard]] blob::BlobStore& heads() const { return *heads_; }      // keyring and vault.head, each twice
  [[nodiscard]] const VaultId& vault() const { return vault_; }
  [[nodiscard]] const std::string& place() const { return shown_; }  // for people
  // Where the vault's folder lies for who reads through machine().
  [[nodiscard]] const std::string& vault_folder() const { return vault_folder_; }
  [[nodiscard]] platform::Machine machine() const {
    return {view_ ? *view_ : machine_.files, machine_.clock, machine_.random, machine_.threads};
  }
  [[nodiscard]] bool is_s3() const { return s3_place_.has_value(); }

 private:
  CopyTarget(const platform::Machine& machine, const std::string& folder, const VaultId& vault);
  CopyTarget(const CopyReach& reach, std::shared_ptr<blob::S3Client> client, const VaultId& vault);
  [[nodiscard]] static Result<std::unique_ptr<CopyTarget>> open_s3(const CopyReach& reach, const blob::S3Place& place,
                                                                   const VaultId& vault, Use use,
                                                                   const std::string& lock_path);
  [[nodiscard]] static Result<void> create_s3(const CopyReach& reach, const blob::S3Place& place, const VaultId& vault);
  [[nodiscard]] static Result<void> remove_s3(const CopyReach& reach, const blob::S3Place& place, const VaultId& vault,
                                              const std::string& lock_path);
  [[nodiscard]] Result<void> lock_s3();
  [[nodiscard]] Result<void> claim_s3();
  [[nodiscard]] Result<void> check_writer() const;

  platform::Machine machine_;
  std::string shown_;
  std::string vault_folder_;
  VaultId vault_;
  Use use_ = Use::read;
  std::unique_ptr<platform::FileLock> lock_;
  // Of a place in S3:
  std::optional<blob::S3Place> s3_place_;
  std::shared_ptr<blob::S3Client> s3_;
  std::unique_ptr<platform::FileSystem> view_;
  std::string lock_path_;
  std::string word_;  // what this writer left in copy.writer
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
