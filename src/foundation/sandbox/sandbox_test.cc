// Workers that misbehave in every way we can think of. The test program is its own child: `sandbox_test worker NAME`.
#include "foundation/sandbox/sandbox.h"

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <memory>

#include "foundation/platform/posix_machine.h"
#include "foundation/sandbox/program.h"

namespace atl::sandbox {
namespace {

constexpr std::uint8_t kEcho = kFirstFrameType;

Result<void> body_of(const std::string& name, Channel& channel) {
  if (name == "echo") {
    Bytes piece(64 * kKiB);
    for (std::uint64_t at = 0;;) {
      ATOLL_ASSIGN(const std::size_t count, channel.read(at, piece));
      if (count == 0) return {};
      at += count;
      ATOLL_TRY(channel.send(kEcho, ByteView(piece).first(count)));
    }
  }
  if (name == "parameters") return channel.send(kEcho, channel.parameters());
  if (name == "refuse") return fail(ErrorKind::damaged, "thing.broken", "it is broken");
  if (name == "open") {
    const int file = ::open("/etc/passwd", O_RDONLY);
    const int made = ::open("/tmp/atoll-sandbox-test", O_CREAT | O_WRONLY, 0600);
    const int net = ::socket(AF_INET, SOCK_STREAM, 0);
    const timespec moment{0, 1};  // libraries wait for a file to get better
    const int slept = ::nanosleep(&moment, nullptr);
    return channel.send(kEcho, as_bytes(file < 0 && made < 0 && net < 0 && slept < 0 ? "no" : "yes"));
  }
  if (name == "list") {
    const auto lists = [](const char* folder) {
      const std::unique_ptr<DIR, int (*)(DIR*)> listing(::opendir(folder), &::closedir);
      return listing != nullptr && ::readdir(listing.get()) != nullptr;  // NOLINT(concurrency-mt-unsafe): one thread
    };
    return channel.send(kEcho,
                        as_bytes(std::string(lists("/usr/share") ? "share" : "") + (lists("/usr/lib") ? "lib" : "")));
  }
  if (name == "fork") {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(0);
    return channel.send(kEcho, as_bytes(child < 0 ? "no" : "yes"));
  }
  if (name == "crash") ::raise(SIGSEGV);
  if (name == "abort") std::abort();
  if (name == "exit") ::_exit(0);
  if (name == "memory") {
    std::vector<Bytes> all;
    for (int i = 0; i < 1000; ++i) all.emplace_back(kMiB, std::uint8_t{1});
    return channel.send(kEcho, as_bytes("all of it"));
  }
  if (name == "silence") {
    for (std::atomic<std::uint64_t> turns = 0;; ++turns) {
    }
  }
  if (name == "flood") {
    const Bytes piece(kMiB);
    for (;;) ATOLL_TRY(channel.send(kEcho, piece));
  }
  if (name == "nonsense") {
    const Bytes bytes(64, 0xff);
    if (::write(0, bytes.data(), bytes.size()) != 64) ::_exit(1);
    return {};
  }
  return fail(ErrorKind::usage, "test.no_worker", name);
}

struct Told {
  Result<void> answer;
  std::string heard;
};

Told ask(const std::string& name, std::string_view input = {}, Limits limits = {}, Bytes parameters = {}) {
  platform::PosixMachine machine;
  Told told;
  Work work;
  work.command = {"/proc/self/exe", "worker", name};
  work.parameters = std::move(parameters);
  work.limits = limits;
  work.read = [&](std::uint64_t offset, ByteSpan out) -> Result<std::size_t> {
    const auto left = input.substr(std::min<std::size_t>(offset, input.size()));
    const std::size_t count = std::min(out.size(), left.size());
    std::copy_n(left.begin(), count, out.begin());
    return count;
  };
  told.answer = run(machine.machine(), work, [&](std::uint8_t type, ByteView payload) -> Result<void> {
    EXPECT_EQ(kEcho, type);
    told.heard += as_text(payload);
    return {};
  });
  return told;
}

TEST(Sandbox, BytesGoInAndComeOut) {
  std::string input;
  for (int i = 0; i < 300'000; ++i) input += std::to_string(i) + "\n";
  const Told told = ask("echo", input);
  ASSERT_TRUE(told.answer) << told.answer.error().message;
  EXPECT_EQ(input, told.heard);
  EXPECT_EQ("some words", ask("parameters", {}, {}, to_bytes("some words")).heard);
}

TEST(Sandbox, AnErrorArrivesWithItsKindAndId) {
  const Told told = ask("refuse");
  ASSERT_FALSE(told.answer);
  EXPECT_EQ(ErrorKind::damaged, told.answer.error().kind);
  EXPECT_EQ("thing.broken", told.answer.error().id);
  EXPECT_EQ("it is broken", told.answer.error().message);
}

TEST(Sandbox, FilesAndNetworkAreOutOfReach) {
  const Told told = ask("open");
  EXPECT_EQ("no", told.heard);
  const Told forked = ask("fork");
  EXPECT_NE("yes", forked.heard);
}

// As poppler does, for each document, with the folders of its tables where they are installed.
TEST(Sandbox, WhoeverMayReadAFolderMayAskWhatIsInIt) {
  const Told told = ask("list");
  ASSERT_TRUE(told.answer) << told.answer.error().message;
  EXPECT_NE("sharelib", told.heard);
  EXPECT_NE("lib", told.heard);
}

TEST(Sandbox, EveryDeathIsAnErrorHere) {
  for (const char* name : {"crash", "abort", "exit"}) {
    const Told told = ask(name);
    ASSERT_FALSE(told.answer) << name;
    EXPECT_EQ("sandbox.died", told.answer.error().id) << name;
  }
}

TEST(Sandbox, MemoryEnds) {
  Limits limits;
  limits.memory_bytes = 64 * kMiB;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  const Told told = ask("memory", {}, limits);
  ASSERT_FALSE(told.answer);
  EXPECT_EQ("sandbox.memory", told.answer.error().id);
#endif
  limits.memory_bytes = 2 * kGiB;
  EXPECT_EQ("all of it", ask("memory", {}, limits).heard);
}

TEST(Sandbox, SilenceNonsenseAndFloodsEnd) {
  Limits limits;
  limits.silence_ms_max = 300;
  Told told = ask("silence", {}, limits);
  ASSERT_FALSE(told.answer);
  EXPECT_EQ("sandbox.silent", told.answer.error().id);
  told = ask("nonsense");
  ASSERT_FALSE(told.answer);
  EXPECT_EQ("sandbox.bad_frame", told.answer.error().id);
  limits = {};
  limits.output_bytes_max = 8 * kMiB;
  told = ask("flood", {}, limits);
  ASSERT_FALSE(told.answer);
  EXPECT_EQ("sandbox.too_much", told.answer.error().id);
}

TEST(Sandbox, CpuTimeEnds) {
  Limits limits;
  limits.cpu_seconds = 1;
  const Told told = ask("silence", {}, limits);
  ASSERT_FALSE(told.answer);
  EXPECT_EQ("sandbox.died", told.answer.error().id);
}

// Programs that answer in lines; what they do is said by their name.
int run_program(const std::string& name) {
  const auto say = [](std::string_view words) {
    while (!words.empty()) {
      const ssize_t count = ::write(STDOUT_FILENO, words.data(), words.size());
      if (count <= 0) ::_exit(1);
      words.remove_prefix(static_cast<std::size_t>(count));
    }
  };
  ProgramToRun other;
  other.paths = {"/no/such/program", "/bin/cat"};
  if (name == "program.cat") return become(other);
  if (name == "program.missing") other.paths.pop_back();
  if (name == "program.missing") return become(other);
  other.paths = {"/bin/sh"};
  if (name == "program.reaches_out") {
    other.arguments = {"-c",
                       "if : > /tmp/atoll-program-test; then echo wrote; fi; if (:); then echo forked; fi; "
                       "if read line < /etc/passwd; then echo read; fi; echo ${HOME:-nothing}"};
    return become(other);
  }
  if (name == "program.memory") {
    other.arguments = {"-c", "x=0123456789; while :; do x=$x$x; done"};
    other.memory_bytes = 64 * kMiB;
    return become(other);
  }
  if (name == "program.endless_line") {
    for (;;) say(std::string(1024, 'x'));
  }
  if (name == "program.flood") {
    for (;;) say(std::string(1023, 'x') + "\n");
  }
  if (name == "program.silent") {
    for (;;) ::pause();
  }
  return 1;
}

class ProgramTest : public ::testing::Test {
 protected:
  std::unique_ptr<Program> started(const std::string& name, const AnswerLimits& limits = {},
                                   const std::atomic<bool>* stop = nullptr) {
    auto program = Program::start(machine_.machine(), {"/proc/self/exe", "worker", name}, limits, stop);
    EXPECT_TRUE(program) << program.error().message;
    return std::move(*program);
  }
  std::string error_of(const std::string& name, const AnswerLimits& limits = {},
                       const std::atomic<bool>* stop = nullptr) {
    const auto program = started(name, limits, stop);
    for (int lines = 0; lines < 1'000'000; ++lines) {
      const auto line = program->read_line();
      if (!line) return line.error().id;
    }
    return "none";
  }

 private:
  platform::PosixMachine machine_;
};

TEST_F(ProgramTest, LinesGoInAndComeOut) {
  const auto program = started("program.cat");
  for (const std::string& line : {std::string("one"), std::string(), std::string(60'000, 'x'), std::string("last")}) {
    program->begin_answer();
    ASSERT_TRUE(program->write(as_bytes(line + "\n")));
    const auto answer = program->read_line();
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(line, *answer);
  }
}

TEST_F(ProgramTest, FilesAndProcessesAreOutOfReach) {
  const auto program = started("program.reaches_out");
  std::string all;
  for (;;) {
    const auto line = program->read_line();
    if (!line) break;
    all += std::string(*line) + "\n";
  }
  // What may be read is for Landlock to say, which a kernel may lack.
  EXPECT_EQ(std::string::npos, all.find("wrote")) << all;
  EXPECT_EQ(std::string::npos, all.find("forked")) << all;
  EXPECT_NE(0, ::access("/tmp/atoll-program-test", F_OK));
}

TEST_F(ProgramTest, WhatEndsStallsOrFloodsIsAnError) {
  EXPECT_EQ("sandbox.died", error_of("program.missing"));
  EXPECT_EQ("sandbox.died", error_of("program.memory"));
  EXPECT_EQ("sandbox.too_much", error_of("program.endless_line"));
  AnswerLimits limits;
  limits.bytes_max = kMiB;
  EXPECT_EQ("sandbox.too_much", error_of("program.flood", limits));
  limits.waiting_ms_max = 300;
  EXPECT_EQ("sandbox.silent", error_of("program.silent", limits));
  // What it does not read it cannot be told.
  const auto deaf = started("program.silent", limits);
  const auto told = deaf->write(Bytes(16 * kMiB, std::uint8_t{'x'}));
  ASSERT_FALSE(told);
  EXPECT_EQ("sandbox.silent", told.error().id);
  const std::atomic<bool> stop = true;
  EXPECT_EQ("sandbox.interrupted", error_of("program.silent", limits, &stop));
}

TEST_F(ProgramTest, TheLimitsCountForEachAnswer) {
  AnswerLimits limits;
  limits.bytes_max = 100'000;
  const auto program = started("program.cat", limits);
  for (int round = 0; round < 10; ++round) {
    program->begin_answer();
    ASSERT_TRUE(program->write(as_bytes(std::string(50'000, 'x') + "\n")));
    ASSERT_TRUE(program->read_line()) << round;
  }
}

}  // namespace
}  // namespace atl::sandbox

int main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[2]).starts_with("program.")) return atl::sandbox::run_program(argv[2]);
  if (argc == 3 && std::string_view(argv[1]) == "worker") {
    atl::sandbox::Worker worker;
    worker.body = [name = std::string(argv[2])](atl::sandbox::Channel& channel) {
      return atl::sandbox::body_of(name, channel);
    };
    if (std::string_view(argv[2]) == "list") worker.readable_folders = {"/usr/share"};
    return atl::sandbox::work(worker);
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
