// Contents through the real worker, and workers that misbehave. The test program is its own worker:
// `derived_extract_test worker NAME`.
#include "derived/extract/extractor.h"

#include <gtest/gtest.h>
#include <unistd.h>

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

// In the place of universal-ctags: does what the text that it is given says in its first line.
int pretend_to_be_ctags() {
  const auto say = [](std::string_view words) {
    if (::write(STDOUT_FILENO, words.data(), words.size()) != static_cast<ssize_t>(words.size())) ::_exit(1);
  };
  say("{\"_type\": \"program\", \"name\": \"Universal Ctags\", \"version\": \"9.9\"}\n");
  std::string line;
  char c = 0;
  while (::read(STDIN_FILENO, &c, 1) == 1) {
    if (c != '\n') {
      line.push_back(c);
      continue;
    }
    const std::size_t size = std::stoul(line.substr(line.find("\"size\":") + 7));
    line.clear();
    std::string text(size, '\0');
    for (std::size_t at = 0; at < size;) {
      const ssize_t count = ::read(STDIN_FILENO, text.data() + at, size - at);
      if (count <= 0) return 1;
      at += static_cast<std::size_t>(count);
    }
    const std::string_view wish = std::string_view(text).substr(0, text.find('\n'));
    if (wish == "# dies") ::raise(SIGKILL);
    if (wish == "# stalls") {
      for (;;) ::pause();
    }
    if (wish == "# nonsense") say("this is no answer\n");
    if (wish == "# a list") say("[[[[[[[[[[[[]]]]]]]]]]]]\n");
    if (wish == "# floods") {
      for (;;) say(std::string(1000, 'x'));
    }
    if (wish == "# no name") say("{\"_type\": \"tag\", \"kind\": \"function\"}\n");
    if (wish == "# odd names") {
      say("{\"_type\": \"tag\", \"name\": \"a\\u0007b\\nc\", \"kind\": \"function\"}\n");
      say("{\"_type\": \"tag\", \"name\": \"" + std::string(5000, 'y') + "\", \"kind\": \"function\"}\n");
      say("{\"_type\": \"tag\", \"name\": \"__anon123\", \"kind\": \"class\"}\n");
      say("{\"_type\": \"tag\", \"name\": \"parameter\", \"kind\": \"local\"}\n");
    }
    if (wish == "# many") {
      for (int i = 0; i < 5000; ++i)
        say("{\"_type\": \"tag\", \"name\": \"MACRO_" + std::to_string(i) + "\", \"kind\": \"macro\"}\n");
    }
    say("{\"_type\": \"tag\", \"name\": \"told\", \"kind\": \"function\"}\n");
    say("{\"_type\": \"completed\", \"command\": \"generate-tags\"}\n");
  }
  return 0;
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

std::vector<std::string> symbols_of(const Extraction& one) {
  std::vector<std::string> symbols;
  for (const Field& field : one.fields) {
    if (field.name == "symbol") symbols.push_back(field.value);
  }
  return symbols;
}

std::string symbol_reader_of(const Extraction& one) {
  for (const Field& field : one.raw) {
    if (field.name == "Symbols.reader") return field.value;
  }
  return "";
}

// Programs in Python whose first line is what the pretended universal-ctags is to do.
Heard read_with_pretended_ctags(const std::vector<std::string>& wishes) {
  Options options;
  options.symbols.worker_command = {"/proc/self/exe", "worker", "pretended_ctags"};
  options.symbols.programs = {"/proc/self/exe"};
  options.symbols.waiting_ms_max = 500;
  std::vector<Source> sources;
  for (const std::string& wish : wishes) sources.push_back(source_of("a.py", "# " + wish + "\ndef found():\n  pass\n"));
  return read(sources, options);
}

using Names = std::vector<std::string>;

TEST(ExtractorSymbols, AreThoseThatTheProgramTells) {
  const Heard heard = read_with_pretended_ctags({"good", "odd names", "good"});
  ASSERT_TRUE(heard.answer) << heard.answer.error().message;
  EXPECT_EQ(symbols_of(heard.done.at(0)), Names{"told"});
  EXPECT_EQ(symbol_reader_of(heard.done.at(0)), "universal-ctags 9.9");
  EXPECT_EQ(symbols_of(heard.done.at(1)), (Names{"ab c", "told"})) << "made plain, and what is no name left out";
  EXPECT_EQ(symbols_of(heard.done.at(2)), Names{"told"});
}

TEST(ExtractorSymbols, AreTheWorkersWhereTheProgramBreaksDown) {
  const Heard heard = read_with_pretended_ctags(
      {"dies", "good", "stalls", "good", "nonsense", "good", "a list", "no name", "good", "floods", "good"});
  ASSERT_TRUE(heard.answer) << heard.answer.error().message;
  ASSERT_EQ(heard.done.size(), 11U);
  for (const std::size_t good : {1U, 3U, 5U, 8U, 10U})
    EXPECT_EQ(symbols_of(heard.done.at(good)), Names{"told"}) << good;
  const std::map<std::size_t, std::string> broken{{0, "broke down over it"},     {2, "took too long over it"},
                                                  {4, "answered with nonsense"}, {6, "answered with nonsense"},
                                                  {7, "answered with nonsense"}, {9, "answered with nonsense"}};
  for (const auto& [index, words] : broken) {
    const Extraction& one = heard.done.at(index);
    EXPECT_EQ(symbols_of(one), Names{"found"}) << index;
    EXPECT_EQ(symbol_reader_of(one), "lines; universal-ctags " + words) << index;
    EXPECT_EQ(one.trouble, "") << "the file itself was read";
  }
}

TEST(ExtractorSymbols, AProgramThatBreaksDownAgainAndAgainIsAskedNoMore) {
  const Heard heard = read_with_pretended_ctags({"dies", "dies", "dies", "good", "good"});
  ASSERT_TRUE(heard.answer);
  for (const std::size_t after : {3U, 4U}) {
    EXPECT_EQ(symbols_of(heard.done.at(after)), Names{"found"});
    EXPECT_EQ(symbol_reader_of(heard.done.at(after)), "");
  }
}

TEST(ExtractorSymbols, AreAtMostSoMany) {
  const Heard heard = read_with_pretended_ctags({"many"});
  const Names names = symbols_of(heard.done.at(0));
  EXPECT_EQ(names.size(), 400U);
  EXPECT_NE(std::ranges::find(names, "told"), names.end()) << "functions go before macros";
}

TEST(ExtractorSymbols, OfTextsInArchivesAndInBetweenOtherContents) {
  Options options;
  options.symbols.worker_command = {"/proc/self/exe", "worker", "pretended_ctags"};
  options.symbols.programs = {"/proc/self/exe"};
  const std::string program = "def found():\n  pass\n";
  Source broken = source_of("broken.py", program);
  broken.read = [](std::uint64_t, ByteSpan) -> Result<std::size_t> {
    return fail(ErrorKind::damaged, "pack.damaged", "");
  };
  // read() looks at the order, too.
  const Heard heard = read(
      {source_of("a.txt", "words"), source_of("a.py", program), source_of("b.txt", "words"), source_of("b.py", program),
       broken, source_of("c.zip", testing::zip_of({{"x.py", program}, {"y.txt", "z"}, {"z.py", program}})),
       source_of("c.py", program)},
      options);
  ASSERT_TRUE(heard.answer) << heard.answer.error().message;
  EXPECT_EQ(heard.failed.at(4), "pack.damaged");
  for (const std::size_t index : {1U, 3U, 6U}) EXPECT_EQ(symbols_of(heard.done.at(index)), Names{"told"}) << index;
  const auto& members = heard.done.at(5).members;
  for (const std::size_t index : {0U, 2U}) EXPECT_EQ(symbols_of(members.at(index).understood.at(0)), Names{"told"});
}

TEST(ExtractorSymbols, AnotherProgramOfThatNameIsLeftAlone) {
  Options options;
  options.symbols.programs = {"/proc/self/exe"};
  options.symbols.waiting_ms_max = 300;
  for (const char* const other : {"misbehave", "exits"}) {
    options.symbols.worker_command = {"/proc/self/exe", "worker", other};
    const Heard heard = read({source_of("a.py", "def found():\n  pass\n")}, options);
    ASSERT_TRUE(heard.answer);
    EXPECT_EQ(symbols_of(heard.done.at(0)), Names{"found"});
  }
  options.symbols.programs = {"/no/such/program"};
  options.symbols.worker_command = {"/proc/self/exe", "worker", "pretended_ctags"};
  EXPECT_EQ(symbols_of(read({source_of("a.py", "def found():\n  pass\n")}, options).done.at(0)), Names{"found"});
}

// What lines alone do not tell; each language's ending is one that it knows.
TEST(ExtractorSymbols, OfUniversalCtagsItself) {
  platform::PosixMachine machine;
  ASSERT_TRUE(has_symbol_program(machine.machine())) << "universal-ctags is not installed: tools/packages.sh";
  struct Program {
    const char* name;
    const char* text;
    const char* symbol;
  };
  const std::vector<Program> programs{
      {"a.cpp", "namespace zoo {\ntemplate <class T>\nstatic auto\nleap(T far) -> T\n{\n  return far;\n}\n}\n", "leap"},
      {"a.c", "#define LEAP_FAR 1\nint hop(void)\n{ return 0; }\n", "LEAP_FAR"},
      {"a.h", "#ifndef A_H\nextern int leap(int far);\n#endif\n", "leap"},
      {"a.py", "LEAP = 3\n\nclass Zoo:\n    def hop(self):\n        pass\n", "LEAP"},
      {"a.js", "const zoo = { leap: function (far) { return far; } };\n", "leap"},
      {"a.ts", "class Zoo {\n  public leap(far: number): number { return far; }\n}\n", "leap"},
      {"a.php", "<?php\nconst LEAP = 1;\ndefine('HOP', 2);\n", "LEAP"},
      {"a.java", "class Zoo {\n  enum Kind { LEAP }\n}\n", "LEAP"},
      {"a.cs", "class Zoo {\n  public int Leap { get; set; }\n}\n", "Leap"},
      {"a.go", "package zoo\n\nconst Leap = 1\n\nfunc Hop() {}\n", "Leap"},
      {"a.rs", "macro_rules! leap {\n  () => {};\n}\n", "leap"},
      {"a.rb", "class Zoo\n  LEAP = 1\n  attr_reader :far\nend\n", "LEAP"},
      {"a.pl", "use constant LEAP => 1;\nsub hop { 1; }\n", "LEAP"},
      {"a.lua", "zoo.leap = function(far)\n  return far\nend\n", "zoo.leap"},
      {"a.r", "leap <- 3\nhop <- function(far) far\n", "leap"},
      {"a.kt", "class Zoo {\n  val leap = 3\n}\n", "leap"},
      {"a.sh", "#!/bin/sh\nalias leap='echo'\n", "leap"},
      {"a.bat", "@echo off\n:leap\necho far\n", "leap"},
  };
  std::vector<Source> sources;
  for (const Program& program : programs) sources.push_back(source_of(program.name, program.text));
  const Heard heard = read(sources);
  ASSERT_TRUE(heard.answer) << heard.answer.error().message;
  Options without;
  without.symbols.programs.clear();
  const Heard by_lines = read(sources, without);
  for (std::size_t i = 0; i < programs.size(); ++i) {
    const Names names = symbols_of(heard.done.at(i));
    EXPECT_NE(std::ranges::find(names, programs[i].symbol), names.end())
        << programs[i].name << ": " << ::testing::PrintToString(names);
    EXPECT_TRUE(symbol_reader_of(heard.done.at(i)).starts_with("universal-ctags ")) << programs[i].name;
    const Names lines = symbols_of(by_lines.done.at(i));
    EXPECT_EQ(std::ranges::find(lines, programs[i].symbol), lines.end()) << programs[i].name << " needs no ctags";
  }
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
    if (std::strcmp(argv[2], "ctags") == 0) return atl::extract::run_symbols_worker();
    if (std::strcmp(argv[2], "pretended_ctags") == 0) return atl::extract::pretend_to_be_ctags();
    if (std::strcmp(argv[2], "exits") == 0) return 0;
    if (std::strcmp(argv[2], "misbehave") != 0) return atl::extract::run_worker();
    return atl::sandbox::work({[] {}, atl::extract::misbehave});
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
