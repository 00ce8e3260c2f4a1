// One content after the other: recognised, drawn, made small in two sizes.
#include <algorithm>
#include <array>
#include <clocale>
#include <memory>

#include "derived/preview/preview.h"
#include "derived/render/internal/draw.h"
#include "derived/render/internal/prepare.h"
#include "derived/render/render.h"

namespace atl::render {
namespace {

struct Drawer {
  std::string_view format_id;
  Draw draw;
};
constexpr std::array kDrawers{
    Drawer{"jpeg", draw_still},    Drawer{"png", draw_still},    Drawer{"gif", draw_still},
    Drawer{"bmp", draw_still},     Drawer{"tiff", draw_still},   Drawer{"webp", draw_still},
    Drawer{"psd", draw_photoshop}, Drawer{"jp2", draw_still},    Drawer{"jxl", draw_still},
    Drawer{"svg", draw_still},     Drawer{"ico", draw_icon},     Drawer{"heic", draw_heif},
    Drawer{"heif", draw_heif},     Drawer{"avif", draw_heif},    Drawer{"cr2", draw_raw},
    Drawer{"cr3", draw_raw},       Drawer{"nef", draw_raw},      Drawer{"arw", draw_raw},
    Drawer{"dng", draw_raw},       Drawer{"orf", draw_raw},      Drawer{"rw2", draw_raw},
    Drawer{"raf", draw_raw},       Drawer{"pef", draw_raw},      Drawer{"raw", draw_raw},
    Drawer{"mp4", draw_film},      Drawer{"mov", draw_film},     Drawer{"3gp", draw_film},
    Drawer{"avi", draw_film},      Drawer{"wmv", draw_film},     Drawer{"flv", draw_film},
    Drawer{"mkv", draw_film},      Drawer{"webm", draw_film},    Drawer{"mpegts", draw_film},
    Drawer{"mpeg", draw_film},     Drawer{"ogv", draw_film},     Drawer{"mp3", draw_sound},
    Drawer{"wav", draw_sound},     Drawer{"aac", draw_sound},    Drawer{"flac", draw_sound},
    Drawer{"ogg", draw_sound},     Drawer{"m4a", draw_sound},    Drawer{"wma", draw_sound},
    Drawer{"aiff", draw_sound},    Drawer{"ape", draw_sound},    Drawer{"amr", draw_sound},
    Drawer{"pdf", draw_page},      Drawer{"docx", draw_package}, Drawer{"odt", draw_package},
    Drawer{"epub", draw_package},  Drawer{"xlsx", draw_package}, Drawer{"ods", draw_package},
    Drawer{"pptx", draw_package},  Drawer{"odp", draw_package},  Drawer{"odg", draw_package},
    Drawer{"zip", draw_package},   Drawer{"3mf", draw_package},  Drawer{"stl", draw_model},
    Drawer{"obj", draw_model},     Drawer{"ply", draw_model},    Drawer{"gltf", draw_model},
    Drawer{"glb", draw_model},     Drawer{"mobi", draw_book},    Drawer{"fb2", draw_book},
    Drawer{"dxf", draw_lines},     Drawer{"gcode", draw_lines},
};

Result<preview::Preview> preview_of(const Drawing& drawing) {
  const Draw draw = draw_of(drawing.format.id);
  if (draw == nullptr) return nothing_to_show("of its format there are none");
  ATOLL_ASSIGN(const Picture picture, draw(drawing));
  const Picture large = scaled_to(picture, preview::kLargeSide);
  preview::Preview preview;
  preview.width = picture.original_width;
  preview.height = picture.original_height;
  ATOLL_ASSIGN(preview.large, webp_of(large));
  const Picture small = scaled_to(large, preview::kSmallSide);
  ATOLL_ASSIGN(preview.small, webp_of(small));
  if (drawing.format.group == "image") preview.grey = grey_of(small);
  return preview;
}

// Libraries may throw; what they throw is about this content alone.
preview::Preview preview_or_trouble(const Drawing& drawing) {
  preview::Preview without;
  try {
    auto preview = preview_of(drawing);
    if (preview) return std::move(*preview);
    without.trouble = "There is no preview: " + preview.error().message + ".";
  } catch (const std::bad_alloc&) {
    without.trouble = "There is no preview: it needs more memory than it may have.";
  } catch (const std::exception&) {
    without.trouble = "There is no preview: it is damaged.";
  }
  return without;
}

// What outlives one content.
struct Desk {
  extract::WordsReader words;
  Letters letters;
};

Result<void> draw_batch(sandbox::Channel& channel, Desk& desk) {
  extract::BatchReader reader;
  reader.begin = [](ByteView) -> Result<void> { return {}; };
  reader.read = [&](extract::Input& input, std::string_view name, const extract::SayBegun& begun) -> Result<Bytes> {
    ATOLL_ASSIGN(const Bytes head, input.part(0, extract::kHeadBytes));
    const extract::Format& format = extract::recognise(head, name);
    ATOLL_TRY(begun(format.id));
    return encode(preview_or_trouble({input, name, format, preview::kLargeSide, &desk.words, &desk.letters}));
  };
  return extract::serve_batch(channel, reader);
}

}  // namespace

Draw draw_of(std::string_view format_id) {
  const auto* const found = std::ranges::find(kDrawers, format_id, &Drawer::format_id);
  if (found != kDrawers.end()) return found->draw;
  const extract::Format& format = extract::format_by_id(format_id);
  return format.has_preview && format.reads_text ? draw_words : nullptr;
}

std::vector<std::string> font_folders() {
  return {"/usr/share/fonts", "/usr/local/share/fonts", "/usr/share/poppler", "/usr/share/fontconfig",
          "/etc/fonts",       "/var/cache/fontconfig"};
}

void prepare_drawing() {
  // Names in archives are UTF-8 or plain bytes; the C locale would lose them.
  ignore_error_on_purpose(Result<bool>(std::setlocale(LC_CTYPE, "C.UTF-8") != nullptr));
  prepare_pages();
  prepare_stills();
}

int run_pictures_worker() {
  const auto desk = std::make_shared<Desk>();
  sandbox::Worker worker;
  worker.prepare = [desk] {
    prepare_drawing();
    desk->words.open();
    desk->letters.open();
  };
  worker.body = [desk](sandbox::Channel& channel) { return draw_batch(channel, *desk); };
  worker.readable_folders = font_folders();
  return sandbox::work(worker);
}

}  // namespace atl::render
