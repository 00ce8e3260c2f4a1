// Random work on a vault with a copy, where either disk loses power at any moment: whatever the copy then holds gives a
// home that is exactly the vault at the change it had reached, and it had reached at least what was called shipped.
#include <gtest/gtest.h>

#include <array>

#include "services/backup/restore_home.h"
#include "services/backup/shipper.h"
#include "services/backup/testing/two_disks.h"
#include "vault/checkpoint.h"
#include "vault/testing/test_vault.h"

namespace atl::backup {
namespace {

using testing::World;
using vault::testing::told;

constexpr const char* kPlace = "/copy/a";
constexpr int kSteps = 40;

class RandomWork {
 public:
  explicit RandomWork(std::uint64_t seed) : world_(seed), choose_(seed * 77 + 5) {}

  void play() {
    ASSERT_TRUE(world_.files.create_directory("/copy"));
    ASSERT_TRUE(vault::testing::create_small(world_.machine()));
    open();
    ASSERT_TRUE(CopyTarget::create_folder(world_.machine(), kPlace, vault_->head().vault));
    remember();
    for (int i = 0; i < kSteps && !::testing::Test::HasFatalFailure(); ++i) {
      const std::string name = step();
      if (std::getenv("TRACE"))
        fprintf(stderr, "%d %s lsn %lu shipped %lu\n", i, name.c_str(), vault_->journal().last().value, shipped_.value);
    }
  }

 private:
  struct Moment {
    vault::testing::VaultRows rows;
    vault::testing::VaultState state;
  };

  void open() {
    shipper_.reset();
    target_.reset();
    vault_.reset();
    auto opened = vault::testing::open_small(world_.machine());
    ASSERT_TRUE(opened) << told(opened);
    vault_ = std::move(*opened);
  }

  void remember() {
    const auto rows = vault::testing::rows_of(*vault_);
    ASSERT_TRUE(rows) << told(rows);
    const auto state = vault::testing::state_of(*vault_);
    ASSERT_TRUE(state) << told(state);
    moments_[vault_->journal().last()] = {without_packs(*rows), *state};
  }

  // An opening for writing ends the removal of retired packs by a command of its own.
  static vault::testing::VaultRows without_packs(vault::testing::VaultRows rows) {
    std::erase_if(rows, [](const auto& row) {
      return row.first.first == static_cast<std::uint32_t>(journal::TableNumber::packs);
    });
    return rows;
  }

  std::string step() {
    switch (choose_.below(10)) {
      case 0:
      case 1:
      case 2: put(); return "put";
      case 3: remove(); return "remove";
      case 4: ship(); return "ship";
      case 5: crash_there(); return "crash there";
      case 6: crash_here(); return "crash here";
      case 7: reopen(); return "reopen";
      case 8: checkpoint(); return "checkpoint";
      default: drop_pack(); return "drop a pack";
    }
  }

  void put() {
    const std::string key = "k" + std::to_string(choose_.below(12));
    const std::size_t size = choose_.below(60'000);
    const Bytes bytes =
        choose_.one_in(2) ? vault::testing::noise(choose_.next(), size) : vault::testing::words(choose_.next(), size);
    const auto done = vault::testing::put_bytes(*vault_, "bucket", key, bytes);
    ASSERT_TRUE(done) << told(done);
    remember();
  }
  void remove() {
    ignore_error_on_purpose(vault::Objects(*vault_).remove({"bucket", "k" + std::to_string(choose_.below(12)), false}));
    remember();
  }
  void checkpoint() {
    ASSERT_TRUE(vault::make_checkpoint(*vault_));
    remember();
    if (choose_.one_in(2)) {
      ASSERT_TRUE(vault_->journal().archive_full());
      ASSERT_TRUE(vault::truncate_journal(*vault_, vault_->journal().last()));
      remember();
    }
  }
  // As collection does: a pack that nothing refers to is retired by a command, then its file goes.
  void drop_pack() {
    PackId orphan;
    {
      const auto writer = vault_->chunks().new_writer(kDefaultDomain, chunk::Temperature::cold);
      ASSERT_TRUE(writer->add(vault::testing::noise(choose_.next(), 20'000)));
      ASSERT_TRUE(vault_->sync_chunks());
      for (const auto& pack : vault_->chunks().list_packs()) {
        if (pack.temperature == chunk::Temperature::cold) orphan = pack.id;
      }
      ASSERT_TRUE(vault_->commit(journal::CommandKind::note,
                                 [](const vault::CommitContext&, vault::ChangeSet&) -> Result<void> { return {}; }));
      remember();
      if (choose_.one_in(2)) ship();
    }
    ASSERT_TRUE(vault_->chunks().seal_packs());
    ASSERT_TRUE(vault_->commit(journal::CommandKind::pack_change,
                               [&](const vault::CommitContext& context, vault::ChangeSet& changes) -> Result<void> {
                                 ATOLL_ASSIGN(auto row, context.state.pack(orphan));
                                 row->retired = context.lsn;
                                 changes.put(*row);
                                 return {};
                               }));
    remember();
    vault_->chunks().condemn_again(std::array{orphan});
    ASSERT_TRUE(vault_->chunks().remove_pack(orphan));
  }

  Result<ShipReport> round() {
    if (!target_) {
      ATOLL_ASSIGN(target_,
                   CopyTarget::open_folder(world_.machine(), kPlace, vault_->head().vault, CopyTarget::Use::write));
      shipper_ = std::make_unique<Shipper>(*vault_, *target_, ShipOptions{});
    }
    return shipper_->round();
  }
  void ship() {
    const auto report = round();
    ASSERT_TRUE(report) << told(report);
    ASSERT_EQ(report->shipped, vault_->journal().last());
    shipped_ = report->shipped;
    if (choose_.one_in(3)) check_copy(world_.files.second->clone());
  }
  void crash_there() {
    world_.files.second->stop_at(world_.files.second->points() + choose_.below(40), platform::StopWhen::torn);
    if (const auto report = round(); report) shipped_ = report->shipped;
    shipper_.reset();
    target_.reset();
    const auto policy = choose_.one_in(3) ? platform::CrashPolicy::random_with_garbage : platform::CrashPolicy::random;
    world_.files.second = world_.files.second->after_crash(choose_.next(), policy);
    check_copy(world_.files.second->clone());
  }
  void crash_here() {
    if (choose_.one_in(2)) {  // in the middle of a round
      world_.files.first->stop_at(world_.files.first->points() + choose_.below(4), platform::StopWhen::torn);
      if (const auto report = round(); report) shipped_ = report->shipped;
    }
    shipper_.reset();
    target_.reset();
    vault_.reset();
    world_.files.first = choose_.one_in(2)
                             ? world_.files.first->after_crash(choose_.next(), platform::CrashPolicy::random)
                             : world_.files.first->clone();
    check_copy(world_.files.second->clone());
    open();
    remember();
  }
  void reopen() {
    const bool ships = choose_.one_in(2);
    ASSERT_TRUE(vault_->settle());
    if (ships) ship();
    shipper_.reset();
    target_.reset();
    ASSERT_TRUE(vault_->close());
    open();
    remember();
  }

  // On disks of its own.
  void check_copy(std::unique_ptr<platform::MemoryFileSystem> disk) {
    if (shipped_.value == 0) return;
    World other(choose_.next());
    other.files.second = std::move(disk);
    RestoreHomeOptions options;
    options.from = kPlace;
    options.home = "/restored";
    options.given = vault::testing::test_keys();
    options.vault = vault::testing::small_options();
    const auto report = restore_home(other.machine(), std::move(options));
    ASSERT_TRUE(report) << told(report);
    ASSERT_GE(report->last, shipped_);
    const auto vault = vault::testing::open_small(other.machine(), report->vault_folder);
    ASSERT_TRUE(vault) << told(vault);
    const auto rows = without_packs(vault::testing::rows_of(**vault).value());
    const auto state = vault::testing::state_of(**vault);
    ASSERT_TRUE(state) << told(state);
    // The new home's own clean-up may stand behind what was shipped, as a change of its own.
    constexpr std::uint64_t kOwnChangesMax = 2;
    bool is_found = false;
    for (auto moment = moments_.upper_bound(report->last); moment != moments_.begin() && !is_found;) {
      --moment;
      if (moment->first < shipped_ || moment->first.value + kOwnChangesMax < report->last.value) break;
      is_found = rows == moment->second.rows && vault::testing::difference(moment->second.state, *state).empty();
    }
    ASSERT_TRUE(is_found) << "change " << report->last.value << " is none of the states since change "
                          << shipped_.value;
  }

  World world_;
  platform::SeededRandom choose_;
  std::unique_ptr<vault::Vault> vault_;
  std::unique_ptr<CopyTarget> target_;
  std::unique_ptr<Shipper> shipper_;
  std::map<Lsn, Moment> moments_;
  Lsn shipped_;
};

class CopyModel : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(CopyModel, TheCopyIsTheVaultAtWhatWasShipped) {
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  RandomWork(GetParam()).play();
}
INSTANTIATE_TEST_SUITE_P(Seeds, CopyModel, ::testing::Range<std::uint64_t>(1, 41));

}  // namespace
}  // namespace atl::backup
