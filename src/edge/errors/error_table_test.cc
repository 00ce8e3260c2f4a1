#include "edge/errors/error_table.h"

#include <gtest/gtest.h>

#include <set>

namespace atl::edge {
namespace {

TEST(ErrorTable, EveryKindHasOneRowAndIdsOnlyOne) {
  std::set<std::string_view> ids;
  std::set<ErrorKind> kinds;
  for (const ErrorRow& row : error_table()) {
    if (row.id.empty())
      EXPECT_TRUE(kinds.insert(row.kind).second) << row.title;
    else
      EXPECT_TRUE(ids.insert(row.id).second) << row.id;
    EXPECT_GE(row.http_status, 400U);
    EXPECT_LT(row.http_status, 600U);
    EXPECT_NE(row.exit_code, 0);
    EXPECT_FALSE(row.s3_code.empty());
  }
  for (int kind = 0; kind <= static_cast<int>(ErrorKind::failed); ++kind)
    EXPECT_TRUE(kinds.contains(static_cast<ErrorKind>(kind))) << kind;
}

TEST(ErrorTable, AnIdCountsBeforeItsKind) {
  // An object names it: whoever believed that it is not there would drop what they have of it, too.
  for (const char* lost : {"chunk.not_found", "pack.not_found", "blob.not_found"}) {
    EXPECT_EQ(row_of({ErrorKind::not_found, lost, "", ""}).exit_code, 22) << lost;
    EXPECT_EQ(row_of({ErrorKind::not_found, lost, "", ""}).http_status, 500U) << lost;
  }
  EXPECT_EQ(row_of({ErrorKind::not_found, "anything.else", "", ""}).exit_code, 20);
  EXPECT_EQ(row_of({ErrorKind::unreachable, "http.body_broken_off", "", ""}).http_status, 400U)
      << "a client that goes away is no trouble of the server's";
}

}  // namespace
}  // namespace atl::edge
