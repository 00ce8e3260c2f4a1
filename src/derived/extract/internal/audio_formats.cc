// Sound: tags and length through TagLib; AAC streams without a container, and AMR, by their frames.
#include <taglib/audioproperties.h>
#include <taglib/fileref.h>
#include <taglib/tag.h>
#include <taglib/tiostream.h>
#include <taglib/tpropertymap.h>

#include <algorithm>
#include <array>

#include "derived/extract/internal/plain_text.h"
#include "derived/extract/internal/readers.h"

namespace atl::extract {
namespace {

// TagLib asks for lengths that a file claims.
constexpr std::size_t kBlockBytesMax = 16U << 20U;

class InputStream final : public TagLib::IOStream {
 public:
  InputStream(Input& input, std::string name) : input_(&input), name_(std::move(name)) {}
  [[nodiscard]] TagLib::FileName name() const override { return name_.c_str(); }
  TagLib::ByteVector readBlock(unsigned long length) override {
    const auto bytes = input_->part(position_, std::min<std::size_t>(length, kBlockBytesMax));
    if (!bytes) return {};
    position_ += bytes->size();
    return {as_text(*bytes).data(), static_cast<unsigned int>(bytes->size())};
  }
  void writeBlock(const TagLib::ByteVector& /*data*/) override {}
  void insert(const TagLib::ByteVector& /*data*/, unsigned long /*start*/, unsigned long /*replace*/) override {}
  void removeBlock(unsigned long /*start*/, unsigned long /*length*/) override {}
  [[nodiscard]] bool readOnly() const override { return true; }
  [[nodiscard]] bool isOpen() const override { return true; }
  void seek(long offset, Position from) override {
    const std::int64_t base = from == Beginning ? 0 : from == Current ? static_cast<std::int64_t>(position_) : length();
    position_ = static_cast<std::uint64_t>(std::max<std::int64_t>(0, base + offset));
  }
  [[nodiscard]] long tell() const override { return static_cast<long>(position_); }
  long length() override { return static_cast<long>(input_->size()); }
  void truncate(long /*length*/) override {}

 private:
  Input* input_;
  std::string name_;
  std::uint64_t position_ = 0;
};

std::string utf8(const TagLib::String& text) { return text.to8Bit(true); }

// ISO 13818-7, 6.2: frames of 1024 samples, each with its length.
Result<void> read_adts(Job& job) {
  constexpr std::array<std::uint64_t, 13> kRates{96000, 88200, 64000, 48000, 44100, 32000, 24000,
                                                 22050, 16000, 12000, 11025, 8000,  7350};
  std::uint64_t frames = 0;
  std::uint64_t rate = 0;
  std::uint64_t at = 0;
  while (at + 7 <= job.input.size()) {
    ATOLL_ASSIGN(const Bytes header, job.input.part(at, 7));
    if (header.size() < 7 || header[0] != 0xFF || (header[1] & 0xF6U) != 0xF0) break;
    const std::size_t index = (header[2] >> 2U) & 0x0FU;
    if (index >= kRates.size()) break;
    rate = kRates.at(index);
    const std::uint64_t length =
        ((header[3] & 3U) << 11U) | (static_cast<unsigned>(header[4]) << 3U) | (header[5] >> 5U);
    if (length < 7) break;
    at += length;
    ++frames;
  }
  if (frames == 0) return fail(ErrorKind::damaged, "extract.malformed", "it has no frames of sound");
  job.out.number(field::kDuration, frames * 1024 * 1000 / rate);
  job.out.number(field::kSampleRate, rate);
  job.out.field(field::kAudioCodec, "AAC");
  return {};
}

// RFC 4867, section 5: frames of 20 ms, their length by mode.
Result<void> read_amr(Job& job) {
  constexpr std::array<std::uint64_t, 16> kNarrow{13, 14, 16, 18, 20, 21, 27, 32, 6, 1, 1, 1, 1, 1, 1, 1};
  constexpr std::array<std::uint64_t, 16> kWide{18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 1, 1, 1, 1, 1, 1};
  ATOLL_ASSIGN(const Bytes head, job.input.part(0, 9));
  const bool is_wide = as_text(head).starts_with("#!AMR-WB");
  std::uint64_t frames = 0;
  for (std::uint64_t at = is_wide ? 9 : 6; at < job.input.size(); ++frames) {
    ATOLL_ASSIGN(const Bytes mode, job.input.part(at, 1));
    if (mode.empty()) break;
    at += (is_wide ? kWide : kNarrow).at((mode[0] >> 3U) & 0x0FU);
  }
  job.out.number(field::kDuration, frames * 20);
  job.out.field(field::kAudioCodec, is_wide ? "AMR-WB" : "AMR");
  return {};
}

}  // namespace

void take_audio_tags(Job& job, std::string_view extension) {
  InputStream stream(job.input, "content." + std::string(extension));
  TagLib::FileRef file(&stream, true, TagLib::AudioProperties::Average);
  if (file.isNull()) return;
  Findings& out = job.out;
  if (const TagLib::Tag* const tag = file.tag()) {
    out.field(field::kTitle, utf8(tag->title()));
    out.field(field::kArtist, utf8(tag->artist()));
    out.field(field::kAlbum, utf8(tag->album()));
    out.field(field::kGenre, utf8(tag->genre()));
    out.field(field::kDescription, utf8(tag->comment()));
    if (tag->year() > 0) out.field(field::kCreated, std::to_string(tag->year()));
    if (tag->track() > 0) out.number(field::kTrack, tag->track());
    for (const auto& [name, values] : tag->properties()) out.raw("Tag." + utf8(name), utf8(values.toString(", ")));
  }
  if (const TagLib::AudioProperties* const sound = file.audioProperties()) {
    if (sound->lengthInMilliseconds() > 0 && !out.has_field(field::kDuration))
      out.number(field::kDuration, static_cast<std::uint64_t>(sound->lengthInMilliseconds()));
    if (sound->sampleRate() > 0) out.number(field::kSampleRate, static_cast<std::uint64_t>(sound->sampleRate()));
    out.raw("Audio.Channels", std::to_string(sound->channels()));
    out.raw("Audio.BitrateKbps", std::to_string(sound->bitrate()));
  }
}

Result<void> read_audio(Job& job) {
  if (job.format.id == "aac") return read_adts(job);
  if (job.format.id == "amr") return read_amr(job);
  const std::string_view extension = job.format.extensions.empty() ? "mp3" : job.format.extensions.front();
  // Ogg holds several codecs, told by its first page.
  ATOLL_ASSIGN(const Bytes head, job.input.part(0, 64));
  const bool is_opus = as_text(head).find("OpusHead") != std::string_view::npos;
  take_audio_tags(job, is_opus ? "opus" : extension);
  if (job.out.extraction().fields.empty()) {
    return fail(ErrorKind::damaged, "extract.malformed", "its length and tags are damaged or missing");
  }
  return {};
}

}  // namespace atl::extract
