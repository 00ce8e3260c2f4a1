#include "foundation/net/internal/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>

namespace atl::net {

namespace {

namespace ssl = boost::asio::ssl;

// RFC 7301: the length of each name before it.
constexpr std::array<unsigned char, 9> kProtocols = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

int choose_protocol(SSL* /*connection*/, const unsigned char** chosen, unsigned char* chosen_size,
                    const unsigned char* offered, unsigned int offered_size, void* /*context*/) {
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, chosen_size, kProtocols.data(), kProtocols.size(), offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

Result<std::shared_ptr<ssl::context>> make_server_context(const TlsIdentity& identity) {
  ATOLL_TRY(check_identity(identity));
  const auto failed = [](const char* what) {
    ERR_clear_error();
    return fail(ErrorKind::usage, "tls.bad_certificate", std::string("OpenSSL does not take the ") + what);
  };
  try {
    auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
    boost::system::error_code error;
    context->use_certificate_chain(boost::asio::buffer(identity.certificate_chain_pem), error);
    if (error) return failed("certificate chain");
    context->use_private_key(boost::asio::buffer(identity.private_key_pem), ssl::context::pem, error);
    if (error) return failed("private key");
    auto* native = context->native_handle();
    SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
    // RFC 9325 section 4.2: of TLS 1.2 only what has forward secrecy and authenticated encryption.
    if (SSL_CTX_set_cipher_list(native, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1) return failed("cipher list");
    SSL_CTX_set_options(native, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                    SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_alpn_select_cb(native, choose_protocol, nullptr);
    return context;
  } catch (const std::exception& exception) {
    return fail(ErrorKind::failed, "tls.failed", std::string("cannot set TLS up: ") + exception.what());
  }
}

}  // namespace atl::net
