// Pages drawn out of words, covers of books and drawings of lines: in this process, without a worker.
#include <gtest/gtest.h>

#include <algorithm>

#include "derived/extract/formats.h"
#include "derived/extract/testing/samples.h"
#include "derived/render/internal/draw.h"

namespace atl::render {
namespace {

class DrawnWordsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    words_.open();
    letters_.open();
  }
  Result<Picture> draw(const std::string& name, std::string_view content) {
    extract::BytesInput input(to_bytes(as_bytes(content)));
    const ByteView head = as_bytes(content).first(std::min(content.size(), extract::kHeadBytes));
    const extract::Format& format = extract::recognise(head, name);
    const Draw drawer = draw_of(format.id);
    if (drawer == nullptr) return nothing_to_show("of its format there are none");
    return drawer({input, name, format, preview::kLargeSide, &words_, &letters_});
  }
  Picture drawn(const std::string& name, std::string_view content) {
    auto picture = draw(name, content);
    EXPECT_TRUE(picture) << name << ": " << picture.error().message;
    return picture ? std::move(*picture) : Picture{};
  }
  // Pixels that are dark, in a part of the picture: shares of its width and height.
  static std::size_t ink(const Picture& picture, double top = 0, double bottom = 1, double left = 0, double right = 1) {
    std::size_t count = 0;
    for (std::size_t y = 0; y < picture.height; ++y) {
      for (std::size_t x = 0; x < picture.width; ++x) {
        const double across = static_cast<double>(x) / picture.width;
        const double down = static_cast<double>(y) / picture.height;
        const bool is_inside = down >= top && down < bottom && across >= left && across < right;
        count += is_inside && picture.pixels[(y * picture.width + x) * 4] < 140 ? 1 : 0;
      }
    }
    return count;
  }

  extract::WordsReader words_;
  Letters letters_;
};

TEST_F(DrawnWordsTest, every_format_that_has_words_and_no_picture_of_its_own_shows_its_words) {
  std::size_t count = 0;
  for (const auto& sample : extract::testing::samples()) {
    const extract::Format& format = extract::format_by_id(sample.format);
    const bool is_of_words = format.has_preview && format.reads_text && format.group != "image" && format.id != "pdf" &&
                             format.group != "drawing";
    if (!is_of_words || sample.word.empty()) continue;
    const auto picture = draw(sample.name, sample.content);
    ASSERT_TRUE(picture) << sample.name << ": " << picture.error().message;
    EXPECT_EQ(picture->original_width, 0U) << sample.name;
    EXPECT_GT(ink(*picture), 50U) << sample.name;
    const bool is_table = format.group == "sheet" || (format.group == "database" && format.id != "sql");
    const bool is_wide = format.group == "slides" || is_table;
    EXPECT_EQ(picture->width > picture->height, is_wide) << sample.name;
    ++count;
  }
  EXPECT_GT(count, 25U);
}

TEST_F(DrawnWordsTest, what_does_not_fit_on_the_page_is_not_drawn) {
  const std::string line = "all work and no play\n";
  std::string text;
  for (int i = 0; i < 100; ++i) text += line;
  EXPECT_EQ(drawn("a.txt", text).pixels, drawn("a.txt", text + text).pixels);
  EXPECT_LT(ink(drawn("a.txt", line)), ink(drawn("a.txt", text)) / 20);
  EXPECT_EQ(ink(drawn("a.txt", line), 0.2, 1), 0U);
}

TEST_F(DrawnWordsTest, a_paragraph_is_broken_between_words_and_stays_within_its_margins) {
  std::string text = "<html><body><p>";
  for (int i = 0; i < 60; ++i) text += "quite ordinary words ";
  const Picture page = drawn("a.html", text + "</p></body></html>");
  EXPECT_GT(ink(page, 0.1, 0.3), 500U) << "it goes on in the next lines";
  EXPECT_EQ(ink(page, 0, 1, 0.92, 1), 0U);
}

TEST_F(DrawnWordsTest, a_title_is_drawn_once_and_larger_than_the_text) {
  const Picture with = drawn("a.md", "# Boilers\n\nplain words\n");
  const Picture without = drawn("a.md", "plain words\n");
  EXPECT_GT(ink(with, 0, 0.12), ink(without, 0, 0.12) * 3 / 2);
  EXPECT_EQ(ink(with, 0.25, 1), 0U) << "title, line, words: no more";
}

TEST_F(DrawnWordsTest, words_longer_than_a_line_and_letters_of_everywhere_are_drawn) {
  const std::string endless(70'000, 'x');
  EXPECT_GT(ink(drawn("a.html", "<p>" + endless + "</p>"), 0.8, 0.9), 500U);
  EXPECT_GT(ink(drawn("a.txt", endless)), 50U);
  EXPECT_GT(ink(drawn("a.html", "<p>Größe, Ελλάδα, Москва, שלום, 猫 \xF0\x9F\x90\x88 \xE2\x80\x8F</p>")), 200U);
}

TEST_F(DrawnWordsTest, what_is_written_from_the_right_begins_there) {
  const Picture hebrew = drawn("a.html", "<p>שלום עולם</p>");
  EXPECT_GT(ink(hebrew, 0, 1, 0.6, 1), 50U);
  EXPECT_EQ(ink(hebrew, 0, 1, 0, 0.5), 0U);
  const Picture mixed = drawn("a.html", "<p>English first, then עברית</p>");
  EXPECT_GT(ink(mixed, 0, 1, 0, 0.3), 50U);
  // The first word is the rightmost: it is wider than the rest.
  const Picture wide_first = drawn("a.html", "<p>" + std::string("ממממממ") + " ו</p>");
  EXPECT_GT(ink(wide_first, 0, 1, 0.85, 1), ink(wide_first, 0, 1, 0.5, 0.8));
  EXPECT_FALSE(Letters::begins_on_the_right("12 a עברית"));
  EXPECT_TRUE(Letters::begins_on_the_right("12: עברית a"));
}

TEST_F(DrawnWordsTest, letters_that_are_joined_are_not_as_wide_as_each_alone) {
  double apart = 0;
  for (const std::string_view letter : {"ب", "ب", "ب", "ب"}) apart += letters_.width_of(letter, Style::plain, 40);
  const double joined = letters_.width_of("بببب", Style::plain, 40);
  EXPECT_GT(joined, 10);
  EXPECT_LT(joined, apart * 0.8);
  // A mark stands on its letter and takes no room.
  EXPECT_NEAR(letters_.width_of("e\u0301", Style::plain, 40), letters_.width_of("e", Style::plain, 40), 1);
}

TEST_F(DrawnWordsTest, lines_of_chinese_are_broken_between_letters_and_not_before_a_full_stop) {
  std::string text;
  for (int i = 0; i < 60; ++i) text += "漢字。";
  const Picture page = drawn("a.html", "<p>" + text + "</p>");
  EXPECT_GT(ink(page, 0, 0.1, 0.7, 0.9), 50U) << "lines are filled";
  EXPECT_EQ(ink(page, 0, 1, 0.95, 1), 0U);
}

TEST_F(DrawnWordsTest, a_sheet_is_a_grid_and_numbers_stand_to_the_right) {
  const Picture table = drawn("a.csv", "item,price\n\"a pump, large\",412\npaint,8\n");
  const auto rule = [&](std::size_t x, std::size_t y) { return table.pixels[(y * table.width + x) * 4]; };
  EXPECT_LT(rule(24, 60), 255) << "the left edge";
  EXPECT_EQ(rule(1000, 60), 255) << "two columns do not fill the page";
  EXPECT_GT(ink(table), 200U);
}

TEST_F(DrawnWordsTest, what_has_no_words_has_no_picture) {
  const auto empty = draw("a.txt", " \n\t\n");
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().message, "there are no words in it");
  EXPECT_FALSE(
      draw("a.docx", extract::testing::zip_of({{"[Content_Types].xml", "<Types/>"}, {"word/document.xml", ""}})));
}

std::string base64_of(std::string_view bytes) { return to_base64(as_bytes(bytes)); }

std::string be32(std::uint32_t number) {
  std::string out;
  for (const unsigned shift : {24U, 16U, 8U, 0U}) out.push_back(static_cast<char>(number >> shift & 255U));
  return out;
}

// All red, 8 by 4; PGM's brother is not read here, so it is a BMP.
std::string red_picture() {
  std::string bmp("BM");
  const auto le32 = [](std::uint32_t number) {
    const std::string big = be32(number);
    return std::string(big.rbegin(), big.rend());
  };
  bmp += le32(54 + 96) + le32(0) + le32(54) + le32(40) + le32(8) + le32(4) + std::string("\1\0\x18\0", 4) + le32(0) +
         le32(96) + le32(0) + le32(0) + le32(0) + le32(0);
  for (int i = 0; i < 32; ++i) bmp += std::string("\0\0\xFF", 3);
  return bmp;
}

TEST_F(DrawnWordsTest, books_show_their_covers_and_where_there_is_none_their_words) {
  const auto book = [](const std::string& cover) {
    return "<?xml version=\"1.0\"?><FictionBook xmlns=\"http://www.gribuser.ru/xml/fictionbook/2.0\"><description>"
           "<title-info><book-title>Tides</book-title><coverpage><image l:href=\"#c.bmp\"/></coverpage></title-info>"
           "</description><body><section><p>It was a dark night.</p></section></body>"
           "<binary id=\"other\" content-type=\"image/png\">AAAA</binary>" +
           cover + "</FictionBook>";
  };
  const Picture cover =
      drawn("a.fb2", book("<binary content-type=\"image/bmp\" id=\"c.bmp\">" + base64_of(red_picture()) + "</binary>"));
  EXPECT_EQ(std::pair(cover.width, cover.height), std::pair(8U, 4U));
  EXPECT_EQ(cover.pixels[0], 255);
  EXPECT_EQ(drawn("a.fb2", book("<binary id=\"c.bmp\">no base 64!</binary>")).height, 1024U);
  EXPECT_GT(ink(drawn("a.fb2", book(""))), 100U);
}

TEST_F(DrawnWordsTest, a_kindle_book_shows_its_cover) {
  const auto two = [](unsigned number) { return be32(number).substr(2); };
  // Records: header, a picture that is not the cover, the cover.
  std::string head = two(1) + std::string(10, '\0') + std::string(4, '\0') + "MOBI" + be32(232 - 16);
  head.resize(108);
  head += be32(1);  // the first picture's record
  head.resize(128);
  head += be32(0x40);
  head.resize(232);
  head += "EXTH" + be32(12 + 12) + be32(1) + be32(201) + be32(12) + be32(1);
  const std::string other = "no picture";
  const std::string cover = red_picture();
  std::string file = "tides" + std::string(55, '\0') + "BOOKMOBI" + std::string(8, '\0') + two(3);
  const std::size_t begin = file.size() + std::size_t{3} * 8;
  std::size_t at = begin;
  for (const std::size_t length : {head.size(), other.size(), cover.size()}) {
    file += be32(static_cast<std::uint32_t>(at)) + std::string(4, '\0');
    at += length;
  }
  file += head + other + cover;
  const Picture picture = drawn("a.mobi", file);
  EXPECT_EQ(std::pair(picture.width, picture.height), std::pair(8U, 4U));
  for (std::size_t length = 0; length < file.size(); length += 7)
    static_cast<void>(draw("a.mobi", file.substr(0, length)));
}

std::string dxf(const std::string& blocks, const std::string& entities) {
  return "0\nSECTION\n2\nBLOCKS\n" + blocks + "0\nENDSEC\n0\nSECTION\n2\nENTITIES\n" + entities + "0\nENDSEC\n0\nEOF\n";
}

TEST_F(DrawnWordsTest, a_plan_is_drawn_with_its_blocks) {
  const std::string square =
      "0\nLWPOLYLINE\n90\n4\n70\n1\n10\n0\n20\n0\n10\n10\n20\n0\n10\n10\n20\n10\n10\n0\n20\n10\n";
  const Picture plan = drawn("a.dxf", dxf("", square));
  EXPECT_EQ(plan.width, plan.height);
  EXPECT_GT(ink(plan, 0, 0.1), 100U) << "its upper edge";
  EXPECT_EQ(ink(plan, 0.3, 0.7, 0.3, 0.7), 0U) << "nothing in the middle";
  const std::string circle = "0\nCIRCLE\n10\n5\n20\n5\n40\n1\n";
  EXPECT_GT(ink(drawn("a.dxf", dxf("", square + circle)), 0.3, 0.7, 0.3, 0.7), 100U);
  // The same circle, out of a block that lies elsewhere.
  const std::string block = "0\nBLOCK\n2\nB\n10\n100\n20\n0\n0\nCIRCLE\n10\n100\n20\n0\n40\n1\n0\nENDBLK\n";
  EXPECT_GT(ink(drawn("a.dxf", dxf(block, square + "0\nINSERT\n2\nB\n10\n5\n20\n5\n")), 0.3, 0.7, 0.3, 0.7), 100U);
}

TEST_F(DrawnWordsTest, plans_that_lie_end) {
  // A block that holds itself, twice: two to the depth, and no deeper.
  const std::string block =
      "0\nBLOCK\n2\nB\n0\nINSERT\n2\nB\n10\n1\n0\nINSERT\n2\nB\n20\n1\n0\nLINE\n11\n3\n0\nENDBLK\n";
  EXPECT_GT(ink(drawn("a.dxf", dxf(block, "0\nINSERT\n2\nB\n"))), 10U);
  EXPECT_FALSE(draw("a.dxf", dxf("", "0\nLINE\n10\nnan\n20\n0\n11\ninf\n21\n5\n0\nCIRCLE\n40\nnan\n")));
  EXPECT_FALSE(draw("a.dxf", dxf("", "0\nARC\n40\n1\n50\n1e300\n51\n-1e300\n")));
  EXPECT_FALSE(draw("a.dxf", dxf("", "")));
}

TEST_F(DrawnWordsTest, a_printers_way_is_drawn_where_it_prints) {
  // Out and back without printing: not part of it.
  const std::string start = "; made by a slicer\nG90\nM82\nG92 E0\nG0 X500 Y500\nG0 X0 Y0\n";
  const Picture printed =
      drawn("a.gcode", start + "G1 Z0.2\nG1 X10 Y0 E1\nG1 X10 Y10 E2\nG1 X0 Y10 E3\nG1 X0 Y0 E4\nG1 X5 Y5\n");
  EXPECT_EQ(printed.width, printed.height);
  EXPECT_GT(ink(printed, 0, 0.1), 100U);
  EXPECT_EQ(ink(printed, 0.3, 0.7, 0.3, 0.7), 0U);
  // A mill: what it goes at working speed counts, arcs too.
  const Picture milled = drawn("a.nc", "G21\nG90\nG0 X0 Y0\nG1 X10 Y0 F100\nG2 X10 Y0 I-5 J0\n");
  EXPECT_GT(ink(milled, 0, 0.1), 20U);
  EXPECT_FALSE(draw("a.gcode", "G1 Xnan Yinf E1\nM104 S200\n"));
  EXPECT_FALSE(draw("a.gcode", "M104 S200\n"));
}

}  // namespace
}  // namespace atl::render
