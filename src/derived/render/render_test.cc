// Pictures through the real worker, locked in, and the parts of it that read foreign bytes themselves. The test program
// is its own worker: `derived_render_test pictures`.
#include "derived/render/render.h"

#include <gtest/gtest.h>
#include <libheif/heif.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <random>

#include "derived/extract/formats.h"
#include "derived/extract/testing/samples.h"
#include "derived/preview/text_recognition.h"
#include "derived/render/internal/draw.h"
#include "derived/render/internal/exif.h"
#include "derived/render/internal/mesh.h"
#include "foundation/platform/posix_machine.h"

namespace atl::render {
namespace {

using extract::Source;

Source source_of(std::string name, const std::string& content) {
  return {std::move(name), content.size(), [&content](std::uint64_t offset, ByteSpan out) -> Result<std::size_t> {
            if (offset >= content.size()) return std::size_t{0};
            const std::size_t count = std::min(out.size(), content.size() - static_cast<std::size_t>(offset));
            std::copy_n(content.begin() + static_cast<std::ptrdiff_t>(offset), count, out.begin());
            return count;
          }};
}

using NamedContents = std::vector<std::pair<std::string, std::string>>;

std::vector<preview::Preview> previews_of(const NamedContents& contents, preview::Options options = {}) {
  platform::PosixMachine machine;
  std::vector<Source> sources;
  for (const auto& [name, content] : contents) sources.push_back(source_of(name, content));
  options.program = "/proc/self/exe";
  std::vector<preview::Preview> previews(contents.size());
  const auto made = preview::make_all(machine.machine(), sources, options,
                                      [&](std::size_t index, preview::Preview preview) -> Result<void> {
                                        previews[index] = std::move(preview);
                                        return {};
                                      });
  EXPECT_TRUE(made) << made.error().message;
  return previews;
}

preview::Preview preview_of(const std::string& name, const std::string& content) {
  return previews_of({{name, content}}).front();
}

std::string bytes_of(std::initializer_list<unsigned> numbers) {
  std::string out;
  for (const unsigned number : numbers) out.push_back(static_cast<char>(number));
  return out;
}

std::string le32(std::uint32_t number) {
  return bytes_of({number & 255U, number >> 8U & 255U, number >> 16U & 255U, number >> 24U});
}
std::string le16(std::uint32_t number) { return bytes_of({number & 255U, number >> 8U & 255U}); }

// 24 bits a pixel, upright, in one colour.
std::string bmp_of(std::uint32_t width, std::uint32_t height) {
  const std::uint32_t row = (width * 3 + 3) / 4 * 4;
  return "BM" + le32(54 + row * height) + le32(0) + le32(54) + le32(40) + le32(width) + le32(height) + le16(1) +
         le16(24) + le32(0) + le32(row * height) + le32(0) + le32(0) + le32(0) + le32(0) +
         std::string(row * height, '\x60');
}

std::string stl_of(const std::vector<std::array<float, 9>>& facets) {
  std::string out(80, '\0');
  out += le32(static_cast<std::uint32_t>(facets.size()));
  for (const auto& facet : facets) {
    out += std::string(12, '\0');
    for (const float value : facet) out += le32(std::bit_cast<std::uint32_t>(value));
    out += std::string(2, '\0');
  }
  return out;
}

// Width and height of a lossy WebP without transparency (RFC 9649, VP8 key frame header).
std::pair<unsigned, unsigned> size_of_webp(const Bytes& webp) {
  const auto begin = as_text(webp).find("\x9d\x01\x2a");
  if (begin == std::string_view::npos || begin + 7 > webp.size()) return {};
  return {load_le<std::uint16_t>(webp.data() + begin + 3) & 0x3FFFU,
          load_le<std::uint16_t>(webp.data() + begin + 5) & 0x3FFFU};
}

TEST(RenderTest, a_picture_comes_in_two_sizes_and_is_never_enlarged) {
  const auto large = preview_of("a.bmp", bmp_of(2000, 1000));
  EXPECT_EQ(large.trouble, "");
  EXPECT_EQ(std::pair(large.width, large.height), std::pair(2000U, 1000U));
  EXPECT_EQ(size_of_webp(large.small), std::pair(256U, 128U));
  EXPECT_EQ(size_of_webp(large.large), std::pair(1024U, 512U));
  const auto small = preview_of("b.bmp", bmp_of(100, 50));
  EXPECT_EQ(size_of_webp(small.small), std::pair(100U, 50U));
  EXPECT_EQ(size_of_webp(small.large), std::pair(100U, 50U));
}

TEST(RenderTest, a_picture_comes_with_a_grey_one_to_be_compared_and_a_model_does_not) {
  const auto picture = preview_of("a.bmp", bmp_of(200, 100));
  ASSERT_TRUE(picture.grey);
  for (const auto one : *picture.grey) ASSERT_EQ(one, 0x60);
  EXPECT_FALSE(preview_of("a.stl", stl_of({{0, 0, 0, 1, 0, 0, 0, 1, 0}})).grey);
  // Black to the left, seen through to the right: that is white.
  Picture half = *blank_picture(10, 90);
  for (std::size_t y = 0; y < 90; ++y)
    for (std::size_t x = 0; x < 5; ++x) half.pixels[(y * 10 + x) * 4 + 3] = 255;
  const auto grey = grey_of(half);
  EXPECT_EQ(grey[0], 0);
  EXPECT_EQ(grey[preview::kGreySide - 1], 255);
}

// Left half black, right half white. Empty where libheif was built without an encoder.
std::string heic_of(int width, int height) {
  struct Free {
    void operator()(heif_context* context) const { ::heif_context_free(context); }
    void operator()(heif_encoder* encoder) const { ::heif_encoder_release(encoder); }
    void operator()(heif_image* image) const { ::heif_image_release(image); }
  };
  const std::unique_ptr<heif_context, Free> context(::heif_context_alloc());
  heif_encoder* raw_encoder = nullptr;
  if (::heif_context_get_encoder_for_format(context.get(), heif_compression_HEVC, &raw_encoder).code != heif_error_Ok)
    return {};
  const std::unique_ptr<heif_encoder, Free> encoder(raw_encoder);
  heif_image* raw_image = nullptr;
  ::heif_image_create(width, height, heif_colorspace_RGB, heif_chroma_interleaved_RGB, &raw_image);
  const std::unique_ptr<heif_image, Free> image(raw_image);
  ::heif_image_add_plane(image.get(), heif_channel_interleaved, width, height, 24);
  int stride = 0;
  std::uint8_t* const rows = ::heif_image_get_plane(image.get(), heif_channel_interleaved, &stride);
  for (int y = 0; y < height; ++y)
    for (int i = 0; i < width * 3; ++i) rows[y * stride + i] = static_cast<std::uint8_t>(i < width * 3 / 2 ? 0 : 255);
  ::heif_context_encode_image(context.get(), image.get(), encoder.get(), nullptr, nullptr);
  std::string file;
  heif_writer writer{};
  writer.writer_api_version = 1;
  writer.write = [](heif_context*, const void* data, std::size_t size, void* out) {
    static_cast<std::string*>(out)->assign(static_cast<const char*>(data), size);
    return heif_error{heif_error_Ok, heif_suberror_Unspecified, nullptr};
  };
  ::heif_context_write(context.get(), &writer, &file);
  return file;
}

// Its decoder wants a thread, which a locked-in process does not get.
TEST(RenderTest, a_picture_of_a_telephone_is_decoded_although_no_thread_can_be_begun) {
  const std::string heic = heic_of(320, 240);
  ASSERT_FALSE(heic.empty()) << "libheif was built without an encoder of HEVC (x265)";
  const auto preview = preview_of("a.heic", heic);
  ASSERT_EQ(preview.trouble, "");
  EXPECT_EQ(std::pair(preview.width, preview.height), std::pair(320U, 240U));
  ASSERT_TRUE(preview.grey);
  EXPECT_LT(preview.grey->front(), 20);
  EXPECT_GT(preview.grey->back(), 235);
}

TEST(RenderTest, every_format_that_the_table_says_has_a_preview_can_be_drawn_and_no_other) {
  for (const auto& format : extract::formats())
    EXPECT_EQ(draw_of(format.id) != nullptr, format.has_preview) << format.id;
}

TEST(RenderTest, a_page_is_drawn_although_its_letters_are_not_in_it) {
  const auto with = preview_of("a.pdf", extract::testing::pdf_of({"mmmmmmmmmmmm mmmmmmmmm mmmmmmmmmmmm"}, "t"));
  const auto without = preview_of("b.pdf", extract::testing::pdf_of({""}, "t"));
  ASSERT_EQ(with.trouble, "");
  EXPECT_EQ(with.width, 0U);
  EXPECT_GT(with.large.size(), without.large.size() + 100) << "no fonts, or nothing of them was drawn";
}

TEST(RenderTest, a_drawing_names_files_in_vain) {
  const auto preview =
      preview_of("a.svg", R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 10"><rect width="9" )"
                          R"(height="9"/><text>words</text><image href="file:///etc/hostname" width="9"/></svg>)");
  EXPECT_EQ(preview.trouble, "");
  EXPECT_EQ(preview.width, 0U);
}

TEST(RenderTest, a_document_shows_the_picture_that_it_brings_along) {
  const std::string picture = bmp_of(60, 40);
  // Not a name of a thumbnail, and no picture in the right place.
  const auto none = preview_of("a.docx", extract::testing::zip_of({{"[Content_Types].xml", "<Types/>"},
                                                                   {"word/document.xml", "<w:document/>"}}));
  EXPECT_NE(none.trouble, "");
  const auto epub = preview_of(
      "a.epub", extract::testing::zip_of({{"mimetype", "application/epub+zip"}, {"images/cover.png", picture}}));
  EXPECT_EQ(epub.trouble, "");
  EXPECT_EQ(size_of_webp(epub.small), std::pair(60U, 40U));
}

TEST(RenderTest, a_picture_of_billions_of_pixels_is_refused_before_there_is_room_made_for_it) {
  std::string huge = bmp_of(4, 4);
  huge.replace(18, 4, le32(60'000));
  huge.replace(22, 4, le32(60'000));
  const std::string png = "\x89PNG\r\n\x1A\n" + bytes_of({0, 0, 0, 13}) + "IHDR" +
                          bytes_of({0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60, 8, 2, 0, 0, 0}) + bytes_of({0, 0, 0, 0});
  const std::string jpeg = bytes_of(
      {0xFF, 0xD8, 0xFF, 0xC0, 0, 17, 8, 0xEA, 0x60, 0xEA, 0x60, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1, 0xFF, 0xD9});
  preview::Options options;
  options.memory_bytes_max = 300 * kMiB;
  for (const auto& preview : previews_of({{"a.bmp", huge}, {"a.png", png}, {"a.jpg", jpeg}}, options)) {
    EXPECT_TRUE(preview.small.empty());
    EXPECT_TRUE(preview.trouble.starts_with("There is no preview: ")) << preview.trouble;
  }
}

TEST(RenderTest, more_memory_than_allowed_ends_one_content_and_not_those_behind_it) {
  preview::Options options;
  options.memory_bytes_max = 64 * kMiB;
  const auto previews =
      previews_of({{"a.bmp", bmp_of(100, 100)}, {"b.bmp", bmp_of(6000, 6000)}, {"c.bmp", bmp_of(9, 9)}}, options);
  EXPECT_EQ(previews[0].trouble, "");
  EXPECT_NE(previews[1].trouble, "");
  EXPECT_EQ(previews[2].trouble, "");
}

TEST(RenderTest, samples_of_every_format_whole_cut_and_flipped_give_a_picture_or_a_reason) {
  std::mt19937 random(7);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same every time
  NamedContents contents;
  for (const auto& sample : extract::testing::samples()) {
    if (!extract::format_by_id(sample.format).has_preview || sample.content.empty()) continue;
    contents.emplace_back(sample.name, sample.content);
    contents.emplace_back(sample.name, sample.content.substr(0, sample.content.size() / 2));
    std::string flipped = sample.content;
    for (int i = 0; i < 8; ++i) flipped[random() % flipped.size()] ^= static_cast<char>(1U << random() % 8);
    contents.emplace_back(sample.name, flipped);
  }
  for (const std::string& model :
       {stl_of({{0, 0, 0, 1, 0, 0, 0, 1, 0}}), std::string("ply\nformat ascii 1.0\nelement vertex ")})
    contents.emplace_back("m.ply", model);
  preview::Options options;
  options.cpu_seconds_per_file = 10;
  const auto previews = previews_of(contents, options);
  for (std::size_t i = 0; i < previews.size(); ++i)
    EXPECT_NE(previews[i].small.empty(), previews[i].trouble.empty()) << contents[i].first;
}

TEST(RenderTest, text_in_a_picture_is_read_where_its_language_is_installed) {
  platform::PosixMachine machine;
  const auto languages = preview::installed_languages(machine.machine());
  ASSERT_FALSE(languages.empty()) << "tesseract-ocr-eng is missing";
  const std::string page = extract::testing::pdf_of({"Invoice for the boiler"}, "t");
  preview::RecognitionOptions options;
  options.program = "/proc/self/exe";
  options.languages = {"eng"};
  extract::Extraction known;
  known.format = "pdf";
  // Its page says its text itself, so nothing is added; that it was tried is noted.
  const auto read = preview::recognise_text(machine.machine(), source_of("a.pdf", page), known, options);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_TRUE(read->pieces.empty());
  EXPECT_EQ(extract::value_of(*read, "ocr_languages"), "eng");
}

TEST(ExifTest, tells_how_a_picture_lies) {
  const std::string tiff =
      "II*" + bytes_of({0}) + le32(8) + le16(1) + le16(274) + le16(3) + le32(1) + le32(6) + le32(0);
  EXPECT_EQ(orientation_of(as_bytes(tiff)), 6);
  const std::string block = std::string("Exif\0\0", 6) + tiff;
  const std::string jpeg = bytes_of({0xFF, 0xD8, 0xFF, 0xE1, 0, static_cast<unsigned>(block.size() + 2)}) + block;
  EXPECT_EQ(orientation_of(as_bytes(jpeg)), 6);
  for (std::size_t length = 0; length < jpeg.size(); ++length) {
    EXPECT_LE(orientation_of(as_bytes(std::string_view(jpeg).substr(0, length))), 8) << length;
    EXPECT_LE(orientation_of(as_bytes(std::string_view(tiff).substr(0, std::min(length, tiff.size())))), 8) << length;
  }
}

TEST(PictureTest, turns_as_exif_says) {
  // Two rows of three: the numbers are reds.
  Picture stored;
  stored.width = 3;
  stored.height = 2;
  for (const std::uint8_t red : {1, 2, 3, 4, 5, 6}) stored.pixels.insert(stored.pixels.end(), {red, 0, 0, 255});
  const auto reds = [](const Picture& picture) {
    std::vector<int> out{static_cast<int>(picture.width)};
    for (std::size_t i = 0; i < picture.pixels.size(); i += 4) out.push_back(picture.pixels[i]);
    return out;
  };
  EXPECT_EQ(reds(upright(stored, 2)), (std::vector<int>{3, 3, 2, 1, 6, 5, 4}));
  EXPECT_EQ(reds(upright(stored, 3)), (std::vector<int>{3, 6, 5, 4, 3, 2, 1}));
  EXPECT_EQ(reds(upright(stored, 4)), (std::vector<int>{3, 4, 5, 6, 1, 2, 3}));
  EXPECT_EQ(reds(upright(stored, 5)), (std::vector<int>{2, 1, 4, 2, 5, 3, 6}));
  EXPECT_EQ(reds(upright(stored, 6)), (std::vector<int>{2, 4, 1, 5, 2, 6, 3}));
  EXPECT_EQ(reds(upright(stored, 7)), (std::vector<int>{2, 6, 3, 5, 2, 4, 1}));
  EXPECT_EQ(reds(upright(stored, 8)), (std::vector<int>{2, 3, 6, 2, 5, 1, 4}));
}

TEST(PictureTest, is_made_smaller_by_averages_and_what_is_transparent_does_not_count) {
  Picture picture;
  picture.width = 2;
  picture.height = 1;
  picture.pixels = {200, 0, 0, 255, 0, 0, 0, 0};
  const Picture one = scaled_to(picture, 1);
  EXPECT_EQ(one.pixels, (Bytes{200, 0, 0, 128}));
}

TEST(MeshTest, the_same_square_is_read_from_every_format) {
  const std::string obj = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nf 1/1 2/2 3 -1\n";
  const std::string ply =
      "ply\nformat ascii 1.0\nelement vertex 4\nproperty float x\nproperty float y\nproperty float z\nelement face 1\n"
      "property list uchar int vertex_indices\nend_header\n0 0 0\n1 0 0\n1 1 0\n0 1 0\n4 0 1 2 3\n";
  const std::string gltf =
      R"({"scenes":[{"nodes":[0]}],"nodes":[{"mesh":0,"translation":[0,0,0]}],"meshes":[{"primitives":[{"attributes":)"
      R"({"POSITION":0},"indices":1}]}],"accessors":[{"bufferView":0,"componentType":5126,"count":4},)"
      R"({"bufferView":1,"componentType":5121,"count":6}],"bufferViews":[{"buffer":0,"byteLength":48},)"
      R"({"buffer":0,"byteOffset":48,"byteLength":6}],"buffers":[{"uri":"data:;base64,)"
      "AAAAAAAAAAAAAAAAAACAPwAAAAAAAAAAAACAPwAAgD8AAAAAAAAAAAAAgD8AAAAAAAECAAID\"}]}";
  for (const auto& [format, text] : {std::pair("obj", obj), std::pair("ply", ply), std::pair("gltf", gltf)}) {
    const auto mesh = read_mesh(as_bytes(text), format);
    ASSERT_TRUE(mesh) << format << ": " << mesh.error().message;
    ASSERT_EQ(mesh->size(), 2U) << format;
    EXPECT_EQ((*mesh)[1].corners[2], (Point{0, 1, 0})) << format;
  }
}

TEST(MeshTest, indices_and_counts_that_lie_name_nothing) {
  EXPECT_TRUE(read_mesh(as_bytes(std::string_view("v 0 0 0\nf 1 2 3\nf 99999999999999999999 1 1\n")), "obj")->empty());
  EXPECT_TRUE(read_mesh(as_bytes(std::string_view("ply\nformat ascii 1.0\nelement nothing 18446744073709551615\n"
                                                  "element face 9223372036854775807\nproperty list uchar int "
                                                  "vertex_indices\nend_header\n200 1")),
                        "ply")
                  ->empty());
  EXPECT_TRUE(read_mesh(as_bytes(std::string(80, '\0') + le32(0xFFFFFFFF)), "stl")->empty());
  const auto circle =
      read_mesh(as_bytes(std::string_view(R"({"scenes":[{"nodes":[0]}],"nodes":[{"children":[0,0]}]})")), "gltf");
  EXPECT_TRUE(circle && circle->empty());
  const auto beside = read_mesh(as_bytes(std::string_view(R"({"buffers":[{"uri":"../secret.bin"}]})")), "gltf");
  ASSERT_FALSE(beside);
  EXPECT_EQ(beside.error().id, "preview.not_inside");
}

}  // namespace
}  // namespace atl::render

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "pictures") == 0) return atl::render::run_pictures_worker();
  if (argc == 3 && std::strcmp(argv[1], "text") == 0) return atl::render::run_text_worker(argv[2]);
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
