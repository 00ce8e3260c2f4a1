// What the handles of one remote tree share. Locks: mutex_ guards what stands below it; TargetFolder has its own, which
// is never held while another is taken or an answer is waited for.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "edge/remote/call_channel.h"
#include "edge/remote/remote_tree.h"
#include "foundation/codec/secret.h"

namespace atl::remote {

// Bytes that may be held at a time; whoever wants more waits until others let go of theirs.
class ByteBudget {
 public:
  explicit ByteBudget(std::uint64_t bytes) : all_(bytes), left_(bytes) {}

  class Lease {
   public:
    Lease() = default;
    Lease(Lease&& other) noexcept : budget_(std::exchange(other.budget_, nullptr)), bytes_(other.bytes_) {}
    Lease& operator=(Lease&& other) noexcept {
      if (this != &other) {
        release();
        budget_ = std::exchange(other.budget_, nullptr);
        bytes_ = other.bytes_;
      }
      return *this;
    }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() { release(); }
    void release();

   private:
    friend class ByteBudget;
    Lease(ByteBudget& budget, std::uint64_t bytes) : budget_(&budget), bytes_(bytes) {}
    ByteBudget* budget_ = nullptr;
    std::uint64_t bytes_ = 0;
  };
  // Whoever holds a lease of this budget must not wait for another of it.
  [[nodiscard]] Lease take(std::uint64_t bytes);

 private:
  std::uint64_t all_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t left_;  // guarded by mutex_
};

struct KnownChunks {
  std::unique_ptr<vault::Vault> vault;
  DomainNumber domain;
  codec::SecretKey id_key;
};

struct FetchedChunks {
  ByteBudget::Lease lease;
  std::map<ChunkId, Bytes> chunks;
};

// What lay in a folder that is written into when it was opened, and which names were touched since.
class TargetFolder {
 public:
  // Without a listing everything has to be asked for.
  explicit TargetFolder(std::optional<Listing> listing);
  // Outer none: it has to be asked for.
  [[nodiscard]] std::optional<std::optional<platform::NodeInfo>> find(const std::string& name) const;
  void touch(const std::string& name);

 private:
  mutable std::mutex mutex_;
  bool has_listing_ = false;  // guarded by mutex_, as all below
  std::map<std::string, platform::NodeInfo> nodes_;
  std::set<std::string> touched_;
};

class TreeState {
 public:
  explicit TreeState(CallChannel& channel_in) : channel(channel_in) {}

  CallChannel& channel;
  // Announced files and single ones: whoever holds of the first may wait for the second, never the other way round.
  ByteBudget announced{kFetchedBytesMax};
  ByteBudget single{kFetchedBytesMax};

  void set_chunks(std::shared_ptr<const KnownChunks> chunks);
  [[nodiscard]] std::shared_ptr<const KnownChunks> chunks() const;
  [[nodiscard]] std::uint64_t next_file();

  // Of the folder, and kept for later of those below it. Each is given out once, and not when it is old.
  [[nodiscard]] Result<Listing> list(const Place& place);
  [[nodiscard]] std::optional<Listing> take_ahead(const Place& place);
  [[nodiscard]] bool was_listed(const Place& place) const;

  // Made where it is missing, once.
  [[nodiscard]] Result<std::shared_ptr<TargetFolder>> target_folder(const Place& place);

 private:
  struct Ahead {
    Listing listing;
    std::int64_t until_ns = 0;
  };
  mutable std::mutex mutex_;
  std::shared_ptr<const KnownChunks> chunks_;
  std::uint64_t next_file_ = 1;
  std::map<std::string, Ahead> ahead_;
  std::set<std::string> listed_;
  std::map<std::string, std::shared_ptr<TargetFolder>> targets_;
};

[[nodiscard]] std::unique_ptr<platform::SourceDirectory> make_remote_source(std::shared_ptr<TreeState> state,
                                                                            Place place,
                                                                            std::optional<Listing> listing);
[[nodiscard]] std::unique_ptr<platform::TargetDirectory> make_remote_target(std::shared_ptr<TreeState> state,
                                                                            Place place,
                                                                            std::shared_ptr<TargetFolder> folder);
// `facts` as the client told them; `fetched` may be null.
[[nodiscard]] Result<std::unique_ptr<platform::SourceFile>> make_remote_file(std::shared_ptr<TreeState> state,
                                                                             Place place, std::string name,
                                                                             FileFacts facts,
                                                                             std::shared_ptr<FetchedChunks> fetched);

[[nodiscard]] Call call_of(CallKind kind, const Place& place, std::string name = {});
// Where [begin, begin + length) of what the extents hold lies in the file.
[[nodiscard]] std::vector<platform::Extent> parts_of_stream(const std::vector<platform::Extent>& extents,
                                                            std::uint64_t begin, std::uint64_t length);

// Chunks to be asked for in one go, each with the file it was listed in.
struct WantedChunk {
  std::string name;
  std::vector<platform::Extent> parts;  // of the file
  Piece piece;
};
// Asks for all of them, several calls at once, and puts those into `fetched` that are what their ids say. `after`
// becomes the last facts of each file. The first error, but all answers are waited for.
[[nodiscard]] Result<void> fetch_chunks(TreeState& state, const Place& place, const KnownChunks& chunks,
                                        const std::vector<WantedChunk>& wanted, FetchedChunks& fetched,
                                        std::map<std::string, platform::NodeInfo>& after);

}  // namespace atl::remote
