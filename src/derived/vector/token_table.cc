#include "derived/vector/token_table.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <unordered_map>

#include "derived/vector/internal/kernels.h"
#include "derived/vector/internal/letters.h"
#include "derived/vector/vector_index.h"
#include "foundation/base/units.h"
#include "foundation/codec/hash.h"
#include "foundation/json/json.h"

namespace atl::vector {
namespace {

constexpr std::size_t kHeaderBytesMax = 4 * kMiB;
constexpr std::size_t kTokenizerBytesMax = 64 * kMiB;
constexpr std::size_t kTableBytesMax = 2 * kGiB;
constexpr std::uint64_t kTokensMax = 2'000'000;
constexpr std::uint64_t kWordCharactersMax = 1000;
constexpr double kBytesPerSecond = 10e6;

struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

tl::unexpected<Error> malformed(std::string_view what) {
  return fail(ErrorKind::usage, "token_table.malformed", "the model's files are not what they should be: " + std::string(what),
              "fetch model.safetensors and tokenizer.json of one model again");
}

tl::unexpected<Error> unsupported(std::string_view what) {
  return fail(ErrorKind::unsupported, "token_table.unsupported", "this kind of model is not known: " + std::string(what),
              "use a model of the model2vec kind with a WordPiece tokenizer, or a server (endpoint)");
}

struct Tensor {
  std::uint64_t rows = 0;
  std::uint32_t columns = 0;
  bool is_half = false;
  ByteView bytes;
};

Result<Tensor> find_embeddings(ByteView file) {
  if (file.size() < 8) return malformed("model.safetensors is too short");
  const auto header_bytes = load_le<std::uint64_t>(file.data());
  if (header_bytes > kHeaderBytesMax || header_bytes > file.size() - 8) {
    return malformed("the header of model.safetensors is longer than it may be");
  }
  const auto header = json::Value::parse(as_text(file.subspan(8, header_bytes)), {kHeaderBytesMax, 8});
  if (!header || !header->is_object()) return malformed("the header of model.safetensors is no JSON object");
  const ByteView data = file.subspan(8 + header_bytes);
  const json::Value* entry = header->find("embeddings");
  if (entry == nullptr) return unsupported("model.safetensors has no tensor \"embeddings\"");
  if (header->find("mapping") != nullptr || header->find("weights") != nullptr) {
    return unsupported("tokens share rows or have weights of their own");
  }
  const json::Value* shape = entry->find("shape");
  const json::Value* place = entry->find("data_offsets");
  const auto numbers = [](const json::Value* list, std::uint64_t& a, std::uint64_t& b) {
    if (list == nullptr || list->as_array() == nullptr || list->as_array()->size() != 2) return false;
    const auto* first = list->as_array()->at(0).as_unsigned();
    const auto* second = list->as_array()->at(1).as_unsigned();
    if (first == nullptr || second == nullptr) return false;
    a = *first;
    b = *second;
    return true;
  };
  Tensor tensor;
  std::uint64_t columns = 0;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  if (!numbers(shape, tensor.rows, columns) || !numbers(place, begin, end)) {
    return malformed("the tensor \"embeddings\" has no shape or place");
  }
  ATOLL_ASSIGN(const std::string type, entry->text_of("dtype"));
  if (type != "F32" && type != "F16") return unsupported("its numbers are of type " + type.substr(0, 20));
  tensor.is_half = type == "F16";
  if (tensor.rows == 0 || tensor.rows > kTokensMax || columns == 0 || columns > kDimensionMax) {
    return malformed("the tensor \"embeddings\" has an impossible shape");
  }
  tensor.columns = static_cast<std::uint32_t>(columns);
  const std::uint64_t needed = tensor.rows * columns * (tensor.is_half ? 2 : 4);
  if (begin > end || end > data.size() || end - begin != needed) {
    return malformed("the tensor \"embeddings\" has not the bytes that its shape needs");
  }
  tensor.bytes = data.subspan(begin, needed);
  return tensor;
}

}  // namespace

class TokenTable::State {
 public:
  EmbedderInfo info;
  std::vector<std::uint16_t> rows;  // halves
  std::unordered_map<std::string, std::uint32_t, StringHash, std::equal_to<>> vocabulary;
  std::string continuing = "##";
  std::uint64_t word_characters_max = 100;
  bool is_lower_case = true;

  Result<void> read_tokenizer(std::string_view text, std::uint64_t tokens);
  Result<void> read_rows(const Tensor& tensor);
  void each_token(std::string_view text, const std::function<void(std::uint32_t)>& take) const;
};

Result<void> TokenTable::State::read_tokenizer(std::string_view text, std::uint64_t tokens) {
  const auto whole = json::Value::parse(text, {kTokenizerBytesMax, 32});
  if (!whole || !whole->is_object()) return malformed("tokenizer.json is no JSON object");
  const json::Value* model = whole->find("model");
  if (model == nullptr || !model->is_object()) return malformed("tokenizer.json has no model");
  ATOLL_ASSIGN(const std::string type, model->text_of("type", "WordPiece"));
  if (type != "WordPiece") return unsupported("its tokenizer is of the kind " + type.substr(0, 20));
  ATOLL_ASSIGN(continuing, model->text_of("continuing_subword_prefix", "##"));
  ATOLL_ASSIGN(word_characters_max, model->number_of("max_input_chars_per_word", 100));
  word_characters_max = std::min(word_characters_max, kWordCharactersMax);
  if (const json::Value* normalizer = whole->find("normalizer"); normalizer != nullptr && normalizer->is_object()) {
    ATOLL_ASSIGN(is_lower_case, normalizer->flag_of("lowercase", true));
  }
  const json::Value* words = model->find("vocab");
  if (words == nullptr || words->as_members() == nullptr || words->as_members()->size() > kTokensMax) {
    return malformed("tokenizer.json has no vocabulary");
  }
  ATOLL_ASSIGN(const std::string unknown, model->text_of("unk_token", "[UNK]"));
  for (const auto& [word, number] : *words->as_members()) {
    const auto* id = number.as_unsigned();
    if (id == nullptr || *id >= tokens) return malformed("a token of tokenizer.json has no row in model.safetensors");
    if (word != unknown) vocabulary.emplace(word, static_cast<std::uint32_t>(*id));
  }
  return {};
}

Result<void> TokenTable::State::read_rows(const Tensor& tensor) {
  rows.resize(tensor.rows * tensor.columns);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const float number = tensor.is_half ? internal::from_half(load_le<std::uint16_t>(tensor.bytes.data() + 2 * i))
                                        : std::bit_cast<float>(load_le<std::uint32_t>(tensor.bytes.data() + 4 * i));
    if (!std::isfinite(number)) return malformed("a number of the tensor \"embeddings\" is not finite");
    rows[i] = internal::to_half(number);
  }
  return {};
}

void TokenTable::State::each_token(std::string_view text, const std::function<void(std::uint32_t)>& take) const {
  std::vector<std::uint32_t> found;
  std::string part;
  internal::each_piece(text, is_lower_case, [&](std::string_view word) {
    if (word.size() > word_characters_max * 4) return;
    // The longest beginning that is a token, again and again; a word with a rest that is none counts as unknown.
    found.clear();
    for (std::size_t at = 0; at < word.size();) {
      std::size_t end = word.size();
      auto token = vocabulary.end();
      for (; end > at; --end) {
        part = at == 0 ? "" : continuing;
        part += word.substr(at, end - at);
        token = vocabulary.find(part);
        if (token != vocabulary.end()) break;
      }
      if (token == vocabulary.end()) return;
      found.push_back(token->second);
      at = end;
    }
    for (const std::uint32_t token : found) take(token);
  });
}

TokenTable::TokenTable(std::unique_ptr<State> state) : state_(std::move(state)) {}
TokenTable::~TokenTable() = default;
const EmbedderInfo& TokenTable::info() const { return state_->info; }

Result<std::unique_ptr<TokenTable>> TokenTable::parse(std::string name, ByteView safetensors,
                                                      std::string_view tokenizer) {
  ATOLL_ASSIGN(const Tensor tensor, find_embeddings(safetensors));
  auto state = std::make_unique<State>();
  ATOLL_TRY(state->read_tokenizer(tokenizer, tensor.rows));
  ATOLL_TRY(state->read_rows(tensor));
  codec::Blake3 hash;
  hash.update(safetensors);
  hash.update(as_bytes(tokenizer));
  const codec::Digest digest = hash.digest();
  state->info = {std::move(name), to_hex(ByteView(digest).first(8)), tensor.columns, false};
  return std::unique_ptr<TokenTable>(new TokenTable(std::move(state)));
}

Result<std::unique_ptr<TokenTable>> TokenTable::open(platform::FileSystem& files, const std::string& folder) {
  ATOLL_ASSIGN(const Bytes table,
               platform::read_whole(files, platform::join(folder, "model.safetensors"), kTableBytesMax));
  ATOLL_ASSIGN(const Bytes tokenizer,
               platform::read_whole(files, platform::join(folder, "tokenizer.json"), kTokenizerBytesMax));
  return parse(folder.substr(folder.rfind('/') + 1), table, as_text(tokenizer));
}

std::vector<std::uint32_t> TokenTable::tokens_of(std::string_view text) const {
  std::vector<std::uint32_t> tokens;
  state_->each_token(text, [&](std::uint32_t token) { tokens.push_back(token); });
  return tokens;
}

Result<VectorRows> TokenTable::embed(std::span<const std::string_view> texts, TextRole /*role*/,
                                     const std::atomic<bool>* stop) const {
  VectorRows rows;
  const std::uint32_t dimension = rows.dimension = state_->info.dimension;
  rows.numbers.resize(texts.size() * dimension);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (stop != nullptr && *stop) return fail(ErrorKind::interrupted, "embed.stopped", "embedding was stopped");
    const std::span<float> row = std::span(rows.numbers).subspan(i * dimension, dimension);
    std::uint64_t tokens = 0;
    state_->each_token(texts[i], [&](std::uint32_t token) {
      ++tokens;
      const std::uint16_t* from = state_->rows.data() + std::size_t{token} * dimension;
      for (std::uint32_t k = 0; k < dimension; ++k) row[k] += internal::from_half(from[k]);
    });
    for (float& number : row) number /= static_cast<float>(std::max<std::uint64_t>(tokens, 1));
  }
  return rows;
}

CostEstimate TokenTable::estimate(std::uint64_t /*texts*/, std::uint64_t bytes) const {
  return {static_cast<double>(bytes) / kBytesPerSecond, 0};
}

}  // namespace atl::vector
