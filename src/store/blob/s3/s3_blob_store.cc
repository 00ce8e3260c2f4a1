#include "store/blob/s3/s3_blob_store.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <mutex>

#include "store/blob/s3/s3_reader.h"

namespace atl::blob {
namespace {

constexpr std::string_view kUnfinished = ".open";
constexpr std::size_t kOffsetDigits = 16;
// Pieces that are not full are fewer and smaller than this in all, whoever wrote them.
constexpr std::uint64_t kTailBytesMax = 256ULL * 1024 * 1024;

tl::unexpected<Error> bad_name(std::string_view name) {
  return fail(ErrorKind::usage, "blob.name", "'" + std::string(name) + "' is no name for a blob here");
}
tl::unexpected<Error> not_found(std::string_view name) {
  return fail(ErrorKind::not_found, "blob.not_found", "there is no blob '" + std::string(name) + "'");
}
tl::unexpected<Error> taken(std::string_view name) {
  return fail(ErrorKind::conflict, "blob.exists", "there is a blob '" + std::string(name) + "' already");
}

struct Piece {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  [[nodiscard]] std::uint64_t end() const { return offset + size; }
};

std::string offset_text(std::uint64_t offset) {
  Bytes bytes;
  append_be64(bytes, offset);
  return to_hex(bytes);
}

std::optional<std::uint64_t> parse_offset(std::string_view text) {
  std::uint64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (text.size() != kOffsetDigits || read.ec != std::errc() || read.ptr != text.data() + text.size())
    return std::nullopt;
  return value;
}

// From the beginning on, without a hole, the largest where several begin within what is reached.
std::vector<Piece> chain_of(std::vector<Piece> pieces) {
  std::ranges::sort(pieces, {}, &Piece::offset);
  std::vector<Piece> chain;
  std::uint64_t reached = 0;
  for (const Piece& piece : pieces) {
    if (piece.offset > reached) break;
    if (piece.end() <= reached) continue;
    // A piece that was to be replaced by this one.
    while (!chain.empty() && chain.back().offset >= piece.offset) chain.pop_back();
    chain.push_back(piece);
    reached = piece.end();
  }
  return chain;
}

// What an unfinished blob is while a writer of this process holds it. Its bytes up to `synced` lie in pieces in the
// server; those from `tail_offset` on are in memory as well.
struct Body {
  std::mutex mutex;
  std::vector<Piece> pieces;  // a chain; guarded, as all below, by mutex
  Bytes tail;
  std::uint64_t tail_offset = 0;
  std::uint64_t synced = 0;
  [[nodiscard]] std::uint64_t position() const { return tail_offset + tail.size(); }
};

}  // namespace

class S3BlobWriter;

class S3BlobStore final : public BlobStore {
 public:
  S3BlobStore(std::shared_ptr<S3Client> client, std::string root, S3BlobStoreOptions options)
      : client_(std::move(client)), reader_(client_), root_(std::move(root)), options_(std::move(options)) {
    ATOLL_INVARIANT(options_.piece_bytes >= S3Client::kPartBytesMin, "a full piece can be a part of an object");
  }

  Result<std::size_t> fetch(std::string_view name, std::uint64_t offset, ByteSpan out) const override {
    if (!is_name(name)) return bad_name(name);
    ATOLL_ASSIGN(const auto got, reader_.get(key_of(name), offset, out));
    if (got) return *got;
    return fetch_unfinished(name, offset, out);
  }

  Result<std::size_t> fetch_unfinished(std::string_view name, std::uint64_t offset, ByteSpan out) const override {
    if (!is_name(name)) return bad_name(name);
    if (const auto body = open_body(name)) return fetch_of_body(name, *body, offset, out);
    ATOLL_ASSIGN(const auto pieces, pieces_of(name));
    if (pieces.empty()) return not_found(name);
    return fetch_of_pieces(name, pieces, offset, out);
  }

  Result<std::optional<BlobInfo>> stat(std::string_view name) const override {
    if (!is_name(name)) return bad_name(name);
    ATOLL_ASSIGN(const auto head, client_->head(key_of(name)));
    if (head) return BlobInfo{std::string(name), head->size, true};
    return stat_unfinished(name);
  }

  Result<std::vector<BlobInfo>> enumerate() const override {
    std::vector<BlobInfo> blobs;
    std::map<std::string, std::vector<Piece>> unfinished;
    const std::string folder = root_ + "/";
    ATOLL_ASSIGN(auto listing, client_->list(folder, options_.layout == Layout::flat));
    for (const std::string& below : listing.folders) {
      if (!below.ends_with(".open/")) continue;
      ATOLL_ASSIGN(auto more, client_->list(below, false));
      std::ranges::move(more.objects, std::back_inserter(listing.objects));
    }
    for (const auto& object : listing.objects) {
      const std::size_t slash = object.key.rfind('/');
      const std::string name = object.key.substr(slash + 1);
      const std::string above = object.key.substr(0, slash);
      if (is_name(name) && object.key == key_of(name)) {
        blobs.push_back({name, object.size, true});
      } else if (above.ends_with(kUnfinished)) {
        const std::string_view path = std::string_view(above).substr(0, above.size() - kUnfinished.size());
        const std::string_view of = path.substr(path.rfind('/') + 1);
        const auto offset = parse_offset(name);
        if (offset && is_name(of) && path == key_of(of)) unfinished[std::string(of)].push_back({*offset, object.size});
      }
    }
    for (auto& [name, pieces] : unfinished) {
      const auto chain = chain_of(std::move(pieces));
      if (!chain.empty() && !open_body(name)) blobs.push_back({name, chain.back().end(), false});
    }
    for (const auto& [name, body] : open_bodies()) {
      const std::lock_guard lock(body->mutex);
      blobs.push_back({name, body->position(), false});
    }
    std::ranges::sort(blobs, [](const BlobInfo& a, const BlobInfo& b) {
      return a.name != b.name ? a.name < b.name : a.is_finished > b.is_finished;
    });
    return blobs;
  }

  Result<std::unique_ptr<BlobWriter>> receive(std::string_view name) override {
    ATOLL_ASSIGN(const auto there, stat(name));
    if (there) return taken(name);
    return writer(name, std::make_shared<Body>());
  }

  Result<std::unique_ptr<BlobWriter>> replace(std::string_view name) override {
    if (!is_name(name)) return bad_name(name);
    ATOLL_ASSIGN(const auto head, client_->head(key_of(name)));
    if (!head) return not_found(name);
    ATOLL_TRY(remove_unfinished(name));
    return writer(name, std::make_shared<Body>());
  }

  Result<std::unique_ptr<BlobWriter>> adopt(std::string_view name, std::uint64_t keep_bytes) override {
    if (!is_name(name)) return bad_name(name);
    ATOLL_ASSIGN(const auto all, list_pieces(name));
    auto pieces = chain_of(all);
    if (pieces.empty()) return not_found(name);
    if (pieces.back().end() < keep_bytes) {
      return fail(ErrorKind::usage, "blob.adopt",
                  "'" + std::string(name) + "' has " + std::to_string(pieces.back().end()) + " bytes, " +
                      std::to_string(keep_bytes) + " were to be kept");
    }
    auto body = std::make_shared<Body>();
    // Full pieces stay as they are; what comes behind them goes into the writer's memory, as if it had been written
    // there in this session.
    std::size_t full = 0;
    while (full < pieces.size() && pieces[full].size >= S3Client::kPartBytesMin && pieces[full].end() <= keep_bytes)
      ++full;
    body->tail_offset = full == 0 ? 0 : pieces[full - 1].end();
    if (keep_bytes - body->tail_offset > kTailBytesMax)
      return fail(ErrorKind::damaged, "blob.odd_pieces", "the pieces of '" + std::string(name) + "' are none of ours");
    body->tail.resize(static_cast<std::size_t>(keep_bytes - body->tail_offset));
    ATOLL_ASSIGN(const std::size_t got, fetch_of_pieces(name, pieces, body->tail_offset, body->tail));
    if (got < body->tail.size()) return fail(ErrorKind::damaged, "blob.short", "'" + std::string(name) + "' is short");
    // Nothing may be left that says something else about bytes that are written from here on.
    for (auto at = all.rbegin(); at != all.rend(); ++at) {
      const bool is_kept = at->offset < keep_bytes &&
                           std::ranges::any_of(pieces, [&](const Piece& piece) { return piece.offset == at->offset; });
      if (!is_kept) ATOLL_TRY(remove_piece(name, at->offset));
    }
    while (!pieces.empty() && pieces.back().offset >= keep_bytes) pieces.pop_back();
    if (!pieces.empty() && pieces.back().end() > keep_bytes) {
      Piece& last = pieces.back();
      last.size = keep_bytes - last.offset;
      ATOLL_TRY(put_piece(name, last.offset,
                          ByteView(body->tail).subspan(static_cast<std::size_t>(last.offset - body->tail_offset))));
    }
    body->synced = keep_bytes;
    body->pieces = std::move(pieces);
    return writer(name, std::move(body));
  }

  Result<bool> remove(std::string_view name) override {
    if (!is_name(name)) return bad_name(name);
    const std::string key = key_of(name);
    ATOLL_ASSIGN(const auto head, client_->head(key));
    if (!head) return false;
    ATOLL_TRY(client_->remove(key));
    reader_.forget(key);
    return true;
  }

  Result<bool> remove_unfinished(std::string_view name) override {
    if (!is_name(name)) return bad_name(name);
    forget_pieces(name);
    ATOLL_ASSIGN(const auto listing, client_->list(folder_of(name), false));
    for (auto at = listing.objects.rbegin(); at != listing.objects.rend(); ++at) {
      ATOLL_TRY(client_->remove(at->key));
      reader_.forget(at->key);
    }
    return !listing.objects.empty();
  }

 private:
  friend class S3BlobWriter;

  [[nodiscard]] bool is_name(std::string_view name) const {
    return is_valid_blob_name(name) && name.ends_with(options_.suffix) && name.size() > options_.suffix.size() &&
           (options_.layout == Layout::flat || name.substr(0, name.find('.')).size() >= 2);
  }
  [[nodiscard]] std::string key_of(std::string_view name) const {
    std::string key = root_ + "/";
    if (options_.layout == Layout::fan_out) {
      const std::string_view stem = name.substr(0, name.find('.'));
      key.append(stem.substr(stem.size() - 2)).append("/");
    }
    return key.append(name);
  }
  [[nodiscard]] std::string folder_of(std::string_view name) const {
    return key_of(name) + std::string(kUnfinished) + "/";
  }
  [[nodiscard]] std::string piece_key(std::string_view name, std::uint64_t offset) const {
    return folder_of(name) + offset_text(offset);
  }

  std::unique_ptr<BlobWriter> writer(std::string_view name, std::shared_ptr<Body> body);

  [[nodiscard]] std::shared_ptr<Body> open_body(std::string_view name) const {
    const std::lock_guard lock(mutex_);
    const auto found = open_.find(name);
    return found == open_.end() ? nullptr : found->second;
  }
  [[nodiscard]] std::map<std::string, std::shared_ptr<Body>, std::less<>> open_bodies() const {
    const std::lock_guard lock(mutex_);
    return open_;
  }

  // Sorted by offset.
  Result<std::vector<Piece>> list_pieces(std::string_view name) const {
    const std::string folder = folder_of(name);
    ATOLL_ASSIGN(const auto listing, client_->list(folder, false));
    std::vector<Piece> pieces;
    for (const auto& object : listing.objects) {
      const auto offset = parse_offset(std::string_view(object.key).substr(folder.size()));
      if (offset) pieces.push_back({*offset, object.size});
    }
    return pieces;
  }

  Result<std::vector<Piece>> pieces_of(std::string_view name) const {
    {
      const std::lock_guard lock(mutex_);
      if (const auto known = listed_.find(name); known != listed_.end()) return known->second;
    }
    ATOLL_ASSIGN(auto pieces, list_pieces(name));
    auto chain = chain_of(std::move(pieces));
    const std::lock_guard lock(mutex_);
    if (!chain.empty()) listed_[std::string(name)] = chain;
    return chain;
  }
  void forget_pieces(std::string_view name) const {
    const std::lock_guard lock(mutex_);
    if (const auto known = listed_.find(name); known != listed_.end()) listed_.erase(known);
  }

  Result<std::optional<BlobInfo>> stat_unfinished(std::string_view name) const {
    if (const auto body = open_body(name)) {
      const std::lock_guard lock(body->mutex);
      return BlobInfo{std::string(name), body->position(), false};
    }
    ATOLL_ASSIGN(const auto pieces, pieces_of(name));
    if (pieces.empty()) return std::nullopt;
    return BlobInfo{std::string(name), pieces.back().end(), false};
  }

  Result<std::size_t> fetch_of_pieces(std::string_view name, const std::vector<Piece>& pieces, std::uint64_t offset,
                                      ByteSpan out) const {
    std::size_t count = 0;
    for (std::size_t i = 0; i < pieces.size() && count < out.size(); ++i) {
      const Piece& piece = pieces[i];
      const std::uint64_t at = offset + count;
      if (at < piece.offset || at >= piece.end()) continue;
      const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(out.size() - count, piece.end() - at));
      const std::string key = piece_key(name, piece.offset);
      ATOLL_ASSIGN(const auto got, reader_.get(key, at - piece.offset, out.subspan(count, wanted)));
      if (!got) {
        // Another writer put it together with others since it was listed.
        forget_pieces(name);
        return not_found(name);
      }
      count += *got;
      if (*got < wanted) break;
    }
    return count;
  }

  // What counts as written comes from the server, also where it is in memory: else reading back would prove nothing.
  Result<std::size_t> fetch_of_body(std::string_view name, Body& body, std::uint64_t offset, ByteSpan out) const {
    std::vector<Piece> pieces;
    std::uint64_t synced = 0;
    {
      const std::lock_guard lock(body.mutex);
      pieces = body.pieces;
      synced = body.synced;
    }
    std::size_t count = 0;
    if (offset < synced) {
      const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), synced - offset));
      ATOLL_ASSIGN(count, fetch_of_pieces(name, pieces, offset, out.first(wanted)));
      if (count < wanted || count == out.size()) return count;
    }
    const std::lock_guard lock(body.mutex);
    const std::uint64_t at = offset + count;
    if (at < body.tail_offset || at >= body.position()) return count;
    const auto from = static_cast<std::size_t>(at - body.tail_offset);
    const std::size_t more = std::min(out.size() - count, body.tail.size() - from);
    std::copy_n(body.tail.begin() + static_cast<std::ptrdiff_t>(from), more,
                out.begin() + static_cast<std::ptrdiff_t>(count));
    return count + more;
  }

  Result<void> put_piece(std::string_view name, std::uint64_t offset, ByteView bytes) {
    const std::string key = piece_key(name, offset);
    ATOLL_TRY(client_->put(key, bytes));
    reader_.forget(key);
    return {};
  }
  Result<void> remove_piece(std::string_view name, std::uint64_t offset) {
    const std::string key = piece_key(name, offset);
    ATOLL_TRY(client_->remove(key));
    reader_.forget(key);
    return {};
  }

  // Whether the finished object is what `size` says, after a request whose answer got lost.
  Result<void> settle_unknown(const std::string& key, std::uint64_t size, Error error) {
    if (error.id != "s3.unknown_state") return pass(std::move(error));
    ATOLL_ASSIGN(const auto head, client_->head(key));
    if (head && head->size == size) return {};
    return pass(std::move(error));
  }

  Result<void> put_together(const std::string& name, const Body& body) {
    const std::string key = key_of(name);
    const std::string& storage_class = options_.storage_class;
    if (body.pieces.empty()) {
      ATOLL_TRY(client_->put(key, body.tail, storage_class));
    } else if (body.pieces.size() == 1) {
      ATOLL_TRY(client_->copy(piece_key(name, 0), key, storage_class));
    } else {
      ATOLL_TRY(put_parts_together(name, key, body));
    }
    reader_.forget(key);
    ATOLL_ASSIGN(const auto head, client_->head(key));
    if (head && head->size == body.position()) return {};
    return fail(ErrorKind::io, "blob.not_put_together",
                "'" + name + "' was put together in the S3 server and has not the size of its pieces there",
                "The pieces are left as they are; try again.");
  }

  Result<void> put_parts_together(const std::string& name, const std::string& key, const Body& body) {
    ATOLL_ASSIGN(const std::string upload, client_->begin_upload(key, options_.storage_class));
    const auto put_all = [&]() -> Result<void> {
      std::vector<std::string> tags;
      for (const Piece& piece : body.pieces) {
        if (piece.offset >= body.tail_offset) break;  // perhaps too small for a part
        ATOLL_ASSIGN(auto tag, client_->copy_part(key, upload, static_cast<unsigned>(tags.size() + 1),
                                                  piece_key(name, piece.offset)));
        tags.push_back(std::move(tag));
      }
      if (!body.tail.empty()) {
        ATOLL_ASSIGN(auto tag, client_->put_part(key, upload, static_cast<unsigned>(tags.size() + 1), body.tail));
        tags.push_back(std::move(tag));
      }
      return client_->complete_upload(key, upload, tags);
    };
    auto done = put_all();
    if (!done) done = settle_unknown(key, body.position(), std::move(done).error());
    if (!done) ignore_error_on_purpose(client_->abort_upload(key, upload));  // parts that nobody sees cost all the same
    if (!done || body.tail.empty() || is_cold_class(options_.storage_class)) return done;
    return compare_end(name, key, body);
  }

  // The end of the blob is the one part that was sent and not copied from a piece that was perhaps read back.
  Result<void> compare_end(const std::string& name, const std::string& key, const Body& body) {
    Bytes there(body.tail.size());
    ATOLL_ASSIGN(const auto got, client_->get(key, body.tail_offset, there));
    if (got && *got == there.size() && equal(there, body.tail)) return {};
    return fail(ErrorKind::io, "blob.not_read_back", "'" + name + "' did not read back as it was written",
                "The S3 server, or what leads to it, changes content; the original is untouched.");
  }

  std::shared_ptr<S3Client> client_;
  mutable S3Reader reader_;
  std::string root_;
  S3BlobStoreOptions options_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Body>, std::less<>> open_;         // guarded by mutex_
  mutable std::map<std::string, std::vector<Piece>, std::less<>> listed_;  // guarded by mutex_
};

class S3BlobWriter final : public BlobWriter {
 public:
  S3BlobWriter(S3BlobStore& store, std::string name, std::shared_ptr<Body> body)
      : store_(store), name_(std::move(name)), body_(std::move(body)) {}
  S3BlobWriter(const S3BlobWriter&) = delete;
  S3BlobWriter& operator=(const S3BlobWriter&) = delete;
  S3BlobWriter(S3BlobWriter&&) = delete;
  S3BlobWriter& operator=(S3BlobWriter&&) = delete;
  ~S3BlobWriter() override {
    // What was appended stays as far as it can; after a failure that is not worth another wait.
    if (!is_ended_) ignore_error_on_purpose(sync());
    unregister();
  }

  Result<void> append(ByteView data) override {
    ATOLL_TRY(refuse_ended());
    while (!data.empty()) {
      bool is_full = false;
      {
        const std::lock_guard lock(body_->mutex);
        const auto room =
            static_cast<std::size_t>(piece_bytes() - std::min<std::uint64_t>(piece_bytes(), body_->tail.size()));
        const ByteView now = data.first(std::min(room, data.size()));
        body_->tail.insert(body_->tail.end(), now.begin(), now.end());
        data = data.subspan(now.size());
        is_full = body_->tail.size() >= piece_bytes();
      }
      if (is_full) ATOLL_TRY(or_ended(write_full_piece()));
    }
    return {};
  }

  Result<void> sync() override {
    ATOLL_TRY(refuse_ended());
    return or_ended(write_new());
  }

  [[nodiscard]] std::uint64_t position() const override {
    const std::lock_guard lock(body_->mutex);
    return body_->position();
  }

  Result<void> rewind(std::uint64_t position) override {
    ATOLL_TRY(refuse_ended());
    ATOLL_INVARIANT(position <= this->position(), "a blob is rewound, never moved forward");
    if (position >= body_->tail_offset) {
      const std::lock_guard lock(body_->mutex);
      body_->tail.resize(static_cast<std::size_t>(position - body_->tail_offset));
    }
    if (position >= body_->synced) return {};
    // Adopted anew: what is to be forgotten lies in the server already.
    ATOLL_TRY(or_ended(write_new()));
    unregister();
    auto again = store_.adopt(name_, position);
    is_ended_ = true;
    if (!again) return pass(std::move(again).error());
    auto& other = static_cast<S3BlobWriter&>(**again);
    body_ = other.body_;
    other.is_ended_ = true;
    again->reset();
    register_again();
    is_ended_ = false;
    return {};
  }

  Result<void> commit() override {
    ATOLL_TRY(refuse_ended());
    // All that was synced before is put together from pieces; nothing else has to lie there first.
    if (!body_->pieces.empty()) ATOLL_TRY(or_ended(write_new()));
    auto done = store_.put_together(name_, *body_);
    is_ended_ = true;
    if (!done) return done;
    unregister();
    // The last first: what is left of a broken-off removal is a beginning, which the finished blob hides.
    for (auto at = body_->pieces.rbegin(); at != body_->pieces.rend(); ++at)
      ATOLL_TRY(store_.remove_piece(name_, at->offset));
    return {};
  }

 private:
  friend class S3BlobStore;
  [[nodiscard]] std::uint64_t piece_bytes() const { return store_.options_.piece_bytes; }
  [[nodiscard]] Result<void> refuse_ended() const {
    if (!is_ended_) return {};
    return fail(ErrorKind::io, "blob.writer_ended",
                "'" + name_ + "' cannot be written on: it is finished, or a write of it failed before");
  }
  Result<void> or_ended(Result<void> result) {
    if (!result) is_ended_ = true;
    return result;
  }
  void register_again() {
    const std::lock_guard lock(store_.mutex_);
    store_.open_[name_] = body_;
  }
  void unregister() {
    const std::lock_guard lock(store_.mutex_);
    const auto found = store_.open_.find(name_);
    if (found != store_.open_.end() && found->second == body_) store_.open_.erase(found);
  }

  // As one piece with those before it that are not larger than all behind them: so there are never more of them than
  // the logarithm of what is in memory.
  Result<void> write_new() {
    std::uint64_t from = 0;
    std::vector<Piece> replaced;
    {
      const std::lock_guard lock(body_->mutex);
      if (body_->synced >= body_->position()) return {};
      from = body_->synced;
      while (!body_->pieces.empty() && body_->pieces.back().offset >= body_->tail_offset &&
             body_->pieces.back().size <= body_->position() - from) {
        from = body_->pieces.back().offset;
        replaced.push_back(body_->pieces.back());
        body_->pieces.pop_back();
      }
    }
    return write_piece(from, replaced);
  }

  Result<void> write_full_piece() {
    std::vector<Piece> replaced;
    std::uint64_t from = 0;
    {
      const std::lock_guard lock(body_->mutex);
      from = body_->tail_offset;
      while (!body_->pieces.empty() && body_->pieces.back().offset >= from) {
        replaced.push_back(body_->pieces.back());
        body_->pieces.pop_back();
      }
    }
    ATOLL_TRY(write_piece(from, replaced));
    const std::lock_guard lock(body_->mutex);
    body_->tail_offset = body_->position();
    body_->tail.clear();
    return {};
  }

  // The bytes in memory from `from` on; then the pieces that they replace go, but the one whose name they took.
  Result<void> write_piece(std::uint64_t from, const std::vector<Piece>& replaced) {
    ByteView bytes = ByteView(body_->tail).subspan(static_cast<std::size_t>(from - body_->tail_offset));
    ATOLL_TRY(store_.put_piece(name_, from, bytes));
    {
      const std::lock_guard lock(body_->mutex);
      body_->pieces.push_back({from, bytes.size()});
      body_->synced = from + bytes.size();
    }
    for (const Piece& piece : replaced) {
      if (piece.offset != from) ATOLL_TRY(store_.remove_piece(name_, piece.offset));
    }
    return {};
  }

  S3BlobStore& store_;
  std::string name_;
  std::shared_ptr<Body> body_;
  bool is_ended_ = false;
};

std::unique_ptr<BlobWriter> S3BlobStore::writer(std::string_view name, std::shared_ptr<Body> body) {
  const std::lock_guard lock(mutex_);
  if (const auto known = listed_.find(name); known != listed_.end()) listed_.erase(known);
  open_[std::string(name)] = body;
  return std::make_unique<S3BlobWriter>(*this, std::string(name), std::move(body));
}

std::unique_ptr<BlobStore> make_s3_blob_store(std::shared_ptr<S3Client> client, std::string root,
                                              S3BlobStoreOptions options) {
  return std::make_unique<S3BlobStore>(std::move(client), std::move(root), std::move(options));
}

}  // namespace atl::blob
