// What a content is: first its bytes, then its name.
#include <gtest/gtest.h>

#include <set>

#include "derived/extract/formats.h"

namespace atl::extract {
namespace {

std::string_view id_of(std::string_view content, std::string_view name) {
  return recognise(as_bytes(content), name).id;
}

TEST(Recognise, ContentCountsMoreThanTheName) {
  EXPECT_EQ(id_of("%PDF-1.4 …", "photo.jpg"), "pdf");
  EXPECT_EQ(id_of("only words", "photo.jpg"), "text");
  EXPECT_EQ(id_of(std::string_view("\x89PNG\r\n\x1A\n", 8), "readme.txt"), "png");
  EXPECT_EQ(id_of(std::string_view("\1\2\3\0\0\0\xFF", 7), "readme.txt"), "unknown");
}

TEST(Recognise, TheNameTellsTextsApart) {
  EXPECT_EQ(id_of("x = 1\n", "a.py"), "python");
  EXPECT_EQ(id_of("x = 1\n", "deep.folder/a.TOML"), "toml");
  EXPECT_EQ(id_of("all: x\n", "src/Makefile"), "shell");
  EXPECT_EQ(id_of("words", "no-ending"), "text");
}

TEST(Recognise, TextsWithoutANameAreReadForWhatTheyAre) {
  EXPECT_EQ(id_of("#!/usr/bin/env python3\n", "script"), "python");
  EXPECT_EQ(id_of("From: a@b\nTo: c@d\nSubject: x\n\nwords", "message"), "eml");
  EXPECT_EQ(id_of("{\"a\": 1}", "data"), "json");
  EXPECT_EQ(id_of("<!DOCTYPE html><html>", "page"), "html");
  EXPECT_EQ(id_of("\xFF\xFEw\0o\0r\0d\0s\0 \0", "wide"), "text");
}

TEST(Recognise, ALetterCutAtTheEndOfTheHeadIsStillText) {
  std::string text;
  while (text.size() < kHeadBytes) text += "ä";
  text.insert(text.begin(), 'x');
  EXPECT_EQ(id_of(text, "a"), "text");
}

TEST(Recognise, WithoutContentTheNameAloneCounts) {
  EXPECT_EQ(id_of("", "a.docx"), "docx");
  EXPECT_EQ(id_of("", "a"), "unknown");
}

TEST(Formats, EachIdAndEndingIsThereOnce) {
  std::set<std::string_view> ids;
  std::set<std::string_view> endings;
  for (const Format& format : formats()) {
    EXPECT_TRUE(ids.insert(format.id).second) << format.id;
    EXPECT_EQ(&format_by_id(format.id), &format);
    for (const std::string_view ending : format.extensions) EXPECT_TRUE(endings.insert(ending).second) << ending;
  }
  EXPECT_EQ(formats().back().id, "unknown");
  EXPECT_EQ(format_by_id("no such format").id, "unknown");
}

}  // namespace
}  // namespace atl::extract
