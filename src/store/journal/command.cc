#include "store/journal/command.h"

#include <array>
#include <string_view>

#include "foundation/codec/fields.h"

namespace atl::journal {
namespace {

// Field numbers of the message Envelope. Stored: never renumber.
enum EnvelopeField : std::uint32_t {
  kLsn = 1,
  kCommitTime = 2,
  kWallTime = 3,
  kKind = 4,
  kActor = 5,
  kOrigin = 6,
  kRequestId = 7,
  kIdempotencyKey = 8,
  kAck = 9,
  kOperation = 10,
  kPayloadDigest = 11,
};
// Field numbers of the message PayloadDigest.
enum DigestField : std::uint32_t { kDomain = 1, kLength = 2, kDigest = 3 };

Result<PayloadDigest> decode_digest(ByteView encoded) {
  PayloadDigest out;
  ByteView digest;
  codec::FieldReader reader(encoded, "a payload digest of the journal");
  while (reader.next()) {
    switch (reader.field()) {
      case kDomain: {
        const std::uint64_t number = reader.as_unsigned();
        if (number > 0xFFFFFFFFU)
          return fail(ErrorKind::damaged, "journal.envelope_damaged", "a payload names a domain beyond 32 bits");
        out.domain.value = static_cast<std::uint32_t>(number);
        break;
      }
      case kLength: out.length = reader.as_unsigned(); break;
      case kDigest: digest = reader.as_view(); break;
      default: break;
    }
  }
  ATOLL_TRY(reader.status());
  if (digest.size() != out.digest.size() || out.domain.value == 0 || out.length > kPayloadBytesPerCommandMax) {
    return fail(ErrorKind::damaged, "journal.envelope_damaged",
                "a payload's entry in a journal envelope makes no sense");
  }
  std::copy(digest.begin(), digest.end(), out.digest.begin());
  return out;
}

}  // namespace

std::string name_of(CommandKind kind) {
  constexpr std::array<std::string_view, 22> names = {"",
                                                      "put_objects",
                                                      "remove_objects",
                                                      "create_bucket",
                                                      "note",
                                                      "checkpoint",
                                                      "key_change",
                                                      "pack_change",
                                                      "policy_change",
                                                      "restore_objects",
                                                      "tag_objects",
                                                      "job_change",
                                                      "remove_bucket",
                                                      "erase_objects",
                                                      "put_records",
                                                      "remove_records",
                                                      "rewind",
                                                      "expire_versions",
                                                      "snapshot_change",
                                                      "copy_change",
                                                      "schedule_change",
                                                      "describe_versions"};
  const auto number = static_cast<std::uint32_t>(kind);
  if (number > 0 && number < names.size()) return std::string(names[number]);
  if (kind == CommandKind::upload_change) return "upload_change";
  if (kind == CommandKind::access_change) return "access_change";
  if (kind == CommandKind::audit) return "audit";
  return "kind " + std::to_string(number);
}

Bytes encode_envelope(const Envelope& envelope) {
  Bytes out;
  out.reserve(96 + envelope.payload_digests.size() * 48);
  codec::FieldWriter writer(out);
  writer.put_unsigned(kLsn, envelope.lsn.value);
  writer.put_signed(kCommitTime, envelope.commit_time.unix_us);
  writer.put_signed(kWallTime, envelope.wall_time.unix_us);
  writer.put_unsigned(kKind, static_cast<std::uint32_t>(envelope.kind));
  writer.put_text(kActor, envelope.actor);
  writer.put_text(kOrigin, envelope.origin);
  writer.put_text(kRequestId, envelope.request_id);
  writer.put_text(kIdempotencyKey, envelope.idempotency_key);
  writer.put_unsigned(kAck, static_cast<std::uint32_t>(envelope.ack));
  if (!envelope.operation.is_none()) writer.put_bytes(kOperation, envelope.operation.view());
  Bytes nested;
  for (const PayloadDigest& payload : envelope.payload_digests) {
    nested.clear();
    codec::FieldWriter inner(nested);
    inner.put_unsigned(kDomain, payload.domain.value);
    inner.put_unsigned(kLength, payload.length);
    inner.put_bytes(kDigest, payload.digest);
    writer.put_bytes_always(kPayloadDigest, nested);
  }
  writer.put_raw(envelope.unknown);
  return out;
}

Result<Envelope> decode_envelope(ByteView encoded) {
  Envelope out;
  out.kind = CommandKind{};
  std::uint64_t kind = 0;
  std::uint64_t ack = 0;
  ByteView operation;
  codec::FieldReader reader(encoded, "a journal envelope");
  while (reader.next()) {
    switch (reader.field()) {
      case kLsn: out.lsn.value = reader.as_unsigned(); break;
      case kCommitTime: out.commit_time.unix_us = reader.as_signed(); break;
      case kWallTime: out.wall_time.unix_us = reader.as_signed(); break;
      case kKind: kind = reader.as_unsigned(); break;
      case kActor: out.actor = reader.as_string(); break;
      case kOrigin: out.origin = reader.as_string(); break;
      case kRequestId: out.request_id = reader.as_string(); break;
      case kIdempotencyKey: out.idempotency_key = reader.as_string(); break;
      case kAck: ack = reader.as_unsigned(); break;
      case kOperation: operation = reader.as_view(); break;
      case kPayloadDigest: {
        if (out.payload_digests.size() == kPayloadsPerCommandMax) {
          return fail(ErrorKind::damaged, "journal.envelope_damaged", "a journal envelope lists too many payloads");
        }
        ATOLL_ASSIGN(PayloadDigest payload, decode_digest(reader.as_view()));
        out.payload_digests.push_back(payload);
        break;
      }
      default: reader.keep(out.unknown); break;
    }
  }
  ATOLL_TRY(reader.status());
  if (out.lsn.value == 0 || kind > 0xFFFFFFFFU || ack > 0xFF) {
    return fail(ErrorKind::damaged, "journal.envelope_damaged", "a journal envelope holds numbers that make no sense");
  }
  out.kind = static_cast<CommandKind>(kind);
  out.ack = static_cast<AckLevel>(ack);
  if (!operation.empty()) {
    ATOLL_ASSIGN(out.operation, OperationId::from_view(operation));
  }
  return out;
}

}  // namespace atl::journal
