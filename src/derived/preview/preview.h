// Small pictures of contents: what is drawn of each, made by a program of its own, which is locked in.
//
//     atoll ─► atoll-previews picture   (derived/render: decoders of pictures, film and pages; nothing else links them)
//
// Always true:
//  - Foreign bytes are decoded in the worker alone; the caller gets a Preview that was checked by decode(). Its
//  pictures
//    are WebP that our own encoder wrote there; whoever shows them treats them as foreign bytes all the same.
//  - A content that kills, stalls or exhausts its worker gets a Preview with `trouble`; those behind it go on.
//  - Pictures are never larger than the original, stand upright, and are in sRGB as far as the format's numbers are.
//  - Without the program everything else works, and nothing is made.
// Thread rules: one call belongs to one thread; several may be under way at once.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "derived/extract/batch.h"

namespace atl::preview {

// Raised when pictures would come out differently (better) than before: then they are worth making again.
inline constexpr std::uint32_t kPreviewVersion = 4;

enum class Size : std::uint8_t { small, large };
inline constexpr std::uint32_t kSmallSide = 256;  // pixels, the longer side
inline constexpr std::uint32_t kLargeSide = 1024;
inline constexpr std::size_t kGreySide = 32;
// The whole picture, the right way up, shrunk to 32 by 32 whatever its shape; row by row from the top, 0 black. What
// can be seen through is seen on white.
using GreyPicture = std::array<std::uint8_t, kGreySide * kGreySide>;
inline constexpr std::size_t kPictureBytesMax = 4 * kMiB;  // of one WebP

struct Preview {
  std::uint32_t width = 0;  // of the original, upright; 0: it has no pixels of its own (pages, sound, models)
  std::uint32_t height = 0;
  Bytes small;                      // WebP
  Bytes large;                      // WebP
  std::optional<GreyPicture> grey;  // of pictures alone: not of film, sound, pages and models
  std::string trouble;              // one sentence for a user: why there is none. Empty where there is one
  friend bool operator==(const Preview&, const Preview&) = default;
};
[[nodiscard]] Bytes encode(const Preview& preview);
// `damaged` "preview.damaged". Believes nothing: a picture is a RIFF file of the kind WebP, within kPictureBytesMax.
[[nodiscard]] Result<Preview> decode(ByteView bytes);

// Drawn in no time out of the words that are shown anyway: made when somebody asks, not for each of a million texts.
[[nodiscard]] bool is_made_when_asked(std::string_view format_id);

// A content of which a browser shows the original as well: a large picture of it is made only when it is asked for.
[[nodiscard]] bool is_shown_by_browsers(std::string_view format_id);

struct Options {
  std::string program;                    // path of atoll-previews
  std::uint64_t memory_bytes_max = kGiB;  // of the worker, beyond the program
  std::uint64_t cpu_seconds_per_file = 30;
  std::uint32_t files_per_worker = 200;
  const std::atomic<bool>* stop = nullptr;
};

// A worker that ended before it looked at a content says nothing about the content.
[[nodiscard]] tl::unexpected<Error> not_started(const Error& why);

using OnDone = std::function<Result<void>(std::size_t index, Preview preview)>;
// Errors as extract::run_batches, and `failed` "preview.not_started".
[[nodiscard]] Result<void> make_all(const platform::Machine& machine, std::span<const extract::Source> sources,
                                    const Options& options, const OnDone& on_done,
                                    const extract::OnFailed& on_failed = {});

}  // namespace atl::preview
