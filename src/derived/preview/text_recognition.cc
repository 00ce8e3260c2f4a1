#include "derived/preview/text_recognition.h"

#include <algorithm>
#include <array>

#include "derived/extract/formats.h"
#include "derived/extract/vocabulary.h"

namespace atl::preview {
namespace {

constexpr std::array<std::string_view, 2> kDataFolders{"/usr/share/tesseract-ocr/5/tessdata", "/usr/share/tessdata"};
constexpr std::string_view kDataEnding = ".traineddata";
constexpr std::string_view kFirstLanguage = "eng";

std::string joined(const std::vector<std::string>& languages) {
  std::string text;
  for (const std::string& language : languages) text += (text.empty() ? "" : "+") + language;
  return text;
}

}  // namespace

std::optional<TextRecognition> recognition_named(std::string_view word) {
  if (word == "off") return TextRecognition::off;
  if (word == "documents") return TextRecognition::documents;
  if (word == "all") return TextRecognition::all;
  return std::nullopt;
}

std::vector<std::string> installed_languages(const platform::Machine& machine) {
  std::vector<std::string> languages;
  for (const std::string_view folder : kDataFolders) {
    const auto entries = machine.files.list(std::string(folder));
    if (!entries) continue;
    for (const auto& entry : *entries) {
      const std::string_view name = entry.name;
      // "osd" knows how a page lies, not what it says.
      if (!name.ends_with(kDataEnding) || name == "osd.traineddata") continue;
      languages.emplace_back(name.substr(0, name.size() - kDataEnding.size()));
    }
    break;
  }
  std::ranges::sort(languages, [](const std::string& a, const std::string& b) {
    return std::pair(a != kFirstLanguage, a) < std::pair(b != kFirstLanguage, b);
  });
  return languages;
}

bool wants_recognition(const extract::Extraction& extraction, TextRecognition which) {
  if (which == TextRecognition::off || !extract::value_of(extraction, extract::field::kOcrLanguages).empty())
    return false;
  if (extraction.format == "pdf") {
    // Pages that say nothing have no piece. One that cannot be opened has no pages.
    const std::string_view pages = extract::value_of(extraction, extract::field::kPageCount);
    return !pages.empty() && pages != "0" && std::to_string(extraction.pieces.size()) != pages;
  }
  constexpr std::array<std::string_view, 10> kPictures{"jpeg", "png",  "gif",  "bmp",  "tiff",
                                                       "webp", "heic", "heif", "avif", "jp2"};
  if (std::ranges::find(kPictures, extraction.format) == kPictures.end()) return false;
  return which == TextRecognition::all || extract::value_of(extraction, extract::field::kDevice).empty();
}

Result<extract::Extraction> recognise_text(const platform::Machine& machine, const extract::Source& source,
                                           extract::Extraction known, const RecognitionOptions& options) {
  extract::BatchOptions batches;
  batches.worker_command = {options.program, "text", joined(options.languages)};
  batches.memory_bytes_max = options.memory_bytes_max;
  batches.cpu_seconds_per_file = options.cpu_seconds_per_file;
  batches.stop = options.stop;
  extract::BatchAnswers answers;
  answers.on_answer = [&](std::size_t, ByteView answer) -> Result<bool> {
    auto read = extract::decode(answer);
    if (!read) return false;
    std::ranges::move(read->pieces, std::back_inserter(known.pieces));
    std::ranges::stable_sort(known.pieces, {}, [](const extract::Piece& piece) { return piece.place.number; });
    if (known.language.empty()) known.language = read->language;
    known.is_truncated = known.is_truncated || read->is_truncated;
    return true;
  };
  // What was understood without is still so; it is not tried again before the content changes.
  answers.on_broken = [](std::size_t, const std::string& begun, const Error& why) -> Result<void> {
    if (begun.empty()) return not_started(why);
    return {};
  };
  ATOLL_TRY(extract::run_batches(machine, std::span(&source, 1), batches, answers));
  known.fields.push_back({std::string(extract::field::kOcrLanguages), joined(options.languages)});
  return known;
}

}  // namespace atl::preview
