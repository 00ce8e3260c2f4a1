// Photoshop's files, made here: each kind of pixels comes out in its colours, and damaged ones end.
#include <gtest/gtest.h>

#include <array>
#include <random>

#include "derived/extract/formats.h"
#include "derived/render/internal/draw.h"

namespace atl::render {
namespace {

std::string be(std::uint64_t value, std::size_t count) {
  std::string out;
  for (std::size_t i = count; i > 0; --i) out.push_back(static_cast<char>((value >> (8 * (i - 1))) & 0xFFU));
  return out;
}

struct Sheet {
  unsigned mode = 3;
  unsigned bits = 8;
  std::vector<std::string> planes;  // of 2 by 2 pixels, the bytes of one after the other
  bool is_packed = false;
  bool is_large = false;
  std::string palette;
};

std::string photoshop(const Sheet& sheet) {
  std::string file = "8BPS" + be(sheet.is_large ? 2 : 1, 2) + std::string(6, '\0') + be(sheet.planes.size(), 2) +
                     be(2, 4) + be(2, 4) + be(sheet.bits, 2) + be(sheet.mode, 2);
  file += be(sheet.palette.size(), 4) + sheet.palette;
  const std::string resource = "8BIM" + be(1005, 2) + be(0, 2) + be(3, 4) + std::string("abc\0", 4);
  file += be(resource.size(), 4) + resource + be(4, sheet.is_large ? 8 : 4) + "lays" + be(sheet.is_packed ? 1 : 0, 2);
  std::string lengths, rows;
  for (const std::string& plane : sheet.planes) {
    const std::size_t half = plane.size() / 2;
    for (const std::string& row : {plane.substr(0, half), plane.substr(half)}) {
      // A run that says nothing, and the bytes as they are.
      const std::string packed = "\x80" + be(row.size() - 1, 1) + row;
      lengths += be(packed.size(), sheet.is_large ? 4 : 2);
      rows += sheet.is_packed ? packed : row;
    }
  }
  return file + (sheet.is_packed ? lengths : "") + rows;
}

Result<Picture> draw(const std::string& file) {
  extract::BytesInput input(to_bytes(file));
  return draw_photoshop({input, "a.psd", extract::format_by_id("psd")});
}

using Pixel = std::array<int, 4>;
Pixel pixel_of(const Sheet& sheet, std::size_t index) {
  const auto picture = draw(photoshop(sheet));
  EXPECT_TRUE(picture) << picture.error().message;
  if (!picture || picture->pixels.size() != 16) return {};
  Pixel pixel{};
  for (std::size_t i = 0; i < 4; ++i) pixel.at(i) = picture->pixels[index * 4 + i];
  return pixel;
}

TEST(PhotoshopPicture, each_kind_of_pixels_has_its_colours) {
  const std::string none(4, '\0'), full(4, '\xFF');
  Sheet rgb{.planes = {"\x0A\x14\x1E\x28", "\x01\x02\x03\x04", "\x05\x06\x07\x08"}};
  for (const bool is_packed : {false, true}) {
    for (const bool is_large : {false, true}) {
      rgb.is_packed = is_packed;
      rgb.is_large = is_large;
      EXPECT_EQ(pixel_of(rgb, 0), (Pixel{10, 1, 5, 255}));
      EXPECT_EQ(pixel_of(rgb, 3), (Pixel{40, 4, 8, 255}));
    }
  }
  rgb.planes.push_back(none);
  EXPECT_EQ(pixel_of(rgb, 1)[3], 255) << "what is merged is opaque";
  EXPECT_EQ(pixel_of({.bits = 16, .planes = {std::string("\x0A\xFF\0\0\0\0\0\0", 8), none + none, none + none}}, 0),
            (Pixel{10, 0, 0, 255}));
  // Cyan alone: red is taken away.
  EXPECT_EQ(pixel_of({.mode = 4, .planes = {none, full, full, full}}, 0), (Pixel{0, 255, 255, 255}));
  EXPECT_EQ(pixel_of({.mode = 4, .planes = {full, full, full, none}}, 0), (Pixel{0, 0, 0, 255}));
  EXPECT_EQ(pixel_of({.mode = 1, .planes = {"\x0A\x14\x1E\x28"}}, 2), (Pixel{30, 30, 30, 255}));
  EXPECT_EQ(pixel_of({.mode = 0, .bits = 1, .planes = {std::string("\x40\0", 2)}}, 1), (Pixel{0, 0, 0, 255}));
  const std::string grey(4, '\x80');
  EXPECT_EQ(pixel_of({.mode = 9, .planes = {full, grey, grey}}, 0), (Pixel{255, 255, 255, 255}));
  const Pixel red = pixel_of({.mode = 9, .planes = {grey, full, full}}, 0);
  EXPECT_GT(red[0], 200);
  EXPECT_LT(red[2], 60);
  std::string palette(768, '\0');
  palette[7] = palette[256 + 7] = palette[512 + 7] = '\x63';
  EXPECT_EQ(pixel_of({.mode = 2, .planes = {std::string("\x07\0\0\0", 4)}, .palette = palette}, 0),
            (Pixel{99, 99, 99, 255}));
  EXPECT_EQ(pixel_of({.bits = 32,
                      .planes = {be(0x3F800000, 4) + none + none + none, std::string(16, '\0'), std::string(16, '\0')}},
                     0),
            (Pixel{255, 0, 0, 255}));
}

TEST(PhotoshopPicture, what_is_damaged_ends) {
  const std::string none(4, '\0');
  const std::string good = photoshop({.planes = {none, none, none}, .is_packed = true});
  ASSERT_TRUE(draw(good));
  for (std::size_t length = 0; length < good.size(); ++length) EXPECT_FALSE(draw(good.substr(0, length))) << length;
  std::mt19937 random(20240311);
  for (int round = 0; round < 2000; ++round) {
    std::string bad = good;
    for (int flips = 0; flips < 3; ++flips) {
      const std::size_t at = random() % bad.size();
      const bool is_of_size = at >= 14 && at < 22;  // a gigabyte of pixels is allowed, and slow
      bad[is_of_size ? at | 3U : at] = static_cast<char>(is_of_size ? random() % 5 : random());
    }
    static_cast<void>(draw(bad));
  }
}

}  // namespace
}  // namespace atl::render
