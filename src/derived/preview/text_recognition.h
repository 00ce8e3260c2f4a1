// Text in pictures (OCR): photographed and scanned pages, read by tesseract in the program that makes previews, locked
// in like there. Always true and thread rules: as preview.h. What is read is text like any other: an Extraction of
// pieces, whose places are pages; it is marked by the field "ocr_languages".
#pragma once

#include <span>
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

// Languages of which tesseract's data are installed: "eng", "deu"; English first, then by name.
[[nodiscard]] std::vector<std::string> installed_languages(const platform::Machine& machine);

// May hold text that was not read: a PDF with pages without text, a picture. False where it was tried already.
[[nodiscard]] bool wants_recognition(const extract::Extraction& extraction, TextRecognition which);

struct RecognitionOptions {
  std::string program;
  std::vector<std::string> languages;  // not empty
  std::uint64_t memory_bytes_max = 2 * kGiB;
  std::uint64_t cpu_seconds_per_file = 120;
  std::uint32_t files_per_worker = 50;
  const std::atomic<bool>* stop = nullptr;
};
// `extractions[i]` is what is known of source i; it comes back with what was read in addition, marked, also where
// nothing was. Errors as extract::run_batches.
[[nodiscard]] Result<void> recognise_text(const platform::Machine& machine, std::span<const extract::Source> sources,
                                          std::vector<extract::Extraction> extractions,
                                          const RecognitionOptions& options, const extract::OnDone& on_done,
                                          const extract::OnFailed& on_failed = {});

}  // namespace atl::preview
