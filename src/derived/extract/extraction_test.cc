// Extractions come back from bytes as they were, and bytes that are none are refused.
#include "derived/extract/extraction.h"

#include <gtest/gtest.h>

#include <random>

namespace atl::extract {
namespace {

Extraction sample() {
  Extraction one;
  one.format = "zip";
  one.media_type = "application/zip";
  one.language = "en";
  one.fields = {{"title", "A title"}, {"creator", "Åsa"}, {"creator", ""}};
  one.raw = {{"Zip.Comment", "x\ty\nz"}};
  one.pieces = {{{PlaceKind::page, 3, ""}, "text of page three"}, {{PlaceKind::sheet, 2, "Costs"}, "1\t2"}};
  Member folder{"a/", 0, std::nullopt, true, {}};
  Member file{"a/b.txt", 12, FileTime{-5, 999'999'999}, false, {}};
  Extraction inner;
  inner.format = "text";
  inner.pieces = {{{}, "inner words"}};
  file.understood.push_back(inner);
  one.members = {folder, file};
  one.is_truncated = true;
  one.trouble = "it ends in the middle";
  return one;
}

TEST(Extraction, ComesBackAsItWas) {
  for (const Extraction& one : {sample(), Extraction{}}) {
    const auto again = decode(encode(one));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(*again, one);
  }
}

TEST(Extraction, RefusesWhatIsNone) {
  EXPECT_EQ(decode({}).error().id, "extraction.damaged");
  Bytes later = encode(sample());
  later[0] = 2;
  EXPECT_EQ(decode(later).error().id, "extraction.unknown_version");
  Extraction with_control = sample();
  with_control.pieces[0].text = "a\x01";
  EXPECT_EQ(decode(encode(with_control)).error().id, "extraction.damaged");
  Extraction with_bad_bytes = sample();
  with_bad_bytes.fields[0].value = "\xC3";
  EXPECT_EQ(decode(encode(with_bad_bytes)).error().id, "extraction.damaged");
  Extraction deep = sample();
  deep.members[1].understood[0].members.push_back({"x", 1, std::nullopt, false, {}});
  EXPECT_EQ(decode(encode(deep)).error().id, "extraction.damaged");
}

TEST(Extraction, DamageIsAnErrorOrAnotherExtraction) {
  std::mt19937 random(7);
  const Bytes good = encode(sample());
  for (int round = 0; round < 5000; ++round) {
    Bytes bad = good;
    bad.resize(1 + random() % bad.size());
    for (unsigned flips = random() % 4; flips > 0; --flips)
      bad[random() % bad.size()] = static_cast<std::uint8_t>(random());
    const auto answer = decode(bad);
    if (answer) {
      EXPECT_EQ(*decode(encode(*answer)), *answer);
    }
  }
}

TEST(Extraction, FirstValueOfAField) {
  EXPECT_EQ(value_of(sample(), "creator"), "Åsa");
  EXPECT_EQ(value_of(sample(), "publisher"), "");
}

}  // namespace
}  // namespace atl::extract
