// Every reader but the archives': lines, mail, documents. And the list of them.
#include "services/transfer/readers.h"

#include <algorithm>
#include <array>
#include <clocale>
#include <memory>

#include "services/transfer/mail.h"
#include "services/transfer/metadata_lines.h"

namespace atl::transfer {
namespace {

constexpr std::size_t kInputBytes = 256 * kKiB;
constexpr std::size_t kDocumentBytesMax = 32 * kMiB;

Result<void> send(sandbox::Channel& channel, FrameType type, ByteView payload) {
  return channel.send(static_cast<std::uint8_t>(type), payload);
}

Result<void> send_problem(sandbox::Channel& channel, const std::string& path, const std::string& words) {
  std::string text = path;
  text.push_back('\0');
  text += words;
  return send(channel, FrameType::problem, as_bytes(text));
}

// The input as one stream.
class Stream {
 public:
  explicit Stream(sandbox::Channel& channel) : channel_(&channel), buffer_(kInputBytes) {}
  // Empty at the end.
  Result<ByteView> next(std::size_t most = kInputBytes) {
    if (begin_ == end_) {
      begin_ = 0;
      ATOLL_ASSIGN(end_, channel_->read(position_, buffer_.span()));
      position_ += end_;
    }
    const std::size_t count = std::min(most, end_ - begin_);
    const ByteView piece = buffer_.view().subspan(begin_, count);
    begin_ += count;
    return piece;
  }
  // False at the end; a part of `out` only is a truncated stream.
  Result<bool> fill(ByteSpan out) {
    bool is_begun = false;
    while (!out.empty()) {
      ATOLL_ASSIGN(const ByteView piece, next(out.size()));
      if (piece.empty()) {
        if (!is_begun) return false;
        return fail(ErrorKind::damaged, "import.truncated", "it ends in the middle");
      }
      std::copy(piece.begin(), piece.end(), out.begin());
      out = out.subspan(piece.size());
      is_begun = true;
    }
    return true;
  }

 private:
  sandbox::Channel* channel_;
  Buffer buffer_;
  std::size_t begin_ = 0, end_ = 0;
  std::uint64_t position_ = 0;
};

MailSplitter::Sink sink_to(sandbox::Channel& channel) {
  return {[&channel](const ForeignEntry& entry) { return send(channel, FrameType::entry, encode(entry)); },
          [&channel](ByteView bytes, bool is_aside) {
            return send(channel, is_aside ? FrameType::data_aside : FrameType::data, bytes);
          },
          [&channel] { return send(channel, FrameType::end, {}); },
          [&channel](const std::string& words) { return send_problem(channel, "", words); }};
}

// Calls `piece` with what one document is made of; returns whether it was whole. None at the end of the stream.
Result<std::optional<bool>> one_document(Stream& stream, const std::function<Result<void>(ByteView)>& piece) {
  for (bool is_first = true;; is_first = false) {
    std::array<std::uint8_t, 4> length{};
    ATOLL_ASSIGN(const bool is_there, stream.fill(length));
    if (!is_there) {
      if (is_first) return std::nullopt;
      return fail(ErrorKind::damaged, "import.truncated", "it ends in the middle");
    }
    auto left = load_le<std::uint32_t>(length.data());
    if (left == 0) return true;
    if (left == kPieceAborted) return false;
    while (left > 0) {
      ATOLL_ASSIGN(const ByteView bytes, stream.next(left));
      if (bytes.empty()) return fail(ErrorKind::damaged, "import.truncated", "it ends in the middle");
      ATOLL_TRY(piece(bytes));
      left -= static_cast<std::uint32_t>(bytes.size());
    }
  }
}

// Documents small enough to be held whole; a larger one is said to be none.
Result<void> each_document(sandbox::Channel& channel, const std::function<Result<void>(const std::string&)>& take) {
  Stream stream(channel);
  for (;;) {
    std::string text;
    bool is_too_large = false;
    ATOLL_ASSIGN(const auto is_whole, one_document(stream, [&](ByteView bytes) -> Result<void> {
                   is_too_large = is_too_large || text.size() + bytes.size() > kDocumentBytesMax;
                   if (!is_too_large) text.append(as_text(bytes));
                   return {};
                 }));
    if (!is_whole) return {};
    if (!*is_whole || is_too_large) {
      ATOLL_TRY(send_problem(channel, "", "it is too large or could not be read to its end"));
      continue;
    }
    ATOLL_TRY(take(text));
  }
}

Result<void> mbox_with(sandbox::Channel& channel, const CharacterSets& sets) {
  MailSplitter splitter(sets, sink_to(channel), true);
  Stream stream(channel);
  for (;;) {
    ATOLL_ASSIGN(const ByteView piece, stream.next());
    if (piece.empty()) return splitter.finish();
    ATOLL_TRY(splitter.take(piece));
  }
}

Result<void> messages_with(sandbox::Channel& channel, const CharacterSets& sets) {
  Stream stream(channel);
  for (;;) {
    bool has_begun = false;
    auto sink = sink_to(channel);
    sink.begin = [&](const ForeignEntry& entry) {
      has_begun = true;
      return send(channel, FrameType::entry, encode(entry));
    };
    MailSplitter splitter(sets, std::move(sink), false);
    ATOLL_ASSIGN(const auto is_whole, one_document(stream, [&](ByteView bytes) { return splitter.take(bytes); }));
    if (!is_whole) return {};
    if (*is_whole) ATOLL_TRY(splitter.finish());
    // One answer for each: an empty message, and one that broke off, are none.
    if (!*is_whole || !has_begun) ATOLL_TRY(send(channel, FrameType::abandoned, as_bytes("it is empty or broke off")));
  }
}

}  // namespace

Result<void> read_metadata_lines(sandbox::Channel& channel) {
  Stream stream(channel);
  std::string line;
  std::uint64_t number = 0;
  bool is_too_long = false;
  const auto take = [&]() -> Result<void> {
    ++number;
    if (line.empty() && !is_too_long) return {};
    auto entry = is_too_long ? Result<ForeignEntry>(fail(ErrorKind::limit, "", "it is too long")) : parse_line(line);
    line.clear();
    is_too_long = false;
    if (!entry)
      return send_problem(channel, std::string(kMetadataFile) + ", line " + std::to_string(number),
                          entry.error().message);
    return send(channel, FrameType::record, encode(*entry));
  };
  for (;;) {
    ATOLL_ASSIGN(const ByteView piece, stream.next());
    if (piece.empty()) return take();
    std::string_view text = as_text(piece);
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      const std::string_view part = text.substr(0, end);
      is_too_long = is_too_long || line.size() + part.size() > kLineBytesMax;
      if (!is_too_long) line.append(part);
      text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
      if (end != std::string_view::npos) ATOLL_TRY(take());
    }
  }
}

Result<void> read_mbox(sandbox::Channel& channel) { return mbox_with(channel, CharacterSets()); }
Result<void> read_messages(sandbox::Channel& channel) { return messages_with(channel, CharacterSets()); }

Result<void> read_takeout_documents(sandbox::Channel& channel) {
  return each_document(channel, [&](const std::string& text) -> Result<void> {
    auto entry = parse_takeout(text);
    if (!entry) return send_problem(channel, "", entry.error().message);
    return send(channel, FrameType::record, encode(*entry));
  });
}

Result<void> read_restic_snapshots(sandbox::Channel& channel) {
  return each_document(channel, [&](const std::string& text) -> Result<void> {
    ATOLL_ASSIGN(const auto snapshots, parse_restic_snapshots(text));
    for (const ForeignEntry& snapshot : snapshots) ATOLL_TRY(send(channel, FrameType::record, encode(snapshot)));
    return {};
  });
}

int run_worker(std::string_view name) {
  sandbox::Worker worker;
  // Names in archives are UTF-8 or plain bytes; the C locale would lose them.
  worker.prepare = [] { ignore_error_on_purpose(Result<bool>(std::setlocale(LC_CTYPE, "C.UTF-8") != nullptr)); };
  const auto sets = std::make_shared<CharacterSets>();
  if (name == "archive") {
    worker.body = read_archive;
  } else if (name == "lines") {
    worker.body = read_metadata_lines;
  } else if (name == "mbox" || name == "messages") {
    worker.prepare = [sets] { sets->open_all(); };
    worker.body = [sets, is_mbox = name == "mbox"](sandbox::Channel& channel) {
      return is_mbox ? mbox_with(channel, *sets) : messages_with(channel, *sets);
    };
  } else if (name == "takeout") {
    worker.body = read_takeout_documents;
  } else if (name == "restic-snapshots") {
    worker.body = read_restic_snapshots;
  } else {
    return 2;
  }
  return sandbox::work(worker);
}

}  // namespace atl::transfer
