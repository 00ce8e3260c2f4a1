#include "vault/history/table_diff.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "foundation/platform/testing/test_machine.h"

namespace atl::vault {
namespace {

using Kind = RowChange::Kind;

Table table_of(std::string_view text) {
  auto table = parse_table(text);
  EXPECT_TRUE(table.has_value()) << text;
  return table ? std::move(*table) : Table{};
}

TableDifference difference(std::string_view before, std::string_view after, std::string_view row_column = {}) {
  auto found = diff_tables(table_of(before), table_of(after), row_column, 1000);
  EXPECT_TRUE(found.has_value()) << found.error().message;
  return found ? std::move(*found) : TableDifference{};
}

TEST(ParseTable, ReadsQuotesSeparatorsAndLineEnds) {
  const Table table = table_of("\xEF\xBB\xBFid;note\r\n1;\"a;b\"\r\n2;\"say \"\"hi\"\"\nthere\"\r\n3\r\n\r\n");
  EXPECT_EQ(table.columns, (std::vector<std::string>{"id", "note"}));
  EXPECT_EQ(table.rows, (std::vector<std::vector<std::string>>{{"1", "a;b"}, {"2", "say \"hi\"\nthere"}, {"3", ""}}));
  EXPECT_EQ(table_of("a\tb,c\n1\t2\n").columns, (std::vector<std::string>{"a", "b,c"}));
}

TEST(ParseTable, DoesNotGuess) {
  for (const char* text :
       {"", "just\nlines\n", "a,a\n1,2\n", "a,\n1,2\n", "a,b\n1,2,3\n", "a,b\n\"1,2\n", "a,b\n\"1\"x,2\n"})
    EXPECT_FALSE(parse_table(text).has_value()) << text;
}

TEST(DiffTables, MatchesRowsByTheFirstColumnWhereItTellsThemApart) {
  const auto found = difference("id,dose,note\n1,10,x\n2,20,y\n3,30,z\n", "id,dose,unit\n0,5,mg\n1,10,mg\n3,31,mg\n");
  EXPECT_EQ(found.row_column, "id");
  EXPECT_EQ(found.columns_added, std::vector<std::string>{"unit"});
  EXPECT_EQ(found.columns_removed, std::vector<std::string>{"note"});
  EXPECT_EQ(found.rows,
            (std::vector<RowChange>{
                {Kind::added, "0", {}}, {Kind::changed, "3", {{"dose", "30", "31"}}}, {Kind::removed, "2", {}}}));
  EXPECT_EQ(found.rows_before, 3U);
  EXPECT_EQ(found.rows_after, 3U);
  EXPECT_FALSE(found.is_compatible());
}

TEST(DiffTables, LinesUpRowsWithoutSuchAColumn) {
  const auto found =
      difference("who,what\nann,run\nann,rest\nbob,run\n", "who,what\nann,walk\nann,rest\ncy,swim\nbob,run\n");
  EXPECT_EQ(found.row_column, "");
  EXPECT_EQ(found.rows,
            (std::vector<RowChange>{{Kind::changed, "1", {{"what", "run", "walk"}}}, {Kind::added, "3", {}}}));
  EXPECT_TRUE(found.is_compatible());
}

TEST(DiffTables, ANewColumnOrAnotherOrderOfThemChangesNoRow) {
  const auto found = difference("b,a\n1,2\n1,3\n", "a,b,c\n2,1,9\n3,1,9\n");
  EXPECT_TRUE(found.rows.empty());
  EXPECT_EQ(found.columns_added, std::vector<std::string>{"c"});
  EXPECT_TRUE(found.is_compatible());
}

TEST(DiffTables, SaysWhichColumnsHoldAnotherType) {
  EXPECT_EQ(difference("id,a,b,c\n1,1,1.5,\n", "id,a,b,c\n1,x,2,7\n").types_changed,
            (std::vector<std::string>{"a", "b"}));
}

TEST(DiffTables, ANamedColumnHasToTellRowsApart) {
  const Table before = table_of("a,b\n1,1\n1,2\n");
  const auto no_column = diff_tables(before, before, "c", 10);
  ASSERT_FALSE(no_column);
  EXPECT_EQ(no_column.error().id, "diff.no_column");
  const auto not_unique = diff_tables(before, before, "a", 10);
  ASSERT_FALSE(not_unique);
  EXPECT_EQ(not_unique.error().id, "diff.not_unique");
  EXPECT_TRUE(diff_tables(before, before, "b", 10)->rows.empty());
}

TEST(DiffTables, CountsAllAndShowsTheFirst) {
  const auto found = diff_tables(table_of("id,x\n"), table_of("id,x\n1\n2\n3\n"), "", 2);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->rows_added, 3U);
  EXPECT_EQ(found->rows.size(), 2U);
  EXPECT_TRUE(found->is_cut_off);
}

// Against a plain model: two maps from key to value.
TEST(DiffTables, SaysWhatAMapWouldSay) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    platform::SeededRandom random(seed);
    const auto make = [&](std::map<std::string, std::string>& map) {
      for (std::uint64_t i = random.below(30); i > 0; --i)
        map["k" + std::to_string(random.below(40))] = std::to_string(random.below(3));
      std::string text = "key,value\n";
      for (const auto& [key, value] : map) text += key + "," + value + "\n";
      return text;
    };
    std::map<std::string, std::string> old_map;
    std::map<std::string, std::string> new_map;
    const std::string old_text = make(old_map);
    const std::string new_text = make(new_map);
    const auto found = difference(old_text, new_text);
    std::set<std::string> added;
    std::set<std::string> removed;
    std::set<std::string> changed;
    for (const RowChange& row : found.rows)
      (row.kind == Kind::added ? added : row.kind == Kind::removed ? removed : changed).insert(row.row);
    std::set<std::string> added_there;
    std::set<std::string> removed_there;
    std::set<std::string> changed_there;
    for (const auto& [key, value] : new_map) {
      if (!old_map.contains(key)) added_there.insert(key);
      if (old_map.contains(key) && old_map[key] != value) changed_there.insert(key);
    }
    for (const auto& [key, value] : old_map) {
      if (!new_map.contains(key)) removed_there.insert(key);
    }
    EXPECT_EQ(added, added_there) << seed;
    EXPECT_EQ(removed, removed_there) << seed;
    EXPECT_EQ(changed, changed_there) << seed;
  }
}

}  // namespace
}  // namespace atl::vault
