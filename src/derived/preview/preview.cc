#include "derived/preview/preview.h"

#include <algorithm>
#include <array>

#include "derived/extract/formats.h"

namespace atl::preview {
namespace {

constexpr std::uint8_t kEncodingVersion = 2;
constexpr std::size_t kTroubleBytesMax = 1000;

void put_bytes(ByteWriter& out, ByteView bytes) {
  out.put(static_cast<std::uint32_t>(bytes.size()));
  out.put_bytes(bytes);
}

Result<ByteView> take_bytes(ByteReader& in, std::size_t bytes_max) {
  ATOLL_ASSIGN(const auto length, in.get<std::uint32_t>());
  if (length > bytes_max) return fail(ErrorKind::damaged, "preview.damaged", "a preview is damaged");
  return in.get_bytes(length);
}

// RIFF, its length, WEBP.
bool is_webp(ByteView bytes) {
  const std::string_view text = as_text(bytes);
  return bytes.size() >= 20 && text.starts_with("RIFF") && text.substr(8, 4) == "WEBP" &&
         load_le<std::uint32_t>(bytes.data() + 4) + std::uint64_t{8} == bytes.size();
}

}  // namespace

tl::unexpected<Error> not_started(const Error& why) {
  return fail(ErrorKind::failed, "preview.not_started", "the program that reads pictures does not work: " + why.message,
              "Its libraries may be missing: `ldd` of atoll-previews names them.");
}

Bytes encode(const Preview& preview) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.put(kEncodingVersion);
  out.put(preview.width);
  out.put(preview.height);
  put_bytes(out, as_bytes(std::string_view(preview.trouble).substr(0, kTroubleBytesMax)));
  put_bytes(out, preview.small);
  put_bytes(out, preview.large);
  put_bytes(out, preview.grey ? ByteView(*preview.grey) : ByteView{});
  return bytes;
}

Result<Preview> decode(ByteView bytes) {
  const auto damaged = fail(ErrorKind::damaged, "preview.damaged", "a preview is damaged");
  ByteReader in(bytes, "a preview");
  ATOLL_ASSIGN(const auto version, in.get<std::uint8_t>());
  if (version != kEncodingVersion) return damaged;
  Preview preview;
  ATOLL_ASSIGN(preview.width, in.get<std::uint32_t>());
  ATOLL_ASSIGN(preview.height, in.get<std::uint32_t>());
  ATOLL_ASSIGN(const ByteView trouble, take_bytes(in, kTroubleBytesMax));
  preview.trouble = to_string(trouble);
  ATOLL_ASSIGN(const ByteView small, take_bytes(in, kPictureBytesMax));
  ATOLL_ASSIGN(const ByteView large, take_bytes(in, kPictureBytesMax));
  ATOLL_ASSIGN(const ByteView grey, take_bytes(in, sizeof(GreyPicture)));
  if (in.remaining() > 0 || (!grey.empty() && grey.size() != sizeof(GreyPicture))) return damaged;
  for (const ByteView picture : {small, large})
    if (!picture.empty() && !is_webp(picture)) return damaged;
  // One or the other: a picture, or why there is none.
  if (small.empty() == preview.trouble.empty()) return damaged;
  preview.small = to_bytes(small);
  preview.large = to_bytes(large);
  if (!grey.empty()) std::ranges::copy(grey, preview.grey.emplace().begin());
  return preview;
}

bool is_shown_by_browsers(std::string_view format_id) {
  constexpr std::array<std::string_view, 8> kShown{"jpeg", "png", "gif", "webp", "avif", "svg", "bmp", "ico"};
  return std::ranges::find(kShown, format_id) != kShown.end();
}

bool is_made_when_asked(std::string_view format_id) {
  constexpr std::array<std::string_view, 7> kGroups{"code",   "data",     "text",    "subtitle",
                                                    "markup", "calendar", "database"};
  return std::ranges::find(kGroups, extract::format_by_id(format_id).group) != kGroups.end();
}

Result<void> make_all(const platform::Machine& machine, std::span<const extract::Source> sources,
                      const Options& options, const OnDone& on_done, const extract::OnFailed& on_failed) {
  extract::BatchOptions batches;
  batches.worker_command = {options.program, "pictures"};
  batches.memory_bytes_max = options.memory_bytes_max;
  batches.cpu_seconds_per_file = options.cpu_seconds_per_file;
  batches.files_per_worker = options.files_per_worker;
  batches.stop = options.stop;
  extract::BatchAnswers answers;
  answers.on_answer = [&](std::size_t index, ByteView answer) -> Result<bool> {
    auto preview = decode(answer);
    if (!preview) return false;
    ATOLL_TRY(on_done(index, std::move(*preview)));
    return true;
  };
  answers.on_broken = [&](std::size_t index, const std::string& begun, const Error& why) -> Result<void> {
    if (begun.empty()) return not_started(why);
    Preview preview;
    preview.trouble = extract::words_of_broken(why);
    return on_done(index, std::move(preview));
  };
  answers.on_failed = on_failed;
  return extract::run_batches(machine, sources, batches, answers);
}

}  // namespace atl::preview
