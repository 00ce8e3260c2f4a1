// Mends by itself what turns out to be damaged while a server runs: packs that a read found bad beyond their parity,
// and packs that are gone, from whichever copy has them whole.
//
//     reads, one listing a minute ─► packs to mend ─► a copy that can be reached ─► job "repair"
//                                                 └─► alarm damaged_read: what is being done, or what to do
//
// Always true:
//  - Of a vault there is one repair at a time, and none where no copy can be reached.
//  - What was tried waits: a minute, then two, four, at most an hour. Other packs, and a copy that was away and is
//  back,
//    are tried at once.
//  - It removes nothing. The alarm ends once nothing is left to mend, whoever mended it.
// Thread rules: look() by one thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "edge/server/host.h"

namespace atl::rest {

class RepairWatch {
 public:
  static constexpr std::size_t kPacksAtOnceMax = 500;
  // `packs_at_once`: of one job, whose order is kept.
  explicit RepairWatch(std::size_t packs_at_once = kPacksAtOnceMax) : packs_at_once_(packs_at_once) {}
  // About once a second. Looks at every vault that is not in use alone, and begins what there is to begin.
  void look(server::Host& host);

 private:
  struct Watching {
    std::optional<JobId> job;      // under way
    std::set<PackId> missing;      // at the last listing
    std::set<PackId> tried_packs;  // in the last job
    std::set<std::string> tried_copies;
    bool is_told = false;  // on the alarm
    std::string told;
    unsigned rounds = 0;  // that followed one another
    std::optional<std::int64_t> listed_ns, probed_ns, not_before_ns, well_since_ns;
  };
  void look_at(server::Host& host, const server::Host::Listed& vault, Watching& watching);
  // What became of the job: true once it is over.
  [[nodiscard]] static bool is_over(server::Host& host, const std::string& vault, Watching& watching);
  static void tell(server::Host& host, const std::string& vault, Watching& watching, std::size_t packs,
                   const std::string& words, const std::string& advice);
  static void tell_well(server::Host& host, const std::string& vault, Watching& watching);
  std::size_t packs_at_once_;
  std::map<VaultId, Watching> watching_;
};

}  // namespace atl::rest
