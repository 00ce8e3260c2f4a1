#include "services/transfer/takeout.h"

#include <gtest/gtest.h>

namespace atl::transfer {
namespace {

ForeignEntry words(const std::string& title, std::int64_t taken) {
  ForeignEntry entry;
  entry.parameter = title;
  entry.version.modified = {taken, 0};
  entry.version.metadata["description"] = title;
  return entry;
}

struct Case {
  const char* sidecar;
  const char* file;
  bool fits;
};

TEST(Takeout, WhichWordsBelongToWhichFile) {
  const Case cases[] = {
      {"IMG.jpg.json", "IMG.jpg", true},
      {"IMG.jpg.supplemental-metadata.json", "IMG.jpg", true},
      {"IMG.jpg.supplemental-me.json", "IMG.jpg", true},
      {"IMG_20200101_120000_something_1.jpg.supplementa.json", "IMG_20200101_120000_something_1.jpg", true},
      {"IMG.jpg(1).json", "IMG(1).jpg", true},
      {"IMG.jpg.supplemental-metadata(1).json", "IMG(1).jpg", true},
      {"IMG.jpg.json", "IMG(1).jpg", false},
      {"IMG(1).jpg.json", "IMG.jpg", false},
      {"IMG.jpg.json", "IMG-edited.jpg", true},
      {"IMG.jpg.json", "IMG-bearbeitet.jpg", true},
      {"IMG.HEIC.json", "IMG.MP4", true},
      {"IMG.jpg.json", "IMG2.jpg", false},
      {"IMG.jpg.json", "IM.jpg", false},
      {"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrst.json", "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvw.jpg",
       true},
      {"abcdefghijklmnopqrstuvwxyz.json", "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvw.jpg", false},
  };
  for (const Case& one : cases) {
    Sidecars sidecars;
    ASSERT_TRUE(sidecars.add(std::string("top/") + one.sidecar, words("t", 5)));
    EXPECT_EQ(one.fits, sidecars.find(std::string("top/") + one.file).has_value()) << one.sidecar << " " << one.file;
    EXPECT_EQ(one.fits ? 0U : 1U, sidecars.unused());
    EXPECT_FALSE(sidecars.find(std::string("other/") + one.file));
  }
}

TEST(Takeout, AnEarlierTimeIsTakenAndALaterOneIsNot) {
  catalog::VersionRow version;
  version.modified = {100, 0};
  apply_sidecar(words("t", 50), version);
  EXPECT_EQ(50, version.modified.seconds);
  apply_sidecar(words("t", 80), version);
  EXPECT_EQ(50, version.modified.seconds);
  EXPECT_EQ("t", version.metadata.at("description"));
}

TEST(Takeout, AlbumsAreNoPhotos) {
  Sidecars sidecars;
  ASSERT_TRUE(sidecars.add("a/metadata.json", words("Summer", 0)));
  EXPECT_EQ(0U, sidecars.count());
  EXPECT_EQ("Summer", sidecars.find("a/x.jpg")->version.metadata.at("album"));
}

}  // namespace
}  // namespace atl::transfer
