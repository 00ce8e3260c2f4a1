#include "foundation/platform/program_stream.h"

#include <gtest/gtest.h>

namespace atl::platform {
namespace {

Result<std::string> said_by(const std::vector<std::string>& words, const std::atomic<bool>* stop = nullptr) {
  const auto programs = make_posix_program_streams();
  ATOLL_ASSIGN(const auto program, programs->start(words, stop));
  std::string all;
  Bytes piece(1000);
  for (;;) {
    ATOLL_ASSIGN(const std::size_t count, program->read(piece));
    if (count == 0) break;
    all += as_text(ByteView(piece).first(count));
  }
  ATOLL_TRY(program->finish());
  return all;
}

TEST(ProgramStream, OutputComesWholeAndWordsOfErrorsDoNotBlockIt) {
  const auto said =
      said_by({"sh", "-c", "i=0; while [ $i -lt 3000 ]; do echo line $i; echo noise $i >&2; i=$((i+1)); done"});
  ASSERT_TRUE(said) << said.error().message;
  EXPECT_TRUE(said->starts_with("line 0\nline 1\n"));
  EXPECT_TRUE(said->ends_with("line 2999\n"));
}

TEST(ProgramStream, FailuresSayWhatTheProgramSaid) {
  const auto failed = said_by({"sh", "-c", "echo the disk is gone >&2; exit 4"});
  ASSERT_FALSE(failed);
  EXPECT_EQ("program.failed", failed.error().id);
  EXPECT_NE(std::string::npos, failed.error().message.find("ended with 4: the disk is gone"));
  const auto missing = said_by({"no-such-program-anywhere"});
  ASSERT_FALSE(missing);
  EXPECT_EQ("program.missing", missing.error().id);
}

TEST(ProgramStream, AStopEndsTheWaiting) {
  const std::atomic<bool> stop = true;
  const auto stopped = said_by({"sleep", "600"}, &stop);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(ErrorKind::interrupted, stopped.error().kind);
}

}  // namespace
}  // namespace atl::platform
