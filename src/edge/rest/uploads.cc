// Uploads that go on where they broke off: tus 1.0 (https://tus.io/protocols/resumable-upload), core, creation,
// creation-with-upload, termination, checksum and expiration.
//
// Always true: what was answered with an Upload-Offset is durable and survives a restart of the server; the object
// appears at once and whole with the last byte. What arrived before a connection broke counts.
// An upload is a row of the vault with a part for each piece (vault/object/uploads.h); pieces that nobody finishes are
// freed by gc once the upload has expired.
#include "vault/object/uploads.h"

#include <charconv>

#include "edge/rest/answers.h"
#include "edge/rest/groups.h"
#include "edge/rest/object_facts.h"
#include "edge/rest/put_content.h"
#include "edge/rest/schema.h"
#include "foundation/codec/hmac.h"
#include "foundation/net/http_date.h"

namespace atl::rest {
namespace {

using access::Action;

constexpr std::string_view kTusVersion = "1.0.0";
constexpr std::string_view kTusMark = "tus";  // in checksum_algorithm of an upload: S3's have none of this name
constexpr std::string_view kPieceType = "application/offset+octet-stream";
constexpr std::uint64_t kSizeMax = 1ULL << 60U;
constexpr std::uint64_t kPieceBytes = 64ULL * 1024 * 1024;  // durable after so many, also within one request
constexpr std::int64_t kKeptUs = 7LL * 86'400 * 1'000'000;
constexpr std::size_t kMetadataFieldBytesMax = 16 * 1024;

net::Response tus_response(unsigned status) {
  net::Response response;
  response.status = status;
  response.headers.set("Tus-Resumable", std::string(kTusVersion));
  response.headers.set("Cache-Control", "no-store");
  return response;
}

Result<void> check_version(const Call& call) {
  if (call.headers().get("Tus-Resumable").value_or("") == kTusVersion) return {};
  return fail(ErrorKind::usage, "upload.bad_version", "this needs the header Tus-Resumable: 1.0.0");
}

Result<std::uint64_t> number_field(const Call& call, std::string_view name) {
  const auto text = call.headers().get(name);
  std::uint64_t number = 0;
  if (text) {
    const auto read = std::from_chars(text->data(), text->data() + text->size(), number);
    if (read.ec == std::errc{} && read.ptr == text->data() + text->size() && !text->empty() && number <= kSizeMax)
      return number;
  }
  return fail(ErrorKind::usage, "http.bad_field",
              "this needs the header " + std::string(name) + " with a number of bytes");
}

// "filename d29ybGQ=,is_confidential": names and base64 values.
Result<std::map<std::string, std::string>> parse_metadata(std::string_view field) {
  std::map<std::string, std::string> out;
  if (field.size() > kMetadataFieldBytesMax)
    return fail(ErrorKind::limit, "object.too_many_words", "Upload-Metadata is longer than 16 KiB");
  while (!field.empty()) {
    const std::size_t end = std::min(field.find(','), field.size());
    const std::string_view pair = net::trim_blanks(field.substr(0, end));
    field.remove_prefix(std::min(end + 1, field.size()));
    const std::size_t blank = pair.find(' ');
    const auto value = blank == std::string_view::npos ? Result<Bytes>(Bytes())
                                                       : from_base64(net::trim_blanks(pair.substr(blank + 1)));
    if (pair.empty() || !value)
      return fail(ErrorKind::usage, "http.bad_field", "Upload-Metadata has names, each with a value in base64");
    out[std::string(pair.substr(0, blank))] = to_string(*value);
  }
  return out;
}

struct Found {
  catalog::UploadRow row;
  std::string bucket;
  std::uint64_t length = 0;
  std::uint64_t offset = 0;
  std::uint32_t parts = 0;
  [[nodiscard]] Timestamp expires() const { return {row.created.unix_us + kKeptUs}; }
};

tl::unexpected<Error> no_such_upload() {
  return fail(ErrorKind::not_found, "upload.not_found",
              "there is no such upload: it was finished, ended, or never begun", "Begin a new one.");
}

Result<void> measure(vault::Vault& vault, Found& found) {
  ATOLL_ASSIGN(const auto parts, vault::Uploads(vault).parts(found.row.id, 0, vault::kUploadPartsMax));
  found.offset = 0;
  for (const auto& part : parts) found.offset += part.size;
  found.parts = static_cast<std::uint32_t>(parts.size());
  return {};
}

// Asks, too: whoever may not store there does not learn that there is an upload.
Result<Found> find_upload(Call& call) {
  ATOLL_TRY(call.begin_filter());
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  const auto id = UploadId::parse(call.path("id"));
  if (!id) return no_such_upload();
  catalog::UploadRow named;
  named.id = *id;
  const auto reader = vault->reader();
  ATOLL_ASSIGN(const auto row, reader->one<catalog::UploadRow>(catalog::key_of(named)));
  if (!row || row->checksum_algorithm != kTusMark) return no_such_upload();
  ATOLL_ASSIGN(const auto bucket, reader->bucket(row->bucket));
  if (!bucket) return no_such_upload();
  Found found;
  found.row = *row;
  found.bucket = bucket->name;
  ATOLL_TRY(call.require(Action::write, found.bucket, found.row.key));
  // It is of who began it: others who may not remove there neither go on with it nor end it.
  if (row->actor != vault->actor() && !call.may(Action::remove, found.bucket, found.row.key)) return no_such_upload();
  ATOLL_ASSIGN(const auto version, catalog::decode_version(Bytes(32), row->version));
  found.length = version.size;
  if (call.exchange().now() >= found.expires()) {
    ignore_error_on_purpose(vault::Uploads(*vault).abort(found.row));
    return fail(ErrorKind::not_found, "upload.expired", "this upload was begun more than seven days ago and is gone",
                "Begin a new one.");
  }
  ATOLL_TRY(measure(*vault, found));
  return found;
}

void set_upload(net::Headers& headers, const Found& found) {
  headers.set("Upload-Offset", std::to_string(found.offset));
  headers.set("Upload-Expires", net::format_http_date(found.expires().unix_us / 1'000'000));
}

// "sha1 <base64>" of a whole piece.
class PieceChecksum {
 public:
  [[nodiscard]] static Result<PieceChecksum> of(const Call& call) {
    PieceChecksum out;
    const auto field = call.headers().get("Upload-Checksum");
    if (!field) return out;
    const std::size_t blank = field->find(' ');
    const auto bytes = from_base64(blank == std::string_view::npos ? "!" : field->substr(blank + 1));
    out.algorithm_ = std::string(field->substr(0, blank));
    const bool is_known = (out.algorithm_ == "sha1" && bytes && bytes->size() == 20) ||
                          (out.algorithm_ == "sha256" && bytes && bytes->size() == 32);
    if (!is_known) {
      return fail(ErrorKind::usage, "http.bad_field", "Upload-Checksum takes sha1 or sha256, and the digest in base64");
    }
    out.digest_ = *bytes;
    return out;
  }
  [[nodiscard]] bool is_given() const { return !algorithm_.empty(); }
  void update(ByteView bytes) {
    if (algorithm_ == "sha1") sha1_.update(bytes);
    if (algorithm_ == "sha256") sha256_.update(bytes);
  }
  [[nodiscard]] bool is_right() {
    return algorithm_ == "sha1" ? equal(sha1_.finish(), digest_) : equal(sha256_.finish(), digest_);
  }

 private:
  std::string algorithm_;  // empty: none was given
  Bytes digest_;
  codec::Sha1 sha1_;
  codec::Sha256 sha256_;
};

// What became of a request's body: pieces that are durable, and why it ended early.
struct Taken {
  std::uint64_t bytes = 0;
  std::optional<Error> broken_off;
};

Result<Taken> take_pieces(Call& call, vault::Vault& vault, Found& found) {
  ATOLL_ASSIGN(PieceChecksum checksum, PieceChecksum::of(call));
  const auto reader = vault.reader();
  ATOLL_ASSIGN(const auto bucket, reader->bucket(found.row.bucket));
  if (!bucket) return no_such_upload();
  Taken taken;
  bool is_at_end = false;
  // Large uploads get large pieces: their number is limited.
  const std::uint64_t piece_bytes = std::max(kPieceBytes, found.length / (vault::kUploadPartsMax / 2));
  const std::uint64_t begun_at = found.offset;
  while (!is_at_end && !taken.broken_off) {
    if (found.parts == vault::kUploadPartsMax)
      return fail(ErrorKind::limit, "upload.too_many_pieces", "an upload has at most 10000 pieces",
                  "Send larger ones.");
    std::uint64_t in_piece = 0;
    // With a checksum all of the request is one piece: it counts whole or not at all.
    const std::uint64_t room = checksum.is_given() ? UINT64_MAX : piece_bytes;
    const auto read = [&](ByteSpan out) -> Result<std::size_t> {
      const std::uint64_t wanted = std::min<std::uint64_t>(out.size(), room - in_piece);
      if (wanted == 0) return std::size_t{0};
      auto count = call.request().body.read(out.first(static_cast<std::size_t>(wanted)));
      if (!count) {
        // What came until then stays; the client asks where to go on.
        taken.broken_off = count.error();
        if (checksum.is_given()) return pass(count.error());
        return std::size_t{0};
      }
      if (*count == 0) is_at_end = true;
      in_piece += *count;
      if (begun_at + taken.bytes + in_piece > found.length) {
        return fail(ErrorKind::limit, "http.body_too_large", "more came than Upload-Length says");
      }
      checksum.update(out.first(*count));
      return count;
    };
    ATOLL_ASSIGN(auto stored, vault::store_content(vault, *bucket, std::min(room, found.length), found.row.key, read));
    if (checksum.is_given() && !checksum.is_right()) {
      return fail(ErrorKind::usage, "upload.checksum", "the piece that came is not what its checksum says",
                  "Send it again.");
    }
    if (stored.bytes == 0) break;
    vault::StoredPart part;
    part.number = found.parts + 1;
    part.size = stored.bytes;
    part.content = std::move(stored.content);
    ATOLL_TRY(vault::Uploads(vault).put_part(found.row, part));
    ++found.parts;
    found.offset += stored.bytes;
    taken.bytes += stored.bytes;
  }
  return taken;
}

// With the last byte the object is there.
Result<void> finish(Call& call, vault::Vault& vault, const Found& found, net::Headers& headers) {
  ATOLL_ASSIGN(const VersionId decided, call.require_write(found.bucket, found.row.key));
  vault::Uploads uploads(vault);
  vault::Uploads::Completion completion;
  ATOLL_ASSIGN(completion.parts, uploads.parts(found.row.id, 0, vault::kUploadPartsMax));
  std::optional<catalog::VersionRow> before;
  const auto check = still_may_write(call, found.bucket, found.row.key, decided, {});
  completion.check = [&](const catalog::VersionRow* there) -> Result<void> {
    ATOLL_TRY(check(there));
    if (there != nullptr) before = *there;
    return {};
  };
  ATOLL_ASSIGN(const auto done, uploads.complete(found.row, completion));
  note_stored(call, found.bucket, found.length, before ? &*before : nullptr);
  call.state().uploads.note_finished(found.row.id, found.length);
  headers.set("ETag", etag(done.change.id));
  headers.set("Atoll-Version", done.change.id.text());
  return {};
}

Result<net::Response> upload_options(Call& /*call*/) {
  auto response = tus_response(204);
  response.headers.set("Tus-Version", std::string(kTusVersion));
  response.headers.set("Tus-Extension", "creation,creation-with-upload,termination,checksum,expiration");
  response.headers.set("Tus-Checksum-Algorithm", "sha1,sha256");
  response.headers.set("Tus-Max-Size", std::to_string(kSizeMax));
  return response;
}

void end_expired(const Call& call, vault::Vault& vault, const std::string& bucket) {
  vault::Uploads uploads(vault);
  const auto rows = uploads.list(bucket);
  if (!rows) return;
  for (const auto& row : *rows) {
    const bool is_old = call.exchange().now().unix_us - row.created.unix_us > kKeptUs;
    if (row.checksum_algorithm == kTusMark && is_old) ignore_error_on_purpose(uploads.abort(row));
  }
}

Result<net::Response> create_upload(Call& call) {
  ATOLL_TRY(check_version(call));
  ATOLL_ASSIGN(const std::uint64_t length, number_field(call, "Upload-Length"));
  ATOLL_ASSIGN(auto metadata, parse_metadata(call.headers().get("Upload-Metadata").value_or("")));
  const auto take = [&](const std::string& name) {
    const auto found = metadata.find(name);
    std::string value = found == metadata.end() ? std::string() : found->second;
    if (found != metadata.end()) metadata.erase(found);
    return value;
  };
  const std::string type = take("filetype");
  const std::string file_name = take("filename");
  std::string bucket = take("bucket");
  std::string key = take("key");
  if (call.has("bucket")) bucket = call.text("bucket");
  if (call.has("key")) key = call.text("key");
  if (key.empty()) key = file_name;
  vault::NewUpload fresh;
  fresh.bucket = bucket;
  fresh.key = key;
  ATOLL_TRY(vault::check_key(key));
  ATOLL_ASSIGN(const VersionId there, call.require_write(bucket, key));
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_TRY(
      call.exchange().host.access().check_quota(call.who(), call.vault_id(), bucket, length, there.is_none() ? 1 : 0));
  ATOLL_ASSIGN(fresh.version, facts_of(call.headers(), call.exchange().now()));
  fresh.version.content_type = type;
  for (auto& [name, value] : metadata) fresh.version.metadata[name] = std::move(value);
  ATOLL_TRY(check_words(fresh.version));
  fresh.version.size = length;
  fresh.checksum_algorithm = kTusMark;
  end_expired(call, *vault, bucket);
  vault::Uploads uploads(*vault);
  ATOLL_ASSIGN(const UploadId id, uploads.create(fresh));
  Found found;
  ATOLL_ASSIGN(found.row, uploads.find(bucket, key, id));
  found.bucket = bucket;
  found.length = length;
  auto response = tus_response(201);
  response.headers.set("Location", call.exchange().base_url() + "/api/v1/uploads/" + id.text());
  const bool has_piece = call.headers().get("Content-Type").value_or("") == kPieceType && call.request().has_body();
  if (has_piece) {
    const auto hold = call.state().uploads.take(id);
    ATOLL_ASSIGN(const Taken taken, take_pieces(call, *vault, found));
    // The upload is there; where it broke off is asked with HEAD.
  }
  if (found.offset == length) ATOLL_TRY(finish(call, *vault, found, response.headers));
  set_upload(response.headers, found);
  return response;
}

Result<net::Response> head_upload(Call& call) {
  ATOLL_TRY(check_version(call));
  const auto id = UploadId::parse(call.path("id"));
  auto response = tus_response(200);
  const auto found = find_upload(call);
  if (!found) {
    // Finished, and the answer that said so was lost: whoever asks holds its id, which nobody can guess.
    std::optional<std::uint64_t> finished;
    if (id && found.error().id == "upload.not_found") finished = call.state().uploads.finished(*id);
    if (!finished) return pass(found.error());
    response.headers.set("Upload-Offset", std::to_string(finished.value_or(0)));
    response.headers.set("Upload-Length", std::to_string(finished.value_or(0)));
    return response;
  }
  set_upload(response.headers, *found);
  response.headers.set("Upload-Length", std::to_string(found->length));
  return response;
}

Result<net::Response> patch_upload(Call& call) {
  ATOLL_TRY(check_version(call));
  if (call.headers().get("Content-Type").value_or("") != kPieceType) {
    return fail(ErrorKind::usage, "http.unsupported_media_type",
                "a piece is sent as Content-Type: " + std::string(kPieceType));
  }
  ATOLL_ASSIGN(const std::uint64_t offset, number_field(call, "Upload-Offset"));
  const auto id = UploadId::parse(call.path("id"));
  const auto hold = id ? call.state().uploads.take(*id) : nullptr;
  if (id && !hold) {
    return fail(ErrorKind::conflict, "upload.in_use", "another request is writing to this upload",
                "Wait until it has ended, and ask with HEAD where to go on.");
  }
  ATOLL_ASSIGN(Found found, find_upload(call));
  if (offset != found.offset) {
    return fail(ErrorKind::conflict, "upload.bad_offset",
                "this upload goes on at " + std::to_string(found.offset) + ", not at " + std::to_string(offset));
  }
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(const Taken taken, take_pieces(call, *vault, found));
  auto response = tus_response(204);
  if (taken.broken_off && found.offset < found.length) return pass(*taken.broken_off);
  if (found.offset == found.length) ATOLL_TRY(finish(call, *vault, found, response.headers));
  set_upload(response.headers, found);
  return response;
}

Result<net::Response> delete_upload(Call& call) {
  ATOLL_TRY(check_version(call));
  const auto id = UploadId::parse(call.path("id"));
  const auto hold = id ? call.state().uploads.take(*id) : nullptr;
  if (id && !hold)
    return fail(ErrorKind::conflict, "upload.in_use", "another request is writing to this upload", "Try again.");
  ATOLL_ASSIGN(const Found found, find_upload(call));
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_TRY(vault::Uploads(*vault).abort(found.row));
  return tus_response(204);
}

}  // namespace

std::vector<Operation> upload_operations() {
  constexpr std::string_view kAll = "/api/v1/uploads";
  constexpr std::string_view kOne = "/api/v1/uploads/{id}";
  const HeaderParameter version{"Tus-Resumable", "1.0.0"};
  const std::vector<Guard> writing = {
      {Action::write, Place::inside}, {Action::overwrite, Place::inside}, {Action::overwrite_for_good, Place::inside}};
  return {
      {.id = "upload_options",
       .method = "OPTIONS",
       .path = kAll,
       .tag = "uploads",
       .words = "What of tus this server knows.",
       .open_words = "clients ask before they sign in, and it tells nothing of what is stored",
       .answers = {{204, "", "In header fields."}},
       .handler = upload_options},
      {.id = "upload_create",
       .method = "POST",
       .path = kAll,
       .tag = "uploads",
       .words =
           "Begins an upload that can go on where it breaks off (tus 1.0).\nIt is kept for seven days. Content may "
           "come along already.",
       .guards = writing,
       .query = {{"bucket", ParameterType::text, "Where to; or `bucket` in Upload-Metadata."},
                 {"key", ParameterType::text, "Under which key; or `key` or `filename` in Upload-Metadata."}},
       .headers = {version,
                   {"Upload-Length", "How long the content will be."},
                   {"Upload-Metadata",
                    "Names, each with a value in base64; filetype is the content type, others become "
                    "metadata."}},
       .body = kAnyBytes,
       .answers = {{201, "", "Its address is in Location."}},
       .handler = create_upload},
      {.id = "upload_head",
       .method = "HEAD",
       .path = kOne,
       .tag = "uploads",
       .words = "Where an upload goes on.",
       .guards = {{Action::write, Place::inside}},
       .headers = {version},
       .answers = {{200, "", "Upload-Offset and Upload-Length."}},
       .handler = head_upload},
      {.id = "upload_patch",
       .method = "PATCH",
       .path = kOne,
       .tag = "uploads",
       .words = "Adds a piece, as application/offset+octet-stream; with the last byte the object is there.",
       .guards = writing,
       .headers = {version,
                   {"Upload-Offset", "Where the piece begins: where the upload goes on."},
                   {"Upload-Checksum", "sha1 or sha256, and the digest in base64: a piece that differs is refused."}},
       .body = kAnyBytes,
       .answers = {{204, "", "It is durable; Upload-Offset says up to where."}},
       .handler = patch_upload},
      {.id = "upload_delete",
       .method = "DELETE",
       .path = kOne,
       .tag = "uploads",
       .words = "Ends an upload; what came is given up.",
       .guards = {{Action::write, Place::inside}},
       .headers = {version},
       .answers = {{204, "", "It is gone."}},
       .handler = delete_upload},
  };
}

}  // namespace atl::rest
