#include "derived/search/pictures.h"

#include <algorithm>
#include <chrono>

#include "derived/extract/formats.h"
#include "derived/search/picture_hash.h"

namespace atl::search {
namespace {

constexpr std::string_view kMarkName = "pictures/mark";

// Of what is kept of a content, by that version of the previewer.
codec::Digest part_id(std::string_view part, const codec::Digest& id, std::uint32_t version) {
  codec::Blake3 hash;
  hash.update(as_bytes(part));
  hash.update(as_bytes(std::to_string(version)));
  hash.update(id);
  return hash.digest();
}

codec::Digest small_id(const codec::Digest& id, std::uint32_t version = preview::kPreviewVersion) {
  return part_id("preview/small/", id, version);
}
codec::Digest large_id(const codec::Digest& id, std::uint32_t version = preview::kPreviewVersion) {
  return part_id("preview/large/", id, version);
}
codec::Digest hash_id(const codec::Digest& id, std::uint32_t version = preview::kPreviewVersion) {
  return part_id("preview/hash/", id, version);
}

codec::Digest mark_id() {
  codec::Blake3 hash;
  hash.update(as_bytes(kMarkName));
  return hash.digest();
}

tl::unexpected<Error> none(std::string why) { return fail(ErrorKind::not_found, "preview.none", std::move(why)); }

}  // namespace

Result<PictureReaders> picture_readers(const platform::Machine& machine, const PictureSettings& settings) {
  PictureReaders readers;
  readers.mark = std::to_string(preview::kPreviewVersion);
  if (settings.program.empty()) return readers;
  readers.follows_previews = settings.follows_previews;
  if (settings.makes_previews) {
    readers.make_previews = [machine, program = settings.program](
                                std::span<const extract::Source> sources, const std::atomic<bool>* stop,
                                const preview::OnDone& on_done, const extract::OnFailed& on_failed) {
      preview::Options options;
      options.program = program;
      options.stop = stop;
      return preview::make_all(machine, sources, options, on_done, on_failed);
    };
  }
  const auto installed = preview::installed_languages(machine);
  for (const std::string& language : settings.languages) {
    if (std::ranges::find(installed, language) != installed.end()) continue;
    return fail(ErrorKind::usage, "search.no_such_language", "text in pictures cannot be read in \"" + language + "\"",
                "Install its data: apt-get install tesseract-ocr-" + language + ".");
  }
  preview::RecognitionOptions options;
  options.program = settings.program;
  options.languages = settings.languages.empty() ? installed : settings.languages;
  if (settings.recognition == preview::TextRecognition::off || options.languages.empty()) return readers;
  readers.mark += settings.recognition == preview::TextRecognition::all ? " all" : " documents";
  readers.wants_recognition = [which = settings.recognition](const extract::Extraction& extraction) {
    return preview::wants_recognition(extraction, which);
  };
  readers.recognise = [machine, options](const extract::Source& source, extract::Extraction known,
                                         const std::atomic<bool>* stop) {
    auto stoppable = options;
    stoppable.stop = stop;
    return preview::recognise_text(machine, source, std::move(known), stoppable);
  };
  return readers;
}

// One of the few that are made at once for those who ask.
class Pictures::Turn {
 public:
  explicit Turn(Pictures& pictures) : pictures_(&pictures) {
    std::unique_lock lock(pictures_->mutex_);
    is_had_ = pictures_->turn_is_free_.wait_for(lock, std::chrono::milliseconds(kWaitMsMax),
                                                [&] { return pictures_->making_ < kMakingMax; });
    if (is_had_) ++pictures_->making_;
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  Turn(Turn&&) = delete;
  Turn& operator=(Turn&&) = delete;
  ~Turn() {
    if (!is_had_) return;
    const std::scoped_lock lock(pictures_->mutex_);
    --pictures_->making_;
    pictures_->turn_is_free_.notify_one();
  }
  [[nodiscard]] bool is_had() const { return is_had_; }

 private:
  Pictures* pictures_;
  bool is_had_ = false;
};

Result<std::optional<KeptPreview>> Pictures::find(const codec::Digest& id, preview::Size size) const {
  ATOLL_ASSIGN(const auto kept, kept_->find_bytes(small_id(id)));
  if (!kept) return std::nullopt;
  auto small = preview::decode(*kept);
  if (!small) return std::nullopt;
  if (!small->trouble.empty()) return none(small->trouble);
  KeptPreview found{std::move(small->small), small->width, small->height};
  if (size == preview::Size::small) return found;
  ATOLL_ASSIGN(auto large, kept_->find_bytes(large_id(id)));
  if (!large) return std::nullopt;
  found.picture = std::move(*large);
  return found;
}

Result<bool> Pictures::has_small(const codec::Digest& id) const {
  ATOLL_ASSIGN(const auto kept, kept_->find_bytes(small_id(id)));
  return kept.has_value();
}

Result<std::optional<std::uint64_t>> Pictures::hash_of(const codec::Digest& id) const {
  ATOLL_ASSIGN(const auto kept, kept_->find_bytes(hash_id(id)));
  if (!kept || kept->size() != sizeof(std::uint64_t)) return std::nullopt;
  return load_le<std::uint64_t>(kept->data());
}

Result<void> Pictures::forget_older(const codec::Digest& id) {
  for (std::uint32_t version = 1; version < preview::kPreviewVersion; ++version) {
    for (const codec::Digest& older : {small_id(id, version), large_id(id, version), hash_id(id, version)}) {
      ATOLL_TRY(kept_->forget_bytes(older));
    }
  }
  return {};
}

Result<void> Pictures::keep(const codec::Digest& id, const preview::Preview& preview, bool with_large) {
  ATOLL_TRY(forget_older(id));
  // In this order: what the small one says is there is there.
  if (with_large && !preview.large.empty()) ATOLL_TRY(kept_->keep_bytes(large_id(id), preview.large));
  if (const auto hash = preview.grey ? picture_hash(*preview.grey) : std::nullopt) {
    Bytes bytes;
    ByteWriter(bytes).put(*hash);
    ATOLL_TRY(kept_->keep_bytes(hash_id(id), bytes));
  }
  preview::Preview small = preview;
  small.large.clear();
  small.grey.reset();
  return kept_->keep_bytes(small_id(id), encode(small));
}

Result<KeptPreview> Pictures::get(const codec::Digest& id, const extract::Source& source, preview::Size size) {
  ATOLL_ASSIGN(auto found, find(id, size));
  if (found) return std::move(*found);
  if (!readers_.make_previews) {
    return fail(ErrorKind::not_found, "preview.not_installed", "previews are not installed, or switched off",
                "They are made by the program atoll-previews, which lies beside atoll.");
  }
  const Turn turn(*this);
  if (!turn.is_had()) {
    return fail(ErrorKind::limit, "preview.busy", "other previews are being made first", "Ask again in a few seconds.");
  }
  // Somebody else may have asked for the same.
  ATOLL_ASSIGN(found, find(id, size));
  if (found) return std::move(*found);
  std::optional<preview::Preview> made;
  ATOLL_TRY(readers_.make_previews(std::span(&source, 1), nullptr,
                                   [&](std::size_t, preview::Preview preview) -> Result<void> {
                                     made = std::move(preview);
                                     return {};
                                   },
                                   {}));
  if (!made) return fail(ErrorKind::failed, "preview.not_made", "no preview was made");
  if (writable_) {
    ATOLL_TRY(keep(id, *made, size == preview::Size::large));
    has_news_ = true;
  }
  if (!made->trouble.empty()) return none(made->trouble);
  return KeptPreview{size == preview::Size::large ? std::move(made->large) : std::move(made->small), made->width,
                     made->height};
}

Result<void> Pictures::make(std::span<const codec::Digest> ids, std::span<const extract::Source> sources,
                            const std::atomic<bool>* stop, const std::function<Result<void>(std::size_t)>& done) {
  return readers_.make_previews(
      sources, stop,
      [&](std::size_t index, const preview::Preview& preview) -> Result<void> {
        const extract::Format& format = extract::recognise({}, sources[index].name);
        ATOLL_TRY(keep(ids[index], preview, !preview::is_shown_by_browsers(format.id)));
        return done(index);
      },
      // Its bytes cannot be read: nothing to be made of it, and nothing to be said for good.
      [&](std::size_t index, const Error&) { return done(index); });
}

Result<std::string> Pictures::mark() const {
  ATOLL_ASSIGN(const auto kept, kept_->find_bytes(mark_id()));
  return kept ? to_string(*kept) : std::string();
}

Result<void> Pictures::set_mark(std::string_view mark) { return kept_->keep_bytes(mark_id(), as_bytes(mark)); }

}  // namespace atl::search
