// The side of a vault's search that knows texts by what they are about: passages as vectors of one embedder, the
// built-in one, which is learned from the vault's own texts, or one that the vault's owner chose (embedder_choice.h).
//
//     learn():  kept extractions ─► model ─► vectors, in a folder beside the one in use ─► the new one is used
//     fill():   kept extractions ─► the chosen embedder ─► vectors, beside the one in use ─► whole: the new one is used
//     put():    what was read since ─► vectors, or (where an embedder takes its time) the list of what waits for them
//
// Always true:
//  - Questions are answered by the vectors of one embedder only. Until there are some, nothing is found by meaning.
//  - While another embedder's vectors are made, the old ones answer. Where there are none, the new ones do as they
//  come.
//  - An embedder that does not answer holds up nothing else: texts wait for it, questions are answered by words, and
//    state() says why. It is tried again after a pause, which doubles from 2 seconds to 5 minutes.
//  - Derived twice over: where anything of it is missing, damaged or behind the book, it is made anew. Vectors of other
//    programs are kept by content (as extractions are): the same text is not sent twice.
//  - A document is found by its best passage.
// Thread rules: put(), remove(), flush() and learn() by the thread that follows; everything else from any beside it.
// fill() waits for other programs: it gets a thread of its own where following must not wait.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>
#include <vector>

#include "derived/search/document_book.h"
#include "derived/search/embedder_choice.h"
#include "derived/search/kept_extractions.h"
#include "derived/search/position.h"
#include "derived/vector/vector_index.h"
#include "vault/vault.h"

namespace atl::search {

struct MeaningState {
  bool is_ready = false;       // something can be found by meaning
  std::string embedder;        // whose vectors answer; empty: none do
  std::uint64_t passages = 0;  // that can be found
  std::uint64_t waiting = 0;   // objects whose texts have no vectors of the chosen embedder yet
  std::string next_embedder;   // whose vectors are being made beside
  std::string trouble;         // why it does not go on, or why questions are answered by words alone
  std::uint64_t refused = 0;   // texts that the embedder would not take
  std::uint64_t file_bytes = 0;
};

// What it takes to give every text a vector of an embedder.
struct EmbeddingCost {
  std::uint64_t passages = 0;
  std::uint64_t tokens = 0;
  std::uint64_t bytes = 0;  // of texts: so many are sent where the embedder is a server
  double seconds = 0;
  bool is_measured = false;  // on a text of our own, just now; false: as it usually is
  std::uint32_t dimension = 0;
  std::string name;
  bool leaves_machine = false;
};

// Waiting longer each time for somebody who does not answer.
class Patience {
 public:
  [[nodiscard]] bool may_try(std::int64_t now_ns) const;
  void note_failure(const Error& error, std::int64_t now_ns);
  void note_success();
  [[nodiscard]] std::string trouble() const;  // of the last try; empty: it went well

 private:
  mutable std::mutex mutex_;
  std::string trouble_;
  std::int64_t pause_ns_ = 0;
  std::int64_t not_before_ns_ = 0;
};

struct FillOptions {
  const std::atomic<bool>* stop = nullptr;
  std::int64_t time_max_ms = INT64_MAX;  // after so long it returns with more to do
};

class Meaning {
 public:
  // Opens what was made, if it is whole and reached `position`; else begins with nothing. Errors: `io`.
  [[nodiscard]] static Result<std::unique_ptr<Meaning>> open(vault::Vault& vault, KeptExtractions& kept,
                                                             const std::optional<Position>& position, EmbedderKeys keys,
                                                             bool writable);
  [[nodiscard]] static Result<void> remove_all(vault::Vault& vault);

  [[nodiscard]] bool is_ready() const;
  [[nodiscard]] MeaningState state(const DocumentBook& book) const;
  [[nodiscard]] Result<void> put(std::uint64_t document, const extract::Extraction& extraction);
  [[nodiscard]] Result<void> remove(std::uint64_t document);
  [[nodiscard]] Result<void> flush(const Position& position);
  // Where the built-in embedder is the choice, and there are so many more texts than before (or fewer) that a new model
  // is worth it: learns it and puts every text. True where it did. `stop` breaks it off; nothing has changed then.
  [[nodiscard]] Result<bool> learn(vault::Vault& vault, const DocumentBook& book, const Position& position,
                                   const std::atomic<bool>* stop);
  // Where another embedder is the choice: gives vectors to texts that have none of it. True where more is to be done
  // now; false also while the embedder is given a pause. Errors: `io`, `no_space`; an embedder that fails is none.
  [[nodiscard]] Result<bool> fill(vault::Vault& vault, const DocumentBook& book, const FillOptions& options);
  [[nodiscard]] Result<bool> build();  // one step towards quicker answers; true: call again

  struct Near {
    std::uint64_t document = 0;
    std::uint32_t passage = 0;
    float similarity = 0;
  };
  // The nearest first, none below `similarity_min`. Nothing where there are no vectors, the text says nothing to the
  // embedder, or it cannot be asked now (state() says why). `only`: of these documents, in ascending order; null: of
  // all.
  [[nodiscard]] Result<std::vector<Near>> near_to(std::string_view text, std::size_t limit, float similarity_min,
                                                  const std::vector<std::uint64_t>* only = nullptr) const;
  // The text of that passage; empty where the content has changed since.
  [[nodiscard]] Result<std::string> passage(const extract::Extraction& extraction, std::uint32_t number) const;
  // Reads every text that is kept, to count; asks the embedder for vectors of a text of our own, to measure. `stop`:
  // `interrupted`. Errors: those of open_embedder() and of the embedder.
  [[nodiscard]] Result<EmbeddingCost> cost(vault::Vault& vault, const DocumentBook& book, const EmbedderChoice& choice,
                                           const std::atomic<bool>* stop) const;
  // As VectorIndex::export_readable. `conflict` ("search.nothing_learned") where there are no vectors.
  [[nodiscard]] Result<void> export_readable(const std::string& folder) const;

 private:
  struct Model {
    EmbedderChoice choice;
    std::shared_ptr<const vector::Embedder> filling;
    std::shared_ptr<const vector::Embedder> asking;
    std::unique_ptr<vector::VectorIndex> index;
    std::uint64_t learned_from = 0;  // objects; of the built-in one
    std::uint8_t slot = 0;           // of two folders
    // What has no vectors yet; guarded by mutex_.
    bool is_walked = true;  // false: of all objects beyond `walked_to` too
    ObjectId walked_to;
    std::uint64_t walked = 0;         // objects
    std::set<std::uint64_t> waiting;  // documents
    std::set<std::uint64_t> in_hand;  // being embedded now
    std::set<std::uint64_t> gone;     // of those: removed meanwhile
    std::uint64_t refused = 0;
  };
  struct Batch;
  Meaning(const platform::Machine& machine, KeptExtractions& kept, EmbedderKeys keys);
  // Those in which the embedder sees something, in order, with their vectors.
  [[nodiscard]] static Result<std::vector<std::string>> known_passages(const vector::Embedder& embedder,
                                                                       const extract::Extraction& extraction,
                                                                       std::vector<float>* vectors);
  [[nodiscard]] static Result<void> put_into(const Model& model, std::uint64_t document,
                                             const extract::Extraction& extraction);
  [[nodiscard]] static Result<std::unique_ptr<vector::VectorIndex>> open_index(vault::Vault& vault, const Model& model,
                                                                               bool writable);
  [[nodiscard]] Result<std::shared_ptr<Model>> open_stored(vault::Vault& vault, const std::optional<Position>& position,
                                                           bool writable) const;
  [[nodiscard]] Result<void> open_embedders(Model& model, std::uint32_t dimension) const;
  [[nodiscard]] Result<void> store(const Model& model, ByteView learned);
  [[nodiscard]] Bytes state_of(const Model& model, const Position& position) const;
  [[nodiscard]] Result<bool> for_each_text(
      const DocumentBook& book, const std::atomic<bool>* stop,
      const std::function<Result<void>(std::uint64_t document, const extract::Extraction&)>& visit) const;
  // The one that answers; null: none.
  [[nodiscard]] std::shared_ptr<Model> answering() const;
  [[nodiscard]] std::vector<std::shared_ptr<Model>> all_models() const;
  [[nodiscard]] Result<std::shared_ptr<Model>> begin(vault::Vault& vault, const EmbedderChoice& choice);
  void drop_next();
  [[nodiscard]] Result<Batch> take_batch(const DocumentBook& book, Model& model) const;
  [[nodiscard]] Result<void> embed_batch(const std::shared_ptr<Model>& model, Batch& batch,
                                         const std::atomic<bool>* stop);
  [[nodiscard]] Result<bool> is_text_to_blame(const Model& model, const Error& error,
                                              const std::atomic<bool>* stop) const;
  void give_back(Model& model, const Batch& batch) const;
  [[nodiscard]] Result<void> use_next();

  platform::Machine machine_;
  KeptExtractions* kept_;
  EmbedderKeys keys_;
  std::shared_ptr<vector::EmbeddingCache> embeddings_;        // kept by content
  std::shared_ptr<vector::EmbeddingCache> asked_embeddings_;  // of questions, in memory
  // Taken in this order.
  std::mutex making_mutex_;  // who makes models: one at a time
  std::mutex change_mutex_;  // of what is in an index, and of which are current
  mutable std::shared_mutex mutex_;
  std::shared_ptr<Model> used_;      // guarded by mutex_; null: none is whole
  std::shared_ptr<Model> next_;      // guarded by mutex_; being filled beside
  std::optional<Position> flushed_;  // guarded by change_mutex_: of the last flush()
  mutable Patience filling_patience_;
  mutable Patience asking_patience_;
};

}  // namespace atl::search
