// The files of the machine from which a command came, as a host tree: put, restore and the others work on it as on
// their own.
//
//  - Folders are listed ahead of the walk, in one answer as many as come quickly.
//  - A file that is read comes as the list of its chunks, cut there as the vault would cut it here. What the chunk
//    store has is read from it; the rest is asked for, many chunks at once, and must have the id it was listed under.
//    So what the reader of a file sees are bytes, as ever: nothing is stored on anybody's word.
//  - A file that is written goes in one call if it is small; pieces of a large one are sent without waiting for each.
//
// Always true: a file's facts before and after its reading frame everything that was read of it, so that a change
// meanwhile is seen by whoever compares them, as with a file of this machine. Bytes held for all readers together are
// bounded (kFetchedBytesMax, twice), however many there are.
// Thread rules: as host_tree.h.
#pragma once

#include <memory>
#include <string>

#include "edge/remote/call_channel.h"
#include "foundation/platform/host_tree.h"
#include "vault/vault.h"

namespace atl::remote {

inline constexpr std::uint64_t kFetchedBytesMax = 64ULL * 1024 * 1024;
// How many wait for answers at once where nobody says: the way there and back is long, and waiting costs nothing.
inline constexpr unsigned kRemoteWorkers = 16;

class TreeState;

class RemoteTree final : public platform::HostTree {
 public:
  explicit RemoteTree(CallChannel& channel);  // borrows it
  ~RemoteTree() override;
  RemoteTree(const RemoteTree&) = delete;
  RemoteTree& operator=(const RemoteTree&) = delete;
  RemoteTree(RemoteTree&&) = delete;
  RemoteTree& operator=(RemoteTree&&) = delete;

  // From now on chunks that this vault has do not travel. The client is told the keys by which the domain cuts and
  // names its chunks.
  [[nodiscard]] Result<void> share_chunks(std::unique_ptr<vault::Vault> vault, DomainNumber domain);
  // Lets go of the vault.
  void forget_chunks();

  [[nodiscard]] Result<platform::NodeInfo> info(const std::string& path) override;
  [[nodiscard]] Result<std::unique_ptr<platform::SourceDirectory>> open_source(const std::string& path) override;
  [[nodiscard]] Result<std::unique_ptr<platform::TargetDirectory>> open_target(const std::string& path) override;
  [[nodiscard]] bool prefers_whole_folders() const override { return true; }
  [[nodiscard]] Result<std::uint64_t> available_bytes(const std::string& path) override;

 private:
  std::shared_ptr<TreeState> state_;
};

}  // namespace atl::remote
