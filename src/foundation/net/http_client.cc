#include "foundation/net/http_client.h"

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <vector>

#include "foundation/codec/hash.h"

namespace atl::net {

namespace {

constexpr std::size_t kHeaderBytesMax = 256 * 1024;
constexpr std::size_t kHeadersMax = 1000;

struct EasyCleanup {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using Easy = std::unique_ptr<CURL, EasyCleanup>;
struct ListCleanup {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

// One request under way, as libcurl's callbacks see it.
struct Exchange {
  const ClientRequest* request = nullptr;
  ClientResponse response;
  std::size_t header_bytes = 0;
  bool is_head_given = false;
  std::optional<Error> error;
  ByteView rest_of_body;  // of one in memory
  Buffer pulled_buffer;   // of a source
  ByteView pulled;
  bool is_source_done = false;

  bool take(Result<void> result) {
    if (result) return true;
    error = std::move(result.error());
    return false;
  }
  bool give_head() {
    if (std::exchange(is_head_given, true) || !request->on_head) return true;
    return take(request->on_head(response));
  }
};

std::size_t on_header(char* data, std::size_t /*one*/, std::size_t size, void* context) {
  auto& exchange = *static_cast<Exchange*>(context);
  auto line = std::string_view(data, size);
  exchange.header_bytes += size;
  if (exchange.header_bytes > kHeaderBytesMax || exchange.response.headers.size() >= kHeadersMax) {
    exchange.error = Error{ErrorKind::limit, "client.too_large", "the server's header is too long", {}, 0};
    return 0;
  }
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) {
    // The final answer comes after interim ones.
    exchange.response = {};
    const auto blank = line.find(' ');
    const auto digits = blank == std::string_view::npos ? std::string_view() : line.substr(blank + 1, 3);
    for (const char c : digits) {
      if (c >= '0' && c <= '9')
        exchange.response.status = exchange.response.status * 10 + static_cast<unsigned>(c - '0');
    }
    return size;
  }
  const auto colon = line.find(':');
  if (colon != std::string_view::npos && !exchange.is_head_given) {
    exchange.response.headers.add(std::string(trim_blanks(line.substr(0, colon))),
                                  std::string(trim_blanks(line.substr(colon + 1))));
  }
  return size;
}

std::size_t on_body(char* data, std::size_t /*one*/, std::size_t size, void* context) {
  auto& exchange = *static_cast<Exchange*>(context);
  if (!exchange.give_head()) return 0;
  const ByteView piece = as_bytes(std::string_view(data, size));
  if (exchange.request->on_body) return exchange.take(exchange.request->on_body(piece)) ? size : 0;
  if (size > exchange.request->body_bytes_max - exchange.response.body.size()) {
    exchange.error =
        Error{ErrorKind::limit,
              "client.too_large",
              "the server's answer is longer than " + std::to_string(exchange.request->body_bytes_max) + " bytes",
              {},
              0};
    return 0;
  }
  exchange.response.body.insert(exchange.response.body.end(), piece.begin(), piece.end());
  return size;
}

// The next piece of a source, waiting for it where it says so.
bool pull(Exchange& exchange, BodySource& source) {
  constexpr std::size_t kPullBytes = 256 * 1024;
  if (exchange.pulled_buffer.empty()) exchange.pulled_buffer = Buffer(kPullBytes);
  while (exchange.pulled.empty() && !exchange.is_source_done) {
    const auto pulled = source.pull(exchange.pulled_buffer.span());
    if (!pulled) {
      exchange.error = pulled.error();
      return false;
    }
    exchange.pulled = pulled->borrowed.empty() ? exchange.pulled_buffer.view().first(pulled->bytes) : pulled->borrowed;
    exchange.is_source_done = pulled->state == Pulled::State::end;
    if (exchange.pulled.empty() && !exchange.is_source_done) {
      exchange.error = Error{ErrorKind::failed, "http.empty_pull", "a body source gave nothing and no end", {}, 0};
      return false;
    }
  }
  return true;
}

std::size_t on_read(char* out, std::size_t /*one*/, std::size_t size, void* context) {
  auto& exchange = *static_cast<Exchange*>(context);
  auto* rest = &exchange.rest_of_body;
  if (auto* const* source = std::get_if<BodySource*>(&exchange.request->body)) {
    if (!pull(exchange, **source)) return CURL_READFUNC_ABORT;
    rest = &exchange.pulled;
  }
  const auto count = std::min(size, rest->size());
  if (count > 0) std::memcpy(out, rest->data(), count);
  *rest = rest->subspan(count);
  return count;
}

// A kept connection may turn out to be dead: then libcurl begins again on another, which a body in memory can.
int on_seek(void* context, curl_off_t offset, int origin) {
  auto& exchange = *static_cast<Exchange*>(context);
  const auto* whole = std::get_if<ByteView>(&exchange.request->body);
  if (whole == nullptr || origin != SEEK_SET || offset < 0 || static_cast<std::uint64_t>(offset) > whole->size()) {
    return CURL_SEEKFUNC_FAIL;
  }
  exchange.rest_of_body = whole->subspan(static_cast<std::size_t>(offset));
  return CURL_SEEKFUNC_OK;
}

int on_progress(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  const auto* stop = static_cast<Exchange*>(context)->request->stop;
  return stop != nullptr && stop->load() ? 1 : 0;
}

// Trusts one certificate and no other. OpenSSL asks this in place of its own look at the chain.
int is_pinned(X509_STORE_CTX* context, void* pinned) {
  const auto* certificate = X509_STORE_CTX_get0_cert(context);
  if (certificate == nullptr) return 0;
  Bytes der(static_cast<std::size_t>(std::max(0, i2d_X509(certificate, nullptr))));
  auto* at = der.data();
  if (der.empty() || i2d_X509(certificate, &at) <= 0) return 0;
  const auto& expected = *static_cast<const std::array<std::uint8_t, 32>*>(pinned);
  if (codec::sha256(der) == expected) return 1;
  X509_STORE_CTX_set_error(context, X509_V_ERR_CERT_UNTRUSTED);
  return 0;
}

CURLcode on_tls_context(CURL* /*handle*/, void* tls_context, void* pinned) {
  SSL_CTX_set_cert_verify_callback(static_cast<SSL_CTX*>(tls_context), is_pinned, pinned);
  return CURLE_OK;
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; });
}

tl::unexpected<Error> bad_request(std::string why) {
  return fail(ErrorKind::usage, "client.bad_request", "this request cannot be sent: " + std::move(why));
}

Error error_of(CURLcode code, const std::string& url, const char* text) {
  const auto host_end = url.find('/', url.find("://") == std::string::npos ? 0 : url.find("://") + 3);
  const auto where = url.substr(0, host_end);  // paths and queries may hold secrets
  const std::string why = text[0] != '\0' ? text : curl_easy_strerror(code);
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL: return {ErrorKind::usage, "client.bad_request", "'" + where + "': " + why, {}, 0};
    case CURLE_ABORTED_BY_CALLBACK: return {ErrorKind::interrupted, "client.stopped", where + ": stopped", {}, 0};
    case CURLE_OPERATION_TIMEDOUT:
      return {ErrorKind::unreachable, "client.timed_out", where + " does not answer in time: " + why, {}, 0};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_ISSUER_ERROR:
      return {ErrorKind::unreachable, "client.untrusted", "the certificate of " + where + " is not trusted: " + why,
              "Compare its fingerprint with what that server shows, and pin it.", 0};
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
      return {ErrorKind::unreachable, "client.unreachable", where + " cannot be reached: " + why, {}, 0};
    default: return {ErrorKind::unreachable, "client.broken_off", where + ": " + why, {}, 0};
  }
}

bool is_curl_ready() {
  // Thread-safe since libcurl 7.84, and needed once a process.
  static const bool is_ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return is_ready;
}

}  // namespace

class HttpClient::Implementation {
 public:
  explicit Implementation(const ClientOptions& options) : options_(options) {}

  Result<ClientResponse> send(const ClientRequest& request) {
    if (request.method.empty() || has_control(request.method) || has_control(request.url) ||
        request.method.find(' ') != std::string::npos) {
      return bad_request("its method or address holds characters that must not be there");
    }
    ATOLL_ASSIGN(auto easy, take());
    Exchange exchange;
    exchange.request = &request;
    std::array<char, CURL_ERROR_SIZE> text{};
    ATOLL_ASSIGN(const auto fields, fields_of(request));
    set_up(easy.get(), exchange, fields.get(), text.data());
    const auto code = curl_easy_perform(easy.get());
    // What failed may have left its connection in the middle of something; libcurl closes such ones itself.
    give_back(std::move(easy));
    if (exchange.error) return pass(std::move(*exchange.error));
    if (code != CURLE_OK) return pass(error_of(code, request.url, text.data()));
    if (!exchange.give_head()) return pass(std::move(*exchange.error));
    return std::move(exchange.response);
  }

 private:
  using Fields = std::unique_ptr<curl_slist, ListCleanup>;

  static Result<Fields> fields_of(const ClientRequest& request) {
    Fields fields;
    const auto add = [&](const std::string& line) {
      auto* longer = curl_slist_append(fields.get(), line.c_str());
      if (longer == nullptr) return false;
      (void)fields.release();
      fields.reset(longer);
      return true;
    };
    for (const auto& field : request.headers) {
      if (field.name.empty() || has_control(field.name) || has_control(field.value) ||
          field.name.find_first_of(": ;") != std::string::npos) {
        return bad_request("the field '" + field.name + "' holds characters that must not be there");
      }
      // libcurl's way to write a field without a value is a semicolon.
      if (!add(field.value.empty() ? field.name + ";" : field.name + ": " + field.value))
        return bad_request("no memory");
    }
    // Without this libcurl asks for permission before larger bodies, and waits a second where nobody answers.
    if (!request.headers.has("Expect") && !add("Expect:")) return bad_request("no memory");
    if (!std::holds_alternative<std::monostate>(request.body) && !request.headers.has("Content-Type") &&
        !add("Content-Type:")) {
      return bad_request("no memory");
    }
    if (std::holds_alternative<BodySource*>(request.body) && !request.body_length &&
        !add("Transfer-Encoding: chunked")) {
      return bad_request("no memory");
    }
    return fields;
  }

  void set_up(CURL* easy, Exchange& exchange, curl_slist* fields, char* error_text) {
    const auto& request = *exchange.request;
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_text);
    curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, fields);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, options_.user_agent.c_str());
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &exchange);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &exchange);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, &exchange);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout_ms));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(options_.total_timeout_ms));
    if (options_.idle_timeout_s > 0) {
      curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
      curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, static_cast<long>(options_.idle_timeout_s));
    }
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 256L * 1024);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 256L * 1024);
    if (!options_.local_socket_path.empty()) {
      curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, options_.local_socket_path.c_str());
    }
    set_up_trust(easy);
    set_up_body(easy, exchange);
  }

  void set_up_trust(CURL* easy) {
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    if (!options_.authorities_pem.empty()) {
      curl_blob blob{options_.authorities_pem.data(), options_.authorities_pem.size(), CURL_BLOB_COPY};
      curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
      curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
    }
    if (options_.pinned_certificate_sha256) {
      // The fingerprint says more than a name does.
      curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
      curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_tls_context);
      curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, &*options_.pinned_certificate_sha256);
    }
  }

  static void set_up_body(CURL* easy, Exchange& exchange) {
    const auto& request = *exchange.request;
    if (!std::holds_alternative<std::monostate>(request.body)) {
      curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
      curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
      curl_easy_setopt(easy, CURLOPT_READDATA, &exchange);
      curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
      curl_easy_setopt(easy, CURLOPT_SEEKDATA, &exchange);
      std::optional<std::uint64_t> length = request.body_length;
      if (const auto* whole = std::get_if<ByteView>(&request.body)) {
        exchange.rest_of_body = *whole;
        length = whole->size();
      }
      if (length) curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(*length));
    } else if (request.method == "HEAD") {
      curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else {
      curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }

  Result<Easy> take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        auto easy = std::move(idle_.back());
        idle_.pop_back();
        return easy;
      }
    }
    Easy easy(curl_easy_init());
    if (!easy) return fail(ErrorKind::failed, "client.failed", "libcurl cannot be set up");
    return easy;
  }

  void give_back(Easy easy) {
    curl_easy_reset(easy.get());  // keeps its connections
    const std::lock_guard lock(mutex_);
    if (idle_.size() < options_.idle_connections_max) idle_.push_back(std::move(easy));
  }

  ClientOptions options_;
  std::mutex mutex_;
  std::vector<Easy> idle_;
};

HttpClient::HttpClient(std::unique_ptr<Implementation> implementation) : implementation_(std::move(implementation)) {}
HttpClient::~HttpClient() = default;

Result<std::unique_ptr<HttpClient>> HttpClient::open(const ClientOptions& options) {
  if (!is_curl_ready()) return fail(ErrorKind::failed, "client.failed", "libcurl cannot be set up");
  return std::unique_ptr<HttpClient>(new HttpClient(std::make_unique<Implementation>(options)));
}

Result<ClientResponse> HttpClient::send(const ClientRequest& request) { return implementation_->send(request); }

}  // namespace atl::net
