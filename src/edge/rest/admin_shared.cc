// What somebody without an account does with a link: see what it is of, read it, or leave files.
//
// Always true: the secret in the address signs in as the link itself, which narrows its maker to that one place. Every
// right is asked for as such, so a link ends where its maker's right ends.
#include "edge/rest/admin_facts.h"
#include "edge/rest/archive.h"
#include "edge/rest/content_source.h"
#include "edge/rest/groups.h"
#include "edge/rest/object_facts.h"
#include "edge/rest/put_content.h"
#include "foundation/net/range.h"
#include "vault/folder/restore.h"
#include "vault/history/past.h"
#include "vault/object/objects.h"

namespace atl::rest {
namespace {

using access::Action;
using json::Value;

constexpr std::string_view kPasswordField = "Atoll-Link-Password";
constexpr std::string_view kOpenWords = "The secret in the address signs in, for that place alone.";

// From here on the call is the link's, in the vault where its place lies.
Result<catalog::ShareRow> sign_in(Call& call) {
  auto& exchange = call.exchange();
  const std::string_view password = call.headers().get(kPasswordField).value_or("");
  ATOLL_ASSIGN(auto who, accounts_of(call).authenticate_share(call.path("secret"), password, exchange.origin()));
  who.request_id = exchange.request_id;
  exchange.who = std::move(who);
  catalog::ShareRow share = *exchange.who.share;
  exchange.request.headers.set("Atoll-Vault", share.place.vault.text());
  return share;
}

// The key that is asked for: the link's own, or one below its prefix.
Result<std::string> key_of(const Call& call, const catalog::ShareRow& share) {
  std::string key = call.key().empty() ? call.text("key") : call.key();
  if (!share.is_prefix) {
    if (!key.empty() && key != share.place.prefix)
      return fail(ErrorKind::not_found, "object.not_found", "this link is to one file");
    return share.place.prefix;
  }
  if (key.empty()) return fail(ErrorKind::usage, "share.no_key", "this link is to a folder: name a file in it");
  return share.place.prefix + key;
}

std::string_view last_piece(std::string_view key) {
  while (key.ends_with('/')) key.remove_suffix(1);
  const std::size_t slash = key.rfind('/');
  return slash == std::string_view::npos ? key : key.substr(slash + 1);
}

Result<catalog::Listed> find_shared(Call& call, const catalog::ShareRow& share, const std::string& key) {
  ATOLL_TRY(call.require(share.version.is_none() ? Action::read : Action::read_version, share.place.bucket, key));
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  const auto reader = vault->reader();
  ATOLL_ASSIGN(const auto bucket, vault::Objects(*vault).bucket(share.place.bucket));
  if (!share.version.is_none()) return vault::find_version(*reader, bucket, key, share.version.text());
  ATOLL_ASSIGN(auto found, reader->current(bucket.id, key));
  if (found) return std::move(*found);
  return fail(ErrorKind::not_found, "object.not_found", "what this link is to is not there any more");
}

Result<net::Response> show_shared(Call& call) {
  ATOLL_ASSIGN(const auto share, sign_in(call));
  const std::string& prefix = share.place.prefix;
  Value out = Value::object();
  // No more of the place than its own name: what lies above it is nobody's business.
  const bool is_bucket = prefix.empty();
  set_name(out, "name", is_bucket ? std::string_view(share.place.bucket) : last_piece(prefix));
  out.set("is_folder", share.is_prefix).set("takes_uploads", share.takes_uploads);
  out.set("label", share.label);
  set_time(out, "expires", share.expires);
  if (share.downloads_max != 0)
    out.set("downloads_left", share.downloads_max - std::min(share.downloads, share.downloads_max));
  if (share.takes_uploads) {
    ATOLL_TRY(call.require(Action::write, share.place.bucket, prefix, true));
  } else if (!share.is_prefix) {
    ATOLL_ASSIGN(const auto found, find_shared(call, share, prefix));
    out.set("size", found.version.size).set("modified", format_rfc3339(found.version.modified));
    if (!found.version.content_type.empty()) out.set("content_type", found.version.content_type);
  } else {
    ATOLL_TRY(call.require(Action::list, share.place.bucket, prefix, true));
  }
  return ok(out);
}

Result<net::Response> list_shared(Call& call) {
  ATOLL_ASSIGN(const auto share, sign_in(call));
  ATOLL_TRY(call.require(Action::list, share.place.bucket, share.place.prefix, true));
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(const auto bucket, vault::Objects(*vault).bucket(share.place.bucket));
  const auto reader = vault->reader();
  catalog::ListQuery query;
  query.prefix = share.place.prefix + call.text("prefix");
  query.bucket = bucket.id;
  query.limit = call.number("limit", kPageMax);
  ATOLL_ASSIGN(query.after, position_of(call));
  ATOLL_ASSIGN(const auto page, reader->list(query));
  Value list = Value::array();
  for (const auto& listed : page.items) {
    Value one = Value::object();
    set_name(one, "key", std::string_view(listed.entry.key).substr(share.place.prefix.size()));
    one.set("type", word_of(listed.version.kind)).set("size", listed.version.size);
    one.set("modified", format_rfc3339(listed.version.modified));
    if (!listed.version.content_type.empty()) one.set("content_type", listed.version.content_type);
    list.push(std::move(one));
  }
  Value out = Value::object();
  out.set("files", std::move(list));
  if (page.has_more) out.set("next_cursor", make_cursor(call, page.next_after));
  return ok(out);
}

Result<net::Response> read_shared(Call& call) {
  ATOLL_ASSIGN(const auto share, sign_in(call));
  ATOLL_ASSIGN(const std::string key, key_of(call, share));
  ATOLL_ASSIGN(const auto found, find_shared(call, share, key));
  const auto& version = found.version;
  if (version.kind != catalog::EntryKind::file) return fail(ErrorKind::conflict, "object.no_file", "this is no file");
  net::Response response;
  if (!version.content_type.empty())
    response.headers.set("Content-Type", version.content_type);
  else
    response.headers.set("Content-Type", "application/octet-stream");
  response.headers.set("ETag", etag(version.version));
  response.headers.set("Accept-Ranges", "bytes");
  response.headers.set("Cache-Control", "private, no-store");
  response.headers.set("Content-Security-Policy", "sandbox; default-src 'none'");
  response.headers.set("Content-Disposition", attachment(std::string(last_piece(key))));
  std::uint64_t offset = 0;
  std::uint64_t length = version.size;
  if (const auto range = call.headers().get("Range"); range) {
    const auto wanted = net::parse_range(*range, version.size);
    if (wanted.kind == net::RangeRequest::Kind::ranges && wanted.ranges.size() == 1) {
      offset = wanted.ranges.front().first;
      length = wanted.ranges.front().length;
      response.status = 206;
      response.headers.set("Content-Range", net::format_content_range(wanted.ranges.front(), version.size));
    }
  }
  response.length = length;
  if (call.request().method != "HEAD") {
    ATOLL_TRY(
        accounts_of(call).count_download(share.id, {key, call.exchange().origin(), offset, length, version.size}));
  }
  call.exchange().note_read(share.version.is_none() ? Action::read : Action::read_version, share.place.vault,
                            share.place.bucket, key, call.request().method == "HEAD" ? 0 : length);
  if (call.request().method == "HEAD" || length == 0) return response;
  ATOLL_ASSIGN(auto use, call.take_vault());
  response.body = std::make_unique<ContentSource>(std::move(use), version, offset, length);
  return response;
}

Result<net::Response> archive_shared(Call& call) {
  ATOLL_ASSIGN(const auto share, sign_in(call));
  if (!share.is_prefix) return fail(ErrorKind::conflict, "share.no_folder", "this link is to one file");
  ATOLL_TRY(call.require(Action::list, share.place.bucket, share.place.prefix, true));
  ATOLL_TRY(call.require(Action::read, share.place.bucket, share.place.prefix, true));
  if (call.request().method != "HEAD") ATOLL_TRY(accounts_of(call).count_download(share.id));
  return make_archive(call, share.place.bucket, share.place.prefix, call.text("format", "zip"), std::nullopt);
}

Result<net::Response> upload_shared(Call& call) {
  ATOLL_ASSIGN(const auto share, sign_in(call));
  if (!share.takes_uploads) return fail(ErrorKind::denied, "share.no_uploads", "nothing can be left at this link");
  PutOrder order;
  order.bucket = share.place.bucket;
  ATOLL_ASSIGN(order.key, key_of(call, share));
  // What a stranger leaves must not stop whoever restores the folder.
  if (const auto fits = vault::check_path(order.key); !fits)
    return fail(fits.error().kind, fits.error().id, fits.error().message, "Choose another name.");
  if (const auto type = call.headers().get("Content-Type"); type) order.facts.content_type = *type;
  const std::int64_t now_us = call.exchange().now().unix_us;
  order.facts.modified = {now_us / 1'000'000, static_cast<std::uint32_t>(now_us % 1'000'000 * 1000)};
  order.length_hint = call.request().content_length.value_or(0);
  // Never over what is there: the right to overwrite is not the link's to give.
  order.check = [](const catalog::VersionRow* there) -> Result<void> {
    if (there == nullptr) return {};
    return fail(ErrorKind::conflict, "http.precondition_failed", "there is a file of this name",
                "Choose another name.");
  };
  ATOLL_ASSIGN(const PutDone done,
               put_content(call, std::move(order), [&](ByteSpan out) { return call.request().body.read(out); }));
  return created(Value::object().set("size", done.listed.version.size));
}

}  // namespace

std::vector<Operation> shared_operations() {
  const HeaderParameter password{kPasswordField, "The link's password, where it has one."};
  return {
      {.id = "shared_show",
       .method = "GET",
       .path = "/api/v1/shared/{secret}",
       .tag = "shared",
       .words = "What a link is to.",
       .open_words = kOpenWords,
       .headers = {password},
       .answers = {{200, "Shared", "Its name, and what can be done."}},
       .handler = show_shared},
      {.id = "shared_list",
       .method = "GET",
       .path = "/api/v1/shared/{secret}/files",
       .tag = "shared",
       .words = "What lies in the folder that a link is to.",
       .open_words = kOpenWords,
       .query = {prefix_parameter(), limit_parameter(), cursor_parameter()},
       .headers = {password},
       .answers = {{200, "SharedFileList", "A page."}},
       .handler = list_shared},
      {.id = "shared_content",
       .method = "GET",
       .path = "/api/v1/shared/{secret}/content",
       .tag = "shared",
       .words = "The file that a link is to, or one in the folder. Counts as a download.",
       .open_words = kOpenWords,
       .query = {{"key", ParameterType::text, "In the folder, as the list gives it."}},
       .headers = {password, {"Range", "bytes=first-last, one range."}},
       .answers = {{200, kAnyBytes, "The content.", "application/octet-stream"},
                   {206, kAnyBytes, "The range.", "application/octet-stream"}},
       .handler = read_shared},
      {.id = "shared_archive",
       .method = "GET",
       .path = "/api/v1/shared/{secret}/archive",
       .tag = "shared",
       .words = "The whole folder that a link is to, as one zip or tar. Counts as a download.",
       .open_words = kOpenWords,
       .query = {{"format", ParameterType::text, "Which.", {"zip", "tar"}, 0, UINT64_MAX, "zip"}},
       .headers = {password},
       .answers = {{200, kAnyBytes, "The archive.", "application/octet-stream"}},
       .handler = archive_shared},
      {.id = "shared_upload",
       .method = "PUT",
       .path = "/api/v1/shared/{secret}/files/{key...}",
       .tag = "shared",
       .words = "Leaves a file where a link takes uploads; never over one that is there.",
       .open_words = kOpenWords,
       .headers = {password, {"Content-Type", "Kept."}},
       .body = kAnyBytes,
       .answers = {{201, "SharedUpload", "It is stored."}},
       .handler = upload_shared},
  };
}

std::vector<NamedSchema> shared_schemas() {
  using namespace schema;
  return {
      {"Shared", object("What a link is to.",
                        {required("name", text("Of the file or folder.")), optional("name_b64", text("In base64.")),
                         required("is_folder", flag("False: one file.")),
                         required("takes_uploads", flag("Files can be left; nothing is read.")),
                         required("label", text("What its maker says.")), optional("expires", time("Until when.")),
                         optional("downloads_left", number("How often it still can be used.")),
                         optional("size", number("Of the file.")), optional("modified", time("Of the file.")),
                         optional("content_type", text("Of the file."))})},
      {"SharedFile", object("A file in a folder.",
                            {required("key", text("Its name below the folder.")),
                             optional("key_b64", text("In base64.")), required("type", text("file, directory …")),
                             required("size", number("In bytes.")), required("modified", time("The file's own time.")),
                             optional("content_type", text("As it was stored."))})},
      {"SharedFileList", list_schema("A page of files.", "files", "SharedFile")},
      {"SharedUpload", object("What was stored.", {required("size", number("In bytes."))})},
  };
}

}  // namespace atl::rest
