#include "edge/remote/file_call.h"

#include "foundation/codec/fields.h"

namespace atl::remote {
namespace {

using codec::FieldReader;
using codec::FieldWriter;
using platform::Extent;
using platform::NodeInfo;

constexpr std::string_view kWhat = "a message about files";
constexpr std::size_t kPieceBytes = 36;

// -- parts that several messages have ---------------------------------------------------------------------------------

Bytes encoded_error(const Error& error) {
  Bytes out;
  FieldWriter to(out);
  to.put_unsigned(1, static_cast<std::uint64_t>(error.kind));
  to.put_text(2, error.id);
  to.put_text(3, error.message);
  to.put_text(4, error.hint);
  to.put_signed(5, error.os_error);
  return out;
}
Result<Error> decoded_error(ByteView encoded) {
  Error error;
  error.kind = ErrorKind{};  // the kind 0 is not written
  FieldReader from(encoded, kWhat);
  while (from.next()) {
    switch (from.field()) {
      case 1: {
        const std::uint64_t kind = from.as_unsigned();
        error.kind =
            kind <= static_cast<std::uint64_t>(ErrorKind::failed) ? static_cast<ErrorKind>(kind) : ErrorKind::failed;
        break;
      }
      case 2: error.id = from.as_string(); break;
      case 3: error.message = from.as_string(); break;
      case 4: error.hint = from.as_string(); break;
      case 5: error.os_error = static_cast<int>(from.as_signed()); break;
      default: break;
    }
  }
  ATOLL_TRY(from.status());
  if (error.id.empty()) error.id = "remote.failed";
  return error;
}

Bytes encoded_info(const NodeInfo& info) {
  Bytes out;
  FieldWriter to(out);
  to.put_unsigned(1, static_cast<std::uint64_t>(info.kind));
  to.put_unsigned(2, info.mode);
  to.put_unsigned(3, info.uid);
  to.put_unsigned(4, info.gid);
  to.put_unsigned(5, info.size);
  to.put_unsigned(6, info.allocated_bytes);
  to.put_signed(7, info.modified.seconds);
  to.put_unsigned(8, info.modified.nanoseconds);
  to.put_signed(9, info.changed.seconds);
  to.put_unsigned(10, info.changed.nanoseconds);
  to.put_unsigned(11, info.device);
  to.put_unsigned(12, info.inode);
  to.put_unsigned(13, info.link_count);
  to.put_unsigned(14, info.device_number);
  return out;
}
Result<NodeInfo> decoded_info(ByteView encoded) {
  NodeInfo info;
  std::uint64_t kind = 0;
  info.link_count = 0;
  FieldReader from(encoded, kWhat);
  const auto small = [&] { return static_cast<std::uint32_t>(from.as_unsigned()); };
  while (from.next()) {
    switch (from.field()) {
      case 1: kind = from.as_unsigned(); break;
      case 2: info.mode = small() & 07777U; break;
      case 3: info.uid = small(); break;
      case 4: info.gid = small(); break;
      case 5: info.size = from.as_unsigned(); break;
      case 6: info.allocated_bytes = from.as_unsigned(); break;
      case 7: info.modified.seconds = from.as_signed(); break;
      case 8: info.modified.nanoseconds = small(); break;
      case 9: info.changed.seconds = from.as_signed(); break;
      case 10: info.changed.nanoseconds = small(); break;
      case 11: info.device = from.as_unsigned(); break;
      case 12: info.inode = from.as_unsigned(); break;
      case 13: info.link_count = from.as_unsigned(); break;
      case 14: info.device_number = from.as_unsigned(); break;
      default: break;
    }
  }
  ATOLL_TRY(from.status());
  if (kind < static_cast<std::uint64_t>(platform::NodeKind::file) ||
      kind > static_cast<std::uint64_t>(platform::NodeKind::block_device) ||
      info.modified.nanoseconds >= 1'000'000'000 || info.changed.nanoseconds >= 1'000'000'000) {
    return fail(ErrorKind::damaged, "remote.malformed", "the facts of a file are none");
  }
  info.kind = static_cast<platform::NodeKind>(kind);
  return info;
}

void put_attributes(FieldWriter& to, std::uint32_t field, const platform::ExtendedAttributes& attributes) {
  for (const auto& [name, value] : attributes) {
    Bytes one;
    FieldWriter inner(one);
    inner.put_text(1, name);
    inner.put_bytes(2, value);
    to.put_bytes_always(field, one);
  }
}
Result<void> take_attribute(ByteView encoded, platform::ExtendedAttributes& attributes) {
  std::pair<std::string, Bytes> one;
  FieldReader from(encoded, kWhat);
  while (from.next()) {
    if (from.field() == 1) one.first = from.as_string();
    if (from.field() == 2) one.second = to_bytes(from.as_view());
  }
  ATOLL_TRY(from.status());
  attributes.push_back(std::move(one));
  return {};
}

void put_place(FieldWriter& to, std::uint32_t root_field, std::uint32_t part_field, const Place& place) {
  to.put_text(root_field, place.root);
  for (const std::string& part : place.parts) to.put_bytes_always(part_field, as_bytes(part));
}

// Offset and length of each, as pairs of fixed width: there may be thousands.
void put_extents(FieldWriter& to, std::uint32_t field, const std::vector<Extent>& extents) {
  if (extents.empty()) return;
  Bytes packed;
  ByteWriter out(packed);
  for (const Extent& extent : extents) {
    out.put<std::uint64_t>(extent.offset);
    out.put<std::uint64_t>(extent.length);
  }
  to.put_bytes(field, packed);
}
Result<std::vector<Extent>> extents_of(ByteView packed) {
  std::vector<Extent> extents;
  const auto malformed = [] {
    return fail(ErrorKind::damaged, "remote.malformed", "the parts of a file that hold data are not in order");
  };
  if (packed.size() % 16 != 0 || packed.size() / 16 > platform::kExtentsMax) return malformed();
  std::uint64_t end = 0;
  for (std::size_t at = 0; at < packed.size(); at += 16) {
    const Extent extent{load_le<std::uint64_t>(packed.data() + at), load_le<std::uint64_t>(packed.data() + at + 8)};
    if (extent.length == 0 || extent.offset < end || extent.offset + extent.length < extent.offset) return malformed();
    end = extent.offset + extent.length;
    extents.push_back(extent);
  }
  return extents;
}

// -- facts and listings -----------------------------------------------------------------------------------------------

Bytes encoded_facts(const FileFacts& facts) {
  Bytes out;
  FieldWriter to(out);
  if (facts.error) {
    to.put_bytes_always(1, encoded_error(*facts.error));
    return out;
  }
  to.put_bytes_always(2, encoded_info(facts.info));
  to.put_bytes_always(3, encoded_info(facts.after));
  if (facts.attributes_error) to.put_bytes_always(4, encoded_error(*facts.attributes_error));
  put_attributes(to, 5, facts.attributes);
  put_extents(to, 6, facts.extents);
  Bytes packed;
  ByteWriter pieces(packed);
  for (const Piece& piece : facts.pieces) {
    pieces.put_bytes(piece.id.view());
    pieces.put<std::uint32_t>(piece.length);
  }
  to.put_bytes(7, packed);
  return out;
}
Result<FileFacts> decoded_facts(ByteView encoded) {
  FileFacts facts;
  bool has_info = false;
  FieldReader from(encoded, kWhat);
  while (from.next()) {
    switch (from.field()) {
      case 1: {
        ATOLL_ASSIGN(facts.error, decoded_error(from.as_view()));
        break;
      }
      case 2: {
        ATOLL_ASSIGN(facts.info, decoded_info(from.as_view()));
        has_info = true;
        break;
      }
      case 3: {
        ATOLL_ASSIGN(facts.after, decoded_info(from.as_view()));
        break;
      }
      case 4: {
        ATOLL_ASSIGN(facts.attributes_error, decoded_error(from.as_view()));
        break;
      }
      case 5: ATOLL_TRY(take_attribute(from.as_view(), facts.attributes)); break;
      case 6: {
        ATOLL_ASSIGN(facts.extents, extents_of(from.as_view()));
        break;
      }
      case 7: {
        const ByteView packed = from.as_view();
        if (packed.size() % kPieceBytes != 0)
          return fail(ErrorKind::damaged, "remote.malformed", "a list of chunks is none");
        for (std::size_t at = 0; at < packed.size(); at += kPieceBytes) {
          Piece piece;
          std::copy_n(packed.data() + at, 32, piece.id.bytes.begin());
          piece.length = load_le<std::uint32_t>(packed.data() + at + 32);
          if (piece.length == 0 || piece.length > kContentBytesMax)
            return fail(ErrorKind::damaged, "remote.malformed", "a chunk has a length that no chunk has");
          facts.pieces.push_back(piece);
        }
        break;
      }
      default: break;
    }
  }
  ATOLL_TRY(from.status());
  if (!facts.error && !has_info) return fail(ErrorKind::damaged, "remote.malformed", "a file comes without facts");
  return facts;
}

Bytes encoded_listing(const Listing& listing) {
  Bytes out;
  FieldWriter to(out);
  for (const std::string& part : listing.parts) to.put_bytes_always(1, as_bytes(part));
  if (listing.error) to.put_bytes_always(2, encoded_error(*listing.error));
  for (const ListedNode& node : listing.nodes) {
    Bytes one;
    FieldWriter inner(one);
    inner.put_text(1, node.name);
    if (node.error) {
      inner.put_bytes_always(3, encoded_error(*node.error));
    } else {
      inner.put_bytes_always(2, encoded_info(node.info));
    }
    to.put_bytes_always(3, one);
  }
  return out;
}
Result<ListedNode> decoded_node(ByteView encoded) {
  ListedNode node;
  bool has_info = false;
  FieldReader from(encoded, kWhat);
  while (from.next()) {
    if (from.field() == 1) node.name = from.as_string();
    if (from.field() == 2) {
      ATOLL_ASSIGN(node.info, decoded_info(from.as_view()));
      has_info = true;
    }
    if (from.field() == 3) {
      ATOLL_ASSIGN(node.error, decoded_error(from.as_view()));
    }
  }
  ATOLL_TRY(from.status());
  if (!has_info && !node.error) return fail(ErrorKind::damaged, "remote.malformed", "a name comes without facts");
  // These become keys, and names of what is asked for next.
  if (node.name.empty() || node.name == "." || node.name == ".." ||
      node.name.find_first_of(std::string_view("/\0", 2)) != std::string::npos) {
    return fail(ErrorKind::damaged, "remote.malformed", "a folder lists a name that no file can have");
  }
  return node;
}
Result<Listing> decoded_listing(ByteView encoded) {
  Listing listing;
  FieldReader from(encoded, kWhat);
  while (from.next()) {
    if (from.field() == 1) listing.parts.push_back(from.as_string());
    if (from.field() == 2) {
      ATOLL_ASSIGN(listing.error, decoded_error(from.as_view()));
    }
    if (from.field() == 3) {
      ATOLL_ASSIGN(auto node, decoded_node(from.as_view()));
      listing.nodes.push_back(std::move(node));
    }
  }
  ATOLL_TRY(from.status());
  return listing;
}

Result<Range> decoded_range(ByteView encoded) {
  Range range;
  FieldReader from(encoded, kWhat);
  while (from.next()) {
    if (from.field() == 1) range.name = from.as_string();
    if (from.field() == 2) range.offset = from.as_unsigned();
    if (from.field() == 3) range.length = from.as_unsigned();
  }
  ATOLL_TRY(from.status());
  return range;
}

}  // namespace

Bytes encode(const Call& call) {
  Bytes out;
  FieldWriter to(out);
  to.put_unsigned(1, static_cast<std::uint64_t>(call.kind));
  put_place(to, 2, 3, call.place);
  for (const std::string& name : call.names) to.put_bytes_always(4, as_bytes(name));
  to.put_text(5, call.text);
  put_place(to, 6, 7, call.other);
  if (call.info != NodeInfo{}) to.put_bytes_always(8, encoded_info(call.info));
  put_attributes(to, 9, call.attributes);
  to.put_unsigned(10, call.file);
  to.put_unsigned(11, call.steps);
  to.put_unsigned(12, call.offset);
  to.put_unsigned(13, call.size);
  to.put_bytes(14, call.bytes);
  put_extents(to, 15, call.extents);
  for (const Range& range : call.ranges) {
    Bytes one;
    FieldWriter inner(one);
    inner.put_text(1, range.name);
    inner.put_unsigned(2, range.offset);
    inner.put_unsigned(3, range.length);
    to.put_bytes_always(16, one);
  }
  return out;
}

Result<Call> decode_call(ByteView encoded) {
  Call call;
  FieldReader from(encoded, kWhat);
  while (from.next()) {
    switch (from.field()) {
      case 1: call.kind = static_cast<CallKind>(from.as_unsigned()); break;
      case 2: call.place.root = from.as_string(); break;
      case 3: call.place.parts.push_back(from.as_string()); break;
      case 4: call.names.push_back(from.as_string()); break;
      case 5: call.text = from.as_string(); break;
      case 6: call.other.root = from.as_string(); break;
      case 7: call.other.parts.push_back(from.as_string()); break;
      case 8: {
        ATOLL_ASSIGN(call.info, decoded_info(from.as_view()));
        break;
      }
      case 9: ATOLL_TRY(take_attribute(from.as_view(), call.attributes)); break;
      case 10: call.file = from.as_unsigned(); break;
      case 11: call.steps = static_cast<std::uint32_t>(from.as_unsigned()); break;
      case 12: call.offset = from.as_unsigned(); break;
      case 13: call.size = from.as_unsigned(); break;
      case 14: call.bytes = to_bytes(from.as_view()); break;
      case 15: {
        ATOLL_ASSIGN(call.extents, extents_of(from.as_view()));
        break;
      }
      case 16: {
        ATOLL_ASSIGN(auto range, decoded_range(from.as_view()));
        call.ranges.push_back(std::move(range));
        break;
      }
      default: break;
    }
  }
  ATOLL_TRY(from.status());
  return call;
}

Bytes encode(const Answer& answer) {
  Bytes out;
  FieldWriter to(out);
  if (answer.error) {
    to.put_bytes_always(1, encoded_error(*answer.error));
    return out;
  }
  if (answer.info) to.put_bytes_always(2, encoded_info(*answer.info));
  put_attributes(to, 3, answer.attributes);
  to.put_unsigned(4, answer.number);
  to.put_text(5, answer.text);
  for (const std::string& word : answer.words) to.put_bytes_always(6, as_bytes(word));
  to.put_bytes(7, answer.bytes);
  for (const Listing& listing : answer.listings) to.put_bytes_always(8, encoded_listing(listing));
  for (const FileFacts& facts : answer.files) to.put_bytes_always(9, encoded_facts(facts));
  return out;
}

Result<Answer> decode_answer(ByteView encoded) {
  Answer answer;
  FieldReader from(encoded, kWhat);
  while (from.next()) {
    switch (from.field()) {
      case 1: {
        ATOLL_ASSIGN(answer.error, decoded_error(from.as_view()));
        break;
      }
      case 2: {
        ATOLL_ASSIGN(answer.info, decoded_info(from.as_view()));
        break;
      }
      case 3: ATOLL_TRY(take_attribute(from.as_view(), answer.attributes)); break;
      case 4: answer.number = from.as_unsigned(); break;
      case 5: answer.text = from.as_string(); break;
      case 6: answer.words.push_back(from.as_string()); break;
      case 7: answer.bytes = to_bytes(from.as_view()); break;
      case 8: {
        ATOLL_ASSIGN(auto listing, decoded_listing(from.as_view()));
        answer.listings.push_back(std::move(listing));
        break;
      }
      case 9: {
        ATOLL_ASSIGN(auto facts, decoded_facts(from.as_view()));
        answer.files.push_back(std::move(facts));
        break;
      }
      default: break;
    }
  }
  ATOLL_TRY(from.status());
  return answer;
}

void append_answer(Bytes& to, std::uint64_t number, ByteView answer) {
  ByteWriter out(to);
  out.put<std::uint32_t>(static_cast<std::uint32_t>(answer.size()));
  out.put<std::uint64_t>(number);
  out.put_bytes(answer);
}

Result<void> for_each_answer(ByteView answers,
                             const std::function<void(std::uint64_t number, ByteView answer)>& visit) {
  ByteReader from(answers, "answers about files");
  while (from.remaining() > 0) {
    ATOLL_ASSIGN(const auto length, from.get<std::uint32_t>());
    ATOLL_ASSIGN(const auto number, from.get<std::uint64_t>());
    ATOLL_ASSIGN(const ByteView answer, from.get_bytes(length));
    visit(number, answer);
  }
  return {};
}

}  // namespace atl::remote
