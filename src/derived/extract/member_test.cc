// Members through the real worker: the test program is its own (extractor_test.cc).
#include "derived/extract/member.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "derived/extract/internal/member_wire.h"
#include "derived/extract/testing/samples.h"
#include "foundation/platform/posix_machine.h"

namespace atl::extract {
namespace {

using testing::zip_of;

Source source_of(const std::string& name, const std::string& content) {
  return {name, content.size(), [content](std::uint64_t offset, ByteSpan out) -> Result<std::size_t> {
            const std::size_t count = std::min<std::size_t>(out.size(), content.size() - offset);
            std::copy_n(content.begin() + static_cast<std::ptrdiff_t>(offset), count, out.begin());
            return count;
          }};
}

struct Taken {
  std::optional<MemberFacts> facts;
  std::string content;
  std::string error;  // id, or empty
};

Taken take(const std::string& name, const std::string& archive, const std::string& path, MemberOptions options = {}) {
  platform::PosixMachine machine;
  Taken taken;
  const auto answer = take_member(
      machine.machine(), source_of(name, archive), path, options,
      [&](const MemberFacts& facts) -> Result<void> {
        taken.facts = facts;
        return {};
      },
      [&](ByteView bytes) -> Result<void> {
        taken.content += as_text(bytes);
        return {};
      });
  if (!answer) taken.error = answer.error().id;
  return taken;
}

TEST(Member, IsTakenOutOfAnArchiveAsItIs) {
  const std::string zip = zip_of({{"a.txt", "first"}, {"folder/b.pdf", testing::pdf_of({"page"}, "title")}, {"c", ""}});
  const Taken text = take("docs/a.zip", zip, "a.txt");
  EXPECT_EQ(text.error, "");
  EXPECT_EQ(text.content, "first");
  ASSERT_TRUE(text.facts);
  EXPECT_EQ(text.facts->size, 5U);
  const Taken pdf = take("docs/a.zip", zip, "folder/b.pdf");
  EXPECT_EQ(pdf.content, testing::pdf_of({"page"}, "title"));
  EXPECT_EQ(pdf.facts->name, "b.pdf");
  EXPECT_EQ(pdf.facts->format, "pdf");
  EXPECT_EQ(pdf.facts->media_type, "application/pdf");
  const Taken empty = take("docs/a.zip", zip, "c");
  EXPECT_EQ(empty.error, "");
  EXPECT_EQ(empty.facts->size, 0U);
}

TEST(Member, MayLieInAnArchiveInside) {
  const std::string inner = zip_of({{"x.txt", "deep"}, {"y.txt", "other"}});
  const std::string outer = zip_of({{"before.txt", "1"}, {"box/inner.zip", inner}, {"x.txt", "shallow"}});
  EXPECT_EQ(take("outer.zip", outer, "box/inner.zip!/x.txt").content, "deep");
  EXPECT_EQ(take("outer.zip", outer, "box/inner.zip!/y.txt").content, "other");
  EXPECT_EQ(take("outer.zip", outer, "x.txt").content, "shallow");
  EXPECT_EQ(take("outer.zip", outer, "box/inner.zip").content, inner);
  EXPECT_EQ(take("outer.zip", outer, "box/inner.zip!/z.txt").error, "member.not_found");
  // Deeper than is looked into.
  MemberOptions shallow;
  shallow.depth_max = 0;
  EXPECT_NE(take("outer.zip", outer, "box/inner.zip!/x.txt", shallow).error, "");
}

TEST(Member, MessagesAndAttachmentsAreNamedAsSearchNamesThem) {
  const std::string mail =
      "From: max@example.org\nSubject: photos\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
      "--b\nContent-Type: text/plain\n\nsee below\n"
      "--b\nContent-Type: text/plain; name=note.txt\nContent-Disposition: attachment; filename=note.txt\n"
      "Content-Transfer-Encoding: base64\n\nYXR0YWNoZWQ=\n--b--\n";
  EXPECT_EQ(take("one.eml", mail, "note.txt").content, "attached");
  const std::string box =
      "From a Fri May  3 10:00:00 2024\nFrom: a@example.org\nSubject: first\n\nhello\n\n"
      "From b Fri May  3 11:00:00 2024\n" +
      mail + "\n";
  EXPECT_NE(take("box.mbox", box, "1.eml").content.find("Subject: first"), std::string::npos);
  EXPECT_EQ(take("box.mbox", box, "2.eml!/note.txt").content, "attached");
  EXPECT_EQ(take("box.mbox", box, "3.eml").error, "member.not_found");
}

TEST(Member, EverythingThatIsListedCanBeTaken) {
  platform::PosixMachine machine;
  std::vector<Source> sources;
  const auto samples = testing::samples();
  for (const auto& sample : samples) sources.push_back(source_of(sample.name, sample.content));
  std::size_t members = 0;
  const auto answer =
      extract_all(machine.machine(), sources, {}, [&](std::size_t index, Extraction one) -> Result<void> {
        for (const Member& member : one.members) {
          if (member.is_folder || member.understood.empty()) continue;
          ++members;
          const Taken taken = take(samples[index].name, samples[index].content, member.path);
          EXPECT_EQ(taken.error, "") << samples[index].name << "!/" << member.path;
          EXPECT_EQ(taken.content.size(), member.size) << samples[index].name << "!/" << member.path;
          EXPECT_EQ(taken.facts ? taken.facts->format : "", member.understood.front().format) << member.path;
        }
        return {};
      });
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_GT(members, 5U);
}

TEST(Member, LargeOnesPassThroughWithoutBeingHeld) {
  std::string large(80U << 20U, 'l');
  for (std::size_t i = 0; i < large.size(); i += 4096) large[i] = static_cast<char>('a' + i / 4096 % 26);
  MemberOptions options;
  options.memory_bytes_max = 64U << 20U;
  const Taken taken = take("large.zip", zip_of({{"large.txt", large}}), "large.txt", options);
  EXPECT_EQ(taken.error, "");
  EXPECT_TRUE(taken.content == large);
}

TEST(Member, WhatCannotBeHadIsSaid) {
  const std::string zip = zip_of({{"folder/", ""}, {"a.txt", std::string(1000, 'a')}});
  EXPECT_EQ(take("a.zip", zip, "missing").error, "member.not_found");
  EXPECT_EQ(take("a.zip", zip, "folder").error, "member.not_a_file");
  EXPECT_EQ(take("a.zip", zip, "../a.txt").error, "member.not_found");
  EXPECT_EQ(take("a.txt", "no archive", "a.txt").error, "member.not_found");
  EXPECT_EQ(take("a.zip", zip.substr(0, 200), "a.txt").error, "member.unreadable");
  MemberOptions no_unfolding;
  no_unfolding.ratio_max = 0;
  EXPECT_EQ(take("a.zip", zip, "a.txt", no_unfolding).error, "member.too_large");
  MemberOptions no_worker;
  no_worker.worker_command = {"/no/such/program"};
  EXPECT_EQ(take("a.zip", zip, "a.txt", no_worker).error, "sandbox.not_started");
}

TEST(Member, WhoeverTakesItMayStop) {
  platform::PosixMachine machine;
  const std::string zip = zip_of({{"a.txt", std::string(3U << 20U, 'a')}});
  std::size_t pieces = 0;
  const auto answer = take_member(
      machine.machine(), source_of("a.zip", zip), "a.txt", {}, [](const MemberFacts&) { return Result<void>(); },
      [&](ByteView) -> Result<void> {
        ++pieces;
        return fail(ErrorKind::interrupted, "test.enough", "");
      });
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().id, "test.enough");
  EXPECT_EQ(pieces, 1U);
}

TEST(Member, AddressesNameEveryPlaceThatCouldBeMeant) {
  EXPECT_TRUE(member_addresses("a.zip").empty());
  EXPECT_TRUE(member_addresses("!/a").empty());
  EXPECT_TRUE(member_addresses("a.zip!/").empty());
  const auto two = member_addresses("x/a.zip!/in.zip!/b");
  ASSERT_EQ(two.size(), 2U);
  EXPECT_EQ(two[0].key, "x/a.zip");
  EXPECT_EQ(two[0].path, "in.zip!/b");
  EXPECT_EQ(two[1].key, "x/a.zip!/in.zip");
  EXPECT_EQ(two[1].path, "b");
}

TEST(Member, WhatAReaderSaysOfOneIsChecked) {
  MemberFacts good{"b.pdf", 7, FileTime{1, 2}, "pdf", "application/pdf"};
  const auto same = decode_member_facts(encode(good));
  ASSERT_TRUE(same);
  EXPECT_EQ(same->name, "b.pdf");
  EXPECT_EQ(same->size, 7U);
  EXPECT_EQ(same->modified, (FileTime{1, 2}));
  for (const auto& spoil : std::vector<std::function<void(MemberFacts&)>>{
           [](MemberFacts& facts) { facts.name = "a\r\nSet-Cookie: x"; },
           [](MemberFacts& facts) { facts.name = "../a"; },
           [](MemberFacts& facts) { facts.media_type = "text/html\r\nX: y"; },
           [](MemberFacts& facts) { facts.media_type = "html"; },
           [](MemberFacts& facts) { facts.format = "none such"; }, [](MemberFacts& facts) { facts.size = UINT64_MAX; },
           [](MemberFacts& facts) { facts.modified->nanoseconds = 2'000'000'000; }}) {
    MemberFacts bad = good;
    spoil(bad);
    EXPECT_FALSE(decode_member_facts(encode(bad)));
  }
}

}  // namespace
}  // namespace atl::extract
