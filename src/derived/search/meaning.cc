#include "derived/search/meaning.h"

#include <algorithm>

#include "derived/search/internal/meaning_texts.h"
#include "derived/search/kept_embeddings.h"
#include "derived/vector/learned_embedder.h"
#include "foundation/base/units.h"
#include "foundation/codec/fields.h"
#include "foundation/codec/hash.h"

namespace atl::search {
namespace {

using internal::passages_of;
using platform::join;

constexpr std::size_t kAskedCacheBytes = 4 * kMiB;
// Of one index; there are two while another embedder's vectors are made.
constexpr std::size_t kVectorBufferBytes = 16 * kMiB;
constexpr std::size_t kVectorCacheBytes = 64 * kMiB;
// An index keeps so much of its owner's state; what more waits is found again by a look at everything.
constexpr std::size_t kWaitingKeptMax = 7'000;
constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr std::int64_t kPauseFirstNs = 2 * kNsPerSecond;
constexpr std::int64_t kPauseMostNs = 300 * kNsPerSecond;
// Of what is kept beside the extractions: what the vectors in use were made with.
constexpr std::uint64_t kRecordVersion = 2;

codec::Digest record_id() { return codec::blake3(as_bytes("the model of meaning")); }

std::string folder_of(const vault::Vault& vault, std::uint8_t slot) {
  return join(join(vault.folder(), "indexes"), slot == 0 ? "meaning" : "meaning2");
}

bool takes_time(const EmbedderChoice& choice) { return choice.kind == EmbedderKind::endpoint; }

struct IndexState {
  std::optional<Position> position;
  bool is_walked = false;
  std::set<std::uint64_t> waiting;
};

IndexState decode_index_state(ByteView stored) {
  IndexState state;
  codec::FieldReader reader(stored, "state of the vectors");
  while (reader.next()) {
    switch (reader.field()) {
      case 1: state.position = decode_position(reader.as_view()); break;
      case 2: state.is_walked = reader.as_unsigned() != 0; break;
      case 3: {
        const ByteView ids = reader.as_view();
        for (std::size_t at = 0; at + sizeof(std::uint64_t) <= ids.size(); at += sizeof(std::uint64_t))
          state.waiting.insert(load_le<std::uint64_t>(ids.data() + at));
        break;
      }
      default: break;
    }
  }
  if (!reader.status()) state.position.reset();
  return state;
}

}  // namespace

bool Patience::may_try(std::int64_t now_ns) const {
  const std::lock_guard lock(mutex_);
  return trouble_.empty() || now_ns >= not_before_ns_;
}

void Patience::note_failure(const Error& error, std::int64_t now_ns) {
  const std::lock_guard lock(mutex_);
  trouble_ = error.message;
  pause_ns_ = pause_ns_ == 0 ? kPauseFirstNs : std::min(pause_ns_ * 2, kPauseMostNs);
  not_before_ns_ = now_ns + pause_ns_;
}

void Patience::note_success() {
  const std::lock_guard lock(mutex_);
  trouble_.clear();
  pause_ns_ = 0;
}

std::string Patience::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

Meaning::Meaning(const platform::Machine& machine, KeptExtractions& kept, EmbedderKeys keys)
    : machine_(machine),
      kept_(&kept),
      keys_(std::move(keys)),
      embeddings_(std::make_shared<KeptEmbeddings>(kept)),
      asked_embeddings_(std::make_shared<vector::MemoryEmbeddingCache>(kAskedCacheBytes)) {}

Result<std::unique_ptr<vector::VectorIndex>> Meaning::open_index(vault::Vault& vault, const Model& model,
                                                                 bool writable) {
  const auto head = vault.head();
  vector::Config config;
  config.dimension = model.filling->info().dimension;
  config.embedder = model.filling->info().id();
  vector::Options options;
  options.suite = head.suite;
  options.buffer_bytes_max = kVectorBufferBytes;
  options.cache_bytes_max = kVectorCacheBytes;
  return vector::VectorIndex::open(vault.machine(), folder_of(vault, model.slot),
                                   vault.keys().derived_key(model.slot == 0 ? "indexes/meaning" : "indexes/meaning2"),
                                   head.vault, config, options, writable);
}

Result<void> Meaning::open_embedders(Model& model, std::uint32_t dimension) const {
  ATOLL_ASSIGN(model.filling,
               open_embedder(machine_, model.choice, keys_, {EmbedderUse::filling, dimension, embeddings_}));
  model.asking = model.filling;
  if (!takes_time(model.choice)) return {};
  ATOLL_ASSIGN(model.asking, open_embedder(machine_, model.choice, keys_,
                                           {EmbedderUse::asking, model.filling->info().dimension, asked_embeddings_}));
  return {};
}

Result<void> Meaning::store(const Model& model, ByteView learned) {
  Bytes stored;
  codec::FieldWriter writer(stored);
  writer.put_unsigned(1, kRecordVersion);
  writer.put_unsigned(2, model.learned_from);
  writer.put_unsigned(3, model.slot);
  writer.put_text(4, model.choice.text());
  writer.put_unsigned(5, model.filling->info().dimension);
  writer.put_bytes(6, learned);
  ATOLL_TRY(kept_->keep_bytes(record_id(), stored));
  return kept_->flush();
}

// Null where nothing usable was stored: it is made anew then.
Result<std::shared_ptr<Meaning::Model>> Meaning::open_stored(vault::Vault& vault,
                                                             const std::optional<Position>& position,
                                                             bool writable) const {
  ATOLL_ASSIGN(const auto stored, kept_->find_bytes(record_id()));
  if (!stored) return nullptr;
  auto model = std::make_shared<Model>();
  std::uint64_t version = 0;
  std::uint64_t dimension = 0;
  std::string choice;
  ByteView learned;
  codec::FieldReader reader(*stored, "model of meaning");
  while (reader.next()) {
    switch (reader.field()) {
      case 1: version = reader.as_unsigned(); break;
      case 2: model->learned_from = reader.as_unsigned(); break;
      case 3: model->slot = reader.as_unsigned() == 0 ? 0 : 1; break;
      case 4: choice = reader.as_string(); break;
      case 5: dimension = reader.as_unsigned(); break;
      case 6: learned = reader.as_view(); break;
      default: break;
    }
  }
  if (!reader.status() || version != kRecordVersion || dimension > vector::kDimensionMax) return nullptr;
  const auto parsed = parse_embedder(choice);
  if (!parsed) return nullptr;
  model->choice = *parsed;
  if (model->choice.kind == EmbedderKind::built_in) {
    auto embedder = vector::LearnedEmbedder::parse(learned);
    if (!embedder) return nullptr;
    model->filling = std::move(*embedder);
    model->asking = model->filling;
  } else if (const auto opened = open_embedders(*model, static_cast<std::uint32_t>(dimension)); !opened) {
    filling_patience_.note_failure(opened.error(), machine_.clock.monotonic_ns());
    return nullptr;
  }
  auto index = open_index(vault, *model, writable);
  if (!index) return nullptr;
  auto state = decode_index_state((*index)->state());
  const auto& reached = state.position;
  // Flushed before the book: where it knows less, it was lost.
  const bool is_whole = reached && position && reached->history == position->history && position->lsn <= reached->lsn;
  if (!is_whole) return nullptr;
  model->index = std::move(*index);
  model->is_walked = state.is_walked;
  model->waiting = std::move(state.waiting);
  return model;
}

Result<std::unique_ptr<Meaning>> Meaning::open(vault::Vault& vault, KeptExtractions& kept,
                                               const std::optional<Position>& position, EmbedderKeys keys,
                                               bool writable) {
  std::unique_ptr<Meaning> made(new Meaning(vault.machine(), kept, std::move(keys)));
  auto stored = made->open_stored(vault, position, writable);
  if (!stored || !*stored) return made;
  // What was in use before, or was being filled.
  if (writable) ATOLL_TRY(vector::VectorIndex::remove_all(vault.machine(), folder_of(vault, 1 - (*stored)->slot)));
  made->used_ = std::move(*stored);
  made->flushed_ = position;
  return made;
}

Result<void> Meaning::remove_all(vault::Vault& vault) {
  for (const std::uint8_t slot : {0, 1})
    ATOLL_TRY(vector::VectorIndex::remove_all(vault.machine(), folder_of(vault, slot)));
  return {};
}

std::shared_ptr<Meaning::Model> Meaning::answering() const {
  const std::shared_lock lock(mutex_);
  return used_ ? used_ : next_;
}

std::vector<std::shared_ptr<Meaning::Model>> Meaning::all_models() const {
  const std::shared_lock lock(mutex_);
  std::vector<std::shared_ptr<Model>> models;
  for (const auto& model : {used_, next_})
    if (model) models.push_back(model);
  return models;
}

bool Meaning::is_ready() const {
  const auto model = answering();
  return model && model->index->stats().vectors > 0;
}

MeaningState Meaning::state(const DocumentBook& book) const {
  MeaningState state;
  if (const auto model = answering()) {
    const auto stats = model->index->stats();
    state.passages = stats.vectors;
    state.file_bytes = stats.file_bytes;
    state.is_ready = stats.vectors > 0;
    state.embedder = model->filling->info().name;
  }
  const std::shared_lock lock(mutex_);
  const Model* const filled = next_ ? next_.get() : used_.get();
  if (filled != nullptr) {
    state.waiting = filled->waiting.size() + filled->in_hand.size();
    if (!filled->is_walked && book.object_count() > filled->walked)
      state.waiting += book.object_count() - filled->walked;
    state.refused = filled->refused;
  }
  if (next_) state.next_embedder = next_->filling->info().name;
  state.trouble = filling_patience_.trouble();
  if (state.trouble.empty()) state.trouble = asking_patience_.trouble();
  return state;
}

Result<std::vector<std::string>> Meaning::known_passages(const vector::Embedder& embedder,
                                                         const extract::Extraction& extraction,
                                                         std::vector<float>* vectors) {
  auto passages = passages_of(extraction);
  const std::vector<std::string_view> texts(passages.begin(), passages.end());
  std::vector<std::string> known;
  if (texts.empty()) return known;
  ATOLL_ASSIGN(const auto rows, embedder.embed(texts, vector::TextRole::document));
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    const auto row = rows.row(i);
    if (!vector::has_direction(row)) continue;
    known.push_back(std::move(passages[i]));
    if (vectors != nullptr) vectors->insert(vectors->end(), row.begin(), row.end());
  }
  return known;
}

Result<void> Meaning::put_into(const Model& model, std::uint64_t document, const extract::Extraction& extraction) {
  std::vector<float> vectors;
  ATOLL_TRY(known_passages(*model.filling, extraction, &vectors));
  return model.index->put(document, vectors);
}

Result<std::string> Meaning::passage(const extract::Extraction& extraction, std::uint32_t number) const {
  const auto model = answering();
  if (!model) return std::string();
  // Nobody else is asked for this: a server sees something in every text, as good as always.
  std::vector<std::string> known;
  if (takes_time(model->choice)) {
    known = passages_of(extraction);
  } else {
    ATOLL_ASSIGN(known, known_passages(*model->filling, extraction, nullptr));
  }
  return number < known.size() ? known[number] : std::string();
}

Result<void> Meaning::put(std::uint64_t document, const extract::Extraction& extraction) {
  const std::lock_guard changing(change_mutex_);
  for (const auto& model : all_models()) {
    if (!takes_time(model->choice)) {
      ATOLL_TRY(put_into(*model, document, extraction));
      continue;
    }
    // What it said before is not what it says now.
    ATOLL_TRY(model->index->remove(document));
    const bool has_text = !passages_of(extraction).empty();
    const std::unique_lock lock(mutex_);
    if (has_text) model->waiting.insert(document);
  }
  return {};
}

Result<void> Meaning::remove(std::uint64_t document) {
  const std::lock_guard changing(change_mutex_);
  for (const auto& model : all_models()) {
    ATOLL_TRY(model->index->remove(document));
    const std::unique_lock lock(mutex_);
    model->waiting.erase(document);
    if (model->in_hand.contains(document)) model->gone.insert(document);
  }
  return {};
}

Bytes Meaning::state_of(const Model& model, const Position& position) const {
  Bytes state;
  codec::FieldWriter writer(state);
  writer.put_bytes(1, encode(position));
  const std::shared_lock lock(mutex_);
  const std::size_t count = model.waiting.size() + model.in_hand.size();
  writer.put_unsigned(2, model.is_walked && count <= kWaitingKeptMax ? 1 : 0);
  if (count > kWaitingKeptMax) return state;
  Bytes ids;
  ByteWriter list(ids);
  for (const auto* const documents : {&model.waiting, &model.in_hand})
    for (const std::uint64_t document : *documents) list.put(document);
  writer.put_bytes(3, ids);
  return state;
}

Result<void> Meaning::flush(const Position& position) {
  const std::lock_guard changing(change_mutex_);
  for (const auto& model : all_models()) ATOLL_TRY(model->index->flush(state_of(*model, position)));
  flushed_ = position;
  return {};
}

Result<bool> Meaning::build() {
  const auto models = all_models();
  // One that is still filled answers nothing, or too little to be worth it.
  return models.empty() ? Result<bool>(false) : models.front()->index->maybe_build();
}

Result<std::vector<Meaning::Near>> Meaning::near_to(std::string_view text, std::size_t limit, float similarity_min,
                                                    const std::vector<std::uint64_t>* only) const {
  std::vector<Near> out;
  const auto model = answering();
  const std::int64_t now_ns = machine_.clock.monotonic_ns();
  if (!model || limit == 0 || !asking_patience_.may_try(now_ns)) return out;
  const std::string_view one = text;
  const auto rows = model->asking->embed({&one, 1}, vector::TextRole::query);
  if (!rows) {
    asking_patience_.note_failure(rows.error(), machine_.clock.monotonic_ns());
    return out;
  }
  asking_patience_.note_success();
  if (rows->rows() == 0 || !vector::has_direction(rows->row(0))) return out;
  vector::SearchRequest request;
  request.vector = rows->row(0);
  request.limit = limit;
  request.similarity_min = similarity_min;
  if (only != nullptr) request.only = *only;
  ATOLL_ASSIGN(const auto found, model->index->search(request));
  for (const auto& hit : found.hits) out.push_back({hit.document, hit.part, hit.similarity});
  return out;
}

Result<void> Meaning::export_readable(const std::string& folder) const {
  const auto model = answering();
  if (!model) {
    return fail(ErrorKind::conflict, "search.nothing_learned", "there are no vectors yet",
                "`atoll index` makes them once there are a few texts.");
  }
  return model->index->export_readable(folder);
}

}  // namespace atl::search
