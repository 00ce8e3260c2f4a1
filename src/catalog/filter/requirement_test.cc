// What is required, and the reasons why it is not met.
#include "catalog/filter/requirement.h"

#include <gtest/gtest.h>

#include "foundation/base/time.h"

namespace atl::filter {
namespace {

using Words = std::vector<std::string>;

struct Thing {
  std::map<std::string, std::string> metadata, tags;
  std::vector<Said> said;
  Reading reading = Reading::done;
  std::string trouble;
};

std::vector<Unmet> unmet(const std::string& text, const Thing& thing = {}) {
  const auto requirement = Requirement::parse(text);
  EXPECT_TRUE(requirement) << requirement.error().message;
  if (!requirement) return {};
  const auto again = Requirement::parse(requirement->text());
  EXPECT_TRUE(again) << "its canonical text is one, too";
  Candidate candidate;
  candidate.subject.name = "run.csv";
  candidate.subject.key = "2024/run.csv";
  candidate.subject.type = "file";
  candidate.subject.size = 400;
  candidate.subject.modified = FileTime{1'714'550'400, 0};  // 2024-05-01T08:00:00Z
  candidate.subject.content_type = "text/csv";
  candidate.subject.metadata = &thing.metadata;
  candidate.subject.tags = &thing.tags;
  candidate.said = thing.said;
  candidate.reading = thing.reading;
  candidate.trouble = thing.trouble;
  EXPECT_EQ(requirement->is_met(candidate), again->is_met(candidate));
  return requirement->unmet(candidate);
}

Words words(const std::string& text, const Thing& thing = {}) {
  Words out;
  for (const auto& one : unmet(text, thing)) out.push_back(one.words);
  return out;
}

Error refusal(const std::string& text) {
  const auto requirement = Requirement::parse(text);
  EXPECT_FALSE(requirement) << text;
  return requirement ? Error{} : requirement.error();
}

TEST(Requirement, SaysWhatAValueIsAndWhatItShouldBeForEveryOperator) {
  Thing thing;
  thing.metadata = {{"q", "0.4"}, {"state", "raw"}};
  EXPECT_EQ(words("meta.q>=0.9", thing), Words{"q is 0.4, wanted >=0.9"});
  EXPECT_EQ(words("meta.q>0.4", thing), Words{"q is 0.4, wanted >0.4"});
  EXPECT_EQ(words("meta.q<0.4", thing), Words{"q is 0.4, wanted <0.4"});
  EXPECT_EQ(words("meta.q<=0.3", thing), Words{"q is 0.4, wanted <=0.3"});
  EXPECT_EQ(words("meta.q=1", thing), Words{"q is 0.4, wanted 1"});
  EXPECT_EQ(words("meta.q!=0.40", thing), Words{"q is 0.4, wanted anything but 0.40"});
  EXPECT_EQ(words("meta.q:0.5..1", thing), Words{"q is 0.4, wanted 0.5..1"});
  EXPECT_EQ(words("meta.state:clean|checked", thing), Words{"state is raw, wanted clean or checked"});
  EXPECT_EQ(words("not meta.state:r*", thing), Words{"state is raw, wanted not r*"});
  EXPECT_EQ(words("not meta.state:*", thing), Words{"state is raw, wanted none"});
  EXPECT_EQ(words("meta.instrument:*", thing), Words{"instrument: no value"});
  EXPECT_EQ(words("meta.instrument=N7", thing), Words{"instrument: no value, wanted N7"});
  EXPECT_EQ(words("tag:checked", thing), Words{"the tag checked: no value"});
  EXPECT_EQ(words("size>1kB", thing), Words{"size is 400 bytes, wanted >1kB"});
  EXPECT_EQ(words("modified>=2025", thing), Words{"modified is 2024-05-01T08:00:00Z, wanted >=2025"});
  EXPECT_EQ(words("name:*.parquet", thing), Words{"name is run.csv, wanted *.parquet"});
  EXPECT_EQ(words("key:2025/**", thing), Words{"key is 2024/run.csv, wanted 2025/**"});
  EXPECT_EQ(words("content_type:text/plain", thing), Words{"content_type is text/csv, wanted text/plain"});
  for (const char* met : {"meta.q>=0.4", "meta.q<0.5", "meta.q!=1", "meta.q:0.1..0.4", "meta.state:r*", "not tag:draft",
                          "size>=400", "modified:2024-05", "name:*.csv", "type:file", "meta.nothing:* or meta.q:*"}) {
    EXPECT_EQ(words(met, thing), Words{}) << met;
  }
}

TEST(Requirement, GivesEveryReasonOfAnAndAndOneOfAnOr) {
  Thing thing;
  thing.metadata = {{"q", "0.4"}};
  thing.tags = {{"draft", ""}};
  EXPECT_EQ(words("meta.q>=0.9 and meta.instrument:* and size>1", thing),
            (Words{"q is 0.4, wanted >=0.9", "instrument: no value"}));
  EXPECT_EQ(words("meta.q>=0.9 or tag:approved", thing),
            Words{"none of these holds: q is 0.4, wanted >=0.9; or the tag approved: no value"});
  EXPECT_EQ(words("not (meta.q<0.5 or meta.q>2)", thing), Words{"q is 0.4, wanted not <0.5"});
  EXPECT_EQ(words("not (meta.q<0.5 and size>1)", thing),
            Words{"q is 0.4, wanted not <0.5; or size is 400 bytes, wanted not >1"});
  const auto reasons = unmet("meta.q>=0.9", thing);
  ASSERT_EQ(reasons.size(), 1U);
  EXPECT_EQ(reasons[0].condition, "meta.q>=0.9");
  EXPECT_EQ(reasons[0].field, "meta.q");
  EXPECT_EQ(reasons[0].value, "0.4");
}

TEST(Requirement, AsksTheFileWhatTheMetadataByHandDoesNotSay) {
  Thing thing;
  thing.said = {{"row_count", "12"}, {"column", "time"}, {"column", "temperature"}};
  EXPECT_EQ(words("meta.row_count>10 and meta.column=temperature", thing), Words{});
  EXPECT_EQ(words("meta.row_count>100", thing), Words{"row_count is 12, wanted >100"});
  EXPECT_EQ(words("meta.column=pressure", thing), Words{"column is time, wanted pressure"});
  EXPECT_EQ(words("not meta.column=temperature", thing), Words{"column is temperature, wanted not temperature"});
  thing.metadata = {{"row_count", "1000"}};
  EXPECT_EQ(words("meta.row_count>100", thing), Words{}) << "what somebody wrote comes first";
}

TEST(Requirement, WhatIsBrokenIsNotReadable) {
  Thing thing;
  EXPECT_EQ(words("readable", thing), Words{});
  EXPECT_EQ(words("not readable", thing), Words{"can be read, wanted not"});
  thing.reading = Reading::broken;
  thing.trouble = "the file ends too early";
  EXPECT_EQ(words("readable", thing), Words{"could not be read: the file ends too early"});
  thing.trouble = "It could not be read to its end: its structure is damaged.";
  EXPECT_EQ(words("readable", thing), Words{"could not be read to its end: its structure is damaged."});
  thing.trouble = "the file ends too early";
  EXPECT_EQ(words("readable or tag:approved", thing),
            Words{"none of these holds: could not be read: the file ends too early; or the tag approved: no value"});
}

TEST(Requirement, NothingIsMetThatDependsOnAContentNobodyHasRead) {
  Thing thing;
  thing.reading = Reading::not_yet;
  EXPECT_EQ(words("readable", thing), Words{"was not read yet"});
  EXPECT_EQ(words("not readable", thing), Words{"was not read yet"});
  EXPECT_EQ(words("not meta.state=raw", thing), Words{"state: its content was not read yet"});
  EXPECT_EQ(words("meta.rows:*", thing), Words{"rows: no value; its content was not read yet"});
  EXPECT_EQ(words("size>1", thing), Words{}) << "its content decides nothing";
  thing.tags = {{"approved", ""}};
  EXPECT_EQ(words("readable or tag:approved", thing), Words{}) << "whatever it says";
  thing.metadata = {{"state", "clean"}};
  EXPECT_EQ(words("not meta.state=raw", thing), Words{});
}

TEST(Requirement, TakesBlanksAroundComparisons) {
  Thing thing;
  thing.metadata = {{"q", "0.95"}};
  EXPECT_EQ(words("meta.q >= 0.9 and readable", thing), Words{});
  EXPECT_EQ(Requirement::parse("meta.q >= 0.9")->text(), "meta.q>=0.9");
}

TEST(Requirement, RefusesWhatItCannotHoldToAndSaysWhere) {
  EXPECT_EQ(refusal("").id, "requirement.empty");
  EXPECT_EQ(refusal("meta.q>=0.9 good").id, "requirement.bare_word");
  EXPECT_EQ(refusal("meta.q>=0.9 good").message, "filter, column 13: good: only `readable` stands without a field");
  EXPECT_EQ(refusal("exists(instrument)").id, "requirement.bare_word");
  EXPECT_EQ(refusal("quality_score>=0.9").id, "filter.unknown_field");
  const Error unknown = refusal("meta.q >=  0.9 and quality_score >= 0.9");
  EXPECT_EQ(unknown.id, "filter.unknown_field");
  EXPECT_TRUE(unknown.message.starts_with("filter, column 20:")) << unknown.message;
  EXPECT_TRUE(refusal("meta.q >=  0.9 and good").message.starts_with("filter, column 20:"));
  EXPECT_EQ(refusal("meta.q>=0.9 and (readable").id, "filter.unbalanced");
  for (const char* moving : {"age<30d", "idle>1d", "accesses>3", "modified>-30d", "stored:-2w..-1w", "meta.date>-1y"})
    EXPECT_EQ(refusal(moving).id, "requirement.changes_by_itself") << moving;
}

TEST(Requirement, KnowsWhetherItAsksWhatContentsSay) {
  const Subject bare;
  const std::map<std::string, std::string> metadata{{"q", "1"}};
  Subject with;
  with.metadata = &metadata;
  EXPECT_TRUE(Requirement::parse("meta.q>1")->needs_said(bare));
  EXPECT_FALSE(Requirement::parse("meta.q>1 and tag:x and readable")->needs_said(with));
}

}  // namespace
}  // namespace atl::filter
