// How vectors come to be: the built-in model is learned, the chosen embedder is asked.
#include <algorithm>

#include "derived/search/internal/meaning_texts.h"
#include "derived/search/meaning.h"
#include "derived/vector/learned_embedder.h"
#include "derived/vector/passages.h"

namespace atl::search {
namespace {

using internal::passages_of;
using platform::join;

// Fewer than these there is nothing to learn from.
constexpr std::uint64_t kTextsMin = 3;
// Embedded together: enough to keep a server busy, few enough that what was asked to stop stops.
constexpr std::size_t kBatchDocuments = 16;
constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr std::size_t kSampleTexts = 4;
constexpr std::size_t kSampleBytes = 2'000;
// Of the built-in one, learning and embedding together.
constexpr double kBuiltInBytesPerSecond = 1.5e6;

bool is_stopped(const std::atomic<bool>* stop) { return stop != nullptr && stop->load(); }

std::string folder_of(const vault::Vault& vault, std::uint8_t slot) {
  return join(join(vault.folder(), "indexes"), slot == 0 ? "meaning" : "meaning2");
}

// As long as a passage is, all of it our own words; each one different, as a cache would answer the second.
std::string sample_text(std::size_t number) {
  std::string text = "Sample " + std::to_string(number) + " of Atoll, to see how long a passage of text takes. ";
  while (text.size() < kSampleBytes) text += "The quick brown fox jumps over the lazy dog while nobody looks. ";
  return text;
}

}  // namespace

// Documents with the texts of their passages, in one list, so that few requests take many of them.
struct Meaning::Batch {
  struct One {
    std::uint64_t document = 0;
    std::size_t first = 0, count = 0;  // of `texts`
  };
  std::vector<One> documents;
  std::vector<std::string> texts;
  // Where the walk over all objects is after this batch; none: it was of those that wait.
  std::optional<ObjectId> walked_to;
  std::uint64_t walked = 0;
  bool ends_walk = false;

  void add(std::uint64_t document, const extract::Extraction& extraction) {
    auto passages = passages_of(extraction);
    documents.push_back({document, texts.size(), passages.size()});
    std::ranges::move(passages, std::back_inserter(texts));
  }
};

// Text by text, of objects and of what is in them. False: it was broken off.
Result<bool> Meaning::for_each_text(
    const DocumentBook& book, const std::atomic<bool>* stop,
    const std::function<Result<void>(std::uint64_t document, const extract::Extraction&)>& visit) const {
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
}

void Meaning::drop_next() {
  const std::lock_guard changing(change_mutex_);
  const std::unique_lock lock(mutex_);
  next_.reset();
}

Result<bool> Meaning::learn(vault::Vault& vault, const DocumentBook& book, const Position& position,
                            const std::atomic<bool>* stop) {
  ATOLL_ASSIGN(const auto choice, chosen_embedder(vault));
  if (choice.kind != EmbedderKind::built_in) return false;
  const std::unique_lock making(making_mutex_, std::try_to_lock);
  if (!making) return false;  // an embedder that was chosen before is being asked: the next time
  drop_next();
  filling_patience_.note_success();
  asking_patience_.note_success();
  const auto used = answering();
  const bool is_learned = used && used->choice.kind == EmbedderKind::built_in;
  const std::uint64_t objects = book.object_count();
  if (objects < kTextsMin || (is_learned && !vector::worth_learning_again(used->learned_from, objects))) return false;
  vector::LearnedTrainer trainer({});
  std::uint64_t texts = 0;
  ATOLL_ASSIGN(const bool was_read,
               for_each_text(book, stop, [&](std::uint64_t, const extract::Extraction& extraction) -> Result<void> {
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
  const Bytes serialized = (*learned)->serialize();
  fresh->filling = std::move(*learned);
  fresh->asking = fresh->filling;
  fresh->learned_from = objects;
  fresh->slot = used && used->slot == 0 ? 1 : 0;
  ATOLL_TRY(vector::VectorIndex::remove_all(vault.machine(), folder_of(vault, fresh->slot)));
  ATOLL_ASSIGN(fresh->index, open_index(vault, *fresh, true));
  ATOLL_ASSIGN(const bool was_put,
               for_each_text(book, stop, [&](std::uint64_t document, const extract::Extraction& extraction) {
                 return put_into(*fresh, document, extraction);
               }));
  if (!was_put) return false;
  ATOLL_TRY(fresh->index->flush(state_of(*fresh, position)));
  ATOLL_TRY(store(*fresh, serialized));
  const std::lock_guard changing(change_mutex_);
  const std::unique_lock lock(mutex_);
  used_ = std::move(fresh);
  return true;
}

Result<std::shared_ptr<Meaning::Model>> Meaning::begin(vault::Vault& vault, const EmbedderChoice& choice) {
  drop_next();
  auto fresh = std::make_shared<Model>();
  fresh->choice = choice;
  fresh->is_walked = false;
  ATOLL_TRY(open_embedders(*fresh, 0));
  const auto used = answering();
  fresh->slot = used && used->slot == 0 ? 1 : 0;
  ATOLL_TRY(vector::VectorIndex::remove_all(vault.machine(), folder_of(vault, fresh->slot)));
  ATOLL_ASSIGN(fresh->index, open_index(vault, *fresh, true));
  const std::lock_guard changing(change_mutex_);
  const std::unique_lock lock(mutex_);
  next_ = fresh;
  return fresh;
}

// Of those that wait, else of the walk; they are in hand then. Empty: nothing is left.
Result<Meaning::Batch> Meaning::take_batch(const DocumentBook& book, Model& model) const {
  Batch batch;
  ObjectId after;
  std::vector<std::uint64_t> waiting;
  {
    const std::unique_lock lock(mutex_);
    while (!model.waiting.empty() && waiting.size() < kBatchDocuments) {
      const auto first = model.waiting.begin();
      waiting.push_back(*first);
      model.in_hand.insert(*first);
      model.waiting.erase(first);
    }
    after = model.walked_to;
    if (waiting.empty() && model.is_walked) return batch;
  }
  for (const std::uint64_t document : waiting) {
    ATOLL_ASSIGN(const auto owner, book.owner_of(document));
    const extract::Extraction nothing;
    std::optional<extract::Extraction> extraction;
    if (owner) {
      ATOLL_ASSIGN(const auto row, book.find(owner->object));
      if (row) {
        ATOLL_ASSIGN(extraction, kept_->find(row->extraction));
      }
    }
    const extract::Extraction* text = extraction ? &*extraction : &nothing;
    if (extraction && owner->member > 0) {
      const bool is_there =
          owner->member <= extraction->members.size() && !extraction->members[owner->member - 1].understood.empty();
      text = is_there ? &extraction->members[owner->member - 1].understood.front() : &nothing;
    }
    batch.add(document, *text);
  }
  if (!waiting.empty()) return batch;
  std::uint64_t rows = 0;
  batch.ends_walk = true;
  ATOLL_TRY(book.for_each(
      [&](const ObjectDocuments& row) -> Result<bool> {
        if (rows == kBatchDocuments || batch.texts.size() > kBatchDocuments * 4) {
          batch.ends_walk = false;
          return false;
        }
        ++rows;
        batch.walked_to = row.object;
        ATOLL_ASSIGN(const auto extraction, kept_->find(row.extraction));
        if (!extraction) return true;
        batch.add(row.first, *extraction);
        std::uint64_t document = row.first;
        for (const auto& member : extraction->members) {
          ++document;
          if (!member.understood.empty()) batch.add(document, member.understood.front());
        }
        return true;
      },
      after));
  batch.walked = rows;
  if (!batch.walked_to) batch.walked_to = after;
  const std::unique_lock lock(mutex_);
  for (const auto& one : batch.documents) model.in_hand.insert(one.document);
  return batch;
}

void Meaning::give_back(Model& model, const Batch& batch) const {
  const std::unique_lock lock(mutex_);
  for (const auto& one : batch.documents) {
    model.in_hand.erase(one.document);
    // Those of a walk are met again by it.
    if (model.gone.erase(one.document) == 0 && !batch.walked_to) model.waiting.insert(one.document);
  }
}

// A server that refuses this text but takes another one.
Result<bool> Meaning::is_text_to_blame(const Model& model, const Error& error, const std::atomic<bool>* stop) const {
  if (error.id != "endpoint.refused") return false;
  const std::string sample = sample_text(0);
  const std::string_view one = sample;
  const auto answer = model.filling->embed({&one, 1}, vector::TextRole::document, stop);
  return answer.has_value();
}

Result<void> Meaning::embed_batch(const std::shared_ptr<Model>& model, Batch& batch, const std::atomic<bool>* stop) {
  const std::vector<std::string_view> texts(batch.texts.begin(), batch.texts.end());
  const auto all = model->filling->embed(texts, vector::TextRole::document, stop);
  if (!all && all.error().id != "endpoint.refused") return pass(all.error());
  for (const auto& one : batch.documents) {
    std::vector<float> vectors;
    for (std::size_t i = one.first; i < one.first + one.count; ++i) {
      std::optional<vector::VectorRows> alone;
      if (!all) {
        // One text of the batch was too much for the server, or all are.
        auto answer = model->filling->embed({&texts[i], 1}, vector::TextRole::document, stop);
        if (!answer) {
          ATOLL_ASSIGN(const bool is_its_fault, is_text_to_blame(*model, answer.error(), stop));
          if (!is_its_fault) return pass(answer.error());
          const std::unique_lock lock(mutex_);
          ++model->refused;
          continue;
        }
        alone = std::move(*answer);
      }
      const auto row = alone ? alone->row(0) : all->row(i);
      if (vector::has_direction(row)) vectors.insert(vectors.end(), row.begin(), row.end());
    }
    const std::lock_guard changing(change_mutex_);
    // Another one was chosen meanwhile: its vectors may lie there already.
    if (const auto models = all_models(); std::ranges::find(models, model) == models.end()) return {};
    bool is_gone = false;
    {
      const std::unique_lock lock(mutex_);
      is_gone = model->gone.erase(one.document) > 0;
      model->in_hand.erase(one.document);
    }
    if (!is_gone) ATOLL_TRY(model->index->put(one.document, vectors));
  }
  return {};
}

// All of what was chosen is there: from here on it answers.
Result<void> Meaning::use_next() {
  const std::lock_guard changing(change_mutex_);
  std::shared_ptr<Model> next;
  {
    const std::shared_lock lock(mutex_);
    next = next_;
    // Something came meanwhile, or nothing was ever flushed that it could stand at.
    if (!next || !next->waiting.empty() || !next->in_hand.empty() || !flushed_) return {};
  }
  ATOLL_TRY(next->index->flush(state_of(*next, *flushed_)));
  ATOLL_TRY(store(*next, {}));
  const std::unique_lock lock(mutex_);
  used_ = std::move(next_);
  next_.reset();
  return {};
}

Result<bool> Meaning::fill(vault::Vault& vault, const DocumentBook& book, const FillOptions& options) {
  ATOLL_ASSIGN(const auto choice, chosen_embedder(vault));
  if (choice.kind == EmbedderKind::built_in) return false;
  auto& clock = vault.machine().clock;
  const std::int64_t begun_ns = clock.monotonic_ns();
  if (!filling_patience_.may_try(begun_ns)) return false;
  const std::lock_guard making(making_mutex_);
  std::shared_ptr<Model> model;
  {
    const std::shared_lock lock(mutex_);
    for (const auto& one : {next_, used_})
      if (one && one->choice.text() == choice.text()) model = one;
  }
  if (!model) {
    auto begun = begin(vault, choice);
    if (!begun) {
      filling_patience_.note_failure(begun.error(), clock.monotonic_ns());
      return false;
    }
    model = std::move(*begun);
  }
  bool is_used = false;
  {
    const std::shared_lock lock(mutex_);
    is_used = model == used_;
  }
  if (is_used) drop_next();  // the choice went back to the one in use
  for (;;) {
    if (is_stopped(options.stop) || (clock.monotonic_ns() - begun_ns) / kNsPerMs >= options.time_max_ms) return true;
    ATOLL_ASSIGN(auto batch, take_batch(book, *model));
    if (batch.documents.empty() && !batch.walked_to) break;
    if (const auto done = embed_batch(model, batch, options.stop); !done) {
      give_back(*model, batch);
      if (done.error().kind == ErrorKind::interrupted) return true;
      if (done.error().kind == ErrorKind::io || done.error().kind == ErrorKind::no_space) return pass(done.error());
      filling_patience_.note_failure(done.error(), clock.monotonic_ns());
      return false;
    }
    filling_patience_.note_success();
    if (!batch.walked_to) continue;
    const std::unique_lock lock(mutex_);
    model->walked_to = *batch.walked_to;
    model->walked += batch.walked;
    model->is_walked = batch.ends_walk;
  }
  ATOLL_TRY(use_next());
  return false;
}

Result<EmbeddingCost> Meaning::cost(vault::Vault& vault, const DocumentBook& book, const EmbedderChoice& choice,
                                    const std::atomic<bool>* stop) const {
  EmbeddingCost cost;
  ATOLL_ASSIGN(const bool was_read,
               for_each_text(book, stop, [&](std::uint64_t, const extract::Extraction& extraction) -> Result<void> {
                 for (const std::string& passage : passages_of(extraction)) {
                   ++cost.passages;
                   cost.bytes += passage.size();
                   cost.tokens += vector::count_tokens(passage);
                 }
                 return {};
               }));
  if (!was_read) return fail(ErrorKind::interrupted, "embed.stopped", "counting was stopped");
  if (choice.kind == EmbedderKind::built_in) {
    cost.name = "learned";
    cost.dimension = vector::LearnedOptions{}.dimension;
    cost.seconds = static_cast<double>(cost.bytes) / kBuiltInBytesPerSecond;
    return cost;
  }
  ATOLL_ASSIGN(const auto embedder, open_embedder(vault.machine(), choice, keys_, {EmbedderUse::asking, 0, nullptr}));
  std::vector<std::string> samples;
  for (std::size_t i = 1; i <= kSampleTexts; ++i) samples.push_back(sample_text(i));
  const std::vector<std::string_view> texts(samples.begin(), samples.end());
  auto& clock = vault.machine().clock;
  const std::int64_t begun_ns = clock.monotonic_ns();
  ATOLL_TRY(embedder->embed(texts, vector::TextRole::document, stop));
  const double sample_seconds = static_cast<double>(clock.monotonic_ns() - begun_ns) * 1e-9;
  std::size_t sample_bytes = 0;
  for (const std::string& sample : samples) sample_bytes += sample.size();
  cost.seconds = sample_seconds * static_cast<double>(cost.bytes) / static_cast<double>(sample_bytes);
  cost.is_measured = true;
  cost.dimension = embedder->info().dimension;
  cost.name = embedder->info().name;
  cost.leaves_machine = embedder->info().leaves_machine;
  return cost;
}

}  // namespace atl::search
