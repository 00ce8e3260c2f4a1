#include "catalog/sqlite_table.h"

#include <gtest/gtest.h>

namespace atl::catalog {
namespace {

TEST(SqliteTableTest, IsADatabaseFileWithTheRows) {
  const auto file = sqlite_table("documents", {"document INTEGER PRIMARY KEY", "key TEXT"}, [](const auto& add) {
    return add({std::int64_t{7}, std::string("it's a \"key\"")});
  });
  ASSERT_TRUE(file) << file.error().message;
  const std::string text = to_string(*file);
  EXPECT_TRUE(text.starts_with("SQLite format 3"));
  EXPECT_NE(text.find("it's a \"key\""), std::string::npos);
}

TEST(SqliteTableTest, TellsWhatIsWrong) {
  EXPECT_EQ(sqlite_table("t", {"a INTEGER PRIMARY KEY"},
                         [](const auto& add) -> Result<void> {
                           ATOLL_TRY(add({std::int64_t{1}}));
                           return add({std::int64_t{1}});
                         })
                .error()
                .id,
            "sqlite.failed");
  EXPECT_EQ(sqlite_table("t", {"a"},
                         [](const auto&) -> Result<void> {
                           return fail(ErrorKind::io, "own.error", "of whoever gives the rows");
                         })
                .error()
                .id,
            "own.error");
}

}  // namespace
}  // namespace atl::catalog
