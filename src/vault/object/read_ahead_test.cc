// Reading ahead: what was wanted is open when it is read, and nothing else changes.
#include "vault/object/read_ahead.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <thread>
#include <vector>

#include "vault/object/content.h"
#include "vault/testing/test_vault.h"

namespace atl::vault {
namespace {

using namespace testing;  // NOLINT
using platform::TestMachine;

class ReadAheadTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(told(create_small(machine_.machine())), "ok");
    open();
    content_ = noise(1, 24 << 20);
    const auto put = put_bytes(*vault_, "films", "long", content_);
    ASSERT_EQ(told(put), "ok");
    vault_.reset();
    open();  // with nothing opened yet
    const auto found = Objects(*vault_).find("films", "long");
    ASSERT_EQ(told(found), "ok");
    version_ = std::make_shared<const catalog::VersionRow>(found->version);
  }
  void open() {
    VaultOptions options = small_options();
    options.chunks.read_cache_bytes = 64 * kMiB;  // so that what was opened is still there
    auto opened = Vault::open(machine_.machine(), kFolder, test_keys(), options);
    ASSERT_EQ(told(opened), "ok");
    vault_ = std::move(*opened);
  }
  static void wait_for(const std::function<bool()>& holds) {
    for (int round = 0; round < 5000 && !holds(); ++round) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    ASSERT_TRUE(holds());
  }
  Bytes read(std::uint64_t offset, std::uint64_t length) {
    Bytes out;
    const auto done =
        read_content(vault_->chunks(), version_->content, offset, length, [&](ByteView piece) -> Result<bool> {
          out.insert(out.end(), piece.begin(), piece.end());
          return true;
        });
    EXPECT_EQ(told(done), "ok");
    return out;
  }

  TestMachine machine_;
  Bytes content_;
  std::shared_ptr<Vault> vault_;
  std::shared_ptr<const catalog::VersionRow> version_;
};

TEST_F(ReadAheadTest, WhatIsWantedIsOpenWhenItIsRead) {
  const auto ahead = std::make_shared<ReadAhead>(machine_.threads);
  ReadAhead::Reader reader(ahead);
  constexpr std::uint64_t place = 10 << 20;
  reader.want(vault_, version_, place);
  wait_for([&] { return ahead->opened() == 1; });
  const auto opened = vault_->chunks().stats().groups_opened;
  EXPECT_GE(opened, 1U);
  const auto got = read(place, 1000);
  EXPECT_TRUE(std::equal(got.begin(), got.end(), content_.begin() + place));
  EXPECT_EQ(vault_->chunks().stats().groups_opened, opened);
  EXPECT_EQ(read(0, content_.size()), content_);
}

TEST_F(ReadAheadTest, ManyLongReadsAtOnceAreNotReadAhead) {
  const auto ahead = std::make_shared<ReadAhead>(machine_.threads);
  std::vector<std::unique_ptr<ReadAhead::Reader>> readers;
  const auto too_many = std::max(1U, machine_.threads.hardware_count() / 2) + 1;
  for (unsigned at = 0; at < too_many; ++at) readers.push_back(std::make_unique<ReadAhead::Reader>(ahead));
  readers.back()->want(vault_, version_, 0);
  readers.pop_back();
  // Had the first been taken, this one would be forgotten or be the second.
  readers.back()->want(vault_, version_, 1 << 20);
  wait_for([&] { return ahead->opened() > 0; });
  EXPECT_EQ(ahead->opened(), 1U);
}

TEST_F(ReadAheadTest, TroubleIsToldWhereItIsReadOnly) {
  {
    const auto ahead = std::make_shared<ReadAhead>(machine_.threads);
    auto wrong = *version_;
    for (auto& part : wrong.content.parts) part.chunk.bytes[0] ^= 1;
    ReadAhead::Reader reader(ahead);
    reader.want(vault_, std::make_shared<const catalog::VersionRow>(wrong), 0);
    // Ends while it may be at work.
  }
  EXPECT_EQ(read(0, content_.size()), content_);
  EXPECT_EQ(vault_.use_count(), 1);
}

}  // namespace
}  // namespace atl::vault
