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
//     Atoll-Variables: as Atoll-Arguments, each word NAME=VALUE: what verbs read of the environment here. Sent to the
//                                server of a home on this machine alone, through the socket that only its owner can
//                                open, and believed only there
//     POST /api/v1/commands/ID/answers    the answers, whichever are ready; an empty body says that there are none yet
//     204
//
// Always true: the last frame is 'x' or 'q'; what ends without one was broken off. Words were merged with file and
// environment here; the server adds nothing. What opens vaults is not sent: the server has its own.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "edge/cli/session.h"
#include "edge/remote/file_server.h"

namespace atl::cli {

inline constexpr std::string_view kCommandPath = "/api/v1/commands";
// How S3 stores are reached, as Amazon's own tools name it.
inline constexpr std::array<std::string_view, 10> kCallersVariables = {
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE",     "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_REGION",        "AWS_DEFAULT_REGION",    "AWS_ENDPOINT_URL",  "AWS_CONFIG_FILE", "AWS_ENDPOINT_URL_S3",
};
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

// The variables that travel, those of them that are set; "" where none is. The other way what is none of them is left
// out.
[[nodiscard]] std::string encode_variables(const Environment& environment);
[[nodiscard]] std::map<std::string, std::string> decode_variables(std::string_view text);

// Runs the verb on the server that has this home, or that ATOLL_URL names. None: there is no server to ask, or the verb
// works here in any case.
// `files`: what of this machine the words name.
[[nodiscard]] Result<std::optional<int>> run_on_server(Session& session, const std::string& verb,
                                                       const std::vector<std::string>& words,
                                                       const std::vector<remote::NamedPath>& files);

}  // namespace atl::cli
