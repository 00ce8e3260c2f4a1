#include "services/transfer/metadata_lines.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "foundation/platform/testing/test_machine.h"

namespace atl::transfer {
namespace {

using catalog::EntryKind;

std::string odd_text(platform::SeededRandom& random) {
  static constexpr std::string_view kPieces[] = {"a", "ü", "\xff", "\n", "\"", "\\", "\x01", " ", "{", "日"};
  std::string text;
  for (auto left = random.below(6); left > 0; --left) text += kPieces[random.below(std::size(kPieces))];
  return text;
}

TEST(MetadataLines, EveryVersionComesBackWhole) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    platform::SeededRandom random(seed);
    catalog::VersionRow version;
    version.kind = static_cast<EntryKind>(1 + random.below(8));
    version.size = random.below(1ULL << 50);
    version.mode = static_cast<std::uint32_t>(random.below(010000));
    version.has_source = random.one_in(2);
    version.uid = static_cast<std::uint32_t>(random.next());
    version.gid = static_cast<std::uint32_t>(random.next());
    version.modified = {static_cast<std::int64_t>(random.below(1ULL << 40)) - (1LL << 39),
                        static_cast<std::uint32_t>(random.below(1'000'000'000))};
    version.device_number = random.below(3);
    version.link_target = odd_text(random);
    if (random.one_in(2)) version.link_group = random.bytes(16);
    if (random.one_in(2)) version.holes = {{0, 5}, {10, 1ULL << 40}};
    for (auto left = random.below(3); left > 0; --left)
      version.attributes.emplace_back("user." + std::to_string(left) + odd_text(random), random.bytes(left));
    std::ranges::sort(version.attributes);
    for (auto left = random.below(4); left > 0; --left) version.metadata["k" + odd_text(random)] = odd_text(random);
    for (auto left = random.below(4); left > 0; --left) version.tags["t" + odd_text(random)] = odd_text(random);
    version.checksums = {{"sha256", "ab"}};
    version.label = odd_text(random);
    version.author = odd_text(random);
    version.description = odd_text(random);
    version.transformation = odd_text(random);
    version.content_type = odd_text(random);
    if (random.one_in(2)) version.sources.push_back({ObjectId{{1, 2}}, VersionId{{3}}, odd_text(random)});
    const std::string key = "k" + odd_text(random);
    const std::string line = write_line(key, version, "f" + odd_text(random), "00ff");
    EXPECT_TRUE(is_utf8(line));
    EXPECT_EQ(std::string::npos, line.find('\n'));
    const auto parsed = parse_line(line);
    ASSERT_TRUE(parsed) << parsed.error().message << "\n" << line;
    EXPECT_EQ(key, parsed->path);
    EXPECT_EQ("00ff", parsed->parameter);
    EXPECT_EQ(to_hex(catalog::encode(version)), to_hex(catalog::encode(parsed->version))) << line;
    const auto sent = decode_entry(encode(*parsed));
    ASSERT_TRUE(sent) << sent.error().message;
    EXPECT_EQ(to_hex(catalog::encode(version)), to_hex(catalog::encode(sent->version)));
  }
}

TEST(MetadataLines, NonsenseIsRefused) {
  for (const char* line :
       {"", "[]", "{", "null", R"({"path":"a"})", R"({"type":"file"})", R"({"path":"a","type":"file","size":-1})",
        R"({"path":"a","type":"file","size":1e300})", R"({"path":"a","type":"file","mode":"9"})",
        R"({"path":5,"type":"file"})", R"({"path":"a","path_b64":"*","type":"file"})",
        R"({"path":"a","type":"file","tags":{"a":1}})", R"({"path":"a","type":"file","holes":[[1]]})",
        R"({"path":"a","type":"file","xattrs_b64":[["a"]]})", R"({"path":"a","type":"file","modified":"soon"})"}) {
    EXPECT_FALSE(parse_line(line)) << line;
  }
  EXPECT_FALSE(parse_line(std::string(200'000, '[')));
}

TEST(MetadataLines, SnapshotsOfRestic) {
  const std::string id(64, 'a');
  const auto snapshots =
      parse_restic_snapshots(R"([{"time":"2024-02-01T10:00:00.5+01:00","hostname":"h","id":")" + std::string(64, 'b') +
                             R"(","paths":["/x","/y"]},{"time":"2024-01-01T10:00:00Z","hostname":"h","id":")" + id +
                             R"(","tags":["t","u"]}])");
  ASSERT_TRUE(snapshots) << snapshots.error().message;
  ASSERT_EQ(2U, snapshots->size());
  EXPECT_EQ(id, snapshots->front().path);
  EXPECT_EQ("t,u", snapshots->front().version.metadata.at("restic_tags"));
  EXPECT_EQ("/x\n/y", snapshots->back().file);
  EXPECT_FALSE(parse_restic_snapshots(R"([{"time":"2024-01-01T10:00:00Z","hostname":"h","id":"--repo"}])"))
      << "an id becomes an argument";
  EXPECT_TRUE(parse_restic_snapshots("null"));
}

TEST(SafeKeys, NoNameLeadsOut) {
  const auto key = [](std::string_view path, bool is_folder = false) { return safe_key(path, is_folder, "in/").key; };
  EXPECT_EQ("in/a/b", key("a/b"));
  EXPECT_EQ("in/a/b", key("./a//b"));
  EXPECT_EQ("in/etc/passwd", key("../../etc/passwd"));
  EXPECT_EQ("in/etc/passwd", key("/etc/passwd"));
  EXPECT_EQ("in/a/", key("a/", true));
  EXPECT_EQ("in/", key("./", true));
  EXPECT_EQ("./", safe_key("./", true, "").key);
  EXPECT_EQ("", key(".."));
  EXPECT_EQ("in/a\nb", key("a\nb"));
  EXPECT_TRUE(safe_key("a/../b", false, "").was_changed);
  EXPECT_TRUE(safe_key("/a", false, "").was_changed);
  EXPECT_FALSE(safe_key("./a", false, "").was_changed);
}

}  // namespace
}  // namespace atl::transfer
