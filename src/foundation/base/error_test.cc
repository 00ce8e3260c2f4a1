#include "foundation/base/error.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace atl {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return fail(ErrorKind::usage, "number.odd", "odd", "Give an even one.", 7);
  return number / 2;
}
Result<int> quarter(int number) {
  ATOLL_ASSIGN(const int once, half(number));
  ATOLL_ASSIGN(const int twice, half(once));
  return twice;
}
Result<void> check_even(int number) {
  ATOLL_TRY(half(number));
  return {};
}

TEST(Error, GoesUpThroughTheMacrosWhole) {
  EXPECT_EQ(quarter(12).value(), 3);
  const auto failed = quarter(6);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, ErrorKind::usage);
  EXPECT_EQ(failed.error().id, "number.odd");
  EXPECT_EQ(failed.error().hint, "Give an even one.");
  EXPECT_EQ(failed.error().os_error, 7);
  EXPECT_TRUE(check_even(2));
  EXPECT_FALSE(check_even(3));
}

TEST(Error, KeepsKindIdAndHintWhenContextIsAdded) {
  auto failed = half(1);
  const Error error = std::move(failed).error().with_context("reading the number");
  EXPECT_EQ(error.message, "reading the number: odd");
  EXPECT_EQ(error.kind, ErrorKind::usage);
  EXPECT_EQ(error.id, "number.odd");
  EXPECT_EQ(error.hint, "Give an even one.");
}

TEST(Error, HasADistinctNameForEachKind) {
  std::set<std::string_view> names;
  for (int kind = 0; kind <= static_cast<int>(ErrorKind::failed); ++kind)
    names.insert(name_of(static_cast<ErrorKind>(kind)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(ErrorKind::failed) + 1);
  EXPECT_EQ(name_of(ErrorKind::damaged), "damaged");
}

TEST(InvariantDeathTest, StopsTheProgramAndSaysWhy) {
  EXPECT_DEATH(ATOLL_INVARIANT(1 == 2, "numbers differ"), "internal error at .*error_test.cc:.*numbers differ");
  ATOLL_INVARIANT(1 == 1, "holds");
}

}  // namespace
}  // namespace atl
