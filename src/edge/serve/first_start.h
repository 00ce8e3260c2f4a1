// Accounts of a home that is served for the first time, and the certificate of a server that has none.
// Always true: a secret is told once and kept nowhere in clear but where its owner needs it (S3 secrets in the control
// vault, the certificate's key in the configuration folder, mode 0600).
#pragma once

#include <optional>
#include <string>

#include "edge/server/host.h"
#include "foundation/net/tls.h"

namespace atl::serve {

struct FirstCredentials {
  std::string user;
  std::string token;
  std::string password;
  std::string access_key_id, secret_access_key;
};

// None where there are accounts already. `key_id` and `secret`: an S3 key to take in place of a random one.
[[nodiscard]] Result<std::optional<FirstCredentials>> make_first_account(server::Host& host, const VaultId& vault,
                                                                         const std::string& key_id,
                                                                         const std::string& secret);
// <folder>/server.pem, made where it is missing or ends within a month.
[[nodiscard]] Result<net::TlsIdentity> own_identity(const platform::Machine& machine, const std::string& folder,
                                                    const std::vector<std::string>& names);

}  // namespace atl::serve
