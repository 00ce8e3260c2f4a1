// S3 over HTTP: one function that answers requests, over open vaults.
//
// Always true:
//  - Nothing is done before the signature was checked and the right was asked for; a name that may not be seen is
//    answered as AccessDenied, whether it is there or not.
//  - An object that is being uploaded becomes visible when all of its body was read and every digest, signature and
//    checksum that came with it was verified; else nothing of it is seen.
//  - Bodies are streamed both ways: memory does not grow with the size of an object.
//  - Every answer carries x-amz-request-id, which is also on the command in the journal.
// Thread rules: handle() from any thread at once.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "edge/s3/signature.h"
#include "foundation/net/http_message.h"
#include "foundation/platform/machine.h"
#include "vault/access/access.h"
#include "vault/object/read_ahead.h"
#include "vault/vault.h"

namespace atl::s3 {

// What was asked and how it ended, for logs, audit and figures.
struct RequestRecord {
  std::string_view operation;  // "GetObject"; "" where it was not understood
  const access::Who* who = nullptr;
  VaultId vault;
  std::string_view bucket;
  std::string_view key;
  access::Action action = access::Action::read;
  bool is_read = false;     // of content or names, and it was answered
  std::uint64_t bytes = 0;  // of content that is sent
  unsigned status = 200;
  const Error* error = nullptr;  // null: none
};

class Md5Gatherer;

struct ServiceContext {
  const platform::Machine* machine = nullptr;
  access::Access* access = nullptr;
  // The open vault, acting for that caller; kept until the answer is sent. None id: the one that requests without a key
  // are about.
  std::function<Result<std::shared_ptr<vault::Vault>>(const VaultId&, const vault::Caller&)> open_vault;
  std::string root_domain;      // "s3.example.org": BUCKET.s3.example.org is taken too. Empty: path style only
  std::string region;           // that signatures must name; empty: any
  bool has_fast_etags = false;  // of what comes in one piece no MD5 is computed, but where a client sends one along
  std::shared_ptr<Md5Gatherer> md5;              // none: each body's MD5 is computed by itself
  std::shared_ptr<vault::ReadAhead> read_ahead;  // for long answers; none: each is read as it is sent
  // Of opened groups that answers under way keep in memory; beyond a limit answers are copied piece by piece.
  std::shared_ptr<std::atomic<std::uint64_t>> lent_bytes = std::make_shared<std::atomic<std::uint64_t>>(0);
};

// What the connection does not tell.
struct RequestFacts {
  std::string request_id;      // given to the client and to the journal
  std::string remote_address;  // of the client, also behind a proxy
  std::string authority;       // what the client sees as Host, also behind a proxy; empty: the Host field
  std::string path_prefix;     // what the client signed before the target: the path of a base URL, or nothing
  bool is_secure = false;      // the client came by TLS, also to the proxy
};

class Service {
 public:
  explicit Service(ServiceContext context) : context_(std::move(context)) {}
  // `on_request` is told how it ended; may be empty.
  [[nodiscard]] net::Response handle(net::Request& request, const RequestFacts& facts,
                                     const std::function<void(const RequestRecord&)>& on_request = {}) const;

 private:
  ServiceContext context_;
  std::unique_ptr<SigningKeys> keys_ = std::make_unique<SigningKeys>();
};

}  // namespace atl::s3
