#include "derived/search/line.h"

#include <gtest/gtest.h>

namespace atl::search {
namespace {

void expect_split(std::string_view line, std::string_view words, std::string_view filter) {
  const auto split = split_line(line);
  EXPECT_EQ(split.words, words) << line;
  EXPECT_EQ(split.filter, filter) << line;
}

TEST(LineTest, ConditionsAloneAreAFilterToTheLetter) {
  expect_split("", "", "");
  expect_split("size>2MB and (name:*.jpg or not type:directory)", "",
               "size>2MB and (name:*.jpg or not type:directory)");
  expect_split("meta.\"sample id\">=7 tag:x=y", "", "meta.\"sample id\">=7 tag:x=y");
  expect_split("key:experiments/** and (meta.t>=20.5 or tag:calibration)", "",
               "key:experiments/** and (meta.t>=20.5 or tag:calibration)");
  expect_split("NOT size<1", "", "NOT size<1");
}

TEST(LineTest, WordsAreForTheIndex) {
  expect_split("boiler invoice", "boiler invoice", "");
  expect_split("\"size>2MB\"", "\"size>2MB\"", "");
  expect_split("rock and roll", "rock and roll", "");
  expect_split("12:30 http://a.example note: x", "12:30 http://a.example note: x", "");
  expect_split("title:boiler", "title:boiler", "");
  expect_split("type:pdf", "type:pdf", "");
}

TEST(LineTest, ConditionsAmongWordsAreTakenOut) {
  expect_split("boiler size>2MB invoice", "boiler invoice", "size>2MB");
  expect_split("boiler type:pdf type:file", "boiler type:pdf", "type:file");
  expect_split("boiler -tag:draft not size>2MB", "boiler", "not tag:draft not size>2MB");
  expect_split("-tag:draft", "", "not tag:draft");
  expect_split("boiler (size>2MB or size<1)", "boiler", "(size>2MB or size<1)");
  expect_split("a meta.price>=100 name:\"my file.txt\"", "a", "meta.price>=100 name:\"my file.txt\"");
}

TEST(LineTest, PatternsAreAboutNames) {
  expect_split("*.jpg", "", "*.jpg");
  expect_split("beach *.jpg", "beach", "*.jpg");
  expect_split("img_??.png|*.gif", "", "img_??.png|*.gif");
  expect_split("boil* why?", "boil* why?", "");
  expect_split("\"*.jpg\"", "\"*.jpg\"", "");
}

TEST(LineTest, ErrorsCountTheColumnsThatWereTyped) {
  const auto message = [](std::string_view line) {
    const auto checked = check_line(split_line(line), Timestamp{});
    return checked ? std::string() : checked.error().message;
  };
  EXPECT_EQ(message("boiler size>2MB -tag:draft title:x (a OR b)"), "");
  EXPECT_EQ(message("boiler size>lots").find("filter, column 13: "), 0U) << message("boiler size>lots");
  EXPECT_EQ(message("one two size>1 titel:x").find("column 16: "), 0U) << message("one two size>1 titel:x");
  EXPECT_EQ(message("size>lots").find("filter, column 6: "), 0U) << message("size>lots");
}

TEST(LineTest, OddLinesStayWords) {
  expect_split("(", "(", "");
  expect_split("\\", "\\", "");
  expect_split("\"open", "\"open", "");
  expect_split("a)b size>1", "a)b", "size>1");
}

}  // namespace
}  // namespace atl::search
