#include "store/journal/journal_keys.h"

#include <gtest/gtest.h>

#include "foundation/platform/testing/test_machine.h"
#include "store/journal/journal.h"
#include "store/journal/testing/journal_samples.h"
#include "store/keyring/keyring.h"

namespace atl::journal {
namespace {

TEST(JournalKeys, AKeyringOpensItsJournalAndItsUnknownDomainsAreNone) {
  platform::TestMachine machine;
  ASSERT_TRUE(machine.files.create_directory("/vault"));
  keyring::CreateOptions options;
  options.vault = sample_vault(5);
  options.vault_name = "main";
  keyring::Unlocking unlocking;
  unlocking.kind = keyring::SlotKind::key_file;
  machine.random.fill(unlocking.key.fill());
  const auto keys = keyring::Keyring::create(machine.machine(), "/vault", options, unlocking, "test");
  ASSERT_TRUE(keys) << keys.error().message;
  const JournalKeys journal_keys = JournalKeys::from(**keys);
  EXPECT_EQ(journal_keys.vault, sample_vault(5));
  EXPECT_EQ(journal_keys.suite, codec::SealSuite::aes256gcm);
  EXPECT_TRUE(journal_keys.journal_key.equals((*keys)->journal_key()));
  ASSERT_TRUE(journal_keys.payload_key(kDefaultDomain));
  EXPECT_TRUE(journal_keys.payload_key(kDefaultDomain)->equals((*keys)->domain(kDefaultDomain)->payload_key));
  EXPECT_FALSE(journal_keys.payload_key({77}));
  const auto added = (*keys)->add_domain();
  ASSERT_TRUE(added);
  EXPECT_TRUE(journal_keys.payload_key(*added));

  Command command = sample_command({1}, 1);
  command.payloads = {{kDefaultDomain, to_bytes("one")}, {*added, to_bytes("two")}};
  {
    const auto journal = Journal::open(machine.machine(), "/vault", journal_keys.clone(), {});
    ASSERT_TRUE(journal) << journal.error().message;
    ASSERT_TRUE((*journal)->append(std::span(&command, 1)));
    ASSERT_TRUE((*journal)->close());
  }
  const auto again = keyring::Keyring::open(machine.machine(), "/vault", [&] {
    std::vector<keyring::Unlocking> candidates(1);
    candidates[0].kind = keyring::SlotKind::key_file;
    candidates[0].key = unlocking.key.clone();
    return candidates;
  }());
  ASSERT_TRUE(again) << again.error().message;
  const auto journal = Journal::open(machine.machine(), "/vault", JournalKeys::from(**again), {});
  ASSERT_TRUE(journal);
  const auto commands = read_all(**journal);
  ASSERT_TRUE(commands);
  ASSERT_EQ(commands->size(), 1U);
  EXPECT_TRUE(same_command(command, commands->front()));
}

}  // namespace
}  // namespace atl::journal
