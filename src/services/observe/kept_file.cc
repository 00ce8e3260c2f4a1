#include "services/observe/kept_file.h"

#include <algorithm>

#include "foundation/base/units.h"
#include "foundation/codec/seal.h"

namespace atl::observe {
namespace {

constexpr std::size_t kBytesMax = 4 * kMiB;
constexpr std::size_t kMagicBytes = 8;
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kHeaderBytes = kMagicBytes + 4 + kSaltBytes;  // with the format
constexpr std::uint32_t kFormat = 1;

codec::SecretKey key_of(const vault::Vault& control, const std::string& name, ByteView salt) {
  return codec::derive_key(control.keys().derived_key("health"), salt, "atoll " + name);
}

}  // namespace

std::string health_folder(const vault::Vault& control) { return platform::join(control.folder(), "indexes/health"); }

Result<void> KeptFile::write(std::string_view text) {
  Bytes file(kHeaderBytes + text.size() + codec::kTagBytes);
  std::ranges::copy(as_bytes(magic_), file.begin());
  store_le<std::uint32_t>(file.data() + kMagicBytes, kFormat);
  // A new key with every write: nonce 0 seals once under each.
  const ByteSpan salt = ByteSpan(file).subspan(kMagicBytes + 4, kSaltBytes);
  machine_.random.fill(salt);
  codec::Sealer sealer(control_.head().suite, key_of(control_, name_, salt));
  const Bytes head(file.begin(), file.begin() + kHeaderBytes);
  sealer.seal(codec::counter_nonce(0), head, as_bytes(text), ByteSpan(file).subspan(kHeaderBytes));
  ATOLL_TRY(platform::create_directories(machine_.files, health_folder(control_)));
  return platform::replace_whole(machine_.files, platform::join(health_folder(control_), name_), file);
}

Result<std::optional<std::string>> KeptFile::read() const {
  const std::string path = platform::join(health_folder(control_), name_);
  ATOLL_ASSIGN(const auto there, machine_.files.stat(path));
  if (!there) return std::nullopt;
  ATOLL_ASSIGN(const Bytes file, platform::read_whole(machine_.files, path, kBytesMax));
  const auto damaged = [this] {
    return fail(ErrorKind::damaged, name_ + ".damaged", "what was kept of them cannot be read");
  };
  if (file.size() < kHeaderBytes + codec::kTagBytes || !as_text(file).starts_with(magic_) ||
      load_le<std::uint32_t>(file.data() + kMagicBytes) != kFormat)
    return damaged();
  const ByteView head = ByteView(file).first(kHeaderBytes);
  codec::Sealer sealer(control_.head().suite, key_of(control_, name_, head.subspan(kMagicBytes + 4)));
  Bytes text(file.size() - kHeaderBytes - codec::kTagBytes);
  if (!sealer.open(codec::counter_nonce(0), head, ByteView(file).subspan(kHeaderBytes), text)) return damaged();
  return to_string(text);
}

}  // namespace atl::observe
