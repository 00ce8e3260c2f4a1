#include "derived/vector/learned_embedder.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <unordered_map>
#include <utility>

#include "derived/vector/internal/decompose.h"
#include "derived/vector/internal/features.h"
#include "foundation/codec/hash.h"

namespace atl::vector {
namespace {

using internal::Feature;
using internal::Features;
using internal::kFamilies;

constexpr std::string_view kMagic = "atollvel";
constexpr std::uint32_t kVersion = 1;
constexpr std::uint32_t kDimensionMost = 1024;
constexpr std::uint32_t kFeaturesMost = 4'000'000;
// Of what is learned from: words, and parts of words; and of notions.
constexpr std::uint32_t kFamilyMost = 98'000;
constexpr std::uint32_t kNotionsMost = 65'536;
static_assert(2 * kFamilyMost + kNotionsMost <= internal::kColumnsMax);
// What share of a text's vector its words and the parts of its words have, before the directions are found; how far the
// strong directions are held back, and by how much at most. Chosen by measurement: docs/meaning.md.
constexpr float kWordShare = 1.0F;
constexpr float kFragmentShare = 0.5F;
constexpr float kHeldBack = 0.75F;
constexpr float kHeldBackMost = 10.0F;
constexpr double kBytesPerSecond = 4e6;

// The list of everyday notions is worth much where there is little to learn from, and misleads where there is much.
float notion_share(std::uint64_t texts) { return std::min(1.0F, 10 / std::sqrt(static_cast<float>(texts))); }

struct Known {
  std::uint32_t row = 0;
  float rarity = 0;
};

// What a model keeps of each feature.
struct Table {
  std::vector<std::uint64_t> hashes;  // ascending
  std::vector<float> rarities;        // idf
  std::vector<float> scales;
  std::vector<std::int8_t> codes;  // rank a feature
};

// A text as numbers of known features: the logarithm of how often times how rare, each family brought to its share.
template <class Find, class Take>
void weigh(const Features& features, std::uint64_t learned_from, Find find, Take take) {
  const std::array<float, kFamilies> shares{kWordShare, kFragmentShare, notion_share(learned_from)};
  for (std::size_t family = 0; family < kFamilies; ++family) {
    std::vector<std::pair<std::uint32_t, float>> weights;
    double square = 0;
    for (const Feature& feature : features.at(family)) {
      const Known* known = find(feature.hash);
      if (known == nullptr) continue;
      const float weight = (1 + std::log(feature.count)) * known->rarity;
      weights.emplace_back(known->row, weight);
      square += static_cast<double>(weight) * static_cast<double>(weight);
    }
    if (square == 0) continue;
    const float factor = shares.at(family) / static_cast<float>(std::sqrt(square));
    for (const auto& [row, weight] : weights) take(row, weight * factor);
  }
}

tl::unexpected<Error> bad_model() {
  return fail(ErrorKind::damaged, "learned.damaged", "the learned model of meaning is damaged",
              "it will be learned again from what it was learned from");
}

}  // namespace

class LearnedEmbedder::State {
 public:
  EmbedderInfo info;
  std::uint64_t learned_from = 0;
  bool has_concepts = false;
  std::uint32_t rank = 0;
  std::vector<float> factors;  // of each direction
  Table table;

  void finish() {
    known_.reserve(table.hashes.size());
    for (std::uint32_t row = 0; row < table.hashes.size(); ++row) {
      known_.emplace(table.hashes[row], Known{row, table.rarities[row]});
    }
    info.name = "learned";
    const codec::Digest digest = codec::blake3(serialize());
    info.version = to_hex(ByteView(digest).first(8));
  }
  [[nodiscard]] Bytes serialize() const;
  static Result<std::unique_ptr<State>> parse(ByteView stored);
  void embed(std::string_view text, std::span<float> out) const;

 private:
  std::unordered_map<std::uint64_t, Known> known_;
};

Bytes LearnedEmbedder::State::serialize() const {
  Bytes bytes;
  ByteWriter out(bytes);
  out.put_bytes(as_bytes(kMagic));
  out.put(kVersion);
  out.put(info.dimension);
  out.put(rank);
  out.put(learned_from);
  out.put(static_cast<std::uint8_t>(has_concepts ? 1 : 0));
  for (const float factor : factors) out.put(std::bit_cast<std::uint32_t>(factor));
  out.put(static_cast<std::uint32_t>(table.hashes.size()));
  for (std::size_t row = 0; row < table.hashes.size(); ++row) {
    out.put(table.hashes[row]);
    out.put(std::bit_cast<std::uint32_t>(table.rarities[row]));
    out.put(std::bit_cast<std::uint32_t>(table.scales[row]));
    out.put_bytes({reinterpret_cast<const std::uint8_t*>(table.codes.data()) + row * rank, rank});  // NOLINT
  }
  return bytes;
}

Result<std::unique_ptr<LearnedEmbedder::State>> LearnedEmbedder::State::parse(ByteView stored) {
  ByteReader in(stored, "the learned model of meaning");
  ATOLL_ASSIGN(const ByteView magic, in.get_bytes(kMagic.size()));
  if (!equal(magic, as_bytes(kMagic))) return bad_model();
  ATOLL_ASSIGN(const std::uint32_t version, in.get<std::uint32_t>());
  if (version != kVersion) {
    return fail(ErrorKind::unsupported, "learned.version",
                "the learned model of meaning was written by another version of this program",
                "it will be learned again from what it was learned from");
  }
  const auto number = [&](float& to) -> Result<void> {
    ATOLL_ASSIGN(const std::uint32_t bits, in.get<std::uint32_t>());
    to = std::bit_cast<float>(bits);
    if (!std::isfinite(to) || std::abs(to) > 1e6F) return bad_model();
    return {};
  };
  auto state = std::make_unique<State>();
  ATOLL_ASSIGN(state->info.dimension, in.get<std::uint32_t>());
  ATOLL_ASSIGN(state->rank, in.get<std::uint32_t>());
  ATOLL_ASSIGN(state->learned_from, in.get<std::uint64_t>());
  ATOLL_ASSIGN(const std::uint8_t has_concepts, in.get<std::uint8_t>());
  state->has_concepts = has_concepts != 0;
  if (state->info.dimension == 0 || state->info.dimension > kDimensionMost || state->rank > state->info.dimension) {
    return bad_model();
  }
  state->factors.resize(state->rank);
  for (float& factor : state->factors) ATOLL_TRY(number(factor));
  ATOLL_ASSIGN(const std::uint32_t rows, in.get<std::uint32_t>());
  if (rows > kFeaturesMost || in.remaining() != std::uint64_t{rows} * (16 + state->rank)) return bad_model();
  Table& table = state->table;
  for (std::uint32_t row = 0; row < rows; ++row) {
    ATOLL_ASSIGN(const std::uint64_t hash, in.get<std::uint64_t>());
    if (row > 0 && hash <= table.hashes.back()) return bad_model();
    table.hashes.push_back(hash);
    ATOLL_TRY(number(table.rarities.emplace_back()));
    ATOLL_TRY(number(table.scales.emplace_back()));
    ATOLL_ASSIGN(const ByteView codes, in.get_bytes(state->rank));
    for (const std::uint8_t code : codes) table.codes.push_back(static_cast<std::int8_t>(code));
  }
  state->finish();
  return state;
}

void LearnedEmbedder::State::embed(std::string_view text, std::span<float> out) const {
  const auto find = [&](std::uint64_t hash) -> const Known* {
    const auto found = known_.find(hash);
    return found == known_.end() ? nullptr : &found->second;
  };
  weigh(internal::features_of(text, has_concepts), learned_from, find, [&](std::uint32_t row, float weight) {
    const std::int8_t* codes = table.codes.data() + std::size_t{row} * rank;
    const float factor = weight * table.scales[row];
    for (std::uint32_t i = 0; i < rank; ++i) out[i] += factor * static_cast<float>(codes[i]);
  });
  double square = 0;
  for (std::uint32_t i = 0; i < rank; ++i) {
    out[i] *= factors[i];
    square += static_cast<double>(out[i]) * static_cast<double>(out[i]);
  }
  // What little is left by rounding has no meaning.
  if (square < 1e-12) {
    std::ranges::fill(out, 0.0F);
    return;
  }
  const auto factor = static_cast<float>(1 / std::sqrt(square));
  for (std::uint32_t i = 0; i < rank; ++i) out[i] *= factor;
}

LearnedEmbedder::LearnedEmbedder(std::unique_ptr<State> state) : state_(std::move(state)) {}
LearnedEmbedder::~LearnedEmbedder() = default;
const EmbedderInfo& LearnedEmbedder::info() const { return state_->info; }
Bytes LearnedEmbedder::serialize() const { return state_->serialize(); }
std::uint64_t LearnedEmbedder::learned_from() const { return state_->learned_from; }

Result<std::unique_ptr<LearnedEmbedder>> LearnedEmbedder::parse(ByteView stored) {
  ATOLL_ASSIGN(auto state, State::parse(stored));
  return std::unique_ptr<LearnedEmbedder>(new LearnedEmbedder(std::move(state)));
}

Result<VectorRows> LearnedEmbedder::embed(std::span<const std::string_view> texts, TextRole /*role*/,
                                          const std::atomic<bool>* stop) const {
  VectorRows rows;
  rows.dimension = state_->info.dimension;
  rows.numbers.resize(texts.size() * rows.dimension);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (stop != nullptr && *stop) return fail(ErrorKind::interrupted, "embed.stopped", "embedding was stopped");
    state_->embed(texts[i], std::span(rows.numbers).subspan(i * rows.dimension, rows.dimension));
  }
  return rows;
}

CostEstimate LearnedEmbedder::estimate(std::uint64_t /*texts*/, std::uint64_t bytes) const {
  return {static_cast<double>(bytes) / kBytesPerSecond, 0};
}

// ---- learning

class LearnedTrainer::State {
 public:
  explicit State(const LearnedOptions& given) : options(given) {
    options.dimension = std::clamp(options.dimension, 1U, kDimensionMost);
    options.texts_max = std::max(options.texts_max, 1U);
    options.words_max = std::min(options.words_max, kFamilyMost);
    options.fragments_max = std::min(options.fragments_max, kFamilyMost);
  }
  void add(std::string_view text);
  Result<std::unique_ptr<LearnedEmbedder::State>> finish(const std::atomic<bool>* stop);

 private:
  struct Chosen {
    std::unordered_map<std::uint64_t, Known> known;
    std::uint64_t occurrences = 0;  // of all of them, once for each text they stand in
  };
  [[nodiscard]] Chosen choose_features(Table& table) const;

  LearnedOptions options;
  // Texts and not their features, of which there are thousands in each: taking them apart twice costs less than keeping
  // them.
  std::vector<std::string> sample_;
  std::uint64_t texts_ = 0;
};

void LearnedTrainer::State::add(std::string_view text) {
  // Reservoir sampling (Vitter, 1985): every text has the same chance to be among those kept.
  ++texts_;
  if (sample_.size() < options.texts_max) {
    sample_.emplace_back(text);
    return;
  }
  std::uint64_t x = (options.seed << 32 ^ texts_) * 0x9E37'79B9'7F4A'7C15;
  x = (x ^ (x >> 30)) * 0xBF58'476D'1CE4'E5B9;
  x = (x ^ (x >> 27)) * 0x94D0'49BB'1331'11EB;
  const std::uint64_t place = (x ^ (x >> 31)) % texts_;
  if (place < sample_.size()) sample_[place] = text;
}

// The most frequent words and parts of words that say something: parts in one text alone and, once there are many
// texts, words in one alone lead nowhere; what stands in most texts tells none apart.
LearnedTrainer::State::Chosen LearnedTrainer::State::choose_features(Table& table) const {
  constexpr std::size_t many = 2000;
  const std::array<std::size_t, kFamilies> most{options.words_max, options.fragments_max, kNotionsMost};
  const std::array<std::uint32_t, kFamilies> least{sample_.size() < many ? 1U : 2U, 2U, 1U};
  struct Counted {
    std::uint64_t hash;
    std::uint32_t texts;
  };
  std::array<std::unordered_map<std::uint64_t, std::uint32_t>, kFamilies> counts;
  for (const std::string& text : sample_) {
    const Features features = internal::features_of(text, options.concepts);
    for (std::size_t family = 0; family < kFamilies; ++family) {
      for (const Feature& feature : features.at(family)) ++counts.at(family)[feature.hash];
    }
  }
  std::vector<Counted> all;
  for (std::size_t family = 0; family < kFamilies; ++family) {
    std::vector<Counted> chosen;
    for (const auto& [hash, texts] : counts.at(family)) {
      const bool says_nothing = sample_.size() >= 20 && texts * 2 > sample_.size();
      if (texts >= least.at(family) && !says_nothing) chosen.push_back({hash, texts});
    }
    std::ranges::sort(chosen, [](const Counted& a, const Counted& b) {
      return a.texts != b.texts ? a.texts > b.texts : a.hash < b.hash;
    });
    if (chosen.size() > most.at(family)) chosen.resize(most.at(family));
    all.insert(all.end(), chosen.begin(), chosen.end());
  }
  std::ranges::sort(all, {}, &Counted::hash);
  Chosen out;
  for (const Counted& one : all) {
    const float rarity =
        std::log((static_cast<float>(sample_.size()) + 1) / (static_cast<float>(one.texts) + 0.5F)) + 0.1F;
    out.occurrences += one.texts;
    if (!out.known.emplace(one.hash, Known{static_cast<std::uint32_t>(table.hashes.size()), rarity}).second) continue;
    table.hashes.push_back(one.hash);
    table.rarities.push_back(rarity);
  }
  return out;
}

Result<std::unique_ptr<LearnedEmbedder::State>> LearnedTrainer::State::finish(const std::atomic<bool>* stop) {
  if (sample_.empty()) {
    return fail(ErrorKind::usage, "learned.no_texts", "there is no text yet that meaning could be learned from");
  }
  auto model = std::make_unique<LearnedEmbedder::State>();
  model->info.dimension = options.dimension;
  model->learned_from = texts_;
  model->has_concepts = options.concepts;
  const auto [known, occurrences] = choose_features(model->table);
  internal::SparseMatrix matrix;
  matrix.columns = model->table.hashes.size();
  matrix.entries.reserve(occurrences);
  for (std::string& kept : sample_) {
    const std::string text = std::move(kept);  // its room goes while the matrix grows
    weigh(
        internal::features_of(text, options.concepts), texts_,
        [&known = known](std::uint64_t hash) -> const Known* {
          const auto found = known.find(hash);
          return found == known.end() ? nullptr : &found->second;
        },
        [&](std::uint32_t column, float value) { matrix.entries.emplace_back(column, std::min(value, 1.0F)); });
    matrix.end_row();
  }
  sample_ = {};
  ATOLL_ASSIGN(const auto found, internal::decompose(matrix, options.dimension, options.seed, stop));
  model->rank = static_cast<std::uint32_t>(found.rank);
  for (const float strength : found.strengths) {
    model->factors.push_back(std::min(kHeldBackMost, std::pow(found.strengths.front() / strength, kHeldBack)));
  }
  for (std::size_t row = 0; row < matrix.columns; ++row) {
    const std::span<const float> numbers = std::span(found.directions).subspan(row * found.rank, found.rank);
    float greatest = 1e-12F;
    for (const float number : numbers) greatest = std::max(greatest, std::abs(number));
    model->table.scales.push_back(greatest / 127);
    for (const float number : numbers) {
      model->table.codes.push_back(static_cast<std::int8_t>(std::lrint(number / greatest * 127)));
    }
  }
  model->finish();
  return model;
}

LearnedTrainer::LearnedTrainer(const LearnedOptions& options) : state_(std::make_unique<State>(options)) {}
LearnedTrainer::~LearnedTrainer() = default;
void LearnedTrainer::add(std::string_view text) { state_->add(text); }

Result<std::unique_ptr<LearnedEmbedder>> LearnedTrainer::finish(const std::atomic<bool>* stop) {
  ATOLL_ASSIGN(auto model, state_->finish(stop));
  return std::unique_ptr<LearnedEmbedder>(new LearnedEmbedder(std::move(model)));
}

bool worth_learning_again(std::uint64_t learned_from, std::uint64_t texts) {
  constexpr std::uint64_t few = 2000;
  if (learned_from == 0) return texts > 0;
  const std::uint64_t fresh = texts > learned_from ? texts - learned_from : learned_from - texts;
  // A word that came after the last learning has no meaning yet, and learning from few texts takes no time.
  return learned_from < few ? fresh * 10 > learned_from + 40 : fresh * 2 > learned_from;
}

}  // namespace atl::vector
