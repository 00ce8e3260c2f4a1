// The examples of the format pages, read by this program: the pages and the code say the same.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "foundation/platform/testing/test_machine.h"
#include "store/keyring/keyring.h"
#include "store/keyring/testing/test_keyring.h"
#include "store/keyring/vault_head.h"

namespace atl::keyring {
namespace {

std::string page(const std::string& name) {
  const auto folder = std::filesystem::path(__FILE__).parent_path() / "../../../spec/formats";
  std::ifstream file(folder / name);
  std::stringstream content;
  content << file.rdbuf();
  EXPECT_FALSE(content.str().empty()) << name << " cannot be read";
  return content.str();
}

// The blocks of indented hexadecimal behind "## Example", in order.
std::vector<Bytes> example_blocks(const std::string& text) {
  std::vector<Bytes> blocks;
  std::istringstream lines(text.substr(text.find("## Example")));
  std::string line;
  bool in_block = false;
  while (std::getline(lines, line)) {
    const bool hex = line.starts_with("    ") && line.find_first_not_of("0123456789abcdef", 4) == std::string::npos;
    if (hex) {
      if (!in_block) blocks.emplace_back();
      const auto bytes = from_hex(line.substr(4));
      EXPECT_TRUE(bytes);
      blocks.back().insert(blocks.back().end(), bytes->begin(), bytes->end());
    }
    in_block = hex;
  }
  return blocks;
}

TEST(KeyringFormatTest, examples_of_the_pages_open_and_hold_what_the_pages_say) {
  const std::string text = page("keyring.md");
  const auto blocks = example_blocks(text);
  const auto head_blocks = example_blocks(page("vault-head.md"));
  ASSERT_EQ(blocks.size(), 2U);
  ASSERT_EQ(head_blocks.size(), 1U);
  platform::TestMachine machine;
  machine.files.set_content("/vault/keyring", blocks[0]);
  machine.files.set_content("/vault/keyring.2", blocks[0]);
  machine.files.set_content("/vault/local.key", blocks[1]);
  machine.files.set_content("/vault/vault.head", head_blocks[0]);

  const std::size_t lines = text.find("    1:  ");
  auto recovery = Keyring::parse_kit(as_bytes(text.substr(lines, 200)));
  ASSERT_TRUE(recovery) << recovery.error().message;
  EXPECT_NE(text.find("`" + to_hex(recovery->key.view()) + "`"), std::string::npos);
  const auto by_kit = Keyring::open(machine.machine(), "/vault", candidates(std::move(*recovery)));
  ASSERT_TRUE(by_kit) << by_kit.error().message;
  const auto opened = Keyring::open(machine.machine(), "/vault", candidates(with_passphrase("open sesame")));
  ASSERT_TRUE(opened) << opened.error().message;
  const Keyring& keyring = **opened;
  EXPECT_FALSE(keyring.was_damaged());
  EXPECT_FALSE(keyring.local_key_is_new());
  EXPECT_EQ(keyring.generation(), 3U);
  EXPECT_EQ(keyring.vault_name(), "photos");
  EXPECT_EQ(keyring.kit_state(), Keyring::KitState::saved);
  EXPECT_NE(text.find(keyring.vault().text()), std::string::npos);
  const DomainKeys* const domain = keyring.domain(kDefaultDomain);
  ASSERT_NE(domain, nullptr);
  const codec::SecretKey derived = keyring.derived_key("catalog");
  for (const auto* const key : {&keyring.journal_key(), &domain->id_key, &domain->gear_key, &domain->payload_key,
                                &domain->pack_key, &derived}) {
    EXPECT_NE(text.find("`" + to_hex(key->view()) + "`"), std::string::npos);
  }

  const auto head = load_vault_head(machine.machine(), "/vault", keyring, HealHead::no);
  ASSERT_TRUE(head) << head.error().message;
  EXPECT_EQ(head->findings, std::vector<std::string>{"'vault.head.2' is missing"});
  EXPECT_EQ(head->head.history.text(), "019b76da-a800-768f-809b-99b821e91e6c");
  ASSERT_EQ(head->head.checkpoints.size(), 1U);
  EXPECT_EQ(head->head.checkpoints[0].lsn, Lsn{7});
  EXPECT_EQ(to_string(head->head.checkpoints[0].root), "root");
  EXPECT_EQ(head->head.zstd_level_cold, 12);
}

}  // namespace
}  // namespace atl::keyring
