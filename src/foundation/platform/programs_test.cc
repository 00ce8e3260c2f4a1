#include "foundation/platform/programs.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace atl::platform
