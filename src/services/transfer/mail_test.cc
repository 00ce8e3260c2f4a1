#include "services/transfer/mail.h"

#include <gtest/gtest.h>

namespace atl::transfer {
namespace {

struct Message {
  ForeignEntry entry;
  std::string content, hashed;
};

std::vector<Message> split(const std::string& box, std::size_t step, bool is_mbox = true) {
  std::vector<Message> messages;
  bool is_open = false;
  CharacterSets sets;
  sets.open_all();
  MailSplitter splitter(sets,
                        {[&](const ForeignEntry& entry) -> Result<void> {
                           EXPECT_FALSE(is_open);
                           is_open = true;
                           messages.push_back({entry, "", ""});
                           return {};
                         },
                         [&](ByteView bytes, bool is_aside) -> Result<void> {
                           messages.back().content += as_text(bytes);
                           if (!is_aside) messages.back().hashed += as_text(bytes);
                           return {};
                         },
                         [&]() -> Result<void> {
                           EXPECT_TRUE(is_open);
                           is_open = false;
                           return {};
                         },
                         [](const std::string&) -> Result<void> { return {}; }},
                        is_mbox);
  for (std::size_t at = 0; at < box.size(); at += step)
    EXPECT_TRUE(splitter.take(as_bytes(std::string_view(box).substr(at, step))));
  EXPECT_TRUE(splitter.finish());
  EXPECT_FALSE(is_open);
  return messages;
}

constexpr const char* kBox =
    "From a@b Mon Jan  1 10:00:00 2024\nSubject: one\nStatus: RO\nDate: Mon, 1 Jan 2024 10:00:00 +0100\n\n"
    "body\n>From the start\n>>From twice\n\nFrom here no date\n\n"
    "From c@d Tue Jan  2 10:00:00 2024\nSubject: two\n\n\n"
    "From e@f Wed Jan  3 10:00:00 2024\nSubject: three\n\nlast\n";

TEST(Mail, AMailboxIsSplitAtItsSeparatorsWhateverThePieces) {
  for (const std::size_t step : {1U, 2U, 7U, 64U, 100'000U}) {
    const auto messages = split(kBox, step);
    ASSERT_EQ(3U, messages.size()) << step;
    EXPECT_EQ(
        "Subject: one\nStatus: RO\nDate: Mon, 1 Jan 2024 10:00:00 +0100\n\nbody\nFrom the start\n>From twice\n\n"
        "From here no date\n",
        messages[0].content);
    EXPECT_EQ(std::string::npos, messages[0].hashed.find("Status"));
    EXPECT_EQ("2024/01/2024-01-01-one-", messages[0].entry.path);
    EXPECT_EQ("Subject: two\n\n", messages[1].content);
    EXPECT_EQ("2024/01/2024-01-02-two-", messages[1].entry.path) << "the separator's date where there is no other";
    EXPECT_EQ("Subject: three\n\nlast\n", messages[2].content);
  }
}

TEST(Mail, AMessageAloneIsTakenAsItIs) {
  const std::string text = "Subject: x\r\nStatus: RO\r\n\r\nFrom a Mon Jan  1 10:00:00 2024\r\n>From\r\n";
  const auto messages = split(text, 3, false);
  ASSERT_EQ(1U, messages.size());
  EXPECT_EQ(text, messages[0].content);
  EXPECT_EQ(text, messages[0].hashed);
  EXPECT_EQ("undated/x-", messages[0].entry.path);
}

TEST(Mail, LongLinesAndHeadersStayWholeInBoundedMemory) {
  std::string box = "From a Mon Jan  1 10:00:00 2024\nSubject: long\n";
  for (int i = 0; i < 20'000; ++i) box += "X-Filler: some words to make it long\n";
  const std::string line(3 * kMiB, 'x');
  box += "\n" + line + "\nFrom b Mon Jan  1 10:00:00 2024\n";
  const auto messages = split(box, 5000);
  ASSERT_EQ(1U, messages.size());
  EXPECT_EQ(box.substr(box.find('\n') + 1), messages[0].content);
}

TEST(Mail, Slugs) {
  EXPECT_EQ("re-boiler-invoice-2019", slug("Re: Boiler invoice (2019)!"));
  EXPECT_EQ("no-subject", slug("?!"));
  EXPECT_EQ("no-subject", slug("../"));
  EXPECT_TRUE(is_utf8(slug("ääääääääääääääääääääääääääääääääääääääääääää")));
  EXPECT_LE(slug(std::string(500, 'a')).size(), 60U);
}

}  // namespace
}  // namespace atl::transfer
