// How the home is, for commands: from the observer of the server that runs the command, else from one look of our own.
// Always true: a look of our own judges without memory of earlier ones, and knows nothing of requests.
#pragma once

#include <memory>

#include "edge/cli/session.h"
#include "services/observe/observer.h"

namespace atl::cli {

// Whether a look of our own asks drives for what takes a while (smartctl), and opens the accounts for limits that were
// set.
enum class Looks : std::uint8_t { quickly, closely };
[[nodiscard]] Result<std::shared_ptr<const observe::Health>> health_of(Session& session, vault::Vault& vault,
                                                                       Looks looks);
// The same where no vault is open: opens one only where there is no server to ask, and lets it go.
[[nodiscard]] Result<std::shared_ptr<const observe::Health>> health_of(Session& session, Looks looks);
[[nodiscard]] observe::Observer* served_observer(const Session& session);  // null: nobody watches
// Those at warning or worse of this vault and of the home. Without what `findings` says already.
[[nodiscard]] std::vector<observe::Alarm> points_beside(const observe::Health& health,
                                                        const vault::VaultStatus& status);
// "! words  advice"
void print_point(Session& session, const observe::Alarm& alarm);
[[nodiscard]] std::string json_text(const observe::Alarm& alarm);

}  // namespace atl::cli
