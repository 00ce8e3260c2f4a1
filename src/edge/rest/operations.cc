// All rows, gathered from the files of handlers.
#include "edge/rest/operation.h"

#include <algorithm>

#include "edge/rest/groups.h"
#include "edge/rest/schema.h"

namespace atl::rest {
namespace {

template <class Row>
void add(std::vector<Row>& all, std::vector<Row> more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

// What server::problem() writes.
NamedSchema problem_schema() {
  using namespace schema;
  return {"Problem", object("What went wrong (RFC 9457).",
                            {required("type", text("urn:atoll:error: and the id.")),
                             required("title", text("Short, the same for all errors of a sort.")),
                             required("status", number("As the status line.", 400, 599)),
                             required("detail", text("What happened, to what.")), optional("hint", text("What to do.")),
                             required("id", text("Stable: \"bucket.not_found\".")),
                             required("request_id", text("The log tells more under it."))})};
}

}  // namespace

const std::vector<Operation>& operations() {
  static const std::vector<Operation> kAll = [] {
    std::vector<Operation> all;
    add(all, vault_operations());
    add(all, bucket_operations());
    add(all, object_operations());
    add(all, label_operations());
    add(all, version_word_operations());
    add(all, history_operations());
    add(all, snapshot_operations());
    add(all, rewind_operations());
    add(all, search_operations());
    add(all, duplicate_operations());
    add(all, quarantine_operations());
    add(all, question_operations());
    add(all, understood_operations());
    add(all, embedder_operations());
    add(all, own_vector_operations());
    add(all, preview_operations());
    add(all, archive_operations());
    add(all, unpack_operations());
    add(all, upload_operations());
    add(all, change_operations());
    add(all, session_operations());
    add(all, people_operations());
    add(all, right_operations());
    add(all, secret_operations());
    add(all, shared_operations());
    add(all, audit_operations());
    add(all, upkeep_operations());
    add(all, kit_operations());
    add(all, copy_operations());
    add(all, check_operations());
    add(all, schedule_operations());
    add(all, job_operations());
    add(all, server_operations());
    add(all, health_operations());
    return all;
  }();
  return kAll;
}

const std::vector<NamedSchema>& schemas() {
  static const std::vector<NamedSchema> kAll = [] {
    std::vector<NamedSchema> all;
    all.push_back(problem_schema());
    add(all, vault_schemas());
    add(all, bucket_schemas());
    add(all, object_schemas());
    add(all, label_schemas());
    add(all, version_word_schemas());
    add(all, history_schemas());
    add(all, snapshot_schemas());
    add(all, rewind_schemas());
    add(all, search_schemas());
    add(all, duplicate_schemas());
    add(all, quarantine_schemas());
    add(all, question_schemas());
    add(all, understood_schemas());
    add(all, embedder_schemas());
    add(all, own_vector_schemas());
    add(all, unpack_schemas());
    add(all, change_schemas());
    add(all, session_schemas());
    add(all, people_schemas());
    add(all, right_schemas());
    add(all, secret_schemas());
    add(all, shared_schemas());
    add(all, audit_schemas());
    add(all, upkeep_schemas());
    add(all, kit_schemas());
    add(all, copy_schemas());
    add(all, check_schemas());
    add(all, schedule_schemas());
    add(all, job_schemas());
    add(all, server_schemas());
    add(all, health_schemas());
    return all;
  }();
  return kAll;
}

const json::Value* schema_named(std::string_view name) {
  const auto found = std::ranges::find(schemas(), name, &NamedSchema::name);
  return found == schemas().end() ? nullptr : &found->schema;
}

}  // namespace atl::rest
