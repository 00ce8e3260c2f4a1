// Undo and rewind against a plain model that remembers every state.
#include "vault/rewind/undo.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "vault/checkpoint.h"
#include "vault/keeping/collect.h"
#include "vault/object/gate.h"
#include "vault/object/versions.h"
#include "vault/testing/test_vault.h"

namespace atl::vault {
namespace {

using testing::difference;
using testing::put_bytes;
using testing::state_of;
using testing::told;
using testing::VaultState;

// Without buckets that hold nothing: a rewind leaves those in which history lies.
VaultState without_empty(VaultState state) {
  std::erase_if(state, [](const auto& bucket) { return bucket.second.empty(); });
  return state;
}

class UndoTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(testing::create_small(machine_.inline_machine()));
    open();
  }
  void open() {
    vault_.reset();
    auto opened = testing::open_small(machine_.inline_machine());
    ASSERT_TRUE(opened) << told(opened);
    vault_ = std::move(*opened);
  }
  void close_and_open() {
    ASSERT_TRUE(vault_->close());
    open();
  }
  void put(const std::string& bucket, const std::string& key, const std::string& text) {
    const auto done = put_bytes(*vault_, bucket, key, as_bytes(text));
    ASSERT_TRUE(done) << told(done);
  }
  std::string text(const std::string& bucket, const std::string& key) {
    const auto bytes = testing::bytes_of(*vault_, bucket, key);
    return bytes ? to_string(*bytes) : bytes.error().id;
  }
  VaultState state() {
    auto state = state_of(*vault_);
    EXPECT_TRUE(state) << told(state);
    return state ? without_empty(std::move(*state)) : VaultState{};
  }
  UndoReport undo(const UndoRequest& request, bool force = false) {
    auto plan = UndoPlan::of_undo(*vault_, request, force);
    EXPECT_TRUE(plan) << told(plan);
    if (!plan) return {};
    const auto report = (*plan)->apply();
    EXPECT_TRUE(report) << told(report);
    return report ? *report : UndoReport{};
  }
  UndoReport undo_last() {
    UndoRequest request;
    request.is_last = true;
    return undo(request);
  }
  void rewind(Lsn to, const RewindScope& scope = {}) {
    auto plan = UndoPlan::of_rewind(*vault_, to, scope);
    ASSERT_TRUE(plan) << told(plan);
    const auto report = (*plan)->apply();
    ASSERT_TRUE(report) << told(report);
    EXPECT_EQ(report->left, 0U);
  }
  std::vector<UndoItem> items(UndoPlan& plan) {
    std::vector<UndoItem> found;
    EXPECT_TRUE(plan.for_each([&](const UndoItem& item) -> Result<bool> {
      found.push_back(item);
      return true;
    }));
    return found;
  }
  Result<SelectionCount> tag(const std::string& bucket, const std::string& key, const std::string& name,
                             const std::string& value) {
    Objects::Labels labels;
    labels.set[name] = value;
    return Objects(*vault_).tag({bucket, key, false}, labels, {});
  }

  platform::TestMachine machine_{4711};
  std::unique_ptr<Vault> vault_;
};

TEST_F(UndoTest, LastOverwriteRemovalAndTagAreTakenBackAndAgain) {
  put("lab", "a", "one");
  put("lab", "a", "two");
  undo_last();
  EXPECT_EQ(text("lab", "a"), "one");
  undo_last();  // the undo itself
  EXPECT_EQ(text("lab", "a"), "two");

  ASSERT_TRUE(Objects(*vault_).remove({"lab", "a", false}));
  EXPECT_EQ(text("lab", "a"), "object.not_found");
  undo_last();
  EXPECT_EQ(text("lab", "a"), "two");

  ASSERT_TRUE(tag("lab", "a", "colour", "red"));
  ASSERT_TRUE(tag("lab", "a", "colour", "blue"));
  const auto before = Objects(*vault_).find("lab", "a")->version;
  const auto report = undo_last();
  EXPECT_EQ(report.done.retag, 1U);
  const auto after = Objects(*vault_).find("lab", "a")->version;
  EXPECT_EQ(after.tags.at("colour"), "red");
  EXPECT_EQ(after.version, before.version);
}

TEST_F(UndoTest, WhatOthersChangedSinceStaysUnlessForced) {
  put("lab", "a", "good");
  put("lab", "b", "good");
  ASSERT_TRUE(Objects(*vault_).copy({"lab", "a", false}, "lab", "keep", false));
  put("lab", "x", "bad");
  ASSERT_TRUE(Objects(*vault_).copy({"lab", "x", false}, "lab", "a", true));
  UndoRequest request;
  request.name = std::to_string(vault_->journal().last().value);
  put("lab", "a", "better");
  auto plan = UndoPlan::of_undo(*vault_, request, false);
  ASSERT_TRUE(plan) << told(plan);
  ASSERT_EQ(items(**plan).size(), 1U);
  EXPECT_EQ(items(**plan)[0].step, UndoStep::leave);
  EXPECT_EQ(items(**plan)[0].why, "changed since by owner");
  ASSERT_TRUE((*plan)->apply());
  EXPECT_EQ(text("lab", "a"), "better");
  undo(request, true);
  EXPECT_EQ(text("lab", "a"), "good");
}

TEST_F(UndoTest, ByAnActorKeepsTheWorkOfOthersBetween) {
  put("lab", "a", "v1");
  const auto as_actor = [&](const std::string& actor, const std::string& key, const std::string& text) {
    vault_.reset();
    VaultOptions options = testing::small_options();
    options.caller.actor = actor;
    auto opened = Vault::open(machine_.inline_machine(), testing::kFolder, testing::test_keys(), options);
    ASSERT_TRUE(opened) << told(opened);
    vault_ = std::move(*opened);
    put("lab", key, text);
  };
  const Lsn start = vault_->journal().last();
  as_actor("script", "a", "s1");
  as_actor("script", "new", "s1");
  as_actor("ann", "a", "ann's");
  as_actor("script", "a", "s2");
  as_actor("ann", "b", "ann's");
  UndoRequest request;
  request.actor = "script";
  request.after = start;
  const auto report = undo(request);
  EXPECT_EQ(report.done.put_back, 1U);
  EXPECT_EQ(report.done.remove, 1U);
  EXPECT_EQ(text("lab", "a"), "ann's");
  EXPECT_EQ(text("lab", "b"), "ann's");
  EXPECT_EQ(text("lab", "new"), "object.not_found");
}

TEST_F(UndoTest, ARunOfAnAgentIsOneOperationAndIsNamedWholeOrInPart) {
  put("lab", "a", "mine");
  const OperationId run = platform::new_id<OperationId>(machine_.machine());
  const auto as_run = [&](const std::string& actor, const OperationId& operation) {
    return vault_->acting_for({actor, "", "", operation});
  };
  const auto first = as_run("agent/chat/r1", run);
  ASSERT_TRUE(testing::put_bytes(*first, "lab", "junk-1", as_bytes("one")));
  ASSERT_TRUE(testing::put_bytes(*as_run("agent/chat/r12", platform::new_id<OperationId>(machine_.machine())), "lab",
                                 "kept", as_bytes("two")));
  ASSERT_TRUE(Objects(*first).tag({"lab", "junk-1", false}, {{{"topic", "x"}}, {}}, {}));
  const auto listed = recent_operations(*vault_, 10);
  ASSERT_TRUE(listed) << told(listed);
  const auto found = std::ranges::find(*listed, run, &OperationSummary::id);
  ASSERT_NE(found, listed->end());
  EXPECT_EQ(found->actor, "agent/chat/r1");
  EXPECT_EQ(found->commands, 2U);
  UndoRequest request;
  request.actor = "agent/chat/r1";
  EXPECT_EQ(undo(request).done.remove, 1U);
  EXPECT_EQ(text("lab", "junk-1"), "object.not_found");
  EXPECT_NE(text("lab", "kept"), "object.not_found") << "another run whose name begins alike";
  request.actor = "agent";
  EXPECT_EQ(undo(request).done.remove, 1U);
  EXPECT_EQ(text("lab", "kept"), "object.not_found");
  EXPECT_EQ(text("lab", "a"), "mine");
}

TEST_F(UndoTest, SmallRowsComeBackAndHousekeepingIsNotLast) {
  put("lab", "a", "one");
  const auto bucket = Objects(*vault_).bucket("lab");
  catalog::PolicyRow policy;
  policy.bucket = bucket->id;
  policy.keep_last = 3;
  const auto set = [&]() {
    return vault_->commit(journal::CommandKind::policy_change,
                          [&](const CommitContext&, ChangeSet& changes) -> Result<void> {
                            changes.put(policy);
                            return {};
                          });
  };
  ASSERT_TRUE(set());
  policy.keep_last = 7;
  ASSERT_TRUE(set());
  ASSERT_TRUE(make_checkpoint(*vault_));
  EXPECT_EQ(undo_last().done.rows, 1U);
  const auto now = vault_->reader()->one<catalog::PolicyRow>(catalog::key_of(policy));
  ASSERT_TRUE(now && *now);
  EXPECT_EQ((*now)->keep_last, 3U);
}

TEST_F(UndoTest, AGateComesBackAndNothingElseOfItsBucketsSettings) {
  put("lab", "a", "one");
  ASSERT_TRUE(set_gate(*vault_, "lab", "tag:checked"));
  ASSERT_TRUE(set_gate(*vault_, "lab", "readable"));
  ASSERT_TRUE(make_checkpoint(*vault_));
  const auto gate = [&] { return gate_of(*vault_->reader(), "lab").value_or("?"); };
  EXPECT_EQ(undo_last().done.rows, 1U);
  EXPECT_EQ(gate(), "tag.checked:*");
  EXPECT_EQ(undo_last().done.rows, 1U) << "the undo itself";
  EXPECT_EQ(gate(), "readable");
  ASSERT_TRUE(set_gate(*vault_, "lab", ""));
  EXPECT_EQ(undo_last().done.rows, 1U);
  EXPECT_EQ(gate(), "readable");

  // Another setting is neither put back nor a step.
  ASSERT_TRUE(vault_->commit(journal::CommandKind::policy_change,
                             [](const CommitContext& context, ChangeSet& changes) -> Result<void> {
                               ATOLL_ASSIGN(const BucketState state, bucket_state(context.state, "lab"));
                               catalog::BucketSettingsRow settings = settings_to_change(state);
                               settings.cors = "<CORS/>";
                               changes.put(settings);
                               return {};
                             }));
  const auto nothing = undo_last().done;
  EXPECT_EQ(nothing.rows + nothing.already, 0U);
  const auto state = bucket_state(*vault_->reader(), "lab").value();
  EXPECT_EQ(state.settings->cors, "<CORS/>");
  EXPECT_EQ(state.settings->gate, "readable");
  EXPECT_EQ(state.versioning(), catalog::Versioning::enabled);
}

TEST_F(UndoTest, ErasedVersionsAreImpossible) {
  put("lab", "a", "secret");
  const auto old = Objects(*vault_).find("lab", "a")->version;
  put("lab", "a", "public");
  ASSERT_TRUE(vault_->commit(journal::CommandKind::erase_objects,
                             [&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
                               catalog::ErasureRow erasure;
                               erasure.object = old.object;
                               erasure.version = old.version;
                               erasure.bucket = old.bucket;
                               erasure.lsn = context.lsn;
                               erasure.actor = "owner";
                               changes.put(erasure);
                               changes.remove(kDefaultDomain, journal::TableNumber::versions, catalog::key_of(old));
                               return {};
                             }));
  UndoRequest request;
  request.name = std::to_string(vault_->journal().last().value - 1);
  auto plan = UndoPlan::of_undo(*vault_, request, false);
  ASSERT_TRUE(plan) << told(plan);
  ASSERT_EQ(items(**plan).size(), 1U);
  EXPECT_EQ(items(**plan)[0].step, UndoStep::impossible);
  EXPECT_TRUE(items(**plan)[0].why.starts_with("removed for good by owner"));
  ASSERT_TRUE((*plan)->apply());
  EXPECT_EQ(text("lab", "a"), "public");
}

TEST_F(UndoTest, AnObjectErasedWholeIsNamedByARewindOverIt) {
  put("lab", "a", "secret");
  put("lab", "b", "one");
  const Lsn then = vault_->journal().last();
  put("lab", "b", "two");
  const auto found = Objects(*vault_).find("lab", "a");
  ASSERT_TRUE(found);
  ASSERT_TRUE(vault_->commit(journal::CommandKind::erase_objects,
                             [&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
                               catalog::ErasureRow erasure;
                               erasure.object = found->version.object;
                               erasure.version = found->version.version;
                               erasure.bucket = found->version.bucket;
                               erasure.lsn = context.lsn;
                               erasure.begin = found->version.begin;
                               changes.remove(kDefaultDomain, journal::TableNumber::versions, key_of(found->version));
                               changes.remove(kDefaultDomain, journal::TableNumber::entries, key_of(found->entry));
                               changes.put(erasure);
                               return {};
                             }));
  auto plan = UndoPlan::of_rewind(*vault_, then, {});
  ASSERT_TRUE(plan) << told(plan);
  const auto planned = items(**plan);
  ASSERT_EQ(planned.size(), 2U);
  EXPECT_EQ(planned[0].key, "a");
  EXPECT_EQ(planned[0].step, UndoStep::impossible);
  ASSERT_TRUE((*plan)->apply());
  EXPECT_EQ(text("lab", "b"), "one");
  EXPECT_EQ(text("lab", "a"), "object.not_found");
  EXPECT_EQ(undo_last().done.put_back, 1U);  // the rewind
  UndoRequest erasing;
  erasing.name = std::to_string(vault_->journal().last().value - 2);
  auto undoing = UndoPlan::of_undo(*vault_, erasing, false);
  ASSERT_TRUE(undoing) << told(undoing);
  EXPECT_EQ((*undoing)->counts().erased, 1U);
  EXPECT_EQ((*undoing)->counts().impossible, 1U);
}

TEST_F(UndoTest, RewindInScopeLeavesTheRest) {
  put("lab", "x/a", "one");
  put("lab", "y", "one");
  put("other", "x/a", "one");
  const Lsn then = vault_->journal().last();
  put("lab", "x/a", "two");
  put("lab", "x/new", "two");
  put("lab", "y", "two");
  put("other", "x/a", "two");
  rewind(then, {"lab", "x/", false});
  EXPECT_EQ(text("lab", "x/a"), "one");
  EXPECT_EQ(text("lab", "x/new"), "object.not_found");
  EXPECT_EQ(text("lab", "y"), "two");
  EXPECT_EQ(text("other", "x/a"), "two");
  rewind(then, {"lab", "y", true});
  EXPECT_EQ(text("lab", "y"), "one");
}

// A plan is looked at, a gc comes between, and then it is carried out.
TEST_F(UndoTest, ContentThatWasCollectedAfterThePlanWasMadeIsLeft) {
  ASSERT_TRUE(
      vault_->commit(journal::CommandKind::policy_change, [](const CommitContext&, ChangeSet& changes) -> Result<void> {
        changes.put(catalog::PolicyRow{});  // nothing that ended is kept
        return {};
      }));
  put("docs", "a", std::string(200'000, 'a'));
  put("docs", "stays", "in another pack");
  close_and_open();
  ASSERT_TRUE(Objects(*vault_).remove({"docs", "a", false}));
  UndoRequest request;
  request.is_last = true;
  const auto plan = UndoPlan::of_undo(*vault_, request, false);
  ASSERT_TRUE(plan) << told(plan);
  ASSERT_EQ((*plan)->counts().bring_back, 1U);
  CollectOptions options;
  options.trusts_clock = true;
  options.horizon_seconds = 0;
  options.dead_share_min = 0;
  const auto collected = collect_garbage(*vault_, options);
  ASSERT_TRUE(collected) << told(collected);
  ASSERT_GT(collected->packs_removed + collected->packs_rewritten, 0U);
  const auto report = (*plan)->apply();
  ASSERT_TRUE(report) << told(report);
  EXPECT_EQ(report->left, 1U);
  EXPECT_EQ(report->done.steps(), 0U);
  EXPECT_EQ(text("docs", "a"), "object.not_found");
  EXPECT_EQ(text("docs", "stays"), "in another pack");
}

// The same, with the gc between its looking and its condemning: what the undo built on is spared.
TEST_F(UndoTest, AGcThatHasLookedAlreadySparesWhatAnUndoBuildsOn) {
  ASSERT_TRUE(
      vault_->commit(journal::CommandKind::policy_change, [](const CommitContext&, ChangeSet& changes) -> Result<void> {
        changes.put(catalog::PolicyRow{});
        return {};
      }));
  const std::string content(200'000, 'a');
  put("docs", "a", content);
  close_and_open();
  ASSERT_TRUE(Objects(*vault_).remove({"docs", "a", false}));
  CollectOptions expires;
  expires.trusts_clock = true;  // the version's row goes, the journal still reaches back
  ASSERT_TRUE(collect_garbage(*vault_, expires));
  UndoRequest request;
  request.is_last = true;
  const auto plan = UndoPlan::of_undo(*vault_, request, false);
  ASSERT_TRUE(plan) << told(plan);
  ASSERT_EQ((*plan)->counts().bring_back, 1U);
  const auto mark = vault_->chunks().begin_collection();
  ASSERT_TRUE((*plan)->apply());
  std::vector<PackId> packs;
  for (const auto& pack : vault_->chunks().list_packs()) packs.push_back(pack.id);
  const auto condemned = vault_->chunks().condemn(packs, mark);
  ASSERT_TRUE(condemned) << told(condemned);
  EXPECT_TRUE(condemned->empty());
  EXPECT_EQ(text("docs", "a"), content);
}

TEST_F(UndoTest, BrokenOffItIsFinishedByTheSameCallAndUndoneAsOne) {
  for (int i = 0; i < 4; ++i) put("lab", "k" + std::to_string(i), "x");
  // Many objects out of one, in one operation of several commands.
  const auto base = Objects(*vault_).find("lab", "k0");
  ASSERT_TRUE(base);
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(vault_->commit(
        journal::CommandKind::put_objects,
        [&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
          for (int i = 0; i < 2'000; ++i) {
            NewVersion fresh{"many/" + std::to_string(round * 2'000 + i), base->version};
            ATOLL_TRY(stage_put(context, changes, base->bucket, fresh, platform::new_id<VersionId>(vault_->machine()),
                                "owner", {}));
          }
          return {};
        },
        OperationId::v7(1, std::array<std::uint8_t, 10>{1, 2, 3})));
  }
  const VaultState full = state();
  UndoRequest last;
  last.is_last = true;
  auto plan = UndoPlan::of_undo(*vault_, last, false);
  ASSERT_TRUE(plan) << told(plan);
  EXPECT_EQ((*plan)->counts().remove, 6'000U);
  int asked = 0;
  const auto broken = (*plan)->apply([&] { return ++asked == 2; });
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().id, "undo.interrupted");
  plan->reset();
  open();
  const auto middle = state()["lab"].size();
  EXPECT_GT(middle, 4U);
  EXPECT_LT(middle, 6'004U);
  auto again = UndoPlan::of_undo(*vault_, last, false);
  ASSERT_TRUE(again) << told(again);
  EXPECT_TRUE((*again)->goes_on());
  ASSERT_TRUE((*again)->apply());
  EXPECT_EQ(state()["lab"].size(), 4U);
  again->reset();
  EXPECT_EQ(undo_last().done.bring_back, 6'000U);
  EXPECT_EQ(difference(full, state()), "");
}

TEST_F(UndoTest, OperationsAreListedWithWhatBecameOfThem) {
  put("lab", "a", "one");
  put("lab", "a", "two");
  const std::string change = std::to_string(vault_->journal().last().value);
  const auto report = undo_last();
  auto listed = recent_operations(*vault_, 10);
  ASSERT_TRUE(listed) << told(listed);
  ASSERT_EQ(listed->size(), 4U);  // the undo, two puts, the bucket
  EXPECT_EQ((*listed)[0].id, report.operation);
  EXPECT_EQ((*listed)[1].name(), change);
  EXPECT_EQ((*listed)[1].undone_by, report.operation.text());
  EXPECT_EQ((*listed)[1].objects, 1U);
  UndoRequest by_prefix;
  by_prefix.name = report.operation.text().substr(0, 13);
  undo(by_prefix);
  EXPECT_EQ(text("lab", "a"), "two");
  listed = recent_operations(*vault_, 10);
  ASSERT_TRUE(listed);
  EXPECT_EQ((*listed)[2].undone_by, "");
}

TEST_F(UndoTest, BelowTheHorizonItSaysFromWhereItWorks) {
  put("lab", "a", "one");
  put("lab", "a", "two");
  close_and_open();
  ASSERT_TRUE(make_checkpoint(*vault_));
  put("lab", "b", "one");
  const auto second = make_checkpoint(*vault_);
  ASSERT_TRUE(second);
  put("lab", "b", "two");
  close_and_open();
  const auto dropped = truncate_journal(*vault_, second->lsn);
  ASSERT_TRUE(dropped) << told(dropped);
  ASSERT_GT(dropped->value, 0U);
  const auto below = UndoPlan::of_rewind(*vault_, {dropped->value - 1}, {});
  ASSERT_FALSE(below);
  EXPECT_EQ(below.error().id, "rewind.below_horizon");
  ASSERT_TRUE(UndoPlan::of_rewind(*vault_, *dropped, {}));
}

// -- the model ------------------------------------------------------------------------------------------------------

class UndoModelTest : public UndoTest, public ::testing::WithParamInterface<std::uint64_t> {
 protected:
  std::string some_key() {
    return std::string(1, static_cast<char>('a' + random_.below(3))) + "/" + std::to_string(random_.below(9));
  }
  std::string some_bucket() { return "bucket-" + std::to_string(random_.below(3)); }

  // One random command; those that find nothing to do are fine.
  void step() {
    Objects objects(*vault_);
    const std::string bucket = some_bucket();
    const std::string key = some_key();
    switch (random_.below(9)) {
      case 0:
      case 1:
      case 2: {
        PutRequest request;
        if (random_.one_in(2)) request.tags["t"] = std::to_string(random_.below(4));
        if (random_.one_in(3)) request.metadata["m"] = std::to_string(random_.below(4));
        ASSERT_TRUE(
            put_bytes(*vault_, bucket, key, testing::words(random_.below(40), 10 + random_.below(90)), request));
        break;
      }
      case 3: ignore_error_on_purpose(objects.remove({bucket, key, false})); break;
      case 4: ignore_error_on_purpose(objects.remove({bucket, key.substr(0, 2), true})); break;
      case 5: ignore_error_on_purpose(objects.move({bucket, key, false}, some_bucket(), some_key(), true)); break;
      case 6: ignore_error_on_purpose(tag(bucket, key, "t", std::to_string(random_.below(5)))); break;
      case 7: {
        Objects::Labels metadata;
        metadata.set["m"] = std::to_string(random_.below(5));
        ignore_error_on_purpose(objects.tag({bucket, key.substr(0, 2), true}, {}, metadata));
        break;
      }
      default:
        ignore_error_on_purpose(objects.copy({bucket, key.substr(0, 2), true}, some_bucket(), "c/", true));
        break;
    }
    remember();
  }
  void remember() { states_[vault_->journal().last()] = state(); }
  const VaultState& at(Lsn lsn) { return std::prev(states_.upper_bound(lsn))->second; }

  platform::SeededRandom random_{GetParam()};
  std::map<Lsn, VaultState> states_{{Lsn{}, {}}};
};

TEST_P(UndoModelTest, RewindGivesEveryStateBackExactly) {
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  Lsn oldest;
  for (int round = 0; round < 6; ++round) {
    for (int i = 0; i < 40; ++i) step();
    if (HasFatalFailure()) return;
    if (round == 2 || round == 4) {
      close_and_open();  // archives are dropped whole: one ends here
      ASSERT_TRUE(make_checkpoint(*vault_));
      close_and_open();
    }
    if (round == 4) {
      ASSERT_TRUE(truncate_journal(*vault_, vault_->journal().last()));
      oldest = Lsn{vault_->journal().stats()->first_with_payloads.value - 1};
      ASSERT_GT(oldest.value, 40U);
      const auto below = UndoPlan::of_rewind(*vault_, {oldest.value - 1}, {});
      ASSERT_FALSE(below);
      EXPECT_EQ(below.error().id, "rewind.below_horizon");
    }
  }
  for (int i = 0; i < 50; ++i) {
    const Lsn last = vault_->journal().last();
    const Lsn to{oldest.value + random_.below(last.value - oldest.value + 1)};
    rewind(to);
    if (HasFatalFailure()) return;
    ASSERT_EQ(difference(at(to), state()), "") << "rewound to " << to.value << " of " << last.value;
    remember();
    if (i % 5 == 0) {  // and forward again, as an undo of the rewind
      const VaultState there = at(last);
      rewind(last);
      ASSERT_EQ(difference(there, state()), "") << "forward to " << last.value;
      remember();
    }
    if (i % 7 == 0) step();
  }
}

TEST_P(UndoModelTest, UndoOfTheNewestOperationsWalksBackThroughTheStates) {
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  for (int i = 0; i < 60; ++i) step();
  if (HasFatalFailure()) return;
  for (int i = 0; i < 20; ++i) {
    const Lsn last = vault_->journal().last();
    const auto listed = recent_operations(*vault_, 1);
    ASSERT_TRUE(listed && !listed->empty());
    const VaultState before = at({(*listed)[0].first.value - 1});
    const VaultState now = at(last);
    undo_last();
    ASSERT_EQ(difference(before, state()), "") << "undo of " << (*listed)[0].name();
    remember();
    undo_last();
    ASSERT_EQ(difference(now, state()), "") << "undo of the undo of " << (*listed)[0].name();
    remember();
    step();
  }
}

TEST_P(UndoModelTest, UndoInTheMiddleTouchesNothingButItsObjects) {
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  for (int i = 0; i < 80; ++i) step();
  if (HasFatalFailure()) return;
  const auto listed = recent_operations(*vault_, 60);
  ASSERT_TRUE(listed);
  for (int i = 0; i < 25; ++i) {
    const auto& operation = (*listed)[random_.below(listed->size())];
    UndoRequest request;
    request.name = operation.name();
    const VaultState now = state();
    const VaultState& before = at({operation.first.value - 1});
    const VaultState& after = at(operation.last);
    auto plan = UndoPlan::of_undo(*vault_, request, false);
    ASSERT_TRUE(plan) << told(plan);
    std::set<std::string> left;
    for (const UndoItem& item : items(**plan)) {
      if (item.step == UndoStep::leave && item.table == journal::TableNumber::entries)
        left.insert(item.bucket + "/" + item.key);
    }
    ASSERT_TRUE((*plan)->apply());
    VaultState expected = now;
    const auto same = [](const VaultState& a, const VaultState& b, const std::string& bucket, const std::string& key) {
      const auto of = [&](const VaultState& state) -> const testing::ObjectState* {
        const auto there = state.find(bucket);
        if (there == state.end()) return nullptr;
        const auto object = there->second.find(key);
        return object == there->second.end() ? nullptr : &object->second;
      };
      const auto* one = of(a);
      const auto* other = of(b);
      return (one == nullptr) == (other == nullptr) && (one == nullptr || *one == *other);
    };
    std::set<std::pair<std::string, std::string>> names;
    for (const VaultState* each : {&before, &after, &now}) {
      for (const auto& [bucket, objects] : *each) {
        for (const auto& [key, object] : objects) names.emplace(bucket, key);
      }
    }
    for (const auto& [bucket, key] : names) {
      if (same(before, after, bucket, key) || left.contains(bucket + "/" + key)) continue;
      const auto there = before.find(bucket);
      if (there != before.end() && there->second.contains(key)) {
        expected[bucket][key] = there->second.at(key);
      } else {
        expected[bucket].erase(key);
      }
    }
    for (const std::string& name : left) {  // nothing is left that nobody changed
      const std::size_t slash = name.find('/');
      EXPECT_FALSE(same(before, now, name.substr(0, slash), name.substr(slash + 1))) << name;
    }
    ASSERT_EQ(difference(without_empty(expected), state()), "") << "undo of " << operation.name();
    plan->reset();
    remember();
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, UndoModelTest, ::testing::Values(1, 2, 3, 4));

}  // namespace
}  // namespace atl::vault
