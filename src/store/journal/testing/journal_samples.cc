#include "store/journal/testing/journal_samples.h"

#include "foundation/codec/hash.h"
#include "foundation/platform/testing/test_machine.h"

namespace atl::journal {

VaultId sample_vault(std::uint8_t number) {
  VaultId vault;
  vault.bytes.fill(number);
  return vault;
}

SampleKeys::SampleKeys(VaultId vault, codec::SealSuite suite)
    : vault_(vault), suite_(suite), alive_(std::make_shared<std::set<DomainNumber>>()) {
  for (std::uint32_t number = 1; number <= 3; ++number) alive_->insert({number});
}

JournalKeys SampleKeys::keys() const {
  JournalKeys keys;
  keys.vault = vault_;
  keys.suite = suite_;
  keys.journal_key = codec::SecretKey(codec::blake3(vault_.view()));
  keys.payload_key = [vault = vault_, alive = alive_](DomainNumber domain) -> std::optional<codec::SecretKey> {
    if (!alive->contains(domain)) return std::nullopt;
    Bytes name = to_bytes(vault.view());
    name.push_back(static_cast<std::uint8_t>(domain.value));
    return codec::SecretKey(codec::blake3(name));
  };
  return keys;
}

void SampleKeys::destroy(DomainNumber domain) { alive_->erase(domain); }

Command sample_command(Lsn lsn, std::uint64_t seed, const SampleShape& shape) {
  platform::SeededRandom random(seed * 1'000'003 + lsn.value);
  Command command;
  Envelope& envelope = command.envelope;
  envelope.lsn = lsn;
  envelope.commit_time.unix_us = 1'700'000'000'000'000 + static_cast<std::int64_t>(lsn.value * 10);
  envelope.wall_time.unix_us = envelope.commit_time.unix_us - static_cast<std::int64_t>(random.below(50));
  envelope.kind = static_cast<CommandKind>(1 + random.below(20));
  envelope.actor = "ada";
  if (random.one_in(2)) envelope.origin = "cli";
  if (random.one_in(3)) envelope.request_id = "request " + std::to_string(seed);
  if (random.one_in(4)) envelope.idempotency_key = "key " + std::to_string(lsn.value);
  if (random.one_in(2)) random.fill(envelope.operation.bytes);
  const std::size_t payloads = random.below(shape.payloads_max + 1);
  for (std::size_t i = 0; i < payloads; ++i) {
    Payload payload;
    payload.domain.value = static_cast<std::uint32_t>(1 + i % 3);
    const std::size_t size = random.below(shape.payload_bytes_max + 1);
    payload.plain = random.one_in(2) ? random.bytes(size) : Bytes(size, static_cast<std::uint8_t>(lsn.value));
    command.payloads.push_back(std::move(payload));
  }
  return command;
}

std::vector<Command> sample_group(Lsn first, std::size_t count, std::uint64_t seed, const SampleShape& shape) {
  std::vector<Command> group;
  for (std::size_t i = 0; i < count; ++i) group.push_back(sample_command({first.value + i}, seed, shape));
  return group;
}

bool same_command(const Command& appended, const Command& read) {
  Envelope expected = appended.envelope;
  expected.payload_digests = read.envelope.payload_digests;
  return expected == read.envelope && appended.payloads == read.payloads &&
         read.envelope.payload_digests.size() == read.payloads.size();
}

Result<std::vector<Command>> read_all(const Journal& journal, Lsn from, Lsn to) {
  std::vector<Command> commands;
  const auto collect = [&](const Command& command) -> Result<bool> {
    commands.push_back(command);
    return true;
  };
  ATOLL_TRY(journal.read(from, to, collect));
  return commands;
}

}  // namespace atl::journal
