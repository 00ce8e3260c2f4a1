// Which documents of the word index belong to which object, and back.
//
// Always true:
//  - A number belongs to one document for as long as its object has it; numbers grow in the order of arrival.
//  - Document `first` of an object is the object itself, those after it are what it contains (members of an archive,
//  the
//    attachments of a mail), in the order of its extraction.
//  - Derived, sealed; after a crash it stands at the state of its last flush() or later.
// Thread rules: reading from any thread, writing by one.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "derived/search/object_documents.h"
#include "derived/search/verdict_book.h"
#include "foundation/base/ids.h"
#include "foundation/codec/hash.h"
#include "foundation/codec/secret.h"
#include "foundation/platform/machine.h"
#include "store/run/run_set.h"

namespace atl::search {

// Of one document, so that lists and counts need not read again what was understood.
struct DocumentFacts {
  std::string format, language;  // empty before something was understood
  std::int64_t date_us = 0;      // as the field "date" (fields.h)
};

struct DocumentOwner {
  ObjectId object;
  std::uint32_t member = 0;  // 0: the object itself
  DocumentFacts facts;
};

// What is still to be done for objects, each in the order in which they came into being.
enum class Queue : std::uint8_t {
  contents,     // to be read
  previews,     // to be made
  recognition,  // to be searched for text in pictures
  vectors,      // to be taken into a graph of own vectors
};
inline constexpr std::size_t kQueueCount = 4;

class DocumentBook {
 public:
  [[nodiscard]] static Result<std::unique_ptr<DocumentBook>> open(const platform::Machine& machine,
                                                                  const std::string& folder,
                                                                  const codec::SecretKey& key, const VaultId& vault,
                                                                  codec::SealSuite suite, bool writable);

  [[nodiscard]] Result<std::optional<ObjectDocuments>> find(const ObjectId& object) const;
  [[nodiscard]] Result<std::optional<ObjectId>> object_named(const BucketId& bucket, std::string_view key) const;
  [[nodiscard]] Result<std::optional<DocumentOwner>> owner_of(std::uint64_t document) const;
  // Its documents, in order. Keeps the numbers the object has where they are enough, else gives it new ones (and says
  // in `first` which).
  [[nodiscard]] Result<void> put(ObjectDocuments& row, const std::vector<DocumentFacts>& documents);
  [[nodiscard]] Result<void> remove(const ObjectDocuments& row);
  // In the order of their numbers.
  [[nodiscard]] Result<void> for_each_document(
      const std::function<Result<bool>(std::uint64_t document, const DocumentFacts& facts)>& visit) const;
  // In the order of ids, those behind `after`.
  [[nodiscard]] Result<void> for_each(const std::function<Result<bool>(const ObjectDocuments&)>& visit,
                                      const ObjectId& after = {}) const;

  // Names of a bucket behind `after`, in their order, and whose they are.
  [[nodiscard]] Result<std::vector<std::pair<std::string, ObjectId>>> names(const BucketId& bucket,
                                                                            std::string_view after,
                                                                            std::size_t limit) const;
  // What the gates of buckets say of the objects listed here. It goes with its object, and with its name.
  [[nodiscard]] VerdictBook& verdicts() { return verdicts_; }
  [[nodiscard]] const VerdictBook& verdicts() const { return verdicts_; }

  [[nodiscard]] Result<void> set_waiting(const ObjectId& object, bool is_waiting, Queue queue = Queue::contents);
  [[nodiscard]] Result<bool> is_waiting(const ObjectId& object, Queue queue = Queue::contents) const;
  [[nodiscard]] Result<std::vector<ObjectId>> waiting(const ObjectId& after, std::size_t limit,
                                                      Queue queue = Queue::contents) const;
  // Contents of the last flush() count as well: what was added since is in no answer yet.
  [[nodiscard]] std::uint64_t waiting_count(Queue queue = Queue::contents) const {
    const std::uint64_t now = waiting_counts_.at(static_cast<std::size_t>(queue));
    return queue == Queue::contents ? std::max(now, flushed_waiting_.load()) : now;
  }
  [[nodiscard]] std::uint64_t object_count() const { return object_count_; }

  [[nodiscard]] Result<void> flush(ByteView state);
  [[nodiscard]] Bytes state() const;  // as given to the last flush; empty at first
  [[nodiscard]] bool wants_flush() const { return runs_->wants_flush(); }
  [[nodiscard]] Result<bool> maybe_merge() { return runs_->maybe_merge(); }

 private:
  explicit DocumentBook(std::unique_ptr<run::RunSet> runs) : runs_(std::move(runs)), verdicts_(*runs_) {}
  [[nodiscard]] Result<void> read_state();
  [[nodiscard]] Result<void> count();
  std::unique_ptr<run::RunSet> runs_;
  VerdictBook verdicts_;  // borrows runs_
  std::uint64_t next_ = 1;
  std::array<std::atomic<std::uint64_t>, kQueueCount> waiting_counts_{};
  std::atomic<std::uint64_t> flushed_waiting_ = 0;
  std::atomic<std::uint64_t> object_count_ = 0;
};

}  // namespace atl::search
