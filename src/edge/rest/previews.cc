// Small pictures of objects, made by a program of its own where they are not kept yet.
#include "derived/search/search_index.h"
#include "edge/rest/answers.h"
#include "edge/rest/groups.h"

namespace atl::rest {
namespace {

using access::Action;

// It is another picture where the content is, or where previews come out differently.
net::EntityTag tag_of(const catalog::VersionRow& version, std::string_view size) {
  return {version.version.text() + "-" + std::string(size) + "-" + std::to_string(preview::kPreviewVersion), false};
}

Result<net::Response> show_preview(Call& call) {
  const std::string& bucket = call.bucket();
  const std::string size = call.text("size", "small");
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  const auto reader = vault->reader();
  vault::View view(*reader, std::nullopt);
  ATOLL_ASSIGN(const auto row, view.bucket(bucket));
  ATOLL_ASSIGN(const auto listed, view.current(row.id, call.key()));
  if (!listed) return fail(ErrorKind::not_found, "object.not_found", "there is no object " + bucket + "/" + call.key());
  ATOLL_TRY(call.require(Action::read, bucket, *listed));
  const bool is_named = call.has("version");
  if (is_named && call.text("version") != listed->version.version.text()) {
    return fail(ErrorKind::not_found, "version.not_found",
                "this is not the current version, and of earlier ones there is no preview",
                "Ask without `version` for the preview of the current one.");
  }
  net::Representation state;
  state.tag = tag_of(listed->version, size);
  net::Response response;
  response.headers.set("ETag", net::format(*state.tag));
  response.headers.set("Cache-Control", is_named ? "private, max-age=31536000, immutable" : "private, no-cache");
  // It was made of foreign bytes.
  response.headers.set("Content-Security-Policy", "sandbox; default-src 'none'");
  const std::int64_t now_s = call.exchange().now().unix_us / 1'000'000;
  if (net::evaluate_conditions(call.headers(), "GET", state, now_s) == net::Outcome::not_modified) {
    response.status = 304;
    return response;
  }
  ATOLL_ASSIGN(search::SearchIndex* const index, call.search());
  ATOLL_ASSIGN(auto made,
               index->preview_of(*vault, *listed, size == "large" ? preview::Size::large : preview::Size::small));
  response.headers.set("Content-Type", "image/webp");
  if (made.width > 0) {
    response.headers.set("Atoll-Width", std::to_string(made.width));
    response.headers.set("Atoll-Height", std::to_string(made.height));
  }
  response.length = made.picture.size();
  call.exchange().note_read(Action::read, call.vault_id(), bucket, call.key(), made.picture.size());
  response.body = std::move(made.picture);
  return response;
}

}  // namespace

std::vector<Operation> preview_operations() {
  return {
      {.id = "object_preview",
       .method = "GET",
       .path = "/api/v1/buckets/{bucket}/preview/{key...}",
       .tag = "search",
       .words =
           "A small picture of an object's content: of a picture, film, page, model or sound.\nIt is made where it is "
           "not there yet. 404 \"preview.none\" says why there is none, 503 \"preview.busy\" that others are made "
           "first: ask again after Retry-After. The fields Atoll-Width and Atoll-Height are those of the original, "
           "where it has pixels.",
       .guards = {{Action::read, Place::object}},
       .query = {{"version", ParameterType::text,
                  "Only if this is the current one; the answer may then be kept for ever."},
                 {"size",
                  ParameterType::text,
                  "The longer side: 256 or 1024 pixels.",
                  {"small", "large"},
                  0,
                  UINT64_MAX,
                  "small"}},
       .headers = {{"If-None-Match", "Only if it is another than this."}},
       .answers = {{200, kAnyBytes, "The picture.", "image/webp"}, {304, "", "It is what If-None-Match names."}},
       .handler = show_preview},
  };
}

}  // namespace atl::rest
