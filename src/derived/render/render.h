// The worker's side of derived/preview: decodes foreign pictures, film, sound, pages and models, locked in. Only the
// program atoll-previews links it, for the libraries behind it are many.
// Always true: what needs files (fonts, tables, models of letters) is opened before the process is locked in; of files
// it can only read fonts afterwards; it starts no thread. Thread rules: a process does one of these and nothing else.
#pragma once

#include <string>

namespace atl::render {

// Both return the process's exit code.
[[nodiscard]] int run_pictures_worker();
// `languages` as tesseract takes them: "eng+deu".
[[nodiscard]] int run_text_worker(const std::string& languages);

}  // namespace atl::render
