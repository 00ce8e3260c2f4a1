#include "edge/cli/finder.h"

#include "edge/cli/embedder_keys.h"
#include "foundation/base/units.h"

namespace atl::cli {
namespace {

// So long a server is given to have looked at what was stored just now.
constexpr std::int64_t kFollowWaitMs = 3'000;
constexpr std::int64_t kPollMs = 50;
constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr std::int64_t kEmbedALittleMs = 3'000;
constexpr std::int64_t kEmbedStepMs = 500;

tl::unexpected<Error> not_there(const std::string& why) {
  return fail(ErrorKind::failed, "search.not_open", "words in files cannot be searched here: " + why,
              "Names and facts can: `atoll find name:*.pdf size>2MB`.");
}

}  // namespace

Result<void> Finder::open() {
  if (session_->environment.served != nullptr) {
    index_ = session_->environment.served->search();
    if (index_ == nullptr) return not_there("The server's log says why.");
    return {};
  }
  const auto& machine = session_->environment.machine;
  const auto open_index = [&](bool writable) {
    return search::SearchIndex::open(*vault_, search::understand_in_workers(machine), writable,
                                     embedder_keys(session_->environment));
  };
  auto opened = open_index(true);
  // A home on a disk that takes no writes is asked as it was left.
  if (!opened) opened = open_index(false);
  if (!opened) return not_there(opened.error().message);
  own_ = std::move(*opened);
  index_ = own_.get();
  search::PictureSettings settings;
  settings.program = session_->environment.previews_program;
  settings.recognition =
      preview::recognition_named(session_->options.recognition).value_or(preview::TextRecognition::documents);
  settings.languages = session_->options.recognition_languages;
  ATOLL_ASSIGN(auto readers, search::picture_readers(machine, settings));
  index_->set_picture_readers(std::move(readers));
  return {};
}

Result<void> Finder::catch_up(Embeds embeds, Looks looks) {
  if (session_->environment.served != nullptr) return wait_for_server(looks);
  if (!index_->is_writable()) return {};
  ATOLL_TRY(read_contents(embeds, looks));
  ATOLL_TRY(embed(embeds));
  for (bool merged = true; merged && !session_->environment.stop.load();) {
    ATOLL_ASSIGN(merged, index_->merge());
  }
  return {};
}

Result<void> Finder::read_contents(Embeds embeds, Looks looks) {
  bool was_told = false;
  bool was_told_of_pictures = false;
  search::CatchUpOptions options;
  options.stop = &session_->environment.stop;
  options.reads_pictures = embeds == Embeds::everything;
  options.makes_previews = looks == Looks::at_pictures;
  const std::int64_t begun_ns = session_->environment.machine.clock.monotonic_ns();
  options.on_progress = [&](const search::CatchUpProgress& progress) {
    const double seconds =
        static_cast<double>(session_->environment.machine.clock.monotonic_ns() - begun_ns) / (1e3 * kNsPerMs);
    if (!was_told && seconds > 1 && progress.contents_waiting > 0) {
      was_told = true;
      session_->output.message("Reading " + format_count(progress.contents_waiting + progress.contents_done) +
                               " files that were not looked into yet (Ctrl-C: search in what is known)");
    }
    if (progress.previews_done > 0) {
      const std::uint64_t all = progress.previews_done + progress.previews_waiting;
      if (!was_told_of_pictures && seconds > 1 && progress.previews_waiting > 0) {
        was_told_of_pictures = true;
        session_->output.message("Looking at " + format_count(all) +
                                 " pictures and other files that were not looked at yet (Ctrl-C: compare those that "
                                 "were)");
      }
      if (was_told_of_pictures) session_->output.count_progress("looked at", progress.previews_done, all, seconds);
    } else if (was_told) {
      session_->output.count_progress("read", progress.contents_done,
                                      progress.contents_done + progress.contents_waiting, seconds);
    }
  };
  ATOLL_TRY(index_->catch_up(*vault_, options));
  session_->output.end_progress();
  return {};
}

Result<void> Finder::embed(Embeds embeds) {
  ATOLL_ASSIGN(const auto choice, search::chosen_embedder(*vault_));
  // A question waits for nobody's network.
  if (embeds == Embeds::a_little && search::leaves_machine(choice)) return {};
  auto& clock = session_->environment.machine.clock;
  const std::int64_t begun_ns = clock.monotonic_ns();
  const std::int64_t time_max_ms = embeds == Embeds::everything ? INT64_MAX : kEmbedALittleMs;
  std::uint64_t all = index_->meaning_state().waiting;
  bool has_more = true;
  while (has_more && !session_->environment.stop.load()) {
    const std::int64_t passed_ms = (clock.monotonic_ns() - begun_ns) / kNsPerMs;
    if (passed_ms >= time_max_ms) break;
    ATOLL_ASSIGN(has_more, index_->embed(*vault_, {&session_->environment.stop,
                                                   std::min(kEmbedStepMs, time_max_ms - passed_ms)}));
    const std::uint64_t left = index_->meaning_state().waiting;
    all = std::max(all, left);
    if (has_more && all > 0)
      session_->output.count_progress("embedded", all - left, all, static_cast<double>(passed_ms) / 1e3);
  }
  session_->output.end_progress();
  // What was embedded is on disk only after the follower's next flush.
  search::CatchUpOptions options;
  options.stop = &session_->environment.stop;
  if (all > 0) ATOLL_TRY(index_->catch_up(*vault_, options));
  return {};
}

Result<void> Finder::wait_for_server(Looks looks) {
  auto& clock = session_->environment.machine.clock;
  const std::int64_t begun_ns = clock.monotonic_ns();
  const auto reader = vault_->reader();
  ATOLL_ASSIGN(const Lsn wanted, reader->applied());
  for (;;) {
    ATOLL_ASSIGN(const auto coverage, index_->coverage(*vault_));
    const bool is_there = !coverage.is_filling && coverage.reached >= wanted && coverage.contents_waiting == 0 &&
                          coverage.gates_unfinished == 0 &&
                          (looks == Looks::at_texts || coverage.previews_waiting == 0);
    const bool is_late = (clock.monotonic_ns() - begun_ns) / kNsPerMs >= kFollowWaitMs;
    if (is_there || is_late || session_->environment.stop.load()) return {};
    session_->environment.watchers.pause(kPollMs);
  }
}

}  // namespace atl::cli
