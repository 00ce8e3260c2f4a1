// Messages about files: what is written is read, and what nobody wrote is refused.
#include "edge/remote/file_call.h"

#include <gtest/gtest.h>

#include "foundation/platform/testing/test_machine.h"

namespace atl::remote {
namespace {

using platform::NodeInfo;
using platform::NodeKind;
using platform::SeededRandom;

class Made {
 public:
  explicit Made(std::uint64_t seed) : random_(seed) {}
  std::uint64_t number() { return random_.one_in(3) ? 0 : random_.next() >> random_.below(64); }
  std::string name() {
    std::string name = "n";
    for (const std::uint8_t byte : random_.bytes(random_.below(20))) {
      if (byte != 0 && byte != '/') name.push_back(static_cast<char>(byte));
    }
    return name;
  }
  Bytes bytes() { return random_.bytes(random_.below(50)); }
  NodeInfo info() {
    NodeInfo info;
    info.kind = static_cast<NodeKind>(1 + random_.below(7));
    info.mode = static_cast<std::uint32_t>(number()) & 07777U;
    info.uid = static_cast<std::uint32_t>(number());
    info.gid = UINT32_MAX;
    info.size = number();
    info.allocated_bytes = number();
    info.modified = {static_cast<std::int64_t>(number()), 999'999'999};
    info.changed = {-static_cast<std::int64_t>(number() >> 1), 1};
    info.device = number();
    info.inode = number();
    info.link_count = number();
    info.device_number = number();
    return info;
  }
  platform::ExtendedAttributes attributes() {
    platform::ExtendedAttributes attributes;
    for (std::uint64_t i = random_.below(3); i > 0; --i) attributes.emplace_back(name(), bytes());
    return attributes;
  }
  std::vector<platform::Extent> extents() {
    std::vector<platform::Extent> extents;
    std::uint64_t at = 0;
    for (std::uint64_t i = random_.below(4); i > 0; --i) {
      at += random_.below(100);
      extents.push_back({at, 1 + random_.below(100)});
      at += extents.back().length;
    }
    return extents;
  }
  std::optional<Error> error() {
    if (random_.one_in(2)) return std::nullopt;
    return Error{static_cast<ErrorKind>(random_.below(15)), "source." + name(), name(), name(), -5};
  }
  FileFacts facts() {
    FileFacts facts;
    facts.info = info();
    facts.after = info();
    facts.attributes_error = error();
    facts.attributes = attributes();
    facts.extents = extents();
    for (std::uint64_t i = random_.below(3); i > 0; --i) {
      Piece piece;
      random_.fill(piece.id.bytes);
      piece.length = 1 + static_cast<std::uint32_t>(random_.below(kContentBytesMax));
      facts.pieces.push_back(piece);
    }
    return facts;
  }
  Listing listing() {
    Listing listing;
    for (std::uint64_t i = random_.below(3); i > 0; --i) listing.parts.push_back(name());
    listing.error = error();
    for (std::uint64_t i = random_.below(4); i > 0; --i) {
      ListedNode node;
      node.name = name();
      node.error = error();
      if (!node.error) node.info = info();
      listing.nodes.push_back(std::move(node));
    }
    return listing;
  }
  Call call() {
    Call call;
    call.kind = static_cast<CallKind>(1 + random_.below(29));
    call.place = {name(), {name(), "", name()}};
    call.names = {name(), ""};
    call.text = name();
    call.other = {name(), {}};
    call.info = info();
    call.attributes = attributes();
    call.file = number();
    call.steps = static_cast<std::uint32_t>(number());
    call.offset = number();
    call.size = number();
    call.bytes = bytes();
    call.extents = extents();
    call.ranges = {{name(), number(), number()}, {name(), number(), 0}};
    return call;
  }
  Answer answer() {
    Answer answer;
    answer.info = info();
    answer.attributes = attributes();
    answer.number = number();
    answer.text = name();
    answer.words = {name(), ""};
    answer.bytes = bytes();
    answer.listings = {listing(), listing()};
    answer.files = {facts(), facts()};
    FileFacts refused;
    refused.error = Error{ErrorKind::io, "source.unreadable", "may not", "", 13};
    answer.files.push_back(refused);
    return answer;
  }

 private:
  SeededRandom random_;
};

TEST(FileCall, WhatIsWrittenIsRead) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Made made(seed);
    const Bytes call = encode(made.call());
    const auto read_call = decode_call(call);
    ASSERT_TRUE(read_call.has_value()) << read_call.error().message;
    EXPECT_EQ(encode(*read_call), call);
    const Answer answer = made.answer();
    const auto read = decode_answer(encode(answer));
    ASSERT_TRUE(read.has_value()) << read.error().message;
    EXPECT_EQ(encode(*read), encode(answer));
    EXPECT_EQ(*read->info, *answer.info);
    EXPECT_EQ(read->files[0].after, answer.files[0].after);
    EXPECT_EQ(read->files[0].extents, answer.files[0].extents);
    EXPECT_EQ(read->files[2].error->os_error, 13);
    EXPECT_EQ(read->words, answer.words);
  }
}

TEST(FileCall, WhatIsCutShortOrTurnedIsAnErrorOrAnotherMessage) {
  Made made(7);
  const Bytes whole = encode(made.answer());
  std::size_t refused = 0;
  for (std::size_t length = 0; length < whole.size(); ++length)
    refused += decode_answer(ByteView(whole).first(length)).has_value() ? 0 : 1;
  EXPECT_GT(refused, whole.size() / 2);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    Bytes turned = whole;
    turned[at] ^= 0x55;
    ignore_error_on_purpose(decode_answer(turned));
    ignore_error_on_purpose(decode_call(turned));
  }
}

TEST(FileCall, NamesThatWouldLeadElsewhereAreRefused) {
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string("a/b"), std::string("a\0b", 3)}) {
    Answer answer;
    answer.listings.emplace_back().nodes.push_back({name, {}, {}});
    EXPECT_FALSE(decode_answer(encode(answer)).has_value()) << name;
  }
}

TEST(FileCall, ExtentsThatOverlapAndChunksOfNoLengthAreRefused) {
  const auto is_good = [](const FileFacts& facts) {
    Answer answer;
    answer.files.push_back(facts);
    return decode_answer(encode(answer)).has_value();
  };
  FileFacts facts;
  facts.extents = {{0, 10}, {10, 5}};
  EXPECT_TRUE(is_good(facts));
  facts.extents = {{0, 10}, {9, 5}};
  EXPECT_FALSE(is_good(facts));
  facts.extents = {{5, UINT64_MAX}};
  EXPECT_FALSE(is_good(facts));
  facts.extents = {{5, 0}};
  EXPECT_FALSE(is_good(facts));
  facts.extents = {};
  facts.pieces = {{{}, 0}};
  EXPECT_FALSE(is_good(facts));
  facts.pieces = {{{}, kContentBytesMax + 1}};
  EXPECT_FALSE(is_good(facts));
  facts.pieces = {{{}, kContentBytesMax}};
  EXPECT_TRUE(is_good(facts));
}

TEST(FileCall, AnswersAreTakenApart) {
  Bytes many;
  append_answer(many, 7, as_bytes("seven"));
  append_answer(many, 1ULL << 40, {});
  std::vector<std::pair<std::uint64_t, std::string>> found;
  const auto visit = [&](std::uint64_t number, ByteView answer) { found.emplace_back(number, to_string(answer)); };
  ASSERT_TRUE(for_each_answer(many, visit).has_value());
  EXPECT_EQ(found, (std::vector<std::pair<std::uint64_t, std::string>>{{7, "seven"}, {1ULL << 40, ""}}));
  many.pop_back();
  EXPECT_FALSE(for_each_answer(many, visit).has_value());
  EXPECT_TRUE(for_each_answer({}, visit).has_value());
}

}  // namespace
}  // namespace atl::remote
