// Contents that are all there, with and without something behind their end, and the same cut off.
#include "derived/extract/internal/wholeness.h"

#include <gtest/gtest.h>

#include <array>

#include "derived/extract/testing/byte_order.h"
#include "derived/extract/testing/samples.h"
#include "foundation/codec/crc.h"

namespace atl::extract {
namespace {

using testing::be;
using testing::le;

std::string said_of(std::string_view format, const std::string& content) {
  BytesInput input(to_bytes(content));
  return why_not_whole(input, format_by_id(format)).value_or("");
}

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>((i * 7919 + i / 251) & 0x7FU);
  return bytes;
}

std::string png_chunk(const std::string& type, const std::string& body) {
  return be(body.size(), 4) + type + body + be(codec::crc32(as_bytes(type + body)), 4);
}
std::string png(const std::string& pixels) {
  return "\x89PNG\r\n\x1A\n" + png_chunk("IHDR", be(9, 4) + be(9, 4) + std::string("\x08\x02\0\0\0", 5)) +
         png_chunk("tEXt", "Comment") + png_chunk("IDAT", pixels) + png_chunk("IDAT", pixels) + png_chunk("IEND", "");
}

// With a small picture in its head, as cameras write it, and marks in its coded data that end nothing.
std::string jpeg(const std::string& coded) {
  const std::string small = "\xFF\xD8\xFF\xDB" + be(4, 2) + "ab\xFF\xD9";
  const std::string exif = "Exif" + small;
  return "\xFF\xD8\xFF\xE1" + be(2 + exif.size(), 2) + exif + "\xFF\xC0" + be(11, 2) + pattern(9) + "\xFF\xDA" +
         be(8, 2) + pattern(6) + coded + std::string("\xFF\x00", 2) + coded + "\xFF\xD3" + coded + "\xFF\xFF\xDA" +
         be(8, 2) + pattern(6) + coded + "\xFF\xD9";
}

std::string gif(const std::string& end) {
  const std::string blocks = le(200, 1) + pattern(200) + le(100, 1) + pattern(100) + le(0, 1);
  return "GIF89a" + le(9, 2) + le(9, 2) + le(0x80, 1) + le(0, 2) + pattern(6) + "!" + le(0xF9, 1) + le(4, 1) +
         pattern(4) + le(0, 1) + "," + pattern(8) + le(0x81, 1) + pattern(12) + le(2, 1) + blocks + end;
}

std::string bmp(bool is_old, unsigned bits) {
  const std::size_t row = (9 * bits + 31) / 32 * 4;
  if (is_old) {
    return "BM" + le(0, 4) + le(0, 4) + le(26, 4) + le(12, 4) + le(9, 2) + le(9, 2) + le(1, 2) + le(bits, 2) +
           pattern(9 * row);
  }
  return "BM" + le(0, 4) + le(0, 4) + le(54, 4) + le(40, 4) + le(9, 4) + le(0xFFFFFFF7, 4) + le(1, 2) + le(bits, 2) +
         le(0, 4) + le(0, 4) + pattern(16) + pattern(9 * row);
}

enum class Tiff : std::uint8_t { little, big, large };
// Two strips in the middle, the directory with their offsets at the end; or the other way round.
std::string tiff(Tiff kind, bool has_directory_first) {
  const bool is_large = kind == Tiff::large;
  const auto number = [&](std::uint64_t value, std::size_t bytes) {
    return kind == Tiff::big ? be(value, bytes) : le(value, bytes);
  };
  const std::size_t wide = is_large ? 8 : 4;
  const std::size_t head = is_large ? 16 : 8;
  const std::size_t directory = (is_large ? 8 : 2) + 3 * (is_large ? 20 : 12) + wide;
  const std::size_t lists = 4 * 4;  // two offsets, two lengths, of four bytes
  const std::size_t strips_at = has_directory_first ? head + directory + lists : head;
  const std::size_t directory_at = has_directory_first ? head : head + 600;
  const std::size_t lists_at = directory_at + directory;
  const auto entry = [&](unsigned tag, unsigned type, std::uint64_t count, std::uint64_t value) {
    return number(tag, 2) + number(type, 2) + number(count, wide) + number(value, wide);
  };
  // Of a large one the two numbers of four bytes fit into the entry itself.
  const auto pair = [&](std::uint64_t first, std::uint64_t second) { return number(first, 4) + number(second, 4); };
  const auto list_entry = [&](unsigned tag, std::uint64_t first, std::uint64_t second, std::size_t at) {
    return is_large ? number(tag, 2) + number(4, 2) + number(2, 8) + pair(first, second) : entry(tag, 4, 2, at);
  };
  const std::string index =
      number(3, is_large ? 8 : 2) + entry(256, 4, 1, 9) + list_entry(273, strips_at, strips_at + 300, lists_at) +
      list_entry(279, 300, 300, lists_at + 8) + number(0, wide) + pair(strips_at, strips_at + 300) + pair(300, 300);
  const std::string begin = kind == Tiff::big ? "MM" + be(42, 2) + be(directory_at, 4)
                            : is_large        ? "II" + le(43, 2) + le(8, 2) + le(0, 2) + le(directory_at, 8)
                                              : "II" + le(42, 2) + le(directory_at, 4);
  return has_directory_first ? begin + index + pattern(600) : begin + pattern(600) + index;
}

std::string riff(const std::string& kind, const std::string& body) {
  return "RIFF" + le(4 + body.size(), 4) + kind + body;
}
std::string riff_chunk(const std::string& type, const std::string& body) { return type + le(body.size(), 4) + body; }
std::string box(const std::string& type, const std::string& body) { return be(8 + body.size(), 4) + type + body; }

std::string ogg_page(const std::string& body) {
  std::string sizes;
  for (std::size_t left = body.size();; left -= 255) {
    sizes += le(std::min<std::size_t>(left, 255), 1);
    if (left < 255) break;
  }
  return "OggS" + le(0, 2) + std::string(20, '\1') + le(sizes.size(), 1) + sizes + body;
}

struct Whole {
  std::string name;
  std::string format;
  std::string content;
  // From here on nothing is told that is cut off: readers do without it.
  std::size_t needed = 0;
};

std::vector<Whole> whole_contents() {
  std::vector<Whole> all;
  const auto add = [&](const std::string& name, const std::string& format, const std::string& content,
                       std::size_t not_needed = 0) {
    all.push_back({name, format, content, content.size() - not_needed});
  };
  add("PNG", "png", png(pattern(70'000)));
  add("JPEG", "jpeg", jpeg(pattern(70'000)));
  add("GIF", "gif", gif(";"), 1);
  for (const unsigned bits : {1U, 8U, 24U, 32U}) {
    // The last row may lack what fills it up.
    add("BMP", "bmp", bmp(false, bits), bits == 1 ? 2 : bits == 8 ? 3 : bits == 24 ? 1 : 0);
    add("BMP of OS/2", "bmp", bmp(true, bits), bits == 1 ? 2 : bits == 8 ? 3 : bits == 24 ? 1 : 0);
  }
  for (const Tiff kind : {Tiff::little, Tiff::big, Tiff::large}) {
    add("TIFF, directory first", "tiff", tiff(kind, true));
    // Behind the strips of a large one only the lists that it does not use.
    add("TIFF, directory last", "tiff", tiff(kind, false), kind == Tiff::large ? 16 + 8 : 0);
  }
  add("icon", "ico", le(0, 2) + le(1, 2) + le(1, 2) + pattern(8) + le(300, 4) + le(22, 4) + pattern(300));
  add("Photoshop", "psd",
      "8BPS" + be(1, 2) + pattern(20) + be(0, 4) + be(10, 4) + pattern(10) + be(600, 4) + pattern(600));
  add("WebP", "webp", riff("WEBP", riff_chunk("VP8 ", pattern(600))));
  add("AVI", "avi", riff("AVI ", riff_chunk("LIST", pattern(600))) + riff("AVIX", riff_chunk("LIST", pattern(600))));
  add("WAVE", "wav", riff("WAVE", riff_chunk("fmt ", pattern(16)) + riff_chunk("data", pattern(600))));
  add("AIFF", "aiff", "FORM" + be(700, 4) + "AIFFCOMM" + be(18, 4) + pattern(18) + "SSND" + be(600, 4) + pattern(600));
  add("Ogg", "ogg", ogg_page(pattern(100)) + ogg_page(pattern(40'000)) + ogg_page(pattern(600)));
  add("film", "mp4", box("ftyp", "isom") + box("mdat", pattern(600)) + box("moov", pattern(600)));
  add("film in pieces", "mp4", box("styp", "msdh") + box("moof", pattern(60)) + box("mdat", pattern(600)));
  add("HEIF", "heic", box("ftyp", "heic") + box("meta", pattern(60)) + be(1, 4) + "mdat" + be(616, 8) + pattern(600));
  add("Matroska", "mkv", "\x1A\x45\xDF\xA3\x84" + pattern(4) + "\x18\x53\x80\x67\x42\x58" + pattern(600));
  add("ZIP", "zip", testing::zip_of({{"a.txt", pattern(600)}, {"b.txt", pattern(600)}}));
  // A program that finds where the list of objects is does not miss the mark behind that.
  const std::string end = "startxref\n12\n%%EOF\n";
  const std::string pdf = testing::pdf_of({"page one", "page two"}, "Title");
  add("PDF", "pdf", pdf, pdf.size() - pdf.rfind("startxref") - 9);
  const std::string first = testing::pdf_of({"page one"}, "Title") + "\n9 0 obj<<>>endobj\n" + pattern(2000);
  add("PDF that was added to", "pdf", first + end, end.size() - 9);
  std::string sqlite = "SQLite format 3" + std::string(1, '\0') + be(512, 2) + pattern(6) + be(7, 4) + be(3, 4);
  sqlite += pattern(92 - sqlite.size()) + be(7, 4);
  add("SQLite", "sqlite", sqlite + pattern(3 * 512 - sqlite.size()));
  return all;
}

TEST(Wholeness, WhatIsWholeIsTakenForWhole) {
  for (const Whole& one : whole_contents()) {
    EXPECT_EQ("", said_of(one.format, one.content)) << one.name;
    for (const std::string& more : {std::string("\n"), std::string(500, '\0'), pattern(5000), std::string("<html>\n")})
      EXPECT_EQ("", said_of(one.format, one.content + more)) << one.name << ", and " << more.size() << " bytes";
  }
}

TEST(Wholeness, WhatIsCutOffSaysSo) {
  for (const Whole& one : whole_contents()) {
    // Its head is for those who recognise it.
    std::size_t head = std::min<std::size_t>(120, one.needed / 2);
    // Between two of its parts nothing tells that there was another.
    if (one.name == "AVI") head = one.content.size() / 2 + 20;
    if (one.name == "Ogg") head = one.content.size() - 620;
    if (one.name == "PDF that was added to") head = one.content.size() - 900;
    for (std::size_t i = 0; i < 200; ++i) {
      const std::size_t length = head + (one.needed - 1 - head) * i / 199;
      EXPECT_NE("", said_of(one.format, one.content.substr(0, length)))
          << one.name << " cut to " << length << " of " << one.content.size();
    }
  }
}

TEST(Wholeness, AChangedBitOfAPngIsDamage) {
  const std::string good = png(pattern(3000));
  std::string bad = good;
  bad[good.find("IDAT") + 100] ^= 1;
  EXPECT_EQ("It is damaged: the checksum of its part \"IDAT\" is wrong.", said_of("png", bad));
  // A comment is nothing that a picture needs.
  bad = good;
  bad[good.find("tEXt") + 6] ^= 1;
  EXPECT_EQ("", said_of("png", bad));
}

TEST(Wholeness, LengthsThatNobodyFilledInAreNone) {
  const std::string sound = pattern(600);
  EXPECT_EQ("", said_of("wav", "RIFF\xFF\xFF\xFF\xFFWAVEdata\xFF\xFF\xFF\xFF" + sound));
  EXPECT_EQ("", said_of("wav", "RIFF" + le(0, 4) + "WAVEdata" + le(0, 4) + sound));
  // The outermost counts its own head, too.
  EXPECT_EQ("", said_of("wav", "RIFF" + le(620, 4) + "WAVEdata" + le(600, 4) + sound));
  EXPECT_EQ("", said_of("avi", "RIFF" + le(0, 4) + "AVI LIST" + sound));
  EXPECT_EQ("", said_of("mkv", "\x1A\x45\xDF\xA3\x84" + pattern(4) +
                                   "\x18\x53\x80\x67\x01\xFF\xFF\xFF\xFF\xFF\xFF\xFF" + sound));
  EXPECT_EQ("", said_of("mp4", box("ftyp", "isom") + box("moov", sound) + be(0, 4) + "mdat" + sound));
}

TEST(Wholeness, AFilmWithoutItsIndexCannotBePlayed) {
  EXPECT_EQ("It is cut off: the index of its pictures and sound is missing.",
            said_of("mp4", box("ftyp", "isom") + box("mdat", pattern(600))));
}

TEST(Wholeness, EndMarksThatReadersDoWithoutAreNotMissed) {
  EXPECT_EQ("", said_of("gif", gif("")));
  std::string pdf = testing::pdf_of({"page one"}, "Title");
  pdf.resize(pdf.rfind("%%EOF"));
  EXPECT_EQ("", said_of("pdf", pdf));
}

TEST(Wholeness, NothingIsSaidOfWhatDoesNotTell) {
  EXPECT_EQ("", said_of("text", "half a wor"));
  EXPECT_EQ("", said_of("odt", "<?xml version=\"1.0\"?><office:document/>")) << "the flat kind is no package";
  EXPECT_EQ("", said_of("mp3", pattern(600)));
}

// Whatever stands there, it comes to an end: parts that refer to themselves, lengths of nothing, counts of everything.
TEST(Wholeness, NonsenseComesToAnEnd) {
  const std::string around =
      "II" + le(42, 2) + le(8, 4) + le(1, 2) + le(330, 2) + le(4, 2) + le(1, 4) + le(8, 4) + le(8, 4);
  EXPECT_EQ("", said_of("tiff", around));
  EXPECT_NE("", said_of("tiff", "II" + le(42, 2) + le(8, 4) + le(65535, 2) + pattern(100)));
  EXPECT_EQ("", said_of("mp4", std::string(10'000, '\0')));
  EXPECT_EQ("", said_of("wav", "RIFF" + le(5, 4) + "WAVE" + std::string(10'000, ' ')));
  for (const std::string_view format : {"png", "jpeg", "gif", "bmp", "ico", "psd", "tiff", "webp", "avi", "wav", "aiff",
                                        "ogg", "mkv", "mp4", "heic", "zip", "pdf", "sqlite"}) {
    for (const char fill : {'\0', '\1', '\x7F', '\xFF'}) {
      const std::string said = said_of(format, std::string(100'000, fill));
      EXPECT_TRUE(said.empty() || said.ends_with(".")) << format;
    }
  }
}

}  // namespace
}  // namespace atl::extract
