#include "catalog/testing/test_catalog.h"

#include <cstdlib>

namespace atl::catalog {

CatalogIdentity::CatalogIdentity() {
  vault.bytes.fill(0x11);
  history.bytes.fill(0x22);
}

codec::SecretKey CatalogIdentity::key() const {
  codec::SecretKey key;
  std::fill(key.fill().begin(), key.fill().end(), key_byte);
  return key;
}

Result<std::unique_ptr<Catalog>> CatalogIdentity::open(const platform::Machine& machine, const std::string& folder,
                                                       const CatalogOptions& options) const {
  return Catalog::open(machine, folder, suite, key(), vault, history, options);
}

Result<std::unique_ptr<Catalog>> CatalogIdentity::create(const platform::Machine& machine, const std::string& folder,
                                                         const CatalogOptions& options) const {
  return Catalog::create_new(machine, folder, suite, key(), vault, history, options);
}

TemporaryFolder::TemporaryFolder() {
  const char* const base = std::getenv("TMPDIR");
  std::string name = std::string(base != nullptr ? base : "/tmp") + "/atoll-catalog-XXXXXX";
  ATOLL_INVARIANT(mkdtemp(name.data()) != nullptr, "a temporary folder can be made");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() { ignore_error_on_purpose(platform::remove_tree(machine().files, path_)); }

}  // namespace atl::catalog
