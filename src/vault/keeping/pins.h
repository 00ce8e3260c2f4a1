// Readers in other processes, as clean-up sees them: a locked file for each, with the LSN it may still look at.
//
// Always true:
//  - While its Pin lives, no pack that was in use at `lsn` is removed.
//  - A pin says 0 (everything) until its reader knows the state it sees.
//  - The lock dies with the process; a file whose lock is free is swept by whoever looks next.
// Files: <vault>/staging/pins/<id>.pin, 8 bytes LSN, little-endian. Thread rules: a Pin is one thread's.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "foundation/base/ids.h"
#include "foundation/platform/machine.h"

namespace atl::vault {

class Pin {
 public:
  // Best effort: null where nothing can be written there (a read-only medium, on which nobody removes packs either).
  [[nodiscard]] static std::unique_ptr<Pin> hold(const platform::Machine& machine, const std::string& vault_folder);
  Pin(const Pin&) = delete;
  Pin& operator=(const Pin&) = delete;
  Pin(Pin&&) = delete;
  Pin& operator=(Pin&&) = delete;
  ~Pin();  // removes the file
  // From now on only what was in use at `lsn` or later is needed.
  void set(Lsn lsn);

 private:
  Pin(platform::FileSystem& files, std::string path, std::unique_ptr<platform::FileLock> lock);
  platform::FileSystem& files_;
  std::string path_;
  std::unique_ptr<platform::FileLock> lock_;
};

// The oldest LSN that a living reader may look at; none where there is no reader. Sweeps what dead ones left.
[[nodiscard]] Result<std::optional<Lsn>> oldest_pin(platform::FileSystem& files, const std::string& vault_folder);

}  // namespace atl::vault
