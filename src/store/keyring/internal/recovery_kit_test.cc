#include "store/keyring/internal/recovery_kit.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "foundation/platform/testing/test_machine.h"
#include "store/keyring/internal/content.h"

namespace atl::keyring::internal {
namespace {

using platform::SeededRandom;

class RecoveryKitTest : public testing::Test {
 protected:
  RecoveryKitTest() {
    facts_.vault = VaultId::v7(1'767'225'600'000, std::array<std::uint8_t, 10>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
    facts_.vault_name = "photographs of the family";
    facts_.made = {1'767'225'600'000'000};
    key_ = random_key(random_);
    page_ = write_page(facts_, key_);
  }
  // "ABCD-EFGH-IJKL-MNOP" of line 1..4.
  [[nodiscard]] std::string line(int number) const { return line_of(page_, number); }
  static std::string line_of(const std::string& page, int number) {
    const std::size_t at = page.find("    " + std::to_string(number) + ":  ");
    EXPECT_NE(at, std::string::npos);
    return page.substr(at + 8, 19);
  }
  void expect_key(const std::string& text) {
    const auto kit = read_kit(as_bytes(text));
    ASSERT_TRUE(kit) << kit.error().message;
    EXPECT_TRUE(kit->recovery_key.equals(key_));
  }
  static Error error_of(const std::string& text) {
    const auto kit = read_kit(as_bytes(text));
    EXPECT_FALSE(kit);
    return kit ? Error{} : kit.error();
  }

  SeededRandom random_{11};
  KitFacts facts_;
  codec::SecretKey key_;
  std::string page_;
};

TEST_F(RecoveryKitTest, page_gives_the_key_and_the_vault_back) {
  const auto kit = read_kit(as_bytes(page_));
  ASSERT_TRUE(kit) << kit.error().message;
  EXPECT_TRUE(kit->recovery_key.equals(key_));
  EXPECT_FALSE(kit->is_file);
  EXPECT_EQ(kit->vault, facts_.vault);
}

TEST_F(RecoveryKitTest, page_fits_one_printed_page_and_says_whose_it_is) {
  EXPECT_LE(std::ranges::count(page_, '\n'), 55);
  std::size_t begin = 0;
  while (begin < page_.size()) {
    const std::size_t end = page_.find('\n', begin);
    EXPECT_LE(end - begin, 80U);
    begin = end + 1;
  }
  for (const std::string part : {"photographs of the family", "2026-01-01", "atoll key add", "atoll doctor"}) {
    EXPECT_NE(page_.find(part), std::string::npos) << part;
  }
  EXPECT_NE(page_.find(facts_.vault.text()), std::string::npos);
}

TEST_F(RecoveryKitTest, page_of_many_random_keys_reads_back) {
  for (int i = 0; i < 2000; ++i) {
    facts_.vault = VaultId::v7(static_cast<std::uint64_t>(i) << 30, std::array<std::uint8_t, 10>{});
    key_ = random_key(random_);
    expect_key(write_page(facts_, key_));
  }
}

TEST_F(RecoveryKitTest, lines_are_read_in_any_spacing_case_and_order_and_with_text_around_them) {
  const std::string four = line(1) + "\n" + line(2) + "\n" + line(3) + "\n" + line(4);
  expect_key(four);
  std::string lower = four;
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  expect_key(lower);
  std::string spaced = four;
  std::ranges::replace(spaced, '-', ' ');
  expect_key(spaced);
  std::string tight = four;
  std::erase(tight, '-');
  expect_key(tight);
  std::string one_word = tight;
  std::erase(one_word, '\n');
  expect_key(one_word);
  std::string one_line = four;
  std::ranges::replace(one_line, '\n', ' ');
  expect_key(one_line);
  expect_key(line(3) + "\r\n\r\n" + line(1) + "\r\n" + line(4) + "\r\n" + line(2));
  expect_key("> 1. " + line(1) + "\n> 2) " + line(2) + "\n> 3 " + line(3) + "\n> 4: " + line(4) + "\n");
  expect_key("my key is: " + four + " -- keep it safe\nregards, me");
  expect_key("\xEF\xBB\xBF" + page_);
  std::string collapsed = page_;
  std::ranges::replace(collapsed, '\n', ' ');
  expect_key(collapsed);
}

TEST_F(RecoveryKitTest, digits_that_look_like_letters_are_understood) {
  for (int i = 0; i < 200; ++i) {
    key_ = random_key(random_);
    page_ = write_page(facts_, key_);
    std::string text = line(1) + "\n" + line(2) + "\n" + line(3) + "\n" + line(4);
    std::ranges::replace(text, 'O', '0');
    std::ranges::replace(text, 'I', '1');
    std::ranges::replace(text, 'B', '8');
    expect_key(text);
  }
}

TEST_F(RecoveryKitTest, any_mistyped_character_is_found_and_its_line_named) {
  const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  for (int number = 1; number <= 4; ++number) {
    const std::size_t at = page_.find(line(number));
    for (std::size_t i = 0; i < 19; ++i) {
      std::string typo = page_;
      if (typo[at + i] == '-') continue;
      typo[at + i] = alphabet[(alphabet.find(typo[at + i]) + 1 + i) % alphabet.size()];
      const Error error = error_of(typo);
      EXPECT_EQ(error.id, "recovery_kit.line_mistyped");
      EXPECT_NE(error.message.find("line " + std::to_string(number) + " of the recovery key"), std::string::npos);
      EXPECT_NE(error.message.find("mistyped character"), std::string::npos) << error.message;
      EXPECT_EQ(error.message.find(typo.substr(at, 4)), std::string::npos) << "the message repeats the key";
    }
  }
}

TEST_F(RecoveryKitTest, missing_long_and_strange_lines_are_told_apart) {
  const std::string third = line(3);
  const auto with_third = [&](const std::string& text) {
    std::string changed = page_;
    changed.replace(changed.find(third), third.size(), text);
    return error_of(changed).message;
  };
  EXPECT_NE(with_third(third.substr(0, 18)).find("line 3 has 15 characters instead of 16"), std::string::npos);
  EXPECT_NE(with_third(third + "Q").find("line 3 has 17 characters instead of 16"), std::string::npos);
  EXPECT_NE(with_third("9" + third.substr(1)).find("line 3 has a character that recovery keys never have"),
            std::string::npos);
  EXPECT_NE(with_third("\xC3\x84" + third.substr(1)).find("line 3 has a character that recovery keys never have"),
            std::string::npos);
  EXPECT_EQ(with_third("").find("line 3 of the recovery key is missing or mistyped"), 0U);
  const Error two = error_of(line(1) + "\n" + line(4));
  EXPECT_EQ(two.message.find("lines 2, 3 of the recovery key are missing or mistyped"), 0U) << two.message;
  EXPECT_EQ(error_of("Dear diary,\nkeep this page safe\n").id, "recovery_kit.not_recognised");
  EXPECT_EQ(error_of("").id, "recovery_kit.not_recognised");
  EXPECT_EQ(error_of(std::string(70'000, 'a')).id, "recovery_kit.not_recognised");
}

TEST_F(RecoveryKitTest, line_of_another_key_or_of_another_place_is_not_accepted) {
  const codec::SecretKey other = random_key(random_);
  const std::string other_page = write_page(facts_, other);
  EXPECT_EQ(error_of(page_ + other_page).id, "recovery_kit.two_keys");
  // Two equal halves in a key would make lines exchangeable, were their numbers not in the check.
  codec::SecretKey same;
  for (std::uint8_t& byte : same.fill()) byte = 0x42;
  const std::string same_page = write_page(facts_, same);
  EXPECT_NE(line_of(same_page, 1), line_of(same_page, 2));
}

TEST_F(RecoveryKitTest, control_characters_of_a_name_do_not_reach_the_page) {
  facts_.vault_name = "a\n    1:  AAAA-AAAA-AAAA-AAAA\x1B[31m";
  page_ = write_page(facts_, key_);
  EXPECT_EQ(page_.find('\x1B'), std::string::npos);
  EXPECT_LE(std::ranges::count(page_, '\n'), 55);
  expect_key(page_);
}

TEST_F(RecoveryKitTest, file_gives_the_key_the_vault_and_the_keyring_back) {
  const Bytes image = random_.bytes(777);
  const auto file = write_kit_file(facts_.vault, 5, key_, image);
  ASSERT_TRUE(file);
  const auto kit = read_kit(*file);
  ASSERT_TRUE(kit) << kit.error().message;
  EXPECT_TRUE(kit->is_file);
  EXPECT_TRUE(kit->recovery_key.equals(key_));
  EXPECT_EQ(kit->vault, facts_.vault);
  EXPECT_EQ(kit->keyring_image, image);
}

TEST_F(RecoveryKitTest, damaged_file_gives_the_right_key_or_an_error_and_never_a_damaged_keyring) {
  const Bytes image = random_.bytes(300);
  const Bytes file = *write_kit_file(facts_.vault, 5, key_, image);
  std::size_t key_survived = 0;
  for (std::size_t at = 0; at < file.size(); ++at) {
    Bytes bad = file;
    bad[at] ^= 0x80;
    const auto kit = read_kit(bad);
    if (!kit) {
      EXPECT_NE(kit.error().kind, ErrorKind::wrong_key);
      continue;
    }
    ++key_survived;
    EXPECT_TRUE(kit->recovery_key.equals(key_)) << at;
    EXPECT_TRUE(kit->keyring_image.empty()) << at;
  }
  EXPECT_GT(key_survived, file.size() - 60);
  for (std::size_t length = 0; length < file.size(); ++length) {
    const auto kit = read_kit(ByteView(file).first(length));
    if (kit) {
      EXPECT_TRUE(kit->recovery_key.equals(key_));
    }
  }
}

TEST_F(RecoveryKitTest, random_bytes_and_text_never_pass_for_a_kit) {
  for (int i = 0; i < 2000; ++i) {
    Bytes noise = random_.bytes(random_.below(400));
    EXPECT_FALSE(read_kit(noise));
    for (std::uint8_t& byte : noise) byte = static_cast<std::uint8_t>("ABCDEFGH 1234-\n"[byte % 15]);
    EXPECT_FALSE(read_kit(noise));
  }
}

}  // namespace
}  // namespace atl::keyring::internal
