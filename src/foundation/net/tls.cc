#include "foundation/net/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "foundation/base/units.h"
#include "foundation/codec/hash.h"

namespace atl::net {

namespace {

constexpr std::uint64_t kPemBytesMax = 1 * kMiB;
constexpr std::int64_t kClockSkewSeconds = 3600;
constexpr long kSecondsPerDay = 86'400;

template <class T, void (*free_it)(T*)>
struct Freed {
  void operator()(T* pointer) const { free_it(pointer); }
};
void free_bio(BIO* bio) { BIO_free(bio); }
using BioPointer = std::unique_ptr<BIO, Freed<BIO, free_bio>>;
using CertificatePointer = std::unique_ptr<X509, Freed<X509, X509_free>>;
using KeyPointer = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY, EVP_PKEY_free>>;
using NamesPointer = std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES, GENERAL_NAMES_free>>;
using ExtensionPointer = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION, X509_EXTENSION_free>>;

tl::unexpected<Error> bad_certificate(std::string why) {
  ERR_clear_error();
  return fail(ErrorKind::usage, "tls.bad_certificate", "the certificate cannot be used: " + std::move(why),
              "Give a PEM file with the server's certificate first and those that signed it after it.");
}

tl::unexpected<Error> bad_key(std::string why) {
  ERR_clear_error();
  return fail(ErrorKind::usage, "tls.bad_key", "the private key cannot be used: " + std::move(why),
              "Give a PEM file with an RSA or EC private key without a passphrase.");
}

BioPointer bio_over(const std::string& text) {
  return BioPointer(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Keys with a passphrase are refused; nobody is asked on the terminal in the middle of a start.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*is_write*/, void* /*context*/) { return -1; }

Result<CertificatePointer> first_certificate(const std::string& pem) {
  if (pem.size() > kPemBytesMax) return bad_certificate("it is longer than 1 MiB");
  const auto bio = bio_over(pem);
  CertificatePointer certificate(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr));
  if (!certificate) return bad_certificate("there is none in PEM form");
  return certificate;
}

Result<KeyPointer> private_key(const std::string& pem) {
  if (pem.size() > kPemBytesMax) return bad_key("it is longer than 1 MiB");
  const auto bio = bio_over(pem);
  KeyPointer key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (!key) return bad_key("there is none in PEM form, or it is protected by a passphrase");
  return key;
}

Result<std::string> text_of(const BioPointer& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);  // NOLINT(google-runtime-int): OpenSSL's type
  if (size <= 0) return fail(ErrorKind::failed, "tls.failed", "OpenSSL wrote no PEM text");
  return std::string(data, static_cast<std::size_t>(size));
}

tl::unexpected<Error> cannot_make() {
  const auto code = ERR_get_error();
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(code);
  return fail(ErrorKind::failed, "tls.failed",
              std::string("cannot make a certificate: ") + (reason == nullptr ? "unknown" : reason));
}

bool is_ip_address(const std::string& name) {
  std::array<std::uint8_t, 16> bytes{};
  return ::inet_pton(AF_INET, name.c_str(), bytes.data()) == 1 ||
         ::inet_pton(AF_INET6, name.c_str(), bytes.data()) == 1;
}

bool is_host_name(const std::string& name) {
  return !name.empty() && name.size() <= 253 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '*';
  });
}

bool add_extension(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const ExtensionPointer extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

Timestamp time_of(const ASN1_TIME* time) {
  int days = 0;
  int seconds = 0;
  const std::unique_ptr<ASN1_TIME, Freed<ASN1_TIME, ASN1_STRING_free>> epoch(ASN1_TIME_set(nullptr, 0));
  if (!epoch || ASN1_TIME_diff(&days, &seconds, epoch.get(), time) != 1) return {};
  return {(std::int64_t{days} * kSecondsPerDay + seconds) * 1'000'000};
}

std::string address_text(const ASN1_OCTET_STRING* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int size = ASN1_STRING_length(address);
  if (size != 4 && size != 16) return {};
  const auto* shown = ::inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(address), text.data(),
                                  static_cast<socklen_t>(text.size()));
  return shown == nullptr ? std::string() : std::string(shown);
}

Result<std::string> read_pem(platform::FileSystem& files, const std::string& path) {
  auto bytes = platform::read_whole(files, path, kPemBytesMax);
  if (!bytes) {
    if (bytes.error().kind == ErrorKind::not_found) {
      return fail(ErrorKind::not_found, "tls.no_certificate", "there is no file '" + path + "'");
    }
    return pass(std::move(bytes.error()));
  }
  return to_string(*bytes);
}

}  // namespace

Result<void> check_identity(const TlsIdentity& identity) {
  ATOLL_ASSIGN(const auto certificate, first_certificate(identity.certificate_chain_pem));
  ATOLL_ASSIGN(const auto key, private_key(identity.private_key_pem));
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    ERR_clear_error();
    return fail(ErrorKind::usage, "tls.key_does_not_match", "the private key is not that of the certificate",
                "The first certificate of the file has to be the server's own.");
  }
  return {};
}

Result<TlsIdentity> read_identity(platform::FileSystem& files, const std::string& certificate_chain_path,
                                  const std::string& private_key_path) {
  TlsIdentity identity;
  ATOLL_ASSIGN(identity.certificate_chain_pem, read_pem(files, certificate_chain_path));
  ATOLL_ASSIGN(identity.private_key_pem, read_pem(files, private_key_path));
  if (auto checked = check_identity(identity); !checked) {
    const bool is_key = checked.error().id == "tls.bad_key";
    return pass(std::move(checked.error()).with_context(is_key ? private_key_path : certificate_chain_path));
  }
  return identity;
}

Result<TlsIdentity> make_self_signed(const platform::Machine& machine, const std::vector<std::string>& names,
                                     unsigned days) {
  if (names.empty()) return fail(ErrorKind::usage, "tls.bad_name", "a certificate is for at least one name");
  std::string alternatives;
  for (const auto& name : names) {
    const bool is_address = is_ip_address(name);
    if (!is_address && !is_host_name(name)) {
      return fail(ErrorKind::usage, "tls.bad_name", "'" + name + "' is neither a host name nor an IP address");
    }
    alternatives += (alternatives.empty() ? "" : ",") + std::string(is_address ? "IP:" : "DNS:") + name;
  }
  const KeyPointer key(EVP_EC_gen("P-256"));
  const CertificatePointer certificate(X509_new());
  if (!key || !certificate) return cannot_make();
  // A serial number of 127 random bits: positive, and never met twice.
  std::array<std::uint8_t, 16> serial{};
  machine.random.fill(serial);
  serial[0] &= 0x7f;
  const std::unique_ptr<BIGNUM, Freed<BIGNUM, BN_free>> number(BN_bin2bn(serial.data(), serial.size(), nullptr));
  const auto now = static_cast<time_t>(machine.clock.now().unix_us / 1'000'000);
  const auto until = now + static_cast<time_t>(days) * kSecondsPerDay;
  auto* subject = X509_get_subject_name(certificate.get());
  // The common name has at most 64 bytes; what counts are the alternatives.
  const auto common_name = names[0].substr(0, 64);
  const bool is_made = number && X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
                       BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate.get())) != nullptr &&
                       ASN1_TIME_set(X509_getm_notBefore(certificate.get()), now - kClockSkewSeconds) != nullptr &&
                       ASN1_TIME_set(X509_getm_notAfter(certificate.get()), until) != nullptr &&
                       X509_set_pubkey(certificate.get(), key.get()) == 1 &&
                       X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
                                                  reinterpret_cast<const unsigned char*>(common_name.data()),  // NOLINT
                                                  static_cast<int>(common_name.size()), -1, 0) == 1 &&
                       X509_set_issuer_name(certificate.get(), subject) == 1 &&
                       add_extension(certificate.get(), NID_subject_alt_name, alternatives) &&
                       add_extension(certificate.get(), NID_basic_constraints, "critical,CA:FALSE") &&
                       add_extension(certificate.get(), NID_key_usage, "critical,digitalSignature") &&
                       add_extension(certificate.get(), NID_ext_key_usage, "serverAuth") &&
                       add_extension(certificate.get(), NID_subject_key_identifier, "hash") &&
                       X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0;
  if (!is_made) return cannot_make();
  const BioPointer certificate_out(BIO_new(BIO_s_mem()));
  const BioPointer key_out(BIO_new(BIO_s_secmem()));
  if (PEM_write_bio_X509(certificate_out.get(), certificate.get()) != 1 ||
      PEM_write_bio_PKCS8PrivateKey(key_out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return cannot_make();
  }
  TlsIdentity identity;
  ATOLL_ASSIGN(identity.certificate_chain_pem, text_of(certificate_out));
  ATOLL_ASSIGN(identity.private_key_pem, text_of(key_out));
  return identity;
}

Result<CertificateFacts> certificate_facts(const std::string& certificate_chain_pem) {
  ATOLL_ASSIGN(const auto certificate, first_certificate(certificate_chain_pem));
  CertificateFacts facts;
  facts.not_before = time_of(X509_get0_notBefore(certificate.get()));
  facts.not_after = time_of(X509_get0_notAfter(certificate.get()));
  Bytes der(static_cast<std::size_t>(std::max(0, i2d_X509(certificate.get(), nullptr))));
  auto* at = der.data();
  if (der.empty() || i2d_X509(certificate.get(), &at) <= 0) return bad_certificate("it cannot be written as DER");
  facts.sha256 = codec::sha256(der);
  const NamesPointer names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
  for (int at_name = 0; names && at_name < sk_GENERAL_NAME_num(names.get()); ++at_name) {
    const auto* name = sk_GENERAL_NAME_value(names.get(), at_name);
    if (name->type == GEN_DNS) {
      facts.names.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),  // NOLINT
                               static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
    } else if (name->type == GEN_IPADD) {
      facts.names.push_back(address_text(name->d.iPAddress));
    }
  }
  return facts;
}

}  // namespace atl::net
