#include "derived/search/document_book.h"

#include "foundation/codec/fields.h"

namespace atl::search {
namespace {

// First byte of a key: what it is a key of.
constexpr std::uint8_t kOfObject = 'o';
constexpr std::uint8_t kOfName = 'k';
constexpr std::uint8_t kOfDocument = 'd';
constexpr std::array<std::uint8_t, kQueueCount> kOfQueue{'w', 'p', 'r', 'v'};
constexpr std::size_t kIdBytes = sizeof(ObjectId::bytes);

Bytes object_key(const ObjectId& object, std::uint8_t of = kOfObject) {
  Bytes key{of};
  key.insert(key.end(), object.bytes.begin(), object.bytes.end());
  return key;
}

Bytes queue_key(const ObjectId& object, Queue queue) {
  return object_key(object, kOfQueue.at(static_cast<std::size_t>(queue)));
}

Bytes name_key(const BucketId& bucket, std::string_view name) {
  Bytes key{kOfName};
  key.insert(key.end(), bucket.bytes.begin(), bucket.bytes.end());
  key.insert(key.end(), name.begin(), name.end());
  return key;
}

Bytes document_key(std::uint64_t document) {
  Bytes key{kOfDocument};
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<std::uint8_t>(document >> shift));
  return key;
}

Bytes encode(const ObjectDocuments& row) {
  Bytes out;
  codec::FieldWriter writer(out);
  writer.put_bytes(1, row.version.view());
  writer.put_bytes(2, row.bucket.view());
  writer.put_text(3, row.key);
  writer.put_unsigned(4, row.first);
  writer.put_unsigned(5, row.count);
  writer.put_bytes(6, row.extraction);
  writer.put_text(7, row.title);
  writer.put_text(8, row.trouble);
  return out;
}

Result<ObjectDocuments> decode(const ObjectId& object, ByteView encoded) {
  ObjectDocuments row;
  row.object = object;
  codec::FieldReader reader(encoded, "documents of an object");
  while (reader.next()) {
    switch (reader.field()) {
      case 1: {
        ATOLL_ASSIGN(row.version, VersionId::from_view(reader.as_view()));
        break;
      }
      case 2: {
        ATOLL_ASSIGN(row.bucket, BucketId::from_view(reader.as_view()));
        break;
      }
      case 3: row.key = reader.as_string(); break;
      case 4: row.first = reader.as_unsigned(); break;
      case 5: row.count = static_cast<std::uint32_t>(reader.as_unsigned()); break;
      case 6: {
        const ByteView digest = reader.as_view();
        if (digest.size() == row.extraction.size()) std::copy(digest.begin(), digest.end(), row.extraction.begin());
        break;
      }
      case 7: row.title = reader.as_string(); break;
      case 8: row.trouble = reader.as_string(); break;
      default: break;
    }
  }
  ATOLL_TRY(reader.status());
  return row;
}

Result<DocumentOwner> decode_owner(ByteView encoded) {
  DocumentOwner owner;
  codec::FieldReader reader(encoded, "owner of a document");
  while (reader.next()) {
    switch (reader.field()) {
      case 1: {
        ATOLL_ASSIGN(owner.object, ObjectId::from_view(reader.as_view()));
        break;
      }
      case 2: owner.member = static_cast<std::uint32_t>(reader.as_unsigned()); break;
      case 3: owner.facts.format = reader.as_string(); break;
      case 4: owner.facts.language = reader.as_string(); break;
      case 5: owner.facts.date_us = reader.as_signed(); break;
      default: break;
    }
  }
  ATOLL_TRY(reader.status());
  return owner;
}

run::Options options_of(codec::SealSuite suite) {
  run::Options options;
  options.memtable_bytes_max = 8 * kMiB;
  options.filter_bytes_max = 8 * kMiB;
  options.cache_bytes_max = 32 * kMiB;  // a search looks up each of its hits
  options.suite = suite;
  return options;
}

}  // namespace

Result<std::unique_ptr<DocumentBook>> DocumentBook::open(const platform::Machine& machine, const std::string& folder,
                                                         const codec::SecretKey& key, const VaultId& vault,
                                                         codec::SealSuite suite, bool writable) {
  ATOLL_ASSIGN(auto runs, run::RunSet::open(machine, folder, key, vault, options_of(suite), writable));
  std::unique_ptr<DocumentBook> book(new DocumentBook(std::move(runs)));
  ATOLL_TRY(book->read_state());
  ATOLL_TRY(book->count());
  ATOLL_TRY(book->verdicts_.load());
  return book;
}

Result<void> DocumentBook::read_state() {
  // A crash may have kept more than the state says: numbers go on behind the greatest that was given.
  const Bytes kept = runs_->state();
  if (kept.size() >= sizeof(std::uint64_t)) next_ = load_le<std::uint64_t>(kept.data());
  return runs_->for_each_from(document_key(next_), [&](ByteView key, ByteView) -> Result<bool> {
    if (key.size() != 1 + sizeof(std::uint64_t) || key[0] != kOfDocument) return false;
    next_ = load_be64(key.data() + 1) + 1;
    return true;
  });
}

Result<void> DocumentBook::count() {
  const auto count_into = [&](std::atomic<std::uint64_t>& counter, std::uint8_t of) {
    return runs_->for_each_from(Bytes{of}, [&](ByteView key, ByteView) -> Result<bool> {
      if (key[0] != of) return false;
      ++counter;
      return true;
    });
  };
  ATOLL_TRY(count_into(object_count_, kOfObject));
  for (std::size_t i = 0; i < kQueueCount; ++i) ATOLL_TRY(count_into(waiting_counts_.at(i), kOfQueue.at(i)));
  flushed_waiting_ = waiting_counts_.front().load();
  return {};
}

Bytes DocumentBook::state() const {
  const Bytes kept = runs_->state();
  if (kept.size() < sizeof(std::uint64_t)) return {};
  return {kept.begin() + sizeof(std::uint64_t), kept.end()};
}

Result<void> DocumentBook::flush(ByteView state) {
  Bytes kept;
  ByteWriter writer(kept);
  writer.put(next_);
  kept.insert(kept.end(), state.begin(), state.end());
  ATOLL_TRY(runs_->flush(kept));
  flushed_waiting_ = waiting_counts_.front().load();
  return {};
}

Result<std::optional<ObjectDocuments>> DocumentBook::find(const ObjectId& object) const {
  ATOLL_ASSIGN(const auto row, runs_->get(object_key(object)));
  if (!row) return std::nullopt;
  ATOLL_ASSIGN(auto found, decode(object, *row));
  return found;
}

Result<std::optional<ObjectId>> DocumentBook::object_named(const BucketId& bucket, std::string_view key) const {
  ATOLL_ASSIGN(const auto row, runs_->get(name_key(bucket, key)));
  if (!row) return std::nullopt;
  ATOLL_ASSIGN(const auto object, ObjectId::from_view(*row));
  return object;
}

Result<std::vector<std::pair<std::string, ObjectId>>> DocumentBook::names(const BucketId& bucket,
                                                                          std::string_view after,
                                                                          std::size_t limit) const {
  std::vector<std::pair<std::string, ObjectId>> out;
  const Bytes of_bucket = name_key(bucket, "");
  const Bytes from = name_key(bucket, after);
  ATOLL_TRY(runs_->for_each_from(from, [&](ByteView key, ByteView value) -> Result<bool> {
    const bool is_of_bucket = key.size() > of_bucket.size() && equal(key.first(of_bucket.size()), of_bucket);
    if (!is_of_bucket || out.size() == limit) return false;
    if (equal(key, from)) return true;
    ATOLL_ASSIGN(const auto object, ObjectId::from_view(value));
    out.emplace_back(to_string(key.subspan(of_bucket.size())), object);
    return true;
  }));
  return out;
}

Result<void> DocumentBook::for_each_document(
    const std::function<Result<bool>(std::uint64_t document, const DocumentFacts& facts)>& visit) const {
  return runs_->for_each_from(Bytes{kOfDocument}, [&](ByteView key, ByteView value) -> Result<bool> {
    if (key.size() != 1 + sizeof(std::uint64_t) || key[0] != kOfDocument) return false;
    ATOLL_ASSIGN(const auto owner, decode_owner(value));
    return visit(load_be64(key.data() + 1), owner.facts);
  });
}

Result<std::optional<DocumentOwner>> DocumentBook::owner_of(std::uint64_t document) const {
  ATOLL_ASSIGN(const auto row, runs_->get(document_key(document)));
  if (!row) return std::nullopt;
  ATOLL_ASSIGN(auto owner, decode_owner(*row));
  return owner;
}

Result<void> DocumentBook::put(ObjectDocuments& row, const std::vector<DocumentFacts>& documents) {
  const auto count = static_cast<std::uint32_t>(documents.size());
  ATOLL_ASSIGN(const auto before, find(row.object));
  if (before && (before->bucket != row.bucket || before->key != row.key))
    ATOLL_TRY(runs_->remove(name_key(before->bucket, before->key)));
  if (before && (before->bucket != row.bucket || before->key != row.key))
    ATOLL_TRY(verdicts_.set(*before, Verdict::none));
  if (!before) ++object_count_;
  const bool fits = before && before->count >= count;
  if (before) {
    for (std::uint32_t i = fits ? count : 0; i < before->count; ++i)
      ATOLL_TRY(runs_->remove(document_key(before->first + i)));
  }
  row.first = fits ? before->first : next_;
  row.count = count;
  if (!fits) next_ += count;
  for (std::uint32_t i = 0; i < count; ++i) {
    Bytes owner;
    codec::FieldWriter writer(owner);
    writer.put_bytes(1, row.object.view());
    writer.put_unsigned(2, i);
    writer.put_text(3, documents[i].format);
    writer.put_text(4, documents[i].language);
    writer.put_signed(5, documents[i].date_us);
    ATOLL_TRY(runs_->put(document_key(row.first + i), owner));
  }
  ATOLL_TRY(runs_->put(name_key(row.bucket, row.key), row.object.view()));
  return runs_->put(object_key(row.object), encode(row));
}

Result<void> DocumentBook::remove(const ObjectDocuments& row) {
  for (std::uint32_t i = 0; i < row.count; ++i) ATOLL_TRY(runs_->remove(document_key(row.first + i)));
  ATOLL_ASSIGN(const auto named, object_named(row.bucket, row.key));
  if (named && *named == row.object) {
    ATOLL_TRY(verdicts_.set(row, Verdict::none));
    ATOLL_TRY(runs_->remove(name_key(row.bucket, row.key)));
  }
  for (const Queue queue : {Queue::contents, Queue::previews, Queue::recognition, Queue::vectors})
    ATOLL_TRY(set_waiting(row.object, false, queue));
  --object_count_;
  return runs_->remove(object_key(row.object));
}

Result<void> DocumentBook::for_each(const std::function<Result<bool>(const ObjectDocuments&)>& visit,
                                    const ObjectId& after) const {
  return runs_->for_each_from(object_key(after, kOfObject), [&](ByteView key, ByteView value) -> Result<bool> {
    if (key.size() != 1 + kIdBytes || key[0] != kOfObject) return false;
    ATOLL_ASSIGN(const auto object, ObjectId::from_view(key.subspan(1)));
    if (object == after) return true;
    ATOLL_ASSIGN(const auto row, decode(object, value));
    return visit(row);
  });
}

Result<bool> DocumentBook::is_waiting(const ObjectId& object, Queue queue) const {
  return runs_->contains(queue_key(object, queue));
}

Result<void> DocumentBook::set_waiting(const ObjectId& object, bool is_waiting, Queue queue) {
  ATOLL_ASSIGN(const bool was_waiting, this->is_waiting(object, queue));
  if (was_waiting == is_waiting) return {};
  const Bytes key = queue_key(object, queue);
  auto& count = waiting_counts_.at(static_cast<std::size_t>(queue));
  if (is_waiting) {
    ++count;
    return runs_->put(key, {});
  }
  --count;
  return runs_->remove(key);
}

Result<std::vector<ObjectId>> DocumentBook::waiting(const ObjectId& after, std::size_t limit, Queue queue) const {
  std::vector<ObjectId> objects;
  // What left a queue stays in its runs until they are merged: no walk over all of that to find that nothing is behind.
  const std::uint64_t count = waiting_counts_.at(static_cast<std::size_t>(queue));
  if (count == 0) return objects;
  if (after.is_none()) limit = static_cast<std::size_t>(std::min<std::uint64_t>(limit, count));
  const Bytes from = queue_key(after, queue);
  ATOLL_TRY(runs_->for_each_from(from, [&](ByteView key, ByteView) -> Result<bool> {
    if (key.size() != 1 + kIdBytes || key[0] != from[0] || objects.size() == limit) return false;
    if (equal(key, from)) return true;
    ATOLL_ASSIGN(const auto object, ObjectId::from_view(key.subspan(1)));
    objects.push_back(object);
    return objects.size() < limit;
  }));
  return objects;
}

}  // namespace atl::search
