#include "services/transfer/archive_progress.h"

#include <gtest/gtest.h>

namespace atl::transfer {
namespace {

TEST(ArchiveProgress, ComesBackWhateverItsKeysAre) {
  ArchiveProgress progress;
  progress.vault = "v";
  progress.bucket = "b";
  progress.prefix = "pre\xff/";
  progress.as_of = "change 7";
  progress.lsn = Lsn{7};
  progress.created = "2026-11-22T00:00:00Z";
  progress.last_key = std::string("a\n\0\xfe", 4);
  progress.tar_bytes = 1;
  progress.manifest_bytes = 2;
  progress.files = 3;
  progress.folders = 4;
  progress.links = 5;
  progress.specials = 6;
  progress.bytes = UINT64_MAX;
  progress.renamed = 8;
  const std::string text = write_progress(progress);
  const auto back = parse_progress(text);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->last_key, progress.last_key);
  EXPECT_EQ(back->prefix, progress.prefix);
  EXPECT_EQ(back->lsn, progress.lsn);
  EXPECT_EQ(back->bytes, UINT64_MAX);
  EXPECT_EQ(write_progress(*back), text);
}

TEST(ArchiveProgress, IsNotBelievedInPieces) {
  const std::string text = write_progress({});
  for (std::size_t length = 0; length + 1 < text.size(); ++length)
    EXPECT_FALSE(parse_progress(text.substr(0, length)).has_value()) << length;
  std::string later = text;
  later.replace(later.find("\"format_version\":1"), 18, "\"format_version\":2");
  EXPECT_FALSE(parse_progress(later).has_value());
  std::string odd = text;
  odd.replace(odd.find("\"last_key_hex\":\"\""), 17, "\"last_key_hex\":\"xy\"");
  EXPECT_FALSE(parse_progress(odd).has_value());
}

}  // namespace
}  // namespace atl::transfer
