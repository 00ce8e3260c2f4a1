// A stored model of the built-in embedder, and texts: neither may crash anything.
#include <array>

#include "derived/vector/learned_embedder.h"
#include "derived/vector/passages.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace atl;  // NOLINT
  const ByteView bytes(data, size);
  const std::array<std::string_view, 1> texts{as_text(bytes)};
  const auto passages = vector::split_passages(texts[0], {20, 4});
  for (const auto& passage : passages) {
    if (passage.offset + passage.length > size || passage.tokens > 20) __builtin_trap();
  }
  if (const auto model = vector::LearnedEmbedder::parse(bytes)) {
    ignore_error_on_purpose((*model)->embed(texts, vector::TextRole::query));
  }
  vector::LearnedOptions options;
  options.dimension = 4;
  vector::LearnedTrainer trainer(options);
  trainer.add(texts[0]);
  trainer.add("another text");
  const auto learned = trainer.finish();
  if (!learned) return 0;
  if (!vector::LearnedEmbedder::parse((*learned)->serialize())) __builtin_trap();
  ignore_error_on_purpose((*learned)->embed(texts, vector::TextRole::document));
  return 0;
}
