// Text in pictures (OCR): photographed and scanned pages, read by tesseract in the program that makes previews, locked
// in like there. Always true and thread rules: as preview.h. What is read is text like any other: an Extraction of
// pieces, whose places are pages; it is marked by the field "ocr_languages".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "derived/extract/extraction.h"
#include "derived/extract/extractor.h"
#include "derived/preview/preview.h"

namespace atl::preview {

enum class TextRecognition : std::uint8_t {
  off,
  documents,  // pages without text, and pictures that no camera took
  all,        // photos too
};

// "off", "documents", "all".
[[nodiscard]] std::optional<TextRecognition> recognition_named(std::string_view word);

// Languages of which tesseract's data are installed: "eng", "deu"; English first, then by name.
[[nodiscard]] std::vector<std::string> installed_languages(const platform::Machine& machine);

// May hold text that was not read: a PDF with pages without text, a picture. False where it was tried already.
[[nodiscard]] bool wants_recognition(const extract::Extraction& extraction, TextRecognition which);

struct RecognitionOptions {
  std::string program;
  std::vector<std::string> languages;  // not empty
  std::uint64_t memory_bytes_max = 2 * kGiB;
  std::uint64_t cpu_seconds_per_file = 120;  // the worker itself stops earlier, and says that there is more
  const std::atomic<bool>* stop = nullptr;
};
// `known` is what was understood of the source; it comes back with what was read in addition, marked, also where
// nothing was. Errors as extract::run_batches, and that of the source's read().
[[nodiscard]] Result<extract::Extraction> recognise_text(const platform::Machine& machine,
                                                         const extract::Source& source, extract::Extraction known,
                                                         const RecognitionOptions& options);

}  // namespace atl::preview
