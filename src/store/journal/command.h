// A command as the journal keeps it: an envelope (who, when, what kind) and one payload per key domain it touches.
//
// Always true:
//  - What was encoded is kept byte for byte: archives, merges and re-logging copy an envelope's bytes, so fields of a
//    newer program and the chain over envelopes survive every rewrite.
//  - A payload may be gone (erased, truncated, or its domain destroyed) while its length and keyed digest stay in the
//    envelope.
//  - Kinds are open: a number this program does not know is read and handed on.
// Declared with numbers in spec/formats/journal.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "foundation/base/bytes.h"
#include "foundation/base/ids.h"
#include "foundation/base/time.h"
#include "foundation/codec/hash.h"

namespace atl::journal {

// Stored: never renumber. Readers accept any number.
enum class CommandKind : std::uint32_t {
  put_objects = 1,
  remove_objects = 2,
  create_bucket = 3,
  note = 4,
  checkpoint = 5,
  key_change = 6,
  pack_change = 7,
  policy_change = 8,
  restore_objects = 9,
  tag_objects = 10,
  job_change = 11,
  remove_bucket = 12,
  erase_objects = 13,
  put_records = 14,
  remove_records = 15,
  rewind = 16,
  expire_versions = 17,
  snapshot_change = 18,
  copy_change = 19,
  schedule_change = 20,
  describe_versions = 21,
  upload_change = 40,
  access_change = 60,
  audit = 61,
};
// "put_objects"; "kind 4711" for a number this program does not know.
[[nodiscard]] std::string name_of(CommandKind kind);

enum class AckLevel : std::uint8_t { memory = 1, synced = 2 };  // stored

// What the envelope keeps about a payload, for good.
struct PayloadDigest {
  DomainNumber domain;
  std::uint64_t length = 0;  // of the plain payload
  codec::Digest digest{};    // BLAKE3 keyed by a key of that domain
  friend bool operator==(const PayloadDigest&, const PayloadDigest&) = default;
};

struct Envelope {
  Lsn lsn;
  Timestamp commit_time;  // never before that of an earlier command
  Timestamp wall_time;    // what the clock said; may jump
  CommandKind kind = CommandKind::note;
  std::string actor;   // who
  std::string origin;  // from where: "cli", an address
  std::string request_id;
  std::string idempotency_key;
  AckLevel ack = AckLevel::synced;
  OperationId operation;                       // none: not part of a larger action
  std::vector<PayloadDigest> payload_digests;  // filled by Journal::append(); one per payload, same order
  Bytes unknown;                               // encoded fields of a newer program
  friend bool operator==(const Envelope&, const Envelope&) = default;
};

struct Payload {
  DomainNumber domain;
  std::optional<Bytes> plain;  // none: erased, truncated, or the domain's key is gone
  friend bool operator==(const Payload&, const Payload&) = default;
};

struct Command {
  Envelope envelope;
  std::vector<Payload> payloads;
};

// Limits of one command; append() refuses more with `limit`.
inline constexpr std::size_t kPayloadsPerCommandMax = 1024;
inline constexpr std::size_t kPayloadBytesPerCommandMax = 16 * 1024 * 1024;
inline constexpr std::size_t kEnvelopeBytesMax = 256 * 1024;

[[nodiscard]] Bytes encode_envelope(const Envelope& envelope);
[[nodiscard]] Result<Envelope> decode_envelope(ByteView encoded);

}  // namespace atl::journal
