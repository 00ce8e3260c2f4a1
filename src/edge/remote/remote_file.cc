// A file of another machine that is read: its chunks out of the store where they are there, else out of the file.
#include <algorithm>
#include <array>

#include "edge/remote/internal/tree_state.h"
#include "foundation/codec/hash.h"

namespace atl::remote {
namespace {

using platform::ExtendedAttributes;
using platform::Extent;
using platform::NodeInfo;
using platform::SourceFile;

constexpr std::uint64_t kCutBytes = 16ULL * 1024 * 1024;
constexpr std::uint64_t kFetchBytes = 16ULL * 1024 * 1024;

tl::unexpected<Error> changed_meanwhile() {
  return fail(ErrorKind::conflict, "source.changed", "it changed while it was read",
              "Put it again when nothing writes to it.");
}
tl::unexpected<Error> malformed() {
  return fail(ErrorKind::damaged, "remote.malformed", "what the other machine says of a file does not fit together");
}

class RemoteSourceFile final : public SourceFile {
 public:
  RemoteSourceFile(std::shared_ptr<TreeState> state, Place place, std::string name, FileFacts facts,
                   std::shared_ptr<FetchedChunks> announced)
      : state_(std::move(state)),
        chunks_(state_->chunks()),
        place_(std::move(place)),
        name_(std::move(name)),
        facts_(std::move(facts)),
        latest_(facts_.after),
        announced_(std::move(announced)) {
    for (const Extent& extent : facts_.extents) {
      begins_.push_back(total_);
      total_ += extent.length;
    }
    set_window(0, std::move(facts_.pieces));
  }

  Result<std::size_t> read_at(std::uint64_t offset, ByteSpan out) override {
    was_read_ = true;
    if (offset >= facts_.info.size) return std::size_t{0};
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), facts_.info.size - offset));
    std::size_t done = 0;
    while (done < wanted) {
      const std::uint64_t at = offset + done;
      const ByteSpan rest = out.subspan(done, wanted - done);
      // The first extent that does not end before `at`, if there is one.
      const auto extent = std::ranges::lower_bound(facts_.extents, at, {},
                                                   [](const Extent& one) { return one.offset + one.length - 1; });
      ATOLL_ASSIGN(const std::size_t count,
                   read_from(static_cast<std::size_t>(extent - facts_.extents.begin()), at, rest));
      done += count;
    }
    return done;
  }

  Result<NodeInfo> info() override { return was_read_ ? latest_ : facts_.info; }
  Result<ExtendedAttributes> attributes() override {
    if (facts_.attributes_error) return pass(*facts_.attributes_error);
    return facts_.attributes;
  }
  Result<std::vector<Extent>> data_extents(std::uint64_t size) override {
    std::vector<Extent> extents;
    for (const Extent& extent : facts_.extents) {
      if (extent.offset >= size) break;
      extents.push_back({extent.offset, std::min(extent.length, size - extent.offset)});
    }
    return extents;
  }

 private:
  // At least one byte from the extent, or from the hole before it.
  Result<std::size_t> read_from(std::size_t extent_number, std::uint64_t at, ByteSpan out) {
    const bool is_in_hole = extent_number == facts_.extents.size() || facts_.extents[extent_number].offset > at;
    if (is_in_hole) {
      const std::uint64_t end =
          extent_number == facts_.extents.size() ? facts_.info.size : facts_.extents[extent_number].offset;
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), end - at));
      std::fill_n(out.begin(), count, std::uint8_t{0});
      return count;
    }
    const Extent& extent = facts_.extents[extent_number];
    const std::uint64_t within = at - extent.offset;
    ATOLL_ASSIGN(const ByteView found, stream_at(begins_[extent_number] + within));
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>({out.size(), found.size(), extent.length - within}));
    std::copy_n(found.begin(), count, out.begin());
    return count;
  }

  // Bytes of what the extents hold, from there on: at least one.
  Result<ByteView> stream_at(std::uint64_t at) {
    if (chunks_ == nullptr) return plain_at(at);
    if (at < window_begin_ || at >= window_end()) ATOLL_TRY(load_window(at));
    if (!next_window_.is_open() && window_end() < total_) {
      // Asked for before it is needed, while the bytes of this one are on their way.
      if (auto next = state_->channel.begin(cut_call(window_end())); next) {
        next_window_ = std::move(*next);
        next_begin_ = window_end();
      }
    }
    const auto piece = static_cast<std::size_t>(std::ranges::upper_bound(ends_, at) - ends_.begin());
    if (current_ != piece) ATOLL_TRY(load_piece(piece));
    return held_.view().subspan(static_cast<std::size_t>(at - begin_of(piece)));
  }

  // Where nothing is known about chunks: as it is.
  Result<ByteView> plain_at(std::uint64_t at) {
    if (at < plain_begin_ || at >= plain_begin_ + plain_.size()) {
      Call call = call_of(CallKind::bytes, place_);
      const std::uint64_t length = std::min<std::uint64_t>(kContentBytesMax, total_ - at);
      for (const Extent& part : parts_of_stream(facts_.extents, at, length))
        call.ranges.push_back({name_, part.offset, part.length});
      ATOLL_ASSIGN(Answer answer, state_->channel.call(call));
      if (answer.bytes.size() != length || answer.files.empty()) return malformed();
      latest_ = answer.files.back().after;
      plain_ = std::move(answer.bytes);
      plain_begin_ = at;
    }
    return ByteView(plain_).subspan(static_cast<std::size_t>(at - plain_begin_));
  }

  [[nodiscard]] std::uint64_t window_end() const { return ends_.empty() ? window_begin_ : ends_.back(); }
  [[nodiscard]] std::uint64_t begin_of(std::size_t piece) const {
    return piece == 0 ? window_begin_ : ends_[piece - 1];
  }
  void set_window(std::uint64_t begin, std::vector<Piece> pieces) {
    window_begin_ = begin;
    pieces_ = std::move(pieces);
    ends_.clear();
    for (const Piece& piece : pieces_) ends_.push_back(begin += piece.length);
    current_ = SIZE_MAX;
  }
  [[nodiscard]] Call cut_call(std::uint64_t begin) const {
    Call call = call_of(CallKind::cut, place_, name_);
    call.offset = begin;
    call.size = kCutBytes;
    call.extents = parts_of_stream(facts_.extents, begin, total_ - begin);
    return call;
  }

  Result<void> load_window(std::uint64_t begin) {
    const bool was_asked = next_window_.is_open() && next_begin_ == begin;
    auto answer = was_asked ? next_window_.wait() : state_->channel.call(cut_call(begin));
    if (!answer) return pass(std::move(answer).error());
    if (answer->files.size() != 1 || answer->files.front().error || answer->files.front().pieces.empty())
      return malformed();
    latest_ = answer->files.front().after;
    set_window(begin, std::move(answer->files.front().pieces));
    if (window_end() > total_) return malformed();
    return {};
  }

  Result<void> load_piece(std::size_t number) {
    current_ = SIZE_MAX;
    const Piece& piece = pieces_[number];
    if (!load_fetched(piece)) {
      ATOLL_ASSIGN(const bool is_known, load_known(piece));
      if (!is_known) {
        ATOLL_TRY(fetch_from(number));
        if (!load_fetched(piece)) return changed_meanwhile();
      }
    }
    current_ = number;
    return {};
  }

  bool load_fetched(const Piece& piece) {
    const std::array<const FetchedChunks*, 2> places = {&own_, announced_.get()};
    for (const FetchedChunks* fetched : places) {
      if (fetched == nullptr) continue;
      const auto found = fetched->chunks.find(piece.id);
      if (found == fetched->chunks.end() || found->second.size() != piece.length) continue;
      held_.clear();
      held_.append(found->second);
      return true;
    }
    return false;
  }

  // False where the store cannot give it, whatever the reason: the file can.
  Result<bool> load_known(const Piece& piece) {
    chunk::ChunkStore& store = chunks_->vault->chunks();
    const auto is_there = store.contains(piece.id);
    if (!is_there || !*is_there) return false;
    if (!store.read(piece.id, chunks_->domain, held_)) return false;
    // What is handed on gets this id again when it is stored; a chunk that became another one must not be stored.
    return held_.size() == piece.length && codec::blake3_keyed(chunks_->id_key, held_.view()) == piece.id.bytes;
  }

  // This piece and those behind it that the store lacks.
  Result<void> fetch_from(std::size_t number) {
    std::vector<WantedChunk> wanted;
    std::set<ChunkId> seen;
    std::uint64_t bytes = 0;
    for (std::size_t i = number; i < pieces_.size() && bytes < kFetchBytes; ++i) {
      const Piece& piece = pieces_[i];
      if (i > number) {
        const auto is_there = chunks_->vault->chunks().contains(piece.id);
        if (is_there && *is_there) continue;
      }
      if (!seen.insert(piece.id).second) continue;
      wanted.push_back({name_, parts_of_stream(facts_.extents, begin_of(i), piece.length), piece});
      bytes += piece.length;
    }
    own_ = {};
    own_.lease = state_->single.take(bytes);
    std::map<std::string, NodeInfo> after;
    ATOLL_TRY(fetch_chunks(*state_, place_, *chunks_, wanted, own_, after));
    if (const auto mine = after.find(name_); mine != after.end()) latest_ = mine->second;
    return {};
  }

  std::shared_ptr<TreeState> state_;
  std::shared_ptr<const KnownChunks> chunks_;
  Place place_;
  std::string name_;
  FileFacts facts_;
  NodeInfo latest_;
  bool was_read_ = false;
  std::vector<std::uint64_t> begins_;  // of each extent, in what all extents hold
  std::uint64_t total_ = 0;            // of all extents

  std::uint64_t window_begin_ = 0;
  std::vector<Piece> pieces_;
  std::vector<std::uint64_t> ends_;
  CallChannel::Pending next_window_;
  std::uint64_t next_begin_ = 0;

  std::size_t current_ = SIZE_MAX;  // the piece that held_ holds
  Buffer held_;
  std::shared_ptr<FetchedChunks> announced_;
  FetchedChunks own_;

  Bytes plain_;
  std::uint64_t plain_begin_ = 0;
};

}  // namespace

std::vector<Extent> parts_of_stream(const std::vector<Extent>& extents, std::uint64_t begin, std::uint64_t length) {
  std::vector<Extent> parts;
  std::uint64_t at = 0;
  for (const Extent& extent : extents) {
    if (length == 0) break;
    if (begin < at + extent.length) {
      const std::uint64_t within = begin - at;
      const std::uint64_t count = std::min(length, extent.length - within);
      parts.push_back({extent.offset + within, count});
      begin += count;
      length -= count;
    }
    at += extent.length;
  }
  return parts;
}

Result<void> fetch_chunks(TreeState& state, const Place& place, const KnownChunks& chunks,
                          const std::vector<WantedChunk>& wanted, FetchedChunks& fetched,
                          std::map<std::string, NodeInfo>& after) {
  struct Part {
    std::size_t first = 0, end = 0;
    std::uint64_t bytes = 0;
    CallChannel::Pending pending;
  };
  std::vector<Part> parts;
  Result<void> outcome;
  for (std::size_t at = 0; at < wanted.size() && outcome;) {
    Part part;
    part.first = at;
    Call call = call_of(CallKind::bytes, place);
    while (at < wanted.size() && (part.bytes == 0 || part.bytes + wanted[at].piece.length <= kContentBytesMax)) {
      for (const Extent& one : wanted[at].parts) call.ranges.push_back({wanted[at].name, one.offset, one.length});
      part.bytes += wanted[at++].piece.length;
    }
    part.end = at;
    auto begun = state.channel.begin(call);
    if (!begun) {
      outcome = pass(std::move(begun).error());
      break;
    }
    part.pending = std::move(*begun);
    parts.push_back(std::move(part));
  }
  for (Part& part : parts) {
    auto answer = part.pending.wait();
    if (!answer) {
      if (outcome) outcome = pass(std::move(answer).error());
      continue;
    }
    if (answer->bytes.size() != part.bytes) return malformed();
    std::size_t from = 0;
    std::size_t file = 0;
    for (std::size_t i = part.first; i < part.end; ++i) {
      if (i > part.first && wanted[i].name != wanted[i - 1].name) ++file;
      if (file >= answer->files.size()) return malformed();
      after[wanted[i].name] = answer->files[file].after;
      const ByteView bytes = ByteView(answer->bytes).subspan(from, wanted[i].piece.length);
      from += bytes.size();
      // Not what was cut: the file is another one by now. Whoever needs it finds nothing, and says so.
      if (codec::blake3_keyed(chunks.id_key, bytes) != wanted[i].piece.id.bytes) continue;
      fetched.chunks.emplace(wanted[i].piece.id, to_bytes(bytes));
    }
  }
  return outcome;
}

Result<std::unique_ptr<SourceFile>> make_remote_file(std::shared_ptr<TreeState> state, Place place, std::string name,
                                                     FileFacts facts, std::shared_ptr<FetchedChunks> fetched) {
  if (facts.error) return pass(std::move(*facts.error));
  std::uint64_t total = 0;
  for (const Extent& extent : facts.extents) total += extent.length;
  std::uint64_t cut = 0;
  for (const Piece& piece : facts.pieces) cut += piece.length;
  const bool fits =
      facts.extents.empty() || facts.extents.back().offset + facts.extents.back().length <= facts.info.size;
  if (facts.info.kind != platform::NodeKind::file || !fits || cut > total) return malformed();
  return std::make_unique<RemoteSourceFile>(std::move(state), std::move(place), std::move(name), std::move(facts),
                                            std::move(fetched));
}

}  // namespace atl::remote
