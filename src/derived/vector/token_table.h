// An embedder that is a table: one vector for each token of a vocabulary; a text is the mean of its tokens' vectors.
// Reads what model2vec writes: model.safetensors with a tensor "embeddings" (rows are tokens; F32 or F16) and a
// tokenizer.json of the WordPiece kind. Other kinds of tokenizers are refused, not guessed.
// Sources: safetensors' README ("Format"); Hugging Face tokenizers' JSON; Schuster and Nakajima, "Japanese and Korean
// voice search", ICASSP 2012, for WordPiece.
//
// Always true: both files are foreign and checked whole before anything is used; no memory is taken for sizes that the
// files only claim. Accents are taken off Latin, Greek and Cyrillic letters only, where the tokenizer wants small letters.
// Complexity: linear in the text. Thread rules: as of Embedder.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "derived/vector/embedder.h"
#include "foundation/base/bytes.h"
#include "foundation/platform/file_system.h"

namespace atl::vector {

class TokenTable final : public Embedder {
 public:
  // `name` is what people call the model. Errors: `usage` ("token_table.malformed"), `unsupported`
  // ("token_table.unsupported"), `limit`.
  [[nodiscard]] static Result<std::unique_ptr<TokenTable>> parse(std::string name, ByteView safetensors,
                                                                 std::string_view tokenizer);
  // The two files in `folder`; the model is called as the folder is. Errors: also `not_found`, `io`.
  [[nodiscard]] static Result<std::unique_ptr<TokenTable>> open(platform::FileSystem& files, const std::string& folder);
  ~TokenTable() override;

  [[nodiscard]] const EmbedderInfo& info() const override;
  [[nodiscard]] Result<VectorRows> embed(std::span<const std::string_view> texts, TextRole role,
                                         const std::atomic<bool>* stop = nullptr) const override;
  [[nodiscard]] CostEstimate estimate(std::uint64_t texts, std::uint64_t bytes) const override;
  // Numbers of the tokens of a text; what is in no vocabulary is left out.
  [[nodiscard]] std::vector<std::uint32_t> tokens_of(std::string_view text) const;

 private:
  class State;
  explicit TokenTable(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace atl::vector
