#include "edge/cli/served_command.h"

#include "foundation/json/json.h"

namespace atl::cli {
namespace {

constexpr std::size_t kHeadBytes = 5;

}  // namespace

void append_frame(std::string& to, FrameKind kind, std::string_view bytes) {
  to += static_cast<char>(kind);
  const auto length = static_cast<std::uint32_t>(bytes.size());
  for (unsigned i = 0; i < 4; ++i) to += static_cast<char>((length >> (8 * i)) & 0xFFU);
  to += bytes;
}

Result<void> FrameReader::add(ByteView bytes, const Visit& visit) {
  held_ += as_text(bytes);
  std::size_t at = 0;
  while (held_.size() - at >= kHeadBytes) {
    const auto kind = static_cast<FrameKind>(held_[at]);
    std::uint32_t length = 0;
    for (unsigned i = 0; i < 4; ++i)
      length |= static_cast<std::uint32_t>(static_cast<unsigned char>(held_[at + 1 + i])) << (8 * i);
    const bool is_known = kind == FrameKind::out || kind == FrameKind::error || kind == FrameKind::question ||
                          kind == FrameKind::exit;
    if (!is_known || length > kFrameBytesMax)
      return fail(ErrorKind::damaged, "frames.malformed", "the server's answer is not what a command prints");
    if (held_.size() - at - kHeadBytes < length) break;
    ATOLL_TRY(visit(kind, std::string_view(held_).substr(at + kHeadBytes, length)));
    at += kHeadBytes + length;
  }
  held_.erase(0, at);
  return {};
}

std::string encode_words(const std::vector<std::string>& words) {
  // Base64 of each word: names on disks are bytes, JSON's texts are not.
  json::Value list = json::Value::array();
  for (const std::string& word : words) list.push(to_base64(as_bytes(word)));
  return to_base64(as_bytes(list.text()));
}

Result<std::vector<std::string>> decode_words(std::string_view text) {
  const auto malformed = [] {
    return fail(ErrorKind::usage, "command.malformed", "the words of the command cannot be read");
  };
  const auto decoded = from_base64(text);
  if (!decoded) return malformed();
  const auto value = json::Value::parse(to_string(*decoded));
  if (!value || value->as_array() == nullptr) return malformed();
  std::vector<std::string> words;
  for (const json::Value& item : *value->as_array()) {
    if (item.as_text() == nullptr) return malformed();
    const auto word = from_base64(*item.as_text());
    if (!word) return malformed();
    words.push_back(to_string(*word));
  }
  return words;
}

Result<std::optional<int>> run_on_server(Session&, const std::string&, const std::vector<std::string>&) {
  return std::nullopt;
}

}  // namespace atl::cli
