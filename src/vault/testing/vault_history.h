// A scripted history of everything a vault does, with a model beside it that says after each step what a user must
// find.
//
//     VaultHistory history = VaultHistory::standard();
//     TestMachine machine;  history.begin(machine);
//     machine.files.before_each_point(...);     // history.acknowledged() tells how far it is
//     history.play(machine);
//
// Always true: a step counts as acknowledged once the vault's own function said so; a crash may leave the model before
// the step that was going on, or after it, never between.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "vault/testing/test_vault.h"

namespace atl::vault::testing {

struct HistoryPlay {
  explicit HistoryPlay(const platform::Machine& on) : machine(on) {}
  platform::Machine machine;
  std::unique_ptr<Vault> vault;
};

struct HistoryStep {
  std::string name;
  std::function<Result<void>(HistoryPlay&)> run;
  std::function<void(VaultState&)> effect;  // null: nothing a user could tell
};

class VaultHistory {
 public:
  explicit VaultHistory(std::vector<HistoryStep> steps);
  // Puts small and large, the same content twice, overwriting, removing, moving, labels, groups, checkpoints,
  // truncation, slots, a broken-off put, closing, being killed, rebuilding.
  [[nodiscard]] static VaultHistory standard();

  // Policies, removal for good, expiry and gc in all their forms, with puts and crashes of the process between.
  [[nodiscard]] static VaultHistory keeping();

  // Content moved between the tiers in every direction, with reads, puts, gc and crashes of the process between.
  [[nodiscard]] static VaultHistory tiers();

  // Such steps as the standard ones in an order and with sizes from a seed.
  [[nodiscard]] static VaultHistory random(std::uint64_t seed, std::size_t steps);

  // Makes the empty vault.
  [[nodiscard]] static Result<void> begin(const platform::Machine& machine);
  // Opens and runs every step; stops at the first that fails.
  [[nodiscard]] Result<void> play(const platform::Machine& machine);
  [[nodiscard]] std::size_t acknowledged() const { return acknowledged_; }
  [[nodiscard]] std::size_t step_count() const { return steps_.size(); }
  [[nodiscard]] const std::string& step_name(std::size_t step) const { return steps_[step].name; }
  // After that many steps.
  [[nodiscard]] const VaultState& model(std::size_t steps) const { return models_[steps]; }

 private:
  std::vector<HistoryStep> steps_;
  std::vector<VaultState> models_;
  std::size_t acknowledged_ = 0;
};

// Which of the keys of the history open the vault stands in the state as objects of this pseudo bucket.
inline constexpr const char* kKeysBucket = "(keys)";

struct CheckOptions {
  bool verifies = true;
  bool goes_on = true;      // one more put, close, reopen
  bool collects = false;    // gc first, which must change nothing that a user could tell
  std::uint64_t seed = 99;  // of the rebooted machine
};
// Opens what a reboot finds on `disk`; "" where it holds what was acknowledged after `acknowledged` steps, or that and
// the step that was going on; else what is wrong.
[[nodiscard]] std::string check_after_crash(std::unique_ptr<platform::MemoryFileSystem> disk,
                                            const VaultHistory& history, std::size_t acknowledged,
                                            const CheckOptions& options = {});

}  // namespace atl::vault::testing
