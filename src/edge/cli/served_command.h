// A command that runs inside a server and prints here: where a server has the home, every other program is its client.
//
//     POST /api/v1/commands      Atoll-Arguments: base64 of a JSON list of words, each in base64; Atoll-Working-Folder:
//     base64
//                                the body is the command's standard input, where it reads one
//     200                        frames: kind (1 byte), length (4 bytes, little-endian), bytes
//                                'o' standard output, 'e' standard error, 'q' a question to be asked here, 'x' exit
//                                code
//     Atoll-Files: 1             the words name files of this machine, and the server may ask for these:
//                                'f' comes first, the id under which it is answered; 'c' a call
//                                (edge/remote/file_call.h)
//     POST /api/v1/commands/ID/answers    the answers, whichever are ready; an empty body says that there are none yet
//     204
//
// Always true: the last frame is 'x' or 'q'; what ends without one was broken off. Words were merged with file and
// environment here; the server adds nothing. Secrets are not sent: the server has its own.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "edge/cli/session.h"
#include "edge/remote/file_server.h"

namespace atl::cli {

inline constexpr std::string_view kCommandPath = "/api/v1/commands";
inline constexpr std::size_t kFrameBytesMax = 4 * 1024 * 1024;

enum class FrameKind : std::uint8_t { out = 'o', error = 'e', question = 'q', exit = 'x', files = 'f', call = 'c' };
void append_frame(std::string& to, FrameKind kind, std::string_view bytes);

// Takes bytes as they come and gives whole frames. `damaged` "frames.malformed" for an unknown kind or too large a
// frame.
class FrameReader {
 public:
  using Visit = std::function<Result<void>(FrameKind kind, std::string_view bytes)>;
  [[nodiscard]] Result<void> add(ByteView bytes, const Visit& visit);
  [[nodiscard]] bool is_between_frames() const { return held_.empty(); }

 private:
  std::string held_;
};

// The same list of words on both sides.
[[nodiscard]] std::string encode_words(const std::vector<std::string>& words);
[[nodiscard]] Result<std::vector<std::string>> decode_words(std::string_view text);

// Runs the verb on the server that has this home, or that ATOLL_URL names. None: there is no server to ask, or the verb
// works here in any case.
// `files`: what of this machine the words name.
[[nodiscard]] Result<std::optional<int>> run_on_server(Session& session, const std::string& verb,
                                                       const std::vector<std::string>& words,
                                                       const std::vector<remote::NamedPath>& files);

}  // namespace atl::cli
