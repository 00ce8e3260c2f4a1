// What both workers do before they are locked in.
#pragma once

#include <string>
#include <vector>

namespace atl::render {

// Character sets, lists of fonts; libraries are told to start no threads and to say nothing.
void prepare_drawing();
// still_picture.cc, page.cc
void prepare_stills();
void prepare_pages();
// Whose files may be read while locked in: letters of documents that bring none along.
[[nodiscard]] std::vector<std::string> font_folders();

}  // namespace atl::render
