// A real folder beside a small vault in memory, for tests of what goes from one to the other.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "foundation/platform/testing/host_tree_fixture.h"
#include "vault/folder/put.h"
#include "vault/testing/test_vault.h"

namespace atl::vault::testing {

class FolderFixture : public platform::testing::HostTreeFixture {
 protected:
  void SetUp() override {
    HostTreeFixture::SetUp();
    machine_.clock.set({4'000'000'000'000'000});  // long after any file here: all of them have settled
    ASSERT_EQ(told(create_small(machine_.machine())), "ok");
    reopen();
    std::filesystem::create_directory(path("in"));
  }
  void reopen() {
    vault_.reset();
    auto opened = open_small(machine_.machine());
    ASSERT_EQ(told(opened), "ok");
    vault_ = std::move(*opened);
  }
  [[nodiscard]] PutSource source(const std::string& prefix = "") const { return {path("in"), prefix}; }
  FolderPutSummary put(FolderPutOptions options = {}, platform::HostTree* host = nullptr,
                       const std::string& prefix = "") {
    options.workers = 2;
    const auto done = put_folders(*vault_, host_or_own(host), {source(prefix)}, "bucket", options, {});
    EXPECT_EQ(told(done), "ok");
    return done ? *done : FolderPutSummary{};
  }
  [[nodiscard]] platform::HostTree& host_or_own(platform::HostTree* host) const {
    return host != nullptr ? *host : *tree_;
  }
  // Of what is there: keys, folders' too.
  std::set<std::string> keys() {
    std::set<std::string> all;
    const auto reader = vault_->reader();
    const auto row = reader->bucket_named("bucket").value();
    if (!row) return all;
    EXPECT_TRUE(reader->scan(row->id, "", "", [&](const catalog::Listed& listed) -> Result<bool> {
      all.insert(listed.entry.key);
      return true;
    }));
    return all;
  }
  // What is on the disk below `name`, by path: content of files, target of links, "/" for folders.
  [[nodiscard]] std::map<std::string, std::string> on_disk(const std::string& name) const {
    std::map<std::string, std::string> all;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path(name))) {
      const std::string below = std::filesystem::relative(entry.path(), path(name)).string();
      if (entry.is_symlink()) {
        all[below] = "-> " + std::filesystem::read_symlink(entry.path()).string();
      } else if (entry.is_directory()) {
        all[below] = "/";
      } else if (entry.is_regular_file()) {
        all[below] = content_of(name + "/" + below);
      } else {
        all[below] = "special";
      }
    }
    return all;
  }

  platform::TestMachine machine_;
  std::unique_ptr<Vault> vault_;
};

}  // namespace atl::vault::testing
