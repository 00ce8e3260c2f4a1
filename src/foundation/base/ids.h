// Strong identifier types.
// Always true: ids of different things do not convert into each other; an all-zero id means "none".
// UUIDv7: RFC 9562 section 5.7 (48 bits of milliseconds, then random bits), so ids made later sort later.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "foundation/base/bytes.h"
#include "foundation/base/error.h"

namespace atl {

template <class Tag>
struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  [[nodiscard]] ByteView view() const { return bytes; }
  [[nodiscard]] bool is_none() const { return *this == Uuid{}; }
  // 8-4-4-4-12 lower-case hexadecimal.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] static Result<Uuid> from_view(ByteView view);
  [[nodiscard]] static Result<Uuid> parse(std::string_view text);
  // `random` supplies 10 bytes of which 74 bits are used.
  [[nodiscard]] static Uuid v7(std::uint64_t unix_ms, std::span<const std::uint8_t, 10> random);
  friend auto operator<=>(const Uuid&, const Uuid&) = default;
};

namespace detail {
std::string uuid_text(const std::array<std::uint8_t, 16>& bytes);
Result<std::array<std::uint8_t, 16>> uuid_parse(std::string_view text);
std::array<std::uint8_t, 16> uuid_v7(std::uint64_t unix_ms, std::span<const std::uint8_t, 10> random);
}  // namespace detail

template <class Tag>
std::string Uuid<Tag>::text() const {
  return detail::uuid_text(bytes);
}
template <class Tag>
Result<Uuid<Tag>> Uuid<Tag>::from_view(ByteView view) {
  if (view.size() != 16)
    return fail(ErrorKind::damaged, "id.length", "an id has 16 bytes, this one " + std::to_string(view.size()));
  Uuid id;
  std::copy(view.begin(), view.end(), id.bytes.begin());
  return id;
}
template <class Tag>
Result<Uuid<Tag>> Uuid<Tag>::parse(std::string_view text) {
  ATOLL_ASSIGN(const auto bytes, detail::uuid_parse(text));
  return Uuid{bytes};
}
template <class Tag>
Uuid<Tag> Uuid<Tag>::v7(std::uint64_t unix_ms, std::span<const std::uint8_t, 10> random) {
  return Uuid{detail::uuid_v7(unix_ms, random)};
}

using VaultId = Uuid<struct VaultTag>;
using HistoryId = Uuid<struct HistoryTag>;  // a line of history; changes when a vault is restored from a copy
using BucketId = Uuid<struct BucketTag>;
using ObjectId = Uuid<struct ObjectTag>;
using VersionId = Uuid<struct VersionTag>;
using PackId = Uuid<struct PackTag>;
using OperationId = Uuid<struct OperationTag>;  // one user-visible action, possibly many commands

// BLAKE3-256, keyed by a domain's id key, of a chunk's plaintext.
struct ChunkId {
  std::array<std::uint8_t, 32> bytes{};
  [[nodiscard]] ByteView view() const { return bytes; }
  friend auto operator<=>(const ChunkId&, const ChunkId&) = default;
};

// Position in a vault's journal: dense, one per command, never reused, 0 = before the first command.
struct Lsn {
  std::uint64_t value = 0;
  [[nodiscard]] Lsn next() const { return {value + 1}; }
  friend auto operator<=>(const Lsn&, const Lsn&) = default;
};

// Number of a key domain within a vault; 1 is the vault's default, 0 means none.
struct DomainNumber {
  std::uint32_t value = 0;
  friend auto operator<=>(const DomainNumber&, const DomainNumber&) = default;
};
inline constexpr DomainNumber kDefaultDomain{1};

}  // namespace atl

template <class Tag>
struct std::hash<atl::Uuid<Tag>> {
  std::size_t operator()(const atl::Uuid<Tag>& id) const noexcept {
    return std::hash<std::uint64_t>{}(atl::load_le<std::uint64_t>(id.bytes.data() + 8) ^
                                      atl::load_le<std::uint64_t>(id.bytes.data()));
  }
};
template <>
struct std::hash<atl::ChunkId> {  // keyed digests are uniform already
  std::size_t operator()(const atl::ChunkId& id) const noexcept { return atl::load_le<std::uint64_t>(id.bytes.data()); }
};
