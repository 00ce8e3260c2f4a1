// Everything catalog.h promises whatever lies below, as tests: a new back end is ready when this suite says so.
//
//   const bool kRegistered = register_catalog_contract("SqlitePosix", [] { return std::make_unique<...>(); });
//
// at namespace scope of a *_test.cc adds the tests "CatalogContract_SqlitePosix.<case>".
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "catalog/catalog.h"

namespace atl::catalog {

class CatalogUnderTest {
 public:
  CatalogUnderTest() = default;
  CatalogUnderTest(const CatalogUnderTest&) = delete;
  CatalogUnderTest& operator=(const CatalogUnderTest&) = delete;
  CatalogUnderTest(CatalogUnderTest&&) = delete;
  CatalogUnderTest& operator=(CatalogUnderTest&&) = delete;
  virtual ~CatalogUnderTest() = default;  // cleans up
  // An empty one at first; the same one again after close().
  virtual Result<std::unique_ptr<Catalog>> open() = 0;
};

bool register_catalog_contract(const std::string& name,
                               const std::function<std::unique_ptr<CatalogUnderTest>()>& factory);

}  // namespace atl::catalog
