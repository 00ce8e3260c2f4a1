#include "derived/search/search_index.h"

#include <map>
#include <mutex>

#include "catalog/sqlite_table.h"
#include "derived/search/content_reader.h"
#include "derived/search/fields.h"
#include "derived/search/position.h"
#include "vault/object/gate.h"

namespace atl::search {
namespace {

using platform::join;

constexpr std::string_view kWords = "words";
constexpr std::string_view kBook = "book";
constexpr std::string_view kExtractions = "extractions";
constexpr std::string_view kLikeness = "likeness";
// It is flushed long before that, but where contents are long.
constexpr std::size_t kWordBufferBytes = 64 * kMiB;

std::string folder_of(const vault::Vault& vault, std::string_view part) {
  return join(join(vault.folder(), "indexes"), std::string(part));
}

codec::SecretKey key_of(const vault::Vault& vault, std::string_view part) {
  return vault.keys().derived_key("indexes/" + std::string(part));
}

// Nothing of what `one` covers is missing in what reached `other`.
bool is_at_least(const std::optional<Position>& other, const std::optional<Position>& one) {
  if (!one) return true;
  return other && other->history == one->history && one->lsn <= other->lsn && other->is_scanning <= one->is_scanning;
}

bool is_useless(const Error& error) {
  return error.kind == ErrorKind::damaged || error.kind == ErrorKind::unsupported || error.id == "text.schema_changed";
}

tl::unexpected<Error> not_open() {
  return fail(ErrorKind::failed, "search.not_open", "the index could not be opened anew", "Start Atoll again.");
}

}  // namespace

Understand understand_in_workers(const platform::Machine& machine) {
  return [machine](std::span<const extract::Source> sources, const std::atomic<bool>* stop,
                   const extract::OnDone& on_done, const extract::OnFailed& on_failed) {
    extract::Options options;
    options.stop = stop;
    return extract::extract_all(machine, sources, options, on_done, on_failed);
  };
}

SearchIndex::~SearchIndex() = default;

Result<std::unique_ptr<SearchIndex>> SearchIndex::open(vault::Vault& vault, Understand understand, bool writable,
                                                       EmbedderKeys keys) {
  std::unique_ptr<SearchIndex> made(new SearchIndex(std::move(understand), std::move(keys)));
  if (writable) {
    auto& files = vault.machine().files;
    ATOLL_TRY(files.create_directory(join(vault.folder(), "indexes")));
    auto lock = files.lock(folder_of(vault, "search.lock"), platform::LockMode::exclusive);
    if (lock) {
      made->lock_ = std::move(*lock);
    } else if (lock.error().kind != ErrorKind::locked) {
      return pass(lock.error());
    }
  }
  ATOLL_TRY(made->open_parts(vault, made->lock_ != nullptr));
  auto questions = QuestionLog::open(vault, made->lock_ != nullptr);
  if (questions) made->questions_ = std::move(*questions);
  return made;
}

Result<void> SearchIndex::open_words(vault::Vault& vault, bool writable) {
  const auto head = vault.head();
  text::Options options;
  options.suite = head.suite;
  options.buffer_bytes_max = kWordBufferBytes;
  const auto open = [&] {
    return text::TextIndex::open(vault.machine(), folder_of(vault, kWords), key_of(vault, kWords), head.vault, schema(),
                                 options, writable);
  };
  auto words = open();
  if (!words && writable && is_useless(words.error())) {
    ATOLL_TRY(text::TextIndex::remove_all(vault.machine(), folder_of(vault, kWords)));
    words = open();
  }
  if (!words) return pass(words.error());
  words_ = std::move(*words);
  return {};
}

codec::Digest SearchIndex::key_mark_of(const vault::Vault& vault) {
  return codec::blake3_keyed(key_of(vault, kWords), as_bytes("mark"));
}

Result<void> SearchIndex::open_likeness(vault::Vault& vault, bool writable) {
  const auto head = vault.head();
  const auto open = [&] {
    return LikenessBook::open(vault.machine(), folder_of(vault, kLikeness), key_of(vault, kLikeness), head.vault,
                              head.suite, writable);
  };
  ATOLL_ASSIGN(likeness_, open());
  is_likeness_whole_ = is_at_least(likeness_->position(), decode_position(book_->state()));
  if (is_likeness_whole_ || !writable) return {};
  // It is filled from what the book lists; nothing that the book has forgotten may stay in it.
  likeness_.reset();
  ATOLL_TRY(run::RunSet::remove_all(vault.machine(), folder_of(vault, kLikeness)));
  ATOLL_ASSIGN(likeness_, open());
  return {};
}

Result<void> SearchIndex::open_parts(vault::Vault& vault, bool writable) {
  const auto head = vault.head();
  key_mark_ = key_mark_of(vault);
  ATOLL_TRY(open_words(vault, writable));
  const auto open_book = [&] {
    return DocumentBook::open(vault.machine(), folder_of(vault, kBook), key_of(vault, kBook), head.vault, head.suite,
                              writable);
  };
  auto book = open_book();
  if (!book && writable && is_useless(book.error())) {
    ATOLL_TRY(run::RunSet::remove_all(vault.machine(), folder_of(vault, kBook)));
    book = open_book();
  }
  if (!book) return pass(book.error());
  book_ = std::move(*book);
  ATOLL_ASSIGN(kept_, KeptExtractions::open(vault.machine(), folder_of(vault, kExtractions),
                                            key_of(vault, kExtractions), head.vault, head.suite, writable));
  if (writable) {
    // Numbers of documents begin anew with the book.
    if (book_->object_count() == 0) ATOLL_TRY(OwnGraphs::remove_all(vault));
    ATOLL_ASSIGN(graphs_, OwnGraphs::open(vault));
  }
  pictures_ = std::make_unique<Pictures>(vault.machine(), *kept_, writable);
  pictures_->set_readers(picture_readers_);
  ATOLL_TRY(open_likeness(vault, writable));
  columns_.forget();
  if (!writable) {
    ATOLL_ASSIGN(meaning_, Meaning::open(vault, *kept_, decode_position(book_->state()), keys_, false));
    return {};
  }
  // The words are flushed before the book: where they know less, they were lost, and both begin anew.
  const auto in_book = decode_position(book_->state());
  const auto in_words = decode_position(words_->state());
  const bool is_of_now = in_book && in_book->history == head.history && is_at_least(in_words, in_book);
  const bool is_new = !in_book && book_->state().empty() && words_->state().empty() && book_->object_count() == 0;
  if (is_of_now || is_new) {
    ATOLL_ASSIGN(meaning_, Meaning::open(vault, *kept_, in_book, keys_, true));
    return {};
  }
  words_.reset();
  book_.reset();
  likeness_.reset();
  graphs_.reset();
  ATOLL_TRY(OwnGraphs::remove_all(vault));
  ATOLL_TRY(text::TextIndex::remove_all(vault.machine(), folder_of(vault, kWords)));
  ATOLL_TRY(run::RunSet::remove_all(vault.machine(), folder_of(vault, kBook)));
  ATOLL_TRY(run::RunSet::remove_all(vault.machine(), folder_of(vault, kLikeness)));
  ATOLL_TRY(open_words(vault, true));
  ATOLL_ASSIGN(book_, open_book());
  ATOLL_TRY(open_likeness(vault, true));
  ATOLL_ASSIGN(graphs_, OwnGraphs::open(vault));
  ATOLL_TRY(Meaning::remove_all(vault));
  ATOLL_ASSIGN(meaning_, Meaning::open(vault, *kept_, std::nullopt, keys_, true));
  return {};
}

Result<void> SearchIndex::reset(vault::Vault& vault, bool wholly) {
  if (!is_writable()) return fail(ErrorKind::locked, "search.read_only", "another process follows this vault");
  const std::unique_lock alone(parts_mutex_);
  meaning_.reset();
  pictures_.reset();
  words_.reset();
  book_.reset();
  kept_.reset();
  likeness_.reset();
  graphs_.reset();
  unreadable_.clear();
  left_out_of_graphs_.clear();
  ATOLL_TRY(OwnGraphs::remove_all(vault));
  ATOLL_TRY(Meaning::remove_all(vault));
  ATOLL_TRY(text::TextIndex::remove_all(vault.machine(), folder_of(vault, kWords)));
  ATOLL_TRY(run::RunSet::remove_all(vault.machine(), folder_of(vault, kBook)));
  ATOLL_TRY(run::RunSet::remove_all(vault.machine(), folder_of(vault, kLikeness)));
  if (wholly) ATOLL_TRY(run::RunSet::remove_all(vault.machine(), folder_of(vault, kExtractions)));
  // Under another key it begins anew by itself: what was asked may name what was destroyed.
  if (questions_) ATOLL_TRY(questions_->open_again());
  return open_parts(vault, true);
}

Result<bool> SearchIndex::merge() {
  const std::shared_lock shared(parts_mutex_);
  if (!is_writable() || !words_) return false;
  ATOLL_ASSIGN(const bool words, words_->maybe_merge());
  ATOLL_ASSIGN(const bool book, book_->maybe_merge());
  ATOLL_ASSIGN(const bool kept, kept_->maybe_merge());
  ATOLL_ASSIGN(const bool likeness, likeness_->maybe_merge());
  ATOLL_ASSIGN(const bool meaning, meaning_->build());
  ATOLL_ASSIGN(const bool graphs, graphs_->build());
  return words || book || kept || likeness || meaning || graphs;
}

Result<void> SearchIndex::check_open() const {
  if (words_ && book_ && kept_ && meaning_ && likeness_) return {};
  return fail(ErrorKind::failed, "search.not_open", "the index could not be opened anew", "Start Atoll again.");
}

Result<Coverage> SearchIndex::coverage(vault::Vault& vault) const {
  const std::shared_lock shared(parts_mutex_);
  Coverage coverage;
  if (!book_) return coverage;
  const auto reader = vault.reader();
  ATOLL_ASSIGN(coverage.current, reader->applied());
  const auto position = decode_position(book_->state());
  coverage.is_filling = !position || position->is_scanning;
  if (position) coverage.reached = position->lsn;
  coverage.objects = book_->object_count();
  coverage.contents_waiting = book_->waiting_count();
  coverage.previews_waiting = book_->waiting_count(Queue::previews);
  coverage.pictures_waiting = book_->waiting_count(Queue::recognition);
  const VerdictCounts verdicts = book_->verdicts().counts();
  coverage.judged = verdicts.judged;
  coverage.quarantined = verdicts.quarantined;
  ATOLL_ASSIGN(const auto gates, vault::gates_of(*reader));
  for (const auto& [bucket, gate] : gates) coverage.gates_unfinished += is_finished(bucket, gate) ? 0 : 1;
  if (meaning_) {
    auto meaning = meaning_->state(*book_);
    coverage.knows_meaning = meaning.is_ready;
    coverage.embedder = std::move(meaning.embedder);
    coverage.passages = meaning.passages;
    coverage.meaning_waiting = meaning.waiting;
    coverage.next_embedder = std::move(meaning.next_embedder);
    coverage.meaning_trouble = std::move(meaning.trouble);
  }
  return coverage;
}

Result<bool> SearchIndex::embed(vault::Vault& vault, const FillOptions& options) {
  const std::shared_lock shared(parts_mutex_);
  if (!is_writable() || !meaning_) return false;
  return meaning_->fill(vault, *book_, options);
}

Result<EmbeddingCost> SearchIndex::embedding_cost(vault::Vault& vault, const EmbedderChoice& choice,
                                                  const std::atomic<bool>* stop) const {
  const std::shared_lock shared(parts_mutex_);
  if (!meaning_) return not_open();
  return meaning_->cost(vault, *book_, choice, stop);
}

Result<void> SearchIndex::export_meaning(vault::Vault& vault, const std::string& folder) const {
  const std::shared_lock shared(parts_mutex_);
  if (!meaning_) return not_open();
  auto& files = vault.machine().files;
  ATOLL_TRY(platform::create_directories(files, folder));
  ATOLL_TRY(meaning_->export_readable(folder));
  const auto reader = vault.reader();
  std::map<BucketId, std::string> buckets;
  ATOLL_ASSIGN(const auto rows, reader->buckets());
  for (const auto& bucket : rows) buckets[bucket.id] = bucket.name;
  const std::vector<std::string> columns{
      "document INTEGER PRIMARY KEY", "bucket TEXT", "key TEXT", "member INTEGER", "version TEXT", "title TEXT"};
  ATOLL_ASSIGN(const Bytes table, catalog::sqlite_table("documents", columns, [&](const auto& add) {
                 return book_->for_each([&](const ObjectDocuments& row) -> Result<bool> {
                   for (std::uint32_t member = 0; member < row.count; ++member) {
                     ATOLL_TRY(add({static_cast<std::int64_t>(row.first + member), buckets[row.bucket], row.key,
                                    std::int64_t{member}, row.version.text(), row.title}));
                   }
                   return true;
                 });
               }));
  return platform::replace_whole(files, join(folder, "metadata.sqlite"), table);
}

MeaningState SearchIndex::meaning_state() const {
  const std::shared_lock shared(parts_mutex_);
  return meaning_ ? meaning_->state(*book_) : MeaningState{};
}

Result<std::optional<extract::Extraction>> SearchIndex::extraction_of(const catalog::Listed& listed) const {
  const std::shared_lock shared(parts_mutex_);
  if (!kept_ || listed.version.kind != catalog::EntryKind::file || listed.version.size == 0) return std::nullopt;
  return kept_->find(extraction_id(listed.version, listed.entry.key));
}

void SearchIndex::set_picture_readers(PictureReaders readers) {
  picture_readers_ = std::move(readers);
  pictures_->set_readers(picture_readers_);
}

Result<std::optional<std::int64_t>> SearchIndex::date_of(const catalog::Listed& listed) const {
  const std::shared_lock shared(parts_mutex_);
  if (!book_) return std::nullopt;
  ATOLL_ASSIGN(const auto row, book_->find(listed.entry.object));
  if (!row || row->version != listed.version.version) return std::nullopt;
  ATOLL_ASSIGN(const auto owner, book_->owner_of(row->first));
  if (!owner || owner->facts.format.empty()) return std::nullopt;
  return owner->facts.date_us;
}

Result<KeptPreview> SearchIndex::preview_of(vault::Vault& vault, const catalog::Listed& listed,
                                            preview::Size size) const {
  const std::shared_lock shared(parts_mutex_);
  if (listed.version.kind != catalog::EntryKind::file || listed.version.size == 0)
    return fail(ErrorKind::not_found, "preview.none", "there is no preview of what has no content");
  return pictures_->get(extraction_id(listed.version, listed.entry.key), source_of(vault, listed), size);
}

}  // namespace atl::search
