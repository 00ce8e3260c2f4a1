#include "derived/search/duplicates.h"

#include <gtest/gtest.h>

#include "derived/search/testing/search_fixture.h"

namespace atl::search {
namespace {

class DuplicatesTest : public testing::SearchFixture {
 protected:
  DuplicateAnswer duplicates(const DuplicateQuestion& question) {
    auto answer = index_->duplicates(*vault_, question);
    EXPECT_TRUE(answer) << answer.error().message;
    return answer ? std::move(*answer) : DuplicateAnswer{};
  }
  // Group by group, in the order of the answer.
  std::vector<Keys> groups(Likeness like, double threshold = kLikenessOtherwise) {
    DuplicateQuestion question;
    question.like = like;
    question.threshold = threshold;
    std::vector<Keys> out;
    for (const auto& group : duplicates(question).groups) {
      Keys keys;
      for (const auto& member : group.members) keys.push_back(member.listed.entry.key);
      out.push_back(keys);
    }
    return out;
  }
  using Groups = std::vector<Keys>;
  // About 200 words; a seed each. `changes` of them are others.
  static std::string letter(std::uint64_t seed, std::size_t changes = 0) {
    platform::SeededRandom random(seed);
    std::vector<std::string> words;
    for (int i = 0; i < 200; ++i) words.push_back("w" + std::to_string(random.below(3'000)));
    for (std::size_t i = 0; i < changes; ++i) words[(i * 37 + 5) % words.size()] = "new" + std::to_string(i);
    std::string text;
    for (const auto& one : words) text += one + " ";
    return text;
  }
};

TEST_F(DuplicatesTest, TheSameBytesAreAGroupAndFreeNothing) {
  put("first.txt", letter(1));
  put("other.txt", letter(2));
  put("copies/again.txt", letter(1));
  put("copies/other.name", letter(1));
  put("small.txt", "tiny");
  put("small-2.txt", "tiny");
  put("empty.txt", "");
  put("empty-2.txt", "");
  catch_up();
  // The one that was stored first is the one to keep; the group that takes the most room comes first.
  EXPECT_EQ(groups(Likeness::exact),
            (Groups{{"first.txt", "copies/again.txt", "copies/other.name"}, {"small.txt", "small-2.txt"}}));
  DuplicateQuestion question;
  question.limit = 1;
  const auto answer = duplicates(question);
  ASSERT_EQ(answer.groups.size(), 1U);
  EXPECT_TRUE(answer.has_more);
  EXPECT_TRUE(answer.is_complete);
  EXPECT_EQ(answer.group_count, 2U);
  EXPECT_EQ(answer.extra_count, 3U);
  EXPECT_EQ(answer.bytes, 2 * letter(1).size() + 4);
  EXPECT_EQ(answer.groups[0].frees, 0U);
  EXPECT_EQ(answer.groups[0].bytes, 3 * letter(1).size());
  for (const auto& member : answer.groups[0].members) EXPECT_EQ(member.frees, 0U);
}

TEST_F(DuplicatesTest, TextsThatSayNearlyTheSame) {
  put("draft.txt", letter(1));
  put("final.txt", letter(1, 2));
  put("unlike.txt", letter(2));
  put("far.txt", letter(1, 60));
  catch_up();
  // The one that was changed last is the one to keep.
  EXPECT_EQ(groups(Likeness::text), (Groups{{"final.txt", "draft.txt"}}));
  DuplicateQuestion question;
  question.like = Likeness::text;
  const auto answer = duplicates(question);
  ASSERT_EQ(answer.groups.size(), 1U);
  const auto& group = answer.groups[0];
  ASSERT_EQ(group.members.size(), 2U);
  EXPECT_EQ(group.members[0].similarity, 1);
  EXPECT_GE(group.members[1].similarity, 0.9);
  EXPECT_LT(group.members[1].similarity, 1);
  // Each is one chunk of its own: all of the second is freed.
  EXPECT_EQ(group.frees, group.members[1].listed.version.size);
}

TEST_F(DuplicatesTest, CopiesAloneAreNotNearlyTheSame) {
  put("a.txt", letter(1));
  put("b.txt", letter(1));
  catch_up();
  EXPECT_TRUE(groups(Likeness::text).empty());
  // With a third that differs they all belong together, and the copies share what removing one would free.
  put("c.txt", letter(1, 1));
  catch_up();
  DuplicateQuestion question;
  question.like = Likeness::text;
  const auto answer = duplicates(question);
  ASSERT_EQ(answer.groups.size(), 1U);
  ASSERT_EQ(answer.groups[0].members.size(), 3U);
  for (const auto& member : answer.groups[0].members) {
    EXPECT_EQ(member.frees, member.listed.entry.key == "c.txt" ? member.listed.version.size : 0)
        << member.listed.entry.key;
  }
}

TEST_F(DuplicatesTest, EveryMemberIsLikeTheOneToKeep) {
  // A chain: each is like its neighbours, the ends are not like each other.
  for (std::size_t i = 0; i < 8; ++i) put("chain-" + std::to_string(i) + ".txt", letter(1, i * 2));
  catch_up();
  DuplicateQuestion question;
  question.like = Likeness::text;
  const auto answer = duplicates(question);
  ASSERT_GE(answer.groups.size(), 2U);
  std::set<std::string> seen;
  for (const auto& group : answer.groups) {
    for (const auto& member : group.members) {
      EXPECT_GE(member.similarity, question.threshold);
      EXPECT_TRUE(seen.insert(member.listed.entry.key).second) << "in two groups";
    }
  }
}

TEST_F(DuplicatesTest, WhatChangesOrGoesLeavesItsGroupAtOnce) {
  put("a.txt", letter(1));
  put("b.txt", letter(1));
  put("c.txt", letter(1));
  catch_up();
  // Not followed yet: what is not there any more is not told all the same.
  ASSERT_TRUE(vault::Objects(*vault_).remove({"box", "a.txt"}));
  EXPECT_EQ(groups(Likeness::exact), (Groups{{"b.txt", "c.txt"}}));
  put("c.txt", letter(3));
  EXPECT_TRUE(groups(Likeness::exact).empty());
  catch_up();
  EXPECT_TRUE(groups(Likeness::exact).empty());
  put("d.txt", letter(3));
  catch_up();
  EXPECT_EQ(groups(Likeness::exact), (Groups{{"c.txt", "d.txt"}}));
}

TEST_F(DuplicatesTest, OnlyWhereItWasAskedAndWhatMayBeSeen) {
  put("in/a.txt", letter(1));
  put("in/b.txt", letter(1));
  put("out/c.txt", letter(1));
  catch_up();
  DuplicateQuestion question;
  question.bucket = "box";
  question.prefix = "in/";
  EXPECT_EQ(duplicates(question).groups.at(0).members.size(), 2U);
  question.prefix = "out/";
  EXPECT_TRUE(duplicates(question).groups.empty());
  question.prefix.clear();
  question.sees = [](const std::string&, const catalog::Listed& listed) { return listed.entry.key != "in/a.txt"; };
  const auto answer = duplicates(question);
  ASSERT_EQ(answer.groups.size(), 1U);
  EXPECT_EQ(answer.groups[0].members[0].listed.entry.key, "in/b.txt");
  EXPECT_EQ(answer.extra_count, 1U);
  question.bucket = "nothing";
  EXPECT_EQ(index_->duplicates(*vault_, question).error().id, "bucket.not_found");
}

TEST_F(DuplicatesTest, AreThereAfterReopeningAndMadeAgainAfterLoss) {
  put("a.txt", letter(1));
  put("b.txt", letter(1, 1));
  put("c.txt", letter(1));
  catch_up();
  const int reads = reads_;
  open();
  EXPECT_EQ(groups(Likeness::exact).size(), 1U);
  EXPECT_EQ(groups(Likeness::text).size(), 1U);
  index_.reset();
  ASSERT_TRUE(run::RunSet::remove_all(machine_.machine(), std::string(vault::testing::kFolder) + "/indexes/likeness"));
  open();
  DuplicateQuestion question;
  EXPECT_FALSE(duplicates(question).is_complete);
  catch_up();
  EXPECT_TRUE(duplicates(question).is_complete);
  EXPECT_EQ(groups(Likeness::exact).size(), 1U);
  EXPECT_EQ(groups(Likeness::text).size(), 1U);
  EXPECT_EQ(reads_, reads) << "no file is read again";
}

TEST_F(DuplicatesTest, RemovesAllButTheFirstAndNothingThatChangedMeanwhile) {
  put("a.txt", letter(1));
  put("b.txt", letter(1));
  put("c.txt", letter(1));
  put("d.txt", letter(2));
  put("e.txt", letter(2));
  catch_up();
  const auto shown = duplicates({});
  ASSERT_EQ(shown.groups.size(), 2U);
  put("b.txt", "written since");
  ASSERT_TRUE(vault::Objects(*vault_).remove({"box", "d.txt"}));
  const auto removed = remove_extras(*vault_, shown.groups).value();
  ASSERT_EQ(removed.size(), 1U);
  EXPECT_EQ(removed[0]->listed.entry.key, "c.txt");
  catch_up();
  vault::Objects objects(*vault_);
  EXPECT_TRUE(objects.find("box", "a.txt"));
  EXPECT_TRUE(objects.find("box", "b.txt"));
  EXPECT_FALSE(objects.find("box", "c.txt"));
  EXPECT_TRUE(objects.find("box", "e.txt")) << "the one to keep had gone: this is the last of them";
}

// Stripes, checks and a blot: three pictures without much in common.
GreyPicture drawn(int number, int brightness = 0) {
  GreyPicture picture{};
  for (std::size_t i = 0; i < picture.size(); ++i) {
    const auto x = static_cast<int>(i % kGreySide);
    const auto y = static_cast<int>(i / kGreySide);
    const int value = number == 0   ? (x / 5 % 2) * 120 + y * 2
                      : number == 1 ? ((x / 7 + y / 9) % 2) * 130 + x
                                    : (x * x + y * y < 300 ? 190 : 30) + (y > 20 ? x : 0);
    picture[i] = static_cast<std::uint8_t>(std::clamp(value + brightness, 0, 255));
  }
  return picture;
}

using Drawings = std::vector<std::pair<std::string, GreyPicture>>;

// Looks at the names that are drawn, and counts how many it made.
PictureReaders looking_at(const Drawings& drawings, int* made) {
  PictureReaders readers = testing::simple_pictures();
  readers.wants_recognition = nullptr;
  readers.make_previews = [drawings, made, plain = readers.make_previews](
                              std::span<const extract::Source> sources, const std::atomic<bool>* stop,
                              const preview::OnDone& on_done, const extract::OnFailed& on_failed) {
    return plain(
        sources, stop,
        [&](std::size_t index, preview::Preview preview) {
          ++*made;
          for (const auto& [name, grey] : drawings) {
            if (sources[index].name.ends_with(name)) preview.grey = grey;
          }
          return on_done(index, std::move(preview));
        },
        on_failed);
  };
  return readers;
}

const Drawings kDrawings{
    {"stripes.png", drawn(0)}, {"checks.png", drawn(1)}, {"thumb.png", drawn(0, 12)}, {"blot.png", drawn(2)}};

TEST_F(DuplicatesTest, PicturesThatLookAlike) {
  for (const auto& [key, grey] : kDrawings) put(key, std::string(key == "thumb.png" ? 50 : 500, 'x') + key);
  catch_up();
  DuplicateQuestion question;
  question.like = Likeness::picture;
  const auto before = index_->duplicates(*vault_, question);
  ASSERT_FALSE(before.has_value());
  EXPECT_EQ(before.error().id, "duplicates.no_pictures") << "that none can be looked at is no answer";
  int made = 0;
  auto readers = looking_at(kDrawings, &made);
  readers.follows_previews = false;
  index_->set_picture_readers(readers);
  catch_up();
  EXPECT_FALSE(index_->duplicates(*vault_, question)->is_complete) << "none was looked at yet";
  CatchUpOptions looks;
  looks.makes_previews = true;
  ASSERT_FALSE(*index_->catch_up(*vault_, looks));
  EXPECT_EQ(made, 4);
  EXPECT_TRUE(index_->duplicates(*vault_, question)->is_complete);
  // The one with the most bytes is the one to keep.
  const Groups alike{{"stripes.png", "thumb.png"}};
  EXPECT_EQ(groups(Likeness::picture), alike);
  // New tags keep what is known of the picture, another content does not.
  ASSERT_TRUE(vault::Objects(*vault_).tag({"box", "stripes.png"}, {{{"mood", "calm"}}, {}}, {}));
  catch_up();
  EXPECT_EQ(groups(Likeness::picture), alike);
  index_.reset();
  ASSERT_TRUE(run::RunSet::remove_all(machine_.machine(), std::string(vault::testing::kFolder) + "/indexes/likeness"));
  open();
  index_->set_picture_readers(readers);
  catch_up();
  EXPECT_EQ(groups(Likeness::picture), alike) << "kept with its preview, and not drawn again";
  EXPECT_EQ(made, 4);
  put("stripes.png", "another picture");
  catch_up();
  EXPECT_TRUE(groups(Likeness::picture).empty());
}

// Where previews are made only when somebody asks for one, what was asked for is compared all the same.
TEST_F(DuplicatesTest, PicturesThatSomebodyAskedFor) {
  for (const auto& [key, grey] : kDrawings) put(key, std::string(100, 'x') + key);
  int made = 0;
  auto readers = looking_at(kDrawings, &made);
  readers.follows_previews = false;
  index_->set_picture_readers(readers);
  catch_up();
  for (const char* const key : {"stripes.png", "thumb.png"}) {
    const auto found = vault::Objects(*vault_).find("box", key).value();
    ASSERT_TRUE(index_->preview_of(*vault_, {found.entry, found.version}, preview::Size::small));
  }
  catch_up();
  EXPECT_EQ(made, 2);
  EXPECT_EQ(groups(Likeness::picture).size(), 1U);
  EXPECT_EQ(index_->coverage(*vault_)->previews_waiting, 2U);
}

TEST_F(DuplicatesTest, WhatLooksLikeAPictureIsFoundByIt) {
  for (const auto& [key, grey] : kDrawings) put(key, std::string(100, 'x') + key);
  put("words.txt", "stripes and checks");
  int made = 0;
  auto readers = looking_at(kDrawings, &made);
  readers.follows_previews = false;
  index_->set_picture_readers(readers);
  catch_up();
  Question question;
  question.like = ObjectName{"box", "thumb.png"};
  question.explains = true;
  EXPECT_EQ(made, 0);
  ASSERT_TRUE(index_->ask(*vault_, question));
  EXPECT_EQ(made, 1) << "the one that is asked by is looked at at once";
  CatchUpOptions looks;
  looks.makes_previews = true;
  ASSERT_FALSE(*index_->catch_up(*vault_, looks));
  const auto answer = index_->ask(*vault_, question).value();
  ASSERT_FALSE(answer.found.empty());
  EXPECT_EQ(answer.found[0].listed.entry.key, "stripes.png");
  ASSERT_FALSE(answer.found[0].signals.empty());
  EXPECT_EQ(answer.found[0].signals[0].name, "picture");
  EXPECT_GE(answer.found[0].signals[0].score, kPictureLikenessMin);
  for (const auto& found : answer.found) EXPECT_NE(found.listed.entry.key, "thumb.png");
  // What the line says must hold of what looks alike, too.
  question.types = {"text"};
  for (const auto& found : index_->ask(*vault_, question)->found) EXPECT_EQ(found.listed.entry.key, "words.txt");
}

TEST_F(DuplicatesTest, RefusesWhatWouldMissTooMuch) {
  DuplicateQuestion question;
  question.like = Likeness::text;
  question.threshold = 0.5;
  EXPECT_EQ(index_->duplicates(*vault_, question).error().id, "search.bad_threshold");
  question.like = Likeness::picture;
  question.threshold = 1.5;
  EXPECT_EQ(index_->duplicates(*vault_, question).error().id, "search.bad_threshold");
  question.threshold = 1;
  question.limit = 0;
  EXPECT_EQ(index_->duplicates(*vault_, question).error().id, "search.too_far");
}

}  // namespace
}  // namespace atl::search
