#include "foundation/platform/programs.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace atl::platform {
namespace {

TEST(Programs, GiveOutputErrorsAndExitCode) {
  const auto programs = make_posix_programs();
  ProgramCall call;
  call.words = {"sh", "-c", "cat; echo \"$WORD\"; echo bad >&2; exit 7"};
  call.input = "in\n";
  call.variables = {{"WORD", "out"}};
  call.shows_errors = false;
  const auto result = programs->run(call);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->output, "in\nout\n");
  EXPECT_EQ(result->errors, "bad\n");
  EXPECT_EQ(result->exit_code, 7);
}

TEST(Programs, LongInputAndLongOutputDoNotWaitForEachOther) {
  const auto programs = make_posix_programs();
  ProgramCall call;
  call.words = {"cat"};
  call.input.assign(3'000'000, 'x');
  call.output_bytes_max = 1'000;
  const auto result = programs->run(call);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->output.size(), 1'000U);
}

TEST(Programs, OneThatReadsNothingIsNoFailure) {
  ProgramCall call;
  call.words = {"true"};
  call.input.assign(3'000'000, 'x');
  const auto result = make_posix_programs()->run(call);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->exit_code, 0);
}

TEST(Programs, WhatIsNotThereIsToldAndASignalIsAnExitCode) {
  const auto programs = make_posix_programs();
  ProgramCall call;
  call.words = {"/no/such/program"};
  EXPECT_EQ(programs->run(call).error().id, "program.not_started");
  call.words = {"sh", "-c", "kill -9 $$"};
  EXPECT_EQ(programs->run(call)->exit_code, 137);
  EXPECT_NE(programs->own_path().find("foundation_platform_test"), std::string::npos);
}

TEST(Programs, OneThatHangsIsLeftWhenItIsToldToStop) {
  const auto programs = make_posix_programs();
  std::atomic<bool> stop = false;
  ProgramCall call;
  call.stop = &stop;
  call.words = {"sh", "-c", "echo well"};
  EXPECT_EQ(programs->run(call)->output, "well\n");
  // One that listens to nothing, as one that waits for hardware; and one that has said all, and does not end.
  for (const char* words : {"trap '' TERM; sleep 3", "exec >&- 2>&-; trap '' TERM; sleep 3"}) {
    stop = false;
    call.words = {"sh", "-c", words};
    call.shows_errors = false;
    Result<ProgramResult> result = ProgramResult{};
    std::thread asking([&] { result = programs->run(call); });
    stop = true;
    asking.join();
    ASSERT_FALSE(result) << words;
    EXPECT_EQ(result.error().id, "program.left");
  }
}

}  // namespace
}  // namespace atl::platform
