// The picture that a zipped document brings along: what its program saved as a thumbnail, a book's cover, a comic's
// first page. Documents that bring none are drawn out of their words.
#include <algorithm>
#include <optional>
#include <string>

#include "derived/render/internal/draw.h"
#include "foundation/archive/archive_reader.h"

namespace atl::render {
namespace {

constexpr std::size_t kEntriesMax = 20'000;
constexpr std::size_t kPartBytesMax = 32U << 20U;
constexpr std::size_t kPieceBytes = 256U << 10U;

std::string small_letters(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

bool is_picture(std::string_view path) {
  return path.ends_with(".jpg") || path.ends_with(".jpeg") || path.ends_with(".png") || path.ends_with(".gif") ||
         path.ends_with(".webp");
}

// How good a picture that part is; 0: none. Paths of OPC (ECMA-376 part 2), OpenDocument 1.3 part 2, 3MF; of books and
// comics there is only habit.
int rank_of(const Drawing& drawing, std::string_view path) {
  if (!is_picture(path)) return 0;
  if (path == "docprops/thumbnail.jpeg" || path == "docprops/thumbnail.jpg" || path == "docprops/thumbnail.png")
    return 4;
  if (path == "thumbnails/thumbnail.png" || path == "metadata/thumbnail.png") return 4;
  if (drawing.format.id == "epub") {
    const std::string_view base = path.substr(path.rfind('/') + 1);
    return base.starts_with("cover") ? 3 : path.find("cover") != std::string_view::npos ? 2 : 1;
  }
  return drawing.format.group == "archive" ? 1 : 0;
}

Result<archive::Reader> open_archive(const Drawing& drawing) {
  extract::Input* const input = &drawing.input;
  return archive::Reader::open([input](std::uint64_t offset, ByteSpan out) { return input->read(offset, out); },
                               input->size());
}

Result<std::optional<std::string>> best_part(const Drawing& drawing) {
  ATOLL_ASSIGN(auto reader, open_archive(drawing));
  std::optional<std::string> best;
  int best_rank = 0;
  for (std::size_t count = 0; count < kEntriesMax; ++count) {
    const auto entry = reader.next();
    if (!entry || !*entry) break;  // damaged further on: what came until then may do
    if (!(*entry)->is_file || (*entry)->is_encrypted) continue;
    const int rank = rank_of(drawing, small_letters((*entry)->path));
    // Pages of a comic are in the order of their names; the first picture of a book is its cover more often than not.
    const bool is_earlier = drawing.format.group == "archive" && best && (*entry)->path < *best;
    if (rank > best_rank || (rank > 0 && rank == best_rank && is_earlier)) {
      best = (*entry)->path;
      best_rank = rank;
    }
  }
  return best;
}

Result<Bytes> read_part(const Drawing& drawing, const std::string& path) {
  ATOLL_ASSIGN(auto reader, open_archive(drawing));
  for (std::size_t count = 0; count < kEntriesMax; ++count) {
    ATOLL_ASSIGN(const auto entry, reader.next());
    if (!entry) break;
    if (entry->path != path) continue;
    Bytes part;
    Bytes piece(kPieceBytes);
    for (;;) {
      ATOLL_ASSIGN(const std::size_t got, reader.read(piece));
      if (got == 0) return part;
      if (part.size() + got > kPartBytesMax) return malformed("the picture in it is too large");
      part.insert(part.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(got));
    }
  }
  return malformed();
}

Result<Picture> draw_part(const Drawing& drawing, const std::string& path) {
  ATOLL_ASSIGN(const Bytes part, read_part(drawing, path));
  const extract::Format& format =
      extract::recognise(ByteView(part).first(std::min(part.size(), extract::kHeadBytes)), path);
  ATOLL_ASSIGN(Picture picture, draw_still_bytes(part, format.id, drawing.side));
  picture.original_width = picture.original_height = 0;  // of that picture, not of the document
  return picture;
}

}  // namespace

Result<Picture> draw_package(const Drawing& drawing) {
  const bool is_archive = drawing.format.group == "archive";
  if (is_archive && !small_letters(drawing.name).ends_with(".cbz"))
    return nothing_to_show("of archives there are none");
  ATOLL_ASSIGN(const auto path, best_part(drawing));
  const bool has_words = drawing.format.reads_text;
  if (!path) return has_words ? draw_words(drawing) : nothing_to_show("there is no picture of it in it");
  auto picture = draw_part(drawing, *path);
  if (!picture && has_words) return draw_words(drawing);
  return picture;
}

}  // namespace atl::render
