// The built-in embedder: learned from the texts it is for, without any file or network. Latent semantic analysis
// (Deerwester et al., "Indexing by latent semantic analysis", JASIS 1990): the texts' words and parts of words, weighed
// by tf-idf, brought down to few dimensions by a randomized singular value decomposition (Halko, Martinsson and Tropp,
// SIAM Review 2011). Why this and not word vectors: docs/meaning.md.
//
// What it knows: words that occur in the same texts, words that share parts (house, houses, housing), and a short list
// of everyday words that mean much the same, written into the program (concepts.h). What it cannot: know a word that is
// neither in the texts nor in the list, tell what a sentence says from what its words say, or translate. With forty
// notes it is little more than a match by words and parts of words; it gets better with thousands.
//
// Always true: the same texts in the same order and the same seed give the same model, byte for byte, on one kind of
// machine. The version of an embedder is a digest of its model.
// Thread rules: a Trainer belongs to one thread; an embedder may be used from any.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "derived/vector/embedder.h"
#include "foundation/base/bytes.h"

namespace atl::vector {

struct LearnedOptions {
  std::uint32_t dimension = 256;         // at most 1024
  std::uint32_t texts_max = 20'000;      // learned from: an even sample of more
  std::uint32_t words_max = 40'000;      // that are kept; at most 98,000
  std::uint32_t fragments_max = 40'000;  // parts of words; at most as many
  std::uint64_t seed = 1;
  bool concepts = true;  // with the list of everyday words
};

class LearnedEmbedder final : public Embedder {
 public:
  // Reads what serialize() wrote. Errors: `damaged`, `unsupported`.
  [[nodiscard]] static Result<std::unique_ptr<LearnedEmbedder>> parse(ByteView stored);
  ~LearnedEmbedder() override;

  [[nodiscard]] const EmbedderInfo& info() const override;
  [[nodiscard]] Result<VectorRows> embed(std::span<const std::string_view> texts, TextRole role,
                                         const std::atomic<bool>* stop = nullptr) const override;
  [[nodiscard]] CostEstimate estimate(std::uint64_t texts, std::uint64_t bytes) const override;
  // In clear: it tells much of what the texts are about, and is to be sealed like them.
  [[nodiscard]] Bytes serialize() const;
  [[nodiscard]] std::uint64_t learned_from() const;  // texts that there were

 private:
  friend class LearnedTrainer;
  class State;
  explicit LearnedEmbedder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Memory: the texts of the sample; while it ends, in their place, 4 bytes for each different word and part of a word of
// each of them that is kept, and 4 bytes a dimension for each kept one and for each text.
class LearnedTrainer {
 public:
  explicit LearnedTrainer(const LearnedOptions& options);
  LearnedTrainer(const LearnedTrainer&) = delete;
  LearnedTrainer& operator=(const LearnedTrainer&) = delete;
  LearnedTrainer(LearnedTrainer&&) = delete;
  LearnedTrainer& operator=(LearnedTrainer&&) = delete;
  ~LearnedTrainer();
  void add(std::string_view text);  // a passage
  // Ends the trainer. Seconds for thousands of texts. `stop` ends it with `interrupted`. No texts are an error (usage).
  [[nodiscard]] Result<std::unique_ptr<LearnedEmbedder>> finish(const std::atomic<bool>* stop = nullptr);

 private:
  class State;
  std::unique_ptr<State> state_;
};

// Whether there are so many texts now (or so few) that a new model is worth it, where the last was learned from
// `learned_from`: at first with every tenth more, from 2,000 on with every half more.
[[nodiscard]] bool worth_learning_again(std::uint64_t learned_from, std::uint64_t texts);

}  // namespace atl::vector
