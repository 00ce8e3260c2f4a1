// The follower's side of the search: names first, contents behind.
#include <algorithm>
#include <mutex>

#include "derived/search/content_reader.h"
#include "derived/search/fields.h"
#include "derived/search/names.h"
#include "derived/search/position.h"
#include "derived/search/search_index.h"
#include "store/journal/row_change.h"
#include "vault/object/content.h"

namespace atl::search {
namespace {

using journal::TableNumber;

constexpr std::uint64_t kNamesPerFlush = 20'000;
constexpr std::size_t kTouchedMax = 4096;
// Of contents understood together, at most as many as one worker reads: starting it takes as long as it needs for some
// hundred small contents. After kBatchNs it is the turn of what was stored meanwhile, however many are left of them.
constexpr std::size_t kBatchObjects = 500;
constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr std::int64_t kBatchNs = 1'000 * kNsPerMs;
constexpr std::int64_t kFlushEveryNs = 2'000 * kNsPerMs;

bool is_stopped(const CatchUpOptions& options) { return options.stop != nullptr && options.stop->load(); }

bool has_content(const catalog::VersionRow& version) {
  return version.kind == catalog::EntryKind::file && version.size > 0;
}

// Of a line that is shown in lists, cut between characters.
std::string shown_beginning(std::string_view text) {
  constexpr std::size_t kBytesMax = 300;
  const std::string_view begun = beginning_of(text, kBytesMax);
  return std::string(begun) + (begun.size() < text.size() ? "…" : "");
}

// The name of a folder's own entry in its bucket's root.
constexpr std::string_view kRootEntry = "./";

}  // namespace

sandbox::ReadInput reader_of(vault::Vault& vault, const catalog::VersionRow& version) {
  return [&vault, &version](std::uint64_t offset, ByteSpan out) -> Result<std::size_t> {
    if (offset >= version.size) return 0;
    const std::size_t wanted = std::min<std::uint64_t>(out.size(), version.size - offset);
    std::size_t filled = 0;
    ATOLL_TRY(vault::read_version(vault.chunks(), version, offset, wanted, [&](ByteView piece) -> Result<bool> {
      const std::size_t count = std::min(piece.size(), wanted - filled);
      std::copy_n(piece.begin(), count, out.begin() + static_cast<std::ptrdiff_t>(filled));
      filled += count;
      return filled < wanted;
    }));
    return filled;
  };
}

extract::Source source_of(vault::Vault& vault, const catalog::Listed& listed) {
  return {listed.entry.key.substr(listed.entry.key.rfind('/') + 1), listed.version.size,
          reader_of(vault, listed.version)};
}

// What changes of the journal name: looked up in the catalog afterwards, for it alone says what is so now.
struct SearchIndex::Touched {
  std::set<std::pair<BucketId, std::string>> names;
  std::set<ObjectId> objects;
  bool has_gates = false;  // settings of buckets, and so perhaps their gates
  [[nodiscard]] std::size_t size() const { return names.size() + objects.size(); }

  [[nodiscard]] Result<void> add(const journal::Command& command) {
    for (const auto& payload : command.payloads) {
      if (!payload.plain) continue;
      ATOLL_ASSIGN(const auto changes, journal::decode_row_changes(*payload.plain));
      for (const auto& change : changes) {
        constexpr std::size_t kIdBytes = sizeof(BucketId::bytes);
        has_gates = has_gates || change.table == TableNumber::bucket_settings;
        if (change.key.size() <= kIdBytes) continue;
        const ByteView key = change.key;
        if (change.table == TableNumber::entries) {
          ATOLL_ASSIGN(const auto bucket, BucketId::from_view(key.first(kIdBytes)));
          names.emplace(bucket, to_string(key.subspan(kIdBytes)));
        } else if (change.table == TableNumber::versions && change.row) {
          ATOLL_ASSIGN(const auto object, ObjectId::from_view(key.first(kIdBytes)));
          objects.insert(object);
        }
      }
    }
    return {};
  }
};

Result<void> SearchIndex::flush(const Position& position) {
  const Bytes state = encode(position);
  // In this order: what the book says is in the words is in the words, what no longer waits for a graph is in it, and
  // what has been read is kept.
  ATOLL_TRY(kept_->flush());
  ATOLL_TRY(words_->flush(state));
  ATOLL_TRY(meaning_->flush(position));
  ATOLL_TRY(graphs_->flush());
  // Not before it is whole: what stands in its state tells whether it is.
  if (is_likeness_whole_) ATOLL_TRY(likeness_->flush(position));
  return book_->flush(state);
}

Result<void> SearchIndex::flush_if_full(const Position& position) {
  const bool is_full = words_->wants_flush() || book_->wants_flush() || kept_->wants_flush() ||
                       likeness_->wants_flush() || graphs_->wants_flush();
  if (!is_full) return {};
  return flush(position);
}

Result<void> SearchIndex::add_documents(const catalog::Listed& listed, ObjectDocuments row,
                                        const extract::Extraction* extraction) {
  ATOLL_ASSIGN(const auto before, book_->find(row.object));
  if (extraction != nullptr) {
    row.title = shown_beginning(extract::value_of(*extraction, "title"));
    row.trouble = shown_beginning(extraction->trouble);
  }
  const auto facts = facts_of(listed, extraction);
  ATOLL_TRY(book_->put(row, facts));
  if (before) columns_.remove(*before);
  columns_.put(row, facts);
  ATOLL_TRY(judge(listed, row, extraction));
  ATOLL_TRY(put_likeness(listed, extraction));
  const Documents documents = documents_of(listed, extraction, row.first);
  for (const auto& document : documents.all()) {
    const auto added = words_->add(document);
    if (!added && added.error().kind == ErrorKind::limit) {
      // More text than an index takes of one document: its name is found all the same.
      const Documents bare = documents_of(listed, nullptr, document.id);
      ATOLL_TRY(words_->add(bare.all().front()));
    } else if (!added) {
      return pass(added.error());
    }
  }
  ATOLL_TRY(put_meaning(row, extraction));
  if (extraction != nullptr) ATOLL_TRY(queue_pictures_of(row, *extraction));
  if (!before) return {};
  for (std::uint64_t document = before->first; document < before->first + before->count; ++document) {
    if (document >= row.first && document < row.first + row.count) continue;
    ATOLL_TRY(words_->remove(document));
    ATOLL_TRY(meaning_->remove(document));
  }
  return {};
}

Result<void> SearchIndex::put_meaning(const ObjectDocuments& row, const extract::Extraction* extraction) {
  const extract::Extraction nothing;
  ATOLL_TRY(meaning_->put(row.first, extraction == nullptr ? nothing : *extraction));
  std::uint64_t document = row.first;
  if (extraction == nullptr) return {};
  for (const auto& member : extraction->members) {
    ++document;
    ATOLL_TRY(meaning_->put(document, member.understood.empty() ? nothing : member.understood.front()));
  }
  return {};
}

Result<void> SearchIndex::forget(const ObjectId& object) {
  ATOLL_ASSIGN(const auto row, book_->find(object));
  if (!row) return {};
  for (std::uint32_t i = 0; i < row->count; ++i) {
    ATOLL_TRY(words_->remove(row->first + i));
    ATOLL_TRY(meaning_->remove(row->first + i));
  }
  ATOLL_TRY(graphs_->remove(row->bucket, row->first));
  unreadable_.erase(object);
  columns_.remove(*row);
  ATOLL_TRY(likeness_->remove(object));
  return book_->remove(*row);
}

Result<void> SearchIndex::put_likeness(const catalog::Listed& listed, const extract::Extraction* extraction) {
  auto signature = signature_of(listed.version, extraction);
  if (!signature) return likeness_->remove(listed.entry.object);
  ATOLL_ASSIGN(signature->picture, pictures_->hash_of(extraction_id(listed.version, listed.entry.key)));
  return likeness_->put(listed.entry.object, *signature);
}

Result<bool> SearchIndex::fill_likeness(vault::Vault& vault, const Position& position, const CatchUpOptions& options) {
  const auto reader = vault.reader();
  bool is_broken_off = false;
  ATOLL_TRY(book_->for_each([&](const ObjectDocuments& row) -> Result<bool> {
    is_broken_off = is_stopped(options);
    ATOLL_ASSIGN(const auto listed, reader->current(row.bucket, row.key));
    // What has changed since comes with the journal.
    if (is_broken_off || !listed || listed->entry.object != row.object || listed->version.version != row.version)
      return !is_broken_off;
    std::optional<extract::Extraction> known;
    if (has_content(listed->version)) {
      ATOLL_ASSIGN(known, kept_->find(row.extraction));
    }
    ATOLL_TRY(put_likeness(*listed, known ? &*known : nullptr));
    return true;
  }));
  if (is_broken_off) return true;
  ATOLL_TRY(likeness_->flush(position));
  is_likeness_whole_ = true;
  return false;
}

Result<void> SearchIndex::take_name(const catalog::Listed& listed) {
  if (listed.entry.key == kRootEntry) return {};
  ObjectDocuments row;
  row.object = listed.entry.object;
  row.version = listed.version.version;
  row.bucket = listed.entry.bucket;
  row.key = listed.entry.key;
  if (has_content(listed.version)) row.extraction = extraction_id(listed.version, listed.entry.key);
  ATOLL_ASSIGN(const auto before, book_->find(row.object));
  std::optional<extract::Extraction> known;
  bool is_waiting = has_content(listed.version);
  if (is_waiting && before && before->extraction == row.extraction) {
    // New tags or another place: what it says is known already.
    ATOLL_ASSIGN(const bool was_waiting, book_->is_waiting(row.object));
    if (!was_waiting) {
      ATOLL_ASSIGN(known, kept_->find(row.extraction));
      is_waiting = !known;
    }
  }
  ATOLL_TRY(add_documents(listed, row, known ? &*known : nullptr));
  ATOLL_TRY(queue_vectors(listed, before, row));
  ++progress_.names_done;
  unreadable_.erase(row.object);
  return book_->set_waiting(row.object, is_waiting);
}

Result<void> SearchIndex::take(vault::Vault& vault, const Touched& touched) {
  const auto reader = vault.reader();
  auto names = touched.names;
  for (const auto& object : touched.objects) {
    ATOLL_ASSIGN(const auto row, book_->find(object));
    if (row) names.emplace(row->bucket, row->key);
  }
  for (const auto& [bucket, key] : names) {
    ATOLL_ASSIGN(const auto listed, reader->current(bucket, key));
    ATOLL_ASSIGN(const auto known, book_->object_named(bucket, key));
    if (known && (!listed || listed->entry.object != *known)) ATOLL_TRY(forget(*known));
    if (listed) ATOLL_TRY(take_name(*listed));
  }
  return {};
}

Result<bool> SearchIndex::scan_names(vault::Vault& vault, Position& position, const CatchUpOptions& options) {
  const auto reader = vault.reader();
  ATOLL_ASSIGN(auto buckets, reader->buckets());
  std::ranges::sort(buckets, {}, &catalog::BucketRow::id);
  bool is_broken_off = false;
  std::uint64_t since_flush = 0;
  for (const auto& bucket : buckets) {
    if (bucket.id < position.bucket) continue;
    if (position.bucket < bucket.id) position.key.clear();
    position.bucket = bucket.id;
    ATOLL_TRY(reader->scan(bucket.id, "", position.key, [&](const catalog::Listed& listed) -> Result<bool> {
      ATOLL_TRY(take_name(listed));
      position.key = listed.entry.key;
      progress_.name = listed.entry.key;
      if (++since_flush >= kNamesPerFlush) {
        since_flush = 0;
        ATOLL_TRY(flush(position));
        if (options.on_progress) options.on_progress(progress_);
      } else {
        ATOLL_TRY(flush_if_full(position));
      }
      is_broken_off = is_stopped(options);
      return !is_broken_off;
    }));
    if (is_broken_off) break;
  }
  if (!is_broken_off) {
    position.is_scanning = false;
    position.key.clear();
    position.bucket = {};
  }
  ATOLL_TRY(flush(position));
  return is_broken_off;
}

Result<bool> SearchIndex::follow_names(vault::Vault& vault, Position& position, const CatchUpOptions& options) {
  const auto reader = vault.reader();
  ATOLL_ASSIGN(const Lsn to, reader->applied());
  if (position.lsn >= to) return false;
  bool is_broken_off = false;
  while (position.lsn < to && !is_broken_off) {
    Touched touched;
    Lsn reached = position.lsn;
    ATOLL_TRY(vault.journal().read(position.lsn.next(), to, [&](const journal::Command& command) -> Result<bool> {
      ATOLL_TRY(touched.add(command));
      reached = command.envelope.lsn;
      return touched.size() < kTouchedMax;
    }));
    if (touched.has_gates) ATOLL_TRY(refresh_gates(vault));
    ATOLL_TRY(take(vault, touched));
    // A range may hold nothing that is kept: then all of it has been seen.
    position.lsn = reached == position.lsn ? to : reached;
    if (touched.size() > 0) ATOLL_TRY(flush_if_full(position));
    if (options.on_progress) options.on_progress(progress_);
    is_broken_off = is_stopped(options);
  }
  ATOLL_TRY(flush(position));
  return is_broken_off;
}

Result<bool> SearchIndex::read_contents(vault::Vault& vault, const Position& position, const CatchUpOptions& options,
                                        std::int64_t begun_ns) {
  auto& clock = vault.machine().clock;
  const auto reader = vault.reader();
  std::int64_t flushed_ns = clock.monotonic_ns();
  ObjectId after;
  for (;;) {
    const std::int64_t now_ns = clock.monotonic_ns();
    if (now_ns - flushed_ns > kFlushEveryNs) {
      ATOLL_TRY(flush(position));
      flushed_ns = now_ns;
    }
    const bool is_time_over = (now_ns - begun_ns) / kNsPerMs >= options.time_max_ms;
    if (is_stopped(options) || is_time_over || progress_.contents_done >= options.contents_max) {
      ATOLL_TRY(flush(position));
      return true;
    }
    const auto objects_max = std::min<std::uint64_t>(kBatchObjects, options.contents_max - progress_.contents_done);
    ATOLL_ASSIGN(const auto waiting, book_->waiting(after, static_cast<std::size_t>(objects_max)));
    if (waiting.empty()) break;
    std::vector<std::unique_ptr<Job>> jobs;
    for (const auto& object : waiting) {
      after = object;
      if (unreadable_.contains(object)) continue;
      ATOLL_ASSIGN(const auto row, book_->find(object));
      if (!row) {
        ATOLL_TRY(book_->set_waiting(object, false));
        continue;
      }
      ATOLL_ASSIGN(auto listed, reader->current(row->bucket, row->key));
      // Changed since: the journal brings it anew.
      if (!listed || listed->entry.object != object || listed->version.version != row->version) continue;
      ATOLL_ASSIGN(const auto known, kept_->find(row->extraction));
      if (known) {
        ATOLL_TRY(add_documents(*listed, *row, &*known));
        ATOLL_TRY(book_->set_waiting(object, false));
        ++progress_.contents_done;
        ATOLL_TRY(flush_if_full(position));
        continue;
      }
      jobs.push_back(std::make_unique<Job>(Job{*row, std::move(*listed)}));
    }
    std::vector<extract::Source> sources;
    sources.reserve(jobs.size());
    for (const auto& job : jobs) sources.push_back(source_of(vault, job->listed));
    if (sources.empty() && waiting.size() < objects_max) break;
    if (sources.empty()) continue;
    const auto done = understand_(
        sources, options.stop,
        [&](std::size_t index, const extract::Extraction& extraction) -> Result<void> {
          const Job& job = *jobs.at(index);
          ATOLL_TRY(kept_->keep(job.row.extraction, extraction));
          ATOLL_TRY(add_documents(job.listed, job.row, &extraction));
          ATOLL_TRY(book_->set_waiting(job.row.object, false));
          ++progress_.contents_done;
          progress_.contents_waiting = book_->waiting_count();
          progress_.name = job.listed.entry.key;
          if (options.on_progress) options.on_progress(progress_);
          ATOLL_TRY(flush_if_full(position));
          const std::int64_t ns = clock.monotonic_ns();
          const bool is_over = ns - now_ns >= kBatchNs || (ns - begun_ns) / kNsPerMs >= options.time_max_ms;
          if (!is_over || index + 1 == jobs.size()) return {};
          after = job.row.object;  // those behind it come with the next batch
          return fail(ErrorKind::interrupted, "search.batch_over", "other work has its turn");
        },
        [&](std::size_t index, const Error&) -> Result<void> {
          unreadable_.insert(jobs.at(index)->row.object);
          return {};
        });
    if (!done && done.error().kind != ErrorKind::interrupted) return pass(done.error());
  }
  ATOLL_TRY(flush(position));
  return false;
}

Result<bool> SearchIndex::catch_up(vault::Vault& vault, const CatchUpOptions& options) {
  if (!is_writable()) {
    return fail(ErrorKind::locked, "search.read_only", "another process keeps the index of this vault",
                "Nothing is to be done: it follows by itself.");
  }
  const std::int64_t begun_ns = vault.machine().clock.monotonic_ns();
  progress_ = {};
  // Something was destroyed since: what was understood of it goes with the key that sealed it.
  if (key_mark_ != key_mark_of(vault)) ATOLL_TRY(reset(vault, true));
  auto kept_position = decode_position(book_->state());
  if (kept_position && !kept_position->is_scanning && kept_position->history == vault.head().history) {
    // What was done before the journal's horizon cannot be followed any more.
    ATOLL_ASSIGN(const auto stats, vault.journal().stats());
    if (kept_position->lsn.value + 1 < stats.first_with_payloads.value) {
      ATOLL_TRY(reset(vault, false));
      kept_position.reset();
    }
  }
  const std::shared_lock shared(parts_mutex_);
  Position position;
  if (kept_position) {
    position = *kept_position;
  } else {
    position.history = vault.head().history;
    const auto reader = vault.reader();
    ATOLL_ASSIGN(position.lsn, reader->applied());
  }
  ATOLL_TRY(refresh_gates(vault));
  if (!is_likeness_whole_) {
    ATOLL_ASSIGN(const bool is_broken_off, fill_likeness(vault, position, options));
    if (is_broken_off) return true;
  }
  if (position.is_scanning) {
    ATOLL_ASSIGN(const bool is_broken_off, scan_names(vault, position, options));
    if (is_broken_off) return true;
  }
  ATOLL_ASSIGN(const bool is_broken_off, follow_names(vault, position, options));
  if (is_broken_off) return true;
  ATOLL_ASSIGN(const bool has_more_to_judge, judge_again(vault, position, options, begun_ns));
  if (has_more_to_judge) return true;
  ATOLL_ASSIGN(const bool has_more_vectors, take_vectors(vault, position, options, begun_ns));
  if (has_more_vectors) return true;
  ATOLL_ASSIGN(const bool has_more, read_contents(vault, position, options, begun_ns));
  if (has_more) return true;
  ATOLL_TRY(queue_pictures(options));
  // In turns: neither a hundred thousand photos nor a slow embedder keeps the other from going on.
  ATOLL_ASSIGN(const bool has_more_previews, make_previews(vault, position, options, begun_ns));
  ATOLL_TRY(meaning_->learn(vault, *book_, position, options.stop));
  if (has_more_previews) return true;
  if (!options.reads_pictures) return is_stopped(options);
  ATOLL_ASSIGN(const bool has_more_pictures, recognise_text(vault, position, options, begun_ns));
  return has_more_pictures || is_stopped(options);
}

}  // namespace atl::search
