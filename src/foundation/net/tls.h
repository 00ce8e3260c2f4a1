// Certificates and keys of TLS servers.
// Always true: private keys stay in memory as PEM text and are never part of an error message.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "foundation/base/bytes.h"
#include "foundation/base/error.h"
#include "foundation/base/time.h"
#include "foundation/platform/machine.h"

namespace atl::net {

// Who a server is: a certificate with those that signed it, leaf first, and its private key, both PEM.
struct TlsIdentity {
  std::string certificate_chain_pem;
  std::string private_key_pem;
};

struct CertificateFacts {
  std::vector<std::string> names;  // host names and addresses that it is good for
  Timestamp not_before;
  Timestamp not_after;
  std::array<std::uint8_t, 32> sha256{};  // of the certificate as DER: its fingerprint
};

// Both files, checked: "tls.no_certificate" (not_found), "tls.bad_certificate", "tls.bad_key",
// "tls.key_does_not_match" (usage).
[[nodiscard]] Result<TlsIdentity> read_identity(platform::FileSystem& files, const std::string& certificate_chain_path,
                                                const std::string& private_key_path);
// That both can be read and belong together. Errors as above.
[[nodiscard]] Result<void> check_identity(const TlsIdentity& identity);

// A certificate that signs itself, for host names and IP addresses: ECDSA P-256, valid for `days` from an hour before
// `machine`'s time (clocks differ). Clients do not trust it until they are told its fingerprint.
[[nodiscard]] Result<TlsIdentity> make_self_signed(const platform::Machine& machine,
                                                   const std::vector<std::string>& names, unsigned days);

// Of the first certificate in the text; "tls.bad_certificate" (usage).
[[nodiscard]] Result<CertificateFacts> certificate_facts(const std::string& certificate_chain_pem);

}  // namespace atl::net
