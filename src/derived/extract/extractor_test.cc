// Contents through the real worker, and workers that misbehave. The test program is its own worker:
// `derived_extract_test worker NAME`.
#include "derived/extract/extractor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <map>
#include <random>

#include "derived/extract/formats.h"
#include "derived/extract/internal/wire.h"
#include "derived/extract/member.h"
#include "derived/extract/testing/samples.h"
#include "foundation/platform/posix_machine.h"

namespace atl::extract {
namespace {

// Says that it begins each content, and then does what the content's name says.
Result<void> misbehave(sandbox::Channel& channel) {
  ATOLL_ASSIGN(const Batch batch, decode_batch(channel.parameters()));
  for (std::size_t i = 0; i < batch.contents.size(); ++i) {
    const auto send = [&](FrameType type, ByteView payload) {
      Bytes frame;
      ByteWriter out(frame);
      out.put(static_cast<std::uint32_t>(batch.first_index + i));
      out.put_bytes(payload);
      return channel.send(static_cast<std::uint8_t>(type), frame);
    };
    const std::string& name = batch.contents[i].name;
    if (name == "silent.pdf") {
      for (std::atomic<std::uint64_t> turns = 0;; ++turns) {
      }
    }
    ATOLL_TRY(send(FrameType::begun, as_bytes("pdf")));
    if (name == "crash.pdf") ::raise(SIGSEGV);
    if (name == "reads_for_ever.pdf") {
      Bytes piece(1024);
      for (;;) ATOLL_TRY(channel.read(static_cast<std::uint64_t>(i) << kContentShift, piece));
    }
    if (name == "reads_another.pdf") {
      Bytes piece(1024);
      ATOLL_TRY(channel.read(static_cast<std::uint64_t>(i + 1) << kContentShift, piece));
    }
    Bytes whole(1024);
    if (name == "reads.pdf") ATOLL_TRY(channel.read(static_cast<std::uint64_t>(i) << kContentShift, whole));
    if (name == "nonsense.pdf") ATOLL_TRY(send(FrameType::done, as_bytes("nonsense")));
    Extraction good;
    good.format = "pdf";
    good.fields.push_back({"title", name});
    ATOLL_TRY(send(FrameType::done, encode(good)));
  }
  return {};
}

struct Heard {
  Result<void> answer;
  std::map<std::size_t, Extraction> done;
  std::map<std::size_t, std::string> failed;
};

Source source_of(const std::string& name, const std::string& content) {
  return {name, content.size(), [content](std::uint64_t offset, ByteSpan out) -> Result<std::size_t> {
            const auto left = std::string_view(content).substr(std::min<std::size_t>(offset, content.size()));
            const std::size_t count = std::min(out.size(), left.size());
            std::memcpy(out.data(), left.data(), count);
            return count;
          }};
}

Heard read(const std::vector<Source>& sources, const Options& options = {}) {
  platform::PosixMachine machine;
  Heard heard;
  std::size_t expected = 0;
  heard.answer = extract_all(
      machine.machine(), sources, options,
      [&](std::size_t index, Extraction one) -> Result<void> {
        EXPECT_EQ(index, expected++);
        heard.done.emplace(index, std::move(one));
        return {};
      },
      [&](std::size_t index, const Error& error) -> Result<void> {
        EXPECT_EQ(index, expected++);
        heard.failed.emplace(index, error.id);
        return {};
      });
  return heard;
}

Heard read_badly(const std::vector<std::string>& names, std::uint64_t seconds = 2) {
  Options options;
  options.worker_command = {"/proc/self/exe", "worker", "misbehave"};
  options.cpu_seconds_per_file = seconds;
  std::vector<Source> sources;
  for (const std::string& name : names) sources.push_back(source_of("folder/" + name, "content"));
  return read(sources, options);
}

std::string all_text(const Extraction& one) {
  std::string text;
  for (const Piece& piece : one.pieces) text += piece.text + "\n";
  for (const Member& member : one.members) {
    text += member.path + "\n";
    for (const Extraction& inner : member.understood) text += all_text(inner);
  }
  return text;
}

TEST(Extractor, OneThatBreaksItsWorkerDoesNotHarmTheOthers) {
  const Heard heard = read_badly({"a.pdf", "crash.pdf", "b.pdf", "nonsense.pdf", "reads_another.pdf", "c.pdf"});
  ASSERT_TRUE(heard.answer) << heard.answer.error().message;
  ASSERT_EQ(heard.done.size(), 6U);
  for (const std::size_t good : {0U, 2U, 5U}) EXPECT_EQ(heard.done.at(good).trouble, "");
  for (const std::size_t bad : {1U, 3U, 4U}) {
    EXPECT_NE(heard.done.at(bad).trouble, "");
    EXPECT_EQ(heard.done.at(bad).format, "pdf");
    EXPECT_EQ(heard.done.at(bad).media_type, "application/pdf");
  }
}

TEST(Extractor, OneThatStallsOrReadsForEverIsEnded) {
  const Heard heard = read_badly({"silent.pdf", "a.pdf", "reads_for_ever.pdf", "b.pdf"}, 1);
  ASSERT_TRUE(heard.answer) << heard.answer.error().message;
  ASSERT_EQ(heard.done.size(), 4U);
  EXPECT_NE(heard.done.at(0).trouble.find("too long"), std::string::npos);
  EXPECT_NE(heard.done.at(2).trouble.find("too long"), std::string::npos);
  EXPECT_EQ(heard.done.at(1).trouble, "");
  EXPECT_EQ(heard.done.at(3).trouble, "");
}

TEST(Extractor, ASourceThatCannotBeReadIsToldAndTheRestGoesOn) {
  Options options;
  options.worker_command = {"/proc/self/exe", "worker", "misbehave"};
  Source broken = source_of("reads.pdf", "content");
  broken.read = [](std::uint64_t, ByteSpan) -> Result<std::size_t> {
    return fail(ErrorKind::damaged, "pack.damaged", "");
  };
  const Heard heard = read({source_of("a.pdf", "x"), broken, source_of("reads.pdf", "x")}, options);
  ASSERT_TRUE(heard.answer);
  EXPECT_EQ(heard.failed.at(1), "pack.damaged");
  EXPECT_EQ(heard.done.size(), 2U);
}

TEST(Extractor, StopsWhenAsked) {
  const std::atomic<bool> stop = true;
  Options options;
  options.stop = &stop;
  const Heard heard = read({source_of("a.txt", "x")}, options);
  ASSERT_FALSE(heard.answer);
  EXPECT_EQ(heard.answer.error().kind, ErrorKind::interrupted);
}

TEST(Extractor, WithoutAWorkerThereIsAnError) {
  Options options;
  options.worker_command = {"/no/such/program"};
  EXPECT_EQ(read({source_of("a.txt", "x")}, options).answer.error().id, "sandbox.not_started");
}

TEST(Extractor, EverySampleIsUnderstood) {
  const auto samples = testing::samples();
  std::vector<Source> sources;
  for (const testing::Sample& sample : samples) sources.push_back(source_of(sample.name, sample.content));
  const Heard heard = read(sources);
  ASSERT_TRUE(heard.answer) << heard.answer.error().message;
  ASSERT_EQ(heard.done.size(), samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const Extraction& one = heard.done.at(i);
    EXPECT_EQ(one.format, samples[i].format) << samples[i].name;
    EXPECT_EQ(one.trouble, "") << samples[i].name;
    if (!samples[i].word.empty()) {
      EXPECT_NE(all_text(one).find(samples[i].word), std::string::npos) << samples[i].name;
    }
    for (const Field& wanted : samples[i].fields) {
      EXPECT_NE(std::ranges::find(one.fields, wanted), one.fields.end())
          << samples[i].name << ": " << wanted.name << " = " << wanted.value << ", found "
          << value_of(one, wanted.name);
    }
    // The table claims no more than the readers do.
    const Format& format = format_by_id(one.format);
    EXPECT_TRUE(one.pieces.empty() || format.reads_text) << samples[i].name;
    EXPECT_TRUE(one.members.empty() || format.has_contents) << samples[i].name;
    EXPECT_TRUE(one.fields.empty() || format.reads_metadata) << samples[i].name;
  }
}

TEST(Extractor, CutAndFlippedSamplesHaveTroubleAtWorst) {
  std::mt19937 random(20240309);
  const auto samples = testing::samples();
  std::vector<Source> sources;
  for (const testing::Sample& sample : samples) {
    for (int round = 0; round < 6; ++round) {
      std::string bad = sample.content;
      if (round % 2 == 0) bad.resize(random() % (bad.size() + 1));
      for (std::size_t flips = bad.empty() ? 0 : 1 + random() % 8; flips > 0; --flips)
        bad[random() % bad.size()] = static_cast<char>(random());
      sources.push_back(source_of(sample.name, bad));
    }
  }
  Options options;
  options.cpu_seconds_per_file = 10;
  const Heard heard = read(sources, options);
  ASSERT_TRUE(heard.answer) << heard.answer.error().message;
  EXPECT_EQ(heard.done.size(), sources.size());
}

TEST(Extractor, AnEmptyContentIsWhatItsNameSays) {
  const Heard heard = read({source_of("a.pdf", ""), source_of("nothing", "")});
  EXPECT_EQ(heard.done.at(0).format, "pdf");
  EXPECT_EQ(heard.done.at(1).format, "unknown");
}

TEST(Extractor, BombsAreNotUnfolded) {
  // A mebibyte of zeros, packed again and again.
  std::string bomb = testing::zip_of({{"a.txt", std::string(1024, 'a')}});
  for (int depth = 0; depth < 10; ++depth) bomb = testing::zip_of({{"deeper.zip", bomb}, {"twin.zip", bomb}});
  const std::string laughs =
      "<?xml version=\"1.0\"?><!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]><l>&b; quokka</l>";
  const Heard heard =
      read({source_of("bomb.zip", bomb), source_of("laughs.xml", laughs),
            source_of("paths.zip", testing::zip_of({{"../../etc/passwd", "x"}, {"/abs", "y"}, {"a\\..\\b", "z"}}))});
  ASSERT_TRUE(heard.answer);
  EXPECT_TRUE(heard.done.at(0).is_truncated);
  EXPECT_LT(heard.done.at(0).members.size(), 100U);
  EXPECT_NE(all_text(heard.done.at(1)).find("quokka"), std::string::npos);
  EXPECT_EQ(all_text(heard.done.at(1)).find("ha"), std::string::npos);
  for (const Member& member : heard.done.at(2).members) {
    EXPECT_EQ(member.path.find(".."), std::string::npos);
    EXPECT_FALSE(member.path.starts_with("/"));
  }
}

TEST(Extractor, LargeMembersAreListedAndSayThatTheyWereNotRead) {
  std::string large = "\x89PNG\r\n\x1A\n quokka";
  large.resize(65U << 20U);
  const std::string zip = testing::zip_of(
      {{"large.png", large}, {"inner.zip", testing::zip_of({{"also.bin", large}})}, {"a.txt", "wombat"}});
  const Heard heard = read({source_of("a.zip", zip)});
  ASSERT_TRUE(heard.answer);
  const Extraction& one = heard.done.at(0);
  EXPECT_EQ(one.trouble, "");
  EXPECT_FALSE(one.is_truncated);
  ASSERT_EQ(one.members.size(), 3U) << "what lies in a member that is too large is not listed";
  for (const std::size_t too_large : {0U, 1U}) {
    const Member& member = one.members[too_large];
    EXPECT_GT(member.size, 64U << 20U);
    ASSERT_EQ(member.understood.size(), 1U);
    EXPECT_EQ(member.understood[0].format, too_large == 0 ? "png" : "zip");
    EXPECT_NE(member.understood[0].trouble.find("larger than 64 MB"), std::string::npos);
  }
  EXPECT_EQ(one.members[2].path, "a.txt");
  EXPECT_NE(all_text(one).find("wombat"), std::string::npos);
}

TEST(Extractor, TextIsLimited) {
  Options options;
  options.text_bytes_max = 1000;
  const Heard heard = read({source_of("a.txt", std::string(5000, 'x'))}, options);
  EXPECT_TRUE(heard.done.at(0).is_truncated);
  EXPECT_LE(heard.done.at(0).pieces.at(0).text.size(), 1000U);
}

TEST(Extractor, MembersAreLimited) {
  Options options;
  options.members_max = 3;
  const Heard heard = read(
      {source_of("a.zip", testing::zip_of({{"1", "a"}, {"2", "a"}, {"3", "a"}, {"4", "a"}, {"5", "a"}}))}, options);
  EXPECT_TRUE(heard.done.at(0).is_truncated);
  EXPECT_EQ(heard.done.at(0).members.size(), 3U);
}

}  // namespace
}  // namespace atl::extract

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "worker") == 0) {
    if (std::strcmp(argv[2], "member") == 0) return atl::extract::run_member_worker();
    if (std::strcmp(argv[2], "misbehave") != 0) return atl::extract::run_worker();
    return atl::sandbox::work({[] {}, atl::extract::misbehave});
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
