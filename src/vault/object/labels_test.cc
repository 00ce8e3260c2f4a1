// Labels by hand and by rule, what is said of versions, and a model of both over random histories with groups.
#include "vault/object/labels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "vault/checkpoint.h"
#include "vault/history/rollback.h"
#include "vault/keeping/erase.h"
#include "vault/object/describe.h"
#include "vault/rewind/undo.h"
#include "vault/testing/test_vault.h"

namespace atl::vault {
namespace {

using namespace testing;  // NOLINT
using catalog::VersionRow;
using Words = NewVersion::Words;

TEST(Labels, WhatIsNone) {
  for (const std::string good : {"1.0.0", "submitted to the journal", "2026-11-21T10:00:00Z", "endgültig", "a"})
    EXPECT_TRUE(check_label(good)) << good;
  for (const std::string& bad : {std::string(), std::string("a/b"), std::string("a@b"), std::string(" a"),
                                 std::string("a "), std::string("a\nb"), std::string("\xFF"), std::string(201, 'x')})
    EXPECT_FALSE(check_label(bad)) << bad;
}

TEST(Labels, SemanticOnesAreReadAndRaised) {
  EXPECT_EQ(parse_semantic("1.20.3"), (SemanticLabel{1, 20, 3}));
  EXPECT_EQ(parse_semantic("v2.0.0"), (SemanticLabel{2, 0, 0}));
  for (const char* none :
       {"", "1", "1.2", "1.2.3.4", "1.2.x", "01.2.3", "1..3", "1.2.3-rc1", "-1.2.3", "1.2.99999999999999999"})
    EXPECT_FALSE(parse_semantic(none)) << none;
  const SemanticLabel from{1, 4, 2};
  EXPECT_EQ(from.raised(ChangeSize::patch).text(), "1.4.3");
  EXPECT_EQ(from.raised(ChangeSize::minor).text(), "1.5.0");
  EXPECT_EQ(from.raised(ChangeSize::major).text(), "2.0.0");
}

TEST(Labels, ReasonsOfAMajorVersion) {
  for (const char* reason : {"major", "schema_change", "significant_quality_improvement", "new_preprocessing_method"})
    EXPECT_EQ(parse_change(reason).value(), ChangeSize::major);
  EXPECT_EQ(parse_change("").value(), ChangeSize::automatic);
  EXPECT_FALSE(parse_change("huge"));

  VersionRow before;
  VersionRow after;
  EXPECT_EQ(size_of_change(before, after), ChangeSize::patch);
  after.size = 1;
  EXPECT_EQ(size_of_change(before, after), ChangeSize::minor);
  const auto with = [&](const char* name, const char* old_value, const char* new_value) {
    before.metadata = {};
    after.metadata = {};
    if (*old_value != 0) before.metadata[name] = old_value;
    if (*new_value != 0) after.metadata[name] = new_value;
    return size_of_change(before, after);
  };
  EXPECT_EQ(with("schema", "a,b", "a,b,c"), ChangeSize::major);
  EXPECT_EQ(with("schema", "", "a,b,c"), ChangeSize::minor);  // a first word is no change
  EXPECT_EQ(with("schema", "a", "a"), ChangeSize::minor);
  EXPECT_EQ(with("processing_pipeline", "v1", "v2"), ChangeSize::major);
  EXPECT_EQ(with("quality_metrics", "0.80", "0.90"), ChangeSize::major);
  EXPECT_EQ(with("quality_metrics", "0.80", "0.85"), ChangeSize::minor);
  EXPECT_EQ(with("quality_metrics", "recall=0.5, accuracy=0.5", "accuracy=0.6, recall=0.6"), ChangeSize::major);
  EXPECT_EQ(with("quality_metrics", "recall=0.5, accuracy=0.5", "accuracy=0.6, recall=0.4"), ChangeSize::minor);
  EXPECT_EQ(with("quality_metrics", "good", "better"), ChangeSize::minor);
  before.metadata = after.metadata = {};
  before.transformation = "median";
  after.transformation = "mean";
  EXPECT_EQ(size_of_change(before, after), ChangeSize::major);
}

class LabelsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(told(create_small(machine_.inline_machine())), "ok");
    open();
    ASSERT_EQ(told(Objects(*vault_).ensure_bucket("data")), "ok");
  }
  void open() {
    vault_.reset();
    auto opened = open_small(machine_.inline_machine());
    ASSERT_EQ(told(opened), "ok");
    vault_ = std::move(*opened);
  }
  void set_rule(const std::string& rule) {
    catalog::PolicyRow row = built_in();
    row.labels = rule;
    ASSERT_EQ(told(vault_->commit(journal::CommandKind::policy_change,
                                  [&](const CommitContext&, ChangeSet& changes) -> Result<void> {
                                    changes.put(row);
                                    return {};
                                  })),
              "ok");
  }
  static catalog::PolicyRow built_in() {
    catalog::PolicyRow row;
    row.keeps_all = true;
    row.horizon_seconds = row.audit_seconds = 1'000'000'000;
    return row;
  }
  // A link needs no chunks: where it leads to is its content.
  static NewVersion link(const std::string& key, const std::string& target, const Origin& origin = {},
                         Words words = Words::given) {
    NewVersion fresh;
    fresh.key = key;
    fresh.version.kind = catalog::EntryKind::symlink;
    fresh.version.link_target = target;
    fresh.words = words;
    fresh.change = origin.change;
    describe(fresh.version, origin, {});
    return fresh;
  }
  CommandBuilder staging(const NewVersion& fresh, PutEffect* effect = nullptr) {
    return [this, fresh, effect](const CommitContext& context, ChangeSet& changes) -> Result<void> {
      ATOLL_ASSIGN(const auto bucket, context.state.bucket_named("data"));
      ATOLL_ASSIGN(const auto done, stage_put(context, changes, *bucket, fresh,
                                              platform::new_id<VersionId>(vault_->machine()), vault_->actor(), {}));
      if (effect != nullptr) *effect = done;
      return {};
    };
  }
  Result<PutEffect> put(const NewVersion& fresh) {
    PutEffect effect{};
    ATOLL_TRY(vault_->commit(journal::CommandKind::put_objects, staging(fresh, &effect)));
    return effect;
  }
  std::vector<VersionRow> versions(const std::string& key) {
    const auto reader = vault_->reader();
    const auto bucket = reader->bucket_named("data").value();
    const auto entry = reader->entry(bucket->id, key).value();
    return entry ? reader->versions_of(entry->object).value() : std::vector<VersionRow>{};
  }
  VersionRow newest(const std::string& key) { return versions(key).at(0); }
  Objects::Found at(const std::string& key) { return Objects(*vault_).find("data", key).value(); }

  platform::TestMachine machine_{815};
  std::unique_ptr<Vault> vault_;
};

TEST_F(LabelsTest, WhatIsSaidAnewIsAttachedOrBeginsAVersion) {
  Origin origin;
  ASSERT_EQ(put(link("a", "one")).value(), PutEffect::created);
  origin.author = "Anna";
  EXPECT_EQ(put(link("a", "one", origin)).value(), PutEffect::unchanged);
  ASSERT_EQ(versions("a").size(), 1U);
  EXPECT_EQ(newest("a").author, "Anna");
  const Lsn before = vault_->journal().last();
  EXPECT_EQ(put(link("a", "one", origin)).value(), PutEffect::unchanged);  // says nothing new
  EXPECT_EQ(vault_->journal().last(), before);
  origin.author = "Bert";
  EXPECT_EQ(put(link("a", "one", origin, Words::carried)).value(), PutEffect::unchanged);
  EXPECT_EQ(put(link("a", "one", origin, Words::given_to_new)).value(), PutEffect::unchanged);
  EXPECT_EQ(newest("a").author, "Anna");
  EXPECT_EQ(put(link("a", "one", origin)).value(), PutEffect::updated);
  ASSERT_EQ(versions("a").size(), 2U);
  EXPECT_EQ(newest("a").author, "Bert");
  EXPECT_EQ(versions("a")[1].author, "Anna");
  // What was said of one version is not said of the next.
  ASSERT_EQ(put(link("a", "two")).value(), PutEffect::updated);
  EXPECT_EQ(newest("a").author, "");
}

TEST_F(LabelsTest, ALabelNamesOneVersionAndTheConflictSaysWhich) {
  Origin one;
  one.label = "paper";
  ASSERT_TRUE(put(link("a", "one", one)));
  const std::string holder = newest("a").version.text();
  const auto taken = put(link("a", "two", one));
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().kind, ErrorKind::conflict);
  EXPECT_NE(taken.error().message.find(holder), std::string::npos) << taken.error().message;
  EXPECT_EQ(versions("a").size(), 1U);  // nothing was stored
  EXPECT_FALSE(put(link("a", "two", one, Words::given_to_new)));
  ASSERT_TRUE(put(link("a", "two", one, Words::carried)));
  EXPECT_EQ(newest("a").label, "");
  ASSERT_TRUE(put(link("b", "one", one)));  // another object's

  // Two of one group: the second sees the first.
  Origin two;
  two.label = "final";
  auto answers = vault_->commit_group(journal::CommandKind::put_objects,
                                      {staging(link("a", "three", two)), staging(link("a", "four", two))}, {});
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_TRUE(answers[0]);
  ASSERT_FALSE(answers[1]);
  EXPECT_EQ(answers[1].error().id, "label.taken");

  const auto moved = set_label(*vault_, at("a"), "paper", false);
  EXPECT_EQ(moved.error().id, "label.has_one");
  ASSERT_TRUE(remove_label(*vault_, {"data", "a", true}, "final"));
  EXPECT_EQ(set_label(*vault_, at("a"), "paper", false).error().id, "label.taken");
  ASSERT_TRUE(set_label(*vault_, at("a"), "paper", true)->was_changed);
  EXPECT_EQ(newest("a").label, "paper");
  EXPECT_EQ(vault_->reader()->labels_of(newest("a").object)->size(), 1U);
  EXPECT_EQ(remove_label(*vault_, {"data", "a", true}, "none").error().kind, ErrorKind::not_found);
}

TEST_F(LabelsTest, RulesNameNewVersions) {
  set_rule("semantic");
  ASSERT_TRUE(put(link("a", "one")));
  EXPECT_EQ(newest("a").label, "1.0.0");
  ASSERT_TRUE(put(link("a", "one")));
  EXPECT_EQ(versions("a").size(), 1U);  // nothing new, nothing named
  ASSERT_TRUE(put(link("a", "two")));
  EXPECT_EQ(newest("a").label, "1.1.0");
  Objects::Labels metadata;
  metadata.set["title"] = "t";
  ASSERT_TRUE(Objects(*vault_).tag({"data", "a", false}, {}, metadata));
  EXPECT_EQ(newest("a").label, "1.1.1");
  Origin origin;
  origin.change = ChangeSize::major;
  ASSERT_TRUE(put(link("a", "three", origin)));
  EXPECT_EQ(newest("a").label, "2.0.0");
  origin = {};
  origin.label = "9.0.0";
  ASSERT_TRUE(put(link("a", "four", origin)));
  ASSERT_TRUE(put(link("a", "five")));
  EXPECT_EQ(newest("a").label, "9.1.0");  // on from what somebody gave by hand
  auto plan = plan_rollback(*vault_, "data", "a", "1.0.0");
  ASSERT_TRUE(plan) << told(plan);
  ASSERT_TRUE(roll_back(*vault_, *plan));
  EXPECT_EQ(newest("a").label, "9.2.0");
  EXPECT_EQ(newest("a").link_target, "one");
  EXPECT_EQ(newest("a").transformation, "rollback");
  EXPECT_EQ(newest("a").sources.at(0).version, plan->version.version);
  UndoRequest last;
  last.is_last = true;
  ASSERT_TRUE((*UndoPlan::of_undo(*vault_, last, false))->apply());
  EXPECT_EQ(newest("a").link_target, "five");
  EXPECT_EQ(newest("a").label, "9.3.0");
  EXPECT_EQ(newest("a").transformation, "undo");
  ASSERT_TRUE(Objects(*vault_).remove({"data", "a", false}));
  ASSERT_TRUE(put(link("a", "six")));
  EXPECT_EQ(newest("a").label, "9.4.0");  // the same object came back

  set_rule("hash");
  ASSERT_TRUE(put(link("h", "one")));
  const std::string first = newest("h").label;
  EXPECT_EQ(first.size(), 12U);
  ASSERT_TRUE(put(link("h", "two")));
  EXPECT_NE(newest("h").label, first);
  ASSERT_TRUE(put(link("h", "one")));
  EXPECT_EQ(newest("h").label, first + "-" + std::to_string(newest("h").begin.value));
  ASSERT_TRUE(put(link("h2", "one")));
  EXPECT_EQ(newest("h2").label, first);

  set_rule("timestamp");
  const auto answers = vault_->commit_group(journal::CommandKind::put_objects,
                                            {staging(link("t", "one")), staging(link("t", "two"))}, {});
  ASSERT_TRUE(answers[0] && answers[1]);
  const auto rows = versions("t");
  EXPECT_EQ(rows[1].label, format_rfc3339(rows[1].begin_time));
  EXPECT_EQ(rows[0].begin_time, rows[1].begin_time);
  EXPECT_EQ(rows[0].label, rows[1].label + "-" + std::to_string(rows[0].begin.value));

  set_rule("");
  ASSERT_TRUE(put(link("t", "three")));
  EXPECT_EQ(newest("t").label, "");
}

TEST_F(LabelsTest, CopiesAndMovesSayWhereTheyComeFrom) {
  Origin origin;
  origin.label = "1.0.0";
  origin.author = "Anna";
  origin.transformation = "drawn";
  ASSERT_TRUE(put(link("a", "one", origin)));
  const VersionRow first = newest("a");
  Objects objects(*vault_);
  ASSERT_TRUE(objects.copy({"data", "a", false}, "data", "copy", false));
  EXPECT_EQ(newest("copy").label, "");
  EXPECT_EQ(newest("copy").author, "Anna");
  EXPECT_EQ(newest("copy").transformation, "copy");
  ASSERT_EQ(newest("copy").sources.size(), 1U);
  EXPECT_EQ(newest("copy").sources[0], (catalog::Source{first.object, first.version, "data/a"}));
  ASSERT_TRUE(objects.copy({"data", "a", false}, "data", "silent", false, {{}, false}));
  EXPECT_TRUE(newest("silent").sources.empty());
  EXPECT_EQ(newest("silent").transformation, "drawn");
  ASSERT_TRUE(objects.copy({"data", "a", false}, "data", "copy", true));  // it is that already
  EXPECT_EQ(versions("copy").size(), 1U);

  ASSERT_TRUE(objects.move({"data", "a", false}, "data", "moved", false));
  EXPECT_EQ(newest("moved").label, "1.0.0");
  EXPECT_EQ(newest("moved").transformation, "drawn");
  ASSERT_EQ(newest("moved").sources.size(), 1U);
  EXPECT_EQ(newest("moved").sources[0].version, first.version);
  // Where the target's history has the label the version goes there without it.
  ASSERT_TRUE(put(link("b", "two", origin)));
  ASSERT_TRUE(put(link("b", "three")));
  ASSERT_TRUE(objects.move({"data", "moved", false}, "data", "b", true));
  EXPECT_EQ(newest("b").link_target, "one");
  EXPECT_EQ(newest("b").label, "");
}

TEST_F(LabelsTest, SourcesAreLookedUpAtTheCommit) {
  Origin origin;
  origin.label = "1.0";
  ASSERT_TRUE(put(link("a", "one", origin)));
  ASSERT_TRUE(put(link("a", "two")));
  ASSERT_TRUE(put(link("me@home", "x")));
  const auto rows = versions("a");
  const auto reader = vault_->reader();
  const auto found = resolve_sources(
      *reader, {"data/a", "data/a@1.0", "data/a@" + rows[1].version.text(), "https://example.org/data/a",
                "words: data/a", "no-such-bucket/a", "a book, page 3", "data/me@home", "data/a"});
  ASSERT_TRUE(found) << told(found);
  ASSERT_EQ(found->size(), 8U);  // the same twice is once
  EXPECT_EQ((*found)[0].version, rows[0].version);
  EXPECT_EQ((*found)[1].version, rows[1].version);
  EXPECT_EQ((*found)[2].version, rows[1].version);
  for (std::size_t i = 3; i < 7; ++i) EXPECT_TRUE((*found)[i].object.is_none()) << i;
  EXPECT_EQ((*found)[4].words, "data/a");
  EXPECT_EQ((*found)[7].object, newest("me@home").object);
  EXPECT_EQ(resolve_sources(*reader, {"data/none"}).error().kind, ErrorKind::not_found);
  EXPECT_EQ(resolve_sources(*reader, {"data/a@2.0"}).error().kind, ErrorKind::not_found);

  Origin derived;
  derived.sources = {"data/a"};
  ASSERT_TRUE(put(link("b", "made")));
  ASSERT_TRUE(add_origin(*vault_, at("b"), derived, false)->was_changed);
  ASSERT_FALSE(add_origin(*vault_, at("b"), derived, false)->was_changed);
  derived.sources = {"data/b"};
  EXPECT_EQ(add_origin(*vault_, at("b"), derived, false).error().id, "source.itself");
  derived.sources = {};
  derived.author = "Anna";
  ASSERT_TRUE(add_origin(*vault_, at("b"), derived, false));
  derived.author = "Bert";
  EXPECT_EQ(add_origin(*vault_, at("b"), derived, false).error().id, "origin.differs");
  ASSERT_TRUE(add_origin(*vault_, at("b"), derived, true));
  EXPECT_EQ(newest("b").author, "Bert");
  EXPECT_EQ(newest("b").sources.size(), 1U);  // nothing was said of them
}

TEST_F(LabelsTest, UndoTakesLabelsAndOriginsBackFromOldVersionsToo) {
  const auto undo_last = [&] {
    UndoRequest last;
    last.is_last = true;
    auto plan = UndoPlan::of_undo(*vault_, last, false);
    ASSERT_EQ(told(plan), "ok");
    const auto report = (*plan)->apply();
    ASSERT_EQ(told(report), "ok");
    EXPECT_EQ(report->left, 0U);
    EXPECT_GT(report->done.steps(), 0U);
  };
  const auto labels = [&] {
    std::vector<std::string> all;
    for (const auto& row : versions("a")) all.push_back(row.label);
    return all;
  };
  using List = std::vector<std::string>;
  ASSERT_TRUE(put(link("a", "one")));
  ASSERT_TRUE(put(link("a", "two")));
  auto old = at("a");
  old.version = versions("a")[1];
  ASSERT_TRUE(set_label(*vault_, old, "first", false));
  EXPECT_EQ(labels(), (List{"", "first"}));
  undo_last();
  EXPECT_EQ(labels(), (List{"", ""}));
  undo_last();  // the undo
  EXPECT_EQ(labels(), (List{"", "first"}));
  ASSERT_TRUE(set_label(*vault_, at("a"), "first", true));  // from the old one to the current one
  EXPECT_EQ(labels(), (List{"first", ""}));
  undo_last();
  EXPECT_EQ(labels(), (List{"", "first"}));
  undo_last();
  EXPECT_EQ(labels(), (List{"first", ""}));
  old.version = versions("a")[1];
  ASSERT_TRUE(set_label(*vault_, old, "first", true));  // and back again
  undo_last();
  EXPECT_EQ(labels(), (List{"first", ""}));

  Origin origin;
  origin.author = "Anna";
  origin.sources = {"a paper"};
  ASSERT_TRUE(add_origin(*vault_, at("a"), origin, false));
  ASSERT_TRUE(make_checkpoint(*vault_));
  undo_last();
  EXPECT_EQ(newest("a").author, "");
  EXPECT_TRUE(newest("a").sources.empty());
  // Words that somebody else changed since stay.
  old.version = versions("a")[1];
  ASSERT_TRUE(add_origin(*vault_, old, origin, false));
  const Lsn lsn = vault_->journal().last();
  origin.author = "Bert";
  ASSERT_TRUE(add_origin(*vault_, old, origin, true));
  UndoRequest earlier;
  earlier.name = std::to_string(lsn.value);
  auto plan = UndoPlan::of_undo(*vault_, earlier, false);
  ASSERT_EQ(told(plan), "ok");
  EXPECT_EQ((*plan)->counts().left, 1U);
  EXPECT_EQ((*plan)->counts().steps(), 0U);
}

TEST_F(LabelsTest, TheyComeThroughACheckpointAndARebuild) {
  set_rule("semantic");
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(put(link("a", std::to_string(i))));
  Origin origin;
  origin.sources = {"data/a@1.2.0"};
  ASSERT_TRUE(put(link("b", "made")));
  ASSERT_TRUE(add_origin(*vault_, at("b"), origin, false));
  const auto rows = rows_of(*vault_).value();
  ASSERT_TRUE(make_checkpoint(*vault_));
  ASSERT_TRUE(put(link("a", "more")));
  const auto labels = vault_->reader()->labels_of(newest("a").object).value();
  ASSERT_EQ(labels.size(), 6U);
  ASSERT_TRUE(vault_->rebuild());
  EXPECT_EQ(vault_->reader()->labels_of(newest("a").object).value(), labels);
  const auto source = newest("b").sources.at(0);
  EXPECT_EQ(vault_->reader()->derived_from(source.object, source.version, 10)->size(), 1U);
  ASSERT_TRUE(put(link("a", "yet more")));
  EXPECT_EQ(newest("a").label, "1.6.0");
}

// What the rules and the words mean, told again in the plainest way, and random histories held against it.
class LabelModel {
 public:
  struct One {
    std::string target, label;
    bool is_current = false;
  };
  struct Object {
    std::vector<One> versions;  // oldest first
    bool is_there = false;
  };
  std::map<std::string, Object> objects;

  static std::optional<SemanticLabel> highest(const Object& object) {
    std::optional<SemanticLabel> best;
    for (const One& one : object.versions) {
      const auto number = parse_semantic(one.label);
      if (number && (!best || *best < *number)) best = number;
    }
    return best;
  }
  static bool has(const Object& object, const std::string& label) {
    return std::ranges::any_of(object.versions, [&](const One& one) { return one.label == label; });
  }
  // False where it is refused. `rule`: "" or "semantic".
  bool put(const std::string& key, const std::string& target, const std::string& label, const std::string& rule) {
    Object& object = objects[key];
    One* last = object.versions.empty() ? nullptr : &object.versions.back();
    const bool is_same = object.is_there && last->target == target;
    if (is_same && (label.empty() || label == last->label)) return true;
    if (!label.empty() && has(object, label)) return false;
    if (is_same && last->label.empty()) {
      last->label = label;
      return true;
    }
    std::string name = label;
    if (name.empty() && rule == "semantic") {
      auto from = last != nullptr ? parse_semantic(last->label) : std::nullopt;
      if (!from) from = highest(object);
      const auto by = last != nullptr && last->target == target ? ChangeSize::patch : ChangeSize::minor;
      SemanticLabel next = from ? from->raised(by) : SemanticLabel{1, 0, 0};
      if (has(object, next.text())) next = highest(object)->raised(by);
      name = next.text();
    }
    object.versions.push_back({target, name});
    object.is_there = true;
    return true;
  }
};

TEST_F(LabelsTest, RandomHistoriesGiveWhatTheModelSays) {
  std::uint64_t taken = 0;
  std::uint64_t grouped = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    platform::SeededRandom random(seed);
    const std::string rule = seed % 3 == 0 ? "" : "semantic";
    set_rule(rule);
    LabelModel model;
    const auto key = [&] { return "s" + std::to_string(seed) + "-" + std::to_string(random.below(3)); };
    const auto any_label = [&]() -> std::string {
      if (random.one_in(2)) return {};
      if (random.one_in(2)) return "l" + std::to_string(random.below(5));
      return SemanticLabel{1 + random.below(2), random.below(4), random.below(2)}.text();
    };
    for (int step = 0; step < 60; ++step) {
      const std::string name = key();
      auto& object = model.objects[name];
      switch (random.below(8)) {
        case 0:
        case 1:
        case 2: {  // one to four puts in a group, mostly of the same object
          std::vector<CommandBuilder> builders;
          std::vector<bool> expected;
          for (std::uint64_t i = 1 + random.below(4); i > 0; --i) {
            const std::string target = "t" + std::to_string(random.below(3));
            const std::string of = random.one_in(4) ? key() : name;
            Origin origin;
            origin.label = any_label();
            builders.push_back(staging(link(of, target, origin)));
            expected.push_back(model.put(of, target, origin.label, rule));
          }
          grouped += builders.size() - 1;
          const auto answers = vault_->commit_group(journal::CommandKind::put_objects, std::move(builders), {});
          for (std::size_t i = 0; i < answers.size(); ++i) {
            ASSERT_EQ(answers[i].has_value(), expected[i]) << step << " " << told(answers[i]);
            if (!expected[i]) ++taken;
          }
          break;
        }
        case 3: {  // any version gets any label, by force
          if (object.versions.empty()) break;
          const std::size_t index = random.below(object.versions.size());
          std::string label = any_label();
          if (label.empty()) label = "moved";
          auto found = Objects::Found{vault_->reader()->bucket_named("data")->value(), {}, {}};
          found.entry = vault_->reader()->entry(found.bucket.id, name)->value();
          found.version = versions(name).at(object.versions.size() - 1 - index);
          ASSERT_EQ(told(set_label(*vault_, found, label, true)), "ok");
          for (auto& one : object.versions)
            if (one.label == label) one.label.clear();
          object.versions[index].label = label;
          break;
        }
        case 4: {
          const std::string label = any_label();
          const bool is_there = !label.empty() && LabelModel::has(object, label);
          EXPECT_EQ(remove_label(*vault_, {"data", name, true}, label.empty() ? "-" : label).has_value(), is_there);
          for (auto& one : object.versions)
            if (is_there && one.label == label) one.label.clear();
          break;
        }
        case 5:
          if (!object.is_there) break;
          ASSERT_EQ(told(Objects(*vault_).remove({"data", name, false})), "ok");
          object.is_there = false;
          break;
        case 6: {
          if (object.versions.size() < 2) break;
          const std::size_t index = random.below(object.versions.size() - 1);
          EraseRequest request{{"data", name, false}, EraseWhich::one, {}, "test"};
          request.version = versions(name).at(object.versions.size() - 1 - index).version;
          ASSERT_EQ(told(erase(*vault_, request)), "ok");
          object.versions.erase(object.versions.begin() + static_cast<std::ptrdiff_t>(index));
          break;
        }
        default:
          if (random.one_in(3)) {
            ASSERT_EQ(told(make_checkpoint(*vault_)), "ok");
          }
          if (random.one_in(3)) {
            ASSERT_EQ(told(vault_->rebuild()), "ok");
          }
          if (random.one_in(3)) {
            ASSERT_EQ(told(vault_->close()), "ok");
            open();
          }
          break;
      }
      for (const auto& [of, expected] : model.objects) {
        const auto rows = versions(of);
        ASSERT_EQ(rows.size(), expected.versions.size()) << "step " << step;
        std::set<std::string> seen;
        for (std::size_t i = 0; i < rows.size(); ++i) {
          const auto& one = expected.versions[rows.size() - 1 - i];
          ASSERT_EQ(rows[i].label, one.label) << "step " << step << " " << of;
          ASSERT_EQ(rows[i].link_target, one.target);
          if (rows[i].label.empty()) continue;
          ASSERT_TRUE(seen.insert(rows[i].label).second) << "twice: " << rows[i].label;
        }
        if (rows.empty()) continue;
        ASSERT_EQ(vault_->reader()->labels_of(rows[0].object)->size(), seen.size());
      }
    }
  }
  EXPECT_GT(taken, 20U);  // it did meet conflicts, and groups
  EXPECT_GT(grouped, 100U);
}

}  // namespace
}  // namespace atl::vault
