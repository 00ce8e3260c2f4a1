// Everything by which a vault's objects are found beyond their names: the word index over what they say, filled by
// following the journal, and the questions asked of it.
//
//     journal ─► names and facts, at once ─► contents read by locked-in workers, oldest first ─► words, and meaning
//                                            ─► previews ─► text in pictures ─► words, and meaning
//
// Always true:
//  - A follower: it never holds up a commit, says how far it is, and can be deleted: indexes/words and indexes/book are
//    filled again from the catalog, and indexes/extractions keeps that from reading every file again. indexes/vectors
//    comes back once it is asked for.
//  - A file that broke its reader is marked by the reason and is not read again before it changes.
//  - What is answered was there when it was asked for: every hit is looked up in the catalog, so that what was removed
//    meanwhile is never shown. Nothing of a vault is found in another one.
//  - After a shred everything is made anew under another key, in a running server too.
//  - One process follows (indexes/search.lock); others may ask meanwhile and see what it has flushed.
// Thread rules: catch_up() by one thread at a time; everything else from any thread beside it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <shared_mutex>
#include <span>
#include <string>
#include <vector>

#include "derived/extract/extractor.h"
#include "derived/search/document_book.h"
#include "derived/search/duplicates.h"
#include "derived/search/fact_columns.h"
#include "derived/search/kept_extractions.h"
#include "derived/search/likeness.h"
#include "derived/search/meaning.h"
#include "derived/search/own_graphs.h"
#include "derived/search/own_vectors.h"
#include "derived/search/pictures.h"
#include "derived/search/position.h"
#include "derived/search/quarantine.h"
#include "derived/search/question.h"
#include "derived/search/question_log.h"
#include "derived/text/text_index.h"
#include "foundation/base/latency_histogram.h"
#include "vault/vault.h"

namespace atl::search {

// Who reads contents: extract::extract_all in the program, something simple in tests.
using Understand = std::function<Result<void>(std::span<const extract::Source> sources, const std::atomic<bool>* stop,
                                              const extract::OnDone& on_done, const extract::OnFailed& on_failed)>;
[[nodiscard]] Understand understand_in_workers(const platform::Machine& machine);

struct CatchUpProgress {
  std::uint64_t names_done = 0;     // of this call
  std::uint64_t contents_done = 0;  // of this call
  std::uint64_t contents_waiting = 0;
  std::uint64_t previews_done = 0;  // of this call
  std::uint64_t previews_waiting = 0;
  std::string_view name;  // of the object in hand
};
struct CatchUpOptions {
  const std::atomic<bool>* stop = nullptr;
  std::uint64_t contents_max = UINT64_MAX;  // after so many, or so long, it returns with more to do
  std::int64_t time_max_ms = INT64_MAX;
  bool makes_previews = false;  // also where its readers do not by themselves: for who asks what looks alike
  bool reads_pictures = true;   // searches them for text too, which may take a minute for each
  std::function<void(const CatchUpProgress&)> on_progress;
};

class SearchIndex {
 public:
  // Opens or begins the index of the vault. `writable` false, or where another process follows: only to ask.
  // `keys`: of servers that may be chosen to embed texts. Errors: `io`, `no_space`; damage is answered by beginning
  // anew.
  [[nodiscard]] static Result<std::unique_ptr<SearchIndex>> open(vault::Vault& vault, Understand understand,
                                                                 bool writable, EmbedderKeys keys = nullptr);
  SearchIndex(const SearchIndex&) = delete;
  SearchIndex& operator=(const SearchIndex&) = delete;
  SearchIndex(SearchIndex&&) = delete;
  SearchIndex& operator=(SearchIndex&&) = delete;
  ~SearchIndex();  // flushes nothing: what was not is done again

  // Before the first catch_up(). Without it no previews are made.
  void set_picture_readers(PictureReaders readers);
  [[nodiscard]] bool is_writable() const { return lock_ != nullptr; }
  // Follows the vault to where it is now, then reads contents. True where more is to be done, also where it was
  // stopped. Errors: `io`, `no_space`, `locked` (the vault's catalog), and "search.read_only".
  [[nodiscard]] Result<bool> catch_up(vault::Vault& vault, const CatchUpOptions& options);
  // Gives texts to the embedder that was chosen, where that is not the built-in one; true: more to be done. Waits for
  // whoever embeds: words need not wait for that on a thread of their own (meaning.h).
  [[nodiscard]] Result<bool> embed(vault::Vault& vault, const FillOptions& options);
  // What it would take to give every text to that embedder. Sends nothing of the texts.
  [[nodiscard]] Result<EmbeddingCost> embedding_cost(vault::Vault& vault, const EmbedderChoice& choice,
                                                     const std::atomic<bool>* stop) const;
  // Vectors and what they belong to, in clear, for other programs (spec/formats/vector-index.md); makes the folder.
  // Errors: `io`, `no_space`, `conflict` where there are none.
  [[nodiscard]] Result<void> export_meaning(vault::Vault& vault, const std::string& folder) const;
  [[nodiscard]] MeaningState meaning_state() const;
  // Of the vectors that people put there themselves. Where many are compared, a graph is made of them behind, and leads
  // to the nearest from then on; what was put since the last catch_up() may be missing then.
  [[nodiscard]] Result<VectorAnswer> nearest_vectors(vault::Vault& vault, const VectorQuestion& question) const;
  // How long answers took since it was opened.
  [[nodiscard]] LatencyCounts answer_times() const { return answer_times_.counts(); }
  // One merge of index files, where one is worth it; true: call again.
  [[nodiscard]] Result<bool> merge();

  [[nodiscard]] Result<Answer> ask(vault::Vault& vault, const Question& question) const;
  [[nodiscard]] Result<DuplicateAnswer> duplicates(vault::Vault& vault, const DuplicateQuestion& question) const;
  // What does not meet the gate of its bucket, and why, in the order of names. Errors: `not_found` (the bucket).
  [[nodiscard]] Result<QuarantineAnswer> quarantine(vault::Vault& vault, const QuarantineQuestion& question) const;
  // Whether one object is in quarantine, by the gates as they are set now; for lists that are not made of the index.
  [[nodiscard]] Result<bool> is_quarantined(const Gates& gates, const catalog::Listed& listed) const;
  // Of the buckets that have a gate, by name.
  [[nodiscard]] Result<std::vector<GateState>> gates(vault::Vault& vault) const;
  // What was asked; null where it could not be opened.
  [[nodiscard]] QuestionLog* questions() const { return questions_.get(); }
  [[nodiscard]] Result<Coverage> coverage(vault::Vault& vault) const;
  // What was understood of an object's current content; none where it was not read yet, or has none.
  [[nodiscard]] Result<std::optional<extract::Extraction>> extraction_of(const catalog::Listed& listed) const;
  // When it was made or happened, in microseconds since 1970, as far as its content says (fields.h); none where it is
  // not known to the index yet.
  [[nodiscard]] Result<std::optional<std::int64_t>> date_of(const catalog::Listed& listed) const;
  // A small picture of an object's current content, made where it is not there yet. Errors: `not_found`
  // "preview.none" (with the reason), "preview.not_installed"; `limit` "preview.busy"; `io`.
  [[nodiscard]] Result<KeptPreview> preview_of(vault::Vault& vault, const catalog::Listed& listed,
                                               preview::Size size) const;
  // Forgets all but the kept extractions (those too: `wholly`); the next catch_up() fills it anew.
  [[nodiscard]] Result<void> reset(vault::Vault& vault, bool wholly);

 private:
  struct Touched;
  struct Job {
    ObjectDocuments row;
    catalog::Listed listed;
  };
  SearchIndex(Understand understand, EmbedderKeys keys) : understand_(std::move(understand)), keys_(std::move(keys)) {}
  [[nodiscard]] static codec::Digest key_mark_of(const vault::Vault& vault);
  [[nodiscard]] Result<void> open_parts(vault::Vault& vault, bool writable);
  [[nodiscard]] Result<void> open_words(vault::Vault& vault, bool writable);
  [[nodiscard]] Result<void> open_likeness(vault::Vault& vault, bool writable);
  [[nodiscard]] Result<void> flush(const Position& position);
  [[nodiscard]] Result<void> flush_if_full(const Position& position);
  [[nodiscard]] Result<bool> scan_names(vault::Vault& vault, Position& position, const CatchUpOptions& options);
  [[nodiscard]] Result<bool> follow_names(vault::Vault& vault, Position& position, const CatchUpOptions& options);
  [[nodiscard]] Result<void> take(vault::Vault& vault, const Touched& touched);
  [[nodiscard]] Result<void> take_name(const catalog::Listed& listed);
  [[nodiscard]] Result<void> forget(const ObjectId& object);
  [[nodiscard]] Result<bool> read_contents(vault::Vault& vault, const Position& position, const CatchUpOptions& options,
                                           std::int64_t begun_ns);
  [[nodiscard]] Result<void> add_documents(const catalog::Listed& listed, ObjectDocuments row,
                                           const extract::Extraction* extraction);
  [[nodiscard]] Result<void> queue_pictures(const CatchUpOptions& options);
  [[nodiscard]] Result<void> queue_pictures_of(const ObjectDocuments& row, const extract::Extraction& known);
  [[nodiscard]] Result<std::vector<Job>> next_jobs(catalog::CatalogReader& reader, Queue queue, ObjectId& after,
                                                   std::size_t limit);
  // A content whose preview is there waits for nothing more, and what it looks like is known from now on.
  [[nodiscard]] Result<void> take_preview(const ObjectDocuments& row);
  // Both: true where more is to be done.
  [[nodiscard]] Result<bool> make_previews(vault::Vault& vault, const Position& position, const CatchUpOptions& options,
                                           std::int64_t begun_ns);
  [[nodiscard]] Result<bool> recognise_text(vault::Vault& vault, const Position& position,
                                            const CatchUpOptions& options, std::int64_t begun_ns);
  // Own vectors into their graphs: own_vectors_follow.cc. True where more is to be done.
  [[nodiscard]] Result<bool> take_vectors(vault::Vault& vault, const Position& position, const CatchUpOptions& options,
                                          std::int64_t begun_ns);
  [[nodiscard]] Result<void> begin_wanted_graphs(vault::Vault& vault, const Position& position);
  [[nodiscard]] Result<void> queue_vectors(const catalog::Listed& listed, const std::optional<ObjectDocuments>& before,
                                           const ObjectDocuments& row);
  [[nodiscard]] Result<std::optional<VectorLead>> lead_of(const BucketId& bucket, std::span<const float> vector,
                                                          std::size_t limit) const;
  [[nodiscard]] static bool is_over(vault::Vault& vault, const CatchUpOptions& options, std::int64_t begun_ns);
  [[nodiscard]] Result<void> put_likeness(const catalog::Listed& listed, const extract::Extraction* extraction);
  // Makes good what is missing of what is kept of likeness, where it was lost. True where it was stopped.
  [[nodiscard]] Result<bool> fill_likeness(vault::Vault& vault, const Position& position,
                                           const CatchUpOptions& options);
  // Gates: quarantine.cc.
  [[nodiscard]] Result<void> refresh_gates(vault::Vault& vault);
  [[nodiscard]] Result<void> judge(const catalog::Listed& listed, const ObjectDocuments& row,
                                   const extract::Extraction* extraction);
  // By gates that changed; true where more is to be done.
  [[nodiscard]] Result<bool> judge_again(vault::Vault& vault, const Position& position, const CatchUpOptions& options,
                                         std::int64_t begun_ns);
  [[nodiscard]] bool is_finished(const BucketId& bucket, const std::string& gate) const;
  [[nodiscard]] Result<std::vector<filter::Unmet>> unmet_now(const Gate& gate, const catalog::Listed& listed,
                                                             const ObjectDocuments& row) const;
  [[nodiscard]] Result<bool> is_held(const Gate& gate, const catalog::Listed& listed, const ObjectDocuments& row) const;
  // The first documents of those in quarantine that match, ascending.
  [[nodiscard]] Result<std::vector<std::uint64_t>> quarantined_matches(const text::Query& query) const;
  [[nodiscard]] Result<bool> is_held_listed(const Gate& gate, const catalog::Listed& listed) const;
  [[nodiscard]] Result<VectorAnswer> nearest_of(vault::Vault& vault, const VectorQuestion& question) const;
  [[nodiscard]] Result<void> check_open() const;
  [[nodiscard]] Result<void> put_meaning(const ObjectDocuments& row, const extract::Extraction* extraction);

  Understand understand_;
  EmbedderKeys keys_;
  std::unique_ptr<platform::FileLock> lock_;  // null: another process follows, or nobody may
  std::unique_ptr<text::TextIndex> words_;
  std::unique_ptr<DocumentBook> book_;
  std::unique_ptr<KeptExtractions> kept_;
  std::unique_ptr<Meaning> meaning_;    // borrows kept_
  std::unique_ptr<Pictures> pictures_;  // borrows kept_
  PictureReaders picture_readers_;
  std::unique_ptr<LikenessBook> likeness_;
  std::atomic<bool> is_likeness_whole_ = true;  // false: it was lost, and is to be made anew from what the book lists
  mutable FactColumns columns_;                 // of what the book lists; filled by the first question that counts
  std::unique_ptr<QuestionLog> questions_;
  std::set<ObjectId> unreadable_;  // whose bytes could not be read; tried again after the next opening
  CatchUpProgress progress_;
  Gates gates_;  // of the follower
  mutable LatencyHistogram answer_times_;
  mutable OwnVectors own_vectors_;
  std::unique_ptr<OwnGraphs> graphs_;  // null where another process follows
  // Of the queue of vectors: there was no room for them, or they could not be read. Tried again after the next opening.
  std::set<ObjectId> left_out_of_graphs_;
  codec::Digest key_mark_{};               // of the key that the parts were opened with
  mutable std::shared_mutex parts_mutex_;  // alone: replacing the parts
  friend class Asking;                     // ask.cc
};

}  // namespace atl::search
