// `atoll serve`: takes the home for itself, listens, answers until it is told to stop, and leaves everything tidy.
//
//     listen ─► (locked: LockedPage) ─► open the vaults ─► OpenHome answers ─► locked again, or the end
//
// Always true:
//  - It listens beyond this machine only with TLS, or where it was told that a proxy does TLS; there is no account
//    without a credential that was made for it.
//  - A home that nothing unlocks is no reason to end: it is served locked, until somebody gives the passphrase.
//  - What was answered before the end is durable; requests under way get the drain time.
#pragma once

#include <atomic>

#include "edge/cli/environment.h"
#include "edge/server/front.h"

namespace atl::serve {

// The doors that app/ puts beside those of this module, in the order in which they are asked.
using MakeDoors = std::function<std::vector<std::unique_ptr<server::Door>>(server::Host&)>;

// Returns when `environment.stop` was set and everything is closed: the exit code.
[[nodiscard]] Result<int> serve(cli::ServeRequest request, cli::Environment& environment, const MakeDoors& make_doors);

}  // namespace atl::serve
