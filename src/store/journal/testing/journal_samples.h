// Keys, commands and comparisons for tests of the journal and of what stands on it.
// Always true: the same seed gives the same commands; a command's content tells its LSN and seed.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "store/journal/journal.h"

namespace atl::journal {

[[nodiscard]] VaultId sample_vault(std::uint8_t number = 1);

// Keys derived from `vault`; domains 1..3 exist, less what was destroyed since (shared by clones).
class SampleKeys {
 public:
  explicit SampleKeys(VaultId vault = sample_vault(), codec::SealSuite suite = codec::SealSuite::aes256gcm);
  [[nodiscard]] JournalKeys keys() const;
  void destroy(DomainNumber domain);

 private:
  VaultId vault_;
  codec::SealSuite suite_;
  std::shared_ptr<std::set<DomainNumber>> alive_;
};

struct SampleShape {
  std::size_t payload_bytes_max = 300;
  std::size_t payloads_max = 2;
};
[[nodiscard]] Command sample_command(Lsn lsn, std::uint64_t seed, const SampleShape& shape = {});
[[nodiscard]] std::vector<Command> sample_group(Lsn first, std::size_t count, std::uint64_t seed,
                                                const SampleShape& shape = {});

// Same envelope (digests apart, which the journal fills in) and same payloads.
[[nodiscard]] bool same_command(const Command& appended, const Command& read);

// Everything [from, to] that can be read, or the error.
[[nodiscard]] Result<std::vector<Command>> read_all(const Journal& journal, Lsn from = {1}, Lsn to = {UINT64_MAX});

}  // namespace atl::journal
