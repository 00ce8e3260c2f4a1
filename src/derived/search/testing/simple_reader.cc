#include "derived/search/testing/simple_reader.h"

#include <algorithm>
#include <array>

#include "derived/search/picture_hash.h"
#include "foundation/platform/testing/test_machine.h"

namespace atl::search::testing {

Understand simple_reader(int* reads) {
  return [reads](std::span<const extract::Source> sources, const std::atomic<bool>* /*stop*/,
                 const extract::OnDone& on_done, const extract::OnFailed& on_failed) -> Result<void> {
    for (std::size_t i = 0; i < sources.size(); ++i) {
      Bytes bytes(sources[i].size);
      const auto count = sources[i].read(0, bytes);
      if (!count) {
        ATOLL_TRY(on_failed(i, count.error()));
        continue;
      }
      if (reads != nullptr) ++*reads;
      const std::string text = to_string(bytes);
      extract::Extraction out;
      out.format = "text";
      out.media_type = "text/plain";
      if (sources[i].name.ends_with(".png")) {
        out.format = "png";
      } else if (sources[i].name.ends_with(".npy")) {
        out.format = "npy";
      } else if (text.starts_with("broken")) {
        out.trouble = "it broke its reader";
      } else if (sources[i].name.ends_with(".zip")) {
        out.format = "zip";
        for (std::size_t begin = 0; begin < text.size();) {
          const std::size_t end = std::min(text.find('\n', begin), text.size());
          const std::string line = text.substr(begin, end - begin);
          extract::Member member;
          member.path = line.substr(0, line.find(": "));
          extract::Extraction inner;
          inner.format = "text";
          inner.pieces.push_back({{}, line.substr(line.find(": ") + 2)});
          member.understood.push_back(inner);
          out.members.push_back(member);
          begin = end + 1;
        }
      } else {
        out.language = "en";
        if (text.starts_with("# ")) out.fields.push_back({"title", text.substr(2, text.find('\n') - 2)});
        out.pieces.push_back({{extract::PlaceKind::page, 1, ""}, text});
      }
      ATOLL_TRY(on_done(i, std::move(out)));
    }
    return {};
  };
}

namespace {

// Eight by eight squares of shades that go by the word.
GreyPicture squares_of(std::string_view word) {
  std::uint64_t seed = 1;
  for (const char letter : word) seed = seed * 31 + static_cast<unsigned char>(letter);
  platform::SeededRandom random(seed);
  constexpr std::size_t kSquares = 8;
  std::array<std::uint8_t, kSquares * kSquares> shades{};
  for (auto& shade : shades) shade = static_cast<std::uint8_t>(random.below(256));
  GreyPicture picture{};
  for (std::size_t i = 0; i < picture.size(); ++i) {
    const std::size_t row = i / kGreySide * kSquares / kGreySide;
    picture[i] = shades[row * kSquares + i % kGreySide * kSquares / kGreySide];
  }
  return picture;
}

Result<std::string> text_of(const extract::Source& source) {
  Bytes text(source.size);
  ATOLL_ASSIGN(const std::size_t count, source.read(0, text));
  return std::string(as_text(ByteView(text).first(count)));
}

}  // namespace

PictureReaders simple_pictures(PictureCounts* counts) {
  PictureReaders readers;
  readers.follows_previews = true;
  readers.mark = "simple";
  readers.make_previews = [counts](std::span<const extract::Source> sources, const std::atomic<bool>*,
                                   const preview::OnDone& on_done, const extract::OnFailed&) -> Result<void> {
    for (std::size_t i = 0; i < sources.size(); ++i) {
      if (counts != nullptr) ++counts->previews;
      preview::Preview made;
      if (sources[i].name.ends_with(".txt") || sources[i].name.ends_with(".png")) {
        made.width = 40;
        made.height = 30;
        made.small = to_bytes(as_bytes(std::string_view("RIFF\x0C\0\0\0WEBPVP8 \0\0\0\0", 20)));
        made.large = made.small;
        ATOLL_ASSIGN(const std::string text, text_of(sources[i]));
        if (sources[i].name.ends_with(".png")) made.grey = squares_of(text.substr(0, text.find(' ')));
      } else {
        made.trouble = "There is no preview: of its format there are none.";
      }
      ATOLL_TRY(on_done(i, std::move(made)));
    }
    return {};
  };
  readers.wants_recognition = [](const extract::Extraction& extraction) {
    return extraction.format == "png" && extract::value_of(extraction, "ocr_languages").empty();
  };
  readers.recognise = [counts](const extract::Source& source, extract::Extraction known,
                               const std::atomic<bool>*) -> Result<extract::Extraction> {
    if (counts != nullptr) ++counts->recognised;
    ATOLL_ASSIGN(std::string text, text_of(source));
    known.pieces.push_back({{}, std::move(text)});
    known.fields.push_back({"ocr_languages", "eng"});
    return known;
  };
  return readers;
}

}  // namespace atl::search::testing
