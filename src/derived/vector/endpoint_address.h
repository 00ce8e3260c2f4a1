// How people name an embedding server: its address, and behind a question mark the model.
//
//     http://127.0.0.1:11434/api/embed?model=nomic-embed-text        Ollama's protocol: paths that end with /api/embed
//     https://api.example.org/v1/embeddings?model=small              OpenAI's: every other path
//     http://gpu:8080/v1/embeddings?model=e5&query_prefix=query%3A%20&document_prefix=passage%3A%20
//
// Always true: an address that was read is http or https, names a host and a model, and holds no user name, password or
// fragment; what is written of it reads back the same.
// Thread rules: pure, but for offered_endpoints().
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "derived/vector/endpoint_embedder.h"

namespace atl::vector {

struct EndpointAddress {
  std::string origin;  // "http://host:port"
  std::string host;    // "[::1]" with its brackets
  std::string path;    // without a slash at its end; may be empty
  // No texts leave: "localhost", 127.x.x.x, [::1].
  [[nodiscard]] bool is_this_machine() const;
};
// Of an address without query. Errors: `usage` ("endpoint.bad_url").
[[nodiscard]] Result<EndpointAddress> parse_endpoint_address(std::string_view url);

// Kind, url, model and prefixes; the rest as it is by default. Errors: `usage` ("endpoint.bad_url").
[[nodiscard]] Result<EndpointOptions> parse_endpoint(std::string_view text);
[[nodiscard]] std::string endpoint_text(const EndpointOptions& options);

// Models for embedding that programs on this machine offer now: an Ollama on port 11434, and servers of OpenAI's
// protocol on the ports where LM Studio, llama.cpp, vLLM and Text Embeddings Inference listen unless told otherwise.
// Asks each for its list of models and sends nothing else; waits at most a second for each.
[[nodiscard]] std::vector<std::string> offered_endpoints();

}  // namespace atl::vector
