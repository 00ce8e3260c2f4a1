#include "derived/search/meaning.h"

#include <algorithm>
#include <mutex>

#include "derived/vector/passages.h"
#include "foundation/codec/hash.h"

namespace atl::search {
namespace {

using platform::join;

// Of one content: more says little more about what it is about.
constexpr std::size_t kTextBytesMax = 2 * kMiB;
constexpr std::size_t kPassagesMax = 400;
// Fewer than these there is nothing to learn from.
constexpr std::uint64_t kTextsMin = 3;
constexpr std::size_t kModelHeadBytes = 9;  // objects it was learned from (8), slot (1)

codec::Digest model_id() { return codec::blake3(as_bytes("the model of meaning")); }

std::string folder_of(const vault::Vault& vault, std::uint8_t slot) {
  return join(join(vault.folder(), "indexes"), slot == 0 ? "meaning" : "meaning2");
}

bool is_stopped(const std::atomic<bool>* stop) { return stop != nullptr && stop->load(); }

std::vector<std::string> passages_of(const extract::Extraction& extraction) {
  std::string text;
  for (const auto& field : extraction.fields) {
    if (field.name == "title" || field.name == "subject" || field.name == "description" || field.name == "keywords")
      text += field.value + "\n";
  }
  for (const auto& piece : extraction.pieces) {
    if (text.size() + piece.text.size() > kTextBytesMax) break;
    text += piece.text;
    text += "\n\n";
  }
  std::vector<std::string> out;
  for (const auto& passage : vector::split_passages(text)) {
    if (out.size() == kPassagesMax) break;
    out.push_back(text.substr(passage.offset, passage.length));
  }
  return out;
}

}  // namespace

Result<std::unique_ptr<vector::VectorIndex>> Meaning::open_index(vault::Vault& vault, const Model& model,
                                                                 bool writable) {
  const auto head = vault.head();
  vector::Config config;
  config.dimension = model.embedder->info().dimension;
  config.embedder = model.embedder->info().id();
  vector::Options options;
  options.suite = head.suite;
  return vector::VectorIndex::open(vault.machine(), folder_of(vault, model.slot),
                                   vault.keys().derived_key(model.slot == 0 ? "indexes/meaning" : "indexes/meaning2"),
                                   head.vault, config, options, writable);
}

Result<std::unique_ptr<Meaning>> Meaning::open(vault::Vault& vault, KeptExtractions& kept,
                                               const std::optional<Position>& position, bool writable) {
  std::unique_ptr<Meaning> made(new Meaning(kept));
  const auto stored = kept.find_bytes(model_id());
  if (!stored || !*stored || (*stored)->size() <= kModelHeadBytes) return made;
  const Bytes& bytes = **stored;
  auto model = std::make_shared<Model>();
  model->learned_from = load_le<std::uint64_t>(bytes.data());
  model->slot = bytes[kModelHeadBytes - 1];
  auto embedder = vector::LearnedEmbedder::parse(ByteView(bytes).subspan(kModelHeadBytes));
  if (!embedder) return made;
  model->embedder = std::move(*embedder);
  auto index = open_index(vault, *model, writable);
  if (!index) return made;
  const auto reached = decode_position((*index)->state());
  // Flushed before the book: where it knows less, it was lost.
  const bool is_whole = reached && position && reached->history == position->history && position->lsn <= reached->lsn;
  if (!is_whole) return made;
  model->index = std::move(*index);
  // What was in use before, or was being filled.
  if (writable) ATOLL_TRY(vector::VectorIndex::remove_all(vault.machine(), folder_of(vault, model->slot == 0 ? 1 : 0)));
  made->set_model(std::move(model));
  return made;
}

Result<void> Meaning::remove_all(vault::Vault& vault) {
  for (const std::uint8_t slot : {0, 1})
    ATOLL_TRY(vector::VectorIndex::remove_all(vault.machine(), folder_of(vault, slot)));
  return {};
}

std::shared_ptr<Meaning::Model> Meaning::model() const {
  const std::shared_lock lock(mutex_);
  return model_;
}

void Meaning::set_model(std::shared_ptr<Model> model) {
  const std::unique_lock lock(mutex_);
  model_ = std::move(model);
}

bool Meaning::is_ready() const { return model() != nullptr; }

std::uint64_t Meaning::passages() const {
  const auto used = model();
  return used ? used->index->stats().vectors : 0;
}

Result<std::vector<std::string>> Meaning::known_passages(const Model& model, const extract::Extraction& extraction,
                                                         std::vector<float>* vectors) {
  auto passages = passages_of(extraction);
  const std::vector<std::string_view> texts(passages.begin(), passages.end());
  std::vector<std::string> known;
  if (texts.empty()) return known;
  ATOLL_ASSIGN(const auto rows, model.embedder->embed(texts, vector::TextRole::document));
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
  ATOLL_TRY(known_passages(model, extraction, &vectors));
  return model.index->put(document, vectors);
}

Result<std::string> Meaning::passage(const extract::Extraction& extraction, std::uint32_t number) const {
  const auto used = model();
  if (!used) return std::string();
  ATOLL_ASSIGN(const auto known, known_passages(*used, extraction, nullptr));
  return number < known.size() ? known[number] : std::string();
}

Result<void> Meaning::put(std::uint64_t document, const extract::Extraction& extraction) {
  const auto used = model();
  return used ? put_into(*used, document, extraction) : Result<void>{};
}

Result<void> Meaning::remove(std::uint64_t document) {
  const auto used = model();
  return used ? used->index->remove(document) : Result<void>{};
}

Result<void> Meaning::flush(const Position& position) {
  const auto used = model();
  return used ? used->index->flush(encode(position)) : Result<void>{};
}

Result<bool> Meaning::build() {
  const auto used = model();
  if (!used) return false;
  return used->index->maybe_build();
}

Result<bool> Meaning::learn(vault::Vault& vault, const DocumentBook& book, const Position& position,
                            const std::atomic<bool>* stop) {
  const auto used = model();
  const std::uint64_t objects = book.object_count();
  if (objects < kTextsMin || (used && !vector::worth_learning_again(used->learned_from, objects))) return false;
  // Text by text, of objects and of what is in them.
  const auto for_each_text =
      [&](const std::function<Result<void>(std::uint64_t document, const extract::Extraction&)>& visit)
      -> Result<bool> {
    bool is_broken_off = false;
    ATOLL_TRY(book.for_each([&](const ObjectDocuments& row) -> Result<bool> {
      is_broken_off = is_stopped(stop);
      if (is_broken_off) return false;
      if (row.extraction == codec::Digest{}) return true;
      ATOLL_ASSIGN(const auto extraction, kept_->find(row.extraction));
      if (!extraction) return true;
      ATOLL_TRY(visit(row.first, *extraction));
      std::uint64_t document = row.first;
      for (const auto& member : extraction->members) {
        ++document;
        if (!member.understood.empty()) ATOLL_TRY(visit(document, member.understood.front()));
      }
      return true;
    }));
    return !is_broken_off;
  };
  vector::LearnedTrainer trainer({});
  std::uint64_t texts = 0;
  ATOLL_ASSIGN(const bool was_read,
               for_each_text([&](std::uint64_t, const extract::Extraction& extraction) -> Result<void> {
                 for (const std::string& passage : passages_of(extraction)) {
                   trainer.add(passage);
                   ++texts;
                 }
                 return {};
               }));
  if (!was_read || texts < kTextsMin) return false;
  auto fresh = std::make_shared<Model>();
  auto learned = trainer.finish(stop);
  if (!learned && learned.error().kind == ErrorKind::interrupted) return false;
  if (!learned) return pass(learned.error());
  fresh->embedder = std::move(*learned);
  fresh->learned_from = objects;
  fresh->slot = used && used->slot == 0 ? 1 : 0;
  ATOLL_TRY(vector::VectorIndex::remove_all(vault.machine(), folder_of(vault, fresh->slot)));
  ATOLL_ASSIGN(fresh->index, open_index(vault, *fresh, true));
  const Bytes state = encode(position);
  ATOLL_ASSIGN(const bool was_put, for_each_text([&](std::uint64_t document, const extract::Extraction& extraction) {
                 return put_into(*fresh, document, extraction);
               }));
  if (!was_put) return false;
  ATOLL_TRY(fresh->index->flush(state));
  Bytes stored;
  ByteWriter writer(stored);
  writer.put(fresh->learned_from);
  writer.put(fresh->slot);
  writer.put_bytes(fresh->embedder->serialize());
  ATOLL_TRY(kept_->keep_bytes(model_id(), stored));
  ATOLL_TRY(kept_->flush());
  set_model(fresh);
  return true;
}

Result<std::vector<Meaning::Near>> Meaning::near_to(std::string_view text, std::size_t limit) const {
  std::vector<Near> out;
  const auto used = model();
  if (!used || limit == 0) return out;
  const std::string_view one = text;
  ATOLL_ASSIGN(const auto rows, used->embedder->embed({&one, 1}, vector::TextRole::query));
  if (rows.rows() == 0 || !vector::has_direction(rows.row(0))) return out;
  vector::SearchRequest request;
  request.vector = rows.row(0);
  request.limit = limit;
  request.similarity_min = 0.05F;
  ATOLL_ASSIGN(const auto found, used->index->search(request));
  for (const auto& hit : found.hits) out.push_back({hit.document, hit.part, hit.similarity});
  return out;
}

}  // namespace atl::search
