#include "vault/access/sign_in.h"

#include <algorithm>
#include <charconv>

#include "foundation/codec/hmac_sha1.h"

namespace atl::access {
namespace {

constexpr std::string_view kHashHead = "$argon2id$v=19$m=";
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kHashBytes = 32;
constexpr std::uint32_t kMemoryKibMax = 1024 * 1024;
constexpr std::uint32_t kPassesMax = 16;
constexpr std::size_t kSecretBytes = 32;
constexpr std::uint32_t kCodeModulus = 1'000'000;
constexpr std::size_t kCodeDigits = 6;

std::string base64_bare(ByteView bytes) {
  std::string text = to_base64(bytes);
  while (text.ends_with('=')) text.pop_back();
  return text;
}

Result<Bytes> from_base64_bare(std::string_view text) {
  std::string padded(text);
  while (padded.size() % 4 != 0) padded += '=';
  return from_base64(padded);
}

bool same(ByteView a, ByteView b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned>(a[i] ^ b[i]);
  return difference == 0;
}

tl::unexpected<Error> bad_hash() {
  return fail(ErrorKind::damaged, "access.bad_password_hash", "a stored password's hash cannot be read",
              "Set a new password: atoll user passwd NAME.");
}

// "m=65536,t=3,p=1$": the number at `text`'s head, followed by `end`.
bool take_number(std::string_view& text, std::string_view end, std::uint32_t& number) {
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(at - text.data()));
  if (!text.starts_with(end)) return false;
  text.remove_prefix(end.size());
  return true;
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return text;
}

// RFC 3986: everything but unreserved letters.
std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                          c == '.' || c == '_' || c == '~';
    if (is_plain) {
      out += c;
      continue;
    }
    const auto byte = static_cast<std::uint8_t>(c);
    out += '%';
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
  }
  return out;
}

}  // namespace

Result<std::string> hash_password(platform::Random& random, std::string_view password,
                                  const codec::PassphraseCost& cost) {
  std::array<std::uint8_t, kSaltBytes> salt{};
  random.fill(salt);
  ATOLL_ASSIGN(const auto hash, codec::stretch_passphrase(password, salt, cost));
  return std::string(kHashHead) + std::to_string(cost.memory_kib) + ",t=" + std::to_string(cost.passes) + ",p=1$" +
         base64_bare(salt) + "$" + base64_bare(hash.view());
}

Result<bool> check_password(std::string_view encoded, std::string_view password) {
  if (!encoded.starts_with(kHashHead)) return bad_hash();
  encoded.remove_prefix(kHashHead.size());
  codec::PassphraseCost cost;
  std::uint32_t lanes = 0;
  if (!take_number(encoded, ",t=", cost.memory_kib) || !take_number(encoded, ",p=", cost.passes) ||
      !take_number(encoded, "$", lanes)) {
    return bad_hash();
  }
  if (cost.memory_kib < 8 || cost.memory_kib > kMemoryKibMax || cost.passes < 1 || cost.passes > kPassesMax ||
      lanes != 1) {
    return bad_hash();
  }
  const std::size_t between = encoded.find('$');
  if (between == std::string_view::npos || encoded.size() > 256) return bad_hash();
  const auto salt = from_base64_bare(encoded.substr(0, between));
  const auto hash = from_base64_bare(encoded.substr(between + 1));
  if (!salt || salt->size() != kSaltBytes || !hash || hash->size() != kHashBytes) return bad_hash();
  ATOLL_ASSIGN(
      const auto key,
      codec::stretch_passphrase(password, std::span<const std::uint8_t, kSaltBytes>(salt->data(), kSaltBytes), cost));
  return same(key.view(), *hash);
}

std::string totp_code(ByteView secret, std::uint64_t step) {
  Bytes counter;
  append_be64(counter, step);
  const auto digest = codec::hmac_sha1(secret, counter);
  // RFC 4226 5.3: the last four bits say where the 31 bits stand.
  const std::size_t at = digest.back() & 15U;
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < 4; ++i) bits = (bits << 8U) | digest.at(at + i);
  std::string text = std::to_string((bits & 0x7FFFFFFFU) % kCodeModulus);
  return std::string(kCodeDigits - text.size(), '0') + text;
}

std::optional<std::uint64_t> check_totp(ByteView secret, std::string_view code, Timestamp now,
                                        std::uint64_t last_used) {
  const std::int64_t seconds = now.unix_us / 1'000'000;
  if (seconds < 2 * kTotpStepSeconds || code.size() != kCodeDigits) return std::nullopt;
  const auto step = static_cast<std::uint64_t>(seconds / kTotpStepSeconds);
  std::optional<std::uint64_t> found;
  for (const std::uint64_t one : {step - 1, step, step + 1}) {
    if (same(as_bytes(totp_code(secret, one)), as_bytes(code)) && one > last_used) found = one;
  }
  return found;
}

std::string totp_address(std::string_view issuer, std::string_view name, std::string_view secret) {
  return "otpauth://totp/" + percent_encoded(issuer) + ":" + percent_encoded(name) +
         "?secret=" + upper(std::string(secret)) + "&issuer=" + percent_encoded(issuer);
}

NewSecret new_secret(platform::Random& random, std::string_view kind) {
  std::array<std::uint8_t, kSecretBytes> bytes{};
  random.fill(bytes);
  NewSecret secret;
  secret.text = std::string(kind) + "_" + to_base32(bytes);
  secret.digest = codec::blake3(bytes);
  codec::wipe(bytes);
  return secret;
}

std::optional<codec::Digest> digest_of_secret(std::string_view text, std::string_view kind) {
  if (!text.starts_with(kind) || text.size() < kind.size() + 2 || text[kind.size()] != '_') return std::nullopt;
  text.remove_prefix(kind.size() + 1);
  if (text.size() > 64) return std::nullopt;
  auto bytes = from_base32(text);
  if (!bytes || bytes->size() != kSecretBytes) return std::nullopt;
  const codec::Digest digest = codec::blake3(*bytes);
  codec::wipe(*bytes);
  return digest;
}

std::string new_access_key_id(platform::Random& random) {
  std::array<std::uint8_t, 10> bytes{};  // 80 bits: 16 letters
  random.fill(bytes);
  return "ATLK" + upper(to_base32(bytes));
}

std::string new_s3_secret(platform::Random& random) {
  std::array<std::uint8_t, 30> bytes{};
  random.fill(bytes);
  return to_base64(bytes);
}

}  // namespace atl::access
