#include "edge/s3/door.h"

#include <algorithm>
#include <array>

#include "edge/s3/errors.h"
#include "edge/s3/internal/md5_gatherer.h"
#include "edge/s3/service.h"

namespace atl::s3 {
namespace {

bool names_a_signature(std::string_view query) {
  return query.find("X-Amz-Algorithm=") != std::string_view::npos ||
         query.find("X-Amz-Signature=") != std::string_view::npos ||
         query.find("AWSAccessKeyId=") != std::string_view::npos;
}

// First pieces of paths that are the server's own; a bucket of such a name is reached with a signature only.
constexpr std::array<std::string_view, 9> kOwnPlaces = {"api",          "dav",         "mcp",        "ui",   "s",
                                                        "openapi.json", "favicon.ico", "robots.txt", "share"};

class S3Door final : public server::Door {
 public:
  explicit S3Door(server::Host& host) : host_(&host), service_(make_context()) {}

  std::string_view name() const override { return "s3"; }
  bool signs_in_itself() const override { return true; }

  bool takes(const server::Exchange& exchange) const override {
    const net::Headers& headers = exchange.request.headers;
    const std::string_view authorization = headers.get("Authorization").value_or("");
    if (authorization.starts_with("AWS4-") || authorization.starts_with("AWS ")) return true;
    if (names_a_signature(exchange.target.query.value_or(""))) return true;
    if (headers.has("x-amz-content-sha256") || headers.has("x-amz-date")) return true;
    const std::string& domain = host_->settings().s3_domain;
    const auto authority = net::parse_authority(exchange.authority);
    if (!domain.empty() && authority && (authority->host == domain || authority->host.ends_with("." + domain))) {
      return true;
    }
    // Without a signature it is nobody's request: for what everyone may read. The server's own places are not buckets
    // then.
    const std::string_view path = exchange.target.path;
    const std::string_view first = path.substr(1, path.find('/', 1) - 1);
    return path.size() > 1 && std::ranges::find(kOwnPlaces, first) == kOwnPlaces.end();
  }

  net::Response answer(server::Exchange& exchange) override {
    auto response = service_.handle(
        exchange.request,
        {exchange.request_id, exchange.origin(), exchange.authority, exchange.path_prefix, exchange.scheme == "https"},
        [&](const RequestRecord& record) { note(exchange, record); });
    // Content may say of itself that it is a page, and links to it lead to the host at which people are signed in: its
    // scripts must not run there.
    response.headers.set("Content-Security-Policy", "sandbox");
    return response;
  }

  net::Response refuse(const server::Exchange& exchange, const Error& error) override {
    net::Response response;
    response.status = facts_of(code_of(error)).status;
    response.headers.set("Content-Type", "application/xml");
    response.body = error_document(error, exchange.target.path, exchange.request_id);
    response.trouble = error;
    return response;
  }

 private:
  ServiceContext make_context() const {
    ServiceContext context;
    context.machine = &host_->machine();
    context.access = &host_->access();
    context.root_domain = host_->settings().s3_domain;
    context.has_fast_etags = host_->settings().s3_fast_etags;
    context.md5 = std::make_shared<Md5Gatherer>(host_->machine());
    context.read_ahead = std::make_shared<vault::ReadAhead>(host_->machine().threads);
    context.open_vault = [host = host_](const VaultId& id,
                                        const vault::Caller& caller) -> Result<std::shared_ptr<vault::Vault>> {
      auto used = id.is_none() ? host->use("", caller) : host->use(id, caller);
      if (!used) return pass(used.error());
      const auto kept = std::make_shared<server::VaultUse>(std::move(*used));
      return std::shared_ptr<vault::Vault>(kept, &kept->vault());
    };
    return context;
  }

  // For figures and the log; refusals and reads also for the record of them.
  void note(server::Exchange& exchange, const RequestRecord& record) {
    exchange.who = *record.who;
    exchange.route = "s3 " + std::string(record.operation.empty() ? "?" : record.operation);
    if (record.error != nullptr) {
      const Code code = code_of(*record.error);
      const bool is_refusal = code == Code::AccessDenied || code == Code::SignatureDoesNotMatch ||
                              code == Code::InvalidAccessKeyId || code == Code::RequestTimeTooSkewed;
      if (!is_refusal) return;
      catalog::AuditRecord refused;
      refused.actor = record.who->name;
      refused.address = exchange.remote_address;
      refused.request_id = exchange.request_id;
      refused.action = access::name_of(record.action);
      refused.vault = record.vault;
      refused.bucket = record.bucket;
      refused.key = record.key;
      refused.is_allowed = false;
      refused.reason = record.error->id;
      host_->access().audit().note(std::move(refused));
      return;
    }
    if (record.is_read) {
      exchange.note_read(record.action, record.vault, record.bucket, record.key, record.bytes);
    }
  }

  server::Host* host_;
  Service service_;
};

}  // namespace

std::unique_ptr<server::Door> make_door(server::Host& host) { return std::make_unique<S3Door>(host); }

}  // namespace atl::s3
