#include "edge/rest/testing/samples.h"

#include "foundation/tar/testing/tar_bytes.h"

namespace atl::rest::testing {
namespace {

void add(std::vector<Sample>& all, std::vector<Sample> more) { all.insert(all.end(), more.begin(), more.end()); }

std::vector<Sample> bucket_samples() {
  return {
      {.id = "bucket_put", .target = "/api/v1/buckets/photos", .status = 201},
      {.id = "bucket_put", .target = "/api/v1/buckets/photos", .status = 200},
      {.id = "bucket_put", .target = "/api/v1/buckets/A", .status = 400},
      {.id = "bucket_put", .target = "/api/v1/buckets/spare", .status = 201},
      {.id = "bucket_list", .target = "/api/v1/buckets", .is_list = true},
      {.id = "bucket_list", .target = "/api/v1/buckets?limit=1", .is_list = true},
      {.id = "bucket_show", .target = "/api/v1/buckets/photos"},
      {.id = "bucket_show", .target = "/api/v1/buckets/nothing", .status = 404},
      {.id = "bucket_delete", .target = "/api/v1/buckets/spare", .status = 204},
  };
}

std::vector<Sample> object_samples() {
  const std::string one = "/api/v1/buckets/photos/objects/2024/beach.txt";
  return {
      {.id = "object_put",
       .target = one,
       .body = "sand\nsea\n",
       .status = 201,
       .keep = {{"first", "version"}, {"first_lsn", "lsn"}},
       .headers = {{"Content-Type", "text/plain"}, {"Atoll-Meta-place", "Sylt"}, {"Atoll-Tags", "keep=yes"}}},
      {.id = "object_put", .target = one, .body = "sand\nsea\nsun\n", .status = 200, .keep = {{"second", "version"}}},
      {.id = "object_put", .target = "/api/v1/buckets/photos/objects/%FF", .body = "odd", .status = 201},
      {.id = "object_put", .target = "/api/v1/buckets/photos/objects/spare", .body = "spare", .status = 201},
      {.id = "object_list", .target = "/api/v1/buckets/photos/objects"},
      {.id = "object_list", .target = "/api/v1/buckets/photos/objects?prefix=2024/&recursive&as_of={first_lsn}"},
      {.id = "object_get", .target = one},
      {.id = "object_get", .target = one, .status = 206, .headers = {{"Range", "bytes=0-3"}}},
      {.id = "object_get", .target = one + "?version={first}&download=b%C3%A4ch.txt"},
      {.id = "object_head", .target = one},
      {.id = "object_patch",
       .target = one,
       .body = R"({"tags": {"keep": null, "seen": "1"}, "metadata": {"place": "Amrum"}})"},
      {.id = "object_info", .target = "/api/v1/buckets/photos/info/2024/beach.txt"},
      {.id = "object_info", .target = "/api/v1/buckets/photos/info/2024/beach.txt?version={first}"},
      {.id = "object_versions", .target = "/api/v1/buckets/photos/versions/2024/beach.txt"},
      {.id = "object_diff", .target = "/api/v1/buckets/photos/diff/2024/beach.txt?from={first}"},
      {.id = "object_copy",
       .target = "/api/v1/copy",
       .body = R"({"from": {"bucket": "photos", "key": "spare"}, "to": {"bucket": "photos", "key": "copies/"}})"},
      {.id = "object_move",
       .target = "/api/v1/move",
       .body = R"({"from": {"bucket": "photos", "prefix": "copies/"}, "to": {"bucket": "photos", "key": "moved/"}})"},
      {.id = "object_remove_many",
       .target = "/api/v1/buckets/photos/remove",
       .body = R"({"keys": ["moved/spare", "missing"]})"},
      {.id = "object_remove_many", .target = "/api/v1/buckets/photos/remove", .body = "{}", .status = 400},
      {.id = "object_delete", .target = "/api/v1/buckets/photos/objects/spare", .status = 204},
      {.id = "object_delete", .target = "/api/v1/buckets/photos/objects/spare?forever&reason=test"},
      {.id = "bucket_log", .target = "/api/v1/buckets/photos/log?limit=2"},
      {.id = "bucket_diff", .target = "/api/v1/buckets/photos/diff?from={first_lsn}"},
      {.id = "search",
       .target = "/api/v1/search",
       .body = R"({"filter": {"must": ["name:*.txt", {"field": "size", "op": ">", "value": 3}]}})",
       .is_list = true},
      {.id = "search", .target = "/api/v1/search", .body = R"({"query": "sun OR beach", "limit": 5})", .is_list = true},
      {.id = "search", .target = "/api/v1/search", .body = R"({"query": "titel:sun"})", .status = 400},
      {.id = "search",
       .target = "/api/v1/search",
       .body = R"({"like": {"bucket": "photos", "key": "2024/beach.txt"}, "explain": true})",
       .is_list = true},
      {.id = "duplicate_list", .target = "/api/v1/duplicates?limit=5&quarantined=true", .is_list = true},
      {.id = "duplicate_list", .target = "/api/v1/duplicates?like=text&threshold=0.95&bucket=photos", .is_list = true},
      {.id = "duplicate_list", .target = "/api/v1/duplicates?like=text&threshold=0.2", .status = 400},
      {.id = "duplicate_remove",
       .target = "/api/v1/duplicates/remove",
       .body = R"({"groups": [{"members": [{"bucket": "photos", "key": "2024/beach.txt", "version": "{first}"},
                                            {"bucket": "photos", "key": "none", "version": "{first}"}]}]})",
       .is_list = true},  // whoever may remove nothing is told that nothing went
      {.id = "search_questions", .target = "/api/v1/search/questions?since=3d"},
      {.id = "search_opened",
       .target = "/api/v1/search/opened",
       .body = R"({"question": 1, "rank": 1})",
       .status = 204},
      {.id = "search_questions_change",
       .target = "/api/v1/search/questions",
       .body = R"({"is_on": true})",
       .status = 204},
      {.id = "search_questions_clear", .target = "/api/v1/search/questions", .status = 204},
      {.id = "object_understood", .target = "/api/v1/buckets/photos/understood/2024/beach.txt?text"},
      {.id = "search",
       .target = "/api/v1/search",
       .body = R"({"near": "a warm place", "near_threshold": 0.7, "words_only": false})",
       .is_list = true},
      {.id = "search", .target = "/api/v1/search", .body = R"({"near": "a", "near_threshold": 7})", .status = 400},
      {.id = "vectors_put",
       .target = "/api/v1/buckets/photos/vectors?prefix=faces/",
       .body =
           R"({"vectors": [{"key": "ada", "vector": [0.5, -1], "payload": {"year": "1815"}}, {"key": "b", "vector": []}]})"},
      {.id = "vectors_put", .target = "/api/v1/buckets/photos/vectors", .body = R"({"vectors": 1})", .status = 400},
      {.id = "vector_search",
       .target = "/api/v1/search/vectors",
       .body = R"({"bucket": "photos", "prefix": "2024/", "vector": [0.5, -1], "metric": "l2", "threshold": 0.7})",
       .is_list = true},
      {.id = "vector_search",
       .target = "/api/v1/search/vectors",
       .body = R"({"bucket": "photos", "vector": ["a"]})",
       .status = 400},
      {.id = "object_preview", .target = "/api/v1/buckets/photos/preview/2024/beach.txt?size=large"},
      {.id = "search_coverage", .target = "/api/v1/search/coverage"},
      {.id = "embedder_show", .target = "/api/v1/search/embedder"},
      {.id = "embedder_set",
       .target = "/api/v1/search/embedder",
       .body = R"({"embedder": "built-in", "dry_run": true})"},
      {.id = "embedder_set", .target = "/api/v1/search/embedder", .body = R"({"embedder": "magic"})", .status = 400},
      {.id = "embedder_offers", .target = "/api/v1/search/embedder/offers"},
      {.id = "bucket_archive", .target = "/api/v1/buckets/photos/archive?prefix=2024/"},
      {.id = "bucket_archive", .target = "/api/v1/buckets/photos/archive?format=tar&as_of={first_lsn}"},
      {.id = "bucket_unpack",
       .target = "/api/v1/buckets/photos/archive?prefix=packed",
       .body = tar::testing::file("a.txt", "a") + tar::testing::file("../b.txt", "b") + tar::testing::end_mark(),
       .headers = {{"Content-Type", "application/x-tar"}, {"Atoll-Meta-from", "a tar"}}},
      {.id = "bucket_unpack", .target = "/api/v1/buckets/photos/archive", .body = "none", .status = 400},
      {.id = "changes", .target = "/api/v1/changes?since=0", .is_list = true},
      {.id = "changes", .target = "/api/v1/changes?since=0&bucket=photos&prefix=2024/"},
      {.id = "object_rollback",
       .target = "/api/v1/buckets/photos/rollback/2024/beach.txt",
       .body = R"({"to": "{first}"})"},
  };
}

std::vector<Sample> upload_samples() {
  const net::Header version{"Tus-Resumable", "1.0.0"};
  const net::Header type{"Content-Type", "application/offset+octet-stream"};
  const std::string all = "/api/v1/uploads";
  return {
      {.id = "upload_options", .target = all, .status = 204},
      {.id = "upload_create", .target = all + "?bucket=photos&key=up", .status = 412},
      {.id = "upload_create",
       .target = all + "?bucket=photos&key=up",
       .status = 201,
       .headers = {version, {"Upload-Length", "6"}},
       .keep_location = "upload"},
      {.id = "upload_head", .target = all + "/{upload}", .headers = {version}},
      {.id = "upload_patch",
       .target = all + "/{upload}",
       .body = "abc",
       .status = 204,
       .headers = {version, type, {"Upload-Offset", "0"}}},
      {.id = "upload_patch",
       .target = all + "/{upload}",
       .body = "def",
       .status = 204,
       .headers = {version, type, {"Upload-Offset", "3"}}},
      {.id = "upload_create",
       .target = all + "?bucket=photos&key=other",
       .status = 201,
       .headers = {version, {"Upload-Length", "6"}},
       .keep_location = "other"},
      {.id = "upload_delete", .target = all + "/{other}", .status = 204, .headers = {version}},
  };
}

std::vector<Sample> history_samples() {
  return {
      {.id = "object_put", .target = "/api/v1/buckets/photos/objects/words/a", .body = "a", .status = 201},
      {.id = "label_set", .target = "/api/v1/buckets/photos/labels/words/a", .body = R"({"label": "1.0"})"},
      {.id = "label_set",
       .target = "/api/v1/buckets/photos/labels/words/a",
       .body = R"({"label": "a/b"})",
       .status = 400},
      {.id = "label_list", .target = "/api/v1/buckets/photos/labels/words/a"},
      {.id = "provenance_add",
       .target = "/api/v1/buckets/photos/provenance/words/a",
       .body = R"({"sources": ["https://example.org/raw"], "author": "mia", "version": "1.0"})"},
      {.id = "provenance_add", .target = "/api/v1/buckets/photos/provenance/words/a", .body = "{}", .status = 400},
      {.id = "provenance_show", .target = "/api/v1/buckets/photos/provenance/words/a?depth=3"},
      {.id = "label_delete", .target = "/api/v1/buckets/photos/labels/words/a?label=1.0", .status = 204},
      {.id = "snapshot_create",
       .target = "/api/v1/snapshots",
       .body = R"({"name": "figure-3", "bucket": "photos", "prefix": "2024/"})",
       .status = 201},
      {.id = "snapshot_list", .target = "/api/v1/snapshots", .is_list = true},
      {.id = "snapshot_show", .target = "/api/v1/snapshots/figure-3"},
      {.id = "snapshot_hold", .target = "/api/v1/snapshots/figure-3/hold", .body = R"({"reason": "in print"})"},
      {.id = "snapshot_delete", .target = "/api/v1/snapshots/figure-3", .status = 409},
      {.id = "snapshot_release", .target = "/api/v1/snapshots/figure-3/hold"},
      {.id = "snapshot_delete", .target = "/api/v1/snapshots/figure-3", .status = 204},
      {.id = "operation_list", .target = "/api/v1/operations"},
      {.id = "undo", .target = "/api/v1/undo", .body = R"({"last": true, "dry_run": true})"},
      {.id = "undo", .target = "/api/v1/undo", .body = R"({"operation": "{first_lsn}", "force": true})"},
      {.id = "rewind", .target = "/api/v1/rewind", .body = R"({"to": "{first_lsn}", "bucket": "photos"})"},
  };
}

}  // namespace

std::vector<Sample> samples() {
  std::vector<Sample> all;
  add(all, {{.id = "vault_list", .target = "/api/v1/vaults", .is_list = true},
            {.id = "vault_show", .target = "/api/v1/vaults/main"}});
  add(all, bucket_samples());
  add(all, object_samples());
  add(all, upload_samples());
  add(all, history_samples());
  add(all, admin_samples());
  return all;
}

std::string filled(std::string text, const std::map<std::string, std::string>& kept) {
  for (const auto& [name, value] : kept) {
    const std::string mark = "{" + name + "}";
    for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + value.size()))
      text.replace(at, mark.size(), value);
  }
  return text;
}

void keep(const Sample& sample, const Reply& reply, std::map<std::string, std::string>& kept) {
  const std::string location = reply.header("Location");
  if (!sample.keep_location.empty()) kept[sample.keep_location] = location.substr(location.rfind('/') + 1);
  if (reply.status >= 300 || sample.keep.empty()) return;
  const auto value = reply.json();
  for (const auto& [name, member] : sample.keep) {
    if (const auto text = value.text_of(member); text) kept[name] = *text;
    if (const auto number = value.number_of(member); number && *number != 0) kept[name] = std::to_string(*number);
  }
}

}  // namespace atl::rest::testing
