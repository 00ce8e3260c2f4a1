// One node of a host tree into a version: content cut and added to the chunk store, attributes read.
//
// Always true: what comes out was the file's state at one moment, or is an error; three tries for a file that changes.
// Thread rules: one object per worker.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "foundation/platform/host_tree.h"
#include "vault/object/content.h"
#include "vault/object/objects.h"

namespace atl::vault {

class FileStore {
 public:
  // Borrows all; `bytes_read` is added to as reading goes on, `stop` (may be null) ends it with `interrupted`.
  FileStore(Vault& vault, const catalog::BucketRow& bucket, const codec::GearTable& gear,
            std::atomic<std::uint64_t>& bytes_read, const std::atomic<bool>* stop);

  struct Stored {
    catalog::VersionRow version;  // what the source tells; ids and times come with the commit
    std::uint64_t new_bytes = 0;
  };
  // `name` "" is the folder itself. `expected` is what the plan saw.
  [[nodiscard]] Result<Stored> store(platform::SourceDirectory& folder, const std::string& name,
                                     const platform::NodeInfo& expected);

 private:
  [[nodiscard]] Result<Stored> store_file(platform::SourceDirectory& folder, const std::string& name);
  // `conflict` "source.changed" where the file changed meanwhile.
  [[nodiscard]] Result<Stored> read_once(platform::SourceDirectory& folder, const std::string& name);
  [[nodiscard]] Result<void> read_range(platform::SourceFile& file, std::uint64_t offset, std::uint64_t length);
  void fill(catalog::VersionRow& version, const platform::NodeInfo& info) const;

  Vault* vault_;
  DomainNumber domain_;
  std::unique_ptr<chunk::ChunkWriter> chunks_;
  ContentWriter writer_;
  std::atomic<std::uint64_t>* bytes_read_;
  const std::atomic<bool>* stop_;
};

}  // namespace atl::vault
