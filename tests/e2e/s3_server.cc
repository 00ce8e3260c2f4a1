// A server of S3 over a home, for the clients' tests: makes home, vault and key where they are missing, prints its
// address, and serves until it is told to end.
//   s3_server HOME ADDRESS:PORT      (ACCESS_KEY and SECRET_KEY in the environment; the home's passphrase is "test")
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "edge/s3/service.h"
#include "foundation/net/http_server.h"
#include "foundation/platform/posix_machine.h"
#include "vault/access/control.h"
#include "vault/home.h"

namespace {

int complain(const atl::Error& error) {
  std::fprintf(stderr, "%s: %s\n", error.id.c_str(), error.message.c_str());
  return 1;
}

int run(const char* folder, const char* address) {
  using namespace atl;  // NOLINT(google-build-using-namespace)
  platform::PosixMachine real;
  const platform::Machine machine = real.machine();
  auto home = vault::Home::open(machine, folder);
  if (!home) home = vault::Home::create(machine, folder);
  if (!home) return complain(home.error());
  vault::UnlockSecrets secrets;
  secrets.given.emplace_back();
  secrets.given.back().passphrase = "test";
  vault::CreateVaultOptions create;
  create.passphrase_cost = {1024, 1};
  auto id = (*home)->find_vault("", secrets);
  if (!id) {
    keyring::Unlocking slot;
    slot.passphrase = "test";
    id = (*home)->create_vault(create, secrets, std::optional<keyring::Unlocking>(std::move(slot)));
  }
  if (!id) return complain(id.error());
  vault::VaultOptions options;
  auto vault = (*home)->open_vault(*id, secrets, options);
  if (!vault) return complain(vault.error());
  auto control = access::open_control(**home, secrets, options);
  if (!control) return complain(control.error());
  auto access = access::Access::open(control->get(), machine, {});
  if (!access) return complain(access.error());
  const access::Who owner = access::Who::local_owner();
  const char* key = std::getenv("ACCESS_KEY");
  const char* secret = std::getenv("SECRET_KEY");
  if (key != nullptr && secret != nullptr && !(*access)->s3_key(key)) {
    access::NewPrincipal person;
    person.name = "tester";
    ignore_error_on_purpose((*access)->add_principal(owner, person));
    catalog::GrantRow grant;
    grant.role = "owner";
    ignore_error_on_purpose((*access)->add_grant(owner, "tester", grant));
    const auto made = (*access)->create_s3_key(owner, "tester", *id, "test", key, secret);
    if (!made) return complain(made.error());
  }
  s3::ServiceContext context;
  context.machine = &machine;
  context.access = access->get();
  context.root_domain = "s3.localhost";
  context.open_vault = [&](const VaultId&, const vault::Caller& caller) -> Result<std::shared_ptr<vault::Vault>> {
    return std::shared_ptr<vault::Vault>((*vault)->acting_for(caller));
  };
  context.on_request = [](const s3::RequestRecord& record) {
    if (record.error != nullptr) {
      std::fprintf(stderr, "%s %u %s: %s\n", std::string(record.operation).c_str(), record.status,
                   record.error->id.c_str(), record.error->message.c_str());
    }
  };
  const s3::Service service(context);
  std::atomic<std::uint64_t> requests = 0;
  const auto endpoint = net::parse_endpoint(address);
  if (!endpoint) return complain(endpoint.error());
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  auto server = net::HttpServer::start(machine, {*endpoint}, nullptr, {}, [&](net::Request& request) {
    return service.handle(request, std::to_string(++requests));
  });
  if (!server) return complain(server.error());
  std::printf("%s\n", net::format((*server)->endpoints().front()).c_str());
  std::fflush(stdout);
  int number = 0;
  sigwait(&signals, &number);
  (*server)->stop();
  access->reset();
  const auto closed = (*vault)->close();
  const auto control_closed = (*control)->close();
  if (!closed) return complain(closed.error());
  return control_closed ? 0 : complain(control_closed.error());
}

}  // namespace

int main(int count, char** words) {
  if (count != 3) {
    std::fputs("s3_server HOME ADDRESS:PORT\n", stderr);
    return 2;
  }
  return run(words[1], words[2]);
}
