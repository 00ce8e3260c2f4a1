#include "vault/keeping/pins.h"

#include <algorithm>

namespace atl::vault {
namespace {

using platform::join;

constexpr int kTries = 8;
constexpr std::size_t kPinBytes = 8;

std::string folder_of(const std::string& vault_folder) { return join(vault_folder, "staging/pins"); }

}  // namespace

Pin::Pin(platform::FileSystem& files, std::string path, std::unique_ptr<platform::FileLock> lock)
    : files_(files), path_(std::move(path)), lock_(std::move(lock)) {}

std::unique_ptr<Pin> Pin::hold(const platform::Machine& machine, const std::string& vault_folder) {
  platform::FileSystem& files = machine.files;
  const std::string folder = folder_of(vault_folder);
  const auto there = files.stat(folder);
  if (!there) return nullptr;
  if (!*there) {
    // Its durability does not matter: after a crash no reader lives.
    if (!files.create_directory(join(vault_folder, "staging")) || !files.create_directory(folder)) return nullptr;
  }
  for (int i = 0; i < kTries; ++i) {
    const std::string path = join(folder, platform::new_id<OperationId>(machine).text() + ".pin");
    auto lock = files.lock(path, platform::LockMode::exclusive);
    if (!lock) {
      if (lock.error().kind == ErrorKind::locked) continue;
      return nullptr;
    }
    // A sweeper may have taken the file for a dead one's between its making and its locking: then it is gone now.
    const auto info = files.stat(path);
    if (!info || !*info) continue;
    return std::unique_ptr<Pin>(new Pin(files, path, std::move(*lock)));
  }
  return nullptr;
}

Pin::~Pin() { ignore_error_on_purpose(files_.remove_file(path_)); }

void Pin::set(Lsn lsn) {
  Bytes bytes;
  ByteWriter(bytes).put<std::uint64_t>(lsn.value);
  const auto file = files_.open(path_, platform::OpenMode::read_write);
  // An empty pin holds everything: what cannot be written costs room, not data.
  if (file) ignore_error_on_purpose((*file)->write_at(0, bytes));
}

Result<std::optional<Lsn>> oldest_pin(platform::FileSystem& files, const std::string& vault_folder) {
  const std::string folder = folder_of(vault_folder);
  ATOLL_ASSIGN(const auto there, files.stat(folder));
  if (!there) return std::nullopt;
  ATOLL_ASSIGN(const auto entries, files.list(folder));
  std::optional<Lsn> oldest;
  for (const auto& entry : entries) {
    if (!entry.name.ends_with(".pin")) continue;
    const std::string path = join(folder, entry.name);
    auto lock = files.lock(path, platform::LockMode::exclusive);
    if (lock) {
      ATOLL_TRY(files.remove_file(path));
      continue;
    }
    if (lock.error().kind != ErrorKind::locked) return pass(std::move(lock).error());
    Lsn lsn;
    const auto bytes = platform::read_whole(files, path, kPinBytes);
    if (bytes && bytes->size() == kPinBytes) lsn.value = load_le<std::uint64_t>(bytes->data());
    oldest = oldest ? std::min(*oldest, lsn) : lsn;
  }
  return oldest;
}

}  // namespace atl::vault
