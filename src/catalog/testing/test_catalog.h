// A vault's folder with a catalog in it, in memory or in a temporary folder of the real machine.
#pragma once

#include <memory>
#include <string>

#include "catalog/catalog.h"
#include "foundation/platform/testing/test_machine.h"

namespace atl::catalog {

struct CatalogIdentity {
  codec::SealSuite suite = codec::SealSuite::aes256gcm;
  std::uint8_t key_byte = 7;  // the key is 32 of it
  VaultId vault;
  HistoryId history;
  CatalogIdentity();
  [[nodiscard]] codec::SecretKey key() const;
  [[nodiscard]] Result<std::unique_ptr<Catalog>> open(const platform::Machine& machine, const std::string& folder,
                                                      const CatalogOptions& options = {}) const;
  [[nodiscard]] Result<std::unique_ptr<Catalog>> create(const platform::Machine& machine, const std::string& folder,
                                                        const CatalogOptions& options = {}) const;
};

[[nodiscard]] inline CatalogOptions in_memory() {
  CatalogOptions options;
  options.use_platform_files = true;
  return options;
}

// A folder of the real file system, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  TemporaryFolder(TemporaryFolder&&) = delete;
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  ~TemporaryFolder();
  [[nodiscard]] platform::Machine machine() { return posix_.machine(); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  platform::PosixMachine posix_;
  std::string path_;
};

}  // namespace atl::catalog
