#include "vault/testing/vault_history.h"

#include <algorithm>
#include <array>
#include <set>

#include "vault/checkpoint.h"
#include "vault/history/rollback.h"
#include "vault/history/snapshots.h"
#include "vault/keeping/collect.h"
#include "vault/keeping/erase.h"
#include "vault/object/describe.h"
#include "vault/rewind/undo.h"
#include "vault/tier/accesses.h"
#include "vault/tier/tiers.h"
#include "vault/verify.h"

namespace atl::vault::testing {
namespace {

constexpr std::uint8_t kFirstKey = 7;
constexpr std::uint8_t kSecondKey = 9;

std::string told_of(const catalog::SnapshotRow& row) { return "snapshot " + row.name + (row.is_held ? ", held" : ""); }
std::string told_of(const catalog::CopyRow& row) { return "copy " + row.name + " in " + row.place; }
std::string told_of(const catalog::ScheduleRow& row) { return "schedule " + row.name + " " + row.rule; }
std::string told_of(const catalog::PolicyRow& row) {
  return "policy " + row.bucket.text() + " keeps " + std::to_string(row.keep_last);
}

// Snapshots, copies, schedules, and the policies of buckets.
Result<std::map<std::string, ObjectState>> rows_told(Vault& vault) {
  std::map<std::string, ObjectState> found;
  const auto reader = vault.reader();
  ATOLL_ASSIGN(const auto snapshots, reader->all<catalog::SnapshotRow>());
  for (const auto& row : snapshots) found[told_of(row)];
  ATOLL_ASSIGN(const auto copies, reader->all<catalog::CopyRow>());
  for (const auto& row : copies) found[told_of(row)];
  ATOLL_ASSIGN(const auto schedules, reader->all<catalog::ScheduleRow>());
  for (const auto& row : schedules) found[told_of(row)];
  ATOLL_ASSIGN(const auto policies, reader->all<catalog::PolicyRow>());
  for (const auto& row : policies) {
    if (!row.bucket.is_none()) found[told_of(row)];
  }
  return found;
}

class Script {
 public:
  void step(std::string name, std::function<Result<void>(HistoryPlay&)> run,
            std::function<void(VaultState&)> effect = nullptr) {
    steps_.push_back({std::move(name), std::move(run), std::move(effect)});
  }
  void bucket(const std::string& name) {
    step(
        "bucket " + name,
        [name](HistoryPlay& play) -> Result<void> {
          ATOLL_TRY(Objects(*play.vault).ensure_bucket(name));
          return {};
        },
        [name](VaultState& state) { state[name]; });
  }
  void put(const std::string& name, const std::string& key, const Bytes& bytes, const PutRequest& request = {}) {
    step(
        "put " + name + "/" + key,
        [=](HistoryPlay& play) -> Result<void> {
          ATOLL_TRY(put_bytes(*play.vault, name, key, bytes, request));
          return {};
        },
        [=](VaultState& state) {
          ObjectState object = object_state(bytes, request);
          const auto old = state[name].find(key);
          if (old != state[name].end()) {  // words stay with the object unless new ones are given
            if (object.metadata.empty()) object.metadata = old->second.metadata;
            if (object.tags.empty()) object.tags = old->second.tags;
            object.labels = old->second.labels;
          }
          state[name][key] = object;
        });
  }
  // The current version gets this label, wherever it was.
  void label(const std::string& name, const std::string& key, const std::string& label) {
    step(
        "label " + name + "/" + key,
        [=](HistoryPlay& play) -> Result<void> {
          ATOLL_ASSIGN(const auto found, Objects(*play.vault).find(name, key));
          ATOLL_TRY(set_label(*play.vault, found, label, true));
          return {};
        },
        [=](VaultState& state) {
          ObjectState& object = state[name][key];
          // A version has one label at most. Sizes differ from version to version, so they tell which it named.
          std::erase_if(object.labels, [&](const auto& one) { return one.second == object.size; });
          object.labels[label] = object.size;
        });
  }
  void remove(const std::string& name, const std::string& prefix, bool is_recursive) {
    step(
        "remove " + name + "/" + prefix,
        [=](HistoryPlay& play) -> Result<void> {
          ATOLL_TRY(Objects(*play.vault).remove({name, prefix, is_recursive}));
          return {};
        },
        [=](VaultState& state) {
          std::erase_if(state[name], [&](const auto& one) {
            return is_recursive ? one.first.starts_with(prefix) : one.first == prefix;
          });
        });
  }
  void move(const std::string& from, const std::string& prefix, const std::string& to, const std::string& to_prefix,
            bool keeps_source) {
    last_keeps_source_ = keeps_source;
    step((keeps_source ? "copy " : "move ") + from + "/" + prefix,
         [=](HistoryPlay& play) -> Result<void> {
           Objects objects(*play.vault);
           if (keeps_source) {
             ATOLL_TRY(objects.copy({from, prefix, true}, to, to_prefix, false));
           } else {
             ATOLL_TRY(objects.move({from, prefix, true}, to, to_prefix, false));
           }
           return {};
         },
         [=](VaultState& state) {
           auto source = state[from];
           for (const auto& [key, object] : source) {
             if (!key.starts_with(prefix)) continue;
             state[to][to_prefix + key.substr(prefix.size())] = object;
             if (!keeps_source) state[from].erase(key);
           }
         });
  }
  [[nodiscard]] bool last_keeps_source() const { return last_keeps_source_; }
  void rebuild() {
    step("rebuild", [](HistoryPlay& play) -> Result<void> {
      ATOLL_TRY(play.vault->rebuild());
      return {};
    });
  }
  void checkpoint() {
    step("checkpoint", [](HistoryPlay& play) -> Result<void> {
      ATOLL_TRY(make_checkpoint(*play.vault));
      return {};
    });
  }
  void truncate(bool drops) {
    step("truncate", [drops](HistoryPlay& play) -> Result<void> {
      ATOLL_TRY(truncate_journal(*play.vault, play.vault->journal().last()));
      ATOLL_ASSIGN(const auto stats, play.vault->journal().stats());
      if (drops && stats.first_with_payloads <= Lsn{1})
        return fail(ErrorKind::failed, "test.nothing_dropped", "truncation should have dropped something");
      return {};
    });
  }
  void reopen(bool closes) {
    step(closes ? "close and reopen" : "killed and reopen", [closes](HistoryPlay& play) -> Result<void> {
      if (closes) ATOLL_TRY(play.vault->close());
      play.vault.reset();
      ATOLL_ASSIGN(play.vault, open_small(play.machine));
      return {};
    });
  }
  // Several commands in one group, one of them refused by its own check.
  void group(const std::string& name, const std::vector<std::string>& keys, const Bytes& bytes) {
    step(
        "group",
        [=](HistoryPlay& play) -> Result<void> {
          Vault& vault = *play.vault;
          ATOLL_ASSIGN(const auto bucket, Objects(vault).bucket(name));
          const auto chunks = vault.chunks().new_writer(bucket.domain, chunk::Temperature::warm);
          ContentWriter writer(*chunks, bucket.domain, *vault.gear(bucket.domain));
          writer.begin(codec::CutterNumber::small);
          ATOLL_TRY(writer.append(bytes));
          NewVersion fresh;
          fresh.version.size = bytes.size();
          ATOLL_ASSIGN(fresh.version.content, writer.finish());
          ATOLL_TRY(vault.sync_chunks());
          std::vector<CommandBuilder> builders;
          for (const std::string& key : keys) {
            builders.push_back([&, key](const CommitContext& context, ChangeSet& changes) -> Result<void> {
              fresh.key = key;
              ATOLL_TRY(
                  stage_put(context, changes, bucket, fresh, platform::new_id<VersionId>(play.machine), "owner", {}));
              return {};
            });
          }
          builders.push_back([&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
            return stage_remove(context, changes, bucket, "no such key");
          });
          const auto answers = vault.commit_group(journal::CommandKind::put_objects, std::move(builders), {});
          for (std::size_t i = 0; i < keys.size(); ++i) ATOLL_TRY(answers[i]);
          if (answers.back()) return fail(ErrorKind::failed, "test.not_refused", "a check did not refuse");
          return {};
        },
        [=](VaultState& state) {
          for (const std::string& key : keys) state[name][key] = object_state(bytes);
        });
  }

  void erase_forever(const std::string& name, const std::string& prefix) {
    step(
        "remove for good " + name + "/" + prefix,
        [=](HistoryPlay& play) -> Result<void> {
          ATOLL_TRY(erase(*play.vault, {{name, prefix, true}, EraseWhich::all, {}, "a test"}));
          return {};
        },
        [=](VaultState& state) {
          std::erase_if(state[name], [&](const auto& one) { return one.first.starts_with(prefix); });
        });
  }
  // `must_free`: at least so much.
  void collect(bool ends_past, std::uint64_t must_free = 0) {
    step(ends_past ? "gc to now" : "gc", [=](HistoryPlay& play) -> Result<void> {
      CollectOptions options;
      options.trusts_clock = true;
      if (ends_past) options.horizon_seconds = 0;
      ATOLL_ASSIGN(const auto report, collect_garbage(*play.vault, options));
      if (report.bytes_freed < must_free)
        return fail(ErrorKind::failed, "test.nothing_freed", "gc should have freed more");
      return {};
    });
  }
  void rules(const std::vector<std::string>& tiers) {
    step("rules", [tiers](HistoryPlay& play) -> Result<void> {
      catalog::PolicyRow row;
      row.tier_rules = tiers;
      ATOLL_TRY(play.vault->commit(journal::CommandKind::policy_change,
                                   [&](const CommitContext&, ChangeSet& changes) -> Result<void> {
                                     changes.put(row);
                                     return {};
                                   }));
      return {};
    });
  }
  // `must_move`: at least so many packs.
  void move_tiers(std::uint64_t must_move, std::uint64_t bytes_max = 0) {
    step("tier run", [=](HistoryPlay& play) -> Result<void> {
      TierOptions options;
      options.misplaced_share_min = 0;
      options.bytes_max = bytes_max;
      ATOLL_ASSIGN(const auto report, vault::move_tiers(*play.vault, options));
      if (report.packs_rewritten < must_move)
        return fail(ErrorKind::failed, "test.nothing_moved", "more packs should have been written anew");
      return {};
    });
  }
  void read(const std::string& name, const std::string& key) {
    step("read", [=](HistoryPlay& play) -> Result<void> {
      Objects objects(*play.vault);
      ATOLL_ASSIGN(const auto found, objects.find(name, key));
      ATOLL_TRY(objects.read(found.version, 0, found.version.size, [](ByteView) -> Result<bool> { return true; }));
      play.vault->accesses().flush();
      return {};
    });
  }
  // No ended version is kept.
  void keep_nothing_old() {
    step("policy", [](HistoryPlay& play) -> Result<void> {
      ATOLL_TRY(play.vault->commit(journal::CommandKind::policy_change,
                                   [](const CommitContext&, ChangeSet& changes) -> Result<void> {
                                     changes.put(catalog::PolicyRow{});
                                     return {};
                                   }));
      return {};
    });
  }
  // A row of a table of its own, put or removed by a command of one row.
  template <class Row>
  void row(const std::string& name, journal::CommandKind kind, const Row& row, bool is_there) {
    step(
        name,
        [=](HistoryPlay& play) -> Result<void> {
          ATOLL_TRY(play.vault->commit(kind, [&](const CommitContext&, ChangeSet& changes) -> Result<void> {
            if (is_there) {
              changes.put(row);
            } else {
              changes.remove(row);
            }
            return {};
          }));
          return {};
        },
        [=](VaultState& state) {
          if (is_there) {
            state[kRowsBucket][told_of(row)];
          } else {
            state[kRowsBucket].erase(told_of(row));
          }
        });
  }
  void roll_back_last(const std::string& name, const std::string& key, const Bytes& bytes) {
    step(
        "rollback",
        [=](HistoryPlay& play) -> Result<void> {
          ATOLL_ASSIGN(const auto plan, plan_rollback(*play.vault, name, key, ""));
          ATOLL_TRY(roll_back(*play.vault, plan));
          return {};
        },
        [=](VaultState& state) { state[name][key] = object_state(bytes); });
  }
  // Frozen, held, released, given up; and one that stays.
  void snapshots(const std::string& bucket) {
    const auto create = [&](const std::string& name, const std::string& prefix) {
      step(
          "snapshot create " + name,
          [=](HistoryPlay& play) -> Result<void> {
            NewSnapshot wanted;
            wanted.name = name;
            wanted.bucket = bucket;
            wanted.prefix = prefix;
            ATOLL_TRY(create_snapshot(*play.vault, wanted));
            return {};
          },
          [=](VaultState& state) { state[kRowsBucket]["snapshot " + name]; });
    };
    const auto hold = [&](bool is_held) {
      step(
          is_held ? "snapshot hold" : "snapshot release",
          [=](HistoryPlay& play) { return hold_snapshot(*play.vault, "frozen", is_held, "a test"); },
          [=](VaultState& state) {
            state[kRowsBucket].erase(is_held ? "snapshot frozen" : "snapshot frozen, held");
            state[kRowsBucket][is_held ? "snapshot frozen, held" : "snapshot frozen"];
          });
    };
    create("frozen", "");
    hold(true);
    step("snapshot delete is refused", [](HistoryPlay& play) -> Result<void> {
      const auto gone = delete_snapshot(*play.vault, "frozen");
      if (gone) return fail(ErrorKind::failed, "test.not_refused", "a held snapshot was removed");
      return {};
    });
    create("stays", "a");
    hold(false);
    step(
        "snapshot delete", [](HistoryPlay& play) { return delete_snapshot(*play.vault, "frozen"); },
        [](VaultState& state) { state[kRowsBucket].erase("snapshot frozen"); });
  }
  [[nodiscard]] std::vector<HistoryStep> take() { return std::move(steps_); }

 private:
  std::vector<HistoryStep> steps_;
  bool last_keeps_source_ = false;
};

}  // namespace

VaultHistory::VaultHistory(std::vector<HistoryStep> steps) : steps_(std::move(steps)) {
  models_.emplace_back();
  models_.back()[kKeysBucket][std::to_string(kFirstKey)];
  models_.back()[kRowsBucket];
  for (const HistoryStep& step : steps_) {
    models_.push_back(models_.back());
    if (step.effect) step.effect(models_.back());
  }
}

VaultHistory VaultHistory::standard() {
  Script script;
  const Bytes large = noise(1, 300 * kKiB);
  script.bucket("photos");
  script.put("photos", "a.txt", words(2, 100));
  script.put("photos", "b.txt", words(3, 40 * kKiB), {{{"place", "Moorea"}}, {{"kind", "log"}}, "text/plain"});
  script.put("photos", "album/c", large);
  script.put("photos", "album/same as c", large);
  script.put("photos", "empty", {});
  script.put("photos", "a.txt", words(4, 3000));
  script.bucket("docs");
  script.put("docs", "big", noise(5, 1200 * kKiB));
  script.step(
      "tag",
      [](HistoryPlay& play) -> Result<void> {
        ATOLL_TRY(Objects(*play.vault).tag({"photos", "b.txt", false}, {{{"stars", "5"}}, {"kind"}}, {}));
        return {};
      },
      [](VaultState& state) {
        state["photos"]["b.txt"].tags = {{"stars", "5"}};
      });
  script.step(
      "metadata",
      [](HistoryPlay& play) -> Result<void> {
        ATOLL_TRY(Objects(*play.vault).tag({"photos", "b.txt", false}, {}, {{{"year", "1987"}}, {"place"}}));
        return {};
      },
      [](VaultState& state) {
        state["photos"]["b.txt"].metadata = {{"year", "1987"}};
      });
  script.remove("photos", "a.txt", false);
  script.reopen(true);  // truncation drops whole archives: checkpoints stand at their ends
  script.checkpoint();
  script.group("docs", {"g/1", "g/2", "g/3"}, words(6, 90 * kKiB));
  script.put("photos", "a.txt", words(7, 700));  // returns
  script.move("photos", "album/", "docs", "from photos/", false);
  script.reopen(true);
  script.put("docs", "big", noise(8, 400 * kKiB));
  script.move("docs", "g/", "photos", "copied/", true);
  script.checkpoint();
  script.put("docs", "between", words(9, 200));
  script.truncate(true);
  script.step(
      "add slot",
      [](HistoryPlay& play) -> Result<void> {
        ATOLL_TRY(play.vault->keys().add_slot(test_key(kSecondKey), "second"));
        return {};
      },
      [](VaultState& state) { state[kKeysBucket][std::to_string(kSecondKey)]; });
  script.step("broken-off put", [](HistoryPlay& play) -> Result<void> {
    const Bytes part = noise(10, 350 * kKiB);
    bool was_read = false;
    const auto put = Objects(*play.vault)
                         .put("docs", "never whole",
                              [&](ByteSpan out) -> Result<std::size_t> {
                                if (was_read) return fail(ErrorKind::interrupted, "test.pipe_broke", "the pipe broke");
                                was_read = true;
                                std::copy(part.begin(), part.end(), out.begin());
                                return part.size();
                              },
                              {});
    if (!put && put.error().id == "test.pipe_broke") return {};
    return put ? fail(ErrorKind::failed, "test.not_broken", "the put should have broken off") : pass(put.error());
  });
  script.reopen(false);
  script.put("docs", "again whole", noise(10, 350 * kKiB));  // its chunks may lie about already
  script.step(
      "rotate root",
      [](HistoryPlay& play) -> Result<void> { return play.vault->keys().rotate_root(test_keys(kFirstKey)); },
      [](VaultState& state) { state[kKeysBucket].erase(std::to_string(kSecondKey)); });
  script.put("docs", "named", words(20, 100));
  script.label("docs", "named", "1.0.0");
  script.put("docs", "named", words(21, 200));
  script.label("docs", "named", "2.0.0");
  script.label("docs", "named", "1.0.0");  // from an older version
  script.step(
      "origin",
      [](HistoryPlay& play) -> Result<void> {
        ATOLL_ASSIGN(const auto found, Objects(*play.vault).find("docs", "named"));
        Origin origin;
        origin.author = "Anna";
        origin.sources = {"docs/big", "https://example.org/data"};
        ATOLL_TRY(add_origin(*play.vault, found, origin, false));
        return {};
      },
      [](VaultState& state) { state["docs"]["named"].author = "Anna"; });
  script.step(
      "label away",
      [](HistoryPlay& play) -> Result<void> {
        ATOLL_TRY(remove_label(*play.vault, {"docs", "named", true}, "1.0.0"));
        return {};
      },
      [](VaultState& state) { state["docs"]["named"].labels.clear(); });
  script.label("docs", "named", "final");
  script.rebuild();
  script.put("photos", "after rebuild", words(11, 50 * kKiB));
  script.step(
      "undo",
      [](HistoryPlay& play) -> Result<void> {
        UndoRequest request;
        request.is_last = true;
        ATOLL_ASSIGN(const auto plan, UndoPlan::of_undo(*play.vault, request, false));
        ATOLL_TRY(plan->apply());
        return {};
      },
      [](VaultState& state) { state["photos"].erase("after rebuild"); });
  script.step(
      "rewind",
      [](HistoryPlay& play) -> Result<void> {
        ATOLL_ASSIGN(const auto newest, recent_operations(*play.vault, 1));
        ATOLL_ASSIGN(const auto plan, UndoPlan::of_rewind(*play.vault, {newest.at(0).first.value - 1}, {}));
        ATOLL_TRY(plan->apply());
        return {};
      },
      [](VaultState& state) { state["photos"]["after rebuild"] = object_state(words(11, 50 * kKiB)); });
  script.snapshots("photos");
  script.put("docs", "rolled", words(30, 3000));
  script.put("docs", "rolled", words(31, 60 * kKiB));
  script.roll_back_last("docs", "rolled", words(30, 3000));
  catalog::CopyRow copy;
  copy.name = "stick";
  copy.kind = "folder";
  copy.place = "/media/stick";
  script.row("copy add", journal::CommandKind::copy_change, copy, true);
  catalog::ScheduleRow schedule;
  schedule.name = "nightly";
  schedule.words = {"verify", "--data"};
  schedule.rule = "daily 03:00";
  script.row("schedule add", journal::CommandKind::schedule_change, schedule, true);
  catalog::PolicyRow policy;
  policy.bucket = BucketId::v7(1, std::array<std::uint8_t, 10>{});
  policy.keep_last = 3;
  script.row("policy set", journal::CommandKind::policy_change, policy, true);
  script.reopen(false);
  script.row("copy remove", journal::CommandKind::copy_change, copy, false);
  copy.name = "disk";
  script.row("copy add another", journal::CommandKind::copy_change, copy, true);
  script.row("schedule remove", journal::CommandKind::schedule_change, schedule, false);
  schedule.name = "weekly";
  script.row("schedule add another", journal::CommandKind::schedule_change, schedule, true);
  script.row("policy unset", journal::CommandKind::policy_change, policy, false);
  policy.keep_last = 5;
  script.row("policy set anew", journal::CommandKind::policy_change, policy, true);
  script.step("verify", [](HistoryPlay& play) -> Result<void> {
    VerifyVaultOptions options;
    options.reads_data = true;
    options.workers = 1;
    ATOLL_ASSIGN(const auto summary, verify_vault(*play.vault, options));
    if (!summary.is_clean()) return fail(ErrorKind::damaged, "test.not_clean", "verify found damage");
    return {};
  });
  script.checkpoint();
  script.truncate(false);
  script.remove("docs", "from photos/", true);
  script.reopen(true);
  script.put("docs", "last", words(12, 2000));
  script.reopen(true);
  return VaultHistory(script.take());
}

VaultHistory VaultHistory::keeping() {
  Script script;
  script.bucket("docs");
  script.keep_nothing_old();
  script.put("docs", "stays", words(1, 60 * kKiB));
  script.put("docs", "a", noise(2, 200 * kKiB));
  script.put("docs", "gone/1", noise(3, 500 * kKiB));
  script.reopen(true);
  for (int i = 0; i < 6; ++i)
    script.put("docs", (i % 3 == 0 ? "stays/" : "thin/") + std::to_string(i), noise(10 + i, 40 * kKiB));
  script.reopen(true);
  script.put("docs", "a", noise(4, 30 * kKiB));
  script.remove("docs", "gone/1", false);
  script.collect(false);  // expires; the journal still reaches back
  script.erase_forever("docs", "thin/");
  script.collect(false, 100 * kKiB);  // one pack is written anew
  script.put("docs", "gone/1", noise(3, 500 * kKiB));
  script.reopen(false);
  script.collect(true);                                // what is left of the first pack is too much to write it anew
  script.put("docs", "thin/1", noise(11, 40 * kKiB));  // what was given up is stored again
  script.erase_forever("docs", "gone/");
  script.reopen(false);
  script.collect(false, 400 * kKiB);
  script.rebuild();
  script.put("docs", "a", noise(2, 200 * kKiB));
  script.collect(true);
  script.reopen(true);
  return VaultHistory(script.take());
}

VaultHistory VaultHistory::tiers() {
  Script script;
  script.bucket("docs");
  script.put("docs", "t/1", words(1, 90 * kKiB));
  script.put("docs", "t/2", words(2, 60 * kKiB));
  script.put("docs", "n/1", noise(3, 200 * kKiB));
  script.put("docs", "same as n/1", noise(3, 200 * kKiB));
  script.reopen(true);
  script.rules({"cold if key:t/** and accesses<0.5", "hot if key:n/**"});
  script.move_tiers(1);
  script.read("docs", "t/1");
  script.put("docs", "t/3", words(4, 70 * kKiB));
  script.put("docs", "t/4", words(2, 60 * kKiB));  // built on what lies cold
  script.move_tiers(1);                            // t/1 back to warm
  script.reopen(false);
  script.rules({"cold if name:*"});
  script.checkpoint();
  script.reopen(true);
  script.move_tiers(1, 1);
  script.move_tiers(1);
  script.remove("docs", "t/2", false);
  script.collect(true);
  script.rebuild();
  script.rules({});
  script.move_tiers(1);
  script.reopen(true);
  return VaultHistory(script.take());
}

VaultHistory VaultHistory::random(std::uint64_t seed, std::size_t steps) {
  platform::SeededRandom random(seed);
  Script script;
  script.bucket("docs");
  std::set<std::string> there;
  bool has_steady = false;
  for (std::size_t i = 0; i < steps; ++i) {
    const std::string key = "k" + std::to_string(random.below(6));
    switch (random.below(13)) {
      case 0:
      case 1:
      case 2: {
        const std::uint64_t sizes[] = {random.below(300), random.below(40'000), random.below(500'000)};
        const std::uint64_t size = sizes[random.below(3)];
        // Few contents, so that many are shared.
        script.put("docs", key, random.one_in(2) ? noise(random.below(4), size) : words(random.below(4), size));
        there.insert(key);
        break;
      }
      case 3: {
        const std::string prefix = "g" + std::to_string(i) + "/";
        script.group("docs", {prefix + "1", prefix + "2"}, noise(random.below(4), 20'000 + random.below(100'000)));
        break;
      }
      case 4:
        if (there.erase(key) > 0) script.remove("docs", key, false);
        break;
      case 5:
        if (!there.empty()) {
          const std::string to = "m" + std::to_string(i) + "/";
          script.move("docs", "k", "docs", to, random.one_in(2));
          if (!script.last_keeps_source()) there.clear();
        }
        break;
      case 6: script.reopen(true); break;
      case 7: script.reopen(false); break;
      case 8:
        script.reopen(true);
        script.checkpoint();
        break;
      case 9:
        script.checkpoint();
        if (random.one_in(2)) script.truncate(false);
        break;
      case 10: script.rebuild(); break;
      case 11:
        if (has_steady) script.label("docs", "steady", "l" + std::to_string(random.below(3)));
        break;
      default:
        script.put("docs", "steady", words(i, 2000 + i));
        has_steady = true;
        break;
    }
  }
  script.reopen(true);
  return VaultHistory(script.take());
}

Result<void> VaultHistory::begin(const platform::Machine& machine) { return create_small(machine); }

Result<void> VaultHistory::play(const platform::Machine& machine) {
  acknowledged_ = 0;
  HistoryPlay play(machine);
  ATOLL_ASSIGN(play.vault, open_small(machine));
  for (const HistoryStep& step : steps_) {
    if (auto done = step.run(play); !done) return pass(std::move(done).error().with_context(step.name));
    ++acknowledged_;
  }
  return {};
}

std::string check_after_crash(std::unique_ptr<platform::MemoryFileSystem> disk, const VaultHistory& history,
                              std::size_t acknowledged, const CheckOptions& options) {
  platform::TestMachine rebooted(std::move(disk), options.seed);
  const platform::Machine machine = rebooted.inline_machine();
  auto vault = open_small(machine);
  if (!vault) return "open: " + told(vault.error());
  auto state = state_of(**vault);
  if (!state) return "reading: " + told(state.error());
  for (const std::uint8_t key : {kFirstKey, kSecondKey}) {
    if (keyring::Keyring::open(machine, kFolder, test_keys(key))) (*state)[kKeysBucket][std::to_string(key)];
  }
  const auto rows = rows_told(**vault);
  if (!rows) return "reading rows: " + told(rows.error());
  (*state)[kRowsBucket] = *rows;
  const std::string before = difference(history.model(acknowledged), *state);
  if (!before.empty()) {
    if (acknowledged == history.step_count()) return before;
    const std::string after = difference(history.model(acknowledged + 1), *state);
    if (!after.empty()) return "neither before (" + before + ") nor after (" + after + ")";
  }
  // What is referred to lies in packs that the vault knows of, or a clean-up would take it for garbage.
  if (options.verifies) {
    VerifyVaultOptions verify;
    verify.reads_data = true;
    verify.workers = 1;
    verify.heals = false;
    const auto summary = verify_vault(**vault, verify);
    if (!summary) return "verify: " + told(summary.error());
    if (!summary->lost.empty()) return "verify: lost " + summary->lost.front().bucket + "/" + summary->lost.front().key;
    for (const DamageFound& damage : summary->damage) {
      return "verify: " + damage.where + ": " + damage.what;
    }
  }
  if (options.collects) {
    CollectOptions collect;
    collect.trusts_clock = true;
    collect.dead_share_min = 0;
    if (options.seed % 2 == 0) collect.horizon_seconds = 0;
    if (const auto report = collect_garbage(**vault, collect); !report) return "gc: " + told(report.error());
    auto after = state_of(**vault);
    if (!after) return "reading after gc: " + told(after.error());
    (*after)[kKeysBucket] = (*state)[kKeysBucket];
    const auto rows_after = rows_told(**vault);
    if (!rows_after) return "reading rows after gc: " + told(rows_after.error());
    (*after)[kRowsBucket] = *rows_after;
    if (const std::string changed = difference(*state, *after); !changed.empty()) return "gc changed: " + changed;
  }
  if (!options.goes_on) return {};
  const Bytes more = noise(4711, 70 * kKiB);
  if (auto put = put_bytes(**vault, "onward", "more", more); !put) return "one more put: " + told(put.error());
  if (auto closed = (*vault)->close(); !closed) return "close: " + told(closed.error());
  vault->reset();
  vault = open_small(machine);
  if (!vault) return "open again: " + told(vault.error());
  if (const auto read = bytes_of(**vault, "onward", "more"); !read || *read != more) return "one more put was lost";
  const auto again = state_of(**vault);
  if (!again) return "reading again: " + told(again.error());
  const auto rows_again = rows_told(**vault);
  if (!rows_again || *rows_again != (*state)[kRowsBucket]) return "snapshots, copies, schedules or policies changed";
  (*state).erase(kKeysBucket);
  (*state).erase(kRowsBucket);
  (*state)["onward"]["more"] = object_state(more);
  return difference(*state, *again);
}

}  // namespace atl::vault::testing
