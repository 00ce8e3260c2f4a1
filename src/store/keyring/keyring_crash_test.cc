// Power cuts and failing disks at every point of every change of a keyring.
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "foundation/platform/testing/test_machine.h"
#include "store/keyring/keyring.h"
#include "store/keyring/testing/test_keyring.h"

namespace atl::keyring {
namespace {

using platform::CrashPolicy;
using platform::MemoryFileSystem;
using platform::Operation;
using platform::StopWhen;
using platform::TestMachine;

const std::string kFolder = "/vault";

// One change, and by which secrets the keyring opens before and after it.
struct Change {
  std::string name;
  std::function<Result<void>(Keyring&)> run;
  std::function<std::vector<Unlocking>()> before;
  std::function<std::vector<Unlocking>()> after;
  std::function<bool(const Keyring&)> is_done;  // tells the new state from the old one
  bool keeps_local_key = true;
};

std::vector<Unlocking> everyday() { return candidates(with_passphrase("open sesame")); }

template <class T>
Result<void> dropping_value(const Result<T>& result) {
  if (!result) return pass(result.error());
  return {};
}

std::vector<Change> all_changes() {
  std::vector<Change> changes;
  changes.push_back({"add_slot", [](Keyring& k) { return dropping_value(k.add_slot(with_passphrase("new"), "new")); },
                     everyday, [] { return candidates(with_passphrase("new")); },
                     [](const Keyring& k) { return k.slots().size() == 3; }});
  changes.push_back({"remove_slot", [](Keyring& k) { return k.remove_slot(2); },
                     [] { return candidates(with_key(SlotKind::key_file, 9)); }, everyday,
                     [](const Keyring& k) { return k.slots().size() == 1; }});
  changes.push_back({"rename_vault", [](Keyring& k) { return k.rename_vault("renamed"); }, everyday, everyday,
                     [](const Keyring& k) { return k.vault_name() == "renamed"; }});
  changes.push_back({"add_domain", [](Keyring& k) { return dropping_value(k.add_domain()); }, everyday, everyday,
                     [](const Keyring& k) { return k.domains().size() == 3; }});
  changes.push_back({"destroy_domain", [](Keyring& k) { return k.destroy_domain(DomainNumber{2}); }, everyday, everyday,
                     [](const Keyring& k) { return k.domains().size() == 1; }});
  changes.push_back({"rotate_root", [](Keyring& k) { return k.rotate_root(everyday()); },
                     [] { return candidates(with_key(SlotKind::key_file, 9)); }, everyday,
                     [](const Keyring& k) { return k.slots().size() == 1; }});
  changes.push_back({"make_and_confirm_kit",
                     [](Keyring& k) -> Result<void> {
                       ATOLL_TRY(k.make_kit());
                       return k.confirm_kit();
                     },
                     everyday, everyday, [](const Keyring& k) { return k.kit_state() == Keyring::KitState::saved; }});
  changes.push_back({"replace_local_key", [](Keyring& k) { return k.replace_local_key(); }, everyday, everyday,
                     [](const Keyring&) { return true; }, false});
  return changes;
}

// A vault with two slots and two domains, everything durable.
std::unique_ptr<MemoryFileSystem> prepared() {
  TestMachine machine;
  EXPECT_TRUE(machine.files.create_directory(kFolder));
  EXPECT_TRUE(machine.files.sync_directory("/"));
  auto made = create_test_keyring(machine.machine(), kFolder);
  EXPECT_TRUE(made);
  EXPECT_TRUE((*made)->add_slot(with_key(SlotKind::key_file, 9), "boot"));
  EXPECT_TRUE((*made)->add_domain());
  return machine.files.clone();
}

std::string lasting_keys(const Keyring& keyring) {
  const DomainKeys* const domain = keyring.domain(kDefaultDomain);
  return to_hex(keyring.journal_key().view()) + to_hex(domain->pack_key.view()) + to_hex(domain->id_key.view());
}

// What is wrong with the disk after a crash; empty where all promises hold.
std::string violation(std::unique_ptr<MemoryFileSystem> disk, const Change& change, bool acknowledged,
                      const std::string& keys, const std::string& derived) {
  TestMachine machine(std::move(disk), 77);
  const auto open = [&](const std::vector<Unlocking>& secrets) {
    return Keyring::open(machine.machine(), kFolder, secrets);
  };
  auto by_new = open(change.after());
  auto by_old = open(change.before());
  if (!by_new && !by_old) return "opens with neither secret: " + by_new.error().message;
  if (acknowledged && !by_new) return "acknowledged, and the new secret does not open: " + by_new.error().message;
  if (acknowledged && !change.is_done(**by_new)) return "acknowledged, and the old state is back";
  Keyring& keyring = by_new ? **by_new : **by_old;
  if (lasting_keys(keyring) != keys) return "keys were changed";
  if (change.keeps_local_key && to_hex(keyring.derived_key("catalog").view()) != derived) return "local key was lost";
  if (keyring.was_damaged()) {
    if (const auto repaired = keyring.repair(); !repaired) return "repair failed: " + repaired.error().message;
  }
  const bool done = change.is_done(keyring);
  const auto again = open(by_new ? change.after() : change.before());
  if (!again) return "does not open after the repair: " + again.error().message;
  if ((*again)->was_damaged()) return "damaged after the repair";
  if (change.is_done(**again) != done) return "repair changed the state";
  if (!done) {
    if (const auto retried = change.run(**again); !retried) return "cannot be done again: " + retried.error().message;
    const auto finished = open(change.after());
    if (!finished || !change.is_done(**finished)) return "was done again and is not there";
  }
  return "";
}

struct CrashRun {
  std::uint64_t cases = 0;
  std::vector<std::string> violations;
};

CrashRun crash_everywhere(const MemoryFileSystem& base, const Change& change, bool leave_out_syncs) {
  CrashRun run;
  std::string keys;
  std::string derived;
  std::uint64_t points = 0;
  {
    TestMachine machine(base.clone(), 5);
    const auto keyring = Keyring::open(machine.machine(), kFolder, everyday());
    EXPECT_TRUE(keyring);
    keys = lasting_keys(**keyring);
    derived = to_hex((*keyring)->derived_key("catalog").view());
    EXPECT_TRUE(change.run(**keyring));
    EXPECT_TRUE(change.is_done(**keyring));
    points = machine.files.points();
  }
  EXPECT_GT(points, 3U);
  for (std::uint64_t point = 0; point <= points; ++point) {  // at `points` the change is done and acknowledged
    for (const StopWhen when : {StopWhen::before, StopWhen::after, StopWhen::torn}) {
      TestMachine machine(base.clone(), 5);
      if (leave_out_syncs) machine.files.leave_out_sync("*");
      const auto keyring = Keyring::open(machine.machine(), kFolder, everyday());
      machine.files.stop_at(point, when);
      const bool acknowledged = change.run(**keyring).has_value();
      const auto check = [&](std::uint64_t seed, CrashPolicy policy) {
        ++run.cases;
        const std::string wrong =
            violation(machine.files.after_crash(seed, policy), change, acknowledged, keys, derived);
        if (!wrong.empty()) {
          run.violations.push_back(
              change.name + ", point " + std::to_string(point) + ", stop " + std::to_string(static_cast<int>(when)) +
              ", policy " + std::to_string(static_cast<int>(policy)) + ", seed " + std::to_string(seed) + ": " + wrong);
        }
      };
      check(0, CrashPolicy::keep_all);
      check(0, CrashPolicy::drop_all);
      for (std::uint64_t seed = 0; seed < 4; ++seed) {
        check(seed, CrashPolicy::random);
        check(seed, CrashPolicy::random_with_garbage);
      }
    }
  }
  return run;
}

TEST(KeyringCrashTest, every_crash_at_every_point_of_every_change_leaves_the_old_or_the_new_keyring) {
  const auto base = prepared();
  for (const Change& change : all_changes()) {
    const CrashRun run = crash_everywhere(*base, change, false);
    EXPECT_GT(run.cases, 100U);
    for (const std::string& violation : run.violations) ADD_FAILURE() << violation;
  }
}

// Proves that the test above rings when syncs are missing.
TEST(KeyringCrashTest, crash_test_notices_a_disk_that_does_not_sync) {
  const auto base = prepared();
  for (const Change& change : all_changes()) {
    if (change.name != "rename_vault") continue;
    EXPECT_FALSE(crash_everywhere(*base, change, true).violations.empty());
  }
}

TEST(KeyringCrashTest, crash_during_create_leaves_nothing_or_a_vault_that_opens) {
  std::uint64_t points = 0;
  for (std::uint64_t point = 0; point == 0 || point <= points; ++point) {
    TestMachine machine;
    ASSERT_TRUE(machine.files.create_directory(kFolder));
    ASSERT_TRUE(machine.files.sync_directory("/"));
    const std::uint64_t before = machine.files.points();
    if (point > 0) machine.files.stop_at(before + point - 1, StopWhen::torn);
    const bool acknowledged = create_test_keyring(machine.machine(), kFolder).has_value();
    if (point == 0) points = machine.files.points() - before;
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
      SCOPED_TRACE("point " + std::to_string(point) + " seed " + std::to_string(seed));
      TestMachine rebooted(machine.files.after_crash(seed, CrashPolicy::random_with_garbage));
      const auto opened = Keyring::open(rebooted.machine(), kFolder, everyday());
      if (acknowledged) {
        ASSERT_TRUE(opened) << opened.error().message;
      }
      if (!opened) {
        EXPECT_EQ(opened.error().kind, ErrorKind::missing_home);
      }
    }
  }
  EXPECT_GT(points, 9U);
}

// Each kind of call fails once, at each of its uses: the change is refused, or said to stand in the first file only;
// the keyring in memory agrees with the disk, and works again once the disk does.
TEST(KeyringCrashTest, failing_calls_are_reported_and_the_keyring_goes_on_working) {
  const auto base = prepared();
  for (const Operation operation :
       {Operation::open, Operation::write, Operation::sync, Operation::rename, Operation::sync_directory}) {
    for (const ErrorKind kind : {ErrorKind::io, ErrorKind::no_space}) {
      for (std::uint64_t skip = 0;; ++skip) {
        SCOPED_TRACE("operation " + std::to_string(static_cast<int>(operation)) + " use " + std::to_string(skip));
        ASSERT_LT(skip, 10U);
        TestMachine machine(base->clone(), 5);
        const auto keyring = Keyring::open(machine.machine(), kFolder, everyday());
        ASSERT_TRUE(keyring);
        machine.files.fail_next(operation, "*", kind, 1, skip);
        const auto changed = (*keyring)->rename_vault("renamed");
        machine.files.clear_faults();
        if (changed) {
          EXPECT_GT(skip, 1U);  // failed for the first and for the second file, no third use
          break;
        }
        EXPECT_EQ(changed.error().kind, kind);
        const bool in_first = changed.error().id == "keyring.second_copy";
        EXPECT_EQ((*keyring)->vault_name() == "renamed", in_first);
        EXPECT_TRUE((*keyring)->was_damaged());
        ASSERT_TRUE((*keyring)->repair());
        EXPECT_FALSE((*keyring)->was_damaged());
        for (std::uint64_t seed = 0; seed < 4; ++seed) {
          TestMachine rebooted(machine.files.after_crash(seed, CrashPolicy::random));
          const auto opened = Keyring::open(rebooted.machine(), kFolder, everyday());
          ASSERT_TRUE(opened);
          EXPECT_EQ((*opened)->vault_name() == "renamed", in_first);
          EXPECT_FALSE((*opened)->was_damaged());
        }
        EXPECT_TRUE((*keyring)->rename_vault("later"));
        EXPECT_EQ((*Keyring::open(machine.machine(), kFolder, everyday()))->vault_name(), "later");
      }
    }
  }
}

TEST(KeyringCrashTest, unreadable_file_is_passed_over_and_two_of_them_say_io) {
  const auto base = prepared();
  TestMachine machine(base->clone(), 5);
  machine.files.fail_next(Operation::read, "*/keyring", ErrorKind::io, 1000);
  const auto opened = Keyring::open(machine.machine(), kFolder, everyday());
  ASSERT_TRUE(opened);
  EXPECT_TRUE((*opened)->was_damaged());
  machine.files.fail_next(Operation::read, "*/keyring.2", ErrorKind::io, 1000);
  EXPECT_EQ(Keyring::open(machine.machine(), kFolder, everyday()).error().kind, ErrorKind::io);
}

TEST(KeyringCrashTest, crash_during_a_restore_from_the_kit_can_be_restored_again) {
  Bytes kit;
  std::string keys;
  auto base = [&] {
    TestMachine machine(prepared(), 5);
    const auto keyring = Keyring::open(machine.machine(), kFolder, everyday());
    kit = (*keyring)->make_kit()->file;
    EXPECT_TRUE((*keyring)->confirm_kit());
    keys = lasting_keys(**keyring);
    machine.files.flip_bits("/vault/keyring", 90);
    machine.files.flip_bits("/vault/keyring.2", 300);
    return machine.files.clone();
  }();
  std::uint64_t points = 0;
  for (std::uint64_t point = 0; point == 0 || point <= points; ++point) {
    TestMachine machine(base->clone(), 6);
    if (point > 0) machine.files.stop_at(point - 1, StopWhen::torn);
    const bool acknowledged = Keyring::restore_from_kit(machine.machine(), kFolder, kit).has_value();
    if (point == 0) points = machine.files.points();
    EXPECT_EQ(acknowledged, point == 0);
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
      SCOPED_TRACE("point " + std::to_string(point) + " seed " + std::to_string(seed));
      TestMachine rebooted(machine.files.after_crash(seed, CrashPolicy::random_with_garbage));
      const auto restored = Keyring::restore_from_kit(rebooted.machine(), kFolder, kit);
      ASSERT_TRUE(restored) << restored.error().message;
      EXPECT_EQ(lasting_keys(**restored), keys);
      EXPECT_FALSE((*restored)->was_damaged());
    }
  }
  EXPECT_GT(points, 9U);
}

}  // namespace
}  // namespace atl::keyring
