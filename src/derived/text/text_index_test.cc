#include "derived/text/text_index.h"

#include <algorithm>

#include "derived/text/testing/test_index.h"

namespace atl::text {
namespace {

using namespace testing;  // NOLINT
using platform::TestMachine;
using Ids = std::vector<DocumentId>;

void add(TextIndex& index, DocumentId id, const OwnedDocument& document) { expect_ok(index.add(document.view(id))); }

OwnedDocument body(std::string text, Language language = Language::none) {
  OwnedDocument document;
  document.body = std::move(text);
  document.language = language;
  return document;
}

Ids find(const TextIndex& index, std::string_view line, Match match = Match::any) {
  auto ids = ids_of(index, line, match);
  EXPECT_TRUE(ids.has_value()) << ids.error().id << ": " << ids.error().message;
  return ids ? *ids : Ids{};
}

Ids sorted(Ids ids) {
  std::ranges::sort(ids);
  return ids;
}

class TextIndexTest : public ::testing::Test {
 protected:
  TestMachine machine;
  std::unique_ptr<TextIndex> index = must_open(machine);
  void flush() { expect_ok(index->flush(as_bytes("s"))); }
};

TEST_F(TextIndexTest, WhatWasAddedIsFoundFromTheNextFlushOn) {
  add(*index, 5, body("the boiler invoice of March"));
  add(*index, 9, body("an invoice"));
  EXPECT_EQ(find(*index, "invoice"), Ids{});
  flush();
  EXPECT_EQ(find(*index, "boiler"), Ids{5});
  EXPECT_EQ(find(*index, "boiler invoice"), (Ids{5, 9}));
  EXPECT_EQ(find(*index, "boiler invoice", Match::all), Ids{5});
  EXPECT_EQ(find(*index, "BOILER"), Ids{5});
  EXPECT_EQ(find(*index, "nothing of this"), Ids{5});  // "of"
  EXPECT_EQ(find(*index, "absent"), Ids{});
  EXPECT_EQ(find(*index, ""), Ids{});
}

TEST_F(TextIndexTest, RemovalsHoldAtOnceAndReplacementsFromTheFlushOn) {
  add(*index, 1, body("old words"));
  add(*index, 2, body("other words"));
  flush();
  expect_ok(index->remove(2));
  EXPECT_EQ(find(*index, "words"), Ids{1});
  add(*index, 1, body("new words"));
  EXPECT_EQ(find(*index, "old"), Ids{1});
  flush();
  EXPECT_EQ(find(*index, "old"), Ids{});
  EXPECT_EQ(find(*index, "new words"), Ids{1});
  expect_ok(index->remove(77));
  index = must_open(machine);
  EXPECT_EQ(find(*index, "words"), Ids{1});
  expect_ok(index->merge_all());
  EXPECT_EQ(find(*index, "words"), Ids{1});
  EXPECT_EQ(index->stats().removed, 0U);
  EXPECT_EQ(index->state(), to_bytes("s"));
  expect_ok(index->verify());
}

TEST_F(TextIndexTest, AnEmptiedIndexHasNoFilesButTheManifest) {
  add(*index, 1, body("word"));
  flush();
  expect_ok(index->remove(1));
  flush();
  expect_ok(index->merge_all());
  EXPECT_EQ(machine.files.all_paths().size(), 1U);
  index = must_open(machine);
  EXPECT_EQ(find(*index, "word"), Ids{});
}

TEST_F(TextIndexTest, FieldsPhrasesPrefixesAndSigns) {
  OwnedDocument report;
  report.title = "Kitchen renovation";
  report.body = "the boiler was replaced, and the invoice paid";
  report.type = "pdf";
  report.name = "Report_2019-final.pdf";
  report.year = 2019;
  add(*index, 1, report);
  OwnedDocument note;
  note.title = "Invoice";
  note.body = "for the kitchen: boiler invoice enclosed; renovating next year";
  note.type = "odt";
  note.name = "note-port.txt";
  note.year = 2021;
  add(*index, 2, note);
  add(*index, 3, body("something else"));
  flush();
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(find(*index, "title:kitchen"), Ids{1});
    EXPECT_EQ(find(*index, "title:(kitchen OR invoice)"), (Ids{2, 1}));
    EXPECT_EQ(find(*index, "\"boiler invoice\""), Ids{2});
    EXPECT_EQ(find(*index, "\"boiler invoice\"~6"), (Ids{1, 2}));
    EXPECT_EQ(find(*index, "title:\"kitchen renovation\""), Ids{1});
    EXPECT_EQ(find(*index, "renov*"), (Ids{1, 2}));
    EXPECT_EQ(find(*index, "boiler +title:invoice"), Ids{2});
    EXPECT_EQ(find(*index, "boiler -enclosed"), Ids{1});
    EXPECT_EQ(find(*index, "-boiler"), Ids{3});
    EXPECT_EQ(find(*index, "type:pdf|odt boiler"), (Ids{1, 2}));
    EXPECT_EQ(find(*index, "type:PDF"), Ids{1});
    EXPECT_EQ(find(*index, "type:o*"), Ids{2});
    EXPECT_EQ(find(*index, "name:port"), (Ids{1, 2}));
    EXPECT_EQ(find(*index, "name:\"2019-FINAL\""), Ids{1});
    EXPECT_EQ(find(*index, "name:po"), (Ids{1, 2}));
    EXPECT_EQ(find(*index, "name:rt_2"), Ids{1});
    EXPECT_EQ(find(*index, "year:2019"), Ids{1});
    EXPECT_EQ(find(*index, "year>=2020 boiler"), Ids{2});
    EXPECT_EQ(find(*index, "year:2018..2021"), (Ids{1, 2}));
    EXPECT_EQ(find(*index, "year<2021 NOT type:odt"), Ids{1});
    EXPECT_EQ(find(*index, "boilr~"), (Ids{1, 2}));
    EXPECT_EQ(find(*index, "biolre~2"), (Ids{1, 2}));
    EXPECT_EQ(find(*index, "biolre~1"), Ids{});
    EXPECT_EQ(find(*index, "kitchen AND boiler OR else"), (Ids{1, 3, 2}));
    expect_ok(index->verify());
    expect_ok(index->merge_all());
  }
}

TEST_F(TextIndexTest, WordsAreFoundInOtherForms) {
  add(*index, 1, body("She was running to the Müller houses", Language::english));
  add(*index, 2, body("l'élève qui mangeait les pommes", Language::french));
  add(*index, 3, body("function getUserName(user_id) { return XMLParser.parse(\"v2.10\"); }"));
  add(*index, 4, body("東京タワーに行きました。猫"));
  add(*index, 5, body("Straße Ørsted ﬁnal John's don’t"));
  add(*index, 6, body("ภาษาไทยง่าย"));
  flush();
  EXPECT_EQ(find(*index, "run"), Ids{1});
  EXPECT_EQ(find(*index, "house muller"), Ids{1});
  EXPECT_EQ(find(*index, "runn*"), Ids{1});
  EXPECT_EQ(find(*index, "eleve"), Ids{2});
  EXPECT_EQ(find(*index, "manger pomme"), Ids{2});
  EXPECT_EQ(find(*index, "username"), Ids{});
  EXPECT_EQ(find(*index, "getusername"), Ids{3});
  EXPECT_EQ(find(*index, "user"), Ids{3});
  EXPECT_EQ(find(*index, "get_user_name"), Ids{3});
  EXPECT_EQ(find(*index, "parser"), Ids{3});
  EXPECT_EQ(find(*index, "v2.10"), Ids{3});
  EXPECT_EQ(find(*index, "東京"), Ids{4});
  EXPECT_EQ(find(*index, "京タワ"), Ids{4});
  EXPECT_EQ(find(*index, "京都"), Ids{});
  EXPECT_EQ(find(*index, "猫"), Ids{4});
  EXPECT_EQ(find(*index, "strasse orsted final"), Ids{5});
  EXPECT_EQ(find(*index, "john"), Ids{5});
  EXPECT_EQ(find(*index, "ไทย"), Ids{6});
}

TEST_F(TextIndexTest, SuggestsWordsThatWereMeant) {
  add(*index, 1, body("boiler boiler boilers broiler", Language::english));
  flush();
  const auto words = index->suggest("boilre", 2);
  ASSERT_TRUE(words.has_value());
  ASSERT_EQ(words->size(), 2U);
  EXPECT_EQ((*words)[0].word, "boiler");
  EXPECT_EQ((*words)[0].distance, 1U);
  EXPECT_EQ((*words)[0].count, 2U);
}

TEST_F(TextIndexTest, PagesFollowEachOtherWithoutGapOrRepetition) {
  platform::SeededRandom random(5);
  for (DocumentId id = 1; id <= 700; ++id) add(*index, id, random_document(random, 10));
  flush();
  SearchRequest request;
  request.query = parse_query_line("w1 w2 w3", test_schema(), Match::any, {}).value();
  request.limit = 1000;
  const auto all = index->search(request).value().hits;
  ASSERT_GT(all.size(), 200U);
  std::vector<DocumentId> paged;
  request.limit = 17;
  while (true) {
    const auto page = index->search(request).value().hits;
    if (page.empty()) break;
    for (const Hit& hit : page) paged.push_back(hit.id);
    request.after = page.back().cursor;
  }
  ASSERT_EQ(paged.size(), all.size());
  for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(paged[i], all[i].id);
}

TEST_F(TextIndexTest, ChoosesAmongGivenDocumentsAndCounts) {
  for (DocumentId id = 1; id <= 300; ++id) add(*index, id * 3, body("word number" + std::to_string(id % 7)));
  flush();
  const std::vector<DocumentId> only{2, 3, 6, 299, 300, 900, 901};
  SearchRequest request;
  request.query = parse_query_line("word", test_schema(), Match::any, {}).value();
  request.only = &only;
  request.count = true;
  const auto result = index->search(request).value();
  EXPECT_EQ(result.total, 4U);
  ASSERT_EQ(result.hits.size(), 4U);
  EXPECT_EQ(result.hits[3].id, 900U);
  request.count = false;
  EXPECT_EQ(index->search(request).value().hits.size(), 4U);
  request.limit = 0;
  EXPECT_TRUE(index->search(request).value().hits.empty());
}

TEST_F(TextIndexTest, TellsOfEveryMatchAlsoBeyondTheLimit) {
  for (DocumentId id = 1; id <= 300; ++id) add(*index, id, body(id % 3 == 0 ? "apple pear" : "apple"));
  flush();
  expect_ok(index->remove(3));
  Ids told;
  SearchRequest request;
  request.query = parse_query_line("+apple +pear", test_schema(), Match::any, {}).value();
  request.limit = 5;
  request.on_match = [&](DocumentId id) { told.push_back(id); };
  EXPECT_EQ(index->search(request).value().hits.size(), 5U);
  EXPECT_EQ(told.size(), 99U);
  EXPECT_EQ(told.front(), 6U);
}

TEST_F(TextIndexTest, ABeginningOfAWordCountsLessThanTheWord) {
  add(*index, 1, body("garden and other words"));
  add(*index, 2, body("gardening and other words"));
  add(*index, 3, body("nothing of the kind here"));
  flush();
  SearchRequest request;
  request.query = parse_query_line("garde*", test_schema(), Match::any, {}).value();
  const auto begun = index->search(request).value();
  ASSERT_EQ(begun.hits.size(), 2U);
  EXPECT_GT(begun.hits[1].score, 0);
  request.query = parse_query_line("gardening nothi*", test_schema(), Match::any, {}).value();
  EXPECT_EQ(index->search(request).value().hits.front().id, 2U);
}

TEST_F(TextIndexTest, TellsInHowManyDocumentsAWordStands) {
  for (DocumentId id = 1; id <= 10; ++id) add(*index, id, body(id < 4 ? "apple pears" : "apple", Language::english));
  flush();
  const std::vector<std::string> words{"Apple", "pear", "plum", "apple pear"};
  EXPECT_EQ(index->document_counts(words).value(), (std::vector<std::uint64_t>{10, 3, 0, 3}));
}

TEST_F(TextIndexTest, RefusesWhatCannotBe) {
  Document document;
  document.texts.push_back({kYear, "x"});
  EXPECT_EQ(index->add(document).error().id, "text.field");
  document.texts[0].field = 99;
  EXPECT_EQ(index->add(document).error().id, "text.field");
  document.texts.clear();
  document.numbers.push_back({kBody, 1});
  EXPECT_EQ(index->add(document).error().id, "text.field");
  EXPECT_EQ(index->flush(Bytes(70'000)).error().id, "text.state_length");
  SearchRequest request;
  request.ranking.b = 2;
  EXPECT_EQ(index->search(request).error().id, "query.ranking");
  index.reset();
  auto reader = must_open(machine, small_options(), false);
  EXPECT_EQ(reader->add({}).error().id, "text.read_only");
  auto schema = test_schema();
  schema[0].name = "subject";
  expect_ok(must_open(machine)->flush(as_bytes("s")));
  EXPECT_EQ(TextIndex::open(machine.machine(), kFolder, test_key(), test_vault(), schema, {}, true).error().id,
            "text.schema_changed");
  EXPECT_EQ(
      TextIndex::open(machine.machine(), kFolder, test_key(8), test_vault(), test_schema(), {}, true).error().kind,
      ErrorKind::damaged);
  EXPECT_EQ(
      TextIndex::open(machine.machine(), kFolder, test_key(), test_vault(4), test_schema(), {}, true).error().kind,
      ErrorKind::damaged);
}

TEST_F(TextIndexTest, NoWordStandsInTheFilesInClear) {
  add(*index, 1, body("confidential Vergissmeinnicht"));
  flush();
  for (const std::string& path : machine.files.all_paths()) {
    const Bytes content = machine.files.content(path);
    EXPECT_EQ(as_text(content).find("vergissmeinnicht"), std::string_view::npos) << path;
    EXPECT_EQ(as_text(content).find("confidential"), std::string_view::npos) << path;
  }
}

TEST_F(TextIndexTest, ManySmallSegmentsAreMergedInTheBackground) {
  for (DocumentId id = 1; id <= 40; ++id) {
    add(*index, id, body("word" + std::to_string(id)));
    flush();
    while (index->maybe_merge().value()) {
    }
  }
  EXPECT_LT(index->stats().segments, 4U);
  EXPECT_EQ(index->stats().documents, 40U);
  for (DocumentId id = 1; id <= 40; ++id) EXPECT_EQ(find(*index, "word" + std::to_string(id)), Ids{id});
  EXPECT_EQ(machine.files.all_paths().size(), index->stats().segments + 1);
  EXPECT_EQ(sorted(find(*index, "word*")).size(), 40U);
}

}  // namespace
}  // namespace atl::text
