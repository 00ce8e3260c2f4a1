#include "catalog/internal/page_seal.h"

#include <gtest/gtest.h>

#include "foundation/codec/hash.h"
#include "foundation/platform/testing/test_machine.h"

namespace atl::catalog {
namespace {

class PageSealTest : public testing::TestWithParam<codec::SealSuite> {
 protected:
  PageSealTest() {
    vault_.bytes.fill(0x11);
    head_.vault = vault_;
    head_.suite = GetParam();
    head_.salt.fill(0x44);
  }
  PageSeal make(std::uint8_t key_byte = 7) {
    codec::SecretKey key;
    std::fill(key.fill().begin(), key.fill().end(), key_byte);
    return {GetParam(), derive_page_key(key, head_), vault_, random_, seals_};
  }
  Page page() {
    Page page{};
    random_.fill(ByteSpan(page).first(kUsedBytes));
    return page;
  }
  Frame frame() {
    Frame frame{};
    random_.fill(ByteSpan(frame).first(kFrameHeaderBytes + kUsedBytes));
    return frame;
  }

  platform::SeededRandom random_{5};
  std::atomic<std::uint64_t> seals_{0};
  VaultId vault_;
  FileHead head_;
};

TEST_P(PageSealTest, a_page_opens_in_its_place_alone) {
  PageSeal seal = make();
  const Page clear = page();
  Page sealed{};
  Page opened{};
  seal.seal_page(3, clear, sealed);
  ASSERT_TRUE(seal.open_page(3, sealed, opened));
  EXPECT_EQ(opened, clear);
  EXPECT_FALSE(seal.open_page(4, sealed, opened));
  EXPECT_EQ(seals_, 1U);
  Page again{};
  seal.seal_page(3, clear, again);
  EXPECT_NE(again, sealed);  // a nonce is never used twice
  if (GetParam() == codec::SealSuite::aes256gcm) {
    EXPECT_FALSE(make(8).open_page(3, sealed, opened));
    EXPECT_FALSE(std::equal(clear.begin(), clear.begin() + 16, sealed.begin()));
  }
}

TEST_P(PageSealTest, no_byte_of_a_page_or_frame_can_change) {
  PageSeal seal = make();
  Page sealed{};
  Page opened{};
  seal.seal_page(3, page(), sealed);
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    sealed[at] ^= 0x80;
    EXPECT_FALSE(seal.open_page(3, sealed, opened)) << at;
    sealed[at] ^= 0x80;
  }
  Frame sealed_frame{};
  Frame opened_frame{};
  seal.seal_frame(32, frame(), sealed_frame);
  for (std::size_t at = 0; at < sealed_frame.size(); ++at) {
    sealed_frame[at] ^= 0x01;
    EXPECT_FALSE(seal.open_frame(32, sealed_frame, opened_frame)) << at;
    sealed_frame[at] ^= 0x01;
  }
}

TEST_P(PageSealTest, a_frame_opens_in_its_place_alone_and_hides_its_checksum) {
  PageSeal seal = make();
  const Frame clear = frame();
  Frame sealed{};
  Frame opened{};
  seal.seal_frame(32 + 4120, clear, sealed);
  ASSERT_TRUE(seal.open_frame(32 + 4120, sealed, opened));
  EXPECT_EQ(opened, clear);
  EXPECT_FALSE(seal.open_frame(32, sealed, opened));
  EXPECT_TRUE(std::equal(clear.begin(), clear.begin() + 16, sealed.begin()));
  if (GetParam() == codec::SealSuite::aes256gcm) {
    EXPECT_FALSE(std::equal(clear.begin() + 16, clear.begin() + 24, sealed.begin() + 16));
  }
}

TEST_P(PageSealTest, a_head_says_whose_file_it_is) {
  PageSeal seal = make();
  auto encoded = seal.seal_head(head_);
  const auto decoded = decode_head(encoded);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->vault, vault_);
  EXPECT_EQ(decoded->suite, GetParam());
  EXPECT_EQ(decoded->salt, head_.salt);
  EXPECT_TRUE(seal.is_head_sealed_with_this_key(encoded));
  if (GetParam() == codec::SealSuite::aes256gcm) {
    EXPECT_FALSE(make(8).is_head_sealed_with_this_key(encoded));
  }
  for (std::size_t at = 0; at < encoded.size(); ++at) {
    encoded[at] ^= 0x10;
    EXPECT_FALSE(decode_head(encoded)) << at;
    encoded[at] ^= 0x10;
  }
  // A good checksum over an unknown future.
  const auto expect_unsupported = [&](std::size_t at, std::uint8_t value) {
    auto future = encoded;
    future[at] = value;
    store_le(future.data() + 108, codec::crc32c(ByteView(future).first(108)));
    const auto refused = decode_head(future);
    ASSERT_FALSE(refused) << at;
    EXPECT_EQ(refused.error().kind, ErrorKind::unsupported) << at;
  };
  expect_unsupported(8, 1);
  expect_unsupported(20, 1);
  expect_unsupported(40, 2);
  expect_unsupported(45, 32);
  auto older = encoded;
  older[10] = 99;  // a newer minor and compatible features are fine
  older[12] = 1;
  older[16] = 1;
  store_le(older.data() + 108, codec::crc32c(ByteView(older).first(108)));
  EXPECT_TRUE(decode_head(older));
}

TEST_P(PageSealTest, a_mark_comes_back_from_its_slot_alone) {
  PageSeal seal = make();
  CopyMark mark;
  mark.number = 7;
  mark.state = CopyMark::State::copying;
  mark.salts = {1, 2, 3, 4, 5, 6, 7, 8};
  mark.wal_bytes = 123456;
  auto encoded = seal.seal_mark(mark);
  EXPECT_EQ(seal.open_mark(encoded), mark);
  for (std::size_t at = 0; at < 60; ++at) {
    encoded[at] ^= 0x10;
    EXPECT_FALSE(seal.open_mark(encoded)) << at;
    encoded[at] ^= 0x10;
  }
  EXPECT_EQ(mark_offset(7), 1024U);
  EXPECT_EQ(mark_offset(8), 512U);
}

TEST_P(PageSealTest, the_layout_is_the_documented_one) {
  // Sealed by hand, after spec/formats/catalog.md.
  PageSeal seal = make();
  const Page clear = page();
  Page sealed{};
  seal.seal_page(9, clear, sealed);
  codec::SecretKey key;
  std::fill(key.fill().begin(), key.fill().end(), std::uint8_t{7});
  codec::Sealer sealer(GetParam(), codec::derive_key(key, head_.salt, "atoll catalog pages"));
  Bytes aad;
  ByteWriter writer(aad);
  writer.put<std::uint8_t>(1);
  writer.put_bytes(vault_.view());
  writer.put<std::uint64_t>(9);
  codec::Nonce nonce;
  std::copy_n(sealed.begin() + 4080, nonce.size(), nonce.begin());
  Bytes opened(4064);
  ASSERT_TRUE(sealer.open(nonce, aad, ByteView(sealed).first(4080), opened));
  EXPECT_TRUE(equal(opened, ByteView(clear).first(4064)));
}

INSTANTIATE_TEST_SUITE_P(Suites, PageSealTest, testing::Values(codec::SealSuite::aes256gcm, codec::SealSuite::none),
                         [](const auto& suite) {
                           return suite.param == codec::SealSuite::none ? "none" : "aes256gcm";
                         });

}  // namespace
}  // namespace atl::catalog
