#include "store/blob/s3/testing/fake_s3.h"

#include <algorithm>

#include "foundation/codec/hash.h"
#include "foundation/net/uri.h"
#include "foundation/platform/posix_machine.h"
#include "foundation/xml/xml.h"

namespace atl::blob::testing {
namespace {

constexpr std::size_t kPage = 3;
constexpr std::size_t kBodyBytesMax = 64 * 1024 * 1024;

platform::PosixMachine& real_machine() {
  static platform::PosixMachine machine;
  return machine;
}

net::Response document(unsigned status, std::string text) {
  net::Response response;
  response.status = status;
  response.headers.add("Content-Type", "application/xml");
  response.body = std::move(text);
  return response;
}

net::Response error(unsigned status, std::string_view code) {
  xml::Writer writer;
  return document(status, writer.begin("Error").element("Code", code).element("Message", "it said").end().finish());
}

class BrokenSource final : public net::BodySource {
 public:
  Result<net::Pulled> pull(ByteSpan /*out*/) override { return fail(ErrorKind::failed, "fake.lost", "lost"); }
};

net::Response lost_answer() {
  net::Response response;
  response.body = std::make_unique<BrokenSource>();
  response.length = 100;
  return response;
}

std::string tag_of(ByteView bytes) { return "\"" + to_hex(codec::md5(bytes)) + "\""; }

}  // namespace

struct FakeS3::Parsed {
  std::string method;
  std::string key;
  std::map<std::string, std::string> query;
  net::Headers headers;
  Bytes body;
  [[nodiscard]] bool has(const std::string& name) const { return query.contains(name); }
  [[nodiscard]] std::string get(const std::string& name) const {
    const auto found = query.find(name);
    return found == query.end() ? std::string() : found->second;
  }
  [[nodiscard]] std::string source() const {
    const auto given = net::percent_decode(headers.get("x-amz-copy-source").value_or("")).value();
    return given.starts_with("/bucket/") ? given.substr(8) : std::string();
  }
  [[nodiscard]] std::string storage_class() const {
    return std::string(headers.get("x-amz-storage-class").value_or(""));
  }
};

FakeS3::FakeS3() {
  net::ServerOptions options;
  options.threads = 8;
  server_ = net::HttpServer::start(real_machine().machine(), {net::Endpoint{}}, nullptr, options,
                                   [this](net::Request& request) { return handle(request); })
                .value();
}
FakeS3::~FakeS3() = default;

S3Place FakeS3::place(const std::string& prefix) const {
  return parse_s3_place("s3://bucket/" + prefix +
                        "?endpoint=http://127.0.0.1:" + std::to_string(server_->endpoints().front().port))
      .value();
}
net::AwsCredentials FakeS3::credentials() { return {"TESTKEY", "secret/with+signs", ""}; }

S3ClientOptions FakeS3::quick() {
  S3ClientOptions options;
  options.first_wait_ms = 0;
  return options;
}

std::unique_ptr<S3Client> FakeS3::client(const S3Place& place) const {
  return S3Client::open(real_machine().machine(), place, credentials(), quick()).value();
}

void FakeS3::fail_next(unsigned count, Fault fault, std::string method, std::string target_part) {
  const std::lock_guard lock(mutex);
  planned_ = {count, fault, std::move(method), std::move(target_part)};
}

std::vector<std::string> FakeS3::keys() {
  const std::lock_guard lock(mutex);
  std::vector<std::string> names;
  for (const auto& [key, object] : objects) names.push_back(key);
  return names;
}

std::uint64_t FakeS3::requests(const std::string& method) {
  const std::lock_guard lock(mutex);
  return requests_[method];
}

net::Response FakeS3::handle(net::Request& request) {
  Parsed parsed;
  parsed.method = request.method;
  parsed.headers = request.headers;
  parsed.body = net::read_all(request.body, kBodyBytesMax).value();
  const net::Target target = net::split_target(request.target);
  net::AwsRequest as_signed;
  as_signed.method = request.method;
  as_signed.path = net::percent_decode(target.path).value();
  as_signed.body_sha256 = codec::sha256(parsed.body);
  if (target.query) {
    const auto query = net::Query::parse(*target.query).value();
    for (const auto& pair : query.pairs()) {
      as_signed.query.emplace_back(pair.name, pair.value.value_or(""));
      parsed.query[pair.name] = pair.value.value_or("");
    }
  }
  const std::string authorization(request.headers.get("Authorization").value_or(""));
  for (const auto& header : request.headers) {
    std::string name = header.name;
    std::ranges::transform(name, name.begin(), [](char c) { return static_cast<char>(std::tolower(c)); });
    const std::string names =
        authorization.substr(std::min(authorization.size(), authorization.find("SignedHeaders=")));
    const bool is_signed = names.find(name + ";") != std::string::npos || names.find(name + ",") != std::string::npos;
    if (is_signed && name != "x-amz-date" && name != "x-amz-content-sha256")
      as_signed.headers.add(header.name, header.value);
  }
  const std::string time(request.headers.get("x-amz-date").value_or(""));
  if (time.size() != 16) return error(403, "AccessDenied");
  const auto unix_s = parse_rfc3339(time.substr(0, 4) + "-" + time.substr(4, 2) + "-" + time.substr(6, 2) + "T" +
                                    time.substr(9, 2) + ":" + time.substr(11, 2) + ":" + time.substr(13, 2) + "Z")
                          .value()
                          .seconds;
  const auto again = net::sign(as_signed, credentials(), {"us-east-1", "s3"}, Timestamp{unix_s * 1'000'000});
  if (again.get("Authorization") != std::string_view(authorization)) return error(403, "SignatureDoesNotMatch");

  const std::lock_guard lock(mutex);
  ++requests_[parsed.method];
  if (as_signed.path != "/bucket" && !as_signed.path.starts_with("/bucket/")) return error(404, "NoSuchBucket");
  parsed.key = as_signed.path.size() > 8 ? as_signed.path.substr(8) : std::string();
  const bool is_planned = planned_.count > 0 && (planned_.method.empty() || planned_.method == parsed.method) &&
                          request.target.find(planned_.target_part) != std::string::npos;
  if (is_planned) --planned_.count;
  if (is_planned && planned_.fault == Fault::refuse) return error(503, "SlowDown");
  if (is_planned && planned_.fault == Fault::fail) return error(500, "InternalError");
  auto response = answer(parsed);
  return is_planned ? lost_answer() : std::move(response);
}

net::Response FakeS3::answer(const Parsed& parsed) {
  if (parsed.key.empty()) return list(parsed);
  if (parsed.method == "GET" || parsed.method == "HEAD") return get(parsed);
  if (parsed.method == "PUT") return put(parsed);
  if (parsed.method == "POST") return post(parsed);
  if (parsed.has("uploadId")) {
    uploads.erase(parsed.get("uploadId"));
  } else {
    objects.erase(parsed.key);
  }
  net::Response response;
  response.status = 204;
  return response;
}

net::Response FakeS3::get(const Parsed& parsed) {
  const auto found = objects.find(parsed.key);
  if (found == objects.end()) return error(404, "NoSuchKey");
  Object& object = found->second;
  net::Response response;
  if (!object.storage_class.empty()) response.headers.add("x-amz-storage-class", object.storage_class);
  if (object.thaw == Thaw::under_way) response.headers.add("x-amz-restore", "ongoing-request=\"true\"");
  if (object.thaw == Thaw::thawed)
    response.headers.add("x-amz-restore", "ongoing-request=\"false\", expiry-date=\"Fri, 21 Dec 2029 00:00:00 GMT\"");
  if (parsed.method == "HEAD") {
    response.length = object.bytes.size();
    return response;
  }
  if (freezes && is_cold_class(object.storage_class) && object.thaw != Thaw::thawed)
    return error(403, "InvalidObjectState");
  const std::string range(parsed.headers.get("Range").value_or(""));
  const std::size_t dash = range.find('-');
  if (dash == std::string::npos) {
    response.body = object.bytes;
    return response;
  }
  const std::uint64_t first = std::stoull(range.substr(6));
  const std::uint64_t last = std::min<std::uint64_t>(std::stoull(range.substr(dash + 1)), object.bytes.size() - 1);
  if (first >= object.bytes.size()) return error(416, "InvalidRange");
  response.status = 206;
  response.body = Bytes(object.bytes.begin() + static_cast<std::ptrdiff_t>(first),
                        object.bytes.begin() + static_cast<std::ptrdiff_t>(last + 1));
  return response;
}

net::Response FakeS3::list(const Parsed& parsed) {
  xml::Writer writer;
  if (parsed.has("uploads")) {
    writer.begin("ListMultipartUploadsResult");
    for (const auto& [id, parts] : uploads) {
      writer.begin("Upload").element("Key", upload_keys_[id]).element("UploadId", id).end();
    }
    return document(200, writer.element("IsTruncated", "false").end().finish());
  }
  const std::string prefix = parsed.get("prefix");
  const std::string delimiter = parsed.get("delimiter");
  const std::string after = parsed.get("continuation-token");
  writer.begin("ListBucketResult");
  std::size_t count = 0;
  std::string last;
  bool is_truncated = false;
  for (const auto& [key, object] : objects) {
    if (!key.starts_with(prefix)) continue;
    const std::size_t cut = delimiter.empty() ? std::string::npos : key.find(delimiter, prefix.size());
    const std::string shown = cut == std::string::npos ? key : key.substr(0, cut + 1);
    if (shown <= after || shown == last) continue;
    if (count == kPage) {
      is_truncated = true;
      break;
    }
    ++count;
    last = shown;
    if (cut != std::string::npos) {
      writer.begin("CommonPrefixes").element("Prefix", shown).end();
    } else {
      writer.begin("Contents").element("Key", key).element("Size", std::to_string(object.bytes.size()));
      writer.element("StorageClass", object.storage_class.empty() ? "STANDARD" : object.storage_class).end();
    }
  }
  writer.element("IsTruncated", is_truncated ? "true" : "false");
  if (is_truncated) writer.element("NextContinuationToken", last);
  return document(200, writer.end().finish());
}

net::Response FakeS3::put(const Parsed& parsed) {
  Bytes body = parsed.body;
  if (parsed.headers.has("x-amz-copy-source")) {
    const auto from = objects.find(parsed.source());
    if (from == objects.end()) return error(404, "NoSuchKey");
    body = from->second.bytes;
  }
  const std::string tag = tag_of(body);
  if (parsed.has("uploadId")) {
    const auto upload = uploads.find(parsed.get("uploadId"));
    if (upload == uploads.end()) return error(404, "NoSuchUpload");
    upload->second[static_cast<unsigned>(std::stoul(parsed.get("partNumber")))] = std::move(body);
  } else {
    if (!knows_conditions && parsed.headers.has("If-None-Match")) return error(501, "NotImplemented");
    if (parsed.headers.get("If-None-Match") == "*" && objects.contains(parsed.key))
      return error(412, "PreconditionFailed");
    objects[parsed.key] = {std::move(body), parsed.storage_class(),
                           is_cold_class(parsed.storage_class()) ? Thaw::frozen : Thaw::not_needed};
  }
  net::Response response;
  if (parsed.headers.has("x-amz-copy-source")) {
    xml::Writer writer;
    response = document(200, writer.begin("CopyPartResult").element("ETag", tag).end().finish());
  }
  response.headers.add("ETag", tag);
  return response;
}

net::Response FakeS3::post(const Parsed& parsed) {
  xml::Writer writer;
  if (parsed.has("uploads")) {
    const std::string id = "upload-" + std::to_string(++last_upload_);
    uploads[id];
    upload_keys_[id] = parsed.key;
    upload_classes_[id] = parsed.storage_class();
    return document(200, writer.begin("InitiateMultipartUploadResult").element("UploadId", id).end().finish());
  }
  if (parsed.has("restore")) {
    Object& object = objects[parsed.key];
    if (object.thaw == Thaw::under_way) return error(409, "RestoreAlreadyInProgress");
    object.thaw = Thaw::under_way;
    net::Response response;
    response.status = 202;
    return response;
  }
  const auto upload = uploads.find(parsed.get("uploadId"));
  if (upload == uploads.end()) return error(404, "NoSuchUpload");
  const auto wanted = xml::read(as_text(parsed.body)).value();
  Bytes whole;
  for (std::size_t i = 0; i < wanted.children.size(); ++i) {
    const auto part = upload->second.find(static_cast<unsigned>(i + 1));
    if (part == upload->second.end() || wanted.children[i].text_of("ETag") != tag_of(part->second))
      return error(400, "InvalidPart");
    if (i + 1 < wanted.children.size() && part->second.size() < S3Client::kPartBytesMin)
      return error(400, "EntityTooSmall");
    whole.insert(whole.end(), part->second.begin(), part->second.end());
  }
  const std::string storage_class = upload_classes_[upload->first];
  objects[parsed.key] = {std::move(whole), storage_class,
                         is_cold_class(storage_class) ? Thaw::frozen : Thaw::not_needed};
  uploads.erase(upload);
  return document(200, writer.begin("CompleteMultipartUploadResult").element("ETag", "\"x-1\"").end().finish());
}

}  // namespace atl::blob::testing
