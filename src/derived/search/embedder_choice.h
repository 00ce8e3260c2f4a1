// Which embedder a vault's texts go to, as its owner chose it.
//
//     built-in                                              learned from the vault's own texts; needs nothing
//     table:/models/potion-base-8M                          a folder with model.safetensors and tokenizer.json
//     http://127.0.0.1:11434/api/embed?model=nomic-embed-text      a server that speaks Ollama's protocol
//     https://api.example.org/v1/embeddings?model=small            or OpenAI's
//
// Behind the address may also stand `query_prefix=` and `document_prefix=`: what the model wants in front of a text.
//
// Always true:
//  - The choice is the vault's (a row in its journal): it goes with copies, and nobody chose means built-in.
//  - No key is in it. Keys are asked for by the server's address when they are needed (EmbedderKeys), and one is sent
//    by https, or to this machine, or not at all.
//  - Nothing is sent to a server that is not the choice.
// Thread rules: any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "derived/vector/embedder.h"
#include "derived/vector/endpoint_embedder.h"
#include "foundation/platform/machine.h"
#include "vault/vault.h"

namespace atl::search {

enum class EmbedderKind : std::uint8_t { built_in, table, endpoint };

struct EmbedderChoice {
  EmbedderKind kind = EmbedderKind::built_in;
  std::string folder;                // of a table
  vector::EndpointOptions endpoint;  // of an endpoint, without key
  // As it is written, with nothing left out that counts: two choices of the same text are the same.
  [[nodiscard]] std::string text() const;
};
// Errors: `usage` ("embedder.unknown"), with a hint that says which there are.
[[nodiscard]] Result<EmbedderChoice> parse_embedder(std::string_view text);

// "http://127.0.0.1:11434": where texts of the choice go; empty where they stay in this process.
[[nodiscard]] std::string origin_of(const EmbedderChoice& choice);
// The texts go to another machine.
[[nodiscard]] bool leaves_machine(const EmbedderChoice& choice);

// What is chosen now. Errors: those of the catalog. What cannot be understood counts as built-in.
[[nodiscard]] Result<EmbedderChoice> chosen_embedder(vault::Vault& vault);
// One command in the journal. Errors: those of a commit.
[[nodiscard]] Result<void> choose_embedder(vault::Vault& vault, const EmbedderChoice& choice);

// The key that a server wants, by its origin; "" where there is none. May be null: none are known.
using EmbedderKeys = std::function<Result<std::string>(const std::string& origin)>;

// Whoever asks a question waits for its vector, and has the words' answer meanwhile: one attempt, a few seconds.
enum class EmbedderUse : std::uint8_t { filling, asking };
// A table or endpoint, ready for texts; never the built-in one, which is learned (meaning.h). `dimension` 0: the server
// is asked for one vector of a text of our own, to know how long its vectors are; else nothing is sent.
// Errors: those of TokenTable and EndpointEmbedder; `denied` ("embedder.key_in_clear").
struct EmbedderRequest {
  EmbedderUse use = EmbedderUse::filling;
  std::uint32_t dimension = 0;
  std::shared_ptr<vector::EmbeddingCache> cache;  // may be null
};
[[nodiscard]] Result<std::shared_ptr<const vector::Embedder>> open_embedder(const platform::Machine& machine,
                                                                            const EmbedderChoice& choice,
                                                                            const EmbedderKeys& keys,
                                                                            const EmbedderRequest& request);

}  // namespace atl::search
