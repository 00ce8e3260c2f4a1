// The side of a vault's search that knows texts by what they are about: passages as vectors of the built-in model,
// which is learned from the vault's own texts (derived/vector).
//
//     learn():  kept extractions ─► model ─► passages ─► vectors, in a folder beside the one in use ─► the new one is
//     used put():    what was read since ─► vectors
//
// Always true:
//  - Vectors of one model only are in use; until the first was learned there are none, and nothing is found by meaning.
//  - Derived twice over: where anything of it is missing, damaged or behind the book, it is learned anew.
//  - A document is found by its best passage.
// Thread rules: put(), remove(), flush() and learn() by the thread that follows; everything else from any beside it.
#pragma once

#include <atomic>
#include <memory>
#include <shared_mutex>
#include <string>
#include <vector>

#include "derived/search/document_book.h"
#include "derived/search/kept_extractions.h"
#include "derived/search/position.h"
#include "derived/vector/learned_embedder.h"
#include "derived/vector/vector_index.h"
#include "vault/vault.h"

namespace atl::search {

class Meaning {
 public:
  // Opens what was learned, if it is whole and reached `position`; else begins with nothing. Errors: `io`.
  [[nodiscard]] static Result<std::unique_ptr<Meaning>> open(vault::Vault& vault, KeptExtractions& kept,
                                                             const std::optional<Position>& position, bool writable);
  [[nodiscard]] static Result<void> remove_all(vault::Vault& vault);

  [[nodiscard]] bool is_ready() const;
  // Passages that can be found.
  [[nodiscard]] std::uint64_t passages() const;
  [[nodiscard]] Result<void> put(std::uint64_t document, const extract::Extraction& extraction);
  [[nodiscard]] Result<void> remove(std::uint64_t document);
  [[nodiscard]] Result<void> flush(const Position& position);
  // Where there are so many more texts than before (or fewer) that a new model is worth it: learns it and puts every
  // text. True where it did. `stop` breaks it off; nothing has changed then.
  [[nodiscard]] Result<bool> learn(vault::Vault& vault, const DocumentBook& book, const Position& position,
                                   const std::atomic<bool>* stop);
  [[nodiscard]] Result<bool> build();  // one step towards quicker answers; true: call again

  struct Near {
    std::uint64_t document = 0;
    std::uint32_t passage = 0;
    float similarity = 0;
  };
  // The nearest first. Nothing where nothing was learned, or the text says nothing to the model.
  [[nodiscard]] Result<std::vector<Near>> near_to(std::string_view text, std::size_t limit) const;
  // The text of that passage; empty where the content has changed since.
  [[nodiscard]] Result<std::string> passage(const extract::Extraction& extraction, std::uint32_t number) const;

 private:
  struct Model {
    std::unique_ptr<vector::LearnedEmbedder> embedder;
    std::unique_ptr<vector::VectorIndex> index;
    std::uint64_t learned_from = 0;  // objects
    std::uint8_t slot = 0;           // of two folders
  };
  explicit Meaning(KeptExtractions& kept) : kept_(&kept) {}
  // Those in which the model sees something, in order, with their vectors.
  [[nodiscard]] static Result<std::vector<std::string>> known_passages(const Model& model,
                                                                       const extract::Extraction& extraction,
                                                                       std::vector<float>* vectors);
  [[nodiscard]] static Result<void> put_into(const Model& model, std::uint64_t document,
                                             const extract::Extraction& extraction);
  [[nodiscard]] static Result<std::unique_ptr<vector::VectorIndex>> open_index(vault::Vault& vault, const Model& model,
                                                                               bool writable);
  [[nodiscard]] std::shared_ptr<Model> model() const;
  void set_model(std::shared_ptr<Model> model);

  KeptExtractions* kept_;
  mutable std::shared_mutex mutex_;
  std::shared_ptr<Model> model_;  // guarded by mutex_; null: none was learned
};

}  // namespace atl::search
