// The follower over small vaults in memory. Contents are "read" by a reader of plain text, so that no process is
// needed.
#include "derived/search/search_index.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>

#include "derived/search/testing/search_fixture.h"

namespace atl::search {
namespace {

using testing::simple_reader;
using vault::testing::kFolder;
using vault::testing::put_bytes;

class SearchIndexTest : public testing::SearchFixture {};

TEST_F(SearchIndexTest, FindsWhatFilesSayAndWhatTheyAreCalled) {
  put("letters/landlord.txt", "The boiler is broken again, please send somebody.");
  put("invoices/boiler-2024.txt", "Invoice for a new pump");
  put("recipes/soup.txt", "Boil the water");
  EXPECT_FALSE(catch_up());
  EXPECT_EQ(keys("landlord"), Keys{"letters/landlord.txt"});
  EXPECT_EQ(keys("somebody"), Keys{"letters/landlord.txt"});
  EXPECT_EQ(keys("boiler").size(), 2U);
  EXPECT_EQ(keys("+boiler -invoice"), Keys{"letters/landlord.txt"});
  EXPECT_EQ(keys("\"new pump\""), Keys{"invoices/boiler-2024.txt"});
  // Within a name, behind what matches by whole words.
  EXPECT_EQ(keys("andlor"), Keys{"letters/landlord.txt"});
  EXPECT_EQ(keys("nothing-of-the-kind"), Keys{});
  const auto coverage = index_->coverage(*vault_).value();
  EXPECT_TRUE(coverage.is_complete());
  EXPECT_EQ(coverage.objects, 3U);
}

TEST_F(SearchIndexTest, ShowsWhy) {
  put("a.txt", "# Kitchen\nfirst line\nThe boiler is here.\n");
  catch_up();
  Question question;
  question.words = "boiler";
  const auto answer = ask(question);
  ASSERT_EQ(answer.found.size(), 1U);
  const auto& found = answer.found[0];
  EXPECT_EQ(found.title, "Kitchen");
  EXPECT_EQ(found.format, "text");
  EXPECT_GT(found.score, 0);
  ASSERT_TRUE(found.snippet);
  ASSERT_EQ(found.snippet->marks.size(), 1U);
  const auto [begin, end] = found.snippet->marks[0];
  EXPECT_EQ(found.snippet->text.substr(begin, end - begin), "boiler");
  EXPECT_EQ(found.snippet->place.kind, extract::PlaceKind::page);
  EXPECT_EQ(found.snippet->line, 3U);
  EXPECT_EQ(answer.total, 1U);
  EXPECT_TRUE(answer.is_total_exact);
}

TEST_F(SearchIndexTest, TitlesCountMoreThanText) {
  put("1.txt", "the boiler, among a few other words that stand here");
  put("2.txt", "# boiler\nsome other words that stand here and there");
  catch_up();
  EXPECT_EQ(keys("boiler"), (Keys{"2.txt", "1.txt"}));
}

TEST_F(SearchIndexTest, FollowsChangesRemovalsAndMoves) {
  put("a.txt", "apple");
  put("b.txt", "banana");
  catch_up();
  put("a.txt", "cherry");
  ASSERT_TRUE(vault::Objects(*vault_).move({"box", "b.txt"}, "box", "moved.txt", false));
  catch_up();
  EXPECT_EQ(keys("apple"), Keys{});
  EXPECT_EQ(keys("cherry"), Keys{"a.txt"});
  EXPECT_EQ(keys("banana"), Keys{"moved.txt"});
  EXPECT_EQ(reads_, 3) << "a move is no reason to read";
  ASSERT_TRUE(vault::Objects(*vault_).remove({"box", "a.txt"}));
  EXPECT_EQ(keys("cherry"), Keys{}) << "removed things are not shown, followed or not";
  catch_up();
  EXPECT_EQ(keys("cherry"), Keys{});
  EXPECT_EQ(index_->coverage(*vault_).value().objects, 1U);
}

TEST_F(SearchIndexTest, TagsAndMetadataAreFoundAtOnceAndCostNoReading) {
  vault::PutRequest request;
  request.metadata["researcher"] = "Ada Lovelace";
  put("a.txt", "apple", request);
  catch_up();
  EXPECT_EQ(keys("lovelace"), Keys{"a.txt"});
  ASSERT_TRUE(vault::Objects(*vault_).tag({"box", "a.txt"}, {{{"mood", "splendid"}}, {}}, {}));
  catch_up();
  EXPECT_EQ(keys("splendid"), Keys{"a.txt"});
  EXPECT_EQ(keys("tag:mood=splendid apple"), Keys{"a.txt"});
  EXPECT_EQ(keys("apple"), Keys{"a.txt"}) << "the text is still known";
  EXPECT_EQ(reads_, 1);
}

TEST_F(SearchIndexTest, FilterTypeBucketPrefixAndTimeChoose) {
  ASSERT_TRUE(vault::Objects(*vault_).ensure_bucket("other"));
  put("x/one.txt", "apple");
  put("y/two.txt", "apple");
  ASSERT_TRUE(put_bytes(*vault_, "other", "three.md", as_bytes("apple")));
  catch_up();
  EXPECT_EQ(keys("apple").size(), 3U);
  EXPECT_EQ(keys("apple", "key:x/**"), Keys{"x/one.txt"});
  EXPECT_EQ(keys("apple type:md"), Keys{"three.md"});
  Question question;
  question.words = "apple";
  question.bucket = "box";
  EXPECT_EQ(ask(question).found.size(), 2U);
  question.prefix = "y/";
  EXPECT_EQ(ask(question).found.size(), 1U);
  question = {};
  question.words = "apple";
  question.types = {"md", "pdf"};
  EXPECT_EQ(ask(question).found.size(), 1U);
  question.types.clear();
  question.since = "2999";
  EXPECT_EQ(ask(question).found.size(), 0U);
  question.since = "1970";
  question.until = "2998-05";
  EXPECT_EQ(ask(question).found.size(), 3U);
  question.until = "soon";
  EXPECT_EQ(index_->ask(*vault_, question).error().kind, ErrorKind::usage);
  question = {};
  question.words = "apple";
  question.sees = [](const std::string& bucket, const catalog::Listed&) { return bucket == "other"; };
  EXPECT_EQ(ask(question).found.size(), 1U);
  question = {};
  question.bucket = "nowhere";
  EXPECT_EQ(index_->ask(*vault_, question).error().kind, ErrorKind::not_found);
}

TEST_F(SearchIndexTest, FacetsAndOrders) {
  for (int i = 0; i < 30; ++i)
    put("n" + std::to_string(i) + ".txt", "apple " + std::string(static_cast<std::size_t>(i), 'x'));
  catch_up();
  Question question;
  question.words = "apple";
  question.facets = {"type", "bucket"};
  question.order = Order::size;
  question.is_descending = true;
  question.limit = 2;
  const auto answer = ask(question);
  ASSERT_EQ(answer.found.size(), 2U);
  EXPECT_EQ(answer.found[0].listed.entry.key, "n29.txt");
  EXPECT_TRUE(answer.has_more);
  EXPECT_EQ(answer.total, 30U);
  ASSERT_EQ(answer.facets.size(), 2U);
  EXPECT_EQ(answer.facets[0].counts.at(0).value, "text");
  EXPECT_EQ(answer.facets[0].counts.at(0).count, 30U);
  question.offset = 29;
  EXPECT_EQ(ask(question).found.size(), 1U);
  question.facets = {"colour"};
  EXPECT_EQ(index_->ask(*vault_, question).error().id, "search.unknown_facet");
}

TEST_F(SearchIndexTest, MembersAreFoundByPathInside) {
  put("all.zip", "docs/a.txt: apple pie\ndocs/b.txt: banana bread\n");
  catch_up();
  EXPECT_EQ(keys("banana"), Keys{"all.zip!/docs/b.txt"});
  put("all.zip", "docs/c.txt: cherry cake\n");
  catch_up();
  EXPECT_EQ(keys("banana"), Keys{});
  EXPECT_EQ(keys("cherry"), Keys{"all.zip!/docs/c.txt"});
}

TEST_F(SearchIndexTest, WhatBrokeItsReaderIsMarkedAndNotReadAgain) {
  put("bad.txt", "broken thing");
  catch_up();
  catch_up();
  EXPECT_EQ(reads_, 1);
  Question question;
  question.words = "bad";
  const auto answer = ask(question);
  ASSERT_EQ(answer.found.size(), 1U);
  EXPECT_EQ(answer.found[0].trouble, "it broke its reader");
}

TEST_F(SearchIndexTest, IsThereAfterReopeningAndReadsNothingTwice) {
  put("a.txt", "apple");
  put("copy.txt", "apple");
  catch_up();
  EXPECT_EQ(reads_, 2) << "the two were in one round";
  put("later.txt", "apple");
  catch_up();
  EXPECT_EQ(reads_, 2) << "the same content under the same kind of name";
  open();
  EXPECT_EQ(keys("apple").size(), 3U);
  EXPECT_FALSE(catch_up());
  EXPECT_EQ(reads_, 2);
  // Everything but what was understood is made anew.
  ASSERT_TRUE(index_->reset(*vault_, false));
  EXPECT_FALSE(index_->coverage(*vault_).value().is_complete());
  catch_up();
  EXPECT_EQ(keys("apple").size(), 3U);
  EXPECT_EQ(reads_, 2);
  ASSERT_TRUE(index_->reset(*vault_, true));
  catch_up();
  EXPECT_EQ(reads_, 5);
}

TEST_F(SearchIndexTest, AnotherKeyMeansEverythingAnew) {
  put("a.txt", "apple");
  catch_up();
  // As the end of a shred does.
  ASSERT_TRUE(vault_->keys().replace_local_key());
  catch_up();
  EXPECT_EQ(keys("apple"), Keys{"a.txt"});
  EXPECT_EQ(reads_, 2) << "nothing that the old key sealed is used any more";
  open();
  EXPECT_EQ(keys("apple"), Keys{"a.txt"});
  EXPECT_FALSE(catch_up());
  EXPECT_EQ(reads_, 2);
}

TEST_F(SearchIndexTest, BeginsAnewWhereItsFilesAreDamagedOrGone) {
  put("a.txt", "apple");
  catch_up();
  index_.reset();
  ASSERT_TRUE(text::TextIndex::remove_all(machine_.machine(), std::string(kFolder) + "/indexes/words"));
  open();
  EXPECT_EQ(keys("apple"), Keys{});
  catch_up();
  EXPECT_EQ(keys("apple"), Keys{"a.txt"});
  EXPECT_EQ(reads_, 1);
}

TEST_F(SearchIndexTest, StopsAndGoesOn) {
  for (int i = 0; i < 300; ++i) put("n" + std::to_string(i) + ".txt", "apple " + std::to_string(i));
  CatchUpOptions options;
  options.contents_max = 10;
  EXPECT_TRUE(catch_up(options));
  auto coverage = index_->coverage(*vault_).value();
  EXPECT_EQ(coverage.objects, 300U);
  EXPECT_GT(coverage.contents_waiting, 0U);
  Question question;
  question.words = "n7.txt";
  EXPECT_GE(ask(question).found.size(), 1U) << "names are found before contents are read";
  EXPECT_FALSE(ask(question).coverage.is_complete());
  open();
  EXPECT_FALSE(catch_up());
  EXPECT_TRUE(index_->coverage(*vault_).value().is_complete());
  EXPECT_EQ(reads_, 300);
}

TEST_F(SearchIndexTest, ReadsNoLongerThanItMayAndLeavesNothingOut) {
  for (int i = 0; i < 60; ++i) put("n" + std::to_string(i) + ".txt", "apple " + std::to_string(i));
  CatchUpOptions options;
  options.time_max_ms = 2'000;
  options.on_progress = [&](const CatchUpProgress& progress) {
    if (progress.contents_done > 0) machine_.clock.advance_us(150'000);
  };
  EXPECT_TRUE(catch_up(options));
  // A batch ended in between, after a second.
  EXPECT_EQ(reads_, 14) << "2 s and 150 ms for each";
  EXPECT_EQ(index_->coverage(*vault_).value().contents_waiting, 46U);
  EXPECT_FALSE(catch_up());
  EXPECT_EQ(reads_, 60) << "each is read once";
  EXPECT_TRUE(index_->coverage(*vault_).value().is_complete());
}

TEST_F(SearchIndexTest, ReadsNoMoreContentsThanItMay) {
  for (int i = 0; i < 30; ++i) put("n" + std::to_string(i) + ".txt", "apple " + std::to_string(i));
  CatchUpOptions options;
  options.contents_max = 10;
  EXPECT_TRUE(catch_up(options));
  EXPECT_EQ(reads_, 10);
}

TEST_F(SearchIndexTest, OneFollowsOthersAsk) {
  put("a.txt", "apple");
  catch_up();
  auto second = SearchIndex::open(*vault_, simple_reader(&reads_), true);
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_FALSE((*second)->is_writable());
  EXPECT_EQ((*second)->catch_up(*vault_, {}).error().id, "search.read_only");
  Question question;
  question.words = "apple";
  EXPECT_EQ((*second)->ask(*vault_, question)->found.size(), 1U);
}

TEST_F(SearchIndexTest, FindsByMeaningOnceSomethingWasLearned) {
  put("heating.txt", "The boiler in the cellar heats the whole house with warm water during the cold winter.");
  put("garden.txt", "Tulips and roses grow beside the pond; water the flowers every evening.");
  put("doctor.txt", "The physician at the clinic wrote a prescription for the medicine.");
  put("car.txt", "The car went to the garage because its brakes and tires were worn.");
  Question question;
  question.near = "heating a warm house in winter";
  catch_up();
  auto answer = ask(question);
  ASSERT_TRUE(answer.coverage.knows_meaning);
  ASSERT_FALSE(answer.found.empty());
  EXPECT_EQ(answer.found[0].listed.entry.key, "heating.txt");
  EXPECT_GT(answer.found[0].similarity, 0.1F);
  ASSERT_TRUE(answer.found[0].snippet);
  // Conditions hold for it, too.
  question.filter = "not name:heating.txt";
  for (const auto& found : ask(question).found) EXPECT_NE(found.listed.entry.key, "heating.txt");
  question.filter.clear();
  question.types = {"pdf"};
  EXPECT_TRUE(ask(question).found.empty());
  question.types.clear();
  // Words and meaning together.
  question.words = "tires";
  answer = ask(question);
  ASSERT_GE(answer.found.size(), 2U);
  std::set<std::string> first_two = {answer.found[0].listed.entry.key, answer.found[1].listed.entry.key};
  EXPECT_EQ(first_two, (std::set<std::string>{"heating.txt", "car.txt"}));
  // What changes and goes is followed.
  put("heating.txt", "A list of bicycles for sale.");
  ASSERT_TRUE(vault::Objects(*vault_).remove({"box", "doctor.txt"}));
  catch_up();
  question = {};
  question.near = "the physician and the clinic";
  for (const auto& found : ask(question).found) EXPECT_NE(found.listed.entry.key, "doctor.txt");
  // After reopening it is there without learning again.
  open();
  question.near = "roses and flowers";
  answer = ask(question);
  ASSERT_FALSE(answer.found.empty());
  EXPECT_EQ(answer.found[0].listed.entry.key, "garden.txt");
}

TEST_F(SearchIndexTest, APlainQuestionTakesMeaningInWhereWordsSayLittle) {
  put("heating.txt", "The boiler in the cellar heats the whole house with warm water during the cold winter.");
  put("garden.txt", "Tulips and roses grow beside the pond; water the flowers every evening.");
  put("doctor.txt", "The physician at the clinic wrote a prescription for the medicine.");
  put("car.txt", "The car went to the garage because its brakes and tires were worn.");
  catch_up();
  Question question;
  question.words = "hospital doctors drugs";
  auto answer = ask(question);
  EXPECT_TRUE(answer.asked_meaning);
  ASSERT_FALSE(answer.found.empty());
  EXPECT_EQ(answer.found[0].listed.entry.key, "doctor.txt");
  EXPECT_GT(answer.found[0].similarity, 0.3F);
  question.words_only = true;
  answer = ask(question);
  EXPECT_FALSE(answer.asked_meaning);
  for (const auto& found : answer.found) EXPECT_EQ(found.similarity, 0);
  // What the words say to the letter is not looked for by meaning.
  for (const char* const words : {"boiler cellar winter", "hospital", "+hospital doctors drugs",
                                  "\"hospital doctors drugs\"", "hospital doctors title:drugs"}) {
    question = {};
    question.words = words;
    EXPECT_FALSE(ask(question).asked_meaning) << words;
  }
  question = {};
  question.words = "hospital doctors drugs";
  question.match = text::Match::all;
  EXPECT_FALSE(ask(question).asked_meaning);
}

// More texts are nearer than are looked at of all.
TEST_F(SearchIndexTest, MeaningIsLookedForWhereItIsAskedFor) {
  const std::vector<std::string> others{"tulips",   "boilers",    "bicycles", "trumpets",
                                        "harbours", "cathedrals", "violins"};
  for (int i = 0; i < 450; ++i) {
    const std::string& other = others[static_cast<std::size_t>(i) % others.size()];
    put("all/" + std::to_string(i) + ".txt", "The physician at the clinic saw a patient who sells " + other + ".");
    put("more/" + std::to_string(i) + ".txt",
        "A house full of " + other + " and paintings, number " + std::to_string(i));
  }
  put("few/a.txt", "The physician at the clinic saw paintings, boilers, bicycles, violins and trumpets.");
  put("few/b.txt", "A house full of boilers.");
  while (catch_up()) {
  }
  Question question;
  question.near = "The patient at the clinic saw a physician who sells";
  question.bucket = "box";
  question.prefix = "few/";
  const auto answer = ask(question);
  ASSERT_FALSE(answer.found.empty());
  EXPECT_EQ(answer.found[0].listed.entry.key, "few/a.txt");
  EXPECT_GT(answer.found[0].similarity, 0);
}

TEST_F(SearchIndexTest, NothingBelowTheThresholdIsFound) {
  put("heating.txt", "The boiler in the cellar heats the whole house with warm water during the cold winter.");
  put("garden.txt", "Tulips and roses grow beside the pond; water the flowers every evening.");
  put("doctor.txt", "The physician at the clinic wrote a prescription for the medicine.");
  catch_up();
  Question question;
  question.near = "a warm house in winter";
  const auto all = ask(question);
  ASSERT_GE(all.found.size(), 1U);
  const float best = all.found[0].similarity;
  question.near_threshold = best - 0.001F;
  const auto some = ask(question);
  ASSERT_EQ(some.found.size(), 1U);
  EXPECT_EQ(some.found[0].listed.entry.key, "heating.txt");
  question.near_threshold = best + 0.001F;
  EXPECT_TRUE(ask(question).found.empty()) << "words alone find nothing where a threshold was given";
}

// Word vectors of four numbers, in which "physician" is near to "doctor".
void write_table(platform::TestMachine& machine, const std::string& folder) {
  const std::string header = R"({"embeddings":{"dtype":"F32","shape":[5,4],"data_offsets":[0,80]}})";
  Bytes file;
  ByteWriter out(file);
  out.put(static_cast<std::uint64_t>(header.size()));
  out.put_bytes(as_bytes(header));
  const std::array<std::array<float, 4>, 5> rows{
      {{0, 0, 0, 0}, {1, 0, 0, 0}, {0.9F, 0.1F, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}};
  for (const auto& row : rows)
    for (const float number : row) out.put(std::bit_cast<std::uint32_t>(number));
  machine.files.set_content(folder + "/model.safetensors", file);
  machine.files.set_content(
      folder + "/tokenizer.json",
      as_bytes(
          R"({"version":"1.0","normalizer":{"type":"BertNormalizer","lowercase":true},"model":{"type":"WordPiece",)"
          R"("unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,)"
          R"("vocab":{"[UNK]":0,"doctor":1,"physician":2,"boiler":3,"rose":4}}})"));
}

TEST_F(SearchIndexTest, AChosenEmbedderIsFilledBesideAndThenAnswers) {
  write_table(machine_, "/models/tiny");
  put("a.txt", "the physician");
  put("b.txt", "a boiler");
  put("c.txt", "one rose");
  put("d.zip", "in/note.txt: another physician\nin/none.txt: nothing that is known");
  catch_up();
  EXPECT_EQ(index_->coverage(*vault_)->embedder, "learned");
  const auto choice = parse_embedder("table:/models/tiny").value();
  const auto cost = index_->embedding_cost(*vault_, choice, nullptr);
  ASSERT_TRUE(cost) << cost.error().message;
  EXPECT_EQ(cost->passages, 5U);
  EXPECT_EQ(cost->dimension, 4U);
  EXPECT_TRUE(cost->is_measured);
  EXPECT_FALSE(cost->leaves_machine);
  ASSERT_TRUE(choose_embedder(*vault_, choice));
  EXPECT_EQ(chosen_embedder(*vault_)->text(), "table:/models/tiny");
  catch_up();
  EXPECT_EQ(index_->coverage(*vault_)->embedder, "learned") << "the old one answers until the new one is whole";
  ASSERT_FALSE(index_->embed(*vault_, {}).value());
  auto coverage = index_->coverage(*vault_).value();
  EXPECT_EQ(coverage.embedder, "tiny");
  EXPECT_EQ(coverage.next_embedder, "");
  EXPECT_EQ(coverage.meaning_waiting, 0U);
  EXPECT_EQ(coverage.passages, 4U);
  Question question;
  question.near = "doctor";
  question.near_threshold = 0.8F;
  auto answer = ask(question);
  ASSERT_EQ(answer.found.size(), 2U);
  EXPECT_EQ(answer.found[0].listed.entry.key, "a.txt");
  EXPECT_EQ(answer.found[1].inside, "in/note.txt");
  // What comes and goes later is followed, also after reopening.
  put("e.txt", "physician physician");
  ASSERT_TRUE(vault::Objects(*vault_).remove({"box", "a.txt"}));
  catch_up();
  EXPECT_FALSE(index_->embed(*vault_, {}).value());
  open();
  EXPECT_EQ(index_->coverage(*vault_)->embedder, "tiny");
  answer = ask(question);
  ASSERT_EQ(answer.found.size(), 2U);
  EXPECT_EQ(answer.found[0].inside + answer.found[0].listed.entry.key + answer.found[1].listed.entry.key,
            answer.found[0].inside.empty() ? "e.txtd.zip" : "in/note.txtd.zipe.txt");
  // Back again.
  ASSERT_TRUE(choose_embedder(*vault_, {}));
  catch_up();
  EXPECT_EQ(index_->coverage(*vault_)->embedder, "learned");
}

TEST_F(SearchIndexTest, AnEmbedderThatIsAwayHoldsUpNothing) {
  put("a.txt", "the physician");
  put("b.txt", "a boiler");
  put("c.txt", "one rose");
  catch_up();
  ASSERT_TRUE(choose_embedder(*vault_, parse_embedder("table:/models/none").value()));
  catch_up();
  EXPECT_FALSE(index_->embed(*vault_, {}).value());
  const auto coverage = index_->coverage(*vault_).value();
  EXPECT_EQ(coverage.embedder, "learned");
  EXPECT_NE(coverage.meaning_trouble, "");
  EXPECT_EQ(keys("boiler"), Keys{"b.txt"});
  write_table(machine_, "/models/none");
  EXPECT_FALSE(index_->embed(*vault_, {}).value()) << "it is given a pause";
  EXPECT_EQ(index_->coverage(*vault_)->embedder, "learned");
  machine_.clock.advance_s(3);
  EXPECT_FALSE(index_->embed(*vault_, {}).value());
  EXPECT_EQ(index_->coverage(*vault_)->embedder, "none");
  EXPECT_EQ(index_->coverage(*vault_)->meaning_trouble, "");
}

TEST_F(SearchIndexTest, ExportsVectorsInClear) {
  put("a.txt", "the physician at the clinic");
  EXPECT_EQ(index_->export_meaning(*vault_, "/out").error().id, "search.nothing_learned");
  put("b.txt", "a boiler in the house");
  put("c.txt", "one rose in the garden");
  catch_up();
  const auto done = index_->export_meaning(*vault_, "/out");
  ASSERT_TRUE(done) << done.error().message;
  for (const std::string name : {"config.json", "vectors.npy", "id_mapping.json", "index.bin", "metadata.sqlite"})
    EXPECT_TRUE(machine_.files.stat("/out/" + name).value().has_value()) << name;
}

TEST_F(SearchIndexTest, SuggestsWhatIsNear) {
  put("a.txt", "a letter about the boiler");
  catch_up();
  Question question;
  question.words = "boilre";
  const auto answer = ask(question);
  EXPECT_TRUE(answer.found.empty());
  ASSERT_EQ(answer.suggestions.size(), 1U);
  EXPECT_EQ(answer.suggestions[0].second, "boiler");
}

TEST_F(SearchIndexTest, BadLinesAreClearErrors) {
  Question question;
  question.words = "titel:boiler";
  EXPECT_EQ(index_->ask(*vault_, question).error().kind, ErrorKind::usage);
  question.words = "boiler";
  question.filter = "size>";
  EXPECT_EQ(index_->ask(*vault_, question).error().id, "filter.missing_value");
  question.filter.clear();
  question.limit = kLimitMax + 1;
  EXPECT_EQ(index_->ask(*vault_, question).error().kind, ErrorKind::limit);
}

TEST_F(SearchIndexTest, a_preview_is_made_in_the_background_and_kept_by_content) {
  testing::PictureCounts counts;
  index_->set_picture_readers(testing::simple_pictures(&counts));
  put("a.png", "one");
  EXPECT_FALSE(catch_up());
  EXPECT_EQ(counts.previews, 1);
  EXPECT_EQ(index_->coverage(*vault_)->previews_waiting, 0U);
  const auto preview = index_->preview_of(*vault_, current("a.png"), preview::Size::small);
  ASSERT_TRUE(preview) << preview.error().message;
  EXPECT_EQ(preview->width, 40U);
  put("copy of a.png", "one");  // the same bytes
  catch_up();
  EXPECT_EQ(counts.previews, 1);
  put("a.png", "two");
  catch_up();
  EXPECT_EQ(counts.previews, 2);
}

TEST_F(SearchIndexTest, a_preview_that_nobody_made_yet_is_made_when_it_is_asked_for_and_only_once) {
  testing::PictureCounts counts;
  auto readers = testing::simple_pictures(&counts);
  readers.follows_previews = false;
  index_->set_picture_readers(std::move(readers));
  put("a.png", "one");
  catch_up();
  EXPECT_EQ(counts.previews, 0);
  EXPECT_EQ(index_->coverage(*vault_)->previews_waiting, 1U);
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(index_->preview_of(*vault_, current("a.png"), preview::Size::small));
  EXPECT_EQ(counts.previews, 1);
  // The large one of a format that browsers show is made when it is asked for, too.
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(index_->preview_of(*vault_, current("a.png"), preview::Size::large));
  EXPECT_EQ(counts.previews, 2);
}

TEST_F(SearchIndexTest, why_there_is_no_preview_is_kept_too) {
  testing::PictureCounts counts;
  index_->set_picture_readers(testing::simple_pictures(&counts));
  put("a.bin", "one");
  for (int i = 0; i < 2; ++i) {
    const auto preview = index_->preview_of(*vault_, current("a.bin"), preview::Size::small);
    ASSERT_FALSE(preview);
    EXPECT_EQ(preview.error().id, "preview.none");
    EXPECT_EQ(preview.error().message, "There is no preview: of its format there are none.");
  }
  EXPECT_EQ(counts.previews, 1);
}

TEST_F(SearchIndexTest, without_the_program_previews_are_said_not_to_be_installed) {
  put("a.png", "one");
  EXPECT_FALSE(catch_up());
  const auto preview = index_->preview_of(*vault_, current("a.png"), preview::Size::small);
  ASSERT_FALSE(preview);
  EXPECT_EQ(preview.error().id, "preview.not_installed");
  // Installed later: what waited is made then, also after opening anew.
  open();
  testing::PictureCounts counts;
  index_->set_picture_readers(testing::simple_pictures(&counts));
  EXPECT_FALSE(catch_up());
  EXPECT_EQ(counts.previews, 1);
}

TEST_F(SearchIndexTest, text_in_pictures_is_found_and_old_ones_are_read_once_that_is_possible) {
  put("scan.png", "boiler invoice");
  catch_up();
  EXPECT_EQ(keys("boiler"), Keys{});
  testing::PictureCounts counts;
  index_->set_picture_readers(testing::simple_pictures(&counts));
  CatchUpOptions quick;
  quick.reads_pictures = false;
  catch_up(quick);
  EXPECT_EQ(keys("boiler"), Keys{});
  EXPECT_EQ(index_->coverage(*vault_)->pictures_waiting, 1U);
  catch_up();
  EXPECT_EQ(keys("boiler"), Keys{"scan.png"});
  EXPECT_EQ(counts.recognised, 1);
  EXPECT_EQ(index_->coverage(*vault_)->pictures_waiting, 0U);
  // Neither a new name nor a new opening makes it read again.
  open();
  index_->set_picture_readers(testing::simple_pictures(&counts));
  put("copy.png", "boiler invoice");
  catch_up();
  EXPECT_EQ(keys("boiler").size(), 2U);
  EXPECT_EQ(counts.recognised, 1);
}

}  // namespace
}  // namespace atl::search
