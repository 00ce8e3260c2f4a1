#include "vault/history/command_log.h"

#include <gtest/gtest.h>

#include "vault/testing/test_vault.h"

namespace atl::vault {
namespace {

using testing::told;

TEST(CommandLog, CommandsAreToldNewestFirstWithinTheirPrefix) {
  platform::TestMachine machine;
  ASSERT_EQ(told(testing::create_small(machine.machine())), "ok");
  const auto vault = testing::open_small(machine.machine()).value();
  for (const char* key : {"a/1", "a/2", "b/1"})
    ASSERT_EQ(told(testing::put_bytes(*vault, "photos", key, as_bytes(std::string_view(key)))), "ok");
  Objects objects(*vault);
  ASSERT_EQ(told(objects.remove({"photos", "a/1", false})), "ok");
  ASSERT_EQ(told(testing::put_bytes(*vault, "other", "a/1", {})), "ok");
  const auto bucket = objects.bucket("photos").value();
  const auto lines = [&](std::string_view prefix, Lsn up_to, std::size_t limit) {
    std::string text;
    std::size_t count = 0;
    EXPECT_EQ(told(for_each_command(*vault, bucket.id, prefix, up_to,
                                    [&](const CommandLine& line) -> Result<bool> {
                                      text += (line.removed > 0 ? "-" : "+") + line.first_key + " ";
                                      return ++count < limit;
                                    })),
              "ok");
    return text;
  };
  EXPECT_EQ(lines("", {}, 100), "-a/1 +b/1 +a/2 +a/1 ");
  EXPECT_EQ(lines("a/", {}, 100), "-a/1 +a/2 +a/1 ");
  EXPECT_EQ(lines("", {}, 2), "-a/1 +b/1 ");
  EXPECT_EQ(lines("none", {}, 100), "");
  const Lsn second = objects.find("photos", "a/2").value().version.begin;
  EXPECT_EQ(lines("", second, 100), "+a/2 +a/1 ");
}

}  // namespace
}  // namespace atl::vault
