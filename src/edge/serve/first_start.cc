#include "edge/serve/first_start.h"

#include <array>

#include "foundation/platform/file_system.h"

namespace atl::serve {
namespace {

using platform::join;

constexpr unsigned kCertificateDays = 825;
constexpr std::int64_t kMonthUs = 30LL * 86'400 * 1'000'000;
constexpr std::uint64_t kPemBytesMax = 1024 * 1024;
constexpr std::string_view kKeyBegins = "-----BEGIN PRIVATE KEY-----";

// 20 letters and digits that are not mistaken for each other: about 98 bits.
std::string new_password(platform::Random& random) {
  constexpr std::string_view kLetters = "abcdefghjkmnpqrstuvwxyz23456789";
  std::string out;
  while (out.size() < 20) {
    std::uint8_t byte = 0;
    random.fill({&byte, 1});
    if (byte < kLetters.size() * 8) out += kLetters[byte % kLetters.size()];
  }
  return out;
}

}  // namespace

Result<std::optional<FirstCredentials>> make_first_account(server::Host& host, const VaultId& vault,
                                                           const std::string& key_id, const std::string& secret) {
  access::Access& access = host.access();
  const auto view = access.view();
  for (const auto& row : view->rows().principals)
    if (row.kind == catalog::PrincipalKind::person) return std::nullopt;
  const auto by = access::Who::local_owner("server");
  FirstCredentials made;
  made.user = "admin";
  made.password = new_password(host.machine().random);
  access::NewPrincipal fresh;
  fresh.name = made.user;
  fresh.display_name = "First account";
  fresh.password = made.password;
  ATOLL_TRY(access.add_principal(by, fresh));
  catalog::GrantRow grant;
  grant.role = "owner";
  ATOLL_TRY(access.add_grant(by, made.user, grant));
  ATOLL_ASSIGN(const auto token, access.create_token(by, made.user, "first start", {}, {}));
  made.token = token.text;
  ATOLL_ASSIGN(const auto key, access.create_s3_key(by, made.user, vault, "first start", key_id, secret));
  made.access_key_id = key.access_key_id;
  made.secret_access_key = key.secret;
  return made;
}

Result<net::TlsIdentity> own_identity(const platform::Machine& machine, const std::string& folder,
                                      const std::vector<std::string>& names) {
  const std::string path = join(folder, "server.pem");
  if (const auto there = platform::read_whole(machine.files, path, kPemBytesMax); there) {
    const std::string text = to_string(*there);
    const std::size_t key = text.find(kKeyBegins);
    if (key != std::string::npos) {
      net::TlsIdentity identity{text.substr(0, key), text.substr(key)};
      const auto facts = net::certificate_facts(identity.certificate_chain_pem);
      if (facts && net::check_identity(identity) && facts->not_after.unix_us > machine.clock.now().unix_us + kMonthUs)
        return identity;
    }
  }
  ATOLL_ASSIGN(auto identity, net::make_self_signed(machine, names, kCertificateDays));
  ATOLL_TRY(platform::create_directories(machine.files, folder));
  ATOLL_TRY(platform::replace_whole(machine.files, path,
                                    as_bytes(identity.certificate_chain_pem + identity.private_key_pem)));
  return identity;
}

}  // namespace atl::serve
