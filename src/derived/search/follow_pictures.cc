// The follower's side of pictures: behind what is read come previews, and behind these text in pictures, which takes
// longest.
#include "derived/extract/formats.h"
#include "derived/search/content_reader.h"
#include "derived/search/search_index.h"

namespace atl::search {
namespace {

constexpr std::size_t kBatchObjects = 32;
constexpr std::int64_t kNsPerMs = 1'000'000;

}  // namespace

// Objects whose content is known, but by readers that could do less.
Result<void> SearchIndex::queue_pictures(const CatchUpOptions& options) {
  const std::string& wanted = pictures_->readers().mark;
  ATOLL_ASSIGN(const std::string mark, pictures_->mark());
  if (mark == wanted) return {};
  std::vector<ObjectDocuments> rows;
  ATOLL_TRY(book_->for_each([&](const ObjectDocuments& row) -> Result<bool> {
    if (row.extraction != codec::Digest{}) rows.push_back(row);
    return options.stop == nullptr || !options.stop->load();
  }));
  for (const ObjectDocuments& row : rows) {
    ATOLL_ASSIGN(const auto known, kept_->find(row.extraction));
    if (known) ATOLL_TRY(queue_pictures_of(row, *known));
  }
  if (options.stop != nullptr && options.stop->load()) return {};
  return pictures_->set_mark(wanted);
}

Result<void> SearchIndex::queue_pictures_of(const ObjectDocuments& row, const extract::Extraction& known) {
  // Also where nobody makes them now: whoever does one day finds what waits.
  if (extract::format_by_id(known.format).has_preview && !preview::is_made_when_asked(known.format)) {
    ATOLL_ASSIGN(const bool is_there, pictures_->has_small(row.extraction));
    ATOLL_TRY(book_->set_waiting(row.object, !is_there, Queue::previews));
  }
  const auto& wants = pictures_->readers().wants_recognition;
  return book_->set_waiting(row.object, wants && wants(known), Queue::recognition);
}

Result<std::vector<SearchIndex::Job>> SearchIndex::next_jobs(catalog::CatalogReader& reader, Queue queue,
                                                             ObjectId& after, std::size_t limit) {
  std::vector<Job> jobs;
  ATOLL_ASSIGN(const auto waiting, book_->waiting(after, limit, queue));
  for (const ObjectId& object : waiting) {
    after = object;
    ATOLL_ASSIGN(const auto row, book_->find(object));
    if (!row) {
      ATOLL_TRY(book_->set_waiting(object, false, queue));
      continue;
    }
    ATOLL_ASSIGN(auto listed, reader.current(row->bucket, row->key));
    // Changed since: the journal brings it anew.
    if (!listed || listed->entry.object != object || listed->version.version != row->version) continue;
    jobs.push_back({*row, std::move(*listed)});
  }
  return jobs;
}

Result<void> SearchIndex::take_preview(const ObjectDocuments& row) {
  ATOLL_ASSIGN(const auto hash, pictures_->hash_of(row.extraction));
  if (hash) ATOLL_TRY(likeness_->set_picture(row.object, *hash));
  ++progress_.previews_done;
  return book_->set_waiting(row.object, false, Queue::previews);
}

Result<bool> SearchIndex::make_previews(vault::Vault& vault, const Position& position, const CatchUpOptions& options,
                                        std::int64_t begun_ns) {
  const PictureReaders& readers = pictures_->readers();
  if (!readers.make_previews) return false;
  const bool makes_them = readers.follows_previews || options.makes_previews;
  const bool has_news = pictures_->take_news();
  if (!makes_them && !has_news) return false;
  const auto reader = vault.reader();
  ObjectId after;
  for (;;) {
    if (is_over(vault, options, begun_ns)) {
      pictures_->give_back_news();
      return makes_them;
    }
    const ObjectId before = after;
    ATOLL_ASSIGN(const auto jobs, next_jobs(*reader, Queue::previews, after, kBatchObjects));
    if (after == before) break;
    std::vector<extract::Source> sources;
    std::vector<codec::Digest> ids;
    std::vector<const Job*> made_now;
    const std::uint64_t done_before = progress_.previews_done;
    for (const Job& job : jobs) {
      // Somebody asked for it, or another object has the same content.
      ATOLL_ASSIGN(const bool is_there, pictures_->has_small(job.row.extraction));
      if (is_there) {
        ATOLL_TRY(take_preview(job.row));
      } else if (makes_them) {
        sources.push_back(source_of(vault, job.listed));
        ids.push_back(job.row.extraction);
        made_now.push_back(&job);
      }
    }
    if (!sources.empty()) {
      const auto made = pictures_->make(ids, sources, options.stop, [&](std::size_t index) -> Result<void> {
        ATOLL_TRY(take_preview(made_now[index]->row));
        progress_.previews_waiting = book_->waiting_count(Queue::previews);
        progress_.name = made_now[index]->listed.entry.key;
        if (options.on_progress) options.on_progress(progress_);
        return {};
      });
      // Without the program they go on waiting; everything else goes on.
      if (!made && made.error().id == "preview.not_started") return false;
      if (!made && made.error().kind != ErrorKind::interrupted) return pass(made.error());
    }
    if (progress_.previews_done != done_before) ATOLL_TRY(flush(position));
  }
  return false;
}

Result<bool> SearchIndex::recognise_text(vault::Vault& vault, const Position& position, const CatchUpOptions& options,
                                         std::int64_t begun_ns) {
  if (!pictures_->readers().recognise) return false;
  const auto reader = vault.reader();
  ObjectId after;
  for (;;) {
    if (is_over(vault, options, begun_ns)) return true;
    const ObjectId before = after;
    // One by one: each may take a minute, and somebody may want the vault alone.
    ATOLL_ASSIGN(const auto jobs, next_jobs(*reader, Queue::recognition, after, 1));
    if (after == before) return false;
    for (const Job& job : jobs) {
      ATOLL_ASSIGN(auto known, kept_->find(job.row.extraction));
      if (known && unreadable_.contains(job.row.object)) continue;
      if (known && pictures_->readers().wants_recognition(*known)) {
        auto read = pictures_->readers().recognise(source_of(vault, job.listed), std::move(*known), options.stop);
        if (!read && read.error().kind == ErrorKind::interrupted) return true;
        if (!read) {
          unreadable_.insert(job.row.object);  // tried again after the next opening
          continue;
        }
        ATOLL_TRY(kept_->keep(job.row.extraction, *read));
        ATOLL_TRY(add_documents(job.listed, job.row, &*read));
        ATOLL_TRY(flush(position));
      }
      ATOLL_TRY(book_->set_waiting(job.row.object, false, Queue::recognition));
    }
  }
}

bool SearchIndex::is_over(vault::Vault& vault, const CatchUpOptions& options, std::int64_t begun_ns) {
  const std::int64_t spent_ms = (vault.machine().clock.monotonic_ns() - begun_ns) / kNsPerMs;
  return (options.stop != nullptr && options.stop->load()) || spent_ms >= options.time_max_ms;
}

}  // namespace atl::search
