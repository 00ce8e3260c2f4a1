// Text in pictures and scanned pages, by tesseract's recogniser of lines (LSTM).
#include <poppler/cpp/poppler-page.h>
#include <tesseract/baseapi.h>
#include <tesseract/ocrclass.h>

#include <ctime>
#include <memory>

#include "derived/extract/extraction.h"
#include "derived/render/internal/draw.h"
#include "derived/render/internal/page.h"
#include "derived/render/internal/prepare.h"
#include "derived/render/render.h"

namespace atl::render {
namespace {

constexpr std::uint32_t kSide = 2400;   // of a picture of a page: about 200 dots an inch of A4
constexpr std::uint32_t kSideMin = 48;  // smaller ones hold no line of text
constexpr int kPageMsMax = 30'000;
constexpr int kPagesMax = 200;            // of one document
constexpr std::clock_t kSecondsMax = 60;  // of one document, of the processor's time
constexpr std::size_t kTextBytesMax = 4 * kMiB;
constexpr float kConfidenceMin = 60;  // of 100: below, lines in photos that are no text

class TextReader {
 public:
  void open(const std::string& languages) {
    is_open_ = tesseract_.Init(nullptr, languages.c_str(), tesseract::OEM_LSTM_ONLY) == 0;
    if (is_open_) tesseract_.SetPageSegMode(tesseract::PSM_AUTO);
  }

  // What stands in it, line by line; empty where there is nothing that is surely text.
  Result<std::string> read(const Picture& picture) {
    if (!is_open_) {
      return fail(ErrorKind::unsupported, "preview.no_language", "the data of its language are not installed",
                  "apt-get install tesseract-ocr-eng");
    }
    if (std::min(picture.width, picture.height) < kSideMin) return std::string();
    const Bytes grey = grey_of(picture);
    tesseract_.SetImage(grey.data(), static_cast<int>(picture.width), static_cast<int>(picture.height), 1,
                        static_cast<int>(picture.width));
    tesseract_.SetSourceResolution(200);
    tesseract::ETEXT_DESC monitor;
    monitor.set_deadline_msecs(kPageMsMax);
    std::string text;
    if (tesseract_.Recognize(&monitor) == 0) text = lines();
    tesseract_.Clear();
    return text;
  }

 private:
  static Bytes grey_of(const Picture& picture) {
    Bytes grey(static_cast<std::size_t>(picture.width) * picture.height);
    for (std::size_t i = 0; i < grey.size(); ++i) {
      const std::uint8_t* const pixel = picture.pixels.data() + i * 4;
      const unsigned value = (pixel[0] * 77U + pixel[1] * 151U + pixel[2] * 28U) / 256;  // BT.601
      // What is transparent is seen on paper.
      grey[i] = static_cast<std::uint8_t>((value * pixel[3] + 255U * (255U - pixel[3])) / 255);
    }
    return grey;
  }

  std::string lines() {
    const std::unique_ptr<tesseract::ResultIterator> words(tesseract_.GetIterator());
    std::string text;
    if (!words) return text;
    do {
      const std::unique_ptr<const char[]> word(words->GetUTF8Text(tesseract::RIL_WORD));  // NOLINT(*-avoid-c-arrays)
      if (!word || words->Confidence(tesseract::RIL_WORD) < kConfidenceMin) continue;
      const bool begins_line = words->IsAtBeginningOf(tesseract::RIL_TEXTLINE);
      if (!text.empty()) text += begins_line ? '\n' : ' ';
      text += word.get();
    } while (words->Next(tesseract::RIL_WORD) && text.size() < kTextBytesMax);
    return text;
  }

  tesseract::TessBaseAPI tesseract_;
  bool is_open_ = false;
};

void add_piece(extract::Extraction& out, extract::Place place, std::string text) {
  if (text.find_first_not_of(" \t\n") != std::string::npos) out.pieces.push_back({std::move(place), std::move(text)});
}

Result<void> read_document(extract::Input& input, TextReader& reader, extract::Extraction& out) {
  ATOLL_ASSIGN(const Bytes file, input.whole(kWholeBytesMax));
  ATOLL_ASSIGN(const auto document, open_document(file));
  int pages_read = 0;
  const std::clock_t begun = std::clock();
  for (int i = 0; i < document->pages(); ++i) {
    const std::unique_ptr<poppler::page> page(document->create_page(i));
    if (!page || !page->text().empty()) continue;  // what it says itself is known
    if (++pages_read > kPagesMax || (std::clock() - begun) / CLOCKS_PER_SEC > kSecondsMax) {
      out.is_truncated = true;
      break;
    }
    const auto picture = draw_page_of(*document, i, kSide);
    if (!picture) continue;
    ATOLL_ASSIGN(std::string text, reader.read(*picture));
    add_piece(out, {extract::PlaceKind::page, static_cast<std::uint64_t>(i) + 1, ""}, std::move(text));
  }
  return {};
}

Result<void> read_content(const Drawing& drawing, TextReader& reader, extract::Extraction& out) {
  if (drawing.format.id == "pdf") return read_document(drawing.input, reader, out);
  const Draw draw = draw_of(drawing.format.id);
  if (draw == nullptr) return {};
  ATOLL_ASSIGN(const Picture picture, draw(drawing));
  ATOLL_ASSIGN(std::string text, reader.read(scaled_to(picture, drawing.side)));
  add_piece(out, {}, std::move(text));
  return {};
}

Result<void> read_batch(sandbox::Channel& channel, TextReader& texts) {
  extract::BatchReader reader;
  reader.begin = [](ByteView) -> Result<void> { return {}; };
  reader.read = [&](extract::Input& input, std::string_view name, const extract::SayBegun& begun) -> Result<Bytes> {
    ATOLL_ASSIGN(const Bytes head, input.part(0, extract::kHeadBytes));
    const extract::Format& format = extract::recognise(head, name);
    ATOLL_TRY(begun(format.id));
    extract::Extraction out;
    out.format = std::string(format.id);
    out.media_type = std::string(format.media_type);
    try {
      const auto read = read_content({input, name, format, kSide}, texts, out);
      if (!read) out.trouble = "Its text could not be recognised: " + read.error().message + ".";
    } catch (const std::exception&) {
      out.trouble = "Its text could not be recognised: it is damaged.";
    }
    return encode(out);
  };
  return extract::serve_batch(channel, reader);
}

}  // namespace

int run_text_worker(const std::string& languages) {
  const auto texts = std::make_shared<TextReader>();
  sandbox::Worker worker;
  worker.prepare = [texts, languages] {
    prepare_drawing();
    texts->open(languages);
  };
  worker.body = [texts](sandbox::Channel& channel) { return read_batch(channel, *texts); };
  worker.readable_folders = font_folders();
  return sandbox::work(worker);
}

}  // namespace atl::render
