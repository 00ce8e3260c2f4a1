// What every BlobStore must do. A test instantiates it with a maker of empty stores:
//   INSTANTIATE_TEST_SUITE_P(Disk, BlobStoreContract, ::testing::Values(blob_store_case("disk", [] {...})));
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "store/blob/blob_store.h"

namespace atl::blob::testing {

struct BlobStoreUnderTest {
  std::shared_ptr<void> environment;  // whatever the store borrows
  std::unique_ptr<BlobStore> store;
};
struct BlobStoreMaker {
  std::string name;
  std::function<BlobStoreUnderTest()> make;
};

// Always made by this function: calling it is what links the suite's tests into the program.
[[nodiscard]] BlobStoreMaker blob_store_case(std::string name, std::function<BlobStoreUnderTest()> make);

class BlobStoreContract : public ::testing::TestWithParam<BlobStoreMaker> {
 protected:
  BlobStoreContract() : under_test_(GetParam().make()), store_(*under_test_.store) {}
  void put(const std::string& name, const std::string& content);
  [[nodiscard]] std::string get(const std::string& name) const;

 private:
  BlobStoreUnderTest under_test_;

 protected:
  BlobStore& store_;
};

}  // namespace atl::blob::testing
