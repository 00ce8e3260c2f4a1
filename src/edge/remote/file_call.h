// What a server asks of the machine from which a command came, and what that answers: the files which the command
// names lie there, and the command runs here.
//
//     call      server -> client   number (8 bytes, little-endian; 0: no answer is wanted), then a Call
//     answers   client -> server   any number of: length (4 bytes), number (8 bytes), then an Answer of that length;
//                                  number 0, of length 0: the command is to come to its end
//
// A Call and an Answer are numbered fields in the wire format of Protocol Buffers; the numbers stand in file_call.cc.
// Fields that are not known are passed over.
//
// Always true: a call names its file by where it begins (a path out of the command's own words) and by names below it,
// so it can be answered by itself and in any order; only files being written have a number that lives longer. What is
// decoded has been checked for its shape, not for its sense.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "foundation/base/bytes.h"
#include "foundation/base/ids.h"
#include "foundation/platform/host_tree.h"

namespace atl::remote {

// Stands in the first frame of a server that asks, and in the first request of a client that answers.
inline constexpr std::string_view kFilesVersion = "1";
inline constexpr std::size_t kCallBytesMax = 4 * 1024 * 1024 - 64;  // fits a frame
inline constexpr std::size_t kAnswersBytesMax = 16 * 1024 * 1024;   // of one request
inline constexpr std::uint64_t kStopNumber = 0;
// Content in one answer.
inline constexpr std::size_t kContentBytesMax = 4 * 1024 * 1024;

// Sent: numbers are never used again for something else.
enum class CallKind : std::uint8_t {
  look = 1,     // root: info, links followed
  room = 2,     // root: number, bytes that are free there
  list = 3,     // place: listings, its own first: of names behind `text`; number, 1 where there are more. With
                // steps: and those of folders below it, as many as come quickly, in the order of a walk
  look_at = 4,  // place, name: info
  own = 5,      // place: info, attributes
  node = 6,     // place, name: attributes; text: where a symbolic link leads
  open = 7,     // place, names: files; with keys each is cut, as far as `size` bytes of all of them go
  cut = 8,      // place, name, extents: files, one: the extents cut; `offset`: how much of the file lies before them
  bytes = 9,    // place, ranges: bytes of all of them, files with their facts afterwards, in the order of ranges
  remove = 10,  // place, name, info: where it is still that one
  remove_folder = 11,  // place, name: number, 1 where it was empty and is gone
  whole = 12,          // root: bytes of that file from `offset` on, at most `size`; number, its length
  keys = 13,           // bytes: id key, gear key (32 bytes each); no answer
  make_folder = 20,    // place: number, 1 where it is new; else listings, one, where it is not too long
  look_target = 21,    // place, name: info, or none
  put_file = 22,       // see PutStep
  symlink = 23,        // place, name, text
  special = 24,        // place, name, info
  hard_link = 25,      // place, name: a second name of `other`, names[1]
  rename = 26,         // place, name, text
  remove_target = 27,  // place, name
  apply = 28,          // place, name, info, attributes: words, what could not be applied
  apply_own = 29,      // place, info, attributes: words
};

// What is done with a file that is written, in this order.
enum PutStep : std::uint32_t {
  kPutCreate = 1,   // place, name; from then on `file` names it
  kPutWrite = 2,    // offset, bytes
  kPutSetSize = 4,  // size
  kPutApply = 8,    // info, attributes: words
  kPutSync = 16,
  kPutClose = 32,
};

struct Place {
  std::string root;                // as the command's words name it, made absolute
  std::vector<std::string> parts;  // folders below it
};
struct Range {
  std::string name;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

struct Call {
  CallKind kind{};
  Place place;
  std::vector<std::string> names;
  std::string text;
  Place other;
  platform::NodeInfo info;
  platform::ExtendedAttributes attributes;
  std::uint64_t file = 0;
  std::uint32_t steps = 0;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  Bytes bytes;
  std::vector<platform::Extent> extents;
  std::vector<Range> ranges;
};

struct Piece {
  ChunkId id;
  std::uint32_t length = 0;
};
struct FileFacts {
  std::optional<Error> error;  // nothing else counts then
  platform::NodeInfo info;     // when it was opened
  platform::NodeInfo after;    // when its reading had ended
  std::optional<Error> attributes_error;
  platform::ExtendedAttributes attributes;
  std::vector<platform::Extent> extents;
  // Of what the extents hold, one after the other.
  std::vector<Piece> pieces;
};

struct ListedNode {
  std::string name;
  platform::NodeInfo info;
  std::optional<Error> error;
};
struct Listing {
  std::vector<std::string> parts;  // below the place that was asked for
  std::optional<Error> error;      // its names cannot be read
  std::vector<ListedNode> nodes;
};

struct Answer {
  std::optional<Error> error;
  std::optional<platform::NodeInfo> info;
  platform::ExtendedAttributes attributes;
  std::uint64_t number = 0;
  std::string text;
  std::vector<std::string> words;
  Bytes bytes;
  std::vector<Listing> listings;
  std::vector<FileFacts> files;
};

[[nodiscard]] Bytes encode(const Call& call);
[[nodiscard]] Bytes encode(const Answer& answer);
// `damaged` where it is not what encode() makes.
[[nodiscard]] Result<Call> decode_call(ByteView encoded);
[[nodiscard]] Result<Answer> decode_answer(ByteView encoded);

void append_answer(Bytes& to, std::uint64_t number, ByteView answer);
// `damaged` where a length does not fit.
[[nodiscard]] Result<void> for_each_answer(ByteView answers,
                                           const std::function<void(std::uint64_t number, ByteView answer)>& visit);

}  // namespace atl::remote
