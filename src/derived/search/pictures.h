// Previews of a vault's objects, and text in their pictures: who makes them, and what is kept of them, by content,
// beside what was understood (kept_extractions.h).
//
// Always true:
//  - A preview is made once for a content, in the background or when somebody asks; that there is none is kept too,
//    with the reason.
//  - What a picture looks like (picture_hash.h) is kept with its preview, whoever asked for that.
//  - At most kMakingMax are made at once for those who ask; others wait, and are told to come again where it takes
//  long.
// Thread rules: any thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "derived/preview/preview.h"
#include "derived/preview/text_recognition.h"
#include "derived/search/kept_extractions.h"

namespace atl::search {

// The program that reads pictures, where it is installed. Each may be null: then that is not done.
struct PictureReaders {
  std::function<Result<void>(std::span<const extract::Source> sources, const std::atomic<bool>* stop,
                             const preview::OnDone& on_done, const extract::OnFailed& on_failed)>
      make_previews;
  bool follows_previews = false;  // makes all of them in the background, not only those that are asked for
  std::function<Result<extract::Extraction>(const extract::Source& source, extract::Extraction known,
                                            const std::atomic<bool>* stop)>
      recognise;
  std::function<bool(const extract::Extraction&)> wants_recognition;
  std::string mark;  // changes where more or something else is recognised than before: then old contents wait again
};

struct PictureSettings {
  std::string program;  // path of atoll-previews; empty: not installed
  bool makes_previews = true;
  bool follows_previews = false;
  preview::TextRecognition recognition = preview::TextRecognition::documents;
  std::vector<std::string> languages;  // empty: those that are installed
};
// `usage` "search.no_such_language" where one is wanted whose data are not there.
[[nodiscard]] Result<PictureReaders> picture_readers(const platform::Machine& machine, const PictureSettings& settings);

// One picture of a content.
struct KeptPreview {
  Bytes picture;                        // WebP
  std::uint32_t width = 0, height = 0;  // of the original; 0: it has no pixels of its own
};

class Pictures {
 public:
  static constexpr unsigned kMakingMax = 2;
  static constexpr std::int64_t kWaitMsMax = 10'000;

  Pictures(const platform::Machine& machine, KeptExtractions& kept, bool writable)
      : machine_(machine), kept_(&kept), writable_(writable) {}
  void set_readers(PictureReaders readers) { readers_ = std::move(readers); }
  [[nodiscard]] const PictureReaders& readers() const { return readers_; }

  // `id` is extraction_id() of the content. Made where it was not yet. `not_found` "preview.none" with the reason,
  // "preview.not_installed"; `limit` "preview.busy" where others are made first for longer than kWaitMsMax.
  [[nodiscard]] Result<KeptPreview> get(const codec::Digest& id, const extract::Source& source, preview::Size size);
  // Those that are not there yet, of contents that wait for it; `done` with the index of each.
  [[nodiscard]] Result<void> make(std::span<const codec::Digest> ids, std::span<const extract::Source> sources,
                                  const std::atomic<bool>* stop, const std::function<Result<void>(std::size_t)>& done);
  [[nodiscard]] Result<bool> has_small(const codec::Digest& id) const;
  // What the picture in a content looks like; none where it was not looked at yet, is no picture, or shows nothing.
  [[nodiscard]] Result<std::optional<std::uint64_t>> hash_of(const codec::Digest& id) const;
  // True at first, and where get() made some since it was asked the last time.
  [[nodiscard]] bool take_news() { return has_news_.exchange(false); }
  void give_back_news() { has_news_ = true; }

  // What all contents were seen by; to be compared with readers().mark.
  [[nodiscard]] Result<std::string> mark() const;
  [[nodiscard]] Result<void> set_mark(std::string_view mark);

 private:
  class Turn;
  [[nodiscard]] Result<std::optional<KeptPreview>> find(const codec::Digest& id, preview::Size size) const;
  // What an older previewer made of it, which nobody looks at any more.
  [[nodiscard]] Result<void> forget_older(const codec::Digest& id);
  [[nodiscard]] Result<void> keep(const codec::Digest& id, const preview::Preview& preview, bool with_large);

  platform::Machine machine_;
  KeptExtractions* kept_;
  bool writable_;
  PictureReaders readers_;
  std::mutex mutex_;
  std::condition_variable turn_is_free_;
  std::atomic<bool> has_news_ = true;
  unsigned making_ = 0;  // guarded by mutex_
};

}  // namespace atl::search
