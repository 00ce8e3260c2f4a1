// The caller's side: what it believes of a worker's answer, and what is searched for text.
#include "derived/preview/preview.h"

#include <gtest/gtest.h>

#include "derived/extract/vocabulary.h"
#include "derived/preview/text_recognition.h"

namespace atl::preview {
namespace {

Bytes webp(std::size_t payload_bytes) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.put_bytes(as_bytes("RIFF"));
  out.put(static_cast<std::uint32_t>(12 + payload_bytes));
  out.put_bytes(as_bytes("WEBPVP8 "));
  out.put(static_cast<std::uint32_t>(payload_bytes));
  bytes.resize(bytes.size() + payload_bytes);
  return bytes;
}

TEST(PreviewTest, comes_back_as_it_was) {
  Preview preview;
  preview.width = 4000;
  preview.height = 3000;
  preview.small = webp(10);
  preview.large = webp(100);
  preview.grey.emplace().fill(7);
  const auto back = decode(encode(preview));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, preview);
  Preview none;
  none.trouble = "There is no preview: it is damaged.";
  EXPECT_EQ(*decode(encode(none)), none);
}

TEST(PreviewTest, bytes_that_are_no_webp_are_refused) {
  Preview preview;
  preview.small = to_bytes(as_bytes(std::string_view("<html><script>alert(1)</script></html>")));
  EXPECT_FALSE(decode(encode(preview)));
  preview.small = webp(10);
  preview.small.push_back(0);  // more than its header says
  EXPECT_FALSE(decode(encode(preview)));
}

TEST(PreviewTest, neither_a_picture_nor_a_reason_is_refused_and_both_are) {
  EXPECT_FALSE(decode(encode(Preview{})));
  Preview both;
  both.small = webp(10);
  both.trouble = "There is none.";
  EXPECT_FALSE(decode(encode(both)));
}

TEST(PreviewTest, cut_or_flipped_bytes_never_decode_to_something_else_than_a_webp) {
  Preview preview;
  preview.small = webp(10);
  const Bytes whole = encode(preview);
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_FALSE(decode(ByteView(whole).first(length))) << length;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    Bytes flipped = whole;
    flipped[at] ^= 0x40U;
    const auto back = decode(flipped);
    const bool is_picture = back && !back->small.empty();
    EXPECT_TRUE(!is_picture || as_text(back->small).starts_with("RIFF")) << at;
  }
}

extract::Extraction of(std::string format, std::vector<extract::Field> fields = {}) {
  extract::Extraction extraction;
  extraction.format = std::move(format);
  extraction.fields = std::move(fields);
  return extraction;
}

TEST(TextRecognitionTest, scans_and_pictures_that_no_camera_took_are_searched_for_text) {
  const auto documents = TextRecognition::documents;
  EXPECT_TRUE(wants_recognition(of("png"), documents));
  EXPECT_TRUE(wants_recognition(of("pdf", {{"page_count", "2"}}), documents));
  EXPECT_FALSE(wants_recognition(of("jpeg", {{"device", "Canon EOS 80D"}}), documents));
  EXPECT_TRUE(wants_recognition(of("jpeg", {{"device", "Canon EOS 80D"}}), TextRecognition::all));
  EXPECT_FALSE(wants_recognition(of("docx"), TextRecognition::all));
  EXPECT_FALSE(wants_recognition(of("png"), TextRecognition::off));
}

TEST(TextRecognitionTest, a_pdf_whose_pages_all_say_something_is_not_and_nothing_is_twice) {
  auto pdf = of("pdf", {{"page_count", "1"}});
  pdf.pieces.push_back({{extract::PlaceKind::page, 1, ""}, "words"});
  EXPECT_FALSE(wants_recognition(pdf, TextRecognition::all));
  EXPECT_FALSE(wants_recognition(of("png", {{"ocr_languages", "eng"}}), TextRecognition::all));
}

}  // namespace
}  // namespace atl::preview
